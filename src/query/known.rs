//! Names that Wireshark 4.0.17 knows, for saying of one that it is right and not decoded here.

/// Its protocols, and those fields of protocols we decode that are not filled here (`tshark -G
/// protocols`, `tshark -G fields`), one a line.
const NAMES: &str = include_str!("wireshark.txt");

/// What of a name Wireshark knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known<'n> {
    /// The protocol; it is not decoded here.
    Protocol(&'n str),
    /// The field.
    Field,
}

/// Looks a name up that the catalogue does not have; `decoded` says of a protocol that its fields
/// are listed here.
pub(super) fn look_up<'n>(name: &'n str, decoded: impl Fn(&str) -> bool) -> Option<Known<'n>> {
    let listed = |wanted: &str| NAMES.lines().any(|line| line == wanted);
    let protocol = name.split('.').next().unwrap_or(name);
    if decoded(protocol) {
        return (name != protocol && listed(name)).then_some(Known::Field);
    }
    // Some protocols have a dot in their name.
    let longest = name.match_indices('.').map(|(at, _)| &name[..at]);
    let mut names = longest.chain([name]);
    names.rfind(|part| listed(part)).map(Known::Protocol)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_wireshark_is_told_from_a_typing_error() {
        let decoded = |name: &str| name == "http";
        assert_eq!(look_up("smb2.cmd", decoded), Some(Known::Protocol("smb2")));
        assert_eq!(look_up("quic", decoded), Some(Known::Protocol("quic")));
        assert_eq!(look_up("http.bad_header_name", decoded), Some(Known::Field));
        assert_eq!(look_up("http.hsot", decoded), None);
        assert_eq!(look_up("smbb2.cmd", decoded), None);
    }
}
