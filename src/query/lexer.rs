//! A filter's text into tokens, each with its place.

use super::error::{Cause, FilterError};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A field name, an address, a number, a bare word: what it is shows where it stands.
    Word,
    /// A word after a leading dot: a field and nothing else.
    Field,
    /// A word after a leading colon: bytes or a value and never a field.
    Literal,
    /// `"…"` or `r"…"`.
    Text(Vec<u8>),
    /// `'…'`.
    Character(u8),
    /// An operator or bracket.
    Sign(Sign),
}

/// Operators, brackets and the words that mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Open,
    Close,
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    Comma,
    Dots,
    Colon,
    Hash,
    Plus,
    Minus,
    Times,
    Divide,
    Modulo,
    BitAnd,
    Equal,
    AllEqual,
    NotEqual,
    AnyNotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Contains,
    Matches,
    In,
    Not,
    And,
    Or,
    Any,
    All,
}

/// A token and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Spanned {
    pub(super) token: Token,
    pub(super) span: Range<usize>,
}

/// Signs by their spelling, longer ones first.
const SIGNS: &[(&str, Sign)] = &[
    ("===", Sign::AllEqual),
    ("!==", Sign::AnyNotEqual),
    ("==", Sign::Equal),
    ("!=", Sign::NotEqual),
    ("~=", Sign::AnyNotEqual),
    (">=", Sign::GreaterEqual),
    ("<=", Sign::LessEqual),
    ("&&", Sign::And),
    ("||", Sign::Or),
    ("..", Sign::Dots),
    (">", Sign::Greater),
    ("<", Sign::Less),
    ("!", Sign::Not),
    ("~", Sign::Matches),
    ("&", Sign::BitAnd),
    ("(", Sign::Open),
    (")", Sign::Close),
    ("{", Sign::OpenBrace),
    ("}", Sign::CloseBrace),
    ("[", Sign::OpenBracket),
    ("]", Sign::CloseBracket),
    (",", Sign::Comma),
    ("#", Sign::Hash),
    ("+", Sign::Plus),
    ("-", Sign::Minus),
    ("*", Sign::Times),
    ("/", Sign::Divide),
    ("%", Sign::Modulo),
];

/// Signs that are words.
const WORDS: &[(&str, Sign)] = &[
    ("eq", Sign::Equal),
    ("any_eq", Sign::Equal),
    ("all_eq", Sign::AllEqual),
    ("ne", Sign::NotEqual),
    ("all_ne", Sign::NotEqual),
    ("any_ne", Sign::AnyNotEqual),
    ("gt", Sign::Greater),
    ("lt", Sign::Less),
    ("ge", Sign::GreaterEqual),
    ("le", Sign::LessEqual),
    ("bitand", Sign::BitAnd),
    ("bitwise_and", Sign::BitAnd),
    ("contains", Sign::Contains),
    ("matches", Sign::Matches),
    ("in", Sign::In),
    ("not", Sign::Not),
    ("and", Sign::And),
    ("or", Sign::Or),
    ("any", Sign::Any),
    ("all", Sign::All),
];

/// Takes a text apart.
pub(super) fn tokens(text: &str) -> Result<Vec<Spanned>, FilterError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut out = Vec::new();
    // Inside brackets a colon and a minus are signs of a range.
    let mut bracket = false;
    while let Some(spanned) = lexer.next(bracket)? {
        match spanned.token {
            Token::Sign(Sign::OpenBracket) => bracket = true,
            Token::Sign(Sign::CloseBracket) => bracket = false,
            _ => {}
        }
        out.push(spanned);
    }
    Ok(out)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn next(&mut self, bracket: bool) -> Result<Option<Spanned>, FilterError> {
        let blank = self.rest().len() - self.rest().trim_start().len();
        self.at += blank;
        let start = self.at;
        let Some(first) = self.rest().chars().next() else {
            return Ok(None);
        };
        let token = match first {
            '"' => {
                self.at += 1;
                Token::Text(self.quoted('"', false)?)
            }
            'r' | 'R' if self.rest()[1..].starts_with('"') => {
                self.at += 2;
                Token::Text(self.quoted('"', true)?)
            }
            '\'' => {
                self.at += 1;
                let bytes = self.quoted('\'', false)?;
                match bytes[..] {
                    [byte] => Token::Character(byte),
                    _ => return Err(self.error(start, Cause::Character1)),
                }
            }
            '$' if self.rest().starts_with("${") => {
                let length = self.rest().find('}').map_or(2, |n| n + 1);
                self.at += length;
                return Err(self.error(start, Cause::Reference));
            }
            ':' if bracket => {
                self.at += 1;
                Token::Sign(Sign::Colon)
            }
            _ if bracket && first.is_ascii_digit() => {
                let digits = self.rest().bytes().take_while(u8::is_ascii_alphanumeric);
                self.at += digits.count();
                Token::Word
            }
            _ if !self.rest().starts_with("..") && is_word(first) => self.word(),
            _ => self.sign(first)?,
        };
        Ok(Some(Spanned {
            token,
            span: start..self.at,
        }))
    }

    fn error(&self, start: usize, cause: Cause) -> FilterError {
        FilterError::new(start..self.at, cause)
    }

    fn sign(&mut self, first: char) -> Result<Token, FilterError> {
        let found = SIGNS.iter().find(|(s, _)| self.rest().starts_with(s));
        let Some((spelling, sign)) = found else {
            let start = self.at;
            self.at += first.len_utf8();
            let error = self.error(start, Cause::Character(first));
            return Err(match first {
                '=' => error.hint("to compare, write `==`"),
                '|' => error.hint("for either of two, write `||` or `or`"),
                '^' => {
                    error.hint("there is no exclusive or; write `(a and not b) or (b and not a)`")
                }
                '“' | '”' | '„' | '‘' | '’' => error.hint("write straight quotes: \""),
                _ => error,
            });
        };
        self.at += spelling.len();
        Ok(Token::Sign(*sign))
    }

    /// A word: letters, digits, `_`, `.`, `:` and inner hyphens; a slash only behind an address.
    fn word(&mut self) -> Token {
        let text = self.rest();
        let bytes = text.as_bytes();
        let mut end = 0;
        while let Some(&byte) = bytes.get(end) {
            let next = bytes.get(end + 1).copied().unwrap_or(b' ');
            let inner = match byte {
                b'.' => next != b'.',
                b'-' => end > 0 && (next.is_ascii_alphanumeric() || next == b'_'),
                b'/' => next.is_ascii_digit() && is_address(&text[..end]),
                b':' | b'_' => true,
                _ => byte.is_ascii_alphanumeric(),
            };
            if !inner {
                break;
            }
            end += 1;
        }
        let word = &text[..end];
        let sign = WORDS.iter().find(|(spelling, _)| *spelling == word);
        let token = match (sign, bytes) {
            (Some((_, sign)), _) => Token::Sign(*sign),
            (None, [b'.', second, ..]) if second.is_ascii_alphabetic() => Token::Field,
            (None, [b':', second, ..]) if *second != b':' && end > 1 => Token::Literal,
            _ => Token::Word,
        };
        self.at += end;
        token
    }

    /// The inside of a quoted literal, up to and with its closing quote.
    fn quoted(&mut self, quote: char, raw: bool) -> Result<Vec<u8>, FilterError> {
        let open = self.at - 1;
        let mut out = Vec::new();
        loop {
            let Some(c) = self.rest().chars().next() else {
                return Err(self.error(open, Cause::Unclosed));
            };
            let start = self.at;
            self.at += c.len_utf8();
            if c == quote {
                return Ok(out);
            }
            if c != '\\' {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            if raw {
                // In a raw string a backslash stays, and keeps a quote from ending it.
                out.push(b'\\');
                if self.rest().starts_with(quote) {
                    self.at += quote.len_utf8();
                    out.push(b'"');
                }
                continue;
            }
            out.push(self.escape(start)?);
        }
    }

    /// What follows a backslash, as a byte.
    fn escape(&mut self, start: usize) -> Result<u8, FilterError> {
        let Some(c) = self.rest().chars().next() else {
            return Err(self.error(start, Cause::Unclosed));
        };
        self.at += c.len_utf8();
        Ok(match c {
            'a' => 7,
            'b' => 8,
            'f' => 12,
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            'v' => 11,
            '\\' | '"' | '\'' => u8::try_from(c).unwrap_or(b'\\'),
            'x' => {
                let length = self
                    .rest()
                    .bytes()
                    .take(2)
                    .take_while(u8::is_ascii_hexdigit)
                    .count();
                let digits = &self.rest()[..length];
                let value = u8::from_str_radix(digits, 16);
                self.at += length;
                value.map_err(|_| self.error(start, Cause::Escape("x".into())))?
            }
            '0'..='7' => {
                let more = self
                    .rest()
                    .bytes()
                    .take(2)
                    .take_while(|b| (b'0'..=b'7').contains(b));
                let length = 1 + more.count();
                let digits = &self.text[self.at - 1..][..length];
                let value = u8::from_str_radix(digits, 8);
                let name = digits.to_string();
                self.at += length - 1;
                value.map_err(|_| self.error(start, Cause::Escape(name)))?
            }
            other => return Err(self.error(start, Cause::Escape(other.to_string()))),
        })
    }
}

fn is_word(first: char) -> bool {
    first.is_ascii_alphanumeric() || matches!(first, '_' | '.' | ':')
}

fn is_address(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok() || text.parse::<Ipv6Addr>().is_ok()
}
