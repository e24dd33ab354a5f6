//! Which application protocol a port stands for, as Wireshark decides by default.

pub mod names;

use super::definition::Definition;
use super::layer::Protocol;
use super::tables::DEFINITIONS;
use std::sync::LazyLock;

/// What ports are called, as in `/etc/services`; a name does not say what is carried.
pub(super) const SERVICES: &[(u64, &str)] = &[
    (7, "echo"),
    (9, "discard"),
    (13, "daytime"),
    (20, "ftp-data"),
    (21, "ftp"),
    (22, "ssh"),
    (23, "telnet"),
    (25, "smtp"),
    (37, "time"),
    (53, "domain"),
    (53, "dns"),
    (67, "bootps"),
    (67, "dhcp"),
    (68, "bootpc"),
    (69, "tftp"),
    (79, "finger"),
    (80, "http"),
    (110, "pop3"),
    (123, "ntp"),
    (137, "netbios-ns"),
    (138, "netbios-dgm"),
    (139, "netbios-ssn"),
    (143, "imap"),
    (161, "snmp"),
    (179, "bgp"),
    (389, "ldap"),
    (443, "https"),
    (445, "microsoft-ds"),
    (514, "syslog"),
    (587, "submission"),
    (631, "ipp"),
    (993, "imaps"),
    (995, "pop3s"),
    (1900, "ssdp"),
    (3306, "mysql"),
    (3389, "ms-wbt-server"),
    (5353, "mdns"),
    (5355, "llmnr"),
    (5432, "postgresql"),
    (8080, "http-alt"),
];

/// The protocol above UDP by its ports. Wireshark tries the lower port first.
pub fn udp_protocol(source: u16, destination: u16) -> Option<Protocol> {
    let (low, high) = (source.min(destination), source.max(destination));
    // A port that stands for a protocol not read here hides the other.
    find(&UDP, low).or_else(|| find(&UDP, high).filter(|_| !within(TAKEN_UDP, low)))
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

/// The protocol above TCP by its ports, for those that are found by port alone, and that port.
pub fn tcp_protocol(source: u16, destination: u16) -> Option<(Protocol, u16)> {
    let (low, high) = (source.min(destination), source.max(destination));
    // A port that stands for a protocol not read here hides the other.
    let of = |port| find(&TCP, port).map(|protocol| (protocol, port));
    of(low).or_else(|| of(high).filter(|_| !within(TAKEN_TCP, low)))
}

/// Ports and the protocols they stand for, sorted; from the protocols' definitions.
type Ports = LazyLock<Vec<(u16, Protocol)>>;

static UDP: Ports = LazyLock::new(|| sorted(|definition| definition.found.udp));
static TCP: Ports = LazyLock::new(|| sorted(|definition| definition.found.tcp));

fn sorted(ports: impl Fn(&'static Definition) -> &'static [u16]) -> Vec<(u16, Protocol)> {
    let all = DEFINITIONS.iter().flat_map(|(protocol, definition)| {
        let ports = ports(definition).iter();
        ports.map(|port| (*port, *protocol))
    });
    let mut all: Vec<(u16, Protocol)> = all.collect();
    all.sort_unstable();
    all
}

fn find(ports: &[(u16, Protocol)], port: u16) -> Option<Protocol> {
    let at = ports.binary_search_by_key(&port, |(port, _)| *port).ok()?;
    Some(ports[at].1)
}

/// Whether a TCP stream between these ports may turn out to be HTTP or TLS by what it carries:
/// not where Wireshark gives a port to a protocol that takes everything.
pub fn tcp_may_be(protocol: Protocol, source: u16, destination: u16) -> bool {
    let taken = |port| match protocol {
        Protocol::Http => within(TAKEN_TCP, port) || within(NOT_HTTP, port),
        _ => (within(TAKEN_TCP, port) && !TURN_TO_TLS.contains(&port)) || within(NOT_TLS, port),
    };
    !taken(source) && !taken(destination)
}

/// Whether a datagram between these ports is DNS by its looks, as Wireshark guesses where no port
/// tells.
pub fn looks_like_dns(source: u16, destination: u16, payload: &[u8]) -> bool {
    let Some((header, [_, ..])) = payload.split_first_chunk::<12>() else {
        return false;
    };
    let number = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let [flags, questions, answers, authorities, additional] = [2, 4, 6, 8, 10].map(number);
    let counts = if flags & 0x8000 == 0 {
        questions == 1 && answers == 0 && authorities == 0
    } else {
        questions <= 1 && answers <= 100 && authorities <= 10
    };
    flags & 0x7800 == 0
        && counts
        && additional <= 10
        && !within(TAKEN_UDP, source)
        && !within(TAKEN_UDP, destination)
}

fn within(ranges: &[(u16, u16)], port: u16) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= port);
    after > 0 && ranges[after - 1].1 >= port
}

// First and last port of ranges, found by asking tshark 4.0.17 what it makes of an HTTP request,
// a TLS hello and a DNS query on every port that it knows (`tshark -G decodes`).

/// TCP ports of protocols that take both.
#[rustfmt::skip]
const TAKEN_TCP: &[(u16, u16)] = &[
    (7, 7), (13, 13), (19, 23), (25, 25), (37, 37), (42, 43), (49, 49), (53, 53), (70, 70), (79, 79), (88, 88), (102, 102), (110, 111), (119, 119), (123, 123), (139, 139), (161, 162), (179, 179), (210, 210), (323, 323), (389, 389), (427, 427), (445, 445), (464, 464), (500, 500),
    (512, 515), (524, 524), (547, 548), (554, 554), (564, 564), (587, 587), (639, 639), (647, 647), (705, 705), (854, 854), (862, 862), (873, 873), (925, 925), (988, 988), (1080, 1080),
    (1090, 1090), (1099, 1099), (1102, 1102), (1153, 1153), (1194, 1194), (1213, 1213), (1433, 1433), (1533, 1533), (1547, 1547), (1723, 1723), (1861, 1861), (1863, 1863), (1883, 1883),
    (1935, 1935), (2099, 2099), (2123, 2123), (2126, 2126), (2152, 2152), (2234, 2234), (2240, 2240), (2269, 2269), (2321, 2322), (2345, 2345), (2401, 2401), (2404, 2404), (2433, 2433),
    (2502, 2502), (2571, 2571), (2575, 2575), (2600, 2600), (2812, 2812), (2944, 2945), (3014, 3014), (3016, 3019), (3245, 3248), (3268, 3268), (3288, 3288), (3306, 3306), (3357, 3357),
    (3369, 3369), (3452, 3452), (3478, 3478), (3632, 3632), (3671, 3671), (3724, 3724), (3804, 3804), (3860, 3860), (3863, 3863), (3868, 3868), (3918, 3918), (4002, 4002), (4155, 4155),
    (4189, 4189), (4223, 4223), (4342, 4342), (4420, 4420), (4551, 4551), (4555, 4556), (4712, 4712), (4730, 4730), (4739, 4739), (4788, 4788), (4840, 4840), (4880, 4880), (5010, 5010),
    (5060, 5060), (5084, 5084), (5222, 5222), (5253, 5253), (5353, 5353), (5432, 5432), (5445, 5445), (5500, 5501), (5534, 5534), (5672, 5672), (5683, 5683), (5701, 5701), (5900, 5901),
    (5997, 5997), (6000, 6063), (6068, 6068), (6084, 6084), (6121, 6121), (6160, 6160), (6346, 6346), (6379, 6379), (6417, 6417), (6653, 6653), (6667, 6668), (6881, 6889), (7000, 7000),
    (7075, 7075), (7171, 7172), (7236, 7236), (7275, 7276), (7871, 7871), (7911, 7911), (8009, 8009), (8023, 8023), (8074, 8074), (8085, 8085), (8554, 8554), (8567, 8567), (9009, 9009),
    (9092, 9092), (9300, 9300), (9418, 9418), (9956, 9956), (10288, 10288), (11211, 11211),
    (13400, 13400), (14001, 14001), (15740, 15740), (17500, 17500), (17755, 17756), (19006, 19006), (19042, 19043), (19506, 19506), (19543, 19543), (21064, 21064), (24800, 24800),
    (29418, 29418), (34980, 34980), (44321, 44322), (44818, 44818), (48049, 48049), (48898, 48898), (57000, 57000),
];

/// TCP ports of protocols that take an HTTP request, and not a TLS hello.
const NOT_HTTP: &[(u16, u16)] = &[(143, 143), (674, 674), (2501, 2501), (22222, 22222)];

/// TCP ports of protocols that begin in the clear and agree on TLS then: FTP, SMTP, POP3, IMAP,
/// LDAP, SQL servers, XMPP.
const TURN_TO_TLS: &[u16] = &[
    21, 25, 110, 119, 143, 389, 587, 1433, 3306, 5222, 5269, 5432,
];

/// TCP ports of protocols that take a TLS hello, and not an HTTP request; 3389 does once the
/// session has begun.
#[rustfmt::skip]
const NOT_TLS: &[(u16, u16)] = &[
    (1344, 1344), (3002, 3003), (3006, 3006), (3386, 3386), (3389, 3389), (4222, 4222), (4249, 4250), (5000, 5000), (5094, 5094),
];

/// UDP ports of protocols that take a DNS message.
#[rustfmt::skip]
const TAKEN_UDP: &[(u16, u16)] = &[
    (7, 7), (13, 13), (19, 19), (37, 37), (49, 49), (67, 69), (111, 111), (123, 123), (137, 138), (173, 173), (213, 213), (269, 269), (319, 320), (389, 389), (427, 427), (434, 434),
    (464, 464), (496, 496), (500, 500), (513, 514), (520, 521), (524, 525), (546, 547), (654, 654), (664, 664), (701, 701), (853, 854), (910, 910), (921, 921), (925, 925), (1001, 1001),
    (1113, 1113), (1153, 1153), (1194, 1194), (1293, 1293), (1628, 1629), (1718, 1719), (1745, 1745), (1755, 1755), (1900, 1900), (1985, 1985), (2029, 2029), (2099, 2099), (2123, 2123),
    (2152, 2152), (2157, 2157), (2221, 2222), (2246, 2246), (2268, 2269), (2313, 2313), (2345, 2345), (2887, 2887), (2944, 2945), (2948, 2949), (3000, 3000), (3130, 3130), (3250, 3250),
    (3343, 3343), (3357, 3357), (3386, 3386), (3389, 3389), (3452, 3452), (3455, 3455), (3544, 3544), (3567, 3567), (3671, 3671), (3784, 3785), (3804, 3804), (3863, 3863), (4305, 4307),
    (4341, 4342), (4500, 4500), (4551, 4551), (4555, 4555), (4569, 4569), (4729, 4729), (4754, 4754), (4784, 4784), (4789, 4791), (4991, 4991), (5072, 5072), (5246, 5247), (5353, 5353),
    (5355, 5355), (5404, 5405), (5436, 5436), (5567, 5567), (5678, 5678), (5683, 5684), (5868, 5868), (6073, 6073), (6081, 6081), (6118, 6118), (6160, 6160), (6635, 6635), (6784, 6784),
    (6970, 6970), (7074, 7075), (7255, 7255), (7275, 7275), (7784, 7784), (8200, 8200), (8600, 8600), (8767, 8767), (8805, 8805), (8848, 8848), (9200, 9203), (9214, 9214), (9875, 9875),
    (9877, 9877), (9899, 9899), (9901, 9901), (9955, 9956), (10253, 10253), (11211, 11211),
    (11273, 11273), (12000, 12004), (12220, 12220), (12222, 12223), (13400, 13400), (17220, 17220), (17500, 17500), (17755, 17756), (19132, 19132), (19948, 19948), (19999, 19999),
    (23272, 23272), (24576, 24577), (25826, 25826), (26000, 26000), (27500, 27500), (27910, 27910), (27950, 27953), (27960, 27963), (32000, 32000), (32512, 32512), (34962, 34962),
    (34980, 34980), (37008, 37008), (41170, 41170), (44818, 44818), (47000, 47000), (54328, 54328),
];

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
    fn ports_of_other_protocols_are_not_guessed_at() {
        assert!(tcp_may_be(Protocol::Tls, 40000, 4433));
        assert!(!tcp_may_be(Protocol::Tls, 40000, 3389));
        assert!(!tcp_may_be(Protocol::Http, 6885, 40000));
        assert!(tcp_may_be(Protocol::Tls, 40000, 143) && !tcp_may_be(Protocol::Http, 40000, 143));
        for ranges in [TAKEN_TCP, NOT_HTTP, NOT_TLS, TAKEN_UDP] {
            assert!(ranges.is_sorted_by(|a, b| a.0 <= a.1 && a.1 < b.0));
        }
    }

    #[test]
    fn a_message_on_any_port_may_look_like_dns() {
        let query = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\0\0\x01\0\x01";
        assert!(looks_like_dns(40000, 2712, query));
        assert!(!looks_like_dns(40000, 123, query));
        assert!(!looks_like_dns(40000, 2712, &query[..12]));
        let mut answered = *query;
        answered[7] = 1;
        assert!(!looks_like_dns(40000, 2712, &answered));
        answered[2] = 0x81;
        assert!(looks_like_dns(40000, 2712, &answered));
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
