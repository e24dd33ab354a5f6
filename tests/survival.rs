//! Can any damaged file crash us? Every prefix and flipped bytes of all of `captures`, through
//! the whole analysis.

use std::io::Cursor;
use wirelab::analyze::analyze;
use wirelab::capture::Reader;
use wirelab::report::Times;
use wirelab::report::sections::{Options, all};

/// The captures that are small enough to be damaged at every byte.
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

/// Reads, tracks and tells everything.
fn through_everything(bytes: Vec<u8>) {
    let analysis = analyze(
        Reader::from_read("damaged", Cursor::new(bytes)),
        None,
        |_| {},
    );
    for section in all(
        &analysis,
        Options {
            receive_buffer: Some(50),
        },
    ) {
        for row in 0..section.len() {
            section.row(row, &mut |_| {});
            section.cells(row, &Times::default());
        }
    }
}

#[test]
fn every_prefix_is_survived() {
    for (_, bytes) in captures() {
        for end in 0..bytes.len() {
            through_everything(bytes[..end].to_vec());
        }
    }
}

#[test]
fn every_flipped_byte_is_survived() {
    for (_, bytes) in captures() {
        for place in 0..bytes.len() {
            for mask in [0xff, 0x01, 0x80] {
                let mut damaged = bytes.clone();
                damaged[place] ^= mask;
                through_everything(damaged);
            }
        }
    }
}
