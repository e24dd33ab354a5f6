//! The chat server with processes made beforehand: each accepts on the shared listening socket
//! and serves one client at a time.
//!
//! `fork` itself would need `unsafe` (a forked copy of a program with threads may do almost
//! nothing). A child is therefore this program again, started with the listening socket as its
//! standard input: the same picture for `lsof`, several processes and one listening socket.

use super::chat;
use super::fault::Fault;
use super::log::{Event, Log};
use super::serve::{self, Limits};
use super::stop::{Stop, poll_until};
use rustix::event::{PollFd, PollFlags};
use rustix::process::{Pid, PidfdFlags, Signal};
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};

/// Children of the handout's server.
pub const CHILDREN: usize = 5;

/// Starts `children` processes by `command` and looks after them until asked to stop, or, with
/// `once`, until the first has served its client.
pub fn serve(
    listener: TcpListener,
    children: usize,
    command: impl Fn() -> Command,
    once: bool,
    stop: &Stop,
    log: &Log,
) -> Result<(), Fault> {
    let local = serve::listen(&listener, log)?;
    let listener = OwnedFd::from(listener);
    let mut running = Vec::new();
    for _ in 0..children {
        match start(&listener, command()) {
            Ok(child) => {
                log.record(
                    &Event::new("child started")
                        .at("tcp", local)
                        .text("child_pid", child.0.id().to_string()),
                );
                running.push(child);
            }
            Err(error) => {
                end(running);
                return Err(Fault::system("starting a child")(error));
            }
        }
    }
    // From here on only the children have the socket.
    drop(listener);
    while !running.is_empty() {
        let ended = match first_ended(&running, stop).map_err(Fault::system("poll"))? {
            Some(index) => index,
            None => break,
        };
        let (mut child, _) = running.swap_remove(ended);
        let status = child.wait().map_err(Fault::system("waiting for a child"))?;
        log.record(
            &Event::new("child ended")
                .at("tcp", local)
                .text("child_pid", child.id().to_string())
                .text("status", status.to_string()),
        );
        if once {
            break;
        }
    }
    end(running);
    log.record(&Event::new("ended").at("tcp", local));
    Ok(())
}

/// What a child does: takes the listening socket from its standard input and serves. It dies
/// with its `parent`, however that dies.
pub fn serve_as_child(parent: u32, limits: Limits, stop: &Stop, log: &Log) -> Result<(), Fault> {
    rustix::process::set_parent_process_death_signal(Some(Signal::TERM))
        .map_err(|error| Fault::system("prctl")(error.into()))?;
    let is_ours = rustix::process::getppid().map(Pid::as_raw_pid) == i32::try_from(parent).ok();
    if !is_ours {
        return Ok(());
    }
    let listener = io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map(TcpListener::from)
        .map_err(Fault::system("the inherited socket"))?;
    // The socket once, or lsof shows two descriptors where the handout asks for processes.
    std::fs::File::open("/dev/null")
        .and_then(|nothing| Ok(rustix::stdio::dup2_stdin(nothing)?))
        .map_err(Fault::system("standard input"))?;
    chat::serve_blocking(listener, limits, stop, log)
}

/// A child and the descriptor that becomes readable when it ends.
type Running = (Child, OwnedFd);

fn start(listener: &OwnedFd, mut command: Command) -> io::Result<Running> {
    let child = command.stdin(Stdio::from(listener.try_clone()?)).spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("a child without a number"))?;
    let watched = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
    Ok((child, watched))
}

/// The first child that has ended; `None` when we shall stop.
fn first_ended(running: &[Running], stop: &Stop) -> io::Result<Option<usize>> {
    let mut watched = vec![PollFd::new(stop, PollFlags::IN)];
    watched.extend(
        running
            .iter()
            .map(|(_, pid)| PollFd::new(pid, PollFlags::IN)),
    );
    poll_until(&mut watched, None)?;
    if !watched[0].revents().is_empty() {
        return Ok(None);
    }
    Ok(watched[1..]
        .iter()
        .position(|pid| !pid.revents().is_empty()))
}

/// Asks all children to end, then waits for them. A child that has ended needs neither.
fn end(running: Vec<Running>) {
    for (_, pid) in &running {
        let _ = rustix::process::pidfd_send_signal(pid, Signal::TERM);
    }
    for (mut child, _) in running {
        let _ = child.wait();
    }
}
