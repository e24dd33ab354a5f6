//! Classes that are graded in tests: handouts that come with the project, and recorded runs of labs.
#![allow(dead_code, reason = "not every suite needs all of it")]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wirelab::handout::{Handout, built_in};

/// Where the classes are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/classes")
}

/// A handout by its name.
pub(crate) fn handout(name: &str) -> Arc<Handout> {
    match Handout::parse(built_in(name).expect("it is built in")) {
        Ok(handout) => Arc::new(handout),
        Err(problems) => panic!("{problems:?}"),
    }
}

/// A recorded run of a lab.
pub(crate) struct Run {
    /// Its captures, by the names of their files.
    pub(crate) captures: BTreeMap<String, Vec<u8>>,
    /// What was chosen for it, and what came out.
    pub(crate) values: BTreeMap<String, String>,
}

/// The run of a name, such as `rtt-11`.
pub(crate) fn run(name: &str) -> Run {
    let path = folder().join("runs").join(format!("{name}.tar.gz"));
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let (mut captures, mut values) = (BTreeMap::new(), BTreeMap::new());
    for entry in archive.entries().expect("entries") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").into_owned();
        let name = path.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("bytes");
        if name == "values.toml" {
            values = toml::from_str(&String::from_utf8_lossy(&bytes)).expect("values");
        } else if !bytes.is_empty() {
            captures.insert(name, bytes);
        }
    }
    Run { captures, values }
}
