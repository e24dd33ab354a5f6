//! File transfer: the copy is the original, byte for byte, or it is not there.
//!
//! A client sends a file's bytes and closes; that is all, so that netcat can be either side and
//! the connection's bytes in a capture are the file. With [`send::Style::Named`] our client
//! sends one line before the bytes (`WIRELAB-FILE 1 LENGTH NAME`) and gets one line back
//! (`RECEIVED LENGTH SHA-256` or `REFUSED why`). The server knows the two apart by that line's
//! first word; our client names a file that begins with this very word even when not asked to.
//!
//! **Invariant:** a name from the network is one plain component or it is refused; nothing is
//! written outside the folder, and nothing appears under its name before it is complete.

pub mod name;
pub mod receive;
pub mod send;
pub mod store;

use sha2::{Digest, Sha256};

/// How a named transfer begins.
pub const MAGIC: &[u8] = b"WIRELAB-FILE 1 ";

/// Length and SHA-256 of bytes that went by.
#[derive(Clone, Debug, Default)]
pub struct Fingerprint {
    length: u64,
    hash: Sha256,
}

impl Fingerprint {
    /// Takes the next bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        self.hash.update(bytes);
    }

    /// Bytes so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The hash of all bytes so far, in hexadecimal.
    pub fn sha256(&self) -> String {
        hexadecimal(&self.hash.clone().finalize())
    }
}

/// Bytes as `sha256sum` prints them.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How far a transfer is: bytes done, and the whole where it is known.
pub type Progress<'a> = &'a (dyn Fn(u64, Option<u64>) + Sync);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_is_that_of_sha256sum() {
        let mut fingerprint = Fingerprint::default();
        fingerprint.push(b"ab");
        fingerprint.push(b"c");
        assert_eq!(fingerprint.length(), 3);
        assert_eq!(
            fingerprint.sha256(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
