//! What is too many is counted: each list that is cut short says by how much, and one that is just
//! full says nothing.

mod scenario;

use std::fmt::Write;
use std::io::Cursor;
use wirelab::analyze::{Analysis, Live, Wants, analyze};
use wirelab::capture::{Batch, Reader};
use wirelab::store::{self, Options};

/// The remarks on a capture of these packets, and how many rows of a section there are.
fn remarks(packets: &str, section: &str) -> (Vec<String>, usize) {
    let bytes = scenario::capture(packets).expect("packets");
    let reader = Reader::from_read("limits", Cursor::new(bytes));
    let analysis = analyze(reader, Wants::default(), None, |_| {});
    let sections = store::sections(&analysis, Options::default(), &[section.to_owned()]);
    let rows = sections.first().map_or(0, |rows| rows.len());
    (analysis.capture.remarks.clone(), rows)
}

/// So many lines, each made of its number and of an address for it.
fn lines(count: u32, line: impl Fn(u32, String) -> String) -> String {
    let mut text = String::new();
    for number in 0..count {
        let [_, a, b, c] = number.to_be_bytes();
        let packet = line(number, format!("10.{}.{b}.{c}", a + 1));
        writeln!(text, "{}.{:06} {packet}", number / 1000, number % 1000).expect("a text");
    }
    text
}

#[test]
fn pairs_of_hosts() {
    let packet = |_, address| format!("{address}:1 > s:2 udp \"x\"");
    assert_eq!(
        remarks(&lines(32_768, packet), "next_hops"),
        (vec![], 32_768)
    );
    let again = lines(32_770, packet) + "99.0 10.1.0.0:1 > s:2 udp \"x\"\n";
    let told = "2 frames belong to more pairs of hosts than are listed".to_owned();
    assert_eq!(remarks(&again, "next_hops"), (vec![told], 32_768));
}

#[test]
fn arp_packets() {
    let packet = |_, address| format!("c > all arp request {address}");
    assert_eq!(remarks(&lines(65_536, packet), "arp"), (vec![], 65_536));
    let told = "2 ARP packets are not listed: there are too many".to_owned();
    assert_eq!(remarks(&lines(65_538, packet), "arp"), (vec![told], 65_536));
}

#[test]
fn dhcp_messages() {
    let packet = |number: u32, _| {
        let transaction = number.saturating_sub(64);
        format!("none:68 > all:67 dhcp discover xid={transaction}")
    };
    // 65 of the first transaction, of which 64 are kept, and 65,536 transactions.
    let told = "1 DHCP messages are not listed with their transactions: there are too many";
    let most = lines(65_600, packet);
    assert_eq!(remarks(&most, "leases"), (vec![told.to_owned()], 65_536));
    let told = "3 DHCP messages are not listed with their transactions: there are too many";
    let more = lines(65_602, packet);
    assert_eq!(remarks(&more, "leases"), (vec![told.to_owned()], 65_536));
    assert_eq!(remarks(&more, "dhcp_messages").1, 65_536);
}

#[test]
fn dns_records() {
    let packet = |number: u32, address| {
        let id = number % 65_536;
        format!("s:53 > c:5000 dns response id={id} a={address}")
    };
    assert_eq!(
        remarks(&lines(65_536, packet), "dns_records"),
        (vec![], 65_536)
    );
    let told = "2 DNS records are not listed: there are too many".to_owned();
    assert_eq!(
        remarks(&lines(65_538, packet), "dns_records"),
        (vec![told], 65_536)
    );
}

#[test]
fn fragments() {
    let packet = |number: u32, _| {
        let (id, at) = (number / 4 % 65_536, 8 * (number % 4));
        let more = if number % 4 == 3 { "" } else { "more=1" };
        format!("c > s ip proto=17 ipid={id} at={at} {more} hex=0102030400200000")
    };
    assert_eq!(
        remarks(&lines(65_536, packet), "fragments"),
        (vec![], 65_536)
    );
    let told = "2 IP fragments are not listed: there are too many".to_owned();
    assert_eq!(
        remarks(&lines(65_538, packet), "fragments"),
        (vec![told], 65_536)
    );
}

#[test]
fn datagrams_that_are_never_whole() {
    let packet =
        |number, _| format!("c > s ip proto=17 ipid={number} at=0 more=1 hex=0102030400200000");
    assert_eq!(remarks(&lines(1025, packet), "fragmented"), (vec![], 1025));
    let told = "2 fragmented datagrams were given up before they were whole, for want of room";
    assert_eq!(
        remarks(&lines(1027, packet), "fragmented"),
        (vec![told.to_owned()], 1027)
    );
}

/// What is told of a capture, as JSON.
fn told(analysis: &Analysis) -> Vec<u8> {
    let names = [
        "connections",
        "segments",
        "ip_hosts",
        "next_hops",
        "protocols",
        "exchanges",
    ];
    let names = names.map(str::to_owned);
    let sections = store::sections(analysis, Options::default(), &names);
    let mut text = Vec::new();
    for rows in sections {
        for row in 0..rows.len() {
            let row = rows.get(row).expect("a row");
            for field in 0..rows.schema.columns.len() {
                text.extend(format!("{field} {:?}\n", row.value(field)).bytes());
            }
        }
    }
    text
}

/// Past the first frames, whose checksums are looked at and whose copies are expected, usual frames
/// are followed without being taken apart.
#[test]
fn usual_frames_are_followed_as_all_others() {
    let packets = lines(24_000, |number, _| {
        let client = 40_000 + number / 4000;
        match number % 4000 {
            0 => format!("c:{client} > s:80 tcp S"),
            1 => format!("s:80 > c:{client} tcp SA"),
            3999 => format!("s:80 > c:{client} tcp R ttl=9"),
            n if n % 611 == 5 => format!("c:{client} > s:80 tcp A win=0 ts=5"),
            n if n % 97 == 8 => format!("c:{client} > s:80 tcp PA seq={n} \"again\" ipid={n}"),
            n if n % 2 == 0 => {
                format!("c:{client} > s:80 tcp PA \"GET /{n} HTTP/1.1\\r\\n\\r\\n\" ipid={n}")
            }
            n => format!("s:80 > c:{client} tcp PA \"HTTP/1.1 204 No\\r\\n\\r\\n\" ipid={n}"),
        }
    });
    let bytes = scenario::capture(&packets).expect("packets");
    let reader = || Reader::from_read("usual", Cursor::new(bytes.clone()));
    let wants = Wants::of(["segments"]);
    let fast = told(&analyze(reader(), wants, None, |_| {}));
    let mut live = Live::new(wants);
    let (mut all, mut batch) = (reader(), Batch::new());
    while all.next_batch(&mut batch) {
        batch.frames().for_each(|frame| live.frame(frame));
    }
    let slow = told(&live.finish(all.finish()));
    assert!(fast.len() > 1_000_000, "{}", fast.len());
    assert!(fast == slow);
}
