//! Packets that go round between routers: the same card sends them again and again, with a TTL that
//! falls.

use super::record::Record;
use crate::dissect::Ip;
use std::net::IpAddr;

/// How many frames of a loop are named.
const NAMED_OF_LOOP: usize = 100;
/// A packet that went round in a circle was sent again by the card that had sent it, so many times.
const ROUNDS: u32 = 3;
/// How many pairs of hosts whose packets went round are told apart.
pub(super) const LOOPS: usize = 256;

/// Packets of one host to another that the same card sent again and again, each time with a lower
/// TTL: they go round between routers.
#[derive(Debug)]
pub struct Loop {
    /// Who sent them.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
    /// How many packets.
    pub packets: u64,
    /// How many frames they are.
    pub count: u64,
    /// The TTL of the first frame of the first one, and its last one.
    pub ttls: (u8, u8),
    /// The first frames.
    pub frames: Vec<u32>,
}

/// All that went round.
#[derive(Default)]
pub struct Loops {
    /// In order of appearance.
    pub list: Vec<Loop>,
}

impl Loops {
    /// Takes in a packet that may have come round again; `same` are the earlier frames that held the
    /// same one, the oldest first.
    pub(super) fn follow(&mut self, ip: &Ip, same: &[&Record], record: &mut Record) {
        if !same.iter().any(|r| r.came_round_as(record)) {
            return;
        }
        let rounds = same.iter().map(|r| r.rounds).max().unwrap_or(0) + 1;
        record.rounds = rounds;
        if rounds < ROUNDS {
            return;
        }
        let mut known = self.list.iter();
        let known = known.position(|l| l.source == ip.source && l.destination == ip.destination);
        let place = known.unwrap_or(self.list.len());
        if place == LOOPS {
            return;
        }
        if place == self.list.len() {
            self.list.push(Loop {
                source: ip.source,
                destination: ip.destination,
                packets: 0,
                count: 0,
                ttls: (same[0].ttl, record.ttl),
                frames: Vec::new(),
            });
        }
        let told = &mut self.list[place];
        // The first rounds are told when it is sure.
        let first = if rounds == ROUNDS { same } else { &[] };
        told.packets += u64::from(rounds == ROUNDS);
        if told.packets == 1 {
            told.ttls.1 = told.ttls.1.min(record.ttl);
        }
        for frame in first.iter().map(|r| r.frame).chain([record.frame]) {
            told.count += 1;
            if told.frames.len() < NAMED_OF_LOOP {
                told.frames.push(frame);
            }
        }
    }

    /// How many copies are packets that came round again.
    pub fn looped(&self) -> u64 {
        self.list.iter().map(|l| l.count - l.packets).sum()
    }
}
