//! Echoes that came in fragments of which some are not in the capture: the first holds the header,
//! so that there was an echo can be told, and how long it was when the last is there.

use super::{Echoes, Key};
use crate::dissect::{Ip, Message, Packet};
use crate::facts::icmp::{IcmpError, Ping};
use crate::facts::ip::{Fragment, Fragmented};
use crate::facts::{Milliseconds, Moment};
use crate::track::fragments::Fragments;
use crate::track::room::Room;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::net::IpAddr;

/// What the first fragment of an echo says.
pub(super) struct Header {
    frame: u32,
    time: Option<Moment>,
    source: IpAddr,
    destination: IpAddr,
    identifier: u16,
    sequence: u16,
    ttl: u8,
}

/// The first fragment of an echo whose datagram may never be whole.
pub(super) struct Piece {
    header: Header,
    identification: u32,
    reply: bool,
    /// Frame and TTL of the whole reply to this request.
    answer: Option<(u32, u8)>,
}

/// An error that quotes an echo which was not known.
pub(super) struct AboutEcho {
    /// Its place among the errors.
    pub(super) error: usize,
    /// The echo.
    pub(super) key: Key,
    /// IP identification of the quoted packet.
    pub(super) identification: u32,
}

/// An error that quotes a fragment of a datagram, and was not found to be about anything.
pub(super) struct AboutPiece {
    /// Its place among the errors.
    pub(super) error: usize,
    /// Source, destination and IP identification of the datagram.
    pub(super) datagram: (IpAddr, IpAddr, u32),
    /// Where in it the fragment belongs.
    pub(super) at: u32,
}

/// ICMP's header, which the length of an echo's data does not count.
const HEADER: u32 = 8;
/// Most first fragments that are kept: as many as fragments are listed.
pub(super) const MOST: usize = 65_536;

impl Header {
    pub(super) fn of(packet: &Packet<'_>, ip: &Ip, message: &Message) -> Header {
        Header {
            frame: packet.frame.number,
            time: packet.frame.time.map(|t| Moment(t.0)),
            source: ip.source,
            destination: ip.destination,
            identifier: message.identifier,
            sequence: message.sequence,
            ttl: ip.ttl,
        }
    }

    /// The ping of this request.
    pub(super) fn ping(&self, payload_bytes: Option<u32>, whole: bool) -> Ping {
        Ping {
            frame: self.frame,
            time: self.time,
            source: self.source,
            destination: self.destination,
            identifier: self.identifier,
            sequence: self.sequence,
            payload_bytes,
            ttl: self.ttl,
            reply_frame: None,
            reply_ttl: None,
            reply_last_frame: None,
            rtt_ms: None,
            reply_shared: false,
            echoed: None,
            reply_frames: Vec::new(),
            responders: None,
            whole,
            copy_frames: Vec::new(),
            error_frame: None,
            error_shared: false,
        }
    }

    /// Who asks whom, whichever of both this is.
    fn key(&self, reply: bool) -> Key {
        let (asker, asked) = if reply {
            (self.destination, self.source)
        } else {
            (self.source, self.destination)
        };
        (asker, asked, self.identifier, self.sequence)
    }
}

/// The fragments of datagrams, looked up by their first.
struct Lengths<'f> {
    fragments: &'f Fragments,
    /// The lengths of datagrams that are not all there, by their last fragments.
    known: HashMap<u32, Option<u32>, RandomState>,
}

impl<'f> Lengths<'f> {
    /// The datagram that the fragment in `frame` is part of.
    fn datagram(&self, frame: u32) -> Option<&'f Fragmented> {
        let first = piece(self.fragments, frame)?;
        let place = usize::try_from(first.datagram).ok()?.checked_sub(1)?;
        self.fragments.datagrams().get(place)
    }

    /// The length of the datagram that the fragment in `frame` is part of, and whether all
    /// fragments of it are there; nothing if it was put together, or is no fragment.
    fn of(&mut self, frame: u32) -> Option<(Option<u32>, bool)> {
        let datagram = self.datagram(frame)?;
        if datagram.complete && !datagram.cut {
            return None;
        }
        if datagram.complete {
            return Some((datagram.length_bytes, true));
        }
        let fragments = self.fragments;
        let known = self.known.entry(datagram.number).or_insert_with(|| {
            let mut pieces = datagram.frames.iter().filter_map(|f| piece(fragments, *f));
            let last = pieces.find(|p| !p.more);
            last.map(|p| p.offset_bytes.saturating_add(p.length_bytes))
        });
        Some((*known, false))
    }
}

fn piece(fragments: &Fragments, frame: u32) -> Option<&Fragment> {
    let pieces = fragments.pieces();
    let place = pieces.binary_search_by_key(&frame, |p| p.frame).ok()?;
    pieces.get(place)
}

impl Echoes {
    /// Takes in the first fragment of a datagram that is not whole yet.
    pub fn piece(&mut self, packet: &Packet<'_>, ip: &Ip) {
        let kinds = match (ip.source.is_ipv4(), ip.protocol) {
            (true, 1) => [8, 0],
            (false, 58) => [128, 129],
            _ => return,
        };
        let start = crate::dissect::as_usize(ip.payload_start);
        let bytes = packet.frame.bytes.get(start..).unwrap_or_default();
        let Some([kind, _, _, _, i, d, s, n]) = bytes.first_chunk::<8>().copied() else {
            return;
        };
        if ip.fragment_offset > 0 || !kinds.contains(&kind) || !self.pieces.has_room(MOST) {
            return;
        }
        let message = Message {
            kind,
            code: 0,
            identifier: u16::from_be_bytes([i, d]),
            sequence: u16::from_be_bytes([s, n]),
        };
        let header = Header::of(packet, ip, &message);
        let reply = kind == kinds[1];
        if !reply {
            self.halves.insert(header.key(reply), self.pieces.len());
        }
        self.pieces.push(Piece {
            header,
            identification: ip.identification,
            reply,
            answer: None,
        });
    }

    /// Takes in a whole reply to a request that is not known: perhaps a fragment of it is.
    pub(super) fn answered_half(&mut self, key: &Key, frame: u32, ttl: u8) {
        let half = self.halves.remove(key);
        if let Some(piece) = half.and_then(|at| self.pieces.get_mut(at)) {
            piece.answer = Some((frame, ttl));
        }
    }

    /// All pings in order with those that are not whole, if there are such; and which of them
    /// errors are about.
    pub(crate) fn settle(
        &self,
        fragments: &Fragments,
        errors: &mut [IcmpError],
    ) -> Option<Vec<Ping>> {
        let whole = || self.pings.iter().all(|p| p.whole);
        if self.pieces.is_empty() && self.about_pieces.is_empty() && whole() {
            return None;
        }
        let mut lengths = Lengths {
            fragments,
            known: HashMap::default(),
        };
        let mut pings = self.pings.clone();
        // What the snapshot length cut is there all the same.
        for ping in pings.iter_mut().filter(|p| !p.whole) {
            let length = lengths.of(ping.frame);
            let (total, whole) = length.unwrap_or((ping.payload_bytes, true));
            if length.is_some() {
                ping.payload_bytes = total.map(|t| t.saturating_sub(HEADER));
            }
            let reply = ping.reply_frame.and_then(|frame| lengths.of(frame));
            ping.whole = whole && reply.is_none_or(|(_, whole)| whole);
            // The frame of the header is that of a fragment, and the reply is there with its last.
            if ping.reply_last_frame.is_none()
                && let Some(frame) = ping.reply_frame
            {
                let datagram = lengths.datagram(frame).filter(|d| d.complete);
                ping.reply_last_frame = datagram.and_then(|d| d.completed_frame);
                let times = ping.time.zip(datagram.and_then(|d| d.completed_time));
                ping.rtt_ms = times
                    .and_then(|(start, end)| Milliseconds::between(start.0, end.0))
                    .filter(|_| !ping.reply_shared);
            }
        }
        let quotes = self.about_echo.iter().rev();
        let about: HashMap<(Key, u32), usize, RandomState> = quotes
            .map(|a| ((a.key, a.identification), a.error))
            .collect();
        let mut replies = Vec::new();
        for piece in &self.pieces {
            let Some((total, _)) = lengths.of(piece.header.frame) else {
                continue;
            };
            if piece.reply {
                replies.push(piece);
                continue;
            }
            let mut ping = piece
                .header
                .ping(total.map(|t| t.saturating_sub(HEADER)), false);
            if let Some((frame, ttl)) = piece.answer {
                ping.reply_frame = Some(frame);
                ping.reply_last_frame = Some(frame);
                ping.reply_ttl = Some(ttl);
                ping.reply_frames.push(frame);
            }
            let key = piece.header.key(false);
            let error = about.get(&(key, piece.identification));
            if let Some(error) = error.and_then(|at| errors.get_mut(*at)) {
                error.about_frame = error.about_frame.or(Some(ping.frame));
                ping.error_frame = Some(error.frame);
            }
            pings.push(ping);
        }
        pings.sort_by_key(|p| p.frame);
        self.about_pieces(fragments, errors, &mut pings);
        reply_in_part(&mut pings, &replies);
        Some(pings)
    }
}

impl Echoes {
    /// Finds the fragments that errors quote, and the pings that these are part of.
    fn about_pieces(&self, fragments: &Fragments, errors: &mut [IcmpError], pings: &mut [Ping]) {
        if self.about_pieces.is_empty() {
            return;
        }
        let mut places: HashMap<_, Vec<&Fragmented>, RandomState> = HashMap::default();
        for datagram in fragments.datagrams() {
            let key = (
                datagram.source,
                datagram.destination,
                datagram.identification,
            );
            places.entry(key).or_default().push(datagram);
        }
        for about in &self.about_pieces {
            let Some(error) = errors.get_mut(about.error) else {
                continue;
            };
            let before = |frame: &u32| *frame < error.frame;
            let same = places.get(&about.datagram).map_or(&[][..], Vec::as_slice);
            let newest = same.partition_point(|d| d.frames.first().is_some_and(before));
            let Some(datagram) = newest.checked_sub(1).and_then(|at| same.get(at)) else {
                continue;
            };
            let of_it = datagram.frames.iter().copied().filter(before);
            let quoted = of_it
                .filter_map(|frame| piece(fragments, frame))
                .find(|piece| piece.offset_bytes == about.at);
            let Some(quoted) = quoted else { continue };
            error.about_frame = error.about_frame.or(Some(quoted.frame));
            let told = datagram
                .completed_frame
                .or(datagram.frames.first().copied());
            let ping = told.and_then(|frame| pings.binary_search_by_key(&frame, |p| p.frame).ok());
            if let Some(ping) = ping.and_then(|place| pings.get_mut(place)) {
                ping.error_frame.get_or_insert(error.frame);
            }
        }
    }
}

/// Gives requests without a reply the replies of which only some fragments are there.
fn reply_in_part(pings: &mut [Ping], replies: &[&Piece]) {
    if replies.is_empty() {
        return;
    }
    let mut open: HashMap<Key, usize, RandomState> = HashMap::default();
    for (place, ping) in pings.iter().enumerate() {
        if ping.reply_frame.is_none() {
            let key = (
                ping.source,
                ping.destination,
                ping.identifier,
                ping.sequence,
            );
            open.insert(key, place);
        }
    }
    for Piece { header, .. } in replies {
        let key = header.key(true);
        let Some(ping) = open.get(&key).and_then(|place| pings.get_mut(*place)) else {
            continue;
        };
        if ping.frame < header.frame {
            open.remove(&key);
            ping.reply_frame = Some(header.frame);
            ping.reply_ttl = Some(header.ttl);
            ping.reply_frames.push(header.frame);
            ping.whole = false;
        }
    }
}
