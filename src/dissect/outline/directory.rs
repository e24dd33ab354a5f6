//! Directories (LDAP, RFC 4511), and what proves who asks.

use super::{Outline, PLAIN, Taken, contains, length, u32_at, windows};
use crate::dissect::as_usize;

/// A message is an element of ASN.1, or, after both sides agreed on protection, a token behind
/// its length.
pub(super) const LDAP: Outline = Outline {
    name: "ldap",
    tcp: &[389, 3268],
    divide: |bytes, memory| match *bytes.first()? {
        0x30 => match bytes.get(1) {
            Some(short @ 0..=0x7f) => Some(length(bytes, 2 + usize::from(*short))),
            Some(many @ 0x81..=0x84) => {
                let digits = usize::from(many & 0x7f);
                let Some(number) = bytes.get(2..2 + digits) else {
                    return Some(Taken::OneMore);
                };
                let body = number.iter().fold(0, |n, b| n << 8 | usize::from(*b));
                Some(length(bytes, 2 + digits + body))
            }
            Some(_) => Some(Taken::Message(bytes.len())),
            None => Some(Taken::OneMore),
        },
        _ if memory.secured => match u32_at(bytes, 0) {
            Some(body) => Some(length(bytes, 4 + as_usize(body))),
            None => Some(Taken::OneMore),
        },
        _ => Some(Taken::Message(bytes.len())),
    },
    above: |message, memory, names| {
        if message.first() != Some(&0x30) {
            if memory.secured {
                names.extend(["gss-api", "spnego-krb5"]);
            }
            return;
        }
        let mechanism = memchr::memmem::find(message, b"GSS-SPNEGO");
        let operation = operation(message);
        if let (Some(at), Some(0x60)) = (mechanism, operation) {
            memory.secured = true;
            // Behind the mechanism's name, an element with the token.
            let rest = &message[at + 10..];
            let token = rest.iter().position(|b| *b == 0x60 || *b == 0xa1);
            if let Some(token) = token.filter(|at| *at <= 6) {
                windows::security(&rest[token..], names);
            } else if contains(rest, b"NTLMSSP\0") {
                names.push("ntlmssp");
            }
        } else if operation == Some(0x61) && memory.secured {
            if let Some(at) = memchr::memchr(0xa1, message) {
                windows::bare(&message[at..], memory, names);
            }
        } else if contains(message, b"1.2.840.113556.1.4.319") {
            // The control that divides long answers into pages.
            names.push("ldap");
        }
    },
    ..PLAIN
};

/// The tag of a message's operation, behind its number.
fn operation(message: &[u8]) -> Option<u8> {
    let at = match *message.get(1)? {
        many @ 0x81..=0x84 => 2 + usize::from(many & 0x7f),
        _ => 2,
    };
    let number = usize::from(*message.get(at + 1)?);
    message.get(at + 2 + number).copied()
}
