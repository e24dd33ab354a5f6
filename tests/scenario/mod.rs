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
//! dhcp discover|offer|request|decline|ack|nak|release|inform|query|active|bootrequest|bootreply xid=1 your= server= asks= client= mask= router= dns= lease= relay= chaddr= ident=
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
//! of the frame that were kept), `if=2` (the whole capture ran on any interface, and this frame came in at
//! the second; the first is that of others), `missed=1` (it is not in the capture, and counts only for `about=`).

mod headers;
mod icmp;
mod line;
mod messages;

use etherparse::{Icmpv6Type, IpNumber, PacketBuilder};
use headers::{arp, internet, options};
use icmp::{discovery, icmp, icmp6};
use line::{Line, end, host, mac, v4};
use messages::{dhcp, dns};
use std::collections::HashMap;

/// The capture that a scenario's packets make.
pub(crate) fn capture(text: &str) -> Result<Vec<u8>, String> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
    file.extend([0; 8]);
    file.extend(262_144u32.to_le_bytes());
    let cooked = text.lines().any(|line| interface(line).is_some());
    file.extend(if cooked { 276u32 } else { 1 }.to_le_bytes());
    let mut frames: Vec<Vec<u8>> = Vec::new();
    let mut sent = Sent::new();
    for (number, line) in text.lines().enumerate().flat_map(repeated) {
        let line = line.as_str();
        if !line.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let (time, frame) =
            packet(line, &frames, &mut sent).ok_or(format!("line {}: {line}", number + 1))?;
        let bytes = match cooked {
            true => cook(&frame, interface(line).unwrap_or(1)),
            false => frame.clone(),
        };
        let length = u32::try_from(bytes.len()).expect("frames are short");
        let cap = line.split_whitespace().find_map(|w| w.strip_prefix("cap="));
        let kept: usize = cap.map_or(bytes.len(), |cap| cap.parse().expect("a number of bytes"));
        let kept = kept.min(bytes.len());
        let captured = u32::try_from(kept).expect("frames are short");
        let micros = (time * 1e6).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a test's time"
        )]
        let (seconds, micros) = ((micros / 1e6) as u32, (micros % 1e6) as u32);
        if !line.contains(" missed=1") {
            for field in [1_700_000_000 + seconds, micros, captured, length] {
                file.extend(field.to_le_bytes());
            }
            file.extend(&bytes[..kept]);
        }
        frames.push(frame);
    }
    Ok(file)
}

/// What each end of a connection sends next, by the two ends.
type Sent = HashMap<(String, String), u32>;

/// The interface that a line names.
fn interface(line: &str) -> Option<u8> {
    let value = line
        .split_whitespace()
        .find_map(|w| w.strip_prefix("if="))?;
    value.parse().ok()
}

/// A frame of Ethernet as a capture on any interface has it (LINKTYPE_LINUX_SLL2): it came in there.
fn cook(frame: &[u8], interface: u8) -> Vec<u8> {
    let (addresses, kind, rest) = (&frame[6..12], &frame[12..14], &frame[14..]);
    let mut out = [kind, &[0, 0, 0, 0, 0, interface, 0, 1, 0, 6]].concat();
    out.extend(addresses);
    out.extend([0, 0]);
    out.extend(rest);
    out
}

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
