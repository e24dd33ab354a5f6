//! Capturing by pnet's datalink channel, which other systems have too.
//!
//! It tells no times, no losses and no VLAN tags that the kernel took off; times are those of our
//! own clock when the frame is read.

use super::Time;
use super::live::{Look, Refused, Seen};
use super::record::now;
use pnet::datalink::{self, Channel, Config};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::Duration;

/// Frames on loopback whose second copy is still to come.
const ONCE: usize = 256;

/// Frames that may wait to be read.
const WAITING: usize = 65_536;

/// An interface being looked at by pnet.
pub struct Portable {
    frames: Receiver<(Time, Vec<u8>)>,
    snapshot_length: usize,
    received: Arc<AtomicU64>,
    failed: Arc<AtomicBool>,
}

impl Portable {
    /// Looks at the interface called `name`.
    pub fn open(name: &str, look: Look) -> Result<Portable, Refused> {
        let interfaces = datalink::interfaces();
        let known = interfaces.iter().map(|i| i.name.clone()).collect();
        let interface = interfaces
            .into_iter()
            .find(|interface| interface.name == name)
            .ok_or_else(|| Refused::NoSuchInterface {
                name: name.to_owned(),
                known,
            })?;
        let config = Config {
            // The default of 4096 would cut frames without a word.
            read_buffer_size: 256 * 1024,
            read_timeout: Some(Duration::from_millis(100)),
            promiscuous: look.promiscuous,
            ..Config::default()
        };
        let refused = |cause: io::Error| match cause.kind() {
            io::ErrorKind::PermissionDenied => Refused::NotAllowed {
                name: name.to_owned(),
            },
            _ => Refused::System {
                name: name.to_owned(),
                cause,
            },
        };
        let mut receiver = match datalink::channel(&interface, config).map_err(refused)? {
            Channel::Ethernet(_, receiver) => receiver,
            _ => return Err(refused(io::Error::other("it is no Ethernet"))),
        };
        let (sender, frames) = sync_channel(WAITING);
        let received = Arc::new(AtomicU64::new(0));
        let failed = Arc::new(AtomicBool::new(false));
        let (count, broken) = (Arc::clone(&received), Arc::clone(&failed));
        // On loopback each packet is seen as it goes and as it comes; pnet cannot tell which. A
        // frame like one that was seen once is its second copy.
        let twice = interface.is_loopback();
        let reading = move || {
            let mut once: VecDeque<Vec<u8>> = VecDeque::new();
            loop {
                match receiver.next() {
                    Ok(bytes) => {
                        if twice {
                            if let Some(place) = once.iter().position(|own| own == bytes) {
                                once.remove(place);
                                continue;
                            }
                            once.push_back(bytes.to_vec());
                            if once.len() > ONCE {
                                once.pop_front();
                            }
                        }
                        count.fetch_add(1, Ordering::Relaxed);
                        if sender.send((now(), bytes.to_vec())).is_err() {
                            return;
                        }
                    }
                    Err(error)
                        if matches!(
                            error.kind(),
                            io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
                        ) => {}
                    Err(_) => {
                        broken.store(true, Ordering::Relaxed);
                        return;
                    }
                }
            }
        };
        std::thread::Builder::new()
            .name("pnet".to_owned())
            .spawn(reading)
            .map_err(refused)?;
        Ok(Portable {
            frames,
            snapshot_length: look.snapshot_length as usize,
            received,
            failed,
        })
    }

    /// Hands over all frames that are ready.
    pub fn drain(&mut self, mut each: impl FnMut(Seen<'_>) -> io::Result<()>) -> io::Result<()> {
        loop {
            match self.frames.try_recv() {
                Ok((time, bytes)) => each(Seen {
                    time,
                    wire_length: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
                    bytes: bytes.get(..self.snapshot_length).unwrap_or(&bytes),
                })?,
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return Ok(()),
            }
        }
    }

    /// Frames read so far.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Whether reading has come to an end, as when the interface goes down.
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }
}
