//! What Wireshark remarks of a message: its question or answer, and what came before.

use crate::dissect::field::{Kind, Sink, Value};

crate::fields! {
    RESPONSE_IN: "dns.response_in", Kind::Frame, "Frame with the response to this query.";
    RESPONSE_TO: "dns.response_to", Kind::Frame, "Frame with the query that this answers.";
    TIME: "dns.time", Kind::Duration, "Time from the query to this response.";
    RETRANSMISSION_FLAG: "dns.retransmission", Kind::Boolean, "The message was seen before.";
    RETRANSMIT_REQUEST_IN: "dns.retransmit_request_in", Kind::Frame, "Frame with the first of several queries.";
    RETRANSMIT_RESPONSE_IN: "dns.retransmit_response_in", Kind::Frame, "Frame with the first of several responses.";
    UNSOLICITED: "dns.unsolicited", Kind::Boolean, "A response whose query is not in the capture.";
}

/// What the tracker says of one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// Its number: a segment may have several messages.
    pub id: u16,
    /// Frame of the response, on a query; 0 until a first reading is over, then from
    /// [`Lookups::response_to`].
    pub response_in: u32,
    /// Frame of the query, on a response, or 0.
    pub response_to: u32,
    /// Nanoseconds from query to response, on a response that has a query.
    pub time: i64,
    /// Frame of the first query, on a repeated one, or 0.
    pub retransmit_request_in: u32,
    /// Frame of the first response, on a repeated one, or 0.
    pub retransmit_response_in: u32,
    /// A response whose query was not seen.
    pub unsolicited: bool,
    /// The message could not be read to its end, so that Wireshark says nothing of the above.
    pub broken: bool,
}

/// Hands over the fields.
pub(crate) fn emit(note: &Note, sink: &mut Sink<'_>) {
    if note.broken {
        return;
    }
    if note.retransmit_request_in != 0 {
        sink.unsigned(RETRANSMIT_REQUEST_IN, 0..0, note.retransmit_request_in);
        sink.boolean(RETRANSMISSION_FLAG, 0..0, true);
    } else if note.retransmit_response_in != 0 {
        sink.unsigned(RETRANSMIT_RESPONSE_IN, 0..0, note.retransmit_response_in);
        sink.boolean(RETRANSMISSION_FLAG, 0..0, true);
    } else if note.response_in != 0 {
        sink.unsigned(RESPONSE_IN, 0..0, note.response_in);
    } else if note.response_to != 0 {
        sink.unsigned(RESPONSE_TO, 0..0, note.response_to);
        sink.put(TIME, 0..0, Value::Duration(note.time));
    } else if note.unsolicited {
        sink.boolean(UNSOLICITED, 0..0, true);
    }
}
