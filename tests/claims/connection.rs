//! Connections: how they began and ended, what was carried, what was sent again.

use super::Wrong;
use crate::network::{CLIENT, SERVER, SIDES, Truth};
use std::collections::HashSet;
use wirelab::analyze::Analysis;
use wirelab::facts::tcp::{Closed, Connection, Opened, Roles};
use wirelab::facts::{Column, Record, Side};
use wirelab::store::{self, Options};

/// A connection as it is told, and which of its fields with a doubt.
pub(crate) struct Told {
    pub(crate) connection: Connection,
    doubted: HashSet<&'static str>,
}

/// All connections of a capture.
pub(crate) fn told(analysis: &Analysis) -> Vec<Told> {
    let kind = store::kind("connections").expect("connections");
    let rows = (kind.rows)(analysis, Options::default());
    let keys: Vec<&'static str> = rows.schema.columns.iter().map(Column::key).collect();
    let told = |record: Box<dyn Record>| {
        let doubted = (0..keys.len()).filter(|&field| record.doubt(field).is_some());
        let connection = record.as_any().downcast_ref::<Connection>();
        Told {
            connection: connection.expect("a connection").clone(),
            doubted: doubted.map(|field| keys[field]).collect(),
        }
    };
    (0..rows.len())
        .filter_map(|row| rows.get(row))
        .map(told)
        .collect()
}

/// What is told of a connection and is not so.
pub(crate) fn check(told: &Told, truth: &Truth<'_>, misses: bool) -> Vec<String> {
    let mut wrong = Wrong(Vec::new());
    let c = &told.connection;
    let turned = c.client_port == truth.really.plan.port();
    wrong.when(
        turned && c.roles != Roles::Guess,
        "client and server the wrong way round",
    );
    if turned {
        return wrong.0;
    }
    let sides = [
        (
            CLIENT,
            c.client_sent_again,
            c.client_bytes,
            c.client_whole,
            c.client_isn,
        ),
        (
            SERVER,
            c.server_sent_again,
            c.server_bytes,
            c.server_whole,
            c.server_isn,
        ),
    ];
    for (side, again, bytes, whole, isn) in sides {
        let doubted = |what| {
            told.doubted
                .contains(format!("{}_{what}", SIDES[side]).as_str())
        };
        let (really, plainly) = (truth.again(side), truth.plainly_again(side));
        let name = SIDES[side];
        wrong.when(
            again > really,
            &format!("{name} sent {again} again, not {really}"),
        );
        wrong.when(
            again < plainly && !doubted("sent_again"),
            &format!("{name} sent {again} again, and nothing else: plainly {plainly}"),
        );
        let first = truth.really.ends[side].first;
        wrong.when(
            isn.is_some_and(|isn| isn != first),
            &format!("{name}'s first number"),
        );
        if c.opened == Opened::Unanswered && misses {
            // A host that is silent would leave the same.
            continue;
        }
        let reset = truth.shows_reset(CLIENT) || truth.shows_reset(SERVER);
        let really = match u64::from(truth.really.bytes[side]) {
            all if reset => all.min(truth.shown_bytes(side)),
            all => all,
        };
        wrong.when(
            bytes > really,
            &format!("{name} sent {bytes} bytes, not {really}"),
        );
        wrong.when(
            bytes < really && (whole || !doubted("bytes")),
            &format!("{name} sent {bytes} bytes, not {really}, whole: {whole}"),
        );
    }
    opening(told, truth, &mut wrong);
    ending(c, truth, &mut wrong);
    let (copies, perhaps) = (c.copied_frames, c.perhaps_copied_frames);
    wrong.when(
        copies > truth.copies(),
        &format!(
            "{copies} copies, perhaps {perhaps} more, not {}",
            truth.copies()
        ),
    );
    wrong.when(
        c.later_connections > 0 || c.port_reuse,
        "another connection of these ports",
    );
    wrong.0
}

/// Of how it began.
fn opening(told: &Told, truth: &Truth<'_>, wrong: &mut Wrong) {
    let c = &told.connection;
    wrong.when(c.opened == Opened::Refused && !truth.refused(), "refused");
    let answered = matches!(c.opened, Opened::Handshake | Opened::HalfOpen);
    wrong.when(answered && !truth.answered(), "answered");
    let calls = truth.calls();
    let least = told.doubted.contains("syn_attempts");
    wrong.when(
        c.syn_attempts > calls || 0 < c.syn_attempts && c.syn_attempts < calls && !least,
        &format!("{} SYNs of {calls}", c.syn_attempts),
    );
    if let (Some(told), Some(really)) = (c.handshake_rtt_ms, truth.handshake_rtt()) {
        wrong.when(
            told != really,
            &format!("the handshake took {told:?}, not {really:?}"),
        );
    }
}

/// Of who ended it.
fn ending(c: &Connection, truth: &Truth<'_>, wrong: &mut Wrong) {
    let (first, closer) = (truth.first_fin(), truth.closer());
    let by_fin = matches!(
        c.closed,
        Closed::Fin | Closed::HalfClosed | Closed::FinSent | Closed::OneFin
    );
    let met = |who: Option<Side>| who == closer || c.closed != Closed::Fin && who == first;
    let by_fin = by_fin && !truth.lacks_first_fin();
    wrong.when(
        by_fin && c.closed_by.is_some() && !met(c.closed_by),
        &format!("{} by {:?}, not {closer:?}", c.closed, c.closed_by),
    );
    wrong.when(
        by_fin && c.first_fin_by.is_some() && closer != Some(Side::Both) && c.first_fin_by != first,
        &format!("first FIN by {:?}, not {first:?}", c.first_fin_by),
    );
    let really_by = |who: Option<Side>| {
        let side = usize::from(who == Some(Side::Server));
        who != Some(Side::Both) && truth.really.resets.contains(&side)
    };
    wrong.when(
        c.closed == Closed::Reset && c.closed_by.is_some() && !really_by(c.closed_by),
        &format!("reset by {:?}", c.closed_by),
    );
    wrong.when(c.ignored_rst_frame.is_some(), "a RST was ignored");
    let reset = truth.shows_reset(CLIENT) || truth.shows_reset(SERVER);
    wrong.when(
        c.time_wait_at.is_some() && by_fin && (reset || c.time_wait_at != closer),
        &format!("TIME-WAIT at {:?}, not {closer:?}", c.time_wait_at),
    );
}
