//! The readers: everything that takes bytes of strangers.

use super::mutate::{Corpus, Random, damage};
use std::io::{self, Cursor, Read};
use std::path::PathBuf;
use wirelab::analyze::{Wants, analyze};
use wirelab::capture::{Batch, Frame, LinkType, Reader};
use wirelab::dissect::field::{Sink, Wanted};
use wirelab::dissect::{self, Packet, checksum};
use wirelab::query::{Catalogue, EntryId, Filter, Session, print};
use wirelab::render::{self, Extent, Format, Report};
use wirelab::report::{Times, summary};
use wirelab::store::{self, Options};

/// A reader, and what it is given.
pub(crate) struct Reading {
    pub(crate) name: &'static str,
    pub(crate) input: fn(&Corpus, &mut Random) -> Vec<u8>,
    pub(crate) run: fn(&[u8]),
    /// Runs between two looks at the clock.
    pub(crate) batch: usize,
}

pub(crate) const READERS: &[Reading] = &[
    Reading {
        name: "capture",
        input: Corpus::file,
        run: capture,
        batch: 200,
    },
    Reading {
        name: "dissect",
        input: Corpus::frame,
        run: dissect,
        batch: 500,
    },
    Reading {
        name: "analyze",
        input: Corpus::capture,
        run: whole_analysis,
        batch: 20,
    },
    Reading {
        name: "show",
        input: Corpus::capture,
        run: show,
        batch: 20,
    },
    Reading {
        name: "fields",
        input: Corpus::capture,
        run: fields,
        batch: 20,
    },
    Reading {
        name: "filter",
        input: filter_text,
        run: filter,
        batch: 200,
    },
];

/// A pipe that gives a few bytes at a time.
struct Trickle(Cursor<Vec<u8>>, usize);

impl Read for Trickle {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let size = out.len().min(self.1);
        self.0.read(&mut out[..size])
    }
}

/// Whole and in small pieces: the same frames.
fn capture(input: &[u8]) {
    let read = |mut reader: Reader| {
        let mut batch = Batch::new();
        let (mut frames, mut bytes) = (0u64, 0usize);
        while reader.next_batch(&mut batch) {
            for frame in batch.frames() {
                frames += 1;
                bytes += frame.bytes.len() + batch.comments(frame.number).count();
            }
        }
        let ending = reader.finish();
        assert_eq!(ending.frames, frames);
        (frames, bytes, ending.verdict, ending.stopped_at_byte)
    };
    let whole = read(Reader::from_read("fuzz", Cursor::new(input.to_vec())));
    let size = 1 + input.len() % 61;
    let pieces = Trickle(Cursor::new(input.to_vec()), size);
    assert_eq!(whole, read(Reader::from_read("fuzz", pieces)));
}

/// All layers with all their fields, and the checksums.
fn dissect(input: &[u8]) {
    let Some((link, bytes)) = input.split_first() else {
        return;
    };
    let length = u32::try_from(bytes.len()).unwrap_or(0);
    let packet = Packet::dissect(Frame {
        number: 1,
        time: None,
        // Every third frame is cut short.
        wire_length: if length.is_multiple_of(3) {
            length + 40
        } else {
            length
        },
        interface: 0,
        link: LinkType(u16::from(*link)),
        bytes,
    });
    let mut again = Packet::dissect(Frame {
        bytes: &[],
        ..packet.frame
    });
    again.next(packet.frame);
    assert_eq!(format!("{packet:?}"), format!("{again:?}"));
    for layer in packet.layers.as_slice() {
        let mut sink = Sink::new(Wanted::ALL);
        let _ = dissect::emit(&packet, layer, None, &mut sink);
        let view = packet.view(layer);
        for found in &sink.found {
            assert!(found.bytes.start <= found.bytes.end);
        }
        assert!(view.bytes.len() <= bytes.len());
    }
    let _ = (checksum::header(&packet), checksum::transport(&packet));
    if packet.ip.is_some() {
        let mut resumed = packet.clone();
        resumed.resume(bytes);
        for layer in resumed.layers.as_slice() {
            let _ = dissect::emit(&resumed, layer, None, &mut Sink::new(Wanted::ALL));
        }
        let _ = checksum::transport(&resumed);
    }
}

/// Everything told, in every format, twice the same.
fn whole_analysis(input: &[u8]) {
    let tell = |format: Format| {
        let reader = Reader::from_read("fuzz", Cursor::new(input.to_vec()));
        let names: Vec<String> = store::names().iter().map(|n| (*n).to_owned()).collect();
        let wants = Wants::of(names.iter().map(String::as_str));
        let analysis = analyze(reader, wants, None, |_| {});
        let options = Options {
            receive_buffer: Some(50),
        };
        let sections = store::sections(&analysis, options, &names);
        let extent = Extent {
            rows: 40,
            width: 100,
        };
        let capture = analysis.capture.clone();
        let report = Report {
            // What tables are coloured with is for a terminal to obey.
            colour: wirelab::render::Colour::Never,
            lines: summary::lines(&analysis, &capture, sections.len()),
            capture,
            sections,
            times: Times::default(),
            extent,
            why: format == Format::Json,
        };
        let mut out = Vec::new();
        render::write(&mut out, format, &report).expect("memory takes it");
        out
    };
    let table = tell(Format::Table);
    harmless(&table);
    assert!(table == tell(Format::Table), "the second time differs");
    harmless(&tell(Format::Markdown));
    let json = tell(Format::Json);
    let read: Result<serde_json::Value, _> = serde_json::from_slice(&json);
    assert!(read.is_ok(), "{read:?}");
    tell(Format::Csv);
}

/// No byte that a terminal obeys.
fn harmless(text: &[u8]) {
    let text = std::str::from_utf8(text).expect("it is text");
    let bad = text.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(bad, None, "{text}");
}

/// A session reads files; this one is in memory where the system has such a folder.
fn file(input: &[u8]) -> PathBuf {
    let folder = PathBuf::from("/dev/shm");
    let folder = if folder.is_dir() {
        folder
    } else {
        std::env::temp_dir()
    };
    let path = folder.join(format!("wirelab-fuzz-{}.pcap", std::process::id()));
    std::fs::write(&path, input).expect("the folder for temporary files is writable");
    path
}

/// Every layer of every frame with all fields.
fn show(input: &[u8]) {
    let path = file(input);
    let session = Session::new(None, &[]).following_all();
    let read = session.run(&path, |seen| {
        for layer in seen.details() {
            for field in &layer.fields {
                assert!(field.bytes.start <= field.bytes.end);
                let _ = wirelab::render::safe(&String::from_utf8_lossy(&field.value)).to_string();
            }
        }
        Ok(())
    });
    assert!(read.is_ok());
}

/// All fields of all frames, as text, and the packet list.
fn fields(input: &[u8]) {
    let path = file(input);
    let catalogue = Catalogue::frames();
    let count = u16::try_from(catalogue.entries().len()).expect("few");
    let all: Vec<EntryId> = (0..count).map(EntryId).collect();
    let mut out = Vec::new();
    let read = Session::new(None, &all).run(&path, |seen| {
        out.clear();
        for id in &all {
            for value in seen.values.of(usize::from(id.0)) {
                print::value(catalogue.entry(*id).kind, value, &mut out);
            }
        }
        Ok(())
    });
    assert!(read.is_ok());
    let session = Session::new(None, &[]).following_all();
    let read = session.run(&path, |seen| {
        let row = seen.row();
        let _ = wirelab::render::safe(&row.info).to_string();
        Ok(())
    });
    assert!(read.is_ok());
}

/// Filters that hold something of everything, to be put together and damaged.
const FILTERS: &[&str] = &[
    "tcp.port == 80 && ip.addr == 10.0.0.0/8",
    "!(dns.qry.name contains \"example\") or http.request.method matches \"^(GET|POST)$\"",
    "tcp.flags.syn == 1 and tcp.flags.ack == 0",
    "eth.src[0:3] == 02:00:00 || eth.dst[0] & 1",
    "tcp.port in {80 443 8000..8080}",
    "frame.time >= \"2024-01-02 03:04:05\"",
    "ip.ttl + 3 * (2 - 1) > 60",
    "lower(http.host) == \"a\" && len(udp.payload) > 10",
    "any ip.addr == 1.2.3.4 and all tcp.port > 1023",
    "frame.number == 1 xor icmp",
    "tcp.payload[2-4] contains 0a:0b or data.data == \"x\"",
    "ipv6.addr == fe80::1/64 && !arp.duplicate-address-detected",
    "@ip.addr == 0a:00:00:01 or ip.addr#1 == 10.0.0.1",
    "max(tcp.srcport, 80) == min(tcp.dstport, 443)",
    "tcp.flags & 0x02 == 2 && frame.time_delta < 0.5",
];

/// A byte that says which capture, then a filter.
fn filter_text(corpus: &Corpus, random: &mut Random) -> Vec<u8> {
    let mut text: Vec<u8> = random.pick(FILTERS).as_bytes().to_vec();
    for _ in 0..random.below(4) {
        let other = random.pick(FILTERS).as_bytes();
        let words: Vec<&[u8]> = other.split(|b| *b == b' ').collect();
        let from = random.below(words.len());
        let to = from + random.below(words.len() - from + 1);
        let piece = words[from..to].join(&b' ');
        let at = random.below(text.len() + 1);
        text.splice(at..at, [b" ", &piece[..], b" "].concat());
    }
    if random.one_in(8) {
        let entries = Catalogue::frames().entries();
        let name = random.pick(entries).name.as_bytes();
        let at = random.below(text.len() + 1);
        text.splice(at..at, [b" ", name, b" "].concat());
    }
    if random.one_in(64) {
        let deep = random.pick(&["(", "!", "-", "not ", "{", "[", "\"", "lower("]);
        let at = random.below(text.len() + 1);
        text.splice(at..at, deep.repeat(random.below(3000)).into_bytes());
    }
    if random.one_in(2) {
        damage(&mut text, random);
    }
    let mut input = Vec::new();
    if random.one_in(4) {
        input = corpus.frame(random);
        input.truncate(400);
    }
    let length = u16::try_from(input.len()).unwrap_or(0);
    [&length.to_be_bytes()[..], &input, &text].concat()
}

/// A filter over one frame; its error marks a place in the text.
fn filter(input: &[u8]) {
    let Some((length, rest)) = input.split_first_chunk::<2>() else {
        return;
    };
    let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
    let (frame, text) = rest.split_at(length);
    let text = String::from_utf8_lossy(text);
    for kind in store::KINDS.iter().take(3) {
        let _ = Filter::parse(&text, &Catalogue::facts(&(kind.schema)()));
    }
    let filter = match Filter::parse(&text, Catalogue::frames()) {
        Ok(filter) => filter,
        Err(error) => {
            assert!(text.get(error.span.clone()).is_some(), "{:?}", error.span);
            assert!(error.explain(&text).contains('^'));
            return;
        }
    };
    let Some((link, bytes)) = frame.split_first() else {
        return;
    };
    let mut capture = vec![0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0];
    capture.extend([0; 8]);
    capture.extend(262_144u32.to_le_bytes());
    capture.extend(u32::from(*link).to_le_bytes());
    let size = u32::try_from(bytes.len()).unwrap_or(0).to_le_bytes();
    capture.extend([[0; 4], [0; 4], size, size].concat());
    capture.extend(bytes);
    let path = file(&capture);
    let read = Session::new(Some(&filter), &[]).run(&path, |_| Ok(()));
    assert!(read.is_ok());
}
