//! Follows TCP conversations and the bytes in them in a thread of its own, behind the one that
//! dissects. What comes out is the same as without: the batches arrive in order.

use super::stream::{Carried, Streams};
use super::tcp::Connections;
use super::tcp::segments::Segments;
use crate::capture::{Batch, give_back};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

/// Batches that may wait.
const WAITING: usize = 2;

/// TCP conversations and the messages in their streams.
#[derive(Default)]
pub(crate) struct Tcp {
    /// The conversations.
    pub connections: Connections,
    /// The messages.
    pub streams: Streams,
    /// Segments one by one, when they are asked for.
    pub segments: Option<Segments>,
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
    pub(crate) fn segment<'a>(&mut self, carried: &'a Carried, frame: impl FnOnce() -> &'a [u8]) {
        match &mut self.segments {
            None => self.connections.keep(&carried.seen),
            Some(segments) => {
                let note = self.connections.follow(&carried.seen);
                segments.segment(&carried.seen, &note);
            }
        }
        self.streams.segment(carried, frame);
    }
}

/// What follows the conversations: here, and in a thread once there is more than one batch.
pub(crate) struct Behind {
    state: State,
    /// The list in use.
    list: Vec<Carried>,
    /// Where batches go in the end.
    returns: Sender<Batch>,
}

enum State {
    Here { tcp: Box<Tcp>, batches: u32 },
    There(There),
}

struct There {
    thread: JoinHandle<Box<Tcp>>,
    work: SyncSender<(Batch, Vec<Carried>)>,
    lists: Receiver<Vec<Carried>>,
}

impl Behind {
    /// Nothing followed yet; batches go to `returns` in the end.
    pub(crate) fn new(tcp: Tcp, returns: Sender<Batch>) -> Behind {
        Behind {
            state: State::Here {
                tcp: Box::new(tcp),
                batches: 0,
            },
            list: Vec::new(),
            returns,
        }
    }

    /// The list of what the segments of the next batch carry, empty.
    pub(crate) fn list(&mut self) -> &mut Vec<Carried> {
        &mut self.list
    }

    /// Takes in a batch with its list.
    pub(crate) fn batch(&mut self, batch: Batch) {
        if let State::Here { tcp, batches: 1 } = &mut self.state
            && let Some(there) = begin(tcp, &self.returns)
        {
            self.state = State::There(there);
        }
        match &mut self.state {
            State::Here { tcp, batches } => {
                tcp.batch(&batch, &self.list);
                self.list.clear();
                *batches += 1;
                give_back(&self.returns, batch);
            }
            State::There(there) => {
                let spare = there.lists.try_recv().unwrap_or_default();
                let list = std::mem::replace(&mut self.list, spare);
                // It fails only when the thread panicked, which `finish` tells.
                let _ = there.work.send((batch, list));
            }
        }
    }

    /// Everything found.
    pub(crate) fn finish(self) -> Tcp {
        match self.state {
            State::Here { tcp, .. } => *tcp,
            State::There(There { thread, work, .. }) => {
                drop(work);
                match thread.join() {
                    Ok(tcp) => *tcp,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        }
    }
}

/// Goes on in a thread, if there are two cores and the system allows one.
fn begin(tcp: &mut Box<Tcp>, returns: &Sender<Batch>) -> Option<There> {
    if thread::available_parallelism().is_ok_and(|cores| cores.get() < 2) {
        return None;
    }
    let (hand_over, take_over) = sync_channel::<Box<Tcp>>(1);
    let (work, tasks) = sync_channel::<(Batch, Vec<Carried>)>(WAITING);
    let (used, lists) = channel();
    let returns = returns.clone();
    let follow = move || {
        let mut tcp = take_over.recv().expect("they are sent at once");
        for (batch, mut list) in tasks {
            tcp.batch(&batch, &list);
            list.clear();
            give_back(&returns, batch);
            // It fails at the end, when no list is needed any more.
            let _ = used.send(list);
        }
        tcp
    };
    let thread = thread::Builder::new()
        .name("conversations".to_owned())
        .spawn(follow)
        .ok()?;
    if hand_over.send(std::mem::take(tcp)).is_err() {
        unreachable!("the thread waits for them");
    }
    Some(There {
        thread,
        work,
        lists,
    })
}
