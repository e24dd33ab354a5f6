//! The pcap format: <https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html>.
//!
//! Records are framed by pcap-file's `RawPcapPacket`. Ours are its judgement, the modified
//! format (`a1b2cd34`, whose record headers are longer) and the swapped lengths of the versions
//! before 2.4, as Wireshark's wiretap reads them. Left out: the variants of AIX, Nokia and IXIA.

use super::about::About;
use super::batch::{Record, wide};
use super::link::{NO_LINK, is_known, pseudo_header};
use super::pcap_record::{Header, Lengths, RECORD_HEADER, modified_header};
use super::remarks::{Cause, Remarks};
use super::walk::{Fault, LARGEST_FRAME, Next, Output, Step};
use super::{Interface, LinkType, Time, TimeResolution, Verdict};
use byteorder_slice::{BigEndian, ByteOrder, LittleEndian};
use pcap_file::Endianness;
use pcap_file::pcap::{PcapHeader, PcapTsResolution, RawPcapPacket};

/// Bytes of the file header.
pub(super) const FILE_HEADER: usize = 24;

/// Records of nothing but zero bytes after which we no longer wait for a record that would prove
/// them meant.
const MOST_PENDING: u32 = 1024;

/// Seconds beyond this are in 2038 or later, or were negative when they were written.
const LATEST_SECOND: u32 = i32::MAX.unsigned_abs();

const MICROSECOND: &[[u8; 4]] = &[[0xa1, 0xb2, 0xc3, 0xd4], [0xd4, 0xc3, 0xb2, 0xa1]];
const NANOSECOND: &[[u8; 4]] = &[[0xa1, 0xb2, 0x3c, 0x4d], [0x4d, 0x3c, 0xb2, 0xa1]];
const MODIFIED: &[[u8; 4]] = &[[0xa1, 0xb2, 0xcd, 0x34], [0x34, 0xcd, 0xb2, 0xa1]];

/// The magic numbers a pcap file may begin with.
pub(super) fn magics() -> impl Iterator<Item = &'static [u8; 4]> {
    MICROSECOND.iter().chain(NANOSECOND).chain(MODIFIED)
}

/// The state of reading one pcap file.
#[derive(Debug)]
pub(super) struct Pcap {
    order: Endianness,
    modified: bool,
    resolution: PcapTsResolution,
    /// Bytes of a record header; 0 while it is not known which of the modified formats it is.
    record_header: usize,
    lengths: Lengths,
    link: LinkType,
    /// Bytes in front of each frame that are not part of it.
    front: u32,
    /// Most bytes a record may have without a remark.
    snapshot: u32,
    /// Ticks a second, less one: a larger fraction is odd.
    largest_fraction: u32,
    /// Nanoseconds a tick.
    tick: i64,
    latest: i64,
    /// Records of zero bytes that are either padding or meant.
    pending: u32,
    /// Where zero bytes began that are no records.
    zeros: Option<u64>,
    /// There are no more bytes to wait for.
    ended: bool,
}

impl Pcap {
    /// Reads the file header, 24 bytes.
    pub(super) fn open(
        header: &[u8; FILE_HEADER],
        about: &mut About,
        remarks: &mut Remarks,
    ) -> Result<Pcap, Fault> {
        let mut standard = *header;
        let modified = MODIFIED.iter().position(|magic| header.starts_with(magic));
        if let (Some(order), Some(magic)) = (modified, standard.first_chunk_mut()) {
            *magic = MICROSECOND.get(order).copied().unwrap_or(*magic);
        }
        let not_a_capture = |words: String| Fault {
            verdict: Verdict::NotACapture,
            words,
        };
        let (_, header) = PcapHeader::from_slice(&standard)
            .map_err(|error| not_a_capture(format!("no pcap header ({error})")))?;
        let (major, minor) = (header.version_major, header.version_minor);
        if major != 2 {
            return Err(not_a_capture(format!(
                "version {major}.{minor} of the pcap format is unknown, 2.4 is usual"
            )));
        }
        let lengths = match minor {
            0..=2 => Lengths::Swapped,
            3 => Lengths::Either,
            _ => Lengths::Usual,
        };
        if minor > 4 {
            remarks.file(format!(
                "minor version {minor} of the pcap format is unknown, read as 2.4"
            ));
        }
        let network = u32::from(header.datalink);
        let link = link_type(network, remarks);
        let resolution = match header.ts_resolution {
            PcapTsResolution::MicroSecond => TimeResolution::Decimal(6),
            PcapTsResolution::NanoSecond => TimeResolution::Decimal(9),
        };
        about.add_section(super::Section::default());
        about.add_interface(Interface {
            section: 1,
            link,
            snapshot_length: header.snaplen,
            resolution,
            fcs_length: fcs_length(network),
            ..Interface::default()
        });
        let (largest_fraction, tick) = match header.ts_resolution {
            PcapTsResolution::MicroSecond => (999_999, 1_000),
            PcapTsResolution::NanoSecond => (999_999_999, 1),
        };
        Ok(Pcap {
            order: header.endianness,
            modified: modified.is_some(),
            resolution: header.ts_resolution,
            record_header: if modified.is_some() { 0 } else { RECORD_HEADER },
            lengths,
            link,
            front: pseudo_header(link),
            snapshot: match header.snaplen {
                0 => u32::MAX,
                length => length,
            },
            largest_fraction,
            tick,
            latest: 0,
            pending: 0,
            zeros: None,
            ended: false,
        })
    }

    /// The format in words.
    pub(super) fn words(&self) -> String {
        let resolution = match self.resolution {
            PcapTsResolution::MicroSecond => "microseconds",
            PcapTsResolution::NanoSecond => "nanoseconds",
        };
        let order = match self.order {
            Endianness::Little => "little endian",
            Endianness::Big => "big endian",
        };
        let modified = if self.modified { ", modified" } else { "" };
        format!("pcap{modified}, {resolution}, {order}")
    }

    /// How many bytes at the end of the file, before `leftover`, were zero records that nothing
    /// followed: padding. `None` when the leftover shows that they were no padding.
    pub(super) fn padding(&self, leftover: &[u8]) -> Option<u64> {
        let zero = leftover.iter().all(|&byte| byte == 0);
        (self.pending > 0 && zero).then_some(self.pending_bytes())
    }

    /// Takes in that there are no more bytes; says whether more were waited for, to know how to
    /// read those that are there.
    pub(super) fn settle(&mut self) -> bool {
        let waited = self.record_header == 0 && !self.ended;
        self.ended = true;
        waited
    }

    /// Walks through the records of `bytes` from `at`.
    pub(super) fn walk(&mut self, bytes: &[u8], at: usize, output: &mut Output<'_>) -> Step {
        if let Some(begin) = self.zeros {
            return Step {
                used: at,
                next: Next::Zeros(begin),
            };
        }
        if self.record_header == 0 {
            let rest = bytes.get(at..).unwrap_or_default();
            if rest.len() < RECORD_HEADER {
                let next = Next::Need(RECORD_HEADER, "a record header");
                return Step { used: at, next };
            }
            let (snapshot, ended) = (self.snapshot, self.ended);
            let length = match self.order {
                Endianness::Little => modified_header::<LittleEndian>(rest, snapshot, ended),
                Endianness::Big => modified_header::<BigEndian>(rest, snapshot, ended),
            };
            let Some(length) = length else {
                let next = Next::Need(rest.len() + 1, "a record");
                return Step { used: at, next };
            };
            self.record_header = length;
        }
        let usual = self.record_header == RECORD_HEADER && self.lengths == Lengths::Usual;
        match (self.order, usual) {
            (Endianness::Little, true) => self.walk_usual::<LittleEndian>(bytes, at, output),
            (Endianness::Big, true) => self.walk_usual::<BigEndian>(bytes, at, output),
            (Endianness::Little, false) => self.walk_unusual::<LittleEndian>(bytes, at, output),
            (Endianness::Big, false) => self.walk_unusual::<BigEndian>(bytes, at, output),
        }
    }

    fn walk_usual<B: ByteOrder>(
        &mut self,
        bytes: &[u8],
        at: usize,
        output: &mut Output<'_>,
    ) -> Step {
        let mut rest = bytes.get(at..).unwrap_or_default();
        while let Ok((after, raw)) = RawPcapPacket::from_slice::<B>(rest) {
            let offset = bytes.len() - rest.len();
            let header = Header {
                seconds: raw.ts_sec,
                fraction: raw.ts_frac,
                captured: raw.incl_len,
                wire_length: raw.orig_len,
            };
            if let Err(next) = self.push(header, offset, output) {
                return Step { used: offset, next };
            }
            rest = after;
        }
        let used = bytes.len() - rest.len();
        let next = self.incomplete::<B>(rest);
        Step { used, next }
    }

    fn walk_unusual<B: ByteOrder>(
        &mut self,
        bytes: &[u8],
        mut at: usize,
        output: &mut Output<'_>,
    ) -> Step {
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let whole = Header::read::<B>(rest, self.lengths).and_then(|header| {
                let length = wide(header.captured).checked_add(self.record_header)?;
                (header.captured <= LARGEST_FRAME && length <= rest.len())
                    .then_some((header, length))
            });
            let Some((header, length)) = whole else {
                let next = self.incomplete::<B>(rest);
                return Step { used: at, next };
            };
            if let Err(next) = self.push(header, at, output) {
                return Step { used: at, next };
            }
            at += length;
        }
    }

    /// Takes the record whose header begins at `offset`.
    #[inline(always)]
    fn push(&mut self, header: Header, offset: usize, output: &mut Output<'_>) -> Result<(), Next> {
        let time =
            i64::from(header.seconds) * 1_000_000_000 + i64::from(header.fraction) * self.tick;
        let doubtful = (header.fraction > self.largest_fraction)
            | (header.captured > header.wire_length)
            | (header.captured > self.snapshot.min(LARGEST_FRAME))
            | (header.captured == 0)
            | (header.seconds > LATEST_SECOND)
            | (time < self.latest)
            | (self.pending > 0);
        if doubtful && self.judge(&header, time, offset, output)? == Judgement::Waits {
            return Ok(());
        }
        self.latest = time;
        let data = offset + self.record_header;
        output.records.push(
            Record::new(data, header.captured, header.wire_length)
                .without_front(self.front)
                .at(Some(Time(time)))
                .on(0, self.link),
        );
        Ok(())
    }

    /// Says what is doubtful about a record.
    #[cold]
    fn judge(
        &mut self,
        header: &Header,
        time: i64,
        offset: usize,
        output: &mut Output<'_>,
    ) -> Result<Judgement, Next> {
        if header.captured > LARGEST_FRAME {
            return Err(too_long(header.captured));
        }
        if header.is_zero() {
            self.pending += 1;
            if self.pending <= MOST_PENDING {
                return Ok(Judgement::Waits);
            }
            self.pending -= 1;
            let here = output.base.saturating_add(as_u64(offset));
            let begin = here.saturating_sub(self.pending_bytes());
            self.pending = 0;
            self.zeros = Some(begin);
            return Err(Next::Zeros(begin));
        }
        for _ in 0..std::mem::take(&mut self.pending) {
            if self.latest > 0 {
                output.remark(Cause::TimeBackwards);
            }
            self.latest = 0;
            let empty = Record::new(offset, 0, 0);
            output
                .records
                .push(empty.at(Some(Time(0))).on(0, self.link));
        }
        if header.seconds > LATEST_SECOND {
            output.remark(Cause::TimeAfter2038);
        }
        if header.fraction > self.largest_fraction {
            output.remark(Cause::FractionTooLarge);
        }
        if header.captured > header.wire_length {
            output.remark(Cause::CapturedOverWire);
        }
        if header.captured > self.snapshot {
            output.remark(Cause::CapturedOverSnapshot);
        }
        if time < self.latest {
            output.remark(Cause::TimeBackwards);
        }
        Ok(Judgement::Counts)
    }

    fn pending_bytes(&self) -> u64 {
        u64::from(self.pending) * as_u64(self.record_header)
    }

    /// What is needed to read the record that begins with `rest`.
    fn incomplete<B: ByteOrder>(&self, rest: &[u8]) -> Next {
        let minimum = self.record_header.max(RECORD_HEADER);
        let Some(header) = Header::read::<B>(rest, self.lengths) else {
            return Next::Need(minimum, "a record header");
        };
        if header.captured > LARGEST_FRAME {
            return too_long(header.captured);
        }
        Next::Need(minimum + wide(header.captured), "a record")
    }
}

#[derive(PartialEq, Eq)]
enum Judgement {
    /// A frame.
    Counts,
    /// Perhaps padding: what follows will tell.
    Waits,
}

#[cold]
fn too_long(captured: u32) -> Next {
    Next::Stop(Fault::corrupt(format!(
        "a record claims {captured} captured bytes, but no frame has more than {LARGEST_FRAME}"
    )))
}

/// The link type in the header's network field. The upper bits are the length of the frame check
/// sequence; those between should be zero, and the number means nothing when they are not.
fn link_type(network: u32, remarks: &mut Remarks) -> LinkType {
    let number = network & 0x03ff_ffff;
    let link = u16::try_from(number).map_or(NO_LINK, LinkType);
    if is_known(link) {
        return link;
    }
    remarks.file(format!(
        "link type {number} is unknown, frames are shown as bytes"
    ));
    link
}

/// Bytes of frame check sequence, which the header counts in 16-bit words.
fn fcs_length(network: u32) -> Option<u8> {
    let words = network >> 28;
    let known = network & 0x0400_0000 != 0;
    known.then(|| u8::try_from(words * 2).unwrap_or(0))
}

fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::testing::{BIG, LITTLE, read, small_pcap};

    const MICRO: u32 = 0xa1b2_c3d4;
    const NANO: u32 = 0xa1b2_3c4d;

    #[test]
    fn both_byte_orders_and_resolutions_are_read() {
        for order in [LITTLE, BIG] {
            for (magic, tick) in [(MICRO, 1000), (NANO, 1)] {
                let (seen, ending) = read(&small_pcap(order, magic));
                assert_eq!((ending.verdict, ending.frames), (Verdict::Clean, 3));
                let times: Vec<_> = seen.iter().map(|frame| frame.time).collect();
                let second = 1_700_000_000_000_000_000;
                let expected = [second + tick, second + 500 * tick, second + 1_000_000_000];
                assert_eq!(times, expected.map(|time| Some(Time(time))));
                assert_eq!((seen[1].bytes.len(), seen[1].wire_length), (33, 1500));
                assert_eq!(seen[2].bytes, [3, 3]);
            }
        }
    }

    #[test]
    fn the_modified_format_has_longer_record_headers() {
        for (order, extra) in [(LITTLE, 8), (BIG, 8), (LITTLE, 12), (BIG, 12)] {
            let mut bytes = order.pcap(0xa1b2_cd34);
            for second in [1, 2] {
                bytes.extend(order.record(second, 0, 20, &[]));
                let at = bytes.len() - 8;
                bytes.splice(at..at + 4, order.u32(20));
                bytes.extend(vec![0xff; extra]);
                bytes.extend([6; 20]);
            }
            let (seen, ending) = read(&bytes);
            assert_eq!(
                (seen.len(), ending.verdict),
                (2, Verdict::Clean),
                "{ending:?}"
            );
            assert!(seen.iter().all(|frame| frame.bytes == [6; 20]));
        }
    }

    #[test]
    fn versions_before_two_point_four_swap_the_lengths() {
        for minor in [2, 3] {
            let mut bytes = LITTLE.pcap(MICRO);
            bytes.splice(6..8, [minor, 0]);
            bytes.extend([1_u32, 2, 90, 4].map(u32::to_le_bytes).concat());
            bytes.extend([8; 4]);
            let (seen, ending) = read(&bytes);
            assert_eq!(ending.verdict, Verdict::Clean);
            assert_eq!((seen[0].bytes.len(), seen[0].wire_length), (4, 90));
        }
    }

    #[test]
    fn zero_records_at_the_end_are_padding_and_elsewhere_frames() {
        let good = small_pcap(LITTLE, MICRO);
        for zeros in [16, 20, 64, 16 * 5000 + 3] {
            let mut padded = good.clone();
            padded.resize(good.len() + zeros, 0);
            let (seen, ending) = read(&padded);
            assert_eq!((seen.len(), ending.verdict), (3, Verdict::Odd), "{zeros}");
            let said = format!("{zeros} zero bytes of padding at the end");
            assert_eq!(ending.remarks, [said]);
        }
        let mut between = good.clone();
        between.resize(good.len() + 32, 0);
        between.extend(LITTLE.record(1_700_000_002, 0, 5, &[4; 5]));
        let (seen, ending) = read(&between);
        assert_eq!((seen.len(), ending.verdict), (6, Verdict::Odd));
        assert_eq!(seen[5].bytes, [4; 5]);
        assert!(seen[3].bytes.is_empty());
    }

    #[test]
    fn too_many_zeros_before_something_else_are_corrupt() {
        let mut bytes = small_pcap(LITTLE, MICRO);
        let begin = bytes.len() as u64;
        bytes.resize(bytes.len() + 400_000, 0);
        bytes.extend(b"something else");
        let (seen, ending) = read(&bytes);
        assert_eq!((seen.len(), ending.verdict), (3, Verdict::Corrupt));
        assert_eq!(ending.stopped_at_byte, Some(begin));
    }

    #[test]
    fn oddities_are_remarked_once_with_count_and_first_frame() {
        let mut bytes = LITTLE.pcap(MICRO);
        bytes.extend(LITTLE.record(10, 0, 4, &[0; 4]));
        bytes.extend(LITTLE.record(9, 1_000_000, 3, &[0; 4]));
        bytes.extend(LITTLE.record(8, 2_000_000, 4, &[0; 4]));
        bytes.extend(LITTLE.record(u32::MAX, 0, 4, &[0; 4]));
        let (seen, ending) = read(&bytes);
        assert_eq!((seen.len(), ending.verdict), (4, Verdict::Odd));
        assert_eq!(
            ending.remarks,
            [
                "a fraction of a second is a second or more: 2 frames, first frame 2",
                "a time is after January 2038, or was negative when written: frame 4",
                "more bytes were captured than were on the wire: frame 2",
            ]
        );
    }

    #[test]
    fn a_record_larger_than_any_frame_is_corrupt_wherever_it_stands() {
        for data in [0, 300_000] {
            let mut bytes = small_pcap(LITTLE, MICRO);
            let begin = bytes.len() as u64;
            bytes.extend([1_u32, 0, 300_000, 300_000].map(u32::to_le_bytes).concat());
            bytes.resize(bytes.len() + data, 1);
            let (seen, ending) = read(&bytes);
            assert_eq!((seen.len(), ending.verdict), (3, Verdict::Corrupt));
            assert_eq!(ending.stopped_at_byte, Some(begin));
        }
    }

    #[test]
    fn a_record_as_large_as_a_frame_can_be_is_read() {
        let mut bytes = small_pcap(LITTLE, MICRO);
        bytes.splice(16..20, LITTLE.u32(0));
        bytes.extend(LITTLE.record(1_700_000_002, 0, 262_144, &[1; 262_144]));
        bytes.extend(LITTLE.record(1_700_000_003, 0, 262_144, &[2; 262_144]));
        let (seen, ending) = read(&bytes);
        assert_eq!((seen.len(), ending.verdict), (5, Verdict::Clean));
        assert_eq!(seen[4].bytes, [2; 262_144]);
    }

    #[test]
    fn the_network_field_holds_the_check_sequence_length() {
        let mut bytes = small_pcap(LITTLE, MICRO);
        bytes.splice(20..24, LITTLE.u32(0x2400_0001));
        let mut reader = crate::capture::Reader::from_read("memory", std::io::Cursor::new(bytes));
        let seen = crate::capture::testing::read_all(&mut reader);
        assert_eq!(seen[0].link, LinkType::ETHERNET);
        assert_eq!(reader.interfaces()[0].fcs_length, Some(4));
        assert_eq!(reader.finish().verdict, Verdict::Clean);
    }

    #[test]
    fn a_pseudo_header_is_no_part_of_the_frame() {
        let mut bytes = small_pcap(LITTLE, MICRO);
        bytes.splice(20..24, LITTLE.u32(204));
        let (seen, _) = read(&bytes);
        assert_eq!((seen[0].bytes.len(), seen[0].wire_length), (59, 59));
    }
}
