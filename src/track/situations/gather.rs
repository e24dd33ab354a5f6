//! Equal situations told once: what one client met again and again is one row with a count.

use crate::facts::situation::{
    About, OpenPorts, Scanned, Several, Situation, SituationKind, Story,
};
use crate::track::room::Room;
use hashbrown::HashMap;
use std::net::IpAddr;

/// From this many of the same kind and client on, they are told as one.
pub(super) const MANY: usize = 10;
/// Most frames that such a one names.
pub(super) const NAMED: usize = 100;
/// So many ports of each host are how a scan looks: nothing else is refused at so many.
const SCANNED_PORTS: usize = 15;
/// And so many hosts with one port.
const SCANNED_HOSTS: usize = 30;
/// Most ends that are told apart.
const MOST_ENDS: usize = 4096;

/// What one client met.
#[derive(Default)]
struct Group {
    /// Each by itself, while they are few.
    few: Vec<Situation>,
    count: usize,
    frames: Vec<u32>,
    /// There were more frames than are named.
    cut: bool,
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
    /// Whether another call of this client that stayed without an answer may be told by itself,
    /// whatever is said of it.
    pub(super) fn has_room(&self, client: IpAddr) -> bool {
        let kinds = [SituationKind::HostSilent, SituationKind::NoAnswer];
        kinds.into_iter().any(|kind| {
            let known = self.places.get(&(kind, About::Tcp, client));
            match known {
                Some(place) => self.groups[*place].1.count < MANY,
                None => self.groups.has_room(MOST_GROUPS),
            }
        })
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
        if !self.groups.has_room(MOST_GROUPS) && !self.places.contains_key(&key) {
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
        if group.hosts.has_room(MOST_ENDS) && group.hosts.last() != Some(&server) {
            group.hosts.push(server);
        }
        if let Some(port) = server_port
            && group.ports.has_room(MOST_ENDS)
            && group.ports.last() != Some(&port)
        {
            group.ports.push(port);
        }
        let room = NAMED.saturating_sub(group.frames.len());
        group.cut |= frames.len() > room;
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
        let named = self.cut.then_some(self.frames.len());
        let first = self.few.into_iter().next()?;
        let (count, hosts, ports) = (self.count, self.hosts.len(), self.ports.len());
        let tried = matches!(
            kind,
            SituationKind::NothingListening
                | SituationKind::NoAnswer
                | SituationKind::HostSilent
                | SituationKind::Unreachable
        );
        let many_ports = ports >= SCANNED_PORTS * hosts;
        let one_port = ports == 1 && hosts >= SCANNED_HOSTS;
        let scan = if protocol != About::Tcp || !tried {
            None
        } else if many_ports {
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
                open: OpenPorts::default(),
                named,
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
        _ if !list.has_room(MOST_ENDS) => Several::MoreThan(list.len()),
        _ => Several::Many(list.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const REFUSED: SituationKind = SituationKind::NothingListening;

    fn refused(to: (IpAddr, u16)) -> Story {
        Story::Refused { to, ttls: None }
    }

    fn host(number: u32) -> IpAddr {
        Ipv4Addr::from(0x0a00_0000 + number).into()
    }

    /// Who called whom at which port, in pairs of frames, without what is told of each.
    fn gathered(kind: SituationKind, about: About, calls: &[(u32, u32, u16)]) -> Gathered {
        let mut found = Gathered::default();
        for (number, (client, server, port)) in (1..).zip(calls) {
            let ends = (host(*client), host(*server), Some(*port));
            let frames = vec![2 * number, 2 * number - 1, 2 * number];
            found.add(kind, about, ends, frames, || {
                refused((host(*server), *port))
            });
        }
        found
    }

    fn told(kind: SituationKind, calls: &[(u32, u32, u16)]) -> Vec<Situation> {
        gathered(kind, About::Tcp, calls).finish()
    }

    #[test]
    fn ten_of_a_kind_are_one_row() {
        let calls = |count: u16| (0..count).map(|n| (1, 2, 80 + n % 2)).collect::<Vec<_>>();
        let nine = told(REFUSED, &calls(9));
        assert_eq!(nine.len(), 9);
        assert_eq!((&nine[0].frames, nine[0].count), (&vec![1, 2], 1));
        assert_eq!(nine[8].server_port, Some(80));
        let ten = told(REFUSED, &calls(10));
        assert_eq!(ten.len(), 1);
        assert_eq!((ten[0].count, ten[0].kind), (10, REFUSED));
        assert_eq!(ten[0].frames, (1..=20).collect::<Vec<u32>>());
        assert_eq!(
            (ten[0].client, ten[0].server),
            (Some(host(1)), Some(host(2)))
        );
        assert_eq!(ten[0].server_port, None);
        let Story::Together {
            count,
            hosts,
            ports,
            ..
        } = &ten[0].sentence
        else {
            panic!("they are told together");
        };
        assert_eq!(*count, 10);
        assert!(matches!(hosts, Several::One(one) if *one == host(2)));
        assert!(matches!(ports, Several::Many(2)));
        // Another client's are its own.
        let mut others = calls(9);
        others.extend((0..9).map(|n| (3, 2, 80 + n)));
        assert_eq!(told(REFUSED, &others).len(), 18);
    }

    #[test]
    fn a_hundred_frames_are_named() {
        let calls: Vec<_> = (0..60).map(|n| (1, 2, n)).collect();
        let all = told(REFUSED, &calls);
        assert_eq!((all[0].count, all[0].frames.len()), (60, 100));
    }

    #[test]
    fn many_ports_of_a_host_or_hosts_on_a_port_look_like_a_scan() {
        let ports = |count: u16| (0..count).map(|n| (1, 2, n)).collect::<Vec<_>>();
        let hosts = |count: u32| (0..count).map(|n| (1, 10 + n, 22)).collect::<Vec<_>>();
        let both = |count: u16| {
            let ends = |n| (1, 10 + u32::from(n) % 2, n);
            (0..count).map(ends).collect::<Vec<_>>()
        };
        let kind = |kind, calls: &[(u32, u32, u16)]| told(kind, calls)[0].kind;
        assert_eq!(kind(REFUSED, &ports(14)), REFUSED);
        assert_eq!(kind(REFUSED, &ports(15)), SituationKind::Scan);
        assert_eq!(kind(REFUSED, &hosts(29)), REFUSED);
        assert_eq!(kind(REFUSED, &hosts(30)), SituationKind::Scan);
        assert_eq!(kind(REFUSED, &both(29)), REFUSED);
        assert_eq!(kind(REFUSED, &both(30)), SituationKind::Scan);
        for tried in [
            SituationKind::NoAnswer,
            SituationKind::HostSilent,
            SituationKind::Unreachable,
        ] {
            assert_eq!(kind(tried, &ports(15)), SituationKind::Scan);
        }
        // Who answered was found, and UDP and ARP have other reasons for many.
        let half = SituationKind::HalfOpen;
        assert_eq!(kind(half, &ports(15)), half);
        let udp = gathered(REFUSED, About::Udp, &ports(15)).finish();
        assert_eq!(udp[0].kind, REFUSED);
        let of = |calls: &[(u32, u32, u16)]| match &told(REFUSED, calls)[0].sentence {
            Story::Together { scan, .. } => scan.is_some_and(|s| matches!(s, Scanned::Ports)),
            _ => panic!("they are told together"),
        };
        assert!(of(&ports(15)) && !of(&hosts(30)));
    }

    #[test]
    fn what_many_clients_met_is_counted_by_kind() {
        let most = u32::try_from(MOST_GROUPS).expect("it is small");
        let calls: Vec<_> = (0..most).map(|n| (n, 5_000_000, 80)).collect();
        let mut found = gathered(REFUSED, About::Tcp, &calls);
        assert!(!found.has_room(host(0)) && !found.has_room(host(most)));
        let mut add = |kind, client, frame| {
            let ends = (host(client), host(1), Some(80));
            found.add(kind, About::Tcp, ends, vec![frame], || {
                refused((host(1), 80))
            });
        };
        // A client that is known goes on, others are counted.
        add(REFUSED, 0, 5000);
        add(REFUSED, most, 5001);
        add(SituationKind::NoAnswer, most, 5002);
        add(REFUSED, most + 1, 5004);
        add(REFUSED, most + 2, 5003);
        let all = found.finish();
        assert_eq!(all.len(), MOST_GROUPS + 1 + 2);
        let rest: Vec<_> = all[MOST_GROUPS + 1..].iter().collect();
        assert_eq!((rest[0].kind, rest[0].count), (REFUSED, 3));
        assert_eq!(rest[0].frames, [5001, 5003, 5004]);
        assert!(matches!(rest[0].sentence, Story::More(3)));
        assert_eq!((rest[1].kind, rest[1].count), (SituationKind::NoAnswer, 1));
        assert_eq!(rest[1].frames, [5002]);
    }

    #[test]
    fn what_the_rest_met_names_a_hundred_frames() {
        let most = u32::try_from(MOST_GROUPS).expect("it is small");
        let calls: Vec<_> = (0..most + 70).map(|n| (n, 5_000_000, 80)).collect();
        let all = told(REFUSED, &calls);
        let rest = all.last().expect("there are some");
        assert_eq!((rest.count, rest.frames.len()), (70, NAMED));
    }

    #[test]
    fn a_client_has_room_for_nine_of_a_kind() {
        let calls = |count: u16| (0..count).map(|n| (1, 2, n)).collect::<Vec<_>>();
        let kinds = [SituationKind::NoAnswer, SituationKind::HostSilent];
        for (kind, other) in [(kinds[0], kinds[1]), (kinds[1], kinds[0])] {
            // One kind has room as long as the other: which it will be is not known yet.
            let mut found = gathered(kind, About::Tcp, &calls(10));
            assert!(found.has_room(host(1)) && found.has_room(host(2)));
            for n in 0..10 {
                assert!(found.has_room(host(1)));
                let ends = (host(1), host(2), Some(n));
                found.add(other, About::Tcp, ends, vec![1], || refused((host(2), n)));
            }
            assert!(!found.has_room(host(1)) && found.has_room(host(2)));
        }
    }

    #[test]
    fn more_than_are_told_apart() {
        let most = u32::try_from(MOST_ENDS).expect("it is small");
        let hosts = |count: u32| {
            let calls: Vec<_> = (0..count).map(|n| (1, 10 + n, 22)).collect();
            match &told(REFUSED, &calls)[0].sentence {
                Story::Together { hosts, .. } => match hosts {
                    Several::Many(count) => (false, *count),
                    Several::MoreThan(count) => (true, *count),
                    _ => panic!("they are several"),
                },
                _ => panic!("they are told together"),
            }
        };
        assert_eq!(hosts(most - 1), (false, MOST_ENDS - 1));
        assert_eq!(hosts(most + 5), (true, MOST_ENDS));
        let ports: Vec<_> = (0..most + 5)
            .map(|n| (1, 2, u16::try_from(n).expect("small")))
            .collect();
        let all = told(REFUSED, &ports);
        let Story::Together { ports, .. } = &all[0].sentence else {
            panic!("they are told together");
        };
        assert!(matches!(ports, Several::MoreThan(MOST_ENDS)));
    }
}
