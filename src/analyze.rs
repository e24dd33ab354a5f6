//! The whole analysis stream: frames become packets, packets over time become facts.

use crate::capture::{Batch, Ending, Frame, Reader, Time, read_ahead};
use crate::dissect::{Ip, Packet, Stop, as_u32, as_usize};
use crate::facts::names::{Lease, Lookup};
use crate::facts::network::{Arp, Hop, Host, IcmpError, Neighbour, Ping, Situation};
use crate::track::behind::{Behind, Tcp};
use crate::track::stream::Carried;
use crate::track::{Trackers, situations};

/// What a capture holds, before its facts.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Frames analyzed.
    pub frames: u64,
    /// Bytes on the wire.
    pub bytes: u64,
    /// Time of the first frame of the capture, analyzed or not: relative times count from it.
    pub start: Option<Time>,
    /// Time of the first frame analyzed.
    pub first: Option<Time>,
    /// Time of the last one.
    pub last: Option<Time>,
    /// Frames cut by the snapshot length.
    pub snapped: u64,
    /// Frames with headers that contradict themselves.
    pub malformed: u64,
    /// Frames of link types that are not decoded.
    pub undecoded: u64,
}

/// Facts that are few, put together at the end.
#[derive(Debug, Default)]
pub struct Facts {
    /// Situations recognized.
    pub situations: Vec<Situation>,
    /// ARP packets.
    pub arp: Vec<Arp>,
    /// The ARP table that results.
    pub neighbours: Vec<Neighbour>,
    /// Next hops.
    pub hops: Vec<Hop>,
    /// Senders.
    pub hosts: Vec<Host>,
    /// Echo requests.
    pub pings: Vec<Ping>,
    /// ICMP errors.
    pub icmp_errors: Vec<IcmpError>,
    /// DHCP transactions.
    pub leases: Vec<Lease>,
    /// DNS questions.
    pub lookups: Vec<Lookup>,
}

/// A capture analyzed.
pub struct Analysis {
    /// Whether a filter let only some of the frames pass.
    pub restricted: bool,
    /// Its size and times.
    pub summary: Summary,
    /// How the file ended.
    pub ending: Ending,
    /// Facts that are few.
    pub facts: Facts,
    /// Facts that may be many, made when they are written.
    pub trackers: Trackers,
}

/// Numbers of the frames that a display filter lets pass.
#[derive(Clone, Debug, Default)]
pub struct Passing {
    bits: Vec<u64>,
}

impl Passing {
    /// Lets a frame pass.
    pub fn insert(&mut self, frame: u32) {
        let word = as_usize(frame / 64);
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= 1 << (frame % 64);
    }

    /// Whether a frame passes.
    pub fn contains(&self, frame: u32) -> bool {
        let word = self.bits.get(as_usize(frame / 64));
        word.is_some_and(|word| word >> (frame % 64) & 1 == 1)
    }
}

/// Analyzes a capture to its end. `progress` is told the frames read so far, a batch at a time.
///
/// With `passing`, only those frames are told of. Conversations still have the numbers, and
/// segments the analysis, that they have in the whole capture, as with Wireshark's filters.
pub fn analyze(
    reader: Reader,
    passing: Option<&Passing>,
    mut progress: impl FnMut(u64),
) -> Analysis {
    let mut ahead = read_ahead(reader);
    let mut behind = Behind::new(ahead.returns());
    let mut stream = Stream::new(passing.is_some());
    let mut read = 0;
    while let Some(batch) = ahead.take() {
        stream.batch(&batch, passing, behind.list());
        read += u64::try_from(batch.len()).unwrap_or_default();
        behind.batch(batch);
        progress(read);
    }
    stream.adopt(behind.finish());
    stream.finish(ahead.finish().finish())
}

/// Analyzes several captures as one, their frames in order of time and numbered anew; frames
/// without a time keep their place. Each capture comes with its frames that pass, if there is a
/// filter. Gives also how each file ended.
pub fn merge(captures: Vec<(Reader, Option<Passing>)>) -> (Analysis, Vec<Ending>) {
    struct Source {
        reader: Reader,
        passing: Option<Passing>,
        batch: Batch,
        /// Frames of this source that were taken.
        taken: u32,
        last: Time,
    }
    let restricted = captures.iter().any(|(_, passing)| passing.is_some());
    let mut sources: Vec<Source> = captures
        .into_iter()
        .map(|(reader, passing)| Source {
            reader,
            passing,
            batch: Batch::new(),
            taken: 0,
            last: Time(i64::MIN),
        })
        .collect();
    let mut stream = Stream::new(restricted);
    let mut tcp = Tcp::default();
    let mut carried = Vec::new();
    let mut number = 0u32;
    loop {
        let mut earliest: Option<(usize, Time)> = None;
        for (place, source) in sources.iter_mut().enumerate() {
            if source.batch.get(source.taken + 1).is_none() {
                source.reader.next_batch(&mut source.batch);
            }
            let Some(frame) = source.batch.get(source.taken + 1) else {
                continue;
            };
            let time = frame.time.unwrap_or(source.last);
            if earliest.is_none_or(|e| time < e.1) {
                earliest = Some((place, time));
            }
        }
        let Some((place, time)) = earliest else { break };
        let source = &mut sources[place];
        source.last = time;
        if let Some(frame) = source.batch.get(source.taken + 1) {
            number = number.saturating_add(1);
            let passes = source
                .passing
                .as_ref()
                .is_none_or(|passing| passing.contains(frame.number));
            let packet = Packet::dissect(Frame { number, ..frame });
            stream.packet(&packet, passes, &mut carried);
            for segment in carried.drain(..) {
                tcp.segment(&segment, || frame.bytes);
            }
        }
        source.taken += 1;
    }
    let endings: Vec<Ending> = sources.into_iter().map(|s| s.reader.finish()).collect();
    let worst = endings
        .iter()
        .max_by_key(|e| e.verdict)
        .cloned()
        .unwrap_or_default();
    let all = Ending {
        frames: u64::from(number),
        format: format!("{} captures merged", endings.len()),
        ..worst
    };
    stream.adopt(tcp);
    (stream.finish(all), endings)
}

/// The analysis of frames as they come.
struct Stream {
    summary: Summary,
    trackers: Trackers,
    restricted: bool,
}

impl Stream {
    fn new(restricted: bool) -> Stream {
        Stream {
            summary: Summary::default(),
            trackers: Trackers::default(),
            restricted,
        }
    }

    /// Takes in a batch; what its segments carry is added to `carried`.
    fn batch(&mut self, batch: &Batch, passing: Option<&Passing>, carried: &mut Vec<Carried>) {
        let passes = |number| passing.is_none_or(|passing| passing.contains(number));
        let mut frames = batch.frames();
        let Some(first) = frames.next() else { return };
        let mut packet = Packet::dissect(first);
        self.packet(&packet, passes(first.number), carried);
        for frame in frames {
            packet.next(frame);
            self.packet(&packet, passes(frame.number), carried);
        }
    }

    /// Takes in one packet; what its segment carries is added to `carried`.
    fn packet(&mut self, packet: &Packet<'_>, passes: bool, carried: &mut Vec<Carried>) {
        self.summary.start = self.summary.start.or(packet.frame.time);
        if passes {
            self.summary.count(packet);
        }
        let piece = packet.ip.as_ref().is_some_and(Ip::is_fragment);
        let whole = if piece {
            self.trackers.fragments.packet(packet)
        } else {
            None
        };
        match whole {
            None => self.track(packet, 1, passes, carried),
            Some(whole) => {
                let mut packet = packet.clone();
                packet.resume(&whole.bytes);
                self.track(&packet, whole.frames.len(), passes, carried);
            }
        }
    }

    fn track(
        &mut self,
        packet: &Packet<'_>,
        fragments: usize,
        passes: bool,
        carried: &mut Vec<Carried>,
    ) {
        let seen = if passes {
            self.trackers.packet(packet, fragments)
        } else {
            self.trackers.pass_over(packet)
        };
        if let Some(seen) = seen {
            carried.push(Carried::new(packet, seen));
        }
    }

    /// Takes over what was followed behind.
    fn adopt(&mut self, tcp: Tcp) {
        self.trackers.tcp.adopt(tcp.connections);
        self.trackers.streams = tcp.streams;
    }

    /// Puts together what is only known at the end.
    fn finish(mut self, ending: Ending) -> Analysis {
        let situations = situations::find(&self.trackers);
        let (pings, icmp_errors) = std::mem::take(&mut self.trackers.icmp).finish();
        let hosts = self.trackers.pairs.hosts();
        let hops = self.trackers.next_hops();
        let (arp, mut neighbours) = std::mem::take(&mut self.trackers.arp).finish();
        neighbours.extend_from_slice(self.trackers.discovery.table());
        let leases = std::mem::take(&mut self.trackers.leases).finish();
        let mut lookups = std::mem::take(&mut self.trackers.lookups).finish();
        let messages = std::mem::take(&mut self.trackers.streams.found.messages);
        lookups.extend(messages.finish(&self.trackers.tcp));
        lookups.sort_by_key(|l| l.query_frame.or(l.response_frame));
        let facts = Facts {
            situations,
            arp,
            neighbours,
            hops,
            hosts,
            pings,
            icmp_errors,
            leases,
            lookups,
        };
        Analysis {
            restricted: self.restricted,
            summary: self.summary,
            ending,
            facts,
            trackers: self.trackers,
        }
    }
}

impl Summary {
    fn count(&mut self, packet: &Packet<'_>) {
        let frame = &packet.frame;
        self.frames += 1;
        self.bytes += u64::from(frame.wire_length);
        if frame.time.is_some() {
            self.first = self.first.or(frame.time);
            self.last = frame.time;
        }
        // Whether or not the headers are all there: what lies behind them is not.
        self.snapped += u64::from(as_u32(frame.bytes.len()) < frame.wire_length);
        self.malformed += u64::from(packet.stop == Some(Stop::Malformed));
        self.undecoded += u64::from(packet.layers.as_slice().is_empty());
    }
}
