//! SSDP over time: requests and responses in datagrams, numbered as Wireshark numbers the
//! messages of an HTTP conversation.
//!
//! **Invariant:** only asked when fields of these messages are.

use super::messages::HttpNote;
use crate::capture::Time;
use crate::dissect::http::{self, Kind};
use std::collections::HashMap;

/// All conversations, by their UDP stream.
#[derive(Default)]
pub struct Conversations {
    streams: HashMap<u32, Conversation>,
    /// Request frame to response frame.
    responses: HashMap<u32, u32>,
}

/// One conversation: how many pairs there are, and the newest.
#[derive(Default)]
struct Conversation {
    pairs: u32,
    request: Option<(u32, Time)>,
    answered: bool,
}

impl Conversations {
    /// Takes in a message.
    pub fn message(&mut self, stream: u32, frame: u32, time: Time, bytes: &[u8]) -> HttpNote {
        let mut note = HttpNote::default();
        let conversation = self.streams.entry(stream).or_default();
        match http::recognize(bytes) {
            Some(Kind::Request) => {
                conversation.pairs += 1;
                conversation.request = Some((frame, time));
                conversation.answered = false;
                note.request_number = Some(conversation.pairs);
            }
            Some(Kind::Response) => {
                if conversation.answered || conversation.pairs == 0 {
                    conversation.pairs += 1;
                    conversation.request = None;
                }
                conversation.answered = true;
                note.response_number = Some(conversation.pairs);
                if let Some((request, asked)) = conversation.request {
                    note.request_in = Some(request);
                    note.time = Some(time.since(asked));
                    self.responses.entry(request).or_insert(frame);
                }
            }
            _ => {}
        }
        note
    }

    /// Adds what a first reading knows of a message: the frame of the response to a request.
    pub fn complete(&self, note: &mut HttpNote, frame: u32) {
        if note.request_number.is_some() {
            note.response_in = self.responses.get(&frame).copied();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_belong_to_the_request_before_them_or_count_alone() {
        let mut conversations = Conversations::default();
        let mut ask = |stream, frame, bytes: &[u8]| {
            conversations.message(stream, frame, Time(i64::from(frame) * 1_000), bytes)
        };
        let search = b"M-SEARCH * HTTP/1.1\r\n\r\n";
        let found = b"HTTP/1.1 200 OK\r\n\r\n";
        assert_eq!(ask(7, 1, search).request_number, Some(1));
        assert_eq!(ask(7, 2, search).request_number, Some(2));
        let answer = ask(7, 3, found);
        assert_eq!(
            (answer.response_number, answer.request_in),
            (Some(2), Some(2))
        );
        assert_eq!(answer.time, Some(1_000));
        let other = ask(7, 4, found);
        assert_eq!((other.response_number, other.request_in), (Some(3), None));
        assert_eq!(ask(8, 5, found).response_number, Some(1));
        let mut first = HttpNote {
            request_number: Some(2),
            ..HttpNote::default()
        };
        conversations.complete(&mut first, 2);
        assert_eq!(first.response_in, Some(3));
    }
}
