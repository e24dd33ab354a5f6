//! Telnet (RFC 854) with its options (RFC 855): what is negotiated, and the text. Left out: what
//! is inside suboptions, but for the terminal's name and the window's size.

use super::definition::{Definition, Found, Given, Line, NOTHING, Names, Taken};
use super::field::{Kind, Sink, Value};
use super::lines;
use super::text;

crate::fields! {
    CMD: "telnet.cmd", Kind::Unsigned(8), "A command: 251 will, 252 won't, 253 do, 254 don't, 250 and 240 around a suboption.";
    SUBCMD: "telnet.subcmd", Kind::Unsigned(8), "The option that the command is about, or IS (0) and SEND (1) within it.";
    TERMINAL: "telnet.string_subopt.value", Kind::Text, "A text in a suboption, such as the terminal's name.";
    WIDTH: "telnet.naws_subopt.width", Kind::Unsigned(16), "Columns of the window.";
    HEIGHT: "telnet.naws_subopt.height", Kind::Unsigned(16), "Rows of the window.";
    DATA: "telnet.data", Kind::Text, "A line of text with its end; what is typed comes letter by letter.";
}

/// Everything about Telnet.
pub const DEFINITION: Definition = Definition {
    layers: &[("telnet", "Telnet: a terminal at a distance, in clear.")],
    title: "TELNET",
    found: Found {
        tcp: &[23],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit,
    take: Some(|_, bytes| Taken::Message(bytes.len())),
    line: Some(line),
    values: &[
        Names {
            fields: &["telnet.cmd"],
            values: &[
                (236, "End of File"),
                (237, "Suspend Current Process"),
                (238, "Abort Process"),
                (239, "End of Record"),
                (240, "Suboption End"),
                (241, "No Operation"),
                (242, "Data Mark"),
                (243, "Break"),
                (244, "Interrupt Process"),
                (245, "Abort Output"),
                (246, "Are You There?"),
                (247, "Escape Character"),
                (248, "Erase Line"),
                (249, "Go Ahead"),
                (250, "Suboption"),
                (251, "Will"),
                (252, "Won't"),
                (253, "Do"),
                (254, "Don't"),
            ],
        },
        Names {
            fields: &["telnet.subcmd"],
            values: &[
                (0, "Binary Transmission"),
                (1, "Echo"),
                (3, "Suppress Go Ahead"),
                (5, "Status"),
                (6, "Timing Mark"),
                (24, "Terminal Type"),
                (25, "End of Record"),
                (31, "Negotiate About Window Size"),
                (32, "Terminal Speed"),
                (33, "Remote Flow Control"),
                (34, "Linemode"),
                (35, "X Display Location"),
                (36, "Environment Option"),
                (37, "Authentication Option"),
                (38, "Encryption Option"),
                (39, "New Environment Option"),
                (46, "Start TLS"),
            ],
        },
    ],
    ..NOTHING
};

/// Interpret as command.
const IAC: u8 = 255;
/// A suboption begins.
pub const SB: u8 = 250;
/// A suboption ends.
pub const SE: u8 = 240;

/// One piece of what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text, from where on.
    Text(usize, &'a [u8]),
    /// A command, where, and the option that it is about.
    Command(usize, u8, Option<u8>),
    /// A suboption: where, which, and what is in it.
    Suboption(usize, u8, &'a [u8]),
}

/// Takes what is said apart.
pub fn pieces(bytes: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
        let start = at;
        if rest[0] != IAC || rest.get(1) == Some(&IAC) {
            // A doubled IAC stands for the byte itself.
            let mut length = 0;
            while let Some(found) = memchr::memchr(IAC, &rest[length..]) {
                length += found;
                if rest.get(length + 1) != Some(&IAC) {
                    at += length;
                    return Some(Piece::Text(start, &rest[..length]));
                }
                length += 2;
            }
            at = bytes.len();
            return Some(Piece::Text(start, rest));
        }
        let command = rest.get(1).copied();
        let option = rest.get(2).copied();
        match (command, option) {
            (Some(SB), Some(option)) => {
                let inner = rest.get(3..).unwrap_or_default();
                let end = memchr::memmem::find(inner, &[IAC, SE]).unwrap_or(inner.len());
                at += 3 + end;
                Some(Piece::Suboption(start, option, &inner[..end]))
            }
            (Some(command @ 251..=254), option) => {
                at += 2 + usize::from(option.is_some());
                Some(Piece::Command(start, command, option))
            }
            (Some(command), _) => {
                at += 2;
                Some(Piece::Command(start, command, None))
            }
            (None, _) => {
                at += 1;
                Some(Piece::Text(start, rest))
            }
        }
    })
}

fn line(_: &Given<'_, '_>) -> Line {
    Line {
        protocol: "TELNET",
        info: "Telnet Data ...".to_owned(),
    }
}

fn emit<'a>(given: &Given<'_, 'a>, sink: &mut Sink<'a>) -> Option<()> {
    for piece in pieces(given.view.bytes) {
        match piece {
            Piece::Text(start, bytes) => {
                for line in lines::lines(bytes, 0) {
                    let all = &bytes[line.start..line.next];
                    let place = start + line.start..start + line.next;
                    sink.put(DATA, place, Value::Text(text::ascii(all)));
                }
            }
            Piece::Command(start, command, option) => {
                sink.unsigned(CMD, start + 1..start + 2, command);
                if let Some(option) = option {
                    sink.unsigned(SUBCMD, start + 2..start + 3, option);
                }
            }
            Piece::Suboption(start, option, inner) => {
                sink.unsigned(CMD, start + 1..start + 2, SB);
                sink.unsigned(SUBCMD, start + 2..start + 3, option);
                suboption(start + 3, option, inner, sink);
            }
        }
    }
    Some(())
}

/// Terminal type (RFC 1091) and window size (RFC 1073).
fn suboption<'a>(start: usize, option: u8, inner: &'a [u8], sink: &mut Sink<'a>) {
    match (option, inner) {
        (24, [kind, name @ ..]) => {
            sink.unsigned(SUBCMD, start..start + 1, *kind);
            if *kind == 0 {
                let place = start + 1..start + inner.len();
                sink.put(TERMINAL, place, Value::Text(text::ascii(name)));
            }
        }
        (31, [a, b, c, d]) => {
            sink.unsigned(WIDTH, start..start + 2, u16::from_be_bytes([*a, *b]));
            sink.unsigned(HEIGHT, start + 2..start + 4, u16::from_be_bytes([*c, *d]));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_commands_and_suboptions_are_told_apart() {
        let bytes = b"a\xff\xffb\xff\xfd\x03\xff\xfa\x18\0VT\xff\xf0\xff\xf1z";
        let found: Vec<Piece<'_>> = pieces(bytes).collect();
        let wanted = [
            Piece::Text(0, b"a\xff\xffb"),
            Piece::Command(4, 253, Some(3)),
            Piece::Suboption(7, 24, b"\0VT"),
            Piece::Command(13, 240, None),
            Piece::Command(15, 241, None),
            Piece::Text(17, b"z"),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn what_is_cut_short_ends() {
        let bytes = b"\xff\xfa\x18\0VT\xff\xf0\xff\xfd\x03\xff";
        for end in 0..=bytes.len() {
            assert!(pieces(&bytes[..end]).count() <= 5);
        }
    }
}
