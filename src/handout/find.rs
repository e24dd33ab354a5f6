//! The things a handout speaks of, found in a student's captures: which of the candidates is
//! meant, and what is said where there is none.

mod candidates;
pub mod hit;

use super::Datum;
use super::format::Which;
use super::material::{COMPARED, Material};
use super::pairs::Compared;
use super::plan::{Finder, Handout, Thing};
use super::template;
use super::terms::{Term, filter};
use candidates::compared;
use hit::{Hit, tell};
use std::rc::Rc;

/// Everything that was found, or why not.
pub struct Found {
    /// For each thing of the handout.
    pub things: Vec<Result<Hits, Missing>>,
    /// Captures that hold the same packets, by their places, and what differs.
    compared: Rc<Vec<(usize, usize, Compared)>>,
    /// Which of those that are equally good is taken, of things of which it is not the first.
    taken: Vec<(usize, usize)>,
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
    /// How many are equally good, of which one was taken.
    pub equals: usize,
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

impl Found {
    /// Looks for everything, in the order of the handout.
    pub fn new(handout: &Handout, material: &Material) -> Found {
        Found::with(
            handout,
            material,
            Rc::new(compared(handout, material)),
            Vec::new(),
        )
    }

    /// Looks once more, and takes another of those that are equally good as this thing.
    pub fn taking(
        &self,
        handout: &Handout,
        material: &Material,
        thing: usize,
        nth: usize,
    ) -> Found {
        let mut taken = self.taken.clone();
        taken.retain(|(other, _)| *other != thing);
        taken.push((thing, nth));
        Found::with(handout, material, Rc::clone(&self.compared), taken)
    }

    fn with(
        handout: &Handout,
        material: &Material,
        compared: Rc<Vec<(usize, usize, Compared)>>,
        taken: Vec<(usize, usize)>,
    ) -> Found {
        let mut found = Found {
            things: Vec::new(),
            compared,
            taken,
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
        incomplete |= partly && !matches!(way.which, Which::First | Which::Any | Which::Nth(_));
        if more > 0 {
            let plain = way.prefer.is_empty() && way.by.is_none() && way.beside.is_none();
            let plain = plain && way.just_before.is_none() && way.after.is_none();
            incomplete |= !plain || way.which == Which::Last;
            if plain && matches!(way.which, Which::First | Which::Any | Which::Nth(_)) {
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
            let passes = |hit: &Hit| {
                file.is_none_or(|f| f == hit.file)
                    && hit.with(filter.needs(), |row| filter.holds(row))
            };
            let (better, others): (Vec<Hit>, Vec<Hit>) = rows.iter().cloned().partition(passes);
            // Of equally good ones the others stay, behind the better ones.
            if way.which == Which::Any {
                rows = better.into_iter().chain(others).collect();
            } else if !better.is_empty() {
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
        let equals = if way.which == Which::Any {
            rows.len()
        } else {
            0
        };
        match way.which {
            Which::Any => {
                // It is this thing that is looked for.
                let thing = self.things.len();
                let taken = self.taken.iter().find(|(other, _)| *other == thing);
                rows = rows
                    .into_iter()
                    .skip(taken.map_or(0, |t| t.1))
                    .take(1)
                    .collect();
            }
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
            equals,
            more,
            incomplete,
            partly,
        })
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
}

impl Hits {
    fn none() -> Hits {
        Hits {
            rows: Vec::new(),
            say: String::new(),
            several: false,
            equals: 0,
            more: 0,
            incomplete: false,
            partly: false,
        }
    }
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

/// A number and what it counts.
pub fn count(n: u64, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}
