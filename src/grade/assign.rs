//! Which of the values in a report is meant for which part: by the words around it, by its unit, and
//! where nothing else tells, by the order the handout asks in.

mod around;
mod claims;
mod give;

use super::announce::{Beside, slots};
use super::claim::{Claim, Claimed, Class, class};
use super::names;
use super::piece::Piece;
use super::token::{Kind, Token};
use crate::handout::format::Question;
use around::around;
use claims::claim;
use give::give;
use std::net::IpAddr;

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
    if pieces.iter().any(any) {
        let slots = slots(question, kind, claims);
        let around = around(question, kind, &slots, pieces, only_labelled);
        let given = give(question, kind, &slots, pieces, &around, only_labelled);
        claim(question, kind, &slots, &given, &around, pieces, claims);
    }
    // Hardware addresses have names, too.
    if kind == Class::Mac {
        names::macs(question, pieces, claims);
    }
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
