//! The situations of the labs, recognized from facts: each with its frames and one sentence.

use super::Trackers;
use super::tcp::Brief;
use crate::dissect;
use crate::facts::connection::Connection;
use crate::facts::network::Situation;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

/// Most situations of one kind that are told one by one.
const MOST: usize = 200;

/// Everything recognized, in order of the first frame.
pub fn find(trackers: &Trackers) -> Vec<Situation> {
    let mut found = Vec::new();
    arp(trackers, &mut found);
    tcp(trackers, &mut found);
    udp(trackers, &mut found);
    found.sort_by_key(|s: &Situation| s.frames.first().copied());
    found
}

fn arp(trackers: &Trackers, found: &mut Vec<Situation>) {
    for (asked, asker, frames) in trackers.arp.unanswered().into_iter().take(MOST) {
        let times = if frames.len() == 1 {
            "once".to_owned()
        } else {
            format!("{} times", frames.len())
        };
        found.push(Situation {
            kind: "host-absent",
            protocol: "arp",
            client: asker,
            server: asked,
            server_port: None,
            sentence: format!("{asker} asked {times} who has {asked} and nobody answered: no host with this address on the link, or it is off."),
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
        if let Some(situation) = failed(&c, trackers.tcp.syn_times(index)) {
            found.push(situation);
            told += 1;
        }
    }
    waiting(trackers, found);
}

fn failed(c: &Connection, syns: Vec<(u32, i64)>) -> Option<Situation> {
    let (kind, frames, sentence) = match c.opened {
        "refused" => {
            let rst = c.rst_frame?;
            let sentence = format!(
                "{} answered the SYN to port {} with RST: the host is up, nothing listens on that port; the client gets \"connection refused\".",
                c.server, c.server_port
            );
            ("nothing-listening", vec![c.syn_frame?, rst], sentence)
        }
        "unanswered" => {
            let frames: Vec<u32> = syns.iter().map(|s| s.0).collect();
            let gaps: Vec<String> = syns
                .windows(2)
                .map(|w| format!("{:.1}", seconds(w[1].1 - w[0].1)))
                .collect();
            let sentence = if syns.len() < 2 {
                format!(
                    "{} did not answer the one SYN to port {} in this capture; whether the host is silent or the capture just ends cannot be told.",
                    c.server, c.server_port
                )
            } else {
                let doubling = syns.windows(3).all(|w| {
                    let (first, second) = (w[1].1 - w[0].1, w[2].1 - w[1].1);
                    // Linux has sent the first retries at even gaps since 6.5.
                    second * 10 >= first * 9
                });
                let how = if doubling && syns.len() > 2 {
                    "growing gaps"
                } else {
                    "gaps"
                };
                format!(
                    "{} never answered {} SYNs to port {} ({how} of {} s): the host is silent or a firewall drops them.",
                    c.server,
                    syns.len(),
                    c.server_port,
                    gaps.join(", ")
                )
            };
            ("host-silent", frames, sentence)
        }
        _ => return None,
    };
    Some(Situation {
        kind,
        protocol: "tcp",
        client: c.client,
        server: c.server,
        server_port: Some(c.server_port),
        frames,
        sentence,
    })
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
            client: brief.client.0,
            server: brief.server.0,
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
            client: flow.client,
            server: flow.server,
            server_port: Some(flow.server_port),
            frames: vec![flow.first_frame, error],
            sentence: format!(
                "The datagram to {} port {} was sent and arrived; the host answered with ICMP port unreachable, so nothing listens there.",
                flow.server, flow.server_port
            ),
        });
    }
}
