//! Which of several packets that are alike an ICMP error is about: their IP identifications are the
//! same, or tell nothing, as those of a script's probes.

use crate::track::ttl;

/// Whether an error is known about a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Told {
    /// None is.
    #[default]
    No,
    /// One that may as well be about another packet.
    Perhaps,
    /// One is.
    Yes,
}

/// So many packets that are alike may be the one that an error is about.
pub(crate) const ALIKE: usize = 64;

/// A packet that an error may be about.
#[derive(Clone, Copy, Default)]
pub(crate) struct Alike {
    /// Its TTL, or hop limit.
    pub(crate) ttl: u8,
    /// Whether an error is known about it already.
    pub(crate) told: Told,
}

impl Alike {
    /// Takes in that an error is told to be about it. What is sure stays so.
    pub(crate) fn tell(&mut self, told: Told) {
        if self.told != Told::Yes {
            self.told = told;
        }
    }
}

/// Whether an error of this kind and code says that the TTL ran out on the way, not the time to put
/// fragments together (RFC 792, RFC 4443 section 3.3).
pub(crate) fn ran_out(v4: bool, kind: u8, code: u8) -> bool {
    kind == if v4 { 11 } else { 3 } && code == 0
}

/// The TTL that a packet had here that ran out at the sender of an error, if both went the same way:
/// from the TTL of the error.
pub(crate) fn ran_out_after(error_ttl: u8) -> u8 {
    (ttl::initial(error_ttl) - error_ttl).saturating_add(1)
}

/// Which of the packets, oldest first, an error is about, and how surely; `ran_out` is the TTL that it
/// probably had, if that is what the error says. Where nothing tells, they have their errors in the
/// order they were sent in.
pub(crate) fn whose(alike: &[Alike], ran_out: Option<u8>) -> Option<(usize, Told)> {
    let all = || 0..alike.len();
    let only = |found: &mut dyn Iterator<Item = usize>| {
        let first = found.next();
        first.filter(|_| found.next().is_none())
    };
    let open = |at: &usize| alike[*at].told != Told::Yes;
    let fits = |at: &usize| open(at) && Some(alike[*at].ttl) == ran_out;
    let sure = only(&mut all())
        .or_else(|| only(&mut all().filter(open)))
        .or_else(|| only(&mut all().filter(fits)));
    if let Some(sure) = sure {
        return Some((sure, Told::Yes));
    }
    let free = |at: &usize| alike[*at].told == Told::No;
    let first = all().filter(fits).find(free).or_else(|| all().find(free));
    first.or(all().next_back()).map(|at| (at, Told::Perhaps))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(list: &[(u8, Told)], ran_out: Option<u8>) -> Option<(usize, Told)> {
        let alike: Vec<Alike> = list
            .iter()
            .map(|&(ttl, told)| Alike { ttl, told })
            .collect();
        whose(&alike, ran_out)
    }

    #[test]
    fn the_ttl_of_an_error_tells_after_which_the_probe_ran_out() {
        assert_eq!([64, 63, 255, 250, 1].map(ran_out_after), [1, 2, 1, 6, 32]);
    }

    #[test]
    fn an_error_is_given_to_the_only_packet_it_may_be_about() {
        use Told::{No, Perhaps, Yes};
        assert_eq!(of(&[], None), None);
        assert_eq!(of(&[(1, Yes)], None), Some((0, Yes)));
        assert_eq!(of(&[(1, Yes), (2, No), (3, Yes)], None), Some((1, Yes)));
        assert_eq!(of(&[(1, No), (2, No), (3, No)], Some(2)), Some((1, Yes)));
        // In order, where nothing tells.
        assert_eq!(of(&[(1, No), (2, No)], None), Some((0, Perhaps)));
        assert_eq!(of(&[(1, No), (2, No)], Some(9)), Some((0, Perhaps)));
        assert_eq!(of(&[(1, Perhaps), (1, No)], Some(1)), Some((1, Perhaps)));
        assert_eq!(
            of(&[(3, No), (2, No), (2, No)], Some(2)),
            Some((1, Perhaps))
        );
        assert_eq!(of(&[(1, Perhaps), (2, Perhaps)], None), Some((1, Perhaps)));
        assert_eq!(of(&[(1, Yes), (2, Yes)], None), Some((1, Perhaps)));
    }
}
