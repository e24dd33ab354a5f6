//! How a connection began and ended, by all that was seen of it.

use super::Story;
use crate::facts::Side;
use crate::facts::tcp::{Closed, Opened};

/// The name of a side, where `client` is the client's.
pub(super) fn name(client: usize, side: usize) -> Side {
    match side == client {
        true => Side::Client,
        false => Side::Server,
    }
}

/// How it began. Without any SYN nothing is known of it, whatever looks like the rest of it.
pub(super) fn opened(story: &Story) -> Opened {
    let flows = story.parts.iter().all(|p| p.data_frames > 0);
    let Some(caller) = story.syn_side else {
        return match (story.synack_frame, story.ack_frame) {
            _ if story.is_nothing() => Opened::Stray,
            (0, _) => Opened::Midstream,
            (_, 0) if !flows && story.stray_ack == 0 => Opened::HalfOpen,
            _ => Opened::Handshake,
        };
    };
    if story.both_syn {
        return Opened::Simultaneous;
    }
    if story.synack_frame == 0 {
        let called = &story.parts[usize::from(1 - caller)];
        // A RST of the called side, with nothing before it, refuses the call.
        return match story.rst() {
            Some((_, side))
                if side != caller && called.data_frames == 0 && !story.stray_ack_fits =>
            {
                Opened::Refused
            }
            // The SYN+ACK is not in the capture, but its sender took the SYN.
            _ if story.stray_ack_fits => Opened::Handshake,
            _ if called.data_frames > 0 => Opened::Midstream,
            _ if story.stray_ack != 0 => Opened::Challenged,
            _ if story.opening_error != 0 && story.expired => Opened::Expired,
            _ if story.opening_error != 0 => Opened::Unreachable,
            _ => Opened::Unanswered,
        };
    }
    // Who sends data both ways has a connection, whichever ACK the capture misses.
    if story.ack_frame != 0 || flows {
        Opened::Handshake
    } else {
        Opened::HalfOpen
    }
}

/// How it ended. A FIN that was never acknowledged before a RST closed nothing, and where there was
/// no connection a RST ended none.
pub(super) fn closed(story: &Story) -> Closed {
    if story.is_nothing() {
        return Closed::Open;
    }
    let fins = story.parts.iter().filter(|p| p.fin_frame != 0).count();
    match (story.rst(), fins) {
        // A RST after both FINs, each acknowledged by something, ends nothing any more.
        (Some((frame, _)), 2)
            if story
                .parts
                .iter()
                .all(|p| p.fin().is_some_and(|fin| fin < frame) && p.fin_acked != 0) =>
        {
            Closed::Fin
        }
        (Some(_), _) => Closed::Reset,
        (None, 2) => Closed::Fin,
        _ if story.forgotten().is_some() => Closed::Forgotten,
        // What was never answered is no connection, whatever flags are on its SYN.
        _ if opened(story) == Opened::Unanswered => Closed::Open,
        (None, 1) if story.lone_fin().is_some() => Closed::OneFin,
        (None, 1) if story.parts.iter().all(|p| p.fin_acked == 0) => Closed::FinSent,
        (None, 1) => Closed::HalfClosed,
        _ => Closed::Open,
    }
}

/// Who ended it, if that can be told.
pub(super) fn closed_by(story: &Story, client: usize) -> Option<Side> {
    let name = |side| name(client, side);
    match closed(story) {
        Closed::Fin if story.fins_untold() => None,
        Closed::Fin if story.fins_crossed() => Some(Side::Both),
        // It may answer what came when a RST of the other side had ended the connection.
        Closed::Reset if story.one_way().is_some() && story.rst_is_bare => None,
        Closed::Reset => Some(name(usize::from(story.rst()?.1))),
        Closed::Forgotten => Some(name(usize::from(story.forgotten()?.1))),
        Closed::Fin | Closed::HalfClosed | Closed::FinSent | Closed::OneFin => {
            story.first_fin().map(name)
        }
        Closed::Open => None,
    }
}

/// Frames of what ended it, in order.
pub(super) fn closing_frames(story: &Story) -> Vec<u32> {
    let mut frames: Vec<u32> = story
        .parts
        .iter()
        .flat_map(|p| [p.fin(), p.fin_acked()])
        .chain([story.rst().or(story.forgotten()).map(|r| r.0)])
        .flatten()
        .collect();
    frames.sort_unstable();
    frames.dedup();
    frames
}

/// The side that closed first waits (RFC 9293 §3.6); both do when their FINs crossed.
pub(super) fn time_wait(story: &Story, client: usize, fins_acked: u8) -> Option<Side> {
    if closed(story) != Closed::Fin || fins_acked < 2 || story.rst_frame != 0 {
        return None;
    }
    closed_by(story, client)
}
