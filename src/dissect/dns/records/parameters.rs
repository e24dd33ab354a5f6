//! Records that hold parameters, each with its number and length: EDNS options, SVCB and HTTPS.

use super::Data;
use crate::dissect::dns::fields::*;
use crate::dissect::field::Value;

impl Data<'_, '_, '_> {
    /// EDNS options (RFC 6891).
    pub(super) fn options(&mut self) -> Option<()> {
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

    /// SVCB and HTTPS (RFC 9460).
    pub(super) fn service_binding(&mut self) -> Option<()> {
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
}
