//! Messages that say where they end: DNS by the length before each, others as their definition or
//! outline divides them.

use super::waiting::Need;
use super::{Call, Kind, Stream};
use crate::dissect::definition::{State, Take, Taken};
use crate::dissect::layer::Protocol;
use crate::dissect::outline::Outline;
use crate::dissect::{ports, tls};

impl Stream {
    pub(super) fn dns(
        &mut self,
        call: &mut Call,
        bytes: &[u8],
        can_wait: bool,
    ) -> (usize, Option<Need>) {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(length) = rest.first_chunk::<2>() else {
                return (at, Some(Need::OneMore));
            };
            let length = usize::from(u16::from_be_bytes(*length)) + 2;
            if rest.len() < length && can_wait {
                return (at, Some(Need::Bytes(length as u64)));
            }
            call.told.sizes.extend(u32::try_from(length));
            let captured = length.min(rest.len());
            self.push(call, Protocol::Dns, &rest[..captured]);
            if let Some(message) = call.out.last_mut() {
                message.reported = length;
            }
            at += captured;
        }
        (at, None)
    }

    pub(super) fn other(
        &mut self,
        call: &mut Call,
        protocol: Protocol,
        take: Take,
        bytes: &[u8],
        can_wait: bool,
    ) -> (usize, Option<Need>) {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let mut state = State {
                to_server: call.to_server,
                phase: self.phase,
                ..State::default()
            };
            let taken = take(&mut state, rest);
            let length = match taken {
                Taken::Message(length) | Taken::ThenTls(length) => length.clamp(1, rest.len()),
                Taken::OneMore if can_wait => return (at, Some(Need::OneMore)),
                Taken::Needs(length) if can_wait && length > rest.len() => {
                    return (at, Some(Need::Bytes(length as u64)));
                }
                Taken::OneMore | Taken::Needs(_) => rest.len(),
            };
            self.push(call, protocol, &rest[..length]);
            self.phase = state.phase;
            at += length;
            if matches!(taken, Taken::ThenTls(_)) {
                self.kind = Kind::Tls;
                break;
            }
        }
        (bytes.len(), None)
    }

    /// Messages of a protocol that is only named; `None` where it takes none of the bytes.
    pub(super) fn outlined(
        &mut self,
        call: &mut Call,
        outline: &'static Outline,
        bytes: &[u8],
        cut: Option<usize>,
    ) -> Option<(usize, Option<Need>)> {
        let can_wait = cut.is_none();
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let turns = tls::Record::parse(rest)
                .is_some_and(|record| record.content == tls::content::HANDSHAKE);
            if turns && ports::tcp_may_be(Protocol::Tls, self.ports.0, self.ports.1) {
                self.kind = Kind::Tls;
                let (taken, need) = self.tls(call, rest, cut.map(|cut| cut.saturating_sub(at)));
                return Some((at + taken, need));
            }
            let length = match (outline.divide)(rest, &mut self.memory) {
                Some(Taken::Message(length) | Taken::ThenTls(length)) => {
                    length.clamp(1, rest.len())
                }
                Some(Taken::OneMore) if can_wait => return Some((at, Some(Need::OneMore))),
                Some(Taken::Needs(length)) if can_wait && length > rest.len() => {
                    return Some((at, Some(Need::Bytes(length as u64))));
                }
                Some(Taken::OneMore | Taken::Needs(_)) => rest.len(),
                None if at == 0 => return None,
                None => break,
            };
            if at == 0 {
                call.told.named.push(outline.name);
            }
            let names = &mut call.told.named;
            (outline.above)(&rest[..length], &mut self.memory, names);
            at += length;
        }
        call.told.malformed |= std::mem::take(&mut self.memory.malformed);
        Some((bytes.len(), None))
    }
}
