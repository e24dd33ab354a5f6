//! Tells a capture's format by its first bytes, and what a file is that is no capture.

use super::Verdict;
use super::pcap::{self, Pcap};
use super::pcapng::{self, PcapNg};
use super::snoop::{self, Snoop};
use super::walk::{Fault, Next, Output};

/// A format, and where reading it stands.
pub(super) enum Format {
    Unknown,
    Pcap(Pcap),
    PcapNg(PcapNg),
    Snoop(Snoop),
}

/// Tells the format by its first bytes, and how many of them are a header that is done with.
pub(super) fn recognise(bytes: &[u8], output: &mut Output<'_>) -> Result<(Format, usize), Next> {
    let Some(magic) = bytes.first_chunk::<4>() else {
        return Err(Next::Need(4, "the file's first bytes"));
    };
    if *magic == pcapng::MAGIC {
        return match bytes.len() {
            0..12 => Err(Next::Need(12, "a section header")),
            _ => Ok((Format::PcapNg(PcapNg::default()), 0)),
        };
    }
    if snoop::MAGIC.starts_with(magic) {
        let Some(header) = bytes.first_chunk() else {
            return Err(Next::Need(snoop::FILE_HEADER, "the file header"));
        };
        if !header.starts_with(snoop::MAGIC) {
            return Err(Next::Stop(no_capture(bytes)));
        }
        return match Snoop::open(header, output.about) {
            Ok(snoop) => Ok((Format::Snoop(snoop), header.len())),
            Err(fault) => Err(Next::Stop(fault)),
        };
    }
    if !is_beginning(magic) {
        return Err(Next::Stop(no_capture(bytes)));
    }
    let Some(header) = bytes.first_chunk() else {
        return Err(Next::Need(pcap::FILE_HEADER, "the file header"));
    };
    match Pcap::open(header, output.about, output.remarks) {
        Ok(pcap) => Ok((Format::Pcap(pcap), header.len())),
        Err(fault) => Err(Next::Stop(fault)),
    }
}

/// Whether a capture may begin with these bytes, as far as they go.
pub(super) fn is_beginning(bytes: &[u8]) -> bool {
    if snoop::MAGIC.starts_with(bytes.get(..8).unwrap_or(bytes)) {
        return true;
    }
    let bytes = bytes.get(..4).unwrap_or(bytes);
    let begins = |magic: &[u8; 4]| magic.starts_with(bytes);
    begins(&pcapng::MAGIC) || pcap::magics().any(begins)
}

/// What the file is instead of a capture, where that can be told.
pub(super) fn no_capture(bytes: &[u8]) -> Fault {
    const KNOWN: [(&[u8], &str); 7] = [
        (b"\xfd7zXZ\0", "an xz file; hint: decompress it with xz -d"),
        (b"BZh", "a bzip2 file; hint: decompress it with bzip2 -d"),
        (
            b"PK\x03\x04",
            "a zip archive; hint: take the capture out of it",
        ),
        (
            b"\x7fELF",
            "a program; hint: name the file that Wireshark or tcpdump -w wrote",
        ),
        (
            b"%PDF",
            "a PDF document; hint: name the file that Wireshark or tcpdump -w wrote",
        ),
        (
            b"version https://git-lfs",
            "a pointer of Git LFS; hint: fetch the file itself with git lfs pull",
        ),
        (
            b"<",
            "a web page or XML; hint: export from Wireshark with Save As",
        ),
    ];
    let known = KNOWN.iter().find(|(magic, _)| bytes.starts_with(magic));
    let start = bytes.get(..512).unwrap_or(bytes);
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    let words = match known {
        Some((_, words)) => format!("no capture, but {words}"),
        None if start.iter().all(is_text) => {
            "no capture, but text; hint: record with tcpdump -w FILE, or Save As in Wireshark"
                .to_owned()
        }
        None => {
            let first = start.iter().take(4).map(|byte| format!(" {byte:02x}"));
            let first = first.collect::<String>();
            format!("no capture begins with{first}; hint: save it as pcapng")
        }
    };
    Fault {
        verdict: Verdict::NotACapture,
        words,
    }
}
