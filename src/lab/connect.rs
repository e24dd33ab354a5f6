//! The client's way to a server: names, connections, one question and its answer.

use super::conversation::{Conversation, Ended, Message, PAUSE};
use super::fault::Fault;
use super::stop::Stop;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant, SystemTime};

/// Which of a name's addresses are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// All, in the resolver's order.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// The addresses of `host`, which may be a name or an address of either family.
pub fn resolve(host: &str, port: u16, family: Family) -> Result<Vec<SocketAddr>, Fault> {
    let unknown = |cause: String| Fault::Unknown {
        host: host.to_owned(),
        cause,
    };
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let mut addresses: Vec<SocketAddr> = (bare, port)
        .to_socket_addrs()
        .map_err(|error| unknown(error.to_string()))?
        .filter(|address| match family {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        })
        .collect();
    addresses.dedup();
    if addresses.is_empty() {
        return Err(unknown(
            "it has no address of the family asked for".to_owned(),
        ));
    }
    Ok(addresses)
}

/// A connection, and how it came to be.
#[derive(Debug)]
pub struct Connected {
    /// The client's end.
    pub conversation: Conversation,
    /// When the connection request was sent, by the wall clock.
    pub requested: SystemTime,
    /// From the request to the established connection, by the monotonic clock.
    pub setup: Duration,
}

/// Connects to the first address that takes us; otherwise tells what the last one did.
pub fn connect(addresses: &[SocketAddr], patience: Duration) -> Result<Connected, Fault> {
    let mut last = None;
    for &address in addresses {
        let requested = SystemTime::now();
        let begun = Instant::now();
        match TcpStream::connect_timeout(&address, patience) {
            Ok(stream) => {
                let setup = begun.elapsed();
                let conversation = client(stream, patience)?;
                return Ok(Connected {
                    conversation,
                    requested,
                    setup,
                });
            }
            Err(error) => {
                last = Some(Fault::of_socket(
                    address,
                    "the connection request",
                    patience,
                    error,
                ));
            }
        }
    }
    Err(last.expect("resolve returns at least one address"))
}

fn client(stream: TcpStream, patience: Duration) -> Result<Conversation, Fault> {
    // Questions are whole messages; without this the client still works.
    let _ = stream.set_nodelay(true);
    Stop::new()
        .and_then(|stop| Conversation::new(stream, patience, stop))
        .map_err(Fault::system("the connected socket"))
}

impl Conversation {
    /// The next message of a server that owes us `what`.
    pub fn owed(&mut self, what: &'static str) -> Result<Message, Fault> {
        match self.message(|_| PAUSE) {
            Ok(Some(message)) => Ok(message),
            Ok(None) => Err(Fault::ClosedEarly {
                address: self.remote,
                before: what,
            }),
            Err(ended) => Err(self.fault(ended, what)),
        }
    }

    /// Sends all of `bytes` to a server.
    pub fn tell(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.send(bytes)
            .map_err(|ended| self.fault(ended, "sending"))
    }

    /// What an ended conversation means to a client.
    pub fn fault(&self, ended: Ended, doing: &'static str) -> Fault {
        let cause = match ended {
            Ended::Socket(error) => error,
            Ended::Idle(_) => std::io::ErrorKind::TimedOut.into(),
            Ended::Stopped => std::io::ErrorKind::Interrupted.into(),
        };
        Fault::of_socket(self.remote, doing, self.patience(), cause)
    }
}

/// One message there, one answer back, over a connection of its own.
pub fn ask(addresses: &[SocketAddr], words: &[u8], patience: Duration) -> Result<Message, Fault> {
    let mut conversation = connect(addresses, patience)?.conversation;
    conversation.tell(words)?;
    let answer = conversation.owed("the answer")?;
    conversation.close();
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_both_families_need_no_resolver() {
        for host in ["::1", "[::1]"] {
            let addresses = resolve(host, 7, Family::Any).unwrap();
            assert_eq!(addresses, ["[::1]:7".parse().unwrap()]);
        }
        let addresses = resolve("127.0.0.1", 7, Family::V4).unwrap();
        assert_eq!(addresses, ["127.0.0.1:7".parse().unwrap()]);
        assert!(resolve("127.0.0.1", 7, Family::V6).is_err());
    }

    #[test]
    fn nobody_there_is_a_refusal() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let fault = connect(&[address], Duration::from_secs(5)).unwrap_err();
        assert!(matches!(fault, Fault::Refused { .. }), "{fault}");
    }
}
