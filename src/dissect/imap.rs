//! The Internet message access protocol, version 4 (RFC 3501). Left out: the mail inside
//! literals, and which response belongs to which request.

use super::definition::{Definition, Found, Given, Line as Row, NOTHING, State, Taken};
use super::field::{Kind, Sink, Value};
use super::lines::{self, Line, word};
use super::text;

crate::fields! {
    IS_REQUEST: "imap.isrequest", Kind::Boolean, "The client speaks.";
    LINE: "imap.line", Kind::Text, "A line with its end.";
    REQUEST: "imap.request", Kind::Text, "A line of the client.";
    REQUEST_TAG: "imap.request_tag", Kind::Text, "The client's own name of its request, which the response repeats.";
    RESPONSE: "imap.response", Kind::Text, "A line of the server that is not `*`.";
    RESPONSE_TAG: "imap.response_tag", Kind::Text, "Whose request the server answers.";
    TAG: "imap.tag", Kind::Text, "Either tag.";
    UID: "imap.request.command.uid", Kind::Boolean, "The command's numbers are unique ones.";
    REQUEST_COMMAND: "imap.request.command", Kind::Text, "The client's command, such as LOGIN or SELECT.";
    STATUS: "imap.response.status", Kind::Text, "OK, NO or BAD.";
    RESPONSE_COMMAND: "imap.response.command", Kind::Text, "The word behind the status.";
    COMMAND: "imap.command", Kind::Text, "The word behind the tag, or behind the status of a response.";
    USERNAME: "imap.request.username", Kind::Text, "Who logs in.";
    PASSWORD: "imap.request.password", Kind::Text, "The password, in clear.";
    FOLDER: "imap.request.folder", Kind::Text, "The mailbox that the command is about.";
}

/// Everything about IMAP.
pub const DEFINITION: Definition = Definition {
    layers: &[(
        "imap",
        "Internet message access protocol: mail that stays on its server.",
    )],
    title: "IMAP",
    found: Found {
        tcp: &[143],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit,
    take: Some(take),
    line: Some(row),
    ..NOTHING
};

/// The client asked for TLS.
const ASKED_TLS: u32 = 1;

/// How many bytes follow a line that ends in `{n}` or `{n+}`.
fn literal(line: &[u8]) -> Option<usize> {
    let inner = line.strip_suffix(b"}")?;
    let open = inner.iter().rposition(|b| *b == b'{')?;
    let digits = inner[open + 1..].strip_suffix(b"+");
    let digits = digits.unwrap_or(&inner[open + 1..]);
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn take(state: &mut State, bytes: &[u8]) -> Taken {
    let whole = match lines::whole_lines(bytes) {
        Taken::Message(whole) => whole,
        other => return other,
    };
    // A literal is waited for when something stands before it that can be told now.
    let mut end = 0;
    while end < whole {
        let line = lines::line(bytes, end);
        match literal(line.text(bytes)) {
            Some(length) if !state.to_server && bytes.len() - line.next < length => break,
            Some(length) if !state.to_server => end = line.next + length,
            _ => end = line.next,
        }
    }
    if end == 0 {
        return Taken::Message(bytes.len());
    }
    let end = end.min(bytes.len());
    let line = lines::line(bytes, 0).text(bytes);
    let (_, next) = word(line);
    if state.to_server {
        state.phase = u32::from(line[next..].eq_ignore_ascii_case(b"STARTTLS")) * ASKED_TLS;
    } else if state.phase == ASKED_TLS && !line.starts_with(b"*") {
        state.phase = 0;
        if word(&line[next..]).0.eq_ignore_ascii_case(b"OK") {
            return Taken::ThenTls(end);
        }
    }
    Taken::Message(end)
}

/// The lines that Wireshark shows: not the bytes of literals.
fn shown(bytes: &[u8], skips: bool) -> impl Iterator<Item = Line> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= bytes.len() {
            return None;
        }
        let line = lines::line(bytes, at);
        let literal = literal(line.text(bytes)).filter(|_| skips);
        at = line.next.saturating_add(literal.unwrap_or(0));
        Some(line)
    })
}

fn row(given: &Given<'_, '_>) -> Row {
    let bytes = given.view.bytes;
    let asks = given.state.to_server;
    let who = if asks { "Request" } else { "Response" };
    // The last line is told.
    let lines = shown(bytes, !asks).map(|l| l.text(bytes));
    let told = lines.last().unwrap_or_default();
    Row {
        protocol: "IMAP",
        info: format!("{who}: {}", text::spelled(told)),
    }
}

fn emit<'a>(given: &Given<'_, 'a>, sink: &mut Sink<'a>) -> Option<()> {
    let bytes = given.view.bytes;
    let asks = given.state.to_server;
    sink.boolean(IS_REQUEST, 0..0, asks);
    for line in shown(bytes, !asks) {
        let all = &bytes[line.start..line.next];
        sink.put(LINE, line.start..line.next, Value::Text(text::ascii(all)));
        let words = line.text(bytes);
        if !asks && words.starts_with(b"*") {
            continue;
        }
        let index = if asks { REQUEST } else { RESPONSE };
        put(sink, index, line, words);
        if asks {
            request(bytes, line, sink);
        } else {
            response(bytes, line, sink);
        }
    }
    Some(())
}

fn put<'a>(sink: &mut Sink<'a>, index: super::field::FieldIndex, line: Line, words: &'a [u8]) {
    sink.put(index, line.start..line.end, Value::Text(text::ascii(words)));
}

/// The words of a line, one after the other.
fn words(bytes: &[u8], line: Line) -> impl Iterator<Item = &[u8]> {
    let mut rest = line.text(bytes);
    std::iter::from_fn(move || {
        let (found, next) = word(rest);
        rest = &rest[next..];
        (!found.is_empty()).then_some(found)
    })
}

/// Commands whose next word Wireshark shows as a folder.
const WITH_FOLDER: &[&[u8]] = &[
    b"select",
    b"examine",
    b"create",
    b"delete",
    b"rename",
    b"subscribe",
    b"unsubscribe",
    b"status",
    b"append",
    b"search",
];

fn request<'a>(bytes: &'a [u8], line: Line, sink: &mut Sink<'a>) {
    let mut words = words(bytes, line);
    let Some(tag) = words.next() else { return };
    put(sink, REQUEST_TAG, line, tag);
    put(sink, TAG, line, tag);
    let Some(first) = words.next() else { return };
    let mut command = first;
    if first.eq_ignore_ascii_case(b"uid") {
        sink.boolean(UID, line.start..line.end, true);
        let Some(next) = words.next() else { return };
        command = next;
    }
    put(sink, REQUEST_COMMAND, line, command);
    put(sink, COMMAND, line, first);
    let lower = command.to_ascii_lowercase();
    if lower == b"login" {
        let mut rest = words;
        if let Some(name) = rest.next() {
            put(sink, USERNAME, line, unquoted(name));
        }
        if let Some(password) = rest.next() {
            put(sink, PASSWORD, line, unquoted(password));
        }
    } else if WITH_FOLDER.contains(&lower.as_slice())
        && let Some(folder) = words.next()
    {
        put(sink, FOLDER, line, unquoted(folder));
    }
}

fn unquoted(word: &[u8]) -> &[u8] {
    let inner = word.strip_prefix(b"\"");
    inner.map_or(word, |w| w.strip_suffix(b"\"").unwrap_or(w))
}

fn response<'a>(bytes: &'a [u8], line: Line, sink: &mut Sink<'a>) {
    let mut words = words(bytes, line);
    let Some(tag) = words.next() else { return };
    put(sink, RESPONSE_TAG, line, tag);
    put(sink, TAG, line, tag);
    let Some(status) = words.next() else { return };
    put(sink, STATUS, line, status);
    let Some(command) = words.next() else { return };
    put(sink, RESPONSE_COMMAND, line, command);
    put(sink, COMMAND, line, command);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_belongs_to_its_line() {
        let mut state = State::default();
        let bytes = b"* 1 FETCH (BODY[] {5}\r\nhello)\r\nA1 OK done\r\n";
        assert_eq!(take(&mut state, bytes), Taken::Message(bytes.len()));
        let found: Vec<&[u8]> = shown(bytes, true).map(|l| l.text(bytes)).collect();
        assert_eq!(found, [&b"* 1 FETCH (BODY[] {5}"[..], b")", b"A1 OK done"]);
        assert_eq!(literal(b"A1 LOGIN {11+}"), Some(11));
        assert_eq!(literal(b"A1 LOGIN {x}"), None);
    }

    #[test]
    fn tls_follows_when_the_server_agrees() {
        let mut state = State {
            to_server: true,
            ..State::default()
        };
        take(&mut state, b"a STARTTLS\r\n");
        state.to_server = false;
        let mut other = state;
        assert_eq!(take(&mut state, b"a OK go\r\n"), Taken::ThenTls(9));
        assert_eq!(take(&mut other, b"a BAD no\r\n"), Taken::Message(10));
    }
}
