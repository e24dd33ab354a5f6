//! What is asked of the conversations when they were followed: facts, and the little that the search
//! for situations needs.

use super::{Base, Brief, Called, Connections, Ill, Note, Opening, Place, Pool, Stream, numbers};
use super::{replay, story};
use crate::dissect::as_usize;
use crate::facts::tcp::{Connection, ZeekRecord};
use crate::track::icmp::{Quoted, Told};
use std::net::IpAddr;

/// How many conversations ahead one is fetched.
const AHEAD: usize = 8;

impl Connections {
    /// Asks a conversation for something.
    pub(super) fn ask<T>(&self, index: usize, question: impl FnOnce(&Stream) -> T) -> Option<T> {
        // Mostly they are asked one after another.
        if let Some(place) = self.places.get(index + AHEAD).and_then(|p| p.stream()) {
            self.streams.fetch(place);
        }
        let place = *self.places.get(index)?;
        if let Some(stream) = place.stream() {
            return Some(question(&self.streams[stream]));
        }
        let (mut stream, _) = self.again(place)?;
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        if let Some(back) = self.unreachable.get(&number) {
            story::unreachable(&mut stream.story, *back);
        }
        if let Some(side) = self.askers.get(&number) {
            story::asks(&mut stream.story, *side);
        }
        Some(question(&stream))
    }

    /// Goes through the segments that are kept of a conversation once more.
    fn again(&self, place: Place) -> Option<(Stream, [Base; 2])> {
        let mut pool = Pool::default();
        let (stream, live, _) = match place {
            Place::One(place) => replay([&self.one[place]], &mut pool),
            Place::Two(place) => replay(&self.two[place], &mut pool),
            Place::Many { .. } | Place::Over { .. } => return None,
        };
        Some((stream, live.bases()))
    }

    /// What the numbers of a conversation count from.
    pub(super) fn bases(&self, index: usize) -> Option<[Base; 2]> {
        match *self.places.get(index)? {
            Place::Many { live, .. } => Some(self.live[live].bases()),
            Place::Over { bases, .. } => Some(self.bases[as_usize(bases)]),
            place => Some(self.again(place)?.1),
        }
    }

    /// What the second reading of a capture knows about a stream that the first could not yet:
    /// bases, scales, completeness and initial RTT as they ended; of bases that changed, those of the
    /// frame.
    pub fn complete(&self, note: &mut Note, frame: u32, first_of_stream: bool) {
        let index = as_usize(note.stream);
        if let Some(mut bases) = self.bases(index) {
            for (side, base) in bases.iter_mut().enumerate() {
                let then = self.counted_from(note.stream, side, frame);
                base.number = then.unwrap_or(base.number);
            }
            note.numbers = numbers(bases, usize::from(note.side));
        }
        self.ask(index, |stream| {
            note.initial_rtt = stream.initial_rtt;
            // Wireshark prints the value before the frame itself is looked at again.
            note.completeness = stream.completeness
                | if first_of_stream {
                    0
                } else {
                    stream.first_bits
                };
        });
    }

    /// Two VLANs in which one side of these ends sent: they may be those of two connections.
    pub(crate) fn mixed(&self, stream: usize) -> Option<(u16, u16)> {
        self.directory.vlans(stream)?.mixed
    }

    /// What is known of a conversation; `None` if all its frames were passed over.
    pub fn connection(&self, stream: usize) -> Option<Connection> {
        let ends = self.directory.ends(stream)?;
        let number = u32::try_from(stream).ok()?;
        let mut told = self.ask(stream, |stream| {
            let goes_on = self.end.map_or(0, |end| end.since(stream.previous_time));
            (!stream.story.is_empty()).then(|| story::tell(stream, ends, (number, goes_on)))
        })??;
        if let Some(vlans) = self.directory.vlans(stream) {
            told.vlan = vlans.sides[0].or(vlans.sides[1]);
            if let Some((one, other)) = vlans.mixed {
                told.vlan = Some(one);
                told.other_vlan = Some(other);
            }
        }
        Some(told)
    }

    /// How much a connection matters: failed and troubled ones first, then the large ones.
    pub fn weight(&self, stream: usize) -> u64 {
        self.ask(stream, story::weight).unwrap_or(0)
    }

    /// Zeek's records of all conversations.
    pub fn zeek_records(&self) -> Vec<ZeekRecord> {
        let mut told = Vec::new();
        for at in 0..self.len() {
            let records = self.ask(at, story::zeek);
            let number = u32::try_from(at).unwrap_or(u32::MAX);
            told.extend(
                records
                    .into_iter()
                    .flatten()
                    .map(|(place, state, history)| ZeekRecord {
                        stream: number,
                        number: place,
                        conn_state: state.to_owned(),
                        history,
                    }),
            );
        }
        told
    }

    /// Which end is the client, of [`Connections::ends`].
    pub(super) fn client_side(&self, stream: usize) -> Option<usize> {
        let ends = self.directory.ends(stream)?;
        self.ask(stream, |stream| story::client_side(stream, ends).0)
    }

    /// The newest conversation between the ends that an ICMP error quotes.
    pub(crate) fn quoted(&self, quoted: &Quoted) -> Option<u32> {
        self.directory.quoted(quoted)
    }

    /// Which of the last frames of its conversation the ICMP error in a frame is about, and how surely.
    /// `ran_out` is the TTL that it probably had, if that is what the error says.
    pub(crate) fn whose(
        &mut self,
        stream: u32,
        quoted: &Quoted,
        ran_out: Option<u8>,
        frame: u32,
    ) -> Option<(u32, Told)> {
        self.directory.whose(stream, quoted, ran_out, frame)
    }

    /// The two ends of a conversation, first sender first.
    pub fn ends(&self, stream: usize) -> Option<[(IpAddr, u16); 2]> {
        let ends = self.directory.ends(stream)?;
        Some(ends.map(|e| (e.address, e.port)))
    }

    /// What the search for situations asks of a connection.
    pub(crate) fn brief(&self, stream: usize) -> Option<Brief> {
        let ends = self.directory.ends(stream)?;
        self.ask(stream, |stream| story::brief(stream, ends))
    }

    /// What a connection never came about by, or was ended by strangely; nothing if neither.
    pub(crate) fn ill(&self, stream: usize) -> Option<Ill> {
        let ends = self.directory.ends(stream)?;
        self.ask(stream, |stream| {
            if stream.story.is_empty() {
                return None;
            }
            let failed = story::failure(stream, ends).map(Ill::Failed);
            failed
                .or_else(|| story::too_late(stream, ends).map(Ill::TooLate))
                .or_else(|| story::odd_reset(stream, ends).map(Ill::Reset))
                .or_else(|| story::silent(stream, ends).map(Ill::Silent))
                .or_else(|| story::unopened(stream, ends))
        })?
    }

    /// The client of a connection of which only its own side is in the capture: of those that had more
    /// than two segments, as nothing else shows it.
    pub(crate) fn lone_client(&self, stream: usize) -> Option<IpAddr> {
        let place = self.places.get(stream)?.stream()?;
        let ends = self.directory.ends(stream)?;
        let client = story::lone_client(&self.streams[place], ends)?;
        Some(ends[client].address)
    }

    /// Who called whom, to search traceroutes.
    pub(crate) fn called(&self, stream: usize) -> Option<Called> {
        let ends = self.directory.ends(stream)?;
        self.ask(stream, |stream| story::called(stream, ends))?
    }

    /// What a translation of addresses leaves alone of how a connection was opened.
    pub(crate) fn opening(&self, stream: usize) -> Option<Opening> {
        let ends = self.directory.ends(stream)?;
        self.ask(stream, |stream| story::opening(stream, ends))?
    }

    /// Frame and time of every SYN of the caller.
    pub(crate) fn syn_times(&self, stream: usize) -> Vec<(u32, i64)> {
        self.ask(stream, story::syn_times).unwrap_or_default()
    }
}
