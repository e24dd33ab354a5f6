//! Packets written as lines of text, into a capture.
//!
//! `TIME FROM > TO PROTOCOL …`. Hosts: `c`, `d`, `e` (10.0.0.1, .3, .4), `s` (10.0.0.2), `r` (the
//! router 10.0.0.254), `o` (outside, 93.184.216.34, whose frames come from and go to the router's
//! card), `all` (broadcast), `none` (0.0.0.0), or an IPv4 address. A port follows a colon. In IPv6:
//! `c6`, `s6` and so on (fd00::1, …), `o6` (2001:db8::7), `all6` (ff02::1), `none6` (::), or an address
//! in brackets.
//!
//! ```text
//! tcp S seq=1 ack=2 win=3 mss=1460        flags: S A F R P; payload: len=N or "text" or hex=00ff
//!     wscale=7 (on a SYN, with SACK permitted)  sack=100-200,300-400  ts=5 (time stamp)
//! udp len=N | "text"
//! dns query id=1 name=a.b | dns response id=1 name=a.b a=1.2.3.4,5.6.7.8 (or of IPv6) rcode=0 cut=1
//! dhcp discover|offer|request|decline|ack|nak|release|inform|query|active|bootrequest|bootreply xid=1 your= server= asks= client= mask= router= dns= lease= relay=
//! icmp echo|reply id=1 seq=1 | icmp unreachable code=3 about=FRAME | icmp exceeded code=0 about=FRAME | icmp quench about=FRAME (no about: nothing is quoted)
//! icmp redirect via=ADDRESS about=FRAME | icmp toobig about=FRAME mtu=1280 (IPv6) | quote=48 (bytes that an error quotes)
//! nd asks ADDRESS | nd says ADDRESS | nd router | nd solicits | nd redirects ADDRESS via=ADDRESS   (IPv6's neighbour discovery; says= another card)
//! ip proto=17 at=24 more=1 hex=00ff         a piece of a datagram, from its byte 24 on
//! eth type=34958 hex=00ff                   a frame of another protocol
//! arp request ADDRESS | arp reply
//! ```
//!
//! Without `seq=` and `ack=` a segment goes on where its side is. A line that begins with `*12` stands
//! for twelve, with `##` in it counting from 10.
//!
//! Everywhere: `vlan=10` (a tag), `ttl=`, `ipid=`, `smac=`, `dmac=` (last byte of the card's address), `cap=` (bytes
//! of the frame that were kept).

use etherparse::{
    Icmpv4Type, Icmpv6Type, IpHeaders, IpNumber, Ipv4Extensions, Ipv4Header, Ipv6Extensions,
    Ipv6FragmentHeader, Ipv6Header, PacketBuilder, PacketBuilderStep, TcpOptionElement,
};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

struct Line<'t> {
    words: Vec<&'t str>,
    values: HashMap<&'t str, &'t str>,
    text: Option<&'t str>,
}

impl Line<'_> {
    fn number<T: std::str::FromStr>(&self, key: &str, usual: T) -> T {
        let value = self.values.get(key);
        value.map_or(usual, |v| {
            v.parse().ok().unwrap_or_else(|| panic!("{key}={v}"))
        })
    }

    fn address(&self, key: &str) -> Option<Ipv4Addr> {
        self.values.get(key).map(|name| v4(host(name).0))
    }

    fn payload(&self) -> Vec<u8> {
        if let Some(digits) = self.values.get("hex") {
            let pairs = digits.as_bytes().chunks(2);
            let digit = |d: u8| char::from(d).to_digit(16).expect("a hexadecimal digit");
            let byte = |p: &[u8]| u8::try_from(digit(p[0]) * 16 + digit(p[1])).expect("a byte");
            return pairs.map(byte).collect();
        }
        match self.text {
            Some(text) => text.replace("\\r\\n", "\r\n").into_bytes(),
            None => vec![b'x'; self.number("len", 0)],
        }
    }
}

/// The address of a host, and the last byte of its card's.
fn host(name: &str) -> (IpAddr, u8) {
    let of_six = |last: u8| IpAddr::from([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    match name {
        "c" => ([10, 0, 0, 1].into(), 1),
        "s" => ([10, 0, 0, 2].into(), 2),
        "d" => ([10, 0, 0, 3].into(), 3),
        "e" => ([10, 0, 0, 4].into(), 4),
        "r" => ([10, 0, 0, 254].into(), 254),
        "o" => ([93, 184, 216, 34].into(), 254),
        "all" => (Ipv4Addr::BROADCAST.into(), 255),
        "none" => (Ipv4Addr::UNSPECIFIED.into(), 1),
        "c6" => (of_six(1), 1),
        "s6" => (of_six(2), 2),
        "d6" => (of_six(3), 3),
        "e6" => (of_six(4), 4),
        "r6" => (of_six(254), 254),
        "o6" => ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 7].into(), 254),
        "all6" => ([0xff02, 0, 0, 0, 0, 0, 0, 1].into(), 255),
        "none6" => (Ipv6Addr::UNSPECIFIED.into(), 1),
        address => {
            let address = address.trim_matches(['[', ']']);
            let address: IpAddr = address.parse().unwrap_or_else(|_| panic!("host {address}"));
            let (local, last) = match address {
                IpAddr::V4(a) => (a.octets()[..3] == [10, 0, 0], a.octets()[3]),
                IpAddr::V6(a) => (matches!(a.octets()[0], 0xfd..=0xff), a.octets()[15]),
            };
            (address, if local { last } else { 254 })
        }
    }
}

fn v4(address: IpAddr) -> Ipv4Addr {
    match address {
        IpAddr::V4(address) => address,
        IpAddr::V6(address) => panic!("{address} is no address of IPv4"),
    }
}

/// The name of an end, and its port.
fn end(text: &str) -> (&str, u16) {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => return (text, 0),
    };
    (name, port.parse().expect("a port"))
}

/// The header of IP, with that of a piece where it is one.
fn internet(line: &Line<'_>, from: IpAddr, to: IpAddr, count: usize) -> Option<IpHeaders> {
    let count = u16::try_from(count % 60_000).expect("it is small");
    let (id, at): (u16, u16) = (line.number("ipid", 1000 + count), line.number("at", 0));
    let (offset, more) = ((at / 8).try_into().ok()?, line.values.contains_key("more"));
    let ttl = |usual| line.number("ttl", usual);
    Some(match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let mut header =
                Ipv4Header::new(0, ttl(64), IpNumber(0), from.octets(), to.octets()).ok()?;
            header.identification = id;
            header.fragment_offset = offset;
            header.more_fragments = more;
            IpHeaders::Ipv4(header, Ipv4Extensions::default())
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let header = Ipv6Header {
                hop_limit: ttl(if line.words[4] == "nd" { 255 } else { 64 }),
                source: from.octets(),
                destination: to.octets(),
                ..Ipv6Header::default()
            };
            let piece = Ipv6FragmentHeader::new(IpNumber(0), offset, more, id.into());
            let extensions = Ipv6Extensions {
                fragment: (at > 0 || more).then_some(piece),
                ..Ipv6Extensions::default()
            };
            IpHeaders::Ipv6(header, extensions)
        }
        _ => return None,
    })
}

fn mac(last: u8) -> [u8; 6] {
    if last == 255 {
        [255; 6]
    } else {
        [2, 0, 0, 0, 0, last]
    }
}

/// The capture that a scenario's packets make.
pub(crate) fn capture(text: &str) -> Result<Vec<u8>, String> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
    file.extend([0; 8]);
    file.extend(262_144u32.to_le_bytes());
    file.extend(1u32.to_le_bytes());
    let mut frames: Vec<Vec<u8>> = Vec::new();
    let mut sent = Sent::new();
    for (number, line) in text.lines().enumerate().flat_map(repeated) {
        let line = line.as_str();
        if !line.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let (time, frame) =
            packet(line, &frames, &mut sent).ok_or(format!("line {}: {line}", number + 1))?;
        let length = u32::try_from(frame.len()).expect("frames are short");
        let cap = line.split_whitespace().find_map(|w| w.strip_prefix("cap="));
        let kept: usize = cap.map_or(frame.len(), |cap| cap.parse().expect("a number of bytes"));
        let kept = kept.min(frame.len());
        let captured = u32::try_from(kept).expect("frames are short");
        let micros = (time * 1e6).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a test's time"
        )]
        let (seconds, micros) = ((micros / 1e6) as u32, (micros % 1e6) as u32);
        for field in [1_700_000_000 + seconds, micros, captured, length] {
            file.extend(field.to_le_bytes());
        }
        file.extend(&frame[..kept]);
        frames.push(frame);
    }
    Ok(file)
}

/// What each end of a connection sends next, by the two ends.
type Sent = HashMap<(String, String), u32>;

/// The lines that a line stands for.
fn repeated((number, line): (usize, &str)) -> Vec<(usize, String)> {
    let line = line.trim();
    let Some((count, rest)) = line.strip_prefix('*').and_then(|l| l.split_once(' ')) else {
        return vec![(number, line.to_owned())];
    };
    let count: usize = count.parse().expect("how many");
    let lines = (10..10 + count).map(|at| (number, rest.replace("##", &at.to_string())));
    lines.collect()
}

fn packet(text: &str, frames: &[Vec<u8>], sent: &mut Sent) -> Option<(f64, Vec<u8>)> {
    let (time, mut out) = untagged(text, frames, sent)?;
    if let Some((_, vlan)) = text.split_once(" vlan=") {
        let digits = vlan.split_whitespace().next()?;
        let [high, low] = digits.parse::<u16>().ok()?.to_be_bytes();
        out.splice(12..12, [0x81, 0, high, low]);
    }
    Some((time, out))
}

fn untagged(text: &str, frames: &[Vec<u8>], sent: &mut Sent) -> Option<(f64, Vec<u8>)> {
    let (head, quoted, tail) = match text.split_once('"') {
        Some((head, rest)) => {
            let (quoted, tail) = rest.rsplit_once('"')?;
            (head, Some(quoted), tail)
        }
        None => (text, None, ""),
    };
    let mut line = Line {
        words: Vec::new(),
        values: HashMap::new(),
        text: quoted,
    };
    for word in head.split_whitespace().chain(tail.split_whitespace()) {
        match word.split_once('=') {
            Some((key, value)) => {
                line.values.insert(key, value);
            }
            None => line.words.push(word),
        }
    }
    let [time, from, ">", to, protocol, rest @ ..] = line.words.as_slice() else {
        return None;
    };
    let ((source_name, source_port), (destination_name, destination_port)) = (end(from), end(to));
    let (source, own) = host(source_name);
    let (destination, other) = host(destination_name);
    let smac = mac(line.number("smac", own));
    let dmac = mac(line.number("dmac", other));
    let time = time.parse().ok()?;
    if *protocol == "arp" {
        return Some((
            time,
            arp(&line, rest, v4(source), v4(destination), smac, dmac)?,
        ));
    }
    if *protocol == "eth" {
        let kind: u16 = line.number("type", 0);
        return Some((
            time,
            [&dmac[..], &smac, &kind.to_be_bytes(), &line.payload()].concat(),
        ));
    }
    let headers = internet(&line, source, destination, frames.len())?;
    let builder = PacketBuilder::ethernet2(smac, dmac).ip(headers);
    let mut out = Vec::new();
    let payload = match *protocol {
        "tcp" => {
            let flags = rest.first().copied().unwrap_or("A");
            let payload = line.payload();
            let ends = ((*from).to_owned(), (*to).to_owned());
            let next = |ends: &(String, String)| sent.get(ends).copied().unwrap_or(0);
            let seq: u32 = line.number("seq", next(&ends));
            let ack = line.number("ack", next(&(ends.1.clone(), ends.0.clone())));
            let phantom = u32::from(flags.contains(['S', 'F']));
            let length = u32::try_from(payload.len()).expect("a short payload");
            sent.insert(ends, seq.wrapping_add(length + phantom));
            let mut tcp = builder.tcp(
                source_port,
                destination_port,
                seq,
                line.number("win", 64_000),
            );
            for flag in flags.chars() {
                tcp = match flag {
                    'S' => tcp.syn(),
                    'A' => tcp.ack(ack),
                    'F' => tcp.fin(),
                    'R' => tcp.rst(),
                    'P' => tcp.psh(),
                    _ => return None,
                };
            }
            let options = options(&line, flags.contains('S'));
            if !options.is_empty() {
                tcp = tcp.options(&options).ok()?;
            }
            tcp.write(&mut out, &payload).ok()?;
            return Some((time, out));
        }
        "ip" => {
            let protocol = IpNumber(line.number("proto", 17));
            builder.write(&mut out, protocol, &line.payload()).ok()?;
            return Some((time, out));
        }
        "udp" => line.payload(),
        "dns" => dns(&line, rest)?,
        "dhcp" => dhcp(&line, rest, smac)?,
        "icmp" if source.is_ipv4() => {
            icmp(builder, &line, rest, frames, &mut out)?;
            return Some((time, out));
        }
        "icmp" => {
            icmp6(builder, &line, rest, frames, &mut out)?;
            return Some((time, out));
        }
        "nd" => {
            let (kind, bytes5to8, payload) = discovery(&line, rest, smac)?;
            let kind = Icmpv6Type::Unknown {
                type_u8: kind,
                code_u8: 0,
                bytes5to8,
            };
            builder.icmpv6(kind).write(&mut out, &payload).ok()?;
            return Some((time, out));
        }
        _ => return None,
    };
    builder
        .udp(source_port, destination_port)
        .write(&mut out, &payload)
        .ok()?;
    Some((time, out))
}

fn options(line: &Line<'_>, syn: bool) -> Vec<TcpOptionElement> {
    let mut options = Vec::new();
    if syn {
        options.push(TcpOptionElement::MaximumSegmentSize(
            line.number("mss", 1460),
        ));
    }
    if line.values.contains_key("wscale") {
        options.push(TcpOptionElement::SelectiveAcknowledgementPermitted);
        options.push(TcpOptionElement::Noop);
        options.push(TcpOptionElement::WindowScale(line.number("wscale", 0)));
    }
    if line.values.contains_key("ts") {
        options.push(TcpOptionElement::Noop);
        options.push(TcpOptionElement::Noop);
        options.push(TcpOptionElement::Timestamp(line.number("ts", 0), 1));
    }
    if let Some(blocks) = line.values.get("sack") {
        let number = |text: &str| text.parse().expect("a sequence number");
        let mut blocks = blocks.split(',').map(|block| {
            let (left, right) = block.split_once('-').expect("a block has two edges");
            (number(left), number(right))
        });
        let first = blocks.next().expect("a block");
        let others = [blocks.next(), blocks.next(), blocks.next()];
        options.push(TcpOptionElement::SelectiveAcknowledgement(first, others));
    }
    options
}

fn arp(
    line: &Line<'_>,
    rest: &[&str],
    source: Ipv4Addr,
    destination: Ipv4Addr,
    smac: [u8; 6],
    dmac: [u8; 6],
) -> Option<Vec<u8>> {
    let (opcode, target, target_mac) = match rest {
        ["request", asked] => (1u8, v4(host(asked).0), [0; 6]),
        ["reply"] => (2, destination, dmac),
        _ => return None,
    };
    let said = mac(line.number("says", smac[5]));
    let mut frame = [
        &dmac[..],
        &smac,
        &[8, 6, 0, 1, 8, 0, 6, 4, 0, opcode],
        &said,
    ]
    .concat();
    frame.extend(source.octets());
    frame.extend(target_mac);
    frame.extend(target.octets());
    Some(frame)
}

fn icmp(
    builder: PacketBuilderStep<IpHeaders>,
    line: &Line<'_>,
    rest: &[&str],
    frames: &[Vec<u8>],
    out: &mut Vec<u8>,
) -> Option<()> {
    let (id, seq) = (line.number("id", 1), line.number("seq", 1));
    let error = |kind: u8, code: u8| {
        // The header of IP and eight bytes (RFC 792), or more of it, or nothing.
        let quoted = match line.number("about", 0) {
            0 => Vec::new(),
            about => {
                let quoted = frames.get(about - 1)?.get(14..)?;
                let most = line.number("quote", 28);
                quoted.get(..quoted.len().min(most))?.to_vec()
            }
        };
        Some((
            Icmpv4Type::Unknown {
                type_u8: kind,
                code_u8: code,
                bytes5to8: line.number("mtu", 0u32).to_be_bytes(),
            },
            quoted,
        ))
    };
    match rest.first().copied()? {
        "echo" => builder
            .icmpv4_echo_request(id, seq)
            .write(out, &line.payload())
            .ok(),
        "reply" => builder
            .icmpv4_echo_reply(id, seq)
            .write(out, &line.payload())
            .ok(),
        "unreachable" => {
            let (kind, quoted) = error(3, line.number("code", 3))?;
            builder.icmpv4(kind).write(out, &quoted).ok()
        }
        "quench" => {
            let (kind, quoted) = error(4, 0)?;
            builder.icmpv4(kind).write(out, &quoted).ok()
        }
        "exceeded" => {
            let (kind, quoted) = error(11, line.number("code", 0))?;
            builder.icmpv4(kind).write(out, &quoted).ok()
        }
        "redirect" => {
            let (kind, quoted) = error(5, 1)?;
            let Icmpv4Type::Unknown {
                type_u8, code_u8, ..
            } = kind
            else {
                return None;
            };
            let kind = Icmpv4Type::Unknown {
                type_u8,
                code_u8,
                bytes5to8: line.address("via")?.octets(),
            };
            builder.icmpv4(kind).write(out, &quoted).ok()
        }
        _ => None,
    }
}

fn icmp6(
    builder: PacketBuilderStep<IpHeaders>,
    line: &Line<'_>,
    rest: &[&str],
    frames: &[Vec<u8>],
    out: &mut Vec<u8>,
) -> Option<()> {
    let (id, seq) = (line.number("id", 1), line.number("seq", 1));
    let error = |kind: u8, code: u8| {
        // The header of IP and eight bytes, or nothing: more is allowed (RFC 4443 §3.1).
        let quoted = match line.number("about", 0) {
            0 => Vec::new(),
            about => {
                let quoted = frames.get(about - 1)?.get(14..)?;
                quoted.get(..line.number("quote", 48))?.to_vec()
            }
        };
        let kind = Icmpv6Type::Unknown {
            type_u8: kind,
            code_u8: code,
            bytes5to8: line.number("mtu", 0u32).to_be_bytes(),
        };
        Some((kind, quoted))
    };
    match rest.first().copied()? {
        "echo" => builder
            .icmpv6_echo_request(id, seq)
            .write(out, &line.payload())
            .ok(),
        "reply" => builder
            .icmpv6_echo_reply(id, seq)
            .write(out, &line.payload())
            .ok(),
        "unreachable" => {
            let (kind, quoted) = error(1, line.number("code", 4))?;
            builder.icmpv6(kind).write(out, &quoted).ok()
        }
        "exceeded" => {
            let (kind, quoted) = error(3, 0)?;
            builder.icmpv6(kind).write(out, &quoted).ok()
        }
        "toobig" => {
            let (kind, quoted) = error(2, 0)?;
            builder.icmpv6(kind).write(out, &quoted).ok()
        }
        _ => None,
    }
}

/// A message of neighbour discovery (RFC 4861 §4): type, flags, and what follows.
fn discovery(line: &Line<'_>, rest: &[&str], smac: [u8; 6]) -> Option<(u8, [u8; 4], Vec<u8>)> {
    let target = |name: &str| match host(name).0 {
        IpAddr::V6(address) => Some(address.octets()),
        IpAddr::V4(_) => None,
    };
    let option = |kind: u8| [&[kind, 1][..], &mac(line.number("says", smac[5]))].concat();
    Some(match rest {
        // Who has no address yet does not say its card's.
        ["asks", asked] if line.words[1] == "none6" => (135, [0; 4], target(asked)?.to_vec()),
        ["asks", asked] => (135, [0; 4], [&target(asked)?[..], &option(1)].concat()),
        ["says", own] => (
            136,
            [line.number("flags", 0), 0, 0, 0],
            [&target(own)?[..], &option(2)].concat(),
        ),
        ["redirects", asked] => {
            let via = target(line.values.get("via")?)?;
            (137, [0; 4], [&via[..], &target(asked)?].concat())
        }
        ["solicits"] => (133, [0; 4], option(1)),
        ["router"] => {
            let mtu = [0, 0, 0, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0, 0, 5, 0xdc];
            (134, [0x40, 0, 7, 8], [&mtu[..], &option(1)].concat())
        }
        _ => return None,
    })
}

fn dns(line: &Line<'_>, rest: &[&str]) -> Option<Vec<u8>> {
    let id: u16 = line.number("id", 1);
    let name = line.values.get("name").copied().unwrap_or("a.b");
    let answers: Vec<IpAddr> = line.values.get("a").map_or_else(Vec::new, |names| {
        names.split(',').map(|name| host(name).0).collect()
    });
    let six = answers.iter().any(IpAddr::is_ipv6);
    let response = rest == ["response"];
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend([
        if response { 0x81 } else { 1 }
            | if line.values.contains_key("cut") {
                2
            } else {
                0
            },
        if response { 0x80 } else { 0 } | line.number("rcode", 0),
        0,
        1,
        0,
    ]);
    let count = if response { answers.len() } else { 0 };
    bytes.extend([u8::try_from(count).ok()?, 0, 0, 0, 0]);
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).ok()?);
        bytes.extend(label.as_bytes());
    }
    let kind = if six { 28 } else { line.number("type", 1) };
    bytes.extend([0, 0, kind, 0, 1]);
    for address in answers.into_iter().take(count) {
        let address = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        bytes.extend([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0]);
        bytes.push(u8::try_from(address.len()).ok()?);
        bytes.extend(address);
    }
    Some(bytes)
}

fn dhcp(line: &Line<'_>, rest: &[&str], smac: [u8; 6]) -> Option<Vec<u8>> {
    let kinds = [
        "discover",
        "offer",
        "request",
        "decline",
        "ack",
        "nak",
        "release",
        "inform",
        "force",
        "query",
        "unassigned",
        "unknown",
        "active",
    ];
    // Those of BOOTP have no type.
    let kind = match rest.first().copied()? {
        "bootrequest" | "bootreply" => None,
        name => Some(kinds.iter().position(|k| *k == name)? + 1),
    };
    let server = rest == ["bootreply"] || matches!(kind, Some(2 | 5 | 6 | 9 | 11..));
    let none = Ipv4Addr::UNSPECIFIED;
    let mut bytes = vec![1 + u8::from(server), 1, 6, 0];
    bytes.extend(line.number("xid", 1u32).to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(line.address("client").unwrap_or(none).octets());
    bytes.extend(line.address("your").unwrap_or(none).octets());
    bytes.extend([0; 4]);
    bytes.extend(line.address("relay").unwrap_or(none).octets());
    bytes.extend(mac(line.number("chaddr", if server { 1 } else { smac[5] })));
    bytes.resize(236, 0);
    bytes.extend([99, 130, 83, 99]);
    if let Some(kind) = kind {
        bytes.extend([53, 1, u8::try_from(kind).ok()?]);
    }
    for (key, code) in [
        ("mask", 1u8),
        ("router", 3),
        ("dns", 6),
        ("asks", 50),
        ("server", 54),
    ] {
        if let Some(address) = line.address(key) {
            bytes.extend([code, 4]);
            bytes.extend(address.octets());
        }
    }
    if line.values.contains_key("lease") {
        bytes.extend([51, 4]);
        bytes.extend(line.number("lease", 0u32).to_be_bytes());
    }
    bytes.push(255);
    Some(bytes)
}
