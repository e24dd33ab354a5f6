//! Echo requests and their replies, and the way to a host router by router (RFC 792, RFC 1122).

use super::fault::Fault;
use super::stop::{Stop, Waited, pause, wait};
use rustix::event::PollFlags;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto, sockopt};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Bytes of data in an echo request, as ping's: 84 bytes with both headers.
pub const DATA: usize = 56;
/// The first port of traceroute's datagrams, where hardly anything listens.
pub const TRACE_PORT: u16 = 33434;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An echo reply, or the destination's "port unreachable".
    Reached {
        /// From whom.
        from: Ipv4Addr,
        /// Its time to live on arrival.
        ttl: u8,
        /// How long it took.
        took: Duration,
    },
    /// A router's word: time exceeded, or another error.
    Told {
        /// By whom.
        from: Ipv4Addr,
        /// ICMP type and code.
        kind: (u8, u8),
        /// How long it took.
        took: Duration,
    },
    /// Nothing.
    Silence,
}

/// A socket that sends and hears ICMP.
pub struct Icmp {
    socket: OwnedFd,
    stop: Stop,
    identifier: u16,
}

impl Icmp {
    /// Opens the socket, which needs a privilege.
    pub fn open(stop: &Stop) -> Result<Icmp, Fault> {
        let socket = rustix::net::socket_with(
            AddressFamily::INET,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            Some(ipproto::ICMP),
        )
        .map_err(|errno| {
            let cause: io::Error = errno.into();
            match cause.kind() {
                io::ErrorKind::PermissionDenied => Fault::system("an ICMP socket")(io::Error::other(
                    "the privilege CAP_NET_RAW is missing; hint: run as root, or inside a lab (wirelab lab shell)",
                )),
                _ => Fault::system("an ICMP socket")(cause),
            }
        })?;
        Ok(Icmp {
            socket,
            stop: stop.clone(),
            identifier: std::process::id() as u16,
        })
    }

    /// Sends one echo request and waits for what becomes of it.
    pub fn echo(
        &self,
        to: Ipv4Addr,
        sequence: u16,
        data: usize,
        ttl: Option<u8>,
        patience: Duration,
    ) -> Result<Answer, Fault> {
        if let Some(ttl) = ttl {
            sockopt::set_ip_ttl(&self.socket, u32::from(ttl))
                .map_err(|errno| Fault::system("the time to live")(errno.into()))?;
        }
        let address: SocketAddr = SocketAddrV4::new(to, 0).into();
        let begun = Instant::now();
        let message = request(self.identifier, sequence, data);
        rustix::net::sendto(&self.socket, &message, SendFlags::empty(), &address)
            .map_err(|errno| Fault::of_socket(address, "sending", patience, errno.into()))?;
        self.hear(begun, patience, |from, icmp| {
            let quoted = icmp.get(8..).and_then(payload);
            match icmp {
                [0, _, _, _, a, b, c, d, ..] => {
                    from == to && [*a, *b, *c, *d] == numbers(self.identifier, sequence)
                }
                _ => quoted.is_some_and(|inner| inner.get(4..8) == Some(&message[4..8])),
            }
        })
    }

    /// Sends one datagram to a port where nothing listens and waits for what becomes of it.
    pub fn probe(
        &self,
        to: Ipv4Addr,
        port: u16,
        ttl: u8,
        patience: Duration,
    ) -> Result<Answer, Fault> {
        let system = || Fault::system("a probe");
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).map_err(system())?;
        socket.set_ttl(u32::from(ttl)).map_err(system())?;
        let own = socket.local_addr().map_err(system())?.port();
        let begun = Instant::now();
        // 60 bytes with both headers, as traceroute's.
        socket
            .send_to(&[0x40; 32], (to, port))
            .map_err(|cause| Fault::of_socket((to, port).into(), "sending", patience, cause))?;
        let ports = [own.to_be_bytes(), port.to_be_bytes()].concat();
        let answer = self.hear(begun, patience, |_, icmp| {
            let quoted = icmp.get(8..).and_then(payload);
            quoted.is_some_and(|inner| inner.get(..4) == Some(&ports[..]))
        })?;
        Ok(match answer {
            Answer::Told {
                from,
                kind: (3, 3),
                took,
            } => Answer::Reached { from, ttl: 0, took },
            other => other,
        })
    }

    /// Waits for a message that `is_ours`.
    fn hear(
        &self,
        begun: Instant,
        patience: Duration,
        is_ours: impl Fn(Ipv4Addr, &[u8]) -> bool,
    ) -> Result<Answer, Fault> {
        let mut buffer = [0; 65_535];
        loop {
            let waited = wait(
                &self.socket,
                PollFlags::IN,
                &self.stop,
                Some(begun + patience),
            );
            if waited.map_err(Fault::system("waiting"))? != Waited::Ready {
                return Ok(Answer::Silence);
            }
            let Ok((count, ..)) =
                rustix::net::recvfrom(&self.socket, &mut buffer, RecvFlags::DONTWAIT)
            else {
                continue;
            };
            let took = begun.elapsed();
            let packet = &buffer[..count];
            let (Some(icmp), Some(&ttl), Some(&[a, b, c, d])) =
                (payload(packet), packet.get(8), packet.get(12..16))
            else {
                continue;
            };
            let from = Ipv4Addr::new(a, b, c, d);
            // Our own requests to ourselves come by too.
            if !is_ours(from, icmp) || icmp.first() == Some(&8) {
                continue;
            }
            return Ok(match icmp {
                [0, ..] => Answer::Reached { from, ttl, took },
                [kind, code, ..] => Answer::Told {
                    from,
                    kind: (*kind, *code),
                    took,
                },
                _ => continue,
            });
        }
    }

    /// Waits between two requests.
    pub fn rest(&self, time: Duration) {
        pause(&self.stop, time);
    }
}

/// What an IPv4 packet carries.
fn payload(packet: &[u8]) -> Option<&[u8]> {
    let header = usize::from(packet.first()? & 0xf) * 4;
    packet.get(header..)
}

fn numbers(identifier: u16, sequence: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (identifier.to_be_bytes(), sequence.to_be_bytes());
    [a, b, c, d]
}

/// An echo request with its checksum.
fn request(identifier: u16, sequence: u16, data: usize) -> Vec<u8> {
    let mut message = vec![8, 0, 0, 0];
    message.extend(numbers(identifier, sequence));
    // ping's pattern: each byte is its own place.
    message.extend((0..data).map(|place| (place & 0xff) as u8));
    let checksum = etherparse::checksum::Sum16BitWords::new()
        .add_slice(&message)
        .ones_complement()
        .to_be();
    message[2..4].copy_from_slice(&checksum.to_be_bytes());
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_what_etherparse_makes_of_it() {
        let mut expected = Vec::new();
        let data: Vec<u8> = (0..56).collect();
        etherparse::PacketBuilder::ipv4([1; 4], [2; 4], 64)
            .icmpv4_echo_request(0x1234, 7)
            .write(&mut expected, &data)
            .unwrap();
        assert_eq!(request(0x1234, 7, DATA), expected[20..]);
        assert_eq!(expected.len(), 84);
    }
}
