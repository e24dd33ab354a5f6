//! Segments of connections and pings that did not arrive, as ICMP errors tell.

use super::error_in;
use super::gather::Gathered;
use crate::dissect::as_usize;
use crate::facts::icmp::{IcmpError, Ping};
use crate::facts::situation::{About, Lost, SituationKind, Story};
use crate::track::Trackers;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::net::IpAddr;

/// What of one kind did not arrive, as one host says: with what frames.
struct Group<'e> {
    lost: Lost,
    ends: (IpAddr, IpAddr),
    first: &'e IcmpError,
    /// What it quotes is not in the capture.
    unseen: bool,
    count: u32,
    frames: Vec<u32>,
}

pub(super) fn find(
    segments: &[(u32, &IcmpError)],
    (errors, pings): (&[IcmpError], &[Ping]),
    found: &mut Gathered,
) {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut places = HashMap::<_, usize, RandomState>::default();
    let segments = segments.iter();
    let segments = segments.map(|(stream, error)| (Lost::Segments(*stream), *error));
    let pings = pings
        .iter()
        .filter_map(|ping| error_in(errors, ping.error_frame?));
    let pings = pings.filter(|error| is_unreachable(error));
    for (lost, error) in segments.chain(pings.map(|error| (Lost::Pings, error))) {
        let Some(ends) = error.about_source.zip(error.about_destination) else {
            continue;
        };
        let unseen = error.about_frame.is_none();
        let says = (error.sender, error.kind, error.code, unseen);
        let place = *places.entry((lost, ends, says)).or_insert_with(|| {
            groups.push(Group {
                lost,
                ends,
                first: error,
                unseen,
                count: 0,
                frames: Vec::new(),
            });
            groups.len() - 1
        });
        let group = &mut groups[place];
        group.count += 1;
        group.frames.extend(error.about_frame);
        group.frames.push(error.frame);
    }
    for group in groups {
        let about = match group.lost {
            Lost::Segments(_) => About::Tcp,
            Lost::Pings => About::Icmp,
        };
        let (kind, ends) = (SituationKind::Unreachable, group.ends);
        found.add(kind, about, (ends.0, ends.1, None), group.frames, || {
            Story::Undelivered {
                lost: group.lost,
                ends,
                count: group.count,
                sender: group.first.sender,
                unseen: group.unseen,
                meaning: group.first.meaning.clone(),
            }
        });
    }
}

/// Whether an error says that its packet cannot come to where it should: not that it is too long.
fn is_unreachable(error: &IcmpError) -> bool {
    let kind = match error.sender {
        IpAddr::V4(_) => error.kind == 3 && error.code != 4,
        IpAddr::V6(_) => error.kind == 1,
    };
    kind && error.copy_of_frame.is_none()
}

/// The errors about segments that are no SYNs, with their streams.
pub(super) fn segments<'e>(
    trackers: &Trackers,
    errors: &'e [IcmpError],
) -> Vec<(u32, &'e IcmpError)> {
    let about = trackers.icmp.about_tcp().iter();
    let found = about.filter_map(|about| {
        let error = errors.get(about.error).filter(|e| is_unreachable(e))?;
        let connection = trackers.tcp.connection(as_usize(about.stream))?;
        let called = match error.about_source == Some(connection.client) {
            true => connection.client_isn,
            false => connection.server_isn,
        };
        (called != Some(about.sequence)).then_some((about.stream, error))
    });
    found.collect()
}
