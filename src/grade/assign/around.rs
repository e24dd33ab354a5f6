//! What the words around each value tell: how well it fits each slot, and what a label names.

use super::Around;
use crate::grade::announce::{Beside, Slot, addressed, beside, directed, scores, split, weigh};
use crate::grade::claim::Class;
use crate::grade::piece::{Piece, find_label};
use crate::grade::token::{Kind, Unit, sentence, tail};
use crate::handout::format::{Question, Type};
use regex::Regex;
use std::sync::LazyLock;

/// Each value of a sort with what the words around it tell.
pub(super) fn around(
    question: &Question,
    kind: Class,
    slots: &[Slot],
    pieces: &[Piece<'_>],
    only_labelled: bool,
) -> Vec<Around> {
    let prose = question
        .part
        .iter()
        .any(|p| *p.kind.get_ref() == Type::Prose);
    let alone = question.part.len() == 1;
    let mut around: Vec<Around> = Vec::new();
    for (p, piece) in pieces.iter().enumerate() {
        let mine: Vec<usize> = (0..piece.tokens.len())
            .filter(|t| kind.holds(&piece.tokens[*t]) && !piece.used[*t] && !piece.dropped[*t])
            .collect();
        let mut inherited: Vec<i32> = vec![0; slots.len()];
        for (nth, t) in mine.iter().enumerate() {
            let token = &piece.tokens[*t];
            let word = token.span.len() > 2
                && piece.lower[token.span.clone()]
                    .chars()
                    .all(|c| c.is_ascii_alphabetic() || c == '-' || c == ' ');
            let before = mine[..nth]
                .iter()
                .rev()
                .map(|b| &piece.tokens[*b])
                .find(|b| !b.bracket || b.span.end == token.span.start)
                .map_or(0, |b| b.span.end);
            let after = mine[nth + 1..]
                .iter()
                .map(|a| &piece.tokens[*a])
                .find(|a| !a.bracket)
                .map_or(piece.lower.len(), |a| a.span.start);
            let gap = &piece.words[before..token.span.start];
            let (_, mut tail) = split(gap, before == 0);
            if tail.contains("both") {
                // `server and router have both …`
                let cut = gap.rfind(['.', ';', '\n', ',']).map_or(0, |at| at + 1);
                tail = &gap[cut..];
            }
            let behind = piece.words[token.span.end..after].trim_start_matches(')');
            let possible: Vec<bool> = slots.iter().map(|s| weigh(0, s, token) > -50).collect();
            let mut own = scores(
                slots,
                &possible,
                tail,
                gap,
                behind,
                after == piece.lower.len(),
                piece.hint,
            );
            let aside = aside(&piece.lower, token.span.start);
            if aside {
                own.iter_mut().for_each(|s| *s = (*s).min(3));
            }
            let mut beside = beside(slots, &possible, tail, behind, piece.hint);
            // In `10.0.2.4:1025 -> 10.0.2.5:80` the arrow stands before the address.
            let digits = |c: char| c.is_ascii_digit() || matches!(c, '.' | ':');
            let flow = match kind {
                _ if token.behind_ip => {
                    let flow = tail.trim_end_matches(digits);
                    // `the connection to 10.0.2.5:80`
                    if flow.ends_with(" to ") { "to" } else { flow }
                }
                Class::Ip => tail.trim_start_matches(digits),
                _ => tail,
            };
            let beyond = match kind {
                Class::Ip => behind.trim_start_matches(digits),
                _ => behind,
            };
            for (s, sign) in directed(slots, flow, beyond).into_iter().enumerate() {
                // Frames have arrows between them as well as ports.
                let port = slots[s].kind != Type::Port
                    || token.behind_ip
                    || mine
                        .iter()
                        .skip(nth.saturating_sub(1))
                        .take(3)
                        .any(|t| matches!(piece.tokens[*t].kind, Kind::Number(n) if n >= 1024));
                if sign < 0 && port && beside[s] == Beside::None {
                    own[s] += sign;
                }
                if sign > 0 && !aside && port {
                    own[s] = own[s].max(0) + sign;
                    beside[s] = beside[s].max(if sign > 1 { Beside::Own } else { Beside::None });
                }
            }
            let empty = before > 0
                && !gap.contains(|c: char| {
                    c.is_alphabetic()
                        && c != 'a'
                        && c != 'n'
                        && c != 'd'
                        && c != 't'
                        && c != 'o'
                        && c != 'u'
                });
            let mut scores: Vec<i32> = own.clone();
            if empty && own.iter().all(|s| *s < 4) {
                for (score, old) in scores.iter_mut().zip(&inherited) {
                    *score += old / 3;
                }
            } else {
                inherited.clone_from(&own);
            }
            let labelled = own.iter().any(|s| *s > 0);
            // A word such as `one` is a number only where it is said to be.
            if word
                && (prose || only_labelled)
                && !own.iter().any(|s| *s >= 8)
                && matches!(token.kind, Kind::Number(n) if n <= 10)
            {
                continue;
            }
            for (s, slot) in slots.iter().enumerate() {
                let plain = scores[s];
                scores[s] = weigh(plain, slot, token);
                // `Request 3, reply 4` are frames as well.
                let small = matches!(token.kind, Kind::Number(n) if n < 10_000);
                let near = || {
                    let before = tail.trim_end_matches([' ', ':', '=', '#']);
                    slot.labels.iter().any(|l| before.ends_with(l.as_str()))
                };
                // `HTTP 1.0` is no status, unless it is said to be.
                let whole = matches!(slot.kind, Type::Int | Type::Hex | Type::Port | Type::Frame);
                let version = whole && token.unit == Unit::None && piece.slot.is_none();
                if version && own[s] <= 0 && !alone && matches!(token.kind, Kind::Decimal(_)) {
                    scores[s] = -100;
                }
                if slot.kind == Type::Frame && scores[s] > 0 && !token.frame && small && near() {
                    scores[s] = plain;
                }
            }
            let sentence = sentence(piece.text, token.span.start);
            let both = piece.lower[sentence.clone()].contains("both")
                || piece.lower[sentence].contains("each");
            around.push(Around {
                piece: p,
                token: *t,
                beside,
                scores,
                own,
                labelled,
                addressed: addressed(tail),
                both,
            });
        }
    }
    parallel(slots, pieces, &mut around);
    around
}

/// `source / destination: A / B` names both in their order.
fn parallel(slots: &[Slot], pieces: &[Piece<'_>], around: &mut [Around]) {
    static LABELS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?P<one>[a-z .]+?)\s*/\s*(?P<two>[a-z .]+?)\s*[:=]\s*$")
            .expect("the pattern is right")
    });
    for at in 1..around.len() {
        let (a, b) = (&around[at - 1], &around[at]);
        if a.piece != b.piece {
            continue;
        }
        let piece = &pieces[a.piece];
        let (first, second) = (&piece.tokens[a.token].span, &piece.tokens[b.token].span);
        let Some(labels) = LABELS.captures(tail(&piece.words[..first.start], 80)) else {
            continue;
        };
        if piece.lower[first.end..second.start].trim() != "/" {
            continue;
        }
        for (s, slot) in slots.iter().enumerate() {
            let named = |text: &str| slot.labels.iter().any(|l| find_label(text, l, 0).is_some());
            let which = match (named(&labels["one"]), named(&labels["two"])) {
                (true, false) => at - 1,
                (false, true) => at,
                _ => continue,
            };
            let one = &mut around[which];
            if one.scores[s] > -50 {
                one.own[s] += 12;
                one.scores[s] += 12;
                one.beside[s] = Beside::Own;
                one.labelled = true;
            }
        }
    }
}

/// Whether a place is in a remark: a bracket with a sentence of its own.
fn aside(text: &str, at: usize) -> bool {
    let Some(open) = text[..at].rfind('(') else {
        return false;
    };
    let Some(close) = text[at..].find(')') else {
        return false;
    };
    let inner = &text[open + 1..at + close];
    let words = inner
        .split_whitespace()
        .filter(|w| w.contains(char::is_alphabetic));
    !text[open..at].contains(')') && words.count() >= 5
}
