//! The last test of the suite: names what the others skipped, so that nobody overlooks it.

use std::collections::BTreeSet;
use std::io::Write;

#[test]
fn what_was_skipped_is_named() {
    let list = concat!(env!("CARGO_TARGET_TMPDIR"), "/skipped");
    let text = std::fs::read_to_string(list).unwrap_or_default();
    // The next run begins anew.
    let _ = std::fs::remove_file(list);
    let skipped: BTreeSet<&str> = text.lines().collect();
    let mut err = std::io::stderr();
    if skipped.is_empty() {
        let _ = writeln!(err, "nothing was skipped");
    } else {
        let _ = writeln!(err, "SKIPPED in this run:");
        for what in &skipped {
            let _ = writeln!(err, "  {what}");
        }
    }
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!ci || skipped.is_empty(), "CI must skip nothing");
}
