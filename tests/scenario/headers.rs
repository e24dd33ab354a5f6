//! Headers below UDP and TCP: IP with its pieces, TCP's options, ARP.

use super::line::{Line, host, mac, v4};
use etherparse::{
    IpHeaders, IpNumber, Ipv4Extensions, Ipv4Header, Ipv6Extensions, Ipv6FragmentHeader,
    Ipv6Header, TcpOptionElement,
};
use std::net::{IpAddr, Ipv4Addr};

/// The header of IP, with that of a piece where it is one.
pub(super) fn internet(
    line: &Line<'_>,
    from: IpAddr,
    to: IpAddr,
    count: usize,
) -> Option<IpHeaders> {
    let count = u16::try_from(count % 60_000).expect("it is small");
    let (id, at): (u16, u16) = (line.number("ipid", 1000 + count), line.number("at", 0));
    let (offset, more) = ((at / 8).try_into().ok()?, line.values.contains_key("more"));
    let ttl = |usual| line.number("ttl", usual);
    Some(match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let mut header =
                Ipv4Header::new(0, ttl(64), IpNumber(0), from.octets(), to.octets()).ok()?;
            header.identification = id;
            header.dont_fragment = line.number("df", 1u8) == 1;
            header.fragment_offset = offset;
            header.more_fragments = more;
            IpHeaders::Ipv4(header, Ipv4Extensions::default())
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let header = Ipv6Header {
                hop_limit: ttl(if line.words[4] == "nd" { 255 } else { 64 }),
                source: from.octets(),
                destination: to.octets(),
                ..Ipv6Header::default()
            };
            let piece = Ipv6FragmentHeader::new(IpNumber(0), offset, more, id.into());
            let extensions = Ipv6Extensions {
                fragment: (at > 0 || more).then_some(piece),
                ..Ipv6Extensions::default()
            };
            IpHeaders::Ipv6(header, extensions)
        }
        _ => return None,
    })
}

pub(super) fn options(line: &Line<'_>, syn: bool) -> Vec<TcpOptionElement> {
    let mut options = Vec::new();
    if syn {
        options.push(TcpOptionElement::MaximumSegmentSize(
            line.number("mss", 1460),
        ));
    }
    if line.values.contains_key("wscale") {
        options.push(TcpOptionElement::SelectiveAcknowledgementPermitted);
        options.push(TcpOptionElement::Noop);
        options.push(TcpOptionElement::WindowScale(line.number("wscale", 0)));
    }
    if line.values.contains_key("ts") {
        options.push(TcpOptionElement::Noop);
        options.push(TcpOptionElement::Noop);
        options.push(TcpOptionElement::Timestamp(line.number("ts", 0), 1));
    }
    if let Some(blocks) = line.values.get("sack") {
        let number = |text: &str| text.parse().expect("a sequence number");
        let mut blocks = blocks.split(',').map(|block| {
            let (left, right) = block.split_once('-').expect("a block has two edges");
            (number(left), number(right))
        });
        let first = blocks.next().expect("a block");
        let others = [blocks.next(), blocks.next(), blocks.next()];
        options.push(TcpOptionElement::SelectiveAcknowledgement(first, others));
    }
    options
}

pub(super) fn arp(
    line: &Line<'_>,
    rest: &[&str],
    source: Ipv4Addr,
    destination: Ipv4Addr,
    smac: [u8; 6],
    dmac: [u8; 6],
) -> Option<Vec<u8>> {
    let (opcode, target, target_mac) = match rest {
        ["request", asked] => (1u8, v4(host(asked).0), [0; 6]),
        ["reply"] => (2, destination, dmac),
        _ => return None,
    };
    let said = mac(line.number("says", smac[5]));
    let mut frame = [
        &dmac[..],
        &smac,
        &[8, 6, 0, 1, 8, 0, 6, 4, 0, opcode],
        &said,
    ]
    .concat();
    frame.extend(source.octets());
    frame.extend(target_mac);
    frame.extend(target.octets());
    Some(frame)
}
