//! Which of the values in a report is meant for which part: by the words around it, by its unit, and
//! where nothing else tells, by the order the handout asks in.

use super::announce::{Beside, Slot, addressed, beside, directed, scores, slots, split, weigh};
use super::claim::{Claim, Claimed, Class, class};
use super::names;
use super::piece::{Piece, find_label, hedged_near};
use super::token::{Kind, Token, Unit, sentence, tail};
use crate::handout::format::{Part, Question, Type};
use regex::Regex;
use std::net::IpAddr;
use std::sync::LazyLock;

/// What a token stands for, as far as the words around it tell.
struct Around {
    piece: usize,
    token: usize,
    scores: Vec<i32>,
    /// What the words alone say.
    own: Vec<i32>,
    /// The slots that a label just beside it names.
    beside: Vec<Beside>,
    labelled: bool,
    /// Something is sent to it.
    addressed: bool,
    both: bool,
}

/// Gives values of a sort to the parts of a question that ask for it.
pub fn assign(
    question: &Question,
    kind: Class,
    pieces: &mut [Piece<'_>],
    claims: &mut [Option<Claim>],
    only_labelled: bool,
) {
    let mut open = question.part.iter().zip(claims.iter());
    if !open.any(|(p, c)| c.is_none() && class(*p.kind.get_ref()) == kind) {
        return;
    }
    let any = |p: &Piece<'_>| p.tokens.iter().any(|t| kind.holds(t));
    if !pieces.iter().any(any) {
        // Hardware addresses have names, too.
        if kind == Class::Mac {
            names::macs(question, pieces, claims);
        }
        return;
    }
    let slots = slots(question, kind, claims);
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
                &slots,
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
            let mut beside = beside(&slots, &possible, tail, behind, piece.hint);
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
            for (s, sign) in directed(&slots, flow, beyond).into_iter().enumerate() {
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
    parallel(&slots, pieces, &mut around);
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
                    *other == s
                        && around[*a].both
                        && around[*a].own[s] > 0
                        && spent[*a]
                        && slot.kind != Type::Frame
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
    // `21 bytes each way`: one value for parts that are called alike.
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
    if !alone && matches!(kind, Class::Ip | Class::Mac) && !only_labelled {
        last_one(pieces, &around, &mut given);
    }
    claim(question, kind, &slots, &given, &around, pieces, claims);
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
        if two.kind == token.kind || two.operand || two.bracket || two.unit != token.unit {
            continue;
        }
        let (a, b) = if two.span.start > token.span.start {
            (token, two)
        } else {
            (two, token)
        };
        let gap = &piece.lower[a.span.end..b.span.start];
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
            && !super::denial::negated(&piece.lower[..two.span.start]);
        if or || again {
            return Some(piece.text[two.span.clone()].to_owned());
        }
    }
    None
}

/// Whether a token is plainly announced as something.
fn strong(one: &Around) -> bool {
    one.scores.iter().any(|s| *s >= 10)
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

/// The value of a token.
pub fn value(token: &Token) -> Option<Claimed> {
    Some(match &token.kind {
        Kind::Ip(ip) => Claimed::Ips(vec![IpAddr::V4(*ip)]),
        Kind::Ip6(ip) => Claimed::Ips(vec![IpAddr::V6(*ip)]),
        Kind::BadIp => Claimed::Malformed(String::new()),
        Kind::Mac(mac) => Claimed::Mac(*mac),
        Kind::MacEnd(end) => Claimed::MacEnd(*end),
        #[expect(clippy::cast_precision_loss, reason = "numbers of packets are smaller")]
        Kind::Number(n) => Claimed::Number(*n as f64, token.unit),
        Kind::Decimal(f) => Claimed::Number(*f, token.unit),
        Kind::Other => return None,
    })
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
        let Some(mut value) = self::value(token) else {
            continue;
        };
        if token.kind == Kind::BadIp {
            value = Claimed::Malformed(piece.text[token.span.clone()].to_owned());
        }
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
        let conflict = if slots.len() == 1 || kind == Class::Number {
            rival(pieces, around, given, a, s)
        } else {
            None
        };
        claims[slot.part] = Some(Claim {
            value,
            text,
            hedged: hedge,
            loose: (0..slots.len()).any(|o| slots[o].part == slot.part && !plain[o]),
            others: others(s, a, slots, given, around, pieces),
            conflict,
            ..Claim::default()
        });
    }
    // Hardware addresses have names, too.
    if kind == Class::Mac {
        names::macs(question, pieces, claims);
    }
}
