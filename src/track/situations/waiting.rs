//! A second client whose turn comes when the first one's connection ends.
//!
//! The kernel completes the handshake of a client that waits, and acknowledges its data; only
//! answers are missing. A busy server of many threads, a slow query, a long round trip and a
//! capture with holes leave the same frames. So it is said only when the first answer comes right
//! after the *other* connection ended, when the other was answered many times faster meanwhile,
//! and when this server never answered two connections in turn.

use crate::facts::situation::{About, Situation, SituationKind, Story};
use crate::track::Trackers;
use crate::track::tcp::Brief;
use foldhash::fast::RandomState;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

/// Most situations of this kind.
const MOST: usize = 100;
/// Who waits, waits so many times longer than the other client for its answers, ...
const LONGER: i64 = 10;
/// ... and its answer comes so many times sooner after the other's end than it has waited.
const SOONER: i64 = 20;

type Server = (IpAddr, u16);

/// Finds them.
pub(super) fn find(trackers: &Trackers) -> Vec<Situation> {
    // Per server: the connection that was served last.
    let mut serving: HashMap<Server, (usize, Brief), RandomState> = HashMap::default();
    let mut concurrent: HashSet<Server, RandomState> = HashSet::default();
    let mut waits: Vec<(Brief, usize, Brief)> = Vec::new();
    for index in 0..trackers.tcp.len() {
        let Some(brief) = trackers.tcp.brief(index) else {
            continue;
        };
        let server = brief.server;
        if concurrent.contains(&server) {
            continue;
        }
        let current = serving.get(&server);
        if let Some((place, first)) = current {
            if overtakes(first, &brief) {
                concurrent.insert(server);
                continue;
            }
            if waits.len() < MOST && waited(first, &brief) {
                waits.push((brief, *place, *first));
            }
        }
        let last = brief.last_frame;
        if current.is_none_or(|c| last > c.1.last_frame) {
            serving.insert(server, (index, brief));
        }
    }
    waits.retain(|(waiting, ..)| !concurrent.contains(&waiting.server));
    waits
        .into_iter()
        .filter_map(|(waiting, place, first)| tell(&waiting, place, &first))
        .collect()
}

/// Whether the server answered the later one before it was done with the earlier: a server of one
/// client at a time takes them in the order in which they were opened, each to its end.
fn overtakes(first: &Brief, later: &Brief) -> bool {
    let Some(answer) = later.server_data_frame else {
        return false;
    };
    let earlier = first.ack_frame.is_some() && [first.ack_frame, later.ack_frame].is_sorted();
    let end = first.fin.map_or(first.last_frame, |(frame, _)| frame);
    let in_turn = first.server_data_frame.is_some() && answer < first.server_last_data;
    in_turn || (earlier && answer < end)
}

/// Whether the frames exclude what else would explain them.
fn waited(first: &Brief, later: &Brief) -> bool {
    let (Some(answer), Some((end, ended))) = (later.server_data_frame, first.fin) else {
        return false;
    };
    let (Some(usual), Some(wait)) = (first.first_answer_after, later.first_answer_after) else {
        return false;
    };
    // The data was acknowledged before it was answered: the kernel has it, the program has not.
    let taken = later.client_data_acked.is_some_and(|ack| ack < answer);
    let after = later.first_answer_time.saturating_sub(ended);
    // That it asked before the other's end is in this: it waited for longer than since then.
    answer > end
        && taken
        && !first.holes
        && !later.holes
        && wait > 0
        && wait >= usual.max(later.rtt).saturating_mul(LONGER)
        && after.saturating_mul(SOONER) <= wait
}

fn tell(waiting: &Brief, place: usize, first: &Brief) -> Option<Situation> {
    let (opened, asked, answer) = (
        waiting.ack_frame?,
        waiting.client_data_frame?,
        waiting.server_data_frame?,
    );
    let ended = first.fin?.0;
    let mut frames = vec![opened, asked, ended, answer];
    frames.sort_unstable();
    frames.dedup();
    Some(Situation {
        client: Some(waiting.client.0),
        server: Some(waiting.server.0),
        server_port: Some(waiting.server.1),
        ..Situation::new(
            SituationKind::SecondClientWaiting,
            About::Tcp,
            frames,
            Story::Waited {
                client: waiting.client,
                opened,
                asked,
                stream: place,
                ended,
                answer,
            },
        )
    })
}
