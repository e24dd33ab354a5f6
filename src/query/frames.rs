//! The frames of a capture, one after the other, with the values that were asked for.
//!
//! Wireshark reads a capture twice (`tshark -2`): only then does it know, at a request, the frame
//! of its answer. A [`Session`] does the same when a field or the filter needs it, and reads once
//! when not.

use super::Filter;
use super::catalogue::EntryId;
use super::columns::{self, Row};
use super::expert;
use super::following::{Following, Said, Wants};
use super::link;
use super::notes::Notes;
use super::plan::{Plan, Values, header_length};
use crate::capture::{
    Batch, Ending, Frame, Interface, Kept, LinkType, OpenError, Reader, read_beside,
};
use crate::dissect::field::{Sink, Wanted};
use crate::dissect::frame::Clock;
use crate::dissect::layer::{Layer, Protocol, View};
use crate::dissect::{self, Packet, Stop, Transport, ethernet};
use crate::track;
use crate::track::fragments::Whole;
use crate::track::messages::Message;
use std::io;
use std::path::{Path, PathBuf};

/// Why a session stopped before the capture's end.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The capture cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Standard input cannot be kept for a second reading.
    #[error("cannot keep standard input for a second reading in {folder}")]
    Spool {
        /// The folder for temporary files.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Frames of a kind that Wireshark does not read, when only those it reads are wanted.
    #[error(
        "link type {0} is unknown to Wireshark 4.0, so its frames have no fields\nhint: `wirelab analyze` counts such frames"
    )]
    Link(u16),
    /// The caller could not take a frame.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// A question to the frames of a capture.
#[derive(Debug)]
pub struct Session<'q> {
    filter: Option<&'q Filter>,
    filter_plan: Plan,
    plan: Plan,
    wants: Wants,
    every_link: bool,
}

/// One frame that the filter let pass.
pub struct Seen<'s, 'a> {
    pub(super) reading: &'s Reading<'s, 'a>,
    /// The frame, taken apart.
    pub packet: &'s Packet<'a>,
    /// The values asked for, a slot a field.
    pub values: &'s Values<'a>,
    /// What the trackers say, when they were asked.
    pub notes: &'s track::Notes,
    /// What times count from.
    pub clock: &'s Clock,
    /// The interface the frame came from.
    pub interface: Option<&'a Interface>,
}

impl Seen<'_, '_> {
    /// The frame's row of the packet list; all of it where the session follows everything.
    pub fn row(&self) -> Row {
        columns::row(self.reading)
    }
}

impl<'q> Session<'q> {
    /// A session that hands over these fields of the frames that the filter lets pass.
    pub fn new(filter: Option<&'q Filter>, fields: &[EntryId]) -> Self {
        let needs = filter.map_or(&[][..], Filter::needs);
        Session {
            filter,
            filter_plan: Plan::new(needs),
            plan: Plan::new(fields),
            wants: Wants::of(needs.iter().chain(fields)),
            every_link: true,
        }
    }

    /// Stops at a frame whose link type Wireshark does not know, as tshark does.
    pub fn as_wireshark(mut self) -> Self {
        self.every_link = false;
        self
    }

    /// Follows everything, whatever the fields ask for.
    pub fn following_all(mut self) -> Self {
        self.wants = Wants::all();
        self
    }

    /// Reads the capture once, as it comes: what only a later frame could tell is left out.
    pub fn once(mut self) -> Self {
        self.wants.twice = false;
        // Nothing else tells what relative numbers count from.
        self.wants.analysis |= self.wants.tcp;
        self
    }

    /// Reads a capture and hands each frame that passes to `take`. The ending says how the file
    /// was; damaged files give their readable part.
    pub fn run(
        &self,
        path: &Path,
        mut take: impl FnMut(&Seen<'_, '_>) -> io::Result<()>,
    ) -> Result<Ending, SessionError> {
        if !self.wants.twice {
            return self.pass(Reader::open(path)?, None, &mut take);
        }
        let mut first = Following::default();
        let kept = Kept::new(path).map_err(|source| SessionError::Spool {
            folder: std::env::temp_dir(),
            source,
        })?;
        first.learn(Reader::open(kept.path())?, self.wants);
        self.pass(Reader::open(kept.path())?, Some(&first), &mut take)
    }

    /// Reads a capture from wherever `open` finds it, once or twice.
    pub fn run_from(
        &self,
        mut open: impl FnMut() -> Result<Reader, OpenError>,
        mut take: impl FnMut(&Seen<'_, '_>) -> io::Result<()>,
    ) -> Result<Ending, SessionError> {
        if !self.wants.twice {
            return self.pass(open()?, None, &mut take);
        }
        let mut first = Following::default();
        first.learn(open()?, self.wants);
        self.pass(open()?, Some(&first), &mut take)
    }

    fn pass(
        &self,
        reader: Reader,
        learned: Option<&Following>,
        take: &mut dyn FnMut(&Seen<'_, '_>) -> io::Result<()>,
    ) -> Result<Ending, SessionError> {
        let mut beside = read_beside(reader);
        let mut state = State {
            following: learned.map_or_else(Following::default, Following::again),
            ..State::default()
        };
        while let Some(batch) = beside.next() {
            for frame in batch.frames() {
                if !self.every_link && state.link != Some(frame.link) {
                    if !link::known_to_wireshark(frame.link) {
                        return Err(SessionError::Link(frame.link.0));
                    }
                    state.link = Some(frame.link);
                }
                self.frame(batch, frame, &mut state, learned, take)?;
            }
        }
        Ok(beside.finish().finish())
    }

    /// One frame: takes it apart, asks the trackers, the filter, and hands it over.
    fn frame(
        &self,
        batch: &Batch,
        frame: Frame<'_>,
        state: &mut State,
        learned: Option<&Following>,
        take: &mut dyn FnMut(&Seen<'_, '_>) -> io::Result<()>,
    ) -> io::Result<()> {
        // A frame without a time counts as one of 1970, as in Wireshark.
        let time = Some(frame.time.unwrap_or_default());
        state.clock.first = state.clock.first.or(time);
        let mut packet = Packet::dissect(frame);
        let whole = state.following.fragments(&packet);
        if let Some(whole) = &whole {
            packet.resume(&whole.bytes);
        }
        state.following.promised.packet(&mut packet);
        let said = &mut state.said;
        state
            .following
            .packet(&packet, whole.as_ref(), self.wants, said);
        if let Some(learned) = learned {
            learned.complete(said, frame.number);
        }
        let interface = batch.interfaces().get(dissect::as_usize(frame.interface));
        let reading = Reading {
            packet: &packet,
            batch,
            interface,
            said,
            whole: whole.as_ref(),
        };
        let passes = self.filter.is_none_or(|filter| {
            let mut asked: Values<'_> = std::mem::take(&mut state.asked);
            reading.fill(&self.filter_plan, &state.clock, &mut asked);
            let passes = filter.holds(&asked);
            state.asked = asked.recycle();
            passes
        });
        if passes {
            let mut values: Values<'_> = std::mem::take(&mut state.values);
            reading.fill(&self.plan, &state.clock, &mut values);
            take(&Seen {
                reading: &reading,
                packet: &packet,
                values: &values,
                notes: &said.notes,
                clock: &state.clock,
                interface,
            })?;
            state.values = values.recycle();
            state.clock.displayed = time;
        }
        state.clock.previous = time;
        Ok(())
    }
}

/// What is carried from frame to frame.
#[derive(Default)]
struct State {
    clock: Clock,
    /// Link type of the frame before.
    link: Option<LinkType>,
    following: Following,
    /// Of the frame at hand.
    said: Said,
    /// Empty, for the filter's fields and those that are handed over.
    asked: Values<'static>,
    values: Values<'static>,
}

/// Everything that values of one frame come from.
pub(super) struct Reading<'r, 'a> {
    pub(super) packet: &'r Packet<'a>,
    pub(super) batch: &'a Batch,
    pub(super) interface: Option<&'a Interface>,
    pub(super) said: &'a Said,
    pub(super) whole: Option<&'a Whole>,
}

impl<'a> Reading<'_, 'a> {
    fn fill(&self, plan: &Plan, clock: &Clock, values: &mut Values<'a>) {
        values.prepare(plan);
        let packet = self.packet;
        let frame = packet.frame;
        let length = u32::try_from(frame.bytes.len()).unwrap_or(u32::MAX);
        if plan.wants(Protocol::Frame) {
            values.layer(plan, "frame", 1, length, frame.bytes);
            values.read(plan, Protocol::Frame, 1, |sink| {
                let comments = self.batch.comments(frame.number);
                let above = if sink.wants(dissect::frame::PROTOCOLS) {
                    self.above()
                } else {
                    String::new()
                };
                dissect::frame::emit(packet, self.interface, clock, comments, &above, sink);
            });
        }
        let layers = packet.layers.as_slice();
        for (at, layer) in layers.iter().enumerate() {
            // Wireshark wants six bytes of it before it says that it is there.
            let hidden = layer.protocol == Protocol::Icmp && layer.captured < 6;
            if hidden || !plan.wants(layer.protocol) {
                continue;
            }
            let before = layers[..at].iter().filter(|l| l.protocol == layer.protocol);
            let nth = u8::try_from(before.count() + 1).unwrap_or(u8::MAX);
            let bytes = packet.view(layer).bytes;
            let name = if layer.name == "sll2" {
                "sll"
            } else {
                layer.name
            };
            // Of TCP in a redirected packet there are eight bytes for Wireshark.
            let bytes = match (layer.quoted, layer.protocol, &packet.transport) {
                (true, Protocol::Tcp, Transport::Icmp(message)) if message.kind == 5 => {
                    &bytes[..bytes.len().min(8)]
                }
                _ => bytes,
            };
            values.layer(plan, name, nth, header_length(layers, at), bytes);
            let numbers = self.said.notes.tcp.map(|note| note.numbers);
            values.read(plan, layer.protocol, nth, |sink| {
                if let (Protocol::Http, Some(note)) = (layer.protocol, &self.said.ssdp) {
                    track::messages::emit(note, sink);
                }
                // What could not be read is told below.
                let _ = dissect::emit(packet, layer, numbers, sink);
            });
            if let (true, Protocol::Tcp, Some(stream)) =
                (layer.quoted, layer.protocol, self.said.quoted_stream)
            {
                values.read_notes(plan, Notes::Tcp, |sink| {
                    sink.unsigned(track::tcp::note::STREAM, 0..0, stream);
                });
            }
            // Of a quoted packet only its flow is known.
            if !layer.quoted || layer.protocol == Protocol::Udp {
                self.notes(plan, layer, values);
            }
        }
        for (at, message) in self.said.messages.iter().enumerate() {
            let before = self.said.messages[..at].iter();
            let before = before.filter(|m| m.protocol == message.protocol).count();
            let nth = u8::try_from(before + 1).unwrap_or(u8::MAX);
            self.message(plan, message, nth, values);
        }
        if plan.wants(Protocol::Data) || plan.wants_layers() {
            for message in &self.said.messages {
                self.body(plan, message, values);
            }
        }
        if let Some(tunnel) = self
            .said
            .told
            .tunnel
            .as_ref()
            .filter(|_| self.has_content())
        {
            values.layer(plan, "http", 1, length, packet.payload_bytes());
            values.read(plan, Protocol::Http, 1, |sink| {
                track::messages::emit_tunnel(tunnel, sink);
            });
        }
        for name in &self.said.told.named {
            values.layer(plan, name, 1, length, packet.payload_bytes());
        }
        if let Some(view) = self.unclaimed() {
            values.layer(plan, "data", 1, length, view.bytes);
            values.read(plan, Protocol::Data, 1, |sink| {
                let _ = dissect::data::emit(&view, sink);
            });
        }
        values.read_notes(plan, Notes::Columns, |sink| columns::emit(self, sink));
        values.read_notes(plan, Notes::Expert, |sink| expert::emit(self, sink));
        let stop = if plan.wants_stop() { self.stop() } else { None };
        match stop {
            Some(Stop::Malformed) => values.layer(plan, "_ws.malformed", 1, 0, &[]),
            Some(Stop::Snapped) => values.layer(plan, "_ws.short", 1, 0, &[]),
            None => {}
        }
    }

    /// The protocols above TCP, as `frame.protocols` has them.
    pub(super) fn above(&self) -> String {
        let mut out = String::new();
        if self.said.told.left_http && self.has_content() {
            out.push_str(":http");
        }
        // Those that lie in one segment are named once, behind what earlier ones have begun.
        let begun = self.said.told.whole.len();
        for (at, message) in self.said.messages.iter().enumerate() {
            match message.protocol {
                Protocol::Http => {
                    out.push_str(if at <= begun { ":http" } else { "" });
                    for name in dissect::http::body::protocols(&message.bytes) {
                        out.push(':');
                        out.push_str(name);
                    }
                }
                Protocol::Tls => {
                    out.push_str(":tls");
                    for name in dissect::tls::carried(&message.bytes, &message.state.tls) {
                        out.push(':');
                        out.push_str(name);
                    }
                }
                Protocol::FtpData if dissect::ftp::begins_as_text(&message.bytes) => {
                    out.push_str(":ftp-data:data-text-lines");
                }
                Protocol::Dns if at > begun => {}
                protocol => {
                    out.push(':');
                    out.push_str(protocol.name());
                }
            }
        }
        for name in &self.said.told.named {
            out.push(':');
            out.push_str(name);
        }
        if self.unclaimed().is_some() {
            out.push_str(":data");
        }
        if ethernet::odd_filling(self.packet) {
            out.push_str(":f5ethtrailer");
        }
        out
    }

    /// The body of an HTTP message, where its kind is not told: it is bytes that nobody claims.
    fn body(&self, plan: &Plan, message: &'a Message, values: &mut Values<'a>) {
        if message.protocol != Protocol::Http
            || dissect::http::body::protocol(&message.bytes) != Some("data")
        {
            return;
        }
        let bytes = dissect::http::body::of(&message.bytes);
        values.read(plan, Protocol::Data, 1, |sink| {
            dissect::data::hand_over(bytes, sink)
        });
        values.layer(plan, "data", 1, 0, &[]);
    }

    /// Whether TCP's payload is shown as something, and does not only wait.
    fn has_content(&self) -> bool {
        let said = self.said;
        !said.messages.is_empty() || !said.told.named.is_empty() || self.unclaimed().is_some()
    }

    /// TCP's payload that no protocol claims.
    pub(super) fn unclaimed(&self) -> Option<View<'a>> {
        let part = self.said.told.unclaimed.clone()?;
        let bytes = self.packet.payload_bytes().get(part)?;
        (!bytes.is_empty()).then_some(View {
            bytes,
            reported: bytes.len(),
            quoted: false,
        })
    }

    /// Why dissection ended early: at a header, or within a message.
    pub(super) fn stop(&self) -> Option<Stop> {
        let packet = self.packet;
        if packet.stop == Some(Stop::Malformed) && self.bogus_header() {
            return None;
        }
        let malformed = self.said.told.malformed || ethernet::odd_filling(packet);
        let told = malformed.then_some(Stop::Malformed);
        packet.stop.or(told).or_else(|| {
            packet.layers.as_slice().iter().find_map(|layer| {
                if !layer.protocol.definition().strict || layer.quoted {
                    return None;
                }
                let mut nothing = Sink::new(Wanted::default());
                match dissect::emit(packet, layer, None, &mut nothing) {
                    Some(()) => None,
                    None if layer.captured < layer.reported => Some(Stop::Snapped),
                    None => Some(Stop::Malformed),
                }
            })
        })
    }

    /// Whether dissection ended at an IPv4 header that contradicts itself. Wireshark says so in the
    /// packet list, and does not call the packet malformed.
    fn bogus_header(&self) -> bool {
        let last = self.packet.layers.as_slice().last();
        let Some(layer) = last.filter(|layer| layer.protocol == Protocol::Ipv4) else {
            return false;
        };
        let view = self.packet.view(layer);
        let (Some(first), Some(total)) = (view.u8(0), view.u16(2)) else {
            return false;
        };
        let header = u16::from(first & 15) * 4;
        view.bytes.len() >= 20 && (first >> 4 != 4 || header < 20 || total < header)
    }

    /// A message of a TCP stream that ends in this frame.
    fn message(&self, plan: &Plan, message: &'a Message, nth: u8, values: &mut Values<'a>) {
        let given = message.given(self.packet);
        let layer = &given.layer;
        values.layer(plan, layer.name, nth, layer.captured, given.view.bytes);
        if let Some(note) = &message.dns {
            values.read_notes(plan, Notes::Dns, |sink| track::dns::emit(note, sink));
        }
        values.read(plan, message.protocol, nth, |sink| {
            if let Some(note) = &message.http {
                track::messages::emit(note, sink);
            }
            let _ = (message.protocol.definition().emit)(&given, sink);
        });
    }

    fn notes(&self, plan: &Plan, layer: &Layer, values: &mut Values<'a>) {
        if !plan.wants_notes() {
            return;
        }
        let v6 = matches!(self.packet.transport, Transport::Icmpv6(_));
        match layer.protocol {
            Protocol::Arp => {
                let note = &self.said.notes.arp;
                values.read_notes(plan, Notes::Arp, |sink| track::arp::emit(note, sink));
            }
            Protocol::Tcp => {
                if let Some(note) = &self.said.notes.tcp {
                    let view = self.packet.view(layer);
                    let segment = match &self.packet.transport {
                        Transport::Tcp(segment) => Some(segment),
                        _ => None,
                    };
                    let missing = track::tcp::Missing::of(segment, view.bytes.len());
                    values.read_notes(plan, Notes::Tcp, |sink| {
                        track::tcp::emit(note, missing, sink);
                    });
                    values.read_notes(plan, Notes::Connection, |sink| {
                        track::tcp::closing::emit(self.said.step, sink);
                    });
                    let payload = self.packet.payload_bytes();
                    let start = view.bytes.len() - payload.len().min(view.bytes.len());
                    let whole_in = self.said.message_whole_in;
                    values.read_notes(plan, Notes::Pdu, |sink| {
                        track::messages::pdu::emit(&self.said.told, payload, start, whole_in, sink);
                    });
                }
            }
            Protocol::Udp => {
                if let Some(note) = &self.said.notes.udp {
                    values.read_notes(plan, Notes::Udp, |sink| track::udp::emit(note, sink));
                }
            }
            Protocol::Dns | Protocol::Mdns | Protocol::Llmnr => {
                if let Some(note) = &self.said.notes.dns {
                    values.read_notes(plan, Notes::Dns, |sink| track::dns::emit(note, sink));
                }
            }
            Protocol::Icmp | Protocol::Icmpv6 => {
                if let Some(note) = &self.said.notes.icmp {
                    values.read_notes(plan, Notes::Icmp, |sink| track::icmp::emit(note, v6, sink));
                }
            }
            Protocol::Ipv4 | Protocol::Ipv6 => {
                let v6 = layer.protocol == Protocol::Ipv6;
                values.read_notes(plan, Notes::Fragments, |sink| {
                    track::fragments::emit(self.whole, self.said.completed_in, v6, sink);
                });
            }
            _ => {}
        }
    }
}
