//! The record of what a server did: one line an event, to read or to join with a capture.

use super::stop::Stop;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// How the record is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A line to read.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Where a server's events go. Clones write to the same place, whole lines at a time.
#[derive(Clone)]
pub struct Log {
    form: Form,
    program: &'static str,
    pid: Option<u32>,
    sink: Arc<Mutex<Box<dyn Write + Send>>>,
    stop: Stop,
}

/// One thing that happened, with what is known of it.
#[derive(Clone, Debug)]
pub struct Event {
    name: &'static str,
    fields: Vec<(&'static str, Value)>,
}

#[derive(Clone, Debug)]
enum Value {
    Number(u64),
    Text(String),
}

impl Event {
    /// An event by its name: `opened`, `answered`, `closed`, …
    pub fn new(name: &'static str) -> Event {
        Event {
            name,
            fields: Vec::new(),
        }
    }

    /// At which of our addresses.
    pub fn at(self, transport: &'static str, local: SocketAddr) -> Event {
        self.text("transport", transport)
            .text("local", local.to_string())
    }

    /// Between which of our addresses and whose.
    pub fn between(self, transport: &'static str, local: SocketAddr, remote: SocketAddr) -> Event {
        self.at(transport, local).text("remote", remote.to_string())
    }

    /// A number; its unit is the end of its name.
    pub fn number(mut self, name: &'static str, number: usize) -> Event {
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        self.fields.push((name, Value::Number(number)));
        self
    }

    /// A text of ours.
    pub fn text(mut self, name: &'static str, text: impl Into<String>) -> Event {
        self.fields.push((name, Value::Text(text.into())));
        self
    }

    /// Bytes of a stranger: what is no UTF-8 is replaced, and what is long is cut.
    pub fn bytes(self, name: &'static str, bytes: &[u8]) -> Event {
        const LONGEST: usize = 200;
        let shown = bytes.get(..LONGEST).unwrap_or(bytes);
        let mut text = String::from_utf8_lossy(shown).into_owned();
        if shown.len() < bytes.len() {
            text.push('…');
        }
        self.text(name, text)
    }
}

impl Log {
    /// A log into `sink`. When `sink` is closed by its reader, `stop` is asked: nobody is left
    /// to whom the server could report.
    pub fn new(program: &'static str, form: Form, sink: Box<dyn Write + Send>, stop: Stop) -> Log {
        Log {
            form,
            program,
            pid: None,
            sink: Arc::new(Mutex::new(sink)),
            stop,
        }
    }

    /// The same log, with this process's number in lines to read too (JSON always has it).
    pub fn with_pid(self) -> Log {
        Log {
            pid: Some(std::process::id()),
            ..self
        }
    }

    /// Writes one event, now.
    pub fn record(&self, event: &Event) {
        let now = jiff::Timestamp::now();
        let line = match self.form {
            Form::Text => text_line(now, self.pid, event),
            Form::Json => json_line(now, self.program, event),
        };
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        let written = sink.write_all(line.as_bytes()).and_then(|()| sink.flush());
        if written.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            self.stop.ask();
        }
    }
}

fn text_line(now: jiff::Timestamp, pid: Option<u32>, event: &Event) -> String {
    let mut line = format!("{now:.6} {}", event.name);
    if let Some(pid) = pid {
        line.push_str(&format!(" pid={pid}"));
    }
    for (name, value) in &event.fields {
        line.push(' ');
        match value {
            Value::Number(number) => line.push_str(&format!("{name}={number}")),
            Value::Text(text) if *name == "transport" => line.push_str(text),
            Value::Text(text) if matches!(*name, "local" | "remote") => {
                line.push_str(&format!("{name} {text}"));
            }
            Value::Text(text) => line.push_str(&format!("{name}={}", quoted(text))),
        }
    }
    line.push('\n');
    line
}

fn json_line(now: jiff::Timestamp, program: &str, event: &Event) -> String {
    let nanoseconds = now.as_nanosecond();
    let mut line = format!(
        "{{\"time\":\"{now:.9}\",\"epoch\":{}.{:09},\"program\":{},\"pid\":{},\"event\":{}",
        nanoseconds.div_euclid(1_000_000_000),
        nanoseconds.rem_euclid(1_000_000_000),
        quoted(program),
        std::process::id(),
        quoted(event.name)
    );
    for (name, value) in &event.fields {
        line.push_str(&format!(",\"{name}\":"));
        match value {
            Value::Number(number) => line.push_str(&number.to_string()),
            Value::Text(text) => line.push_str(&quoted(text)),
        }
    }
    line.push_str("}\n");
    line
}

/// A JSON string; in text logs too, so that nobody's bytes can forge a line or steer a terminal.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ if steers(character) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    quoted.push_str(&format!("\\u{unit:04x}"));
                }
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a character steers the terminal or the direction of the text instead of being read.
pub fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Text of a stranger for a terminal: what steers is replaced, lines and tabs stay.
pub fn readable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .map(|character| match character {
            '\n' | '\t' => character,
            _ if steers(character) => '\u{fffd}',
            _ => character,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_text_forges_no_line_in_either_form() {
        let event = Event::new("message").bytes("text", b"a\n\x1b[2J\"\xff\xe2\x80\xae");
        let line = text_line(jiff::Timestamp::UNIX_EPOCH, None, &event);
        assert_eq!(
            line,
            "1970-01-01T00:00:00.000000Z message text=\"a\\n\\u001b[2J\\\"\u{fffd}\\u202e\"\n"
        );
        let json = json_line(jiff::Timestamp::UNIX_EPOCH, "chat", &event);
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["text"], "a\n\u{1b}[2J\"\u{fffd}\u{202e}");
        assert_eq!(value["time"], "1970-01-01T00:00:00.000000000Z");
    }

    #[test]
    fn both_addresses_are_in_a_record() {
        let event = Event::new("opened").between(
            "tcp",
            "127.0.0.1:12000".parse().unwrap(),
            "[::1]:5".parse().unwrap(),
        );
        assert_eq!(
            text_line(jiff::Timestamp::UNIX_EPOCH, None, &event),
            "1970-01-01T00:00:00.000000Z opened tcp local 127.0.0.1:12000 remote [::1]:5\n"
        );
    }
}
