//! One student: what was handed in, read against the key of the student's own captures.

use super::assign::assign;
use super::claim::{Claim, Claimed, Class, class};
use super::compare::{Outcome, Verdict, compare, same, told};
use super::diagnose;
use super::extract::extract;
use super::numbering::{Numbering, Segment};
use super::piece::Piece;
use super::prints::{self, Prints};
use super::prose;
use super::report::{self, Block};
use super::stray;
use super::submission::{Content, File, Submission};
use super::token::Unit;
use crate::capture::{OpenError, Reader};
use crate::handout::format::{Part, Question, Type};
use crate::handout::{Answer, Found, Handout, Material, answers};
use std::io::Cursor;

/// A student's marks.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Marks {
    /// The student.
    pub student: String,
    /// Every part, in the order of the handout.
    pub parts: Vec<Mark>,
    /// Captures of the handout: whether each is there.
    pub captures: Vec<CaptureMark>,
    /// What could not be read, and what is remarkable.
    pub remarks: Vec<String>,
    /// What tells the packets of each capture from those of others.
    pub prints: Vec<Prints>,
    /// Addresses, hardware addresses and host names in the captures.
    pub seen: Vec<String>,
    /// The number that a learning management system gave, and which system.
    pub owner: Option<(String, super::layout::Source)>,
    /// What a person should look at: clocks that do not fit, captures that were edited. For the
    /// teacher alone.
    pub evidence: Vec<String>,
}

/// A capture that the handout asks for.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct CaptureMark {
    /// Its name in the handout.
    pub id: String,
    /// The file it was found in.
    pub file: Option<String>,
    /// When its first and last frames were captured, in nanoseconds.
    pub times: Option<(i64, i64)>,
    /// What is missing.
    pub missing: String,
    /// Points.
    pub points: f64,
    /// Out of.
    pub of: f64,
}

/// The mark of one part.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Mark {
    /// The question.
    pub question: String,
    /// The whole name of the part.
    pub part: String,
    /// What the student wrote.
    pub answer: String,
    /// The value that was read from it, in one notation.
    pub claim: String,
    /// The key, or the model answer.
    pub key: String,
    /// The verdict and its reason.
    pub outcome: Outcome,
    /// The frames that prove the key.
    pub frames: String,
    /// How to see them in Wireshark.
    pub filter: String,
    /// Points given; of parts for review, the suggestion.
    pub points: f64,
    /// Out of.
    pub of: f64,
    /// What only the teacher is told: whose value it is instead.
    pub note: String,
}

impl Marks {
    /// Points given for good.
    pub fn points(&self) -> f64 {
        let settled = |m: &&Mark| m.outcome.verdict != Verdict::Review;
        self.parts
            .iter()
            .filter(settled)
            .map(|m| m.points)
            .sum::<f64>()
            + self.captures.iter().map(|c| c.points).sum::<f64>()
    }

    /// Points that a person has to decide about.
    pub fn open(&self) -> f64 {
        let open = |m: &&Mark| m.outcome.verdict == Verdict::Review;
        // A sum of nothing is -0.0 in Rust.
        self.parts.iter().filter(open).map(|m| m.of).sum::<f64>() + 0.0
    }

    /// Points there are.
    pub fn of(&self) -> f64 {
        self.parts.iter().map(|m| m.of).sum::<f64>()
            + self.captures.iter().map(|c| c.of).sum::<f64>()
    }
}

/// Grades one submission.
pub fn grade(handout: &Handout, numbering: &Numbering, submission: &Submission) -> Marks {
    let mut remarks = submission.remarks.clone();
    let mut material = Material::default();
    let mut blocks: Vec<Block> = submission.rows.clone();
    let mut prints: Vec<Prints> = Vec::new();
    let (files, more) = super::submission::unpacked(submission);
    remarks.extend(more);
    for file in &files {
        if let Some(refused) = super::submission::oversized(file) {
            remarks.push(format!("{}: {refused}", file.name));
            continue;
        }
        match &file.content {
            _ if is_capture(file) => {
                material.add(handout, file.name.clone(), || open(file));
                if let Ok(reader) = open(file) {
                    prints.push(prints::read(file.name.clone(), reader));
                }
            }
            content => {
                if !report::is_report(&file.name) {
                    if let Some(what) = super::submission::unreadable(&file.name, content) {
                        remarks.push(format!("{}: {what}", file.name));
                    }
                    continue;
                }
                let read = content
                    .bytes()
                    .and_then(|bytes| report::read(&file.name, &bytes));
                match read {
                    Ok(more) => {
                        blocks.extend(more);
                        blocks.push(Block::Line(String::new()));
                    }
                    Err(error) => remarks.push(format!("{}: {error}", file.name)),
                }
            }
        }
    }
    material.settle();
    for (name, reason) in &material.unreadable {
        remarks.push(format!("{name}: {reason}"));
    }
    for (copy, original) in &material.copies {
        remarks.push(format!("{copy} holds the same frames as {original}"));
    }
    for file in &material.files {
        let ending = &file.analysis.ending;
        if !ending.verdict.is_whole() {
            let reason = ending.reason.as_deref().unwrap_or("it is cut");
            remarks.push(format!("{}: {reason}", file.name));
        }
    }
    let found = Found::new(handout, &material);
    let keys = answers(handout, &material, &found);
    let segments = numbering.segments(&blocks);
    let claims = claims(handout, &keys, &segments);
    let mut parts: Vec<Mark> = Vec::new();
    for (key, claim) in keys.iter().zip(&claims) {
        parts.push(mark(handout, key, claim));
    }
    diagnose::explain(handout, &material, &found, &keys, &claims, &mut parts);
    let captures = capture_marks(handout, &material, &found);
    prints.retain(|p| !material.copies.iter().any(|(copy, _)| *copy == p.file));
    let mut evidence: Vec<String> = prints.iter().flat_map(super::clocks::remarks).collect();
    evidence.extend(super::clocks::programs(&prints));
    Marks {
        student: submission.student.clone(),
        parts,
        captures,
        remarks,
        prints,
        seen: seen(&material),
        owner: submission.owner.clone(),
        evidence,
    }
}

/// Whether a file is a capture, by its first bytes.
pub fn is_capture(file: &File) -> bool {
    match &file.content {
        Content::Path(path) => super::submission::is_capture(path),
        Content::Bytes(bytes) => super::submission::is_capture_bytes(bytes),
    }
}

/// Opens a capture.
pub fn open(file: &File) -> Result<Reader, OpenError> {
    match &file.content {
        Content::Path(path) => Reader::open(path),
        Content::Bytes(bytes) => {
            let input = Cursor::new(bytes.clone());
            Ok(Reader::from_read(file.name.clone(), input))
        }
    }
}

/// Addresses, hardware addresses and host names in the captures, in one notation each.
fn seen(material: &Material) -> Vec<String> {
    const MOST: usize = 2000;
    let mut out = std::collections::BTreeSet::new();
    for file in &material.files {
        let facts = &file.analysis.facts;
        out.extend(facts.hosts.iter().take(MOST).map(|h| h.address.to_string()));
        out.extend(
            facts
                .neighbours
                .iter()
                .take(MOST)
                .map(|n| n.mac.to_string()),
        );
        out.extend(facts.hops.iter().take(MOST).map(|h| h.mac.to_string()));
        for lease in facts.leases.iter().take(MOST) {
            out.extend(lease.host_name.iter().map(|n| n.to_lowercase()));
        }
    }
    out.into_iter().collect()
}

/// What a student says of a part: a value, or prose.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// A value.
    pub claim: Option<Claim>,
    /// Prose.
    pub prose: Option<prose::Judgement>,
}

fn claims(handout: &Handout, keys: &[Answer], segments: &[Segment]) -> Vec<Said> {
    let loose_segments: Vec<&Segment> = segments.iter().filter(|s| s.question.is_none()).collect();
    let mut loose: Vec<Piece<'_>> = loose_segments.iter().map(|s| Piece::new(s)).collect();
    let questions = &handout.file.question;
    let merged: Vec<Vec<Segment>> = (0..questions.len())
        .map(|q| {
            let own = segments.iter().filter(|s| s.question == Some(q));
            let keys = keys.iter().filter(|k| k.question == q);
            columns(&questions[q], &keys.collect::<Vec<_>>(), own)
        })
        .collect();
    let of = |q: usize| -> Vec<Piece<'_>> { merged[q].iter().map(Piece::new).collect() };
    let mut pieces: Vec<Vec<Piece<'_>>> = (0..questions.len()).map(of).collect();
    let mut claims: Vec<Vec<Option<Claim>>> =
        questions.iter().map(|q| vec![None; q.part.len()]).collect();
    let own = |q: usize| -> Vec<&Answer> { keys.iter().filter(|k| k.question == q).collect() };
    // What stands under the question's own number.
    for (q, question) in questions.iter().enumerate() {
        extract(question, &own(q), &mut pieces[q], &mut claims[q], false);
    }
    let mut prose: Vec<Vec<Option<prose::Judgement>>> = Vec::new();
    for (q, question) in questions.iter().enumerate() {
        let judged = question.part.iter().map(|part| {
            let is = *part.kind.get_ref() == Type::Prose;
            is.then(|| prose::find(question, part, &pieces[q]))
                .flatten()
        });
        prose.push(judged.collect());
    }
    // What follows it, and what names no question.
    for (q, question) in questions.iter().enumerate() {
        for (piece, segment) in loose.iter_mut().zip(&loose_segments) {
            let follows = segment.after == Some(q);
            if claims[q].iter().any(Option::is_none) && (follows || segment.after.is_none()) {
                let one = std::slice::from_mut(piece);
                let before: Vec<bool> = claims[q].iter().map(Option::is_some).collect();
                let untouched = (one[0].used.clone(), one[0].taken.clone());
                extract(question, &own(q), one, &mut claims[q], !follows);
                // What stands under no number is no mistake in the answer to this one.
                if !follows {
                    keep_fitting(question, &own(q), &before, &mut claims[q], true);
                }
                if before == claims[q].iter().map(Option::is_some).collect::<Vec<_>>() {
                    (one[0].used, one[0].taken) = untouched;
                }
            }
        }
        // A question without a line of its own may be answered within another.
        if pieces[q].is_empty() {
            let group = super::numbering::group(&question.id);
            let near = |o: &usize| {
                super::numbering::group(&questions[*o].id) == group
                    && group.bytes().all(|b| b.is_ascii_digit())
            };
            for other in (0..questions.len()).filter(|o| *o != q) {
                let before: Vec<bool> = claims[q].iter().map(Option::is_some).collect();
                if near(&other) {
                    extract(question, &own(q), &mut pieces[other], &mut claims[q], true);
                } else {
                    // An address in the answer to a question that asks for none is another one's.
                    for kind in [Class::Ip, Class::Mac] {
                        let mut asked = questions[other].part.iter();
                        if !asked.any(|p| class(*p.kind.get_ref()) == kind) {
                            assign(question, kind, &mut pieces[other], &mut claims[q], true);
                        }
                    }
                }
                // What was written for another question counts where it fits; it is no mistake here.
                keep_fitting(question, &own(q), &before, &mut claims[q], false);
                for (at, known) in before.into_iter().enumerate() {
                    if let Some(claim) = claims[q][at].as_mut().filter(|_| !known) {
                        claim.elsewhere = !near(&other) && claim.loose;
                    }
                }
            }
        }
        alike(question, &own(q), &mut claims[q]);
        for (at, claim) in claims[q].iter_mut().enumerate() {
            let (part, key) = (&question.part[at], own(q)[at]);
            if let Some(claim) = claim {
                doubt(part, key, claim, questions[q].part.len() == 1);
            }
        }
    }
    stray::values(handout, keys, &pieces, &loose, &mut claims);
    let mut all: Vec<Said> = Vec::new();
    for (claims, prose) in claims.into_iter().zip(prose) {
        for (claim, prose) in claims.into_iter().zip(prose) {
            all.push(Said { claim, prose });
        }
    }
    let fronts: Vec<bool> = loose_segments.iter().map(|s| s.front).collect();
    stray::prose(handout, &loose, &fronts, &mut all);
    stray::unnumbered(handout, segments, &loose, &mut all);
    all
}

/// Takes back the new claims that are not the key, unless one of them is: then the text is of this
/// question.
fn keep_fitting(
    question: &Question,
    keys: &[&Answer],
    before: &[bool],
    claims: &mut [Option<Claim>],
    one: bool,
) {
    let fits = |at: usize, claim: &Claim| {
        let (part, key) = (&question.part[at], keys[at]);
        same(part, &key.values, &key.text, &claim.value)
    };
    let new = |at: &usize| !before[*at];
    let any = (0..claims.len())
        .filter(new)
        .any(|at| claims[at].as_ref().is_some_and(|c| fits(at, c)));
    for at in (0..claims.len()).filter(new).filter(|_| !(one && any)) {
        claims[at] = claims[at].take().filter(|c| fits(at, c));
    }
}

/// A value that no label stands by is wrong only where no other could be meant. Where the right value
/// stands beside it and nothing else claims that, it is the one.
fn doubt(part: &Part, key: &Answer, claim: &mut Claim, alone: bool) {
    let fits = |value: &Claimed| same(part, &key.values, &key.text, value);
    if fits(&claim.value) || key.missing.is_some() {
        return;
    }
    let mut others = claim.others.iter().filter(|(value, _)| fits(value));
    if !claim.loose {
        // Wireshark's relative number stands above the raw one.
        let relative = *part.kind.get_ref() == Type::Int
            && (claim.value == Claimed::Number(0.0, Unit::None)
                || claim.value == Claimed::Number(1.0, Unit::None));
        if let Some((value, _)) = others.next().filter(|_| relative) {
            claim.value = value.clone();
        }
        claim.unplain = second_of_two(&claim.text, &key.text);
        return;
    }
    if let (Type::Ports, Claimed::Ports(a, b)) = (part.kind.get_ref(), &claim.value) {
        let told = |n: &i128| *a == Some(*n) || *b == Some(*n);
        let key: Vec<i128> = key
            .values
            .iter()
            .filter_map(super::compare::whole)
            .collect();
        claim.unplain = key.iter().all(told);
        return;
    }
    let single = !alone && claim.conflict.is_none();
    match others.clone().find(|(_, elsewhere)| !elsewhere) {
        Some((value, _)) if single => claim.value = value.clone(),
        _ => claim.unplain = others.next().is_some(),
    }
}

/// Whether a label is followed by two ends of which this is the second: `connection: A to B`. The
/// label is of both.
fn second_of_two(text: &str, value: &str) -> bool {
    let Some((before, _)) = text.split_once(value).filter(|_| !value.is_empty()) else {
        return false;
    };
    let before = before.trim_end();
    let mut links = ["to", "->", "→", "=>"].iter();
    let first = links.find_map(|link| before.strip_suffix(link));
    let first = first.and_then(|first| first.trim_end().rsplit_once(": "));
    first.is_some_and(|(_, end)| !end.is_empty() && !end.contains(char::is_whitespace))
}

/// The pieces of a question; items of a list that stand in lines of their own are one piece.
fn columns<'s>(
    question: &Question,
    keys: &[&Answer],
    pieces: impl Iterator<Item = &'s Segment>,
) -> Vec<Segment> {
    let bare = |text: &str| -> String {
        let text = text.trim().trim_start_matches(|c: char| {
            c.is_whitespace() || matches!(c, '-' | '*' | '•' | '>' | '.' | ')')
        });
        let text = text.trim_matches(['"', '\'', '“', '”', '`', '.', '!', ',']);
        text.to_lowercase()
    };
    let items: Vec<String> = question
        .part
        .iter()
        .zip(keys)
        .filter(|(part, _)| *part.kind.get_ref() == Type::List)
        .flat_map(|(_, key)| key.values.iter().map(|v| bare(&v.to_string())))
        .collect();
    let mut out: Vec<Segment> = Vec::new();
    let mut open = false;
    for piece in pieces {
        let text = bare(&piece.text);
        let listed = !items.is_empty()
            && piece.hint.is_empty()
            && (items.contains(&text) || open && !text.contains(' ') && text.len() < 20);
        match out.last_mut() {
            Some(last) if listed && (open || last.text.trim_end().ends_with(':')) => {
                last.text.push_str(if open { ", " } else { " " });
                last.text.push_str(piece.text.trim());
                open = true;
            }
            _ => {
                open = listed;
                out.push(piece.clone());
            }
        }
    }
    out
}

/// A value told once for two parts that mean the same thing.
fn alike(question: &Question, keys: &[&Answer], claims: &mut [Option<Claim>]) {
    for at in 0..question.part.len() {
        if claims[at].is_some() {
            continue;
        }
        for other in &question.part[at].alike {
            let found = question.part.iter().position(|p| p.id == *other);
            if let Some(found) = found
                && let Some(claim) = &claims[found]
                && same(
                    &question.part[at],
                    &keys[at].values,
                    &keys[at].text,
                    &claim.value,
                )
            {
                claims[at] = Some(claim.clone());
                break;
            }
        }
    }
}

fn mark(handout: &Handout, key: &Answer, said: &Said) -> Mark {
    let question = &handout.file.question[key.question];
    let part = &question.part[key.part];
    let outcome = if *part.kind.get_ref() == Type::Prose {
        prose_outcome(said)
    } else {
        compare(part, key, said.claim.as_ref())
    };
    let answer = match (&said.claim, &said.prose) {
        (Some(claim), _) => claim.text.clone(),
        (None, Some(prose)) => prose.text.clone(),
        (None, None) => String::new(),
    };
    Mark {
        question: question.id.clone(),
        part: key.id.clone(),
        answer,
        claim: said
            .claim
            .as_ref()
            .map_or(String::new(), |c| told(&c.value)),
        key: key.text.clone(),
        points: part.points * outcome.share,
        of: part.points,
        outcome,
        frames: key.frames(),
        filter: filter(key),
        note: String::new(),
    }
}

fn prose_outcome(said: &Said) -> Outcome {
    let Some(prose) = &said.prose else {
        return Outcome {
            verdict: Verdict::Missing,
            reason: "nothing is written for this part".into(),
            share: 0.0,
        };
    };
    let mut reason = "prose is for a person to judge".to_owned();
    let word = if prose.share >= 1.0 {
        "right"
    } else if prose.share > 0.0 {
        "partly"
    } else {
        "wrong"
    };
    reason.push_str(&format!("; suggested: {word}"));
    if !prose.ideas.is_empty() {
        reason.push_str(&format!("; it has: {}", prose.ideas.join(", ")));
    }
    for (mistake, say) in &prose.mistakes {
        reason.push_str(&format!("; doubtful: {mistake}. {say}"));
    }
    Outcome {
        verdict: Verdict::Review,
        reason,
        share: prose.share,
    }
}

/// A display filter that shows the frames.
fn filter(key: &Answer) -> String {
    let mut frames: Vec<String> = Vec::new();
    let first = key.evidence.first().map(|e| e.capture);
    for evidence in key.evidence.iter().filter(|e| Some(e.capture) == first) {
        frames.push(evidence.frame.to_string());
    }
    match frames.as_slice() {
        [] => String::new(),
        [one] => format!("frame.number == {one}"),
        several => format!("frame.number in {{{}}}", several.join(", ")),
    }
}

fn capture_marks(handout: &Handout, material: &Material, found: &Found) -> Vec<CaptureMark> {
    handout
        .file
        .capture
        .iter()
        .map(|slot| {
            let mut file = None;
            let mut missing = Vec::new();
            let mut held = 0usize;
            for name in &slot.holds {
                match handout
                    .thing(name.get_ref())
                    .and_then(|t| found.things.get(t))
                {
                    Some(Ok(hits)) => {
                        held += 1;
                        let first = hits
                            .rows
                            .first()
                            .map(|h| material.files[h.file].name.clone());
                        file = file.or(first);
                    }
                    Some(Err(why)) => missing.push(why.text.clone()),
                    None => {}
                }
            }
            #[expect(clippy::cast_precision_loss, reason = "a handful of requirements")]
            let share = held as f64 / slot.holds.len().max(1) as f64;
            let times = file.as_ref().and_then(|name: &String| {
                let loaded = material.files.iter().find(|f| f.name == *name)?;
                let times = loaded.prints.iter().map(|p| p.time);
                Some((times.clone().min()?, times.max()?))
            });
            CaptureMark {
                times,
                id: slot.id.clone(),
                file,
                missing: missing.join("; "),
                points: slot.points * share,
                of: slot.points,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::second_of_two;

    #[test]
    fn two_ends_after_a_label() {
        let value = "93.184.216.34";
        assert!(second_of_two(
            "origin: 10.0.2.4:459 to 93.184.216.34:80",
            value
        ));
        assert!(!second_of_two("origin: 93.184.216.34 to 10.0.2.4", value));
        assert!(!second_of_two("it goes to 93.184.216.34", value));
        assert!(!second_of_two(
            "origin: 10.0.2.4, sent to 93.184.216.34",
            value
        ));
    }
}
