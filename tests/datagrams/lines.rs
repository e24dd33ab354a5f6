//! What was captured, in the language of `fixtures/scenarios`.

use super::{Captured, Carries, Host, Network, Packet, What};
use std::fmt::Write;

impl Network {
    /// An address of a host: that of the server, or of a router on its side towards a link.
    pub(crate) fn address(&self, host: Host, link: u8) -> String {
        match host {
            Host::Client(client) => format!("10.0.0.{}", 11 + client),
            Host::Server => format!("10.0.{}.80", self.setting.routers),
            Host::Router(router) if router > link => format!("10.0.{}.254", router - 1),
            Host::Router(router) => format!("10.0.{router}.1"),
        }
    }

    /// The last byte of the address of a host's card on the captured link.
    fn card(&self, host: Host) -> u8 {
        match host {
            Host::Client(client) => 11 + u8::try_from(client).expect("few"),
            Host::Server => 80,
            Host::Router(router) => 100 + 2 * router + u8::from(router <= self.setting.link),
        }
    }

    /// The two ends of a packet: a router reports from its side towards who is told.
    pub(crate) fn addresses(&self, packet: &Packet) -> (String, String) {
        let towards = match (packet.is_arp(), packet.to) {
            (true, _) => self.setting.link,
            (_, Host::Server) => self.setting.routers,
            _ => 0,
        };
        (
            self.address(packet.from, towards),
            self.address(packet.to, towards),
        )
    }
}

/// The lines of a capture; what is missed stands in it, to be quoted.
pub(crate) fn lines(network: &Network, captured: &[Captured]) -> String {
    let mut lines = String::new();
    for (at, one) in captured.iter().enumerate() {
        let packet = &one.packet;
        let (from, to) = network.addresses(packet);
        let (sender, receiver) = match packet.is_arp() {
            true => (packet.from, packet.to),
            false => network.neighbours(packet),
        };
        let (smac, dmac) = (network.card(sender), network.card(receiver));
        let mut port = (String::new(), String::new());
        let what = match &packet.what {
            What::Datagram { from, to, carries } => {
                port = (format!(":{from}"), format!(":{to}"));
                carried(carries)
            }
            What::Echo { id, seq } => format!("icmp echo id={id} seq={seq} len=56"),
            What::Reply { id, seq } => format!("icmp reply id={id} seq={seq} len=56"),
            What::Unreachable { code } => {
                format!(
                    "icmp unreachable code={code} about={}",
                    quoted(captured, at)
                )
            }
            What::Exceeded => format!("icmp exceeded about={}", quoted(captured, at)),
            What::ArpRequest { asked } => {
                let asked = network.address(*asked, network.setting.link);
                format!("arp request {asked} dmac=255")
            }
            What::ArpReply => format!("arp reply dmac={dmac}"),
        };
        let _ = write!(
            lines,
            "{}.{:06} {from}{} > {to}{} {what} smac={smac}",
            one.time / 1_000_000,
            one.time % 1_000_000,
            port.0,
            port.1,
        );
        if !packet.is_arp() {
            let ttl = packet.ttl - network.crossed(packet.from);
            let _ = write!(lines, " dmac={dmac} ipid={} ttl={ttl}", packet.id);
        }
        lines += if one.missed { " missed=1\n" } else { "\n" };
    }
    lines
}

fn carried(carries: &Carries) -> String {
    match carries {
        Carries::Text(text) => format!("udp \"{text}\""),
        Carries::Query(question) => {
            let kind = if question.six { 28 } else { 1 };
            format!(
                "dns query id={} name={} type={kind}",
                question.id, question.name
            )
        }
        Carries::Response { question, address } => {
            let kind = if question.six { 28 } else { 1 };
            let mut line = format!(
                "dns response id={} name={} type={kind}",
                question.id, question.name
            );
            match (address, question.six) {
                (None, _) => line += " rcode=3",
                (Some(address), true) => line += &format!(" a=[fd00::{address:x}]"),
                (Some(address), false) => line += &format!(" a=10.9.9.{address}"),
            }
            line
        }
    }
}

/// The line of the packet that an error is about.
fn quoted(captured: &[Captured], error: usize) -> usize {
    let cause = captured[error].packet.cause;
    let found = captured
        .iter()
        .position(|c| Some(c.packet.serial) == cause)
        .filter(|&at| at < error);
    found.expect("it came by before") + 1
}
