//! The Internet group management protocol, versions 1 to 3 (RFC 1112, RFC 2236, RFC 3376).

use super::definition::{Definition, Found, Line, NOTHING, Names};
use super::field::{Kind, Sink, Value};
use super::ipv4::checksum;
use super::layer::View;
use std::fmt::Write as _;
use std::net::Ipv4Addr;

crate::fields! {
    VERSION: "igmp.version", Kind::Unsigned(8), "Version of the protocol that the message is of.";
    TYPE: "igmp.type", Kind::Hex(8), "0x11 asks who is a member, 0x12, 0x16 and 0x22 report, 0x17 leaves.";
    RESERVED: "igmp.reserved", Kind::Bytes, "Bytes without meaning.";
    MAX_RESP: "igmp.max_resp", Kind::Unsigned(8), "Time in which members have to answer, in tenths of a second.";
    CHECKSUM: "igmp.checksum", Kind::Hex(16), "Checksum of the message.";
    CHECKSUM_STATUS: "igmp.checksum.status", Kind::Unsigned(8), "1 good, 0 bad, 2 not verified.";
    RECORDS: "igmp.num_grp_recs", Kind::Unsigned(16), "How many groups the report is about.";
    RECORD_TYPE: "igmp.record_type", Kind::Unsigned(8), "1 and 2 tell a state, 3 and 4 change it, 5 and 6 add or drop sources.";
    AUX_LEN: "igmp.aux_data_len", Kind::Unsigned(8), "Further data of the record, in words of four bytes.";
    NUM_SRC: "igmp.num_src", Kind::Unsigned(16), "How many sources are listed.";
    MADDR: "igmp.maddr", Kind::Ipv4, "The group.";
    SADDR: "igmp.saddr", Kind::Ipv4, "A source that is wanted, or is not.";
    S: "igmp.s", Kind::Boolean, "Routers shall not restart their timers.";
    QRV: "igmp.qrv", Kind::Unsigned(8), "How often messages are repeated.";
    QQIC: "igmp.qqic", Kind::Unsigned(8), "Seconds between general queries, as a code.";
}

/// Everything about IGMP.
pub const DEFINITION: Definition = Definition {
    layers: &[(
        "igmp",
        "Internet group management protocol: who is in which multicast group.",
    )],
    title: "IGMP",
    found: Found {
        ip: &[2],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit: |given, sink| emit(&given.view, sink),
    strict: true,
    line: Some(|given| line(&given.view)),
    values: &[
        Names {
            fields: &["igmp.type"],
            values: &[
                (0x11, "Membership Query"),
                (0x12, "Membership Report"),
                (0x13, "DVMRP Protocol"),
                (0x14, "PIM Protocol"),
                (0x16, "Membership Report"),
                (0x17, "Leave Group"),
                (0x22, "Membership Report"),
            ],
        },
        Names {
            fields: &["igmp.record_type"],
            values: &[
                (1, "Mode Is Include"),
                (2, "Mode Is Exclude"),
                (3, "Change To Include Mode"),
                (4, "Change To Exclude Mode"),
                (5, "Allow New Sources"),
                (6, "Block Old Sources"),
            ],
        },
        Names {
            fields: &["igmp.checksum.status"],
            values: &[(0, "Bad"), (1, "Good"), (2, "Unverified")],
        },
    ],
    ..NOTHING
};

const QUERY: u8 = 0x11;
const REPORT_V1: u8 = 0x12;
const REPORT_V2: u8 = 0x16;
const LEAVE: u8 = 0x17;
const REPORT_V3: u8 = 0x22;

/// Which version a message is of: queries tell it by their length and their time to answer.
fn version(view: &View<'_>) -> u8 {
    match view.u8(0) {
        Some(REPORT_V1) => 1,
        Some(REPORT_V3) => 3,
        Some(QUERY) if view.reported >= 12 => 3,
        Some(QUERY) if view.u8(1) == Some(0) => 1,
        _ => 2,
    }
}

fn address(view: &View<'_>, at: usize) -> Option<Ipv4Addr> {
    view.array::<4>(at).map(Ipv4Addr::from)
}

/// One group of a report.
struct Record {
    at: usize,
    kind: u8,
    auxiliary: u8,
    sources: u16,
}

impl Record {
    fn read(view: &View<'_>, at: usize) -> Option<Record> {
        Some(Record {
            at,
            kind: view.u8(at)?,
            auxiliary: view.u8(at + 1)?,
            sources: view.u16(at + 2)?,
        })
    }

    fn sources<'v>(&self, view: &'v View<'_>) -> impl Iterator<Item = Ipv4Addr> + 'v {
        let first = self.at + 8;
        let places = (0..usize::from(self.sources)).map(move |nth| first + 4 * nth);
        places.map_while(|at| address(view, at))
    }

    fn end(&self) -> usize {
        self.at + 8 + 4 * (usize::from(self.sources) + usize::from(self.auxiliary))
    }
}

fn records<'v>(view: &'v View<'_>) -> impl Iterator<Item = Record> + 'v {
    let count = usize::from(view.u16(6).unwrap_or_default());
    let mut at = 8;
    (0..count).map_while(move |_| {
        let record = Record::read(view, at)?;
        at = record.end();
        Some(record)
    })
}

fn line(view: &View<'_>) -> Line {
    let version = version(view);
    let group = address(view, 4).unwrap_or(Ipv4Addr::UNSPECIFIED);
    let mut info = String::new();
    match view.u8(0).unwrap_or_default() {
        QUERY if group.is_unspecified() => info.push_str("Membership Query, general"),
        QUERY if version == 1 => info.push_str("Membership Query"),
        QUERY => {
            let _ = write!(info, "Membership Query, specific for group {group}");
        }
        REPORT_V1 => info.push_str("Membership Report"),
        REPORT_V2 => {
            let _ = write!(info, "Membership Report group {group}");
        }
        LEAVE => {
            let _ = write!(info, "Leave Group {group}");
        }
        REPORT_V3 => {
            info.push_str("Membership Report");
            for record in records(view) {
                about(view, &record, &mut info);
            }
        }
        other => {
            let _ = write!(info, "Unknown Type:0x{other:02x}");
        }
    }
    Line {
        protocol: match version {
            1 => "IGMPv1",
            2 => "IGMPv2",
            _ => "IGMPv3",
        },
        info,
    }
}

/// What a record says, in the words of the packet list.
fn about(view: &View<'_>, record: &Record, info: &mut String) {
    let group = address(view, record.at + 4).unwrap_or(Ipv4Addr::UNSPECIFIED);
    let sources: Vec<String> = record.sources(view).map(|s| s.to_string()).collect();
    let list = sources.join(", ");
    let _ = match (record.kind, sources.is_empty()) {
        (1 | 3, true) => write!(info, " / Leave group {group}"),
        (2 | 4, true) => write!(info, " / Join group {group} for any sources"),
        (1 | 3, false) => write!(info, " / Join group {group} for source {{{list}}}"),
        (2 | 4, false) => write!(info, " / Join group {group}, not source {{{list}}}"),
        (5, _) => write!(info, " / Group {group}, new source {{{list}}}"),
        (6, _) => write!(info, " / Group {group}, block source {{{list}}}"),
        (other, _) => write!(info, " / Group {group}, unknown record type {other}"),
    };
}

fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    let (kind, second) = (view.u8(0)?, view.u8(1)?);
    let version = version(view);
    sink.unsigned(VERSION, 0..0, version);
    sink.unsigned(TYPE, 0..1, kind);
    match (kind, version) {
        (_, 1) | (REPORT_V3, _) => sink.bytes(RESERVED, 1..2, view.slice(1..2)?),
        _ => sink.unsigned(MAX_RESP, 1..2, second),
    }
    sink.unsigned(CHECKSUM, 2..4, view.u16(2)?);
    if sink.wants(CHECKSUM_STATUS) {
        let status: u8 = match view.slice(0..view.reported) {
            Some(all) => u8::from(checksum(&[all]) == 0),
            None => 2,
        };
        sink.unsigned(CHECKSUM_STATUS, 2..4, status);
    }
    if kind == REPORT_V3 {
        sink.bytes(RESERVED, 4..6, view.slice(4..6)?);
        sink.unsigned(RECORDS, 6..8, view.u16(6)?);
        let count = view.u16(6)?;
        let mut at = 8;
        for _ in 0..count {
            let record = Record::read(view, at)?;
            sink.unsigned(RECORD_TYPE, at..at + 1, record.kind);
            sink.unsigned(AUX_LEN, at + 1..at + 2, record.auxiliary);
            sink.unsigned(NUM_SRC, at + 2..at + 4, record.sources);
            sink.put(MADDR, at + 4..at + 8, Value::Ipv4(view.array(at + 4)?));
            for source in record.sources(view) {
                sink.put(SADDR, at + 8..at + 12, Value::Ipv4(source.octets()));
            }
            at = record.end();
        }
        return Some(());
    }
    sink.put(MADDR, 4..8, Value::Ipv4(view.array(4)?));
    if kind == QUERY && version == 3 {
        let flags = view.u8(8)?;
        sink.boolean(S, 8..9, flags & 8 != 0);
        sink.unsigned(QRV, 8..9, flags & 7);
        sink.unsigned(QQIC, 9..10, view.u8(9)?);
        let sources = view.u16(10)?;
        sink.unsigned(NUM_SRC, 10..12, sources);
        for nth in 0..usize::from(sources) {
            let at = 12 + 4 * nth;
            sink.put(SADDR, at..at + 4, Value::Ipv4(view.array(at)?));
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::field::Wanted;

    fn read(bytes: &[u8]) -> (Option<()>, Vec<(&'static str, String)>, Line) {
        let view = View {
            bytes,
            reported: 16.max(bytes.len()),
            quoted: false,
        };
        let mut sink = Sink::new(Wanted::ALL);
        let done = emit(&view, &mut sink);
        let found = sink.found.iter();
        let found = found.map(|f| {
            let name = FIELDS[usize::from(f.index.0)].name;
            (name, format!("{:?}", f.value))
        });
        (done, found.collect(), line(&view))
    }

    #[test]
    fn a_query_of_version_3_has_its_sources() {
        let bytes = [0x11, 100, 0, 0, 239, 1, 2, 3, 0x0a, 125, 0, 1, 10, 0, 0, 1];
        let (done, found, line) = read(&bytes);
        assert_eq!(done, Some(()));
        let source = Value::Ipv4([10, 0, 0, 1]);
        assert!(found.contains(&("igmp.saddr", format!("{source:?}"))));
        assert_eq!(line.protocol, "IGMPv3");
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]).0, None, "{end}");
        }
    }

    #[test]
    fn more_records_than_there_are_end_with_the_bytes() {
        let bytes = [0x22, 0, 0, 0, 0, 0, 0xff, 0xff, 4, 0xff, 0xff, 0xff];
        assert_eq!(read(&bytes).0, None);
    }
}
