//! The hello that each direction of a TLS connection begins with.

use super::Piece;
use crate::dissect::tls::{self, Record, ciphers, content};
use crate::dissect::{as_usize, meaning};
use crate::facts::Side;
use crate::facts::tls::Hello;
use crate::track::tcp::Connections;

/// Most bytes that are waited for.
const MOST: usize = 1 << 16;

/// The level of an alert that ends the connection (RFC 8446 section 6).
const FATAL: u8 = 2;

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
    /// The server asked for another hello of the client, and will say its own again.
    again: bool,
    /// The side that said a client's hello, while what it says next is still to come: an alert
    /// refuses the server's hello, or what came with it.
    answers: Option<usize>,
}

/// A hello with its place.
struct Heard {
    frame: u32,
    stream: u32,
    side: usize,
    hello: tls::Hello,
    /// The frame and the number of the alert that answered it.
    alert: Option<(u32, u8)>,
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
            self.answer(piece, hellos);
            return;
        }
        let buffer = &mut self.buffers[side];
        buffer.extend_from_slice(&piece.bytes[..piece.bytes.len().min(MOST)]);
        if self.again {
            pass_marks(buffer);
        }
        let hello = tls::first_hello(buffer);
        let complete = match &hello {
            Some(tls::Hello::Client(hello)) => hello.complete,
            Some(tls::Hello::Server(hello)) => hello.complete,
            None => false,
        };
        let other = !begins(buffer) && buffer.len() >= tls::RECORD_HEADER;
        let mark = self.again && buffer.first() == Some(&content::CHANGE_CIPHER_SPEC);
        let stuck = buffer.len() >= MOST || piece.missing > 0 || other && !mark;
        if !complete && !stuck {
            return;
        }
        let asks_again = matches!(&hello, Some(tls::Hello::Server(h)) if h.retry) && complete;
        self.done[side] = true;
        if complete && matches!(&hello, Some(tls::Hello::Client(_))) {
            self.answers = Some(side);
        }
        let buffer = std::mem::take(&mut self.buffers[side]);
        match hello {
            Some(hello) => hellos.list.push(Heard {
                frame: piece.frame,
                stream: piece.stream,
                side,
                hello,
                alert: None,
            }),
            None => hellos.refused(piece, &buffer),
        }
        if asks_again && !self.again {
            (self.again, self.done) = (true, [false; 2]);
            let record = Record::parse(&buffer).map_or(0, |r| tls::RECORD_HEADER + r.length);
            let rest = buffer.get(record..).unwrap_or_default();
            let rest = Piece {
                bytes: rest,
                ..*piece
            };
            self.bytes(&rest, hellos);
        }
    }

    /// Takes in what a side says after its hello. In the clear a client refuses; what a server
    /// refuses later it says of other messages than the hello.
    fn answer(&mut self, piece: &Piece<'_>, hellos: &mut Hellos) {
        if self.answers != Some(piece.side) {
            return;
        }
        let mut bytes = piece.bytes.to_vec();
        bytes.truncate(MOST);
        pass_marks(&mut bytes);
        if !bytes.is_empty() || piece.missing > 0 {
            self.answers = None;
        }
        if piece.missing == 0 && bytes.get(tls::RECORD_HEADER) == Some(&FATAL) {
            hellos.refused(piece, &bytes);
        }
    }

    /// Whether there is nothing more to hear.
    pub(super) fn is_done(&self) -> bool {
        self.done == [true; 2] && self.answers.is_none()
    }
}

/// Leaves out the marks that stand between the hellos for the sake of old boxes on the way (RFC 8446
/// §D.4).
fn pass_marks(buffer: &mut Vec<u8>) {
    while let Some(mark) =
        Record::parse(buffer).filter(|r| r.content == content::CHANGE_CIPHER_SPEC)
    {
        let length = tls::RECORD_HEADER + mark.length;
        if buffer.len() < length {
            return;
        }
        buffer.drain(..length);
    }
}

impl Hellos {
    /// Takes in what came in the place of a hello: an alert says why there is none.
    fn refused(&mut self, piece: &Piece<'_>, bytes: &[u8]) {
        let Some(&[content::ALERT, _, _, 0, 2, _, number]) = bytes.first_chunk() else {
            return;
        };
        let mut own = self.list.iter_mut().rev();
        let hello = own.find(|h| h.stream == piece.stream && h.side != piece.side);
        if let Some(hello) = hello {
            hello.alert.get_or_insert((piece.frame, number));
        }
    }

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
            complete: false,
            version: None,
            server_name: None,
            cipher: None,
            ciphers_offered: None,
            application: None,
            retry: matches!(&heard.hello, tls::Hello::Server(hello) if hello.retry),
            alert: heard.alert.map(|(_, number)| {
                let name = meaning::name("tls.alert_message.desc", number.into());
                name.map_or_else(|| format!("alert {number}"), str::to_owned)
            }),
            alert_frame: heard.alert.map(|(frame, _)| frame),
        };
        match &heard.hello {
            tls::Hello::Client(hello) => {
                fact.complete = hello.complete;
                fact.version = hello.version().map(version);
                fact.server_name = hello.server_name.clone();
                let ciphers = (!hello.ciphers.is_empty()).then_some(hello.ciphers.len());
                fact.ciphers_offered = ciphers.and_then(|count| u32::try_from(count).ok());
                fact.application = text(&hello.alpn);
            }
            tls::Hello::Server(hello) => {
                fact.side = Side::Server;
                fact.complete = hello.complete;
                fact.version = hello.version().map(version);
                let name = |c| ciphers::name(c).map_or_else(|| format!("0x{c:04x}"), str::to_owned);
                fact.cipher = hello.cipher.map(name);
                fact.application = hello
                    .alpn
                    .as_ref()
                    .map(|p| String::from_utf8_lossy(p).into_owned());
            }
        }
        Some(fact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Time;

    fn take(parser: &mut Parser, hellos: &mut Hellos, side: usize, bytes: &[u8], missing: u32) {
        let piece = Piece {
            stream: 0,
            side,
            frame: 7,
            carried_in: 7,
            carried_at: Time(0),
            time: Time(0),
            bytes,
            number: 0,
            acked: 0,
            heard: None,
            other_next: None,
            missing,
        };
        parser.bytes(&piece, hellos);
    }

    /// A hello of a client, in its record.
    fn hello() -> Vec<u8> {
        let mut record = vec![22, 3, 1, 0, 65, 1, 0, 0, 61, 3, 3];
        record.extend([7; 32]);
        record.extend([0, 0, 2, 0x13, 1, 1, 0, 0, 18, 0, 0, 0, 14, 0, 12, 0, 0, 9]);
        record.extend(b"h.example");
        record
    }

    #[test]
    fn a_handshake_begins_with_two_bytes() {
        for begun in [&[][..], &[22], &[22, 3], &[22, 3, 1], &[22, 3, 3, 9]] {
            assert!(may_begin(begun));
        }
        for other in [&[21][..], &[22, 2], &[3, 22], &[22, 3, 1, 0, 5]] {
            assert!(!may_begin(other));
        }
        assert!(begins(&hello()) && !begins(&hello()[..4]) && !begins(&[23, 3, 3, 0, 1, 0]));
    }

    #[test]
    fn each_direction_is_heard_once() {
        let (mut parser, mut hellos) = (Parser::default(), Hellos::default());
        let hello = hello();
        for byte in &hello[..hello.len() - 1] {
            take(&mut parser, &mut hellos, 0, &[*byte], 0);
        }
        assert_eq!((hellos.len(), parser.done), (0, [false; 2]));
        take(&mut parser, &mut hellos, 0, &hello[hello.len() - 1..], 0);
        assert_eq!((hellos.len(), parser.is_done()), (1, false));
        take(&mut parser, &mut hellos, 0, &hello, 0);
        assert_eq!((hellos.len(), parser.answers), (1, None));
        // What is none ends the waiting too.
        take(&mut parser, &mut hellos, 1, b"HTTP", 0);
        assert!(!parser.is_done());
        take(&mut parser, &mut hellos, 1, b"/", 0);
        assert_eq!((hellos.len(), parser.is_done()), (1, true));
        assert!(parser.buffers.iter().all(Vec::is_empty));
    }

    #[test]
    fn a_hole_and_too_much_end_the_waiting() {
        let (mut parser, mut hellos) = (Parser::default(), Hellos::default());
        take(&mut parser, &mut hellos, 0, &hello()[..20], 1);
        assert_eq!(parser.done, [true, false]);
        let mut long = vec![22, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff];
        long.resize(MOST - 1, 0xff);
        take(&mut parser, &mut hellos, 1, &long, 0);
        assert_eq!(parser.done, [true, false]);
        take(&mut parser, &mut hellos, 1, &[0xff], 0);
        assert!(parser.is_done());
    }
}
