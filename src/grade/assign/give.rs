//! Which value is given to which slot: by the words, in the order of the slots, or as the one left.

use super::Around;
use crate::grade::announce::Slot;
use crate::grade::claim::{Class, class};
use crate::grade::piece::Piece;
use crate::grade::token::{Unit, sentence};
use crate::handout::format::{Question, Type};
use regex::Regex;
use std::sync::LazyLock;

/// For each slot its value, if it has one.
pub(super) fn give(
    question: &Question,
    kind: Class,
    slots: &[Slot],
    pieces: &[Piece<'_>],
    around: &[Around],
    only_labelled: bool,
) -> Vec<Option<usize>> {
    let mut given: Vec<Option<usize>> = vec![None; slots.len()];
    let parts = question.part.iter();
    let all = parts.filter(|p| class(*p.kind.get_ref()) == kind).count();
    let alone = all == 1 && kind != Class::Ports;
    if alone {
        given[0] = primary(&slots[0], pieces, around, only_labelled);
    } else {
        let spent = by_words(slots, around, only_labelled, &mut given);
        if !only_labelled {
            in_order(kind, slots, pieces, around, &spent, &mut given);
        }
    }
    each_way(kind, slots, pieces, around, &mut given);
    if !alone && matches!(kind, Class::Ip | Class::Mac) && !only_labelled {
        last_one(pieces, around, &mut given);
    }
    given
}

/// Gives each slot the value that the words tell best; says which values are spent.
fn by_words(
    slots: &[Slot],
    around: &[Around],
    only_labelled: bool,
    given: &mut [Option<usize>],
) -> Vec<bool> {
    let mut pairs: Vec<(i32, usize, usize)> = Vec::new();
    for (a, one) in around.iter().enumerate() {
        for (s, score) in one.scores.iter().enumerate() {
            if *score >= if only_labelled { 10 } else { 4 } && (one.labelled || *score >= 6) {
                pairs.push((*score, a, s));
            }
        }
    }
    pairs.sort_by_key(|(score, a, s)| (-score, *a, *s));
    let mut spent = vec![false; around.len()];
    for (_, a, s) in &pairs {
        if !spent[*a] && given[*s].is_none() {
            given[*s] = Some(*a);
            spent[*a] = true;
        }
    }
    // One value for two.
    for (s, slot) in slots.iter().enumerate() {
        if given[s].is_none() {
            let shared = pairs.iter().find(|(_, a, other)| {
                *other == s
                    && around[*a].both
                    && around[*a].own[s] > 0
                    && spent[*a]
                    && slot.kind != Type::Frame
            });
            given[s] = shared.map(|p| p.1);
        }
    }
    spent
}

/// Gives the slots that are left the values that are left, in their order.
fn in_order(
    kind: Class,
    slots: &[Slot],
    pieces: &[Piece<'_>],
    around: &[Around],
    spent: &[bool],
    given: &mut [Option<usize>],
) {
    let mut rest = (0..around.len()).filter(|a| {
        let token = &pieces[around[*a].piece].tokens[around[*a].token];
        !spent[*a]
            && !token.operand
            && (!token.bracket || token.port || matches!(kind, Class::Ip | Class::Mac))
            && !strong(&around[*a])
    });
    let mut next = rest.next();
    for s in 0..slots.len() {
        if given[s].is_some() {
            continue;
        }
        while let Some(a) = next {
            // The same value said again is no new one.
            let value = |a: usize| &pieces[around[a].piece].tokens[around[a].token].kind;
            let again =
                kind == Class::Ports && given.iter().flatten().any(|g| value(*g) == value(a));
            let frame = slots[s].kind != Type::Frame
                || pieces[around[a].piece].tokens[around[a].token].frame
                || around[a].token < 2;
            if around[a].scores[s] > -50 && !again && frame {
                given[s] = Some(a);
                next = rest.next();
                break;
            }
            if again || around[a].scores.iter().all(|x| *x <= -50) {
                next = rest.next();
                continue;
            }
            break;
        }
    }
}

/// `21 bytes each way`: one value for parts that are called alike.
fn each_way(
    kind: Class,
    slots: &[Slot],
    pieces: &[Piece<'_>],
    around: &[Around],
    given: &mut [Option<usize>],
) {
    for s in 0..slots.len() {
        if given[s].is_none() {
            let shared = given.iter().enumerate().find(|(g, a)| {
                let alike = slots[*g].labels.iter().any(|l| slots[s].labels.contains(l));
                alike
                    && slots[*g].kind == slots[s].kind
                    && kind != Class::Ports
                    && a.is_some_and(|a| twice(&pieces[around[a].piece], around[a].token))
            });
            given[s] = shared.and_then(|(_, a)| *a);
        }
    }
}

/// The value that a question with one value means.
fn primary(
    slot: &Slot,
    pieces: &[Piece<'_>],
    around: &[Around],
    only_labelled: bool,
) -> Option<usize> {
    let token = |a: &usize| &pieces[around[*a].piece].tokens[around[*a].token];
    let fits: Vec<usize> = (0..around.len())
        .filter(|a| around[*a].scores[0] > -50)
        .filter(|a| !only_labelled || around[*a].labelled)
        .collect();
    let sized = |a: &&usize| slot.bytes && token(a).unit == Unit::Bytes;
    let sender = slot.sends();
    let plain =
        |a: &&usize| !(token(a).operand || token(a).bracket || sender && around[**a].addressed);
    if let Some(result) = fits.iter().rev().find(|a| token(a).result) {
        return Some(*result);
    }
    let best = |list: Vec<usize>| -> Option<usize> {
        let labelled = list.iter().filter(|a| around[**a].labelled).copied();
        labelled
            .max_by_key(|a| (around[*a].scores[0], std::cmp::Reverse(*a)))
            .or(list.first().copied())
    };
    best(fits.iter().filter(plain).filter(sized).copied().collect())
        .or_else(|| best(fits.iter().filter(plain).copied().collect()))
        .or_else(|| fits.first().copied())
}

/// One value left, and one part left: they belong together if the value stands in a sentence with the
/// others and is none of theirs.
fn last_one(pieces: &[Piece<'_>], around: &[Around], given: &mut [Option<usize>]) {
    let token = |a: usize| &pieces[around[a].piece].tokens[around[a].token];
    let rest: Vec<usize> = (0..around.len())
        .filter(|a| !given.contains(&Some(*a)))
        .filter(|a| !token(*a).bracket)
        .collect();
    let mut open = given.iter().enumerate().filter(|(_, g)| g.is_none());
    let (Some((slot, _)), None, [one]) = (open.next(), open.next(), rest.as_slice()) else {
        return;
    };
    let near = given.iter().flatten().any(|g| {
        let piece = &pieces[around[*g].piece];
        around[*g].piece == around[*one].piece
            && sentence(piece.text, token(*g).span.start).contains(&token(*one).span.start)
    });
    let new = given
        .iter()
        .flatten()
        .all(|g| token(*g).kind != token(*one).kind);
    if near && new {
        given[slot] = Some(*one);
    }
}

/// Whether a token is plainly announced as something.
fn strong(one: &Around) -> bool {
    one.scores.iter().any(|s| *s >= 10)
}

/// Whether the words just around a value say that it holds for both.
fn twice(piece: &Piece<'_>, token: usize) -> bool {
    let span = &piece.tokens[token].span;
    let stop = [',', ';', '.', '\n'];
    let before = &piece.lower[..span.start];
    let before = &before[before.rfind(stop).map_or(0, |at| at + 1)..];
    let after = &piece.lower[span.end..];
    let after = &after[..after.find(stop).unwrap_or(after.len())];
    // `…, and the same for the reply`
    static SAME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[^.;\n]{0,40}[,;(]?\s*(?:and\s+)?(?:it is |it's |again )?(?:the|exactly the)?\s*same\s+(?:thing\s+)?(?:(?:for|in|with)\s+(?:the\s+)?(?:reply|answer|response)|back|again)\b|^[^.;\n]{0,40},\s*back the same\b|^[^.,;\n]{0,20}\bthere and back\b")
            .expect("the pattern is right")
    });
    [before, after].iter().any(|t| {
        t.split(|c: char| !c.is_alphabetic())
            .any(|w| matches!(w, "both" | "each"))
    }) || SAME.is_match(&piece.lower[span.end..])
}
