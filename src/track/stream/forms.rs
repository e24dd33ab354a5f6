//! Forms of web pages that carry a password: in a query, or in a body (as a page's form sends it, in
//! parts, or as JSON). Also what a proxy is told of who asks.

use crate::dissect::as_usize;
use memchr::memmem;

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

/// How the fields of a body are written, and the types that say so.
const LAYOUTS: [(&[u8], Layout); 3] = [
    (b"application/x-www-form-urlencoded", pairs),
    (b"multipart/form-data", parts),
    (b"application/json", members),
];

/// Gives the name, the value, and where the value begins, of each field.
type Layout = fn(&[u8]) -> Vec<(String, String, usize)>;

/// A body on its way.
pub(super) struct Form {
    layout: Layout,
    bytes: Vec<u8>,
    /// Where the bytes of each frame end.
    ends: Vec<(usize, u32)>,
}

impl Form {
    /// One for a body of this type, if it is a form.
    pub(super) fn of(content_type: Option<&[u8]>) -> Option<Box<Form>> {
        let told = content_type?;
        let own = |name: &[u8]| {
            told.get(..name.len())
                .is_some_and(|t| t.eq_ignore_ascii_case(name))
        };
        let (_, layout) = LAYOUTS.iter().find(|(name, _)| own(name))?;
        Some(Box::new(Form {
            layout: *layout,
            bytes: Vec::new(),
            ends: Vec::new(),
        }))
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
        let found = password((self.layout)(&self.bytes))?;
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
    password(pairs(query))
}

/// The first field that holds a password by its name, and the first that names who logs in.
fn password(fields: Vec<(String, String, usize)>) -> Option<Found> {
    let (mut found, mut user) = (None, None);
    for (name, value, at) in fields {
        if value.is_empty() {
            continue;
        }
        if found.is_none() && holds_password(&name, &value) {
            found = Some((name, at));
        } else if user.is_none() && names_user(&name) {
            user = Some(value);
        }
    }
    found.map(|(field, at)| Found { field, user, at })
}

/// `user=anna&pass=x`.
fn pairs(form: &[u8]) -> Vec<(String, String, usize)> {
    let mut fields = Vec::new();
    let mut at = 0;
    for field in form.split(|b| *b == b'&') {
        if let Some(equals) = field.iter().position(|b| *b == b'=') {
            let (name, value) = (decoded(&field[..equals]), decoded(&field[equals + 1..]));
            fields.push((name, value, at + equals + 1));
        }
        at += field.len() + 1;
    }
    fields
}

/// Parts between lines like the first one, each with a head of its own (RFC 7578); files are none.
fn parts(form: &[u8]) -> Vec<(String, String, usize)> {
    let mut fields = Vec::new();
    let Some(line) = memmem::find(form, b"\r\n").filter(|end| *end > 2) else {
        return fields;
    };
    let between = [b"\r\n", &form[..line]].concat();
    let mut at = line;
    while let Some(head) = memmem::find(&form[at..], b"\r\n\r\n") {
        let start = at + head + 4;
        let Some(length) = memmem::find(&form[start..], &between) else {
            break;
        };
        let told = &form[at..start];
        let name = memmem::find(told, b" name=\"").map(|place| &told[place + 7..]);
        let name = name.and_then(|name| name.split(|b| *b == b'"').next());
        if let Some(name) = name.filter(|_| memmem::find(told, b"filename").is_none()) {
            let value = &form[start..start + length];
            fields.push((letters(name), letters(value), start));
        }
        at = start + length + between.len();
    }
    fields
}

/// Members of JSON whose values are texts (RFC 8259), of whatever object.
fn members(json: &[u8]) -> Vec<(String, String, usize)> {
    let mut fields = Vec::new();
    let mut name: Option<&[u8]> = None;
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        at += 1;
        if *byte != b'"' {
            let colon = *byte == b':' || byte.is_ascii_whitespace();
            name = name.filter(|_| colon);
            continue;
        }
        let start = at;
        while json.get(at).is_some_and(|b| *b != b'"') {
            at += if json[at] == b'\\' { 2 } else { 1 };
        }
        let Some(text) = json.get(start..at).filter(|_| at < json.len()) else {
            break;
        };
        at += 1;
        match name.take() {
            Some(name) => fields.push((letters(name), letters(text), start)),
            None => name = Some(text),
        }
    }
    fields
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
    letters(&plain)
}

/// The first letters of a text.
fn letters(text: &[u8]) -> String {
    let letters = String::from_utf8_lossy(text);
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
        password(pairs(form.as_bytes())).map(|found| (found.field, found.user))
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
    fn a_body_in_parts_or_of_json_has_fields_too() {
        let of = |layout: Layout, text: &str| {
            password(layout(text.as_bytes())).map(|f| (f.field, f.user, f.at))
        };
        let part = |name: &str, value: &str| {
            format!("--zz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let form = format!("{}{}--zz--\r\n", part("user", "bob"), part("pwd", "x"));
        let told = of(parts, &form).expect("there is one");
        assert_eq!((told.0.as_str(), told.1.as_deref()), ("pwd", Some("bob")));
        assert_eq!(&form[told.2..=told.2], "x");
        // A file's name is no field, and what is cut has no end.
        let file = part("password\"; filename=\"a", "x");
        assert_eq!(of(parts, &format!("{file}--zz--\r\n")), None);
        assert_eq!(of(parts, &part("pwd", "x")), None);
        assert_eq!(of(parts, "--zz"), None);

        let json = r#"{"user": "b\"ob", "n": 1, "in": {"password" : "x"}}"#;
        let told = of(members, json).expect("there is one");
        assert_eq!(
            (told.0.as_str(), told.1.as_deref()),
            ("password", Some(r#"b\"ob"#))
        );
        assert_eq!(&json[told.2..=told.2], "x");
        for none in [
            r#"["password", "x"]"#,
            r#"{"password": 1, "a": "x"}"#,
            r#"{"password": null}"#,
            r#"{"password": "x"#,
            r#"{"a": "password"}"#,
            r#"{"a": "password\"#,
        ] {
            assert_eq!(of(members, none), None, "{none}");
        }
        assert!(Form::of(Some(b"Multipart/Form-Data; boundary=zz")).is_some());
        assert!(Form::of(Some(b"text/plain")).is_none() && Form::of(None).is_none());
    }

    #[test]
    fn the_frame_is_that_in_which_the_password_begins() {
        let mut form = Form::of(Some(b"application/x-www-form-urlencoded; x")).expect("a form");
        form.add(b"user=anna&pass", 4);
        form.add(b"=", 5);
        form.add(b"x&a=b", 7);
        let (found, frame) = form.password().expect("there is one");
        assert_eq!((found.field.as_str(), frame), ("pass", 7));
        assert!(in_query(b"/a?x=1&pwd=2#z").is_some());
        assert!(in_query(b"/pwd=2").is_none() && in_query(b"/a?b#pwd=2").is_none());
    }
}
