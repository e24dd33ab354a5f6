//! The columns of ICMP.

use super::{Columns, Times, UNCLEAR, columns, frames, moment, or_dash, span};
use crate::facts::icmp::{Echoed, IcmpError, Ping, TraceProbe};
use std::net::IpAddr;

pub(super) const PINGS: Columns = columns![Ping;
    ("frame", |p, _| p.frame.to_string()),
    ("at", |p, t| moment(p.time, t)),
    ("from", |p, _| p.source.to_string()),
    ("to", |p, _| p.destination.to_string()),
    ("id/seq", |p, _| format!("{}/{}", p.identifier, p.sequence)),
    ("bytes", |p, _| or_dash(p.payload_bytes)),
    ("fragments", |p, _| {
        let told = if p.whole { "" } else { "some missing" };
        told.to_owned()
    }),
    ("TTL → ←", |p, _| {
        format!("{} {}", p.ttl, or_dash(p.reply_ttl))
    }),
    ("reply in", |p, _| match p.error_frame {
        Some(frame) if p.reply_frame.is_none() && p.error_shared => format!("perhaps error {frame}"),
        Some(frame) if p.reply_frame.is_none() => format!("error {frame}"),
        _ => match p.reply_frame {
            Some(frame) if p.reply_shared => format!("perhaps {frame}"),
            None if p.reply_shared || p.error_shared => UNCLEAR.to_owned(),
            frame => or_dash(frame),
        },
    }),
    ("RTT", |p, _| span(p.rtt_ms)),
    ("brings back", |p, _| match p.echoed {
        Some(Echoed::Changed) => "other bytes".to_owned(),
        Some(Echoed::Length) => "another length".to_owned(),
        Some(Echoed::Same) | None => String::new(),
    }),
    ("all who replied", |p, t| {
        let Some(responders) = &p.responders else {
            return match p.reply_frames.len() {
                0 | 1 => String::new(),
                times => format!("{times} times in {}", frames(&p.reply_frames, t)),
            };
        };
        let mut who: Vec<String> = responders.iter().take(4).map(IpAddr::to_string).collect();
        let more = responders.len() - who.len();
        who.extend((more > 0).then(|| format!("and {more} more")));
        format!("{} in {}", who.join(" "), frames(&p.reply_frames, t))
    }),
    ("captured again in", |p, t| frames(&p.copy_frames, t)),
];

pub(super) const ICMP_ERRORS: Columns = columns![IcmpError;
    ("frame", |e, _| e.frame.to_string()),
    ("at", |e, t| moment(e.time, t)),
    ("from", |e, _| e.sender.to_string()),
    ("to", |e, _| e.receiver.to_string()),
    ("type/code", |e, _| format!("{}/{}", e.kind, e.code)),
    ("meaning", |e, _| match (e.gateway, e.mtu) {
        (Some(gateway), _) if e.about_destination != Some(gateway) => {
            format!("{}: {gateway}", e.meaning)
        }
        (None, Some(mtu)) => format!("{}: MTU {mtu}", e.meaning),
        _ => e.meaning.clone(),
    }),
    ("about", |e, _| e.about.clone()),
    ("sent in", |e, _| perhaps(e.about_shared, e.about_frame)),
    ("copy of", |e, _| e.copy_of_frame.map_or_else(String::new, |f| f.to_string())),
];

pub(super) const TRACES: Columns = columns![TraceProbe;
    ("probe", |p, _| p.frame.to_string()),
    ("to", |p, _| p.destination.to_string()),
    ("TTL", |p, _| p.ttl.to_string()),
    ("answered by", |p, _| or_dash(p.router)),
    ("in", |p, _| perhaps(p.answer_shared, p.answer_frame)),
    ("RTT", |p, _| span(p.rtt_ms)),
    ("reached", |p, _| match p.reached {
        Some(true) => "yes".to_owned(),
        Some(false) => match &p.refusal {
            Some(refusal) => format!("no: {refusal}"),
            None => "no".to_owned(),
        },
        None => "-".to_owned(),
    }),
];

/// A frame, which may be another one's.
fn perhaps(shared: bool, frame: Option<u32>) -> String {
    match frame {
        Some(frame) if shared => format!("perhaps {frame}"),
        frame => or_dash(frame),
    }
}
