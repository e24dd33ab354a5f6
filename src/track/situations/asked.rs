//! Questions for a hardware address that nobody answered.

use super::gather::Gathered;
use crate::capture::Time;
use crate::facts::situation::{About, Here, Missing, SituationKind, Story};
use crate::track::Trackers;
use crate::track::arp::Unanswered;
use crate::track::pairs::Census;
use std::cell::OnceCell;
use std::net::IpAddr;

/// An answer comes within this time, or hosts ask again: nanoseconds.
const WAIT: i64 = 1_000_000_000;
/// A DHCP server that tries an address offers it within this time: nanoseconds.
const TRIED: i64 = 5_000_000_000;

/// So many equal questions, nearly all of them at once, are none of a host's.
const FLOOD: usize = 5;

/// Tells those of which something can be said; `end` is the time of the capture's last frame.
pub(super) fn find(trackers: &Trackers, census: &Census, end: Option<Time>, found: &mut Gathered) {
    let (arp, discovery) = (&trackers.arp, &trackers.discovery);
    let exchanged = arp.exchanged();
    let sent_to = OnceCell::new();
    for unanswered in [arp.unanswered(), discovery.unanswered()].concat() {
        let asker = unanswered.asker;
        let hears = census.was_sent_to(asker)
            || exchanged.contains(&asker)
            || discovery.exchanged().contains(&asker);
        let after = end.zip(unanswered.last);
        let after = after.map(|(end, last)| end.0.saturating_sub(last.0));
        // Where the last of several questions was too late, the others were not.
        let cut = after.filter(|after| *after < WAIT);
        let alone = unanswered.frames.len() == 1;
        let cut = cut.filter(|_| alone || unanswered.again);
        let here = here(census, &unanswered, cut.is_some());
        // It was there before. Only questions that are asked again say more than that this one was
        // missed.
        let gone = here.is_some_and(|here| here.gone) && unanswered.again && hears;
        // It is there, and who asks does not learn of it: or it would not ask again.
        let (first, last) = (unanswered.frames.first(), unanswered.frames.last());
        let learnt = || {
            let sent = sent_to.get_or_init(|| trackers.pairs.last_frames());
            sent.get(&(asker, unanswered.asked)) > last
        };
        let spoke = here.is_some_and(|here| !here.gone) || unanswered.claimed > first.copied();
        let stays = spoke && unanswered.again;
        if unanswered.claimed.is_some() && !gone && (!stays || learnt()) {
            continue;
        }
        let known = offered(trackers, &unanswered)
            .or(here.filter(|here| !alone || !here.ends).map(Missing::Alive))
            .or_else(|| sent(trackers, &unanswered));
        let (kind, answer) = match known {
            Some(answer) => (SituationKind::NoAnswer, answer),
            None => missing(unanswered.again, hears, cut),
        };
        let Unanswered {
            asked,
            frames,
            at_once,
            ..
        } = unanswered;
        let about = match asked {
            IpAddr::V4(_) => About::Arp,
            IpAddr::V6(_) => About::Discovery,
        };
        let times = frames.len();
        let flood = times >= FLOOD && at_once.saturating_mul(4) >= times.saturating_mul(3);
        found.add(kind, about, (asker, asked, None), frames, || Story::Asked {
            asker,
            asked,
            times,
            flood,
            answer,
        });
    }
}

/// What is said of a host that shows in nothing else: by whether who asks asked again and is known to
/// be sent something here, and how soon the capture ends.
fn missing(again: bool, hears: bool, cut: Option<i64>) -> (SituationKind, Missing) {
    match (again, cut) {
        (true, _) if !hears => (SituationKind::NoAnswer, Missing::Again(cut.is_some())),
        (true, Some(_)) => (SituationKind::HostAbsent, Missing::NobodyYet),
        (false, Some(after)) => (SituationKind::NoAnswer, Missing::Cut(after)),
        // A switch shows a third host the questions, which are broadcast, and of the answers at most
        // its own.
        (true, None) => (SituationKind::HostAbsent, Missing::Nobody),
        (false, None) if hears => (SituationKind::NoAnswer, Missing::Once),
        (false, None) => (SituationKind::NoAnswer, Missing::Unseen),
    }
}

/// What the host sent; `ends` says that the capture ends behind the last question.
fn here(census: &Census, unanswered: &Unanswered, ends: bool) -> Option<Here> {
    let last = unanswered.frames.last()?;
    let sent = census.sent(unanswered.asked);
    let oldest = sent
        .map(|sent| sent.first)
        .into_iter()
        .chain(unanswered.claimed)
        .min()?;
    let newest = sent
        .map(|sent| sent.last)
        .into_iter()
        .chain(unanswered.claimed)
        .max()?;
    let gone = newest < *last;
    Some(Here {
        frame: if gone { oldest } else { newest },
        gone,
        new: oldest > *last,
        on_link: unanswered.claimed.is_some() || sent.is_some_and(|sent| sent.on_link),
        ends,
    })
}

/// The frame in which who asked offers the address: a DHCP server tries first whether it is free (RFC
/// 2131 section 2.2).
fn offered(trackers: &Trackers, unanswered: &Unanswered) -> Option<Missing> {
    let last = unanswered.last?;
    let mut messages = trackers.leases.messages().iter();
    let offer = messages.find(|message| {
        let after = message.time.map(|time| time.0.saturating_sub(last.0));
        message.kind == "Offer"
            && message.address == Some(unanswered.asked)
            && message.server == Some(unanswered.asker)
            && after.is_some_and(|after| (0..TRIED).contains(&after))
    });
    offer.map(|offer| Missing::Offered(offer.frame))
}

/// The frame that went to the hardware address asked for after all.
fn sent(trackers: &Trackers, unanswered: &Unanswered) -> Option<Missing> {
    let (asker, asked) = (unanswered.asker, unanswered.asked);
    let sent = trackers.pairs.first_to_one(asker, asked)?;
    let after = unanswered.frames.iter().all(|frame| *frame < sent);
    after.then_some(Missing::Sent(sent))
}
