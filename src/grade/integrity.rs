//! Packets that two hand-ins share. This is evidence for a person, never a verdict.
//!
//! Packets are held against each other by their bytes, and by what no other packet has: sequence and
//! transaction numbers, what a ping carries. Addresses, ports, times and texts may have been changed.
//! Broadcasts, what the teacher gave out and what much of the class has, are left out.

use super::prints::{Print, Prints};
use super::student::Marks;
use crate::handout::value::{decimals, seconds};
use hashbrown::HashSet;
use std::collections::BTreeMap;

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

impl Shared {
    /// Whether more is shared than two people see who record the same traffic.
    pub fn is_copy(&self) -> bool {
        self.captures.iter().any(|c| c.how != How::Together)
    }
}

/// Two captures that share packets.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Capture of the first.
    pub first: String,
    /// Capture of the second.
    pub second: String,
    /// Frames of the first, and those of the second that are the same packets.
    pub frames: Vec<(u32, u32)>,
    /// Frames of the shorter capture that could have been shared.
    pub of: usize,
    /// Nanoseconds from the first's time stamps to the second's; nothing when they differ.
    pub shift: Option<i64>,
    /// How they are the same.
    pub how: How,
    /// The texts in some of them differ.
    pub other_text: bool,
}

/// How packets are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The same bytes, at the same moments or all shifted alike.
    Copied,
    /// The same numbers, with other addresses, ports or texts.
    Rewritten,
    /// The same packets, with time stamps that fit no second recording.
    Retimed,
    /// The same packets at nearly the same moments: recorded twice.
    Together,
}

impl How {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            How::Copied => "copied",
            How::Rewritten => "rewritten",
            How::Retimed => "retimed",
            How::Together => "recorded-twice",
        }
    }
}

/// Packets that many hand-ins have.
#[derive(Clone, Debug)]
pub struct Spread {
    /// Who has them.
    pub students: Vec<usize>,
    /// How many packets.
    pub packets: usize,
    /// A capture that has them.
    pub example: String,
}

/// Fewest shared packets that are worth a word.
const FEWEST: usize = 3;
/// Moments that differ by less are the same, in nanoseconds.
const EVEN: i64 = 2_000;
/// Two recordings of the same packets differ by less than this, in nanoseconds.
const NEAR: i64 = 100_000_000;

type Fixed = foldhash::fast::FixedState;
/// Packets that say nothing, by their prints.
pub type Known = HashSet<u64, Fixed>;
type Place = (usize, usize, usize);
type Key = (usize, usize, usize, usize);

/// The packets of captures that everybody may have: those of the teacher.
pub fn known<'p>(prints: impl Iterator<Item = &'p Prints>) -> Known {
    let mut out = Known::default();
    for print in prints.flat_map(|p| &p.frames) {
        out.insert(print.whole);
        out.extend(print.content);
    }
    out
}

/// What was found in a class.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Pairs of hand-ins that share packets.
    pub shared: Vec<Shared>,
    /// Packets that many have.
    pub spread: Vec<Spread>,
}

/// Finds hand-ins that share packets, and packets that many have.
pub fn findings(all: &[Marks], known: &Known) -> Findings {
    let lists = index(all, known);
    let limit = (all.len() / 4).max(4);
    let mut pairs: BTreeMap<Key, BTreeMap<usize, usize>> = BTreeMap::new();
    let mut many: BTreeMap<Vec<usize>, (usize, String)> = BTreeMap::new();
    for list in &lists {
        let mut students: Vec<usize> = list.iter().map(|p| p.0).collect();
        students.dedup();
        if students.len() > limit {
            let (student, capture, _) = list[0];
            let name = &all[student].prints[capture].file;
            many.entry(students).or_insert_with(|| (0, name.clone())).0 += 1;
            continue;
        }
        couple(list, &mut pairs);
    }
    let mut found: Vec<Shared> = Vec::new();
    for ((first, second, x, y), frames) in pairs {
        let (one, two) = (&all[first].prints[x], &all[second].prints[y]);
        let Some(pair) = weigh(one, two, &frames, known) else {
            continue;
        };
        match found
            .iter_mut()
            .find(|s| s.first == first && s.second == second)
        {
            Some(entry) => entry.captures.push(pair),
            None => found.push(Shared {
                first,
                second,
                captures: vec![pair],
            }),
        }
    }
    let spread = many
        .into_iter()
        .filter(|(_, (packets, _))| *packets >= FEWEST)
        .map(|(students, (packets, example))| Spread {
            students,
            packets,
            example,
        })
        .collect();
    Findings {
        shared: found,
        spread,
    }
}

/// The places of packets that several hand-ins have, in the order they first come: by all bytes, and
/// then by what is particular in them; where the bytes are the same, nothing else has to be.
fn index(all: &[Marks], known: &Known) -> Vec<Vec<Place>> {
    let mut places: Vec<(u64, usize, Place)> = Vec::new();
    for pick in [|p: &Print| Some(p.whole), |p: &Print| p.content] {
        for (student, marks) in all.iter().enumerate() {
            for (capture, prints) in marks.prints.iter().enumerate() {
                for (at, print) in prints.frames.iter().enumerate() {
                    if let Some(key) = pick(print).filter(|_| !foreign(print, known)) {
                        places.push((key, places.len(), (student, capture, at)));
                    }
                }
            }
        }
    }
    places.sort_unstable_by_key(|(key, order, _)| (*key, *order));
    let mut groups: Vec<&[(u64, usize, Place)]> = places
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|g| g.iter().any(|p| p.2.0 != g[0].2.0))
        .collect();
    groups.sort_unstable_by_key(|g| g[0].1);
    let list = |g: &&[(u64, usize, Place)]| g.iter().take(2_000).map(|p| p.2).collect();
    groups.iter().map(list).collect()
}

/// Puts equal packets of two captures side by side: the first with the first, and so on.
fn couple(list: &[Place], pairs: &mut BTreeMap<Key, BTreeMap<usize, usize>>) {
    let runs: Vec<&[Place]> = list.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).collect();
    for (n, ours) in runs.iter().enumerate() {
        for theirs in runs[n + 1..].iter().filter(|t| t[0].0 != ours[0].0) {
            let key = (ours[0].0, theirs[0].0, ours[0].1, theirs[0].1);
            let frames = pairs.entry(key).or_default();
            for (a, b) in ours.iter().zip(*theirs) {
                frames.entry(a.2).or_insert(b.2);
            }
        }
    }
}

/// Whether a packet is the teacher's.
fn foreign(print: &Print, known: &Known) -> bool {
    known.contains(&print.whole) || print.content.is_some_and(|c| known.contains(&c))
}

/// What the shared packets of two captures say, if they are enough to say something.
fn weigh(
    one: &Prints,
    two: &Prints,
    frames: &BTreeMap<usize, usize>,
    known: &Known,
) -> Option<Pair> {
    let couples: Vec<(Print, Print)> = frames
        .iter()
        .filter_map(|(a, b)| Some((*one.frames.get(*a)?, *two.frames.get(*b)?)))
        .collect();
    let countable = |p: &Prints| p.frames.iter().filter(|f| !foreign(f, known)).count();
    let of = countable(one).min(countable(two));
    let shifts: Vec<i64> = couples.iter().map(|(a, b)| b.time - a.time).collect();
    let (least, most) = (*shifts.iter().min()?, *shifts.iter().max()?);
    let even = most - least < EVEN;
    let same = couples.iter().filter(|(a, b)| a.whole == b.whole).count();
    // The packets of short captures are few: then all of them, byte by byte.
    let enough = couples.len() >= FEWEST || same == couples.len() && couples.len() == of && even;
    if !enough {
        return None;
    }
    let moved = couples.iter().any(|(a, b)| a.addresses != b.addresses);
    let other_text = couples.iter().any(|(a, b)| a.text != b.text);
    let how = if same * 2 <= couples.len() && (moved || other_text || even) {
        How::Rewritten
    } else if even {
        How::Copied
    } else if most - least < NEAR && !other_text {
        How::Together
    } else {
        How::Retimed
    };
    Some(Pair {
        first: one.file.clone(),
        second: two.file.clone(),
        frames: couples.iter().map(|(a, b)| (a.frame, b.frame)).collect(),
        of,
        shift: even.then_some(shifts[0]),
        how,
        other_text,
    })
}

impl Spread {
    /// What was seen, in a sentence.
    pub fn sentence(&self) -> String {
        format!(
            "{} packets, such as those of {}, are in {} hand-ins: if you gave them out, name their folder with --teacher",
            self.packets,
            self.example,
            self.students.len()
        )
    }
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
            Some(shift) if shift.abs() < EVEN => "with the same time stamps".to_owned(),
            Some(shift) => {
                let when = if shift > 0 { "later" } else { "earlier" };
                let seconds = decimals(seconds(shift.abs()));
                format!("every time stamp {seconds} s {when} in the second")
            }
            None => "with other time stamps".to_owned(),
        };
        let what = match self.how {
            How::Copied => "hold the same bytes",
            How::Rewritten if self.other_text => {
                "carry the same numbers (sequence numbers, transaction numbers, what pings carry), with other addresses or texts"
            }
            How::Rewritten => {
                "carry the same numbers (sequence numbers, transaction numbers, what pings carry), with other addresses or ports"
            }
            How::Retimed => "are the same, though their time stamps fit no second recording",
            How::Together => {
                "are the same, recorded twice at nearly the same moments, as when people work together"
            }
        };
        format!(
            "{} of {} packets of {} and {} {what}, {time} (frames {} and {})",
            self.frames.len(),
            self.of,
            self.first,
            self.second,
            list(|f| f.0),
            list(|f| f.1),
        )
    }
}
