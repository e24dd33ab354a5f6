//! Sockets that wait for others, and who has the port when we cannot.

use super::fault::{Fault, error_name, system_words};
use super::sockets::{self, Transport};
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;

/// Connections that the kernel completes and holds while nobody accepts them.
const BACKLOG: i32 = 1024;

/// A listening TCP socket. `SO_REUSEADDR` lets it follow at once on a server whose connections
/// are still in TIME_WAIT; two listeners on one port remain impossible.
pub fn tcp(address: SocketAddr) -> Result<TcpListener, Fault> {
    let listen = || -> io::Result<OwnedFd> {
        let socket = socket(address, SocketType::STREAM)?;
        sockopt::set_socket_reuseaddr(&socket, true)?;
        rustix::net::bind(&socket, &address)?;
        rustix::net::listen(&socket, BACKLOG)?;
        Ok(socket)
    };
    listen()
        .map(TcpListener::from)
        .map_err(|error| refusal(address, Transport::Tcp, &error))
}

/// A bound UDP socket.
pub fn udp(address: SocketAddr) -> Result<UdpSocket, Fault> {
    UdpSocket::bind(address).map_err(|error| refusal(address, Transport::Udp, &error))
}

/// Lets this process have as many open sockets as the system allows it.
pub fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Failing leaves the old limit, and accept says so when it is reached.
    let _ = setrlimit(Resource::Nofile, limit);
}

fn socket(address: SocketAddr, kind: SocketType) -> rustix::io::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, None)
}

fn refusal(address: SocketAddr, transport: Transport, error: &io::Error) -> Fault {
    if error.kind() == io::ErrorKind::AddrInUse {
        let holders = sockets::holders(transport, address);
        let holder = match holders.as_slice() {
            [] => "; hint: `wirelab sockets` as root shows by whom".to_owned(),
            some => format!(" by {}", some.join(", ")),
        };
        return Fault::PortInUse { address, holder };
    }
    let hint = match error.kind() {
        io::ErrorKind::PermissionDenied => "; hint: ports below 1024 are for root, choose --port",
        io::ErrorKind::AddrNotAvailable => "; hint: --bind takes an address of this machine",
        _ => "",
    };
    Fault::Listen {
        address,
        name: error_name(error),
        cause: format!("{}{hint}", system_words(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_names_the_process_that_has_it() {
        let holder = tcp("127.0.0.1:0".parse().unwrap()).unwrap();
        let message = tcp(holder.local_addr().unwrap()).unwrap_err().to_string();
        assert!(message.contains("in use (EADDRINUSE)"), "{message}");
        assert!(
            message.contains(&format!("PID {}", std::process::id())),
            "{message}"
        );
    }

    #[test]
    fn an_address_of_somebody_else_is_no_place_to_listen() {
        let message = udp("192.0.2.1:0".parse().unwrap()).unwrap_err().to_string();
        assert!(message.contains("EADDRNOTAVAIL"), "{message}");
    }
}
