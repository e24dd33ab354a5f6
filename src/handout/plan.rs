//! A handout made ready to run: names are looked up, filters and terms are checked, and what has
//! to be kept of each frame is known before the first capture is read.

use super::format::{self, Way, Which};
use super::pairs;
use super::problem::Problem;
use super::template::{self, Piece};
use super::wording;
use crate::dissect::field::Kind;
use crate::query::catalogue::distance;
use crate::query::{Catalogue, EntryId, Expression, Filter};
use crate::store;
use std::ops::Range;
use toml::Spanned;

/// A handout, ready to run.
pub struct Handout {
    /// As it was written.
    pub file: format::File,
    /// The things it speaks of, in the order of the file: each may use those before it.
    pub things: Vec<Thing>,
    /// Fields that are read of every frame.
    pub needs: Vec<EntryId>,
    /// What is kept of the frames.
    pub sources: Vec<Source>,
    /// Whether TCP segments are asked for one by one.
    pub segments: bool,
    /// Whether two captures are compared.
    pub compared: bool,
}

/// Something in a capture that has a name.
pub struct Thing {
    /// Its name.
    pub name: String,
    /// What it is.
    pub what: String,
    /// How it is found.
    pub ways: Vec<Finder>,
    /// What is said when it is not.
    pub instead: Vec<(Finder, String)>,
}

/// One way to find something.
pub struct Finder {
    /// Where.
    pub table: Table,
    /// What must hold.
    pub filter: Vec<Piece>,
    /// Which of those found.
    pub which: Which,
    /// Whether the handout says which.
    pub chosen: bool,
    /// What the better candidates pass.
    pub prefer: Vec<Vec<Piece>>,
    /// What gives their order.
    pub by: Option<String>,
    /// The thing it comes just before.
    pub just_before: Option<usize>,
    /// The thing it comes later than.
    pub after: Option<usize>,
    /// The thing in whose capture it is.
    pub beside: Option<usize>,
    /// The thing that must be missing.
    pub unless: Option<usize>,
    /// What is said when it was found this way.
    pub say: String,
}

/// Where something is looked for.
#[derive(Clone, Copy)]
pub enum Table {
    /// Among the frames that a source kept.
    Frames(usize),
    /// Among the facts of a kind.
    Facts(&'static store::Kind),
}

/// Frames that are kept, and what of them.
pub struct Source {
    /// The part of the filter that needs nothing else.
    pub filter: Filter,
    /// Slots that are kept, of [`Handout::needs`].
    pub slots: Vec<usize>,
    /// Whether the first frame is all that can matter.
    pub first_only: bool,
}

impl Table {
    /// The names that can be asked for.
    pub fn catalogue(self) -> &'static Catalogue {
        match self {
            Table::Frames(_) => Catalogue::frames(),
            Table::Facts(kind) => facts(kind),
        }
    }

    /// What is looked through.
    pub fn about(self) -> &'static str {
        match self {
            Table::Frames(_) => "frames",
            Table::Facts(kind) => (kind.schema)().section,
        }
    }
}

/// The names of a kind of fact, made once.
pub fn facts(kind: &'static store::Kind) -> &'static Catalogue {
    static ALL: std::sync::OnceLock<Vec<(&'static str, Catalogue)>> = std::sync::OnceLock::new();
    let all = ALL.get_or_init(|| {
        store::KINDS
            .iter()
            .map(|kind| {
                let schema = (kind.schema)();
                (schema.section, Catalogue::facts(&schema))
            })
            .collect()
    });
    let section = (kind.schema)().section;
    all.iter()
        .find(|(name, _)| *name == section)
        .map_or(Catalogue::frames(), |(_, catalogue)| catalogue)
}

/// A field of a table by its name, or in a fact by the part after the dot.
pub fn field(catalogue: &Catalogue, name: &str) -> Option<EntryId> {
    catalogue.find(name).or_else(|| {
        let same = |e: &crate::query::Entry| {
            catalogue.about != "frames"
                && e.name.split_once('.').is_some_and(|(_, key)| key == name)
        };
        let at = catalogue.entries().iter().position(same)?;
        Some(EntryId(u16::try_from(at).ok()?))
    })
}

impl Handout {
    /// Reads a handout file. All problems of the text are given at once.
    pub fn parse(text: &str) -> Result<Handout, Vec<Problem>> {
        let file: format::File =
            toml::from_str(text).map_err(|error| vec![wording::of_toml(&error, text)])?;
        let mut maker = Maker {
            text,
            later: file.lets.0.iter().map(|(name, _)| name.clone()).collect(),
            slots: slots_of(&file),
            names: Vec::new(),
            things: Vec::new(),
            fields: Vec::new(),
            sources: Vec::new(),
            segments: false,
            compared: false,
            problems: Vec::new(),
        };
        for (name, written) in &file.lets.0 {
            maker.thing(name, written);
        }
        maker.questions(&file);
        maker.captures(&file);
        let needs = maker.finish_sources();
        if !maker.problems.is_empty() {
            return Err(maker.problems);
        }
        let mut sources = Vec::new();
        let mut all = needs;
        for draft in &maker.sources {
            let filter = Filter::parse_beside(&draft.filter, Catalogue::frames(), &mut all)
                .unwrap_or_else(|_| unreachable!("it was read before"));
            let slot = |id: &EntryId| all.iter().position(|n| n == id);
            sources.push(Source {
                filter,
                slots: draft.keep.iter().filter_map(slot).collect(),
                first_only: draft.first_only,
            });
        }
        Ok(Handout {
            file,
            things: maker.things,
            needs: all,
            sources,
            segments: maker.segments,
            compared: maker.compared,
        })
    }

    /// Things that no question, no capture and no other thing uses.
    pub fn unused(&self) -> Vec<String> {
        let parts = self.file.question.iter().flat_map(|q| &q.part);
        let mut used: Vec<&str> = Vec::new();
        for part in parts {
            let names = part.of.iter().chain(&part.evidence);
            used.extend(names.map(|n| n.get_ref().as_str()));
            used.extend(part.doubt.iter().map(|d| d.of.get_ref().as_str()));
        }
        let holds = self.file.capture.iter().flat_map(|c| &c.holds);
        used.extend(holds.map(|n| n.get_ref().as_str()));
        let mut numbers: Vec<usize> = Vec::new();
        for thing in &self.things {
            let ways = thing.ways.iter().chain(thing.instead.iter().map(|i| &i.0));
            for way in ways {
                let pieces = way.prefer.iter().chain([&way.filter]);
                numbers.extend(pieces.flat_map(|p| template::variables(p)).map(|v| v.thing));
                numbers.extend(
                    [way.just_before, way.after, way.unless, way.beside]
                        .into_iter()
                        .flatten(),
                );
            }
        }
        let things = self.things.iter().enumerate();
        things
            .filter(|(at, t)| !used.contains(&t.name.as_str()) && !numbers.contains(at))
            .map(|(_, t)| t.name.clone())
            .collect()
    }

    /// The thing of this name.
    pub fn thing(&self, name: &str) -> Option<usize> {
        self.things.iter().position(|t| t.name == name)
    }
}

struct Draft {
    filter: String,
    keep: Vec<EntryId>,
    thing: usize,
    first_only: bool,
}

pub(super) struct Maker<'t> {
    text: &'t str,
    /// Names that are given somewhere in the file.
    later: Vec<String>,
    /// Captures of the handout, each with the first thing it has to hold.
    slots: Vec<(String, String)>,
    /// Names given so far.
    pub(super) names: Vec<String>,
    pub(super) things: Vec<Thing>,
    /// Fields asked of frames of a thing.
    pub(super) fields: Vec<(usize, EntryId)>,
    sources: Vec<Draft>,
    segments: bool,
    compared: bool,
    pub(super) problems: Vec<Problem>,
}

/// Captures, each with the first thing it has to hold.
fn slots_of(file: &format::File) -> Vec<(String, String)> {
    let first = |c: &format::Capture| {
        let holds = c.holds.first()?.get_ref().clone();
        Some((c.id.clone(), holds))
    };
    file.capture.iter().filter_map(first).collect()
}

impl Maker<'_> {
    pub(super) fn problem(&mut self, span: Range<usize>, words: impl Into<String>) {
        self.problems.push(Problem::new(span, words));
    }

    fn thing(&mut self, name: &str, written: &format::Let) {
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
            chosen: way.which.is_some(),
            prefer: prefer?,
            just_before,
            after,
            unless,
            beside,
            say: way.say.clone(),
        })
    }

    /// The fields a filter reads.
    fn needs(&self, pieces: &[Piece], catalogue: &Catalogue) -> Vec<EntryId> {
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

    /// Reads a filter with variables, and checks it.
    pub(super) fn pieces(
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
    pub(super) fn reference(&mut self, name: &str, span: Range<usize>) -> Option<usize> {
        let found = self.names.iter().position(|n| n == name);
        if found.is_none() {
            self.unknown(name, "", span);
        }
        found
    }

    /// The same, where a capture of the handout is meant as well by what it holds first.
    fn place(&mut self, name: &str, span: Range<usize>) -> Option<usize> {
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
    pub(super) fn term(&mut self, thing: usize, text: &str, span: Range<usize>) {
        let tables: Vec<Table> = self.things[thing].ways.iter().map(|w| w.table).collect();
        for table in tables {
            if self.term_of(table, thing, text, span.clone()).is_none() {
                return;
            }
        }
    }

    /// Checks a term that is taken of a thing in a table, and keeps the fields it reads.
    fn term_of(
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

    /// Gives every source the fields that are asked of its thing; returns all that are read.
    fn finish_sources(&mut self) -> Vec<EntryId> {
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

/// A field that things of a table usually are known by.
fn usual(table: Table) -> &'static str {
    match table {
        Table::Frames(_) => "frame.number",
        Table::Facts(kind) => (kind.schema)().columns.first().map_or("frame", |c| c.key()),
    }
}

/// A value of a type, as it is written in a filter.
fn sample(kind: Kind) -> super::Datum {
    use super::Datum;
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

/// The name nearest to one that does not exist.
pub fn nearest<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    names
        .map(|name| (edits(wanted, name), name))
        .filter(|(cost, name)| *cost <= 1 + name.len() / 3)
        .min()
        .map(|(_, name)| name)
}

/// Single-character changes that lead from one text to the other; neighbours that changed places
/// count once.
pub fn edits(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().take(80).collect();
    let to: String = to.chars().take(80).collect();
    distance(&from, &to)
}
