//! HTTP requests with their responses.

use super::{Milliseconds, Moment};
use std::net::IpAddr;

crate::fact! {
    "One HTTP request with its response; frames are those of the first byte."
    Exchange "exchanges" "exchange" {
        stream: u32, "TCP conversation, as tcp.stream.";
        client: IpAddr, "Who asked.";
        client_port: u16, "Its port.";
        server: IpAddr, "Who answered.";
        server_port: u16, "Its port.";
        request_frame: Option<u32>, "Frame with the first byte of the request.";
        request_time: Option<Moment>, "When the request was complete.";
        method: Option<Vec<u8>>, "GET, POST and so on.";
        uri: Option<Vec<u8>>, "What was asked for.";
        host: Option<Vec<u8>>, "Host header.";
        version: Option<String>, "HTTP version of the request.";
        user_agent: Option<Vec<u8>>, "User-Agent header.";
        request_body_bytes: Option<u64>, "Bytes of the request's body.";
        response_frame: Option<u32>, "Frame with the first byte of the response.";
        response_last_frame: Option<u32>, "Frame with its last byte.";
        status: Option<u16>, "Status code.";
        phrase: Option<Vec<u8>>, "The words after it.";
        content_type: Option<Vec<u8>>, "Content-Type header of the response.";
        content_length: Option<u64>, "Content-Length header of the response.";
        transfer: Option<&'static str>, "How the body's end is known: length, chunked or until-close.";
        response_body_bytes: Option<u64>, "Bytes of the response's body, chunk framing not counted; unknown when it is not whole.";
        location: Option<Vec<u8>>, "Location header: where a redirect points.";
        server_software: Option<Vec<u8>>, "Server header.";
        time_ms: Option<Milliseconds>, "From the end of the request to the first byte of the response.";
        complete: bool, "Whether the response is whole in the capture.";
    }
}
