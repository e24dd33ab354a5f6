//! Sequence analysis as Wireshark 4.0 does it (its User's Guide, "TCP Analysis"; measured against
//! tshark 4.0.17): the same order of tests, the same meaning of zero as "not known yet".

use super::note::{Flags, Note};
use super::unacked::{Lease, Pool, Unacked, after, at_or_after};
use super::{Seen, tcp};
use crate::capture::Time;
use tcp::Segment;

/// What is remembered of one direction.
pub(super) struct Side {
    /// First sequence number, or the best guess of it.
    pub(super) base: u32,
    pub(super) base_set: bool,
    /// Highest number seen plus length; what the next segment should have.
    pub(super) next: u32,
    next_frame: u32,
    next_time: Time,
    /// End of what was seen without holes.
    contiguous: u32,
    last_ack: u32,
    last_ack_time: Time,
    last_not_duplicate: u32,
    /// -1 after an ACK of what was not captured.
    duplicate_acks: i32,
    window: u32,
    /// Shift; -1 not known, -2 not used.
    pub(super) scale: i8,
    /// A SYN was sent and no segment with a scaled window yet.
    pub(super) first_ack_pending: bool,
    flight_known: bool,
    push_seen: bool,
    push_bytes: u32,
    /// Bytes acknowledged selectively by the newest segment.
    selectively_acked: u32,
    last_flags: Flags,
    pub(super) unacked: Lease,
}

impl Default for Side {
    fn default() -> Self {
        Side {
            base: 0,
            base_set: false,
            next: 0,
            next_frame: 0,
            next_time: Time(0),
            contiguous: 0,
            last_ack: 0,
            last_ack_time: Time(0),
            last_not_duplicate: 0,
            duplicate_acks: 0,
            window: u32::MAX,
            scale: -1,
            first_ack_pending: false,
            flight_known: true,
            push_seen: false,
            push_bytes: 0,
            selectively_acked: 0,
            last_flags: Flags(0),
            unacked: Lease::default(),
        }
    }
}

/// Out of order or sent again: which of the two, when no round trip is known.
const REORDERING_NS: i64 = 3_000_000;
/// A fast retransmission follows its duplicate ACKs within this time.
const FAST_NS: i64 = 20_000_000;

/// What opens and what ends.
const ENDS: u16 = tcp::SYN_FIN | tcp::RST;

/// Analyzes one segment of known length and updates both directions.
#[inline(always)]
pub(super) fn segment(
    sides: &mut [Side; 2],
    own: usize,
    seen: &Seen,
    initial_rtt: i64,
    pool: &mut Pool,
    note: &mut Note,
) {
    let segment = &seen.segment;
    let [first, second] = sides;
    let (fwd, rev) = if own == 0 {
        (first, second)
    } else {
        (second, first)
    };
    bases(fwd, rev, segment);
    if segment.has(tcp::ACK) {
        rev.flight_known = true;
    }
    let length = segment.length.unwrap_or(0);
    window_and_acks(fwd, rev, segment, length, note);
    if segment.ack != fwd.last_ack {
        fwd.last_not_duplicate = seen.frame;
        fwd.duplicate_acks = 0;
    }
    acked_unseen(rev, segment, note);
    if length > 0 || segment.has(tcp::SYN_FIN) {
        sent_again(fwd, rev, seen, length, initial_rtt, pool, note);
    }
    remember(fwd, seen, length, pool, note);
    if let Some(acked) = pool.acknowledge(&mut rev.unacked, segment.ack) {
        note.acks_frame = acked.frame;
        note.ack_rtt = seen.time.since(acked.time);
    }
    flight(fwd, rev, segment, length, pool, note);
    fwd.selectively_acked = seen.selectively_acked;
    note.analyzed |= note.flags.0 != 0 || note.acks_frame != 0;
}

/// Sets what relative numbers count from.
#[inline(always)]
fn bases(fwd: &mut Side, rev: &mut Side, segment: &Segment) {
    if !fwd.base_set {
        fwd.base = own_base(segment);
        fwd.base_set = true;
    }
    if !rev.base_set && segment.has(tcp::ACK) {
        rev.base = peer_base(segment);
        rev.base_set = true;
    }
}

/// What the sender's numbers count from: a SYN's own number, else one before the first seen.
pub(super) fn own_base(segment: &Segment) -> u32 {
    if segment.has(tcp::SYN) {
        segment.seq
    } else {
        segment.seq.wrapping_sub(1)
    }
}

/// What the other side's numbers count from, as far as an ACK can tell.
pub(super) fn peer_base(segment: &Segment) -> u32 {
    segment.ack.wrapping_sub(1)
}

/// Probe, zero window, hole, keep-alive, window update, full window, and the kinds of pure ACK.
#[inline(always)]
fn window_and_acks(fwd: &mut Side, rev: &Side, segment: &Segment, length: u32, note: &mut Note) {
    let window = u32::from(segment.window);
    let plain = !segment.has(ENDS);
    if length == 1 && segment.seq == fwd.next && rev.window == 0 {
        note.flags.insert(Flags::ZERO_WINDOW_PROBE);
        return;
    }
    if window == 0 && plain {
        note.flags.insert(Flags::ZERO_WINDOW);
    }
    if fwd.next != 0 && after(segment.seq, fwd.next) && !segment.has(tcp::RST) {
        note.flags.insert(Flags::LOST_SEGMENT);
        fwd.flight_known = false;
    }
    if length <= 1 && segment.seq == fwd.next.wrapping_sub(1) && plain {
        note.flags.insert(Flags::KEEP_ALIVE);
        if rev.window == 0 {
            note.flags.insert(Flags::CLOSED_WINDOW);
        }
        if length == 1 && rev.next != 0 && after(fwd.next, rev.last_ack) {
            note.flags.insert(Flags::NOT_ACKED);
        }
    }
    let repeats = length == 0 && segment.seq == fwd.next && segment.ack == fwd.last_ack && plain;
    if repeats && window != 0 && window != fwd.window {
        note.flags.insert(Flags::WINDOW_UPDATE);
    }
    if length > 0 && rev.scale != -1 && plain {
        let shift = if rev.first_ack_pending || rev.scale == -2 {
            0
        } else {
            u32::from(rev.scale.unsigned_abs())
        };
        let edge = rev.last_ack.wrapping_add(rev.window.wrapping_shl(shift));
        if segment.seq.wrapping_add(length) == edge {
            note.flags.insert(Flags::WINDOW_FULL);
        }
    }
    if !repeats || window != fwd.window {
        return;
    }
    if window != 0 && rev.last_flags.has(Flags::KEEP_ALIVE) {
        note.flags.insert(Flags::KEEP_ALIVE_ACK);
    } else if window == 0 && rev.last_flags.has(Flags::ZERO_WINDOW_PROBE) {
        note.flags.insert(Flags::ZERO_WINDOW_PROBE_ACK);
    } else if window != 0 {
        fwd.duplicate_acks = if fwd.duplicate_acks == -1 {
            1
        } else {
            fwd.duplicate_acks.saturating_add(1)
        };
        note.flags.insert(Flags::DUPLICATE_ACK);
        note.duplicate_ack_num = fwd.duplicate_acks.unsigned_abs();
        note.duplicate_ack_frame = fwd.last_not_duplicate;
    }
}

/// An ACK beyond what was seen of the other side.
#[inline(always)]
fn acked_unseen(rev: &mut Side, segment: &Segment, note: &mut Note) {
    if rev.contiguous == 0 || !after(segment.ack, rev.contiguous) || !segment.has(tcp::ACK) {
        return;
    }
    note.analyzed = true;
    if after(rev.next, rev.contiguous) {
        // Moves on, so that the same hole is told once.
        rev.contiguous = rev.next;
        note.flags.insert(Flags::ACK_LOST_SEGMENT);
    } else {
        if rev.duplicate_acks == 0 {
            note.flags.insert(Flags::ACK_LOST_SEGMENT);
        }
        rev.duplicate_acks = -1;
    }
}

/// Spurious, fast, out of order, or plainly sent again.
#[inline(always)]
fn sent_again(
    fwd: &Side,
    rev: &Side,
    seen: &Seen,
    length: u32,
    initial_rtt: i64,
    pool: &mut Pool,
    note: &mut Note,
) {
    let (segment, time) = (&seen.segment, seen.time);
    if note.flags.has(Flags::KEEP_ALIVE) {
        return;
    }
    let end = segment.seq.wrapping_add(length);
    if length > 0 && rev.last_ack != 0 && at_or_after(rev.last_ack, end) {
        note.flags.insert(Flags::SPURIOUS_RETRANSMISSION);
        return;
    }
    let behind = fwd.next != 0 && after(fwd.next, segment.seq);
    // One byte before the expected number and more than one byte long: data after a probe.
    if !behind || (length > 1 && fwd.next.wrapping_sub(1) == segment.seq) {
        return;
    }
    // Wireshark computes these spans unsigned: a clock that ran backwards is never "recent".
    let since_ack = time.since(rev.last_ack_time);
    // So is their number: -1 is many.
    let repeated = rev.duplicate_acks.cast_unsigned() >= 2;
    if repeated && rev.last_ack == segment.seq && (0..FAST_NS).contains(&since_ack) {
        note.flags.insert(Flags::FAST_RETRANSMISSION);
        return;
    }
    let limit = if initial_rtt == 0 {
        REORDERING_NS
    } else {
        initial_rtt
    };
    let phantom = u32::from(segment.has(tcp::SYN_FIN));
    let recent = (0..limit).contains(&time.since(fwd.next_time));
    if recent && fwd.next != end.wrapping_add(phantom) {
        note.flags.insert(Flags::OUT_OF_ORDER);
        return;
    }
    note.flags.insert(Flags::RETRANSMISSION);
    note.rto = time.since(fwd.next_time);
    note.rto_frame = fwd.next_frame;
    if let Some(oldest) = pool.oldest(fwd.unacked) {
        note.rto = time.since(oldest.time);
        note.rto_frame = oldest.frame;
    }
}

/// Stores what later segments are compared with.
#[inline(always)]
fn remember(fwd: &mut Side, seen: &Seen, length: u32, pool: &mut Pool, note: &Note) {
    let (segment, frame, time) = (&seen.segment, seen.frame, seen.time);
    let mut next = segment.seq.wrapping_add(length);
    if length > 0 || segment.has(tcp::SYN_FIN) {
        next = next.wrapping_add(u32::from(segment.has(tcp::SYN_FIN)));
        pool.push(
            &mut fwd.unacked,
            Unacked {
                frame,
                seq: segment.seq,
                next,
                time,
            },
            fwd.base,
        );
    }
    let probe = note.flags.has(Flags::ZERO_WINDOW_PROBE);
    if (fwd.next == 0 || after(next, fwd.next)) && !probe {
        fwd.next = next;
        fwd.next_frame = frame;
        fwd.next_time = time;
    }
    if (segment.seq == fwd.contiguous || fwd.contiguous == 0) && !probe {
        fwd.contiguous = fwd.next;
    }
    fwd.window = u32::from(segment.window);
    fwd.last_ack = segment.ack;
    fwd.last_ack_time = time;
    fwd.last_flags = note.flags;
}

/// Bytes on their way after this segment, and bytes since the last PSH.
#[inline(always)]
fn flight(
    fwd: &mut Side,
    rev: &Side,
    segment: &Segment,
    length: u32,
    pool: &mut Pool,
    note: &mut Note,
) {
    if length == 0 || !fwd.flight_known {
        return;
    }
    let Some((low, high)) = pool.span(fwd.unacked, fwd.base) else {
        return;
    };
    let bytes = high.wrapping_sub(low).wrapping_sub(rev.selectively_acked);
    if bytes > 0 && bytes < 2_000_000_000 {
        note.bytes_in_flight = bytes - u32::from(segment.has(tcp::SYN_FIN));
    }
    note.analyzed = true;
    let push = segment.has(tcp::PSH);
    fwd.push_bytes = if fwd.push_seen {
        length
    } else {
        fwd.push_bytes.saturating_add(length)
    };
    fwd.push_seen = push;
    note.push_bytes_sent = fwd.push_bytes;
}

/// Bytes in the SACK blocks of a segment, and whether the first of them lies below its
/// acknowledgment: then it has received these bytes twice (RFC 2883 §4).
#[inline]
pub(super) fn selective(options: &[u8], ack: u32) -> (u32, bool) {
    // The usual options of a segment without SACK: two fillers and a time stamp.
    if options.is_empty() || options.starts_with(&[1, 1, 8, 10]) && options.len() == 12 {
        return (0, false);
    }
    blocks(options, ack)
}

#[inline(never)]
fn blocks(options: &[u8], ack: u32) -> (u32, bool) {
    let (mut sum, mut first, mut twice) = (0u32, true, false);
    for option in tcp::walk(options).filter(|o| o.kind == 5) {
        // At most four blocks fit into a header (RFC 2018 §3).
        for block in option.bytes[2.min(option.bytes.len())..]
            .as_chunks::<8>()
            .0
            .iter()
            .take(4)
        {
            let (left, right) = block.split_at(4);
            let edge = |b: &[u8]| b.try_into().map_or(0, u32::from_be_bytes);
            sum = sum.wrapping_add(edge(right).wrapping_sub(edge(left)));
            twice |= first && at_or_after(ack, edge(right));
            first = false;
        }
    }
    (sum, twice)
}
