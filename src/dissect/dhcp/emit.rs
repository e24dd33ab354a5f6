//! Hands over the fields of a message in Wireshark's order.

use super::fields::*;
use super::options::{self, Shape};
use super::{COOKIE_BYTES, FILE_AT, FILE_LENGTH, NAME_AT, NAME_LENGTH, OPTIONS_AT};
use crate::dissect::cursor::Cursor;
use crate::dissect::field::{FieldIndex, Sink, Value};
use crate::dissect::layer::View;
use crate::dissect::{dns, text};

/// What must be known of a message before its options can be read.
#[derive(Default)]
struct Overview<'a> {
    kind: Option<u8>,
    overload: u8,
    vendor_class: &'a [u8],
    searches: usize,
    sip_lists: usize,
}

/// What options leave to later ones.
struct State<'a> {
    overview: Overview<'a>,
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
fn survey<'a>(view: &View<'a>) -> Option<Overview<'a>> {
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
                if let Some(value) = view.slice(at + 2..end) {
                    match code {
                        52 => found.overload = view.u8(at + 2)?,
                        53 => found.kind = Some(view.u8(at + 2)?),
                        60 => found.vendor_class = value,
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
fn all_options<'a>(cursor: &mut Cursor<'a, '_>, state: &mut State<'a>) -> Option<bool> {
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
fn option<'a>(cursor: &mut Cursor<'a, '_>, state: &mut State<'a>, code: u8) -> Option<()> {
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

/// Options whose form is a row of the table; `Some(None)` when it is not one of those.
fn shaped(part: &mut Cursor<'_, '_>, shape: Shape) -> Option<Option<()>> {
    let length = part.left();
    match shape {
        Shape::Special => return Some(None),
        Shape::Opaque => {}
        Shape::Address(index) if length == 4 => {
            part.ipv4(index)?;
        }
        Shape::Addresses(index) => {
            while part.left() >= 4 {
                part.ipv4(index)?;
            }
            remainder(part);
        }
        Shape::Pairs(first, second) => {
            while part.left() >= 8 {
                part.ipv4(first)?;
                part.ipv4(second)?;
            }
            remainder(part);
        }
        Shape::Text(index) => {
            part.ascii(index, length)?;
        }
        Shape::Boolean(index) if length == 1 => {
            part.boolean(index)?;
        }
        Shape::Number8(index) if length == 1 => {
            part.u8(index)?;
        }
        Shape::Number16(index) if length == 2 => {
            part.u16(index)?;
        }
        Shape::Numbers16(index) => {
            while part.left() >= 2 {
                part.u16(index)?;
            }
            remainder(part);
        }
        Shape::Numbers8(index) => {
            while part.left() > 0 {
                part.u8(index)?;
            }
        }
        Shape::Seconds(index) if length == 4 => {
            part.u32(index)?;
        }
        Shape::SignedSeconds(index) if length == 4 => {
            part.i32(index)?;
        }
        _ => bad_length(part),
    }
    Some(Some(()))
}

fn bad_length(part: &mut Cursor<'_, '_>) {
    part.sink.mark(BAD_LENGTH, part.at..part.end);
}

fn remainder(part: &mut Cursor<'_, '_>) {
    if part.left() > 0 {
        bad_length(part);
    }
}

fn special<'a>(
    part: &mut Cursor<'a, '_>,
    state: &mut State<'a>,
    code: u8,
    value: &'a [u8],
) -> Option<()> {
    let length = value.len();
    match code {
        43 => {
            part.bytes(VENDOR_VALUE, length)?;
        }
        52 => overload(part, state)?,
        53 => {
            part.u8(DHCP)?;
        }
        61 => client_identifier(part, value)?,
        63 => novell(part)?,
        77 => user_class(part)?,
        78 => directory_agent(part)?,
        79 => {
            part.u8(SLP_SCOPE_VALUE)?;
            part.ascii(SLP_SCOPE_TEXT, length.checked_sub(1)?)?;
        }
        81 => full_name(part, value)?,
        82 => agent_information(part)?,
        90 => authentication(part, state.overview.kind)?,
        94 => {
            if part.peek_u8()? == 1 {
                part.skip(1)?;
                part.u8(NETWORK_ID_MAJOR)?;
                part.u8(NETWORK_ID_MINOR)?;
            }
        }
        97 => hardware_or_uuid(part, value).unwrap_or(Some(()))?,
        99 => civic(part)?,
        117 => name_services(part)?,
        119 => search_list(part, state, value)?,
        120 => sip_servers(part, state, value)?,
        121 | 249 => routes(part)?,
        124 => vendor_class(part)?,
        125 => vendor_information(part)?,
        146 => selected_servers(part)?,
        151 if length > 0 => {
            part.u8(BULK_STATUS)?;
            if length > 1 {
                part.utf8(BULK_STATUS_TEXT, length - 1)?;
            }
        }
        152 => moment(part, BULK_BASE_TIME)?,
        154 => moment(part, BULK_QUERY_START)?,
        155 => moment(part, BULK_QUERY_END)?,
        158 if length >= 5 => port_control(part)?,
        159 if length == 4 => {
            part.u8(PORT_OFFSET)?;
            part.u8(PORT_PSID_LENGTH)?;
            part.bytes(PORT_PSID, 2)?;
        }
        212 => rapid_deployment(part)?,
        _ => bad_length(part),
    }
    Some(())
}

/// Option 52: options go on in the server name and file fields.
fn overload<'a>(part: &mut Cursor<'a, '_>, state: &mut State<'a>) -> Option<()> {
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

/// A hardware address or UUID (options 61 and 97); `None` when it is neither.
fn hardware_or_uuid(part: &mut Cursor<'_, '_>, value: &[u8]) -> Option<Option<()>> {
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

fn client_identifier(part: &mut Cursor<'_, '_>, value: &[u8]) -> Option<()> {
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

fn novell(part: &mut Cursor<'_, '_>) -> Option<()> {
    while part.left() > 0 {
        if part.left() == 1 {
            bad_length(part);
            break;
        }
        part.u8(NOVELL_SUBOPTION)?;
        let length = usize::from(part.u8(SUBOPTION_LENGTH)?);
        part.bytes(NOVELL_VALUE, length)?;
    }
    Some(())
}

fn user_class(part: &mut Cursor<'_, '_>) -> Option<()> {
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

fn directory_agent(part: &mut Cursor<'_, '_>) -> Option<()> {
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

fn full_name(part: &mut Cursor<'_, '_>, value: &[u8]) -> Option<()> {
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

/// Option 82: what the relay agent added (RFC 3046 and others).
fn agent_information(part: &mut Cursor<'_, '_>) -> Option<()> {
    while part.left() > 0 {
        if part.left() == 1 {
            break;
        }
        let code = part.u8(AGENT_SUBOPTION)?;
        let length = usize::from(part.u8(SUBOPTION_LENGTH)?);
        if length > part.left() {
            break;
        }
        let value = part.bytes.get(part.at..part.at + length)?;
        let range = part.at..part.at + length;
        part.sink.bytes(AGENT_VALUE, range, value);
        let mut inner = part.part(length);
        let address = |inner: &mut Cursor<'_, '_>, index| {
            if length == 4 {
                inner.ipv4(index)?;
            } else {
                bad_length(inner);
            }
            Some(())
        };
        let raw = |inner: &mut Cursor<'_, '_>, index| inner.bytes(index, length).map(|_| ());
        match code {
            1 => raw(&mut inner, AGENT_CIRCUIT_ID)?,
            2 => raw(&mut inner, AGENT_REMOTE_ID)?,
            3 => raw(&mut inner, AGENT_RESERVED)?,
            5 => address(&mut inner, AGENT_LINK_SELECTION)?,
            6 => {
                inner.ascii(AGENT_SUBSCRIBER_ID, length)?;
            }
            7 => raw(&mut inner, AGENT_RADIUS)?,
            8 => raw(&mut inner, AGENT_AUTHENTICATION)?,
            10 if length == 1 => {
                inner.u8(AGENT_FLAGS)?;
            }
            10 => bad_length(&mut inner),
            11 => address(&mut inner, AGENT_SERVER_ID)?,
            12 => raw(&mut inner, AGENT_RELAY_ID)?,
            _ => {}
        }
    }
    Some(())
}

fn authentication(part: &mut Cursor<'_, '_>, kind: Option<u8>) -> Option<()> {
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

fn civic(part: &mut Cursor<'_, '_>) -> Option<()> {
    if part.left() < 3 {
        return Some(());
    }
    part.u8(CIVIC_WHAT)?;
    part.ascii(CIVIC_COUNTRY, 2)?;
    while part.left() >= 2 {
        part.u8(CIVIC_TYPE)?;
        let length = usize::from(part.u8(CIVIC_LENGTH)?);
        if length > part.left() {
            break;
        }
        if length > 0 {
            part.ascii(CIVIC_VALUE, length)?;
        }
    }
    Some(())
}

fn name_services(part: &mut Cursor<'_, '_>) -> Option<()> {
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

fn search_list<'a>(part: &mut Cursor<'a, '_>, state: &mut State<'a>, value: &[u8]) -> Option<()> {
    let total = state.overview.searches;
    let marks = (SEARCH_LONG, SEARCH_LAST);
    let Some(list) = pieces(part, &mut state.search, total, value, marks) else {
        return Some(());
    };
    names(part, &list, 0, total == 1, SEARCH_FQDN)
}

fn sip_servers<'a>(part: &mut Cursor<'a, '_>, state: &mut State<'a>, value: &[u8]) -> Option<()> {
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

fn routes(part: &mut Cursor<'_, '_>) -> Option<()> {
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

fn vendor_class(part: &mut Cursor<'_, '_>) -> Option<()> {
    if part.left() == 1 {
        part.u8(VI_CLASS_ADDRESS_MODE)?;
        return Some(());
    }
    while part.left() >= 5 {
        part.u32(VI_CLASS_ENTERPRISE)?;
        let length = usize::from(part.u8(VI_CLASS_LENGTH)?);
        part.ascii(VI_CLASS_DATA, length)?;
    }
    remainder(part);
    Some(())
}

fn vendor_information(part: &mut Cursor<'_, '_>) -> Option<()> {
    while part.left() >= 5 {
        let enterprise = part.u32(VI_ENTERPRISE)?;
        let length = usize::from(part.u8(VI_LENGTH)?);
        let end = part.at + length;
        // The Broadband Forum and CableLabs have fields of their own, which are left out.
        if matches!(enterprise, 3561 | 4491) {
            part.at = end;
            continue;
        }
        while part.at < end && part.left() >= 2 {
            part.u8(VI_SUBOPTION)?;
            let length = usize::from(part.u8(SUBOPTION_LENGTH)?);
            if part.at + length > end.min(part.end) {
                part.at = end;
                break;
            }
            part.bytes(VI_DATA, length)?;
        }
        part.at = end;
    }
    remainder(part);
    Some(())
}

fn selected_servers(part: &mut Cursor<'_, '_>) -> Option<()> {
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

/// Seconds since 1900.
fn moment(part: &mut Cursor<'_, '_>, index: FieldIndex) -> Option<()> {
    if part.left() != 4 {
        bad_length(part);
        return Some(());
    }
    let (bytes, range) = part.take(4)?;
    let seconds = u32::from_be_bytes(*bytes.first_chunk()?);
    part.sink
        .owned_text(index, range, text::network_time(seconds));
    Some(())
}

fn port_control(part: &mut Cursor<'_, '_>) -> Option<()> {
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

fn rapid_deployment(part: &mut Cursor<'_, '_>) -> Option<()> {
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
