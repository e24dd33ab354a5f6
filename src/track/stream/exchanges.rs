//! HTTP exchanges as they are kept: compact rows, with texts by number since most repeat, from which
//! facts are made when they are asked for.

use super::Piece;
use super::forms::{self, Said, Way};
use super::headers::{AUTHORIZATION, Fields, RARE};
use super::http::{Asked, First, Status};
use crate::capture::Time;
use crate::dissect::{as_usize, http as lenient};
use crate::facts::http::{Exchange, Lost, Transfer, Unasked};
use crate::facts::{Milliseconds, Moment, OUTSTANDING};
use crate::track::chunks::Chunks;
use crate::track::room::Room;
use crate::track::tcp::Connections;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::net::IpAddr;

/// An exchange as kept: texts by number, since most repeat.
#[derive(Clone, Copy)]
struct Row {
    stream: u32,
    client_side: u8,
    request: bool,
    head_only: bool,
    connect: bool,
    code: u16,
    chunked: bool,
    request_complete: bool,
    response_complete: bool,
    request_cut: bool,
    response_cut: bool,
    /// The server's side ended before a response, or the connection in the body of one.
    left: bool,
    lost: Option<Lost>,
    unasked: Option<Unasked>,
    request_unclear: bool,
    /// What a response without a request acknowledges.
    acked: u32,
    request_frame: u32,
    response_frame: u32,
    response_first_frame: u32,
    method: u32,
    uri: u32,
    host: u32,
    agent: u32,
    version: u8,
    phrase: u32,
    content_type: u32,
    location: u32,
    server: u32,
    content_length: Option<u64>,
    request_body: u64,
    response_body: u64,
    /// When the first byte of the request was seen, and when the last one.
    request_begun: Time,
    request_time: Time,
    response_time: Option<Time>,
    response_last_time: Option<Time>,
    request_last_frame: u32,
    response_version: u8,
    date: u32,
    /// Numbers of the texts of [`RARE`], by their place.
    rare: [u32; RARE.len()],
}

impl Row {
    /// Whether the response opened a tunnel: it has no body then (RFC 9110 §9.3.6).
    pub(super) fn is_tunnel(&self) -> bool {
        self.connect && self.code / 100 == 2
    }

    /// Whether the client has said nothing but that it is done, before the response came.
    fn said_nothing(&self, tcp: &Connections) -> Option<Unasked> {
        if self.request || self.acked == 0 {
            return None;
        }
        let connection = tcp.connection(as_usize(self.stream))?;
        let nothing = connection.client_bytes == 0 && connection.client_unseen_bytes == 0;
        let fin = connection.client_isn?.wrapping_add(2);
        (nothing && self.acked == fin).then_some(Unasked::Nothing)
    }

    /// Whether the connection, or the server's side of it, ended before a response, or before its end:
    /// `server` is its address and port.
    fn was_left(&self, server: (IpAddr, u16), tcp: &Connections) -> bool {
        let unanswered = self.code == 0 && self.request;
        if !unanswered && !self.left {
            return false;
        }
        tcp.connection(as_usize(self.stream)).is_some_and(|c| {
            let own = (c.server, c.server_port) == server;
            let one = c.later_connections == 0 && !c.port_reuse;
            own && one && c.server_whole && (self.left || c.server_bytes == 0)
        })
    }

    /// Whether the response has no body, whatever its header says.
    fn is_head_only(&self) -> bool {
        self.head_only || self.is_tunnel() || matches!(self.code, 101 | 204 | 304)
    }
}

/// All exchanges.
#[derive(Default)]
pub struct Exchanges {
    rows: Chunks<Row>,
    texts: Vec<Box<[u8]>>,
    numbers: HashMap<Box<[u8]>, u32, RandomState>,
    /// The numbers of the newest texts, by their lengths.
    recent: [u32; 16],
    /// Passwords that requests carry otherwise.
    said: Vec<Said>,
    /// Places of exchanges whose request says who asks, with the frame in which its head ends.
    authorized: Vec<(u32, u32)>,
}

/// Most requests that say who asks are told.
const MOST_AUTHORIZED: usize = 100_000;

impl Exchanges {
    /// Places of the exchanges whose request says who asks, by an Authorization header, with the
    /// frame in which its head ends.
    pub fn authorized(&self) -> &[(u32, u32)] {
        &self.authorized
    }

    /// Passwords in forms, and those for proxies.
    pub fn said(&self) -> &[Said] {
        &self.said
    }

    /// Notes a password that the request of an exchange carries.
    pub(super) fn say(&mut self, row: usize, frame: u32, way: Way, user: Option<String>) {
        if self.said.has_room(MOST_AUTHORIZED) {
            let row = u32::try_from(row).unwrap_or(u32::MAX);
            self.said.push(Said {
                row,
                frame,
                way,
                user,
            });
        }
    }

    fn text(&mut self, text: Option<&[u8]>) -> u32 {
        let Some(text) = text else { return u32::MAX };
        // Most texts are those of the message before.
        let length = text.len() & 15;
        let recent = self.recent[length];
        if self
            .texts
            .get(as_usize(recent))
            .is_some_and(|t| **t == *text)
        {
            return recent;
        }
        if let Some(number) = self.numbers.get(text) {
            self.recent[length] = *number;
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        number
    }

    fn blank(piece: &Piece<'_>, client_side: usize) -> Row {
        Row {
            stream: piece.stream,
            client_side: u8::from(client_side == 1),
            request: false,
            head_only: false,
            connect: false,
            code: 0,
            chunked: false,
            request_complete: false,
            response_complete: false,
            request_cut: false,
            response_cut: false,
            left: false,
            lost: None,
            unasked: None,
            request_unclear: false,
            acked: 0,
            request_frame: 0,
            response_frame: 0,
            response_first_frame: 0,
            method: u32::MAX,
            uri: u32::MAX,
            host: u32::MAX,
            agent: u32::MAX,
            version: 0,
            phrase: u32::MAX,
            content_type: u32::MAX,
            location: u32::MAX,
            server: u32::MAX,
            content_length: None,
            request_body: 0,
            response_body: 0,
            request_begun: piece.time,
            request_time: piece.time,
            response_time: None,
            response_last_time: None,
            request_last_frame: 0,
            response_version: 0,
            date: u32::MAX,
            rare: [u32::MAX; RARE.len()],
        }
    }

    pub(super) fn request(
        &mut self,
        piece: &Piece<'_>,
        first: Option<First>,
        request: &Asked<'_>,
        fields: &Fields<'_>,
        side: usize,
    ) -> usize {
        let row = Row {
            request: true,
            request_cut: fields.cut,
            head_only: request.method == b"HEAD",
            connect: request.method == b"CONNECT",
            version: request.version,
            request_frame: first.map_or(piece.frame, |f| f.frame),
            request_begun: first.map_or(piece.time, |f| f.time),
            request_last_frame: first.map_or(piece.frame, |f| piece.whole(f.frame).0),
            rare: fields.asked().map(|text| self.text(text)),
            method: self.text(Some(request.method)),
            uri: self.text(Some(request.uri)),
            host: self.text(fields.host),
            agent: self.text(fields.agent),
            ..Self::blank(piece, side)
        };
        let authorized = row.rare[AUTHORIZATION] != u32::MAX;
        let place = self.rows.push(row);
        if authorized && self.authorized.has_room(MOST_AUTHORIZED) {
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            self.authorized.push((place, piece.frame));
        }
        if let Some(found) = forms::in_query(request.uri) {
            let frame = first.map_or(piece.frame, |f| f.frame);
            self.say(place, frame, Way::Query(found.field), found.user);
        }
        if let Some(plain) = fields.proxy.and_then(lenient::basic_credentials) {
            let mut parts = plain.splitn(2, |b| *b == b':');
            let name = parts.next().unwrap_or_default();
            let user = String::from_utf8_lossy(name).chars().take(64).collect();
            // Without a password there is nothing to read.
            if parts.next().is_some_and(|password| !password.is_empty()) {
                self.say(place, piece.frame, Way::Proxy, Some(user));
            }
        }
        place
    }

    /// A response whose request is not in the capture.
    pub(super) fn unasked(
        &mut self,
        piece: &Piece<'_>,
        side: usize,
        acked: u32,
        (unasked, unclear): (Option<Unasked>, bool),
    ) -> usize {
        self.rows.push(Row {
            acked,
            unasked,
            request_unclear: unclear,
            ..Self::blank(piece, 1 - side)
        })
    }

    /// Gives whether the response can have no body.
    pub(super) fn response(
        &mut self,
        row: usize,
        piece: &Piece<'_>,
        first: Option<First>,
        response: &Status<'_>,
        fields: &Fields<'_>,
    ) -> bool {
        let (first_frame, first_time) =
            first.map_or((piece.frame, piece.time), |f| (f.frame, f.time));
        let numbers = [
            Some(response.phrase).filter(|r| !r.is_empty()),
            fields.content_type,
            fields.location,
            fields.server,
        ]
        .map(|text| self.text(text));
        let date = self.text(fields.date);
        let rare = fields.rare.map(|text| self.text(text));
        let row = &mut self.rows[row];
        [row.phrase, row.content_type, row.location, row.server] = numbers;
        for (kept, new) in row.rare.iter_mut().zip(rare) {
            // What only a response has; a request's stays.
            *kept = if *kept == u32::MAX { new } else { *kept };
        }
        row.date = date;
        row.response_version = response.version;
        row.code = response.code;
        row.response_first_frame = first_frame;
        row.response_time = Some(first_time);
        row.content_length = fields.length;
        row.chunked = fields.chunked;
        row.response_cut = fields.cut;
        row.is_head_only()
    }

    /// Whether a response opened a tunnel.
    pub(super) fn is_tunnel(&self, row: usize) -> bool {
        self.rows.get(row).is_some_and(Row::is_tunnel)
    }

    pub(super) fn complete(&mut self, row: usize, request: bool, piece: &Piece<'_>, body: u64) {
        let Some(row) = self.rows.get_mut(row) else {
            return;
        };
        if request {
            let (frame, time) = piece.whole(row.request_frame);
            row.request_body = body;
            row.request_last_frame = frame;
            row.request_time = time;
            row.request_complete = true;
        } else {
            let (frame, time) = piece.whole(row.response_first_frame);
            row.response_body = body;
            row.response_frame = frame;
            row.response_last_time = Some(time);
            row.response_complete = true;
        }
    }

    /// Notes that the server's side ended before a response, or the connection after so many bytes of
    /// its body.
    pub(super) fn leave(&mut self, row: usize, body: u64) {
        if let Some(row) = self.rows.get_mut(row) {
            row.left = true;
            row.response_body = body;
        }
    }

    /// Notes why no response of an exchange is told.
    pub(super) fn lose(&mut self, row: usize, why: Lost) {
        if let Some(row) = self.rows.get_mut(row) {
            row.lost = Some(why);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// How much an exchange matters: errors and missing answers first.
    pub fn weight(&self, index: usize) -> u64 {
        // They are asked one after another.
        self.rows.fetch(index + 8);
        self.rows.get(index).map_or(0, |row| {
            u64::from(row.code == 0 || row.code >= 400) * OUTSTANDING
        })
    }

    /// One exchange; `ends` tells the two ends of a stream, first sender first.
    pub fn exchange(&self, index: usize, tcp: &Connections) -> Option<Exchange> {
        let row = self.rows.get(index)?;
        let ends = tcp.ends(as_usize(row.stream))?;
        let client = ends[usize::from(row.client_side)];
        let server = ends[1 - usize::from(row.client_side)];
        let text = |n: u32| self.texts.get(as_usize(n)).map(|t| t.to_vec());
        let frame = |n: u32| (n != 0).then_some(n);
        let left = !row.response_complete && row.was_left(server, tcp);
        let never = (left && row.code == 0).then_some(Lost::Never);
        Some(Exchange {
            stream: row.stream,
            client: client.0,
            client_port: client.1,
            server: server.0,
            server_port: server.1,
            request_frame: frame(row.request_frame),
            request_last_frame: frame(row.request_last_frame),
            request_time: (row.request && row.request_begun != Time::default())
                .then_some(Moment(row.request_begun.0)),
            method: text(row.method),
            uri: text(row.uri),
            host: text(row.host),
            version: row.request.then(|| format!("1.{}", row.version)),
            user_agent: text(row.agent),
            accept_language: text(row.rare[0]),
            if_modified_since: text(row.rare[1]),
            if_none_match: text(row.rare[2]),
            authorization: text(row.rare[AUTHORIZATION]).map(decoded),
            cookie: text(row.rare[4]),
            last_modified: text(row.rare[5]),
            etag: text(row.rare[6]),
            set_cookie: text(row.rare[7]),
            www_authenticate: text(row.rare[8]),
            connection: text(row.rare[9]),
            response_version: (row.code != 0).then(|| format!("1.{}", row.response_version)),
            date: text(row.date),
            unasked: row.unasked.or_else(|| row.said_nothing(tcp)),
            request_body_bytes: row.request_complete.then_some(row.request_body),
            response_frame: frame(row.response_first_frame),
            response_last_frame: frame(row.response_frame),
            response_lost: row.lost.or(never),
            request_unclear: row.request_unclear,
            status: (row.code != 0).then_some(row.code),
            phrase: text(row.phrase),
            content_type: text(row.content_type),
            content_length: row.content_length,
            transfer: match (row.code, row.chunked, row.content_length) {
                (0, ..) => None,
                _ if row.is_head_only() => None,
                (_, true, _) => Some(Transfer::Chunked),
                (_, _, Some(_)) => Some(Transfer::Length),
                _ if row.response_cut => None,
                _ => Some(Transfer::UntilClose),
            },
            response_body_bytes: (row.response_complete).then_some(row.response_body),
            response_part_bytes: (left && row.code != 0).then_some(row.response_body),
            location: text(row.location),
            server_software: text(row.server),
            time_ms: row
                .response_time
                .filter(|t| row.request_complete && *t >= row.request_time)
                .map(|t| Milliseconds::from_nanoseconds(t.since(row.request_time))),
            whole_time_ms: row
                .response_last_time
                .filter(|t| row.request_complete && row.response_complete && *t >= row.request_time)
                .map(|t| Milliseconds::from_nanoseconds(t.since(row.request_time))),
            complete: row.response_complete,
            request_head_cut: row.request_cut,
            response_head_cut: row.response_cut,
        })
    }
}

/// User and password of Basic authorization in clear (RFC 7617 §2), for whoever reads the capture
/// can read them too.
fn decoded(value: Vec<u8>) -> Vec<u8> {
    match lenient::basic_credentials(&value) {
        Some(plain) => [b"Basic ".as_slice(), &plain].concat(),
        None => value,
    }
}
