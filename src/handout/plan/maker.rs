//! The things of a handout, made one after the other: each may use those before it.

use super::{Finder, Table, Thing, facts, nearest};
use crate::handout::format::{self, Way, Which};
use crate::handout::pairs;
use crate::handout::problem::Problem;
use crate::handout::template::{self, Piece};
use crate::query::{Catalogue, EntryId};
use crate::store;
use std::ops::Range;
use toml::Spanned;

pub(in crate::handout) struct Maker<'t> {
    text: &'t str,
    /// Names that are given somewhere in the file.
    pub(super) later: Vec<String>,
    /// Captures of the handout, each with the first thing it has to hold.
    pub(super) slots: Vec<(String, String)>,
    /// Names given so far.
    pub(in crate::handout) names: Vec<String>,
    pub(in crate::handout) things: Vec<Thing>,
    /// Fields asked of frames of a thing.
    pub(in crate::handout) fields: Vec<(usize, EntryId)>,
    pub(super) sources: Vec<Draft>,
    pub(super) segments: bool,
    pub(super) compared: bool,
    pub(in crate::handout) problems: Vec<Problem>,
}

pub(super) struct Draft {
    pub(super) filter: String,
    pub(super) keep: Vec<EntryId>,
    thing: usize,
    pub(super) first_only: bool,
}

impl<'t> Maker<'t> {
    /// For a file, before the first thing.
    pub(super) fn new(text: &'t str, file: &format::File) -> Maker<'t> {
        Maker {
            text,
            later: file.lets.0.iter().map(|(name, _)| name.clone()).collect(),
            slots: slots_of(file),
            names: Vec::new(),
            things: Vec::new(),
            fields: Vec::new(),
            sources: Vec::new(),
            segments: false,
            compared: false,
            problems: Vec::new(),
        }
    }

    pub(in crate::handout) fn problem(&mut self, span: Range<usize>, words: impl Into<String>) {
        self.problems.push(Problem::new(span, words));
    }

    pub(super) fn thing(&mut self, name: &str, written: &format::Let) {
        let mut ways: Vec<Way> = Vec::new();
        if let Some(within) = &written.within {
            ways.push(Way {
                within: within.clone(),
                filter: written.filter.clone(),
                which: written.which.clone(),
                prefer: written.prefer.clone(),
                by: written.by.clone(),
                just_before: written.just_before.clone(),
                after: written.after.clone(),
                beside: written.beside.clone(),
                unless: written.unless.clone(),
                say: String::new(),
            });
        }
        ways.extend(written.first_of.iter().cloned());
        if ways.is_empty() {
            let at = self.text.find(&format!("[let.{name}]")).unwrap_or(0);
            let words = format!("`{name}` says nowhere where it is looked for");
            let hint = "add `in = \"frames\"` or a kind of fact, such as `in = \"connections\"`";
            self.problems
                .push(Problem::new(at..at + 5 + name.len(), words).hint(hint));
        }
        let thing = self.names.len();
        let finders: Vec<Option<Finder>> = ways.iter().map(|way| self.finder(way, thing)).collect();
        let instead: Vec<(Option<Finder>, String)> = written
            .instead
            .iter()
            .map(|instead| {
                let way = Way {
                    within: instead.within.clone(),
                    filter: instead.filter.clone(),
                    which: None,
                    prefer: Vec::new(),
                    by: None,
                    just_before: None,
                    after: None,
                    beside: None,
                    unless: None,
                    say: String::new(),
                };
                let finder = self.finder(&way, thing);
                if let Some(Table::Frames(source)) = finder.as_ref().map(|f| f.table) {
                    let fields = template::braces(&instead.say);
                    let ids = fields.iter().filter_map(|f| Catalogue::frames().find(f));
                    self.sources[source].keep.extend(ids);
                }
                (finder, instead.say.clone())
            })
            .collect();
        self.names.push(name.to_owned());
        self.things.push(Thing {
            name: name.to_owned(),
            what: written.what.clone(),
            ways: finders.into_iter().flatten().collect(),
            instead: instead
                .into_iter()
                .filter_map(|(f, s)| Some((f?, s)))
                .collect(),
        });
    }

    fn finder(&mut self, way: &Way, thing: usize) -> Option<Finder> {
        let within = way.within.get_ref().as_str();
        let which = way.which.as_ref().map_or(Which::First, |w| *w.get_ref());
        let kind = store::kind(within);
        if within != "frames" && kind.is_none() {
            let names = store::names();
            let words = format!("there is no kind of fact called `{within}`");
            let list = format!("frames, {}", names.join(", "));
            let hint = nearest(within, names.iter().copied().chain(["frames"]))
                .map_or(format!("there are: {list}"), |n| {
                    format!("did you mean `{n}`?")
                });
            self.problems
                .push(Problem::new(way.within.span(), words).hint(hint));
            return None;
        }
        self.segments |= within == "segments";
        self.compared |= pairs::SECTIONS.contains(&within);
        let catalogue = kind.map_or(Catalogue::frames(), facts);
        let none = Vec::new();
        let filter = match &way.filter {
            Some(text) => self.pieces(text, catalogue)?,
            None => none,
        };
        let prefer: Option<Vec<Vec<Piece>>> = way
            .prefer
            .iter()
            .map(|text| self.pieces(text, catalogue))
            .collect();
        let mut other = |name: &Option<Spanned<String>>| match name {
            Some(name) => self.reference(name.get_ref(), name.span()).map(Some),
            None => Some(None),
        };
        let just_before = other(&way.just_before)?;
        let by = way.by.as_ref();
        let after = other(&way.after)?;
        let unless = other(&way.unless)?;
        let beside = match &way.beside {
            Some(name) => Some(self.place(name.get_ref(), name.span())?),
            None => None,
        };
        let table = match kind {
            Some(kind) => Table::Facts(kind),
            None => {
                let mut keep = Vec::new();
                for pieces in std::iter::once(&filter).chain(prefer.iter().flatten()) {
                    if template::variables(pieces).next().is_some() || !pieces.is_empty() {
                        keep.extend(self.needs(pieces, catalogue));
                    }
                }
                let dynamic = template::variables(&filter).next().is_some();
                self.sources.push(Draft {
                    filter: template::constant_part(&filter),
                    keep,
                    thing,
                    first_only: which == Which::First
                        && !dynamic
                        && by.is_none()
                        && prefer.as_ref().is_none_or(Vec::is_empty)
                        && just_before.is_none()
                        && after.is_none()
                        && beside.is_none(),
                });
                Table::Frames(self.sources.len() - 1)
            }
        };
        if let Some(by) = by {
            self.term_of(table, thing, by.get_ref(), by.span())?;
        }
        Some(Finder {
            table,
            by: by.map(|by| by.get_ref().clone()),
            filter,
            which,
            chosen: way.which.is_some() && which != Which::Any,
            prefer: prefer?,
            just_before,
            after,
            unless,
            beside,
            say: way.say.clone(),
        })
    }

    /// Gives every source the fields that are asked of its thing; returns all that are read.
    pub(super) fn finish_sources(&mut self) -> Vec<EntryId> {
        let frames = Catalogue::frames();
        let mut needs: Vec<EntryId> = Vec::new();
        for draft in &mut self.sources {
            for (thing, id) in &self.fields {
                if *thing == draft.thing {
                    draft.keep.push(*id);
                }
            }
            draft.keep.extend(frames.find("frame.number"));
            draft.keep.sort_unstable();
            draft.keep.dedup();
            for id in &draft.keep {
                if !needs.contains(id) {
                    needs.push(*id);
                }
            }
        }
        needs
    }
}

/// Captures, each with the first thing it has to hold.
fn slots_of(file: &format::File) -> Vec<(String, String)> {
    let first = |c: &format::Capture| {
        let holds = c.holds.first()?.get_ref().clone();
        Some((c.id.clone(), holds))
    };
    file.capture.iter().filter_map(first).collect()
}
