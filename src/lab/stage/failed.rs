//! Why a lab could not be performed to its end.

use super::NEVER;
use crate::capture::live::Refused;
use crate::lab::description::Wrong;
use crate::lab::fault::seconds;
use std::io;
use thiserror::Error;

/// Why a lab could not be performed to its end.
#[derive(Debug, Error)]
pub enum Failed {
    /// The file is wrong; it was checked before, so this is a step's words.
    #[error("{}", .0.what)]
    Wrong(Wrong),
    /// A command of the plan failed.
    #[error("building the network: {command}: {words}")]
    Network {
        /// The command.
        command: String,
        /// What it said.
        words: String,
    },
    /// A program of the lab ended otherwise than it should.
    #[error(
        "{task}: on {host}: {command}: ended with {ended} where status {expected} was expected; its last words: {words}"
    )]
    Program {
        /// The task.
        task: String,
        /// The host.
        host: String,
        /// The command.
        command: String,
        /// How it ended.
        ended: String,
        /// The status that the step states.
        expected: i32,
        /// Its output's end.
        words: String,
    },
    /// A program does not do what the step waits for.
    #[error("{task}: {name} {}; its last words: {words}", did_not(what, *ended))]
    Stuck {
        /// The task.
        task: String,
        /// The program's name in the lab.
        name: String,
        /// What was waited for.
        what: String,
        /// Whether it ended instead.
        ended: bool,
        /// Its output's end.
        words: String,
    },
    /// A program is not installed.
    #[error("{task}: the program {program} is not installed")]
    Missing {
        /// The task.
        task: String,
        /// The program.
        program: String,
    },
    /// Capturing failed.
    #[error("capturing: {0}")]
    Capture(#[from] Refused),
    /// The system failed.
    #[error("{doing}: {cause}")]
    System {
        /// What was tried.
        doing: String,
        /// What it said.
        cause: io::Error,
    },
    /// Somebody asked to end.
    #[error("ended before its end")]
    Stopped,
}

impl From<Wrong> for Failed {
    fn from(wrong: Wrong) -> Failed {
        Failed::Wrong(wrong)
    }
}

/// For `map_err`.
pub(in crate::lab) fn system(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Failed {
    let doing = doing.into();
    move |cause| Failed::System { doing, cause }
}

/// What a program did instead of what was waited for.
fn did_not(what: &str, ended: bool) -> String {
    match ended {
        true => format!("ended, and did not {what}"),
        false => format!("did not {what} within {}", seconds(NEVER)),
    }
}
