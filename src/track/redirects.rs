//! Redirects (RFC 792, RFC 4861 §8): which router a host is told to use from now on.

use super::icmp::{Quoted, quoted};
use crate::dissect::layer::Protocol;
use crate::dissect::{Ip, Message, Packet, Transport};
use crate::track::room::Room;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Most redirects kept.
const MOST: usize = 65_536;

/// That a host was told of a better way.
#[derive(Clone, Copy, Debug)]
pub struct Redirect {
    /// Who was told.
    pub host: IpAddr,
    /// For which destination.
    pub destination: IpAddr,
    /// The better router, or the destination itself if it is on the link.
    pub gateway: IpAddr,
    /// In which frame.
    pub frame: u32,
    /// Who says so.
    pub sender: IpAddr,
    /// The card that it comes from.
    pub card: Option<[u8; 6]>,
}

/// All of them, in order.
#[derive(Default)]
pub struct Redirects(pub Vec<Redirect>);

impl Redirects {
    /// Takes in a message of ICMP.
    pub fn packet(&mut self, packet: &Packet<'_>, ip: &Ip, message: &Message) {
        let v6 = matches!(packet.transport, Transport::Icmpv6(_));
        if message.kind != (if v6 { 137 } else { 5 }) || !self.0.has_room(MOST) {
            return;
        }
        let destination = if v6 {
            six(packet, ip, 24)
        } else {
            quoted(packet).map(|q: Quoted| q.destination)
        };
        if let (Some(gateway), Some(destination)) = (gateway(packet, ip, message), destination) {
            self.0.push(Redirect {
                host: ip.destination,
                destination,
                gateway,
                frame: packet.frame.number,
                sender: ip.source,
                card: packet.macs.map(|macs| macs.1),
            });
        }
    }
}

/// The router that a redirect names.
pub(super) fn gateway(packet: &Packet<'_>, ip: &Ip, message: &Message) -> Option<IpAddr> {
    match (packet.transport, message.kind) {
        (Transport::Icmp(_), 5) => {
            let view = packet.view(packet.layers.find(Protocol::Icmp)?);
            Some(Ipv4Addr::from(view.array::<4>(4)?).into())
        }
        (Transport::Icmpv6(_), 137) => six(packet, ip, 8),
        _ => None,
    }
}

/// An address in a redirect of IPv6. One that has crossed a router is none (RFC 4861 §8.1).
fn six(packet: &Packet<'_>, ip: &Ip, at: usize) -> Option<IpAddr> {
    let layer = packet.layers.find(Protocol::Icmpv6)?;
    let address = packet.view(layer).array::<16>(at)?;
    (ip.ttl == 255).then(|| Ipv6Addr::from(address).into())
}
