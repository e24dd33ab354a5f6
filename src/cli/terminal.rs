//! What is known of the terminal: its width, whether somebody watches stderr, Ctrl-C.

use crate::render::Colour;
use signal_hook::consts::SIGINT;
use signal_hook::flag;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Characters of a line: the terminal's, or 80 when there is none.
pub(super) fn width() -> u16 {
    let wanted = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    let terminal = || terminal_size::terminal_size().map(|(width, _)| width.0);
    wanted.or_else(terminal).unwrap_or(80).clamp(40, 400)
}

/// When colour is used.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub(super) enum WhenColour {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Whether to use colour.
pub(super) fn colour(when: WhenColour) -> Colour {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match when {
        WhenColour::Always => Colour::Always,
        WhenColour::Auto if std::io::stdout().is_terminal() && !unwanted => Colour::Always,
        WhenColour::Auto | WhenColour::Never => Colour::Never,
    }
}

/// Lets the first Ctrl-C pass: in `tcpdump -w - | wirelab analyze -` it is meant for what feeds
/// us, and what came until then is to be told. A second one ends us as usual.
pub(super) fn outlive_interrupt() -> std::io::Result<()> {
    const INTERRUPTED: i32 = 130;
    let once = Arc::new(AtomicBool::new(false));
    flag::register_conditional_shutdown(SIGINT, INTERRUPTED, Arc::clone(&once))?;
    flag::register(SIGINT, once)?;
    Ok(())
}

/// A line on stderr that counts, for what takes longer than half a second; never in a pipe.
pub(super) struct Progress {
    what: &'static str,
    visible: bool,
    next: Instant,
    shown: bool,
}

impl Progress {
    /// Nothing is shown yet.
    pub(super) fn new(what: &'static str) -> Self {
        let next = Instant::now() + Duration::from_millis(500);
        Progress {
            what,
            visible: std::io::stderr().is_terminal(),
            next,
            shown: false,
        }
    }

    /// Shows the count, four times a second at most.
    pub(super) fn show(&mut self, count: u64) {
        if self.visible && Instant::now() >= self.next {
            self.next = Instant::now() + Duration::from_millis(250);
            self.shown = true;
            // A terminal that is gone is no reason to stop.
            let _ = write!(std::io::stderr(), "\r{count} {}", self.what);
        }
    }

    /// Wipes the line.
    pub(super) fn clear(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
