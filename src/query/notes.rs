//! The trackers whose notes have fields, and these fields.

use super::{columns, expert};
use crate::dissect::field::Field;
use crate::track;

/// The trackers whose notes have fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Notes {
    /// Addresses that two hosts claim.
    Arp,
    /// What the TCP tracker says of a segment.
    Tcp,
    /// Messages that came in several segments.
    Pdu,
    /// Flow and times of a datagram.
    Udp,
    /// Request and reply of an echo.
    Icmp,
    /// Query and response of a DNS question.
    Dns,
    /// Begin and end of a connection.
    Connection,
    /// The packet list's columns.
    Columns,
    /// Wireshark's remarks.
    Expert,
    /// The datagram that fragments make.
    Fragments,
}

/// The trackers' notes that have fields.
pub const NOTES: &[(Notes, &[Field])] = &[
    (Notes::Arp, track::arp::FIELDS),
    (Notes::Tcp, track::tcp::FIELDS),
    (Notes::Pdu, track::messages::pdu::FIELDS),
    (Notes::Connection, track::tcp::closing::FIELDS),
    (Notes::Columns, columns::FIELDS),
    (Notes::Expert, expert::FIELDS),
    (Notes::Udp, track::udp::FIELDS),
    (Notes::Icmp, track::icmp::FIELDS),
    (Notes::Dns, track::dns::FIELDS),
    (Notes::Fragments, track::fragments::FIELDS),
];
