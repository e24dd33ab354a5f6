//! `wirelab client`: one of the labs' clients, from arguments, a script, or a keyboard.

use super::Status;
use super::serve::{Meter, at_least_one, duration};
use crate::lab::connect::{Family, ask, connect, resolve};
use crate::lab::conversation::{Conversation, Ended};
use crate::lab::fault::Fault;
use crate::lab::file::send::{self, Style};
use crate::lab::log::{Event, Form, Log, readable};
use crate::lab::netcat::{self, Prefix};
use crate::lab::stop::{Stop, Waited, wait};
use crate::lab::udp::{Asker, ask_any};
use crate::lab::{chat, command, listen, proxy, upper};
use anyhow::{Context, bail};
use rustix::event::PollFlags;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

mod network;
mod rtt;

/// Arguments of `wirelab client`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    program: Program,
}

#[derive(clap::Subcommand)]
enum Program {
    /// Sends each sentence in a datagram and prints it in capitals (port 12000).
    UdpUpper(DatagramArgs),
    /// Sends each sentence over a connection and prints it in capitals (port 12000).
    TcpUpper(LineArgs),
    /// Measures round-trip times over UDP and TCP (port 25000).
    Rtt(rtt::Args),
    /// Sends messages until "end" (port 12800).
    Chat(LineArgs),
    /// Sends messages in datagrams until "end" (port 12800).
    UdpChat(DatagramArgs),
    /// Sends commands and prints every reply (port 8080).
    Command(LineArgs),
    /// Sends a string (its words are one, with quotes or without), or each line of standard input, over
    /// a connection of its own (port 20001).
    Secret(LineArgs),
    /// Sends a file (port 5001).
    File(FileArgs),
    /// A two-way chat, as `nc` (port 5000).
    Nc(NcArgs),
    /// Asks a proxy for a host or URL, in one plain line (port 8888).
    Proxy(LineArgs),
    /// Gets, renews or releases an address for an interface, as `dhclient` (needs root).
    Dhcp(network::DhcpArgs),
    /// Sends echo requests, as `ping` (needs root).
    Ping(network::PingArgs),
    /// Shows the routers on the way to a host, as `traceroute` (needs root).
    Traceroute(network::TraceArgs),
    /// Asks in two small writes, with Nagle's algorithm or without (a chat server, port 12800).
    Nagle(network::NagleArgs),
    /// Gets a web page.
    Web(network::WebArgs),
}

/// How long a program waits for another.
const USUAL: Duration = Duration::from_secs(5);
/// How long a person waits.
const DAY: Duration = Duration::from_secs(86_400);

/// Where to, and how patiently.
#[derive(clap::Args)]
struct Target {
    /// Name or address of the server.
    host: String,
    /// Port of the server.
    #[arg(long, value_name = "NUMBER")]
    port: Option<u16>,
    /// How long to wait for each answer; 5 s without it, and for ever at a keyboard.
    #[arg(long, value_name = "SECONDS", value_parser = duration)]
    timeout: Option<Duration>,
    /// Only the name's IPv4 addresses.
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// Only the name's IPv6 addresses.
    #[arg(short = '6', long)]
    ipv6: bool,
}

impl Target {
    /// How long to wait for what a program should answer at once.
    fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(USUAL)
    }

    /// How long to wait for a server that may be serving others first: a person at a keyboard
    /// ends it when they want.
    fn patience(&self) -> Duration {
        let at_keyboard = io::stdin().is_terminal();
        let unhurried = if at_keyboard { DAY } else { USUAL };
        self.timeout.unwrap_or(unhurried)
    }

    fn addresses(&self, port: u16) -> Result<Vec<SocketAddr>, Fault> {
        let family = match (self.ipv4, self.ipv6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        };
        resolve(&self.host, self.port.unwrap_or(port), family)
    }
}

#[derive(clap::Args)]
struct LineArgs {
    #[command(flatten)]
    target: Target,
    /// Send a line end after each line, for servers that read lines; without it the bare bytes
    /// go, as from the handouts' own clients.
    #[arg(long)]
    newline: bool,
    #[command(flatten)]
    lines: Lines,
}

#[derive(clap::Args)]
struct DatagramArgs {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    lines: Lines,
    /// Leave the socket unconnected: it is then not told when nothing listens.
    #[arg(long)]
    unconnected: bool,
}

/// What to send: arguments, else a script, else standard input.
#[derive(clap::Args)]
struct Lines {
    /// What to send, one line an argument; without any, lines of standard input.
    #[arg(value_name = "LINE")]
    lines: Vec<String>,
    /// Send the lines of this file; - is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "lines")]
    script: Option<PathBuf>,
}

#[derive(clap::Args)]
struct FileArgs {
    #[command(flatten)]
    target: Target,
    /// The file to send.
    file: PathBuf,
    /// Send a line with length and name first, and have the receiver confirm the hash.
    #[arg(long)]
    named: bool,
    /// The name to send, instead of the file's own.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

#[derive(clap::Args)]
struct NcArgs {
    /// Server to connect to, or address to listen on.
    #[arg(default_value = "127.0.0.1")]
    host: String,
    /// Port of the server; 5000 without it.
    #[arg(value_name = "PORT")]
    place: Option<u16>,
    /// The same.
    #[arg(long, value_name = "NUMBER", conflicts_with = "place")]
    port: Option<u16>,
    /// Wait for a client, as `nc -l`, instead of connecting.
    #[arg(short, long)]
    listen: bool,
    /// Put this name before each line sent.
    #[arg(long)]
    name: Option<String>,
    /// End when nothing came from either side for so long.
    #[arg(long, value_name = "SECONDS", value_parser = duration)]
    timeout: Option<Duration>,
}

/// Runs a client to its end.
pub(super) fn run(args: Args) -> anyhow::Result<Status> {
    let mut out = Output::new();
    match args.program {
        Program::UdpUpper(args) => udp_upper(&args, &mut out)?,
        Program::TcpUpper(args) => {
            let addresses = args.target.addresses(12000)?;
            for line in args.lines.read("Sentence: ")? {
                let sentence = [&line?, args.end()].concat();
                let answer = upper::ask(&addresses, &sentence, args.target.timeout())?;
                out.line(answer.strip_suffix(args.end()).unwrap_or(&answer))?;
            }
        }
        Program::Rtt(args) => return rtt::run(&args, &mut out),
        Program::Dhcp(args) => network::dhcp(&args, &mut out)?,
        Program::Ping(args) => return network::ping(&args, &mut out),
        Program::Traceroute(args) => return network::trace(&args, &mut out),
        Program::Nagle(args) => network::nagle(&args, &mut out)?,
        Program::Web(args) => network::get(&args, &mut out)?,
        Program::Chat(args) => chat_client(&args, &mut out)?,
        Program::UdpChat(args) => udp_chat(&args, &mut out)?,
        Program::Command(args) => command_client(&args, &mut out)?,
        Program::Secret(args) => {
            let addresses = args.target.addresses(20001)?;
            for line in args.lines.in_one().read("String: ")? {
                let line = line?;
                let string = [line.as_slice(), args.end()].concat();
                let answer = ask(&addresses, &string, args.target.timeout())?;
                out.line(&[b"Sent:     ", line.as_slice()].concat())?;
                out.line(&[b"Received: ", answer.text.as_slice()].concat())?;
            }
        }
        Program::File(args) => send_file(&args, &mut out)?,
        Program::Nc(args) if args.listen => {
            let address = resolve(&args.host, args.port(), Family::Any)?[0];
            return listen_nc(address, Form::Text, args.name, args.timeout);
        }
        Program::Nc(args) => {
            let addresses = resolve(&args.host, args.port(), Family::Any)?;
            let patience = args.timeout.unwrap_or(Duration::from_secs(10));
            let conversation = connect(&addresses, patience)?.conversation;
            let stop = Stop::on_signals().context("signals")?;
            return talk_nc(conversation.stream(), args.name, args.timeout, &stop);
        }
        Program::Proxy(args) => {
            let addresses = args.target.addresses(8888)?;
            for line in args.lines.read("Host or URL: ")? {
                ask_proxy(
                    &addresses,
                    &line?,
                    args.end(),
                    args.target.timeout(),
                    &mut out,
                )?;
            }
        }
    }
    Ok(Status::Done)
}

impl LineArgs {
    /// What follows each line.
    fn end(&self) -> &'static [u8] {
        if self.newline { b"\n" } else { b"" }
    }
}

impl NcArgs {
    fn port(&self) -> u16 {
        self.place.or(self.port).unwrap_or(5000)
    }
}

fn udp_upper(args: &DatagramArgs, out: &mut Output) -> anyhow::Result<()> {
    let addresses = args.target.addresses(12000)?;
    for line in args.lines.read("Sentence: ")? {
        let (_, answer) = ask_any(&addresses, |address| args.open(address), &line?)?;
        out.line(&answer)?;
    }
    Ok(())
}

impl DatagramArgs {
    fn open(&self, address: SocketAddr) -> Result<Asker, Fault> {
        match self.unconnected {
            true => Asker::unconnected(address, self.target.timeout()),
            false => Asker::connected(address, self.target.timeout()),
        }
    }
}

fn chat_client(args: &LineArgs, out: &mut Output) -> anyhow::Result<()> {
    let addresses = args.target.addresses(12800)?;
    let mut conversation = connect(&addresses, args.target.timeout())?.conversation;
    conversation.set_patience(args.target.patience());
    for line in args.lines.read("Message: ")? {
        let line = line?;
        chat::say(&mut conversation, &[line.as_slice(), args.end()].concat())?;
        wait_aloud(&mut conversation);
        if let Some(answer) = chat::hear(&mut conversation, &line)? {
            out.line(&answer.text)?;
        }
        if chat::is_end(&line) {
            break;
        }
    }
    conversation.close();
    Ok(())
}

/// Waits for the server's next words, and after a while says why they may be long in coming.
/// What ends the wait is told by who reads them.
fn wait_aloud(conversation: &mut Conversation) {
    let soon = Instant::now() + USUAL;
    if conversation.patience() > USUAL && matches!(conversation.peek(soon), Err(Ended::Idle(_))) {
        // Who does not listen waits all the same.
        let _ = writeln!(
            io::stderr(),
            "the connection stands, and no answer has come yet: the server may be serving another \
             client first; Ctrl-C ends the wait"
        );
    }
}

/// The handout's UDP client keeps 1024 bytes of an answer, and its socket from first to last.
fn udp_chat(args: &DatagramArgs, out: &mut Output) -> anyhow::Result<()> {
    const BUFFER: usize = 1024;
    let addresses = args.target.addresses(12800)?;
    let mut asker: Option<Asker> = None;
    for line in args.lines.read("Message: ")? {
        let line = line?;
        let answer = match &asker {
            Some(asker) => asker.ask(&line, BUFFER)?,
            None => {
                let (first, answer) = ask_any(&addresses, |address| args.open(address), &line)?;
                asker = Some(first);
                answer
            }
        };
        out.line(&answer[..answer.len().min(BUFFER)])?;
        if chat::is_end(&line) {
            break;
        }
    }
    Ok(())
}

fn command_client(args: &LineArgs, out: &mut Output) -> anyhow::Result<()> {
    let addresses = args.target.addresses(8080)?;
    let mut conversation = connect(&addresses, args.target.timeout())?.conversation;
    conversation.set_patience(args.target.patience());
    wait_aloud(&mut conversation);
    out.line(&conversation.owed("the greeting")?.text)?;
    for line in args.lines.read("Command: ")? {
        let line = line?;
        conversation.tell(&[line.as_slice(), args.end()].concat())?;
        match conversation.owed("the reply") {
            Ok(reply) => out.line(&reply.text)?,
            // EXIT is answered by the end of everything.
            Err(Fault::ClosedEarly { .. } | Fault::Reset { .. })
                if command::command(&line) == command::Command::Exit =>
            {
                break;
            }
            Err(fault) => return Err(fault.into()),
        }
    }
    conversation.close();
    Ok(())
}

fn send_file(args: &FileArgs, out: &mut Output) -> anyhow::Result<()> {
    let addresses = args.target.addresses(5001)?;
    let style = match args.named || args.name.is_some() {
        true => Style::Named,
        false => Style::Plain,
    };
    let meter = Meter::default();
    let sent = send::send(
        &addresses,
        &args.file,
        args.name.as_deref(),
        style,
        args.target.timeout(),
        &|done, whole| meter.show(done, whole),
    )?;
    let print = sent.fingerprint;
    out.line(format!("sent {} bytes, SHA-256 {}", print.length(), print.sha256()).as_bytes())?;
    out.line(match sent.confirmed {
        Some(_) => b"the receiver has the same length and SHA-256",
        None => {
            b"nobody confirmed that it was kept: a plain transfer has no reply (--named has one)"
        }
    })?;
    Ok(())
}

/// Sends the line and prints everything that comes back.
fn ask_proxy(
    addresses: &[SocketAddr],
    line: &[u8],
    end: &[u8],
    patience: Duration,
    out: &mut Output,
) -> anyhow::Result<()> {
    let text = String::from_utf8_lossy(line);
    if let Err(bad) = proxy::request::target(text.trim()) {
        bail!("{text}: {}", bad.why);
    }
    let mut conversation = connect(addresses, patience)?.conversation;
    conversation.tell(&[line, end].concat())?;
    let mut answered = false;
    loop {
        let piece = conversation
            .chunk(Instant::now() + patience)
            .map_err(|ended| conversation.fault(ended, "the answer"))?;
        if piece.is_empty() && !answered {
            bail!(Fault::ClosedEarly {
                address: conversation.remote,
                before: "the answer"
            });
        }
        if piece.is_empty() {
            return Ok(());
        }
        answered = true;
        out.bytes(&piece)?;
    }
}

/// Waits for one client and talks with it.
pub(super) fn listen_nc(
    address: SocketAddr,
    form: Form,
    name: Option<String>,
    idle: Option<Duration>,
) -> anyhow::Result<Status> {
    let listener = listen::tcp(address)?;
    let stop = Stop::on_signals().context("signals")?;
    // Standard output is the conversation; what happened goes beside it.
    // A closed standard error is no reason to end it.
    let unheeded = Stop::new().context("the log")?;
    let log = Log::new("nc", form, Box::new(io::stderr()), unheeded);
    let local = listener.local_addr().context("the listening socket")?;
    log.record(&Event::new("listening").at("tcp", local));
    match wait(&listener, PollFlags::IN, &stop, None).context("waiting for a client")? {
        Waited::Ready => {}
        Waited::Stopped | Waited::TimedOut => return Ok(Status::Done),
    }
    let (stream, remote) = listener.accept().context("accepting a client")?;
    // As `nc -l`: whoever comes next is refused.
    drop(listener);
    log.record(&Event::new("opened").between("tcp", local, remote));
    let status = talk_nc(&stream, name, idle, &stop);
    log.record(&Event::new("closed").between("tcp", local, remote));
    status
}

fn talk_nc(
    stream: &TcpStream,
    name: Option<String>,
    idle: Option<Duration>,
    stop: &Stop,
) -> anyhow::Result<Status> {
    let mut prefix = Prefix::new(name);
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        prefix = prefix.shown_on_terminal();
    }
    // Unbuffered: what is buffered inside would be invisible to poll.
    let input = io::stdin();
    let input = File::from(
        std::os::fd::AsFd::as_fd(&input)
            .try_clone_to_owned()
            .context("standard input")?,
    );
    let mut out = Output::new();
    netcat::chat(stream, input, &mut out, prefix, idle, stop)?;
    Ok(Status::Done)
}

impl Lines {
    /// The arguments as one text, as a shell hands over a sentence without quotes.
    fn in_one(&self) -> Lines {
        Lines {
            lines: match self.lines.as_slice() {
                [] => Vec::new(),
                words => vec![words.join(" ")],
            },
            script: self.script.clone(),
        }
    }

    /// The lines to send, without their ends.
    fn read(
        &self,
        prompt: &'static str,
    ) -> anyhow::Result<Box<dyn Iterator<Item = anyhow::Result<Vec<u8>>> + '_>> {
        if !self.lines.is_empty() {
            return Ok(Box::new(
                self.lines.iter().map(|line| Ok(line.as_bytes().to_vec())),
            ));
        }
        match &self.script {
            Some(path) if path.as_os_str() != "-" => {
                let file =
                    File::open(path).with_context(|| format!("opening {}", path.display()))?;
                Ok(Box::new(lines_of(BufReader::new(file), None)))
            }
            _ => {
                let prompt = io::stdin().is_terminal().then_some(prompt);
                Ok(Box::new(lines_of(io::stdin().lock(), prompt)))
            }
        }
    }
}

fn lines_of(
    mut reader: impl BufRead,
    prompt: Option<&'static str>,
) -> impl Iterator<Item = anyhow::Result<Vec<u8>>> {
    std::iter::from_fn(move || {
        if let Some(prompt) = prompt {
            // A prompt that cannot be shown is no reason not to read.
            let _ = io::stderr().write_all(prompt.as_bytes());
        }
        let mut line = Vec::new();
        match reader.read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => {
                if line.ends_with(b"\n") {
                    line.pop();
                }
                if line.ends_with(b"\r") {
                    line.pop();
                }
                Some(Ok(line))
            }
            Err(error) => Some(Err(error).context("reading what to send")),
        }
    })
}

/// Standard output. What servers say is made readable on a terminal, and left alone elsewhere.
struct Output {
    stdout: io::Stdout,
    terminal: bool,
}

impl Output {
    fn new() -> Output {
        let stdout = io::stdout();
        Output {
            terminal: stdout.is_terminal(),
            stdout,
        }
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.bytes(&[line, b"\n"].concat())
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)?;
        self.flush()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.terminal {
            self.stdout.write_all(readable(bytes).as_bytes())?;
            return Ok(bytes.len());
        }
        self.stdout.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }
}
