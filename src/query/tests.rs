//! The filter language, over rows made by hand.

use super::{Catalogue, Cause, Cell, Filter, FilterError, Row};
use crate::dissect::field::Value;
use proptest::prelude::*;
use std::borrow::Cow;

/// Values by field name.
struct Sample<'f> {
    filter: &'f Filter,
    values: Vec<(&'static str, u8, Value<'static>)>,
}

impl Row for Sample<'_> {
    fn visit(&self, slot: usize, visitor: &mut dyn FnMut(Cell<'_, '_>) -> bool) -> bool {
        let name = Catalogue::frames().entry(self.filter.needs()[slot]).name;
        self.values
            .iter()
            .filter(|(n, ..)| *n == name)
            .any(|(_, layer, value)| {
                visitor(Cell {
                    value,
                    layer: *layer,
                    length: None,
                })
            })
    }
}

fn web_request() -> Vec<(&'static str, u8, Value<'static>)> {
    let text = |s: &'static str| Value::Text(Cow::Borrowed(s.as_bytes()));
    let ip = |a: [u8; 4]| Value::Ipv4(a);
    vec![
        ("ip", 1, Value::Bytes(Cow::Borrowed(b"E\0..."))),
        (
            "tcp",
            1,
            Value::Bytes(Cow::Borrowed(b"\x9c\x40\x00\x50GET")),
        ),
        ("ip.src", 1, ip([10, 0, 0, 1])),
        ("ip.addr", 1, ip([10, 0, 0, 1])),
        ("ip.dst", 1, ip([192, 168, 7, 9])),
        ("ip.addr", 1, ip([192, 168, 7, 9])),
        ("ip.ttl", 1, Value::Unsigned(64)),
        ("ip.len", 1, Value::Unsigned(200)),
        ("ip.hdr_len", 1, Value::Unsigned(20)),
        ("eth.dst", 1, Value::Ether([0, 0x1b, 0x21, 1, 2, 3])),
        ("eth.type", 1, Value::Unsigned(0x0800)),
        ("tcp.port", 1, Value::Unsigned(40000)),
        ("tcp.port", 1, Value::Unsigned(80)),
        ("tcp.srcport", 1, Value::Unsigned(40000)),
        ("tcp.dstport", 1, Value::Unsigned(80)),
        ("tcp.flags", 1, Value::Unsigned(0x18)),
        ("tcp.flags.syn", 1, Value::Boolean(false)),
        ("tcp.flags.ack", 1, Value::Boolean(true)),
        ("tcp.analysis.flags", 1, Value::Present),
        ("http.request.method", 1, text("GET")),
        ("http.host", 1, text("www.Example.com")),
        ("frame.time_relative", 1, Value::Duration(1_500_000_000)),
        ("frame.time", 1, Value::Time(1_714_566_600_000_000_000)),
        (
            "ipv6.addr",
            1,
            Value::Ipv6([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        ),
    ]
}

fn holds(text: &str) -> bool {
    let filter = Filter::parse(text, Catalogue::frames())
        .unwrap_or_else(|error| panic!("{}", error.explain(text)));
    filter.holds(&Sample {
        filter: &filter,
        values: web_request(),
    })
}

fn error(text: &str) -> FilterError {
    match Filter::parse(text, Catalogue::frames()) {
        Ok(_) => panic!("{text:?} was accepted"),
        Err(error) => error,
    }
}

/// Filters that hold for the request above; the seeds of the mutations below.
const HOLDING: &[&str] = &[
    "",
    "tcp",
    "ip and tcp",
    "!udp",
    "not not tcp",
    "tcp or ip and udp",
    "ip.ttl == 64",
    "ip.ttl eq 0x40",
    "ip.ttl == 0100",
    "ip.ttl == 0b1000000",
    "ip.ttl == '@'",
    "ip.ttl >= 64 && ip.ttl <= 64",
    "ip.addr == 10.0.0.1",
    "ip.addr == 10.0.0.0/8",
    "ip.addr ne 1.2.3.4",
    "ip.addr !== 10.0.0.1",
    "ip.addr ~= 10.0.0.1",
    "any ip.addr != 10.0.0.1",
    "ip.addr > 10.0.0.0",
    "ip.addr in {10.0.0.0..10.0.0.9}",
    "ip.src[0:2] == 0a:00",
    "ip.src & 255.0.0.0 == 10.0.0.0",
    "ip.src != ip.dst",
    "ipv6.addr == fe80::/10",
    "ipv6.addr == fe80::1",
    "tcp.port == 80",
    "{tcp.flags & 0x3f} != 0",
    "tcp.port in {80, 443, 8000..8999}",
    "tcp.port not in {81}",
    "all tcp.port > 79",
    "tcp.port#1 == 80",
    "tcp.port#[-1] == 80",
    "tcp.flags & 8",
    "tcp.flags & 0x18 == 0x18",
    "tcp.flags.ack",
    "tcp.flags.syn == 0",
    "tcp.flags.ack == True",
    "tcp.flags.syn == \"Not set\"",
    "tcp.flags.ns == 0 || tcp.flags.ack == 1",
    "tcp.analysis.flags",
    "eth.type == IPv4",
    "eth.dst[0:3] == 00:1b:21",
    "eth.dst[0:3] == 00-1b-21",
    "eth.dst[3] & 1",
    "eth.dst == 001b.2101.0203",
    "http.host contains \"Example\"",
    "http.host matches \"^WWW\\\\.\"",
    "http.host matches r\"^www\\.\"",
    "http.host ~ \"example\"",
    "http.request.method == GET",
    "http.request.method in {\"GET\", \"POST\"}",
    "http.host[0:4] == \"www.\"",
    "http.host[-3:] == \"com\"",
    "http.host[0,4-6] == \"wExa\"",
    "upper(http.request.method) == \"GET\"",
    "lower(http.host) == \"www.example.com\"",
    "len(http.host) == 15",
    "len(tcp.port) == 2",
    "count(tcp.port) == 2",
    "max(tcp.port) == 40000",
    "min(tcp.port, 22) == 22",
    "abs(ip.ttl - 100) == 36",
    "string(ip.src) matches r\"\\.1$\"",
    "ip.len - ip.hdr_len == 180",
    "ip.len - ip.hdr_len > 100",
    "{ip.len - ip.hdr_len} * 2 == 360",
    "{ip.len - ip.hdr_len} / 2 == 90",
    "ip.ttl % 10 == 4",
    "ip.ttl == 60 + 4",
    "-ip.ttl < 0",
    "ip.ttl > -1",
    "frame.time_relative > 1.25",
    "frame.time > \"2024-05-01 12:00:00\"",
    "frame.time < \"May 1, 2024 13:00:00\"",
    "tcp contains 47:45:54",
    "tcp contains \"GET\"",
    "tcp[2:2] == 00:50",
    "tcp.srcport > tcp.dstport > 79",
    "not arp and not (udp.port == 53)",
    ".tcp.port == 80",
    "(((tcp)))",
];

#[test]
fn filters_that_hold_for_a_web_request() {
    for text in HOLDING {
        assert!(holds(text), "{text}");
    }
}

#[test]
fn filters_that_do_not_hold_for_a_web_request() {
    for text in [
        "udp",
        "ip.addr != 10.0.0.1",
        "tcp.port === 80",
        "tcp.flags & 2",
        "tcp.flags.syn",
        "udp.port != 53",
        "all tcp.port > 80",
        "tcp.port#2 == 80",
        "ip.src[0:9] == 00",
        "tcp.len / 0 == 1",
        "ip.ttl / 0 == 1",
        "http.host matches \"^example\"",
        "ip.ttl > 64",
        "udp.length - 8 > 0",
    ] {
        // The flag's field is there, and existence is what a bare name asks for.
        let expected = text == "tcp.flags.syn";
        assert_eq!(holds(text), expected, "{text}");
    }
}

#[test]
fn wrong_filters_are_told_with_their_place() {
    for (text, place, words) in [
        (
            "tcp.prot == 80",
            "tcp.prot",
            "neither a field nor a protocol",
        ),
        ("nosuch", "nosuch", "neither a field nor a protocol"),
        ("tcp.port == ", "", "ends too early"),
        ("(tcp", "", "ends too early"),
        ("tcp)", ")", "not expected"),
        ("== 80", "==", "not expected"),
        ("tcp.port = 80", "=", "no meaning"),
        ("tcp | udp", "|", "no meaning"),
        ("tcp.port == \"a", "\"a", "quote is missing"),
        ("http.host == \"\\q\"", "\\q", "escape"),
        ("ip.ttl == 'ab'", "'ab'", "one byte"),
        ("ip.ttl == 300", "300", "at most 255"),
        ("ip.ttl == abc", "abc", "not a number"),
        ("ip.ttl == \"64\"", "\"64\"", "not a number"),
        ("ip.addr == 10.0.0", "10.0.0", "not an IPv4 address"),
        (
            "ip.addr == 10.0.0.1/33",
            "10.0.0.1/33",
            "not an IPv4 address",
        ),
        ("eth.dst == 00:11", "00:11", "not a hardware address"),
        ("80 == tcp.port", "80", "must be a field"),
        ("80", "80", "alone is no test"),
        ("\"tcp\"", "\"tcp\"", "alone is no test"),
        ("tcp.port contains 80", "tcp.port", "cannot be used on"),
        ("ip.src matches \"1\"", "ip.src", "cannot be used on"),
        ("tcp.port == domain", "domain", "not a number"),
        ("tcp.port == http", "http", "cannot be compared"),
        ("(tcp.flags & 0x3f) == 0", "==", "stands alone"),
        ("tcp.len + (1) > 1", "(", "not expected"),
        ("_ws.col.info contains \"ACK\"", "_ws.col.info", "a column"),
        ("http.host matches \"(\"", "\"(\"", "pattern cannot be used"),
        ("http.host matches GET", "GET", "pattern in quotes"),
        ("tcp.port == ip.src", "ip.src", "cannot be compared"),
        (
            "tcp.port[0:2] == 00:50",
            "tcp.port",
            "no bytes to take a slice of",
        ),
        ("tcp[2-1] == 00", "2-1", "a range is"),
        ("tcp.flags.syn & 1", "tcp.flags.syn", "cannot be used on"),
        ("foo(tcp.port) == 1", "foo", "no function"),
        ("len() == 1", "len", "takes one argument"),
        ("upper(tcp.port) == \"A\"", "tcp.port", "takes a text field"),
        ("tcp.port in {80 443}", "443", "separated by commas"),
        ("tcp.port in {}", "}", "not expected"),
        ("tcp.port == 80 443", "443", "not expected"),
        (
            "tcp.analysis.flags == 1",
            "tcp.analysis.flags",
            "cannot be used on",
        ),
        ("1 + tcp.len == 1", "1", "must be a field"),
        (
            "ip.len-20 > 40",
            "ip.len-20",
            "neither a field nor a protocol",
        ),
        ("frame.time > yesterday", "yesterday", "not a moment"),
        ("frame.time_relative > \"1\"", "\"1\"", "number of seconds"),
        ("${tcp.port} == 80", "${tcp.port}", "selected"),
        ("http contains GET", "GET", "sequence of bytes"),
        ("any tcp", "", "ends too early"),
        ("tcp.port#x == 1", "x", "a range is"),
    ] {
        let error = error(text);
        assert_eq!(&text[error.span.clone()], place, "{text}: {error}");
        assert!(error.to_string().contains(words), "{text}: {error}");
        let explained = error.explain(text);
        assert!(explained.contains('^'), "{explained}");
    }
}

#[test]
fn a_misspelled_name_gets_the_nearest_ones() {
    let hint = |text: &str| error(text).hint.unwrap_or_default();
    assert!(hint("tcp.prot == 80").contains("`tcp.port`"));
    assert!(hint("ip.scr == 1.2.3.4").contains("`ip.src`"));
    assert!(hint("dhcp.router").contains("`dhcp.option.router`"));
    assert!(hint("ip.len-20 > 40").contains("spaces around the minus"));
    assert!(hint("http contains GET").contains("\"GET\""));
}

#[test]
fn a_mark_stands_under_the_place_behind_wide_characters() {
    let text = "http.host == \"ä\" && tcp.prot";
    let explained = error(text).explain(text);
    let lines: Vec<&str> = explained.lines().collect();
    let column = lines[1]
        .chars()
        .position(|c| c == '&')
        .expect("the operator is shown");
    let mark = lines[2]
        .chars()
        .position(|c| c == '^')
        .expect("the place is marked");
    assert_eq!(mark, column + 3);
}

#[test]
fn old_names_are_still_understood() {
    for text in [
        "bootp",
        "bootp.option.dhcp == 1",
        "ssl.record.version",
        "tcp.flags.ns == 1",
    ] {
        assert!(Filter::parse(text, Catalogue::frames()).is_ok(), "{text}");
    }
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow_the_stack() {
    for text in [
        format!("{}tcp{}", "(".repeat(100_000), ")".repeat(100_000)),
        "!".repeat(100_000) + "tcp",
        format!("tcp.len == {}1", "-".repeat(40_000)),
        format!("tcp.len{} == 1", " + 1".repeat(20_000)),
        format!("tcp{}", "[0:1]".repeat(10_000)),
        format!("{}tcp.len{}", "abs(".repeat(10_000), ")".repeat(10_000)),
    ] {
        assert_eq!(error(&text).cause, Cause::TooComplex);
    }
    // Long, and not deep.
    assert!(holds(&vec!["tcp"; 10_000].join(" or ")));
}

/// Numbers that look random and are the same in each run (xorshift, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits fit") % end.max(1)
    }
}

#[test]
fn mutated_filters_do_not_panic_and_errors_mark_a_place_in_the_text() {
    const LETTERS: &str = "()[]{}#\"'\\.,:;/-+*%&|!=<>~^$ 09aezé\u{1f980}\0\n\t";
    let letters: Vec<char> = LETTERS.chars().collect();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut accepted = 0;
    for round in 0..10_000 {
        let seed =
            |dice: &mut Dice| -> Vec<char> { HOLDING[dice.below(HOLDING.len())].chars().collect() };
        let mut text = seed(&mut dice);
        for _ in 0..=dice.below(4) {
            let at = dice.below(text.len() + 1);
            let end = (at + dice.below(8)).min(text.len());
            match dice.below(5) {
                0 => text.insert(at, letters[dice.below(letters.len())]),
                1 => drop(text.drain(at..end)),
                2 => {
                    let part = text[at..end].to_vec();
                    text.splice(at..at, part);
                }
                3 => {
                    let other = seed(&mut dice);
                    let from = dice.below(other.len() + 1);
                    text.truncate(at);
                    text.extend(&other[from..]);
                }
                _ => text.truncate(at),
            }
        }
        let text: String = text.into_iter().collect();
        match Filter::parse(&text, Catalogue::frames()) {
            Ok(filter) => {
                accepted += 1;
                filter.holds(&Sample {
                    filter: &filter,
                    values: web_request(),
                });
            }
            Err(error) => {
                let place = text.get(error.span.clone());
                assert!(place.is_some(), "round {round}: {text:?}: {error:?}");
                assert!(error.explain(&text).contains('^'), "{text:?}");
            }
        }
    }
    assert!(accepted > 500, "{accepted} of the mutations were filters");
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,40}") {
        if let Err(error) = Filter::parse(&text, Catalogue::frames()) {
            error.explain(&text);
        }
    }

    #[test]
    fn no_sequence_of_words_makes_the_parser_panic(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "tcp", "ip.addr", "tcp.port", "http.host", "==", "!=", ">", "contains", "matches",
                "in", "{", "}", "(", ")", "[", "]", "#", "1", "-1", "..", ",", ":", "-", "&", "+",
                "/", "and", "or", "not", "any", "all", "\"a\"", "r\"(\"", "'a'", "10.0.0.1/8",
                "len(", "max(", "ff:ff", "0x", "0:2", "${a}", "\"", "'", "\\", "frame.time",
            ]),
            0..12,
        )
    ) {
        let text = words.join(" ");
        match Filter::parse(&text, Catalogue::frames()) {
            Ok(filter) => {
                filter.holds(&Sample { filter: &filter, values: web_request() });
            }
            Err(error) => {
                error.explain(&text);
            }
        }
    }
}
