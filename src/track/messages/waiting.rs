//! A message whose end has not come, and how far it was looked through: each of its bytes is looked
//! at once, however small the segments are that it comes in.

use super::MOST_WAITING;
use crate::dissect::http::LONGEST_HEAD;
use std::collections::BTreeMap;

/// What is needed before a message can be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// So many bytes from its start.
    Bytes(u64),
    /// The next segment, whatever its length.
    OneMore,
    /// The end of an HTTP head.
    Lines(Lines),
    /// The last chunk of an HTTP body.
    Chunks(Chunks),
    /// The end of the stream.
    Fin,
}

/// How far the lines of a head were looked through.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Lines {
    /// Where the line begins whose end has not come; 0 is the first line.
    line: usize,
    /// Bytes in which there is no end of that line.
    seen: usize,
}

impl Lines {
    /// A head of which not even the first line is there.
    pub(super) fn first(bytes: &[u8]) -> Lines {
        Lines::after(0, bytes)
    }

    /// A head of which all lines before `line` are known.
    pub(super) fn after(line: usize, bytes: &[u8]) -> Lines {
        let seen = bytes.len();
        Lines { line, seen }
    }

    /// Whether what came now may end the head.
    fn may_end(&mut self, bytes: &[u8]) -> bool {
        if self.line == 0 && !is_settled(bytes) {
            return true;
        }
        while self.line < LONGEST_HEAD {
            let new = bytes.get(self.seen..).unwrap_or_default();
            let Some(end) = memchr::memchr(b'\n', new) else {
                self.seen = bytes.len();
                return false;
            };
            let end = self.seen + end;
            if end >= LONGEST_HEAD {
                break;
            }
            let line = bytes.get(self.line..end).unwrap_or_default();
            // An empty line ends a head, and so does one that is no header.
            if self.line == 0 || memchr::memchr(b':', line).is_none() {
                return true;
            }
            self.line = end + 1;
            self.seen = end + 1;
        }
        // No head is that long.
        self.line = LONGEST_HEAD;
        false
    }
}

/// Whether more bytes cannot change that this begins an HTTP message: its first word is whole.
fn is_settled(bytes: &[u8]) -> bool {
    let start = bytes.get(..64).unwrap_or(bytes);
    let line = start.strip_prefix(b"\r\n").unwrap_or(start);
    let version = line.strip_prefix(b"M-").unwrap_or(line);
    start.len() >= 64
        || version.starts_with(b"HTTP/")
        || line.contains(&b' ')
        || line.contains(&b'\n')
}

/// How far the chunks of a body were looked through (RFC 9112 §7.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunks {
    /// Where the body begins.
    body: usize,
    /// Where the chunk or the trailer line begins whose end has not come.
    at: usize,
    /// Bytes in which there is no end of that line.
    seen: usize,
    /// Where the chunk's data ends, once its size is known.
    data_end: Option<usize>,
    /// After the last chunk.
    trailer: bool,
    /// The request was known that tells whether there is a body.
    asked: bool,
}

impl Chunks {
    /// A body that begins at `body`.
    pub(super) fn new(body: usize, asked: bool) -> Chunks {
        Chunks {
            body,
            at: body,
            seen: body,
            data_end: None,
            trailer: false,
            asked,
        }
    }

    /// How long the body is; `None` while its end has not come.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let all = bytes.len().saturating_sub(self.body);
        while !self.trailer {
            let Some(data_end) = self.data_end else {
                let end = self.line_end(bytes)?;
                let line = bytes.get(self.at..end)?;
                let digits: &[u8] = line.split(|b| *b == b';').next()?;
                let size = std::str::from_utf8(digits).ok();
                let size = size.and_then(|text| usize::from_str_radix(text.trim(), 16).ok());
                let Some(size) = size else {
                    // No chunk: the body is what it is.
                    return Some(all);
                };
                let data_end = (end + 1).checked_add(size)?;
                if size == 0 {
                    self.trailer = true;
                    (self.at, self.seen) = (data_end, data_end);
                } else {
                    self.data_end = Some(data_end);
                }
                continue;
            };
            // The line end behind the data.
            let line_end = match bytes.get(data_end..)? {
                [b'\r', b'\n', ..] => 2,
                [b'\n', ..] => 1,
                [] | [b'\r'] => return None,
                _ => return Some(all),
            };
            self.at = data_end + line_end;
            self.seen = self.at;
            self.data_end = None;
        }
        // Trailer fields, then an empty line.
        loop {
            let end = self.line_end(bytes)?;
            let line = bytes.get(self.at..end)?;
            (self.at, self.seen) = (end + 1, end + 1);
            if line.is_empty() || line == b"\r" {
                return Some(self.at - self.body);
            }
        }
    }

    /// Where the line ends that begins at `at`.
    fn line_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let from = self.seen.max(self.at);
        match memchr::memchr(b'\n', bytes.get(from..)?) {
            Some(end) => Some(from + end),
            None => {
                self.seen = bytes.len();
                None
            }
        }
    }
}

/// A message whose end has not come.
pub(super) struct Waiting {
    pub(super) start: u32,
    pub(super) need: Need,
    pub(super) bytes: Vec<u8>,
    /// Bytes of the stream from `start`, kept or not.
    pub(super) length: u64,
    /// The frames it came in.
    pub(super) frames: Vec<u32>,
    /// What came behind a gap, by its distance from `start`, with its frame.
    later: BTreeMap<u64, (u32, Vec<u8>)>,
    /// How much that is.
    pub(super) later_bytes: usize,
}

impl Waiting {
    /// What there is of a message.
    pub(super) fn new(start: u32, need: Need, bytes: &[u8], frames: Vec<u32>) -> Waiting {
        Waiting {
            start,
            need,
            frames,
            bytes: bytes.to_vec(),
            length: bytes.len() as u64,
            later: BTreeMap::new(),
            later_bytes: 0,
        }
    }

    /// Whether the message may be whole now, so that it is worth reading; `asked` says that the
    /// request is known which it answers.
    pub(super) fn may_be_whole(&mut self, asked: bool) -> bool {
        // What is longer than is kept is read as far as it is kept.
        if self.length > self.bytes.len() as u64 {
            return true;
        }
        match &mut self.need {
            Need::Lines(lines) => lines.may_end(&self.bytes),
            Need::Chunks(chunks) => chunks.asked != asked || chunks.end(&self.bytes).is_some(),
            Need::Bytes(_) | Need::OneMore | Need::Fin => true,
        }
    }

    /// Adds what follows, to `most` bytes altogether.
    pub(super) fn add(&mut self, frame: u32, new: &[u8], most: u64) {
        if self.frames.last() != Some(&frame) {
            self.frames.push(frame);
        }
        let take = usize::try_from(most.saturating_sub(self.length)).unwrap_or(usize::MAX);
        let take = take.min(new.len());
        let room = MOST_WAITING.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&new[..take.min(room)]);
        self.length += take as u64;
    }

    /// Keeps what came behind a gap.
    pub(super) fn keep(&mut self, frame: u32, offset: u64, payload: &[u8]) {
        if self.later_bytes + payload.len() <= MOST_WAITING && !self.later.contains_key(&offset) {
            self.later_bytes += payload.len();
            self.later.insert(offset, (frame, payload.to_vec()));
        }
    }

    /// Adds what was kept and follows now.
    pub(super) fn close_gaps(&mut self, most: u64) {
        while let Some(entry) = self.later.first_entry()
            && *entry.key() <= self.length
        {
            let (offset, (frame, bytes)) = entry.remove_entry();
            self.later_bytes -= bytes.len();
            let skip = usize::try_from(self.length - offset).unwrap_or(usize::MAX);
            if let Some(new) = bytes.get(skip..) {
                self.add(frame, new, most);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::http;

    const RESPONSE: &[u8] =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\nA: b\r\n\r\n5;x\r\nhello\r\n1\n \na\r\n0123456789\r\n0\r\nT: u\r\n\r\n";

    /// The bytes with which a message is worth reading, come one by one.
    fn worth(bytes: &[u8], first: usize, need: Need) -> Vec<usize> {
        let mut waiting = Waiting::new(0, need, &bytes[..first], Vec::new());
        let ends = (first + 1..=bytes.len()).filter(|end| {
            waiting.add(1, &bytes[end - 1..*end], u64::MAX);
            waiting.may_be_whole(true)
        });
        ends.collect()
    }

    #[test]
    fn a_head_is_read_when_its_last_line_has_come() {
        let head = &RESPONSE[..52];
        assert!(http::parse_head(head, None).is_some_and(|head| head.complete));
        let lines = Lines::after(17, &head[..20]);
        assert_eq!(worth(head, 20, Need::Lines(lines)), [52]);
        // With nothing but a beginning, the first line is waited for.
        let lines = Lines::first(&head[..3]);
        assert_eq!(worth(head, 3, Need::Lines(lines))[..3], [4, 17, 18]);
    }

    #[test]
    fn a_body_in_chunks_is_whole_with_its_last_byte_and_not_before() {
        let lengths = (52..=RESPONSE.len()).map(|end| Chunks::new(52, true).end(&RESPONSE[..end]));
        let whole: Vec<Option<usize>> = lengths.filter(Option::is_some).collect();
        assert_eq!(whole, [Some(RESPONSE.len() - 52)]);
        let chunks = Need::Chunks(Chunks::new(52, true));
        assert_eq!(worth(RESPONSE, 60, chunks), [RESPONSE.len()]);
    }

    #[test]
    fn a_chunk_that_is_none_ends_the_body() {
        let bytes = b"2\r\nab\r\nno number\r\nrest";
        assert_eq!(Chunks::new(0, true).end(bytes), Some(bytes.len()));
        assert_eq!(Chunks::new(0, true).end(&bytes[..10]), None);
    }

    /// Ten thousand bytes, one at a time, in a line that does not end: with every byte looked at
    /// again for each this takes minutes.
    #[test]
    fn a_line_without_an_end_is_looked_through_once() {
        let mut waiting = Waiting::new(0, Need::Lines(Lines::after(17, &[])), b"", Vec::new());
        let mut chunks = Waiting::new(0, Need::Chunks(Chunks::new(0, true)), b"", Vec::new());
        for _ in 0..1_000_000 {
            waiting.add(1, b"x", u64::MAX);
            chunks.add(1, b"0", u64::MAX);
            assert!(!waiting.may_be_whole(true) && !chunks.may_be_whole(true));
        }
    }

    fn bytes(length: usize) -> Waiting {
        Waiting::new(0, Need::Bytes(1 << 40), &vec![b'a'; length], vec![1])
    }

    #[test]
    fn what_came_behind_a_gap_follows_when_it_is_closed() {
        let mut waiting = bytes(10);
        waiting.keep(2, 20, b"cccc");
        waiting.keep(3, 20, b"other");
        waiting.keep(4, 22, b"ccdd");
        waiting.keep(5, 40, b"e");
        assert_eq!(waiting.later_bytes, 9);
        waiting.close_gaps(u64::MAX);
        assert_eq!((waiting.length, waiting.later_bytes), (10, 9));
        waiting.add(6, b"bbbbbbbbbb", u64::MAX);
        waiting.close_gaps(u64::MAX);
        assert_eq!((waiting.length, waiting.later_bytes), (26, 1));
        assert_eq!(waiting.bytes, b"aaaaaaaaaabbbbbbbbbbccccdd");
        assert_eq!(waiting.frames, [1, 6, 2, 4]);
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let half = vec![b'b'; MOST_WAITING / 2];
        let mut waiting = bytes(1);
        waiting.keep(2, 10, &half);
        waiting.keep(3, 5_000_000, &half);
        waiting.keep(4, 10_000_000, b"b");
        assert_eq!(
            (waiting.later.len(), waiting.later_bytes),
            (2, MOST_WAITING)
        );
        let mut waiting = bytes(1);
        waiting.add(2, &half, u64::MAX);
        waiting.add(2, &half, u64::MAX);
        assert_eq!(
            (waiting.bytes.len(), waiting.length),
            (MOST_WAITING, MOST_WAITING as u64 + 1)
        );
        assert_eq!(waiting.frames, [1, 2]);
        assert!(waiting.may_be_whole(true));
        // Not beyond the message.
        let mut waiting = bytes(1);
        waiting.add(2, &half, 3);
        assert_eq!((waiting.bytes.len(), waiting.length), (3, 3));
        waiting.add(3, b"b", 3);
        assert_eq!(waiting.length, 3);
    }

    #[test]
    fn a_body_is_read_again_when_its_request_becomes_known() {
        let chunks = || Waiting::new(0, Need::Chunks(Chunks::new(0, false)), b"5\r\nab", vec![1]);
        assert!(chunks().may_be_whole(true));
        assert!(!chunks().may_be_whole(false));
    }

    #[test]
    fn whether_a_first_word_is_whole() {
        for settled in [
            "GET ",
            "HTTP/",
            "\r\nHTTP/1",
            "M-HTTP/",
            "GET\n",
            &"x".repeat(64),
        ] {
            assert!(is_settled(settled.as_bytes()), "{settled}");
        }
        for open in ["", "GET", "\r\nGET", "M-SEARCH", "HTTP", &"x".repeat(63)] {
            assert!(!is_settled(open.as_bytes()), "{open}");
        }
    }

    #[test]
    fn chunks_with_all_that_may_surround_them() {
        let end = |body: &str| Chunks::new(0, true).end(body.as_bytes());
        assert_eq!(end("0\r\n\r\nrest"), Some(5));
        assert_eq!(end("0\n\nrest"), Some(3));
        assert_eq!(end("2\nab\n0\n\n"), Some(8));
        assert_eq!(end(" 2 ;a=b\r\nab\r\n0\r\nT: u\r\n\r\n"), Some(24));
        assert_eq!(end("a\r\n0123456789\r\n0\r\n\r\n"), Some(20));
        // No line end behind the data: none of it is chunks.
        assert_eq!(end("2\r\nabc\r\n0\r\n\r\n"), Some(13));
        for open in [
            "",
            "2",
            "2\r\n",
            "2\r\na",
            "2\r\nab",
            "2\r\nab\r",
            "0\r\n",
            "0\r\nT: u\r\n",
        ] {
            assert_eq!(end(open), None, "{open}");
        }
    }

    #[test]
    fn no_head_is_longer_than_is_looked_through() {
        let mut long = b"A: ".to_vec();
        long.resize(LONGEST_HEAD, b'x');
        long.push(b'\n');
        let mut lines = Lines::after(1, b"A");
        assert!(!lines.may_end(&long) && !lines.may_end(b"\n\n"));
        let mut lines = Lines::after(1, b"\n");
        assert!(!lines.may_end(b"\nB: c\n") && lines.may_end(b"\nB: c\n\n"));
    }
}
