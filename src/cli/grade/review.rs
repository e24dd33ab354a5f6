//! `wirelab grade … --review`: what needs a person, question by question, a key press each.

use crate::cli::Status;
use crate::grade::decisions::{self, Group};
use crate::grade::{Marks, output::points};
use crate::handout::Handout;
use crate::render::safe;
use anyhow::Context;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::io::{BufRead, IsTerminal, Read, Write};
use std::path::Path;

/// Walks through the groups. On a terminal a key press decides; otherwise each line does.
pub(super) fn run(
    handout: &Handout,
    all: &[Marks],
    path: &Path,
    grader: &str,
) -> anyhow::Result<Status> {
    let mut out = std::io::stderr().lock();
    let mut log = Log::open(path)?;
    let groups = decisions::groups(all);
    if groups.is_empty() {
        writeln!(out, "nothing needs a person")?;
        return Ok(Status::Done);
    }
    let _keys = Keys::new();
    let mut gained: Vec<f64> = vec![0.0; all.len()];
    let mut undone: Vec<(usize, f64)> = Vec::new();
    let mut at = 0;
    while let Some(group) = groups.get(at) {
        show(&mut out, handout, all, group, at, groups.len(), &gained)?;
        let mark = group.mark;
        let given = loop {
            write!(
                out,
                "[f]ull {} · [h]alf · [n]one · [s]uggested {} · [c]omment · s[k]ip · [u]ndo · [q]uit? ",
                points(mark.of),
                points(mark.points)
            )?;
            out.flush()?;
            let key = key()?;
            writeln!(
                out,
                "{}",
                key.map_or(String::new(), |k| safe(&k.to_string()))
            )?;
            match key {
                Some('f') => break Some((mark.of, String::new())),
                Some('h') => break Some((mark.of / 2.0, String::new())),
                Some('n') => break Some((0.0, String::new())),
                Some('s') => break Some((mark.points, String::new())),
                Some('c') => {
                    write!(out, "points, then a comment for the student: ")?;
                    out.flush()?;
                    let line = line()?;
                    let (number, comment) = line.split_once(' ').unwrap_or((&line, ""));
                    match number.replace(',', ".").parse::<f64>() {
                        Ok(n) if (0.0..=mark.of).contains(&n) => {
                            break Some((n, comment.trim().to_owned()));
                        }
                        _ => writeln!(out, "give a number from 0 to {}", points(mark.of))?,
                    }
                }
                Some('k') => break None,
                Some('u') => match undone.pop() {
                    Some((before, given)) => {
                        log.undo()?;
                        for student in &groups[before].students {
                            gained[*student] -= given;
                        }
                        at = before;
                        writeln!(out, "undone: {}", safe(&groups[at].mark.part))?;
                        break None;
                    }
                    None => writeln!(out, "nothing to undo")?,
                },
                Some('q') | None => {
                    told(&mut out, path, undone.len(), groups.len())?;
                    return Ok(Status::Done);
                }
                Some(_) => {}
            }
        };
        if !std::ptr::eq(&groups[at], group) {
            continue;
        }
        if let Some((given, comment)) = given {
            let time = jiff::Zoned::now()
                .strftime("%Y-%m-%d %H:%M:%S %:z")
                .to_string();
            log.append(&decisions::entry(group, given, grader, &time, &comment))?;
            undone.push((at, given));
            for student in &group.students {
                gained[*student] += given;
            }
        }
        at += 1;
    }
    told(&mut out, path, undone.len(), groups.len())?;
    Ok(Status::Done)
}

fn told(out: &mut dyn Write, path: &Path, done: usize, of: usize) -> std::io::Result<()> {
    writeln!(out, "{done} of {of} groups decided; {}", path.display())
}

fn show(
    out: &mut dyn Write,
    handout: &Handout,
    all: &[Marks],
    group: &Group<'_>,
    at: usize,
    of: usize,
    gained: &[f64],
) -> std::io::Result<()> {
    let mark = group.mark;
    let asked = handout.file.question.iter().find(|q| q.id == mark.question);
    writeln!(
        out,
        "\n{} of {of}  {}  {} hand-ins\n{}",
        at + 1,
        safe(&mark.part),
        group.students.len(),
        safe(asked.map_or("", |q| q.text.as_str()))
    )?;
    writeln!(out, "  answer      {}", safe(&mark.answer))?;
    writeln!(out, "  key         {}", safe(&mark.key))?;
    if !mark.frames.is_empty() {
        writeln!(
            out,
            "  frames      {}   {}",
            safe(&mark.frames),
            safe(&mark.filter)
        )?;
    }
    writeln!(out, "  suggestion  {}", safe(&mark.outcome.reason))?;
    let most = 6;
    let names: Vec<String> = group
        .students
        .iter()
        .take(most)
        .map(|s| {
            let now = all[*s].points() + gained[*s];
            let full = points(now + mark.of);
            format!(
                "{} {} → {full} at most",
                safe(&all[*s].student),
                points(now)
            )
        })
        .collect();
    let more = if group.students.len() > most {
        ", …"
    } else {
        ""
    };
    writeln!(out, "  changes     {}{more}", names.join(", "))
}

/// One key, or the first letter of a line; nothing at the end of the input.
fn key() -> std::io::Result<Option<char>> {
    if std::io::stdin().is_terminal() {
        let mut byte = [0u8];
        let read = std::io::stdin().lock().read(&mut byte)?;
        return Ok((read == 1).then(|| char::from(byte[0])));
    }
    let mut text = String::new();
    if std::io::stdin().lock().read_line(&mut text)? == 0 {
        return Ok(None);
    }
    Ok(Some(text.trim().chars().next().unwrap_or(' ')))
}

fn line() -> std::io::Result<String> {
    let _lines = Keys::lines();
    let mut text = String::new();
    std::io::stdin().lock().take(4096).read_line(&mut text)?;
    Ok(text.trim().to_owned())
}

/// The terminal set to single keys, or to lines; as it was when this goes.
struct Keys(Option<rustix::termios::Termios>);

impl Keys {
    fn new() -> Keys {
        Keys::set(|modes| modes.remove(LocalModes::ICANON | LocalModes::ECHO))
    }

    fn lines() -> Keys {
        Keys::set(|modes| modes.insert(LocalModes::ICANON | LocalModes::ECHO))
    }

    fn set(change: impl Fn(&mut LocalModes)) -> Keys {
        let input = std::io::stdin();
        let Ok(old) = tcgetattr(&input) else {
            return Keys(None);
        };
        let mut new = old.clone();
        change(&mut new.local_modes);
        // A terminal that cannot be set reads lines.
        let _ = tcsetattr(&input, OptionalActions::Now, &new);
        Keys(Some(old))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        if let Some(old) = &self.0 {
            // There is nobody left to tell.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, old);
        }
    }
}

/// The file of decisions, only ever appended to; what this run appended can be taken back.
struct Log<'p> {
    path: &'p Path,
    file: std::fs::File,
    lengths: Vec<u64>,
}

impl<'p> Log<'p> {
    fn open(path: &'p Path) -> anyhow::Result<Log<'p>> {
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Log {
            path,
            file,
            lengths: Vec::new(),
        })
    }

    fn append(&mut self, entry: &str) -> anyhow::Result<()> {
        let length = self.file.metadata()?.len();
        self.file
            .write_all(entry.as_bytes())
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        self.lengths.push(length);
        Ok(())
    }

    fn undo(&mut self) -> anyhow::Result<()> {
        if let Some(length) = self.lengths.pop() {
            self.file.set_len(length)?;
        }
        Ok(())
    }
}
