//! Options that say who somebody is: identifiers, names, classes, and their proof.

use super::bad_length;
use crate::dissect::cursor::Cursor;
use crate::dissect::dhcp::fields::*;
use crate::dissect::{dns, text};

pub(super) fn client_identifier(part: &mut Cursor<'_, '_>, value: &[u8]) -> Option<()> {
    if let Some(done) = hardware_or_uuid(part, value) {
        return done;
    }
    match value {
        [255, ..] => unique_identifier(part),
        [0, rest @ ..] if !rest.is_empty() => {
            part.u8(CLIENT_ID_TYPE)?;
            part.ascii(CLIENT_ID_UNDEF, rest.len())?;
            Some(())
        }
        _ => Some(()),
    }
}

/// A hardware address or UUID (options 61 and 97); `None` when it is neither.
pub(super) fn hardware_or_uuid(part: &mut Cursor<'_, '_>, value: &[u8]) -> Option<Option<()>> {
    match value {
        [kind @ 1..=47, address @ ..] if address.len() == 6 => Some((|| {
            part.u8(HW_TYPE)?;
            if matches!(kind, 1 | 6) {
                part.ether(HW_MAC_ADDR)?;
            } else {
                let range = part.at..part.end;
                part.sink
                    .owned_text(CLIENT_HARDWARE_ADDRESS, range, text::hex(address));
            }
            Some(())
        })()),
        [0, uuid @ ..] if uuid.len() == 16 => {
            let range = part.at + 1..part.end;
            part.sink.owned_text(CLIENT_ID_UUID, range, guid(uuid));
            Some(Some(()))
        }
        _ => None,
    }
}

/// A UUID whose first three parts are in little endian.
fn guid(bytes: &[u8]) -> String {
    let part = |range: std::ops::Range<usize>, swap: bool| {
        let mut part = bytes.get(range).unwrap_or_default().to_vec();
        if swap {
            part.reverse();
        }
        text::hex(&part)
    };
    [
        part(0..4, true),
        part(4..6, true),
        part(6..8, true),
        part(8..10, false),
        part(10..16, false),
    ]
    .join("-")
}

/// A client identifier after RFC 4361: interface and DUID.
fn unique_identifier(part: &mut Cursor<'_, '_>) -> Option<()> {
    let whole = part.left();
    part.skip(1)?;
    let (interface, range) = part.take(4)?;
    part.sink
        .owned_text(CLIENT_ID_IAID, range, text::hex(interface));
    match part.u16(CLIENT_ID_DUID_TYPE)? {
        1 if whole >= 8 => {
            let hardware = part.u16(CLIENT_ID_LLT_HW)?;
            part.u32(CLIENT_ID_TIME)?;
            link_address(part, hardware)
        }
        2 if whole >= 6 => {
            part.u32(CLIENT_ID_ENTERPRISE)?;
            part.bytes(CLIENT_ID, part.left())?;
            Some(())
        }
        3 if whole >= 4 => {
            let hardware = part.u16(CLIENT_ID_LL_HW)?;
            link_address(part, hardware)
        }
        _ => Some(()),
    }
}

fn link_address(part: &mut Cursor<'_, '_>, hardware: u16) -> Option<()> {
    let (address, range) = part.take(part.left())?;
    let shown = match (hardware, address.len()) {
        (_, 0) => "<No address>".into(),
        (1 | 6, 6) => text::colons(address),
        _ => text::hex(address),
    };
    part.sink.owned_text(CLIENT_ID_LINK, range, shown);
    Some(())
}

pub(super) fn user_class(part: &mut Cursor<'_, '_>) -> Option<()> {
    if part.left() < 2 {
        bad_length(part);
        return Some(());
    }
    let mut number = 0u8;
    while part.left() > 0 {
        let length = usize::from(part.peek_u8()?);
        if length >= part.left() {
            part.ascii(USER_CLASS_TEXT, part.left())?;
            break;
        }
        let range = part.at..part.at + 1;
        part.sink.unsigned(USER_CLASS, range, number);
        part.u8(USER_CLASS_LENGTH)?;
        if length == 0 {
            bad_length(part);
            break;
        }
        part.bytes(USER_CLASS_DATA, length)?;
        number = number.wrapping_add(1);
    }
    Some(())
}

pub(super) fn full_name(part: &mut Cursor<'_, '_>, value: &[u8]) -> Option<()> {
    if value.len() < 3 {
        bad_length(part);
        return Some(());
    }
    let range = part.at..part.at + 1;
    let flags = part.u8(FQDN_FLAGS)?;
    part.sink.unsigned(FQDN_MBZ, range.clone(), flags >> 4);
    for (index, bit) in [(FQDN_N, 8), (FQDN_E, 4), (FQDN_O, 2), (FQDN_S, 1)] {
        part.sink.boolean(index, range.clone(), flags & bit != 0);
    }
    part.u8(FQDN_RCODE1)?;
    part.u8(FQDN_RCODE2)?;
    let left = part.left();
    if left == 0 {
        return Some(());
    }
    if flags & 4 == 0 {
        part.ascii(FQDN_NAME, left)?;
    } else {
        let name = dns::name::read(value, 3, 3, Some(left))?;
        let range = part.at..part.end;
        part.sink.owned_text(FQDN_NAME, range, name.text());
    }
    Some(())
}

pub(super) fn authentication(part: &mut Cursor<'_, '_>, kind: Option<u8>) -> Option<()> {
    if part.left() < 11 {
        bad_length(part);
        return Some(());
    }
    let protocol = part.u8(AUTH_PROTOCOL)?;
    let delayed = protocol == 1;
    let algorithm = part.u8(if delayed {
        AUTH_ALG_DELAY
    } else {
        AUTH_ALGORITHM
    })?;
    if part.u8(AUTH_RDM)? == 0 {
        part.u64(AUTH_REPLAY)?;
    } else {
        part.ascii(AUTH_RDV, 8)?;
    }
    if delayed && algorithm == 1 {
        if kind == Some(1) {
            return Some(());
        }
        if part.left() < 20 {
            bad_length(part);
            return Some(());
        }
        part.u32(AUTH_SECRET_ID)?;
        part.bytes(AUTH_HASH, 16)?;
    } else if part.left() > 0 {
        part.ascii(AUTH_INFORMATION, part.left())?;
    }
    Some(())
}
