//! Hands over the fields of a message in Wireshark's order: here the walk over the message, in
//! `emit/` what single options hold.

mod forms;
mod lists;
mod suboptions;
mod who;

use super::fields::*;
use super::options;
use super::{COOKIE_BYTES, FILE_AT, FILE_LENGTH, NAME_AT, NAME_LENGTH, OPTIONS_AT};
use crate::dissect::cursor::Cursor;
use crate::dissect::field::Sink;
use crate::dissect::layer::View;
use forms::{shaped, special};

/// What must be known of a message before its options can be read.
#[derive(Default)]
struct Overview {
    kind: Option<u8>,
    overload: u8,
    searches: usize,
    sip_lists: usize,
}

/// What options leave to later ones.
struct State {
    overview: Overview,
    /// The pieces of option 119 so far, and how many.
    search: (Vec<u8>, usize),
    /// The pieces of option 120 so far, and how many.
    sip: (Vec<u8>, usize),
}

/// Hands over the message's fields.
pub fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    let (operation, hardware, length) = (view.u8(0)?, view.u8(1)?, view.u8(2)?);
    if operation == 1 {
        view.slice(28..28 + usize::from(length))?;
    }
    let overview = survey(view)?;
    let overload = overview.overload;
    let is_dhcp = overview.kind.is_some();
    let mut state = State {
        overview,
        search: Default::default(),
        sip: Default::default(),
    };
    let mut cursor = Cursor {
        bytes: view.bytes,
        at: 0,
        end: view.bytes.len(),
        sink,
    };
    fixed_part(&mut cursor, hardware, length)?;
    texts(view, &mut cursor, overload)?;
    if !is_dhcp {
        cursor.sink.boolean(BOOTP, 0..0, true);
    }
    cursor.at = OPTIONS_AT;
    if cursor.peek(4) == Some(&COOKIE_BYTES) {
        cursor.ipv4(COOKIE)?;
    } else {
        cursor.bytes(VENDOR_SPECIFIC, 64)?;
    }
    cursor.end = view.reported;
    let ended = all_options(&mut cursor, &mut state)?;
    if is_dhcp && !ended {
        cursor.sink.mark(END_MISSING, 0..0);
    }
    let left = cursor.left();
    if left > 0 {
        cursor.bytes(PADDING, left)?;
    }
    Some(())
}

/// A first walk over the options. Where bytes are missing on the way, Wireshark shows nothing.
fn survey(view: &View<'_>) -> Option<Overview> {
    let mut found = Overview::default();
    let has_cookie = view.array(OPTIONS_AT) == Some(COOKIE_BYTES);
    let mut at = OPTIONS_AT + if has_cookie { 4 } else { 64 };
    while at < view.reported {
        let code = view.u8(at)?;
        match code {
            0 => at = padding_end(view.bytes, at, view.reported)?,
            255 => break,
            _ => {
                let Some(length) = view.u8(at + 1) else {
                    at += 1;
                    continue;
                };
                let end = at + 2 + usize::from(length);
                if view.slice(at + 2..end).is_some() {
                    match code {
                        52 => found.overload = view.u8(at + 2)?,
                        53 => found.kind = Some(view.u8(at + 2)?),
                        119 => found.searches += 1,
                        120 => found.sip_lists += 1,
                        _ => {}
                    }
                }
                at = end;
            }
        }
    }
    Some(found)
}

/// Where a run of zeros ends, at the latest at `end`; `None` when it runs out of the capture.
fn padding_end(bytes: &[u8], at: usize, end: usize) -> Option<usize> {
    let captured = bytes.get(at..end.min(bytes.len()))?;
    match captured.iter().position(|&b| b != 0) {
        Some(run) => Some(at + run),
        None if bytes.len() < end => None,
        None => Some(end),
    }
}

fn fixed_part(cursor: &mut Cursor<'_, '_>, hardware: u8, length: u8) -> Option<()> {
    cursor.u8(TYPE)?;
    cursor.u8(HW_TYPE)?;
    cursor.u8(HW_LEN)?;
    cursor.u8(HOPS)?;
    cursor.u32(ID)?;
    // Windows writes the seconds in little endian; a value under 256 read that way is believed.
    let (pair, range) = cursor.take(2)?;
    let pair = *pair.first_chunk()?;
    let little = u16::from_le_bytes(pair);
    let seconds = if (1..=255).contains(&little) {
        little
    } else {
        u16::from_be_bytes(pair)
    };
    cursor.sink.unsigned(SECS, range, seconds);
    let at = cursor.at;
    let flags = cursor.u16(FLAGS)?;
    cursor
        .sink
        .boolean(FLAGS_BC, at..at + 2, flags & 0x8000 != 0);
    cursor
        .sink
        .unsigned(FLAGS_RESERVED, at..at + 2, flags & 0x7fff);
    cursor.ipv4(IP_CLIENT)?;
    cursor.ipv4(IP_YOUR)?;
    cursor.ipv4(IP_SERVER)?;
    cursor.ipv4(IP_RELAY)?;
    let used = usize::from(length);
    if (1..=16).contains(&used) {
        if matches!(hardware, 1 | 6) && used == 6 {
            cursor.ether(HW_MAC_ADDR)?;
        } else {
            cursor.bytes(HW_ADDR, 16)?;
        }
        if used < 16 {
            cursor.at = 28 + used;
            cursor.bytes(HW_ADDR_PADDING, 16 - used)?;
        }
    }
    Some(())
}

/// The two texts before the options, unless they hold options themselves.
fn texts(view: &View<'_>, cursor: &mut Cursor<'_, '_>, overload: u8) -> Option<()> {
    for (bit, at, length, index) in [
        (2, NAME_AT, NAME_LENGTH, SERVER),
        (1, FILE_AT, FILE_LENGTH, FILE),
    ] {
        if overload & bit != 0 {
            continue;
        }
        cursor.at = at;
        if view.u8(at)? != 0 {
            cursor.ascii(index, length)?;
        } else {
            cursor.sink.text(index, at..at + length, b"");
        }
    }
    Some(())
}

/// Walks options up to the cursor's end; says whether an end option came.
fn all_options(cursor: &mut Cursor<'_, '_>, state: &mut State) -> Option<bool> {
    state.search.1 = 0;
    state.sip.1 = 0;
    while cursor.left() > 0 {
        let code = *cursor.bytes.get(cursor.at)?;
        match code {
            0 => {
                let at = cursor.at;
                let end = padding_end(cursor.bytes, at, cursor.end)?;
                cursor.sink.unsigned(OPTION_TYPE, at..at + 1, 0u8);
                cursor.bytes(PADDING, end - at)?;
            }
            255 => {
                let at = cursor.at;
                cursor.skip(1)?;
                // Wireshark gives the end option the number 0, and its own field 255.
                cursor.sink.unsigned(OPTION_TYPE, at..at + 1, 0u8);
                cursor.sink.unsigned(END, at..at + 1, 255u8);
                return Some(true);
            }
            _ => option(cursor, state, code)?,
        }
    }
    Some(false)
}

/// One option. It may lie beyond the end of the cursor's part, as long as it was captured.
fn option(cursor: &mut Cursor<'_, '_>, state: &mut State, code: u8) -> Option<()> {
    let at = cursor.at;
    let length = *cursor.bytes.get(at + 1)?;
    let value_at = at + 2;
    let end = value_at + usize::from(length);
    cursor.sink.unsigned(OPTION_TYPE, at..end, code);
    cursor
        .sink
        .unsigned(OPTION_LENGTH, at + 1..value_at, length);
    let value = cursor.bytes.get(value_at..end)?;
    cursor.sink.bytes(VALUE, value_at..end, value);
    cursor.at = value_at;
    let mut part = cursor.part(usize::from(length));
    if shaped(&mut part, options::shape(code))?.is_none() {
        special(&mut part, state, code, value)?;
    }
    Some(())
}

/// Option 52: options go on in the server name and file fields.
fn overload(part: &mut Cursor<'_, '_>, state: &mut State) -> Option<()> {
    if part.left() == 0 {
        bad_length(part);
        return Some(());
    }
    let which = part.u8(OPTION_OVERLOAD)?;
    // An overload option inside an overloaded field is not followed.
    if !(1..=3).contains(&std::mem::take(&mut state.overview.overload)) {
        return Some(());
    }
    for (bit, at, length) in [(2, NAME_AT, NAME_LENGTH), (1, FILE_AT, FILE_LENGTH)] {
        if which & bit != 0 {
            let mut field = Cursor {
                bytes: part.bytes,
                at,
                end: at + length,
                sink: part.sink,
            };
            all_options(&mut field, state)?;
        }
    }
    Some(())
}

fn bad_length(part: &mut Cursor<'_, '_>) {
    part.sink.mark(BAD_LENGTH, part.at..part.end);
}

fn remainder(part: &mut Cursor<'_, '_>) {
    if part.left() > 0 {
        bad_length(part);
    }
}
