//! The hello that each direction of a TLS connection begins with.

use super::Piece;
use crate::dissect::as_usize;
use crate::dissect::tls::{self, Record, ciphers};
use crate::facts::Side;
use crate::facts::tls::Hello;
use crate::track::tcp::Connections;

/// Most bytes that are waited for.
const MOST: usize = 1 << 16;

/// Whether these bytes begin a TLS handshake.
pub(super) fn begins(bytes: &[u8]) -> bool {
    Record::parse(bytes).is_some_and(|record| record.content == 22)
}

/// Whether these few bytes may turn out to begin one.
pub(super) fn may_begin(bytes: &[u8]) -> bool {
    const FIRST: [u8; 2] = [22, 3];
    bytes.len() < 5 && bytes.iter().zip(FIRST).all(|(byte, first)| *byte == first)
}

/// The beginnings of both directions.
#[derive(Default)]
pub(super) struct Parser {
    buffers: [Vec<u8>; 2],
    done: [bool; 2],
}

/// A hello with its place.
struct Heard {
    frame: u32,
    stream: u32,
    side: usize,
    hello: tls::Hello,
}

/// All hellos.
#[derive(Default)]
pub struct Hellos {
    list: Vec<Heard>,
}

impl Parser {
    /// Takes in bytes of one direction; says whether there is nothing more to wait for.
    pub(super) fn bytes(&mut self, piece: &Piece<'_>, hellos: &mut Hellos) {
        let side = piece.side;
        if self.done[side] {
            return;
        }
        let buffer = &mut self.buffers[side];
        buffer.extend_from_slice(&piece.bytes[..piece.bytes.len().min(MOST)]);
        let hello = tls::first_hello(buffer);
        let complete = match &hello {
            Some(tls::Hello::Client(hello)) => hello.complete,
            Some(tls::Hello::Server(hello)) => hello.complete,
            None => false,
        };
        let stuck =
            buffer.len() >= MOST || piece.missing > 0 || !begins(buffer) && buffer.len() >= 5;
        if !complete && !stuck {
            return;
        }
        self.done[side] = true;
        self.buffers[side] = Vec::new();
        if let Some(hello) = hello {
            hellos.list.push(Heard {
                frame: piece.frame,
                stream: piece.stream,
                side,
                hello,
            });
        }
    }

    /// Whether both directions have been heard.
    pub(super) fn is_done(&self) -> bool {
        self.done == [true; 2]
    }
}

impl Hellos {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// One hello.
    pub fn hello(&self, index: usize, tcp: &Connections) -> Option<Hello> {
        let heard = self.list.get(index)?;
        let ends = tcp.ends(as_usize(heard.stream))?;
        let version =
            |v: u16| tls::version_name(v).map_or_else(|| format!("0x{v:04x}"), str::to_owned);
        let text = |list: &[Vec<u8>]| {
            let words: Vec<_> = list
                .iter()
                .map(|p| String::from_utf8_lossy(p).into_owned())
                .collect();
            (!words.is_empty()).then(|| words.join(" "))
        };
        let mut fact = Hello {
            frame: heard.frame,
            stream: heard.stream,
            sender: ends[heard.side].0,
            receiver: ends[1 - heard.side].0,
            side: Side::Client,
            version: String::new(),
            server_name: None,
            cipher: None,
            ciphers_offered: None,
            application: None,
        };
        match &heard.hello {
            tls::Hello::Client(hello) => {
                fact.version = version(hello.version());
                fact.server_name = hello.server_name.clone();
                fact.ciphers_offered = u32::try_from(hello.ciphers.len()).ok();
                fact.application = text(&hello.alpn);
            }
            tls::Hello::Server(hello) => {
                fact.side = Side::Server;
                fact.version = version(hello.version());
                let name = ciphers::name(hello.cipher);
                fact.cipher =
                    Some(name.map_or_else(|| format!("0x{:04x}", hello.cipher), str::to_owned));
                fact.application = hello
                    .alpn
                    .as_ref()
                    .map(|p| String::from_utf8_lossy(p).into_owned());
            }
        }
        Some(fact)
    }
}
