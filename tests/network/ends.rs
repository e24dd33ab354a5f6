//! The two ends of a connection: TCP as a host's system speaks it, in what matters for a capture.

use super::{Micros, Network, Segment, Wake};
use crate::numbers::Random;
use std::collections::{BTreeMap, VecDeque};

pub(crate) const CLIENT: usize = 0;
pub(crate) const SERVER: usize = 1;

/// How many segments an end has on their way at once.
const WINDOW: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Closed,
    Listens,
    /// SYN sent.
    Asks,
    /// SYN+ACK sent.
    Answers,
    Open,
    /// It knows nothing of the connection any more, and answers what comes with RST.
    Forgotten,
}

/// One end of a connection. Its numbers are counted from its first.
#[derive(Clone, Debug)]
pub(crate) struct End {
    /// The first sequence number, as sent.
    pub(crate) first: u32,
    pub(super) state: State,
    /// What it sends next, and what it expects.
    pub(super) next: u32,
    expects: u32,
    acknowledged: u32,
    /// What it sent and nobody acknowledged.
    unacknowledged: VecDeque<(&'static str, u32, u32)>,
    /// All that its program wants sent, and the lengths of the pieces of it that were not sent yet.
    pub(crate) written: String,
    pub(super) queue: VecDeque<u32>,
    /// What came before its turn.
    early: BTreeMap<u32, u32>,
    /// Where the FIN of the other side stands, once it came.
    other_fin: Option<u32>,
    /// Payload that its program got, and whether it got the end of all.
    pub(super) delivered: usize,
    pub(super) ended: bool,
    /// Its program wants the FIN sent, reads no more, and whether that was sent.
    pub(super) shuts: bool,
    pub(super) deaf: bool,
    pub(super) shut: bool,
    /// The other side's FIN came before its own was sent.
    passive: bool,
    waits: Micros,
    timer: u64,
    duplicates: u32,
    /// Segments whose acknowledgment is held back, and which holding back it is.
    held: u32,
    holding: u64,
}

impl End {
    pub(super) fn new(random: &mut Random) -> End {
        End {
            first: u32::try_from(random.below(1 << 31)).expect("31 bits") * 2,
            state: State::Closed,
            next: 0,
            expects: 0,
            acknowledged: 0,
            unacknowledged: VecDeque::new(),
            written: String::new(),
            queue: VecDeque::new(),
            early: BTreeMap::new(),
            other_fin: None,
            delivered: 0,
            ended: false,
            shuts: false,
            deaf: false,
            shut: false,
            passive: false,
            waits: 1_000_000,
            timer: 0,
            duplicates: 0,
            held: 0,
            holding: 0,
        }
    }
}

impl Network {
    pub(super) fn end(&mut self, connection: usize, side: usize) -> &mut End {
        &mut self.connections[connection].ends[side]
    }

    /// Sends a segment, which acknowledges all that came so far.
    pub(super) fn tell(
        &mut self,
        connection: usize,
        side: usize,
        flags: &'static str,
        seq: u32,
        length: u32,
        again: bool,
    ) {
        let end = self.end(connection, side);
        end.held = 0;
        end.holding += 1;
        let ack = end.expects;
        let segment = Segment {
            connection,
            from: side,
            flags,
            seq,
            ack,
            length,
            id: 0,
            serial: 0,
            again,
        };
        self.note(&segment);
        let serial = self.send(segment);
        let connection = &mut self.connections[connection];
        if (side, flags, seq) == (CLIENT, "A", 1) {
            connection.ack.get_or_insert(serial);
        }
    }

    /// Takes down what really happens.
    fn note(&mut self, segment: &Segment) {
        self.turn += 1;
        let turn = self.turn;
        let connection = &mut self.connections[segment.connection];
        match segment.flags {
            "FA" => {
                connection.fin_sent[segment.from].get_or_insert(turn);
            }
            "R" | "RA" => connection.resets.push(segment.from),
            _ => {}
        }
        if !segment.again {
            connection.bytes[segment.from] += segment.length;
        }
    }

    /// Sends what takes sequence numbers, and waits for its acknowledgment.
    fn tell_surely(&mut self, connection: usize, side: usize, flags: &'static str, length: u32) {
        let end = self.end(connection, side);
        let seq = end.next;
        end.next += length + u32::from(flags.contains(['S', 'F']));
        end.unacknowledged.push_back((flags, seq, length));
        let first = end.unacknowledged.len() == 1;
        self.tell(connection, side, flags, seq, length, false);
        if first {
            self.arm(connection, side);
        }
    }

    fn arm(&mut self, connection: usize, side: usize) {
        let end = self.end(connection, side);
        end.timer += 1;
        let (timer, waits) = (end.timer, end.waits);
        self.wake(waits, connection, side, Wake::Waited(timer));
    }

    /// Nothing was acknowledged in time.
    pub(super) fn waited(&mut self, connection: usize, side: usize, timer: u64) {
        let end = self.end(connection, side);
        if timer != end.timer || end.state == State::Forgotten || end.unacknowledged.is_empty() {
            return;
        }
        end.waits *= 2;
        if end.waits > 20_000_000 {
            self.forget(connection, side);
        } else {
            self.tell_again(connection, side);
            self.arm(connection, side);
        }
    }

    fn tell_again(&mut self, connection: usize, side: usize) {
        if let Some(&(flags, seq, length)) = self.end(connection, side).unacknowledged.front() {
            self.tell(connection, side, flags, seq, length, true);
        }
    }

    pub(super) fn forget(&mut self, connection: usize, side: usize) {
        self.end(connection, side).state = State::Forgotten;
        if side == SERVER {
            self.serves_next(connection);
        }
    }

    /// A call begins: its SYN.
    pub(super) fn opens(&mut self, connection: usize) {
        self.end(connection, SERVER).state = State::Listens;
        self.end(connection, CLIENT).state = State::Asks;
        self.tell_surely(connection, CLIENT, "S", 0);
    }

    pub(super) fn aborts(&mut self, connection: usize, side: usize) {
        let end = self.end(connection, side);
        if end.state == State::Open {
            let next = end.next;
            self.tell(connection, side, "RA", next, 0, false);
            self.forget(connection, side);
        }
    }

    /// Sends what the program wants sent, as far as the window goes.
    pub(super) fn pushes(&mut self, connection: usize, side: usize) {
        loop {
            let end = self.end(connection, side);
            if end.state != State::Open || end.unacknowledged.len() >= WINDOW {
                return;
            }
            if let Some(length) = end.queue.pop_front() {
                self.tell_surely(connection, side, "PA", length);
            } else if end.shuts && !end.shut {
                end.shut = true;
                end.passive = end.ended;
                self.tell_surely(connection, side, "FA", 0);
            } else {
                return;
            }
        }
    }

    pub(super) fn held_back(&mut self, connection: usize, side: usize, holding: u64) {
        let end = self.end(connection, side);
        if end.held > 0 && end.holding == holding && end.state == State::Open {
            let next = end.next;
            self.tell(connection, side, "A", next, 0, false);
        }
    }

    pub(super) fn arrives(&mut self, segment: &Segment) {
        let (connection, side) = (segment.connection, 1 - segment.from);
        match self.end(connection, side).state {
            State::Closed => {}
            State::Forgotten if segment.has('R') || !segment.has('A') => {}
            State::Forgotten => self.resets(segment),
            _ if segment.has('R') => self.is_reset(segment),
            State::Listens => self.called(segment),
            State::Asks => self.answered(segment),
            State::Answers | State::Open => self.goes_on(segment),
        }
    }

    /// A RST counts in its turn only; within the window it is challenged (RFC 9293 section
    /// 3.10.7.4). To a SYN that was not answered it must acknowledge that.
    fn is_reset(&mut self, segment: &Segment) {
        let (connection, side) = (segment.connection, 1 - segment.from);
        let end = self.end(connection, side);
        if end.state == State::Asks && segment.ack == 1 || segment.seq == end.expects {
            self.forget(connection, side);
        } else if end.state != State::Asks && segment.seq > end.expects {
            self.acknowledges(connection, side);
        }
    }

    /// Answers a segment of no connection with a RST (RFC 9293 section 3.10.7.1).
    fn resets(&mut self, segment: &Segment) {
        self.tell(
            segment.connection,
            1 - segment.from,
            "R",
            segment.ack,
            0,
            false,
        );
    }

    fn called(&mut self, segment: &Segment) {
        let connection = segment.connection;
        if segment.flags != "S" {
            return;
        }
        self.connections[connection].syn = Some(segment.serial);
        self.end(connection, SERVER).expects = 1;
        match self.connections[connection].plan.ending {
            super::Ending::Silent => {}
            super::Ending::Refused => {
                // Its number is 0 as sent.
                let zero = self.end(connection, SERVER).first.wrapping_neg();
                self.tell(connection, SERVER, "RA", zero, 0, false);
            }
            _ => {
                self.end(connection, SERVER).state = State::Answers;
                self.tell_surely(connection, SERVER, "SA", 0);
            }
        }
    }

    fn answered(&mut self, segment: &Segment) {
        if segment.flags == "SA" {
            let connection = segment.connection;
            let end = self.end(connection, CLIENT);
            end.expects = 1;
            end.acknowledged = 1;
            end.unacknowledged.clear();
            self.established(connection, CLIENT);
            let next = self.end(connection, CLIENT).next;
            self.tell(connection, CLIENT, "A", next, 0, false);
            self.connected(connection);
        }
    }

    fn established(&mut self, connection: usize, side: usize) {
        let end = self.end(connection, side);
        end.state = State::Open;
        end.timer += 1;
        end.waits = 300_000;
    }

    fn goes_on(&mut self, segment: &Segment) {
        let (connection, side) = (segment.connection, 1 - segment.from);
        if segment.has('S') {
            if self.end(connection, side).state == State::Answers {
                self.tell_again(connection, side);
            } else {
                self.acknowledges(connection, side);
            }
            return;
        }
        self.takes_acknowledgment(segment);
        let end = self.end(connection, side);
        if end.state == State::Forgotten {
            return;
        }
        if segment.length > 0 && end.deaf {
            self.resets(segment);
            self.forget(connection, side);
            return;
        }
        if segment.numbers() > 0 {
            self.takes(segment);
        }
        self.pushes(connection, side);
    }

    fn takes_acknowledgment(&mut self, segment: &Segment) {
        let (connection, side) = (segment.connection, 1 - segment.from);
        if self.end(connection, side).state == State::Answers && segment.ack >= 1 {
            self.established(connection, side);
            self.end(connection, side).unacknowledged.clear();
            self.end(connection, side).acknowledged = 1;
            self.accepts(connection);
        }
        let end = self.end(connection, side);
        if segment.ack > end.acknowledged {
            end.acknowledged = segment.ack;
            end.duplicates = 0;
            end.waits = 300_000;
            end.timer += 1;
            while let Some(&(flags, seq, length)) = end.unacknowledged.front()
                && seq + length + u32::from(flags.contains('F')) <= segment.ack
            {
                end.unacknowledged.pop_front();
            }
            if !end.unacknowledged.is_empty() {
                self.arm(connection, side);
            } else if end.shut && end.passive {
                self.forget(connection, side);
            }
        } else if segment.ack == end.acknowledged
            && segment.numbers() == 0
            && !end.unacknowledged.is_empty()
        {
            end.duplicates += 1;
            if end.duplicates == 3 {
                self.tell_again(connection, side);
            }
        }
    }

    /// Takes what takes sequence numbers: payload, and the end of it.
    fn takes(&mut self, segment: &Segment) {
        let (connection, side) = (segment.connection, 1 - segment.from);
        self.turn += 1;
        let (turn, holds_back) = (self.turn, self.setting.holds_back);
        let end = self.end(connection, side);
        if segment.length > 0 {
            end.early.insert(segment.seq, segment.length);
        }
        if segment.has('F') {
            end.other_fin = Some(segment.seq + segment.length);
        }
        let before = end.expects;
        while let Some(length) = end.early.remove(&end.expects) {
            end.expects += length;
            end.delivered += length as usize;
        }
        let in_turn = end.expects > before && end.early.is_empty();
        let ends = end.other_fin == Some(end.expects);
        if ends {
            end.expects += 1;
            end.ended = true;
        }
        end.held += 1;
        let hold = holds_back && in_turn && !ends && end.held < 2;
        let holding = end.holding;
        if hold {
            self.wake(40_000, connection, side, Wake::HeldBack(holding));
        } else {
            self.acknowledges(connection, side);
        }
        if ends {
            self.connections[connection].fin_received[side].get_or_insert(turn);
        }
        self.reads(connection, side);
    }

    fn acknowledges(&mut self, connection: usize, side: usize) {
        let next = self.end(connection, side).next;
        self.tell(connection, side, "A", next, 0, false);
    }
}
