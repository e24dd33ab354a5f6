//! A first handout from a capture: its facts as questions to keep or delete, in the order a course
//! asks them.

use super::material::Material;
use super::{Found, Handout, answers};
use std::fmt::Write as _;
use std::path::Path;

/// A question that a draft may ask: what is looked for, where, and what is taken.
struct Offer {
    name: &'static str,
    what: &'static str,
    within: &'static str,
    filter: &'static str,
    text: &'static str,
    parts: &'static [(&'static str, &'static str, &'static str)],
}

const OFFERS: &[Offer] = &[
    Offer {
        name: "request",
        what: "the first ARP request that is answered",
        within: "arp",
        filter: "arp.kind == \"request\" && arp.reply_frame",
        text: "The first ARP request with a reply: who asks for which address, and what is the answer?",
        parts: &[
            ("sender", "ip", "arp.sender"),
            ("asked", "ip", "arp.asked"),
            ("answer", "mac", "arp.reply_mac"),
        ],
    },
    Offer {
        name: "lease",
        what: "a DHCP lease",
        within: "leases",
        filter: "lease.ack_frame",
        text: "DHCP: which address is given, by which server, with which mask and router?",
        parts: &[
            ("address", "ip", "lease.acknowledged"),
            ("server", "ip", "lease.server"),
            ("mask", "ip", "lease.subnet_mask"),
            ("router", "ip", "lease.router"),
        ],
    },
    Offer {
        name: "ping",
        what: "the first echo request with its reply",
        within: "pings",
        filter: "ping.reply_frame",
        text: "The first ping that is answered: source, destination and TTL.",
        parts: &[
            ("source", "ip", "ping.source"),
            ("destination", "ip", "ping.destination"),
            ("ttl", "int", "ping.ttl"),
        ],
    },
    Offer {
        name: "lookup",
        what: "the first DNS question that is answered",
        within: "lookups",
        filter: "lookup.response_frame && lookup.query_frame",
        text: "The first DNS lookup: which name is asked for, of which server, in which frames?",
        parts: &[
            ("name", "text", "lookup.name"),
            ("server", "ip", "lookup.server"),
            ("query", "frame", "lookup.query_frame"),
            ("response", "frame", "lookup.response_frame"),
        ],
    },
    Offer {
        name: "datagram",
        what: "the first UDP datagram that is answered",
        within: "datagrams",
        filter: "datagram.reply_frame",
        text: "The first UDP datagram that is answered: its ports and its payload.",
        parts: &[
            ("from", "port", "datagram.source_port"),
            ("to", "port", "datagram.destination_port"),
            ("payload", "int", "datagram.payload_bytes"),
        ],
    },
    Offer {
        name: "connection",
        what: "the first TCP connection with its handshake",
        within: "connections",
        filter: "connection.syn_frame && connection.synack_frame && connection.ack_frame",
        text: "The first TCP connection: its ports, and the frames of its handshake.",
        parts: &[
            ("client-port", "port", "connection.client_port"),
            ("server-port", "port", "connection.server_port"),
            ("syn", "frame", "connection.syn_frame"),
            ("synack", "frame", "connection.synack_frame"),
            ("ack", "frame", "connection.ack_frame"),
        ],
    },
    Offer {
        name: "exchange",
        what: "the first HTTP request with its response",
        within: "exchanges",
        filter: "exchange.request_frame && exchange.response_frame",
        text: "The first HTTP request: what is asked for, and which status comes back?",
        parts: &[
            ("uri", "text", "exchange.uri"),
            ("status", "int", "exchange.status"),
        ],
    },
];

/// Drafts a handout: of everything that can be asked, what this capture answers.
pub fn draft(capture: &Path) -> Result<String, String> {
    let all: Vec<&Offer> = OFFERS.iter().collect();
    let whole = Handout::parse(&write("draft", &all)).map_err(|problems| {
        let words: Vec<String> = problems.iter().map(|p| p.words.clone()).collect();
        format!("the draft does not hold together: {}", words.join("; "))
    })?;
    let material = Material::of_files(&whole, &[capture]);
    if let Some((name, reason)) = material.unreadable.first() {
        return Err(format!("{name}: {reason}"));
    }
    let found = Found::new(&whole, &material);
    let answers = answers(&whole, &material, &found);
    let kept: Vec<&Offer> = OFFERS
        .iter()
        .enumerate()
        .filter(|(q, _)| {
            answers
                .iter()
                .any(|a| a.question == *q && a.missing.is_none())
        })
        .map(|(_, offer)| offer)
        .collect();
    if kept.is_empty() {
        return Err("the capture holds nothing that a draft can ask about".into());
    }
    let id = capture
        .file_stem()
        .map_or("draft".into(), |s| s.to_string_lossy());
    let id: String = id
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    Ok(write(&id, &kept))
}

fn write(id: &str, offers: &[&Offer]) -> String {
    let mut out = format!(
        "id = \"{id}\"\ntitle = \"{id}\"\nabout = \"Keep the questions you want, and delete the others.\"\n"
    );
    for offer in offers {
        let _ = writeln!(
            out,
            "\n[let.{}]\nwhat = \"{}\"\nin = \"{}\"\nwhere = '{}'",
            offer.name, offer.what, offer.within, offer.filter
        );
    }
    for (number, offer) in offers.iter().enumerate() {
        let _ = writeln!(
            out,
            "\n[[question]]\nid = \"{}\"\ntext = \"{}\"",
            number + 1,
            offer.text
        );
        for (part, kind, take) in offer.parts {
            let _ = writeln!(
                out,
                "\n  [[question.part]]\n  id = \"{part}\"\n  type = \"{kind}\"\n  of = \"{}\"\n  take = \"{take}\"\n  points = 1\n  labels = [\"{}\"]",
                offer.name,
                part.replace('-', " ")
            );
        }
    }
    out
}
