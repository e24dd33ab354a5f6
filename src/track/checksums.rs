//! Checksums that are wrong or were not filled in, among the first frames of a capture.
//!
//! Adding up every byte of a long capture would cost more than all the rest of the analysis, and
//! what is wrong with checksums shows at once or hardly ever; so the first [`MOST`] packets are
//! looked at, and the report says so when there were more. Nothing is left out of the analysis
//! for its checksum, as Wireshark by default leaves out nothing.

use crate::dissect::Packet;
use crate::dissect::checksum::{self, Verdict};
use crate::dissect::layer::Protocol;
use std::net::IpAddr;

/// How many packets are looked at.
pub const MOST: u32 = 10_000;
/// How many frames and senders are named.
const NAMED: usize = 20;

/// Packets with the same thing to tell.
#[derive(Default)]
pub struct Found {
    /// How many.
    pub count: u32,
    /// The first of their frames.
    pub frames: Vec<u32>,
    /// Who sent them, the first few.
    pub senders: Vec<IpAddr>,
}

/// What was found of one kind of checksum.
pub struct Sum {
    /// Name of the protocol.
    pub name: &'static str,
    /// Those whose sum is wrong.
    pub bad: Found,
    /// Those whose sum was not filled in.
    pub unfilled: Found,
}

/// All kinds, in the order they were met.
#[derive(Default)]
pub struct Checksums {
    /// Packets looked at.
    pub seen: u32,
    /// Those with something to tell.
    pub sums: Vec<Sum>,
}

impl Checksums {
    /// Takes in an IP packet.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        if self.seen < MOST {
            self.look(packet);
        }
    }

    #[cold]
    fn look(&mut self, packet: &Packet<'_>) {
        self.seen += 1;
        if let Some(verdict) = checksum::header(packet) {
            self.count("IPv4 header", packet, verdict);
        }
        if let Some((protocol, verdict)) = checksum::transport(packet) {
            let name = match protocol {
                Protocol::Tcp => "TCP",
                Protocol::Udp => "UDP",
                Protocol::Icmp => "ICMP",
                _ => "ICMPv6",
            };
            self.count(name, packet, verdict);
        }
    }

    fn count(&mut self, name: &'static str, packet: &Packet<'_>, verdict: Verdict) {
        if !matches!(verdict, Verdict::Bad(_) | Verdict::NotFilledIn) {
            return;
        }
        let place = self.sums.iter().position(|s| s.name == name);
        let place = place.unwrap_or_else(|| {
            self.sums.push(Sum {
                name,
                bad: Found::default(),
                unfilled: Found::default(),
            });
            self.sums.len() - 1
        });
        let sum = &mut self.sums[place];
        let found = if verdict == Verdict::NotFilledIn {
            &mut sum.unfilled
        } else {
            &mut sum.bad
        };
        found.count += 1;
        if found.frames.len() < NAMED {
            found.frames.push(packet.frame.number);
        }
        if let Some(ip) = packet.ip
            && found.senders.len() < NAMED
            && !found.senders.contains(&ip.source)
        {
            found.senders.push(ip.source);
        }
    }
}
