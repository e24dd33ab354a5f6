//! The upper-case servers: every sentence comes back in capitals, over UDP and over TCP.

use super::connect::connect;
use super::conversation::{Conversation, Ended, PAUSE};
use super::fault::Fault;
use super::log::{Event, Log};
use super::serve::{self, After};
use super::stop::Stop;
use super::udp::{self, Reply};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

/// A sentence without line end is over after this silence. It is answered before, as it comes.
const SENTENCE_PAUSE: Duration = Duration::from_millis(300);

/// `sentence` in capitals, letters outside ASCII too; what is no UTF-8 stays as it is.
pub fn upper(sentence: &[u8]) -> Vec<u8> {
    if sentence.is_ascii() {
        return sentence.to_ascii_uppercase();
    }
    let mut capitals = Vec::with_capacity(sentence.len());
    for chunk in sentence.utf8_chunks() {
        capitals.extend_from_slice(chunk.valid().to_uppercase().as_bytes());
        capitals.extend_from_slice(chunk.invalid());
    }
    capitals
}

/// The answer to one datagram. Some letters grow (`ß` becomes `SS`); where that would burst the
/// datagram, only ASCII letters are raised.
pub fn upper_datagram(sentence: &[u8]) -> Vec<u8> {
    let capitals = upper(sentence);
    if capitals.len() <= udp::LARGEST {
        capitals
    } else {
        sentence.to_ascii_uppercase()
    }
}

/// Capitals for a stream that may be cut anywhere, also inside a letter.
#[derive(Debug, Default)]
pub struct Upper {
    begun: Vec<u8>,
}

impl Upper {
    /// The capitals of the next piece; a letter of which the rest is still to come waits.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.begun);
        bytes.extend_from_slice(piece);
        let whole = bytes.len() - begun_letter(&bytes);
        self.begun = bytes.split_off(whole);
        upper(&bytes)
    }

    /// What is left when nothing more comes: a letter's beginning, as it is.
    pub fn finish(self) -> Vec<u8> {
        self.begun
    }
}

/// Length of an incomplete UTF-8 letter at the end of `bytes`.
fn begun_letter(bytes: &[u8]) -> usize {
    (1..=bytes.len().min(3))
        .find(|&length| {
            let tail = &bytes[bytes.len() - length..];
            matches!(std::str::from_utf8(tail), Err(error) if error.valid_up_to() == 0 && error.error_len().is_none())
        })
        .unwrap_or(0)
}

/// Answers datagrams until asked to stop.
pub fn serve_udp(
    socket: &UdpSocket,
    limits: udp::Limits,
    stop: &Stop,
    log: &Log,
) -> Result<(), Fault> {
    udp::serve(socket, limits, stop, log, |datagram| Reply {
        bytes: upper_datagram(datagram.received),
        last: true,
    })
}

/// Answers connections until asked to stop: `sentences` each, or until the client closes.
pub fn serve_tcp(
    listener: TcpListener,
    limits: serve::Limits,
    sentences: Option<NonZeroUsize>,
    stop: &Stop,
    log: &Log,
) -> Result<(), Fault> {
    serve::serve(listener, limits, stop, log, |conversation| {
        talk(conversation, sentences, log)
    })
}

/// One sentence over a connection of its own, and all of its answer: as much as was sent comes
/// back, and more where letters grow.
pub fn ask(
    addresses: &[SocketAddr],
    sentence: &[u8],
    patience: Duration,
) -> Result<Vec<u8>, Fault> {
    const PIECE: usize = 16 * 1024;
    let mut conversation = connect(addresses, patience)?.conversation;
    let mut answer = Vec::new();
    for piece in sentence.chunks(PIECE) {
        conversation.tell(piece)?;
        // What has come back makes room for what is still to go.
        while let Ok(piece) = conversation.chunk(Instant::now()) {
            if piece.is_empty() {
                break;
            }
            answer.extend_from_slice(&piece);
        }
    }
    let is_line = sentence.ends_with(b"\n");
    loop {
        let whole = match is_line {
            true => answer.ends_with(b"\n"),
            false => answer.len() >= sentence.len(),
        };
        let until = Instant::now() + if whole { PAUSE } else { patience };
        match conversation.chunk(until) {
            Ok(piece) if piece.is_empty() && answer.is_empty() => {
                return Err(Fault::ClosedEarly {
                    address: conversation.remote,
                    before: "the answer",
                });
            }
            Ok(piece) if piece.is_empty() => return Ok(answer),
            Ok(piece) => answer.extend_from_slice(&piece),
            Err(Ended::Idle(_)) if whole => break,
            Err(ended) => return Err(conversation.fault(ended, "the answer")),
        }
        if is_line && answer.ends_with(b"\n") {
            break;
        }
    }
    conversation.close();
    Ok(answer)
}

/// Pieces are answered as they come, however long the sentence. A sentence ends with its line;
/// for clients that send bare bytes and wait, also with a silence.
fn talk(
    conversation: &mut Conversation,
    sentences: Option<NonZeroUsize>,
    log: &Log,
) -> Result<After, Ended> {
    let mut left = sentences.map(NonZeroUsize::get);
    let mut capitals = Upper::default();
    let mut within_sentence = false;
    loop {
        let patience = match (within_sentence, left) {
            (true, Some(_)) => SENTENCE_PAUSE.min(conversation.patience()),
            _ => conversation.patience(),
        };
        let mut piece = match conversation.chunk(Instant::now() + patience) {
            Err(Ended::Idle(_)) if within_sentence && left.is_some() => Vec::new(),
            chunk => chunk?,
        };
        if piece.is_empty() {
            conversation.send(&capitals.finish())?;
            return Ok(After::Serve);
        }
        let over = left.as_mut().is_some_and(|left| cut(&mut piece, left));
        within_sentence = piece.last() != Some(&b'\n');
        let answer = capitals.push(&piece);
        conversation.send(&answer)?;
        log.record(
            &Event::new("answered")
                .between("tcp", conversation.local, conversation.remote)
                .number("bytes", answer.len()),
        );
        if over {
            return Ok(After::Serve);
        }
    }
}

/// Cuts `piece` after its `left`th line end; tells whether it was there.
fn cut(piece: &mut Vec<u8>, left: &mut usize) -> bool {
    let ends = piece.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    for (at, _) in ends {
        *left -= 1;
        if *left == 0 {
            piece.truncate(at + 1);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn letters_outside_ascii_are_raised_and_other_bytes_stay() {
        assert_eq!(upper(b"hello"), b"HELLO");
        assert_eq!(upper("áß ñ λ ж 漢".as_bytes()), "ÁSS Ñ Λ Ж 漢".as_bytes());
        assert_eq!(upper(b"a\xff\xfeb\0c\xc3"), b"A\xff\xfeB\0C\xc3");
        assert_eq!(upper(b""), b"");
    }

    #[test]
    fn a_datagram_that_would_grow_too_long_is_raised_in_ascii_only() {
        // U+0149 has two bytes, its capital three.
        let sentence = "ŉa".repeat(udp::LARGEST / 3);
        let answer = upper_datagram(sentence.as_bytes());
        assert_eq!(answer.len(), sentence.len());
        assert!(answer.ends_with("ŉA".as_bytes()));
    }

    proptest! {
        #[test]
        fn a_stream_cut_anywhere_gives_the_same_capitals(
            text in "[a-zäößλж漢\u{1f600}]{0,20}",
            noise in proptest::collection::vec(any::<u8>(), 0..4),
            size in 1_usize..5,
        ) {
            let bytes = [text.as_bytes(), &noise, text.as_bytes()].concat();
            let mut stream = Upper::default();
            let mut capitals: Vec<u8> =
                bytes.chunks(size).flat_map(|piece| stream.push(piece)).collect();
            capitals.extend(stream.finish());
            prop_assert_eq!(capitals, upper(&bytes));
        }
    }
}
