//! Which packets of two captures are the same, rule by rule.

use super::{Comparison, Recording};
use crate::capture::{Frame, LinkType, Time};
use crate::dissect::as_u32;

const CLIENT: [u8; 4] = [10, 1, 0, 11];
const OUTSIDE: [u8; 4] = [10, 3, 0, 1];
const SERVER: [u8; 4] = [10, 2, 0, 10];
const OTHER: [u8; 4] = [10, 2, 0, 20];

/// What is varied of a segment.
#[derive(Clone, Copy)]
struct Sent {
    milliseconds: i64,
    from: ([u8; 4], u16),
    to: ([u8; 4], u16),
    ttl: u8,
    identification: u16,
    sequence: u32,
    flags: u8,
    payload: u8,
    /// Bytes that are captured.
    captured: usize,
}

const SENT: Sent = Sent {
    milliseconds: 0,
    from: (CLIENT, 40_000),
    to: (SERVER, 80),
    ttl: 64,
    identification: 7,
    sequence: 700_000_000,
    flags: 0x18,
    payload: 100,
    captured: usize::MAX,
};

/// A RST as a scan is answered with: nothing in it but the ports is its own.
const RST: Sent = Sent {
    identification: 0,
    sequence: 0,
    flags: 0x14,
    payload: 0,
    ..SENT
};

fn ethernet(kind: [u8; 2], packet: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    bytes.extend(kind);
    bytes.extend(packet);
    bytes
}

fn ipv4(sent: &Sent, protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 20).expect("short");
    let mut bytes = vec![0x45, 0];
    bytes.extend(length.to_be_bytes());
    bytes.extend(sent.identification.to_be_bytes());
    bytes.extend(fragment.to_be_bytes());
    bytes.extend([sent.ttl, protocol, 0, sent.ttl]);
    bytes.extend(sent.from.0);
    bytes.extend(sent.to.0);
    bytes.extend(payload);
    ethernet([8, 0], &bytes)
}

impl Sent {
    fn segment(&self) -> (i64, Vec<u8>) {
        let mut bytes = Vec::new();
        bytes.extend(self.from.1.to_be_bytes());
        bytes.extend(self.to.1.to_be_bytes());
        bytes.extend(self.sequence.to_be_bytes());
        bytes.extend([0, 0, 0, 9, 0x50, self.flags, 1, 0, 0, self.ttl, 0, 0]);
        bytes.extend(std::iter::repeat_n(b'x', self.payload.into()));
        self.cut(ipv4(self, 6, 0, &bytes))
    }

    /// The second fragment of a datagram.
    fn fragment(&self) -> (i64, Vec<u8>) {
        let payload = vec![b'x'; self.payload.into()];
        self.cut(ipv4(self, 17, 185, &payload))
    }

    fn cut(&self, mut bytes: Vec<u8>) -> (i64, Vec<u8>) {
        bytes.truncate(self.captured);
        (self.milliseconds, bytes)
    }

    fn behind(self) -> Sent {
        Sent {
            ttl: self.ttl - 1,
            milliseconds: self.milliseconds + 10,
            ..self
        }
    }
}

fn recorded(frames: &[(i64, Vec<u8>)]) -> Recording {
    let mut recording = Recording::default();
    for (number, (milliseconds, bytes)) in (1..).zip(frames) {
        let frame = Frame {
            number,
            time: Some(Time(1_000_000_000_000 + milliseconds * 1_000_000)),
            wire_length: as_u32(bytes.len().max(154)),
            interface: 0,
            link: LinkType::ETHERNET,
            bytes,
        };
        recording.frame(frame, 1000);
    }
    recording
}

fn pairs(first: &[(i64, Vec<u8>)], second: &[(i64, Vec<u8>)]) -> Vec<(u32, u32)> {
    let (first, second) = (recorded(first), recorded(second));
    Comparison::new(&first, &second).frames().collect()
}

/// Segments that are sure, 10 ms apart in both captures, so that it is known when others are due.
fn sure(behind: bool) -> Vec<(i64, Vec<u8>)> {
    let each = (1..=20).map(|n| Sent {
        identification: n,
        milliseconds: i64::from(n),
        ..SENT
    });
    let passed = each.map(|s| if behind { s.behind() } else { s });
    passed.map(|s| s.segment()).collect()
}

/// The pairs of these beside sure ones, numbered from 1 on.
fn beside(first: &[(i64, Vec<u8>)], second: &[(i64, Vec<u8>)]) -> Vec<(u32, u32)> {
    let all = pairs(
        &[&sure(false)[..], first].concat(),
        &[&sure(true)[..], second].concat(),
    );
    let rest = all.into_iter().filter(|p| p.0 > 20 || p.1 > 20);
    rest.map(|(a, b)| (a - 20, b - 20)).collect()
}

#[test]
fn captures_cut_at_different_lengths_are_compared_as_far_as_both_go() {
    let cut = |captured| Sent { captured, ..SENT };
    for (first, second) in [(140, 100), (100, 140), (60, 154), (154, 54)] {
        let (first, second) = (cut(first), cut(second).behind());
        assert_eq!(pairs(&[first.segment()], &[second.segment()]), [(1, 1)]);
    }
    // What both have differs.
    let mut other = cut(100).behind().segment();
    other.1[60] = b'y';
    assert!(pairs(&[cut(140).segment()], &[other]).is_empty());
}

#[test]
fn of_packets_that_are_alike_those_are_paired_that_are_due() {
    let at = |milliseconds| Sent {
        milliseconds,
        ..RST
    };
    let (first, lost) = (at(1000), at(2000));
    // The first one was lost, or the second one.
    let both = [first.segment(), lost.segment()];
    assert_eq!(beside(&both, &[lost.behind().segment()]), [(2, 1)]);
    assert_eq!(beside(&both, &[first.behind().segment()]), [(1, 1)]);
    // As many in each, but not the same ones.
    let later = at(3000).behind().segment();
    assert_eq!(beside(&both, &[lost.behind().segment(), later]), [(2, 1)]);
    // None is due when the only other one came, and none comes before it was sent.
    assert!(beside(&[first.segment()], &[lost.behind().segment()]).is_empty());
    assert!(beside(&[lost.segment()], &[at(1985).behind().segment()]).is_empty());
    // What no other packet looks like is paired however long it took.
    let slow = |milliseconds| Sent {
        milliseconds,
        identification: 99,
        ..SENT
    };
    let passed = slow(9000).behind().segment();
    assert_eq!(beside(&[slow(1000).segment()], &[passed]), [(1, 1)]);
}

#[test]
fn packets_that_only_look_alike_were_not_translated() {
    let of = |from, port| Sent {
        from: (from, port),
        ..RST
    };
    // RSTs of a scan: the one was lost, the other not captured.
    let none = [
        (of(SERVER, 113), of(SERVER, 139)),
        (of(SERVER, 113), of(OTHER, 113)),
    ];
    for (first, second) in none {
        let second = second.behind();
        assert!(beside(&[first.segment()], &[second.segment()]).is_empty());
    }
    // The way there is not the way back.
    let swapped = Sent {
        from: SENT.to,
        to: SENT.from,
        ..SENT
    };
    let swapped = swapped.behind().segment();
    assert!(pairs(&[SENT.segment()], &[swapped]).is_empty());
}

#[test]
fn a_conversation_is_translated_when_its_packets_say_so() {
    let inside = SENT;
    let outside = |port| Sent {
        from: (OUTSIDE, port),
        ..SENT
    };
    // One packet that nothing else looks like, with the port kept or not.
    for port in [40_000, 2000] {
        let passed = outside(port).behind().segment();
        assert_eq!(pairs(&[inside.segment()], &[passed]), [(1, 1)]);
    }
    // A RST says it together with the SYN that it answers, and not alone.
    let syn = |from: [u8; 4]| Sent {
        from: (from, 40_000),
        flags: 2,
        payload: 0,
        ..SENT
    };
    let rst = |to: [u8; 4]| Sent {
        from: (SERVER, 80),
        to: (to, 40_000),
        milliseconds: 5,
        ..RST
    };
    let first = [syn(CLIENT).segment(), rst(CLIENT).segment()];
    let second = [
        syn(OUTSIDE).behind().segment(),
        rst(OUTSIDE).behind().segment(),
    ];
    assert_eq!(pairs(&first, &second), [(1, 1), (2, 2)]);
    assert!(pairs(&first[1..], &second[1..]).is_empty());
    // And when its addresses became what those of another did.
    let more = |from: [u8; 4]| Sent {
        from: (SERVER, 81),
        to: (from, 40_001),
        ..RST
    };
    let first = [&first[..], &[more(CLIENT).segment()]].concat();
    let second = [&second[..], &[more(OUTSIDE).behind().segment()]].concat();
    assert_eq!(pairs(&first, &second), [(1, 1), (2, 2), (3, 3)]);
}

#[test]
fn fragments_follow_what_their_datagrams_show() {
    let first = SENT;
    let reply = Sent {
        from: SENT.to,
        to: SENT.from,
        ..SENT
    };
    let outside = Sent {
        from: (OUTSIDE, 40_000),
        ..SENT
    };
    // The same identification in the other direction is another datagram.
    let none = pairs(&[first.fragment()], &[reply.behind().fragment()]);
    assert!(none.is_empty());
    assert!(pairs(&[first.fragment()], &[outside.behind().fragment()]).is_empty());
    let both = pairs(
        &[first.segment(), first.fragment()],
        &[outside.behind().segment(), outside.behind().fragment()],
    );
    assert_eq!(both, [(1, 1), (2, 2)]);
    // Without a translation its own addresses are enough, when it is due.
    let due = beside(&[first.fragment()], &[first.behind().fragment()]);
    assert_eq!(due, [(1, 1)]);
    let much_later = Sent {
        milliseconds: 6000,
        ..first
    };
    assert!(beside(&[first.fragment()], &[much_later.fragment()]).is_empty());
}

#[test]
fn what_stays_on_its_link_is_not_translated() {
    let solicitation = |from: u8| {
        let mut bytes = vec![0x60, 0, 0, 0, 0, 8, 58, 255, 0xfe, 0x80];
        bytes.extend([0; 13]);
        bytes.extend([from, 0xff, 2]);
        bytes.extend([0; 13]);
        bytes.extend([2, 133, 0, 1, from, 0, 0, 0, 0]);
        (0, ethernet([0x86, 0xdd], &bytes))
    };
    assert_eq!(pairs(&[solicitation(1)], &[solicitation(1)]), [(1, 1)]);
    assert!(pairs(&[solicitation(1)], &[solicitation(2)]).is_empty());
}

#[test]
fn packets_beyond_the_room_are_counted() {
    let mut recording = Recording::default();
    for number in 1..=3 {
        let bytes = SENT.segment().1;
        let frame = Frame {
            number,
            time: None,
            wire_length: as_u32(bytes.len()),
            interface: 0,
            link: LinkType::ETHERNET,
            bytes: &bytes,
        };
        recording.frame(frame, 2);
    }
    assert_eq!((recording.compared(), recording.packets), (2, 3));
    assert!(recording.is_part() && !recorded(&[SENT.segment()]).is_part());
}

/// Segments there and back between two captures on one link, so many milliseconds apart; `lost` is
/// recorded where it is sent alone.
fn both_ways(apart: i64, lost: &Sent) -> [Recording; 2] {
    let there = (0..5).map(|n| Sent {
        identification: 100 + u16::from(u8::try_from(n).expect("few")),
        milliseconds: 100 * n,
        ..SENT
    });
    let back = there.clone().map(|s| Sent {
        from: s.to,
        to: s.from,
        milliseconds: s.milliseconds + 50,
        ..s
    });
    let all: Vec<Sent> = there.chain(back).collect();
    let seen = |own: [u8; 4]| {
        let late = |s: &Sent| if s.from.0 == own { 0 } else { apart };
        let mut sent: Vec<Sent> = all
            .iter()
            .map(|s| Sent {
                milliseconds: s.milliseconds + late(s),
                ..*s
            })
            .collect();
        sent.extend((own == lost.from.0).then_some(*lost));
        sent.sort_by_key(|s| s.milliseconds);
        recorded(&sent.iter().map(Sent::segment).collect::<Vec<_>>())
    };
    [seen(CLIENT), seen(SERVER)]
}

#[test]
fn without_a_router_the_senders_tell_which_way_packets_went() {
    use std::cmp::Ordering;
    let lost = Sent {
        identification: 99,
        milliseconds: 70,
        ..SENT
    };
    let ways = |apart| {
        let [first, second] = both_ways(apart, &lost);
        let times: Vec<_> = Comparison::new(&first, &second).times().collect();
        let of = |way| {
            times
                .iter()
                .filter(|t| t.0 == way)
                .map(|t| t.1)
                .collect::<Vec<_>>()
        };
        [
            of(Ordering::Greater),
            of(Ordering::Less),
            of(Ordering::Equal),
        ]
    };
    assert_eq!(ways(20), [vec![20.0; 5], vec![-20.0; 5], Vec::new()]);
    // All at the same moment: nothing tells.
    assert_eq!(ways(0), [Vec::new(), Vec::new(), vec![0.0; 10]]);
}

#[test]
fn what_was_on_its_way_when_the_other_capture_ended_may_have_arrived() {
    let during = |milliseconds| {
        let lost = Sent {
            identification: 99,
            milliseconds,
            ..SENT
        };
        let [first, second] = both_ways(20, &lost);
        let alone: Vec<_> = Comparison::new(&first, &second)
            .unpaired()
            .map(|u| u.while_both_recorded)
            .collect();
        alone
    };
    // The server's last frame is its own, at 450; the client's first one came at 20.
    assert_eq!(
        [during(45), during(425), during(435), during(449)],
        [[true], [true], [false], [false]]
    );
    // 20 ms earlier by the times of what came back, it would have passed before anything did.
    assert_eq!(
        [during(30), during(39), during(41)],
        [[false], [false], [true]]
    );
}
