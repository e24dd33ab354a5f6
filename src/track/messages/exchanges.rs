//! HTTP in a stream: where heads and bodies end, and which request a response belongs to, as Wireshark
//! counts them.

use super::waiting::{Chunks, Lines, Need};
use super::{Call, Kind, LONGEST_BODY, Message, Request, Stream};
use crate::capture::Time;
use crate::dissect::field::{Sink, Value};
use crate::dissect::http::{self, BodyLength};
use crate::dissect::layer::Protocol;
use crate::dissect::text;
use crate::dissect::{as_usize, ports};

/// How a request and its response belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HttpNote {
    /// Which exchange of the connection the message belongs to, from 1.
    pub exchange: u32,
    /// Which request of the connection this is, from 1.
    pub request_number: Option<u32>,
    /// Which response of the connection this is, from 1.
    pub response_number: Option<u32>,
    /// Frame of the request, on a response.
    pub request_in: Option<u32>,
    /// Frame of the response, on a request; known only after a first reading.
    pub response_in: Option<u32>,
    /// Nanoseconds from request to response, on a response.
    pub time: Option<i64>,
    /// What the request asked for, host included, on a response.
    pub request_uri: Option<Vec<u8>>,
    /// Request and response of the exchange before, as far as the message tells.
    pub previous: (Option<u32>, Option<u32>),
    /// Request and response of the exchange after, as far as the message tells.
    pub next: (Option<u32>, Option<u32>),
}

/// Of several requests in a frame, all show what is known of the last, and so do responses.
pub(super) fn show_the_last(messages: &mut [Message]) {
    for answer in [false, true] {
        let counted =
            |note: &HttpNote| note.exchange > 0 && note.response_number.is_some() == answer;
        let mut notes = messages.iter_mut().rev().filter_map(|m| m.http.as_mut());
        let Some(last) = notes.find(|note| counted(note)).cloned() else {
            continue;
        };
        for note in notes.filter(|note| counted(note)) {
            let request_uri = note.request_uri.take();
            *note = HttpNote {
                request_uri,
                ..last.clone()
            };
        }
    }
}

/// Wireshark counts exchanges more simply than RFC 9112 pairs them: each request begins one, and a
/// response one when the newest has its response, be that a mere `100 Continue`.
#[derive(Clone, Copy, Default)]
pub(super) struct Exchange {
    number: u32,
    request: Option<(u32, Time)>,
    answered: bool,
}

/// Hands over what ties requests and responses together.
pub(crate) fn emit(note: &HttpNote, sink: &mut Sink<'_>) {
    use crate::dissect::http::fields;
    let numbers = [
        (fields::REQUEST_NUMBER, note.request_number),
        (fields::RESPONSE_NUMBER, note.response_number),
        (fields::REQUEST_IN, note.request_in),
        (fields::RESPONSE_IN, note.response_in),
        (fields::PREV_REQUEST_IN, note.previous.0),
        (fields::PREV_RESPONSE_IN, note.previous.1),
        (fields::NEXT_REQUEST_IN, note.next.0),
        (fields::NEXT_RESPONSE_IN, note.next.1),
    ];
    for (index, number) in numbers {
        if let Some(number) = number {
            sink.unsigned(index, 0..0, number);
        }
    }
    if let Some(time) = note.time {
        sink.put(fields::TIME, 0..0, Value::Duration(time));
    }
    if let Some(uri) = &note.request_uri {
        let uri = text::ascii(uri).into_owned();
        sink.put(fields::RESPONSE_FOR_URI, 0..0, Value::Text(uri.into()));
    }
}

/// Hands over where the tunnel leads in which a payload is.
pub(crate) fn emit_tunnel((host, port): &(Vec<u8>, u16), sink: &mut Sink<'_>) {
    use crate::dissect::http::fields;
    let host = text::ascii(host).into_owned();
    sink.put(fields::PROXY_CONNECT_HOST, 0..0, Value::Text(host.into()));
    sink.unsigned(fields::PROXY_CONNECT_PORT, 0..0, *port);
}

impl Stream {
    /// The request that the next response answers, if it was seen.
    pub(super) fn answered_request(&self) -> Option<&Request> {
        let answered = usize::try_from(self.responses).unwrap_or(usize::MAX);
        self.requests.get(answered)
    }

    pub(super) fn http(
        &mut self,
        call: &mut Call,
        bytes: &[u8],
        can_wait: bool,
    ) -> (usize, Option<Need>) {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let method = self.answered_request().map(|r| r.method.clone());
            let head = if can_wait {
                http::parse_head(rest, method.as_deref())
            } else {
                http::parse_cut_head(rest, method.as_deref())
            };
            let Some(head) = head else {
                // Without the end of a line of text Wireshark waits for it.
                let area = &rest[..rest.len().min(http::LONGEST_HEAD)];
                // What begins like a message is one, when its line ends.
                let middle = match http::recognize(area) {
                    Some(_) => None,
                    None => http::body::middle(area),
                };
                if can_wait && middle.is_none() {
                    return (at, Some(Need::Lines(Lines::first(rest))));
                }
                // The middle of something: Wireshark shows it as a continuation of what it knows,
                // and lines that are headers wherever they are.
                let known = self.whole || self.seen && middle.as_ref().is_none_or(|m| m.text);
                if known || middle.is_some_and(|middle| middle.header) {
                    self.push(call, Protocol::Http, rest);
                }
                return (bytes.len(), None);
            };
            if !head.complete && can_wait {
                let lines = Lines::after(head.head_length, rest);
                return (at, Some(Need::Lines(lines)));
            }
            let body = rest.len() - head.head_length.min(rest.len());
            let body_length = match head.body {
                BodyLength::None => 0,
                BodyLength::Length(length) => match usize::try_from(length) {
                    Ok(length) if length <= body => length,
                    // Wireshark takes a length beyond this for none.
                    _ if can_wait && length > LONGEST_BODY => return (at, Some(Need::Fin)),
                    _ if can_wait => {
                        let all = (head.head_length as u64).saturating_add(length);
                        return (at, Some(Need::Bytes(all)));
                    }
                    _ => body,
                },
                BodyLength::Chunked => {
                    let mut chunks = Chunks::new(head.head_length, method.is_some());
                    match chunks.end(rest) {
                        Some(length) => length,
                        None if can_wait => return (at, Some(Need::Chunks(chunks))),
                        None => body,
                    }
                }
                BodyLength::UntilClose if can_wait => return (at, Some(Need::Fin)),
                BodyLength::UntilClose => body,
            };
            // The name of a header that the capture cuts is the message's too.
            let end = if head.cut_in_name {
                rest.len()
            } else {
                head.head_length + body_length
            };
            self.leave_http(&head);
            self.seen = true;
            self.whole |= head.complete || can_wait;
            let note = self.http_note(call, &head);
            self.push(call, Protocol::Http, &rest[..end.min(rest.len())]);
            if let Some(message) = call.out.last_mut() {
                message.http = (!head.cut_in_name).then_some(note);
            }
            at += end.max(1);
            if self.left_http {
                break;
            }
        }
        (bytes.len(), None)
    }

    /// What the connection is for from here on, when this response ends HTTP on it: a tunnel to
    /// what CONNECT named (RFC 9110 §9.3.6), whose port tells the protocol, or the protocol that
    /// both sides change to (§7.8).
    pub(super) fn leave_http(&mut self, head: &http::Head<'_>) {
        if head.kind != http::Kind::Response {
            return;
        }
        let request = self.answered_request();
        let connect = request.filter(|r| r.method == b"CONNECT" && head.code == Some(200));
        if let Some(uri) = connect.and_then(|request| request.uri.as_deref()) {
            let colon = uri.iter().rposition(|b| *b == b':');
            let (host, port) = uri.split_at(colon.unwrap_or(uri.len()));
            let port = std::str::from_utf8(port.get(1..).unwrap_or_default());
            let port = port.ok().and_then(|port| port.parse().ok()).unwrap_or(0);
            let host = host.to_vec();
            self.kind = match ports::tcp_protocol(port, port) {
                Some((Protocol::Tls, _)) => Kind::Tls,
                _ => Kind::Unknown,
            };
            self.ports = (port, port);
            self.tunnel = Some((host, port));
            self.left_http = true;
        } else if head.code == Some(101) {
            let to = head.header("upgrade").unwrap_or_default();
            let name = match to.to_ascii_lowercase().as_slice() {
                b"websocket" => "websocket",
                b"h2c" => "http2",
                _ => return,
            };
            self.kind = Kind::Named(name);
            self.left_http = true;
        }
    }

    /// Counts requests and responses, and pairs them.
    pub(super) fn http_note(&mut self, call: &mut Call, head: &http::Head<'_>) -> HttpNote {
        let mut note = HttpNote::default();
        match head.kind {
            // What is cut short in its head is not counted, though what it asks for is known.
            http::Kind::Request if head.cut_in_name => self.uri = Some(asked_for(head)),
            http::Kind::Request => {
                self.requests.push(Request {
                    method: head.method.iter().copied().take(32).collect(),
                    uri: Some(asked_for(head)),
                });
                if let Some(request) = self.requests.last() {
                    self.uri.clone_from(&request.uri);
                }
                self.exchange = Exchange {
                    number: self.exchange.number + 1,
                    request: Some((call.frame, call.time)),
                    answered: false,
                };
                note.request_number = Some(self.exchange.number);
            }
            http::Kind::Response => {
                if self.requests.len() <= as_usize(self.responses) {
                    // Whose request was not seen: the next request counts on from here.
                    self.requests.push(Request::default());
                }
                if head.code.is_none_or(|code| code / 100 != 1) {
                    self.responses += 1;
                }
                note.request_uri.clone_from(&self.uri);
                if head.cut_in_name {
                    return note;
                }
                if self.exchange.number == 0 || self.exchange.answered {
                    self.exchange = Exchange {
                        number: self.exchange.number + 1,
                        ..Exchange::default()
                    };
                }
                self.exchange.answered = true;
                note.response_number = Some(self.exchange.number);
                if let Some((frame, time)) = self.exchange.request {
                    note.request_in = Some(frame);
                    note.time = Some(call.time.since(time));
                }
            }
            http::Kind::Notification => {}
        }
        let counted = note.request_number.or(note.response_number);
        note.exchange = counted.unwrap_or(0);
        let answer = note.response_number.is_some();
        call.exchanges
            .extend(counted.map(|number| (answer, number)));
        note
    }
}

/// What a request asks for, with the host where it is named.
fn asked_for(head: &http::Head<'_>) -> Vec<u8> {
    head.full_uri().unwrap_or_else(|| head.uri.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::definition::State;

    fn message(note: HttpNote) -> Message {
        Message {
            protocol: Protocol::Http,
            bytes: Vec::new(),
            reported: 0,
            http: Some(note),
            state: State::default(),
            dns: None,
        }
    }

    #[test]
    fn of_several_in_a_frame_all_show_the_last_of_their_kind() {
        let request = |exchange| HttpNote {
            exchange,
            request_number: Some(exchange),
            ..HttpNote::default()
        };
        let response = |exchange, uri: &[u8]| HttpNote {
            exchange,
            response_number: Some(exchange),
            request_in: Some(10 + exchange),
            request_uri: Some(uri.to_vec()),
            ..HttpNote::default()
        };
        // What is not counted, as a head that is cut short, shows nothing.
        let mut messages = [
            message(request(4)),
            message(response(2, b"/a")),
            message(HttpNote::default()),
            message(request(5)),
            message(response(3, b"/b")),
            message(HttpNote::default()),
        ];
        show_the_last(&mut messages);
        let notes: Vec<HttpNote> = messages.iter().filter_map(|m| m.http.clone()).collect();
        assert_eq!((&notes[0], &notes[3]), (&request(5), &request(5)));
        assert_eq!(
            (&notes[1], &notes[4]),
            (&response(3, b"/a"), &response(3, b"/b"))
        );
        assert_eq!(
            (&notes[2], &notes[5]),
            (&HttpNote::default(), &HttpNote::default())
        );
    }
}
