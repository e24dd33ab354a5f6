//! Words under a question's own number from which nothing was read. They may answer a part that nothing
//! was found for: a person sees them, and the part is not `missing`.

use super::claim::{Claim, Claimed, Class, class};
use super::names;
use super::piece::{Piece, find_label};
use super::token::sentence;
use crate::handout::Handout;
use crate::handout::format::{Part, Question, Type};
use std::ops::Range;

/// Words that say nothing by themselves.
const IDLE: &[&str] = &[
    "the", "and", "or", "is", "are", "was", "of", "in", "to", "from", "an", "it", "as", "by", "at",
    "on", "for", "with", "und", "et", "bytes", "byte", "frame", "frames", "no", "nr", "ms", "us",
    "seconds", "not", "sure", "think", "guess", "lab", "question", "task", "exercise", "part",
];

/// Gives the parts without a claim the words that may answer them.
pub fn words(handout: &Handout, pieces: &[Vec<Piece<'_>>], claims: &mut [Vec<Option<Claim>>]) {
    for (q, question) in handout.file.question.iter().enumerate() {
        // Where something of the question was read, many words that name no part may belong to that.
        let unread = claims[q].iter().all(Option::is_none);
        let most = if unread { usize::MAX } else { FEW };
        for (at, part) in question.part.iter().enumerate() {
            let prose = class(*part.kind.get_ref()) == Class::Prose;
            if prose || claims[q][at].is_some() {
                continue;
            }
            let of = |p: &&Piece<'_>| p.slot.is_none_or(|slot| slot.part() == at);
            let text = || pieces[q].iter().filter(of);
            let named = text().find_map(|piece| left(question, part, piece, None));
            let named = named.or_else(|| {
                pieces[q]
                    .iter()
                    .find_map(|piece| of_two(question, at, piece))
            });
            let found =
                named.or_else(|| text().find_map(|piece| left(question, part, piece, Some(most))));
            claims[q][at] = found.map(|text| Claim {
                value: Claimed::Vague,
                text,
                unplain: true,
                ..Claim::default()
            });
        }
    }
}

/// So many words may be an item of a list.
const FEW: usize = 3;

/// The first clause that says something of a part: one that names it, or one of so many words at most
/// that nothing was read from and that names no other.
fn left(
    question: &Question,
    part: &Part,
    piece: &Piece<'_>,
    unnamed: Option<usize>,
) -> Option<String> {
    let (named, most) = (unnamed.is_none(), unnamed.unwrap_or(usize::MAX));
    let own = piece.slot.is_some();
    if !own && copied(question, &piece.lower) {
        return None;
    }
    // Where prose is asked for as well, words that name no part are that.
    let mut parts = question.part.iter();
    let prose = parts.any(|p| class(*p.kind.get_ref()) == Class::Prose);
    let found = clauses(piece).into_iter().find(|range| {
        let text = &piece.lower[range.clone()];
        let value = text.split_once(':').map_or(text, |(_, value)| value);
        let words = words_of(value, question);
        if names::nothing(text) || names::nothing(value) {
            return false;
        }
        let says = |part: &Part| {
            let mut labels = names_of(part).filter_map(|label| find_label(text, &label, 0));
            labels.any(|(_, end)| !is_blank(question, &text[end..]))
        };
        let others = question.part.iter().filter(|p| p.id != part.id);
        match (read(piece, range), named || own) {
            (false, true) => words > 0 && (own || says(part)),
            (false, false) => {
                !prose && (1..=most).contains(&words) && others.into_iter().all(|p| !says(p))
            }
            // A text of which only a word was read.
            (true, _) => !named && *part.kind.get_ref() == Type::Text && words > 1,
        }
    })?;
    Some(
        piece.text[sentence(piece.text, found.start)]
            .trim()
            .to_owned(),
    )
}

/// A value of another part in a clause that names this one as well: `Server and router: 10.0.2.2`.
fn of_two(question: &Question, at: usize, piece: &Piece<'_>) -> Option<String> {
    let sort = |part: &Part| *part.kind.get_ref();
    let own = &question.part[at];
    let mut clauses = clauses(piece).into_iter();
    let found = clauses.find(|range| {
        let text = &piece.lower[range.clone()];
        let Some(end) = text.rfind([':', '=']) else {
            return false;
        };
        let before = range.start..range.start + end;
        let valued = |span: &Range<usize>| before.contains(&span.start);
        if piece.tokens.iter().any(|token| valued(&token.span)) {
            return false;
        }
        let mut head = text[..end].to_owned();
        let joined = [" and ", " und ", "=", "/", "&", "+"];
        if !joined.iter().any(|mark| head.contains(mark)) {
            return false;
        }
        let mut others = question.part.iter().filter(|p| p.id != own.id);
        let mut names: Vec<String> = others.clone().flat_map(names_of).collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.retain(|name| !names_of(own).any(|own| own == *name));
        let alike = others.any(|p| {
            sort(p) == sort(own) && names_of(p).any(|n| find_label(&head, &n, 0).is_some())
        });
        for name in names {
            head = head.replace(&name, " ");
        }
        alike && names_of(own).any(|name| find_label(&head, &name, 0).is_some())
    })?;
    Some(piece.text[found].trim().to_owned())
}

/// Whether nothing stands behind a name but the name of another part: `Router =  Domain Name Server = …`.
fn is_blank(question: &Question, behind: &str) -> bool {
    let Some(rest) = behind.trim_start().strip_prefix([':', '=']) else {
        return false;
    };
    let rest = rest.trim_start();
    let begins = |name: String| find_label(rest, &name, 0).is_some_and(|(start, _)| start == 0);
    rest.is_empty() || question.part.iter().flat_map(names_of).any(begins)
}

/// What a part is called: by its name in the handout, and by its labels.
pub fn names_of(part: &Part) -> impl Iterator<Item = String> {
    let labels = part.labels.iter().map(|l| l.to_lowercase());
    std::iter::once(part.id.replace('-', " ")).chain(labels)
}

/// Whether a text is the question itself, or a part of it.
fn copied(question: &Question, text: &str) -> bool {
    let asked = question.part.iter().map(|p| p.text.to_lowercase());
    let asked = asked.fold(question.text.to_lowercase(), |all, text| all + " " + &text);
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words.all(|w| w.is_empty() || find_label(&asked, w, 0).is_some())
}

/// How many words of a text say something.
fn words_of(text: &str, question: &Question) -> usize {
    let id = question.id.to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|w| w.len() > 1 && w.contains(char::is_alphabetic) && *w != id);
    words.filter(|w| !IDLE.contains(w)).count()
}

/// Whether a value or a name was read from a place.
fn read(piece: &Piece<'_>, place: &Range<usize>) -> bool {
    let tokens = piece.tokens.iter().zip(&piece.used);
    let mut used = tokens.filter(|(_, used)| **used).map(|(t, _)| &t.span);
    let within = |span: &Range<usize>| span.start < place.end && place.start < span.end;
    used.any(within) || piece.taken.iter().any(within)
}

/// The clauses of a text.
fn clauses(piece: &Piece<'_>) -> Vec<Range<usize>> {
    let text = &piece.lower;
    let mut out = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        let next = text[at + c.len_utf8()..].chars().next();
        let ends = match c {
            ';' | '\n' => true,
            ',' | '.' | '!' | '?' => next.is_none_or(char::is_whitespace),
            _ => false,
        };
        if ends {
            out.push(start..at);
            start = at + c.len_utf8();
        }
    }
    out.push(start..text.len());
    out
}
