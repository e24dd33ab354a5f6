//! DNS over time: queries with their responses, matched as Wireshark matches them, by
//! conversation and number; multicast DNS also by name, since its answers go to everyone.
//! Messages over TCP come in through [`Lookups::message`].

mod doubts;
mod note;
mod told;

pub(crate) use doubts::in_words;
pub(crate) use note::{FIELDS, Note, emit};

use crate::capture::Time;
use crate::dissect::dns::{self, Message};
use crate::dissect::field::{Sink, Wanted};
use crate::dissect::layer::{Protocol, View};
use crate::dissect::{Ip, Packet, Transport, as_usize};
use crate::facts::dns::{Lookup, Part, Record};
use crate::track::copies;
use crate::track::room::Room;
use doubts::Doubts;
use foldhash::fast::RandomState;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use told::{answer, asked, operation, unasked};

/// A query repeated within this time is a retransmission: nanoseconds.
const RETRANSMISSION: i64 = 5_000_000_000;
/// Most open queries that a multicast response answers.
const MOST_ANSWERED: usize = 64;
/// Most lookups with one number that a response is compared with.
const MOST_CHAINED: usize = 16;
/// Most records that are listed.
const MOST_RECORDS: usize = 65_536;

/// Which conversation a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conversation {
    /// Over TCP, not UDP.
    pub tcp: bool,
    /// As tcp.stream or udp.stream.
    pub stream: u32,
}

/// Where a message was seen.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Frame with its last byte.
    pub frame: u32,
    /// When.
    pub time: Option<Time>,
    /// Sender and its port.
    pub source: (IpAddr, u16),
    /// Receiver and its port.
    pub destination: (IpAddr, u16),
    /// Conversation.
    pub conversation: Conversation,
    /// IP identification of its datagram, or 0.
    pub identification: u32,
    /// The capture does not have all of it.
    pub cut: bool,
}

/// What Wireshark keeps of one query.
struct Transaction {
    time: Time,
    row: u32,
    query: u32,
    response: u32,
    /// A zone transfer: several responses belong to it.
    several: bool,
}

/// The number of a query in a conversation: eight bytes, since there can be millions.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key(u64);

impl Key {
    fn new(conversation: Conversation, id: u16) -> Key {
        let stream = u64::from(conversation.stream) << 17;
        Key(stream | u64::from(conversation.tcp) << 16 | u64::from(id))
    }
}

/// All lookups of a capture.
#[derive(Default)]
pub struct Lookups {
    rows: Vec<Lookup>,
    /// Of each the one before with the same number in the same conversation.
    before: Vec<u32>,
    /// The newest query of each number in each conversation.
    newest: HashMap<Key, Transaction, RandomState>,
    /// Multicast queries that wait for an answer, by name and type.
    asked: HashMap<(String, u16), usize, RandomState>,
    /// Queries of LLMNR, by their sender and number: to a group, and answered by one host alone
    /// (RFC 4795 §2.4).
    called: HashMap<((IpAddr, u16), u16), usize, RandomState>,
    /// Query frame and number to response frame.
    responses: HashMap<(u32, u16), u32, RandomState>,
    /// Of each lookup the client's port.
    ports: Vec<u16>,
    /// Of each the IP identification of its query, or 0.
    identifications: Vec<u32>,
    /// Lookups whose response does not hold all answers.
    cut: HashSet<usize, RandomState>,
    doubts: Doubts,
    /// What Wireshark takes for DNS by its port alone: nothing of it is told.
    strangers: Option<Box<Lookups>>,
    records: Vec<Record>,
    /// Records that are not listed for want of room.
    pub overflow: u64,
}

impl Lookups {
    /// Takes in the message in a datagram of a flow.
    pub fn packet(&mut self, packet: &Packet<'_>, ip: &Ip, protocol: Protocol, flow: u32) -> Note {
        let ports = match packet.transport {
            Transport::Udp(datagram) => (datagram.source_port, datagram.destination_port),
            _ => (0, 0),
        };
        let seen = Seen {
            frame: packet.frame.number,
            time: packet.frame.time,
            source: (ip.source, ports.0),
            destination: (ip.destination, ports.1),
            conversation: Conversation {
                tcp: false,
                stream: flow,
            },
            identification: ip.identification,
            cut: packet.payload.captured < packet.payload.reported,
        };
        self.message(&seen, protocol, packet.payload_bytes())
    }

    /// Takes in one message, without the length that TCP puts before it. `protocol` tells DNS,
    /// mDNS and LLMNR apart.
    pub fn message(&mut self, seen: &Seen, protocol: Protocol, bytes: &[u8]) -> Note {
        let Some(mut message) = Message::parse(bytes) else {
            return Note::default();
        };
        let stranger = operation(seen, protocol, &message).is_none();
        let note = if stranger {
            let strangers = self.strangers.get_or_insert_default();
            match message.is_response() {
                true => strangers.response(seen, protocol, &message),
                false => strangers.query(seen, protocol, &message),
            }
        } else if message.is_response() {
            message.read_rest(bytes);
            let note = self.response(seen, protocol, &message);
            self.keep(seen, note.response_to, &message);
            note
        } else {
            self.query(seen, protocol, &message)
        };
        let view = View {
            bytes,
            reported: bytes.len(),
            quoted: false,
        };
        let whole = dns::emit(&view, protocol, &mut Sink::new(Wanted::default()));
        Note {
            id: message.id,
            broken: whole.is_none(),
            ..note
        }
    }

    /// The frame that answers the query with this number in `frame`, or 0; complete after a first
    /// reading.
    pub fn response_to(&self, frame: u32, id: u16) -> u32 {
        let strangers = || Some(self.strangers.as_ref()?.response_to(frame, id));
        let known = self.responses.get(&(frame, id)).copied();
        known.or_else(strangers).unwrap_or(0)
    }

    /// How many lookups there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The lookups, in the order they began.
    pub fn lookups(&self) -> &[Lookup] {
        &self.rows
    }

    /// Lists the records of a response.
    fn keep(&mut self, seen: &Seen, query: u32, message: &Message) {
        let parts = [
            (Part::Answer, &message.answers),
            (Part::Authority, &message.authorities),
            (Part::Additional, &message.additionals),
        ];
        for (part, list) in parts {
            // The pseudo record of EDNS (RFC 6891) says nothing of a name.
            for (number, record) in (1..).zip(list.iter().filter(|r| r.kind != 41)) {
                if !self.records.has_room(MOST_RECORDS) {
                    self.overflow += 1;
                    continue;
                }
                self.records.push(Record {
                    frame: seen.frame,
                    query_frame: (query != 0).then_some(query),
                    part,
                    number,
                    name: record.name.clone(),
                    kind: type_name(record.kind),
                    ttl_seconds: record.ttl,
                    data: record.data.clone(),
                });
            }
        }
    }

    /// The records of all responses, in order.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    fn query(&mut self, seen: &Seen, protocol: Protocol, message: &Message) -> Note {
        let key = Key::new(seen.conversation, message.id);
        let time = seen.time.unwrap_or_default();
        let mut note = Note::default();
        let known = self.newest.get(&key).map(|open| as_usize(open.row));
        let row = self
            .repeated(known, seen, protocol, message)
            .unwrap_or_else(|| {
                self.ask(
                    asked(seen, protocol, message),
                    seen.source.1,
                    known,
                    seen.identification,
                )
            });
        // For Wireshark, a number that is used again soon asks the same again.
        if let Some(open) = self.newest.get_mut(&key)
            && open.response == 0
            && time.since(open.time) < RETRANSMISSION
        {
            note.retransmit_request_in = open.query;
            open.row = narrow(row);
        } else {
            let transaction = Transaction {
                row: narrow(row),
                query: seen.frame,
                response: 0,
                time,
                several: message.is_transfer(),
            };
            self.newest.insert(key, transaction);
        }
        if protocol == Protocol::Llmnr {
            self.called.insert((seen.source, message.id), row);
        }
        if protocol == Protocol::Mdns {
            for question in &message.questions {
                let key = (question.name.to_ascii_lowercase(), question.kind);
                self.asked.insert(key, row);
            }
        }
        note
    }

    /// Adds a lookup of a client at `port`; `before` is the one that had the number before.
    fn ask(
        &mut self,
        lookup: Lookup,
        port: u16,
        before: Option<usize>,
        identification: u32,
    ) -> usize {
        self.rows.push(lookup);
        self.identifications.push(identification);
        self.ports.push(port);
        let before = before.and_then(|row| u32::try_from(row).ok());
        self.before.push(before.unwrap_or(u32::MAX));
        self.rows.len() - 1
    }

    /// The lookups with a number in a conversation, newest first, the last few.
    fn chain(&self, newest: Option<usize>) -> impl Iterator<Item = usize> {
        let mut next = newest;
        std::iter::from_fn(move || {
            let row = next?;
            let before = self.before.get(row).copied().unwrap_or(u32::MAX);
            next = (before != u32::MAX).then(|| crate::dissect::as_usize(before));
            Some(row)
        })
        .take(MOST_CHAINED)
    }

    /// The unanswered lookup with the same question that this query repeats. Another question
    /// with the same number is another lookup.
    fn repeated(
        &mut self,
        newest: Option<usize>,
        seen: &Seen,
        protocol: Protocol,
        message: &Message,
    ) -> Option<usize> {
        let question = message.questions.first()?;
        let kind = type_name(question.kind);
        let same = |at: &usize| {
            let row = &self.rows[*at];
            (row.response_frame.is_none() || self.is_doubled(*at, seen))
                && row.query_frame.is_some()
                && row.name.as_ref() == Some(&question.name)
                && row.kind.as_ref() == Some(&kind)
                && row.client == Some(seen.source.0)
                && (protocol != Protocol::Mdns
                    || row.time.is_some_and(|t| {
                        seen.time.unwrap_or_default().since(Time(t.0)) < RETRANSMISSION
                    }))
        };
        let place = self.chain(newest).find(same)?;
        let row = &mut self.rows[place];
        row.repeats += u32::from(row.response_frame.is_none());
        Some(place)
    }

    /// Whether a query is the same packet as that of a lookup: whoever asks again sends another
    /// one, with an identification of its own.
    fn is_doubled(&self, place: usize, seen: &Seen) -> bool {
        let known = self.identifications.get(place).copied().unwrap_or(0);
        let time = self.rows[place].time.map_or(0, |t| t.0);
        let later = seen.time.unwrap_or_default().since(Time(time));
        copies::is_held((known, seen.identification), later)
    }

    /// The lookup that a response belongs to: by its question, by the name in it where no type
    /// fits, and by its number alone where it repeats none. `Err` when that one has its answer
    /// already.
    fn answered(&self, newest: usize, message: &Message) -> Option<Result<usize, ()>> {
        let question = message.questions.first();
        let kind = question.map(|q| type_name(q.kind));
        let named = |place: &usize| {
            let row = &self.rows[*place];
            // What the capture cuts has no name.
            let own = row.name.as_ref().zip(question);
            let fits = own.is_none_or(|(own, q)| own.eq_ignore_ascii_case(&q.name));
            fits && row.query_frame.is_some()
        };
        let typed = |place: &usize| {
            let own = self.rows[*place].kind.as_ref().zip(kind.as_ref());
            let fits = own.is_none_or(|(own, kind)| own == kind);
            fits && named(place)
        };
        let open = |place: &usize| self.rows[*place].response_frame.is_none();
        let chain = || self.chain(Some(newest));
        if chain().any(|place| typed(&place)) {
            return Some(chain().filter(typed).find(open).ok_or(()));
        }
        let any = chain().any(|place| named(&place));
        any.then(|| chain().filter(named).find(open).ok_or(()))
    }

    fn response(&mut self, seen: &Seen, protocol: Protocol, message: &Message) -> Note {
        let mut note = Note::default();
        let multicast = protocol == Protocol::Mdns;
        let key = Key::new(seen.conversation, message.id);
        let mut newest = None;
        if let Some(open) = self.newest.get_mut(&key) {
            newest = Some(as_usize(open.row));
            let repeated = open.response != 0;
            if repeated && !open.several {
                note.retransmit_response_in = open.response;
            } else {
                note.response_to = open.query;
                note.time = seen.time.unwrap_or_default().since(open.time);
            }
            if !repeated {
                open.response = seen.frame;
                self.responses.insert((open.query, message.id), seen.frame);
            }
        } else {
            note.unsolicited = true;
        }
        // What a multicast host sends to the group answers others, not its own queries.
        let found = match newest {
            _ if multicast => self.multicast(seen, message).then_some(Err(())),
            Some(newest) => self.answered(newest, message),
            None if protocol == Protocol::Llmnr => {
                let called = self.called.get(&(seen.destination, message.id));
                called.and_then(|row| self.answered(*row, message))
            }
            None => None,
        };
        match found {
            Some(Ok(place)) => {
                let row = &mut self.rows[place];
                row.server = seen.source.0;
                answer(row, seen, message);
                if doubts::is_cut(message) {
                    self.cut.insert(place);
                }
            }
            Some(Err(())) => {
                if let Some(newest) = newest.filter(|_| !multicast) {
                    self.once_more(newest, seen, message);
                }
            }
            None if self.is_stray(seen, protocol, message) => {}
            None => {
                let mut row = unasked(seen, protocol, message);
                answer(&mut row, seen, message);
                self.ask(row, seen.destination.1, None, 0);
            }
        }
        note
    }

    /// A multicast response answers every open query whose name and type it tells; says whether
    /// there was one.
    fn multicast(&mut self, seen: &Seen, message: &Message) -> bool {
        let mut answered = Vec::new();
        for record in &message.answers {
            let name = record.name.to_ascii_lowercase();
            for kind in [record.kind, 255] {
                if let Some(row) = self.asked.remove(&(name.clone(), kind))
                    && !answered.contains(&row)
                    && answered.has_room(MOST_ANSWERED)
                {
                    answered.push(row);
                }
            }
        }
        let mut any = false;
        for place in answered {
            if let Some(row) = self.rows.get_mut(place)
                && row.response_frame.is_none()
                && row.client != Some(seen.source.0)
            {
                row.server = seen.source.0;
                answer(row, seen, message);
                any = true;
            }
        }
        any
    }
}

/// The place of a lookup: there are fewer than frames.
fn narrow(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}

/// The name of a record type, or its number.
fn type_name(number: u16) -> Cow<'static, str> {
    dns::type_name(number).map_or_else(|| number.to_string().into(), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Milliseconds;
    use std::net::Ipv4Addr;

    const CLIENT: (IpAddr, u16) = (IpAddr::V4(Ipv4Addr::new(10, 9, 0, 9)), 5000);
    const SERVER: (IpAddr, u16) = (IpAddr::V4(Ipv4Addr::new(10, 9, 0, 1)), 53);
    const GROUP: (IpAddr, u16) = (IpAddr::V4(Ipv4Addr::new(224, 0, 0, 251)), 5353);

    /// A question for the address of `ab`, or the answer to it.
    fn message(id: u16, response: bool) -> Vec<u8> {
        let mut bytes = id.to_be_bytes().to_vec();
        bytes.extend([
            if response { 0x85 } else { 1 },
            0,
            0,
            1,
            0,
            u8::from(response),
        ]);
        bytes.extend([0, 0, 0, 0, 2, b'a', b'b', 0, 0, 1, 0, 1]);
        if response {
            bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 9, 0, 80]);
        }
        bytes
    }

    fn seen(frame: u32, from: (IpAddr, u16), to: (IpAddr, u16), stream: u32) -> Seen {
        Seen {
            frame,
            time: Some(Time(i64::from(frame) * 1_000_000_000)),
            source: from,
            destination: to,
            conversation: Conversation { tcp: false, stream },
            identification: 0,
            cut: false,
        }
    }

    fn exchange(frames: &[(u32, bool)]) -> (Lookups, Vec<Note>) {
        let mut dns = Lookups::default();
        let notes = frames.iter().map(|&(frame, response)| {
            let (from, to) = if response {
                (SERVER, CLIENT)
            } else {
                (CLIENT, SERVER)
            };
            let seen = seen(frame, from, to, 0);
            dns.message(&seen, Protocol::Dns, &message(7, response))
        });
        let notes = notes.collect();
        (dns, notes)
    }

    #[test]
    fn a_response_answers_its_query() {
        let (dns, notes) = exchange(&[(1, false), (3, true)]);
        assert_eq!((notes[1].response_to, notes[1].time), (1, 2_000_000_000));
        assert_eq!(dns.response_to(1, 7), 3);
        let lookup = &dns.lookups()[0];
        assert_eq!(lookup.name.as_deref(), Some("ab"));
        assert_eq!(lookup.kind.as_deref(), Some("A"));
        assert_eq!(lookup.answers, Some(vec!["10.9.0.80".to_owned()]));
        assert_eq!(lookup.status.as_deref(), Some("No error"));
        assert_eq!(lookup.time_ms, Some(Milliseconds(2000.0)));
    }

    #[test]
    fn repetitions_are_told_and_counted() {
        let (dns, notes) = exchange(&[(1, false), (2, false), (3, true), (4, true)]);
        assert_eq!(notes[1].retransmit_request_in, 1);
        assert_eq!(notes[2].response_to, 1);
        assert_eq!(notes[3].retransmit_response_in, 3);
        assert_eq!(dns.len(), 1);
        assert_eq!(dns.lookups()[0].repeats, 1);
    }

    #[test]
    fn a_late_repetition_is_another_query_for_wireshark_and_another_try_for_us() {
        let (dns, notes) = exchange(&[(1, false), (8, false), (9, true)]);
        assert_eq!(notes[1].retransmit_request_in, 0);
        assert_eq!((notes[2].response_to, notes[2].time), (8, 1_000_000_000));
        assert_eq!(dns.len(), 1);
        assert_eq!(dns.lookups()[0].repeats, 1);
        assert_eq!(dns.lookups()[0].time_ms, Some(Milliseconds(8000.0)));
    }

    #[test]
    fn silence_stays_unknown() {
        let (dns, _) = exchange(&[(1, false)]);
        let lookup = &dns.lookups()[0];
        assert_eq!((lookup.response_frame, &lookup.status), (None, &None));
        assert_eq!(lookup.answer_count, None);
    }

    #[test]
    fn a_response_without_a_query_keeps_its_sides() {
        let (dns, notes) = exchange(&[(5, true)]);
        assert!(notes[0].unsolicited);
        let lookup = &dns.lookups()[0];
        assert_eq!((lookup.query_frame, lookup.response_frame), (None, Some(5)));
        assert_eq!((lookup.client, lookup.server), (Some(CLIENT.0), SERVER.0));
        assert_eq!(lookup.time_ms, None);
    }

    #[test]
    fn a_multicast_query_is_answered_by_whoever_knows() {
        let mut dns = Lookups::default();
        let asked = seen(1, (CLIENT.0, 5353), GROUP, 0);
        dns.message(&asked, Protocol::Mdns, &message(0, false));
        // What the asking host itself tells the group is no answer.
        let own = seen(2, (CLIENT.0, 5353), GROUP, 0);
        dns.message(&own, Protocol::Mdns, &message(0, true));
        assert_eq!(dns.lookups()[0].response_frame, None);
        dns.message(&asked, Protocol::Mdns, &message(0, false));
        let other = seen(3, (SERVER.0, 5353), GROUP, 1);
        dns.message(&other, Protocol::Mdns, &message(0, true));
        let answered = dns.lookups().iter().find(|l| l.response_frame == Some(3));
        assert_eq!(answered.map(|l| l.server), Some(SERVER.0));
    }

    #[test]
    fn a_message_cut_short_says_nothing() {
        let mut dns = Lookups::default();
        let query = message(7, false);
        let cut = &query[..query.len() - 1];
        let note = dns.message(&seen(1, CLIENT, SERVER, 0), Protocol::Dns, cut);
        assert!(note.broken);
        let mut sink = Sink::new(Wanted::ALL);
        emit(&note, &mut sink);
        assert!(sink.found.is_empty());
    }
}
