//! Options that hold options, each with a number and a length of its own.

use super::{bad_length, remainder};
use crate::dissect::cursor::Cursor;
use crate::dissect::dhcp::fields::*;

/// Option 82: what the relay agent added (RFC 3046 and others).
pub(super) fn agent_information(part: &mut Cursor<'_, '_>) -> Option<()> {
    while part.left() > 1 {
        let code = part.u8(AGENT_SUBOPTION)?;
        let length = usize::from(part.u8(SUBOPTION_LENGTH)?);
        if length > part.left() {
            break;
        }
        let value = part.bytes.get(part.at..part.at + length)?;
        let range = part.at..part.at + length;
        part.sink.bytes(AGENT_VALUE, range, value);
        let mut inner = part.part(length);
        let address = |inner: &mut Cursor<'_, '_>, index| {
            if length == 4 {
                inner.ipv4(index)?;
            } else {
                bad_length(inner);
            }
            Some(())
        };
        let raw = |inner: &mut Cursor<'_, '_>, index| inner.bytes(index, length).map(|_| ());
        match code {
            1 => raw(&mut inner, AGENT_CIRCUIT_ID)?,
            2 => raw(&mut inner, AGENT_REMOTE_ID)?,
            3 => raw(&mut inner, AGENT_RESERVED)?,
            5 => address(&mut inner, AGENT_LINK_SELECTION)?,
            6 => {
                inner.ascii(AGENT_SUBSCRIBER_ID, length)?;
            }
            7 => raw(&mut inner, AGENT_RADIUS)?,
            8 => raw(&mut inner, AGENT_AUTHENTICATION)?,
            10 if length == 1 => {
                inner.u8(AGENT_FLAGS)?;
            }
            10 => bad_length(&mut inner),
            11 => address(&mut inner, AGENT_SERVER_ID)?,
            12 => raw(&mut inner, AGENT_RELAY_ID)?,
            _ => {}
        }
    }
    Some(())
}

pub(super) fn vendor_class(part: &mut Cursor<'_, '_>) -> Option<()> {
    if part.left() == 1 {
        part.u8(VI_CLASS_ADDRESS_MODE)?;
        return Some(());
    }
    while part.left() >= 5 {
        part.u32(VI_CLASS_ENTERPRISE)?;
        let length = usize::from(part.u8(VI_CLASS_LENGTH)?);
        part.ascii(VI_CLASS_DATA, length)?;
    }
    remainder(part);
    Some(())
}

pub(super) fn vendor_information(part: &mut Cursor<'_, '_>) -> Option<()> {
    while part.left() >= 5 {
        let enterprise = part.u32(VI_ENTERPRISE)?;
        let length = usize::from(part.u8(VI_LENGTH)?);
        let end = part.at + length;
        // The Broadband Forum and CableLabs have fields of their own, which are left out.
        if matches!(enterprise, 3561 | 4491) {
            part.at = end;
            continue;
        }
        while part.at < end && part.left() >= 2 {
            part.u8(VI_SUBOPTION)?;
            let length = usize::from(part.u8(SUBOPTION_LENGTH)?);
            if part.at + length > end.min(part.end) {
                part.at = end;
                break;
            }
            part.bytes(VI_DATA, length)?;
        }
        part.at = end;
    }
    remainder(part);
    Some(())
}

pub(super) fn novell(part: &mut Cursor<'_, '_>) -> Option<()> {
    while part.left() > 0 {
        if part.left() == 1 {
            bad_length(part);
            break;
        }
        part.u8(NOVELL_SUBOPTION)?;
        let length = usize::from(part.u8(SUBOPTION_LENGTH)?);
        part.bytes(NOVELL_VALUE, length)?;
    }
    Some(())
}

pub(super) fn civic(part: &mut Cursor<'_, '_>) -> Option<()> {
    if part.left() < 3 {
        return Some(());
    }
    part.u8(CIVIC_WHAT)?;
    part.ascii(CIVIC_COUNTRY, 2)?;
    while part.left() >= 2 {
        part.u8(CIVIC_TYPE)?;
        let length = usize::from(part.u8(CIVIC_LENGTH)?);
        if length > part.left() {
            break;
        }
        if length > 0 {
            part.ascii(CIVIC_VALUE, length)?;
        }
    }
    Some(())
}
