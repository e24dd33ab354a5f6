//! Which application protocol a UDP port stands for, as Wireshark decides by default.

use super::layer::Protocol;

/// The protocol above UDP by its ports. Wireshark tries the lower port first.
pub fn udp_protocol(source: u16, destination: u16) -> Option<Protocol> {
    let (low, high) = (source.min(destination), source.max(destination));
    by_udp_port(low).or_else(|| by_udp_port(high))
}

fn by_udp_port(port: u16) -> Option<Protocol> {
    Some(match port {
        53 => Protocol::Dns,
        67 | 68 | 4011 => Protocol::Dhcp,
        5353 => Protocol::Mdns,
        5355 => Protocol::Llmnr,
        _ => return None,
    })
}

/// The protocol above TCP by its ports, for those that are found by port alone.
pub fn tcp_protocol(source: u16, destination: u16) -> Option<Protocol> {
    let (low, high) = (source.min(destination), source.max(destination));
    by_tcp_port(low).or_else(|| by_tcp_port(high))
}

fn by_tcp_port(port: u16) -> Option<Protocol> {
    Some(match port {
        53 => Protocol::Dns,
        5353 => Protocol::Mdns,
        80 | 3128 | 3132 | 5985 | 8080 | 8088 | 11371 | 1900 | 2869 | 2710 => Protocol::Http,
        443 => Protocol::Tls,
        _ => return None,
    })
}
