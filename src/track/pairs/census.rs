//! Who sent something in a capture, and who was sent something.

use crate::capture::Time;
use foldhash::fast::RandomState;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

/// Who sent something, and who was sent something alone.
#[derive(Debug, Default)]
pub struct Census {
    pub(super) sent: HashMap<IpAddr, Sent, RandomState>,
    pub(super) sent_to: HashSet<IpAddr, RandomState>,
    /// The time of the last frame of all.
    pub(super) end: Option<Time>,
}

/// What an address sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// The first frame.
    pub first: u32,
    /// The last frame.
    pub last: u32,
    /// Some of it no router passes on.
    pub on_link: bool,
}

/// An answer comes within this time, mostly: nanoseconds.
pub(crate) const ANSWER: i64 = 1_000_000_000;

impl Census {
    /// Whether the capture goes on so long after a question that an answer would be in it.
    pub fn goes_on(&self, question: Time) -> bool {
        self.end.is_some_and(|end| end.since(question) >= ANSWER)
    }

    /// What an address sent.
    pub fn sent(&self, address: IpAddr) -> Option<Sent> {
        self.sent.get(&address).copied()
    }

    /// Whether a packet for this address alone was captured: others of its packets may be missing
    /// then too, but their direction is seen here.
    pub fn was_sent_to(&self, address: IpAddr) -> bool {
        self.sent_to.contains(&address)
    }
}
