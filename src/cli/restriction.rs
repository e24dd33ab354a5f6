//! What `analyze -Y` restricts a report to.

use crate::analyze::Passing;
use crate::query::{Catalogue, Filter, Session};
use anyhow::{Context, bail};
use std::path::Path;

/// What a display filter is about.
pub(super) enum Restriction {
    /// Everything is told.
    None,
    /// Only frames for which it holds.
    Frames(Box<Filter>),
    /// Only facts for which it holds, in the sections that have its fields.
    Facts(Vec<&'static str>),
}

impl Restriction {
    /// Reads the filter. Names of facts come first where their section is asked for, since some
    /// are also names of protocols.
    pub(super) fn new(text: Option<&str>, sections: &[String]) -> anyhow::Result<Restriction> {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            return Ok(Restriction::None);
        };
        let facts = crate::report::sections::catalogues();
        let chosen =
            |c: &&Catalogue| sections.is_empty() || sections.iter().any(|name| name == c.about);
        let of_facts: Vec<&'static str> = facts
            .iter()
            .filter(chosen)
            .filter(|c| Filter::parse(text, c).is_ok())
            .map(|c| c.about)
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

/// A capture that can be read twice: standard input is copied to a temporary file first.
pub(super) struct Kept<'p> {
    path: &'p Path,
    copy: Option<tempfile::NamedTempFile>,
}

impl<'p> Kept<'p> {
    /// Keeps a capture for this restriction.
    pub(super) fn new(path: &'p Path, restriction: &Restriction) -> anyhow::Result<Kept<'p>> {
        let mut copy = None;
        if path == Path::new("-") && matches!(restriction, Restriction::Frames(_)) {
            let mut file = tempfile::NamedTempFile::new()
                .context("cannot make a temporary file for standard input")?;
            std::io::copy(&mut std::io::stdin().lock(), &mut file)
                .context("cannot keep standard input in a temporary file")?;
            copy = Some(file);
        }
        Ok(Kept { path, copy })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.copy.as_ref().map_or(self.path, |copy| copy.path())
    }
}
