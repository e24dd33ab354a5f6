//! The NetBIOS name service (RFC 1002 §4.2). Left out: statistics of a host beyond its names.

use super::cursor::Cursor;
use super::definition::{Definition, Found, Line, NOTHING, Names};
use super::field::{Kind, Sink, Value};
use super::layer::View;
use std::fmt::Write as _;
use std::net::Ipv4Addr;

crate::fields! {
    ID: "nbns.id", Kind::Hex(16), "Number of the question, which the answer repeats.";
    FLAGS: "nbns.flags", Kind::Hex(16), "The flags together.";
    RESPONSE: "nbns.flags.response", Kind::Boolean, "An answer.";
    OPCODE: "nbns.flags.opcode", Kind::Unsigned(16), "0 asks, 5 registers, 6 releases, 8 refreshes.";
    AUTHORITATIVE: "nbns.flags.authoritative", Kind::Boolean, "The owner itself answers.";
    TRUNCATED: "nbns.flags.truncated", Kind::Boolean, "Not everything fitted.";
    RECURSION: "nbns.flags.recdesired", Kind::Boolean, "Whoever does not know shall ask others.";
    RECURSION_THERE: "nbns.flags.recavail", Kind::Boolean, "Others are asked.";
    BROADCAST: "nbns.flags.broadcast", Kind::Boolean, "Sent to everybody.";
    RCODE: "nbns.flags.rcode", Kind::Unsigned(16), "0 is no error, 3 no such name, 6 the name is taken.";
    QUERIES: "nbns.count.queries", Kind::Unsigned(16), "How many questions there are.";
    ANSWERS: "nbns.count.answers", Kind::Unsigned(16), "How many answers there are.";
    AUTHORITIES: "nbns.count.auth_rr", Kind::Unsigned(16), "How many records of authorities there are.";
    ADDITIONAL: "nbns.count.add_rr", Kind::Unsigned(16), "How many further records there are.";
    NAME: "nbns.name", Kind::Text, "A name and, in brackets, what of it is meant.";
    TYPE: "nbns.type", Kind::Unsigned(16), "32 a name's address, 33 a host's names.";
    CLASS: "nbns.class", Kind::Unsigned(16), "1 is the Internet.";
    TTL: "nbns.ttl", Kind::Unsigned(32), "Seconds that the record is valid; 0 is for ever.";
    DATA_LENGTH: "nbns.data_length", Kind::Unsigned(16), "Length of what follows.";
    NB_FLAGS: "nbns.nb_flags", Kind::Hex(16), "Flags of a name.";
    NB_GROUP: "nbns.nb_flags.group", Kind::Boolean, "The name of a group.";
    NB_ONT: "nbns.nb_flags.ont", Kind::Unsigned(16), "How its owner resolves names: 0 by broadcast, 1 by a server.";
    ADDR: "nbns.addr", Kind::Ipv4, "The name's address.";
    NUMBER: "nbns.number_of_names", Kind::Unsigned(8), "How many names the host has.";
    HOST_NAME: "nbns.netbios_name", Kind::Text, "One of them.";
    NAME_FLAGS: "nbns.name_flags", Kind::Hex(16), "Its flags.";
    GROUP: "nbns.name_flags.group", Kind::Boolean, "It is the name of a group.";
    ONT: "nbns.name_flags.ont", Kind::Unsigned(16), "How it is resolved.";
    DEREGISTERED: "nbns.name_flags.drg", Kind::Boolean, "It is being given up.";
    CONFLICT: "nbns.name_flags.cnf", Kind::Boolean, "Another host claims it.";
    ACTIVE: "nbns.name_flags.act", Kind::Boolean, "It is in use.";
    PERMANENT: "nbns.name_flags.prm", Kind::Boolean, "It is the host's own.";
    UNIT_ID: "nbns.unit_id", Kind::Ether, "The host's hardware address.";
}

/// Everything about NBNS.
pub const DEFINITION: Definition = Definition {
    layers: &[("nbns", "NetBIOS name service.")],
    title: "NBNS",
    found: Found {
        udp: &[137],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit: |given, sink| read(&given.view, sink).map(|_| ()),
    strict: true,
    line: Some(|given| line(&given.view)),
    values: &[
        Names {
            fields: &["nbns.flags.opcode"],
            values: OPCODES,
        },
        Names {
            fields: &["nbns.flags.rcode"],
            values: RCODES,
        },
        Names {
            fields: &["nbns.type"],
            values: TYPES,
        },
    ],
    ..NOTHING
};

const OPCODES: &[(u64, &str)] = &[
    (0, "Name query"),
    (5, "Registration"),
    (6, "Release"),
    (7, "Wait and acknowledge"),
    (8, "Refresh"),
    (9, "Refresh(alternate)"),
    (15, "Multi-homed registration"),
];

const RCODES: &[(u64, &str)] = &[
    (0, "No error"),
    (1, "Request was invalidly formatted"),
    (2, "Server failure"),
    (3, "Requested name does not exist"),
    (4, "Request is not implemented"),
    (5, "Request was refused"),
    (6, "Name is owned by another node"),
    (7, "Name is in conflict"),
];

const TYPES: &[(u64, &str)] = &[(32, "NB"), (33, "NBSTAT")];

const NB: u16 = 32;
const NBSTAT: u16 = 33;

/// What the last byte of a name stands for.
const PURPOSES: &[(u8, &str)] = &[
    (0x00, "Workstation/Redirector"),
    (0x01, "Browser"),
    (0x02, "Workstation/Redirector"),
    (0x03, "Messenger service/Main name"),
    (0x05, "Forwarded name"),
    (0x06, "RAS Server service"),
    (0x1b, "Domain Master Browser"),
    (0x1c, "Domain Controllers"),
    (0x1d, "Local Master Browser"),
    (0x1e, "Browser Election Service"),
    (0x1f, "Net DDE Service"),
    (0x20, "Server service"),
    (0x21, "RAS client service"),
    (0x22, "Exchange Interchange (MSMail Connector)"),
    (0x23, "Exchange Store"),
    (0x24, "Exchange Directory"),
    (0x2b, "Lotus Notes Server service"),
    (0x30, "Modem sharing server service"),
    (0x31, "Modem sharing client service"),
    (0x43, "SMS Clients Remote Control"),
    (0x44, "SMS Administrators Remote Control Tool"),
    (0x45, "SMS Clients Remote Chat"),
    (0x46, "SMS Clients Remote Transfer"),
    (0xbe, "Network Monitor Agent"),
    (0xbf, "Network Monitor Application"),
];

/// A name of sixteen bytes as Wireshark shows it, and its last byte.
fn shown(bytes: &[u8; 16]) -> (String, u8) {
    let last = bytes[15];
    (format!("{}<{last:02x}>", trimmed(&bytes[..15])), last)
}

fn trimmed(bytes: &[u8]) -> String {
    let length = bytes
        .iter()
        .rposition(|b| *b != b' ')
        .map_or(0, |at| at + 1);
    let mut out = String::new();
    for byte in &bytes[..length] {
        let _ = if (0x20..0x7f).contains(byte) {
            write!(out, "{}", char::from(*byte))
        } else {
            write!(out, "<{byte:02x}>")
        };
    }
    out
}

/// The name at a place: half a byte a letter (RFC 1001 §14.1), or a pointer to one; and where
/// what follows it begins.
fn name_at(view: &View<'_>, at: usize) -> Option<(String, u8, usize)> {
    let first = view.u8(at)?;
    if first & 0xc0 == 0xc0 {
        let target = usize::from(view.u16(at)? & 0x3fff);
        // A pointer leads to a name, not to another pointer.
        if view.u8(target)? & 0xc0 == 0xc0 {
            return None;
        }
        let (name, last, _) = name_at(view, target)?;
        return Some((name, last, at + 2));
    }
    if first != 32 {
        return None;
    }
    let letters = view.slice(at + 1..at + 33)?;
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(letters.chunks_exact(2)) {
        let high = pair[0].checked_sub(b'A').filter(|h| *h < 16)?;
        let low = pair[1].checked_sub(b'A').filter(|l| *l < 16)?;
        *byte = high << 4 | low;
    }
    // Further labels are the scope, which hardly anybody has.
    let mut end = at + 33;
    loop {
        let length = usize::from(view.u8(end)?);
        end += 1;
        if length == 0 {
            break;
        }
        if length & 0xc0 != 0 {
            end += 1;
            break;
        }
        end += length;
    }
    let (name, last) = shown(&bytes);
    Some((name, last, end))
}

/// What the packet list needs of a message.
#[derive(Default)]
struct Told {
    flags: u16,
    /// What stands behind the kind of message.
    words: String,
}

fn line(view: &View<'_>) -> Line {
    let mut sink = Sink::default();
    let mut told = Told::default();
    // What there is of a message that is cut short.
    let _ = walk(view, &mut sink, &mut told);
    let opcode = u64::from(told.flags >> 11 & 15);
    let name = OPCODES.iter().find(|o| o.0 == opcode);
    let mut info = name.map_or_else(
        || format!("Unknown operation ({opcode})"),
        |n| n.1.to_owned(),
    );
    if told.flags & 0x8000 != 0 {
        info.push_str(" response");
        let rcode = RCODES.iter().find(|r| r.0 == u64::from(told.flags & 15));
        if let Some((1.., words)) = rcode {
            let _ = write!(info, ", {words}");
        }
    }
    info.push_str(&told.words);
    Line {
        protocol: "NBNS",
        info,
    }
}

fn read<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<Told> {
    let mut told = Told::default();
    walk(view, sink, &mut told)?;
    Some(told)
}

fn walk<'a>(view: &View<'a>, sink: &mut Sink<'a>, told: &mut Told) -> Option<()> {
    let mut c = Cursor {
        bytes: view.bytes,
        at: 0,
        end: view.reported,
        sink,
    };
    c.u16(ID)?;
    let flags = c.u16(FLAGS)?;
    told.flags = flags;
    let response = flags & 0x8000 != 0;
    c.sink.boolean(RESPONSE, 2..4, response);
    c.sink.unsigned(OPCODE, 2..4, flags >> 11 & 15);
    let flag = |sink: &mut Sink<'a>, index, bit: u16| sink.boolean(index, 2..4, flags & bit != 0);
    if response {
        flag(c.sink, AUTHORITATIVE, 0x0400);
    }
    flag(c.sink, TRUNCATED, 0x0200);
    flag(c.sink, RECURSION, 0x0100);
    if response {
        flag(c.sink, RECURSION_THERE, 0x0080);
    }
    flag(c.sink, BROADCAST, 0x0010);
    if response {
        c.sink.unsigned(RCODE, 2..4, flags & 15);
    }
    let queries = c.u16(QUERIES)?;
    let answers = c.u16(ANSWERS)?;
    let others = u32::from(c.u16(AUTHORITIES)?) + u32::from(c.u16(ADDITIONAL)?);
    for _ in 0..queries {
        let (name, _, end) = name_at(view, c.at)?;
        c.sink.owned_text(NAME, c.at..end, name.clone());
        c.at = end;
        let kind = c.u16(TYPE)?;
        c.u16(CLASS)?;
        let _ = write!(told.words, " {} {name}", type_name(kind));
    }
    for nth in 0..u32::from(answers) + others {
        record(
            view,
            &mut c,
            (nth < u32::from(answers)).then_some(&mut *told),
        )?;
    }
    Some(())
}

fn type_name(kind: u16) -> String {
    let name = TYPES.iter().find(|t| t.0 == u64::from(kind));
    name.map_or_else(|| format!("Unknown ({kind})"), |n| n.1.to_owned())
}

/// One record; of answers the packet list tells.
fn record(view: &View<'_>, c: &mut Cursor<'_, '_>, told: Option<&mut Told>) -> Option<()> {
    let (name, last, end) = name_at(view, c.at)?;
    let start = c.at;
    let kind = u16::from_be_bytes(*view.slice(end..end + 2)?.first_chunk()?);
    let purpose = PURPOSES.iter().find(|p| p.0 == last);
    let purpose = purpose.map_or("Unknown", |p| p.1);
    let name = match kind {
        NBSTAT => name,
        _ => format!("{name} ({purpose})"),
    };
    c.sink.owned_text(NAME, start..end, name);
    c.at = end;
    c.u16(TYPE)?;
    c.u16(CLASS)?;
    c.u32(TTL)?;
    let length = usize::from(c.u16(DATA_LENGTH)?);
    let mut words = format!(" {}", type_name(kind));
    let mut data = c.part(length);
    match kind {
        NB => {
            while data.left() >= 6 {
                let at = data.at;
                let flags = data.u16(NB_FLAGS)?;
                data.sink.boolean(NB_GROUP, at..at + 2, flags & 0x8000 != 0);
                data.sink.unsigned(NB_ONT, at..at + 2, flags >> 13 & 3);
                let address = Ipv4Addr::from(data.ipv4(ADDR)?);
                let _ = write!(words, " {address}");
            }
        }
        NBSTAT => names(&mut data)?,
        _ => {}
    }
    if let Some(told) = told {
        told.words.push_str(&words);
    }
    Some(())
}

/// The names that a host has.
fn names(c: &mut Cursor<'_, '_>) -> Option<()> {
    let count = c.u8(NUMBER)?;
    for _ in 0..count {
        let (bytes, range) = c.take(16)?;
        let name = trimmed(&bytes[..15]);
        c.sink
            .put(HOST_NAME, range, Value::Text(name.into_bytes().into()));
        let at = c.at;
        let flags = c.u16(NAME_FLAGS)?;
        c.sink.boolean(GROUP, at..at + 2, flags & 0x8000 != 0);
        c.sink.unsigned(ONT, at..at + 2, flags >> 13 & 3);
        for (index, bit) in [
            (DEREGISTERED, 0x1000),
            (CONFLICT, 0x0800),
            (ACTIVE, 0x0400),
            (PERMANENT, 0x0200),
        ] {
            c.sink.boolean(index, at..at + 2, flags & bit != 0);
        }
    }
    c.ether(UNIT_ID).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_half_a_byte_a_letter_and_pointers_are_followed_once() {
        // RFC 1001 §14.1: "The NetBIOS name" in level one encoding (there with a slip in one letter).
        let mut bytes = vec![32];
        bytes.extend(b"FEGIGFCAEOGFHEECEJEPFDCAGOGBGNGF");
        bytes.push(0);
        bytes.extend([0xc0, 0, 0xc0, 34]);
        let view = View {
            bytes: &bytes,
            reported: bytes.len(),
            quoted: false,
        };
        let found = name_at(&view, 0);
        assert_eq!(found, Some(("The NetBIOS nam<65>".to_owned(), 0x65, 34)));
        assert_eq!(name_at(&view, 34).map(|f| f.2), Some(36));
        assert_eq!(name_at(&view, 36), None);
    }
}
