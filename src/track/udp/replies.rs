//! Which datagram is the reply to which: by the number of a DNS message, by what it brings back, or
//! because nothing else waits for one.

use super::{Flows, NONE, Row, is_dhcp};
use crate::capture::Time;
use crate::dissect::as_usize;
use foldhash::fast::FixedState;
use std::hash::{BuildHasher, Hasher};

/// How many of those that wait are looked at for what a reply brings back.
const LOOKED_AT: usize = 64;
/// So many of the first and of the last bytes of a payload are compared.
const COMPARED: usize = 32;
/// A reply that is still to come may come for so many nanoseconds: clients ask again sooner
/// (RFC 1035 §4.2.1).
const LATE: i64 = 5_000_000_000;
/// The bit that says that a mark is no number.
const TEXT: u32 = 1 << 31;
/// The bits with the number of a DNS message, to which 1 is added; above them stands what is kept of
/// the name it asks for.
const NUMBER: u32 = (1 << 17) - 1;

/// What a datagram and its reply have in common: number and name of a DNS message, or the text that an
/// echo brings back, in capitals perhaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark(u32);

impl Mark {
    /// The mark of a datagram of so many bytes of which these were captured, and whether it waits for
    /// a reply. One that is empty has none.
    pub(super) fn of(ports: (u16, u16), bytes: u32, payload: &[u8]) -> (Mark, bool) {
        if let ([high, low, flags, ..], true) = (payload, ports.0 == 53 || ports.1 == 53)
            && payload.len() >= 12
        {
            let number = u32::from(u16::from_be_bytes([*high, *low]));
            let name =
                name_asked_for(payload).map_or(0, |name| mixed(0, &[name]) & !TEXT & !NUMBER);
            return (Mark(name | (number + 1)), flags & 0x80 == 0);
        }
        if payload.is_empty() {
            return (Mark::default(), true);
        }
        let head = &payload[..payload.len().min(COMPARED)];
        let tail = &payload[payload.len().saturating_sub(COMPARED)..];
        (Mark(mixed(bytes, &[head, tail]) | TEXT), true)
    }

    /// Whether one may be what the other replies to. A DNS message that is cut, or repeats no question,
    /// has only its number.
    fn fits(self, other: Mark) -> bool {
        let numbers = self.is_number() && other.is_number();
        let nameless = self.0 & !NUMBER == 0 || other.0 & !NUMBER == 0;
        match numbers && nameless {
            true => self.0 & NUMBER == other.0 & NUMBER,
            false => self == other,
        }
    }

    fn is_number(self) -> bool {
        self != Mark::default() && !self.is_text()
    }

    fn is_text(self) -> bool {
        self.0 & TEXT != 0
    }
}

/// A few bits of a number and of texts, in small letters.
fn mixed(number: u32, texts: &[&[u8]]) -> u32 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write_u32(number);
    for text in texts {
        for part in text.chunks(COMPARED) {
            let mut folded = [0; COMPARED];
            let folded = &mut folded[..part.len()];
            folded.copy_from_slice(part);
            folded.make_ascii_lowercase();
            hasher.write(folded);
        }
    }
    let [a, b, c, d, ..] = hasher.finish().to_ne_bytes();
    u32::from_ne_bytes([a, b, c, d])
}

/// The name in the first question of a DNS message, if it has one and all of it was captured.
fn name_asked_for(message: &[u8]) -> Option<&[u8]> {
    if message.get(4..6)? == [0, 0] {
        return None;
    }
    let labels = message.get(12..)?;
    let mut end = 0;
    loop {
        match usize::from(*labels.get(end)?) {
            0 => return labels.get(..end),
            length @ 1..64 => end += 1 + length,
            _ => return None,
        }
    }
}

/// The datagrams of a flow that wait for replies: compact, since there may be a million flows.
pub(super) struct Waiting {
    /// The newest of each side, by its row.
    newest: [u32; 2],
    /// What is known of the replies so far.
    heard: Option<Box<Heard>>,
}

/// What is known of the replies in a flow.
struct Heard {
    /// How many replies to each side may still come for datagrams of which it is not known which was
    /// answered, when the newest of these was sent, and what it said.
    owed: [u32; 2],
    asked: [Time; 2],
    said: [Mark; 2],
    /// A reply to this side brought back what it had said.
    echoes: [bool; 2],
    /// The last of each side that was replied to because nothing else waited.
    alone: [u32; 2],
}

impl Waiting {
    pub(super) fn new() -> Waiting {
        Waiting {
            newest: [NONE; 2],
            heard: None,
        }
    }
}

impl Default for Heard {
    fn default() -> Heard {
        Heard {
            owed: [0; 2],
            asked: [Time::default(); 2],
            said: [Mark::default(); 2],
            echoes: [false; 2],
            alone: [NONE; 2],
        }
    }
}

impl Heard {
    /// Whether it differs from what is known of no reply.
    fn says_something(&self) -> bool {
        self.owed != [0; 2] || self.echoes != [false; 2] || self.alone != [NONE; 2]
    }
}

/// What waited until a reply came.
struct Closed {
    /// The newest that still waits.
    open: u32,
    /// The newest that does not.
    newest: u32,
}

impl Row {
    /// Whether an ICMP error tells that nobody will reply to it.
    fn is_refused(&self) -> bool {
        self.error_frame != 0 && !self.error_shared
    }

    /// Whether it may have a reply of its own.
    fn is_open(&self) -> bool {
        self.copy_of == 0 && !self.is_refused()
    }
}

impl Flows {
    /// Finds what the newest datagram replies to, and lets it wait for a reply itself.
    pub(super) fn reply(&mut self, waits: bool) {
        let at = self.rows.len() - 1;
        let new = &self.rows[at];
        let (stream, side) = (as_usize(new.stream), usize::from(new.side));
        let (original, asked) = (new.copy_of == 0, 1 - side);
        let flow = &mut self.flows[stream];
        if is_dhcp(flow) {
            return;
        }
        let mut newest = flow.replies.newest;
        if original && (newest[asked] != NONE || flow.replies.heard.is_some()) {
            let mut known = flow.replies.heard.take();
            let mut nothing = Heard::default();
            let heard = known.as_deref_mut().unwrap_or(&mut nothing);
            newest[asked] = self.replied(at, newest[asked], heard);
            if known.is_none() && nothing.says_something() {
                known = Some(Box::new(nothing));
            }
            self.flows[stream].replies.heard = known;
        }
        if waits {
            let row = u32::try_from(at).unwrap_or(NONE);
            self.rows[at].reply = std::mem::replace(&mut newest[side], row);
        }
        self.flows[stream].replies.newest = newest;
    }

    /// Whether the datagram in a row brings back what one said that had another reply, only because
    /// nothing else waited: then this is the reply. What waits says something else.
    fn brings_back_later(&mut self, at: usize, heard: &mut Heard) -> bool {
        let (mark, asked) = (self.rows[at].mark, 1 - usize::from(self.rows[at].side));
        let alone = heard.alone[asked];
        let Some(row) = self
            .rows
            .get_mut(as_usize(alone))
            .filter(|row| mark.is_text() && row.mark == mark)
        else {
            return false;
        };
        let before = std::mem::replace(&mut row.reply, u32::try_from(at).unwrap_or(NONE));
        self.rows[as_usize(before)].answers = NONE;
        self.rows[at].answers = alone;
        heard.alone[asked] = NONE;
        heard.echoes[asked] = true;
        true
    }

    /// The datagram in a row comes after others, the newest of which that waits is given; gives the
    /// newest that still waits then.
    fn replied(&mut self, at: usize, newest: u32, heard: &mut Heard) -> u32 {
        let (mark, time) = (self.rows[at].mark, self.rows[at].time);
        let asked = 1 - usize::from(self.rows[at].side);
        let mut sent = self.count_like(newest, mark);
        let brings_back = sent > 0;
        if !brings_back && mark.is_number() {
            let own = u32::from(heard.said[asked].fits(mark));
            heard.owed[asked] = heard.owed[asked].saturating_sub(own);
            return newest;
        }
        if !brings_back && self.brings_back_later(at, heard) {
            return newest;
        }
        if !brings_back {
            sent = self.count_open(newest);
        }
        if sent == 0 {
            heard.owed[asked] = heard.owed[asked].saturating_sub(1);
            return NONE;
        }
        let late = time.since(heard.asked[asked]) > LATE;
        let owed = heard.owed[asked] > 0 && !late;
        let others = match brings_back {
            true => owed && heard.said[asked].fits(mark),
            false => owed || heard.echoes[asked],
        };
        heard.echoes[asked] |= brings_back && !mark.is_number();
        let sure = sent == 1 && !others;
        let text = brings_back.then_some(mark);
        let closed = self.close(newest, at, text, sure);
        let alone = sure && !brings_back && mark.is_text();
        heard.alone[asked] = if alone { closed.newest } else { NONE };
        heard.owed[asked] = (heard.owed[asked] + sent).saturating_sub(1);
        if !sure {
            let newest = &self.rows[as_usize(closed.newest)];
            (heard.asked[asked], heard.said[asked]) = (newest.time, newest.mark);
        }
        closed.open
    }

    /// How many of the newest that wait have a mark.
    fn count_like(&self, newest: u32, mark: Mark) -> u32 {
        let (mut count, mut next, mut looked_at) = (0, newest, 0);
        while let Some(row) = self
            .rows
            .get(as_usize(next))
            .filter(|_| looked_at < LOOKED_AT)
        {
            let same = mark != Mark::default() && row.mark.fits(mark);
            count += u32::from(same && row.is_open());
            looked_at += 1;
            next = row.reply;
        }
        count
    }

    /// How many wait, the newest of which is given, copies and those that were refused not counted.
    fn count_open(&self, newest: u32) -> u32 {
        let (mut count, mut next) = (0, newest);
        while let Some(row) = self.rows.get(as_usize(next)) {
            count += u32::from(row.is_open());
            next = row.reply;
        }
        count
    }

    /// Those with a mark, or all, wait no more since a reply came: surely theirs, or perhaps.
    fn close(&mut self, newest: u32, reply: usize, mark: Option<Mark>, sure: bool) -> Closed {
        let reply = u32::try_from(reply).unwrap_or(NONE);
        let (mut head, mut before, mut next, mut looked_at) = (newest, NONE, newest, 0);
        let most = if mark.is_some() {
            LOOKED_AT
        } else {
            usize::MAX
        };
        let (mut answers, mut closed) = (NONE, NONE);
        while let Some(row) = self
            .rows
            .get_mut(as_usize(next))
            .filter(|_| looked_at < most)
        {
            let (at, older) = (next, row.reply);
            if mark.is_none_or(|mark| row.mark.fits(mark)) {
                if !row.is_refused() {
                    (row.reply, row.replied, row.shared) = (reply, true, !sure);
                    closed = if closed == NONE { at } else { closed };
                }
                if sure && row.is_open() {
                    answers = at;
                }
                match self.rows.get_mut(as_usize(before)) {
                    Some(before) => before.reply = older,
                    None => head = older,
                }
            } else {
                before = at;
            }
            looked_at += 1;
            next = older;
        }
        self.rows[as_usize(reply)].answers = answers;
        Closed {
            open: head,
            newest: closed,
        }
    }
}
