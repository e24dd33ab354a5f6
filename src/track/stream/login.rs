//! Names and passwords that cross a TCP stream readable: FTP, Telnet, SMTP, POP and IMAP. What is
//! kept is who logs in and in which frames, never the password.
//!
//! Where both sides agree on TLS, nothing further is read here.

use super::Piece;
use crate::dissect::http::basic_credentials;
use crate::dissect::telnet;

/// A longer line is no login.
const LONGEST: usize = 1024;
/// Most frames of one line: a terminal sends a letter a frame.
const MOST_FRAMES: usize = 64;
/// Most logins that are told.
const MOST: usize = 10_000;
/// Most letters of a name.
const LONGEST_NAME: usize = 64;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Talk {
    /// FTP.
    Ftp,
    /// Telnet.
    Telnet,
    /// SMTP.
    Smtp,
    /// POP.
    Pop,
    /// IMAP.
    Imap,
}

impl Talk {
    /// What a port stands for.
    pub fn by_port(port: u16) -> Option<Talk> {
        Some(match port {
            21 => Talk::Ftp,
            23 => Talk::Telnet,
            25 | 587 => Talk::Smtp,
            110 => Talk::Pop,
            143 => Talk::Imap,
            _ => return None,
        })
    }
}

/// A name and a password that were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The conversation.
    pub stream: u32,
    /// Which of its ends the client is.
    pub client: usize,
    /// Who speaks.
    pub talk: Talk,
    /// The name, if it was seen.
    pub user: Option<String>,
    /// The frames that carried the password, and the name before them.
    pub frames: Vec<u32>,
    /// The frame that carried the password, or its beginning.
    pub password_frame: u32,
    /// In base64, which is no encryption.
    pub encoded: bool,
    /// Whether the server took it, and in which frame it said so.
    pub accepted: Option<(bool, u32)>,
}

/// All logins found.
#[derive(Default)]
pub struct Logins {
    /// In the order in which their passwords came.
    pub list: Vec<Login>,
}

/// A line on its way.
#[derive(Default)]
struct Partial {
    bytes: Vec<u8>,
    frames: Vec<u32>,
    /// Too long to be kept.
    lost: bool,
}

/// What the client's next line will be.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Next {
    #[default]
    Command,
    /// The client said how it will log in, and the server has not asked yet.
    Begun(Way),
    User,
    Password,
    Both,
    /// A mail, until a line with a dot.
    Mail,
}

/// How a name and a password are sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Login,
    Plain,
}

/// One stream.
pub(crate) struct Parser {
    talk: Talk,
    client: usize,
    lines: [Partial; 2],
    next: Next,
    user: Option<(String, Vec<u32>)>,
    /// The login that the server has not answered yet, by its place in the list.
    open: Option<usize>,
    asked_tls: bool,
}

impl Parser {
    /// A stream whose client is this end.
    pub(crate) fn new(talk: Talk, client: usize) -> Parser {
        Parser {
            talk,
            client,
            lines: Default::default(),
            next: Next::default(),
            user: None,
            open: None,
            asked_tls: false,
        }
    }

    /// Reads bytes in order; whether both sides speak TLS from here on.
    pub(super) fn bytes(&mut self, piece: &Piece<'_>, found: &mut Logins) -> bool {
        let mut tls = false;
        if self.talk == Talk::Telnet {
            for part in telnet::pieces(piece.bytes) {
                if let telnet::Piece::Text(_, text) = part {
                    self.text(piece, text, found);
                }
            }
        } else {
            tls = self.text(piece, piece.bytes, found);
        }
        if piece.missing > 0 {
            // What was under way is lost with the bytes.
            self.lines[piece.side] = Partial::default();
            self.next = Next::Command;
            self.open = None;
        }
        tls
    }

    fn text(&mut self, piece: &Piece<'_>, bytes: &[u8], found: &mut Logins) -> bool {
        let terminal = self.talk == Talk::Telnet && piece.side == self.client;
        let mut rest = bytes;
        while !rest.is_empty() {
            // A terminal's line ends with a carriage return, and a zero or line feed follows.
            if terminal && self.lines[piece.side].bytes.is_empty() && matches!(rest[0], 0 | b'\n') {
                rest = &rest[1..];
                continue;
            }
            let end = if terminal {
                memchr::memchr2(b'\r', b'\n', rest)
            } else {
                memchr::memchr(b'\n', rest)
            };
            let (part, next) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
            rest = next;
            let line = &mut self.lines[piece.side];
            if line.bytes.len() + part.len() <= LONGEST {
                line.bytes.extend_from_slice(part);
            } else {
                line.lost = true;
            }
            if line.frames.last() != Some(&piece.carried_in) && line.frames.len() < MOST_FRAMES {
                line.frames.push(piece.carried_in);
            }
            if end.is_some() {
                let line = std::mem::take(&mut self.lines[piece.side]);
                if !line.lost && self.line(piece, &line, found) {
                    return true;
                }
            } else if self.talk == Talk::Telnet && !terminal {
                self.prompt();
            }
        }
        false
    }

    /// What the terminal asks for: the server's text that no line end follows.
    fn prompt(&mut self) {
        let text = self.lines[1 - self.client].bytes.to_ascii_lowercase();
        let text = text.trim_ascii_end();
        if text.ends_with(b"login:") || text.ends_with(b"username:") {
            self.next = Next::User;
        } else if text.ends_with(b"password:") {
            self.next = Next::Password;
        }
    }

    /// A whole line; whether TLS follows it.
    fn line(&mut self, piece: &Piece<'_>, line: &Partial, found: &mut Logins) -> bool {
        let text = line.bytes.trim_ascii();
        if piece.side == self.client {
            let corrected = match self.talk {
                Talk::Telnet => corrected(text),
                _ => text.to_vec(),
            };
            self.said(piece.stream, &corrected, &line.frames, found);
            return false;
        }
        self.answered(piece, text, found)
    }

    /// A line of the client.
    fn said(&mut self, stream: u32, text: &[u8], frames: &[u32], found: &mut Logins) {
        match self.next {
            Next::Mail => {
                if text == b"." {
                    self.next = Next::Command;
                }
            }
            Next::User => {
                let name = match self.talk {
                    Talk::Telnet => Some(text.to_vec()),
                    _ => decoded(text),
                };
                self.user = name.map(|name| (shown(&name), frames.to_vec()));
                self.next = match self.talk {
                    Talk::Telnet => Next::Command,
                    _ => Next::Begun(Way::Login),
                };
            }
            Next::Password => {
                self.next = Next::Command;
                self.password(stream, text, frames, self.talk != Talk::Telnet, found);
            }
            Next::Both => {
                self.next = Next::Command;
                self.plain(stream, text, frames, found);
            }
            Next::Command | Next::Begun(_) => self.command(stream, text, frames, found),
        }
    }

    fn command(&mut self, stream: u32, text: &[u8], frames: &[u32], found: &mut Logins) {
        let quoted = self.talk == Talk::Imap;
        let mut words = Words { rest: text, quoted };
        if self.talk == Talk::Imap {
            words.next();
        }
        let command = words.next().unwrap_or_default().to_ascii_uppercase();
        let first = words.next();
        let second = words.next();
        let how = first.map(<[u8]>::to_ascii_uppercase);
        self.asked_tls = false;
        match (self.talk, command.as_slice()) {
            (Talk::Ftp | Talk::Pop, b"USER") => {
                self.user = first.map(|name| (shown(name), frames.to_vec()));
            }
            (Talk::Ftp | Talk::Pop, b"PASS") => {
                let password = first.unwrap_or_default();
                self.password(stream, password, frames, false, found);
            }
            (Talk::Ftp, b"AUTH") => {
                self.asked_tls =
                    how.is_some_and(|h| h.starts_with(b"TLS") || h.starts_with(b"SSL"));
            }
            (Talk::Pop, b"STLS") | (Talk::Imap | Talk::Smtp, b"STARTTLS") => self.asked_tls = true,
            (Talk::Imap, b"LOGIN") => {
                self.user = first.map(|name| (shown(unquoted(name)), Vec::new()));
                // A password in a literal comes in a line of its own, after the server's consent.
                let password = unquoted(second.unwrap_or_default());
                if !password.ends_with(b"}") {
                    self.password(stream, password, frames, false, found);
                }
            }
            (Talk::Smtp | Talk::Pop, b"AUTH") | (Talk::Imap, b"AUTHENTICATE") => {
                self.authenticate(stream, how.as_deref(), second, frames, found);
            }
            _ => {}
        }
    }

    fn authenticate(
        &mut self,
        stream: u32,
        how: Option<&[u8]>,
        sent: Option<&[u8]>,
        frames: &[u32],
        found: &mut Logins,
    ) {
        match (how, sent) {
            (Some(b"PLAIN"), Some(both)) => self.plain(stream, both, frames, found),
            (Some(b"PLAIN"), None) => self.next = Next::Begun(Way::Plain),
            (Some(b"LOGIN"), name) => {
                let name = name.and_then(decoded);
                self.user = name.map(|name| (shown(&name), frames.to_vec()));
                self.next = Next::Begun(Way::Login);
            }
            _ => {}
        }
    }

    /// A line of the server; whether TLS follows it.
    fn answered(&mut self, piece: &Piece<'_>, text: &[u8], found: &mut Logins) -> bool {
        let words = match self.talk {
            // What is not tagged answers no request.
            Talk::Imap if text.starts_with(b"*") => return false,
            Talk::Imap if text.starts_with(b"+") => text,
            Talk::Imap => {
                let space = memchr::memchr(b' ', text).unwrap_or(text.len());
                text.get(space + 1..).unwrap_or_default()
            }
            _ => text,
        };
        // Only the last line of a reply counts.
        if matches!(self.talk, Talk::Ftp | Talk::Smtp) && words.get(3) == Some(&b'-') {
            return false;
        }
        let asks = match self.talk {
            Talk::Smtp => words.starts_with(b"334"),
            Talk::Pop | Talk::Imap => words.starts_with(b"+ ") || words == b"+",
            _ => false,
        };
        if let (Next::Begun(way), true) = (self.next, asks) {
            self.next = match (way, &self.user) {
                (Way::Plain, _) => Next::Both,
                (Way::Login, None) => Next::User,
                (Way::Login, Some(_)) => Next::Password,
            };
            return false;
        }
        if self.talk == Talk::Smtp && words.starts_with(b"354") {
            self.next = Next::Mail;
            return false;
        }
        let (yes, no) = match self.talk {
            Talk::Ftp => (
                words.starts_with(b"230"),
                matches!(words.first(), Some(b'4' | b'5')),
            ),
            Talk::Smtp => (
                words.starts_with(b"235"),
                matches!(words.first(), Some(b'4' | b'5')),
            ),
            Talk::Pop => (words.starts_with(b"+OK"), words.starts_with(b"-ERR")),
            Talk::Imap => (
                words.starts_with(b"OK"),
                words.starts_with(b"NO") || words.starts_with(b"BAD"),
            ),
            // A terminal's words are not looked for.
            Talk::Telnet => (false, false),
        };
        if (yes || no)
            && let Some(open) = self.open.take()
            && let Some(login) = found.list.get_mut(open)
        {
            login.accepted = Some((yes, piece.carried_in));
        }
        let agreed = match self.talk {
            Talk::Ftp => words.starts_with(b"234"),
            Talk::Smtp => words.starts_with(b"220"),
            _ => yes,
        };
        self.asked_tls && agreed
    }

    /// Name and password together: nothing, name, password, with zeros between (RFC 4616).
    fn plain(&mut self, stream: u32, text: &[u8], frames: &[u32], found: &mut Logins) {
        let Some(plain) = decoded(text) else { return };
        let mut parts = plain.split(|b| *b == 0);
        let (Some(_), Some(name), Some(password)) = (parts.next(), parts.next(), parts.next())
        else {
            return;
        };
        self.user = Some((shown(name), Vec::new()));
        self.password(stream, password, frames, true, found);
    }

    fn password(
        &mut self,
        stream: u32,
        password: &[u8],
        frames: &[u32],
        encoded: bool,
        found: &mut Logins,
    ) {
        let user = self.user.take();
        // FTP's name for everybody has no password that would be worth anything.
        let everybody = |name: &str| {
            self.talk == Talk::Ftp
                && (name.eq_ignore_ascii_case("anonymous") || name.eq_ignore_ascii_case("ftp"))
        };
        if password.is_empty()
            || user.as_ref().is_some_and(|(name, _)| everybody(name))
            || found.list.len() >= MOST
        {
            self.open = None;
            return;
        }
        let (user, mut all) = match user {
            Some((name, frames)) => (Some(name), frames),
            None => (None, Vec::new()),
        };
        all.extend_from_slice(frames);
        all.dedup();
        self.open = Some(found.list.len());
        found.list.push(Login {
            stream,
            client: self.client,
            talk: self.talk,
            user,
            frames: all,
            password_frame: frames.first().copied().unwrap_or_default(),
            encoded,
            accepted: None,
        });
    }
}

/// Base64, as Basic authentication has it.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    basic_credentials(&[b"Basic ", text].concat()).filter(|plain| !plain.is_empty())
}

/// What was typed, without what was taken back.
fn corrected(typed: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(typed.len());
    for byte in typed {
        match byte {
            0x08 | 0x7f => drop(text.pop()),
            byte => text.push(*byte),
        }
    }
    text
}

/// The words of a line; in IMAP one in quotes may have blanks in it.
struct Words<'a> {
    rest: &'a [u8],
    quoted: bool,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let begin = self.rest.iter().position(|b| *b != b' ')?;
        let rest = &self.rest[begin..];
        let mut inside = false;
        let mut escaped = false;
        let end = rest.iter().position(|byte| {
            let ends = *byte == b' ' && !inside;
            inside ^= self.quoted && *byte == b'"' && !escaped;
            escaped = inside && *byte == b'\\' && !escaped;
            ends
        });
        let (word, rest) = rest.split_at(end.unwrap_or(rest.len()));
        self.rest = rest;
        Some(word)
    }
}

fn unquoted(word: &[u8]) -> &[u8] {
    let inner = word.strip_prefix(b"\"");
    inner.map_or(word, |w| w.strip_suffix(b"\"").unwrap_or(w))
}

fn shown(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    name.trim().chars().take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Time;

    /// What is found in a talk: who speaks (0 is the client), and what; a frame each.
    fn talk(talk: Talk, pieces: &[(usize, &[u8])]) -> (Vec<Login>, bool) {
        let (mut parser, mut found) = (Parser::new(talk, 0), Logins::default());
        let mut tls = false;
        for ((side, bytes), frame) in pieces.iter().zip(1..) {
            let piece = Piece {
                stream: 0,
                side: *side,
                frame,
                carried_in: frame,
                time: Time(0),
                bytes,
                number: 0,
                acked: 0,
                heard: None,
                missing: 0,
            };
            tls |= parser.bytes(&piece, &mut found);
        }
        (found.list, tls)
    }

    type Told<'l> = (Option<&'l str>, &'l [u32], Option<(bool, u32)>);

    fn told(logins: &[Login]) -> Vec<Told<'_>> {
        logins
            .iter()
            .map(|l| (l.user.as_deref(), l.frames.as_slice(), l.accepted))
            .collect()
    }

    #[test]
    fn ftp_tells_whether_it_was_accepted_and_says_nothing_of_everybody() {
        let (found, _) = talk(
            Talk::Ftp,
            &[
                (1, b"220 hello\r\n"),
                (0, b"USER me\r\n"),
                (1, b"331 password\r\n"),
                (0, b"PASS pw\r\n"),
                (1, b"530 no\r\n"),
                (0, b"USER anonymous\r\n"),
                (1, b"331 mail address\r\n"),
                (0, b"PASS me@home\r\n"),
                (1, b"230 ok\r\n"),
            ],
        );
        assert_eq!(told(&found), [(Some("me"), &[2, 4][..], Some((false, 5)))]);
    }

    #[test]
    fn tls_ends_what_can_be_read() {
        let agreed: &[(usize, &[u8])] = &[(0, b"AUTH TLS\r\n"), (1, b"234 go\r\n")];
        assert!(talk(Talk::Ftp, agreed).1);
        let refused: &[(usize, &[u8])] = &[(0, b"AUTH TLS\r\n"), (1, b"530 no\r\n")];
        assert!(!talk(Talk::Ftp, refused).1);
        assert!(talk(Talk::Pop, &[(0, b"STLS\r\n"), (1, b"+OK\r\n")]).1);
        assert!(talk(Talk::Imap, &[(0, b"a STARTTLS\r\n"), (1, b"a OK\r\n")]).1);
        assert!(talk(Talk::Smtp, &[(0, b"STARTTLS\r\n"), (1, b"220 go\r\n")]).1);
    }

    #[test]
    fn a_terminal_is_asked_and_answers_letter_by_letter() {
        let (found, _) = talk(
            Talk::Telnet,
            &[
                (1, b"\xff\xfd\x01lab login: "),
                (0, b"m"),
                (1, b"m"),
                (0, b"e\r\0"),
                (1, b"e\r\nPassword: "),
                (0, b"p"),
                (0, b"w\r\0"),
                (1, b"\r\nWelcome\r\n$ "),
                (0, b"ls\r\0"),
            ],
        );
        assert_eq!(told(&found), [(Some("me"), &[2, 4, 6, 7][..], None)]);
        assert_eq!(found[0].password_frame, 6);
        // An empty line is no password.
        let empty: &[(usize, &[u8])] = &[(1, b"Password: "), (0, b"\r\0")];
        assert!(talk(Talk::Telnet, empty).0.is_empty());
    }

    #[test]
    fn smtp_login_and_plain_in_base64_and_not_in_a_mail() {
        let (found, _) = talk(
            Talk::Smtp,
            &[
                (0, b"AUTH LOGIN\r\n"),
                (1, b"334 VXNlcm5hbWU6\r\n"),
                (0, b"bWU=\r\n"),
                (1, b"334 UGFzc3dvcmQ6\r\n"),
                (0, b"cHc=\r\n"),
                (1, b"235 ok\r\n"),
                (0, b"DATA\r\n"),
                (1, b"354 go\r\n"),
                (0, b"AUTH PLAIN AG1lAHB3\r\n.\r\n"),
                (0, b"AUTH PLAIN AG1lAHB3\r\n"),
                (1, b"535 no\r\n"),
            ],
        );
        let wanted = [
            (Some("me"), &[3, 5][..], Some((true, 6))),
            (Some("me"), &[10][..], Some((false, 11))),
        ];
        assert_eq!(told(&found), wanted);
    }

    #[test]
    fn pop_and_imap() {
        let pop: &[(usize, &[u8])] = &[
            (0, b"USER me\r\n"),
            (1, b"+OK\r\n"),
            (0, b"PASS pw\r\n"),
            (1, b"+OK in\r\n"),
        ];
        let (found, _) = talk(Talk::Pop, pop);
        assert_eq!(told(&found), [(Some("me"), &[1, 3][..], Some((true, 4)))]);
        let imap: &[(usize, &[u8])] = &[
            (0, b"a1 LOGIN me \"pw\"\r\n"),
            (1, b"* CAPABILITY x\r\na1 NO\r\n"),
            (0, b"a2 AUTHENTICATE PLAIN\r\n"),
            (1, b"+ \r\n"),
            (0, b"AG1lAHB3\r\n"),
            (1, b"a2 OK\r\n"),
        ];
        let (found, _) = talk(Talk::Imap, imap);
        let wanted = [
            (Some("me"), &[1][..], Some((false, 2))),
            (Some("me"), &[5][..], Some((true, 6))),
        ];
        assert_eq!(told(&found), wanted);
    }

    #[test]
    fn a_hole_forgets_what_was_under_way() {
        let (mut parser, mut found) = (Parser::new(Talk::Ftp, 0), Logins::default());
        let piece = |bytes, missing| Piece {
            stream: 0,
            side: 0,
            frame: 1,
            carried_in: 1,
            time: Time(0),
            bytes,
            number: 0,
            acked: 0,
            heard: None,
            missing,
        };
        parser.bytes(&piece(b"USER me\r\nPA", 3), &mut found);
        parser.bytes(&piece(b"SS pw\r\n", 0), &mut found);
        assert!(found.list.is_empty());
    }

    #[test]
    fn ports_stand_for_those_who_speak() {
        let known = [
            (21, Talk::Ftp),
            (23, Talk::Telnet),
            (25, Talk::Smtp),
            (587, Talk::Smtp),
        ];
        for (port, talk) in known
            .into_iter()
            .chain([(110, Talk::Pop), (143, Talk::Imap)])
        {
            assert_eq!(Talk::by_port(port), Some(talk));
        }
        assert_eq!(Talk::by_port(80), None);
    }

    #[test]
    fn every_user_of_ftp_but_everybody() {
        let user = |name: &str| {
            let line = format!("user {name}\r\npass pw\r\n");
            let (found, _) = talk(Talk::Ftp, &[(0, line.as_bytes())]);
            found.len()
        };
        assert_eq!(
            [user("Anonymous"), user("FTP"), user("ftpx"), user("")],
            [0, 0, 1, 1]
        );
        // Elsewhere they are names like any.
        let (found, _) = talk(Talk::Pop, &[(0, b"USER ftp\r\nPASS pw\r\n")]);
        assert_eq!(told(&found), [(Some("ftp"), &[1][..], None)]);
        let (found, _) = talk(
            Talk::Ftp,
            &[(0, b"USER me\r\nPASS\r\n"), (0, b"PASS pw\r\n")],
        );
        assert_eq!(told(&found), [(None, &[2][..], None)]);
    }

    #[test]
    fn only_the_last_line_of_a_reply_counts() {
        let login: (usize, &[u8]) = (0, b"USER me\r\nPASS pw\r\n");
        let accepted = |reply: &[u8]| {
            let (found, _) = talk(Talk::Ftp, &[login, (1, reply)]);
            found[0].accepted.map(|a| a.0)
        };
        assert_eq!(accepted(b"230-welcome\r\n"), None);
        assert_eq!(accepted(b"230-no\r\n530 no\r\n"), Some(false));
        assert_eq!(accepted(b"230 welcome\r\n530 no\r\n"), Some(true));
        assert_eq!(accepted(b"331 go on\r\n"), None);
        assert_eq!(accepted(b"421 later\r\n"), Some(false));
        // An untagged line of IMAP answers nothing, and a tagged one by its second word.
        let accepted = |reply: &[u8]| {
            let (found, _) = talk(Talk::Imap, &[(0, b"a1 LOGIN me pw\r\n"), (1, reply)]);
            found[0].accepted.map(|a| a.0)
        };
        assert_eq!(accepted(b"* OK still here\r\n"), None);
        assert_eq!(accepted(b"a1 OK\r\n"), Some(true));
        assert_eq!(accepted(b"a1 BAD what\r\n"), Some(false));
        assert_eq!(accepted(b"OK\r\n"), None);
        let accepted = |reply: &[u8]| {
            let (found, _) = talk(Talk::Pop, &[(0, b"USER me\r\nPASS pw\r\n"), (1, reply)]);
            found[0].accepted.map(|a| a.0)
        };
        assert_eq!(accepted(b"-ERR no\r\n"), Some(false));
        assert_eq!(accepted(b"+OK\r\n"), Some(true));
        assert_eq!(accepted(b"OK\r\n"), None);
    }

    #[test]
    fn a_line_in_pieces_has_the_frames_of_all_of_them() {
        let pieces: &[(usize, &[u8])] = &[
            (0, b"US"),
            (0, b"ER m"),
            (0, b"e\r\nPA"),
            (0, b"SS p"),
            (0, b"w\r\n"),
        ];
        let (found, _) = talk(Talk::Ftp, pieces);
        assert_eq!(told(&found), [(Some("me"), &[1, 2, 3, 4, 5][..], None)]);
        assert_eq!(found[0].password_frame, 3);
        // So many frames, and no more.
        let mut pieces: Vec<(usize, &[u8])> = vec![(0, b"PASS ")];
        pieces.extend([(0, &b"x"[..]); MOST_FRAMES + 10]);
        pieces.push((0, b"\r\n"));
        let (found, _) = talk(Talk::Ftp, &pieces);
        assert_eq!(found[0].frames.len(), MOST_FRAMES);
    }

    #[test]
    fn a_line_that_is_too_long_says_nothing() {
        let line = |length: usize| {
            let mut line = b"PASS ".to_vec();
            line.resize(length - 2, b'x');
            line.extend(b"\r\n");
            talk(Talk::Ftp, &[(0, &line)]).0.len()
        };
        assert_eq!((line(LONGEST), line(LONGEST + 1)), (1, 0));
    }

    #[test]
    fn prompts_of_terminals() {
        let typed = |prompts: [&str; 2]| {
            let (found, _) = talk(
                Talk::Telnet,
                &[
                    (1, prompts[0].as_bytes()),
                    (0, b"me\r\n"),
                    (1, prompts[1].as_bytes()),
                    (0, b"pw\r\n"),
                ],
            );
            found.first().map(|l| l.user.clone())
        };
        let me = Some(Some("me".to_owned()));
        assert_eq!(typed(["login: ", "Password: "]), me);
        assert_eq!(typed(["Username:", "PASSWORD:"]), me);
        assert_eq!(typed(["login: \r\n", "Password: "]), Some(None));
        assert_eq!(typed(["login: ", "what: "]), None);
        // What the client types is no prompt.
        let own: &[(usize, &[u8])] = &[(0, b"password:"), (0, b"\r\n"), (0, b"x\r\n")];
        assert!(talk(Talk::Telnet, own).0.is_empty());
    }

    #[test]
    fn ways_that_are_begun_and_given_up() {
        // The name comes with the command, the password is asked for.
        let named: &[(usize, &[u8])] = &[
            (0, b"AUTH LOGIN bWU=\r\n"),
            (1, b"334 UGFzc3dvcmQ6\r\n"),
            (0, b"cHc=\r\n"),
        ];
        let (found, _) = talk(Talk::Smtp, named);
        assert_eq!(told(&found), [(Some("me"), &[1, 3][..], None)]);
        assert!(found[0].encoded);
        // No consent of the server: what follows is a command.
        let refused: &[(usize, &[u8])] = &[
            (0, b"AUTH PLAIN\r\n"),
            (1, b"504 no\r\n"),
            (0, b"AG1lAHB3\r\n"),
        ];
        assert!(talk(Talk::Smtp, refused).0.is_empty());
        let pop: &[(usize, &[u8])] = &[(0, b"AUTH PLAIN\r\n"), (1, b"+\r\n"), (0, b"AG1lAHB3\r\n")];
        assert_eq!(talk(Talk::Pop, pop).0.len(), 1);
        let given_up: &[(usize, &[u8])] =
            &[(0, b"AUTH PLAIN\r\n"), (1, b"334 \r\n"), (0, b"*\r\n")];
        assert!(talk(Talk::Smtp, given_up).0.is_empty());
        // A name without a password, and no zeros at all.
        assert!(
            talk(Talk::Smtp, &[(0, b"AUTH PLAIN AG1l\r\n")])
                .0
                .is_empty()
        );
        assert!(
            talk(Talk::Smtp, &[(0, b"AUTH CRAM-MD5 AG1lAHB3\r\n")])
                .0
                .is_empty()
        );
        // A literal of IMAP is not the password.
        assert!(talk(Talk::Imap, &[(0, b"a LOGIN me {2}\r\n")]).0.is_empty());
        let quoted: &[(usize, &[u8])] = &[(0, b"a LOGIN \"me\" \"pw\"\r\n")];
        assert_eq!(
            told(&talk(Talk::Imap, quoted).0),
            [(Some("me"), &[1][..], None)]
        );
    }

    #[test]
    fn tls_follows_only_what_asked_for_it() {
        let tls = |speaks, pieces: &[(usize, &[u8])]| talk(speaks, pieces).1;
        assert!(tls(Talk::Ftp, &[(0, b"AUTH SSL\r\n"), (1, b"234 go\r\n")]));
        assert!(!tls(
            Talk::Ftp,
            &[(0, b"AUTH GSSAPI\r\n"), (1, b"234 go\r\n")]
        ));
        assert!(!tls(
            Talk::Ftp,
            &[(0, b"AUTH TLS\r\n"), (0, b"NOOP\r\n"), (1, b"234 go\r\n")]
        ));
        assert!(!tls(Talk::Pop, &[(0, b"STLS\r\n"), (1, b"-ERR no\r\n")]));
        assert!(!tls(Talk::Smtp, &[(0, b"EHLO me\r\n"), (1, b"220 go\r\n")]));
        assert!(!tls(
            Talk::Imap,
            &[(0, b"a STARTTLS\r\n"), (1, b"a NO\r\n")]
        ));
        assert!(!tls(Talk::Ftp, &[(0, b"STARTTLS\r\n"), (1, b"220 go\r\n")]));
        assert!(!tls(Talk::Smtp, &[(0, b"STLS\r\n"), (1, b"220 go\r\n")]));
    }
}
