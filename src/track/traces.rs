//! Traceroutes, put together at the end: probes with small TTLs and the routers that answered.
//!
//! A host traces another when routers told it that the TTL of its packets ran out, and it sent pings
//! with several small ones; then all its probes to that destination are told, answered or not.

use super::Trackers;
use super::icmp;
use super::tcp::Called;
use crate::capture::Time;
use crate::facts::icmp::{IcmpError, Ping, TraceProbe};
use crate::facts::{Milliseconds, Moment};
use crate::track::room::Room;
use hashbrown::{HashMap, HashSet};
use std::net::IpAddr;

/// Most probes told.
const MOST: usize = 65_536;
/// Probes have small TTLs; what is sent with more is no probe.
const LARGEST_TTL: u8 = 64;

/// Probes of TCP are told from calls by their TTL, and a traceroute from packets that went round in a
/// circle: no system begins with less than 32.
pub(super) const PROBE: u8 = 31;

/// Whether it was the TTL.
pub(crate) fn ran_out(error: &IcmpError) -> bool {
    icmp::ran_out(error.sender.is_ipv4(), error.kind, error.code)
}

/// How many pairs of hosts are followed.
const TRACED: usize = 256;

/// All probes in order of their frames.
pub(crate) fn find(trackers: &Trackers, errors: &[IcmpError], pings: &[Ping]) -> Vec<TraceProbe> {
    // Who traces whom, in order of the first answer.
    let mut traced: Vec<(IpAddr, IpAddr)> = Vec::new();
    for error in errors.iter().filter(|e| ran_out(e)) {
        if let (Some(from), Some(to)) = (error.about_source, error.about_destination)
            && traced.has_room(TRACED)
            && !traced.contains(&(from, to))
        {
            traced.push((from, to));
        }
    }
    let direct = arrived_at_once(trackers, errors);
    for ends in &direct {
        if traced.has_room(TRACED) && !traced.contains(ends) {
            traced.push(*ends);
        }
    }
    if traced.is_empty() {
        return Vec::new();
    }
    let about: HashMap<u32, &IcmpError, foldhash::fast::RandomState> = errors
        .iter()
        .rev()
        .filter_map(|e| Some((e.about_frame?, e)))
        .collect();
    // Errors are about the first piece of what came in several.
    let datagrams = trackers.fragments.datagrams().iter();
    let first: HashMap<u32, (u32, Time), foldhash::fast::RandomState> = datagrams
        .filter_map(|d| {
            let first = d.frames.first()?;
            Some((
                d.completed_frame?,
                (*first, d.time.map_or(Time::default(), |t| Time(t.0))),
            ))
        })
        .collect();
    let out = errors.iter().filter(|e| ran_out(e)).map(|e| e.frame);
    let out: HashSet<u32, foldhash::fast::RandomState> = out.collect();
    let mut probes = Vec::new();
    for (from, to) in traced {
        let all = pings.iter();
        let mut pings = Vec::new();
        for ping in all.filter(|p| p.source == from && p.destination == to) {
            let whole = (ping.frame, ping.time);
            let begun = first.get(&ping.frame);
            let (frame, time) = begun.map_or(whole, |(frame, time)| (*frame, Some(Moment(time.0))));
            let error = about.get(&frame).or(about.get(&ping.frame));
            pings.push(TraceProbe {
                frame,
                source: from,
                destination: to,
                ttl: ping.ttl,
                router: error.map(|e| e.sender).or(ping.reply_frame.map(|_| to)),
                answer_frame: error.map(|e| e.frame).or(ping.reply_frame),
                answer_shared: error.map_or(ping.reply_shared, |e| e.about_shared),
                rtt_ms: match (error, time) {
                    (Some(error), _) if error.about_shared => None,
                    (Some(error), Some(sent)) => {
                        error.time.and_then(|t| Milliseconds::between(sent.0, t.0))
                    }
                    _ => ping.rtt_ms,
                },
                refusal: error.and_then(|e| refusal(e, to)),
                reached: match error {
                    Some(error) => Some(error.sender == to && !ran_out(error)),
                    None => ping.reply_frame.map(|_| true),
                },
            });
        }
        let mut datagrams = Vec::new();
        for (frame, time, ttl) in trackers.udp.sent(from, to) {
            let whole = about.get(&frame);
            let (frame, time) = first.get(&frame).copied().unwrap_or((frame, time));
            let error = about.get(&frame).or(whole);
            let timed = time != Time::default();
            datagrams.push(TraceProbe {
                frame,
                source: from,
                destination: to,
                ttl,
                router: error.map(|e| e.sender),
                answer_frame: error.map(|e| e.frame),
                answer_shared: error.is_some_and(|e| e.about_shared),
                rtt_ms: error
                    .filter(|e| !e.about_shared)
                    .and_then(|e| e.time)
                    .filter(|_| timed)
                    .and_then(|t| Milliseconds::between(time.0, t.0)),
                refusal: error.and_then(|e| refusal(e, to)),
                reached: error.map(|e| e.sender == to && !ran_out(e)),
            });
        }
        // Errors whose quote was changed on the way are about one of these, unknown which.
        let changed = errors
            .iter()
            .any(|e| ran_out(e) && e.about_frame.is_none() && e.about_destination == Some(to));
        // One TTL alone is that of a ping which was given it.
        let small = pings.iter().map(|p| p.ttl).filter(|ttl| *ttl <= PROBE);
        if small.clone().min() == small.max() {
            pings.clear();
        }
        let direct = direct.contains(&(from, to)).then_some(1);
        for (mut list, arrived) in [(pings, None), (datagrams, direct)] {
            let expired = |p: &TraceProbe| p.answer_frame.is_some_and(|f| out.contains(&f));
            let ran_out = list.iter().filter(|p| expired(p)).map(|p| p.ttl);
            let (least, top) = (ran_out.clone().min(), ran_out.max());
            match top.or(arrived) {
                // It went round in a circle: a traceroute begins with small ones.
                Some(_) if least > Some(PROBE) => continue,
                Some(top) => keep_series(&mut list, top),
                None if changed => {}
                None => continue,
            }
            probes.append(&mut list);
        }
    }
    syns(trackers, &about, &mut probes);
    probes.retain(|p| p.ttl <= LARGEST_TTL);
    probes.sort_by_key(|p| p.frame);
    probes.truncate(MOST);
    probes
}

/// Who traces whom without any TTL that ran out: the first host on the way is the destination, or
/// says nothing. Only a traceroute sends to one port where nothing listens after the other, with
/// TTLs that count up from 1.
fn arrived_at_once(trackers: &Trackers, errors: &[IcmpError]) -> Vec<(IpAddr, IpAddr)> {
    let refused = errors.iter().filter(|e| e.is_port_unreachable());
    let ends = refused.filter_map(|e| Some((e.about_source?, e.about_destination?)));
    let mut refused: Vec<(IpAddr, IpAddr)> = ends.collect();
    if refused.is_empty() {
        return refused;
    }
    let counted = trackers.udp.counted_up();
    let mut found = HashSet::<_, foldhash::fast::RandomState>::default();
    refused.retain(|ends| counted.contains(ends) && found.insert(*ends));
    refused
}

/// What an answer says that is neither the destination's nor that the TTL ran out.
fn refusal(error: &IcmpError, to: IpAddr) -> Option<String> {
    (error.sender != to && !ran_out(error)).then(|| error.meaning.clone())
}

/// Keeps what was sent with TTLs that go up step by step from those that ran out, up to `top`: what
/// else the same hosts sent to each other is no probe. One step may be missing in the capture.
fn keep_series(probes: &mut Vec<TraceProbe>, mut top: u8) {
    let mut ttls: Vec<u8> = probes.iter().map(|p| p.ttl).collect();
    ttls.sort_unstable();
    for ttl in ttls {
        if ttl > top && ttl - top <= 2 {
            top = ttl;
        }
    }
    probes.retain(|p| p.ttl <= top);
}

/// Adds the SYNs with small TTLs to whom such SYNs ran out.
fn syns(
    trackers: &Trackers,
    about: &HashMap<u32, &IcmpError, foldhash::fast::RandomState>,
    probes: &mut Vec<TraceProbe>,
) {
    if trackers.icmp.about_tcp().is_empty() {
        return;
    }
    let called = (0..trackers.tcp.len()).filter_map(|stream| trackers.tcp.called(stream));
    let called: Vec<Called> = called.filter(|c| c.ttl <= PROBE).collect();
    let error = |c: &Called| {
        let error = c.error.and_then(|_| about.get(&c.frame));
        error.copied().filter(|e| ran_out(e))
    };
    let traced: HashSet<(IpAddr, IpAddr), foldhash::fast::RandomState> = called
        .iter()
        .filter(|c| error(c).is_some())
        .map(|c| (c.from, c.to))
        .collect();
    for call in called.iter().filter(|c| traced.contains(&(c.from, c.to))) {
        let error = error(call);
        let answer = call.answer.filter(|_| error.is_none());
        let end = match error {
            Some(error) => error.time.map(|t| t.0),
            None => answer.and_then(|(_, time)| time),
        };
        let timed = call.time != 0;
        probes.push(TraceProbe {
            frame: call.frame,
            source: call.from,
            destination: call.to,
            ttl: call.ttl,
            router: error.map(|e| e.sender).or(answer.map(|_| call.to)),
            answer_frame: error.map(|e| e.frame).or(answer.map(|a| a.0)),
            answer_shared: error.is_some_and(|e| e.about_shared),
            rtt_ms: end
                .filter(|_| timed && error.is_none_or(|e| !e.about_shared))
                .and_then(|end| Milliseconds::between(call.time, end)),
            refusal: None,
            reached: match error {
                Some(_) => Some(false),
                None => answer.map(|_| true),
            },
        });
    }
}
