//! Situations of DHCP.

use super::gather;
use crate::capture::Time;
use crate::facts::dhcp::Lease;
use crate::facts::icmp::IcmpError;
use crate::facts::situation::{About, Situation, SituationKind, Sought, Story};
use crate::track::Trackers;
use std::net::IpAddr;

/// Most of a kind that are told.
const MOST: usize = 20;

/// All of them; `end` is the time of the capture's last frame.
pub(super) fn find(
    trackers: &Trackers,
    leases: &[Lease],
    (errors, end): (&[IcmpError], Option<Time>),
    found: &mut Vec<Situation>,
) {
    declined(leases, found);
    servers(leases, found);
    disagreed(trackers, leases, found);
    both_acknowledged(trackers, leases, found);
    given_twice(trackers, leases, found);
    untaken(trackers, found);
    unanswered(trackers, errors, end, found);
}

/// Addresses that DHCP clients declined.
fn declined(leases: &[Lease], found: &mut Vec<Situation>) {
    for lease in leases.iter().filter(|l| l.declined.is_some()).take(MOST) {
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
            None if groups.len() < MOST => groups.push((all, vec![(lease, others)])),
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

/// Requests that one server refused and another acknowledged.
fn disagreed(trackers: &Trackers, leases: &[Lease], found: &mut Vec<Situation>) {
    let alike = (leases.iter().enumerate()).filter(|(place, _)| !trackers.leases.is_mixed(*place));
    let told = alike.filter_map(|(_, lease)| {
        let refused = lease.nak_server.zip(lease.nak_frame)?;
        let acknowledged = lease.server.zip(lease.ack_frame)?;
        let asked = lease.request_frame?;
        // What was refused before the request was another one.
        let same = refused.0 != acknowledged.0 && refused.1.min(acknowledged.1) > asked;
        same.then_some((lease, asked, refused, acknowledged))
    });
    for (lease, asked, refused, acknowledged) in told.take(MOST) {
        let mut frames = vec![asked, refused.1, acknowledged.1];
        frames.sort_unstable();
        let story = Story::Disagreed {
            client: lease.client_mac,
            address: lease.requested,
            refused,
            acknowledged,
        };
        found.push(Situation {
            server: Some(acknowledged.0),
            ..Situation::new(SituationKind::SecondServer, About::Dhcp, frames, story)
        });
    }
}

/// Requests that two servers acknowledged, as if both were meant.
fn both_acknowledged(trackers: &Trackers, leases: &[Lease], found: &mut Vec<Situation>) {
    let alike = (leases.iter().enumerate()).filter(|(place, _)| !trackers.leases.is_mixed(*place));
    let told = alike.filter_map(|(_, lease)| {
        let (server, ack) = lease.server.zip(lease.ack_frame)?;
        let (other, late) = lease.other_ack_server.zip(lease.other_ack_frame)?;
        let acks = [
            (server, lease.acknowledged, ack),
            (other, lease.other_acknowledged, late),
        ];
        // A client that informs is answered by all servers (RFC 2131 §4.3.5).
        (lease.inform_frame.is_none()).then_some((lease, acks))
    });
    for (lease, acks) in told.take(MOST) {
        let mut frames: Vec<u32> = acks.iter().map(|ack| ack.2).collect();
        frames.extend(lease.request_frame);
        frames.sort_unstable();
        let story = Story::BothAcknowledged {
            client: lease.client_mac,
            acks,
        };
        found.push(Situation {
            server: lease.server,
            ..Situation::new(SituationKind::SecondServer, About::Dhcp, frames, story)
        });
    }
}

/// Addresses that two clients were given at once.
fn given_twice(trackers: &Trackers, leases: &[Lease], found: &mut Vec<Situation>) {
    for given in trackers.leases.given_twice(leases).into_iter().take(MOST) {
        let frames = given.gifts.iter().map(|gift| gift.2).collect();
        let story = Story::GivenTwice {
            address: given.address,
            gifts: given.gifts,
            seconds: given.seconds,
            after: given.after,
        };
        found.push(Situation {
            server: Some(given.address),
            ..Situation::new(SituationKind::AddressConflict, About::Dhcp, frames, story)
        });
    }
}

/// Clients that were offered addresses and asked for none.
fn untaken(trackers: &Trackers, found: &mut Vec<Situation>) {
    for untaken in trackers.leases.untaken().into_iter().take(MOST) {
        let story = Story::OffersNotTaken {
            client: untaken.client,
            times: untaken.times,
            span: untaken.span,
            offer: untaken.offer,
        };
        found.push(Situation {
            server: untaken.offer.1,
            ..Situation::new(
                SituationKind::OfferNotTaken,
                About::Dhcp,
                untaken.frames,
                story,
            )
        });
    }
}

/// What clients asked again, and no server answered.
fn unanswered(
    trackers: &Trackers,
    errors: &[IcmpError],
    end: Option<Time>,
    found: &mut Vec<Situation>,
) {
    for asked in trackers.leases.unanswered().into_iter().take(MOST) {
        let about =
            |error: &&IcmpError| error.about_frame.is_some_and(|f| asked.frames.contains(&f));
        let story = Story::DhcpUnanswered {
            client: asked.client,
            sought: asked.sought,
            times: asked.count,
            span: asked.span,
            rest: end.zip(asked.last).map(|(end, last)| end.since(last)),
            answered: asked.answered,
            error: errors.iter().find(about).map(|error| error.frame),
        };
        let client = match asked.sought {
            Sought::Extension(address) => Some(address),
            Sought::Server | Sought::Address(_) => None,
        };
        found.push(Situation {
            client,
            ..Situation::new(SituationKind::NoAnswer, About::Dhcp, asked.frames, story)
        });
    }
}
