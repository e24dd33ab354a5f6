//! Where the bytes of a capture come from: a file, a pipe, standard input.

use super::decompress::{Decompress, is_compressed};
use std::fs::{File, Metadata};
use std::io::{self, BufRead, ErrorKind, Read};
use std::mem;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// How much is read at once of a compressed file, and before the format is known.
const BUFFER: usize = 64 * 1024;

/// Why a capture cannot be opened. What is wrong inside a file is told by
/// [`Ending`](super::Ending) instead.
#[derive(Debug, Error)]
pub enum OpenError {
    /// There is no such file.
    #[error("{}: no such file; hint: check the spelling, or list the folder with ls", path.display())]
    Missing {
        /// As it was given.
        path: PathBuf,
    },
    /// It is a folder.
    #[error("{}: is a folder, not a capture; hint: name the files in it", path.display())]
    Directory {
        /// As it was given.
        path: PathBuf,
    },
    /// It exists, and may not be read.
    #[error("{}: permission denied; hint: run as root, or as the owner of the file", path.display())]
    Permission {
        /// As it was given.
        path: PathBuf,
    },
    /// The system cannot open it for another reason.
    #[error("{}: cannot be opened: {source}", path.display())]
    Other {
        /// As it was given.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A stream of bytes with a buffer that is only used when it helps.
pub(super) struct Raw {
    input: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Whether the input has said that it has no more bytes.
    ended: bool,
    position: u64,
}

impl Raw {
    fn new(input: Box<dyn Read + Send>) -> Raw {
        Raw {
            input,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            ended: false,
            position: 0,
        }
    }

    /// Whether the input has said that it has no more bytes.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// The next bytes, `count` of them unless the input ends before; `count` is small.
    pub(super) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.end - self.start < count && !self.ended {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if self.buffer.is_empty() {
                self.buffer = vec![0; BUFFER];
            }
            let free = self.buffer.get_mut(self.end..).unwrap_or_default();
            let read = read_once(&mut self.input, free)?;
            self.ended = read == 0;
            self.end += read;
        }
        let peeked = self.buffer.get(self.start..self.end).unwrap_or_default();
        Ok(peeked.get(..count).unwrap_or(peeked))
    }
}

impl Read for Raw {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // A large read goes past the buffer: no byte is copied twice.
        if self.start == self.end && out.len() >= BUFFER {
            let read = read_once(&mut self.input, out)?;
            self.ended = read == 0;
            self.position = self.position.saturating_add(as_u64(read));
            return Ok(read);
        }
        let mut buffered = self.fill_buf()?;
        let read = buffered.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Raw {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.ended = false;
            self.peek(1)?;
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.start = self.start.saturating_add(amount).min(self.end);
        self.position = self.position.saturating_add(as_u64(amount));
    }
}

fn read_once(input: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(out) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // A reader that claims more than it was given room for would break every sum below.
            result => return result.map(|read| read.min(out.len())),
        }
    }
}

fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A stream of which only the first bytes of a gzip header are there.
const GZIP_SHORT: [u8; 4] = [0x1f, 0x8b, 8, 0];

enum Input {
    /// Nothing was read yet: it is not known whether it is compressed.
    New(Raw),
    Plain(Raw),
    Compressed(Decompress),
}

/// The bytes of a capture, decompressed.
pub(super) struct Source {
    input: Input,
    /// The file once more, when it is a regular file: to see whether it still grows.
    watched: Option<File>,
    size: Option<u64>,
}

impl Source {
    /// Opens a file, or standard input for `-`.
    pub(super) fn open(path: &Path) -> Result<Source, OpenError> {
        if path == Path::new("-") {
            return Ok(Source::from_read(io::stdin()));
        }
        let failed = |source: io::Error| {
            let path = path.to_path_buf();
            match source.kind() {
                ErrorKind::NotFound => OpenError::Missing { path },
                ErrorKind::PermissionDenied => OpenError::Permission { path },
                ErrorKind::IsADirectory => OpenError::Directory { path },
                _ => OpenError::Other { path, source },
            }
        };
        let file = File::open(path).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        if about.is_dir() {
            let path = path.to_path_buf();
            return Err(OpenError::Directory { path });
        }
        let regular = about.is_file();
        let watched = regular.then(|| file.try_clone().ok()).flatten();
        Ok(Source {
            watched,
            size: regular.then_some(about.len()),
            ..Source::from_read(file)
        })
    }

    /// Takes bytes from anywhere.
    pub(super) fn from_read(input: impl Read + Send + 'static) -> Source {
        Source {
            input: Input::New(Raw::new(Box::new(input))),
            watched: None,
            size: None,
        }
    }

    /// Reads some bytes; 0 at the end.
    pub(super) fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Input::New(raw) = &mut self.input {
            let magic = raw.peek(4)?.first_chunk::<4>().copied();
            let compressed = raw.peek(4).is_ok_and(is_compressed);
            let raw = mem::replace(raw, Raw::new(Box::new(io::empty())));
            self.input = match compressed {
                true => Input::Compressed(Decompress::new(magic.unwrap_or(GZIP_SHORT), raw)),
                false => Input::Plain(raw),
            };
        }
        match &mut self.input {
            Input::New(raw) | Input::Plain(raw) => raw.read(out),
            Input::Compressed(decompress) => decompress.read(out),
        }
    }

    /// Whether bytes trickle in, so that what is there should be used before more is waited for.
    pub(super) fn trickles(&self) -> bool {
        self.watched.is_none()
    }

    /// The compressed stream, when the capture is compressed.
    pub(super) fn compressed(&self) -> Option<&Decompress> {
        match &self.input {
            Input::Compressed(decompress) => Some(decompress),
            Input::New(_) | Input::Plain(_) => None,
        }
    }

    /// How many bytes of the file were used.
    pub(super) fn position(&self) -> u64 {
        match &self.input {
            Input::Compressed(decompress) => decompress.raw().position,
            Input::New(raw) | Input::Plain(raw) => raw.position,
        }
    }

    /// How large the file is; `None` for a pipe.
    pub(super) fn size(&self) -> Option<u64> {
        self.size
    }

    /// At the end of the file: whether a program seems to be writing it still, after waiting a
    /// little for it.
    pub(super) fn still_grows(&self) -> bool {
        let plain = matches!(self.input, Input::Plain(_));
        let Some(file) = self.watched.as_ref().filter(|_| plain) else {
            return false;
        };
        let position = self.position();
        let grown = |about: &Metadata| about.len() > position;
        let Ok(about) = file.metadata() else {
            return false;
        };
        if grown(&about) {
            return true;
        }
        let changed = about.modified().ok().and_then(|time| time.elapsed().ok());
        let recent = changed.is_some_and(|age| age < Duration::from_secs(1));
        if recent {
            std::thread::sleep(Duration::from_millis(30));
        }
        recent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_and_a_folder_are_errors_that_name_the_path() {
        let missing = Source::open(Path::new("/nowhere/at/all.pcap")).err();
        let words = missing.map(|error| error.to_string()).unwrap_or_default();
        assert!(
            words.contains("/nowhere/at/all.pcap: no such file"),
            "{words}"
        );
        let folder = Source::open(Path::new("/")).err();
        assert!(matches!(folder, Some(OpenError::Directory { .. })));
    }

    #[test]
    fn peeking_does_not_consume() {
        let mut raw = Raw::new(Box::new(io::Cursor::new(b"abcdef".to_vec())));
        assert_eq!(raw.peek(2).expect("memory"), b"ab");
        assert_eq!(raw.peek(10).expect("memory"), b"abcdef");
        let mut all = Vec::new();
        raw.read_to_end(&mut all).expect("memory");
        assert_eq!(all, b"abcdef");
        assert_eq!(raw.position, 6);
    }
}
