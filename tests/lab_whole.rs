//! Whole labs in networks of their own: as root and as an ordinary user, what their captures say,
//! and that nothing is left behind.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod lab_bench;
mod lab_performance;

use lab_bench::{Guard, NEVER, wirelab};
use lab_performance::{
    Performance, Who, alone, each_way, networks, nobody_works_in, performers, plain,
};
use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::Instant;
use tempfile::TempDir;

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
