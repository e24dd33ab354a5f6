//! Segments that were captured before, and which of them the network doubled.

use super::Story;
use super::trouble::is_trouble;
use crate::capture::Time;
use crate::dissect::tcp;
use crate::facts::situation::Difference;
use crate::track::tcp::note::Flags;
use crate::track::tcp::{Seen, Stream};

/// Counts a segment that was captured before.
#[cold]
pub(in crate::track::tcp) fn copied(
    story: &mut Story,
    seen: &Seen,
    difference: Difference,
    (flags, first_time): (Flags, Time),
) {
    let trouble = story.trouble.get_or_insert_default();
    if trouble.later > 0 {
        return;
    }
    let syn = seen.segment.flags & tcp::SYN_ACK == tcp::SYN;
    trouble.copies_counted += u32::from(is_trouble(flags));
    if difference == Difference::Unnumbered {
        trouble.perhaps_copies += 1;
        trouble.unsure[usize::from(seen.side)] += 1;
        trouble.unsure_syns += u32::from(syn);
    } else {
        trouble.copies += 1;
    }
    if syn && story.ack_frame == 0 && story.syn_frame == story.first_frame {
        trouble.syn_later = seen.time.since(first_time);
    }
    if difference != Difference::None {
        return;
    }
    trouble.same += 1;
    let segment = &seen.segment;
    if let Some(length @ 1..) = segment.length {
        let end = segment.seq.wrapping_add(length);
        trouble.doubtful[usize::from(seen.side)] = Some(end);
    }
}

/// Takes in that something was received twice: if that is the newest copy, the network doubled it.
#[cold]
pub(super) fn received_twice(story: &mut Story, side: usize, seen: &Seen) {
    let Some(trouble) = &mut story.trouble else {
        return;
    };
    let copy = &mut trouble.doubtful[1 - side];
    if copy.is_some_and(|end| seen.segment.ack.wrapping_sub(end).cast_signed() >= 0)
        && seen.copy.is_none()
    {
        *copy = None;
        trouble.doubled += 1;
    }
}

/// How many copies were acknowledged as received twice.
pub(in crate::track::tcp) fn doubled(stream: &Stream) -> u32 {
    let trouble = stream.story.trouble.as_ref();
    trouble.map_or(0, |trouble| trouble.doubled)
}
