//! How long a question takes: over UDP, over TCP, and over TCP without its connection set-up.

use super::connect::connect;
use super::fault::Fault;
use super::udp::{self, Asker};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

/// One question and its answer. The wall clock is for reading; lengths of time come from the
/// monotonic clock, which nobody sets.
#[derive(Clone, Debug)]
pub struct Sample {
    /// When the request was sent; over TCP, the connection request.
    pub sent: SystemTime,
    /// When the answer was there.
    pub received: SystemTime,
    /// Connection request to established connection; `None` over UDP, which has none.
    pub setup: Option<Duration>,
    /// Request to answer.
    pub request: Duration,
}

impl Sample {
    /// Everything a user waits for.
    pub fn total(&self) -> Duration {
        self.setup.unwrap_or_default() + self.request
    }
}

/// Asks once over UDP, from a new socket, so that a late answer is not taken for the next one's.
pub fn over_udp(
    addresses: &[SocketAddr],
    sentence: &[u8],
    patience: Duration,
) -> Result<Sample, Fault> {
    let mut last = None;
    for &address in addresses {
        let asker = Asker::connected(address, patience)?;
        let sent = SystemTime::now();
        let begun = Instant::now();
        match asker.ask(sentence, udp::LARGEST) {
            Ok(_) => {
                let request = begun.elapsed();
                return Ok(Sample {
                    sent,
                    received: SystemTime::now(),
                    setup: None,
                    request,
                });
            }
            Err(fault @ (Fault::Refused { .. } | Fault::Unreachable { .. })) => last = Some(fault),
            Err(fault) => return Err(fault),
        }
    }
    Err(last.expect("resolve returns at least one address"))
}

/// Asks once over a new TCP connection.
pub fn over_tcp(
    addresses: &[SocketAddr],
    sentence: &[u8],
    patience: Duration,
) -> Result<Sample, Fault> {
    let mut connected = connect(addresses, patience)?;
    // Bare bytes, as the handout's client sends them.
    let line = sentence;
    let begun = Instant::now();
    connected.conversation.tell(line)?;
    let mut answered = 0;
    while answered < line.len() {
        let conversation = &mut connected.conversation;
        let piece = conversation
            .chunk(begun + patience)
            .map_err(|ended| conversation.fault(ended, "the request"))?;
        match piece.as_slice() {
            [] if answered > 0 => break,
            [] => {
                return Err(Fault::ClosedEarly {
                    address: conversation.remote,
                    before: "the answer",
                });
            }
            [.., b'\n'] => break,
            piece => answered += piece.len(),
        }
    }
    let request = begun.elapsed();
    let received = SystemTime::now();
    connected.conversation.close();
    Ok(Sample {
        sent: connected.requested,
        received,
        setup: Some(connected.setup),
        request,
    })
}

/// Several lengths of time in four numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How many.
    pub count: usize,
    /// The shortest, in milliseconds.
    pub min_ms: f64,
    /// The arithmetic mean, in milliseconds.
    pub mean_ms: f64,
    /// The longest, in milliseconds.
    pub max_ms: f64,
    /// The standard deviation of the sample (n − 1), in milliseconds; one alone has none.
    pub deviation_ms: Option<f64>,
}

/// The summary of some lengths of time; `None` of none.
pub fn summary(times: impl IntoIterator<Item = Duration>) -> Option<Summary> {
    let milliseconds: Vec<f64> = times
        .into_iter()
        .map(|time| time.as_secs_f64() * 1e3)
        .collect();
    let count = milliseconds.len();
    let number = f64::from(u32::try_from(count).ok()?);
    if count == 0 {
        return None;
    }
    let mean = milliseconds.iter().sum::<f64>() / number;
    let squares: f64 = milliseconds.iter().map(|time| (time - mean).powi(2)).sum();
    Some(Summary {
        count,
        min_ms: milliseconds.iter().copied().fold(f64::INFINITY, f64::min),
        mean_ms: mean,
        max_ms: milliseconds.iter().copied().fold(0.0, f64::max),
        deviation_ms: (count > 1).then(|| (squares / (number - 1.0)).sqrt()),
    })
}

/// What the measured means explain of the difference, and what they do not.
pub fn reason(udp_ms: f64, request_ms: f64, setup_ms: f64) -> String {
    /// Two times that differ by less are taken as equal.
    const ALIKE: f64 = 1.5;
    let setup = format!(
        "of TCP's {:.3} ms the connection set-up took {setup_ms:.3} ms: the handshake (SYN, SYN+ACK) \
         is a round trip of its own before the request can be sent, UDP sends at once",
        request_ms + setup_ms
    );
    let requests =
        format!("the request alone took {request_ms:.3} ms over TCP, {udp_ms:.3} ms over UDP");
    let rest = if request_ms > udp_ms * ALIKE {
        "which the handshake does not explain: the server's own work, load or chance; repeat with a larger --count"
    } else if udp_ms > request_ms * ALIKE {
        "which their messages do not explain: each is one round trip; the server's own work, load or \
         chance; repeat with a larger --count"
    } else {
        "about the same: each is one round trip"
    };
    format!("{setup}; {requests}, {rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_of_known_times_is_known() {
        let times = [1, 2, 3, 4].map(Duration::from_millis);
        let summary = summary(times).unwrap();
        assert_eq!(summary.count, 4);
        assert_eq!(summary.min_ms, 1.0);
        assert_eq!(summary.max_ms, 4.0);
        assert!((summary.mean_ms - 2.5).abs() < 1e-9);
        assert!((summary.deviation_ms.unwrap() - 1.290_994).abs() < 1e-6);
    }

    #[test]
    fn one_sample_has_no_deviation_and_none_no_summary() {
        assert_eq!(
            summary([Duration::from_millis(1)]).unwrap().deviation_ms,
            None
        );
        assert_eq!(summary([]), None);
    }

    #[test]
    fn the_reason_is_not_given_against_the_numbers() {
        assert!(reason(1.0, 1.0, 1.0).contains("set-up took 1.000 ms"));
        assert!(reason(1.0, 1.0, 1.0).ends_with("about the same: each is one round trip"));
        // A slow server is not the handshake's fault.
        assert!(reason(1.0, 9.0, 1.0).contains("the handshake does not explain"));
        assert!(reason(3.0, 1.0, 2.0).contains("repeat with a larger --count"));
    }
}
