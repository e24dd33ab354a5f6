//! Options that are lists of servers, names or routes, also where a list is spread over several.

use super::{State, bad_length, remainder};
use crate::dissect::cursor::Cursor;
use crate::dissect::dhcp::fields::*;
use crate::dissect::dns;
use crate::dissect::field::{FieldIndex, Value};

pub(super) fn search_list(
    part: &mut Cursor<'_, '_>,
    state: &mut State,
    value: &[u8],
) -> Option<()> {
    let total = state.overview.searches;
    let marks = (SEARCH_LONG, SEARCH_LAST);
    let Some(list) = pieces(part, &mut state.search, total, value, marks) else {
        return Some(());
    };
    names(part, &list, 0, total == 1, SEARCH_FQDN)
}

pub(super) fn sip_servers(
    part: &mut Cursor<'_, '_>,
    state: &mut State,
    value: &[u8],
) -> Option<()> {
    let total = state.overview.sip_lists;
    let Some(list) = pieces(part, &mut state.sip, total, value, (SIP_LONG, SIP_LAST)) else {
        return Some(());
    };
    let (encoding, rest) = list.split_first()?;
    let alone = total == 1;
    let place = |at: usize, length: usize| if alone { at..at + length } else { 0..0 };
    part.sink
        .unsigned(SIP_ENCODING, place(part.at, 1), *encoding);
    match encoding {
        0 if list.len() >= 3 => names(part, &list, 1, alone, SIP_NAME)?,
        1 if list.len() >= 5 && rest.len().is_multiple_of(4) => {
            for (number, address) in rest.chunks_exact(4).enumerate() {
                let range = place(part.at + 1 + number * 4, 4);
                let address = *address.first_chunk()?;
                part.sink.put(SIP_ADDRESS, range, Value::Ipv4(address));
            }
        }
        0 | 1 => bad_length(part),
        _ => {}
    }
    Some(())
}

/// Tells which piece of a list this is when it is spread over several options (RFC 3396).
/// Answers the whole list at its last piece.
fn pieces(
    part: &mut Cursor<'_, '_>,
    list: &mut (Vec<u8>, usize),
    total: usize,
    value: &[u8],
    marks: (FieldIndex, FieldIndex),
) -> Option<Vec<u8>> {
    list.1 += 1;
    let number = list.1;
    if total > 1 {
        let range = part.at..part.end;
        part.sink
            .owned_text(marks.0, range.clone(), format!("{number}/{total}"));
        if number != total {
            part.sink
                .owned_text(marks.1, range, format!("{total}/{total}"));
        }
    }
    list.0.extend_from_slice(value);
    (number == total && !list.0.is_empty()).then(|| std::mem::take(&mut list.0))
}

/// The names of a list, from `start` on; pointers count from there.
fn names(
    part: &mut Cursor<'_, '_>,
    list: &[u8],
    start: usize,
    alone: bool,
    index: FieldIndex,
) -> Option<()> {
    let mut at = start;
    while at < list.len() {
        let name = dns::name::read(list, at, start, Some(list.len()))?;
        let range = if alone {
            part.at + at..part.at + at + name.used
        } else {
            0..0
        };
        let raw = Value::Text(name.bytes.into());
        part.sink.put(index, range, raw);
        at += name.used;
    }
    Some(())
}

pub(super) fn name_services(part: &mut Cursor<'_, '_>) -> Option<()> {
    if part.left() < 2 || part.left() % 2 == 1 {
        bad_length(part);
        return Some(());
    }
    while part.left() > 0 {
        let (bytes, range) = part.take(2)?;
        let words = match bytes {
            [0, 0] => "Local naming information (e.g., an /etc/hosts file on a UNIX machine) (0)",
            [0, 6] => "Domain Name Server Option (6)",
            [0, 41] => "Network Information Servers Option (41)",
            [0, 44] => "NetBIOS over TCP/IP Name Server Option (44)",
            [0, 65] => "Network Information Service+ Servers Option (65)",
            _ => continue,
        };
        part.sink.text(NAME_SERVICE, range, words.as_bytes());
    }
    Some(())
}

pub(super) fn directory_agent(part: &mut Cursor<'_, '_>) -> Option<()> {
    if part.left() == 0 {
        bad_length(part);
        return Some(());
    }
    if part.u8(SLP_DIRECTORY_VALUE)? == 0x80 {
        if part.left() == 0 {
            return Some(());
        }
        part.skip(1)?;
    }
    while part.left() >= 4 {
        part.ipv4(SLP_DIRECTORY_ADDRESS)?;
    }
    remainder(part);
    Some(())
}

pub(super) fn selected_servers(part: &mut Cursor<'_, '_>) -> Option<()> {
    if part.left() < 10 {
        bad_length(part);
        return Some(());
    }
    let range = part.at..part.at + 1;
    let first = part.peek_u8()?;
    part.sink
        .unsigned(RDNSS_RESERVED, range.clone(), first >> 2);
    part.sink.unsigned(RDNSS_PREFERENCE, range, first & 3);
    part.skip(1)?;
    part.ipv4(RDNSS_PRIMARY)?;
    part.ipv4(RDNSS_SECONDARY)?;
    let end = part.end.min(part.bytes.len());
    let option = part.bytes.get(..end)?;
    let name = dns::name::read(option, part.at, part.at, Some(part.left()))?;
    let range = part.at..part.end;
    part.sink.owned_text(RDNSS_DOMAIN, range, name.text());
    Some(())
}

pub(super) fn routes(part: &mut Cursor<'_, '_>) -> Option<()> {
    if part.left() < 5 {
        bad_length(part);
        return Some(());
    }
    while part.left() > 0 {
        let octets = match part.peek_u8()? {
            width @ 0..=32 => usize::from(width).div_ceil(8),
            _ => break,
        };
        part.bytes(CLASSLESS_ROUTE, 1 + octets + 4)?;
    }
    Some(())
}

pub(super) fn rapid_deployment(part: &mut Cursor<'_, '_>) -> Option<()> {
    if part.left() < 22 {
        return Some(());
    }
    part.u8(SIXRD_MASK_LENGTH)?;
    part.u8(SIXRD_PREFIX_LENGTH)?;
    part.ipv6(SIXRD_PREFIX)?;
    while part.left() >= 4 {
        part.ipv4(SIXRD_BORDER_RELAY)?;
    }
    remainder(part);
    Some(())
}

pub(super) fn port_control(part: &mut Cursor<'_, '_>) -> Option<()> {
    while part.left() >= 5 {
        part.peek(usize::from(part.peek_u8()?))?;
        let length = usize::from(part.u8(PCP_LENGTH)?);
        let mut read = 1;
        while length % 4 == 1 && read < length && part.left() >= 4 {
            part.ipv4(PCP_SERVER)?;
            read += 4;
        }
    }
    Some(())
}
