//! NetBIOS sessions and datagrams (RFC 1002), and the server message blocks in them.

use super::{Memory, Names, Outline, PLAIN, Taken, contains, length, u16_le};
use crate::dissect::as_usize;
use std::ops::Range;

/// NetBIOS session service, and the same framing without names on port 445.
pub(super) const NBSS: Outline = Outline {
    name: "nbss",
    tcp: &[139, 445],
    divide: |bytes, _| {
        let Some([kind, flags, high, low]) = bytes.first_chunk() else {
            return Some(Taken::OneMore);
        };
        let known = matches!(kind, 0 | 0x81..=0x85) && flags & 0xfe == 0;
        if !known {
            // The middle of a message: Wireshark shows it as one.
            return Some(Taken::Message(bytes.len()));
        }
        let body = u32::from_be_bytes([0, *flags, *high, *low]);
        Some(length(bytes, 4 + as_usize(body)))
    },
    above: |message, _, names| {
        if message.first() == Some(&0) {
            block(message.get(4..).unwrap_or_default(), names);
        }
    },
    ..PLAIN
};

/// What a NetBIOS datagram carries: a message to a mailslot, most often that of the browser.
pub(super) fn datagram(bytes: &[u8], names: &mut Names) -> Option<Range<usize>> {
    // Type, flags, number, address, port, length and offset; then two names.
    if !matches!(bytes.first()?, 0x10..=0x12) {
        return None;
    }
    let after = (0..2).try_fold(14, |at, _| end_of_name(bytes, at))?;
    match bytes.get(after..)? {
        rest if rest.starts_with(b"\xffSMB") => {
            block(rest, names);
            None
        }
        rest => (!rest.is_empty()).then_some(after..bytes.len()),
    }
}

/// What a frame of NetBIOS without IP carries, behind its own header.
pub(in crate::dissect) fn frame(bytes: &[u8], names: &mut Names) {
    let (Some(header), Some(0xefff)) = (u16_le(bytes, 0), u16_le(bytes, 2)) else {
        return;
    };
    names.push("netbios");
    // Datagrams and data of a session.
    if matches!(bytes.get(4), Some(0x08 | 0x15 | 0x16)) {
        block(bytes.get(header.into()..).unwrap_or_default(), names);
    }
}

/// Where a name ends that is written in pieces, each behind its length.
fn end_of_name(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            length if length < 64 => at += 1 + usize::from(length),
            length if length < 0xc0 => return None,
            _ => return Some(at + 2),
        }
    }
}

/// A server message block of either version.
pub(super) fn block(bytes: &[u8], names: &mut Names) {
    match bytes.first_chunk() {
        Some(b"\xffSMB") => {
            names.push("smb");
            first_version(bytes, names);
        }
        Some(b"\xfeSMB") => {
            names.push("smb2");
            second_version(bytes, names);
        }
        Some(b"\xfdSMB" | b"\xfcSMB") => names.push("smb2"),
        _ => {}
    }
}

fn first_version(bytes: &[u8], names: &mut Names) {
    let command = bytes.get(4).copied().unwrap_or_default();
    let body = bytes.get(32..).unwrap_or_default();
    match command {
        // Transaction: the mailslot's name tells.
        0x25 if contains(body, b"\\MAILSLOT\\BROWSE\0")
            || contains(body, b"\\MAILSLOT\\LANMAN\0") =>
        {
            names.push("browser");
        }
        0x25 if contains(body, b"\\MAILSLOT\\NET\\NETLOGON") => names.push("smb_netlogon"),
        0x72 | 0x73 => match token(body) {
            Some(at) => security(&body[at..], names),
            None if contains(body, NTLM) => names.push("ntlmssp"),
            None => {}
        },
        _ => {}
    }
}

const NTLM: &[u8] = b"NTLMSSP\0";
/// The object identifiers of SPNEGO and of Kerberos 5, as ASN.1 writes them.
const SPNEGO: &[u8] = &[0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
const KERBEROS: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02,
];

/// Where a token of SPNEGO begins: its first message names it, later ones are a choice of their
/// own around a sequence.
fn token(body: &[u8]) -> Option<usize> {
    let begins = |at: usize| -> bool {
        let rest = &body[at..];
        let tag = rest.first().copied().unwrap_or_default();
        let Some((start, length)) = extent(rest) else {
            return false;
        };
        let inner = rest.get(start..).unwrap_or_default();
        match tag {
            0x60 => inner.starts_with(SPNEGO),
            0xa1 => inner.first() == Some(&0x30) && length + start <= rest.len() && length > 4,
            _ => false,
        }
    };
    (0..body.len().min(128)).find(|at| begins(*at))
}

/// Where the content of an element of ASN.1 begins, and how long it is.
fn extent(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes.get(1)? {
        short @ 0..=0x7f => Some((2, usize::from(short))),
        0x81 => Some((3, usize::from(*bytes.get(2)?))),
        0x82 => Some((4, usize::from(super::u16_at(bytes, 2)?))),
        _ => None,
    }
}

/// What settles who the parties are.
pub(super) fn security(bytes: &[u8], names: &mut Names) {
    if bytes.starts_with(NTLM) {
        return names.push("ntlmssp");
    }
    let Some((start, _)) = extent(bytes) else {
        return;
    };
    names.push("gss-api");
    let inner = bytes.get(start..).unwrap_or_default();
    if inner.starts_with(KERBEROS) {
        return names.push("spnego-krb5");
    }
    names.push("spnego");
    within(inner, names);
}

/// What SPNEGO carries: NTLM's messages, the check of the list of mechanisms that goes with the
/// last of them, or a ticket.
pub(super) fn within(inner: &[u8], names: &mut Names) {
    if contains(inner, NTLM) {
        names.push("ntlmssp");
        let check: &[u8] = &[0xa3, 0x12, 0x04, 0x10, 1, 0, 0, 0];
        if contains(inner, check) {
            names.push("ntlmssp");
        }
    } else if contains_ticket(inner) {
        names.push("spnego-krb5");
    }
}

/// Whether a ticket of Kerberos is in here: its token begins with its own name.
fn contains_ticket(inner: &[u8]) -> bool {
    memchr::memmem::find_iter(inner, KERBEROS).any(|at| {
        let before = &inner[at.saturating_sub(4)..at];
        before.contains(&0x60)
    })
}

/// Offsets of commands in the header, and what each carries behind it.
fn second_version(bytes: &[u8], names: &mut Names) {
    let (Some(command), Some(flags)) = (u16_le(bytes, 12), bytes.get(16)) else {
        return;
    };
    let response = flags & 1 == 1;
    // Where the offset and the length of the buffer stand.
    let place = match (command, response) {
        (0, true) => (64 + 56, 64 + 58),
        (1, true) => (64 + 4, 64 + 6),
        (1, false) => (64 + 12, 64 + 14),
        (8, true) => return pipe(bytes, bytes.get(66).map(|b| usize::from(*b)), names),
        (9, false) => return pipe(bytes, u16_le(bytes, 66).map(usize::from), names),
        (11, false) => return pipe(bytes, u16_le(bytes, 64 + 24).map(usize::from), names),
        (11, true) => return pipe(bytes, u16_le(bytes, 64 + 32).map(usize::from), names),
        _ => return,
    };
    let (Some(offset), Some(length)) = (u16_le(bytes, place.0), u16_le(bytes, place.1)) else {
        return;
    };
    let start = usize::from(offset);
    if let Some(blob) = bytes.get(start..start + usize::from(length))
        && !blob.is_empty()
    {
        security(blob, names);
    }
}

/// Remote procedure calls over a named pipe.
fn pipe(bytes: &[u8], offset: Option<usize>, names: &mut Names) {
    let Some(data) = offset.and_then(|at| bytes.get(at..)) else {
        return;
    };
    // Version 5.0, and its own length.
    let fits = u16_le(data, 8).is_some_and(|length| (16..=data.len()).contains(&length.into()));
    if data.starts_with(&[5, 0]) && fits {
        names.push("dcerpc");
    }
}

/// A token in a directory's answer, without the general wrapping.
pub(super) fn bare(bytes: &[u8], _: &mut Memory, names: &mut Names) {
    names.push("spnego");
    within(bytes, names);
}
