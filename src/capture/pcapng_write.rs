//! pcapng, written: section, interfaces, frames with comments, statistics.
//!
//! Blocks are laid out by hand, one pass and no allocation a frame; pcap-file's typed writer
//! serializes each block twice (72 ns a frame).

use super::{LinkType, Time};
use std::io::{self, Write};

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const STATISTICS: u32 = 5;
const ENHANCED: u32 = 6;
/// Once this much is gathered it is written.
const ENOUGH: usize = 256 * 1024;

/// Who writes, and what the recording is.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Comments on the whole recording.
    pub comments: Vec<String>,
}

/// An interface that is recorded.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its name, such as `eth0`.
    pub name: String,
    /// What it is, such as the host it belongs to.
    pub description: Option<String>,
    /// The display filter that decided what is kept.
    pub filter: Option<String>,
    /// What its frames begin with.
    pub link: LinkType,
    /// Most bytes kept of one frame; 0 for all.
    pub snapshot_length: u32,
}

/// What the closing block says of an interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// When recording began and ended.
    pub span: Option<(Time, Time)>,
    /// Frames that passed the interface.
    pub received: u64,
    /// Frames lost because there was no room for them.
    pub dropped: u64,
    /// Frames in the file.
    pub written: u64,
}

/// A pcapng file being written. Only whole blocks reach the sink, so that what is there can be
/// read at any moment.
pub struct PcapngWriter<W> {
    sink: W,
    gathered: Vec<u8>,
}

impl<W: Write> PcapngWriter<W> {
    /// Begins a section.
    pub fn new(sink: W, about: &About) -> PcapngWriter<W> {
        let mut writer = PcapngWriter {
            sink,
            gathered: Vec::with_capacity(ENOUGH + 128 * 1024),
        };
        let begun = writer.begin(SECTION);
        writer.u32(0x1a2b_3c4d);
        writer.u16(1);
        writer.u16(0);
        // The section's length is not known beforehand.
        writer.gathered.extend_from_slice(&(-1i64).to_le_bytes());
        for comment in &about.comments {
            writer.option(1, comment.as_bytes());
        }
        writer.option(3, operating_system().as_bytes());
        writer.option(4, concat!("wirelab ", env!("CARGO_PKG_VERSION")).as_bytes());
        writer.end_options();
        writer.end(begun);
        writer
    }

    /// Describes the next interface; the first has number 0.
    pub fn interface(&mut self, interface: &Recorded) {
        let begun = self.begin(INTERFACE);
        self.u16(interface.link.0);
        self.u16(0);
        self.u32(interface.snapshot_length);
        self.option(2, interface.name.as_bytes());
        if let Some(description) = &interface.description {
            self.option(3, description.as_bytes());
        }
        // Time stamps count nanoseconds.
        self.option(9, &[9]);
        if let Some(filter) = &interface.filter {
            // A leading zero says that the filter is text.
            self.option(11, &[b"\0", filter.as_bytes()].concat());
        }
        self.option(12, operating_system().as_bytes());
        self.end_options();
        self.end(begun);
    }

    /// Adds a frame.
    pub fn frame(
        &mut self,
        interface: u32,
        time: Time,
        wire_length: u32,
        bytes: &[u8],
        comments: &[String],
    ) -> io::Result<()> {
        let begun = self.begin(ENHANCED);
        let stamp = time.0.max(0).cast_unsigned();
        self.u32(interface);
        self.u32((stamp >> 32) as u32);
        self.u32(stamp as u32);
        self.u32(bytes.len() as u32);
        self.u32(wire_length);
        self.padded(bytes);
        if !comments.is_empty() {
            for comment in comments {
                self.option(1, comment.as_bytes());
            }
            self.end_options();
        }
        self.end(begun);
        match self.gathered.len() > ENOUGH {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// Writes the statistics of an interface, usually at the end.
    pub fn statistics(&mut self, interface: u32, now: Time, counts: &Counts) {
        let halves = |time: Time| {
            let stamp = time.0.max(0).cast_unsigned();
            let (high, low) = ((stamp >> 32) as u32, stamp as u32);
            [high.to_le_bytes(), low.to_le_bytes()].concat()
        };
        let begun = self.begin(STATISTICS);
        self.u32(interface);
        self.gathered.extend_from_slice(&halves(now));
        if let Some((first, last)) = counts.span {
            self.option(2, &halves(first));
            self.option(3, &halves(last));
        }
        self.option(4, &counts.received.to_le_bytes());
        self.option(5, &counts.dropped.to_le_bytes());
        self.option(8, &counts.written.to_le_bytes());
        self.end_options();
        self.end(begun);
    }

    /// Hands what is gathered to the sink.
    pub fn flush(&mut self) -> io::Result<()> {
        self.sink.write_all(&self.gathered)?;
        self.gathered.clear();
        self.sink.flush()
    }

    /// The sink; what was not flushed is lost.
    pub fn sink(&mut self) -> &mut W {
        &mut self.sink
    }

    fn begin(&mut self, kind: u32) -> usize {
        let begun = self.gathered.len();
        self.u32(kind);
        self.u32(0);
        begun
    }

    fn end(&mut self, begun: usize) {
        let length = (self.gathered.len() - begun + 4) as u32;
        self.gathered[begun + 4..begun + 8].copy_from_slice(&length.to_le_bytes());
        self.u32(length);
    }

    /// A text longer than an option can be is cut, at a letter.
    fn option(&mut self, code: u16, value: &[u8]) {
        let mut length = value.len().min(65_000);
        while length < value.len() && value[length] & 0xc0 == 0x80 {
            length -= 1;
        }
        self.u16(code);
        self.u16(length as u16);
        self.padded(&value[..length]);
    }

    fn end_options(&mut self) {
        self.u32(0);
    }

    fn padded(&mut self, bytes: &[u8]) {
        self.gathered.extend_from_slice(bytes);
        let padding = bytes.len().next_multiple_of(4) - bytes.len();
        self.gathered.extend_from_slice(&[0; 3][..padding]);
    }

    fn u16(&mut self, number: u16) {
        self.gathered.extend_from_slice(&number.to_le_bytes());
    }

    fn u32(&mut self, number: u32) {
        self.gathered.extend_from_slice(&number.to_le_bytes());
    }
}

/// Name and release of the system, as dumpcap writes them.
fn operating_system() -> String {
    let uname = rustix::system::uname();
    format!(
        "{} {}",
        uname.sysname().to_string_lossy(),
        uname.release().to_string_lossy()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Batch, Reader};

    #[test]
    fn what_is_written_is_read_back() {
        let about = About {
            comments: vec!["a lab".to_owned()],
        };
        let mut writer = PcapngWriter::new(Vec::new(), &about);
        writer.interface(&Recorded {
            name: "eth0".to_owned(),
            description: Some("host client".to_owned()),
            filter: Some("tcp".to_owned()),
            link: LinkType::ETHERNET,
            snapshot_length: 96,
        });
        let time = Time(1_700_000_000_123_456_789);
        for length in 0..9 {
            let bytes = vec![7; length];
            writer
                .frame(0, time, 1514, &bytes, &["step 1".to_owned()])
                .unwrap();
        }
        let counts = Counts {
            span: Some((time, time)),
            received: 12,
            dropped: 3,
            written: 9,
        };
        writer.statistics(0, time, &counts);
        writer.flush().unwrap();
        let mut reader = Reader::from_read("memory", io::Cursor::new(writer.sink().clone()));
        let mut batch = Batch::new();
        reader.next_batch(&mut batch);
        let frames: Vec<_> = batch.frames().collect();
        assert_eq!(frames.len(), 9);
        for (length, frame) in frames.iter().enumerate() {
            assert_eq!(frame.bytes, vec![7; length]);
            assert_eq!((frame.time, frame.wire_length), (Some(time), 1514));
        }
        while reader.next_batch(&mut batch) {}
        let interface = &reader.interfaces()[0];
        assert_eq!(interface.shown_name(), "eth0");
        assert_eq!(interface.description.as_deref(), Some("host client"));
        assert_eq!((interface.received, interface.dropped), (Some(12), Some(3)));
        assert_eq!(reader.sections()[0].comments, ["a lab"]);
        let ending = reader.finish();
        assert!(ending.verdict.is_whole(), "{ending:?}");
    }
}
