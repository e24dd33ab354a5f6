//! Which value a report gives for each part of a question: by the words around it, by its unit, and
//! where nothing else tells, by the order the handout asks in.

use super::names;
use super::numbering::Segment;
use super::token::{self, Kind, Token, Unit, hedged, sentence};
use crate::handout::Answer;
use crate::handout::format::{Part, Question, Type};
use std::net::IpAddr;

/// What a student says.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The value.
    pub value: Claimed,
    /// The words it stands in.
    pub text: String,
    /// The student is not sure.
    pub hedged: bool,
    /// Something else is said as well: the other value.
    pub conflict: Option<String>,
}

/// A value that is claimed.
#[derive(Clone, Debug, PartialEq)]
pub enum Claimed {
    /// IP addresses.
    Ips(Vec<IpAddr>),
    /// A hardware address.
    Mac([u8; 6]),
    /// A number with its unit.
    Number(f64, Unit),
    /// Numbers in order.
    Numbers(Vec<i128>),
    /// Ports of client and server, as far as they are told.
    Ports(Option<i128>, Option<i128>),
    /// A name among those that the part knows.
    Name(String),
    /// Yes or no.
    YesNo(bool),
    /// Items of the key in the order they are told (their places), and items that are not in it.
    Items(Vec<usize>, Vec<String>),
    /// Text.
    Text(String),
    /// Something that is no value of the type at all.
    Malformed(String),
    /// Something is said, but no value.
    Vague,
}

/// Sorts of answers that compete for the same words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// IP addresses.
    Ip,
    /// Hardware addresses.
    Mac,
    /// Single numbers.
    Number,
    /// Two ports.
    Ports,
    /// Several frames.
    Frames,
    /// Names.
    Name,
    /// Yes or no.
    YesNo,
    /// Lists.
    List,
    /// Free text.
    Text,
    /// Prose.
    Prose,
}

/// The sort of a type.
pub fn class(kind: Type) -> Class {
    match kind {
        Type::Ip | Type::Set => Class::Ip,
        Type::Mac => Class::Mac,
        Type::Int | Type::Hex | Type::Port | Type::Frame | Type::Duration => Class::Number,
        Type::Ports => Class::Ports,
        Type::Frames => Class::Frames,
        Type::Enum => Class::Name,
        Type::YesNo => Class::YesNo,
        Type::List => Class::List,
        Type::Text => Class::Text,
        Type::Prose => Class::Prose,
    }
}

impl Class {
    /// Whether a token can be a value of this sort.
    pub fn holds(self, token: &Token) -> bool {
        match self {
            Class::Ip => matches!(token.kind, Kind::Ip(_) | Kind::Ip6(_) | Kind::BadIp),
            Class::Mac => matches!(token.kind, Kind::Mac(_)),
            Class::Number | Class::Ports | Class::Frames => {
                matches!(token.kind, Kind::Number(_) | Kind::Decimal(_))
            }
            _ => false,
        }
    }
}

/// Where a label begins a word in a lower-case text, from a place on.
pub fn find_label(text: &str, label: &str, from: usize) -> Option<(usize, usize)> {
    let short = label.len() <= 3 || label.bytes().all(|b| b.is_ascii_digit());
    let mut at = from;
    while let Some(found) = text.get(at..)?.find(label) {
        let start = at + found;
        let end = start + label.len();
        let before = text[..start].chars().next_back();
        let after = text[end..].chars().next();
        let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        // Longer labels may have endings: `command` finds `commands`.
        if !word(before) && (!word(after) || !short) {
            return Some((start, end));
        }
        at = start + text[start..].chars().next().map_or(1, char::len_utf8);
    }
    None
}

/// A piece of the report with what was found in it.
pub struct Piece<'s> {
    /// Its text.
    pub text: &'s str,
    /// The same in lower case, of the same length.
    pub lower: String,
    /// Words that announce it.
    pub hint: &'s str,
    /// Values in it.
    pub tokens: Vec<Token>,
    /// Tokens that were used.
    pub used: Vec<bool>,
    /// Places that were used otherwise.
    pub taken: Vec<std::ops::Range<usize>>,
}

impl<'s> Piece<'s> {
    /// Looks a segment through.
    pub fn new(segment: &'s Segment) -> Piece<'s> {
        let mut tokens = token::tokens(&segment.text);
        let has = |words: &[&str]| words.iter().any(|w| segment.hint.contains(w));
        if has(&["frame", "packet"]) && !has(&["size", "length", "bytes", "total", "whole"]) {
            for token in &mut tokens {
                let digit =
                    segment.text[token.span.clone()].starts_with(|c: char| c.is_ascii_digit());
                token.frame |=
                    digit && token.unit == Unit::None && matches!(token.kind, Kind::Number(_));
            }
        }
        Piece {
            text: &segment.text,
            lower: segment.text.to_ascii_lowercase(),
            hint: &segment.hint,
            used: vec![false; tokens.len()],
            tokens,
            taken: Vec::new(),
        }
    }

    /// The sentence around a place.
    pub fn quote(&self, at: usize) -> String {
        self.text[sentence(self.text, at)].trim().to_owned()
    }
}

/// Reads the claims for all parts of a question from its pieces. `only_labelled` takes nothing by
/// order alone: for text that names no question.
pub fn extract(
    question: &Question,
    answers: &[&Answer],
    pieces: &mut [Piece<'_>],
    claims: &mut [Option<Claim>],
    only_labelled: bool,
) {
    for (at, part) in question.part.iter().enumerate() {
        if claims[at].is_some() {
            continue;
        }
        claims[at] = match class(*part.kind.get_ref()) {
            Class::Frames => frames(part, pieces, only_labelled),
            Class::List => super::list::claim(part, answers[at], pieces, only_labelled),
            Class::Text => text(question, part, answers[at], pieces),
            _ => None,
        };
    }
    names::claims(question, pieces, claims, only_labelled);
    for kind in [Class::Ip, Class::Mac, Class::Ports, Class::Number] {
        assign(question, kind, pieces, claims, only_labelled);
    }
}

/// A slot that values compete for: a part, or one side of two ports.
struct Slot {
    part: usize,
    side: usize,
    kind: Type,
    bytes: bool,
    labels: Vec<String>,
}

/// Words that say of what sort a value is, not which.
const SORTS: &[&str] = &[
    "port", "ports", "address", "frame", "frames", "number", "bytes", "ip", "mac",
];
/// Words that say little unless they stand just before the value.
const WEAK: &[&str] = &["to", "from", "for", "by"];
const CLIENT: &[&str] = &["client", "source", "src", "from", "bootpc", "sport"];
const SERVER: &[&str] = &[
    "server",
    "destination",
    "dest",
    "dst",
    "to",
    "bootps",
    "dport",
];

fn slots(question: &Question, kind: Class, claims: &[Option<Claim>]) -> Vec<Slot> {
    let mut slots = Vec::new();
    for (at, part) in question.part.iter().enumerate() {
        let own = *part.kind.get_ref();
        if class(own) != kind || claims[at].is_some() {
            continue;
        }
        let sides: &[&[&'static str]] = if kind == Class::Ports {
            &[CLIENT, SERVER]
        } else {
            &[&[]]
        };
        for (side, labels) in sides.iter().enumerate() {
            slots.push(Slot {
                part: at,
                side,
                kind: own,
                bytes: part.unit.as_deref() == Some("bytes"),
                labels: if labels.is_empty() {
                    let own = std::iter::once(part.id.replace('-', " "));
                    own.chain(part.labels.iter().map(|l| l.to_ascii_lowercase()))
                        .collect()
                } else {
                    labels.iter().map(|l| (*l).to_owned()).collect()
                },
            });
        }
    }
    slots
}

/// What a token stands for, as far as the words around it tell.
struct Around {
    piece: usize,
    token: usize,
    scores: Vec<i32>,
    labelled: bool,
    both: bool,
}

fn assign(
    question: &Question,
    kind: Class,
    pieces: &mut [Piece<'_>],
    claims: &mut [Option<Claim>],
    only_labelled: bool,
) {
    let slots = slots(question, kind, claims);
    if slots.is_empty() {
        return;
    }
    let all: Vec<&Part> = question
        .part
        .iter()
        .filter(|p| class(*p.kind.get_ref()) == kind)
        .collect();
    let alone = all.len() == 1 && kind != Class::Ports;
    let prose = question
        .part
        .iter()
        .any(|p| *p.kind.get_ref() == Type::Prose);
    let mut around: Vec<Around> = Vec::new();
    for (p, piece) in pieces.iter().enumerate() {
        let mine: Vec<usize> = (0..piece.tokens.len())
            .filter(|t| kind.holds(&piece.tokens[*t]) && !piece.used[*t])
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
            let gap = &piece.lower[before..token.span.start];
            let (_, mut tail) = split(gap, before == 0);
            if tail.contains("both") {
                // `server and router have both …`
                let cut = gap.rfind(['.', ';', '\n', ',']).map_or(0, |at| at + 1);
                tail = &gap[cut..];
            }
            let behind = piece.lower[token.span.end..after].trim_start_matches(')');
            let (head, _) = split(behind, false);
            let own = scores(
                &slots,
                tail,
                gap,
                head,
                after == piece.lower.len(),
                piece.hint,
            );
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
            for (score, slot) in scores.iter_mut().zip(&slots) {
                *score = weigh(*score, slot, token);
            }
            let sentence = sentence(piece.text, token.span.start);
            let both = piece.lower[sentence.clone()].contains("both")
                || piece.lower[sentence].contains("each");
            around.push(Around {
                piece: p,
                token: *t,
                scores,
                labelled,
                both,
            });
        }
    }
    let mut given: Vec<Option<usize>> = vec![None; slots.len()];
    if alone {
        given[0] = primary(&slots[0], pieces, &around, only_labelled);
    } else {
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
                    *other == s && around[*a].both && spent[*a] && slot.kind != Type::Frame
                });
                given[s] = shared.map(|p| p.1);
            }
        }
        if !only_labelled {
            let mut rest = (0..around.len()).filter(|a| {
                let token = &pieces[around[*a].piece].tokens[around[*a].token];
                !spent[*a]
                    && !token.operand
                    && (!token.bracket || matches!(kind, Class::Ip | Class::Mac))
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
                    let again = kind == Class::Ports
                        && given.iter().flatten().any(|g| value(*g) == value(a));
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
    }
    claim(question, kind, &slots, &given, &around, pieces, claims);
}

/// Whether a token is plainly announced as something.
fn strong(one: &Around) -> bool {
    one.scores.iter().any(|s| *s >= 10)
}

/// A score with what the token itself says.
fn weigh(score: i32, slot: &Slot, token: &Token) -> i32 {
    const NEVER: i32 = -100;
    let sized = matches!(token.unit, Unit::Bytes | Unit::Bits | Unit::Words);
    match slot.kind {
        Type::Frame if sized => NEVER,
        Type::Frame if token.frame => score + 6,
        Type::Frame if token.behind_ip => NEVER,
        // A number that is not said to be a frame's may be any other.
        Type::Frame if score > 0 => (score - 5).max(1),
        Type::Frame if matches!(token.kind, Kind::Number(n) if n > 99_999) => NEVER,
        Type::Port if sized || token.frame => NEVER,
        Type::Port => match token.kind {
            Kind::Number(n) if (1..=65_535).contains(&n) => score,
            _ => NEVER,
        },
        Type::Int if slot.bytes && sized => score + 4,
        Type::Int if token.frame => NEVER,
        Type::Hex if token.hex => score + 4,
        Type::Hex if token.frame || sized => NEVER,
        Type::Ports if sized || token.frame => NEVER,
        Type::Ports => match token.kind {
            Kind::Number(n) if (1..=65_535).contains(&n) && !token.operand => score,
            _ => NEVER,
        },
        _ => score,
    }
}

/// What belongs to the value before a gap, and what to the one behind it.
fn split(gap: &str, first: bool) -> (&str, &str) {
    // What opens a bracket ends what belongs to the value before it.
    if let Some(open) = gap.rfind('(')
        && !gap[open..].contains(')')
        && !first
    {
        return (&gap[..open], &gap[open + 1..]);
    }
    use regex::Regex;
    use std::sync::LazyLock;
    static CUT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"[,;\n?!)]|\.\s|\.$|\s(?:and|then|but|while|und)\s")
            .expect("the pattern is right")
    });
    let mut cuts = CUT.find_iter(gap).filter(|cut| {
        let before = &gap[..cut.start()];
        // `no. 8`, `i.e.` and brackets that open here end nothing.
        let short = ["no", "nr", "i.e", "e.g", "approx", "resp"];
        let shortened = cut.as_str().starts_with('.') && short.iter().any(|s| before.ends_with(s));
        let bracketed = cut.as_str() == ")" && before.contains('(');
        !shortened && !bracketed
    });
    let Some(one) = cuts.next() else {
        let postfix = gap.trim_start();
        let is = ["is ", "as ", "(", "was ", "so this", "are "];
        return if !first && is.iter().any(|w| postfix.starts_with(w)) {
            (gap, gap)
        } else {
            ("", gap)
        };
    };
    let last = cuts.last().unwrap_or(one);
    (&gap[..one.start()], &gap[last.end()..])
}

/// How well the words around a value announce each slot.
fn scores(slots: &[Slot], tail: &str, gap: &str, head: &str, last: bool, hint: &str) -> Vec<i32> {
    let mut out = vec![0; slots.len()];
    let mut add = |text: &str, base: i32, nearest_last: bool| {
        let hits = hits(slots, text);
        let nearest = if nearest_last {
            hits.iter().map(|h| h.1).max()
        } else {
            hits.iter().map(|h| h.0).min()
        };
        for (start, end, length, of) in &hits {
            // `destination: …` announces what follows.
            if !nearest_last && text[*end..].trim_start().starts_with([':', '=']) {
                continue;
            }
            let near = Some(if nearest_last { *end } else { *start }) == nearest;
            for slot in of {
                let sort = text.get(*start..*end).is_some_and(|l| SORTS.contains(&l));
                let weak = *end < text.trim_end().len()
                    && text.get(*start..*end).is_some_and(|l| WEAK.contains(&l));
                let score = if sort {
                    base / 2
                } else if weak {
                    base - 2
                } else {
                    base + i32::try_from(*length).unwrap_or(0) / 4 + if near { 4 } else { 0 }
                };
                out[*slot] = out[*slot].max(0) + score;
            }
        }
        !hits.is_empty()
    };
    let prefixed = add(tail, 8, true);
    if !prefixed && tail.len() < gap.len() {
        // Words further away count less.
        let rest = &gap[..gap.len() - tail.len()];
        if let Some(cut) = rest.rfind(['\n', ';']) {
            add(&rest[cut..], 3, true);
        } else if rest.len() < 60 {
            add(rest, 3, true);
        }
    }
    let head = if last && head.is_empty() { "" } else { head };
    let is = head.trim_start().starts_with("is") || head.trim_start().starts_with(['(', '=']);
    if !prefixed || is {
        add(head, if is { 9 } else { 6 }, false);
    }
    if !hint.is_empty() {
        add(hint, 5, true);
    }
    out
}

/// Labels in a text, the longest where several overlap: place, length, and whose they are.
fn hits(slots: &[Slot], text: &str) -> Vec<(usize, usize, usize, Vec<usize>)> {
    let mut found: Vec<(usize, usize, usize, Vec<usize>)> = Vec::new();
    for (s, slot) in slots.iter().enumerate() {
        for label in &slot.labels {
            let mut from = 0;
            while let Some((start, end)) = find_label(text, label, from) {
                match found.iter_mut().find(|f| f.0 == start && f.1 == end) {
                    Some(known) if !known.3.contains(&s) => known.3.push(s),
                    Some(_) => {}
                    None => found.push((start, end, label.len(), vec![s])),
                }
                from = end;
            }
        }
    }
    let spans: Vec<(usize, usize)> = found.iter().map(|f| (f.0, f.1)).collect();
    found.retain(|f| {
        !spans
            .iter()
            .any(|o| o.0 <= f.0 && f.1 <= o.1 && o.1 - o.0 > f.1 - f.0)
    });
    found
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
    let plain = |a: &&usize| !token(a).operand && !token(a).bracket;
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

fn claim(
    question: &Question,
    kind: Class,
    slots: &[Slot],
    given: &[Option<usize>],
    around: &[Around],
    pieces: &mut [Piece<'_>],
    claims: &mut [Option<Claim>],
) {
    for (s, slot) in slots.iter().enumerate() {
        let Some(a) = given[s] else { continue };
        let (p, t) = (around[a].piece, around[a].token);
        pieces[p].used[t] = true;
        let piece = &pieces[p];
        let token = &piece.tokens[t];
        let text = piece.quote(token.span.start);
        let part = &question.part[slot.part];
        let mut value = match &token.kind {
            Kind::Ip(ip) => Claimed::Ips(vec![IpAddr::V4(*ip)]),
            Kind::Ip6(ip) => Claimed::Ips(vec![IpAddr::V6(*ip)]),
            Kind::BadIp => Claimed::Malformed(piece.text[token.span.clone()].to_owned()),
            Kind::Mac(mac) => Claimed::Mac(*mac),
            #[expect(clippy::cast_precision_loss, reason = "numbers of packets are smaller")]
            Kind::Number(n) => Claimed::Number(*n as f64, token.unit),
            Kind::Decimal(f) => Claimed::Number(*f, token.unit),
            Kind::Other => continue,
        };
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
                if taken || between.contains(|c: char| c.is_alphabetic() && !"and".contains(c)) {
                    break;
                }
                if let Kind::Ip(ip) = piece.tokens[other].kind {
                    ips.push(IpAddr::V4(ip));
                }
            }
            if !ips.is_empty() {
                value = Claimed::Ips(ips);
            }
        }
        claims[slot.part] = Some(Claim {
            value,
            text,
            hedged: hedge,
            conflict: None,
        });
    }
    // Hardware addresses have names, too.
    if kind == Class::Mac {
        names::macs(question, pieces, claims);
    }
}

/// Whether the words just around a value say that the writer is not sure.
fn hedged_near(piece: &Piece<'_>, token: &Token) -> bool {
    let around = sentence(piece.text, token.span.start);
    let before = piece.text[around.start..token.span.start]
        .rfind([',', ':'])
        .map_or(around.start, |at| around.start + at);
    let mut end = around.end.min(token.span.end + 40);
    while !piece.text.is_char_boundary(end) {
        end -= 1;
    }
    let end = end.max(token.span.end);
    let after = piece.text[token.span.end..end]
        .find([',', '('])
        .map_or(end, |at| token.span.end + at);
    // `Who has 10.0.2.2? Tell …` quotes a question.
    let asked = piece.lower[around.start..token.span.start].contains("who ");
    let question = !asked && piece.text[token.span.end..].trim_start().starts_with('?');
    // `…, I think` comes behind the comma.
    let tail = piece.text[token.span.end..end].trim_start_matches([',', ' ', '.']);
    let tail = &tail[..tail
        .len()
        .min(tail.char_indices().nth(12).map_or(tail.len(), |c| c.0))];
    question || hedged(&piece.text[before..after]) || hedged(tail)
}

/// A text: the key's own words somewhere, or else something that a person has to compare.
fn text(
    question: &Question,
    part: &Part,
    answer: &Answer,
    pieces: &mut [Piece<'_>],
) -> Option<Claim> {
    let key = answer.text.trim().to_ascii_lowercase();
    let label = |hint: &str| {
        let own = part.id.replace('-', " ");
        let mut labels = part.labels.iter().map(|l| l.to_ascii_lowercase());
        find_label(hint, &own, 0).is_some() || labels.any(|l| find_label(hint, &l, 0).is_some())
    };
    for piece in pieces.iter_mut() {
        if key.is_empty() {
            break;
        }
        let mut from = 0;
        while let Some(found) = piece.lower.get(from..).and_then(|t| t.find(&key)) {
            let (start, end) = (from + found, from + found + key.len());
            let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric());
            let before = piece.lower[..start].chars().next_back();
            let after = piece.lower[end..].chars().next();
            if !word(before) && !word(after) {
                piece.taken.push(start..end);
                let quote = piece.quote(start);
                return Some(Claim {
                    value: Claimed::Text(answer.text.clone()),
                    hedged: hedged(&quote),
                    text: quote,
                    conflict: None,
                });
            }
            from = end;
        }
    }
    let alone = question.part.len() == 1;
    let piece = pieces
        .iter()
        .find(|p| !p.text.trim().is_empty() && (alone || label(p.hint) || label(&p.lower)))?;
    Some(Claim {
        value: Claimed::Vague,
        text: piece.text.to_owned(),
        hedged: true,
        conflict: None,
    })
}

/// Words that may stand between the frames of a handshake.
const BETWEEN: &[&str] = &[
    "and", "syn", "ack", "synack", "frame", "frames", "packet", "packets", "no", "in", "is", "the",
];

/// Several frames: a run of numbers without other words between.
fn frames(part: &Part, pieces: &mut [Piece<'_>], only_labelled: bool) -> Option<Claim> {
    for piece in pieces.iter_mut() {
        let numbers: Vec<usize> = (0..piece.tokens.len())
            .filter(|t| matches!(piece.tokens[*t].kind, Kind::Number(n) if n > 0 && n < 100_000))
            .filter(|t| piece.tokens[*t].unit == Unit::None && !piece.tokens[*t].bracket)
            .collect();
        let mut best: Vec<usize> = Vec::new();
        let mut marked = false;
        let mut run: Vec<usize> = Vec::new();
        for t in &numbers {
            let token = &piece.tokens[*t];
            let joined = run.last().is_some_and(|last| {
                let gap = &piece.lower[piece.tokens[*last].span.end..token.span.start];
                let bare: String = strip_brackets(gap);
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
            let announced = first.frame
                || part
                    .labels
                    .iter()
                    .any(|l| before.contains(&l.to_lowercase()))
                || part
                    .labels
                    .iter()
                    .any(|l| piece.hint.contains(&l.to_lowercase()));
            let begins = before.trim().is_empty();
            if (announced && first.frame || begins || announced && run.len() > 1)
                && (run.len() > best.len() && (run.len() > 1 || first.frame || begins))
                && (!only_labelled || announced)
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
            let Kind::Number(n) = token.kind else {
                continue;
            };
            // A range.
            if let (Some(end), Some(from)) = (last, values.last().copied()) {
                let gap = piece.lower[end..token.span.start].trim();
                if matches!(gap, "-" | "–" | "to" | "..") && n > from && n - from < 20 {
                    values.extend(from + 1..n);
                }
            }
            values.push(n);
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
            conflict: None,
        });
    }
    None
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
