//! Checksums that the kernel left to the network card (checksum offload), finished as the card
//! would have: the recorded frame is the one that a wire carries, and nobody takes it for wrong.

/// Finishes the TCP or UDP checksum of an IP packet; `protocol` is its EtherType. What is cut or
/// fragmented stays as it is.
pub(super) fn checksum(protocol: u16, packet: &mut [u8]) -> Option<()> {
    let (header, end, upper, addresses) = match protocol {
        0x0800 => {
            let header = usize::from(packet.first()? & 0xf) * 4;
            let end = usize::from(u16_at(packet, 2)?);
            let fragment = u16_at(packet, 6)? & 0x3fff != 0;
            (!fragment).then_some((header, end, *packet.get(9)?, 12..20))?
        }
        0x86dd => {
            let end = 40 + usize::from(u16_at(packet, 4)?);
            (40, end, *packet.get(6)?, 8..40)
        }
        _ => return None,
    };
    let place = header
        + match upper {
            6 => 16,
            17 => 6,
            _ => return None,
        };
    let length = end.checked_sub(header)?;
    let carried = packet.get(header..end)?;
    u16_at(packet, place)?;
    let mut sum = u64::from(upper) + u64::try_from(length).ok()?;
    sum += words(packet.get(addresses)?) + words(carried);
    // What stands there now is the sum over the pseudo header; it is no part of the message.
    sum -= u64::from(u16_at(packet, place)?);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let sum = match (!(sum as u16), upper) {
        // Zero means "no checksum" in UDP.
        (0, 17) => 0xffff,
        (sum, _) => sum,
    };
    packet
        .get_mut(place..place + 2)?
        .copy_from_slice(&sum.to_be_bytes());
    Some(())
}

fn words(bytes: &[u8]) -> u64 {
    bytes
        .chunks(2)
        .map(|pair| {
            let low = pair.get(1).copied().unwrap_or_default();
            u64::from(u16::from_be_bytes([pair[0], low]))
        })
        .sum()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes([pair[0], pair[1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The three headers and a text, built by etherparse with the checksum it calculates.
    fn packet(udp: bool, v6: bool) -> Vec<u8> {
        let ethernet = etherparse::PacketBuilder::ethernet2([1; 6], [2; 6]);
        let ip = match v6 {
            false => ethernet.ipv4([10, 0, 6, 11], [10, 0, 6, 12], 64),
            true => ethernet.ipv6([7; 16], [9; 16], 64),
        };
        let mut bytes = Vec::new();
        match udp {
            true => ip
                .udp(4000, 12000)
                .write(&mut bytes, b"an odd text")
                .unwrap(),
            false => ip
                .tcp(4000, 12000, 7, 900)
                .write(&mut bytes, b"odd")
                .unwrap(),
        }
        bytes.split_off(14)
    }

    #[test]
    fn whatever_stands_there_the_checksum_becomes_the_right_one() {
        for (udp, v6) in [(false, false), (true, false), (false, true), (true, true)] {
            let right = packet(udp, v6);
            let place = if v6 { 40 } else { 20 } + if udp { 6 } else { 16 };
            let mut unfinished = right.clone();
            unfinished[place] ^= 0x5a;
            checksum(if v6 { 0x86dd } else { 0x0800 }, &mut unfinished).unwrap();
            assert_eq!(unfinished, right);
        }
    }

    #[test]
    fn what_is_cut_or_no_transport_stays_as_it_is() {
        let right = packet(false, false);
        for length in 0..right.len() {
            let mut cut = right[..length].to_vec();
            assert_eq!(checksum(0x0800, &mut cut), None);
            assert_eq!(cut, right[..length]);
        }
        let mut fragment = right.clone();
        fragment[6] = 0x20;
        assert_eq!(checksum(0x0800, &mut fragment), None);
        assert_eq!(checksum(0x0806, &mut right.clone()), None);
    }
}
