//! Damages captures, frames and filters at random and gives them to every reader, on and on:
//!
//! ```text
//! cargo run --release --example fuzz -- --seconds 60 --seed 1 [--reader fields] [--runs N]
//! cargo run --release --example fuzz -- --again FILE --reader fields
//! ```
//!
//! A reader must not panic, must not take longer than [`LONGEST`] for a few frames, must write
//! the same bytes the second time, and no byte that a terminal would obey. What breaks this is
//! kept in a file and told; `--again` gives such a file to its reader once more. The same seed
//! and the same number of runs do the same again.

mod mutate;
mod readers;

use mutate::{Corpus, Random};
use readers::READERS;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Longest time a reader may take for an input of a few kilobytes.
const LONGEST: Duration = Duration::from_secs(2);
/// Findings after which it ends.
const ENOUGH: usize = 10;

/// Damages inputs at random and gives them to every reader.
#[derive(clap::Parser)]
struct Args {
    /// How long to go on.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How many runs at most.
    #[arg(long, default_value_t = u64::MAX)]
    runs: u64,
    /// Where the random numbers begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this reader: capture, dissect, analyze, show, fields or filter.
    #[arg(long)]
    reader: Option<String>,
    /// More captures to damage, besides those of the repository.
    #[arg(long)]
    corpus: Vec<PathBuf>,
    /// Gives this file to the reader, as it is.
    #[arg(long, requires = "reader")]
    again: Option<PathBuf>,
    /// Folder for what was found.
    #[arg(long, default_value = ".")]
    keep: PathBuf,
}

/// What became of one reader.
#[derive(Default)]
struct Tally {
    runs: u64,
    spent: Duration,
    longest: Duration,
    found: u64,
}

fn main() -> io::Result<ExitCode> {
    let args: Args = clap::Parser::parse();
    let mut err = io::stderr();
    let chosen: Vec<usize> = (0..READERS.len())
        .filter(|at| args.reader.as_ref().is_none_or(|n| n == READERS[*at].name))
        .collect();
    if chosen.is_empty() {
        writeln!(err, "fuzz: there is no such reader")?;
        return Ok(ExitCode::from(2));
    }
    if let Some(path) = &args.again {
        let input = std::fs::read(path)?;
        let begin = Instant::now();
        (READERS[chosen[0]].run)(&input);
        writeln!(err, "fuzz: survived in {:?}", begin.elapsed())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut folders = vec![PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/captures"
    ))];
    folders.extend(args.corpus.iter().cloned());
    let corpus = Corpus::read(&folders)?;
    writeln!(err, "fuzz: {} captures, seed {}", corpus.len(), args.seed)?;
    let mut tallies: Vec<Tally> = READERS.iter().map(|_| Tally::default()).collect();
    let mut random = Random::new(args.seed);
    let begin = Instant::now();
    let end = begin + Duration::from_secs(args.seconds);
    let mut runs = 0;
    let mut spoken = begin;
    // Each reader has the same share of the time, so that fast ones run more often.
    while Instant::now() < end && runs < args.runs {
        let Some(&at) = chosen.iter().min_by_key(|at| tallies[**at].spent) else {
            break;
        };
        let reader = &READERS[at];
        for _ in 0..reader.batch {
            let input = (reader.input)(&corpus, &mut random);
            let began = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| (reader.run)(&input)));
            let mut took = began.elapsed();
            if outcome.is_ok() && took > LONGEST {
                // Perhaps another program had the processor.
                let again = Instant::now();
                (reader.run)(&input);
                took = took.min(again.elapsed());
            }
            let tally = &mut tallies[at];
            tally.runs += 1;
            tally.spent += took;
            tally.longest = tally.longest.max(took);
            runs += 1;
            if outcome.is_err() || took > LONGEST {
                tally.found += 1;
                let path = keep(&args.keep, reader.name, args.seed, runs, &input)?;
                writeln!(err, "fuzz: {} {took:?}: {}", reader.name, path.display())?;
            }
        }
        if tallies.iter().map(|t| t.found).sum::<u64>() >= ENOUGH as u64 {
            break;
        }
        if spoken.elapsed() > Duration::from_secs(60) {
            spoken = Instant::now();
            writeln!(err, "fuzz: {runs} runs, {} s", begin.elapsed().as_secs())?;
        }
    }
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{:<10} {:>10} {:>9} {:>12} {:>6}",
        "reader", "runs", "seconds", "longest ms", "found"
    )?;
    for at in chosen {
        let tally = &tallies[at];
        writeln!(
            out,
            "{:<10} {:>10} {:>9} {:>12.1} {:>6}",
            READERS[at].name,
            tally.runs,
            tally.spent.as_secs(),
            tally.longest.as_secs_f64() * 1000.0,
            tally.found
        )?;
    }
    writeln!(out, "{:<10} {runs:>10}", "together")?;
    let found = tallies.iter().any(|t| t.found > 0);
    Ok(ExitCode::from(u8::from(found)))
}

fn keep(folder: &Path, reader: &str, seed: u64, run: u64, input: &[u8]) -> io::Result<PathBuf> {
    let path = folder.join(format!("fuzz-{reader}-{seed}-{run}.bin"));
    std::fs::write(&path, input)?;
    Ok(path)
}
