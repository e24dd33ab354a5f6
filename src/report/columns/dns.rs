//! The columns of DNS.

use super::{Columns, NONE_HERE, Times, columns, frames, moment, or_dash, span};
use crate::facts::dns::{Carrier, Lookup, Operation, Record as DnsRecord};

pub(super) const LOOKUPS: Columns = columns![Lookup;
    ("query", |l, _| or_dash(l.query_frame)),
    ("response", |l, _| or_dash(l.response_frame)),
    ("at", |l, t| moment(l.time, t)),
    ("client", |l, _| or_dash(l.client)),
    ("server", |l, _| l.server.to_string()),
    ("question", |l, _| {
        let over = if l.transport == Carrier::Tcp { " (TCP)" } else { "" };
        let asked = match l.operation {
            Operation::Query => String::new(),
            other => format!("{other}: "),
        };
        let question = match (&l.kind, &l.name) {
            (Some(kind), Some(name)) => format!("{kind} {name}"),
            _ if l.response_cut == Some(false) => "none repeated".to_owned(),
            _ => "(cut)".to_owned(),
        };
        format!("{asked}{question}{over}")
    }),
    ("answer", |l, _| match (l.status.as_deref(), &l.answers) {
        (Some("No error"), Some(answers)) if l.response_cut == Some(true) => {
            let count = l.answer_count.unwrap_or(0);
            let answer = if count == 1 { "answer" } else { "answers" };
            let read = match answers.join(" ") {
                read if read.is_empty() => read,
                read => format!(": {read} …"),
            };
            format!("{count} {answer}, cut{read}")
        }
        (Some("No error"), Some(_)) if l.operation != Operation::Query => "done".to_owned(),
        (Some("No error"), Some(answers)) if answers.is_empty() => {
            match (l.truncated, l.referral) {
                (Some(true), _) => "truncated".to_owned(),
                (_, Some(true)) => "refers to other servers".to_owned(),
                _ => "no such record".to_owned(),
            }
        }
        (Some("No error") | None, Some(answers)) if l.truncated == Some(true) => {
            format!("truncated: {} …", answers.join(" "))
        }
        (Some("No error") | None, Some(answers)) => answers.join(" "),
        // The code is that of the last name of the chain (RFC 6604 §3).
        (Some(status), Some(answers)) if !answers.is_empty() => {
            format!("{}: {status}", answers.join(" "))
        }
        (Some(status), _) => status.to_owned(),
        _ => match l.error_frame {
            Some(frame) => format!("ICMP error {frame}"),
            None => NONE_HERE.to_owned(),
        },
    }),
    ("from elsewhere", |l, t| {
        let strays = l.stray_frames.as_ref();
        strays.map_or_else(String::new, |list| frames(list, t))
    }),
    ("differs in", |l, _| l.other_response_frame.map_or_else(String::new, |f| f.to_string())),
    ("took", |l, _| match l.repeats {
        0 => span(l.time_ms),
        _ if l.time_ms.is_none() => "-".to_owned(),
        repeats => format!("{} after the first of {}", span(l.time_ms), repeats + 1),
    }),
];

pub(super) const RECORDS: Columns = columns![DnsRecord;
    ("frame", |r, _| r.frame.to_string()),
    ("section", |r, _| r.part.to_string()),
    ("name", |r, _| r.name.clone()),
    ("type", |r, _| r.kind.to_string()),
    ("TTL", |r, _| format!("{} s", r.ttl_seconds)),
    ("data", |r, _| r.data.clone()),
];
