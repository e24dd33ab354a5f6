//! The data of the records, type by type (RFC 1035 and those that followed it).
//!
//! Left out: WINS, XPF, ISDN, X.25, NSAP, geographical position (27), host identity and types
//! that were never used; they are shown as bytes.

mod parameters;
mod security;

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
}
