//! File names from strangers: one plain component of readable text, or refused.

use crate::lab::log::steers;
use thiserror::Error;

/// The longest name that file systems take, in bytes.
const LONGEST: usize = 255;

/// Why a name is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// Nothing is left to call the file.
    #[error("the name is empty")]
    Empty,
    /// Longer than a file system takes.
    #[error("the name is longer than 255 bytes")]
    Long,
    /// Not text.
    #[error("the name is no UTF-8")]
    NotText,
    /// It leads to another folder.
    #[error("the name is a path: / and \\ are not taken")]
    Path,
    /// It steers a terminal or hides what it is.
    #[error("the name has characters that cannot be seen")]
    Unseen,
    /// `.`, `..`, hidden files, and options to other programs.
    #[error("the name begins with a dot, a dash, a tilde or a blank")]
    Beginning,
    /// Cut off by some systems, and then another name.
    #[error("the name ends with a dot or a blank")]
    Ending,
    /// A stream, drive, pattern or pipe to some systems.
    #[error("the name has one of : * ? \" < > |")]
    Special,
    /// A device to some systems.
    #[error("the name is that of a device")]
    Device,
}

/// The name, when it is fit to be written in the server's folder.
pub fn check(name: &[u8]) -> Result<&str, Refused> {
    let name = std::str::from_utf8(name).map_err(|_| Refused::NotText)?;
    if name.is_empty() {
        return Err(Refused::Empty);
    }
    if name.len() > LONGEST {
        return Err(Refused::Long);
    }
    if name.contains(['/', '\\', '\u{2044}', '\u{2215}', '\u{ff0f}', '\u{ff3c}']) {
        return Err(Refused::Path);
    }
    if name.chars().any(steers) {
        return Err(Refused::Unseen);
    }
    if name.starts_with(['.', '-', '~']) || name.starts_with(char::is_whitespace) {
        return Err(Refused::Beginning);
    }
    if name.ends_with('.') || name.ends_with(char::is_whitespace) {
        return Err(Refused::Ending);
    }
    if name.contains([':', '*', '?', '"', '<', '>', '|']) {
        return Err(Refused::Special);
    }
    if is_device(name) {
        return Err(Refused::Device);
    }
    Ok(name)
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end();
    let stem = stem.to_ascii_uppercase();
    matches!(
        stem.as_str(),
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$"
    ) || matches!(
        stem.as_bytes(),
        [b'C', b'O', b'M', b'0'..=b'9'] | [b'L', b'P', b'T', b'0'..=b'9']
    )
}

/// Names that no server may take; the tests of the transfer send most of them.
#[cfg(test)]
const HOSTILE: [&[u8]; 44] = [
    b"",
    b".",
    b"..",
    b"...",
    b"/",
    b"/etc/passwd",
    b"../x",
    b"../../etc/passwd",
    b"a/../../x",
    b"a/b",
    b"./x",
    b"x/",
    b"..\\x",
    b"C:\\x",
    b"\\\\host\\x",
    b"a\\b",
    b"C:x",
    b"x:stream",
    b"a\0b",
    b"a\nb",
    b"a\rb",
    b"\x1b[2J",
    b"a\x7f",
    b"\xff\xfe",
    b"\xc0\xae\xc0\xae/x",
    b".bashrc",
    b".ssh",
    b"-rf",
    b"--help",
    b"~",
    b"~root",
    b" x",
    b"x ",
    b"x.",
    b"CON",
    b"nul.txt",
    b"Com1",
    b"lpt9.log",
    b"a*b",
    b"a?b",
    b"a|b",
    b"<x>",
    "a\u{202e}txt.exe".as_bytes(),
    "..\u{2215}x".as_bytes(),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hostile_name_is_refused() {
        for name in HOSTILE {
            assert!(check(name).is_err(), "{:?}", String::from_utf8_lossy(name));
        }
        assert_eq!(check(&[b'a'; 256]), Err(Refused::Long));
    }

    #[test]
    fn ordinary_names_are_taken() {
        let longest = "a".repeat(255);
        for name in [
            "a",
            "report.pdf",
            "two words.txt",
            "Übung 1.docx",
            "漢字",
            "a..b",
            "100%",
            &longest,
        ] {
            assert_eq!(check(name.as_bytes()), Ok(name));
        }
    }
}
