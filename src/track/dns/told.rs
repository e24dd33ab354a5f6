//! What the messages say of a lookup.

use super::{Seen, type_name};
use crate::dissect::dns::{self, Message};
use crate::dissect::layer::Protocol;
use crate::facts::dns::{Carrier, Lookup, NameService, Operation};
use crate::facts::{Milliseconds, Moment};
use crate::track::pairs::is_group;
use std::borrow::Cow;

/// A lookup of which only the query is known.
pub(super) fn asked(seen: &Seen, protocol: Protocol, message: &Message) -> Lookup {
    let question = message.questions.first();
    let told = message.answers.first();
    let number = question.map(|q| q.kind).or(told.map(|a| a.kind));
    let name = question.map(|q| &q.name).or(told.map(|a| &a.name));
    Lookup {
        query_frame: Some(seen.frame),
        response_frame: None,
        time: seen.time.map(|t| Moment(t.0)),
        protocol: service(protocol),
        operation: operation(seen, protocol, message).unwrap_or(Operation::Query),
        transport: if seen.conversation.tcp {
            Carrier::Tcp
        } else {
            Carrier::Udp
        },
        client: Some(seen.source.0).filter(|client| !is_group(*client)),
        server: seen.destination.0,
        id: message.id,
        name: name.cloned(),
        kind: number.map(type_name),
        status: None,
        answers: None,
        answer_count: None,
        authoritative: None,
        truncated: None,
        referral: None,
        response_cut: None,
        error_frame: None,
        repeats: 0,
        time_ms: None,
        stray_frames: None,
        other_response_frame: None,
    }
}

/// A lookup of which only the response is in the capture.
pub(super) fn unasked(seen: &Seen, protocol: Protocol, message: &Message) -> Lookup {
    let turned = Seen {
        source: seen.destination,
        destination: seen.source,
        ..*seen
    };
    Lookup {
        query_frame: None,
        ..asked(&turned, protocol, message)
    }
}

/// What a response says: its code and the data of its answers.
pub(super) fn told(message: &Message) -> (Cow<'static, str>, Vec<String>) {
    let code = message.rcode();
    let status = dns::rcode_name(code).map_or_else(|| format!("code {code}").into(), Cow::Borrowed);
    let answers = message.answers.iter();
    (status, answers.map(|record| record.data.clone()).collect())
}

/// Whether a response without an answer names the servers to ask (RFC 1034 §4.3.1): one that says
/// that there is no such record has an SOA record instead (RFC 2308 §2.2).
fn refers(message: &Message) -> bool {
    const NS: u16 = 2;
    const SOA: u16 = 6;
    let has = |kind| message.authorities.iter().any(|r| r.kind == kind);
    let none = message.answers.is_empty() && message.rcode() == 0 && message.flags & 0x0400 == 0;
    none && has(NS) && !has(SOA)
}

/// Writes a response into its lookup.
pub(super) fn answer(lookup: &mut Lookup, seen: &Seen, message: &Message) {
    lookup.response_frame = Some(seen.frame);
    let (status, answers) = told(message);
    lookup.status = Some(status);
    lookup.answer_count = Some(message.counts[1].into());
    lookup.response_cut = Some(!message.complete);
    lookup.answers = Some(answers);
    lookup.authoritative = Some(message.flags & 0x0400 != 0);
    lookup.truncated = Some(message.flags & 0x0200 != 0);
    lookup.referral = message.complete.then(|| refers(message));
    if lookup.query_frame.is_some() {
        lookup.time_ms = seen
            .time
            .zip(lookup.time)
            .and_then(|(end, start)| Milliseconds::between(start.0, end.0));
    }
}

/// What a message asks for, or answers; `None` of bytes that only came from or to a port of DNS: no
/// such operation is known, or nothing is asked.
pub(super) fn operation(seen: &Seen, protocol: Protocol, message: &Message) -> Option<Operation> {
    // Multicast hosts say what they are without a question (RFC 6762 §8.3).
    let told = message.is_response() || protocol == Protocol::Mdns;
    let asks = !message.questions.is_empty() || seen.cut && message.counts[0] == 1;
    match message.opcode() {
        0 if !told && !asks => None,
        0 => Some(Operation::Query),
        1 => Some(Operation::InverseQuery),
        2 => Some(Operation::Status),
        4 => Some(Operation::Notify),
        5 => Some(Operation::Update),
        6 => Some(Operation::Stateful),
        _ => None,
    }
}

fn service(protocol: Protocol) -> NameService {
    match protocol {
        Protocol::Mdns => NameService::Mdns,
        Protocol::Llmnr => NameService::Llmnr,
        _ => NameService::Dns,
    }
}
