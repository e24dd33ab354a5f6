//! Calls that came to nothing, and what routes and translated addresses are recognized by: the
//! packets that open a connection.

use super::outcome::opened;
use super::resets::OddReset;
use super::tell::client_side;
use super::{Silent, some_frame};
use crate::facts::tcp::Opened;
use crate::track::tcp::{End, Stream};
use std::net::IpAddr;

/// What is to be told of a connection that did not go as it should.
pub(crate) enum Ill {
    Failed(Failure),
    Reset(OddReset),
    TooLate(TooLate),
    Silent(Silent),
    /// A SYN+ACK that was never acknowledged, with its SYN.
    HalfOpen(Unopened),
    /// What was sent to nobody: its first segment, and the RST to it, or 0.
    Stray(Unopened),
}

/// Two frames of what never was a connection.
pub(crate) struct Unopened {
    pub(crate) client: IpAddr,
    pub(crate) server: (IpAddr, u16),
    pub(crate) frames: [u32; 2],
}

/// A connection that was answered and never completed, or was none.
pub(in crate::track::tcp) fn unopened(stream: &Stream, ends: [End; 2]) -> Option<Ill> {
    let story = &stream.story;
    if story.ack_frame != 0 {
        return None;
    }
    let client = client_side(stream, ends).0;
    let (from, to) = (ends[client].address, &ends[1 - client]);
    let unopened = |frames| Unopened {
        client: from,
        server: (to.address, to.port),
        frames,
    };
    let syn = [story.syn_frame, story.synack_frame];
    match opened(story) {
        Opened::HalfOpen if !syn.contains(&0) && story.first_rst().is_none() => {
            Some(Ill::HalfOpen(unopened(syn)))
        }
        Opened::Stray => {
            let frames = [story.first_frame, story.rst_frame];
            Some(Ill::Stray(unopened(frames)))
        }
        _ => None,
    }
}

/// A call that the caller's own system reset, and with which a program went on.
pub(crate) struct TooLate {
    pub(crate) client: (IpAddr, u16),
    pub(crate) server: (IpAddr, u16),
    pub(crate) synack_frame: u32,
    pub(crate) rst_frame: u32,
    pub(crate) ack_frame: u32,
    pub(crate) refusals: Vec<u32>,
}

/// That of a connection, if it is one.
pub(in crate::track::tcp) fn too_late(stream: &Stream, ends: [End; 2]) -> Option<TooLate> {
    let story = &stream.story;
    let trouble = story.trouble.as_ref().filter(|t| t.too_late != 0)?;
    let client = client_side(stream, ends).0;
    let end = |side: usize| (ends[side].address, ends[side].port);
    Some(TooLate {
        client: end(client),
        server: end(1 - client),
        synack_frame: story.synack_frame,
        rst_frame: story.rst_frame,
        ack_frame: trouble.too_late,
        refusals: trouble.refusals.clone(),
    })
}

/// A connection that never came about.
pub(crate) struct Failure {
    pub(crate) opened: Opened,
    pub(crate) client: (IpAddr, u16),
    pub(crate) server: (IpAddr, u16),
    pub(crate) syn_frame: u32,
    /// Frame of the RST, ACK or ICMP error that came back; 0 for none.
    pub(crate) answer_frame: u32,
    /// When the client called first and last, and how often, copies left out.
    pub(crate) times: (i64, i64),
    pub(crate) calls: usize,
    /// TTL of its SYN.
    pub(crate) syn_ttl: u8,
    /// TTL of the RST that refused it.
    pub(crate) rst_ttl: u8,
}

/// Why a connection never came about; nothing if it did.
pub(in crate::track::tcp) fn failure(stream: &Stream, ends: [End; 2]) -> Option<Failure> {
    let story = &stream.story;
    if story.ack_frame != 0 {
        return None;
    }
    let opened = opened(story);
    let answer_frame = match opened {
        Opened::Refused => story.rst_frame,
        Opened::Unreachable | Opened::Expired => story.opening_error,
        Opened::Challenged if !story.stray_accepts => story.stray_ack,
        Opened::Unanswered => 0,
        _ => return None,
    };
    let client = client_side(stream, ends).0;
    let end = |side: usize| (ends[side].address, ends[side].port);
    let again = story.trouble.as_ref().map_or(&[][..], |t| &t.syns);
    let first = stream.first_time.0;
    Some(Failure {
        opened,
        client: end(client),
        server: end(1 - client),
        syn_frame: story.syn_frame,
        answer_frame,
        times: (first, again.last().map_or(first, |syn| syn.1)),
        calls: 1 + again.len(),
        syn_ttl: story.syn_ttl,
        rst_ttl: story.rst_ttl,
    })
}

/// A SYN and what came back, for whoever searches traceroutes.
pub(crate) struct Called {
    pub(crate) from: IpAddr,
    pub(crate) to: IpAddr,
    pub(crate) frame: u32,
    pub(crate) time: i64,
    pub(crate) ttl: u8,
    /// Frame of the ICMP error.
    pub(crate) error: Option<u32>,
    /// Frame of the SYN+ACK or RST of the called side, and its time where it is known.
    pub(crate) answer: Option<(u32, Option<i64>)>,
}

/// That of a connection that begins with its SYN.
pub(in crate::track::tcp) fn called(stream: &Stream, ends: [End; 2]) -> Option<Called> {
    let story = &stream.story;
    let caller = usize::from(story.syn_side?);
    let begins = story.first_frame == story.syn_frame;
    let answered = some_frame(story.synack_frame).map(|frame| (frame, Some(story.synack_time)));
    let refused = story.rst().filter(|(_, side)| usize::from(*side) != caller);
    let last = |frame| (frame == story.last_frame).then_some(stream.previous_time.0);
    begins.then(|| Called {
        from: ends[caller].address,
        to: ends[1 - caller].address,
        frame: story.syn_frame,
        time: stream.first_time.0,
        ttl: story.syn_ttl,
        error: some_frame(story.opening_error),
        answer: answered.or(refused.map(|(frame, _)| (frame, last(frame)))),
    })
}

/// What a translation of addresses leaves alone of how a connection was opened.
#[derive(Clone, Copy)]
pub(crate) struct Opening {
    /// Both ends, who called first.
    pub(crate) ends: [(IpAddr, u16); 2],
    /// The numbers of the SYN and of the SYN+ACK, if there is one.
    pub(crate) isn: u32,
    pub(crate) answer_isn: Option<u32>,
    /// Frame, time and TTL of the SYN.
    pub(crate) syn: (u32, i64, u8),
    /// Frame and lowest TTL of the answering side.
    pub(crate) answer: (u32, u8),
}

/// That of a connection that begins with its SYN.
pub(in crate::track::tcp) fn opening(stream: &Stream, ends: [End; 2]) -> Option<Opening> {
    let story = &stream.story;
    let caller = usize::from(story.syn_side?);
    if story.both_syn || story.first_frame != story.syn_frame {
        return None;
    }
    let called = &story.parts[1 - caller];
    Some(Opening {
        ends: [caller, 1 - caller].map(|side| (ends[side].address, ends[side].port)),
        isn: story.parts[caller].isn()?,
        answer_isn: called.isn(),
        syn: (story.syn_frame, stream.first_time.0, story.syn_ttl),
        answer: (story.synack_frame, called.ttls.0),
    })
}

/// Frame and time of every SYN of the caller.
pub(in crate::track::tcp) fn syn_times(stream: &Stream) -> Vec<(u32, i64)> {
    let again = stream
        .story
        .trouble
        .iter()
        .flat_map(|t| t.syns.iter().copied());
    std::iter::once((stream.story.syn_frame, stream.first_time.0))
        .chain(again)
        .collect()
}
