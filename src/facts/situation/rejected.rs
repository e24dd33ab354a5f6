//! What is said of packets that a router or host did not take as they were.

use std::fmt::{Formatter, Result};
use std::net::IpAddr;

/// Why a packet was not taken, as an ICMP error says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// It is too big for the next link.
    Size {
        /// So many bytes are not, if the error says so.
        mtu: Option<u32>,
        /// It may be divided, by its own header.
        divisible: bool,
        /// Its length, if that is no more.
        fits: Option<u32>,
    },
    /// A field of its header cannot be used.
    Header,
    /// This IP protocol is not there.
    Protocol(u8),
    /// Not all of its fragments came in time.
    Pieces,
}

/// So many packets of one host to another were not taken, says a third.
pub(super) fn rejected(
    f: &mut Formatter<'_>,
    flaw: Flaw,
    (from, to): (IpAddr, IpAddr),
    count: u32,
    sender: IpAddr,
) -> Result {
    let s = if count == 1 { "" } else { "s" };
    let which = match flaw {
        Flaw::Protocol(number) => format!("{count} packet{s} of IP protocol {number}"),
        Flaw::Pieces => format!("{count} datagram{s}"),
        _ => format!("{count} packet{s}"),
    };
    write!(f, "{sender} answered {which} from {from} to {to} with ")?;
    match flaw {
        Flaw::Size {
            mtu,
            divisible,
            fits,
        } => {
            f.write_str(match from {
                IpAddr::V4(_) => "ICMP fragmentation needed: too big for the next link",
                IpAddr::V6(_) => "ICMPv6 packet too big: too big for the next link",
            })?;
            if let Some(mtu) = mtu {
                write!(f, ", which takes {mtu} bytes")?;
            }
            let forged = "so a router that works does not say this: it is faulty, or somebody forged the error";
            match (fits, divisible) {
                (Some(long), _) => {
                    write!(f, ". But what it quotes has {long} bytes, {forged}.")
                }
                (None, true) => write!(
                    f,
                    ". But by its header the packet may be divided (DF is not set), {forged}."
                ),
                (None, false) => f.write_str(match from {
                    IpAddr::V4(_) => ", and not to be divided on the way (DF). The sender is to send smaller ones (path MTU discovery).",
                    IpAddr::V6(_) => ". The sender is to send smaller ones (path MTU discovery).",
                }),
            }
        }
        Flaw::Header => f.write_str(match count {
            1 => "ICMP parameter problem: it could not use a field of its header, and did not take it.",
            _ => "ICMP parameter problem: it could not use a field of their headers, and did not take them.",
        }),
        Flaw::Protocol(_) => f.write_str(
            "ICMP protocol unreachable: the host has no such protocol, or a firewall rejects it.",
        ),
        // RFC 792: without the first one nothing is said. RFC 8200 §4.5.
        Flaw::Pieces => f.write_str(
            "ICMP fragment reassembly time exceeded: the first fragment came, and others did not within the time that it waits (usually 30 or 60 s), so that all were thrown away. They were lost, or dropped on the way.",
        ),
    }
}
