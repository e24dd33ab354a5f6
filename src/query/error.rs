//! What is wrong with a filter, and where.

use std::fmt::Write as _;
use std::ops::Range;

/// A filter that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct FilterError {
    /// Which bytes of the filter's text are meant; empty at the end of the text.
    pub span: Range<usize>,
    /// What is wrong there.
    pub cause: Cause,
    /// What to write instead, when that can be guessed.
    pub hint: Option<String>,
}

/// The ways in which a filter can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// A character that begins nothing.
    #[error("`{0}` has no meaning in a filter")]
    Character(char),
    /// A string or character literal without its end.
    #[error("the closing quote is missing")]
    Unclosed,
    /// A backslash followed by something else than an escape.
    #[error("`\\{0}` is not an escape sequence")]
    Escape(String),
    /// `'…'` that is not one byte.
    #[error("a character constant holds one byte")]
    Character1,
    /// Something that does not belong where it stands.
    #[error("`{found}` was not expected here; {wanted}")]
    Unexpected {
        /// The text found.
        found: String,
        /// What could stand here.
        wanted: &'static str,
    },
    /// The text ends too early.
    #[error("the filter ends too early; {0}")]
    End(&'static str),
    /// Parentheses, `not` or arithmetic nested too deeply, or a filter that is too long.
    #[error("the filter is nested too deeply or too long")]
    TooComplex,
    /// A name that is no field and no protocol.
    #[error("`{0}` is neither a field nor a protocol")]
    UnknownName(String),
    /// A protocol that is named in Wireshark and not decoded here.
    #[error("`{0}` is a protocol that Wireshark knows and Wirelab does not decode")]
    NotDecoded(String),
    /// A field of Wireshark's that is not filled here.
    #[error("`{0}` is a field that Wireshark knows and Wirelab does not fill")]
    NotFilled(String),
    /// A column of the packet list, by which Wireshark 4.0 does not filter.
    #[error("`{0}` is a column of the packet list, which cannot be filtered by")]
    Column(String),
    /// A function that does not exist.
    #[error("there is no function `{0}`")]
    UnknownFunction(String),
    /// Too few or too many arguments.
    #[error("{name}() takes {wanted}")]
    Arguments {
        /// The function.
        name: &'static str,
        /// How many it takes.
        wanted: &'static str,
    },
    /// An argument of a type the function cannot take.
    #[error("{name}() takes {wanted}")]
    ArgumentType {
        /// The function.
        name: &'static str,
        /// What it takes.
        wanted: &'static str,
    },
    /// A literal where a field must stand.
    #[error("the left side of `{0}` must be a field or a function")]
    ConstantFirst(&'static str),
    /// A literal alone.
    #[error("`{0}` alone is no test; compare a field with it")]
    ConstantAlone(String),
    /// A literal that does not fit its field's type.
    #[error("`{text}` is not {wanted}")]
    Literal {
        /// The literal.
        text: String,
        /// What it should be.
        wanted: String,
    },
    /// A number that the field cannot hold.
    #[error("{text} is too large for {field}, which holds at most {most}")]
    TooLarge {
        /// The number.
        text: String,
        /// The field.
        field: String,
        /// Its largest value.
        most: u64,
    },
    /// An operator that the type does not have.
    #[error("{what} is {kind}, which `{operator}` cannot be used on")]
    Operator {
        /// The field or expression.
        what: String,
        /// Its type.
        kind: &'static str,
        /// The operator.
        operator: &'static str,
    },
    /// Two sides of different types.
    #[error("{left} is {left_kind} and {right} is {right_kind}: they cannot be compared")]
    Incompatible {
        /// Left side.
        left: String,
        /// Its type.
        left_kind: &'static str,
        /// Right side.
        right: String,
        /// Its type.
        right_kind: &'static str,
    },
    /// A value without bytes was sliced.
    #[error("{what} is {kind}, which has no bytes to take a slice of")]
    Slice {
        /// The field or expression.
        what: String,
        /// Its type.
        kind: &'static str,
    },
    /// A slice or layer range that is none.
    #[error("a range is `start:length`, `start-end`, `start:`, `:length` or a number")]
    Range,
    /// `matches` without a pattern.
    #[error("`matches` needs a pattern in quotes")]
    Pattern,
    /// A pattern that is no regular expression.
    #[error("the pattern cannot be used: {0}")]
    Regex(String),
    /// `#` on something that is no field.
    #[error("`#` picks a layer of a field or protocol, and nothing else")]
    Layer,
    /// `${field}`.
    #[error("`${{…}}` refers to the frame selected in Wireshark's window; here is none")]
    Reference,
    /// A field of facts in a filter over frames, or the reverse.
    #[error("`{name}` is a field of {other}, and this filter is asked of {here}")]
    OtherTable {
        /// The name.
        name: String,
        /// Where it belongs.
        other: &'static str,
        /// What the filter is about.
        here: &'static str,
    },
}

impl FilterError {
    /// An error at a place.
    pub fn new(span: Range<usize>, cause: Cause) -> Self {
        FilterError {
            span,
            cause,
            hint: None,
        }
    }

    /// The same with advice.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The message with the filter's text below it and the place marked, over several lines.
    ///
    /// The filter's own line breaks and control characters become spaces, so that the mark stands
    /// where it belongs.
    pub fn explain(&self, text: &str) -> String {
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let mut out = format!("{self}\n    ");
        out.extend(text.chars().map(plain));
        out.push_str("\n    ");
        let start = self.span.start.min(text.len());
        let end = self.span.end.clamp(start, text.len());
        let before = text.get(..start).map_or(start, |t| t.chars().count());
        let marked = text.get(start..end).map_or(1, |t| t.chars().count());
        out.extend(std::iter::repeat_n(' ', before));
        out.push('^');
        out.extend(std::iter::repeat_n('~', marked.saturating_sub(1)));
        if let Some(hint) = &self.hint {
            let _ = write!(out, "\nhint: {hint}");
        }
        out
    }
}
