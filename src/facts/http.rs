//! HTTP requests with their responses.

use super::{Absent, Milliseconds, Moment};
use std::net::IpAddr;

crate::states! {
    "How the end of a body is known." Transfer {
        Length "length" "By the Content-Length header.";
        Chunked "chunked" "It comes in chunks, the last of which is empty.";
        UntilClose "until-close" "It ends with the connection.";
    }
}

crate::states! {
    "Why no response is told." Lost {
        Never "never" "The connection, or the server's side of it, ended before one was sent.";
        Missing "missing" "The response is among the bytes that the capture misses.";
        Before "before" "The request was sent again, or captured late: it had come when a response was sent that stands before it in the capture.";
        Unclear "unclear" "Bytes are missing, and which of the responses after them is this request's cannot be told.";
    }
}

crate::states! {
    "Why there is no request, where the capture shows that none was sent." Unasked {
        Nothing "nothing" "The client had sent nothing when the response came.";
        Begun "begun" "The client had sent only the beginning of a request.";
        Other "other" "What the client had sent is no request of HTTP/1.";
        Answered "answered" "All that the client had asked was answered already.";
    }
}

/// Why there is no request.
fn unasked(e: &Exchange) -> Absent {
    match e.unasked {
        Some(Unasked::Nothing) => {
            Absent::never("the client had sent nothing when the response came")
        }
        Some(Unasked::Begun) => Absent::never(
            "the client had sent only the beginning of a request when the response came",
        ),
        Some(Unasked::Other) => Absent::never("what the client had sent is no request of HTTP/1"),
        Some(Unasked::Answered) => {
            Absent::never("all that the client had asked was answered already")
        }
        None if e.request_unclear => Absent::untold(
            "bytes are missing in the capture, and which of the requests before it this response answers cannot be told",
        ),
        None => Absent::untold("the request is not in the capture"),
    }
}

/// Why there is no response.
fn unanswered(e: &Exchange) -> Absent {
    match e.response_lost {
        Some(Lost::Never) => Absent::never(
            "the connection, or the server's side of it, ended before a response was sent",
        ),
        Some(Lost::Missing) => {
            Absent::untold("the response is among bytes that the capture misses")
        }
        Some(Lost::Before) => Absent::untold(
            "a response that stands before this request in the capture was sent when it had come: the request was sent again or captured late, and that response, or one that is missing, answers it",
        ),
        Some(Lost::Unclear) => Absent::untold(
            "bytes are missing in the capture, and which of the responses after them is this request's cannot be told",
        ),
        None => Absent::untold("no response is in the capture"),
    }
}

/// The end of a head is not in the capture, and what it says with it.
const CUT: Absent = Absent::untold("its head is cut in the capture");

fn no_request(e: &Exchange) -> Absent {
    match e.request_frame {
        Some(_) if e.request_head_cut => CUT,
        Some(_) => Absent::never("the request has no such header"),
        None => unasked(e),
    }
}

fn no_response(e: &Exchange) -> Absent {
    match e.response_frame {
        Some(_) if e.response_head_cut => CUT,
        Some(_) => Absent::never("the response has no such header"),
        None => unanswered(e),
    }
}

/// Why it cannot be told how long the answer took.
fn no_time(e: &Exchange) -> Absent {
    match (e.request_frame, e.response_frame) {
        (Some(_), Some(_)) if e.request_head_cut => CUT,
        (Some(_), Some(_)) if e.request_body_bytes.is_none() => Absent::untold(
            "the request is not whole in the capture: bytes are missing, or the client did not send it whole",
        ),
        (Some(_), Some(_)) => Absent::untold(
            "the response began before the request was whole in the capture, or the clock was set back",
        ),
        (None, _) => unasked(e),
        _ => unanswered(e),
    }
}

/// Why it cannot be told when the last byte came after the request.
fn no_whole_time(e: &Exchange) -> Absent {
    match e.response_last_frame {
        Some(_) => no_time(e),
        None => not_whole(e),
    }
}

fn not_whole(e: &Exchange) -> Absent {
    match e.response_frame {
        Some(_) if e.response_part_bytes.is_some() => {
            Absent::never("the connection ended before the response did")
        }
        Some(_) => Absent::untold(
            "the response is not whole in the capture: bytes are missing, or the server did not send it whole",
        ),
        None => unanswered(e),
    }
}

crate::fact! {
    "One HTTP request with its response; frames are those of the first byte."
    Exchange "exchanges" "exchange" by [request_frame, response_frame] {
        stream: u32, "TCP conversation, as tcp.stream.";
        client: IpAddr, "Who asked.";
        client_port: u16, "Its port.";
        server: IpAddr, "Who answered.";
        server_port: u16, "Its port.";
        request_frame: Option<u32>, "Frame with the first byte of the request." absent no_request;
        request_last_frame: Option<u32>, "Frame with the last byte of the request; of its head where the rest is not in the capture." absent no_request;
        request_time: Option<Moment>, "When the first byte of the request was seen." by [request_frame] absent no_request;
        method: Option<Vec<u8>>, "GET, POST and so on." by [request_frame] absent no_request;
        uri: Option<Vec<u8>>, "What was asked for." by [request_frame] absent no_request;
        host: Option<Vec<u8>>, "Host header." by [request_frame] absent no_request;
        version: Option<String>, "HTTP version of the request." by [request_frame] absent no_request;
        user_agent: Option<Vec<u8>>, "User-Agent header." by [request_frame] absent no_request;
        accept_language: Option<Vec<u8>>, "Accept-Language header: languages the client prefers." by [request_frame] absent no_request;
        if_modified_since: Option<Vec<u8>>, "If-Modified-Since header: send it only if it is newer." by [request_frame] absent no_request;
        if_none_match: Option<Vec<u8>>, "If-None-Match header: send it only if it is another version." by [request_frame] absent no_request;
        authorization: Option<Vec<u8>>, "Authorization header; user and password of Basic are decoded." by [request_frame] absent no_request;
        cookie: Option<Vec<u8>>, "Cookie header." by [request_frame] absent no_request;
        request_body_bytes: Option<u64>, "Bytes of the request's body." by [request_frame, request_last_frame] absent |e: &Exchange| match e.request_frame { Some(_) => Absent::untold("the request is not whole in the capture: bytes are missing, or the client did not send it whole"), None => unasked(e) };
        unasked: Option<Unasked>, "Why there is no request, where the capture shows that none was sent." by [response_frame] absent |_| Absent::inapplicable("the request is in the capture, or may have been sent and is not in it");
        request_unclear: bool, "Bytes are missing in the capture, and which of the requests before it this response answers cannot be told." by [response_frame];
        response_frame: Option<u32>, "Frame with the first byte of the response." absent no_response;
        response_last_frame: Option<u32>, "Frame with its last byte." absent not_whole;
        response_lost: Option<Lost>, "Why no response is told, where the capture shows that none was sent, or that bytes of the answering side are missing." absent |_| Absent::inapplicable("no response is known to be missing, or not to have been sent");
        status: Option<u16>, "Status code." by [response_frame] absent no_response;
        phrase: Option<Vec<u8>>, "The words after it." by [response_frame] absent no_response;
        response_version: Option<String>, "HTTP version of the response." by [response_frame] absent no_response;
        content_type: Option<Vec<u8>>, "Content-Type header of the response." by [response_frame] absent no_response;
        content_length: Option<u64>, "Content-Length header of the response." by [response_frame] absent no_response;
        last_modified: Option<Vec<u8>>, "Last-Modified header of the response." by [response_frame] absent no_response;
        etag: Option<Vec<u8>>, "ETag header of the response: names this version." by [response_frame] absent no_response;
        date: Option<Vec<u8>>, "Date header of the response." by [response_frame] absent no_response;
        set_cookie: Option<Vec<u8>>, "Set-Cookie header of the response." by [response_frame] absent no_response;
        www_authenticate: Option<Vec<u8>>, "WWW-Authenticate header of the response: it asks for a password." by [response_frame] absent no_response;
        connection: Option<Vec<u8>>, "Connection header of the response: keep-alive or close." by [response_frame] absent no_response;
        transfer: Option<Transfer>, "How the body's end is known." by [response_frame] absent |e: &Exchange| match e.response_frame { Some(_) if e.response_head_cut => CUT, Some(_) => Absent::inapplicable("the response has no body"), None => unanswered(e) };
        response_body_bytes: Option<u64>, "Bytes of the response's body, chunk framing not counted." by [response_frame, response_last_frame] absent not_whole;
        response_part_bytes: Option<u64>, "Bytes of the response's body that were sent, where the connection ended before the response did." by [response_frame] absent |e: &Exchange| match e.response_last_frame { Some(_) => Absent::inapplicable("the response is whole"), None if e.response_frame.is_some() => Absent::untold("bytes are missing in the capture, or its end came first"), None => unanswered(e) };
        location: Option<Vec<u8>>, "Location header: where a redirect points." by [response_frame] absent no_response;
        server_software: Option<Vec<u8>>, "Server header." by [response_frame] absent no_response;
        time_ms: Option<Milliseconds>, "From the end of the request to the first byte of the response." by [request_last_frame, response_frame] absent no_time;
        whole_time_ms: Option<Milliseconds>, "From the end of the request to the last byte of the response (Wireshark's http.time)." by [request_last_frame, response_last_frame] absent no_whole_time;
        complete: bool, "Whether the response is whole in the capture.";
        request_head_cut: bool, "Whether the end of the request's head is not in the capture: what it has beside what is told cannot be told.";
        response_head_cut: bool, "The same of the response.";
    }
}
