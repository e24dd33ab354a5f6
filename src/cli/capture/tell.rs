//! What happens, told while it happens: one line each, from the same facts as `analyze`.
//!
//! Analysis runs in a thread of its own; the capture only hands frames over and never waits for
//! it. A fact is told once, when it is certain: what may still become something else waits.

use crate::analyze::{Analysis, Live, Wants};
use crate::capture::live::Seen;
use crate::capture::{Ending, Frame, LinkType, Time};
use crate::facts::icmp::Ping;
use crate::facts::tcp::{Closed, Connection, Opened};
use crate::render::safe;
use std::collections::{BTreeSet, VecDeque};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Frames are handed over in pieces of this many bytes.
const PIECE: usize = 128 * 1024;
/// What may wait for the analysis; beyond it frames are recorded and not told.
const MOST_WAITING: usize = 1 << 30;
/// A question that has waited this long has no answer so far.
const PATIENCE: i64 = 1_500_000_000;
/// Times of so many frames are remembered.
const REMEMBERED: usize = 1 << 20;

/// Frames on their way to the analysis.
#[derive(Default)]
struct Piece {
    heads: Vec<(Time, u32, u32)>,
    bytes: Vec<u8>,
}

/// The hand that gives frames to the analysis.
pub(super) struct Teller {
    piece: Piece,
    sender: Sender<Piece>,
    waiting: Arc<AtomicUsize>,
    untold: u64,
    thread: JoinHandle<Analysis>,
}

impl Teller {
    /// Begins to tell of frames of this link type on standard output.
    pub(super) fn start(link: LinkType) -> io::Result<Teller> {
        let (sender, receiver) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let own = Arc::clone(&waiting);
        let thread = std::thread::Builder::new()
            .name("telling".to_owned())
            .spawn(move || tell(&receiver, link, &own))?;
        Ok(Teller {
            piece: Piece::default(),
            sender,
            waiting,
            untold: 0,
            thread,
        })
    }

    /// Hands a frame over.
    pub(super) fn frame(&mut self, seen: Seen<'_>) {
        let length = u32::try_from(seen.bytes.len()).unwrap_or(u32::MAX);
        self.piece.heads.push((seen.time, seen.wire_length, length));
        self.piece.bytes.extend_from_slice(seen.bytes);
        if self.piece.bytes.len() >= PIECE {
            self.flush();
        }
    }

    /// Hands over what is gathered.
    pub(super) fn flush(&mut self) {
        if self.piece.heads.is_empty() {
            return;
        }
        let piece = std::mem::take(&mut self.piece);
        let size = piece.bytes.len();
        if self.waiting.fetch_add(size, Ordering::Relaxed) > MOST_WAITING {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
            self.untold += piece.heads.len() as u64;
            return;
        }
        // When the analysis has ended, its own end says so.
        let _ = self.sender.send(piece);
    }

    /// The end: everything that is known.
    pub(super) fn finish(mut self) -> Analysis {
        self.flush();
        let Teller {
            sender,
            thread,
            untold,
            ..
        } = self;
        drop(sender);
        if untold > 0 {
            let _ = writeln!(
                io::stderr(),
                "{untold} frames came faster than they could be told of; what follows is without them"
            );
        }
        match thread.join() {
            Ok(analysis) => analysis,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

fn tell(pieces: &Receiver<Piece>, link: LinkType, waiting: &AtomicUsize) -> Analysis {
    const LOOK: Duration = Duration::from_millis(100);
    let mut live = Live::new(Wants::default());
    let mut told = Told::default();
    let mut number = 0;
    let mut next_look = Instant::now() + LOOK;
    let mut fresh = false;
    loop {
        match pieces.recv_timeout(next_look.saturating_duration_since(Instant::now())) {
            Ok(piece) => {
                take(&piece, link, &mut number, &mut live, &mut told);
                waiting.fetch_sub(piece.bytes.len(), Ordering::Relaxed);
                fresh = true;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let begun = Instant::now();
        if begun >= next_look {
            if fresh || told.waits {
                live.look(|analysis| told.tell(analysis));
            }
            fresh = false;
            // At most a tenth of the time is spent looking.
            next_look = Instant::now() + LOOK.max(begun.elapsed() * 10);
        }
    }
    live.look(|analysis| told.tell(analysis));
    let ending = Ending {
        frames: u64::from(number),
        format: "live".to_owned(),
        ..Ending::default()
    };
    live.finish(ending)
}

fn take(piece: &Piece, link: LinkType, number: &mut u32, live: &mut Live, told: &mut Told) {
    let mut rest = piece.bytes.as_slice();
    for &(time, wire_length, length) in &piece.heads {
        let (bytes, after) = rest.split_at(length as usize);
        rest = after;
        *number = number.saturating_add(1);
        told.seen(time);
        live.frame(Frame {
            number: *number,
            time: Some(time),
            wire_length,
            interface: 0,
            link,
            bytes,
        });
    }
}

/// What has been told.
#[derive(Default)]
struct Told {
    /// Times of the last frames; the first in it belongs to frame `forgotten` + 1.
    times: VecDeque<Time>,
    forgotten: u32,
    /// Connections up to here have been looked at.
    connections: usize,
    /// Those among them of which something is still to come, and whether their beginning is told.
    pending: Vec<(usize, bool)>,
    /// Frames of which what they prove has been told.
    frames: BTreeSet<u32>,
    /// Whether something waits for the time to pass.
    waits: bool,
}

impl Told {
    fn seen(&mut self, time: Time) {
        self.times.push_back(time);
        if self.times.len() > REMEMBERED {
            self.times.pop_front();
            self.forgotten += 1;
        }
    }

    fn time(&self, frame: u32) -> Option<Time> {
        let place = frame.checked_sub(self.forgotten + 1)?;
        self.times.get(place as usize).copied()
    }

    /// Whether a frame's question has waited long enough.
    fn is_late(&self, frame: u32) -> bool {
        let (Some(asked), now) = (self.time(frame), crate::capture::record::now()) else {
            return true;
        };
        now.since(asked) > PATIENCE
    }

    fn line(&self, frame: u32, what: &str, text: &str) {
        let time = self.time(frame).and_then(|time| {
            let time = jiff::Timestamp::from_nanosecond(i128::from(time.0)).ok()?;
            Some(
                time.to_zoned(jiff::tz::TimeZone::system())
                    .strftime("%H:%M:%S%.6f")
                    .to_string(),
            )
        });
        let time = time.unwrap_or_else(|| "-".to_owned());
        // A reader that has gone is noticed by the capture itself.
        let _ = writeln!(
            io::stdout(),
            "{time} frame {frame:<6} {what:<6} {}",
            safe(text)
        );
    }

    /// Tells what has become certain.
    fn tell(&mut self, analysis: &Analysis) {
        self.waits = false;
        self.arp(analysis);
        self.leases(analysis);
        self.lookups(analysis);
        self.tcp(analysis);
        self.icmp(analysis);
    }

    fn tcp(&mut self, analysis: &Analysis) {
        let tcp = &analysis.trackers.tcp;
        let count = tcp.len();
        let fresh = (self.connections..count).map(|i| (i, false));
        let pending: Vec<(usize, bool)> = std::mem::take(&mut self.pending)
            .into_iter()
            .chain(fresh)
            .collect();
        self.connections = count;
        for (place, begun) in pending {
            let Some(connection) = tcp.connection(place) else {
                continue;
            };
            let begun = begun || self.began(&connection);
            let ended = begun && self.ended(&connection);
            if !ended {
                self.pending.push((place, begun));
            }
        }
    }

    fn began(&self, c: &Connection) -> bool {
        let ends = ends(c);
        match c.opened {
            Opened::Handshake => {
                let frame = c.ack_frame.unwrap_or(c.first_frame);
                self.line(
                    frame,
                    "tcp",
                    &format!(
                        "{ends} opened: {}",
                        list(&[c.syn_frame, c.synack_frame, c.ack_frame])
                    ),
                );
            }
            Opened::Refused => {
                let frame = c.refusing_frame.unwrap_or(c.last_frame);
                self.line(
                    frame,
                    "tcp",
                    &format!(
                        "{ends} refused: SYN in {}, RST in {frame}",
                        list(&[c.syn_frame])
                    ),
                );
            }
            Opened::Unreachable => {
                let frame = c.opening_error_frame.unwrap_or(c.last_frame);
                self.line(
                    frame,
                    "tcp",
                    &format!(
                        "{ends} unreachable: SYN in {}, ICMP error in {frame}",
                        list(&[c.syn_frame])
                    ),
                );
            }
            Opened::Expired => {
                let frame = c.opening_error_frame.unwrap_or(c.last_frame);
                self.line(
                    frame,
                    "tcp",
                    &format!(
                        "{ends}: the TTL of the SYN in {} ran out, ICMP error in {frame}",
                        list(&[c.syn_frame])
                    ),
                );
            }
            Opened::Midstream => {
                self.line(
                    c.first_frame,
                    "tcp",
                    &format!("{ends} goes on: it began before the capture"),
                );
            }
            // It may become something else.
            Opened::Unanswered
            | Opened::HalfOpen
            | Opened::Simultaneous
            | Opened::Challenged
            | Opened::Stray => {
                return false;
            }
        }
        true
    }

    fn ended(&self, c: &Connection) -> bool {
        let never = matches!(
            c.opened,
            Opened::Refused | Opened::Unreachable | Opened::Expired
        );
        let by = c
            .closed_by
            .map_or(String::new(), |side| format!(" by {side}"));
        let carried = format!("{} bytes →, {} bytes ←", c.client_bytes, c.server_bytes);
        let last = c.closing_frames.last().copied().unwrap_or(c.last_frame);
        match c.closed {
            _ if never => true,
            Closed::Fin if c.fins_acked == 2 => {
                self.line(
                    last,
                    "tcp",
                    &format!(
                        "{} closed{by}: {}; {carried}",
                        ends(c),
                        numbers(&c.closing_frames)
                    ),
                );
                true
            }
            Closed::Reset => {
                self.line(
                    last,
                    "tcp",
                    &format!("{} reset{by}: {last}; {carried}", ends(c)),
                );
                true
            }
            _ => false,
        }
    }

    fn arp(&mut self, analysis: &Analysis) {
        for arp in analysis.trackers.arp.list() {
            if self.frames.contains(&arp.frame) {
                continue;
            }
            let text = match (&arp.reply_mac, arp.reply_frame) {
                (Some(mac), Some(reply)) => format!(
                    "{} asks for {}: {mac} answers in {reply}",
                    arp.sender, arp.asked
                ),
                _ if arp.sender == arp.asked => {
                    format!("{} announces itself as {}", arp.sender, arp.sender_mac)
                }
                _ if self.is_late(arp.frame) => {
                    format!("{} asks for {}: no answer so far", arp.sender, arp.asked)
                }
                _ => {
                    self.waits = true;
                    continue;
                }
            };
            self.line(arp.frame, "arp", &text);
            self.frames.insert(arp.frame);
        }
    }

    fn leases(&mut self, analysis: &Analysis) {
        for lease in &analysis.facts.leases {
            let client = lease
                .client_mac
                .map_or_else(|| "a client".to_owned(), |mac| mac.to_string());
            let address = |address: Option<std::net::IpAddr>| {
                address.map_or_else(|| "an address".to_owned(), |a| a.to_string())
            };
            let told = [
                (
                    lease.ack_frame,
                    format!(
                        "{client} gets {} from {}",
                        address(lease.acknowledged),
                        address(lease.server)
                    ),
                ),
                (
                    lease.nak_frame,
                    format!("{client} is refused {}", address(lease.requested)),
                ),
                (
                    lease.release_frame,
                    format!("{client} releases {}", address(lease.released)),
                ),
            ];
            for (frame, text) in told {
                if let Some(frame) = frame
                    && self.frames.insert(frame)
                {
                    self.line(frame, "dhcp", &text);
                }
            }
        }
    }

    fn lookups(&mut self, analysis: &Analysis) {
        for lookup in analysis.lookups() {
            let Some(frame) = lookup.query_frame.or(lookup.response_frame) else {
                continue;
            };
            if self.frames.contains(&frame) {
                continue;
            }
            let (server, what) = (lookup.server, {
                let kind = lookup.kind.as_deref().unwrap_or("?");
                format!("{kind} {}", lookup.name.as_deref().unwrap_or("?"))
            });
            let question = match lookup.client {
                Some(client) => format!("{client} asks {server} for {what}"),
                None => format!("{server} tells everybody {what}"),
            };
            let text = match lookup.response_frame {
                Some(response) => {
                    let answers = lookup.answers.as_deref().unwrap_or_default().join(", ");
                    let status = lookup.status.as_deref().unwrap_or("answered");
                    let answers = if answers.is_empty() { status } else { &answers };
                    format!("{question}: {answers} in {response}")
                }
                None if self.is_late(frame) => format!("{question}: no answer so far"),
                None => {
                    self.waits = true;
                    continue;
                }
            };
            self.line(frame, "dns", &text);
            self.frames.insert(frame);
        }
    }

    fn icmp(&mut self, analysis: &Analysis) {
        for ping in analysis.pings() {
            if self.frames.contains(&ping.frame) {
                continue;
            }
            match self.ping(ping) {
                Some(text) => {
                    self.line(ping.frame, "ping", &text);
                    self.frames.insert(ping.frame);
                }
                None => self.waits = true,
            }
        }
        for error in &analysis.facts.icmp_errors {
            if self.frames.insert(error.frame) {
                let text = format!(
                    "{} says {}, of {}",
                    error.sender, error.meaning, error.about
                );
                self.line(error.frame, "icmp", &text);
            }
        }
    }

    fn ping(&self, ping: &Ping) -> Option<String> {
        let ends = format!(
            "{} → {} number {}",
            ping.source, ping.destination, ping.sequence
        );
        match (ping.reply_frame, ping.rtt_ms, ping.error_frame) {
            (Some(reply), Some(rtt), _) => {
                Some(format!("{ends}: answered in {reply} after {:.3} ms", rtt.0))
            }
            (Some(reply), None, _) => Some(format!("{ends}: answered in {reply}")),
            (None, _, Some(error)) => Some(format!("{ends}: an error came back in {error}")),
            (None, ..) if self.is_late(ping.frame) => Some(format!("{ends}: no answer so far")),
            (None, ..) => None,
        }
    }
}

fn ends(c: &Connection) -> String {
    use std::net::SocketAddr;
    let client = SocketAddr::new(c.client, c.client_port);
    let server = SocketAddr::new(c.server, c.server_port);
    format!("{client} → {server}")
}

fn list(frames: &[Option<u32>]) -> String {
    let known: Vec<u32> = frames.iter().flatten().copied().collect();
    numbers(&known)
}

fn numbers(frames: &[u32]) -> String {
    let texts: Vec<String> = frames.iter().map(u32::to_string).collect();
    let word = if frames.len() == 1 { "frame" } else { "frames" };
    format!("{word} {}", texts.join(","))
}
