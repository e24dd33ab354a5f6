//! Programs of a lab: started on their hosts, waited for, ended; what they say goes to a log.

use super::failed::{Failed, system};
use super::{LOOK, NEVER, SETTLE, Stage};
use crate::lab::log::readable;
use crate::lab::plan::{on_host, shell};
use crate::lab::stop::{Stop, pause};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A program that was started and goes on.
pub(super) struct Running {
    pub(super) child: Child,
    pub(super) log: PathBuf,
}

impl Stage<'_> {
    pub(super) fn run(
        &self,
        task: &str,
        host: &str,
        words: &[String],
        status: i32,
    ) -> Result<(), Failed> {
        let log = self.out.join(format!("{task}.{host}.log"));
        let output = append(&log)?;
        let mut heading = output
            .try_clone()
            .map_err(system(log.display().to_string()))?;
        heading
            .write_all(format!("$ {}\n", shell(words)).as_bytes())
            .map_err(system(format!("writing {}", log.display())))?;
        let mut command = command(host, words, &output)?;
        let mut child = command
            .stdin(Stdio::null())
            .spawn()
            .map_err(system(format!("starting {}", shell(words))))?;
        let ended = wait_for_end(&mut child, self.stop)?;
        if ended.and_then(|ended| ended.code()) == Some(status) {
            return Ok(());
        }
        if ended.and_then(|ended| ended.code()) == Some(255)
            && last_words(&log).contains("No such file or directory")
        {
            return Err(Failed::Missing {
                task: task.to_owned(),
                program: words.first().cloned().unwrap_or_default(),
            });
        }
        Err(Failed::Program {
            task: task.to_owned(),
            host: host.to_owned(),
            command: shell(words),
            ended: ended.map_or("no end".to_owned(), |ended| ended.to_string()),
            expected: status,
            words: last_words(&log),
        })
    }

    pub(super) fn start(
        &self,
        task: &str,
        host: &str,
        words: &[String],
        name: &str,
    ) -> Result<Running, Failed> {
        let log = self.out.join(format!("{name}.log"));
        let output = append(&log)?;
        let child = command(host, words, &output)?
            .stdin(Stdio::piped())
            .spawn()
            .map_err(system(format!("{task}: starting {}", shell(words))))?;
        Ok(Running { child, log })
    }
}

/// The command for words on a host; `wirelab` is this program.
fn command(host: &str, words: &[String], output: &File) -> Result<Command, Failed> {
    let mut words = words.to_vec();
    if words.first().is_some_and(|word| word == "wirelab") {
        let own = std::env::current_exe().map_err(system("the path of this program"))?;
        words[0] = own.to_string_lossy().into_owned();
    }
    let all = on_host(host, &words);
    let mut command = Command::new(&all[0]);
    let clone = || output.try_clone().map_err(system("a log"));
    command.args(&all[1..]).stdout(clone()?).stderr(clone()?);
    Ok(command)
}

/// What our servers say once they can be asked.
pub(super) fn ready_words(words: &[String]) -> Option<&'static str> {
    match words {
        [first, second, ..] if first == "wirelab" && second == "serve" => Some("listening"),
        _ => None,
    }
}

/// Waits until a program has printed `words` beyond the first `from` bytes of its log. Without
/// words, a moment is enough.
pub(super) fn wait_for_words(
    program: &mut Running,
    from: usize,
    words: Option<&str>,
    task: &str,
    name: &str,
    stop: &Stop,
) -> Result<(), Failed> {
    let Some(words) = words else {
        pause(stop, SETTLE);
        return Ok(());
    };
    let begun = Instant::now();
    loop {
        // Before its log is read: what it says at last is in there then.
        let ended = program.child.try_wait().map_err(system("waiting"))?;
        let log = std::fs::read(&program.log).unwrap_or_default();
        if log
            .get(from..)
            .is_some_and(|new| String::from_utf8_lossy(new).contains(words))
        {
            return Ok(());
        }
        if stop.asked() {
            return Err(Failed::Stopped);
        }
        if ended.is_some() || begun.elapsed() > NEVER {
            return Err(Failed::Stuck {
                task: task.to_owned(),
                name: name.to_owned(),
                what: format!("say {words:?}"),
                ended: ended.is_some(),
                words: last_words(&program.log),
            });
        }
        std::thread::sleep(LOOK);
    }
}

/// Waits for a program's end; `None` when it does not come.
pub(super) fn wait_for_end(child: &mut Child, stop: &Stop) -> Result<Option<ExitStatus>, Failed> {
    let begun = Instant::now();
    let mut look = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait().map_err(system("waiting"))? {
            return Ok(Some(status));
        }
        if stop.asked() {
            return Err(Failed::Stopped);
        }
        if begun.elapsed() > NEVER * 5 {
            return Ok(None);
        }
        std::thread::sleep(look);
        look = LOOK.min(look * 2);
    }
}

/// Ends a program as Ctrl-C does; one that does not heed it is killed.
pub(super) fn end(child: &mut Child, stop: &Stop) {
    let pid = i32::try_from(child.id()).ok();
    if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
        // It may have ended by itself.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
    }
    for _ in 0..100 {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        if stop.asked() {
            break;
        }
        std::thread::sleep(LOOK);
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn append(path: &Path) -> Result<File, Failed> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(system(format!("writing {}", path.display())))
}

pub(super) fn length(path: &Path) -> usize {
    std::fs::metadata(path).map_or(0, |m| usize::try_from(m.len()).unwrap_or_default())
}

/// The end of a log, in a line.
pub(super) fn last_words(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = readable(&bytes);
    let lines: Vec<&str> = text.lines().rev().take(3).collect();
    let lines: Vec<&str> = lines.into_iter().rev().collect();
    lines.join(" | ")
}
