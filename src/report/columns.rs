//! The columns of the tables for people: few enough for 80 characters, always with frames. The
//! moment ([`super::WHEN`]) is left out where there is no room for it.

mod dns;
mod icmp;

use super::{Clock, Times, tcp};
use crate::facts::arp::{Arp, ArpKind, Neighbour};
use crate::facts::capture::{Capture, Traffic};
use crate::facts::dhcp::{DhcpMessage, Lease};
use crate::facts::dns::{Lookup, Record as DnsRecord};
use crate::facts::http::{Exchange, Lost, Unasked};
use crate::facts::icmp::{IcmpError, Ping, TraceProbe};
use crate::facts::ip::{Fragment, Fragmented, Hop, Host};
use crate::facts::situation::Situation;
use crate::facts::tcp::{Connection, Roles, Segment, ZeekRecord};
use crate::facts::tls::Hello;
use crate::facts::udp::{Datagram, Flow, FlowRoles};
use crate::facts::{Fact, Mac, Milliseconds, Moment, Record, Side};
use std::net::IpAddr;

/// How one cell of a table is made; the text still has to pass `render`'s gate.
pub type Cell = fn(&dyn Record, &Times) -> String;

/// Headings and cells of a kind of fact.
pub type Columns = &'static [(&'static str, Cell)];

/// Columns of a kind of fact, each cell made from a fact and the way to tell times.
macro_rules! columns {
    ($kind:ty; $(($heading:literal, |$fact:ident, $times:pat_param| $cell:expr),)*) => {
        &[$(($heading, |record, times| {
            let Some($fact) = record.as_any().downcast_ref::<$kind>() else {
                return String::new();
            };
            let $times: &Times = times;
            $cell
        }),)*]
    };
}
use columns;

/// The columns of a section.
pub fn of(section: &str) -> Columns {
    match section {
        Capture::SECTION => CAPTURE,
        Situation::SECTION => SITUATIONS,
        Connection::SECTION => CONNECTIONS,
        Segment::SECTION => SEGMENTS,
        ZeekRecord::SECTION => ZEEK_RECORDS,
        Flow::SECTION => FLOWS,
        Datagram::SECTION => DATAGRAMS,
        Fragmented::SECTION => FRAGMENTED,
        Fragment::SECTION => FRAGMENTS,
        Lease::SECTION => LEASES,
        DhcpMessage::SECTION => DHCP_MESSAGES,
        Arp::SECTION => ARP,
        Neighbour::SECTION => NEIGHBOURS,
        Hop::SECTION => HOPS,
        Host::SECTION => HOSTS,
        Ping::SECTION => icmp::PINGS,
        TraceProbe::SECTION => icmp::TRACES,
        IcmpError::SECTION => icmp::ICMP_ERRORS,
        Lookup::SECTION => dns::LOOKUPS,
        DnsRecord::SECTION => dns::RECORDS,
        Exchange::SECTION => EXCHANGES,
        Hello::SECTION => HELLOS,
        Traffic::SECTION => TRAFFIC,
        _ => &[],
    }
}

/// An address with its port.
fn end(address: IpAddr, port: u16) -> String {
    match address {
        IpAddr::V4(a) => format!("{a}:{port}"),
        IpAddr::V6(a) => format!("[{a}]:{port}"),
    }
}

/// An optional value, or a dash.
pub(super) fn or_dash<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |v| v.to_string())
}

/// A span with a unit that suits it.
pub(super) fn span(value: Option<Milliseconds>) -> String {
    value.map_or_else(
        || "-".to_owned(),
        |ms| match ms.0 {
            v if v.abs() >= 1000.0 => format!("{:.3} s", v / 1000.0),
            v => format!("{v:.3} ms"),
        },
    )
}

/// Frame numbers, the first few of them.
pub(super) fn frames(list: &[u32], times: &Times) -> String {
    let most = if times.whole { usize::MAX } else { 8 };
    let mut text: Vec<String> = list.iter().take(most).map(u32::to_string).collect();
    if list.len() > most {
        text.push("…".to_owned());
    }
    text.join(",")
}

/// A moment as asked for.
pub fn moment(time: Option<Moment>, times: &Times) -> String {
    let Some(Moment(ns)) = time else {
        return "-".to_owned();
    };
    match times.clock {
        Clock::Relative => {
            let relative = i128::from(ns) - i128::from(times.start);
            let sign = if relative < 0 { "-" } else { "" };
            let ns = relative.unsigned_abs();
            format!(
                "{sign}{}.{:06}",
                ns / 1_000_000_000,
                ns % 1_000_000_000 / 1000
            )
        }
        Clock::Utc => stamp(ns, jiff::tz::TimeZone::UTC),
        Clock::Local => stamp(ns, jiff::tz::TimeZone::system()),
    }
}

fn stamp(ns: i64, zone: jiff::tz::TimeZone) -> String {
    match jiff::Timestamp::from_nanosecond(i128::from(ns)) {
        Ok(time) => time
            .to_zoned(zone)
            .strftime("%Y-%m-%d %H:%M:%S%.6f %Z")
            .to_string(),
        Err(_) => format!("{ns} ns"),
    }
}

/// A hardware address with its maker, as Wireshark shows it.
pub(super) fn mac(mac: Mac) -> String {
    crate::dissect::vendor::name(mac.0)
}

const CONNECTIONS: Columns = columns![Connection;
    ("#", |c, _| c.stream.to_string()),
    ("at", |c, t| moment(c.start_time, t)),
    ("client", |c, _| {
        end(c.client, c.client_port) + if matches!(c.roles, Roles::Guess | Roles::Answer | Roles::Both) { " ?" } else { "" }
    }),
    ("server", |c, _| end(c.server, c.server_port)),
    ("opened, frames", |c, t| tcp::opened(c, t)),
    ("bytes → ←", |c, _| {
        let told = |bytes: u64, side: Side| match c.one_way {
            Some(captured) if captured != side => "-".to_owned(),
            _ => bytes.to_string(),
        };
        let client = told(c.client_bytes, Side::Client);
        format!("{client} {}", told(c.server_bytes, Side::Server))
    }),
    ("closed, frames", |c, t| tcp::closed(c, t)),
    ("noticed", |c, t| tcp::trouble(c, t)),
];

/// Of an answer that the capture does not have; there may have been one.
const NONE_HERE: &str = "none captured";

/// Of what is in the capture, where it cannot be told to which of several rows it belongs.
const UNCLEAR: &str = "unclear";

const DATAGRAMS: Columns = columns![Datagram;
    ("frame", |d, _| d.frame.to_string()),
    ("at", |d, t| moment(d.time, t)),
    ("from", |d, _| end(d.source, d.source_port)),
    ("to", |d, _| end(d.destination, d.destination_port)),
    ("payload", |d, _| d.payload_bytes.to_string()),
    ("answered", |d, _| {
        if d.answers_elsewhere {
            return "-".to_owned();
        }
        match (d.sender, d.reply_frame, d.error_frame, d.answers_frame) {
            (Side::Client, Some(frame), ..) if d.answer_shared || d.sender_guessed => {
                format!("perhaps in {frame}")
            }
            (Side::Client, Some(frame), ..) => {
                format!("in {frame} after {}", span(d.answer_time_ms))
            }
            (_, _, Some(frame), _) if d.error_shared => format!("perhaps ICMP error {frame}"),
            (_, _, Some(frame), _) => format!("ICMP error {frame}"),
            (Side::Server, _, _, Some(asked)) if d.sender_guessed => {
                format!("perhaps answers {asked}")
            }
            (Side::Server, _, _, Some(asked)) => format!("answers {asked}"),
            (Side::Server, ..) => "-".to_owned(),
            _ if d.error_shared => UNCLEAR.to_owned(),
            _ => NONE_HERE.to_owned(),
        }
    }),
    ("copy of", |d, _| d.copy_of_frame.map_or_else(String::new, |f| f.to_string())),
    ("cut?", |d, _| cut(d)),
];

fn cut(d: &Datagram) -> String {
    let mut words = Vec::new();
    if d.cut_by_snapshot {
        words.push(format!(
            "{} of {} captured (snapshot length)",
            d.captured_bytes, d.payload_bytes
        ));
    }
    if d.fragments > 1 {
        words.push(format!("{} IP fragments, whole", d.fragments));
    }
    if let Some(text) = &d.length_mismatch {
        words.push(text.clone());
    }
    if let Some(lost @ 1..) = d.cut_by_receiver_bytes {
        words.push(format!("receiver's buffer drops {lost}"));
    }
    words.join("; ")
}

const FLOWS: Columns = columns![Flow;
    ("#", |f, _| f.stream.to_string()),
    ("at", |f, t| moment(f.start_time, t)),
    ("client", |f, _| {
        let client = end(f.client, f.client_port);
        match f.roles {
            guess if guess.is_guess() => client + " ?",
            FlowRoles::Everybody => client + " (everybody)",
            _ => client,
        }
    }),
    ("server", |f, _| end(f.server, f.server_port)),
    ("frame", |f, _| f.first_frame.to_string()),
    ("count → ←", |f, _| {
        format!("{} {}", f.client_datagrams, f.server_datagrams)
    }),
    ("bytes → ←", |f, _| {
        format!("{} {}", f.client_bytes, f.server_bytes)
    }),
    ("copies", |f, _| match f.copied_datagrams {
        0 => String::new(),
        copies => copies.to_string(),
    }),
    ("answered", |f, _| match f.error_frame {
        Some(frame) => format!("{} (ICMP {frame})", f.answered),
        None => f.answered.to_string(),
    }),
];

const HOSTS: Columns = columns![Host;
    ("address", |h, _| h.address.to_string()),
    ("frame", |h, _| h.first_frame.to_string()),
    ("sent", |h, _| h.frames_sent.to_string()),
    ("received", |h, _| h.frames_received.to_string()),
    ("TTL", |h, _| h.ttls.clone()),
    ("initial", |h, _| or_dash(h.likely_initial_ttl)),
    ("hops", |h, _| or_dash(h.hops)),
    ("fragments", |h, _| h.fragments.to_string()),
];

const ARP: Columns = columns![Arp;
    ("frame", |a, _| a.frame.to_string()),
    ("at", |a, t| moment(a.time, t)),
    ("kind", |a, _| a.kind.to_string()),
    ("sender", |a, _| {
        format!("{} {}", a.sender, mac(a.sender_mac))
    }),
    ("asks for", |a, _| a.asked.to_string()),
    ("reply in", |a, _| or_dash(a.reply_frame)),
    ("answer", |a, _| {
        a.reply_mac.map_or_else(
            || {
                if a.kind == ArpKind::Request {
                    NONE_HERE.to_owned()
                } else {
                    "-".to_owned()
                }
            },
            mac,
        )
    }),
    ("conflict in", |a, _| {
        a.conflict_frame.map_or_else(String::new, |f| f.to_string())
    }),
];

const NEIGHBOURS: Columns = columns![Neighbour;
    ("address", |n, _| n.address.to_string()),
    ("hardware address", |n, _| {
        match (n.mac.to_string(), mac(n.mac)) {
            (plain, named) if plain == named => plain,
            (plain, named) => format!("{plain} ({named})"),
        }
    }),
    ("VLAN", |n, _| n.vlan.map_or_else(String::new, |v| v.to_string())),
    ("frame", |n, _| n.frame.to_string()),
    ("conflict", |n, _| {
        if n.conflict {
            "claimed by several".to_owned()
        } else {
            String::new()
        }
    }),
];

const HOPS: Columns = columns![Hop;
    ("from", |h, _| h.source.to_string()),
    ("to", |h, _| h.destination.to_string()),
    ("sent to", |h, _| mac(h.mac)),
    ("whose", |h, _| match h.router {
        Some(router) => format!("{} {router}", h.belongs_to),
        None => h.belongs_to.to_string(),
    }),
    ("because", |h, _| h.reason.clone()),
    ("frame", |h, _| h.first_frame.to_string()),
];

/// Captured text, lossy; `render` makes it harmless.
fn text(bytes: Option<&Vec<u8>>) -> String {
    bytes.map_or_else(
        || "-".to_owned(),
        |b| String::from_utf8_lossy(b).into_owned(),
    )
}

/// What was asked for; a whole URI has the host in it.
fn requested(e: &Exchange) -> String {
    let (method, host, uri) = (&e.method, &e.host, &e.uri);
    let [method, host, uri] = [method, host, uri].map(|part| text(part.as_ref()));
    match !uri.starts_with('/') && uri.contains(&host) {
        true => format!("{method} {}", brief(&uri)),
        false => format!("{method} {host} {}", brief(&uri)),
    }
}

/// As much of a long text as a table has room for; the other formats have all of it.
fn brief(text: &str) -> String {
    const MOST: usize = 72;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

const EXCHANGES: Columns = columns![Exchange;
    ("stream", |e, _| e.stream.to_string()),
    ("request in", |e, _| match (e.request_frame, e.request_last_frame) {
        (Some(first), Some(last)) if last != first => format!("{first}-{last}"),
        (first, _) => or_dash(first),
    }),
    ("at", |e, t| moment(e.request_time, t)),
    ("request", |e, _| match e.request_frame {
        None if e.request_unclear => UNCLEAR.to_owned(),
        None => match e.unasked {
            Some(Unasked::Nothing | Unasked::Answered) => "none sent".to_owned(),
            Some(Unasked::Begun) => "only begun".to_owned(),
            Some(Unasked::Other) => "no HTTP".to_owned(),
            None => NONE_HERE.to_owned(),
        },
        Some(_) => requested(e),
    }),
    ("answer in", |e, _| or_dash(e.response_frame)),
    ("status", |e, _| match (e.status, &e.location) {
        (None, _) => match e.response_lost {
            Some(Lost::Never) => "none sent".to_owned(),
            Some(Lost::Unclear) => UNCLEAR.to_owned(),
            Some(Lost::Before) => "before it, or missing".to_owned(),
            Some(Lost::Missing) => "not whole here".to_owned(),
            None => NONE_HERE.to_owned(),
        },
        (Some(code), Some(to)) => format!(
            "{code} {} → {}",
            text(e.phrase.as_ref()),
            brief(&String::from_utf8_lossy(to))
        ),
        (Some(code), None) => format!("{code} {}", text(e.phrase.as_ref())),
    }),
    ("body", |e, _| match (e.status, e.response_body_bytes, e.response_part_bytes) {
        (None, ..) => "-".to_owned(),
        (_, Some(bytes), _) => format!("{bytes} bytes"),
        (_, None, Some(part)) => match e.content_length {
            Some(length) => format!("{part} of {length} sent"),
            None => format!("{part} sent, not all"),
        },
        (_, None, None) => "not whole".to_owned(),
    }),
    ("took", |e, _| span(e.time_ms)),
];

const LEASES: Columns = columns![Lease;
    ("xid", |l, _| format!("0x{:08x}", l.xid)),
    ("at", |l, t| moment(l.start_time, t)),
    ("client", |l, _| {
        l.client_mac.map_or_else(|| "-".to_owned(), mac)
    }),
    ("messages, frames", |l, _| l.messages.join(", ")),
    ("address", |l, _| leased(l)),
    ("told", |l, _| {
        let parts = [
            ("server", l.server.map(|a| match l.earlier_server {
                Some(before) => format!("{a} (before: {before})"),
                None => a.to_string(),
            })),
            ("mask", l.subnet_mask.map(|a| a.to_string())),
            ("router", l.router.map(|a| a.to_string())),
            ("DNS", l.dns_servers.as_ref().map(|d| addresses(d))),
            ("lease", l.lease_seconds.map(lease)),
        ];
        let told = parts
            .iter()
            .filter_map(|(name, value)| value.as_ref().map(|v| format!("{name} {v}")));
        told.collect::<Vec<_>>().join(", ")
    }),
];

/// What became of the address.
fn leased(l: &Lease) -> String {
    if l.inform_frame.is_some() {
        return match l.own_address.or(l.acknowledged) {
            Some(address) => format!("{address} has its address, asks for the rest"),
            None => "asks for settings only, names no address".to_owned(),
        };
    }
    match (l.acknowledged, l.nak_frame, l.released, l.offered) {
        (Some(address), ..) => given(l, address),
        _ if l.declined.is_some() => match l.obtained_frame {
            Some(frame) => format!("{} declined, given in frame {frame}", or_dash(l.declined)),
            None => format!("{} declined", or_dash(l.declined)),
        },
        (_, Some(_), ..) => match l.requested {
            Some(address) => format!("{address} refused"),
            None => "refused".to_owned(),
        },
        (_, _, Some(address), _) => format!("{address} given back"),
        (.., Some(address)) => match l.obtained_frame {
            Some(frame) => format!("{address} offered, obtained in frame {frame}"),
            None => format!("{address} offered, not acknowledged here"),
        },
        _ => match l.requested {
            Some(address) => format!("{address} asked for, not acknowledged here"),
            None => "none".to_owned(),
        },
    }
}

/// An address that was acknowledged, and what else was said of it.
fn given(l: &Lease, address: IpAddr) -> String {
    let mut told = address.to_string();
    if let Some(asked) = l.requested.filter(|asked| *asked != address) {
        told += &format!(", asked for {asked}");
    }
    if let (Some(nak), Some(ack)) = (l.nak_frame, l.ack_frame) {
        let by = l.nak_server.filter(|server| Some(*server) != l.server);
        let by = by.map_or_else(String::new, |server| format!(" by {server}"));
        told += &format!(", given in frame {ack}, refused{by} in frame {nak}");
    }
    if let Some(frame) = l.decline_frame {
        told += &format!(", declined in frame {frame}");
    }
    told
}

/// A lease time; the largest number stands for infinity (RFC 2131 §3.3).
fn lease(seconds: u32) -> String {
    match seconds {
        u32::MAX => "without end".to_owned(),
        seconds => format!("{seconds} s"),
    }
}

const HELLOS: Columns = columns![Hello;
    ("frame", |h, _| h.frame.to_string()),
    ("stream", |h, _| h.stream.to_string()),
    ("from", |h, _| h.sender.to_string()),
    ("side", |h, _| match h.retry {
        true => "server, asks again".to_owned(),
        false => h.side.to_string(),
    }),
    ("version", |h, _| h.version.clone().unwrap_or_else(|| "cut before".to_owned())),
    ("server name", |h, _| match &h.server_name {
        None if !h.complete && h.side == Side::Client => "cut before".to_owned(),
        name => text(name.as_ref()),
    }),
    ("cipher", |h, _| match (&h.cipher, h.ciphers_offered) {
        (Some(name), _) => name.clone(),
        (None, Some(count)) => format!("{count} offered"),
        (None, None) => "cut before".to_owned(),
    }),
    ("above", |h, _| match &h.application {
        None if !h.complete => "cut before".to_owned(),
        application => or_dash(application.clone()),
    }),
    ("refused with", |h, _| match (&h.alert, h.alert_frame) {
        (Some(alert), Some(frame)) => format!("{frame} {alert}"),
        _ => String::new(),
    }),
];

/// Addresses, one after the other.
fn addresses(list: &[IpAddr]) -> String {
    let list: Vec<String> = list.iter().map(IpAddr::to_string).collect();
    list.join(", ")
}

const CAPTURE: Columns = columns![Capture;
    ("file", |c, _| c.file.clone()),
    ("frames", |c, _| c.frame_count.to_string()),
    ("bytes", |c, _| c.bytes.to_string()),
    ("lasts", |c, _| span(c.duration_ms)),
    ("hosts", |c, _| c.host_count.to_string()),
    ("TCP", |c, _| c.connection_count.to_string()),
    ("UDP", |c, _| c.udp_flow_count.to_string()),
];

const SEGMENTS: Columns = columns![Segment;
    ("frame", |s, _| s.frame.to_string()),
    ("at", |s, t| moment(s.time, t)),
    ("stream", |s, _| s.stream.to_string()),
    ("by", |s, _| s.sender.to_string()),
    ("#", |s, _| s.number.to_string()),
    ("flags", |s, _| s.flags.clone()),
    ("seq", |s, _| s.seq.to_string()),
    ("ack", |s, _| or_dash(s.ack)),
    ("bytes", |s, _| s.length_bytes.to_string()),
    ("acked in", |s, _| or_dash(s.acked_by_frame)),
    ("RTT", |s, _| span(s.rtt_ms)),
    ("estimated", |s, _| span(s.estimated_rtt_ms)),
];

const ZEEK_RECORDS: Columns = columns![ZeekRecord;
    ("stream", |z, _| z.stream.to_string()),
    ("#", |z, _| z.number.to_string()),
    ("conn_state", |z, _| z.conn_state.clone()),
    ("history", |z, _| z.history.clone()),
];

const FRAGMENTED: Columns = columns![Fragmented;
    ("#", |f, _| f.number.to_string()),
    ("from", |f, _| f.source.to_string()),
    ("to", |f, _| f.destination.to_string()),
    ("id", |f, _| format!("0x{:04x}", f.identification)),
    ("fragments", |f, _| f.fragment_count.to_string()),
    ("bytes", |f, _| match (f.length_bytes, f.cut) {
        (None, _) => "-".to_owned(),
        (Some(n), false) => n.to_string(),
        (Some(n), true) => format!("{n}, cut"),
    }),
    ("frames", |f, t| frames(&f.frames, t)),
    ("noticed", |f, _| match (&f.missing, f.conflict, f.overlap) {
        (Some(missing), ..) => format!("not whole: bytes {missing} missing"),
        (None, true, _) => "overlap and disagree".to_owned(),
        (None, false, true) => "overlap or came again, with the same bytes".to_owned(),
        (None, false, false) => String::new(),
    }),
];

const FRAGMENTS: Columns = columns![Fragment;
    ("frame", |f, _| f.frame.to_string()),
    ("datagram", |f, _| f.datagram.to_string()),
    ("id", |f, _| format!("0x{:04x}", f.identification)),
    ("offset", |f, _| f.offset_bytes.to_string()),
    ("bytes", |f, _| f.length_bytes.to_string()),
    ("more follow", |f, _| if f.more { "yes" } else { "no" }.to_owned()),
];

const DHCP_MESSAGES: Columns = columns![DhcpMessage;
    ("frame", |m, _| m.frame.to_string()),
    ("at", |m, t| moment(m.time, t)),
    ("xid", |m, _| format!("0x{:08x}", m.xid)),
    ("message", |m, _| m.kind.clone()),
    ("client", |m, _| m.client_mac.map_or_else(|| "-".to_owned(), mac)),
    ("address", |m, _| or_dash(m.address)),
    ("server", |m, _| or_dash(m.server)),
];

const TRAFFIC: Columns = columns![Traffic;
    ("protocol", |p, _| p.name.to_owned()),
    ("frames", |p, _| p.frame_count.to_string()),
    ("bytes", |p, _| p.bytes.to_string()),
    ("first", |p, _| p.first_frame.to_string()),
];

const SITUATIONS: Columns = columns![Situation;
    ("situation", |s, _| s.kind.to_string()),
    ("what happened", |s, _| s.sentence.to_string()),
    ("frames", |s, t| frames(&s.frames, t)),
];
