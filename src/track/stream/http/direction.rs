//! How far the messages of one direction were read.

use crate::capture::Time;
use crate::track::stream::forms::Form;

/// Where one direction stands.
#[derive(Default)]
pub(super) enum State {
    /// Before or inside a head.
    #[default]
    Head,
    /// In a body of known length.
    Body(u64),
    /// In a chunked body: the size line so far.
    ChunkSize(Vec<u8>),
    /// In a chunk, its line end included.
    Chunk(u64),
    /// In the trailer after the last chunk: bytes of the current line.
    Trailer(u32),
    /// In a body that the end of the connection ends.
    UntilClose,
    /// Lost; goes on where a segment begins a message.
    Lost,
    /// HTTP was left for good: what looks like it in a tunnel is between others.
    Left,
}

/// Where a message begins.
#[derive(Clone, Copy)]
pub(in crate::track::stream) struct First {
    pub(in crate::track::stream) frame: u32,
    pub(in crate::track::stream) time: Time,
    /// Number of its first byte, and what the segment acknowledges that carries it.
    pub(super) number: u32,
    pub(super) acked: u32,
}

#[derive(Default)]
pub(super) struct Direction {
    pub(super) state: State,
    pub(super) head: Vec<u8>,
    /// The frame of the newest bytes of a head, and its time.
    pub(super) newest: (u32, Time),
    /// Where the message begins that is being read.
    pub(super) first: Option<First>,
    /// Which exchange the message belongs to.
    pub(super) row: Option<usize>,
    /// Frame and time of a request whose body waits to be asked for, and whether it was refused.
    pub(super) expects: Option<(u32, Time)>,
    pub(super) refused: bool,
    pub(super) body: u64,
    /// The body, if it is a form.
    pub(super) form: Option<Box<Form>>,
    /// Something of it was read.
    pub(super) read: bool,
}

impl Direction {
    /// How many bytes of a body were read that is not whole.
    pub(super) fn part(&self) -> Option<u64> {
        match self.state {
            State::Body(_) | State::ChunkSize(_) | State::Trailer(_) => Some(self.body),
            // The line end after the chunk is none of the body.
            State::Chunk(left) => Some(self.body.saturating_sub(left.saturating_sub(2))),
            _ => None,
        }
    }

    /// Whether a body may not be sent, since the server has answered without it.
    pub(super) fn withholds(&self) -> bool {
        let awaited = matches!(self.state, State::Body(_) | State::ChunkSize(_));
        awaited && self.refused && self.body == 0
    }
}
