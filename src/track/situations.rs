//! The situations of the labs, recognized from facts: each with its frames and one sentence.
//!
//! What would leave the same frames is said with it: a firewall that rejects looks like a port
//! where nothing listens, and a capture that just ends like a host that is silent.

mod gather;
mod passwords;
mod waiting;

use super::arp::Unanswered;
use super::pairs::Census;
use super::tcp::Failure;
use super::{Trackers, capturing, copies};
use crate::capture::Time;
use crate::dissect;
use crate::facts::dhcp::Lease;
use crate::facts::icmp::IcmpError;
use crate::facts::situation::{About, Situation, SituationKind};
use crate::facts::tcp::Opened;
use crate::facts::udp::Answered;
use gather::Gathered;
use std::net::IpAddr;

/// Everything recognized, in order of the first frame, then what comes from the capturing.
/// `end` is the time of the capture's last frame.
pub fn find(
    trackers: &Trackers,
    census: &Census,
    leases: &[Lease],
    errors: &[IcmpError],
    end: Option<Time>,
) -> Vec<Situation> {
    let mut found = Gathered::default();
    arp(trackers, census, end, &mut found);
    tcp(trackers, census, errors, &mut found);
    udp(trackers, census, errors, &mut found);
    let mut found = found.finish();
    waiting::find(trackers, &mut found);
    conflicts(trackers, &mut found);
    servers(leases, &mut found);
    passwords::find(trackers, &mut found);
    found.sort_by_key(|s: &Situation| s.frames.first().copied());
    // What comes from the capturing itself is told last, next to the connections it touches.
    found.extend(capturing::twice(&trackers.copies, trackers.arp.bindings()));
    capturing::checksums(&trackers.checksums, trackers.copies.frames, &mut found);
    found
}

/// The error in `frame`.
fn error_in(errors: &[IcmpError], frame: u32) -> Option<&IcmpError> {
    let place = errors.binary_search_by_key(&frame, |e| e.frame);
    errors.get(place.ok()?)
}

/// An answer comes within this time, or hosts ask again: nanoseconds.
const ARP_WAIT: i64 = 1_000_000_000;

fn arp(trackers: &Trackers, census: &Census, end: Option<Time>, found: &mut Gathered) {
    for Unanswered {
        asked,
        asker,
        frames,
        last,
    } in trackers.arp.unanswered()
    {
        // How long the capture goes on after the last question.
        let after = end
            .zip(last)
            .map(|(end, last)| end.0.saturating_sub(last.0));
        let times = match frames.len() {
            1 => "once".to_owned(),
            n => format!("{n} times"),
        };
        let told = format!("{asker} asked {times} who has {asked}");
        let (sends, receives) = (census.sent(asked), census.was_sent_to(asker));
        let (kind, sentence) = match sends {
            Some(frame) => (
                SituationKind::NoAnswer,
                format!(
                    "{told} and no answer was captured, though packets of {asked} were (frame {frame}): it may have gone, or its answer went another way."
                ),
            ),
            None if after.is_some_and(|after| after < ARP_WAIT) => (
                SituationKind::NoAnswer,
                format!(
                    "{told}, and the capture ends {:.1} s after: whether an answer came cannot be told.",
                    seconds(after.unwrap_or(0))
                ),
            ),
            None if receives || trackers.arp.exchanged(asker) => (
                SituationKind::HostAbsent,
                format!(
                    "{told} and nobody answered: no host with this address on the link, or it is off."
                ),
            ),
            // A switch shows a third host the questions, which are broadcast, and no answers.
            None => (
                SituationKind::NoAnswer,
                format!(
                    "{told} and no answer was captured. Nothing else that is sent to {asker} was either, so whether there is no such host, or the answer did not pass here, cannot be told."
                ),
            ),
        };
        found.add(kind, About::Arp, asker, asked, None, frames, || sentence);
    }
}

fn tcp(trackers: &Trackers, census: &Census, errors: &[IcmpError], found: &mut Gathered) {
    for index in 0..trackers.tcp.len() {
        let Some(failure) = trackers.tcp.failure(index) else {
            continue;
        };
        let (client, server) = (failure.client.0, failure.server.0);
        let port = Some(failure.server.1);
        let mut syns = if found.has_room(client, About::Tcp) {
            trackers.tcp.syn_times(index)
        } else {
            Vec::new()
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
            Opened::Challenged => (
                SituationKind::HalfOpen,
                vec![failure.syn_frame, failure.answer_frame],
            ),
            _ if failure.syn_attempts < 2 || (syns.len() < 2 && failure.copied) => {
                (SituationKind::NoAnswer, vec![failure.syn_frame])
            }
            _ => (
                SituationKind::HostSilent,
                syns.iter().map(|syn| syn.0).collect(),
            ),
        };
        // Who has sent anything is not silent.
        let alive = match kind {
            SituationKind::HostSilent => census.sent(server),
            _ => None,
        };
        let kind = if alive.is_some() {
            SituationKind::NoAnswer
        } else {
            kind
        };
        found.add(kind, About::Tcp, client, server, port, frames, || {
            sentence(errors, &failure, &syns, alive)
        });
    }
}

fn sentence(
    errors: &[IcmpError],
    failure: &Failure,
    syns: &[(u32, i64)],
    alive: Option<u32>,
) -> String {
    let (server, port) = failure.server;
    match failure.opened {
        Opened::Refused => format!(
            "{server} answered the SYN to port {port} with RST: nothing listens on that port, or a firewall rejects the call; the client gets \"connection refused\"."
        ),
        Opened::Unreachable => {
            let error = error_in(errors, failure.answer_frame);
            let (sender, meaning) = error.map_or_else(
                || ("a host".to_owned(), "unreachable".to_owned()),
                |e| (e.sender.to_string(), e.meaning.clone()),
            );
            format!(
                "{sender} answered the SYN for {server} port {port} with an ICMP error: {meaning}."
            )
        }
        Opened::Challenged => format!(
            "{server} answered the SYN to port {port} with an ACK of an older connection (RFC 5961 section 4.2): it still takes that connection for open, and only a RST ends it."
        ),
        _ if syns.len() < 2 => format!(
            "No answer of {server} to the one SYN to port {port} is in this capture; whether it stays silent or the capture just ends cannot be told."
        ),
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
            let how = if growing { "growing gaps" } else { "gaps" };
            let told: Vec<String> = gaps
                .iter()
                .map(|gap| format!("{:.1}", seconds(*gap)))
                .collect();
            let (count, told) = (syns.len(), told.join(", "));
            match alive {
                Some(frame) => format!(
                    "No answer of {server} to {count} SYNs to port {port} ({how} of {told} s) is in this capture, though it did send other packets (frame {frame}): a firewall drops these, or the answers went another way."
                ),
                None => format!(
                    "No answer of {server} to {count} SYNs to port {port} ({how} of {told} s), and nothing else from it: the host is silent or absent, or a firewall drops them."
                ),
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "printed with one decimal")]
fn seconds(ns: i64) -> f64 {
    ns as f64 / 1e9
}

fn udp(trackers: &Trackers, census: &Census, errors: &[IcmpError], found: &mut Gathered) {
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
        let (asker, (to, port)) = if error.about_destination == Some(flow.server) {
            (flow.client, (flow.server, flow.server_port))
        } else {
            (flow.server, (flow.client, flow.client_port))
        };
        let frames = vec![flow.first_frame, frame];
        let (kind, own) = match flow.answered {
            Answered::Refused => (SituationKind::NothingListening, error.sender == to),
            Answered::Unreachable if error.kind != 11 => (SituationKind::Unreachable, false),
            _ => continue,
        };
        found.add(kind, About::Udp, asker, to, Some(port), frames, || match (kind, own) {
            (SituationKind::NothingListening, true) => format!(
                "The datagram to {to} port {port} was sent and arrived; the host answered with ICMP port unreachable: nothing listens there, or a firewall rejects it."
            ),
            (SituationKind::NothingListening, false) => format!(
                "{} answered for {to} with ICMP port unreachable: a translation of addresses or a firewall on the way rejects the datagram to port {port}, or nothing listens there.",
                error.sender
            ),
            _ => format!(
                "{} answered the datagram for {to} port {port} with an ICMP error: {}.",
                error.sender, error.meaning
            ),
        });
    }
}

/// Addresses that more than one hardware address claims.
fn conflicts(trackers: &Trackers, found: &mut Vec<Situation>) {
    const MOST: usize = 100;
    let bindings = trackers.arp.bindings();
    let conflicting = trackers.arp.table().iter().filter(|n| n.conflict);
    for neighbour in conflicting.take(MOST) {
        let claims: Vec<_> = bindings
            .iter()
            .filter(|b| b.address == neighbour.address)
            .take(8)
            .collect();
        if claims.len() < 2 {
            continue;
        }
        let told: Vec<String> = claims
            .iter()
            .map(|c| format!("{} (frame {})", c.mac, c.frame))
            .collect();
        let mut frames: Vec<u32> = claims.iter().map(|c| c.frame).collect();
        frames.sort_unstable();
        found.push(Situation {
            kind: SituationKind::AddressConflict,
            protocol: About::Arp,
            client: None,
            server: Some(neighbour.address),
            server_port: None,
            count: 1,
            frames,
            sentence: format!(
                "{} is claimed by {}: two hosts have the same address, a card was replaced or took over, or somebody pretends to be another host (ARP spoofing).",
                neighbour.address,
                told.join(" and ")
            ),
        });
    }
}

/// DHCP servers beside the one that was chosen.
fn servers(leases: &[Lease], found: &mut Vec<Situation>) {
    let several = leases.iter().filter(|l| l.other_servers.is_some());
    for lease in several.take(20) {
        let others: Vec<String> = lease
            .other_servers
            .iter()
            .flatten()
            .map(IpAddr::to_string)
            .collect();
        let chosen = match (lease.server, lease.ack_frame) {
            (Some(server), Some(frame)) => format!("; {server} was chosen (frame {frame})"),
            (Some(server), None) => format!(", and {server}"),
            (None, _) => String::new(),
        };
        found.push(Situation {
            kind: SituationKind::SecondServer,
            protocol: About::Dhcp,
            client: None,
            server: lease.server,
            server_port: None,
            count: 1,
            frames: lease.frames.clone(),
            sentence: format!(
                "More than one DHCP server made an offer: {}{chosen}.",
                others.join(", ")
            ),
        });
    }
}
