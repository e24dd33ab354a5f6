//! Responses that cannot all be what was asked for: from an address that was not asked, or another
//! one to a question that was answered otherwise before.

use super::told::told;
use super::{Lookups, Seen, type_name};
use crate::dissect::dns::Message;
use crate::dissect::layer::Protocol;
use crate::facts::dns::{Lookup, NameService};
use crate::track::pairs::is_group;
use crate::track::room::Room;
use std::net::IpAddr;

/// So many questions back may be the one that an unasked response has the number of.
const RECENT: usize = 64;
/// Most that are told.
const MOST: usize = 1000;

/// Whom a response came from, where another was asked.
pub(crate) struct Stray {
    /// The place of the lookup.
    pub(crate) row: usize,
    /// Its frame.
    pub(crate) frame: u32,
    /// Who sent it.
    pub(crate) sender: IpAddr,
}

/// Another response to a lookup, that says something else.
pub(crate) struct Other {
    /// The place of the lookup.
    pub(crate) row: usize,
    /// What it says, in words.
    pub(crate) says: String,
}

/// Both kinds, in order.
#[derive(Default)]
pub(crate) struct Doubts {
    pub(crate) strays: Vec<Stray>,
    pub(crate) others: Vec<Other>,
}

impl Lookups {
    /// Takes in a response over UDP that nobody asked its sender for: whether it has number, ports
    /// and question of one that another was asked.
    pub(super) fn is_stray(&mut self, seen: &Seen, protocol: Protocol, message: &Message) -> bool {
        let Some(question) = message.questions.first() else {
            return false;
        };
        if protocol != Protocol::Dns || seen.conversation.tcp {
            return false;
        }
        let (client, port) = seen.destination;
        let kind = type_name(question.kind);
        let places = (0..self.rows.len()).rev().take(RECENT);
        let found = places.into_iter().find(|place| {
            let row = &self.rows[*place];
            row.id == message.id
                && row.client == Some(client)
                && self.ports.get(*place) == Some(&port)
                && row.query_frame.is_some()
                && row.protocol == NameService::Dns
                && !is_group(row.server)
                && row.kind.as_ref() == Some(&kind)
                && is_named(row, &question.name)
        });
        let Some(row) = found else { return false };
        let strays = &mut self.rows[row].stray_frames;
        strays.get_or_insert_default().push(seen.frame);
        if self.doubts.strays.has_room(MOST) {
            self.doubts.strays.push(Stray {
                row,
                frame: seen.frame,
                sender: seen.source.0,
            });
        }
        true
    }

    /// Takes in one more response to the lookups of a chain, all of which have theirs. It is told
    /// where the one question was asked once, and answered otherwise before: of a question that is
    /// asked again, a server may rotate its answers.
    pub(super) fn once_more(&mut self, newest: usize, seen: &Seen, message: &Message) {
        let Some(question) = message.questions.first() else {
            return;
        };
        if seen.conversation.tcp || !self.doubts.others.has_room(MOST) || is_cut(message) {
            return;
        }
        let same = |row: &Lookup| is_named(row, &question.name);
        let mut asked = self.chain(Some(newest)).filter(|at| same(&self.rows[*at]));
        let (Some(place), None) = (asked.next(), asked.next()) else {
            return;
        };
        drop(asked);
        let row = &self.rows[place];
        let once = row.protocol == NameService::Dns
            && row.kind == Some(type_name(question.kind))
            && row.repeats == 0
            && row.other_response_frame.is_none()
            && !self.cut.contains(&place);
        if !once {
            return;
        }
        let (status, answers) = told(message);
        let sorted = |answers: &[String]| {
            let mut sorted = answers.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            sorted
        };
        let before = row.answers.as_deref().unwrap_or_default();
        if row.status.as_ref() == Some(&status) && sorted(before) == sorted(&answers) {
            return;
        }
        self.rows[place].other_response_frame = Some(seen.frame);
        let says = in_words(&status, &answers);
        self.doubts.others.push(Other { row: place, says });
    }

    /// The responses that are doubtful.
    pub(crate) fn doubts(&self) -> &Doubts {
        &self.doubts
    }
}

/// Whether a lookup asks for this name.
fn is_named(row: &Lookup, name: &str) -> bool {
    let own = row.name.as_ref();
    own.is_some_and(|own| own.eq_ignore_ascii_case(name))
}

/// Whether the answers are not all there.
pub(super) fn is_cut(message: &Message) -> bool {
    message.flags & 0x0200 != 0 || !message.complete
}

/// What a response says.
pub(crate) fn in_words(status: &str, answers: &[String]) -> String {
    const MOST: usize = 4;
    match (status, answers) {
        ("No error", []) => "no such record".to_owned(),
        ("No error", answers) => {
            let mut text = answers[..answers.len().min(MOST)].join(" ");
            if answers.len() > MOST {
                text.push_str(&format!(" and {} more", answers.len() - MOST));
            }
            text
        }
        (status, _) => status.to_owned(),
    }
}
