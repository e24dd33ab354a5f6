//! One frame into layers, one file per protocol, and where and why it stopped.
//!
//! [`Packet::dissect`] walks the headers through etherparse's slice types, allocates nothing and
//! never fails: it keeps the layers it read and says where it stopped ([`Packet::stop`]). Field
//! values are read from a layer's bytes only when asked for: each protocol file has one
//! [`definition::Definition`], listed in [`tables`], with its names, how it is found, its `FIELDS`
//! table (name, type, sentence) and one `emit` that hands the values over in the order of
//! Wireshark's packet details. One `emit` per protocol and not one getter per field, because
//! `show` needs the tree's order (all of record 1, then all of record 2) and a DNS message would
//! otherwise be parsed once per field.
//!
//! **Invariant:** no state, no clock, no printing. What spans frames is `track`'s.

pub mod arp;
pub mod cdp;
pub mod checksum;
pub mod cooked;
mod cursor;
pub mod data;
pub mod definition;
pub mod dhcp;
pub mod dhcpv6;
pub mod dns;
pub mod ethernet;
pub mod field;
pub mod frame;
pub mod ftp;
pub mod http;
pub mod icmp;
pub mod icmpv6;
pub mod igmp;
pub mod imap;
pub mod ipv4;
pub mod ipv6;
pub mod layer;
mod lines;
pub mod lldp;
pub mod meaning;
pub mod named;
pub mod nbns;
pub mod ntp;
pub mod ospf;
pub(crate) mod outline;
pub mod pop;
pub mod ports;
pub mod rip;
pub mod smtp;
pub mod snmp;
pub mod ssh;
pub mod stp;
pub mod tables;
pub mod tcp;
pub mod telnet;
pub mod text;
pub mod tftp;
pub mod tls;
pub mod udp;
pub mod vendor;
mod walk;

pub use tables::{DEFINITIONS, MARKS, emit};
pub(crate) use walk::Usual;

use crate::capture::Frame;
use layer::{Layer, Layers, Protocol, Source, View};
use std::net::IpAddr;
use std::ops::Range;

/// Why dissection ended before the bytes did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The capture holds only the beginning of the frame.
    Snapped,
    /// A header contradicts itself or promises more than the frame had.
    Malformed,
}

/// What the outermost IP header says, as `track` needs it.
#[derive(Clone, Copy, Debug)]
pub struct Ip {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub ttl: u8,
    /// Protocol of the payload, after extension headers.
    pub protocol: u8,
    /// Identification (IPv6: of the fragment header, else 0).
    pub identification: u32,
    /// Offset of this fragment in bytes.
    pub fragment_offset: u32,
    /// More fragments follow.
    pub more_fragments: bool,
    /// Length that the header itself states: IPv4 total length, IPv6 payload length plus 40.
    pub stated_length: u32,
    /// Where the header starts in the frame.
    pub start: u32,
    /// Where the payload starts in the frame.
    pub payload_start: u32,
    /// Captured payload bytes.
    pub payload_captured: u32,
    /// Payload bytes by the header's length.
    pub payload_reported: u32,
}

impl Ip {
    /// Whether this is one piece of a larger datagram.
    pub fn is_fragment(&self) -> bool {
        self.more_fragments || self.fragment_offset > 0
    }
}

/// A UDP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// The length field: header and payload.
    pub stated_length: u16,
}

/// An ICMP or ICMPv6 message's first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// The identifier of an echo, or zero.
    pub identifier: u16,
    /// The sequence number of an echo, or zero.
    pub sequence: u16,
}

/// What the outermost IP packet carries.
#[derive(Clone, Copy, Debug, Default)]
pub enum Transport {
    /// Nothing that is followed further.
    #[default]
    None,
    /// TCP.
    Tcp(tcp::Segment),
    /// UDP.
    Udp(Datagram),
    /// ICMP.
    Icmp(Message),
    /// ICMPv6.
    Icmpv6(Message),
}

/// Hardware addresses: destination and source.
pub type Macs = ([u8; 6], [u8; 6]);

/// One frame, taken apart.
#[derive(Clone, Debug)]
pub struct Packet<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// The datagram that its fragment completed, when there is one.
    pub datagram: Option<&'a [u8]>,
    /// The layers from the outside in.
    pub layers: Layers,
    /// The outermost IP header; of a packet in a tunnel, the outermost in it.
    pub ip: Option<Ip>,
    /// The outermost IP header of the tunnel, with the hardware addresses of its frame.
    pub tunnel: Option<(Ip, Option<Macs>)>,
    /// What it carries.
    pub transport: Transport,
    /// Its payload: which bytes, from where, how many captured and how many promised.
    pub payload: Payload,
    /// The protocol above UDP, by its ports.
    pub application: Option<Protocol>,
    /// Why dissection ended early.
    pub stop: Option<Stop>,
    /// Hardware addresses of the link layer: destination and source.
    pub macs: Option<Macs>,
}

/// Where the bytes above the transport header are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Payload {
    /// Which bytes `start` counts in.
    pub source: Source,
    /// First byte.
    pub start: u32,
    /// Captured bytes.
    pub captured: u32,
    /// Bytes the lengths in the headers promise.
    pub reported: u32,
}

impl<'a> Packet<'a> {
    /// The virtual LAN of the outermost tag (IEEE 802.1Q).
    pub fn vlan(&self) -> Option<u16> {
        let tag = self.view(self.layers.find(Protocol::Vlan)?).u16(0)?;
        Some(tag & 0x0fff)
    }

    /// Takes a frame apart, as far as its bytes go.
    pub fn dissect(frame: Frame<'a>) -> Packet<'a> {
        let mut packet = Packet {
            frame,
            datagram: None,
            layers: Layers::default(),
            ip: None,
            tunnel: None,
            transport: Transport::None,
            payload: Payload::default(),
            application: None,
            stop: None,
            macs: None,
        };
        walk::frame(&mut packet);
        packet
    }

    /// Takes the next frame apart in the same place: a packet is large, and there are millions.
    #[inline]
    pub fn next(&mut self, frame: Frame<'a>) {
        self.frame = frame;
        self.datagram = None;
        self.layers.clear();
        self.ip = None;
        self.tunnel = None;
        self.transport = Transport::None;
        self.payload = Payload::default();
        self.application = None;
        self.stop = None;
        self.macs = None;
        walk::frame(self);
    }

    /// Goes on with the datagram that this frame's fragment completed.
    pub fn resume(&mut self, datagram: &'a [u8]) {
        self.datagram = Some(datagram);
        walk::datagram(self, datagram);
    }

    /// Calls the bytes above UDP, that nobody claims, what an earlier packet announced; `payload`
    /// tells where in them bytes begin that the protocol only carries.
    pub fn carries(&mut self, protocol: Protocol, payload: fn(&View<'_>) -> Option<usize>) {
        let Some(last) = self.layers.find(Protocol::Data).copied() else {
            return;
        };
        if last.start != self.payload.start {
            return;
        }
        self.application = Some(protocol);
        self.layers.drop_data();
        let name = protocol.name();
        self.layers.push(Layer {
            protocol,
            name,
            ..last
        });
        if let Some(at) = payload(&self.view(&last)).map(as_u32)
            && at < last.reported
        {
            self.layers.push(Layer {
                start: last.start + at.min(last.captured),
                captured: last.captured.saturating_sub(at),
                reported: last.reported - at,
                ..last
            });
        }
    }

    /// Gives the bytes above UDP, that nobody claims, these names from the outside in; `data` is
    /// what of them is nobody's all the same.
    pub(crate) fn named(&mut self, names: &[&'static str], data: Option<Range<usize>>) {
        let Some(last) = self.layers.find(Protocol::Data).copied() else {
            return;
        };
        if last.start != self.payload.start {
            return;
        }
        self.layers.drop_data();
        for name in names {
            self.layers.push(Layer {
                protocol: Protocol::Other,
                name,
                ..last
            });
        }
        if let Some(data) = data {
            let captured = as_usize(last.captured);
            self.layers.push(Layer {
                start: last.start + as_u32(data.start.min(captured)),
                captured: as_u32(data.end.min(captured).saturating_sub(data.start)),
                reported: as_u32(data.len()),
                ..last
            });
        }
    }

    /// Adds the name of what the innermost layer carries.
    pub(crate) fn carries_named(&mut self, name: Option<&'static str>) {
        if let (Some(name), Some(last)) = (name, self.layers.as_slice().last().copied()) {
            self.layers.push(Layer { name, ..last });
        }
    }

    /// The bytes of a layer.
    pub fn view(&self, layer: &Layer) -> View<'a> {
        let source: &'a [u8] = match layer.source {
            Source::Frame => self.frame.bytes,
            Source::Datagram => self.datagram.unwrap_or_default(),
            Source::Stream => &[],
        };
        let start = as_usize(layer.start).min(source.len());
        let end = (start + as_usize(layer.captured)).min(source.len());
        View {
            bytes: &source[start..end],
            reported: as_usize(layer.reported),
            quoted: layer.quoted,
        }
    }

    /// Where in the frame these bytes of its payload begin; `None` where the payload was put
    /// together from fragments.
    pub fn payload_start_of(&self, part: &[u8]) -> Option<usize> {
        if self.payload.source != Source::Frame {
            return None;
        }
        let skipped = part
            .as_ptr()
            .addr()
            .checked_sub(self.payload_bytes().as_ptr().addr())?;
        Some(as_usize(self.payload.start) + skipped)
    }

    /// The captured bytes above the transport header.
    pub fn payload_bytes(&self) -> &'a [u8] {
        let p = self.payload;
        let layer = Layer {
            protocol: Protocol::Data,
            quoted: false,
            source: p.source,
            start: p.start,
            captured: p.captured,
            reported: p.reported,
            name: "data",
        };
        self.view(&layer).bytes
    }
}

/// A position as an index.
pub(crate) fn as_usize(n: u32) -> usize {
    usize::try_from(n).expect("positions in a frame fit this machine's memory")
}

/// An index as a position; frames are shorter than four gigabytes.
pub(crate) fn as_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
