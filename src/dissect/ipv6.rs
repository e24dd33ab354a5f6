//! IPv6 (RFC 8200) and the extension headers that stand before its payload.

use super::definition::{Definition, NOTHING};
use super::field::{Kind, Sink, Value};
use super::layer::View;

crate::fields! {
    VERSION: "ipv6.version", Kind::Unsigned(8), "IP version; the first four bits, 6 here.";
    IP_VERSION: "ip.version", Kind::Unsigned(8), "IP version, so that `ip.version == 6` finds these packets.";
    TCLASS: "ipv6.tclass", Kind::Hex(32), "Traffic class: DSCP and ECN together.";
    DSCP: "ipv6.tclass.dscp", Kind::Unsigned(32), "Differentiated services codepoint.";
    ECN: "ipv6.tclass.ecn", Kind::Unsigned(32), "Explicit congestion notification bits.";
    FLOW: "ipv6.flow", Kind::Hex(24), "Flow label.";
    PLEN: "ipv6.plen", Kind::Unsigned(16), "Payload length in bytes, without the header of 40.";
    NXT: "ipv6.nxt", Kind::Unsigned(8), "Next header: what follows, 6 TCP, 17 UDP, 58 ICMPv6, or an extension.";
    HLIM: "ipv6.hlim", Kind::Unsigned(8), "Hop limit; each router takes one.";
    SRC: "ipv6.src", Kind::Ipv6, "Source address.";
    ADDR: "ipv6.addr", Kind::Ipv6, "Either address, source first.";
    DST: "ipv6.dst", Kind::Ipv6, "Destination address.";
    HOPOPTS: "ipv6.hopopts", Kind::Mark, "A hop-by-hop options header is there.";
    DSTOPTS: "ipv6.dstopts", Kind::Mark, "A destination options header is there.";
    ROUTING: "ipv6.routing", Kind::Mark, "A routing header is there.";
    FRAGHDR: "ipv6.fraghdr", Kind::Mark, "A fragment header is there.";
    FRAG_NXT: "ipv6.fraghdr.nxt", Kind::Unsigned(8), "What follows the fragment header.";
    FRAG_OFFSET: "ipv6.fraghdr.offset", Kind::Unsigned(16), "Where this fragment belongs, in units of eight bytes.";
    FRAG_MORE: "ipv6.fraghdr.more", Kind::Boolean, "More fragments follow.";
    FRAG_IDENT: "ipv6.fraghdr.ident", Kind::Hex(32), "Identification, the same in all fragments of a packet.";
}

/// Everything about IPv6.
pub const DEFINITION: Definition = Definition {
    layers: &[("ipv6", "Internet protocol version 6.")],
    title: "IPv6",
    fields: FIELDS,
    emit: |given, sink| emit(&given.view, sink),
    ..NOTHING
};

/// A fragment header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Offset of this piece in bytes.
    pub offset: u32,
    /// More pieces follow.
    pub more: bool,
    /// Which packet it belongs to.
    pub identification: u32,
}

/// Where the extension headers end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Bytes before the payload, the fixed header included.
    pub length: usize,
    /// What the payload is.
    pub next: u8,
    /// The fragment header, when one was passed.
    pub fragment: Option<Fragment>,
    /// A header is cut short: what the payload is remains unknown.
    pub cut: bool,
}

/// Walks the extension headers (RFC 8200 §4). Ends before a header that is cut short.
pub fn chain(view: &View<'_>) -> Option<Chain> {
    let mut chain = Chain {
        length: 40,
        next: view.u8(6)?,
        fragment: None,
        cut: false,
    };
    while chain.pass(view) {}
    Some(chain)
}

impl Chain {
    /// Passes one extension header; false at the payload, and where the header is cut short.
    fn pass(&mut self, view: &View<'_>) -> bool {
        let at = self.length;
        let length = match self.next {
            0 | 43 | 60 | 135 | 139 | 140 => {
                view.u8(at + 1).map(|units| usize::from(units) * 8 + 8)
            }
            44 => match view.u16(at + 2).zip(view.u32(at + 4)) {
                Some((offset, identification)) => {
                    self.fragment = Some(Fragment {
                        offset: u32::from(offset & 0xfff8),
                        more: offset & 1 == 1,
                        identification,
                    });
                    Some(8)
                }
                None => None,
            },
            _ => return false,
        };
        let (Some(length), Some(next)) = (length, view.u8(at)) else {
            self.cut = true;
            return false;
        };
        self.next = next;
        self.length += length;
        // Only the first fragment has the headers that follow.
        self.fragment.is_none_or(|f| f.offset == 0)
    }
}

/// Hands over the fields of the header and its extensions.
pub fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    let first = view.u32(0)?;
    let class = (first >> 20) & 0xff;
    sink.unsigned(VERSION, 0..1, first >> 28);
    sink.unsigned(IP_VERSION, 0..1, first >> 28);
    sink.unsigned(TCLASS, 0..4, class);
    sink.unsigned(DSCP, 0..4, class >> 2);
    sink.unsigned(ECN, 0..4, class & 3);
    sink.unsigned(FLOW, 0..4, first & 0x000f_ffff);
    sink.unsigned(PLEN, 4..6, view.u16(4)?);
    sink.unsigned(NXT, 6..7, view.u8(6)?);
    sink.unsigned(HLIM, 7..8, view.u8(7)?);
    let src: [u8; 16] = view.array(8)?;
    sink.put(SRC, 8..24, Value::Ipv6(src));
    sink.put(ADDR, 8..24, Value::Ipv6(src));
    let dst: [u8; 16] = view.array(24)?;
    sink.put(DST, 24..40, Value::Ipv6(dst));
    sink.put(ADDR, 24..40, Value::Ipv6(dst));
    extensions(view, sink)
}

/// Adds the names of the extension headers, as `frame.protocols` has them.
pub fn extension_names(view: &View<'_>, out: &mut String) {
    let (mut at, mut next) = (40, view.u8(6));
    loop {
        let name = match next {
            Some(0) => ":ipv6.hopopts",
            Some(43) => ":ipv6.routing",
            Some(44) => ":ipv6.fraghdr",
            Some(60) => ":ipv6.dstopts",
            _ => return,
        };
        out.push_str(name);
        let length = match next {
            Some(44) if view.u16(at + 2).is_none_or(|offset| offset >= 8) => return,
            Some(44) => 8,
            _ => usize::from(view.u8(at + 1).unwrap_or_default()) * 8 + 8,
        };
        next = view.u8(at);
        at += length;
    }
}

fn extensions<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    let (mut at, mut next) = (40, view.u8(6)?);
    loop {
        let length = match next {
            0 | 43 | 60 => {
                let length = usize::from(view.u8(at + 1)?) * 8 + 8;
                let mark = [(0, HOPOPTS), (43, ROUTING), (60, DSTOPTS)];
                let found = mark.iter().find(|(number, _)| *number == next)?;
                sink.mark(found.1, at..at + length);
                length
            }
            44 => {
                let offset = view.u16(at + 2)?;
                sink.mark(FRAGHDR, at..at + 8);
                sink.unsigned(FRAG_NXT, at..at + 1, view.u8(at)?);
                sink.unsigned(FRAG_OFFSET, at + 2..at + 4, offset >> 3);
                sink.boolean(FRAG_MORE, at + 3..at + 4, offset & 1 == 1);
                sink.unsigned(FRAG_IDENT, at + 4..at + 8, view.u32(at + 4)?);
                if offset >= 8 {
                    return Some(());
                }
                8
            }
            _ => return Some(()),
        };
        next = view.u8(at)?;
        at += length;
    }
}
