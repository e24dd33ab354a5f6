//! The simple network management protocol, versions 1, 2c and 3 (RFC 1157, RFC 3416, RFC 3412),
//! in the basic encoding rules. Left out: names of objects, what is encrypted.

use super::definition::{Definition, Found, Given, Line, NOTHING, Names};
use super::field::{FieldIndex, Kind, Sink, Value};
use super::text;
use std::fmt::Write as _;
use std::ops::Range;

crate::fields! {
    VERSION: "snmp.version", Kind::Signed(32), "0 for version 1, 1 for version 2c.";
    COMMUNITY: "snmp.community", Kind::Text, "The community: a password in clear, often public.";
    MSG_VERSION: "snmp.msgVersion", Kind::Signed(32), "3 for version 3.";
    MSG_ID: "snmp.msgID", Kind::Unsigned(32), "Number of the message (version 3).";
    MSG_MAX: "snmp.msgMaxSize", Kind::Unsigned(32), "Longest answer that can be taken (version 3).";
    MSG_FLAGS: "snmp.msgFlags", Kind::Bytes, "The flags together (version 3).";
    REPORTABLE: "snmp.v3.flags.report", Kind::Boolean, "An error shall be reported.";
    CRYPT: "snmp.v3.flags.crypt", Kind::Boolean, "The content is encrypted.";
    AUTH: "snmp.v3.flags.auth", Kind::Boolean, "The message is authenticated.";
    MODEL: "snmp.msgSecurityModel", Kind::Unsigned(32), "3 is the user-based model.";
    ENGINE: "snmp.msgAuthoritativeEngineID", Kind::Bytes, "Which engine's clock and keys count.";
    BOOTS: "snmp.msgAuthoritativeEngineBoots", Kind::Unsigned(32), "How often that engine was started.";
    TIME: "snmp.msgAuthoritativeEngineTime", Kind::Unsigned(32), "Seconds since it was started.";
    USER: "snmp.msgUserName", Kind::Text, "The user (version 3).";
    AUTH_PARAMETERS: "snmp.msgAuthenticationParameters", Kind::Bytes, "The authentication code.";
    PRIV_PARAMETERS: "snmp.msgPrivacyParameters", Kind::Bytes, "The salt of the encryption.";
    MSG_DATA: "snmp.msgData", Kind::Unsigned(32), "0: the content is in clear, 1: it is encrypted.";
    ENCRYPTED: "snmp.encryptedPDU", Kind::Bytes, "The encrypted content.";
    CONTEXT_ENGINE: "snmp.contextEngineID", Kind::Bytes, "Which engine the content is for.";
    CONTEXT: "snmp.contextName", Kind::Text, "Which part of it.";
    DATA: "snmp.data", Kind::Unsigned(32), "0 get, 1 get-next, 2 response, 3 set, 4 trap, 5 get-bulk, 6 inform, 7 trap of version 2, 8 report.";
    REQUEST_ID: "snmp.request_id", Kind::Signed(32), "Number of the request, which the response repeats.";
    ERROR: "snmp.error_status", Kind::Signed(32), "0 is no error.";
    ERROR_INDEX: "snmp.error_index", Kind::Signed(32), "Which object the error is about.";
    NON_REPEATERS: "snmp.non_repeaters", Kind::Unsigned(32), "How many objects are asked for once (get-bulk).";
    MAX_REPETITIONS: "snmp.max_repetitions", Kind::Unsigned(32), "How often the others are (get-bulk).";
    ENTERPRISE: "snmp.enterprise", Kind::Text, "Whose trap it is (version 1).";
    AGENT: "snmp.agent_addr", Kind::Ipv4, "Who sends the trap (version 1).";
    GENERIC: "snmp.generic_trap", Kind::Signed(32), "Kind of trap; 6 is the enterprise's own (version 1).";
    SPECIFIC: "snmp.specific_trap", Kind::Signed(32), "Which of the enterprise's own (version 1).";
    TIME_STAMP: "snmp.time_stamp", Kind::Unsigned(32), "Hundredths of a second since the agent started (version 1).";
    BINDINGS: "snmp.variable_bindings", Kind::Unsigned(32), "How many objects follow.";
    NAME: "snmp.name", Kind::Text, "Number of an object.";
    INT: "snmp.value.int", Kind::Signed(64), "Its value: a number.";
    OCTETS: "snmp.value.octets", Kind::Bytes, "Its value: bytes, often text.";
    NULL: "snmp.value.null", Kind::Mark, "No value, as in a request.";
    OID: "snmp.value.oid", Kind::Text, "Its value: the number of another object.";
    IPV4: "snmp.value.ipv4", Kind::Ipv4, "Its value: an address.";
    COUNTER: "snmp.value.counter", Kind::Unsigned(64), "Its value: a count.";
    GAUGE: "snmp.value.u32", Kind::Signed(64), "Its value: a number that is not negative.";
    TICKS: "snmp.value.timeticks", Kind::Unsigned(64), "Its value: hundredths of a second.";
    NO_OBJECT: "snmp.noSuchObject", Kind::Mark, "There is no such object.";
    NO_INSTANCE: "snmp.noSuchInstance", Kind::Mark, "There is no such instance of the object.";
    END_OF_VIEW: "snmp.endOfMibView", Kind::Mark, "There are no further objects.";
}

/// Everything about SNMP.
pub const DEFINITION: Definition = Definition {
    layers: &[(
        "snmp",
        "Simple network management protocol: values of devices are read and set.",
    )],
    title: "SNMP",
    found: Found {
        udp: &[161, 162],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit,
    strict: true,
    line: Some(line),
    values: &[
        Names {
            fields: &["snmp.data"],
            values: PDUS,
        },
        Names {
            fields: &["snmp.version", "snmp.msgVersion"],
            values: &[(0, "version-1"), (1, "v2c"), (2, "v2u"), (3, "snmpv3")],
        },
        Names {
            fields: &["snmp.error_status"],
            values: &[
                (0, "noError"),
                (1, "tooBig"),
                (2, "noSuchName"),
                (3, "badValue"),
                (4, "readOnly"),
                (5, "genErr"),
                (6, "noAccess"),
                (16, "authorizationError"),
                (17, "notWritable"),
            ],
        },
    ],
    ..NOTHING
};

const PDUS: &[(u64, &str)] = &[
    (0, "get-request"),
    (1, "get-next-request"),
    (2, "get-response"),
    (3, "set-request"),
    (4, "trap"),
    (5, "getBulkRequest"),
    (6, "informRequest"),
    (7, "snmpV2-trap"),
    (8, "report"),
];

const INTEGER: u8 = 0x02;
const STRING: u8 = 0x04;
const OBJECT: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const ADDRESS: u8 = 0x40;
const TIME_TICKS: u8 = 0x43;
const TRAP: u8 = 4;
const BULK: u8 = 5;

/// Values in the basic encoding rules (X.690), one after the other.
#[derive(Clone)]
struct Ber<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

/// One value: its tag, and where its content is.
struct Item {
    tag: u8,
    content: Range<usize>,
}

impl<'a> Ber<'a> {
    fn next(&mut self) -> Option<Item> {
        let rest = self.bytes.get(self.at..self.end)?;
        let (tag, first) = (*rest.first()?, *rest.get(1)?);
        let (length, header) = match first {
            0..=0x7f => (usize::from(first), 2),
            // Up to four bytes of length; what is longer fits no datagram.
            0x81..=0x84 => {
                let count = usize::from(first & 0x7f);
                let digits = rest.get(2..2 + count)?;
                let length = digits.iter().fold(0, |n, d| n << 8 | usize::from(*d));
                (length, 2 + count)
            }
            _ => return None,
        };
        let start = self.at + header;
        let end = start.checked_add(length).filter(|end| *end <= self.end)?;
        self.at = end;
        Some(Item {
            tag,
            content: start..end,
        })
    }

    fn tagged(&mut self, tag: u8) -> Option<Range<usize>> {
        let item = self.next()?;
        (item.tag == tag).then_some(item.content)
    }

    /// The values inside of one.
    fn inside(&self, content: &Range<usize>) -> Ber<'a> {
        Ber {
            bytes: self.bytes,
            at: content.start,
            end: content.end,
        }
    }

    fn content(&self, range: &Range<usize>) -> &'a [u8] {
        &self.bytes[range.clone()]
    }

    fn signed(&mut self) -> Option<(i64, Range<usize>)> {
        let range = self.tagged(INTEGER)?;
        Some((signed(self.content(&range))?, range))
    }

    fn put_signed(&mut self, index: FieldIndex, sink: &mut Sink<'a>) -> Option<i64> {
        let (value, range) = self.signed()?;
        sink.put(index, range, Value::Signed(value));
        Some(value)
    }

    fn put_unsigned(&mut self, index: FieldIndex, sink: &mut Sink<'a>) -> Option<()> {
        let (value, range) = self.signed()?;
        sink.unsigned(index, range, u64::try_from(value).ok()?);
        Some(())
    }

    fn put_bytes(&mut self, index: FieldIndex, sink: &mut Sink<'a>) -> Option<&'a [u8]> {
        let range = self.tagged(STRING)?;
        let bytes = self.content(&range);
        sink.bytes(index, range, bytes);
        Some(bytes)
    }

    fn put_text(&mut self, index: FieldIndex, sink: &mut Sink<'a>) -> Option<()> {
        let range = self.tagged(STRING)?;
        let bytes = self.content(&range);
        sink.put(index, range, Value::Text(text::ascii(bytes)));
        Some(())
    }
}

fn signed(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > 8 {
        return None;
    }
    let negative = bytes[0] & 0x80 != 0;
    let start = if negative { -1 } else { 0 };
    Some(bytes.iter().fold(start, |n, b| n << 8 | i64::from(*b)))
}

fn unsigned(bytes: &[u8]) -> Option<u64> {
    let digits = match bytes {
        [0, rest @ ..] if bytes.len() == 9 => rest,
        all => all,
    };
    let fits = !digits.is_empty() && digits.len() <= 8;
    fits.then(|| digits.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
}

/// An object's number with dots.
fn object(bytes: &[u8]) -> String {
    let mut out = String::new();
    let mut number = 0u64;
    for byte in bytes {
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        let _ = if out.is_empty() {
            let first = (number / 40).min(2);
            write!(out, "{first}.{}", number - first * 40)
        } else {
            write!(out, ".{number}")
        };
        number = 0;
    }
    out
}

fn emit<'a>(given: &Given<'_, 'a>, sink: &mut Sink<'a>) -> Option<()> {
    let bytes = given.view.bytes;
    let mut ber = Ber {
        bytes,
        at: 0,
        end: bytes.len(),
    };
    let mut message = ber.tagged(SEQUENCE).map(|inner| ber.inside(&inner))?;
    let (version, range) = message.signed()?;
    if version == 3 {
        sink.put(MSG_VERSION, range, Value::Signed(version));
        return version_3(&mut message, sink);
    }
    sink.put(VERSION, range, Value::Signed(version));
    message.put_text(COMMUNITY, sink)?;
    data(&mut message, sink)
}

fn version_3<'a>(message: &mut Ber<'a>, sink: &mut Sink<'a>) -> Option<()> {
    let mut global = message.tagged(SEQUENCE).map(|r| message.inside(&r))?;
    global.put_unsigned(MSG_ID, sink)?;
    global.put_unsigned(MSG_MAX, sink)?;
    let start = global.at;
    let flags = *global.put_bytes(MSG_FLAGS, sink)?.first()?;
    let place = start + 2..start + 3;
    sink.boolean(REPORTABLE, place.clone(), flags & 4 != 0);
    sink.boolean(CRYPT, place.clone(), flags & 2 != 0);
    sink.boolean(AUTH, place, flags & 1 != 0);
    global.put_unsigned(MODEL, sink)?;
    let mut security = message.tagged(STRING).map(|r| message.inside(&r))?;
    let mut security = security.tagged(SEQUENCE).map(|r| security.inside(&r))?;
    security.put_bytes(ENGINE, sink)?;
    security.put_unsigned(BOOTS, sink)?;
    security.put_unsigned(TIME, sink)?;
    security.put_text(USER, sink)?;
    security.put_bytes(AUTH_PARAMETERS, sink)?;
    security.put_bytes(PRIV_PARAMETERS, sink)?;
    let content = message.next()?;
    let encrypted = content.tag == STRING;
    sink.unsigned(MSG_DATA, content.content.clone(), u8::from(encrypted));
    if encrypted {
        let bytes = message.content(&content.content);
        sink.bytes(ENCRYPTED, content.content, bytes);
        return Some(());
    }
    let mut scoped = message.inside(&content.content);
    scoped.put_bytes(CONTEXT_ENGINE, sink)?;
    scoped.put_text(CONTEXT, sink)?;
    data(&mut scoped, sink)
}

/// What is asked, answered or told.
fn data<'a>(message: &mut Ber<'a>, sink: &mut Sink<'a>) -> Option<()> {
    let pdu = message.next()?;
    let kind = pdu.tag.checked_sub(0xa0).filter(|kind| *kind <= 8)?;
    sink.unsigned(DATA, pdu.content.clone(), kind);
    let mut pdu = message.inside(&pdu.content);
    match kind {
        TRAP => {
            let range = pdu.tagged(OBJECT)?;
            sink.owned_text(ENTERPRISE, range.clone(), object(pdu.content(&range)));
            let range = pdu.tagged(ADDRESS)?;
            let address = *pdu.content(&range).first_chunk()?;
            sink.put(AGENT, range, Value::Ipv4(address));
            pdu.put_signed(GENERIC, sink)?;
            pdu.put_signed(SPECIFIC, sink)?;
            let range = pdu.tagged(TIME_TICKS)?;
            sink.unsigned(TIME_STAMP, range.clone(), unsigned(pdu.content(&range))?);
        }
        BULK => {
            pdu.put_signed(REQUEST_ID, sink)?;
            pdu.put_unsigned(NON_REPEATERS, sink)?;
            pdu.put_unsigned(MAX_REPETITIONS, sink)?;
        }
        _ => {
            pdu.put_signed(REQUEST_ID, sink)?;
            pdu.put_signed(ERROR, sink)?;
            pdu.put_signed(ERROR_INDEX, sink)?;
        }
    }
    let list = pdu.tagged(SEQUENCE)?;
    let mut counted = pdu.inside(&list);
    let mut count = 0u32;
    while counted.next().is_some() {
        count += 1;
    }
    sink.unsigned(BINDINGS, list.clone(), count);
    let mut bindings = pdu.inside(&list);
    while bindings.at < bindings.end {
        let mut binding = bindings.tagged(SEQUENCE).map(|r| bindings.inside(&r))?;
        let name = binding.tagged(OBJECT)?;
        if sink.wants(NAME) {
            sink.owned_text(NAME, name.clone(), object(binding.content(&name)));
        }
        let item = binding.next()?;
        let bytes = binding.content(&item.content);
        value(item, bytes, sink)?;
    }
    Some(())
}

fn value<'a>(item: Item, bytes: &'a [u8], sink: &mut Sink<'a>) -> Option<()> {
    let range = item.content;
    match item.tag {
        INTEGER => sink.put(INT, range, Value::Signed(signed(bytes)?)),
        STRING => sink.bytes(OCTETS, range, bytes),
        0x05 => sink.mark(NULL, range),
        OBJECT => sink.owned_text(OID, range, object(bytes)),
        ADDRESS => sink.put(IPV4, range, Value::Ipv4(bytes.try_into().ok()?)),
        0x41 | 0x46 => sink.unsigned(COUNTER, range, unsigned(bytes)?),
        0x42 => {
            let number = i64::try_from(unsigned(bytes)?).ok()?;
            sink.put(GAUGE, range, Value::Signed(number));
        }
        TIME_TICKS => sink.unsigned(TICKS, range, unsigned(bytes)?),
        0x80 => sink.mark(NO_OBJECT, range),
        0x81 => sink.mark(NO_INSTANCE, range),
        0x82 => sink.mark(END_OF_VIEW, range),
        _ => {}
    }
    Some(())
}

fn line(given: &Given<'_, '_>) -> Line {
    let mut sink = Sink::default();
    for index in [DATA, NAME, ENTERPRISE, ENCRYPTED] {
        sink.wanted.insert(index);
    }
    // What there is of a message that is cut short.
    let _ = emit(given, &mut sink);
    let mut info = String::new();
    for found in &sink.found {
        let _ = match (found.index, &found.value) {
            (DATA, Value::Unsigned(kind)) => {
                let name = PDUS.iter().find(|p| p.0 == *kind);
                write!(info, "{}", name.map_or("", |n| n.1))
            }
            (ENTERPRISE, Value::Text(number)) => {
                let number = String::from_utf8_lossy(number);
                write!(info, " iso{}", number.strip_prefix('1').unwrap_or(&number))
            }
            (NAME, Value::Text(number)) => write!(info, " {}", String::from_utf8_lossy(number)),
            (ENCRYPTED, _) => write!(info, "encryptedPDU: privKey Unknown"),
            _ => Ok(()),
        };
    }
    Line {
        protocol: "SNMP",
        info,
    }
}

/// The community of a message of version 1 or 2c: a password in clear.
pub fn community(bytes: &[u8]) -> Option<&[u8]> {
    let mut ber = Ber {
        bytes,
        at: 0,
        end: bytes.len(),
    };
    let mut message = ber.tagged(SEQUENCE).map(|inner| ber.inside(&inner))?;
    let (version, _) = message.signed()?;
    let range = message.tagged(STRING).filter(|_| version < 2)?;
    Some(message.content(&range))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_objects_and_values() {
        assert_eq!(object(&[0x2b, 6, 1, 4, 1, 0xce, 0x0f]), "1.3.6.1.4.1.9999");
        assert_eq!(object(&[0x88, 0x37]), "2.999");
        assert_eq!(signed(&[0xff]), Some(-1));
        assert_eq!(signed(&[0, 0x80]), Some(128));
        assert_eq!(unsigned(&[0, 0xff, 0xff, 0xff, 0xff]), Some(0xffff_ffff));
        assert_eq!(unsigned(&[]), None);
    }

    #[test]
    fn lengths_beyond_the_message_are_refused() {
        for bytes in [
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 2, 1, 0][..],
            &[0x30, 0x80, 2, 1, 0],
            &[0x30, 5, 2, 1, 0],
        ] {
            assert_eq!(community(bytes), None);
        }
        let whole = [0x30, 8, 2, 1, 0, 4, 3, b'a', b'b', b'c'];
        assert_eq!(community(&whole), Some(&b"abc"[..]));
    }
}
