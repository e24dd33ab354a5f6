//! Archives, read into memory within limits.

use super::{Content, File, MOST_FILES, file_name, too_many};
use std::io::Read;
use std::path::Path;

/// Most bytes that come out of one archive.
const MOST_BYTES: u64 = 256 << 20;

/// Archives that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Archive {
    Zip,
    TarGz,
    Tar,
}

pub(super) fn archive_kind(name: &str) -> Option<Archive> {
    let name = name.to_lowercase();
    match () {
        () if name.ends_with(".zip") => Some(Archive::Zip),
        () if name.ends_with(".tar.gz") || name.ends_with(".tgz") => Some(Archive::TarGz),
        () if name.ends_with(".tar") => Some(Archive::Tar),
        () => None,
    }
}

/// Reads an archive into memory, within limits.
pub(super) fn unpack(path: &Path, kind: Archive, files: &mut Vec<File>, remarks: &mut Vec<String>) {
    let name = file_name(path);
    let result = match kind {
        Archive::Zip => unzip(path, files, remarks),
        Archive::Tar => open(path).and_then(|f| untar(f, files, remarks)),
        Archive::TarGz => {
            open(path).and_then(|f| untar(flate2::read::GzDecoder::new(f), files, remarks))
        }
    };
    if let Err(error) = result {
        remarks.push(format!("{name}: {error}"));
    }
}

fn open(path: &Path) -> Result<std::fs::File, String> {
    std::fs::File::open(path).map_err(|e| e.to_string())
}

/// Whether a name in an archive may be used, and as what.
fn tame(name: &str) -> Option<String> {
    let parts: Vec<&str> = name
        .split(['/', '\\'])
        .filter(|p| !p.is_empty() && *p != ".")
        .collect();
    let wild = name.starts_with(['/', '\\']) || parts.contains(&"..") || name.contains(':');
    (!wild && !parts.is_empty() && parts[0] != "__MACOSX").then(|| parts.join("/"))
}

fn unzip(path: &Path, files: &mut Vec<File>, remarks: &mut Vec<String>) -> Result<(), String> {
    let mut archive = zip::ZipArchive::new(std::io::BufReader::new(open(path)?))
        .map_err(|e| format!("the archive cannot be read: {e}"))?;
    let mut budget = MOST_BYTES;
    for at in 0..archive.len() {
        if files.len() >= MOST_FILES {
            return Err(too_many());
        }
        let entry = match archive.by_index(at) {
            Ok(entry) => entry,
            Err(error) => {
                remarks.push(format!("entry {}: {error}", at + 1));
                continue;
            }
        };
        if entry.is_dir() {
            continue;
        }
        let name = entry.name().map_or_else(
            |_| format!("entry {}", at + 1),
            std::borrow::Cow::into_owned,
        );
        if entry.is_symlink() {
            remarks.push(format!("{name}: a link; links are not followed"));
            continue;
        }
        take_in(&name, entry, &mut budget, files, remarks)?;
    }
    Ok(())
}

fn untar(input: impl Read, files: &mut Vec<File>, remarks: &mut Vec<String>) -> Result<(), String> {
    let mut archive = tar::Archive::new(input.take(MOST_BYTES));
    let mut budget = MOST_BYTES;
    let entries = archive
        .entries()
        .map_err(|e| format!("the archive cannot be read: {e}"))?;
    for entry in entries {
        if files.len() >= MOST_FILES {
            return Err(too_many());
        }
        let entry = entry.map_err(|e| format!("the archive is damaged: {e}"))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            continue;
        }
        if !kind.is_file() {
            remarks.push(format!("{name}: no regular file"));
            continue;
        }
        take_in(&name, entry, &mut budget, files, remarks)?;
    }
    Ok(())
}

fn take_in(
    name: &str,
    entry: impl Read,
    budget: &mut u64,
    files: &mut Vec<File>,
    remarks: &mut Vec<String>,
) -> Result<(), String> {
    let Some(tame) = tame(name) else {
        if !name.starts_with("__MACOSX") {
            remarks.push(format!("{name}: a path that leads out of the archive"));
        }
        return Ok(());
    };
    if archive_kind(&tame).is_some() {
        remarks.push(format!("{tame}: an archive in an archive is not read"));
        return Ok(());
    }
    let mut bytes = Vec::new();
    let most = (*budget).min(128 << 20);
    match entry.take(most + 1).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 > most => {
            return Err(format!(
                "{tame}: too large when unpacked; the rest is not read"
            ));
        }
        Ok(_) => {}
        Err(error) => {
            remarks.push(format!("{tame}: damaged: {error}"));
            return Ok(());
        }
    }
    *budget -= bytes.len() as u64;
    files.push(File {
        name: tame,
        content: Content::Bytes(bytes),
    });
    Ok(())
}
