//! Which request a response answers: they come in the order of the requests (RFC 9112 §9.3.2). Where
//! the capture misses bytes, order alone says nothing any more; then a response is only given to a
//! request that it must belong to.

use crate::facts::http::Lost;
use std::collections::VecDeque;

/// A request without a response yet.
#[derive(Clone, Copy)]
pub(super) struct Open {
    /// Its exchange.
    pub(super) row: usize,
    /// Number of its first byte, and what its sender had of the other side by then.
    pub(super) first: u32,
    pub(super) acked: u32,
}

/// What became of the requests when a response came.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The exchange that the response belongs to; none when it was not asked for in this capture, or
    /// when that cannot be told.
    pub(super) row: Option<usize>,
    /// Exchanges whose responses are among the missing bytes.
    pub(super) swallowed: Vec<usize>,
    /// Exchanges of which it cannot be told from now on what answers them.
    pub(super) unclear: Vec<usize>,
}

/// Bytes that the capture misses.
#[derive(Clone, Copy, Default)]
struct Missing {
    /// Among the requests.
    requests: bool,
    /// Where a response begins that is missing: the one before it had ended there.
    response: Option<u32>,
}

/// The requests of a connection that wait for their responses.
#[derive(Default)]
pub(super) struct Pairing {
    open: VecDeque<Open>,
    missing: Option<Missing>,
    lost: bool,
    /// What the newest response acknowledged that no request was there for.
    replied: Option<u32>,
}

impl Pairing {
    /// Takes in a request; says why what answers it cannot be told, if so.
    pub(super) fn asked(&mut self, open: Open) -> Option<Lost> {
        if self.lost {
            return Some(Lost::Unclear);
        }
        // It had come when something was answered that was not seen to be asked.
        if self.replied.is_some_and(|acked| before(open.first, acked)) {
            return Some(Lost::Before);
        }
        self.open.push_back(open);
        None
    }

    /// Number of the first byte of the request that is answered next.
    pub(super) fn next(&self) -> Option<u32> {
        self.open.front().map(|open| open.first)
    }

    /// The exchanges of those without a response yet.
    pub(super) fn unanswered(&self) -> impl Iterator<Item = usize> {
        self.open.iter().map(|open| open.row)
    }

    /// Whether nothing can be told any more of which response answers which request.
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Whether a response may belong to a request that is not in the capture.
    pub(super) fn is_unsure(&self) -> bool {
        self.lost || self.missing.is_some()
    }

    /// Bytes of requests are missing.
    pub(super) fn misses_requests(&mut self) {
        self.missing.get_or_insert_default().requests = true;
    }

    /// Bytes of responses are missing, with the beginning of one at the number `begins`, if that is
    /// known.
    pub(super) fn misses_responses(&mut self, begins: Option<u32>) {
        let missing = self.missing.get_or_insert_default();
        missing.response = missing.response.or(begins);
    }

    /// The first response that is there begins at the number `first`: one is missing before it, when
    /// the first request came before there was so much.
    pub(super) fn begins(&mut self, first: u32) {
        if let Some(open) = self.open.front().filter(|open| before(open.acked, first)) {
            let begins = open.acked;
            self.misses_responses(Some(begins));
        }
    }

    /// Takes in a response that begins at the number `first`, in a segment that acknowledges `acked`.
    pub(super) fn answered(&mut self, first: u32, acked: u32) -> Found {
        let found = self.answer(first, acked);
        if found.row.is_none() {
            self.replied = Some(acked);
        }
        found
    }

    fn answer(&mut self, first: u32, acked: u32) -> Found {
        let mut found = Found::default();
        if self.lost {
            return found;
        }
        let Some(missing) = self.missing else {
            // Nobody answers what has not come yet: a server that has waited long enough says so to
            // whoever asks just then.
            if self
                .open
                .front()
                .is_some_and(|open| before(open.first, acked))
            {
                found.row = self.take();
            }
            return found;
        };
        // Who had asked when the missing response began is answered by it.
        if let Some(begins) = missing.response
            && let Some(open) = self.open.front()
            && before(open.acked, begins.wrapping_add(1))
        {
            found.swallowed.extend(self.take());
            self.missing = Some(Missing {
                response: None,
                ..missing
            });
        }
        // Nobody answers what has not come yet.
        let come = self.open.iter().filter(|open| before(open.first, acked));
        // It was asked when everything before was answered.
        let mut come_first = self
            .open
            .iter()
            .take_while(|open| before(open.first, acked));
        let exact = come_first.position(|open| open.acked == first);
        found.row = match come.count() {
            // Requests are there for every response: so what is missing was no whole response.
            0 if missing.requests => None,
            0 => found.swallowed.pop(),
            1 if !missing.requests => self.take(),
            _ if let Some(at) = exact => {
                found
                    .swallowed
                    .extend(self.open.drain(..at).map(|open| open.row));
                self.take()
            }
            _ => {
                self.lost = true;
                found.unclear = self.open.drain(..).map(|open| open.row).collect();
                None
            }
        };
        if found.row.is_some() {
            self.missing = None;
        }
        found
    }

    fn take(&mut self) -> Option<usize> {
        self.open.pop_front().map(|open| open.row)
    }
}

/// Serial number comparison (RFC 1982).
fn before(a: u32, b: u32) -> bool {
    a.wrapping_sub(b).cast_signed() < 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests with the numbers of their first bytes and what they acknowledge.
    fn asked(requests: &[(u32, u32)]) -> Pairing {
        let mut pairing = Pairing::default();
        for (row, (first, acked)) in requests.iter().enumerate() {
            let (first, acked) = (*first, *acked);
            assert_eq!(pairing.asked(Open { row, first, acked }), None);
        }
        pairing
    }

    fn rows(found: &Found) -> (Option<usize>, Option<usize>, usize) {
        (
            found.row,
            found.swallowed.first().copied(),
            found.unclear.len(),
        )
    }

    #[test]
    fn without_holes_the_order_says_it() {
        let mut pairing = asked(&[(100, 500), (150, 500)]);
        assert_eq!(rows(&pairing.answered(500, 200)), (Some(0), None, 0));
        assert_eq!(rows(&pairing.answered(540, 200)), (Some(1), None, 0));
        assert_eq!(rows(&pairing.answered(580, 200)), (None, None, 0));
    }

    #[test]
    fn a_missing_response_is_that_of_the_request_before() {
        // One after the other: the second was asked when the first was answered.
        let mut pairing = asked(&[(100, 500), (150, 550)]);
        pairing.misses_responses(Some(500));
        assert_eq!(rows(&pairing.answered(550, 200)), (Some(1), Some(0), 0));
        // Both at once: one response is missing and one is there.
        let mut pairing = asked(&[(100, 500), (150, 500)]);
        pairing.misses_responses(Some(500));
        assert_eq!(rows(&pairing.answered(550, 200)), (Some(1), Some(0), 0));
    }

    #[test]
    fn which_of_several_is_answered_after_a_hole_is_not_guessed() {
        let mut pairing = asked(&[(100, 500), (150, 500), (200, 500)]);
        pairing.misses_responses(Some(500));
        assert_eq!(rows(&pairing.answered(550, 300)), (None, Some(0), 2));
        let later = Open {
            row: 9,
            first: 300,
            acked: 600,
        };
        assert_eq!(pairing.asked(later), Some(Lost::Unclear));
        assert_eq!(rows(&pairing.answered(600, 400)), (None, None, 0));
    }

    #[test]
    fn what_was_asked_when_all_before_was_answered_is_answered_next() {
        let mut pairing = asked(&[(100, 500), (150, 550), (200, 600)]);
        pairing.misses_responses(None);
        pairing.misses_requests();
        let found = pairing.answered(600, 300);
        assert_eq!((found.row, found.swallowed), (Some(2), vec![0, 1]));
        // Not what has not come yet.
        let mut pairing = asked(&[(100, 500), (150, 550)]);
        pairing.misses_responses(None);
        pairing.misses_requests();
        assert_eq!(rows(&pairing.answered(550, 150)), (None, None, 2));
    }

    #[test]
    fn a_hole_within_a_response_takes_none() {
        let mut pairing = asked(&[(150, 550)]);
        pairing.misses_responses(None);
        assert_eq!(rows(&pairing.answered(550, 200)), (Some(0), None, 0));
        // What was missing was said before the response.
        let mut pairing = asked(&[(100, 500)]);
        pairing.misses_responses(Some(500));
        assert_eq!(rows(&pairing.answered(525, 200)), (Some(0), None, 0));
    }

    #[test]
    fn the_response_to_a_missing_request_is_nobodys() {
        let mut pairing = asked(&[(150, 550)]);
        pairing.misses_requests();
        // It comes before the request that is there.
        assert_eq!(rows(&pairing.answered(500, 150)), (None, None, 0));
        assert_eq!(rows(&pairing.answered(550, 200)), (Some(0), None, 0));
        // Sent together with the one that is missing.
        let mut pairing = asked(&[(150, 500)]);
        pairing.misses_requests();
        assert_eq!(rows(&pairing.answered(520, 200)), (None, None, 1));
    }
}
