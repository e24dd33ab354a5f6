//! TLS records in a stream.

use super::waiting::Need;
use super::{Call, Message, Stream};
use crate::dissect::definition::State;
use crate::dissect::field::{Sink, Wanted};
use crate::dissect::layer::{Protocol, View};
use crate::dissect::tls;

impl Stream {
    /// Records; of one that is cut but ends within what was on the wire, what is there.
    pub(super) fn tls(
        &mut self,
        call: &mut Call,
        bytes: &[u8],
        cut: Option<usize>,
    ) -> (usize, Option<Need>) {
        let mut at = tls::ssl2_hello(bytes).unwrap_or(0);
        let (mut need, mut reported) = (None, 0);
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if rest.len() < tls::RECORD_HEADER && tls::may_begin(rest) {
                need = Some(Need::OneMore);
                break;
            }
            let Some(record) = tls::Record::parse(rest) else {
                // No record: Wireshark shows the layer and nothing in it.
                at = bytes.len();
                break;
            };
            let length = tls::RECORD_HEADER + record.length;
            if rest.len() < length {
                match cut {
                    None => need = Some(Need::Bytes(length as u64)),
                    Some(cut) if at + length <= cut => {
                        reported = at + length;
                        at = bytes.len();
                    }
                    // It goes on in another segment, which is not waited for: the layer alone.
                    Some(_) if at == 0 => at = bytes.len(),
                    Some(_) => {}
                }
                break;
            }
            at += length;
        }
        if at > 0 {
            let (bytes, reported) = (&bytes[..at], reported.max(at));
            let message = tls_message(bytes, reported, &mut self.tls, call.side);
            call.out.push(message);
        }
        (at, need)
    }
}

/// A message of TLS records; moves the states of both directions on.
pub(in crate::track) fn tls_message(
    bytes: &[u8],
    reported: usize,
    states: &mut [tls::State; 2],
    side: usize,
) -> Message {
    let message = Message {
        protocol: Protocol::Tls,
        bytes: bytes.to_vec(),
        reported,
        http: None,
        state: State {
            tls: states[side],
            ..State::default()
        },
        dns: None,
    };
    let view = View {
        bytes,
        reported,
        quoted: false,
    };
    let mut nothing = Sink::new(Wanted::default());
    tls::emit(&view, &mut states[side], &mut nothing);
    let tls13 = states.iter().any(|state| state.tls13);
    let version = states[side].version;
    for state in states {
        state.version = if version == 0 { state.version } else { version };
        state.tls13 = tls13;
    }
    message
}
