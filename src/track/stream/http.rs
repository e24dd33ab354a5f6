//! HTTP/1 messages in a stream (RFC 9112): requests with their responses, on persistent and
//! pipelined connections; bodies by length, chunked, or until the connection closes.

use super::Piece;
use crate::capture::Time;
use crate::dissect::{as_usize, http as lenient};
use crate::facts::http::{Exchange, Transfer};
use crate::facts::{Milliseconds, Moment};
use crate::track::chunks::Chunks;
use foldhash::fast::RandomState;
use std::collections::{HashMap, VecDeque};
use std::mem::MaybeUninit;

/// Longest head that is waited for.
const MOST_HEAD: usize = 64 << 10;
/// Most header fields of a message.
const MOST_FIELDS: usize = 128;

/// A request's first line.
struct Asked<'a> {
    version: u8,
    method: &'a [u8],
    uri: &'a [u8],
}

/// A response's first line.
struct Status<'a> {
    version: u8,
    code: u16,
    phrase: &'a [u8],
}

/// Whether these bytes begin an HTTP message.
pub(super) fn begins(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"HTTP/1") {
        return true;
    }
    // A method is upper case and short; most of what streams carry ends here.
    let word = bytes.iter().take(20).position(|b| *b == b' ');
    word.is_some_and(|end| {
        bytes[..end]
            .iter()
            .all(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_'))
            && lenient::recognize(&bytes[..=end]).is_some()
    })
}

/// Whether these few bytes may turn out to begin one.
pub(super) fn may_begin(bytes: &[u8]) -> bool {
    b"HTTP/1".starts_with(bytes)
        || lenient::METHODS
            .iter()
            .any(|method| method.as_bytes().starts_with(bytes))
}

/// Where one direction stands.
#[derive(Default)]
enum State {
    /// Before or inside a head.
    #[default]
    Head,
    /// In a body of known length.
    Body(u64),
    /// In a chunked body: the size line so far.
    ChunkSize(Vec<u8>),
    /// In a chunk, its line end included.
    Chunk(u64),
    /// In the trailer after the last chunk: bytes of the current line.
    Trailer(u32),
    /// In a body that the end of the connection ends.
    UntilClose,
    /// Lost; goes on where a segment begins a message.
    Lost,
}

#[derive(Default)]
struct Direction {
    state: State,
    head: Vec<u8>,
    /// First frame of the message that is being read, and its time.
    first: Option<(u32, Time)>,
    /// Which exchange the message belongs to.
    row: Option<usize>,
    body: u64,
}

/// The messages of one connection.
#[derive(Default)]
pub(super) struct Parser {
    sides: [Direction; 2],
    /// Requests without a response yet.
    open: VecDeque<usize>,
    /// Which side asks.
    client: Option<usize>,
}

impl Parser {
    /// Takes in bytes of one direction.
    pub(super) fn bytes(&mut self, piece: Piece<'_>, exchanges: &mut Exchanges) {
        let mut rest = piece.bytes;
        while !rest.is_empty() {
            let before = rest.len();
            rest = self.step(rest, &piece, exchanges);
            if rest.len() == before {
                break;
            }
        }
        if piece.missing > 0 {
            self.missing(piece.side, u64::from(piece.missing), &piece, exchanges);
        }
    }

    /// Reads one thing from the front; gives what is left.
    fn step<'a>(
        &mut self,
        bytes: &'a [u8],
        piece: &Piece<'_>,
        exchanges: &mut Exchanges,
    ) -> &'a [u8] {
        let side = piece.side;
        let direction = &mut self.sides[side];
        match &mut direction.state {
            State::Head => self.head(bytes, piece, exchanges),
            State::Lost => {
                if begins(bytes) && bytes.len() == piece.bytes.len() {
                    direction.state = State::Head;
                    direction.head.clear();
                    return self.head(bytes, piece, exchanges);
                }
                &[]
            }
            State::UntilClose => {
                direction.body += wide(bytes.len());
                &[]
            }
            State::Body(left) => {
                let used = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                *left -= wide(used);
                direction.body += wide(used);
                if *left == 0 {
                    self.complete(side, piece, exchanges);
                }
                &bytes[used..]
            }
            State::Chunk(left) => {
                let used = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                *left -= wide(used);
                if *left == 0 {
                    direction.state = State::ChunkSize(Vec::new());
                }
                &bytes[used..]
            }
            State::ChunkSize(line) => {
                let end = bytes.iter().position(|b| *b == b'\n');
                let used = end.map_or(bytes.len(), |e| e + 1);
                line.extend_from_slice(&bytes[..used.min(64)]);
                if end.is_some() {
                    let digits: String = line
                        .iter()
                        .map(|b| char::from(*b))
                        .take_while(char::is_ascii_hexdigit)
                        .collect();
                    match u64::from_str_radix(&digits, 16) {
                        Ok(0) => direction.state = State::Trailer(0),
                        Ok(size) => {
                            direction.body = direction.body.saturating_add(size);
                            // The line end after the chunk belongs to it.
                            direction.state = State::Chunk(size.saturating_add(2));
                        }
                        Err(_) => direction.state = State::Lost,
                    }
                } else if line.len() > 1024 {
                    direction.state = State::Lost;
                }
                &bytes[used..]
            }
            State::Trailer(length) => {
                let end = bytes.iter().position(|b| *b == b'\n');
                let used = end.map_or(bytes.len(), |e| e + 1);
                let text = bytes[..used]
                    .iter()
                    .filter(|b| !matches!(**b, b'\r' | b'\n'))
                    .count();
                *length = length.saturating_add(u32::try_from(text).unwrap_or(u32::MAX));
                if end.is_some() {
                    let last = *length == 0;
                    *length = 0;
                    if last {
                        self.complete(side, piece, exchanges);
                    }
                }
                &bytes[used..]
            }
        }
    }

    /// Reads a head, or waits for its end.
    fn head<'a>(
        &mut self,
        bytes: &'a [u8],
        piece: &Piece<'_>,
        exchanges: &mut Exchanges,
    ) -> &'a [u8] {
        let side = piece.side;
        let direction = &mut self.sides[side];
        if direction.head.is_empty() {
            // Empty lines before a request are allowed (RFC 9112 §2.2).
            let skip = bytes
                .iter()
                .take_while(|b| matches!(**b, b'\r' | b'\n'))
                .count();
            if skip > 0 {
                return &bytes[skip..];
            }
            direction.first = Some((piece.frame, piece.time));
            if let Some(end) = head_end(bytes, 0) {
                let (head, rest) = bytes.split_at(end);
                self.read_head(side, head, piece, exchanges);
                return rest;
            }
            direction.head.extend_from_slice(bytes);
            return &[];
        }
        let known = direction.head.len();
        direction.head.extend_from_slice(bytes);
        if let Some(end) = head_end(&direction.head, known.saturating_sub(3)) {
            let head = std::mem::take(&mut direction.head);
            self.read_head(side, &head[..end], piece, exchanges);
            return &bytes[end - known..];
        }
        if direction.head.len() > MOST_HEAD {
            direction.head = Vec::new();
            direction.state = State::Lost;
        }
        &[]
    }

    /// httparse reads what follows the RFC, and fast; what it refuses is read as Wireshark does,
    /// so that facts and fields cannot disagree.
    fn read_head(
        &mut self,
        side: usize,
        head: &[u8],
        piece: &Piece<'_>,
        exchanges: &mut Exchanges,
    ) {
        let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
        if head.starts_with(b"HTTP/") {
            let mut response = httparse::Response::new(&mut []);
            let parser = httparse::ParserConfig::default();
            let read = parser.parse_response_with_uninit_headers(&mut response, head, &mut fields);
            if let Ok(httparse::Status::Complete(_)) = read {
                let lines = response
                    .headers
                    .iter()
                    .map(|h| (h.name.as_bytes(), h.value));
                let status = Status {
                    version: response.version.unwrap_or(0),
                    code: response.code.unwrap_or(0),
                    phrase: response.reason.unwrap_or_default().as_bytes(),
                };
                return self.response(side, &status, &Fields::read(lines), piece, exchanges);
            }
        } else {
            let mut request = httparse::Request::new(&mut []);
            let read = request.parse_with_uninit_headers(head, &mut fields);
            if let Ok(httparse::Status::Complete(_)) = read {
                let lines = request.headers.iter().map(|h| (h.name.as_bytes(), h.value));
                let asked = Asked {
                    version: request.version.unwrap_or(0),
                    method: request.method.unwrap_or_default().as_bytes(),
                    uri: request.path.unwrap_or_default().as_bytes(),
                };
                return self.request(side, &asked, &Fields::read(lines), piece, exchanges);
            }
        }
        let Some(head) = lenient::parse_head(head, None) else {
            self.sides[side].state = State::Lost;
            return;
        };
        let lines = head.headers.iter().map(|h| (h.name, h.value));
        let fields = Fields::read(lines);
        let version = u8::from(head.version.ends_with(b"1"));
        match head.kind {
            lenient::Kind::Response => {
                let status = Status {
                    version,
                    code: head.code.unwrap_or(0),
                    phrase: head.phrase,
                };
                self.response(side, &status, &fields, piece, exchanges);
            }
            // Words that look like a method, and no version behind them.
            _ if !head.version.starts_with(b"HTTP/") => self.sides[side].state = State::Lost,
            _ => {
                let asked = Asked {
                    version,
                    method: head.method,
                    uri: head.uri,
                };
                self.request(side, &asked, &fields, piece, exchanges);
            }
        }
    }

    fn request(
        &mut self,
        side: usize,
        request: &Asked<'_>,
        fields: &Fields<'_>,
        piece: &Piece<'_>,
        exchanges: &mut Exchanges,
    ) {
        let row = exchanges.request(piece, self.sides[side].first, request, fields, side);
        self.client = Some(side);
        self.open.push_back(row);
        let direction = &mut self.sides[side];
        direction.row = Some(row);
        direction.body = 0;
        direction.state = match (fields.chunked, fields.length) {
            (true, _) => State::ChunkSize(Vec::new()),
            (false, Some(length @ 1..)) => State::Body(length),
            _ => State::Head,
        };
        if matches!(direction.state, State::Head) {
            self.complete(side, piece, exchanges);
        }
    }

    fn response(
        &mut self,
        side: usize,
        response: &Status<'_>,
        fields: &Fields<'_>,
        piece: &Piece<'_>,
        exchanges: &mut Exchanges,
    ) {
        let code = response.code;
        let interim = (100..200).contains(&code) && code != 101;
        let row = if interim {
            self.open.front().copied()
        } else {
            self.open.pop_front()
        };
        let row = row.unwrap_or_else(|| exchanges.unasked(piece, side));
        if interim {
            return;
        }
        let head_only = exchanges.response(row, piece, self.sides[side].first, response, fields);
        let direction = &mut self.sides[side];
        direction.row = Some(row);
        direction.body = 0;
        direction.state = match (head_only, fields.chunked, fields.length) {
            (true, ..) | (false, false, Some(0)) => State::Head,
            (_, true, _) => State::ChunkSize(Vec::new()),
            (_, _, Some(length)) => State::Body(length),
            (_, _, None) => State::UntilClose,
        };
        if matches!(direction.state, State::Head) {
            self.complete(side, piece, exchanges);
        }
        // What follows is no HTTP: the protocol that was changed to, or a tunnel's.
        if code == 101 || exchanges.is_tunnel(row) {
            for direction in &mut self.sides {
                direction.state = State::Lost;
            }
        }
    }

    /// The message of this direction is whole.
    fn complete(&mut self, side: usize, piece: &Piece<'_>, exchanges: &mut Exchanges) {
        let direction = &mut self.sides[side];
        if let Some(row) = direction.row.take() {
            exchanges.complete(row, self.client == Some(side), piece, direction.body);
        }
        direction.state = State::Head;
        direction.first = None;
    }

    /// Bytes that the capture does not have.
    fn missing(&mut self, side: usize, count: u64, piece: &Piece<'_>, exchanges: &mut Exchanges) {
        let direction = &mut self.sides[side];
        match &mut direction.state {
            State::Body(left) if *left >= count => {
                *left -= count;
                direction.body += count;
                if *left == 0 {
                    self.complete(side, piece, exchanges);
                }
            }
            State::Chunk(left) if *left > count => *left -= count,
            State::UntilClose => direction.body += count,
            _ => {
                direction.state = State::Lost;
                direction.head = Vec::new();
                direction.row = None;
            }
        }
    }

    /// The direction ended with a FIN or RST.
    pub(super) fn end(
        &mut self,
        side: usize,
        piece: &Piece<'_>,
        exchanges: &mut Exchanges,
        reset: bool,
    ) {
        if matches!(self.sides[side].state, State::UntilClose) && !reset {
            self.complete(side, piece, exchanges);
        }
    }
}

/// Where a head ends, after its empty line; looked for from `from` on.
fn head_end(bytes: &[u8], from: usize) -> Option<usize> {
    memchr::memchr_iter(b'\n', bytes.get(from..)?).find_map(|line| {
        let at = from + line + 1;
        match bytes.get(at..)? {
            [b'\n', ..] => Some(at + 1),
            [b'\r', b'\n', ..] => Some(at + 2),
            _ => None,
        }
    })
}

fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// The header fields that matter here.
#[derive(Default)]
struct Fields<'a> {
    length: Option<u64>,
    chunked: bool,
    host: Option<&'a [u8]>,
    date: Option<&'a [u8]>,
    content_type: Option<&'a [u8]>,
    location: Option<&'a [u8]>,
    agent: Option<&'a [u8]>,
    server: Option<&'a [u8]>,
    /// Those of [`RARE`], in their order.
    rare: [Option<&'a [u8]>; RARE.len()],
}

/// Header fields that few messages have, or that repeat: kept aside.
const RARE: [&str; 10] = [
    "accept-language",
    "if-modified-since",
    "if-none-match",
    "authorization",
    "cookie",
    "last-modified",
    "etag",
    "set-cookie",
    "www-authenticate",
    "connection",
];

/// Place of the authorization in [`RARE`].
const AUTHORIZATION: usize = 3;

impl<'a> Fields<'a> {
    fn read(lines: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Fields<'a> {
        let mut fields = Fields::default();
        for (name, value) in lines {
            // The length of the name decides most comparisons at once.
            match name.len() {
                4 if name.eq_ignore_ascii_case(b"host") => fields.host = Some(value),
                6 if name.eq_ignore_ascii_case(b"server") => fields.server = Some(value),
                8 if name.eq_ignore_ascii_case(b"location") => fields.location = Some(value),
                10 if name.eq_ignore_ascii_case(b"user-agent") => fields.agent = Some(value),
                12 if name.eq_ignore_ascii_case(b"content-type") => {
                    fields.content_type = Some(value)
                }
                14 if name.eq_ignore_ascii_case(b"content-length") => {
                    fields.length = std::str::from_utf8(value)
                        .ok()
                        .and_then(|v| v.trim().parse().ok());
                }
                17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                    fields.chunked = value
                        .to_ascii_lowercase()
                        .windows(7)
                        .any(|w| w == b"chunked");
                }
                4 if name.eq_ignore_ascii_case(b"etag") => fields.rare(name, value),
                4 if name.eq_ignore_ascii_case(b"date") => fields.date = Some(value),
                6.. => fields.rare(name, value),
                _ => {}
            }
        }
        fields
    }

    /// The rare ones of a request: its Connection header is not the response's, which is told.
    fn asked(&self) -> [Option<&'a [u8]>; RARE.len()] {
        let [rest @ .., _] = self.rare;
        let mut asked = [None; RARE.len()];
        asked[..rest.len()].copy_from_slice(&rest);
        asked
    }

    fn rare(&mut self, name: &[u8], value: &'a [u8]) {
        let place = RARE
            .iter()
            .position(|rare| name.eq_ignore_ascii_case(rare.as_bytes()));
        if let Some(place) = place {
            self.rare[place].get_or_insert(value);
        }
    }
}

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
    response_complete: bool,
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
    fn is_tunnel(&self) -> bool {
        self.connect && self.code / 100 == 2
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
            response_complete: false,
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
            request_time: piece.time,
            response_time: None,
            response_last_time: None,
            request_last_frame: 0,
            response_version: 0,
            date: u32::MAX,
            rare: [u32::MAX; RARE.len()],
        }
    }

    fn request(
        &mut self,
        piece: &Piece<'_>,
        first: Option<(u32, Time)>,
        request: &Asked<'_>,
        fields: &Fields<'_>,
        side: usize,
    ) -> usize {
        let row = Row {
            request: true,
            head_only: request.method == b"HEAD",
            connect: request.method == b"CONNECT",
            version: request.version,
            request_frame: first.map_or(piece.frame, |f| f.0),
            request_last_frame: piece.frame,
            rare: fields.asked().map(|text| self.text(text)),
            method: self.text(Some(request.method)),
            uri: self.text(Some(request.uri)),
            host: self.text(fields.host),
            agent: self.text(fields.agent),
            ..Self::blank(piece, side)
        };
        let authorized = row.rare[AUTHORIZATION] != u32::MAX;
        let place = self.rows.push(row);
        if authorized && self.authorized.len() < MOST_AUTHORIZED {
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            self.authorized.push((place, piece.frame));
        }
        place
    }

    /// A response whose request is not in the capture.
    fn unasked(&mut self, piece: &Piece<'_>, side: usize) -> usize {
        self.rows.push(Self::blank(piece, 1 - side))
    }

    /// Gives whether the response can have no body.
    fn response(
        &mut self,
        row: usize,
        piece: &Piece<'_>,
        first: Option<(u32, Time)>,
        response: &Status<'_>,
        fields: &Fields<'_>,
    ) -> bool {
        let (first_frame, first_time) = first.unwrap_or((piece.frame, piece.time));
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
        row.is_head_only()
    }

    /// Whether a response opened a tunnel.
    fn is_tunnel(&self, row: usize) -> bool {
        self.rows.get(row).is_some_and(Row::is_tunnel)
    }

    fn complete(&mut self, row: usize, request: bool, piece: &Piece<'_>, body: u64) {
        let Some(row) = self.rows.get_mut(row) else {
            return;
        };
        if request {
            row.request_body = body;
            row.request_last_frame = piece.frame;
            row.request_time = piece.time;
        } else {
            row.response_body = body;
            row.response_frame = piece.frame;
            row.response_last_time = Some(piece.time);
            row.response_complete = true;
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
        self.rows
            .get(index)
            .map_or(0, |row| u64::from(row.code == 0 || row.code >= 400))
    }

    /// One exchange; `ends` tells the two ends of a stream, first sender first.
    pub fn exchange(&self, index: usize, tcp: &crate::track::tcp::Connections) -> Option<Exchange> {
        let row = self.rows.get(index)?;
        let ends = tcp.ends(as_usize(row.stream))?;
        let client = ends[usize::from(row.client_side)];
        let server = ends[1 - usize::from(row.client_side)];
        let text = |n: u32| self.texts.get(as_usize(n)).map(|t| t.to_vec());
        let frame = |n: u32| (n != 0).then_some(n);
        Some(Exchange {
            stream: row.stream,
            client: client.0,
            client_port: client.1,
            server: server.0,
            server_port: server.1,
            request_frame: frame(row.request_frame),
            request_last_frame: frame(row.request_last_frame),
            request_time: (row.request && row.request_time != Time::default())
                .then_some(Moment(row.request_time.0)),
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
            request_body_bytes: row.request.then_some(row.request_body),
            response_frame: frame(row.response_first_frame),
            response_last_frame: frame(row.response_frame),
            status: (row.code != 0).then_some(row.code),
            phrase: text(row.phrase),
            content_type: text(row.content_type),
            content_length: row.content_length,
            transfer: match (row.code, row.chunked, row.content_length) {
                (0, ..) => None,
                _ if row.is_head_only() => None,
                (_, true, _) => Some(Transfer::Chunked),
                (_, _, Some(_)) => Some(Transfer::Length),
                _ => Some(Transfer::UntilClose),
            },
            response_body_bytes: (row.response_complete).then_some(row.response_body),
            location: text(row.location),
            server_software: text(row.server),
            time_ms: row
                .response_time
                .filter(|_| row.request)
                .map(|t| Milliseconds::from_nanoseconds(t.since(row.request_time))),
            whole_time_ms: row
                .response_last_time
                .filter(|_| row.request && row.response_complete)
                .map(|t| Milliseconds::from_nanoseconds(t.since(row.request_time))),
            complete: row.response_complete,
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
