//! Names that Wireshark gives to what it dissects by port and we do not: taken from `tshark -G
//! decodes` of 4.0.17, for ports whose protocol takes whatever comes, and a few common ones.

use crate::dissect::outline;

/// Wireshark's name of the protocol above UDP by its ports, where it is one we do not decode. The
/// lower port decides.
pub fn udp(source: u16, destination: u16) -> Option<&'static str> {
    either(UDP, source, destination)
}

/// As [`udp`], above TCP. Without a name: the dissector of port 7000 (Gryphon) takes for a length
/// what other programs send, and waits.
pub fn tcp(source: u16, destination: u16) -> Option<&'static str> {
    either(TCP, source, destination)
}

/// Protocols above UDP that are known by what they carry, on any port: STUN by its cookie
/// (RFC 8489 §5), SIP by the version in its first line (RFC 3261 §7), a remote procedure call by its
/// version (RFC 5531 §9).
pub fn by_content(payload: &[u8]) -> Option<&'static str> {
    // Two zeros, and a method of few bits: what is higher has not been given out.
    if payload.len() >= 20 && payload[0] < 0x02 && payload[4..8] == [0x21, 0x12, 0xa4, 0x42] {
        let length = usize::from(u16::from_be_bytes([payload[2], payload[3]]));
        return (length + 20 <= payload.len()).then_some("stun");
    }
    // A message of Gnutella's table of hosts: its kind, and its length.
    if let (Some(0x44), Some(length)) = (payload.get(16), payload.get(19..23)) {
        let length = length.try_into().map_or(0, u32::from_le_bytes);
        if payload.len() as u64 == u64::from(length) + 23 {
            return Some("mojito");
        }
    }
    if is_sip(payload) {
        return Some("sip");
    }
    outline::is_call(payload).then_some("rpc")
}

/// Whether the first line names SIP's version.
pub(in crate::dissect) fn is_sip(bytes: &[u8]) -> bool {
    let line = &bytes[..bytes.len().min(1024)];
    let line = line.split(|b| *b == b'\r').next().unwrap_or_default();
    line.starts_with(b"SIP/2.0 ") || line.ends_with(b" SIP/2.0")
}

fn either(
    table: &'static [(u16, &'static str)],
    source: u16,
    destination: u16,
) -> Option<&'static str> {
    let (low, high) = (source.min(destination), source.max(destination));
    let name = |port: u16| {
        let at = table.binary_search_by_key(&port, |row| row.0).ok()?;
        Some(table[at].1)
    };
    name(low).or_else(|| name(high))
}

#[rustfmt::skip]
const UDP: &[(u16, &str)] = &[
    (7, "echo"), (13, "daytime"), (19, "chargen"), (37, "time"), (49, "tacacs"), 
    (88, "kerberos"), (111, "rpc"), (138, "nbdgm"),
    (173, "xyplex"), (213, "ipx"), (269, "packetbb"), (319, "ptp"), (320, "ptp"),
    (389, "cldap"), (427, "srvloc"), (434, "mip"), (464, "kpasswd"), (496, "auto_rp"),
    (500, "isakmp"), (513, "who"), (514, "syslog"), (521, "ripng"), (524, "ncp"),
    (525, "tsp"), (654, "aodv"), (664, "rsp"), (701, "lmp"),
    (853, "dtls"), (854, "dlep"), (910, "kink"), (921, "lwres"), (925, "acdr"), (1001, "find"),
    (1113, "ltp"), (1153, "c1222"), (1194, "openvpn"), (1293, "pktc"), (1628, "cnip"),
    (1629, "cnip"), (1645, "radius"), (1646, "radius"), (1701, "l2tp"), (1718, "h225"),
    (1719, "h225"), (1745, "msproxy"), (1755, "msmms"), (1812, "radius"), (1813, "radius"),
    (1985, "hsrp"), (2029, "hsrp"), (2055, "cflow"), (2099, "h501"), (2157, "gprs-ns"),
    (2221, "dtls"), (2222, "cipio"), (2246, "pktc.mtafqdn"), (2268, "amt"), (2269, "mikey"),
    (2313, "iapp"), (2345, "knet"), (2887, "wlccp"), (2944, "megaco"), (2945, "h248"),
    (2948, "wsp"), (2949, "wtls"), (3000, "dis"), (3130, "icp"), (3250, "hicp"), (3343, "msrcp"),
    (3357, "ax4000"), (3386, "gtpprime"), (3389, "rdpudp"), (3452, "sabp"), (3455, "rsvp"),
    (3544, "teredo"), (3567, "dof"), (3671, "kip"), (3784, "bfd"),
    (3785, "bfd_echo"), (3804, "hiqnet"), (3863, "asap"), (4305, "bat"), (4306, "bat.gw"),
    (4307, "bat.vis"), (4341, "lisp-data"), (4342, "lisp"), (4500, "udpencap"), (4551, "mih"),
    (4555, "rsip"), (4569, "iax2"), (4729, "gsmtap"), (4739, "cflow"), (4754, "gre"), (4784, "bfd"),
    (4790, "vxlan_gpe"), (4791, "infiniband"), (4991, "vrt"), (5072, "ayiya"),
    (5246, "capwap"), (5247, "capwap.data"), (5351, "portcontrol"), (5404, "corosync_totemnet"),
    (5405, "corosync_totemnet"), (5436, "mipv6"), (5567, "dof"), (5678, "mndp"), (5683, "coap"),
    (5684, "dtls"), (5868, "dtls"), (6073, "dpnet"), (6081, "geneve"), (6118, "tipc"),
    (6160, "ecmp"), (6343, "sflow"), (6635, "mpls"), (6784, "bfd"), (6970, "rdt"), (7074, "tetra"),
    (7075, "nano"), (7255, "idn"), (7275, "ulp"), (7784, "bfd"), (8200, "adp"), (8600, "asterix"),
    (8767, "ts2"), (8805, "pfcp"), (8848, "ipvs"), (9200, "wsp"), (9201, "wtp"), (9202, "wtls"),
    (9203, "wtls"), (9214, "dvb_ipdc"), (9875, "sap"), (9877, "opensafety_udp"), (9899, "sctp"),
    (9901, "enrp"), (9955, "ardp"), (9956, "ajns"), (9996, "cflow"), (10253, "wisun.eapol_relay"),
    (11211, "memcache"), (11273, "vuze-dht"), (12000, "llc"), (12001, "llc"), (12002, "llc"),
    (12003, "llc"), (12004, "llc"), (12220, "lwapp-l3"), (12222, "lwapp"), (12223, "lwapp"),
    (13400, "doip"), (17220, "ieee1722"), (17500, "db-lsp-disc"), (17755, "scop"), (17756, "scop"),
    (19132, "raknet"), (19948, "kdp"), (19999, "gprs-ns"), (23272, "a21"), (24576, "mint"),
    (24577, "mint"), (25826, "collectd"), (26000, "quake"), (27500, "quakeworld"),
    (27910, "quake2"), (27950, "quake3"), (27951, "quake3"), (27952, "quake3"), (27953, "quake3"),
    (27960, "quake3"), (27961, "quake3"), (27962, "quake3"), (27963, "quake3"), (32000, "uaudp"),
    (32512, "uaudp"), (34962, "pn_rt"), (34980, "ecatf"), (37008, "tzsp"), (41170, "manolito"),
    (44818, "enip"), (47000, "hcrt"), (54328, "elasticsearch"),
];

#[rustfmt::skip]
const TCP: &[(u16, &str)] = &[
    (7, "echo"), (13, "daytime"), (19, "chargen"), 
    (37, "time"), (42, "winsrepl"), (43, "whois"), (49, "tacplus"),
    (70, "gopher"), (79, "finger"), (88, "kerberos"), (102, "tpkt"), (111, "rpc"),
    (119, "nntp"), (123, "ntp"), (139, "nbss"), 
    (179, "bgp"), (210, "z3950"), (323, "rpkirtr"), (389, "ldap"), (427, "srvloc"), (445, "nbss"),
    (464, "kpasswd"), (500, "isakmp"), (512, "exec"), (513, "rlogin"), (514, "rsh"), (515, "lpd"),
    (524, "ncp"), (547, "dhcpv6.bulk_leasequery"), (548, "dsi"), (554, "rtsp"), (564, "9p"),
    (639, "msdp"), (647, "dhcpfo"), (705, "agentx"), (854, "dlep"),
    (862, "twamp.control"), (873, "rsync"), (925, "acdr"), (988, "lnet"), (1080, "socks"),
    (1090, "ff"), (1099, "rmi"), (1102, "idmp"), (1153, "c1222"), (1194, "openvpn"), (1213, "gift"),
    (1433, "tds"), (1521, "tns"), (1533, "sametime"), (1547, "laplink"), (1723, "pptp"),
    (1861, "vicp"), (1863, "msnms"), (1883, "mqtt"), (1935, "rtmpt"), (2000, "skinny"),
    (2099, "h501"), (2126, "cops"), (2234, "slsk"), (2240, "slsk"), (2269, "mikey"), (2321, "tpm"),
    (2322, "tpm"), (2345, "knet"), (2401, "cvspserver"), (2404, "iec60870_104"), (2433, "tds"),
    (2502, "kdsp"), (2571, "r3"), (2575, "hl7"), (2600, "zebra"), (2812, "atmtcp"),
    (2944, "megaco"), (2945, "h248"), (3014, "ndps"), (3016, "ndps"), (3017, "ndps"),
    (3018, "ndps"), (3019, "ndps"), (3245, "opa.fe"), (3246, "opa.fe"), (3247, "opa.fe"),
    (3248, "opa.fe"), (3268, "ldap"), (3288, "cops"), (3306, "mysql"), (3357, "ax4000"),
    (3369, "ndps"), (3452, "sabp"), (3632, "distcc"), (3671, "kip"), (3724, "wow"),
    (3804, "hiqnet"), (3860, "sasp"), (3863, "asap"), (3868, "diameter"), (3918, "cops"),
    (4002, "opsi"), (4155, "bzr"), (4189, "pcep"), (4223, "tfp"), (4342, "lisp-tcp"),
    (4420, "nvme-tcp"), (4551, "mih"), (4555, "rsip"), (4556, "tcpcl"), (4712, "synphasor"),
    (4730, "gearman"), (4739, "cflow"), (4788, "xmcp"), (4840, "opcua"), (4880, "hislip"),
    (5010, "ipsictl"), (5084, "llrp"), (5190, "aol"), (5222, "xmpp"),
    (5253, "netsync"), (5432, "pgsql"), (5445, "artemis"), (5500, "vnc"), (5501, "vnc"),
    (5534, "slsk"), (5672, "amqp"), (5683, "coap"), (5701, "hzlcst"), (5900, "vnc"), (5901, "vnc"),
    (5997, "elcom"), (6000, "x11"), (6001, "x11"), (6002, "x11"), (6003, "x11"), (6004, "x11"),
    (6005, "x11"), (6006, "x11"), (6007, "x11"), (6008, "x11"), (6009, "x11"), (6010, "x11"),
    (6011, "x11"), (6012, "x11"), (6013, "x11"), (6014, "x11"), (6015, "x11"), (6016, "x11"),
    (6017, "x11"), (6018, "x11"), (6019, "x11"), (6020, "x11"), (6021, "x11"), (6022, "x11"),
    (6023, "x11"), (6024, "x11"), (6025, "x11"), (6026, "x11"), (6027, "x11"), (6028, "x11"),
    (6029, "x11"), (6030, "x11"), (6031, "x11"), (6032, "x11"), (6033, "x11"), (6034, "x11"),
    (6035, "x11"), (6036, "x11"), (6037, "x11"), (6038, "x11"), (6039, "x11"), (6040, "x11"),
    (6041, "x11"), (6042, "x11"), (6043, "x11"), (6044, "x11"), (6045, "x11"), (6046, "x11"),
    (6047, "x11"), (6048, "x11"), (6049, "x11"), (6050, "x11"), (6051, "x11"), (6052, "x11"),
    (6053, "x11"), (6054, "x11"), (6055, "x11"), (6056, "x11"), (6057, "x11"), (6058, "x11"),
    (6059, "x11"), (6060, "x11"), (6061, "x11"), (6062, "x11"), (6063, "x11"), (6068, "ancp"),
    (6084, "reload-framing"), (6121, "spdy"), (6160, "ecmp"), (6346, "gnutella"), (6379, "resp"),
    (6417, "sir"), (6653, "openflow"), (6667, "irc"), (6668, "ipdc"), (6881, "bittorrent"),
    (6882, "bittorrent"), (6883, "bittorrent"), (6884, "bittorrent"), (6885, "bittorrent"),
    (6886, "bittorrent"), (6887, "bittorrent"), (6888, "bittorrent"), (6889, "bittorrent"),
    (7000, ""), (7075, "nano"), (7171, "tibia"), (7172, "tibia"), (7236, "rtsp"),
    (7275, "ulp"), (7276, "ilp"), (7871, "dpp"), (7911, "omapi"), (8009, "ajp13"), (8023, "r3"),
    (8074, "gadu-gadu"), (8085, "woww"), (8554, "rtsp"), (8567, "dtps"), (9009, "jdwp"),
    (9092, "kafka"), (9300, "elasticsearch"), (9418, "git"), (9956, "ajns"), (10288, "beep"),
    (11211, "memcache"), (13400, "doip"), (14001, "uma"), (15740, "ptpip"), (17500, "db-lsp"),
    (17755, "scop"), (17756, "scop"), (19006, "eti"), (19042, "xti"), (19043, "eti"),
    (19506, "eti"), (19543, "eti"), (21064, "dlm3"), (24800, "synergy"), (29418, "ssh"),
    (34980, "ecatf"), (44321, "pcp"), (44322, "pmproxy"), (44818, "enip"), (48049, "cbsp"),
    (48898, "ams"), (57000, "irc"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_port_decides_and_ports_are_in_order() {
        assert_eq!(udp(138, 40000), Some("nbdgm"));
        assert_eq!(tcp(50000, 42), Some("winsrepl"));
        assert_eq!(tcp(50000, 50001), None);
        for table in [UDP, TCP] {
            assert!(table.is_sorted_by(|a, b| a.0 < b.0));
        }
    }
}
