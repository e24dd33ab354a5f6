//! The receiving side: bytes into a folder, until the sender closes.

use super::name;
use super::store::Store;
use super::{Fingerprint, MAGIC, Progress};
use crate::lab::conversation::{Conversation, Ended};
use crate::lab::fault::{Fault, error_name};
use crate::lab::log::{Event, Log};
use crate::lab::serve::{self, After, Limits};
use crate::lab::stop::Stop;
use std::io;
use std::net::TcpListener;
use std::time::Instant;
use thiserror::Error;

/// A header longer than this is none.
const LONGEST_HEADER: usize = 4096;

/// Why a file was not kept.
#[derive(Debug, Error)]
enum Refusal {
    #[error("{0}")]
    Name(#[from] name::Refused),
    #[error("a file of this name exists; it is kept")]
    Exists,
    #[error("the first line is not WIRELAB-FILE 1 LENGTH NAME")]
    Header,
    #[error("longer than the {0} bytes this server takes")]
    Long(u64),
    #[error("{got} bytes came, {announced} were announced")]
    Incomplete { got: u64, announced: u64 },
    #[error("the server cannot write the file: {}", error_name(.0))]
    Disk(#[from] io::Error),
    #[error("{0}")]
    Ended(#[from] Ended),
}

/// What a receiving server needs to know.
#[derive(Clone, Copy)]
pub struct Receiver<'a> {
    /// Where files go.
    pub store: &'a Store,
    /// What files without a name are called, with a number behind.
    pub stem: &'a str,
    /// The most bytes one file may have.
    pub most_bytes: u64,
    /// Told about every piece.
    pub progress: Progress<'a>,
}

/// What a first line announces.
#[derive(Debug, PartialEq, Eq)]
struct Header<'a> {
    length: u64,
    name: &'a [u8],
}

struct Received {
    name: String,
    fingerprint: Fingerprint,
}

/// Receives files until asked to stop.
pub fn serve(
    listener: TcpListener,
    receiver: Receiver<'_>,
    limits: Limits,
    stop: &Stop,
    log: &Log,
) -> Result<(), Fault> {
    serve::serve(listener, limits, stop, log, |conversation| {
        receiver.talk(conversation, log)
    })
}

impl Receiver<'_> {
    fn talk(&self, conversation: &mut Conversation, log: &Log) -> Result<After, Ended> {
        let first = first_bytes(conversation)?;
        let named = first.starts_with(MAGIC);
        let result = if named {
            self.named(conversation, &first)
        } else {
            conversation.put_back(&first);
            self.unnamed(conversation)
        };
        let (local, remote) = (conversation.local, conversation.remote);
        let (event, answer) = match &result {
            Ok(Received { name, fingerprint }) => {
                let (length, hash) = (fingerprint.length(), fingerprint.sha256());
                let event = Event::new("received")
                    .between("tcp", local, remote)
                    .text("name", name)
                    .number("bytes", usize::try_from(length).unwrap_or(usize::MAX))
                    .text("sha256", &hash);
                (event, format!("RECEIVED {length} {hash}\n"))
            }
            Err(refusal) => {
                let event = Event::new("refused")
                    .between("tcp", local, remote)
                    .text("reason", refusal.to_string());
                (event, format!("REFUSED {refusal}\n"))
            }
        };
        log.record(&event);
        match result {
            Err(Refusal::Ended(ended)) => return Err(ended),
            _ if named => conversation.send(answer.as_bytes())?,
            _ => {}
        }
        Ok(After::Serve)
    }

    fn named(&self, conversation: &mut Conversation, first: &[u8]) -> Result<Received, Refusal> {
        let end = first
            .iter()
            .position(|&byte| byte == b'\n')
            .ok_or(Refusal::Header)?;
        let header = header(&first[..end]).ok_or(Refusal::Header)?;
        let name = name::check(header.name)?.to_owned();
        if self.store.has(&name) {
            return Err(Refusal::Exists);
        }
        if header.length > self.most_bytes {
            return Err(Refusal::Long(self.most_bytes));
        }
        let announced = header.length;
        // The sender waits for this before it sends what would have been for nothing.
        conversation.send(b"GO\n")?;
        conversation.put_back(&first[end + 1..]);
        let (arrival, fingerprint) = self.bytes(conversation, Some(announced))?;
        let got = fingerprint.length();
        if got != announced {
            return Err(Refusal::Incomplete { got, announced });
        }
        arrival.finish(&name).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Refusal::Exists,
            _ => Refusal::Disk(error),
        })?;
        Ok(Received { name, fingerprint })
    }

    fn unnamed(&self, conversation: &mut Conversation) -> Result<Received, Refusal> {
        let (arrival, fingerprint) = self.bytes(conversation, None)?;
        let name = arrival.finish_unnamed(self.stem)?;
        Ok(Received { name, fingerprint })
    }

    /// Writes what comes until the announced length, or the end, is reached.
    fn bytes(
        &self,
        conversation: &mut Conversation,
        announced: Option<u64>,
    ) -> Result<(super::store::Arrival<'_>, Fingerprint), Refusal> {
        let mut arrival = self.store.begin()?;
        let mut fingerprint = Fingerprint::default();
        let most = announced.unwrap_or(self.most_bytes);
        while announced.is_none_or(|announced| fingerprint.length() < announced) {
            let piece = conversation.chunk(Instant::now() + conversation.patience())?;
            if piece.is_empty() {
                break;
            }
            if fingerprint.length() + piece.len() as u64 > most {
                return Err(Refusal::Long(most));
            }
            arrival.write(&piece)?;
            fingerprint.push(&piece);
            (self.progress)(fingerprint.length(), announced);
        }
        Ok((arrival, fingerprint))
    }
}

/// The bytes that decide whether a header begins the stream: as many as are needed to know.
fn first_bytes(conversation: &mut Conversation) -> Result<Vec<u8>, Ended> {
    let mut first = Vec::new();
    let deadline = Instant::now() + conversation.patience();
    loop {
        let compared = first.len().min(MAGIC.len());
        let has_header = first.len() > MAGIC.len() && first.contains(&b'\n');
        if first[..compared] != MAGIC[..compared] || has_header || first.len() > LONGEST_HEADER {
            return Ok(first);
        }
        let piece = conversation.chunk(deadline)?;
        if piece.is_empty() {
            return Ok(first);
        }
        first.extend_from_slice(&piece);
    }
}

fn header(line: &[u8]) -> Option<Header<'_>> {
    let rest = line.strip_prefix(MAGIC)?;
    let space = rest.iter().position(|&byte| byte == b' ')?;
    let digits = std::str::from_utf8(&rest[..space]).ok()?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Header {
        length: digits.parse().ok()?,
        name: &rest[space + 1..],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_length_and_the_rest_a_name() {
        let header_of = |line: &'static [u8]| header(line);
        assert_eq!(
            header_of(b"WIRELAB-FILE 1 12 two words.txt"),
            Some(Header {
                length: 12,
                name: b"two words.txt"
            })
        );
        for line in [
            &b"WIRELAB-FILE 1 -1 x"[..],
            b"WIRELAB-FILE 1 +1 x",
            b"WIRELAB-FILE 1 99999999999999999999 x",
            b"WIRELAB-FILE 1 12",
            b"WIRELAB-FILE 2 12 x",
        ] {
            assert_eq!(header(line), None);
        }
    }
}
