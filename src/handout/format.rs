//! A handout file as it is written: plain TOML keys. What the keys mean is `plan`'s business.

use serde::Deserialize;
use std::collections::BTreeMap;
use toml::{Spanned, Table};

/// A handout file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// What it is called on the command line.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it is about, in a few sentences.
    #[serde(default)]
    pub about: String,
    /// What captures a student hands in.
    #[serde(default)]
    pub capture: Vec<Capture>,
    /// Things used often, by name.
    #[serde(default, rename = "let")]
    pub lets: LetTable,
    /// The questions.
    #[serde(default)]
    pub question: Vec<Question>,
}

/// The names in the order of the file.
#[derive(Debug, Default)]
pub struct LetTable(pub Vec<(String, Let)>);

impl<'de> Deserialize<'de> for LetTable {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = LetTable;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a table of names")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<LetTable, A::Error> {
                let mut names = Vec::new();
                while let Some(entry) = map.next_entry::<String, Let>()? {
                    names.push(entry);
                }
                Ok(LetTable(names))
            }
        }
        input.deserialize_map(Visitor)
    }
}

/// A capture a student hands in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// Its name in the handout.
    pub id: String,
    /// What it shows.
    #[serde(default)]
    pub title: String,
    /// What the file might be called; files are matched by content.
    #[serde(default)]
    pub hint: String,
    /// The things (`[let]`) it has to hold.
    pub holds: Vec<Spanned<String>>,
    /// What handing it in is worth.
    #[serde(default)]
    pub points: f64,
}

/// Something in a capture that questions are about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Let {
    /// What it is, in words that complete "there is no …".
    pub what: String,
    /// Where it is looked for: `frames`, or a kind of fact such as `connections`.
    #[serde(default, rename = "in")]
    pub within: Option<Spanned<String>>,
    /// The filter that holds for it.
    #[serde(default, rename = "where")]
    pub filter: Option<Spanned<String>>,
    /// Which of those that are found.
    #[serde(default)]
    pub which: Option<Spanned<Which>>,
    /// Filters that the better candidates pass, most important first.
    #[serde(default)]
    pub prefer: Vec<Spanned<String>>,
    /// They are in the order of this field or calculation, smallest first, and not of frames.
    #[serde(default)]
    pub by: Option<Spanned<String>>,
    /// Of several, the one that comes closest before one of this name.
    #[serde(default)]
    pub just_before: Option<Spanned<String>>,
    /// Of several, those that come later than this one.
    #[serde(default)]
    pub after: Option<Spanned<String>>,
    /// Only in the capture that holds this one.
    #[serde(default)]
    pub beside: Option<Spanned<String>>,
    /// Only where this one is missing.
    #[serde(default)]
    pub unless: Option<Spanned<String>>,
    /// Several ways to find it; the first that finds something counts.
    #[serde(default)]
    pub first_of: Vec<Way>,
    /// What to say when it is not there, about things that are.
    #[serde(default)]
    pub instead: Vec<Instead>,
}

/// One way to find something.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// Where it is looked for.
    #[serde(rename = "in")]
    pub within: Spanned<String>,
    /// The filter that holds for it.
    #[serde(default, rename = "where")]
    pub filter: Option<Spanned<String>>,
    /// Which of those that are found.
    #[serde(default)]
    pub which: Option<Spanned<Which>>,
    /// Filters that the better candidates pass, most important first.
    #[serde(default)]
    pub prefer: Vec<Spanned<String>>,
    /// They are in the order of this field or calculation, smallest first, and not of frames.
    #[serde(default)]
    pub by: Option<Spanned<String>>,
    /// Of several, the one that comes closest before one of this name.
    #[serde(default)]
    pub just_before: Option<Spanned<String>>,
    /// Of several, those that come later than this one.
    #[serde(default)]
    pub after: Option<Spanned<String>>,
    /// Only in the capture that holds this one.
    #[serde(default)]
    pub beside: Option<Spanned<String>>,
    /// Only where this one is missing.
    #[serde(default)]
    pub unless: Option<Spanned<String>>,
    /// What is to be said when it was found this way.
    #[serde(default)]
    pub say: String,
}

/// What is there although something else is not.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instead {
    /// Where it is looked for.
    #[serde(rename = "in")]
    pub within: Spanned<String>,
    /// The filter that holds for it.
    #[serde(default, rename = "where")]
    pub filter: Option<Spanned<String>>,
    /// What to say; names in braces are fields.
    pub say: String,
}

/// Which of the things found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The first.
    First,
    /// The last.
    Last,
    /// All.
    All,
    /// The only one: several that differ leave the question open.
    Only,
    /// Any: the key is of the first, and what is true of another counts as well.
    Any,
    /// The one with this number, from 1.
    Nth(usize),
}

impl<'de> Deserialize<'de> for Which {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(usize),
            Word(String),
        }
        match Written::deserialize(input)? {
            Written::Number(n) if n > 0 => Ok(Which::Nth(n)),
            Written::Word(word) => match word.as_str() {
                "first" => Ok(Which::First),
                "last" => Ok(Which::Last),
                "all" => Ok(Which::All),
                "only" => Ok(Which::Only),
                "any" => Ok(Which::Any),
                _ => Err(serde::de::Error::custom(
                    "which is first, last, all, only, any or a number from 1",
                )),
            },
            Written::Number(_) => Err(serde::de::Error::custom("numbers count from 1")),
        }
    }
}

/// A question.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its number in the handout.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// Words in a report's own headings that mean this question.
    #[serde(default)]
    pub called: Vec<String>,
    /// Hints for students, from general to particular.
    #[serde(default)]
    pub hints: Vec<String>,
    /// Its parts.
    #[serde(default)]
    pub part: Vec<Part>,
}

/// One value, or one piece of prose, that a question asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its name within the question.
    pub id: String,
    /// What is asked.
    #[serde(default)]
    pub text: String,
    /// The type of the answer.
    #[serde(rename = "type")]
    pub kind: Spanned<Type>,
    /// What it is worth.
    #[serde(default = "one")]
    pub points: f64,
    /// What it is read from: a name of `[let]`.
    #[serde(default)]
    pub of: Option<Spanned<String>>,
    /// The field or calculation that gives the value; several give a list.
    #[serde(default)]
    pub take: Option<Spanned<Take>>,
    /// What to take where the first has no value: the same thing in other link layers.
    #[serde(default)]
    pub or_take: Vec<Spanned<String>>,
    /// How several values become one.
    #[serde(default)]
    pub over: Option<Spanned<Over>>,
    /// A value that does not come from a capture.
    #[serde(default)]
    pub value: Option<toml::Value>,
    /// The value in other words: what is taken, and what it is told as.
    #[serde(default)]
    pub map: BTreeMap<String, String>,
    /// Names that a value is called by: the value as it is told, and what else means it.
    #[serde(default)]
    pub names: Option<Names>,
    /// How a named value is shown: `{name} ({value})`.
    #[serde(default)]
    pub show: Option<String>,
    /// Its unit.
    #[serde(default)]
    pub unit: Option<String>,
    /// A frame that proves it beside those it was read from: names of `[let]`.
    #[serde(default)]
    pub evidence: Vec<Spanned<String>>,
    /// One sentence that says why, beside the field and the frame.
    #[serde(default)]
    pub because: Option<String>,
    /// What makes the answer doubtful where it holds: it is then shown, and stays open.
    #[serde(default)]
    pub doubt: Vec<Doubt>,
    /// Words that announce this answer in a report.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Other values that are right as well.
    #[serde(default)]
    pub also: Vec<String>,
    /// Other readings of the question, whose values are right as well.
    #[serde(default)]
    pub equal: Vec<Equal>,
    /// How far a number may be off.
    #[serde(default)]
    pub tolerance: Option<f64>,
    /// Well-known wrong answers.
    #[serde(default)]
    pub wrong: Vec<Wrong>,
    /// Every run of the lab has this value: it is right without a capture, too.
    #[serde(default)]
    pub always: Option<toml::Value>,
    /// Items of a list that need not be told.
    #[serde(default)]
    pub optional: Option<Optional>,
    /// Parts of the same question that mean the same thing: a value told for one is told for both.
    #[serde(default)]
    pub alike: Vec<String>,
    /// The person who grades has the last word even where the answer fits.
    #[serde(default)]
    pub review: bool,
    /// The values of the handout's own example, which are not the student's.
    #[serde(default)]
    pub example: Vec<String>,
    /// Model answer, for prose.
    #[serde(default)]
    pub model: String,
    /// Ideas that a good answer has, for prose.
    #[serde(default)]
    pub idea: Vec<Idea>,
    /// Ideas that are wrong, for prose.
    #[serde(default)]
    pub mistake: Vec<Idea>,
    /// How many of the ideas make a good answer.
    #[serde(default)]
    pub enough: Option<usize>,
}

fn one() -> f64 {
    1.0
}

impl Part {
    /// Whether its numbers are those of frames: `fragment.offset_bytes` gives others.
    pub fn tells_frames(&self) -> bool {
        let frame = |field: &String| field.contains("frame");
        match self.take.as_ref().map(Spanned::get_ref) {
            Some(Take::One(field)) => frame(field),
            Some(Take::Several(fields)) => fields.iter().all(frame),
            None => true,
        }
    }
}

/// The field that gives a value, or the fields that give a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Take {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// Which items of a list need not be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optional {
    /// The first.
    First,
}

/// Names of values: a table that many handouts share, or their own.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Names {
    /// `ip.proto` or `eth.type`.
    Known(String),
    /// Value, and what else means it.
    Own(Table),
}

/// How several values become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// How many there are.
    Count,
    /// How many different values they have.
    Different,
    /// Their sum.
    Sum,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// Their mean.
    Mean,
    /// The last less the first.
    Span,
    /// The differences from one to the next.
    Steps,
    /// Each once.
    Set,
}

/// The type of an answer: how it is printed and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    /// An IP address.
    Ip,
    /// A hardware address.
    Mac,
    /// A number.
    Int,
    /// A number written in hexadecimal.
    Hex,
    /// A port.
    Port,
    /// Two ports, from and to.
    Ports,
    /// A span of time.
    Duration,
    /// A text.
    Text,
    /// Yes or no.
    YesNo,
    /// One of several named values.
    Enum,
    /// The number of a frame.
    Frame,
    /// Numbers of frames.
    Frames,
    /// Values in any order.
    Set,
    /// Values in order.
    List,
    /// Prose, judged by a person.
    Prose,
}

/// Another reading of what is asked: what is not given is as in the part.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equal {
    /// What it is read from.
    #[serde(default)]
    pub of: Option<Spanned<String>>,
    /// The field or calculation that gives the value.
    #[serde(default)]
    pub take: Option<Spanned<Take>>,
    /// How several values of `take` become one.
    #[serde(default)]
    pub over: Option<Spanned<Over>>,
    /// What it is, in words; names in braces are fields.
    pub say: String,
}

impl Part {
    /// The part in another reading.
    pub fn read_as(&self, equal: &Equal) -> Part {
        let mut part = self.clone();
        part.of = equal.of.clone().or(part.of);
        if equal.take.is_some() {
            (part.take, part.over) = (equal.take.clone(), equal.over.clone());
        }
        part.because = None;
        part.equal.clear();
        part
    }
}

/// What makes an answer doubtful.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doubt {
    /// Of what it holds: a name of `[let]`.
    pub of: Spanned<String>,
    /// The filter.
    #[serde(rename = "where")]
    pub filter: Spanned<String>,
    /// What to say then; names in braces are fields.
    pub say: String,
}

/// A well-known wrong answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrong {
    /// The value.
    pub value: String,
    /// What to tell the student.
    pub say: String,
}

/// An idea of a rubric.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Idea {
    /// What it is.
    pub idea: String,
    /// Words that tell it: each entry is a group of words that all have to occur, beginnings of
    /// words being enough; `|` separates words of which one is enough.
    pub words: Vec<String>,
    /// What to tell the student, where it is a mistake.
    #[serde(default)]
    pub say: String,
}
