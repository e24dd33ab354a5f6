//! What a file is, by its first bytes and its name, and why one is not read.

use super::{Content, File};
use crate::grade::report::extension;
use std::io::Read;
use std::path::Path;

/// Whether a file is a capture, by its first bytes.
pub(in crate::grade) fn is_capture(path: &Path) -> bool {
    is_capture_bytes(&Content::Path(path.to_owned()).head())
}

/// Whether bytes begin as a capture does.
pub(in crate::grade) fn is_capture_bytes(bytes: &[u8]) -> bool {
    const MAGIC: [[u8; 4]; 9] = [
        [0xa1, 0xb2, 0xc3, 0xd4],
        [0xd4, 0xc3, 0xb2, 0xa1],
        [0xa1, 0xb2, 0x3c, 0x4d],
        [0x4d, 0x3c, 0xb2, 0xa1],
        [0xa1, 0xb2, 0xcd, 0x34],
        [0x34, 0xcd, 0xb2, 0xa1],
        [0x0a, 0x0d, 0x0d, 0x0a],
        [0x28, 0xb5, 0x2f, 0xfd],
        [0x04, 0x22, 0x4d, 0x18],
    ];
    bytes
        .get(..4)
        .is_some_and(|head| MAGIC.iter().any(|m| m == head))
        || bytes.starts_with(b"snoop\0\0\0")
        || bytes.starts_with(&[0x1f, 0x8b])
}

/// Why a file that is neither capture nor report is worth a remark.
pub(in crate::grade) fn unreadable(name: &str, content: &Content) -> Option<String> {
    let head = content.head();
    let what = extension(name);
    if head.starts_with(b"version https://git-lfs") {
        return Some("a Git LFS pointer, not the file itself: fetch it with `git lfs pull`".into());
    }
    match what.as_str() {
        "pcap" | "pcapng" | "cap" => Some(if head.is_empty() {
            "an empty file".into()
        } else {
            "no capture, though it is called one".into()
        }),
        "png" | "jpg" | "jpeg" | "gif" | "bmp" | "heic" | "webp" => {
            Some("a picture: nobody has read it".into())
        }
        "doc" | "odt" | "rtf" | "pages" => {
            Some("a document of a kind that is not read: ask for .docx, PDF or text".into())
        }
        _ if name.starts_with('.') || what == "py" || what == "c" || what == "java" => None,
        _ => Some("not read: neither a capture nor a report of a known kind".into()),
    }
}

/// Whether a file is a picture, by its name.
pub(in crate::grade) fn is_picture(name: &str) -> bool {
    let pictures = ["png", "jpg", "jpeg", "gif", "bmp", "heic", "webp"];
    pictures.contains(&extension(name).as_str())
}

/// Whether a file that is not read may hold answers: a document, and no picture or capture.
pub(in crate::grade) fn can_answer(name: &str) -> bool {
    let capture = matches!(extension(name).as_str(), "pcap" | "pcapng" | "cap");
    !capture && !is_picture(name)
}

/// Most bytes of a capture, also when unpacked.
const MOST_CAPTURE: u64 = 512 << 20;

/// Whether a file is compressed as a whole.
fn is_packed(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b])
        || matches!(head, [0x28, 0xb5, 0x2f, 0xfd] | [0x04, 0x22, 0x4d, 0x18])
}

/// Why a file is too large to be read. What is compressed is unpacked for it, and counted.
pub(in crate::grade) fn oversized(file: &File) -> Option<String> {
    let told = || {
        format!(
            "it has more than {} MiB: it is not read",
            MOST_CAPTURE >> 20
        )
    };
    if let Content::Path(path) = &file.content
        && std::fs::metadata(path).is_ok_and(|m| m.len() > MOST_CAPTURE)
    {
        return Some(told());
    }
    let head = file.content.head();
    let head = head.get(..4)?;
    if !is_packed(head) {
        return None;
    }
    let input: Box<dyn Read> = match &file.content {
        Content::Path(path) => Box::new(std::io::BufReader::new(std::fs::File::open(path).ok()?)),
        Content::Bytes(bytes) => Box::new(bytes.as_slice()),
    };
    let mut unpacked: Box<dyn Read> = match head {
        [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(input)),
        [0x28, 0xb5, 0x2f, 0xfd] => Box::new(ruzstd::decoding::StreamingDecoder::new(input).ok()?),
        [0x04, 0x22, 0x4d, 0x18] => Box::new(lz4_flex::frame::FrameDecoder::new(input)),
        _ => return None,
    };
    // What is damaged is told by its reader.
    let mut sink = std::io::sink();
    let length = std::io::copy(&mut unpacked.by_ref().take(MOST_CAPTURE + 1), &mut sink);
    length.is_ok_and(|n| n > MOST_CAPTURE).then(told)
}
