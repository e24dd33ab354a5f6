//! TLS inside EAP (RFC 5216 and its relatives), as it passes between a station and an access
//! point (802.1X): the pieces of a flight become one message, in the frame of the last piece.
//!
//! **Invariant:** what waits for its last piece is bounded, in each conversation and in their
//! number.

use super::messages::{Message, tls_message};
use crate::dissect::Packet;
use crate::dissect::tls;
use std::collections::HashMap;

/// Most bytes of a flight.
const MOST: usize = 1 << 16;
/// Most conversations.
const MOST_CONVERSATIONS: usize = 1024;

/// The flag that begins a TLS conversation, maybe after another (RFC 5216 section 3.1).
const START: u8 = 0x20;

/// EAP methods that carry TLS: EAP-TLS, TTLS, PEAP, FAST.
const METHODS: [u8; 4] = [13, 21, 25, 43];

/// All conversations, by their two stations.
#[derive(Default)]
pub(crate) struct Conversations {
    by_stations: HashMap<([u8; 6], [u8; 6]), Conversation>,
}

#[derive(Default)]
struct Conversation {
    waiting: [Vec<u8>; 2],
    tls: [tls::State; 2],
}

impl Conversations {
    /// Takes in a frame, and hands out the message that ends in it.
    pub(crate) fn packet(&mut self, packet: &Packet<'_>) -> Option<Message> {
        let (to, from) = packet.macs?;
        let mut layers = packet.layers.as_slice().iter();
        let layer = layers.find(|l| l.name == "eapol")?;
        let view = packet.view(layer);
        // 802.1X: version, type (0 is EAP), length. EAP: code, identifier, length, method.
        let method = view.u8(8)?;
        if view.u8(1)? != 0 || !matches!(view.u8(4)?, 1 | 2) || !METHODS.contains(&method) {
            return None;
        }
        let flags = view.u8(9)?;
        let start = if flags & 0x80 == 0 { 10 } else { 14 };
        let data = view.slice(start..4 + usize::from(view.u16(6)?))?;
        let key = (from.min(to), from.max(to));
        let side = usize::from(key.0 != from);
        if flags & START != 0 {
            self.by_stations.remove(&key);
        }
        if data.is_empty() {
            return None;
        }
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
        Some(tls_message(
            &bytes,
            bytes.len(),
            &mut conversation.tls,
            side,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Frame, LinkType};

    /// An EAP-TLS request or response in a frame.
    fn frame(from: u8, to: u8, code: u8, flags: u8, data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 0x88, 0x8e];
        let length = u16::try_from(6 + data.len()).unwrap().to_be_bytes();
        bytes.extend([1, 0, length[0], length[1]]);
        bytes.extend([code, 1, length[0], length[1], 13, flags]);
        bytes.extend(data);
        bytes
    }

    /// Whether the handshake in the station's next flight is taken for encrypted, after these.
    fn encrypted(before: &[Vec<u8>]) -> bool {
        let mut conversations = Conversations::default();
        let hello = frame(1, 2, 2, 0, &[22, 3, 1, 0, 4, 1, 0, 0, 0]);
        let mut last = None;
        for bytes in before.iter().chain([&hello]) {
            let packet = Packet::dissect(Frame {
                number: 1,
                time: None,
                wire_length: u32::try_from(bytes.len()).unwrap(),
                interface: 0,
                link: LinkType::ETHERNET,
                bytes,
            });
            last = conversations.packet(&packet);
        }
        last.expect("the hello is a message").state.tls.encrypted
    }

    /// How long the messages are that end in these frames.
    fn lengths(frames: &[Vec<u8>]) -> Vec<Option<usize>> {
        let mut conversations = Conversations::default();
        let mut length = |bytes: &Vec<u8>| {
            let packet = Packet::dissect(Frame {
                number: 1,
                time: None,
                wire_length: u32::try_from(bytes.len()).unwrap(),
                interface: 0,
                link: LinkType::ETHERNET,
                bytes,
            });
            conversations.packet(&packet).map(|m| m.bytes.len())
        };
        frames.iter().map(&mut length).collect()
    }

    #[test]
    fn pieces_become_one_message_up_to_a_limit() {
        const MORE: u8 = 0x40;
        let half = vec![23; MOST / 2];
        let piece = |flags, data: &[u8]| frame(1, 2, 2, flags, data);
        assert_eq!(
            lengths(&[piece(MORE, &half), piece(0, &half)]),
            [None, Some(MOST)]
        );
        let over = [&half[..], &[23]].concat();
        let after = [piece(MORE, &half), piece(0, &over), piece(0, b"ab")];
        assert_eq!(lengths(&after), [None, None, Some(2)]);
        // The other direction has a message of its own, and so have other stations.
        let others = [
            piece(MORE, b"abc"),
            frame(2, 1, 1, 0, b"d"),
            frame(3, 2, 2, 0, b"ef"),
            piece(0, b"g"),
        ];
        assert_eq!(lengths(&others), [None, Some(1), Some(2), Some(4)]);
        // Success and failure (codes 3 and 4) carry nothing, nor does an acknowledgment.
        let none = [
            frame(1, 2, 3, 0, b"a"),
            piece(0, b""),
            frame(1, 2, 1, 0, b"a"),
        ];
        assert_eq!(lengths(&none), [None, None, Some(1)]);
        // With the flag for it four bytes of length come first (RFC 5216 section 3.1).
        assert_eq!(lengths(&[piece(0x80, b"\0\0\0\x02ab")]), [Some(2)]);
    }

    #[test]
    fn more_conversations_than_are_followed() {
        let mut frames = Vec::new();
        let most = u32::try_from(MOST_CONVERSATIONS).unwrap();
        for number in 0..=most {
            let mut bytes = frame(1, 2, 2, 0, b"a");
            bytes[6..10].copy_from_slice(&number.to_be_bytes());
            bytes[6] = 2;
            frames.push(bytes);
        }
        frames.push(frames[0].clone());
        let told = lengths(&frames);
        assert!(told[..MOST_CONVERSATIONS].iter().all(Option::is_some));
        assert_eq!(told[MOST_CONVERSATIONS..], [None, Some(1)]);
    }

    #[test]
    fn a_second_conversation_begins_in_clear() {
        let changed = frame(1, 2, 2, 0, &[20, 3, 1, 0, 1, 1]);
        let start = frame(2, 1, 1, START, &[]);
        assert!(!encrypted(&[]));
        assert!(encrypted(std::slice::from_ref(&changed)));
        assert!(!encrypted(&[changed, start]));
    }
}
