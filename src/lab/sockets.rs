//! The machine's sockets and the processes that hold them, as `netstat -p` and `lsof -i` show.
//!
//! The table is the kernel's own (`/proc/net`), of the network namespace this program runs in.
//! A socket names no process; whoever has a descriptor with the socket's inode number has it.

use procfs::ProcError;
use procfs::net::{TcpNetEntry, TcpState, UdpNetEntry, UdpState};
use procfs::process::{FDTarget, Process};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use thiserror::Error;

/// The transport of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// Who has a socket open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// Process number.
    pub pid: i32,
    /// The program's name, as the kernel keeps it (15 bytes).
    pub program: String,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// TCP or UDP.
    pub transport: Transport,
    /// Whether it is an IPv6 socket (which may serve IPv4 too).
    pub v6: bool,
    /// Bytes received and not yet read; of a listening socket, connections not yet accepted.
    pub receive_queue: u32,
    /// Bytes sent and not yet acknowledged.
    pub send_queue: u32,
    /// Our address.
    pub local: SocketAddr,
    /// The other side's address; port 0 when there is none.
    pub foreign: SocketAddr,
    /// `LISTEN`, `ESTABLISHED`, …; empty for an unconnected UDP socket, which has no state.
    pub state: &'static str,
    /// UDP: datagrams thrown away because they came while the receive buffer was full.
    pub dropped: u64,
    /// The kernel's number for the socket.
    pub inode: u64,
    /// All processes that have it open, as far as we may look.
    pub holders: Vec<Holder>,
}

/// Why there is no table.
#[derive(Debug, Error)]
#[error("cannot read the kernel's socket table: {cause}")]
pub struct Unreadable {
    #[from]
    cause: ProcError,
}

/// The table, in the order protocol, port, address, state.
pub fn table() -> Result<Vec<Socket>, Unreadable> {
    let mut sockets = bare_table()?;
    let holders = holders_by_inode();
    for socket in &mut sockets {
        socket.holders = holders.get(&socket.inode).cloned().unwrap_or_default();
    }
    Ok(sockets)
}

fn bare_table() -> Result<Vec<Socket>, Unreadable> {
    let mut sockets = Vec::new();
    sockets.extend(
        procfs::net::tcp()?
            .into_iter()
            .map(|entry| of_tcp(entry, false)),
    );
    sockets.extend(
        procfs::net::udp()?
            .into_iter()
            .map(|entry| of_udp(entry, false)),
    );
    // A machine without IPv6 has no such files.
    sockets.extend(
        procfs::net::tcp6()
            .into_iter()
            .flatten()
            .map(|entry| of_tcp(entry, true)),
    );
    sockets.extend(
        procfs::net::udp6()
            .into_iter()
            .flatten()
            .map(|entry| of_udp(entry, true)),
    );
    let dropped = dropped();
    for socket in &mut sockets {
        if socket.transport == Transport::Udp {
            socket.dropped = dropped.get(&socket.inode).copied().unwrap_or_default();
        }
    }
    sockets.sort_by_key(|socket| {
        let listens = socket.state == "LISTEN";
        let key = (socket.transport, socket.local.port(), !listens);
        (key, socket.local, socket.foreign, socket.inode)
    });
    Ok(sockets)
}

fn of_tcp(entry: TcpNetEntry, v6: bool) -> Socket {
    Socket {
        transport: Transport::Tcp,
        v6,
        receive_queue: entry.rx_queue,
        send_queue: entry.tx_queue,
        local: entry.local_address,
        foreign: entry.remote_address,
        state: state_name(&entry.state),
        dropped: 0,
        inode: entry.inode,
        holders: Vec::new(),
    }
}

fn of_udp(entry: UdpNetEntry, v6: bool) -> Socket {
    Socket {
        transport: Transport::Udp,
        v6,
        receive_queue: entry.rx_queue,
        send_queue: entry.tx_queue,
        local: entry.local_address,
        foreign: entry.remote_address,
        state: match entry.state {
            UdpState::Established => "ESTABLISHED",
            UdpState::Close => "",
        },
        dropped: 0,
        inode: entry.inode,
        holders: Vec::new(),
    }
}

/// Datagrams that the kernel threw away because a socket's receive buffer was full, by inode:
/// the last column of /proc/net/udp, which procfs leaves out.
pub fn dropped() -> BTreeMap<u64, u64> {
    let mut dropped = BTreeMap::new();
    for path in ["/proc/net/udp", "/proc/net/udp6"] {
        for line in std::fs::read_to_string(path)
            .unwrap_or_default()
            .lines()
            .skip(1)
        {
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = |place: usize| words.get(place).and_then(|word| word.parse().ok());
            if let (Some(inode), Some(count)) = (number(9), number(12)) {
                dropped.insert(inode, count);
            }
        }
    }
    dropped
}

/// The names `netstat` uses.
fn state_name(state: &TcpState) -> &'static str {
    match state {
        TcpState::Established => "ESTABLISHED",
        TcpState::SynSent => "SYN_SENT",
        TcpState::SynRecv | TcpState::NewSynRecv => "SYN_RECV",
        TcpState::FinWait1 => "FIN_WAIT1",
        TcpState::FinWait2 => "FIN_WAIT2",
        TcpState::TimeWait => "TIME_WAIT",
        TcpState::Close => "CLOSE",
        TcpState::CloseWait => "CLOSE_WAIT",
        TcpState::LastAck => "LAST_ACK",
        TcpState::Listen => "LISTEN",
        TcpState::Closing => "CLOSING",
    }
}

/// Every socket inode with its processes. Processes that end meanwhile or belong to others are
/// left out: their descriptors cannot be seen.
fn holders_by_inode() -> BTreeMap<u64, Vec<Holder>> {
    let mut holders: BTreeMap<u64, Vec<Holder>> = BTreeMap::new();
    for process in procfs::process::all_processes()
        .into_iter()
        .flatten()
        .flatten()
    {
        let Ok(descriptors) = process.fd() else {
            continue;
        };
        let mut program = None;
        for descriptor in descriptors.flatten() {
            if let FDTarget::Socket(inode) = descriptor.target {
                let program = program.get_or_insert_with(|| program_of(&process));
                let known = holders.entry(inode).or_default();
                if known
                    .last()
                    .is_none_or(|holder| holder.pid != process.pid())
                {
                    known.push(Holder {
                        pid: process.pid(),
                        program: program.clone(),
                    });
                }
            }
        }
    }
    for known in holders.values_mut() {
        known.sort();
    }
    holders
}

fn program_of(process: &Process) -> String {
    match process.stat() {
        Ok(stat) => super::log::readable(stat.comm.as_bytes()),
        Err(_) => "?".to_owned(),
    }
}

/// Who stands in the way of a new socket at `address`, in words: `PID 12 (python3)`.
pub fn holders(transport: Transport, address: SocketAddr) -> Vec<String> {
    let mut found: Vec<Holder> = table()
        .unwrap_or_default()
        .into_iter()
        .filter(|socket| socket.transport == transport && socket.local.port() == address.port())
        .filter(|socket| matches!(socket.state, "LISTEN" | ""))
        .filter(|socket| in_the_way(socket.local.ip(), address.ip()))
        .flat_map(|socket| socket.holders)
        .collect();
    found.sort();
    found.dedup();
    found
        .iter()
        .map(|holder| format!("PID {} ({})", holder.pid, holder.program))
        .collect()
}

fn in_the_way(has: IpAddr, wants: IpAddr) -> bool {
    let any = |address: IpAddr| {
        address == IpAddr::V4(Ipv4Addr::UNSPECIFIED) || address == IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    };
    has.to_canonical() == wants.to_canonical() || any(has) || any(wants)
}

/// What the columns mean, and what students take for something else.
pub const EXPLANATION: &str = "\
Proto    the protocol; a 6 at its end: an IPv6 socket (bound to :: it serves IPv4 too)
Recv-Q   bytes that arrived and that the program has not read yet;
         of a LISTEN line: connections the kernel completed and nobody accepted yet
Send-Q   bytes the program sent and the other side has not acknowledged yet;
         here 0 of a LISTEN line (ss shows the length of its queue there)
Local    our address and port; 0.0.0.0 or [::] means any address of this machine
Foreign  the other side's address and port; * where there is none
State    where a TCP connection is between SYN and the last ACK;
         empty for UDP: an unconnected socket has no connection and so no state
PID      the processes that have this socket open; - when it belongs to somebody else
         (run as root), or to no process any more (TIME_WAIT)

A TCP server has two lines or more: the LISTEN line is the socket that accept() takes
connections from, and each connection it accepted is a socket of its own (ESTABLISHED, the
same local port, the client's address as foreign). Both lines have the server's PID.
Two ESTABLISHED lines with the addresses exchanged are the two ends of one connection on one
machine: one is the client's socket, the other the server's, with different PIDs.
With a second client of a server that serves one at a time, the second connection is
ESTABLISHED too, without a process: the kernel completed it, it waits to be accepted.
A UDP server has one line however many clients it has: one unconnected socket receives all
datagrams, each with its sender's address.
A forking server has one LISTEN line with several PIDs, and a PID of its own per connection;
a server with select has one PID everywhere.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_has_a_listener_and_two_ends_with_their_process() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let client = std::net::TcpStream::connect(address).unwrap();
        let (_server, _) = listener.accept().unwrap();
        let ours = i32::try_from(std::process::id()).unwrap();
        let table = table().unwrap();
        let line = |local: SocketAddr, state: &str| {
            table
                .iter()
                .find(|socket| socket.local == local && socket.state == state)
                .unwrap_or_else(|| panic!("no line {local} {state}"))
        };
        for socket in [
            line(address, "LISTEN"),
            line(address, "ESTABLISHED"),
            line(client.local_addr().unwrap(), "ESTABLISHED"),
        ] {
            assert!(socket.holders.iter().any(|holder| holder.pid == ours));
        }
        assert_eq!(
            line(address, "ESTABLISHED").foreign,
            client.local_addr().unwrap()
        );
    }

    #[test]
    fn an_unconnected_udp_socket_has_one_line_and_no_state() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let table = table().unwrap();
        let lines: Vec<&Socket> = table
            .iter()
            .filter(|socket| socket.transport == Transport::Udp && socket.local == address)
            .collect();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].state, "");
        assert_eq!(lines[0].foreign.port(), 0);
    }
}
