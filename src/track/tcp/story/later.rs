//! Later connections of the same ends in one stream: Wireshark begins another stream with a SYN, and
//! where only the side that answers was captured there is none.

use super::Story;
use crate::track::tcp::{Seen, Stream, tcp};

impl Story {
    /// Whether a segment belongs to a later connection of the same ends.
    #[inline]
    pub(super) fn is_over(&mut self, seen: &Seen, since: i64) -> bool {
        let answers = seen.segment.flags & tcp::SYN_ACK == tcp::SYN_ACK;
        let later = self.trouble.as_ref().is_some_and(|t| t.later > 0);
        later && !answers || answers && self.answers_anew(seen, since)
    }

    /// Takes in a SYN+ACK of a side that had ended the connection before, and so answers another
    /// call. Where the calls themselves are in the capture, each begins a conversation of its own.
    #[cold]
    fn answers_anew(&mut self, seen: &Seen, since: i64) -> bool {
        let side = usize::from(seen.side);
        let (own, other) = (&self.parts[side], &self.parts[1 - side]);
        let reset = self.rst().is_some_and(|(_, by)| usize::from(by) == side);
        let ended = own.fin_frame != 0 || reset;
        if !ended || other.ttls.1 != 0 || own.isn() == Some(seen.segment.seq) {
            return false;
        }
        let trouble = self.trouble.get_or_insert_default();
        if trouble.later == 0 {
            trouble.last_time = seen.time.0.saturating_sub(since);
        }
        if trouble.later == 0 || trouble.later_isn != seen.segment.seq {
            trouble.later = trouble.later.saturating_add(1);
            trouble.later_isn = seen.segment.seq;
        }
        true
    }
}

/// How many later connections are in the stream of one.
pub(in crate::track::tcp) fn later(stream: &Stream) -> u32 {
    stream.story.trouble.as_ref().map_or(0, |t| t.later)
}

/// Zeek's records of a conversation: number, state, letters.
pub(in crate::track::tcp) fn zeek(stream: &Stream) -> Vec<(u32, &'static str, String)> {
    let (records, count) = stream.story.zeek.records();
    let newest = records.len() - 1;
    let numbered = (1..).zip(records).enumerate();
    numbered
        .map(|(at, (number, (state, history)))| {
            (if at == newest { count } else { number }, state, history)
        })
        .collect()
}
