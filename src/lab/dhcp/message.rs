//! A DHCP message (RFC 2131 section 2), read and written.

use std::net::Ipv4Addr;

/// Option numbers (RFC 2132) that the programs use.
#[expect(missing_docs, reason = "the RFC's own names")]
pub mod option {
    pub const MASK: u8 = 1;
    pub const ROUTER: u8 = 3;
    pub const DNS: u8 = 6;
    pub const HOST_NAME: u8 = 12;
    pub const DOMAIN: u8 = 15;
    pub const BROADCAST: u8 = 28;
    pub const REQUESTED: u8 = 50;
    pub const LEASE_SECONDS: u8 = 51;
    pub const KIND: u8 = 53;
    pub const SERVER: u8 = 54;
    pub const LIST: u8 = 55;
    pub const MESSAGE: u8 = 56;
    pub const END: u8 = 255;
}

/// The kind of a message (option 53).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(pub u8);

#[expect(missing_docs, reason = "the RFC's own names")]
impl Kind {
    pub const DISCOVER: Kind = Kind(1);
    pub const OFFER: Kind = Kind(2);
    pub const REQUEST: Kind = Kind(3);
    pub const DECLINE: Kind = Kind(4);
    pub const ACK: Kind = Kind(5);
    pub const NAK: Kind = Kind(6);
    pub const RELEASE: Kind = Kind(7);
    pub const INFORM: Kind = Kind(8);

    /// As the RFC calls it.
    pub fn name(self) -> &'static str {
        match self.0 {
            1 => "discover",
            2 => "offer",
            3 => "request",
            4 => "decline",
            5 => "ack",
            6 => "nak",
            7 => "release",
            8 => "inform",
            _ => "unknown",
        }
    }
}

const COOKIE: [u8; 4] = [99, 130, 83, 99];
const OPTIONS_AT: usize = 240;
/// BOOTP's length, below which some relays and servers drop a message.
const SHORTEST: usize = 300;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// 1 from a client, 2 from a server.
    pub operation: u8,
    /// The transaction.
    pub xid: u32,
    /// Seconds since the client began.
    pub seconds: u16,
    /// Whether the client asks for answers by broadcast.
    pub broadcast: bool,
    /// The address the client has and uses.
    pub client: Ipv4Addr,
    /// The address the client gets.
    pub yours: Ipv4Addr,
    /// The next server; ours leave it 0.
    pub next: Ipv4Addr,
    /// The relay agent.
    pub relay: Ipv4Addr,
    /// The client's hardware address.
    pub hardware: [u8; 6],
    /// The options, in their order.
    pub options: Vec<(u8, Vec<u8>)>,
}

impl Message {
    /// A client's message.
    pub fn of_client(kind: Kind, xid: u32, hardware: [u8; 6]) -> Message {
        Message {
            operation: 1,
            xid,
            seconds: 0,
            broadcast: false,
            client: Ipv4Addr::UNSPECIFIED,
            yours: Ipv4Addr::UNSPECIFIED,
            next: Ipv4Addr::UNSPECIFIED,
            relay: Ipv4Addr::UNSPECIFIED,
            hardware,
            options: vec![(option::KIND, vec![kind.0])],
        }
    }

    /// A server's answer to `request`.
    pub fn answer_to(request: &Message, kind: Kind) -> Message {
        Message {
            operation: 2,
            seconds: 0,
            yours: Ipv4Addr::UNSPECIFIED,
            options: vec![(option::KIND, vec![kind.0])],
            ..request.clone()
        }
    }

    /// Its kind, if it is DHCP at all.
    pub fn kind(&self) -> Option<Kind> {
        match self.option(option::KIND)? {
            &[kind] => Some(Kind(kind)),
            _ => None,
        }
    }

    /// An option's value.
    pub fn option(&self, code: u8) -> Option<&[u8]> {
        let found = self.options.iter().find(|(own, _)| *own == code);
        found.map(|(_, value)| value.as_slice())
    }

    /// The first address in an option.
    pub fn address(&self, code: u8) -> Option<Ipv4Addr> {
        match self.option(code)? {
            &[a, b, c, d, ..] => Some(Ipv4Addr::new(a, b, c, d)),
            _ => None,
        }
    }

    /// Adds an option.
    pub fn with(mut self, code: u8, value: &[u8]) -> Message {
        self.options.push((code, value.to_vec()));
        self
    }

    /// Reads a message; `None` when it is none, or is cut.
    pub fn parse(bytes: &[u8]) -> Option<Message> {
        let fixed = bytes.get(..OPTIONS_AT)?;
        let address =
            |at: usize| Ipv4Addr::new(fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]);
        // Ethernet, addresses of six bytes.
        if fixed[1] != 1 || fixed[2] != 6 || fixed[236..240] != COOKIE {
            return None;
        }
        let mut options = Vec::new();
        let mut rest = &bytes[OPTIONS_AT..];
        loop {
            match rest {
                [0, after @ ..] => rest = after,
                [] | [option::END, ..] => break,
                [code, length, after @ ..] => {
                    let (value, after) = after.split_at_checked(usize::from(*length))?;
                    options.push((*code, value.to_vec()));
                    rest = after;
                }
                [_] => return None,
            }
        }
        let mut hardware = [0; 6];
        hardware.copy_from_slice(&fixed[28..34]);
        Some(Message {
            operation: fixed[0],
            xid: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            seconds: u16::from_be_bytes([fixed[8], fixed[9]]),
            broadcast: fixed[10] & 0x80 != 0,
            client: address(12),
            yours: address(16),
            next: address(20),
            relay: address(24),
            hardware,
            options,
        })
    }

    /// The bytes of the message.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.operation, 1, 6, 0];
        bytes.extend(self.xid.to_be_bytes());
        bytes.extend(self.seconds.to_be_bytes());
        bytes.extend([if self.broadcast { 0x80 } else { 0 }, 0]);
        for address in [self.client, self.yours, self.next, self.relay] {
            bytes.extend(address.octets());
        }
        bytes.extend(self.hardware);
        // The rest of the hardware address, server name and file name are empty.
        bytes.resize(236, 0);
        bytes.extend(COOKIE);
        for (code, value) in &self.options {
            let value = value.get(..255).unwrap_or(value);
            bytes.push(*code);
            bytes.push(value.len() as u8);
            bytes.extend(value);
        }
        bytes.push(option::END);
        bytes.resize(bytes.len().max(SHORTEST), 0);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_every_cut_is_refused_or_shorter() {
        let message = Message::of_client(Kind::REQUEST, 0x2295_2935, [8, 0, 0x27, 1, 2, 3])
            .with(option::REQUESTED, &[10, 0, 2, 15])
            .with(option::LIST, &[1, 28, 2, 3]);
        let bytes = message.bytes();
        assert_eq!(bytes.len(), 300);
        assert_eq!(Message::parse(&bytes), Some(message.clone()));
        assert_eq!(message.kind(), Some(Kind::REQUEST));
        assert_eq!(
            message.address(option::REQUESTED),
            Some([10, 0, 2, 15].into())
        );
        for length in 0..OPTIONS_AT {
            assert_eq!(Message::parse(&bytes[..length]), None);
        }
        // Cut inside an option.
        assert_eq!(Message::parse(&bytes[..OPTIONS_AT + 5]), None);
    }
}
