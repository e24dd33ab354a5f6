//! The simple mail transfer protocol (RFC 5321), with AUTH (RFC 4954), STARTTLS (RFC 3207) and
//! BDAT (RFC 3030). Left out: what is in the mail, and NTLM.

use super::definition::{Definition, Found, Given, Line, NOTHING, State, Taken};
use super::field::{Kind, Sink, Value};
use super::lines;
use super::text;
use std::fmt::Write as _;

crate::fields! {
    REQ: "smtp.req", Kind::Boolean, "The client speaks.";
    RSP: "smtp.rsp", Kind::Boolean, "The server speaks.";
    COMMAND_LINE: "smtp.command_line", Kind::Text, "A line of the client, with its end.";
    COMMAND: "smtp.req.command", Kind::Text, "The first four letters of the client's line, which are its command.";
    PARAMETER: "smtp.req.parameter", Kind::Text, "What stands behind the first five letters of the client's line.";
    RESPONSE: "smtp.response", Kind::Text, "The first line of the server's reply, with its end.";
    CODE: "smtp.response.code", Kind::Unsigned(32), "The reply's number: 2xx done, 3xx go on, 4xx not now, 5xx refused.";
    RSP_PARAMETER: "smtp.rsp.parameter", Kind::Text, "The words of a line of the reply.";
    USERNAME: "smtp.auth.username", Kind::Text, "Who logs in (AUTH LOGIN), in base64 as it was sent.";
    PASSWORD: "smtp.auth.password", Kind::Text, "The password (AUTH LOGIN), in base64 as it was sent.";
    BOTH: "smtp.auth.username_password", Kind::Text, "Name and password (AUTH PLAIN), in base64 as they were sent.";
    EOM: "smtp.eom", Kind::Mark, "The line with a single dot that ends a mail.";
}

/// Everything about SMTP.
pub const DEFINITION: Definition = Definition {
    layers: &[("smtp", "Simple mail transfer protocol: mail on its way.")],
    title: "SMTP",
    found: Found {
        tcp: &[25, 587],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit,
    take: Some(take),
    line: Some(line),
    ..NOTHING
};

// What was agreed, in the low byte of the phase; above it the bytes of BDAT that are to come.

/// Nothing out of the ordinary.
const COMMANDS: u32 = 0;
/// A mail follows, until a line with a single dot.
const DATA: u32 = 1;
/// The same, and the last line was whole.
const DATA_AT_LINE: u32 = 2;
/// The client began AUTH LOGIN without a name.
const LOGIN: u32 = 3;
/// The server asks for the name.
const ASKS_NAME: u32 = 4;
/// The name was sent.
const NAMED: u32 = 5;
/// The server asks for the password.
const ASKS_PASSWORD: u32 = 6;
/// The client began AUTH PLAIN and sent nothing else.
const PLAIN: u32 = 7;
/// The server asks for name and password.
const ASKS_BOTH: u32 = 8;
/// The client asked for TLS.
const ASKED_TLS: u32 = 9;

/// A reply longer than this is told in parts.
const LONGEST_REPLY: usize = 64 * 1024;

fn take(state: &mut State, bytes: &[u8]) -> Taken {
    if state.to_server {
        client(&mut state.phase, bytes)
    } else {
        server(&mut state.phase, bytes)
    }
}

fn client(phase: &mut u32, bytes: &[u8]) -> Taken {
    let chunk = super::as_usize(*phase >> 8);
    if chunk > 0 {
        let part = chunk.min(bytes.len());
        *phase = super::as_u32(chunk - part) << 8;
        return Taken::Message(part);
    }
    match *phase {
        DATA | DATA_AT_LINE => {
            let end = end_of_mail(bytes, *phase == DATA_AT_LINE);
            *phase = match end {
                Some(_) => COMMANDS,
                None if bytes.ends_with(b"\n") => DATA_AT_LINE,
                None => DATA,
            };
            Taken::Message(end.unwrap_or(bytes.len()))
        }
        ASKS_NAME | ASKS_PASSWORD | ASKS_BOTH => {
            *phase = if *phase == ASKS_NAME { NAMED } else { COMMANDS };
            Taken::Message(lines::line(bytes, 0).next.max(1))
        }
        _ => {
            let whole = match lines::whole_lines(bytes) {
                Taken::Message(whole) => whole,
                other => return other,
            };
            *phase = COMMANDS;
            for line in lines::lines(&bytes[..whole], 0) {
                *phase = command(line.text(bytes));
                // What follows in the same segment is no command.
                if *phase == DATA_AT_LINE || *phase >> 8 > 0 {
                    return Taken::Message(line.next);
                }
            }
            Taken::Message(whole)
        }
    }
}

/// Where a mail ends: behind the line with a single dot.
fn end_of_mail(bytes: &[u8], at_line: bool) -> Option<usize> {
    if at_line && bytes.starts_with(b".\r\n") {
        return Some(3);
    }
    let found = memchr::memmem::find(bytes, b"\r\n.\r\n")?;
    Some(found + 5)
}

/// What a command agrees on.
fn command(line: &[u8]) -> u32 {
    let upper = line.to_ascii_uppercase();
    let words: Vec<&[u8]> = upper.split(|b| *b == b' ').collect();
    match words[..] {
        [b"DATA"] => DATA_AT_LINE,
        [b"STARTTLS"] => ASKED_TLS,
        [b"AUTH", b"LOGIN"] => LOGIN,
        [b"AUTH", b"LOGIN", ..] => NAMED,
        [b"AUTH", b"PLAIN"] => PLAIN,
        [b"BDAT", length, ..] => {
            let length = std::str::from_utf8(length).ok();
            let length = length.and_then(|l| l.parse::<u32>().ok()).unwrap_or(0);
            length.min(u32::MAX >> 8) << 8
        }
        _ => COMMANDS,
    }
}

fn server(phase: &mut u32, bytes: &[u8]) -> Taken {
    let mut last = None;
    for line in lines::lines(bytes, 0) {
        if !line.is_ended() {
            break;
        }
        let text = line.text(bytes);
        last = Some(line);
        if text.get(3) != Some(&b'-') {
            break;
        }
    }
    let Some(last) = last.filter(|l| l.text(bytes).get(3) != Some(&b'-')) else {
        if bytes.len() < LONGEST_REPLY {
            return Taken::OneMore;
        }
        return Taken::Message(bytes.len());
    };
    let text = last.text(bytes);
    let code = lines::code(text);
    let was = *phase;
    *phase = match (was, code) {
        (DATA | DATA_AT_LINE, Some(354)) => was,
        (DATA | DATA_AT_LINE, Some(400..)) => COMMANDS,
        (DATA | DATA_AT_LINE, _) => was,
        (LOGIN | NAMED, Some(334)) => match text.get(4..) {
            Some(b"VXNlcm5hbWU6") => ASKS_NAME,
            Some(b"UGFzc3dvcmQ6") => ASKS_PASSWORD,
            _ if was == LOGIN => ASKS_NAME,
            _ => ASKS_PASSWORD,
        },
        (PLAIN, Some(334)) => ASKS_BOTH,
        (_, _) if was >> 8 > 0 => was,
        _ => COMMANDS,
    };
    if was == ASKED_TLS && code == Some(220) {
        return Taken::ThenTls(bytes.len());
    }
    Taken::Message(last.next)
}

/// A part of a mail is no line of the client.
fn is_mail(given: &Given<'_, '_>) -> bool {
    let phase = given.state.phase;
    given.state.to_server && (matches!(phase, DATA | DATA_AT_LINE) || phase >> 8 > 0)
}

fn line(given: &Given<'_, '_>) -> Line {
    let bytes = given.view.bytes;
    let mut info = String::from(if given.state.to_server { "C: " } else { "S: " });
    if is_mail(given) {
        let s = if bytes.len() == 1 { "" } else { "s" };
        let _ = write!(info, "DATA fragment, {} byte{s}", bytes.len());
    } else {
        for (nth, line) in lines::lines(bytes, 0).enumerate() {
            let words = line.text(bytes);
            if nth > 0 {
                info.push_str(" | ");
            }
            let label = match given.state.phase {
                _ if !given.state.to_server => "",
                ASKS_NAME => "User: ",
                ASKS_PASSWORD => "Pass: ",
                _ => "",
            };
            let words = match words.get(..11) {
                // Of further lines of a reply the number is not repeated.
                _ if !given.state.to_server && nth > 0 => words.get(4..).unwrap_or_default(),
                Some(begin)
                    if given.state.to_server
                        && words.len() > 11
                        && begin.eq_ignore_ascii_case(b"AUTH LOGIN ") =>
                {
                    let _ = write!(info, "{}User: ", text::spelled(begin));
                    &words[11..]
                }
                _ => words,
            };
            let _ = write!(info, "{label}{}", text::spelled(words));
        }
    }
    Line {
        protocol: "SMTP",
        info,
    }
}

fn emit<'a>(given: &Given<'_, 'a>, sink: &mut Sink<'a>) -> Option<()> {
    let bytes = given.view.bytes;
    if !given.state.to_server {
        reply(bytes, sink);
    } else if is_mail(given) {
        let at_line = given.state.phase == DATA_AT_LINE;
        if given.state.phase >> 8 == 0 && end_of_mail(bytes, at_line) == Some(bytes.len()) {
            sink.mark(EOM, bytes.len() - 3..bytes.len());
        }
    } else {
        for line in lines::lines(bytes, 0) {
            said(given.state.phase, line, bytes, sink);
        }
    }
    Some(())
}

/// A line of the client.
fn said<'a>(phase: u32, line: lines::Line, bytes: &'a [u8], sink: &mut Sink<'a>) {
    let words = line.text(bytes);
    let place = line.start..line.end;
    sink.boolean(REQ, 0..0, true);
    let answer = match phase {
        ASKS_NAME => Some(USERNAME),
        ASKS_PASSWORD => Some(PASSWORD),
        _ => None,
    };
    if let Some(index) = answer {
        sink.put(index, place, Value::Text(text::ascii(words)));
        return;
    }
    let all = &bytes[line.start..line.next];
    sink.put(
        COMMAND_LINE,
        line.start..line.next,
        Value::Text(text::ascii(all)),
    );
    let command = &words[..words.len().min(4)];
    let end = line.start + command.len();
    sink.put(COMMAND, line.start..end, Value::Text(text::ascii(command)));
    if phase == ASKS_BOTH {
        sink.put(BOTH, place, Value::Text(text::ascii(words)));
        return;
    }
    if words.len() > 5 {
        let rest = Value::Text(text::ascii(&words[5..]));
        sink.put(PARAMETER, line.start + 5..line.end, rest);
    }
    let Some((begin, rest)) = words.split_at_checked(11).filter(|(_, r)| !r.is_empty()) else {
        return;
    };
    let place = line.start + 11..line.end;
    if begin.eq_ignore_ascii_case(b"AUTH LOGIN ") {
        sink.put(USERNAME, place, Value::Text(text::ascii(rest)));
    } else if begin.eq_ignore_ascii_case(b"AUTH PLAIN ") {
        sink.put(BOTH, place, Value::Text(text::ascii(rest)));
    }
}

/// A reply of one or several lines.
fn reply<'a>(bytes: &'a [u8], sink: &mut Sink<'a>) {
    sink.boolean(RSP, 0..0, true);
    let first = lines::line(bytes, 0);
    sink.put(
        RESPONSE,
        0..first.next,
        Value::Text(text::ascii(&bytes[..first.next])),
    );
    for (nth, line) in lines::lines(bytes, 0).enumerate() {
        let words = line.text(bytes);
        if let (0, Some(code)) = (nth, lines::code(words)) {
            sink.unsigned(CODE, 0..3, code);
        }
        if words.len() > 4 {
            let rest = Value::Text(text::ascii(&words[4..]));
            sink.put(RSP_PARAMETER, line.start + 4..line.end, rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is taken of each piece: who says it, and how long the message is.
    fn talk(pieces: &[(bool, &[u8])]) -> Vec<(Taken, u32)> {
        let mut phase = 0;
        let take = |(to_server, bytes): &(bool, &[u8])| {
            let mut state = State {
                to_server: *to_server,
                phase,
                ..State::default()
            };
            let taken = super::take(&mut state, bytes);
            phase = state.phase;
            (taken, phase)
        };
        pieces.iter().map(take).collect()
    }

    #[test]
    fn a_mail_ends_with_a_dot_even_across_segments() {
        let found = talk(&[
            (true, b"DATA\r\n"),
            (false, b"354 go\r\n"),
            (true, b"Subject: a\r\n\r\nb.\r\n"),
            (true, b".\r\nQUIT\r\n"),
            (true, b"QUIT\r\n"),
        ]);
        let lengths = [6, 8, 18, 3, 6].map(Taken::Message);
        assert_eq!(found.iter().map(|f| f.0).collect::<Vec<_>>(), lengths);
        assert_eq!(found[3].1, COMMANDS);
    }

    #[test]
    fn a_chunk_is_no_command() {
        let found = talk(&[(true, b"BDAT 5 LAST\r\nQUIT\n"), (true, b"QUIT\nNOOP\r\n")]);
        assert_eq!(found[0].0, Taken::Message(13));
        assert_eq!(found[1], (Taken::Message(5), COMMANDS));
    }

    #[test]
    fn a_reply_is_whole_with_its_last_line() {
        let found = talk(&[
            (false, b"250-a\r\n250-b\r\n"),
            (false, b"250-a\r\n250 b\r\n220 x\r\n"),
        ]);
        assert_eq!(found[0].0, Taken::OneMore);
        assert_eq!(found[1].0, Taken::Message(14));
    }

    #[test]
    fn name_and_password_are_what_the_server_asks_for() {
        let found = talk(&[
            (true, b"AUTH LOGIN\r\n"),
            (false, b"334 VXNlcm5hbWU6\r\n"),
            (true, b"bWU=\r\n"),
            (false, b"334 UGFzc3dvcmQ6\r\n"),
            (true, b"cHc=\r\n"),
        ]);
        let phases: Vec<u32> = found.iter().map(|f| f.1).collect();
        assert_eq!(phases, [LOGIN, ASKS_NAME, NAMED, ASKS_PASSWORD, COMMANDS]);
    }

    #[test]
    fn tls_follows_when_the_server_agrees() {
        let agreed = talk(&[(true, b"STARTTLS\r\n"), (false, b"220 go\r\n")]);
        assert_eq!(agreed[1].0, Taken::ThenTls(8));
        let refused = talk(&[(true, b"STARTTLS\r\n"), (false, b"454 no\r\n")]);
        assert_eq!(refused[1].0, Taken::Message(8));
    }
}
