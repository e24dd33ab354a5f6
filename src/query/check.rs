//! The tree into code: names are looked up, literals take the type of what they are compared
//! with, and what cannot work is refused with its place.

use super::catalogue::{Catalogue, EntryId, describe};
use super::code::{Code, Compare, Function, Operand, Operator};
use super::error::{Cause, FilterError};
use super::lexer::Sign;
use super::literal::{self, Constant, Wanted, Written};
use super::parser::{Length, Part, Term, TermKind, Test};
use crate::dissect::field::{Kind, Value};
use crate::dissect::meaning;
use std::borrow::Cow;
use std::ops::Range;

/// Looks names up and remembers which are read.
pub(super) struct Checker<'c> {
    pub(super) catalogue: &'c Catalogue,
    pub(super) needs: Vec<EntryId>,
}

/// A checked term.
struct Typed {
    operand: Operand,
    kind: Kind,
    /// The field's name when the term is one.
    field: &'static str,
}

impl Checker<'_> {
    /// Checks a test.
    pub(super) fn test(&mut self, test: &Test) -> Result<Code, FilterError> {
        match test {
            Test::Or(tests) => self.tests(tests).map(Code::Or),
            Test::And(tests) => self.tests(tests).map(Code::And),
            Test::Not(inner) => Ok(Code::Not(Box::new(self.test(inner)?))),
            Test::Exists(term) => self.exists(term),
            Test::Relation {
                sign,
                quantifier,
                left,
                right,
                span,
            } => self.relation(*sign, *quantifier, left, right, span),
            Test::In {
                left,
                set,
                quantifier,
            } => self.member(left, set, *quantifier == Some(Sign::All)),
        }
    }

    /// Checks a term that stands alone.
    pub(super) fn expression(&mut self, term: &Term) -> Result<(Operand, Kind), FilterError> {
        let typed = self.value(term)?;
        Ok((typed.operand, typed.kind))
    }

    fn tests(&mut self, tests: &[Test]) -> Result<Vec<Code>, FilterError> {
        tests.iter().map(|test| self.test(test)).collect()
    }

    fn exists(&mut self, term: &Term) -> Result<Code, FilterError> {
        match &term.kind {
            TermKind::Binary(..) | TermKind::Negate(_) => {
                Ok(Code::NonZero(self.value(term)?.operand))
            }
            TermKind::Text(_) | TermKind::Character(_) | TermKind::Literal(_) => {
                let text = describe_term(term);
                Err(FilterError::new(
                    term.span.clone(),
                    Cause::ConstantAlone(text),
                ))
            }
            TermKind::Call(..) => {
                let typed = self.value(term)?;
                Ok(if matches!(typed.kind, Kind::Unsigned(_)) {
                    Code::NonZero(typed.operand)
                } else {
                    Code::Present(typed.operand)
                })
            }
            _ => Ok(Code::Present(self.value(term)?.operand)),
        }
    }

    fn relation(
        &mut self,
        sign: Sign,
        quantifier: Option<Sign>,
        left: &Term,
        right: &Term,
        span: &Range<usize>,
    ) -> Result<Code, FilterError> {
        let name = spelling(sign);
        if self.is_constant(left) {
            let error = FilterError::new(left.span.clone(), Cause::ConstantFirst(name));
            return Err(if self.is_constant(right) {
                error
            } else {
                error.hint("write the field first")
            });
        }
        let mut typed = self.value(left)?;
        let every = match quantifier {
            Some(quantifier) => quantifier == Sign::All,
            None => matches!(sign, Sign::AllEqual | Sign::NotEqual),
        };
        let can = match sign {
            Sign::Contains => can_contain(typed.kind),
            Sign::Matches => can_match(typed.kind),
            _ => typed.kind != Kind::Mark,
        };
        if !can {
            let error = self.operator_error(left, typed.kind, name);
            let text = matches!(sign, Sign::Contains | Sign::Matches);
            return Err(if text && !matches!(typed.kind, Kind::Mark) {
                error.hint(format!(
                    "as text it works: string({}) {name} …",
                    describe_term(left)
                ))
            } else {
                error
            });
        }
        if sign == Sign::Matches {
            return self.matches(typed.operand, right, every);
        }
        let wanted = Wanted {
            kind: typed.kind,
            field: typed.field,
            partial: sign == Sign::Contains,
        };
        let other = self.against(right, &wanted)?;
        if !compatible(typed.kind, other.kind) {
            // A slice makes bytes of what it is compared with.
            let bytes = |k| matches!(k, Kind::Bytes);
            if !(bytes(typed.kind) && can_slice(other.kind)
                || bytes(other.kind) && can_slice(typed.kind))
            {
                return Err(incompatible(left, &typed, right, other.kind));
            }
        }
        if sign == Sign::Contains {
            let finder = match &other.operand {
                Operand::Constant(value) => {
                    bytes_of(value).map(|needle| memchr::memmem::Finder::new(&needle).into_owned())
                }
                _ => None,
            };
            return Ok(Code::Contains {
                left: typed.operand,
                right: other.operand,
                finder,
                every,
            });
        }
        let operator = match sign {
            Sign::Equal | Sign::AllEqual => Operator::Equal,
            Sign::NotEqual | Sign::AnyNotEqual => Operator::NotEqual,
            Sign::Greater => Operator::Greater,
            Sign::GreaterEqual => Operator::GreaterEqual,
            Sign::Less => Operator::Less,
            Sign::LessEqual => Operator::LessEqual,
            _ => {
                let found = name.to_string();
                let wanted = "a comparison is";
                return Err(FilterError::new(
                    span.clone(),
                    Cause::Unexpected { found, wanted },
                ));
            }
        };
        // Numbers compared with a truth value: a field that is true or false holds 1 or 0.
        if typed.kind == Kind::Boolean && !matches!(other.kind, Kind::Boolean) {
            typed.kind = Kind::Unsigned(64);
        }
        Ok(Code::Compare(Box::new(Compare {
            left: typed.operand,
            operator,
            every,
            right: other.operand,
        })))
    }

    fn matches(&mut self, left: Operand, right: &Term, every: bool) -> Result<Code, FilterError> {
        let TermKind::Text(pattern) = &right.kind else {
            return Err(FilterError::new(right.span.clone(), Cause::Pattern));
        };
        let fail = |cause: String| FilterError::new(right.span.clone(), Cause::Regex(cause));
        let pattern = std::str::from_utf8(pattern).map_err(|_| fail("it is not text".into()))?;
        // As Wireshark: bytes, not characters, and upper and lower case are the same.
        let compiled = regex::bytes::RegexBuilder::new(pattern)
            .case_insensitive(true)
            .unicode(false)
            .size_limit(1 << 22)
            .dfa_size_limit(1 << 22)
            .nest_limit(100)
            .build()
            .map_err(|error| {
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default();
                fail(last.trim_start_matches("error: ").to_string())
            })?;
        Ok(Code::Matches {
            left,
            pattern: compiled,
            every,
        })
    }

    fn member(
        &mut self,
        left: &Term,
        set: &[(Term, Option<Term>)],
        every: bool,
    ) -> Result<Code, FilterError> {
        if self.is_constant(left) {
            let cause = Cause::ConstantFirst("in");
            return Err(FilterError::new(left.span.clone(), cause));
        }
        let typed = self.value(left)?;
        if typed.kind == Kind::Mark {
            return Err(self.operator_error(left, typed.kind, "in"));
        }
        let wanted = Wanted {
            kind: typed.kind,
            field: typed.field,
            partial: false,
        };
        let mut members = Vec::with_capacity(set.len());
        for (low, high) in set {
            let from = self.compatible_member(low, &typed, left, &wanted)?;
            let to = match high {
                Some(high) => Some(self.compatible_member(high, &typed, left, &wanted)?),
                None => None,
            };
            members.push((from, to));
        }
        Ok(Code::Member {
            left: typed.operand,
            set: members,
            every,
        })
    }

    fn compatible_member(
        &mut self,
        term: &Term,
        typed: &Typed,
        left: &Term,
        wanted: &Wanted<'_>,
    ) -> Result<Operand, FilterError> {
        let member = self.against(term, wanted)?;
        if compatible(typed.kind, member.kind) {
            return Ok(member.operand);
        }
        Err(incompatible(left, typed, term, member.kind))
    }

    /// Whether a term is a literal and can be nothing else.
    fn is_constant(&self, term: &Term) -> bool {
        match &term.kind {
            TermKind::Text(_) | TermKind::Character(_) | TermKind::Literal(_) => true,
            TermKind::Word(word) => {
                self.catalogue.find(word).is_none()
                    && (literal::number(word).is_some()
                        || literal::bytes(word).is_some() && !word.contains('.')
                        || word.starts_with(|c: char| c.is_ascii_digit()))
            }
            TermKind::Negate(inner) => self.is_constant(inner),
            _ => false,
        }
    }

    fn operator_error(&self, term: &Term, kind: Kind, operator: &'static str) -> FilterError {
        let cause = Cause::Operator {
            what: describe_term(term),
            kind: describe(kind),
            operator,
        };
        FilterError::new(term.span.clone(), cause)
    }

    fn field(&mut self, name: &str, span: &Range<usize>) -> Result<Typed, FilterError> {
        if name.starts_with("_ws.col.") && self.catalogue.find(name).is_some() {
            let error = FilterError::new(span.clone(), Cause::Column(name.to_string()));
            return Err(error.hint("name what the column shows, such as dns or tcp.flags.reset"));
        }
        let Some(id) = self.catalogue.find(name) else {
            return Err(self.unknown(name, span));
        };
        let slot = match self.needs.iter().position(|n| *n == id) {
            Some(slot) => slot,
            None => {
                self.needs.push(id);
                self.needs.len() - 1
            }
        };
        let entry = self.catalogue.entry(id);
        Ok(Typed {
            operand: Operand::Field {
                slot,
                kind: entry.kind,
                layers: None,
            },
            kind: entry.kind,
            field: entry.name,
        })
    }

    fn unknown(&self, name: &str, span: &Range<usize>) -> FilterError {
        let error = FilterError::new(span.clone(), Cause::UnknownName(name.to_string()));
        if let Some((before, after)) = name.split_once('-')
            && self.catalogue.find(before).is_some()
        {
            return error.hint(format!(
                "to subtract, put spaces around the minus: {before} - {after}"
            ));
        }
        // Facts' fields asked of frames, and the other way round.
        let frames = Catalogue::frames();
        if self.catalogue.about != frames.about && frames.find(name).is_some() {
            let cause = Cause::OtherTable {
                name: name.to_string(),
                other: "frames",
                here: self.catalogue.about,
            };
            return FilterError::new(span.clone(), cause);
        }
        if let Some(cause) = self.catalogue.known_elsewhere(name) {
            return FilterError::new(span.clone(), cause);
        }
        match self.catalogue.advice(name) {
            Some(advice) => error.hint(advice),
            None => error.hint(
                "`wirelab fields --list TEXT` lists the fields whose name or sentence has TEXT",
            ),
        }
    }

    /// A term that has a type of its own.
    fn value(&mut self, term: &Term) -> Result<Typed, FilterError> {
        match &term.kind {
            TermKind::Word(name) | TermKind::Field(name) => {
                if matches!(term.kind, TermKind::Word(_)) && self.is_constant(term) {
                    let text = name.clone();
                    return Err(FilterError::new(
                        term.span.clone(),
                        Cause::ConstantAlone(text),
                    ));
                }
                self.field(name, &term.span)
            }
            TermKind::Text(_) | TermKind::Character(_) | TermKind::Literal(_) => {
                let text = describe_term(term);
                Err(FilterError::new(
                    term.span.clone(),
                    Cause::ConstantAlone(text),
                ))
            }
            TermKind::Slice(inner, parts) => {
                let typed = self.value(inner)?;
                self.slice(inner, typed, parts)
            }
            TermKind::Layer(inner, parts) => {
                let typed = self.value(inner)?;
                match typed.operand {
                    Operand::Field {
                        slot,
                        kind,
                        layers: None,
                    } => Ok(Typed {
                        operand: Operand::Field {
                            slot,
                            kind,
                            layers: Some(layers_from_one(parts)),
                        },
                        ..typed
                    }),
                    _ => Err(FilterError::new(inner.span.clone(), Cause::Layer)),
                }
            }
            TermKind::Call(name, arguments) => self.call(name, arguments, &term.span, None),
            TermKind::Binary(sign, left, right) => {
                if self.is_constant(left) {
                    let cause = Cause::ConstantFirst(spelling(*sign));
                    return Err(FilterError::new(left.span.clone(), cause)
                        .hint("begin the calculation with a field"));
                }
                let typed = self.value(left)?;
                self.arithmetic(*sign, left, typed, right)
            }
            TermKind::Negate(inner) => {
                let typed = self.value(inner)?;
                if !can_calculate(typed.kind, Sign::Minus) {
                    return Err(self.operator_error(inner, typed.kind, "-"));
                }
                Ok(Typed {
                    operand: Operand::Negate(Box::new(typed.operand)),
                    kind: typed.kind,
                    field: "",
                })
            }
        }
    }

    fn slice(&self, inner: &Term, typed: Typed, parts: &[Part]) -> Result<Typed, FilterError> {
        if !can_slice(typed.kind) {
            let cause = Cause::Slice {
                what: describe_term(inner),
                kind: describe(typed.kind),
            };
            return Err(FilterError::new(inner.span.clone(), cause));
        }
        Ok(Typed {
            operand: Operand::Slice(Box::new(typed.operand), parts.to_vec()),
            kind: Kind::Bytes,
            field: "",
        })
    }

    fn arithmetic(
        &mut self,
        sign: Sign,
        left: &Term,
        typed: Typed,
        right: &Term,
    ) -> Result<Typed, FilterError> {
        if !can_calculate(typed.kind, sign) {
            return Err(self.operator_error(left, typed.kind, spelling(sign)));
        }
        let wanted = Wanted {
            kind: if matches!(typed.kind, Kind::Protocol) {
                Kind::Bytes
            } else {
                typed.kind
            },
            field: "",
            partial: true,
        };
        let other = self.against(right, &wanted)?;
        if !can_calculate(other.kind, sign) {
            return Err(self.operator_error(right, other.kind, spelling(sign)));
        }
        // A count by a time of a fact, such as bytes by milliseconds, is a decimal number.
        let decimal = |a, b| matches!(a, Kind::Float) && is_number(b);
        let mixed = decimal(typed.kind, other.kind) || decimal(other.kind, typed.kind);
        if !mixed && !compatible(typed.kind, other.kind) {
            return Err(incompatible(left, &typed, right, other.kind));
        }
        let kind = match typed.kind {
            _ if mixed => Kind::Float,
            Kind::Unsigned(_) | Kind::Hex(_) | Kind::Signed(_) | Kind::Frame => Kind::Signed(64),
            kind => kind,
        };
        Ok(Typed {
            operand: Operand::Arithmetic(sign, Box::new(typed.operand), Box::new(other.operand)),
            kind,
            field: "",
        })
    }

    /// A term that takes the type of what it is compared with, if it is a literal.
    fn against(&mut self, term: &Term, wanted: &Wanted<'_>) -> Result<Typed, FilterError> {
        let written = match &term.kind {
            TermKind::Text(bytes) => Written::Text(bytes),
            TermKind::Character(byte) => Written::Character(*byte),
            TermKind::Literal(word) => Written::Word(word),
            TermKind::Word(word) => {
                let read = literal::read(Written::Word(word), wanted, term.span.clone());
                return match (read, self.catalogue.find(word)) {
                    // A word that is a value stays one, even when a field has that name.
                    (Ok(constant), _) => Ok(constant_of(constant, wanted.kind)),
                    (Err(_), Some(_)) => self.field(word, &term.span),
                    (Err(error), None) => {
                        Err(self.literal_or_name(error, word, wanted, &term.span))
                    }
                };
            }
            TermKind::Negate(inner) if self.is_constant(inner) => {
                return self.negative(inner, wanted, &term.span);
            }
            TermKind::Binary(sign, left, right) if self.is_constant(left) => {
                let typed = self.against(left, wanted)?;
                return self.arithmetic(*sign, left, typed, right);
            }
            TermKind::Call(name, arguments) => {
                return self.call(name, arguments, &term.span, Some(wanted));
            }
            _ => return self.value(term),
        };
        let constant = literal::read(written, wanted, term.span.clone())?;
        Ok(constant_of(constant, wanted.kind))
    }

    /// A word that is neither a value of the type nor a field: which was meant?
    fn literal_or_name(
        &self,
        error: FilterError,
        word: &str,
        wanted: &Wanted<'_>,
        span: &Range<usize>,
    ) -> FilterError {
        if error.hint.is_some() {
            return error;
        }
        let looks_like_field = word.contains('.')
            && word.starts_with(|c: char| c.is_ascii_alphabetic())
            && matches!(
                wanted.kind,
                Kind::Unsigned(_) | Kind::Hex(_) | Kind::Signed(_)
            );
        if looks_like_field {
            return self.unknown(word, span);
        }
        if matches!(wanted.kind, Kind::Bytes | Kind::Protocol) {
            return error.hint(format!("for text, write quotes: \"{word}\""));
        }
        error
    }

    fn negative(
        &mut self,
        inner: &Term,
        wanted: &Wanted<'_>,
        span: &Range<usize>,
    ) -> Result<Typed, FilterError> {
        let mut typed = self.against(inner, wanted)?;
        let value = match typed.operand {
            Operand::Constant(Value::Unsigned(n)) => {
                Value::Signed(i64::try_from(n).map_or(i64::MIN, |n| -n))
            }
            Operand::Constant(Value::Duration(n)) => Value::Duration(n.saturating_neg()),
            Operand::Constant(Value::Float(n)) => Value::Float(-n),
            _ => {
                let cause = Cause::Operator {
                    what: describe_term(inner),
                    kind: describe(typed.kind),
                    operator: "-",
                };
                return Err(FilterError::new(span.clone(), cause));
            }
        };
        typed.operand = Operand::Constant(value);
        Ok(typed)
    }

    fn call(
        &mut self,
        name: &str,
        arguments: &[Term],
        span: &Range<usize>,
        wanted: Option<&Wanted<'_>>,
    ) -> Result<Typed, FilterError> {
        let Some((_, function)) = Function::ALL.iter().find(|(n, _)| *n == name) else {
            let names: Vec<&str> = Function::ALL.iter().map(|(n, _)| *n).collect();
            let cause = Cause::UnknownFunction(name.to_string());
            return Err(FilterError::new(span.clone(), cause)
                .hint(format!("the functions are {}", names.join(", "))));
        };
        let function = *function;
        let many = matches!(function, Function::Max | Function::Min);
        let (name, count) = (function.name(), arguments.len());
        if count == 0 || (count > 1 && !many) {
            let wanted = if many {
                "one argument or more"
            } else {
                "one argument"
            };
            return Err(FilterError::new(
                span.clone(),
                Cause::Arguments { name, wanted },
            ));
        }
        let mut operands = Vec::with_capacity(count);
        let mut kind = Kind::Mark;
        for (at, argument) in arguments.iter().enumerate() {
            let typed = if at > 0 && self.is_constant(argument) {
                self.against(
                    argument,
                    &Wanted {
                        kind,
                        field: "",
                        partial: false,
                    },
                )?
            } else if self.is_constant(argument) {
                let wanted = wanted_argument(function);
                let cause = Cause::ArgumentType { name, wanted };
                return Err(FilterError::new(argument.span.clone(), cause));
            } else {
                self.value(argument)?
            };
            let fits = match function {
                Function::Len | Function::Count => !matches!(argument.kind, TermKind::Binary(..)),
                Function::Upper | Function::Lower => {
                    matches!(typed.kind, Kind::Text | Kind::State(_))
                }
                Function::String => !matches!(
                    typed.kind,
                    Kind::Protocol | Kind::Mark | Kind::Boolean | Kind::Time | Kind::Text
                ),
                Function::Abs => {
                    matches!(typed.kind, Kind::Float | Kind::Duration)
                        || can_calculate(typed.kind, Sign::Times)
                }
                Function::Max | Function::Min => {
                    !matches!(typed.kind, Kind::Mark | Kind::Protocol)
                        && (at == 0 || compatible(kind, typed.kind))
                }
            };
            if !fits {
                let wanted = wanted_argument(function);
                let cause = Cause::ArgumentType { name, wanted };
                return Err(FilterError::new(argument.span.clone(), cause));
            }
            if at == 0 {
                kind = typed.kind;
            }
            operands.push(typed.operand);
        }
        let kind = match function {
            Function::Len | Function::Count => Kind::Unsigned(32),
            Function::Upper | Function::Lower | Function::String => Kind::Text,
            Function::Max | Function::Min | Function::Abs => kind,
        };
        let _ = wanted;
        Ok(Typed {
            operand: Operand::Call(function, operands),
            kind,
            field: "",
        })
    }
}

fn wanted_argument(function: Function) -> &'static str {
    match function {
        Function::Len | Function::Count => "a field",
        Function::Upper | Function::Lower => "a text field",
        Function::String => "a field that is a number, an address, bytes or a span",
        Function::Max | Function::Min => "fields and values of one type, a field first",
        Function::Abs => "a number",
    }
}

/// Two terms of types that cannot be compared or calculated with.
fn incompatible(left: &Term, typed: &Typed, right: &Term, other: Kind) -> FilterError {
    let cause = Cause::Incompatible {
        left: describe_term(left),
        left_kind: describe(typed.kind),
        right: describe_term(right),
        right_kind: describe(other),
    };
    let error = FilterError::new(right.span.clone(), cause);
    match &right.kind {
        TermKind::Word(word) if let Some(value) = meaning::value(typed.field, word) => {
            error.hint(literal::number_for(word, value))
        }
        _ => error,
    }
}

fn constant_of(constant: Constant, kind: Kind) -> Typed {
    Typed {
        operand: match constant {
            Constant::One(value) => Operand::Constant(value),
            Constant::Network(value, bits) => Operand::Network(value, bits),
        },
        kind,
        field: "",
    }
}

/// `#1` is the first layer; slices count from 0.
fn layers_from_one(parts: &[Part]) -> Vec<Part> {
    let down = |n: i64| {
        if n > 0 {
            n - 1
        } else if n == 0 {
            i64::MAX / 2
        } else {
            n
        }
    };
    parts
        .iter()
        .map(|part| Part {
            start: down(part.start),
            length: match part.length {
                Length::Last(last) => Length::Last(down(last)),
                length => length,
            },
        })
        .collect()
}

/// The bytes of a value that is text or bytes.
pub(super) fn bytes_of<'v>(value: &'v Value<'_>) -> Option<Cow<'v, [u8]>> {
    Some(match value {
        Value::Text(bytes) | Value::Bytes(bytes) => Cow::Borrowed(bytes),
        Value::Ether(bytes) => Cow::Borrowed(bytes),
        Value::Ipv4(bytes) => Cow::Borrowed(bytes),
        Value::Ipv6(bytes) => Cow::Borrowed(bytes),
        _ => return None,
    })
}

fn is_number(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Unsigned(_)
            | Kind::Hex(_)
            | Kind::Signed(_)
            | Kind::Frame
            | Kind::Frames
            | Kind::Boolean
    )
}

fn compatible(a: Kind, b: Kind) -> bool {
    let bytes = |k| matches!(k, Kind::Bytes | Kind::Ether | Kind::Protocol);
    let text = |k| matches!(k, Kind::Text | Kind::State(_));
    let address = |k| matches!(k, Kind::Ipv4 | Kind::Ipv6 | Kind::Address);
    a == b
        || (is_number(a) && is_number(b))
        || (bytes(a) && bytes(b))
        || (text(a) && text(b))
        || (address(a) && address(b))
}

fn can_contain(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Bytes | Kind::Ether | Kind::Text | Kind::State(_) | Kind::Protocol
    )
}

fn can_match(kind: Kind) -> bool {
    can_contain(kind)
}

fn can_slice(kind: Kind) -> bool {
    can_contain(kind) || matches!(kind, Kind::Ipv4 | Kind::Ipv6 | Kind::Address)
}

fn can_calculate(kind: Kind, sign: Sign) -> bool {
    let number = is_number(kind) && !matches!(kind, Kind::Boolean);
    match sign {
        Sign::BitAnd => {
            number || matches!(kind, Kind::Bytes | Kind::Ether | Kind::Ipv4 | Kind::Ipv6)
        }
        Sign::Plus | Sign::Minus => {
            number || matches!(kind, Kind::Float | Kind::Duration | Kind::Time)
        }
        _ => number || matches!(kind, Kind::Float),
    }
}

/// A sign as it is written in messages.
fn spelling(sign: Sign) -> &'static str {
    match sign {
        Sign::Equal => "==",
        Sign::AllEqual => "===",
        Sign::NotEqual => "!=",
        Sign::AnyNotEqual => "!==",
        Sign::Greater => ">",
        Sign::Less => "<",
        Sign::GreaterEqual => ">=",
        Sign::LessEqual => "<=",
        Sign::Contains => "contains",
        Sign::Matches => "matches",
        Sign::Plus => "+",
        Sign::Minus => "-",
        Sign::Times => "*",
        Sign::Divide => "/",
        Sign::Modulo => "%",
        Sign::BitAnd => "&",
        _ => "",
    }
}

/// A term as messages name it.
fn describe_term(term: &Term) -> String {
    match &term.kind {
        TermKind::Word(word) | TermKind::Field(word) | TermKind::Literal(word) => word.clone(),
        TermKind::Text(text) => format!("\"{}\"", String::from_utf8_lossy(text)),
        TermKind::Character(byte) => format!("'{}'", char::from(*byte).escape_default()),
        TermKind::Slice(inner, _) => format!("a slice of {}", describe_term(inner)),
        TermKind::Layer(inner, _) => describe_term(inner),
        TermKind::Call(name, _) => format!("{name}()"),
        TermKind::Binary(..) | TermKind::Negate(_) => "the calculation".into(),
    }
}
