//! TTLs that systems begin with: from them is guessed how many routers a packet has crossed.

/// The usual ones: 32 (old Windows), 64 (Linux, BSD, macOS), 128 (Windows), 255 (routers).
const USUAL: [u8; 4] = [32, 64, 128, 255];
/// Those of a few old systems.
const RARE: [u8; 2] = [60, 100];

/// The usual one that a TTL which was seen probably comes from: the next one.
pub(super) fn initial(seen: u8) -> u8 {
    let next = USUAL.into_iter().find(|usual| seen <= *usual);
    next.unwrap_or(u8::MAX)
}

/// Whether some system begins with this one by itself.
pub(super) fn is_initial(ttl: u8) -> bool {
    USUAL.contains(&ttl) || RARE.contains(&ttl)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_comes_from_the_next_usual_one() {
        let seen = [0, 31, 32, 33, 60, 64, 65, 128, 129, 255];
        let begun = [32, 32, 32, 64, 64, 64, 128, 128, 255, 255];
        assert_eq!(seen.map(initial), begun);
        assert!([32, 60, 64, 100, 128, 255].into_iter().all(is_initial));
        assert!(![0, 1, 31, 63, 127, 254].into_iter().any(is_initial));
    }
}
