//! Whole labs in networks of their own: as root and as an ordinary user, what their captures say,
//! and that nothing is left behind.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod lab_bench;

use lab_bench::{Guard, NEVER, stranger, wirelab};
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

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who performs a lab.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Who {
    /// Whoever runs the tests.
    Us,
    /// An ordinary user; needs root to become one.
    Nobody,
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// `wirelab lab …` as somebody, and the folder it writes to.
struct Performance {
    folder: TempDir,
    who: Who,
}

impl Performance {
    fn new(who: Who) -> Performance {
        let folder = tempfile::Builder::new().prefix("lab").tempdir().unwrap();
        if who == Who::Nobody {
            // The build folder may be out of an ordinary user's reach.
            let program = folder.path().join("wirelab");
            std::fs::copy(env!("CARGO_BIN_EXE_wirelab"), program).unwrap();
            std::os::unix::fs::chown(folder.path(), Some(65_534), Some(65_534)).unwrap();
        }
        Performance { folder, who }
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    fn command(&self, words: &[&str]) -> Command {
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

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs a lab that must succeed in time.
    fn succeed(&self, lab: &str, more: &[&str]) {
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

    fn capture(&self, task: &str) -> PathBuf {
        self.out().join(format!("{task}.pcapng"))
    }

    /// Facts of one section.
    fn facts(&self, task: &str, section: &str) -> Vec<Value> {
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
    fn values(&self, task: &str, section: &str, field: &str) -> Vec<String> {
        let facts = self.facts(task, section);
        facts.iter().map(|fact| plain(&fact[field])).collect()
    }

    fn situations(&self, task: &str) -> BTreeSet<String> {
        self.values(task, "situations", "kind")
            .into_iter()
            .collect()
    }

    fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.out().join(format!("{name}.log"))).unwrap()
    }

    /// Values that tshark prints for a field of the frames that a filter lets pass.
    fn tshark(&self, task: &str, filter: &str, field: &str) -> Option<Vec<String>> {
        let mut command = stranger("tshark")?;
        command.arg("-r").arg(self.capture(task));
        command.args(["-Y", filter, "-T", "fields", "-e", field]);
        let output = command.stderr(Stdio::null()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Some(text.lines().map(str::to_owned).collect())
    }

    /// tshark reads every capture, finds nothing malformed and every checksum right.
    fn is_clean(&self) {
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

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What of the machine could be left behind by a lab, besides processes.
fn networks() -> String {
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
fn nobody_works_in(path: &Path) {
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
fn performers() -> Vec<Who> {
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

fn each_way(lab: &str, check: impl Fn(&Performance)) {
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

#[test]
fn client_server() {
    each_way("client-server", |lab| {
        let flow = &lab.facts("T1", "udp_flows")[0];
        assert_eq!(
            (plain(&flow["client"]), plain(&flow["server"])),
            ("10.0.6.11".into(), "10.0.6.12".into())
        );
        assert_eq!(plain(&flow["server_port"]), "12000");
        let connection = &lab.facts("T2", "connections")[0];
        for (field, expected) in [
            ("opened", "handshake"),
            ("closed", "fin"),
            ("closed_by", "client"),
        ] {
            assert_eq!(plain(&connection[field]), expected);
        }
        assert_eq!(
            lab.values("T2", "arp_table", "mac"),
            ["08:00:27:a0:73:e5", "08:00:27:14:1c:da"]
        );
        assert_eq!(
            lab.values("Q1", "connections", "opened"),
            ["refused", "handshake"]
        );
        for task in ["Q1", "Q2", "Q3-tcp", "Q3-udp"] {
            assert!(lab.situations(task).contains("nothing-listening"), "{task}");
        }
        // The proxy's first request: looked up, fetched; the second: neither.
        let lookups = lab.values("P1", "lookups", "name");
        assert!(
            lookups.iter().any(|name| name == "www.example.org"),
            "{lookups:?}"
        );
        let ports: BTreeSet<String> = lab
            .values("P1", "connections", "server_port")
            .into_iter()
            .collect();
        assert_eq!(ports, BTreeSet::from(["8888".to_owned(), "80".to_owned()]));
        assert_eq!(lab.values("P2", "connections", "server_port"), ["8888"]);
        assert!(lab.facts("P2", "lookups").is_empty());
        assert_eq!(lab.values("P2", "leases", "acknowledged"), ["10.0.2.4"]);
        if let Some(links) = lab.tshark("P2", "tcp.flags.syn == 1", "sll.pkttype") {
            assert_eq!(links.len(), 2);
        }
        if let Some(codes) = lab.tshark("P1-redirect", "http.location", "http.response.code") {
            assert_eq!(codes, ["301", "301"]);
        }
    });
}

#[test]
fn transport() {
    each_way("transport", |lab| {
        let connection = &lab.facts("1.1", "connections")[0];
        assert_eq!(plain(&connection["opened"]), "handshake");
        assert_eq!(plain(&connection["closed"]), "fin");
        assert_eq!(
            lab.log("1.1.chat-client")
                .matches("Message received")
                .count(),
            3
        );
        let table = lab.log("1.2.server");
        assert!(
            table.contains("LISTEN") && table.matches("ESTABLISHED").count() >= 2,
            "{table}"
        );
        // It rests on the milliseconds between one client's end and the other's answer, which a
        // busy machine may not keep.
        let waits = |lab: &Performance| lab.situations("1.3").contains("second-client-waiting");
        let again = || {
            let lab = Performance::new(lab.who);
            lab.succeed("transport", &["--only", "1.3"]);
            waits(&lab)
        };
        assert!(waits(lab) || again() || again());
        assert_eq!(lab.facts("2.1", "udp_flows").len(), 3);
        assert!(lab.situations("2.3a").contains("nothing-listening"));
        assert_eq!(lab.values("2.3b", "connections", "opened"), ["refused"]);
        // The datagram arrives whole; the server's own record tells what was cut.
        for task in ["2.4", "2.4-server"] {
            let sizes = lab.tshark(task, "udp.dstport == 12800", "udp.length");
            assert!(sizes.is_none_or(|sizes| sizes[0].parse::<u32>().unwrap() > 900));
        }
        assert!(
            lab.log("2.4.udp-server")
                .contains("received_bytes=50 cut_bytes=")
        );
        for task in ["3.1", "3.2"] {
            assert_eq!(lab.values(task, "connections", "opened"), ["handshake"; 3]);
            assert!(
                !lab.situations(task).contains("second-client-waiting"),
                "{task}"
            );
        }
    });
}

#[test]
fn ip_dhcp_arp() {
    each_way("ip-dhcp-arp", |lab| {
        assert_eq!(
            lab.values("1", "pings", "destination"),
            ["104.98.76.146"; 4]
        );
        assert_eq!(lab.values("1", "pings", "ttl"), ["64"; 4]);
        assert_eq!(lab.values("1", "pings", "reply_ttl"), ["61"; 4]);
        if let Some(lengths) = lab.tshark("1", "icmp.type == 8", "ip.len") {
            assert_eq!(lengths, ["84"; 4]);
        }
        let routers = lab.values("1E-routers", "icmp_errors", "sender");
        assert_eq!(
            routers,
            [
                "10.0.2.2",
                "10.0.2.2",
                "192.0.2.2",
                "198.51.100.2",
                "104.98.76.146"
            ]
        );
        let leases = lab.facts("2", "leases");
        assert_eq!(plain(&leases[0]["released"]), "10.0.2.15");
        let lease = &leases[1];
        for (field, expected) in [
            ("acknowledged", "10.0.2.15"),
            ("server", "10.0.2.2"),
            ("subnet_mask", "255.255.255.0"),
            ("router", "10.0.2.2"),
        ] {
            assert_eq!(plain(&lease[field]), expected, "{field}");
        }
        let list = "1,28,2,3,15,6,119,12,44,47,26,121,42";
        if let Some(asked) = lab.tshark(
            "2",
            "dhcp.option.dhcp == 1",
            "dhcp.option.request_list_item",
        ) {
            assert_eq!(asked, [list]);
        }
        if let Some(ports) = lab.tshark("2", "dhcp", "udp.dstport") {
            assert_eq!(ports, ["67", "67", "68", "67", "68"]);
        }
        let arp: Vec<(String, String)> = lab
            .facts("3", "arp")
            .iter()
            .map(|arp| (plain(&arp["asked"]), plain(&arp["reply_mac"])))
            .collect();
        let router = ("10.0.2.2".to_owned(), "52:54:00:12:35:02".to_owned());
        assert_eq!(
            arp.iter().filter(|one| **one == router).count(),
            2,
            "{arp:?}"
        );
        let hops = lab.facts("4", "next_hops");
        let outside = hops
            .iter()
            .find(|hop| plain(&hop["destination"]) == "93.184.216.34")
            .unwrap();
        assert_eq!(plain(&outside["mac"]), "52:54:00:12:35:02");
        assert_eq!(
            (plain(&outside["belongs_to"]), plain(&outside["router"])),
            ("router".into(), "10.0.2.2".into())
        );
        let session = lab.log("L2.4.vm");
        assert!(session.contains("Invalid command!"), "{session}");
        assert_eq!(lab.values("L2.4", "connections", "closed_by"), ["server"]);
        let silence = lab.facts("L2.4-silence", "connections");
        assert_eq!(plain(&silence[0]["closed_by"]), "server");
        assert!(silence[0]["duration_ms"].as_f64().unwrap() >= 2000.0);
    });
}

#[test]
fn netcat_secret_file() {
    each_way("netcat-secret-file", |lab| {
        assert_eq!(lab.values("a", "connections", "server"), ["10.10.10.2"]);
        assert!(lab.log("a.nc-client").contains("hello from the server"));
        assert!(lab.log("a-names.nc-client").contains("R2: who is there"));
        assert!(lab.log("a-names.nc-server").contains("KALI: it is me"));
        let secret = lab.log("secret.client");
        for answer in [
            "Secret code not found.",
            "Digits: Count: 0",
            "Digits: 12332343 Count: 8",
        ] {
            assert!(secret.contains(answer), "{secret}");
        }
        assert_eq!(lab.facts("secret", "connections").len(), 3);
        let sent: u64 = (1..=20_000)
            .map(|n: u64| n.to_string().len() as u64 + 1)
            .sum();
        assert_eq!(
            lab.values("file", "connections", "client_bytes"),
            [sent.to_string()]
        );
        // With Nagle each round waits for a delayed acknowledgment, without it none does.
        let time = |number: usize| {
            lab.facts("f", "connections")[number]["duration_ms"]
                .as_f64()
                .unwrap()
        };
        assert!(time(0) > 3.0 * 35.0, "with Nagle {} ms", time(0));
        assert!(
            time(1) < time(0),
            "with Nagle {} ms, without {} ms",
            time(0),
            time(1)
        );
    });
}

#[test]
fn rtt() {
    each_way("rtt", |lab| {
        assert_eq!(lab.facts("1", "udp_flows").len(), 3);
        assert_eq!(lab.values("2", "connections", "opened"), ["handshake"; 3]);
        assert!(lab.situations("4-closed").contains("nothing-listening"));
        assert!(
            lab.situations("4-absent").contains("host-absent"),
            "{:?}",
            lab.situations("4-absent")
        );
        // It answered ARP, so it is there.
        assert!(lab.situations("4-silent").contains("no-answer"));
        // Doubling gaps: after 1 s, then after 2 s.
        if let Some(times) = lab.tshark("4-silent", "tcp.flags.syn == 1", "frame.time_relative") {
            let times: Vec<f64> = times.iter().map(|time| time.parse().unwrap()).collect();
            let gaps: Vec<f64> = times
                .windows(2)
                .map(|pair| (pair[1] - pair[0]).round())
                .collect();
            assert_eq!(gaps, [1.0, 2.0]);
        }
    });
}

/// The same seed gives the same parameters, and the packets have them; each step is named.
#[test]
fn a_seed_varies_addresses_and_the_file_states_them() {
    let _alone = alone();
    if performers().is_empty() {
        return;
    }
    let parameters = |lab: &Performance| {
        let text = std::fs::read_to_string(lab.out().join("parameters.toml")).unwrap();
        text.split("[[capture]]").next().unwrap().to_owned()
    };
    let [first, second, other] = [7, 7, 8].map(|seed: u32| {
        let lab = Performance::new(Who::Us);
        lab.succeed(
            "client-server",
            &["--only", "T1", "--seed", &seed.to_string()],
        );
        lab
    });
    assert_eq!(parameters(&first), parameters(&second));
    assert_ne!(parameters(&first), parameters(&other));
    let client = plain(&first.facts("T1", "udp_flows")[0]["client"]);
    assert_ne!(client, "10.0.6.11");
    assert!(parameters(&first).contains(&format!("client = \"{client}\"")));
    if let Some(comments) = first.tshark("T1", "frame.comment", "frame.comment") {
        assert!(
            comments[0].starts_with("T1: the client sends one datagram"),
            "{comments:?}"
        );
    }
}

/// However a lab ends, its captures can be read and nothing goes on.
#[test]
fn killed_in_the_middle_a_lab_leaves_nothing_behind() {
    let _alone = alone();
    for who in performers() {
        for (signal, which) in [
            ("-KILL", "outer"),
            ("-KILL", "inner"),
            ("-KILL", "unshare"),
            ("-INT", "outer"),
            ("-TERM", "outer"),
        ] {
            let before = networks();
            let lab = Performance::new(who);
            let mut command =
                lab.command(&["run", "rtt", "--only", "4-silent", "--set", "patience=60"]);
            let child = command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut child = Guard(child);
            let capture = lab.capture("4-silent");
            let begun = Instant::now();
            while std::fs::metadata(&capture).map_or(0, |m| m.len()) < 400 {
                assert!(begun.elapsed() < NEVER, "the capture begins");
                std::thread::yield_now();
            }
            let outer = child.0.id();
            let pid = match which {
                "outer" => outer,
                "unshare" => child_of(outer).unwrap(),
                _ => child_of(child_of(outer).unwrap()).unwrap(),
            };
            assert!(
                Command::new("kill")
                    .args([signal, &pid.to_string()])
                    .status()
                    .unwrap()
                    .success()
            );
            child.0.wait().unwrap();
            nobody_works_in(&lab.out());
            assert_eq!(networks(), before, "{signal} {which} as {who:?}");
            let output = wirelab().arg("analyze").arg(&capture).output().unwrap();
            assert!(output.status.success(), "{signal} {which}: {output:?}");
        }
    }
}

fn child_of(pid: u32) -> Option<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    std::fs::read_to_string(path)
        .ok()?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

#[test]
fn a_mistake_in_a_labs_file_is_shown_at_its_place() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("own.toml");
    let good = "title = \"x\"\n[[host]]\nname = \"a\"\ninterfaces = [{ link = \"l\", address = \"10.0.0.1/24\" }]\n\
                [[host]]\nname = \"b\"\ninterfaces = [{ link = \"l\", address = \"10.0.0.2/24\" }]\n\
                [[task]]\nid = \"t\"\ntitle = \"x\"\ncapture = [\"a\"]\nsteps = [{ at = \"a\", run = \"true\" }]\n";
    let plan = |text: &str| {
        std::fs::write(&path, text).unwrap();
        wirelab().args(["lab", "plan"]).arg(&path).output().unwrap()
    };
    assert!(plan(good).status.success());
    for (from, to, expected) in [
        (
            "at = \"a\"",
            "at = \"c\"",
            ":12:17: no host is called c; hosts are a, b",
        ),
        (
            "run = \"true\"",
            "run = \"ping {x}\"",
            ":12:28: no parameter is called x",
        ),
        (
            "link = \"l\", address = \"10.0.0.2",
            "link = \"m\", address = \"10.0.0.2",
            "has only this end",
        ),
        (
            "capture = [\"a\"]",
            "capture = [\"a:eth1\"]",
            ":11:12: a has no interface eth1",
        ),
        (
            "run = \"true\"",
            "stop = \"s\"",
            "nothing was started in this task",
        ),
        (
            "run = \"true\"",
            "run = \"echo 'x\"",
            "a quote is not closed",
        ),
        (
            "title = \"x\"",
            "tilte = \"x\"",
            ":1:1: unknown field `tilte`",
        ),
    ] {
        let output = plan(&good.replacen(from, to, 1));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2));
        assert!(said.contains(expected), "{said}");
    }
}

/// A shell on a host: one's own programs, the lab's hosts by name, the capture kept.
#[test]
fn a_shell_in_a_lab_is_recorded_and_ends_with_it() {
    let _alone = alone();
    for who in performers() {
        let before = networks();
        let lab = Performance::new(who);
        let mut command = lab.command(&["shell", "client-server", "client"]);
        command.env("SHELL", "/bin/sh");
        let typed =
            b"ip netns exec server wirelab serve udp-upper --bind 10.0.6.12 > /run/log 2>&1 &
            until grep -q listening /run/log; do sleep 0.05; done
            wirelab client udp-upper server 'by hand'; exit\n";
        let output = lab_bench::run_with(&mut command, typed);
        let text = lab_bench::stdout(&output);
        assert!(text.contains("BY HAND"), "{text}{output:?}");
        nobody_works_in(&lab.out());
        assert_eq!(networks(), before);
        let flow = &lab.facts("shell-client", "udp_flows")[0];
        assert_eq!(plain(&flow["server"]), "10.0.6.12");
    }
}
