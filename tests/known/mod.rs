//! What the networks whose truth is known have in common: which of their packets a capture has, and
//! that what is told of it is held against the truth.

use crate::scenario;
use std::fmt::{Debug, Write};
use std::io::Cursor;
use wirelab::analyze::{Analysis, Wants, analyze};
use wirelab::capture::Reader;

/// Microseconds since the capture began.
pub(crate) type Micros = u64;

/// How hosts number their packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identifications {
    Count,
    Zero,
    Random,
}

/// What a capture has of all that came by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum View {
    All,
    /// What the clients sent, and what they were sent.
    FromClients,
    ToClients,
    /// So many packets are missing at the beginning, or at the end.
    Late(usize),
    Early(usize),
}

impl View {
    /// Whether it has the packet at a place among `count`.
    pub(crate) fn has(self, from_client: bool, at: usize, count: usize) -> bool {
        match self {
            View::All => true,
            View::FromClients => from_client,
            View::ToClients => !from_client,
            View::Late(without) => at >= without,
            View::Early(without) => at < count - without,
        }
    }
}

/// A capture in the language of `fixtures/scenarios`, and what is told of it.
pub(crate) struct Told {
    pub(crate) lines: String,
    pub(crate) analysis: Analysis,
}

impl Told {
    /// Of a capture whose newest packet came at a moment: unless it ends early it goes on after it.
    pub(crate) fn of(mut lines: String, view: View, newest: Micros) -> Told {
        if !matches!(view, View::Early(_)) {
            let later = newest / 1_000_000 + 6;
            let _ = writeln!(lines, "{later}.000000 c > s eth type=34958 hex=00");
        }
        let capture = scenario::capture(&lines).expect("packets");
        let reader = Reader::from_read("simulated", Cursor::new(capture));
        let analysis = analyze(reader, Wants::default(), None, |_| {});
        Told { lines, analysis }
    }

    /// What is told and is not so, with the capture; `seed` and `setting` say which network it is of.
    pub(crate) fn lies(
        &self,
        wrong: &[String],
        seed: u64,
        view: View,
        setting: &dyn Debug,
    ) -> Option<String> {
        let list = wrong.join("\n  - ");
        let lines = &self.lines;
        (!wrong.is_empty()).then(|| format!("{seed} {view:?}:\n  - {list}\n{setting:?}\n{lines}"))
    }
}

/// Holds what is told of networks against the truth, each with five captures: `length` says how many
/// packets came by, `lies` what is told of a capture and is not so. `WIRELAB_SEED` and
/// `WIRELAB_COUNT` choose other networks.
pub(crate) fn every_network(
    length: impl Fn(u64) -> usize,
    lies: impl Fn(u64, View) -> Option<String>,
) {
    let number = |name: &str, usual: u64| {
        std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
    };
    let (seed, count) = (number("WIRELAB_SEED", 1), number("WIRELAB_COUNT", 300));
    let mut all = Vec::new();
    for seed in seed..seed + count {
        let cut = usize::try_from(seed).expect("64 bits") * 7 % length(seed).max(1);
        let views = [
            View::All,
            View::FromClients,
            View::ToClients,
            View::Late(cut),
            View::Early(cut),
        ];
        all.extend(views.into_iter().filter_map(|view| lies(seed, view)));
    }
    assert!(
        all.is_empty(),
        "{} captures of {count} networks are told falsely:\n{}",
        all.len(),
        all.join("\n")
    );
}
