//! `wirelab sockets`: the live socket table with processes, as `netstat -p` and `lsof -i`.

use super::Status;
use crate::lab::log::quoted;
use crate::lab::sockets::{self, EXPLANATION, Socket, Transport};
use crate::lab::stop::{self, Stop};
use anyhow::Context;
use comfy_table::{Table, presets};
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::time::Duration;

const HEADINGS: [&str; 7] = [
    "Proto",
    "Recv-Q",
    "Send-Q",
    "Local",
    "Foreign",
    "State",
    "PID/Program",
];

/// Arguments of `wirelab sockets`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Only sockets with this port at either end, as `:12800`.
    #[arg(value_name = ":PORT", value_parser = port)]
    port: Option<u16>,
    /// Only sockets of this process.
    #[arg(long, value_name = "NUMBER")]
    pid: Option<i32>,
    /// Say what each column means, and why a server has the lines it has.
    #[arg(long)]
    explain: bool,
    /// Show the table again whenever it changes, until Ctrl-C.
    #[arg(long)]
    watch: bool,
    /// How to write the table.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    #[default]
    Table,
    Json,
    Csv,
    Markdown,
}

/// Shows the table, once or until Ctrl-C.
pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let mut stdout = std::io::stdout();
    if !args.watch {
        let sockets = wanted(args)?;
        write!(stdout, "{}", text(&sockets, args.format)).context("writing the table")?;
        if args.explain {
            write!(stdout, "\n{EXPLANATION}").context("writing the explanation")?;
        }
        let filtered = args.port.is_some() || args.pid.is_some();
        return Ok(match sockets.is_empty() && filtered {
            true => Status::Unfavourable,
            false => Status::Done,
        });
    }
    let stop = Stop::on_signals().context("signals")?;
    let clear = if stdout.is_terminal() {
        "\x1b[H\x1b[2J"
    } else {
        ""
    };
    let mut shown = None;
    while !stop.asked() {
        let sockets = wanted(args)?;
        if shown.as_ref() != Some(&sockets) {
            let now = jiff::Zoned::now().strftime("%H:%M:%S%.3f").to_string();
            let heading = if args.format == Format::Json {
                String::new()
            } else {
                format!("{now}\n")
            };
            write!(stdout, "{clear}{heading}{}", text(&sockets, args.format))
                .and_then(|()| stdout.flush())
                .context("writing the table")?;
            shown = Some(sockets);
        }
        stop::pause(&stop, Duration::from_millis(200));
    }
    Ok(Status::Done)
}

fn port(text: &str) -> Result<u16, String> {
    let digits = text.strip_prefix(':').unwrap_or(text);
    digits
        .parse()
        .map_err(|_| "a port is a number up to 65535, as :12800".to_owned())
}

fn wanted(args: &Args) -> anyhow::Result<Vec<Socket>> {
    let has_port = |socket: &Socket| {
        args.port
            .is_none_or(|port| socket.local.port() == port || socket.foreign.port() == port)
    };
    let has_pid = |socket: &Socket| {
        args.pid
            .is_none_or(|pid| socket.holders.iter().any(|holder| holder.pid == pid))
    };
    let mut sockets = sockets::table()?;
    sockets.retain(|socket| has_port(socket) && has_pid(socket));
    Ok(sockets)
}

fn text(sockets: &[Socket], format: Format) -> String {
    let rows: Vec<[String; 7]> = sockets.iter().map(row).collect();
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = match format {
        Format::Table => {
            writeln!(text, "{}", table(&rows)).and_then(|()| losses(&mut text, sockets))
        }
        Format::Json => writeln!(
            text,
            "[{}]",
            sockets.iter().map(json).collect::<Vec<_>>().join(",\n ")
        ),
        Format::Csv => lines(&mut text, &rows, |cells| cells.map(csv).join(",")),
        Format::Markdown => writeln!(
            text,
            "| {} |\n|{}",
            HEADINGS.join(" | "),
            "---|".repeat(HEADINGS.len())
        )
        .and_then(|()| {
            rows.iter().try_for_each(|row| {
                let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
                writeln!(text, "| {} |", cells.join(" | "))
            })
        }),
    };
    text
}

/// Datagrams that came and were thrown away: not lost on the network, and easily taken for it.
fn losses(text: &mut String, sockets: &[Socket]) -> std::fmt::Result {
    sockets.iter().filter(|socket| socket.dropped > 0).try_for_each(|socket| {
        writeln!(
            text,
            "{}: {} datagrams arrived and were thrown away: the socket's receive buffer was full",
            socket.local, socket.dropped
        )
    })
}

fn table(rows: &[[String; 7]]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(HEADINGS);
    table.add_rows(rows);
    table.trim_fmt()
}

fn lines(
    text: &mut String,
    rows: &[[String; 7]],
    line: impl Fn([String; 7]) -> String,
) -> std::fmt::Result {
    writeln!(text, "{}", line(HEADINGS.map(str::to_owned)))?;
    rows.iter()
        .try_for_each(|row| writeln!(text, "{}", line(row.clone())))
}

/// A cell that neither breaks the line nor starts a formula: program names are anybody's.
fn csv(cell: String) -> String {
    let cell = match cell.starts_with(['=', '+', '-', '@']) && cell.len() > 1 {
        true => format!("'{cell}"),
        false => cell,
    };
    match cell.contains([',', '"', '\n']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    }
}

fn protocol(socket: &Socket) -> &'static str {
    match (socket.transport, socket.v6) {
        (Transport::Tcp, false) => "tcp",
        (Transport::Tcp, true) => "tcp6",
        (Transport::Udp, false) => "udp",
        (Transport::Udp, true) => "udp6",
    }
}

fn foreign(socket: &Socket) -> String {
    match socket.foreign.port() {
        0 => "*".to_owned(),
        _ => socket.foreign.to_string(),
    }
}

fn row(socket: &Socket) -> [String; 7] {
    let holders: Vec<String> = socket
        .holders
        .iter()
        .map(|holder| format!("{}/{}", holder.pid, holder.program))
        .collect();
    [
        protocol(socket).to_owned(),
        socket.receive_queue.to_string(),
        socket.send_queue.to_string(),
        socket.local.to_string(),
        foreign(socket),
        socket.state.to_owned(),
        if holders.is_empty() {
            "-".to_owned()
        } else {
            holders.join(" ")
        },
    ]
}

fn json(socket: &Socket) -> String {
    let holders: Vec<String> = socket
        .holders
        .iter()
        .map(|holder| {
            format!(
                "{{\"pid\":{},\"program\":{}}}",
                holder.pid,
                quoted(&holder.program)
            )
        })
        .collect();
    format!(
        "{{\"protocol\":{},\"receive_queue\":{},\"send_queue\":{},\"local\":{},\"foreign\":{},\"state\":{},\"dropped\":{},\"processes\":[{}]}}",
        quoted(protocol(socket)),
        socket.receive_queue,
        socket.send_queue,
        quoted(&socket.local.to_string()),
        quoted(&foreign(socket)),
        quoted(socket.state),
        socket.dropped,
        holders.join(",")
    )
}
