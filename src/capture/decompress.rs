//! Compressed captures: gzip, zstd and lz4, recognised by their first bytes.
//!
//! A file may be several compressed pieces one after another, as `cat` and log rotation make
//! them. Memory is bounded by the window that the format allows, never by what is inside.

use super::source::Raw;
use flate2::{FlushDecompress, Status};
use lz4_flex::frame::FrameDecoder as Lz4Decoder;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder as ZstdDecoder};
use std::io::{self, BufRead, ErrorKind, Read};

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const LZ4: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];

/// Windows and blocks larger than what `zstd --long` makes are refused.
const LARGEST_WINDOW: u64 = 128 * 1024 * 1024;

/// A compressed stream, its decompressor, and where it stands.
pub(super) struct Decompress {
    codec: Codec,
    /// Whether a piece was begun and not ended.
    inside: bool,
    /// Whether the end was reached, or an error from which there is no way on.
    ended: bool,
    /// An error to be told after the bytes before it.
    late: Option<&'static str>,
    trailing: bool,
}

enum Codec {
    Gzip(Box<flate2::Decompress>, Raw),
    Zstd(Box<ZstdDecoder>, Raw),
    Lz4(Box<Lz4Decoder<Raw>>),
}

/// Whether a stream that begins with these bytes is compressed in a way we know.
pub(super) fn is_compressed(magic: &[u8]) -> bool {
    magic.starts_with(&GZIP)
        || magic.starts_with(&ZSTD)
        || magic.starts_with(&LZ4)
        || is_skippable(magic)
}

impl Decompress {
    /// A decompressor for `raw`, which begins with the bytes `magic`.
    pub(super) fn new(magic: [u8; 4], raw: Raw) -> Decompress {
        let codec = if magic.starts_with(&GZIP) {
            Codec::Gzip(Box::new(flate2::Decompress::new_gzip(15)), raw)
        } else if magic == LZ4 {
            Codec::Lz4(Box::new(Lz4Decoder::new(raw)))
        } else {
            let mut decoder = ZstdDecoder::new();
            decoder.set_max_window_size(LARGEST_WINDOW);
            Codec::Zstd(Box::new(decoder), raw)
        };
        Decompress {
            codec,
            inside: false,
            ended: false,
            late: None,
            trailing: false,
        }
    }

    /// The compression in a word.
    pub(super) fn word(&self) -> &'static str {
        match self.codec {
            Codec::Gzip(..) => "gzip",
            Codec::Zstd(..) => "zstd",
            Codec::Lz4(_) => "lz4",
        }
    }

    /// The compressed stream.
    pub(super) fn raw(&self) -> &Raw {
        match &self.codec {
            Codec::Gzip(_, raw) | Codec::Zstd(_, raw) => raw,
            Codec::Lz4(decoder) => decoder.get_ref(),
        }
    }

    fn raw_mut(&mut self) -> &mut Raw {
        match &mut self.codec {
            Codec::Gzip(_, raw) | Codec::Zstd(_, raw) => raw,
            Codec::Lz4(decoder) => decoder.get_mut(),
        }
    }

    /// What is odd about the compressed file.
    pub(super) fn remark(&self) -> Option<String> {
        self.trailing
            .then(|| format!("bytes after the {} data are ignored", self.word()))
    }

    /// Reads some decompressed bytes; 0 at the end. An error of the kind `UnexpectedEof` means
    /// that the compressed file is cut short.
    pub(super) fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.read_pieces(out) {
            Ok(read) => Ok(read),
            Err(error) => {
                self.ended = true;
                // Decoders wrap their errors, which hides that it was the end of the file.
                Err(match self.raw().ended() && self.late.is_none() {
                    true => io::Error::from(ErrorKind::UnexpectedEof),
                    false => error,
                })
            }
        }
    }

    fn read_pieces(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !out.is_empty() {
            if let Some(late) = self.late {
                return Err(io::Error::other(late));
            }
            if !self.inside && !self.begin()? {
                self.ended = true;
                break;
            }
            let read = self.read_inside(out)?;
            if read > 0 {
                return Ok(read);
            }
        }
        Ok(0)
    }

    /// Begins the next piece; `false` when there is none.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            let gzip = matches!(self.codec, Codec::Gzip(..));
            let lz4 = matches!(self.codec, Codec::Lz4(_));
            let magic = self.raw_mut().peek(4)?;
            if magic.is_empty() {
                return Ok(false);
            }
            if !gzip && is_skippable(magic) {
                skip_frame(self.raw_mut())?;
                continue;
            }
            let known = match (gzip, lz4) {
                (true, _) => magic.starts_with(&GZIP),
                (_, true) => magic.starts_with(&LZ4),
                _ => magic.starts_with(&ZSTD),
            };
            if !known {
                self.trailing = true;
                return Ok(false);
            }
            match &mut self.codec {
                Codec::Gzip(state, _) => **state = flate2::Decompress::new_gzip(15),
                Codec::Zstd(decoder, raw) => decoder.reset(raw).map_err(io::Error::other)?,
                Codec::Lz4(_) => {}
            }
            self.inside = true;
            return Ok(true);
        }
    }

    /// Reads from the piece that was begun; leaves it when it is at its end.
    fn read_inside(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match &mut self.codec {
            Codec::Gzip(state, raw) => {
                let (read, ended) = inflate(state, raw, out)?;
                self.inside = !ended;
                Ok(read)
            }
            Codec::Zstd(decoder, raw) => {
                while decoder.can_collect() == 0 && !decoder.is_finished() {
                    let strategy = BlockDecodingStrategy::UptoBlocks(1);
                    let decoded = decoder.decode_blocks(&mut *raw, strategy);
                    decoded.map_err(io::Error::other)?;
                }
                let read = decoder.read(out)?;
                if decoder.is_finished() && decoder.can_collect() == 0 {
                    self.inside = false;
                    let stored = decoder.get_checksum_from_data();
                    if stored.is_some() && stored != decoder.get_calculated_checksum() {
                        self.late = Some("its checksum is wrong");
                    }
                }
                Ok(read)
            }
            Codec::Lz4(decoder) => {
                let read = decoder.read(out)?;
                if read == 0 {
                    self.inside = false;
                    // The decoder takes the end of the file for the end of the data.
                    if decoder.get_ref().ended() {
                        return Err(io::Error::from(ErrorKind::UnexpectedEof));
                    }
                }
                Ok(read)
            }
        }
    }
}

/// Decompresses some of one gzip member: how many bytes, and whether it ended. flate2's own
/// reader drops the bytes in front of an error, and they may hold whole frames.
fn inflate(
    state: &mut flate2::Decompress,
    raw: &mut Raw,
    out: &mut [u8],
) -> io::Result<(usize, bool)> {
    loop {
        let input = raw.fill_buf()?;
        let at_end = input.is_empty();
        let (before_in, before_out) = (state.total_in(), state.total_out());
        let status = state.decompress(input, out, FlushDecompress::None);
        let consumed = difference(state.total_in(), before_in);
        let read = difference(state.total_out(), before_out);
        raw.consume(consumed);
        match status {
            Ok(Status::StreamEnd) => return Ok((read, true)),
            // The error comes again with the next call.
            _ if read > 0 => return Ok((read, false)),
            Err(_) => return Err(io::Error::other("its contents or checksum are wrong")),
            Ok(_) if at_end => return Err(io::Error::from(ErrorKind::UnexpectedEof)),
            Ok(_) if consumed == 0 => return Err(io::Error::other("it leads nowhere")),
            Ok(_) => {}
        }
    }
}

fn difference(after: u64, before: u64) -> usize {
    usize::try_from(after.saturating_sub(before)).unwrap_or(0)
}

/// Whether a zstd or lz4 frame with these first bytes holds data for somebody else.
fn is_skippable(magic: &[u8]) -> bool {
    matches!(magic, [0x50..=0x5f, 0x2a, 0x4d, 0x18])
}

/// Steps over a skippable frame: magic, length, and so many bytes.
fn skip_frame(raw: &mut Raw) -> io::Result<()> {
    let mut header = [0; 8];
    raw.read_exact(&mut header)?;
    let length = header
        .last_chunk::<4>()
        .copied()
        .map_or(0, u32::from_le_bytes);
    let mut left = u64::from(length);
    while left > 0 {
        let present = raw.fill_buf()?.len();
        if present == 0 {
            return Err(io::Error::from(ErrorKind::UnexpectedEof));
        }
        let step = usize::try_from(left).unwrap_or(usize::MAX).min(present);
        raw.consume(step);
        left -= u64::try_from(step).unwrap_or(left);
    }
    Ok(())
}
