//! Lines broken where a reader would break them.

/// Words up to this length are kept whole as long as there is room.
const WHOLE: usize = 20;

/// Text in lines of at most `width` characters: broken at spaces, after commas and the marks
/// within addresses and names, before a port; only as a last resort anywhere.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Lines {
        done: Vec::new(),
        line: String::new(),
        length: 0,
        width: width.max(1),
    };
    lines.fill(text, &[words, coarse, fine]);
    if lines.length > 0 || lines.done.is_empty() {
        lines.end();
    }
    lines.done
}

type Breaks = fn(char, char, &str) -> bool;

struct Lines {
    done: Vec<String>,
    line: String,
    length: usize,
    width: usize,
}

impl Lines {
    /// Adds text, breaking it at the places of the first level, and further only what is longer
    /// than a line.
    fn fill(&mut self, text: &str, levels: &[Breaks]) {
        let Some((breaks, finer)) = levels.split_first() else {
            return self.cut(text);
        };
        for piece in pieces(text, *breaks) {
            let shown = piece.trim_end().chars().count();
            if self.length + shown <= self.width {
                self.add(piece);
            } else if shown <= self.width {
                self.end();
                self.add(piece);
            } else {
                self.fill(piece, finer);
            }
        }
    }

    /// Adds what has no good place to break.
    fn cut(&mut self, text: &str) {
        for c in text.chars() {
            if self.length >= self.width {
                self.end();
            }
            self.line.push(c);
            self.length += 1;
        }
    }

    fn add(&mut self, piece: &str) {
        self.line.push_str(piece);
        self.length += piece.chars().count();
    }

    fn end(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.done.push(line.trim_end().to_owned());
        self.length = 0;
    }
}

/// The narrowest a cell can be without breaking within words and addresses.
pub(super) fn floor(text: &str) -> usize {
    pieces(text, coarse)
        .map(|word| word.trim_end().chars().count())
        .max()
        .unwrap_or(0)
        .min(WHOLE)
}

/// Between words.
fn words(before: char, after: char, _: &str) -> bool {
    before == ' ' && !matches!(after, ' ' | '←')
}

/// Between words, between frame numbers, and before a port that ends a word. Two numbers, and a
/// number and its unit, stay together.
fn coarse(before: char, after: char, rest: &str) -> bool {
    let word = rest.split(' ').next().unwrap_or_default();
    match (before, after) {
        (_, ' ') | (' ', '←') => false,
        (' ' | ',', _) => true,
        // The port of an IPv4 address stays with it.
        (_, ':') => {
            before == ']' && word.len() > 2 && word[1..].bytes().all(|b| b.is_ascii_digit())
        }
        _ => false,
    }
}

fn fine(before: char, after: char, rest: &str) -> bool {
    let mark = matches!(before, '/' | '&' | '?' | ';' | '.' | '-' | '_' | ':' | '=');
    mark && after != ' ' || coarse(before, after, rest)
}

/// Splits where `breaks` says so, told the characters before and after and what follows.
fn pieces(text: &str, breaks: Breaks) -> impl Iterator<Item = &str> {
    // A number keeps what follows it, another number of the same cell or its unit, and what
    // it numbers.
    let kept = |place: usize, before: char| {
        let (head, rest) = text.split_at(place);
        let number = head.trim_end().ends_with(|c: char| c.is_ascii_digit());
        let next = rest.split(' ').next().unwrap_or_default();
        let whole = !next.is_empty() && next.bytes().all(|b| b.is_ascii_digit());
        let named = ["frame", "frames", "port", "stream"]
            .iter()
            .any(|name| head.trim_end().ends_with(name))
            && next.starts_with(|c: char| c.is_ascii_digit());
        before == ' ' && (named || number && (whole || matches!(next, "ms" | "s")))
    };
    let mut start = 0;
    let mut ends: Vec<usize> = text
        .char_indices()
        .zip(text.chars().skip(1))
        .map(|((place, before), after)| (place + before.len_utf8(), before, after))
        .filter(|(place, before, after)| {
            breaks(*before, *after, &text[*place..]) && !kept(*place, *before)
        })
        .map(|(place, ..)| place)
        .collect();
    ends.push(text.len());
    ends.into_iter().map(move |end| {
        let piece = &text[start..end];
        start = end;
        piece
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_goes_to_the_next_line_whole() {
        assert_eq!(wrap("[fd00::2]:28501", 12), ["[fd00::2]", ":28501"]);
        assert_eq!(floor("10.101.0.2:28501"), 16);
    }

    #[test]
    fn sentences_break_at_spaces_and_names_at_their_marks() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(
            wrap("GET www.example.org /a/bc", 12),
            ["GET www.", "example.org", "/a/bc"]
        );
        assert_eq!(wrap("(3,6,9,12)", 7), ["(3,6,9,", "12)"]);
        assert_eq!(wrap("handshake 1,2,3", 13), ["handshake", "1,2,3"]);
        assert_eq!(
            wrap("bytes 12 345 in 0.5 ms", 9),
            ["bytes", "12 345 in", "0.5 ms"]
        );
    }

    #[test]
    fn what_has_no_place_to_break_is_cut() {
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(wrap("ab     cdefgh", 3), ["ab", "cde", "fgh"]);
        assert_eq!(wrap("Grüße-мир", 6), ["Grüße-", "мир"]);
    }
}
