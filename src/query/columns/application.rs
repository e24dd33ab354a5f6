//! HTTP, SSDP and DHCP.

use super::{Read, Said, says};
use crate::dissect::field::Value;
use crate::dissect::layer::{Layer, Protocol};
use crate::dissect::{dhcp, http, text};
use crate::query::frames::Reading;

/// The messages of HTTP that end in a segment.
pub(super) fn http(reading: &Reading<'_, '_>) -> Said {
    let mut parts = Vec::new();
    let mut protocol = "HTTP";
    for message in &reading.said.messages {
        if message.protocol != Protocol::Http {
            continue;
        }
        let (name, line) = one(&message.bytes);
        parts.push(line);
        protocol = name;
    }
    says(protocol, parts.join(", "))
}

/// SSDP is HTTP in datagrams.
pub(super) fn ssdp(reading: &Reading<'_, '_>, layer: &Layer) -> Said {
    let bytes = reading.packet.view(layer).bytes;
    says("SSDP", one(bytes).1)
}

/// The first line, and what the body is.
fn one(bytes: &[u8]) -> (&'static str, String) {
    let Some(line) = http::start_line(bytes) else {
        return ("HTTP", "Continuation".to_owned());
    };
    let mut out = text::spelled(line);
    out.push(' ');
    let Some(head) = http::parse_cut_head(bytes, None) else {
        return ("HTTP", out);
    };
    let kind = head.header("content-type").unwrap_or_default();
    let kind = kind.split(|b| *b == b';').next().unwrap_or_default();
    let kind = String::from_utf8_lossy(kind.trim_ascii()).to_ascii_lowercase();
    let shown = match http::body::protocol(bytes) {
        Some("png") => " (PNG)".to_owned(),
        Some("image-jfif") => " (JPEG JFIF image)".to_owned(),
        Some("image-gif") => {
            let body = http::body::of(bytes);
            let version = String::from_utf8_lossy(body.get(..6).unwrap_or_default());
            format!(" ({version})")
        }
        Some("json") => {
            return (
                "HTTP/JSON",
                format!("{out}, JavaScript Object Notation ({kind})"),
            );
        }
        Some("xml") => return ("HTTP/XML", out),
        Some("ocsp") => {
            let answer = head.kind == http::Kind::Response;
            return (
                "OCSP",
                if answer { "Response" } else { "Request" }.to_owned(),
            );
        }
        Some("data-text-lines" | "urlencoded-form" | "media" | "mime_multipart") => {
            format!(" ({kind})")
        }
        _ => String::new(),
    };
    ("HTTP", out + &shown)
}

/// DHCP, or BOOTP without a message type.
pub(super) fn dhcp(reading: &Reading<'_, '_>, layer: &Layer) -> Said {
    use dhcp::fields as f;
    let read = Read::layer(reading, layer, &[f::DHCP, f::ID, f::TYPE, f::HW_MAC_ADDR]);
    let Some(Value::Unsigned(kind)) = read.first(f::DHCP) else {
        let mac = read.text(f::HW_MAC_ADDR);
        return match read.number(f::TYPE) {
            Some(1) => says("BOOTP", format!("Boot Request from {mac} ({mac})")),
            Some(2) => says("BOOTP", "Boot Reply"),
            other => {
                let other = other.unwrap_or_default();
                says("BOOTP", format!("Unknown BOOTP message type ({other})"))
            }
        };
    };
    const NAMES: &[&str] = &[
        "Discover",
        "Offer   ",
        "Request ",
        "Decline ",
        "ACK     ",
        "NAK     ",
        "Release ",
        "Inform  ",
        "Force Renew",
        "Lease query",
        "Lease Unassigned",
        "Lease Unknown",
        "Lease Active",
        "Bulk Lease Query",
        "Lease Query Done",
        "Active LeaseQuery",
        "Lease Query Status",
        "TLS",
    ];
    let name = usize::try_from(*kind)
        .ok()
        .and_then(|n| NAMES.get(n.checked_sub(1)?));
    let name = name.map_or_else(
        || format!("Unknown Message Type (0x{kind:02x})"),
        |n| (*n).to_owned(),
    );
    let id = read.number(f::ID).unwrap_or_default();
    says("DHCP", format!("DHCP {name} - Transaction ID 0x{id:x}"))
}
