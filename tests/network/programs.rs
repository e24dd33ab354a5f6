//! What the programs at the ends want: a client that asks so many times, a server that answers, and
//! who ends it how.

use super::ends::{CLIENT, SERVER, State};
use super::{Micros, Network, Wake};
use crate::numbers::Random;

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// One side closes, and the other then.
    Client,
    /// The client says that it sends no more, and goes on reading.
    ClientShuts,
    Server,
    Both,
    ClientAborts,
    ServerAborts,
    /// Nothing listens.
    Refused,
    /// Nothing answers.
    Silent,
    Open,
}

/// What is to happen on a connection.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) ending: Ending,
    pub(super) starts: Micros,
    /// What the server says before it is asked.
    greeting: u32,
    /// How often the client asks, how much, and what it is answered.
    rounds: u32,
    up: u32,
    down: u32,
    /// How long the server works at an answer, and the client thinks before it asks again.
    works: Micros,
    thinks: Micros,
    pub(super) asked: u32,
    pub(super) answered: u32,
    greeted: bool,
    pub(super) finished: bool,
}

impl Plan {
    pub(super) fn any(random: &mut Random) -> Plan {
        use Ending::{
            Both, Client, ClientAborts, ClientShuts, Open, Refused, Server, ServerAborts, Silent,
        };
        Plan {
            ending: random.one(&[
                Client,
                Client,
                ClientShuts,
                Server,
                Server,
                Both,
                ClientAborts,
                ServerAborts,
                Refused,
                Silent,
                Open,
            ]),
            starts: random.one(&[0, 300, 50_000, 400_000]),
            greeting: random.one(&[0, 0, 0, 30]),
            rounds: random.one(&[0, 1, 1, 2, 4]),
            up: random.one(&[1, 50, 3_000, 9_000]),
            down: random.one(&[0, 50, 3_000, 9_000]),
            works: random.one(&[100, 3_000, 200_000]),
            thinks: random.one(&[100, 200_000, 2_000_000]),
            asked: 0,
            answered: 0,
            greeted: false,
            finished: false,
        }
    }
}

impl Network {
    pub(super) fn wakes(&mut self, connection: usize, side: usize, wake: Wake) {
        match wake {
            Wake::Opens => self.opens(connection),
            Wake::Says(bytes) => {
                if !self.end(connection, side).shuts {
                    self.says(connection, side, bytes);
                }
            }
            Wake::Shuts | Wake::Closes => {
                let end = self.end(connection, side);
                end.shuts = true;
                end.deaf = matches!(wake, Wake::Closes);
                self.pushes(connection, side);
                if side == SERVER {
                    self.serves_next(connection);
                }
            }
            Wake::Aborts => self.aborts(connection, side),
            Wake::Finishes => self.finishes(connection),
            Wake::Waited(timer) => self.waited(connection, side, timer),
            Wake::HeldBack(holding) => self.held_back(connection, side, holding),
        }
    }

    fn says(&mut self, connection: usize, side: usize, mut bytes: u32) {
        while bytes > 0 {
            let length = bytes.min(self.random.one(&[10, 100, 1000, 1460]));
            self.end(connection, side).queue.push_back(length);
            bytes -= length;
        }
        self.pushes(connection, side);
    }

    /// The client's call was answered.
    pub(super) fn connected(&mut self, connection: usize) {
        self.reads(connection, CLIENT);
    }

    /// The server's system has a connection for its program.
    pub(super) fn accepts(&mut self, connection: usize) {
        if self.setting.one_at_a_time && self.served.is_some_and(|other| other != connection) {
            self.waiting.push_back(connection);
        } else {
            self.serves(connection);
        }
    }

    fn serves(&mut self, connection: usize) {
        if self.setting.one_at_a_time {
            self.served = Some(connection);
        }
        let plan = &mut self.connections[connection].plan;
        plan.greeted = true;
        let greeting = plan.greeting;
        if greeting > 0 {
            self.wake(100, connection, SERVER, Wake::Says(greeting));
        }
        self.reads(connection, SERVER);
    }

    /// The server has done with a connection: the next one.
    pub(super) fn serves_next(&mut self, connection: usize) {
        self.waiting.retain(|&waiting| waiting != connection);
        if self.served == Some(connection) {
            self.served = None;
            if let Some(next) = self.waiting.pop_front() {
                self.serves(next);
            }
        }
    }

    /// The program at an end reads what came.
    pub(super) fn reads(&mut self, connection: usize, side: usize) {
        if self.end(connection, side).state != State::Open {
            return;
        }
        if side == SERVER {
            self.server_reads(connection);
        } else {
            self.client_reads(connection);
        }
    }

    fn server_reads(&mut self, connection: usize) {
        if !self.connections[connection].plan.greeted {
            return;
        }
        let delivered = self.end(connection, SERVER).delivered;
        let plan = &mut self.connections[connection].plan;
        let mut answers = 0;
        while plan.answered < plan.rounds && delivered >= plan.up * (plan.answered + 1) {
            plan.answered += 1;
            answers += 1;
        }
        let (works, down) = (plan.works, plan.down);
        for number in 1..=answers {
            if down > 0 {
                self.wake(works * number, connection, SERVER, Wake::Says(down));
            }
        }
        self.closes_too(connection, SERVER);
    }

    fn client_reads(&mut self, connection: usize) {
        let delivered = self.end(connection, CLIENT).delivered;
        let plan = &mut self.connections[connection].plan;
        if !plan.finished && delivered >= plan.greeting + plan.down * plan.asked {
            if plan.asked < plan.rounds {
                plan.asked += 1;
                let thinks = if plan.asked == 1 { 100 } else { plan.thinks };
                let (up, none) = (plan.up, plan.down == 0);
                self.wake(thinks, connection, CLIENT, Wake::Says(up));
                if none {
                    // Nothing comes back that would say when to go on.
                    self.connections[connection].plan.finished = true;
                    self.wake(thinks + 10_000, connection, CLIENT, Wake::Finishes);
                }
            } else {
                plan.finished = true;
                let thinks = plan.thinks;
                self.wake(thinks, connection, CLIENT, Wake::Finishes);
            }
        }
        self.closes_too(connection, CLIENT);
    }

    /// The other side has ended: a program that read so closes.
    fn closes_too(&mut self, connection: usize, side: usize) {
        let end = self.end(connection, side);
        if end.ended && !end.shuts {
            let after = self.random.one(&[0, 1_000, 300_000]);
            self.wake(after, connection, side, Wake::Closes);
        }
    }

    fn finishes(&mut self, connection: usize) {
        let (who, wake) = match self.connections[connection].plan.ending {
            Ending::Client => (CLIENT, Wake::Closes),
            Ending::ClientShuts => (CLIENT, Wake::Shuts),
            Ending::Server => (SERVER, Wake::Closes),
            Ending::Both => {
                let after = self.upto(20_000);
                self.wake(after, connection, SERVER, Wake::Closes);
                (CLIENT, Wake::Closes)
            }
            Ending::ClientAborts => (CLIENT, Wake::Aborts),
            Ending::ServerAborts => (SERVER, Wake::Aborts),
            Ending::Refused | Ending::Silent | Ending::Open => return,
        };
        self.wake(0, connection, who, wake);
    }
}
