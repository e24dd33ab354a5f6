//! A lab performed by its program, as somebody; what its captures say, and what is left behind.

use crate::lab_bench::{NEVER, stranger, wirelab};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Labs measure and wait: two at a time would disturb each other's times.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

pub(crate) fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who performs a lab.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Who {
    /// Whoever runs the tests.
    Us,
    /// An ordinary user; needs root to become one.
    Nobody,
}

/// `wirelab lab …` as somebody, and the folder it writes to.
pub(crate) struct Performance {
    folder: TempDir,
    pub(crate) who: Who,
}

impl Performance {
    pub(crate) fn new(who: Who) -> Performance {
        let folder = tempfile::Builder::new().prefix("lab").tempdir().unwrap();
        if who == Who::Nobody {
            // The build folder may be out of an ordinary user's reach.
            let program = folder.path().join("wirelab");
            std::fs::copy(env!("CARGO_BIN_EXE_wirelab"), program).unwrap();
            std::os::unix::fs::chown(folder.path(), Some(65_534), Some(65_534)).unwrap();
        }
        Performance { folder, who }
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = match self.who {
            Who::Us => wirelab(),
            Who::Nobody => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
                command.arg(self.folder.path().join("wirelab"));
                command
            }
        };
        command.arg("lab").args(words).arg("--out").arg(self.out());
        command.current_dir("/").stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs a lab that must succeed in time.
    pub(crate) fn succeed(&self, lab: &str, more: &[&str]) {
        let begun = Instant::now();
        let output = self.run(&[&["run", lab][..], more].concat());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{lab} as {:?}: {errors}", self.who);
        // Measured: 3 to 9 s; this machine may be busy with other tests.
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{lab} takes {:?}",
            begun.elapsed()
        );
    }

    pub(crate) fn capture(&self, task: &str) -> PathBuf {
        self.out().join(format!("{task}.pcapng"))
    }

    /// Facts of one section.
    pub(crate) fn facts(&self, task: &str, section: &str) -> Vec<Value> {
        let mut command = wirelab();
        command.args(["analyze", "--format", "json", "--all", "--section", section]);
        let output = command.arg(self.capture(task)).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let report: Value = serde_json::from_str(&text).unwrap_or_else(|error| {
            panic!("{task} {section}: {error}: {text}{output:?}");
        });
        report[section].as_array().cloned().unwrap_or_default()
    }

    /// Values of one field of all facts of a section.
    pub(crate) fn values(&self, task: &str, section: &str, field: &str) -> Vec<String> {
        let facts = self.facts(task, section);
        facts.iter().map(|fact| plain(&fact[field])).collect()
    }

    pub(crate) fn situations(&self, task: &str) -> BTreeSet<String> {
        self.values(task, "situations", "kind")
            .into_iter()
            .collect()
    }

    pub(crate) fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.out().join(format!("{name}.log"))).unwrap()
    }

    /// Values that tshark prints for a field of the frames that a filter lets pass.
    pub(crate) fn tshark(&self, task: &str, filter: &str, field: &str) -> Option<Vec<String>> {
        let mut command = stranger("tshark")?;
        command.arg("-r").arg(self.capture(task));
        command.args(["-Y", filter, "-T", "fields", "-e", field]);
        let output = command.stderr(Stdio::null()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Some(text.lines().map(str::to_owned).collect())
    }

    /// tshark reads every capture, finds nothing malformed and every checksum right.
    pub(crate) fn is_clean(&self) {
        let wrong = "_ws.malformed || _ws.expert.severity >= 8388608 || ip.checksum.status == 0 \
                     || tcp.checksum.status == 0 || udp.checksum.status == 0 || icmp.checksum.status == 0";
        let mut count = 0;
        for entry in std::fs::read_dir(self.out()).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_none_or(|extension| extension != "pcapng")
            {
                continue;
            }
            count += 1;
            let Some(mut command) = stranger("tshark") else {
                return;
            };
            for checked in ["ip", "tcp", "udp"] {
                command.args(["-o", &format!("{checked}.check_checksum:TRUE")]);
            }
            let output = command
                .arg("-r")
                .arg(&path)
                .args(["-Y", wrong])
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {said}", path.display());
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                "",
                "{}",
                path.display()
            );
            let said: Vec<&str> = said
                .lines()
                .filter(|line| !line.contains("Running as user"))
                .collect();
            assert!(said.is_empty(), "{}: {said:?}", path.display());
        }
        assert!(count > 0, "there are captures");
    }
}

pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What of the machine could be left behind by a lab, besides processes.
pub(crate) fn networks() -> String {
    let ip = |words: &[&str]| {
        let output = Command::new("ip").args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
    let mounts: Vec<&str> = mounts
        .lines()
        .filter(|line| line.contains("/etc"))
        .collect();
    format!(
        "{}{}{mounts:?}",
        ip(&["-o", "link"]),
        ip(&["netns", "list"])
    )
}

/// Waits until no process mentions `path` any more.
pub(crate) fn nobody_works_in(path: &Path) {
    let begun = Instant::now();
    loop {
        let path = path.to_string_lossy();
        let busy: Vec<String> = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok())
            .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
            .filter(|line| line.contains(&*path))
            .collect();
        if busy.is_empty() {
            return;
        }
        assert!(begun.elapsed() < NEVER, "left behind: {busy:?}");
        std::thread::yield_now();
    }
}

/// Those who can perform a lab here; in CI it must be possible.
pub(crate) fn performers() -> Vec<Who> {
    let output = Performance::new(Who::Us).run(&["run", "client-server", "--only", "T1"]);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    if words.contains("networks of their own") {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "CI must allow labs: {words}");
        let _ = writeln!(std::io::stderr(), "SKIPPED: {words}");
        return Vec::new();
    }
    match is_root() {
        true => vec![Who::Us, Who::Nobody],
        false => vec![Who::Us],
    }
}

pub(crate) fn each_way(lab: &str, check: impl Fn(&Performance)) {
    let _alone = alone();
    for who in performers() {
        let before = networks();
        let performance = Performance::new(who);
        performance.succeed(lab, &[]);
        nobody_works_in(&performance.out());
        assert_eq!(networks(), before, "{lab} as {who:?} leaves nothing behind");
        performance.is_clean();
        check(&performance);
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
