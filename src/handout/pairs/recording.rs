//! What is kept of the packets of one capture, to find them again in another: little, since there
//! may be millions.

use crate::capture::{Batch, Ending, Frame, Reader};
use crate::dissect::{self, Ip, Message, Packet, Transport, arp, as_u32, as_usize, tcp};
use crate::dissect::{icmp, icmpv6};
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;

/// Packets of one capture that are compared, at most: they take half a gigabyte.
pub const MOST: usize = 4_000_000;

/// How many bytes of a payload each of the hashes stands for; the last one for all of it. Two
/// captures that were cut at different lengths are compared as far as both go.
pub(super) const RUNGS: [usize; 4] = [16, 64, 256, usize::MAX];
/// Stands for a hash of bytes that were not captured.
const UNKNOWN: u32 = 0;
/// Stands for no time, as in the year 1677.
const NO_TIME: i64 = i64::MIN;
/// Stands for no hardware addresses.
const NO_MACS: u32 = u32::MAX;

/// Who talks to whom. Of a ping the port is its identifier, at the end that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Flow {
    /// Number of the protocol that IP carries; none of ARP.
    pub protocol: Option<u8>,
    pub source: IpAddr,
    pub destination: IpAddr,
    pub source_port: Option<u16>,
    pub destination_port: Option<u16>,
}

impl Flow {
    /// The way back.
    pub(super) fn reversed(self) -> Flow {
        Flow {
            source: self.destination,
            destination: self.source,
            source_port: self.destination_port,
            destination_port: self.source_port,
            ..self
        }
    }
}

/// What is kept of one packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// Its frame.
    pub frame: u32,
    /// Its place among the flows.
    pub flow: u32,
    /// Of everything in its headers that neither routers nor translations touch.
    pub key: u64,
    time: i64,
    macs: u32,
    /// Of the first bytes of its payload.
    rungs: [u32; RUNGS.len()],
    pub length: u32,
    pub header_checksum: Option<u16>,
    pub checksum: Option<u16>,
    pub ttl: u8,
    pub service: u8,
    /// Whether no other packet of these two hosts looks like it for a long time.
    pub telling: bool,
    /// Whether nothing else in the network looks like it.
    pub single: bool,
    /// Whether it is a fragment that holds no ports.
    pub later_fragment: bool,
}

impl Held {
    /// When it was captured, in nanoseconds since 1970.
    pub(super) fn time(&self) -> Option<i64> {
        (self.time != NO_TIME).then_some(self.time)
    }

    /// Whether the payloads are the same, as far as both were captured.
    pub(super) fn agrees(&self, other: &Held) -> bool {
        let both = self.rungs.iter().zip(&other.rungs);
        both.rev()
            .find(|(a, b)| **a != UNKNOWN && **b != UNKNOWN)
            .is_none_or(|(a, b)| a == b)
    }

    /// The key together with the payload's beginning, up to a rung.
    pub(super) fn key_with(&self, rung: Option<usize>) -> u64 {
        match rung {
            Some(rung) => mix(self.key, u64::from(self.rungs[rung])),
            None => self.key,
        }
    }
}

/// Two numbers into one.
pub(super) fn mix(a: u64, b: u64) -> u64 {
    FixedState::with_seed(13).hash_one((a, b))
}

/// The packets of one capture.
#[derive(Debug, Default)]
pub struct Recording {
    pub(super) held: Vec<Held>,
    pub(super) flows: Vec<Flow>,
    flow_places: HashMap<Flow, u32, FixedState>,
    macs: Vec<([u8; 6], [u8; 6])>,
    mac_places: HashMap<([u8; 6], [u8; 6]), u32, FixedState>,
    /// The least that was captured of a payload that was cut.
    pub(super) cut_at: Option<usize>,
    /// Packets of IP and ARP, kept or not.
    pub packets: u64,
    /// Frames of other protocols, or cut before their addresses: they are not compared.
    pub others: u64,
}

impl Recording {
    /// Reads a capture to its end.
    pub fn read(mut reader: Reader) -> (Recording, Ending) {
        let mut recording = Recording::default();
        let mut batch = Batch::new();
        while reader.next_batch(&mut batch) {
            for frame in batch.frames() {
                recording.frame(frame, MOST);
            }
        }
        (recording, reader.finish())
    }

    /// Whether there were more packets than are kept.
    pub fn is_part(&self) -> bool {
        u64::try_from(self.compared()).is_ok_and(|held| held < self.packets)
    }

    /// Takes in one frame, unless there are `most` already.
    pub fn frame(&mut self, frame: Frame<'_>, most: usize) {
        let packet = Packet::dissect(frame);
        let Some(seen) = Look::at(&packet) else {
            self.others += 1;
            return;
        };
        self.packets += 1;
        if self.held.len() >= most {
            return;
        }
        if seen.payload.len() < seen.stated {
            let least = self.cut_at.unwrap_or(usize::MAX);
            self.cut_at = Some(least.min(seen.payload.len()));
        }
        let state = FixedState::with_seed(11);
        let rungs = RUNGS.map(|rung| {
            let some = seen.payload.get(..rung.min(seen.stated));
            some.map_or(UNKNOWN, |b| low(state.hash_one(b)) | 1)
        });
        let flow = place(&mut self.flows, &mut self.flow_places, seen.flow);
        let macs = packet.macs.map_or(NO_MACS, |pair| {
            place(&mut self.macs, &mut self.mac_places, pair)
        });
        self.held.push(Held {
            frame: frame.number,
            flow,
            key: state.hash_one((seen.fixed, seen.stated)),
            time: frame.time.map_or(NO_TIME, |t| t.0),
            macs,
            rungs,
            length: frame.wire_length,
            header_checksum: seen.header_checksum,
            checksum: seen.checksum,
            ttl: seen.ttl,
            service: seen.service,
            telling: seen.telling,
            single: seen.single,
            later_fragment: seen.later_fragment,
        });
    }

    /// How many packets are compared.
    pub fn compared(&self) -> usize {
        self.held.len()
    }

    /// The first and the last time.
    pub(super) fn span(&self) -> Option<(i64, i64)> {
        let times = self.held.iter().filter_map(Held::time);
        Some((times.clone().min()?, times.max()?))
    }

    pub(super) fn flow(&self, held: &Held) -> &Flow {
        &self.flows[as_usize(held.flow)]
    }

    /// Destination and source.
    pub(super) fn macs(&self, held: &Held) -> Option<([u8; 6], [u8; 6])> {
        self.macs.get(as_usize(held.macs)).copied()
    }
}

/// The place of a value in a list of different ones.
fn place<T: Copy + Eq + Hash>(
    list: &mut Vec<T>,
    places: &mut HashMap<T, u32, FixedState>,
    value: T,
) -> u32 {
    *places.entry(value).or_insert_with(|| {
        list.push(value);
        as_u32(list.len() - 1)
    })
}

fn low(hash: u64) -> u32 {
    u32::try_from(hash & u64::from(u32::MAX)).unwrap_or_default()
}

/// Numbers of a header that stay the same on the way.
type Fixed = [u64; 6];

/// One packet, as far as comparing needs it.
struct Look<'a> {
    flow: Flow,
    fixed: Fixed,
    /// The captured payload, and how long it was on the wire.
    payload: &'a [u8],
    stated: usize,
    header_checksum: Option<u16>,
    checksum: Option<u16>,
    ttl: u8,
    service: u8,
    telling: bool,
    single: bool,
    later_fragment: bool,
}

impl<'a> Look<'a> {
    fn at(packet: &Packet<'a>) -> Option<Look<'a>> {
        match &packet.ip {
            Some(ip) => Some(Look::at_ip(packet, ip)),
            None => Look::at_arp(packet),
        }
    }

    fn at_arp(packet: &Packet<'a>) -> Option<Look<'a>> {
        let layer = packet.layers.find(dissect::layer::Protocol::Arp)?;
        let arp = arp::parse(&packet.view(layer))?;
        let mac = |m: [u8; 6]| m.iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
        let (sender, target) = (mac(arp.sender_mac), mac(arp.target_mac));
        Some(Look {
            flow: Flow {
                protocol: None,
                source: arp.sender.into(),
                destination: arp.target.into(),
                source_port: None,
                destination_port: None,
            },
            fixed: [arp.opcode.into(), sender, target, 0, 0, 0],
            payload: &[],
            stated: 0,
            header_checksum: None,
            checksum: None,
            ttl: 0,
            service: 0,
            telling: false,
            single: false,
            later_fragment: false,
        })
    }

    fn at_ip(packet: &Packet<'a>, ip: &Ip) -> Look<'a> {
        let bytes = packet.frame.bytes;
        let word = |at: usize| two(bytes.get(as_usize(ip.start) + at..).unwrap_or_default());
        let v4 = ip.source.is_ipv4();
        let (service, header_checksum) = if v4 {
            (word(0).unwrap_or_default() & 0xff, word(10))
        } else {
            (word(0).unwrap_or_default() >> 4 & 0xff, None)
        };
        let start = as_usize(ip.payload_start).min(bytes.len());
        let end = start.saturating_add(as_usize(ip.payload_captured));
        let payload = &bytes[start..end.min(bytes.len())];
        let mut look = Look {
            flow: Flow {
                protocol: Some(ip.protocol),
                source: ip.source,
                destination: ip.destination,
                source_port: None,
                destination_port: None,
            },
            fixed: [
                u64::from(ip.protocol) << 32 | u64::from(ip.identification),
                u64::from(ip.fragment_offset) << 1 | u64::from(ip.more_fragments),
                if v4 { 4 } else { flow_label(&word) },
                0,
                0,
                0,
            ],
            payload,
            stated: as_usize(ip.payload_reported).max(payload.len()),
            header_checksum,
            checksum: None,
            ttl: ip.ttl,
            service: u8::try_from(service).unwrap_or_default(),
            telling: ip.identification != 0,
            single: ip.identification != 0,
            later_fragment: ip.fragment_offset > 0,
        };
        match &packet.transport {
            _ if look.later_fragment => look.telling = false,
            Transport::Tcp(segment) => look.tcp(segment, packet),
            Transport::Udp(datagram) => {
                let ports = (datagram.source_port, datagram.destination_port);
                look.ports(ports, 8, 6);
            }
            Transport::Icmp(message) => look.message(message, false),
            Transport::Icmpv6(message) => look.message(message, true),
            // The first fragment of a datagram holds its header.
            Transport::None if ip.more_fragments => look.first_fragment(ip.protocol),
            Transport::None => {}
        }
        look.single &= look.stated >= 8 && !look.payload.is_empty() || ip.protocol == 6;
        look
    }

    /// Goes on behind a transport header, the checksum of which is at `checksum`.
    fn ports(&mut self, (from, to): (u16, u16), length: usize, checksum: usize) {
        self.flow.source_port = Some(from);
        self.flow.destination_port = Some(to);
        self.behind(length, checksum);
    }

    fn behind(&mut self, length: usize, checksum: usize) {
        self.checksum = self.payload.get(checksum..).and_then(two);
        self.payload = self.payload.get(length..).unwrap_or_default();
        self.stated = self.stated.saturating_sub(length);
    }

    fn tcp(&mut self, segment: &tcp::Segment, packet: &Packet<'a>) {
        self.ports((segment.source_port, segment.destination_port), 20, 16);
        // Behind the options: a router may change the largest segment that a SYN allows.
        self.payload = packet.payload_bytes();
        self.stated = as_usize(packet.payload.reported).max(self.payload.len());
        self.fixed[3] = u64::from(segment.seq) << 32 | u64::from(segment.ack);
        self.fixed[4] = segment.flags.into();
        let numbered = segment.seq != 0 && (segment.ack != 0 || segment.has(tcp::SYN));
        self.telling |= numbered;
        // Scanners and RSTs count from zero.
        self.single &= segment.seq > 0xffff;
    }

    fn message(&mut self, message: &Message, v6: bool) {
        self.fixed[3] = u64::from(message.kind) << 8 | u64::from(message.code);
        let echo = if v6 { [128, 129] } else { [8, 0] };
        let errors = if v6 {
            icmpv6::quotes(message.kind)
        } else {
            icmp::quotes(message.kind)
        };
        self.fixed[4] = message.sequence.into();
        if message.kind == echo[0] {
            self.flow.source_port = Some(message.identifier);
        } else if message.kind == echo[1] {
            self.flow.destination_port = Some(message.identifier);
        }
        self.behind(8, 2);
        if errors {
            // The quoted packet is translated, too, and its checksums with it.
            let identification = if v6 {
                None
            } else {
                self.payload.get(4..).and_then(two)
            };
            let length = self.payload.get(if v6 { 4 } else { 2 }..).and_then(two);
            self.fixed[4] = 0;
            self.fixed[5] = u64::from(identification.unwrap_or_default()) << 16
                | u64::from(length.unwrap_or_default());
            self.payload = &[];
            self.stated = 0;
        } else if !echo.contains(&message.kind) {
            self.telling = false;
        }
    }

    fn first_fragment(&mut self, protocol: u8) {
        let (first, second) = (two(self.payload), self.payload.get(2..).and_then(two));
        match (protocol, first.zip(second)) {
            (6, Some(ports)) => self.ports(ports, 20, 16),
            (17, Some(ports)) => self.ports(ports, 8, 6),
            (1 | 58, Some((kind, _))) => {
                let identifier = self.payload.get(4..).and_then(two);
                self.fixed[3] = kind.into();
                self.fixed[4] = self
                    .payload
                    .get(6..)
                    .and_then(two)
                    .unwrap_or_default()
                    .into();
                match kind >> 8 {
                    8 | 128 => self.flow.source_port = identifier,
                    0 | 129 => self.flow.destination_port = identifier,
                    _ => {}
                }
                self.behind(8, 2);
            }
            _ => {}
        }
    }
}

fn flow_label(word: &impl Fn(usize) -> Option<u16>) -> u64 {
    let (high, low) = (word(0).unwrap_or_default(), word(2).unwrap_or_default());
    u64::from(high & 0xf) << 16 | u64::from(low) | 6 << 32
}

fn two(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk::<2>().map(|b| u16::from_be_bytes(*b))
}
