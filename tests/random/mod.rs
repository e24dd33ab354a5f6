//! Scenarios that a number makes: senders, receivers and a network that loses, repeats and
//! reorders, by a rule nobody chose for a rule of ours. What tshark prints of them is kept.

mod mishaps;

use crate::numbers::Random;

/// Makes the packets of a number.
type Make = fn(u64) -> String;

/// What is made, by whom, and how many of it.
pub(crate) const KINDS: &[(&str, Make, u64)] = &[
    ("tcp", tcp, 12),
    ("http", http, 8),
    ("tls", tls, 4),
    ("dns-tcp", dns_tcp, 4),
    ("lines", lines, 4),
    ("pieces", pieces, 6),
    ("dns", dns, 4),
    ("ping", ping, 6),
    ("arp", arp, 4),
    ("cut", cut, 4),
    ("mishaps-http", mishaps::http, 5),
    ("mishaps-tls", mishaps::tls, 2),
    ("mishaps-dns", mishaps::dns, 3),
    ("mishaps-lines", mishaps::lines, 3),
];

/// One end of a connection.
#[derive(Clone, Default)]
struct End {
    /// Where it sends next, and all it has sent: number and length.
    next: u32,
    sent: Vec<(u32, u32)>,
    /// What it acknowledged last, and the window it gave.
    ack: u32,
    window: u32,
    scale: Option<u32>,
}

/// Connections without a protocol, with all that can happen to segments.
pub(crate) fn tcp(seed: u64) -> String {
    let random = &mut Random::new(seed);
    let mut out = String::new();
    let mut time = 0u64;
    for number in 0..3 {
        connection(random, &mut out, &mut time, 40_000 + number);
    }
    out
}

fn connection(random: &mut Random, out: &mut String, time: &mut u64, port: usize) {
    let names = [format!("c:{port}"), "s:31000".to_owned()];
    let mut ends = [End::default(), End::default()];
    for end in &mut ends {
        end.next = if random.chance(20) {
            u32::MAX - 2000
        } else {
            1000 * u32::try_from(random.below(90) + 1).expect("small")
        };
        end.window = 4000;
    }
    let stamps = if random.chance(40) { " ts=5" } else { "" };
    let tell = |out: &mut String, time: u64, side: usize, what: &str| {
        let (from, to) = (&names[side], &names[1 - side]);
        *out += &format!(
            "{}.{:06} {from} > {to} tcp {what}{stamps}\n",
            time / 1_000_000,
            time % 1_000_000
        );
    };
    // Mostly from its beginning, with the options or without.
    let begins = random.below(10);
    if begins > 1 {
        let scales = random.chance(60);
        let option = if scales { " wscale=2" } else { "" };
        let (first, second) = (ends[0].next, ends[1].next);
        tell(out, *time, 0, &format!("S seq={first} win=4000{option}"));
        if random.chance(10) {
            *time += 1_000_000;
            tell(out, *time, 0, &format!("S seq={first} win=4000{option}"));
        }
        ends[0].next = first.wrapping_add(1);
        *time += random.one(&[200, 5000, 40_000]);
        if begins > 2 {
            let option = if scales && random.chance(80) {
                option
            } else {
                ""
            };
            tell(
                out,
                *time,
                1,
                &format!("SA seq={second} ack={} win=4000{option}", ends[0].next),
            );
            if scales && !option.is_empty() {
                (ends[0].scale, ends[1].scale) = (Some(2), Some(2));
            }
        }
        ends[1].next = second.wrapping_add(1);
        ends[1].ack = ends[0].next;
        *time += random.one(&[20, 300]);
        ends[0].ack = ends[1].next;
        tell(
            out,
            *time,
            0,
            &format!("A seq={} ack={} win=4000", ends[0].next, ends[0].ack),
        );
    } else {
        (ends[0].ack, ends[1].ack) = (ends[1].next, ends[0].next);
    }
    let mut sender = random.below(2);
    for _ in 0..45 {
        *time += random.one(&[50, 400, 1500, 2500, 4000, 12_000, 25_000, 300_000]);
        if random.chance(35) {
            sender = 1 - sender;
        }
        let side = sender;
        let length = u32::try_from(random.one(&[1, 2, 10, 100, 100, 500, 1000])).expect("small");
        let peer = ends[1 - side].clone();
        let end = &mut ends[side];
        let mut flags = if random.chance(40) { "PA" } else { "A" };
        let (mut seq, mut len, mut ack, mut win) = (end.next, length, peer.next, end.window);
        let mut options = String::new();
        match random.below(22) {
            0..=5 => {}
            6 | 7 => {
                // It was not captured.
                end.sent.push((end.next, length));
                end.next = end.next.wrapping_add(length);
                seq = end.next;
            }
            8 | 9 if !end.sent.is_empty() => {
                let last = end.sent.len();
                (seq, len) = end.sent[last - 1 - random.below(last.min(5))];
                if random.chance(20) {
                    len += length;
                }
            }
            10 | 11 => {
                // An acknowledgment of something, in the middle or at the end of a segment.
                len = 0;
                let last = peer.sent.len();
                if last > 0 && random.chance(70) {
                    let (start, long) = peer.sent[last - 1 - random.below(last.min(6))];
                    ack = start.wrapping_add(if random.chance(80) { long } else { long / 2 });
                }
                if random.chance(25) {
                    seq = end.next.wrapping_sub(length);
                }
            }
            12 | 13 => (len, ack) = (0, end.ack),
            14 => {
                // Nothing new, or beyond what was seen.
                len = 0;
                ack = peer
                    .next
                    .wrapping_add(u32::try_from(random.one(&[0, 0, 50, 1000])).expect("small"));
            }
            15 => (seq, len) = (end.next.wrapping_sub(1), random.one(&[0, 1, 1, 2])),
            16 => {
                win = random.one(&[0, 0, 500, 3000, 4000]);
                len = 0;
                if random.chance(60) {
                    ack = end.ack;
                }
            }
            17 => len = 1,
            18 => {
                // Up to the edge of the other's window.
                let window = peer.window << peer.scale.unwrap_or(0);
                let edge = peer.ack.wrapping_add(window);
                let room = edge.wrapping_sub(end.next);
                len = if (1..1400).contains(&room) {
                    room
                } else {
                    length
                };
            }
            19 if length > 2 => {
                len = 0;
                ack = end.ack;
                let from = peer.next.wrapping_add(100);
                if from < u32::MAX - 3000 {
                    options = format!(" sack={from}-{}", from + length);
                    if random.chance(30) {
                        options += &format!(",{}-{}", from + 200 + length, from + 210 + length);
                    }
                }
            }
            20 if random.chance(15) => (flags, len) = ("FA", random.one(&[0, 0, 20])),
            21 if random.chance(10) => (flags, len) = (random.one(&["R", "RA"]), 0),
            _ => {}
        }
        let payload = if len > 0 {
            format!(" len={len}")
        } else {
            String::new()
        };
        tell(
            out,
            *time,
            side,
            &format!("{flags} seq={seq} ack={ack} win={win}{options}{payload}"),
        );
        let end = &mut ends[side];
        end.ack = ack;
        end.window = win;
        if len > 0 {
            end.sent.push((seq, len));
        }
        let after = seq.wrapping_add(len + u32::from(flags.contains('F')));
        if after.wrapping_sub(end.next) < 1 << 31 {
            end.next = after;
        }
    }
}

/// What two ends write in turn: side and bytes.
type Writes = Vec<(usize, Vec<u8>)>;

/// A connection in which all of this is written, cut into segments as they come.
fn carried(random: &mut Random, number: usize, port: usize, writes: &Writes) -> String {
    let names = [format!("c:{}", 40_000 + number), format!("s:{port}")];
    let mut out = String::new();
    let mut time = u64::try_from(number).expect("small") * 60_000_000;
    let mut next = [1000u32, 5000];
    let tell = |out: &mut String, time: u64, side: usize, what: &str| {
        let (from, to) = (&names[side], &names[1 - side]);
        *out += &format!(
            "{}.{:06} {from} > {to} tcp {what}\n",
            time / 1_000_000,
            time % 1_000_000
        );
    };
    tell(&mut out, time, 0, "S seq=999");
    tell(&mut out, time + 8000, 1, "SA seq=4999 ack=1000");
    tell(&mut out, time + 8100, 0, "A seq=1000 ack=5000");
    for (side, bytes) in writes {
        let side = *side;
        let mut segments = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let most = random.one(&[1, 2, 3, 5, 8, 20, 60, 100, 400]);
            let end = (at + most).min(bytes.len());
            let hex: String = bytes[at..end].iter().map(|b| format!("{b:02x}")).collect();
            let seq = next[side];
            segments.push(format!("PA seq={seq} ack={} hex={hex}", next[1 - side]));
            next[side] = seq.wrapping_add(u32::try_from(end - at).expect("small"));
            at = end;
        }
        for segment in segments {
            time += 10_000;
            tell(&mut out, time, side, &segment);
        }
        if random.chance(50) {
            time += 200;
            tell(
                &mut out,
                time,
                1 - side,
                &format!("A seq={} ack={}", next[1 - side], next[side]),
            );
        }
    }
    for side in [1, 0] {
        time += 100;
        tell(
            &mut out,
            time,
            side,
            &format!("FA seq={} ack={}", next[side], next[1 - side]),
        );
        next[side] += 1;
    }
    time += 100;
    tell(
        &mut out,
        time,
        1,
        &format!("A seq={} ack={}", next[1], next[0]),
    );
    out
}

/// Exchanges of a browser: bodies by length, in chunks and to the end, several requests at once.
fn http(seed: u64) -> String {
    several(seed, 80, exchanges)
}

/// Three connections to this port, and what is written in each.
fn several(seed: u64, port: usize, write: fn(&mut Random) -> Writes) -> String {
    let random = &mut Random::new(seed);
    let mut out = String::new();
    for number in 0..3 {
        let writes = write(random);
        out += &carried(random, number, port, &writes);
    }
    out
}

fn exchanges(random: &mut Random) -> Writes {
    let mut writes: Writes = Vec::new();
    for page in 0..2 + random.below(5) {
        let method = random.one(&["GET", "GET", "GET", "HEAD", "POST", "PUT", "OPTIONS"]);
        let mut request = format!("{method} /page{page} HTTP/1.1\r\n");
        if random.chance(80) {
            request += "Host: www.example\r\n";
        }
        if matches!(method, "POST" | "PUT") {
            let length = random.one(&[0, 1, 30, 200]);
            request += &format!("Content-Length: {length}\r\n\r\n{}", "b".repeat(length));
        } else {
            request += "Accept: */*\r\n\r\n";
        }
        let together = random.chance(15);
        match writes.last_mut() {
            Some((0, bytes)) if together => bytes.extend(request.bytes()),
            _ => writes.push((0, request.into_bytes())),
        }
        if random.chance(10) {
            continue;
        }
        if random.chance(10) {
            writes.push((1, b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()));
        }
        let status = random.one(&[
            "200 OK",
            "200 OK",
            "204 No Content",
            "304 Not Modified",
            "404 Not Found",
        ]);
        let mut response = format!("HTTP/1.1 {status}\r\nServer: s\r\n");
        let bare = method == "HEAD" || status.starts_with("204") || status.starts_with("304");
        match random.below(5) {
            0 if !bare => {
                response += "Transfer-Encoding: chunked\r\n\r\n";
                for _ in 0..random.below(4) {
                    let length = random.one(&[1, 9, 16, 120]);
                    let more = random.one(&["", "", ";x=y"]);
                    response += &format!("{length:x}{more}\r\n{}\r\n", "c".repeat(length));
                }
                response += "0\r\n";
                if random.chance(30) {
                    response += "Trailer: t\r\n";
                }
                response += "\r\n";
            }
            1 if page > 2 && !bare => {
                response += &format!("Connection: close\r\n\r\n{}", "d".repeat(300));
                writes.push((1, response.into_bytes()));
                break;
            }
            _ => {
                let length = random.one(&[0, 1, 40, 700]);
                response += &format!("Content-Length: {length}\r\n\r\n");
                if !bare {
                    response += &"e".repeat(length);
                }
            }
        }
        let together = random.chance(10);
        match writes.last_mut() {
            Some((1, bytes)) if together => bytes.extend(response.bytes()),
            _ => writes.push((1, response.into_bytes())),
        }
    }
    writes
}

/// Records of TLS, several in a segment and in several.
fn tls(seed: u64) -> String {
    several(seed, 443, records)
}

fn records(random: &mut Random) -> Writes {
    let hello = |kind: u8, version: u8| {
        let mut hello = vec![3, version];
        hello.extend([7; 32]);
        hello.push(0);
        hello.extend(if kind == 1 {
            vec![0, 2, 0x13, 1, 1, 0]
        } else {
            vec![0x13, 1, 0]
        });
        let mut body = vec![kind, 0, 0, u8::try_from(hello.len()).expect("short")];
        body.extend(hello);
        let mut record = vec![22, 3, 1, 0, u8::try_from(body.len()).expect("short")];
        record.extend(body);
        record
    };
    let mut writes: Writes = vec![(0, hello(1, 3)), (1, hello(2, 3))];
    for _ in 0..6 {
        let mut bytes = Vec::new();
        for _ in 0..1 + random.below(3) {
            let kind = random.one(&[20u8, 21, 23, 23, 23]);
            let length = if kind == 20 {
                1
            } else {
                random.one(&[2u8, 40, 200])
            };
            bytes.extend([kind, 3, 3, 0, length]);
            bytes.extend((0..length).map(|at| if kind == 20 { 1 } else { 200 - at }));
        }
        writes.push((random.below(2), bytes));
    }
    writes
}

/// A question or an answer about a name.
fn dns_message(id: u8, name: &str, response: bool) -> Vec<u8> {
    let mut bytes = vec![
        0,
        id,
        if response { 0x81 } else { 1 },
        if response { 0x80 } else { 0 },
        0,
        1,
        0,
    ];
    bytes.extend([u8::from(response), 0, 0, 0, 0]);
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).expect("short"));
        bytes.extend(label.bytes());
    }
    bytes.extend([0, 0, 1, 0, 1]);
    if response {
        bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 9]);
    }
    bytes
}

/// Questions and answers, several in a write; now and then a number comes again.
fn dns_tcp(seed: u64) -> String {
    several(seed, 53, questions)
}

fn questions(random: &mut Random) -> Writes {
    let mut writes: Writes = Vec::new();
    let mut open: Vec<u8> = Vec::new();
    for id in (1u8..40).step_by(4) {
        let mut bytes = Vec::new();
        let mut put = |message: Vec<u8>| {
            bytes.extend([0, u8::try_from(message.len()).expect("short")]);
            bytes.extend(message);
        };
        let side = usize::from(random.chance(40) && !open.is_empty());
        for more in 0..1 + u8::try_from(random.below(3)).expect("small") {
            if side == 0 {
                open.push(id + more);
                put(dns_message(id + more, "a.example", false));
            } else if !open.is_empty() {
                let id = open.remove(random.below(open.len()));
                put(dns_message(id, "a.example", true));
            }
        }
        writes.push((side, bytes));
    }
    writes
}

/// Commands and replies, in lines.
fn lines(seed: u64) -> String {
    several(seed, 21, commands)
}

fn commands(random: &mut Random) -> Writes {
    let asked = ["USER me", "PWD", "PORT 10,0,0,1,120,1", "NOOP\r\nSYST"];
    let told = ["250 fine", "250-one\r\n250 two", "500 no"];
    let mut writes: Writes = vec![(1, b"220 here\r\n".to_vec())];
    for _ in 0..6 {
        writes.push((0, format!("{}\r\n", random.one(&asked)).into_bytes()));
        writes.push((1, format!("{}\r\n", random.one(&told)).into_bytes()));
    }
    writes
}

/// Datagrams in pieces: late, twice, overlapping, and some never whole.
fn pieces(seed: u64) -> String {
    let random = &mut Random::new(seed);
    let mut out = String::new();
    let mut time = 0;
    for datagram in 0..14 {
        let whole = random.one(&[48usize, 72, 200]);
        let id = 100 + datagram;
        let mut bytes = vec![120, 1, 121, 1, 0, u8::try_from(whole).expect("short"), 0, 0];
        bytes.extend((8..whole).map(|at| u8::try_from(at % 251).expect("a byte")));
        let mut list = Vec::new();
        let mut at = 0;
        while at < whole {
            let end = (at + random.one(&[8, 16, 24, 64])).min(whole);
            list.push((at, end));
            at = end;
        }
        if random.chance(30) {
            list.push(list[random.below(list.len())]);
        }
        if random.chance(20) && list.len() > 2 {
            list[1].1 = (list[1].1 + 8).min(whole);
        }
        while random.chance(30) {
            let (a, b) = (random.below(list.len()), random.below(list.len()));
            list.swap(a, b);
        }
        if random.chance(15) {
            list.pop();
        }
        let from = random.one(&["c", "c", "d"]);
        for (at, end) in list {
            time += random.one(&[100, 5000, 900_000]);
            let more = if end < whole { " more=1" } else { "" };
            let hex: String = bytes[at..end].iter().map(|b| format!("{b:02x}")).collect();
            let (seconds, micros) = (time / 1_000_000, time % 1_000_000);
            out += &format!(
                "{seconds}.{micros:06} {from} > s ip proto=17 ipid={id} at={at}{more} hex={hex}\n"
            );
        }
    }
    out
}

fn dns(seed: u64) -> String {
    let random = &mut Random::new(seed);
    let mut out = String::new();
    let mut time = 0;
    for _ in 0..120 {
        time += random.one(&[1000, 50_000, 900_000, 5_100_000]);
        let (port, id) = (5000 + random.below(2), random.below(3));
        let name = random.one(&["a.example", "b.example", "c.d"]);
        let moment = format!("{}.{:06}", time / 1_000_000, time % 1_000_000);
        out += &if random.chance(50) {
            format!("{moment} c:{port} > s:53 dns query id={id} name={name}\n")
        } else {
            format!("{moment} s:53 > c:{port} dns response id={id} name={name} a=10.0.0.9\n")
        };
    }
    out
}

fn ping(seed: u64) -> String {
    let random = &mut Random::new(seed);
    let mut out = String::new();
    let mut time = 0;
    for _ in 0..100 {
        time += random.one(&[1000, 50_000, 900_000]);
        let (id, sequence) = (1 + random.below(2), 1 + random.below(6));
        let who = random.one(&["c", "d"]);
        let moment = format!("{}.{:06}", time / 1_000_000, time % 1_000_000);
        out += &if random.chance(50) {
            format!("{moment} {who} > s icmp echo id={id} seq={sequence} \"abc\"\n")
        } else {
            format!("{moment} s > {who} icmp reply id={id} seq={sequence} \"abc\"\n")
        };
    }
    out
}

/// Who has which address, with addresses that move and cards that cannot be.
fn arp(seed: u64) -> String {
    let random = &mut Random::new(seed);
    let mut out = String::new();
    let mut time = 0;
    for _ in 0..100 {
        time += random.one(&[1000, 400_000, 3_700_000]);
        let moment = format!("{}.{:06}", time / 1_000_000, time % 1_000_000);
        let from = random.one(&["c", "d", "s", "none"]);
        let card = random.one(&["", "", " smac=3 says=3", " says=9", " says=255"]);
        let mut to = random.one(&["c", "d", "s", "none"]);
        if to == from {
            to = "e";
        }
        out += &if random.chance(50) {
            format!("{moment} {from} > all arp request {to}{card}\n")
        } else {
            let other = random.one(&["", "", " dmac=7", " dmac=255"]);
            format!("{moment} {from} > {to} arp reply{card}{other}\n")
        };
    }
    out
}

/// Commands and replies, with segments that were not kept whole.
fn cut(seed: u64) -> String {
    let random = &mut Random::new(seed);
    let mut out = String::new();
    for line in lines(20 + seed).lines() {
        out += line;
        if line.contains("hex=") && random.chance(6) {
            out += &format!(" cap={}", 54 + random.below(30));
        }
        out += "\n";
    }
    out
}
