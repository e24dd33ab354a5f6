//! A capture that is read more than once: standard input is kept in a file without a name.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

/// A capture that can be opened again.
#[derive(Debug)]
pub struct Kept {
    path: PathBuf,
    /// What standard input held; it vanishes with this.
    _file: Option<File>,
}

impl Kept {
    /// Reads standard input to its end if `path` is `-`; any other path is only remembered. An
    /// error is about the temporary file or standard input.
    pub fn new(path: &Path) -> io::Result<Kept> {
        if path != Path::new("-") {
            return Ok(Kept {
                path: path.to_owned(),
                _file: None,
            });
        }
        let mut file = tempfile::tempfile()?;
        io::copy(&mut io::stdin().lock(), &mut file)?;
        // Opening this begins at the file's first byte (proc(5)).
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        Ok(Kept {
            path: path.into(),
            _file: Some(file),
        })
    }

    /// What to open.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
