//! What is odd about a file, one remark a cause.

/// A cause of a remark that concerns single frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A frame is older than the one before it.
    TimeBackwards,
    /// More than 999,999 microseconds or 999,999,999 nanoseconds.
    FractionTooLarge,
    /// Seconds that fill 32 bits.
    TimeAfter2038,
    /// A time after the year 2262, or before 1678.
    TimeOutOfRange,
    /// More bytes were captured than were on the wire.
    CapturedOverWire,
    /// More bytes were captured than the snapshot length allows.
    CapturedOverSnapshot,
}

const CAUSES: [Cause; 6] = [
    Cause::TimeBackwards,
    Cause::FractionTooLarge,
    Cause::TimeAfter2038,
    Cause::TimeOutOfRange,
    Cause::CapturedOverWire,
    Cause::CapturedOverSnapshot,
];

impl Cause {
    fn words(self) -> &'static str {
        match self {
            Cause::TimeBackwards => "time runs backwards",
            Cause::FractionTooLarge => "a fraction of a second is a second or more",
            Cause::TimeAfter2038 => "a time is after January 2038, or was negative when written",
            Cause::TimeOutOfRange => "a time is too far from today to be meant, and is left out",
            Cause::CapturedOverWire => "more bytes were captured than were on the wire",
            Cause::CapturedOverSnapshot => "more bytes were captured than the snapshot length",
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    count: u64,
    first: u32,
}

/// At most so many remarks that are not about frames: a hostile file must not fill the memory.
const MOST: usize = 32;

/// What is odd, collected while reading.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    tallies: [Tally; CAUSES.len()],
    others: Vec<String>,
}

impl Remarks {
    /// Frame `number` is odd for this cause.
    #[cold]
    pub(super) fn frame(&mut self, cause: Cause, number: u32) {
        let place = CAUSES.iter().position(|&known| known == cause);
        if let Some(tally) = place.and_then(|place| self.tallies.get_mut(place)) {
            if tally.count == 0 {
                tally.first = number;
            }
            tally.count += 1;
        }
    }

    /// The file is odd for this reason; said once however often it is found.
    #[cold]
    pub(super) fn file(&mut self, words: String) {
        if self.others.len() < MOST && !self.others.contains(&words) {
            self.others.push(words);
        }
    }

    /// The remarks in words.
    pub(super) fn sentences(&self) -> Vec<String> {
        let mut sentences = self.others.clone();
        for (cause, tally) in CAUSES.iter().zip(&self.tallies) {
            let (words, first) = (cause.words(), tally.first);
            match tally.count {
                0 => {}
                1 => sentences.push(format!("{words}: frame {first}")),
                count => sentences.push(format!("{words}: {count} frames, first frame {first}")),
            }
        }
        sentences
    }
}
