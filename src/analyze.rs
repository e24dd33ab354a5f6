//! The whole analysis stream: frames become packets, packets over time become facts.

mod summary;

use crate::capture::{Batch, Ending, Frame, Reader, Time, read_ahead};
use crate::dissect::{Ip, Packet, Usual, as_u32, as_usize};
use crate::facts::Fact;
use crate::facts::arp::Neighbour;
use crate::facts::capture::{Capture, Traffic};
use crate::facts::dhcp::Lease;
use crate::facts::dns::{Lookup, Record};
use crate::facts::icmp::{IcmpError, Ping, TraceProbe};
use crate::facts::ip::{Hop, Host};
use crate::facts::situation::Situation;
use crate::facts::tcp::Segment;
use crate::track::behind::{Behind, Tcp};
use crate::track::pairs::Census;
use crate::track::stream::Carried;
use crate::track::tcp::Back;
use crate::track::tcp::segments::Segments;
use crate::track::{Trackers, pairs, situations, traces};
use foldhash::fast::RandomState;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use summary::Summary;

/// Facts that are put together from what the trackers have.
#[derive(Debug, Default)]
pub struct Facts {
    /// Situations recognized.
    pub situations: Vec<Situation>,
    /// The ARP table that results.
    pub neighbours: Vec<Neighbour>,
    /// Next hops.
    pub hops: Vec<Hop>,
    /// Senders.
    pub hosts: Vec<Host>,
    /// Pings, if there are some of which fragments are missing: [`Analysis::pings`].
    pub pings: Option<Vec<Ping>>,
    /// ICMP errors.
    pub icmp_errors: Vec<IcmpError>,
    /// Probes of traceroutes.
    pub traces: Vec<TraceProbe>,
    /// DHCP transactions.
    pub leases: Vec<Lease>,
    /// DNS questions, if some went over TCP: [`Analysis::lookups`].
    pub lookups: Vec<Lookup>,
    /// DNS records.
    pub records: Vec<Record>,
    /// Frames of each protocol.
    pub traffic: Vec<Traffic>,
    /// Who sent and was sent something.
    pub census: Census,
}

/// A capture analyzed, wholly or as far as it has come: all its facts are read with
/// [`crate::store`].
pub struct Analysis {
    /// What the capture is.
    pub capture: Capture,
    /// What times count from.
    pub start: Option<Time>,
    /// How the file ended.
    pub ending: Ending,
    /// Facts that are put together.
    pub facts: Facts,
    /// Facts that may be many, made when they are asked for.
    pub trackers: Trackers,
    /// Frames that a filter lets pass, if there is one.
    pub passing: Option<Passing>,
}

impl Analysis {
    /// The pings in order.
    pub fn pings(&self) -> &[Ping] {
        let pings = self.facts.pings.as_deref();
        pings.unwrap_or_else(|| self.trackers.icmp.pings())
    }

    /// The DNS questions in order.
    pub fn lookups(&self) -> &[Lookup] {
        if self.facts.lookups.is_empty() {
            self.trackers.lookups.lookups()
        } else {
            &self.facts.lookups
        }
    }
}

/// What is kept beside what every report needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// TCP segments one by one.
    pub segments: bool,
}

impl Wants {
    /// What these sections need.
    pub fn of<'n>(sections: impl IntoIterator<Item = &'n str>) -> Wants {
        Wants {
            segments: sections.into_iter().any(|name| name == Segment::SECTION),
        }
    }

    fn tcp(self) -> Tcp {
        Tcp {
            segments: self.segments.then(Segments::default),
            ..Tcp::default()
        }
    }
}

/// A set of numbers, of frames or conversations.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    bits: Vec<u64>,
}

impl Numbers {
    /// Adds one.
    pub fn insert(&mut self, number: u32) {
        let word = as_usize(number / 64);
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= 1 << (number % 64);
    }

    /// Whether it is in.
    pub fn contains(&self, number: u32) -> bool {
        let word = self.bits.get(as_usize(number / 64));
        word.is_some_and(|word| word >> (number % 64) & 1 == 1)
    }
}

/// What a display filter lets pass: frames, and with them whatever they are part of. A fact is
/// told wholly when one of its frames passes.
#[derive(Clone, Debug, Default)]
pub struct Passing {
    /// The frames.
    pub frames: Numbers,
    /// How many.
    pub count: u64,
    /// TCP conversations of which one passes.
    pub connections: Numbers,
    /// Pairs of hosts of which one passes.
    pub pairs: HashSet<(IpAddr, IpAddr), RandomState>,
}

impl Passing {
    /// Lets a frame pass.
    pub fn insert(&mut self, frame: u32) {
        self.frames.insert(frame);
        self.count += 1;
    }
}

/// Analyzes a capture to its end. `progress` is told the frames read so far, a batch at a time.
/// With `passing`, the analysis knows what belongs to the frames that pass.
pub fn analyze(
    reader: Reader,
    wants: Wants,
    passing: Option<Passing>,
    mut progress: impl FnMut(u64),
) -> Analysis {
    let mut ahead = read_ahead(reader);
    let mut behind = Behind::new(wants.tcp(), ahead.returns());
    let mut stream = Stream {
        passing,
        ..Stream::default()
    };
    let mut read = 0;
    while let Some(batch) = ahead.take() {
        stream.batch(&batch, behind.list());
        read += u64::try_from(batch.len()).unwrap_or_default();
        behind.batch(batch);
        progress(read);
    }
    let ending = ahead.finish().finish();
    let mut tcp = behind.finish();
    tcp.streams.end();
    stream.adopt(tcp);
    stream.finish(ending)
}

/// The analysis of a capture that goes on: frames go in one by one, and the facts can be had at
/// any moment.
#[derive(Default)]
pub struct Live {
    stream: Stream,
    tcp: Tcp,
    carried: Vec<Carried>,
}

impl Live {
    /// An analysis that has seen nothing yet.
    pub fn new(wants: Wants) -> Live {
        Live {
            tcp: wants.tcp(),
            ..Live::default()
        }
    }

    /// Takes in one frame.
    pub fn frame(&mut self, frame: Frame<'_>) {
        let bytes = frame.bytes;
        let packet = Packet::dissect(frame);
        self.stream.packet(&packet, &mut self.carried);
        for carried in self.carried.drain(..) {
            self.tcp.segment(&carried, || bytes);
        }
    }

    /// Everything that can be said so far. The analysis cannot go on from it: take it again when
    /// more frames have come.
    pub fn look<T>(&mut self, look: impl FnOnce(&Analysis) -> T) -> T {
        let mut stream = std::mem::take(&mut self.stream);
        stream.adopt(std::mem::take(&mut self.tcp));
        let frames = stream.summary.frames;
        let ending = Ending {
            frames,
            ..Ending::default()
        };
        let summary = stream.summary.clone();
        let mut analysis = stream.finish(ending);
        let told = look(&analysis);
        let segments = self.tcp.segments.is_some();
        self.tcp = Tcp {
            connections: analysis.trackers.tcp.split(),
            streams: std::mem::take(&mut analysis.trackers.streams),
            segments: segments.then(|| std::mem::take(&mut analysis.trackers.segments)),
        };
        self.stream = Stream {
            summary,
            trackers: analysis.trackers,
            passing: None,
        };
        told
    }

    /// The end: `ending` says how it came.
    pub fn finish(mut self, ending: Ending) -> Analysis {
        self.tcp.streams.end();
        self.stream.adopt(self.tcp);
        self.stream.finish(ending)
    }
}

/// Analyzes several captures as one, their frames in order of time and numbered anew; frames
/// without a time keep their place. Each capture comes with its frames that pass, if there is a filter.
/// Gives also how each file ended.
pub fn merge(captures: Vec<(Reader, Option<Passing>)>, wants: Wants) -> (Analysis, Vec<Ending>) {
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
    let mut live = Live::new(wants);
    live.stream.passing = restricted.then(Passing::default);
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
        if let Some(mut frame) = source.batch.get(source.taken + 1) {
            number = number.saturating_add(1);
            if let (Some(own), Some(all)) = (&source.passing, &mut live.stream.passing)
                && own.frames.contains(frame.number)
            {
                all.insert(number);
            }
            // Each capture was taken at a place of its own.
            frame.interface = as_u32(place) << 16 | frame.interface & 0xffff;
            frame.number = number;
            live.frame(frame);
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
    (live.finish(all), endings)
}

/// How many frames ahead the headers are fetched.
const AHEAD: usize = 8;

/// The analysis of frames as they come.
#[derive(Default)]
struct Stream {
    summary: Summary,
    trackers: Trackers,
    passing: Option<Passing>,
}

impl Stream {
    /// Takes in a batch; what its segments carry is added to `carried`.
    fn batch(&mut self, batch: &Batch, carried: &mut Vec<Carried>) {
        let mut frames = batch.frames();
        let Some(first) = frames.next() else { return };
        let mut packet = Packet::dissect(first);
        self.packet(&packet, carried);
        for (at, frame) in frames.enumerate() {
            batch.fetch(at + AHEAD);
            if !self.usual(&frame, carried) {
                packet.next(frame);
                self.packet(&packet, carried);
            }
        }
    }

    /// Takes in a frame of which nothing is needed but the headers of TCP over IPv4, most of most
    /// captures, without taking it apart: for speed alone. Whether it was one.
    #[inline]
    fn usual(&mut self, frame: &Frame<'_>, carried: &mut Vec<Carried>) -> bool {
        if self.summary.usual.is_none() || self.passing.is_some() {
            return false;
        }
        let Some(usual) = Usual::read(frame) else {
            return false;
        };
        let Some(seen) = self.trackers.usual(frame, &usual) else {
            return false;
        };
        self.summary.frame(frame);
        self.summary.usual(frame);
        carried.push(Carried::usual(&usual, seen));
        true
    }

    /// Takes in one packet; what its segment carries is added to `carried`.
    fn packet(&mut self, packet: &Packet<'_>, carried: &mut Vec<Carried>) {
        self.summary.count(packet);
        let piece = packet.ip.as_ref().is_some_and(Ip::is_fragment);
        let whole = if piece {
            self.trackers.fragments.packet(packet)
        } else {
            None
        };
        match whole {
            None => self.track(packet, 1, carried),
            Some(whole) => {
                let mut packet = packet.clone();
                packet.resume(&whole.bytes);
                self.track(&packet, whole.pieces, carried);
            }
        }
    }

    fn track(&mut self, packet: &Packet<'_>, fragments: usize, carried: &mut Vec<Carried>) {
        let seen = self.trackers.packet(packet, fragments);
        if let Some(passing) = &mut self.passing
            && passing.frames.contains(packet.frame.number)
        {
            if let Some(seen) = &seen {
                passing.connections.insert(seen.stream);
            }
            if let Some(ip) = packet.ip
                && passing.pairs.len() < pairs::MOST
            {
                passing.pairs.insert((ip.source, ip.destination));
            }
        }
        if let Some(seen) = seen {
            carried.push(Carried::new(packet, seen));
        }
    }

    /// Takes over what was followed behind.
    fn adopt(&mut self, tcp: Tcp) {
        self.trackers.tcp.adopt(tcp.connections);
        for (stream, side) in &tcp.streams.found.askers {
            self.trackers.tcp.asks(*stream, *side);
        }
        self.trackers.streams = tcp.streams;
        self.trackers.segments = tcp.segments.unwrap_or_default();
    }

    /// Puts together what is read off all frames.
    fn finish(mut self, ending: Ending) -> Analysis {
        self.trackers.tcp.ends_at(self.summary.last);
        let mut icmp_errors = self.settle_errors();
        let trackers = &self.trackers;
        let pings = trackers.icmp.settle(&trackers.fragments, &mut icmp_errors);
        let near = trackers.neighbourhood();
        let asked = pings.as_deref().unwrap_or_else(|| trackers.icmp.pings());
        let known = trackers.known(&near, asked);
        let hosts = trackers.pairs.hosts(&known);
        let hops = trackers.pairs.next_hops(&known);
        let census = trackers.pairs.census(self.summary.last);
        let all_pings = pings.as_deref().unwrap_or_else(|| trackers.icmp.pings());
        let traces = traces::find(trackers, &icmp_errors, all_pings);
        let situations = situations::find(
            trackers,
            &census,
            &near.leases,
            (&icmp_errors, all_pings, &traces),
            self.summary.last,
        );
        let messages = &trackers.streams.found.messages;
        // Those over TCP are put among the others; where there are none, nothing is copied.
        let mut lookups = messages.lookups(&trackers.tcp);
        if !lookups.is_empty() {
            lookups.extend_from_slice(trackers.lookups.lookups());
            lookups.sort_by_key(|l| l.query_frame.or(l.response_frame));
        }
        told_of(&icmp_errors, trackers.lookups.lookups(), &mut lookups);
        let mut records = trackers.lookups.records().to_vec();
        records.extend_from_slice(messages.records());
        records.sort_by_key(|r| r.frame);
        let facts = Facts {
            situations,
            traces,
            pings,
            icmp_errors,
            neighbours: near.table,
            hops,
            hosts,
            leases: near.leases,
            lookups,
            records,
            traffic: self.summary.traffic(),
            census,
        };
        Analysis {
            capture: self.summary.tell(&ending, &facts, &self.trackers),
            start: self.summary.start,
            ending,
            facts,
            trackers: self.trackers,
            passing: self.passing,
        }
    }

    /// Which TCP segment an ICMP error is about is known when the connections are.
    fn settle_errors(&mut self) -> Vec<IcmpError> {
        let mut errors = self.trackers.icmp.errors().to_vec();
        for about in self.trackers.icmp.about_tcp() {
            let Some(error) = errors.get_mut(about.error) else {
                continue;
            };
            let stream = as_usize(about.stream);
            let Some(connection) = self.trackers.tcp.connection(stream) else {
                continue;
            };
            let own = error.about_source == Some(connection.client);
            if own && connection.client_isn == Some(about.sequence) {
                let syn = connection.syn_frame.filter(|syn| *syn < error.frame);
                error.about_frame = error.about_frame.or(syn);
                // Source quench and redirects do not end a call (RFC 6633, RFC 1122 §3.2.2.2).
                if !matches!((error.sender.is_ipv4(), error.kind), (true, 4 | 5)) {
                    let back = Back {
                        frame: error.frame,
                        expired: traces::ran_out(error),
                    };
                    self.trackers.tcp.unreachable(stream, back);
                }
            }
        }
        errors
    }
}

/// Adds the ICMP errors about queries to all lookups; `lookups` has them all, or is empty where none
/// differs from `known`.
fn told_of(errors: &[IcmpError], known: &[Lookup], lookups: &mut Vec<Lookup>) {
    if errors.is_empty() {
        return;
    }
    let about = errors.iter().rev();
    let about: HashMap<u32, u32, RandomState> = about
        .filter_map(|e| Some((e.about_frame?, e.frame)))
        .collect();
    let error = |lookup: &Lookup| about.get(&lookup.query_frame?).copied();
    if lookups.is_empty() && known.iter().any(|lookup| error(lookup).is_some()) {
        lookups.extend_from_slice(known);
    }
    for lookup in lookups {
        lookup.error_frame = error(lookup);
    }
}
