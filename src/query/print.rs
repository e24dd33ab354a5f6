//! A value in the text of `tshark -T fields`.

use super::moment;
use crate::dissect::field::{Kind, Value};
use std::io::Write as _;
use std::net::Ipv6Addr;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends a value's text.
pub fn value(kind: Kind, value: &Value<'_>, out: &mut Vec<u8>) {
    if let Value::List(list) = value {
        for (at, one) in list.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            self::value(kind, one, out);
        }
        return;
    }
    // Writing to a vector cannot fail.
    let _ = match value {
        Value::Present => write!(out, "1"),
        Value::Boolean(b) => write!(out, "{}", u8::from(*b)),
        Value::Unsigned(n) => match kind {
            Kind::Hex(bits) => {
                let width = usize::from(bits.div_ceil(8)) * 2;
                write!(out, "0x{n:0width$x}")
            }
            Kind::Boolean => write!(out, "{}", u8::from(*n != 0)),
            _ => {
                decimal(*n, out);
                Ok(())
            }
        },
        Value::Signed(n) => write!(out, "{n}"),
        Value::Text(text) => {
            escaped(text, out);
            Ok(())
        }
        // As tshark says that a field is there and has no bytes.
        Value::Bytes(bytes) if bytes.is_empty() => write!(out, "<MISSING>"),
        Value::Bytes(bytes) => {
            hex(bytes, out);
            Ok(())
        }
        Value::Ether(address) => {
            for (at, byte) in address.iter().enumerate() {
                if at > 0 {
                    out.push(b':');
                }
                hex(&[*byte], out);
            }
            Ok(())
        }
        Value::Ipv4([a, b, c, d]) => write!(out, "{a}.{b}.{c}.{d}"),
        Value::Ipv6(address) => {
            ipv6(address, out);
            Ok(())
        }
        Value::Time(nanoseconds) => write!(out, "{}", moment::local(*nanoseconds)),
        Value::Duration(nanoseconds) => {
            seconds(*nanoseconds, out);
            Ok(())
        }
        Value::Float(n) => write!(out, "{n}"),
        Value::List(_) => Ok(()),
        Value::Frames(frames) => {
            for (at, frame) in frames.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                decimal(u64::from(*frame), out);
            }
            Ok(())
        }
    };
}

/// A number in decimal, without the cost of formatting.
fn decimal(mut n: u64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(n % 10).unwrap_or(0);
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Nanoseconds as seconds with nine decimals.
pub fn seconds(nanoseconds: i64, out: &mut Vec<u8>) {
    if nanoseconds < 0 {
        out.push(b'-');
    }
    let n = nanoseconds.unsigned_abs();
    decimal(n / 1_000_000_000, out);
    let _ = write!(out, ".{:09}", n % 1_000_000_000);
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() * 2);
    for byte in bytes {
        out.push(HEX[usize::from(byte >> 4)]);
        out.push(HEX[usize::from(byte & 15)]);
    }
}

/// An IPv6 address as Wireshark writes it: `::` for the longest run of zeros (also IPv4-mapped
/// addresses in dotted form).
fn ipv6(address: &[u8; 16], out: &mut Vec<u8>) {
    let _ = write!(out, "{}", Ipv6Addr::from(*address));
}

/// Text with tshark's escapes (not of BEL and VT), so that a value never breaks its line or column.
fn escaped(text: &[u8], out: &mut Vec<u8>) {
    for c in text.utf8_chunks() {
        for c in c.valid().chars() {
            match c {
                '\u{8}' => out.extend_from_slice(b"\\b"),
                '\u{c}' => out.extend_from_slice(b"\\f"),
                '\n' => out.extend_from_slice(b"\\n"),
                '\r' => out.extend_from_slice(b"\\r"),
                '\t' => out.extend_from_slice(b"\\t"),
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        if !c.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}
