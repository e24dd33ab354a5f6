//! Several frames in order, such as those of a handshake.

use super::claim::{Claim, Claimed};
use super::piece::Piece;
use super::token::{Kind, Unit, hedged};
use crate::handout::format::Part;

/// Words that may stand between the frames of a handshake.
const BETWEEN: &[&str] = &[
    "and", "et", "und", "syn", "ack", "synack", "frame", "frames", "packet", "packets", "no", "in",
    "is", "the", "to", "through", "s", "sa", "a", "number", "nr",
];

/// Several frames: a run of numbers without other words between.
pub fn claim(part: &Part, pieces: &mut [Piece<'_>], only_labelled: bool) -> Option<Claim> {
    // Frames count from one, offsets and the like from zero.
    let least = i128::from(part.tells_frames());
    for piece in pieces.iter_mut() {
        let numbers: Vec<usize> = (0..piece.tokens.len())
            .filter(|t| {
                let token = &piece.tokens[*t];
                let all = token.list().unwrap_or_default();
                let fits = |n: &i128| (least..100_000).contains(n);
                let sized = least == 0 && token.unit == Unit::Bytes;
                let bare = (token.unit == Unit::None || sized) && !token.bracket;
                bare && !all.is_empty() && all.iter().all(fits)
            })
            // `Three frames: …` and `3 packets` count them.
            .filter(|t| {
                let span = &piece.tokens[*t].span;
                let after = piece.lower[span.end..].trim_start();
                let counts = ["frames", "packets", "segments", "trames"];
                piece.text[span.start..].starts_with(|c: char| c.is_ascii_digit())
                    && !counts.iter().any(|w| after.starts_with(w))
            })
            .collect();
        let mut best: Vec<usize> = Vec::new();
        let mut marked = false;
        let mut run: Vec<usize> = Vec::new();
        for t in &numbers {
            let token = &piece.tokens[*t];
            let joined = run.last().is_some_and(|last| {
                let gap = &piece.lower[piece.tokens[*last].span.end..token.span.start];
                let bare = strip_brackets(gap).replace("no. ", "no ");
                bare.chars().all(|c| !c.is_alphabetic()) && !bare.contains(['.', ';', '\n'])
                    || bare
                        .split(|c: char| !c.is_alphanumeric())
                        .filter(|w| !w.is_empty())
                        .all(|w| BETWEEN.contains(&w))
                        && !bare.contains(['.', ';', '\n'])
            });
            if !joined {
                run = Vec::new();
            }
            run.push(*t);
            let first = &piece.tokens[run[0]];
            let before = &piece.lower[..first.span.start];
            // `Frame` alone says of what sort they are, not which.
            let labelled = part.labels.iter().map(|l| l.to_lowercase()).any(|l| {
                !matches!(l.as_str(), "frame" | "frames" | "packet" | "packets")
                    && (before.contains(&l) || piece.hint.contains(&l))
            });
            // `SYN=3, SYN+ACK=4, ACK=5` is a handshake.
            let last = &piece.tokens[*run.last().unwrap_or(t)];
            let shook = run.len() > 1
                && before
                    .trim_end_matches(['=', ':', ' ', '('])
                    .ends_with("syn")
                && piece.lower[first.span.end..last.span.start].contains("ack");
            let announced = first.frame
                || piece.slot.is_some()
                || shook
                || part
                    .labels
                    .iter()
                    .any(|l| before.contains(&l.to_lowercase()))
                || part
                    .labels
                    .iter()
                    .any(|l| piece.hint.contains(&l.to_lowercase()));
            let begins = before.trim().is_empty()
                && matches!(first.kind, Kind::Number(n) if n < 10_000)
                || piece.slot.is_some();
            if (announced && first.frame || shook || begins || announced && run.len() > 1)
                && (run.len() > best.len() && (run.len() > 1 || first.frame || begins))
                && (!only_labelled || labelled)
            {
                best.clone_from(&run);
                marked = true;
            }
        }
        if !marked {
            continue;
        }
        let mut values = Vec::new();
        let mut last: Option<usize> = None;
        for t in &best {
            let token = &piece.tokens[*t];
            let Some(all) = token.list() else {
                continue;
            };
            let Some(n) = all.first().copied() else {
                continue;
            };
            // A range.
            if let (Some(end), Some(from)) = (last, values.last().copied()) {
                let gap = piece.lower[end..token.span.start].trim();
                if matches!(gap, "-" | "–" | "to" | "..") && n > from && n - from < 20 {
                    values.extend(from + 1..n);
                }
            }
            values.extend(all);
            last = Some(token.span.end);
        }
        for t in &best {
            piece.used[*t] = true;
        }
        let at = piece.tokens[best[0]].span.start;
        let text = piece.quote(at);
        return Some(Claim {
            value: Claimed::Numbers(values),
            hedged: hedged(&text),
            text,
            loose: true,
            others: vec![(Claimed::Numbers(all(pieces)), false)],
            ..Claim::default()
        });
    }
    None
}

/// All numbers that are said to be frames, each once, in their order.
fn all(pieces: &[Piece<'_>]) -> Vec<i128> {
    let mut out = Vec::new();
    for token in pieces.iter().flat_map(|p| &p.tokens).filter(|t| t.frame) {
        match token.kind {
            Kind::Number(n) if !out.contains(&n) => out.push(n),
            _ => {}
        }
    }
    out
}

/// A text without what stands in brackets.
fn strip_brackets(text: &str) -> String {
    let mut depth = 0usize;
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}
