//! Datagrams whose ports say nothing, of conversations that were announced: a TFTP transfer goes
//! on between the client's port and one that the server picks (RFC 1350 §4), a relay's data follows
//! the STUN messages that asked for it, a reply names its call by number.
//!
//! **Invariant:** how many announcements are remembered is bounded.

use crate::dissect::layer::Protocol;
use crate::dissect::{Packet, Transport, outline, tftp};
use crate::track::room::Room;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

/// Most announcements.
const MOST: usize = 65_536;

/// What was announced.
#[derive(Default)]
pub(crate) struct Promised {
    /// Client, its port, and the server that it asked.
    tftp: HashSet<(IpAddr, u16, IpAddr)>,
    /// Ends between which STUN was spoken, the lower first: data of a relay may follow.
    relays: HashSet<[(IpAddr, u16); 2]>,
    /// Callers of remote procedures and the numbers of their calls, with the program.
    calls: HashMap<(IpAddr, u16, u32), u32>,
}

impl Promised {
    /// Takes in a frame: notes what it announces, and calls it what was announced.
    pub(crate) fn packet(&mut self, packet: &mut Packet<'_>) {
        let (Some(ip), Transport::Udp(datagram)) = (packet.ip, packet.transport) else {
            return;
        };
        if packet.application == Some(Protocol::Tftp) {
            if tftp::begins_transfer(packet.payload_bytes()) && self.tftp.has_room(MOST) {
                let client = (ip.source, datagram.source_port, ip.destination);
                self.tftp.insert(client);
            }
            return;
        }
        let (source, destination) = (
            (ip.source, datagram.source_port),
            (ip.destination, datagram.destination_port),
        );
        let ends = [source.min(destination), source.max(destination)];
        let last = packet.layers.as_slice().last();
        let (named, nobodys) = last.map_or(("", false), |layer| {
            (layer.name, layer.protocol == Protocol::Data)
        });
        let bytes = packet.payload_bytes();
        if packet.layers.as_slice().iter().any(|l| l.name == "stun") {
            if self.relays.has_room(MOST) {
                self.relays.insert(ends);
            }
            return;
        }
        if let Some((number, program)) = outline::udp_call(bytes) {
            if self.calls.has_room(MOST) {
                self.calls.insert((source.0, source.1, number), program);
            }
            return;
        }
        if nobodys || named == "rpc" {
            let number = outline::udp_reply(bytes);
            let asked = number.map(|number| (destination.0, destination.1, number));
            if let Some(program) = asked.and_then(|asked| self.calls.get(&asked)) {
                let program = outline::program(*program);
                if nobodys {
                    packet.named(&["rpc"], None);
                }
                return packet.carries_named(program);
            }
        }
        if nobodys
            && self.relays.contains(&ends)
            && let Some(data) = outline::channel_data(bytes)
        {
            return packet.named(&["stun"], Some(data));
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
