//! UDP messages as whole frames, for hosts that have no address yet.

use crate::lab::fault::Fault;
use crate::lab::stop::Stop;
use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TransportSlice};
use pnet::datalink::{self, Channel, DataLinkReceiver, DataLinkSender, NetworkInterface};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

/// To everybody on the link.
pub const EVERYBODY: [u8; 6] = [0xff; 6];

/// An interface that frames are sent on and received from.
pub struct Link {
    sender: Box<dyn DataLinkSender>,
    receiver: Box<dyn DataLinkReceiver>,
    /// Our hardware address.
    pub hardware: [u8; 6],
    /// Our IPv4 addresses with the lengths of their prefixes.
    pub addresses: Vec<(Ipv4Addr, u8)>,
}

impl Link {
    /// Opens the interface called `name`.
    pub fn open(name: &str) -> Result<Link, Fault> {
        let failed =
            |words: String| Fault::system(format!("interface {name}"))(io::Error::other(words));
        let interface: NetworkInterface = datalink::interfaces()
            .into_iter()
            .find(|interface| interface.name == name)
            .ok_or_else(|| failed("there is none of this name".to_owned()))?;
        let mac = interface
            .mac
            .ok_or_else(|| failed("it has no hardware address".to_owned()))?;
        let config = datalink::Config {
            // The default would cut frames at 4096 bytes.
            read_buffer_size: 256 * 1024,
            read_timeout: Some(Duration::from_millis(50)),
            ..datalink::Config::default()
        };
        let (sender, receiver) = match datalink::channel(&interface, config) {
            Ok(Channel::Ethernet(sender, receiver)) => (sender, receiver),
            Ok(_) => return Err(failed("it is no Ethernet".to_owned())),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(failed(
                    "the privilege CAP_NET_RAW is missing; hint: run as root".to_owned(),
                ));
            }
            Err(error) => return Err(Fault::system(format!("interface {name}"))(error)),
        };
        let addresses = interface
            .ips
            .iter()
            .filter_map(|network| match network {
                pnet::ipnetwork::IpNetwork::V4(v4) => Some((v4.ip(), v4.prefix())),
                pnet::ipnetwork::IpNetwork::V6(_) => None,
            })
            .collect();
        Ok(Link {
            sender,
            receiver,
            hardware: mac.octets(),
            addresses,
        })
    }

    /// Sends `payload` in a UDP datagram in a frame to `hardware`.
    pub fn send(
        &mut self,
        hardware: [u8; 6],
        from: SocketAddrV4,
        to: SocketAddrV4,
        payload: &[u8],
    ) -> Result<(), Fault> {
        let mut frame = Vec::with_capacity(payload.len() + 42);
        PacketBuilder::ethernet2(self.hardware, hardware)
            .ipv4(from.ip().octets(), to.ip().octets(), 64)
            .udp(from.port(), to.port())
            .write(&mut frame, payload)
            .map_err(|error| Fault::system("a frame")(io::Error::other(error.to_string())))?;
        match self.sender.send_to(&frame, None) {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(Fault::system("sending a frame")(error)),
            None => Err(Fault::system("sending a frame")(io::Error::other(
                "no room",
            ))),
        }
    }

    /// The payload of the next datagram to `port`, to us or to everybody, and who sent it.
    pub fn receive(
        &mut self,
        port: u16,
        until: Instant,
        stop: &Stop,
    ) -> Result<Option<(SocketAddrV4, Vec<u8>)>, Fault> {
        while Instant::now() < until && !stop.asked() {
            let frame = match self.receiver.next() {
                Ok(frame) => frame,
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
                    ) =>
                {
                    continue;
                }
                Err(error) => return Err(Fault::system("receiving")(error)),
            };
            let for_us = frame.get(..6) == Some(&self.hardware[..])
                || frame.get(..6) == Some(&EVERYBODY[..]);
            if let (true, Some(found)) = (for_us, datagram(frame, port)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// The sender and payload of a UDP datagram to `port` in a frame.
fn datagram(frame: &[u8], port: u16) -> Option<(SocketAddrV4, Vec<u8>)> {
    let packet = SlicedPacket::from_ethernet(frame).ok()?;
    let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Udp(udp))) = (packet.net, packet.transport)
    else {
        return None;
    };
    let from = SocketAddrV4::new(ip.header().source_addr(), udp.source_port());
    (udp.destination_port() == port).then(|| (from, udp.payload().to_vec()))
}
