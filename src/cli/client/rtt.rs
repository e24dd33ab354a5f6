//! `wirelab client rtt`: samples, their summary, and why UDP and TCP differ.

use super::{Output, Target, at_least_one};
use crate::cli::Status;
use crate::lab::fault::{Fault, seconds};
use crate::lab::rtt::{self, Sample, Summary, summary};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

/// Arguments of `wirelab client rtt`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    target: Target,
    /// What to send.
    #[arg(default_value = "hello")]
    sentence: String,
    /// How often to ask.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = at_least_one)]
    count: usize,
    /// Over UDP (the default without --tcp).
    #[arg(long)]
    udp: bool,
    /// Over TCP, a new connection each time.
    #[arg(long)]
    tcp: bool,
    /// Over both, side by side, with the reason for the difference.
    #[arg(long)]
    compare: bool,
}

type Ask = fn(&[SocketAddr], &[u8], Duration) -> Result<Sample, Fault>;

/// Measures, prints, and fails when nobody answered.
pub(super) fn run(args: &Args, out: &mut Output) -> anyhow::Result<Status> {
    let addresses = args.target.addresses(25000)?;
    let tcp = args.tcp || args.compare;
    let udp = args.udp || args.compare || !args.tcp;
    let mut all_answered = true;
    let mut measure = |name: &str, ask: Ask| -> anyhow::Result<Vec<Sample>> {
        out.line(
            format!(
                "{name} to {}, port {}",
                args.target.host,
                addresses[0].port()
            )
            .as_bytes(),
        )?;
        let mut samples = Vec::new();
        for number in 1..=args.count {
            let line = match ask(&addresses, args.sentence.as_bytes(), args.target.timeout()) {
                Ok(sample) => {
                    let line = sample_line(number, &sample);
                    samples.push(sample);
                    line
                }
                Err(fault) => format!("  {number}: {fault}"),
            };
            out.line(line.as_bytes())?;
        }
        for line in summary_lines(&samples, args.count) {
            out.line(line.as_bytes())?;
        }
        all_answered &= !samples.is_empty();
        Ok(samples)
    };
    let udp = if udp {
        measure("UDP", rtt::over_udp)?
    } else {
        Vec::new()
    };
    let tcp = if tcp {
        measure("TCP", rtt::over_tcp)?
    } else {
        Vec::new()
    };
    if args.compare {
        for line in comparison(&udp, &tcp) {
            out.line(line.as_bytes())?;
        }
    }
    Ok(match all_answered {
        true => Status::Done,
        false => Status::Failed,
    })
}

fn sample_line(number: usize, sample: &Sample) -> String {
    let times = format!(
        "  {number}: sent {}, answered {}",
        wall_clock(sample.sent),
        wall_clock(sample.received)
    );
    match sample.setup {
        None => format!("{times}, RTT {}", milliseconds(sample.request)),
        Some(setup) => format!(
            "{times}, RTT {} = connection set-up {} + request {}",
            milliseconds(sample.total()),
            milliseconds(setup),
            milliseconds(sample.request)
        ),
    }
}

fn summary_lines(samples: &[Sample], asked: usize) -> Vec<String> {
    let mut lines = vec![format!("  {} of {asked} answered", samples.len())];
    if let Some(total) = summary(samples.iter().map(Sample::total)) {
        lines.push(summary_line("RTT", &total));
    }
    if let Some(setup) = summary(samples.iter().filter_map(|sample| sample.setup)) {
        lines.push(summary_line("connection set-up", &setup));
        if let Some(request) = summary(samples.iter().map(|sample| sample.request)) {
            lines.push(summary_line("request", &request));
        }
    }
    lines
}

fn summary_line(name: &str, summary: &Summary) -> String {
    format!("  {name:<18} {}", numbers(summary))
}

fn numbers(summary: &Summary) -> String {
    let deviation = match summary.deviation_ms {
        Some(deviation) => format!("{deviation:.3} ms"),
        None => "unknown (one sample)".to_owned(),
    };
    format!(
        "min {:.3} ms, mean {:.3} ms, max {:.3} ms, standard deviation {deviation}",
        summary.min_ms, summary.mean_ms, summary.max_ms
    )
}

fn comparison(udp: &[Sample], tcp: &[Sample]) -> Vec<String> {
    let of = |samples: &[Sample], time: fn(&Sample) -> Duration| summary(samples.iter().map(time));
    let request = |sample: &Sample| sample.request;
    let (Some(udp), Some(whole), Some(tcp)) =
        (of(udp, request), of(tcp, Sample::total), of(tcp, request))
    else {
        return vec!["no comparison: one of the two was never answered".to_owned()];
    };
    vec![
        "side by side".to_owned(),
        summary_line("UDP", &udp),
        summary_line("TCP, request only", &tcp),
        summary_line("TCP with set-up", &whole),
        rtt::reason(udp.mean_ms, tcp.mean_ms, whole.mean_ms - tcp.mean_ms),
    ]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

/// The time of day at this place; a clock set to before its zone's rules is shown in seconds.
fn wall_clock(time: SystemTime) -> String {
    match jiff::Zoned::try_from(time) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string(),
        Err(_) => seconds(
            time.duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default(),
        ),
    }
}
