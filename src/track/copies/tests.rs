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
}

const SENT: Sent = Sent {
    from: HOST,
    to: ROUTER,
    ttl: 64,
    identification: 7,
    interface: 0,
    microseconds: 0,
};

fn frame(sent: Sent, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, sent.to, 2, 0, 0, 0, 0, sent.from, 8, 0];
    let length = u16::try_from(payload.len() + 28).expect("short");
    bytes.extend([0x45, 0]);
    bytes.extend(length.to_be_bytes());
    bytes.extend(sent.identification.to_be_bytes());
    bytes.extend([0, 0, sent.ttl, 17, 0, sent.ttl, 10, 0, 0, 1, 10, 9, 0, 2]);
    bytes.extend([0, 68, 0, 67]);
    bytes.extend((length - 20).to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(payload);
    bytes
}

fn tracked(frames: &[(Sent, &[u8])]) -> Copies {
    let mut copies = Copies::default();
    for (number, (sent, payload)) in (1..).zip(frames) {
        let bytes = frame(*sent, payload);
        let packet = Packet::dissect(Frame {
            number,
            time: Some(Time(1_000_000_000 + sent.microseconds * 1000)),
            wire_length: crate::dissect::as_u32(bytes.len()),
            interface: sent.interface,
            link: LinkType::ETHERNET,
            bytes: &bytes,
        });
        let ip = packet.ip.expect("it is IP");
        copies.packet(&packet, &ip);
    }
    copies
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
