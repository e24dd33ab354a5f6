//! The pcapng blocks that describe sections and interfaces.

use super::about::{About, MOST_INTERFACES};
use super::batch::wide;
use super::link::is_known;
use super::options::{self, COMMENT, Opt};
use super::walk::{Fault, Output};
use super::{Interface, LinkType, Section, TimeResolution, Verdict};
use byteorder_slice::ByteOrder;

/// Reads a section header block, whose byte order is `B`.
pub(super) fn section_header<B: ByteOrder>(
    later: bool,
    body: &[u8],
    output: &mut Output<'_>,
) -> Result<(), Fault> {
    let Some((header, list)) = body.split_first_chunk::<16>() else {
        return Err(too_short("a section header block"));
    };
    let [_, _, _, _, a, b, c, d, ..] = *header;
    let (major, minor) = (B::read_u16(&[a, b]), B::read_u16(&[c, d]));
    if major != 1 {
        let verdict = if later {
            Verdict::Corrupt
        } else {
            Verdict::NotACapture
        };
        let words =
            format!("version {major}.{minor} of the pcapng format is unknown, 1.0 is usual");
        return Err(Fault { verdict, words });
    }
    if minor != 0 && minor != 2 {
        output.remarks.file(format!(
            "minor version {minor} of the pcapng format is unknown, read as 1.0"
        ));
    }
    let mut section = Section::default();
    for option in options::walk::<B>(list) {
        let option = option.map_err(|overrun| overrun_fault(&overrun))?;
        match option.code {
            COMMENT => section.comments.push(output.about.text(option.value)),
            2 => section.hardware = Some(output.about.text(option.value)),
            3 => section.os = Some(output.about.text(option.value)),
            4 => section.application = Some(output.about.text(option.value)),
            _ => {}
        }
    }
    output.about.add_section(section);
    Ok(())
}

/// Reads an interface description block; the section's first interface has this number.
pub(super) fn interface_description<B: ByteOrder>(
    first_interface: usize,
    body: &[u8],
    output: &mut Output<'_>,
) -> Result<(), Fault> {
    let Some((header, list)) = body.split_first_chunk::<8>() else {
        return Err(too_short("an interface description block"));
    };
    if output.about.interfaces.len() >= MOST_INTERFACES {
        return Err(Fault::corrupt(format!(
            "more than {MOST_INTERFACES} interfaces are described"
        )));
    }
    let id = output.about.interfaces.len() - first_interface;
    let mut interface = Interface {
        described: true,
        section: output.about.section_count,
        id: u32::try_from(id).unwrap_or(u32::MAX),
        link: LinkType(
            header
                .first_chunk::<2>()
                .map_or(0, |link| B::read_u16(link)),
        ),
        snapshot_length: header
            .last_chunk::<4>()
            .map_or(0, |length| B::read_u32(length)),
        ..Interface::default()
    };
    for option in options::walk::<B>(list) {
        let option = option.map_err(|overrun| overrun_fault(&overrun))?;
        interface_option::<B>(&mut interface, &option, output.about);
    }
    if !is_known(interface.link) {
        output.remarks.file(format!(
            "link type {} is unknown, frames are shown as bytes",
            interface.link.0
        ));
    }
    if !interface.resolution.is_meaningful() {
        output.remarks.file(format!(
            "interface {id} counts time in {}, which nobody can mean; its times are left out",
            interface.resolution
        ));
    }
    output.about.add_interface(interface);
    Ok(())
}

/// Reads an interface statistics block.
pub(super) fn interface_statistics<B: ByteOrder>(
    first_interface: usize,
    body: &[u8],
    output: &mut Output<'_>,
) -> Result<(), Fault> {
    let Some((header, list)) = body.split_first_chunk::<12>() else {
        return Err(too_short("an interface statistics block"));
    };
    let id = header.first_chunk::<4>().map_or(0, |id| B::read_u32(id));
    let index = first_interface.saturating_add(wide(id));
    let Some(interface) = output.about.interfaces.get_mut(index) else {
        output.remarks.file(format!(
            "statistics are given for interface {id}, which is not described"
        ));
        return Ok(());
    };
    for option in options::walk::<B>(list) {
        let option = option.map_err(|overrun| overrun_fault(&overrun))?;
        let count = <[u8; 8]>::try_from(option.value).map(|value| B::read_u64(&value));
        match (option.code, count) {
            (4, Ok(count)) => interface.received = Some(count),
            (5, Ok(count)) => interface.dropped = Some(count),
            _ => {}
        }
    }
    Ok(())
}

fn interface_option<B: ByteOrder>(interface: &mut Interface, option: &Opt<'_>, about: &mut About) {
    let value = option.value;
    match option.code {
        COMMENT => interface.comments.push(about.text(value)),
        2 => interface.name = Some(about.text(value)),
        3 => interface.description = Some(about.text(value)),
        9 => {
            if let &[byte] = value {
                interface.resolution = TimeResolution::from_byte(byte);
            }
        }
        // A byte says whether it is text (0) or a program for the kernel's filter machine (1).
        11 => {
            if let Some((0, text)) = value.split_first() {
                interface.filter = Some(about.text(text));
            }
        }
        12 => interface.os = Some(about.text(value)),
        13 => interface.fcs_length = value.first().copied(),
        14 => {
            if let Ok(bytes) = <[u8; 8]>::try_from(value) {
                interface.offset_seconds = B::read_i64(&bytes);
            }
        }
        15 => interface.hardware = Some(about.text(value)),
        _ => {}
    }
}

/// A block that cannot hold what it must.
#[cold]
pub(super) fn too_short(what: &str) -> Fault {
    Fault::corrupt(format!("{what} is too short for its fields"))
}

/// A block whose options reach beyond it.
#[cold]
pub(super) fn overrun_fault(overrun: &options::Overrun) -> Fault {
    Fault::corrupt(format!(
        "option {} claims {} bytes, more than its block has",
        overrun.code, overrun.length
    ))
}
