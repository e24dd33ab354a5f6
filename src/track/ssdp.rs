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
pub(crate) struct Conversations {
    streams: HashMap<u32, Conversation>,
    /// Stream and number of a pair, to the frame of its request.
    requests: HashMap<(u32, u32), u32>,
    /// Stream and number of a pair, to the frame of its response.
    responses: HashMap<(u32, u32), u32>,
}

/// One conversation: how many pairs there are, and the newest.
#[derive(Default)]
struct Conversation {
    pairs: u32,
    request: Option<(u32, Time, Option<Vec<u8>>)>,
    answered: bool,
}

impl Conversations {
    /// Takes in a message.
    pub(crate) fn message(
        &mut self,
        stream: u32,
        frame: u32,
        time: Time,
        bytes: &[u8],
    ) -> HttpNote {
        let mut note = HttpNote::default();
        let conversation = self.streams.entry(stream).or_default();
        match http::recognize(bytes) {
            Some(Kind::Request) => {
                conversation.pairs += 1;
                let head = http::parse_cut_head(bytes, None);
                let uri = head.map(|head| head.full_uri().unwrap_or_else(|| head.uri.to_vec()));
                conversation.request = Some((frame, time, uri));
                self.requests.insert((stream, conversation.pairs), frame);
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
                self.responses.insert((stream, conversation.pairs), frame);
                if let Some((request, asked, uri)) = &conversation.request {
                    note.request_in = Some(*request);
                    note.time = Some(time.since(*asked));
                    note.request_uri.clone_from(uri);
                }
            }
            _ => return note,
        }
        note.exchange = conversation.pairs;
        note
    }

    /// Adds what a first reading knows of a message: the frames of its pair and of those beside.
    pub(crate) fn complete(&self, note: &mut HttpNote, stream: u32) {
        if note.exchange == 0 {
            return;
        }
        let request = |pair| self.requests.get(&(stream, pair)).copied();
        let response = |pair| self.responses.get(&(stream, pair)).copied();
        let (before, after) = (note.exchange - 1, note.exchange + 1);
        note.previous.0 = request(before);
        note.next.0 = request(after);
        if note.response_number.is_some() {
            note.previous.1 = response(before);
            note.next.1 = response(after);
        } else {
            note.response_in = response(note.exchange);
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
            exchange: 2,
            ..HttpNote::default()
        };
        conversations.complete(&mut first, 7);
        assert_eq!((first.response_in, first.previous.0), (Some(3), Some(1)));
    }
}
