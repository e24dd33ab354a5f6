//! Which application protocol a UDP port stands for, as Wireshark decides by default.

use super::layer::Protocol;

/// Port of SSDP, which is HTTP over UDP: Wireshark calls the layer `ssdp` and shows `http` fields.
pub const SSDP: u16 = 1900;

/// The protocol above UDP by its ports. Wireshark tries the lower port first.
pub fn udp_protocol(source: u16, destination: u16) -> Option<Protocol> {
    let (low, high) = (source.min(destination), source.max(destination));
    by_udp_port(low).or_else(|| by_udp_port(high))
}

/// As [`udp_protocol`], after a look at the payload: what comes to port 4011 is DHCP only with
/// DHCP's announcing bytes.
pub fn udp_payload_protocol(source: u16, destination: u16, payload: &[u8]) -> Option<Protocol> {
    let boot = source == 4011 || destination == 4011;
    match udp_protocol(source, destination)? {
        Protocol::Dhcp if boot && payload.get(236..240) != Some(&[99, 130, 83, 99]) => None,
        protocol => Some(protocol),
    }
}

fn by_udp_port(port: u16) -> Option<Protocol> {
    Some(match port {
        53 => Protocol::Dns,
        67 | 68 | 4011 => Protocol::Dhcp,
        SSDP => Protocol::Http,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_port_decides() {
        assert_eq!(udp_protocol(5353, 53), Some(Protocol::Dns));
        assert_eq!(udp_protocol(53, 68), Some(Protocol::Dns));
        assert_eq!(udp_protocol(40000, 67), Some(Protocol::Dhcp));
        assert_eq!(udp_protocol(5355, 6000), Some(Protocol::Llmnr));
        assert_eq!(udp_protocol(40000, 40001), None);
    }

    #[test]
    fn port_4011_needs_the_announcing_bytes() {
        let mut payload = vec![0; 236];
        assert_eq!(udp_payload_protocol(4011, 5000, &payload), None);
        payload.extend([99, 130, 83, 99]);
        let found = udp_payload_protocol(4011, 5000, &payload);
        assert_eq!(found, Some(Protocol::Dhcp));
    }
}
