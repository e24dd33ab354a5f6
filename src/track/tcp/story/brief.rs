//! The little that the search for situations asks of every connection, and how much there is to
//! tell of one.

use super::outcome::{closed, opened};
use super::tell::client_side;
use super::trouble::KINDS;
use super::{Flags, some_frame};
use crate::facts::OUTSTANDING;
use crate::facts::tcp::{Closed, Opened};
use crate::track::tcp::{End, Stream};
use std::net::IpAddr;

/// The little that the search for situations asks of every connection.
#[derive(Clone, Copy)]
pub(crate) struct Brief {
    pub(crate) client: (IpAddr, u16),
    pub(crate) server: (IpAddr, u16),
    pub(crate) ack_frame: Option<u32>,
    pub(crate) client_data_frame: Option<u32>,
    /// Frame of the client's newest payload.
    pub(crate) client_last_data: u32,
    /// Frame of the server that acknowledges the client's first payload.
    pub(crate) client_data_acked: Option<u32>,
    pub(crate) server_data_frame: Option<u32>,
    /// Frame of the server's newest payload.
    pub(crate) server_last_data: u32,
    /// Time of the server's first payload.
    pub(crate) first_answer_time: i64,
    /// Nanoseconds from the client's first payload to the server's.
    pub(crate) first_answer_after: Option<i64>,
    /// Nanoseconds that the handshake took; 0 when unknown.
    pub(crate) rtt: i64,
    /// Frame and time of the first FIN.
    pub(crate) fin: Option<(u32, i64)>,
    /// Frames of the client's FIN and of the server's, and their times.
    pub(crate) client_fin: Option<u32>,
    pub(crate) server_fin: Option<u32>,
    pub(crate) fin_times: (i64, i64),
    /// Time of the server's newest payload.
    pub(crate) server_last_time: i64,
    /// Nanoseconds from the SYN to the SYN+ACK, as captured here; 0 when unknown.
    pub(crate) distance: i64,
    /// Segments are missing in the capture.
    pub(crate) holes: bool,
    pub(crate) last_frame: u32,
}

/// That little.
pub(in crate::track::tcp) fn brief(stream: &Stream, ends: [End; 2]) -> Brief {
    let story = &stream.story;
    let client = client_side(stream, ends).0;
    let end = |side: usize| (ends[side].address, ends[side].port);
    let (asking, serving) = (&story.parts[client], &story.parts[1 - client]);
    let first = story.fins()[0].map(|side| &story.parts[side]);
    let gaps = [Flags::LOST_SEGMENT, Flags::ACK_LOST_SEGMENT];
    let holes = story.trouble.as_ref().is_some_and(|trouble| {
        let mut kinds = KINDS
            .iter()
            .enumerate()
            .filter(|(_, kind)| gaps.contains(kind));
        kinds.any(|(at, _)| trouble.counts.iter().any(|side| side[at] > 0))
    });
    Brief {
        client: end(client),
        server: end(1 - client),
        ack_frame: some_frame(story.ack_frame),
        client_data_frame: some_frame(asking.first_data),
        client_last_data: asking.last_data,
        client_data_acked: some_frame(asking.first_data_acked),
        server_data_frame: some_frame(serving.first_data),
        server_last_data: serving.last_data,
        first_answer_time: serving.first_data_time,
        first_answer_after: (asking.first_data != 0 && serving.first_data != 0).then(|| {
            serving
                .first_data_time
                .saturating_sub(asking.first_data_time)
        }),
        rtt: stream.initial_rtt,
        fin: first.map(|part| (part.fin_frame, part.fin_time)),
        client_fin: asking.fin(),
        server_fin: serving.fin(),
        fin_times: (asking.fin_time, serving.fin_time),
        server_last_time: serving.last_data_time,
        distance: match story.synack_frame != 0 && !story.opening_again {
            true => story.synack_time.saturating_sub(stream.first_time.0),
            false => 0,
        },
        holes,
        last_frame: story.last_frame,
    }
}

/// Failed connections before troubled ones before large ones.
pub(in crate::track::tcp) fn weight(stream: &Stream) -> u64 {
    let story = &stream.story;
    let failed = u64::from(!matches!(
        opened(story),
        Opened::Handshake | Opened::Midstream
    )) << 62;
    let ends = closed(story);
    let broken = !matches!(ends, Closed::Fin | Closed::Open);
    let ended = u64::from(broken) << 61;
    let noticed = u64::from(story.trouble.is_some()) << 60;
    let bytes: u64 = story.parts.iter().map(|p| p.bytes).sum();
    failed + ended + noticed + bytes.min(OUTSTANDING - 1)
}
