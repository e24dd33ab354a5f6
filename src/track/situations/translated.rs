//! Connections that are in the capture twice, before and after a translation of addresses, as a router
//! shows them that is captured on all its interfaces.
//!
//! Translation leaves the initial sequence numbers of both sides alone: 64 bits that no two
//! connections share by chance. Where somebody chose them, as a lesson does, the rest must fit too: the
//! later SYN comes before the answer, with a TTL counted down, and the answer comes from behind
//! before it comes in front. What was never answered has but one of the numbers: it counts where
//! others show the same translation.

use crate::facts::situation::{About, Situation, SituationKind, Story};
use crate::track::room::Room;
use crate::track::tcp::{Connections, Opening};
use foldhash::fast::RandomState;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

/// A router takes no longer, in nanoseconds.
const WITHIN: i64 = 1_000_000_000;
/// Of how many connections the frames are named.
const NAMED: usize = 10;
/// How many translations are named.
const TOLD: usize = 8;

/// What became of an address.
type Change = (IpAddr, IpAddr);

/// Finds them.
pub(super) fn find(tcp: &Connections) -> Option<Situation> {
    let answered = |stream: usize| Some((key(&tcp.opening(stream)?)?, stream));
    let mut answered: Vec<(u64, usize)> = (0..tcp.len()).filter_map(answered).collect();
    answered.sort_unstable();
    let mut both: Vec<(Opening, Opening)> = Vec::new();
    for alike in answered.chunk_by(|a, b| a.0 == b.0).filter(|a| a.len() > 1) {
        let openings = alike.iter().filter_map(|(_, stream)| tcp.opening(*stream));
        let openings: Vec<Opening> = openings.collect();
        let pairs = openings.windows(2).map(|pair| (pair[0], pair[1]));
        both.extend(pairs.filter(|(a, b)| passed_on(a, b) && comes_back(a, b)));
    }
    if both.is_empty() {
        return None;
    }
    let mut changes: Vec<Change> = Vec::new();
    let mut known: HashSet<Change, RandomState> = HashSet::default();
    for change in both.iter().flat_map(|(a, b)| changed(a, b)) {
        if known.insert(change) && changes.has_room(TOLD) {
            changes.push(change);
        }
    }
    both.extend(unanswered(tcp, &known));
    both.sort_unstable_by_key(|(a, _)| a.syn.0);
    let named = both.iter().take(NAMED);
    let mut frames: Vec<u32> = named
        .flat_map(|(a, b)| [a.syn.0, b.syn.0, b.answer.0, a.answer.0])
        .filter(|frame| *frame != 0)
        .collect();
    frames.sort_unstable();
    let story = Story::Translated {
        count: both.len(),
        changes,
        more: known.len() > TOLD,
    };
    Some(Situation::new(
        SituationKind::CapturedTwice,
        About::Tcp,
        frames,
        story,
    ))
}

/// Both initial numbers.
fn key(opening: &Opening) -> Option<u64> {
    Some(u64::from(opening.isn) << 32 | u64::from(opening.answer_isn?))
}

/// Which addresses differ.
fn changed(a: &Opening, b: &Opening) -> impl Iterator<Item = Change> {
    let ends = [0, 1].map(|end| (a.ends[end].0, b.ends[end].0));
    ends.into_iter().filter(|(before, after)| before != after)
}

/// Whether the second SYN may be the first, from another address and behind a router.
fn passed_on(a: &Opening, b: &Opening) -> bool {
    let later = b.syn.1.saturating_sub(a.syn.1);
    a.syn.2 > b.syn.2 && (0..=WITHIN).contains(&later) && changed(a, b).next().is_some()
}

/// Whether the answer came from behind the router to its front.
fn comes_back(a: &Opening, b: &Opening) -> bool {
    b.syn.0 < b.answer.0 && b.answer.0 < a.answer.0 && b.answer.1 > a.answer.1
}

/// Calls without a SYN+ACK of which the same happened.
fn unanswered(tcp: &Connections, known: &HashSet<Change, RandomState>) -> Vec<(Opening, Opening)> {
    let mut open: HashMap<(u32, u16, u16), Opening, RandomState> = HashMap::default();
    let mut both = Vec::new();
    for opening in (0..tcp.len()).filter_map(|stream| tcp.opening(stream)) {
        if opening.answer_isn.is_some() {
            continue;
        }
        let key = (opening.isn, opening.ends[0].1, opening.ends[1].1);
        match open.get(&key) {
            Some(first)
                if passed_on(first, &opening)
                    && changed(first, &opening).all(|change| known.contains(&change)) =>
            {
                both.push((*first, opening));
                open.remove(&key);
            }
            _ => {
                open.insert(key, opening);
            }
        }
    }
    both
}
