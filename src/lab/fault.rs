//! What can go wrong between two programs, told apart in words, with the system's name for it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use thiserror::Error;

/// Why a client or server could not do its work.
#[derive(Debug, Error)]
pub enum Fault {
    /// The name has no address.
    #[error("no address is known for {host}: {cause}")]
    Unknown {
        /// The name asked for.
        host: String,
        /// What the resolver said.
        cause: String,
    },
    /// The host answered that nothing listens there.
    #[error(
        "{address}: refused (ECONNREFUSED): the host is there, and no program listens on this port{}",
        elsewhere(*address)
    )]
    Refused {
        /// Where to.
        address: SocketAddr,
    },
    /// No way to the host, or the host does not answer on its link.
    #[error("{address}: unreachable ({name}): {cause}")]
    Unreachable {
        /// Where to.
        address: SocketAddr,
        /// `EHOSTUNREACH`, `ENETUNREACH`, …
        name: &'static str,
        /// The system's words.
        cause: String,
    },
    /// Nobody said no, nobody said yes.
    #[error("{address}: timed out (ETIMEDOUT): {doing} brought no answer within {}", seconds(*waited))]
    TimedOut {
        /// Where to.
        address: SocketAddr,
        /// What was tried.
        doing: &'static str,
        /// How long it was waited.
        waited: Duration,
    },
    /// The other side ended the connection in good order, too early.
    #[error(
        "{address}: closed early (end of file): the other side closed the connection before {before}"
    )]
    ClosedEarly {
        /// Where to.
        address: SocketAddr,
        /// What was still to come.
        before: &'static str,
    },
    /// The other side tore the connection down.
    #[error("{address}: broken off ({name}): the other side reset the connection")]
    Reset {
        /// Where to.
        address: SocketAddr,
        /// `ECONNRESET` or `EPIPE`.
        name: &'static str,
    },
    /// Another program has the port.
    #[error("cannot listen on {address}: in use (EADDRINUSE){holder}")]
    PortInUse {
        /// The address wanted.
        address: SocketAddr,
        /// `: by PID 12 (python3)`, or nothing where that cannot be known.
        holder: String,
    },
    /// Listening failed for another reason.
    #[error("cannot listen on {address}: {name}: {cause}")]
    Listen {
        /// The address wanted.
        address: SocketAddr,
        /// The system's name of the error.
        name: &'static str,
        /// The system's words, and what to do when we know.
        cause: String,
    },
    /// The other side refused what we asked for, in its own words.
    #[error("{address}: the other side refused: {words}")]
    Declined {
        /// Where to.
        address: SocketAddr,
        /// Its words, made safe to print.
        words: String,
    },
    /// A call of the system failed.
    #[error("{doing}: {cause} ({})", error_name(cause))]
    System {
        /// What was tried.
        doing: String,
        /// What the system said.
        cause: io::Error,
    },
}

impl Fault {
    /// For `map_err`: an error of the system while `doing`.
    pub fn system(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Fault {
        let doing = doing.into();
        move |cause| Fault::System { doing, cause }
    }

    /// What an error of a socket that talks, or wants to talk, to `address` means.
    pub fn of_socket(
        address: SocketAddr,
        doing: &'static str,
        waited: Duration,
        cause: io::Error,
    ) -> Fault {
        let name = error_name(&cause);
        match cause.kind() {
            io::ErrorKind::ConnectionRefused => Fault::Refused { address },
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown => Fault::Unreachable {
                address,
                name,
                cause: system_words(&cause),
            },
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Fault::TimedOut {
                address,
                doing,
                waited,
            },
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Fault::Reset { address, name },
            _ => Fault::System {
                doing: format!("{address}: {doing}"),
                cause,
            },
        }
    }
}

/// A server on loopback is the usual reason on another machine.
fn elsewhere(address: SocketAddr) -> &'static str {
    match address.ip().is_loopback() {
        true => "",
        false => {
            "; hint: a server that listens on 127.0.0.1 can only be reached from its own machine, \
             --bind 0.0.0.0 opens it to others"
        }
    }
}

/// The name a programmer knows an error by: `ECONNREFUSED`.
pub fn error_name(error: &io::Error) -> &'static str {
    use rustix::io::Errno;
    const NAMES: [(Errno, &str); 24] = [
        (Errno::PERM, "EPERM"),
        (Errno::NOENT, "ENOENT"),
        (Errno::INTR, "EINTR"),
        (Errno::IO, "EIO"),
        (Errno::ACCESS, "EACCES"),
        (Errno::EXIST, "EEXIST"),
        (Errno::NOTDIR, "ENOTDIR"),
        (Errno::ISDIR, "EISDIR"),
        (Errno::INVAL, "EINVAL"),
        (Errno::MFILE, "EMFILE"),
        (Errno::NFILE, "ENFILE"),
        (Errno::NOSPC, "ENOSPC"),
        (Errno::PIPE, "EPIPE"),
        (Errno::MSGSIZE, "EMSGSIZE"),
        (Errno::ADDRINUSE, "EADDRINUSE"),
        (Errno::ADDRNOTAVAIL, "EADDRNOTAVAIL"),
        (Errno::NETDOWN, "ENETDOWN"),
        (Errno::NETUNREACH, "ENETUNREACH"),
        (Errno::CONNABORTED, "ECONNABORTED"),
        (Errno::CONNRESET, "ECONNRESET"),
        (Errno::NOTCONN, "ENOTCONN"),
        (Errno::TIMEDOUT, "ETIMEDOUT"),
        (Errno::CONNREFUSED, "ECONNREFUSED"),
        (Errno::HOSTUNREACH, "EHOSTUNREACH"),
    ];
    let code = Errno::from_io_error(error);
    NAMES
        .iter()
        .find(|(errno, _)| Some(*errno) == code)
        .map_or("no name", |(_, name)| name)
}

/// The system's words without std's "(os error 113)".
pub fn system_words(error: &io::Error) -> String {
    let words = error.to_string();
    words
        .split_once(" (os error")
        .map_or(words.as_str(), |(text, _)| text)
        .to_lowercase()
}

/// `15 s`, `0.2 s`.
pub fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_from_a_time_out_and_both_carry_the_systems_name() {
        let address: SocketAddr = "127.0.0.1:9".parse().unwrap();
        let fault = |errno: rustix::io::Errno| {
            Fault::of_socket(address, "connecting", Duration::from_secs(2), errno.into())
                .to_string()
        };
        assert!(fault(rustix::io::Errno::CONNREFUSED).contains("refused (ECONNREFUSED)"));
        assert!(fault(rustix::io::Errno::TIMEDOUT).contains("timed out (ETIMEDOUT): connecting"));
        assert!(fault(rustix::io::Errno::TIMEDOUT).contains("within 2 s"));
        assert!(
            fault(rustix::io::Errno::HOSTUNREACH)
                .contains("unreachable (EHOSTUNREACH): no route to host")
        );
        assert!(fault(rustix::io::Errno::CONNRESET).contains("broken off (ECONNRESET)"));
    }
}
