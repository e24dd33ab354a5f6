//! Packets over time into facts.
//!
//! **Invariant:** no output, no clock; time comes from frames. Hash tables only find things:
//! what is reported is in the order of first appearance.

pub mod arp;
pub mod behind;
mod capturing;
pub mod checksums;
mod chunks;
pub mod copies;
pub mod dhcp;
pub mod discovery;
pub mod dns;
pub mod eap;
pub mod fragments;
pub mod icmp;
pub mod messages;
pub mod pairs;
pub mod situations;
pub mod ssdp;
pub mod stream;
pub mod tcp;
pub mod udp;

use crate::dissect::layer::Protocol;
use crate::dissect::{Packet, Transport};
use crate::facts::network::Hop;

/// Everything that is followed over time, one field a kind.
#[derive(Default)]
pub struct Trackers {
    /// IP fragments; asked before the others, since it completes packets.
    pub fragments: fragments::Fragments,
    /// Frames captured twice.
    pub copies: copies::Copies,
    /// Wrong checksums.
    pub checksums: checksums::Checksums,
    /// Pairs of hosts.
    pub pairs: pairs::Pairs,
    /// ARP.
    pub arp: arp::Requests,
    /// IPv6 neighbour discovery.
    pub discovery: discovery::Discovery,
    /// TCP connections: found here, followed by [`behind`].
    pub tcp: tcp::Connections,
    /// UDP flows.
    pub udp: udp::Flows,
    /// Messages in TCP streams.
    pub streams: stream::Streams,
    /// DHCP transactions.
    pub leases: dhcp::Leases,
    /// DNS questions.
    pub lookups: dns::Lookups,
    /// Echoes and errors.
    pub icmp: icmp::Echoes,
}

/// What the trackers say of one frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct Notes {
    /// Of its ARP packet.
    pub arp: arp::Note,
    /// Of its TCP segment.
    pub tcp: Option<tcp::Note>,
    /// Of its UDP datagram.
    pub udp: Option<udp::Note>,
    /// Of its DNS message.
    pub dns: Option<dns::Note>,
    /// Of its echo.
    pub icmp: Option<icmp::Note>,
}

impl Trackers {
    /// What DHCP told about the local network.
    pub fn local(&self) -> pairs::Local {
        self.leases.local()
    }

    /// Whose hardware address the frames of each pair of hosts were sent to.
    pub fn next_hops(&self) -> Vec<Hop> {
        let mut table = self.arp.table().to_vec();
        table.extend_from_slice(self.discovery.table());
        let (routers, leases) = (self.discovery.routers(), self.leases.leases());
        let known = pairs::Known::new(&table, routers, leases, self.local());
        self.pairs.next_hops(&known)
    }

    /// Takes in one frame that is not told of: only the numbers of conversations and flows, and
    /// what their next segments are compared with, depend on it.
    pub fn pass_over(&mut self, packet: &Packet<'_>) -> Option<tcp::Seen> {
        let ip = packet.ip?;
        match &packet.transport {
            Transport::Tcp(segment) => {
                let mut seen = self.tcp.find(packet, &ip, segment);
                seen.hidden = true;
                Some(seen)
            }
            Transport::Udp(datagram) => {
                self.udp.find(packet, &ip, datagram);
                None
            }
            _ => None,
        }
    }

    /// Takes in one frame, after `fragments` has been asked and the packet resumed. `fragments`
    /// is the number of frames that the datagram came in. A TCP segment comes back with its
    /// conversation, to be followed.
    pub fn packet(&mut self, packet: &Packet<'_>, fragments: usize) -> Option<tcp::Seen> {
        let Some(ip) = &packet.ip else {
            self.arp.packet(packet);
            return None;
        };
        self.pairs.packet(packet, ip);
        self.checksums.packet(packet);
        let copy = self.copies.packet(packet, ip);
        match &packet.transport {
            Transport::Tcp(segment) => {
                let mut seen = self.tcp.find(packet, ip, segment);
                seen.copy = copy;
                return Some(seen);
            }
            Transport::Udp(datagram) => {
                let note = self.udp.packet(packet, ip, datagram, fragments);
                match packet.application {
                    Some(Protocol::Dhcp) => self.leases.packet(packet),
                    Some(protocol @ (Protocol::Dns | Protocol::Mdns | Protocol::Llmnr)) => {
                        self.lookups.packet(packet, ip, protocol, note.stream);
                    }
                    _ => {}
                }
            }
            Transport::Icmp(message) | Transport::Icmpv6(message) => {
                self.icmp.packet(packet, ip, message);
                if matches!(packet.transport, Transport::Icmpv6(_)) {
                    self.discovery.packet(packet, ip, message);
                }
                if let Some(quoted) = icmp::quoted(packet) {
                    // For the number only.
                    self.udp.quoted(packet);
                    let mut about = None;
                    if let (17, Some((from, to))) = (quoted.protocol, quoted.ports) {
                        let ends = ((quoted.source, from), (quoted.destination, to));
                        let refused = match packet.transport {
                            Transport::Icmp(_) => (message.kind, message.code) == (3, 3),
                            _ => (message.kind, message.code) == (1, 4),
                        };
                        about = self.udp.error(ends.0, ends.1, packet.frame.number, refused);
                    }
                    self.icmp.error(packet, ip, message, &quoted, about);
                }
            }
            Transport::None => {}
        }
        None
    }
}
