//! Packets over time into facts.
//!
//! **Invariant:** no output, no clock; time comes from frames. Hash tables only find things:
//! what is reported is in the order of first appearance.

pub(crate) mod arp;
pub(crate) mod behind;
mod capturing;
pub(crate) mod checksums;
mod chunks;
pub(crate) mod communities;
pub(crate) mod copies;
pub(crate) mod dhcp;
pub(crate) mod discovery;
pub(crate) mod dns;
pub(crate) mod eap;
pub(crate) mod fragments;
pub(crate) mod icmp;
pub(crate) mod messages;
pub(crate) mod pairs;
mod places;
pub(crate) mod promised;
mod redirects;
mod room;
pub(crate) mod situations;
pub(crate) mod ssdp;
pub(crate) mod stream;
pub(crate) mod tcp;
pub(crate) mod traces;
mod ttl;
pub(crate) mod udp;

use crate::capture::Frame;
use crate::dissect::layer::Protocol;
use crate::dissect::{Ip, Message, Packet, Transport, Usual, icmp as dissect_icmp, icmpv6};
use crate::facts::arp::Neighbour;
use crate::facts::dhcp::Lease;
use crate::facts::icmp::Ping;
use crate::facts::tcp::Opened;

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
    /// Segments one by one, when they were asked for.
    pub segments: tcp::segments::Segments,
    /// Messages in TCP streams.
    pub streams: stream::Streams,
    /// DHCP transactions.
    pub leases: dhcp::Leases,
    /// DNS questions.
    pub lookups: dns::Lookups,
    /// SNMP's communities.
    pub communities: communities::Communities,
    /// Echoes and errors.
    pub icmp: icmp::Echoes,
    /// Hosts that were told of a better router.
    pub redirects: redirects::Redirects,
}

/// What a capture says of who is where.
pub struct Neighbourhood {
    /// Whose hardware address is whose, as was said last.
    pub table: Vec<Neighbour>,
    /// Everything that was said of it.
    pub bindings: Vec<arp::Binding>,
    /// Who was given which address.
    pub leases: Vec<Lease>,
    /// Whose hardware addresses DHCP tells.
    pub stated: Vec<dhcp::Stated>,
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

    /// What the capture says of who is where, as it stands.
    pub fn neighbourhood(&self) -> Neighbourhood {
        let mut table = self.arp.table().to_vec();
        table.extend_from_slice(self.discovery.table());
        let mut bindings = self.arp.bindings().to_vec();
        bindings.extend_from_slice(self.discovery.bindings());
        let mut leases = self.leases.leases();
        dhcp::conflicts(&mut leases, &bindings);
        Neighbourhood {
            table,
            bindings,
            leases,
            stated: self.leases.stated().to_vec(),
        }
    }

    /// The same with all that hosts and next hops are decided from.
    pub fn known<'t>(&'t self, near: &'t Neighbourhood, pings: &[Ping]) -> pairs::Known<'t> {
        let routers = self.discovery.routers();
        let redirects = &self.redirects.0;
        let mut known = pairs::Known::new(near, routers, redirects, self.local());
        let told = (self.icmp.errors(), redirects.as_slice());
        known.shown(&self.pairs, told, &self.copies, &self.answered(pings));
        known
    }

    /// Requests that were surely answered: pings, questions to name servers, and the first SYNs.
    fn answered(&self, pings: &[Ping]) -> Vec<pairs::Answered> {
        // Of connections, the first few: they have to be told one by one.
        const CONNECTIONS: usize = 1000;
        let pinged = pings.iter().filter(|p| !p.reply_shared);
        let pinged =
            pinged.filter_map(|p| Some((p.source, p.destination, p.frame, p.reply_frame?)));
        let asked = self.lookups.lookups().iter();
        let asked =
            asked.filter_map(|l| Some((l.client?, l.server, l.query_frame?, l.response_frame?)));
        let called = (0..self.tcp.len().min(CONNECTIONS)).filter_map(|at| self.tcp.connection(at));
        let called = called.filter(|c| c.opened == Opened::Handshake);
        let called =
            called.filter_map(|c| Some((c.client, c.server, c.syn_frame?, c.synack_frame?)));
        let all = pinged.chain(asked).chain(called);
        let told = |(asker, asked, request, answer)| pairs::Answered {
            asker,
            asked,
            request,
            answer,
        };
        all.map(told).collect()
    }

    /// What had to be left out for want of room, each with how much.
    pub fn limits(&self) -> Vec<String> {
        let counts = [
            (
                self.pairs.overflow,
                "frames belong to more pairs of hosts than are listed",
            ),
            (
                self.arp.overflow,
                "ARP packets are not listed: there are too many",
            ),
            (
                self.leases.overflow,
                "DHCP messages are not listed with their transactions: there are too many",
            ),
            (
                self.lookups.overflow,
                "DNS records are not listed: there are too many",
            ),
            (
                self.fragments.overflow,
                "IP fragments are not listed: there are too many",
            ),
            (
                self.fragments.given_up,
                "fragmented datagrams were given up before they were whole, for want of room",
            ),
            (
                self.copies.unnamed(),
                "copies of frames are counted and not named: there are too many",
            ),
            (
                u64::from(self.tcp.later()),
                "TCP connections are not told one by one: their SYNs are not in the capture, or have the number of an earlier one, so that Wireshark's tcp.stream counts each with an earlier connection of the same ports",
            ),
            (
                self.segments.overflow,
                "TCP segments are not listed: there are too many",
            ),
        ];
        let told = counts.iter().filter(|(count, _)| *count > 0);
        told.map(|(count, what)| format!("{count} {what}"))
            .collect()
    }

    /// Takes in one frame, after `fragments` has been asked and the packet resumed. `fragments`
    /// is the number of frames that the datagram came in. A TCP segment comes back with its
    /// conversation, to be followed.
    #[inline]
    pub fn packet(&mut self, packet: &Packet<'_>, fragments: usize) -> Option<tcp::Seen> {
        let Some(ip) = &packet.ip else {
            self.copies.clock(&packet.frame);
            self.pairs.tunnel(packet);
            self.pairs.cut(packet);
            self.arp.packet(packet);
            return None;
        };
        self.pairs.packet(packet, ip);
        // Which of the pieces its sender summed up is not known.
        if !self.fragments.disagree_in(packet.frame.number) {
            self.checksums.packet(packet);
        }
        let copy_of = self.copies.packet(packet, ip);
        if let Some((original, _)) = copy_of {
            self.fragments.came_again(packet.frame.number, original);
        }
        if let Transport::Tcp(segment) = &packet.transport {
            return Some(self.tcp.find(packet, ip, segment, copy_of.map(|c| c.1)));
        }
        self.message(packet, ip, fragments, copy_of.map(|c| c.0));
        None
    }

    /// Takes in a usual frame, if that is all there is to it: a checksum that is looked at, a pair
    /// of hosts not met lately and a frame that may be a copy need the whole packet. Then nothing
    /// is done.
    #[inline]
    pub(crate) fn usual(&mut self, frame: &Frame<'_>, usual: &Usual) -> Option<tcp::Seen> {
        let pair = self.pairs.recent(usual)?;
        if !self.checksums.is_done() || !self.copies.usual(frame, usual) {
            return None;
        }
        self.pairs.usual(pair, frame, usual);
        Some(self.tcp.usual(frame, usual))
    }

    /// Takes in what is no TCP segment.
    #[inline(never)]
    fn message(&mut self, packet: &Packet<'_>, ip: &Ip, fragments: usize, copy_of: Option<u32>) {
        match &packet.transport {
            Transport::Udp(datagram) => {
                let note = self.udp.packet(packet, ip, datagram, fragments, copy_of);
                match packet.application {
                    Some(Protocol::Dhcp) => self.leases.packet(packet, copy_of),
                    Some(Protocol::Snmp) => {
                        let (frame, bytes) = (packet.frame.number, packet.payload_bytes());
                        self.communities.message(ip, datagram, frame, bytes);
                    }
                    Some(protocol @ (Protocol::Dns | Protocol::Mdns | Protocol::Llmnr)) => {
                        self.lookups.packet(packet, ip, protocol, note.stream);
                    }
                    _ => {}
                }
            }
            Transport::Icmp(message) | Transport::Icmpv6(message) => {
                self.icmp.packet(packet, ip, message, copy_of);
                self.redirects.packet(packet, ip, message);
                if matches!(packet.transport, Transport::Icmpv6(_)) {
                    self.discovery
                        .packet(packet, ip, message, copy_of.is_some());
                }
                let v6 = matches!(packet.transport, Transport::Icmpv6(_));
                if v6 && icmpv6::quotes(message.kind) || !v6 && dissect_icmp::quotes(message.kind) {
                    self.error(packet, ip, message, copy_of);
                }
            }
            Transport::None if ip.more_fragments && copy_of.is_none() => {
                self.icmp.piece(packet, ip);
            }
            Transport::Tcp(_) | Transport::None => {}
        }
    }

    /// Takes in an ICMP error: finds what it is about.
    fn error(&mut self, packet: &Packet<'_>, ip: &Ip, message: &Message, copy_of: Option<u32>) {
        let quoted = icmp::quoted(packet);
        // Later pieces of a datagram have no ports.
        let ports = |q: &icmp::Quoted| q.ports.is_some() || q.piece.is_some_and(|at| at > 0);
        let number = packet.frame.number;
        match &quoted {
            None => self.udp.cut_error(ip.destination, None, number),
            Some(q) if matches!(q.protocol, 6 | 17) && !ports(q) => {
                let about = (q.protocol, q.destination);
                self.udp.cut_error(ip.destination, Some(about), number);
            }
            Some(_) => {}
        }
        let Some(quoted) = quoted else {
            let about = icmp::About {
                copy_of,
                ..icmp::About::default()
            };
            return self.icmp.error(packet, ip, message, about);
        };
        // For the number only.
        self.udp.quoted(packet);
        let (mut frame, mut stream) = (None, None);
        let v6 = matches!(packet.transport, Transport::Icmpv6(_));
        let expired = icmp::ran_out(!v6, message.kind, message.code);
        let ran_out = expired.then(|| icmp::ran_out_after(ip.ttl));
        if quoted.protocol == 6 {
            let found = self.tcp.quoted(&quoted);
            stream = found.map(|stream| {
                let about = self.tcp.whose(stream, &quoted, ran_out, number);
                (stream, about)
            });
        }
        // The copy of an error is about what the error is about.
        if quoted.protocol == 17 && copy_of.is_none() {
            frame = self.udp.error(packet, message, &quoted, ran_out);
        }
        let about = icmp::About {
            quoted: Some(&quoted),
            frame,
            stream,
            ran_out,
            copy_of,
        };
        self.icmp.error(packet, ip, message, about);
    }
}
