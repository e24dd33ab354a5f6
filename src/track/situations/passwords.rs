//! Passwords in clear: what whoever captures can read, and use.
//!
//! The password itself is not repeated; the frames are.

use crate::dissect::as_usize;
use crate::facts::Frames;
use crate::facts::situation::{About, Situation, SituationKind};
use crate::track::Trackers;
use crate::track::communities::Community;
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
        let again = told.add(key, &login.frames, || sentence(login, client.0, server.0));
        if let (Some(first), Some((true, frame))) = (again, login.accepted)
            && first.sentence.contains(REFUSED)
            && !first.sentence.contains(LATER)
        {
            first
                .sentence
                .push_str(&format!("{LATER} (frame {frame})."));
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
        let accepted = match exchange.status {
            Some(401) => " The server refused it.",
            Some(200..=399) => " The server answered as asked.",
            _ => "",
        };
        told.add(key, &[frame], || {
            format!(
                "{client} sent the password of `{user}` to the web server {server} with Basic authentication: base64, which anybody can decode, in frame {frame}.{accepted}"
            )
        });
    }
    found.extend(told.list);
    found.extend(trackers.communities.list.iter().map(community));
}

/// What is said of a try that failed, and of a later one that did not.
const REFUSED: &str = " The server refused it";
const LATER: &str = " It accepted a later one";

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
        sentence: impl FnOnce() -> String,
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
        if self.list.len() < MOST {
            self.users.push(user.to_owned());
            self.list.push(situation(
                (protocol, client, server, port),
                1,
                frames.to_vec(),
                sentence(),
            ));
        }
        None
    }
}

fn situation(
    (protocol, client, server, port): (About, IpAddr, IpAddr, u16),
    count: u32,
    frames: Frames,
    sentence: String,
) -> Situation {
    Situation {
        kind: SituationKind::PasswordInClear,
        protocol,
        client: Some(client),
        server: Some(server),
        server_port: Some(port),
        count,
        frames,
        sentence,
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

fn sentence(login: &Login, client: IpAddr, server: IpAddr) -> String {
    let name = match login.talk {
        Talk::Ftp => "FTP",
        Talk::Telnet => "Telnet",
        Talk::Smtp => "SMTP",
        Talk::Pop => "POP",
        Talk::Imap => "IMAP",
    };
    let whose = match &login.user {
        Some(user) => format!("the password of `{user}`"),
        None => "a password".to_owned(),
    };
    let how = match (login.talk, login.encoded) {
        (_, true) => "in base64, which anybody can decode",
        // Where a terminal asks for a password, what is typed next is taken for one.
        (Talk::Telnet, _) => "letter for letter, after the server's prompt",
        _ => "in clear",
    };
    let answer = match login.accepted {
        Some((true, frame)) => format!(" The server accepted it (frame {frame})."),
        Some((false, frame)) => format!("{REFUSED} (frame {frame})."),
        None => String::new(),
    };
    let places = told_in(login);
    format!("{client} sent {whose} to {server} by {name} {how}, in {places}.{answer}")
}

/// In which frames the password is.
fn told_in(login: &Login) -> String {
    let first = login.password_frame;
    match login.frames.last() {
        Some(last) if *last != first => format!("frames {first} to {last}"),
        _ => format!("frame {first}"),
    }
}

fn community(community: &Community) -> Situation {
    let Community {
        client,
        server,
        port,
        name,
        ..
    } = community;
    let frame = community.frames.first().copied().unwrap_or_default();
    let worth = match name.as_str() {
        "public" => {
            "`public` is what many devices have for reading unless somebody changes it, so it keeps nobody out"
        }
        "private" => {
            "`private` is what many devices have for writing unless somebody changes it, so it keeps nobody out"
        }
        _ => "it stands for a password, and whoever reads it can send it too",
    };
    situation(
        (About::Snmp, *client, *server, *port),
        community.count,
        community.frames.clone(),
        format!(
            "{client} sent the SNMP community `{name}` to {server} in clear (frame {frame}), as versions 1 and 2c do with each message: {worth}."
        ),
    )
}
