//! Link types that Wireshark reads: fields are only comparable where it does.

use crate::capture::LinkType;

/// First and last number of ranges that Wireshark 4.0 refuses, found by asking tshark 4.0.17.
#[rustfmt::skip]
const UNKNOWN: &[(u16, u16)] = &[
    (4, 5), (15, 15), (17, 17), (20, 31), (33, 49), (52, 98), (102, 103), (110, 111), (115, 116),
    (120, 120), (124, 126), (132, 132), (134, 134), (145, 146), (164, 164), (166, 166),
    (168, 168), (174, 176), (182, 182), (185, 185), (191, 191), (193, 194), (198, 198),
    (205, 208), (216, 219), (221, 223), (232, 234), (238, 238), (244, 244), (246, 247),
    (257, 257), (261, 263), (265, 265), (267, 267), (269, 269), (277, 278), (281, 282),
    (284, 286), (289, 289), (291, 291), (296, 65534),
];

/// Whether Wireshark 4.0 reads frames of this link type.
pub(super) fn known_to_wireshark(link: LinkType) -> bool {
    let after = UNKNOWN.partition_point(|(first, _)| *first <= link.0);
    after == 0 || UNKNOWN[after - 1].1 < link.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_link_types_are_read_and_others_are_not() {
        for link in [0, 1, 9, 12, 14, 50, 101, 105, 108, 113, 127, 228, 229, 276] {
            assert!(known_to_wireshark(LinkType(link)), "{link}");
        }
        for link in [15, 164, 182, 281, 285, 300] {
            assert!(!known_to_wireshark(LinkType(link)), "{link}");
        }
    }
}
