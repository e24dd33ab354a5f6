//! What is known of a frame before its first header: number, times, lengths, interface.

use super::Packet;
use super::definition::{Definition, NOTHING};
use super::field::{Kind, Sink, Value};
use super::layer::Protocol;
use crate::capture::{Interface, LinkType, Time};

crate::fields! {
    INTERFACE_ID: "frame.interface_id", Kind::Unsigned(32), "Number of the interface within its section of the file.";
    INTERFACE_NAME: "frame.interface_name", Kind::Text, "Name of the interface, such as eth0.";
    INTERFACE_DESCRIPTION: "frame.interface_description", Kind::Text, "Description of the interface.";
    ENCAP_TYPE: "frame.encap_type", Kind::Signed(16), "Wireshark's number of the link type; 1 is Ethernet.";
    TIME: "frame.time", Kind::Time, "When the frame was seen.";
    OFFSET_SHIFT: "frame.offset_shift", Kind::Duration, "How far the time was shifted by hand; always 0 here.";
    TIME_EPOCH: "frame.time_epoch", Kind::Duration, "When the frame was seen, in seconds since 1970.";
    TIME_DELTA: "frame.time_delta", Kind::Duration, "Time since the previous frame of the capture.";
    TIME_DELTA_DISPLAYED: "frame.time_delta_displayed", Kind::Duration, "Time since the previous frame that the filter let pass.";
    TIME_RELATIVE: "frame.time_relative", Kind::Duration, "Time since the first frame of the capture.";
    NUMBER: "frame.number", Kind::Unsigned(32), "Number of the frame in the capture, from 1.";
    LEN: "frame.len", Kind::Unsigned(32), "Bytes the frame had on the wire.";
    CAP_LEN: "frame.cap_len", Kind::Unsigned(32), "Bytes of the frame that were recorded.";
    MARKED: "frame.marked", Kind::Boolean, "Marked in Wireshark's window; never so here.";
    IGNORED: "frame.ignored", Kind::Boolean, "Ignored in Wireshark's window; never so here.";
    PROTOCOLS: "frame.protocols", Kind::Text, "The protocols in the frame, from the outside in.";
    COMMENT: "frame.comment", Kind::Text, "A comment that somebody wrote on the frame.";
}

/// Everything about the frame itself; its fields need more than the packet, see [`emit`].
pub const DEFINITION: Definition = Definition {
    layers: &[("frame", "The frame as recorded; every frame is one.")],
    title: "Frame",
    fields: FIELDS,
    ..NOTHING
};

/// What a frame's fields count from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// Time of the first frame.
    pub first: Option<Time>,
    /// Time of the previous frame.
    pub previous: Option<Time>,
    /// Time of the previous frame that a filter let pass.
    pub displayed: Option<Time>,
}

/// Hands over the fields of the frame itself.
pub fn emit<'a>(
    packet: &Packet<'a>,
    interface: Option<&'a Interface>,
    clock: &Clock,
    comments: impl Iterator<Item = &'a [u8]>,
    sink: &mut Sink<'a>,
) {
    for comment in comments {
        sink.text(COMMENT, 0..0, super::text::until_zero(comment));
    }
    let frame = packet.frame;
    if let Some(interface) = interface.filter(|i| i.described) {
        sink.unsigned(INTERFACE_ID, 0..0, interface.id);
        sink.text(INTERFACE_NAME, 0..0, interface.shown_name().as_bytes());
        if let Some(description) = &interface.description {
            sink.text(INTERFACE_DESCRIPTION, 0..0, description.as_bytes());
        }
    }
    if sink.wants(ENCAP_TYPE) {
        let number = Value::Signed(encapsulation(frame.link));
        sink.put(ENCAP_TYPE, 0..0, number);
    }
    if let Some(time) = frame.time {
        let since = |earlier: Option<Time>| Value::Duration(earlier.map_or(0, |e| time.since(e)));
        sink.put(TIME, 0..0, Value::Time(time.0));
        sink.put(OFFSET_SHIFT, 0..0, Value::Duration(0));
        sink.put(TIME_EPOCH, 0..0, Value::Duration(time.0));
        sink.put(TIME_DELTA, 0..0, since(clock.previous));
        sink.put(TIME_DELTA_DISPLAYED, 0..0, since(clock.displayed));
        sink.put(TIME_RELATIVE, 0..0, since(clock.first));
    }
    sink.unsigned(NUMBER, 0..0, frame.number);
    sink.unsigned(LEN, 0..0, frame.wire_length);
    sink.unsigned(CAP_LEN, 0..0, super::as_u32(frame.bytes.len()));
    sink.boolean(MARKED, 0..0, false);
    sink.boolean(IGNORED, 0..0, false);
    if sink.wants(PROTOCOLS) {
        sink.owned_text(PROTOCOLS, 0..0, protocols(packet));
    }
}

/// Wireshark's number (WTAP_ENCAP) of a link type.
fn encapsulation(link: LinkType) -> i64 {
    match link {
        LinkType::ETHERNET => 1,
        LinkType::PPP | LinkType::PPP_HDLC => 4,
        LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD => 7,
        LinkType::NULL => 15,
        LinkType::LOOP => 15,
        LinkType::LINUX_SLL => 25,
        LinkType::IPV4 => 129,
        LinkType::IPV6 => 130,
        LinkType::LINUX_SLL2 => 210,
        _ => 0,
    }
}

/// The protocols as Wireshark strings them together.
fn protocols(packet: &Packet<'_>) -> String {
    let mut out = String::new();
    for layer in packet.layers.as_slice() {
        if !out.is_empty() {
            out.push(':');
        }
        out.push_str(layer.name);
        let view = packet.view(layer);
        let number = match layer.protocol {
            Protocol::Ethernet => view.u16(12),
            Protocol::Vlan => view.u16(2),
            Protocol::Sll if layer.name == "sll2" => view.u16(0),
            Protocol::Sll => view.u16(14),
            _ => None,
        };
        if number.is_some_and(|n| n > 1500) {
            out.push_str(":ethertype");
        }
    }
    out
}
