//! What the tests of the labs' programs share: servers to wait for, clients to look at, strangers.
#![allow(dead_code, reason = "each test program uses a part of it")]

#[path = "../skip/mod.rs"]
mod skip;

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// No wait takes this long unless something is broken.
pub(crate) const NEVER: Duration = Duration::from_secs(30);

/// Our program.
pub(crate) fn wirelab() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelab"));
    command.env("TZ", "UTC");
    command
}

/// A running server and its records.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    events: Receiver<Value>,
}

impl Server {
    /// Starts `serve` with these words, on a free port of 127.0.0.1 unless they say otherwise.
    pub(crate) fn start(words: &[&str]) -> Server {
        Server::start_heard(words, |_| true)
    }

    /// Starts a server of whose records only the first is looked at.
    pub(crate) fn start_unheard(words: &[&str]) -> Server {
        Server::start_heard(words, |number| number < 2)
    }

    fn start_heard(words: &[&str], hears: fn(usize) -> bool) -> Server {
        let mut command = wirelab();
        command.arg("serve").args(words).args(["--log", "json"]);
        if !words.contains(&"--port") {
            command.args(["--port", "0"]);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, events) = channel();
        std::thread::spawn(move || {
            for (number, line) in stdout.lines().map_while(Result::ok).enumerate() {
                if !hears(number) {
                    continue;
                }
                let event =
                    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
                if sender.send(event).is_err() {
                    break;
                }
            }
        });
        let mut server = Server {
            child,
            address: "127.0.0.1:0".parse().unwrap(),
            events,
        };
        server.address = address(&server.wait_for("listening"), "local");
        server
    }

    /// The next record of this kind.
    pub(crate) fn wait_for(&self, event: &str) -> Value {
        loop {
            let record = self
                .events
                .recv_timeout(NEVER)
                .unwrap_or_else(|error| panic!("no {event}: {error}"));
            if record["event"] == event {
                return record;
            }
        }
    }

    /// All records up to the next of this kind, that one last.
    pub(crate) fn until(&self, event: &str) -> Vec<Value> {
        let mut records = Vec::new();
        loop {
            records.push(self.events.recv_timeout(NEVER).unwrap());
            if records.last().unwrap()["event"] == event {
                return records;
            }
        }
    }

    pub(crate) fn port(&self) -> String {
        self.address.port().to_string()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(NEVER)).unwrap();
        stream
    }

    /// Sends a signal by `kill` and waits for the end.
    pub(crate) fn signal(&mut self, signal: &str) -> ExitStatus {
        let pid = self.child.id().to_string();
        let killed = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(killed.success());
        self.ended()
    }

    /// Waits for the server to end by itself.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < NEVER, "the server does not end");
            std::thread::yield_now();
        }
    }

    /// Runs our client of `program` against this server.
    pub(crate) fn client(&self, program: &str, words: &[&str]) -> Output {
        let host = self.address.ip().to_string();
        let mut command = wirelab();
        command.args(["client", program, &host, "--port", &self.port()]);
        command.args(words).stdin(Stdio::null()).output().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address in a record.
pub(crate) fn address(record: &Value, field: &str) -> SocketAddr {
    record[field].as_str().unwrap().parse().unwrap()
}

/// Standard output of a run that must have succeeded.
pub(crate) fn stdout(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    text
}

/// Standard error of a run that could not do it.
pub(crate) fn failure(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Gives a command its input and waits for its end.
pub(crate) fn run_with(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // Who has heard enough closes its input.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// One of the programs of others. Without it a test is skipped aloud, and fails in CI.
pub(crate) fn stranger(name: &str) -> Option<Command> {
    let paths = std::env::var("PATH").unwrap_or_default();
    // The system's own first: what comes before may be a slow script in front of it.
    let places = ["/usr/bin", "/usr/sbin", "/sbin"]
        .into_iter()
        .chain(paths.split(':'));
    let found = places
        .map(|place| std::path::Path::new(place).join(name))
        .find(|path| path.is_file());
    match found {
        Some(path) => Some(Command::new(path)),
        None if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
            panic!("{name} is missing, and CI must have it")
        }
        None => {
            skip::skip(&format!("a stranger: {name} is not installed"));
            None
        }
    }
}

/// A port where nothing listens, and which nobody else gets while this is held.
pub(crate) struct Closed {
    pub(crate) port: String,
    _holder: OwnedFd,
}

/// A closed TCP port: a socket is bound to it and does not listen.
pub(crate) fn closed_tcp_port() -> Closed {
    use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};
    let holder = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    bind(&holder, &any).unwrap();
    let address = SocketAddr::try_from(getsockname(&holder).unwrap()).unwrap();
    Closed {
        port: address.port().to_string(),
        _holder: holder,
    }
}

/// A closed UDP port: the socket bound to it hears only one address, which says nothing.
pub(crate) fn closed_udp_port() -> Closed {
    let holder = UdpSocket::bind("127.0.0.1:0").unwrap();
    holder.connect("127.0.0.1:1").unwrap();
    Closed {
        port: holder.local_addr().unwrap().port().to_string(),
        _holder: holder.into(),
    }
}

/// A port for a stranger that cannot choose one itself.
pub(crate) fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}

/// A process that ends with its test.
pub(crate) struct Guard(pub(crate) Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A Python server that prints its port, then serves; and that port.
pub(crate) fn python_server(program: &str, host: &str) -> Option<(Guard, String)> {
    let mut python = stranger("python3")?;
    python.args(["-uc", program, host]).stdout(Stdio::piped());
    let mut child = python.spawn().unwrap();
    let mut port = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut port)
        .unwrap();
    Some((Guard(child), port.trim().to_owned()))
}
