//! The last datagrams, for the ICMP errors that quote them.

use crate::track::copies::tells_apart;
use crate::track::icmp::{ALIKE, Alike, Quoted, Told, whose};
use std::collections::VecDeque;

/// How many of the last datagrams an error is compared with.
const SENT: usize = 256;
/// How many of the first bytes of a payload are compared.
const HEAD: usize = 32;

/// A datagram that an error may quote.
pub(super) struct Sent {
    /// Its flow, and the side that sent it.
    flow: (u32, u8),
    row: u32,
    identification: u32,
    /// What its length field says, and its checksum.
    length: u16,
    checksum: Option<u16>,
    head: [u8; HEAD],
    /// So many bytes of the head are known.
    known: usize,
    like: Alike,
}

impl Sent {
    /// A datagram with this identification, length and checksum, of which this payload was captured.
    pub(super) fn new(
        flow: (u32, u8),
        row: u32,
        (identification, length, checksum): (u32, u16, Option<u16>),
        ttl: u8,
        payload: &[u8],
    ) -> Sent {
        let known = payload.len().min(HEAD);
        let mut head = [0; HEAD];
        head[..known].copy_from_slice(&payload[..known]);
        Sent {
            flow,
            row,
            identification,
            length,
            checksum,
            head,
            known,
            like: Alike {
                ttl,
                told: Told::No,
            },
        }
    }

    /// Whether an error may quote it.
    fn fits(&self, quoted: &Quoted, said: Said<'_>) -> bool {
        let (own, other) = (self.identification, quoted.identification);
        let another = own != other && (tells_apart(own) || tells_apart(other));
        let both = self.known.min(said.payload.len());
        let same = self.head[..both] == said.payload[..both];
        !another && same && said.length.is_none_or(|length| length == self.length)
    }
}

/// What an error quotes of a datagram.
#[derive(Clone, Copy)]
pub(super) struct Said<'q> {
    /// Its length field, and its checksum.
    pub(super) length: Option<u16>,
    pub(super) checksum: Option<u16>,
    /// As much of its payload as is quoted.
    pub(super) payload: &'q [u8],
}

/// The last datagrams, copies left out.
#[derive(Default)]
pub(super) struct Last(VecDeque<Sent>);

impl Last {
    pub(super) fn push(&mut self, sent: Sent) {
        if self.0.len() == SENT {
            self.0.pop_front();
        }
        self.0.push_back(sent);
    }

    /// The rows of the datagrams of one side of a flow that an error may be about, and which of them it
    /// is about. `ran_out` is the TTL that it probably had, if that is what the error says.
    pub(super) fn whose(
        &mut self,
        flow: (u32, u8),
        quoted: &Quoted,
        said: Said<'_>,
        ran_out: Option<u8>,
    ) -> Option<Found> {
        let own = |sent: &Sent| sent.flow == flow && sent.fits(quoted, said);
        // A card that fills in checksums does so behind the capture, and address translation changes
        // them: where none is the one that is quoted, they tell nothing.
        let same = |sent: &Sent| said.checksum.is_some() && sent.checksum == said.checksum;
        let told = self.0.iter().any(|sent| own(sent) && same(sent));
        // Those that have their errors only where there are no others.
        let of = |open: bool| -> Vec<usize> {
            let newest = self.0.iter().enumerate().rev();
            let own = newest.filter(|(_, sent)| {
                own(sent) && same(sent) == told && (sent.like.told != Told::Yes) == open
            });
            let mut places: Vec<usize> = own.map(|(at, _)| at).take(ALIKE).collect();
            places.reverse();
            places
        };
        let mut places = of(true);
        if places.is_empty() {
            places = of(false);
        }
        let alike: Vec<Alike> = places.iter().map(|at| self.0[*at].like).collect();
        let (at, told) = whose(&alike, ran_out)?;
        let rows = places.iter().map(|at| self.0[*at].row).collect();
        self.0[places[at]].like.tell(told);
        Some(Found { rows, at, told })
    }
}

/// The datagrams that an error may be about, oldest first.
pub(super) struct Found {
    pub(super) rows: Vec<u32>,
    /// The one that it is told to be about, by its place among them.
    pub(super) at: usize,
    pub(super) told: Told,
}
