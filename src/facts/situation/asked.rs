//! What is known, and said, of a question for a hardware address that nobody answered.

use super::words::seconds;
use std::fmt::{Formatter, Result};
use std::net::IpAddr;

/// What shows that a host is there which did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Here {
    /// One of its packets.
    pub frame: u32,
    /// It sent nothing after the last question.
    pub gone: bool,
    /// It sent nothing before the last question.
    pub new: bool,
    /// No router passes such a packet on.
    pub on_link: bool,
    /// The capture ends behind the last of several questions.
    pub ends: bool,
}

/// What is known of an ARP answer that is not in the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The host is there: it sent something.
    Alive(Here),
    /// Who asked offers the address in this frame: a DHCP server.
    Offered(u32),
    /// The capture ends so many nanoseconds after the question.
    Cut(i64),
    /// Who asked sent something to the hardware address of the other then.
    Sent(u32),
    /// It would have been captured, so nobody answered.
    Nobody,
    /// The same of all but the last question, behind which the capture ends.
    NobodyYet,
    /// It might have passed elsewhere, but who asks asked again, as it does when no answer comes;
    /// and whether the capture ends behind the last question.
    Again(bool),
    /// It might have passed elsewhere.
    Unseen,
    /// So it might, and the question was not repeated, as it is when no answer comes.
    Once,
}

/// Several things of which one is so.
fn either(things: &[&str]) -> String {
    match things {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{}, or {last}", first.join(", ")),
    }
}

/// What follows "A asked who has B".
pub(super) fn missing(
    f: &mut Formatter<'_>,
    asker: IpAddr,
    asked: IpAddr,
    times: usize,
    answer: Missing,
) -> Result {
    let (questions, tool) = match asked {
        IpAddr::V4(_) => ("ARP", "arping"),
        IpAddr::V6(_) => ("neighbour solicitations", "ndisc6"),
    };
    let earlier = match times.saturating_sub(1) {
        1 => "the first".to_owned(),
        count => format!("the first {count}"),
    };
    match answer {
        Missing::Alive(here) => {
            let which = match here.ends {
                true => format!(" to {earlier}"),
                false => String::new(),
            };
            let frame = here.frame;
            let silent =
                format!("it, or something between, does not answer or pass on {questions}");
            let perhaps = [
                (here.gone, "it may have gone"),
                (here.new, "it may have come only then"),
                (true, "its answer went another way"),
                (true, silent.as_str()),
                (
                    !here.on_link,
                    "it is not on this link, where only a router could answer for it",
                ),
            ];
            let perhaps = perhaps.iter().filter(|(is, _)| *is).map(|(_, what)| *what);
            let perhaps = either(&perhaps.collect::<Vec<_>>());
            write!(
                f,
                " and no answer{which} was captured, though packets of {asked} were (frame {frame}): {perhaps}."
            )?;
            if here.ends {
                f.write_str(" Behind the last one the capture ends.")
            } else {
                Ok(())
            }
        }
        Missing::Offered(frame) => write!(
            f,
            " and no answer was captured. {asker} offers this address right after (frame {frame}): so does a DHCP server that tries first whether somebody has it, and silence says that it is free."
        ),
        Missing::Sent(frame) => write!(
            f,
            " and no answer was captured, though {asker} sent a packet to it afterwards (frame {frame}): an answer came and passed elsewhere, or {asker} knew its hardware address before, or not from ARP."
        ),
        Missing::Cut(after) if after < 1_000_000 => {
            f.write_str(", and the capture ends right then: whether an answer came cannot be told.")
        }
        Missing::Cut(after) => write!(
            f,
            ", and the capture ends {:.3} s after: whether an answer came cannot be told.",
            seconds(after)
        ),
        Missing::NobodyYet => write!(
            f,
            ", and nobody answered {earlier}: no host with this address on the link, or it is off, or it, or something between, does not answer or pass on {questions}. Behind the last one the capture ends."
        ),
        Missing::Again(ends) => {
            let which = if ends { &earlier } else { "these" };
            write!(
                f,
                ", again soon after an earlier one, as a host does that gets no answer, and no answer to {which} was captured: no host with this address on the link, or it is off, or does not answer {questions}; unless it was a tool that goes on asking in any case ({tool}), and answers passed elsewhere."
            )?;
            if ends {
                f.write_str(" Behind the last one the capture ends.")
            } else {
                Ok(())
            }
        }
        Missing::Nobody => write!(
            f,
            " and nobody answered: no host with this address on the link, or it is off, or it, or something between, does not answer or pass on {questions}.",
        ),
        Missing::Once => write!(
            f,
            " and no answer was captured. No question was repeated soon after, as it usually is when no answer comes: an answer that a switch passed to {asker} alone, elsewhere than here, leaves the same frames as a host that is not there."
        ),
        Missing::Unseen => write!(
            f,
            " and no answer was captured. Nothing else that is sent to {asker} was either, so whether there is no such host, or the answer did not pass here, cannot be told."
        ),
    }
}
