//! What `analyze -Y` restricts a report to.

use crate::analyze::Passing;
use crate::query::{Catalogue, Filter, Session};
use crate::store;
use anyhow::bail;
use std::path::Path;

/// What a display filter is about.
pub(super) enum Restriction {
    /// Everything is told.
    None,
    /// Only frames for which it holds.
    Frames(Box<Filter>),
    /// Only facts for which it holds, in the sections that have its fields.
    Facts(Vec<(&'static str, Filter)>),
}

impl Restriction {
    /// Reads the filter. Names of facts come first where their section is asked for, since some
    /// are also names of protocols.
    pub(super) fn new(text: Option<&str>, sections: &[String]) -> anyhow::Result<Restriction> {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            return Ok(Restriction::None);
        };
        let facts = catalogues();
        let chosen =
            |c: &&Catalogue| sections.is_empty() || sections.iter().any(|name| name == c.about);
        let of_facts: Vec<(&'static str, Filter)> = facts
            .iter()
            .filter(chosen)
            .filter_map(|c| Some((c.about, Filter::parse(text, c).ok()?)))
            .collect();
        let frames = match Filter::parse(text, Catalogue::frames()) {
            Ok(filter) if of_facts.is_empty() || sections.is_empty() => {
                return Ok(Restriction::Frames(Box::new(filter)));
            }
            other => other,
        };
        if !of_facts.is_empty() {
            return Ok(Restriction::Facts(of_facts));
        }
        // Whose names it uses decides which error helps.
        let about = facts.iter().filter(chosen).find(|c| {
            let prefix = c.entries().first().and_then(|e| e.name.split_once('.'));
            prefix.is_some_and(|(prefix, _)| text.contains(&format!("{prefix}.")))
        });
        let error = match about {
            Some(catalogue) => Filter::parse(text, catalogue).err(),
            None => frames.err(),
        };
        match error {
            Some(error) => bail!("{}", error.explain(text)),
            None => Ok(Restriction::None),
        }
    }

    /// Whether a capture has to be read twice: to see which frames pass, and to tell of them.
    pub(super) fn reads_twice(&self) -> bool {
        matches!(self, Restriction::Frames(_))
    }

    /// The frames of a capture that pass, if it is about frames.
    pub(super) fn passing(&self, path: &Path) -> anyhow::Result<Option<Passing>> {
        let Restriction::Frames(filter) = self else {
            return Ok(None);
        };
        let mut passing = Passing::default();
        Session::new(Some(filter), &[]).run(path, |seen| {
            passing.insert(seen.packet.frame.number);
            Ok(())
        })?;
        Ok(Some(passing))
    }
}

/// The names of all kinds of facts.
pub(super) fn catalogues() -> Vec<Catalogue> {
    let kinds = store::KINDS.iter();
    kinds
        .map(|kind| Catalogue::facts(&(kind.schema)()))
        .collect()
}
