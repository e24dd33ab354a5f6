//! Follows the bytes of streams in a thread of its own, behind the one that tracks connections.
//! What comes out is the same as without: the batches arrive in order.

use super::{Carried, Streams};
use crate::capture::{Batch, ReadAhead};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

/// Batches that may wait: the reader has a few more.
const WAITING: usize = 2;

/// What follows the streams, here or in a thread.
pub struct Behind {
    state: State,
    /// The list in use.
    list: Vec<Carried>,
}

enum State {
    Here(Box<Streams>),
    There {
        thread: JoinHandle<Streams>,
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
            State::Here(streams) => {
                streams.batch(&batch, &self.list);
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
    pub fn finish(self) -> Streams {
        match self.state {
            State::Here(streams) => *streams,
            State::There { thread, work, .. } => {
                drop(work);
                match thread.join() {
                    Ok(streams) => streams,
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
        let mut streams = Streams::default();
        for (batch, mut list) in tasks {
            streams.batch(&batch, &list);
            list.clear();
            // Both fail at the end, when nobody needs them any more.
            let _ = returns.send(batch);
            let _ = used.send(list);
        }
        streams
    };
    let thread = thread::Builder::new()
        .name("streams".to_owned())
        .spawn(follow)
        .ok()?;
    Some(State::There {
        thread,
        work,
        lists,
    })
}
