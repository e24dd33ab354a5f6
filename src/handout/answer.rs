//! The answers to a handout's questions, each with its evidence.

mod over;

use super::Datum;
use super::find::Found;
use super::find::hit::{Body, Hit, Reading, tell};
use super::format::{Names, Over, Part, Take, Type};
use super::material::{COMPARED, Material};
use super::names;
use super::plan::Handout;
use super::terms::Term;
use super::units;
use super::value;
use crate::facts::capture::Resolution;
use over::reduce;

/// The answer to one part of a question.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Place of the question in the handout.
    pub question: usize,
    /// Place of the part in the question.
    pub part: usize,
    /// The whole name: `1A.source`.
    pub id: String,
    /// The values; none when the question stays open.
    pub values: Vec<Datum>,
    /// The values as they are told.
    pub text: String,
    /// The frames that prove it.
    pub evidence: Vec<Evidence>,
    /// One sentence that says why.
    pub reason: String,
    /// What is missing for an answer.
    pub missing: Option<String>,
    /// Several answers that are possible, each with where it comes from.
    pub candidates: Vec<String>,
    /// Other readings of what is asked, whose values are right as well.
    pub equals: Vec<Equal>,
}

/// What is right as well, in another reading of what is asked.
#[derive(Clone, Debug)]
pub struct Equal {
    /// The values.
    pub values: Vec<Datum>,
    /// As they are told.
    pub text: String,
    /// What they are, in words.
    pub say: String,
}

/// Frames that are told with an answer; machines read all.
const SHOWN: usize = 60;

/// A frame that proves an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Place of the capture among those read.
    pub capture: usize,
    /// Its name.
    pub file: String,
    /// The frame.
    pub frame: u32,
    /// The field that was read there.
    pub field: String,
}

impl Answer {
    /// The frames as people write them: `ping.pcap:9,10`.
    pub fn frames(&self) -> String {
        let mut text = String::new();
        let mut last: Option<&str> = None;
        for evidence in self.evidence.iter().take(SHOWN) {
            if last == Some(&evidence.file) {
                text.push(',');
            } else {
                if last.is_some() {
                    text.push(' ');
                }
                text.push_str(&evidence.file);
                text.push(':');
            }
            text.push_str(&evidence.frame.to_string());
            last = Some(&evidence.file);
        }
        if self.evidence.len() > SHOWN {
            text.push_str(",…");
        }
        text
    }
}

/// Answers every question.
pub fn answers(handout: &Handout, material: &Material, found: &Found) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (q, question) in handout.file.question.iter().enumerate() {
        for (p, part) in question.part.iter().enumerate() {
            let mut answer = Answer {
                question: q,
                part: p,
                id: format!("{}.{}", question.id, part.id),
                values: Vec::new(),
                text: String::new(),
                evidence: Vec::new(),
                reason: String::new(),
                missing: None,
                candidates: Vec::new(),
                equals: Vec::new(),
            };
            fill(&mut answer, handout, material, found, part);
            readings(&mut answer, handout, material, found, part);
            answers.push(answer);
        }
    }
    answers
}

/// Adds what other readings of a part give, where that is something else.
fn readings(
    answer: &mut Answer,
    handout: &Handout,
    material: &Material,
    found: &Found,
    part: &Part,
) {
    for equal in part.equal.iter().filter(|_| answer.missing.is_none()) {
        let other = part.read_as(equal);
        let mut told = Answer {
            values: Vec::new(),
            ..answer.clone()
        };
        fill(&mut told, handout, material, found, &other);
        let hits = other.of.as_ref().and_then(|of| handout.thing(of.get_ref()));
        let hits = hits.and_then(|thing| found.hits(thing));
        let Some(hit) = hits.and_then(|hits| hits.rows.first()) else {
            continue;
        };
        let known = |e: &Equal| e.values == told.values;
        if told.missing.is_some() || told.values == answer.values || answer.equals.iter().any(known)
        {
            continue;
        }
        let say = tell(material, hit, &equal.say);
        answer
            .reason
            .push_str(&format!("; {} is right as well: {say}", told.text));
        answer.equals.push(Equal {
            values: told.values,
            text: told.text,
            say,
        });
    }
}

fn fill(answer: &mut Answer, handout: &Handout, material: &Material, found: &Found, part: &Part) {
    let kind = *part.kind.get_ref();
    for name in &part.evidence {
        let hits = handout.thing(name.get_ref()).and_then(|t| found.hits(t));
        for hit in hits.iter().flat_map(|h| &h.rows) {
            add(answer, material, hit.file, hit.frame, "");
        }
    }
    if kind == Type::Prose {
        answer.text.clone_from(&part.model);
        answer.reason = "prose: a person decides; the model answer and its ideas are given".into();
        return;
    }
    if let Some(constant) = &part.value {
        answer.values = units::settle(part, &[], constants(constant));
        answer.text = shown(part, &answer.values);
        answer.reason = part.because.clone().unwrap_or_default();
        return;
    }
    let Some(thing) = part.of.as_ref().and_then(|of| handout.thing(of.get_ref())) else {
        return;
    };
    let hits = match found.things.get(thing) {
        Some(Ok(hits)) => hits,
        Some(Err(missing)) => {
            // That there is none can be the answer.
            if matches!(
                part.over.as_ref().map(|o| *o.get_ref()),
                Some(Over::Count | Over::Different)
            ) && !material.files.is_empty()
                && !missing.text.contains("which is missing")
            {
                answer.values = vec![mapped(part, Datum::number(0))];
                answer.text = shown(part, &answer.values);
                answer.reason = missing.text.clone();
                return;
            }
            answer.evidence.clear();
            answer.missing = Some(missing.text.clone());
            return;
        }
        None => return,
    };
    let what = &handout.things[thing].what;
    let counted = part.over.as_ref().map(|o| *o.get_ref()) == Some(Over::Count);
    if hits.incomplete || hits.more > 0 && !counted {
        answer.evidence.clear();
        answer.missing = Some(match hits.partly {
            true => format!(
                "{what}: only the first {COMPARED} packets of each capture are compared, so this cannot be told"
            ),
            false => format!(
                "{what}: too many frames come into question to keep them all; a narrower filter can be answered"
            ),
        });
        return;
    }
    let mut read: Vec<(&Hit, Reading)> = Vec::new();
    let terms = hits.rows.first().map(|hit| Terms::new(hit, part));
    for hit in &hits.rows {
        let reading = terms.as_ref().map(|terms| terms.take(hit, kind));
        read.push((hit, reading.unwrap_or_default()));
    }
    if hits.several {
        let mut texts: Vec<String> = read.iter().map(|(_, r)| shown(part, &r.values)).collect();
        texts.dedup();
        if texts.len() > 1 {
            // Each value once, where it stands first.
            let mut firsts: Vec<(String, &Hit, usize)> = Vec::new();
            for (hit, reading) in &read {
                let text = shown(part, &reading.values);
                match firsts.iter_mut().find(|known| known.0 == text) {
                    Some((_, _, others)) => *others += 1,
                    None => firsts.push((text, hit, 0)),
                }
            }
            answer
                .candidates
                .extend(firsts.iter().map(|(text, hit, others)| {
                    let file = &material.files[hit.file].name;
                    let more = match others {
                        0 => String::new(),
                        others => format!(", and {others} more"),
                    };
                    format!("{text} (frame {} of {file}{more})", hit.frame)
                }));
            answer.evidence.clear();
            answer.missing = Some(format!(
                "there are several of {what}, and nothing in the capture says which one is meant: {}",
                answer.candidates.join("; ")
            ));
            return;
        }
        read.truncate(1);
    }
    let over = part.over.as_ref().map(|o| *o.get_ref());
    let mut all = Vec::new();
    for (hit, reading) in &read {
        if reading.values.is_empty() && over != Some(Over::Count) {
            continue;
        }
        all.extend(reading.values.iter().cloned());
        let field = reading.fields.join(", ");
        for frame in &reading.frames {
            add(answer, material, hit.file, *frame, &field);
        }
        if let Some((capture, frame)) = hit.second {
            add(answer, material, capture, frame, &field);
        }
    }
    let fields: Vec<String> = read
        .iter()
        .flat_map(|(_, r)| r.fields.iter().cloned())
        .collect();
    let all = units::settle(part, &fields, all);
    let values = match over {
        Some(Over::Count) => {
            let kept = i128::try_from(read.len()).unwrap_or(0);
            vec![Datum::number(kept + i128::from(hits.more))]
        }
        Some(over) => reduce(over, all),
        None => all,
    };
    let values: Vec<Datum> = values.into_iter().map(|v| mapped(part, v)).collect();
    let first = read.first().map(|(hit, reading)| (*hit, reading));
    if values.is_empty() {
        let why = first.and_then(|(_, r)| r.why.clone());
        let why = why.unwrap_or_else(|| "the capture does not show it".to_owned());
        answer.evidence.clear();
        answer.missing = Some(format!("{}: {why}", sentence_of(material, first, what)));
        return;
    }
    // What a map does not say is not guessed.
    if let (Type::YesNo, Some(Datum::Text(word))) = (kind, values.first()) {
        answer.missing = Some(format!(
            "{}: it is `{word}`, and `map` does not say whether that means yes or no",
            sentence_of(material, first, what)
        ));
        return;
    }
    answer.text = shown(part, &values);
    answer.values = values;
    let doubt = declared(handout, material, found, part)
        .or_else(|| incomplete(&read, over, &answer.values))
        .or_else(|| untimed(&read, material, &answer.values));
    if let Some(doubt) = doubt {
        answer.missing = Some(match doubt {
            Doubt::Least(why) => format!("at least {}: {why}", answer.text),
            Doubt::Other(why) => format!("{why}; what is there: {}", answer.text),
        });
        answer.candidates = vec![std::mem::take(&mut answer.text)];
        answer.values.clear();
        return;
    }
    let mut reason = sentence_of(material, first, what);
    if let Some((_, reading)) = first
        && !reading.fields.is_empty()
    {
        reason.push_str(&format!("; read from {}", reading.fields.join(", ")));
    }
    if let Some(because) = &part.because
        && let Some((hit, _)) = first
    {
        reason.push_str("; ");
        reason.push_str(&tell(material, hit, because));
    }
    let mut files: Vec<usize> = read.iter().map(|(hit, _)| hit.file).collect();
    files.dedup();
    if over.is_some() && files.len() > 1 {
        reason.push_str(&format!("; over {} captures together", files.len()));
    }
    if !hits.say.is_empty() {
        reason.push_str("; ");
        reason.push_str(&hits.say);
    }
    if hits.equals > 1 {
        reason.push_str(&format!("; one of {} that are equally good", hits.equals));
    }
    answer.reason = reason;
}

/// Why what was read may not be the answer.
enum Doubt {
    /// It is the least.
    Least(String),
    Other(String),
}

/// A doubt that the handout names.
fn declared(handout: &Handout, material: &Material, found: &Found, part: &Part) -> Option<Doubt> {
    part.doubt.iter().find_map(|doubt| {
        let thing = handout.thing(doubt.of.get_ref())?;
        let mut rows = found.hits(thing)?.rows.iter();
        let hit = rows.find(|hit| hit.passes(doubt.filter.get_ref()))?;
        Some(Doubt::Other(tell(material, hit, &doubt.say)))
    })
}

/// That a value is not all of it; how many there are needs none of them.
fn incomplete(read: &[(&Hit, Reading)], over: Option<Over>, values: &[Datum]) -> Option<Doubt> {
    if over == Some(Over::Count) {
        return None;
    }
    let doubtful = read.iter().find(|(_, reading)| !reading.doubts.is_empty());
    let (_, reading) = doubtful?;
    let why = reading.doubts.first()?.clone();
    let plain = reading.fields.len() == 1 && over.is_none();
    Some(match values {
        [Datum::Number { .. }] if plain => Doubt::Least(why),
        _ => Doubt::Other(why),
    })
}

/// A span shorter than this many nanoseconds is not known to a tenth where times are whole seconds.
const LONG: i64 = 10_000_000_000;

/// That a time was read from a clock that does not tell it.
fn untimed(read: &[(&Hit, Reading)], material: &Material, values: &[Datum]) -> Option<Doubt> {
    let short = |value: &Datum| matches!(value, Datum::Duration(n) if n.abs() < LONG);
    if !values.iter().any(short) {
        return None;
    }
    let mut files = read
        .iter()
        .filter_map(|(hit, _)| material.files.get(hit.file));
    let (file, why) = files.find_map(|file| match file.analysis.capture.resolution {
        Resolution::Fine => None,
        Resolution::Still => Some((file, "have the same time: how long it took cannot be told")),
        Resolution::Seconds => Some((
            file,
            "have times of whole seconds: each may be up to a second more or less",
        )),
    })?;
    Some(Doubt::Other(format!("all frames of {} {why}", file.name)))
}

fn sentence_of(material: &Material, first: Option<(&Hit, &Reading)>, what: &str) -> String {
    match first {
        Some((hit, _)) if hit.frame == 0 => {
            format!("{what} is in {}", material.files[hit.file].name)
        }
        Some((hit, reading)) => {
            let file = &material.files[hit.file].name;
            let frame = match &hit.body {
                Body::Frame(_) => hit.frame,
                Body::Fact(..) => reading.frames.first().copied().unwrap_or(hit.frame),
            };
            match &hit.body {
                Body::Frame(_) => format!("frame {frame} of {file} is {what}"),
                Body::Fact(..) => format!("{what} is in {file}, see frame {frame}"),
            }
        }
        None => format!("of {what}"),
    }
}

/// Frames that are named as evidence of one answer; of a count of many, the first.
const MOST_EVIDENCE: usize = 1000;

fn add(answer: &mut Answer, material: &Material, capture: usize, frame: u32, field: &str) {
    let known = |e: &Evidence| e.capture == capture && e.frame == frame;
    let full = answer.evidence.len() >= MOST_EVIDENCE;
    if full || frame == 0 || answer.evidence.iter().any(known) {
        return;
    }
    answer.evidence.push(Evidence {
        capture,
        file: material.files[capture].name.clone(),
        frame,
        field: field.to_owned(),
    });
}

/// What a part takes of each thing.
struct Terms {
    terms: Vec<Option<Term>>,
    or_take: Vec<Option<Term>>,
    /// Every value of a field that has several counts.
    all: bool,
}

impl Terms {
    /// Those for things of the table that this one is of.
    fn new(hit: &Hit, part: &Part) -> Terms {
        let texts: Vec<&str> = match part.take.as_ref().map(toml::Spanned::get_ref) {
            None => vec!["frame.number"],
            Some(Take::One(term)) => vec![term],
            Some(Take::Several(several)) => several.iter().map(String::as_str).collect(),
        };
        let read = |text: &str| Term::new(hit.table(), text);
        Terms {
            terms: texts.into_iter().map(read).collect(),
            or_take: part.or_take.iter().map(|t| read(t.get_ref())).collect(),
            all: part.over.as_ref().map(|o| *o.get_ref()) == Some(Over::Different),
        }
    }

    fn take(&self, hit: &Hit, kind: Type) -> Reading {
        let read = |term: &Option<Term>| {
            term.as_ref()
                .map_or_else(Reading::default, |t| hit.values(t))
        };
        let mut reading = Reading::default();
        for term in &self.terms {
            let mut one = read(term);
            for other in &self.or_take {
                if one.values.is_empty() {
                    one = read(other);
                }
            }
            if !matches!(kind, Type::Set | Type::List | Type::Frames) && !self.all {
                one.values.truncate(1);
            }
            // A fact that is only counted is proved by its first frame.
            if term.is_none() {
                one.frames.push(hit.frame);
            }
            // Of several values each must be there.
            if one.values.is_empty() && self.terms.len() > 1 {
                return one;
            }
            reading.values.extend(one.values);
            reading.frames.extend(one.frames);
            for field in one.fields {
                if !reading.fields.contains(&field) {
                    reading.fields.push(field);
                }
            }
            reading.why = reading.why.or(one.why);
            reading.doubts.extend(one.doubts);
        }
        reading
    }
}

fn mapped(part: &Part, value: Datum) -> Datum {
    match part.map.get(&value.to_string()).or_else(|| {
        // Any other number.
        let nonzero = value.as_float().is_some_and(|f| f != 0.0);
        nonzero.then(|| part.map.get("more")).flatten()
    }) {
        Some(text) if matches!(text.as_str(), "yes" | "no") => Datum::YesNo(text == "yes"),
        Some(text) => Datum::Text(text.clone()),
        None => value,
    }
}

/// The values as they are told.
fn shown(part: &Part, values: &[Datum]) -> String {
    let kind = *part.kind.get_ref();
    let plain = match values {
        [Datum::Duration(n)] if kind == Type::Duration => units::told(part, *n),
        values => value::print(kind, values),
    };
    let name = match (&part.names, values.first()) {
        (Some(Names::Known(table)), Some(Datum::Number { value, .. })) => names::table(table)
            .and_then(|entries| entries.iter().find(|e| i128::from(e.0) == *value))
            .map(|entry| entry.1.to_owned()),
        _ => None,
    };
    let name = name.unwrap_or_else(|| plain.clone());
    match &part.show {
        Some(show) => show.replace("{name}", &name).replace("{value}", &plain),
        None => match &part.unit {
            _ if kind == Type::Enum => name,
            _ => plain,
        },
    }
}

/// Values written in the handout.
pub fn constants(value: &toml::Value) -> Vec<Datum> {
    match value {
        toml::Value::Array(list) => list.iter().flat_map(constants).collect(),
        toml::Value::Integer(n) => vec![Datum::number(*n)],
        toml::Value::Float(f) => vec![Datum::Float(*f)],
        toml::Value::Boolean(b) => vec![Datum::YesNo(*b)],
        other => {
            let text = other.as_str().map_or(other.to_string(), str::to_owned);
            vec![match (text.parse(), super::value::mac(&text)) {
                (Ok(ip), _) => Datum::Ip(ip),
                (_, Some(mac)) => Datum::Mac(mac),
                _ => Datum::Text(text),
            }]
        }
    }
}
