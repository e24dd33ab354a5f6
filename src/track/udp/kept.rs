//! What is kept of flows and of datagrams.

use super::errors::Back;
use super::replies::{Mark, Waiting};
use super::{End, TFTP};
use crate::capture::Time;
use crate::track::pairs::is_group;
use std::net::IpAddr;

/// A flow in the making.
pub(super) struct Open {
    pub(super) ends: [End; 2],
    pub(super) first_frame: u32,
    pub(super) first: Time,
    pub(super) last: Time,
    /// What Wireshark counts times from: the first frame that has it or quotes it, and the newest to
    /// which it gives a time.
    pub(super) begun: Option<Time>,
    pub(super) timed: Time,
    pub(super) datagrams: [u64; 2],
    pub(super) bytes: [u64; 2],
    pub(super) largest: u32,
    /// The newest datagram of each side that waits for an answer, by its row. DHCP's requests wait
    /// in their transactions.
    pub(super) waiting: [u32; 2],
    pub(super) replies: Waiting,
    /// A datagram came back after one of each side.
    pub(super) answered: [bool; 2],
    /// How many of its datagrams an earlier frame held already.
    pub(super) copies: u64,
    /// The ICMP error that says most of what each side sent, and its frame.
    pub(super) errors: [(u32, Option<Back>); 2],
    /// An ICMP error about it stands before its first datagram.
    pub(super) quoted_before: bool,
    /// The first end sent to what may be everybody on a subnet, and no link address tells.
    pub(super) unlinked: bool,
    /// The frame was sent to several hosts: a subnet's broadcast does not show in the address.
    pub(super) group: bool,
    /// The second end asked for it, over another flow: a transfer of TFTP.
    pub(super) called: bool,
    /// The second end asked a group or everybody for it, over another flow.
    pub(super) asked: bool,
    /// The second end had asked for it at another port of the first, over the flow with this number.
    pub(super) asked_at: Option<u32>,
    /// It was answered from another port, over another flow.
    pub(super) moved: bool,
    /// What the first end says is nothing that the service of its port says to a client.
    pub(super) foreign: bool,
}

impl Open {
    /// Takes in the time of the first frame that has it or quotes it.
    pub(super) fn begins(&mut self, time: Time) {
        if self.begun.is_none() {
            (self.begun, self.timed) = (Some(time), time);
        }
    }

    /// A flow without datagrams yet.
    pub(super) fn new(ends: [End; 2]) -> Open {
        Open {
            ends,
            first_frame: 0,
            first: Time::default(),
            last: Time::default(),
            begun: None,
            timed: Time::default(),
            datagrams: [0; 2],
            bytes: [0; 2],
            largest: 0,
            waiting: [NONE; 2],
            replies: Waiting::new(),
            answered: [false; 2],
            copies: 0,
            errors: [(0, None); 2],
            quoted_before: false,
            unlinked: false,
            group: false,
            called: false,
            asked: false,
            asked_at: None,
            moved: false,
            foreign: false,
        }
    }
}

/// A datagram as kept: compact, since there may be millions.
pub(super) struct Row {
    pub(super) time: Time,
    pub(super) frame: u32,
    pub(super) stream: u32,
    pub(super) payload: u32,
    pub(super) captured: u32,
    /// Row of the first datagram back; while there is none, the row that waits before this one.
    pub(super) answer: u32,
    pub(super) answered: bool,
    pub(super) mark: Mark,
    /// Row of its reply; while there is none, the row before this one that waits for a reply.
    pub(super) reply: u32,
    pub(super) replied: bool,
    /// Others waited as well when a reply came: which of them it answers, UDP does not tell.
    pub(super) shared: bool,
    /// Row that this one answers.
    pub(super) answers: u32,
    pub(super) error_frame: u32,
    /// That error may be about another one, or another's about this.
    pub(super) error_shared: bool,
    /// The frame that held it before.
    pub(super) copy_of: u32,
    pub(super) side: u8,
    pub(super) fragments: u8,
    pub(super) ttl: u8,
    /// IP payload bytes when they disagree with the length field.
    pub(super) mismatch: Option<Box<(u16, u32)>>,
}

/// No row.
pub(super) const NONE: u32 = u32::MAX;

/// Whether a flow carries DHCP.
pub(super) fn is_dhcp(flow: &Open) -> bool {
    matches!((flow.ends[0].1, flow.ends[1].1), (67 | 68, 67 | 68))
}

/// Whether answers, if any, come over other flows: to a group, DHCP, or TFTP, whose server answers
/// from another port (RFC 1350 §4).
pub(super) fn elsewhere(flow: &Open) -> bool {
    let tftp = flow.ends[1].1 == TFTP;
    let group = is_group(flow.ends[1].0) || flow.group || flow.unlinked;
    let moved = flow.moved || group;
    flow.answered == [false; 2] && (moved || is_dhcp(flow) || tftp)
}

/// Whether an address may be that of everybody on a subnet.
pub(super) fn ends_in_255(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(address) if address.octets()[3] == 255)
}
