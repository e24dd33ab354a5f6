//! Reads in a second thread while the frames before are looked at.

use super::{Batch, Reader};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

/// Batches on their way round: enough that no side waits often, few enough for the cache.
const BATCHES: usize = 6;

/// Reads a capture a few batches ahead. What comes out does not depend on whether there is a
/// second thread, which small files and machines with one core do without.
pub fn read_ahead(mut reader: Reader) -> ReadAhead {
    let mut first = Batch::new();
    let more = reader.next_batch(&mut first);
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let small = reader.size().is_some_and(|size| size <= first.position());
    let mut state = State::Alone {
        reader,
        spare: None,
        ended: !more,
    };
    if more && cores > 1 && !small {
        state = begin(state);
    }
    ReadAhead {
        state,
        first: more.then_some(first),
        current: Batch::new(),
    }
}

/// Gives out the batches of a capture that is read ahead.
pub struct ReadAhead {
    state: State,
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
        spare: Option<Batch>,
        ended: bool,
    },
    /// They are read in another thread.
    Together {
        thread: JoinHandle<Reader>,
        full: Receiver<Batch>,
        empty: Sender<Batch>,
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
            self.give_back(used);
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
                spare,
                ended,
            } => {
                let mut batch = spare.take().unwrap_or_default();
                *ended = *ended || !reader.next_batch(&mut batch);
                (!*ended).then_some(batch)
            }
            State::Together { full, .. } => full.recv().ok(),
        }
    }

    /// Takes back a batch, whose memory the next frames use.
    pub fn give_back(&mut self, batch: Batch) {
        match &mut self.state {
            State::Alone { spare, .. } => *spare = Some(batch),
            // It fails when the thread has read everything and needs no batch any more.
            State::Together { empty, .. } => drop(empty.send(batch)),
        }
    }

    /// Where another thread gives batches back, if there are threads. It must be dropped before
    /// [`finish`](Self::finish).
    pub fn returns(&self) -> Option<Sender<Batch>> {
        match &self.state {
            State::Alone { .. } => None,
            State::Together { empty, .. } => Some(empty.clone()),
        }
    }

    /// Stops reading and gives the reader back, which has the [`Ending`](super::Ending) and the
    /// interfaces.
    pub fn finish(self) -> Reader {
        match self.state {
            State::Alone { reader, .. } => reader,
            State::Together {
                thread,
                full,
                empty,
            } => {
                drop((full, empty));
                match thread.join() {
                    Ok(reader) => reader,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        }
    }
}

/// Moves the reader to a thread of its own, unless the system allows no more threads.
fn begin(state: State) -> State {
    let State::Alone { reader, ended, .. } = state else {
        return state;
    };
    let (hand_over, take_over) = sync_channel::<Reader>(1);
    let (full_in, full) = sync_channel(BATCHES);
    let (empty, empty_out) = channel();
    let spawned = thread::Builder::new()
        .name("read ahead".to_owned())
        .spawn(move || {
            let reader = take_over.recv().expect("the reader is sent at once");
            read_all(reader, &empty_out, &full_in)
        });
    let Ok(thread) = spawned else {
        return State::Alone {
            reader,
            spare: None,
            ended,
        };
    };
    for _ in 1..BATCHES {
        // The thread holds the other end until it returns.
        let _ = empty.send(Batch::new());
    }
    if hand_over.send(reader).is_err() {
        unreachable!("the thread waits for the reader");
    }
    State::Together {
        thread,
        full,
        empty,
    }
}

fn read_all(mut reader: Reader, empty: &Receiver<Batch>, full: &SyncSender<Batch>) -> Reader {
    while let Ok(mut batch) = empty.recv() {
        if !reader.next_batch(&mut batch) || full.send(batch).is_err() {
            break;
        }
    }
    reader
}
