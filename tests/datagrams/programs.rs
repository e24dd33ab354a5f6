//! The clients' programs, and what the server does with what they send.

use super::{Carries, Event, Host, Micros, Network, Packet, Question, What};
use crate::numbers::Random;

/// What listens at the server's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// It answers, within so many microseconds.
    Answers(Micros),
    /// It answers all that it hears with two datagrams.
    AnswersTwice,
    /// It hears, and says nothing.
    Mute,
    /// Nothing listens.
    Closed,
    /// The last router lets nothing through, and says so.
    Filtered,
}

/// What a client does.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    /// Sends messages: the next when the one before is answered or given up, or all at once.
    Messages {
        count: usize,
        waits: bool,
        alike: bool,
        pause: Micros,
    },
    /// Asks for names, for both kinds of address at once perhaps, again after a second.
    Lookups {
        names: usize,
        both: bool,
        same_id: bool,
        changing: bool,
    },
    Pings {
        count: u16,
        pause: Micros,
    },
    /// Finds the way with growing TTLs, by datagrams or pings, three of each.
    Trace {
        pings: bool,
        at_once: bool,
    },
}

impl Plan {
    fn any(random: &mut Random) -> Plan {
        match random.below(6) {
            0 | 1 => Plan::Messages {
                count: 1 + random.below(6),
                waits: random.chance(60),
                alike: random.chance(40),
                pause: random.one(&[10, 5_000, 300_000]),
            },
            2 | 3 => Plan::Lookups {
                names: 1 + random.below(4),
                both: random.chance(40),
                same_id: random.chance(60),
                changing: random.chance(20),
            },
            4 => Plan::Pings {
                count: 1 + u16::try_from(random.below(8)).expect("few"),
                pause: random.one(&[2_000, 200_000, 1_000_000]),
            },
            _ => Plan::Trace {
                pings: random.chance(50),
                at_once: random.chance(50),
            },
        }
    }
}

/// A client, and how far it has come.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) plan: Plan,
    pub(crate) service: Service,
    pub(crate) port: u16,
    pub(crate) server_port: u16,
    /// Identifier of its pings.
    id: u16,
    step: usize,
    tries: usize,
    /// Whether its port is open: what comes to one that is closed is refused.
    open: bool,
    /// What it waits for, of DNS.
    questions: Vec<Question>,
    /// The wake-up that counts.
    turn: u64,
}

impl Client {
    pub(crate) fn any(random: &mut Random, number: usize) -> Client {
        let plan = Plan::any(random);
        let low = random.chance(20);
        let number = u16::try_from(number).expect("few");
        Client {
            service: random.one(&[
                Service::Answers(100),
                Service::Answers(30_000),
                Service::Answers(1_500_000),
                Service::AnswersTwice,
                Service::Mute,
                Service::Closed,
                Service::Filtered,
            ]),
            port: if low { 5_050 } else { 40_000 } + number,
            server_port: match plan {
                Plan::Lookups { .. } => 53,
                Plan::Trace { .. } => 33_434,
                // A port of those that systems give to clients tells nothing, where the client's is another.
                _ if low => random.one(&[7, 5_000, 12_000]),
                _ => random.one(&[7, 5_000, 12_000, 45_000]),
            },
            id: 100 + number,
            step: 0,
            tries: 0,
            open: true,
            questions: Vec::new(),
            turn: 0,
            plan,
        }
    }
}

impl Network {
    /// A client is to wake after a while, and not when it was to before.
    pub(super) fn wake(&mut self, after: Micros, client: usize) {
        self.turn += 1;
        let turn = self.turn;
        self.clients[client].turn = turn;
        self.at(self.now + after, Event::Wakes(client, turn));
    }

    /// A client goes on.
    pub(super) fn wakes(&mut self, client: usize, turn: u64) {
        if self.clients[client].turn != turn {
            return;
        }
        match self.clients[client].plan.clone() {
            Plan::Messages {
                count,
                waits,
                alike,
                pause,
            } => self.says(client, count, waits, alike, pause),
            Plan::Lookups {
                names,
                both,
                same_id,
                ..
            } => self.asks(client, names, both, same_id),
            Plan::Pings { count, pause } => self.pings(client, count, pause),
            Plan::Trace { pings, at_once } => self.traces(client, pings, at_once),
        }
    }

    fn datagram(&mut self, client: usize, carries: Carries) {
        let (from, to) = (self.clients[client].port, self.clients[client].server_port);
        let what = What::Datagram { from, to, carries };
        self.now(Host::Client(client), Host::Server, what, None);
    }

    fn says(&mut self, client: usize, count: usize, waits: bool, alike: bool, pause: Micros) {
        let state = &mut self.clients[client];
        if waits && state.tries == 3 {
            (state.step, state.tries) = (state.step + 1, 0);
        }
        let step = state.step;
        if step == count {
            state.open = false;
            return;
        }
        let text = match alike {
            true => "hello".to_owned(),
            false => format!("message {step}"),
        };
        match waits {
            true => state.tries += 1,
            false => state.step += 1,
        }
        let last = state.step == count;
        self.datagram(client, Carries::Text(text));
        let after = if waits || last { 1_000_000 } else { pause };
        self.wake(after, client);
    }

    fn asks(&mut self, client: usize, names: usize, both: bool, same_id: bool) {
        let id = 2 + u16::try_from(self.random.below(60_000)).expect("16 bits");
        let state = &mut self.clients[client];
        if state.tries == 3 {
            state.questions.clear();
        }
        if state.questions.is_empty() {
            if state.step == names {
                state.open = false;
                return;
            }
            let name = format!("n{}.example", state.step);
            let kinds = [false, true].into_iter().take(1 + usize::from(both));
            let ask = |six: bool| Question {
                id: id + u16::from(six),
                name: name.clone(),
                six,
            };
            state.questions = kinds.map(ask).collect();
            (state.step, state.tries) = (state.step + 1, 0);
        } else if !same_id {
            for question in &mut state.questions {
                question.id = id + u16::from(question.six);
            }
        }
        state.tries += 1;
        for question in self.clients[client].questions.clone() {
            self.datagram(client, Carries::Query(question));
        }
        self.wake(1_000_000, client);
    }

    fn pings(&mut self, client: usize, count: u16, pause: Micros) {
        let state = &mut self.clients[client];
        let seq = u16::try_from(state.step).expect("few") + 1;
        if seq > count {
            return;
        }
        state.step += 1;
        let what = What::Echo { id: state.id, seq };
        self.now(Host::Client(client), Host::Server, what, None);
        self.wake(pause, client);
    }

    fn traces(&mut self, client: usize, pings: bool, at_once: bool) {
        let routers = usize::from(self.setting.routers);
        let state = &mut self.clients[client];
        let probe = state.step;
        if probe == 3 * (routers + 1) {
            return;
        }
        state.step += 1;
        let number = u16::try_from(probe).expect("few");
        let ttl = u8::try_from(1 + probe / 3).expect("few");
        let what = match pings {
            true => What::Echo {
                id: state.id,
                seq: number + 1,
            },
            false => What::Datagram {
                from: state.port,
                to: state.server_port + number,
                carries: Carries::Text("@@@@".to_owned()),
            },
        };
        self.later(0, Host::Client(client), Host::Server, what, ttl, None);
        self.wake(if at_once { 300 } else { 1_000_000 }, client);
    }

    /// Something came to a client.
    pub(super) fn heard(&mut self, client: usize, packet: &Packet) {
        let state = &mut self.clients[client];
        match (&packet.what, &state.plan) {
            (What::Datagram { .. }, _) if !state.open => {
                self.complain(Host::Client(client), packet, What::Unreachable { code: 3 });
            }
            (What::Datagram { .. }, Plan::Messages { waits: true, .. }) if state.tries > 0 => {
                (state.step, state.tries) = (state.step + 1, 0);
                self.wake(200, client);
            }
            (What::Datagram { carries, .. }, Plan::Lookups { .. }) => {
                let Carries::Response { question, .. } = carries else {
                    return;
                };
                let waited = !state.questions.is_empty();
                state.questions.retain(|asked| asked != question);
                if waited && state.questions.is_empty() {
                    self.wake(300, client);
                }
            }
            // The next probe of a trace goes when this one is answered.
            (
                What::Reply { .. } | What::Exceeded | What::Unreachable { .. },
                Plan::Trace { .. },
            ) => {
                self.wake(200, client);
            }
            _ => {}
        }
    }

    /// Something came to the server.
    pub(super) fn serve(&mut self, packet: &Packet) {
        let Host::Client(client) = packet.from else {
            return;
        };
        let answer = match &packet.what {
            What::Echo { id, seq } => {
                let what = What::Reply { id: *id, seq: *seq };
                self.now(Host::Server, packet.from, what, Some(packet.serial));
                return;
            }
            What::Datagram { from, to, carries } => What::Datagram {
                from: *to,
                to: *from,
                carries: self.answer(client, carries),
            },
            _ => return,
        };
        let trace = matches!(self.clients[client].plan, Plan::Trace { .. });
        let service = match trace {
            true => Service::Closed,
            false => self.clients[client].service,
        };
        let (ttl, from) = (self.setting.ttl, Host::Server);
        match service {
            Service::Answers(slowest) => {
                let after = self.upto(slowest);
                self.later(after, from, packet.from, answer, ttl, Some(packet.serial));
            }
            // What says the same twice leaves what two replies to equal messages leave.
            Service::AnswersTwice => {
                let alike = matches!(
                    self.clients[client].plan,
                    Plan::Messages { alike: true, .. }
                );
                let times = if alike { &[50][..] } else { &[50, 400] };
                for &after in times {
                    let answer = answer.clone();
                    self.later(after, from, packet.from, answer, ttl, Some(packet.serial));
                }
            }
            Service::Mute => {}
            Service::Filtered if self.setting.routers > 0 => {
                let router = Host::Router(self.setting.routers);
                self.complain(router, packet, What::Unreachable { code: 13 });
            }
            Service::Filtered | Service::Closed => {
                self.complain(from, packet, What::Unreachable { code: 3 });
            }
        }
    }

    fn answer(&mut self, client: usize, carries: &Carries) -> Carries {
        match carries {
            Carries::Text(text) => Carries::Text(text.to_uppercase()),
            Carries::Query(question) => {
                let changing = matches!(
                    self.clients[client].plan,
                    Plan::Lookups { changing: true, .. }
                );
                let number = match changing {
                    true => u8::try_from(self.random.below(200)).expect("small"),
                    false => question.name.as_bytes()[1],
                };
                Carries::Response {
                    question: question.clone(),
                    address: (number % 3 != 0).then_some(number),
                }
            }
            Carries::Response { .. } => unreachable!("the server asks nothing"),
        }
    }
}
