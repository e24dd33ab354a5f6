//! Who sent something in a capture, and who was sent something.

use crate::capture::Time;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::net::IpAddr;

/// Who sent something, and who was sent something alone.
#[derive(Debug, Default)]
pub struct Census {
    pub(super) seen: HashMap<IpAddr, (Option<u32>, bool), RandomState>,
    /// The time of the last frame of all.
    pub(super) end: Option<Time>,
}

/// An answer comes within this time, mostly: nanoseconds.
pub(crate) const ANSWER: i64 = 1_000_000_000;

impl Census {
    /// Whether the capture goes on so long after a question that an answer would be in it.
    pub fn goes_on(&self, question: Time) -> bool {
        self.end.is_some_and(|end| end.since(question) >= ANSWER)
    }

    /// The first frame that an address sent.
    pub fn sent(&self, address: IpAddr) -> Option<u32> {
        self.seen.get(&address)?.0
    }

    /// Whether a packet for this address alone was captured: others of its packets may be missing
    /// then too, but their direction is seen here.
    pub fn was_sent_to(&self, address: IpAddr) -> bool {
        self.seen.get(&address).is_some_and(|seen| seen.1)
    }
}
