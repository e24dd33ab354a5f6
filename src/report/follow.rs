//! A conversation line by line: who said it, and in which frames.
//!
//! Lines of text are told when they end, or when the other end begins to speak; what is no text is
//! counted.

use crate::dissect::telnet;
use crate::track::stream::conversation::Said;

/// A line that does not end is told in parts of this length.
const LONGEST: usize = 4096;

/// One row of what is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Who said it.
    pub side: usize,
    /// First and last frame that carried it.
    pub frames: (u32, u32),
    /// What.
    pub content: Content,
}

/// What a row tells. Text is as captured: not safe to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A line without its end.
    Line(String),
    /// So many bytes that are no text.
    Bytes(u64),
    /// So many bytes that are not in the capture.
    Missing(u64),
    /// A command of Telnet: its number and the option that it is about.
    Telnet(u8, Option<u8>),
}

/// What one end has said and not ended yet.
#[derive(Default)]
struct Begun {
    frames: Option<(u32, u32)>,
    bytes: Vec<u8>,
    binary: u64,
}

/// What a conversation is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Talk {
    /// Bytes without bounds: what one end says goes on until its line ends or the other end speaks.
    #[default]
    Stream,
    /// The same with Telnet's commands between the text, and every letter echoed.
    Telnet,
    /// Datagrams: each is said by itself.
    Datagrams,
}

/// Turns pieces into rows.
#[derive(Default)]
pub struct Lines {
    begun: [Begun; 2],
    talk: Talk,
}

impl Lines {
    /// For a conversation of this make.
    pub fn new(talk: Talk) -> Lines {
        Lines {
            talk,
            ..Lines::default()
        }
    }

    /// Takes in a piece, and hands out the rows that are whole.
    pub fn said(&mut self, said: &Said<'_>, out: &mut dyn FnMut(Row)) {
        if !said.bytes.is_empty() {
            if self.talk == Talk::Telnet {
                for piece in telnet::pieces(said.bytes) {
                    let (command, option) = match piece {
                        telnet::Piece::Text(_, bytes) => {
                            self.bytes(said, bytes, out);
                            continue;
                        }
                        // The end of a suboption says nothing more.
                        telnet::Piece::Command(_, telnet::SE, _) => continue,
                        telnet::Piece::Command(_, command, option) => (command, option),
                        telnet::Piece::Suboption(_, option, _) => (telnet::SB, Some(option)),
                    };
                    self.flush(said.side, out);
                    out(Row {
                        side: said.side,
                        frames: (said.frame, said.frame),
                        content: Content::Telnet(command, option),
                    });
                }
            } else {
                self.flush(1 - said.side, out);
                self.bytes(said, said.bytes, out);
            }
        }
        if said.missing > 0 {
            self.flush(said.side, out);
            out(Row {
                side: said.side,
                frames: (said.frame, said.frame),
                content: Content::Missing(u64::from(said.missing)),
            });
        }
        if self.talk == Talk::Datagrams {
            self.flush(said.side, out);
        }
    }

    /// Hands out what was begun and will not end.
    pub fn end(&mut self, out: &mut dyn FnMut(Row)) {
        self.flush(0, out);
        self.flush(1, out);
    }

    fn bytes(&mut self, said: &Said<'_>, bytes: &[u8], out: &mut dyn FnMut(Row)) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest);
            let (line, next) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
            if is_text(line) {
                if self.begun[said.side].binary > 0 {
                    self.flush(said.side, out);
                }
                self.grow(said, line);
                // A carriage return alone ends what is typed at a terminal.
                let typed =
                    self.talk == Talk::Telnet && (line.ends_with(b"\r") || line.ends_with(b"\r\0"));
                if end.is_some() || typed || self.begun[said.side].bytes.len() >= LONGEST {
                    // What the other end has begun came before.
                    self.flush(1 - said.side, out);
                    self.flush(said.side, out);
                }
                rest = next;
            } else {
                if !self.begun[said.side].bytes.is_empty() {
                    self.flush(said.side, out);
                }
                self.flush(1 - said.side, out);
                self.grow(said, &[]);
                self.begun[said.side].binary += rest.len() as u64;
                return;
            }
        }
    }

    fn grow(&mut self, said: &Said<'_>, bytes: &[u8]) {
        let begun = &mut self.begun[said.side];
        let frames = begun.frames.get_or_insert((said.frame, said.frame));
        frames.1 = frames.1.max(said.frame);
        begun.bytes.extend_from_slice(bytes);
    }

    fn flush(&mut self, side: usize, out: &mut dyn FnMut(Row)) {
        let begun = std::mem::take(&mut self.begun[side]);
        let Some(frames) = begun.frames else { return };
        let content = if begun.binary > 0 {
            Content::Bytes(begun.binary)
        } else {
            let line = begun.bytes.as_slice();
            let line = line.strip_suffix(b"\0").unwrap_or(line);
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            Content::Line(String::from_utf8_lossy(line).into_owned())
        };
        out(Row {
            side,
            frames,
            content,
        });
    }
}

/// Whether bytes can be read: a letter may be cut at the end, and terminals get a few controls.
fn is_text(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_suffix(b"\r\0").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let shown = |c: char| {
        !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\x07'..='\x08' | '\x1b' | '\x7f')
    };
    text.chars().all(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(talk: Talk, pieces: &[(usize, u32, &[u8], u32)]) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut lines = Lines::new(talk);
        for (side, frame, bytes, missing) in pieces {
            let said = Said {
                side: *side,
                frame: *frame,
                bytes,
                missing: *missing,
            };
            lines.said(&said, &mut |row| rows.push(row));
        }
        lines.end(&mut |row| rows.push(row));
        rows
    }

    fn row(side: usize, first: u32, last: u32, text: &str) -> Row {
        Row {
            side,
            frames: (first, last),
            content: Content::Line(text.to_owned()),
        }
    }

    #[test]
    fn a_line_has_the_frames_that_carried_it() {
        let found = rows(
            Talk::Stream,
            &[(0, 4, b"US", 0), (0, 6, b"ER a\r\nPASS b\r\n", 0)],
        );
        assert_eq!(found, [row(0, 4, 6, "USER a"), row(0, 6, 6, "PASS b")]);
    }

    #[test]
    fn a_prompt_stands_before_its_answer() {
        let pieces: &[(usize, u32, &[u8], u32)] = &[
            (1, 1, b"login: ", 0),
            (0, 2, b"m", 0),
            (1, 3, b"m", 0),
            (0, 4, b"e\r\0", 0),
        ];
        let found = rows(Talk::Telnet, pieces);
        assert_eq!(found, [row(1, 1, 3, "login: m"), row(0, 2, 4, "me")]);
    }

    #[test]
    fn what_has_no_line_ends_keeps_its_order_and_datagrams_stay_apart() {
        let pieces: &[(usize, u32, &[u8], u32)] = &[
            (0, 1, b"one", 0),
            (0, 2, b"two", 0),
            (1, 3, b"ONE", 0),
            (0, 4, b"three", 0),
        ];
        let mut said = vec![row(0, 1, 2, "onetwo"), row(1, 3, 3, "ONE")];
        said.push(row(0, 4, 4, "three"));
        assert_eq!(rows(Talk::Stream, pieces), said);
        said.splice(..1, [row(0, 1, 1, "one"), row(0, 2, 2, "two")]);
        assert_eq!(rows(Talk::Datagrams, pieces), said);
    }

    #[test]
    fn bytes_are_counted_and_holes_told() {
        let pieces: &[(usize, u32, &[u8], u32)] = &[
            (1, 1, b"HTTP/1.1 200 OK\r\n\r\n\0\x01\x02", 0),
            (1, 2, b"\xff\xfe\n", 5),
        ];
        let found = rows(Talk::Stream, pieces);
        let told: Vec<&Content> = found.iter().map(|row| &row.content).collect();
        let wanted = [
            Content::Line("HTTP/1.1 200 OK".into()),
            Content::Line(String::new()),
            Content::Bytes(6),
            Content::Missing(5),
        ];
        assert_eq!(told, wanted.iter().collect::<Vec<_>>());
        assert_eq!(found[2].frames, (1, 2));
    }

    #[test]
    fn telnet_commands_are_told_apart() {
        let found = rows(Talk::Telnet, &[(1, 3, b"\xff\xfd\x01hi\r\n", 0)]);
        assert_eq!(found[0].content, Content::Telnet(253, Some(1)));
        assert_eq!(found[1], row(1, 3, 3, "hi"));
        // Elsewhere they are bytes.
        let found = rows(Talk::Stream, &[(1, 3, b"\xff\xfd\x01hi\r\n", 0)]);
        assert_eq!(found[0].content, Content::Bytes(7));
    }
}
