//! What really happened on a connection, as far as it came by where it was captured.

use super::{CLIENT, Captured, Connection, Ending, Network, SERVER};
use std::collections::HashSet;
use wirelab::facts::{Milliseconds, Side};

pub(crate) const SIDES: [Side; 2] = [Side::Client, Side::Server];

/// One connection, and its captured segments: those that stand there for the first time, and copies.
pub(crate) struct Truth<'n> {
    pub(crate) really: &'n Connection,
    first: Vec<&'n Captured>,
    copies: Vec<&'n Captured>,
}

impl<'n> Truth<'n> {
    pub(crate) fn of(network: &'n Network, captured: &'n [Captured], connection: usize) -> Self {
        let own = |c: &&Captured| c.segment.connection == connection;
        let mut before = HashSet::new();
        let (first, copies) = captured
            .iter()
            .filter(own)
            .partition(|c| before.insert(c.segment.serial));
        Truth {
            really: &network.connections[connection],
            first,
            copies,
        }
    }

    pub(crate) fn copies(&self) -> u32 {
        count(self.copies.iter())
    }

    /// How many bytes of a side's stream lie before the last number that is in the capture of it: what
    /// it sent after that leaves nothing.
    pub(crate) fn shown_bytes(&self, side: usize) -> u64 {
        let sent = self.once(side).filter(|c| !c.segment.has('R'));
        let sent = sent.map(|c| c.segment.seq + c.segment.length);
        let told = self.once(1 - side).filter(|c| c.segment.has('A'));
        let last = sent.chain(told.map(|c| c.segment.ack)).max();
        u64::from(
            last.unwrap_or(1)
                .saturating_sub(1)
                .min(self.really.bytes[side]),
        )
    }

    /// Segments of a side, each once.
    fn once(&self, side: usize) -> impl Iterator<Item = &Captured> {
        let own = move |c: &&Captured| c.segment.from == side;
        self.first.iter().copied().filter(own)
    }

    pub(crate) fn calls(&self) -> u32 {
        count(self.once(CLIENT).filter(|c| c.segment.flags == "S"))
    }

    /// How many a side sent again.
    pub(crate) fn again(&self, side: usize) -> u32 {
        count(self.once(side).filter(|c| c.segment.again))
    }

    /// How many of these show it: what they bring was captured before.
    pub(crate) fn plainly_again(&self, side: usize) -> u32 {
        let mut before = HashSet::new();
        let mut plain = |c: &&Captured| {
            let known = !before.insert((c.segment.seq, c.segment.flags));
            c.segment.again && known
        };
        let takes = |c: &&Captured| c.segment.numbers() > 0;
        count(self.once(side).filter(takes).filter(|c| plain(c)))
    }

    /// Who sent the first FIN.
    pub(crate) fn first_fin(&self) -> Option<Side> {
        let [client, server] = self.really.fin_sent;
        match (client, server) {
            (None, None) => None,
            (Some(client), Some(server)) if client <= server => Some(Side::Client),
            (Some(_), None) => Some(Side::Client),
            _ => Some(Side::Server),
        }
    }

    /// Whether a RST of a side is in the capture.
    pub(crate) fn shows_reset(&self, side: usize) -> bool {
        self.once(side).any(|c| c.segment.has('R'))
    }

    /// Whether of one side only a FIN is in the capture that it sent again: another end would leave
    /// the same.
    pub(crate) fn lacks_first_fin(&self) -> bool {
        [CLIENT, SERVER].iter().any(|&side| {
            let fins = || self.once(side).filter(|c| c.segment.has('F'));
            fins().count() > 0 && fins().all(|c| c.segment.again)
        })
    }

    /// Who closed it: both, where each sent its FIN before the other's came.
    pub(crate) fn closer(&self) -> Option<Side> {
        let (sent, came) = (self.really.fin_sent, self.really.fin_received);
        let crossed = |side: usize| came[side].is_none_or(|came| sent[side] < Some(came));
        let both = sent.iter().all(Option::is_some) && crossed(CLIENT) && crossed(SERVER);
        if both {
            Some(Side::Both)
        } else {
            self.first_fin()
        }
    }

    /// From the SYN to the ACK that completed the handshake, as captured: one that acknowledges the
    /// same may have overtaken the first.
    pub(crate) fn handshake_rtt(&self) -> Option<Milliseconds> {
        let has = |serial: Option<u64>| {
            let found = self.first.iter().find(|c| Some(c.segment.serial) == serial);
            found.copied()
        };
        let (syn, ack) = (has(self.really.syn)?, has(self.really.ack)?);
        let same = |c: &&Captured| {
            let segment = &c.segment;
            (segment.flags, segment.seq, segment.ack) == ("A", 1, 1)
        };
        let first = self.once(CLIENT).find(same).unwrap_or(ack);
        let nanoseconds = i64::try_from((first.time - syn.time) * 1000);
        nanoseconds.ok().map(Milliseconds::from_nanoseconds)
    }

    /// Whether the server's system answered the call, and whether it refused it.
    pub(crate) fn answered(&self) -> bool {
        !matches!(self.really.plan.ending, Ending::Silent | Ending::Refused)
    }

    pub(crate) fn refused(&self) -> bool {
        self.really.plan.ending == Ending::Refused
    }
}

fn count<T>(of: impl Iterator<Item = T>) -> u32 {
    u32::try_from(of.count()).expect("few")
}
