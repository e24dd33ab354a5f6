//! Is what is told of datagrams, pings and the way between hosts true? A network whose truth is known
//! leaves a capture, and what is concluded from that is held against what really happened. Where a
//! statement is wrong, the capture is printed in the language of `fixtures/scenarios`.

mod datagrams;
mod known;
mod numbers;
mod scenario;

use datagrams::{Network, lines, told};
use known::{Told, View, every_network};

/// What is told of a network's capture and is not so, with the capture.
fn lies(seed: u64, view: View) -> Option<String> {
    let network = Network::run(seed);
    let mut captured = network.captured.clone();
    let count = captured.len();
    for (at, one) in captured.iter_mut().enumerate() {
        let from_client = network.place(one.packet.from) <= network.setting.link;
        one.missed |= !view.has(from_client, at, count);
    }
    let newest = captured.iter().rfind(|c| !c.missed)?.time;
    let told = Told::of(lines(&network, &captured), view, newest);
    let wrong = told::lies(&network, &captured, &told.analysis);
    let clients = network.clients.iter();
    let plans: Vec<_> = clients.map(|c| (&c.plan, c.service)).collect();
    told.lies(&wrong, seed, view, &(&network.setting, plans))
}

#[test]
fn what_is_told_is_so() {
    every_network(|seed| Network::run(seed).captured.len(), lies);
}
