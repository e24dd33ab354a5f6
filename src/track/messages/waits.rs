//! A stream's segments as they come: what belongs to the message that waits, and what begins anew.

use super::recognize::recognize;
use super::waiting::{Need, Waiting};
use super::{Call, Kind, MOST_DONE, Message, Stream, Whole};
use crate::dissect::as_usize;
use crate::dissect::definition::State;
use crate::dissect::layer::Protocol;
use crate::dissect::ports;
use crate::dissect::tcp::{self, Segment};
use crate::track::room::Room;

impl Stream {
    /// Takes in a segment's bytes.
    pub(super) fn bytes(
        &mut self,
        call: &mut Call,
        segment: &Segment,
        payload: &[u8],
        can_wait: bool,
    ) {
        let mut seq = segment.seq.wrapping_add(u32::from(segment.has(tcp::SYN)));
        let mut payload = payload;
        if payload.is_empty() {
            return;
        }
        if let Some(mut waiting) = self.waiting[call.side].take() {
            let offset = u64::from(seq.wrapping_sub(waiting.start));
            let belongs = match waiting.need {
                Need::OneMore | Need::Lines(_) | Need::Chunks(_) => offset == waiting.length,
                Need::Bytes(need) => offset < need,
                Need::Fin => offset <= waiting.length,
            };
            if belongs {
                let most = match waiting.need {
                    Need::Bytes(need) => need,
                    _ => u64::MAX,
                };
                // What came before is not taken twice.
                let new = waiting.length.checked_sub(offset).map(|skip| {
                    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
                    payload.get(skip..).unwrap_or_default()
                });
                match new {
                    Some(new) => waiting.add(call.frame, new, most),
                    None => waiting.keep(call.frame, offset, payload),
                }
                waiting.close_gaps(most);
                let belonging = usize::try_from(most.saturating_sub(offset));
                let belonging = belonging.unwrap_or(usize::MAX).min(payload.len());
                let piece = call.told.pieces.len();
                call.told.pieces.push(call.part(seq, belonging));
                let answered = self.answered_request().is_some();
                if matches!(waiting.need, Need::Fin)
                    || matches!(waiting.need, Need::Bytes(need) if waiting.length < need)
                    || new.is_some_and(<[u8]>::is_empty)
                    || can_wait && !waiting.may_be_whole(answered)
                {
                    self.waiting[call.side] = Some(waiting);
                    return;
                }
                let (bytes, whole) = (waiting.bytes, waiting.length);
                let cut = whole > bytes.len() as u64;
                call.frames = waiting.frames;
                self.messages(call, waiting.start, &bytes, can_wait && !cut);
                let again = self.waiting[call.side].as_ref();
                let again = again.map(|w| u64::from(w.start.wrapping_sub(waiting.start)));
                let frames = std::mem::take(&mut call.frames);
                if again != Some(0) {
                    // What waits anew is no part of what is whole.
                    let length = again.unwrap_or(whole).min(whole);
                    let mut bytes = bytes;
                    bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
                    self.done(call.side, waiting.start, length);
                    call.told.whole.push(Whole {
                        frames,
                        length,
                        bytes,
                    });
                    let own = usize::try_from(length.saturating_sub(offset)).unwrap_or(usize::MAX);
                    call.told.pieces[piece] = call.part(seq, own.min(belonging));
                }
                let taken = usize::try_from(whole - offset).unwrap_or(usize::MAX);
                payload = payload.get(taken..).unwrap_or_default();
                seq = seq.wrapping_add(u32::try_from(taken).unwrap_or(0));
                if payload.is_empty() || self.waiting[call.side].is_some() {
                    return;
                }
            } else if matches!(waiting.need, Need::Bytes(_)) && (offset as u32) > u32::MAX / 2 {
                // Older bytes: what waits goes on waiting.
                self.waiting[call.side] = Some(waiting);
                return;
            }
        }
        if matches!(self.kind, Kind::Unknown) {
            self.kind = match recognize(payload, self.ports) {
                // In a tunnel it is between others, and only a port tells of it.
                Kind::Http if self.left_http => Kind::Unknown,
                kind => kind,
            };
            self.recognized = matches!(self.kind, Kind::Tls);
        }
        self.messages(call, seq, payload, can_wait);
    }

    /// The stream's end in one direction: what waited for it is whole.
    pub(super) fn end(&mut self, call: &mut Call) {
        if let Some(waiting) = self.waiting[call.side].take()
            && waiting.need == Need::Fin
        {
            let start = waiting.start;
            self.messages(call, start, &waiting.bytes, false);
            let mut frames = waiting.frames;
            if !frames.contains(&call.frame) {
                frames.push(call.frame);
            }
            if frames.len() > 1 {
                call.told.pieces.clear();
                let (length, bytes) = (waiting.length, waiting.bytes);
                call.told.whole.push(Whole {
                    frames,
                    length,
                    bytes,
                });
            }
        }
    }

    /// Reads as many messages as there are, and keeps the rest for later.
    fn messages(&mut self, call: &mut Call, seq: u32, bytes: &[u8], can_wait: bool) {
        call.told.left_http = self.left_http;
        call.told.tunnel.clone_from(&self.tunnel);
        // How long what cannot wait was on the wire.
        let cut = (!can_wait).then(|| as_usize(call.end.wrapping_sub(seq)));
        let (at, need) = match self.kind {
            Kind::Named(name) => {
                call.told.named.push(name);
                return;
            }
            Kind::Unknown => {
                match ports::names::tcp(self.ports.0, self.ports.1) {
                    // A length is read where there is none: it waits for more than ever comes.
                    Some("") => call.told.pieces.push(call.part(seq, bytes.len())),
                    Some(name) => call.told.named.push(name),
                    None => call.told.unclaimed = Some(call.part(seq, bytes.len())),
                }
                return;
            }
            Kind::Outlined(outline) => match self.outlined(call, outline, bytes, cut) {
                Some(found) => found,
                None => {
                    call.told.unclaimed = Some(call.part(seq, bytes.len()));
                    return;
                }
            },
            Kind::Http => self.http(call, bytes, can_wait),
            Kind::Tls => self.tls(call, bytes, cut),
            Kind::Dns => self.dns(call, bytes, can_wait),
            Kind::Other(protocol, take) => self.other(call, protocol, take, bytes, can_wait),
        };
        let Some(need) = need.filter(|_| can_wait) else {
            return;
        };
        let rest = &bytes[at.min(bytes.len())..];
        let start = seq.wrapping_add(u32::try_from(at).unwrap_or(0));
        // What goes on as it was keeps its frames.
        let frames = match at {
            0 if !call.frames.is_empty() => call.frames.clone(),
            _ => {
                let piece = call.part(start, rest.len());
                if !call.told.pieces.contains(&piece) {
                    call.told.pieces.push(piece);
                }
                vec![call.frame]
            }
        };
        self.waiting[call.side] = Some(Waiting::new(start, need, rest, frames));
    }

    pub(super) fn push(&mut self, call: &mut Call, protocol: Protocol, bytes: &[u8]) {
        call.out.push(Message {
            protocol,
            bytes: bytes.to_vec(),
            reported: bytes.len(),
            http: None,
            state: State {
                tls: self.tls[call.side],
                to_server: call.to_server,
                phase: self.phase,
            },
            dns: None,
        });
    }

    /// Whether a message of known length waits for bytes that this segment has.
    pub(super) fn waits_for(&self, side: usize, segment: &Segment) -> bool {
        self.waiting[side].as_ref().is_some_and(|waiting| {
            let offset = u64::from(segment.seq.wrapping_sub(waiting.start));
            matches!(waiting.need, Need::Bytes(need) if offset < need)
        })
    }

    /// Whether bytes begin within a message that is whole already, and not with it.
    pub(super) fn known_already(&self, side: usize, start: u32) -> bool {
        let Some((first, whole)) = self.done[side].range(..start).next_back() else {
            return false;
        };
        start - first < *whole
    }

    /// Remembers a message that was put together.
    fn done(&mut self, side: usize, start: u32, length: u64) {
        let done = &mut self.done[side];
        if !done.has_room(MOST_DONE) {
            done.pop_first();
        }
        done.insert(start, u32::try_from(length).unwrap_or(u32::MAX));
    }
}
