use super::*;
use crate::dissect::field::{Sink, Value, Wanted};
use crate::dissect::layer::Protocol;

/// Responses of dnsmasq 2.90: an address, a mail server, and a text that came over TCP.
const ADDRESS: &str = "10008580000100010000000003777777036c6162076578616d706c650000010001\
    c00c000100010000000000040a090050";
const MAIL: &str = "100185800001000100000000036c6162076578616d706c6500000f0001\
    c00c000f0001000000000014000a046d61696c036c6162076578616d706c6500";
const TEXT: &str = "003820008580000100010000000004696e666f036c6162076578616d706c65000010\
    0001c00c0010000100000000000a0968656c6c6f206c6162";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2)
        .map(|i| u8::from_str_radix(&hex[i * 2..i * 2 + 2], 16).expect("hexadecimal"))
        .collect()
}

fn shown(message: &[u8], tcp: bool) -> Vec<(&'static str, Value<'_>)> {
    let view = View {
        bytes: message,
        reported: message.len(),
        quoted: false,
    };
    let mut sink = Sink::new(Wanted::ALL);
    if tcp {
        emit_tcp(&view, Protocol::Dns, &mut sink);
    } else {
        emit(&view, Protocol::Dns, &mut sink);
    }
    let name = |at: u8| FIELDS[usize::from(at)].name;
    let found = sink.found.into_iter();
    found.map(|f| (name(f.index.0), f.value)).collect()
}

fn text(value: &str) -> Value<'_> {
    Value::Text(value.as_bytes().into())
}

#[test]
fn the_upper_bits_of_a_result_are_in_the_opt_record() {
    // BADCOOKIE, 23: 7 in the header, 1 in the record (RFC 7873 section 8).
    let bytes = bytes("100081870000000000000001000029100001000000000000");
    let mut parsed = Message::parse(&bytes).expect("a header");
    assert_eq!(parsed.rcode(), 7);
    parsed.read_rest(&bytes);
    assert_eq!(parsed.rcode(), 23);
    assert_eq!(rcode_name(23), Some("Bad or missing server cookie"));
}

#[test]
fn an_address_is_read() {
    let message = bytes(ADDRESS);
    let parsed = Message::parse(&message).expect("a message");
    assert!(parsed.is_response() && parsed.complete);
    assert_eq!((parsed.id, parsed.rcode()), (0x1000, 0));
    assert_eq!(parsed.questions[0].name, "www.lab.example");
    assert_eq!(parsed.answers[0].data, "10.9.0.80");
    let found = shown(&message, false);
    assert!(found.contains(&("dns.qry.name", text("www.lab.example"))));
    assert!(found.contains(&("dns.resp.name", text("www.lab.example"))));
    assert!(found.contains(&("dns.qry.name.len", Value::Unsigned(15))));
    assert!(found.contains(&("dns.count.labels", Value::Unsigned(3))));
    assert_eq!(found.last(), Some(&("dns.a", Value::Ipv4([10, 9, 0, 80]))));
}

#[test]
fn a_mail_server_is_read() {
    let message = bytes(MAIL);
    let parsed = Message::parse(&message).expect("a message");
    assert_eq!(parsed.answers[0].data, "10 mail.lab.example");
    let found = shown(&message, false);
    assert!(found.contains(&("dns.mx.preference", Value::Unsigned(10))));
    assert!(found.contains(&("dns.mx.mail_exchange", text("mail.lab.example"))));
}

#[test]
fn over_tcp_the_length_comes_first() {
    let message = bytes(TEXT);
    let found = shown(&message, true);
    assert_eq!(found[0], ("dns.length", Value::Unsigned(56)));
    assert!(found.contains(&("dns.qry.name", text("info.lab.example"))));
    assert!(found.contains(&("dns.resp.name", text("info.lab.example"))));
    assert!(found.contains(&("dns.txt", text("hello lab"))));
}

#[test]
fn every_shorter_prefix_is_taken_calmly() {
    for hex in [ADDRESS, MAIL, TEXT] {
        let message = bytes(hex);
        for end in 0..message.len() {
            let prefix = &message[..end];
            shown(prefix, false);
            shown(prefix, true);
            assert!(Message::parse(prefix).is_none_or(|m| !m.complete));
        }
    }
}

#[test]
fn no_damaged_byte_panics() {
    for hex in [ADDRESS, MAIL, TEXT] {
        let message = bytes(hex);
        for at in 0..message.len() {
            for value in 0..=255 {
                let mut damaged = message.clone();
                damaged[at] = value;
                Message::parse(&damaged);
                shown(&damaged, false);
            }
        }
    }
}

#[test]
fn every_type_stands_random_data() {
    for kind in (0..=260).chain([32769]) {
        for fill in [0u8, 1, 3, 64, 0xc0, 255] {
            let mut message = bytes("100085800000000100000000016100");
            message.extend(u16::to_be_bytes(kind));
            message.extend([0, 1, 0, 0, 0, 0, 0, 40]);
            message.extend([fill; 40]);
            Message::parse(&message);
            shown(&message, false);
        }
    }
}

#[test]
fn a_thousand_looping_names_take_no_time() {
    let mut message = bytes("100085800000ffff00000000");
    while message.len() < 60_000 {
        message.extend([63; 64]);
    }
    message.extend([0xc0, 12]);
    assert!(Message::parse(&message).is_some());
    shown(&message, false);
}
