//! HTTP/1 messages in a stream (RFC 9112): requests with their responses, on persistent and
//! pipelined connections; bodies by length, chunked, or until the connection closes.

mod direction;

use super::Piece;
use super::exchanges::Exchanges;
use super::forms::{Form, Way};
use super::headers::Fields;
use super::pairing::{Open, Pairing};
use crate::dissect::{as_u32, http as lenient};
use crate::facts::http::{Lost, Unasked};
pub(super) use direction::First;
use direction::{Direction, State};
use std::mem::MaybeUninit;

/// Longest head that is waited for.
const MOST_HEAD: usize = 64 << 10;
/// Most header fields of a message.
const MOST_FIELDS: usize = 128;

/// A request's first line.
pub(super) struct Asked<'a> {
    pub(super) version: u8,
    pub(super) method: &'a [u8],
    pub(super) uri: &'a [u8],
}

/// A response's first line.
pub(super) struct Status<'a> {
    pub(super) version: u8,
    pub(super) code: u16,
    pub(super) phrase: &'a [u8],
}

/// Whether these bytes begin an HTTP message.
pub(super) fn begins(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"HTTP/1") {
        // What ends a request's first line begins a segment sometimes.
        return bytes.get(8).is_none_or(|after| *after == b' ');
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

/// The messages of one connection.
#[derive(Default)]
pub(super) struct Parser {
    sides: [Direction; 2],
    /// Requests without a response yet.
    pairing: Pairing,
    /// Which side asks.
    client: Option<usize>,
    /// The other one has ended, and all it sent was read.
    ended: bool,
}

impl Parser {
    /// Which side asks, once that is known.
    pub(super) fn client(&self) -> Option<usize> {
        self.client
    }

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
            self.sides[piece.side].read = true;
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
        // The text of a body may look like a request, but seldom of one that was refused.
        if self.sides[side].withholds() && begins(bytes) {
            self.withheld(piece, exchanges);
        }
        let direction = &mut self.sides[side];
        match &mut direction.state {
            State::Head => self.head(bytes, piece, exchanges),
            State::Lost => {
                // The text of a body may look like what the other side says.
                let answers = bytes.starts_with(b"HTTP/");
                let fits = self.client.is_none_or(|client| (client == side) != answers);
                if fits && begins(bytes) && bytes.len() == piece.bytes.len() {
                    direction.state = State::Head;
                    direction.head.clear();
                    return self.head(bytes, piece, exchanges);
                }
                &[]
            }
            State::Left => &[],
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
                if let Some(form) = &mut direction.form {
                    form.add(&bytes[..used], piece.frame);
                }
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
            let read = piece.bytes.len() - bytes.len();
            direction.first = Some(First {
                frame: piece.carried_in,
                time: piece.carried_at,
                number: piece.number.wrapping_add(as_u32(read)),
                acked: piece.acked,
            });
            if let Some(end) = head_end(bytes, 0) {
                let (head, rest) = bytes.split_at(end);
                self.read_head(side, head, piece, exchanges);
                return rest;
            }
            direction.head.extend_from_slice(bytes);
            direction.newest = (piece.frame, piece.time);
            return &[];
        }
        direction.newest = (piece.frame, piece.time);
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
        self.read_lines(side, head, false, piece, exchanges);
    }

    /// Reads a head line by line; of one that is `cut` only whole lines.
    fn read_lines(
        &mut self,
        side: usize,
        head: &[u8],
        cut: bool,
        piece: &Piece<'_>,
        exchanges: &mut Exchanges,
    ) {
        let Some(head) = lenient::parse_head(head, None) else {
            self.sides[side].state = State::Lost;
            return;
        };
        let lines = head.headers.iter().map(|h| (h.name, h.value));
        let fields = Fields {
            cut,
            ..Fields::read(lines)
        };
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
        let (first, acked) = self.begun(side, piece);
        if self.ended {
            exchanges.leave(row, 0);
        } else if let Some(why) = self.pairing.asked(Open { row, first, acked }) {
            exchanges.lose(row, why);
        }
        let direction = &mut self.sides[side];
        direction.row = Some(row);
        direction.body = 0;
        direction.form = Form::of(fields.content_type);
        direction.expects = fields.expects.then_some((piece.frame, piece.time));
        direction.refused = false;
        direction.state = match (fields.chunked, fields.length) {
            _ if fields.cut => State::Lost,
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
        let (first, acked) = self.begun(side, piece);
        if !std::mem::replace(&mut self.sides[side].read, true) {
            self.pairing.begins(first);
        }
        let asking = &mut self.sides[1 - side];
        // The final one is still to come.
        if (100..200).contains(&code) && code != 101 {
            asking.expects = None;
            return;
        }
        asking.refused = asking.expects.is_some();
        // It acknowledges more than was seen of who asks, a FIN not counted.
        let unseen = |next: u32| acked.wrapping_sub(next).cast_signed() > 1;
        if piece.other_next.is_some_and(unseen) {
            self.pairing.misses_requests();
        }
        // The request was refused before it was whole.
        let begun = self.sides[1 - side].head.contains(&b'\n');
        if begun && self.unasked(side, acked, piece) == Some(Unasked::Begun) {
            self.read_cut(piece.stream, 1 - side, exchanges);
        }
        let found = self.pairing.answered(first, acked);
        for row in found.swallowed {
            exchanges.lose(row, Lost::Missing);
        }
        let unclear = !found.unclear.is_empty();
        for row in found.unclear {
            exchanges.lose(row, Lost::Unclear);
        }
        let row = found.row;
        let row = row.unwrap_or_else(|| {
            let unasked = self.unasked(side, acked, piece);
            let unclear = unclear || self.pairing.is_lost();
            exchanges.unasked(piece, side, acked, (unasked, unclear))
        });
        let head_only = exchanges.response(row, piece, self.sides[side].first, response, fields);
        let direction = &mut self.sides[side];
        direction.row = Some(row);
        direction.body = 0;
        direction.state = match (head_only, fields.chunked, fields.length) {
            _ if fields.cut => State::Lost,
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
                direction.state = State::Left;
            }
        }
    }

    /// Why a response that acknowledges `acked` has no request, where all that was sent is known.
    fn unasked(&self, side: usize, acked: u32, piece: &Piece<'_>) -> Option<Unasked> {
        let heard = piece.heard?;
        let asking = &self.sides[1 - side];
        let between = matches!(asking.state, State::Head);
        let next = self.pairing.next();
        Some(match self.client {
            _ if acked == heard.first => Unasked::Nothing,
            _ if self.pairing.is_unsure() => return None,
            // What was asked just then has not come yet.
            Some(_) if next == Some(acked) => Unasked::Answered,
            _ if next.is_some() || !heard.up_to(acked) => return None,
            _ if heard.next == heard.first => Unasked::Nothing,
            _ if between && !asking.head.is_empty() => Unasked::Begun,
            Some(client) if between && client != side => Unasked::Answered,
            Some(_) => return None,
            None => Unasked::Other,
        })
    }

    /// Number of the first byte of the message that is being read, and what was acknowledged with
    /// it.
    fn begun(&self, side: usize, piece: &Piece<'_>) -> (u32, u32) {
        let first = self.sides[side].first;
        first.map_or((piece.number, piece.acked), |f| (f.number, f.acked))
    }

    /// A request ended with its head: the body was not sent.
    fn withheld(&mut self, piece: &Piece<'_>, exchanges: &mut Exchanges) {
        let (frame, time) = self.sides[piece.side]
            .expects
            .take()
            .unwrap_or((piece.frame, piece.time));
        let head = Piece {
            frame,
            time,
            ..*piece
        };
        self.complete(piece.side, &head, exchanges);
    }

    /// The message of this direction is whole.
    fn complete(&mut self, side: usize, piece: &Piece<'_>, exchanges: &mut Exchanges) {
        let direction = &mut self.sides[side];
        let form = direction.form.take();
        if let Some(row) = direction.row.take() {
            if let Some((found, frame)) = form.and_then(|form| form.password()) {
                exchanges.say(row, frame, Way::Body(found.field), found.user);
            }
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
                direction.form = None;
                *left -= count;
                direction.body += count;
                if *left == 0 {
                    self.complete(side, piece, exchanges);
                }
            }
            State::Chunk(left) if *left > count => *left -= count,
            State::UntilClose => direction.body += count,
            State::Left => {}
            state => {
                let head = std::mem::take(&mut direction.head);
                let whole = matches!(state, State::Head) && head.is_empty();
                *state = State::Lost;
                if head.contains(&b'\n') {
                    self.read_lines(side, &head, true, piece, exchanges);
                }
                let direction = &mut self.sides[side];
                direction.state = State::Lost;
                direction.row = None;
                let hole = piece.number.wrapping_add(as_u32(piece.bytes.len()));
                match self.client {
                    Some(client) if client != side => {
                        self.pairing.misses_responses(whole.then_some(hole));
                    }
                    Some(_) => self.pairing.misses_requests(),
                    None => {
                        self.pairing.misses_requests();
                        self.pairing.misses_responses(None);
                    }
                }
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
        if reset {
            return;
        }
        if matches!(self.sides[side].state, State::UntilClose) {
            self.complete(side, piece, exchanges);
        } else if self.sides[side].withholds() {
            self.withheld(piece, exchanges);
        }
        self.ended |= self.leaves(side, exchanges);
    }

    /// Notes that no response is behind what a side has sent, if it is the server's and stands between
    /// two of them.
    fn leaves(&mut self, side: usize, exchanges: &mut Exchanges) -> bool {
        let direction = &self.sides[side];
        let between = matches!(direction.state, State::Head) && direction.head.is_empty();
        let leaves = between && self.client == Some(1 - side) && !self.pairing.is_unsure();
        if leaves {
            for row in self.pairing.unanswered() {
                exchanges.leave(row, 0);
            }
        }
        leaves
    }

    /// Nothing more comes in this connection: of a head without end, what is there is told.
    pub(super) fn breaks_off(&mut self, stream: u32, exchanges: &mut Exchanges) {
        // What asks first.
        let client = self.client.unwrap_or(0);
        for side in [client, 1 - client] {
            let direction = &self.sides[side];
            if matches!(direction.state, State::Head) && direction.head.contains(&b'\n') {
                self.read_cut(stream, side, exchanges);
            }
        }
        let direction = &self.sides[1 - client];
        if let (Some(row), Some(body), Some(_)) = (direction.row, direction.part(), self.client) {
            exchanges.leave(row, body);
        }
        self.leaves(1 - client, exchanges);
    }

    /// Reads what is there of a head.
    fn read_cut(&mut self, stream: u32, side: usize, exchanges: &mut Exchanges) {
        let direction = &mut self.sides[side];
        let (head, (frame, time)) = (std::mem::take(&mut direction.head), direction.newest);
        let newest = Piece {
            stream,
            side,
            frame,
            carried_in: frame,
            carried_at: time,
            time,
            bytes: &[],
            number: 0,
            acked: 0,
            missing: 0,
            heard: None,
            other_next: None,
        };
        self.read_lines(side, &head, true, &newest, exchanges);
        self.sides[side].state = State::Lost;
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
