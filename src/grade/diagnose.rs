//! Why a wrong answer is wrong: the right value of another field, another frame's value, two values
//! that changed places, digits that did, a value nowhere in the capture.

use super::claim::{Claimed, Class, class};
use super::compare::{Verdict, same, told};
use super::reading::Said;
use super::student::Mark;
use crate::handout::find::hit::Body;
use crate::handout::format::{Part, Take, Type};
use crate::handout::material::Kept;
use crate::handout::plan::{Table, edits};
use crate::handout::{Answer, Datum, Found, Handout, Material};
use crate::query::{Catalogue, Expression};

/// Gives every wrong answer its reason.
pub fn explain(
    handout: &Handout,
    material: &Material,
    found: &Found,
    keys: &[Answer],
    said: &[Said],
    marks: &mut [Mark],
) {
    for at in 0..marks.len() {
        if marks[at].outcome.verdict != Verdict::Wrong {
            continue;
        }
        let Some(claim) = &said[at].claim else {
            continue;
        };
        let key = &keys[at];
        let part = part_of(handout, key);
        let value = told(&claim.value);
        let mut reasons: Vec<String> = Vec::new();
        for wrong in &part.wrong {
            if wrong.value.eq_ignore_ascii_case(&value) {
                reasons.push(format!("a well-known mistake: {}", wrong.say));
            }
        }
        for other in keys
            .iter()
            .filter(|k| k.question == key.question && k.id != key.id)
        {
            let sibling = part_of(handout, other);
            if class(*sibling.kind.get_ref()) != class(*part.kind.get_ref())
                || !same(sibling, &other.values, &other.text, &claim.value)
            {
                continue;
            }
            let back = said
                .iter()
                .zip(keys)
                .find(|(_, k)| k.id == other.id)
                .and_then(|(s, _)| s.claim.as_ref())
                .is_some_and(|c| same(part, &key.values, &key.text, &c.value));
            reasons.push(if back {
                format!("swapped with {}", other.id)
            } else {
                format!("that is {} ({})", other.id, sibling.text)
            });
            break;
        }
        if let Claimed::Ports(Some(c), Some(s)) = &claim.value
            && key.values == [Datum::number(*s), Datum::number(*c)]
        {
            reasons.push("the two ports are swapped".to_owned());
        }
        if reasons.is_empty() {
            reasons.extend(other_field(handout, material, found, part, &claim.value));
        }
        if reasons.is_empty() {
            reasons.extend(other_frame(handout, material, part, key, &claim.value));
        }
        if reasons.is_empty() {
            for other in keys.iter().filter(|k| k.question != key.question) {
                let sibling = part_of(handout, other);
                if class(*sibling.kind.get_ref()) == class(*part.kind.get_ref())
                    && matches!(class(*part.kind.get_ref()), Class::Ip | Class::Mac)
                    && same(sibling, &other.values, &other.text, &claim.value)
                {
                    reasons.push(format!("that is {} ({})", other.id, sibling.text));
                    break;
                }
            }
        }
        if reasons.is_empty() && !key.text.is_empty() {
            reasons.extend(digits(&value, &key.text, part));
        }
        if reasons.is_empty() && part.example.contains(&value) {
            reasons.push("the value of the handout's example, not of your capture".to_owned());
        }
        if reasons.is_empty() && nowhere(material, &claim.value) {
            reasons.push("the value is nowhere in the captures".to_owned());
        }
        let first = reasons.into_iter().next();
        marks[at].outcome.reason = match first {
            Some(reason) => format!("the capture shows {}; {reason}", key.text),
            None => format!("the capture shows {}", key.text),
        };
    }
}

fn part_of<'h>(handout: &'h Handout, key: &Answer) -> &'h Part {
    &handout.file.question[key.question].part[key.part]
}

/// Fields of the same frame that have the value.
fn other_field(
    handout: &Handout,
    material: &Material,
    found: &Found,
    part: &Part,
    claimed: &Claimed,
) -> Option<String> {
    let thing = handout.thing(part.of.as_ref()?.get_ref())?;
    let hit = found.hits(thing)?.rows.first()?;
    let Body::Frame(row) = &hit.body else {
        return None;
    };
    let own = match part.take.as_ref().map(toml::Spanned::get_ref) {
        Some(Take::One(text)) => text.as_str(),
        _ => "frame.number",
    };
    for id in row.fields.iter() {
        let name = crate::query::Catalogue::frames().entry(*id).name;
        if name == own || name == "frame.number" {
            continue;
        }
        let values = hit.read(name).values;
        if same(part, &values, "", claimed) {
            let file = &material.files[hit.file].name;
            return Some(format!("that is {name} of frame {} of {file}", hit.frame));
        }
        if let (Claimed::Number(n, _), Some(field)) =
            (claimed, values.first().and_then(Datum::as_float))
            && name == "ip.hdr_len"
            && (*n * 4.0 - field).abs() < 0.5
        {
            return Some(
                "that is the number of 4-byte words, as the field itself counts".to_owned(),
            );
        }
    }
    None
}

/// Other frames in which the same field has the value.
fn other_frame(
    handout: &Handout,
    material: &Material,
    part: &Part,
    key: &Answer,
    claimed: &Claimed,
) -> Option<String> {
    let term = match part.take.as_ref().map(toml::Spanned::get_ref) {
        Some(Take::One(text)) => text.as_str(),
        None if *part.kind.get_ref() == Type::Frame => "frame.number",
        _ => return None,
    };
    let frames = Catalogue::frames();
    // Fields of facts belong to no frame.
    let known = handout.thing(part.of.as_ref()?.get_ref()).is_some_and(|t| {
        handout.things[t]
            .ways
            .iter()
            .any(|w| matches!(w.table, Table::Frames(_)))
    });
    let expression = if known && term != "frame.number" {
        Expression::parse(term, frames).ok()
    } else {
        None
    };
    for (file, loaded) in material.files.iter().enumerate() {
        let Some(expression) = &expression else { break };
        for row in loaded.rows.iter().flatten() {
            let mine = key
                .evidence
                .iter()
                .any(|e| e.capture == file && e.frame == row.frame);
            if mine {
                continue;
            }
            let needs = expression.needs();
            let mut values = Vec::new();
            for value in expression.evaluate(&Kept { row, needs }) {
                Datum::of(expression.kind(), &value, &mut values);
            }
            if same(part, &values, "", claimed) {
                return Some(format!(
                    "that is {term} of frame {} of {}",
                    row.frame, loaded.name
                ));
            }
        }
    }
    match (term, claimed) {
        ("frame.number", Claimed::Number(n, _)) => Some(format!("frame {n} is another one")),
        _ => None,
    }
}

/// Digits that changed places, or a single wrong one.
fn digits(value: &str, key: &str, part: &Part) -> Option<String> {
    if !matches!(
        class(*part.kind.get_ref()),
        Class::Ip | Class::Mac | Class::Number
    ) {
        return None;
    }
    let mut a: Vec<char> = value.chars().filter(|c| c.is_alphanumeric()).collect();
    let mut b: Vec<char> = key.chars().filter(|c| c.is_alphanumeric()).collect();
    let distance = edits(value, key);
    a.sort_unstable();
    b.sort_unstable();
    if a == b && value != key && a.len() > 1 {
        return Some(format!("digits changed places: {value} for {key}"));
    }
    (distance == 1 && key.len() > 2).then(|| format!("one character is wrong: {value} for {key}"))
}

/// Whether no frame has an address.
fn nowhere(material: &Material, claimed: &Claimed) -> bool {
    if material.files.is_empty() {
        return false;
    }
    match claimed {
        Claimed::Ips(ips) => ips.iter().all(|ip| {
            !material
                .files
                .iter()
                .any(|f| f.analysis.facts.hosts.iter().any(|h| h.address == *ip))
        }),
        Claimed::Mac(mac) => !material.files.iter().any(|f| {
            f.analysis.facts.neighbours.iter().any(|n| n.mac.0 == *mac)
                || f.analysis.facts.hops.iter().any(|h| h.mac.0 == *mac)
        }),
        _ => false,
    }
}
