//! What is said of what one client met many times.

use super::story::{Lost, Several, Story};
use std::net::IpAddr;

/// What one client met many times, the first of which was this.
pub(super) fn together(client: IpAddr, count: usize, to: &str, first: &Story) -> String {
    let met = match first {
        Story::Asked { .. } => {
            return format!(
                "{client} asked for {to}, and no answer to {count} of these questions was captured"
            );
        }
        Story::PortUnreachable(_)
        | Story::PortUnreachableFrom { .. }
        | Story::DatagramUndelivered { .. } => {
            return format!(
                "{count} datagrams or flows of {client} to {to} were answered with ICMP errors"
            );
        }
        Story::Undelivered { lost, .. } => {
            let what = match lost {
                Lost::Pings => "pings",
                Lost::Segments(_) => "calls or connections",
            };
            return format!("{what} of {client} to {to} were answered with ICMP errors");
        }
        Story::Rejected { .. } => {
            return format!("packets of {client} to {to} were answered with ICMP errors");
        }
        Story::Refused { .. } => "were refused",
        Story::SynUndelivered { .. } => "were answered with ICMP errors",
        Story::StrayAnswer { .. } => {
            return format!(
                "{count} questions of {client} to {to} were answered from other addresses"
            );
        }
        Story::TwoAnswers { .. } => {
            return format!(
                "{count} questions of {client} to {to} were answered twice, and differently"
            );
        }
        Story::OddReset { .. } => "met RSTs that somebody else than their sender may have sent",
        Story::ResetBySelf { .. } => "were reset by its own system before the handshake",
        Story::Unheard { .. } => "fell silent, though something was sent again and again",
        Story::Challenged(_) => "were answered by ACKs of older connections",
        _ => "got no answer in this capture",
    };
    format!("{count} calls of {client} to {to} {met}")
}

/// Hosts, ports, or ports of hosts.
pub(super) fn ends(hosts: &Several<IpAddr>, ports: &Several<u16>) -> String {
    match (hosts, ports) {
        (Several::One(host), Several::One(port)) => format!("{host} port {port}"),
        (Several::One(host), Several::Nothing) => host.to_string(),
        (Several::One(host), ports) => format!("{} ports of {host}", count(ports)),
        (hosts, Several::One(port)) => format!("port {port} of {} hosts", count(hosts)),
        (hosts, Several::Nothing) => format!("{} addresses", count(hosts)),
        (hosts, ports) => format!("{} ports of {} hosts", count(ports), count(hosts)),
    }
}

fn count<T>(several: &Several<T>) -> String {
    match several {
        Several::Nothing => "0".to_owned(),
        Several::One(_) => "1".to_owned(),
        Several::Many(count) => count.to_string(),
        Several::MoreThan(count) => format!("more than {count}"),
    }
}
