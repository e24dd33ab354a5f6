//! The captures of one student, read once each: facts, and the frames that the handout's filters
//! let pass.

use super::plan::Handout;
use crate::analyze::{Analysis, Live, Wants};
use crate::capture::{Ending, OpenError, Reader};
use crate::dissect::field::Value;
use crate::query::{Cell, EntryId, Row, Session};
use foldhash::fast::FixedState;
use std::hash::BuildHasher;
use std::path::Path;
use std::rc::Rc;

/// What was read.
#[derive(Default)]
pub struct Material {
    /// The captures, in order of their first frame.
    pub files: Vec<Loaded>,
    /// Files that hold nothing, with the reason.
    pub unreadable: Vec<(String, String)>,
    /// Files that hold the same frames as another one, which is the second name.
    pub copies: Vec<(String, String)>,
    /// How many captures were given.
    given: usize,
}

/// One capture.
pub struct Loaded {
    /// Its name, as it is told.
    pub name: String,
    /// Its place among the captures that were given.
    pub place: usize,
    /// Its facts.
    pub analysis: Analysis,
    /// The frames kept for each source.
    pub rows: Vec<Vec<Rc<FrameRow>>>,
    /// A fingerprint of each frame.
    pub prints: Vec<Print>,
    /// What the file says about its making.
    pub made_by: String,
}

/// What tells a frame from others: its bytes, its bytes without what every host has of its own,
/// and when it was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print {
    /// Its number.
    pub frame: u32,
    /// Of all bytes.
    pub whole: u64,
    /// Nanoseconds since 1970.
    pub time: i64,
    /// How many bytes.
    pub length: u32,
    /// Whether a copy of it says nothing: broadcasts, and frames without a payload of their own.
    pub common: bool,
}

/// What is kept of a frame.
#[derive(Debug)]
pub struct FrameRow {
    /// Its number.
    pub frame: u32,
    /// The fields, in the order of `values`.
    pub fields: Rc<Vec<EntryId>>,
    /// Their values with their layers.
    pub values: Vec<Vec<(u8, Value<'static>)>>,
}

/// A frame's row, for a filter or term with needs of its own.
pub struct Kept<'r> {
    /// The frame.
    pub row: &'r FrameRow,
    /// What the filter or term needs.
    pub needs: &'r [EntryId],
}

impl Row for Kept<'_> {
    fn visit(&self, slot: usize, visitor: &mut dyn FnMut(Cell<'_, '_>) -> bool) -> bool {
        let id = self.needs.get(slot);
        let Some(at) = self.row.fields.iter().position(|f| Some(f) == id) else {
            return false;
        };
        self.row.values.get(at).is_some_and(|values| {
            values.iter().any(|(layer, value)| {
                visitor(Cell {
                    value,
                    layer: *layer,
                    length: None,
                })
            })
        })
    }
}

impl Material {
    /// Reads capture files.
    pub fn of_files(handout: &Handout, paths: &[impl AsRef<Path>]) -> Material {
        let mut material = Material::default();
        for path in paths {
            let path = path.as_ref();
            // The name alone, unless two files share it.
            let same = |other: &&Path| other.file_name() == path.file_name();
            let shared = paths.iter().map(AsRef::as_ref).filter(same).count() > 1;
            let name = match path.file_name() {
                Some(name) if !shared => name.to_string_lossy().into_owned(),
                _ => path.display().to_string(),
            };
            material.add(handout, name, || Reader::open(path));
        }
        material.settle();
        material
    }

    /// Reads one more capture. What cannot be read is remembered with the reason.
    pub fn add(
        &mut self,
        handout: &Handout,
        name: String,
        open: impl FnMut() -> Result<Reader, OpenError>,
    ) {
        self.given += 1;
        match load(handout, name.clone(), open) {
            Ok(loaded) if loaded.analysis.capture.frame_count == 0 => {
                let reason = loaded.analysis.ending.reason.clone();
                let reason = reason.unwrap_or_else(|| "it holds no frame".to_owned());
                self.unreadable.push((name, reason));
            }
            Ok(mut loaded) => {
                loaded.place = self.given - 1;
                self.files.push(loaded);
            }
            Err(error) => self.unreadable.push((name, error)),
        }
    }

    /// Puts the captures in order, and copies of one aside.
    pub fn settle(&mut self) {
        self.files
            .sort_by_key(|f| f.prints.first().map_or(i64::MAX, |p| p.time));
        let mut at = 0;
        while at < self.files.len() {
            let same = self.files[..at]
                .iter()
                .position(|f| f.prints == self.files[at].prints);
            if let Some(first) = same {
                let copy = self.files.remove(at);
                let original = self.files[first].name.clone();
                self.copies.push((copy.name, original));
            } else {
                at += 1;
            }
        }
    }

    /// How many frames there are.
    pub fn frames(&self) -> u64 {
        self.files
            .iter()
            .map(|f| f.analysis.capture.frame_count)
            .sum()
    }
}

/// Frames whose fingerprints are kept.
const PRINTS: usize = 200_000;

fn load(
    handout: &Handout,
    name: String,
    mut open: impl FnMut() -> Result<Reader, OpenError>,
) -> Result<Loaded, String> {
    let session = Session::new(None, &handout.needs);
    let mut live = Some(Live::new(Wants {
        segments: handout.segments,
    }));
    let fields: Vec<Rc<Vec<EntryId>>> = handout
        .sources
        .iter()
        .map(|s| Rc::new(s.slots.iter().map(|slot| handout.needs[*slot]).collect()))
        .collect();
    let mut rows: Vec<Vec<Rc<FrameRow>>> = vec![Vec::new(); handout.sources.len()];
    let mut prints = Vec::new();
    let state = FixedState::with_seed(7);
    let mut made_by = String::new();
    let ending: Ending = session
        .run_from(&mut open, |seen| {
            let frame = seen.packet.frame;
            if let Some(live) = &mut live {
                live.frame(frame);
            }
            if prints.len() < PRINTS {
                let common = frame.bytes.first().is_none_or(|b| b & 1 == 1);
                prints.push(Print {
                    frame: frame.number,
                    whole: state.hash_one(frame.bytes),
                    time: frame.time.map_or(0, |t| t.0),
                    length: frame.wire_length,
                    common,
                });
            }
            if frame.number == 1
                && let Some(interface) = seen.interface
            {
                made_by = interface.name.clone().unwrap_or_default();
            }
            for (at, source) in handout.sources.iter().enumerate() {
                if source.first_only && !rows[at].is_empty() || !source.filter.holds(seen.values) {
                    continue;
                }
                let mut values = Vec::with_capacity(source.slots.len());
                for slot in &source.slots {
                    let mut of_slot = Vec::new();
                    seen.values.visit(*slot, &mut |cell| {
                        of_slot.push((cell.layer, crate::query::expression::owned(cell.value)));
                        false
                    });
                    values.push(of_slot);
                }
                rows[at].push(Rc::new(FrameRow {
                    frame: frame.number,
                    fields: Rc::clone(&fields[at]),
                    values,
                }));
            }
            Ok(())
        })
        .map_err(|error| error.to_string())?;
    let live = live.take().ok_or("it was read twice")?;
    Ok(Loaded {
        name,
        place: 0,
        analysis: live.finish(ending),
        rows,
        prints,
        made_by,
    })
}
