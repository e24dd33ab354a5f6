//! A chunk of the file and the table of the records in it.

use super::{Frame, Interface, LinkType, Time};
use prefetch_index::prefetch_index;
use std::sync::Arc;

/// How many bytes are read at once: large enough that a read costs little, small enough that
/// the bytes are still in the cache when they are looked at.
pub(super) const CHUNK: usize = 512 * 1024;

/// Memory that a batch keeps between uses. More is only held while an unusually large block
/// passes through.
const KEPT: usize = 4 * CHUNK;

/// How far into a frame its last header usually begins.
const HEADERS: usize = 50;

/// Stands for "no time" in a record. No capture can mean it: it lies in the year 1677.
const NO_TIME: i64 = i64::MIN;

/// Where one frame lies in its batch, and what its record header says.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    time: i64,
    offset: u32,
    captured: u32,
    wire_length: u32,
    interface: u32,
    link: LinkType,
}

impl Record {
    /// A record whose captured bytes begin at `offset` of the batch.
    #[inline]
    pub(super) fn new(offset: usize, captured: u32, wire_length: u32) -> Record {
        Record {
            time: NO_TIME,
            // A batch holds at most one block of 16 MiB more than its chunk.
            offset: u32::try_from(offset).unwrap_or(u32::MAX),
            captured,
            wire_length,
            interface: 0,
            link: LinkType(0),
        }
    }

    /// The same record without what the capture program put in front of the frame.
    #[inline]
    pub(super) fn without_front(self, length: u32) -> Record {
        let length = length.min(self.captured);
        Record {
            offset: self.offset.saturating_add(length),
            captured: self.captured - length,
            wire_length: self.wire_length.saturating_sub(length),
            ..self
        }
    }

    /// The same record, seen at `time`.
    #[inline]
    pub(super) fn at(self, time: Option<Time>) -> Record {
        Record {
            time: time.map_or(NO_TIME, |time| time.0),
            ..self
        }
    }

    /// The same record, seen on the interface with this number and link type.
    #[inline]
    pub(super) fn on(self, interface: u32, link: LinkType) -> Record {
        Record {
            interface,
            link,
            ..self
        }
    }

    /// When the frame was seen; `None` where the format records no time.
    #[inline]
    pub fn time(&self) -> Option<Time> {
        (self.time != NO_TIME).then_some(Time(self.time))
    }

    /// How many of the frame's bytes were recorded.
    #[inline]
    pub fn captured(&self) -> u32 {
        self.captured
    }

    /// Bytes the frame had on the wire.
    #[inline]
    pub fn wire_length(&self) -> u32 {
        self.wire_length
    }

    /// Index of the frame's interface in the whole file; the largest number when it has none.
    #[inline]
    pub fn interface(&self) -> u32 {
        self.interface
    }
}

/// A comment somebody wrote on a frame, as a place in the batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comment {
    /// The frame's position in the batch.
    pub(super) index: usize,
    /// Where the comment's text begins in the batch's bytes.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
}

/// Frames read together. Filled by [`Reader::next_batch`](super::Reader::next_batch), which
/// reuses its memory.
#[derive(Debug, Default)]
pub struct Batch {
    /// Always initialized to its end; `filled` says how much of it is of the file.
    pub(super) bytes: Vec<u8>,
    pub(super) filled: usize,
    pub(super) records: Vec<Record>,
    pub(super) comments: Vec<Comment>,
    pub(super) first_number: u32,
    pub(super) interfaces: Arc<Vec<Interface>>,
    pub(super) position: u64,
}

impl Batch {
    /// An empty batch; its memory is allocated when it is first filled.
    pub fn new() -> Batch {
        Batch::default()
    }

    /// The frames, in the order of the file.
    #[inline]
    pub fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        (self.first_number..)
            .zip(&self.records)
            .map(|(number, record)| self.frame(number, record))
    }

    /// Has the headers of the frame at this position of the batch fetched into the cache: they were
    /// written long before, and each would be waited for.
    #[inline]
    pub(crate) fn fetch(&self, index: usize) {
        if let Some(record) = self.records.get(index) {
            let start = wide(record.offset);
            prefetch_index(&self.bytes, start);
            prefetch_index(&self.bytes, start.saturating_add(HEADERS));
        }
    }

    /// The same for the bytes from `start` on of the frame with this number.
    #[inline]
    pub(crate) fn fetch_at(&self, number: u32, start: u32) {
        let index = self.index_of(number).unwrap_or(usize::MAX);
        if let Some(record) = self.records.get(index) {
            let offset = wide(record.offset).saturating_add(wide(start));
            prefetch_index(&self.bytes, offset);
        }
    }

    /// How many frames there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is no frame.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The frame with this number, if it is in the batch.
    pub fn get(&self, number: u32) -> Option<Frame<'_>> {
        let record = self.records.get(self.index_of(number)?)?;
        Some(self.frame(number, record))
    }

    /// The comments somebody wrote on the frame with this number, in the order of the file. They
    /// ought to be UTF-8, but nothing guarantees it.
    pub fn comments(&self, number: u32) -> impl Iterator<Item = &[u8]> {
        let index = self.index_of(number).unwrap_or(usize::MAX);
        let first = self
            .comments
            .partition_point(|comment| comment.index < index);
        self.comments
            .iter()
            .skip(first)
            .take_while(move |comment| comment.index == index)
            .filter_map(|comment| self.bytes.get(comment.start..comment.end))
    }

    /// Whether any frame of the batch has a comment: one test instead of a search per frame.
    pub fn has_comments(&self) -> bool {
        !self.comments.is_empty()
    }

    /// The interfaces described so far; each frame's `interface` is an index into them. The drop
    /// counts, which a file tells at its end, are in
    /// [`Reader::interfaces`](super::Reader::interfaces).
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// How many bytes of the file, compressed as it is, were read up to here: for showing
    /// progress against [`Reader::size`](super::Reader::size).
    pub fn position(&self) -> u64 {
        self.position
    }

    #[inline]
    fn frame(&self, number: u32, record: &Record) -> Frame<'_> {
        let start = wide(record.offset);
        let end = start.saturating_add(wide(record.captured));
        Frame {
            number,
            time: record.time(),
            wire_length: record.wire_length,
            interface: record.interface,
            link: record.link,
            bytes: self.bytes.get(start..end).unwrap_or_default(),
        }
    }

    fn index_of(&self, number: u32) -> Option<usize> {
        number.checked_sub(self.first_number).map(wide)
    }

    /// Makes room for so many bytes, keeping those that are there. New memory comes zeroed from
    /// the system, which costs less than writing zeros.
    pub(super) fn hold(&mut self, size: usize) {
        if self.bytes.len() < size {
            let mut larger = vec![0; size];
            let filled = self.bytes.get(..self.filled).unwrap_or_default();
            if let Some(room) = larger.get_mut(..filled.len()) {
                room.copy_from_slice(filled);
            }
            self.bytes = larger;
        }
    }

    /// Forgets the frames, keeps the memory.
    pub(super) fn clear(&mut self) {
        self.records.clear();
        self.comments.clear();
        self.filled = 0;
        if self.bytes.len() > KEPT {
            self.bytes.truncate(CHUNK);
            self.bytes.shrink_to_fit();
        }
        if self.records.capacity() > CHUNK / 8 {
            self.records.shrink_to(CHUNK / 16);
        }
    }
}

/// A 32-bit length as an index; on a machine where it does not fit, an index out of every range.
#[inline]
pub(super) fn wide(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_compact() {
        assert!(size_of::<Record>() <= 32);
    }

    #[test]
    fn comments_are_found_by_frame_number() {
        let batch = Batch {
            bytes: b"onetwothree".to_vec(),
            first_number: 10,
            records: vec![Record::new(0, 0, 0); 3],
            comments: [(0, 0, 3), (2, 3, 6), (2, 6, 11)]
                .map(|(index, start, end)| Comment { index, start, end })
                .to_vec(),
            ..Batch::default()
        };
        let of = |number| batch.comments(number).collect::<Vec<_>>();
        assert_eq!(of(10), [b"one"]);
        assert_eq!(of(11), [b""; 0]);
        assert_eq!(of(12), [&b"two"[..], b"three"]);
        assert_eq!(of(9), [b""; 0]);
    }
}
