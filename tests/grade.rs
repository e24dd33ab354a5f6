//! Hand-ins in every accepted form, made for these tests, and hostile ones.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use wirelab::grade::{self, Marks, Verdict};

mod class;

use class::handout;

/// Grades one report with the captures of the lab that came with the project.
fn graded(lab: &str, name: &str, report: &[u8]) -> Marks {
    let folder = tempfile::tempdir().expect("a folder");
    let student = folder.path().join("student");
    std::fs::create_dir(&student).expect("a folder");
    let captures = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("captures/labs")
        .join(lab);
    for entry in std::fs::read_dir(&captures).expect("the lab's captures are there") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "pcapng") {
            let name = path.file_name().expect("a name");
            std::fs::copy(&path, student.join(name)).expect("a copy");
        }
    }
    std::fs::write(student.join(name), report).expect("the report is written");
    let submissions = Arc::new(grade::collect(folder.path()).expect("the folder can be read"));
    grade::all(&handout(lab), &submissions, 1, |_| {}).remove(0)
}

fn verdict(marks: &Marks, part: &str) -> Verdict {
    let found = marks.parts.iter().find(|m| m.part == part);
    found
        .unwrap_or_else(|| panic!("{part} is asked"))
        .outcome
        .verdict
}

fn expect(marks: &Marks, wanted: &[(&str, Verdict)]) {
    let told: Vec<(&str, Verdict)> = wanted
        .iter()
        .map(|(p, _)| (*p, verdict(marks, p)))
        .collect();
    assert_eq!(told, wanted, "{:#?}", marks.parts);
}

use Verdict::{Missing, Partly, Review, Right, Wrong};

const ALL_RIGHT: [(&str, Verdict); 18] = [
    ("1A.source", Right),
    ("1A.destination", Right),
    ("1B.protocol", Right),
    ("1C.header-length", Right),
    ("1D.payload-length", Right),
    ("1E.ttl", Right),
    ("2A.transport", Right),
    ("2A.ports", Right),
    ("2B.server-id", Right),
    ("2B.mask", Right),
    ("2B.router", Right),
    ("2B.dns", Right),
    ("3A.ethertype", Right),
    ("3A.asked-address", Right),
    ("3B.sender-mac", Right),
    ("4A.source-mac", Right),
    ("4B.belongs", Right),
    ("4C.protocol", Right),
];

#[test]
fn toml_with_a_key_for_each_part_is_read() {
    let text = r#"
["1A"]
source = "10.0.2.15"
destination = "104.98.76.146"
["1B"]
protocol = "ICMP"
["1C"]
header_length = 20
["1D"]
payload_length = "64 bytes"
["1E"]
ttl = 64
["2A"]
transport = "UDP"
ports = "68 to 67"
["2B"]
server_id = "10.0.2.2"
mask = "255.255.255.0"
router = "10.0.2.2"
dns = "10.0.2.3"
["3A"]
ethertype = "0x0806"
asked_address = "10.0.2.2"
["3B"]
sender_mac = "52:54:00:12:35:02"
["4A"]
source_mac = "08:00:27:cb:01:14"
["4B"]
belongs = false
["4C"]
protocol = "IPv4"
"#;
    expect(
        &graded("ip-dhcp-arp", "a.toml", text.as_bytes()),
        &ALL_RIGHT,
    );
}

#[test]
fn full_sentences_are_read() {
    let text = "Answer 1A: The IP address of the source is 10.0.2.15, and it goes to 104.98.76.146
Answer 1B: The upper layer protocol is 1, which is ICMP.
Answer 1C: IP header length is 20 bytes.
Answer 1D: IP payload = 64 bytes, because the total length is 84 bytes and the header is 20 bytes.
Answer 1E: TTL = 64. TTL is the maximum number of hops before the packet is discarded.
Answer 2A: DHCP uses UDP as transport protocol (17). The source port is 68 and the destination port is 67.
Answer 2B: DHCP server identifier: 10.0.2.2
Subnet mask: 255.255.255.0
Router: 10.0.2.2
DNS server: 10.0.2.3
Answer 3A: The upper layer protocol is ARP (0x0806). The target IP address is 10.0.2.2 and the sender IP address is 10.0.2.15.
Answer 3B: The sender MAC address is 52:54:00:12:35:02 and the sender IP address is 10.0.2.2.
Answer 4A: Source MAC: 08:00:27:cb:01:14, Destination MAC: 52:54:00:12:35:02
Answer 4B: No, it does not belong to the web server. It belongs to 10.0.2.2, the default gateway.
Answer 4C: The type field is 0x0800. It means IPv4.";
    let marks = graded("ip-dhcp-arp", "a.txt", text.as_bytes());
    expect(&marks, &ALL_RIGHT);
    expect(
        &marks,
        &[("1E.meaning", Review), ("4B.explanation", Review)],
    );
}

#[test]
fn markdown_with_letters_and_a_table_is_read() {
    let text = "## Question 1
a) src 10.0.2.15 dst 104.98.76.146
b) ICMP
c) 20
d) 64
e) TTL: 64
## Question 2
a) UDP
   68 for the client and 67 for the server
b)
| option | value |
|---|---|
| Server identifier | 10.0.2.2 |
| Subnet mask | 255.255.255.0 |
| Router | 10.0.2.2 |
| DNS | 10.0.2.3 |
## Question 3
a) ARP, FF:FF:FF:FF:FF:FF, who has 10.0.2.2? tell 10.0.2.15
b) 10.0.2.2 is at 5254.0012.3502
## Question 4
a) 08-00-27-CB-01-14 -> 52-54-00-12-35-02
b) no
c) IPv4 (0x0800)";
    expect(&graded("ip-dhcp-arp", "a.md", text.as_bytes()), &ALL_RIGHT);
}

#[test]
fn json_and_csv_are_read() {
    let json = br#"{"answers":[{"part":"1A.source","answer":"10.0.2.15"},{"part":"1B","answer":"1"},{"part":"1C","answer":20}],"4B":false,"4C":"2048"}"#;
    let marks = graded("ip-dhcp-arp", "a.json", json);
    expect(
        &marks,
        &[
            ("1A.source", Right),
            ("1A.destination", Missing),
            ("1B.protocol", Right),
            ("1C.header-length", Right),
            ("4B.belongs", Right),
            ("4C.value", Right),
            ("4C.protocol", Missing),
        ],
    );
    let csv = b"question,answer\n1C,20 bytes\n2B dns,10.0.2.3\n4B,TRUE\n";
    let marks = graded("ip-dhcp-arp", "a.csv", csv);
    expect(
        &marks,
        &[
            ("1C.header-length", Right),
            ("2B.dns", Right),
            ("2B.router", Missing),
            ("4B.belongs", Wrong),
        ],
    );
}

#[test]
fn wrong_answers_say_why() {
    let text = "1A: 104.98.76.146 is the source and 10.0.2.15 the destination
1C: 5
1D: 84 bytes
2A: UDP, the server listens on 67
3A: IPv4 (0x0800)
4A: source 08:00:27:cb:10:14
4C: 0x0800 represents TCP";
    let marks = graded("ip-dhcp-arp", "a.txt", text.as_bytes());
    expect(
        &marks,
        &[
            ("1A.source", Wrong),
            ("1A.destination", Wrong),
            ("1C.header-length", Wrong),
            ("1D.payload-length", Wrong),
            ("2A.ports", Partly),
            ("3A.ethertype", Wrong),
            ("4A.source-mac", Wrong),
            ("4C.value", Right),
            ("4C.protocol", Wrong),
        ],
    );
    let says = |part: &str, words: &str| {
        let mark = marks
            .parts
            .iter()
            .find(|m| m.part == part)
            .expect("it is asked");
        assert!(
            mark.outcome.reason.contains(words),
            "{part}: {}",
            mark.outcome.reason
        );
    };
    says("1A.source", "swapped with 1A.destination");
    says("1C.header-length", "5 words are 20 bytes");
    says("1D.payload-length", "ip.len");
    says("3A.ethertype", "ARP does not travel in IP");
    says("4A.source-mac", "digits changed places");
    says("4C.protocol", "0x0800 is IPv4");
}

#[test]
fn a_number_within_another_is_not_the_number() {
    for wrong in ["640", "6", "164"] {
        let marks = graded("ip-dhcp-arp", "a.txt", format!("1E: {wrong}").as_bytes());
        expect(&marks, &[("1E.ttl", Wrong)]);
    }
}

#[test]
fn who_says_both_or_is_not_sure_is_seen_by_a_person() {
    let text = "1B: ICMP, I think\n4B: yes and no\n3A: IPv4, type ARP\n1E: about 64";
    let marks = graded("ip-dhcp-arp", "a.txt", text.as_bytes());
    expect(
        &marks,
        &[
            ("1B.protocol", Review),
            ("4B.belongs", Review),
            ("3A.ethertype", Review),
            ("1E.ttl", Review),
        ],
    );
}

#[test]
fn a_table_of_the_transfer_lab_is_read() {
    let text =
        "a) 35980\ne) UDP because it needs no handshake\nfile transfer: closed by the client";
    let marks = graded("netcat-secret-file", "a.txt", text.as_bytes());
    let port = marks
        .parts
        .iter()
        .find(|m| m.part == "a.client-port")
        .expect("it is asked");
    let right = port.key == "35980";
    assert_eq!(
        port.outcome.verdict,
        if right { Right } else { Wrong },
        "{port:?}"
    );
}

#[test]
fn hostile_hand_ins_cost_only_their_own_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let make = |student: &str, name: &str, bytes: &[u8]| {
        let path = folder.path().join(student);
        std::fs::create_dir_all(&path).expect("a folder");
        std::fs::write(path.join(name), bytes).expect("a file");
    };
    make("a-empty", "report.md", b"");
    make("b-nul", "report.txt", &[0u8; 5000]);
    make("c-no-zip", "report.docx", b"PK\x03\x04 not a zip");
    make("d-no-pdf", "report.pdf", b"%PDF-1.7 nonsense");
    make("e-toml", "report.toml", b"= = =");
    make("f-json", "report.json", "[".repeat(100_000).as_bytes());
    make(
        "g-lfs",
        "ping.pcap",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    );
    make("h-cut", "ping.pcap", &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0]);
    make(
        "i-long",
        "report.txt",
        "1A 1B 1C ( ( ".repeat(40_000).as_bytes(),
    );
    make("j-wild", "report.csv", b"1A,=HYPERLINK(\"http://x\")\n\"\n");
    make("k-picture", "answers.png", b"\x89PNG");
    std::fs::create_dir(folder.path().join("l-link")).expect("a folder");
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("l-link/report.txt"))
        .expect("a link");
    let mut zip = zip::ZipWriter::new(
        std::fs::File::create(folder.path().join("m-out.zip")).expect("a file"),
    );
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("../../evil.txt", options).expect("an entry");
    zip.write_all(b"1A: 10.0.2.15").expect("its bytes");
    zip.start_file("inner.zip", options).expect("an entry");
    zip.write_all(b"PK").expect("its bytes");
    zip.finish().expect("an archive");
    let handout = handout("ip-dhcp-arp");
    let submissions = Arc::new(grade::collect(folder.path()).expect("the folder can be read"));
    let all = grade::all(&handout, &submissions, 2, |_| {});
    assert_eq!(all.len(), 13);
    let parts: usize = handout.file.question.iter().map(|q| q.part.len()).sum();
    for marks in &all {
        assert_eq!(marks.parts.len(), parts, "{}", marks.student);
        assert!(
            !marks.parts.iter().any(|m| m.outcome.verdict == Right),
            "{}: nothing is right without a capture",
            marks.student
        );
    }
    for (student, words) in [
        ("c-no-zip", "no Word document"),
        ("e-toml", "not TOML"),
        ("g-lfs", "Git LFS"),
        ("k-picture", "picture"),
        ("l-link", "links are not followed"),
        ("m-out", "leads out of the archive"),
        ("m-out", "an archive in an archive"),
    ] {
        let marks = all.iter().find(|m| m.student == student).expect("a row");
        let told = marks.remarks.iter().any(|r| r.contains(words));
        assert!(told, "{student}: {:?}", marks.remarks);
    }
}

#[test]
fn texts_are_found_as_whole_words() {
    let folder = tempfile::tempdir().expect("a folder");
    for (student, report) in [
        ("a", "3: the name www.example.org of type A"),
        ("b", "3 name: www.example.orgs"),
        ("c", "1: frames 3 and 5"),
    ] {
        let path = folder.path().join(student);
        std::fs::create_dir(&path).expect("a folder");
        let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/web.pcap");
        std::fs::copy(capture, path.join("web.pcap")).expect("a copy");
        std::fs::write(path.join("report.txt"), report).expect("a report");
    }
    let submissions = Arc::new(grade::collect(folder.path()).expect("the folder can be read"));
    let all = grade::all(&handout("dns"), &submissions, 1, |_| {});
    expect(&all[0], &[("3.name", Right), ("3.type", Right)]);
    expect(&all[1], &[("3.name", Review)]);
    expect(
        &all[2],
        &[
            ("3.name", Missing),
            ("1.query", Right),
            ("1.response", Right),
        ],
    );
}
