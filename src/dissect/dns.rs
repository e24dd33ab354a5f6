//! DNS messages (RFC 1035), also as multicast DNS (RFC 6762) and LLMNR (RFC 4795).
//!
//! [`emit`] shows fields until the bytes run out; [`Message`] is what the tracker needs.

mod emit;
pub mod fields;
pub mod name;
mod records;

pub use emit::{emit, emit_tcp};
pub(crate) use fields::FIELDS;

use super::definition::{Definition, Found, Given, NOTHING, Names};
use super::field::Sink;
use super::layer::{Source, View};
use super::text;
use name::Name;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Everything about DNS.
pub const DEFINITION: Definition = Definition {
    layers: &[("dns", "Domain name system.")],
    title: "DNS",
    found: Found {
        udp: &[53],
        tcp: &[53],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit: emit_layer,
    strict: true,
    values: &[
        Names {
            fields: &["dns.qry.type", "dns.resp.type"],
            values: DNS_TYPES,
        },
        Names {
            fields: &["dns.qry.class", "dns.resp.class"],
            values: &[(1, "IN"), (3, "CH"), (4, "HS"), (254, "NONE"), (255, "ANY")],
        },
        Names {
            fields: &["dns.flags.opcode"],
            values: &[
                (0, "Standard query"),
                (1, "Inverse query"),
                (2, "Server status request"),
                (4, "Zone change notification"),
                (5, "Dynamic update"),
                (6, "DNS Stateful operations (DSO)"),
            ],
        },
        Names {
            fields: &["dns.flags.rcode"],
            values: &[
                (0, "No error"),
                (1, "Format error"),
                (2, "Server failure"),
                (3, "No such name"),
                (4, "Not implemented"),
                (5, "Refused"),
                (6, "Name exists"),
                (7, "RRset exists"),
                (8, "RRset does not exist"),
                (9, "Not authoritative"),
                (10, "Name out of zone"),
                (11, "DSO-Type not implemented"),
                (16, "Bad OPT Version or TSIG Signature Failure"),
                (17, "Key not recognized"),
                (18, "Signature out of time window"),
                (19, "Bad TKEY Mode"),
                (20, "Duplicate key name"),
                (21, "Algorithm not supported"),
                (22, "Bad Truncation"),
                (23, "Bad/missing Server Cookie"),
            ],
        },
    ],
    ..NOTHING
};

/// Everything about multicast DNS.
pub const MULTICAST: Definition = Definition {
    layers: &[("mdns", "Multicast DNS.")],
    title: "MDNS",
    found: Found {
        udp: &[5353],
        tcp: &[5353],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit: emit_layer,
    strict: true,
    ..NOTHING
};

/// Everything about LLMNR.
pub const LINK_LOCAL: Definition = Definition {
    layers: &[("llmnr", "Link-local multicast name resolution.")],
    title: "LLMNR",
    found: Found {
        udp: &[5355],
        ..Found::NOWHERE
    },
    fields: FIELDS,
    emit: emit_layer,
    strict: true,
    ..NOTHING
};

/// What Wireshark calls the types, beside their numbers and in filters.
const DNS_TYPES: &[(u64, &str)] = &[
    (0, "Unused"),
    (1, "A (Host Address)"),
    (2, "NS (authoritative Name Server)"),
    (3, "MD (Mail Destination)"),
    (4, "MF (Mail Forwarder)"),
    (5, "CNAME (Canonical NAME for an alias)"),
    (6, "SOA (Start Of a zone of Authority)"),
    (7, "MB (MailBox domain name)"),
    (8, "MG (Mail Group member)"),
    (9, "MR (Mail Rename domain)"),
    (10, "NULL RR"),
    (11, "WKS (Well Known Service)"),
    (12, "PTR (domain name PoinTeR)"),
    (13, "HINFO (host information)"),
    (14, "MINFO (Mailbox or mail list information)"),
    (15, "MX (Mail eXchange)"),
    (16, "TXT (Text strings)"),
    (17, "RP (Responsible Person)"),
    (18, "AFSDB (AFS Data Base location)"),
    (19, "X25 (XX.25 PSDN address)"),
    (20, "ISDN (ISDN address)"),
    (21, "RT (Route Through)"),
    (22, "NSAP (NSAP address)"),
    (23, "NSAP-PTR (NSAP domain name pointer)"),
    (24, "SIG (security signature)"),
    (25, "KEY (security key)"),
    (26, "PX (X.400 mail mapping information)"),
    (27, "GPOS (Geographical Position)"),
    (28, "AAAA (IPv6 Address)"),
    (29, "LOC (Location Information)"),
    (30, "NXT (Next Domain)"),
    (31, "EID (Endpoint Identifier)"),
    (32, "NIMLOC (Nimrod Locator)"),
    (33, "SRV (Server Selection)"),
    (34, "ATMA (ATM Address)"),
    (35, "NAPTR (Naming Authority Pointer)"),
    (36, "KX (Key Exchanger)"),
    (37, "CERT"),
    (38, "A6 (OBSOLETE - use AAAA)"),
    (39, "DNAME"),
    (40, "SINK"),
    (41, "OPT"),
    (42, "APL"),
    (43, "DS (Delegation Signer)"),
    (44, "SSHFP (SSH Key Fingerprint)"),
    (45, "IPSECKEY"),
    (46, "RRSIG (Resource Record Signature)"),
    (47, "NSEC (Next Secure)"),
    (48, "DNSKEY (DNS Public Key)"),
    (49, "DHCID"),
    (50, "NSEC3"),
    (51, "NSEC3PARAM"),
    (52, "TLSA"),
    (55, "HIP (Host Identity Protocol)"),
    (57, "RKEY"),
    (58, "TALINK (Trust Anchor LINK)"),
    (59, "CDS (Child DS)"),
    (60, "CDNSKEY (DNSKEY(s) the Child wants reflected in DS)"),
    (61, "OPENPGPKEY (OpenPGP Key)"),
    (62, "CSYNC (Child-to-Parent Synchronization)"),
    (63, "ZONEMD"),
    (64, "SVCB (General Purpose Service Endpoints)"),
    (65, "HTTPS (HTTPS Specific Service Endpoints)"),
    (99, "SPF"),
    (100, "UINFO"),
    (101, "UID"),
    (102, "GID"),
    (103, "UNSPEC"),
    (104, "NID (NodeID)"),
    (105, "L32 (Locator32)"),
    (106, "L64 (Locator64)"),
    (107, "LP (Locator FQDN)"),
    (108, "EUI48"),
    (109, "EUI64"),
    (249, "TKEY (Transaction Key)"),
    (250, "TSIG (Transaction Signature)"),
    (251, "IXFR (incremental transfer)"),
    (252, "AXFR (transfer of an entire zone)"),
    (253, "MAILB (mailbox-related RRs)"),
    (254, "MAILA (mail agent RRs)"),
    (
        255,
        "* (A request for all records the server/cache has available)",
    ),
    (256, "URI"),
    (257, "CAA (Certification Authority Restriction)"),
    (32768, "TA (DNSSEC Trust Authorities)"),
    (32769, "DLV (DNSSEC Lookaside Validation)"),
    (65281, "WINS"),
    (65282, "WINS-R"),
    (65422, "XPF"),
];

/// Their short names, as in Wireshark's packet list.
#[rustfmt::skip]
const SHORT_TYPES: &[(u64, &str)] = &[
    (0, "Unused"), (1, "A"), (2, "NS"), (3, "MD"), (4, "MF"), (5, "CNAME"), (6, "SOA"), (7, "MB"),
    (8, "MG"), (9, "MR"), (10, "NULL"), (11, "WKS"), (12, "PTR"), (13, "HINFO"), (14, "MINFO"),
    (15, "MX"), (16, "TXT"), (17, "RP"), (18, "AFSDB"), (19, "X25"), (20, "ISDN"), (21, "RT"),
    (22, "NSAP"), (23, "NSAP-PTR"), (24, "SIG"), (25, "KEY"), (26, "PX"), (27, "GPOS"),
    (28, "AAAA"), (29, "LOC"), (30, "NXT"), (31, "EID"), (32, "NIMLOC"), (33, "SRV"),
    (34, "ATMA"), (35, "NAPTR"), (36, "KX"), (37, "CERT"), (38, "A6"), (39, "DNAME"),
    (40, "SINK"), (41, "OPT"), (42, "APL"), (43, "DS"), (44, "SSHFP"), (45, "IPSECKEY"),
    (46, "RRSIG"), (47, "NSEC"), (48, "DNSKEY"), (49, "DHCID"), (50, "NSEC3"), (51, "NSEC3PARAM"),
    (52, "TLSA"), (55, "HIP"), (57, "RKEY"), (58, "TALINK"), (59, "CDS"), (60, "CDNSKEY"),
    (61, "OPENPGPKEY"), (62, "CSYNC"), (63, "ZONEMD"), (64, "SVCB"), (65, "HTTPS"), (99, "SPF"),
    (100, "UINFO"), (101, "UID"), (102, "GID"), (103, "UNSPEC"), (104, "NID"), (105, "L32"),
    (106, "L64"), (107, "LP"), (108, "EUI48"), (109, "EUI64"), (249, "TKEY"), (250, "TSIG"),
    (251, "IXFR"), (252, "AXFR"), (253, "MAILB"), (254, "MAILA"), (255, "ANY"), (256, "URI"),
    (257, "CAA"), (32768, "TA"), (32769, "DLV"), (65281, "WINS"), (65282, "WINS-R"),
    (65422, "XPF"),
];

fn emit_layer<'a>(given: &Given<'_, 'a>, sink: &mut Sink<'a>) -> Option<()> {
    match given.layer.source {
        Source::Stream => emit_tcp(&given.view, given.layer.protocol, sink),
        _ => emit(&given.view, given.layer.protocol, sink),
    }
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The name asked for, its unprintable characters spelled out.
    pub name: String,
    /// The type asked for.
    pub kind: u16,
    /// The class asked for.
    pub class: u16,
}

/// A record of the answer section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: u16,
    /// Its class.
    pub class: u16,
    /// Seconds it may be kept.
    pub ttl: u32,
    /// The address, of A and AAAA records.
    pub address: Option<IpAddr>,
    /// The data in words: an address, a name, a text; hexadecimal digits for what is not known.
    pub data: String,
}

/// A message, as the tracker needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Number that ties response and query.
    pub id: u16,
    /// All flags.
    pub flags: u16,
    /// How many questions and answers its header promises.
    pub counts: [u16; 2],
    /// The questions that could be read.
    pub questions: Vec<Question>,
    /// The answers that could be read.
    pub answers: Vec<Record>,
    /// The records of the authority section, read by [`Message::read_rest`].
    pub authorities: Vec<Record>,
    /// The records of the additional section, read by the same.
    pub additionals: Vec<Record>,
    /// Where the answers end.
    end: usize,
    /// Whether questions and answers could be read to their end.
    pub complete: bool,
}

impl Message {
    /// Whether this is a response.
    pub fn is_response(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// What is asked; 0 is a standard query.
    pub fn opcode(&self) -> u16 {
        self.flags >> 11 & 0xf
    }

    /// The result, with its upper bits in the OPT record where that was read (RFC 6891 §6.1.3); 0 is no
    /// error.
    pub fn rcode(&self) -> u16 {
        const OPT: u16 = 41;
        let extended = self.additionals.iter().find(|record| record.kind == OPT);
        let upper = extended.map_or(0, |record| record.ttl >> 24);
        self.flags & 0xf | u16::try_from(upper << 4).unwrap_or(0)
    }

    /// Whether a question asks for a whole zone, which takes several responses.
    pub fn is_transfer(&self) -> bool {
        self.questions.iter().any(|q| matches!(q.kind, 251 | 252))
    }

    /// Reads a message without the length that TCP puts before it. `None`: the header is not
    /// all there.
    pub fn parse(bytes: &[u8]) -> Option<Message> {
        let view = View {
            bytes,
            reported: bytes.len(),
            quoted: false,
        };
        let (questions, answers) = (view.u16(4)?, view.u16(6)?);
        view.slice(8..12)?;
        let mut message = Message {
            id: view.u16(0)?,
            flags: view.u16(2)?,
            counts: [questions, answers],
            questions: Vec::new(),
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
            end: 12,
            complete: false,
        };
        message.complete = message.sections(&view, questions, answers).is_some();
        Some(message)
    }

    fn sections(&mut self, view: &View<'_>, questions: u16, answers: u16) -> Option<()> {
        let mut at = 12;
        for _ in 0..questions {
            let (name, kind, class) = head(view, &mut at)?;
            let name = name.text();
            self.questions.push(Question { name, kind, class });
        }
        records(view, &mut at, answers, &mut self.answers)?;
        self.end = at;
        Some(())
    }

    /// Reads the two sections after the answers, as far as they can be read.
    pub fn read_rest(&mut self, bytes: &[u8]) {
        let view = View {
            bytes,
            reported: bytes.len(),
            quoted: false,
        };
        if !self.complete {
            return;
        }
        let mut at = self.end;
        let counts = view.u16(8).zip(view.u16(10));
        if let Some((authorities, additionals)) = counts
            && records(&view, &mut at, authorities, &mut self.authorities).is_some()
        {
            let _ = records(&view, &mut at, additionals, &mut self.additionals);
        }
    }
}

/// Reads so many records.
fn records(view: &View<'_>, at: &mut usize, count: u16, into: &mut Vec<Record>) -> Option<()> {
    for _ in 0..count {
        let (name, kind, class) = head(view, at)?;
        let ttl = view.u32(*at)?;
        let length = usize::from(view.u16(*at + 4)?);
        let range = *at + 6..*at + 6 + length;
        *at = range.end;
        let (address, data) = words(view.bytes, kind, range)?;
        into.push(Record {
            name: name.text(),
            kind,
            class,
            ttl,
            address,
            data,
        });
    }
    Some(())
}

/// Name, type and class.
fn head(view: &View<'_>, at: &mut usize) -> Option<(Name, u16, u16)> {
    let name = name::read(view.bytes, *at, 0, None)?;
    *at += name.used;
    let (kind, class) = (view.u16(*at)?, view.u16(*at + 2)?);
    *at += 4;
    Some((name, kind, class))
}

/// A record's data in words; `None` when it is not all there.
fn words(
    message: &[u8],
    kind: u16,
    range: std::ops::Range<usize>,
) -> Option<(Option<IpAddr>, String)> {
    let start = range.start;
    let data = message.get(range)?;
    let name = |skip: usize| Some(name::read(message, start + skip, 0, None)?.text());
    let number = |at: usize| {
        let bytes = data.get(at..)?.first_chunk::<2>()?;
        Some(u16::from_be_bytes(*bytes))
    };
    let shown = match kind {
        1 => {
            let address = Ipv4Addr::from(*data.first_chunk::<4>()?).into();
            return Some((Some(address), address.to_string()));
        }
        28 => {
            let address = Ipv6Addr::from(*data.first_chunk::<16>()?).into();
            return Some((Some(address), address.to_string()));
        }
        2..=5 | 7..=9 | 12 | 39 => name(0)?,
        6 => {
            let first = name::read(message, start, 0, None)?;
            let second = name::read(message, start + first.used, 0, None)?;
            format!("{} {}", first.text(), second.text())
        }
        15 | 36 => format!("{} {}", number(0)?, name(2)?),
        16 | 99 => strings(data),
        33 => format!("{} port {}", name(6)?, number(4)?),
        64 | 65 => format!("{} {}", number(0)?, name(2)?),
        _ => text::hex(data),
    };
    Some((None, shown))
}

/// The texts of a TXT record, with spaces between them.
fn strings(data: &[u8]) -> String {
    let mut found = Vec::new();
    let mut rest = data;
    while let Some((&length, after)) = rest.split_first() {
        let length = usize::from(length).min(after.len());
        found.push(text::spelled(after.get(..length).unwrap_or_default()));
        rest = after.get(length..).unwrap_or_default();
    }
    found.join(" ")
}

/// The short name of a record type: `AAAA`.
pub fn type_name(kind: u16) -> Option<&'static str> {
    let found = SHORT_TYPES
        .iter()
        .find(|(number, _)| *number == u64::from(kind))?;
    Some(found.1)
}

/// What a result means: `No such name`.
pub fn rcode_name(rcode: u16) -> Option<&'static str> {
    Some(match rcode {
        0 => "No error",
        1 => "Format error",
        2 => "Server failure",
        3 => "No such name",
        4 => "Not implemented",
        5 => "Refused",
        6 => "Name exists",
        7 => "RRset exists",
        8 => "RRset does not exist",
        9 => "Not authoritative",
        10 => "Name out of zone",
        11 => "DSO-Type not implemented",
        16 => "EDNS version not supported",
        23 => "Bad or missing server cookie",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
