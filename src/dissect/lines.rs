//! Lines and words of text protocols, divided as Wireshark divides them.

use super::definition::Taken;

/// A line that has no end is waited for so long.
const LONGEST: usize = 16 * 1024;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Where it begins.
    pub(super) start: usize,
    /// Where its text ends.
    pub(super) end: usize,
    /// Where the next line begins.
    pub(super) next: usize,
}

impl Line {
    /// Its text.
    pub(super) fn text<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.start..self.end]
    }

    /// Whether its end is there.
    pub(super) fn is_ended(&self) -> bool {
        self.next > self.end
    }
}

/// The line that begins at `start`: it ends with LF, CR or both, or with the bytes.
pub(super) fn line(bytes: &[u8], start: usize) -> Line {
    let rest = bytes.get(start..).unwrap_or_default();
    let length = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
    let end = start + length;
    let next = match rest.get(length..) {
        Some([b'\r', b'\n', ..]) => end + 2,
        Some([_, ..]) => end + 1,
        _ => end,
    };
    Line { start, end, next }
}

/// All lines from `start` on.
pub(super) fn lines(bytes: &[u8], start: usize) -> impl Iterator<Item = Line> {
    let mut at = start;
    std::iter::from_fn(move || {
        let found = line(bytes, at);
        let more = at < bytes.len();
        at = found.next;
        more.then_some(found)
    })
}

/// The first word of a text, and where the next one begins.
pub(super) fn word(text: &[u8]) -> (&[u8], usize) {
    let end = text.iter().position(|b| matches!(b, b' ' | b'\r' | b'\n'));
    let end = end.unwrap_or(text.len());
    let blanks = text[end..].iter().take_while(|b| **b == b' ').count();
    (&text[..end], end + blanks)
}

/// The three digits at the front of a reply.
pub(super) fn code(text: &[u8]) -> Option<u32> {
    let digits = text.first_chunk::<3>()?;
    let all = digits.iter().all(u8::is_ascii_digit);
    all.then(|| digits.iter().fold(0, |n, d| n * 10 + u32::from(d - b'0')))
}

/// Whole lines; a last one without an end is waited for.
pub(super) fn whole_lines(bytes: &[u8]) -> Taken {
    match memchr::memrchr2(b'\r', b'\n', bytes) {
        // A carriage return at the very end may be followed by its line feed.
        Some(last) if bytes[last] == b'\n' || last + 1 < bytes.len() => Taken::Message(last + 1),
        _ if bytes.len() < LONGEST => Taken::OneMore,
        _ => Taken::Message(bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_either_or_both_and_words_with_blanks() {
        let bytes = b"a b\r\nc\nd\re";
        let found: Vec<&[u8]> = lines(bytes, 0).map(|l| l.text(bytes)).collect();
        assert_eq!(found, [&b"a b"[..], b"c", b"d", b"e"]);
        assert!(!line(bytes, 9).is_ended());
        assert_eq!(word(b"USER  me"), (&b"USER"[..], 6));
        assert_eq!(word(b""), (&b""[..], 0));
        assert_eq!(code(b"226 done"), Some(226));
        assert_eq!(code(b"22x"), None);
    }

    #[test]
    fn a_line_without_an_end_is_waited_for_but_not_for_ever() {
        assert_eq!(whole_lines(b"a\r\nb\r\n"), Taken::Message(6));
        assert_eq!(whole_lines(b"a\r\nb"), Taken::Message(3));
        assert_eq!(whole_lines(b"b"), Taken::OneMore);
        assert_eq!(whole_lines(&[b'x'; LONGEST]), Taken::Message(LONGEST));
    }
}
