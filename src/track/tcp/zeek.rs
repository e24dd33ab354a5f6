//! Zeek's view of a connection: state of both ends, `conn_state` and the history letters
//! (scripts/base/protocols/conn/main.zeek; TCP.cc decides the states).
//!
//! Zeek starts a new record where Wireshark keeps a stream in two cases: a true simultaneous open,
//! and a SYN after one side has closed. Both records are then told, with a slash between. Letters
//! for checksums are left out: Zeek drops a packet with a wrong one, and its bytes are then a gap
//! there; Wirelab never does, since a wrong sum is mostly the capturing host's (`checksums`). So a
//! capture with wrong sums has other letters here than with Zeek, and the same with `zeek -C`.

use super::story::likely_server;
use crate::dissect::tcp::{self, Segment};

/// What is written of a segment by more than its payload.
const OPENS_OR_ENDS: u16 = tcp::SYN | tcp::FIN_RST;

/// State of one end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    #[default]
    Inactive,
    SynSent,
    Partial,
    Established,
    Closed,
    Reset,
}

impl End {
    fn is_inactive(self) -> bool {
        matches!(self, End::Inactive | End::Partial)
    }
}

/// One record in the making, and those that ended before it in the same stream.
#[derive(Default)]
pub(super) struct Zeek {
    ends: [End; 2],
    /// Which side Zeek takes for the originator.
    originator: u8,
    letters: [u8; 23],
    count: u8,
    /// Somebody sent payload.
    data: bool,
    /// Which letters were written once: per side A D I Q, and S H F R.
    written: [u8; 2],
    earlier: Option<Box<Earlier>>,
}

/// What is only needed while the conversation is followed.
#[derive(Default)]
pub(super) struct Memory {
    /// Last sequence number of each of S H F R, per side; they repeat when it differs.
    last: [[u32; 4]; 2],
    /// How often G, T and W happened, per side.
    counts: [[u16; 3]; 2],
    first_seq: [Option<u32>; 2],
}

/// What the sequence analysis found out that Zeek has letters for.
#[derive(Clone, Copy, Default)]
pub(super) struct Signs {
    /// Payload that was sent before.
    pub(super) resent: bool,
    /// Acknowledges, for the first time, what was not captured: a gap of the other side.
    pub(super) gap: bool,
    /// No room.
    pub(super) zero_window: bool,
}

impl Signs {
    fn any(self) -> bool {
        self.resent || self.gap || self.zero_window
    }
}

impl Zeek {
    /// Takes in one segment of `side`. Most have no letter that is not there yet.
    #[inline]
    pub(super) fn segment(
        &mut self,
        memory: &mut Memory,
        side: usize,
        segment: &Segment,
        signs: Signs,
    ) {
        let plain = segment.has(tcp::ACK) && !segment.has(OPENS_OR_ENDS);
        if plain && self.ends[side] != End::Inactive && !signs.any() {
            // The letter of data, or of an ACK without.
            let letter = if segment.length.unwrap_or(0) > 0 {
                2
            } else {
                1
            };
            if self.written[side] & letter != 0 {
                return;
            }
        }
        let fresh = self.count == 0;
        let (syn, fin, rst, ack) = (
            segment.has(tcp::SYN),
            segment.has(tcp::FIN),
            segment.has(tcp::RST),
            segment.has(tcp::ACK),
        );
        if self.reuses(memory, side, segment) {
            let record = (self.state(), self.history());
            let mut earlier = self.earlier.take().unwrap_or_default();
            earlier.count = earlier.count.saturating_add(1);
            earlier.more.clear();
            if earlier.first.len() < MOST_RECORDS {
                earlier.first.push(record);
            }
            *self = Zeek {
                earlier: Some(earlier),
                ..Zeek::default()
            };
            *memory = Memory::default();
            return self.segment(memory, side, segment, signs);
        }
        if fresh {
            self.originator = u8::from(side == 1);
            let from_server = likely_server(segment.source_port, segment.destination_port);
            if (from_server && !syn) || (syn && ack) {
                self.originator = u8::from(side == 0);
                self.letter(b'^');
            }
        }
        memory.first_seq[side].get_or_insert(segment.seq);
        self.data |= segment.length.unwrap_or(0) > 0;
        self.write(memory, side, segment, signs);
        self.advance(side, syn, ack, fin, rst, segment.length.unwrap_or(0) > 0);
    }

    /// Whether Zeek would start a new record with this segment.
    fn reuses(&self, memory: &Memory, side: usize, segment: &Segment) -> bool {
        if !segment.has(tcp::SYN) || self.count == 0 {
            return false;
        }
        let closed = self
            .ends
            .iter()
            .any(|e| matches!(e, End::Closed | End::Reset));
        if segment.has(tcp::ACK) {
            return closed
                && self.ends[usize::from(self.originator)] == End::Inactive
                && self.ends[side] != End::Inactive;
        }
        closed
            || memory.first_seq[usize::from(self.originator)]
                .is_some_and(|seq| seq != segment.seq && !self.begins_backwards())
    }

    /// A record that began with the answer: its originator has not spoken yet.
    fn begins_backwards(&self) -> bool {
        self.letters.first() == Some(&b'^')
    }

    fn advance(&mut self, side: usize, syn: bool, ack: bool, fin: bool, rst: bool, data: bool) {
        let (own, peer) = (self.ends[side], self.ends[1 - side]);
        self.ends[side] = match own {
            End::Closed if rst && peer == End::Closed => End::Closed,
            _ if rst => End::Reset,
            _ if fin => End::Closed,
            _ if syn && ack => End::Established,
            // A SYN after the answer to it: the order is wrong, nothing is established.
            End::Inactive | End::Partial | End::SynSent if syn => End::SynSent,
            End::Established if syn && self.written[side] == 16 => End::SynSent,
            End::Inactive if ack || data => End::Partial,
            _ => own,
        };
        // An originator that was not seen stays inactive, whatever answers it.
        if syn && ack && !rst && peer == End::SynSent {
            self.ends[1 - side] = End::Established;
        }
    }

    fn write(&mut self, memory: &mut Memory, side: usize, segment: &Segment, signs: Signs) {
        let (syn, fin, rst, ack) = (
            segment.has(tcp::SYN),
            segment.has(tcp::FIN),
            segment.has(tcp::RST),
            segment.has(tcp::ACK),
        );
        let data = segment.length.unwrap_or(0) > 0;
        if rst && (syn || fin) {
            self.once(side, if syn { b'q' } else { b'i' }, if syn { 3 } else { 2 });
        } else if syn && fin {
            self.once(side, b'q', 3);
        } else if rst {
            self.by_seq(memory, side, b'r', 3, segment.seq);
        } else if syn {
            self.by_seq(
                memory,
                side,
                if ack { b'h' } else { b's' },
                usize::from(ack),
                segment.seq,
            );
        } else {
            if signs.resent && data {
                self.rarely(memory, side, b't', 1);
            }
            if fin {
                self.by_seq(
                    memory,
                    side,
                    b'f',
                    2,
                    segment.seq.wrapping_add(segment.length.unwrap_or(0)),
                );
            } else if data {
                self.once(side, b'd', 1);
            } else if ack {
                self.once(side, b'a', 0);
            }
        }
        if signs.zero_window && !syn && !rst {
            self.rarely(memory, side, b'w', 2);
        }
        if signs.gap && !rst {
            self.rarely(memory, 1 - side, b'g', 0);
        }
    }

    /// Letters written once per side: A D I Q.
    fn once(&mut self, side: usize, letter: u8, bit: u8) {
        if self.written[side] & (1 << bit) == 0 {
            self.written[side] |= 1 << bit;
            self.sided(side, letter);
        }
    }

    /// Letters that repeat when the sequence number differs: S H F R.
    fn by_seq(&mut self, memory: &mut Memory, side: usize, letter: u8, place: usize, seq: u32) {
        let bit = 16 << place;
        // S and H are one kind to Zeek: whoever sent a SYN gets no H for the answer with its number.
        let (kind, bits) = if place < 2 { (0, 0x30) } else { (place, bit) };
        let last = &mut memory.last[side][kind];
        if self.written[side] & bits == 0 || *last != seq {
            *last = seq;
            self.written[side] |= bit;
            self.sided(side, letter);
        }
    }

    /// Letters written at the 1st, 10th, 100th time: G T W.
    fn rarely(&mut self, memory: &mut Memory, side: usize, letter: u8, place: usize) {
        let count = &mut memory.counts[side][place];
        *count = count.saturating_add(1);
        if matches!(*count, 1 | 10 | 100 | 1000 | 10_000) {
            self.sided(side, letter);
        }
    }

    fn sided(&mut self, side: usize, letter: u8) {
        let originator = usize::from(self.originator) == side;
        self.letter(if originator {
            letter.to_ascii_uppercase()
        } else {
            letter
        });
    }

    fn letter(&mut self, letter: u8) {
        match self.letters.get_mut(usize::from(self.count)) {
            Some(place) => {
                *place = letter;
                self.count += 1;
            }
            None => {
                let rest = self.earlier.get_or_insert_default();
                rest.more.push(char::from(letter));
            }
        }
    }

    /// The letters of this record.
    fn history(&self) -> String {
        let letters = self.letters[..usize::from(self.count)].iter();
        let more = self.earlier.as_deref().map_or("", |e| e.more.as_str());
        letters
            .map(|b| char::from(*b))
            .chain(more.chars())
            .collect()
    }

    fn state(&self) -> &'static str {
        let (orig, resp) = (
            self.ends[usize::from(self.originator)],
            self.ends[usize::from(1 - self.originator)],
        );
        if resp == End::Reset {
            return match orig {
                End::SynSent => "REJ",
                End::Reset if !self.data => "REJ",
                o if o.is_inactive() => "RSTRH",
                _ => "RSTR",
            };
        }
        if orig == End::Reset {
            let history = self.history();
            let letters = history.trim_start_matches('^');
            let syn_only = letters.starts_with('S')
                && letters
                    .find('R')
                    .is_some_and(|end| !letters[..end].contains(['H', 'A', 'F', 'I', 'G', 'Q']));
            return match resp.is_inactive() {
                true if syn_only => "RSTOS0",
                true => "OTH",
                false => "RSTO",
            };
        }
        match (orig, resp) {
            (End::Closed, End::Closed) => "SF",
            (End::Closed, r) => {
                if r.is_inactive() {
                    "SH"
                } else {
                    "S2"
                }
            }
            (o, End::Closed) => {
                if o.is_inactive() {
                    "SHR"
                } else {
                    "S3"
                }
            }
            (End::SynSent, End::Inactive) => "S0",
            (End::Established, End::Established) => "S1",
            _ => "OTH",
        }
    }

    /// `conn_state` and `history` of the records, the first of very many and the newest, and how
    /// many there are.
    pub(super) fn records(&self) -> (Vec<(&'static str, String)>, u32) {
        let earlier = self.earlier.as_deref();
        let mut records = earlier.map_or_else(Vec::new, |e| e.first.clone());
        records.push((self.state(), self.history()));
        (records, earlier.map_or(0, |e| e.count).saturating_add(1))
    }

    /// The same of the first record alone.
    pub(super) fn first(&self) -> (&'static str, String, u32) {
        match self.earlier.as_deref() {
            Some(earlier) => match earlier.first.first() {
                Some((state, history)) => (state, history.clone(), earlier.count.saturating_add(1)),
                None => (self.state(), self.history(), 1),
            },
            None => (self.state(), self.history(), 1),
        }
    }
}

/// Most records of one stream that are kept.
const MOST_RECORDS: usize = 16;

/// Records that ended before the newest one, and what of this one few streams have.
#[derive(Default)]
struct Earlier {
    /// The letters that [`Zeek`] has no room for.
    more: String,
    /// The first of them.
    first: Vec<(&'static str, String)>,
    /// How many there were.
    count: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(flags: u16, seq: u32) -> Segment {
        Segment {
            source_port: 40000,
            destination_port: 80,
            seq,
            ack: 0,
            flags,
            window: 1000,
            header_length: 20,
            length: Some(0),
        }
    }

    /// A call that is refused again and again, with the same numbers: its records and their count.
    fn refused(times: u32) -> (Vec<(&'static str, String)>, u32) {
        let (mut zeek, mut memory) = (Zeek::default(), Memory::default());
        for _ in 0..times {
            zeek.segment(&mut memory, 0, &segment(tcp::SYN, 7), Signs::default());
            let reset = segment(tcp::RST | tcp::ACK, 0);
            zeek.segment(&mut memory, 1, &reset, Signs::default());
        }
        let (state, history, count) = zeek.first();
        assert_eq!((state, history.as_str(), count), ("REJ", "Sr", times));
        zeek.records()
    }

    #[test]
    fn each_call_again_is_a_record() {
        let record = || ("REJ", "Sr".to_owned());
        assert_eq!(refused(1), (vec![record()], 1));
        assert_eq!(refused(3), (vec![record(), record(), record()], 3));
    }

    #[test]
    fn of_many_records_a_few_are_kept_and_the_others_counted() {
        let (records, count) = refused(100_000);
        assert_eq!((records.len(), count), (MOST_RECORDS + 1, 100_000));
    }
}
