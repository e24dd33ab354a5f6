//! What is told of a capture, held against what really happened.

use super::{Captured, Carries, Host, Network, Packet, Plan, Question, Service, What};
use crate::known::Identifications;
use std::collections::HashSet;
use std::net::IpAddr;
use wirelab::analyze::Analysis;
use wirelab::facts::Side;
use wirelab::facts::arp::Arp;
use wirelab::facts::dns::Lookup;
use wirelab::facts::icmp::{IcmpError, Ping, TraceProbe};
use wirelab::facts::ip;
use wirelab::facts::situation::SituationKind;
use wirelab::facts::udp::{Answered, Datagram, Flow};
use wirelab::store::{self, Options};

/// A capture, and what is told of it falsely.
pub(crate) struct Held<'n> {
    network: &'n Network,
    captured: Vec<&'n Captured>,
    wrong: Vec<String>,
}

/// All rows of one kind.
fn rows<T: Clone + 'static>(analysis: &Analysis, kind: &str) -> Vec<T> {
    let rows = (store::kind(kind).expect("a kind").rows)(analysis, Options::default());
    (0..rows.len())
        .filter_map(|row| rows.get(row))
        .map(|record| {
            let record = record.as_any().downcast_ref::<T>();
            record.expect("of this kind").clone()
        })
        .collect()
}

/// What is told and is not so.
pub(crate) fn lies(network: &Network, captured: &[Captured], analysis: &Analysis) -> Vec<String> {
    let mut held = Held {
        network,
        captured: captured.iter().filter(|c| !c.missed).collect(),
        wrong: Vec::new(),
    };
    let datagrams = rows::<Datagram>(analysis, "datagrams");
    for datagram in &datagrams {
        held.datagram(datagram, &datagrams);
    }
    for flow in rows::<Flow>(analysis, "udp_flows") {
        held.flow(&flow);
    }
    for lookup in rows::<Lookup>(analysis, "lookups") {
        held.lookup(&lookup);
    }
    for ping in rows::<Ping>(analysis, "pings") {
        held.ping(&ping);
    }
    for error in rows::<IcmpError>(analysis, "icmp_errors") {
        held.error(&error);
    }
    for probe in rows::<TraceProbe>(analysis, "traceroute") {
        held.probe(&probe);
    }
    for host in rows::<ip::Host>(analysis, "ip_hosts") {
        held.host(&host);
    }
    for hop in rows::<ip::Hop>(analysis, "next_hops") {
        held.hop(&hop);
    }
    for arp in rows::<Arp>(analysis, "arp") {
        held.arp(&arp);
    }
    for situation in &analysis.facts.situations {
        held.situation(situation.kind, &situation.sentence.to_string());
    }
    held.wrong
}

impl<'n> Held<'n> {
    fn when(&mut self, wrong: bool, what: impl FnOnce() -> String) {
        if wrong {
            self.wrong.push(what());
        }
    }

    fn packet(&self, frame: u32) -> &'n Packet {
        &self.captured[frame as usize - 1].packet
    }

    /// Whether one packet answers another, or is an error about it; or may be, as far as the capture
    /// goes: what it really belongs to is not there, or something that says the same.
    fn is_caused(&self, frame: u32, by: u32) -> bool {
        let Some(cause) = self.packet(frame).cause else {
            return false;
        };
        let (really, told) = (&self.network.sent[&cause], self.packet(by));
        let there = |packet: &Packet| {
            self.captured
                .iter()
                .any(|c| c.packet.serial == packet.serial)
        };
        let alike = match self.packet(frame).is_error() {
            // It quotes the identification, and a checksum, which may not have been filled in yet.
            true => {
                let counts = self.network.setting.identifications != Identifications::Zero;
                !there(really) && (!counts || really.id == told.id)
            }
            false => {
                let same = |packet: &&Packet| packet.what == told.what && packet.from == told.from;
                let hidden = self.network.sent.values().filter(same).any(|p| !there(p));
                !there(really) || really.what == told.what && hidden
            }
        };
        cause == told.serial || alike
    }

    fn is_copy(&self, frame: u32, of: u32) -> bool {
        self.packet(frame).serial == self.packet(of).serial
    }

    fn datagram(&mut self, told: &Datagram, all: &[Datagram]) {
        let frame = told.frame;
        // What the other side says first is told of the server's too, where it means nothing.
        let sure = !told.sender_guessed;
        if let Some(answer) = told.reply_frame
            && told.sender == Side::Client
        {
            let sure = sure && !told.answer_shared;
            self.when(sure && !self.is_caused(answer, frame), || {
                format!("{answer} is said to answer {frame}")
            });
        }
        if let Some(asked) = told.answers_frame
            && told.sender == Side::Server
        {
            let shared = |d: &Datagram| d.frame == asked && d.answer_shared;
            let sure = sure && !all.iter().any(shared);
            self.when(sure && !self.is_caused(frame, asked), || {
                format!("{frame} is said to follow {asked} as its answer")
            });
        }
        if let Some(error) = told.error_frame {
            self.when(!told.error_shared && !self.is_caused(error, frame), || {
                format!("the error {error} is said to be about {frame}")
            });
        }
        if let Some(copy) = told.copy_of_frame {
            self.when(!self.is_copy(frame, copy), || {
                format!("{frame} is said to be a copy of {copy}")
            });
        }
    }

    fn flow(&mut self, told: &Flow) {
        let turned = told.client == IpAddr::from([10, 0, self.network.setting.routers, 80]);
        self.when(turned && !told.roles.is_guess(), || {
            format!("the server is said to be the client: {}", told.roles)
        });
        if turned {
            return;
        }
        let own = |client: &&super::programs::Client| client.port == told.client_port;
        let client = self
            .network
            .clients
            .iter()
            .find(own)
            .expect("a client's port");
        let hears = match client.plan {
            Plan::Trace { .. } => Service::Closed,
            _ => client.service,
        };
        let wrong = match told.answered {
            Answered::Refused => !matches!(hears, Service::Closed | Service::Filtered),
            Answered::Expired => !matches!(client.plan, Plan::Trace { .. }),
            Answered::Unreachable => hears != Service::Filtered,
            _ => false,
        };
        let port = told.client_port;
        self.when(wrong, || format!("{port} is said to be {}", told.answered));
    }

    /// The port that asks, and its question.
    fn transaction(&self, frame: u32) -> Option<(u16, &'n Question)> {
        let What::Datagram { from, to, carries } = &self.packet(frame).what else {
            return None;
        };
        match carries {
            Carries::Query(question) => Some((*from, question)),
            Carries::Response { question, .. } => Some((*to, question)),
            Carries::Text(_) => None,
        }
    }

    fn lookup(&mut self, told: &Lookup) {
        let name = told.name.clone().unwrap_or_default();
        let asked = told.query_frame.and_then(|frame| self.transaction(frame));
        let (Some(query), Some(asked)) = (told.query_frame, asked) else {
            return;
        };
        let equal = |c: &&&Captured| {
            matches!(&c.packet.what, What::Datagram { from, carries: Carries::Query(q), .. }
                if (*from, q) == asked)
        };
        let sent: HashSet<u64> = self
            .network
            .sent
            .values()
            .filter(|p| {
                matches!(&p.what, What::Datagram { from, carries: Carries::Query(q), .. }
                if (*from, q) == asked)
            })
            .map(|p| p.serial)
            .collect();
        if let Some(response) = told.response_frame {
            self.when(self.transaction(response) != Some(asked), || {
                format!("{response} is said to answer {query}")
            });
            // One of those that were asked again, or one that is not there.
            let cause = self.packet(response).cause;
            let before = &self.captured[..query as usize - 1];
            let earlier = before.iter().any(|c| Some(c.packet.serial) == cause);
            let earlier = earlier && !self.is_caused(response, query);
            let between = &self.captured[query as usize..response as usize - 1];
            let repeats = between.iter().filter(equal).count();
            self.when(earlier, || {
                format!("{response} answers what was asked before {query}")
            });
            self.when(told.repeats as usize != repeats, || {
                format!("{name} repeated {} times, not {repeats}", told.repeats)
            });
            if let What::Datagram {
                carries: Carries::Response { address, .. },
                ..
            } = &self.packet(response).what
            {
                let count = told.answer_count;
                self.when(count != Some(u32::from(address.is_some())), || {
                    format!("{name} has {count:?} answers")
                });
            }
        }
        if let Some(other) = told.other_response_frame {
            let asked = self
                .captured
                .iter()
                .filter(|c| equal(c))
                .map(|c| c.packet.serial);
            let asked: HashSet<u64> = asked.collect();
            self.when(asked.len() > 1, || {
                format!(
                    "{other} is a second response, but {name} was asked {} times",
                    asked.len()
                )
            });
        }
        if let Some(error) = told.error_frame {
            let cause = self.packet(error).cause;
            let about = cause.is_some_and(|c| sent.contains(&c));
            let there = self.captured.iter().any(|c| Some(c.packet.serial) == cause);
            self.when(!about && there, || {
                format!("the error {error} is said to be about {name}")
            });
        }
        self.when(told.stray_frames.is_some(), || {
            format!("{name} has stray responses")
        });
    }

    fn ping(&mut self, told: &Ping) {
        let frame = told.frame;
        if let Some(reply) = told.reply_frame {
            self.when(!told.reply_shared && !self.is_caused(reply, frame), || {
                format!("{reply} is said to reply to {frame}")
            });
        }
        if let Some(error) = told.error_frame {
            self.when(!told.error_shared && !self.is_caused(error, frame), || {
                format!("the error {error} is said to be about the ping {frame}")
            });
        }
        for &copy in told.copy_frames.iter() {
            let mut of = told.reply_frames.iter().copied().chain([frame]);
            let is = of.any(|of| self.is_copy(copy, of));
            self.when(!is, || {
                format!(
                    "{copy} is said to be a copy of {frame} or its reply: {:?}",
                    told.reply_frames
                )
            });
        }
    }

    fn error(&mut self, told: &IcmpError) {
        let frame = told.frame;
        if let Some(about) = told.about_frame {
            self.when(!told.about_shared && !self.is_caused(frame, about), || {
                format!("the error {frame} is said to be about {about}")
            });
        }
        if let Some(copy) = told.copy_of_frame {
            self.when(!self.is_copy(frame, copy), || {
                format!("the error {frame} is said to be a copy of {copy}")
            });
        }
    }

    fn probe(&mut self, told: &TraceProbe) {
        let frame = told.frame;
        let Host::Client(client) = self.packet(frame).from else {
            self.wrong.push(format!("{frame} is said to be a probe"));
            return;
        };
        let traces = matches!(self.network.clients[client].plan, Plan::Trace { .. });
        self.when(!traces, || format!("{frame} is said to be a probe"));
        let Some(answer) = told.answer_frame else {
            return;
        };
        self.when(
            !told.answer_shared && !self.is_caused(answer, frame),
            || format!("{answer} is said to answer the probe {frame}"),
        );
        let by = self.packet(answer).from;
        self.when(told.reached != Some(by == Host::Server), || {
            format!("{answer} is of {by:?}, reached: {:?}", told.reached)
        });
    }

    /// Whose address it is, of those that send from one alone.
    fn whose(&self, address: IpAddr) -> Option<Host> {
        let found = self.captured.iter().find(|c| {
            let (from, _) = self.network.addresses(&c.packet);
            from.parse() == Ok(address)
        });
        Some(found?.packet.from)
    }

    fn host(&mut self, told: &ip::Host) {
        let (Some(hops), Some(host)) = (told.hops, self.whose(told.address)) else {
            return;
        };
        let really = self.network.crossed(host);
        self.when(hops != really, || {
            format!(
                "{} is said to be {hops} routers away, not {really}",
                told.address
            )
        });
    }

    fn hop(&mut self, told: &ip::Hop) {
        let packet = self.packet(told.first_frame);
        let (_, next) = self.network.neighbours(packet);
        let there = next == packet.to;
        let wrong = match told.belongs_to {
            ip::Owner::Destination => !there,
            ip::Owner::Router | ip::Owner::Used => there,
            ip::Owner::Group => true,
            ip::Owner::Unknown => false,
        };
        self.when(wrong, || {
            format!(
                "{} to {next:?} is said to be {}: {}",
                told.first_frame, told.belongs_to, told.reason
            )
        });
        if let Some(router) = told.router {
            let really = self.network.address(next, self.network.setting.link);
            self.when(really.parse() != Ok(router), || {
                format!("the router is said to be {router}, not {really}")
            });
        }
    }

    fn arp(&mut self, told: &Arp) {
        let frame = told.frame;
        if let Some(reply) = told.reply_frame {
            self.when(!self.is_caused(reply, frame), || {
                format!("{reply} does not reply to {frame}")
            });
        }
        self.when(told.conflict_frame.is_some(), || {
            format!("{frame} is in conflict")
        });
    }

    fn situation(&mut self, kind: SituationKind, sentence: &str) {
        let has = |what: fn(Service) -> bool| self.network.clients.iter().any(|c| what(c.service));
        let so = match kind {
            SituationKind::NothingListening => {
                let traces = |c: &super::programs::Client| matches!(c.plan, Plan::Trace { .. });
                has(|s| matches!(s, Service::Closed | Service::Filtered))
                    || self.network.clients.iter().any(traces)
                    || self.captured.iter().any(|c| c.packet.is_error())
            }
            SituationKind::Unreachable => self.captured.iter().any(|c| c.packet.is_error()),
            SituationKind::CapturedTwice => {
                self.network.setting.captured_twice || self.network.setting.doubled > 0
            }
            SituationKind::TwoAnswers => self
                .network
                .clients
                .iter()
                .any(|c| matches!(c.plan, Plan::Lookups { changing: true, .. })),
            SituationKind::NoAnswer => true,
            _ => false,
        };
        self.when(!so, || format!("{kind}: {sentence}"));
    }
}
