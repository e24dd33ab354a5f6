//! How everything ends: one descriptor that becomes readable, and waiting that looks at it.

use rustix::event::{PollFd, PollFlags, Timespec};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The wish to stop. Once asked for it stays; every wait of this folder watches it.
///
/// It is one end of a socket pair that is written to and never read, so any number of threads
/// see it readable, for ever.
#[derive(Clone, Debug)]
pub struct Stop {
    watched: Arc<UnixStream>,
    written: Arc<UnixStream>,
}

impl Stop {
    /// A stop that only [`Stop::ask`] brings about.
    pub fn new() -> io::Result<Stop> {
        let (watched, written) = UnixStream::pair()?;
        // A full pair must not block who asks for the hundredth time.
        written.set_nonblocking(true)?;
        Ok(Stop {
            watched: Arc::new(watched),
            written: Arc::new(written),
        })
    }

    /// A stop that SIGINT (Ctrl-C) and SIGTERM bring about too.
    pub fn on_signals() -> io::Result<Stop> {
        let stop = Stop::new()?;
        for signal in [SIGINT, SIGTERM] {
            signal_hook::low_level::pipe::register(signal, stop.written.try_clone()?)?;
        }
        Ok(stop)
    }

    /// Asks everyone who waits to end.
    pub fn ask(&self) {
        // A full pair means that somebody asked before.
        let _ = (&*self.written).write(&[1]);
    }

    /// Whether somebody asked.
    pub fn asked(&self) -> bool {
        let mut watched = [PollFd::new(&*self.watched, PollFlags::IN)];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        matches!(rustix::event::poll(&mut watched, Some(&now)), Ok(1..))
    }
}

impl AsFd for Stop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.watched.as_fd()
    }
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// The descriptor is ready, or has an error that the next call will tell.
    Ready,
    /// The time is over.
    TimedOut,
    /// Somebody asked to stop.
    Stopped,
}

/// Waits until `descriptor` is ready for `interest`, or `until` is reached, or `stop` is asked.
pub fn wait(
    descriptor: impl AsFd,
    interest: PollFlags,
    stop: &Stop,
    until: Option<Instant>,
) -> io::Result<Waited> {
    loop {
        let mut watched = [
            PollFd::new(&descriptor, interest),
            PollFd::new(stop, PollFlags::IN),
        ];
        match poll_until(&mut watched, until)? {
            0 => return Ok(Waited::TimedOut),
            _ if !watched[1].revents().is_empty() => return Ok(Waited::Stopped),
            _ if !watched[0].revents().is_empty() => return Ok(Waited::Ready),
            _ => {}
        }
    }
}

/// `poll` with a moment in place of a length of time; a signal does not end it.
pub fn poll_until(watched: &mut [PollFd<'_>], until: Option<Instant>) -> io::Result<usize> {
    loop {
        let left = until.map(|until| timespec(until.saturating_duration_since(Instant::now())));
        match rustix::event::poll(watched, left.as_ref()) {
            Ok(ready) => return Ok(ready),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Sleeps for `time`, but not past a stop.
pub fn pause(stop: &Stop, time: Duration) {
    // Whatever ends this wait, the caller goes on and looks at the stop itself.
    let _ = poll_until(
        &mut [PollFd::new(stop, PollFlags::IN)],
        Some(Instant::now() + time),
    );
}

fn timespec(time: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(time.subsec_nanos()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_ask_is_seen_by_every_clone_and_stays() {
        let stop = Stop::new().unwrap();
        let other = stop.clone();
        assert!(!other.asked());
        for _ in 0..100_000 {
            stop.ask();
        }
        assert!(other.asked());
        assert!(stop.asked());
    }

    #[test]
    fn a_stop_ends_a_wait_for_something_that_never_comes() {
        let stop = Stop::new().unwrap();
        let (silent, _other_end) = UnixStream::pair().unwrap();
        let asker = stop.clone();
        let thread = std::thread::spawn(move || asker.ask());
        let waited = wait(&silent, PollFlags::IN, &stop, None).unwrap();
        assert_eq!(waited, Waited::Stopped);
        thread.join().unwrap();
    }
}
