//! Tokens into a tree, by the precedence of Wireshark: `not` before `and` before `or`;
//! comparisons hold terms, in which `* / %` come before `+ -` before `&`.

use super::error::{Cause, FilterError};
use super::lexer::{Sign, Spanned, Token, tokens};
use std::ops::Range;

/// Deepest nesting; more than anyone writes, and harmless for the stack.
const DEEPEST: usize = 120;
/// Longest filter, in tokens.
const LONGEST: usize = 50_000;
/// What to write where parentheses hold arithmetic.
const BRACES: &str = "arithmetic is put in braces: {tcp.flags & 0x3f} == 0";

/// Something that holds or does not.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Or(Vec<Test>),
    And(Vec<Test>),
    Not(Box<Test>),
    /// A term alone: is it there, is it not zero.
    Exists(Term),
    Relation {
        sign: Sign,
        /// `any` or `all` before it.
        quantifier: Option<Sign>,
        left: Term,
        right: Term,
        /// The operator's place.
        span: Range<usize>,
    },
    In {
        left: Term,
        set: Vec<(Term, Option<Term>)>,
        quantifier: Option<Sign>,
    },
}

/// Something that has values, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) kind: TermKind,
    pub(super) span: Range<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum TermKind {
    /// A field or a literal, which shows later.
    Word(String),
    Field(String),
    Literal(String),
    Text(Vec<u8>),
    Character(u8),
    Slice(Box<Term>, Vec<Part>),
    Layer(Box<Term>, Vec<Part>),
    Call(String, Vec<Term>),
    Binary(Sign, Box<Term>, Box<Term>),
    Negate(Box<Term>),
}

/// A piece of a range: `[start, end)`; negative counts from the end, `None` is the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) start: i64,
    pub(super) length: Length,
}

/// How far a piece of a range goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// This many.
    Count(u64),
    /// Up to this place and with it.
    Last(i64),
    /// To the end.
    Open,
}

/// Parses a filter; `None` is an empty one.
pub(super) fn parse(text: &str) -> Result<Option<Test>, FilterError> {
    let tokens = tokens(text)?;
    if tokens.len() > LONGEST {
        return Err(FilterError::new(0..text.len(), Cause::TooComplex));
    }
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser {
        text,
        tokens,
        at: 0,
        depth: 0,
    };
    let test = parser.or()?;
    match parser.peek() {
        None => Ok(Some(test)),
        Some(_) => Err(parser.unexpected("a filter ends here, or goes on with `and` or `or`")),
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Spanned>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Spanned> {
        self.tokens.get(self.at)
    }

    fn sign(&self) -> Option<Sign> {
        match self.peek()?.token {
            Token::Sign(sign) => Some(sign),
            _ => None,
        }
    }

    fn accept(&mut self, sign: Sign) -> bool {
        let found = self.sign() == Some(sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: Sign, wanted: &'static str) -> Result<Range<usize>, FilterError> {
        match self.peek() {
            Some(Spanned {
                token: Token::Sign(found),
                span,
            }) if *found == sign => {
                let span = span.clone();
                self.at += 1;
                Ok(span)
            }
            _ => Err(self.unexpected(wanted)),
        }
    }

    fn unexpected(&self, wanted: &'static str) -> FilterError {
        match self.peek() {
            None => FilterError::new(self.text.len()..self.text.len(), Cause::End(wanted)),
            Some(Spanned { span, .. }) => {
                let found = self.text[span.clone()].to_string();
                FilterError::new(span.clone(), Cause::Unexpected { found, wanted })
            }
        }
    }

    fn deeper<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, FilterError>,
    ) -> Result<T, FilterError> {
        if self.depth >= DEEPEST {
            let span = self.peek().map_or(0..0, |s| s.span.clone());
            return Err(FilterError::new(span, Cause::TooComplex));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn or(&mut self) -> Result<Test, FilterError> {
        let mut tests = vec![self.and()?];
        while self.accept(Sign::Or) {
            tests.push(self.and()?);
        }
        Ok(one_or(tests, Test::Or))
    }

    fn and(&mut self) -> Result<Test, FilterError> {
        let mut tests = vec![self.not()?];
        while self.accept(Sign::And) {
            tests.push(self.not()?);
        }
        Ok(one_or(tests, Test::And))
    }

    fn not(&mut self) -> Result<Test, FilterError> {
        if self.accept(Sign::Not) {
            let inner = self.deeper(Self::not)?;
            return Ok(Test::Not(Box::new(inner)));
        }
        if self.sign() != Some(Sign::Open) {
            return self.relation();
        }
        self.at += 1;
        let inner = self.deeper(Self::or)?;
        self.expect(Sign::Close, "a parenthesis is still open")?;
        // `(a - b) > c`: as in Wireshark, parentheses hold tests, and braces arithmetic.
        if matches!(inner, Test::Exists(_)) && self.continues_term() {
            return Err(self
                .unexpected("a test in parentheses stands alone")
                .hint(BRACES));
        }
        Ok(inner)
    }

    fn continues_term(&self) -> bool {
        self.sign().is_some_and(|s| {
            relation(s)
                || precedence(s).is_some()
                || matches!(s, Sign::In)
                || (s == Sign::Not && self.not_in())
        })
    }

    fn not_in(&self) -> bool {
        matches!(
            self.tokens.get(self.at + 1).map(|s| &s.token),
            Some(Token::Sign(Sign::In))
        )
    }

    fn relation(&mut self) -> Result<Test, FilterError> {
        let quantifier = match self.sign() {
            Some(sign @ (Sign::Any | Sign::All)) => {
                self.at += 1;
                Some(sign)
            }
            _ => None,
        };
        let left = self.arithmetic(0)?;
        self.relation_from(left, quantifier)
    }

    fn relation_from(
        &mut self,
        mut left: Term,
        quantifier: Option<Sign>,
    ) -> Result<Test, FilterError> {
        let mut tests = Vec::new();
        while let Some(sign) = self.sign() {
            let negated = sign == Sign::Not && self.not_in();
            if sign == Sign::In || negated {
                self.at += 1 + usize::from(negated);
                let set = self.set()?;
                let test = Test::In {
                    left,
                    set,
                    quantifier,
                };
                tests.push(if negated {
                    Test::Not(Box::new(test))
                } else {
                    test
                });
                return Ok(one_or(tests, Test::And));
            }
            if !relation(sign) {
                break;
            }
            let span = self.peek().map_or(0..0, |s| s.span.clone());
            self.at += 1;
            let right = self.arithmetic(0)?;
            tests.push(Test::Relation {
                sign,
                quantifier,
                left,
                right: right.clone(),
                span,
            });
            // `a < b < c` is `a < b and b < c`.
            left = right;
        }
        match (tests.is_empty(), quantifier) {
            (true, None) => Ok(Test::Exists(left)),
            (true, Some(_)) => Err(self.unexpected("`any` and `all` stand before a comparison")),
            (false, _) => Ok(one_or(tests, Test::And)),
        }
    }

    fn set(&mut self) -> Result<Vec<(Term, Option<Term>)>, FilterError> {
        self.expect(Sign::OpenBrace, "a set begins with `{`")?;
        let mut set = Vec::new();
        loop {
            let low = self.arithmetic(0)?;
            let high = if self.accept(Sign::Dots) {
                Some(self.arithmetic(0)?)
            } else {
                None
            };
            set.push((low, high));
            if !self.accept(Sign::Comma) {
                self.expect(
                    Sign::CloseBrace,
                    "the members of a set are separated by commas and end with `}`",
                )?;
                return Ok(set);
            }
        }
    }

    /// A term whose operators bind at least as strongly as `least`.
    fn arithmetic(&mut self, least: u8) -> Result<Term, FilterError> {
        let mut left = self.unary()?;
        let mut links = 0;
        while let Some((sign, strength)) = self.sign().and_then(|s| Some((s, precedence(s)?))) {
            if strength < least {
                break;
            }
            // A long chain nests to the left.
            links += 1;
            if links + self.depth > DEEPEST {
                return Err(FilterError::new(left.span, Cause::TooComplex));
            }
            self.at += 1;
            let right = self.deeper(|p| p.arithmetic(strength + 1))?;
            let span = left.span.start..right.span.end;
            left = Term {
                kind: TermKind::Binary(sign, Box::new(left), Box::new(right)),
                span,
            };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Term, FilterError> {
        let start = self.peek().map_or(self.text.len(), |s| s.span.start);
        if self.accept(Sign::Minus) {
            let inner = self.deeper(Self::unary)?;
            let span = start..inner.span.end;
            return Ok(Term {
                kind: TermKind::Negate(Box::new(inner)),
                span,
            });
        }
        if self.accept(Sign::Plus) {
            return self.deeper(Self::unary);
        }
        if self.accept(Sign::OpenBrace) {
            let mut inner = self.deeper(|p| p.arithmetic(0))?;
            let close = self.expect(Sign::CloseBrace, "a brace is still open")?;
            inner.span = start..close.end;
            return self.ranges(inner);
        }
        if self.sign() == Some(Sign::Open) {
            let error = self.unexpected("a field, a protocol or a value is");
            return Err(error.hint(BRACES));
        }
        let term = self.primary()?;
        self.ranges(term)
    }

    fn primary(&mut self) -> Result<Term, FilterError> {
        const WANTED: &str = "a field, a protocol or a value is";
        let Some(Spanned { token, span }) = self.peek().cloned() else {
            return Err(self.unexpected("a field, a protocol or a value is missing"));
        };
        let text = &self.text[span.clone()];
        let kind = match token {
            Token::Word => TermKind::Word(text.to_string()),
            Token::Field => TermKind::Field(text[1..].to_string()),
            Token::Literal => TermKind::Literal(text[1..].to_string()),
            Token::Text(bytes) => TermKind::Text(bytes),
            Token::Character(byte) => TermKind::Character(byte),
            Token::Sign(_) => return Err(self.unexpected(WANTED)),
        };
        self.at += 1;
        match kind {
            TermKind::Word(name) if self.sign() == Some(Sign::Open) => self.call(name, span),
            kind => Ok(Term { kind, span }),
        }
    }

    fn call(&mut self, name: String, span: Range<usize>) -> Result<Term, FilterError> {
        self.at += 1;
        let mut arguments = Vec::new();
        if self.accept(Sign::Close) {
            let kind = TermKind::Call(name, arguments);
            return Ok(Term { kind, span });
        }
        loop {
            arguments.push(self.deeper(|p| p.arithmetic(0))?);
            if !self.accept(Sign::Comma) {
                let wanted = "arguments are separated by commas and end with `)`";
                self.expect(Sign::Close, wanted)?;
                let kind = TermKind::Call(name, arguments);
                return Ok(Term { kind, span });
            }
        }
    }

    /// `[…]` and `#…` behind a term.
    fn ranges(&mut self, mut term: Term) -> Result<Term, FilterError> {
        let mut links = 0;
        loop {
            let layer = match self.sign() {
                Some(Sign::OpenBracket) => false,
                Some(Sign::Hash) => true,
                _ => return Ok(term),
            };
            links += 1;
            if links + self.depth > DEEPEST {
                return Err(FilterError::new(term.span, Cause::TooComplex));
            }
            self.at += usize::from(layer);
            let (parts, end) = if layer && self.sign() != Some(Sign::OpenBracket) {
                let number = self.integer()?;
                let end = self.tokens[self.at - 1].span.end;
                let length = Length::Count(1);
                (
                    vec![Part {
                        start: number,
                        length,
                    }],
                    end,
                )
            } else {
                self.at += 1;
                self.parts()?
            };
            let span = term.span.start..end;
            let inner = Box::new(term);
            term = Term {
                kind: if layer {
                    TermKind::Layer(inner, parts)
                } else {
                    TermKind::Slice(inner, parts)
                },
                span,
            };
        }
    }

    fn parts(&mut self) -> Result<(Vec<Part>, usize), FilterError> {
        let mut parts = Vec::new();
        loop {
            let from = self.peek().map_or(self.text.len(), |s| s.span.start);
            let part = self.part()?;
            let to = self.tokens[self.at.saturating_sub(1)].span.end;
            parts.push(
                part.ok_or_else(|| FilterError::new(from.min(to)..to.max(from), Cause::Range))?,
            );
            if !self.accept(Sign::Comma) {
                let wanted = "a range ends with `]`";
                return Ok((parts, self.expect(Sign::CloseBracket, wanted)?.end));
            }
        }
    }

    /// `i`, `i:n`, `i-j`, `i:`, `:n`; nothing when the numbers make no range.
    fn part(&mut self) -> Result<Option<Part>, FilterError> {
        if self.accept(Sign::Colon) {
            let count = self.integer()?;
            return Ok(u64::try_from(count).ok().map(|n| Part {
                start: 0,
                length: Length::Count(n),
            }));
        }
        let start = self.integer()?;
        let length = match self.sign() {
            Some(Sign::Colon) => {
                self.at += 1;
                if matches!(self.sign(), Some(Sign::CloseBracket | Sign::Comma)) {
                    Length::Open
                } else {
                    match u64::try_from(self.integer()?) {
                        Ok(n) if n > 0 => Length::Count(n),
                        _ => return Ok(None),
                    }
                }
            }
            Some(Sign::Minus) => {
                self.at += 1;
                let last = self.integer()?;
                if (start < 0) == (last < 0) && last < start {
                    return Ok(None);
                }
                Length::Last(last)
            }
            _ => Length::Count(1),
        };
        Ok(Some(Part { start, length }))
    }

    fn integer(&mut self) -> Result<i64, FilterError> {
        let negative = self.accept(Sign::Minus);
        if !negative {
            self.accept(Sign::Plus);
        }
        let wanted = "a number is";
        let Some(Spanned {
            token: Token::Word,
            span,
        }) = self.peek()
        else {
            return Err(self.unexpected(wanted));
        };
        let text = &self.text[span.clone()];
        let number = super::literal::number(text).and_then(|n| i32::try_from(n).ok());
        let Some(number) = number else {
            return Err(FilterError::new(span.clone(), Cause::Range));
        };
        self.at += 1;
        let number = i64::from(number);
        Ok(if negative { -number } else { number })
    }
}

fn one_or(mut tests: Vec<Test>, many: fn(Vec<Test>) -> Test) -> Test {
    match tests.pop() {
        Some(only) if tests.is_empty() => only,
        Some(last) => {
            tests.push(last);
            many(tests)
        }
        None => many(tests),
    }
}

fn relation(sign: Sign) -> bool {
    matches!(
        sign,
        Sign::Equal
            | Sign::AllEqual
            | Sign::NotEqual
            | Sign::AnyNotEqual
            | Sign::Greater
            | Sign::Less
            | Sign::GreaterEqual
            | Sign::LessEqual
            | Sign::Contains
            | Sign::Matches
    )
}

fn precedence(sign: Sign) -> Option<u8> {
    match sign {
        Sign::BitAnd => Some(1),
        Sign::Plus | Sign::Minus => Some(2),
        Sign::Times | Sign::Divide | Sign::Modulo => Some(3),
        _ => None,
    }
}
