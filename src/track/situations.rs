//! The situations of the labs, recognized from facts: each with its frames, and as data what is to
//! be told of it. Every sentence is in `facts/situation/words.rs`.

mod crowds;
mod gather;
mod loops;
mod passwords;
mod translated;
mod waiting;

use super::arp::Unanswered;
use super::dns::in_words;
use super::pairs::Census;
use super::tcp::{Failure, Ill, OddReset, Silent, TooLate};
use super::{Trackers, capturing, copies, traces, ttl};
use crate::capture::Time;
use crate::dissect;
use crate::dissect::as_usize;
use crate::facts::dhcp::Lease;
use crate::facts::icmp::{IcmpError, TraceProbe};
use crate::facts::situation::{About, Alive, Missing, Scanned, Situation, SituationKind, Story};
use crate::facts::tcp::Opened;
use crate::facts::udp::Answered;
use crowds::Crowds;
use foldhash::fast::RandomState;
use gather::Gathered;
use hashbrown::{HashMap, HashSet};
use std::net::IpAddr;
use std::thread;

/// From so many connections on a thread is worth it.
const MANY: usize = 20_000;

/// Everything recognized, in order of the first frame, then what comes from the capturing.
/// `end` is the time of the capture's last frame.
pub(crate) fn find(
    trackers: &Trackers,
    census: &Census,
    leases: &[Lease],
    errors: &[IcmpError],
    probes: &[TraceProbe],
    end: Option<Time>,
) -> Vec<Situation> {
    let gather = || {
        let mut found = Gathered::default();
        arp(trackers, census, end, &mut found);
        let crowds = tcp(trackers, census, errors, &mut found);
        udp(trackers, census, (errors, probes), &mut found);
        answers(trackers, &mut found);
        let mut found = found.finish();
        crowds.finish(&mut found);
        found
    };
    let (mut found, (waiting, translated)) = both(trackers.tcp.len() >= MANY, gather, || {
        (waiting::find(trackers), translated::find(&trackers.tcp))
    });
    open_ports(trackers, &mut found);
    found.extend(waiting);
    conflicts(trackers, &mut found);
    taken(trackers, &mut found);
    loops::find(trackers, errors, &mut found);
    pieces(trackers, &mut found);
    segments(trackers, &mut found);
    declined(leases, &mut found);
    servers(leases, &mut found);
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

/// An answer comes within this time, or hosts ask again: nanoseconds.
const ARP_WAIT: i64 = 1_000_000_000;

fn arp(trackers: &Trackers, census: &Census, end: Option<Time>, found: &mut Gathered) {
    let exchanged = trackers.arp.exchanged();
    for Unanswered {
        asked,
        asker,
        frames,
        last,
        again,
    } in trackers.arp.unanswered()
    {
        // How long the capture goes on after the last question.
        let after = end
            .zip(last)
            .map(|(end, last)| end.0.saturating_sub(last.0));
        let (sends, receives) = (census.sent(asked), census.was_sent_to(asker));
        let sent = trackers.pairs.first_to_one(asker, asked);
        let sent = sent.filter(|sent| frames.iter().all(|frame| frame < sent));
        let (kind, answer) = match sends.map(Missing::Alive).or(sent.map(Missing::Sent)) {
            Some(answer) => (SituationKind::NoAnswer, answer),
            None if again && !receives && !exchanged.contains(&asker) => {
                let ends = after.is_some_and(|after| after < ARP_WAIT);
                (SituationKind::NoAnswer, Missing::Again(ends))
            }
            None if after.is_some_and(|after| after < ARP_WAIT) && again => {
                (SituationKind::HostAbsent, Missing::NobodyYet)
            }
            None if after.is_some_and(|after| after < ARP_WAIT) => {
                let after = after.unwrap_or(0);
                (SituationKind::NoAnswer, Missing::Cut(after))
            }
            // A switch shows a third host the questions, which are broadcast, and of the answers at most
            // its own.
            None if receives || exchanged.contains(&asker) => match again {
                true => (SituationKind::HostAbsent, Missing::Nobody),
                false => (SituationKind::NoAnswer, Missing::Once),
            },
            None => (SituationKind::NoAnswer, Missing::Unseen),
        };
        let times = frames.len();
        found.add(kind, About::Arp, (asker, asked, None), frames, || {
            Story::Asked {
                asker,
                asked,
                times,
                answer,
            }
        });
    }
}

fn tcp(trackers: &Trackers, census: &Census, errors: &[IcmpError], found: &mut Gathered) -> Crowds {
    let mut crowds = Crowds::default();
    let bindings = trackers.arp.bindings().iter().rev();
    let claimed: HashMap<IpAddr, u32, RandomState> =
        bindings.map(|b| (b.address, b.frame)).collect();
    for index in 0..trackers.tcp.len() {
        // What is missing here may be told of the connection in another VLAN.
        if trackers.tcp.mixed(index).is_some() {
            continue;
        }
        let failure = match trackers.tcp.ill(index) {
            None => continue,
            Some(Ill::Reset(reset)) => {
                odd_reset(index, &reset, found);
                continue;
            }
            Some(Ill::TooLate(call)) => {
                too_late(call, found);
                continue;
            }
            Some(Ill::Silent(silent)) => {
                unheard(&silent, found);
                continue;
            }
            Some(Ill::HalfOpen(from, to, frames)) => {
                crowds.half_open(from, to, frames);
                continue;
            }
            Some(Ill::Stray(from, to, frames)) => {
                crowds.stray(from, to, frames);
                continue;
            }
            Some(Ill::Failed(failure)) => failure,
        };
        let (client, server) = (failure.client.0, failure.server.0);
        let ends = (client, server, Some(failure.server.1));
        let mut syns = match failure.syn_attempts {
            2.. if found.has_room(client) => trackers.tcp.syn_times(index),
            _ => Vec::new(),
        };
        if failure.copied {
            // A SYN that was only captured twice is no second try.
            syns.dedup_by(|later, earlier| later.1.saturating_sub(earlier.1) <= copies::WITHIN);
        }
        let (kind, frames) = match failure.opened {
            Opened::Refused => (
                SituationKind::NothingListening,
                vec![failure.syn_frame, failure.answer_frame],
            ),
            Opened::Unreachable => (
                SituationKind::Unreachable,
                vec![failure.syn_frame, failure.answer_frame],
            ),
            // So are the probes of a traceroute: nobody meant them to arrive.
            Opened::Expired if failure.syn_ttl <= traces::PROBE => continue,
            Opened::Expired => (
                SituationKind::Unreachable,
                vec![failure.syn_frame, failure.answer_frame],
            ),
            Opened::Challenged => (
                SituationKind::HalfOpen,
                vec![failure.syn_frame, failure.answer_frame],
            ),
            _ if failure.syn_attempts < 2 || (syns.len() < 2 && failure.copied) => {
                (SituationKind::NoAnswer, vec![failure.syn_frame])
            }
            _ if syns.is_empty() => (SituationKind::HostSilent, vec![failure.syn_frame]),
            _ => (
                SituationKind::HostSilent,
                syns.iter().map(|syn| syn.0).collect(),
            ),
        };
        // Who has sent anything is not silent.
        let alive = match kind {
            SituationKind::HostSilent => {
                let claimed = claimed.get(&server).copied().map(Alive::Claimed);
                census.sent(server).map(Alive::Sent).or(claimed)
            }
            _ => None,
        };
        let kind = if alive.is_some() {
            SituationKind::NoAnswer
        } else {
            kind
        };
        found.add(kind, About::Tcp, ends, frames, || {
            story(errors, &failure, &syns, alive)
        });
    }
    crowds
}

/// Something that was sent again and again, while nothing came any more.
fn unheard(silent: &Silent, found: &mut Gathered) {
    let (to, port) = silent.to;
    let client = silent.client == silent.sender;
    let ends = match client {
        true => (silent.sender, to, Some(port)),
        false => (to, silent.sender, None),
    };
    let frames = vec![silent.since, silent.frames.0, silent.frames.1];
    found.add(SituationKind::NoAnswer, About::Tcp, ends, frames, || {
        Story::Unheard {
            sender: silent.sender,
            to: silent.to,
            since: silent.since,
            frames: silent.frames,
            count: silent.count,
            span: silent.span,
        }
    });
}

/// Most open ports that a scan names.
const OPEN: usize = 20;

/// Adds to scans of one host's ports those that answered with SYN+ACK.
fn open_ports(trackers: &Trackers, found: &mut [Situation]) {
    let mut scans: HashMap<(IpAddr, IpAddr), Vec<u16>, RandomState> = HashMap::default();
    let ends = |s: &Situation| match &s.sentence {
        Story::Together {
            scan: Some(Scanned::Ports),
            ..
        } => s.client.zip(s.server),
        _ => None,
    };
    scans.extend(found.iter().filter_map(ends).map(|ends| (ends, Vec::new())));
    if scans.is_empty() {
        return;
    }
    for index in 0..trackers.tcp.len() {
        let opening = trackers.tcp.opening(index).filter(|o| o.answer.0 != 0);
        if let Some([client, server]) = opening.map(|o| o.ends)
            && let Some(ports) = scans.get_mut(&(client.0, server.0))
        {
            ports.push(server.1);
        }
    }
    for situation in found {
        let Some(mut ports) = ends(situation).and_then(|ends| scans.get(&ends).cloned()) else {
            continue;
        };
        ports.sort_unstable();
        ports.dedup();
        if let Story::Together { open, .. } = &mut situation.sentence {
            open.1 = ports.len();
            ports.truncate(OPEN);
            open.0 = ports;
        }
    }
}

/// A RST after which its sender went on, or with a TTL unlike its sender's others. Where both have
/// crossed as many routers, each from a usual TTL to begin with, the sender's system may have made
/// it.
fn odd_reset(stream: usize, reset: &OddReset, found: &mut Gathered) {
    let (low, high) = reset.others;
    let hops = |seen: u8| ttl::initial(seen) - seen;
    let same = low == high && hops(reset.ttl) == hops(high);
    let ends = (reset.client.0, reset.server.0, Some(reset.server.1));
    let mut frames = vec![reset.other, reset.frame];
    frames.extend(reset.went_on);
    found.add(SituationKind::OddReset, About::Tcp, ends, frames, || {
        Story::OddReset {
            sender: reset.sender,
            stream,
            reset: (reset.frame, reset.ttl),
            went_on: reset.went_on,
            others: (low, high, reset.other),
            crossed: same.then_some(hops(high)),
        }
    });
}

/// A call that its own caller's system reset, and with which a program went on.
fn too_late(call: TooLate, found: &mut Gathered) {
    let ends = (call.client.0, call.server.0, Some(call.server.1));
    let refused = call.refusals.first().copied();
    let mut frames = vec![call.synack_frame, call.rst_frame, call.ack_frame];
    frames.extend(refused);
    found.add(SituationKind::HalfOpen, About::Tcp, ends, frames, || {
        Story::ResetBySelf {
            client: call.client.0,
            to: call.server,
            frames: (call.synack_frame, call.rst_frame, call.ack_frame),
            refused,
        }
    });
}

fn story(
    errors: &[IcmpError],
    failure: &Failure,
    syns: &[(u32, i64)],
    alive: Option<Alive>,
) -> Story {
    let to = failure.server;
    match failure.opened {
        Opened::Refused => Story::Refused(to),
        Opened::Unreachable | Opened::Expired => Story::SynUndelivered {
            to,
            error: error_in(errors, failure.answer_frame).map(|e| (e.sender, e.meaning.clone())),
            port: error_in(errors, failure.answer_frame).is_some_and(|e| {
                (e.kind, e.code) == if e.sender.is_ipv4() { (3, 3) } else { (1, 4) }
            }),
        },
        Opened::Challenged => Story::Challenged(to),
        _ if syns.len() < 2 => Story::SynUnanswered(to),
        _ => {
            let gaps: Vec<i64> = syns
                .windows(2)
                .map(|w| w[1].1.saturating_sub(w[0].1))
                .collect();
            // Linux has sent the first retries at even gaps since 6.5.
            let grows =
                |first: i64, later: i64| later.saturating_mul(10) > first.saturating_mul(11);
            let growing = gaps.windows(2).all(|w| !grows(w[1], w[0]))
                && gaps
                    .first()
                    .zip(gaps.last())
                    .is_some_and(|(first, last)| grows(*first, *last));
            Story::SynsUnanswered {
                to,
                gaps,
                growing,
                alive,
            }
        }
    }
}

fn udp(
    trackers: &Trackers,
    census: &Census,
    (errors, probes): (&[IcmpError], &[TraceProbe]),
    found: &mut Gathered,
) {
    // A traceroute ends where nothing listens: that is how it knows that it has arrived.
    let reached = probes.iter().filter(|probe| probe.reached);
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
        let frames = vec![flow.first_frame, frame];
        let (kind, own) = match flow.answered {
            Answered::Refused if arrived.contains(&frame) => continue,
            Answered::Refused => (SituationKind::NothingListening, error.sender == to.0),
            Answered::Unreachable if !traces::exceeded(error) => {
                (SituationKind::Unreachable, false)
            }
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
                question: (row.name.clone(), query),
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
                question: (row.name.clone(), query),
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
            .filter(|b| b.address == neighbour.address)
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
        let story = Story::Taken {
            address: taken.address,
            wants: taken.wants,
            has: taken.has,
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

/// Addresses that DHCP clients declined.
fn declined(leases: &[Lease], found: &mut Vec<Situation>) {
    for lease in leases.iter().filter(|l| l.declined.is_some()).take(20) {
        let (Some(address), Some(frame)) = (lease.declined, lease.decline_frame) else {
            continue;
        };
        let other = lease.conflict_mac.zip(lease.conflict_frame);
        let mut frames: Vec<u32> = [lease.obtained_frame, lease.conflict_frame, Some(frame)]
            .into_iter()
            .flatten()
            .collect();
        frames.sort_unstable();
        let story = Story::Declined {
            client: lease.client_mac,
            address,
            frame,
            given: (lease.server, lease.obtained_frame),
            other,
        };
        found.push(Situation {
            server: lease.server,
            ..Situation::new(SituationKind::AddressDeclined, About::Dhcp, frames, story)
        });
    }
}

/// DHCP servers beside the one that was chosen.
fn servers(leases: &[Lease], found: &mut Vec<Situation>) {
    let several = leases
        .iter()
        .filter_map(|l| Some((l, l.other_servers.as_ref()?)));
    // By all the servers that made an offer.
    type Offers<'l> = Vec<(&'l Lease, &'l Vec<IpAddr>)>;
    let mut groups: Vec<(Vec<IpAddr>, Offers<'_>)> = Vec::new();
    for (lease, others) in several {
        let mut all: Vec<IpAddr> = others.iter().copied().chain(lease.server).collect();
        all.sort_unstable();
        match groups.iter().position(|group| group.0 == all) {
            Some(at) => groups[at].1.push((lease, others)),
            None if groups.len() < 20 => groups.push((all, vec![(lease, others)])),
            None => {}
        }
    }
    for (_, leases) in groups {
        let together = leases.len() >= gather::MANY;
        let rows = if together { 1 } else { leases.len() };
        for (lease, others) in leases.iter().take(rows) {
            let times = if together { leases.len() } else { 1 };
            let of_it = leases
                .iter()
                .filter(|(own, _)| together || std::ptr::eq(*own, *lease));
            let mut frames: Vec<u32> = of_it.flat_map(|(own, _)| own.frames.clone()).collect();
            frames.sort_unstable();
            frames.truncate(gather::NAMED);
            let story = Story::Offered {
                others: (*others).clone(),
                server: lease.server.map(|server| (server, lease.ack_frame)),
                offer: lease.offer_frame,
                times,
            };
            found.push(Situation {
                server: lease.server.filter(|_| !together),
                count: u32::try_from(times).unwrap_or(u32::MAX),
                ..Situation::new(SituationKind::SecondServer, About::Dhcp, frames, story)
            });
        }
    }
}
