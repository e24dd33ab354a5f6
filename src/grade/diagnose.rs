//! Why a wrong answer is wrong: the right value of another field, another frame's value, two values
//! that changed places, digits that did, a value nowhere in the capture.

use super::claim::{Claimed, Class, class};
use super::compare::{Verdict, same, told, whole};
use super::reading::Said;
use super::student::Mark;
use super::student_view;
use crate::handout::find::hit::Body;
use crate::handout::format::{Part, Take, Type, Wrong};
use crate::handout::material::Kept;
use crate::handout::plan::{Table, edits};
use crate::handout::value::decimals;
use crate::handout::{Answer, Datum, Found, Handout, Material};
use crate::query::{Catalogue, Expression};

/// Why an answer is wrong, as the teacher is told it, and as the student is: the key, and what gives
/// another part away, is left out.
struct Why {
    words: String,
    told: String,
}

impl Why {
    /// What tells nothing of the key.
    fn open(words: impl Into<String>) -> Why {
        let words = words.into();
        let told = words.clone();
        Why { words, told }
    }

    /// What is told to students in other words, or not at all.
    fn secret(words: String, told: &str) -> Why {
        let told = told.to_owned();
        Why { words, told }
    }
}

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
        let Some(claim) = &said[at].claim else {
            continue;
        };
        let part = part_of(handout, &keys[at]);
        if marks[at].outcome.verdict != Verdict::Wrong {
            continue;
        }
        let notation = notation(material, part, &keys[at], &claim.value);
        if let Some(notation) = notation {
            let mark = &mut marks[at];
            mark.outcome.verdict = Verdict::Review;
            mark.outcome.share = 1.0;
            mark.points = mark.of;
            mark.outcome.reason = notation.to_owned();
        }
    }
    let secrets = student_view::secrets(marks);
    for at in 0..marks.len() {
        if marks[at].outcome.verdict != Verdict::Wrong {
            continue;
        }
        let Some(claim) = &said[at].claim else {
            continue;
        };
        let key = &keys[at];
        let part = part_of(handout, key);
        let class = class(*part.kind.get_ref());
        let why = known(part, &told(&claim.value), &secrets)
            .or_else(|| sibling(handout, keys, said, marks, at))
            .or_else(|| swapped_ports(key, &claim.value))
            .or_else(|| turned(key, &claim.value))
            .or_else(|| other_field(handout, material, found, part, &claim.value))
            .or_else(|| other_frame(handout, material, part, key, &claim.value))
            .or_else(|| elsewhere(handout, keys, marks, at, &claim.value))
            .or_else(|| another(material, &claim.value))
            .or_else(|| digits(&told(&claim.value), &key.text, class))
            .or_else(|| example(part, &told(&claim.value)))
            .or_else(|| nowhere(material, &claim.value));
        let mark = &mut marks[at];
        let shown = shown(part, key);
        mark.outcome.reason = match &why {
            Some(why) => format!("{shown}; {}", why.words),
            None => shown,
        };
        mark.told = why.map(|why| why.told).unwrap_or_default();
    }
}

/// What the capture shows, with its unit, in every reading of the question.
fn shown(part: &Part, key: &Answer) -> String {
    let numeric = |v: &Datum| v.as_float().is_some();
    let unit = part
        .unit
        .as_deref()
        .filter(|_| key.values.iter().all(numeric));
    let unit = unit.map_or(String::new(), |unit| format!(" {unit}"));
    let mut out = format!("the capture shows {}{unit}", key.text);
    for equal in &key.equals {
        out.push_str(&format!(" or {}{unit} ({})", equal.text, equal.say));
    }
    out
}

/// A mistake that the handout knows; what it says of it may be the key.
fn known(part: &Part, value: &str, secrets: &[String]) -> Option<Why> {
    let same = |wrong: &&Wrong| wrong.value.eq_ignore_ascii_case(value);
    let wrong = part.wrong.iter().find(same)?;
    let words = format!("a well-known mistake: {}", wrong.say);
    Some(match student_view::tells(&wrong.say, secrets) {
        true => Why::secret(words, "a well-known mistake"),
        false => Why::open(words),
    })
}

/// The value of another part of the question. One of two is no value that could be mistaken.
fn sibling(
    handout: &Handout,
    keys: &[Answer],
    said: &[Said],
    marks: &[Mark],
    at: usize,
) -> Option<Why> {
    let (key, claim) = (&keys[at], said[at].claim.as_ref()?);
    let part = part_of(handout, key);
    if class(*part.kind.get_ref()) == Class::YesNo {
        return None;
    }
    let place = (0..keys.len()).find(|o| {
        let other = &keys[*o];
        other.question == key.question
            && other.id != key.id
            && is_of(handout, other, part, &claim.value)
    })?;
    let back = said[place]
        .claim
        .as_ref()
        .is_some_and(|c| same(part, &key.values, &key.text, &c.value));
    let words = match back {
        true => format!("swapped with {}", keys[place].id),
        false => that_is(handout, &keys[place]),
    };
    Some(of_part(words, &marks[place]))
}

/// An address that another question asks for.
fn elsewhere(
    handout: &Handout,
    keys: &[Answer],
    marks: &[Mark],
    at: usize,
    claimed: &Claimed,
) -> Option<Why> {
    let part = part_of(handout, &keys[at]);
    if !matches!(class(*part.kind.get_ref()), Class::Ip | Class::Mac) {
        return None;
    }
    let place = (0..keys.len()).find(|o| {
        keys[*o].question != keys[at].question && is_of(handout, &keys[*o], part, claimed)
    })?;
    Some(of_part(that_is(handout, &keys[place]), &marks[place]))
}

/// Whether a value is that of another part of the same sort.
fn is_of(handout: &Handout, other: &Answer, part: &Part, claimed: &Claimed) -> bool {
    let theirs = part_of(handout, other);
    class(*theirs.kind.get_ref()) == class(*part.kind.get_ref())
        && same(theirs, &other.values, &other.text, claimed)
}

/// That a value is another part's tells students that part's key, unless they have it.
fn of_part(words: String, other: &Mark) -> Why {
    match other.outcome.verdict {
        Verdict::Right => Why::open(words),
        _ => Why::secret(words, ""),
    }
}

fn that_is(handout: &Handout, other: &Answer) -> String {
    match part_of(handout, other).text.as_str() {
        "" => format!("that is {}", other.id),
        text => format!("that is {} ({text})", other.id),
    }
}

fn swapped_ports(key: &Answer, claimed: &Claimed) -> Option<Why> {
    let Claimed::Ports(Some(c), Some(s)) = claimed else {
        return None;
    };
    let swapped = key.values == [Datum::number(*s), Datum::number(*c)];
    swapped.then(|| Why::secret("the two ports are swapped".to_owned(), ""))
}

/// The right numbers in another order.
fn turned(key: &Answer, claimed: &Claimed) -> Option<Why> {
    let Claimed::Numbers(told) = claimed else {
        return None;
    };
    let sorted = |mut list: Vec<i128>| {
        list.sort_unstable();
        list
    };
    let own: Vec<i128> = key.values.iter().filter_map(whole).collect();
    let same = sorted(own) == sorted(told.clone());
    same.then(|| Why::open("the order is another one"))
}

/// An address that another host of the captures has: no digit of it is wrong.
fn another(material: &Material, claimed: &Claimed) -> Option<Why> {
    let facts = || material.files.iter().map(|f| &f.analysis.facts);
    let seen = match claimed {
        Claimed::Ips(ips) => match ips.as_slice() {
            [one] => facts().any(|f| f.hosts.iter().any(|h| h.address == *one)),
            _ => false,
        },
        Claimed::Mac(mac) => facts().any(|f| f.neighbours.iter().any(|n| n.mac.0 == *mac)),
        _ => false,
    };
    seen.then(|| Why::open("another host of the captures has it"))
}

fn example(part: &Part, value: &str) -> Option<Why> {
    let known = part.example.iter().any(|e| e == value);
    known.then(|| Why::open("the value of the handout's example, not of your capture"))
}

/// What is said of a number that is the key in another notation: a relative sequence number for a raw
/// one or the other way round, which differ by the initial number of a side of a connection; a window
/// without its scale, which is a power of two.
fn notation(
    material: &Material,
    part: &Part,
    key: &Answer,
    claimed: &Claimed,
) -> Option<&'static str> {
    let Some(Take::One(term)) = part.take.as_ref().map(toml::Spanned::get_ref) else {
        return None;
    };
    let (Claimed::Number(n, _), [Datum::Number { value, .. }]) = (claimed, key.values.as_slice())
    else {
        return None;
    };
    let told = decimals(*n).parse::<i128>().ok()?;
    if term == "tcp.window_size" {
        let scale = (told > 0 && value % told == 0).then(|| value / told)?;
        let shifted = (1..=14).any(|shift| scale == 1 << shift);
        return shifted
            .then_some("it may be the window without its scale; the calculated one is asked for");
    }
    let raw = ["seq_raw", "ack_raw", "_isn"];
    let (first, words) = match term.as_str() {
        "tcp.seq" | "tcp.ack" | "tcp.nxtseq" => (
            told - value,
            "a raw number; the relative one (counted from the first one) is asked for",
        ),
        term if raw.iter().any(|name| term.contains(name)) => (
            value - told,
            "a relative number (counted from the first one); the raw one is asked for",
        ),
        _ => return None,
    };
    let is = |isn: Option<u32>| isn.is_some_and(|isn| i128::from(isn) == first.rem_euclid(1 << 32));
    let known = material.files.iter().any(|file| {
        let tcp = &file.analysis.trackers.tcp;
        let mut all = (0..tcp.len()).filter_map(|at| tcp.connection(at));
        all.any(|c| is(c.client_isn) || is(c.server_isn))
    });
    known.then_some(words)
}

fn part_of<'h>(handout: &'h Handout, key: &Answer) -> &'h Part {
    &handout.file.question[key.question].part[key.part]
}

/// Fields of the same frame that have the value. That a flag is set or not is no value of its own.
fn other_field(
    handout: &Handout,
    material: &Material,
    found: &Found,
    part: &Part,
    claimed: &Claimed,
) -> Option<Why> {
    // What is counted or summed up is of no frame.
    if matches!(claimed, Claimed::YesNo(_)) || part.over.is_some() {
        return None;
    }
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
            return Some(Why::secret(
                format!("that is {name} of frame {} of {file}", hit.frame),
                &format!("that is {name} of the same frame"),
            ));
        }
        if let (Claimed::Number(n, _), Some(field)) =
            (claimed, values.first().and_then(Datum::as_float))
            && name == "ip.hdr_len"
            && (*n * 4.0 - field).abs() < 0.5
        {
            let words = "that is the number of 4-byte words, as the field itself counts";
            return Some(Why::open(words));
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
) -> Option<Why> {
    if matches!(claimed, Claimed::YesNo(_)) || part.over.is_some() {
        return None;
    }
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
                return Some(Why::secret(
                    format!("that is {term} of frame {} of {}", row.frame, loaded.name),
                    &format!("that is {term} of another frame"),
                ));
            }
        }
    }
    match (term, claimed) {
        ("frame.number", Claimed::Number(n, _)) => Some(Why::secret(
            format!("frame {n} is another one"),
            "that is another frame",
        )),
        _ => None,
    }
}

/// Digits that changed places, or a single wrong one.
fn digits(value: &str, key: &str, class: Class) -> Option<Why> {
    if !matches!(class, Class::Ip | Class::Mac | Class::Number) || key.is_empty() {
        return None;
    }
    let mut a: Vec<char> = value.chars().filter(|c| c.is_alphanumeric()).collect();
    let mut b: Vec<char> = key.chars().filter(|c| c.is_alphanumeric()).collect();
    let distance = edits(value, key);
    // Of short numbers another digit is another number, and so is the next one.
    let number = |text: &str| text.parse::<i128>().ok();
    let next = number(value)
        .zip(number(key))
        .is_none_or(|(a, b)| (a - b).abs() == 1);
    let near = key.len() > 3 && value.len() == key.len() && !next;
    a.sort_unstable();
    b.sort_unstable();
    let what = if a == b && value != key && a.len() > 1 {
        "digits changed places"
    } else if distance == 1 && key.len() > 2 && (class != Class::Number || near) {
        "one character is wrong"
    } else {
        return None;
    };
    Some(Why::secret(format!("{what}: {value} for {key}"), what))
}

/// Whether no frame has an address.
fn nowhere(material: &Material, claimed: &Claimed) -> Option<Why> {
    let facts = || material.files.iter().map(|f| &f.analysis.facts);
    let nowhere = match claimed {
        _ if material.files.is_empty() => false,
        Claimed::Ips(ips) => ips
            .iter()
            .all(|ip| !facts().any(|f| f.hosts.iter().any(|h| h.address == *ip))),
        Claimed::Mac(mac) => !facts().any(|f| {
            f.neighbours.iter().any(|n| n.mac.0 == *mac) || f.hops.iter().any(|h| h.mac.0 == *mac)
        }),
        _ => false,
    };
    nowhere.then(|| Why::open("the value is nowhere in the captures"))
}
