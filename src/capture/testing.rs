//! Captures made byte by byte, and what is read of them.

use super::{Batch, Ending, LinkType, Reader, Time};
use std::io::{Cursor, Read};

/// A frame as it was read, with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) number: u32,
    pub(super) time: Option<Time>,
    pub(super) wire_length: u32,
    pub(super) interface: u32,
    pub(super) link: LinkType,
    pub(super) bytes: Vec<u8>,
    pub(super) comments: Vec<Vec<u8>>,
}

/// Adds the frames of a batch to those seen before.
pub(super) fn see(batch: &Batch, seen: &mut Vec<Seen>) {
    assert_eq!(batch.frames().count(), batch.len());
    seen.extend(batch.frames().map(|frame| Seen {
        number: frame.number,
        time: frame.time,
        wire_length: frame.wire_length,
        interface: frame.interface,
        link: frame.link,
        bytes: frame.bytes.to_vec(),
        comments: batch.comments(frame.number).map(<[u8]>::to_vec).collect(),
    }));
}

/// Reads everything.
pub(super) fn read_all(reader: &mut Reader) -> Vec<Seen> {
    let (mut batch, mut seen) = (Batch::new(), Vec::new());
    while reader.next_batch(&mut batch) {
        see(&batch, &mut seen);
    }
    assert!(batch.is_empty());
    assert_eq!(reader.ending().frames, seen.len() as u64);
    seen
}

/// Reads a capture from memory.
pub(super) fn read(bytes: &[u8]) -> (Vec<Seen>, Ending) {
    let mut reader = Reader::from_read("memory", Cursor::new(bytes.to_vec()));
    let seen = read_all(&mut reader);
    (seen, reader.finish())
}

/// Reads a capture from memory, in the batch of the one before.
pub(super) fn survive(bytes: &[u8], batch: &mut Batch) -> Ending {
    let mut reader = Reader::from_read("memory", Cursor::new(bytes.to_vec()));
    let mut count = 0;
    while reader.next_batch(batch) {
        count += batch.frames().count();
    }
    let ending = reader.finish();
    assert_eq!(ending.frames, count as u64);
    ending
}

/// A pipe that gives a few bytes at a time.
pub(super) struct Trickle(pub(super) Cursor<Vec<u8>>, pub(super) usize);

impl Read for Trickle {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let size = out.len().min(self.1);
        self.0.read(out.get_mut(..size).unwrap_or_default())
    }
}

/// Writes numbers in one byte order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    pub(super) big: bool,
}

pub(super) const LITTLE: Order = Order { big: false };
pub(super) const BIG: Order = Order { big: true };

impl Order {
    pub(super) fn u16(self, number: u16) -> [u8; 2] {
        if self.big {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        }
    }

    pub(super) fn u32(self, number: u32) -> [u8; 4] {
        if self.big {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        }
    }

    fn u32s(self, numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|&n| self.u32(n)).collect()
    }

    /// The header of a pcap file with link type Ethernet and snapshot length 65535.
    pub(super) fn pcap(self, magic: u32) -> Vec<u8> {
        let mut bytes = self.u32(magic).to_vec();
        bytes.extend(self.u16(2));
        bytes.extend(self.u16(4));
        bytes.extend(self.u32s(&[0, 0, 65535, 1]));
        bytes
    }

    /// A pcap record: seconds, fraction, length on the wire, captured bytes.
    pub(super) fn record(self, seconds: u32, fraction: u32, wire: u32, data: &[u8]) -> Vec<u8> {
        let captured = u32::try_from(data.len()).expect("short");
        let mut bytes = self.u32s(&[seconds, fraction, captured, wire]);
        bytes.extend(data);
        bytes
    }

    /// A pcapng block.
    pub(super) fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = body.len().next_multiple_of(4);
        let length = self.u32(u32::try_from(padded + 12).expect("short"));
        let mut bytes = self.u32(kind).to_vec();
        bytes.extend(length);
        bytes.extend(body);
        bytes.resize(8 + padded, 0);
        bytes.extend(length);
        bytes
    }

    /// An option.
    pub(super) fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(value.len()).expect("short");
        let mut bytes = [self.u16(code), self.u16(length)].concat();
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    /// A section header block of version 1.0.
    pub(super) fn section(self, options: &[u8]) -> Vec<u8> {
        let mut body = self.u32(0x1a2b_3c4d).to_vec();
        body.extend(self.u16(1));
        body.extend(self.u16(0));
        body.extend([0xff; 8]);
        body.extend(options);
        self.block(0x0a0d_0d0a, &body)
    }

    /// An interface description block with snapshot length 65535.
    pub(super) fn interface(self, link: u16, options: &[u8]) -> Vec<u8> {
        let mut body = [self.u16(link), self.u16(0)].concat();
        body.extend(self.u32(65535));
        body.extend(options);
        self.block(1, &body)
    }

    /// An enhanced packet block.
    pub(super) fn packet(self, interface: u32, ticks: u64, data: &[u8], options: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).expect("short");
        let (high, low) = ((ticks >> 32) as u32, (ticks & 0xffff_ffff) as u32);
        let mut body = self.u32s(&[interface, high, low, length, length]);
        body.extend(data);
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(options);
        self.block(6, &body)
    }
}

/// A pcap file of three frames.
pub(super) fn small_pcap(order: Order, magic: u32) -> Vec<u8> {
    let mut bytes = order.pcap(magic);
    for mut record in [
        order.record(1_700_000_000, 1, 60, &[1; 60]),
        order.record(1_700_000_000, 500, 1500, &[2; 33]),
        order.record(1_700_000_001, 0, 2, &[3; 2]),
    ] {
        if magic == 0xa1b2_cd34 {
            record.splice(16..16, [0; 8]);
        }
        bytes.extend(record);
    }
    bytes
}

/// A pcapng file of two sections with a block of every kind and five frames.
pub(super) fn small_pcapng() -> Vec<u8> {
    let mut bytes = Vec::new();
    for order in [LITTLE, BIG] {
        bytes.extend(order.section(&order.option(4, b"wirelab tests")));
        let name = [order.option(2, b"eth0"), order.option(9, &[9])].concat();
        bytes.extend(order.interface(1, &name));
        let comments = [order.option(1, b"look"), order.option(1, b"here")].concat();
        bytes.extend(order.packet(0, 1_700_000_000_000_000_001, &[7; 61], &comments));
        bytes.extend(order.block(4, &order.u32(0)));
        bytes.extend(order.block(3, &[&order.u32(3)[..], &[9, 9, 9]].concat()));
        let mut statistics = order.u32s(&[0, 0, 0]);
        let five = if order.big {
            5_u64.to_be_bytes()
        } else {
            5_u64.to_le_bytes()
        };
        statistics.extend(order.option(5, &five));
        bytes.extend(order.block(5, &statistics));
        bytes.extend(order.block(10, b"secret"));
        bytes.extend(order.block(0x1234_5678, b"unknown"));
    }
    bytes
}
