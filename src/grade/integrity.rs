//! Packets that two hand-ins share. This is evidence for a person, never a verdict.

use super::student::Marks;
use crate::handout::material::Print;
use hashbrown::HashMap;

/// What two hand-ins share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The one whose name comes first.
    pub first: usize,
    /// The other.
    pub second: usize,
    /// Captures that share packets.
    pub captures: Vec<Pair>,
}

/// Two captures that share packets.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Capture of the first.
    pub first: String,
    /// Capture of the second.
    pub second: String,
    /// Frames of the first, and those of the second that hold the same bytes.
    pub frames: Vec<(u32, u32)>,
    /// Frames of the shorter capture that could have been shared.
    pub of: usize,
    /// Nanoseconds from the first's time stamps to the second's; nothing when they differ.
    pub shift: Option<i64>,
}

/// Fewest shared packets that are worth a word.
const FEWEST: usize = 3;
/// Frames shorter than this are alike by nature.
const SHORTEST: u32 = 60;

/// Finds hand-ins that share packets. What many hand-ins have, and broadcasts, say nothing.
pub fn shared(all: &[Marks]) -> Vec<Shared> {
    // Where each frame occurs: student, capture, frame.
    let mut places: HashMap<u64, Vec<(usize, usize, Print)>, foldhash::fast::FixedState> =
        HashMap::default();
    for (student, marks) in all.iter().enumerate() {
        for (capture, (_, prints)) in marks.prints.iter().enumerate() {
            for print in prints.iter().filter(|p| !p.common && p.length >= SHORTEST) {
                places
                    .entry(print.whole)
                    .or_default()
                    .push((student, capture, *print));
            }
        }
    }
    type Key = (usize, usize, usize, usize);
    let mut pairs: std::collections::BTreeMap<Key, Vec<(Print, Print)>> =
        std::collections::BTreeMap::new();
    let limit = (all.len() / 4).max(4);
    for list in places.values() {
        let mut students: Vec<usize> = list.iter().map(|p| p.0).collect();
        students.sort_unstable();
        students.dedup();
        if students.len() < 2 || students.len() > limit {
            continue;
        }
        for a in list {
            for b in list {
                if a.0 < b.0 {
                    pairs
                        .entry((a.0, b.0, a.1, b.1))
                        .or_default()
                        .push((a.2, b.2));
                }
            }
        }
    }
    let mut found: Vec<Shared> = Vec::new();
    for ((first, second, x, y), mut frames) in pairs {
        frames.sort_by_key(|(a, b)| (a.frame, b.frame));
        frames.dedup_by_key(|(a, _)| a.frame);
        let ours = &all[first].prints[x].1;
        let theirs = &all[second].prints[y].1;
        let countable = |p: &&Print| !p.common && p.length >= SHORTEST;
        let of = ours
            .iter()
            .filter(countable)
            .count()
            .min(theirs.iter().filter(countable).count());
        // The bytes of short captures are few: then all of them.
        let enough = frames.len() >= FEWEST || of > 0 && frames.len() == of && same_pace(&frames);
        if !enough {
            continue;
        }
        let shifts: Vec<i64> = frames.iter().map(|(a, b)| b.time - a.time).collect();
        let even = shifts.iter().all(|s| (s - shifts[0]).abs() < 2_000);
        let pair = Pair {
            first: all[first].prints[x].0.clone(),
            second: all[second].prints[y].0.clone(),
            frames: frames.iter().map(|(a, b)| (a.frame, b.frame)).collect(),
            of,
            shift: even.then_some(shifts[0]),
        };
        match found
            .iter_mut()
            .find(|s| s.first == first && s.second == second)
        {
            Some(known) => known.captures.push(pair),
            None => found.push(Shared {
                first,
                second,
                captures: vec![pair],
            }),
        }
    }
    found
}

/// Whether frames come at the same distances in both.
fn same_pace(frames: &[(Print, Print)]) -> bool {
    let shift = |(a, b): &(Print, Print)| b.time - a.time;
    let Some(first) = frames.first().map(shift) else {
        return false;
    };
    frames.iter().all(|f| (shift(f) - first).abs() < 2_000)
}

impl Pair {
    /// What was seen, in a sentence.
    pub fn sentence(&self) -> String {
        let list = |pick: fn(&(u32, u32)) -> u32| {
            let all: Vec<String> = self
                .frames
                .iter()
                .take(5)
                .map(|f| pick(f).to_string())
                .collect();
            let more = if self.frames.len() > 5 { ", …" } else { "" };
            format!("{}{more}", all.join(", "))
        };
        let time = match self.shift {
            Some(0) => "with the same time stamps".to_owned(),
            Some(shift) => {
                let seconds =
                    crate::handout::value::decimals(crate::handout::value::seconds(shift));
                format!("every time stamp {seconds} s later in the second")
            }
            None => "with other time stamps".to_owned(),
        };
        format!(
            "{} of {} packets of {} and {} hold the same bytes, {time} (frames {} and {})",
            self.frames.len(),
            self.of,
            self.first,
            self.second,
            list(|f| f.0),
            list(|f| f.1),
        )
    }
}
