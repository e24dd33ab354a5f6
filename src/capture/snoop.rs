//! The snoop format of Solaris (RFC 1761), big endian throughout. Left out: the variants of
//! Shomiti's hardware.

use super::about::About;
use super::batch::{Record, wide};
use super::link::NO_LINK;
use super::walk::{Fault, LARGEST_FRAME, Next, Output, Step};
use super::{Interface, LinkType, Time, TimeResolution, Verdict};

/// What a file begins with.
pub(super) const MAGIC: &[u8; 8] = b"snoop\0\0\0";
/// Bytes of the file header: the magic, a version, a link type.
pub(super) const FILE_HEADER: usize = 16;
/// Bytes of a record header.
const RECORD_HEADER: usize = 24;

/// The state of reading one snoop file.
#[derive(Debug)]
pub(super) struct Snoop {
    link: LinkType,
}

impl Snoop {
    /// Reads the file header.
    pub(super) fn open(header: &[u8; FILE_HEADER], about: &mut About) -> Result<Snoop, Fault> {
        let (version, network) = (number(header, 8), number(header, 12));
        if version != 2 {
            return Err(Fault {
                verdict: Verdict::NotACapture,
                words: format!("version {version} of the snoop format is unknown, 2 is usual"),
            });
        }
        let link = match network {
            0 | 4 => LinkType::ETHERNET,
            // FDDI.
            8 => LinkType(10),
            _ => NO_LINK,
        };
        about.add_section(super::Section::default());
        about.add_interface(Interface {
            section: 1,
            link,
            resolution: TimeResolution::Decimal(6),
            ..Interface::default()
        });
        Ok(Snoop { link })
    }

    /// Walks through the records of `bytes` from `at`.
    pub(super) fn walk(&self, bytes: &[u8], mut at: usize, output: &mut Output<'_>) -> Step {
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(header) = rest.first_chunk::<RECORD_HEADER>() else {
                let next = Next::Need(RECORD_HEADER, "a record header");
                return Step { used: at, next };
            };
            let [wire, captured, record] = [0, 4, 8].map(|place| number(header, place));
            let length = wide(record);
            if captured > LARGEST_FRAME
                || length < RECORD_HEADER + wide(captured)
                || record > 2 * LARGEST_FRAME
            {
                let words =
                    format!("a record of {record} bytes cannot hold a frame of {captured} bytes");
                let next = Next::Stop(Fault::corrupt(words));
                return Step { used: at, next };
            }
            if rest.len() < length {
                let next = Next::Need(length, "a record");
                return Step { used: at, next };
            }
            let time = i64::from(number(header, 16)) * 1_000_000_000
                + i64::from(number(header, 20)) * 1000;
            let frame = Record::new(at + RECORD_HEADER, captured, wire);
            output
                .records
                .push(frame.at(Some(Time(time))).on(0, self.link));
            at += length;
        }
    }
}

fn number(header: &[u8], at: usize) -> u32 {
    let bytes = header.get(at..).and_then(|b| b.first_chunk::<4>());
    bytes.map_or(0, |b| u32::from_be_bytes(*b))
}

#[cfg(test)]
mod tests {
    use crate::capture::Verdict;
    use crate::capture::testing::read;

    /// A file with one frame of five bytes, padded to eight.
    fn small() -> Vec<u8> {
        let mut file = super::MAGIC.to_vec();
        for field in [2u32, 4, 60, 5, 32, 0, 1_700_000_000, 250_000] {
            file.extend(field.to_be_bytes());
        }
        file.extend(b"hello\0\0\0");
        file
    }

    #[test]
    fn a_record_is_read_without_its_padding() {
        let (seen, ending) = read(&small());
        assert_eq!((seen.len(), ending.verdict), (1, Verdict::Clean));
    }

    #[test]
    fn every_shorter_prefix_is_cut_or_empty() {
        let file = small();
        for end in 0..file.len() {
            let (seen, ending) = read(&file[..end]);
            assert!(seen.is_empty());
            // Sixteen bytes are a whole file without frames.
            assert!(
                end == super::FILE_HEADER || !ending.verdict.is_whole(),
                "{end}"
            );
        }
    }
}
