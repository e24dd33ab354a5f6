//! The web proxy with a cache on disk: ask it for a host, it asks the host, and remembers.
//!
//! [`request`] says what a client wants, [`address`] whether it may, [`origin`] gets there,
//! [`response`] and [`body`] read what comes back, [`cache`] keeps it.
//!
//! **Invariant:** the address that is connected to is one that was checked, and the proxy never
//! asks itself.
//!
//! Decisions:
//!
//! * The lab's client sends a plain line (`www.example.org`). It gets the origin's answer
//!   unchanged, and from the cache what the lab's proxy sends: `HTTP/1.0 200 OK`,
//!   `Content-Type:text/html`, then the content. HTTP clients get the stored answer as it was.
//! * One request a connection, to clients and origins alike (`Connection: close`): each answer
//!   is one connection in a capture.
//! * A request without `http://` whose Host is the proxy itself is taken as the lab's browser
//!   form, `http://proxy:8888/www.example.org/path`.

pub mod address;
pub mod body;
pub mod cache;
mod exchange;
pub mod origin;
pub mod request;
pub mod response;

use crate::lab::conversation::{Conversation, Ended};
use crate::lab::fault::{Fault, error_name, system_words};
use crate::lab::log::{Event, Log};
use crate::lab::serve::{self, After, Limits};
use crate::lab::stop::Stop;
use address::Block;
use cache::{Cache, Hit};
use request::{Bad, Request, Style, Target};
use std::io::{BufRead, Read};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// What a proxy needs to know.
#[derive(Debug)]
pub struct Proxy {
    /// Answers kept.
    pub cache: Cache,
    /// Addresses that are not public and may be asked all the same.
    pub allowed: Vec<Block>,
    /// How long an answer is fresh that does not say so itself.
    pub fresh_for: Duration,
    /// How we call ourselves in `Via`; another proxy of ours has another name.
    pub name: String,
}

/// Why a request got no answer from an origin.
enum Failed {
    /// Answered by an error.
    Bad(Bad),
    /// The client's side ended.
    Client(Ended),
}

impl From<Bad> for Failed {
    fn from(bad: Bad) -> Failed {
        Failed::Bad(bad)
    }
}

/// Serves requests until asked to stop.
pub fn serve(
    listener: TcpListener,
    proxy: &Proxy,
    limits: Limits,
    stop: &Stop,
    log: &Log,
) -> Result<(), Fault> {
    serve::serve(listener, limits, stop, log, |client| {
        let one = One { proxy, stop, log };
        one.talk(client)
    })
}

/// One request of one client.
struct One<'a> {
    proxy: &'a Proxy,
    stop: &'a Stop,
    log: &'a Log,
}

impl One<'_> {
    fn talk(&self, client: &mut Conversation) -> Result<After, Ended> {
        let answered = match request::read(client)? {
            None => return Ok(After::Serve),
            Some(Ok(request)) => self.answer(client, request),
            Some(Err(bad)) => Err(Failed::Bad(bad)),
        };
        match answered {
            Ok(()) => {}
            Err(Failed::Client(ended)) => return Err(ended),
            Err(Failed::Bad(bad)) => {
                self.log.record(
                    &of(client, "refused")
                        .number("status", usize::from(bad.status))
                        .text("reason", bad.why),
                );
                client.send(&error_page(&bad))?;
            }
        }
        Ok(After::Serve)
    }

    fn answer(&self, client: &mut Conversation, mut request: Request) -> Result<(), Failed> {
        if request.style != Style::Plain && self.is_ourselves(client, &request.target) {
            request.target = request::target(request.target.path.trim_start_matches('/'))
                .map_err(|_| Bad::new(508, "this is the proxy itself"))?;
        }
        let via = request::words(&request.fields, "via");
        if via
            .iter()
            .any(|hop| hop.split(' ').any(|word| word == self.proxy.name))
        {
            return Err(Bad::new(508, "this request has been here before").into());
        }
        let key = key(&request.target);
        self.log.record(
            &of(client, "request")
                .text("method", &request.method)
                .text("url", &key),
        );
        if response::may_use_cache(&request)
            && let Some(hit) = self.proxy.cache.find(&key, &request.fields)
        {
            return self.answer_from_cache(client, &request, &key, hit);
        }
        let mut origin = self.reach(client, &request.target)?;
        self.exchange(client, &mut origin, &request, &key)
    }

    /// Connects to the first address of the target that may be asked and answers.
    fn reach(&self, client: &Conversation, target: &Target) -> Result<Conversation, Failed> {
        let patience = client.patience();
        let addresses = match origin::resolve(&target.host, target.port, patience, self.stop) {
            Ok(addresses) => addresses,
            Err(Ended::Stopped) => return Err(Failed::Client(Ended::Stopped)),
            Err(_) => return Err(Bad::new(502, "the host's name has no address").into()),
        };
        let list: Vec<String> = addresses
            .iter()
            .map(|address| address.ip().to_string())
            .collect();
        self.log.record(
            &of(client, "resolved")
                .text("host", &target.host)
                .text("addresses", list.join(",")),
        );
        let mut failure = Bad::new(
            403,
            "this address is not public, and not allowed; hint: --allow",
        );
        for address in addresses {
            if !address::may_connect(address.ip(), target.port, &self.proxy.allowed) {
                continue;
            }
            if self.is_our_address(client, address) {
                failure = Bad::new(508, "this is the proxy itself");
                continue;
            }
            match origin::connect(address, patience, self.stop) {
                Ok(origin) => {
                    self.log.record(
                        &of(client, "connected")
                            .text("host", &target.host)
                            .text("origin_local", origin.local.to_string())
                            .text("origin_remote", origin.remote.to_string()),
                    );
                    return Ok(origin);
                }
                Err(Ended::Stopped) => return Err(Failed::Client(Ended::Stopped)),
                Err(Ended::Idle(_)) => failure = Bad::new(504, "the origin does not answer"),
                Err(Ended::Socket(error)) => {
                    self.log.record(
                        &of(client, "not connected")
                            .text("origin_remote", address.to_string())
                            .text("error", error_name(&error))
                            .text("reason", system_words(&error)),
                    );
                    failure = match error.kind() {
                        std::io::ErrorKind::TimedOut => Bad::new(504, "the origin does not answer"),
                        std::io::ErrorKind::ConnectionRefused => {
                            Bad::new(502, "the origin refused the connection (ECONNREFUSED)")
                        }
                        _ => Bad::new(502, "the origin cannot be reached"),
                    };
                }
            }
        }
        Err(failure.into())
    }

    fn answer_from_cache(
        &self,
        client: &mut Conversation,
        request: &Request,
        key: &str,
        mut hit: Hit,
    ) -> Result<(), Failed> {
        let lost = |_| Failed::Client(Ended::Socket(std::io::ErrorKind::UnexpectedEof.into()));
        let mut head = Vec::new();
        loop {
            let before = head.len();
            hit.reader.read_until(b'\n', &mut head).map_err(lost)?;
            if matches!(&head[before..], b"\r\n" | b"") {
                break;
            }
        }
        let mut sent = 0;
        let pieces = match request.style {
            // Three writes, as the lab's proxy does it.
            Style::Plain => vec![
                b"HTTP/1.0 200 OK\r\n".to_vec(),
                b"Content-Type:text/html\r\n".to_vec(),
                b"\r\n".to_vec(),
            ],
            style => vec![exchange::aged(&head, style, hit.age, &self.proxy.name)],
        };
        for piece in &pieces {
            client.send(piece).map_err(Failed::Client)?;
            sent += piece.len();
        }
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let count = hit.reader.read(&mut buffer).map_err(lost)?;
            if count == 0 {
                break;
            }
            client.send(&buffer[..count]).map_err(Failed::Client)?;
            sent += count;
        }
        self.log.record(
            &of(client, "read from cache")
                .text("url", key)
                .number("bytes", sent),
        );
        Ok(())
    }

    fn is_ourselves(&self, client: &Conversation, target: &Target) -> bool {
        let address: Option<std::net::IpAddr> = target.host.parse().ok();
        target.port == client.local.port()
            && (target.host == "localhost"
                || address.is_some_and(|ip| self.is_our_address(client, (ip, target.port).into())))
    }

    fn is_our_address(&self, client: &Conversation, address: SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        address.port() == client.local.port()
            && (ip == client.local.ip() || ip.is_loopback() || ip.is_unspecified())
    }
}

/// What an answer is kept under.
fn key(target: &Target) -> String {
    let host = if target.host.contains(':') {
        format!("[{}]", target.host)
    } else {
        target.host.clone()
    };
    match target.port {
        80 => format!("http://{host}{}", target.path),
        port => format!("http://{host}:{port}{}", target.path),
    }
}

/// A record that belongs to this client.
fn of(client: &Conversation, name: &'static str) -> Event {
    Event::new(name).between("tcp", client.local, client.remote)
}

fn error_page(bad: &Bad) -> Vec<u8> {
    let words = match bad.status {
        400 => "Bad Request",
        403 => "Forbidden",
        408 => "Request Timeout",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        508 => "Loop Detected",
        _ => "Error",
    };
    let text = format!("{} {words}: {}\n", bad.status, bad.why);
    format!(
        "HTTP/1.1 {} {words}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        bad.status,
        text.len()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_places_have_equal_keys() {
        let of = |url: &str| key(&request::target(url).unwrap());
        assert_eq!(of("www.Example.org"), "http://www.example.org/");
        assert_eq!(of("http://www.example.org:80/"), "http://www.example.org/");
        assert_eq!(of("http://[::1]:81/x"), "http://[::1]:81/x");
    }
}
