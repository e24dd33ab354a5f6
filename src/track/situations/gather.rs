//! Equal situations told once: what one client met again and again is one row with a count.

use crate::facts::situation::{About, Scanned, Several, Situation, SituationKind, Story};
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

/// Who tried to reach whom, at which port.
type Ends = (IpAddr, IpAddr, Option<u16>);

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

    /// Takes in one; its story is only made when it may be told by itself.
    pub(super) fn add(
        &mut self,
        kind: SituationKind,
        protocol: About,
        (client, server, server_port): Ends,
        mut frames: Vec<u32>,
        story: impl FnOnce() -> Story,
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
                client: Some(client),
                server: Some(server),
                server_port,
                ..Situation::new(kind, protocol, frames, story())
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
                count: u32::try_from(count).unwrap_or(u32::MAX),
                ..Situation::new(kind, protocol, frames, Story::More(count))
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
        let tried = matches!(
            kind,
            SituationKind::NothingListening
                | SituationKind::NoAnswer
                | SituationKind::HostSilent
                | SituationKind::Unreachable
        );
        let one_host = hosts == 1 && ports >= SCANNED;
        let one_port = ports == 1 && hosts >= SCANNED;
        let scan = if protocol != About::Tcp || !tried {
            None
        } else if one_host {
            Some(Scanned::Ports)
        } else if one_port {
            Some(Scanned::Hosts)
        } else {
            None
        };
        Some(Situation {
            kind: scan.map_or(kind, |_| SituationKind::Scan),
            server: only(&self.hosts),
            server_port: only(&self.ports),
            count: u32::try_from(count).unwrap_or(u32::MAX),
            frames: self.frames,
            sentence: Story::Together {
                client,
                count,
                hosts: several(&self.hosts),
                ports: several(&self.ports),
                scan,
                first: Box::new(first.sentence),
            },
            ..first
        })
    }
}

/// The only one of a list.
fn only<T: Copy>(list: &[T]) -> Option<T> {
    match list {
        [one] => Some(*one),
        _ => None,
    }
}

/// How many there were, of which the first [`MOST_ENDS`] are known.
fn several<T: Copy>(list: &[T]) -> Several<T> {
    match list {
        [] => Several::Nothing,
        [one] => Several::One(*one),
        _ if list.len() >= MOST_ENDS => Several::MoreThan(list.len()),
        _ => Several::Many(list.len()),
    }
}
