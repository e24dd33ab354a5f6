//! Segments one by one, kept only when they are asked for: what a ladder, a plot, or a question
//! about "the first six segments" needs.

use super::unacked::after;
use super::{Connections, Flags, Note, Seen, tcp};
use crate::capture::Time;
use crate::dissect::as_usize;
use crate::facts::situation::Difference;
use crate::facts::tcp::Segment;
use crate::facts::{Milliseconds, Moment, Side};
use crate::track::chunks::Chunks;

/// Most segments kept.
pub(crate) const MOST: usize = 1 << 24;
/// What was sent before, as the analysis calls it.
const RESENT: Flags = Flags(
    Flags::RETRANSMISSION.0 | Flags::FAST_RETRANSMISSION.0 | Flags::SPURIOUS_RETRANSMISSION.0,
);

/// A segment as kept.
struct Row {
    frame: u32,
    stream: u32,
    number: u32,
    time: Time,
    seq: u32,
    ack: u32,
    length: u32,
    window: u32,
    bytes_in_flight: u32,
    acked_by: u32,
    rtt: i64,
    /// Nanoseconds; negative when the segment gives no new one.
    estimate: i64,
    flags: u16,
    side: u8,
    resent: bool,
    copy: bool,
    perhaps_copy: bool,
    /// It was sent more than once: its acknowledgment gives no round trip (Karn).
    doubtful: bool,
}

impl Row {
    /// The number after its last.
    fn end(&self) -> u32 {
        let syn_fin = u32::from(self.flags & tcp::SYN != 0) + u32::from(self.flags & tcp::FIN != 0);
        self.seq.wrapping_add(self.length).wrapping_add(syn_fin)
    }
}

/// What of a direction is still to be acknowledged.
#[derive(Default)]
struct Direction {
    count: u32,
    /// Places of rows with payload or SYN or FIN, oldest first.
    open: std::collections::VecDeque<u32>,
    estimate: Option<i64>,
}

/// All segments.
#[derive(Default)]
pub struct Segments {
    rows: Chunks<Row>,
    directions: hashbrown::HashMap<(u32, u8), Direction, foldhash::fast::RandomState>,
    /// Segments that did not fit.
    pub overflow: u64,
}

impl Segments {
    /// Takes in a segment with what the analysis says of it.
    pub fn segment(&mut self, seen: &Seen, note: &Note) {
        if self.rows.len() >= MOST {
            self.overflow += 1;
            return;
        }
        let segment = &seen.segment;
        let length = segment.length.unwrap_or(0);
        let counted = length
            .wrapping_add(u32::from(segment.has(tcp::SYN)))
            .wrapping_add(u32::from(segment.has(tcp::FIN)));
        if segment.has(tcp::ACK) {
            self.acknowledge(seen, segment.ack);
        }
        let resent = note.flags.has(RESENT);
        let direction = self.directions.entry((seen.stream, seen.side)).or_default();
        direction.count += 1;
        let place = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let end = segment.seq.wrapping_add(counted);
        let newest = direction.open.back().map(|at| &self.rows[as_usize(*at)]);
        // Probes of a closed window send a byte again without being called retransmissions.
        let back = newest.is_some_and(|row| after(row.end(), segment.seq));
        let mut doubtful = resent;
        if counted > 0 && (resent || back) {
            for open in &direction.open {
                let row = &mut self.rows[as_usize(*open)];
                if after(row.end(), segment.seq) && after(end, row.seq) {
                    row.doubtful = true;
                    doubtful = true;
                }
            }
        }
        if counted > 0 && direction.open.len() < 65_536 {
            direction.open.push_back(place);
        }
        let scale = match note.numbers.scale {
            shift @ 0.. if !segment.has(tcp::SYN) => u32::from(shift.unsigned_abs()),
            _ => 0,
        };
        self.rows.push(Row {
            frame: seen.frame,
            stream: seen.stream,
            number: direction.count,
            time: seen.time,
            seq: segment.seq,
            ack: segment.ack,
            length,
            window: u32::from(segment.window) << scale.min(14),
            bytes_in_flight: note.bytes_in_flight,
            acked_by: 0,
            rtt: -1,
            estimate: -1,
            flags: segment.flags,
            side: seen.side,
            resent,
            copy: seen.copy.is_some_and(|how| how != Difference::Unnumbered),
            perhaps_copy: seen.copy == Some(Difference::Unnumbered),
            doubtful,
        });
    }

    /// An ACK closes what it covers of the other side.
    fn acknowledge(&mut self, seen: &Seen, ack: u32) {
        let Some(other) = self.directions.get_mut(&(seen.stream, 1 - seen.side)) else {
            return;
        };
        while let Some(place) = other.open.front().copied() {
            let row = &mut self.rows[as_usize(place)];
            if after(row.end(), ack) {
                break;
            }
            other.open.pop_front();
            row.acked_by = seen.frame;
            if row.doubtful || row.time == Time::default() {
                continue;
            }
            let rtt = seen.time.since(row.time);
            row.rtt = rtt;
            if row.length > 0 {
                // RFC 6298 §2: alpha is 1/8.
                let estimate = match other.estimate {
                    None => rtt,
                    Some(old) => old - old / 8 + rtt / 8,
                };
                other.estimate = Some(estimate);
                row.estimate = estimate;
            }
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// One segment, its numbers relative to where each side of the conversation began.
    pub fn segment_at(&self, index: usize, connections: &Connections) -> Option<Segment> {
        let row = self.rows.get(index)?;
        let mut note = Note {
            stream: row.stream,
            side: row.side,
            ..Note::default()
        };
        connections.complete(&mut note, row.frame, false);
        let has = |flag| row.flags & flag != 0;
        let ack = has(tcp::ACK).then_some(row.ack);
        let client = connections.client_side(as_usize(row.stream))?;
        let span = |ns: i64| (ns >= 0).then(|| Milliseconds::from_nanoseconds(ns));
        Some(Segment {
            frame: row.frame,
            stream: row.stream,
            number: row.number,
            sender: if usize::from(row.side) == client {
                Side::Client
            } else {
                Side::Server
            },
            time: (row.time != Time::default()).then_some(Moment(row.time.0)),
            flags: flags(row.flags),
            seq: row.seq.wrapping_sub(note.numbers.own_base),
            seq_raw: row.seq,
            ack: ack.map(|ack| ack.wrapping_sub(note.numbers.peer_base)),
            ack_raw: ack,
            length_bytes: row.length,
            window_bytes: row.window,
            acked_by_frame: (row.acked_by != 0).then_some(row.acked_by),
            rtt_ms: span(row.rtt),
            estimated_rtt_ms: span(row.estimate),
            bytes_in_flight: (row.bytes_in_flight != 0).then_some(row.bytes_in_flight),
            retransmission: row.resent,
            copy: row.copy,
            perhaps_copy: row.perhaps_copy,
        })
    }
}

/// The flags in words, in the order Wireshark's list has them.
fn flags(bits: u16) -> String {
    let names = [
        (tcp::FIN, "FIN"),
        (tcp::SYN, "SYN"),
        (tcp::RST, "RST"),
        (8, "PSH"),
        (tcp::ACK, "ACK"),
        (32, "URG"),
        (64, "ECE"),
        (128, "CWR"),
    ];
    let set = names.iter().filter(|(bit, _)| bits & bit != 0);
    set.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}
