//! Names that a text denies: what it says that something is not, cannot be, or would need.

use super::names::Mention;
use regex::Regex;
use std::sync::LazyLock;

/// Whether the words before a name deny it.
pub fn negated(before: &str) -> bool {
    static NOT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:\bnot|\bno|n't|\bnever|\bwithout|\binstead of|\brather than|\bthan|\bneither)\s+(?:(?:a|an|the|to|as|by|of)\s+)?$|\bno\s+(?:(?:single|such|icmp|tcp|udp|arp|ip|dns|http)\s+)+$")
            .expect("the pattern is right")
    });
    /// What is not done with it, or by it: `does not use TCP`, `not sent over TCP`.
    static NOT_DONE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:\bnot|n't|\bnever|\bcannot)\s+(?:(?:use|used|uses|using|run|runs|running|based|sent|work|works|need|needs|go|goes|travel|travels|carried|transported|answer|answers|answered|reply|replies|replied|respond|responds|responded|return|returns|send|sends|see|seen|get|gets|receive|receives|received|show|shows|come|comes|back|over|upon|on|with|via|by|in|to|be|it|is|as|a|an|the|really|actually|any)\s+){1,4}$")
            .expect("the pattern is right")
    });
    let near = super::token::tail(before, 96);
    NOT.is_match(near) || NOT_DONE.is_match(near)
}

/// Whether the words behind a name say that it is not so: `TCP is not possible`, `TCP would need …`.
pub fn ruled_out(after: &str) -> bool {
    static OUT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*(?:\([^)]*\)\s*)?(?:(?:is|was|can|could|would|does|do|will|did|has)\s*(?:n't|not)\b|cannot\b|can't\b|won't\b|would\b|is\s+(?:impossible|useless|unsuitable|out))")
            .expect("the pattern is right")
    });
    OUT.is_match(after)
}

/// Whether the words behind a name tell what it would need: behind another name they say why it is
/// not this one (`UDP, TCP needs a handshake`).
fn needs(after: &str) -> bool {
    static NEEDS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*(?:needs|needed|requires|required|must|has\s+to|wants|expects|depends)\b")
            .expect("the pattern is right")
    });
    NEEDS.is_match(after)
}

/// Takes out what is denied, and the alternatives of it: `not TCP or UDP`.
pub fn deny(text: &str, found: &mut Vec<Mention>) {
    static OR: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*,?\s*(?:or|nor)\s+(?:a\s+|an\s+|the\s+)?$").expect("the pattern is right")
    });
    let mut last: Option<usize> = None;
    let mut kept: Option<String> = None;
    found.retain(|m| {
        let listed =
            last.is_some_and(|end| end <= m.span.start && OR.is_match(&text[end..m.span.start]));
        let after = &text[m.span.end..];
        let other = kept.as_ref().is_some_and(|kept| *kept != m.value);
        let denied =
            listed || negated(&text[..m.span.start]) || ruled_out(after) || other && needs(after);
        if denied {
            last = Some(m.span.end);
        } else {
            kept = Some(m.value.clone());
        }
        !denied
    });
    // `no difference between UDP and TCP` names neither.
    let pairs: Vec<usize> = (1..found.len())
        .filter(|at| {
            let (a, b) = (&found[at - 1], &found[*at]);
            text[..a.span.start].trim_end().ends_with("between")
                && text[a.span.end..b.span.start].trim() == "and"
        })
        .collect();
    for at in pairs.into_iter().rev() {
        found.drain(at - 1..=at);
    }
}
