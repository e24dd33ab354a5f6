//! DHCP and BOOTP messages (RFC 951, RFC 2131), with the options of RFC 2132 and later ones.
//!
//! Left out: what single vendors and cable modems put into options 43, 63, 122, 123, 125 and
//! 242, which is shown as bytes.

mod emit;
pub mod fields;
mod options;

pub use emit::emit;
pub(crate) use fields::FIELDS;
pub use options::{message_name, name, value};

use super::definition::{Definition, Found, NOTHING, Names};
use super::layer::View;
use std::borrow::Cow;

/// Everything about DHCP.
pub const DEFINITION: Definition = Definition {
    layers: &[("dhcp", "Dynamic host configuration protocol, and BOOTP.")],
    title: "DHCP",
    found: Found {
        udp: &[67, 68, 4011],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit: |given, sink| emit(&given.view, sink),
    strict: true,
    values: &[
        Names {
            fields: &["dhcp.type"],
            values: &[(1, "Boot Request"), (2, "Boot Reply")],
        },
        Names {
            fields: &["dhcp.option.dhcp"],
            values: &[
                (1, "Discover"),
                (2, "Offer"),
                (3, "Request"),
                (4, "Decline"),
                (5, "ACK"),
                (6, "NAK"),
                (7, "Release"),
                (8, "Inform"),
            ],
        },
        Names {
            fields: &["dhcp.option.type", "dhcp.option.request_list_item"],
            values: &[
                (0, "Padding"),
                (1, "Subnet Mask"),
                (3, "Router"),
                (6, "Domain Name Server"),
                (12, "Host Name"),
                (15, "Domain Name"),
                (26, "Interface MTU"),
                (28, "Broadcast Address"),
                (42, "Network Time Protocol Servers"),
                (43, "Vendor-Specific Information"),
                (50, "Requested IP Address"),
                (51, "IP Address Lease Time"),
                (53, "DHCP Message Type"),
                (54, "DHCP Server Identifier"),
                (55, "Parameter Request List"),
                (57, "Maximum DHCP Message Size"),
                (58, "Renewal Time Value"),
                (59, "Rebinding Time Value"),
                (60, "Vendor class identifier"),
                (61, "Client identifier"),
                (66, "TFTP Server Name"),
                (67, "Bootfile name"),
                (81, "Client Fully Qualified Domain Name"),
                (119, "Domain Search"),
                (121, "Classless Static Route"),
                (255, "End"),
            ],
        },
    ],
    ..NOTHING
};

/// The four bytes that announce options.
const COOKIE_BYTES: [u8; 4] = [99, 130, 83, 99];
/// Where the boot server's name is, and how long it is.
const NAME_AT: usize = 44;
const NAME_LENGTH: usize = 64;
/// Where the boot file's name is, and how long it is.
const FILE_AT: usize = 108;
const FILE_LENGTH: usize = 128;
/// Where the announcing bytes and the options begin.
const OPTIONS_AT: usize = 236;

/// Message types (option 53).
pub mod kind {
    /// A client looks for servers.
    pub const DISCOVER: u8 = 1;
    /// A server offers an address.
    pub const OFFER: u8 = 2;
    /// A client asks for an address.
    pub const REQUEST: u8 = 3;
    /// A client found the address in use.
    pub const DECLINE: u8 = 4;
    /// A server gives the address.
    pub const ACK: u8 = 5;
    /// A server refuses.
    pub const NAK: u8 = 6;
    /// A client gives the address back.
    pub const RELEASE: u8 = 7;
    /// A client that has an address asks for the rest.
    pub const INFORM: u8 = 8;
}

/// One option as it stands in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DhcpOption<'a> {
    /// Its number.
    pub code: u8,
    /// Its value.
    pub bytes: &'a [u8],
    /// Where its code stands in the message.
    pub at: usize,
}

/// A message, as the tracker needs it.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// 1 from the client, 2 from the server.
    pub operation: u8,
    /// Kind of hardware address; 1 is Ethernet.
    pub hardware_type: u8,
    /// Stated length of the hardware address.
    pub hardware_length: u8,
    /// Relay agents passed.
    pub hops: u8,
    /// Transaction number.
    pub xid: u32,
    /// Seconds since the client began, in network order.
    pub seconds: u16,
    /// Flags; the highest bit asks for replies by broadcast.
    pub flags: u16,
    /// Address the client already has (`ciaddr`).
    pub client: [u8; 4],
    /// Address the server gives (`yiaddr`).
    pub yours: [u8; 4],
    /// Server to use next (`siaddr`).
    pub next_server: [u8; 4],
    /// Relay agent (`giaddr`).
    pub relay: [u8; 4],
    /// Hardware address field (`chaddr`), padding included.
    pub hardware: [u8; 16],
    /// Boot server's name field, up to its first zero; empty when it holds options.
    pub server_name: &'a [u8],
    /// Boot file field, up to its first zero; empty when it holds options.
    pub file: &'a [u8],
    /// Whether the announcing bytes are right; without them there are no options.
    pub cookie: bool,
    /// The options in their order, duplicates included; those of overloaded fields last.
    pub options: Vec<DhcpOption<'a>>,
    /// Whether the options ended with an end option and nothing ran over.
    pub complete: bool,
}

impl<'a> Message<'a> {
    /// Takes a message apart. `None`: not even the fixed part is there.
    pub fn parse(bytes: &'a [u8]) -> Option<Message<'a>> {
        let view = View {
            bytes,
            reported: bytes.len(),
            quoted: false,
        };
        let mut message = Message {
            operation: view.u8(0)?,
            hardware_type: view.u8(1)?,
            hardware_length: view.u8(2)?,
            hops: view.u8(3)?,
            xid: view.u32(4)?,
            seconds: view.u16(8)?,
            flags: view.u16(10)?,
            client: view.array(12)?,
            yours: view.array(16)?,
            next_server: view.array(20)?,
            relay: view.array(24)?,
            hardware: view.array(28)?,
            server_name: super::text::until_zero(view.slice(NAME_AT..FILE_AT)?),
            file: super::text::until_zero(view.slice(FILE_AT..OPTIONS_AT)?),
            cookie: view.array(OPTIONS_AT) == Some(COOKIE_BYTES),
            options: Vec::new(),
            complete: true,
        };
        if message.cookie {
            message.complete = walk(bytes, OPTIONS_AT + 4, bytes.len(), &mut message.options);
            message.overloaded(bytes);
        }
        Some(message)
    }

    /// Reads the options in the file and server name fields, in that order (RFC 2131 §4.1).
    fn overloaded(&mut self, bytes: &'a [u8]) {
        let which = match self.option(52) {
            Some(&[which]) => which,
            _ => return,
        };
        if which & 1 != 0 {
            self.complete &= walk(bytes, FILE_AT, OPTIONS_AT, &mut self.options);
            self.file = &[];
        }
        if which & 2 != 0 {
            self.complete &= walk(bytes, NAME_AT, FILE_AT, &mut self.options);
            self.server_name = &[];
        }
    }

    /// The first option of this number.
    pub fn option(&self, code: u8) -> Option<&'a [u8]> {
        let found = self.options.iter().find(|option| option.code == code)?;
        Some(found.bytes)
    }

    /// All options of this number one after another, as RFC 3396 wants them read.
    pub fn joined(&self, code: u8) -> Option<Cow<'a, [u8]>> {
        let mut all = self.options.iter().filter(|option| option.code == code);
        let mut joined = Cow::Borrowed(all.next()?.bytes);
        for more in all {
            joined.to_mut().extend_from_slice(more.bytes);
        }
        Some(joined)
    }

    /// The message type (option 53).
    pub fn kind(&self) -> Option<u8> {
        self.option(53)?.first().copied()
    }

    /// The client's Ethernet address.
    pub fn mac(&self) -> Option<[u8; 6]> {
        let ethernet = matches!(self.hardware_type, 1 | 6) && self.hardware_length == 6;
        ethernet.then(|| self.hardware.first_chunk().copied())?
    }

    /// An option that is one IPv4 address.
    pub fn address(&self, code: u8) -> Option<[u8; 4]> {
        self.option(code)?.try_into().ok()
    }

    /// An option that is a list of IPv4 addresses.
    pub fn addresses(&self, code: u8) -> Vec<[u8; 4]> {
        let bytes = self.joined(code).unwrap_or_default();
        bytes
            .chunks_exact(4)
            .filter_map(|b| b.first_chunk().copied())
            .collect()
    }

    /// An option that is a four-byte number.
    pub fn number(&self, code: u8) -> Option<u32> {
        Some(u32::from_be_bytes(self.option(code)?.try_into().ok()?))
    }
}

/// Collects the options from `at` to `end`; says whether they ended as they should.
fn walk<'a>(bytes: &'a [u8], at: usize, end: usize, options: &mut Vec<DhcpOption<'a>>) -> bool {
    let Some(area) = bytes.get(..end) else {
        return false;
    };
    let mut at = at;
    while let Some(&code) = area.get(at) {
        match code {
            0 => at += 1,
            255 => return true,
            _ => {
                let Some(&length) = area.get(at + 1) else {
                    return false;
                };
                let after = at + 2 + usize::from(length);
                let Some(value) = area.get(at + 2..after) else {
                    return false;
                };
                options.push(DhcpOption {
                    code,
                    bytes: value,
                    at,
                });
                at = after;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::field::{Sink, Value, Wanted};

    /// The acknowledgment that dnsmasq 2.90 gave to busybox's udhcpc: what stands before the
    /// boot server's name, and the options.
    const ACK: &str = "02010600835de05700030000000000000a0900320a09000100000000128fc25d7053";
    const ACK_OPTIONS: &str = "6382536335010536040a0900013304000002583a040000012c3b04000002\
        0d0104ffffff001c040a0900ff03040a09000106040a0900010f0b6c61622e6578616d706c650c077374\
        7564656e742a040a090001ff";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len() / 2)
            .map(|i| u8::from_str_radix(&hex[i * 2..i * 2 + 2], 16).expect("hexadecimal"))
            .collect()
    }

    fn with_options(options: &[u8]) -> Vec<u8> {
        let mut message = bytes(ACK);
        message.resize(OPTIONS_AT, 0);
        message.extend(COOKIE_BYTES);
        message.extend(options);
        message
    }

    fn ack() -> Vec<u8> {
        with_options(&bytes(ACK_OPTIONS)[4..])
    }

    fn shown<'a>(message: &'a [u8], reported: usize) -> Vec<(&'static str, Value<'a>)> {
        let view = View {
            bytes: message,
            reported,
            quoted: false,
        };
        let mut sink = Sink::new(Wanted::ALL);
        emit(&view, &mut sink);
        let name = |at: u8| FIELDS[usize::from(at)].name;
        let found = sink.found.into_iter();
        found.map(|f| (name(f.index.0), f.value)).collect()
    }

    #[test]
    fn an_acknowledgment_of_dnsmasq_is_read() {
        let message = ack();
        let parsed = Message::parse(&message).expect("a message");
        assert_eq!(parsed.operation, 2);
        assert_eq!(parsed.xid, 0x835d_e057);
        assert_eq!(parsed.mac(), Some([0x12, 0x8f, 0xc2, 0x5d, 0x70, 0x53]));
        assert_eq!(parsed.yours, [10, 9, 0, 50]);
        assert_eq!(parsed.kind(), Some(kind::ACK));
        assert_eq!(parsed.address(54), Some([10, 9, 0, 1]));
        assert_eq!(parsed.addresses(3), [[10, 9, 0, 1]]);
        assert_eq!(parsed.number(51), Some(600));
        assert_eq!(parsed.option(12), Some(&b"student"[..]));
        assert!(parsed.cookie && parsed.complete);
        let codes: Vec<u8> = parsed.options.iter().map(|o| o.code).collect();
        assert_eq!(codes, [53, 54, 51, 58, 59, 1, 28, 3, 6, 15, 12, 42]);
    }

    #[test]
    fn its_fields_come_in_wiresharks_order() {
        let message = ack();
        let found = shown(&message, message.len());
        let at = |name: &str| found.iter().position(|(n, _)| *n == name);
        assert!(at("dhcp.type") < at("dhcp.id") && at("dhcp.id") < at("dhcp.cookie"));
        let value = |name: &str| found.iter().find(|(n, _)| *n == name).map(|f| &f.1);
        let domain = Value::Text(b"lab.example".as_slice().into());
        assert_eq!(value("dhcp.option.domain_name"), Some(&domain));
        assert_eq!(
            value("dhcp.option.router"),
            Some(&Value::Ipv4([10, 9, 0, 1]))
        );
        assert_eq!(
            found.last(),
            Some(&("dhcp.option.end", Value::Unsigned(255)))
        );
    }

    #[test]
    fn every_shorter_prefix_is_taken_calmly() {
        let message = ack();
        for end in 0..message.len() {
            let prefix = &message[..end];
            let parsed = Message::parse(prefix);
            assert_eq!(parsed.is_some(), end >= OPTIONS_AT);
            assert!(parsed.is_none_or(|m| !m.complete || !m.cookie));
            shown(prefix, end);
            shown(prefix, message.len());
        }
    }

    #[test]
    fn a_wrong_cookie_means_no_options() {
        let mut message = ack();
        message[OPTIONS_AT] ^= 1;
        let parsed = Message::parse(&message).expect("a message");
        assert!(!parsed.cookie && parsed.options.is_empty());
    }

    #[test]
    fn duplicates_are_kept_and_joined() {
        let message = with_options(&[119, 2, 3, b'l', 119, 3, b'a', b'b', 0, 255]);
        let parsed = Message::parse(&message).expect("a message");
        assert_eq!(parsed.options.len(), 2);
        assert_eq!(parsed.joined(119).as_deref(), Some(&b"\x03lab\x00"[..]));
        let found = shown(&message, message.len());
        let name = Value::Text(b"lab".as_slice().into());
        assert!(found.contains(&("dhcp.option.dhcp_dns_domain_search_list_fqdn", name)));
    }

    #[test]
    fn overloaded_fields_hold_options() {
        let mut message = with_options(&[53, 1, 2, 52, 1, 3, 255]);
        message[FILE_AT..FILE_AT + 7].copy_from_slice(&[51, 4, 0, 0, 0, 9, 255]);
        message[NAME_AT..NAME_AT + 7].copy_from_slice(&[1, 4, 255, 0, 0, 0, 255]);
        let parsed = Message::parse(&message).expect("a message");
        assert_eq!(parsed.number(51), Some(9));
        assert_eq!(parsed.address(1), Some([255, 0, 0, 0]));
        assert!(parsed.complete && parsed.file.is_empty());
        let found = shown(&message, message.len());
        assert!(found.contains(&("dhcp.option.ip_address_lease_time", Value::Unsigned(9))));
    }

    #[test]
    fn no_damaged_byte_panics() {
        let message = ack();
        for at in 0..message.len() {
            for value in [0, 1, 52, 61, 77, 81, 82, 90, 119, 120, 121, 125, 127, 255] {
                let mut damaged = message.clone();
                damaged[at] = value;
                Message::parse(&damaged);
                shown(&damaged, damaged.len());
            }
        }
    }
}
