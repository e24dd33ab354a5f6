//! Bytes nobody claims.

use super::definition::{Definition, NOTHING};
use super::field::{Kind, Sink, Value};
use super::layer::View;
use std::borrow::Cow;

crate::fields! {
    DATA: "data.data", Kind::Bytes, "The bytes.";
    TEXT: "data.text", Kind::Text, "The bytes, where they are text (Wireshark shows it on request).";
    LEN: "data.len", Kind::Unsigned(32), "How many bytes there are.";
}

/// Everything about bytes that nobody claims.
pub const DEFINITION: Definition = Definition {
    layers: &[("data", "Bytes that no protocol claims.")],
    title: "Data",
    fields: FIELDS,
    emit: |given, sink| emit(&given.view, sink),
    ..NOTHING
};

/// Hands over the bytes.
pub fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    // Of bytes none of which were captured Wireshark shows the layer alone.
    if !view.bytes.is_empty() || view.reported == 0 {
        hand_over(Cow::Borrowed(view.bytes), sink);
    }
    Some(())
}

/// Hands over bytes that may have been put together.
pub fn hand_over<'a>(bytes: Cow<'a, [u8]>, sink: &mut Sink<'a>) {
    let length = bytes.len();
    if sink.wants(TEXT) && is_text(&bytes) {
        sink.put(TEXT, 0..length, Value::Text(bytes.clone()));
    }
    sink.put(DATA, 0..length, Value::Bytes(bytes));
    sink.unsigned(LEN, 0..length, length as u64);
}

/// Whether all of it can be read: letters, signs, spaces and line ends.
fn is_text(bytes: &[u8]) -> bool {
    let plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    !bytes.is_empty() && std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::field::Wanted;

    #[test]
    fn only_what_can_be_read_is_text() {
        let text = |bytes: &[u8]| {
            let mut sink = Sink::new(Wanted::ALL);
            hand_over(Cow::Borrowed(bytes), &mut sink);
            sink.found.iter().any(|found| found.index == TEXT)
        };
        assert!(text("Grüße\r\n".as_bytes()));
        assert!(!text(b"a\0b") && !text(b"\xff") && !text(b""));
    }
}
