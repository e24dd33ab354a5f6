//! The fields of messages that came in several segments: which bytes wait, which frames make
//! them whole.

use super::Told;
use crate::dissect::field::{Kind, Sink};
use std::borrow::Cow;

crate::fields! {
    SEGMENT_DATA: "tcp.segment_data", Kind::Bytes, "Payload that is part of a message of several segments.";
    REASSEMBLED_IN: "tcp.reassembled_in", Kind::Frame, "Frame in which the message is whole that this segment is a part of.";
    SEGMENTS: "tcp.segments", Kind::Mark, "This segment completes a message of several segments.";
    SEGMENT: "tcp.segment", Kind::Frame, "A frame with a part of that message.";
    SEGMENT_COUNT: "tcp.segment.count", Kind::Unsigned(32), "How many segments the message came in.";
    REASSEMBLED_LENGTH: "tcp.reassembled.length", Kind::Unsigned(32), "Bytes of the segments together.";
    REASSEMBLED_DATA: "tcp.reassembled.data", Kind::Bytes, "The bytes of the segments, in order.";
    PDU_SIZE: "tcp.pdu.size", Kind::Unsigned(32), "Bytes of a message whose length stands before it.";
}

/// Hands over the fields; `start` is where the payload begins in its layer.
pub(crate) fn emit<'a>(
    told: &'a Told,
    payload: &'a [u8],
    start: usize,
    completed_in: Option<u32>,
    sink: &mut Sink<'a>,
) {
    for size in &told.sizes {
        sink.unsigned(PDU_SIZE, 0..0, *size);
    }
    if let Some(frame) = completed_in.filter(|_| !told.pieces.is_empty()) {
        sink.unsigned(REASSEMBLED_IN, 0..0, frame);
    }
    for piece in &told.pieces {
        if let Some(bytes) = payload.get(piece.clone()).filter(|bytes| !bytes.is_empty()) {
            let range = start + piece.start..start + piece.end;
            sink.bytes(SEGMENT_DATA, range, bytes);
        }
    }
    for whole in &told.whole {
        sink.mark(SEGMENTS, 0..0);
        for frame in &whole.frames {
            sink.unsigned(SEGMENT, 0..0, *frame);
        }
        sink.unsigned(SEGMENT_COUNT, 0..0, whole.frames.len() as u64);
        sink.unsigned(REASSEMBLED_LENGTH, 0..0, whole.length);
        if sink.wants(REASSEMBLED_DATA) {
            let bytes = Cow::Borrowed(whole.bytes.as_slice());
            sink.put(
                REASSEMBLED_DATA,
                0..0,
                crate::dissect::field::Value::Bytes(bytes),
            );
        }
    }
}
