//! What clients asked again and again, and no server answered.
//!
//! A client that takes an Offer says so to all, with a Request; so who looks for a server once more,
//! with nothing in between, got none that it took, wherever the Offers of servers passed. A renewal may
//! have been answered elsewhere, and the next one follows later with the same number: there a server's
//! message to the client, or that it went on to ask all servers, must show that it was not.

use super::ask::{Ask, Request};
use super::transaction::Transaction;
use crate::capture::Time;
use crate::dissect::dhcp::Message;
use crate::facts::Mac;
use crate::facts::dhcp::RequestKind;
use crate::facts::situation::Sought;
use crate::track::room::Room;
use std::collections::{HashMap, HashSet};

/// Most frames that are named.
const MOST: usize = 64;
/// Two that are less than so many nanoseconds apart may be one that was captured twice: clients wait
/// longer (RFC 2131 §4.1).
const APART: i64 = 1_000_000_000;

/// What a client asks while no server answers.
#[derive(Clone)]
pub(super) struct Open {
    ask: Ask,
    /// A relay passed it on: what it makes of each message is in the capture beside that, or alone.
    relayed: bool,
    rebinds: bool,
    frames: Vec<u32>,
    count: usize,
    first: Option<Time>,
    last: Option<Time>,
}

impl Open {
    /// The client asks, in this frame.
    pub(super) fn ask(
        open: &mut Option<Open>,
        ask: Ask,
        message: &Message<'_>,
        (frame, time): (u32, Option<Time>),
    ) {
        let relayed = message.relay != [0; 4];
        let same = |open: &Open| match (open.ask, ask) {
            (Ask::Request(before), Ask::Request(now)) => before.address == now.address,
            (before, now) => before == now,
        };
        let known = open.take().filter(same);
        let known = open.insert(known.unwrap_or(Open {
            ask,
            relayed,
            rebinds: false,
            frames: Vec::new(),
            count: 0,
            first: time,
            last: time,
        }));
        if known.relayed != relayed {
            return;
        }
        known.rebinds |= matches!(
            ask,
            Ask::Request(Request {
                kind: Some(RequestKind::Rebinding),
                ..
            })
        );
        known.count += 1;
        known.last = time;
        if known.frames.has_room(MOST) {
            known.frames.push(frame);
        }
    }

    /// Goes on with what the same client asked under another number.
    fn go_on(&mut self, later: &Open) {
        self.count += later.count;
        self.last = later.last;
        let room = MOST.saturating_sub(self.frames.len());
        self.frames.extend(later.frames.iter().take(room));
    }
}

/// What a client asked again, and no server answered.
pub(crate) struct Unanswered {
    /// Who asked.
    pub(crate) client: Option<Mac>,
    /// What for.
    pub(crate) sought: Sought,
    /// The first of the frames, and how many there are.
    pub(crate) frames: Vec<u32>,
    pub(crate) count: usize,
    /// Nanoseconds between the first and the last.
    pub(crate) span: i64,
    /// When it asked last.
    pub(crate) last: Option<Time>,
    /// The first frame of a server to that client after that.
    pub(crate) answered: Option<u32>,
}

/// All of it, in the order of its transactions.
pub(super) fn find(list: &[Transaction]) -> Vec<Unanswered> {
    let heard: HashSet<[u8; 16]> = list
        .iter()
        .filter(|t| t.heard.is_some())
        .map(|t| t.hardware)
        .collect();
    let mut found: Vec<(Open, &Transaction, Option<u32>)> = Vec::new();
    // What each client that looks for a server has not got an answer to, by its place.
    let mut looking: HashMap<[u8; 16], usize> = HashMap::new();
    for transaction in list {
        let before = looking.remove(&transaction.hardware);
        if let (Some(before), Some(_)) = (before, transaction.heard) {
            found[before].2 = transaction.heard;
        }
        let Some(open) = &transaction.open else {
            continue;
        };
        let looks = open.ask == Ask::Discover && transaction.heard.is_none();
        match before.filter(|_| looks) {
            Some(before) => {
                found[before].0.go_on(open);
                looking.insert(transaction.hardware, before);
            }
            None => {
                if looks {
                    looking.insert(transaction.hardware, found.len());
                }
                found.push((open.clone(), transaction, None));
            }
        }
    }
    let told = found
        .into_iter()
        .filter_map(|(open, transaction, answered)| {
            let shown = open.rebinds || heard.contains(&transaction.hardware);
            told(open, transaction, shown, answered)
        });
    told.collect()
}

/// What is told of it, if there is enough to tell; `shown` says that what a renewal is answered with
/// would be in the capture, or came too late.
fn told(
    open: Open,
    transaction: &Transaction,
    shown: bool,
    answered: Option<u32>,
) -> Option<Unanswered> {
    let span = open.last?.since(open.first?);
    if open.count < 2 || span < APART {
        return None;
    }
    let sought = match open.ask {
        Ask::Discover => Sought::Server,
        Ask::Inform => return None,
        Ask::Request(request) if request.extends() => {
            Sought::Extension(request.address.filter(|_| shown)?)
        }
        Ask::Request(request) => Sought::Address(request.address?),
    };
    Some(Unanswered {
        client: transaction.lease.client_mac,
        sought,
        frames: open.frames,
        count: open.count,
        span,
        last: open.last,
        answered,
    })
}
