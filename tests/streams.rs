//! Do the same bytes, cut or reordered otherwise, give the same facts? The captures are written
//! here: one TCP connection in each, its bytes sent in many ways.

use etherparse::PacketBuilder;
use std::io::Cursor;
use wirelab::analyze::{Analysis, Wants, analyze};
use wirelab::capture::Reader;
use wirelab::facts::situation::SituationKind;
use wirelab::facts::tcp::{Connection, Opened};

const CLIENT: [u8; 4] = [10, 0, 0, 1];
const SERVER: [u8; 4] = [10, 0, 0, 2];
const OUT_OF_NOTHING: u32 = 0xffff_ff00;

/// A capture in the making: a frame a millisecond.
struct Wire {
    file: Vec<u8>,
    port: u16,
    frames: u32,
    identification: u16,
    /// Next sequence number of client and server.
    next: [u32; 2],
    /// Every frame is recorded a second time, with a VLAN tag.
    twice: bool,
}

impl Wire {
    /// A connection whose handshake is over.
    fn open(port: u16, twice: bool) -> Wire {
        let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
        file.extend([0; 8]);
        file.extend(262_144u32.to_le_bytes());
        file.extend(1u32.to_le_bytes());
        let mut wire = Wire {
            file,
            port,
            frames: 0,
            identification: 1,
            // The client's numbers wrap around soon.
            next: [OUT_OF_NOTHING, 5000],
            twice,
        };
        wire.segment(0, 0, "S", &[]);
        wire.next[0] = wire.next[0].wrapping_add(1);
        wire.segment(1, 0, "SA", &[]);
        wire.next[1] += 1;
        wire.segment(0, 0, "A", &[]);
        wire
    }

    /// A segment of one side, `ahead` bytes after what it has sent so far.
    fn segment(&mut self, side: usize, ahead: u32, flags: &str, payload: &[u8]) {
        let (from, to) = if side == 0 {
            ((CLIENT, 40000), (SERVER, self.port))
        } else {
            ((SERVER, self.port), (CLIENT, 40000))
        };
        let sequence = self.next[side].wrapping_add(ahead);
        let mut ip = etherparse::Ipv4Header::new(0, 64, etherparse::IpNumber::TCP, from.0, to.0)
            .expect("a short packet");
        ip.identification = self.identification;
        self.identification += 1;
        for tagged in [false, true] {
            if tagged && !self.twice {
                continue;
            }
            let ethernet = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
            let headers = etherparse::IpHeaders::Ipv4(ip.clone(), Default::default());
            let step = if tagged {
                let id = 10u16.try_into().expect("a VLAN number");
                ethernet.single_vlan(id).ip(headers)
            } else {
                ethernet.ip(headers)
            };
            let mut tcp = step.tcp(from.1, to.1, sequence, 65000);
            if flags.contains('A') {
                tcp = tcp.ack(self.next[1 - side]);
            }
            if flags.contains('S') {
                tcp = tcp.syn();
            }
            if flags.contains('F') {
                tcp = tcp.fin();
            }
            let mut bytes = Vec::new();
            tcp.write(&mut bytes, payload).expect("memory takes it");
            self.record(&bytes, if tagged { 40 } else { 0 });
        }
    }

    fn record(&mut self, bytes: &[u8], microseconds: u32) {
        let length = u32::try_from(bytes.len()).expect("frames are short");
        let time = self.identification;
        let seconds = 1_700_000_000 + u32::from(time) / 1000;
        let fraction = u32::from(time) % 1000 * 1000 + microseconds;
        for field in [seconds, fraction, length, length] {
            self.file.extend(field.to_le_bytes());
        }
        self.file.extend(bytes);
        self.frames += 1;
    }

    /// Sends bytes in pieces, in the order that `shuffle` puts them, and acknowledges them.
    fn send(&mut self, side: usize, bytes: &[u8], size: usize, shuffle: Shuffle) {
        let mut pieces: Vec<(usize, &[u8])> = bytes
            .chunks(size)
            .enumerate()
            .map(|(place, piece)| (place * size, piece))
            .collect();
        match shuffle {
            Shuffle::None => {}
            Shuffle::Pairs => {
                // The first piece stays: what comes before it cannot be known to exist.
                for pair in pieces[1..].chunks_mut(2) {
                    pair.reverse();
                }
            }
            Shuffle::Again => pieces = pieces.iter().flat_map(|p| [*p, *p]).collect(),
            Shuffle::Overlapping => {
                for (start, piece) in &mut pieces {
                    let longer = bytes.len().min(*start + 2 * size);
                    *piece = &bytes[*start..longer];
                }
            }
        }
        for (start, piece) in pieces {
            let ahead = u32::try_from(start).expect("short");
            self.segment(side, ahead, "A", piece);
        }
        let length = u32::try_from(bytes.len()).expect("short");
        self.next[side] = self.next[side].wrapping_add(length);
        self.segment(1 - side, 0, "A", &[]);
    }

    fn close(mut self) -> Analysis {
        for side in [0, 1] {
            self.segment(side, 0, "FA", &[]);
            self.next[side] = self.next[side].wrapping_add(1);
        }
        self.segment(0, 0, "A", &[]);
        analyze(
            Reader::from_read("test", Cursor::new(self.file)),
            Wants::default(),
            None,
            |_| {},
        )
    }
}

#[derive(Clone, Copy, Debug)]
enum Shuffle {
    None,
    Pairs,
    Again,
    Overlapping,
}

const SHUFFLES: [Shuffle; 4] = [
    Shuffle::None,
    Shuffle::Pairs,
    Shuffle::Again,
    Shuffle::Overlapping,
];
const SIZES: [usize; 6] = [1, 2, 7, 16, 100, 1400];

/// Sends request and response in every way and tells what is found each time.
fn every_way(port: u16, request: &[u8], response: &[u8], tell: fn(&Analysis) -> String) {
    let send = |size, shuffle, twice| {
        let mut wire = Wire::open(port, twice);
        wire.send(0, request, size, shuffle);
        wire.send(1, response, size, shuffle);
        wire.close()
    };
    let expected = tell(&send(1400, Shuffle::None, false));
    assert!(!expected.is_empty(), "something is found");
    for size in SIZES {
        for shuffle in SHUFFLES {
            for twice in [false, true] {
                let found = tell(&send(size, shuffle, twice));
                assert_eq!(found, expected, "{size} {shuffle:?} twice: {twice}");
            }
        }
    }
}

fn only(analysis: &Analysis) -> Connection {
    assert_eq!(analysis.trackers.tcp.len(), 1);
    analysis.trackers.tcp.connection(0).expect("it is there")
}

#[test]
fn http_is_the_same_however_it_is_cut() {
    let request = b"POST /form?a=b HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 11\r\n\r\nhello=world";
    let response = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    every_way(8080, request, response, |analysis| {
        let exchanges = &analysis.trackers.streams.found.exchanges;
        assert_eq!(exchanges.len(), 1);
        let e = exchanges
            .exchange(0, &analysis.trackers.tcp)
            .expect("it is there");
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            e.method.map(|m| String::from_utf8_lossy(&m).into_owned()),
            e.uri.map(|u| String::from_utf8_lossy(&u).into_owned()),
            e.request_body_bytes,
            e.status,
            e.response_body_bytes,
            e.transfer,
            e.complete
        )
    });
}

#[test]
fn dns_over_tcp_is_the_same_however_it_is_cut() {
    let mut query = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend(b"\x03www\x07example\x03org\x00\x00\x01\x00\x01");
    let mut answer = query.clone();
    answer[2..4].copy_from_slice(&[0x81, 0x80]);
    answer[7] = 1;
    answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 5]);
    let framed = |messages: &[&[u8]]| -> Vec<u8> {
        let framed = messages.iter().flat_map(|message| {
            let length = u16::try_from(message.len()).expect("short");
            [&length.to_be_bytes()[..], message].concat()
        });
        framed.collect()
    };
    let mut second = query.clone();
    second[1] = 8;
    // Two questions in one go, one answer.
    let request = framed(&[&query, &second]);
    every_way(53, &request, &framed(&[&answer]), |analysis| {
        let told: Vec<String> = analysis
            .facts
            .lookups
            .iter()
            .map(|l| {
                format!(
                    "{} {} {} {} {:?} {:?}",
                    l.id,
                    l.transport,
                    l.kind.as_deref().unwrap_or_default(),
                    l.name.as_deref().unwrap_or_default(),
                    l.status,
                    l.answers
                )
            })
            .collect();
        assert_eq!(told.len(), 2);
        assert!(told[0].contains("203.0.113.5") && told[1].ends_with("None None"));
        told.join("\n")
    });
}

#[test]
fn a_connection_is_the_same_however_it_is_cut() {
    every_way(12000, &[b'q'; 150], &[b'r'; 250], |analysis| {
        let c = only(analysis);
        format!(
            "{} {} {} {:?} {} {:?}",
            c.opened, c.client_bytes, c.closed, c.closed_by, c.fins_acked, c.time_wait_at
        )
    });
}

#[test]
fn frames_captured_twice_are_said_to_be_copies() {
    let mut wire = Wire::open(12000, true);
    wire.send(0, b"hello", 5, Shuffle::None);
    let analysis = wire.close();
    let c = only(&analysis);
    assert_eq!((c.frame_count, c.copied_frames), (16, 8));
    assert!(c.client_retransmissions + c.client_spurious_retransmissions > 0);
    let told = analysis
        .facts
        .situations
        .iter()
        .find(|s| s.kind == SituationKind::CapturedTwice);
    let told = told.expect("the report says so");
    let sentence = told.sentence.to_string();
    assert!(sentence.contains("8 of 16 IP frames") && sentence.contains("VLAN"));
    assert_eq!(told.frames[..4], [1, 2, 3, 4]);
}

#[test]
fn what_is_really_sent_again_is_no_copy() {
    let mut wire = Wire::open(12000, false);
    wire.send(0, b"hello", 5, Shuffle::Again);
    let analysis = wire.close();
    let c = only(&analysis);
    assert_eq!((c.client_retransmissions, c.copied_frames), (1, 0));
    assert!(analysis.facts.situations.is_empty());
}

#[test]
fn a_syn_answered_by_the_ack_of_an_older_connection_is_not_unanswered() {
    let mut wire = Wire::open(12000, false);
    wire.next[0] = 1_000_000;
    wire.segment(0, 0, "S", &[]);
    // The server still knows the older numbers (RFC 5961 §4.2).
    wire.next[0] = OUT_OF_NOTHING + 1;
    wire.segment(1, 0, "A", &[]);
    let analysis = analyze(
        Reader::from_read("test", Cursor::new(wire.file)),
        Wants::default(),
        None,
        |_| {},
    );
    let second = analysis
        .trackers
        .tcp
        .connection(1)
        .expect("ports are reused");
    assert_eq!(second.opened, Opened::Challenged);
    assert_eq!(analysis.facts.situations[0].kind, SituationKind::HalfOpen);
}

#[test]
fn a_caller_that_goes_on_was_answered_even_if_the_answer_was_not_captured() {
    let mut wire = Wire::open(12000, false);
    let mut frames = Vec::new();
    let mut rest = &wire.file[24..];
    while let Some(length) = rest.get(8..12) {
        let length = u32::from_le_bytes(length.try_into().expect("four bytes"));
        let (frame, next) = rest.split_at(16 + usize::try_from(length).expect("short"));
        frames.push(frame.to_vec());
        rest = next;
    }
    frames.remove(1);
    wire.file.truncate(24);
    wire.file.extend(frames.concat());
    let c = only(&analyze(
        Reader::from_read("test", Cursor::new(wire.file)),
        Wants::default(),
        None,
        |_| {},
    ));
    assert_eq!((c.opened, c.synack_frame), (Opened::Handshake, None));
}

#[test]
fn syns_decades_apart_are_told_like_others() {
    for (seconds, how) in [
        ([0u32, 1, 0x7fff_ffff, 0xffff_ffff], "(gaps of 1.0, "),
        ([0xffff_ffff, 0, 0xffff_ffff, 0], "the clock was set back"),
    ] {
        let mut wire = Wire::open(12000, false);
        wire.file.truncate(24);
        for second in seconds {
            let from = wire.file.len();
            wire.next[0] = OUT_OF_NOTHING;
            wire.segment(0, 0, "S", &[]);
            wire.file[from..from + 4].copy_from_slice(&second.to_le_bytes());
        }
        let analysis = analyze(
            Reader::from_read("test", Cursor::new(wire.file)),
            Wants::default(),
            None,
            |_| {},
        );
        let told = &analysis.facts.situations[0];
        assert_eq!(told.kind, SituationKind::HostSilent);
        assert!(told.sentence.to_string().contains(how), "{}", told.sentence);
    }
}
