//! Follows TCP conversations and the bytes in them in a thread of its own, behind the one that
//! dissects. What comes out is the same as without: the batches arrive in order.

use super::stream::{Carried, Streams};
use super::tcp::Connections;
use crate::capture::{Batch, ReadAhead};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

/// Batches that may wait: the reader has a few more.
const WAITING: usize = 2;

/// TCP conversations and the messages in their streams.
#[derive(Default)]
pub struct Tcp {
    /// The conversations.
    pub connections: Connections,
    /// The messages.
    pub streams: Streams,
}

impl Tcp {
    /// Takes in the segments of a batch.
    fn batch(&mut self, batch: &Batch, list: &[Carried]) {
        for carried in list {
            let frame = || batch.get(carried.seen.frame).map_or(&[][..], |f| f.bytes);
            self.segment(carried, frame);
        }
    }

    /// Takes in one segment; `frame` gives the bytes of the frame it is in.
    pub fn segment<'a>(&mut self, carried: &'a Carried, frame: impl FnOnce() -> &'a [u8]) {
        self.connections.follow(&carried.seen);
        self.streams.segment(carried, frame);
    }
}

/// What follows the conversations, here or in a thread.
pub struct Behind {
    state: State,
    /// The list in use.
    list: Vec<Carried>,
}

enum State {
    Here(Box<Tcp>),
    There {
        thread: JoinHandle<Tcp>,
        work: SyncSender<(Batch, Vec<Carried>)>,
        lists: Receiver<Vec<Carried>>,
    },
}

impl Behind {
    /// Goes along with a reader: in a thread if that has one.
    pub fn new(ahead: &ReadAhead) -> Behind {
        Behind {
            state: ahead
                .returns()
                .and_then(begin)
                .unwrap_or_else(|| State::Here(Box::default())),
            list: Vec::new(),
        }
    }

    /// The list of what the segments of the next batch carry, empty.
    pub fn list(&mut self) -> &mut Vec<Carried> {
        &mut self.list
    }

    /// Takes in a batch with its list, and gives it back to the reader in the end.
    pub fn batch(&mut self, batch: Batch, ahead: &mut ReadAhead) {
        match &mut self.state {
            State::Here(tcp) => {
                tcp.batch(&batch, &self.list);
                self.list.clear();
                ahead.give_back(batch);
            }
            State::There { work, lists, .. } => {
                let spare = lists.try_recv().unwrap_or_default();
                let list = std::mem::replace(&mut self.list, spare);
                // It fails only when the thread panicked, which `finish` tells.
                let _ = work.send((batch, list));
            }
        }
    }

    /// Everything found.
    pub fn finish(self) -> Tcp {
        match self.state {
            State::Here(tcp) => *tcp,
            State::There { thread, work, .. } => {
                drop(work);
                match thread.join() {
                    Ok(tcp) => tcp,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        }
    }
}

/// Starts the thread, if the system allows one.
fn begin(returns: Sender<Batch>) -> Option<State> {
    let (work, tasks) = sync_channel::<(Batch, Vec<Carried>)>(WAITING);
    let (used, lists) = channel();
    let follow = move || {
        let mut tcp = Tcp::default();
        for (batch, mut list) in tasks {
            tcp.batch(&batch, &list);
            list.clear();
            // Both fail at the end, when nobody needs them any more.
            let _ = returns.send(batch);
            let _ = used.send(list);
        }
        tcp
    };
    let thread = thread::Builder::new()
        .name("conversations".to_owned())
        .spawn(follow)
        .ok()?;
    Some(State::There {
        thread,
        work,
        lists,
    })
}
