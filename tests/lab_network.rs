//! DHCP with strangers, and `wirelab capture`, in networks of their own.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod lab_bench;

use lab_bench::stranger;
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs a script with root's rights in namespaces of its own; `$W` is our program, /run is empty,
/// /run/work is the folder for files. `None`, aloud, where that is not allowed.
fn inside(script: &str) -> Option<String> {
    let prologue = "set -e; ip link set lo up; mount -t tmpfs tmpfs /run; mkdir -p /run/work /run/lock; cd /run/work\n";
    let mut command = Command::new("timeout");
    command.args([
        "-k",
        "1",
        "60",
        "unshare",
        "--user",
        "--map-root-user",
        "--net",
        "--mount",
    ]);
    command.args([
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "sh",
        "-c",
    ]);
    command.arg(format!("{prologue}{script}"));
    command
        .env("W", env!("CARGO_BIN_EXE_wirelab"))
        .env("TZ", "UTC");
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    let output: Output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    if errors.starts_with("unshare: ") {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "CI must allow namespaces: {errors}");
        let _ = writeln!(std::io::stderr(), "SKIPPED: {errors}");
        return None;
    }
    assert!(output.status.success(), "{text}{errors}");
    Some(format!("{text}{errors}"))
}

/// A client's and a server's namespace on one cable.
const CABLE: &str = "
ip netns add c; ip netns add s
ip link add eth0 netns c address 08:00:27:00:00:0c type veth peer name eth0 netns s address 08:00:27:00:00:05
ip -n c link set lo up; ip -n s link set lo up; ip -n c link set eth0 up; ip -n s link set eth0 up
ip -n s addr add 10.0.2.2/24 dev eth0
C='ip netns exec c'; S='ip netns exec s'
wait_for() { i=0; until grep -q \"$2\" \"$1\" 2>/dev/null; do i=$((i+1)); [ $i -lt 200 ] || { echo \"no $2 in $1\"; cat \"$1\"; exit 1; }; sleep 0.05; done; }
";

#[test]
fn real_dhcp_clients_get_their_address_from_our_server() {
    let serve = format!("{CABLE}
        $S $W serve dhcp eth0 --first 10.0.2.15 --dns 10.0.2.3 --lease 600 > server.log & wait_for server.log listening
    ");
    if stranger("udhcpc").is_some() {
        let said = inside(&format!("{serve}
            printf '#!/bin/sh\\necho $1 $ip $subnet $router $dns $lease\\n' > script; chmod +x script
            $C udhcpc -i eth0 -f -q -n -R -t 3 -T 1 -s ./script 2>&1; cat server.log
        "));
        if let Some(said) = said {
            assert!(
                said.contains("bound 10.0.2.15 255.255.255.0 10.0.2.2 10.0.2.3 600"),
                "{said}"
            );
            assert!(
                said.contains("kind=\"offer\"") && said.contains("kind=\"ack\""),
                "{said}"
            );
        }
    }
    if stranger("dhclient").is_some() {
        let said = inside(&format!("{serve}
            printf '#!/bin/sh\\necho $reason $new_ip_address $new_routers $new_domain_name_servers >> /run/work/told\\n' > script; chmod +x script
            $C dhclient -1 -sf /run/work/script -lf /run/work/l -pf /run/work/p -cf /dev/null eth0 2>&1 || true
            wait_for told BOUND; cat told server.log
        "));
        if let Some(said) = said {
            assert!(said.contains("BOUND 10.0.2.15 10.0.2.2 10.0.2.3"), "{said}");
        }
    }
}

#[test]
fn our_dhcp_client_gets_renews_and_releases_an_address_of_dnsmasq() {
    if stranger("dnsmasq").is_none() {
        return;
    }
    let said = inside(&format!("{CABLE}
        $S dnsmasq -d -C /dev/null -p 0 -u root -g root -i eth0 --dhcp-range=10.0.2.15,10.0.2.15,255.255.255.0,600 --dhcp-leasefile=/run/work/leases > dnsmasq.log 2>&1 & wait_for dnsmasq.log 'sockets bound\\|DHCP, IP range'
        sleep 0.3
        $C $W client dhcp eth0 --timeout 20; $C ip -4 addr show eth0; $C ip route
        $C $W client dhcp eth0 --renew
        $C $W client dhcp eth0 --release; $C ip -4 addr show eth0 > after; grep -c inet after || true
        wait_for dnsmasq.log DHCPRELEASE; cat dnsmasq.log
    "));
    let Some(said) = said else { return };
    for expected in [
        "address  10.0.2.15/24",
        "lease    600 s",
        "inet 10.0.2.15/24 brd 10.0.2.255",
        "default via 10.0.2.2",
        "released 10.0.2.15",
        "DHCPDISCOVER(eth0)",
        "DHCPRELEASE(eth0) 10.0.2.15",
    ] {
        assert!(said.contains(expected), "no {expected}: {said}");
    }
    // Once for the lease, once for the renewal.
    assert!(
        said.matches("DHCPACK(eth0) 10.0.2.15").count() >= 2,
        "{said}"
    );
    assert!(said.contains("\n0\n"), "the address is gone: {said}");
}

#[test]
fn a_capture_is_whole_after_ctrl_c_and_loopback_shows_each_packet_once() {
    let said = inside("
        $W capture -i lo -w own.pcapng 2> said & P=$!; until [ -s own.pcapng ]; do sleep 0.02; done; sleep 0.2
        $W client udp-upper 127.0.0.1 --port 9 hello 2>/dev/null || true
        head -c 60000 /dev/zero | tr '\\0' x > long
        $W serve udp-upper --port 12000 > log & until grep -q listening log; do sleep 0.02; done
        $W client udp-upper 127.0.0.1 --script long > /dev/null
        kill -INT $P; wait $P; cat said
        $W frames own.pcapng; $W analyze own.pcapng --format json --section udp_flows
    ");
    let Some(said) = said else { return };
    assert!(said.contains("4 frames; none lost"), "{said}");
    // Ethernet, IP and UDP headers and all of the datagram.
    assert_eq!(said.matches(" 60042 ").count(), 2, "{said}");
}

#[test]
fn a_vlan_tag_that_the_kernel_takes_off_is_in_the_capture() {
    if stranger("python3").is_none() {
        return;
    }
    let said = inside(&format!("{CABLE}
        $S $W capture -i eth0 -w own.pcapng -Y arp -c 1 2>/dev/null & P=$!; until [ -s own.pcapng ]; do sleep 0.02; done; sleep 0.2
        $C python3 -c '
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind((\"eth0\", 0))
arp = bytes.fromhex(\"0001080006040001\" + \"08002700000c\" + \"0a05000100\" + \"0000000000\" + \"0a050002\")
s.send(b\"\\xff\" * 6 + bytes.fromhex(\"08002700000c\") + bytes.fromhex(\"81000005\" + \"0806\") + arp)'
        wait $P; $W fields own.pcapng -e vlan.id -e arp.opcode -e arp.dst.proto_ipv4
    "));
    let Some(said) = said else { return };
    assert!(said.contains("5\t1\t10.5.0.2\n"), "{said}");
}

#[test]
fn a_capture_survives_an_interface_that_goes_down_and_tells_one_that_is_gone() {
    let said = inside(&format!("{CABLE}
        ip -n c addr add 10.0.2.15/24 dev eth0
        $C $W capture -i eth0 -w own.pcapng 2> said & P=$!; until [ -s own.pcapng ]; do sleep 0.02; done; sleep 0.2
        $C $W client ping 10.0.2.2 --count 1 > /dev/null
        ip -n c link set eth0 down; wait_for said 'went down'; ip -n c link set eth0 up; sleep 0.2
        $C $W client ping 10.0.2.2 --count 1 > /dev/null; sleep 0.2
        ip -n c link del eth0; wait $P || echo status $?; cat said
        $W analyze own.pcapng --format json --section pings
    "));
    let Some(said) = said else { return };
    assert!(
        said.contains("status 2") && said.contains("the interface eth0 is gone"),
        "{said}"
    );
    assert_eq!(said.matches("\"reply_frame\":").count(), 2, "{said}");
}

#[test]
fn a_full_disk_leaves_a_file_that_can_be_read() {
    let said = inside("
        mkdir small; mount -t tmpfs -o size=64k tmpfs small
        $W capture -i lo -w small/own.pcapng 2> said & P=$!; until [ -s small/own.pcapng ]; do sleep 0.02; done; sleep 0.2
        for i in 1 2 3; do $W client ping 127.0.0.1 --count 5 --interval 0.05 --size 8000 > /dev/null; done
        sleep 0.2; kill -INT $P 2>/dev/null || true; wait $P || echo status $?; cat said; $W analyze small/own.pcapng --section capture
    ");
    let Some(said) = said else { return };
    assert!(
        said.contains("status 2") && said.contains("ENOSPC"),
        "{said}"
    );
    assert!(!said.contains("cut short"), "{said}");
}

#[test]
fn ring_files_keep_the_last_ones_and_each_is_whole() {
    let said = inside("
        $W capture -i lo -w ring.pcapng --files 2 --filesize 10 2>/dev/null & P=$!; until ls ring_* >/dev/null 2>&1; do sleep 0.02; done; sleep 0.2
        for i in 1 2 3 4 5; do $W client ping 127.0.0.1 --count 2 --interval 0.01 --size 4000 > /dev/null; sleep 0.1; done
        kill -INT $P; wait $P; ls ring_* | wc -l; for f in ring_*; do $W analyze $f --section capture > /dev/null; done; ls
    ");
    let Some(said) = said else { return };
    assert!(said.starts_with("2\n"), "{said}");
    assert!(!said.contains("ring_00001"), "{said}");
}

#[test]
fn what_happens_is_told_while_it_happens() {
    let said = inside(
        "
        $W capture -i any > told 2>/dev/null & P=$!; sleep 0.4
        $W serve tcp-upper --port 12000 > log & until grep -q listening log; do sleep 0.02; done
        $W client tcp-upper 127.0.0.1 hello > /dev/null
        $W client tcp-upper 127.0.0.1 --port 12001 hello 2>/dev/null || true
        $W client ping 127.0.0.1 --count 1 > /dev/null
        i=0; until grep -q 'ping' told; do i=$((i+1)); [ $i -lt 100 ]; sleep 0.05; done
        echo before the end; cat told; kill -INT $P; wait $P
    ",
    );
    let Some(said) = said else { return };
    for expected in [
        "opened: frames 1,2,3",
        "closed by ",
        "refused: SYN in frame",
        "answered in",
    ] {
        assert!(said.contains(expected), "no {expected}: {said}");
    }
}
