//! Bytes nobody claims.

use super::field::{Kind, Sink};
use super::layer::View;

crate::fields! {
    DATA: "data.data", Kind::Bytes, "The bytes.";
    LEN: "data.len", Kind::Unsigned(32), "How many bytes there are.";
}

/// Hands over the bytes.
pub fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    sink.bytes(DATA, 0..view.bytes.len(), view.bytes);
    sink.unsigned(LEN, 0..view.bytes.len(), super::as_u32(view.bytes.len()));
    Some(())
}
