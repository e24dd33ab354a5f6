//! Bytes nobody claims.

use super::definition::{Definition, NOTHING};
use super::field::{Kind, Sink};
use super::layer::View;

crate::fields! {
    DATA: "data.data", Kind::Bytes, "The bytes.";
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
    sink.bytes(DATA, 0..view.bytes.len(), view.bytes);
    sink.unsigned(LEN, 0..view.bytes.len(), super::as_u32(view.bytes.len()));
    Some(())
}
