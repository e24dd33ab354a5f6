//! Rows of tables: which cell names the question, and which answers it.

use super::{Draft, Numbering, PICTURE, Target};
use crate::grade::report;

impl Numbering {
    /// The headings of a table, if its first row is no answer.
    pub(super) fn heads(&self, cells: &[String], now: Option<&Target>) -> Option<Vec<String>> {
        let plain = |c: &String| {
            let words = c.split_whitespace().count();
            words > 0 && words < 4 && !c.contains(|c: char| c.is_ascii_digit())
        };
        let first = cells.first()?;
        let question = self
            .label(first, now)
            .0
            .is_some_and(|t| matches!(t, Target::Question(_)));
        let all = cells.len() > 2 && cells.iter().all(plain) && !question;
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

    /// A row of a table with headings: the answer's cell, or each cell behind its heading.
    pub(super) fn record(
        &self,
        heads: &[String],
        cells: &[String],
        now: &Option<Target>,
        out: &mut Vec<Draft>,
    ) {
        let proves = |head: &String| {
            let words = ["evidence", "frame", "proof", "file", "where", "packet"];
            words.iter().any(|w| head.contains(w))
        };
        if let Some(answer) = heads.iter().position(|h| report::is_answer(h)) {
            let mut row: Vec<String> = Vec::new();
            let mut remarks: Vec<&String> = Vec::new();
            for (at, cell) in cells.iter().enumerate() {
                if at > answer && answer > 0 && !proves(&heads[at]) {
                    remarks.push(cell);
                } else if at != answer && !proves(&heads[at]) {
                    row.push(cell.clone());
                }
            }
            let names = row.clone();
            row.push(cells[answer].clone());
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
                let frame = head.contains("frame") || head.contains("packet");
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
        let named = matches!(target, Some(Target::Question(_)));
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
        let (target, lead, rest) = match now {
            Some(Target::Question(_)) if number => (None, String::new(), head.as_str()),
            _ => self.label(&head, now.as_ref()),
        };
        let hint = format!("{lead} {rest}").trim().to_lowercase();
        let target = target.or_else(|| now.clone());
        out.push(Draft::new(target, None, hint, &text));
    }
}
