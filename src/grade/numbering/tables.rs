//! Rows of tables: which cell names the question, and which answers it.

use super::{Draft, Numbering, PICTURE, Target, runs};
use crate::grade::report::{Block, is_answer};

/// Words for frames, in the languages that headings were met in.
const FRAME: [&str; 7] = [
    "frame",
    "packet",
    "trame",
    "paket",
    "paquete",
    "pacchetto",
    "pakiet",
];

/// What a column of a table holds, by its heading.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Answer,
    /// Where it is seen: frames, files.
    Proof,
    Unit,
    Remark,
    Other,
}

impl Column {
    fn of(head: &str) -> Column {
        const PROOF: [&str; 7] = [
            "pkt", "pcap", "evidence", "proof", "file", "where", "capture",
        ];
        const REMARK: [&str; 8] = [
            "remark", "comment", "note", "bemerk", "anmerk", "why", "reason", "because",
        ];
        if is_answer(head) {
            Column::Answer
        } else if PROOF.iter().chain(&FRAME).any(|w| head.contains(w)) {
            Column::Proof
        } else if REMARK.iter().any(|w| head.contains(w)) {
            Column::Remark
        } else if matches!(head, "unit" | "units" | "einheit" | "unité" | "unità") {
            Column::Unit
        } else {
            Column::Other
        }
    }
}

impl Numbering {
    /// The headings of a table, if its first row is no answer.
    pub(super) fn heads(&self, cells: &[String], now: Option<&Target>) -> Option<Vec<String>> {
        let plain = |c: &String| {
            let words = c
                .split_whitespace()
                .filter(|w| w.contains(char::is_alphanumeric));
            words.count() < 4 && !c.contains(|c: char| c.is_ascii_digit())
        };
        let (first, more) = cells.split_first()?;
        let second = more.first()?;
        let told = more.iter().all(|c| !c.is_empty()) && (more.len() > 1 || is_answer(second));
        let named = matches!(self.label(first, now).0, Some(Target::Question(_)));
        let all = told && cells.iter().all(plain) && !named;
        all.then(|| cells.iter().map(|c| c.to_lowercase()).collect())
    }

    /// The question of a table whose first cell is empty and whose only other one names it.
    pub(super) fn headed(&self, cells: &[String], now: Option<&Target>) -> Option<Target> {
        let mut told = cells.iter().filter(|c| !c.is_empty());
        let (Some(title), None) = (told.next(), told.next()) else {
            return None;
        };
        let (target, hint, rest) = self.label(title, now);
        target.filter(|_| cells.len() > 1 && hint.is_empty() && rest.is_empty())
    }

    /// The question that a table's first row names before headings, and these: the rows below name
    /// none (`T1 | request | reply`).
    pub(super) fn named_heads(
        &self,
        cells: &[String],
        next: &Block,
    ) -> Option<(Target, Vec<String>)> {
        let Block::Row(below) = next else { return None };
        let (first, more) = cells.split_first()?;
        let (target, hint, rest) = self.label(first, None);
        let target = target.filter(|_| hint.is_empty() && rest.is_empty() && more.len() > 1)?;
        let own = below.len() == cells.len() && self.label(&below[0], Some(&target)).0.is_none();
        let heads = self.heads(&[&[String::new()], more].concat(), None)?;
        (own && !below[0].is_empty()).then_some((target, heads))
    }

    /// A row of a table with headings: the answer's cell, or each cell behind its heading.
    pub(super) fn record(
        &self,
        heads: &[String],
        cells: &[String],
        now: &Option<Target>,
        out: &mut Vec<Draft>,
    ) {
        let sorts: Vec<Column> = heads.iter().map(|h| Column::of(h)).collect();
        let place = |sort| sorts.iter().position(|s| *s == sort);
        // A column for each of several things, a row for each of what is told of them.
        if heads[0].is_empty() {
            let (target, hint, rest) = self.label(&cells[0], now.as_ref());
            let target = target.or_else(|| now.clone());
            for (head, cell) in heads.iter().zip(cells).skip(1) {
                let hint = format!("{hint} {rest} {head}");
                out.push(Draft::new(
                    target.clone(),
                    None,
                    hint.trim().to_lowercase(),
                    cell,
                ));
            }
            return;
        }
        // What no heading calls the answer is it, if nothing else can be.
        let mut others = (1..sorts.len()).filter(|at| sorts[*at] == Column::Other);
        let first = self.label(&cells[0], now.as_ref()).0;
        let only = match (first, others.next(), others.next()) {
            (Some(Target::Question(_)), Some(only), None) => Some(only),
            _ => None,
        };
        if let Some(answer) = place(Column::Answer).or(only) {
            let mut row: Vec<String> = Vec::new();
            let mut remarks: Vec<&String> = Vec::new();
            let mut unit = "";
            for (at, cell) in cells.iter().enumerate() {
                match sorts[at] {
                    Column::Proof if at > 0 => {}
                    Column::Unit => unit = cell,
                    _ if at > answer && answer > 0 => remarks.push(cell),
                    _ if at != answer => row.push(cell.clone()),
                    _ => {}
                }
            }
            let names = row.clone();
            row.push(format!("{} {unit}", cells[answer]).trim().to_owned());
            let before = out.len();
            self.row(&row, now, out);
            let target = out.get(before).and_then(|d| d.target.clone());
            // What is remarked behind the answer belongs to it.
            for remark in remarks.into_iter().filter(|r| !r.is_empty()) {
                out.push(Draft::new(target.clone(), None, String::new(), remark));
            }
            // Where frames are asked for, those that prove it answer as well.
            let Some(Target::Question(question)) = target else {
                return;
            };
            for (head, cell) in heads.iter().zip(cells) {
                let frame = FRAME.iter().any(|w| head.contains(w));
                if frame && !cell.is_empty() && self.handout[question].frames {
                    let hint = names.join(" ").to_lowercase();
                    let text = format!("frame {cell}");
                    out.push(Draft::new(
                        Some(Target::Question(question)),
                        None,
                        hint,
                        &text,
                    ));
                }
            }
            return;
        }
        let (target, hint, rest) = self.label(&cells[0], now.as_ref());
        // A row for each frame names no question.
        let named = matches!(target, Some(Target::Question(_)));
        let named = named && !FRAME.iter().any(|word| heads[0].contains(word));
        let from = usize::from(named);
        let pairs: Vec<String> = heads[from..]
            .iter()
            .zip(&cells[from..])
            .map(|(head, cell)| format!("{head} {cell}"))
            .collect();
        let hint = if named {
            format!("{hint} {rest}").trim().to_lowercase()
        } else {
            String::new()
        };
        let target = target.filter(|_| named).or_else(|| now.clone());
        out.push(Draft::new(target, None, hint, &pairs.join(", ")));
    }

    /// Whether a text is the question that is named, as the handout asks it.
    fn asks(&self, target: Option<&Target>, text: &str) -> bool {
        let bare = text.trim().to_lowercase();
        let copied = bare.len() > 12 && self.own.iter().any(|own| own.contains(&bare));
        match target {
            Some(Target::Question(question)) if bare.ends_with('?') => {
                copied || self.repeats(*question, &bare, 4)
            }
            Some(_) => copied && bare.split_whitespace().count() > 5,
            None => false,
        }
    }

    pub(super) fn row(&self, cells: &[String], now: &Option<Target>, out: &mut Vec<Draft>) {
        let Some((text, heads)) = cells.split_last() else {
            return;
        };
        let head = heads.join(" ");
        const HEADINGS: [&str; 14] = [
            "question",
            "questions",
            "q",
            "what",
            "option",
            "options",
            "part",
            "no",
            "nr",
            "#",
            "item",
            "field",
            "task",
            "question part",
        ];
        if heads.is_empty() || HEADINGS.contains(&head.trim().to_lowercase().as_str()) {
            return;
        }
        let text = PICTURE.replace_all(text, " ").into_owned();
        // `3` in a table about one question is an option of its, not the third question.
        let number = head.trim().bytes().all(|b| b.is_ascii_digit());
        let (mut target, lead, mut rest) = match now {
            Some(Target::Question(_)) if number => (None, String::new(), head.as_str()),
            _ => self.label(&head, now.as_ref()),
        };
        // `a client port`: in a line, or in a table below a question, it would be a word.
        let (word, more) = head.split_once(' ').unwrap_or((&head, ""));
        if let (None, None, Some(question)) = (now, &target, self.exactly(word)) {
            (target, rest) = (Some(Target::Question(question)), more);
        }
        // `lab2_4_commands`
        let heads = runs(&head.to_lowercase());
        let numbered = |n: &super::Names| n.numbered.iter().any(|own| heads.starts_with(own));
        if let (None, Some(question)) = (&target, self.handout.iter().position(numbered)) {
            target = Some(Target::Question(question));
        }
        // `dhcp 2B router`: the name of a section comes before.
        let mut from = 0;
        while target.is_none()
            && let Some(space) = head[from..].find(' ')
        {
            from += space + 1;
            let (inner, _, more) = self.label(&head[from..], None);
            if let Some(Target::Question(question)) = inner
                && self
                    .ids
                    .iter()
                    .any(|id| id.question == question && !id.rest.is_empty())
            {
                (target, rest) = (inner, more);
            }
        }
        let target = target.or_else(|| now.clone());
        // The question's own words announce no part of it.
        let rest = if self.asks(target.as_ref(), rest) {
            ""
        } else {
            rest
        };
        let hint = format!("{lead} {rest}").trim().to_lowercase();
        out.push(Draft::new(target, None, hint, &text));
    }
}
