//! Answers kept on disk, each in a file, within limits; the one unused for longest goes first.
//!
//! A file's name is the SHA-256 of what it answers, so no address from the network becomes a
//! path. In the file: the address, when it was stored and until when it is fresh, the request
//! fields it depends on (`Vary`), an empty line, then the answer.

use super::request::{Fields, values};
use crate::lab::file::hexadecimal;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const ENDING: &str = "wirelab-cache";
const FIRST_LINE: &str = "WIRELAB-CACHE 1";

/// What the cache may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// All answers together, in bytes.
    pub total: u64,
    /// One answer, in bytes.
    pub answer: u64,
    /// Answers.
    pub count: usize,
}

/// The answers of a folder.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    limits: Limits,
    kept: Mutex<BTreeMap<String, Kept>>,
    clock: AtomicU64,
}

#[derive(Clone, Debug)]
struct Kept {
    size: u64,
    stored: u64,
    fresh_until: u64,
    varies: Vec<(String, String)>,
    used: u64,
}

/// A kept answer, found.
#[derive(Debug)]
pub struct Hit {
    /// The answer: head and body.
    pub reader: BufReader<File>,
    /// How long ago it was stored.
    pub age: Duration,
}

/// An answer on its way into the cache. Dropped unfinished, it leaves nothing.
#[derive(Debug)]
pub struct Draft<'a> {
    cache: &'a Cache,
    key: String,
    temporary: PathBuf,
    file: BufWriter<File>,
    kept: Kept,
    finished: bool,
}

impl Cache {
    /// Opens `folder`, which is made when it is not there, with what is in it.
    pub fn open(folder: &Path, limits: Limits) -> io::Result<Cache> {
        fs::create_dir_all(folder)?;
        let cache = Cache {
            folder: folder.to_owned(),
            limits,
            kept: Mutex::default(),
            clock: AtomicU64::new(1),
        };
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let is_ours = path.extension().is_some_and(|ending| ending == ENDING);
            if !is_ours {
                continue;
            }
            match kept_in(&path) {
                Some((key, kept)) if path == cache.path(&key) => {
                    cache.kept().insert(key, kept);
                }
                // Cut off by a crash, or of another version.
                _ => fs::remove_file(&path)?,
            }
        }
        cache.make_room(&mut cache.kept());
        Ok(cache)
    }

    /// The fresh answer for `key`, given the request's fields.
    pub fn find(&self, key: &str, fields: &Fields) -> Option<Hit> {
        let now = seconds(SystemTime::now());
        let mut all = self.kept();
        let kept = all.get_mut(key)?;
        if kept.fresh_until <= now {
            self.remove(&mut all, key);
            return None;
        }
        if kept
            .varies
            .iter()
            .any(|(name, value)| joined(fields, name) != *value)
        {
            return None;
        }
        kept.used = self.clock.fetch_add(1, Ordering::Relaxed);
        let age = Duration::from_secs(now.saturating_sub(kept.stored));
        // Opened while the table is locked: nobody can remove it in between.
        let file = File::open(self.path(key)).ok();
        drop(all);
        let mut reader = BufReader::new(file?);
        let (found, _) = head(&mut reader)?;
        (found == key).then_some(Hit { reader, age })
    }

    /// Begins to keep an answer for `key`, fresh for so long, with the request fields it varies by.
    pub fn begin(
        &self,
        key: &str,
        fresh_for: Duration,
        vary: &[String],
        fields: &Fields,
    ) -> io::Result<Draft<'_>> {
        let stored = seconds(SystemTime::now());
        let kept = Kept {
            size: 0,
            stored,
            fresh_until: stored.saturating_add(fresh_for.as_secs()),
            varies: vary
                .iter()
                .map(|name| (name.clone(), joined(fields, name)))
                .collect(),
            used: 0,
        };
        let number = self.clock.fetch_add(1, Ordering::Relaxed);
        let temporary = self
            .folder
            .join(format!("{}-{number}.part", std::process::id()));
        let file = File::options()
            .write(true)
            .create_new(true)
            .open(&temporary)?;
        let mut draft = Draft {
            cache: self,
            key: key.to_owned(),
            temporary,
            file: BufWriter::new(file),
            kept,
            finished: false,
        };
        let mut head = format!("{FIRST_LINE}\n{key}\n{stored} {}\n", draft.kept.fresh_until);
        for (name, value) in &draft.kept.varies {
            head.push_str(&format!("{name}: {value}\n"));
        }
        head.push('\n');
        draft.push(head.as_bytes())?;
        Ok(draft)
    }

    fn path(&self, key: &str) -> PathBuf {
        let name = hexadecimal(&Sha256::digest(key.as_bytes()));
        self.folder.join(format!("{name}.{ENDING}"))
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove(&self, all: &mut BTreeMap<String, Kept>, key: &str) {
        all.remove(key);
        // Somebody may have emptied the folder.
        let _ = fs::remove_file(self.path(key));
    }

    fn make_room(&self, all: &mut BTreeMap<String, Kept>) {
        loop {
            let total: u64 = all.values().map(|kept| kept.size).sum();
            if total <= self.limits.total && all.len() <= self.limits.count {
                return;
            }
            let oldest = all.iter().min_by_key(|(_, kept)| kept.used);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else {
                return;
            };
            self.remove(all, &key);
        }
    }
}

impl Draft<'_> {
    /// Adds bytes; `false` when the answer has become too long to be kept.
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<bool> {
        self.kept.size += bytes.len() as u64;
        if self.kept.size > self.cache.limits.answer.min(self.cache.limits.total) {
            return Ok(false);
        }
        self.file.write_all(bytes)?;
        Ok(true)
    }

    /// Keeps the complete answer.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.flush()?;
        let mut all = self.cache.kept();
        fs::rename(&self.temporary, self.cache.path(&self.key))?;
        self.finished = true;
        let used = self.cache.clock.fetch_add(1, Ordering::Relaxed);
        let kept = Kept {
            used,
            ..self.kept.clone()
        };
        all.insert(self.key.clone(), kept);
        self.cache.make_room(&mut all);
        Ok(())
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.finished {
            // Somebody may have emptied the folder.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

fn kept_in(path: &Path) -> Option<(String, Kept)> {
    let file = File::open(path).ok()?;
    let size = file.metadata().ok()?.len();
    let (key, kept) = head(&mut BufReader::new(file))?;
    Some((key, Kept { size, ..kept }))
}

/// Reads a file's lines up to the empty one.
fn head(reader: &mut impl BufRead) -> Option<(String, Kept)> {
    let mut next = || {
        let mut line = String::new();
        let count = io::Read::take(&mut *reader, 64 * 1024)
            .read_line(&mut line)
            .ok()?;
        (count > 0).then_some(())?;
        line.strip_suffix('\n').map(str::to_owned)
    };
    (next()? == FIRST_LINE).then_some(())?;
    let key = next()?;
    let times = next()?;
    let (stored, fresh_until) = times.split_once(' ')?;
    let mut varies = Vec::new();
    loop {
        let line = next()?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ")?;
        varies.push((name.to_owned(), value.to_owned()));
    }
    let kept = Kept {
        size: 0,
        stored: stored.parse().ok()?,
        fresh_until: fresh_until.parse().ok()?,
        varies,
        used: 0,
    };
    Some((key, kept))
}

/// All values of a field in one text that has no line end.
fn joined(fields: &Fields, name: &str) -> String {
    let values: Vec<String> = values(fields, name)
        .map(|value| value.escape_ascii().to_string())
        .collect();
    values.join(",")
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    const LIMITS: Limits = Limits {
        total: 1000,
        answer: 400,
        count: 100,
    };
    const HOUR: Duration = Duration::from_secs(3600);

    fn keep(cache: &Cache, key: &str, bytes: &[u8]) -> bool {
        let mut draft = cache.begin(key, HOUR, &[], &Fields::new()).unwrap();
        let fits = draft.push(bytes).unwrap();
        if fits {
            draft.finish().unwrap();
        }
        fits
    }

    fn found(cache: &Cache, key: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut hit = cache.find(key, &Fields::new())?;
        hit.reader.read_to_end(&mut bytes).unwrap();
        Some(bytes)
    }

    #[test]
    fn what_was_kept_is_found_also_by_the_next_server() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), LIMITS).unwrap();
        assert!(keep(&cache, "http://a/../../etc", b"\n\nanswer"));
        assert_eq!(found(&cache, "http://a/../../etc").unwrap(), b"\n\nanswer");
        let again = Cache::open(folder.path(), LIMITS).unwrap();
        assert_eq!(found(&again, "http://a/../../etc").unwrap(), b"\n\nanswer");
        assert_eq!(found(&again, "http://b/"), None);
    }

    #[test]
    fn the_limits_hold_and_the_longest_unused_goes() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), LIMITS).unwrap();
        assert!(!keep(&cache, "long", &[0; 500]));
        for key in ["a", "b", "c"] {
            assert!(keep(&cache, key, &[0; 200]));
        }
        assert!(found(&cache, "a").is_some());
        assert!(keep(&cache, "d", &[0; 300]));
        assert!(found(&cache, "b").is_none());
        assert!(found(&cache, "a").is_some());
        let files = fs::read_dir(folder.path()).unwrap();
        let total: u64 = files
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum();
        assert!(total <= LIMITS.total);
    }

    #[test]
    fn an_answer_that_varies_is_for_like_requests_only() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), LIMITS).unwrap();
        let german: Fields = vec![("Accept-Language".to_owned(), b"de\n".to_vec())];
        let draft = cache
            .begin("a", HOUR, &["accept-language".to_owned()], &german)
            .unwrap();
        draft.finish().unwrap();
        assert!(cache.find("a", &german).is_some());
        assert!(cache.find("a", &Fields::new()).is_none());
    }

    #[test]
    fn a_damaged_file_is_no_answer() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), LIMITS).unwrap();
        keep(&cache, "a", b"x");
        fs::write(cache.path("a"), b"WIRELAB-CACHE 1\nb\n").unwrap();
        assert!(found(&cache, "a").is_none());
        let again = Cache::open(folder.path(), LIMITS).unwrap();
        assert!(found(&again, "a").is_none());
        assert!(!again.path("a").exists());
    }
}
