//! One line a frame, as Wireshark's packet list: who to whom, which protocol, what it says.

use crate::dissect::field::{Kind, Value};
use crate::dissect::meaning;
use crate::query::frames::Seen;
use crate::query::{Catalogue, EntryId, Values, print};
use std::fmt::Write as _;

/// One row of the list. Text is as captured: not safe to print.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Sender.
    pub source: String,
    /// Receiver.
    pub destination: String,
    /// Highest protocol that is known.
    pub protocol: &'static str,
    /// What the frame says.
    pub info: String,
}

/// The fields that rows are made of.
const FIELDS: &[&str] = &[
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "eth.src",
    "eth.dst",
    "sll.src.eth",
    "frame.protocols",
    "arp.opcode",
    "arp.src.hw_mac",
    "arp.src.proto_ipv4",
    "arp.dst.proto_ipv4",
    "arp.isgratuitous",
    "arp.isprobe",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.flags",
    "tcp.seq",
    "tcp.ack",
    "tcp.window_size",
    "tcp.len",
    "tcp.options.mss_val",
    "tcp.options.wscale.multiplier",
    "tcp.options.timestamp.tsval",
    "tcp.options.timestamp.tsecr",
    "tcp.options.sack_perm",
    "udp.srcport",
    "udp.dstport",
    "udp.length",
    "icmp.type",
    "icmp.code",
    "icmp.ident",
    "icmp.seq",
    "icmp.seq_le",
    "icmp.resp_in",
    "icmp.resp_to",
    "ip.ttl",
    "icmpv6.type",
    "icmpv6.echo.identifier",
    "icmpv6.echo.sequence_number",
    "icmpv6.nd.ns.target_address",
    "icmpv6.nd.na.target_address",
    "dns.id",
    "dns.flags.response",
    "dns.flags.rcode",
    "dns.qry.name",
    "dns.qry.type",
    "dns.a",
    "dns.aaaa",
    "dns.cname",
    "dhcp.option.dhcp",
    "dhcp.id",
    "http.request.method",
    "http.request.uri",
    "http.request.version",
    "http.response.version",
    "http.response.code",
    "http.response.phrase",
    "http.content_type",
    "tls.handshake.type",
    "tls.record.content_type",
    "tls.handshake.extensions_server_name",
    "ip.frag_offset",
    "ip.flags.mf",
    "ip.proto",
    "ip.id",
    "ip.reassembled_in",
    "tcp.analysis.retransmission",
    "tcp.analysis.fast_retransmission",
    "tcp.analysis.spurious_retransmission",
    "tcp.analysis.out_of_order",
    "tcp.analysis.lost_segment",
    "tcp.analysis.ack_lost_segment",
    "tcp.analysis.duplicate_ack",
    "tcp.analysis.duplicate_ack_num",
    "tcp.analysis.duplicate_ack_frame",
    "tcp.analysis.keep_alive",
    "tcp.analysis.keep_alive_ack",
    "tcp.analysis.zero_window",
    "tcp.analysis.zero_window_probe",
    "tcp.analysis.zero_window_probe_ack",
    "tcp.analysis.window_update",
    "tcp.analysis.window_full",
    "tcp.analysis.reused_ports",
    "_ws.malformed",
];

/// The fields to ask a [`crate::query::Session`] for, in the order that [`row`] expects.
pub fn fields() -> Vec<EntryId> {
    let catalogue = Catalogue::frames();
    FIELDS
        .iter()
        .map(|name| {
            catalogue
                .find(name)
                .expect("the packet list asks for fields that exist")
        })
        .collect()
}

/// The values of a frame by name.
struct Named<'v, 'a>(&'v Values<'a>);

impl<'v, 'a> Named<'v, 'a> {
    fn all(&self, name: &str) -> impl Iterator<Item = &'v Value<'a>> {
        let slot = FIELDS.iter().position(|f| *f == name).unwrap_or(usize::MAX);
        self.0.of(slot)
    }

    fn first(&self, name: &str) -> Option<&'v Value<'a>> {
        self.all(name).next()
    }

    fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    fn number(&self, name: &str) -> Option<u64> {
        match self.first(name)? {
            Value::Unsigned(n) => Some(*n),
            Value::Boolean(b) => Some(u64::from(*b)),
            _ => None,
        }
    }

    fn text(&self, name: &str) -> String {
        self.first(name).map_or(String::new(), words)
    }

    fn last_text(&self, name: &str) -> Option<String> {
        self.all(name).last().map(words)
    }
}

fn words(value: &Value<'_>) -> String {
    let mut out = Vec::new();
    print::value(Kind::Unsigned(64), value, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Makes the row of a frame from the values of [`fields`].
pub fn row(seen: &Seen<'_, '_>) -> Row {
    let v = Named(seen.values);
    let protocols = v.text("frame.protocols");
    let mut row = Row::default();
    let pairs = [
        ("ip.src", "ip.dst"),
        ("ipv6.src", "ipv6.dst"),
        ("eth.src", "eth.dst"),
        ("sll.src.eth", ""),
    ];
    // The first IP header: what an error quotes is not who sends it.
    for (source, destination) in pairs {
        if let Some(source) = v.first(source) {
            row.source = words(source);
            row.destination = v.text(destination);
            break;
        }
    }
    let names: Vec<&str> = protocols.split(':').collect();
    let has = |name: &str| names.contains(&name);
    (row.protocol, row.info) = if let Some(line) = seen.line() {
        (line.protocol, line.info)
    } else if v.has("http.request.method") || v.has("http.response.code") {
        (if has("ssdp") { "SSDP" } else { "HTTP" }, http(&v))
    } else if v.has("tls.record.content_type") {
        ("TLS", tls(&v))
    } else if v.has("dhcp.id") {
        ("DHCP", dhcp(&v))
    } else if v.has("dns.id") {
        let name = if has("mdns") {
            "MDNS"
        } else if has("llmnr") {
            "LLMNR"
        } else {
            "DNS"
        };
        (name, dns(&v))
    } else if v.has("icmp.type") {
        ("ICMP", icmp(&v))
    } else if v.has("icmpv6.type") {
        ("ICMPv6", icmpv6(&v))
    } else if v.has("tcp.srcport") {
        ("TCP", tcp(&v))
    } else if v.has("udp.srcport") {
        ("UDP", udp(&v))
    } else if v.has("arp.opcode") {
        ("ARP", arp(&v))
    } else if v.number("ip.frag_offset").is_some_and(|n| n > 0)
        || v.number("ip.flags.mf") == Some(1)
    {
        ("IPv4", fragment(&v))
    } else {
        let last = names
            .iter()
            .rev()
            .find(|n| !matches!(**n, "data" | "ethertype" | ""));
        let known = Catalogue::frames().find(last.copied().unwrap_or("frame"));
        let entry = known.map(|id| Catalogue::frames().entry(id));
        (
            entry.map_or("", |e| e.name),
            entry.map_or(String::new(), |e| e.doc.to_string()),
        )
    };
    if v.has("_ws.malformed") {
        row.info.push_str(" [Malformed Packet]");
    }
    row
}

fn arp(v: &Named<'_, '_>) -> String {
    let (from, to, mac) = (
        v.text("arp.src.proto_ipv4"),
        v.text("arp.dst.proto_ipv4"),
        v.text("arp.src.hw_mac"),
    );
    let request = v.number("arp.opcode") == Some(1);
    if v.has("arp.isgratuitous") {
        let kind = if request { "Request" } else { "Reply" };
        return format!("Gratuitous ARP for {from} ({kind})");
    }
    if v.has("arp.isprobe") {
        return format!("Who has {to}? (ARP Probe)");
    }
    match v.number("arp.opcode") {
        Some(1) => format!("Who has {to}? Tell {from}"),
        Some(2) => format!("{from} is at {mac}"),
        other => format!("ARP operation {}", other.unwrap_or_default()),
    }
}

fn tcp(v: &Named<'_, '_>) -> String {
    let mut out = String::new();
    let marks = [
        ("tcp.analysis.zero_window_probe", "TCP ZeroWindowProbe"),
        ("tcp.analysis.zero_window", "TCP ZeroWindow"),
        (
            "tcp.analysis.zero_window_probe_ack",
            "TCP ZeroWindowProbeAck",
        ),
        (
            "tcp.analysis.lost_segment",
            "TCP Previous segment not captured",
        ),
        ("tcp.analysis.ack_lost_segment", "TCP ACKed unseen segment"),
        ("tcp.analysis.keep_alive", "TCP Keep-Alive"),
        ("tcp.analysis.keep_alive_ack", "TCP Keep-Alive ACK"),
        ("tcp.analysis.window_update", "TCP Window Update"),
        ("tcp.analysis.window_full", "TCP Window Full"),
        ("tcp.analysis.reused_ports", "TCP Port numbers reused"),
        ("tcp.analysis.out_of_order", "TCP Out-Of-Order"),
    ];
    if v.has("tcp.analysis.fast_retransmission") {
        out.push_str("[TCP Fast Retransmission] ");
    } else if v.has("tcp.analysis.spurious_retransmission") {
        out.push_str("[TCP Spurious Retransmission] ");
    } else if v.has("tcp.analysis.retransmission") {
        out.push_str("[TCP Retransmission] ");
    }
    if v.has("tcp.analysis.duplicate_ack") {
        let (frame, number) = (
            v.text("tcp.analysis.duplicate_ack_frame"),
            v.text("tcp.analysis.duplicate_ack_num"),
        );
        let _ = write!(out, "[TCP Dup ACK {frame}#{number}] ");
    }
    for (field, mark) in marks {
        if v.has(field) {
            let _ = write!(out, "[{mark}] ");
        }
    }
    let flags = v.number("tcp.flags").unwrap_or_default();
    let names = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"];
    let set: Vec<&str> = names
        .iter()
        .enumerate()
        .filter(|(bit, _)| flags >> bit & 1 == 1)
        .map(|(_, name)| *name)
        .collect();
    let list = if set.is_empty() {
        "<None>".to_string()
    } else {
        set.join(", ")
    };
    let _ = write!(
        out,
        "{} → {} [{list}] Seq={}",
        v.text("tcp.srcport"),
        v.text("tcp.dstport"),
        v.text("tcp.seq")
    );
    if flags & 0x10 != 0 {
        let _ = write!(out, " Ack={}", v.text("tcp.ack"));
    }
    let _ = write!(out, " Win={}", v.text("tcp.window_size"));
    if let Some(length) = v.first("tcp.len") {
        let _ = write!(out, " Len={}", words(length));
    }
    let options = [
        (" MSS=", "tcp.options.mss_val"),
        (" WS=", "tcp.options.wscale.multiplier"),
        (" TSval=", "tcp.options.timestamp.tsval"),
        (" TSecr=", "tcp.options.timestamp.tsecr"),
    ];
    for (label, field) in options {
        if let Some(value) = v.first(field) {
            let _ = write!(out, "{label}{}", words(value));
        }
    }
    if v.has("tcp.options.sack_perm") {
        out.push_str(" SACK_PERM");
    }
    out
}

fn udp(v: &Named<'_, '_>) -> String {
    let length = v.number("udp.length").unwrap_or(8).saturating_sub(8);
    format!(
        "{} → {} Len={length}",
        v.text("udp.srcport"),
        v.text("udp.dstport")
    )
}

fn icmp(v: &Named<'_, '_>) -> String {
    let kind = v.number("icmp.type").unwrap_or_default();
    let code = v.number("icmp.code").unwrap_or_default();
    let name = meaning::name("icmp.type", kind).unwrap_or("ICMP message");
    if matches!(kind, 0 | 8) {
        let mut out = format!(
            "{name}  id=0x{:04x}, seq={}/{}, ttl={}",
            v.number("icmp.ident").unwrap_or_default(),
            v.text("icmp.seq"),
            v.text("icmp.seq_le"),
            v.text("ip.ttl")
        );
        if let Some(frame) = v.first("icmp.resp_in") {
            let _ = write!(out, " (reply in {})", words(frame));
        } else if let Some(frame) = v.first("icmp.resp_to") {
            let _ = write!(out, " (request in {})", words(frame));
        }
        return out;
    }
    format!(
        "{name} ({})",
        crate::track::icmp::meaning(false, narrow(kind), narrow(code))
    )
}

fn narrow(n: u64) -> u8 {
    u8::try_from(n).unwrap_or(u8::MAX)
}

fn icmpv6(v: &Named<'_, '_>) -> String {
    let kind = v.number("icmpv6.type").unwrap_or_default();
    let name = meaning::name("icmpv6.type", kind).unwrap_or("ICMPv6 message");
    match kind {
        128 | 129 => format!(
            "{name} id=0x{:04x}, seq={}",
            v.number("icmpv6.echo.identifier").unwrap_or_default(),
            v.text("icmpv6.echo.sequence_number")
        ),
        135 => format!("{name} for {}", v.text("icmpv6.nd.ns.target_address")),
        136 => format!("{name} {}", v.text("icmpv6.nd.na.target_address")),
        _ => name.to_string(),
    }
}

fn dns(v: &Named<'_, '_>) -> String {
    let response = v.number("dns.flags.response") == Some(1);
    let mut out = String::from(if response {
        "Standard query response"
    } else {
        "Standard query"
    });
    let _ = write!(out, " 0x{:04x}", v.number("dns.id").unwrap_or_default());
    let rcode = v.number("dns.flags.rcode").unwrap_or_default();
    if rcode != 0 {
        let name = meaning::name("dns.flags.rcode", rcode).unwrap_or("error");
        let _ = write!(out, " {name}");
    }
    let kinds = v.all("dns.qry.type");
    for (name, kind) in v.all("dns.qry.name").zip(kinds) {
        let kind = match kind {
            Value::Unsigned(n) => meaning::name("dns.qry.type", *n),
            _ => None,
        };
        let _ = write!(out, " {} {}", kind.unwrap_or("?"), words(name));
    }
    for (label, field) in [("CNAME", "dns.cname"), ("A", "dns.a"), ("AAAA", "dns.aaaa")] {
        for value in v.all(field) {
            let _ = write!(out, " {label} {}", words(value));
        }
    }
    out
}

fn dhcp(v: &Named<'_, '_>) -> String {
    let kind = v.number("dhcp.option.dhcp");
    let name = kind
        .and_then(|n| meaning::name("dhcp.option.dhcp", n))
        .unwrap_or("message");
    format!(
        "DHCP {name} - Transaction ID 0x{:x}",
        v.number("dhcp.id").unwrap_or_default()
    )
}

fn http(v: &Named<'_, '_>) -> String {
    if v.has("http.request.method") {
        return format!(
            "{} {} {}",
            v.text("http.request.method"),
            v.text("http.request.uri"),
            v.text("http.request.version")
        );
    }
    let mut out = format!(
        "{} {} {}",
        v.text("http.response.version"),
        v.text("http.response.code"),
        v.text("http.response.phrase")
    );
    if let Some(kind) = v.last_text("http.content_type") {
        let _ = write!(out, "  ({kind})");
    }
    out
}

fn tls(v: &Named<'_, '_>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for kind in v.all("tls.handshake.type") {
        if let Value::Unsigned(n) = kind {
            parts.push(
                meaning::name("tls.handshake.type", *n)
                    .unwrap_or("Handshake")
                    .to_string(),
            );
        }
    }
    if parts.is_empty() {
        for kind in v.all("tls.record.content_type") {
            if let Value::Unsigned(n) = kind {
                parts.push(
                    meaning::name("tls.record.content_type", *n)
                        .unwrap_or("Record")
                        .to_string(),
                );
            }
        }
    }
    if let Some(name) = v.last_text("tls.handshake.extensions_server_name") {
        parts.push(format!("(SNI={name})"));
    }
    parts.join(", ")
}

fn fragment(v: &Named<'_, '_>) -> String {
    let mut out = format!(
        "Fragmented IP protocol (proto={}, off={}, ID={:04x})",
        v.text("ip.proto"),
        v.number("ip.frag_offset").unwrap_or_default() * 8,
        v.number("ip.id").unwrap_or_default()
    );
    if let Some(frame) = v.first("ip.reassembled_in") {
        let _ = write!(out, " [Reassembled in #{}]", words(frame));
    }
    out
}
