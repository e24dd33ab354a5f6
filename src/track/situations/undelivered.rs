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
    unused: bool,
    count: u32,
    frames: Vec<u32>,
}

/// An error about a segment.
pub(super) struct Segment<'e> {
    pub(super) stream: u32,
    pub(super) error: &'e IcmpError,
    /// It quotes a sequence number that its sender never used, as far as the capture shows.
    pub(super) unused: bool,
}

pub(super) fn find(
    segments: &[Segment<'_>],
    (errors, pings): (&[IcmpError], &[Ping]),
    found: &mut Gathered,
) {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut places = HashMap::<_, usize, RandomState>::default();
    let segments = segments.iter();
    let segments = segments.map(|s| (Lost::Segments(s.stream), s.error, s.unused));
    let pings = pings
        .iter()
        .filter_map(|ping| error_in(errors, ping.error_frame?));
    let pings = pings.filter(|error| is_unreachable(error));
    let pings = pings.map(|error| (Lost::Pings, error, false));
    for (lost, error, unused) in segments.chain(pings) {
        let Some(ends) = error.about_source.zip(error.about_destination) else {
            continue;
        };
        let says = (error.sender, error.kind, error.code, unused);
        let place = *places.entry((lost, ends, says)).or_insert_with(|| {
            groups.push(Group {
                lost,
                ends,
                first: error,
                unused,
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
                unused: group.unused,
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

/// The errors about segments that are no calls.
pub(super) fn segments<'e>(trackers: &Trackers, errors: &'e [IcmpError]) -> Vec<Segment<'e>> {
    let about = trackers.icmp.about_tcp().iter();
    let found = about.filter_map(|about| {
        let error = errors.get(about.error).filter(|e| is_unreachable(e))?;
        let c = trackers.tcp.connection(as_usize(about.stream))?;
        let by_client = error.about_source == Some(c.client);
        let (called, sent) = match by_client {
            true => (
                c.client_isn,
                c.client_bytes + u64::from(c.client_unseen_bytes),
            ),
            false => (
                c.server_isn,
                c.server_bytes + u64::from(c.server_unseen_bytes),
            ),
        };
        // SYN and FIN take a number each.
        let beyond = |isn: u32| u64::from(about.sequence.wrapping_sub(isn)) > sent + 2;
        // A SYN that did not arrive is told as a call.
        (!by_client || called != Some(about.sequence)).then(|| Segment {
            stream: about.stream,
            error,
            unused: called.is_some_and(beyond),
        })
    });
    found.collect()
}
