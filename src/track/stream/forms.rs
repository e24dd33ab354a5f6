//! Forms of web pages that carry a password: in a query, or in a body
//! (`application/x-www-form-urlencoded`). Also what a proxy is told of who asks.

use crate::dissect::as_usize;

/// Longest body of a form that is read.
const LONGEST: usize = 16 << 10;
/// Most letters of a name.
const LONGEST_NAME: usize = 64;

/// How a password was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// In this field of a body.
    Body(String),
    /// In this field of a query.
    Query(String),
    /// In the header for a proxy.
    Proxy,
}

/// A password that a request carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Place of the exchange.
    pub row: u32,
    /// The frame that has it.
    pub frame: u32,
    /// How.
    pub way: Way,
    /// The name beside it.
    pub user: Option<String>,
}

/// A body on its way.
#[derive(Default)]
pub(super) struct Form {
    bytes: Vec<u8>,
    /// Where the bytes of each frame end.
    ends: Vec<(usize, u32)>,
}

impl Form {
    /// One for a body of this type, if it is a form.
    pub(super) fn of(content_type: Option<&[u8]>) -> Option<Box<Form>> {
        const FORM: &[u8] = b"application/x-www-form-urlencoded";
        let start = content_type?.get(..FORM.len())?;
        start.eq_ignore_ascii_case(FORM).then(Box::default)
    }

    pub(super) fn add(&mut self, bytes: &[u8], frame: u32) {
        let room = LONGEST.saturating_sub(self.bytes.len());
        let bytes = &bytes[..bytes.len().min(room)];
        if !bytes.is_empty() {
            self.bytes.extend_from_slice(bytes);
            self.ends.push((self.bytes.len(), frame));
        }
    }

    /// The password in it, and its frame.
    pub(super) fn password(&self) -> Option<(Found, u32)> {
        let found = password(&self.bytes)?;
        let (_, frame) = self.ends.iter().find(|(end, _)| *end > found.at)?;
        Some((found, *frame))
    }
}

/// A field that holds a password.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) field: String,
    pub(super) user: Option<String>,
    /// Where its value begins.
    at: usize,
}

/// The password in the query of a request's target.
pub(super) fn in_query(uri: &[u8]) -> Option<Found> {
    let at = uri.iter().position(|b| *b == b'?')?;
    let query = uri[at + 1..].split(|b| *b == b'#').next()?;
    password(query)
}

/// The first field that holds a password by its name, and the first that names who logs in.
fn password(form: &[u8]) -> Option<Found> {
    let (mut found, mut user) = (None, None);
    let mut at = 0;
    for field in form.split(|b| *b == b'&') {
        let start = at;
        at += field.len() + 1;
        let Some(equals) = field.iter().position(|b| *b == b'=') else {
            continue;
        };
        let (name, value) = (decoded(&field[..equals]), decoded(&field[equals + 1..]));
        if value.is_empty() {
            continue;
        }
        if found.is_none() && holds_password(&name, &value) {
            found = Some((name, start + equals + 1));
        } else if user.is_none() && names_user(&name) {
            user = Some(value);
        }
    }
    found.map(|(field, at)| Found { field, user, at })
}

/// The last part of a name: that in brackets, as in `session[password]`.
fn last_part(name: &str) -> String {
    let inner = name.strip_suffix(']').and_then(|n| n.rsplit('[').next());
    inner.unwrap_or(name).to_ascii_lowercase()
}

fn holds_password(name: &str, value: &str) -> bool {
    let name = last_part(name);
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let whole = ["pass", "pwd", "pw", "psw", "pswd", "kennwort", "passphrase"];
    let ends = ["password", "passwd", "passwort"];
    if whole.contains(&name) || ends.contains(&name) {
        return true;
    }
    // `show_password=1` is a box that was ticked.
    let switch = ["0", "1", "on", "off", "true", "false", "yes", "no"];
    let ticked = switch.contains(&value.to_ascii_lowercase().as_str());
    !ticked && ends.iter().any(|end| name.ends_with(end))
}

fn names_user(name: &str) -> bool {
    let name = last_part(name);
    let whole = ["name", "log", "mail", "uname", "usr", "userid", "user_id"];
    let ends = [
        "user",
        "username",
        "login",
        "email",
        "benutzer",
        "benutzername",
    ];
    whole.contains(&name.as_str()) || ends.iter().any(|end| name.ends_with(end))
}

/// A name or a value as it was typed, its first letters.
fn decoded(text: &[u8]) -> String {
    let mut plain = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let digits = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let hexadecimal = digits
            .and_then(|d| std::str::from_utf8(d).ok())
            .and_then(|d| u8::from_str_radix(d, 16).ok());
        plain.push(match (byte, hexadecimal) {
            (_, Some(byte)) => byte,
            (b'+', None) => b' ',
            (byte, None) => *byte,
        });
        at += if hexadecimal.is_some() { 3 } else { 1 };
    }
    let letters = String::from_utf8_lossy(&plain);
    letters.chars().take(LONGEST_NAME).collect()
}

impl Said {
    /// The place of the exchange it belongs to.
    pub fn place(&self) -> usize {
        as_usize(self.row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(form: &str) -> Option<(String, Option<String>)> {
        password(form.as_bytes()).map(|found| (found.field, found.user))
    }

    #[test]
    fn names_of_fields_tell_passwords() {
        for name in [
            "password",
            "PASSWD",
            "passwort",
            "pass",
            "pwd",
            "password2",
            "user_password",
            "session[password]",
            "login%5Bpass%5D",
            "j_password",
        ] {
            assert!(found(&format!("a=b&{name}=x")).is_some(), "{name}");
        }
        for name in [
            "passenger",
            "compass",
            "pwdays",
            "password_hint",
            "bypass",
            "word",
        ] {
            assert_eq!(found(&format!("a=b&{name}=x")), None, "{name}");
        }
        assert_eq!(found("password=&a=b"), None);
        assert_eq!(found("show_password=on"), None);
        assert!(found("password=on").is_some());
    }

    #[test]
    fn who_logs_in_is_told_as_it_was_typed() {
        let user = |form| found(form).and_then(|f| f.1);
        assert_eq!(user("user=anna+b%40c&pass=x").as_deref(), Some("anna b@c"));
        assert_eq!(user("pass=x&username=a%2").as_deref(), Some("a%2"));
        assert_eq!(user("pass=x&q=a"), None);
        assert_eq!(user("pass=x&email=&login=b").as_deref(), Some("b"));
    }

    #[test]
    fn the_frame_is_that_in_which_the_password_begins() {
        let mut form = Form::default();
        form.add(b"user=anna&pass", 4);
        form.add(b"=", 5);
        form.add(b"x&a=b", 7);
        let (found, frame) = form.password().expect("there is one");
        assert_eq!((found.field.as_str(), frame), ("pass", 7));
        assert!(in_query(b"/a?x=1&pwd=2#z").is_some());
        assert!(in_query(b"/pwd=2").is_none() && in_query(b"/a?b#pwd=2").is_none());
    }
}
