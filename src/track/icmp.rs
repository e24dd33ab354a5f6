//! ICMP over time: echo requests with their replies, and errors with the packet they answer.

mod carried;
mod errors;
mod pieces;
mod quoted;
mod whose;

pub(crate) use errors::{About, AboutTcp, meaning};
pub(crate) use quoted::{Quoted, quoted};
pub(crate) use whose::{ALIKE, Alike, Told, ran_out, ran_out_after, whose};

use super::copies;
use super::pairs::time_of;
use crate::capture::Time;
use crate::dissect::field::{Kind, Sink, Value};
use crate::dissect::{Ip, Message, Packet, Transport};
use crate::facts::Milliseconds;
use crate::facts::icmp::{IcmpError, Ping};
use carried::{Carried, sum};
use foldhash::fast::RandomState;
use pieces::{AboutEcho, AboutPiece, Header, Piece};
use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;

/// What the tracker says of one echo message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Note {
    /// Frame of the reply, on a request; known only after a first reading.
    pub resp_in: u32,
    /// Frame of the request, on a reply.
    pub resp_to: u32,
    /// Nanoseconds from request to reply, on a reply.
    pub resptime: i64,
    /// An echo request.
    pub request: bool,
    /// A request without a reply; known only after a first reading.
    pub unanswered: bool,
}

crate::fields! {
    RESP_IN: "icmp.resp_in", Kind::Frame, "Frame of the reply to this request.";
    NO_RESP: "icmp.no_resp", Kind::Mark, "No reply to this request is in the capture.";
    RESP_NOT_FOUND: "icmp.resp_not_found", Kind::Mark, "Wireshark's remark that there is no reply.";
    RESP_TO: "icmp.resp_to", Kind::Frame, "Frame of the request that this answers.";
    RESPTIME: "icmp.resptime", Kind::Float, "Milliseconds from request to reply.";
    V6_RESP_IN: "icmpv6.resp_in", Kind::Frame, "Frame of the reply to this request.";
    V6_RESP_TO: "icmpv6.resp_to", Kind::Frame, "Frame of the request that this answers.";
    V6_RESPTIME: "icmpv6.resptime", Kind::Float, "Milliseconds from request to reply.";
}

/// Hands over the fields; `v6` chooses the names.
pub(crate) fn emit(note: &Note, v6: bool, sink: &mut Sink<'_>) {
    let (resp_in, resp_to, resptime) = if v6 {
        (V6_RESP_IN, V6_RESP_TO, V6_RESPTIME)
    } else {
        (RESP_IN, RESP_TO, RESPTIME)
    };
    if note.resp_in != 0 {
        sink.unsigned(resp_in, 0..0, note.resp_in);
    }
    if note.unanswered && !v6 {
        sink.mark(NO_RESP, 0..0);
        sink.mark(RESP_NOT_FOUND, 0..0);
    }
    if note.resp_to != 0 {
        sink.unsigned(resp_to, 0..0, note.resp_to);
        sink.put(
            resptime,
            0..0,
            Value::Float(Milliseconds::from_nanoseconds(note.resptime).0),
        );
    }
}

/// Which echo: the two hosts, identifier and sequence number.
type Key = (IpAddr, IpAddr, u16, u16);

/// An echo request as it was captured.
struct Asked {
    frame: u32,
    time: Time,
    /// IP identification.
    identification: u32,
    ttl: u8,
    macs: Option<([u8; 6], [u8; 6])>,
    /// It came in fragments.
    fragmented: bool,
    /// The interface that recorded it.
    interface: u32,
    /// Its ping: that of the request it is a copy of, if it is one.
    ping: usize,
    carried: Carried,
    /// Its checksum.
    sum: u16,
}

impl Asked {
    /// Whether a request that is alike is the same packet, which a router held for a while or the
    /// network doubled: what is sent again has another identification.
    fn is_same(&self, packet: &Packet<'_>, ip: &Ip) -> bool {
        let later = time_of(packet).since(self.time);
        let meant = self.ttl != ip.ttl && copies::one_card(self.macs, packet.macs);
        copies::is_held((self.identification, ip.identification), later) && !meant
    }
}

/// Requests without a reply yet that are alike: sent again, or recorded on several interfaces.
#[derive(Default)]
struct Open {
    /// Their places, oldest first.
    places: VecDeque<usize>,
    /// No reply has come since the newest: Wireshark knows only that one, and its first reply.
    fresh: bool,
}

/// How many of them are looked at for a reply.
const LIKE_IT: usize = 16;

impl Open {
    /// The request that a reply answers, by its place among them. Who forwards packets records
    /// them on the way in and on the way out, and the replies the other way round: the request of
    /// the same interface, else the newest; of this ping, where the reply is a copy of one that
    /// answered it.
    fn answered(&self, interface: u32, asked: &[Asked], of: Option<usize>) -> Option<usize> {
        let alike = || (0..self.places.len()).rev().take(LIKE_IT);
        let asked = |at: usize| asked.get(self.places[at]);
        let own = |at: &usize| of.is_none() || asked(*at).map(|a| a.ping) == of;
        let same = |at: &usize| own(at) && asked(*at).is_some_and(|a| a.interface == interface);
        alike().find(same).or_else(|| alike().find(own))
    }
}

/// So many echoes back may be the one that another is a copy of.
const RECENT: usize = copies::LAST_OF_SEVERAL;

/// All echoes and errors.
#[derive(Default)]
pub struct Echoes {
    pings: Vec<Ping>,
    asked: Vec<Asked>,
    /// Requests without a reply yet.
    open: HashMap<Key, Open, RandomState>,
    /// The first request to a group with each asker, identifier and sequence number: it is
    /// answered from other addresses than it was sent to.
    groups: HashMap<(IpAddr, u16, u16), usize, RandomState>,
    /// Who of a group has replied to which ping.
    members: HashSet<(usize, IpAddr), RandomState>,
    /// The frames of the last echoes, and their pings.
    recent: VecDeque<(u32, usize)>,
    /// The last that were replied to, and their pings: a host may reply twice.
    replied: VecDeque<(Key, usize)>,
    /// First fragments of echoes, whole or not in the end.
    pieces: Vec<Piece>,
    /// The requests among them, by their places.
    halves: HashMap<Key, usize, RandomState>,
    errors: Vec<IcmpError>,
    about_tcp: Vec<AboutTcp>,
    about_echo: Vec<AboutEcho>,
    about_pieces: Vec<AboutPiece>,
    /// Request frame to reply frame.
    replies: HashMap<u32, u32, RandomState>,
}

impl Echoes {
    /// Takes in one message; `copy_of` is the earlier frame that held the same packet.
    pub fn packet(
        &mut self,
        packet: &Packet<'_>,
        ip: &Ip,
        message: &Message,
        copy_of: Option<u32>,
    ) -> Note {
        let v6 = matches!(packet.transport, Transport::Icmpv6(_));
        let (request, reply) = if v6 { (128, 129) } else { (8, 0) };
        let of = copy_of.and_then(|original| {
            let same = self.recent.iter().rev().find(|r| r.0 == original);
            same.copied()
        });
        if message.kind == request {
            self.request(packet, ip, message, of.map(|of| of.1));
        } else if message.kind == reply {
            return self.reply(packet, ip, message, of);
        }
        Note {
            request: message.kind == request,
            ..Note::default()
        }
    }

    /// Takes in a request, the copy of one of ping `of` if that is given.
    fn request(&mut self, packet: &Packet<'_>, ip: &Ip, message: &Message, of: Option<usize>) {
        let frame = packet.frame.number;
        let place = self.asked.len();
        let key = (
            ip.source,
            ip.destination,
            message.identifier,
            message.sequence,
        );
        let open = self.open.entry(key).or_default();
        let carried = Carried::of(packet, ip);
        let of = of.or_else(|| {
            let same = |a: &&Asked| {
                let like = a.carried == carried && a.fragmented == ip.is_fragment();
                like && a.is_same(packet, ip)
            };
            let places = open.places.iter().rev().take(LIKE_IT);
            let mut alike = places.filter_map(|at| self.asked.get(*at));
            alike.find(same).map(|asked| asked.ping)
        });
        open.places.push_back(place);
        open.fresh = true;
        if is_group(ip.destination) {
            let asked = (ip.source, message.identifier, message.sequence);
            self.groups.entry(asked).or_insert(place);
        }
        let ping = match of {
            Some(ping) => {
                self.pings[ping].copy_frames.push(frame);
                ping
            }
            None => {
                let first = Header::of(packet, ip, message);
                // What is cut short in its first piece does not say how long the whole is.
                let part = ip.is_fragment() && packet.datagram.is_none();
                let size = Some(packet.payload.reported).filter(|_| !part);
                self.pings.push(first.ping(size, !part));
                self.pings.len() - 1
            }
        };
        self.asked.push(Asked {
            frame,
            time: time_of(packet),
            identification: ip.identification,
            ttl: ip.ttl,
            macs: packet.macs,
            fragmented: ip.is_fragment(),
            interface: packet.frame.interface,
            ping,
            carried,
            sum: sum(packet, false).unwrap_or_default(),
        });
        self.remember(frame, ping);
    }

    fn remember(&mut self, frame: u32, ping: usize) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((frame, ping));
    }

    /// Takes in a reply, the copy of one in a frame to a ping if that is given.
    fn reply(
        &mut self,
        packet: &Packet<'_>,
        ip: &Ip,
        message: &Message,
        of: Option<(u32, usize)>,
    ) -> Note {
        let exact = (
            ip.destination,
            ip.source,
            message.identifier,
            message.sequence,
        );
        let mut fresh = true;
        // Wireshark takes for an answer only what brings back the same, by its checksum.
        let sum = sum(packet, true).unwrap_or_default();
        let same = |place: &usize| self.asked.get(*place).is_some_and(|a| a.sum == sum);
        // The request that Wireshark takes it for an answer to, and the one that it answers.
        let (noted, place) = match self.open.get_mut(&exact) {
            // Each member of a group answers the same request.
            Some(open) if is_group(exact.1) => {
                fresh = std::mem::take(&mut open.fresh);
                let noted = open.places.back().copied().filter(same);
                (noted, open.places.front().copied())
            }
            Some(open) => {
                let interface = packet.frame.interface;
                let usual = open.answered(interface, &self.asked, None);
                let noted = usual.and_then(|at| open.places.get(at).copied());
                let noted = noted.filter(same);
                if noted.is_some() {
                    fresh = std::mem::take(&mut open.fresh);
                }
                let own = open.answered(interface, &self.asked, of.map(|of| of.1));
                if of.is_none() && open.places.len() > 1 {
                    share(&open.places, &self.asked, &mut self.pings);
                }
                let place = own.and_then(|at| open.places.remove(at));
                if open.places.is_empty() {
                    self.open.remove(&exact);
                }
                if let Some(asked) = place.and_then(|place| self.asked.get(place)) {
                    if self.replied.len() == RECENT {
                        self.replied.pop_front();
                    }
                    self.replied.push_back((exact, asked.ping));
                }
                (noted, place)
            }
            None => {
                let asked = (ip.destination, message.identifier, message.sequence);
                // Wireshark knows no replies from other addresses.
                (None, self.groups.get(&asked).copied())
            }
        };
        if place.is_none() && of.is_none() && !self.once_more(&exact, packet.frame.number) {
            self.answered_half(&exact, packet.frame.number, ip.ttl);
        }
        self.answer(packet, ip, place, of);
        let Some(asked) = noted.and_then(|place| self.asked.get(place)) else {
            return Note::default();
        };
        if !fresh {
            return Note::default();
        }
        self.replies
            .entry(asked.frame)
            .or_insert(packet.frame.number);
        Note {
            resp_in: 0,
            resp_to: asked.frame,
            resptime: time_of(packet).since(asked.time),
            ..Note::default()
        }
    }

    /// Whether a reply that nothing waits for is another one to a request that has one.
    fn once_more(&mut self, exact: &Key, frame: u32) -> bool {
        let mut known = self.replied.iter().rev();
        let Some(&(_, ping)) = known.find(|(key, _)| key == exact) else {
            return false;
        };
        self.pings[ping].reply_frames.push(frame);
        self.remember(frame, ping);
        true
    }

    /// Adds a reply to the ping of the request in `place`; or to that of the reply it is a copy of.
    fn answer(
        &mut self,
        packet: &Packet<'_>,
        ip: &Ip,
        place: Option<usize>,
        of: Option<(u32, usize)>,
    ) {
        let frame = packet.frame.number;
        let asked = place.map(|place| self.asked[place].ping);
        let Some(number) = asked.or(of.map(|of| of.1)) else {
            return;
        };
        self.remember(frame, number);
        let ping = &mut self.pings[number];
        let group = is_group(ping.destination);
        // It passed where the request itself did: of its copies this is the one to tell.
        let own = !group && place.is_some_and(|place| self.asked[place].frame == ping.frame);
        let own = own && of.is_none_or(|of| Some(of.0) == ping.reply_frame);
        let told = own || (of.is_none() && ping.reply_frame.is_none());
        match of {
            Some(_) if !own => ping.copy_frames.push(frame),
            Some(_) => {
                let earlier = ping.reply_frame;
                ping.reply_frames.retain(|f| Some(*f) != earlier);
                ping.copy_frames.extend(earlier);
                ping.copy_frames.sort_unstable();
                ping.reply_frames.push(frame);
            }
            None => {
                ping.reply_frames.push(frame);
                if group && self.members.insert((number, ip.source)) {
                    ping.responders.get_or_insert_default().push(ip.source);
                }
            }
        }
        if told {
            let part = ip.is_fragment() && packet.datagram.is_none();
            ping.reply_frame = Some(frame);
            ping.reply_last_frame = Some(frame).filter(|_| !part);
            ping.reply_ttl = Some(ip.ttl);
            let span = packet.frame.time.zip(ping.time);
            ping.rtt_ms = span
                .and_then(|(end, start)| Milliseconds::between(start.0, end.0))
                .filter(|_| !ping.reply_shared);
            ping.whole &= !part;
            let asked = place.and_then(|place| self.asked.get(place));
            ping.echoed = asked.and_then(|a| a.carried.echoed(&Carried::of(packet, ip)));
        }
    }

    /// What a second reading knows: the reply to the request in `frame`.
    pub fn reply_to(&self, frame: u32) -> u32 {
        self.replies.get(&frame).copied().unwrap_or(0)
    }

    /// The pings in order, but those of which fragments are missing: [`crate::analyze::Analysis::pings`].
    pub fn pings(&self) -> &[Ping] {
        &self.pings
    }

    /// The errors that quote a TCP segment.
    pub(crate) fn about_tcp(&self) -> &[AboutTcp] {
        &self.about_tcp
    }

    /// The errors in order.
    pub fn errors(&self) -> &[IcmpError] {
        &self.errors
    }
}

/// Marks the pings of requests that are alike and wait when a reply comes, if there are several.
fn share(places: &VecDeque<usize>, asked: &[Asked], pings: &mut [Ping]) {
    let alike = places.iter().rev().take(LIKE_IT);
    let mut numbers: Vec<usize> = alike.filter_map(|at| Some(asked.get(*at)?.ping)).collect();
    // A packet that an error has come back for is answered with it.
    numbers.retain(|number| pings[*number].error_frame.is_none());
    numbers.dedup();
    if numbers.len() > 1 {
        for number in numbers {
            pings[number].reply_shared = true;
        }
    }
}

fn is_group(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(a) => a.is_multicast() || a.is_broadcast() || a.octets()[3] == 255,
        IpAddr::V6(a) => a.is_multicast(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Frame, LinkType};

    /// An echo message from one address to another, all with one identifier.
    fn echo(kind: u8, from: [u8; 4], to: [u8; 4], sequence: u16) -> Vec<u8> {
        let mut bytes = vec![0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0];
        bytes.extend([from, to].concat());
        bytes.extend([kind, 0]);
        let sum = !(u16::from(kind) << 8) - 7 - sequence;
        bytes.extend(sum.to_be_bytes());
        bytes.extend([0, 7]);
        bytes.extend(sequence.to_be_bytes());
        bytes
    }

    /// The request that each message is said to answer: by the pings, and by Wireshark.
    fn answers(messages: &[Vec<u8>]) -> (Vec<u32>, Vec<u32>) {
        let mut echoes = Echoes::default();
        let noted = (1..).zip(messages).map(|(number, bytes)| {
            let packet = Packet::dissect(Frame {
                number,
                time: Some(Time(i64::from(number))),
                wire_length: 28,
                interface: 0,
                link: LinkType::RAW,
                bytes,
            });
            let (Some(ip), Transport::Icmp(message)) = (packet.ip, packet.transport) else {
                panic!("it is ICMP");
            };
            echoes.packet(&packet, &ip, &message, None).resp_to
        });
        let noted = noted.collect();
        let told = (1..).zip(messages).map(|(number, _)| {
            let mut pings = echoes.pings().iter();
            let own = pings.find(|ping| ping.reply_frames.contains(&number));
            own.map_or(0, |ping| ping.frame)
        });
        (told.collect(), noted)
    }

    const ASKER: [u8; 4] = [10, 0, 0, 1];
    const HOST: [u8; 4] = [10, 0, 0, 7];

    #[test]
    fn a_reply_answers_the_first_of_the_groups_that_were_asked() {
        // With a hash map's order this failed one time out of two.
        for _ in 0..20 {
            let mut messages = Vec::new();
            for group in 1..=8 {
                messages.push(echo(8, ASKER, [10, 0, group, 255], 1));
            }
            messages.push(echo(0, HOST, ASKER, 1));
            messages.push(echo(0, [10, 0, 3, 255], ASKER, 1));
            let (told, noted) = answers(&messages);
            assert_eq!(told[8..], [1, 3]);
            assert_eq!(noted[8..], [0, 3]);
        }
    }

    #[test]
    fn each_member_of_a_group_answers_and_a_host_may_twice() {
        let group = [10, 0, 0, 255];
        let (told, noted) = answers(&[
            echo(8, ASKER, group, 1),
            echo(0, HOST, ASKER, 1),
            echo(0, [10, 0, 0, 8], ASKER, 1),
            echo(8, ASKER, HOST, 2),
            echo(0, HOST, ASKER, 2),
            echo(0, HOST, ASKER, 2),
        ]);
        assert_eq!(told, [0, 1, 1, 0, 4, 4]);
        assert_eq!(noted, [0, 0, 0, 0, 4, 0]);
    }
}
