//! A folder that files arrive in: under a temporary name until complete, never over another.

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// What to do when a file of that name is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Keep it and refuse the new one.
    #[default]
    Keep,
    /// Replace it once the new one is complete.
    Replace,
}

/// The folder, held open: what happens to its path meanwhile changes nothing.
#[derive(Debug)]
pub struct Store {
    folder: OwnedFd,
    existing: Existing,
    arrivals: AtomicU64,
}

/// A file on its way. Dropped before it is complete, it is gone.
#[derive(Debug)]
pub struct Arrival<'a> {
    store: &'a Store,
    temporary: String,
    file: File,
    complete: bool,
}

impl Store {
    /// Opens the folder at `path`.
    pub fn open(path: &Path, existing: Existing) -> io::Result<Store> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Store {
            folder: rustix::fs::open(path, flags, Mode::empty())?,
            existing,
            arrivals: AtomicU64::new(0),
        })
    }

    /// Whether a file called `name` would be refused now. Another may still come first.
    pub fn has(&self, name: &str) -> bool {
        self.existing == Existing::Keep
            && rustix::fs::statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// Begins a file under a temporary name.
    pub fn begin(&self) -> io::Result<Arrival<'_>> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
        loop {
            let number = self.arrivals.fetch_add(1, Ordering::Relaxed);
            let temporary = format!(".wirelab-{}-{number}.part", std::process::id());
            match rustix::fs::openat(&self.folder, &temporary, flags, mode) {
                Ok(file) => {
                    return Ok(Arrival {
                        store: self,
                        temporary,
                        file: File::from(file),
                        complete: false,
                    });
                }
                // Left behind by a process that had our number and was killed.
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Arrival<'_> {
    /// Adds bytes.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Gives the complete file its `name`; an error of kind `AlreadyExists` when that is taken.
    pub fn finish(mut self, name: &str) -> io::Result<()> {
        let folder = &self.store.folder;
        match self.store.existing {
            Existing::Replace => {
                rustix::fs::renameat(folder, &self.temporary, folder, name)?;
            }
            Existing::Keep => self.rename_to_free(name)?,
        }
        self.complete = true;
        Ok(())
    }

    /// Gives the complete file the first free of `received-1`, `received-2`, …
    pub fn finish_unnamed(mut self, stem: &str) -> io::Result<String> {
        let mut number = 1_u32;
        loop {
            let name = format!("{stem}-{number}");
            match self.rename_to_free(&name) {
                Ok(()) => {
                    self.complete = true;
                    return Ok(name);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn rename_to_free(&self, name: &str) -> io::Result<()> {
        let folder = &self.store.folder;
        let renamed = rustix::fs::renameat_with(
            folder,
            &self.temporary,
            folder,
            name,
            RenameFlags::NOREPLACE,
        );
        match renamed {
            // Some network file systems know no such rename; a second link refuses just as well,
            // and the first name then goes.
            Err(Errno::INVAL | Errno::NOSYS) => {
                rustix::fs::linkat(folder, &self.temporary, folder, name, AtFlags::empty())?;
                rustix::fs::unlinkat(folder, &self.temporary, AtFlags::empty())?;
                Ok(())
            }
            renamed => Ok(renamed?),
        }
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        if !self.complete {
            // Somebody else may have tidied up.
            let _ = rustix::fs::unlinkat(&self.store.folder, &self.temporary, AtFlags::empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_when_complete_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Existing::Keep).unwrap();
        let mut arrival = store.begin().unwrap();
        arrival.write(b"one").unwrap();
        assert!(!folder.path().join("x").exists());
        arrival.finish("x").unwrap();
        assert_eq!(std::fs::read(folder.path().join("x")).unwrap(), b"one");
        let second = store.begin().unwrap();
        assert_eq!(
            second.finish("x").unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        drop(store.begin().unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(std::fs::read(folder.path().join("x")).unwrap(), b"one");
    }

    #[test]
    fn replacing_replaces_a_link_and_not_what_it_points_to() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let target = outside.path().join("target");
        std::fs::write(&target, b"old").unwrap();
        std::os::unix::fs::symlink(&target, folder.path().join("x")).unwrap();
        let store = Store::open(folder.path(), Existing::Replace).unwrap();
        let mut arrival = store.begin().unwrap();
        arrival.write(b"new").unwrap();
        arrival.finish("x").unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"old");
        assert_eq!(std::fs::read(folder.path().join("x")).unwrap(), b"new");
    }
}
