use super::rounds::LOOPS;
use super::*;
use crate::capture::LinkType;

const HOST: u8 = 1;
const ROUTER: u8 = 9;
const SERVER: u8 = 2;

/// What is varied of a frame.
#[derive(Clone, Copy)]
struct Sent {
    from: u8,
    to: u8,
    ttl: u8,
    identification: u16,
    interface: u32,
    microseconds: i64,
    destination: u16,
}

const SENT: Sent = Sent {
    from: HOST,
    to: ROUTER,
    ttl: 64,
    identification: 7,
    interface: 0,
    microseconds: 0,
    destination: 2,
};

fn frame(sent: Sent, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, sent.to, 2, 0, 0, 0, 0, sent.from, 8, 0];
    let length = u16::try_from(payload.len() + 28).expect("short");
    bytes.extend([0x45, 0]);
    bytes.extend(length.to_be_bytes());
    bytes.extend(sent.identification.to_be_bytes());
    let [high, low] = sent.destination.to_be_bytes();
    bytes.extend([
        0, 0, sent.ttl, 17, 0, sent.ttl, 10, 0, 0, 1, 10, 9, high, low,
    ]);
    bytes.extend([0, 68, 0, 67]);
    bytes.extend((length - 20).to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(payload);
    bytes
}

/// A frame as it is recorded.
struct Recorded {
    microseconds: i64,
    interface: u32,
    link: LinkType,
    bytes: Vec<u8>,
}

impl Recorded {
    fn of(sent: Sent, payload: &[u8]) -> Recorded {
        Recorded {
            microseconds: sent.microseconds,
            interface: sent.interface,
            link: LinkType::ETHERNET,
            bytes: frame(sent, payload),
        }
    }
}

/// Takes in frames as the analysis does.
fn followed(frames: &[Recorded]) -> Copies {
    let mut copies = Copies::default();
    for (number, recorded) in (1..).zip(frames) {
        let frame = Frame {
            number,
            time: Some(Time(1_000_000_000 + recorded.microseconds * 1000)),
            wire_length: crate::dissect::as_u32(recorded.bytes.len()),
            interface: recorded.interface,
            link: recorded.link,
            bytes: &recorded.bytes,
        };
        if Usual::read(&frame).is_some_and(|usual| copies.usual(&frame, &usual)) {
            continue;
        }
        let packet = Packet::dissect(frame);
        let ip = packet.ip.expect("it is IP");
        copies.packet(&packet, &ip);
    }
    copies
}

fn tracked(frames: &[(Sent, &[u8])]) -> Copies {
    let frames: Vec<Recorded> = frames.iter().map(|f| Recorded::of(f.0, f.1)).collect();
    followed(&frames)
}

#[test]
fn a_packet_that_differs_in_any_byte_is_no_copy() {
    let payload = [0u8; 300];
    assert_eq!(tracked(&[(SENT, &payload), (SENT, &payload)]).count, 1);
    for place in [0, 17, 100, 299] {
        let mut other = payload;
        other[place] = 1;
        assert_eq!(tracked(&[(SENT, &payload), (SENT, &other)]).count, 0);
    }
}

#[test]
fn messages_of_many_clients_at_once_are_no_copies() {
    // As DHCP clients send them: no identification, the same ports, one number that differs.
    let messages: Vec<[u8; 240]> = (0..30)
        .map(|client| {
            let mut message = [0; 240];
            message[..4].copy_from_slice(&[1, 1, 6, 0]);
            message[33] = client;
            message
        })
        .collect();
    for identification in [0, 1] {
        let sent = Sent {
            identification,
            ..SENT
        };
        let frames: Vec<(Sent, &[u8])> = messages.iter().map(|m| (sent, &m[..])).collect();
        assert_eq!(tracked(&frames).count, 0);
    }
}

#[test]
fn the_interfaces_of_one_file_record_a_packet_each_in_any_order() {
    for microseconds in [-200, 0, 200] {
        let other = Sent {
            interface: 1,
            identification: 0,
            microseconds,
            ..SENT
        };
        let first = Sent {
            identification: 0,
            ..SENT
        };
        let copies = tracked(&[(first, b"x"), (other, b"x")]);
        assert_eq!(copies.count, 1);
        assert_eq!(copies.difference(), Difference::Interface);
        // On one interface, what comes before was not sent after.
        let same = Sent {
            interface: 0,
            identification: 7,
            ..other
        };
        let count = u64::from(microseconds >= 0);
        assert_eq!(tracked(&[(SENT, b"x"), (same, b"x")]).count, count);
    }
}

#[test]
fn whoever_passes_packets_on_is_counted() {
    let on = Sent {
        from: ROUTER,
        to: SERVER,
        ttl: 63,
        microseconds: 5000,
        ..SENT
    };
    let copies = tracked(&[(SENT, b"x"), (on, b"x")]);
    let difference = copies.difference();
    assert_eq!((copies.count, difference), (1, Difference::SameLink));
    assert_eq!(copies.relays[0].mac, [2, 0, 0, 0, 0, ROUTER]);
    assert_eq!(copies.relays[0].pairs, [(1, 2)]);
    // Not when it comes from somebody else.
    let astray = Sent { from: 7, ..on };
    assert_eq!(tracked(&[(SENT, b"x"), (astray, b"x")]).count, 0);
}

#[test]
fn two_interfaces_with_clocks_of_their_own_record_both_sides_of_a_router() {
    let count = |microseconds: i64, identification: u16, ttl: u8, interface: u32| {
        let later = Sent {
            from: 7,
            to: SERVER,
            ttl,
            identification,
            interface,
            microseconds,
            ..SENT
        };
        let first = Sent {
            identification,
            ..SENT
        };
        tracked(&[(first, b"x"), (later, b"x")]).count
    };
    assert_eq!(count(500_000, 7, 63, 1), 1);
    assert_eq!(count(-500_000, 7, 63, 1), 1);
    assert_eq!(count(500_000, 7, 64, 1), 1);
    assert_eq!(count(500_000, 7, 62, 1), 1);
    // Farther apart, without an identification, or on one interface.
    assert_eq!(count(10_000_001, 7, 63, 1), 0);
    assert_eq!(count(500_000, 0, 63, 1), 0);
    assert_eq!(count(500_000, 7, 62, 0), 0);
    assert_eq!(count(500_000, 7, 63, 0), 0);
}

#[test]
fn interfaces_that_are_written_in_turns_are_looked_at_farther_back() {
    let sent = |n: u16, interface: u32| Sent {
        identification: n + 1,
        interface,
        ttl: if interface == 0 { 64 } else { 63 },
        microseconds: i64::from(n) * 100,
        ..SENT
    };
    let turns = |most: u16, interface: u32| {
        let frames: Vec<(Sent, &[u8])> = (0..most)
            .map(|n| sent(n, 0))
            .chain((0..most).map(|n| sent(n, interface)))
            .map(|sent| (sent, &b"x"[..]))
            .collect();
        tracked(&frames).count
    };
    // The first frame of the second interface makes it look back.
    assert_eq!(turns(16, 1), 16);
    // Of a longer turn the first frames are no longer known when the second one begins.
    assert_eq!(turns(40, 1), 16);
}

/// A segment of TCP without data, the usual frame.
fn segment(number: u32) -> Recorded {
    let [a, b, c, d] = number.to_be_bytes();
    let [_, _, high, low] = (number + 1).to_be_bytes();
    let mut bytes = vec![2, 0, 0, 0, 0, ROUTER, 2, 0, 0, 0, 0, HOST, 8, 0];
    bytes.extend([0x45, 0, 0, 40, high, low, 0, 0, 64, 6, 0, 0]);
    bytes.extend([10, 0, 0, 1, 10, 9, 0, 2, 0, 9, 0, 80, a, b, c, d]);
    bytes.extend([0, 0, 0, 0, 0x50, 16, 0, 9, 0, 0, 0, 0]);
    Recorded {
        microseconds: i64::from(number) * 10,
        interface: 0,
        link: LinkType::ETHERNET,
        bytes,
    }
}

#[test]
fn behind_a_long_quiet_the_first_copy_is_missed_and_wakes_us() {
    let count = |quiet: u32, times: u32| {
        let mut frames = Vec::new();
        for round in 0..times {
            let begin = 1 + round * (quiet + 3);
            frames.extend((begin..begin + quiet).map(segment));
            for copied in begin + quiet..begin + quiet + 3 {
                frames.extend([segment(copied), segment(copied)]);
            }
        }
        let copies = followed(&frames);
        assert_eq!(copies.frames, frames.len() as u64);
        copies.count
    };
    assert_eq!(count(10, 2), 6);
    // The frame before the copy is the last one that is kept whole, and one too many.
    assert_eq!(count(ATTENTIVE - 2, 2), 6);
    assert_eq!(count(ATTENTIVE - 1, 2), 4);
    assert_eq!(count(2 * ATTENTIVE, 3), 6);
}

#[test]
fn a_copy_is_looked_for_among_the_last_frames_only() {
    let count = |between: u32| {
        let others = (2..2 + between).map(segment);
        let first = || std::iter::once(segment(1));
        let mut frames: Vec<Recorded> = first().chain(others).chain(first()).collect();
        frames.last_mut().expect("there is one").microseconds = 500;
        followed(&frames).count
    };
    let most = u32::try_from(LAST).expect("it is small") - 2;
    assert_eq!((count(0), count(most), count(most + 1)), (1, 1, 0));
}

/// A packet in so many frames of one card, each with a TTL that is lower by two.
fn rounds(sent: Sent, frames: u8, apart: i64) -> Vec<(Sent, &'static [u8])> {
    let each = (0..frames).map(|n| {
        let again = Sent {
            ttl: sent.ttl - 2 * n,
            microseconds: sent.microseconds + i64::from(n) * apart,
            ..sent
        };
        (again, &b"x"[..])
    });
    each.collect()
}

#[test]
fn a_packet_that_comes_round_is_counted_once_and_its_frames_named_up_to_a_limit() {
    let high = Sent { ttl: 255, ..SENT };
    let loops = |frames: u8| tracked(&rounds(high, frames, 100)).loops.list;
    assert!(loops(3).is_empty());
    let copies = tracked(&rounds(high, 4, 100));
    let [told] = &copies.loops.list[..] else {
        panic!("one loop");
    };
    assert_eq!((told.packets, told.count, told.ttls), (1, 4, (255, 249)));
    assert_eq!(told.frames, [1, 2, 3, 4]);
    assert_eq!(copies.loops.looped(), 3);
    let long = &loops(120)[0];
    assert_eq!((long.packets, long.count, long.ttls), (1, 120, (255, 17)));
    let named: Vec<u32> = (1..=100).collect();
    assert_eq!(long.frames, named);
    // Another packet of the same two hosts, and one of others.
    let second = Sent {
        identification: 8,
        microseconds: 10_000,
        ..SENT
    };
    let third = Sent {
        destination: 3,
        microseconds: 20_000,
        ..SENT
    };
    let mut frames = rounds(high, 4, 100);
    frames.extend(rounds(second, 5, 100));
    frames.extend(rounds(third, 4, 100));
    let copies = tracked(&frames);
    let told = copies
        .loops
        .list
        .iter()
        .map(|l| (l.packets, l.count, l.ttls));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [(2, 9, (255, 249)), (1, 4, (64, 58))]
    );
    assert_eq!(copies.loops.looped(), 10);
}

#[test]
fn what_goes_to_many_or_elsewhere_or_comes_too_late_does_not_come_round() {
    let told = |sent: Sent, apart: i64| tracked(&rounds(sent, 5, apart)).loops.list.len();
    assert_eq!((told(SENT, 1_000_000), told(SENT, 1_000_001)), (1, 0));
    let unnumbered = Sent {
        identification: 0,
        ..SENT
    };
    assert_eq!((told(unnumbered, 1000), told(unnumbered, 1001)), (1, 0));
    let to_many = Sent { to: 0, ..SENT };
    let mut frames = rounds(to_many, 5, 100);
    assert_eq!(tracked(&frames).loops.list.len(), 1);
    let mut many: Vec<Recorded> = frames.iter().map(|f| Recorded::of(f.0, f.1)).collect();
    for recorded in &mut many {
        recorded.bytes[0] |= 1;
    }
    assert_eq!(followed(&many).loops.list.len(), 0);
    // Each time by another card, or on another interface.
    for (number, frame) in (0..).zip(&mut frames) {
        frame.0.from = number;
    }
    assert_eq!(tracked(&frames).loops.list.len(), 0);
    for (number, frame) in (0..).zip(&mut frames) {
        frame.0.from = HOST;
        frame.0.interface = number;
    }
    assert_eq!(tracked(&frames).loops.list.len(), 0);
}

#[test]
fn so_many_loops_and_relays_are_told_apart() {
    let most = u16::try_from(LOOPS).expect("it is small");
    let frames: Vec<_> = (0..most + 10)
        .flat_map(|destination| {
            let first = Sent {
                destination,
                microseconds: i64::from(destination) * 1000,
                ..SENT
            };
            rounds(first, 5, 10)
        })
        .collect();
    let loops = tracked(&frames).loops.list;
    assert_eq!(loops.len(), LOOPS);
    assert!(loops.iter().all(|l| (l.packets, l.count) == (1, 5)));
    let most = u8::try_from(RELAYS).expect("it is small");
    let frames: Vec<_> = (0..2u16)
        .flat_map(|round| (100..100 + most + 2).map(move |relay| (round, relay)))
        .flat_map(|(round, relay)| {
            let first = Sent {
                to: relay,
                identification: (round << 8) + u16::from(relay),
                ..SENT
            };
            let on = Sent {
                from: relay,
                to: SERVER,
                ttl: 63,
                ..first
            };
            [(first, &b"x"[..]), (on, &b"x"[..])]
        })
        .collect();
    let copies = tracked(&frames);
    assert_eq!(copies.count, 2 * u64::from(most + 2));
    assert_eq!(copies.relays.len(), RELAYS);
    assert!(copies.relays.iter().all(|r| r.count == 2));
    assert_eq!(copies.relays[1].pairs, [(3, 4), (39, 40)]);
}

#[test]
fn copies_are_named_up_to_a_limit_and_counted_beyond() {
    let pairs = |count: u16| -> Copies {
        let each = (1..=count).flat_map(|identification| {
            let first = Sent {
                identification,
                ..SENT
            };
            let on = Sent {
                from: ROUTER,
                to: SERVER,
                ttl: 63,
                ..first
            };
            [(first, &b"x"[..]), (on, &b"x"[..])]
        });
        tracked(&each.collect::<Vec<_>>())
    };
    let named = u16::try_from(NAMED).expect("it is small");
    let copies = pairs(named);
    assert_eq!((copies.pairs.len(), copies.unnamed()), (NAMED, 0));
    let copies = pairs(named + 3);
    assert_eq!((copies.pairs.len(), copies.unnamed()), (NAMED, 3));
    let relay = &copies.relays[0];
    assert_eq!((relay.pairs.len(), relay.count), (NAMED, 1003));
}

#[test]
fn what_most_copies_differ_in_is_told_and_loops_are_not_counted_with_them() {
    let number = |identification: u16| Sent {
        identification: identification + 1,
        ..SENT
    };
    let again = |sent: Sent| [(sent, &b"x"[..]), (sent, &b"x"[..])];
    let elsewhere = |n: u16| {
        let other = Sent {
            interface: 1,
            ttl: 63,
            ..number(n)
        };
        [(number(n), &b"x"[..]), (other, &b"x"[..])]
    };
    let astray = |n: u16| {
        let other = Sent {
            from: 5,
            ..number(n)
        };
        [(number(n), &b"x"[..]), (other, &b"x"[..])]
    };
    let difference = |frames: &[[(Sent, &[u8]); 2]]| tracked(&frames.concat()).difference();
    let few = [again(number(1)), astray(2), astray(3), elsewhere(4)];
    assert_eq!(difference(&few), Difference::Address);
    let few = [elsewhere(1), astray(2), elsewhere(3)];
    assert_eq!(difference(&few), Difference::Hop);
    let few = [again(number(1)), astray(2), again(number(3))];
    assert_eq!(difference(&few), Difference::None);
    // Nine frames of a packet that came round, and one that was captured twice.
    let mut frames = rounds(number(9), 10, 100);
    assert_eq!(tracked(&frames).count, 9);
    frames.extend(astray(1));
    let copies = tracked(&frames);
    assert_eq!((copies.count, copies.loops.looped()), (10, 9));
    assert_eq!(copies.difference(), Difference::Address);
}

#[test]
fn at_another_place_at_the_same_moment_is_elsewhere() {
    let count = |interface: u32, ttl: u8, microseconds: i64| {
        let other = Sent {
            interface,
            ttl,
            microseconds,
            ..SENT
        };
        tracked(&[(SENT, b"x"), (other, b"x")]).elsewhere()
    };
    assert_eq!((count(1, 64, 0), count(1, 63, 1000)), (1, 1));
    // Later than copies come, clocks may differ; and where only an address differs, it is here.
    assert_eq!((count(1, 63, 1001), count(0, 64, 0)), (0, 0));
}

#[test]
fn what_follows_the_packet_in_its_frame_does_not_matter() {
    let padded = |byte: u8| {
        let mut recorded = Recorded::of(SENT, b"x");
        recorded.bytes.extend([byte; 5]);
        recorded
    };
    assert_eq!(followed(&[padded(1), padded(2)]).count, 1);
    // A length of zero, of a card that cuts segments: there is no end but that of the frame.
    let unstated = |byte: u8| {
        let mut recorded = padded(byte);
        recorded.bytes[16..18].fill(0);
        recorded
    };
    assert_eq!(followed(&[unstated(1), unstated(1)]).count, 1);
    assert_eq!(followed(&[unstated(1), unstated(2)]).count, 0);
}

#[test]
fn of_a_packet_that_is_cut_what_was_captured_is_compared() {
    let cut = |payload: &[u8], bytes: usize| {
        let mut recorded = Recorded::of(SENT, payload);
        recorded.bytes.truncate(bytes);
        recorded
    };
    let count = |first: &[u8], cut_at: usize| {
        let whole = cut(b"the whole message", 100);
        followed(&[whole, cut(first, cut_at)]).count
    };
    assert_eq!(count(b"the whole massage", 52), 1);
    assert_eq!(count(b"the whole massage", 54), 0);
    // It is another one when its length is another.
    assert_eq!(count(b"the whole message!", 52), 0);
}

#[test]
fn of_cooked_frames_the_interface_and_the_packet_type_tell_copies_apart() {
    let cooked = |link: LinkType, kind: u8, index: u8| {
        let ethernet = frame(SENT, b"x");
        let mut bytes = match link {
            LinkType::LINUX_SLL => vec![0, kind, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0],
            _ => vec![
                8, 0, 0, 0, 0, 0, 0, index, 0, 1, kind, 6, 2, 0, 0, 0, 0, 1, 0, 0,
            ],
        };
        bytes.extend(&ethernet[14..]);
        Recorded {
            microseconds: 0,
            interface: 0,
            link,
            bytes,
        }
    };
    let differ = |link: LinkType, other: (u8, u8)| {
        let copies = followed(&[cooked(link, 4, 1), cooked(link, other.0, other.1)]);
        (copies.count, copies.difference())
    };
    let one = LinkType::LINUX_SLL;
    assert_eq!(differ(one, (0, 1)), (1, Difference::Interface));
    assert_eq!(differ(one, (4, 1)), (1, Difference::None));
    let two = LinkType::LINUX_SLL2;
    assert_eq!(differ(two, (0, 1)), (1, Difference::Interface));
    assert_eq!(differ(two, (4, 2)), (1, Difference::Interface));
    assert_eq!(differ(two, (4, 1)), (1, Difference::None));
}
