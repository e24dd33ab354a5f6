//! Sentences about single TCP connections.

use super::Story;
use super::words::seconds;
use std::fmt::{Formatter, Result};
use std::net::IpAddr;

/// Says what happened to a connection.
pub(super) fn connection(f: &mut Formatter<'_>, story: &Story) -> Result {
    match story {
        Story::Unheard {
            sender,
            to: (to, port),
            since,
            frames: (first, last),
            count,
            span,
            probes,
            gave_up,
        } => {
            let what = match probes {
                true => format!(
                    "asked {count} times whether {to} port {port} is still there (keep-alive, "
                ),
                false => format!("sent again {count} times what it had sent to {to} port {port} ("),
            };
            write!(
                f,
                "{sender} {what}frames {first} to {last}, over {:.1} s), and from frame {since} on nothing of {to} is captured of this connection: {to} is gone, or the way there or back is broken, or its answers take another way than past this capture.",
                seconds(*span)
            )?;
            match gave_up {
                Some(rst) => write!(
                    f,
                    " Then it gave up and reset the connection (frame {rst})."
                ),
                None => Ok(()),
            }
        }
        Story::Probed { from, to, ports } => write!(
            f,
            "{from} sent TCP segments to {ports} ports of {to} that begin no connection and belong to none (no SYN, and no ACK or a RST as the answer): so many ports of a host look like a scan (with FIN, ACK, or odd flags)."
        ),
        Story::NeverCompleted {
            to: (to, port),
            calls,
            callers,
        } => write!(
            f,
            "{calls} calls of {callers} addresses to {to} port {port} were answered with SYN+ACK and never completed, nor reset: so a SYN flood with false addresses looks, and so do callers whose segments take another way than past this capture after the first."
        ),
        Story::ResetBySelf {
            client,
            to: (server, port),
            frames: (accepted, reset, late),
            refused,
        } => {
            write!(
                f,
                "{server} port {port} accepted the call of {client} (frame {accepted}), but {client} answered with RST (frame {reset}) before the handshake was complete, and sent its ACK after that (frame {late}): no connection was there any more"
            )?;
            if let Some(refused) = refused {
                write!(f, ", and a RST refused it (frame {refused})")?;
            }
            f.write_str(
                ". So it looks when a program makes its own TCP segments (scapy): its system knows nothing of the call, and resets it. A firewall rule on that host that drops outgoing RSTs prevents it. The RST may also come from something between.",
            )
        }
        Story::SegmentsDisagree {
            sender,
            stream,
            frames: (first, again),
            wrong,
        } => {
            write!(
                f,
                "Two segments of {sender} in stream {stream} have the same numbers and bring different bytes (frames {first} and {again}): "
            )?;
            match wrong {
                Some(wrong) if wrong == first => write!(
                    f,
                    "the TCP checksum of frame {first} is wrong, so the receiver drops that one, unless it was damaged only in the capture, and takes frame {again}. What is told here of this stream, an HTTP answer say, has the bytes of frame {first} nevertheless."
                ),
                Some(_) => write!(
                    f,
                    "the TCP checksum of frame {again} is wrong, so the receiver drops that one, unless it was damaged only in the capture. What is told here of this stream has the bytes of frame {first}."
                ),
                None => write!(
                    f,
                    "most receivers keep what came first, and so it is told here, but which one this receiver took cannot be told. Something on the way may have changed one of them; or somebody sends what a filter is to see, and something else in its place; or a program that makes its own segments used the numbers again."
                ),
            }
        }
        _ => Ok(()),
    }
}

/// What is told of a RST that somebody else may have sent.
pub(super) fn odd_reset(
    f: &mut Formatter<'_>,
    sender: IpAddr,
    stream: usize,
    (frame, ttl): (u32, u8),
    went_on: Option<u32>,
    (low, high, other): (u8, u8, u32),
    crossed: Option<u8>,
) -> Result {
    let between = if low == high {
        low.to_string()
    } else {
        format!("{low} to {high}")
    };
    if let Some(by) = went_on {
        write!(
            f,
            "A RST in stream {stream} (frame {frame}) came in the name of {sender}, which went on after it (frame {by}), as no host does that has reset a connection: so a box on the way (a firewall, a filter) or somebody else sent it, unless it overtook what {sender} had sent before."
        )?;
        return if (low..=high).contains(&ttl) {
            Ok(())
        } else {
            write!(
                f,
                " It came with TTL {ttl}, all else of {sender} there with TTL {between}."
            )
        };
    }
    write!(
        f,
        "The RST that ended stream {stream} (frame {frame}) came in the name of {sender} with TTL {ttl}, all else of it there with TTL {between} (such as frame {other}): "
    )?;
    match crossed {
        Some(0) => f.write_str(
            "both are usual TTLs to begin with, so its system may begin RSTs with another one; or a box on the way (a firewall, a filter) sent it.",
        ),
        Some(hops) => write!(
            f,
            "each fits {hops} router{} crossed from a usual TTL, so its system may begin RSTs with another one; or a box on the way (a firewall, a filter) sent it.",
            if hops == 1 { "" } else { "s" }
        ),
        None => f.write_str(
            "a box on the way (a firewall, a filter) may have sent it; or the way changed, or its system gives RSTs a TTL of their own.",
        ),
    }
}
