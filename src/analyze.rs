//! The whole analysis stream: frames become packets, packets over time become facts.

use crate::capture::{Batch, Ending, Frame, Reader, Time, read_ahead};
use crate::dissect::{Packet, Stop};
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
    /// Time of the first frame.
    pub first: Option<Time>,
    /// Time of the last frame.
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
    /// Its size and times.
    pub summary: Summary,
    /// How the file ended.
    pub ending: Ending,
    /// Facts that are few.
    pub facts: Facts,
    /// Facts that may be many, made when they are written.
    pub trackers: Trackers,
}

/// Analyzes a capture to its end. `progress` is told the frames read so far, a batch at a time.
pub fn analyze(reader: Reader, mut progress: impl FnMut(u64)) -> Analysis {
    let mut ahead = read_ahead(reader);
    let mut behind = Behind::new(ahead.returns());
    let mut stream = Stream::default();
    while let Some(batch) = ahead.take() {
        stream.batch(&batch, behind.list());
        behind.batch(batch);
        progress(stream.summary.frames);
    }
    stream.adopt(behind.finish());
    stream.finish(ahead.finish().finish())
}

/// Analyzes several captures as one, their frames in order of time and numbered anew; frames
/// without a time keep their place. Gives also how each file ended.
pub fn merge(readers: Vec<Reader>) -> (Analysis, Vec<Ending>) {
    struct Source {
        reader: Reader,
        batch: Batch,
        /// Frames of this source that were taken.
        taken: u32,
        last: Time,
    }
    let mut sources: Vec<Source> = readers
        .into_iter()
        .map(|reader| Source {
            reader,
            batch: Batch::new(),
            taken: 0,
            last: Time(i64::MIN),
        })
        .collect();
    let mut stream = Stream::default();
    let mut tcp = Tcp::default();
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
            let packet = Packet::dissect(Frame { number, ..frame });
            if let Some(carried) = stream.packet(&packet) {
                tcp.segment(&carried, || frame.bytes);
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
#[derive(Default)]
struct Stream {
    summary: Summary,
    trackers: Trackers,
}

impl Stream {
    /// Takes in a batch; what its segments carry is added to `carried`.
    fn batch(&mut self, batch: &Batch, carried: &mut Vec<Carried>) {
        let mut frames = batch.frames();
        let Some(first) = frames.next() else { return };
        let mut packet = Packet::dissect(first);
        carried.extend(self.packet(&packet));
        for frame in frames {
            packet.next(frame);
            carried.extend(self.packet(&packet));
        }
    }

    /// Takes in one packet; gives what its segment carries.
    fn packet(&mut self, packet: &Packet<'_>) -> Option<Carried> {
        self.summary.count(packet);
        match self.trackers.fragments.packet(packet) {
            None => self.track(packet, 1),
            Some(whole) => {
                let mut packet = packet.clone();
                packet.resume(&whole.bytes);
                self.track(&packet, whole.frames.len())
            }
        }
    }

    fn track(&mut self, packet: &Packet<'_>, fragments: usize) -> Option<Carried> {
        let seen = self.trackers.packet(packet, fragments)?;
        Some(Carried::new(packet, seen))
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
        let hops = self
            .trackers
            .pairs
            .next_hops(self.trackers.arp.table(), self.trackers.local());
        let (arp, neighbours) = std::mem::take(&mut self.trackers.arp).finish();
        let leases = std::mem::take(&mut self.trackers.leases).finish();
        let lookups = std::mem::take(&mut self.trackers.lookups).finish();
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
        match packet.stop {
            Some(Stop::Snapped) => self.snapped += 1,
            Some(Stop::Malformed) => self.malformed += 1,
            None => {}
        }
        self.undecoded += u64::from(packet.layers.as_slice().is_empty());
    }
}
