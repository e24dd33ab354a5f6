//! What stands in a handout's texts, checked: filters, terms, and the names in them.

use super::maker::Maker;
use super::{Table, field, nearest};
use crate::dissect::field::Kind;
use crate::handout::problem::Problem;
use crate::handout::template::{self, Piece};
use crate::handout::{Datum, wording};
use crate::query::{Catalogue, EntryId, Expression, Filter};
use std::ops::Range;
use toml::Spanned;

impl Maker<'_> {
    /// Reads a filter with variables, and checks it.
    pub(in crate::handout) fn pieces(
        &mut self,
        text: &Spanned<String>,
        catalogue: &Catalogue,
    ) -> Option<Vec<Piece>> {
        let span = text.span();
        let written = text.get_ref();
        let pieces = match template::read(written, &self.names) {
            Ok(pieces) => pieces,
            Err((at, name)) => {
                let at = span.start + 1 + at;
                self.unknown(&name, "$", at..at + name.len() + 1);
                return None;
            }
        };
        let used: Vec<(usize, String)> = template::variables(&pieces)
            .map(|v| (v.thing, v.field.to_owned()))
            .collect();
        for (thing, name) in used {
            if !self.use_field(thing, &name, span.clone()) {
                return None;
            }
        }
        let sampled = self.with_samples(&pieces);
        if let Err(error) = Filter::parse(&sampled, catalogue) {
            let samples: Vec<String> = template::variables(&pieces)
                .map(|v| {
                    let kind = self.kind_of(v.thing, v.field);
                    kind.map_or(String::new(), |k| sample(k).literal())
                })
                .collect();
            let (at, variable) = template::place(&pieces, &self.names, &samples, &error.span);
            let place = span.start + 1 + at.start..span.start + 1 + at.end;
            let mut problem = wording::of_filter(&error, &sampled, catalogue, place);
            if let Some(name) = variable {
                problem.words = format!("a value of `{name}` does not fit here: {}", problem.words);
            }
            self.problems.push(problem);
            return None;
        }
        Some(pieces)
    }

    /// The fields a filter reads.
    pub(super) fn needs(&self, pieces: &[Piece], catalogue: &Catalogue) -> Vec<EntryId> {
        let text = self.with_samples(pieces);
        let filter = Filter::parse(&text, catalogue);
        filter.map_or(Vec::new(), |f| f.needs().to_vec())
    }

    /// A filter's text with a value of the right type for each variable.
    fn with_samples(&self, pieces: &[Piece]) -> String {
        template::fill(pieces, |piece| {
            let kind = self.kind_of(piece.thing, piece.field);
            Some(vec![sample(kind?)])
        })
        .unwrap_or_default()
    }

    fn kind_of(&self, thing: usize, name: &str) -> Option<Kind> {
        let table = self.things.get(thing)?.ways.first()?.table;
        let catalogue = table.catalogue();
        field(catalogue, name).map(|id| catalogue.entry(id).kind)
    }

    /// Notes that a field of a thing is asked for; says when there is none of that name.
    fn use_field(&mut self, thing: usize, name: &str, span: Range<usize>) -> bool {
        let Some(found) = self.things.get(thing) else {
            return false;
        };
        let tables: Vec<Table> = found.ways.iter().map(|w| w.table).collect();
        for table in tables {
            let catalogue = table.catalogue();
            let Some(id) = field(catalogue, name) else {
                let own = &self.names[thing];
                let mut problem = Problem::new(span, String::new());
                if name.is_empty() {
                    problem.words = format!("`${own}` is a thing, not a value");
                    problem = problem.hint(format!(
                        "name a field of it, such as `${own}.{}`",
                        usual(table)
                    ));
                } else {
                    problem.words = format!("{} have no field `{name}`", table.about());
                    if let Some(advice) = catalogue.advice(name) {
                        problem = problem.hint(advice);
                    }
                }
                self.problems.push(problem);
                return false;
            };
            if matches!(table, Table::Frames(_)) {
                self.fields.push((thing, id));
            }
        }
        true
    }

    /// The thing of a name that is given above.
    pub(in crate::handout) fn reference(
        &mut self,
        name: &str,
        span: Range<usize>,
    ) -> Option<usize> {
        let found = self.names.iter().position(|n| n == name);
        if found.is_none() {
            self.unknown(name, "", span);
        }
        found
    }

    /// The same, where a capture of the handout is meant as well by what it holds first.
    pub(super) fn place(&mut self, name: &str, span: Range<usize>) -> Option<usize> {
        let slot = self.slots.iter().find(|(id, _)| id == name);
        let holds = slot.map(|(_, holds)| holds.clone());
        match holds {
            Some(holds) if !self.names.iter().any(|n| n == name) => self.reference(&holds, span),
            _ => self.reference(name, span),
        }
    }

    /// Says that a name is not given above.
    fn unknown(&mut self, name: &str, sign: &str, span: Range<usize>) {
        let words = format!("nothing is called `{sign}{name}` here");
        let hint = if self.later.iter().any(|n| n == name) {
            format!("[let.{name}] stands further down; it must stand above its use")
        } else {
            nearest(name, self.names.iter().map(String::as_str))
                .map_or(format!("give it a name above, with [let.{name}]"), |n| {
                    format!("did you mean `{sign}{n}`?")
                })
        };
        self.problems.push(Problem::new(span, words).hint(hint));
    }

    /// Checks a term that is taken of a thing, in every table the thing may be found in.
    pub(in crate::handout) fn term(&mut self, thing: usize, text: &str, span: Range<usize>) {
        let tables: Vec<Table> = self.things[thing].ways.iter().map(|w| w.table).collect();
        for table in tables {
            if self.term_of(table, thing, text, span.clone()).is_none() {
                return;
            }
        }
    }

    /// Checks a term that is taken of a thing in a table, and keeps the fields it reads.
    pub(super) fn term_of(
        &mut self,
        table: Table,
        thing: usize,
        text: &str,
        span: Range<usize>,
    ) -> Option<()> {
        match Expression::parse(text, table.catalogue()) {
            Ok(term) => {
                if matches!(table, Table::Frames(_)) {
                    self.fields
                        .extend(term.needs().iter().map(|id| (thing, *id)));
                }
                Some(())
            }
            Err(error) => {
                let at = span.start + 1;
                let place = at + error.span.start..at + error.span.end;
                let problem = wording::of_filter(&error, text, table.catalogue(), place);
                self.problems.push(problem);
                None
            }
        }
    }
}

/// A field that things of a table usually are known by.
fn usual(table: Table) -> &'static str {
    match table {
        Table::Frames(_) => "frame.number",
        Table::Facts(kind) => (kind.schema)().columns.first().map_or("frame", |c| c.key()),
    }
}

/// A value of a type, as it is written in a filter.
fn sample(kind: Kind) -> Datum {
    match kind {
        Kind::Ipv4 | Kind::Address => Datum::Ip(std::net::Ipv4Addr::UNSPECIFIED.into()),
        Kind::Ipv6 => Datum::Ip(std::net::Ipv6Addr::UNSPECIFIED.into()),
        Kind::Ether => Datum::Mac([0; 6]),
        Kind::Boolean | Kind::Mark | Kind::Protocol => Datum::YesNo(true),
        Kind::Float => Datum::Float(0.0),
        Kind::Duration => Datum::Duration(0),
        Kind::Time => Datum::Time(0),
        Kind::Text | Kind::Bytes => Datum::Text(String::from("x")),
        Kind::State(states) => {
            Datum::Text(states.first().map_or(String::new(), |s| s.word.to_owned()))
        }
        _ => Datum::number(0),
    }
}
