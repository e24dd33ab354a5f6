//! One student: what was handed in, read against the key of the student's own captures.

use super::compare::{Outcome, Verdict, compare, told};
use super::judge::{Judged, judge};
use super::left;
use super::numbering::Numbering;
use super::piece::find_label;
use super::prints::{self, Prints};
use super::reading::Said;
use super::report::{self, Block};
use super::student_view;
use super::submission::{Content, File, Submission, kind};
use crate::capture::{OpenError, Reader};
use crate::handout::format::Type;
use crate::handout::{Answer, Found, Handout, Material};
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
    /// The reason as students are told it, without the key.
    pub told: String,
    /// The answer is a place in the report that was found because the key stands there.
    pub sought: bool,
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
    let mut unread: Vec<String> = Vec::new();
    let mut pictures: Vec<String> = Vec::new();
    let (files, more) = super::submission::unpacked(submission);
    remarks.extend(more);
    for file in &files {
        if let Some(refused) = kind::oversized(file) {
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
                    if let Some(what) = kind::unreadable(&file.name, content) {
                        remarks.push(format!("{}: {what}", file.name));
                        if kind::can_answer(&file.name) {
                            unread.push(file.name.clone());
                        } else if kind::is_picture(&file.name) {
                            pictures.push(file.name.clone());
                        }
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
                    Err(error) => {
                        remarks.push(format!("{}: {error}", file.name));
                        unread.push(file.name.clone());
                    }
                }
            }
        }
    }
    let pointing = report::pointing(&blocks);
    if !pointing.is_empty() {
        unread.extend(pictures);
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
    let judged = judge(handout, &material, &numbering.segments(&blocks));
    let Judged {
        found,
        keys,
        mut parts,
        ..
    } = judged;
    for (mark, key) in parts.iter_mut().zip(&keys) {
        let part = &handout.file.question[key.question].part[key.part];
        let named = |line: &String| {
            let mut names = left::names_of(part);
            names.any(|l| find_label(line, &l, 0).is_some_and(|(at, _)| at < 12))
        };
        if pointing.iter().any(named) {
            left_open(mark, "the picture that the report points at");
        }
        if !unread.is_empty() {
            left_open(mark, &unread.join(", "));
        }
    }
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

/// What is missing may stand in a file that was not read: a person looks.
fn left_open(mark: &mut Mark, unread: &str) {
    if mark.outcome.verdict == Verdict::Missing {
        mark.outcome.verdict = Verdict::Review;
        mark.outcome.reason = format!("nothing was found for this part, but {unread} was not read");
    }
}

/// Whether a file is a capture, by its first bytes.
pub fn is_capture(file: &File) -> bool {
    match &file.content {
        Content::Path(path) => kind::is_capture(path),
        Content::Bytes(bytes) => kind::is_capture_bytes(bytes),
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

/// The mark of one part.
pub fn mark(handout: &Handout, key: &Answer, said: &Said) -> Mark {
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
        told: student_view::told(key, &outcome),
        sought: said.claim.as_ref().is_some_and(|c| c.elsewhere),
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
