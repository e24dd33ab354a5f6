//! All facts of a capture, registered once: report, filters, listing, JSON, questions and pictures
//! read them here and nowhere else.

use crate::analyze::{Analysis, Numbers, Passing};
use crate::dissect::as_usize;
use crate::facts::arp::{Arp, Neighbour};
use crate::facts::capture::{Capture, Traffic};
use crate::facts::dhcp::{DhcpMessage, Lease};
use crate::facts::dns::{Lookup, Record as DnsRecord};
use crate::facts::http::Exchange;
use crate::facts::icmp::{IcmpError, Ping, TraceProbe};
use crate::facts::ip::{Fragment, Fragmented, Hop, Host};
use crate::facts::pair::{Pair, Translation, Unpaired};
use crate::facts::situation::Situation;
use crate::facts::tcp::{Connection, Segment, ZeekRecord};
use crate::facts::tls::Hello;
use crate::facts::udp::{Datagram, Flow};
use crate::facts::{Fact, Rows, Schema};
use std::collections::HashSet;
use std::net::IpAddr;

/// What is known beside the capture.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Size of the UDP receiver's buffer, where it is known.
    pub receive_buffer: Option<u32>,
}

/// A kind of fact, and where its rows come from.
pub struct Kind {
    /// Its fields.
    pub schema: fn() -> Schema,
    /// Its rows.
    pub rows: for<'a> fn(&'a Analysis, Options) -> Rows<'a>,
    /// Whether a report tells it only when it is asked for by name: there are many rows, or they
    /// say again what others do.
    pub on_demand: bool,
}

const fn told<F: Fact>(rows: for<'a> fn(&'a Analysis, Options) -> Rows<'a>) -> Kind {
    Kind {
        schema: Schema::of::<F>,
        rows,
        on_demand: false,
    }
}

const fn asked<F: Fact>(rows: for<'a> fn(&'a Analysis, Options) -> Rows<'a>) -> Kind {
    Kind {
        on_demand: true,
        ..told::<F>(rows)
    }
}

/// Every kind, in the order they are told.
pub const KINDS: &[Kind] = &[
    told::<Capture>(|a, _| Rows::list(std::slice::from_ref(&a.capture))),
    told::<Situation>(|a, _| Rows::list(&a.facts.situations)),
    told::<Connection>(connections),
    asked::<Segment>(segments),
    asked::<ZeekRecord>(|a, _| {
        let records = a.trackers.tcp.zeek_records();
        Rows::new(records.len(), move |i| records.get(i).cloned(), |_| 0)
    }),
    told::<Flow>(flows),
    told::<Datagram>(datagrams),
    told::<Fragmented>(|a, _| Rows::list(a.trackers.fragments.datagrams())),
    asked::<Fragment>(|a, _| Rows::list(a.trackers.fragments.pieces())),
    told::<Lease>(|a, _| Rows::list(&a.facts.leases)),
    asked::<DhcpMessage>(|a, _| Rows::list(a.trackers.leases.messages())),
    told::<Arp>(|a, _| Rows::list(a.trackers.arp.list())),
    told::<Neighbour>(|a, _| Rows::list(&a.facts.neighbours)),
    told::<Hop>(|a, _| Rows::list(&a.facts.hops)),
    told::<Host>(|a, _| Rows::list(&a.facts.hosts)),
    told::<Ping>(|a, _| Rows::list(a.pings())),
    told::<TraceProbe>(|a, _| Rows::list(&a.facts.traces)),
    told::<IcmpError>(|a, _| Rows::list(&a.facts.icmp_errors)),
    told::<Lookup>(|a, _| Rows::list(a.lookups())),
    asked::<DnsRecord>(|a, _| Rows::list(&a.facts.records)),
    told::<Exchange>(exchanges),
    told::<Hello>(hellos),
    asked::<Traffic>(|a, _| Rows::list(&a.facts.traffic)),
    // Facts of two captures: whoever has both makes them.
    asked::<Pair>(|_, _| Rows::list::<Pair>(&[])),
    asked::<Translation>(|_, _| Rows::list::<Translation>(&[])),
    asked::<Unpaired>(|_, _| Rows::list::<Unpaired>(&[])),
];

fn connections(analysis: &Analysis, _: Options) -> Rows<'_> {
    let tcp = &analysis.trackers.tcp;
    Rows::new(tcp.len(), |i| tcp.connection(i), |i| tcp.weight(i))
}

fn segments(analysis: &Analysis, _: Options) -> Rows<'_> {
    let segments = &analysis.trackers.segments;
    Rows::new(
        segments.len(),
        |i| segments.segment_at(i, &analysis.trackers.tcp),
        |_| 0,
    )
}

fn flows(analysis: &Analysis, _: Options) -> Rows<'_> {
    let trackers = &analysis.trackers;
    let numbers = std::rc::Rc::new(trackers.udp.seen_flows());
    let count = numbers.len();
    let stream = move |i: usize| numbers.get(i).map_or(usize::MAX, |s| as_usize(*s));
    let weigh = stream.clone();
    Rows::new(
        count,
        move |i| trackers.udp.flow(stream(i), &analysis.facts.census),
        move |i| trackers.udp.flow_weight(weigh(i)),
    )
}

fn datagrams(analysis: &Analysis, options: Options) -> Rows<'_> {
    let udp = &analysis.trackers.udp;
    Rows::new(
        udp.len(),
        move |i| udp.datagram(i, options.receive_buffer),
        |i| udp.weight(i),
    )
}

fn exchanges(analysis: &Analysis, _: Options) -> Rows<'_> {
    let trackers = &analysis.trackers;
    let exchanges = &trackers.streams.found.exchanges;
    Rows::new(
        exchanges.len(),
        |i| exchanges.exchange(i, &trackers.tcp),
        |i| exchanges.weight(i),
    )
}

fn hellos(analysis: &Analysis, _: Options) -> Rows<'_> {
    let trackers = &analysis.trackers;
    let hellos = &trackers.streams.found.hellos;
    Rows::new(hellos.len(), |i| hellos.hello(i, &trackers.tcp), |_| 0)
}

/// The kind that is told in this section.
pub fn kind(section: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| (kind.schema)().section == section)
}

/// The sections that have rows, in order: those named, or all that are told unasked.
pub fn sections<'a>(analysis: &'a Analysis, options: Options, names: &[String]) -> Vec<Rows<'a>> {
    let wanted = |kind: &&Kind| {
        let section = (kind.schema)().section;
        if names.is_empty() {
            !kind.on_demand && section != Capture::SECTION
        } else {
            names.iter().any(|name| name == section)
        }
    };
    let mut rows: Vec<Rows<'a>> = KINDS
        .iter()
        .filter(wanted)
        .map(|kind| (kind.rows)(analysis, options))
        .collect();
    for rows in &mut rows {
        restrict(rows, analysis);
    }
    rows.retain(|rows| !rows.is_empty());
    rows
}

/// Names of all sections, in order.
pub fn names() -> Vec<&'static str> {
    KINDS.iter().map(|kind| (kind.schema)().section).collect()
}

/// Keeps the facts of which a frame passes.
pub fn restrict(rows: &mut Rows<'_>, analysis: &Analysis) {
    let Some(passing) = &analysis.passing else {
        return;
    };
    let columns = rows.schema.columns.len();
    let flows: Numbers = flows_of(analysis, passing);
    let senders: HashSet<IpAddr> = passing.pairs.iter().map(|pair| pair.0).collect();
    rows.keep(|record| {
        let any = record.as_any();
        if let Some(c) = any.downcast_ref::<Connection>() {
            return passing.connections.contains(c.stream);
        }
        if let Some(f) = any.downcast_ref::<Flow>() {
            return flows.contains(f.stream);
        }
        if let Some(h) = any.downcast_ref::<Host>() {
            return senders.contains(&h.address);
        }
        if let Some(h) = any.downcast_ref::<Hop>() {
            return passing.pairs.contains(&(h.source, h.destination));
        }
        let proves = |field| {
            record
                .proof(field)
                .into_iter()
                .any(|f| passing.frames.contains(f))
        };
        any.is::<Capture>() || (0..columns).any(proves)
    });
}

/// UDP flows of which a frame passes.
fn flows_of(analysis: &Analysis, passing: &Passing) -> Numbers {
    let udp = &analysis.trackers.udp;
    let mut flows = Numbers::default();
    for index in 0..udp.len() {
        if let Some((frame, stream)) = udp.place(index)
            && passing.frames.contains(frame)
        {
            flows.insert(stream);
        }
    }
    flows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::field::Kind as Type;

    /// One name means one thing: the same key has the same type wherever it occurs.
    #[test]
    fn a_key_means_one_thing() {
        let mut known: Vec<(&str, Type, &str)> = Vec::new();
        for kind in KINDS {
            let schema = (kind.schema)();
            for column in &schema.columns {
                let family = |t: Type| match t {
                    Type::Unsigned(_) => Type::Unsigned(64),
                    Type::State(_) => Type::Text,
                    t => t,
                };
                let key = column.key();
                // What a number of a protocol or the words for it are called in its RFC.
                if matches!(
                    key,
                    "kind"
                        | "status"
                        | "protocol"
                        | "sender"
                        | "name"
                        | "number"
                        | "part"
                        | "server"
                        | "router"
                        | "complete"
                ) {
                    continue;
                }
                match known.iter().find(|k| k.0 == key) {
                    Some((_, t, section)) => assert_eq!(
                        family(*t),
                        family(column.kind),
                        "{key} in {} and in {section}",
                        schema.section
                    ),
                    None => known.push((key, column.kind, schema.section)),
                }
            }
        }
    }

    #[test]
    fn numbers_of_frames_are_links() {
        for kind in KINDS {
            for column in (kind.schema)().columns {
                let key = column.key();
                let link = key == "frame" || key.ends_with("_frame");
                assert_eq!(column.kind == Type::Frame, link, "{}", column.name);
                assert_eq!(
                    column.kind == Type::Frames,
                    key == "frames" || key.ends_with("_frames") && column.kind == Type::Frames,
                    "{}",
                    column.name
                );
            }
        }
    }
}
