//! How reading a file ended.

use std::fmt;

/// What is to be thought of a file after reading it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Read to its end, nothing remarkable.
    #[default]
    Clean,
    /// Read to its end, with remarks.
    Odd,
    /// Ends inside a record, block or header; what was whole is kept.
    Cut,
    /// Cannot be followed further; what was whole before is kept.
    Corrupt,
    /// No capture format known, or a major version nobody has defined.
    NotACapture,
    /// Zero bytes.
    Empty,
}

impl Verdict {
    /// Whether the file was read to its end.
    pub fn is_whole(self) -> bool {
        matches!(self, Verdict::Clean | Verdict::Odd)
    }

    /// The word that reports and JSON use.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Clean => "clean",
            Verdict::Odd => "odd",
            Verdict::Cut => "cut",
            Verdict::Corrupt => "corrupt",
            Verdict::NotACapture => "not-a-capture",
            Verdict::Empty => "empty",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How reading ended: how far, in what format, and what was remarkable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// What is to be thought of the file.
    pub verdict: Verdict,
    /// Whole frames read.
    pub frames: u64,
    /// The format in words, such as `pcap, microseconds, little endian` or `pcapng (gzip)`; empty
    /// when none was recognised.
    pub format: String,
    /// Where the record, block or header begins that could not be read; `None` when the file was
    /// read to its end. Of a compressed file, a position in what it decompresses to.
    pub stopped_at_byte: Option<u64>,
    /// Why reading stopped there, and what to do, in one sentence.
    pub reason: Option<String>,
    /// What is odd, one sentence a cause, with how often and the first frame.
    pub remarks: Vec<String>,
    /// Sections of a pcapng file; 1 for pcap, 0 when none was begun.
    pub sections: u32,
}
