//! Datagrams: the loop of a UDP server, and a client's question with its answer.

use super::conversation::unmapped;
use super::fault::{Fault, error_name};
use super::log::{Event, Log};
use super::stop::{Stop, Waited, wait};
use rustix::event::PollFlags;
use rustix::net::RecvFlags;
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// The most a UDP datagram over IPv4 can carry.
pub const LARGEST: usize = 65_507;

/// A datagram as the application got it.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// What fitted into the buffer.
    pub received: &'a [u8],
    /// How long it was on the wire, by the kernel's own count (`MSG_TRUNC`).
    pub length: usize,
}

impl Datagram<'_> {
    /// How many bytes the receiving socket threw away.
    pub fn cut(&self) -> usize {
        self.length - self.received.len()
    }
}

/// What a server answers.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The datagram that goes back.
    pub bytes: Vec<u8>,
    /// Whether the client has ended its conversation.
    pub last: bool,
}

/// What a UDP server allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The application's receive buffer.
    pub buffer: usize,
    /// Addresses served at a time; `None`: a datagram is a datagram.
    pub clients: Option<usize>,
    /// After this silence an address counts no longer as a client.
    pub patience: Duration,
    /// End after the first client's last datagram.
    pub once: bool,
}

/// Answers every datagram until asked to stop.
pub fn serve(
    socket: &UdpSocket,
    limits: Limits,
    stop: &Stop,
    log: &Log,
    answer: impl Fn(&Datagram<'_>) -> Reply,
) -> Result<(), Fault> {
    let local = socket.local_addr().map_err(Fault::system("the socket"))?;
    log.record(&Event::new("listening").at("udp", local));
    let mut buffer = vec![0; limits.buffer];
    let mut clients = Clients::default();
    let mut losses = Losses::of(socket);
    loop {
        losses.tell(log, local);
        let next_look = Some(Instant::now() + LOOK);
        let received = receive(socket, &mut buffer, stop, next_look);
        let Some((length, remote)) = received.map_err(Fault::system("receiving"))? else {
            if stop.asked() {
                break;
            }
            continue;
        };
        let datagram = Datagram {
            received: &buffer[..length.min(limits.buffer)],
            length,
        };
        // A dual-stack socket answers an IPv4 sender by its mapped address; the packets do not.
        let shown = unmapped(remote);
        if !clients.admit(remote, &limits) {
            log.record(&Event::new("turned away").between("udp", local, shown));
            continue;
        }
        log.record(
            &Event::new("datagram")
                .between("udp", local, shown)
                .number("bytes", length)
                .number("received_bytes", datagram.received.len())
                .number("cut_bytes", datagram.cut()),
        );
        let reply = answer(&datagram);
        let event = match socket.send_to(&reply.bytes, remote) {
            Ok(sent) => Event::new("answered")
                .between("udp", local, shown)
                .number("bytes", sent),
            Err(error) => Event::new("not answered")
                .between("udp", local, shown)
                .text("error", error_name(&error)),
        };
        log.record(&event);
        if reply.last {
            clients.seen.remove(&remote);
            if limits.once {
                break;
            }
        }
    }
    losses.looked = None;
    losses.tell(log, local);
    log.record(&Event::new("ended").at("udp", local));
    Ok(())
}

/// So often the kernel is asked what it threw away.
const LOOK: Duration = Duration::from_secs(1);

/// Datagrams that came while the receive buffer was full, by the kernel's count.
struct Losses {
    inode: Option<u64>,
    told: u64,
    looked: Option<Instant>,
}

impl Losses {
    fn of(socket: &UdpSocket) -> Losses {
        Losses {
            inode: rustix::fs::fstat(socket).ok().map(|about| about.st_ino),
            told: 0,
            looked: None,
        }
    }

    /// Tells what was lost since the last time, at most once a second.
    fn tell(&mut self, log: &Log, local: SocketAddr) {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return;
        }
        self.looked = Some(Instant::now());
        let count = self
            .inode
            .and_then(|inode| super::sockets::dropped().get(&inode).copied());
        let count = count.unwrap_or(self.told);
        if count > self.told {
            let more = usize::try_from(count - self.told).unwrap_or(usize::MAX);
            log.record(
                &Event::new("dropped")
                    .at("udp", local)
                    .number("datagrams", more)
                    .text(
                        "reason",
                        "they came while the socket's receive buffer was full",
                    ),
            );
            self.told = count;
        }
    }
}

/// Who sent something lately.
#[derive(Default)]
struct Clients {
    seen: BTreeMap<SocketAddr, Instant>,
}

impl Clients {
    fn admit(&mut self, remote: SocketAddr, limits: &Limits) -> bool {
        let Some(most) = limits.clients else {
            return true;
        };
        let now = Instant::now();
        if !self.seen.contains_key(&remote) && self.seen.len() >= most {
            self.seen
                .retain(|_, last| now.duration_since(*last) < limits.patience);
            if self.seen.len() >= most {
                return false;
            }
        }
        self.seen.insert(remote, now);
        true
    }
}

/// Waits for one datagram: its length on the wire and its sender; `None` when stopped or late.
fn receive(
    socket: &UdpSocket,
    buffer: &mut [u8],
    stop: &Stop,
    until: Option<Instant>,
) -> io::Result<Option<(usize, SocketAddr)>> {
    loop {
        if wait(socket, PollFlags::IN, stop, until)? != Waited::Ready {
            return Ok(None);
        }
        // MSG_TRUNC makes the kernel return the datagram's own length, not what fitted. poll may
        // promise a datagram whose checksum then fails, hence DONTWAIT.
        let flags = RecvFlags::TRUNC | RecvFlags::DONTWAIT;
        match rustix::net::recvfrom(socket, &mut *buffer, flags) {
            Ok((_, length, sender)) => {
                let sender = sender.and_then(|any| SocketAddr::try_from(any).ok());
                if let Some(sender) = sender {
                    return Ok(Some((length, sender)));
                }
            }
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A client's socket. A connected one (the default) is told when the host answers "port
/// unreachable"; an unconnected one, as in the handouts, hears nothing.
#[derive(Debug)]
pub struct Asker {
    socket: UdpSocket,
    address: SocketAddr,
    connected: bool,
    patience: Duration,
    stop: Stop,
}

impl Asker {
    /// A connected socket to `address`.
    pub fn connected(address: SocketAddr, patience: Duration) -> Result<Asker, Fault> {
        let asker = Asker::unconnected(address, patience)?;
        asker
            .socket
            .connect(address)
            .map_err(|error| Fault::of_socket(address, "connecting", patience, error))?;
        Ok(Asker {
            connected: true,
            ..asker
        })
    }

    /// An unconnected socket that sends to `address`.
    pub fn unconnected(address: SocketAddr, patience: Duration) -> Result<Asker, Fault> {
        let any: SocketAddr = match address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let system = || Fault::system("a UDP socket");
        Ok(Asker {
            socket: UdpSocket::bind(any).map_err(system())?,
            address,
            connected: false,
            patience,
            stop: Stop::new().map_err(system())?,
        })
    }

    /// Sends one datagram and waits for one back, of which at most `buffer` bytes are kept.
    pub fn ask(&self, bytes: &[u8], buffer: usize) -> Result<Vec<u8>, Fault> {
        self.tell(bytes)?;
        let mut received = vec![0; buffer];
        let until = Instant::now() + self.patience;
        loop {
            let answer = receive(&self.socket, &mut received, &self.stop, Some(until))
                .map_err(|error| self.fault(error))?;
            let Some((length, sender)) = answer else {
                return Err(self.fault(io::ErrorKind::TimedOut.into()));
            };
            // Who else sends to this port has not been asked.
            if self.connected || sender == self.address {
                received.truncate(length);
                return Ok(received);
            }
        }
    }

    /// Sends one datagram.
    pub fn tell(&self, bytes: &[u8]) -> Result<(), Fault> {
        let sent = if self.connected {
            self.socket.send(bytes)
        } else {
            self.socket.send_to(bytes, self.address)
        };
        sent.map(|_| ()).map_err(|error| self.fault(error))
    }

    fn fault(&self, error: io::Error) -> Fault {
        Fault::of_socket(self.address, "the datagram", self.patience, error)
    }
}

/// Asks the first of `addresses` whose host does not refuse.
pub fn ask_any(
    addresses: &[SocketAddr],
    open: impl Fn(SocketAddr) -> Result<Asker, Fault>,
    bytes: &[u8],
) -> Result<(Asker, Vec<u8>), Fault> {
    let mut last = None;
    for &address in addresses {
        let asker = open(address)?;
        match asker.ask(bytes, LARGEST + 1) {
            Ok(answer) => return Ok((asker, answer)),
            Err(fault @ (Fault::Refused { .. } | Fault::Unreachable { .. })) => last = Some(fault),
            Err(fault) => return Err(fault),
        }
    }
    Err(last.expect("resolve returns at least one address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_how_much_the_buffer_cut() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender
            .send_to(&[7; 1000], socket.local_addr().unwrap())
            .unwrap();
        let stop = Stop::new().unwrap();
        let mut buffer = [0; 50];
        let (length, from) = receive(&socket, &mut buffer, &stop, None).unwrap().unwrap();
        assert_eq!(length, 1000);
        assert_eq!(from, sender.local_addr().unwrap());
        assert_eq!(buffer, [7; 50]);
    }

    #[test]
    fn a_connected_socket_is_told_of_a_closed_port_and_an_unconnected_one_waits() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        drop(socket);
        let asker = Asker::connected(address, Duration::from_secs(5)).unwrap();
        let fault = asker.ask(b"x", 10).unwrap_err();
        assert!(matches!(fault, Fault::Refused { .. }), "{fault}");
        let asker = Asker::unconnected(address, Duration::from_millis(50)).unwrap();
        let fault = asker.ask(b"x", 10).unwrap_err();
        assert!(matches!(fault, Fault::TimedOut { .. }), "{fault}");
    }
}
