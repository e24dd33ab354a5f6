//! Tests that skip are seen: at once, and in the suite's last lines.

use std::io::Write;

/// Says that something is left out, and why: on stderr itself, since the print macros write what
/// the test harness keeps when a test passes. `zz_skipped.rs` names it again at the end.
pub(crate) fn skip(what: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
    let list = concat!(env!("CARGO_TARGET_TMPDIR"), "/skipped");
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(list);
    if let Ok(mut file) = file {
        let _ = writeln!(file, "{what}");
    }
}
