//! What a protocol is: its names, how it is found, its fields, how they are read, what their
//! numbers are called, and its line in the packet list. Each protocol's file has one
//! [`Definition`], and [`super::tables`] lists them.

use super::Packet;
use super::field::{Field, Sink};
use super::layer::{Layer, Protocol, View};
use super::tcp::Numbers;
use super::tls;

/// One protocol, everything about it in one place.
pub struct Definition {
    /// Wireshark's filter names of its layers, each with a sentence; the first is the usual one.
    pub layers: &'static [(&'static str, &'static str)],
    /// How Wireshark's packet list calls it.
    pub title: &'static str,
    /// How it is recognised, where a number tells.
    pub found: Found,
    /// Its fields.
    pub fields: &'static [Field],
    /// Hands over a layer's fields; `None` where bytes were missing.
    pub emit: for<'a> fn(&Given<'_, 'a>, &mut Sink<'a>) -> Option<()>,
    /// Whether `None` from `emit` means that the layer is cut short or malformed, and not only
    /// that there is no more to say.
    pub strict: bool,
    /// How it divides a TCP stream; `None` where `track` has a reader of its own.
    pub take: Option<Take>,
    /// What the numbers of its fields are called.
    pub values: &'static [Names],
    /// Its line in the packet list, where the layer's own bytes tell it.
    pub line: Option<fn(&Given<'_, '_>) -> Line>,
}

/// A definition without anything, for those that say less.
pub const NOTHING: Definition = Definition {
    layers: &[],
    title: "",
    found: Found::NOWHERE,
    fields: &[],
    emit: |_, _| Some(()),
    strict: false,
    take: None,
    values: &[],
    line: None,
};

/// Numbers of the layer below by which Wireshark finds a protocol.
pub struct Found {
    /// UDP ports.
    pub udp: &'static [u16],
    /// TCP ports.
    pub tcp: &'static [u16],
    /// Protocol numbers of IPv4 and IPv6.
    pub ip: &'static [u8],
    /// EtherTypes.
    pub ethernet: &'static [u16],
}

impl Found {
    /// By no number.
    pub const NOWHERE: Found = Found {
        udp: &[],
        tcp: &[],
        ip: &[],
        ethernet: &[],
    };
}

/// Fields, by name, that share a list of names for their values.
pub struct Names {
    /// The fields.
    pub fields: &'static [&'static str],
    /// Each value that has a name; a value may have several, the first is shown.
    pub values: &'static [(u64, &'static str)],
}

/// A layer to be read, and what is known of it beside its bytes.
pub struct Given<'p, 'a> {
    /// The packet it is in.
    pub packet: &'p Packet<'a>,
    /// The layer.
    pub layer: Layer,
    /// Its bytes.
    pub view: View<'a>,
    /// What a TCP segment's relative numbers count from.
    pub numbers: Option<Numbers>,
    /// What was agreed earlier in the stream.
    pub state: State,
}

impl<'p, 'a> Given<'p, 'a> {
    /// A layer of a packet.
    pub fn of(packet: &'p Packet<'a>, layer: &Layer, numbers: Option<Numbers>) -> Given<'p, 'a> {
        Given {
            packet,
            layer: *layer,
            view: packet.view(layer),
            numbers,
            state: State::default(),
        }
    }
}

/// What messages of a TCP stream need from those before them.
#[derive(Clone, Copy, Debug, Default)]
pub struct State {
    /// Of TLS.
    pub tls: tls::State,
    /// The message goes to the port by which the protocol was found: the client speaks.
    pub to_server: bool,
    /// What the protocol itself remembers of the conversation; each gives its own numbers.
    pub phase: u32,
}

/// What a protocol takes of the bytes at the front of one direction of a TCP stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A message of so many bytes.
    Message(usize),
    /// Not its end: the next segment is needed as well.
    OneMore,
    /// A message of so many bytes, not all of which are here.
    Needs(usize),
    /// A message of so many bytes, after which both sides speak TLS.
    ThenTls(usize),
}

/// Divides the bytes of one direction into messages as Wireshark does, and notes what they agree
/// on. There is at least one byte.
pub type Take = fn(&mut State, &[u8]) -> Taken;

/// What the packet list says of a frame. Text is as captured: not safe to print.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The column `Protocol`.
    pub protocol: &'static str,
    /// The column `Info`.
    pub info: String,
}

impl Protocol {
    /// Everything about it.
    pub fn definition(self) -> &'static Definition {
        &super::tables::DEFINITIONS[usize::from(self as u8)].1
    }

    /// Wireshark's filter name of its layer.
    pub fn name(self) -> &'static str {
        self.definition().layers.first().map_or("", |layer| layer.0)
    }
}
