//! Where captured frames are kept: a file, several in turn, standard output, or nowhere.

use crate::capture::Time;
use crate::capture::live::Seen;
use crate::capture::pcapng_write::{About, Counts, PcapngWriter, Recorded};
use crate::capture::record::{CaptureFile, now};
use anyhow::Context;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Files in turn, as dumpcap's ring buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ring {
    /// A new file begins after so many bytes.
    pub(super) bytes: u64,
    /// So many files are kept; all without.
    pub(super) files: Option<u64>,
}

enum Sink {
    File(CaptureFile),
    Stdout(io::Stdout),
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::File(file) => file.write(bytes),
            Sink::Stdout(stdout) => stdout.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::File(file) => file.flush(),
            Sink::Stdout(stdout) => stdout.flush(),
        }
    }
}

/// What is kept.
pub(super) struct Kept {
    writer: Option<PcapngWriter<Sink>>,
    base: PathBuf,
    about: About,
    what: Recorded,
    ring: Option<Ring>,
    number: u64,
    names: VecDeque<PathBuf>,
    /// Bytes in the file, those not yet written among them.
    length: u64,
    written: u64,
    begun: Time,
    /// Of the whole capture, and what of it belongs to earlier files.
    counts: (u64, u64),
    before: (u64, u64),
}

impl Kept {
    /// Opens the file, if there is one.
    pub(super) fn open(
        path: Option<&Path>,
        about: &About,
        what: &Recorded,
        ring: Option<Ring>,
    ) -> anyhow::Result<Kept> {
        let mut kept = Kept {
            writer: None,
            base: path.map(Path::to_path_buf).unwrap_or_default(),
            about: about.clone(),
            what: what.clone(),
            ring,
            number: 0,
            names: VecDeque::new(),
            length: 0,
            written: 0,
            begun: now(),
            counts: (0, 0),
            before: (0, 0),
        };
        if let Some(path) = path {
            kept.begin()
                .with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(kept)
    }

    fn begin(&mut self) -> io::Result<()> {
        let sink = match (self.base.as_os_str() == "-", self.ring) {
            (true, _) => Sink::Stdout(io::stdout()),
            (false, None) => Sink::File(CaptureFile::create(&self.base)?),
            (false, Some(ring)) => {
                self.number += 1;
                let path = self.numbered();
                let file = CaptureFile::create(&path)?;
                self.names.push_back(path);
                let most = ring.files.and_then(|files| usize::try_from(files).ok());
                while most.is_some_and(|most| self.names.len() > most) {
                    if let Some(oldest) = self.names.pop_front() {
                        std::fs::remove_file(oldest)?;
                    }
                }
                Sink::File(file)
            }
        };
        let mut writer = PcapngWriter::new(sink, &self.about);
        writer.interface(&self.what);
        writer.flush()?;
        self.writer = Some(writer);
        self.length = 0;
        self.written = 0;
        self.begun = now();
        self.before = self.counts;
        Ok(())
    }

    /// The next file's name, as dumpcap makes it: `name_00001_20261121140530.pcapng`.
    fn numbered(&self) -> PathBuf {
        let stem = self.base.file_stem().unwrap_or_default().to_string_lossy();
        let time = jiff::Zoned::now().strftime("%Y%m%d%H%M%S");
        let mut name = format!("{stem}_{:05}_{time}", self.number);
        if let Some(extension) = self.base.extension() {
            name.push('.');
            name.push_str(&extension.to_string_lossy());
        }
        self.base.with_file_name(name)
    }

    /// Keeps a frame.
    pub(super) fn frame(&mut self, seen: Seen<'_>) -> io::Result<()> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        writer.frame(0, seen.time, seen.wire_length, seen.bytes, &[])?;
        self.written += 1;
        self.length += 32 + seen.bytes.len().next_multiple_of(4) as u64;
        if self.ring.is_some_and(|ring| self.length >= ring.bytes) {
            self.close()?;
            self.begin()?;
        }
        Ok(())
    }

    /// Frames that passed and that were lost, of the whole capture.
    pub(super) fn counts(&mut self, counts: (u64, u64)) {
        self.counts = counts;
    }

    /// Hands everything to the system: the file can be read as far as it is.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match &mut self.writer {
            Some(writer) => writer.flush(),
            None => Ok(()),
        }
    }

    /// Completes the file with its statistics.
    pub(super) fn close(&mut self) -> io::Result<()> {
        let Some(mut writer) = self.writer.take() else {
            return Ok(());
        };
        let end = now();
        let counts = Counts {
            span: Some((self.begun, end)),
            received: self.counts.0 - self.before.0,
            dropped: self.counts.1 - self.before.1,
            written: self.written,
        };
        writer.statistics(0, end, &counts);
        writer.flush()
    }
}
