//! DNS over time: queries with their responses, by flow and transaction number. Messages over
//! TCP are left out for now.

use super::pairs::time_of;
use crate::capture::Time;
use crate::dissect::dns::{self, Message};
use crate::dissect::field::{Kind, Sink, Value};
use crate::dissect::layer::Protocol;
use crate::dissect::{Ip, Packet};
use crate::facts::names::Lookup;
use crate::facts::{Milliseconds, Moment};
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// A query this long after the same one is a new question, not the old one again.
const AGAIN_NS: i64 = 5_000_000_000;

/// What the tracker says of one message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Note {
    /// Frame of the response, on a query; known only after a first reading.
    pub response_in: u32,
    /// Frame of the query, on a response.
    pub response_to: u32,
    /// Nanoseconds from query to response, on a response.
    pub time: i64,
}

crate::fields! {
    RESPONSE_IN: "dns.response_in", Kind::Frame, "Frame of the response to this query.";
    RESPONSE_TO: "dns.response_to", Kind::Frame, "Frame of the query that this answers.";
    TIME: "dns.time", Kind::Duration, "Time from query to response.";
}

/// Hands over the fields.
pub fn emit(note: &Note, sink: &mut Sink<'_>) {
    if note.response_in != 0 {
        sink.unsigned(RESPONSE_IN, 0..0, note.response_in);
    }
    if note.response_to != 0 {
        sink.unsigned(RESPONSE_TO, 0..0, note.response_to);
        sink.put(TIME, 0..0, Value::Duration(note.time));
    }
}

/// A question that was asked.
#[derive(Clone, Copy)]
struct Asked {
    row: usize,
    frame: u32,
    time: Time,
    answered: u32,
}

/// All questions.
#[derive(Default)]
pub struct Lookups {
    list: Vec<Lookup>,
    asked: HashMap<(u32, u16), Asked, RandomState>,
    /// Query frame to response frame.
    responses: HashMap<u32, u32, RandomState>,
}

impl Lookups {
    /// Takes in one message of a UDP flow.
    pub fn packet(&mut self, packet: &Packet<'_>, ip: &Ip, protocol: Protocol, flow: u32) -> Note {
        let Some(message) = Message::parse(packet.payload_bytes()) else {
            return Note::default();
        };
        let (frame, time) = (packet.frame.number, time_of(packet));
        let key = (flow, message.id);
        let known = self.asked.get(&key).copied();
        let multicast = protocol == Protocol::Mdns;
        if !message.is_response() {
            if let Some(known) = known
                && time.since(known.time) < AGAIN_NS
                && known.answered == 0
                && !multicast
            {
                self.list[known.row].repeats += 1;
                return Note::default();
            }
            let row = self.list.len();
            self.list.push(blank(packet, ip, protocol, &message));
            self.list[row].query_frame = Some(frame);
            if !multicast {
                self.asked.insert(
                    key,
                    Asked {
                        row,
                        frame,
                        time,
                        answered: 0,
                    },
                );
            }
            return Note {
                response_in: self.response_to(frame),
                ..Note::default()
            };
        }
        let Some(asked) = known else {
            let row = self.list.len();
            self.list.push(blank(packet, ip, protocol, &message));
            let lookup = &mut self.list[row];
            std::mem::swap(&mut lookup.client, &mut lookup.server);
            answer(&mut self.list[row], &message, frame);
            return Note::default();
        };
        let took = time.since(asked.time);
        if asked.answered == 0 {
            answer(&mut self.list[asked.row], &message, frame);
            self.list[asked.row].time_ms = Some(Milliseconds::from_nanoseconds(took));
            self.responses.insert(asked.frame, frame);
            self.asked.insert(
                key,
                Asked {
                    answered: frame,
                    ..asked
                },
            );
        }
        Note {
            response_in: 0,
            response_to: asked.frame,
            time: took,
        }
    }

    /// The frame of the response to the query in `frame`, or 0.
    pub fn response_to(&self, frame: u32) -> u32 {
        self.responses.get(&frame).copied().unwrap_or(0)
    }

    /// The questions in order.
    pub fn finish(self) -> Vec<Lookup> {
        self.list
    }
}

fn blank(packet: &Packet<'_>, ip: &Ip, protocol: Protocol, message: &Message) -> Lookup {
    let question = message.questions.first();
    let answer = message.answers.first();
    let number = question.map(|q| q.kind).or(answer.map(|a| a.kind));
    Lookup {
        query_frame: None,
        response_frame: None,
        time: packet.frame.time.map(|t| Moment(t.0)),
        protocol: match protocol {
            Protocol::Mdns => "mdns",
            Protocol::Llmnr => "llmnr",
            _ => "dns",
        },
        client: ip.source,
        server: ip.destination,
        id: message.id,
        name: question
            .map(|q| q.name.clone())
            .or(answer.map(|a| a.name.clone()))
            .unwrap_or_default(),
        kind: number.map_or_else(String::new, |n| {
            dns::type_name(n).map_or_else(|| n.to_string(), str::to_owned)
        }),
        status: None,
        answers: None,
        answer_count: None,
        repeats: 0,
        time_ms: None,
    }
}

fn answer(lookup: &mut Lookup, message: &Message, frame: u32) {
    lookup.response_frame = Some(frame);
    let code = message.rcode();
    lookup.status =
        Some(dns::rcode_name(code).map_or_else(|| format!("code {code}"), str::to_owned));
    lookup.answer_count = u32::try_from(message.answers.len()).ok();
    let told: Vec<&str> = message
        .answers
        .iter()
        .take(64)
        .map(|a| a.data.as_str())
        .collect();
    lookup.answers = Some(told.join(" "));
}
