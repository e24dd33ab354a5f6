//! A capture written once more with comments at some of its frames, as Wireshark shows them.
//!
//! Blocks of a pcapng file are copied byte by byte, so that its own comments, interfaces, names
//! and options survive; only the blocks of frames with a comment grow by an option. A pcap file
//! has no room for comments and becomes pcapng, its frames with their times and lengths.

use super::pcapng::{
    CUSTOM, CUSTOM_NOT_COPIED, ENHANCED_PACKET, JOURNAL_EXPORT, LARGEST_BLOCK, LONGEST_BLOCK,
    MAGIC, PACKET, SECTION_HEADER, SIMPLE_PACKET,
};
use super::pcapng_write::{About, PcapngWriter, Recorded};
use super::source::{OpenError, Source};
use super::{Batch, Reader, Time};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;

/// Comments by the number of their frame.
pub type Comments = BTreeMap<u32, Vec<String>>;

/// What became of the comments.
#[derive(Debug, Default)]
pub struct Annotated {
    /// Frames that have their comments.
    pub placed: usize,
    /// Frames whose block has no room for a comment, or that were not reached.
    pub unplaced: Vec<u32>,
    /// Why the copy ends before the file does.
    pub reason: Option<String>,
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum AnnotateError {
    /// The capture cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be read, or the copy cannot be written.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Copies a capture with comments.
pub fn annotate(
    input: &Path,
    comments: &Comments,
    out: impl Write,
) -> Result<Annotated, AnnotateError> {
    let mut source = Source::open(input)?;
    let mut magic = [0; 4];
    let known = fill(&mut source, &mut magic)?;
    if known == 4 && magic == MAGIC {
        return blocks(
            Bytes {
                magic,
                source,
                at: 0,
            },
            comments,
            out,
        );
    }
    frames(Reader::open(input)?, comments, out)
}

/// Reads until the buffer is full or the input ends; returns how much there was.
fn fill(source: &mut Source, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..])? {
            0 => break,
            n => filled += n,
        }
    }
    Ok(filled)
}

/// The file from its first byte on, of which four were read already.
struct Bytes {
    magic: [u8; 4],
    source: Source,
    at: u64,
}

impl Bytes {
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let known = match self.at {
            0 => {
                let n = buffer.len().min(4);
                buffer[..n].copy_from_slice(&self.magic[..n]);
                n
            }
            _ => 0,
        };
        let read = known + fill(&mut self.source, &mut buffer[known..])?;
        self.at += u64::try_from(read).unwrap_or(0);
        Ok(read)
    }
}

impl Read for Bytes {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.fill(out)
    }
}

/// Numbers in the byte order of a section.
#[derive(Clone, Copy)]
struct Order {
    big: bool,
}

impl Order {
    fn u32(self, bytes: &[u8]) -> u32 {
        let word = bytes.first_chunk().copied().unwrap_or_default();
        match self.big {
            true => u32::from_be_bytes(word),
            false => u32::from_le_bytes(word),
        }
    }

    fn put(self, out: &mut Vec<u8>, number: u32) {
        out.extend_from_slice(&match self.big {
            true => number.to_be_bytes(),
            false => number.to_le_bytes(),
        });
    }

    fn short(self, out: &mut Vec<u8>, number: u16) {
        out.extend_from_slice(&match self.big {
            true => number.to_be_bytes(),
            false => number.to_le_bytes(),
        });
    }
}

fn blocks(
    mut input: Bytes,
    comments: &Comments,
    mut out: impl Write,
) -> Result<Annotated, AnnotateError> {
    let mut done = Annotated::default();
    let mut order = Order { big: false };
    let mut number = 0u32;
    let mut head = [0; 12];
    loop {
        let begun = input.at;
        // The shortest block has 12 bytes: type, length, and the length again or the byte order.
        let read = input.fill(&mut head)?;
        if read == 0 {
            break;
        }
        if head.starts_with(&MAGIC) {
            order.big = head[8..].starts_with(&[0x1a, 0x2b, 0x3c, 0x4d]);
        }
        let (kind, length) = (order.u32(&head), order.u32(&head[4..]));
        let whole = usize::try_from(length).unwrap_or(usize::MAX);
        if read < 12 || whole < 12 || whole % 4 != 0 || whole > LONGEST_BLOCK {
            done.reason = Some(format!("no whole block at byte {begun}"));
            break;
        }
        let framed = matches!(kind, ENHANCED_PACKET | PACKET | SIMPLE_PACKET)
            || matches!(kind, JOURNAL_EXPORT | CUSTOM | CUSTOM_NOT_COPIED);
        number += u32::from(framed);
        let wanted = comments.get(&number).filter(|_| framed);
        let roomy = matches!(kind, ENHANCED_PACKET | PACKET);
        // A block too large for memory is copied as it is.
        if whole > LARGEST_BLOCK {
            out.write_all(&head)?;
            let rest = u64::from(length) - 12;
            done.unplaced.extend(wanted.map(|_| number));
            if io::copy(&mut (&mut input).take(rest), &mut out)? < rest {
                done.reason = Some(format!("the block at byte {begun} is cut"));
                break;
            }
            continue;
        }
        let mut block = vec![0; whole];
        block[..12].copy_from_slice(&head);
        if input.fill(&mut block[12..])? < whole - 12 {
            done.reason = Some(format!("the block at byte {begun} is cut"));
            break;
        }
        let longer = wanted
            .filter(|_| roomy)
            .and_then(|texts| with_comments(order, &block, texts));
        out.write_all(longer.as_deref().unwrap_or(&block))?;
        match (wanted, longer) {
            (Some(_), Some(_)) => done.placed += 1,
            (Some(_), None) => done.unplaced.push(number),
            (None, _) => {}
        }
        if kind == SECTION_HEADER && order.u32(&block[whole - 4..]) != length {
            done.reason = Some(format!("the block at byte {begun} has two lengths"));
            break;
        }
    }
    out.flush()?;
    done.unplaced.extend(beyond(comments, number));
    Ok(done)
}

/// Frames that have comments and were not reached.
fn beyond(comments: &Comments, last: u32) -> impl Iterator<Item = u32> {
    comments
        .keys()
        .copied()
        .filter(move |number| *number > last)
}

/// The block of a frame with comments added before the end of its options; `None` when its
/// lengths contradict each other.
fn with_comments(order: Order, block: &[u8], texts: &[String]) -> Option<Vec<u8>> {
    let captured = usize::try_from(order.u32(block.get(20..24)?)).ok()?;
    let options = 28usize.checked_add(captured)?.checked_next_multiple_of(4)?;
    let end = block.len().checked_sub(4)?;
    let list = block.get(options..end)?;
    let mut at = 0;
    // Options up to the end mark stay.
    while let Some(header) = list.get(at..at + 4) {
        let word = order.u32(header);
        let (code, length) = match order.big {
            true => (word >> 16, word & 0xffff),
            false => (word & 0xffff, word >> 16),
        };
        if code == 0 {
            break;
        }
        at = (at + 4 + usize::try_from(length).ok()?).next_multiple_of(4);
        if at > list.len() {
            return None;
        }
    }
    let mut out = block.get(..options + at)?.to_vec();
    for text in texts {
        let text = text.as_bytes();
        let text = text.get(..0xffff).unwrap_or(text);
        order.short(&mut out, 1);
        order.short(&mut out, u16::try_from(text.len()).ok()?);
        out.extend_from_slice(text);
        out.resize(out.len().next_multiple_of(4), 0);
    }
    order.put(&mut out, 0);
    let length = u32::try_from(out.len() + 4).ok()?;
    order.put(&mut out, length);
    let mut first = Vec::new();
    order.put(&mut first, length);
    out.get_mut(4..8)?.copy_from_slice(&first);
    Some(out)
}

fn frames(
    mut reader: Reader,
    comments: &Comments,
    out: impl Write,
) -> Result<Annotated, AnnotateError> {
    let mut writer = PcapngWriter::new(out, &About::default());
    let mut batch = Batch::new();
    let (mut described, mut number) = (false, 0);
    let mut done = Annotated::default();
    while reader.next_batch(&mut batch) {
        if let (false, Some(interface)) = (described, batch.interfaces().first()) {
            writer.interface(&Recorded {
                name: interface.shown_name().to_owned(),
                description: None,
                filter: None,
                link: interface.link,
                snapshot_length: interface.snapshot_length,
            });
            described = true;
        }
        for frame in batch.frames() {
            number = frame.number;
            let own = comments.get(&frame.number).map_or(&[][..], Vec::as_slice);
            done.placed += usize::from(!own.is_empty());
            let time = frame.time.unwrap_or(Time(0));
            writer.frame(0, time, frame.wire_length, frame.bytes, own)?;
        }
    }
    writer.flush()?;
    writer.sink().flush()?;
    done.reason = reader.ending().reason;
    done.unplaced.extend(beyond(comments, number));
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("captures")
            .join(name)
    }

    fn comments_of(bytes: Vec<u8>) -> Vec<(u32, Vec<String>)> {
        let mut reader = Reader::from_read("copy", io::Cursor::new(bytes));
        let mut batch = Batch::new();
        let mut all = Vec::new();
        while reader.next_batch(&mut batch) {
            for frame in batch.frames() {
                let texts = batch.comments(frame.number);
                let texts: Vec<String> = texts
                    .map(|t| String::from_utf8_lossy(t).into_owned())
                    .collect();
                all.push((frame.number, texts));
            }
        }
        assert!(reader.ending().verdict.is_whole());
        all
    }

    fn two() -> Comments {
        [
            (1, vec!["1A = 7".to_owned()]),
            (3, vec!["x".into(), "y".into()]),
        ]
        .into()
    }

    #[test]
    fn comments_of_ours_stand_behind_those_of_the_capture() {
        let input = file("labs/ip-dhcp-arp/1.pcapng");
        let before = comments_of(std::fs::read(&input).expect("it is there"));
        let mut out = Vec::new();
        let done = annotate(&input, &two(), &mut out).expect("it can be copied");
        assert_eq!((done.placed, done.unplaced.len()), (2, 0));
        let after = comments_of(out);
        assert_eq!(before.len(), after.len());
        assert!(!before[0].1.is_empty(), "the lab writes the step there");
        for ((number, own), (_, all)) in before.iter().zip(&after) {
            let mut expected = own.clone();
            expected.extend(two().get(number).cloned().unwrap_or_default());
            assert_eq!(&expected, all);
        }
    }

    #[test]
    fn without_comments_a_pcapng_file_stays_as_it_is() {
        let input = file("labs/ip-dhcp-arp/1.pcapng");
        let mut out = Vec::new();
        annotate(&input, &Comments::new(), &mut out).expect("it can be copied");
        assert_eq!(out, std::fs::read(&input).expect("it is there"));
    }

    #[test]
    fn a_pcap_file_becomes_pcapng() {
        let mut out = Vec::new();
        let done = annotate(&file("ping.pcap"), &two(), &mut out).expect("it can be copied");
        assert_eq!(done.placed, 2);
        let after = comments_of(out);
        assert_eq!(after.len(), 12);
        assert_eq!(after[2].1, ["x", "y"]);
    }

    #[test]
    fn a_cut_file_is_copied_up_to_its_last_whole_block() {
        let bytes = std::fs::read(file("labs/ip-dhcp-arp/1.pcapng")).expect("it is there");
        let folder = tempfile::tempdir().expect("a folder");
        let cut = folder.path().join("cut.pcapng");
        std::fs::write(&cut, &bytes[..bytes.len() / 2]).expect("it can be written");
        let mut out = Vec::new();
        let far = [(1, vec!["a".to_owned()]), (5000, vec!["b".to_owned()])].into();
        let done = annotate(&cut, &far, &mut out).expect("it can be copied");
        assert!(done.reason.is_some_and(|r| r.contains("byte")));
        assert_eq!(done.unplaced, [5000]);
        assert!(!comments_of(out).is_empty());
    }
}
