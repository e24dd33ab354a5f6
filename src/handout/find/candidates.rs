//! What could be meant, before one is chosen: the frames or facts that pass a filter, with the
//! values of things found before in it.

use super::hit::{Body, Hit};
use super::{Found, Hits};
use crate::facts::pair::{Pair, Translation, Unpaired};
use crate::facts::{Fact, Record, Rows};
use crate::handout::material::{Kept, Material};
use crate::handout::pairs::{self, Compared};
use crate::handout::plan::{Handout, Table};
use crate::handout::template::{self, Piece};
use crate::handout::terms::Term;
use crate::query::{FactRow, Filter};
use crate::store;
use std::rc::Rc;

/// Different values that a variable stands for, at most.
const MOST_VALUES: usize = 1000;

impl Found {
    /// A filter with the values of its variables, numbers of frames and conversations those of one
    /// capture; `Err` names the thing that has none.
    pub(super) fn fill(&self, pieces: &[Piece], file: Option<usize>) -> Result<String, usize> {
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
    pub(super) fn files_of(&self, pieces: &[Piece]) -> Vec<Option<usize>> {
        let mut variables = template::variables(pieces).filter(|v| bound(*v));
        let Some(hits) = variables.find_map(|v| self.hits(v.thing)) else {
            return vec![None];
        };
        let mut files: Vec<Option<usize>> = hits.rows.iter().map(|h| Some(h.file)).collect();
        files.dedup();
        files
    }

    /// All frames or facts for which a filter holds, capture by capture; `free` where it holds no
    /// variable, and frames passed it when they were kept.
    pub(super) fn candidates(
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
            for (first, second, compared) in self.compared.iter() {
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
pub(super) fn compared(handout: &Handout, material: &Material) -> Vec<(usize, usize, Compared)> {
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

/// Whether a variable means something only in its own capture: numbers of frames and conversations.
fn bound(variable: template::Variable<'_>) -> bool {
    let key = variable.field.rsplit('.').next().unwrap_or_default();
    matches!(key, "stream" | "frame" | "number") || key.ends_with("_frame")
}
