//! Makers of network cards by the first three bytes of a hardware address, as Wireshark shows
//! them. The table is made from the IEEE's list (Debian package ieee-data) by
//! `fixtures/make-vendors`: one line a prefix, six hexadecimal digits, a tab, the short name.

/// The table, sorted by prefix.
const TABLE: &str = include_str!("vendors.tsv");

/// The maker of a card, shortened to eight letters.
pub fn maker(mac: [u8; 6]) -> Option<&'static str> {
    // Group addresses have no maker. Of those that are marked as locally assigned some have: they are
    // older than the mark, or taken without asking (52:54:00 of QEMU).
    if mac[0] & 1 != 0 {
        return None;
    }
    let prefix = format!("{:02x}{:02x}{:02x}", mac[0], mac[1], mac[2]);
    let bytes = TABLE.as_bytes();
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let middle = (low + high) / 2;
        let start = bytes[..middle]
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |p| p + 1);
        let end = bytes[start..]
            .iter()
            .position(|b| *b == b'\n')
            .map_or(bytes.len(), |p| start + p);
        let (key, name) = TABLE.get(start..end)?.split_once('\t')?;
        match key.cmp(prefix.as_str()) {
            std::cmp::Ordering::Equal => return Some(name),
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

/// An address with its maker in place of the first three bytes: `PcsCompu_a0:73:e5`.
pub fn name(mac: [u8; 6]) -> String {
    if mac == [0xff; 6] {
        return "Broadcast".to_owned();
    }
    let [a, b, c, d, e, f] = mac;
    match maker(mac) {
        Some(maker) => format!("{maker}_{d:02x}:{e:02x}:{f:02x}"),
        None => format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}"),
    }
}

/// What Wireshark shows for a hardware address written out; `None` for other text, and for an
/// address that has no name.
pub fn name_of_text(text: &str) -> Option<String> {
    let parts = || text.split(':');
    if text.len() != 17 || !parts().all(|part| part.len() == 2) {
        return None;
    }
    let bytes: Vec<u8> = parts()
        .filter_map(|part| u8::from_str_radix(part, 16).ok())
        .collect();
    let name = name(bytes.try_into().ok()?);
    (name != text).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_virtual_machine_shows_its_maker() {
        assert_eq!(name([0x08, 0, 0x27, 0xa0, 0x73, 0xe5]), "PcsCompu_a0:73:e5");
        assert_eq!(name([0x52, 0x54, 0, 0x12, 0x35, 2]), "RealtekU_12:35:02");
    }

    #[test]
    fn only_text_that_is_an_address_gets_a_name() {
        let named = name_of_text("08:00:27:a0:73:e5");
        assert_eq!(named.as_deref(), Some("PcsCompu_a0:73:e5"));
        assert_eq!(
            name_of_text("ff:ff:ff:ff:ff:ff").as_deref(),
            Some("Broadcast")
        );
        assert_eq!(name_of_text("02:00:00:00:00:01"), None);
        assert_eq!(name_of_text("08:00:27:a0:73+e5"), None);
        assert_eq!(name_of_text("fe80::a00:27ff:fe"), None);
    }

    #[test]
    fn an_address_without_maker_is_shown_whole() {
        assert_eq!(name([2, 0, 0, 0, 0, 1]), "02:00:00:00:00:01");
        assert_eq!(name([0xff; 6]), "Broadcast");
    }
}
