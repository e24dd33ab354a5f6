//! What is sent again and again until the connection's last frame, while nothing of the other side
//! comes: data, a FIN, or the question whether it is still there.

use super::Story;
use super::trouble::Trouble;
use crate::track::tcp::{End, Stream};
use std::net::IpAddr;

/// So often, and over so many nanoseconds, something was sent again: less is every loss.
const OFTEN: u32 = 3;
const LONG: i64 = 1_000_000_000;

/// What one side sent again while nothing of the other one came.
#[derive(Clone, Copy)]
pub(super) struct Unheard {
    since: u32,
    first: (u32, i64),
    newest: (u32, i64),
    count: u32,
    /// All of them are keep-alives.
    probes: bool,
}

impl Trouble {
    /// Takes in what was sent before, or a keep-alive, by a side that alone was seen from frame `since`
    /// on.
    pub(super) fn unheard(&mut self, since: u32, again: (u32, i64), probe: bool) {
        let new = Unheard {
            since,
            first: again,
            newest: again,
            count: 0,
            probes: true,
        };
        let known = self.unheard.get_or_insert(new);
        if known.since != since {
            *known = new;
        }
        known.count += 1;
        known.probes &= probe;
        known.newest = again;
    }
}

/// One that was heard no more.
pub(crate) struct Silent {
    /// Who sent again, and to whom.
    pub(crate) sender: IpAddr,
    pub(crate) to: (IpAddr, u16),
    pub(crate) client: IpAddr,
    /// From this frame on only it was seen.
    pub(crate) since: u32,
    /// First and last frame in which it sent again, how often, and nanoseconds between.
    pub(crate) frames: (u32, u32),
    pub(crate) count: u32,
    pub(crate) span: i64,
    /// It only asked whether the other is still there.
    pub(crate) probes: bool,
    /// Frame of the RST with which it gave up.
    pub(crate) gave_up: Option<u32>,
}

/// That of a connection, if there is one: both sides were seen before, and nobody else reset it.
pub(in crate::track::tcp) fn silent(stream: &Stream, ends: [End; 2]) -> Option<Silent> {
    let story: &Story = &stream.story;
    let unheard = story.trouble.as_ref()?.unheard?;
    let side = usize::from(story.talking);
    let heard_before = story.parts.iter().all(|part| part.ttls.1 != 0);
    let span = unheard.newest.1.saturating_sub(unheard.first.1);
    let still = unheard.since == story.talks_since && unheard.count >= OFTEN && span >= LONG;
    let gave_up = story.first_rst();
    let own = gave_up.is_none_or(|(frame, by)| usize::from(by) == side && frame > unheard.newest.0);
    if !still || !heard_before || !own {
        return None;
    }
    let client = super::client_side(stream, ends).0;
    Some(Silent {
        sender: ends[side].address,
        to: (ends[1 - side].address, ends[1 - side].port),
        client: ends[client].address,
        since: unheard.since,
        frames: (unheard.first.0, unheard.newest.0),
        count: unheard.count,
        span,
        probes: unheard.probes,
        gave_up: gave_up.map(|rst| rst.0),
    })
}
