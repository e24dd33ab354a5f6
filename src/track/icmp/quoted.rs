//! The packet that an ICMP error quotes.

use crate::dissect::Packet;
use crate::dissect::layer::Protocol;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The packet that an error quotes.
#[derive(Clone, Copy, Debug)]
pub struct Quoted {
    /// Its source.
    pub source: IpAddr,
    /// Its destination.
    pub destination: IpAddr,
    /// Its IP protocol.
    pub protocol: u8,
    /// Source and destination port, for TCP and UDP.
    pub ports: Option<(u16, u16)>,
    /// Identifier and sequence number of an echo.
    pub echo: Option<(u16, u16)>,
    /// Sequence number of a TCP segment.
    pub sequence: Option<u32>,
    /// IP identification; 0 for IPv6, unless it is a fragment.
    pub identification: u32,
    /// Where in its datagram it belongs, if it is a fragment.
    pub piece: Option<u32>,
}

impl std::fmt::Display for Quoted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self.protocol {
            1 | 58 => "ICMP",
            6 => "TCP",
            17 => "UDP",
            _ => "IP",
        };
        match self.ports {
            Some((a, b)) => write!(
                f,
                "{name} {} port {a} to {} port {b}",
                self.source, self.destination
            ),
            None => write!(f, "{name} {} to {}", self.source, self.destination),
        }
    }
}

/// The header of a fragment in IPv6 (RFC 8200 §4.5).
const FRAGMENT: u8 = 44;

/// Reads the quoted packet of an ICMP error.
pub(crate) fn quoted(packet: &Packet<'_>) -> Option<Quoted> {
    let layers = packet.layers.as_slice();
    let at = layers
        .iter()
        .position(|l| l.quoted && matches!(l.protocol, Protocol::Ipv4 | Protocol::Ipv6))?;
    let view = packet.view(&layers[at]);
    let (source, destination, mut protocol): (IpAddr, IpAddr, u8) = match layers[at].protocol {
        Protocol::Ipv4 => (
            Ipv4Addr::from(view.array::<4>(12)?).into(),
            Ipv4Addr::from(view.array::<4>(16)?).into(),
            view.u8(9)?,
        ),
        _ => (
            Ipv6Addr::from(view.array::<16>(8)?).into(),
            Ipv6Addr::from(view.array::<16>(24)?).into(),
            view.u8(6)?,
        ),
    };
    let mut result = Quoted {
        source,
        destination,
        protocol,
        ports: None,
        echo: None,
        sequence: None,
        identification: match layers[at].protocol {
            Protocol::Ipv4 => view.u16(4).map_or(0, u32::from),
            _ => 0,
        },
        piece: None,
    };
    match layers[at].protocol {
        Protocol::Ipv4 => {
            // More fragments, and the offset in units of eight bytes.
            let flags = view.u16(6).filter(|flags| flags & 0x3fff != 0);
            result.piece = flags.map(|flags| u32::from(flags & 0x1fff) * 8);
        }
        _ if protocol == FRAGMENT => {
            protocol = view.u8(40)?;
            let offset = view.u16(42).map(|offset| u32::from(offset & !7));
            result.piece = offset.filter(|_| view.u32(44).is_some());
            result.identification = view.u32(44).unwrap_or_default();
            if result.piece == Some(0) && protocol == 58 && view.u8(48) == Some(128) {
                result.echo = view.u16(52).zip(view.u16(54));
            }
        }
        _ => {}
    }
    if let Some(inner) = layers.get(at + 1).filter(|l| l.quoted) {
        let view = packet.view(inner);
        match inner.protocol {
            Protocol::Udp | Protocol::Tcp => {
                protocol = if inner.protocol == Protocol::Udp {
                    17
                } else {
                    6
                };
                result.ports = view.u16(0).zip(view.u16(2));
                result.sequence = view.u32(4).filter(|_| protocol == 6);
            }
            Protocol::Icmp | Protocol::Icmpv6 if matches!(view.u8(0), Some(8 | 128)) => {
                result.echo = view.u16(4).zip(view.u16(6));
            }
            _ => {}
        }
    }
    result.protocol = protocol;
    Some(result)
}
