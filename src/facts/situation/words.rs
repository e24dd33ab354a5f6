//! The sentences of situations, from first to last: what they say is decided in `track`, how they
//! say it here.
//!
//! What would leave the same frames is said with it: a firewall that rejects looks like a port
//! where nothing listens, and a capture that just ends like a host that is silent.

use super::asked::missing;
use super::calls::{connection, odd_reset};
use super::leases::leased;
use super::passwords::readable;
use super::rejected::rejected;
use super::story::{Alive, Lost, Scanned, Soon, Story, Unfit};
use super::together::{ends, together};
use super::twice::{came_again, copied, looped};
use std::fmt::{Display, Formatter, Result};
use std::net::IpAddr;

impl Display for Story {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Story::Refused {
                to: (server, port),
                ttls,
            } => {
                write!(
                    f,
                    "The SYN to {server} port {port} was answered with RST: nothing listens on that port, or a firewall rejects the call in its name; a program that calls so gets \"connection refused\"."
                )?;
                match ttls {
                    Some((own, other)) => write!(
                        f,
                        " It came with TTL {own}, other packets in its name with TTL {other}: so they did not cross the same number of routers, and a firewall on the way may have sent the one or the other."
                    ),
                    None => Ok(()),
                }
            }
            Story::PortUnreachable((server, port)) => write!(
                f,
                "The datagram to {server} port {port} was sent and arrived; the host answered with ICMP port unreachable: nothing listened there, or a firewall rejected it."
            ),
            Story::PortUnreachableFrom {
                sender,
                to: (server, port),
            } => write!(
                f,
                "{sender} answered for {server} with ICMP port unreachable: a translation of addresses or a firewall on the way rejects the datagram to port {port}, or nothing listens there."
            ),
            Story::SynUndelivered {
                to: (server, port),
                error,
                port: closed,
            } => {
                let (sender, meaning) = match error {
                    Some((sender, meaning)) => (sender.to_string(), meaning.as_str()),
                    None => ("a host".to_owned(), "unreachable"),
                };
                write!(
                    f,
                    "{sender} answered the SYN for {server} port {port} with an ICMP error: {meaning}."
                )?;
                if *closed {
                    f.write_str(
                        " A system answers with RST where nothing listens, so a firewall seems to reject the call (as REJECT of iptables does); unless this system, against custom, answers so itself.",
                    )?;
                }
                Ok(())
            }
            Story::DatagramUndelivered {
                to: (server, port),
                sender,
                meaning,
            } => write!(
                f,
                "{sender} answered the datagram for {server} port {port} with an ICMP error: {meaning}."
            ),
            Story::Undelivered {
                lost,
                ends: (from, to),
                count,
                sender,
                unused,
                meaning,
            } => {
                let s = if *count == 1 { "" } else { "s" };
                let what = match lost {
                    Lost::Segments(stream) => format!("{count} segment{s} of stream {stream}"),
                    Lost::Pings => format!("{count} ping{s}"),
                };
                write!(
                    f,
                    "{sender} answered {what} from {from} to {to} with ICMP errors: {meaning}."
                )?;
                match unused {
                    true => write!(
                        f,
                        " But {from} never used the sequence number that they quote, as far as this capture shows: that segment passed elsewhere, or is of an older connection, or somebody forged the errors."
                    ),
                    false => Ok(()),
                }
            }
            Story::Rejected {
                flaw,
                ends,
                count,
                sender,
            } => rejected(f, *flaw, *ends, *count, *sender),
            Story::Asked {
                asker,
                asked,
                times,
                flood,
                answer,
            } => {
                let often = match times {
                    1 => "once".to_owned(),
                    n => format!("{n} times"),
                };
                write!(f, "{asker} asked {often} who has {asked}")?;
                missing(f, *asker, *asked, *times, *answer)?;
                match flood {
                    true => f.write_str(" Most came within 10 ms of each other, and no host asks again so soon: they may be copies of one question, as switches that form a loop without a spanning tree make them, or a tool floods the link."),
                    false => Ok(()),
                }
            }
            Story::SynUnanswered((server, port)) => write!(
                f,
                "No answer of {server} to the one SYN to port {port} is in this capture: whether it stays silent, its answer was not captured here, or the capture just ends cannot be told."
            ),
            Story::SynsUnanswered {
                to: (server, port),
                gaps,
                growing,
                alive,
            } => {
                let how = if *growing { "growing gaps" } else { "gaps" };
                let told = joined(gaps, ", ", |gap| format!("{:.1}", seconds(*gap)));
                let when = match gaps.iter().any(|gap| *gap < 0) {
                    true => "between which the clock was set back".to_owned(),
                    false => format!("{how} of {told} s"),
                };
                let count = gaps.len() + 1;
                write!(
                    f,
                    "No answer of {server} to {count} SYNs to port {port} ({when})"
                )?;
                match alive {
                    Some(Alive::Sent(frame)) => write!(
                        f,
                        " is in this capture, though it did send other packets (frame {frame}): the SYNs or the answers to them are dropped on the way, or the answers went another way; or the host ignores them (its own firewall, or the queue of calls to that port is full)."
                    ),
                    Some(Alive::Refuses(frame)) => write!(
                        f,
                        " is in this capture, though RSTs refuse calls to other ports in its name (frame {frame}): they are its own, and it ignores these SYNs, or they or the answers to them are dropped on the way; or a firewall sends them, and whether the host is there cannot be told."
                    ),
                    Some(Alive::Claimed(frame)) => write!(
                        f,
                        " is in this capture, though ARP says who has its address (frame {frame}): it is on the link, or a router answers for it (proxy ARP), or it has gone since. So the host ignores the SYNs (its own firewall, or the queue of calls to that port is full), or they or the answers to them are dropped on the way."
                    ),
                    Some(Alive::Error(frame)) => write!(
                        f,
                        " is in this capture; but an ICMP error came to the caller (frame {frame}), which is cut before what it is about: it may say that the call failed."
                    ),
                    None => f.write_str(
                        ", and nothing else from it: the host is silent or absent, the SYNs or the answers to them are dropped on the way, or the answers passed elsewhere than here.",
                    ),
                }
            }
            Story::SynsTooSoon {
                to: (server, port),
                count,
                soon: Soon::AtOnce(span),
            } => write!(
                f,
                "No answer of {server} to {count} SYNs to port {port}, all within {:.3} ms, is in this capture: they may be one SYN that was captured or passed on several times; and whether the host stays silent, its answer was not captured here, or the capture just ends cannot be told.",
                seconds(*span) * 1000.0
            ),
            Story::SynsTooSoon {
                to: (server, port),
                count,
                soon: Soon::Ends(after),
            } => write!(
                f,
                "No answer of {server} to {count} SYNs to port {port} is in this capture, which ends {:.3} s after the first: whether one came later cannot be told.",
                seconds(*after)
            ),
            Story::Challenged((server, port)) => write!(
                f,
                "{server} answered the SYN to port {port} with an ACK of an older connection (RFC 5961 section 4.2): it still knows that connection, as open or half closed, which only a RST ends, or in TIME-WAIT, which ends by itself as well."
            ),
            Story::Unheard { .. }
            | Story::Probed { .. }
            | Story::NeverCompleted { .. }
            | Story::ResetBySelf { .. }
            | Story::SegmentsDisagree { .. } => connection(f, self),
            Story::Together {
                client,
                count,
                hosts,
                ports,
                scan,
                open,
                named,
                first,
            } => {
                let what = together(*client, *count, &ends(hosts, ports), first);
                let scan = match scan {
                    Some(Scanned::Ports) => ": so many ports of a host look like a scan",
                    Some(Scanned::Hosts) => ": so many hosts on one port look like a scan",
                    None => "",
                };
                write!(f, "{what}{scan}.")?;
                if open.count > 0 {
                    let named = joined(&open.first, ", ", u16::to_string);
                    let (plural, s) = if open.count == 1 {
                        ("", "s")
                    } else {
                        ("s", "")
                    };
                    let more = match open.count - open.first.len() {
                        0 => String::new(),
                        more => format!(" and {more} more"),
                    };
                    write!(
                        f,
                        " Open, by its SYN+ACK, seem{s} port{plural} {named}{more}."
                    )?;
                }
                write!(f, " The first: {first}")?;
                match named {
                    Some(named) => write!(f, " Only the first {named} frames are named."),
                    None => Ok(()),
                }
            }
            Story::More(count) => write!(
                f,
                "{count} more of this kind, of other hosts: there are too many to tell each."
            ),
            Story::Waited {
                client: (client, port),
                opened,
                asked,
                stream,
                ended,
                answer,
                after,
                closed,
                times,
            } => {
                write!(
                    f,
                    "The kernel completed the connection of {client} port {port} (frame {opened}) and took its data (frame {asked}) while stream {stream} was open; its first answer is frame {answer}, "
                )?;
                match closed {
                    None => write!(
                        f,
                        "{:.1} ms after that connection began to close (frame {ended})",
                        seconds(*after) * 1000.0
                    )?,
                    Some((closed, rest, after)) => write!(
                        f,
                        "{:.1} ms after the server closed that connection (frame {closed}), having said nothing for {:.1} ms until the FIN of that client (frame {ended}) had come",
                        seconds(*after) * 1000.0,
                        seconds(*rest) * 1000.0
                    )?,
                }
                f.write_str(", as of a server that serves one client at a time.")?;
                match times {
                    1 => f.write_str(
                        " An answer that was only slow, or that the other's leaving caused, would look the same.",
                    ),
                    times => write!(
                        f,
                        " {times} clients waited like this, which answers that are only slow would hardly show; answers that the others' leaving causes would."
                    ),
                }
            }
            Story::StrayAnswer {
                client,
                asked,
                question: (name, query),
                answer: (sender, frame),
            } => write!(
                f,
                "{client} asked {asked} for `{name}` (frame {query}), and a response with the number of that question came from {sender} (frame {frame}), which was not asked; a client that looks at the sender does not take it. Either the server answered from another of its addresses, or addresses are translated one way only, or somebody forges answers."
            ),
            Story::TwoAnswers {
                server,
                question: (name, query),
                answers: [(first, before), (second, after)],
            } => write!(
                f,
                "The one question for `{name}` in this capture (frame {query}) was answered twice in the name of {server}, and differently: {first} (frame {before}), then {second} (frame {after}); most clients take the first. One of them may be forged by somebody on the way; or the question came to the server once more, doubled on the way or sent where this capture does not show it, and the server does not always say the same."
            ),
            Story::OddReset {
                sender,
                stream,
                reset,
                went_on,
                others,
                crossed,
            } => odd_reset(f, *sender, *stream, *reset, *went_on, *others, *crossed),
            Story::Claimed { address, claims } => {
                let claims = joined(claims, " and ", |(mac, frame)| {
                    format!("{mac} (frame {frame})")
                });
                let (proxy, false_claim) = match address {
                    IpAddr::V4(_) => (", a router answers for it (proxy ARP)", "ARP spoofing"),
                    IpAddr::V6(_) => ("", "a false advertisement"),
                };
                write!(
                    f,
                    "{address} is claimed by {claims}: two hosts have the same address, one host has several cards, a card was replaced or took over{proxy}, captures of two networks with the same addresses were put together, or somebody pretends to be another host ({false_claim})."
                )
            }
            Story::Taken {
                address,
                wants: (wants, asked),
                has: (has, said),
            } => {
                let proxy = match address {
                    IpAddr::V4(_) => format!(", or {has} only answers for others (proxy ARP)"),
                    IpAddr::V6(_) => String::new(),
                };
                write!(
                    f,
                    "{wants} asked whether {address} is free (frame {asked}), and {has} says that it has it (frame {said}): the address is taken, so that {wants} must not use it (duplicate address detection); unless it is a switch, some of which ask like this only to see who is there{proxy}."
                )
            }
            Story::Declined { .. }
            | Story::Offered { .. }
            | Story::Disagreed { .. }
            | Story::BothAcknowledged { .. }
            | Story::GivenTwice { .. }
            | Story::OffersNotTaken { .. }
            | Story::DhcpUnanswered { .. } => leased(f, self),
            Story::Wanted {
                address,
                askers: [(one, first), (other, second)],
            } => write!(
                f,
                "{one} asked whether {address} is free (frame {first}), and so did {other} less than a second later (frame {second}): both want the address, and who hears the other ask must not use it (duplicate address detection); unless they are cards of one host, or one is a switch, some of which ask like this only to see who is there."
            ),
            Story::Copied {
                count,
                packets,
                difference,
                doubled,
                most,
                joined,
            } => match joined {
                Some(frame) => write!(
                    f,
                    "At least {count} of {packets} IP frames are copies of an earlier frame: time runs backwards at frame {frame}, with all originals before it and all copies from there on, as in two captures that were put one after the other. They were not sent again, though the counts of retransmissions and duplicate ACKs, here as in Wireshark, include them."
                ),
                None => copied(f, (*count, *packets), *difference, *doubled, *most),
            },
            Story::WentRound { .. } | Story::RanOut { .. } | Story::MetTwice { .. } => {
                looped(f, self)
            }
            Story::CameAgain { .. } => came_again(f, self),
            Story::Translated {
                count,
                changes,
                more,
            } => {
                let changes = joined(changes, ", ", |(before, after)| {
                    format!("{before} became {after}")
                });
                let more = if *more { " and others" } else { "" };
                let (what, number) = match count {
                    1 => ("1 TCP connection is".to_owned(), "it is"),
                    _ => (format!("{count} TCP connections are"), "each is"),
                };
                write!(
                    f,
                    "{what} in this capture twice, before and after a router translated addresses ({changes}{more}): the same sequence numbers, and a lower TTL behind the router. So {number} counted twice, and what else was translated may be here twice as well."
                )
            }
            Story::Checksums {
                counts,
                among,
                senders,
                reason,
            } => {
                let counted = joined(counts, ", ", |(name, count)| format!("{count} {name}"));
                let one = counts.iter().map(|(_, count)| count).sum::<u32>() == 1;
                let plural = if one { "" } else { "s" };
                let among = match among {
                    Some(most) => format!(" among the first {most} packets"),
                    None => String::new(),
                };
                let senders = first_few(senders);
                write!(f, "{counted} checksum{plural}{among} from {senders} ")?;
                f.write_str(unfit(*reason))
            }
            Story::Password { .. }
            | Story::BasicPassword { .. }
            | Story::FormPassword { .. }
            | Story::Community { .. } => readable(f, self),
            Story::PiecesDisagree {
                source,
                destination,
                identification,
            } => write!(
                f,
                "Fragments of the datagram 0x{identification:04x} of {source} to {destination} overlap and bring different bytes: what it says depends on who puts it together (here what came first in it), many hosts drop it, and whether its checksum is right cannot be told. Somebody may want to get it past a filter; or the identification was used again for another datagram."
            ),
            Story::Relayed {
                count,
                address,
                relay: (mac, claim),
                other: (other, others_claim),
            } => {
                let were = if *count == 1 { " was" } else { "s were" };
                write!(
                    f,
                    "{count} packet{were} sent to {mac} and passed on by it: such a packet is in the capture twice, and was sent once. {mac} says that it has {address} (frame {claim}), which {other} says too (frame {others_claim}): so it looks like a man in the middle, not like a router of this network."
                )
            }
        }
    }
}

/// What is to be said of such checksums.
fn unfit(reason: Unfit) -> &'static str {
    match reason {
        Unfit::UnfilledPassedOn => {
            "not filled in: some of these packets have been passed on by a router or by the host of a virtual machine, so whether a network card still fills them in (checksum offload) or they were removed from the capture cannot be told."
        }
        Unfit::UnfilledBothWays => {
            "not filled in: both ends leave them to a card (checksum offload), as virtual machines, containers or namespaces of one host do, where no wire is between."
        }
        Unfit::UnfilledFew => {
            "not filled in: most likely checksum offload: the capture ran on the sending host, and its network card fills them in afterwards, so nothing is wrong on the wire."
        }
        Unfit::UnfilledMany => {
            "not filled in: as with checksum offload on the capturing host, or in a capture whose checksums were removed afterwards."
        }
        Unfit::Loopback => {
            "not filled in: these packets never leave their host, where nobody needs them."
        }
        Unfit::Large => {
            "say nothing: the frames are larger than a wire carries, put together by the receiving network card or still to be cut by the sending one (segmentation offload)."
        }
        Unfit::Wrong => {
            "wrong: whoever receives such a packet drops it, unless it was damaged, rewritten or not finished (checksum offload) only in the capture."
        }
    }
}

/// The first few senders.
fn first_few(senders: &[IpAddr]) -> String {
    let named = joined(&senders[..senders.len().min(3)], ", ", IpAddr::to_string);
    match senders.len().saturating_sub(3) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

pub(super) fn joined<T>(list: &[T], between: &str, told: impl Fn(&T) -> String) -> String {
    list.iter().map(told).collect::<Vec<_>>().join(between)
}

#[expect(clippy::cast_precision_loss, reason = "printed with one decimal")]
pub(super) fn seconds(ns: i64) -> f64 {
    ns as f64 / 1e9
}
