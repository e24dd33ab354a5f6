//! A recording made beside the caller: frames into a file, each step's name at its first frame.

use super::live::Live;
use super::pcapng_write::{About, Counts, PcapngWriter, Recorded};
use super::{Time, ring};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

/// After this time the kernel has handed over what it had gathered.
pub const SETTLE: Duration = Duration::from_millis(ring::RETIRE_MILLISECONDS as u64 * 2);

/// A file that holds whole blocks only: what a failed write leaves behind is cut off again.
pub struct CaptureFile {
    file: File,
    whole: u64,
}

impl CaptureFile {
    /// Makes the file, or empties it.
    pub fn create(path: &Path) -> io::Result<CaptureFile> {
        Ok(CaptureFile {
            file: File::create(path)?,
            whole: 0,
        })
    }

    /// Bytes written.
    pub fn length(&self) -> u64 {
        self.whole
    }
}

impl Write for CaptureFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(bytes);
        match written {
            Ok(()) => self.whole += bytes.len() as u64,
            Err(_) => {
                // When that fails too, a reader finds a file that was cut short.
                let _ = self.file.set_len(self.whole);
            }
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The time of day.
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanoseconds = since.map_or(0, |since| since.as_nanos());
    Time(i64::try_from(nanoseconds).unwrap_or(i64::MAX))
}

/// A recording that is going on.
pub struct Recording {
    marks: Arc<Mutex<Vec<(Time, String)>>>,
    stop: UnixStream,
    thread: JoinHandle<io::Result<Counts>>,
}

impl Recording {
    /// Begins to record what `live` sees. Frames that pass from now on are recorded, although
    /// they may be written later.
    pub fn start(live: Live, path: &Path, about: &About, what: &Recorded) -> io::Result<Recording> {
        let file = CaptureFile::create(path)?;
        let mut writer = PcapngWriter::new(file, about);
        writer.interface(what);
        writer.flush()?;
        let (stop, stopped) = UnixStream::pair()?;
        let marks = Arc::new(Mutex::new(Vec::new()));
        let own = Arc::clone(&marks);
        let thread = std::thread::Builder::new()
            .name("recording".to_owned())
            .spawn(move || record(live, writer, &own, &stopped))?;
        Ok(Recording {
            marks,
            stop,
            thread,
        })
    }

    /// Writes `text` as the comment of the first frame from now on.
    pub fn mark(&self, text: &str) {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.push((now(), text.to_owned()));
    }

    /// Ends the recording and completes the file.
    pub fn stop(mut self) -> io::Result<Counts> {
        let end = now().0;
        self.stop.write_all(&end.to_le_bytes())?;
        match self.thread.join() {
            Ok(counts) => counts,
            Err(_) => Err(io::Error::other("the recording broke off")),
        }
    }
}

fn record(
    mut live: Live,
    mut writer: PcapngWriter<CaptureFile>,
    marks: &Mutex<Vec<(Time, String)>>,
    stopped: &UnixStream,
) -> io::Result<Counts> {
    let begun = now();
    let mut counts = Counts::default();
    let mut end = None;
    loop {
        let mut watched = [
            PollFd::new(&live, PollFlags::IN),
            PollFd::new(stopped, PollFlags::IN),
        ];
        let second = Timespec {
            tv_sec: 1,
            tv_nsec: 0,
        };
        match poll(&mut watched, Some(&second)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let stop = !watched[1].revents().is_empty();
        if !stop && watched[0].revents().contains(PollFlags::ERR) {
            // The interface went down; it may come back.
            live.error();
            std::thread::sleep(Duration::from_millis(20));
        }
        if stop {
            // The kernel hands over a block that is not full only when its time is up.
            std::thread::sleep(SETTLE);
            end = Some(end_of(stopped));
        }
        live.drain(|seen| {
            if end.is_some_and(|end| seen.time > end) {
                return Ok(());
            }
            let comments = due(marks, seen.time);
            counts.written += 1;
            writer.frame(0, seen.time, seen.wire_length, seen.bytes, &comments)
        })?;
        if let Some(end) = end {
            counts.span = Some((begun, end));
            (counts.received, counts.dropped) = live.counts();
            writer.statistics(0, end, &counts);
            writer.flush()?;
            return Ok(counts);
        }
        writer.flush()?;
    }
}

/// The moment of the wish to stop.
fn end_of(mut stopped: &UnixStream) -> Time {
    let mut bytes = [0; 8];
    match io::Read::read_exact(&mut stopped, &mut bytes) {
        Ok(()) => Time(i64::from_le_bytes(bytes)),
        Err(_) => now(),
    }
}

/// The marks up to `time`.
fn due(marks: &Mutex<Vec<(Time, String)>>, time: Time) -> Vec<String> {
    let mut marks = marks.lock().unwrap_or_else(PoisonError::into_inner);
    if marks.is_empty() {
        return Vec::new();
    }
    let due = marks.iter().take_while(|(from, _)| *from <= time).count();
    marks.drain(..due).map(|(_, text)| text).collect()
}
