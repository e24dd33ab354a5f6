//! What a message says, in words.

use crate::dissect::Packet;
use crate::dissect::dhcp::{self, Message};

/// Most options kept of a message.
const MOST_OPTIONS: usize = 128;
/// Longest text kept of an option, in bytes.
const LONGEST_TEXT: usize = 1024;

/// The operation of what a server says.
pub(super) const REPLY: u8 = 2;

/// Whether the capture cuts a message before the end of its options.
pub(super) fn is_cut(message: &Message<'_>, packet: &Packet<'_>) -> bool {
    let whole = message.cookie && message.complete;
    packet.payload.captured < packet.payload.reported && !whole
}

/// What a message is called.
pub(super) fn name(message: &Message<'_>, cut: bool) -> &'static str {
    let name = message.kind().and_then(dhcp::message_name);
    // Without a type it is BOOTP's (RFC 951), which DHCP grew out of.
    name.unwrap_or(match (message.operation == REPLY, cut) {
        (true, true) => "a server's message, cut",
        (false, true) => "a client's message, cut",
        (true, false) => "BOOTP reply",
        (false, false) => "BOOTP request",
    })
}

/// All options but padding and end, as text.
pub(super) fn options(message: &Message<'_>) -> Vec<String> {
    message
        .options
        .iter()
        .filter(|option| !matches!(option.code, 0 | 255))
        .take(MOST_OPTIONS)
        .map(|option| {
            clipped(format!(
                "{} {}: {}",
                option.code,
                dhcp::name(option.code),
                dhcp::value(option.code, option.bytes)
            ))
        })
        .collect()
}

/// Cut to a length that is kept, with a sign that it was.
pub(super) fn clipped(mut text: String) -> String {
    if text.len() > LONGEST_TEXT {
        let fits = (0..=LONGEST_TEXT)
            .rev()
            .find(|&at| text.is_char_boundary(at));
        text.truncate(fits.unwrap_or(0));
        text.push('…');
    }
    text
}
