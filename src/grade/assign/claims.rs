//! A claim made of each value that was given: how plain it is, and what else could be meant.

use super::{Around, value};
use crate::grade::announce::{Beside, Slot};
use crate::grade::bounds::{Bound, between, bound, either, misnamed, ranges, refers};
use crate::grade::claim::{Claim, Claimed, Class};
use crate::grade::codes::contradiction;
use crate::grade::denial;
use crate::grade::digits::readings;
use crate::grade::piece::{Piece, hedged_near};
use crate::grade::token::{Kind, Token, Unit, sentence};
use crate::handout::format::{Part, Question, Type};
use std::net::IpAddr;

pub(super) fn claim(
    question: &Question,
    kind: Class,
    slots: &[Slot],
    given: &[Option<usize>],
    around: &[Around],
    pieces: &mut [Piece<'_>],
    claims: &mut [Option<Claim>],
) {
    let plain: Vec<bool> = (0..slots.len())
        .map(|s| {
            given[s].is_some_and(|a| {
                named(a, s, around)
                    || bare(&pieces[around[a].piece], kind, slots.len())
                    || around.len() == slots.len() && others_told(s, given, around)
            })
        })
        .collect();
    for (s, slot) in slots.iter().enumerate() {
        let Some(a) = given[s] else { continue };
        let (p, t) = (around[a].piece, around[a].token);
        pieces[p].used[t] = true;
        let piece = &pieces[p];
        let token = &piece.tokens[t];
        let text = piece.quote(token.span.start);
        let part = &question.part[slot.part];
        let Some(mut value) = super::value(token) else {
            continue;
        };
        if token.kind == Kind::BadIp {
            value = Claimed::Malformed(piece.text[token.span.clone()].to_owned());
        }
        let mut members: Vec<usize> = Vec::new();
        let hedge = hedged_near(piece, token);
        if kind == Class::Ports {
            let Claimed::Number(n, _) = value else {
                continue;
            };
            #[expect(clippy::cast_possible_truncation, reason = "it was a whole number")]
            let n = Some(n as i128);
            let old = match claims[slot.part].as_ref().map(|c| &c.value) {
                Some(Claimed::Ports(c, s)) => (*c, *s),
                _ => (None, None),
            };
            value = if slot.side == 0 {
                Claimed::Ports(n, old.1)
            } else {
                Claimed::Ports(old.0, n)
            };
        }
        if *part.kind.get_ref() == Type::Set {
            // All of a row, or what follows directly.
            let mut ips = Vec::new();
            for other in (t..piece.tokens.len()).filter(|o| Class::Ip.holds(&piece.tokens[*o])) {
                let between = &piece.lower[token.span.end.min(piece.tokens[other].span.start)
                    ..piece.tokens[other].span.start];
                let taken = given.iter().enumerate().any(|(g, a)| {
                    g != s && a.is_some_and(|a| around[a].piece == p && around[a].token == other)
                });
                let bare = !between.contains(|c: char| c.is_alphabetic() && !"and".contains(c));
                if taken || !bare && !named_too(piece, t, other) {
                    break;
                }
                if other != t && !bare && said_of(piece, other) && !said_of(piece, t) {
                    continue;
                }
                match piece.tokens[other].kind {
                    Kind::Ip(ip) => ips.push(IpAddr::V4(ip)),
                    Kind::Ip6(ip) => ips.push(IpAddr::V6(ip)),
                    _ => continue,
                }
                members.push(other);
            }
            if !ips.is_empty() {
                value = Claimed::Ips(ips);
            }
        }
        let conflict = if slots.len() == 1 || kind == Class::Number {
            rival(pieces, around, given, a, s)
        } else {
            None
        };
        // Members of a set in lines of their own are no rivals.
        let set = *part.kind.get_ref() == Type::Set && !piece.lower.contains(" or ");
        let conflict = conflict.filter(|_| !set);
        let alone = slots.len() == 1 && (piece.slot.is_some() || question.part.len() == 1);
        let conflict = conflict
            .or_else(|| second(slot, pieces, around, given, a, s, alone))
            .or_else(|| contradiction(part, piece, t).filter(|_| kind != Class::Ports));
        let each = scale(part, token);
        let text = match &value {
            Claimed::Ips(ips) if ips.len() > 1 && piece.slot.is_some() => {
                piece.text.trim().to_owned()
            }
            _ => text,
        };
        claims[slot.part] = Some(Claim {
            value,
            text,
            hedged: hedge,
            loose: (0..slots.len()).any(|o| slots[o].part == slot.part && !plain[o]),
            others: others(s, a, slots, given, around, pieces),
            conflict,
            readings: readings(piece.text, token)
                .into_iter()
                .map(|(n, room)| (n * each, room))
                .chain(in_seconds(part, token))
                .collect(),
            bound: bound(piece, token)
                .or_else(|| range(piece, t))
                .or_else(|| either(piece, t, t))
                .or_else(|| misnamed(part, piece, token))
                .or_else(|| refers(part, piece, token))
                .filter(|_| kind == Class::Number),
            ..Claim::default()
        });
        for other in members {
            pieces[p].used[other] = true;
        }
    }
}

/// Whether an address in a slot goes on with a set, with a name of its own: `primary A, secondary B`.
fn named_too(piece: &Piece<'_>, first: usize, other: usize) -> bool {
    let before = piece.tokens[..other].iter().rfind(|t| Class::Ip.holds(t));
    let from = before.map_or(0, |t| t.span.end);
    let token = &piece.tokens[other];
    let gap = piece.lower.get(from..token.span.start).unwrap_or_default();
    let words = gap.split(|c: char| !c.is_alphanumeric());
    let few = words.filter(|w| !w.is_empty()).count() <= 3;
    let bracket = token.bracket && !piece.tokens[first].bracket;
    piece.slot.is_some() && few && !gap.contains(". ") && !bracket && !piece.dropped[other]
}

/// Whether something is said of a value: `10.0.2.2 is the router`.
fn said_of(piece: &Piece<'_>, t: usize) -> bool {
    let behind = piece.lower[piece.tokens[t].span.end..].trim_start();
    ["is ", "was ", "are "]
        .iter()
        .any(|w| behind.starts_with(w))
}

/// Whether a label just beside a value names a slot: its own label, or one that it shares with others
/// and that no other value has.
fn named(value: usize, slot: usize, around: &[Around]) -> bool {
    let one = &around[value];
    let rivals = || {
        let mut others = around.iter().enumerate().filter(|(a, _)| *a != value);
        others.any(|(_, other)| other.beside[slot] >= Beside::Shared)
    };
    one.own[slot] >= 6
        && match one.beside[slot] {
            Beside::Own => true,
            Beside::Shared => !rivals(),
            Beside::None => false,
        }
}

/// Whether all other values are plainly told, so that the one left is plain as well.
fn others_told(slot: usize, given: &[Option<usize>], around: &[Around]) -> bool {
    let others = given.iter().enumerate().filter(|(s, _)| *s != slot);
    let mut others = others.map(|(s, a)| a.is_some_and(|a| named(a, s, around)));
    others.all(|told| told)
}

/// The values that could be meant for a slot instead of the one that was taken, each with whether
/// it is told of another slot.
fn others(
    slot: usize,
    own: usize,
    slots: &[Slot],
    given: &[Option<usize>],
    around: &[Around],
    pieces: &[Piece<'_>],
) -> Vec<(Claimed, bool)> {
    let mut out = Vec::new();
    for (a, one) in around.iter().enumerate() {
        if a == own || one.scores[slot] <= -50 {
            continue;
        }
        let token = &pieces[one.piece].tokens[one.token];
        let elsewhere =
            given.contains(&Some(a)) || (0..slots.len()).any(|s| s != slot && one.own[s] >= 6);
        let unsure = token.operand || hedged_near(&pieces[one.piece], token);
        out.extend(value(token).map(|v| (v, elsewhere || unsure)));
    }
    out
}

/// Whether a piece is hardly more than its values, one for each slot in the order they are asked for.
fn bare(piece: &Piece<'_>, kind: Class, slots: usize) -> bool {
    if piece.tokens.iter().filter(|t| kind.holds(t)).count() != slots {
        return false;
    }
    let mut at = 0;
    let mut rest = String::new();
    for token in piece.tokens.iter().filter(|t| kind.holds(t)) {
        rest.push_str(&piece.lower[at..token.span.start]);
        at = token.span.end;
    }
    rest.push_str(&piece.lower[at..]);
    let words = rest.split(|c: char| !c.is_alphabetic());
    !words
        .filter(|w| !w.is_empty())
        .any(|w| !matches!(w, "to" | "from" | "and" | "udp" | "tcp" | "bytes" | "byte"))
}

/// A time without a unit in seconds, as the columns of Wireshark have it, where another unit is asked
/// for.
fn in_seconds(part: &Part, token: &Token) -> Option<(f64, f64)> {
    let bare = *part.kind.get_ref() == Type::Duration && token.unit == Unit::None;
    Some((
        token.amount().filter(|_| bare)?,
        part.tolerance.unwrap_or(0.05),
    ))
}

/// Seconds of what a time counts in: keys that are times are told in seconds.
fn scale(part: &Part, token: &Token) -> f64 {
    let own = || {
        part.unit
            .as_deref()
            .and_then(|unit| Unit::of(unit).seconds())
    };
    match part.kind.get_ref() {
        Type::Duration => token.unit.seconds().or_else(own).unwrap_or(1.0),
        _ => 1.0,
    }
}

/// A value that is an end of a range: `12-13`, `359 to 400`.
fn range(piece: &Piece<'_>, t: usize) -> Option<Bound> {
    let token = &piece.tokens[t];
    let end = |o: &usize, from: usize, to: usize| {
        let other = &piece.tokens[*o];
        let same = other.amount().is_some() && other.amount() != token.amount();
        let gap = piece.lower.get(from..to);
        same && !other.bracket && gap.is_some_and(ranges)
    };
    let after = Some(t + 1).filter(|o| *o < piece.tokens.len());
    let after = after.filter(|o| end(o, token.span.end, piece.tokens[*o].span.start));
    let before = t.checked_sub(1);
    let before = before.filter(|o| end(o, piece.tokens[*o].span.end, token.span.start));
    let plain = !token.operand && !token.result && !token.port && token.amount().is_some();
    after.or(before).filter(|_| plain).map(|_| Bound::Range)
}

/// Another value in a list with this one, where one alone is asked for: `64 and 63`, `48816/80`.
fn second(
    slot: &Slot,
    pieces: &[Piece<'_>],
    around: &[Around],
    all: &[Option<usize>],
    given: usize,
    s: usize,
    only: bool,
) -> Option<String> {
    let mine = &around[given];
    let piece = &pieces[mine.piece];
    let token = &piece.tokens[mine.token];
    if !only || slot.kind == Type::Set {
        return None;
    }
    let listed = |a: &Token, b: &Token| {
        let gap = &piece.lower[a.span.end.min(b.span.start)..b.span.start];
        // Behind a comma and a unit another clause may begin.
        matches!(gap.trim(), "," | ";" | "/" | "&" | "or")
            || matches!(between(gap).trim(), "and" | ", and" | "und" | "et")
    };
    let here = around.iter().enumerate();
    let here = here.filter(|(_, other)| other.piece == mine.piece);
    let mut others = here.filter(|(at, other)| {
        let two = &piece.tokens[other.token];
        !all.contains(&Some(*at))
            && other.scores[s] > -50
            && !(two.operand || two.bracket || differ(token, two).is_none())
            && (listed(token, two) || listed(two, token))
    });
    let other = others.next()?.1;
    Some(piece.text[piece.tokens[other.token].span.clone()].to_owned())
}

/// Whether two values of a sort are different ones, if they are.
fn differ(a: &Token, b: &Token) -> Option<()> {
    let seconds = |t: &Token| Some(t.amount()? * t.unit.seconds()?);
    let same = match (seconds(a), seconds(b)) {
        (Some(a), Some(b)) => (a - b).abs() <= a.abs() * 1e-9,
        _ => a.kind == b.kind,
    };
    (!same).then_some(())
}

/// Another value that is claimed as well: `64 or 63`, or the same label again with another value.
fn rival(
    pieces: &[Piece<'_>],
    around: &[Around],
    all: &[Option<usize>],
    given: usize,
    slot: usize,
) -> Option<String> {
    let mine = &around[given];
    let piece = &pieces[mine.piece];
    let token = &piece.tokens[mine.token];
    for (at, other) in around.iter().enumerate() {
        // What is meant for another part is no rival.
        if other.piece != mine.piece || all.contains(&Some(at)) {
            continue;
        }
        let two = &piece.tokens[other.token];
        let timed = two.unit.seconds().is_some() && token.unit.seconds().is_some();
        let alike = timed || two.unit == token.unit;
        if differ(token, two).is_none() || two.operand || two.bracket || !alike {
            continue;
        }
        let (a, b) = if two.span.start > token.span.start {
            (token, two)
        } else {
            (two, token)
        };
        let gap = between(&piece.lower[a.span.end..b.span.start]);
        let mut words = gap
            .split(|c: char| !c.is_alphabetic())
            .filter(|w| !w.is_empty());
        let or = words.clone().any(|w| matches!(w, "or" | "oder"))
            && words.all(|w| matches!(w, "or" | "oder" | "maybe" | "perhaps" | "bytes" | "even"));
        let again = other.labelled
            && mine.labelled
            && other.scores[slot] == mine.scores[slot]
            && mine.scores[slot] >= 10
            && sentence(piece.text, a.span.start) != sentence(piece.text, b.span.start)
            && !denial::negated(&piece.lower[..two.span.start]);
        if or || again {
            return Some(piece.text[two.span.clone()].to_owned());
        }
    }
    None
}
