//! The captures of one student: facts, and the frames that the handout's filters let pass. Both come
//! from one reading; of a large file from two at the same time, and frames that were too many to be
//! kept are read again when they are asked for.

use super::pairs::Recording;
use super::plan::Handout;
use crate::analyze::{Analysis, Live, Wants, analyze};
use crate::capture::{Ending, OpenError, Reader};
use crate::dissect::field::Value;
use crate::dissect::{Packet, as_usize};
use crate::query::{Cell, EntryId, Filter, Row, Seen, Session};
use foldhash::fast::FixedState;
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
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
    /// Of a source for which too many frames passed to keep them, how many did; the first of them
    /// are kept.
    pub cut: Vec<Option<u64>>,
    /// The fields kept of each source's frames.
    fields: Vec<Rc<Vec<EntryId>>>,
    /// Where it can be read again.
    path: Option<PathBuf>,
    /// A fingerprint of each frame.
    pub prints: Vec<Print>,
    /// What the file says about its making.
    pub made_by: String,
    /// Its packets, where two captures are compared.
    pub recording: Recording,
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
    /// The fields.
    pub fields: Rc<Vec<EntryId>>,
    /// Their values: the place of the field, the layer and the value, in the order of the fields.
    pub values: Vec<(usize, u8, Value<'static>)>,
    /// Places of the fields that the capture cuts, or cuts off.
    cut: Vec<usize>,
}

impl FrameRow {
    /// Whether the capture cuts the field at a place.
    pub fn is_cut(&self, field: usize) -> bool {
        self.cut.contains(&field)
    }

    /// The values of the field at a place, with their layers.
    pub fn of(&self, field: usize) -> impl Iterator<Item = (u8, &Value<'static>)> {
        let from = self.values.partition_point(|v| v.0 < field);
        let own = self
            .values
            .iter()
            .skip(from)
            .take_while(move |v| v.0 == field);
        own.map(|(_, layer, value)| (*layer, value))
    }
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
        self.row.of(at).any(|(layer, value)| {
            visitor(Cell {
                value,
                layer,
                length: None,
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
            let loaded = load(handout, name.clone(), || Reader::open(path), Some(path));
            material.take(name, loaded);
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
        let loaded = load(handout, name.clone(), open, None);
        self.take(name, loaded);
    }

    fn take(&mut self, name: String, loaded: Result<Loaded, String>) {
        self.given += 1;
        match loaded {
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
/// Packets that are compared with those of another capture.
pub(super) const COMPARED: usize = 400_000;
/// Bytes of values that are kept of one capture, about.
const MOST_KEPT: usize = 128 << 20;
/// Frames that are kept of those that are too many.
const FIRST: usize = 10_000;
/// A file this large is analyzed on threads of its own while its frames are asked.
const LARGE: u64 = 16 << 20;

/// The frames that pass, as far as there is room for them.
struct Room {
    rows: Vec<Vec<Rc<FrameRow>>>,
    cut: Vec<Option<u64>>,
    weights: Vec<usize>,
}

impl Room {
    fn new(sources: usize) -> Room {
        Room {
            rows: vec![Vec::new(); sources],
            cut: vec![None; sources],
            weights: vec![0; sources],
        }
    }

    /// Keeps a frame for a source.
    fn keep(&mut self, source: usize, row: FrameRow) {
        self.weights[source] += row.weight();
        self.rows[source].push(Rc::new(row));
        if self.weights.iter().sum::<usize>() <= MOST_KEPT {
            return;
        }
        // The heaviest source gives way.
        let heaviest = (0..self.weights.len()).max_by_key(|at| self.weights[*at]);
        let Some(at) = heaviest else { return };
        self.cut[at] = u64::try_from(self.rows[at].len()).ok();
        self.rows[at].truncate(FIRST);
        self.rows[at].shrink_to_fit();
        self.weights[at] = self.rows[at].iter().map(|row| row.weight()).sum();
    }
}

impl FrameRow {
    /// Bytes it takes, about.
    fn weight(&self) -> usize {
        let values = self.values.iter();
        let bytes: usize = values
            .map(|(_, _, value)| match value {
                Value::Text(bytes) | Value::Bytes(bytes) => 64 + bytes.len(),
                _ => 48,
            })
            .sum();
        96 + 32 * self.fields.len() + bytes
    }
}

/// What is kept of a frame.
fn row_of(seen: &Seen<'_, '_>, slots: &[usize], fields: &Rc<Vec<EntryId>>) -> FrameRow {
    let mut values = Vec::with_capacity(slots.len());
    let mut cut = Vec::new();
    for (at, slot) in slots.iter().enumerate() {
        let (mut found, mut whole) = (false, true);
        seen.values.visit(*slot, &mut |cell| {
            found = true;
            whole &= !reaches_end(cell.value, seen.packet);
            let value = crate::query::expression::owned(cell.value);
            values.push((at, cell.layer, value));
            false
        });
        if !(found && whole) && is_cut(seen.packet) {
            cut.push(at);
        }
    }
    FrameRow {
        frame: seen.packet.frame.number,
        fields: Rc::clone(fields),
        values,
        cut,
    }
}

/// Whether the capture does not have all bytes of a frame.
fn is_cut(packet: &Packet<'_>) -> bool {
    match &packet.ip {
        Some(ip) => ip.payload_captured < ip.payload_reported,
        None => as_usize(packet.frame.wire_length) > packet.frame.bytes.len(),
    }
}

/// Whether a value is the last that the capture has of its frame.
fn reaches_end(value: &Value<'_>, packet: &Packet<'_>) -> bool {
    match value {
        Value::Text(bytes) | Value::Bytes(bytes) => packet.frame.bytes.ends_with(bytes),
        _ => false,
    }
}

impl Loaded {
    /// Reads the capture once more for a source of which not all frames could be kept; `None` when
    /// it cannot be read again, or too many pass this filter, too.
    pub fn again(&self, source: usize, filter: &Filter) -> Option<Vec<Rc<FrameRow>>> {
        let path = self.path.as_deref()?;
        let fields = self.fields.get(source)?;
        let slots: Vec<usize> = (0..fields.len()).collect();
        let mut room = Room::new(1);
        Session::new(Some(filter), fields)
            .run(path, |seen| {
                room.keep(0, row_of(seen, &slots, fields));
                Ok(())
            })
            .ok()?;
        room.cut[0].is_none().then(|| room.rows.remove(0))
    }
}

fn load(
    handout: &Handout,
    name: String,
    mut open: impl FnMut() -> Result<Reader, OpenError>,
    path: Option<&Path>,
) -> Result<Loaded, String> {
    let session = Session::new(None, &handout.needs);
    let wants = Wants {
        segments: handout.segments,
    };
    let size = path.and_then(|p| p.metadata().ok());
    let large = size.is_some_and(|m| m.is_file() && m.len() > LARGE);
    let mut live = (!large).then(|| Live::new(wants));
    let fields: Vec<Rc<Vec<EntryId>>> = handout
        .sources
        .iter()
        .map(|s| Rc::new(s.slots.iter().map(|slot| handout.needs[*slot]).collect()))
        .collect();
    let mut room = Room::new(handout.sources.len());
    let mut prints = Vec::new();
    let state = FixedState::with_seed(7);
    let mut made_by = String::new();
    let mut recording = Recording::default();
    let mut take = |seen: &Seen<'_, '_>| {
        let frame = seen.packet.frame;
        if let Some(live) = &mut live {
            live.frame(frame);
        }
        if handout.compared {
            recording.frame(frame, COMPARED);
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
            if source.first_only && !room.rows[at].is_empty() || !source.filter.holds(seen.values) {
                continue;
            }
            match &mut room.cut[at] {
                Some(count) => *count += 1,
                None => room.keep(at, row_of(seen, &source.slots, &fields[at])),
            }
        }
        Ok(())
    };
    let mut analysis = None;
    let ending: Ending = match path.filter(|_| large) {
        // Both are readings of one file at the same time, so each byte comes from memory.
        Some(path) => std::thread::scope(|scope| {
            let beside =
                scope.spawn(|| Reader::open(path).map(|r| analyze(r, wants, None, |_| {})));
            let ending = session.run(path, &mut take);
            analysis = beside.join().ok().and_then(Result::ok);
            ending
        }),
        None => session.run_from(&mut open, &mut take),
    }
    .map_err(|error| error.to_string())?;
    let analysis = match (analysis, live) {
        (Some(analysis), _) => analysis,
        (None, Some(live)) => live.finish(ending),
        (None, None) => return Err("it could not be analyzed".to_owned()),
    };
    Ok(Loaded {
        name,
        place: 0,
        analysis,
        rows: room.rows,
        cut: room.cut,
        fields,
        path: path.map(Path::to_owned),
        prints,
        made_by,
        recording,
    })
}
