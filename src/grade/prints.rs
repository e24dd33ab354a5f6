//! What tells the packets of one capture from those of another: their bytes, what they carry without
//! addresses and times, and the clocks inside them.

use crate::capture::{Batch, Frame, LinkType, Reader};
use etherparse::{
    EtherType, IpNumber, LaxNetSlice, LaxSlicedPacket, TcpOptionElement, TransportSlice,
};
use foldhash::fast::FixedState;
use std::cell::RefCell;
use std::hash::BuildHasher;

/// Frames of one capture that are looked at.
const MOST: usize = 200_000;
/// Clocks of one capture that are kept.
const MOST_CLOCKS: usize = 50_000;
/// Frames shorter than this are alike by nature.
const SHORTEST: u32 = 60;

/// One capture of a student.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Prints {
    /// Its name.
    pub file: String,
    /// The frames that say something.
    pub frames: Vec<Print>,
    /// Clocks inside the packets.
    pub clocks: Vec<Clock>,
    /// Programs that wrote it, as the file says.
    pub programs: Vec<String>,
}

/// What tells a frame from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Print {
    /// Its number.
    pub frame: u32,
    /// Nanoseconds since 1970.
    pub time: i64,
    /// Of all its bytes.
    pub whole: u64,
    /// Of what no other packet has, without addresses, ports, times and text: sequence numbers,
    /// transaction numbers, what a ping carries.
    pub content: Option<u64>,
    /// Of the network addresses.
    pub addresses: u64,
    /// Of the text it carries.
    pub text: u64,
}

/// A clock inside a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Clock {
    /// The frame.
    pub frame: u32,
    /// When it was captured, in nanoseconds.
    pub time: i64,
    /// What it says.
    pub told: Told,
}

/// What a clock inside a packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Told {
    /// The moment an echo request was made, in nanoseconds.
    Ping(i64),
    /// The moment a web server answered, in nanoseconds, whole seconds.
    Date(i64),
    /// Ticks of the sender of a direction of a connection.
    Ticks(u64, u32),
}

/// Reads a capture for its prints.
pub fn read(file: String, mut reader: Reader) -> Prints {
    let state = FixedState::with_seed(7);
    let mut prints = Prints {
        file,
        ..Prints::default()
    };
    thread_local! {
        /// Its memory is used again for the next file.
        static BATCH: RefCell<Batch> = RefCell::new(Batch::new());
    }
    BATCH.with_borrow_mut(|batch| {
        let mut seen = 0;
        while seen < MOST && reader.next_batch(batch) {
            for frame in batch.frames() {
                seen += 1;
                look(&state, &frame, &mut prints);
            }
        }
    });
    for section in reader.sections() {
        if let Some(program) = &section.application
            && !prints.programs.contains(program)
        {
            prints.programs.push(program.chars().take(80).collect());
        }
    }
    prints
}

fn look(state: &FixedState, frame: &Frame<'_>, prints: &mut Prints) {
    let Some((to_all, kind, packet)) = network(frame) else {
        return;
    };
    let time = frame.time.map_or(0, |t| t.0);
    let sliced = LaxSlicedPacket::from_ether_type(EtherType(kind), packet);
    let inside = inside(state, &sliced);
    for told in inside.clocks.into_iter().flatten() {
        if prints.clocks.len() < MOST_CLOCKS {
            prints.clocks.push(Clock {
                frame: frame.number,
                time,
                told,
            });
        }
    }
    // What goes to all is in the captures of all.
    if to_all || frame.wire_length < SHORTEST && inside.content.is_none() {
        return;
    }
    prints.frames.push(Print {
        frame: frame.number,
        time,
        whole: state.hash_one((0u8, frame.link.0, frame.bytes)),
        content: inside.content,
        addresses: inside.addresses,
        text: inside.text,
    });
}

/// Whether a frame goes to all, the type of what it carries, and that.
fn network<'f>(frame: &Frame<'f>) -> Option<(bool, u16, &'f [u8])> {
    let bytes = frame.bytes;
    let two = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    let ip = |at: usize| -> Option<(bool, u16, &'f [u8])> {
        let packet = bytes.get(at..)?;
        let kind = match packet.first()? >> 4 {
            4 => 0x0800,
            6 => 0x86dd,
            _ => return None,
        };
        Some((false, kind, packet))
    };
    match frame.link {
        LinkType::ETHERNET => {
            let mut at = 12;
            while matches!(two(at)?, 0x8100 | 0x88a8) {
                at += 4;
            }
            Some((bytes.first()? & 1 == 1, two(at)?, bytes.get(at + 2..)?))
        }
        LinkType::LINUX_SLL => Some((matches!(two(0)?, 1 | 2), two(14)?, bytes.get(16..)?)),
        LinkType::LINUX_SLL2 => Some((matches!(bytes.get(10)?, 1 | 2), two(0)?, bytes.get(20..)?)),
        LinkType::RAW | LinkType::IPV4 | LinkType::IPV6 => ip(0),
        LinkType::NULL | LinkType::LOOP => ip(4),
        _ => None,
    }
}

/// What is inside a packet.
#[derive(Default)]
struct Inside {
    content: Option<u64>,
    addresses: u64,
    text: u64,
    clocks: [Option<Told>; 2],
}

fn inside(state: &FixedState, packet: &LaxSlicedPacket<'_>) -> Inside {
    let mut out = Inside::default();
    let mut identification = 0;
    match &packet.net {
        Some(LaxNetSlice::Ipv4(v4)) => {
            let header = v4.header();
            out.addresses = state.hash_one((header.source(), header.destination()));
            identification = header.identification();
            if header.protocol() != IpNumber::TCP && header.is_fragmenting_payload() {
                return out;
            }
        }
        Some(LaxNetSlice::Ipv6(v6)) => {
            let header = v6.header();
            out.addresses = state.hash_one((header.source(), header.destination()));
        }
        _ => return out,
    }
    match &packet.transport {
        Some(TransportSlice::Tcp(tcp)) => {
            let (seq, ack) = (tcp.sequence_number(), tcp.acknowledgment_number());
            let payload = tcp.payload();
            out.text = state.hash_one(payload);
            // Small numbers are relative, or made by hand.
            if seq > 0xffff || ack > 0xffff {
                let flags = tcp.slice().get(13).copied().unwrap_or_default();
                out.content = Some(state.hash_one((1u8, seq, ack, flags)));
            }
            let flow = state.hash_one((out.addresses, tcp.source_port(), tcp.destination_port()));
            for option in tcp.options_iterator() {
                if let Ok(TcpOptionElement::Timestamp(value, _)) = option {
                    out.clocks[0] = Some(Told::Ticks(flow, value));
                }
            }
            if payload.starts_with(b"HTTP/1.") {
                out.clocks[1] = date(payload).map(Told::Date);
            }
        }
        Some(TransportSlice::Udp(udp)) => {
            let payload = udp.payload();
            out.text = state.hash_one(payload);
            let ports = [udp.source_port(), udp.destination_port()];
            out.content = if ports.contains(&67) && payload.len() >= 240 {
                let number = payload.get(4..8).filter(|n| *n != [0; 4]);
                // The message type is the first option of nearly all.
                let kind = payload.get(240..243);
                number.map(|n| state.hash_one((2u8, payload.first(), n, kind, payload.len())))
            } else if ports.contains(&53) {
                Some(state.hash_one((3u8, payload)))
            } else if identification != 0 && !ports.contains(&5353) && !ports.contains(&1900) {
                Some(state.hash_one((4u8, identification, payload)))
            } else {
                None
            };
        }
        Some(TransportSlice::Icmpv4(icmp)) => {
            let bytes = icmp.slice();
            let (Some(kind), Some(payload)) = (bytes.first(), bytes.get(8..)) else {
                return out;
            };
            if !matches!(kind, 0 | 8) {
                return out;
            }
            out.text = state.hash_one(payload);
            let moment = moment(payload);
            if *kind == 8 {
                out.clocks[0] = moment.map(Told::Ping);
            }
            // The alphabet that other systems send is the same for all.
            if moment.is_some() {
                out.content = Some(state.hash_one((5u8, kind, bytes.get(6..8), payload)));
            }
        }
        _ => {}
    }
    out
}

/// The moment at the beginning of what a ping carries, in nanoseconds.
fn moment(payload: &[u8]) -> Option<i64> {
    const YEARS: std::ops::Range<i64> = 946_684_800..4_102_444_800;
    let long = |at: usize| {
        Some(i64::from_le_bytes(
            payload.get(at..at + 8)?.try_into().ok()?,
        ))
    };
    let short = |at: usize| {
        Some(i64::from(u32::from_be_bytes(
            payload.get(at..at + 4)?.try_into().ok()?,
        )))
    };
    let whole = |seconds: i64, micros: i64| {
        let sane = YEARS.contains(&seconds) && (0..1_000_000).contains(&micros);
        sane.then(|| seconds * 1_000_000_000 + micros * 1_000)
    };
    whole(long(0)?, long(8)?).or_else(|| whole(short(0)?, short(4)?))
}

/// The Date of an HTTP response, in nanoseconds.
fn date(payload: &[u8]) -> Option<i64> {
    let head = payload.get(..payload.len().min(4096))?;
    let at = memchr::memmem::find(head, b"\r\nDate: ")? + 8;
    let line = head.get(at..)?.split(|b| *b == b'\r').next()?;
    let text = std::str::from_utf8(line).ok()?;
    let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
    zoned.timestamp().as_second().checked_mul(1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pings_carry_is_read_in_both_forms() {
        let mut long = Vec::new();
        long.extend(1_700_000_000_i64.to_le_bytes());
        long.extend(250_000_i64.to_le_bytes());
        assert_eq!(moment(&long), Some(1_700_000_000_250_000_000));
        let mut short = Vec::new();
        short.extend(1_700_000_000_u32.to_be_bytes());
        short.extend(250_000_u32.to_be_bytes());
        short.extend([9; 48]);
        assert_eq!(moment(&short), Some(1_700_000_000_250_000_000));
        assert_eq!(moment(b"abcdefghijklmnopqrstuvwabcdefghi"), None);
        assert_eq!(moment(&[0; 56]), None);
    }

    #[test]
    fn the_date_of_a_response_is_read() {
        let head = b"HTTP/1.1 200 OK\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n\r\n";
        assert_eq!(date(head), Some(1_700_000_000_000_000_000));
        assert_eq!(date(b"HTTP/1.1 200 OK\r\nDate: yesterday\r\n\r\n"), None);
    }
}
