//! Domain names on the wire (RFC 1035 §4.1.4), read as Wireshark reads them.

use crate::dissect::text;
use std::fmt::Write;

/// The longest name that is kept, in characters.
const MOST_CHARACTERS: usize = 253;
/// Pointers and labels that are followed for one name.
const MOST_POINTERS: usize = 255;
const MOST_LABELS: usize = 1024;

/// Bytes of the shortest name that is not the root: one label, or a pointer.
const SHORTEST: usize = 2;

/// A name as it is shown, and how many bytes it took where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Its labels with dots between them, raw; or words in angle brackets where there is no
    /// name: `<Root>`, `<Name too long>`.
    pub bytes: Vec<u8>,
    /// Bytes of the name where it starts, up to and including its first pointer.
    pub used: usize,
    /// What Wireshark takes for its length: without the characters of bit-string labels.
    pub length: usize,
}

impl Name {
    /// The name with unprintable characters spelled out.
    pub fn text(&self) -> String {
        text::spelled(self.bytes.get(..self.length).unwrap_or(&self.bytes))
    }

    /// How many labels: Wireshark counts none in names of one character.
    pub fn labels(&self) -> usize {
        if self.length < 2 {
            return 0;
        }
        let counted = self.bytes.get(..self.length).unwrap_or(&self.bytes);
        counted.iter().filter(|&&b| b == b'.').count() + 1
    }

    fn fixed(words: &str, used: usize) -> Name {
        Name {
            bytes: words.as_bytes().to_vec(),
            used,
            length: words.len(),
        }
    }
}

/// Reads the name at `start`. Pointers count from `base`. With `limit`, the name ends at the
/// latest after so many bytes. `None`: the name leaves the message or contradicts itself.
pub fn read(message: &[u8], start: usize, base: usize, limit: Option<usize>) -> Option<Name> {
    let name = expand(message, start, base, limit)?;
    if name.bytes.is_empty() && name.used <= SHORTEST {
        return Some(Name::fixed("<Root>", name.used));
    }
    if name.used < SHORTEST || (name.used > SHORTEST && name.length == 0) {
        return None;
    }
    Some(name)
}

fn expand(message: &[u8], start: usize, base: usize, limit: Option<usize>) -> Option<Name> {
    let mut name = Name {
        bytes: Vec::new(),
        used: 0,
        length: 0,
    };
    let mut used = None;
    let mut at = start;
    let (mut pointers, mut labels) = (0, 0);
    let mut too_long = false;
    let past = |at: usize| limit.is_some_and(|most| at.saturating_sub(start) >= most);
    while !past(at) {
        let kind = *message.get(at)?;
        at += 1;
        if kind == 0 {
            break;
        }
        labels += 1;
        if labels > MOST_LABELS {
            too_long = true;
            break;
        }
        match kind & 0xc0 {
            0x00 => {
                let length = usize::from(kind);
                if limit.is_some_and(|most| at.saturating_sub(start) + length > most) {
                    return None;
                }
                let label = message.get(at..at + length)?;
                at += length;
                let dot = usize::from(!name.bytes.is_empty());
                if name.bytes.len() + dot + length > MOST_CHARACTERS {
                    too_long = true;
                } else {
                    if dot == 1 {
                        name.bytes.push(b'.');
                    }
                    name.bytes.extend_from_slice(label);
                    name.length += dot + length;
                }
            }
            0x40 if kind == 0x41 => at = bit_string(message, at, &mut name)?,
            0x40 => {
                let used = at.saturating_sub(start);
                return Some(Name::fixed("<Unknown extended label>", used));
            }
            0x80 => return None,
            _ => {
                let low = *message.get(at)?;
                at += 1;
                pointers += 1;
                let target = base + usize::from(u16::from_be_bytes([kind & 0x3f, low]));
                let length = *used.get_or_insert(at.saturating_sub(start));
                if target == at + 2 || pointers > MOST_POINTERS {
                    let words = "<Name contains a pointer that loops>";
                    return Some(Name::fixed(words, length));
                }
                at = target;
            }
        }
    }
    name.used = used.unwrap_or(at.saturating_sub(start));
    if too_long {
        return Some(Name::fixed("<Name too long>", name.used));
    }
    Some(name)
}

/// A label of single bits (RFC 2673): `\[xf8/5]`.
fn bit_string(message: &[u8], at: usize, name: &mut Name) -> Option<usize> {
    let bits = *message.get(at)?;
    let length = usize::from(bits.saturating_sub(1) / 8 + 1);
    let label = message.get(at + 1..at + 1 + length)?;
    if name.bytes.len() + 8 + 2 * length <= MOST_CHARACTERS {
        let mut text = String::from("\\[x");
        text.push_str(&text::hex(label));
        let _ = write!(text, "/{bits}]");
        name.bytes.extend_from_slice(text.as_bytes());
    }
    Some(at + 1 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(message: &[u8], at: usize) -> Option<(String, usize)> {
        let name = read(message, at, 0, None)?;
        Some((name.text(), name.used))
    }

    #[test]
    fn labels_are_joined_by_dots_and_pointers_are_followed() {
        let message = b"\x03www\x02ab\x00\x01x\xc0\x04";
        assert_eq!(shown(message, 0), Some(("www.ab".into(), 8)));
        assert_eq!(shown(message, 8), Some(("x.ab".into(), 4)));
    }

    #[test]
    fn an_empty_name_is_the_root() {
        assert_eq!(shown(b"\x00", 0), Some(("<Root>".into(), 1)));
        assert_eq!(shown(b"\x00\xc0\x00", 1), Some(("<Root>".into(), 2)));
    }

    #[test]
    fn a_pointer_that_loops_is_said_to_loop() {
        let loops = Some(("<Name contains a pointer that loops>".into(), 2));
        assert_eq!(shown(b"\xc0\x00", 0), loops);
        assert_eq!(shown(b"\xc0\x02\x01a\xc0\x02", 0), loops);
    }

    #[test]
    fn names_end_at_253_characters() {
        let message = |last: u8| {
            let mut message = Vec::new();
            for length in [63, 63, 63, last] {
                message.push(length);
                message.extend(vec![b'x'; usize::from(length)]);
            }
            message.push(0);
            message
        };
        let length = |last| read(&message(last), 0, 0, None).map(|name| name.length);
        assert_eq!(length(61), Some(253));
        assert_eq!(length(62), Some("<Name too long>".len()));
    }

    #[test]
    fn every_shorter_prefix_is_no_name() {
        let message = b"\x03www\x02ab\x00";
        for end in 0..message.len() {
            assert_eq!(read(&message[..end], 0, 0, None), None);
        }
    }
}
