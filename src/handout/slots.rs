//! Which capture of a student is which of those the handout asks for: told by what it holds.

use super::find::Found;
use super::material::Material;
use super::plan::Handout;

/// One capture that the handout asks for.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Its name in the handout.
    pub id: String,
    /// The files that hold what is required of it, in the order of the requirements.
    pub files: Vec<usize>,
    /// What no file holds.
    pub missing: Vec<String>,
}

/// All captures that the handout asks for.
pub fn slots(handout: &Handout, found: &Found) -> Vec<Slot> {
    let slot = |capture: &super::format::Capture| {
        let mut slot = Slot {
            id: capture.id.clone(),
            files: Vec::new(),
            missing: Vec::new(),
        };
        for name in &capture.holds {
            let thing = handout.thing(name.get_ref());
            match thing.and_then(|t| found.things.get(t)) {
                Some(Ok(hits)) => {
                    let file = hits.rows.first().map(|hit| hit.file);
                    slot.files.extend(file.filter(|f| !slot.files.contains(f)));
                }
                Some(Err(why)) => slot.missing.push(why.text.clone()),
                None => {}
            }
        }
        slot
    };
    handout.file.capture.iter().map(slot).collect()
}

impl Slot {
    /// The names of its files.
    pub fn names<'m>(&self, material: &'m Material) -> Vec<&'m str> {
        let files = self.files.iter().filter_map(|f| material.files.get(*f));
        files.map(|f| f.name.as_str()).collect()
    }
}
