//! Equal situations told once: what one client met again and again is one row with a count.

use crate::facts::situation::{About, Situation, SituationKind};
use hashbrown::HashMap;
use std::net::IpAddr;

/// From this many of the same kind and client on, they are told as one.
const MANY: usize = 10;
/// Most frames that such a one names.
const NAMED: usize = 100;
/// So many ports of one host, or hosts with one port, are how a scan looks.
const SCANNED: usize = 30;
/// Most ends that are told apart.
const MOST_ENDS: usize = 4096;

/// What one client met.
#[derive(Default)]
struct Group {
    /// Each by itself, while they are few.
    few: Vec<Situation>,
    count: usize,
    frames: Vec<u32>,
    hosts: Vec<IpAddr>,
    ports: Vec<u16>,
}

type Key = (SituationKind, About, IpAddr);

/// Situations as they are found.
#[derive(Default)]
pub(super) struct Gathered {
    groups: Vec<(Key, Group)>,
    places: HashMap<Key, usize, foldhash::fast::RandomState>,
    /// What the clients past [`MOST_GROUPS`] met: how often, and the first frames.
    rest: Vec<((SituationKind, About), usize, Vec<u32>)>,
}

/// Most clients and kinds that are told apart.
const MOST_GROUPS: usize = 1000;

impl Gathered {
    /// Whether this client's next situation may still be told by itself.
    pub(super) fn has_room(&self, client: IpAddr, about: About) -> bool {
        let kinds = [
            SituationKind::NothingListening,
            SituationKind::Unreachable,
            SituationKind::HostSilent,
            SituationKind::NoAnswer,
            SituationKind::HalfOpen,
        ];
        let places = kinds.map(|kind| self.places.get(&(kind, about, client)));
        if places.iter().all(Option::is_none) {
            return self.groups.len() < MOST_GROUPS;
        }
        let mut known = places.into_iter().flatten();
        known.all(|place| self.groups[*place].1.count < MANY)
    }

    /// Takes in one; its sentence is only made when it may be told by itself.
    #[expect(clippy::too_many_arguments, reason = "the fields of a situation")]
    pub(super) fn add(
        &mut self,
        kind: SituationKind,
        protocol: About,
        client: IpAddr,
        server: IpAddr,
        server_port: Option<u16>,
        mut frames: Vec<u32>,
        sentence: impl FnOnce() -> String,
    ) {
        frames.sort_unstable();
        frames.dedup();
        let key = (kind, protocol, client);
        if self.groups.len() >= MOST_GROUPS && !self.places.contains_key(&key) {
            let known = self.rest.iter().position(|r| r.0 == (kind, protocol));
            let place = known.unwrap_or_else(|| {
                self.rest.push(((kind, protocol), 0, Vec::new()));
                self.rest.len() - 1
            });
            let (_, count, named) = &mut self.rest[place];
            *count += 1;
            let room = NAMED.saturating_sub(named.len());
            named.extend(frames.iter().take(room));
            return;
        }
        let place = *self.places.entry(key).or_insert_with(|| {
            self.groups.push((key, Group::default()));
            self.groups.len() - 1
        });
        let group = &mut self.groups[place].1;
        group.count += 1;
        if group.hosts.len() < MOST_ENDS && group.hosts.last() != Some(&server) {
            group.hosts.push(server);
        }
        if let Some(port) = server_port
            && group.ports.len() < MOST_ENDS
            && group.ports.last() != Some(&port)
        {
            group.ports.push(port);
        }
        let room = NAMED.saturating_sub(group.frames.len());
        group.frames.extend(frames.iter().take(room));
        if group.count <= MANY {
            group.few.push(Situation {
                kind,
                protocol,
                client: Some(client),
                server: Some(server),
                server_port,
                count: 1,
                frames,
                sentence: sentence(),
            });
        }
    }

    /// The rows.
    pub(super) fn finish(self) -> Vec<Situation> {
        let mut told = Vec::new();
        for (key, group) in self.groups {
            if group.count < MANY {
                told.extend(group.few);
            } else {
                told.extend(group.tell(key));
            }
        }
        for ((kind, protocol), count, mut frames) in self.rest {
            frames.sort_unstable();
            frames.dedup();
            told.push(Situation {
                kind,
                protocol,
                client: None,
                server: None,
                server_port: None,
                count: u32::try_from(count).unwrap_or(u32::MAX),
                frames,
                sentence: format!(
                    "{count} more of this kind, of other hosts: there are too many to tell each."
                ),
            });
        }
        told
    }
}

impl Group {
    fn tell(mut self, (kind, protocol, client): Key) -> Option<Situation> {
        self.hosts.sort_unstable();
        self.hosts.dedup();
        self.ports.sort_unstable();
        self.ports.dedup();
        self.frames.sort_unstable();
        self.frames.dedup();
        let first = self.few.into_iter().next()?;
        let (count, hosts, ports) = (self.count, self.hosts.len(), self.ports.len());
        let to = match (self.hosts.as_slice(), self.ports.as_slice()) {
            ([host], [port]) => format!("{host} port {port}"),
            ([host], []) => host.to_string(),
            ([host], _) => format!("{} of {host}", at_least(ports, "port")),
            (_, [port]) => format!("port {port} of {}", at_least(hosts, "host")),
            (_, []) => at_least(hosts, "address"),
            _ => format!("{} of {}", at_least(ports, "port"), at_least(hosts, "host")),
        };
        let tried = matches!(
            kind,
            SituationKind::NothingListening
                | SituationKind::NoAnswer
                | SituationKind::HostSilent
                | SituationKind::Unreachable
        );
        let one_host = hosts == 1 && ports >= SCANNED;
        let one_port = ports == 1 && hosts >= SCANNED;
        let scan = protocol == About::Tcp && tried && (one_host || one_port);
        let what = match (protocol, kind) {
            (About::Arp, _) => format!(
                "{client} asked for {to}, and no answer to {count} of these questions was captured"
            ),
            (About::Udp, _) => format!(
                "{count} datagrams or flows of {client} to {to} were answered with ICMP errors"
            ),
            (_, SituationKind::NothingListening) => {
                format!("{count} calls of {client} to {to} were refused")
            }
            (_, SituationKind::Unreachable) => {
                format!("{count} calls of {client} to {to} were answered with ICMP errors")
            }
            (_, SituationKind::HalfOpen) => format!(
                "{count} calls of {client} to {to} were answered by ACKs of older connections"
            ),
            _ => format!("{count} calls of {client} to {to} got no answer in this capture"),
        };
        let sentence = if scan {
            let tries = if one_host {
                "ports of one host"
            } else {
                "hosts on one port"
            };
            format!(
                "{what}: so many {tries} look like a scan. The first: {}",
                first.sentence
            )
        } else {
            format!("{what}. The first: {}", first.sentence)
        };
        Some(Situation {
            server: match self.hosts.as_slice() {
                [host] => Some(*host),
                _ => None,
            },
            server_port: match self.ports.as_slice() {
                [port] => Some(*port),
                _ => None,
            },
            count: u32::try_from(count).unwrap_or(u32::MAX),
            frames: self.frames,
            sentence,
            ..first
        })
    }
}

fn at_least(count: usize, what: &str) -> String {
    let plural = match what {
        "address" => "addresses".to_owned(),
        what => format!("{what}s"),
    };
    if count >= MOST_ENDS {
        format!("more than {count} {plural}")
    } else {
        format!("{count} {plural}")
    }
}
