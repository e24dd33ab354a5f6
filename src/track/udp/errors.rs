//! ICMP errors about datagrams.

use super::sent::Said;
use super::{Flows, MOST_TRANSFERS};
use crate::dissect::layer::Protocol;
use crate::dissect::{Message, Packet, Transport, as_usize};
use crate::track::icmp::{Quoted, Told, ran_out};
use std::net::IpAddr;

/// What an ICMP error says of a datagram; what says most is last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Back {
    /// Its TTL ran out on the way.
    Expired,
    /// Not all of its fragments arrived in time.
    Incomplete,
    /// It was too big for a link.
    TooBig,
    /// A field of its header could not be used.
    Problem,
    /// It cannot be delivered.
    Undelivered,
    /// The port cannot be reached.
    Refused,
}

impl Back {
    /// What an error says; nothing of the packet itself if it came too fast, or goes a better way
    /// now.
    fn of(packet: &Packet<'_>, message: &Message) -> Option<Back> {
        let v4 = matches!(packet.transport, Transport::Icmp(_));
        match (v4, message.kind, message.code) {
            (true, 3, 3) | (false, 1, 4) => Some(Back::Refused),
            (_, kind, code) if ran_out(v4, kind, code) => Some(Back::Expired),
            (true, 11, _) | (false, 3, _) => Some(Back::Incomplete),
            (true, 3, 4) | (false, 2, _) => Some(Back::TooBig),
            (true, 12, _) | (false, 4, _) => Some(Back::Problem),
            (true, 4 | 5, _) | (false, 137, _) => None,
            _ => Some(Back::Undelivered),
        }
    }
}

/// Protocol and destination of a packet.
pub(super) type Target = (u8, IpAddr);

/// What an error quotes of a datagram.
fn said<'p>(packet: &Packet<'p>) -> Said<'p> {
    let mut layers = packet.layers.as_slice().iter();
    let header = layers.find(|l| l.quoted && l.protocol == Protocol::Udp);
    let view = header.map(|header| packet.view(header));
    let length = view.as_ref().and_then(|view| view.u16(4));
    let checksum = view.as_ref().and_then(|view| view.u16(6));
    let quoted = view.map_or(&[][..], |view| view.bytes);
    let quoted = &quoted[..quoted.len().min(length.unwrap_or(0).into())];
    Said {
        length,
        checksum,
        payload: quoted.get(8..).unwrap_or_default(),
    }
}

impl Flows {
    /// An ICMP error to a host that is cut before the ports of what it is about; of that, the protocol
    /// and the destination, where they are there.
    pub(crate) fn cut_error(&mut self, to: IpAddr, about: Option<Target>, frame: u32) {
        if self.cut_errors.len() < MOST_TRANSFERS {
            self.cut_errors.insert((to, about), frame);
        }
    }

    /// The newest such error to a host after a frame that may be about this protocol and destination.
    pub(crate) fn cut_error_after(&self, to: IpAddr, about: Target, frame: u32) -> Option<u32> {
        let newest = [None, Some(about)].map(|about| self.cut_errors.get(&(to, about)).copied());
        let newest = newest.into_iter().flatten().max();
        newest.filter(|newest| *newest > frame)
    }

    /// An ICMP error about a datagram between these ends: gives the frame that it is about, and how
    /// surely.
    pub(crate) fn error(
        &mut self,
        packet: &Packet<'_>,
        message: &Message,
        quoted: &Quoted,
        ran_out: Option<u8>,
    ) -> Option<(u32, Told)> {
        let (from, to) = quoted.ports?;
        let (from, to) = ((quoted.source, from), (quoted.destination, to));
        let stream = *self.index.get(&(from.min(to), from.max(to)))?;
        let flow = self.flows.get_mut(as_usize(stream))?;
        if flow.first_frame == 0 {
            flow.quoted_before = true;
            return None;
        }
        let (frame, what) = (packet.frame.number, Back::of(packet, message));
        let side = u8::from(flow.ends[0] != from);
        let known = &mut flow.errors[usize::from(side)];
        if what > known.1 {
            *known = (frame, what);
        }
        let found = self
            .last
            .whose((stream, side), quoted, said(packet), ran_out)?;
        if what.is_some() {
            for row in found.rows.iter().filter(|_| found.told == Told::Perhaps) {
                let row = self.rows.get_mut(as_usize(*row))?;
                row.error_shared |= row.error_frame == 0;
            }
            let row = self.rows.get_mut(as_usize(found.rows[found.at]))?;
            // What is sure counts, not what was only perhaps about it.
            if row.error_frame == 0 || row.error_shared && found.told == Told::Yes {
                row.error_frame = frame;
                row.error_shared = found.told == Told::Perhaps;
            }
        }
        let row = self.rows.get(as_usize(found.rows[found.at]))?;
        Some((row.frame, found.told))
    }
}
