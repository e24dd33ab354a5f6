//! Clients that are offered addresses again and again, and ask for none.

use super::transaction::Transaction;
use crate::capture::Time;
use crate::facts::Mac;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

/// Nanoseconds: two that are nearer may be one that was captured twice (RFC 2131 §4.1).
const APART: i64 = 1_000_000_000;

/// What a client does not take.
pub(crate) struct Untaken {
    /// Who looks for a server.
    pub(crate) client: Option<Mac>,
    /// How often, between which times.
    pub(crate) times: usize,
    pub(crate) span: i64,
    /// The first offer: what, by whom, in which frame.
    pub(crate) offer: (Option<IpAddr>, Option<IpAddr>, u32),
    /// The first and last Discover, and that offer.
    pub(crate) frames: Vec<u32>,
}

/// What one client looked for and was offered.
struct Looking<'t> {
    first: &'t Transaction,
    offer: Option<(Option<IpAddr>, Option<IpAddr>, u32)>,
    times: usize,
    /// Frames and times of the first Discover and the last.
    frames: (u32, u32),
    since: Option<(Time, Time)>,
}

/// All of them, in the order of their transactions. Who takes an offer says so to all, with a Request,
/// where its Discovers are seen as well.
pub(super) fn find(list: &[Transaction]) -> Vec<Untaken> {
    let mut found: Vec<Looking<'_>> = Vec::new();
    let mut places: HashMap<[u8; 16], usize> = HashMap::new();
    let mut took: HashSet<[u8; 16]> = HashSet::new();
    for transaction in list {
        if transaction.lease.request_frame.is_some() || transaction.lease.ack_frame.is_some() {
            took.insert(transaction.hardware);
        }
        let Some(discovers) = transaction.discovers else {
            continue;
        };
        let offer = transaction.first_offer();
        let place = *places.entry(transaction.hardware).or_insert(found.len());
        match found.get_mut(place) {
            None => found.push(Looking {
                first: transaction,
                offer,
                times: discovers.count,
                frames: discovers.frames,
                since: discovers.times,
            }),
            Some(known) => {
                known.offer = known.offer.or(offer);
                known.times += discovers.count;
                known.frames.1 = discovers.frames.1;
                known.since = known.since.zip(discovers.times).map(|(a, b)| (a.0, b.1));
            }
        }
    }
    let told = found.into_iter().filter_map(|looking| {
        let offer = looking.offer?;
        let span = looking.since.map(|(first, last)| last.since(first))?;
        let (first, last) = looking.frames;
        let again = looking.times > 1 && span >= APART && offer.2 < last;
        (again && !took.contains(&looking.first.hardware)).then(|| Untaken {
            client: looking.first.lease.client_mac,
            times: looking.times,
            span,
            offer,
            frames: vec![first, offer.2, last],
        })
    });
    told.collect()
}
