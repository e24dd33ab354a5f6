//! What kind of network it is, and where on it packets are captured.

use crate::known::{Identifications, Micros};
use crate::numbers::Random;

/// The path between a host and the place of the capture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    pub(crate) delay: Micros,
    /// How many packets of a hundred it loses.
    pub(crate) lost: usize,
}

/// All that is the same for the whole of a network's life.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// That of the client, that of the server.
    pub(crate) stretches: [Stretch; 2],
    /// Delays that differ from packet to packet, at most.
    pub(crate) jitter: Micros,
    /// How many of a hundred packets the network doubles, and how many the capture misses.
    pub(crate) doubled: usize,
    pub(crate) missed: usize,
    pub(crate) captured_twice: bool,
    pub(crate) identifications: Identifications,
    pub(crate) clients: usize,
    /// Whether the server serves one client at a time.
    pub(crate) one_at_a_time: bool,
    /// Whether acknowledgments are held back for a second segment or 40 ms.
    pub(crate) holds_back: bool,
}

impl Setting {
    pub(crate) fn any(random: &mut Random) -> Setting {
        let mut stretch = || Stretch {
            delay: random.one(&[20, 5_000, 50_000]),
            lost: random.one(&[0, 0, 5, 15]),
        };
        Setting {
            stretches: [stretch(), stretch()],
            jitter: random.one(&[0, 0, 2_000, 20_000]),
            doubled: random.one(&[0, 0, 0, 0, 0, 5]),
            missed: random.one(&[0, 0, 0, 5, 20]),
            captured_twice: random.chance(10),
            identifications: random.one(&[
                Identifications::Count,
                Identifications::Zero,
                Identifications::Random,
            ]),
            clients: random.one(&[1, 1, 1, 2, 3]),
            one_at_a_time: random.chance(40),
            holds_back: random.chance(50),
        }
    }
}
