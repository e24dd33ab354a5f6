//! The packet that an ICMP error quotes.

use crate::dissect::Packet;
use crate::dissect::layer::Protocol;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The packet that an error quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quoted {
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
    /// How long it was by its header.
    pub length: Option<u32>,
    /// Whether it may not be divided on the way, which IPv6 does not do anyway.
    pub undivided: Option<bool>,
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
        length: None,
        undivided: None,
    };
    match layers[at].protocol {
        Protocol::Ipv4 => {
            result.length = view.u16(2).map(u32::from);
            result.undivided = view.u16(6).map(|flags| flags & 0x4000 != 0);
            // More fragments, and the offset in units of eight bytes.
            let flags = view.u16(6).filter(|flags| flags & 0x3fff != 0);
            result.piece = flags.map(|flags| u32::from(flags & 0x1fff) * 8);
        }
        _ if protocol == FRAGMENT => {
            result.length = view.u16(4).map(|length| u32::from(length) + 40);
            protocol = view.u8(40)?;
            let offset = view.u16(42).map(|offset| u32::from(offset & !7));
            result.piece = offset.filter(|_| view.u32(44).is_some());
            result.identification = view.u32(44).unwrap_or_default();
            if result.piece == Some(0) && protocol == 58 && view.u8(48) == Some(128) {
                result.echo = view.u16(52).zip(view.u16(54));
            }
        }
        _ => result.length = view.u16(4).map(|length| u32::from(length) + 40),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Frame, LinkType};

    /// What an error quotes, of a frame with these bytes.
    fn of(bytes: &[u8]) -> Option<Quoted> {
        let frame = Frame {
            number: 1,
            time: None,
            wire_length: crate::dissect::as_u32(bytes.len()),
            interface: 0,
            link: LinkType::ETHERNET,
            bytes,
        };
        quoted(&Packet::dissect(frame))
    }

    /// An error about a datagram whose header has these flags and offset.
    fn about(flags: u16) -> Quoted {
        let [high, low] = flags.to_be_bytes();
        let mut bytes = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
        bytes.extend([0x45, 0, 0, 56, 0, 1, 0, 0, 64, 1, 0, 0, 10, 0, 0, 2]);
        bytes.extend([10, 0, 0, 1, 3, 3, 0, 0, 0, 0, 0, 0]);
        bytes.extend([0x45, 0, 0, 28, 0, 9, high, low, 64, 17, 0, 0]);
        bytes.extend([10, 0, 0, 1, 10, 0, 0, 2, 0x13, 0x88, 0, 9, 0, 8, 0, 0]);
        of(&bytes).expect("it quotes a packet")
    }

    #[test]
    fn a_piece_is_what_has_an_offset_or_more_behind_it() {
        let piece = |flags: u16| about(flags).piece;
        assert_eq!((piece(0), piece(0x4000), piece(0x8000)), (None, None, None));
        assert_eq!((piece(0x2000), piece(0x6000)), (Some(0), Some(0)));
        assert_eq!((piece(0x2001), piece(0x0003)), (Some(8), Some(24)));
        assert_eq!(piece(0x3fff), Some(0x1fff * 8));
        let whole = about(0);
        assert_eq!((whole.protocol, whole.identification), (17, 9));
        assert_eq!(whole.ports, Some((5000, 9)));
        assert_eq!((whole.echo, whole.sequence), (None, None));
    }

    /// An error over IPv6 about a piece of an echo at this place.
    fn about_v6(offset: u16, kind: u8) -> Quoted {
        let [high, low] = offset.to_be_bytes();
        let header = |next: u8, length: u8| {
            let mut header = vec![0x60, 0, 0, 0, 0, length, next, 64];
            header.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
            header.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
            header
        };
        let mut bytes = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd];
        bytes.extend(header(58, 64));
        bytes.extend([1, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(header(44, 16));
        bytes.extend([58, 0, high, low, 0, 0, 0, 5]);
        bytes.extend([kind, 0, 0, 0, 0, 7, 0, 3]);
        of(&bytes).expect("it quotes a packet")
    }

    #[test]
    fn over_ipv6_its_header_is_behind_that_of_the_piece() {
        let first = about_v6(1, 128);
        assert_eq!((first.piece, first.identification), (Some(0), 5));
        assert_eq!((first.protocol, first.echo), (58, Some((7, 3))));
        assert_eq!(about_v6(1, 129).echo, None);
        let later = about_v6(16 | 1, 128);
        assert_eq!((later.piece, later.echo), (Some(16), None));
    }
}
