//! TLS inside EAP (RFC 5216 and its relatives), as it passes between a station and an access
//! point (802.1X): the pieces of a flight become one message, in the frame of the last piece.
//!
//! **Invariant:** what waits for its last piece is bounded, in each conversation and in their
//! number.

use super::messages::{Message, tls_message};
use crate::dissect::tls;
use crate::dissect::{Packet, layer::Protocol};
use std::collections::HashMap;

/// Most bytes of a flight.
const MOST: usize = 1 << 16;
/// Most conversations.
const MOST_CONVERSATIONS: usize = 1024;

/// EAP methods that carry TLS: EAP-TLS, TTLS, PEAP, FAST.
const METHODS: [u8; 4] = [13, 21, 25, 43];

/// All conversations, by their two stations.
#[derive(Default)]
pub struct Conversations {
    by_stations: HashMap<([u8; 6], [u8; 6]), Conversation>,
}

#[derive(Default)]
struct Conversation {
    waiting: [Vec<u8>; 2],
    tls: [tls::State; 2],
}

impl Conversations {
    /// Takes in a frame, and hands out the message that ends in it.
    pub fn packet(&mut self, packet: &Packet<'_>) -> Option<Message> {
        let (to, from) = packet.macs?;
        let mut layers = packet.layers.as_slice().iter();
        let layer = layers.find(|l| l.protocol == Protocol::Other && l.name == "eapol")?;
        let view = packet.view(layer);
        // 802.1X: version, type (0 is EAP), length. EAP: code, identifier, length, method.
        let method = view.u8(8)?;
        if view.u8(1)? != 0 || !matches!(view.u8(4)?, 1 | 2) || !METHODS.contains(&method) {
            return None;
        }
        let flags = view.u8(9)?;
        let start = if flags & 0x80 == 0 { 10 } else { 14 };
        let data = view.slice(start..4 + usize::from(view.u16(6)?))?;
        if data.is_empty() {
            return None;
        }
        let (key, side) = if from <= to {
            ((from, to), 0)
        } else {
            ((to, from), 1)
        };
        let full = self.by_stations.len() >= MOST_CONVERSATIONS;
        if full && !self.by_stations.contains_key(&key) {
            return None;
        }
        let conversation = self.by_stations.entry(key).or_default();
        let waiting = &mut conversation.waiting[side];
        if waiting.len() + data.len() > MOST {
            waiting.clear();
            return None;
        }
        waiting.extend_from_slice(data);
        if flags & 0x40 != 0 {
            return None;
        }
        let bytes = std::mem::take(waiting);
        Some(tls_message(&bytes, &mut conversation.tls, side))
    }
}
