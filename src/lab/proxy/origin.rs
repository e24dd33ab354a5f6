//! The proxy's way to an origin: resolving and connecting, both ended by a stop at once.

use crate::lab::conversation::{Conversation, Ended};
use crate::lab::stop::{Stop, Waited, wait};
use rustix::event::{EventfdFlags, PollFlags, eventfd};
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// The addresses of `host`.
///
/// The system's resolver cannot be interrupted, so a thread of its own asks it; when the answer
/// comes after we have gone, it is dropped.
pub fn resolve(
    host: &str,
    port: u16,
    patience: Duration,
    stop: &Stop,
) -> Result<Vec<SocketAddr>, Ended> {
    let answered = Arc::new(eventfd(0, EventfdFlags::CLOEXEC).map_err(io::Error::from)?);
    let (sender, receiver) = mpsc::channel();
    let (host, wake) = (host.to_owned(), Arc::clone(&answered));
    std::thread::Builder::new().spawn(move || {
        let addresses = (host.as_str(), port)
            .to_socket_addrs()
            .map(|addresses| addresses.collect::<Vec<_>>());
        // Nobody may be waiting any more.
        let _ = sender.send(addresses);
        let _ = rustix::io::write(&*wake, &1_u64.to_ne_bytes());
    })?;
    match wait(
        &*answered,
        PollFlags::IN,
        stop,
        Some(Instant::now() + patience),
    )? {
        Waited::Stopped => Err(Ended::Stopped),
        Waited::TimedOut => Err(Ended::Idle(patience)),
        Waited::Ready => {
            let answer = receiver.try_recv().map_err(io::Error::other)?;
            let mut addresses = answer?;
            addresses.dedup();
            Ok(addresses)
        }
    }
}

/// A connection to exactly this address, which was checked: a second look-up could give another.
pub fn connect(
    address: SocketAddr,
    patience: Duration,
    stop: &Stop,
) -> Result<Conversation, Ended> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)
        .map_err(io::Error::from)?;
    match rustix::net::connect(&socket, &address) {
        Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
        Err(error) => return Err(Ended::Socket(error.into())),
    }
    match wait(
        &socket,
        PollFlags::OUT,
        stop,
        Some(Instant::now() + patience),
    )? {
        Waited::Stopped => return Err(Ended::Stopped),
        Waited::TimedOut => return Err(Ended::Socket(io::ErrorKind::TimedOut.into())),
        Waited::Ready => {}
    }
    sockopt::socket_error(&socket)
        .map_err(io::Error::from)?
        .map_err(io::Error::from)?;
    let stream = TcpStream::from(socket);
    Ok(Conversation::new(stream, patience, stop.clone())?)
}
