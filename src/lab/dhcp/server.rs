//! The server: offers, acknowledgments, refusals; leases are kept while it runs.

use super::link::{EVERYBODY, Link};
use super::message::{Kind, Message, option};
use super::{CLIENT_PORT, SERVER_PORT};
use crate::lab::fault::{Fault, error_name};
use crate::lab::log::{Event, Log};
use crate::lab::stop::{Stop, Waited, wait};
use rustix::event::PollFlags;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::Duration;

/// What the server gives out.
#[derive(Clone, Debug)]
pub struct Given {
    /// Its own address, which names it in option 54.
    pub server: Ipv4Addr,
    /// Length of the network's prefix.
    pub prefix: u8,
    /// The first and the last address for clients.
    pub range: (Ipv4Addr, Ipv4Addr),
    /// The router.
    pub router: Option<Ipv4Addr>,
    /// The DNS servers.
    pub dns: Vec<Ipv4Addr>,
    /// The domain.
    pub domain: Option<String>,
    /// How long an address is given for.
    pub lease: Duration,
}

/// A server's memory.
#[derive(Debug)]
pub struct Leases {
    given: Given,
    by_client: BTreeMap<[u8; 6], Ipv4Addr>,
    /// Addresses that clients found in use.
    declined: BTreeSet<Ipv4Addr>,
}

impl Leases {
    /// Nothing is given out yet.
    pub fn new(given: Given) -> Leases {
        Leases {
            given,
            by_client: BTreeMap::new(),
            declined: BTreeSet::new(),
        }
    }

    /// The answer to a client's message, if there is one.
    pub fn answer(&mut self, message: &Message) -> Option<Message> {
        let server = message.address(option::SERVER);
        let ours = server.is_none_or(|server| server == self.given.server);
        let wanted = match message.client {
            Ipv4Addr::UNSPECIFIED => message.address(option::REQUESTED),
            client => Some(client),
        };
        match message.kind()? {
            Kind::DISCOVER => {
                let address = self.address_for(message.hardware, wanted)?;
                Some(self.grant(message, Kind::OFFER, address))
            }
            // The client has taken another server's offer.
            Kind::REQUEST if !ours => {
                self.by_client.remove(&message.hardware);
                None
            }
            Kind::REQUEST => {
                let wanted = wanted?;
                match self.address_for(message.hardware, Some(wanted)) {
                    Some(address) if address == wanted => {
                        Some(self.grant(message, Kind::ACK, address))
                    }
                    _ => Some(
                        Message::answer_to(message, Kind::NAK)
                            .with(option::SERVER, &self.given.server.octets())
                            .with(option::MESSAGE, b"this address is not yours"),
                    ),
                }
            }
            Kind::RELEASE if ours => {
                self.by_client.remove(&message.hardware);
                None
            }
            Kind::DECLINE if ours => {
                self.by_client.remove(&message.hardware);
                self.declined.extend(wanted);
                None
            }
            Kind::INFORM => Some(self.inform(message, Message::answer_to(message, Kind::ACK))),
            _ => None,
        }
    }

    /// The address a client has, or wants and can have, or the first that is free.
    fn address_for(&mut self, client: [u8; 6], wanted: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        if let Some(&address) = self.by_client.get(&client) {
            return Some(address);
        }
        let (first, last) = (u32::from(self.given.range.0), u32::from(self.given.range.1));
        let taken: BTreeSet<Ipv4Addr> = self.by_client.values().copied().collect();
        let free = |address: &Ipv4Addr| {
            (first..=last).contains(&u32::from(*address))
                && !taken.contains(address)
                && !self.declined.contains(address)
                && *address != self.given.server
        };
        let address = wanted
            .filter(free)
            .or_else(|| (first..=last).map(Ipv4Addr::from).find(free))?;
        self.by_client.insert(client, address);
        Some(address)
    }

    fn grant(&self, request: &Message, kind: Kind, address: Ipv4Addr) -> Message {
        let seconds = u32::try_from(self.given.lease.as_secs()).unwrap_or(u32::MAX);
        let mut answer = Message::answer_to(request, kind);
        answer.yours = address;
        let answer = answer
            .with(option::SERVER, &self.given.server.octets())
            .with(option::LEASE_SECONDS, &seconds.to_be_bytes());
        self.configuration(request, answer)
    }

    /// The answer to a client that has its address from elsewhere.
    fn inform(&self, request: &Message, answer: Message) -> Message {
        let answer = answer.with(option::SERVER, &self.given.server.octets());
        self.configuration(request, answer)
    }

    /// Adds what the client asked for and we know; to one that lists nothing, everything.
    fn configuration(&self, request: &Message, mut answer: Message) -> Message {
        let mask = u32::MAX
            .checked_shl(32 - u32::from(self.given.prefix))
            .unwrap_or(0);
        let broadcast = Ipv4Addr::from(u32::from(self.given.server) | !mask);
        let dns: Vec<u8> = self.given.dns.iter().flat_map(|dns| dns.octets()).collect();
        let known: [(u8, Option<Vec<u8>>); 5] = [
            (option::MASK, Some(mask.to_be_bytes().to_vec())),
            (
                option::ROUTER,
                self.given.router.map(|router| router.octets().to_vec()),
            ),
            (option::DNS, (!dns.is_empty()).then_some(dns)),
            (
                option::DOMAIN,
                self.given
                    .domain
                    .as_ref()
                    .map(|domain| domain.clone().into_bytes()),
            ),
            (option::BROADCAST, Some(broadcast.octets().to_vec())),
        ];
        let list = request.option(option::LIST);
        for (code, value) in known {
            if let (Some(value), true) = (value, list.is_none_or(|list| list.contains(&code))) {
                answer = answer.with(code, &value);
            }
        }
        answer
    }
}

/// Answers clients on a link until asked to stop.
pub fn serve(link: &mut Link, given: Given, stop: &Stop, log: &Log) -> Result<(), Fault> {
    let local = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, SERVER_PORT);
    let own = SocketAddrV4::new(given.server, SERVER_PORT);
    let socket = crate::lab::listen::udp(SocketAddr::V4(local))?;
    log.record(&Event::new("listening").at("udp", SocketAddr::V4(own)));
    let mut leases = Leases::new(given);
    let mut buffer = [0; 4096];
    while wait(&socket, PollFlags::IN, stop, None).map_err(Fault::system("waiting"))?
        == Waited::Ready
    {
        let Ok((count, _)) = socket.recv_from(&mut buffer) else {
            continue;
        };
        let Some(message) = Message::parse(&buffer[..count]) else {
            continue;
        };
        if message.operation != 1 {
            continue;
        }
        let heard = message.kind().map_or("none", Kind::name);
        log.record(&event("message", &message).text("kind", heard));
        let Some(answer) = leases.answer(&message) else {
            continue;
        };
        let event = event("answered", &answer).text("kind", answer.kind().map_or("", Kind::name));
        log.record(&match reply(link, &socket, own, &answer) {
            Ok(()) => event.text("address", answer.yours.to_string()),
            Err(words) => event.text("error", words),
        });
    }
    log.record(&Event::new("ended").at("udp", SocketAddr::V4(own)));
    Ok(())
}

/// Where an answer goes (RFC 2131 section 4.1).
fn reply(
    link: &mut Link,
    socket: &UdpSocket,
    own: SocketAddrV4,
    answer: &Message,
) -> Result<(), String> {
    let refused = answer.kind() == Some(Kind::NAK);
    let bytes = answer.bytes();
    if !answer.relay.is_unspecified() || (!answer.client.is_unspecified() && !refused) {
        let to = match answer.relay.is_unspecified() {
            true => SocketAddrV4::new(answer.client, CLIENT_PORT),
            false => SocketAddrV4::new(answer.relay, SERVER_PORT),
        };
        let sent = socket.send_to(&bytes, to);
        return sent
            .map(drop)
            .map_err(|error| error_name(&error).to_owned());
    }
    let (hardware, address) = match answer.broadcast || refused {
        true => (EVERYBODY, Ipv4Addr::BROADCAST),
        false => (answer.hardware, answer.yours),
    };
    link.send(
        hardware,
        own,
        SocketAddrV4::new(address, CLIENT_PORT),
        &bytes,
    )
    .map_err(|fault| fault.to_string())
}

fn event(name: &'static str, message: &Message) -> Event {
    let [a, b, c, d, e, f] = message.hardware;
    Event::new(name)
        .text(
            "client",
            format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}"),
        )
        .text("xid", format!("{:#010x}", message.xid))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leases() -> Leases {
        Leases::new(Given {
            server: [10, 0, 2, 2].into(),
            prefix: 24,
            range: ([10, 0, 2, 15].into(), [10, 0, 2, 16].into()),
            router: Some([10, 0, 2, 2].into()),
            dns: vec![[10, 0, 2, 3].into()],
            domain: None,
            lease: Duration::from_secs(86_400),
        })
    }

    fn from(last: u8, kind: Kind) -> Message {
        Message::of_client(kind, 7, [8, 0, 0x27, 0, 0, last]).with(option::LIST, &[1, 3, 6])
    }

    #[test]
    fn a_client_gets_the_same_address_again_and_the_options_it_lists() {
        let mut leases = leases();
        let offer = leases.answer(&from(1, Kind::DISCOVER)).unwrap();
        assert_eq!(
            (offer.kind(), offer.yours),
            (Some(Kind::OFFER), [10, 0, 2, 15].into())
        );
        assert_eq!(offer.address(option::MASK), Some([255, 255, 255, 0].into()));
        assert_eq!(offer.address(option::ROUTER), Some([10, 0, 2, 2].into()));
        assert_eq!(offer.option(option::BROADCAST), None);
        let request = from(1, Kind::REQUEST)
            .with(option::REQUESTED, &[10, 0, 2, 15])
            .with(option::SERVER, &[10, 0, 2, 2]);
        assert_eq!(leases.answer(&request).unwrap().kind(), Some(Kind::ACK));
        assert_eq!(
            leases.answer(&from(1, Kind::DISCOVER)).unwrap().yours,
            offer.yours
        );
    }

    #[test]
    fn an_address_is_given_to_one_client_and_after_release_to_another() {
        let mut leases = leases();
        leases.answer(&from(1, Kind::DISCOVER)).unwrap();
        assert_eq!(
            leases.answer(&from(2, Kind::DISCOVER)).unwrap().yours,
            Ipv4Addr::from([10, 0, 2, 16])
        );
        assert_eq!(leases.answer(&from(3, Kind::DISCOVER)), None);
        let taken = from(3, Kind::REQUEST).with(option::REQUESTED, &[10, 0, 2, 15]);
        assert_eq!(leases.answer(&taken), None);
        assert_eq!(leases.answer(&from(1, Kind::RELEASE)), None);
        assert_eq!(leases.answer(&taken).unwrap().kind(), Some(Kind::ACK));
        let foreign = from(2, Kind::REQUEST).with(option::REQUESTED, &[10, 0, 3, 1]);
        assert_eq!(leases.answer(&foreign).unwrap().kind(), Some(Kind::NAK));
    }

    #[test]
    fn who_takes_another_servers_offer_gets_no_answer() {
        let mut leases = leases();
        leases.answer(&from(1, Kind::DISCOVER)).unwrap();
        let other = from(1, Kind::REQUEST)
            .with(option::REQUESTED, &[10, 0, 9, 9])
            .with(option::SERVER, &[10, 0, 9, 1]);
        assert_eq!(leases.answer(&other), None);
        assert_eq!(
            leases.answer(&from(2, Kind::DISCOVER)).unwrap().yours,
            Ipv4Addr::from([10, 0, 2, 15])
        );
    }
}
