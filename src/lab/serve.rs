//! The loop of every TCP server with threads: accept, one thread a client, limits, an end.

use super::conversation::{Conversation, Ended, milliseconds, unmapped};
use super::fault::{Fault, error_name};
use super::log::{Event, Log};
use super::stop::{Stop, pause, poll_until};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd};
use std::collections::BTreeMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::Scope;
use std::time::{Duration, Instant};

/// What a server allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Clients at a time; further ones wait in the kernel's accept queue.
    pub clients: usize,
    /// How long a client may say nothing.
    pub patience: Duration,
    /// End after the first client.
    pub once: bool,
}

/// What the server does after a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Goes on serving.
    Serve,
    /// Ends, with all other clients.
    End,
}

/// Most of a client's thread is waiting; its stack holds one read buffer.
const STACK: usize = 256 * 1024;

/// Serves until asked to stop: `talk` has one client at a time, in a thread of its own.
///
/// One thread at a time waits for clients. Who accepts one serves it itself, and the next thread
/// takes its place: no client waits until a thread has been made for it.
pub fn serve<Talk>(
    listener: TcpListener,
    limits: Limits,
    stop: &Stop,
    log: &Log,
    talk: Talk,
) -> Result<(), Fault>
where
    Talk: Fn(&mut Conversation) -> Result<After, Ended> + Sync,
{
    let local = listen(&listener, log)?;
    // A client's thread that ends makes this readable, so a full server need not look at a clock.
    let freed = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
        .map_err(|error| Fault::system("eventfd")(error.into()))?;
    let hall = Hall {
        listener: &listener,
        limits,
        stop,
        log,
        local,
        freed: &freed,
        seats: Seats::default(),
        door: Mutex::new(Refused::default()),
        serving: AtomicUsize::new(0),
        idle: AtomicUsize::new(0),
        over: AtomicBool::new(false),
    };
    std::thread::scope(|scope| hall.work(scope, &talk));
    drop(listener);
    log.record(&Event::new("ended").at("tcp", local));
    Ok(())
}

/// Idle threads that are kept for the next clients.
const SPARE: usize = 8;

/// What the threads of a server share.
struct Hall<'a> {
    listener: &'a TcpListener,
    limits: Limits,
    stop: &'a Stop,
    log: &'a Log,
    local: SocketAddr,
    freed: &'a OwnedFd,
    seats: Seats,
    /// Held by the thread that waits for clients.
    door: Mutex<Refused>,
    serving: AtomicUsize,
    /// Threads that wait for the door.
    idle: AtomicUsize,
    over: AtomicBool,
}

impl Hall<'_> {
    /// One thread's work: wait for a client, let the next thread wait, serve, and again.
    fn work<'scope, 'env: 'scope, Talk>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        talk: &'env Talk,
    ) where
        Talk: Fn(&mut Conversation) -> Result<After, Ended> + Sync,
    {
        loop {
            self.idle.fetch_add(1, Ordering::AcqRel);
            let accepted = self.accept();
            let spare = self.idle.fetch_sub(1, Ordering::AcqRel) - 1;
            let Some(stream) = accepted else { return };
            if spare == 0 && !self.limits.once {
                let thread = std::thread::Builder::new().stack_size(STACK);
                if let Err(error) = thread.spawn_scoped(scope, || self.work(scope, talk)) {
                    // Then this thread comes back to the door when its client has gone.
                    Refused::default().tell(self.log, self.local, &error);
                }
            }
            if serve_one(
                stream,
                self.limits.patience,
                self.stop,
                self.log,
                talk,
                Some(&self.seats),
            ) == After::End
            {
                self.stop.ask();
            }
            self.serving.fetch_sub(1, Ordering::AcqRel);
            // A full counter is readable too.
            let _ = rustix::io::write(self.freed, &1_u64.to_ne_bytes());
            if self.limits.once || self.idle.load(Ordering::Acquire) > SPARE {
                return;
            }
        }
    }

    /// The next client; `None` at the end.
    fn accept(&self) -> Option<TcpStream> {
        let mut refused = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        while !self.over.load(Ordering::Acquire) {
            match next(
                self.listener,
                self.limits.clients,
                &self.serving,
                self.freed,
                self.stop,
                Some((&self.seats, self.log)),
            ) {
                Some(Ok(stream)) => {
                    self.serving.fetch_add(1, Ordering::AcqRel);
                    self.over.store(self.limits.once, Ordering::Release);
                    *refused = Refused::default();
                    return Some(stream);
                }
                Some(Err(error)) => {
                    refused.tell(self.log, self.local, &error);
                    pause(self.stop, Duration::from_millis(100));
                }
                None => self.over.store(true, Ordering::Release),
            }
        }
        None
    }
}

/// Who is being served, so that the one that has been silent longest can give way.
#[derive(Default)]
pub struct Seats {
    taken: Mutex<BTreeMap<SocketAddr, Seat>>,
}

/// A conversation's socket, while it has one, and when it was last used.
type Seat = (Weak<TcpStream>, Arc<AtomicU64>);

/// Who has said something this lately does not give way.
const LATELY: u64 = 1000;

impl Seats {
    fn sit(&self, conversation: &Conversation) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.insert(conversation.remote, conversation.handle());
    }

    fn leave(&self, remote: SocketAddr) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.remove(&remote);
    }

    /// Ends the conversation that has been silent longest, if it has been silent for a while.
    fn make_room(&self, log: &Log) -> bool {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let idlest = taken
            .iter()
            .min_by_key(|(_, (_, active))| active.load(Ordering::Relaxed));
        let Some((remote, (stream, active))) = idlest else {
            return false;
        };
        let silent = milliseconds().saturating_sub(active.load(Ordering::Relaxed));
        let Some(stream) = stream.upgrade().filter(|_| silent >= LATELY) else {
            return false;
        };
        // Its thread reads the end and takes its leave. Until then it counts as just heard.
        active.store(milliseconds(), Ordering::Relaxed);
        let ended = stream.shutdown(Shutdown::Both).is_ok();
        if let (true, Ok(local)) = (ended, stream.local_addr()) {
            log.record(
                &Event::new("gave way")
                    .between("tcp", unmapped(local), *remote)
                    .text("reason", "all places are taken and it said nothing")
                    .number("silent_ms", usize::try_from(silent).unwrap_or(usize::MAX)),
            );
        }
        ended
    }
}

/// Serves one client after the other, in this thread: while one is served, the next ones wait in
/// the accept queue. The listener may be shared with other processes that do the same.
pub fn serve_in_turn<Talk>(
    listener: TcpListener,
    limits: Limits,
    stop: &Stop,
    log: &Log,
    talk: Talk,
) -> Result<(), Fault>
where
    Talk: Fn(&mut Conversation) -> Result<After, Ended>,
{
    let local = listen(&listener, log)?;
    let nobody = AtomicUsize::new(0);
    let mut refused = Refused::default();
    let unused = eventfd(0, EventfdFlags::CLOEXEC)
        .map_err(|error| Fault::system("eventfd")(error.into()))?;
    while let Some(accepted) = next(&listener, 1, &nobody, &unused, stop, None) {
        match accepted {
            Ok(stream) => {
                refused = Refused::default();
                let after = serve_one(stream, limits.patience, stop, log, &talk, None);
                if limits.once || after == After::End {
                    break;
                }
            }
            Err(error) => {
                refused.tell(log, local, &error);
                pause(stop, Duration::from_millis(100));
            }
        }
    }
    drop(listener);
    log.record(&Event::new("ended").at("tcp", local));
    Ok(())
}

/// Tells where we listen, and makes the listener fit for `poll`.
pub fn listen(listener: &TcpListener, log: &Log) -> Result<SocketAddr, Fault> {
    let local = listener
        .local_addr()
        .and_then(|local| listener.set_nonblocking(true).map(|()| local))
        .map_err(Fault::system("listening"))?;
    log.record(&Event::new("listening").at("tcp", local));
    Ok(local)
}

/// One client from its first to its last byte, with its records.
pub fn serve_one(
    stream: TcpStream,
    patience: Duration,
    stop: &Stop,
    log: &Log,
    talk: &(impl Fn(&mut Conversation) -> Result<After, Ended> + ?Sized),
    seats: Option<&Seats>,
) -> After {
    // Answers are whole messages: nothing is won by holding them back (Nagle). Without it the
    // server still works.
    let _ = stream.set_nodelay(true);
    let mut conversation = match Conversation::new(stream, patience, stop.clone()) {
        Ok(conversation) => conversation,
        // The client was gone before we looked.
        Err(_) => return After::Serve,
    };
    let (local, remote) = (conversation.local, conversation.remote);
    if let Some(seats) = seats {
        seats.sit(&conversation);
    }
    log.record(&Event::new("opened").between("tcp", local, remote));
    let result = talk(&mut conversation);
    let reason = match &result {
        Ok(_) => "done".to_owned(),
        Err(Ended::Socket(error)) => format!("{error} ({})", error_name(error)),
        Err(ended) => ended.to_string(),
    };
    match &result {
        Ok(After::Serve) => conversation.close(),
        _ => drop(conversation),
    }
    if let Some(seats) = seats {
        seats.leave(remote);
    }
    log.record(
        &Event::new("closed")
            .between("tcp", local, remote)
            .text("reason", reason),
    );
    result.unwrap_or(After::Serve)
}

/// The next client when there is room for one; `None` when we shall stop.
fn next(
    listener: &TcpListener,
    clients: usize,
    serving: &AtomicUsize,
    freed: &OwnedFd,
    stop: &Stop,
    crowded: Option<(&Seats, &Log)>,
) -> Option<io::Result<TcpStream>> {
    /// While nobody can give way, so often somebody is looked for.
    const AGAIN: Duration = Duration::from_millis(200);
    let mut nobody_gives_way = false;
    loop {
        let full = serving.load(Ordering::Acquire) >= clients.max(1);
        let mut watched = [
            PollFd::new(stop, PollFlags::IN),
            PollFd::new(freed, PollFlags::IN),
            PollFd::new(listener, PollFlags::IN),
        ];
        let blind = full && (crowded.is_none() || nobody_gives_way);
        let considered = if blind { 2 } else { 3 };
        let until = nobody_gives_way.then(|| Instant::now() + AGAIN);
        nobody_gives_way = false;
        if let Err(error) = poll_until(&mut watched[..considered], until) {
            return Some(Err(error));
        }
        if !watched[0].revents().is_empty() {
            return None;
        }
        if !watched[1].revents().is_empty() {
            // Back to zero; who it was does not matter.
            let _ = rustix::io::read(freed, &mut [0; 8]);
        }
        let waiting = considered == 3 && !watched[2].revents().is_empty();
        if let (true, true, Some((seats, log))) = (full, waiting, crowded) {
            // Either way the place is not free yet.
            seats.make_room(log);
            nobody_gives_way = true;
        }
        if !full && waiting {
            match listener.accept() {
                Ok((stream, _)) => return Some(Ok(stream)),
                // Another process took it, or the client left between poll and accept.
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock
                            | io::ErrorKind::ConnectionAborted
                            | io::ErrorKind::Interrupted
                    ) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// Clients that could not be accepted: told once, not ten times a second while it lasts.
#[derive(Default)]
struct Refused {
    told: Option<&'static str>,
}

impl Refused {
    fn tell(&mut self, log: &Log, local: SocketAddr, error: &io::Error) {
        let name = error_name(error);
        if self.told.replace(name) == Some(name) {
            return;
        }
        let event = Event::new("not accepted")
            .at("tcp", unmapped(local))
            .text("error", name);
        log.record(&match name {
            "EMFILE" | "ENFILE" => event.text(
                "hint",
                "no descriptors are left: raise the limit (ulimit -n) or allow fewer clients (--max-clients)",
            ),
            _ => event,
        });
    }
}
