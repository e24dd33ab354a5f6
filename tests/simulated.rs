//! Is what is told of a connection true? A network whose truth is known leaves a capture, and what
//! is concluded from that is held against what really happened. Where a statement is wrong, the
//! capture is printed in the language of `fixtures/scenarios`.

mod claims;
mod network;
mod numbers;
mod scenario;

use claims::{connection, exchange};
use network::{CLIENT, Captured, Network, SERVER, Truth};
use std::collections::HashSet;
use std::fmt::Write;
use std::io::Cursor;
use wirelab::analyze::{Wants, analyze};
use wirelab::capture::Reader;
use wirelab::facts::http::Exchange;
use wirelab::facts::situation::SituationKind;
use wirelab::store::{self, Options};

/// What the capture has of all that came by.
#[derive(Clone, Copy, Debug, PartialEq)]
enum View {
    All,
    OneSide(usize),
    /// So many segments are missing at the beginning, or at the end.
    Late(usize),
    Early(usize),
}

fn seen(network: &Network, view: View) -> Vec<Captured> {
    let all = network.captured.iter().cloned();
    match view {
        View::All => all.collect(),
        View::OneSide(side) => all.filter(|c| c.segment.from == side).collect(),
        View::Late(without) => all.skip(without).collect(),
        View::Early(without) => all.take(network.captured.len() - without).collect(),
    }
}

/// What is told of a network's capture and is not so, with the capture.
fn lies(seed: u64, view: View) -> Option<String> {
    let network = Network::run(seed);
    let captured = seen(&network, view);
    let last = captured.last()?.time;
    let mut lines = network.lines(&captured);
    if !matches!(view, View::Early(_)) {
        // The capture goes on.
        let _ = writeln!(
            lines,
            "{}.000000 c > s eth type=34958 hex=00",
            last / 1_000_000 + 6
        );
    }
    let capture = scenario::capture(&lines).expect("packets");
    let reader = Reader::from_read("simulated", Cursor::new(capture));
    let analysis = analyze(reader, Wants::default(), None, |_| {});
    let misses = network.setting.missed > 0 || !matches!(view, View::All | View::Early(_));
    let mut wrong = Vec::new();
    let mut met = HashSet::new();
    for situation in &analysis.facts.situations {
        let sure = match situation.kind {
            SituationKind::SecondClientWaiting => network.setting.one_at_a_time,
            SituationKind::OddReset | SituationKind::HalfOpen => false,
            _ => true,
        };
        if !sure {
            wrong.push(format!("{}: {}", situation.kind, situation.sentence));
        }
    }
    for told in connection::told(&analysis) {
        let first = captured[told.connection.first_frame as usize - 1]
            .segment
            .connection;
        if !met.insert(first) {
            wrong.push(format!("connection {first} is two"));
        }
        let truth = Truth::of(&network, &captured, first);
        let plan = &truth.really.plan;
        wrong.extend(
            connection::check(&told, &truth, network.setting.missed > 0)
                .into_iter()
                .map(|what| format!("{what} (port {}: {plan:?})", truth.really.port)),
        );
    }
    let exchanges =
        (store::kind("exchanges").expect("exchanges").rows)(&analysis, Options::default());
    for record in (0..exchanges.len()).filter_map(|row| exchanges.get(row)) {
        let told: &Exchange = record.as_any().downcast_ref().expect("an exchange");
        wrong.extend(exchange::check(told, &network, &captured, misses));
    }
    (!wrong.is_empty()).then(|| {
        format!(
            "{seed} {view:?}:\n  - {}\n{:?}\n{lines}",
            wrong.join("\n  - "),
            network.setting
        )
    })
}

#[test]
fn what_is_told_is_so() {
    let number = |name: &str, usual: u64| {
        std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
    };
    let (seed, count) = (number("WIRELAB_SEED", 1), number("WIRELAB_COUNT", 300));
    let mut all = Vec::new();
    for seed in seed..seed + count {
        let length = Network::run(seed).captured.len();
        let cut = usize::try_from(seed).expect("64 bits") * 7 % length.max(1);
        let views = [
            View::All,
            View::OneSide(CLIENT),
            View::OneSide(SERVER),
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
