//! DNS: the question, and the records in their order.

use super::{Read, Said, says, wanted, words};
use crate::dissect::dns::fields as f;
use crate::dissect::field::{FieldIndex, Found, Sink, Value};
use crate::dissect::layer::{Layer, Protocol, View};
use crate::dissect::{dns, meaning};
use crate::query::frames::Reading;
use crate::track::messages::Message;
use std::fmt::Write as _;

const FIELDS: &[FieldIndex] = &[
    f::ID,
    f::FLAGS_RESPONSE,
    f::FLAGS_OPCODE,
    f::FLAGS_RCODE,
    f::QRY_NAME,
    f::QRY_TYPE,
    f::QRY_QU,
    f::RESP_TYPE,
    f::RESP_CLASS,
    f::UDP_PAYLOAD_SIZE,
    f::RESP_CACHE_FLUSH,
    f::A,
    f::AAAA,
    f::CNAME,
    f::NS,
    f::PTR,
    f::SOA_MNAME,
    f::MX_PREFERENCE,
    f::MX_EXCHANGE,
    f::SRV_PRIORITY,
    f::SRV_WEIGHT,
    f::SRV_PORT,
    f::SRV_TARGET,
    f::NAPTR_ORDER,
    f::NAPTR_PREFERENCE,
    f::NAPTR_FLAGS,
    f::NSEC_NEXT,
    f::HINFO_CPU,
    f::HINFO_OS,
];

/// What a datagram says.
pub(super) fn said(reading: &Reading<'_, '_>, layer: &Layer) -> Said {
    let read = Read::layer(reading, layer, FIELDS);
    let name = match layer.protocol {
        Protocol::Mdns => "MDNS",
        Protocol::Llmnr => "LLMNR",
        _ => "DNS",
    };
    says(name, line(&read.0, layer.protocol == Protocol::Mdns))
}

/// What a message in a stream says.
pub(super) fn message(message: &Message) -> Said {
    let view = View {
        bytes: &message.bytes,
        reported: message.bytes.len(),
        quoted: false,
    };
    let mut sink = Sink::new(wanted(FIELDS));
    let _ = dns::emit_tcp(&view, message.protocol, &mut sink);
    says("DNS", line(&sink.found, false))
}

fn line(found: &[Found<'_>], multicast: bool) -> String {
    let number = |index| {
        found
            .iter()
            .find(|f| f.index == index)
            .map(|f| match f.value {
                Value::Unsigned(n) => n,
                Value::Boolean(b) => u64::from(b),
                _ => 0,
            })
    };
    let response = number(f::FLAGS_RESPONSE) == Some(1);
    let code = number(f::FLAGS_OPCODE).unwrap_or(0);
    let mut out = match meaning::name("dns.flags.opcode", code) {
        Some(name) => name.to_owned(),
        None => format!("Unknown operation ({code})"),
    };
    if response {
        out.push_str(" response");
    }
    let _ = write!(out, " 0x{:04x}", number(f::ID).unwrap_or_default());
    let rcode = number(f::FLAGS_RCODE).unwrap_or(0);
    if response && rcode != 0 {
        let name = meaning::name("dns.flags.rcode", rcode).unwrap_or("Unknown error");
        let _ = write!(out, " {name}");
    }
    let mut question = String::new();
    for (at, one) in found.iter().enumerate() {
        let text = || words(&one.value);
        match one.index {
            f::QRY_NAME => question = text(),
            f::QRY_TYPE => {
                let _ = write!(out, " {} {question}", kind(&one.value));
            }
            f::QRY_QU if multicast => {
                let unicast = matches!(one.value, Value::Boolean(true));
                let sign = if unicast { "QU" } else { "QM" };
                let _ = write!(out, ", \"{sign}\" question");
            }
            // Lists of types that are a record's data have no class behind them.
            f::RESP_TYPE if is_record(found.get(at + 1)) => {
                let _ = write!(out, " {}", kind(&one.value));
            }
            f::RESP_CACHE_FLUSH if matches!(one.value, Value::Boolean(true)) => {
                out.push_str(", cache flush");
            }
            f::A
            | f::AAAA
            | f::CNAME
            | f::NS
            | f::PTR
            | f::SOA_MNAME
            | f::MX_PREFERENCE
            | f::MX_EXCHANGE
            | f::SRV_PRIORITY
            | f::SRV_WEIGHT
            | f::SRV_PORT
            | f::SRV_TARGET
            | f::NAPTR_ORDER
            | f::NAPTR_PREFERENCE
            | f::NAPTR_FLAGS
            | f::NSEC_NEXT
            | f::HINFO_CPU
            | f::HINFO_OS => {
                let _ = write!(out, " {}", text());
            }
            _ => {}
        }
    }
    out
}

/// Whether what follows a type says that it is a record's own.
fn is_record(next: Option<&Found<'_>>) -> bool {
    next.is_some_and(|next| matches!(next.index, f::RESP_CLASS | f::UDP_PAYLOAD_SIZE))
}

/// The short name of a record type.
fn kind(value: &Value<'_>) -> String {
    let Value::Unsigned(number) = value else {
        return String::new();
    };
    match u16::try_from(*number).ok().and_then(dns::type_name) {
        Some(name) => name.to_owned(),
        None => format!("Unknown ({number})"),
    }
}
