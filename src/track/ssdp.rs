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
