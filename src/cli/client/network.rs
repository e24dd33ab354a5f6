//! `wirelab client dhcp|ping|traceroute|web`: what a host needs beside the labs' own clients.

use super::{Output, Target, at_least_one, duration};
use crate::cli::Status;
use crate::lab::connect::{Family, resolve};
use crate::lab::dhcp::client::{Client, Lease};
use crate::lab::nagle::{self, Small};
use crate::lab::ping::{Answer, DATA, Icmp, TRACE_PORT};
use crate::lab::stop::Stop;
use crate::lab::web;
use anyhow::{Context, bail};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `wirelab client dhcp`.
#[derive(clap::Args)]
pub(super) struct DhcpArgs {
    /// The interface that gets the address.
    interface: String,
    /// Give the address back, as `dhclient -r`.
    #[arg(long, conflicts_with = "renew")]
    release: bool,
    /// Ask the server for more time.
    #[arg(long)]
    renew: bool,
    /// Ask for this address.
    #[arg(long, value_name = "ADDRESS")]
    request: Option<Ipv4Addr>,
    /// Tell the server this host name.
    #[arg(long, value_name = "NAME")]
    host_name: Option<String>,
    /// Only print what was given; leave the interface as it is.
    #[arg(long)]
    dry_run: bool,
    /// Where the lease is kept for later.
    #[arg(long, value_name = "FILE")]
    lease: Option<PathBuf>,
    /// How long to try.
    #[arg(long, value_name = "SECONDS", default_value = "15", value_parser = duration)]
    timeout: Duration,
}

/// Obtains, renews or releases an address.
pub(super) fn dhcp(args: &DhcpArgs, out: &mut Output) -> anyhow::Result<()> {
    let stop = Stop::on_signals().context("signals")?;
    let client = Client {
        interface: &args.interface,
        patience: args.timeout,
        stop: &stop,
        host_name: args.host_name.as_deref(),
    };
    let kept = args
        .lease
        .clone()
        .unwrap_or_else(|| format!("/run/wirelab-dhcp-{}.lease", args.interface).into());
    if args.release {
        let lease = Lease::read(&kept)?;
        client.release(&lease)?;
        if !args.dry_run {
            client.withdraw(&lease)?;
        }
        std::fs::remove_file(&kept).with_context(|| format!("removing {}", kept.display()))?;
        out.line(format!("released {}", lease.address).as_bytes())?;
        return Ok(());
    }
    let lease = match args.renew {
        true => client.renew(&Lease::read(&kept)?)?,
        false => client.obtain(args.request)?,
    };
    if !args.dry_run {
        client.apply(&lease)?;
    }
    std::fs::write(&kept, lease.line()).with_context(|| format!("writing {}", kept.display()))?;
    let address = |address: Option<Ipv4Addr>| address.map_or("none".to_owned(), |a| a.to_string());
    for (name, value) in [
        ("address", format!("{}/{}", lease.address, lease.prefix)),
        ("server", lease.server.to_string()),
        ("router", address(lease.router)),
        ("dns", address(lease.dns)),
        (
            "lease",
            lease
                .seconds
                .map_or("not said".to_owned(), |s| format!("{s} s")),
        ),
    ] {
        out.line(format!("{name:<8} {value}").as_bytes())?;
    }
    Ok(())
}

/// Arguments of `wirelab client ping`.
#[derive(clap::Args)]
pub(super) struct PingArgs {
    /// Name or address of the host.
    host: String,
    /// How many requests.
    #[arg(short, long, value_name = "NUMBER", default_value_t = 4, value_parser = at_least_one)]
    count: usize,
    /// Seconds between requests.
    #[arg(short, long, value_name = "SECONDS", default_value = "1", value_parser = duration)]
    interval: Duration,
    /// Bytes of data.
    #[arg(short, long, value_name = "BYTES", default_value_t = DATA)]
    size: usize,
    /// Time to live of the requests.
    #[arg(short, long, value_name = "NUMBER")]
    ttl: Option<u8>,
    /// How long to wait for each answer.
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = duration)]
    timeout: Duration,
}

/// Sends echo requests; without any reply the verdict is unfavourable.
pub(super) fn ping(args: &PingArgs, out: &mut Output) -> anyhow::Result<Status> {
    let to = address(&args.host)?;
    let stop = Stop::on_signals().context("signals")?;
    let icmp = Icmp::open(&stop)?;
    let mut reached = 0;
    for number in 1..=args.count {
        let sequence = u16::try_from(number).unwrap_or(u16::MAX);
        let line = match icmp.echo(to, sequence, args.size, args.ttl, args.timeout)? {
            Answer::Reached { from, ttl, took } => {
                reached += 1;
                format!("{from}: reply {number}, ttl {ttl}, {}", milliseconds(took))
            }
            Answer::Told { from, kind, took } => {
                format!("{from}: {}, {}", meaning(kind), milliseconds(took))
            }
            Answer::Silence => format!("{to}: no answer to request {number}"),
        };
        out.line(line.as_bytes())?;
        if stop.asked() {
            break;
        }
        if number < args.count {
            icmp.rest(args.interval);
        }
    }
    out.line(format!("{reached} of {} answered", args.count).as_bytes())?;
    Ok(match reached {
        0 => Status::Unfavourable,
        _ => Status::Done,
    })
}

/// Arguments of `wirelab client traceroute`.
#[derive(clap::Args)]
pub(super) struct TraceArgs {
    /// Name or address of the host.
    host: String,
    /// The most routers.
    #[arg(short, long, value_name = "NUMBER", default_value_t = 30)]
    most: u8,
    /// Probes for each router.
    #[arg(short, long, value_name = "NUMBER", default_value_t = 3)]
    queries: u16,
    /// How long to wait for each answer.
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = duration)]
    timeout: Duration,
}

/// Shows the routers on the way, up to one that does not pass the probes on (`!H`: host
/// unreachable); without reaching the host the verdict is unfavourable.
pub(super) fn trace(args: &TraceArgs, out: &mut Output) -> anyhow::Result<Status> {
    let to = address(&args.host)?;
    let stop = Stop::on_signals().context("signals")?;
    let icmp = Icmp::open(&stop)?;
    let mut port = TRACE_PORT;
    for ttl in 1..=args.most {
        let mut line = format!("{ttl:2} ");
        let mut last = None;
        let (mut there, mut stopped) = (false, false);
        for _ in 0..args.queries {
            let answer = icmp.probe(to, port, ttl, args.timeout)?;
            port = port.checked_add(1).unwrap_or(TRACE_PORT);
            let (from, took, mark) = match answer {
                Answer::Reached { from, took, .. } => {
                    there = true;
                    (from, took, String::new())
                }
                Answer::Told { from, kind, took } => {
                    stopped |= kind.0 == UNREACHABLE;
                    (from, took, refusal(kind))
                }
                Answer::Silence => {
                    line.push_str(" *");
                    continue;
                }
            };
            if last.replace(from) != Some(from) {
                line.push_str(&format!(" {from}"));
            }
            line.push_str(&format!(" {}{mark}", milliseconds(took)));
        }
        out.line(line.as_bytes())?;
        if there {
            return Ok(Status::Done);
        }
        // Who says so does not pass the next ones on either.
        if stopped || stop.asked() {
            break;
        }
    }
    Ok(Status::Unfavourable)
}

/// ICMP's type of what cannot be delivered (RFC 792).
const UNREACHABLE: u8 = 3;

/// How traceroute marks an answer that is no hop.
fn refusal(kind: (u8, u8)) -> String {
    match kind {
        (UNREACHABLE, 0) => " !N".to_owned(),
        (UNREACHABLE, 1) => " !H".to_owned(),
        (UNREACHABLE, 2) => " !P".to_owned(),
        (UNREACHABLE, 4) => " !F".to_owned(),
        (UNREACHABLE, 5) => " !S".to_owned(),
        (UNREACHABLE, 13) => " !X".to_owned(),
        (UNREACHABLE, code) => format!(" !{code}"),
        _ => String::new(),
    }
}

/// Arguments of `wirelab client nagle`.
#[derive(clap::Args)]
pub(super) struct NagleArgs {
    #[command(flatten)]
    target: Target,
    /// How many questions.
    #[arg(long, value_name = "NUMBER", default_value_t = 5, value_parser = at_least_one)]
    rounds: usize,
    /// Without Nagle's algorithm (TCP_NODELAY).
    #[arg(long)]
    no_delay: bool,
}

/// Asks in two writes each time and prints how long it takes.
pub(super) fn nagle(args: &NagleArgs, out: &mut Output) -> anyhow::Result<()> {
    let addresses = args.target.addresses(12800)?;
    let (small, name) = match args.no_delay {
        true => (Small::Sent, "without Nagle's algorithm (TCP_NODELAY)"),
        false => (Small::Held, "with Nagle's algorithm"),
    };
    let times = nagle::rounds(&addresses, small, args.rounds, args.target.timeout())?;
    out.line(name.as_bytes())?;
    for (number, time) in times.into_iter().enumerate() {
        let line = format!(
            "  write, write, read {}: {}",
            number + 1,
            milliseconds(time)
        );
        out.line(line.as_bytes())?;
    }
    Ok(())
}

/// Arguments of `wirelab client web`.
#[derive(clap::Args)]
pub(super) struct WebArgs {
    /// The page, as http://www.example.com/.
    url: String,
    /// How long to wait for each piece.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = duration)]
    timeout: Duration,
}

/// Gets a page and prints head and body.
pub(super) fn get(args: &WebArgs, out: &mut Output) -> anyhow::Result<()> {
    Ok(web::get(&args.url, args.timeout, |piece| out.bytes(piece))?)
}

fn address(host: &str) -> anyhow::Result<Ipv4Addr> {
    match resolve(host, 0, Family::V4)?
        .first()
        .map(|address| address.ip())
    {
        Some(IpAddr::V4(address)) => Ok(address),
        _ => bail!("{host} has no IPv4 address"),
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

fn meaning((kind, code): (u8, u8)) -> String {
    match (kind, code) {
        (11, 0) => "time exceeded: a router took the last hop".to_owned(),
        (3, 0) => "network unreachable".to_owned(),
        (3, 1) => "host unreachable".to_owned(),
        (3, 3) => "port unreachable".to_owned(),
        _ => format!("ICMP type {kind} code {code}"),
    }
}
