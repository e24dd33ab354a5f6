//! Arguments in, exit status out: one file per subcommand, each with `Args` and `run`.
//!
//! **Invariant:** no decision about traffic is made here. Exit 0: done. Exit 1: done, and the
//! verdict is unfavourable. Exit 2: could not do it, or the input could not be read to its end.
//! A closed pipe ends quietly with 0. stdout is data, stderr is conversation.

mod analyze;
mod answer;
mod capture;
mod client;
mod compare;
mod fields;
mod follow;
mod frames;
mod grade;
mod handout;
mod interfaces;
mod lab;
mod restriction;
mod serve;
mod show;
mod sockets;
mod terminal;

use crate::capture::Ending;
use crate::query::{Catalogue, Filter};
use clap::{Parser, Subcommand};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// The bench, the analyst and the examiner of a networking course.
#[derive(Parser)]
#[command(name = "wirelab", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What can be asked of the program.
#[derive(Subcommand)]
enum Command {
    Analyze(analyze::Args),
    Fields(fields::Args),
    Frames(frames::Args),
    Show(show::Args),
    Follow(follow::Args),
    Capture(capture::Args),
    Answer(answer::Args),
    Compare(compare::Args),
    Grade(grade::Args),
    Handout(handout::Args),
    /// Run one of the labs' servers.
    Serve(serve::Args),
    /// Run one of the labs' clients.
    Client(client::Args),
    /// Show this machine's sockets and the processes that have them.
    Sockets(sockets::Args),
    /// Perform a whole lab in a network of its own: traffic, captures, a shell in it.
    Lab(lab::Args),
    /// Show this machine's network interfaces.
    Interfaces(interfaces::Args),
}

/// How a run ended, in the program's exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Done (0).
    Done,
    /// Done, and the verdict is unfavourable (1).
    Unfavourable,
    /// Could not do it, or the input could not be read to its end (2).
    Failed,
}

impl Status {
    /// The worse of two.
    pub(crate) fn worse(self, other: Status) -> Status {
        let rank = |s| match s {
            Status::Done => 0,
            Status::Unfavourable => 1,
            Status::Failed => 2,
        };
        if rank(other) > rank(self) {
            other
        } else {
            self
        }
    }
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result: anyhow::Result<Status> = match cli.command {
        Command::Analyze(args) => analyze::run(&args),
        Command::Fields(args) => fields::run(&args),
        Command::Frames(args) => frames::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Follow(args) => follow::run(&args),
        Command::Capture(args) => capture::run(&args),
        Command::Answer(args) => answer::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Grade(args) => grade::run(&args),
        Command::Handout(args) => handout::run(&args),
        Command::Serve(args) => serve::run(args),
        Command::Client(args) => client::run(args),
        Command::Sockets(args) => sockets::run(&args),
        Command::Lab(args) => lab::run(&args),
        Command::Interfaces(args) => interfaces::run(&args),
    };
    match result {
        Ok(Status::Done) => ExitCode::SUCCESS,
        Ok(Status::Unfavourable) => ExitCode::from(1),
        Ok(Status::Failed) => ExitCode::from(2),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when even stderr is closed.
            let _ = writeln!(std::io::stderr(), "wirelab: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Reads a display filter; an error shows the place in the text.
fn filter(text: Option<&str>, catalogue: &Catalogue) -> anyhow::Result<Option<Filter>> {
    let Some(text) = text else { return Ok(None) };
    match Filter::parse(text, catalogue) {
        Ok(filter) => Ok(Some(filter)),
        Err(error) => Err(anyhow::anyhow!("{}", error.explain(text))),
    }
}

/// Says on stderr what was wrong with a capture, and turns it into a status.
fn report_ending(capture: &Path, ending: &Ending) -> anyhow::Result<Status> {
    if ending.verdict.is_whole() {
        return Ok(Status::Done);
    }
    let reason = ending
        .reason
        .as_deref()
        .unwrap_or("it cannot be read to its end");
    writeln!(
        std::io::stderr(),
        "wirelab: {}: {reason}",
        capture.display()
    )?;
    Ok(Status::Failed)
}

/// Whether the reader of our output went away, which is no failure of ours.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
