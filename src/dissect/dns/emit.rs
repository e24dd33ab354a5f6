//! Hands over the fields of a message in Wireshark's order; the records' data is in
//! [`super::records`].

use super::fields::*;
use super::{name, records};
use crate::dissect::cursor::Cursor;
use crate::dissect::field::{Sink, Value};
use crate::dissect::layer::{Protocol, View};

/// Hands over the fields of a message that came over UDP. `protocol` tells DNS, mDNS and LLMNR
/// apart, which give some bits different meanings.
pub fn emit<'a>(view: &View<'a>, protocol: Protocol, sink: &mut Sink<'a>) -> Option<()> {
    message(view, 0, protocol, sink)
}

/// Hands over the fields of a message that came over TCP: two bytes of length come first.
pub fn emit_tcp<'a>(view: &View<'a>, protocol: Protocol, sink: &mut Sink<'a>) -> Option<()> {
    // Wireshark reads number and flags before it shows anything.
    view.slice(2..6)?;
    sink.unsigned(LENGTH, 0..2, view.u16(0)?);
    message(view, 2, protocol, sink)
}

/// What is the same for all records of a message.
pub(super) struct Context {
    /// Where the message begins; pointers count from there.
    pub(super) base: usize,
    /// Multicast DNS.
    pub(super) multicast: bool,
}

fn message<'a>(
    view: &View<'a>,
    base: usize,
    protocol: Protocol,
    sink: &mut Sink<'a>,
) -> Option<()> {
    view.slice(base..base + 4)?;
    let mut cursor = Cursor {
        bytes: view.bytes,
        at: base,
        end: view.bytes.len(),
        sink,
    };
    cursor.u16(ID)?;
    let at = cursor.at;
    let flags = cursor.u16(FLAGS)?;
    emit_flags(flags, at, protocol == Protocol::Llmnr, cursor.sink);
    let update = flags >> 11 & 0xf == 5;
    let [questions, answers, authorities] = if update {
        [COUNT_ZONES, COUNT_PREREQUISITES, COUNT_UPDATES]
    } else {
        [COUNT_QUERIES, COUNT_ANSWERS, COUNT_AUTHORITIES]
    };
    let questions = cursor.u16(questions)?;
    let answers = cursor.u16(answers)?;
    let authorities = cursor.u16(authorities)?;
    let additional = cursor.u16(COUNT_ADDITIONAL)?;
    let context = Context {
        base,
        multicast: protocol == Protocol::Mdns,
    };
    for _ in 0..questions {
        question(&mut cursor, &context)?;
    }
    let count = u32::from(answers) + u32::from(authorities) + u32::from(additional);
    for _ in 0..count {
        record(&mut cursor, &context)?;
    }
    if let Some(length @ 1..) = view.reported.checked_sub(cursor.at) {
        cursor.end = view.reported;
        let range = cursor.at..view.reported;
        cursor.bytes(EXTRANEOUS_DATA, length)?;
        let length = i64::try_from(length).ok()?;
        cursor
            .sink
            .put(EXTRANEOUS_LENGTH, range, Value::Signed(length));
    }
    Some(())
}

fn emit_flags(flags: u16, at: usize, local: bool, sink: &mut Sink<'_>) {
    let range = at..at + 2;
    let response = flags & 0x8000 != 0;
    let mut boolean = |index, bit| sink.boolean(index, range.clone(), flags & bit != 0);
    boolean(FLAGS_RESPONSE, 0x8000);
    if local {
        boolean(FLAGS_CONFLICT, 0x0400);
        boolean(FLAGS_TRUNCATED, 0x0200);
        boolean(FLAGS_TENTATIVE, 0x0100);
    } else {
        if response {
            boolean(FLAGS_AUTHORITATIVE, 0x0400);
        }
        boolean(FLAGS_TRUNCATED, 0x0200);
        boolean(FLAGS_RECDESIRED, 0x0100);
        if response {
            boolean(FLAGS_RECAVAIL, 0x0080);
        }
        boolean(FLAGS_Z, 0x0040);
        if response || flags & 0x0020 != 0 {
            boolean(FLAGS_AUTHENTICATED, 0x0020);
        }
        boolean(FLAGS_CHECKDISABLE, 0x0010);
    }
    sink.unsigned(FLAGS_OPCODE, range.clone(), flags >> 11 & 0xf);
    if response {
        sink.unsigned(FLAGS_RCODE, range, flags & 0xf);
    }
}

fn question(cursor: &mut Cursor<'_, '_>, context: &Context) -> Option<()> {
    let at = cursor.at;
    let name = name::read(cursor.bytes, at, context.base, None)?;
    cursor.at += name.used;
    cursor.peek(4)?;
    let range = at..cursor.at;
    if cursor.sink.wants(QRY_NAME) {
        cursor.sink.owned_text(QRY_NAME, range.clone(), name.text());
    }
    let length = if name.length > 1 { name.length } else { 0 };
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    cursor
        .sink
        .unsigned(QRY_NAME_LEN, range.clone(), count(length));
    cursor
        .sink
        .unsigned(COUNT_LABELS, range, count(name.labels()));
    cursor.u16(QRY_TYPE)?;
    let range = cursor.at..cursor.at + 2;
    let class = cursor.peek_u16()?;
    if context.multicast {
        let asked = class & 0x7fff;
        cursor.sink.unsigned(QRY_CLASS, range.clone(), asked);
        cursor.sink.boolean(QRY_QU, range, class & 0x8000 != 0);
    } else {
        cursor.sink.unsigned(QRY_CLASS, range, class);
    }
    cursor.skip(2)
}

const TYPE_SRV: u16 = 33;
const TYPE_OPT: u16 = 41;

fn record(cursor: &mut Cursor<'_, '_>, context: &Context) -> Option<()> {
    let at = cursor.at;
    let name = name::read(cursor.bytes, at, context.base, None)?;
    cursor.at += name.used;
    // A record is shown when all of it is there, its data included.
    let head = cursor.peek(10)?;
    let length = usize::from(u16::from_be_bytes(*head.last_chunk()?));
    cursor.peek(10 + length)?;
    let owner = at..cursor.at;
    let kind = cursor.peek_u16()?;
    if kind == TYPE_SRV {
        service_name(cursor, &name, owner);
    } else if cursor.sink.wants(RESP_NAME) {
        cursor.sink.owned_text(RESP_NAME, owner, name.text());
    }
    cursor.u16(RESP_TYPE)?;
    let range = cursor.at..cursor.at + 2;
    let class = cursor.peek_u16()?;
    let index = if kind == TYPE_OPT {
        UDP_PAYLOAD_SIZE
    } else {
        RESP_CLASS
    };
    if context.multicast {
        cursor.sink.unsigned(index, range.clone(), class & 0x7fff);
        cursor
            .sink
            .boolean(RESP_CACHE_FLUSH, range, class & 0x8000 != 0);
    } else {
        cursor.sink.unsigned(index, range, class);
    }
    cursor.skip(2)?;
    if kind == TYPE_OPT {
        cursor.u8(RESP_EXT_RCODE)?;
        cursor.u8(RESP_EDNS_VERSION)?;
        let range = cursor.at..cursor.at + 2;
        let flags = cursor.u16(RESP_Z)?;
        cursor
            .sink
            .boolean(RESP_Z_DO, range.clone(), flags & 0x8000 != 0);
        cursor.sink.unsigned(RESP_Z_RESERVED, range, flags & 0x7fff);
    } else {
        cursor.u32(RESP_TTL)?;
    }
    cursor.u16(RESP_LEN)?;
    let end = cursor.at + length;
    if length > 0 {
        records::data(cursor, context, kind, end)?;
    }
    cursor.at = end;
    Some(())
}

/// The parts of an SRV record's name: service, protocol, domain.
fn service_name(cursor: &mut Cursor<'_, '_>, name: &name::Name, owner: std::ops::Range<usize>) {
    let text = name.text();
    let fields = [SRV_SERVICE, SRV_PROTO, SRV_NAME];
    for (part, index) in text.splitn(3, '.').zip(fields) {
        let value = Value::Text(part.as_bytes().to_vec().into());
        cursor.sink.put(index, owner.clone(), value);
    }
}
