//! The things a handout speaks of, found in a student's captures.

use super::Datum;
use super::format::Which;
use super::material::{COMPARED, FrameRow, Kept, Material};
use super::pairs::{self, Compared};
use super::plan::{Finder, Handout, Table, Thing};
use super::template::{self, Piece};
pub use super::terms::Term;
use super::terms::filter;
use crate::facts::pair::{Pair, Translation, Unpaired};
use crate::facts::{Fact, Record, Rows};
use crate::query::{EntryId, FactRow, Filter, Row};
use crate::store;
use std::rc::Rc;

/// Everything that was found, or why not.
pub struct Found {
    /// For each thing of the handout.
    pub things: Vec<Result<Hits, Missing>>,
    /// Captures that hold the same packets, by their places, and what differs.
    compared: Vec<(usize, usize, Compared)>,
}

/// What was found.
#[derive(Clone)]
pub struct Hits {
    /// The rows, one unless all were asked for.
    pub rows: Vec<Hit>,
    /// What is to be said about how it was found.
    pub say: String,
    /// There should be one, and there are several.
    pub several: bool,
    /// How many more there are, which could not be kept.
    pub more: u64,
    /// More could not be kept, so that the right one may not be among these.
    pub incomplete: bool,
    /// Of a capture only the first packets were compared with those of another.
    pub partly: bool,
}

/// Why something was not found.
#[derive(Clone, Debug)]
pub struct Missing {
    /// What is missing, and what is there instead.
    pub text: String,
}

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
    fn with<T>(&self, needs: &[EntryId], run: impl FnOnce(&dyn Row) -> T) -> T {
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
        super::terms::filter(filter, self.table().catalogue())
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
                    let none = || format!("frame {} has no {names}", row.frame);
                    why = doubts.first().cloned().or_else(|| Some(none()));
                }
            }
            Body::Fact(_, record) => {
                for id in term.needs() {
                    let at = usize::from(id.0);
                    let kind = catalogue.entry(*id).kind;
                    use crate::dissect::field::Kind;
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

impl Found {
    /// Looks for everything, in the order of the handout.
    pub fn new(handout: &Handout, material: &Material) -> Found {
        let mut found = Found {
            things: Vec::new(),
            compared: compared(handout, material),
        };
        for thing in &handout.things {
            let hits = found.thing(handout, material, thing);
            found.things.push(hits);
        }
        found
    }

    /// What was found of a thing.
    pub fn hits(&self, thing: usize) -> Option<&Hits> {
        self.things.get(thing)?.as_ref().ok()
    }

    fn thing(
        &self,
        handout: &Handout,
        material: &Material,
        thing: &Thing,
    ) -> Result<Hits, Missing> {
        let mut because = None;
        for way in &thing.ways {
            match self.look(material, way, true) {
                Ok(hits) if hits.rows.is_empty() => {}
                Ok(hits) => return Ok(hits),
                Err(needed) => because = Some(needed),
            }
        }
        Err(self.missing(handout, material, thing, because))
    }

    /// Says what is not there, and what is there instead.
    fn missing(
        &self,
        handout: &Handout,
        material: &Material,
        thing: &Thing,
        because: Option<usize>,
    ) -> Missing {
        let mut text = match material.files.len() {
            0 => format!("no capture to look for {} in", thing.what),
            1 => format!(
                "there is no sign of {} in the {} of {}",
                thing.what,
                count(material.frames(), "frame"),
                material.files[0].name
            ),
            n => format!(
                "there is no sign of {} in the {} of {n} captures",
                thing.what,
                count(material.frames(), "frame"),
            ),
        };
        for (way, say) in &thing.instead {
            let Ok(hits) = self.look(material, way, false) else {
                continue;
            };
            if let Some(hit) = hits.rows.first() {
                text.push_str("; ");
                text.push_str(&tell(material, hit, say));
            }
        }
        for (name, reason) in &material.unreadable {
            text.push_str(&format!("; {name} cannot be read: {reason}"));
        }
        for file in &material.files {
            if !file.analysis.ending.verdict.is_whole() {
                let frames = count(file.analysis.capture.frame_count, "frame");
                let reason = file
                    .analysis
                    .ending
                    .reason
                    .as_deref()
                    .unwrap_or("it is cut");
                text.push_str(&format!("; {} ends after {frames}: {reason}", file.name));
            }
        }
        if let Some(needed) = because.and_then(|b| handout.things.get(b)) {
            text.push_str(&format!(
                "; it is told by {}, which is missing",
                needed.what
            ));
        }
        Missing { text }
    }

    /// Looks in one way; `Err` names a thing that would be needed and is missing.
    fn look(&self, material: &Material, way: &Finder, choose: bool) -> Result<Hits, usize> {
        if way.unless.is_some_and(|other| self.hits(other).is_some()) {
            return Ok(Hits::none());
        }
        let mut rows = Vec::new();
        let (mut more, mut incomplete, mut partly) = (0, false, false);
        let mut needed = None;
        for file in self.files_of(&way.filter) {
            let text = match self.fill(&way.filter, file) {
                Ok(text) => text,
                Err(other) => {
                    needed = Some(other);
                    continue;
                }
            };
            if let Some(filter) = filter(&text, way.table.catalogue()) {
                let free = template::variables(&way.filter).next().is_none();
                let found = self.candidates(material, way.table, &filter, file, free);
                rows.extend(found.rows);
                more += found.more;
                incomplete |= found.incomplete;
                partly |= found.partly;
            }
        }
        // The first that was found is the first; nothing else can be told of a part.
        incomplete |= partly && !matches!(way.which, Which::First | Which::Nth(_));
        if more > 0 {
            let plain = way.prefer.is_empty() && way.by.is_none() && way.beside.is_none();
            let plain = plain && way.just_before.is_none() && way.after.is_none();
            incomplete |= !plain || way.which == Which::Last;
            if plain && matches!(way.which, Which::First | Which::Nth(_)) {
                more = 0;
            }
        }
        if let (Some(other), true) = (needed, rows.is_empty()) {
            return Err(other);
        }
        if let Some(other) = way.beside {
            let Some(hits) = self.hits(other) else {
                return Err(other);
            };
            rows.retain(|hit| hits.rows.iter().any(|h| h.file == hit.file));
        }
        if !choose {
            return Ok(Hits {
                rows,
                ..Hits::none()
            });
        }
        if let Some(other) = way.just_before {
            let Some(targets) = self.hits(other) else {
                return Err(other);
            };
            rows = just_before(rows, &targets.rows);
        }
        if let Some(other) = way.after {
            let Some(first) = self.hits(other).and_then(|h| h.rows.first()) else {
                return Err(other);
            };
            rows.retain(|hit| (hit.file, hit.frame) > (first.file, first.frame));
        }
        for preference in &way.prefer {
            let file = self.files_of(preference).into_iter().next().flatten();
            let Ok(text) = self.fill(preference, file) else {
                continue;
            };
            let Some(filter) = filter(&text, way.table.catalogue()) else {
                continue;
            };
            let better: Vec<Hit> = rows
                .iter()
                .filter(|hit| {
                    file.is_none_or(|f| f == hit.file)
                        && hit.with(filter.needs(), |row| filter.holds(row))
                })
                .cloned()
                .collect();
            if !better.is_empty() {
                rows = better;
            }
        }
        if let Some(by) = &way.by {
            let term = Term::new(way.table, by);
            let value = |hit: &Hit| {
                let reading = hit.values(term.as_ref()?);
                reading.values.first().and_then(Datum::as_float)
            };
            let mut keyed: Vec<(f64, Hit)> = rows
                .into_iter()
                .filter_map(|hit| Some((value(&hit)?, hit)))
                .collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            rows = keyed.into_iter().map(|(_, hit)| hit).collect();
        }
        let several = way.which == Which::Only && rows.len() > 1;
        match way.which {
            Which::First => rows.truncate(1),
            Which::Last => rows = rows.pop().into_iter().collect(),
            Which::Nth(n) => rows = rows.into_iter().skip(n - 1).take(1).collect(),
            Which::All | Which::Only => {}
        }
        Ok(Hits {
            rows,
            say: match partly {
                true => format!(
                    "only the first {COMPARED} packets of each capture are compared; {}",
                    self.said(way)
                )
                .trim_end_matches([';', ' '])
                .to_owned(),
                false => self.said(way),
            },
            several,
            more,
            incomplete,
            partly,
        })
    }

    /// A filter with the values of its variables, numbers of frames and conversations those of one
    /// capture; `Err` names the thing that has none.
    fn fill(&self, pieces: &[Piece], file: Option<usize>) -> Result<String, usize> {
        let mut needed = 0;
        template::fill(pieces, |variable| {
            needed = variable.thing;
            let hits = self.hits(variable.thing)?;
            if hits.more > 0 || hits.incomplete {
                return None;
            }
            let term = Term::new(hits.rows.first()?.table(), variable.field)?;
            let mut values = Vec::new();
            for hit in &hits.rows {
                if bound(variable) && file.is_some_and(|f| f != hit.file) {
                    continue;
                }
                for value in hit.values(&term).values {
                    if values.len() < MOST_VALUES && !values.contains(&value) {
                        values.push(value);
                    }
                }
            }
            (!values.is_empty()).then_some(values)
        })
        .ok_or(needed)
    }

    /// The captures that a filter is bound to, one after another; `None` is all together.
    fn files_of(&self, pieces: &[Piece]) -> Vec<Option<usize>> {
        let mut variables = template::variables(pieces).filter(|v| bound(*v));
        let Some(hits) = variables.find_map(|v| self.hits(v.thing)) else {
            return vec![None];
        };
        let mut files: Vec<Option<usize>> = hits.rows.iter().map(|h| Some(h.file)).collect();
        files.dedup();
        files
    }

    /// What is to be said of the things whose values a filter has.
    fn said(&self, way: &Finder) -> String {
        let mut said: Vec<&str> = vec![&way.say];
        for variable in template::variables(&way.filter) {
            if let Some(hits) = self.hits(variable.thing) {
                said.extend(hits.say.split("; "));
            }
        }
        let mut told: Vec<&str> = Vec::new();
        for text in said.into_iter().filter(|text| !text.is_empty()) {
            if !told.contains(&text) {
                told.push(text);
            }
        }
        told.join("; ")
    }

    /// All frames or facts for which a filter holds, capture by capture; `free` where it holds no
    /// variable, and frames passed it when they were kept.
    fn candidates(
        &self,
        material: &Material,
        table: Table,
        filter: &Filter,
        only: Option<usize>,
        free: bool,
    ) -> Hits {
        let mut all = Hits::none();
        let hits = &mut all.rows;
        let files = material.files.iter().enumerate();
        for (file, loaded) in files.filter(|(file, _)| only.is_none_or(|o| o == *file)) {
            match table {
                Table::Frames(source) => {
                    let kept = loaded.rows.get(source).map_or(&[][..], Vec::as_slice);
                    let mut again = None;
                    if let Some(Some(passed)) = loaded.cut.get(source) {
                        if free {
                            let few = u64::try_from(kept.len()).unwrap_or(u64::MAX);
                            all.more += passed.saturating_sub(few);
                        } else {
                            again = loaded.again(source, filter);
                            all.incomplete |= again.is_none();
                        }
                    }
                    for row in again.as_deref().unwrap_or(kept) {
                        let needs = filter.needs();
                        if filter.holds(&Kept { row, needs }) {
                            hits.push(Hit {
                                file,
                                frame: row.frame,
                                second: None,
                                body: Body::Frame(Rc::clone(row)),
                            });
                        }
                    }
                }
                Table::Facts(kind) => {
                    let rows = (kind.rows)(&loaded.analysis, store::Options::default());
                    facts(&rows, kind, filter, |record| (file, None, record), hits);
                }
            }
        }
        if let Table::Facts(kind) = table {
            for (first, second, compared) in &self.compared {
                if only.is_some_and(|o| o != *first && o != *second) {
                    continue;
                }
                let place = |record: Box<dyn Record>| {
                    let any = record.as_any();
                    if let Some(pair) = any.downcast_ref::<Pair>() {
                        return (*first, Some((*second, pair.second_frame)), record);
                    }
                    if let Some(line) = any.downcast_ref::<Translation>() {
                        return (*first, Some((*second, line.second_frame)), record);
                    }
                    let lone = any.downcast_ref::<Unpaired>();
                    let file = lone.is_none_or(|u| u.in_first);
                    (if file { *first } else { *second }, None, record)
                };
                let rows = match (kind.schema)().section {
                    Pair::SECTION => Rows::list(&compared.pairs),
                    Translation::SECTION => Rows::list(&compared.translations),
                    Unpaired::SECTION => Rows::list(&compared.unpaired),
                    _ => continue,
                };
                let files = [first, second].map(|at| material.files.get(*at));
                let partly = files.iter().flatten().any(|f| f.recording.is_part());
                all.partly |= partly;
                // Its other half may be among the packets that are not compared.
                all.incomplete |= partly && (kind.schema)().section == Unpaired::SECTION;
                facts(&rows, kind, filter, place, &mut all.rows);
            }
        }
        all
    }
}

impl Hits {
    fn none() -> Hits {
        Hits {
            rows: Vec::new(),
            say: String::new(),
            several: false,
            more: 0,
            incomplete: false,
            partly: false,
        }
    }
}

/// The facts for which a filter holds; `place` says which capture one is of.
fn facts(
    rows: &Rows<'_>,
    kind: &'static store::Kind,
    filter: &Filter,
    place: impl Fn(Box<dyn Record>) -> (usize, Option<(usize, u32)>, Box<dyn Record>),
    hits: &mut Vec<Hit>,
) {
    let columns = rows.schema.columns.len();
    for at in 0..rows.len() {
        let Some(record) = rows.get(at) else { continue };
        let needs = filter.needs();
        let fact = record.as_ref();
        if filter.holds(&FactRow { fact, needs }) {
            // What proves a fact as a whole proves its first field that anything proves.
            let frame = (0..columns).find_map(|c| record.proof(c).into_iter().min());
            let (file, second, record) = place(record);
            hits.push(Hit {
                file,
                frame: frame.unwrap_or(0),
                second,
                body: Body::Fact(kind, Rc::new(record)),
            });
        }
    }
}

/// Every two captures that hold the same packets, the earlier one first; of just two also when
/// they share none.
fn compared(handout: &Handout, material: &Material) -> Vec<(usize, usize, Compared)> {
    if !handout.compared {
        return Vec::new();
    }
    let mut all = Vec::new();
    for (second, b) in material.files.iter().enumerate() {
        for (first, a) in material.files[..second].iter().enumerate() {
            let compared = pairs::compare(&a.recording, &b.recording);
            if !compared.pairs.is_empty() || material.files.len() == 2 {
                all.push((first, second, compared));
            }
        }
    }
    all
}

/// Different values that a variable stands for, at most.
const MOST_VALUES: usize = 1000;

/// Whether a variable means something only in its own capture: numbers of frames and conversations.
fn bound(variable: template::Variable<'_>) -> bool {
    let key = variable.field.rsplit('.').next().unwrap_or_default();
    matches!(key, "stream" | "frame" | "number") || key.ends_with("_frame")
}

/// Of several, those that come closest before a target of the same capture.
fn just_before(rows: Vec<Hit>, targets: &[Hit]) -> Vec<Hit> {
    let gap = |hit: &Hit| {
        targets
            .iter()
            .filter(|t| t.file == hit.file && t.frame > hit.frame)
            .map(|t| t.frame - hit.frame)
            .min()
    };
    let best = rows.iter().filter_map(gap).min();
    rows.into_iter()
        .filter(|hit| best.is_some() && gap(hit) == best)
        .collect()
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

/// A number and what it counts.
pub fn count(n: u64, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}
