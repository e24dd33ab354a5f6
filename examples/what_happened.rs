//! Open a capture, analyze it, and tell its connections: `cargo run --example what_happened -- captures/web.pcap`.

use std::io::Write;
use std::path::Path;
use wirelab::analyze::{Wants, analyze};
use wirelab::capture::Reader;
use wirelab::facts::tcp::Connection;
use wirelab::store::{self, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a capture")?;
    let analysis = analyze(
        Reader::open(Path::new(&path))?,
        Wants::default(),
        None,
        |_| {},
    );
    let kind = store::kind("connections").ok_or("there are connections")?;
    let rows = (kind.rows)(&analysis, Options::default());
    let mut out = std::io::stdout().lock();
    for row in 0..rows.len() {
        let Some(record) = rows.get(row) else {
            continue;
        };
        let Some(c) = record.as_any().downcast_ref::<Connection>() else {
            continue;
        };
        writeln!(
            out,
            "{} to {} port {}: {}, frames {} to {}",
            c.client, c.server, c.server_port, c.opened, c.first_frame, c.last_frame
        )?;
    }
    Ok(())
}
