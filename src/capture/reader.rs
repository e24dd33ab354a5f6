//! Reads a capture, batch after batch.

use super::about::About;
use super::batch::{Batch, CHUNK};
use super::recognise::{Format, is_beginning, no_capture, recognise};
use super::remarks::Remarks;
use super::source::{OpenError, Source};
use super::walk::{Fault, Next, Output, Step};
use super::{Ending, Interface, Section, Verdict};
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

/// How often, without anything new coming, the end of a file is looked at again that another
/// program seems to be writing.
const PATIENCE: u32 = 4;

/// Frame numbers are 32 bits wide. Reading ends before they run out.
const MOST_FRAMES: u64 = 4_200_000_000;

/// Reads a capture, whatever its format.
pub struct Reader {
    name: String,
    source: Source,
    format: Format,
    /// What was read and belongs to no frame given out yet.
    tail: Vec<u8>,
    /// Where the tail begins in the (decompressed) file.
    offset: u64,
    frames: u64,
    about: About,
    /// What batches are told of the interfaces.
    published: Arc<Vec<Interface>>,
    remarks: Remarks,
    /// Set when the source has no more bytes.
    drained: bool,
    /// Set when the source cannot be read any further.
    broken: Option<(Verdict, String)>,
    end: Option<End>,
}

/// Why nothing more is read.
#[derive(Debug, Default)]
struct End {
    verdict: Verdict,
    at: Option<u64>,
    reason: Option<String>,
}

impl Reader {
    /// Opens a capture file; `-` is standard input. Only the world makes this fail: a missing
    /// file, a folder, a lack of permission. What is wrong inside is told by
    /// [`ending`](Reader::ending).
    pub fn open(path: &Path) -> Result<Reader, OpenError> {
        let source = Source::open(path)?;
        Ok(Reader::from_source(path.display().to_string(), source))
    }

    /// Reads a capture from memory, a pipe or a socket; `name` is what to call it.
    pub fn from_read(name: impl Into<String>, input: impl Read + Send + 'static) -> Reader {
        Reader::from_source(name.into(), Source::from_read(input))
    }

    fn from_source(name: String, source: Source) -> Reader {
        Reader {
            name,
            source,
            format: Format::Unknown,
            tail: Vec::new(),
            offset: 0,
            frames: 0,
            about: About::default(),
            published: Arc::default(),
            remarks: Remarks::default(),
            drained: false,
            broken: None,
            end: None,
        }
    }

    /// What the capture is called: its path as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the bytes are compressed; known once something was read.
    pub fn is_compressed(&self) -> bool {
        self.source.compressed().is_some()
    }

    /// The size of the file when it was opened, in bytes; `None` for a pipe.
    pub fn size(&self) -> Option<u64> {
        self.source.size()
    }

    /// The interfaces described so far, in the order of the file.
    pub fn interfaces(&self) -> &[Interface] {
        &self.about.interfaces
    }

    /// What the section headers read so far say; pcap has one section that says nothing.
    pub fn sections(&self) -> &[Section] {
        &self.about.sections
    }

    /// Fills `batch` with the next frames, one at least; `false` at the end. The batch's memory
    /// is reused, so nothing is allocated per frame.
    pub fn next_batch(&mut self, batch: &mut Batch) -> bool {
        batch.clear();
        batch.first_number = u32::try_from(self.frames + 1).unwrap_or(u32::MAX);
        if self.end.is_some() {
            return false;
        }
        // A small file needs no large room: zeroing it would cost more than reading.
        let left = self.size().and_then(|size| size.checked_sub(self.offset));
        let left = left.filter(|_| !self.is_compressed());
        let room = left.and_then(|left| usize::try_from(left + 4096).ok());
        batch.hold(room.unwrap_or(CHUNK).min(CHUNK).max(self.tail.len()));
        if let Some(room) = batch.bytes.get_mut(..self.tail.len()) {
            room.copy_from_slice(&self.tail);
            batch.filled = room.len();
        }
        match self.advance(batch) {
            Ok(used) => {
                self.tail.clear();
                self.tail.extend_from_slice(rest_of(batch, used));
                self.offset = self.offset.saturating_add(as_u64(used));
            }
            Err(end) => self.end = Some(end),
        }
        self.frames += as_u64(batch.len());
        if self.frames > MOST_FRAMES && self.end.is_none() {
            let words = format!("more than {MOST_FRAMES} frames");
            self.end = Some(self.stopped(0, Fault::corrupt(words)));
        }
        if self.published.len() != self.about.interfaces.len() {
            self.published = Arc::new(self.about.interfaces.clone());
        }
        if !Arc::ptr_eq(&batch.interfaces, &self.published) {
            batch.interfaces = Arc::clone(&self.published);
        }
        batch.position = self.source.position();
        !batch.is_empty()
    }

    /// How reading ended; before that, how it stands.
    pub fn ending(&self) -> Ending {
        let mut remarks = self.remarks.sentences();
        let mut format = match &self.format {
            Format::Unknown => String::new(),
            Format::Pcap(pcap) => pcap.words(),
            Format::PcapNg(_) => "pcapng".to_owned(),
            Format::Snoop(_) => "snoop".to_owned(),
        };
        if let Some(compressed) = self.source.compressed() {
            remarks.extend(compressed.remark());
            format = match format.as_str() {
                "" => compressed.word().to_owned(),
                known => format!("{known} ({})", compressed.word()),
            };
        }
        let (at, reason, verdict) = match &self.end {
            Some(end) => (end.at, end.reason.clone(), end.verdict),
            None => (None, None, Verdict::Clean),
        };
        let verdict = match verdict {
            Verdict::Clean if !remarks.is_empty() => Verdict::Odd,
            verdict => verdict,
        };
        Ending {
            verdict,
            frames: self.frames,
            format,
            stopped_at_byte: at,
            reason,
            remarks,
            sections: self.about.section_count,
        }
    }

    /// How reading ended.
    pub fn finish(self) -> Ending {
        self.ending()
    }

    /// Reads on until there are frames in the batch. How many of its bytes are used then, or why
    /// there is nothing more to read.
    fn advance(&mut self, batch: &mut Batch) -> Result<usize, End> {
        let mut used = 0;
        let mut need = 1;
        let mut patience = PATIENCE;
        loop {
            self.make_room(batch, &mut used, need);
            let before = batch.filled;
            let more = self.fill(batch, need);
            if batch.filled > before {
                patience = PATIENCE;
            }
            let step = self.walk(batch, used);
            used = step.used;
            // Whatever else the walk met, the next one meets it again.
            if !batch.is_empty() {
                return Ok(used);
            }
            match step.next {
                Next::Need(count, _) if more => need = count,
                Next::Need(count, what) => {
                    let left = batch.filled - used;
                    let waits = left > 0 && patience > 0 && self.source.still_grows();
                    if (self.broken.is_some() || !waits)
                        && let Format::Pcap(pcap) = &mut self.format
                        && pcap.settle()
                    {
                        continue;
                    }
                    if let Some((verdict, words)) = self.broken.take() {
                        return Err(self.stopped(used, Fault { verdict, words }));
                    }
                    if !waits {
                        return Err(self.ended(batch, used, count, what));
                    }
                    patience -= 1;
                    need = count;
                }
                Next::Skip(count, fault) => {
                    self.skip(batch, used, count)?;
                    if let Some(fault) = fault {
                        return Err(self.stopped(used, fault));
                    }
                    let skipped = as_u64(used).saturating_add(count);
                    self.offset = self.offset.saturating_add(skipped);
                    (batch.filled, used, need) = (0, 0, 1);
                }
                Next::Zeros(begin) => return Err(self.zeros(batch, used, begin)),
                Next::Stop(fault) => return Err(self.stopped(used, fault)),
            }
        }
    }

    /// Moves what is left to the front of the batch and makes room for `need` bytes.
    fn make_room(&mut self, batch: &mut Batch, used: &mut usize, need: usize) {
        if *used > 0 {
            batch.bytes.copy_within(*used..batch.filled, 0);
            batch.filled -= *used;
            self.offset = self.offset.saturating_add(as_u64(*used));
            *used = 0;
        }
        batch.hold(need);
    }

    /// Reads until the batch is full, or from a pipe until there are `need` bytes. Whether the
    /// source may have more.
    fn fill(&mut self, batch: &mut Batch, need: usize) -> bool {
        if self.broken.is_some() || (self.drained && self.source.trickles()) {
            return false;
        }
        while let Some(room) = batch
            .bytes
            .get_mut(batch.filled..)
            .filter(|r| !r.is_empty())
        {
            match self.source.read(room) {
                Ok(0) => {
                    self.drained = true;
                    return false;
                }
                Ok(read) => batch.filled = batch.filled.saturating_add(read).min(batch.bytes.len()),
                Err(error) => {
                    self.broken = Some(self.broken_by(&error));
                    return false;
                }
            }
            if batch.filled >= need && self.source.trickles() {
                break;
            }
        }
        true
    }

    fn walk(&mut self, batch: &mut Batch, mut used: usize) -> Step {
        let bytes = batch.bytes.get(..batch.filled).unwrap_or_default();
        let mut output = Output {
            records: &mut batch.records,
            comments: &mut batch.comments,
            remarks: &mut self.remarks,
            first_number: batch.first_number,
            about: &mut self.about,
            base: self.offset,
        };
        if let Format::Unknown = self.format {
            let start = bytes.get(used..).unwrap_or_default();
            match recognise(start, &mut output) {
                Ok((format, length)) => {
                    self.format = format;
                    used += length;
                }
                Err(next) => return Step { used, next },
            }
        }
        match &mut self.format {
            Format::Pcap(pcap) => pcap.walk(bytes, used, &mut output),
            Format::PcapNg(pcapng) => pcapng.walk(bytes, used, &mut output),
            Format::Snoop(snoop) => snoop.walk(bytes, used, &mut output),
            Format::Unknown => Step {
                used,
                next: Next::Need(1, "a header"),
            },
        }
    }

    /// Steps over a block that begins at `used` and is too large to hold, so that it goes beyond
    /// what was read.
    fn skip(&mut self, batch: &mut Batch, used: usize, count: u64) -> Result<(), End> {
        let mut missing = count.saturating_sub(as_u64(batch.filled - used));
        while missing > 0 {
            let size = usize::try_from(missing)
                .unwrap_or(usize::MAX)
                .min(batch.bytes.len());
            let room = batch.bytes.get_mut(..size).unwrap_or_default();
            match self.source.read(room) {
                Ok(0) => {
                    let have = count - missing;
                    return Err(self.cut(used, count, have, "a block"));
                }
                Ok(read) => missing = missing.saturating_sub(as_u64(read)),
                Err(error) => {
                    let (verdict, words) = self.broken_by(&error);
                    return Err(self.stopped(used, Fault { verdict, words }));
                }
            }
        }
        Ok(())
    }

    /// Reads zero bytes to the end of the file, if there is nothing else.
    fn zeros(&mut self, batch: &mut Batch, used: usize, begin: u64) -> End {
        let mut end = self.offset.saturating_add(as_u64(batch.filled));
        let mut only_zeros = rest_of(batch, used).iter().all(|&byte| byte == 0);
        while only_zeros && self.broken.is_none() {
            match self.source.read(&mut batch.bytes) {
                Ok(0) => break,
                Ok(read) => {
                    end = end.saturating_add(as_u64(read));
                    let read = batch.bytes.get(..read).unwrap_or_default();
                    only_zeros = read.iter().all(|&byte| byte == 0);
                }
                Err(error) => self.broken = Some(self.broken_by(&error)),
            }
        }
        let used = usize::try_from(begin.saturating_sub(self.offset)).unwrap_or(used);
        if let Some((verdict, words)) = self.broken.take() {
            return self.stopped(used, Fault { verdict, words });
        }
        if !only_zeros {
            let words = "zero bytes stand where a record should begin".to_owned();
            let mut end = self.stopped(0, Fault::corrupt(words));
            end.at = Some(begin);
            return end;
        }
        self.padding(end.saturating_sub(begin))
    }

    fn padding(&mut self, count: u64) -> End {
        self.remarks
            .file(format!("{count} zero bytes of padding at the end"));
        End::default()
    }

    /// The file ends while `need` bytes were wanted from `used` on.
    fn ended(&mut self, batch: &Batch, used: usize, need: usize, what: &str) -> End {
        let left = rest_of(batch, used);
        if let Format::Pcap(pcap) = &self.format
            && let Some(zeros) = pcap.padding(left)
        {
            return self.padding(zeros.saturating_add(as_u64(left.len())));
        }
        match (&self.format, left) {
            (Format::Unknown, []) => End {
                verdict: Verdict::Empty,
                at: Some(0),
                reason: Some(
                    "at byte 0: the file is empty; hint: record or copy it again".to_owned(),
                ),
            },
            (Format::Unknown, left) if !is_beginning(left) => self.stopped(used, no_capture(left)),
            (_, []) => End::default(),
            (_, left) => self.cut(used, as_u64(need), as_u64(left.len()), what),
        }
    }

    fn cut(&self, used: usize, need: u64, have: u64, what: &str) -> End {
        let words = format!("the file ends inside {what}, after {have} of {need} bytes");
        let verdict = Verdict::Cut;
        self.stopped(used, Fault { verdict, words })
    }

    /// Reading stops at the piece that begins at `used`.
    fn stopped(&self, used: usize, fault: Fault) -> End {
        let at = self.offset.saturating_add(as_u64(used));
        let inside = match self.source.compressed() {
            Some(_) => " of the decompressed data",
            None => "",
        };
        let advice = match fault.verdict {
            Verdict::Cut => "; hint: copy or record it again to get the rest",
            Verdict::Corrupt => "; hint: copy it again, or mend it with pcapfix",
            _ => "",
        };
        End {
            verdict: fault.verdict,
            at: Some(at),
            reason: Some(format!("at byte {at}{inside}: {}{advice}", fault.words)),
        }
    }

    /// What an error of the source means.
    fn broken_by(&self, error: &std::io::Error) -> (Verdict, String) {
        match self.source.compressed() {
            None => (Verdict::Cut, format!("reading fails ({error})")),
            Some(compressed) if error.kind() == ErrorKind::UnexpectedEof => (
                Verdict::Cut,
                format!("the {} data ends early", compressed.word()),
            ),
            Some(compressed) => {
                let words = format!("the {} data is damaged ({error})", compressed.word());
                (Verdict::Corrupt, words)
            }
        }
    }
}

fn rest_of(batch: &Batch, used: usize) -> &[u8] {
    batch.bytes.get(used..batch.filled).unwrap_or_default()
}

fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::testing::{LITTLE, read, small_pcap};
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    #[test]
    fn what_is_no_capture_is_said_to_be_so() {
        for (bytes, word) in [
            (&b"<!DOCTYPE html>"[..], "web page"),
            (b"No.,Time,Source\n1,0.0,", "text"),
            (b"\xde\xad\xbe\xef....", "de ad be ef"),
            (b"x", "text"),
        ] {
            let (_, ending) = read(bytes);
            assert_eq!(ending.verdict, Verdict::NotACapture);
            let reason = ending.reason.unwrap_or_default();
            assert!(reason.contains(word), "{reason}");
        }
    }

    #[test]
    fn an_empty_file_is_empty() {
        let (seen, ending) = read(b"");
        assert_eq!((seen.len(), ending.verdict), (0, Verdict::Empty));
    }

    #[test]
    fn a_record_that_another_program_completes_meanwhile_is_read() {
        let folder = std::env::temp_dir();
        let path = folder.join(format!("wirelab-growing-{}.pcap", std::process::id()));
        let whole = small_pcap(LITTLE, 0xa1b2_c3d4);
        let (written, rest) = whole.split_at(whole.len() - 10);
        fs::write(&path, written).expect("the folder for temporary files is writable");
        let mut reader = Reader::open(&path).expect("just written");
        let mut batch = Batch::new();
        assert!(reader.next_batch(&mut batch));
        assert_eq!(batch.len(), 2);
        let mut file = OpenOptions::new().append(true).open(&path);
        let appended = file.as_mut().map(|file| file.write_all(rest));
        assert!(matches!(appended, Ok(Ok(()))));
        let seen = read_all_more(&mut reader);
        fs::remove_file(&path).expect("just written");
        assert_eq!(seen, 1);
        assert_eq!(reader.finish().verdict, Verdict::Clean);
    }

    fn read_all_more(reader: &mut Reader) -> usize {
        let (mut batch, mut count) = (Batch::new(), 0);
        while reader.next_batch(&mut batch) {
            count += batch.len();
        }
        count
    }

    #[test]
    fn a_batch_never_grows_with_the_file() {
        let mut bytes = LITTLE.pcap(0xa1b2_c3d4);
        for second in 0..100_000 {
            bytes.extend(LITTLE.record(second, 0, 60, &[1; 60]));
        }
        let mut reader = Reader::from_read("memory", std::io::Cursor::new(bytes));
        let mut batch = Batch::new();
        let mut frames = 0;
        while reader.next_batch(&mut batch) {
            assert!(batch.bytes.len() == CHUNK);
            frames += batch.len();
        }
        assert_eq!(frames, 100_000);
    }
}
