//! What is kept of a lab beside its captures: the file that states its parameters.
//!
//! The file, [`FILE`], is TOML:
//!
//! ```toml
//! lab = "client-server"        # the lab's name
//! handout = "client-server"    # the handout it serves, where there is one
//! seed = 7                     # absent when the lab's own values were taken
//! wirelab = "0.1.0"            # the version that performed it
//!
//! [parameters]                 # every parameter with the value it had, as text
//! client = "10.0.6.11"
//!
//! [[capture]]                  # every capture, in the order of the tasks
//! file = "T1.pcapng"
//! task = "T1"
//! questions = ["T1"]           # the handout's questions it serves
//! title = "…"
//! host = "client"
//! interface = "eth0"
//! frames = 5
//! dropped = 0
//! ```
//!
//! The first packet of each step carries the step's line as its comment (`opt_comment`); the
//! section's comment names lab and task, the interface's description the host. A program's log is
//! `TASK.NAME.log` for one that ran beside others, `TASK.HOST.log` for those that ran in turn.

use super::description::Lab;
use super::parameters::Values;
use super::stage::Made;
use std::io;
use std::path::Path;
use toml::{Table, Value};

/// The file's name in the folder of the captures.
pub const FILE: &str = "parameters.toml";

/// Makes the folder, or empties it of an earlier performance. Other people's files are never
/// touched: a folder with files and without [`FILE`] is refused.
pub fn prepare(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        entries.push(entry?.path());
    }
    if entries.is_empty() {
        // Claimed: a performance that is broken off may be followed by another.
        return std::fs::write(folder.join(FILE), "");
    }
    if !folder.join(FILE).is_file() {
        return Err(io::Error::other(
            "it has files in it that no lab has made; choose another one with --out",
        ));
    }
    for path in entries {
        let ours = path
            .extension()
            .is_some_and(|extension| extension == "log" || extension == "pcapng");
        if ours && path.is_file() {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// The text of [`FILE`].
pub fn text(name: &str, lab: &Lab, seed: Option<u64>, values: &Values, made: &[Made]) -> String {
    let mut file = Table::new();
    let text = |text: &str| Value::String(text.to_owned());
    let number = |number: u64| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    file.insert("lab".to_owned(), text(name));
    if let Some(handout) = &lab.handout {
        file.insert("handout".to_owned(), text(handout));
    }
    if let Some(seed) = seed {
        file.insert("seed".to_owned(), number(seed));
    }
    file.insert("wirelab".to_owned(), text(env!("CARGO_PKG_VERSION")));
    let parameters: Table = values
        .iter()
        .map(|(name, value)| (name.to_owned(), text(value)))
        .collect();
    file.insert("parameters".to_owned(), Value::Table(parameters));
    let captures = made
        .iter()
        .map(|made| {
            let mut capture = Table::new();
            let questions = made.questions.iter().map(|q| text(q)).collect();
            for (name, value) in [
                ("file", text(&made.file)),
                ("task", text(&made.task)),
                ("questions", Value::Array(questions)),
                ("title", text(&made.title)),
                ("host", text(&made.host)),
                ("interface", text(&made.interface)),
                ("frames", number(made.counts.written)),
                ("dropped", number(made.counts.dropped)),
            ] {
                capture.insert(name.to_owned(), value);
            }
            Value::Table(capture)
        })
        .collect();
    file.insert("capture".to_owned(), Value::Array(captures));
    format!(
        "# What this performance of a lab was: the same seed gives the same parameters.\n{file}"
    )
}
