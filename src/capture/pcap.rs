//! The pcap format: <https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html>.
//!
//! Records are framed by pcap-file's `RawPcapPacket`. Ours are its judgement, the modified
//! format (`a1b2cd34`, whose record headers are longer) and the swapped lengths of the versions
//! before 2.4, as Wireshark's wiretap reads them. Left out: the variants of AIX, Nokia and IXIA.

use super::about::About;
use super::batch::{Record, wide};
use super::remarks::{Cause, Remarks};
use super::walk::{Fault, LARGEST_FRAME, Next, Output, Step};
use super::{Interface, LinkType, Time, TimeResolution, Verdict};
use byteorder_slice::{BigEndian, ByteOrder, LittleEndian};
use pcap_file::pcap::{PcapHeader, PcapTsResolution, RawPcapPacket};
use pcap_file::{DataLink, Endianness};

/// Bytes of the file header.
pub(super) const FILE_HEADER: usize = 24;

/// Bytes of a record header; the modified format has more.
const RECORD_HEADER: usize = 16;

/// Records of nothing but zero bytes after which we no longer wait for a record that would prove
/// them meant.
const MOST_PENDING: u32 = 1024;

const MICROSECOND: &[[u8; 4]] = &[[0xa1, 0xb2, 0xc3, 0xd4], [0xd4, 0xc3, 0xb2, 0xa1]];
const NANOSECOND: &[[u8; 4]] = &[[0xa1, 0xb2, 0x3c, 0x4d], [0x4d, 0x3c, 0xb2, 0xa1]];
const MODIFIED: &[[u8; 4]] = &[[0xa1, 0xb2, 0xcd, 0x34], [0x34, 0xcd, 0xb2, 0xa1]];

/// The magic numbers a pcap file may begin with.
pub(super) fn magics() -> impl Iterator<Item = &'static [u8; 4]> {
    MICROSECOND.iter().chain(NANOSECOND).chain(MODIFIED)
}

/// Which of a record's lengths comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    /// Captured, then on the wire.
    Usual,
    /// The other way round (before version 2.3).
    Swapped,
    /// Either way: the smaller one is the captured one (version 2.3).
    Either,
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
            snapshot: match header.snaplen {
                0 => u32::MAX,
                length => length,
            },
            largest_fraction,
            tick,
            latest: 0,
            pending: 0,
            zeros: None,
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
            self.record_header = match self.order {
                Endianness::Little => modified_header::<LittleEndian>(rest, self.snapshot),
                Endianness::Big => modified_header::<BigEndian>(rest, self.snapshot),
            };
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
    #[inline]
    fn push(&mut self, header: Header, offset: usize, output: &mut Output<'_>) -> Result<(), Next> {
        let time =
            i64::from(header.seconds) * 1_000_000_000 + i64::from(header.fraction) * self.tick;
        let doubtful = (header.fraction > self.largest_fraction)
            | (header.captured > header.wire_length)
            | (header.captured > self.snapshot.min(LARGEST_FRAME))
            | (header.captured == 0)
            | (time < self.latest)
            | (self.pending > 0);
        if doubtful && self.judge(&header, time, offset, output)? == Judgement::Waits {
            return Ok(());
        }
        self.latest = time;
        let data = offset + self.record_header;
        output.records.push(
            Record::new(data, header.captured, header.wire_length)
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

/// The fields that all variants of the record header begin with.
#[derive(Clone, Copy, Debug)]
struct Header {
    seconds: u32,
    fraction: u32,
    captured: u32,
    wire_length: u32,
}

impl Header {
    fn read<B: ByteOrder>(bytes: &[u8], lengths: Lengths) -> Option<Header> {
        let header = bytes.first_chunk::<RECORD_HEADER>()?;
        let [seconds, fraction, first, second] = words_of::<B>(header);
        let swap = match lengths {
            Lengths::Usual => false,
            Lengths::Swapped => true,
            Lengths::Either => first > second,
        };
        let (captured, wire_length) = if swap {
            (second, first)
        } else {
            (first, second)
        };
        Some(Header {
            seconds,
            fraction,
            captured,
            wire_length,
        })
    }

    fn is_zero(&self) -> bool {
        self.seconds | self.fraction | self.captured | self.wire_length == 0
    }

    /// Whether it can be the header of a record.
    fn is_plausible(&self, snapshot: u32) -> bool {
        self.captured <= LARGEST_FRAME.min(snapshot)
            && self.captured <= self.wire_length
            && self.fraction < 1_000_000
    }
}

fn words_of<B: ByteOrder>(header: &[u8; RECORD_HEADER]) -> [u32; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(header.chunks_exact(4)) {
        *word = B::read_u32(bytes);
    }
    words
}

/// The length of the record headers of a modified file. Two patches used one magic number: the
/// later one has 24 bytes, an earlier one 28. As in wiretap, the one whose second record looks
/// like a record is taken.
fn modified_header<B: ByteOrder>(bytes: &[u8], snapshot: u32) -> usize {
    let fits = |length: usize| {
        let first = Header::read::<B>(bytes, Lengths::Usual)?;
        let second = length.checked_add(wide(first.captured))?;
        let second = Header::read::<B>(bytes.get(second..)?, Lengths::Usual)?;
        Some(second.is_plausible(snapshot))
    };
    match (fits(24), fits(28)) {
        (Some(false), Some(true)) => 28,
        _ => 24,
    }
}

/// The link type in the header's network field. The upper bits are the length of the frame check
/// sequence; those between should be zero, and the number means nothing when they are not.
fn link_type(network: u32, remarks: &mut Remarks) -> LinkType {
    let number = match network & 0x03ff_ffff {
        number if number <= 0xffff => LinkType(u16::try_from(number).unwrap_or(u16::MAX)),
        _ => LinkType(u16::MAX),
    };
    if is_known(number) {
        return number;
    }
    let shown = network & 0x03ff_ffff;
    remarks.file(format!(
        "link type {shown} is unknown, frames are shown as bytes"
    ));
    number
}

/// Whether the registry gives the link type a meaning. The 16 numbers from 147 mean whatever
/// their users agreed on.
pub(super) fn is_known(link: LinkType) -> bool {
    let unknown = matches!(DataLink::from(u32::from(link.0)), DataLink::Unknown(_));
    let bsd_raw = link == LinkType::RAW_BSD || link == LinkType::RAW_OPENBSD;
    let newer = (273..=304).contains(&link.0);
    (!unknown || bsd_raw || newer) && !(147..=162).contains(&link.0)
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
