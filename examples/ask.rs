//! Ask a capture in the filter language, over facts, and see what proves the answer:
//! `cargo run --example ask -- captures/web.pcap 'exchange.status == 301' location`.

use std::io::Write;
use std::path::Path;
use wirelab::analyze::{Wants, analyze};
use wirelab::capture::Reader;
use wirelab::query::{self, Catalogue, Filter, print};
use wirelab::store::{KINDS, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, filter, key] = arguments.as_slice() else {
        return Err("CAPTURE FILTER KEY".into());
    };
    let analysis = analyze(
        Reader::open(Path::new(path))?,
        Wants::default(),
        None,
        |_| {},
    );
    let mut out = std::io::stdout().lock();
    for kind in KINDS {
        let schema = (kind.schema)();
        let Ok(filter) = Filter::parse(filter, &Catalogue::facts(&schema)) else {
            continue;
        };
        let Some(field) = schema.columns.iter().position(|column| column.key() == key) else {
            continue;
        };
        let mut rows = (kind.rows)(&analysis, Options::default());
        query::keep(&mut rows, &filter);
        for record in (0..rows.len()).filter_map(|row| rows.get(row)) {
            match (record.value(field), record.why(field)) {
                (Some(value), _) => {
                    let mut text = Vec::new();
                    print::value(schema.columns[field].kind, &value, &mut text);
                    let text = String::from_utf8_lossy(&text).into_owned();
                    let text = wirelab::render::safe(&text);
                    writeln!(out, "{text} (frames {:?})", record.proof(field))?;
                }
                (None, Some(why)) => writeln!(out, "none: {} ({})", why.because(), why.word())?,
                (None, None) => {}
            }
        }
    }
    Ok(())
}
