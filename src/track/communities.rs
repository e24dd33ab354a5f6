//! SNMP's communities: passwords that versions 1 and 2c send in clear with each message.
//!
//! **Invariant:** how many are told is bounded.

use crate::dissect::{Datagram, Ip, snmp};
use crate::track::room::Room;
use hashbrown::HashMap;
use std::net::IpAddr;

/// Most communities of different hosts that are told.
const MOST: usize = 1000;
/// Most frames that one names.
const NAMED: usize = 100;
/// Longest community that is told whole.
const LONGEST: usize = 64;

/// Ports that agents and managers wait at.
const AGENT: u16 = 161;
const TRAPS: u16 = 162;

/// One community that one host used with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Community {
    /// Who sent it.
    pub client: IpAddr,
    /// To whom.
    pub server: IpAddr,
    /// To which port.
    pub port: u16,
    /// The community.
    pub name: String,
    /// How often.
    pub count: u32,
    /// The first frames.
    pub frames: Vec<u32>,
}

/// All that were seen.
#[derive(Default)]
pub struct Communities {
    /// In order of appearance.
    pub list: Vec<Community>,
    places: HashMap<(IpAddr, IpAddr, u16, String), usize, foldhash::fast::RandomState>,
}

impl Communities {
    /// Takes in a datagram to or from SNMP's ports; only what goes to them is told.
    pub fn message(&mut self, ip: &Ip, datagram: &Datagram, frame: u32, bytes: &[u8]) {
        let port = datagram.destination_port;
        if !matches!(port, AGENT | TRAPS) {
            return;
        }
        let Some(name) = snmp::community(bytes) else {
            return;
        };
        let name: String = String::from_utf8_lossy(name)
            .chars()
            .take(LONGEST)
            .collect();
        let key = (ip.source, ip.destination, port, name);
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None if !self.list.has_room(MOST) => return,
            None => {
                self.list.push(Community {
                    client: ip.source,
                    server: ip.destination,
                    port,
                    name: key.3.clone(),
                    count: 0,
                    frames: Vec::new(),
                });
                self.places.insert(key, self.list.len() - 1);
                self.list.len() - 1
            }
        };
        let community = &mut self.list[place];
        community.count += 1;
        if community.frames.has_room(NAMED) {
            community.frames.push(frame);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::Packet;

    #[test]
    fn the_first_ones_are_told_and_counted_on() {
        let mut bytes = vec![0; 12];
        bytes.extend([8, 0, 0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0]);
        bytes.extend([10, 0, 0, 1, 10, 0, 0, 2]);
        let packet = Packet::dissect(crate::capture::Frame {
            number: 1,
            time: None,
            wire_length: crate::dissect::as_u32(bytes.len()),
            interface: 0,
            link: crate::capture::LinkType::ETHERNET,
            bytes: &bytes,
        });
        let ip = packet.ip.expect("it is IP");
        let mut communities = Communities::default();
        let mut says = |name: usize, port: u16| {
            let datagram = Datagram {
                source_port: 5000,
                destination_port: port,
                stated_length: 0,
            };
            let name = format!("{name:04}");
            let message = [&[0x30, 9, 2, 1, 1, 4, 4], name.as_bytes()].concat();
            communities.message(&ip, &datagram, 7, &message);
        };
        for name in 0..MOST + 2 {
            says(name, AGENT);
        }
        says(0, AGENT);
        says(MOST, AGENT);
        says(0, 5000);
        let counts: Vec<usize> = communities.list.iter().map(|c| c.frames.len()).collect();
        assert_eq!((counts.len(), counts[0], counts[1]), (MOST, 2, 1));
    }
}
