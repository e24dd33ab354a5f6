//! ICMP and ICMPv6: type and code in words, echoes with their partner.

use super::{Read, Said, network, says};
use crate::dissect::layer::Layer;
use crate::dissect::{icmp as f, icmpv6 as v6};
use crate::query::frames::Reading;
use std::fmt::Write as _;
use std::net::IpAddr;

/// Words for the codes of one type.
type Codes = &'static [&'static str];

const UNREACHABLE: Codes = &[
    "Network unreachable",
    "Host unreachable",
    "Protocol unreachable",
    "Port unreachable",
    "Fragmentation needed",
    "Source route failed",
    "Destination network unknown",
    "Destination host unknown",
    "Source host isolated",
    "Network administratively prohibited",
    "Host administratively prohibited",
    "Network unreachable for TOS",
    "Host unreachable for TOS",
    "Communication administratively filtered",
    "Host precedence violation",
    "Precedence cutoff in effect",
];
const REDIRECT: Codes = &[
    "Redirect for network",
    "Redirect for host",
    "Redirect for TOS and network",
    "Redirect for TOS and host",
];
const EXCEEDED: Codes = &[
    "Time to live exceeded in transit",
    "Fragment reassembly time exceeded",
];
const PARAMETER: Codes = &[
    "Pointer indicates the error",
    "Required option missing",
    "Bad length",
];

/// What an ICMP message says.
pub(super) fn said(reading: &Reading<'_, '_>, layer: &Layer) -> Said {
    let read = Read::layer(
        reading,
        layer,
        &[f::TYPE, f::CODE, f::IDENT, f::SEQ, f::SEQ_LE],
    );
    let Some(kind) = read.number(f::TYPE) else {
        return says("ICMP", "");
    };
    // Wireshark words a message when it has read the number behind the checksum.
    if reading.packet.view(layer).bytes.len() < 6 {
        return says("ICMP", "");
    }
    let code = read.number(f::CODE).unwrap_or_default();
    let (name, codes): (&str, Codes) = match kind {
        0 => ("Echo (ping) reply", &[]),
        3 => ("Destination unreachable", UNREACHABLE),
        4 => ("Source quench (flow control)", &[]),
        5 => ("Redirect", REDIRECT),
        6 => ("Alternate host address", &[]),
        8 => ("Echo (ping) request", &[]),
        9 => ("Router advertisement", &[]),
        10 => ("Router solicitation", &[]),
        11 => ("Time-to-live exceeded", EXCEEDED),
        12 => ("Parameter problem", PARAMETER),
        13 => ("Timestamp request", &[]),
        14 => ("Timestamp reply", &[]),
        15 => ("Information request", &[]),
        16 => ("Information reply", &[]),
        17 => ("Address mask request", &[]),
        18 => ("Address mask reply", &[]),
        _ => ("Unknown ICMP (obsolete or malformed?)", &[]),
    };
    if matches!(kind, 0 | 8 | 13..=18) && read.first(f::SEQ_LE).is_some() {
        let mut info = format!(
            "{name:<20} id=0x{:04x}, seq={}/{}, ttl={}",
            read.number(f::IDENT).unwrap_or_default(),
            read.text(f::SEQ),
            read.text(f::SEQ_LE),
            network::hops(reading)
        );
        partner(reading, &mut info, kind == 8);
        return says("ICMP", info);
    }
    let code = usize::try_from(code).ok().and_then(|code| codes.get(code));
    let info = match code {
        Some(code) => format!("{name:<20} ({code})"),
        None if kind > 18 => name.to_owned(),
        None => format!("{name:<20}"),
    };
    says("ICMP", info)
}

/// The frame of the reply or of the request.
fn partner(reading: &Reading<'_, '_>, info: &mut String, request: bool) {
    let Some(note) = &reading.said.notes.icmp else {
        return;
    };
    if note.resp_in != 0 {
        let _ = write!(info, " (reply in {})", note.resp_in);
    } else if note.resp_to != 0 {
        let _ = write!(info, " (request in {})", note.resp_to);
    } else if request && note.unanswered {
        let to = reading.packet.ip.map(|ip| ip.destination);
        info.push_str(match to {
            Some(to) if to.is_multicast() => " (multicast)",
            Some(IpAddr::V4(to)) if to.is_broadcast() => " (broadcast)",
            _ => " (no response found!)",
        });
    }
}

const V6_UNREACHABLE: Codes = &[
    "no route to destination",
    "Administratively prohibited",
    "Beyond scope of source address",
    "Address unreachable",
    "Port unreachable",
    "Source address failed ingress/egress policy",
    "Reject route to destination",
    "Error in Source Routing Header",
];
const V6_EXCEEDED: Codes = &[
    "hop limit exceeded in transit",
    "fragment reassembly time exceeded",
];
const V6_PARAMETER: Codes = &[
    "erroneous header field encountered",
    "unrecognized Next Header type encountered",
    "unrecognized IPv6 option encountered",
];

/// What an ICMPv6 message says.
pub(super) fn said_v6(reading: &Reading<'_, '_>, layer: &Layer) -> Said {
    let read = Read::layer(
        reading,
        layer,
        &[
            v6::TYPE,
            v6::CODE,
            v6::ECHO_IDENT,
            v6::ECHO_SEQ,
            v6::NS_TARGET,
            v6::NA_TARGET,
            v6::NA_ROUTER,
            v6::NA_SOLICITED,
            v6::NA_OVERRIDE,
            v6::OPT_SRC_LINKADDR,
            v6::OPT_TARGET_LINKADDR,
        ],
    );
    let Some(kind) = read.number(v6::TYPE) else {
        return says("ICMPv6", "");
    };
    let code = read.number(v6::CODE).unwrap_or_default();
    let (name, codes): (&str, Codes) = match kind {
        1 => ("Destination Unreachable", V6_UNREACHABLE),
        2 => ("Packet Too Big", &[]),
        3 => ("Time Exceeded", V6_EXCEEDED),
        4 => ("Parameter Problem", V6_PARAMETER),
        128 => ("Echo (ping) request", &[]),
        129 => ("Echo (ping) reply", &[]),
        130 => ("Multicast Listener Query", &[]),
        131 => ("Multicast Listener Report", &[]),
        132 => ("Multicast Listener Done", &[]),
        133 => ("Router Solicitation", &[]),
        134 => ("Router Advertisement", &[]),
        135 => ("Neighbor Solicitation", &[]),
        136 => ("Neighbor Advertisement", &[]),
        137 => ("Redirect", &[]),
        138 => ("Router Renumbering", &[]),
        139 => ("Node Information Query", &[]),
        140 => ("Node Information Reply", &[]),
        143 => ("Multicast Listener Report Message v2", &[]),
        _ => ("Unknown", &[]),
    };
    let mut info = name.to_owned();
    match kind {
        128 | 129 => {
            let _ = write!(
                info,
                " id=0x{:04x}, seq={}, hop limit={}",
                read.number(v6::ECHO_IDENT).unwrap_or_default(),
                read.text(v6::ECHO_SEQ),
                network::hops(reading)
            );
            partner(reading, &mut info, kind == 128);
        }
        133 | 134 => from(&read, &mut info),
        135 => {
            let _ = write!(info, " for {}", read.text(v6::NS_TARGET));
            from(&read, &mut info);
        }
        136 => {
            let _ = write!(info, " {}", read.text(v6::NA_TARGET));
            let flags = [
                (v6::NA_ROUTER, "rtr"),
                (v6::NA_SOLICITED, "sol"),
                (v6::NA_OVERRIDE, "ovr"),
            ];
            let set = flags
                .iter()
                .filter(|(flag, _)| read.number(*flag) == Some(1));
            let set: Vec<&str> = set.map(|(_, word)| *word).collect();
            if !set.is_empty() {
                let _ = write!(info, " ({})", set.join(", "));
            }
            if read.first(v6::OPT_TARGET_LINKADDR).is_some() {
                let _ = write!(info, " is at {}", read.text(v6::OPT_TARGET_LINKADDR));
            }
        }
        _ => {
            let code = usize::try_from(code).ok().and_then(|code| codes.get(code));
            if let Some(code) = code {
                let _ = write!(info, " ({code})");
            } else if name == "Unknown" {
                info = format!("Unknown ({kind})");
            }
        }
    }
    says("ICMPv6", info)
}

fn from(read: &Read<'_>, info: &mut String) {
    if read.first(v6::OPT_SRC_LINKADDR).is_some() {
        let _ = write!(info, " from {}", read.text(v6::OPT_SRC_LINKADDR));
    }
}
