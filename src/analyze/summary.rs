//! What is counted of every frame, and the fact about the capture that comes of it.

use super::Facts;
use crate::capture::{Ending, Frame, Time, Verdict};
use crate::dissect::layer::Protocol;
use crate::dissect::{Packet, Stop};
use crate::facts::capture::{Capture, FileState, Resolution, Traffic};
use crate::facts::{Milliseconds, Moment};
use crate::track::Trackers;

/// What is counted of every frame.
#[derive(Clone, Debug, Default)]
pub(super) struct Summary {
    pub(super) frames: u64,
    bytes: u64,
    /// Time of the first frame: relative times count from it.
    pub(super) start: Option<Time>,
    pub(super) last: Option<Time>,
    /// Whether a frame came later than the first, and whether one did at no whole second.
    moves: bool,
    fine: bool,
    snapped: u64,
    malformed: u64,
    undecoded: u64,
    traffic: Vec<Traffic>,
    /// Frames of TCP over IPv4 over Ethernet and nothing else, and their bytes, that are not yet
    /// counted in `traffic`: they are most.
    pub(super) usual: Option<(u64, u64)>,
}

/// The protocols of most frames, and what they are called.
const USUAL: [Protocol; 3] = [Protocol::Ethernet, Protocol::Ipv4, Protocol::Tcp];
const USUAL_NAMES: [&str; 3] = ["eth", "ip", "tcp"];

/// Nanoseconds.
const SECOND: i64 = 1_000_000_000;
/// That so many frames have whole seconds, or all the same time, is no chance.
const TELLING: u64 = 3;

impl Summary {
    /// Counts a frame, whatever it is.
    #[inline]
    pub(super) fn frame(&mut self, frame: &Frame<'_>) {
        self.frames += 1;
        self.bytes += u64::from(frame.wire_length);
        if frame.time.is_some() {
            self.start = self.start.or(frame.time);
            self.last = frame.time;
            self.moves |= self.start != self.last;
            self.fine = self.fine || frame.time.is_some_and(|time| time.0 % SECOND != 0);
        }
        let captured = u32::try_from(frame.bytes.len()).unwrap_or(u32::MAX);
        self.snapped += u64::from(captured < frame.wire_length);
    }

    /// Counts a frame of the usual protocols; whether they have their place in the list.
    #[inline]
    pub(super) fn usual(&mut self, frame: &Frame<'_>) -> bool {
        let Some((frames, bytes)) = &mut self.usual else {
            return false;
        };
        *frames += 1;
        *bytes += u64::from(frame.wire_length);
        true
    }

    pub(super) fn count(&mut self, packet: &Packet<'_>) {
        let frame = &packet.frame;
        self.frame(frame);
        self.malformed += u64::from(packet.stop == Some(Stop::Malformed));
        self.undecoded += u64::from(packet.layers.as_slice().is_empty());
        let layers = packet.layers.as_slice();
        let usual = layers.len() == USUAL.len() && layers.iter().map(|l| l.protocol).eq(USUAL);
        if !(usual && self.usual(frame)) {
            if usual {
                // The first is given its place in the list.
                self.usual = Some((0, 0));
            }
            self.spread(packet);
        }
    }

    /// Counts a frame for each of its protocols.
    fn spread(&mut self, packet: &Packet<'_>) {
        let frame = &packet.frame;
        let layers = packet.layers.as_slice();
        for (at, layer) in layers.iter().enumerate() {
            let again = layers[..at].iter().any(|l| l.name == layer.name);
            if layer.quoted || again || layer.name.is_empty() {
                continue;
            }
            let known = self
                .traffic
                .iter_mut()
                .find(|t| std::ptr::eq(t.name, layer.name) || t.name == layer.name);
            match known {
                Some(known) => {
                    known.frame_count += 1;
                    known.bytes += u64::from(frame.wire_length);
                }
                None => self.traffic.push(Traffic {
                    name: layer.name,
                    frame_count: 1,
                    bytes: u64::from(frame.wire_length),
                    first_frame: frame.number,
                }),
            }
        }
    }

    /// The frames and bytes of each protocol, in order of first appearance.
    pub(super) fn traffic(&mut self) -> Vec<Traffic> {
        let mut list = std::mem::take(&mut self.traffic);
        let (frames, bytes) = self.usual.take().unwrap_or_default();
        for one in list.iter_mut().filter(|t| USUAL_NAMES.contains(&t.name)) {
            one.frame_count += frames;
            one.bytes += bytes;
        }
        list
    }

    /// What the times tell.
    fn resolution(&self) -> Resolution {
        match (self.moves, self.fine) {
            _ if self.frames < TELLING || self.start.is_none() => Resolution::Fine,
            (false, _) => Resolution::Still,
            (true, true) => Resolution::Fine,
            (true, false) => Resolution::Seconds,
        }
    }

    /// The fact about the capture.
    pub(super) fn tell(&self, ending: &Ending, facts: &Facts, trackers: &Trackers) -> Capture {
        let span = self.start.zip(self.last);
        let span = span.and_then(|(first, last)| Milliseconds::between(first.0, last.0));
        let seconds = span.map(|span| span.0 / 1000.0);
        let rate = |count: u64| seconds.filter(|s| *s > 0.0).map(|s| precise(count) / s);
        let mut remarks = ending.remarks.clone();
        remarks.extend(trackers.limits());
        Capture {
            file: String::new(),
            format: ending.format.clone(),
            verdict: state(ending.verdict),
            stopped_at_byte: ending.stopped_at_byte,
            reason: ending.reason.clone(),
            remarks,
            frame_count: ending.frames,
            filter: None,
            passing_frames: None,
            bytes: self.bytes,
            first_time: self.start.map(|t| Moment(t.0)),
            last_time: self.last.map(|t| Moment(t.0)),
            duration_ms: span,
            resolution: self.resolution(),
            frames_per_second: rate(self.frames),
            bytes_per_second: rate(self.bytes),
            snapped_frames: self.snapped,
            malformed_frames: self.malformed,
            undecoded_frames: self.undecoded,
            host_count: wide(facts.hosts.len()),
            connection_count: wide(trackers.tcp.len()),
            udp_flow_count: wide(trackers.udp.seen_flows().len()),
        }
    }
}

fn state(verdict: Verdict) -> FileState {
    match verdict {
        Verdict::Clean => FileState::Clean,
        Verdict::Odd => FileState::Odd,
        Verdict::Cut => FileState::Cut,
        Verdict::Corrupt => FileState::Corrupt,
        Verdict::NotACapture => FileState::NotACapture,
        Verdict::Empty => FileState::Empty,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a rate needs no more than 52 bits"
)]
fn precise(count: u64) -> f64 {
    count as f64
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
