//! The loop of every TCP server with threads: accept, one thread a client, limits, an end.

use super::conversation::{Conversation, Ended, unmapped};
use super::fault::{Fault, error_name};
use super::log::{Event, Log};
use super::stop::{Stop, pause, poll_until};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

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
    let serving = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        while let Some(accepted) = next(&listener, limits.clients, &serving, &freed, stop) {
            let stream = match accepted {
                Ok(stream) => stream,
                Err(error) => {
                    log_refused_accept(log, local, &error);
                    pause(stop, Duration::from_millis(100));
                    continue;
                }
            };
            serving.fetch_add(1, Ordering::AcqRel);
            let (serving, freed, talk) = (&serving, &freed, &talk);
            let client = move || {
                if serve_one(stream, limits.patience, stop, log, talk) == After::End {
                    stop.ask();
                }
                serving.fetch_sub(1, Ordering::AcqRel);
                // A full counter is readable too.
                let _ = rustix::io::write(freed, &1_u64.to_ne_bytes());
            };
            let thread = std::thread::Builder::new().stack_size(STACK);
            if let Err(error) = thread.spawn_scoped(scope, client) {
                serving.fetch_sub(1, Ordering::AcqRel);
                log_refused_accept(log, local, &error);
            }
            if limits.once {
                break;
            }
        }
    });
    drop(listener);
    log.record(&Event::new("ended").at("tcp", local));
    Ok(())
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
    let unused = eventfd(0, EventfdFlags::CLOEXEC)
        .map_err(|error| Fault::system("eventfd")(error.into()))?;
    while let Some(accepted) = next(&listener, 1, &nobody, &unused, stop) {
        match accepted {
            Ok(stream) => {
                let after = serve_one(stream, limits.patience, stop, log, &talk);
                if limits.once || after == After::End {
                    break;
                }
            }
            Err(error) => {
                log_refused_accept(log, local, &error);
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
) -> Option<io::Result<TcpStream>> {
    loop {
        let full = serving.load(Ordering::Acquire) >= clients.max(1);
        let mut watched = [
            PollFd::new(stop, PollFlags::IN),
            PollFd::new(freed, PollFlags::IN),
            PollFd::new(listener, PollFlags::IN),
        ];
        let considered = if full { 2 } else { 3 };
        if let Err(error) = poll_until(&mut watched[..considered], None) {
            return Some(Err(error));
        }
        if !watched[0].revents().is_empty() {
            return None;
        }
        if !watched[1].revents().is_empty() {
            // Back to zero; who it was does not matter.
            let _ = rustix::io::read(freed, &mut [0; 8]);
        }
        if !full && !watched[2].revents().is_empty() {
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

fn log_refused_accept(log: &Log, local: SocketAddr, error: &io::Error) {
    log.record(
        &Event::new("not accepted")
            .at("tcp", unmapped(local))
            .text("error", error_name(error)),
    );
}
