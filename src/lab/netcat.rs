//! A two-way chat as netcat's: what is typed goes there, what comes is shown, as it comes.

use super::fault::{Fault, error_name};
use super::stop::{Stop, poll_until};
use rustix::event::{PollFd, PollFlags};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// After the other side's end, what is still to be read from our input is sent on, until it
/// pauses this long: a file is sent whole, a person at a keyboard is not waited for.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Puts a name before each line: `R2: hello`.
#[derive(Clone, Debug, Default)]
pub struct Prefix {
    name: Option<String>,
    within_line: bool,
    /// Whether what is typed is shown again with its name.
    shows: bool,
}

impl Prefix {
    /// With `name`, or without any.
    pub fn new(name: Option<String>) -> Prefix {
        Prefix {
            name,
            within_line: false,
            shows: false,
        }
    }

    /// Shows each line typed at a terminal with its name, in place of the line as it was typed.
    pub fn shown_on_terminal(mut self) -> Prefix {
        self.shows = self.name.is_some();
        self
    }

    /// The next piece of input, with the name wherever a line begins.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        let Some(name) = &self.name else {
            return piece.to_vec();
        };
        let mut named = Vec::with_capacity(piece.len() + name.len() + 2);
        for line in piece.split_inclusive(|&byte| byte == b'\n') {
            if !self.within_line {
                named.extend_from_slice(name.as_bytes());
                named.extend_from_slice(b": ");
            }
            named.extend_from_slice(line);
            self.within_line = !line.ends_with(b"\n");
        }
        named
    }
}

/// How many bytes went each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// From our input to the other side.
    pub sent: u64,
    /// From the other side to our output.
    pub received: u64,
}

/// Talks until the other side has closed, or for `idle` nothing came from either. Where our
/// input ends, the other side is told (FIN) and may go on.
pub fn chat(
    stream: &TcpStream,
    mut input: impl Read + AsFd,
    output: &mut dyn Write,
    mut prefix: Prefix,
    idle: Option<Duration>,
    stop: &Stop,
) -> Result<Totals, Fault> {
    let remote = stream.peer_addr().map_err(Fault::system("the socket"))?;
    stream
        .set_nonblocking(true)
        .map_err(Fault::system("the socket"))?;
    let mut totals = Totals::default();
    let mut unsent: Vec<u8> = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    let (mut input_open, mut remote_open) = (true, true);
    while remote_open || (input_open || !unsent.is_empty()) {
        let may_read_input = input_open && unsent.is_empty();
        let mut interest = PollFlags::empty();
        interest.set(PollFlags::IN, remote_open);
        interest.set(PollFlags::OUT, !unsent.is_empty());
        let mut watched = vec![
            PollFd::new(stop, PollFlags::IN),
            PollFd::new(stream, interest),
        ];
        if may_read_input {
            watched.push(PollFd::new(&input, PollFlags::IN));
        }
        let until = if remote_open { idle } else { Some(LAST_WORDS) };
        let until = until.map(|time| Instant::now() + time);
        if poll_until(&mut watched, until).map_err(Fault::system("poll"))? == 0 {
            break;
        }
        let ready: Vec<PollFlags> = watched.iter().map(PollFd::revents).collect();
        drop(watched);
        if !ready[0].is_empty() {
            break;
        }
        if remote_open && ready[1].intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            let count = receive(stream, &mut buffer, remote)?;
            if let Some(count) = count {
                remote_open = count > 0;
                totals.received += count as u64;
                output
                    .write_all(&buffer[..count])
                    .and_then(|()| output.flush())
                    .map_err(Fault::system("writing the output"))?;
            }
        }
        if ready.get(2).is_some_and(|ready| !ready.is_empty()) {
            let count = input
                .read(&mut buffer)
                .map_err(Fault::system("reading the input"))?;
            input_open = count > 0;
            unsent = prefix.push(&buffer[..count]);
            if prefix.shows && unsent.ends_with(b"\n") {
                // One line up, wiped: there stands what was typed.
                let line = [b"\x1b[A\x1b[2K", unsent.as_slice()].concat();
                io::stdout()
                    .write_all(&line)
                    .map_err(Fault::system("writing the output"))?;
            }
        }
        totals.sent += send(stream, &mut unsent, remote)?;
        if may_read_input && !input_open {
            // The other side may have closed altogether, and then needs no FIN.
            let _ = stream.shutdown(Shutdown::Write);
        }
    }
    Ok(totals)
}

/// Reads once: `None` when there was nothing after all.
fn receive(
    mut stream: &TcpStream,
    buffer: &mut [u8],
    remote: SocketAddr,
) -> Result<Option<usize>, Fault> {
    match stream.read(buffer) {
        Ok(count) => Ok(Some(count)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(Fault::Reset {
            address: remote,
            name: error_name(&error),
        }),
    }
}

/// Sends what can be sent now, and keeps the rest.
fn send(mut stream: &TcpStream, unsent: &mut Vec<u8>, remote: SocketAddr) -> Result<u64, Fault> {
    let mut sent = 0;
    while !unsent.is_empty() {
        match stream.write(unsent) {
            Ok(count) => {
                unsent.drain(..count);
                sent += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => {
                return Err(Fault::Reset {
                    address: remote,
                    name: error_name(&error),
                });
            }
        }
    }
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_before_each_line_however_it_is_cut() {
        let mut prefix = Prefix::new(Some("R2".to_owned()));
        let mut sent = Vec::new();
        for piece in [&b"he"[..], b"llo\nyou", b" there\n", b"\n", b"bye"] {
            sent.extend(prefix.push(piece));
        }
        assert_eq!(sent, b"R2: hello\nR2: you there\nR2: \nR2: bye");
    }

    #[test]
    fn without_a_name_nothing_is_added() {
        assert_eq!(Prefix::default().push(b"a\nb"), b"a\nb");
    }
}
