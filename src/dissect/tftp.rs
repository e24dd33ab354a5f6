//! The trivial file transfer protocol (RFC 1350) with options (RFC 2347). A transfer goes on
//! between ports of its own; that these are TFTP's is told by `track`.

use super::cursor::Cursor;
use super::definition::{Definition, Found, Given, Line, NOTHING, Names};
use super::field::{FieldIndex, Kind, Sink, Value};
use super::layer::View;
use super::text;
use std::fmt::Write as _;

crate::fields! {
    OPCODE: "tftp.opcode", Kind::Unsigned(16), "1 asks for a file, 2 sends one, 3 is data, 4 acknowledges, 5 is an error, 6 agrees to options.";
    SOURCE: "tftp.source_file", Kind::Text, "The file asked for.";
    TYPE: "tftp.type", Kind::Text, "How bytes are sent: octet or netascii.";
    BLOCK: "tftp.block", Kind::Unsigned(16), "Number of the block, from 1.";
    ERROR_CODE: "tftp.error.code", Kind::Unsigned(16), "Why the transfer ended.";
    ERROR_MESSAGE: "tftp.error.message", Kind::Text, "The same in words.";
    OPTION_NAME: "tftp.option.name", Kind::Text, "Name of an option, such as blksize.";
    OPTION_VALUE: "tftp.option.value", Kind::Text, "Its value.";
}

/// Everything about TFTP.
pub const DEFINITION: Definition = Definition {
    layers: &[("tftp", "Trivial file transfer protocol.")],
    title: "TFTP",
    found: Found {
        udp: &[69],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit,
    strict: true,
    line: Some(|given| line(&given.view)),
    values: &[
        Names {
            fields: &["tftp.opcode"],
            values: OPCODES,
        },
        Names {
            fields: &["tftp.error.code"],
            values: ERRORS,
        },
    ],
    ..NOTHING
};

const OPCODES: &[(u64, &str)] = &[
    (1, "Read Request"),
    (2, "Write Request"),
    (3, "Data Packet"),
    (4, "Acknowledgement"),
    (5, "Error Code"),
    (6, "Option Acknowledgement"),
];

const ERRORS: &[(u64, &str)] = &[
    (0, "Not defined"),
    (1, "File not found"),
    (2, "Access violation"),
    (3, "Disk full or allocation exceeded"),
    (4, "Illegal TFTP Operation"),
    (5, "Unknown transfer ID"),
    (6, "File already exists"),
    (7, "No such user"),
    (8, "Option negotiation failed"),
];

const READ: u16 = 1;
const WRITE: u16 = 2;
const DATA: u16 = 3;
const ACK: u16 = 4;
const ERROR: u16 = 5;
const OPTIONS: u16 = 6;

/// Bytes of a block, when nothing else was agreed.
const BLOCK_SIZE: usize = 512;

/// Where the file's bytes begin in a data packet.
pub fn file_bytes(view: &View<'_>) -> Option<usize> {
    (view.u16(0) == Some(DATA)).then_some(4)
}

/// Whether it asks for a transfer, which then goes on between other ports.
pub fn begins_transfer(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 1 | 2, _, ..])
}

/// The texts that follow each other, each ended by a zero byte.
fn texts(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(0, rest).unwrap_or(rest.len());
        let found = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        Some(found)
    })
}

fn line(view: &View<'_>) -> Line {
    let opcode = view.u16(0).unwrap_or_default();
    let name = OPCODES.iter().find(|o| o.0 == u64::from(opcode));
    let mut info = name.map_or("Unknown", |n| n.1).to_owned();
    let rest = view.bytes.get(2..).unwrap_or_default();
    let number = view.u16(2).unwrap_or_default();
    let mut options = texts(rest);
    let _ = match opcode {
        READ | WRITE => {
            let file = text::spelled(options.next().unwrap_or_default());
            let kind = text::spelled(options.next().unwrap_or_default());
            write!(info, ", File: {file}, Transfer type: {kind}")
        }
        DATA => {
            let last = view.reported.saturating_sub(4) < BLOCK_SIZE;
            let last = if last { " (last)" } else { "" };
            write!(info, ", Block: {number}{last}")
        }
        ACK => write!(info, ", Block: {number}"),
        ERROR => {
            let name = ERRORS.iter().find(|e| e.0 == u64::from(number));
            let words = texts(rest.get(2..).unwrap_or_default()).next();
            write!(
                info,
                ", Code: {}, Message: {}",
                name.map_or("Unknown", |n| n.1),
                text::spelled(words.unwrap_or_default())
            )
        }
        _ => Ok(()),
    };
    if matches!(opcode, READ | WRITE | OPTIONS) {
        while let Some(name) = options.next() {
            let value = text::spelled(options.next().unwrap_or_default());
            let _ = write!(info, ", {}={value}", text::spelled(name));
        }
    }
    Line {
        protocol: "TFTP",
        info,
    }
}

fn emit<'a>(given: &Given<'_, 'a>, sink: &mut Sink<'a>) -> Option<()> {
    let mut c = Cursor {
        bytes: given.view.bytes,
        at: 0,
        end: given.view.reported,
        sink,
    };
    match c.u16(OPCODE)? {
        READ => {
            word(&mut c, Some(SOURCE))?;
            word(&mut c, Some(TYPE))?;
            options(&mut c)
        }
        WRITE => {
            word(&mut c, None)?;
            word(&mut c, Some(TYPE))?;
            options(&mut c)
        }
        DATA | ACK => c.u16(BLOCK).map(|_| ()),
        ERROR => {
            c.u16(ERROR_CODE)?;
            word(&mut c, Some(ERROR_MESSAGE))
        }
        OPTIONS => options(&mut c),
        _ => Some(()),
    }
}

/// A text that a zero byte ends.
fn word(c: &mut Cursor<'_, '_>, index: Option<FieldIndex>) -> Option<()> {
    let rest = c.bytes.get(c.at..c.end.min(c.bytes.len()))?;
    let length = memchr::memchr(0, rest)?;
    let (found, range) = c.take(length + 1)?;
    if let Some(index) = index {
        let value = Value::Text(text::ascii(&found[..length]));
        c.sink.put(index, range, value);
    }
    Some(())
}

fn options(c: &mut Cursor<'_, '_>) -> Option<()> {
    while c.left() > 0 {
        word(c, Some(OPTION_NAME))?;
        word(c, Some(OPTION_VALUE))?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_end_with_zero_or_with_the_bytes() {
        let found: Vec<&[u8]> = texts(b"boot\0octet\0tsize").collect();
        assert_eq!(found, [&b"boot"[..], b"octet", b"tsize"]);
        assert!(begins_transfer(b"\0\x01a\0") && !begins_transfer(b"\0\x03\0\x01"));
    }
}
