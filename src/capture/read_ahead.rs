//! Reads batches, in a second thread where that is worth it, while the frames before are looked
//! at.

use super::{Batch, Reader};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

/// Batches on their way round: enough that no side waits often, few enough for the cache.
const BATCHES: usize = 6;

/// Reads a capture batch by batch, for work that uses both cores by itself: only compressed files
/// are read in a thread of their own, since reading alone costs less than handing the bytes from
/// one core to another. What comes out does not depend on whether there is a thread.
pub fn read_ahead(reader: Reader) -> ReadAhead {
    start(reader, Reader::is_compressed)
}

/// Reads a capture in a thread of its own, for work that uses one core. What comes out does not
/// depend on whether there is a thread; small files and machines with one core do without.
pub fn read_beside(reader: Reader) -> ReadAhead {
    start(reader, |_| true)
}

fn start(mut reader: Reader, worth: fn(&Reader) -> bool) -> ReadAhead {
    let mut first = Batch::new();
    let more = reader.next_batch(&mut first);
    // The system is asked last: its answer takes a dozen calls.
    let cores = || thread::available_parallelism().map_or(1, NonZero::get);
    let small = reader.size().is_some_and(|size| size <= first.position());
    let (empty, empties) = channel();
    let threaded = more && !small && worth(&reader) && cores() > 1;
    let mut state = State::Alone {
        reader,
        empties,
        ended: !more,
    };
    if threaded {
        state = begin(state, &empty);
    }
    ReadAhead {
        state,
        empty,
        first: more.then_some(first),
        current: Batch::new(),
    }
}

/// Gives out the batches of a capture.
pub struct ReadAhead {
    state: State,
    /// Where batches go that can be used again.
    empty: Sender<Batch>,
    /// The first batch, while it was not given out.
    first: Option<Batch>,
    /// The batch that is lent.
    current: Batch,
}

#[expect(
    clippy::large_enum_variant,
    reason = "there is one of it, and it is never moved about"
)]
enum State {
    /// Batches are read when they are asked for.
    Alone {
        reader: Reader,
        empties: Receiver<Batch>,
        ended: bool,
    },
    /// They are read in another thread.
    Together {
        thread: JoinHandle<Reader>,
        full: Receiver<Batch>,
    },
}

impl ReadAhead {
    /// The next frames, one at least; `None` at the end.
    #[expect(
        clippy::should_implement_trait,
        reason = "the batch is lent, which an iterator cannot do"
    )]
    pub fn next(&mut self) -> Option<&Batch> {
        let used = std::mem::take(&mut self.current);
        // A batch that was never filled has no memory worth keeping.
        if !used.is_empty() {
            give_back(&self.empty, used);
        }
        self.current = self.take()?;
        Some(&self.current)
    }

    /// The next frames, to be given back when they have been looked at.
    pub fn take(&mut self) -> Option<Batch> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        match &mut self.state {
            State::Alone {
                reader,
                empties,
                ended,
            } => {
                let mut batch = empties.try_recv().unwrap_or_default();
                *ended = *ended || !reader.next_batch(&mut batch);
                (!*ended).then_some(batch)
            }
            State::Together { full, .. } => full.recv().ok(),
        }
    }

    /// Where batches are given back, from any thread. To be dropped before
    /// [`finish`](Self::finish).
    pub fn returns(&self) -> Sender<Batch> {
        self.empty.clone()
    }

    /// Stops reading and gives the reader back, which has the [`Ending`](super::Ending) and the
    /// interfaces.
    pub fn finish(self) -> Reader {
        let ReadAhead { state, empty, .. } = self;
        drop(empty);
        match state {
            State::Alone { reader, .. } => reader,
            State::Together { thread, full } => {
                drop(full);
                match thread.join() {
                    Ok(reader) => reader,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        }
    }
}

/// Gives a batch back for its memory to be used again.
pub fn give_back(returns: &Sender<Batch>, batch: Batch) {
    // It fails when everything was read and no batch is needed any more.
    let _ = returns.send(batch);
}

/// Moves the reader to a thread of its own, unless the system allows no more threads.
fn begin(state: State, empty: &Sender<Batch>) -> State {
    let State::Alone {
        reader,
        empties,
        ended,
    } = state
    else {
        return state;
    };
    let (hand_over, take_over) = sync_channel::<(Reader, Receiver<Batch>)>(1);
    let (full_in, full) = sync_channel(BATCHES);
    let spawned = thread::Builder::new()
        .name("read ahead".to_owned())
        .spawn(move || {
            let (reader, empties) = take_over.recv().expect("the reader is sent at once");
            read_all(reader, &empties, &full_in)
        });
    let Ok(thread) = spawned else {
        return State::Alone {
            reader,
            empties,
            ended,
        };
    };
    for _ in 1..BATCHES {
        give_back(empty, Batch::new());
    }
    if hand_over.send((reader, empties)).is_err() {
        unreachable!("the thread waits for the reader");
    }
    State::Together { thread, full }
}

fn read_all(mut reader: Reader, empties: &Receiver<Batch>, full: &SyncSender<Batch>) -> Reader {
    while let Ok(mut batch) = empties.recv() {
        if !reader.next_batch(&mut batch) || full.send(batch).is_err() {
            break;
        }
    }
    reader
}
