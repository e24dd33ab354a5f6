//! Datagrams whose ports say nothing, of conversations that were announced: a TFTP transfer goes
//! on between the client's port and one that the server picks (RFC 1350 §4).
//!
//! **Invariant:** how many announcements are remembered is bounded.

use crate::dissect::layer::Protocol;
use crate::dissect::{Packet, Transport, tftp};
use std::collections::HashSet;
use std::net::IpAddr;

/// Most announcements.
const MOST: usize = 65_536;

/// What was announced.
#[derive(Default)]
pub(crate) struct Promised {
    /// Client, its port, and the server that it asked.
    tftp: HashSet<(IpAddr, u16, IpAddr)>,
}

impl Promised {
    /// Takes in a frame: notes what it announces, and calls it what was announced.
    pub(crate) fn packet(&mut self, packet: &mut Packet<'_>) {
        let (Some(ip), Transport::Udp(datagram)) = (packet.ip, packet.transport) else {
            return;
        };
        if packet.application == Some(Protocol::Tftp) {
            if tftp::begins_transfer(packet.payload_bytes()) && self.tftp.len() < MOST {
                let client = (ip.source, datagram.source_port, ip.destination);
                self.tftp.insert(client);
            }
            return;
        }
        if packet.application.is_some() || self.tftp.is_empty() {
            return;
        }
        let to_client = (ip.destination, datagram.destination_port, ip.source);
        let to_server = (ip.source, datagram.source_port, ip.destination);
        if self.tftp.contains(&to_client) || self.tftp.contains(&to_server) {
            packet.carries(Protocol::Tftp, tftp::file_bytes);
        }
    }
}
