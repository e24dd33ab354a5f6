//! The data of the records, type by type (RFC 1035 and those that followed it).
//!
//! Left out: WINS, XPF, ISDN, X.25, NSAP, geographical position (27), host identity and types
//! that were never used; they are shown as bytes.

use super::emit::Context;
use super::fields::*;
use super::name;
use crate::dissect::cursor::Cursor;
use crate::dissect::field::{FieldIndex, Value};
use crate::dissect::text;

/// A record's data while it is read.
struct Data<'a, 's, 'c> {
    /// Where reading is; not bounded by the record, as Wireshark's is not.
    cursor: &'c mut Cursor<'a, 's>,
    context: &'c Context,
    /// Where the record ends by its length.
    end: usize,
}

/// Hands over the data of one record that ends at `end`.
pub(super) fn data(
    cursor: &mut Cursor<'_, '_>,
    context: &Context,
    kind: u16,
    end: usize,
) -> Option<()> {
    let mut data = Data {
        cursor,
        context,
        end,
    };
    match kind {
        1..=15 | 17 | 18 | 21 | 28 | 33 | 36 | 39 => data.names_and_addresses(kind),
        16 => data.texts(TXT_LENGTH, TXT),
        99 => data.texts(SPF_LENGTH, SPF),
        24 | 25 | 43 | 46 | 48 | 59 | 60 | 32769 => data.signatures(kind),
        29 => data.location(),
        30 => data.name(NXT_NEXT),
        35 => data.naming_authority(),
        37 => data.certificate(),
        38 => data.address_with_prefix(),
        41 => data.options(),
        44 | 52 => data.fingerprints(kind),
        45 => data.ipsec_key(),
        47 => {
            data.name(NSEC_NEXT)?;
            data.type_bitmap()
        }
        49 => data.rest(DHCID),
        50 => data.hashed_next(),
        51 => data.hash_parameters(false).map(|_| ()),
        61 => {
            let length = data.left()?;
            data.cursor.ascii(OPENPGPKEY, length).map(|_| ())
        }
        62 => data.child_synchronization(),
        63 => data.zone_digest(),
        64 | 65 => data.service_binding(),
        104..=107 => data.locators(kind),
        108 => data.cursor.ether(EUI48).map(|_| ()),
        109 => {
            let (bytes, range) = data.cursor.take(8)?;
            data.cursor
                .sink
                .owned_text(EUI64, range, text::colons(bytes));
            Some(())
        }
        249 => data.transaction_key(),
        250 => data.transaction_signature(),
        257 => data.authorization(),
        _ => data.rest(DATA),
    }
}

impl Data<'_, '_, '_> {
    /// Bytes left by the record's length; `None` when reading went past it.
    fn left(&self) -> Option<usize> {
        self.end.checked_sub(self.cursor.at)
    }

    fn rest(&mut self, index: FieldIndex) -> Option<()> {
        let length = self.left()?;
        self.cursor.bytes(index, length).map(|_| ())
    }

    fn rest_if_any(&mut self, index: FieldIndex) -> Option<()> {
        if self.left()? > 0 {
            self.rest(index)?;
        }
        Some(())
    }

    fn name(&mut self, index: FieldIndex) -> Option<()> {
        self.named(index).map(|_| ())
    }

    fn named(&mut self, index: FieldIndex) -> Option<name::Name> {
        let at = self.cursor.at;
        let name = name::read(self.cursor.bytes, at, self.context.base, None)?;
        self.cursor.at += name.used;
        if self.cursor.sink.wants(index) {
            let range = at..self.cursor.at;
            self.cursor.sink.owned_text(index, range, name.text());
        }
        Some(name)
    }

    /// A length byte and as much text.
    fn counted(&mut self, length: FieldIndex, value: FieldIndex) -> Option<()> {
        let count = usize::from(self.cursor.u8(length)?);
        self.cursor.ascii(value, count).map(|_| ())
    }

    fn moment(&mut self, index: FieldIndex) -> Option<()> {
        let (bytes, range) = self.cursor.take(4)?;
        let seconds = u32::from_be_bytes(*bytes.first_chunk()?);
        let shown = text::moment(i64::from(seconds));
        self.cursor.sink.owned_text(index, range, shown);
        Some(())
    }

    fn names_and_addresses(&mut self, kind: u16) -> Option<()> {
        match kind {
            1 => self.cursor.ipv4(A).map(|_| ()),
            2 => self.name(NS),
            3 => self.name(MD),
            4 => self.name(MF),
            5 => self.name(CNAME),
            6 => self.start_of_authority(),
            7 => self.name(MB),
            8 => self.name(MG),
            9 => self.name(MR),
            10 => self.rest(NULL),
            11 => self.well_known_services(),
            12 => self.name(PTR),
            13 => {
                // Both texts are read before the first is shown.
                let first = usize::from(self.cursor.peek_u8()?);
                let second = *self.cursor.bytes.get(self.cursor.at + 1 + first)?;
                self.cursor.peek(2 + first + usize::from(second))?;
                self.counted(HINFO_CPU_LENGTH, HINFO_CPU)?;
                self.counted(HINFO_OS_LENGTH, HINFO_OS)
            }
            14 => {
                self.name(MINFO_R)?;
                self.name(MINFO_E)
            }
            15 => self.number_and_name(MX_PREFERENCE, MX_EXCHANGE),
            17 => {
                self.name(RP_MAILBOX)?;
                self.name(RP_TEXT)
            }
            18 => self.number_and_name(AFSDB_SUBTYPE, AFSDB_HOST),
            28 => self.cursor.ipv6(AAAA).map(|_| ()),
            33 => {
                self.cursor.u16(SRV_PRIORITY)?;
                self.cursor.u16(SRV_WEIGHT)?;
                self.cursor.u16(SRV_PORT)?;
                self.name(SRV_TARGET)
            }
            36 => self.number_and_name(KX_PREFERENCE, KX_EXCHANGE),
            39 => self.name(DNAME),
            _ => self.rest(DATA),
        }
    }

    /// A number and a name, shown together or not at all.
    fn number_and_name(&mut self, number: FieldIndex, name: FieldIndex) -> Option<()> {
        let at = self.cursor.at + 2;
        name::read(self.cursor.bytes, at, self.context.base, None)?;
        self.cursor.u16(number)?;
        self.name(name)
    }

    fn start_of_authority(&mut self) -> Option<()> {
        self.name(SOA_MNAME)?;
        self.name(SOA_RNAME)?;
        self.cursor.u32(SOA_SERIAL)?;
        self.cursor.u32(SOA_REFRESH)?;
        self.cursor.u32(SOA_RETRY)?;
        self.cursor.u32(SOA_EXPIRE)?;
        self.cursor.u32(SOA_MINIMUM)?;
        Some(())
    }

    fn well_known_services(&mut self) -> Option<()> {
        self.cursor.ipv4(WKS_ADDRESS)?;
        self.cursor.u8(WKS_PROTOCOL)?;
        while self.left()? > 0 {
            if self.cursor.peek_u8()? == 0 {
                self.cursor.skip(1)?;
            } else {
                self.cursor.u8(WKS_BITS)?;
            }
        }
        Some(())
    }

    fn texts(&mut self, length: FieldIndex, value: FieldIndex) -> Option<()> {
        // A text that runs over the record's end is followed, as Wireshark does, until the
        // message ends too.
        while self.cursor.at != self.end {
            let count = usize::from(self.cursor.u8(length)?);
            if self.context.multicast {
                self.cursor.utf8(value, count)?;
            } else {
                self.cursor.ascii(value, count)?;
            }
        }
        Some(())
    }

    fn signatures(&mut self, kind: u16) -> Option<()> {
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

    fn location(&mut self) -> Option<()> {
        if self.cursor.u8(LOC_VERSION)? != 0 {
            self.cursor.at -= 1;
            return self.rest(LOC_UNKNOWN);
        }
        self.cursor.u8(LOC_SIZE)?;
        self.cursor.u8(LOC_HORIZONTAL)?;
        self.cursor.u8(LOC_VERTICAL)?;
        self.cursor.u32(LOC_LATITUDE)?;
        self.cursor.u32(LOC_LONGITUDE)?;
        self.cursor.u32(LOC_ALTITUDE)?;
        Some(())
    }

    fn naming_authority(&mut self) -> Option<()> {
        self.cursor.u16(NAPTR_ORDER)?;
        self.cursor.u16(NAPTR_PREFERENCE)?;
        self.counted(NAPTR_FLAGS_LENGTH, NAPTR_FLAGS)?;
        self.counted(NAPTR_SERVICE_LENGTH, NAPTR_SERVICE)?;
        self.counted(NAPTR_REGEX_LENGTH, NAPTR_REGEX)?;
        let name = self.named(NAPTR_REPLACEMENT)?;
        let length = u64::try_from(name.length).unwrap_or(u64::MAX);
        self.cursor
            .sink
            .unsigned(NAPTR_REPLACEMENT_LENGTH, 0..0, length & 0xff);
        Some(())
    }

    fn certificate(&mut self) -> Option<()> {
        self.cursor.u16(CERT_TYPE)?;
        self.cursor.u16(CERT_KEY_TAG)?;
        self.cursor.u8(CERT_ALGORITHM)?;
        self.rest_if_any(CERT_CERTIFICATE)
    }

    fn address_with_prefix(&mut self) -> Option<()> {
        let bits = usize::from(self.cursor.peek_u8()?);
        let octets = 128usize.checked_sub(bits)?.div_ceil(8);
        self.cursor.peek(1 + octets)?;
        if bits > 0 {
            let at = self.cursor.at + 1 + octets;
            name::read(self.cursor.bytes, at, self.context.base, None)?;
        }
        self.cursor.u8(A6_PREFIX_LENGTH)?;
        let (suffix, range) = self.cursor.take(octets)?;
        if octets > 0 {
            let mut address = [0; 16];
            address.get_mut(16 - octets..)?.copy_from_slice(suffix);
            self.cursor.sink.put(A6_SUFFIX, range, Value::Ipv6(address));
        }
        if bits > 0 {
            self.name(A6_PREFIX_NAME)?;
        }
        Some(())
    }

    /// EDNS options (RFC 6891).
    fn options(&mut self) -> Option<()> {
        while self.left()? > 0 {
            let head = self.cursor.peek(4)?;
            let length = usize::from(u16::from_be_bytes(*head.get(2..)?.first_chunk()?));
            // The mark is cut short where the message ends.
            let range = self.cursor.at..self.cursor.at + 4 + length;
            self.cursor.sink.mark(OPT, range);
            let code = self.cursor.u16(OPT_CODE)?;
            self.cursor.u16(OPT_LEN)?;
            let value = self.cursor.peek(length)?;
            let end = self.cursor.at + length;
            let range = self.cursor.at..end;
            self.cursor.sink.bytes(OPT_DATA, range, value);
            self.option(code, length)?;
            self.cursor.at = end;
        }
        Some(())
    }

    fn option(&mut self, code: u16, length: usize) -> Option<()> {
        let algorithms = |this: &mut Self, index| {
            for _ in 0..length {
                this.cursor.u8(index)?;
            }
            Some(())
        };
        match code {
            5 => algorithms(self, OPT_DAU)?,
            6 => algorithms(self, OPT_DHU)?,
            7 => algorithms(self, OPT_N3U)?,
            8 | 20730 => self.client_subnet(length)?,
            10 => {
                self.cursor.bytes(OPT_COOKIE_CLIENT, 8)?;
                let server = length.checked_sub(8)?;
                self.cursor.bytes(OPT_COOKIE_SERVER, server)?;
            }
            11 if length == 2 => {
                self.cursor.u16(OPT_KEEPALIVE)?;
            }
            12 => {
                self.cursor.bytes(OPT_PADDING, length)?;
            }
            13 if length > 0 => {
                self.cursor.ascii(OPT_CHAIN, length)?;
            }
            15 if length >= 2 => {
                self.cursor.u16(OPT_ERROR_CODE)?;
                if length > 2 {
                    self.cursor.utf8(OPT_ERROR_TEXT, length - 2)?;
                }
            }
            _ => {}
        }
        Some(())
    }

    /// RFC 7871.
    fn client_subnet(&mut self, length: usize) -> Option<()> {
        let family = self.cursor.u16(OPT_CLIENT_FAMILY)?;
        self.cursor.u8(OPT_CLIENT_NETMASK)?;
        self.cursor.u8(OPT_CLIENT_SCOPE)?;
        let length = length.checked_sub(4)?;
        let shown = self.cursor.peek(length.min(16))?;
        let mut address = [0; 16];
        address.get_mut(..shown.len())?.copy_from_slice(shown);
        let range = self.cursor.at..self.cursor.at + shown.len();
        match family {
            1 => {
                let [a, b, c, d, ..] = address;
                let value = Value::Ipv4([a, b, c, d]);
                self.cursor.sink.put(OPT_CLIENT_ADDR4, range, value);
            }
            2 => self
                .cursor
                .sink
                .put(OPT_CLIENT_ADDR6, range, Value::Ipv6(address)),
            _ => {
                self.cursor.bytes(OPT_CLIENT_ADDR, length)?;
            }
        }
        Some(())
    }

    fn fingerprints(&mut self, kind: u16) -> Option<()> {
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

    fn ipsec_key(&mut self) -> Option<()> {
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
    fn type_bitmap(&mut self) -> Option<()> {
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
    fn hash_parameters(&mut self, shows_bits: bool) -> Option<()> {
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

    fn hashed_next(&mut self) -> Option<()> {
        self.hash_parameters(true)?;
        let length = usize::from(self.cursor.u8(NSEC3_HASH_LENGTH)?);
        if length > 0 {
            let (hash, range) = self.cursor.take(length)?;
            let shown = base32(hash);
            self.cursor.sink.owned_text(NSEC3_HASH, range, shown);
        }
        self.type_bitmap()
    }

    fn child_synchronization(&mut self) -> Option<()> {
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

    fn zone_digest(&mut self) -> Option<()> {
        self.cursor.u32(ZONEMD_SERIAL)?;
        self.cursor.u8(ZONEMD_SCHEME)?;
        self.cursor.u8(ZONEMD_ALGORITHM)?;
        self.rest(ZONEMD_DIGEST)
    }

    /// SVCB and HTTPS (RFC 9460).
    fn service_binding(&mut self) -> Option<()> {
        self.cursor.u16(SVCB_PRIORITY)?;
        self.name(SVCB_TARGET)?;
        while self.cursor.at < self.end {
            let at = self.cursor.at;
            self.cursor.mark(SVCB_PARAM, 1)?;
            let key = self.cursor.u16(SVCB_KEY)?;
            let length = usize::from(self.cursor.u16(SVCB_LENGTH)?);
            let end = at + 4 + length;
            while self.cursor.at < end {
                match key {
                    0 => {
                        self.cursor.u16(SVCB_MANDATORY)?;
                    }
                    1 => self.counted(SVCB_ALPN_LENGTH, SVCB_ALPN)?,
                    3 => {
                        self.cursor.u16(SVCB_PORT)?;
                        break;
                    }
                    4 => {
                        self.cursor.ipv4(SVCB_IPV4)?;
                    }
                    6 => {
                        self.cursor.ipv6(SVCB_IPV6)?;
                    }
                    5 => {
                        self.cursor.bytes(SVCB_ECH, length)?;
                    }
                    32769 => {
                        self.cursor.bytes(SVCB_ODOH, length)?;
                    }
                    2 => break,
                    _ => {
                        self.cursor.bytes(SVCB_VALUE, length)?;
                    }
                }
            }
        }
        Some(())
    }

    /// Identifiers and locators (RFC 6742).
    fn locators(&mut self, kind: u16) -> Option<()> {
        match kind {
            104 => {
                self.cursor.u16(NID_PREFERENCE)?;
                self.cursor.bytes(NID, 8)?;
            }
            105 => {
                self.cursor.u16(L32_PREFERENCE)?;
                self.cursor.ipv4(L32)?;
            }
            106 => {
                self.cursor.u16(L64_PREFERENCE)?;
                self.cursor.bytes(L64, 8)?;
            }
            _ => {
                self.cursor.u16(LP_PREFERENCE)?;
                self.name(LP)?;
            }
        }
        Some(())
    }

    fn transaction_key(&mut self) -> Option<()> {
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

    fn transaction_signature(&mut self) -> Option<()> {
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
    fn authorization(&mut self) -> Option<()> {
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
