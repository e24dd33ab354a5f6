//! IPv4 (RFC 791) with its options, and the checksum that IP, ICMP, UDP and TCP share (RFC 1071).

use super::definition::{Definition, NOTHING, Names};
use super::field::{Kind, Sink, Value};
use super::layer::View;

crate::fields! {
    VERSION: "ip.version", Kind::Unsigned(8), "IP version; the first four bits, 4 here.";
    HDR_LEN: "ip.hdr_len", Kind::Unsigned(8), "Header length in bytes (the field counts words of four).";
    DSFIELD: "ip.dsfield", Kind::Hex(8), "Differentiated services field: DSCP and ECN together.";
    DSCP: "ip.dsfield.dscp", Kind::Unsigned(8), "Differentiated services codepoint.";
    ECN: "ip.dsfield.ecn", Kind::Unsigned(8), "Explicit congestion notification bits.";
    LEN: "ip.len", Kind::Unsigned(16), "Total length in bytes: header and payload.";
    ID: "ip.id", Kind::Hex(16), "Identification, the same in all fragments of a datagram.";
    FLAGS: "ip.flags", Kind::Hex(8), "The three flag bits.";
    FLAGS_RB: "ip.flags.rb", Kind::Boolean, "Reserved bit, to be 0.";
    FLAGS_DF: "ip.flags.df", Kind::Boolean, "Don't fragment.";
    FLAGS_MF: "ip.flags.mf", Kind::Boolean, "More fragments follow.";
    FRAG_OFFSET: "ip.frag_offset", Kind::Unsigned(16), "Where this fragment belongs, in units of eight bytes.";
    TTL: "ip.ttl", Kind::Unsigned(8), "Time to live: hops left; each router takes one.";
    PROTO: "ip.proto", Kind::Unsigned(8), "Upper-layer protocol: 1 ICMP, 6 TCP, 17 UDP.";
    CHECKSUM: "ip.checksum", Kind::Hex(16), "Header checksum.";
    CHECKSUM_STATUS: "ip.checksum.status", Kind::Unsigned(8), "2: not verified, as Wireshark does by default (0 bad, 1 good).";
    SRC: "ip.src", Kind::Ipv4, "Source address.";
    ADDR: "ip.addr", Kind::Ipv4, "Either address, source first.";
    SRC_HOST: "ip.src_host", Kind::Text, "Source address as text (names are not resolved).";
    HOST: "ip.host", Kind::Text, "Either address as text.";
    DST: "ip.dst", Kind::Ipv4, "Destination address.";
    DST_HOST: "ip.dst_host", Kind::Text, "Destination address as text.";
    OPT_TYPE: "ip.opt.type", Kind::Unsigned(8), "Type byte of an option.";
    OPT_LEN: "ip.opt.len", Kind::Unsigned(8), "Length byte of an option.";
}

/// Everything about IPv4.
pub const DEFINITION: Definition = Definition {
    layers: &[("ip", "Internet protocol version 4.")],
    title: "IPv4",
    fields: FIELDS,
    emit: |given, sink| emit(&given.view, sink),
    values: &[
        Names {
            fields: &["ip.proto", "ipv6.nxt", "ipv6.fraghdr.nxt"],
            values: PROTOCOLS,
        },
        Names {
            fields: &["ip.dsfield.dscp", "ipv6.tclass.dscp"],
            values: &[
                (0, "Default"),
                (8, "Class Selector 1"),
                (10, "Assured Forwarding 11"),
                (16, "Class Selector 2"),
                (18, "Assured Forwarding 21"),
                (24, "Class Selector 3"),
                (26, "Assured Forwarding 31"),
                (32, "Class Selector 4"),
                (34, "Assured Forwarding 41"),
                (40, "Class Selector 5"),
                (46, "Expedited Forwarding"),
                (48, "Class Selector 6"),
                (56, "Class Selector 7"),
            ],
        },
        Names {
            fields: &["ip.dsfield.ecn", "ipv6.tclass.ecn"],
            values: &[
                (0, "Not ECN-Capable Transport"),
                (1, "ECN-Capable Transport codepoint '01'"),
                (2, "ECN-Capable Transport codepoint '10'"),
                (3, "Congestion Experienced"),
            ],
        },
        Names {
            fields: &[
                "ip.checksum.status",
                "tcp.checksum.status",
                "udp.checksum.status",
                "icmp.checksum.status",
                "icmpv6.checksum.status",
            ],
            values: &[
                (0, "Bad"),
                (1, "Good"),
                (2, "Unverified"),
                (3, "Not present"),
            ],
        },
    ],
    ..NOTHING
};

const PROTOCOLS: &[(u64, &str)] = &[
    (0, "IPv6 Hop-by-Hop Option"),
    (1, "ICMP"),
    (2, "IGMP"),
    (4, "IPIP"),
    (6, "TCP"),
    (17, "UDP"),
    (41, "IPv6"),
    (43, "Routing Header for IPv6"),
    (44, "Fragment Header for IPv6"),
    (47, "Generic Routing Encapsulation"),
    (50, "Encap Security Payload"),
    (51, "Authentication Header"),
    (58, "ICMPv6"),
    (59, "No Next Header for IPv6"),
    (60, "Destination Options for IPv6"),
    (89, "OSPF IGP"),
    (132, "SCTP"),
];

/// Hands over the header's fields.
pub fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    let first = view.u8(0)?;
    sink.unsigned(VERSION, 0..1, first >> 4);
    if first >> 4 != 4 {
        return None;
    }
    let header = usize::from(first & 0x0f) * 4;
    sink.unsigned(HDR_LEN, 0..1, (first & 0x0f) * 4);
    if header < 20 {
        return None;
    }
    let ds = view.u8(1)?;
    sink.unsigned(DSFIELD, 1..2, ds);
    sink.unsigned(DSCP, 1..2, ds >> 2);
    sink.unsigned(ECN, 1..2, ds & 3);
    // 0 stands for as much as there is: segmentation left to the network card.
    let total = match view.u16(2)? {
        0 => view.reported as u64,
        total => u64::from(total),
    };
    sink.unsigned(LEN, 2..4, total);
    sink.unsigned(ID, 4..6, view.u16(4)?);
    let fragment = view.u16(6)?;
    sink.unsigned(FLAGS, 6..7, fragment >> 13);
    sink.boolean(FLAGS_RB, 6..7, fragment & 0x8000 != 0);
    sink.boolean(FLAGS_DF, 6..7, fragment & 0x4000 != 0);
    sink.boolean(FLAGS_MF, 6..7, fragment & 0x2000 != 0);
    sink.unsigned(FRAG_OFFSET, 6..8, fragment & 0x1fff);
    sink.unsigned(TTL, 8..9, view.u8(8)?);
    sink.unsigned(PROTO, 9..10, view.u8(9)?);
    sink.unsigned(CHECKSUM, 10..12, view.u16(10)?);
    sink.unsigned(CHECKSUM_STATUS, 10..12, 2u8);
    let (src, mut dst): ([u8; 4], [u8; 4]) = (view.array(12)?, view.array(16)?);
    if header > 20 {
        dst = final_destination(view.slice(20..header)).unwrap_or(dst);
    }
    sink.put(SRC, 12..16, Value::Ipv4(src));
    sink.put(ADDR, 12..16, Value::Ipv4(src));
    if sink.wants(SRC_HOST) || sink.wants(HOST) {
        sink.owned_text(SRC_HOST, 12..16, std::net::Ipv4Addr::from(src).to_string());
        sink.owned_text(HOST, 12..16, std::net::Ipv4Addr::from(src).to_string());
    }
    sink.put(DST, 16..20, Value::Ipv4(dst));
    sink.put(ADDR, 16..20, Value::Ipv4(dst));
    if sink.wants(DST_HOST) || sink.wants(HOST) {
        sink.owned_text(DST_HOST, 16..20, std::net::Ipv4Addr::from(dst).to_string());
        sink.owned_text(HOST, 16..20, std::net::Ipv4Addr::from(dst).to_string());
    }
    options(view, sink, header)
}

/// Where a source route ends: the packet's destination, while the header names the next router.
fn final_destination(options: Option<&[u8]>) -> Option<[u8; 4]> {
    let mut rest = options?;
    loop {
        match *rest {
            [1, ..] => rest = &rest[1..],
            [131 | 137, length, pointer, ..] => {
                let route = rest.get(3..usize::from(length))?;
                // A pointer past the route: its end was reached.
                return if pointer > length {
                    None
                } else {
                    route.last_chunk().copied()
                };
            }
            [0, ..] | [] | [_] => return None,
            [_, length, ..] => rest = rest.get(usize::from(length.max(2))..)?,
        }
    }
}

/// Walks the options (RFC 791 §3.1): end of list, no operation, or type, length, value.
fn options<'a>(view: &View<'a>, sink: &mut Sink<'a>, header: usize) -> Option<()> {
    let mut at = 20;
    while at < header {
        let kind = view.u8(at)?;
        match kind {
            0 | 1 => {
                sink.unsigned(OPT_TYPE, at..at + 1, kind);
                if kind == 0 {
                    return Some(());
                }
                at += 1;
            }
            _ => {
                let length = if at + 1 < header {
                    view.u8(at + 1)?
                } else {
                    return None;
                };
                let length_bytes = usize::from(length);
                if length_bytes < 2 || at + length_bytes > header {
                    return None;
                }
                sink.unsigned(OPT_TYPE, at..at + 1, kind);
                sink.unsigned(OPT_LEN, at + 1..at + 2, length);
                at += length_bytes;
            }
        }
    }
    Some(())
}

/// The Internet checksum over some pieces (RFC 1071); every piece but the last has an even
/// length. Zero means that data which contains its own checksum is intact.
pub fn checksum(pieces: &[&[u8]]) -> u16 {
    let mut sum = 0u64;
    for piece in pieces {
        let (pairs, rest) = piece.as_chunks::<2>();
        for pair in pairs {
            sum += u64::from(u16::from_be_bytes(*pair));
        }
        if let [last] = rest {
            sum += u64::from(*last) << 8;
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("the carries were folded in")
}
