//! Open shortest path first, versions 2 and 3 (RFC 2328, RFC 5340): the header and hellos. Left
//! out: what the database messages carry.

use super::cursor::Cursor;
use super::definition::{Definition, Found, Line, NOTHING, Names};
use super::field::{Kind, Sink, Value};
use super::layer::View;
use super::text;

crate::fields! {
    HEADER: "ospf.header", Kind::Mark, "The header.";
    VERSION: "ospf.version", Kind::Unsigned(8), "2 for IPv4, 3 for IPv6.";
    MSG: "ospf.msg", Kind::Unsigned(8), "1 hello, 2 database description, 3 request, 4 update, 5 acknowledgment.";
    IS_HELLO: "ospf.msg.hello", Kind::Boolean, "A hello.";
    IS_DBDESC: "ospf.msg.dbdesc", Kind::Boolean, "Describes the database.";
    IS_LSREQ: "ospf.msg.lsreq", Kind::Boolean, "Asks for link states.";
    IS_LSUPDATE: "ospf.msg.lsupdate", Kind::Boolean, "Tells link states.";
    IS_LSACK: "ospf.msg.lsack", Kind::Boolean, "Acknowledges link states.";
    LENGTH: "ospf.packet_length", Kind::Unsigned(16), "Length of the message with its header.";
    ROUTER: "ospf.srcrouter", Kind::Ipv4, "Number of the router that speaks, written like an address.";
    AREA: "ospf.area_id", Kind::Ipv4, "The area; 0.0.0.0 is the backbone.";
    CHECKSUM: "ospf.checksum", Kind::Hex(16), "Checksum of the message.";
    AUTH_TYPE: "ospf.auth.type", Kind::Unsigned(16), "0 none, 1 a password in clear, 2 a keyed digest (version 2).";
    AUTH_NONE: "ospf.auth.none", Kind::Bytes, "Eight bytes where a password would be.";
    PASSWORD: "ospf.auth.simple", Kind::Text, "The password, in clear.";
    KEY_ID: "ospf.auth.crypt.key_id", Kind::Unsigned(8), "Which key makes the digest.";
    KEY_LENGTH: "ospf.auth.crypt.data_length", Kind::Unsigned(8), "Length of the digest.";
    KEY_SEQUENCE: "ospf.auth.crypt.seq_nbr", Kind::Unsigned(32), "Number that only grows.";
    INSTANCE: "ospf.instance_id", Kind::Unsigned(8), "Which of several protocols on the link (version 3).";
    HELLO: "ospf.hello", Kind::Mark, "The hello.";
    MASK: "ospf.hello.network_mask", Kind::Ipv4, "The network's mask (version 2).";
    INTERFACE: "ospf.hello.interface_id", Kind::Unsigned(32), "The interface's number (version 3).";
    INTERVAL: "ospf.hello.hello_interval", Kind::Unsigned(32), "Seconds between hellos; neighbours must agree.";
    PRIORITY: "ospf.hello.router_priority", Kind::Unsigned(8), "Who becomes designated router; 0 never does.";
    DEAD: "ospf.hello.router_dead_interval", Kind::Unsigned(32), "Seconds without hello after which a neighbour is gone.";
    DESIGNATED: "ospf.hello.designated_router", Kind::Ipv4, "The designated router.";
    BACKUP: "ospf.hello.backup_designated_router", Kind::Ipv4, "The backup designated router.";
    NEIGHBOR: "ospf.hello.active_neighbor", Kind::Ipv4, "A neighbour whose hellos arrive.";
}

/// Everything about OSPF.
pub const DEFINITION: Definition = Definition {
    layers: &[(
        "ospf",
        "Open shortest path first: routers tell their links.",
    )],
    title: "OSPF",
    found: Found {
        ip: &[89],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit: |given, sink| emit(&given.view, sink),
    strict: true,
    line: Some(|given| line(&given.view)),
    values: &[
        Names {
            fields: &["ospf.msg"],
            values: MESSAGES,
        },
        Names {
            fields: &["ospf.auth.type"],
            values: &[(0, "Null"), (1, "Simple password"), (2, "Cryptographic")],
        },
    ],
    ..NOTHING
};

const MESSAGES: &[(u64, &str)] = &[
    (1, "Hello Packet"),
    (2, "DB Description"),
    (3, "LS Request"),
    (4, "LS Update"),
    (5, "LS Acknowledge"),
];

fn line(view: &View<'_>) -> Line {
    let kind = view.u8(1).unwrap_or_default();
    let name = MESSAGES.iter().find(|m| m.0 == u64::from(kind));
    Line {
        protocol: "OSPF",
        info: name.map_or_else(|| format!("Unknown ({kind})"), |n| n.1.to_owned()),
    }
}

fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    let mut c = Cursor {
        bytes: view.bytes,
        at: 0,
        end: view.reported,
        sink,
    };
    let version = c.bytes.first().copied()?;
    let length = if version == 2 { 24 } else { 16 };
    c.mark(HEADER, length)?;
    c.u8(VERSION)?;
    let kind = c.u8(MSG)?;
    let is = match kind {
        1 => Some(IS_HELLO),
        2 => Some(IS_DBDESC),
        3 => Some(IS_LSREQ),
        4 => Some(IS_LSUPDATE),
        5 => Some(IS_LSACK),
        _ => None,
    };
    if let Some(index) = is {
        c.sink.boolean(index, 1..2, true);
    }
    let stated = usize::from(c.u16(LENGTH)?);
    c.ipv4(ROUTER)?;
    c.ipv4(AREA)?;
    c.u16(CHECKSUM)?;
    if version == 2 {
        authentication(&mut c)?;
    } else {
        c.u8(INSTANCE)?;
        c.skip(1)?;
    }
    if kind == 1 {
        // Behind the stated length a digest may follow.
        let mut hello = c.part(stated.checked_sub(length)?);
        return self::hello(&mut hello, version);
    }
    Some(())
}

fn authentication(c: &mut Cursor<'_, '_>) -> Option<()> {
    match c.u16(AUTH_TYPE)? {
        0 => c.bytes(AUTH_NONE, 8).map(|_| ()),
        1 => {
            let (bytes, range) = c.take(8)?;
            c.sink.put(PASSWORD, range, Value::Text(text::ascii(bytes)));
            Some(())
        }
        2 => {
            c.skip(2)?;
            c.u8(KEY_ID)?;
            c.u8(KEY_LENGTH)?;
            c.u32(KEY_SEQUENCE).map(|_| ())
        }
        _ => c.skip(8),
    }
}

fn hello(c: &mut Cursor<'_, '_>, version: u8) -> Option<()> {
    c.mark(HELLO, 20)?;
    if version == 2 {
        c.ipv4(MASK)?;
        c.u16(INTERVAL)?;
        c.skip(1)?;
        c.u8(PRIORITY)?;
        c.u32(DEAD)?;
    } else {
        c.u32(INTERFACE)?;
        c.u8(PRIORITY)?;
        c.skip(3)?;
        c.u16(INTERVAL)?;
        c.u16(DEAD)?;
    }
    c.ipv4(DESIGNATED)?;
    c.ipv4(BACKUP)?;
    while c.left() > 0 {
        c.ipv4(NEIGHBOR)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::field::Wanted;

    #[test]
    fn a_hello_of_version_3_and_every_shorter_prefix() {
        // RFC 5340 §A.3.2, with one neighbour.
        let mut bytes = vec![3, 1, 0, 40, 1, 1, 1, 1, 0, 0, 0, 0, 0xab, 0xcd, 0, 0];
        bytes.extend([0, 0, 0, 5, 1, 0, 0, 0x13, 0, 10, 0, 40]);
        bytes.extend([1, 1, 1, 1, 0, 0, 0, 0, 2, 2, 2, 2]);
        let read = |bytes: &[u8]| {
            let view = View {
                bytes,
                reported: bytes.len(),
                quoted: false,
            };
            let mut sink = Sink::new(Wanted::ALL);
            let done = emit(&view, &mut sink).is_some();
            let neighbour = sink.found.pop();
            let neighbour = neighbour.map(|f| format!("{:?} {:?}", f.index, f.value));
            (done, neighbour)
        };
        assert_eq!(
            read(&bytes),
            (
                true,
                Some(format!("{NEIGHBOR:?} {:?}", Value::Ipv4([2; 4])))
            )
        );
        for end in 0..bytes.len() {
            assert!(!read(&bytes[..end]).0, "{end}");
        }
    }
}
