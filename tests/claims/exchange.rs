//! Requests and responses of HTTP: which belong together, and what they have.

use super::Wrong;
use crate::network::{CLIENT, Captured, Network, Round, SERVER};
use wirelab::facts::http::{Exchange, Lost};

/// What is told of an exchange and is not so; `captured` are the capture's segments.
pub(crate) fn check(
    told: &Exchange,
    network: &Network,
    captured: &[Captured],
    misses: bool,
) -> Vec<String> {
    let mut wrong = Wrong(Vec::new());
    let own = |c: &&crate::network::Connection| c.port == told.client_port;
    let Some(connection) = network.connections.iter().find(own) else {
        if misses {
            return wrong.0;
        }
        return vec![format!(
            "an exchange of port {} with {}: {:?} {:?}",
            told.client_port, told.server_port, told.request_frame, told.response_frame
        )];
    };
    wrong.when(
        told.response_lost == Some(Lost::Never) && connection.bytes[SERVER] > 0,
        "the server had sent something",
    );
    let rounds = &connection.plan.rounds;
    let is_asked = |round: &&Round| told.uri.as_deref() == Some(round.uri.as_bytes());
    let asked = rounds.iter().position(|round| is_asked(&round));
    let Some(round) = asked else {
        // What is told may be the text of a body, where its beginning is not there.
        wrong.when(told.uri.is_some() && !misses, "nobody asked for that");
        return wrong.0;
    };
    let uri = &rounds[round].uri;
    let begins = |frame: Option<u32>, side: usize, at: usize| {
        let Some(frame) = frame else {
            return true;
        };
        let segment = &captured[frame as usize - 1].segment;
        let start = segment.seq as usize - 1;
        segment.from == side && (start..start + segment.length as usize).contains(&at)
    };
    let length = |of: fn(&Round) -> &String, rounds: &[Round]| -> usize {
        rounds.iter().map(|r| of(r).len()).sum()
    };
    let asks = length(|r| &r.asks, &rounds[..round]);
    let answers = length(|r| &r.answers, &rounds[..round]);
    wrong.when(
        !begins(told.request_frame, CLIENT, asks),
        &format!("{uri} is asked elsewhere than in {:?}", told.request_frame),
    );
    // Of requests that are not there others may be answered first, where they are not asked one by one.
    // And the text of a body may look like a message, where that of its head is missing.
    let looks = rounds
        .iter()
        .any(|r| r.answers.matches("HTTP/").count() > 1);
    if told.request_unclear || misses && (connection.plan.pipelined || looks) {
        return wrong.0;
    }
    wrong.when(
        !begins(told.response_frame, SERVER, answers),
        &format!(
            "{uri} is answered elsewhere than in {:?}",
            told.response_frame
        ),
    );
    let status = rounds[round].status;
    wrong.when(
        told.status.is_some_and(|told| told != status),
        &format!("{uri} got {:?}, not {status}", told.status),
    );
    let body = rounds[round].body as u64;
    wrong.when(
        told.complete && told.response_body_bytes.is_some_and(|told| told != body),
        &format!("{uri} got {:?} bytes, not {body}", told.response_body_bytes),
    );
    wrong.0
}
