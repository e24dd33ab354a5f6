//! The sentences of situations of DHCP.

use super::story::Story;
use super::words::{joined, seconds};
use crate::facts::Mac;
use std::fmt::{Formatter, Result};
use std::net::IpAddr;

/// What a DHCP client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    /// Any server.
    Server,
    /// This address.
    Address(IpAddr),
    /// That it may keep this address.
    Extension(IpAddr),
}

/// What DHCP servers and clients did.
pub(super) fn leased(f: &mut Formatter<'_>, story: &Story) -> Result {
    match story {
        Story::Declined {
            client,
            address,
            frame,
            given: (server, ack),
            other,
        } => {
            match client {
                Some(mac) => write!(f, "{mac}")?,
                None => f.write_str("A client")?,
            }
            write!(f, " declined {address} (frame {frame})")?;
            match (server, ack) {
                (Some(server), Some(ack)) => {
                    write!(f, ", which {server} had given it (frame {ack})")?;
                }
                (_, Some(ack)) => write!(f, ", which it had been given (frame {ack})")?,
                _ => {}
            }
            match other {
                Some((mac, claim)) => write!(
                    f,
                    ": {mac} says that it has this address (frame {claim}). The client has to ask for another one."
                ),
                None => f.write_str(
                    ": it found the address in use; who uses it does not show in this capture. The client has to ask for another one.",
                ),
            }
        }
        Story::Offered {
            others,
            server,
            times: times @ 2..,
            ..
        } => {
            let first = server.map(|(server, _)| server);
            let all: Vec<IpAddr> = first.into_iter().chain(others.iter().copied()).collect();
            let all = joined(&all, ", ", IpAddr::to_string);
            write!(
                f,
                "More than one DHCP server made an offer, in {times} transactions: {all}. Who acknowledged which request is told with the leases."
            )
        }
        Story::Offered {
            others,
            server,
            offer,
            ..
        } => {
            let others = joined(others, ", ", IpAddr::to_string);
            match (server, offer) {
                (Some((server, Some(frame))), Some(offer)) => write!(
                    f,
                    "More than one DHCP server made an offer: {others}, and {server} (frame {offer}), which acknowledged the request (frame {frame})."
                ),
                (Some((server, Some(frame))), None) => write!(
                    f,
                    "More than one DHCP server answered: {others} with an offer, and {server} acknowledged the request (frame {frame})."
                ),
                (Some((server, None)), _) => write!(
                    f,
                    "More than one DHCP server made an offer: {others}, and {server}."
                ),
                (None, _) => write!(f, "More than one DHCP server made an offer: {others}."),
            }
        }
        Story::Disagreed {
            client,
            address,
            refused: (one, nak),
            acknowledged: (other, ack),
        } => {
            let of = named(*client);
            let address = address.map_or_else(String::new, |address| format!(" for {address}"));
            write!(
                f,
                "Two DHCP servers answered the request of {of}{address}, and not alike: {one} refused it (frame {nak}), {other} acknowledged it (frame {ack}). Which answer the client went by, these do not tell: who is refused has to begin anew."
            )
        }
        Story::BothAcknowledged { client, acks } => {
            let [own, other] = acks.map(|(server, address, frame)| {
                let address = address.map_or("no address".to_owned(), |a| a.to_string());
                (server, format!("{address} (frame {frame})"))
            });
            write!(
                f,
                "Two DHCP servers acknowledged what {} asked for: {} with {}, which its request names or which came first, and {} with {}.",
                named(*client),
                own.0,
                own.1,
                other.0,
                other.1,
            )?;
            match acks[0].1 == acks[1].1 {
                true => Ok(()),
                false => f.write_str(" If it went by the second, it uses that address."),
            }
        }
        Story::GivenTwice {
            address,
            gifts: [(one, first_server, first), (other, second_server, second)],
            seconds: lease,
            after,
        } => {
            let by = |server: &Option<IpAddr>| {
                server.map_or_else(String::new, |server| format!(" by {server}"))
            };
            let lease = match lease {
                &u32::MAX => "for ever".to_owned(),
                lease => format!("for {lease} s"),
            };
            write!(
                f,
                "{address} was given to {one}{} {lease} (frame {first}), and {:.3} s later to {other}{} (frame {second}), while no Release, Decline or refusal of it by the first was captured: two hosts may use it at once, unless the first gave it back elsewhere, or both are cards of one host.",
                by(first_server),
                seconds(*after),
                by(second_server),
            )
        }
        Story::OffersNotTaken {
            client,
            times,
            span,
            offer: (offered, server, frame),
        } => {
            let client = client.map_or_else(|| "A client".to_owned(), |mac| mac.to_string());
            let what = offered.map_or_else(String::new, |address| format!(" {address}"));
            let by = server.map_or_else(String::new, |server| format!(" by {server}"));
            write!(
                f,
                "{client} looked for a DHCP server {times} times in {:.1} s, was offered{what}{by} (frame {frame}), and no request of it for an address was captured: the offers do not reach it, or none suits it, or its requests passed elsewhere.",
                seconds(*span),
            )
        }
        Story::DhcpUnanswered { .. } => unanswered(f, story),
        _ => Ok(()),
    }
}

/// A client, as it is named in a sentence.
fn named(client: Option<Mac>) -> String {
    client.map_or_else(|| "a client".to_owned(), |mac| mac.to_string())
}

fn unanswered(f: &mut Formatter<'_>, story: &Story) -> Result {
    let Story::DhcpUnanswered {
        client,
        sought,
        times,
        span,
        rest,
        answered,
        error,
    } = story
    else {
        return Ok(());
    };
    let client = client.map_or_else(|| "A client".to_owned(), |mac: Mac| mac.to_string());
    let span = seconds(*span);
    match sought {
        Sought::Server => write!(
            f,
            "{client} looked for a DHCP server {times} times in {span:.1} s, and no answer to it was captured: no server answers, or its answers do not reach the client, or they passed elsewhere and none suited it; had it taken an offer, it would not go on looking."
        )?,
        Sought::Address(address) => write!(
            f,
            "{client} asked {times} times in {span:.1} s for {address} by DHCP, and no answer to that was captured: no server answers, or its answers do not reach the client; had one reached it, it would not ask again."
        )?,
        Sought::Extension(address) => {
            write!(
                f,
                "{client} asked {times} times in {span:.1} s whether it may keep {address}, and no answer of a DHCP server to that was captured: "
            )?;
            match error {
                Some(frame) => write!(f, "ICMP errors came back, the first in frame {frame}.")?,
                None => f.write_str("the server is gone, or the way there or back is broken, or its answers passed elsewhere.")?,
            }
        }
    }
    match (answered, rest) {
        (Some(frame), _) => write!(
            f,
            " The first answer of a server to it after that is frame {frame}."
        ),
        (None, Some(rest)) if *rest < 1_000_000 => {
            f.write_str(" Behind the last one the capture ends.")
        }
        // A client waits for an answer, or asks again, for longer than that.
        (None, Some(rest)) if *rest < 10_000_000_000 => write!(
            f,
            " The capture ends {:.1} s after the last one.",
            seconds(*rest)
        ),
        _ => Ok(()),
    }
}
