//! The network time protocol (RFC 5905): the header and its authentication. Left out: control
//! and private messages, extension fields, and which answer belongs to which question.

use super::cursor::Cursor;
use super::definition::{Definition, Found, Given, Line, NOTHING, Names};
use super::field::{FieldIndex, Kind, Sink, Value};

crate::fields! {
    FLAGS: "ntp.flags", Kind::Hex(8), "Leap indicator, version and mode together.";
    LI: "ntp.flags.li", Kind::Unsigned(8), "Leap indicator; 3 says that the clock is not set.";
    VN: "ntp.flags.vn", Kind::Unsigned(8), "Version of the protocol.";
    MODE: "ntp.flags.mode", Kind::Unsigned(8), "3 asks, 4 answers, 5 tells everybody, 1 and 2 are peers.";
    STRATUM: "ntp.stratum", Kind::Unsigned(8), "How many clocks away the reference is; 1 has one of its own, 0 in a request says nothing.";
    PPOLL: "ntp.ppoll", Kind::Unsigned(8), "Time between requests, as a power of two in seconds.";
    PRECISION: "ntp.precision", Kind::Unsigned(8), "Precision of the clock, as a power of two in seconds; from 128 on it is negative.";
    ROOT_DELAY: "ntp.rootdelay", Kind::Unsigned(32), "Round-trip time to the reference clock, in 65536th of a second.";
    ROOT_DISPERSION: "ntp.rootdispersion", Kind::Unsigned(32), "How far off the clock may be, in 65536th of a second.";
    REFID: "ntp.refid", Kind::Bytes, "Which clock this one follows: four letters, or an IPv4 address.";
    REFTIME: "ntp.reftime", Kind::Time, "When the clock was last set.";
    ORG: "ntp.org", Kind::Time, "When the question left, by the asker's clock.";
    REC: "ntp.rec", Kind::Time, "When the question arrived, by the answerer's clock.";
    XMT: "ntp.xmt", Kind::Time, "When this message left, by its sender's clock.";
    KEYID: "ntp.keyid", Kind::Bytes, "Which key authenticates the message.";
    MAC: "ntp.mac", Kind::Bytes, "The authentication code.";
}

/// Everything about NTP.
pub const DEFINITION: Definition = Definition {
    layers: &[("ntp", "Network time protocol: clocks are set.")],
    title: "NTP",
    found: Found {
        udp: &[123],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit: |given, sink| emit(&mut cursor(given, sink)),
    strict: true,
    line: Some(line),
    values: &[
        Names {
            fields: &["ntp.flags.mode"],
            values: MODES,
        },
        Names {
            fields: &["ntp.flags.li"],
            values: &[
                (0, "no warning"),
                (1, "last minute of the day has 61 seconds"),
                (2, "last minute of the day has 59 seconds"),
                (3, "unknown (clock unsynchronized)"),
            ],
        },
    ],
    ..NOTHING
};

const MODES: &[(u64, &str)] = &[
    (0, "reserved"),
    (1, "symmetric active"),
    (2, "symmetric passive"),
    (3, "client"),
    (4, "server"),
    (5, "broadcast"),
    (6, "control"),
    (7, "private"),
];

/// Seconds from 1900 to 1970, and the length of an era.
const SINCE_1900: i64 = 2_208_988_800;
const ERA: i64 = 1 << 32;

fn cursor<'a, 's>(given: &Given<'_, 'a>, sink: &'s mut Sink<'a>) -> Cursor<'a, 's> {
    Cursor {
        bytes: given.view.bytes,
        at: 0,
        end: given.view.reported,
        sink,
    }
}

fn line(given: &Given<'_, '_>) -> Line {
    let flags = given.view.u8(0).unwrap_or_default();
    let mode = MODES.iter().find(|m| m.0 == u64::from(flags & 7));
    Line {
        protocol: "NTP",
        info: format!(
            "NTP Version {}, {}",
            flags >> 3 & 7,
            mode.map_or("", |m| m.1)
        ),
    }
}

fn emit(c: &mut Cursor<'_, '_>) -> Option<()> {
    let flags = c.u8(FLAGS)?;
    c.sink.unsigned(LI, 0..1, flags >> 6);
    c.sink.unsigned(VN, 0..1, flags >> 3 & 7);
    c.sink.unsigned(MODE, 0..1, flags & 7);
    if flags & 7 >= 6 {
        return Some(());
    }
    c.u8(STRATUM)?;
    c.u8(PPOLL)?;
    c.u8(PRECISION)?;
    c.u32(ROOT_DELAY)?;
    c.u32(ROOT_DISPERSION)?;
    c.bytes(REFID, 4)?;
    for index in [REFTIME, ORG, REC, XMT] {
        moment(c, index)?;
    }
    // A key's number and a code of sixteen or twenty bytes; what is longer are extensions.
    if matches!(c.left(), 20 | 24) {
        c.bytes(KEYID, 4)?;
        c.bytes(MAC, c.left())?;
    }
    Some(())
}

/// A time stamp: seconds since 1900, or since 2036, and their fraction.
fn moment(c: &mut Cursor<'_, '_>, index: FieldIndex) -> Option<()> {
    let (bytes, range) = c.take(8)?;
    let number = u64::from_be_bytes(*bytes.first_chunk()?);
    let seconds = i64::try_from(number >> 32).ok()?;
    let fraction = number & 0xffff_ffff;
    // Zero is no time at all; Wireshark shows NULL.
    if number == 0 {
        return Some(());
    }
    let era = if seconds & 0x8000_0000 == 0 { ERA } else { 0 };
    let nanoseconds = (fraction * 1_000_000_000) >> 32;
    let since = (seconds + era - SINCE_1900) * 1_000_000_000 + i64::try_from(nanoseconds).ok()?;
    c.sink.put(index, range, Value::Time(since));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::field::Wanted;

    #[test]
    fn time_stamps_count_from_1900_and_then_from_2036() {
        let time = |bytes: [u8; 8]| {
            let mut sink = Sink::new(Wanted::ALL);
            let mut cursor = Cursor {
                bytes: &bytes,
                at: 0,
                end: 8,
                sink: &mut sink,
            };
            moment(&mut cursor, XMT).expect("it is whole");
            match sink.found.pop().map(|f| f.value) {
                Some(Value::Time(since)) => Some(since),
                _ => None,
            }
        };
        let since = 1_750_000_000 + SINCE_1900;
        let bytes = u32::try_from(since).expect("before 2036").to_be_bytes();
        let half = [bytes[0], bytes[1], bytes[2], bytes[3], 0x80, 0, 0, 0];
        assert_eq!(time(half), Some(1_750_000_000_500_000_000));
        assert_eq!(time([0; 8]), None);
        let later = time([0, 0, 0, 1, 0, 0, 0, 0]);
        assert_eq!(later, Some((ERA - SINCE_1900 + 1) * 1_000_000_000));
    }
}
