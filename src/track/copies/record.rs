//! What is kept of a frame to be sure that another holds the same packet.

use super::{CLOCKS, ROUTED_WITHIN, WITHIN, is_held, one_card, tells_apart};
use crate::capture::{LinkType, Time};
use crate::dissect::{Ip, Packet, Transport, as_usize, checksum, tcp};
use crate::facts::situation::Difference;
use std::net::IpAddr;

/// What must be known of a frame to be sure that another is its copy.
#[derive(Default)]
pub(super) struct Record {
    /// 0 marks an empty place.
    pub(super) frame: u32,
    pub(super) time: Time,
    /// The IP packet as captured, without TTL and header checksum.
    bytes: Vec<u8>,
    /// Where in them the transport checksum stands, and what it holds until a card fills it in.
    unfilled: Option<(usize, u16)>,
    /// How long it is by its header.
    stated_length: u32,
    pub(super) identification: u32,
    pub(super) ttl: u8,
    interface: u32,
    link: LinkType,
    /// Length of what comes before the IP header, and its bytes but hardware addresses.
    below: (u32, [u8; 8]),
    macs: Option<([u8; 6], [u8; 6])>,
    /// A TCP segment with payload, SYN or FIN.
    takes_numbers: bool,
    /// How often the card that sent it had sent it before, or the other that sends it in turn.
    pub(super) rounds: u32,
    /// How often the same has come by now, with nothing that differs.
    pub(super) times: u32,
}

impl Record {
    /// Keeps a frame in the memory of an earlier one.
    pub(super) fn fill(&mut self, packet: &Packet<'_>, ip: &Ip) {
        let frame = packet.frame;
        let mut below = [0; 8];
        // After the addresses of Ethernet; of a cooked frame the packet type and the interface.
        let from = if frame.link == LinkType::ETHERNET {
            12
        } else {
            0
        };
        let end = as_usize(ip.start).min(frame.bytes.len());
        let bytes = frame.bytes.get(from..end).unwrap_or_default();
        for (kept, byte) in below.iter_mut().zip(bytes) {
            *kept = *byte;
        }
        if frame.link == LinkType::LINUX_SLL2 {
            // Protocol, reserved, interface index; then the packet type, in byte 10.
            below[1] = frame.bytes.get(10).copied().unwrap_or_default();
        }
        let start = as_usize(ip.start).min(frame.bytes.len());
        let rest = &frame.bytes[start..];
        let stated = match ip.stated_length {
            // Segmentation offload: all there is.
            0 => rest.len(),
            stated => as_usize(stated),
        };
        let whole = &rest[..rest.len().min(stated)];
        // TTL and header checksum, or hop limit.
        let masked: &[usize] = match ip.source {
            IpAddr::V4(_) => &[8, 10, 11],
            IpAddr::V6(_) => &[7],
        };
        self.bytes.clear();
        self.bytes.extend_from_slice(whole);
        for at in masked {
            if let Some(byte) = self.bytes.get_mut(*at) {
                *byte = 0;
            }
        }
        self.unfilled = checksum::unfilled(packet)
            .and_then(|(at, sum)| Some((at.checked_sub(as_usize(ip.start))?, sum)));
        self.frame = frame.number;
        self.time = frame.time.unwrap_or_default();
        self.stated_length = ip.stated_length;
        self.identification = ip.identification;
        self.ttl = ip.ttl;
        self.interface = frame.interface;
        self.link = frame.link;
        self.below = (ip.start, below);
        self.macs = packet.macs;
        self.takes_numbers = matches!(&packet.transport, Transport::Tcp(segment)
            if !segment.has(tcp::RST)
                && (segment.has(tcp::SYN) || segment.has(tcp::FIN) || segment.length > Some(0)));
        self.rounds = 0;
    }

    /// Whether the same card sent this packet again to the same one, after routers had counted its
    /// TTL down: two at least, for one alone sends it back by the way it came.
    pub(super) fn came_round_as(&self, later: &Record) -> bool {
        let apart = later.time.since(self.time);
        let limit = if tells_apart(later.identification) {
            ROUTED_WITHIN
        } else {
            WITHIN
        };
        self.ttl > later.ttl.saturating_add(1)
            && self.interface == later.interface
            && self.below == later.below
            && self.macs.is_some_and(|(to, _)| to[0] & 1 == 0)
            && self.macs == later.macs
            && (0..=limit).contains(&apart)
    }

    /// Whether this is the same packet, as far as both were captured.
    pub(super) fn same(&self, later: &Record) -> bool {
        let common = self.bytes.len().min(later.bytes.len());
        let (own, other) = (&self.bytes[..common], &later.bytes[..common]);
        self.stated_length == later.stated_length && (own == other || self.is_filled_in(own, other))
    }

    /// Whether two packets differ in nothing but a checksum that one of them leaves to a card.
    fn is_filled_in(&self, own: &[u8], other: &[u8]) -> bool {
        let Some((at, sum)) = self.unfilled else {
            return false;
        };
        let is_left = |bytes: &&[u8]| bytes.get(at..at + 2) == Some(&sum.to_be_bytes());
        [own, other].iter().any(is_left)
            && own.get(..at) == other.get(..at)
            && own.get(at + 2..) == other.get(at + 2..)
    }

    /// The card that this frame went to and the later one comes from.
    pub(super) fn relayed_by(&self, later: &Record) -> Option<[u8; 6]> {
        let (before, after) = self.macs.zip(later.macs)?;
        let relayed = before.0 == after.1 && before.1 != after.1 && before.0[0] & 1 == 0;
        relayed.then_some(before.0)
    }

    /// The card that got the one of these two copies and passed it on as the other, with their frames:
    /// whichever was captured first, one router's step lies between them.
    pub(super) fn passed_as(&self, later: &Record) -> Option<([u8; 6], (u32, u32))> {
        let (before, after) = if self.ttl > later.ttl {
            (self, later)
        } else {
            (later, self)
        };
        let (to, from) = (before.macs?, after.macs?);
        let step = before.ttl == after.ttl.saturating_add(1);
        let single = to.0[0] & 1 == 0 && to.0 != [0; 6];
        let passed = step && single && to.1 != from.1 && to.0 != from.0;
        passed.then_some((to.0, (before.frame, after.frame)))
    }

    /// What differs when `later` holds the same packet; `None` when it is another.
    pub(super) fn copied_as(&self, later: &Record) -> Option<Difference> {
        if self.frame == 0 {
            return None;
        }
        // The frame goes on from where the earlier one went to, and was numbered by its sender.
        let routed = self.ttl.checked_sub(1) == Some(later.ttl)
            && tells_apart(later.identification)
            && self.relayed_by(later).is_some();
        let limit = if routed { ROUTED_WITHIN } else { WITHIN };
        // Routers are passed in order of time, but two interfaces may be read in any order.
        let first = if self.interface == later.interface {
            0
        } else {
            -WITHIN
        };
        let apart = later.time.since(self.time);
        let elsewhere = self.interface != later.interface
            && tells_apart(later.identification)
            && (-CLOCKS..=CLOCKS).contains(&apart);
        // A cooked frame tells the interface and the direction: what is between may hold the packet.
        let cooked = self.link == later.link
            && matches!(later.link, LinkType::LINUX_SLL | LinkType::LINUX_SLL2);
        let held = cooked
            && self.below != later.below
            && is_held((self.identification, later.identification), apart);
        let near = (first..=limit).contains(&apart) || elsewhere || held;
        // Between two places there may be any number of routers.
        let counted = elsewhere || self.ttl.abs_diff(later.ttl) <= 1;
        let round = self.came_round_as(later);
        let meant = self.interface == later.interface
            && self.ttl != later.ttl
            && one_card(self.macs, later.macs);
        if !(round || near && counted && !meant) || !self.same(later) {
            return None;
        }
        let one_link = self.interface == later.interface && self.below == later.below && !cooked;
        let difference = if self.ttl != later.ttl && one_link && self.relayed_by(later).is_some() {
            Difference::SameLink
        } else if self.ttl != later.ttl {
            Difference::Hop
        } else if self.interface != later.interface || (cooked && self.below != later.below) {
            Difference::Interface
        } else if self.below != later.below {
            Difference::Tag
        } else if self.macs != later.macs {
            Difference::Address
        } else if tells_apart(later.identification) {
            Difference::None
        } else if later.takes_numbers {
            Difference::Unnumbered
        } else {
            return None;
        };
        Some(difference)
    }
}
