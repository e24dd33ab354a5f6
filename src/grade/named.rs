//! Values that stand where their part is named: a line of the sheet, a key, a cell, a label. They
//! belong to that part and to no other; only what names no part is dealt out by what fits.

use super::claim::{Claim, Claimed, Class, class};
use super::compare::{same, told};
use super::extract::extract;
use super::numbering::{Segment, Slot};
use super::piece::Piece;
use crate::handout::Answer;
use crate::handout::format::{Question, Type};

/// Reads the pieces of a question: each named part from its own, the others from what names none.
pub fn read(
    question: &Question,
    keys: &[&Answer],
    pieces: &mut Vec<Piece<'_>>,
    claims: &mut [Option<Claim>],
) {
    for (at, claim) in claims.iter_mut().enumerate() {
        let mine = |p: &Piece<'_>| p.slot.map(Slot::part) == Some(at);
        let told = |p: &Piece<'_>| mine(p) && !p.text.trim().is_empty();
        if pieces.iter().any(told) {
            with(pieces, mine, |own| {
                *claim = alone(question, keys, at, own);
            });
        }
    }
    // Who fills in a sheet names each part; words beside it count where they name one, too.
    let filled = |p: &Piece<'_>| matches!(p.slot, Some(Slot::Own(_))) && !p.text.trim().is_empty();
    let sheet = pieces.iter().any(filled);
    with(
        pieces,
        |p| p.slot.is_none(),
        |free| {
            extract(question, keys, free, claims, sheet);
        },
    );
    for at in 0..question.part.len() {
        let labelled = |p: &Piece<'_>| p.slot == Some(Slot::Label(at));
        if pieces.iter().any(labelled) {
            with(pieces, labelled, |own| {
                beside(question, keys, at, own, claims)
            });
        }
    }
}

/// The claim of a part from its own pieces.
fn alone(question: &Question, keys: &[&Answer], at: usize, own: &mut [Piece<'_>]) -> Option<Claim> {
    let part = &question.part[at];
    // Prose parts say which words of a yes or no explain it.
    let explains = |o: &usize| {
        let kind = |p: usize| *question.part[p].kind.get_ref();
        *o != at && kind(at) == Type::YesNo && kind(*o) == Type::Prose
    };
    let mut parts = vec![at];
    parts.extend((0..question.part.len()).filter(explains));
    let view = Question {
        id: question.id.clone(),
        text: question.text.clone(),
        called: Vec::new(),
        hints: Vec::new(),
        part: parts.iter().map(|p| question.part[*p].clone()).collect(),
    };
    let keys: Vec<&Answer> = parts.iter().map(|p| keys[*p]).collect();
    let mut claims = vec![None; parts.len()];
    if class(*part.kind.get_ref()) != Class::Prose {
        extract(&view, &keys, own, &mut claims, false);
    }
    let claim = claims.swap_remove(0)?;
    Some(Claim {
        named: true,
        ..claim
    })
}

/// What stands under another part's label and is of another sort: `Type: IPv4 (0x0800)` tells a
/// number and its name.
fn beside(
    question: &Question,
    keys: &[&Answer],
    at: usize,
    own: &mut [Piece<'_>],
    claims: &mut [Option<Claim>],
) {
    let sort = |p: usize| class(*question.part[p].kind.get_ref());
    let mut open: Vec<usize> = (0..question.part.len()).collect();
    open.retain(|p| {
        claims[*p].is_none()
            && matches!(sort(*p), Class::Name | Class::YesNo)
            && sort(*p) != sort(at)
    });
    if open.is_empty() {
        return;
    }
    let mut told = claims.to_vec();
    for (p, claim) in told.iter_mut().enumerate() {
        if !open.contains(&p) {
            claim.get_or_insert_default();
        }
    }
    extract(question, keys, own, &mut told, false);
    for p in open {
        claims[p] = told[p].take().filter(|c| c.value != Claimed::Vague);
    }
}

/// Does something with some of the pieces.
pub fn with<'s>(
    pieces: &mut Vec<Piece<'s>>,
    which: impl Fn(&Piece<'s>) -> bool,
    run: impl FnOnce(&mut [Piece<'s>]),
) {
    let all = std::mem::take(pieces).into_iter().enumerate();
    let (mine, mut rest): (Vec<_>, Vec<_>) = all.partition(|(_, p)| which(p));
    let (places, mut own): (Vec<usize>, Vec<Piece<'s>>) = mine.into_iter().unzip();
    run(&mut own);
    rest.extend(places.into_iter().zip(own));
    rest.sort_by_key(|(at, _)| *at);
    pieces.extend(rest.into_iter().map(|(_, piece)| piece));
}

/// Notes the parts that are answered twice, each time plainly, and once as the capture shows.
pub fn twice(
    question: &Question,
    keys: &[&Answer],
    segments: &[Segment],
    claims: &mut [Option<Claim>],
) {
    let mut turns: Vec<usize> = Vec::new();
    for segment in segments.iter().filter(|s| !s.text.trim().is_empty()) {
        if !turns.contains(&segment.turn) {
            turns.push(segment.turn);
        }
    }
    if turns.len() < 2 {
        return;
    }
    let mut all: Vec<Vec<Claim>> = vec![Vec::new(); question.part.len()];
    for turn in turns {
        let own = segments.iter().filter(|s| s.turn == turn);
        let mut pieces: Vec<Piece<'_>> = own.map(Piece::new).collect();
        let mut told = vec![None; question.part.len()];
        read(question, keys, &mut pieces, &mut told);
        for (all, claim) in all.iter_mut().zip(told) {
            all.extend(claim.filter(plain));
        }
    }
    for (at, told_here) in all.iter().enumerate() {
        let (part, key) = (&question.part[at], keys[at]);
        let fits = |c: &&Claim| same(part, &key.values, &key.text, &c.value);
        let Some(claim) = claims[at].as_mut().filter(|_| key.missing.is_none()) else {
            continue;
        };
        let mine = fits(&&*claim);
        if let Some(other) = told_here.iter().find(|c| fits(c) != mine) {
            claim.conflict.get_or_insert_with(|| told(&other.value));
        }
    }
}

/// Notes the values that stand in each other's places in a list: the report's letters are its own.
pub fn misplaced(
    question: &Question,
    keys: &[&Answer],
    pieces: &[Piece<'_>],
    claims: &mut [Option<Claim>],
) {
    let fits = |at: usize, claim: &Option<Claim>| {
        let (part, key) = (&question.part[at], keys[at]);
        let value = claim.as_ref().map(|c| &c.value);
        value.is_some_and(|v| same(part, &key.values, &key.text, v))
    };
    let placed = |at: &usize| pieces.iter().any(|p| p.slot == Some(Slot::Place(*at)));
    let all: Vec<usize> = (0..claims.len()).filter(placed).collect();
    let astray: Vec<usize> = all
        .into_iter()
        .filter(|at| !fits(*at, &claims[*at]))
        .collect();
    for at in &astray {
        let elsewhere = astray.iter().any(|other| fits(*at, &claims[*other]));
        if let Some(claim) = claims[*at].as_mut() {
            claim.unplain |= elsewhere;
        }
    }
}

/// Whether a claim is one whole value, and plain.
fn plain(claim: &Claim) -> bool {
    let whole = match &claim.value {
        Claimed::Ips(ips) => ips.len() == 1,
        Claimed::Ports(a, b) => a.is_some() && b.is_some(),
        Claimed::Mac(_) | Claimed::Number(..) | Claimed::Name(_) | Claimed::YesNo(_) => true,
        _ => false,
    };
    whole && !claim.loose && !claim.hedged && claim.conflict.is_none()
}
