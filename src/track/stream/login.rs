//! Names and passwords that cross a TCP stream readable: FTP, Telnet, SMTP, POP and IMAP. What is
//! kept is who logs in and in which frames, never the password.
//!
//! Where both sides agree on TLS, nothing further is read here.

mod words;

use super::Piece;
use crate::dissect::telnet;
use words::{Words, corrected, decoded, shown, unquoted};

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

#[cfg(test)]
mod tests;
