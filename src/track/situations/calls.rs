//! Calls that did not become connections, and connections that did not end as they should.

use super::crowds::Crowds;
use super::error_in;
use super::gather::Gathered;
use super::undelivered::Segment;
use crate::capture::Time;
use crate::dissect::as_u32;
use crate::facts::icmp::IcmpError;
use crate::facts::situation::{About, Alive, Scanned, Situation, SituationKind, Soon, Story};
use crate::facts::tcp::Opened;
use crate::track::pairs::Census;
use crate::track::tcp::{Failure, Ill, OddReset, Silent, TooLate};
use crate::track::{Trackers, traces, ttl};
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use std::cell::OnceCell;
use std::net::IpAddr;

/// What is known of the capture beside its connections: ICMP errors, those about segments of open
/// connections, packets that went round, and the time of the last frame.
type Other<'o> = (
    &'o [IcmpError],
    &'o [Segment<'o>],
    &'o [Situation],
    Option<Time>,
);

/// What each connection tells by itself; what only many tell is gathered on the way.
pub(super) fn find(
    trackers: &Trackers,
    census: &Census,
    (errors, undelivered, looping, end): Other<'_>,
    found: &mut Gathered,
) -> Crowds {
    let mut crowds = Crowds::default();
    let bindings = trackers.arp.bindings().iter().rev();
    let claimed: HashMap<IpAddr, u32, RandomState> =
        bindings.map(|b| (b.address, b.frame)).collect();
    // Streams with segments that did not arrive, each with the last error that says so.
    let undelivered = undelivered.iter().filter(|segment| !segment.unused);
    let undelivered = undelivered.map(|segment| (segment.stream, segment.error.frame));
    let undelivered: HashMap<u32, u32, RandomState> = undelivered.collect();
    let refusals: OnceCell<HashSet<u32, RandomState>> = OnceCell::new();
    let one_way: OnceCell<HashSet<IpAddr, RandomState>> = OnceCell::new();
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
                let errors = undelivered.get(&as_u32(index));
                // Why it fell silent is told.
                if errors.is_none_or(|error| *error <= silent.since) {
                    unheard(&silent, found);
                }
                continue;
            }
            Some(Ill::HalfOpen(call)) => {
                crowds.half_open(&call);
                continue;
            }
            Some(Ill::Stray(probe)) => {
                crowds.stray(&probe);
                continue;
            }
            Some(Ill::Failed(failure)) => failure,
        };
        let (client, server) = (failure.client.0, failure.server.0);
        let ends = (client, server, Some(failure.server.1));
        let syns = match failure.calls {
            2.. if found.has_room(client) => trackers.tcp.syn_times(index),
            _ => Vec::new(),
        };
        let soon = soon(&failure, end);
        let (kind, frames) = match failure.opened {
            Opened::Refused => {
                let mut frames = vec![failure.syn_frame, failure.answer_frame];
                frames.sort_unstable();
                (SituationKind::NothingListening, frames)
            }
            Opened::Unreachable => (
                SituationKind::Unreachable,
                vec![failure.syn_frame, failure.answer_frame],
            ),
            // So are the probes of a traceroute: nobody meant them to arrive.
            Opened::Expired if failure.syn_ttl <= traces::PROBE => continue,
            // That its TTL ran out though it was high is told as what it shows.
            Opened::Expired
                if looping
                    .iter()
                    .any(|l| (l.client, l.server) == (Some(client), Some(server))) =>
            {
                continue;
            }
            Opened::Expired => (
                SituationKind::Unreachable,
                vec![failure.syn_frame, failure.answer_frame],
            ),
            Opened::Challenged => (
                SituationKind::HalfOpen,
                vec![failure.syn_frame, failure.answer_frame],
            ),
            _ if failure.calls < 2 => (SituationKind::NoAnswer, vec![failure.syn_frame]),
            _ => {
                let kind = match soon {
                    Some(_) => SituationKind::NoAnswer,
                    None => SituationKind::HostSilent,
                };
                match syns.is_empty() {
                    true => (kind, vec![failure.syn_frame]),
                    false => (kind, syns.iter().map(|syn| syn.0).collect()),
                }
            }
        };
        // Who has sent anything is not silent.
        let alive = match kind {
            SituationKind::HostSilent => {
                let claimed = claimed.get(&server).copied().map(Alive::Claimed);
                let error = trackers
                    .udp
                    .cut_error_after(client, (6, server), failure.syn_frame);
                let error = error.map(Alive::Error);
                let sent = census.sent(server).map(|sent| {
                    let refusals = refusals.get_or_init(|| refusals_of(trackers));
                    let both = [sent.first, sent.last];
                    match both.iter().all(|frame| refusals.contains(frame)) {
                        true => Alive::Refuses(sent.first),
                        false => Alive::Sent(sent.first),
                    }
                });
                error.or(sent).or(claimed)
            }
            _ => None,
        };
        // What answers this client is not in the capture: nobody is shown to be silent.
        let deaf = || {
            let one_way = one_way.get_or_init(|| one_way_of(trackers));
            one_way.contains(&client)
        };
        let kind = if alive.is_some() || kind == SituationKind::HostSilent && deaf() {
            SituationKind::NoAnswer
        } else {
            kind
        };
        found.add(kind, About::Tcp, ends, frames, || {
            // Where both sides of a router were recorded, packets have two TTLs.
            let (ttl, once) = (failure.rst_ttl, trackers.copies.count == 0);
            let other = (once && failure.opened == Opened::Refused)
                .then(|| trackers.pairs.other_ttl(server, client, ttl));
            let ttls = other.flatten().map(|other| (ttl, other));
            story(errors, &failure, &syns, (soon, alive, ttls))
        });
    }
    crowds
}

/// The clients of connections of which only their own side is in the capture.
fn one_way_of(trackers: &Trackers) -> HashSet<IpAddr, RandomState> {
    let all = (0..trackers.tcp.len()).filter_map(|index| trackers.tcp.lone_client(index));
    all.collect()
}

/// The frames that refuse calls: a firewall may send them in the name of the host that is called.
fn refusals_of(trackers: &Trackers) -> HashSet<u32, RandomState> {
    let ills = (0..trackers.tcp.len()).filter_map(|index| trackers.tcp.ill(index));
    ills.filter_map(|ill| match ill {
        Ill::Failed(failure) if failure.opened == Opened::Refused => Some(failure.answer_frame),
        _ => None,
    })
    .collect()
}

/// A host is not silent before so many nanoseconds after the call: then the client calls again.
const SYN_WAIT: i64 = 1_000_000_000;
/// Nobody calls again within so few: what comes so soon may be the same packet, captured or passed on
/// twice.
const AT_ONCE: i64 = 50_000_000;

/// Why several SYNs without an answer do not show that their receiver is silent.
fn soon(failure: &Failure, end: Option<Time>) -> Option<Soon> {
    let (first, last) = failure.times;
    // The clock may be set back.
    let span = last.saturating_sub(first).saturating_abs();
    let after = end.map_or(i64::MAX, |end| end.0.max(last).saturating_sub(first));
    let after = after.saturating_abs();
    if span < AT_ONCE {
        Some(Soon::AtOnce(span))
    } else if after < SYN_WAIT {
        Some(Soon::Ends(after))
    } else {
        None
    }
}

/// Something that was sent again and again, while nothing came any more.
fn unheard(silent: &Silent, found: &mut Gathered) {
    let (to, port) = silent.to;
    let client = silent.client == silent.sender;
    let ends = match client {
        true => (silent.sender, to, Some(port)),
        false => (to, silent.sender, None),
    };
    let mut frames = vec![silent.since, silent.frames.0, silent.frames.1];
    frames.extend(silent.gave_up);
    found.add(SituationKind::NoAnswer, About::Tcp, ends, frames, || {
        Story::Unheard {
            sender: silent.sender,
            to: silent.to,
            since: silent.since,
            frames: silent.frames,
            count: silent.count,
            span: silent.span,
            probes: silent.probes,
            gave_up: silent.gave_up,
        }
    });
}

/// Most open ports that a scan names.
const OPEN: usize = 20;

/// Adds to scans of one host's ports those that answered with SYN+ACK.
pub(super) fn open_ports(trackers: &Trackers, found: &mut [Situation]) {
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
            open.count = ports.len();
            ports.truncate(OPEN);
            open.first = ports;
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
    (soon, alive, ttls): (Option<Soon>, Option<Alive>, Option<(u8, u8)>),
) -> Story {
    let to = failure.server;
    match failure.opened {
        Opened::Refused => Story::Refused { to, ttls },
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
            if let Some(soon) = soon {
                let count = syns.len();
                return Story::SynsTooSoon { to, count, soon };
            }
            let gaps: Vec<i64> = syns
                .windows(2)
                .map(|w| w[1].1.saturating_sub(w[0].1))
                .collect();
            // Linux has sent the first retries at even gaps since 6.5: those are told as they are.
            let grows =
                |first: i64, later: i64| later.saturating_mul(10) > first.saturating_mul(11);
            let growing = gaps.len() > 1 && gaps.windows(2).all(|w| grows(w[0], w[1]));
            Story::SynsUnanswered {
                to,
                gaps,
                growing,
                alive,
            }
        }
    }
}
