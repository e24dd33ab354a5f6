//! What has to be known of a link type to count and measure frames.

use super::LinkType;
use pcap_file::DataLink;

/// Stands for what is no packet: a custom block, a journal entry, a link type that does not fit.
pub(super) const NO_LINK: LinkType = LinkType(u16::MAX);

/// Whether the registry gives the link type a meaning. The 16 numbers from 147 mean whatever
/// their users agreed on.
pub(super) fn is_known(link: LinkType) -> bool {
    let unknown = matches!(DataLink::from(u32::from(link.0)), DataLink::Unknown(_));
    let bsd_raw = link == LinkType::RAW_BSD || link == LinkType::RAW_OPENBSD;
    // The list of pcap-file ends here, the registry does not.
    let newer = (277..=304).contains(&link.0);
    (!unknown || bsd_raw || newer) && !(147..=162).contains(&link.0)
}

/// Bytes in front of each frame that the capture program put there, and that Wireshark does not
/// count as part of the frame.
pub(super) fn pseudo_header(link: LinkType) -> u32 {
    match link.0 {
        // PPP with direction.
        204 => 1,
        // SunATM, MTP2, Bluetooth H4, each with a direction.
        123 | 139 | 201 => 4,
        // SITA.
        196 => 5,
        // Linux IrDA and LAPD.
        144 | 177 => 16,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_types_of_the_registry_are_known() {
        for known in [0, 1, 9, 12, 14, 101, 105, 113, 228, 229, 276, 290] {
            assert!(is_known(LinkType(known)), "{known}");
        }
        for unknown in [147, 162, 9999, u16::MAX] {
            assert!(!is_known(LinkType(unknown)), "{unknown}");
        }
    }
}
