//! One frame or fact that was found, and what can be read of it.

use crate::dissect::field::Kind;
use crate::facts::Record;
use crate::handout::Datum;
use crate::handout::material::{FrameRow, Kept, Material};
use crate::handout::plan::Table;
use crate::handout::template;
use crate::handout::terms::{self, Term};
use crate::query::{EntryId, FactRow, Row};
use crate::store;
use std::rc::Rc;

/// A frame or fact.
#[derive(Clone)]
pub struct Hit {
    /// The capture.
    pub file: usize,
    /// The frame, or the first frame that proves the fact.
    pub frame: u32,
    /// Of a packet that is in two captures, the other capture and its frame there.
    pub second: Option<(usize, u32)>,
    /// What it is.
    pub body: Body,
}

/// What a hit is.
#[derive(Clone)]
pub enum Body {
    /// A frame.
    Frame(Rc<FrameRow>),
    /// A fact of a kind.
    Fact(&'static store::Kind, Rc<Box<dyn Record>>),
}

/// A value with the frames it was read from and the names of its fields.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The values.
    pub values: Vec<Datum>,
    /// The frames.
    pub frames: Vec<u32>,
    /// The fields.
    pub fields: Vec<String>,
    /// Why there is no value.
    pub why: Option<String>,
    /// Why it may not be all of it.
    pub doubts: Vec<String>,
}

impl Hit {
    /// Where its fields are.
    pub fn table(&self) -> Table {
        match &self.body {
            Body::Frame(_) => Table::Frames(0),
            Body::Fact(kind, _) => Table::Facts(kind),
        }
    }

    /// Runs something on it as a row.
    pub(super) fn with<T>(&self, needs: &[EntryId], run: impl FnOnce(&dyn Row) -> T) -> T {
        match &self.body {
            Body::Frame(row) => run(&Kept { row, needs }),
            Body::Fact(_, record) => run(&FactRow {
                fact: record.as_ref().as_ref(),
                needs,
            }),
        }
    }

    /// Whether a filter holds for it.
    pub fn passes(&self, filter: &str) -> bool {
        terms::filter(filter, self.table().catalogue())
            .is_some_and(|filter| self.with(filter.needs(), |row| filter.holds(row)))
    }

    /// The values of a field or calculation.
    pub fn read(&self, text: &str) -> Reading {
        match Term::new(self.table(), text) {
            Some(term) => self.values(&term),
            None => Reading::default(),
        }
    }

    /// The values of a term of its table.
    pub fn values(&self, term: &Term) -> Reading {
        let (catalogue, term) = (term.catalogue, &term.expression);
        let mut values = Vec::new();
        for value in self.with(term.needs(), |row| term.evaluate(row)) {
            Datum::of(term.kind(), &value, &mut values);
        }
        let fields: Vec<String> = term
            .needs()
            .iter()
            .map(|id| catalogue.entry(*id).name.to_owned())
            .collect();
        let mut frames = Vec::new();
        let mut why = None;
        let mut doubts = Vec::new();
        match &self.body {
            Body::Frame(row) => {
                frames.push(row.frame);
                let names = fields.join(" and ");
                let at = |id: &EntryId| row.fields.iter().position(|f| f == id);
                if term.needs().iter().filter_map(at).any(|at| row.is_cut(at)) {
                    let frame = row.frame;
                    doubts.push(match values.is_empty() {
                        true => format!("the capture cuts frame {frame}, without {names}"),
                        false => format!("the capture cuts {names} in frame {frame}"),
                    });
                }
                if values.is_empty() {
                    // What is there may be divided by zero.
                    let there = |field: &String| !self.read(field).values.is_empty();
                    let calculated = fields.len() > 1 && fields.iter().all(there);
                    let none = || match calculated {
                        true => format!(
                            "the calculation of {names} gives nothing in frame {}: it divides by zero, or the result is too large",
                            row.frame
                        ),
                        false => format!("frame {} has no {names}", row.frame),
                    };
                    why = doubts.first().cloned().or_else(|| Some(none()));
                }
            }
            Body::Fact(_, record) => {
                for id in term.needs() {
                    let at = usize::from(id.0);
                    let kind = catalogue.entry(*id).kind;
                    if matches!(kind, Kind::Frame | Kind::Frames) {
                        // A frame number proves itself.
                        for value in &values {
                            if let Datum::Number { value, .. } = value {
                                frames.extend(u32::try_from(*value));
                            }
                        }
                    } else {
                        frames.extend(record.proof(at));
                    }
                    doubts.extend(record.doubt(at));
                    if let Some(absent) = record.why(at) {
                        why = Some(absent.because().to_owned());
                    }
                }
            }
        }
        frames.sort_unstable();
        frames.dedup();
        Reading {
            values,
            frames,
            fields,
            why,
            doubts,
        }
    }
}

/// A sentence about something found; names in braces are its fields.
pub fn tell(material: &Material, hit: &Hit, text: &str) -> String {
    template::sentence(text, |name| match name {
        "file" => material.files[hit.file].name.clone(),
        "frame" => hit.frame.to_string(),
        name => {
            let values = hit.read(name).values;
            let values: Vec<String> = values.iter().map(ToString::to_string).collect();
            values.join(", ")
        }
    })
}
