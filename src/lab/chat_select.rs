//! The chat server with one process, one thread, and `poll` over all sockets.
//!
//! The handout says `select`; `poll` is the same idea without its limit of 1,024 descriptors.

use super::chat;
use super::conversation::{LONGEST_MESSAGE, Message, PAUSE, unmapped};
use super::fault::{Fault, error_name};
use super::log::{Event, Log};
use super::serve::{self, Limits};
use super::stop::{Stop, poll_until};
use rustix::event::{PollFd, PollFlags};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// What a client may leave unread before it is given up.
const MOST_UNSENT: usize = 256 * 1024;

/// How long we read on after our FIN, as in [`super::conversation`].
const LINGER: Duration = Duration::from_millis(500);

struct Client {
    stream: TcpStream,
    remote: SocketAddr,
    unread: Vec<u8>,
    unsent: Vec<u8>,
    /// The next moment at which something must be done without the client's doing.
    until: Instant,
    /// Since when this message is awaited.
    since: Instant,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Talking,
    /// We have said our last; our FIN follows what is unsent.
    Closing,
    Over(&'static str),
}

/// Serves all clients in this thread until asked to stop.
pub fn serve(listener: TcpListener, limits: Limits, stop: &Stop, log: &Log) -> Result<(), Fault> {
    let local = serve::listen(&listener, log)?;
    let mut clients: Vec<Client> = Vec::new();
    let mut accepts = true;
    while accepts || !clients.is_empty() {
        let listens = accepts && clients.len() < limits.clients.max(1);
        let mut watched = vec![PollFd::new(stop, PollFlags::IN)];
        watched.extend(
            clients
                .iter()
                .map(|client| PollFd::new(&client.stream, client.interest())),
        );
        if listens {
            watched.push(PollFd::new(&listener, PollFlags::IN));
        }
        let until = clients.iter().map(|client| client.until).min();
        poll_until(&mut watched, until).map_err(Fault::system("poll"))?;
        let ready: Vec<PollFlags> = watched.iter().map(PollFd::revents).collect();
        if !ready[0].is_empty() {
            break;
        }
        for (client, ready) in clients.iter_mut().zip(&ready[1..]) {
            client.go_on(*ready, limits.patience, log, local);
        }
        let someone_waits = listens && ready.last().is_some_and(|ready| !ready.is_empty());
        if someone_waits && let Some(client) = accept(&listener, limits.patience, log, local, stop)
        {
            clients.push(client);
            accepts = !limits.once;
        }
        clients.retain(|client| !client.is_over(log, local));
    }
    log.record(&Event::new("ended").at("tcp", local));
    Ok(())
}

fn accept(
    listener: &TcpListener,
    patience: Duration,
    log: &Log,
    local: SocketAddr,
    stop: &Stop,
) -> Option<Client> {
    let accepted = listener
        .accept()
        .and_then(|(stream, remote)| stream.set_nonblocking(true).map(|()| (stream, remote)));
    match accepted {
        Ok((stream, remote)) => {
            let remote = unmapped(remote);
            log.record(&Event::new("opened").between("tcp", unmapped(local), remote));
            let since = Instant::now();
            Some(Client {
                stream,
                remote,
                unread: Vec::new(),
                unsent: Vec::new(),
                until: since + patience,
                since,
                state: State::Talking,
            })
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        Err(error) => {
            log.record(
                &Event::new("not accepted")
                    .at("tcp", local)
                    .text("error", error_name(&error)),
            );
            super::stop::pause(stop, Duration::from_millis(100));
            None
        }
    }
}

impl Client {
    fn interest(&self) -> PollFlags {
        if self.unsent.is_empty() {
            PollFlags::IN
        } else {
            PollFlags::IN | PollFlags::OUT
        }
    }

    /// Does what can be done without waiting.
    fn go_on(&mut self, ready: PollFlags, patience: Duration, log: &Log, local: SocketAddr) {
        if !ready.is_empty() {
            self.read();
        }
        self.answer(Instant::now() >= self.until, log, local);
        self.write();
        let now = Instant::now();
        if now >= self.until && !matches!(self.state, State::Over(_)) {
            self.state = State::Over(match self.state {
                State::Closing => "done",
                _ => "idle",
            });
        }
        if self.state == State::Talking {
            let patience_ends = self.since + patience;
            self.until = match self.unread.as_slice() {
                [] => patience_ends,
                _ => patience_ends.min(now + PAUSE),
            };
        }
    }

    fn read(&mut self) {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            // Bytes after `end` are of no interest.
            Ok(1..) if self.state == State::Closing => {}
            Ok(0) if self.state == State::Closing => self.state = State::Over("done"),
            Ok(0) => {
                self.until = Instant::now();
                self.unsent.clear();
                self.state = State::Over("the client closed");
            }
            Ok(count) => self.unread.extend_from_slice(&buffer[..count]),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) => {}
            Err(error) => self.state = State::Over(error_name(&error)),
        }
    }

    /// Answers the messages that are whole; with `silence`, what has come is a message.
    fn answer(&mut self, silence: bool, log: &Log, local: SocketAddr) {
        let mut start = 0;
        while self.state == State::Talking && start < self.unread.len() {
            let rest = &self.unread[start..];
            let line = rest.iter().position(|&byte| byte == b'\n').map(|at| at + 1);
            let length = match line {
                Some(length) => length,
                None if silence || rest.len() >= LONGEST_MESSAGE => rest.len(),
                None => break,
            };
            let message = Message::from_bytes(&rest[..length]);
            start += length;
            self.since = Instant::now();
            self.until = self.since + PAUSE;
            let (bytes, last) = chat::answer(&message);
            self.unsent.extend_from_slice(&bytes);
            log.record(&chat::record(unmapped(local), self.remote, &message));
            if last {
                self.state = State::Closing;
                self.until = self.since + LINGER;
                self.unread.clear();
                return;
            }
            if self.unsent.len() > MOST_UNSENT {
                self.state = State::Over("the client does not read");
            }
        }
        self.unread.drain(..start);
    }

    fn write(&mut self) {
        while !self.unsent.is_empty() && !matches!(self.state, State::Over(_)) {
            match self.stream.write(&self.unsent) {
                Ok(count) => {
                    self.unsent.drain(..count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => self.state = State::Over(error_name(&error)),
            }
        }
        if self.state == State::Closing {
            // A client that is gone needs no FIN.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
    }

    fn is_over(&self, log: &Log, local: SocketAddr) -> bool {
        let State::Over(reason) = self.state else {
            return false;
        };
        log.record(
            &Event::new("closed")
                .between("tcp", unmapped(local), self.remote)
                .text("reason", reason),
        );
        true
    }
}
