//! `wirelab interfaces`: what this machine can send from and capture on.

use super::Status;
use anyhow::Context;
use comfy_table::{Table, presets};
use pnet::datalink::NetworkInterface;
use std::io::Write;

/// Arguments of `wirelab interfaces`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Only interfaces that are up.
    #[arg(long)]
    up: bool,
}

/// Lists the interfaces.
pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["Number", "Name", "State", "MAC", "Addresses"]);
    for interface in pnet::datalink::interfaces() {
        if args.up && !interface.is_up() {
            continue;
        }
        let addresses: Vec<String> = interface.ips.iter().map(ToString::to_string).collect();
        table.add_row([
            interface.index.to_string(),
            interface.name.clone(),
            state(&interface),
            interface
                .mac
                .map_or_else(|| "-".to_owned(), |mac| mac.to_string()),
            addresses.join(" "),
        ]);
    }
    writeln!(std::io::stdout(), "{}", table.trim_fmt()).context("writing the table")?;
    Ok(Status::Done)
}

fn state(interface: &NetworkInterface) -> String {
    let mut words = vec![if interface.is_up() { "up" } else { "down" }];
    if interface.is_loopback() {
        words.push("loopback");
    }
    if interface.is_point_to_point() {
        words.push("point-to-point");
    }
    words.join(" ")
}
