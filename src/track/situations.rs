//! The situations of the labs, recognized from facts: each with its frames, and as data what is to
//! be told of it. Every sentence is in `facts/situation/words.rs`.

mod asked;
mod calls;
mod crowds;
mod gather;
mod leases;
mod loops;
mod passwords;
mod rejected;
mod translated;
mod undelivered;
mod waiting;

use super::dns::in_words;
use super::pairs::Census;
use super::places::one_link;
use super::{Trackers, capturing};
use crate::capture::Time;
use crate::dissect;
use crate::dissect::as_usize;
use crate::facts::dhcp::Lease;
use crate::facts::icmp::{IcmpError, Ping, TraceProbe};
use crate::facts::situation::{About, Situation, SituationKind, Story};
use crate::facts::udp::Answered;
use foldhash::fast::RandomState;
use gather::Gathered;
use hashbrown::HashSet;
use std::thread;

/// From so many connections on a thread is worth it.
const MANY: usize = 20_000;

/// Everything recognized, in order of the first frame, then what comes from the capturing.
/// `end` is the time of the capture's last frame.
pub(crate) fn find(
    trackers: &Trackers,
    census: &Census,
    given: &[Lease],
    (errors, pings, probes): (&[IcmpError], &[Ping], &[TraceProbe]),
    end: Option<Time>,
) -> Vec<Situation> {
    let looping = loops::find(trackers, errors, probes);
    let gather = || {
        let mut found = Gathered::default();
        let segments = undelivered::segments(trackers, errors);
        asked::find(trackers, census, end, &mut found);
        let crowds = calls::find(
            trackers,
            census,
            (errors, &segments, &looping, end),
            &mut found,
        );
        udp(trackers, census, (errors, probes), &mut found);
        undelivered::find(&segments, (errors, pings), &mut found);
        rejected::find(errors, &mut found);
        answers(trackers, &mut found);
        let mut found = found.finish();
        crowds.finish(&mut found);
        (found, translated::find(&trackers.tcp))
    };
    let many = trackers.tcp.len() >= MANY;
    let ((mut found, translated), waiting) = both(many, gather, || waiting::find(trackers));
    calls::open_ports(trackers, &mut found);
    found.extend(waiting);
    conflicts(trackers, &mut found);
    taken(trackers, &mut found);
    found.extend(looping);
    pieces(trackers, &mut found);
    segments(trackers, &mut found);
    leases::find(trackers, given, (errors, end), &mut found);
    passwords::find(trackers, &mut found);
    found.sort_by_key(|s: &Situation| s.frames.first().copied());
    // What comes from the capturing itself is told last, next to the connections it touches.
    let bindings = [trackers.arp.bindings(), trackers.discovery.bindings()].concat();
    found.extend(capturing::twice(&trackers.copies, &bindings, &trackers.tcp));
    found.extend(translated);
    capturing::checksums(&trackers.checksums, trackers.copies.frames, &mut found);
    found
}

/// Does two things that each look at every connection, the second in a thread of its own where that
/// is worth it and the system allows one.
fn both<A, B: Send>(
    many: bool,
    first: impl FnOnce() -> A,
    second: impl FnOnce() -> B + Send + Copy,
) -> (A, B) {
    thread::scope(|scope| {
        let beside = many.then(|| thread::Builder::new().spawn_scoped(scope, second));
        let first = first();
        match beside {
            Some(Ok(beside)) => match beside.join() {
                Ok(second) => (first, second),
                Err(panic) => std::panic::resume_unwind(panic),
            },
            _ => (first, second()),
        }
    })
}

/// The error in `frame`.
fn error_in(errors: &[IcmpError], frame: u32) -> Option<&IcmpError> {
    let place = errors.binary_search_by_key(&frame, |e| e.frame);
    errors.get(place.ok()?)
}

fn udp(
    trackers: &Trackers,
    census: &Census,
    (errors, probes): (&[IcmpError], &[TraceProbe]),
    found: &mut Gathered,
) {
    // A traceroute ends where nothing listens: that is how it knows that it has arrived.
    let reached = probes.iter().filter(|probe| probe.reached == Some(true));
    let arrived: HashSet<u32, RandomState> = reached.filter_map(|p| p.answer_frame).collect();
    for stream in trackers.udp.seen_flows() {
        let Some(flow) = trackers.udp.flow(dissect::as_usize(stream), census) else {
            continue;
        };
        let Some(frame) = flow.error_frame else {
            continue;
        };
        let Some(error) = error_in(errors, frame) else {
            continue;
        };
        // Who was sent to, whichever side that is.
        let (asker, to) = if error.about_destination == Some(flow.server) {
            (flow.client, (flow.server, flow.server_port))
        } else {
            (flow.server, (flow.client, flow.client_port))
        };
        let about = error.about_frame.filter(|_| !error.about_shared);
        let frames = vec![about.unwrap_or(flow.first_frame), frame];
        let refused = match flow.answered {
            Answered::Refused => true,
            // One of several may have been refused.
            Answered::Yes => error.is_port_unreachable() && asker == flow.client,
            _ => false,
        };
        let (kind, own) = match flow.answered {
            _ if refused && arrived.contains(&frame) => continue,
            _ if refused => (SituationKind::NothingListening, error.sender == to.0),
            Answered::Unreachable => (SituationKind::Unreachable, false),
            _ => continue,
        };
        let ends = (asker, to.0, Some(to.1));
        let sender = error.sender;
        found.add(kind, About::Udp, ends, frames, || match (kind, own) {
            (SituationKind::NothingListening, true) => Story::PortUnreachable(to),
            (SituationKind::NothingListening, false) => Story::PortUnreachableFrom { sender, to },
            _ => Story::DatagramUndelivered {
                to,
                sender,
                meaning: error.meaning.clone(),
            },
        });
    }
}

/// Responses of DNS that cannot all be what was asked for.
fn answers(trackers: &Trackers, found: &mut Gathered) {
    let (rows, doubts) = (trackers.lookups.lookups(), trackers.lookups.doubts());
    let mut told = None;
    for stray in &doubts.strays {
        let Some(row) = rows.get(stray.row) else {
            continue;
        };
        let (Some(client), Some(query)) = (row.client, row.query_frame) else {
            continue;
        };
        // All of one question are told with the first.
        if told.replace(stray.row) == Some(stray.row) {
            continue;
        }
        let ends = (client, row.server, Some(DNS));
        let strays = row.stray_frames.iter().flat_map(|list| list.iter());
        let frames: Vec<u32> = strays.copied().chain([query]).collect();
        found.add(SituationKind::StrayAnswer, About::Dns, ends, frames, || {
            Story::StrayAnswer {
                client,
                asked: row.server,
                question: (row.name.clone().unwrap_or_default(), query),
                answer: (stray.sender, stray.frame),
            }
        });
    }
    for other in &doubts.others {
        let Some(row) = rows.get(other.row) else {
            continue;
        };
        let (Some(client), Some(query)) = (row.client, row.query_frame) else {
            continue;
        };
        let (Some(first), Some(second)) = (row.response_frame, row.other_response_frame) else {
            continue;
        };
        let ends = (client, row.server, Some(DNS));
        let frames = vec![query, first, second];
        found.add(SituationKind::TwoAnswers, About::Dns, ends, frames, || {
            let answers = row.answers.as_deref().unwrap_or_default();
            let said = in_words(row.status.as_deref().unwrap_or_default(), answers);
            Story::TwoAnswers {
                server: row.server,
                question: (row.name.clone().unwrap_or_default(), query),
                answers: [(said, first), (other.says.clone(), second)],
            }
        });
    }
}

/// The port of name servers.
const DNS: u16 = 53;

/// Addresses that more than one hardware address claims.
fn conflicts(trackers: &Trackers, found: &mut Vec<Situation>) {
    const MOST: usize = 100;
    let (arp, discovery) = (&trackers.arp, &trackers.discovery);
    let by_arp = arp.table().iter().map(|n| (n, About::Arp, arp.bindings()));
    let six = discovery.table().iter();
    let by_discovery = six.map(|n| (n, About::Discovery, discovery.bindings()));
    let conflicting = by_arp.chain(by_discovery).filter(|(n, ..)| n.conflict);
    for (neighbour, about, bindings) in conflicting.take(MOST) {
        let claims: Vec<_> = bindings
            .iter()
            .filter(|b| b.address == neighbour.address && one_link(b.vlan, neighbour.vlan))
            .take(8)
            .collect();
        if claims.len() < 2 {
            continue;
        }
        let mut frames: Vec<u32> = claims.iter().map(|c| c.frame).collect();
        frames.sort_unstable();
        let story = Story::Claimed {
            address: neighbour.address,
            claims: claims.iter().map(|c| (c.mac, c.frame)).collect(),
        };
        found.push(Situation {
            server: Some(neighbour.address),
            ..Situation::new(SituationKind::AddressConflict, about, frames, story)
        });
    }
}

/// Addresses that somebody wants and somebody else has.
fn taken(trackers: &Trackers, found: &mut Vec<Situation>) {
    let by_arp = trackers.arp.taken().iter().map(|t| (t, About::Arp));
    let six = trackers.discovery.taken().iter();
    for (taken, about) in by_arp.chain(six.map(|t| (t, About::Discovery))) {
        let story = if taken.both_want {
            Story::Wanted {
                address: taken.address,
                askers: [taken.wants, taken.has],
            }
        } else {
            Story::Taken {
                address: taken.address,
                wants: taken.wants,
                has: taken.has,
            }
        };
        let frames = vec![taken.wants.1, taken.has.1];
        let kind = SituationKind::AddressConflict;
        found.push(Situation {
            server: Some(taken.address),
            ..Situation::new(kind, about, frames, story)
        });
    }
}

/// Datagrams whose fragments do not fit each other.
fn pieces(trackers: &Trackers, found: &mut Vec<Situation>) {
    let datagrams = trackers.fragments.datagrams().iter();
    for datagram in datagrams.filter(|d| d.conflict).take(20) {
        let story = Story::PiecesDisagree {
            source: datagram.source,
            destination: datagram.destination,
            identification: datagram.identification,
        };
        let (kind, about) = (SituationKind::PiecesDisagree, About::Ip);
        found.push(Situation {
            client: Some(datagram.source),
            server: Some(datagram.destination),
            ..Situation::new(kind, about, datagram.frames.clone(), story)
        });
    }
}

/// TCP segments that came again with other bytes, the first of each connection.
fn segments(trackers: &Trackers, found: &mut Vec<Situation>) {
    let tcp = trackers.checksums.sums.iter().find(|sum| sum.name == "TCP");
    let is_wrong = |frame: &u32| tcp.is_some_and(|sum| sum.bad.frames.contains(frame));
    let mut told: Vec<u32> = Vec::new();
    for pair in &trackers.streams.found.differing.0 {
        let Some(ends) = trackers.tcp.ends(as_usize(pair.stream)) else {
            continue;
        };
        if told.contains(&pair.stream) || told.len() >= 20 {
            continue;
        }
        told.push(pair.stream);
        let sender = ends[pair.side].0;
        let (first, again) = pair.frames;
        let story = Story::SegmentsDisagree {
            sender,
            stream: pair.stream,
            frames: pair.frames,
            wrong: [first, again].into_iter().find(is_wrong),
        };
        let (kind, about) = (SituationKind::PiecesDisagree, About::Tcp);
        found.push(Situation {
            client: Some(sender),
            server: Some(ends[1 - pair.side].0),
            ..Situation::new(kind, about, vec![first, again], story)
        });
    }
}
