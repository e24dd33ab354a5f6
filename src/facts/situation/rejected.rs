//! What is said of packets that a router or host did not take as they were.

use std::fmt::{Formatter, Result};
use std::net::IpAddr;

/// Why a packet was not taken, as an ICMP error says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// It is too big for the next link, whose MTU is this many bytes if the error says so.
    Size(Option<u32>),
    /// A field of its header cannot be used.
    Header,
    /// This IP protocol is not there.
    Protocol(u8),
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
        _ => format!("{count} packet{s}"),
    };
    write!(f, "{sender} answered {which} from {from} to {to} with ")?;
    match flaw {
        Flaw::Size(mtu) => {
            f.write_str(match from {
                IpAddr::V4(_) => "ICMP fragmentation needed: too big for the next link",
                IpAddr::V6(_) => "ICMPv6 packet too big: too big for the next link",
            })?;
            if let Some(mtu) = mtu {
                write!(f, ", which takes {mtu} bytes")?;
            }
            if from.is_ipv4() {
                f.write_str(", and not to be divided on the way (DF)")?;
            }
            f.write_str(". The sender is to send smaller ones (path MTU discovery).")
        }
        Flaw::Header => f.write_str(match count {
            1 => "ICMP parameter problem: it could not use a field of its header, and did not take it.",
            _ => "ICMP parameter problem: it could not use a field of their headers, and did not take them.",
        }),
        Flaw::Protocol(_) => f.write_str(
            "ICMP protocol unreachable: the host has no such protocol, or a firewall rejects it.",
        ),
    }
}
