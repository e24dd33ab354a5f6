//! How a connection's beginning, end and troubles are told in a cell.

use super::Times;
use super::columns::frames;
use crate::facts::Side;
use crate::facts::tcp::{Closed, Connection, Opened, Roles};

/// How it began, with the frames.
pub(super) fn opened(c: &Connection, times: &Times) -> String {
    let all = [c.syn_frame, c.second_syn_frame, c.synack_frame, c.ack_frame];
    let list: Vec<u32> = all.into_iter().flatten().collect();
    let with =
        |more: Option<u32>| frames(&[list.clone(), more.into_iter().collect()].concat(), times);
    match c.opened {
        Opened::Refused => format!("refused {}", with(c.refusing_frame)),
        Opened::Unreachable => format!("unreachable {}", with(c.opening_error_frame)),
        Opened::Expired => format!("expired {}", with(c.opening_error_frame)),
        // A segment that no open connection sends, and nothing shows whether there is one.
        Opened::Stray if c.rst_frame.is_none() => {
            format!("no SYN, no answer {}", frames(&[c.first_frame], times))
        }
        Opened::Stray => format!(
            "no connection there (any more) {}",
            frames(
                &[&[c.first_frame][..], c.rst_frame.as_slice()].concat(),
                times
            )
        ),
        Opened::HalfOpen if c.one_way == Some(Side::Server) => {
            format!("SYN+ACK {} (client not captured)", frames(&list, times))
        }
        Opened::Unanswered => format!("unanswered ×{} {}", c.syn_attempts, frames(&list, times)),
        Opened::Handshake => {
            let missing: Vec<&str> = [
                (c.syn_frame, "SYN"),
                (c.synack_frame, "SYN+ACK"),
                (c.ack_frame, "ACK"),
            ]
            .into_iter()
            .filter(|(frame, _)| frame.is_none())
            .map(|(_, name)| name)
            .collect();
            match missing.as_slice() {
                [] => format!("handshake {}", frames(&list, times)),
                missing => format!(
                    "handshake {} ({} not captured)",
                    frames(&list, times),
                    missing.join(", ")
                ),
            }
        }
        word if list.is_empty() => word.to_string(),
        word => format!("{word} {}", frames(&list, times)),
    }
}

/// How it ended, with the frames.
pub(super) fn closed(c: &Connection, times: &Times) -> String {
    let list = frames(&c.closing_frames, times);
    match (c.opened, c.closed, c.closed_by) {
        (Opened::Refused | Opened::Unreachable | Opened::Expired | Opened::Stray, ..) => {
            "-".to_owned()
        }
        // What the other side did is not there to be seen.
        (_, Closed::OneFin, by) => one_fin(c, by, &list),
        (_, Closed::FinSent, Some(by)) => format!("FIN by {by} {list}, not acknowledged"),
        (_, Closed::Open, _) => "open".to_owned(),
        (_, Closed::Forgotten, Some(by)) => {
            format!("forgotten by {by}, RST in the next stream {list}")
        }
        (_, Closed::Reset, Some(by)) => match c.first_fin_by.or(c.lone_fin_by) {
            Some(fin) => format!("FIN by {fin}, reset by {by} {list}"),
            None => format!("reset by {by} {list}"),
        },
        (_, word, Some(by)) => format!("{word} by {by} {list}"),
        (_, word, None) => format!("{word} by ? {list}"),
    }
}

/// An end of which one side's FIN is in the capture, and maybe not all.
fn one_fin(c: &Connection, first: Option<Side>, list: &str) -> String {
    let by = c
        .lone_fin_by
        .map_or(String::new(), |side| format!(" by {side}"));
    match first {
        Some(_) => format!("first FIN{by} {list} (maybe by both)"),
        // What the other side did is not there to be seen.
        None if c.one_way.is_some() => format!("FIN{by} {list}"),
        None => format!("FIN{by} {list} (maybe by both)"),
    }
}

/// What was noticed on the way.
pub(super) fn trouble(c: &Connection, times: &Times) -> String {
    let seen_before = c.client_retransmissions
        + c.server_retransmissions
        + c.client_fast_retransmissions
        + c.server_fast_retransmissions
        + c.client_spurious_retransmissions
        + c.server_spurious_retransmissions
        + c.client_out_of_order
        + c.server_out_of_order
        + c.byte_again_counted
        - c.first_seen_counted
        - c.in_time_counted
        - c.opening_counted;
    // Where all are known to have been sent again, what was not seen before was lost before it came here.
    let again = c.client_sent_again + c.server_sent_again;
    let perhaps = c.client_perhaps_sent_again + c.server_perhaps_sent_again;
    let first_seen = match perhaps == 0 && again >= seen_before + c.first_seen_counted {
        true => "sent again, not captured before",
        false => "late or sent again",
    };
    let sums = [
        ("sent again", seen_before),
        (
            "gap",
            c.client_lost_segments + c.server_lost_segments - c.no_gaps_counted,
        ),
        (
            "ACK of unseen data",
            c.client_acked_unseen + c.server_acked_unseen - c.misfits_counted - c.no_unseen_counted,
        ),
        ("odd ACK number", c.misfits_counted),
        (first_seen, c.first_seen_counted),
        ("dup ACK", c.client_duplicate_acks + c.server_duplicate_acks),
        ("zero window", c.client_zero_windows + c.server_zero_windows),
        ("window full", c.client_window_full + c.server_window_full),
        (
            "window probe",
            c.client_window_probes + c.server_window_probes,
        ),
        (
            "keep-alive",
            c.client_keep_alives + c.server_keep_alives
                - c.probes_counted
                - c.hurried_counted
                - c.byte_again_counted,
        ),
    ];
    let alone = c
        .one_way
        .map(|side| format!("only the {side}'s side captured"));
    let told = sums.iter().filter(|s| s.1 > 0);
    let told = told.map(|s| format!("{} {}", s.1, s.0));
    let mut words: Vec<String> = alone.into_iter().chain(told).collect();
    let unseen = [
        ("client", c.client_unseen_bytes),
        ("server", c.server_unseen_bytes),
    ];
    for (side, count) in unseen.iter().filter(|(_, count)| *count > 0) {
        let bytes = if *count == 1 { "byte" } else { "bytes" };
        words.push(format!(
            "{count} {bytes} of the {side} acknowledged, not captured"
        ));
    }
    words.extend(
        c.ignored_rst_frame
            .map(|frame| format!("RST {frame} outside the window, ignored")),
    );
    words.extend(
        c.disowned_rst_frame
            .zip(c.went_on_frame)
            .map(|(frame, by)| format!("RST {frame}, after which its sender went on ({by})")),
    );
    if c.roles == Roles::Answer {
        words.push(format!(
            "no SYN captured: {} called unseen, or somebody else in its name",
            c.client
        ));
    }
    if let Some(late) = c.too_late_frame {
        let refused = match c.refusal_frames.as_slice() {
            [] => String::new(),
            all => format!(", refused in {}", frames(all, times)),
        };
        words.push(format!("went on after its own RST ({late}){refused}"));
    }
    let beyond = |largest: u32, mss: Option<u16>| mss.is_some_and(|mss| largest > u32::from(mss));
    if beyond(c.client_largest_segment_bytes, c.server_mss)
        || beyond(c.server_largest_segment_bytes, c.client_mss)
    {
        words.push("segments beyond the MSS (offload)".to_owned());
    }
    if let Some((one, other)) = c.vlan.zip(c.other_vlan) {
        words.push(format!(
            "VLANs {one} and {other} have these addresses and ports: this may mix several connections"
        ));
    }
    match c.later_connections {
        0 => {}
        1 => words.push("1 later connection with the same ports, not told here".to_owned()),
        later => words.push(format!(
            "{later} later connections with the same ports, not told here"
        )),
    }
    if c.port_reuse {
        words.push("ports reused".to_owned());
    }
    let mut text = words.join(", ");
    if c.copied_frames + c.perhaps_copied_frames > 0 {
        let all: u32 = sums.iter().map(|s| s.1).sum();
        let how = match (c.same_copies, c.doubled_frames) {
            (0, _) => "captured twice",
            (_, 0) => "captured twice, or doubled on the way",
            (_, doubled) if doubled == c.copied_frames => "doubled on the way",
            _ => "captured twice or doubled on the way, as some were",
        };
        let sure = (c.copied_frames > 0).then(|| format!("{} {how}", c.copied_frames));
        let unsure = (c.perhaps_copied_frames > 0)
            .then(|| format!("{} captured or sent twice", c.perhaps_copied_frames));
        let copies: Vec<String> = sure.into_iter().chain(unsure).collect();
        let copies = copies.join(", ");
        text = match c.copies_counted {
            0 if text.is_empty() => copies,
            0 => format!("{copies}; {text}"),
            counted if counted >= all => format!("{copies}, counted as {text}"),
            counted => format!("{copies}; {text}, {counted} of these by the copies"),
        };
    }
    if !text.is_empty() && !c.trouble_frames.is_empty() {
        text.push_str(&format!(" ({})", frames(&c.trouble_frames, times)));
    }
    text
}
