//! The chat: every message is received, until `end`. Its server in four ways.
//!
//! [`serve_blocking`] has one client at a time, [`super::chat_fork`] five processes with one
//! each, [`super::chat_select`] one thread for all, [`serve_threads`] a thread for each.

use super::conversation::{Conversation, Ended, Message, PAUSE};
use super::fault::Fault;
use super::log::{Event, Log};
use super::serve::{self, After, Limits};
use super::stop::Stop;
use std::net::{SocketAddr, TcpListener};

/// The answer to every message.
pub const ANSWER: &str = "Message received";

/// Whether a message, without its line end, is the last one.
pub fn is_end(text: &[u8]) -> bool {
    Message::from_bytes(text).text == b"end"
}

/// The answer to a message, and whether the conversation ends with it.
pub fn answer(message: &Message) -> (Vec<u8>, bool) {
    (
        message.answered_by(ANSWER.as_bytes()),
        is_end(&message.text),
    )
}

/// One client after the other; who comes meanwhile waits in the accept queue.
pub fn serve_blocking(
    listener: TcpListener,
    limits: Limits,
    stop: &Stop,
    log: &Log,
) -> Result<(), Fault> {
    serve::serve_in_turn(listener, limits, stop, log, |conversation| {
        talk(conversation, log)
    })
}

/// All clients at the same time, each in a thread.
pub fn serve_threads(
    listener: TcpListener,
    limits: Limits,
    stop: &Stop,
    log: &Log,
) -> Result<(), Fault> {
    serve::serve(listener, limits, stop, log, |conversation| {
        talk(conversation, log)
    })
}

fn talk(conversation: &mut Conversation, log: &Log) -> Result<After, Ended> {
    while let Some(message) = conversation.message(|_| PAUSE)? {
        let (bytes, last) = answer(&message);
        conversation.send(&bytes)?;
        log.record(&record(conversation.local, conversation.remote, &message));
        if last {
            break;
        }
    }
    Ok(After::Serve)
}

/// The record of an answered message.
pub fn record(local: SocketAddr, remote: SocketAddr, message: &Message) -> Event {
    Event::new("message")
        .between("tcp", local, remote)
        .number("bytes", message.length())
        .bytes("text", &message.text)
}

/// Says a client's message.
pub fn say(conversation: &mut Conversation, words: &[u8]) -> Result<(), Fault> {
    conversation.tell(words)
}

/// What the server says to the message `line`, or nothing when it was `end` and the server closed
/// without a word.
pub fn hear(conversation: &mut Conversation, line: &[u8]) -> Result<Option<Message>, Fault> {
    match conversation.owed("the answer") {
        Ok(answer) => Ok(Some(answer)),
        Err(Fault::ClosedEarly { .. } | Fault::Reset { .. }) if is_end(line) => Ok(None),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_end_itself_ends() {
        assert!(is_end(b"end"));
        assert!(is_end(b"end\r\n"));
        for text in [&b"END"[..], b"end.", b" end", b"the end", b""] {
            assert!(!is_end(text));
        }
    }

    #[test]
    fn the_answer_to_a_line_is_a_line() {
        let (answer, last) = answer(&Message::from_bytes(b"hello\n"));
        assert_eq!(answer, b"Message received\n");
        assert!(!last);
    }
}
