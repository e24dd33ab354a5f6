//! What a DHCP message says of whose a hardware address is.

use crate::dissect::Packet;
use crate::dissect::dhcp::{Message, kind};
use crate::facts::dhcp::stated;
use crate::track::ttl;
use std::net::{IpAddr, Ipv4Addr};

/// What is said of a hardware address and an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// The address is offered to the card.
    Offered,
    /// The card says that it has the address.
    Own,
    /// The card is that of the server with the address.
    Server,
}

/// That a message says so.
#[derive(Clone, Copy, Debug)]
pub struct Stated {
    /// What is said.
    pub what: What,
    /// The address.
    pub address: IpAddr,
    /// The hardware address.
    pub mac: [u8; 6],
    /// The message's frame.
    pub frame: u32,
    /// Number of its transaction.
    pub xid: u32,
}

impl Stated {
    /// What a message says of its client, and of its server.
    pub(super) fn of(message: &Message<'_>, packet: &Packet<'_>) -> impl Iterator<Item = Stated> {
        let said = |(what, address, mac)| Stated {
            what,
            address,
            mac,
            frame: packet.frame.number,
            xid: message.xid,
        };
        let client = client(message).map(said);
        client.into_iter().chain(server(message, packet).map(said))
    }
}

/// What an Offer says of the client, or the client of itself.
fn client(message: &Message<'_>) -> Option<(What, IpAddr, [u8; 6])> {
    let mac = message.mac()?;
    match message.kind()? {
        kind::OFFER => Some((What::Offered, stated(Some(message.yours))?, mac)),
        kind::INFORM | kind::REQUEST => Some((What::Own, stated(Some(message.client))?, mac)),
        _ => None,
    }
}

/// The server, whose card the frame comes from: no relay has passed the message on, the mask in it puts
/// the server on the client's network, and its TTL is one that systems begin with.
fn server(message: &Message<'_>, packet: &Packet<'_>) -> Option<(What, IpAddr, [u8; 6])> {
    let (ip, macs) = (packet.ip?, packet.macs?);
    let server = Ipv4Addr::from(message.address(54)?);
    let mask = Ipv4Addr::from(message.address(1)?).to_bits();
    let client = stated(Some(message.yours)).or(stated(Some(message.client)));
    let IpAddr::V4(client) = client? else {
        return None;
    };
    let one_network = client.to_bits() & mask == server.to_bits() & mask;
    let given = matches!(message.kind()?, kind::OFFER | kind::ACK);
    let direct = stated(Some(message.relay)).is_none() && ttl::is_initial(ip.ttl);
    let own = given && direct && one_network && ip.source == server;
    own.then_some((What::Server, server.into(), macs.1))
}
