//! What is known of a file's interfaces and sections while it is read.

use super::interface::Clock;
use super::link::pseudo_header;
use super::{Interface, LinkType, Section};

/// Text kept of all option values together: a hostile file must not fill the memory.
const MOST_TEXT: usize = 16 * 1024 * 1024;

/// Interfaces kept of one file. One that describes more cannot be followed.
pub(super) const MOST_INTERFACES: usize = 65_536;

/// Sections whose descriptions are kept; later ones are read, but not described.
const MOST_SECTIONS: usize = 4_096;

/// What each frame needs to know of its interface.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) clock: Clock,
    pub(super) link: LinkType,
    /// The snapshot length; the largest number when there is no limit.
    pub(super) snapshot: u32,
    /// Bytes in front of each frame that are not part of it.
    pub(super) front: u32,
}

/// The interfaces and sections known so far.
#[derive(Debug, Default)]
pub(super) struct About {
    pub(super) interfaces: Vec<Interface>,
    /// What each frame needs to know of its interface.
    pub(super) origins: Vec<Origin>,
    pub(super) sections: Vec<Section>,
    /// All sections, also those that are no longer kept.
    pub(super) section_count: u32,
    text: usize,
}

impl About {
    /// Adds an interface.
    pub(super) fn add_interface(&mut self, interface: Interface) {
        let clock = Clock::new(interface.resolution, interface.offset_seconds);
        self.origins.push(Origin {
            clock,
            link: interface.link,
            snapshot: match interface.snapshot_length {
                0 => u32::MAX,
                length => length,
            },
            front: pseudo_header(interface.link),
        });
        self.interfaces.push(interface);
    }

    /// Begins a section.
    pub(super) fn add_section(&mut self, section: Section) {
        self.section_count = self.section_count.saturating_add(1);
        if self.sections.len() < MOST_SECTIONS {
            self.sections.push(section);
        }
    }

    /// An option's text; bytes that are not UTF-8 are replaced, a closing zero byte is dropped.
    /// Text beyond what is kept of one file becomes empty.
    pub(super) fn text(&mut self, value: &[u8]) -> String {
        let value = value.split(|&byte| byte == 0).next().unwrap_or_default();
        self.text = self.text.saturating_add(value.len());
        if self.text > MOST_TEXT {
            return String::new();
        }
        String::from_utf8_lossy(value).into_owned()
    }
}
