//! Records about keys, signatures and who may do what: DNSSEC and its like.

use super::Data;
use crate::dissect::dns::fields::*;
use crate::dissect::field::{FieldIndex, Value};
use crate::dissect::text;

impl Data<'_, '_, '_> {
    pub(super) fn signatures(&mut self, kind: u16) -> Option<()> {
        match kind {
            25 => {
                let start = self.cursor.at;
                self.cursor.u16(KEY_FLAGS)?;
                self.cursor.u8(KEY_PROTOCOL)?;
                let algorithm = self.cursor.u8(KEY_ALGORITHM)?;
                self.key_id(KEY_KEY_ID, start, algorithm)?;
                self.rest_if_any(KEY_KEY)
            }
            48 | 60 => {
                let start = self.cursor.at;
                let flags = self.cursor.u16(DNSKEY_FLAGS)?;
                let range = start..start + 2;
                for (index, bit) in [
                    (DNSKEY_ZONE, 0x100),
                    (DNSKEY_REVOKED, 0x80),
                    (DNSKEY_ENTRY, 1),
                ] {
                    self.cursor
                        .sink
                        .boolean(index, range.clone(), flags & bit != 0);
                }
                let reserved = (flags & 0xfe7e) >> 1;
                self.cursor.sink.unsigned(DNSKEY_RESERVED, range, reserved);
                self.cursor.u8(DNSKEY_PROTOCOL)?;
                let algorithm = self.cursor.u8(DNSKEY_ALGORITHM)?;
                self.key_id(DNSKEY_KEY_ID, start, algorithm)?;
                self.rest(DNSKEY_KEY)
            }
            24 | 46 => {
                self.cursor.u16(RRSIG_TYPE)?;
                self.cursor.u8(RRSIG_ALGORITHM)?;
                self.cursor.u8(RRSIG_LABELS)?;
                self.cursor.u32(RRSIG_TTL)?;
                self.moment(RRSIG_EXPIRATION)?;
                self.moment(RRSIG_INCEPTION)?;
                self.cursor.u16(RRSIG_KEY_TAG)?;
                self.name(RRSIG_SIGNER)?;
                self.rest_if_any(RRSIG_SIGNATURE)
            }
            _ => {
                self.cursor.u16(DS_KEY_ID)?;
                self.cursor.u8(DS_ALGORITHM)?;
                self.cursor.u8(DS_DIGEST_TYPE)?;
                self.rest(DS_DIGEST)
            }
        }
    }

    /// The key tag (RFC 4034 appendix B).
    fn key_id(&mut self, index: FieldIndex, start: usize, algorithm: u8) -> Option<()> {
        let key = self.cursor.bytes.get(start..self.end)?;
        let number = if algorithm == 1 {
            let three = key.get(key.len().checked_sub(3)?..)?;
            u16::from_be_bytes(*three.first_chunk()?)
        } else {
            let sum: u32 = key
                .chunks(2)
                .map(|pair| match *pair {
                    [a, b] => u32::from(u16::from_be_bytes([a, b])),
                    [a] => u32::from(a) << 8,
                    _ => 0,
                })
                .sum();
            let folded = sum.wrapping_add(sum >> 16 & 0xffff) & 0xffff;
            u16::try_from(folded).unwrap_or_default()
        };
        self.cursor.sink.unsigned(index, 0..0, number);
        Some(())
    }

    pub(super) fn certificate(&mut self) -> Option<()> {
        self.cursor.u16(CERT_TYPE)?;
        self.cursor.u16(CERT_KEY_TAG)?;
        self.cursor.u8(CERT_ALGORITHM)?;
        self.rest_if_any(CERT_CERTIFICATE)
    }

    pub(super) fn fingerprints(&mut self, kind: u16) -> Option<()> {
        if kind == 44 {
            self.cursor.u8(SSHFP_ALGORITHM)?;
            self.cursor.u8(SSHFP_TYPE)?;
            return self.rest_if_any(SSHFP_FINGERPRINT);
        }
        self.cursor.u8(TLSA_USAGE)?;
        self.cursor.u8(TLSA_SELECTOR)?;
        self.cursor.u8(TLSA_MATCHING)?;
        self.rest(TLSA_DATA)
    }

    pub(super) fn ipsec_key(&mut self) -> Option<()> {
        self.cursor.u8(IPSECKEY_PRECEDENCE)?;
        let kind = self.cursor.u8(IPSECKEY_TYPE)?;
        self.cursor.u8(IPSECKEY_ALGORITHM)?;
        match kind {
            1 => {
                self.cursor.ipv4(IPSECKEY_IPV4)?;
            }
            2 => {
                self.cursor.ipv6(IPSECKEY_IPV6)?;
            }
            3 => self.name(IPSECKEY_NAME)?,
            _ => {}
        }
        self.rest_if_any(IPSECKEY_KEY)
    }

    /// Which types a name has (RFC 4034 §4.1.2).
    pub(super) fn type_bitmap(&mut self) -> Option<()> {
        while self.left()? > 0 {
            let head = self.cursor.peek(2)?;
            let (&window, &length) = (head.first()?, head.last()?);
            self.cursor.skip(2)?;
            let mut kind = u16::from(window) << 8;
            for _ in 0..length {
                let (octet, range) = self.cursor.take(1)?;
                let octet = *octet.first()?;
                for bit in 0..8 {
                    if octet & (0x80 >> bit) != 0 {
                        self.cursor
                            .sink
                            .unsigned(RESP_TYPE, range.clone(), kind | bit);
                    }
                }
                kind = kind.wrapping_add(8);
            }
        }
        Some(())
    }

    /// The parts that NSEC3 and NSEC3PARAM share (RFC 5155).
    pub(super) fn hash_parameters(&mut self, shows_bits: bool) -> Option<()> {
        self.cursor.u8(NSEC3_ALGORITHM)?;
        let range = self.cursor.at..self.cursor.at + 1;
        let flags = self.cursor.u8(NSEC3_FLAGS)?;
        if shows_bits {
            self.cursor
                .sink
                .boolean(NSEC3_OPT_OUT, range, flags & 1 != 0);
        }
        self.cursor.u16(NSEC3_ITERATIONS)?;
        let salt = usize::from(self.cursor.u8(NSEC3_SALT_LENGTH)?);
        self.cursor.bytes(NSEC3_SALT, salt)?;
        Some(())
    }

    pub(super) fn hashed_next(&mut self) -> Option<()> {
        self.hash_parameters(true)?;
        let length = usize::from(self.cursor.u8(NSEC3_HASH_LENGTH)?);
        if length > 0 {
            let (hash, range) = self.cursor.take(length)?;
            let shown = base32(hash);
            self.cursor.sink.owned_text(NSEC3_HASH, range, shown);
        }
        self.type_bitmap()
    }

    pub(super) fn child_synchronization(&mut self) -> Option<()> {
        self.cursor.u32(CSYNC_SOA)?;
        let range = self.cursor.at..self.cursor.at + 2;
        let flags = self.cursor.u16(CSYNC_FLAGS)?;
        self.cursor
            .sink
            .boolean(CSYNC_IMMEDIATE, range.clone(), flags & 1 != 0);
        self.cursor
            .sink
            .boolean(CSYNC_MINIMUM, range, flags & 2 != 0);
        let length = self.left()?;
        let bitmap = self.cursor.peek(length)?;
        let range = self.cursor.at..self.end;
        self.cursor.sink.bytes(CSYNC_BITMAP, range, bitmap);
        self.type_bitmap()
    }

    pub(super) fn zone_digest(&mut self) -> Option<()> {
        self.cursor.u32(ZONEMD_SERIAL)?;
        self.cursor.u8(ZONEMD_SCHEME)?;
        self.cursor.u8(ZONEMD_ALGORITHM)?;
        self.rest(ZONEMD_DIGEST)
    }

    pub(super) fn transaction_key(&mut self) -> Option<()> {
        self.name(TKEY_NAME)?;
        self.moment(TKEY_INCEPTION)?;
        self.moment(TKEY_EXPIRATION)?;
        self.cursor.u16(TKEY_MODE)?;
        self.cursor.u16(TKEY_ERROR)?;
        let length = usize::from(self.cursor.u16(TKEY_KEY_SIZE)?);
        if length > 0 {
            self.cursor.bytes(TKEY_KEY_DATA, length)?;
        }
        let length = usize::from(self.cursor.u16(TKEY_OTHER_SIZE)?);
        if length > 0 {
            self.cursor.bytes(TKEY_OTHER_DATA, length)?;
        }
        Some(())
    }

    pub(super) fn transaction_signature(&mut self) -> Option<()> {
        self.name(TSIG_NAME)?;
        let (bytes, range) = self.cursor.take(6)?;
        let seconds = bytes.iter().fold(0i64, |n, &b| n << 8 | i64::from(b));
        self.cursor
            .sink
            .owned_text(TSIG_TIME, range, text::moment(seconds));
        self.cursor.u16(TSIG_FUDGE)?;
        let length = usize::from(self.cursor.u16(TSIG_MAC_SIZE)?);
        if length > 0 {
            self.cursor.mark(TSIG_MAC, length)?;
            self.cursor.skip(length)?;
        }
        self.cursor.u16(TSIG_ORIGINAL_ID)?;
        self.cursor.u16(TSIG_ERROR)?;
        let length = usize::from(self.cursor.u16(TSIG_OTHER_LENGTH)?);
        if length > 0 {
            self.cursor.bytes(TSIG_OTHER_DATA, length)?;
        }
        Some(())
    }

    /// CAA (RFC 8659).
    pub(super) fn authorization(&mut self) -> Option<()> {
        let range = self.cursor.at..self.cursor.at + 1;
        let flags = self.cursor.u8(CAA_FLAGS)?;
        self.cursor
            .sink
            .boolean(CAA_CRITICAL, range, flags & 0x80 != 0);
        let length = usize::from(self.cursor.peek_u8()?);
        let tag = self.cursor.peek(1 + length)?.get(1..)?;
        let at = self.cursor.at + 1 + length;
        let value = self.cursor.bytes.get(at..self.end)?;
        let index = match tag {
            b"issue" => CAA_ISSUE,
            b"issuewild" => CAA_ISSUEWILD,
            b"iodef" => CAA_IODEF,
            _ => CAA_UNKNOWN,
        };
        let shown = Value::Text(text::ascii(value).into_owned().into());
        self.cursor.sink.put(index, at..self.end, shown);
        self.counted(CAA_TAG_LENGTH, CAA_TAG)?;
        self.cursor.ascii(CAA_VALUE, value.len())?;
        Some(())
    }
}

/// Base 32 with the extended hexadecimal alphabet (RFC 4648 §7), in lower case, not padded.
fn base32(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let mut out = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut pending, mut bits) = (0u32, 0);
    for &byte in bytes {
        pending = pending << 8 | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(digit(DIGITS, pending >> bits));
        }
        pending &= (1 << bits) - 1;
    }
    if bits > 0 {
        out.push(digit(DIGITS, pending << (5 - bits)));
    }
    out
}

fn digit(digits: &[u8; 32], value: u32) -> char {
    let place = usize::try_from(value & 31).unwrap_or_default();
    digits.get(place).copied().map_or('0', char::from)
}
