//! `wirelab capture`: records an interface, or tells what happens on it while it happens.

mod kept;
mod tell;

use super::{Status, analyze, frames};
use crate::capture::live::{Live, Look, Seen};
use crate::capture::pcapng_write::{About, PcapngWriter, Recorded};
use crate::capture::portable::Portable;
use crate::capture::record;
use crate::lab::fault::error_name;
use crate::lab::stop::Stop;
use crate::query::{Catalogue, Filter, Session};
use anyhow::{Context, bail};
use clap::ValueEnum;
use kept::{Kept, Ring};
use rustix::event::{PollFd, PollFlags};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tell::Teller;

/// Record an interface, or watch what happens on it.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The interface; any: all of them, without their link headers (Linux cooked).
    #[arg(short, long, value_name = "NAME")]
    interface: String,
    /// Write the frames to this pcapng file; - is standard output.
    #[arg(short, long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Stop after so many frames.
    #[arg(short, long, value_name = "NUMBER")]
    count: Option<u64>,
    /// Stop after so many seconds.
    #[arg(long, value_name = "SECONDS", value_parser = super::serve::duration)]
    duration: Option<Duration>,
    /// Keep so many bytes of each frame.
    #[arg(short, long, value_name = "BYTES", default_value_t = 262_144, value_parser = clap::value_parser!(u32).range(1..=262_144))]
    snaplen: u32,
    /// Keep and show only frames for which this display filter holds.
    #[arg(
        short = 'Y',
        long = "filter",
        value_name = "FILTER",
        allow_hyphen_values = true
    )]
    filter: Option<String>,
    /// Print the packet list instead of what happens.
    #[arg(long)]
    frames: bool,
    /// Tell what happens also while writing a file.
    #[arg(long, conflicts_with = "frames")]
    tell: bool,
    /// Keep the last so many files, each called FILE with a number and the time.
    #[arg(long, value_name = "NUMBER", requires_all = ["write", "filesize"], value_parser = clap::value_parser!(u64).range(1..=100_000))]
    files: Option<u64>,
    /// Begin a new file after so many kilobytes.
    #[arg(long, value_name = "KB", requires = "write", value_parser = clap::value_parser!(u64).range(1..=2_000_000_000))]
    filesize: Option<u64>,
    /// Only frames for this machine (no promiscuous mode).
    #[arg(short = 'p', long)]
    no_promiscuous: bool,
    /// Memory for frames that wait to be written.
    #[arg(long, value_name = "MIB", default_value_t = 32, value_parser = clap::value_parser!(u32).range(2..=1024))]
    buffer: u32,
    /// A comment for the whole recording; can be repeated.
    #[arg(long, value_name = "TEXT")]
    comment: Vec<String>,
    /// How frames are got: the kernel's ring, or pnet's channel (portable; counts no losses).
    #[arg(long, value_enum, default_value_t)]
    backend: Backend,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Backend {
    /// The kernel's memory-mapped ring.
    #[default]
    Ring,
    /// pnet's datalink channel.
    Pnet,
}

/// Where frames come from.
enum Source {
    Ring(Live),
    Pnet(Portable),
}

/// How a capture ended.
enum Ended {
    /// As wished: Ctrl-C, a count, a time, a reader that has gone.
    Wished,
    /// The interface does not exist any more.
    Gone,
}

/// Runs the subcommand.
pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let filter = super::filter(args.filter.as_deref(), Catalogue::frames())?;
    let stop = Stop::on_signals().context("signals")?;
    let look = Look {
        snapshot_length: args.snaplen,
        promiscuous: !args.no_promiscuous,
        room: args.buffer,
    };
    let source = match args.backend {
        Backend::Ring => Source::Ring(Live::open(&args.interface, look)?),
        Backend::Pnet => Source::Pnet(Portable::open(&args.interface, look)?),
    };
    let about = About {
        comments: args.comment.clone(),
    };
    let what = Recorded {
        name: args.interface.clone(),
        description: None,
        filter: args.filter.clone(),
        link: source.link(),
        snapshot_length: args.snaplen,
    };
    let to_stdout = args
        .write
        .as_deref()
        .is_some_and(|path| path.as_os_str() == "-");
    let ring = args.filesize.map(|kilobytes| Ring {
        bytes: kilobytes.saturating_mul(1000),
        files: args.files,
    });
    let tells = !args.frames && !to_stdout && (args.write.is_none() || args.tell);
    let kept = Kept::open(args.write.as_deref(), &about, &what, ring)?;
    let teller = tells.then(|| Teller::start(what.link)).transpose()?;
    let capture = Capture {
        args,
        stop: &stop,
        kept,
        teller,
        taken: 0,
        begun: Instant::now(),
    };
    let mut stderr = io::stderr();
    writeln!(stderr, "capturing on {}; Ctrl-C ends it", args.interface)?;
    match filter {
        None if !args.frames => capture.plainly(source),
        filter => capture.filtered(source, filter.as_ref(), &about, &what),
    }
}

struct Capture<'a> {
    args: &'a Args,
    stop: &'a Stop,
    kept: Kept,
    teller: Option<Teller>,
    /// Frames kept or told.
    taken: u64,
    begun: Instant,
}

impl Capture<'_> {
    /// Without a filter and a packet list, frames go straight to the file and the teller.
    fn plainly(mut self, mut source: Source) -> anyhow::Result<Status> {
        let (args, stop, begun) = (self.args, self.stop, self.begun);
        let ended = pump(&mut source, args, stop, begun, |step| match step {
            Step::Frame(seen) => self.take(seen).map(|()| !self.is_enough()),
            Step::Pause(counts) => self.pause(counts).map(|()| true),
        });
        self.finish(source.counts(), ended)
    }

    /// With a filter or a packet list, frames go through a session that takes them apart, in a
    /// thread of its own: the ring is emptied whatever that takes.
    fn filtered(
        mut self,
        mut source: Source,
        filter: Option<&Filter>,
        about: &About,
        what: &Recorded,
    ) -> anyhow::Result<Status> {
        let (read, write) = io::pipe().context("a pipe")?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", read.as_raw_fd()));
        let (args, stop, begun) = (self.args, self.stop, self.begun);
        let session = Session::new(filter, &[]);
        let session = match args.frames {
            true => session.following_all().once(),
            false => session.once(),
        };
        let (pump_end, read_end) = std::thread::scope(|scope| {
            let pumping = scope.spawn(|| {
                let mut writer = PcapngWriter::new(write, about);
                writer.interface(what);
                let ended = pump(&mut source, args, stop, begun, |step| match step {
                    Step::Frame(seen) => writer
                        .frame(0, seen.time, seen.wire_length, seen.bytes, &[])
                        .map(|()| true),
                    Step::Pause(_) => writer.flush().map(|()| true),
                });
                // The session sees the end when the writer is dropped.
                let flushed = writer.flush();
                drop(writer);
                ended.and_then(|ended| flushed.map(|()| ended))
            });
            let mut out = io::stdout().lock();
            let read_end = session.run(&path, |seen| {
                let frame = seen.packet.frame;
                if self.is_enough() {
                    stop.ask();
                    return Ok(());
                }
                let shown = Seen {
                    time: frame.time.unwrap_or_default(),
                    wire_length: frame.wire_length,
                    bytes: frame.bytes,
                };
                self.take(shown)?;
                if args.frames {
                    frames::line(&mut out, seen)?;
                    out.flush()?;
                }
                self.kept.flush()?;
                if let Some(teller) = &mut self.teller {
                    teller.flush();
                }
                if self.is_enough() {
                    stop.ask();
                }
                Ok(())
            });
            // A session that could not go on leaves nobody to capture for.
            stop.ask();
            drop(read);
            (pumping.join(), read_end)
        });
        let ended = match (pump_end, read_end) {
            (_, Err(error)) => Err(io::Error::other(error)),
            (Ok(Err(error)), _) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Ended::Wished),
            (Ok(ended), Ok(_)) => ended,
            (Err(_), _) => Err(io::Error::other("the capture broke off")),
        };
        self.finish(source.counts(), ended)
    }

    fn take(&mut self, seen: Seen<'_>) -> io::Result<()> {
        self.taken += 1;
        if let Some(teller) = &mut self.teller {
            teller.frame(seen);
        }
        self.kept.frame(seen)
    }

    fn pause(&mut self, counts: (u64, u64)) -> io::Result<()> {
        self.kept.counts(counts);
        if let Some(teller) = &mut self.teller {
            teller.flush();
        }
        self.kept.flush()
    }

    fn is_enough(&self) -> bool {
        self.args.count.is_some_and(|count| self.taken >= count)
    }

    /// Completes the file, tells the end.
    fn finish(mut self, counts: (u64, u64), ended: io::Result<Ended>) -> anyhow::Result<Status> {
        self.kept.counts(counts);
        let closed = self.kept.close();
        let (received, dropped) = counts;
        let analysis = self.teller.take().map(Teller::finish);
        let mut stderr = io::stderr();
        // Who does not listen is no reason to fail.
        let _ = writeln!(
            stderr,
            "{} frames; {}",
            self.taken,
            match (&self.args.backend, dropped) {
                (Backend::Pnet, _) => "pnet's channel counts no losses".to_owned(),
                (_, 0) => "none lost".to_owned(),
                (_, lost) =>
                    format!("{lost} of {received} lost for want of room; --buffer gives more"),
            }
        );
        if let Some(analysis) = analysis {
            let mut out = io::stdout().lock();
            analyze::told_live(&mut out, &self.args.interface, &analysis)?;
            out.flush()?;
        }
        let path = self
            .args
            .write
            .as_deref()
            .map_or(String::new(), |path| path.display().to_string());
        match (ended, closed) {
            (Err(error), _) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Status::Done),
            (Err(error), _) | (_, Err(error)) => bail!(
                "{path}: {error} ({}); what was written before is a whole file",
                error_name(&error)
            ),
            (Ok(Ended::Gone), _) => bail!("the interface {} is gone", self.args.interface),
            (Ok(Ended::Wished), Ok(())) => Ok(Status::Done),
        }
    }
}

/// What the pump hands over.
enum Step<'s> {
    /// A frame; the answer says whether to go on.
    Frame(Seen<'s>),
    /// For the moment there are no more: frames that passed and that were lost so far.
    Pause((u64, u64)),
}

/// Empties the source until the end. `each` says whether to go on.
fn pump(
    source: &mut Source,
    args: &Args,
    stop: &Stop,
    begun: Instant,
    mut each: impl FnMut(Step<'_>) -> io::Result<bool>,
) -> io::Result<Ended> {
    /// So often the losses are asked for, and whether the interface is still there.
    const BEAT: Duration = Duration::from_millis(250);
    let deadline = args.duration.map(|duration| begun + duration);
    let mut next_beat = Instant::now();
    let mut down = false;
    loop {
        let now = Instant::now();
        let late = deadline.is_some_and(|deadline| now >= deadline);
        let ending = late || stop.asked();
        if ending {
            // What the kernel has gathered comes when its block's time is up.
            std::thread::sleep(record::SETTLE);
        }
        let mut go_on = true;
        source.drain(|seen| {
            if go_on {
                go_on = each(Step::Frame(seen))?;
            }
            Ok(())
        })?;
        if now >= next_beat || ending {
            next_beat = now + BEAT;
            let counts = source.counts();
            go_on &= each(Step::Pause(counts))?;
            if let Some(is_down) = source.went_down() {
                down |= is_down;
            }
            if !source.exists() {
                return Ok(Ended::Gone);
            }
        } else {
            go_on &= each(Step::Pause(source.known_counts()))?;
        }
        if ending || !go_on {
            return Ok(Ended::Wished);
        }
        if std::mem::take(&mut down) {
            let _ = writeln!(
                io::stderr(),
                "{} went down; waiting for it to come back",
                args.interface
            );
        }
        let until = deadline.map_or(next_beat, |deadline| deadline.min(next_beat));
        source.wait(stop, until)?;
    }
}

impl Source {
    fn link(&self) -> crate::capture::LinkType {
        match self {
            Source::Ring(live) => live.link(),
            Source::Pnet(_) => crate::capture::LinkType::ETHERNET,
        }
    }

    fn drain(&mut self, each: impl FnMut(Seen<'_>) -> io::Result<()>) -> io::Result<()> {
        match self {
            Source::Ring(live) => live.drain(each),
            Source::Pnet(portable) => portable.drain(each),
        }
    }

    fn counts(&mut self) -> (u64, u64) {
        match self {
            Source::Ring(live) => live.counts(),
            Source::Pnet(portable) => (portable.received(), 0),
        }
    }

    fn known_counts(&self) -> (u64, u64) {
        match self {
            Source::Ring(live) => live.known_counts(),
            Source::Pnet(portable) => (portable.received(), 0),
        }
    }

    /// Whether the interface has gone down since the last look.
    fn went_down(&self) -> Option<bool> {
        match self {
            Source::Ring(live) => live.error().map(|_| true),
            Source::Pnet(portable) => Some(portable.failed()),
        }
    }

    fn exists(&self) -> bool {
        match self {
            Source::Ring(live) => live.exists(),
            Source::Pnet(portable) => !portable.failed(),
        }
    }

    /// Waits for frames or the wish to stop.
    fn wait(&self, stop: &Stop, until: Instant) -> io::Result<()> {
        match self {
            Source::Ring(live) => {
                let mut watched = [
                    PollFd::new(live, PollFlags::IN),
                    PollFd::new(stop, PollFlags::IN),
                ];
                crate::lab::stop::poll_until(&mut watched, Some(until))?;
                if watched[0].revents().contains(PollFlags::ERR) {
                    // It stays readable while the interface is down: no busy waiting.
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
            Source::Pnet(_) => crate::lab::stop::pause(
                stop,
                until
                    .saturating_duration_since(Instant::now())
                    .min(Duration::from_millis(20)),
            ),
        }
        Ok(())
    }
}
