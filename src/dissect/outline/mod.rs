//! Protocols that are not decoded, above TCP and UDP: where their messages end, and which names
//! Wireshark gives to what they carry in turn. A name decides whether bytes count as claimed, and
//! a message's end decides in which frame it is shown.
//!
//! **Invariant:** nothing but names and lengths is read; what is remembered is bounded.

mod control;
mod directory;
mod rpc;
mod text;
mod windows;

use super::definition::Taken;
use super::ports::names;
use std::collections::VecDeque;
use std::ops::Range;

/// Names of layers from the outside in.
pub(crate) type Names = Vec<&'static str>;

/// A protocol by its name, its messages and what they carry.
pub(crate) struct Outline {
    /// Wireshark's name.
    pub name: &'static str,
    /// Its TCP ports.
    tcp: &'static [u16],
    /// Whether a stream that no port tells of begins like it.
    begins: fn(&[u8]) -> bool,
    /// How long the first message is; `None` where the bytes are none of its messages.
    pub divide: fn(&[u8], &mut Memory) -> Option<Taken>,
    /// Adds the names of what a message carries.
    pub above: fn(&[u8], &mut Memory, &mut Names),
}

/// One that carries nothing of a name of its own.
const PLAIN: Outline = Outline {
    name: "",
    tcp: &[],
    begins: never,
    divide: |bytes, _| Some(Taken::Message(bytes.len())),
    above: |_, _, _| {},
};

/// What is remembered of a conversation.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Numbers of calls, each with what it calls.
    calls: VecDeque<(u32, u32)>,
    /// A message contradicts itself: Wireshark calls the packet malformed.
    pub malformed: bool,
    /// Who the parties are is being settled by a mechanism of its own.
    secured: bool,
}

/// What a datagram of this protocol carries: names, and the bytes that nobody claims.
pub(super) fn udp(name: &str, bytes: &[u8], names: &mut Names) -> Option<Range<usize>> {
    match name {
        "nbdgm" => windows::datagram(bytes, names),
        "stun" => relayed(bytes),
        "rpc" => {
            rpc::carried(bytes, &mut Memory::default(), names);
            None
        }
        "sip" => {
            text::body(bytes, names);
            None
        }
        "osi" => {
            routers(bytes, names);
            None
        }
        "db-lsp-disc" if bytes.first() == Some(&b'{') => {
            names.push("json");
            None
        }
        _ => None,
    }
}

pub(super) use windows::frame as netbios;

/// The routing protocol of OSI (ISO 10589), by its kinds of messages.
fn routers(bytes: &[u8], names: &mut Names) {
    match bytes.first() {
        Some(0x83) => names.push("isis"),
        Some(0x82) => return names.push("esis"),
        Some(0x81) => return names.push("clnp"),
        _ => return,
    }
    match bytes.get(4).map(|kind| kind & 0x1f) {
        Some(15..=17) => names.push("isis.hello"),
        Some(18 | 20) => names.push("isis.lsp"),
        Some(24 | 25) => names.push("isis.csnp"),
        Some(26 | 27) => names.push("isis.psnp"),
        _ => {}
    }
}

/// The number and the program of the call that a datagram is; none where a procedure without
/// arguments is called.
pub(crate) fn udp_call(bytes: &[u8]) -> Option<(u32, u32)> {
    let program = u32_at(bytes, 12).filter(|_| rpc::is_call(bytes))?;
    Some((
        u32_at(bytes, 0)?,
        if u32_at(bytes, 20) == Some(0) {
            0
        } else {
            program
        },
    ))
}

/// The number of the call that a datagram may answer.
pub(crate) fn udp_reply(bytes: &[u8]) -> Option<u32> {
    u32_at(bytes, 0).filter(|_| u32_at(bytes, 4) == Some(1) && bytes.len() >= 12)
}

pub(crate) use rpc::program;

/// Whether a datagram calls a procedure, on any port.
pub(super) fn is_call(bytes: &[u8]) -> bool {
    rpc::is_call(bytes)
}

/// A number for a channel, agreed on earlier, and data behind its length (RFC 8656 §12.4).
pub(crate) fn channel_data(bytes: &[u8]) -> Option<Range<usize>> {
    let size = usize::from(u16_at(bytes, 2)?);
    let channel = matches!(bytes.first(), Some(0x40..=0x7f));
    let ends = [size + 4, size.next_multiple_of(4) + 4];
    (channel && ends.contains(&bytes.len())).then_some(4..4 + size)
}

/// The data that a relay passes on, in a message's attribute (RFC 8656).
fn relayed(bytes: &[u8]) -> Option<Range<usize>> {
    let mut at = 20;
    while let (Some(kind), Some(size)) = (u16_at(bytes, at), u16_at(bytes, at + 2)) {
        let size = usize::from(size);
        if kind == 0x0013 && size > 0 {
            return Some(at + 4..at + 4 + size);
        }
        at += 4 + size.next_multiple_of(4);
    }
    None
}

/// Most calls that are remembered of a conversation.
const MOST_CALLS: usize = 256;

impl Memory {
    /// Remembers what a call was for.
    fn call(&mut self, number: u32, what: u32) {
        if self.calls.len() >= MOST_CALLS {
            self.calls.pop_front();
        }
        self.calls.push_back((number, what));
    }

    /// What the latest call of this number was for.
    fn called(&self, number: u32) -> Option<u32> {
        let call = self.calls.iter().rev().find(|call| call.0 == number)?;
        Some(call.1)
    }
}

static OUTLINES: &[Outline] = &[
    windows::NBSS,
    control::ENIP,
    control::MODBUS,
    control::OPENFLOW,
    control::TPKT,
    control::BGP,
    control::DIAMETER,
    control::AJP,
    control::MYSQL,
    control::MQTT,
    rpc::OUTLINE,
    directory::LDAP,
    text::XMPP,
    text::SIP,
    text::RTSP,
];

/// The outline of what a TCP stream between these ports carries, whose first bytes these are.
/// Wireshark asks the lower port first, and looks at the bytes where no port tells.
pub(crate) fn tcp(source: u16, destination: u16, bytes: &[u8]) -> Option<&'static Outline> {
    let (low, high) = (source.min(destination), source.max(destination));
    for port in [low, high] {
        let mut all = OUTLINES.iter();
        if let Some(found) = all.find(|outline| outline.tcp.contains(&port)) {
            return Some(found);
        }
        if names::tcp(port, port).is_some() {
            return None;
        }
    }
    OUTLINES.iter().find(|outline| (outline.begins)(bytes))
}

fn never(_: &[u8]) -> bool {
    false
}

/// A message of this length, or the wait for it.
fn length(bytes: &[u8], length: usize) -> Taken {
    if length <= bytes.len() {
        Taken::Message(length)
    } else {
        Taken::Needs(length)
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u16_le(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(bytes, part).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first message's length, and the names of what it carries.
    fn first(port: u16, bytes: &[u8], memory: &mut Memory) -> (Option<Taken>, Names) {
        let outline = tcp(port, 40000, bytes).expect("a protocol of this port");
        let mut names = Names::new();
        let taken = (outline.divide)(bytes, memory);
        if let Some(Taken::Message(length)) = taken {
            (outline.above)(&bytes[..length], memory, &mut names);
        }
        (taken, names)
    }

    #[test]
    fn a_session_message_ends_where_its_length_says() {
        let block = [&[0, 0, 0, 36][..], b"\xfeSMB", &[0; 32]].concat();
        let memory = &mut Memory::default();
        assert_eq!(
            first(445, &block, memory),
            (Some(Taken::Message(40)), vec!["smb2"])
        );
        assert_eq!(first(445, &block[..9], memory).0, Some(Taken::Needs(40)));
        assert_eq!(first(445, &block[..3], memory).0, Some(Taken::OneMore));
    }

    #[test]
    fn a_reply_is_of_the_program_that_was_called() {
        let record = |kind: u8, program: u32| {
            let mut bytes = vec![0x80, 0, 0, 24, 1, 2, 3, 4, 0, 0, 0, kind, 0, 0, 0, 2];
            bytes.extend(program.to_be_bytes());
            bytes.extend([0, 0, 0, 3, 0, 0, 0, 1]);
            bytes
        };
        let memory = &mut Memory::default();
        let reply = record(1, 0);
        assert!(first(111, &reply, memory).1.is_empty());
        assert_eq!(first(111, &record(0, 100_003), memory).1, ["nfs"]);
        assert_eq!(first(111, &reply, memory).1, ["nfs"]);
    }

    #[test]
    fn no_beginning_of_a_message_harms() {
        for outline in OUTLINES {
            let memory = &mut Memory {
                secured: true,
                ..Memory::default()
            };
            for byte in 0..=255 {
                for length in 0..80 {
                    let bytes = vec![byte; length];
                    (outline.above)(&bytes, memory, &mut Names::new());
                    if length > 0 {
                        (outline.divide)(&bytes, memory);
                    }
                }
            }
        }
    }
}
