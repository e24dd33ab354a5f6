//! What a capture does not have whole is not answered as if it were.

mod scenario;

use std::io::Cursor;
use wirelab::capture::Reader;
use wirelab::handout::{Answer, Found, Handout, Material, answers};

/// The answer to one question, in the keys of a handout, from packets written as lines.
fn ask(thing: &str, part: &str, packets: &str) -> Answer {
    let text = format!(
        "id = \"asked\"\ntitle = \"asked\"\n[let.it]\nwhat = \"what is asked for\"\n{thing}\n\
         [[question]]\nid = \"1\"\ntext = \"?\"\n[[question.part]]\nid = \"a\"\nof = \"it\"\n{part}"
    );
    let handout = Handout::parse(&text).unwrap_or_else(|problems| panic!("{problems:?}"));
    let bytes = scenario::capture(packets).expect("packets");
    let mut material = Material::default();
    material.add(&handout, "x.pcap".to_owned(), || {
        Ok(Reader::from_read("x.pcap", Cursor::new(bytes.clone())))
    });
    material.settle();
    let found = Found::new(&handout, &material);
    answers(&handout, &material, &found).remove(0)
}

/// What is missing for an answer, which is then none.
fn doubt(answer: &Answer) -> &str {
    assert!(answer.values.is_empty() && answer.text.is_empty());
    answer.missing.as_deref().expect("something is missing")
}

const CONNECTION: &str = "in = \"connections\"";
const BYTES: &str = "type = \"int\"\ntake = \"connection.client_bytes\"";

const OPEN: &str = "0.000 c:40000 > s:80 tcp S seq=999
0.001 s:80 > c:40000 tcp SA seq=4999
0.002 c:40000 > s:80 tcp A
0.003 c:40000 > s:80 tcp A seq=1000 len=100
";

#[test]
fn bytes_of_a_connection_are_all_of_them_or_the_least() {
    let whole = format!("{OPEN}0.004 c:40000 > s:80 tcp FA seq=1100\n");
    assert_eq!(ask(CONNECTION, BYTES, &whole).text, "100");
    let answer = ask(CONNECTION, BYTES, OPEN);
    assert_eq!(
        doubt(&answer),
        "at least 100: the end of the connection is not in the capture"
    );
    assert_eq!(answer.candidates, ["100"]);
    let hole = format!(
        "{OPEN}0.004 c:40000 > s:80 tcp FA seq=1200 len=5
0.005 s:80 > c:40000 tcp A seq=5000 ack=1206\n"
    );
    let answer = ask(CONNECTION, BYTES, &hole);
    assert!(doubt(&answer).starts_with("at least 105: 100 sequence numbers of the client"));
    // The least of several things is not the least of what is calculated of them.
    let rate = "type = \"int\"\ntake = \"connection.client_bytes / connection.frame_count\"";
    let answer = ask(CONNECTION, rate, OPEN);
    assert!(doubt(&answer).ends_with("what is there: 25"));
    // How many there are does not need what each of them says.
    let count = "type = \"int\"\nover = \"count\"";
    let all = format!("{CONNECTION}\nwhich = \"all\"");
    assert_eq!(ask(&all, count, OPEN).text, "1");
}

#[test]
fn a_message_that_the_capture_cuts_is_not_the_message() {
    let texts = "in = \"frames\"\nwhere = \"tcp.len > 0\"\nwhich = \"all\"";
    let payload = "type = \"list\"\ntake = \"tcp.payload\"";
    let said = |cap: &str| {
        let packets = format!(
            "0.000 c:40000 > s:80 tcp PA seq=1000 ack=5000 \"hello\" {cap}
0.001 s:80 > c:40000 tcp PA seq=5000 ack=1005 \"ok\"\n"
        );
        ask(texts, payload, &packets)
    };
    assert_eq!(said("").text, "hello, ok");
    let part = said("cap=56");
    assert_eq!(
        doubt(&part),
        "the capture cuts tcp.payload in frame 1; what is there: he, ok"
    );
    let none = said("cap=54");
    assert_eq!(
        doubt(&none),
        "the capture cuts frame 1, without tcp.payload; what is there: ok"
    );
    // What stands before the cut is whole.
    let ports = "type = \"list\"\ntake = \"tcp.srcport\"";
    let packets = "0.000 c:40000 > s:80 tcp PA seq=1000 ack=5000 \"hello\" cap=56";
    assert_eq!(ask(texts, ports, packets).text, "40000");
}

#[test]
fn fragments_are_all_of_them_or_the_least() {
    let thing = "in = \"fragmented\"";
    let part = "type = \"int\"\ntake = \"fragmented.fragment_count\"";
    let first = "0.000 c > s ip proto=17 ipid=7 at=0 more=1 hex=13881b59001800004141414141414141\n";
    let both = format!("{first}0.001 c > s ip proto=17 ipid=7 at=16 hex=4242424242424242\n");
    assert_eq!(ask(thing, part, &both).text, "2");
    assert_eq!(
        doubt(&ask(thing, part, first)),
        "at least 1: a fragment of it is not in the capture"
    );
}

#[test]
fn a_clock_of_whole_seconds_tells_no_milliseconds() {
    let thing = "in = \"datagrams\"\nwhere = \"datagram.answer_frame\"";
    let part = "type = \"duration\"\nunit = \"ms\"\ntake = \"datagram.answer_time_ms\"";
    let took = |times: [&str; 3]| {
        let [asked, answered, later] = times;
        let packets = format!(
            "{asked} c:5000 > s:7000 udp \"ask\"
{answered} s:7000 > c:5000 udp \"yes\"
{later} c:5001 > s:7000 udp \"ask\"\n"
        );
        ask(thing, part, &packets)
    };
    assert_eq!(took(["1.000", "1.000", "2.500"]).text, "0");
    assert!(doubt(&took(["1", "1", "2"])).contains("times of whole seconds"));
    assert!(doubt(&took(["1", "3", "4"])).contains("times of whole seconds"));
    assert_eq!(took(["1", "21", "22"]).text, "20000");
    assert!(doubt(&took(["1.5", "1.5", "1.5"])).contains("have the same time"));
}

#[test]
fn what_was_perhaps_sent_again_is_not_counted_as_if_it_was() {
    let again = "type = \"int\"\ntake = \"connection.client_sent_again\"";
    let late = "0.000 c:40000 > s:80 tcp S seq=999 ipid=0
0.001 s:80 > c:40000 tcp SA seq=4999
0.002 c:40000 > s:80 tcp A ipid=0
0.003 c:40000 > s:80 tcp A seq=1100 len=100 ipid=0
0.004 c:40000 > s:80 tcp A seq=1000 len=100 ipid=0
";
    let answer = ask(CONNECTION, again, late);
    assert_eq!(
        doubt(&answer),
        "at least 0: 1 more segment was captured twice or late, or sent again"
    );
    let tries = "type = \"int\"\ntake = \"connection.syn_attempts\"";
    let called = "0.0000 c:40000 > s:80 tcp S seq=999 ipid=0
0.0001 c:40000 > s:80 tcp S seq=999 ipid=0
";
    let answer = ask(CONNECTION, tries, called);
    assert!(doubt(&answer).starts_with("at least 1: 1 more SYN equals one within a millisecond"));
}

#[test]
fn why_the_order_of_two_fins_is_not_known_is_said_of_what_is_there() {
    let fins = "0.000 c:40000 > s:9000 tcp S seq=999 ipid=0
0.001 s:9000 > c:40000 tcp SA seq=4999 ack=1000 ipid=0
0.002 c:40000 > s:9000 tcp A seq=1000 ack=5000 ipid=0
0.010 s:9000 > c:40000 tcp FA seq=5000 ack=1000 ipid=0
0.012 c:40000 > s:9000 tcp A seq=1001 ack=5001 ipid=0
0.400 c:40000 > s:9000 tcp FA seq=1000 ack=5001 ipid=0
";
    let acked = format!("{fins}0.401 s:9000 > c:40000 tcp A seq=5001 ack=1001 ipid=0\n");
    let reset = format!("{fins}0.401 s:9000 > c:40000 tcp RA seq=5001 ack=1000 ipid=0\n");
    let reason = |field: &str, packets: &str| {
        let part = format!("type = \"text\"\ntake = \"connection.{field}\"");
        doubt(&ask(CONNECTION, &part, packets)).to_owned()
    };
    for field in ["closed_by", "first_fin_by", "time_wait_at"] {
        let why = reason(field, &acked);
        assert!(
            why.contains("one FIN acknowledges the other"),
            "{field}: {why}"
        );
    }
    // The FINs are in the capture, whatever ended it.
    let why = reason("first_fin_by", &reset);
    assert!(why.contains("one FIN acknowledges the other"), "{why}");
}

#[test]
fn a_round_trip_time_over_udp_is_that_of_a_reply_that_is_known() {
    let datagrams = "in = \"datagrams\"\nwhere = 'datagram.sender == \"client\" && datagram.reply_frame'\nwhich = \"all\"";
    let mean =
        "type = \"duration\"\nunit = \"ms\"\ntake = \"datagram.answer_time_ms\"\nover = \"mean\"";
    let lost = |replies: [&str; 2]| {
        format!(
            "0.000 c:40000 > s:9000 udp \"one\"
1.000 c:40000 > s:9000 udp \"two\"
1.020 s:9000 > c:40000 udp \"{}\"
9.000 c:40000 > s:9000 udp \"three\"
9.040 s:9000 > c:40000 udp \"{}\"\n",
            replies[0], replies[1]
        )
    };
    // An echo shows which was lost; other replies do not.
    let answer = ask(datagrams, mean, &lost(["TWO", "THREE"]));
    assert_eq!(answer.text, "30");
    let answer = ask(datagrams, mean, &lost(["yes", "no"]));
    assert!(doubt(&answer).contains("which of them it answers, UDP does not tell"));
}

#[test]
fn the_protocol_above_tls_that_a_server_chose_is_encrypted_since_tls_1_3() {
    let ask_server = |hello: &str| {
        let random = "2".repeat(64);
        let hello = hello.replace("random", &random);
        let (open, _) = OPEN.split_at(OPEN.rfind("0.003").expect("a request"));
        let packets = format!("{open}0.004 s:80 > c:40000 tcp PA hex={hello}\n");
        let part = "type = \"text\"\ntake = \"hello.application\"";
        ask("in = \"hellos\"", part, &packets)
    };
    let newer = ask_server("16030300320200002e0303random001301000006002b00020304");
    assert!(doubt(&newer).contains("in TLS 1.3 the choice is encrypted"));
    let older = ask_server("160303002a020000260303random00c02f00");
    assert!(doubt(&older).contains("the hello names none"));
}
