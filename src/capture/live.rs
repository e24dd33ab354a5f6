//! Frames of an interface while they come.

use super::ring::{self, Raw, Ring, Wanted};
use super::{LinkType, Time, finish};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use thiserror::Error;

/// The name that stands for all interfaces together.
pub const ANY: &str = "any";

/// How to look at an interface.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Most bytes kept of a frame.
    pub snapshot_length: u32,
    /// Whether frames for other stations are wanted.
    pub promiscuous: bool,
    /// Memory for frames that wait to be read, in MiB.
    pub room: u32,
}

impl Default for Look {
    fn default() -> Look {
        Look {
            snapshot_length: 262_144,
            promiscuous: true,
            room: 32,
        }
    }
}

/// A frame that has just been seen.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// When, by the kernel.
    pub time: Time,
    /// Bytes on the wire.
    pub wire_length: u32,
    /// The bytes kept.
    pub bytes: &'a [u8],
}

/// Why an interface cannot be looked at.
#[derive(Debug, Error)]
pub enum Refused {
    /// There is none of that name.
    #[error("no interface is called {name}; there are {}", known.join(", "))]
    NoSuchInterface {
        /// The name wanted.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The privilege is missing.
    #[error(
        "capturing on {name} needs the privilege CAP_NET_RAW, which this process does not have\n\
         hint: run it as root (sudo wirelab capture …); or give it to the program once \
         (sudo setcap cap_net_raw=ep $(which wirelab)); or work in a network of your own, \
         which needs neither (wirelab lab shell LAB, or unshare -Urn)"
    )]
    NotAllowed {
        /// The interface.
        name: String,
    },
    /// The system refused for another reason.
    #[error("cannot capture on {name}: {cause}")]
    System {
        /// The interface.
        name: String,
        /// What it said.
        cause: io::Error,
    },
}

/// An interface being looked at.
pub struct Live {
    name: String,
    number: u32,
    ring: Ring,
    link: LinkType,
    snapshot_length: usize,
    received: u64,
    dropped: u64,
    /// Frames left out because they were seen twice.
    twice: u64,
    /// A frame that had to be put together.
    whole: Vec<u8>,
}

/// ARPHRD values whose frames begin with an Ethernet header.
const ETHERNET_LIKE: [u16; 2] = [1, 772];
/// ARPHRD values whose frames begin with an IP header: PPP, raw, tunnels, none.
const BARE_IP: [u16; 6] = [512, 519, 768, 776, 778, 0xfffe];
const LOOPBACK: u16 = 772;
/// The loopback interface is the first of every network namespace.
const LOOPBACK_NUMBER: u32 = 1;
/// Sent by us (PACKET_OUTGOING).
const OUTGOING: u8 = 4;

impl Live {
    /// Looks at the interface called `name`, or at all with [`ANY`].
    pub fn open(name: &str, look: Look) -> Result<Live, Refused> {
        let refused = |cause: io::Error| match cause.kind() {
            io::ErrorKind::PermissionDenied => Refused::NotAllowed {
                name: name.to_owned(),
            },
            _ => Refused::System {
                name: name.to_owned(),
                cause,
            },
        };
        let (number, hardware) = match name {
            ANY => (0, 0),
            name => {
                let number = number_of(name).ok_or_else(|| Refused::NoSuchInterface {
                    name: name.to_owned(),
                    known: names(),
                })?;
                (number, ring::hardware_type(number).map_err(refused)?)
            }
        };
        let link = match hardware {
            _ if ETHERNET_LIKE.contains(&hardware) => LinkType::ETHERNET,
            _ if BARE_IP.contains(&hardware) => LinkType::RAW,
            _ => LinkType::LINUX_SLL,
        };
        let ring = Ring::open(Wanted {
            interface: number,
            cooked: link != LinkType::ETHERNET,
            promiscuous: look.promiscuous,
            incoming_only: hardware == LOOPBACK,
            blocks: look.room.max(2),
        })
        .map_err(refused)?;
        Ok(Live {
            name: name.to_owned(),
            number,
            ring,
            link,
            snapshot_length: look.snapshot_length as usize,
            received: 0,
            dropped: 0,
            twice: 0,
            whole: Vec::new(),
        })
    }

    /// The interface's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its frames begin with.
    pub fn link(&self) -> LinkType {
        self.link
    }

    /// Hands over all frames that are ready.
    pub fn drain(&mut self, mut each: impl FnMut(Seen<'_>) -> io::Result<()>) -> io::Result<()> {
        while let Some(block) = self.ring.take() {
            for raw in block.frames() {
                // On `any`, what loopback sends is seen again as it comes in.
                let twice = self.number == 0
                    && raw.interface == LOOPBACK_NUMBER
                    && raw.direction == OUTGOING;
                if twice {
                    self.twice += 1;
                    continue;
                }
                let bytes = whole(&raw, self.link, &mut self.whole);
                let added = bytes.len() - raw.bytes.len();
                each(Seen {
                    time: Time(raw.time),
                    wire_length: raw.wire_length.saturating_add(added as u32),
                    bytes: bytes.get(..self.snapshot_length).unwrap_or(bytes),
                })?;
            }
        }
        Ok(())
    }

    /// Frames that passed and frames that were lost for want of room, since the beginning.
    pub fn counts(&mut self) -> (u64, u64) {
        // The kernel forgets its counts as it tells them.
        if let Ok(counted) = self.ring.counted() {
            self.received += u64::from(counted.passed);
            self.dropped += u64::from(counted.lost);
        }
        self.known_counts()
    }

    /// The same as last asked for.
    pub fn known_counts(&self) -> (u64, u64) {
        (self.received.saturating_sub(self.twice), self.dropped)
    }

    /// Whether the interface still exists.
    pub fn exists(&self) -> bool {
        self.number == 0 || number_of(&self.name) == Some(self.number)
    }

    /// Takes the socket's error, such as ENETDOWN when the interface goes down.
    pub fn error(&self) -> Option<io::Error> {
        match rustix::net::sockopt::socket_error(&self.ring) {
            Ok(Err(errno)) => Some(errno.into()),
            _ => None,
        }
    }
}

impl AsFd for Live {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ring.as_fd()
    }
}

/// The frame as it is recorded: with the cooked header, the VLAN tag that the kernel took off,
/// and checksums finished that were left to the card.
fn whole<'a>(raw: &Raw<'a>, link: LinkType, space: &'a mut Vec<u8>) -> &'a [u8] {
    let cooked = link == LinkType::LINUX_SLL;
    if !cooked && raw.tag.is_none() && !raw.unfinished {
        return raw.bytes;
    }
    space.clear();
    if cooked {
        space.extend_from_slice(&u16::from(raw.direction).to_be_bytes());
        space.extend_from_slice(&raw.hardware.to_be_bytes());
        space.extend_from_slice(&u16::from(raw.address_length).to_be_bytes());
        space.extend_from_slice(&raw.address);
        space.extend_from_slice(&raw.protocol.to_be_bytes());
    }
    space.extend_from_slice(raw.bytes);
    if raw.unfinished {
        let (protocol, network) = match link {
            LinkType::ETHERNET => (ethernet_protocol(raw.bytes), 14),
            LinkType::LINUX_SLL => (raw.protocol, 16),
            _ => (raw.protocol, 0),
        };
        if let Some(packet) = space.get_mut(network..) {
            finish::checksum(protocol, packet);
        }
    }
    if let (Some((identifier, control)), true) = (raw.tag, link != LinkType::RAW) {
        // Before the protocol: it becomes the protocol of what the tag carries.
        let at = if cooked { 14 } else { 12 };
        if space.len() >= at {
            let tag = [identifier.to_be_bytes(), control.to_be_bytes()].concat();
            space.splice(at..at, tag);
        }
    }
    space
}

fn ethernet_protocol(bytes: &[u8]) -> u16 {
    match bytes.get(12..14) {
        Some(&[high, low]) => u16::from_be_bytes([high, low]),
        _ => 0,
    }
}

/// The number of an interface.
fn number_of(name: &str) -> Option<u32> {
    let any_socket = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::DGRAM,
        None,
    );
    let socket = any_socket.ok()?;
    rustix::net::netdevice::name_to_index(&socket, name).ok()
}

/// The names of all interfaces.
fn names() -> Vec<String> {
    let mut names: Vec<String> = pnet::datalink::interfaces()
        .into_iter()
        .map(|interface| interface.name)
        .collect();
    names.push(ANY.to_owned());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(bytes: &[u8]) -> Raw<'_> {
        Raw {
            bytes,
            wire_length: 60,
            time: 0,
            tag: None,
            unfinished: false,
            interface: 2,
            direction: 4,
            protocol: 0x0806,
            hardware: 1,
            address: [8, 0, 0x27, 1, 2, 3, 0, 0],
            address_length: 6,
        }
    }

    #[test]
    fn a_tag_that_the_kernel_took_off_is_put_back() {
        let bytes: Vec<u8> = (0..20).collect();
        let tagged = Raw {
            tag: Some((0x88a8, 0x2005)),
            ..raw(&bytes)
        };
        let mut space = Vec::new();
        let whole = whole(&tagged, LinkType::ETHERNET, &mut space);
        assert_eq!(
            whole[..18],
            [
                0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0x88, 0xa8, 0x20, 5, 12, 13
            ]
        );
        assert_eq!(whole.len(), 24);
    }

    #[test]
    fn a_cooked_frame_has_its_sixteen_bytes() {
        let mut space = Vec::new();
        let frame = raw(b"arp");
        let whole = whole(&frame, LinkType::LINUX_SLL, &mut space);
        assert_eq!(
            whole,
            b"\0\x04\0\x01\0\x06\x08\0\x27\x01\x02\x03\0\0\x08\x06arp"
        );
    }
}
