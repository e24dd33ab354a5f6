//! The pcapng format: <https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html>.
//!
//! Blocks are framed by pcap-file's `RawBlock`, which checks both lengths. Their bodies are
//! decoded here, because what pcap-file refuses (names that are not UTF-8, resolutions beyond
//! nanoseconds, a reserved field that is not zero) must not end the reading of a file. Name
//! resolution, secrets and unknown blocks are stepped over.

use super::Verdict;
use super::batch::{Comment, Record, wide};
use super::interface::Clock;
use super::link::NO_LINK;
use super::options::{self, COMMENT};
use super::pcapng_about::{
    interface_description, interface_statistics, overrun_fault, section_header, too_short,
};
use super::remarks::Cause;
use super::walk::{Fault, LARGEST_FRAME, Next, Output, Step};
use byteorder_slice::{BigEndian, ByteOrder, LittleEndian};
use pcap_file::pcapng::{PcapNgFormatError, RawBlock, RawBlockParseError};
use std::borrow::Cow;
use std::ops::ControlFlow;

/// The bytes every pcapng file begins with.
pub(super) const MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// The largest block that is held in memory, as in Wireshark.
pub(super) const LARGEST_BLOCK: usize = 16 * 1024 * 1024;

/// The longest block that anybody can have written, as in Wireshark (a frame of 128 MiB with its
/// options). A length beyond is damage, and what follows it cannot be found.
pub(super) const LONGEST_BLOCK: usize = 134_348_832;

/// Bytes of a block without a body: type, length, length.
const SMALLEST_BLOCK: usize = 12;

pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
pub(super) const PACKET: u32 = 2;
pub(super) const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
pub(super) const ENHANCED_PACKET: u32 = 6;
pub(super) const JOURNAL_EXPORT: u32 = 9;
pub(super) const CUSTOM: u32 = 0x0bad;
pub(super) const CUSTOM_NOT_COPIED: u32 = 0x4000_0bad;

/// The state of reading one pcapng file.
#[derive(Debug, Default)]
pub(super) struct PcapNg {
    big_endian: bool,
    in_section: bool,
    /// The number of the section's first interface in the whole file.
    first_interface: usize,
    latest: i64,
}

/// A block, and where its body begins in the batch.
struct Block<'a> {
    kind: u32,
    body: &'a [u8],
    start: usize,
}

impl PcapNg {
    /// Walks through the blocks of `bytes` from `at`.
    pub(super) fn walk(&mut self, bytes: &[u8], mut at: usize, output: &mut Output<'_>) -> Step {
        loop {
            let step = if self.big_endian {
                self.walk_section::<BigEndian>(bytes, at, output)
            } else {
                self.walk_section::<LittleEndian>(bytes, at, output)
            };
            match step {
                ControlFlow::Break(step) => return step,
                ControlFlow::Continue(used) => at = used,
            }
        }
    }

    /// Walks on until the byte order changes.
    fn walk_section<B: ByteOrder>(
        &mut self,
        bytes: &[u8],
        at: usize,
        output: &mut Output<'_>,
    ) -> ControlFlow<Step, usize> {
        let big_endian = self.big_endian;
        let mut rest = bytes.get(at..).unwrap_or_default();
        loop {
            let used = bytes.len() - rest.len();
            let (after, raw) = match RawBlock::from_slice::<B>(rest) {
                Ok(whole) => whole,
                Err(error) => {
                    let base = output.base;
                    let next = self.incomplete::<B>(rest, &error, base, used);
                    return ControlFlow::Break(Step { used, next });
                }
            };
            let Cow::Borrowed(body) = raw.body else {
                return ControlFlow::Continue(used);
            };
            let block = Block {
                kind: raw.type_,
                body,
                start: used + 8,
            };
            if let Err(fault) = self.take::<B>(&block, output) {
                let next = Next::Stop(fault);
                return ControlFlow::Break(Step { used, next });
            }
            rest = after;
            if self.big_endian != big_endian {
                return ControlFlow::Continue(bytes.len() - rest.len());
            }
        }
    }

    #[inline(always)]
    fn take<B: ByteOrder>(
        &mut self,
        block: &Block<'_>,
        output: &mut Output<'_>,
    ) -> Result<(), Fault> {
        match block.kind {
            ENHANCED_PACKET => self.enhanced_packet::<B>(block, output),
            PACKET => self.obsolete_packet::<B>(block, output),
            SIMPLE_PACKET => self.simple_packet::<B>(block, output),
            SECTION_HEADER => self.section_header(block.body, output),
            INTERFACE_DESCRIPTION => {
                interface_description::<B>(self.first_interface, block.body, output)
            }
            INTERFACE_STATISTICS => {
                interface_statistics::<B>(self.first_interface, block.body, output)
            }
            JOURNAL_EXPORT => not_a_packet(block, 0, output),
            // The first word says whose block it is.
            CUSTOM | CUSTOM_NOT_COPIED => not_a_packet(block, 4, output),
            _ => Ok(()),
        }
    }

    #[inline(always)]
    fn enhanced_packet<B: ByteOrder>(
        &mut self,
        block: &Block<'_>,
        output: &mut Output<'_>,
    ) -> Result<(), Fault> {
        let Some((header, data)) = block.body.split_first_chunk::<20>() else {
            return Err(too_short("an enhanced packet block"));
        };
        let [interface, high, low, captured, wire_length] = words_of::<B, 20, 5>(header);
        let packet = Packet {
            interface,
            ticks: Some(u64::from(high) << 32 | u64::from(low)),
            captured,
            wire_length,
            start: block.start + header.len(),
        };
        self.packet::<B>(&packet, data, output)
    }

    fn obsolete_packet<B: ByteOrder>(
        &mut self,
        block: &Block<'_>,
        output: &mut Output<'_>,
    ) -> Result<(), Fault> {
        let Some((header, data)) = block.body.split_first_chunk::<20>() else {
            return Err(too_short("a packet block"));
        };
        let [_, high, low, captured, wire_length] = words_of::<B, 20, 5>(header);
        let interface = header.first_chunk::<2>().map_or(0, |id| B::read_u16(id));
        let packet = Packet {
            interface: u32::from(interface),
            ticks: Some(u64::from(high) << 32 | u64::from(low)),
            captured,
            wire_length,
            start: block.start + header.len(),
        };
        self.packet::<B>(&packet, data, output)
    }

    fn simple_packet<B: ByteOrder>(
        &mut self,
        block: &Block<'_>,
        output: &mut Output<'_>,
    ) -> Result<(), Fault> {
        let Some((header, data)) = block.body.split_first_chunk::<4>() else {
            return Err(too_short("a simple packet block"));
        };
        let wire_length = B::read_u32(header);
        let origin = output.about.origins.get(self.first_interface);
        let present = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let captured = wire_length.min(origin.map_or(u32::MAX, |origin| origin.snapshot));
        if captured > present {
            return Err(Fault::corrupt(format!(
                "a simple packet block of {present} bytes claims {captured} captured bytes"
            )));
        }
        let packet = Packet {
            interface: 0,
            ticks: None,
            captured,
            wire_length,
            start: block.start + header.len(),
        };
        self.packet::<B>(
            &packet,
            data.get(..wide(captured)).unwrap_or_default(),
            output,
        )
    }

    /// Takes a frame; `data` are its captured bytes, padding and options.
    #[inline(always)]
    fn packet<B: ByteOrder>(
        &mut self,
        packet: &Packet,
        data: &[u8],
        output: &mut Output<'_>,
    ) -> Result<(), Fault> {
        let captured = wide(packet.captured);
        if packet.captured > LARGEST_FRAME || captured > data.len() {
            return Err(too_long(packet.captured, data.len()));
        }
        let index = self.first_interface.saturating_add(wide(packet.interface));
        let Some(origin) = output.about.origins.get(index) else {
            return Err(no_interface(packet.interface));
        };
        let (link, front, snapshot) = (origin.link, origin.front, origin.snapshot);
        let time = packet.ticks.and_then(|ticks| origin.clock.time(ticks));
        let lost = time.is_none() && packet.ticks.is_some();
        let doubtful = (packet.captured > packet.wire_length)
            | (packet.captured > snapshot)
            | lost
            | time.is_some_and(|time| time.0 < self.latest);
        if doubtful {
            // Where nobody can say what a tick is, one remark on the interface is enough.
            let lost = lost && !matches!(origin.clock, Clock::Unknown);
            Self::judge(packet, snapshot, lost, output);
            if time.is_some_and(|time| time.0 < self.latest) {
                output.remark(Cause::TimeBackwards);
            }
        }
        if let Some(time) = time {
            self.latest = time.0;
        }
        let options = captured.next_multiple_of(4);
        if data.len() > options {
            let start = packet.start + options;
            packet_options::<B>(data.get(options..).unwrap_or_default(), start, output)?;
        }
        output.records.push(
            Record::new(packet.start, packet.captured, packet.wire_length)
                .without_front(front)
                .at(time)
                .on(u32::try_from(index).unwrap_or(u32::MAX), link),
        );
        Ok(())
    }

    /// Says what is doubtful about a frame.
    #[cold]
    fn judge(packet: &Packet, snapshot: u32, lost: bool, output: &mut Output<'_>) {
        if packet.captured > packet.wire_length {
            output.remark(Cause::CapturedOverWire);
        }
        if packet.captured > snapshot {
            output.remark(Cause::CapturedOverSnapshot);
        }
        if lost {
            output.remark(Cause::TimeOutOfRange);
        }
    }

    fn section_header(&mut self, body: &[u8], output: &mut Output<'_>) -> Result<(), Fault> {
        self.big_endian = body.starts_with(&[0x1a, 0x2b, 0x3c, 0x4d]);
        if self.big_endian {
            section_header::<BigEndian>(self.in_section, body, output)?;
        } else {
            section_header::<LittleEndian>(self.in_section, body, output)?;
        }
        self.in_section = true;
        self.first_interface = output.about.interfaces.len();
        Ok(())
    }

    /// What is needed to read the block that begins with `rest`, or why it cannot be read.
    #[cold]
    fn incomplete<B: ByteOrder>(
        &self,
        rest: &[u8],
        error: &RawBlockParseError,
        base: u64,
        used: usize,
    ) -> Next {
        let here = base.saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
        let head = rest.first_chunk::<8>().map(words_of::<B, 8, 2>);
        let (kind, length) = match (error, head) {
            (RawBlockParseError::IncompleteBuffer(..), None) => {
                return Next::Need(SMALLEST_BLOCK, "a block");
            }
            (_, Some([0, 0])) if self.in_section => return Next::Zeros(here),
            (RawBlockParseError::IncompleteBuffer(..), Some([kind, length])) => {
                (kind, wide(self.length_of(rest, kind, length)))
            }
            (RawBlockParseError::InvalidFormat(format), _) => {
                return Next::Stop(self.malformed(format));
            }
        };
        if rest.len() < SMALLEST_BLOCK {
            return Next::Need(SMALLEST_BLOCK, "a block");
        }
        if length <= LARGEST_BLOCK {
            return Next::Need(length, "a block");
        }
        if length > LONGEST_BLOCK {
            return Next::Stop(Fault::corrupt(format!(
                "a block claims {length} bytes, more than the {LONGEST_BLOCK} that any has"
            )));
        }
        let packet = matches!(kind, PACKET | SIMPLE_PACKET | ENHANCED_PACKET);
        let essential = packet || matches!(kind, SECTION_HEADER | INTERFACE_DESCRIPTION);
        let fault = essential.then(|| {
            Fault::corrupt(format!(
                "a block claims {length} bytes, more than the {LARGEST_BLOCK} that any has"
            ))
        });
        Next::Skip(u64::try_from(length).unwrap_or(u64::MAX), fault)
    }

    /// The length of a block; a section header tells its own byte order.
    fn length_of(&self, rest: &[u8], kind: u32, length: u32) -> u32 {
        if kind != SECTION_HEADER {
            return length;
        }
        let big_endian = rest.get(8..).unwrap_or_default().starts_with(&[0x1a]);
        match big_endian == self.big_endian {
            true => length,
            false => length.swap_bytes(),
        }
    }

    fn malformed(&self, error: &PcapNgFormatError) -> Fault {
        let words = match error {
            PcapNgFormatError::InvalidMagicNumber(number) => {
                format!("a section header has the byte-order mark {number:08x}, not 1a2b3c4d")
            }
            PcapNgFormatError::BlockLengthMismatch(first, last) => {
                format!("a block begins with the length {first} and ends with {last}")
            }
            PcapNgFormatError::BlockNotAligned(length) => {
                format!("a block claims {length} bytes, which is no multiple of 4")
            }
            PcapNgFormatError::BlockTooShort(_, length) => {
                format!("a block claims {length} bytes, but the shortest has 12")
            }
            other => other.to_string(),
        };
        let no_mark = matches!(error, PcapNgFormatError::InvalidMagicNumber(_));
        let verdict = if no_mark && !self.in_section {
            Verdict::NotACapture
        } else {
            Verdict::Corrupt
        };
        Fault { verdict, words }
    }
}

/// The header of a frame, whatever block it came in.
struct Packet {
    interface: u32,
    ticks: Option<u64>,
    captured: u32,
    wire_length: u32,
    /// Where the captured bytes begin in the batch.
    start: usize,
}

/// Takes a block that is no packet, but has a frame number in Wireshark, and must have the same
/// one here: without time, interface and link type.
fn not_a_packet(block: &Block<'_>, front: usize, output: &mut Output<'_>) -> Result<(), Fault> {
    let Some(body) = block.body.get(front..) else {
        return Err(too_short("a custom block"));
    };
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let record = Record::new(block.start + front, length, length);
    output.records.push(record.on(u32::MAX, NO_LINK));
    Ok(())
}

/// Keeps the comments of a frame; the list begins at `start` of the batch.
fn packet_options<B: ByteOrder>(
    list: &[u8],
    start: usize,
    output: &mut Output<'_>,
) -> Result<(), Fault> {
    let index = output.records.len();
    for option in options::walk::<B>(list) {
        let option = option.map_err(|overrun| overrun_fault(&overrun))?;
        if option.code == COMMENT {
            let start = start + option.start;
            // Like Wireshark, up to the first zero byte.
            let text = option.value.split(|&byte| byte == 0).next();
            let end = start + text.map_or(0, <[u8]>::len);
            output.comments.push(Comment { index, start, end });
        }
    }
    Ok(())
}

/// The 32-bit words of a header. `WORDS` is a quarter of `BYTES`.
#[inline]
fn words_of<B: ByteOrder, const BYTES: usize, const WORDS: usize>(
    header: &[u8; BYTES],
) -> [u32; WORDS] {
    let mut words = [0; WORDS];
    for (word, bytes) in words.iter_mut().zip(header.chunks_exact(4)) {
        *word = B::read_u32(bytes);
    }
    words
}

#[cold]
fn too_long(captured: u32, present: usize) -> Fault {
    Fault::corrupt(format!(
        "a packet block claims {captured} captured bytes and has room for {}",
        present.min(wide(LARGEST_FRAME))
    ))
}

#[cold]
fn no_interface(interface: u32) -> Fault {
    Fault::corrupt(format!(
        "a packet block names interface {interface}, which is not described"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::testing::{BIG, LITTLE, Order, read, read_all, small_pcapng};
    use crate::capture::{LinkType, Reader, Time};
    use std::io::Cursor;

    fn begin(order: Order) -> Vec<u8> {
        [order.section(&[]), order.interface(1, &[])].concat()
    }

    #[test]
    fn sections_of_different_byte_order_follow_each_other() {
        let mut reader = Reader::from_read("memory", Cursor::new(small_pcapng()));
        let seen = read_all(&mut reader);
        assert_eq!(seen.len(), 4);
        for (index, frame) in seen.iter().enumerate() {
            assert_eq!(frame.interface as usize, index / 2);
            assert_eq!(frame.link, LinkType::ETHERNET);
        }
        let packet = &seen[2];
        assert_eq!(packet.time, Some(Time(1_700_000_000_000_000_001)));
        assert_eq!(packet.bytes, [7; 61]);
        assert_eq!(packet.comments, [b"look", b"here"]);
        let simple = &seen[3];
        assert_eq!((simple.time, &simple.bytes[..]), (None, &[9; 3][..]));
        assert!(simple.comments.is_empty());
        for (index, interface) in reader.interfaces().iter().enumerate() {
            assert_eq!((interface.section as usize, interface.id), (index + 1, 0));
            assert_eq!(interface.name.as_deref(), Some("eth0"));
            assert_eq!(interface.dropped, Some(5));
        }
        let section = &reader.sections()[1];
        assert_eq!(section.application.as_deref(), Some("wirelab tests"));
        let ending = reader.finish();
        assert_eq!((ending.verdict, ending.sections), (Verdict::Clean, 2));
    }

    #[test]
    fn the_obsolete_packet_block_has_a_short_interface_number() {
        for order in [LITTLE, BIG] {
            let mut bytes = [begin(order), order.interface(101, &[])].concat();
            let mut body = [order.u16(1), order.u16(0)].concat();
            for word in [0x0005_0000, 7, 2, 60] {
                body.extend(order.u32(word));
            }
            body.extend([4, 5]);
            bytes.extend(order.block(2, &body));
            let (seen, ending) = read(&bytes);
            assert_eq!(ending.verdict, Verdict::Clean, "{ending:?}");
            assert_eq!((seen[0].interface, seen[0].link), (1, LinkType::RAW));
            assert_eq!((&seen[0].bytes[..], seen[0].wire_length), (&[4, 5][..], 60));
            let ticks: i64 = 0x0005_0000 << 32 | 7;
            assert_eq!(seen[0].time, Some(Time(ticks * 1000)));
        }
    }

    #[test]
    fn a_simple_packet_is_cut_at_the_snapshot_length() {
        let mut bytes = LITTLE.section(&[]);
        let description = [&[1, 0, 0, 0][..], &LITTLE.u32(5)].concat();
        bytes.extend(LITTLE.block(1, &description));
        let body = [&LITTLE.u32(60)[..], &[1, 2, 3, 4, 5]].concat();
        bytes.extend(LITTLE.block(3, &body));
        let (seen, ending) = read(&bytes);
        assert_eq!(ending.verdict, Verdict::Clean);
        assert_eq!(
            (&seen[0].bytes[..], seen[0].wire_length),
            (&[1, 2, 3, 4, 5][..], 60)
        );
    }

    #[test]
    fn custom_blocks_and_journal_entries_count_as_frames() {
        let mut bytes = LITTLE.section(&[]);
        bytes.extend(LITTLE.block(0xbad, &[1, 0, 0, 0, 9, 9, 9, 9]));
        bytes.extend(LITTLE.block(9, b"A=B\n"));
        let (seen, ending) = read(&bytes);
        assert_eq!((seen.len(), ending.verdict), (2, Verdict::Clean));
        assert_eq!(
            (&seen[0].bytes[..], seen[0].interface),
            (&[9; 4][..], u32::MAX)
        );
        assert_eq!(seen[1].bytes, b"A=B\n");
    }

    #[test]
    fn names_that_are_not_utf_8_are_read_all_the_same() {
        let mut bytes = LITTLE.section(&[]);
        let options = [
            LITTLE.option(2, b"Verbindung \xfcber LAN\0"),
            LITTLE.option(1, b"one"),
            LITTLE.option(1, b"two"),
            LITTLE.option(11, b"\0tcp port 80"),
            LITTLE.option(13, &[4]),
            LITTLE.option(14, &(-3600_i64).to_le_bytes()),
        ];
        bytes.extend(LITTLE.interface(1, &options.concat()));
        bytes.extend(LITTLE.packet(0, 3_600_000_001, &[0; 4], &[]));
        let mut reader = Reader::from_read("memory", Cursor::new(bytes));
        let seen = read_all(&mut reader);
        assert_eq!(seen[0].time, Some(Time(1000)));
        let interface = &reader.interfaces()[0];
        assert_eq!(interface.shown_name(), "Verbindung \u{fffd}ber LAN");
        assert_eq!(interface.comments, ["one", "two"]);
        assert_eq!(interface.filter.as_deref(), Some("tcp port 80"));
        assert_eq!(
            (interface.fcs_length, interface.offset_seconds),
            (Some(4), -3600)
        );
    }

    #[test]
    fn damage_keeps_what_was_before_and_names_the_byte() {
        let good = [begin(LITTLE), LITTLE.packet(0, 1, &[0; 8], &[])].concat();
        let packet = LITTLE.packet(0, 2, &[0; 8], &[]);
        let mut short_trailer = packet.clone();
        short_trailer[packet.len() - 4] ^= 0xff;
        let mut unaligned = packet.clone();
        unaligned[4] += 1;
        let mut tiny = packet.clone();
        tiny[4] = 8;
        let mut long = packet.clone();
        long[20] = 200;
        let overrun = LITTLE.packet(0, 2, &[0; 8], &[1, 0, 200, 0]);
        let stranger = LITTLE.packet(7, 2, &[0; 8], &[]);
        let stump = LITTLE.block(6, &[0; 16]);
        for damaged in [
            short_trailer,
            unaligned,
            tiny,
            long,
            overrun,
            stranger,
            stump,
        ] {
            let (seen, ending) = read(&[good.clone(), damaged, packet.clone()].concat());
            assert_eq!(
                (seen.len(), ending.verdict),
                (1, Verdict::Corrupt),
                "{ending:?}"
            );
            assert_eq!(
                ending.stopped_at_byte,
                Some(good.len() as u64),
                "{ending:?}"
            );
        }
    }

    #[test]
    fn a_length_that_no_block_has_is_damage_and_not_a_cut() {
        let good = [begin(LITTLE), LITTLE.packet(0, 1, &[0; 8], &[])].concat();
        let block = |kind: u32, length: u32| [LITTLE.u32(kind), LITTLE.u32(length)].concat();
        for kind in [INTERFACE_DESCRIPTION, ENHANCED_PACKET, 4, 0x1234] {
            for (length, verdict) in [
                (0xffff_fffc, Verdict::Corrupt),
                (134_348_836, Verdict::Corrupt),
                (134_348_832, Verdict::Cut),
            ] {
                let (seen, ending) = read(&[&good[..], &block(kind, length), &good].concat());
                assert_eq!((seen.len(), ending.verdict), (1, verdict), "{ending:?}");
                assert_eq!(ending.stopped_at_byte, Some(good.len() as u64));
            }
        }
    }

    #[test]
    fn a_resolution_nobody_can_mean_is_odd_and_leaves_times_out() {
        let mut bytes = LITTLE.section(&[]);
        bytes.extend(LITTLE.interface(1, &LITTLE.option(9, &[255])));
        bytes.extend(LITTLE.packet(0, 1, &[0; 8], &[]));
        let (seen, ending) = read(&bytes);
        assert_eq!((seen[0].time, ending.verdict), (None, Verdict::Odd));
        assert_eq!(ending.remarks.len(), 1);
    }
}
