//! Can any damaged file crash us? Prefixes and flipped bytes of all of `captures`, through
//! the whole analysis.

use std::io::Cursor;
use wirelab::analyze::{Analysis, Wants, analyze};
use wirelab::capture::Reader;
use wirelab::report::Times;
use wirelab::report::columns;
use wirelab::store::{KINDS, Options};

/// The captures of the repository.
fn captures() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/captures");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("its entries can be read").path();
        if path
            .extension()
            .is_some_and(|e| e == "pcap" || e == "pcapng")
        {
            let bytes = std::fs::read(&path).expect("a capture can be read");
            found.push((path.display().to_string(), bytes));
        }
    }
    assert!(
        found.len() >= 10,
        "the captures of the repository are there"
    );
    found
}

/// Reads and tracks everything.
fn analyzed(bytes: Vec<u8>) -> Analysis {
    analyze(
        Reader::from_read("damaged", Cursor::new(bytes)),
        Wants { segments: true },
        None,
        |_| {},
    )
}

/// Reads, tracks and tells everything: each value or the reason that there is none, each proof a
/// frame of the capture, each cell.
fn through_everything(bytes: Vec<u8>) {
    let analysis = analyzed(bytes);
    let options = Options {
        receive_buffer: Some(50),
    };
    for kind in KINDS {
        let rows = (kind.rows)(&analysis, options);
        let columns = columns::of(rows.schema.section);
        for row in 0..rows.len() {
            let record = rows.get(row).expect("a row that is counted is there");
            for field in 0..rows.schema.columns.len() {
                let (value, why) = (record.value(field), record.why(field));
                assert_eq!(value.is_none(), why.is_some(), "{}", rows.schema.section);
                for frame in record.proof(field) {
                    let last = analysis.capture.frame_count;
                    assert!(
                        frame >= 1 && u64::from(frame) <= last,
                        "frame {frame} of {last}"
                    );
                }
            }
            for (_, cell) in columns {
                cell(record.as_ref(), &Times::default());
            }
        }
    }
}

/// The places of a capture that are damaged: all of a small one, some of a large one, more of them
/// at its beginning.
fn places(length: usize) -> impl Iterator<Item = usize> {
    const ALL: usize = 1200;
    let rest = length.saturating_sub(ALL);
    // No power of two, so that every byte of a header has its turn.
    let step = (rest / 200).max(1) | 1;
    (0..length.min(ALL)).chain((ALL..length).step_by(step))
}

#[test]
fn prefixes_are_survived() {
    for (_, bytes) in captures() {
        for end in places(bytes.len()) {
            through_everything(bytes[..end].to_vec());
        }
    }
}

#[test]
fn flipped_bytes_are_survived() {
    for (_, bytes) in captures() {
        for place in places(bytes.len()) {
            for mask in [0xff, 0x01, 0x80] {
                let mut damaged = bytes.clone();
                damaged[place] ^= mask;
                if mask == 0xff {
                    through_everything(damaged);
                } else {
                    analyzed(damaged);
                }
            }
        }
    }
}
