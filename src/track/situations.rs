//! The situations of the labs, recognized from facts: each with its frames and one sentence.

use super::tcp::Brief;
use super::{Trackers, capturing, copies};
use crate::dissect;
use crate::facts::connection::Connection;
use crate::facts::network::Situation;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

/// Most situations of one kind that are looked for.
const MOST: usize = 1000;
/// From this many of the same kind and client on, they are told as one.
const MANY: usize = 10;
/// Most frames that such a one names.
const NAMED: usize = 100;

/// Everything recognized, in order of the first frame, then what comes from the capturing.
pub fn find(trackers: &Trackers) -> Vec<Situation> {
    let mut found = Vec::new();
    arp(trackers, &mut found);
    tcp(trackers, &mut found);
    udp(trackers, &mut found);
    found.sort_by_key(|s: &Situation| s.frames.first().copied());
    let mut found = gather(found);
    // What comes from the capturing itself is told last, next to the connections it touches.
    found.extend(capturing::twice(&trackers.copies));
    capturing::checksums(&trackers.checksums, trackers.copies.frames, &mut found);
    found
}

/// Tells what one client met again and again once, and how often: a scan of a network is one
/// situation, not a thousand.
fn gather(found: Vec<Situation>) -> Vec<Situation> {
    type Key = (&'static str, &'static str, Option<IpAddr>);
    let key = |s: &Situation| -> Key { (s.kind, s.protocol, s.client) };
    let mut counts: HashMap<Key, usize> = HashMap::new();
    for situation in &found {
        *counts.entry(key(situation)).or_default() += 1;
    }
    let mut first: HashMap<Key, usize> = HashMap::new();
    let mut told: Vec<Situation> = Vec::new();
    for situation in found {
        let key = key(&situation);
        let count = counts.get(&key).copied().unwrap_or(0);
        if count < MANY {
            told.push(situation);
            continue;
        }
        let Some(place) = first.get(&key) else {
            first.insert(key, told.len());
            let others = count - 1;
            let client = situation.client.map_or_else(String::new, |c| c.to_string());
            told.push(Situation {
                sentence: format!(
                    "{} The same with {others} other attempt{} of {client}: many of them are how a scan looks.",
                    situation.sentence,
                    if count >= MOST { "s at least" } else { "s" },
                ),
                ..situation
            });
            continue;
        };
        let all = &mut told[*place];
        if all.server != situation.server {
            all.server = None;
        }
        if all.server_port != situation.server_port {
            all.server_port = None;
        }
        let room = NAMED.saturating_sub(all.frames.len());
        all.frames.extend(situation.frames.into_iter().take(room));
    }
    told
}

fn arp(trackers: &Trackers, found: &mut Vec<Situation>) {
    for (asked, asker, frames) in trackers.arp.unanswered().into_iter().take(MOST) {
        let times = if frames.len() == 1 {
            "once".to_owned()
        } else {
            format!("{} times", frames.len())
        };
        let told = format!("{asker} asked {times} who has {asked}");
        let (sends, _) = trackers.pairs.seen(asked);
        let (_, receives) = trackers.pairs.seen(asker);
        let (kind, sentence) = match sends {
            Some(frame) => (
                "no-answer",
                format!(
                    "{told} and no answer was captured, though packets of {asked} were (frame {frame}): it may have gone, or its answer went another way."
                ),
            ),
            None if receives || trackers.arp.exchanged(asker) => (
                "host-absent",
                format!(
                    "{told} and nobody answered: no host with this address on the link, or it is off."
                ),
            ),
            // A switch shows a third host the questions, which are broadcast, and no answers.
            None => (
                "no-answer",
                format!(
                    "{told} and no answer was captured. Nothing else that is sent to {asker} was either, so whether there is no such host, or the answer did not pass here, cannot be told."
                ),
            ),
        };
        found.push(Situation {
            kind,
            protocol: "arp",
            client: Some(asker),
            server: Some(asked),
            server_port: None,
            sentence,
            frames,
        });
    }
}

fn tcp(trackers: &Trackers, found: &mut Vec<Situation>) {
    let mut told = 0;
    for index in 0..trackers.tcp.len() {
        if !trackers.tcp.failed_to_open(index) || told >= MOST {
            continue;
        }
        let Some(c) = trackers.tcp.connection(index) else {
            continue;
        };
        let mut syns = trackers.tcp.syn_times(index);
        if c.copied_frames > 0 {
            // A SYN that was only captured twice is no second try.
            syns.dedup_by(|later, earlier| later.1.saturating_sub(earlier.1) <= copies::WITHIN);
        }
        if let Some(situation) = failed(&c, &syns) {
            found.push(situation);
            told += 1;
        }
    }
    waiting(trackers, found);
}

fn failed(c: &Connection, syns: &[(u32, i64)]) -> Option<Situation> {
    let (kind, frames, sentence) = match c.opened {
        "refused" => {
            let rst = c.rst_frame?;
            let sentence = format!(
                "{} answered the SYN to port {} with RST: the host is up, nothing listens on that port; the client gets \"connection refused\".",
                c.server, c.server_port
            );
            ("nothing-listening", vec![c.syn_frame?, rst], sentence)
        }
        "challenged" => {
            let (syn, ack) = (c.syn_frame?, c.ack_frame?);
            let sentence = format!(
                "{} answered the SYN to port {} with an ACK of an older connection (RFC 5961 section 4.2): it still takes that connection for open, and only a RST ends it.",
                c.server, c.server_port
            );
            let frames = [Some(syn), Some(ack), c.rst_frame];
            (
                "half-open",
                frames.into_iter().flatten().collect(),
                sentence,
            )
        }
        "unanswered" if syns.len() < 2 => {
            let sentence = format!(
                "{} did not answer the one SYN to port {} in this capture; whether the host is silent or the capture just ends cannot be told.",
                c.server, c.server_port
            );
            ("no-answer", vec![c.syn_frame?], sentence)
        }
        "unanswered" => silent(c, syns),
        _ => return None,
    };
    Some(Situation {
        kind,
        protocol: "tcp",
        client: Some(c.client),
        server: Some(c.server),
        server_port: Some(c.server_port),
        frames,
        sentence,
    })
}

/// Several SYNs and no answer.
fn silent(c: &Connection, syns: &[(u32, i64)]) -> (&'static str, Vec<u32>, String) {
    let gaps: Vec<i64> = syns
        .windows(2)
        .map(|w| w[1].1.saturating_sub(w[0].1))
        .collect();
    // Linux has sent the first retries at even gaps since 6.5. Times are as the file has them: a
    // gap may be decades.
    let tenths = |gap: i64, of: i128| i128::from(gap) * of;
    let growing = gaps.len() > 1 && gaps.windows(2).all(|w| tenths(w[1], 10) >= tenths(w[0], 9));
    let how = if growing { "growing gaps" } else { "gaps" };
    let told: Vec<String> = gaps
        .iter()
        .map(|gap| format!("{:.1}", seconds(*gap)))
        .collect();
    let sentence = format!(
        "{} never answered {} SYNs to port {} ({how} of {} s): the host is silent or a firewall drops them.",
        c.server,
        syns.len(),
        c.server_port,
        told.join(", ")
    );
    ("host-silent", syns.iter().map(|s| s.0).collect(), sentence)
}

#[expect(clippy::cast_precision_loss, reason = "printed with one decimal")]
fn seconds(ns: i64) -> f64 {
    ns as f64 / 1e9
}

/// Least time a client waits before it is said to wait: less is how any busy server looks.
const WAITED_NS: i64 = 100_000_000;

/// A second client whose data is acknowledged and answered only after the first has ended, by a
/// server that never serves two at once in this capture.
fn waiting(trackers: &Trackers, found: &mut Vec<Situation>) {
    // Per server: the connection that was served last, and whether two ever were at once.
    let mut serving: HashMap<(IpAddr, u16), (u32, Brief)> = HashMap::new();
    let mut concurrent: HashSet<(IpAddr, u16)> = HashSet::new();
    let mut waits: Vec<(Brief, u32, u32)> = Vec::new();
    for index in 0..trackers.tcp.len() {
        let Some(brief) = trackers.tcp.brief(index) else {
            continue;
        };
        let (server, last) = (brief.server, brief.last_frame);
        if concurrent.contains(&server) {
            continue;
        }
        let current = serving.get(&server);
        if let (Some((stream, first)), Some(opened), Some(asked)) =
            (current, brief.ack_frame, brief.client_data_frame)
        {
            let overlaps = opened < first.last_frame && asked < first.last_frame;
            let during = brief
                .server_data_frame
                .is_some_and(|answer| answer < first.server_last_data);
            if overlaps && during {
                concurrent.insert(server);
                continue;
            }
            let served_first = first.server_data_frame.is_some_and(|reply| reply < asked)
                && first.server_last_data > asked;
            let late = brief
                .first_answer_after
                .is_none_or(|wait| wait >= WAITED_NS);
            if overlaps && served_first && late && waits.len() < MOST {
                waits.push((brief, *stream, first.last_frame));
            }
        }
        if current.is_none_or(|c| last > c.1.last_frame) {
            serving.insert(server, (u32::try_from(index).unwrap_or(u32::MAX), brief));
        }
    }
    for (brief, stream, ended) in waits
        .into_iter()
        .filter(|w| !concurrent.contains(&w.0.server))
    {
        let (Some(opened), Some(asked)) = (brief.ack_frame, brief.client_data_frame) else {
            continue;
        };
        let then = match brief.server_data_frame {
            Some(frame) => {
                format!("its first answer is frame {frame}, after the other's last frame {ended}")
            }
            None => "no answer to it is in the capture".to_owned(),
        };
        found.push(Situation {
            kind: "second-client-waiting",
            protocol: "tcp",
            client: Some(brief.client.0),
            server: Some(brief.server.0),
            server_port: Some(brief.server.1),
            frames: [Some(opened), Some(asked), brief.server_data_frame].into_iter().flatten().collect(),
            sentence: format!(
                "The kernel completed the connection of {} port {} (frame {opened}) and took its data (frame {asked}) while the server was serving stream {stream}; {then}.",
                brief.client.0, brief.client.1
            ),
        });
    }
}

fn udp(trackers: &Trackers, found: &mut Vec<Situation>) {
    let mut told = 0;
    for flow in trackers
        .udp
        .seen_flows()
        .into_iter()
        .filter_map(|i| trackers.udp.flow(dissect::as_usize(i)))
    {
        let (Some(error), "refused") = (flow.error_frame, flow.answered) else {
            continue;
        };
        if told >= MOST {
            return;
        }
        told += 1;
        let meaning = trackers.icmp.meaning_of(error).unwrap_or("unreachable");
        if meaning != "port unreachable" {
            continue;
        }
        found.push(Situation {
            kind: "nothing-listening",
            protocol: "udp",
            client: Some(flow.client),
            server: Some(flow.server),
            server_port: Some(flow.server_port),
            frames: vec![flow.first_frame, error],
            sentence: format!(
                "The datagram to {} port {} was sent and arrived; the host answered with ICMP port unreachable, so nothing listens there.",
                flow.server, flow.server_port
            ),
        });
    }
}
