//! A message's body, piece by piece, in whichever of the three ways it is delimited.

use super::request::Body;
use super::response::Unusable;
use crate::lab::conversation::Conversation;
use std::time::Instant;

/// A chunk's size line, or a trailer field, is no longer than this.
const LONGEST_LINE: usize = 4096;

/// Trailer fields are read and dropped, but not without end.
const MOST_TRAILERS: usize = 100;

/// Reads a body off a conversation.
#[derive(Debug)]
pub struct Pieces {
    body: Body,
    /// Bytes left of the body, or of the current chunk.
    left: u64,
    begun: bool,
    over: bool,
}

impl Pieces {
    /// The pieces of a body of this kind.
    pub fn of(body: Body) -> Pieces {
        let left = match body {
            Body::Length(length) => length,
            _ => 0,
        };
        Pieces {
            body,
            left,
            begun: false,
            over: body == Body::Length(0),
        }
    }

    /// Whether it is known that no piece follows.
    pub fn are_over(&self) -> bool {
        self.over
    }

    /// The next piece of content; `None` at the body's proper end.
    pub fn next(&mut self, from: &mut Conversation) -> Result<Option<Vec<u8>>, Unusable> {
        if self.over {
            return Ok(None);
        }
        if self.body == Body::Chunked && self.left == 0 {
            self.left = self.chunk_size(from)?;
            if self.left == 0 {
                self.trailers(from)?;
                self.over = true;
                return Ok(None);
            }
        }
        let available = from.peek(Instant::now() + from.patience())?;
        if available.is_empty() {
            self.over = true;
            return match self.body {
                Body::UntilClose => Ok(None),
                _ => Err(Unusable::Incomplete),
            };
        }
        let here = match self.body {
            Body::UntilClose => available.len(),
            _ => available
                .len()
                .min(usize::try_from(self.left).unwrap_or(usize::MAX)),
        };
        let piece = available[..here].to_vec();
        from.take(here);
        self.left = self.left.saturating_sub(here as u64);
        self.over = self.left == 0 && matches!(self.body, Body::Length(_));
        Ok(Some(piece))
    }

    fn chunk_size(&mut self, from: &mut Conversation) -> Result<u64, Unusable> {
        if self.begun && !line(from)?.is_empty() {
            return Err(Unusable::NoHttp);
        }
        self.begun = true;
        let line = line(from)?;
        let digits = line
            .split(|&byte| byte == b';')
            .next()
            .unwrap_or_default()
            .trim_ascii();
        let digits = std::str::from_utf8(digits).map_err(|_| Unusable::NoHttp)?;
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Unusable::NoHttp);
        }
        u64::from_str_radix(digits, 16).map_err(|_| Unusable::NoHttp)
    }

    fn trailers(&mut self, from: &mut Conversation) -> Result<(), Unusable> {
        for _ in 0..MOST_TRAILERS {
            if line(from)?.is_empty() {
                return Ok(());
            }
        }
        Err(Unusable::NoHttp)
    }
}

/// One line without its end.
fn line(from: &mut Conversation) -> Result<Vec<u8>, Unusable> {
    let until = Instant::now() + from.patience();
    let mut line = Vec::new();
    loop {
        let available = from.peek(until)?;
        if available.is_empty() {
            return Err(Unusable::Incomplete);
        }
        let end = available.iter().position(|&byte| byte == b'\n');
        let here = end.map_or(available.len(), |end| end + 1);
        line.extend_from_slice(&available[..here]);
        from.take(here);
        if end.is_some() {
            line.pop();
            if line.ends_with(b"\r") {
                line.pop();
            }
            return Ok(line);
        }
        if line.len() > LONGEST_LINE {
            return Err(Unusable::NoHttp);
        }
    }
}

/// One chunk as it goes over the wire.
pub fn chunk(piece: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()
}

/// The end of a chunked body.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::stop::Stop;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    fn content(body: Body, bytes: &[u8]) -> Result<Vec<u8>, Unusable> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        client.write_all(bytes).unwrap();
        drop(client);
        let stop = Stop::new().unwrap();
        let mut from = Conversation::new(stream, Duration::from_secs(5), stop).unwrap();
        let mut pieces = Pieces::of(body);
        let mut content = Vec::new();
        while let Some(piece) = pieces.next(&mut from)? {
            content.extend(piece);
        }
        Ok(content)
    }

    #[test]
    fn each_kind_of_body_ends_where_it_says() {
        assert_eq!(content(Body::Length(3), b"abcdef").unwrap(), b"abc");
        assert_eq!(content(Body::UntilClose, b"abc").unwrap(), b"abc");
        let chunked = b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\nrest";
        assert_eq!(content(Body::Chunked, chunked).unwrap(), b"abc0123456789");
    }

    #[test]
    fn a_body_that_is_cut_short_is_never_taken_for_whole() {
        assert!(content(Body::Length(4), b"abc").is_err());
        for bytes in [
            &b"3\r\nab"[..],
            b"3\r\nabc\r\n",
            b"3\r\nabc\r\n0\r\n",
            b"3\r\nabcd\r\n0\r\n\r\n",
            b"-1\r\n",
            b"\r\n",
            b"fffffffffffffffff\r\n",
            b"x\r\n",
        ] {
            assert!(
                content(Body::Chunked, bytes).is_err(),
                "{:?}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
}
