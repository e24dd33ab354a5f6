//! Which side of a flow is the client: UDP has no call.

use super::{Open, TFTP};
use crate::facts::udp::FlowRoles;
use crate::track::pairs::is_group;

/// Which side asks, and what says so: DHCP's and the well-known ports, a group, which never asks,
/// and else who sent first.
pub(super) fn roles(flow: &Open) -> (usize, FlowRoles) {
    let [(first, from), (second, to)] = flow.ends;
    if flow.called {
        return (1, FlowRoles::Transfer);
    }
    let groups = (is_group(first), is_group(second));
    if (from, to) == (67, 68) {
        let says = if groups.1 {
            FlowRoles::Everybody
        } else {
            FlowRoles::Port
        };
        return (1, says);
    }
    let to_client = to >= EPHEMERAL && flow.bytes != [0; 2];
    let serves = is_service(from) && (is_service(to) || !flow.foreign || to_client);
    match (groups, serves, is_service(to)) {
        ((true, false), ..) => (1, FlowRoles::Group),
        ((false, true), ..) => (0, FlowRoles::Group),
        (_, true, false) if flow.foreign => (1, FlowRoles::PortAlone),
        (_, true, false) => (1, FlowRoles::Port),
        (_, false, true) => (0, FlowRoles::Port),
        _ if flow.asked => (1, FlowRoles::Asked),
        _ if flow.asked_at.is_some() => (1, FlowRoles::Moved),
        (_, false, false) if from >= EPHEMERAL && to < EPHEMERAL => (0, FlowRoles::Ephemeral),
        (_, false, false) if goes_to_client(from, to) => (1, FlowRoles::EphemeralAlone),
        _ => (0, FlowRoles::FirstSender),
    }
}

/// Whether the ports look like those of an answer. Privileged programs ask from ports below 1024, as
/// those of NFS do.
pub(super) fn goes_to_client(from: u16, to: u16) -> bool {
    (1024..EPHEMERAL).contains(&from) && to >= EPHEMERAL
}

/// Where the ports begin that systems give to clients: Linux; others have begun at 49152.
pub(in crate::track) const EPHEMERAL: u16 = 32_768;

/// Whether a port is that of a service: those that courses meet over UDP.
pub(super) fn is_service(port: u16) -> bool {
    matches!(
        port,
        7 | 9
            | 13
            | 17
            | 19
            | 37
            | 53
            | 67
            | 69
            | 88
            | 111
            | 123
            | 137
            | 138
            | 161
            | 389
            | 443
            | 500
            | 514
            | 547
            | 1812
            | 1813
            | 1900
            | 2049
            | 3478
            | 4500
            | 4789
            | 5060
            | 5353
            | 5355
    )
}

/// Whether what the service at a port sends first may be an answer of it, to a question that is not
/// in the capture. Scripts send from such ports too: 53 is scapy's usual one.
pub(super) fn serves(port: u16, said: &[u8]) -> bool {
    match (port, said) {
        // A name server's answer has the bit that says so (RFC 1035 §4.1.1).
        (53 | 5353 | 5355, [_, _, flags, ..]) => said.len() >= 12 && flags & 0x80 != 0,
        // A reply (RFC 2131 §2).
        (67, [operation, ..]) => *operation == 2,
        // A server's modes (RFC 5905 §7.3).
        (123, [first, ..]) => said.len() >= 48 && matches!(first & 7, 2 | 4 | 5),
        // A sequence (RFC 1157 §4).
        (161, [tag, ..]) => *tag == 0x30,
        // Transfers have ports of their own; who is told of events does not answer.
        (TFTP | 514, _) => false,
        _ => !said.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::serves;

    #[test]
    fn a_service_is_known_by_what_it_says() {
        assert!(serves(161, &[0x30, 3, 2, 1, 0]) && !serves(161, b"abc"));
        // Who is told of events does not answer; transfers have ports of their own.
        assert!(!serves(514, b"<13>something happened") && !serves(69, &[0, 3, 0, 1]));
        assert!(serves(7, b"echo") && !serves(7, b"") && !serves(53, b""));
    }
}
