//! Is what is told of datagrams, pings and the way between hosts true? A network whose truth is known
//! leaves a capture, and what is concluded from that is held against what really happened. Where a
//! statement is wrong, the capture is printed in the language of `fixtures/scenarios`.

mod datagrams;
mod numbers;
mod scenario;

use datagrams::{Captured, Network, lines, told};
use std::fmt::Write;
use std::io::Cursor;
use wirelab::analyze::{Wants, analyze};
use wirelab::capture::Reader;

/// What the capture has of all that came by.
#[derive(Clone, Copy, Debug, PartialEq)]
enum View {
    All,
    FromClients,
    ToClients,
    /// So many packets are missing at the beginning, or at the end.
    Late(usize),
    Early(usize),
}

fn seen(network: &Network, view: View) -> Vec<Captured> {
    let mut captured = network.captured.clone();
    let down = |c: &Captured| network.place(c.packet.from) <= network.setting.link;
    let count = captured.len();
    for (at, one) in captured.iter_mut().enumerate() {
        one.missed |= match view {
            View::All => false,
            View::FromClients => !down(one),
            View::ToClients => down(one),
            View::Late(without) => at < without,
            View::Early(without) => at >= count - without,
        };
    }
    captured
}

/// What is told of a network's capture and is not so, with the capture.
fn lies(seed: u64, view: View) -> Option<String> {
    let network = Network::run(seed);
    let captured = seen(&network, view);
    let last = captured.iter().rfind(|c| !c.missed)?.time;
    let mut lines = lines(&network, &captured);
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
    let wrong = told::lies(&network, &captured, &analysis);
    (!wrong.is_empty()).then(|| {
        let plans: Vec<_> = network
            .clients
            .iter()
            .map(|c| (&c.plan, c.service))
            .collect();
        format!(
            "{seed} {view:?}:\n  - {}\n{:?}\n{plans:?}\n{lines}",
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
