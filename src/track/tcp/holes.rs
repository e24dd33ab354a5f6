//! Holes in the sequence numbers that one side has sent: what the capture has not shown (yet).

/// How many are remembered; the oldest are then taken for lost.
const MOST: usize = 64;

/// Numbers that were passed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Hole {
    from: u32,
    to: u32,
    /// The other side has acknowledged them all the same.
    told: bool,
}

/// The holes of one side, oldest first.
#[derive(Default)]
pub(super) struct Holes(Vec<Hole>);

impl Holes {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one ends right before this number.
    pub(super) fn end_at(&self, number: u32) -> bool {
        self.0.iter().any(|hole| hole.to == number)
    }

    /// Adds one; `told` when an acknowledgment showed it.
    pub(super) fn add(&mut self, from: u32, to: u32, told: bool) {
        self.0.push(Hole { from, to, told });
        self.bound();
    }

    /// Takes these numbers out of the holes; says how many there were.
    pub(super) fn fill(&mut self, start: u32, end: u32) -> u32 {
        let before = |a: u32, b: u32| a.wrapping_sub(b).cast_signed() < 0;
        let mut filled = 0u32;
        let mut left = Vec::with_capacity(self.0.len());
        for hole in self.0.drain(..) {
            if !before(start, hole.to) || !before(hole.from, end) {
                left.push(hole);
                continue;
            }
            let first = if before(hole.from, start) {
                start
            } else {
                hole.from
            };
            let last = if before(end, hole.to) { end } else { hole.to };
            filled = filled.saturating_add(last.wrapping_sub(first));
            let rest = [Hole { to: first, ..hole }, Hole { from: last, ..hole }];
            left.extend(rest.into_iter().filter(|h| h.from != h.to));
        }
        self.0 = left;
        self.bound();
        filled
    }

    /// Whether this acknowledgment is the first that covers a hole.
    pub(super) fn acknowledge(&mut self, ack: u32) -> bool {
        let mut first = false;
        for hole in &mut self.0 {
            if !hole.told && ack.wrapping_sub(hole.to).cast_signed() >= 0 {
                hole.told = true;
                first = true;
            }
        }
        first
    }

    /// How many numbers were acknowledged and not seen. Holes of numbers that nobody can have sent
    /// may be as long as they like.
    pub(super) fn acknowledged(&self) -> u32 {
        let told = self.0.iter().filter(|hole| hole.told);
        let lengths = told.map(|hole| hole.to.wrapping_sub(hole.from));
        lengths.fold(0, u32::saturating_add)
    }

    fn bound(&mut self) {
        let over = self.0.len().saturating_sub(MOST);
        self.0.drain(..over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_is_filled_from_its_middle_and_only_once() {
        let mut holes = Holes::default();
        holes.add(u32::MAX - 9, 10, false);
        assert_eq!(holes.fill(u32::MAX, 5), 6);
        assert_eq!(holes.fill(u32::MAX, 5), 0);
        assert_eq!(holes.fill(0, 100), 5);
        assert_eq!(holes.fill(u32::MAX - 100, 100), 9);
        assert!(holes.is_empty());
    }

    #[test]
    fn holes_of_more_than_all_numbers_are_no_panic() {
        let mut holes = Holes::default();
        for from in [0, 10, 20] {
            holes.add(from, from + (1 << 31) - 1, true);
        }
        assert_eq!(holes.acknowledged(), u32::MAX);
        assert!(holes.fill(5, 6) > 0);
    }

    #[test]
    fn an_acknowledged_hole_is_told_once() {
        let mut holes = Holes::default();
        holes.add(10, 20, false);
        assert!(!holes.acknowledge(19));
        assert!(holes.acknowledge(20));
        assert!(!holes.acknowledge(30));
    }
}
