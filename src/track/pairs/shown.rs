//! What the packets themselves show of a hardware address: that packets sent to it are passed on.

use super::{Pair, Pairs};
use crate::facts::Mac;
use crate::facts::icmp::IcmpError;
use crate::track::copies::{Copies, Sent};
use crate::track::redirects::Redirect;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::net::IpAddr;

/// A request and what answers it.
#[derive(Clone, Copy, Debug)]
pub struct Answered {
    /// Who asked.
    pub asker: IpAddr,
    /// Who was asked, and answered.
    pub asked: IpAddr,
    /// Frame of the request.
    pub request: u32,
    /// Frame of the answer.
    pub answer: u32,
}

/// What shows that a card which packets between two hosts go to passes them on: what it does with
/// packets of others says nothing of these, for they may be for itself.
#[derive(Default)]
pub(super) struct Shown {
    /// The first request that was answered, and the card that the answer came from.
    answered: HashMap<Sent, (Answered, Option<[u8; 6]>), RandomState>,
    /// The first redirect that it sent.
    redirects: HashMap<Sent, Redirect, RandomState>,
    /// The first error that it brought, of those that only routers send.
    errors: HashMap<Sent, u32, RandomState>,
    /// The first packet that it got and passed on, and the frame that it is in then.
    passed: HashMap<Sent, (u32, u32), RandomState>,
    /// The same by that frame.
    behind: HashMap<u32, u32, RandomState>,
}

impl Shown {
    /// Reads it off the frames.
    pub(super) fn new(
        pairs: &Pairs,
        (errors, redirects): (&[IcmpError], &[Redirect]),
        copies: &Copies,
        answers: &[Answered],
    ) -> Shown {
        let mut shown = Shown::default();
        let only = pairs.alone();
        let pair = |from: IpAddr, to: IpAddr| only.get(&(from, to)).copied().flatten();
        for answer in answers {
            let sent = pair(answer.asker, answer.asked);
            let back = pair(answer.asked, answer.asker);
            // What is asked again on another way may be what was answered.
            let card = sent.and_then(|pair| pair.receiver_at(answer.request));
            let then = sent.and_then(|pair| pair.receiver_at(answer.answer));
            if let Some(card) = card.filter(|_| card == then) {
                let from = back.and_then(|pair| pair.sender_at(answer.answer));
                let sent = (answer.asker, answer.asked, card);
                shown.answered.entry(sent).or_insert((*answer, from));
            }
        }
        // Whoever sends an error about packets was sent them: else it may be forged.
        let had = |from: IpAddr, to: IpAddr, card: [u8; 6], frame: u32| {
            let sent = pair(from, to).filter(|pair| pair.first_frame < frame);
            sent.and_then(|pair| pair.receiver_at(frame)) == Some(card)
        };
        for error in errors.iter().filter(|e| of_router(e)) {
            let card = pair(error.sender, error.receiver).and_then(|p| p.sender_at(error.frame));
            if let (Some(from), Some(to), Some(card)) =
                (error.about_source, error.about_destination, card)
                && to != error.sender
                && had(from, to, card, error.frame)
            {
                shown.errors.entry((from, to, card)).or_insert(error.frame);
            }
        }
        for redirect in redirects {
            let (from, to) = (redirect.host, redirect.destination);
            if let Some(card) = redirect.card.filter(|c| had(from, to, *c, redirect.frame)) {
                shown.redirects.entry((from, to, card)).or_insert(*redirect);
            }
        }
        shown.passed.clone_from(&copies.passed);
        let behind = copies
            .passed
            .values()
            .map(|(before, after)| (*after, *before));
        shown.behind = behind.collect();
        shown
    }

    /// What shows that a card which packets of a pair go to passes packets on, the frame, and the
    /// address that it says it has.
    pub(super) fn passes(
        &self,
        pair: &Pair,
        card: [u8; 6],
    ) -> Option<(String, u32, Option<IpAddr>)> {
        let to = pair.destination;
        let sent = (pair.source, to, card);
        if let Some((before, after)) = self.passed.get(&sent) {
            let told = format!(
                "it passes packets on: frame {after} holds the packet of frame {before}, with a TTL lower by one"
            );
            return Some((told, *before, None));
        }
        if let Some(redirect) = self.redirects.get(&sent) {
            let (sender, frame) = (redirect.sender, redirect.frame);
            let told = format!("as {sender} it sends the redirect in frame {frame}, as routers do");
            return Some((told, frame, Some(sender)));
        }
        let frame = *self.errors.get(&sent)?;
        let told = format!(
            "from it comes the ICMP error in frame {frame} about a packet for {to}, of a kind that routers on the way send"
        );
        Some((told, frame, None))
    }

    /// The same, also where that is shown by an answer to what went to a card that is not the
    /// destination's.
    pub(super) fn passing(&self, pair: &Pair, card: [u8; 6]) -> Option<String> {
        if let Some((told, ..)) = self.passes(pair, card) {
            return Some(told);
        }
        let to = pair.destination;
        let (answer, _) = self.answered.get(&(pair.source, to, card))?;
        let (request, reply) = (answer.request, answer.answer);
        Some(format!(
            "what went to it in frame {request} was answered (frame {reply}), so it passed it on, or answers for {to}"
        ))
    }

    /// That the answer to what went to a card came another way; nothing, if it did not.
    pub(super) fn comes_back(&self, pair: &Pair, card: [u8; 6]) -> String {
        let sent = (pair.source, pair.destination, card);
        let known = self.answered.get(&sent).and_then(|known| known.1);
        // Without its frame: the same of many destinations is told once.
        known.filter(|back| *back != card).map_or_else(String::new, |back| {
            format!(
                "; an answer comes from another hardware address, {}: that of another router, of another card of this one, or of {} itself",
                Mac(back),
                pair.destination
            )
        })
    }

    /// The frame that held this one's packet before a router passed it on.
    pub(super) fn before(&self, frame: u32) -> Option<u32> {
        self.behind.get(&frame).copied()
    }
}

impl Pairs {
    /// The pairs of two hosts that are in one virtual LAN only.
    fn alone(&self) -> HashMap<(IpAddr, IpAddr), Option<&Pair>, RandomState> {
        let mut only: HashMap<_, _, RandomState> = HashMap::default();
        for pair in &self.list {
            let ends = (pair.source, pair.destination);
            only.entry(ends)
                .and_modify(|known| *known = None)
                .or_insert(Some(pair));
        }
        only
    }
}

/// Errors of those who pass packets on: no way to a network or host, a packet too long for the way, a
/// TTL that ran out on it (RFC 1812 section 4.3, RFC 4443 section 3).
fn of_router(error: &IcmpError) -> bool {
    let what = (error.kind, error.code);
    if error.sender.is_ipv4() {
        matches!(what, (3, 0 | 1 | 4 | 6 | 7 | 11 | 12) | (11, 0))
    } else {
        matches!(what, (1, 0 | 3) | (2, _) | (3, 0))
    }
}
