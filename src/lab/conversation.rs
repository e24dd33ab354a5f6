//! One TCP connection, seen from either end: messages in, bytes out, and never waiting for ever.

use super::stop::{Stop, Waited, wait};
use rustix::event::PollFlags;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Weak};
use std::time::{Duration, Instant};
use thiserror::Error;

/// A message longer than this is taken as several.
pub const LONGEST_MESSAGE: usize = 64 * 1024;

/// After bytes without a line end, this long a silence ends the message: the handouts' clients
/// send bare bytes and wait for the answer.
pub const PAUSE: Duration = Duration::from_millis(100);

/// How long a closing side reads on, so that unread bytes do not turn its FIN into a reset that
/// would destroy the answer under way (RFC 1122 4.2.2.13).
const LINGER: Duration = Duration::from_millis(500);

/// Why a conversation ended before its end.
#[derive(Debug, Error)]
pub enum Ended {
    /// The other side said nothing, or took nothing, for too long.
    #[error("nothing came for {} s", .0.as_secs_f64())]
    Idle(Duration),
    /// We were asked to stop.
    #[error("stopped")]
    Stopped,
    /// The socket failed.
    #[error("{0}")]
    Socket(#[from] io::Error),
}

/// A line, or bytes that were followed by silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Without the line end.
    pub text: Vec<u8>,
    /// `\n`, `\r\n` or nothing.
    pub end: &'static [u8],
}

impl Message {
    /// A message from bytes as they came.
    pub fn from_bytes(bytes: &[u8]) -> Message {
        let (text, end): (&[u8], &'static [u8]) = match bytes {
            [text @ .., b'\r', b'\n'] => (text, b"\r\n"),
            [text @ .., b'\n'] => (text, b"\n"),
            text => (text, b""),
        };
        Message {
            text: text.to_vec(),
            end,
        }
    }

    /// How many bytes it was on the wire.
    pub fn length(&self) -> usize {
        self.text.len() + self.end.len()
    }

    /// An answer that ends as this message ended.
    pub fn answered_by(&self, answer: &[u8]) -> Vec<u8> {
        [answer, self.end].concat()
    }
}

/// One end of a connection.
#[derive(Debug)]
pub struct Conversation {
    stream: Arc<TcpStream>,
    /// When something last came or went, in milliseconds since the program began to serve.
    active: Arc<AtomicU64>,
    /// Our address.
    pub local: SocketAddr,
    /// The other side's address.
    pub remote: SocketAddr,
    stop: Stop,
    patience: Duration,
    /// Bytes read and not yet taken: `unread[start..]`; before `scanned` there is no line end.
    unread: Vec<u8>,
    start: usize,
    scanned: usize,
    at_end: bool,
}

impl Conversation {
    /// Over `stream`, waiting at most `patience` for each message and each write.
    pub fn new(stream: TcpStream, patience: Duration, stop: Stop) -> io::Result<Conversation> {
        stream.set_nonblocking(true)?;
        Ok(Conversation {
            local: unmapped(stream.local_addr()?),
            remote: unmapped(stream.peer_addr()?),
            stream: Arc::new(stream),
            active: Arc::new(AtomicU64::new(milliseconds())),
            stop,
            patience,
            unread: Vec::new(),
            start: 0,
            scanned: 0,
            at_end: false,
        })
    }

    /// Waits so long from now on.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// How long this side waits.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// The next message, or `None` when the other side has closed. `pause` says how long a
    /// silence ends the bytes that have come so far.
    pub fn message(&mut self, pause: impl Fn(&[u8]) -> Duration) -> Result<Option<Message>, Ended> {
        let deadline = Instant::now() + self.patience;
        loop {
            if let Some(line) = self.take_line() {
                return Ok(Some(line));
            }
            let so_far = &self.unread[self.start..];
            if so_far.len() >= LONGEST_MESSAGE || (self.at_end && !so_far.is_empty()) {
                return Ok(Some(self.take_all()));
            }
            if self.at_end {
                return Ok(None);
            }
            let until = match so_far {
                [] => deadline,
                some => deadline.min(Instant::now() + pause(some)),
            };
            match self.fill(until) {
                Ok(()) => {}
                Err(Ended::Idle(_)) if self.start < self.unread.len() => {
                    return Ok(Some(self.take_all()));
                }
                Err(ended) => return Err(ended),
            }
        }
    }

    /// The bytes that came next, whatever they are; empty when the other side has closed.
    pub fn chunk(&mut self, until: Instant) -> Result<Vec<u8>, Ended> {
        if self.start == self.unread.len() && !self.at_end {
            self.fill(until)?;
        }
        Ok(self.take_all_bytes())
    }

    /// The bytes that came and are not taken yet, waiting for some when there are none; empty
    /// when the other side has closed.
    pub fn peek(&mut self, until: Instant) -> Result<&[u8], Ended> {
        if self.start == self.unread.len() && !self.at_end {
            self.fill(until)?;
        }
        Ok(&self.unread[self.start..])
    }

    /// Takes `count` of the bytes that [`Conversation::peek`] showed.
    pub fn take(&mut self, count: usize) {
        self.start = self.unread.len().min(self.start + count);
        self.scanned = self.scanned.max(self.start);
    }

    /// What was read and not taken stays in front of what comes.
    pub fn put_back(&mut self, bytes: &[u8]) {
        let mut unread = bytes.to_vec();
        unread.extend_from_slice(&self.unread[self.start..]);
        self.unread = unread;
        self.start = 0;
        self.scanned = 0;
    }

    /// Sends all of `bytes`.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        let mut left = bytes;
        while !left.is_empty() {
            match (&*self.stream).write(left) {
                Ok(written) => {
                    left = &left[written..];
                    self.active.store(milliseconds(), Ordering::Relaxed);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let until = Instant::now() + self.patience;
                    self.wait(PollFlags::OUT, until)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Says that nothing more comes from us (FIN); the other direction stays open.
    pub fn finish(&mut self) -> io::Result<()> {
        match self.stream.shutdown(Shutdown::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }

    /// Closes in good order: FIN, then reads on for a moment.
    pub fn close(mut self) {
        if self.at_end || self.finish().is_err() {
            return;
        }
        let until = Instant::now() + LINGER;
        // Bytes after the end are of no interest; neither is how they end.
        while matches!(self.chunk(until), Ok(bytes) if !bytes.is_empty()) {}
    }

    /// The socket and when it was last used, for who may have to end it from outside.
    pub fn handle(&self) -> (Weak<TcpStream>, Arc<AtomicU64>) {
        (Arc::downgrade(&self.stream), Arc::clone(&self.active))
    }

    /// The socket itself.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    fn wait(&self, interest: PollFlags, until: Instant) -> Result<(), Ended> {
        match wait(&*self.stream, interest, &self.stop, Some(until))? {
            Waited::Ready => Ok(()),
            Waited::TimedOut => Err(Ended::Idle(self.patience)),
            Waited::Stopped => Err(Ended::Stopped),
        }
    }

    /// Reads once into `unread`, waiting until `until`.
    fn fill(&mut self, until: Instant) -> Result<(), Ended> {
        let mut buffer = [0; 16 * 1024];
        loop {
            self.wait(PollFlags::IN, until)?;
            match (&*self.stream).read(&mut buffer) {
                Ok(0) => {
                    self.at_end = true;
                    return Ok(());
                }
                Ok(count) => {
                    self.active.store(milliseconds(), Ordering::Relaxed);
                    self.unread.drain(..self.start);
                    self.scanned -= self.start;
                    self.start = 0;
                    self.unread.extend_from_slice(&buffer[..count]);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn take_line(&mut self) -> Option<Message> {
        let offset = self.unread[self.scanned..]
            .iter()
            .position(|&byte| byte == b'\n');
        let Some(offset) = offset else {
            self.scanned = self.unread.len();
            return None;
        };
        let end = self.scanned + offset + 1;
        let message = Message::from_bytes(&self.unread[self.start..end]);
        self.start = end;
        self.scanned = end;
        Some(message)
    }

    fn take_all(&mut self) -> Message {
        let bytes = self.take_all_bytes();
        Message {
            text: bytes,
            end: b"",
        }
    }

    fn take_all_bytes(&mut self) -> Vec<u8> {
        let bytes = self.unread.split_off(self.start);
        self.unread.clear();
        self.start = 0;
        self.scanned = 0;
        bytes
    }
}

/// Milliseconds since this was first asked.
pub fn milliseconds() -> u64 {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(BEGUN.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// An IPv4 address that a dual-stack socket shows as `::ffff:a.b.c.d`, as the packets have it.
pub fn unmapped(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn pair() -> (TcpStream, Conversation) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let stop = Stop::new().unwrap();
        let conversation = Conversation::new(stream, Duration::from_secs(5), stop).unwrap();
        (client, conversation)
    }

    fn texts(bytes: &[&[u8]]) -> Vec<Message> {
        let (mut client, mut conversation) = pair();
        let bytes: Vec<Vec<u8>> = bytes.iter().map(|part| part.to_vec()).collect();
        let sender = std::thread::spawn(move || {
            for part in bytes {
                client.write_all(&part).unwrap();
            }
        });
        let mut messages = Vec::new();
        while let Some(message) = conversation.message(|_| Duration::from_secs(5)).unwrap() {
            messages.push(message);
        }
        sender.join().unwrap();
        messages
    }

    #[test]
    fn split_and_joined_lines_are_the_same_lines() {
        let expected: Vec<Message> = [&b"one\n"[..], b"two\r\n", b"\n", b"rest"]
            .into_iter()
            .map(Message::from_bytes)
            .collect();
        assert_eq!(texts(&[b"one\ntwo\r\n\nrest"]), expected);
        assert_eq!(
            texts(&[b"o", b"ne", b"\n", b"two\r", b"\n\nre", b"st"]),
            expected
        );
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let long = vec![b'a'; 3 * LONGEST_MESSAGE];
        let messages = texts(&[&long]);
        assert!(messages.len() >= 2);
        let total: usize = messages.iter().map(Message::length).sum();
        assert_eq!(total, long.len());
    }

    #[test]
    fn silence_after_bare_bytes_ends_the_message() {
        let (mut client, mut conversation) = pair();
        client.write_all(b"bare").unwrap();
        let message = conversation.message(|_| Duration::from_millis(1)).unwrap();
        assert_eq!(message.unwrap(), Message::from_bytes(b"bare"));
    }

    #[test]
    fn an_answer_ends_as_its_request_did() {
        assert_eq!(Message::from_bytes(b"x\r\n").answered_by(b"y"), b"y\r\n");
        assert_eq!(Message::from_bytes(b"x").answered_by(b"y"), b"y");
    }
}
