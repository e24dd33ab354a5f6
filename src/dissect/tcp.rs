//! TCP headers (RFC 9293 §3.1) and their options. What spans segments is `track`'s, which tells
//! this file only what relative numbers count from.

use super::definition::{Definition, Given, NOTHING, Names};
use super::field::{Kind, Sink, Value};
use super::layer::{Protocol, Source, View};

/// FIN: the sender has no more data.
pub const FIN: u16 = 0x001;
/// SYN: first segment of a direction.
pub const SYN: u16 = 0x002;
/// RST: the connection is over at once.
pub const RST: u16 = 0x004;
/// PSH: hand the data to the application.
pub const PSH: u16 = 0x008;
/// ACK: the acknowledgment number counts.
pub const ACK: u16 = 0x010;
/// URG: the urgent pointer counts.
pub const URG: u16 = 0x020;
/// SYN and ACK: with both a call is answered.
pub const SYN_ACK: u16 = SYN | ACK;
/// SYN or FIN: what takes a sequence number without being payload.
pub const SYN_FIN: u16 = SYN | FIN;
/// FIN and ACK.
pub const FIN_ACK: u16 = FIN | ACK;
/// FIN or RST: the sender ends.
pub const FIN_RST: u16 = FIN | RST;

crate::fields! {
    SRCPORT: "tcp.srcport", Kind::Unsigned(16), "Source port.";
    DSTPORT: "tcp.dstport", Kind::Unsigned(16), "Destination port.";
    PORT: "tcp.port", Kind::Unsigned(16), "Either port, source first.";
    LEN: "tcp.len", Kind::Unsigned(32), "Payload bytes in this segment.";
    SEQ: "tcp.seq", Kind::Unsigned(32), "Sequence number, counted from the first one of this direction.";
    SEQ_RAW: "tcp.seq_raw", Kind::Unsigned(32), "Sequence number as on the wire.";
    NXTSEQ: "tcp.nxtseq", Kind::Unsigned(32), "Sequence number that the next segment of this direction should have.";
    ACK_NUMBER: "tcp.ack", Kind::Unsigned(32), "Acknowledgment number, counted from the first sequence number of the other side.";
    ACK_RAW: "tcp.ack_raw", Kind::Unsigned(32), "Acknowledgment number as on the wire.";
    HDR_LEN: "tcp.hdr_len", Kind::Unsigned(8), "Header length in bytes, options included.";
    FLAGS: "tcp.flags", Kind::Hex(16), "All flags as a number: 0x002 SYN, 0x012 SYN and ACK.";
    FLAGS_RES: "tcp.flags.res", Kind::Boolean, "Reserved bits.";
    FLAGS_AE: "tcp.flags.ae", Kind::Boolean, "Accurate ECN (formerly the nonce bit).";
    FLAGS_CWR: "tcp.flags.cwr", Kind::Boolean, "Congestion window reduced.";
    FLAGS_ECE: "tcp.flags.ece", Kind::Boolean, "ECN echo.";
    FLAGS_URG: "tcp.flags.urg", Kind::Boolean, "Urgent pointer counts.";
    FLAGS_ACK: "tcp.flags.ack", Kind::Boolean, "Acknowledgment number counts.";
    FLAGS_PUSH: "tcp.flags.push", Kind::Boolean, "Push: hand the data to the application.";
    FLAGS_RESET: "tcp.flags.reset", Kind::Boolean, "Reset: the connection is over at once.";
    FLAGS_SYN: "tcp.flags.syn", Kind::Boolean, "Synchronize: first segment of a direction.";
    FLAGS_FIN: "tcp.flags.fin", Kind::Boolean, "Finish: the sender has no more data.";
    FLAGS_STR: "tcp.flags.str", Kind::Text, "The flags as letters.";
    WINDOW_VALUE: "tcp.window_size_value", Kind::Unsigned(16), "Window as on the wire, not scaled.";
    WINDOW: "tcp.window_size", Kind::Unsigned(32), "Bytes the sender is ready to receive, scaled where the scale is known.";
    WINDOW_SCALE: "tcp.window_size_scalefactor", Kind::Signed(32), "What the window is multiplied by; -1 unknown, -2 no scaling.";
    CHECKSUM: "tcp.checksum", Kind::Hex(16), "Checksum over header, payload and addresses.";
    CHECKSUM_STATUS: "tcp.checksum.status", Kind::Unsigned(8), "2: not verified, as Wireshark does by default.";
    URGENT_POINTER: "tcp.urgent_pointer", Kind::Unsigned(16), "Where urgent data ends.";
    OPTIONS: "tcp.options", Kind::Bytes, "All options as bytes.";
    OPTION_KIND: "tcp.option_kind", Kind::Unsigned(8), "Kind byte of an option.";
    OPTION_LEN: "tcp.option_len", Kind::Unsigned(8), "Length byte of an option.";
    MSS: "tcp.options.mss_val", Kind::Unsigned(16), "Maximum segment size the sender accepts.";
    WSCALE_SHIFT: "tcp.options.wscale.shift", Kind::Unsigned(8), "Window scale as a power of two.";
    WSCALE_MULTIPLIER: "tcp.options.wscale.multiplier", Kind::Unsigned(16), "Window scale as a factor.";
    SACK_PERM: "tcp.options.sack_perm", Kind::Protocol, "Selective acknowledgment is allowed.";
    TSVAL: "tcp.options.timestamp.tsval", Kind::Unsigned(32), "Sender's clock.";
    TSECR: "tcp.options.timestamp.tsecr", Kind::Unsigned(32), "Clock value echoed from the other side.";
    SACK_LE: "tcp.options.sack_le", Kind::Unsigned(32), "First sequence number of a block received out of order.";
    SACK_RE: "tcp.options.sack_re", Kind::Unsigned(32), "Sequence number after that block.";
    SACK_COUNT: "tcp.options.sack.count", Kind::Unsigned(8), "How many blocks are acknowledged selectively.";
    PAYLOAD: "tcp.payload", Kind::Bytes, "Payload of this segment.";
    RESET_CAUSE: "tcp.reset_cause", Kind::Text, "Text in a reset segment.";
}

/// Everything about TCP.
pub const DEFINITION: Definition = Definition {
    layers: &[("tcp", "Transmission control protocol.")],
    title: "TCP",
    fields: FIELDS,
    emit: emit_layer,
    values: &[
        Names {
            fields: &[
                "tcp.port",
                "tcp.srcport",
                "tcp.dstport",
                "udp.port",
                "udp.srcport",
                "udp.dstport",
            ],
            values: super::ports::SERVICES,
        },
        Names {
            fields: &["tcp.option_kind"],
            values: &[
                (0, "End of Option List"),
                (1, "No-Operation"),
                (2, "Maximum Segment Size"),
                (3, "Window Scale"),
                (4, "SACK Permitted"),
                (5, "SACK"),
                (8, "Time Stamp Option"),
            ],
        },
        Names {
            fields: &["tcp.completeness"],
            values: &[
                (1, "Incomplete, SYN_SENT"),
                (3, "Incomplete, CLIENT_ESTABLISHED"),
                (7, "Incomplete, ESTABLISHED"),
                (15, "Incomplete, DATA"),
                (31, "Complete, WITH_DATA"),
                (47, "Complete, WITH_DATA"),
                (63, "Complete, WITH_DATA"),
                (23, "Complete, NO_DATA"),
                (39, "Complete, NO_DATA"),
                (55, "Complete, NO_DATA"),
            ],
        },
    ],
    ..NOTHING
};

fn emit_layer<'a>(given: &Given<'_, 'a>, sink: &mut Sink<'a>) -> Option<()> {
    let (packet, layer) = (given.packet, &given.layer);
    if layer.quoted
        && let Some(error) = packet.layers.find(Protocol::Icmp)
    {
        // Of a redirected packet Wireshark shows no more than what is sure to be there.
        let redirect = packet.view(error).u8(0) == Some(5);
        if redirect || given.view.bytes.len() < 20 {
            return emit_quoted(&given.view, sink);
        }
        emit(&given.view, sink, false, None)?;
        sink.found.retain(|found| found.index != SEQ_RAW);
        return Some(());
    }
    let fragment = packet.ip.is_some_and(|ip| ip.is_fragment());
    let whole = !(layer.quoted || fragment && layer.source == Source::Frame);
    emit(&given.view, sink, whole, given.numbers)
}

/// A TCP header without its options, as `track` needs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Raw sequence number.
    pub seq: u32,
    /// Raw acknowledgment number.
    pub ack: u32,
    /// The twelve flag bits.
    pub flags: u16,
    /// Raw window.
    pub window: u16,
    /// Header length in bytes; under 20 in broken headers.
    pub header_length: u8,
    /// Payload bytes, by the lengths in the headers; `None` where that cannot be known.
    pub length: Option<u32>,
}

impl Segment {
    /// Whether any of these flags is set.
    pub fn has(&self, flags: u16) -> bool {
        self.flags & flags != 0
    }
}

/// What the SYN of one side offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Maximum segment size.
    pub mss: Option<u16>,
    /// Window scale shift.
    pub window_scale: Option<u8>,
    /// Selective acknowledgments permitted.
    pub sack_permitted: bool,
    /// Time stamps: value and echo.
    pub timestamps: Option<(u32, u32)>,
}

/// What relative numbers count from, as far as the tracker knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// First sequence number of the segment's direction.
    pub own_base: u32,
    /// First sequence number of the other direction.
    pub peer_base: u32,
    /// Wireshark's scale of the sender: a shift, -1 unknown, -2 not used.
    pub scale: i8,
}

/// One option as found (RFC 9293 §3.2): kind, where its bytes are.
pub struct RawOption<'a> {
    /// Kind byte.
    pub kind: u8,
    /// The whole option; one byte for kinds 0 and 1.
    pub bytes: &'a [u8],
    /// Offset in the option list.
    pub at: usize,
}

/// Walks the options until their end, or one that cannot be followed.
pub fn walk(options: &[u8]) -> impl Iterator<Item = RawOption<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let kind = *options.get(at)?;
        let length = match kind {
            0 | 1 => 1,
            _ => usize::from(*options.get(at + 1)?),
        };
        if length == 0 || (length < 2 && kind > 1) {
            return None;
        }
        let bytes = options.get(at..at + length)?;
        let option = RawOption { kind, bytes, at };
        at += length;
        Some(option)
    })
}

/// Reads the options that a SYN negotiates.
pub fn parse_options(options: &[u8]) -> Options {
    let mut result = Options::default();
    for option in walk(options) {
        match (option.kind, &option.bytes[option.bytes.len().min(2)..]) {
            (2, [a, b]) => result.mss = Some(u16::from_be_bytes([*a, *b])),
            (3, [shift]) => result.window_scale = Some(*shift),
            (4, []) => result.sack_permitted = true,
            (8, value) if value.len() == 8 => {
                if let (Some(a), Some(b)) = (value.first_chunk(), value.last_chunk()) {
                    result.timestamps = Some((u32::from_be_bytes(*a), u32::from_be_bytes(*b)));
                }
            }
            _ => {}
        }
    }
    result
}

/// Hands over what ICMP for IPv4 is sure to quote: eight bytes. Wireshark reads no more there.
pub fn emit_quoted(view: &View<'_>, sink: &mut Sink<'_>) -> Option<()> {
    let (src, dst) = (view.u16(0)?, view.u16(2)?);
    sink.unsigned(SRCPORT, 0..2, src);
    sink.unsigned(DSTPORT, 2..4, dst);
    sink.unsigned(PORT, 0..2, src);
    sink.unsigned(PORT, 2..4, dst);
    sink.unsigned(SEQ, 4..8, view.u32(4)?);
    Some(())
}

/// Hands over the header's fields. `whole` says that the payload's length is known: not in a
/// fragment, not in a quoted packet.
pub fn emit<'a>(
    view: &View<'a>,
    sink: &mut Sink<'a>,
    whole: bool,
    numbers: Option<Numbers>,
) -> Option<()> {
    let (src, dst) = (view.u16(0)?, view.u16(2)?);
    sink.unsigned(SRCPORT, 0..2, src);
    sink.unsigned(DSTPORT, 2..4, dst);
    sink.unsigned(PORT, 0..2, src);
    sink.unsigned(PORT, 2..4, dst);
    let seq = view.u32(4)?;
    let ack = view.u32(8)?;
    let (offset, flags, window) = (view.u8(12)?, view.u16(12)? & 0x0fff, view.u16(14)?);
    let header = usize::from(offset >> 4) * 4;
    let length = if whole {
        view.reported.checked_sub(header)
    } else {
        None
    };
    let length = length.and_then(|n| u32::try_from(n).ok());
    // Wireshark starts counting only where it knows the segment's length.
    let numbers = if length.is_some() {
        numbers.unwrap_or_default()
    } else {
        Numbers::default()
    };
    let relative = seq.wrapping_sub(numbers.own_base);
    if let Some(length) = length {
        sink.unsigned(LEN, 12..13, length);
    }
    sink.unsigned(SEQ, 4..8, relative);
    sink.unsigned(SEQ_RAW, 4..8, seq);
    if header < 20 {
        sink.unsigned(HDR_LEN, 12..13, u64::try_from(header).ok()?);
        return None;
    }
    if let Some(length) = length {
        let next = relative.wrapping_add(length);
        let next = if flags & (SYN | FIN) != 0 {
            next.wrapping_add(1)
        } else {
            next
        };
        sink.unsigned(NXTSEQ, 0..0, next);
    }
    let relative_ack = if flags & ACK != 0 {
        ack.wrapping_sub(numbers.peer_base)
    } else {
        ack
    };
    sink.unsigned(ACK_NUMBER, 8..12, relative_ack);
    sink.unsigned(ACK_RAW, 8..12, ack);
    sink.unsigned(HDR_LEN, 12..13, u64::try_from(header).ok()?);
    emit_flags(flags, sink);
    sink.unsigned(WINDOW_VALUE, 14..16, window);
    let known = length.is_some() && numbers.scale >= 0 && flags & SYN == 0;
    let shift = if known {
        u32::from(numbers.scale.unsigned_abs())
    } else {
        0
    };
    sink.unsigned(
        WINDOW,
        14..16,
        u32::from(window).checked_shl(shift).unwrap_or(0),
    );
    if flags & SYN == 0 && whole {
        let factor = match numbers.scale {
            n @ 0.. => 1i64.checked_shl(u32::from(n.unsigned_abs())).unwrap_or(0),
            n => i64::from(n),
        };
        sink.put(WINDOW_SCALE, 14..16, Value::Signed(factor));
    }
    sink.unsigned(CHECKSUM, 16..18, view.u16(16)?);
    sink.unsigned(CHECKSUM_STATUS, 16..18, 2u8);
    sink.unsigned(URGENT_POINTER, 18..20, view.u16(18)?);
    if header > 20 {
        let end = header.min(view.bytes.len());
        if let Some(options) = view.slice(20..end) {
            sink.bytes(OPTIONS, 20..end, options);
            emit_options(options, header - 20, sink, numbers.peer_base)?;
        }
    }
    let payload = view.bytes.get(header..)?;
    if !payload.is_empty() {
        if flags & RST != 0 {
            sink.text(RESET_CAUSE, header..view.bytes.len(), payload);
        } else {
            sink.bytes(PAYLOAD, header..view.bytes.len(), payload);
        }
    }
    Some(())
}

fn emit_flags(flags: u16, sink: &mut Sink<'_>) {
    sink.unsigned(FLAGS, 12..14, flags);
    sink.boolean(FLAGS_RES, 12..13, flags & 0xe00 != 0);
    let single = [
        (FLAGS_AE, 0x100),
        (FLAGS_CWR, 0x080),
        (FLAGS_ECE, 0x040),
        (FLAGS_URG, URG),
        (FLAGS_ACK, ACK),
        (FLAGS_PUSH, PSH),
        (FLAGS_RESET, RST),
        (FLAGS_SYN, SYN),
        (FLAGS_FIN, FIN),
    ];
    for (index, bit) in single {
        sink.boolean(index, 12..14, flags & bit != 0);
    }
    if sink.wants(FLAGS_STR) {
        sink.owned_text(FLAGS_STR, 12..14, flag_letters(flags));
    }
}

/// The flags in Wireshark's twelve letters, a middle dot where one is not set.
pub fn flag_letters(flags: u16) -> String {
    "RRRACEUAPRSF"
        .chars()
        .enumerate()
        .map(|(place, letter)| {
            if flags & (0x800 >> place) != 0 {
                letter
            } else {
                '·'
            }
        })
        .collect()
}

/// Hands over the options: as far as they were captured, of so many bytes that there should be.
fn emit_options(options: &[u8], declared: usize, sink: &mut Sink<'_>, base: u32) -> Option<()> {
    let number = |at: usize| {
        let bytes = options.get(at..)?.first_chunk::<4>()?;
        Some(u32::from_be_bytes(*bytes))
    };
    let mut at = 0;
    while at < declared {
        let kind = *options.get(at)?;
        let place = 20 + at;
        if kind < 2 {
            sink.unsigned(OPTION_KIND, place..place + 1, kind);
            at += 1;
            continue;
        }
        let length = if at + 1 < declared {
            *options.get(at + 1)?
        } else {
            0
        };
        let size = usize::from(length);
        if size < 2 || at + size > declared {
            return Some(());
        }
        sink.unsigned(OPTION_KIND, place..place + 1, kind);
        sink.unsigned(OPTION_LEN, place + 1..place + 2, length);
        let (value, end) = (at + 2, at + size);
        match (kind, size) {
            (2, 4) => {
                let bytes: [u8; 2] = *options.get(value..)?.first_chunk()?;
                sink.unsigned(MSS, place + 2..place + 4, u16::from_be_bytes(bytes));
            }
            (3, 3) => {
                let shift = *options.get(value)?;
                sink.unsigned(WSCALE_SHIFT, place + 2..place + 3, shift);
                let factor = 1u32 << shift.min(14);
                sink.unsigned(WSCALE_MULTIPLIER, place + 2..place + 3, factor);
            }
            (4, 2) => sink.mark(SACK_PERM, place..place + 2),
            (8, 10) => {
                sink.unsigned(TSVAL, place + 2..place + 6, number(value)?);
                sink.unsigned(TSECR, place + 6..place + 10, number(value + 4)?);
            }
            (5, _) => {
                let mut count = 0u8;
                let mut block = value;
                while block + 8 <= end {
                    let (left, right) = (number(block)?, number(block + 4)?);
                    let here = 20 + block;
                    sink.unsigned(SACK_LE, here..here + 4, left.wrapping_sub(base));
                    sink.unsigned(SACK_RE, here + 4..here + 8, right.wrapping_sub(base));
                    count += 1;
                    block += 8;
                }
                sink.unsigned(SACK_COUNT, 0..0, count);
            }
            _ => {}
        }
        at = end;
    }
    Some(())
}
