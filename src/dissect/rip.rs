//! The routing information protocol, versions 1 and 2 (RFC 1058, RFC 2453). Left out: keyed
//! digests.

use super::cursor::Cursor;
use super::definition::{Definition, Found, Line, NOTHING, Names};
use super::field::{Kind, Sink, Value};
use super::layer::View;
use super::text;

crate::fields! {
    COMMAND: "rip.command", Kind::Unsigned(8), "1 asks for routes, 2 tells them.";
    VERSION: "rip.version", Kind::Unsigned(8), "Version of the protocol.";
    AUTH_TYPE: "rip.auth.type", Kind::Unsigned(16), "2 is a password in clear, 3 a keyed digest.";
    PASSWORD: "rip.auth.passwd", Kind::Text, "The password, in clear.";
    FAMILY: "rip.family", Kind::Unsigned(16), "2 is IP; 0 in a request asks for everything.";
    TAG: "rip.route_tag", Kind::Unsigned(16), "A mark on routes from elsewhere (version 2).";
    IP: "rip.ip", Kind::Ipv4, "The network.";
    NETMASK: "rip.netmask", Kind::Ipv4, "Its mask (version 2).";
    NEXT_HOP: "rip.next_hop", Kind::Ipv4, "Where to send; 0.0.0.0 is the sender itself (version 2).";
    METRIC: "rip.metric", Kind::Unsigned(16), "How many routers away; 16 cannot be reached.";
}

/// Everything about RIP.
pub const DEFINITION: Definition = Definition {
    layers: &[(
        "rip",
        "Routing information protocol: routers tell distances.",
    )],
    title: "RIP",
    found: Found {
        udp: &[520],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit: |given, sink| emit(&given.view, sink),
    strict: true,
    line: Some(line_of),
    values: &[
        Names {
            fields: &["rip.command"],
            values: COMMANDS,
        },
        Names {
            fields: &["rip.family"],
            values: &[(0, "Unspecified"), (2, "IP")],
        },
    ],
    ..NOTHING
};

const COMMANDS: &[(u64, &str)] = &[
    (1, "Request"),
    (2, "Response"),
    (3, "Traceon"),
    (4, "Traceoff"),
    (5, "Vendor specific (Sun)"),
];

const AUTHENTICATION: u16 = 0xffff;
const ENTRY: usize = 20;

fn line_of(given: &super::definition::Given<'_, '_>) -> Line {
    let view = &given.view;
    let command = view.u8(0).unwrap_or_default();
    let name = COMMANDS.iter().find(|c| c.0 == u64::from(command));
    Line {
        protocol: match view.u8(1) {
            Some(1) => "RIPv1",
            Some(2) => "RIPv2",
            _ => "RIP",
        },
        info: name.map_or_else(
            || format!("Unknown command ({command})"),
            |n| n.1.to_owned(),
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
    c.u8(COMMAND)?;
    let second = c.u8(VERSION)? == 2;
    c.skip(2)?;
    while c.left() > 0 {
        let mut entry = c.part(ENTRY);
        let family = entry.peek_u16()?;
        if family == AUTHENTICATION {
            entry.skip(2)?;
            if entry.u16(AUTH_TYPE)? == 2 {
                let (bytes, range) = entry.take(16)?;
                entry
                    .sink
                    .put(PASSWORD, range, Value::Text(text::ascii(bytes)));
            }
            continue;
        }
        if !matches!(family, 0 | 2) {
            continue;
        }
        entry.u16(FAMILY)?;
        if second {
            entry.u16(TAG)?;
        } else {
            entry.skip(2)?;
        }
        if family == 2 {
            entry.ipv4(IP)?;
        } else {
            entry.skip(4)?;
        }
        if second {
            entry.ipv4(NETMASK)?;
            entry.ipv4(NEXT_HOP)?;
        } else {
            entry.skip(8)?;
        }
        entry.u32(METRIC)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::field::Wanted;

    #[test]
    fn version_1_has_neither_mask_nor_next_hop() {
        // RFC 1058 §3.1: a response with one route.
        let bytes = [
            2, 1, 0, 0, 0, 2, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3,
        ];
        let read = |bytes: &[u8]| {
            let view = View {
                bytes,
                reported: bytes.len(),
                quoted: false,
            };
            let mut sink = Sink::new(Wanted::ALL);
            let done = emit(&view, &mut sink);
            let found = sink.found.iter();
            let names: Vec<&str> = found.map(|f| FIELDS[usize::from(f.index.0)].name).collect();
            (done.is_some(), names)
        };
        let names = [
            "rip.command",
            "rip.version",
            "rip.family",
            "rip.ip",
            "rip.metric",
        ];
        assert_eq!(read(&bytes), (true, names.to_vec()));
        for end in (0..bytes.len()).filter(|end| *end != 4) {
            assert!(!read(&bytes[..end]).0, "{end}");
        }
    }
}
