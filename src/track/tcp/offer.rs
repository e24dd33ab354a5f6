//! What a SYN offered, packed.

use crate::dissect::Packet;
use crate::dissect::layer::Protocol;
use crate::dissect::tcp::{Options, Segment};

/// What a SYN offered, packed: there is one for each side of every connection.
#[derive(Clone, Copy, Default)]
pub(super) struct Offer {
    mss: u16,
    scale: u8,
    /// Which of the others there are.
    marks: u8,
}

impl Offer {
    /// There was a SYN.
    pub(super) const SYN: u8 = 1;
    /// It had a maximum segment size.
    pub(super) const MSS: u8 = 2;
    /// It had a window scale.
    pub(super) const SCALE: u8 = 4;
    /// It permitted selective acknowledgments.
    pub(super) const SACK: u8 = 8;
    /// It had time stamps.
    pub(super) const TIMESTAMPS: u8 = 16;
    /// The capture cuts its options: others may be behind.
    pub(super) const CUT: u8 = 32;

    /// Packs the options of a SYN.
    pub(super) fn new(options: &Options, cut: bool) -> Offer {
        let marks = [
            (true, Offer::SYN),
            (options.mss.is_some(), Offer::MSS),
            (options.window_scale.is_some(), Offer::SCALE),
            (options.sack_permitted, Offer::SACK),
            (options.timestamps.is_some(), Offer::TIMESTAMPS),
            (cut, Offer::CUT),
        ];
        Offer {
            mss: options.mss.unwrap_or_default(),
            scale: options.window_scale.unwrap_or_default(),
            marks: marks.iter().filter(|m| m.0).map(|m| m.1).sum(),
        }
    }

    /// Whether it was there.
    pub(super) fn has(self, mark: u8) -> bool {
        self.marks & mark != 0
    }

    /// Maximum segment size.
    pub(super) fn mss(self) -> Option<u16> {
        self.has(Offer::MSS).then_some(self.mss)
    }

    /// Window scale shift.
    pub(super) fn scale(self) -> Option<u8> {
        self.has(Offer::SCALE).then_some(self.scale)
    }
}

/// The option bytes of the outermost TCP header, as far as they were captured.
pub(super) fn option_bytes<'a>(packet: &Packet<'a>, segment: &Segment) -> &'a [u8] {
    let header = usize::from(segment.header_length);
    if header <= 20 {
        return &[];
    }
    let layers = packet.layers.as_slice();
    let usual = layers
        .get(2)
        .filter(|l| l.protocol == Protocol::Tcp && !l.quoted);
    let Some(layer) = usual.or_else(|| packet.layers.find(Protocol::Tcp)) else {
        return &[];
    };
    let bytes = packet.view(layer).bytes;
    bytes.get(20..header.min(bytes.len())).unwrap_or_default()
}
