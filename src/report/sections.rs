//! The sections of a report, in the order they are told.

use super::columns as c;
use super::{Rows, Section};
use crate::analyze::Analysis;
use crate::dissect;
use crate::facts::Fact;
use crate::facts::connection::Connection;
use crate::facts::hello::Hello;
use crate::facts::names::{Lease, Lookup};
use crate::facts::network::{
    Arp, Datagram, Flow, Hop, Host, IcmpError, Neighbour, Ping, Situation,
};
use crate::facts::web::Exchange;
use crate::query::Catalogue;
use std::rc::Rc;

/// Names of all sections, in order.
pub const NAMES: &[&str] = &[
    "situations",
    "connections",
    "udp_flows",
    "datagrams",
    "leases",
    "arp",
    "arp_table",
    "next_hops",
    "ip_hosts",
    "pings",
    "icmp_errors",
    "lookups",
    "exchanges",
    "hellos",
];

/// How to look at an analysis.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Size of the UDP receiver's buffer, where it is known.
    pub receive_buffer: Option<u32>,
}

/// All sections that occur.
pub fn all(analysis: &Analysis, options: Options) -> Vec<Box<dyn Section + '_>> {
    let facts = &analysis.facts;
    let trackers = &analysis.trackers;
    let flows = Rc::new(trackers.udp.seen_flows());
    let flow_count = flows.len();
    let stream = move |i: usize| flows.get(i).map_or(usize::MAX, |s| dissect::as_usize(*s));
    let mut sections: Vec<Box<dyn Section + '_>> = vec![
        list(&facts.situations, c::SITUATIONS),
        Box::new(Rows::new(
            trackers.tcp.len(),
            |i| trackers.tcp.connection(i),
            c::CONNECTIONS,
            |i| trackers.tcp.weight(i),
        )),
        Box::new(Rows::new(
            flow_count,
            {
                let stream = stream.clone();
                move |i| trackers.udp.flow(stream(i))
            },
            c::FLOWS,
            move |i| trackers.udp.flow_weight(stream(i)),
        )),
        Box::new(Rows::new(
            trackers.udp.len(),
            move |i| trackers.udp.datagram(i, options.receive_buffer),
            c::DATAGRAMS,
            |i| trackers.udp.weight(i),
        )),
        Box::new(Rows::new(
            trackers.streams.found.exchanges.len(),
            |i| trackers.streams.found.exchanges.exchange(i, &trackers.tcp),
            c::EXCHANGES,
            |i| trackers.streams.found.exchanges.weight(i),
        )),
        Box::new(Rows::new(
            trackers.streams.found.hellos.len(),
            |i| trackers.streams.found.hellos.hello(i, &trackers.tcp),
            c::HELLOS,
            |_| 0,
        )),
        list(&facts.leases, c::LEASES),
        list(&facts.lookups, c::LOOKUPS),
        list(&facts.arp, c::ARP),
        list(&facts.neighbours, c::NEIGHBOURS),
        list(&facts.hops, c::HOPS),
        list(&facts.hosts, c::HOSTS),
        list(&facts.pings, c::PINGS),
        list(&facts.icmp_errors, c::ICMP_ERRORS),
    ];
    if analysis.restricted {
        // They rest on what a capture does not show, which the other frames may.
        sections.retain(|s| s.name() != Situation::SECTION);
        for section in &mut sections {
            // Conversations that were passed over have a number and nothing to tell.
            let _ = section.keep("");
        }
    }
    sections.retain(|s| !s.is_empty());
    sections.sort_by_key(|s| NAMES.iter().position(|n| *n == s.name()));
    sections
}

/// The fields of each section's facts, for filters.
pub fn catalogues() -> Vec<Catalogue> {
    vec![
        Catalogue::facts::<Situation>(),
        Catalogue::facts::<Connection>(),
        Catalogue::facts::<Flow>(),
        Catalogue::facts::<Datagram>(),
        Catalogue::facts::<Lease>(),
        Catalogue::facts::<Arp>(),
        Catalogue::facts::<Neighbour>(),
        Catalogue::facts::<Hop>(),
        Catalogue::facts::<Host>(),
        Catalogue::facts::<Ping>(),
        Catalogue::facts::<IcmpError>(),
        Catalogue::facts::<Lookup>(),
        Catalogue::facts::<Exchange>(),
        Catalogue::facts::<Hello>(),
    ]
}

fn list<'f, F: Fact + Clone>(
    facts: &'f [F],
    columns: &'static [(&'static str, super::Cell<F>)],
) -> Box<dyn Section + 'f> {
    Box::new(Rows::new(
        facts.len(),
        |i| facts.get(i).cloned(),
        columns,
        |_| 0,
    ))
}
