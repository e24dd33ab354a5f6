//! Follows TCP conversations and the bytes in them behind the thread that dissects. What comes out
//! is the same as without: the batches arrive in order, at both stages.
//!
//! A thread of its own follows the conversations of each batch; then whoever has time, it or the one
//! that dissects, reads the streams of the batch that waits longest. So both cores are busy, whatever
//! the capture is made of.

use super::stream::{Carried, Streams};
use super::tcp::Connections;
use super::tcp::segments::Segments;
use crate::capture::{Batch, give_back};
use std::collections::VecDeque;
use std::mem;
use std::sync::mpsc::{Sender, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

/// Batches that may wait for their conversations to be followed: enough for the time in which the
/// other thread reads streams.
const WAITING: usize = 8;
/// Batches that may wait for their streams to be read, for whoever has time.
const FOLLOWED: usize = 4;
/// Whoever waits looks again after this time, should nobody wake him.
const NAP: Duration = Duration::from_millis(2);
/// How many segments ahead their conversations are fetched.
const AHEAD: usize = 6;

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
    /// Takes in one segment; `frame` gives the bytes of the frame it is in.
    pub(crate) fn segment<'a>(&mut self, carried: &'a Carried, frame: impl FnOnce() -> &'a [u8]) {
        self.follow(carried);
        self.streams.segment(carried, frame);
    }

    /// Follows its conversation.
    fn follow(&mut self, carried: &Carried) {
        match &mut self.segments {
            None => self.connections.keep(&carried.seen),
            Some(segments) => {
                let note = self.connections.follow(&carried.seen);
                segments.segment(&carried.seen, &note);
            }
        }
    }
}

/// A batch and what its segments carry.
struct Work {
    batch: Batch,
    list: Vec<Carried>,
}

impl Work {
    /// Reads the streams.
    fn read(&self, streams: &mut Streams) {
        for (at, carried) in self.list.iter().enumerate() {
            if let Some(later) = self.list.get(at + AHEAD) {
                self.batch.fetch_at(later.seen.frame, later.start());
            }
            let frame = || {
                let frame = self.batch.get(carried.seen.frame);
                frame.map_or(&[][..], |f| f.bytes)
            };
            streams.segment(carried, frame);
        }
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
    /// Gives the conversations back.
    thread: JoinHandle<Box<Tcp>>,
    work: SyncSender<Work>,
    second: Arc<Second>,
}

/// The second stage, for both threads.
struct Second {
    streams: Mutex<Streams>,
    /// Batches whose streams are still to be read.
    waiting: Mutex<VecDeque<Work>>,
    /// Lists to be used again.
    spare: Mutex<Vec<Vec<Carried>>>,
    returns: Sender<Batch>,
}

impl Second {
    /// Reads the streams of the batch that waits longest, unless the other thread is reading. Says
    /// whether there was something to do.
    fn help(&self) -> bool {
        let streams = self.streams.try_lock();
        streams.is_ok_and(|mut streams| self.next(&mut streams))
    }

    /// The same for whoever has the streams: so they are read in order.
    fn next(&self, streams: &mut Streams) -> bool {
        let Some(mut work) = lock(&self.waiting).pop_front() else {
            return false;
        };
        work.read(streams);
        work.list.clear();
        lock(&self.spare).push(work.list);
        give_back(&self.returns, work.batch);
        true
    }
}

/// What is in it: a panic of the other thread is told when it is joined.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        let list = mem::take(&mut self.list);
        let mut work = Work { batch, list };
        match &mut self.state {
            State::Here { tcp, batches } => {
                for carried in &work.list {
                    tcp.follow(carried);
                }
                work.read(&mut tcp.streams);
                work.list.clear();
                self.list = work.list;
                *batches += 1;
                give_back(&self.returns, work.batch);
            }
            State::There(there) => {
                there.send(work);
                self.list = lock(&there.second.spare).pop().unwrap_or_default();
            }
        }
    }

    /// Everything found.
    pub(crate) fn finish(self) -> Tcp {
        match self.state {
            State::Here { tcp, .. } => *tcp,
            State::There(There {
                thread,
                work,
                second,
            }) => {
                drop(work);
                match thread.join() {
                    Ok(mut tcp) => {
                        tcp.streams = mem::take(&mut *lock(&second.streams));
                        *tcp
                    }
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        }
    }
}

impl There {
    /// Hands work over; while there is no room for it, reads streams, and sleeps only where there
    /// are none to be read.
    fn send(&self, mut work: Work) {
        loop {
            match self.work.try_send(work) {
                Err(TrySendError::Full(full)) => work = full,
                // It is disconnected only when the thread panicked, which `finish` tells.
                Ok(()) | Err(TrySendError::Disconnected(_)) => return,
            }
            if !self.second.help() {
                thread::park_timeout(NAP);
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
    let (work, tasks) = sync_channel::<Work>(WAITING);
    let second = Arc::new(Second {
        streams: Mutex::default(),
        waiting: Mutex::default(),
        spare: Mutex::default(),
        returns: returns.clone(),
    });
    let theirs = Arc::clone(&second);
    let sender: Thread = thread::current();
    let follow = move || {
        let mut tcp = take_over.recv().expect("they are sent at once");
        *lock(&theirs.streams) = mem::take(&mut tcp.streams);
        loop {
            let work = match tasks.try_recv() {
                Ok(work) => work,
                Err(TryRecvError::Empty) if theirs.help() => continue,
                Err(_) => match tasks.recv() {
                    Ok(work) => work,
                    Err(_) => break,
                },
            };
            // There is room for another one, and later streams to be read.
            sender.unpark();
            for (at, carried) in work.list.iter().enumerate() {
                if let Some(later) = work.list.get(at + AHEAD) {
                    tcp.connections.fetch(&later.seen);
                }
                tcp.follow(carried);
            }
            let waiting = {
                let mut waiting = lock(&theirs.waiting);
                waiting.push_back(work);
                waiting.len()
            };
            sender.unpark();
            if waiting > FOLLOWED {
                theirs.next(&mut lock(&theirs.streams));
            }
        }
        let mut streams = lock(&theirs.streams);
        while theirs.next(&mut streams) {}
        drop(streams);
        tcp
    };
    let thread = thread::Builder::new()
        .name("conversations".to_owned())
        .spawn(follow)
        .ok()?;
    if hand_over.send(mem::take(tcp)).is_err() {
        unreachable!("the thread waits for them");
    }
    Some(There {
        thread,
        work,
        second,
    })
}
