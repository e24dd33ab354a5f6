//! The spanning tree protocol and its rapid version (IEEE 802.1D). Left out: what the multiple
//! spanning tree protocol adds.

use super::cursor::Cursor;
use super::definition::{Definition, Line, NOTHING, Names};
use super::field::{FieldIndex, Kind, Sink, Value};
use super::layer::View;
use super::text;

crate::fields! {
    PROTOCOL: "stp.protocol", Kind::Hex(16), "0 for spanning tree.";
    VERSION: "stp.version", Kind::Unsigned(8), "0 spanning tree, 2 rapid, 3 multiple.";
    TYPE: "stp.type", Kind::Hex(8), "0x00 tells a configuration, 0x80 a change of the topology, 0x02 is of the rapid version.";
    FLAGS: "stp.flags", Kind::Hex(8), "The flags together.";
    TCACK: "stp.flags.tcack", Kind::Boolean, "The change of the topology was noticed.";
    AGREEMENT: "stp.flags.agreement", Kind::Boolean, "Agrees to a proposal (rapid).";
    FORWARDING: "stp.flags.forwarding", Kind::Boolean, "The port forwards (rapid).";
    LEARNING: "stp.flags.learning", Kind::Boolean, "The port learns addresses (rapid).";
    PORT_ROLE: "stp.flags.port_role", Kind::Unsigned(8), "1 alternate or backup, 2 root, 3 designated (rapid).";
    PROPOSAL: "stp.flags.proposal", Kind::Boolean, "Proposes to be the designated port (rapid).";
    TC: "stp.flags.tc", Kind::Boolean, "The topology has changed.";
    ROOT_PRIO: "stp.root.prio", Kind::Unsigned(16), "Priority of the root bridge.";
    ROOT_EXT: "stp.root.ext", Kind::Unsigned(16), "System ID extension of the root bridge: the virtual LAN.";
    ROOT_HW: "stp.root.hw", Kind::Ether, "Hardware address of the root bridge.";
    ROOT_COST: "stp.root.cost", Kind::Unsigned(32), "Cost of the path to the root.";
    BRIDGE_PRIO: "stp.bridge.prio", Kind::Unsigned(16), "Priority of the bridge that speaks.";
    BRIDGE_EXT: "stp.bridge.ext", Kind::Unsigned(16), "System ID extension of the bridge that speaks.";
    BRIDGE_HW: "stp.bridge.hw", Kind::Ether, "Hardware address of the bridge that speaks.";
    PORT: "stp.port", Kind::Hex(16), "Port of the bridge that speaks.";
    MSG_AGE: "stp.msg_age", Kind::Float, "Seconds since the root told it.";
    MAX_AGE: "stp.max_age", Kind::Float, "Seconds after which it is forgotten.";
    HELLO: "stp.hello", Kind::Float, "Seconds between configurations.";
    FORWARD: "stp.forward", Kind::Float, "Seconds that a port listens and learns.";
    VERSION_1: "stp.version_1_length", Kind::Unsigned(8), "Length of what version 1 adds; 0.";
}

/// Everything about the spanning tree; LLC carries it.
pub const DEFINITION: Definition = Definition {
    layers: &[("stp", "Spanning tree protocol: bridges agree on a tree.")],
    title: "STP",
    fields: FIELDS,
    emit: |given, sink| emit(&given.view, sink),
    strict: true,
    line: Some(|given| line(&given.view)),
    values: &[
        Names {
            fields: &["stp.type"],
            values: &[
                (0x00, "Configuration"),
                (0x02, "Rapid/Multiple Spanning Tree"),
                (0x80, "Topology Change Notification"),
            ],
        },
        Names {
            fields: &["stp.version"],
            values: &[
                (0, "Spanning Tree"),
                (2, "Rapid Spanning Tree"),
                (3, "Multiple Spanning Tree"),
                (4, "Shortest Path Tree"),
            ],
        },
        Names {
            fields: &["stp.flags.port_role"],
            values: &[
                (0, "Unknown"),
                (1, "Alternate or Backup"),
                (2, "Root"),
                (3, "Designated"),
            ],
        },
    ],
    ..NOTHING
};

const CONFIGURATION: u8 = 0x00;
const RAPID: u8 = 0x02;
const CHANGE: u8 = 0x80;

fn line(view: &View<'_>) -> Line {
    let begin = match (view.u8(3), view.u8(2)) {
        (Some(CHANGE), _) => None,
        (Some(RAPID), Some(3..)) => Some("MST"),
        (Some(RAPID), _) => Some("RST"),
        _ => Some("Conf"),
    };
    let Some(begin) = begin else {
        return Line {
            protocol: "STP",
            info: "Topology Change Notification".to_owned(),
        };
    };
    let root = view.u16(5).unwrap_or_default();
    let mac = view.array::<6>(7).unwrap_or_default();
    let change = view.u8(4).unwrap_or_default() & 1 != 0;
    Line {
        protocol: "STP",
        info: format!(
            "{begin}. {}Root = {}/{}/{}  Cost = {}  Port = 0x{:04x}",
            if change { "TC + " } else { "" },
            root & 0xf000,
            root & 0x0fff,
            text::colons(&mac),
            view.u32(13).unwrap_or_default(),
            view.u16(25).unwrap_or_default()
        ),
    }
}

fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    let mut c = Cursor {
        bytes: view.bytes,
        at: 0,
        end: view.reported,
        sink,
    };
    c.u16(PROTOCOL)?;
    c.u8(VERSION)?;
    let kind = c.u8(TYPE)?;
    if !matches!(kind, CONFIGURATION | RAPID) {
        return Some(());
    }
    let flags = c.u8(FLAGS)?;
    let mut flag = |index, bit: u8| c.sink.boolean(index, 4..5, flags & bit != 0);
    flag(TCACK, 0x80);
    if kind == RAPID {
        flag(AGREEMENT, 0x40);
        flag(FORWARDING, 0x20);
        flag(LEARNING, 0x10);
        c.sink.unsigned(PORT_ROLE, 4..5, flags >> 2 & 3);
        c.sink.boolean(PROPOSAL, 4..5, flags & 2 != 0);
    }
    c.sink.boolean(TC, 4..5, flags & 1 != 0);
    bridge(&mut c, ROOT_PRIO, ROOT_EXT, ROOT_HW)?;
    c.u32(ROOT_COST)?;
    bridge(&mut c, BRIDGE_PRIO, BRIDGE_EXT, BRIDGE_HW)?;
    c.u16(PORT)?;
    for index in [MSG_AGE, MAX_AGE, HELLO, FORWARD] {
        let (bytes, range) = c.take(2)?;
        let ticks = u16::from_be_bytes(*bytes.first_chunk()?);
        c.sink
            .put(index, range, Value::Float(f64::from(ticks) / 256.0));
    }
    if kind == RAPID {
        c.u8(VERSION_1)?;
    }
    Some(())
}

fn bridge(
    c: &mut Cursor<'_, '_>,
    priority: FieldIndex,
    extension: FieldIndex,
    mac: FieldIndex,
) -> Option<()> {
    let (bytes, range) = c.take(2)?;
    let both = u16::from_be_bytes(*bytes.first_chunk()?);
    c.sink.unsigned(priority, range.clone(), both & 0xf000);
    c.sink.unsigned(extension, range, both & 0x0fff);
    c.ether(mac).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::field::Wanted;

    /// A rapid spanning tree BPDU of 802.1D-2004 §9.3.3: proposal, designated, root 4096/1.
    const RAPID_BPDU: [u8; 36] = [
        0, 0, 2, 2, 0x0e, 0x10, 0x01, 2, 0, 0, 0, 0, 1, 0, 0, 0, 4, 0x80, 0x02, 2, 0, 0, 0, 0, 2,
        0x80, 3, 1, 0, 20, 0, 2, 0, 15, 0, 0,
    ];

    #[test]
    fn a_rapid_bpdu_has_roles_and_every_shorter_prefix_is_cut() {
        let read = |bytes: &[u8]| {
            let view = View {
                bytes,
                reported: bytes.len(),
                quoted: false,
            };
            let mut sink = Sink::new(Wanted::ALL);
            let done = emit(&view, &mut sink);
            let found = sink.found.iter();
            let values: Vec<String> = found
                .map(|f| {
                    let name = FIELDS[usize::from(f.index.0)].name;
                    format!("{name}={:?}", f.value)
                })
                .collect();
            (done, values, line(&view).info)
        };
        let (done, values, info) = read(&RAPID_BPDU);
        assert_eq!(done, Some(()));
        assert!(values.contains(&"stp.flags.port_role=Unsigned(3)".to_owned()));
        assert!(values.contains(&"stp.root.ext=Unsigned(1)".to_owned()));
        assert!(values.contains(&"stp.msg_age=Float(1.0)".to_owned()));
        assert_eq!(
            info,
            "RST. Root = 4096/1/02:00:00:00:00:01  Cost = 4  Port = 0x8003"
        );
        for end in 0..RAPID_BPDU.len() {
            assert_eq!(read(&RAPID_BPDU[..end]).0, None, "{end}");
        }
        // 802.1D §9.3.2: four bytes are all.
        let (done, _, info) = read(&[0, 0, 0, 0x80]);
        assert_eq!(
            (done, info.as_str()),
            (Some(()), "Topology Change Notification")
        );
    }
}
