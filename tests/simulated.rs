//! Is what is told of a connection true? A network whose truth is known leaves a capture, and what
//! is concluded from that is held against what really happened. Where a statement is wrong, the
//! capture is printed in the language of `fixtures/scenarios`.

mod claims;
mod known;
mod network;
mod numbers;
mod scenario;

use claims::{connection, exchange};
use known::{Told, View, every_network};
use network::{CLIENT, Network, Truth};
use std::collections::HashSet;
use wirelab::facts::http::Exchange;
use wirelab::facts::situation::SituationKind;
use wirelab::store::{self, Options};

/// What is told of a network's capture and is not so, with the capture.
fn lies(seed: u64, view: View) -> Option<String> {
    let network = Network::run(seed);
    let count = network.captured.len();
    let all = network.captured.iter().enumerate();
    let captured: Vec<_> = all
        .filter(|(at, c)| view.has(c.segment.from == CLIENT, *at, count))
        .map(|(_, c)| c.clone())
        .collect();
    let newest = captured.last()?.time;
    let told = Told::of(network.lines(&captured), view, newest);
    let analysis = &told.analysis;
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
    for told in connection::told(analysis) {
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
        (store::kind("exchanges").expect("exchanges").rows)(analysis, Options::default());
    for record in (0..exchanges.len()).filter_map(|row| exchanges.get(row)) {
        let told: &Exchange = record.as_any().downcast_ref().expect("an exchange");
        wrong.extend(exchange::check(told, &network, &captured, misses));
    }
    told.lies(&wrong, seed, view, &network.setting)
}

#[test]
fn what_is_told_is_so() {
    every_network(|seed| Network::run(seed).captured.len(), lies);
}
