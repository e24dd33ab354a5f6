//! Cisco's discovery protocol, versions 1 and 2. Left out: values that few devices send.

use super::cursor::Cursor;
use super::definition::{Definition, Line, NOTHING, Names};
use super::field::{Kind, Sink, Value};
use super::layer::View;
use super::text;

crate::fields! {
    VERSION: "cdp.version", Kind::Unsigned(8), "Version of the protocol.";
    TTL: "cdp.ttl", Kind::Unsigned(8), "Seconds that this is valid.";
    CHECKSUM: "cdp.checksum", Kind::Hex(16), "Checksum of the message.";
    TLV_TYPE: "cdp.tlv.type", Kind::Hex(16), "Which value follows.";
    TLV_LEN: "cdp.tlv.len", Kind::Unsigned(16), "How long it is, with its type and length.";
    DEVICE: "cdp.deviceid", Kind::Text, "The device's name.";
    ADDRESSES: "cdp.number_of_addresses", Kind::Unsigned(32), "How many addresses follow.";
    PROTOCOL_TYPE: "cdp.protocol_type", Kind::Hex(8), "How the address's protocol is named.";
    PROTOCOL_LENGTH: "cdp.protocol_length", Kind::Unsigned(8), "Length of that name.";
    PROTOCOL: "cdp.protocol", Kind::Bytes, "That name; cc is IPv4.";
    ADDRESS_LENGTH: "cdp.address_length", Kind::Unsigned(16), "Length of the address.";
    IP: "cdp.nrgyz.ip_address", Kind::Ipv4, "An IPv4 address of the device.";
    IPV6: "cdp.nrgyz.ipv6_address", Kind::Ipv6, "An IPv6 address of the device.";
    PORT: "cdp.portid", Kind::Text, "The device's port.";
    CAP: "cdp.capabilities", Kind::Hex(32), "What the device is.";
    CAP_ROUTER: "cdp.capabilities.router", Kind::Boolean, "A router.";
    CAP_TRANSPARENT: "cdp.capabilities.trans_bridge", Kind::Boolean, "A transparent bridge.";
    CAP_SOURCE: "cdp.capabilities.src_bridge", Kind::Boolean, "A source route bridge.";
    CAP_SWITCH: "cdp.capabilities.switch", Kind::Boolean, "A switch.";
    CAP_HOST: "cdp.capabilities.host", Kind::Boolean, "A host.";
    CAP_IGMP: "cdp.capabilities.igmp_capable", Kind::Boolean, "Looks at IGMP.";
    CAP_REPEATER: "cdp.capabilities.repeater", Kind::Boolean, "A repeater.";
    CAP_PHONE: "cdp.capabilities.voip_phone", Kind::Boolean, "A telephone.";
    CAP_REMOTE: "cdp.capabilities.remote", Kind::Boolean, "Managed from elsewhere.";
    CAP_CVTA: "cdp.capabilities.cvta", Kind::Boolean, "Camera, scanner or the like.";
    CAP_RELAY: "cdp.capabilities.mac_relay", Kind::Boolean, "A relay between two ports.";
    SOFTWARE: "cdp.software_version", Kind::Text, "The device's software.";
    PLATFORM: "cdp.platform", Kind::Text, "The device's make.";
    VTP: "cdp.vtp_management_domain", Kind::Text, "The domain in which virtual LANs are managed.";
    NATIVE_VLAN: "cdp.native_vlan", Kind::Unsigned(16), "The virtual LAN of frames without a tag.";
    DUPLEX: "cdp.duplex", Kind::Boolean, "Both directions at once.";
}

/// Everything about CDP; SNAP carries it.
pub const DEFINITION: Definition = Definition {
    layers: &[(
        "cdp",
        "Cisco discovery protocol: devices tell their neighbours who they are.",
    )],
    title: "CDP",
    fields: FIELDS,
    emit: |given, sink| emit(&given.view, sink),
    line: Some(|given| line(&given.view)),
    values: &[Names {
        fields: &["cdp.tlv.type"],
        values: &[
            (0x0001, "Device ID"),
            (0x0002, "Addresses"),
            (0x0003, "Port ID"),
            (0x0004, "Capabilities"),
            (0x0005, "Software version"),
            (0x0006, "Platform"),
            (0x0009, "VTP Management Domain"),
            (0x000a, "Native VLAN"),
            (0x000b, "Duplex"),
            (0x0016, "Management Address"),
        ],
    }],
    ..NOTHING
};

const DEVICE_ID: u16 = 1;
const PORT_ID: u16 = 3;

/// The values of a message: where each begins, its type and its length.
fn values<'v>(view: &'v View<'_>) -> impl Iterator<Item = (usize, u16, usize)> + 'v {
    let mut at = 4;
    std::iter::from_fn(move || {
        let (kind, length) = (view.u16(at)?, usize::from(view.u16(at + 2)?));
        let found = (at + 4, kind, length.checked_sub(4)?);
        at += length;
        Some(found)
    })
}

fn line(view: &View<'_>) -> Line {
    let mut info = String::new();
    for (at, kind, length) in values(view) {
        let label = match kind {
            DEVICE_ID => "Device ID: ",
            PORT_ID => "Port ID: ",
            _ => continue,
        };
        let name = view.slice(at..at + length).unwrap_or_default();
        info.push_str(label);
        info.push_str(&text::spelled(name));
        info.push_str("  ");
    }
    Line {
        protocol: "CDP",
        info,
    }
}

fn emit<'a>(view: &View<'a>, sink: &mut Sink<'a>) -> Option<()> {
    let mut c = Cursor {
        bytes: view.bytes,
        at: 0,
        end: view.reported,
        sink,
    };
    c.u8(VERSION)?;
    c.u8(TTL)?;
    c.u16(CHECKSUM)?;
    while c.left() > 0 {
        let kind = c.u16(TLV_TYPE)?;
        let length = usize::from(c.u16(TLV_LEN)?).checked_sub(4)?;
        c.peek(length)?;
        // A value that contradicts itself shows what there is of it.
        let _ = value(kind, &mut c.part(length));
    }
    Some(())
}

fn value(kind: u16, c: &mut Cursor<'_, '_>) -> Option<()> {
    let all = c.left();
    let text = match kind {
        DEVICE_ID => DEVICE,
        PORT_ID => PORT,
        5 => SOFTWARE,
        6 => PLATFORM,
        9 => VTP,
        2 | 0x16 => return addresses(c),
        4 => {
            let at = c.at;
            let bits = c.u32(CAP)?;
            let flags = [
                CAP_ROUTER,
                CAP_TRANSPARENT,
                CAP_SOURCE,
                CAP_SWITCH,
                CAP_HOST,
                CAP_IGMP,
                CAP_REPEATER,
                CAP_PHONE,
                CAP_REMOTE,
                CAP_CVTA,
                CAP_RELAY,
            ];
            for (bit, index) in flags.into_iter().enumerate() {
                c.sink.boolean(index, at..at + 4, bits >> bit & 1 == 1);
            }
            return Some(());
        }
        10 => return c.u16(NATIVE_VLAN).map(|_| ()),
        11 => return c.boolean(DUPLEX).map(|_| ()),
        _ => return Some(()),
    };
    c.ascii(text, all).map(|_| ())
}

fn addresses(c: &mut Cursor<'_, '_>) -> Option<()> {
    let count = c.u32(ADDRESSES)?;
    for _ in 0..count {
        c.u8(PROTOCOL_TYPE)?;
        let length = usize::from(c.u8(PROTOCOL_LENGTH)?);
        let protocol = c.bytes(PROTOCOL, length)?;
        let length = usize::from(c.u16(ADDRESS_LENGTH)?);
        let (bytes, range) = c.take(length)?;
        match (
            protocol,
            bytes.first_chunk::<4>(),
            bytes.first_chunk::<16>(),
        ) {
            ([0xcc], Some(ip), _) => c.sink.put(IP, range, Value::Ipv4(*ip)),
            ([.., 0x86, 0xdd], _, Some(ip)) => c.sink.put(IPV6, range, Value::Ipv6(*ip)),
            _ => {}
        }
    }
    Some(())
}
