//! What the two formats share: where records go, and how a walk through a chunk ends.

use super::Verdict;
use super::about::About;
use super::batch::{Comment, Record};
use super::remarks::{Cause, Remarks};

/// The largest frame anybody records; Wireshark refuses larger ones as well
/// (`WTAP_MAX_PACKET_SIZE_STANDARD`).
pub(super) const LARGEST_FRAME: u32 = 262_144;

/// Where a walk puts what it finds.
pub(super) struct Output<'a> {
    pub(super) records: &'a mut Vec<Record>,
    pub(super) comments: &'a mut Vec<Comment>,
    pub(super) remarks: &'a mut Remarks,
    /// The number of the batch's first frame.
    pub(super) first_number: u32,
    /// What is known of interfaces and sections.
    pub(super) about: &'a mut About,
    /// Where the batch's first byte is in the file.
    pub(super) base: u64,
}

impl Output<'_> {
    /// The number of the frame that is pushed next.
    pub(super) fn next_number(&self) -> u32 {
        let count = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        self.first_number.saturating_add(count)
    }

    /// Notes that the frame pushed next is odd.
    #[cold]
    pub(super) fn remark(&mut self, cause: Cause) {
        self.remarks.frame(cause, self.next_number());
    }
}

/// How a walk through a chunk ended: so many bytes are done with, and this comes next.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) used: usize,
    pub(super) next: Next,
}

/// What a walk needs to go on.
#[derive(Debug)]
pub(super) enum Next {
    /// The next piece has so many bytes; what they are, in words.
    Need(usize, &'static str),
    /// A block too large to hold follows: step over so many bytes, then stop if there is a
    /// reason to.
    Skip(u64, Option<Fault>),
    /// Zero bytes where a record or block should begin: padding, if there is nothing else to the
    /// end. They began at this byte of the file.
    Zeros(u64),
    /// Reading cannot go on.
    Stop(Fault),
}

/// Why reading cannot go on.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) verdict: Verdict,
    /// In words that follow "at byte N: ".
    pub(super) words: String,
}

impl Fault {
    /// A fault after which nothing can be trusted.
    #[cold]
    pub(super) fn corrupt(words: String) -> Fault {
        Fault {
            verdict: Verdict::Corrupt,
            words,
        }
    }
}
