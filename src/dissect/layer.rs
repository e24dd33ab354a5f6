//! A layer: which protocol, and where its bytes are.

pub use super::tables::Protocol;

/// Which bytes a layer's positions refer to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The frame's own bytes.
    #[default]
    Frame,
    /// A datagram put together from IP fragments.
    Datagram,
    /// A message of a TCP stream, maybe over several segments.
    Stream,
}

/// One layer of a packet.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    /// Its protocol.
    pub protocol: Protocol,
    /// Inside the packet that an ICMP error quotes.
    pub quoted: bool,
    /// Which bytes `start` counts in.
    pub source: Source,
    /// First byte.
    pub start: u32,
    /// Captured bytes from `start`, the payload included.
    pub captured: u32,
    /// Bytes the lengths in the headers promise from `start`, the payload included.
    pub reported: u32,
    /// Wireshark's filter name of the protocol.
    pub name: &'static str,
}

/// How many layers a packet can have; what comes after is left as bytes.
pub const MOST_LAYERS: usize = 10;

/// The layers of a packet from the outside in.
#[derive(Clone, Debug)]
pub struct Layers {
    list: [Layer; MOST_LAYERS],
    count: usize,
}

impl Default for Layers {
    fn default() -> Self {
        Layers {
            list: [EMPTY; MOST_LAYERS],
            count: 0,
        }
    }
}

const EMPTY: Layer = Layer {
    protocol: Protocol::Data,
    quoted: false,
    source: Source::Frame,
    start: 0,
    captured: 0,
    reported: 0,
    name: "",
};

impl Layers {
    /// Adds a layer; past [`MOST_LAYERS`] it is dropped and `false` comes back.
    pub fn push(&mut self, layer: Layer) -> bool {
        let Some(place) = self.list.get_mut(self.count) else {
            return false;
        };
        *place = layer;
        self.count += 1;
        true
    }

    /// These layers and no others.
    #[inline]
    pub(super) fn set(&mut self, layers: [Layer; 3]) {
        self.list[..3].copy_from_slice(&layers);
        self.count = 3;
    }

    /// Takes the last layer off again, if it is bytes that nobody claims.
    pub(super) fn drop_data(&mut self) {
        if matches!(self.as_slice().last(), Some(last) if last.protocol == Protocol::Data) {
            self.count -= 1;
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.count = 0;
    }

    /// The layers.
    pub fn as_slice(&self) -> &[Layer] {
        &self.list[..self.count]
    }

    /// The first layer of a protocol that is not quoted in an ICMP error.
    pub fn find(&self, protocol: Protocol) -> Option<&Layer> {
        self.as_slice()
            .iter()
            .find(|l| l.protocol == protocol && !l.quoted)
    }
}

/// A layer's bytes, for reading fields.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Captured bytes from the layer's first byte on, its payload included.
    pub bytes: &'a [u8],
    /// Bytes the headers promise.
    pub reported: usize,
    /// Inside the packet that an ICMP error quotes.
    pub quoted: bool,
}

impl<'a> View<'a> {
    /// The byte at `at`.
    pub fn u8(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// Two bytes in network order.
    pub fn u16(&self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_be_bytes)
    }

    /// Four bytes in network order.
    pub fn u32(&self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_be_bytes)
    }

    /// `N` bytes.
    pub fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk::<N>().copied()
    }

    /// A range of bytes, if all of it was captured.
    pub fn slice(&self, range: std::ops::Range<usize>) -> Option<&'a [u8]> {
        self.bytes.get(range)
    }
}
