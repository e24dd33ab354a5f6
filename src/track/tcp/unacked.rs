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
}

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

/// Serial number comparison (RFC 1982): how far `a` is after `b`.
pub(super) fn after(a: u32, b: u32) -> bool {
    a.wrapping_sub(b).cast_signed() > 0
}

/// Serial number comparison with equality.
pub(super) fn at_or_after(a: u32, b: u32) -> bool {
    a.wrapping_sub(b).cast_signed() >= 0
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
            Some((low, high)) => Some((
                if item.seq.wrapping_sub(base) < low.wrapping_sub(base) {
                    item.seq
                } else {
                    low
                },
                if item.next.wrapping_sub(base) > high.wrapping_sub(base) {
                    item.next
                } else {
                    high
                },
            )),
            None if queue.items.is_empty() => Some((item.seq, item.next)),
            None => None,
        };
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
            let before = queue.items.len();
            queue.items.retain_mut(|item| {
                if item.next == ack {
                    matched.get_or_insert(*item);
                    return false;
                }
                if after(ack, item.seq) && after(item.next, ack) {
                    item.seq = ack;
                    changed = true;
                    return true;
                }
                after(item.next, ack)
            });
            changed |= queue.items.len() != before;
        }
        if changed {
            queue.span = None;
        }
        if queue.items.is_empty() {
            queue.span = None;
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
                self.free.push(side.unacked.0);
                side.unacked = Lease::default();
            }
        }
    }
}
