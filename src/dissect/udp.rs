//! UDP (RFC 768).

use super::definition::{Definition, NOTHING};
use super::field::{Kind, Sink};
use super::layer::View;

crate::fields! {
    SRCPORT: "udp.srcport", Kind::Unsigned(16), "Source port.";
    DSTPORT: "udp.dstport", Kind::Unsigned(16), "Destination port.";
    PORT: "udp.port", Kind::Unsigned(16), "Either port, source first.";
    LENGTH: "udp.length", Kind::Unsigned(16), "Header and payload in bytes, so eight more than the payload.";
    CHECKSUM: "udp.checksum", Kind::Hex(16), "Checksum over header, payload and addresses; 0 when the sender computed none.";
    CHECKSUM_STATUS: "udp.checksum.status", Kind::Unsigned(8), "2: not verified, 3: the sender computed none.";
    PAYLOAD: "udp.payload", Kind::Bytes, "The payload.";
}

/// Everything about UDP.
pub const DEFINITION: Definition = Definition {
    layers: &[("udp", "User datagram protocol.")],
    title: "UDP",
    fields: FIELDS,
    emit: |given, sink| emit(&given.view, sink),
    ..NOTHING
};

/// Hands over the header's fields.
pub fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    let (src, dst) = (view.u16(0)?, view.u16(2)?);
    sink.unsigned(SRCPORT, 0..2, src);
    sink.unsigned(DSTPORT, 2..4, dst);
    sink.unsigned(PORT, 0..2, src);
    sink.unsigned(PORT, 2..4, dst);
    sink.unsigned(LENGTH, 4..6, view.u16(4)?);
    let checksum = view.u16(6)?;
    sink.unsigned(CHECKSUM, 6..8, checksum);
    sink.unsigned(CHECKSUM_STATUS, 6..8, if checksum == 0 { 3u8 } else { 2 });
    if view.bytes.len() > 8 {
        sink.bytes(PAYLOAD, 8..view.bytes.len(), &view.bytes[8..]);
    }
    Some(())
}
