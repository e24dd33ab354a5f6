//! Several frames in order, such as those of a handshake.

use super::bounds::{Bound, either, ranges};
use super::claim::{Claim, Claimed};
use super::compare::whole;
use super::piece::Piece;
use super::token::{Kind, Unit, hedged};
use crate::handout::Answer;
use crate::handout::format::Part;

/// Words that may stand between the frames of a handshake.
const BETWEEN: &[&str] = &[
    "and", "et", "und", "syn", "ack", "synack", "frame", "frames", "packet", "packets", "no", "in",
    "is", "the", "to", "through", "s", "sa", "a", "number", "nr", "st", "nd", "rd", "th",
];
/// What frames are counted as: `Three frames: …`, `3 packets`.
const COUNTED: [&str; 7] = [
    "frames",
    "packets",
    "segments",
    "trames",
    "messages",
    "fragments",
    "datagrams",
];
/// Most words that name a frame of a list: `Offer 5, DHCP Request 8`.
const NAMING: usize = 3;

/// Several frames: a run of numbers without other words between.
pub fn claim(
    part: &Part,
    answer: &Answer,
    pieces: &mut [Piece<'_>],
    only_labelled: bool,
) -> Option<Claim> {
    if let Some(claim) = pieces
        .iter_mut()
        .find_map(|piece| named(part, answer, piece))
    {
        return Some(claim);
    }
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
                let bare = bare && !(token.hex && least == 1);
                bare && !all.is_empty() && all.iter().all(fits)
            })
            // `Three frames: …` and `3 packets` count them.
            .filter(|t| {
                let span = &piece.tokens[*t].span;
                let after = piece.lower[span.end..].trim_start();
                piece.text[span.start..].starts_with(|c: char| c.is_ascii_digit())
                    && !COUNTED.iter().any(|w| after.starts_with(w))
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
                ranges(gap)
                    || bare.chars().all(|c| !c.is_alphabetic()) && !bare.contains(['.', ';', '\n'])
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
                let gap = &piece.lower[end..token.span.start];
                let gap = gap.replace("frames", "").replace("frame", "");
                if ranges(&gap) && n > from && n - from < 100 {
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
        let text = match piece.slot {
            Some(_) => piece.text.trim().to_owned(),
            None => piece.quote(at),
        };
        return Some(Claim {
            bound: first_to_last(answer, &values, best.len(), &piece.lower)
                .or_else(|| either(piece, best[0], *best.last()?)),
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

/// Several frames in a slot, each with its name: `Discover 1, Offer 5`, `SYN (1), SYN-ACK (2)`. In
/// another order they are no less told.
fn named(part: &Part, answer: &Answer, piece: &mut Piece<'_>) -> Option<Claim> {
    piece.slot?;
    let least = i128::from(part.tells_frames());
    let mut told: Vec<(usize, i128)> = Vec::new();
    let mut names = 0;
    for (t, token) in piece.tokens.iter().enumerate() {
        let behind = piece.lower[token.span.end..].trim_start();
        let n = match token.kind {
            Kind::Number(n) if (least..100_000).contains(&n) => n,
            _ => return None,
        };
        if piece.dropped[t]
            || COUNTED.iter().any(|w| behind.starts_with(w))
            || token.unit != Unit::None
        {
            return None;
        }
        let from = told
            .last()
            .map_or(0, |(last, _)| piece.tokens[*last].span.end);
        let gap = &piece.lower[from..token.span.start];
        let words: Vec<&str> = gap
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| !w.is_empty())
            .collect();
        let last = words
            .iter()
            .rev()
            .take(2)
            .any(|w| w.contains(char::is_alphabetic));
        if words.len() > NAMING
            || words.contains(&"again")
            || words.contains(&"or")
            || gap.contains(". ")
            || ranges(gap)
        {
            return None;
        }
        names += usize::from(last);
        told.push((t, n));
    }
    let (first, last) = (told.first()?, told.last()?);
    let behind = &piece.lower[piece.tokens[last.0].span.end..];
    let more = behind
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty());
    let separate = piece.lower[piece.tokens[first.0].span.end..].contains(';');
    if told.len() < 2 || !(names + 1 >= told.len() || separate) || more.count() > NAMING {
        return None;
    }
    let mut values: Vec<i128> = told.iter().map(|(_, n)| *n).collect();
    let key: Vec<i128> = answer.values.iter().filter_map(whole).collect();
    let sorted = |list: &[i128]| {
        let mut list = list.to_vec();
        list.sort_unstable();
        list
    };
    let turned = values != key && sorted(&values) == sorted(&key);
    let own = names == told.len();
    if turned && own {
        values.clone_from(&key);
    }
    for (t, _) in &told {
        piece.used[*t] = true;
    }
    let text = piece.text.trim().to_owned();
    Some(Claim {
        value: Claimed::Numbers(values),
        hedged: hedged(&text),
        bound: (turned && own).then_some(Bound::Turned),
        text,
        ..Claim::default()
    })
}

/// A range from the first of several to the last, where not all between are asked for: it may be meant
/// for them.
fn first_to_last(answer: &Answer, told: &[i128], ends: usize, text: &str) -> Option<Bound> {
    let key: Vec<i128> = answer.values.iter().filter_map(whole).collect();
    let dots = text.contains("..") || text.contains('…');
    let range = ends == 2 && told.len() > 2 && key.last() == told.last() || dots;
    let begins = key.len() > 2 && key.first() == told.first();
    (begins && range && key != told).then_some(Bound::Ends)
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
