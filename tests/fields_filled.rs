//! Every field that `wirelab fields --list` names must come out somewhere: of a capture of the
//! project, of a few scenarios, or of frames made here, which try each option and record type with
//! values of each length. A field that nothing fills is not to be listed.

#[allow(dead_code)]
mod scenario;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use wirelab::capture::{LinkType, Reader};
use wirelab::query::{Catalogue, EntryId, Session};

/// Protocols that are named where they are met and have no bytes to be read: their names alone.
fn is_named_only(doc: &str) -> bool {
    doc.contains("named, not decoded")
}

/// Protocols that come with captures of their real programs and are tried with bytes of their RFCs
/// in their own files.
const TRIED_ELSEWHERE: &[&str] = &[
    "cdp", "dhcpv6", "ftp", "ftp-data", "igmp", "imap", "lldp", "nbns", "ntp", "ospf", "pop",
    "rip", "smtp", "snmp", "ssh", "stp", "telnet", "tftp",
];

/// Frames in a pcap file of this link type.
struct Capture {
    bytes: Vec<u8>,
    time: u32,
}

impl Capture {
    fn new(link: LinkType) -> Capture {
        let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
        bytes.extend([0; 8]);
        bytes.extend(65_535u32.to_le_bytes());
        bytes.extend(u32::from(link.0).to_le_bytes());
        Capture { bytes, time: 1 }
    }

    fn frame(&mut self, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).expect("small");
        for number in [self.time, 0, length, length] {
            self.bytes.extend(number.to_le_bytes());
        }
        self.time += 1;
        self.bytes.extend(bytes);
    }

    fn ethernet(&mut self, kind: u16, payload: &[u8]) {
        let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
        frame.extend(kind.to_be_bytes());
        frame.extend(payload);
        self.frame(&frame);
    }

    fn ip(&mut self, protocol: u8, payload: &[u8]) {
        self.ethernet(0x0800, &ipv4(protocol, payload));
    }

    fn udp(&mut self, port: u16, payload: &[u8]) {
        self.ip(17, &udp(port, payload));
    }

    fn tcp(&mut self, port: u16, payload: &[u8]) {
        // Each in a conversation of its own, so that none waits for another.
        let client = 10_000 + u16::try_from(self.time % 50_000).expect("small");
        let mut segment = client.to_be_bytes().to_vec();
        segment.extend(port.to_be_bytes());
        segment.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18, 4, 0, 0, 0, 0, 0]);
        segment.extend(payload);
        self.ip(6, &segment);
    }
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(20 + payload.len()).expect("small");
    let mut packet = vec![0x45, 0];
    packet.extend(total.to_be_bytes());
    packet.extend([0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    packet.extend(payload);
    packet
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = 40_000u16.to_be_bytes().to_vec();
    datagram.extend(port.to_be_bytes());
    let length = u16::try_from(8 + payload.len()).expect("small");
    datagram.extend(length.to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(payload);
    datagram
}

/// Lengths that some option or record has.
fn lengths() -> impl Iterator<Item = usize> {
    (0..=12).chain([14, 16, 17, 18, 20, 22, 24, 28, 32, 40])
}

/// Values of one length: all the same, counting up, and numbers that are small.
fn values(length: usize) -> Vec<Vec<u8>> {
    let counting = (0..length).map(|n| u8::try_from(n % 250).expect("small"));
    let pairs = (0..length).map(|n| u8::from(n % 2 == 1));
    let lengths = (0..length).map(|n| match n {
        0 => u8::try_from(length - 1).unwrap_or(0),
        n => u8::try_from(n % 3).expect("small"),
    });
    vec![
        vec![1; length],
        vec![2; length],
        vec![0; length],
        vec![255; length],
        counting.collect(),
        pairs.collect(),
        lengths.collect(),
    ]
}

fn dhcp(capture: &mut Capture) {
    let mut head = vec![1, 1, 6, 0, 1, 2, 3, 4];
    head.extend([0; 20]);
    head.extend([2, 0, 0, 0, 0, 1]);
    head.extend([0; 10]);
    head.extend([b'n'; 8]);
    head.resize(236, 0);
    head[108..112].copy_from_slice(b"file");
    let cookie = [99, 130, 83, 99];
    capture.udp(67, &[&head[..], &[0; 64]].concat());
    for code in 1..=254u8 {
        for length in lengths() {
            for value in values(length) {
                let size = u8::try_from(length).expect("small");
                let option = [&[53, 1, 1, code, size][..], &value, &[255]].concat();
                capture.udp(67, &[&head[..], &cookie, &option].concat());
            }
        }
    }
    // Options in options: codes and lengths inside, and a kind of hardware that is unknown.
    for outer in [43u8, 82, 124, 125, 63, 61, 90, 81, 97, 212, 77, 120] {
        for inner in 0..=255u8 {
            for length in [1u8, 2, 4, 5, 8] {
                let mut value = vec![inner, length];
                value.extend(vec![1; usize::from(length)]);
                if matches!(outer, 124 | 125) {
                    value = [&[0, 0, 13, 233, length + 2][..], &value].concat();
                }
                let size = u8::try_from(value.len()).expect("small");
                let kind = [&[53, 1, 1, 60, 9][..], b"PXEClient"].concat();
                let option = [&kind[..], &[outer, size], &value, &[255]].concat();
                capture.udp(67, &[&head[..], &cookie, &option].concat());
            }
        }
    }
    // Identifiers, a proof of who sends, lists in several options, values of a vendor.
    let options: [&[u8]; 8] = [
        b"\x3d\x13\xff\0\0\0\x01\0\x01\0\x01\0\0\0\x05\x02\0\0\0\0\x01",
        b"\x3d\x0d\xff\0\0\0\x01\0\x02\0\0\0\x09\x01\x02",
        b"\x3d\x0f\xff\0\0\0\x01\0\x03\0\x01\x02\0\0\0\0\x01",
        b"\x5a\x1f\x01\x01\0\0\0\0\0\0\0\0\x01\0\0\0\x07ABCDEFGHIJKLMNOP",
        b"\x77\x02\x01a\x77\x01\0",
        b"\x78\x02\0\x01\x78\x02b\0",
        b"\x7d\x09\0\0\0\x09\x04\x01\x02\x05\x06",
        b"\x5d\x02\0\0",
    ];
    for option in options {
        let kind = [53, 1, 5];
        capture.udp(67, &[&head[..], &cookie, &kind, option, &[255]].concat());
    }
    head[1] = 99;
    capture.udp(67, &[&head[..], &cookie, &[53, 1, 1, 255]].concat());
    // Without its end, and with an option longer than what is there.
    capture.udp(67, &[&head[..], &cookie, &[53, 1, 1]].concat());
    capture.udp(67, &[&head[..], &cookie, &[53, 1, 1, 12, 200, 1]].concat());
}

fn dns(capture: &mut Capture) {
    let name = [1, b'a', 0];
    let message = |opcode: u8, response: bool, kind: u16, class: u16, data: &[u8]| {
        let flags = opcode << 3 | u8::from(response) << 7;
        let mut message = vec![0, 1, flags, 0, 0, 1, 0, 1, 0, 1, 0, 1];
        message.extend(name);
        message.extend(kind.to_be_bytes());
        message.extend(class.to_be_bytes());
        for _ in 0..3 {
            message.extend(name);
            message.extend(kind.to_be_bytes());
            message.extend(class.to_be_bytes());
            message.extend([0, 0, 0, 9]);
            message.extend(u16::try_from(data.len()).expect("small").to_be_bytes());
            message.extend(data);
        }
        message
    };
    let kinds = (1..=110)
        .chain(249..=259)
        .chain([32_768, 32_769, 65_281, 65_422]);
    for kind in kinds {
        for length in lengths().chain([48, 56, 64]) {
            for data in values(length) {
                capture.udp(53, &message(0, true, kind, 1, &data));
            }
        }
    }
    // EDNS options, parameters of a service, texts behind their lengths.
    for kind in [41u16, 64, 65, 35, 50, 51, 47] {
        for key in (0..=20u16).chain([32_769]) {
            for size in lengths() {
                let length = u16::try_from(size).expect("small");
                for value in values(size) {
                    let mut option = key.to_be_bytes().to_vec();
                    option.extend(length.to_be_bytes());
                    option.extend(&value);
                    let data = match kind {
                        64 | 65 => [&[0, 1, 0][..], &option].concat(),
                        _ => option,
                    };
                    capture.udp(53, &message(0, true, kind, 1, &data));
                }
            }
        }
    }
    let rows: [(u16, Vec<u8>); 11] = [
        (35, b"\0\x01\0\x02\x01u\x03sip\x03!a!\x01b\0".to_vec()),
        (33, b"\0\x01\0\x02\0\x50\x01b\0".to_vec()),
        (50, b"\x01\0\0\x01\x02ab\x02cd\0\x01\x40".to_vec()),
        (29, [0; 16].to_vec()),
        (45, b"\x01\x01\x02\x0a\0\0\x01k".to_vec()),
        (45, b"\x01\x03\x02\x01g\0k".to_vec()),
        (257, b"\0\x05issuea.b".to_vec()),
        (257, b"\0\x09issuewilda.b".to_vec()),
        (257, b"\0\x05iodefa.b".to_vec()),
        (
            41,
            b"\0\x08\0\x0c\0\x02\x40\0\xfe\x80\0\0\0\0\0\x01".to_vec(),
        ),
        (42, b"\0\x01\x08\x01\x0a\0\x02\x10\x01\xfe".to_vec()),
    ];
    for (kind, data) in rows {
        capture.udp(53, &message(0, true, kind, 1, &data));
        capture.udp(53, &message(5, true, kind, 1, &data));
    }
    for class in [1, 254, 255, 0x8001] {
        capture.udp(53, &message(5, false, 1, class, &[1, 2, 3, 4]));
        capture.udp(
            5353,
            &message(0, true, 33, class, b"\0\x01\0\x02\0\x50\x01b\0"),
        );
        capture.udp(5353, &message(0, false, 1, class, &[1, 2, 3, 4]));
        capture.udp(5355, &message(0, true, 1, class, &[1, 2, 3, 4]));
    }
    let more = [&message(0, true, 1, 1, &[1, 2, 3, 4])[..], b"more"].concat();
    capture.udp(53, &more);
    let mut service = vec![0, 1, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    service
        .extend(b"\x05_http\x04_tcp\x01a\0\0\x21\0\x01\0\0\0\x09\0\x09\0\x01\0\x02\0\x50\x01b\0");
    capture.udp(53, &service);
    let over_tcp = message(0, false, 1, 1, &[1, 2, 3, 4]);
    let length = u16::try_from(over_tcp.len()).expect("small");
    capture.tcp(53, &[&length.to_be_bytes()[..], &over_tcp].concat());
}

fn tls(capture: &mut Capture) {
    let record = |content: u8, body: &[u8]| {
        let mut record = vec![content, 3, 3];
        record.extend(u16::try_from(body.len()).expect("small").to_be_bytes());
        record.extend(body);
        record
    };
    let message = |kind: u8, body: &[u8]| {
        let mut message = vec![kind, 0];
        message.extend(u16::try_from(body.len()).expect("small").to_be_bytes());
        message.extend(body);
        message
    };
    for (content, body) in [
        (20, &b"\x01"[..]),
        (21, b"\x02\x28"),
        (23, b"data"),
        (24, b"\x01\0\x01x"),
    ] {
        capture.tcp(443, &record(content, body));
    }
    let hello = |kind: u8, extension: u16, data: &[u8]| {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([1, 9]);
        match kind {
            1 => body.extend([0, 2, 0x13, 1, 1, 0]),
            _ => body.extend([0x13, 1, 0]),
        }
        let length = u16::try_from(data.len()).expect("small");
        body.extend((length + 4).to_be_bytes());
        body.extend(extension.to_be_bytes());
        body.extend(length.to_be_bytes());
        body.extend(data);
        record(22, &message(kind, &body))
    };
    for kind in [1, 2] {
        for extension in (0..=60).chain([0xff01, 0x7550, 0x0a0a]) {
            for length in 0..=24 {
                for data in values(length) {
                    capture.tcp(443, &hello(kind, extension, &data));
                }
            }
        }
    }
    let chosen = hello(2, 43, &[3, 4]);
    capture.tcp(443, &[&chosen[..], &record(23, b"hidden")].concat());
    capture.tcp(443, &hello(1, 0, b"\0\x06\0\0\x03a.b"));
    capture.tcp(443, &hello(1, 16, b"\0\x03\x02h2"));
    let point = b"\x03\0\x1d\x02pp\x04\x03\0\x02ss";
    capture.tcp(443, &record(22, &message(12, point)));
    // A certificate's names: printable, UTF-8, a host, a time.
    let names = b"\x30\x2c\x13\x01a\x0c\x01b\x17\x0d230501120000Z\x30\x12\x06\x03\x55\x1d\x11\x04\x0b\x30\x09\x82\x07a.b.c.d\x13\x01c";
    let mut body = vec![0, 0, u8::try_from(names.len() + 3).expect("small")];
    body.extend([0, 0, u8::try_from(names.len()).expect("small")]);
    body.extend(names);
    capture.tcp(443, &record(22, &message(11, &body)));
}

fn http(capture: &mut Capture) {
    let headers = [
        "Authorization: Basic dTpw",
        "Proxy-Authorization: Basic dTpw",
        "Proxy-Authenticate: Basic",
        "WWW-Authenticate: Basic",
        "Content-Type: text/plain",
        "Content-Encoding: identity",
        "Upgrade: h2c",
        "User-Agent: a",
        "Host: a.b",
        "Connection: close",
        "Cookie: a=b; c=d",
        "Accept: */*",
        "Referer: http://a.b/",
        "Accept-Language: en",
        "Accept-Encoding: gzip",
        "Date: today",
        "Cache-Control: no-cache",
        "Server: a",
        "Location: /b",
        "Sec-WebSocket-Accept: a",
        "Sec-WebSocket-Extensions: a",
        "Sec-WebSocket-Key: a",
        "Sec-WebSocket-Protocol: a",
        "Sec-WebSocket-Version: 13",
        "Set-Cookie: a=b",
        "Last-Modified: today",
        "X-Forwarded-For: 10.0.0.9",
        "HTTP2-Settings: a",
    ];
    let head = headers.join("\r\n");
    let request = format!("GET /a?b=c&d=e HTTP/1.1\r\n{head}\r\nContent-Length: 2\r\n\r\nhi");
    let response = format!(
        "HTTP/1.1 200 OK\r\n{head}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    );
    capture.tcp(80, request.as_bytes());
    capture.tcp(80, response.as_bytes());
    capture.tcp(80, b"NOTIFY /a HTTP/1.1\r\nHost: a\r\n\r\n");
    capture.udp(1900, b"M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n");
}

fn others(capture: &mut Capture) {
    for (kind, code) in [
        (3u8, 4u8),
        (5, 1),
        (12, 0),
        (13, 0),
        (14, 0),
        (17, 0),
        (11, 0),
    ] {
        let quoted = ipv4(17, &udp(9, b"x"));
        capture.ip(1, &[&[kind, code, 0, 0, 0, 1, 5, 0][..], &quoted].concat());
    }
    let mut v6 = vec![0x60, 0, 0, 0, 0, 0, 58, 255];
    v6.extend([0xfe; 16]);
    v6.extend([0xff; 16]);
    let mut six = |capture: &mut Capture, next: u8, payload: &[u8]| {
        v6[4..6].copy_from_slice(&u16::try_from(payload.len()).expect("small").to_be_bytes());
        v6[6] = next;
        capture.ethernet(0x86dd, &[&v6[..], payload].concat());
    };
    for kind in [1u8, 2, 3, 4, 128, 129, 133, 134, 135, 136, 137] {
        let mut body = vec![kind, 0, 0, 0];
        body.extend([1; 36]);
        let fixed = match kind {
            133 => 8,
            134 => 16,
            135 | 136 => 24,
            _ => 40,
        };
        body.truncate(fixed);
        body.extend([1, 1, 2, 0, 0, 0, 0, 1, 2, 1, 2, 0, 0, 0, 0, 1]);
        body.extend([5, 1, 0, 0, 0, 0, 5, 220]);
        body.extend([3, 4, 64, 0]);
        body.extend([1; 28]);
        six(capture, 58, &body);
    }
    for header in [0u8, 43, 60] {
        let mut payload = vec![58, 0, 1, 4, 0, 0, 0, 0];
        payload.extend([128, 0, 0, 0, 0, 1, 0, 1]);
        six(capture, header, &payload);
    }
    capture.ethernet(
        0x8100,
        &[
            &[0x20, 5, 8, 0][..],
            &ipv4(17, &udp(9, b"x")),
            &[0; 40],
            b"t",
        ]
        .concat(),
    );
    capture.ethernet(0x8100, &[0x20, 5, 0, 6, 0x42, 0x42, 3, 0, 0, 0]);
    capture.ethernet(
        0x88a8,
        &[&[0x20, 5, 8, 0][..], &ipv4(17, &udp(9, b"x"))].concat(),
    );
    capture.ethernet(
        0x0800,
        &[&ipv4(17, &udp(9, b"x"))[..], &[0; 17], b"trailer", &[9; 4]].concat(),
    );
    capture.ethernet(
        0x0800,
        &[&ipv4(17, &udp(9, b"hello"))[..], b"trailer"].concat(),
    );
    capture.ethernet(8, b"\xaa\xaa\x03\0\0\0\x08\x06");
    capture.ethernet(8, b"\xaa\xaa\x03\0\0\x0c\x20\0");
    // Options of IPv4, ARP for other hardware and protocols, an announcement, text in a reset.
    let mut options = ipv4(17, &[]);
    options[0] = 0x47;
    options[3] = 28;
    options.extend([7, 7, 4, 10, 0, 0, 1, 0]);
    capture.ethernet(0x0800, &options);
    let mut arp = vec![0, 6, 8, 0, 2, 2, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8];
    capture.ethernet(0x0806, &arp);
    arp = vec![0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1];
    arp.extend([0, 0, 0, 0, 0, 0, 10, 0, 0, 1]);
    capture.ethernet(0x0806, &arp);
    arp[13] = 9;
    capture.ethernet(0x0806, &arp);
    // A probe: no sender's address, nobody's card.
    arp[14..18].fill(0);
    capture.ethernet(0x0806, &arp);
    let mut reset = 40_001u16.to_be_bytes().to_vec();
    reset.extend([0, 80, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x14, 4, 0, 0, 0, 0, 0]);
    reset.extend(b"because");
    capture.ip(6, &reset);
    // A datagram in pieces that overlap and differ.
    let whole = udp(9, &[b'x'; 24]);
    for (offset, more, bytes) in [
        (0u16, true, &whole[..16]),
        (1, true, &[9; 8][..]),
        (2, false, &whole[16..]),
    ] {
        let mut piece = ipv4(17, bytes);
        let field = offset | u16::from(more) << 13;
        piece[6..8].copy_from_slice(&field.to_be_bytes());
        capture.ethernet(0x0800, &piece);
    }
    // Cisco FabricPath.
    let inner = [
        &[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0][..],
        &ipv4(17, &udp(9, b"x")),
    ]
    .concat();
    capture.ethernet(0x8903, &[&[0, 0][..], &inner, &[0; 4]].concat());
    // Cut short by a header.
    capture.ethernet(0x0800, &ipv4(17, &[0, 9, 0]));
}

/// Conversations in which each analysis of TCP speaks.
const CONVERSATIONS: &str = r#"
0.00 c:1000 > s:80 tcp S seq=100 win=1000 mss=1460
0.01 s:80 > c:1000 tcp SA seq=500 ack=101 win=100
0.02 c:1000 > s:80 tcp A seq=101 ack=501 win=1000
0.03 c:1000 > s:80 tcp PA seq=101 ack=501 win=1000 len=50
0.04 c:1000 > s:80 tcp PA seq=151 ack=501 win=1000 len=50
0.05 s:80 > c:1000 tcp A seq=501 ack=201 win=0
0.30 c:1000 > s:80 tcp A seq=201 ack=501 win=1000 len=1
0.31 s:80 > c:1000 tcp A seq=501 ack=201 win=0
0.40 s:80 > c:1000 tcp A seq=501 ack=201 win=500
0.45 c:1000 > s:80 tcp PA seq=101 ack=501 win=1000 len=50
0.50 c:1000 > s:80 tcp PA seq=301 ack=501 win=1000 len=50
0.501 c:1000 > s:80 tcp PA seq=201 ack=501 win=1000 len=50
0.51 s:80 > c:1000 tcp A seq=501 ack=251 win=500
0.52 s:80 > c:1000 tcp A seq=501 ack=251 win=500
0.53 s:80 > c:1000 tcp A seq=501 ack=251 win=500
0.535 c:1000 > s:80 tcp PA seq=251 ack=501 win=1000 len=50
0.60 s:80 > c:1000 tcp A seq=501 ack=351 win=500
0.61 c:1000 > s:80 tcp A seq=351 ack=999 win=1000
1.60 c:1000 > s:80 tcp A seq=350 ack=501 win=1000
1.61 s:80 > c:1000 tcp A seq=501 ack=351 win=500
2.00 c:1000 > s:80 tcp FA seq=351 ack=501 win=1000
2.01 s:80 > c:1000 tcp FA seq=501 ack=352 win=500
2.02 c:1000 > s:80 tcp A seq=352 ack=502 win=1000
3.00 c:1000 > s:80 tcp S seq=90000 win=1000 mss=1460
3.01 s:80 > c:1000 tcp R seq=0 win=0
4.00 c > s icmp echo id=9 seq=9
4.50 c:3000 > s:8080 tcp PA seq=100 ack=500 win=1000 "CONNECT a.b:443 HTTP/1.1\r\nHost: a.b\r\n\r\n"
4.51 s:8080 > c:3000 tcp PA seq=500 ack=139 win=1000 "HTTP/1.1 200 OK\r\n\r\n"
4.52 c:3000 > s:8080 tcp PA seq=139 ack=519 win=1000 "secret"
5.00 c:2000 > s:53 dns query id=7 name=a.b
5.01 s:53 > c:2000 dns response id=7 name=a.b a=1.2.3.4
5.02 s:53 > c:2000 dns response id=7 name=a.b a=1.2.3.4
"#;

fn look(bytes: &[u8], fields: &[EntryId], filled: &mut BTreeSet<EntryId>) {
    look_with(&Session::new(None, fields), bytes, fields, filled);
}

fn look_with(
    session: &Session<'_>,
    bytes: &[u8],
    fields: &[EntryId],
    filled: &mut BTreeSet<EntryId>,
) {
    let open = || {
        Ok(Reader::from_read(
            "made here",
            std::io::Cursor::new(bytes.to_vec()),
        ))
    };
    let seen = session.run_from(open, |seen| {
        for (slot, id) in fields.iter().enumerate() {
            if seen.values.of(slot).next().is_some() {
                filled.insert(*id);
            }
        }
        Ok(())
    });
    seen.expect("the capture can be read");
}

fn captures(folder: &Path, into: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    for entry in entries.map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            captures(&entry, into);
        } else if entry
            .extension()
            .is_some_and(|e| e == "pcap" || e == "pcapng")
        {
            into.push(entry);
        }
    }
}

#[test]
fn every_listed_field_is_filled_by_something() {
    let catalogue = Catalogue::frames();
    let count = u16::try_from(catalogue.entries().len()).expect("few fields");
    let fields: Vec<EntryId> = (0..count).map(EntryId).collect();
    let mut filled = BTreeSet::new();
    let mut files = Vec::new();
    captures(Path::new("captures"), &mut files);
    for file in files {
        let bytes = std::fs::read(&file).expect("the capture is there");
        look(&bytes, &fields, &mut filled);
    }
    let conversations = scenario::capture(CONVERSATIONS).expect("a scenario");
    look(&conversations, &fields, &mut filled);
    for make in [dhcp, dns, tls, http, others] {
        let mut capture = Capture::new(LinkType::ETHERNET);
        make(&mut capture);
        // Nothing here depends on what comes later.
        let session = Session::new(None, &fields).once();
        look_with(&session, &capture.bytes, &fields, &mut filled);
    }
    let packet = ipv4(17, &udp(9, b"x"));
    let links: [(LinkType, &[u8]); 8] = [
        (LinkType::NULL, &[2, 0, 0, 0]),
        (LinkType::RAW, &[]),
        (LinkType::PPP, &[0xff, 3, 0, 0x21]),
        (
            LinkType::FDDI,
            &[
                0x50, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0,
            ],
        ),
        (LinkType::C_HDLC, &[0x0f, 0, 8, 0]),
        (LinkType::ARCNET_LINUX, &[1, 2, 0, 0, 212, 0, 0, 1]),
        (
            LinkType::LINUX_SLL,
            &[0, 4, 0, 9, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 8, 0],
        ),
        (
            LinkType::LINUX_SLL,
            &[0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0, 1],
        ),
    ];
    for (link, header) in links {
        let mut capture = Capture::new(link);
        capture.frame(&[header, &packet].concat());
        look(&capture.bytes, &fields, &mut filled);
        // The same, cut short by the capture.
        let end = capture.bytes.len() - 12;
        let mut cut = capture.bytes[..end].to_vec();
        let captured = u32::try_from(end - 40).expect("small");
        cut[32..36].copy_from_slice(&captured.to_le_bytes());
        look(&cut, &fields, &mut filled);
    }
    let missing: Vec<&str> = fields
        .iter()
        .filter(|id| !filled.contains(*id))
        .map(|id| catalogue.entry(*id))
        // Those that Wireshark does not fill either are not listed.
        .filter(|entry| !entry.places.is_empty() && !is_named_only(entry.doc))
        .map(|entry| entry.name)
        .filter(|name| {
            let protocol = name.split('.').next().unwrap_or(name);
            !TRIED_ELSEWHERE.contains(&protocol)
        })
        .collect();
    assert!(missing.is_empty(), "nothing fills {missing:?}");
}
