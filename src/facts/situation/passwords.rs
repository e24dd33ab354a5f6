//! What is told of passwords that crossed the network readable.

use super::About;
use super::story::Story;
use std::fmt::{Formatter, Result};

/// What is told of a password, or of what stands for one.
pub(super) fn readable(f: &mut Formatter<'_>, story: &Story) -> Result {
    match story {
        Story::Password {
            client,
            server,
            protocol,
            user,
            encoded,
            frames: (first, last),
            accepted,
            later,
        } => {
            let whose = user
                .as_ref()
                .map(|user| format!("the password of `{user}`"));
            let whose = whose.as_deref().unwrap_or("a password");
            let how = match (protocol, encoded) {
                (_, true) => "in base64, which anybody can decode",
                // Where a terminal asks for a password, what is typed next is taken for one.
                (About::Telnet, _) => "in clear, after the server's prompt",
                _ => "in clear",
            };
            let places = if first == last {
                format!("frame {first}")
            } else {
                format!("frames {first} to {last}")
            };
            let name = protocol.name();
            write!(
                f,
                "{client} sent {whose} to {server} by {name} {how}, in {places}."
            )?;
            match accepted {
                Some((true, frame)) => write!(f, " The server accepted it (frame {frame})."),
                Some((false, frame)) => write!(f, " The server refused it (frame {frame})."),
                None => Ok(()),
            }?;
            match later {
                Some(frame) => write!(f, " It accepted a later one (frame {frame})."),
                None => Ok(()),
            }
        }
        Story::BasicPassword {
            client,
            server,
            user,
            frame,
            accepted,
            proxy,
            later,
        } => {
            let (who, whom) = if *proxy {
                ("proxy", "proxy")
            } else {
                ("server", "web server")
            };
            let answer = match accepted {
                Some(true) => format!(" The {who} answered as asked."),
                Some(false) => format!(" The {who} refused it."),
                None => String::new(),
            };
            write!(
                f,
                "{client} sent the password of `{user}` to the {whom} {server} with Basic authentication: base64, which anybody can decode, in frame {frame}.{answer}"
            )?;
            match later {
                Some(frame) => write!(f, " It took a later one (frame {frame})."),
                None => Ok(()),
            }
        }
        Story::FormPassword {
            client,
            server,
            user,
            field,
            query,
            frame,
        } => {
            let user = match user {
                Some(user) => format!(" and the name `{user}`"),
                None => String::new(),
            };
            let place = if *query {
                "the query of a request's target, which servers and proxies also log"
            } else {
                "the body of a request"
            };
            write!(
                f,
                "{client} sent a value in the field `{field}`{user} to the web server {server} by HTTP in clear, in {place} (frame {frame}): whoever captures it can read this password, unless the page changed it before."
            )
        }
        Story::Community {
            client,
            server,
            name,
            frame,
        } => {
            let worth = match name.as_str() {
                "public" => {
                    "`public` is what many devices have for reading unless somebody changes it, so it keeps nobody out"
                }
                "private" => {
                    "`private` is what many devices have for writing unless somebody changes it, so it keeps nobody out"
                }
                _ => "it stands for a password, and whoever reads it can send it too",
            };
            write!(
                f,
                "{client} sent the SNMP community `{name}` to {server} in clear (frame {frame}), as versions 1 and 2c do with each message: {worth}."
            )
        }
        _ => Ok(()),
    }
}
