//! ICMP for IPv4 and IPv6: pings, errors about an earlier frame, neighbour discovery.

use super::line::{Line, host, mac};
use etherparse::{Icmpv4Type, Icmpv6Type, IpHeaders, PacketBuilderStep};
use std::net::IpAddr;

pub(super) fn icmp(
    builder: PacketBuilderStep<IpHeaders>,
    line: &Line<'_>,
    rest: &[&str],
    frames: &[Vec<u8>],
    out: &mut Vec<u8>,
) -> Option<()> {
    let (id, seq) = (line.number("id", 1), line.number("seq", 1));
    let error = |kind: u8, code: u8| {
        // The header of IP and eight bytes (RFC 792), or more of it, or nothing.
        let quoted = match line.number("about", 0) {
            0 => Vec::new(),
            about => {
                let quoted = frames.get(about - 1)?.get(14..)?;
                let most = line.number("quote", 28);
                quoted.get(..quoted.len().min(most))?.to_vec()
            }
        };
        Some((
            Icmpv4Type::Unknown {
                type_u8: kind,
                code_u8: code,
                bytes5to8: line.number("mtu", 0u32).to_be_bytes(),
            },
            quoted,
        ))
    };
    match rest.first().copied()? {
        "echo" => builder
            .icmpv4_echo_request(id, seq)
            .write(out, &line.payload())
            .ok(),
        "reply" => builder
            .icmpv4_echo_reply(id, seq)
            .write(out, &line.payload())
            .ok(),
        "unreachable" => {
            let (kind, quoted) = error(3, line.number("code", 3))?;
            builder.icmpv4(kind).write(out, &quoted).ok()
        }
        "quench" => {
            let (kind, quoted) = error(4, 0)?;
            builder.icmpv4(kind).write(out, &quoted).ok()
        }
        "exceeded" => {
            let (kind, quoted) = error(11, line.number("code", 0))?;
            builder.icmpv4(kind).write(out, &quoted).ok()
        }
        "parameter" => {
            let (kind, quoted) = error(12, 0)?;
            builder.icmpv4(kind).write(out, &quoted).ok()
        }
        "redirect" => {
            let (kind, quoted) = error(5, 1)?;
            let Icmpv4Type::Unknown {
                type_u8, code_u8, ..
            } = kind
            else {
                return None;
            };
            let kind = Icmpv4Type::Unknown {
                type_u8,
                code_u8,
                bytes5to8: line.address("via")?.octets(),
            };
            builder.icmpv4(kind).write(out, &quoted).ok()
        }
        _ => None,
    }
}

pub(super) fn icmp6(
    builder: PacketBuilderStep<IpHeaders>,
    line: &Line<'_>,
    rest: &[&str],
    frames: &[Vec<u8>],
    out: &mut Vec<u8>,
) -> Option<()> {
    let (id, seq) = (line.number("id", 1), line.number("seq", 1));
    let error = |kind: u8, code: u8| {
        // The header of IP and eight bytes, or nothing: more is allowed (RFC 4443 §3.1).
        let quoted = match line.number("about", 0) {
            0 => Vec::new(),
            about => {
                let quoted = frames.get(about - 1)?.get(14..)?;
                quoted.get(..line.number("quote", 48))?.to_vec()
            }
        };
        let kind = Icmpv6Type::Unknown {
            type_u8: kind,
            code_u8: code,
            bytes5to8: line.number("mtu", 0u32).to_be_bytes(),
        };
        Some((kind, quoted))
    };
    match rest.first().copied()? {
        "echo" => builder
            .icmpv6_echo_request(id, seq)
            .write(out, &line.payload())
            .ok(),
        "reply" => builder
            .icmpv6_echo_reply(id, seq)
            .write(out, &line.payload())
            .ok(),
        "unreachable" => {
            let (kind, quoted) = error(1, line.number("code", 4))?;
            builder.icmpv6(kind).write(out, &quoted).ok()
        }
        "exceeded" => {
            let (kind, quoted) = error(3, 0)?;
            builder.icmpv6(kind).write(out, &quoted).ok()
        }
        "toobig" => {
            let (kind, quoted) = error(2, 0)?;
            builder.icmpv6(kind).write(out, &quoted).ok()
        }
        "parameter" => {
            let (kind, quoted) = error(4, line.number("code", 0))?;
            builder.icmpv6(kind).write(out, &quoted).ok()
        }
        _ => None,
    }
}

/// A message of neighbour discovery (RFC 4861 §4): type, flags, and what follows.
pub(super) fn discovery(
    line: &Line<'_>,
    rest: &[&str],
    smac: [u8; 6],
) -> Option<(u8, [u8; 4], Vec<u8>)> {
    let target = |name: &str| match host(name).0 {
        IpAddr::V6(address) => Some(address.octets()),
        IpAddr::V4(_) => None,
    };
    let option = |kind: u8| [&[kind, 1][..], &mac(line.number("says", smac[5]))].concat();
    Some(match rest {
        // Who has no address yet does not say its card's.
        ["asks", asked] if line.words[1] == "none6" => (135, [0; 4], target(asked)?.to_vec()),
        ["asks", asked] => (135, [0; 4], [&target(asked)?[..], &option(1)].concat()),
        ["says", own] => (
            136,
            [line.number("flags", 0), 0, 0, 0],
            [&target(own)?[..], &option(2)].concat(),
        ),
        ["redirects", asked] => {
            let via = target(line.values.get("via")?)?;
            (137, [0; 4], [&via[..], &target(asked)?].concat())
        }
        ["solicits"] => (133, [0; 4], option(1)),
        ["router"] => {
            let mtu = [0, 0, 0, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0, 0, 5, 0xdc];
            (134, [0x40, 0, 7, 8], [&mtu[..], &option(1)].concat())
        }
        _ => return None,
    })
}
