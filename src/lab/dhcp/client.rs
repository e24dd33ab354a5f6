//! The client: discover, offer, request, acknowledgment; release; renewal.

use super::link::{EVERYBODY, Link};
use super::message::{Kind, Message, option};
use super::{CLIENT_PORT, SERVER_PORT};
use crate::lab::fault::{Fault, system_words};
use crate::lab::stop::{Stop, Waited, wait};
use rustix::event::PollFlags;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What dhclient of Debian asks for, in its order: mask, broadcast, time offset, routers, domain,
/// DNS, search list, host name, NetBIOS servers and scope, MTU, classless routes, NTP.
pub const REQUEST_LIST: [u8; 13] = [1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42];

/// An unanswered message is sent again after this time, and then after twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(2);

/// What a client got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Its address.
    pub address: Ipv4Addr,
    /// The length of the network's prefix.
    pub prefix: u8,
    /// The server, by its option 54.
    pub server: Ipv4Addr,
    /// The router.
    pub router: Option<Ipv4Addr>,
    /// The first DNS server.
    pub dns: Option<Ipv4Addr>,
    /// For how long, in seconds.
    pub seconds: Option<u32>,
}

impl Lease {
    fn of(message: &Message) -> Option<Lease> {
        let mask = message.address(option::MASK);
        Some(Lease {
            address: message.yours,
            prefix: mask.map_or(24, |mask| u32::from(mask).leading_ones() as u8),
            server: message.address(option::SERVER)?,
            router: message.address(option::ROUTER),
            dns: message.address(option::DNS),
            seconds: match message.option(option::LEASE_SECONDS) {
                Some(&[a, b, c, d]) => Some(u32::from_be_bytes([a, b, c, d])),
                _ => None,
            },
        })
    }

    /// A line that [`Lease::read`] reads back.
    pub fn line(&self) -> String {
        let router = self.router.unwrap_or(Ipv4Addr::UNSPECIFIED);
        format!(
            "{} {} {} {router}\n",
            self.address, self.prefix, self.server
        )
    }

    /// Reads what an earlier run kept.
    pub fn read(path: &Path) -> Result<Lease, Fault> {
        let failed = |cause| Fault::system(format!("reading the lease {}", path.display()))(cause);
        let text = std::fs::read_to_string(path).map_err(failed)?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let parsed = match words.as_slice() {
            [address, prefix, server, router] => (|| {
                let router: Ipv4Addr = router.parse().ok()?;
                Some(Lease {
                    address: address.parse().ok()?,
                    prefix: prefix.parse().ok()?,
                    server: server.parse().ok()?,
                    router: (!router.is_unspecified()).then_some(router),
                    dns: None,
                    seconds: None,
                })
            })(),
            _ => None,
        };
        parsed.ok_or_else(|| failed(io::Error::other("it is no lease of ours")))
    }
}

/// A client on an interface.
pub struct Client<'a> {
    /// The interface's name.
    pub interface: &'a str,
    /// How long to try.
    pub patience: Duration,
    /// Ends it early.
    pub stop: &'a Stop,
    /// The host's name, told to the server.
    pub host_name: Option<&'a str>,
}

impl Client<'_> {
    /// Gets an address by all four messages.
    pub fn obtain(&self, wanted: Option<Ipv4Addr>) -> Result<Lease, Fault> {
        let mut link = Link::open(self.interface)?;
        // Without a socket at the port the kernel would answer "port unreachable" to renewals.
        let _held = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, CLIENT_PORT));
        let until = Instant::now() + self.patience;
        let xid = transaction(link.hardware);
        let mut discover = self.message(Kind::DISCOVER, xid, link.hardware);
        if let Some(wanted) = wanted {
            discover = discover.with(option::REQUESTED, &wanted.octets());
        }
        let discover = self.listing(discover);
        let offer = self.exchange(&mut link, &discover, &[Kind::OFFER], until)?;
        let server = offer
            .address(option::SERVER)
            .unwrap_or(Ipv4Addr::UNSPECIFIED);
        let request = self
            .message(Kind::REQUEST, xid, link.hardware)
            .with(option::SERVER, &server.octets())
            .with(option::REQUESTED, &offer.yours.octets());
        let request = self.listing(request);
        let answer = self.exchange(&mut link, &request, &[Kind::ACK, Kind::NAK], until)?;
        self.granted(&answer)
    }

    /// Asks the lease's own server for more time.
    pub fn renew(&self, lease: &Lease) -> Result<Lease, Fault> {
        let hardware = Link::open(self.interface)?.hardware;
        let socket = self.socket(lease.address)?;
        let mut request = self.message(Kind::REQUEST, transaction(hardware), hardware);
        request.client = lease.address;
        let request = self.listing(request);
        self.send_to_server(&socket, lease, &request)?;
        let mut buffer = [0; 4096];
        let until = Instant::now() + self.patience;
        loop {
            let waited = wait(&socket, PollFlags::IN, self.stop, Some(until));
            if waited.map_err(Fault::system("waiting"))? != Waited::Ready {
                return Err(self.silence("the renewal"));
            }
            let Ok((count, _)) = socket.recv_from(&mut buffer) else {
                continue;
            };
            if let Some(answer) = Message::parse(&buffer[..count]).filter(|m| m.xid == request.xid)
            {
                return self.granted(&answer);
            }
        }
    }

    /// Gives the address back. Nobody answers a release.
    pub fn release(&self, lease: &Lease) -> Result<(), Fault> {
        let hardware = Link::open(self.interface)?.hardware;
        let socket = self.socket(lease.address)?;
        let mut release = self
            .message(Kind::RELEASE, transaction(hardware), hardware)
            .with(option::SERVER, &lease.server.octets());
        release.client = lease.address;
        self.send_to_server(&socket, lease, &release)
    }

    fn message(&self, kind: Kind, xid: u32, hardware: [u8; 6]) -> Message {
        Message::of_client(kind, xid, hardware)
    }

    fn listing(&self, message: Message) -> Message {
        let message = match self.host_name {
            Some(name) => message.with(option::HOST_NAME, name.as_bytes()),
            None => message,
        };
        message.with(option::LIST, &REQUEST_LIST)
    }

    fn socket(&self, address: Ipv4Addr) -> Result<UdpSocket, Fault> {
        crate::lab::listen::udp(SocketAddrV4::new(address, CLIENT_PORT).into())
    }

    fn send_to_server(
        &self,
        socket: &UdpSocket,
        lease: &Lease,
        message: &Message,
    ) -> Result<(), Fault> {
        let server = SocketAddrV4::new(lease.server, SERVER_PORT);
        socket
            .send_to(&message.bytes(), server)
            .map(drop)
            .map_err(|cause| Fault::of_socket(server.into(), "sending", self.patience, cause))
    }

    /// Sends until an answer of one of these kinds comes.
    fn exchange(
        &self,
        link: &mut Link,
        message: &Message,
        kinds: &[Kind],
        until: Instant,
    ) -> Result<Message, Fault> {
        let from = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, CLIENT_PORT);
        let to = SocketAddrV4::new(Ipv4Addr::BROADCAST, SERVER_PORT);
        let begun = Instant::now();
        let mut again = FIRST_WAIT;
        while Instant::now() < until && !self.stop.asked() {
            let mut message = message.clone();
            message.seconds = u16::try_from(begun.elapsed().as_secs()).unwrap_or(u16::MAX);
            link.send(EVERYBODY, from, to, &message.bytes())?;
            let next = until.min(Instant::now() + again);
            while let Some((_, payload)) = link.receive(CLIENT_PORT, next, self.stop)? {
                let answer = Message::parse(&payload).filter(|answer| answer.xid == message.xid);
                if let Some(answer) = answer
                    && answer.kind().is_some_and(|kind| kinds.contains(&kind))
                {
                    return Ok(answer);
                }
            }
            again *= 2;
        }
        Err(self.silence(match message.kind() {
            Some(Kind::DISCOVER) => "the discover message",
            _ => "the request",
        }))
    }

    fn granted(&self, answer: &Message) -> Result<Lease, Fault> {
        let server = answer
            .address(option::SERVER)
            .unwrap_or(Ipv4Addr::UNSPECIFIED);
        let declined = |words: &str| Fault::Declined {
            address: SocketAddrV4::new(server, SERVER_PORT).into(),
            words: words.to_owned(),
        };
        match answer.kind() {
            Some(Kind::ACK) => Lease::of(answer).ok_or_else(|| declined("it does not name itself")),
            _ => Err(declined("NAK")),
        }
    }

    fn silence(&self, doing: &'static str) -> Fault {
        Fault::TimedOut {
            address: SocketAddrV4::new(Ipv4Addr::BROADCAST, SERVER_PORT).into(),
            doing,
            waited: self.patience,
        }
    }

    /// Gives the interface the lease's address and route, as `ip` does.
    pub fn apply(&self, lease: &Lease) -> Result<(), Fault> {
        let address = format!("{}/{}", lease.address, lease.prefix);
        ip(&[
            "address",
            "replace",
            &address,
            "broadcast",
            "+",
            "dev",
            self.interface,
        ])?;
        if let Some(router) = lease.router {
            ip(&["route", "replace", "default", "via", &router.to_string()])?;
        }
        Ok(())
    }

    /// Takes the address away.
    pub fn withdraw(&self, lease: &Lease) -> Result<(), Fault> {
        let address = format!("{}/{}", lease.address, lease.prefix);
        ip(&["address", "del", &address, "dev", self.interface])
    }
}

fn ip(words: &[&str]) -> Result<(), Fault> {
    let doing = || format!("ip {}", words.join(" "));
    let output = Command::new("ip")
        .args(words)
        .stdin(Stdio::null())
        .output()
        .map_err(|cause| Fault::system(doing())(io::Error::other(system_words(&cause))))?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(Fault::system(doing())(io::Error::other(said)))
        }
    }
}

/// A number for a new transaction: the time and the hardware address, well mixed.
fn transaction(hardware: [u8; 6]) -> u32 {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let mut hash = now.subsec_nanos() ^ (now.as_secs() as u32);
    for byte in hardware {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    hash
}
