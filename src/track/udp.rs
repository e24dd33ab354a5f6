//! UDP over time: flows as Wireshark numbers them, datagrams, and what answered them.

mod errors;
mod kept;
mod replies;
mod roles;
mod sent;
mod transactions;

pub(super) use roles::EPHEMERAL;

use super::chunks::Chunks;
use super::pairs::{Census, is_group, time_of};
use crate::capture::Time;
use crate::dissect::field::{Kind, Sink, Value};
use crate::dissect::layer::Protocol;
use crate::dissect::{self, Ip, Packet};
use crate::facts::udp::{Answered, Datagram, Flow};
use crate::facts::{Milliseconds, Moment, OUTSTANDING, Side};
use crate::track::room::Room;
use errors::Back;
use foldhash::fast::RandomState;
use kept::{NONE, Open, Row, elsewhere, ends_in_255, is_dhcp};
use replies::Mark;
use roles::{goes_to_client, is_service, roles, serves};
use sent::{Last, Sent};
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use transactions::{Part, Transaction, transaction};

/// One end of a flow.
type End = (IpAddr, u16);

/// What the tracker says of one datagram.
#[derive(Clone, Copy, Debug, Default)]
pub struct Note {
    /// Flow number.
    pub stream: u32,
    /// Nanoseconds since the first datagram of the flow.
    pub time_relative: i64,
    /// Nanoseconds since the previous one.
    pub time_delta: i64,
    /// The datagram is only quoted, in an ICMP error: it has a flow and no times.
    pub quoted: bool,
    /// It carries nothing: Wireshark gives it no times.
    pub empty: bool,
}

crate::fields! {
    STREAM: "udp.stream", Kind::Unsigned(32), "Number of the flow, from 0 in order of appearance.";
    TIME_RELATIVE: "udp.time_relative", Kind::Duration, "Time since the first datagram of this flow.";
    TIME_DELTA: "udp.time_delta", Kind::Duration, "Time since the previous datagram of this flow.";
}

/// Hands over the fields.
pub(crate) fn emit(note: &Note, sink: &mut Sink<'_>) {
    sink.unsigned(STREAM, 0..0, note.stream);
    if note.quoted || note.empty {
        return;
    }
    sink.put(TIME_RELATIVE, 0..0, Value::Duration(note.time_relative));
    sink.put(TIME_DELTA, 0..0, Value::Duration(note.time_delta));
}

/// Its number among IP's protocols.
const UDP: u8 = 17;
/// The port at which TFTP's transfers are asked for.
const TFTP: u16 = 69;
/// An answer from another port comes within so many nanoseconds: clients ask again after that.
const PATIENCE: i64 = 1_000_000_000;
/// Most of them that are remembered.
const MOST_TRANSFERS: usize = 65_536;

/// All flows of a capture.
#[derive(Default)]
pub struct Flows {
    flows: Chunks<Open>,
    index: HashMap<(End, End), u32, RandomState>,
    rows: Chunks<Row>,
    /// What waits of each transaction of DHCP, whose messages have a number.
    transactions: HashMap<Transaction, [u32; 2], RandomState>,
    /// Who asked a group or everybody, and at which port.
    asked: HashSet<(End, u16), RandomState>,
    /// Who asked for a transfer of TFTP, and whom.
    transfers: HashSet<(End, IpAddr), RandomState>,
    /// Who sent to whom last, and in which flow.
    callers: HashMap<(End, IpAddr), u32, RandomState>,
    last: Last,
    /// ICMP errors that are cut before the ports of what they are about: the newest to each host,
    /// and about each protocol and destination where they are there.
    cut_errors: HashMap<(IpAddr, Option<errors::Target>), u32, RandomState>,
}

impl Flows {
    /// Takes in one datagram, sent in `fragments` frames; `copy_of` is the earlier frame that held
    /// the same packet.
    pub fn packet(
        &mut self,
        packet: &Packet<'_>,
        ip: &Ip,
        datagram: &dissect::Datagram,
        fragments: usize,
        copy_of: Option<u32>,
    ) -> Note {
        let from = (ip.source, datagram.source_port);
        let (frame, time) = (packet.frame.number, time_of(packet));
        let stream = self.find(packet, ip, datagram);
        let flow = &mut self.flows[dissect::as_usize(stream)];
        let side = usize::from(flow.ends[0] != from);
        let note = Note {
            stream,
            time_relative: time.since(flow.begun.unwrap_or(time)),
            time_delta: time.since(flow.timed),
            quoted: false,
            empty: datagram.stated_length == 8,
        };
        let stated = u32::from(datagram.stated_length).saturating_sub(8);
        let room = if packet.datagram.is_some() {
            packet.payload.reported
        } else {
            ip.payload_reported.saturating_sub(8)
        };
        let mismatch = datagram.stated_length != 0 && !ip.is_fragment() && stated != room;
        let payload = if datagram.stated_length >= 8 {
            stated
        } else {
            packet.payload.reported
        };
        flow.last = time;
        if !note.empty {
            flow.timed = time;
        }
        flow.datagrams[side] += 1;
        flow.bytes[side] += u64::from(payload);
        flow.largest = flow.largest.max(payload);
        let row = u32::try_from(self.rows.len()).unwrap_or(NONE);
        let dhcp = is_dhcp(flow).then(|| transaction(flow, stream, packet.payload_bytes()));
        let ports = (datagram.source_port, datagram.destination_port);
        let (mark, open) = Mark::of(ports, payload, packet.payload_bytes());
        // Everything that waits on the other side has now been followed by something.
        let mut asked = [std::mem::replace(&mut flow.waiting[1 - side], NONE), NONE];
        let mut waiting = &mut flow.waiting;
        let mut waits = true;
        if let Some((transaction, part)) = dhcp {
            let own = self.transactions.entry(transaction).or_insert([NONE; 2]);
            match part {
                Part::Asks => waiting = own,
                Part::Answers => asked[1] = std::mem::replace(&mut own[1 - side], NONE),
                Part::Ends => waits = false,
            }
        }
        let before = if waits {
            std::mem::replace(&mut waiting[side], row)
        } else {
            NONE
        };
        flow.answered[1 - side] |= asked != [NONE; 2];
        flow.copies += u64::from(copy_of.is_some());
        let mut answers = NONE;
        for (newest, is_reply) in asked.into_iter().zip([false, dhcp.is_some()]) {
            let Some(first) = self.rows.get(dissect::as_usize(newest)) else {
                continue;
            };
            let only = if first.answer == NONE {
                Some(newest)
            } else {
                self.sent_once(newest)
            };
            if is_reply {
                answers = only.unwrap_or(NONE);
            }
            let mut next = newest;
            while let Some(asking) = self.rows.get_mut(dissect::as_usize(next)) {
                next = std::mem::replace(&mut asking.answer, row);
                asking.answered = true;
                if is_reply {
                    (asking.reply, asking.replied) = (row, true);
                    asking.shared = only.is_none();
                }
            }
        }
        if copy_of.is_none() {
            let flow = (stream, u8::from(side == 1));
            let header = packet.layers.find(Protocol::Udp);
            let checksum = header.and_then(|header| packet.view(header).u16(6));
            let stated = (ip.identification, datagram.stated_length, checksum);
            let sent = Sent::new(flow, row, stated, ip.ttl, packet.payload_bytes());
            self.last.push(sent);
        }
        self.rows.push(Row {
            time,
            frame,
            stream,
            payload,
            captured: packet.payload.captured,
            answer: before,
            answered: false,
            mark,
            reply: NONE,
            replied: false,
            shared: false,
            answers,
            error_frame: 0,
            error_shared: false,
            copy_of: copy_of.unwrap_or(0),
            side: u8::from(side == 1),
            fragments: u8::try_from(fragments).unwrap_or(u8::MAX),
            ttl: ip.ttl,
            mismatch: mismatch.then(|| Box::new((datagram.stated_length, room + 8))),
        });
        self.reply(open);
        note
    }

    /// Of the datagrams that wait, the newest of which is given, the only one that is no copy.
    fn sent_once(&self, newest: u32) -> Option<u32> {
        let mut next = newest;
        let mut only = None;
        while let Some(row) = self.rows.get(dissect::as_usize(next)) {
            if row.copy_of == 0 && only.replace(next).is_some() {
                return None;
            }
            next = row.answer;
        }
        only
    }

    /// The number of a datagram's flow, which begins with it if it is new.
    pub fn find(&mut self, packet: &Packet<'_>, ip: &Ip, datagram: &dissect::Datagram) -> u32 {
        let (from, to) = (
            (ip.source, datagram.source_port),
            (ip.destination, datagram.destination_port),
        );
        let key = (from.min(to), from.max(to));
        let next = u32::try_from(self.flows.len()).unwrap_or(NONE);
        let stream = *self.index.entry(key).or_insert(next);
        if stream == next {
            self.flows.push(Open::new([from, to]));
        }
        let flow = &mut self.flows[dissect::as_usize(stream)];
        if flow.first_frame == 0 {
            let time = time_of(packet);
            flow.ends = [from, to];
            flow.first_frame = packet.frame.number;
            (flow.first, flow.last) = (time, time);
            flow.begins(time);
            flow.group = packet.macs.is_some_and(|m| m.0[0] & 1 == 1);
            flow.unlinked = packet.macs.is_none() && ends_in_255(to.0);
            let said = packet.payload_bytes();
            let cut = said.is_empty() && packet.payload.reported > 0;
            flow.foreign = !cut && !serves(from.1, said);
            flow.called = self.transfers.contains(&(to, from.0));
            flow.asked_at = self.callers.get(&(to, from.0)).copied();
            // Where both ports are the same, both ends may be asking.
            let apart = from.1 != to.1 || is_service(from.1);
            flow.asked = apart && self.asked.contains(&(to, from.1));
            let all = flow.group || is_group(to.0);
            if all && self.asked.has_room(MOST_TRANSFERS) {
                self.asked.insert((from, to.1));
            }
            if to.1 == TFTP && self.transfers.has_room(MOST_TRANSFERS) {
                self.transfers.insert((from, to.0));
            }
            if !all && !goes_to_client(from.1, to.1) && self.callers.len() < MOST_TRANSFERS {
                self.callers.insert((from, to.0), stream);
            }
            if let Some(earlier) = flow.asked_at {
                self.moves(stream, earlier, time);
            }
        }
        stream
    }

    /// A flow begins at the end of an earlier one that asked there, at another port. It is the answer
    /// only if that question still waits, and not for long.
    #[cold]
    fn moves(&mut self, stream: u32, earlier: u32, now: Time) {
        let waits = self.flows.get_mut(dissect::as_usize(earlier)).filter(|f| {
            let asks = f.datagrams[1] == 0 && f.waiting[0] != NONE && f.errors[0].1.is_none();
            asks && (0..=PATIENCE).contains(&now.since(f.last))
        });
        if let Some(earlier) = waits {
            earlier.moved = true;
        } else {
            self.flows[dissect::as_usize(stream)].asked_at = None;
        }
    }

    /// The note of a datagram that an ICMP error quotes. A flow that was not seen before gets its
    /// number from it, as in Wireshark.
    pub fn quoted(&mut self, packet: &Packet<'_>) -> Option<Note> {
        let quoted = super::icmp::quoted(packet).filter(|q| q.protocol == 17)?;
        let layers = packet.layers.as_slice();
        let header = layers
            .iter()
            .find(|l| l.quoted && l.protocol == Protocol::Udp)?;
        if header.captured < 8 {
            return None;
        }
        let ports = quoted.ports?;
        let (from, to) = ((quoted.source, ports.0), (quoted.destination, ports.1));
        let key = (from.min(to), from.max(to));
        let next = u32::try_from(self.flows.len()).unwrap_or(NONE);
        let stream = *self.index.entry(key).or_insert(next);
        if stream == next {
            self.flows.push(Open::new([from, to]));
        }
        self.flows[dissect::as_usize(stream)].begins(time_of(packet));
        Some(Note {
            stream,
            quoted: true,
            ..Note::default()
        })
    }

    /// All datagrams from one host to another but copies: frame, time, TTL.
    pub(super) fn sent(&self, from: IpAddr, to: IpAddr) -> Vec<(u32, Time, u8)> {
        let rows = (0..self.rows.len()).filter_map(|at| self.rows.get(at));
        let of = rows.filter(|row| {
            let flow = self.flows.get(dissect::as_usize(row.stream));
            let side = usize::from(row.side);
            let own = |f: &Open| f.ends[side].0 == from && f.ends[1 - side].0 == to;
            row.copy_of == 0 && flow.is_some_and(own)
        });
        of.map(|row| (row.frame, row.time, row.ttl)).collect()
    }

    /// From whom to whom datagrams went with a TTL of 1 and with one of 2: a traceroute counts so.
    pub(super) fn counted_up(&self) -> HashSet<(IpAddr, IpAddr), RandomState> {
        let mut seen: [HashSet<_, RandomState>; 2] = Default::default();
        let rows = (0..self.rows.len()).filter_map(|at| self.rows.get(at));
        for row in rows.filter(|row| matches!(row.ttl, 1 | 2)) {
            if let Some(flow) = self.flows.get(dissect::as_usize(row.stream)) {
                let side = usize::from(row.side);
                let ends = (flow.ends[side].0, flow.ends[1 - side].0);
                seen[usize::from(row.ttl) - 1].insert(ends);
            }
        }
        let [first, second] = seen;
        first.intersection(&second).copied().collect()
    }

    /// How many datagrams there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// How much a datagram matters: those an error came back for, then those nobody answered.
    pub fn weight(&self, row: usize) -> u64 {
        self.rows.get(row).map_or(0, |r| {
            (2 * u64::from(r.error_frame != 0) + u64::from(!r.replied)) * OUTSTANDING
        })
    }

    /// How much a flow matters: unanswered ones, then large ones.
    pub fn flow_weight(&self, stream: usize) -> u64 {
        self.flows.get(stream).map_or(0, |f| {
            let size = (f.bytes[0] + f.bytes[1]).min(OUTSTANDING - 1);
            u64::from(f.answered == [false; 2]) * OUTSTANDING + size
        })
    }

    /// The numbers of the flows of which datagrams were seen: of some there may be only quotes.
    pub fn seen_flows(&self) -> Vec<u32> {
        let flow = |stream: &u32| self.flows.get(dissect::as_usize(*stream));
        let all = u32::try_from(self.flows.len()).unwrap_or(NONE);
        let seen = |stream: &u32| flow(stream).is_some_and(|flow| flow.datagrams != [0; 2]);
        (0..all).filter(seen).collect()
    }

    /// Frame and flow of a datagram.
    pub fn place(&self, row: usize) -> Option<(u32, u32)> {
        self.rows.get(row).map(|r| (r.frame, r.stream))
    }

    /// One datagram; `receive_buffer` is the size of the receiver's buffer where it is known.
    pub fn datagram(&self, row: usize, receive_buffer: Option<u32>) -> Option<Datagram> {
        let row = self.rows.get(row)?;
        let flow = self.flows.get(dissect::as_usize(row.stream))?;
        let side = usize::from(row.side);
        let (client, roles) = roles(flow);
        let (from, to) = (flow.ends[side], flow.ends[1 - side]);
        let answer = if row.answered {
            self.rows.get(dissect::as_usize(row.answer))
        } else {
            None
        };
        let reply = match row.replied {
            true => self.rows.get(dissect::as_usize(row.reply)),
            false => None,
        };
        let timed = row.time != Time::default();
        Some(Datagram {
            frame: row.frame,
            time: timed.then_some(Moment(row.time.0)),
            stream: row.stream,
            source: from.0,
            source_port: from.1,
            destination: to.0,
            destination_port: to.1,
            sender: if side == client {
                Side::Client
            } else {
                Side::Server
            },
            sender_guessed: roles.is_guess(),
            payload_bytes: row.payload,
            captured_bytes: row.captured,
            cut_by_snapshot: row.captured < row.payload && row.mismatch.is_none(),
            fragments: u32::from(row.fragments),
            length_mismatch: row.mismatch.as_ref().map(|m| {
                format!(
                    "the length field says {} bytes, the IP payload has {}",
                    m.0, m.1
                )
            }),
            answers_frame: self
                .rows
                .get(dissect::as_usize(row.answers))
                .map(|a| a.frame),
            answer_frame: answer.map(|a| a.frame),
            answer_shared: row.shared,
            reply_frame: reply.map(|a| a.frame),
            answer_time_ms: reply
                .filter(|_| timed && !row.shared)
                .and_then(|a| Milliseconds::between(row.time.0, a.time.0)),
            error_frame: (row.error_frame != 0).then_some(row.error_frame),
            error_cut_frame: match row.error_frame {
                0 if !row.replied => self.cut_error_after(from.0, (UDP, to.0), row.frame),
                _ => None,
            },
            error_shared: row.error_shared,
            copy_of_frame: (row.copy_of != 0).then_some(row.copy_of),
            answers_elsewhere: elsewhere(flow) || is_dhcp(flow) && !row.answered,
            cut_by_receiver_bytes: receive_buffer.map(|size| row.payload.saturating_sub(size)),
        })
    }

    /// One flow; `None` if all its datagrams were passed over.
    ///
    /// `census` says whether the capture has anything that was sent to the asker alone.
    pub fn flow(&self, stream: usize, census: &Census) -> Option<Flow> {
        let flow = self.flows.get(stream).filter(|f| f.datagrams != [0; 2])?;
        let received = census.was_sent_to(flow.ends[0].0);
        let timed = flow.last != Time::default();
        let (client, roles) = roles(flow);
        let server = 1 - client;
        Some(Flow {
            stream: u32::try_from(stream).ok()?,
            client: flow.ends[client].0,
            client_port: flow.ends[client].1,
            server: flow.ends[server].0,
            server_port: flow.ends[server].1,
            roles,
            first_frame: flow.first_frame,
            start_time: timed.then_some(Moment(flow.first.0)),
            duration_ms: Milliseconds::between(flow.first.0, flow.last.0).filter(|_| timed),
            client_datagrams: flow.datagrams[client],
            server_datagrams: flow.datagrams[server],
            client_bytes: flow.bytes[client],
            server_bytes: flow.bytes[server],
            largest_bytes: flow.largest,
            copied_datagrams: flow.copies,
            answered: match (flow.answered[client], flow.errors[client].1) {
                (true, _) => Answered::Yes,
                // What an error says of the server's shows that it sent something.
                _ if flow.errors[server].0 != 0 && flow.datagrams[client] > 0 => Answered::Yes,
                (_, None) if flow.datagrams[server] > 0 => Answered::Unknown,
                // The question itself is not in the capture.
                _ if flow.datagrams[client] == 0 => Answered::Unknown,
                (_, Some(Back::Refused)) => Answered::Refused,
                (_, Some(Back::Undelivered)) => Answered::Unreachable,
                (_, Some(Back::Expired)) => Answered::Expired,
                (_, Some(Back::Incomplete)) => Answered::Incomplete,
                (_, Some(Back::TooBig)) => Answered::TooBig,
                (_, Some(Back::Problem)) => Answered::Problem,
                _ if elsewhere(flow) => Answered::Unknown,
                // Where nothing that went to the asker was captured, an answer would not be either.
                _ if !received => Answered::Unknown,
                _ if flow.quoted_before => Answered::Unknown,
                _ if self
                    .cut_error_after(
                        flow.ends[client].0,
                        (UDP, flow.ends[server].0),
                        flow.first_frame,
                    )
                    .is_some() =>
                {
                    Answered::Unknown
                }
                _ if timed && !census.goes_on(flow.first) => Answered::Unknown,
                _ => Answered::No,
            },
            error_frame: [client, server]
                .map(|side| flow.errors[side].0)
                .into_iter()
                .find(|frame| *frame != 0),
        })
    }
}
