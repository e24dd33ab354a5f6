//! What is known of a frame before its first header: number, times, lengths, interface.

use super::Packet;
use super::definition::{Definition, NOTHING, Names};
use super::field::{Kind, Sink, Value};
use super::ipv6;
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
    // Wireshark's remarks are about frames.
    values: &[
        Names {
            fields: &["_ws.expert.severity"],
            values: &[
                (0x0010_0000, "Comment"),
                (0x0020_0000, "Chat"),
                (0x0040_0000, "Note"),
                (0x0060_0000, "Warning"),
                (0x0080_0000, "Error"),
            ],
        },
        Names {
            fields: &["_ws.expert.group"],
            values: &[
                (0x0100_0000, "Checksum"),
                (0x0200_0000, "Sequence"),
                (0x0700_0000, "Malformed"),
                (0x0900_0000, "Protocol"),
                (0x0b00_0000, "Comment"),
            ],
        },
    ],
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

/// Hands over the fields of the frame itself; `above` names the protocols above TCP, each behind a
/// colon.
pub fn emit<'a>(
    packet: &Packet<'a>,
    interface: Option<&'a Interface>,
    clock: &Clock,
    comments: impl Iterator<Item = &'a [u8]>,
    above: &str,
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
        let mut names = protocols(packet);
        names.push_str(above);
        sink.owned_text(PROTOCOLS, 0..0, names);
    }
}

/// Wireshark's number (WTAP_ENCAP) of a link type, found by asking tshark 4.0.17 for each.
#[rustfmt::skip]
const ENCAPSULATIONS: &[(u16, u8)] = &[
    (0, 15), (1, 1), (2, 184), (3, 148), (6, 2), (7, 8), (8, 3), (9, 4), (10, 6), (11, 10),
    (12, 7), (13, 38), (14, 7), (16, 11), (18, 11), (19, 11), (32, 69), (50, 4), (51, 139),
    (99, 61), (100, 10), (101, 7), (104, 28), (105, 20), (106, 11), (107, 26), (108, 174),
    (109, 38), (112, 28), (113, 25), (114, 30), (117, 39), (118, 29), (119, 21), (121, 32),
    (122, 18), (123, 13), (127, 23), (128, 37), (129, 9), (130, 81), (131, 82), (133, 87),
    (135, 68), (136, 151), (137, 67), (138, 62), (139, 75), (140, 42), (141, 43), (142, 101),
    (143, 33), (147, 45), (148, 46), (149, 47), (150, 48), (151, 49), (152, 50), (153, 51),
    (154, 52), (155, 53), (156, 54), (157, 55), (158, 56), (159, 57), (160, 58), (161, 59),
    (162, 60), (163, 24), (165, 63), (167, 76), (169, 66), (170, 178), (171, 179), (172, 77),
    (173, 78), (178, 83), (179, 84), (180, 85), (181, 86), (183, 91), (184, 181), (186, 92),
    (187, 41), (188, 93), (189, 95), (190, 109), (192, 97), (195, 104), (196, 100), (197, 98),
    (199, 103), (200, 197), (201, 99), (202, 147), (203, 131), (204, 19), (209, 112), (210, 106),
    (211, 108), (212, 107), (213, 111), (214, 105), (215, 113), (220, 115), (224, 121),
    (225, 122), (226, 124), (227, 125), (228, 129), (229, 130), (230, 127), (231, 146),
    (235, 132), (236, 133), (237, 157), (239, 141), (240, 135), (241, 136), (242, 180),
    (243, 138), (245, 140), (248, 149), (249, 152), (250, 153), (251, 154), (252, 155),
    (253, 158), (254, 159), (255, 160), (256, 161), (258, 171), (259, 172), (260, 173),
    (264, 177), (266, 182), (268, 36), (270, 183), (271, 185), (272, 186), (273, 199), (274, 198),
    (275, 200), (276, 210), (279, 204), (280, 205), (283, 206), (287, 211), (288, 208),
    (290, 212), (292, 214), (293, 215), (294, 216), (295, 217),
];

fn encapsulation(link: LinkType) -> i64 {
    let found = ENCAPSULATIONS.binary_search_by_key(&link.0, |row| row.0);
    found.map_or(0, |at| i64::from(ENCAPSULATIONS[at].1))
}

/// What Wireshark calls link types that are not taken apart here (`tshark -G decodes` of 4.0.17).
#[rustfmt::skip]
const LINKS: &[(u16, &str)] = &[
    (3, "ax25"), (6, "tr"), (11, "llc"), (13, "enc"), (32, "redback"), (51, "pppoes"),
    (99, "symantec"), (105, "wlan"), (107, "fr"), (109, "enc"), (114, "llap"), (117, "pflog"),
    (119, "prism"), (122, "ipfc"), (123, "atm"), (127, "radiotap"), (128, "tzsp"),
    (138, "ap1394"), (139, "mtp2"), (140, "mtp2"), (141, "mtp3"), (142, "sccp"), (143, "docsis"),
    (163, "wlancap"), (165, "mstp"), (169, "llcgprs"), (170, "gfp"), (171, "gfp"), (186, "usb"),
    (187, "bluetooth"), (189, "usb"), (192, "ppi"), (195, "wpan"), (196, "sita"), (197, "erf"),
    (199, "i2c"), (201, "bluetooth"), (202, "ax25_kiss"), (203, "lapd"), (209, "i2c"),
    (210, "flexray"), (212, "lin"), (215, "wpan-nonask-phy"), (220, "usb"), (224, "fc"),
    (225, "fcsof"), (226, "ipnet"), (230, "wpan"), (231, "dbus"), (235, "dvb-ci"),
    (236, "mux27010"), (237, "s5066dts"), (239, "nflog"), (240, "netanalyzer"),
    (241, "netanalyzer"), (242, "ipoib"), (243, "mp2t"), (248, "sctp"), (249, "usb"),
    (251, "bluetooth"), (253, "netlink"), (254, "bluetooth"), (255, "bluetooth"),
    (256, "bluetooth"), (258, "pktap"), (259, "epon"), (264, "iso14443"), (266, "usb"),
    (268, "sdlc"), (270, "loratap"), (271, "vsock"), (272, "nordic_ble"), (273, "xra"),
    (275, "dpauxmon"), (279, "ebhscr"), (280, "vpp"), (283, "wpan-tap"), (288, "usbll"),
    (292, "zbncp"), (293, "usbll"), (294, "usbll"), (295, "usbll"),
];

/// The protocols as Wireshark strings them together.
fn protocols(packet: &Packet<'_>) -> String {
    let mut out = String::new();
    if packet.layers.as_slice().is_empty() && !packet.frame.bytes.is_empty() {
        // Of a link type that nobody takes apart.
        let named = LINKS.iter().find(|row| row.0 == packet.frame.link.0);
        return named.map_or("data", |row| row.1).to_owned();
    }
    for layer in packet.layers.as_slice() {
        if !out.is_empty() {
            out.push(':');
        }
        // These have another name before their own.
        match layer.name {
            "cfp" => out.push_str("eth:"),
            "atmarp" => out.push_str("arp:"),
            _ => {}
        }
        // Both versions of the cooked header have one name.
        out.push_str(if layer.name == "sll2" {
            "sll"
        } else {
            layer.name
        });
        let view = packet.view(layer);
        let number = match layer.protocol {
            Protocol::Ethernet => view.u16(12),
            Protocol::Vlan => view.u16(2),
            Protocol::Sll if layer.name == "sll2" => view.u16(0),
            Protocol::Sll => view.u16(14),
            Protocol::Other if layer.name == "vntag" => view.u16(4),
            _ => None,
        };
        if number.is_some_and(|n| n > 1535 || n == 0 && layer.protocol == Protocol::Ethernet) {
            out.push_str(":ethertype");
        }
        match layer.protocol {
            Protocol::Ipv6 => ipv6::extension_names(&view, &mut out),
            // Its dissector hands over to itself.
            Protocol::Igmp => out.push_str(":igmp"),
            _ => {}
        }
    }
    out
}
