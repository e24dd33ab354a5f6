//! What kind of network it is, and which of its links is captured.

use crate::known::{Identifications, Micros};
use crate::numbers::Random;

/// All that is the same for the whole of a network's life.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) clients: usize,
    pub(crate) routers: u8,
    /// The captured link: 0 is that of the clients, behind the last router is the server's.
    pub(crate) link: u8,
    /// Of each link.
    pub(crate) delay: Micros,
    /// Delays that differ from packet to packet, at most.
    pub(crate) jitter: Micros,
    /// How many packets of a hundred are lost on the clients' side of the capture, and on the server's.
    pub(crate) lost: [usize; 2],
    /// How many of a hundred packets the network doubles, and how many the capture misses.
    pub(crate) doubled: usize,
    pub(crate) missed: usize,
    pub(crate) captured_twice: bool,
    pub(crate) identifications: Identifications,
    /// The TTL with which hosts send.
    pub(crate) ttl: u8,
    /// Whether ARP is seen on the link.
    pub(crate) arp: bool,
    /// Routers that report no error.
    pub(crate) mute: Vec<u8>,
    /// Whether hosts and routers report two errors a second at most.
    pub(crate) limits_errors: bool,
}

impl Setting {
    pub(crate) fn any(random: &mut Random) -> Setting {
        let routers = random.one(&[0, 0, 1, 2, 4]);
        let link = u8::try_from(random.below(usize::from(routers) + 1)).expect("few");
        let mut lost = || random.one(&[0, 0, 5, 15]);
        Setting {
            lost: [lost(), lost()],
            clients: random.one(&[1, 1, 2, 3]),
            routers,
            link,
            delay: random.one(&[20, 2_000, 20_000, 80_000]),
            jitter: random.one(&[0, 0, 2_000, 20_000]),
            doubled: random.one(&[0, 0, 0, 0, 0, 5]),
            missed: random.one(&[0, 0, 0, 5, 20]),
            captured_twice: random.chance(10),
            identifications: random.one(&[
                Identifications::Count,
                Identifications::Zero,
                Identifications::Random,
            ]),
            ttl: random.one(&[64, 64, 128]),
            arp: random.chance(60),
            mute: (1..=routers).filter(|_| random.chance(10)).collect(),
            limits_errors: random.chance(30),
        }
    }
}
