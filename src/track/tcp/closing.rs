//! Wireshark's marks of a connection's begin and end, with the side that closes first.

use crate::dissect::field::{Kind, Sink};
use crate::dissect::tcp::{ACK, FIN, RST, SYN, Segment};
use foldhash::fast::RandomState;
use std::collections::HashMap;

crate::fields! {
    SYN_SEEN: "tcp.connection.syn", Kind::Mark, "The segment asks for a connection: SYN without ACK.";
    SYN_ACK_SEEN: "tcp.connection.synack", Kind::Mark, "The segment accepts a connection: SYN and ACK.";
    FIN_SEEN: "tcp.connection.fin", Kind::Mark, "The segment ends a direction.";
    ACTIVE: "tcp.connection.fin_active", Kind::Mark, "This side ends its direction first.";
    PASSIVE: "tcp.connection.fin_passive", Kind::Mark, "This side ends its direction after the other.";
    RST_SEEN: "tcp.connection.rst", Kind::Mark, "The segment resets the connection.";
}

/// Which side of each conversation closed first.
#[derive(Debug, Default)]
pub(crate) struct Closings(HashMap<u32, u8, RandomState>);

/// What a segment does to its connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// Asks for a connection.
    pub syn: bool,
    /// Accepts one.
    pub syn_ack: bool,
    /// Ends a direction: whether as the first side.
    pub fin: Option<bool>,
    /// Resets the connection.
    pub rst: bool,
}

impl Closings {
    /// Takes in a segment of this conversation and side.
    pub(crate) fn segment(&mut self, stream: u32, side: u8, segment: &Segment) -> Step {
        let syn = segment.has(SYN);
        let fin = segment
            .has(FIN)
            .then(|| *self.0.entry(stream).or_insert(side) == side);
        Step {
            syn: syn && !segment.has(ACK),
            syn_ack: syn && segment.has(ACK),
            fin,
            rst: segment.has(RST),
        }
    }
}

/// Hands over the marks.
pub(crate) fn emit(step: Step, sink: &mut Sink<'_>) {
    let marks = [
        (step.syn, SYN_SEEN),
        (step.syn_ack, SYN_ACK_SEEN),
        (step.fin.is_some(), FIN_SEEN),
        (step.fin == Some(true), ACTIVE),
        (step.fin == Some(false), PASSIVE),
        (step.rst, RST_SEEN),
    ];
    for (set, index) in marks {
        if set {
            sink.mark(index, 0..0);
        }
    }
}
