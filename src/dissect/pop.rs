//! The post office protocol, version 3 (RFC 1939, RFC 2595). Left out: the mail itself, which
//! Wireshark puts together from several frames.

use super::definition::{Definition, Found, Given, Line, NOTHING, State, Taken};
use super::field::{Kind, Sink, Value};
use super::lines::{self, word};
use super::text;
use std::borrow::Cow;

crate::fields! {
    RESPONSE: "pop.response", Kind::Text, "A line of the server; Wireshark gives it no value.";
    INDICATOR: "pop.response.indicator", Kind::Text, "+OK or -ERR.";
    DESCRIPTION: "pop.response.description", Kind::Text, "The server's words.";
    RESPONSE_DATA: "pop.response.data", Kind::Text, "A further line of the server; Wireshark gives it no value.";
    REQUEST: "pop.request", Kind::Text, "A line of the client; Wireshark gives it no value.";
    COMMAND: "pop.request.command", Kind::Text, "The client's command, such as USER, PASS or RETR.";
    PARAMETER: "pop.request.parameter", Kind::Text, "What the command is about: a name, a password, a number.";
    REQUEST_DATA: "pop.request.data", Kind::Text, "A further line of the client; Wireshark gives it no value.";
}

/// Everything about POP.
pub const DEFINITION: Definition = Definition {
    layers: &[("pop", "Post office protocol: a client fetches its mail.")],
    title: "POP",
    found: Found {
        tcp: &[110],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit,
    take: Some(take),
    line: Some(line),
    ..NOTHING
};

/// The client asked for TLS.
const ASKED_TLS: u32 = 1;

fn take(state: &mut State, bytes: &[u8]) -> Taken {
    if state.to_server {
        let first = lines::line(bytes, 0).text(bytes);
        state.phase = u32::from(first.eq_ignore_ascii_case(b"STLS")) * ASKED_TLS;
    } else if state.phase == ASKED_TLS {
        state.phase = 0;
        if bytes.starts_with(b"+OK") {
            return Taken::ThenTls(bytes.len());
        }
    }
    Taken::Message(bytes.len())
}

/// Whether a server's bytes go on with what it said before.
fn goes_on(given: &Given<'_, '_>) -> bool {
    let bytes = given.view.bytes;
    !given.state.to_server && !bytes.starts_with(b"+OK") && !bytes.starts_with(b"-ERR")
}

fn line(given: &Given<'_, '_>) -> Line {
    let bytes = given.view.bytes;
    let first = text::spelled(lines::line(bytes, 0).text(bytes));
    Line {
        protocol: "POP",
        info: if given.state.to_server {
            format!("C: {first}")
        } else if goes_on(given) {
            let s = if bytes.len() == 1 { "" } else { "s" };
            format!("S: DATA fragment, {} byte{s}", bytes.len())
        } else {
            format!("S: {first}")
        },
    }
}

fn emit<'a>(given: &Given<'_, 'a>, sink: &mut Sink<'a>) -> Option<()> {
    if goes_on(given) {
        return Some(());
    }
    let bytes = given.view.bytes;
    let [whole, word_index, rest_index, more] = if given.state.to_server {
        [REQUEST, COMMAND, PARAMETER, REQUEST_DATA]
    } else {
        [RESPONSE, INDICATOR, DESCRIPTION, RESPONSE_DATA]
    };
    let line = lines::line(bytes, 0);
    let first = line.text(bytes);
    let nothing = || Value::Text(Cow::Borrowed(&b""[..]));
    sink.put(whole, 0..line.next, nothing());
    let (command, next) = word(first);
    if !command.is_empty() {
        sink.put(
            word_index,
            0..command.len(),
            Value::Text(text::ascii(command)),
        );
    }
    if next < first.len() {
        let rest = Value::Text(text::ascii(&first[next..]));
        sink.put(rest_index, next..line.end, rest);
    }
    for line in lines::lines(bytes, line.next) {
        sink.put(more, line.start..line.next, nothing());
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_follows_when_the_server_agrees() {
        let mut state = State {
            to_server: true,
            ..State::default()
        };
        assert_eq!(take(&mut state, b"stls\r\n"), Taken::Message(6));
        state.to_server = false;
        let mut other = state;
        assert_eq!(take(&mut state, b"+OK\r\n"), Taken::ThenTls(5));
        assert_eq!(take(&mut other, b"-ERR\r\n"), Taken::Message(6));
    }
}
