//! What following a conversation needs of its two sides from one segment to the next.

use super::analysis::{self, Side};
use super::note::Note;
use super::offer::Offer;
use super::unacked::Pool;
use super::{Base, Seen, numbers, tcp, zeek};
use crate::capture::Time;

/// What following a conversation needs and its story does not.
#[derive(Default)]
pub(super) struct Live {
    pub(super) sides: [Side; 2],
    /// Time of the newest SYN without ACK.
    syn_time: Option<Time>,
    pub(super) zeek: zeek::Memory,
}

impl Live {
    /// Takes in one segment; gives the initial round trip, if this segment completes it.
    #[inline(always)]
    pub(super) fn segment(
        &mut self,
        seen: &Seen,
        initial_rtt: i64,
        pool: &mut Pool,
        note: &mut Note,
    ) -> Option<i64> {
        let own = usize::from(seen.side);
        if seen.segment.length.is_some() {
            analysis::segment(&mut self.sides, own, seen, initial_rtt, pool, note);
        }
        note.numbers = numbers(self.bases(), own);
        if seen.segment.header_length < 20 {
            return None;
        }
        self.after_header(own, seen)
    }

    pub(super) fn bases(&self) -> [Base; 2] {
        [0, 1].map(|side: usize| Base {
            number: self.sides[side].base,
            scale: self.sides[side].scale,
        })
    }

    /// What a header tells besides sequence numbers: scales, and the initial round trip.
    fn after_header(&mut self, own: usize, seen: &Seen) -> Option<i64> {
        let segment = &seen.segment;
        if segment.flags & tcp::SYN_ACK == tcp::SYN {
            self.syn_time = Some(seen.time);
        }
        if segment.has(tcp::SYN) {
            self.sides[own].first_ack_pending = true;
            self.settle_scale(own, seen.offer, segment.has(tcp::ACK));
        }
        if segment.flags & tcp::SYN_ACK != tcp::ACK {
            return None;
        }
        self.sides[own].first_ack_pending = false;
        self.syn_time.map(|syn| seen.time.since(syn))
    }

    /// Scaling is in use only if both SYNs carried the option (RFC 7323 §2.2). Whether one that the
    /// capture cuts did is not known, and as in Wireshark what the other offered is taken as used.
    fn settle_scale(&mut self, own: usize, offer: Offer, synack: bool) {
        if let Some(shift) = offer.scale() {
            self.sides[own].scale = i8::try_from(shift.min(14)).unwrap_or(14);
        }
        if offer.has(Offer::CUT) {
            return;
        }
        if self.sides[own].scale == -1 {
            self.sides[own].scale = -2;
            self.sides[1 - own].scale = -2;
        } else if synack && self.sides[1 - own].scale == -2 {
            self.sides[own].scale = -2;
        }
    }
}
