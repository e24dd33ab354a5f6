//! `wirelab serve dhcp|dns|web`: what a network needs beside the labs' own programs.

use super::{Common, duration, start};
use crate::lab::dhcp::link::Link;
use crate::lab::dhcp::server::{self, Given};
use crate::lab::dns::{self, Record};
use crate::lab::log::Log;
use crate::lab::stop::Stop;
use crate::lab::web::{self, Site};
use anyhow::{Context, bail};
use std::net::Ipv4Addr;
use std::time::Duration;

/// Arguments of `wirelab serve dhcp`.
#[derive(clap::Args)]
pub(super) struct DhcpArgs {
    /// The interface to serve on; its address names the server.
    interface: String,
    /// The first address for clients.
    #[arg(long, value_name = "ADDRESS")]
    first: Ipv4Addr,
    /// The last address for clients; without it there is only the first.
    #[arg(long, value_name = "ADDRESS")]
    last: Option<Ipv4Addr>,
    /// The router to tell clients; without it, this host.
    #[arg(long, value_name = "ADDRESS")]
    router: Option<Ipv4Addr>,
    /// A DNS server to tell clients; can be repeated.
    #[arg(long, value_name = "ADDRESS")]
    dns: Vec<Ipv4Addr>,
    /// The domain to tell clients.
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// How long an address is given for.
    #[arg(long, value_name = "SECONDS", default_value = "86400", value_parser = duration)]
    lease: Duration,
    /// How the record of events is written.
    #[arg(long, value_enum, default_value_t)]
    log: super::LogForm,
}

/// Serves DHCP.
pub(super) fn dhcp(args: &DhcpArgs) -> anyhow::Result<()> {
    let mut link = Link::open(&args.interface)?;
    let Some(&(server, prefix)) = link.addresses.first() else {
        bail!(
            "{} has no IPv4 address, and a server needs one",
            args.interface
        );
    };
    let last = args.last.unwrap_or(args.first);
    if last < args.first {
        bail!("--last {last} is before --first {}", args.first);
    }
    let given = Given {
        server,
        prefix,
        range: (args.first, last),
        router: Some(args.router.unwrap_or(server)),
        dns: args.dns.clone(),
        domain: args.domain.clone(),
        lease: args.lease,
    };
    let stop = Stop::on_signals().context("signals")?;
    let log = Log::new(
        "dhcp",
        args.log.form(),
        Box::new(std::io::stdout()),
        stop.clone(),
    );
    Ok(server::serve(&mut link, given, &stop, &log)?)
}

/// Arguments of `wirelab serve dns`.
#[derive(clap::Args)]
pub(super) struct DnsArgs {
    #[command(flatten)]
    common: Common,
    /// A name and its address; can be repeated.
    #[arg(value_name = "NAME=ADDRESS", required = true)]
    records: Vec<Record>,
}

/// Serves DNS.
pub(super) fn dns(args: &DnsArgs) -> anyhow::Result<()> {
    let start = start(&args.common, "dns", 53)?;
    Ok(dns::serve(
        &start.udp()?,
        &args.records,
        &start.stop,
        &start.log,
    )?)
}

/// Arguments of `wirelab serve web`.
#[derive(clap::Args)]
pub(super) struct WebArgs {
    #[command(flatten)]
    common: Common,
    /// The text of the page.
    #[arg(long, default_value = "Hello from the lab.")]
    text: String,
    /// A path that leads elsewhere; can be repeated.
    #[arg(long, value_name = "PATH=URL", value_parser = redirect)]
    redirect: Vec<(String, String)>,
}

/// Serves a page.
pub(super) fn web(args: WebArgs) -> anyhow::Result<()> {
    let start = start(&args.common, "web", 80)?;
    let site = Site {
        text: args.text,
        redirects: args.redirect,
    };
    Ok(web::serve(
        start.tcp()?,
        &site,
        start.limits,
        &start.stop,
        &start.log,
    )?)
}

fn redirect(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, url)) if path.starts_with('/') => Ok((path.to_owned(), url.to_owned())),
        _ => Err("a redirect is PATH=URL, as /old=http://www.example.com/".to_owned()),
    }
}
