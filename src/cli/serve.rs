//! `wirelab serve`: one of the labs' servers, until Ctrl-C.

use super::Status;
use super::client::listen_nc;
use crate::lab::connect::{Family, resolve};
use crate::lab::file::receive::{self, Receiver};
use crate::lab::file::store::{Existing, Store};
use crate::lab::log::{Event, Form, Log};
use crate::lab::proxy::address::Block;
use crate::lab::proxy::cache::{self, Cache};
use crate::lab::proxy::{self, Proxy};
use crate::lab::serve::Limits;
use crate::lab::stop::Stop;
use crate::lab::{chat, chat_fork, chat_select, command, listen, secret, udp, udp_chat, upper};
use anyhow::Context;
use clap::ValueEnum;
use std::io::{IsTerminal, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

mod network;

/// Arguments of `wirelab serve`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    program: Program,
}

#[derive(clap::Subcommand)]
enum Program {
    /// Every datagram comes back in capitals (port 12000).
    UdpUpper {
        #[command(flatten)]
        common: Common,
    },
    /// Every sentence comes back in capitals (port 12000).
    TcpUpper {
        #[command(flatten)]
        common: Common,
        /// Sentences a connection; 0: until the client closes.
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        sentences: usize,
    },
    /// Answers every message with "Message received", until "end" (port 12800).
    Chat(ChatArgs),
    /// The chat over UDP, with a small receive buffer (port 12800).
    UdpChat {
        #[command(flatten)]
        common: Common,
        /// The application's receive buffer; what is longer loses its end.
        #[arg(long, value_name = "BYTES", default_value_t = udp_chat::BUFFER, value_parser = buffer)]
        buffer: usize,
    },
    /// Commands TIME and EXIT, one client at a time, 15 s without a command (port 8080).
    Command {
        #[command(flatten)]
        common: Common,
    },
    /// Digits and their count, for strings with the code (port 20001).
    Secret {
        #[command(flatten)]
        common: Common,
    },
    /// Receives files (port 5001).
    File(FileArgs),
    /// A two-way chat with one client, as `nc -l` (port 5000); the record is on standard error.
    Nc {
        #[command(flatten)]
        common: Common,
        /// Put this name before each line sent.
        #[arg(long)]
        name: Option<String>,
    },
    /// A web proxy with a cache on disk (port 8888).
    Proxy(ProxyArgs),
    /// The upper-case servers over UDP and TCP together, for measuring (port 25000).
    Rtt {
        #[command(flatten)]
        common: Common,
    },
    /// Gives out addresses on an interface (ports 67 and 68; needs root).
    Dhcp(network::DhcpArgs),
    /// Answers DNS queries for the names given (port 53).
    Dns(network::DnsArgs),
    /// A web server with one page (port 80).
    Web(network::WebArgs),
}

/// What every server takes.
#[derive(clap::Args)]
struct Common {
    /// Address to listen on; :: or 0.0.0.0 for all.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    bind: String,
    /// Port to listen on; 0: a free one, which is printed.
    #[arg(long, value_name = "NUMBER")]
    port: Option<u16>,
    /// Clients at a time; further ones wait (TCP) or are turned away (UDP).
    #[arg(long, value_name = "NUMBER", value_parser = at_least_one)]
    max_clients: Option<usize>,
    /// How long a client may say nothing.
    #[arg(long, value_name = "SECONDS", value_parser = duration)]
    timeout: Option<Duration>,
    /// End after the first client.
    #[arg(long)]
    once: bool,
    /// How the record of events is written.
    #[arg(long, value_enum, default_value_t)]
    log: LogForm,
}

#[derive(clap::Args)]
struct ChatArgs {
    #[command(flatten)]
    common: Common,
    /// How several clients are served.
    #[arg(long, value_enum, default_value_t)]
    mode: Mode,
    /// Processes with --mode fork.
    #[arg(long, value_name = "NUMBER", default_value_t = chat_fork::CHILDREN, value_parser = at_least_one)]
    children: usize,
    /// A child of this process: the listening socket is standard input.
    #[arg(long, hide = true)]
    child_of: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// One client after the other.
    #[default]
    Blocking,
    /// Processes made beforehand, one client each.
    Fork,
    /// One process, one thread, poll over all sockets.
    Select,
    /// A thread for each client.
    Threads,
}

#[derive(clap::Args)]
struct FileArgs {
    #[command(flatten)]
    common: Common,
    /// Folder for the files.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,
    /// Replace files of the same name.
    #[arg(long)]
    overwrite: bool,
    /// What files are called that come without a name; a number follows.
    #[arg(long = "as", value_name = "NAME", default_value = "received", value_parser = file_name)]
    stem: String,
    /// The most bytes one file may have.
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 36)]
    max_bytes: u64,
}

#[derive(clap::Args)]
struct ProxyArgs {
    #[command(flatten)]
    common: Common,
    /// Folder of the cache; without it, one that vanishes with the proxy.
    #[arg(long, value_name = "FOLDER")]
    cache: Option<PathBuf>,
    /// The most bytes the cache takes.
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20)]
    cache_bytes: u64,
    /// The most bytes one answer in the cache has.
    #[arg(long, value_name = "BYTES", default_value_t = 8 << 20)]
    answer_bytes: u64,
    /// How long answers are fresh that do not say so themselves.
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = duration)]
    fresh: Duration,
    /// An address or block that may be asked although it is not public; can be repeated.
    #[arg(long, value_name = "BLOCK")]
    allow: Vec<Block>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum LogForm {
    /// A line to read.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl LogForm {
    fn form(self) -> Form {
        match self {
            LogForm::Text => Form::Text,
            LogForm::Json => Form::Json,
        }
    }
}

/// A server about to start.
struct Start {
    address: SocketAddr,
    stop: Stop,
    log: Log,
    limits: Limits,
}

/// Runs a server to its end.
pub(super) fn run(args: Args) -> anyhow::Result<Status> {
    listen::raise_descriptor_limit();
    match args.program {
        Program::UdpUpper { common } => {
            let start = start(&common, "udp-upper", 12000)?;
            let limits = datagram_limits(&common, &start, udp::LARGEST + 1);
            upper::serve_udp(&start.udp()?, limits, &start.stop, &start.log)?;
        }
        Program::TcpUpper { common, sentences } => {
            let start = start(&common, "tcp-upper", 12000)?;
            let sentences = NonZeroUsize::new(sentences);
            upper::serve_tcp(
                start.tcp()?,
                start.limits,
                sentences,
                &start.stop,
                &start.log,
            )?;
        }
        Program::Chat(args) => serve_chat(&args)?,
        Program::UdpChat { common, buffer } => {
            let start = start(&common, "udp-chat", 12800)?;
            let limits = datagram_limits(&common, &start, buffer);
            udp_chat::serve(&start.udp()?, limits, &start.stop, &start.log)?;
        }
        Program::Command { common } => {
            let mut start = start(&common, "command", 8080)?;
            start.limits.patience = common.timeout.unwrap_or(Duration::from_secs(15));
            start.limits.clients = common.max_clients.unwrap_or(1);
            command::serve(start.tcp()?, start.limits, &start.stop, &start.log)?;
        }
        Program::Secret { common } => {
            let start = start(&common, "secret", 20001)?;
            secret::serve(start.tcp()?, start.limits, &start.stop, &start.log)?;
        }
        Program::File(args) => serve_files(&args)?,
        Program::Nc { common, name } => {
            let address = resolve(&common.bind, common.port.unwrap_or(5000), Family::Any)?[0];
            return listen_nc(address, common.log.form(), name, common.timeout);
        }
        Program::Proxy(args) => serve_proxy(&args)?,
        Program::Rtt { common } => {
            let start = start(&common, "rtt", 25000)?;
            let limits = datagram_limits(&common, &start, udp::LARGEST + 1);
            let listener = start.tcp()?;
            // With port 0 both get the same free one.
            let local = listener.local_addr().context("the listening socket")?;
            let socket = listen::udp(local)?;
            std::thread::scope(|scope| {
                let udp =
                    scope.spawn(|| upper::serve_udp(&socket, limits, &start.stop, &start.log));
                let tcp = upper::serve_tcp(
                    listener,
                    start.limits,
                    NonZeroUsize::new(1),
                    &start.stop,
                    &start.log,
                );
                start.stop.ask();
                udp.join().expect("the UDP server does not panic").and(tcp)
            })?;
        }
        Program::Dhcp(args) => network::dhcp(&args)?,
        Program::Dns(args) => network::dns(&args)?,
        Program::Web(args) => network::web(args)?,
    }
    Ok(Status::Done)
}

fn start(common: &Common, program: &'static str, port: u16) -> anyhow::Result<Start> {
    let port = common.port.unwrap_or(port);
    let addresses = resolve(&common.bind, port, Family::Any)?;
    if addresses[0].ip().is_loopback() {
        writeln!(
            std::io::stderr(),
            "{program}: only this machine can reach a server on {}; --bind 0.0.0.0 opens it to others",
            addresses[0].ip()
        )?;
    }
    let stop = Stop::on_signals().context("signals")?;
    let limits = Limits {
        clients: common.max_clients.unwrap_or(1024),
        patience: common.timeout.unwrap_or(Duration::from_secs(300)),
        once: common.once,
    };
    Ok(Start {
        address: addresses[0],
        log: Log::new(
            program,
            common.log.form(),
            Box::new(std::io::stdout()),
            stop.clone(),
        ),
        stop,
        limits,
    })
}

impl Start {
    fn tcp(&self) -> anyhow::Result<TcpListener> {
        Ok(listen::tcp(self.address)?)
    }

    fn udp(&self) -> anyhow::Result<UdpSocket> {
        Ok(listen::udp(self.address)?)
    }
}

fn datagram_limits(common: &Common, start: &Start, buffer: usize) -> udp::Limits {
    udp::Limits {
        buffer,
        clients: common.max_clients,
        patience: start.limits.patience,
        once: common.once,
    }
}

fn serve_chat(args: &ChatArgs) -> anyhow::Result<()> {
    let start = start(&args.common, "chat", 12800)?;
    let (limits, stop, log) = (start.limits, &start.stop, &start.log);
    if let Some(parent) = args.child_of {
        let log = log.clone().with_pid();
        return Ok(chat_fork::serve_as_child(parent, limits, stop, &log)?);
    }
    let listener = start.tcp()?;
    match args.mode {
        Mode::Blocking => chat::serve_blocking(listener, limits, stop, log)?,
        Mode::Select => chat_select::serve(listener, limits, stop, log)?,
        Mode::Threads => chat::serve_threads(listener, limits, stop, log)?,
        Mode::Fork => {
            let child = || child_command(args, limits.patience);
            chat_fork::serve(listener, args.children, child, limits.once, stop, log)?;
        }
    }
    Ok(())
}

/// This program again, as one of its own children.
fn child_command(args: &ChatArgs, patience: Duration) -> std::process::Command {
    // By its own name, so that lsof and `wirelab sockets` show that and not "exe".
    let program = std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into());
    let mut command = std::process::Command::new(program);
    command.args(["serve", "chat"]);
    command.arg(format!("--child-of={}", std::process::id()));
    command.arg(format!("--timeout={}", patience.as_secs_f64()));
    command.arg(match args.common.log {
        LogForm::Text => "--log=text",
        LogForm::Json => "--log=json",
    });
    if args.common.once {
        command.arg("--once");
    }
    command
}

fn serve_files(args: &FileArgs) -> anyhow::Result<()> {
    let start = start(&args.common, "file", 5001)?;
    let existing = match args.overwrite {
        true => Existing::Replace,
        false => Existing::Keep,
    };
    let store = Store::open(&args.out, existing)
        .with_context(|| format!("opening the folder {}", args.out.display()))?;
    let meter = Meter::default();
    let receiver = Receiver {
        store: &store,
        stem: &args.stem,
        most_bytes: args.max_bytes,
        progress: &|done, whole| meter.show(done, whole),
    };
    receive::serve(
        start.tcp()?,
        receiver,
        start.limits,
        &start.stop,
        &start.log,
    )?;
    Ok(())
}

fn serve_proxy(args: &ProxyArgs) -> anyhow::Result<()> {
    let start = start(&args.common, "proxy", 8888)?;
    let listener = start.tcp()?;
    let port = listener
        .local_addr()
        .context("the listening socket")?
        .port();
    // Others cannot look into it; a name of its own, so that what a killed proxy left does not
    // stand in the way.
    let own = tempfile::Builder::new()
        .prefix("wirelab-proxy-")
        .tempdir()
        .context("making a folder for the cache")?;
    let folder = args.cache.as_deref().unwrap_or(own.path());
    let limits = cache::Limits {
        total: args.cache_bytes,
        answer: args.answer_bytes,
        count: 10_000,
    };
    let proxy = Proxy {
        cache: Cache::open(folder, limits)
            .with_context(|| format!("opening the cache {}", folder.display()))?,
        allowed: args.allow.clone(),
        fresh_for: args.fresh,
        name: format!("wirelab-{}-{port}", std::process::id()),
    };
    let mut limits = start.limits;
    limits.patience = args.common.timeout.unwrap_or(Duration::from_secs(30));
    start
        .log
        .record(&Event::new("cache").text("folder", folder.display().to_string()));
    let served = proxy::serve(listener, &proxy, limits, &start.stop, &start.log);
    own.close().context("removing the cache")?;
    Ok(served?)
}

/// How far a transfer is, on a terminal, once it takes longer than half a second.
pub(super) struct Meter {
    begun: Instant,
    shown: Mutex<Instant>,
}

impl Default for Meter {
    fn default() -> Meter {
        Meter {
            begun: Instant::now(),
            shown: Mutex::new(Instant::now()),
        }
    }
}

impl Meter {
    /// Shows it, at most a few times a second.
    pub(super) fn show(&self, done: u64, whole: Option<u64>) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stderr = std::io::stderr();
        if shown.elapsed() < Duration::from_millis(500) || !stderr.is_terminal() {
            return;
        }
        *shown = Instant::now();
        let whole = whole.map_or(String::new(), |whole| format!(" of {whole}"));
        // Progress that cannot be shown is no reason to stop.
        let _ = write!(
            stderr,
            "\r{done}{whole} bytes, {} s ",
            self.begun.elapsed().as_secs()
        );
    }
}

/// Seconds, whole or not.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|time| !time.is_zero() && time.as_secs() < 1 << 31)
        .ok_or_else(|| "seconds are a number above 0, as 1.5".to_owned())
}

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|&number| (1..=1_000_000).contains(&number))
        .ok_or_else(|| "a number from 1 to 1000000 is needed".to_owned())
}

fn buffer(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|&number| (1..=1 << 20).contains(&number))
        .ok_or_else(|| "a buffer has 1 to 1048576 bytes".to_owned())
}

fn file_name(text: &str) -> Result<String, String> {
    let name = crate::lab::file::name::check(text.as_bytes());
    name.map(str::to_owned)
        .map_err(|refused| refused.to_string())
}
