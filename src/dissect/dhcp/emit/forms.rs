//! Which form an option's value has: one that a row of the table names, or one of its own.

use super::lists::{
    directory_agent, name_services, port_control, rapid_deployment, routes, search_list,
    selected_servers, sip_servers,
};
use super::suboptions::{agent_information, civic, novell, vendor_class, vendor_information};
use super::who::{authentication, client_identifier, full_name, hardware_or_uuid, user_class};
use super::{State, bad_length, overload, remainder};
use crate::dissect::cursor::Cursor;
use crate::dissect::dhcp::fields::*;
use crate::dissect::dhcp::options::Shape;
use crate::dissect::field::FieldIndex;
use crate::dissect::text;

/// Options whose form is a row of the table; `Some(None)` when it is not one of those.
pub(super) fn shaped(part: &mut Cursor<'_, '_>, shape: Shape) -> Option<Option<()>> {
    let length = part.left();
    match shape {
        Shape::Special => return Some(None),
        Shape::Opaque => {}
        Shape::Address(index) if length == 4 => {
            part.ipv4(index)?;
        }
        Shape::Addresses(index) => {
            while part.left() >= 4 {
                part.ipv4(index)?;
            }
            remainder(part);
        }
        Shape::Pairs(first, second) => {
            while part.left() >= 8 {
                part.ipv4(first)?;
                part.ipv4(second)?;
            }
            remainder(part);
        }
        Shape::Text(index) => {
            part.ascii(index, length)?;
        }
        Shape::Boolean(index) if length == 1 => {
            part.boolean(index)?;
        }
        Shape::Number8(index) if length == 1 => {
            part.u8(index)?;
        }
        Shape::Number16(index) if length == 2 => {
            part.u16(index)?;
        }
        Shape::Numbers16(index) => {
            while part.left() >= 2 {
                part.u16(index)?;
            }
            remainder(part);
        }
        Shape::Numbers8(index) => {
            while part.left() > 0 {
                part.u8(index)?;
            }
        }
        Shape::Seconds(index) if length == 4 => {
            part.u32(index)?;
        }
        Shape::SignedSeconds(index) if length == 4 => {
            part.i32(index)?;
        }
        _ => bad_length(part),
    }
    Some(Some(()))
}

pub(super) fn special(
    part: &mut Cursor<'_, '_>,
    state: &mut State,
    code: u8,
    value: &[u8],
) -> Option<()> {
    let length = value.len();
    match code {
        43 => {
            part.bytes(VENDOR_VALUE, length)?;
        }
        52 => overload(part, state)?,
        53 => {
            part.u8(DHCP)?;
        }
        61 => client_identifier(part, value)?,
        63 => novell(part)?,
        77 => user_class(part)?,
        78 => directory_agent(part)?,
        79 => {
            part.u8(SLP_SCOPE_VALUE)?;
            part.ascii(SLP_SCOPE_TEXT, length.checked_sub(1)?)?;
        }
        81 => full_name(part, value)?,
        82 => agent_information(part)?,
        90 => authentication(part, state.overview.kind)?,
        94 => {
            if part.peek_u8()? == 1 {
                part.skip(1)?;
                part.u8(NETWORK_ID_MAJOR)?;
                part.u8(NETWORK_ID_MINOR)?;
            }
        }
        97 => hardware_or_uuid(part, value).unwrap_or(Some(()))?,
        99 => civic(part)?,
        117 => name_services(part)?,
        119 => search_list(part, state, value)?,
        120 => sip_servers(part, state, value)?,
        121 | 249 => routes(part)?,
        124 => vendor_class(part)?,
        125 => vendor_information(part)?,
        146 => selected_servers(part)?,
        151 if length > 0 => {
            part.u8(BULK_STATUS)?;
            if length > 1 {
                part.utf8(BULK_STATUS_TEXT, length - 1)?;
            }
        }
        152 => moment(part, BULK_BASE_TIME)?,
        154 => moment(part, BULK_QUERY_START)?,
        155 => moment(part, BULK_QUERY_END)?,
        158 if length >= 5 => port_control(part)?,
        159 if length == 4 => {
            part.u8(PORT_OFFSET)?;
            part.u8(PORT_PSID_LENGTH)?;
            part.bytes(PORT_PSID, 2)?;
        }
        212 => rapid_deployment(part)?,
        _ => bad_length(part),
    }
    Some(())
}

/// Seconds since 1900.
fn moment(part: &mut Cursor<'_, '_>, index: FieldIndex) -> Option<()> {
    if part.left() != 4 {
        bad_length(part);
        return Some(());
    }
    let (bytes, range) = part.take(4)?;
    let seconds = u32::from_be_bytes(*bytes.first_chunk()?);
    part.sink
        .owned_text(index, range, text::network_time(seconds));
    Some(())
}
