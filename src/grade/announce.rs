//! How well the words around a value announce what it is.

use super::claim::{Claim, Class, class};
use super::piece::find_label;
use super::token::{Kind, Token};
use crate::handout::format::{Question, Take, Type};
use crate::handout::units;
use regex::Regex;
use std::sync::LazyLock;

/// A slot that values compete for: a part, or one side of two ports.
pub struct Slot {
    /// The part.
    pub part: usize,
    /// Client (0) or server (1) of two ports.
    pub side: usize,
    /// Its type.
    pub kind: Type,
    /// It counts bytes.
    pub bytes: bool,
    /// It is a time.
    pub timed: bool,
    /// What announces it.
    pub labels: Vec<String>,
    /// The field it is read from, which tells who sends and who gets.
    pub field: String,
}

impl Slot {
    /// Whether it is the address of who sends.
    pub fn sends(&self) -> bool {
        self.field.contains(".src") || self.named(&["source", "src", "sender", "asker"])
    }

    /// Whether it is the address of who gets.
    pub fn gets(&self) -> bool {
        self.field.contains(".dst") || self.named(&["destination", "dst", "target"])
    }

    fn named(&self, words: &[&str]) -> bool {
        let mut all = self.labels.iter().flat_map(|l| l.split(' '));
        all.any(|w| words.contains(&w))
    }
}

/// Words that say of what sort a value is, not which.
pub const SORTS: &[&str] = &[
    "port", "ports", "address", "frame", "frames", "number", "bytes", "ip", "mac",
];
/// Words that say little unless they stand just before the value.
const WEAK: &[&str] = &["to", "from", "for", "by"];
/// Words that make of the label behind them a part of something larger.
const MODIFIERS: &[&str] = &["with", "without", "including", "excluding"];
const CLIENT: &[&str] = &[
    "client",
    "source",
    "src",
    "from",
    "bootpc",
    "sport",
    "my machine",
    "my vm",
    "my host",
];
const SERVER: &[&str] = &[
    "server",
    "destination",
    "dest",
    "dst",
    "to",
    "bootps",
    "dport",
];

/// The slots of a question that are still open for a sort of values.
pub fn slots(question: &Question, kind: Class, claims: &[Option<Claim>]) -> Vec<Slot> {
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
                timed: own == Type::Duration || part.unit.as_deref().and_then(units::of).is_some(),
                field: match part.take.as_ref().map(toml::Spanned::get_ref) {
                    Some(Take::One(field)) => field.clone(),
                    _ => String::new(),
                },
                labels: if labels.is_empty() {
                    let own = std::iter::once(part.id.replace('-', " "));
                    // What is a source port in any frame.
                    let field = part.take.as_ref().map(toml::Spanned::get_ref);
                    let sides: &[&str] = match field {
                        Some(Take::One(f)) if f.ends_with(".srcport") => {
                            &["source port", "src port", "sport"]
                        }
                        Some(Take::One(f)) if f.ends_with(".dstport") => {
                            &["destination port", "dst port", "dport"]
                        }
                        _ => &[],
                    };
                    own.chain(part.labels.iter().map(|l| l.to_ascii_lowercase()))
                        .chain(sides.iter().map(|s| (*s).to_owned()))
                        .flat_map(turned)
                        .collect()
                } else {
                    labels.iter().map(|l| (*l).to_owned()).collect()
                },
            });
        }
    }
    slots
}

/// A label with what it is called as well: `proxy port` is the `port of the proxy`.
fn turned(label: String) -> Vec<String> {
    let words: Vec<&str> = label.split(' ').collect();
    let more = match words.as_slice() {
        [a, b] if !MODIFIERS.contains(a) && !WEAK.contains(a) && *b != "is" && a.len() > 2 => {
            vec![format!("{b} of {a}"), format!("{b} of the {a}")]
        }
        [b, "of", a] => vec![format!("{b} of the {a}"), format!("{a} {b}")],
        _ => Vec::new(),
    };
    std::iter::once(label.clone()).chain(more).collect()
}

/// A score with what the token itself says.
pub fn weigh(score: i32, slot: &Slot, token: &Token) -> i32 {
    const NEVER: i32 = -100;
    let sized = token.unit.sized();
    let timed = token.unit.seconds().is_some();
    match slot.kind {
        _ if timed && !slot.timed => NEVER,
        Type::Frame | Type::Duration if sized => NEVER,
        // The numbers of frames are decimal: `Standard query 0x3af6`.
        Type::Frame if token.port || token.hex => NEVER,
        Type::Frame if token.frame => score + 6,
        Type::Frame if token.behind_ip => NEVER,
        // A number that is not said to be a frame's may be any other.
        Type::Frame if score > 0 => (score - 5).max(1),
        Type::Frame if matches!(token.kind, Kind::Number(n) if n > 99_999) => NEVER,
        Type::Port if sized || token.frame => NEVER,
        Type::Port => match token.kind {
            Kind::Number(n) if (1..=65_535).contains(&n) && token.port => score + 6,
            Kind::Number(n) if (1..=65_535).contains(&n) => score,
            _ => NEVER,
        },
        Type::Int if token.port => NEVER,
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
pub fn split(gap: &str, first: bool) -> (&str, &str) {
    // What opens a bracket ends what belongs to the value before it.
    if let Some(open) = gap.rfind('(')
        && !gap[open..].contains(')')
        && !first
    {
        return (&gap[..open], &gap[open + 1..]);
    }
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
        // `SYN,ACK` is one word.
        let after = &gap[cut.end()..];
        let letters =
            before.ends_with(char::is_alphabetic) && after.starts_with(char::is_alphabetic);
        let flags = before.ends_with("syn") && after.trim_start().starts_with("ack");
        let word = cut.as_str() == "," && (letters || flags);
        !shortened && !bracketed && !word
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
pub fn scores(
    slots: &[Slot],
    possible: &[bool],
    tail: &str,
    gap: &str,
    behind: &str,
    last: bool,
    hint: &str,
) -> Vec<i32> {
    let mut out = vec![0; slots.len()];
    let add = |out: &mut Vec<i32>, text: &str, base: i32, nearest_last: bool| {
        let hits = hits(slots, possible, text);
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
            // `X is looking for …`: what comes before such a word is not what it announces.
            if !nearest_last && text.get(*start..*end).is_some_and(|l| WEAK.contains(&l)) {
                continue;
            }
            // `resolved by …` tells who did it, not what came out.
            let by = text[*end..].trim_start();
            if nearest_last && text[..*end].ends_with("ed") && (by == "by" || by.starts_with("by "))
            {
                continue;
            }
            for slot in of {
                let sort = text.get(*start..*end).is_some_and(|l| SORTS.contains(&l));
                let weak = !fill(&text[*end..])
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
    let prefixed = add(&mut out, tail, 8, true);
    // `seq` alone is of several: the flags told before say of which.
    let best = out.iter().max().copied().unwrap_or(0);
    let several = out.iter().filter(|s| **s == best).count() > 1;
    if (!prefixed || several) && tail.len() < gap.len() {
        // Words further away count less.
        let rest = &gap[..gap.len() - tail.len()];
        let bare = rest.trim_start();
        if ["is ", "was ", "are "].iter().any(|w| bare.starts_with(w)) {
            // It is said of the value before.
        } else if let Some(cut) = rest.rfind(['\n', ';']) {
            add(&mut out, &rest[cut..], 3, true);
        } else if rest.len() < 60 {
            add(&mut out, rest, 3, true);
        }
    }
    let (head, _) = split(behind, false);
    let head = if last && head.is_empty() {
        let words = head_of(behind);
        words.split(". ").next().unwrap_or_default()
    } else {
        head
    };
    let is = head.trim_start().starts_with("is") || head.trim_start().starts_with(['(', '=']);
    if !prefixed || is {
        add(&mut out, head, if is { 9 } else { 6 }, false);
    }
    if !hint.is_empty() {
        add(&mut out, hint, 5, true);
    }
    out
}

/// Whether a text has only words that may stand between a label and its value.
fn fill(text: &str) -> bool {
    const FILL: &[&str] = &[
        "is",
        "was",
        "are",
        "has",
        "uses",
        "with",
        "as",
        "the",
        "a",
        "an",
        "its",
        "my",
        "his",
        "at",
        "ip",
        "mac",
        "address",
        "port",
        "number",
        "no",
        "nr",
        "of",
        "frame",
        "packet",
        "value",
        "field",
        "bytes",
        "raw",
        "sequence",
        "seq",
        "equals",
        "being",
        "called",
        "namely",
        "hence",
        "so",
        "then",
        "therefore",
        "option",
        "tcp",
        "udp",
        "s",
        "isn",
        "initial",
        "data",
        "payload",
        "size",
        "length",
        "ms",
        "seconds",
        "byte",
        "b",
        "us",
        "long",
    ];
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .all(|w| FILL.contains(&w))
}

/// How plainly a slot is named just beside a value, so that no other word stands between the label and
/// it and turns the meaning round: not at all, by a label that others have as well, by one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Beside {
    /// No label.
    None,
    /// A label that other slots have as well.
    Shared,
    /// Its own.
    Own,
}

/// Which slots are named just beside a value, of those that it can belong to.
pub fn beside(
    slots: &[Slot],
    possible: &[bool],
    tail: &str,
    behind: &str,
    hint: &str,
) -> Vec<Beside> {
    let mut out = vec![Beside::None; slots.len()];
    let mut mark = |of: &[usize]| {
        let of: Vec<usize> = of.iter().copied().filter(|s| possible[*s]).collect();
        let how = if of.len() == 1 {
            Beside::Own
        } else {
            Beside::Shared
        };
        for s in of {
            out[s] = out[s].max(how);
        }
    };
    let before = hits(slots, possible, tail);
    for (start, end, _, of) in &before {
        let weak = WEAK.contains(&&tail[*start..*end]);
        if fill(&tail[*end..]) && (!weak || tail[*end..].trim().len() < 10) {
            mark(of);
        }
    }
    let (head, _) = split(behind, false);
    let head = if head.is_empty() { behind } else { head };
    for (start, end, _, of) in &hits(slots, possible, head) {
        let weak = WEAK.contains(&&head[*start..*end]);
        let announces = head[*end..].trim_start().starts_with([':', '=']);
        if before.is_empty() && !weak && !announces && fill(&head[..*start]) {
            mark(of);
        }
    }
    for (_, _, _, of) in &hits(slots, possible, hint) {
        mark(of);
    }
    out
}

/// How plainly the verbs and arrows around a value say that it sends or gets: for each slot of a sender
/// or a receiver, what that adds.
pub fn directed(slots: &[Slot], tail: &str, behind: &str) -> Vec<i32> {
    /// What is pinged is the destination.
    static PINGED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:ping(?:s|ed|ing)?|contact(?:s|ed|ing)?)\s+(?:the\s+)?(?:host\s+)?$")
            .expect("the pattern is right")
    });
    /// Who sends or asks is the source.
    static ACTIVE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*\)?\s*(?:(?:(?:has|would|tries\s+to|wants\s+to)\s+)?(?:like\s+to\s+)?(?:know|ping|send|sent|ask|request|want|look|quer|search|contact)(?:s|ed|ies)?|(?:is|was)\s+(?:know|ping|send|ask|request|look|query|search|contact)ing)\b")
            .expect("the pattern is right")
    });
    /// What is asked or pinged is the destination.
    static PASSIVE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*\)?\s*(?:is|was|gets|got|being|has\s+been)\s+(?:being\s+)?(?:pinged|asked|requested|contacted|queried|looked|searched|wanted|sought)\b")
            .expect("the pattern is right")
    });
    /// Who something is done by is the source.
    static AGENT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:(?:sent|pinged|asked|requested|looked\s+for|searched|queried|contacted|issued|made|transmitted)\s+(?:out\s+)?(?:by|from)|by)\s+(?:the\s+|my\s+|our\s+)?(?:vm|host|machine|computer|client)?\s*$")
            .expect("the pattern is right")
    });
    let mut out = vec![0; slots.len()];
    let arrow = |text: &str, signs: [&str; 4]| signs.contains(&text);
    let (before, after) = (tail.trim(), behind.trim_start());
    let ahead = |signs: [&str; 4]| signs.iter().any(|s| after.starts_with(s));
    const RIGHT: [&str; 4] = ["->", "→", "-->", "=>"];
    // Between two ends, and nothing else, `to` is an arrow.
    let to = |text: &str| matches!(text, "to" | "vers" | "nach");
    const LEFT: [&str; 4] = ["<-", "←", "<--", "<="];
    let gets = PINGED.is_match(tail)
        || PASSIVE.is_match(head_of(behind))
        || arrow(before, RIGHT)
        || to(before)
        || ahead(LEFT);
    let sends = ACTIVE.is_match(head_of(behind))
        || AGENT.is_match(tail)
        || arrow(before, LEFT)
        || to(behind.trim())
        || ahead(RIGHT);
    let fits = |slot: &Slot| gets && slot.gets() || sends && slot.sends();
    let one = slots.iter().filter(|s| fits(s)).count() == 1;
    for (slot, out) in slots.iter().zip(&mut out) {
        // Words that say both say nothing; of several that get something, not which.
        if gets != sends && fits(slot) {
            *out = if one { 9 } else { 1 };
        } else if gets != sends && (gets && slot.sends() || sends && slot.gets()) {
            *out = -4;
        }
    }
    out
}

/// Whether something is sent to what follows.
pub fn addressed(tail: &str) -> bool {
    let word = tail.trim_end_matches([' ', ':', '=', '(']);
    let word = word.rsplit(|c: char| !c.is_alphabetic()).next();
    word.is_some_and(|w| {
        matches!(
            w,
            "to" | "target" | "receiver" | "recipient" | "destination" | "dst"
        )
    })
}

/// What is said of a value behind it, up to the next value's own words.
fn head_of(behind: &str) -> &str {
    behind.split([',', ';', '\n']).next().unwrap_or_default()
}

/// Labels in a text, the longest where several overlap: place, length, and whose they are.
fn hits(slots: &[Slot], possible: &[bool], text: &str) -> Vec<(usize, usize, usize, Vec<usize>)> {
    let mut found: Vec<(usize, usize, usize, Vec<usize>)> = Vec::new();
    let open = slots.iter().enumerate().filter(|(s, _)| possible[*s]);
    for (s, slot) in open {
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
    // `including the handshake`: what is included is not what is told.
    let modifiers: Vec<usize> = found
        .iter()
        .filter(|f| MODIFIERS.contains(&&text[f.0..f.1]))
        .map(|f| f.1)
        .collect();
    found.retain(|f| {
        !modifiers.iter().any(|end| {
            *end < f.0 && matches!(text[*end..f.0].trim(), "" | "the" | "a" | "connection")
        })
    });
    // `size of the request`: the size is told, unless both announce the same.
    let heads: Vec<(usize, Vec<usize>)> = found
        .iter()
        .filter(|f| !SORTS.contains(&&text[f.0..f.1]))
        .map(|f| (f.1, f.3.clone()))
        .collect();
    found.retain(|f| {
        !heads.iter().any(|(end, of)| {
            *end < f.0
                && matches!(text[*end..f.0].trim(), "of" | "of the" | "of my" | "of its")
                && !of.iter().any(|s| f.3.contains(s))
        })
    });
    let spans: Vec<(usize, usize)> = found.iter().map(|f| (f.0, f.1)).collect();
    found.retain(|f| {
        !spans
            .iter()
            .any(|o| o.0 <= f.0 && f.1 <= o.1 && o.1 - o.0 > f.1 - f.0)
    });
    found
}
