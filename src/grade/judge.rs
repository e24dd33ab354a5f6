//! A report against the key, in the reading of the question that fits it: where several things are
//! equally good, the answers may all be about another than the key's; a part may have other readings.

use super::compare::{Verdict, compare};
use super::diagnose;
use super::numbering::Segment;
use super::reading::{Said, claims};
use super::student::{Mark, mark};
use crate::handout::format::{Type, Which};
use crate::handout::{Answer, Found, Handout, Material, answers};

/// So many of those that are equally good are tried.
const MOST: usize = 100;
/// So many answers must be true of another thing, and none false, to be taken as about it.
const ENOUGH: usize = 2;

/// The marks, and what they were given by.
pub struct Judged {
    /// What the key was read from.
    pub found: Found,
    /// The key.
    pub keys: Vec<Answer>,
    /// What the report says.
    pub said: Vec<Said>,
    /// The marks.
    pub parts: Vec<Mark>,
}

/// Judges a report.
pub fn judge(handout: &Handout, material: &Material, segments: &[Segment]) -> Judged {
    let mut best = under(handout, Found::new(handout, material), material, segments);
    let mut notes: Vec<(usize, String)> = Vec::new();
    let mut taken: Vec<(usize, String)> = Vec::new();
    let mut untried: Vec<usize> = Vec::new();
    for thing in 0..handout.things.len() {
        let ways = &handout.things[thing].ways;
        let any = ways.iter().any(|way| way.which == Which::Any);
        if !any || !(0..best.parts.len()).any(|at| lacks(&best, at)) {
            continue;
        }
        let equals = best.found.hits(thing).map_or(0, |hits| hits.equals);
        for nth in 1..equals.min(MOST) {
            let found = best.found.taking(handout, material, thing, nth);
            let other = under(handout, found, material, segments);
            let about = differing(handout, &best, &other);
            let place = place(handout, material, &other.found, thing);
            if equals > MOST && nth == 1 {
                untried.extend(&about);
            }
            if fits(&best, &other, &about) {
                taken.extend(about.into_iter().map(|at| (at, place.clone())));
                best = other;
                break;
            }
            let gained = about.into_iter().filter(|at| gains(&best, &other, *at));
            notes.extend(gained.map(|at| (at, place.clone())));
        }
    }
    for (at, place) in taken {
        let mark = &mut best.parts[at];
        if mark.outcome.verdict == Verdict::Right {
            mark.outcome.reason.push_str(&format!(", of {place}"));
        }
    }
    for (at, place) in notes {
        if lacks(&best, at) {
            let mark = &mut best.parts[at];
            mark.outcome.verdict = Verdict::Review;
            mark.outcome.share = 1.0;
            mark.points = mark.of;
            mark.outcome.reason =
                format!("that is true of {place}; the key is about another that is equally good");
        }
    }
    let Judged {
        found,
        keys,
        said,
        parts,
    } = &mut best;
    diagnose::explain(handout, material, found, keys, said, parts);
    for thing in 0..handout.things.len() {
        one_of_several(handout, material, &mut best, thing);
    }
    for at in untried {
        let mark = &mut best.parts[at];
        if mark.outcome.verdict == Verdict::Wrong {
            mark.outcome.verdict = Verdict::Review;
            let words = "; it may be true of another that is equally good: not all were tried";
            mark.outcome.reason.push_str(words);
        }
    }
    best
}

/// Says of wrong answers which of several the key is about.
fn one_of_several(handout: &Handout, material: &Material, best: &mut Judged, thing: usize) {
    let equals = best.found.hits(thing).map_or(0, |hits| hits.equals);
    let place = place(handout, material, &best.found, thing);
    for (key, mark) in best.keys.iter().zip(&mut best.parts) {
        let part = &handout.file.question[key.question].part[key.part];
        let of = part.of.as_ref().map(|of| of.get_ref().as_str());
        let about = of == Some(handout.things[thing].name.as_str());
        if !about || equals < 2 || mark.outcome.verdict != Verdict::Wrong {
            continue;
        }
        let words = format!("; the key is about {place}, one of {equals}");
        mark.outcome.reason.push_str(&words);
    }
}

/// The marks under one choice of things.
fn under(handout: &Handout, found: Found, material: &Material, segments: &[Segment]) -> Judged {
    let keys = answers(handout, material, &found);
    let said = claims(handout, &keys, segments);
    let both = keys.iter().zip(&said);
    let parts = both.map(|(key, said)| mark(handout, key, said)).collect();
    let mut judged = Judged {
        found,
        keys,
        said,
        parts,
    };
    for at in 0..judged.keys.len() {
        if judged.parts[at].outcome.verdict != Verdict::Right {
            reread(handout, &mut judged, at, segments);
        }
    }
    judged
}

/// Takes another reading of a part, if the report's answer is right in it, or may be.
fn reread(handout: &Handout, judged: &mut Judged, at: usize, segments: &[Segment]) {
    let key = &judged.keys[at];
    let part = &handout.file.question[key.question].part[key.part];
    for equal in &key.equals {
        let mut keys = judged.keys.clone();
        keys[at].values.clone_from(&equal.values);
        keys[at].text.clone_from(&equal.text);
        let said = claims(handout, &keys, segments);
        let outcome = compare(part, &keys[at], said[at].claim.as_ref());
        if outcome.verdict == Verdict::Right {
            let mut mark = mark(handout, &keys[at], &said[at]);
            mark.outcome.reason = format!("it is what the capture shows: {}", equal.say);
            mark.key.clone_from(&key.text);
            judged.parts[at] = mark;
            judged.said[at] = said[at].clone();
            return;
        }
        // What a person must see in one reading is not wrong in the other.
        if outcome.verdict == Verdict::Review && judged.parts[at].outcome.verdict == Verdict::Wrong
        {
            judged.parts[at] = mark(handout, &keys[at], &said[at]);
            judged.said[at] = said[at].clone();
        }
    }
}

/// The parts whose key is another one, or rests on other frames. Prose has none.
fn differing(handout: &Handout, one: &Judged, other: &Judged) -> Vec<usize> {
    let all = one.keys.iter().zip(&other.keys).enumerate();
    all.filter(|(_, (a, b))| {
        let kind = handout.file.question[a.question].part[a.part]
            .kind
            .get_ref();
        let same = a.values == b.values && a.evidence == b.evidence;
        *kind != Type::Prose && !same
    })
    .map(|(at, _)| at)
    .collect()
}

/// Whether the answers are about the other choice: each that is given is right there, several are,
/// and not all are right as it is.
fn fits(best: &Judged, other: &Judged, about: &[usize]) -> bool {
    let verdict = |judged: &Judged, at: usize| judged.parts[at].outcome.verdict;
    let answered = about
        .iter()
        .filter(|at| verdict(other, **at) != Verdict::Missing);
    let right = answered
        .clone()
        .filter(|at| verdict(other, **at) == Verdict::Right);
    let enough = right.clone().count() >= ENOUGH;
    enough && right.count() == answered.count() && about.iter().any(|at| gains(best, other, *at))
}

/// Whether an answer that is not right as it is would be right in the other choice.
fn gains(best: &Judged, other: &Judged, at: usize) -> bool {
    lacks(best, at) && other.parts[at].outcome.verdict == Verdict::Right
}

/// Whether an answer is not right, or not all of it.
fn lacks(judged: &Judged, at: usize) -> bool {
    let verdict = judged.parts[at].outcome.verdict;
    matches!(verdict, Verdict::Wrong | Verdict::Partly)
}

/// What a thing is, and where it was found.
fn place(handout: &Handout, material: &Material, found: &Found, thing: usize) -> String {
    let what = &handout.things[thing].what;
    let hit = found.hits(thing).and_then(|hits| hits.rows.first());
    hit.map_or_else(
        || what.clone(),
        |hit| {
            let file = &material.files[hit.file].name;
            format!("{what}, frame {} of {file}", hit.frame)
        },
    )
}
