//! Frames in and out: file, pipe, standard input; pcap, pcapng, plain or compressed.
//!
//! A [`Reader`] fills [`Batch`]es: a chunk of the file that fits the cache, with a table of the
//! records in it. Nothing is allocated per frame, and memory does not grow with the file.
//!
//! ```
//! use wirelab::capture::{Reader, read_ahead};
//!
//! let mut ahead = read_ahead(Reader::from_read("nothing", std::io::empty()));
//! while let Some(batch) = ahead.next() {
//!     for frame in batch.frames() {
//!         assert!(frame.number > 0);
//!     }
//! }
//! assert_eq!(ahead.finish().finish().verdict.word(), "empty");
//! ```
//!
//! **Invariant:** this folder knows nothing of protocols. What is wrong with a file is never an
//! error after the file is open: what was read before the fault is kept, and [`Ending`] says
//! what happened, at which byte.
//!
//! Decisions:
//! - Frames are numbered as Wireshark numbers them, because a student has both side by side:
//!   custom blocks and journal entries of pcapng count, although they are no packets.
//! - What a capture program puts in front of a frame (a pseudo header) is no part of it.
//! - A partial record at the end is no frame.
//! - Zero bytes at the end are padding. In between, zero records are frames, as in Wireshark.
//! - A time that [`Time`] cannot hold, or in a unit nobody can mean, is left out, not guessed.

mod about;
pub mod annotate;
mod batch;
mod decompress;
mod ending;
mod finish;
mod interface;
mod kept;
mod link;
pub mod live;
mod options;
mod pcap;
mod pcap_record;
mod pcapng;
mod pcapng_about;
pub mod pcapng_write;
pub mod portable;
mod read_ahead;
mod reader;
mod recognise;
pub mod record;
mod remarks;
mod ring;
mod snoop;
mod source;
#[cfg(test)]
mod survival;
#[cfg(test)]
mod testing;
mod walk;

pub use batch::{Batch, Record};
pub use ending::{Ending, Verdict};
pub use interface::{Interface, Section, TimeResolution};
pub use kept::Kept;
pub use read_ahead::{ReadAhead, give_back, read_ahead, read_beside};
pub use reader::Reader;
pub use source::OpenError;

/// Nanoseconds since 1970-01-01 00:00 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// Nanoseconds from `earlier` to `self`; negative when the clock ran backwards.
    pub fn since(self, earlier: Time) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A link type number of the pcap registry (<https://www.tcpdump.org/linktypes.html>), without
/// the bits that pcap keeps beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: a 4-byte address family in the byte order of the recording machine.
    pub const NULL: LinkType = LinkType(0);
    /// Ethernet.
    pub const ETHERNET: LinkType = LinkType(1);
    /// Cisco HDLC: two bytes, then an EtherType.
    pub const C_HDLC: LinkType = LinkType(104);
    /// ARCNET as Linux records it.
    pub const ARCNET_LINUX: LinkType = LinkType(129);
    /// FDDI.
    pub const FDDI: LinkType = LinkType(10);
    /// PPP, with or without its address and control bytes.
    pub const PPP: LinkType = LinkType(9);
    /// PPP in HDLC-like framing.
    pub const PPP_HDLC: LinkType = LinkType(50);
    /// Raw IP as written by some systems (12 is DLT_RAW on most, 14 on OpenBSD).
    pub const RAW_BSD: LinkType = LinkType(12);
    /// Raw IP as written by OpenBSD.
    pub const RAW_OPENBSD: LinkType = LinkType(14);
    /// Raw IP: the version nibble tells IPv4 from IPv6.
    pub const RAW: LinkType = LinkType(101);
    /// OpenBSD loopback: as `NULL`, in network byte order.
    pub const LOOP: LinkType = LinkType(108);
    /// Linux cooked capture, version 1.
    pub const LINUX_SLL: LinkType = LinkType(113);
    /// Raw IPv4.
    pub const IPV4: LinkType = LinkType(228);
    /// Raw IPv6.
    pub const IPV6: LinkType = LinkType(229);
    /// Controller area network, as Linux records it.
    pub const CAN_SOCKETCAN: LinkType = LinkType(227);
    /// Linux cooked capture, version 2.
    pub const LINUX_SLL2: LinkType = LinkType(276);
}

/// One frame as it was recorded.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Position in the file, from 1, as Wireshark counts.
    pub number: u32,
    /// When it was seen; `None` where the format records no time (simple packet blocks).
    pub time: Option<Time>,
    /// Bytes it had on the wire.
    pub wire_length: u32,
    /// Index of its interface, in the order of the interface blocks of the whole file (pcap: 0).
    pub interface: u32,
    /// What its first header is.
    pub link: LinkType,
    /// The captured bytes.
    pub bytes: &'a [u8],
}
