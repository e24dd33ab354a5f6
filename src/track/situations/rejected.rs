//! Packets that a router or host did not take as they were, as ICMP errors tell: too big for the
//! next link, with a field that it cannot use, of a protocol that it does not have, not in all pieces.

use super::gather::Gathered;
use crate::facts::icmp::IcmpError;
use crate::facts::situation::{About, Flaw, SituationKind, Story};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::net::IpAddr;

/// Errors of one host about packets of two that say the same.
struct Group<'e> {
    first: &'e IcmpError,
    ends: (IpAddr, IpAddr),
    flaw: Flaw,
    count: u32,
    frames: Vec<u32>,
}

pub(super) fn find(errors: &[IcmpError], found: &mut Gathered) {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut places = HashMap::<_, usize, RandomState>::default();
    for error in errors.iter().filter(|e| e.copy_of_frame.is_none()) {
        let ends = error.about_source.zip(error.about_destination);
        let (Some(ends), Some(flaw)) = (ends, flaw(error)) else {
            continue;
        };
        let place = *places.entry((error.sender, ends, flaw)).or_insert_with(|| {
            groups.push(Group {
                first: error,
                ends,
                flaw,
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
        let kind = match group.flaw {
            Flaw::Size { .. } => SituationKind::TooBig,
            Flaw::Header => SituationKind::BadHeader,
            Flaw::Protocol(_) => SituationKind::Unreachable,
            Flaw::Pieces => SituationKind::PiecesMissing,
        };
        let ends = (group.ends.0, group.ends.1, None);
        found.add(kind, About::Ip, ends, group.frames, || Story::Rejected {
            flaw: group.flaw,
            ends: group.ends,
            count: group.count,
            sender: group.first.sender,
        });
    }
}

/// What an error finds wrong with its packet. What it says of TCP, UDP and ICMP, which every host
/// has, is told where their conversations are.
fn flaw(error: &IcmpError) -> Option<Flaw> {
    match (error.sender, error.kind, error.code) {
        (IpAddr::V4(_), 3, 4) | (IpAddr::V6(_), 2, _) => Some(Flaw::Size {
            mtu: error.mtu,
            divisible: error.about_dont_fragment == Some(false),
            fits: error
                .about_length_bytes
                .filter(|long| Some(*long) <= error.mtu),
        }),
        (IpAddr::V4(_), 11, 1) | (IpAddr::V6(_), 3, 1) => Some(Flaw::Pieces),
        (IpAddr::V4(_), 12, _) | (IpAddr::V6(_), 4, _) => Some(Flaw::Header),
        (IpAddr::V4(_), 3, 2) => match error.about_protocol? {
            1 | 6 | 17 => None,
            other => Some(Flaw::Protocol(other)),
        },
        _ => None,
    }
}
