//! Later connections of the same ends in one stream: Wireshark begins another stream with a SYN that
//! has another number. Where only the side that answers was captured there is none, and who calls
//! again with the same number (a program that makes its own segments) begins none either.

use super::{Story, Trouble, some_frame};
use crate::track::tcp::{Seen, Stream, tcp};

impl Story {
    /// Whether a segment belongs to a later connection of the same ends.
    #[inline]
    pub(super) fn is_over(&mut self, seen: &Seen, since: i64) -> bool {
        let syn = seen.segment.has(tcp::SYN);
        let later = self.trouble.as_ref().is_some_and(|t| t.later > 0);
        later && !syn || syn && self.begins_anew(seen, since)
    }

    #[cold]
    fn begins_anew(&mut self, seen: &Seen, since: i64) -> bool {
        if seen.segment.has(tcp::ACK) {
            self.answers_anew(seen, since)
        } else {
            self.calls_anew(seen, since)
        }
    }

    /// Takes in a SYN with the number of the first, after the end of what that began. A packet that
    /// came again may be the old one.
    fn calls_anew(&mut self, seen: &Seen, since: i64) -> bool {
        let later = self.trouble.as_ref().is_some_and(|t| t.later > 0);
        if !later {
            let caller = self.syn_side.map(usize::from) == Some(usize::from(seen.side));
            if !caller || seen.copy.is_some() || !self.has_ended() {
                return false;
            }
            let trouble = self.later(seen, since);
            (trouble.later, trouble.called_anew) = (1, true);
        }
        true
    }

    /// Takes in a SYN+ACK of a side that had ended the connection before, and so answers another
    /// call; or with another number after both ends were done with it.
    fn answers_anew(&mut self, seen: &Seen, since: i64) -> bool {
        let side = usize::from(seen.side);
        let (own, other) = (&self.parts[side], &self.parts[1 - side]);
        let reset = self.rst().is_some_and(|(_, by)| usize::from(by) == side);
        let ended = own.fin_frame != 0 || reset;
        let alone = ended && other.ttls.1 == 0;
        let later = self.trouble.as_ref().is_some_and(|t| t.later > 0);
        if own.isn() == Some(seen.segment.seq) || !(later || alone || self.has_ended()) {
            return false;
        }
        let trouble = self.later(seen, since);
        if trouble.later_isn != Some(seen.segment.seq) {
            let answers = std::mem::take(&mut trouble.called_anew);
            trouble.later = trouble.later.saturating_add(u32::from(!answers));
            trouble.later_isn = Some(seen.segment.seq);
        }
        true
    }

    /// Whether what the SYN began is over for both ends. A caller that has acknowledged the answer
    /// was given one, in the capture or not.
    fn has_ended(&self) -> bool {
        let answer = some_frame(self.synack_frame).or(some_frame(self.ack_frame));
        let opened = answer.is_some() && self.syn_frame != 0;
        let reset = self.rst().is_some_and(|(frame, _)| Some(frame) > answer);
        opened && (reset || self.parts.iter().all(|part| part.fin_frame != 0))
    }

    /// What is noted of later connections, with when the first was seen last before them.
    fn later(&mut self, seen: &Seen, since: i64) -> &mut Trouble {
        let trouble = self.trouble.get_or_insert_default();
        if trouble.later == 0 {
            trouble.last_time = seen.time.0.saturating_sub(since);
        }
        trouble
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
