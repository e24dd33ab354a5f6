//! Passwords in clear: what whoever captures can read, and use.
//!
//! The password itself is not repeated; the frames are.

use crate::dissect::as_usize;
use crate::facts::Frames;
use crate::facts::situation::{About, Situation, SituationKind, Story};
use crate::track::Trackers;
use crate::track::communities::Community;
use crate::track::room::Room;
use crate::track::stream::forms::Way;
use crate::track::stream::login::{Login, Talk};
use std::net::IpAddr;

/// Most that are told one by one.
const MOST: usize = 1000;
/// Most frames that one names.
const NAMED: usize = 100;

/// Adds what was sent readable.
pub(super) fn find(trackers: &Trackers, found: &mut Vec<Situation>) {
    let mut told = Told::default();
    for login in &trackers.streams.found.logins.list {
        let Some(ends) = trackers.tcp.ends(as_usize(login.stream)) else {
            continue;
        };
        let (client, server) = (ends[login.client], ends[1 - login.client]);
        let user = login.user.as_deref().unwrap_or_default();
        let key = (about(login.talk), client.0, server.0, server.1, user);
        let again = told.add(key, &login.frames, || story(login, client.0, server.0));
        if let (Some(first), Some((true, frame))) = (again, login.accepted)
            && let Story::Password {
                accepted: Some((false, _)),
                later,
                ..
            } = &mut first.sentence
        {
            later.get_or_insert(frame);
        }
    }
    let exchanges = &trackers.streams.found.exchanges;
    for (place, frame) in exchanges.authorized().iter().copied() {
        let Some(exchange) = exchanges.exchange(as_usize(place), &trackers.tcp) else {
            continue;
        };
        let Some(value) = &exchange.authorization else {
            continue;
        };
        let Some(plain) = value.strip_prefix(b"Basic ") else {
            continue;
        };
        let name = plain.split(|b| *b == b':').next().unwrap_or_default();
        let user: String = String::from_utf8_lossy(name).chars().take(64).collect();
        // Without a password there is nothing to read.
        if plain.len() <= name.len() + 1 {
            continue;
        }
        let (client, server) = (exchange.client, exchange.server);
        let key = (
            About::Http,
            client,
            server,
            exchange.server_port,
            user.as_str(),
        );
        // A redirect may lead to where passwords are asked for.
        let accepted = taken(exchange.status, 401);
        let again = told.add(key, &[frame], || Story::BasicPassword {
            client,
            server,
            user: user.clone(),
            frame,
            proxy: false,
            accepted,
            later: None,
        });
        taken_later(again, frame, accepted);
    }
    for said in exchanges.said() {
        let Some(exchange) = exchanges.exchange(said.place(), &trackers.tcp) else {
            continue;
        };
        let (client, server, frame) = (exchange.client, exchange.server, said.frame);
        let user = said.user.clone();
        // Told apart from who says the same otherwise.
        let key = format!("{:?} {}", said.way, user.as_deref().unwrap_or_default());
        let key = (About::Http, client, server, exchange.server_port, &key[..]);
        let accepted = taken(exchange.status, 407);
        let again = told.add(key, &[frame], || match &said.way {
            Way::Body(field) | Way::Query(field) => Story::FormPassword {
                client,
                server,
                user,
                field: field.clone(),
                query: matches!(said.way, Way::Query(_)),
                frame,
            },
            Way::Proxy => Story::BasicPassword {
                client,
                server,
                user: user.unwrap_or_default(),
                frame,
                proxy: true,
                accepted,
                later: None,
            },
        });
        taken_later(again, frame, accepted);
    }
    found.extend(told.list);
    found.extend(trackers.communities.list.iter().map(community));
}

/// Whether a password was taken, by the status of the response; `asks` is the one that refuses it.
fn taken(status: Option<u16>, asks: u16) -> Option<bool> {
    match status? {
        200..=299 => Some(true),
        status => (status == asks).then_some(false),
    }
}

/// Of what was refused first: whether a later one, in `frame`, was taken.
fn taken_later(first: Option<&mut Situation>, frame: u32, accepted: Option<bool>) {
    if accepted == Some(true)
        && let Some(first) = first
        && let Story::BasicPassword {
            accepted: Some(false),
            later,
            ..
        } = &mut first.sentence
    {
        later.get_or_insert(frame);
    }
}

/// Equal ones told once.
#[derive(Default)]
struct Told {
    list: Vec<Situation>,
    users: Vec<String>,
}

impl Told {
    /// Adds one; gives the one that was told before, where there is one.
    fn add(
        &mut self,
        (protocol, client, server, port, user): (About, IpAddr, IpAddr, u16, &str),
        frames: &[u32],
        story: impl FnOnce() -> Story,
    ) -> Option<&mut Situation> {
        let same = |(s, u): (&Situation, &String)| {
            s.protocol == protocol
                && s.client == Some(client)
                && s.server == Some(server)
                && s.server_port == Some(port)
                && u == user
        };
        if let Some(place) = self.list.iter().zip(&self.users).position(same) {
            let known = &mut self.list[place];
            known.count += 1;
            let room = NAMED.saturating_sub(known.frames.len());
            known.frames.extend(frames.iter().take(room));
            return Some(known);
        }
        if self.list.has_room(MOST) {
            self.users.push(user.to_owned());
            self.list.push(situation(
                (protocol, client, server, port),
                1,
                frames.to_vec(),
                story(),
            ));
        }
        None
    }
}

fn situation(
    (protocol, client, server, port): (About, IpAddr, IpAddr, u16),
    count: u32,
    frames: Frames,
    story: Story,
) -> Situation {
    Situation {
        client: Some(client),
        server: Some(server),
        server_port: Some(port),
        count,
        ..Situation::new(SituationKind::PasswordInClear, protocol, frames, story)
    }
}

fn about(talk: Talk) -> About {
    match talk {
        Talk::Ftp => About::Ftp,
        Talk::Telnet => About::Telnet,
        Talk::Smtp => About::Smtp,
        Talk::Pop => About::Pop,
        Talk::Imap => About::Imap,
    }
}

fn story(login: &Login, client: IpAddr, server: IpAddr) -> Story {
    let first = login.password_frame;
    Story::Password {
        client,
        server,
        protocol: about(login.talk),
        user: login.user.clone(),
        encoded: login.encoded,
        frames: (first, login.frames.last().copied().unwrap_or(first)),
        accepted: login.accepted,
        later: None,
    }
}

fn community(community: &Community) -> Situation {
    let (client, server) = (community.client, community.server);
    situation(
        (About::Snmp, client, server, community.port),
        community.count,
        community.frames.clone(),
        Story::Community {
            client,
            server,
            name: community.name.clone(),
            frame: community.frames.first().copied().unwrap_or_default(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    /// Rows for these: client, port, user, frames.
    fn rows(sent: &[(u8, u16, &str, &[u32])]) -> Vec<(u32, Vec<u32>)> {
        let mut told = Told::default();
        for (client, port, user, frames) in sent {
            let address = |last| IpAddr::from(Ipv4Addr::new(10, 0, 0, last));
            let protocol = if *port == 21 { About::Ftp } else { About::Pop };
            let key = (
                protocol,
                address(*client),
                address(200 + *client % 2),
                *port,
                *user,
            );
            told.add(key, frames, || Story::More(1));
        }
        let row = |s: Situation| (s.count, s.frames.to_vec());
        told.list.into_iter().map(row).collect()
    }

    #[test]
    fn the_same_again_is_one_row() {
        let same = rows(&[
            (1, 21, "a", &[1, 2]),
            (1, 21, "a", &[5]),
            (1, 21, "a", &[9]),
        ]);
        assert_eq!(same, [(3, vec![1, 2, 5, 9])]);
    }

    #[test]
    fn another_user_client_server_or_port_is_another() {
        let others = [(1, 21, "b"), (2, 21, "a"), (3, 21, "a"), (1, 110, "a")];
        for (client, port, user) in others {
            let told = rows(&[(1, 21, "a", &[1]), (client, port, user, &[2])]);
            assert_eq!(told, [(1, vec![1]), (1, vec![2])]);
        }
    }

    #[test]
    fn a_hundred_frames_are_named() {
        let many: Vec<u32> = (1..=70).collect();
        let told = rows(&[(1, 21, "a", &many), (1, 21, "a", &many)]);
        assert_eq!((told[0].0, told[0].1.len()), (2, NAMED));
    }

    #[test]
    fn so_many_are_told_one_by_one() {
        let names: Vec<String> = (0..MOST + 5).map(|n| n.to_string()).collect();
        let mut sent: Vec<(u8, u16, &str, &[u32])> = Vec::new();
        sent.extend(names.iter().map(|name| (1, 21, name.as_str(), &[7u32][..])));
        assert_eq!(rows(&sent).len(), MOST);
    }
}
