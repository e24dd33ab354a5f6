//! What can be said about traffic: flat records, each with a table of named, documented fields.
//!
//! A fact is joined to others by number (`stream`, `frame`), never nested. A field is declared
//! once, with its type, its sentence, the fields that prove it (`by`) and, where it may be absent,
//! why it is (`absent`): it never happened, it cannot be told, it does not apply. Where a value that
//! is there may not be all of it, `doubt` says so, and an answer read from it does. Closed sets are
//! [`states!`](crate::states). A field that is called `frame` or ends in `_frame` is the number of
//! a frame of the capture.
//!
//! **Invariant:** nothing is computed here but reasons, and the sentences of situations; `track`
//! fills the records, `render` writes them.

mod absent;
pub mod arp;
pub mod capture;
pub mod dhcp;
pub mod dns;
pub mod http;
pub mod icmp;
pub mod ip;
pub mod pair;
pub mod situation;
pub mod tcp;
pub mod tls;
pub mod udp;
mod value;

pub use absent::Absent;
pub use value::{AsFrames, AsValue, Frames, Mac, Milliseconds, Moment};

use crate::dissect::field::{Kind, Value};
use std::any::Any;

/// One column of a fact.
pub struct Field<F: 'static> {
    /// Full name, the fact's name first: `connection.client_port`. The part after the dot is the
    /// JSON key and the CSV heading.
    pub name: &'static str,
    /// Its type; of a list, that of its members.
    pub kind: Kind,
    /// One sentence a student can read.
    pub doc: &'static str,
    /// Reads it; `None` is absent, and `why` says why.
    pub get: for<'a> fn(&'a F) -> Option<Value<'a>>,
    /// Why it is absent, if it can be.
    pub why: Option<fn(&F) -> Absent>,
    /// Why what it says may not be all of it.
    pub doubt: Option<fn(&F) -> Option<String>>,
    /// The frames that prove it.
    pub proof: fn(&F) -> Frames,
}

/// A kind of fact.
pub trait Fact: Any + Clone {
    /// The section it is reported in, and its JSON key: `connections`.
    const SECTION: &'static str;
    /// One sentence that says what the section shows.
    const DOC: &'static str;
    /// Its fields.
    const FIELDS: &'static [Field<Self>];
}

/// A field's name, type and sentence, whatever fact it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Full name: `connection.client_port`.
    pub name: &'static str,
    /// Its type; of a list, that of its members.
    pub kind: Kind,
    /// What it says.
    pub doc: &'static str,
}

impl Column {
    /// The name without the fact's: JSON key and CSV heading.
    pub fn key(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, key)| key)
    }
}

/// What is known of a kind of fact without having one.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The section it is reported in, and its JSON key: `connections`.
    pub section: &'static str,
    /// One sentence that says what the section shows.
    pub doc: &'static str,
    /// Its fields.
    pub columns: Vec<Column>,
}

impl Schema {
    /// That of a kind.
    pub fn of<F: Fact>() -> Schema {
        Schema {
            section: F::SECTION,
            doc: F::DOC,
            columns: F::FIELDS
                .iter()
                .map(|f| Column {
                    name: f.name,
                    kind: f.kind,
                    doc: f.doc,
                })
                .collect(),
        }
    }
}

/// One fact of whatever kind, its fields by their place in the list.
pub trait Record: Any {
    /// The value of a field; `None` is absent.
    fn value(&self, field: usize) -> Option<Value<'_>>;
    /// Why a field is absent; `None` when it is there.
    fn why(&self, field: usize) -> Option<Absent>;
    /// Why the value of a field may not be all of it.
    fn doubt(&self, field: usize) -> Option<String>;
    /// The frames that prove a field.
    fn proof(&self, field: usize) -> Frames;
    /// The record itself, for who knows its type.
    fn as_any(&self) -> &dyn Any;
}

impl<F: Fact> Record for F {
    fn value(&self, field: usize) -> Option<Value<'_>> {
        F::FIELDS.get(field).and_then(|f| (f.get)(self))
    }

    fn why(&self, field: usize) -> Option<Absent> {
        let field = F::FIELDS.get(field)?;
        if (field.get)(self).is_some() {
            return None;
        }
        Some(field.why.map_or(Absent::UNKNOWN, |why| why(self)))
    }

    fn doubt(&self, field: usize) -> Option<String> {
        let doubt = F::FIELDS.get(field)?.doubt?;
        doubt(self)
    }

    fn proof(&self, field: usize) -> Frames {
        let Some(field) = F::FIELDS.get(field) else {
            return Vec::new();
        };
        // A frame number proves itself.
        let own = (field.get)(self).filter(|_| field.kind == Kind::Frame);
        let mut frames = match own {
            Some(Value::Unsigned(frame)) => u32::try_from(frame).into_iter().collect(),
            Some(Value::Frames(frames)) => frames.into_owned(),
            _ => (field.proof)(self),
        };
        frames.sort_unstable();
        frames.dedup();
        frames
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// From this weight on a row stands out; below it is the size that counts.
pub(crate) const OUTSTANDING: u64 = 1 << 60;

/// All facts of a kind. Rows are made when they are asked for, so a million connections are never
/// held twice.
pub struct Rows<'a> {
    /// What they are.
    pub schema: Schema,
    count: usize,
    get: Box<dyn Fn(usize) -> Option<Box<dyn Record>> + 'a>,
    weight: Box<dyn Fn(usize) -> u64 + 'a>,
    /// The rows that a filter kept.
    kept: Option<Vec<usize>>,
}

impl<'a> Rows<'a> {
    /// `count` rows, made by `get`; `weight` says how much a row matters.
    pub fn new<F: Fact>(
        count: usize,
        get: impl Fn(usize) -> Option<F> + 'a,
        weight: impl Fn(usize) -> u64 + 'a,
    ) -> Rows<'a> {
        Rows {
            schema: Schema::of::<F>(),
            count,
            get: Box::new(move |at| get(at).map(|fact| Box::new(fact) as Box<dyn Record>)),
            weight: Box::new(weight),
            kept: None,
        }
    }

    /// The facts of a list, each as important as the others.
    pub fn list<F: Fact>(facts: &'a [F]) -> Rows<'a> {
        Rows::new(facts.len(), |at| facts.get(at).cloned(), |_| 0)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.kept.as_ref().map_or(self.count, Vec::len)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them.
    pub fn get(&self, index: usize) -> Option<Box<dyn Record>> {
        (self.get)(self.place(index)?)
    }

    /// Whether one stands out: not by its size alone.
    pub fn stands_out(&self, index: usize) -> bool {
        self.weight(index) >= OUTSTANDING
    }

    /// How much one matters.
    pub fn weight(&self, index: usize) -> u64 {
        self.place(index).map_or(0, &self.weight)
    }

    /// Keeps only those for which `holds` is true.
    pub fn keep(&mut self, mut holds: impl FnMut(&dyn Record) -> bool) {
        let places: Vec<usize> = match self.kept.take() {
            Some(kept) => kept,
            None => (0..self.count).collect(),
        };
        let holds = |place: &usize| (self.get)(*place).is_some_and(|row| holds(row.as_ref()));
        self.kept = Some(places.into_iter().filter(holds).collect());
    }

    /// Where a row is among all.
    fn place(&self, index: usize) -> Option<usize> {
        match &self.kept {
            Some(kept) => kept.get(index).copied(),
            None => Some(index),
        }
    }
}

/// The type of a field: numbers of frames are told by their name.
pub const fn kind(key: &str, kind: Kind) -> Kind {
    let key = key.as_bytes();
    let tail = b"_frame";
    let whole = key.len() == tail.len() - 1;
    if !(whole || key.len() > tail.len()) {
        return kind;
    }
    let skip = if whole { 1 } else { 0 };
    let mut at = 0;
    while at < tail.len() - skip {
        if key[key.len() - (tail.len() - skip) + at] != tail[at + skip] {
            return kind;
        }
        at += 1;
    }
    match kind {
        Kind::Unsigned(32) => Kind::Frame,
        kind => kind,
    }
}

/// Declares a fact: the record, its section and its field table, from one list, so that a field
/// is written once.
///
/// The head names the frames that prove a field which does not say so itself.
#[macro_export]
macro_rules! fact {
    ($doc:literal $name:ident $section:literal $prefix:literal by $usual:tt {
        $($field:ident: $ty:ty, $text:literal $(by [$($proof:ident),+])? $(doubt $doubt:ident)? $(absent $why:expr)?;)*
    }) => {
        #[doc = $doc]
        #[derive(Clone, Debug)]
        pub struct $name {
            $(#[doc = $text] pub $field: $ty,)*
        }

        impl $crate::facts::Fact for $name {
            const SECTION: &'static str = $section;
            const DOC: &'static str = $doc;
            const FIELDS: &'static [$crate::facts::Field<Self>] = &[
                $($crate::facts::Field {
                    name: concat!($prefix, ".", stringify!($field)),
                    kind: $crate::facts::kind(
                        stringify!($field),
                        <$ty as $crate::facts::AsValue>::KIND,
                    ),
                    doc: $text,
                    get: |fact| $crate::facts::AsValue::as_value(&fact.$field),
                    why: $crate::fact!(@why $($why)?),
                    doubt: $crate::fact!(@doubt $($doubt)?),
                    proof: $crate::fact!(@proof [$($($proof),+)?] $usual),
                },)*
            ];
        }
    };
    (@why) => { None };
    (@why $why:expr) => { Some($why) };
    (@doubt) => { None };
    (@doubt $doubt:ident) => { Some($doubt) };
    (@proof [] []) => { |_| Vec::new() };
    (@proof [] [$($usual:ident),+]) => { $crate::fact!(@proof [$($usual),+] []) };
    (@proof [$($proof:ident),+] [$($usual:ident),*]) => {
        |fact| {
            let mut frames = Vec::new();
            $($crate::facts::AsFrames::add_to(&fact.$proof, &mut frames);)+
            frames
        }
    };
}

/// Declares a closed set of states: each with the word it is told and asked by, and a sentence.
#[macro_export]
macro_rules! states {
    ($doc:literal $name:ident { $($variant:ident $word:literal $text:literal;)+ }) => {
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = $text] $variant,)+
        }

        impl $name {
            /// All states, in the order they are declared in.
            pub const STATES: &'static [$crate::dissect::field::State] = &[
                $($crate::dissect::field::State { word: $word, doc: $text },)+
            ];

            /// The word it is told and asked by.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// What it means.
            pub fn sentence(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.word())
            }
        }

        impl $crate::facts::AsValue for $name {
            const KIND: $crate::dissect::field::Kind =
                $crate::dissect::field::Kind::State(Self::STATES);
            fn as_value(&self) -> Option<$crate::dissect::field::Value<'_>> {
                Some($crate::dissect::field::Value::Text(std::borrow::Cow::Borrowed(
                    self.word().as_bytes(),
                )))
            }
        }
    };
}

states! {
    "One of two ends, or both." Side {
        Client "client" "The side that called.";
        Server "server" "The side that was called.";
        Both "both" "Both sides at the same time.";
    }
}
