//! A handout made ready to run: names are looked up, filters and terms are checked, and what has
//! to be kept of each frame is known before the first capture is read.

pub(super) mod maker;
mod texts;

use super::format::{self, Which};
use super::problem::Problem;
use super::template::{self, Piece};
use super::wording;
use crate::query::catalogue::distance;
use crate::query::{Catalogue, EntryId, Filter};
use crate::store;
use maker::Maker;

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
        let mut maker = Maker::new(text, &file);
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
            used.extend(
                part.equal
                    .iter()
                    .flat_map(|e| &e.of)
                    .map(|n| n.get_ref().as_str()),
            );
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
