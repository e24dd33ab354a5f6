//! Nagle's algorithm (RFC 896) against delayed acknowledgments (RFC 1122 4.2.3.2), made visible:
//! a question in two small writes, then a read.
//!
//! The second write is held back until the first is acknowledged; the receiver, which has nothing
//! to say yet, holds its acknowledgment back too. Nobody is wrong, and 40 ms and more are lost.

use super::connect::connect;
use super::fault::Fault;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Whether small segments are held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Small {
    /// While others are unacknowledged (Nagle's algorithm, the default of TCP).
    Held,
    /// Never (`TCP_NODELAY`).
    Sent,
}

/// How long each of `rounds` questions takes, after a first one in a single write: a receiver
/// that has never answered acknowledges at once.
pub fn rounds(
    addresses: &[SocketAddr],
    small: Small,
    rounds: usize,
    patience: Duration,
) -> Result<Vec<Duration>, Fault> {
    let mut conversation = connect(addresses, patience)?.conversation;
    conversation
        .stream()
        .set_nodelay(small == Small::Sent)
        .map_err(Fault::system("TCP_NODELAY"))?;
    conversation.tell(b"one write\n")?;
    conversation.owed("the first answer")?;
    let mut times = Vec::new();
    for _ in 0..rounds {
        let begun = Instant::now();
        conversation.tell(b"two ")?;
        conversation.tell(b"writes\n")?;
        conversation.owed("the answer")?;
        times.push(begun.elapsed());
    }
    conversation.close();
    Ok(times)
}
