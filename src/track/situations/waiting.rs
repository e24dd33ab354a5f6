//! A second client whose turn comes when the first one's connection ends.
//!
//! The kernel completes the handshake of a client that waits, and acknowledges its data; only
//! answers are missing. A busy server of many threads, a slow query, a long round trip and a
//! capture with holes leave the same frames, and so does an answer that waits for the other to
//! leave. A server that does one piece of work after the other, as an event loop does, lets clients
//! wait for the others' *work*. So it is said only when the first answer comes right after the server
//! has closed the *other* connection, when the server had nothing to do for the other meanwhile, or
//! did what the other asked later, until the other spoke or left: a server that slept would not have
//! been woken by that. And only when it never answered anybody while an earlier connection was open.
//! Clients that all wait for the same work are known where each answer comes just that work's time after the end
//! of the connection before, at least twice, and no client of this server waited otherwise.
//!
//! From a distance the server's own FIN tells, not the client's: it takes the same way as the answer.
//! A server that said nothing after its answer, with another's request at hand, until the client's
//! FIN had reached it, then closed and answered the other at once, was not at work: and twice it was
//! no accident either that it woke just then.

use crate::facts::situation::{About, Situation, SituationKind, Story};
use crate::track::Trackers;
use crate::track::room::Room;
use crate::track::tcp::Brief;
use foldhash::fast::RandomState;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

/// Most situations of this kind.
const MOST: usize = 100;
/// Who waits, waits so many times longer than the other client for its answers, ...
const LONGER: i64 = 10;
/// ... and its answer comes so many times sooner after the other's end than it has waited, ...
const SOONER: i64 = 50;
/// ... and no later than so many times after that the other's answer took.
const SERVED: i64 = 2;
/// Nanoseconds in which a system does whatever else there is to do between two clients: close,
/// accept, write its log, be scheduled (measured: 0.2 to 2.4 ms on two busy cores).
const SYSTEM: i64 = 5_000_000;
/// A rest of less than ten times this is none: nanoseconds.
const NOTICED: i64 = 1_000_000;
/// Work that takes the same time again takes this part longer or shorter, at most.
const ALIKE: i64 = 10;

type Server = (IpAddr, u16);

/// The connection that was served last.
struct Serving {
    stream: usize,
    brief: Brief,
    /// What its first answer took when its turn had come, as far as that is known.
    service: Option<i64>,
    /// Of all connections so far, the one that began to end last: that frame, and the one by which
    /// it was opened.
    longest: (u32, Option<u32>),
}

/// A connection whose turn came when another one ended.
struct Wait {
    waiting: Brief,
    stream: usize,
    first: Brief,
    /// Nanoseconds from that end to the answer.
    after: i64,
    /// Why the other's end gave the turn.
    turn: Turn,
}

/// How an answer came after the end of another connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// At once, though the server had had time before.
    AtOnce,
    /// After what the answer before took, so others must show the same.
    Alike,
    /// At once after the server had closed as well, when the client's FIN had come: so must others.
    Left,
    /// Neither: it may have waited for the other's work.
    Otherwise,
}

/// Finds them.
pub(super) fn find(trackers: &Trackers) -> Vec<Situation> {
    let mut serving: HashMap<Server, Serving, RandomState> = HashMap::default();
    let mut concurrent: HashSet<Server, RandomState> = HashSet::default();
    let mut otherwise: HashSet<Server, RandomState> = HashSet::default();
    let mut waits: Vec<Wait> = Vec::new();
    for index in 0..trackers.tcp.len() {
        let Some(brief) = trackers.tcp.brief(index) else {
            continue;
        };
        if trackers.tcp.mixed(index).is_some() {
            continue;
        }
        let server = brief.server;
        if concurrent.contains(&server) {
            continue;
        }
        let current = serving.get(&server);
        let mut service = brief.first_answer_after;
        if let Some(current) = current {
            if overtakes(current, &brief) {
                concurrent.insert(server);
                continue;
            }
            match waited(current, &brief) {
                Some((_, Turn::Otherwise)) => {
                    otherwise.insert(server);
                }
                Some((after, turn)) => {
                    service = Some(after);
                    if waits.has_room(MOST) {
                        waits.push(Wait {
                            waiting: brief,
                            stream: current.stream,
                            first: current.brief,
                            after,
                            turn,
                        });
                    }
                }
                None => {}
            }
        }
        let own = (end(&brief), brief.ack_frame);
        let longest = current.map_or(own, |c| c.longest.max(own));
        match serving.get_mut(&server) {
            Some(current) if brief.last_frame <= current.brief.last_frame => {
                current.longest = longest;
            }
            _ => {
                let newest = Serving {
                    stream: index,
                    brief,
                    service,
                    longest,
                };
                serving.insert(server, newest);
            }
        }
    }
    waits.retain(|wait| {
        let server = &wait.waiting.server;
        !concurrent.contains(server) && (wait.turn != Turn::Alike || !otherwise.contains(server))
    });
    let mut times: HashMap<Server, usize, RandomState> = HashMap::default();
    for wait in &waits {
        *times.entry(wait.waiting.server).or_default() += 1;
    }
    let told = waits.into_iter().filter_map(|wait| {
        let times = times[&wait.waiting.server];
        (times > 1 || wait.turn == Turn::AtOnce).then(|| tell(&wait, times))?
    });
    told.collect()
}

/// Whether the server answered the later one before it was done with the earlier: a server of one
/// client at a time takes them in the order in which they were opened, each to its end.
fn overtakes(current: &Serving, later: &Brief) -> bool {
    let Some(answer) = later.server_data_frame else {
        return false;
    };
    let first = &current.brief;
    // The later SYN's handshake may be complete first: then its turn comes first.
    let swapped = later.ack_frame.is_some() && later.ack_frame < first.ack_frame;
    let in_turn = match (swapped, first.server_data_frame) {
        (_, None) => false,
        (false, _) => answer < first.server_last_data,
        (true, Some(own)) => own < later.server_last_data,
    };
    let open = [(end(first), first.ack_frame), current.longest];
    let earlier = |ack: Option<u32>| ack.is_some() && [ack, later.ack_frame].is_sorted();
    in_turn || open.iter().any(|(end, ack)| earlier(*ack) && answer < *end)
}

/// Where a connection begins to end.
fn end(brief: &Brief) -> u32 {
    brief.fin.map_or(brief.last_frame, |(frame, _)| frame)
}

/// How long after the other's end the answer came, where it was asked for before, and how.
fn waited(first: &Serving, later: &Brief) -> Option<(i64, Turn)> {
    let (asked, answer) = (later.client_data_frame?, later.server_data_frame?);
    let wait = later.first_answer_after?;
    let other = &first.brief;
    let (end, ended) = other.fin?;
    let usual = first.service?;
    // The data was acknowledged before it was answered: the kernel has it, the program has not.
    let taken = later.client_data_acked.is_some_and(|ack| ack < answer);
    // Who serves one client at a time is done with one before it turns to the next.
    let done = other.server_fin.is_some_and(|fin| fin < answer);
    let holes = other.holes || later.holes;
    if answer <= end || !taken || !done || holes || wait <= 0 {
        return None;
    }
    // There was nothing to do for the other, or it asked once more, later than this one.
    let rested = other.server_data_frame == Some(other.server_last_data)
        && ended.saturating_sub(other.first_answer_time) > usual.saturating_mul(LONGER);
    let again = other.server_data_frame < Some(asked) && other.client_last_data > asked;
    let idle = rested || again || other.server_last_data < asked;
    // A server that only slept is not woken by what the other's client does.
    let left = other.client_fin.is_some_and(|fin| fin > asked);
    let woken = other.client_last_data > asked || (left && other.client_fin < other.server_fin);
    let after = later.first_answer_time.saturating_sub(ended);
    // That it asked before the other's end is in this: it waited for longer than since then.
    let prompt = usual
        .saturating_mul(SERVED)
        .saturating_add(later.rtt.max(SYSTEM));
    if idle
        && woken
        && wait >= usual.max(later.rtt).saturating_mul(LONGER)
        && after.saturating_mul(SOONER) <= wait
        && after <= prompt
    {
        return Some((after, Turn::AtOnce));
    }
    if left && closed_then_answered(other, later) {
        return Some((after, Turn::Left));
    }
    let queued = wait.saturating_sub(after) > (usual / ALIKE).saturating_mul(2).max(later.rtt);
    let same = after.abs_diff(usual) <= (usual / ALIKE).unsigned_abs();
    let turn = match same && usual > later.rtt.saturating_mul(LONGER) {
        true => Turn::Alike,
        false => Turn::Otherwise,
    };
    queued.then_some((after, turn))
}

/// Whether the server rested, with the later one's data at hand, until the FIN of the other's client
/// had come all the way, and then closed and answered at once.
fn closed_then_answered(other: &Brief, later: &Brief) -> bool {
    let (Some(client_fin), Some(server_fin)) = (other.client_fin, other.server_fin) else {
        return false;
    };
    let (client_fin_time, server_fin_time) = other.fin_times;
    let at_hand = later.client_data_acked < Some(other.server_last_data);
    let in_order = other.server_last_data < client_fin && client_fin < server_fin;
    let reaction = server_fin_time.saturating_sub(client_fin_time);
    let rest = server_fin_time.saturating_sub(other.server_last_time);
    let after = later.first_answer_time.saturating_sub(server_fin_time);
    let distance = other.distance.min(later.distance);
    at_hand
        && in_order
        && (0..=SYSTEM).contains(&after)
        && rest >= after.max(NOTICED).saturating_mul(LONGER)
        && (distance / 2..=distance.saturating_add(distance / 2).saturating_add(SYSTEM))
            .contains(&reaction)
}

fn tell(wait: &Wait, times: usize) -> Option<Situation> {
    let waiting = &wait.waiting;
    let (opened, asked, answer) = (
        waiting.ack_frame?,
        waiting.client_data_frame?,
        waiting.server_data_frame?,
    );
    let ended = wait.first.fin?.0;
    let mut frames = vec![opened, asked, ended, answer];
    let closed = wait.first.server_fin.filter(|_| wait.turn == Turn::Left);
    frames.extend(closed);
    let closed = closed.map(|frame| {
        let at = wait.first.fin_times.1;
        let rest = at.saturating_sub(wait.first.server_last_time);
        (frame, rest, waiting.first_answer_time.saturating_sub(at))
    });
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
                stream: wait.stream,
                ended,
                answer,
                after: wait.after,
                closed,
                times,
            },
        )
    })
}
