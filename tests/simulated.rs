//! Is what is told of a connection true? A network whose truth is known leaves a capture, and what
//! is concluded from that is held against what really happened. Where a statement is wrong, the
//! capture is printed in the language of `fixtures/scenarios`.

mod network;
mod numbers;
mod scenario;

use network::{CLIENT, Captured, Network, SERVER, SIDES, Truth};
use std::collections::HashSet;
use std::fmt::Write;
use std::io::Cursor;
use wirelab::analyze::{Analysis, Wants, analyze};
use wirelab::capture::Reader;
use wirelab::facts::situation::SituationKind;
use wirelab::facts::tcp::{Closed, Connection, Opened, Roles};
use wirelab::facts::{Column, Record, Side};
use wirelab::store::{self, Options};

/// What the capture has of all that came by.
#[derive(Clone, Copy, Debug, PartialEq)]
enum View {
    All,
    OneSide(usize),
    /// So many segments are missing at the beginning, or at the end.
    Late(usize),
    Early(usize),
}

fn seen(network: &Network, view: View) -> Vec<Captured> {
    let all = network.captured.iter().cloned();
    match view {
        View::All => all.collect(),
        View::OneSide(side) => all.filter(|c| c.segment.from == side).collect(),
        View::Late(without) => all.skip(without).collect(),
        View::Early(without) => all.take(network.captured.len() - without).collect(),
    }
}

/// A connection as it is told, and which of its fields with a doubt.
struct Told {
    connection: Connection,
    doubted: HashSet<&'static str>,
}

fn told(analysis: &Analysis) -> Vec<Told> {
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

/// What is told that is not so.
struct Wrong(Vec<String>);

impl Wrong {
    fn when(&mut self, wrong: bool, what: &str) {
        if wrong {
            self.0.push(what.to_owned());
        }
    }
}

fn check(told: &Told, truth: &Truth<'_>, misses: bool) -> Vec<String> {
    let mut wrong = Wrong(Vec::new());
    let c = &told.connection;
    let turned = c.client_port == 9000;
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

/// What is told of a network's capture and is not so, with the capture.
fn lies(seed: u64, view: View) -> Option<String> {
    let network = Network::run(seed);
    let captured = seen(&network, view);
    let last = captured.last()?.time;
    let mut lines = network.lines(&captured);
    if !matches!(view, View::Early(_)) {
        // The capture goes on.
        let _ = writeln!(
            lines,
            "{}.000000 c > s eth type=34958 hex=00",
            last / 1_000_000 + 6
        );
    }
    let capture = scenario::capture(&lines).expect("packets");
    let reader = Reader::from_read("simulated", Cursor::new(capture));
    let analysis = analyze(reader, Wants::default(), None, |_| {});
    let mut wrong = Vec::new();
    let mut met = HashSet::new();
    for situation in &analysis.facts.situations {
        let sure = match situation.kind {
            SituationKind::SecondClientWaiting => network.setting.one_at_a_time,
            SituationKind::OddReset | SituationKind::HalfOpen => false,
            _ => true,
        };
        if !sure {
            wrong.push(format!("{}: {}", situation.kind, situation.sentence));
        }
    }
    for told in told(&analysis) {
        let first = captured[told.connection.first_frame as usize - 1]
            .segment
            .connection;
        if !met.insert(first) {
            wrong.push(format!("connection {first} is two"));
        }
        let truth = Truth::of(&network, &captured, first);
        let plan = &truth.really.plan;
        wrong.extend(
            check(&told, &truth, network.setting.missed > 0)
                .into_iter()
                .map(|what| format!("{what} (port {}: {plan:?})", truth.really.port)),
        );
    }
    (!wrong.is_empty()).then(|| {
        format!(
            "{seed} {view:?}:\n  - {}\n{:?}\n{lines}",
            wrong.join("\n  - "),
            network.setting
        )
    })
}

#[test]
fn what_is_told_is_so() {
    let number = |name: &str, usual: u64| {
        std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
    };
    let (seed, count) = (number("WIRELAB_SEED", 1), number("WIRELAB_COUNT", 300));
    let mut all = Vec::new();
    for seed in seed..seed + count {
        let length = Network::run(seed).captured.len();
        let cut = usize::try_from(seed).expect("64 bits") * 7 % length.max(1);
        let views = [
            View::All,
            View::OneSide(CLIENT),
            View::OneSide(SERVER),
            View::Late(cut),
            View::Early(cut),
        ];
        all.extend(views.into_iter().filter_map(|view| lies(seed, view)));
    }
    assert!(
        all.is_empty(),
        "{} of {count} are told falsely:\n{}",
        all.len(),
        all.join("\n")
    );
}
