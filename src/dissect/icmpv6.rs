//! ICMPv6 (RFC 4443) with neighbour discovery (RFC 4861).

use super::definition::{Definition, NOTHING, Names};
use super::field::{Kind, Sink, Value};
use super::layer::View;

crate::fields! {
    TYPE: "icmpv6.type", Kind::Unsigned(8), "128 echo request, 129 echo reply, 133 to 137 neighbour discovery, 1 unreachable.";
    CODE: "icmpv6.code", Kind::Unsigned(8), "Which case of the type.";
    CHECKSUM: "icmpv6.checksum", Kind::Hex(16), "Checksum over the message and the addresses.";
    ECHO_IDENT: "icmpv6.echo.identifier", Kind::Hex(16), "Identifier that tells one ping process from another.";
    ECHO_SEQ: "icmpv6.echo.sequence_number", Kind::Unsigned(16), "Sequence number.";
    MTU: "icmpv6.mtu", Kind::Unsigned(32), "Largest packet the next hop can carry (packet too big).";
    POINTER: "icmpv6.pointer", Kind::Unsigned(32), "Byte that caused a parameter problem.";
    RA_HOP_LIMIT: "icmpv6.nd.ra.cur_hop_limit", Kind::Unsigned(8), "Hop limit that hosts should use.";
    RA_FLAG: "icmpv6.nd.ra.flag", Kind::Hex(8), "Flags of a router advertisement.";
    RA_LIFETIME: "icmpv6.nd.ra.router_lifetime", Kind::Unsigned(16), "Seconds for which the router is a default router.";
    RA_REACHABLE: "icmpv6.nd.ra.reachable_time", Kind::Unsigned(32), "Milliseconds a neighbour counts as reachable.";
    RA_RETRANS: "icmpv6.nd.ra.retrans_timer", Kind::Unsigned(32), "Milliseconds between solicitations.";
    NS_TARGET: "icmpv6.nd.ns.target_address", Kind::Ipv6, "Address whose hardware address is asked for.";
    NA_ROUTER: "icmpv6.nd.na.flag.r", Kind::Boolean, "The sender is a router.";
    NA_SOLICITED: "icmpv6.nd.na.flag.s", Kind::Boolean, "The advertisement answers a solicitation.";
    NA_OVERRIDE: "icmpv6.nd.na.flag.o", Kind::Boolean, "The advertisement replaces what is cached.";
    NA_TARGET: "icmpv6.nd.na.target_address", Kind::Ipv6, "Address whose hardware address is told.";
    RD_TARGET: "icmpv6.rd.na.target_address", Kind::Ipv6, "Better first hop that a redirect names.";
    RD_DESTINATION: "icmpv6.rd.na.destination_address", Kind::Ipv6, "Destination that a redirect is about.";
    OPT: "icmpv6.opt", Kind::Mark, "An option is there.";
    OPT_TYPE: "icmpv6.opt.type", Kind::Unsigned(8), "Type of an option.";
    OPT_LENGTH: "icmpv6.opt.length", Kind::Unsigned(8), "Length of an option in units of eight bytes.";
    OPT_LINKADDR: "icmpv6.opt.linkaddr", Kind::Ether, "Link-layer address in an option.";
    OPT_SRC_LINKADDR: "icmpv6.opt.src_linkaddr", Kind::Ether, "Sender's link-layer address.";
    OPT_TARGET_LINKADDR: "icmpv6.opt.target_linkaddr", Kind::Ether, "Target's link-layer address.";
    OPT_MTU: "icmpv6.opt.mtu", Kind::Unsigned(32), "MTU of the link.";
    OPT_PREFIX_LENGTH: "icmpv6.opt.prefix.length", Kind::Unsigned(8), "Length of an advertised prefix in bits.";
    OPT_PREFIX: "icmpv6.opt.prefix", Kind::Ipv6, "Advertised prefix.";
}

/// Everything about ICMPv6.
pub const DEFINITION: Definition = Definition {
    layers: &[("icmpv6", "ICMP for IPv6, with neighbour discovery.")],
    title: "ICMPv6",
    fields: FIELDS,
    emit: |given, sink| emit(&given.view, sink),
    strict: true,
    values: &[Names {
        fields: &["icmpv6.type"],
        values: &[
            (1, "Destination Unreachable"),
            (2, "Packet Too Big"),
            (3, "Time Exceeded"),
            (4, "Parameter Problem"),
            (128, "Echo (ping) request"),
            (129, "Echo (ping) reply"),
            (130, "Multicast Listener Query"),
            (131, "Multicast Listener Report"),
            (132, "Multicast Listener Done"),
            (133, "Router Solicitation"),
            (134, "Router Advertisement"),
            (135, "Neighbor Solicitation"),
            (136, "Neighbor Advertisement"),
            (137, "Redirect"),
            (143, "Multicast Listener Report Message v2"),
        ],
    }],
    ..NOTHING
};

/// Whether the message quotes the packet that it is about.
pub fn quotes(kind: u8) -> bool {
    matches!(kind, 1..=4)
}

/// Hands over the message's fields.
pub fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    let kind = view.u8(0)?;
    sink.unsigned(TYPE, 0..1, kind);
    sink.unsigned(CODE, 1..2, view.u8(1)?);
    sink.unsigned(CHECKSUM, 2..4, view.u16(2)?);
    match kind {
        128 | 129 => {
            sink.unsigned(ECHO_IDENT, 4..6, view.u16(4)?);
            sink.unsigned(ECHO_SEQ, 6..8, view.u16(6)?);
        }
        2 => sink.unsigned(MTU, 4..8, view.u32(4)?),
        4 => sink.unsigned(POINTER, 4..8, view.u32(4)?),
        133 => options(view, sink, 8)?,
        134 => {
            sink.unsigned(RA_HOP_LIMIT, 4..5, view.u8(4)?);
            sink.unsigned(RA_FLAG, 5..6, view.u8(5)?);
            sink.unsigned(RA_LIFETIME, 6..8, view.u16(6)?);
            sink.unsigned(RA_REACHABLE, 8..12, view.u32(8)?);
            sink.unsigned(RA_RETRANS, 12..16, view.u32(12)?);
            options(view, sink, 16)?;
        }
        135 => {
            sink.put(NS_TARGET, 8..24, Value::Ipv6(view.array(8)?));
            options(view, sink, 24)?;
        }
        136 => {
            let flags = view.u8(4)?;
            sink.boolean(NA_ROUTER, 4..8, flags & 0x80 != 0);
            sink.boolean(NA_SOLICITED, 4..8, flags & 0x40 != 0);
            sink.boolean(NA_OVERRIDE, 4..8, flags & 0x20 != 0);
            sink.put(NA_TARGET, 8..24, Value::Ipv6(view.array(8)?));
            options(view, sink, 24)?;
        }
        137 => {
            sink.put(RD_TARGET, 8..24, Value::Ipv6(view.array(8)?));
            sink.put(RD_DESTINATION, 24..40, Value::Ipv6(view.array(24)?));
            options(view, sink, 40)?;
        }
        _ => {}
    }
    Some(())
}

/// Walks the options (RFC 4861 §4.6).
fn options<'a>(view: &View<'a>, sink: &mut Sink<'a>, mut at: usize) -> Option<()> {
    while at < view.reported {
        let (kind, units) = (view.u8(at)?, view.u8(at + 1)?);
        let length = usize::from(units) * 8;
        sink.mark(OPT, at..at + length);
        sink.unsigned(OPT_TYPE, at..at + 1, kind);
        sink.unsigned(OPT_LENGTH, at + 1..at + 2, units);
        if length == 0 {
            return None;
        }
        match kind {
            1 | 2 if length == 8 => {
                let address = Value::Ether(view.array(at + 2)?);
                sink.put(OPT_LINKADDR, at + 2..at + 8, address.clone());
                let whose = if kind == 1 {
                    OPT_SRC_LINKADDR
                } else {
                    OPT_TARGET_LINKADDR
                };
                sink.put(whose, at + 2..at + 8, address);
            }
            3 => {
                sink.unsigned(OPT_PREFIX_LENGTH, at + 2..at + 3, view.u8(at + 2)?);
                sink.put(
                    OPT_PREFIX,
                    at + 16..at + 32,
                    Value::Ipv6(view.array(at + 16)?),
                );
            }
            // A route (RFC 4191 §2.3): its prefix is as long as the option has room.
            24 if length <= 24 => {
                sink.unsigned(OPT_PREFIX_LENGTH, at + 2..at + 3, view.u8(at + 2)?);
                let bytes = view.slice(at + 8..at + length)?;
                let mut prefix = [0; 16];
                prefix[..bytes.len()].copy_from_slice(bytes);
                sink.put(OPT_PREFIX, at + 8..at + length, Value::Ipv6(prefix));
            }
            5 => sink.unsigned(OPT_MTU, at + 4..at + 8, view.u32(at + 4)?),
            _ => {}
        }
        at += length;
    }
    Some(())
}
