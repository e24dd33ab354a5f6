//! Segments that were sent and not yet acknowledged.
//!
//! Wireshark keeps a list per direction and walks it for every segment. Here a direction's list
//! is a queue, oldest first, which is nearly always sorted: then the front and the back are all
//! that is looked at.

use super::analysis::Side;
use crate::capture::Time;
use std::collections::VecDeque;

/// Most segments kept of one direction, as in Wireshark.
const MOST: usize = 10_000;

/// One segment on its way.
#[derive(Clone, Copy)]
pub(super) struct Unacked {
    pub(super) frame: u32,
    pub(super) seq: u32,
    pub(super) next: u32,
    pub(super) time: Time,
}

/// The segments of one direction.
#[derive(Default)]
pub(super) struct Queue {
    items: VecDeque<Unacked>,
    /// Whether each segment begins where or after the one before it ended.
    sorted: bool,
    /// Least first and greatest next number, when known.
    span: Option<(u32, u32)>,
    /// Which acknowledgments change nothing, when known: most come again and again.
    quiet: Option<Quiet>,
}

/// What the last look through all segments has found.
#[derive(Clone, Copy)]
struct Quiet {
    /// The acknowledgment that was looked through with.
    ack: u32,
    /// How far beyond it is the next number after any segment, and the first number of any.
    until: u32,
    /// How far beyond it is the farthest next number.
    farthest: u32,
}

impl Quiet {
    /// Whether this acknowledgment changes nothing either.
    fn covers(self, ack: u32) -> bool {
        let forward = ack.wrapping_sub(self.ack);
        let back = self.ack.wrapping_sub(ack);
        let behind = HALF.checked_sub(back);
        forward < self.until || behind.is_some_and(|room| self.farthest < room)
    }

    /// Takes in a segment; false if it is not beyond the acknowledgment.
    fn add(&mut self, item: &Unacked) -> bool {
        let [seq, next] = [item.seq, item.next].map(|n| n.wrapping_sub(self.ack));
        self.until = self.until.min(next).min(seq.saturating_add(1));
        self.farthest = self.farthest.max(next);
        seq < HALF && next < HALF && next > 0
    }
}

/// Half of all numbers: what is farther ahead is behind.
const HALF: u32 = 1 << 31;

/// Lends queues to the directions that have something on its way; most have not.
#[derive(Default)]
pub(super) struct Pool {
    queues: Vec<Queue>,
    free: Vec<u32>,
}

/// Which queue of the pool a direction uses.
#[derive(Clone, Copy)]
pub(super) struct Lease(u32);

impl Default for Lease {
    fn default() -> Self {
        Lease(u32::MAX)
    }
}

/// Serial number comparison (RFC 1982): whether `a` is after `b`. Of two numbers half a circle
/// apart each is after the other, as for Wireshark.
pub(super) fn after(a: u32, b: u32) -> bool {
    b.wrapping_sub(a).cast_signed() < 0
}

/// Serial number comparison with equality.
pub(super) fn at_or_after(a: u32, b: u32) -> bool {
    b.wrapping_sub(a).cast_signed() <= 0
}

impl Queue {
    /// Removes what `ack` covers of segments in any order; says whether anything has changed.
    fn look_through(&mut self, ack: u32, matched: &mut Option<Unacked>) -> bool {
        let (mut trimmed, mut covered) = (false, false);
        let (mut until, mut farthest) = (u32::MAX, 0);
        for item in &mut self.items {
            if !after(item.next, ack) {
                covered = true;
                if item.next == ack {
                    matched.get_or_insert(*item);
                }
                continue;
            }
            if after(ack, item.seq) {
                item.seq = ack;
                trimmed = true;
            }
            let [seq, next] = [item.seq, item.next].map(|n| n.wrapping_sub(ack));
            until = until.min(next).min(seq.saturating_add(1));
            farthest = farthest.max(next);
        }
        if covered {
            self.items.retain(|item| after(item.next, ack));
        }
        // Numbers half a circle apart are both before and after each other.
        self.quiet = (farthest < HALF).then_some(Quiet {
            ack,
            until,
            farthest,
        });
        trimmed || covered
    }
}

impl Pool {
    fn get(&mut self, lease: Lease) -> Option<&mut Queue> {
        self.queues.get_mut(crate::dissect::as_usize(lease.0))
    }

    /// Adds a segment to a direction.
    pub(super) fn push(&mut self, lease: &mut Lease, item: Unacked, base: u32) {
        if lease.0 == u32::MAX {
            let index = self.free.pop().unwrap_or_else(|| {
                self.queues.push(Queue::default());
                u32::try_from(self.queues.len() - 1).expect("fewer queues than streams")
            });
            *lease = Lease(index);
        }
        let queue = self.get(*lease).expect("the lease was just made");
        if queue.items.is_empty() {
            queue.sorted = true;
        }
        if queue.items.len() >= MOST {
            return;
        }
        queue.sorted &= queue
            .items
            .back()
            .is_none_or(|last| at_or_after(item.seq, last.next));
        queue.span = match queue.span {
            Some((low, high)) => {
                let from = |number: u32| number.wrapping_sub(base);
                let low = from(item.seq).min(from(low));
                let high = from(item.next).max(from(high));
                Some((base.wrapping_add(low), base.wrapping_add(high)))
            }
            None if queue.items.is_empty() => Some((item.seq, item.next)),
            None => None,
        };
        if let Some(quiet) = &mut queue.quiet
            && !quiet.add(&item)
        {
            queue.quiet = None;
        }
        queue.items.push_back(item);
    }

    /// Removes what `ack` covers; gives the oldest segment that ends exactly there.
    pub(super) fn acknowledge(&mut self, lease: &mut Lease, ack: u32) -> Option<Unacked> {
        let queue = self.get(*lease)?;
        let mut matched: Option<Unacked> = None;
        let mut changed = false;
        if queue.sorted {
            while let Some(front) = queue.items.front_mut() {
                if front.next == ack || !after(front.next, ack) {
                    if front.next == ack && matched.is_none() {
                        matched = Some(*front);
                    }
                    queue.items.pop_front();
                    changed = true;
                    continue;
                }
                if after(ack, front.seq) {
                    front.seq = ack;
                    changed = true;
                }
                break;
            }
        } else {
            if queue.quiet.is_some_and(|quiet| quiet.covers(ack)) {
                return None;
            }
            changed = queue.look_through(ack, &mut matched);
        }
        if changed {
            queue.span = None;
        }
        if queue.items.is_empty() {
            queue.span = None;
            queue.quiet = None;
            self.free.push(lease.0);
            *lease = Lease::default();
        }
        matched
    }

    /// Least first and greatest next number on its way, counted from `base`.
    pub(super) fn span(&mut self, lease: Lease, base: u32) -> Option<(u32, u32)> {
        let queue = self.get(lease)?;
        if queue.span.is_none() {
            queue.span = if queue.sorted {
                Some((queue.items.front()?.seq, queue.items.back()?.next))
            } else {
                let low = queue
                    .items
                    .iter()
                    .map(|i| i.seq)
                    .min_by_key(|s| s.wrapping_sub(base))?;
                let high = queue
                    .items
                    .iter()
                    .map(|i| i.next)
                    .max_by_key(|s| s.wrapping_sub(base))?;
                Some((low, high))
            };
        }
        queue.span
    }

    /// The oldest segment on its way.
    pub(super) fn oldest(&mut self, lease: Lease) -> Option<Unacked> {
        self.get(lease)?.items.front().copied()
    }

    /// Takes back what two directions used.
    pub(super) fn release(&mut self, sides: &mut [Side; 2]) {
        for side in sides {
            if let Some(queue) = self.get(side.unacked) {
                queue.items.clear();
                queue.span = None;
                queue.quiet = None;
                self.free.push(side.unacked.0);
                side.unacked = Lease::default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list as Wireshark has it: walked for every acknowledgment.
    #[derive(Default)]
    struct Plain(Vec<Unacked>);

    impl Plain {
        fn acknowledge(&mut self, ack: u32) -> Option<u32> {
            let mut matched = None;
            self.0.retain_mut(|item| {
                if item.next == ack {
                    matched.get_or_insert(item.frame);
                    return false;
                }
                if after(ack, item.seq) && after(item.next, ack) {
                    item.seq = ack;
                    return true;
                }
                after(item.next, ack)
            });
            matched
        }

        fn span(&self, base: u32) -> Option<(u32, u32)> {
            let by = |n: &u32| n.wrapping_sub(base);
            let low = self.0.iter().map(|i| i.seq).min_by_key(by)?;
            let high = self.0.iter().map(|i| i.next).max_by_key(by)?;
            Some((low, high))
        }
    }

    #[test]
    fn numbers_half_a_circle_apart_are_after_each_other() {
        for (a, b) in [(5, 5u32.wrapping_add(HALF)), (0, HALF)] {
            assert!(after(a, b) && after(b, a) && at_or_after(a, b) && at_or_after(b, a));
        }
        assert!(after(HALF - 1, 0) && !after(0, HALF - 1) && !after(7, 7) && at_or_after(7, 7));
    }

    #[test]
    fn what_covers_nothing_is_between_the_acknowledgment_and_the_first_number_that_changes() {
        let quiet = Quiet {
            ack: 1000,
            until: 50,
            farthest: 200,
        };
        assert!(quiet.covers(1000) && quiet.covers(1049) && !quiet.covers(1050));
        // Behind it, as far as all segments are still less than half a circle ahead.
        let back = |by: u32| 1000u32.wrapping_sub(by);
        assert!(quiet.covers(back(1)) && quiet.covers(back(HALF - 201)));
        assert!(!quiet.covers(back(HALF - 200)) && !quiet.covers(back(HALF)));
    }

    #[test]
    fn a_segment_beyond_the_acknowledgment_goes_on_with_what_is_known() {
        let add = |seq: u32, next: u32| {
            let mut quiet = Quiet {
                ack: 1000,
                until: 50,
                farthest: 20,
            };
            let item = Unacked {
                frame: 1,
                seq: seq.wrapping_add(1000),
                next: next.wrapping_add(1000),
                time: Time(0),
            };
            (quiet.add(&item), quiet.until, quiet.farthest)
        };
        assert_eq!(add(0, 10), (true, 1, 20));
        assert_eq!(add(30, 40), (true, 31, 40));
        assert_eq!(add(60, 70), (true, 50, 70));
        assert_eq!(add(HALF - 2, HALF - 1), (true, 50, HALF - 1));
        // What is not beyond it.
        for (seq, next) in [(0, 0), (u32::MAX, 5), (HALF - 1, HALF), (HALF, 5)] {
            assert!(!add(seq, next).0, "{seq} {next}");
        }
    }

    #[test]
    fn segments_in_any_order_are_acknowledged_as_by_walking_the_list() {
        let mut random = 7u32;
        let mut next = |limit: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 8) % limit
        };
        let mut looked = 0;
        for round in 0..2000u32 {
            let base = if round % 3 == 0 { u32::MAX - 50 } else { 1000 };
            let wide = if round % 5 == 0 { 1 << 31 } else { 200 };
            let (mut pool, mut lease, mut plain) =
                (Pool::default(), Lease::default(), Plain::default());
            for frame in 1..60 {
                if next(2) == 0 {
                    let seq = base.wrapping_add(next(wide));
                    let item = Unacked {
                        frame,
                        seq,
                        next: seq.wrapping_add(1 + next(30)),
                        time: Time(0),
                    };
                    pool.push(&mut lease, item, base);
                    plain.0.push(item);
                }
                let ack = base.wrapping_add(next(wide + 40));
                let found = pool.acknowledge(&mut lease, ack).map(|item| item.frame);
                assert_eq!(found, plain.acknowledge(ack));
                assert_eq!(pool.span(lease, base), plain.span(base));
                let oldest = pool.oldest(lease).map(|item| item.frame);
                assert_eq!(oldest, plain.0.first().map(|item| item.frame));
                // What is called quiet is just what changes nothing.
                let quiet = pool.get(lease).and_then(|queue| queue.quiet);
                if let Some(quiet) = quiet.filter(|_| wide == 200) {
                    looked += 1;
                    let ack = base.wrapping_sub(100).wrapping_add(next(400));
                    for ack in [ack, quiet.ack, quiet.ack.wrapping_add(quiet.until)] {
                        let changed = |i: &Unacked| !after(i.next, ack) || after(ack, i.seq);
                        assert_eq!(quiet.covers(ack), !plain.0.iter().any(changed));
                    }
                }
            }
        }
        assert!(looked > 10_000, "{looked}");
    }
}
