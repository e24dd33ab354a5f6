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

/// What a client asks, and what it is answered.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    pub(crate) asks: String,
    pub(crate) answers: String,
    /// Of HTTP: what is asked for, the status, and how long the body is.
    pub(crate) uri: String,
    pub(crate) status: u16,
    pub(crate) body: usize,
}

impl Round {
    fn plain(up: usize, down: usize) -> Round {
        Round {
            asks: "x".repeat(up),
            answers: "x".repeat(down),
            uri: String::new(),
            status: 0,
            body: 0,
        }
    }

    fn http(random: &mut Random, number: usize) -> Round {
        let uri = format!("/{number}");
        let (method, sent) = random.one(&[("GET", 0), ("GET", 0), ("POST", 40), ("POST", 2_000)]);
        let length = match sent {
            0 => String::new(),
            sent => format!("Content-Length: {sent}\r\n"),
        };
        let asked = body(random, sent);
        let status = random.one(&[200, 301, 404, 503]);
        let size = random.one(&[0, 20, 700, 3_000, 6_000]);
        let said = body(random, size);
        let rest = match random.chance(30) {
            true if size > 0 => {
                let (one, other) = said.split_at(size / 2);
                format!(
                    "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{one}\r\n{:x}\r\n{other}\r\n0\r\n\r\n",
                    one.len(),
                    other.len()
                )
            }
            _ => format!("Content-Length: {size}\r\n\r\n{said}"),
        };
        Round {
            asks: format!("{method} {uri} HTTP/1.1\r\nHost: s\r\n{length}\r\n{asked}"),
            answers: format!("HTTP/1.1 {status} Yes\r\nServer: s\r\n{rest}"),
            uri,
            status,
            body: size,
        }
    }
}

/// So many bytes of text, which may look like a message itself.
fn body(random: &mut Random, size: usize) -> String {
    let text = random.one(&[
        "some text\n",
        "some text\n",
        "some text\n",
        "HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\nno\n",
        "GET /false HTTP/1.1\r\nHost: s\r\n\r\n",
        "7\r\nnothing\r\n0\r\n\r\n",
    ]);
    let mut body = text.repeat(size / text.len() + 1);
    body.truncate(size);
    body
}

/// What is to happen on a connection.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) ending: Ending,
    pub(super) starts: Micros,
    /// Whether it is HTTP, and whether the client asks again before it is answered.
    pub(crate) http: bool,
    pub(crate) pipelined: bool,
    /// What the server says before it is asked.
    greeting: String,
    pub(crate) rounds: Vec<Round>,
    /// How long the server works at an answer, and the client thinks before it asks again.
    works: Micros,
    thinks: Micros,
    /// Until when the server works at what it was asked.
    busy: Micros,
    pub(super) asked: usize,
    pub(super) answered: usize,
    greeted: bool,
    pub(super) finished: bool,
}

impl Plan {
    pub(super) fn any(random: &mut Random) -> Plan {
        use Ending::{
            Both, Client, ClientAborts, ClientShuts, Open, Refused, Server, ServerAborts, Silent,
        };
        let http = random.chance(40);
        let rounds = random.one(&[0, 1, 1, 2, 4]);
        let (up, down) = (
            random.one(&[1, 50, 3_000, 9_000]),
            random.one(&[0, 50, 3_000, 9_000]),
        );
        let mut round = |number| match http {
            true => Round::http(random, number),
            false => Round::plain(up, down),
        };
        let rounds = (0..rounds).map(&mut round).collect();
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
            greeting: match random.chance(25) && !http {
                true => "x".repeat(30),
                false => String::new(),
            },
            rounds,
            http,
            pipelined: http && random.chance(30),
            works: random.one(&[100, 3_000, 200_000]),
            thinks: random.one(&[100, 200_000, 2_000_000]),
            busy: 0,
            asked: 0,
            answered: 0,
            greeted: false,
            finished: false,
        }
    }

    /// The port that the server listens on.
    pub(crate) fn port(&self) -> u16 {
        if self.http { 80 } else { 9000 }
    }

    /// How many bytes of requests the server has when it can answer so many.
    fn asks(&self, rounds: usize) -> usize {
        self.rounds[..rounds].iter().map(|r| r.asks.len()).sum()
    }

    /// How many bytes the client has when so many are answered.
    fn answers(&self, rounds: usize) -> usize {
        let answers: usize = self.rounds[..rounds].iter().map(|r| r.answers.len()).sum();
        self.greeting.len() + answers
    }
}

impl Network {
    pub(super) fn wakes(&mut self, connection: usize, side: usize, wake: Wake) {
        match wake {
            Wake::Opens => self.opens(connection),
            Wake::Greets => {
                let text = self.connections[connection].plan.greeting.clone();
                self.says(connection, SERVER, &text);
            }
            Wake::Asks(round) => {
                let text = self.connections[connection].plan.rounds[round].asks.clone();
                self.says(connection, CLIENT, &text);
            }
            Wake::Replies(round) => {
                let text = self.connections[connection].plan.rounds[round]
                    .answers
                    .clone();
                self.says(connection, SERVER, &text);
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

    fn says(&mut self, connection: usize, side: usize, text: &str) {
        if self.end(connection, side).shuts {
            return;
        }
        self.end(connection, side).written.push_str(text);
        let mut bytes = u32::try_from(text.len()).expect("a short text");
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
        if !plan.greeting.is_empty() {
            self.wake(100, connection, SERVER, Wake::Greets);
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
        let (first, works) = (plan.answered, plan.works);
        while plan.answered < plan.rounds.len() && delivered >= plan.asks(plan.answered + 1) {
            plan.answered += 1;
        }
        let last = plan.answered;
        for round in first..last {
            // One after the other.
            let plan = &mut self.connections[connection].plan;
            plan.busy = plan.busy.max(self.now) + works;
            let after = plan.busy - self.now;
            self.wake(after, connection, SERVER, Wake::Replies(round));
        }
        self.closes_too(connection, SERVER);
    }

    fn client_reads(&mut self, connection: usize) {
        let delivered = self.end(connection, CLIENT).delivered;
        let plan = &mut self.connections[connection].plan;
        let (asked, rounds) = (plan.asked, plan.rounds.len());
        if !plan.finished && delivered >= plan.answers(asked) {
            let thinks = if asked == 0 { 100 } else { plan.thinks };
            let goes_on = if plan.pipelined {
                rounds
            } else {
                rounds.min(asked + 1)
            };
            plan.asked = goes_on;
            // Where nothing comes back, nothing says when to go on.
            let silent = plan.rounds.iter().any(|r| r.answers.is_empty());
            plan.finished = asked == rounds || silent;
            let finished = plan.finished;
            for round in asked..goes_on {
                self.wake(thinks, connection, CLIENT, Wake::Asks(round));
            }
            if finished {
                self.wake(thinks + 10_000, connection, CLIENT, Wake::Finishes);
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
