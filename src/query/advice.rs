//! What to write instead of a filter that cannot be understood: of what people type who know
//! tcpdump, another language, or the fields by another name.

use super::catalogue::Catalogue;
use super::error::{Cause, FilterError};
use super::literal;

/// Adds advice to an error, where the text shows what was meant.
pub(super) fn add(text: &str, error: FilterError, catalogue: &Catalogue) -> FilterError {
    if catalogue.about == "frames"
        && let Some(filter) = from_capture_filter(text)
    {
        return error.hint(format!(
            "this is tcpdump's language of capture filters; as a display filter: {filter}"
        ));
    }
    let rest = text.get(error.span.start..).unwrap_or_default();
    let found = text.get(error.span.clone()).unwrap_or_default();
    match &error.cause {
        Cause::Character('=') if rest.starts_with("=>") => error.hint("for at least, write `>=`"),
        Cause::Character('=') if rest.starts_with("=<") => error.hint("for at most, write `<=`"),
        Cause::ConstantAlone(value) => match compared_before(text, error.span.start) {
            Some(field) => {
                let hint = format!("name the field again: {field} == {value}");
                error.hint(hint)
            }
            None => error,
        },
        Cause::Unexpected { found, .. }
            if in_braces(text, error.span.start) && !"}".contains(found.as_str()) =>
        {
            let inner = text.rfind('{').and_then(|at| text.get(at + 1..));
            let inner = inner
                .and_then(|inner| inner.split('}').next())
                .unwrap_or_default();
            let members: Vec<&str> = inner.split_whitespace().collect();
            match members.iter().any(|m| matches!(*m, ".." | "-")) {
                true => error,
                false => error.hint(format!(
                    "commas stand between the members: {{{}}}",
                    members.join(", ").replace(",,", ",")
                )),
            }
        }
        Cause::Literal { .. } => match (range(found), mask(found)) {
            (Some((low, high)), _) => {
                let hint = format!("a range of numbers is written {{{low}..{high}}}");
                error.hint(hint)
            }
            (None, Some(most)) => {
                let hint = format!("behind the slash stands a number of bits, {most} at most");
                error.hint(hint)
            }
            _ => error,
        },
        _ => error,
    }
}

/// The field of the comparison before an `or` or `and` that stands before this place.
fn compared_before(text: &str, place: usize) -> Option<&str> {
    let before = text.get(..place)?.trim_end();
    let before = ["||", "&&", "or", "and"]
        .iter()
        .find_map(|word| before.strip_suffix(word))?;
    let (field, _) = before
        .rsplit_once("==")
        .or_else(|| before.rsplit_once(" eq "))?;
    let field = field.trim_end().rsplit([' ', '(', '!']).next()?;
    (!field.is_empty()).then_some(field)
}

/// Whether a set is open at this place.
fn in_braces(text: &str, place: usize) -> bool {
    let before = text.get(..place).unwrap_or_default();
    before.rfind('{') > before.rfind('}')
}

/// `80-443`.
fn range(word: &str) -> Option<(u64, u64)> {
    let (low, high) = word.split_once('-')?;
    Some((literal::number(low)?, literal::number(high)?))
}

/// The largest mask, for an address with one that is larger.
fn mask(word: &str) -> Option<u8> {
    let (address, bits) = word.split_once('/')?;
    let most = match address.parse::<std::net::IpAddr>().ok()? {
        std::net::IpAddr::V4(_) => 32,
        std::net::IpAddr::V6(_) => 128,
    };
    let bits: u32 = bits.parse().ok()?;
    (bits > u32::from(most)).then_some(most)
}

/// Reads a capture filter of the common kinds (`host`, `net`, `port`, `portrange`, with `src`,
/// `dst` and a protocol before them, joined by `and`, `or`, `not`); `None` where it is none.
fn from_capture_filter(text: &str) -> Option<String> {
    let spaced = text
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('!', " ! ");
    let mut words = spaced.split_whitespace().peekable();
    let (mut out, mut kinds) = (Vec::new(), 0);
    while let Some(word) = words.next() {
        match word {
            "and" | "&&" | "or" | "||" | "not" | "!" | "(" | ")" => out.push(word.to_owned()),
            _ => {
                let mut qualifiers = vec![word];
                let kind = loop {
                    match *qualifiers.last()? {
                        kind @ ("host" | "net" | "port" | "portrange") => break Some(kind),
                        "src" | "dst" | "tcp" | "udp" | "ip" | "ip6" | "ether" | "icmp" | "arp"
                        | "icmp6" => match words.peek() {
                            Some(&("and" | "or" | "&&" | "||" | ")")) | None => break None,
                            Some(_) => qualifiers.push(words.next()?),
                        },
                        // A value behind `src` or `dst` alone is a host's.
                        _ if qualifiers.len() > 1 => break Some("value"),
                        _ => return None,
                    }
                };
                out.push(primitive(&qualifiers, kind, &mut words)?);
                kinds += usize::from(kind.is_some());
            }
        }
    }
    let filter = out.join(" ").replace("( ", "(").replace(" )", ")");
    (kinds > 0).then_some(filter)
}

/// One test of a capture filter.
fn primitive<'w>(
    qualifiers: &[&'w str],
    kind: Option<&str>,
    words: &mut impl Iterator<Item = &'w str>,
) -> Option<String> {
    let has = |word| qualifiers.contains(&word);
    let protocol = ["tcp", "udp", "icmp", "arp"].into_iter().find(|p| has(*p));
    let side = match (has("src"), has("dst")) {
        (true, false) => "src",
        (false, true) => "dst",
        _ => "",
    };
    let value = match kind {
        None => {
            let name = qualifiers.first()?;
            let name = match *name {
                "ip6" => "ipv6",
                "icmp6" => "icmpv6",
                "ether" => "eth",
                "src" | "dst" => return None,
                name => name,
            };
            return Some(name.to_owned());
        }
        Some("value") => qualifiers.last()?,
        Some(_) => words.next()?,
    };
    match kind {
        Some("port" | "portrange") => {
            let name = match side {
                "src" => "srcport",
                "dst" => "dstport",
                _ => "port",
            };
            let set = value.replace('-', "..");
            let test = |protocol: &str| match value.contains('-') {
                true => format!("{protocol}.{name} in {{{set}}}"),
                false => format!("{protocol}.{name} == {value}"),
            };
            Some(match protocol {
                Some(protocol @ ("tcp" | "udp")) => test(protocol),
                _ => format!("({} or {})", test("tcp"), test("udp")),
            })
        }
        _ => {
            let address = value.split('/').next()?;
            let family = match address {
                _ if has("ether") => "eth",
                address if address.contains(':') => "ipv6",
                address if address.starts_with(|c: char| c.is_ascii_digit()) => "ip",
                // A name: who means a capture filter has a host here, or a word we do not know.
                _ if kind == Some("value") => return None,
                _ => "ip",
            };
            let field = match (side, family) {
                ("", family) => format!("{family}.addr"),
                (side, family) => format!("{family}.{side}"),
            };
            let test = format!("{field} == {value}");
            Some(match protocol {
                Some(protocol) => format!("{protocol} and {test}"),
                None => test,
            })
        }
    }
}

/// Fields by what people call them.
const MEANINGS: &[(&[&str], &str)] = &[
    (
        &[
            "ip.source",
            "ip.from",
            "ip.sender",
            "src.ip",
            "source.ip",
            "srcip",
            "src_ip",
            "ip.source_address",
        ],
        "ip.src",
    ),
    (
        &[
            "ip.destination",
            "ip.to",
            "ip.dest",
            "dst.ip",
            "destination.ip",
            "dstip",
            "dst_ip",
            "ip.dest_address",
        ],
        "ip.dst",
    ),
    (
        &[
            "ip.address",
            "ipaddr",
            "ip_addr",
            "address",
            "ip.ip",
            "host",
        ],
        "ip.addr",
    ),
    (&["port", "tcp.ports", "ports"], "tcp.port"),
    (
        &[
            "sport",
            "srcport",
            "src_port",
            "tcp.source_port",
            "tcp.sport",
            "tcp.src_port",
            "tcp.src",
        ],
        "tcp.srcport",
    ),
    (
        &[
            "dport",
            "dstport",
            "dst_port",
            "tcp.destination_port",
            "tcp.dport",
            "tcp.dst_port",
            "tcp.dst",
        ],
        "tcp.dstport",
    ),
    (
        &["mac", "eth.mac", "mac.addr", "ethernet.addr", "macaddr"],
        "eth.addr",
    ),
    (&["ttl"], "ip.ttl"),
    (&["syn", "tcp.syn"], "tcp.flags.syn"),
    (&["ack", "tcp.flag.ack"], "tcp.flags.ack"),
    (&["fin", "tcp.fin"], "tcp.flags.fin"),
    (
        &["rst", "reset", "tcp.rst", "tcp.reset", "tcp.flags.rst"],
        "tcp.flags.reset",
    ),
    (&["psh", "tcp.psh", "tcp.flags.psh"], "tcp.flags.push"),
    (&["window", "tcp.window", "tcp.win"], "tcp.window_size"),
    (&["mss", "tcp.mss"], "tcp.options.mss_val"),
    (
        &["retransmission", "retransmissions", "tcp.retransmission"],
        "tcp.analysis.retransmission",
    ),
    (&["rtt", "tcp.rtt"], "tcp.analysis.ack_rtt"),
    (&["tcp.data", "payload"], "tcp.payload"),
    (&["http.method", "method"], "http.request.method"),
    (
        &["http.url", "http.uri", "http.path", "url"],
        "http.request.uri",
    ),
    (
        &[
            "http.status",
            "http.code",
            "http.status_code",
            "status",
            "http.response.status",
        ],
        "http.response.code",
    ),
    (
        &["http.useragent", "http.agent", "user_agent"],
        "http.user_agent",
    ),
    (
        &["http.body", "http.data", "http.content"],
        "http.file_data",
    ),
    (&["http.type"], "http.content_type"),
    (
        &[
            "dns.name",
            "dns.query",
            "dns.question",
            "dns.host",
            "domain",
        ],
        "dns.qry.name",
    ),
    (&["dns.type"], "dns.qry.type"),
    (
        &["dns.answer", "dns.address", "dns.ip", "dns.response"],
        "dns.a",
    ),
    (&["dns.rcode", "dns.error"], "dns.flags.rcode"),
    (
        &["sni", "tls.sni", "tls.server_name", "tls.host"],
        "tls.handshake.extensions_server_name",
    ),
    (&["tls.version"], "tls.handshake.version"),
    (
        &["tls.cipher", "tls.ciphersuite"],
        "tls.handshake.ciphersuite",
    ),
    (
        &["dhcp.type", "dhcp.message", "dhcp.message_type"],
        "dhcp.option.dhcp",
    ),
    (&["dhcp.xid", "dhcp.transaction_id"], "dhcp.id"),
    (&["dhcp.hostname"], "dhcp.option.hostname"),
    (&["dhcp.router", "dhcp.gateway"], "dhcp.option.router"),
    (&["dhcp.server"], "dhcp.option.dhcp_server_id"),
    (
        &["dhcp.lease", "dhcp.lease_time"],
        "dhcp.option.ip_address_lease_time",
    ),
    (&["ping"], "icmp.type"),
    (
        &["arp.ip", "arp.sender", "arp.source"],
        "arp.src.proto_ipv4",
    ),
    (&["arp.target", "arp.destination"], "arp.dst.proto_ipv4"),
    (&["arp.mac"], "arp.src.hw_mac"),
    (&["arp.op", "arp.type"], "arp.opcode"),
    (
        &[
            "frame.length",
            "frame.size",
            "length",
            "len",
            "size",
            "packet.len",
        ],
        "frame.len",
    ),
    (
        &["time", "timestamp", "frame.timestamp"],
        "frame.time_relative",
    ),
    (
        &["number", "frame", "packet", "packet.number", "no"],
        "frame.number",
    ),
    (&["vlan", "vlan.vid", "vlan.tag"], "vlan.id"),
    (&["stream", "connection"], "tcp.stream"),
    (&["info"], "_ws.col.info"),
    (&["protocol"], "_ws.col.protocol"),
];

/// The field that a name means by its words, if the catalogue has it.
pub(super) fn by_meaning(name: &str, catalogue: &Catalogue) -> Option<&'static str> {
    let wanted = name.to_ascii_lowercase().replace('-', "_");
    let row = MEANINGS
        .iter()
        .find(|row| row.0.contains(&wanted.as_str()))?;
    catalogue.find(row.1).map(|_| row.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Filter;

    fn hint(text: &str) -> String {
        let error = Filter::parse(text, Catalogue::frames()).expect_err("no filter");
        error.hint.unwrap_or_default()
    }

    #[test]
    fn capture_filters_are_translated() {
        let cases = [
            ("host 10.0.0.1", "ip.addr == 10.0.0.1"),
            ("port 80", "(tcp.port == 80 or udp.port == 80)"),
            ("tcp dst port 80", "tcp.dstport == 80"),
            (
                "src host 10.0.0.1 and not udp port 53",
                "ip.src == 10.0.0.1 and not udp.port == 53",
            ),
            ("dst 10.0.0.1", "ip.dst == 10.0.0.1"),
            ("net 10.0.0.0/8", "ip.addr == 10.0.0.0/8"),
            ("tcp portrange 80-90", "tcp.port in {80..90}"),
            (
                "ether host 02:00:00:00:00:01",
                "eth.addr == 02:00:00:00:00:01",
            ),
        ];
        for (text, filter) in cases {
            let hint = hint(text);
            assert!(hint.ends_with(&format!(": {filter}")), "{text}: {hint}");
            let filter = Filter::parse(filter, Catalogue::frames());
            assert!(filter.is_ok(), "{text}");
        }
        assert_eq!(from_capture_filter("tcp and udp"), None);
        assert_eq!(from_capture_filter("tcp.port == 80"), None);
    }

    #[test]
    fn common_slips_are_named() {
        let cases = [
            ("frame.len => 100", "`>=`"),
            ("frame.len =< 100", "`<=`"),
            ("tcp.port in {80-443}", "{80..443}"),
            ("tcp.port == 80 or 443", "tcp.port == 443"),
            ("ip.addr == 10.0.0.0/33", "32 at most"),
            ("tcp.port in {80 443}", "{80, 443}"),
            ("ip.source == 10.0.0.1", "`ip.src`"),
            ("http.status == 404", "`http.response.code`"),
        ];
        for (text, wanted) in cases {
            let hint = hint(text);
            assert!(hint.contains(wanted), "{text}: {hint}");
        }
    }
}
