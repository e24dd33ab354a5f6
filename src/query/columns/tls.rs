//! TLS: the records of a segment, one after the other.

use super::{Said, says, wanted};
use crate::dissect::field::{Sink, Value};
use crate::dissect::layer::{Protocol, View};
use crate::dissect::meaning;
use crate::dissect::tls::{self, content, fields};
use crate::query::frames::Reading;

/// Whether the server's hello whose type stands here asks for another one of the client.
fn asks_again(bytes: &[u8], kind: &std::ops::Range<usize>) -> bool {
    let message = bytes.get(kind.start..).unwrap_or_default();
    matches!(tls::parse_hello(message), Some(tls::Hello::Server(hello)) if hello.retry)
}

/// What the records say; `None` where there is none.
pub(super) fn said(reading: &Reading<'_, '_>) -> Option<Said> {
    let mut parts: Vec<String> = Vec::new();
    let mut version = None;
    for message in &reading.said.messages {
        if message.protocol != Protocol::Tls {
            continue;
        }
        let view = View {
            bytes: &message.bytes,
            reported: message.reported,
            quoted: false,
        };
        let mut sink = Sink::new(wanted(&[
            fields::RECORD_VERSION,
            fields::CONTENT_TYPE,
            fields::OPAQUE_TYPE,
            fields::HANDSHAKE,
            fields::HANDSHAKE_TYPE,
            fields::ALERT_LEVEL,
            fields::ALERT_DESCRIPTION,
        ]));
        let mut state = message.state.tls;
        let session = state.version;
        tls::emit(&view, &mut state, &mut sink);
        let mut hello_version = None;
        for found in &sink.found {
            let Value::Unsigned(number) = found.value else {
                if found.index == fields::HANDSHAKE {
                    parts.push("Encrypted Handshake Message".to_owned());
                }
                continue;
            };
            match found.index {
                fields::RECORD_VERSION => hello_version = Some(number),
                fields::CONTENT_TYPE | fields::OPAQUE_TYPE => match u8::try_from(number) {
                    Ok(content::CHANGE_CIPHER_SPEC) => parts.push("Change Cipher Spec".into()),
                    Ok(content::ALERT) => parts.push("Encrypted Alert".into()),
                    Ok(content::APPLICATION_DATA) => parts.push("Application Data".into()),
                    Ok(content::HEARTBEAT) => parts.push("Heartbeat".into()),
                    _ => {}
                },
                fields::HANDSHAKE_TYPE => {
                    // The mark before it was of this message.
                    if parts
                        .last()
                        .is_some_and(|p| p == "Encrypted Handshake Message")
                    {
                        parts.pop();
                    }
                    let name = meaning::name("tls.handshake.type", number);
                    let retry = found.index == fields::HANDSHAKE_TYPE
                        && number == 2
                        && asks_again(&message.bytes, &found.bytes);
                    let name = if retry {
                        Some("Hello Retry Request")
                    } else {
                        name
                    };
                    parts.push(name.unwrap_or("Unknown Handshake Type").to_owned());
                }
                fields::ALERT_LEVEL => {
                    parts.pop();
                    let name = meaning::name("tls.alert_message.level", number);
                    parts.push(format!("Alert (Level: {}", name.unwrap_or("Unknown")));
                }
                fields::ALERT_DESCRIPTION => {
                    let name = meaning::name("tls.alert_message.desc", number);
                    if let Some(last) = parts.last_mut() {
                        let name = name.unwrap_or("Unknown");
                        *last = format!("{last}, Description: {name})");
                    }
                }
                _ => {}
            }
        }
        if sink.found.is_empty() {
            let known = session != 0;
            parts.push(
                match known {
                    true => "Ignored Unknown Record",
                    false => "Continuation Data",
                }
                .to_owned(),
            );
        }
        let spoken = match session {
            0 => state.version,
            known => known,
        };
        version = match spoken {
            0 => hello_version.or(version),
            known => Some(u64::from(known)),
        };
    }
    let name = match version {
        Some(2) => "SSLv2",
        Some(0x0300) => "SSLv3",
        Some(0x0301) => "TLSv1",
        Some(0x0302) => "TLSv1.1",
        Some(0x0303) => "TLSv1.2",
        Some(0x0304 | 0x7f00..=0x7fff) => "TLSv1.3",
        _ => "SSL",
    };
    (!parts.is_empty()).then(|| says(name, parts.join(", ")))
}
