//! The chat over UDP, with a receive buffer so small that long texts lose their end.

use super::chat::{ANSWER, is_end};
use super::fault::Fault;
use super::log::Log;
use super::stop::Stop;
use super::udp::{self, Datagram, Limits, Reply};
use std::net::UdpSocket;

/// The buffer of the handout's server.
pub const BUFFER: usize = 50;

/// `Message received`, whatever the datagram says; `end` is a client's last.
pub fn answer(datagram: &Datagram<'_>) -> Reply {
    Reply {
        bytes: ANSWER.as_bytes().to_vec(),
        last: datagram.cut() == 0 && is_end(datagram.received),
    }
}

/// Answers datagrams until asked to stop; the log tells what the buffer cut from each.
pub fn serve(socket: &UdpSocket, limits: Limits, stop: &Stop, log: &Log) -> Result<(), Fault> {
    udp::serve(socket, limits, stop, log, answer)
}
