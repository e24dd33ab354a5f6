//! What is kept of a lab beside its captures: the file that states its parameters.
//!
//! The file, [`FILE`], is TOML:
//!
//! ```toml
//! lab = "client-server"        # the lab's name
//! handout = "client-server"    # the handout it serves, where there is one
//! seed = 7                     # absent when the lab's own values were taken
//! wirelab = "0.1.0"            # the version that performed it
//!
//! [parameters]                 # every parameter with the value it had, as text
//! client = "10.0.6.11"
//!
//! [[capture]]                  # every capture, in the order of the tasks
//! file = "T1.pcapng"
//! task = "T1"
//! questions = ["T1"]           # the handout's questions it serves
//! title = "…"
//! host = "client"
//! interface = "eth0"
//! frames = 5
//! dropped = 0
//! ```
//!
//! The first packet of each step carries the step's line as its comment (`opt_comment`); the
//! section's comment names lab and task, the interface's description the host. A program's log is
//! `TASK.NAME.log` for one that ran beside others, `TASK.HOST.log` for those that ran in turn.

use super::description::Lab;
use super::parameters::Values;
use super::stage::Made;
use std::io;
use std::path::Path;
use toml::{Table, Value};

/// The file's name in the folder of the captures.
pub const FILE: &str = "parameters.toml";

/// What a performance does to a folder that has earlier ones.
pub struct Replaces<'a> {
    /// The lab's name.
    pub lab: &'a str,
    /// Its parameters.
    pub values: &'a Values,
    /// Whether it makes a capture anew, by its task and file.
    pub capture: &'a dyn Fn(&str, &str) -> bool,
    /// What the names of its logs begin with, up to a dot.
    pub logs: Vec<&'a str>,
}

/// Makes the folder, or clears it of what is made anew. Gives what is stated of the captures that
/// stay, of other tasks. Other people's files are never touched: a folder with files and without
/// [`FILE`] is refused, and one with captures of another lab, or of other parameters.
pub fn prepare(folder: &Path, replaces: &Replaces<'_>) -> io::Result<Vec<Table>> {
    std::fs::create_dir_all(folder)?;
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        entries.push(entry?.path());
    }
    if entries.is_empty() {
        // Claimed: a performance that is broken off may be followed by another.
        std::fs::write(folder.join(FILE), "")?;
        return Ok(Vec::new());
    }
    if !folder.join(FILE).is_file() {
        return Err(io::Error::other(
            "it has files in it that no lab has made; choose another one with --out",
        ));
    }
    let (anew, stays) = captures(folder, replaces)?;
    for file in anew {
        std::fs::remove_file(folder.join(file))?;
    }
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let own = |log: &&str| name.strip_prefix(*log).is_some_and(|n| n.starts_with('.'));
        if name.ends_with(".log") && replaces.logs.iter().any(own) && path.is_file() {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(stays)
}

/// Files that are made anew, and what is stated of those that stay.
fn captures(folder: &Path, replaces: &Replaces<'_>) -> io::Result<(Vec<String>, Vec<Table>)> {
    let text = std::fs::read_to_string(folder.join(FILE))?;
    let refused = |why: String| Err(io::Error::other(why));
    let stated: Table = match text.parse() {
        Ok(stated) => stated,
        Err(error) => return refused(format!("{FILE} there cannot be read: {error}")),
    };
    let (mut anew, mut stays) = (Vec::new(), Vec::new());
    let listed = stated.get("capture").and_then(Value::as_array);
    for capture in listed.into_iter().flatten().filter_map(Value::as_table) {
        let text = |key: &str| capture.get(key).and_then(Value::as_str).unwrap_or_default();
        let (task, file) = (text("task"), text("file"));
        // A name without a folder, whoever wrote it.
        let plain = Path::new(file).file_name().is_some_and(|name| name == file);
        if !plain || !folder.join(file).is_file() {
            continue;
        }
        match (replaces.capture)(task, file) {
            true => anew.push(file.to_owned()),
            false => stays.push(capture.clone()),
        }
    }
    let lab = stated.get("lab").and_then(Value::as_str);
    if let Some(lab) = lab.filter(|lab| *lab != replaces.lab) {
        return refused(format!(
            "it is of the lab {lab}; choose another one with --out"
        ));
    }
    let known = stated.get("parameters").and_then(Value::as_table);
    if known.is_some_and(|known| *known != parameters(replaces.values))
        && let Some(file) = stays.first().and_then(|capture| capture.get("file"))
    {
        let file = file.as_str().unwrap_or_default();
        return refused(format!(
            "{file} there was made with other parameters, and is of a task that is not performed now; choose another one with --out, or remove it"
        ));
    }
    Ok((anew, stays))
}

fn parameters(values: &Values) -> Table {
    let text = |(name, value): (&str, &str)| (name.to_owned(), Value::String(value.to_owned()));
    values.iter().map(text).collect()
}

/// The text of [`FILE`]; `stays` is what is stated of captures that were made before.
pub fn text(
    (name, lab): (&str, &Lab),
    seed: Option<u64>,
    values: &Values,
    made: &[Made],
    stays: Vec<Table>,
) -> String {
    let mut file = Table::new();
    let text = |text: &str| Value::String(text.to_owned());
    let number = |number: u64| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    file.insert("lab".to_owned(), text(name));
    if let Some(handout) = &lab.handout {
        file.insert("handout".to_owned(), text(handout));
    }
    if let Some(seed) = seed {
        file.insert("seed".to_owned(), number(seed));
    }
    file.insert("wirelab".to_owned(), text(env!("CARGO_PKG_VERSION")));
    file.insert("parameters".to_owned(), Value::Table(parameters(values)));
    let new = made.iter().map(|made| {
        let mut capture = Table::new();
        let questions = made.questions.iter().map(|q| text(q)).collect();
        for (name, value) in [
            ("file", text(&made.file)),
            ("task", text(&made.task)),
            ("questions", Value::Array(questions)),
            ("title", text(&made.title)),
            ("host", text(&made.host)),
            ("interface", text(&made.interface)),
            ("frames", number(made.counts.written)),
            ("dropped", number(made.counts.dropped)),
        ] {
            capture.insert(name.to_owned(), value);
        }
        capture
    });
    let mut captures: Vec<Table> = stays.into_iter().chain(new).collect();
    captures.sort_by_key(|capture| {
        let task = capture.get("task").and_then(Value::as_str);
        let mut tasks = lab.tasks.iter();
        tasks
            .position(|t| Some(t.id.get_ref().as_str()) == task)
            .unwrap_or(usize::MAX)
    });
    let captures = captures.into_iter().map(Value::Table).collect();
    file.insert("capture".to_owned(), Value::Array(captures));
    format!(
        "# What this performance of a lab was: the same seed gives the same parameters.\n{file}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::labs;

    const STATED: &str = "lab = \"rtt\"\n[[capture]]\nfile = \"1.pcapng\"\ntask = \"1\"\n[[capture]]\nfile = \"2.pcapng\"\ntask = \"2\"\n";

    /// What is left, and the files that are still stated, when task 2 is performed again.
    fn left(lab: &str, stated: &str) -> io::Result<(Vec<String>, Vec<String>)> {
        let folder = tempfile::tempdir()?;
        let files = [
            "1.pcapng",
            "2.pcapng",
            "home.pcapng",
            "1.a.log",
            "2.a.log",
            "a.s.log",
            "my.log",
        ];
        for file in files {
            std::fs::write(folder.path().join(file), file)?;
        }
        std::fs::write(folder.path().join(FILE), stated)?;
        let replaces = Replaces {
            lab,
            values: &Values::new(&[], None),
            capture: &|task, _| task == "2",
            logs: vec!["2", "a"],
        };
        let stays = prepare(folder.path(), &replaces)?;
        let file = |capture: &Table| {
            capture
                .get("file")
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let kept = files
            .iter()
            .filter(|file| folder.path().join(file).is_file());
        Ok((
            kept.map(|file| (*file).to_owned()).collect(),
            stays.iter().filter_map(file).collect(),
        ))
    }

    #[test]
    fn only_what_is_made_anew_goes() {
        let (kept, stated) = left("rtt", STATED).expect("it is a lab's folder");
        assert_eq!(kept, ["1.pcapng", "home.pcapng", "1.a.log", "my.log"]);
        assert_eq!(stated, ["1.pcapng"]);
        // Of a performance that was broken off nothing is stated.
        let (kept, stated) = left("rtt", "").expect("it is a lab's folder");
        assert_eq!(kept.len(), 5);
        assert!(stated.is_empty());
    }

    #[test]
    fn captures_of_another_lab_or_other_parameters_are_not_mixed_in() {
        let why =
            |lab: &str, stated: &str| left(lab, stated).expect_err("it is refused").to_string();
        assert!(why("http", STATED).contains("of the lab rtt"));
        let other = format!("{STATED}[parameters]\nclient = \"10.0.0.1\"\n");
        assert!(why("rtt", &other).contains("1.pcapng there was made with other parameters"));
        assert!(why("rtt", "lab =").contains("cannot be read"));
    }

    #[test]
    fn what_stays_is_stated_in_the_order_of_the_tasks() {
        let lab = Lab::parse(labs::text("rtt").expect("a lab")).expect("it is well written");
        let of = |task: &str| {
            let capture = format!("file = \"{task}.pcapng\"\ntask = \"{task}\"");
            capture.parse::<Table>().expect("a capture")
        };
        let (first, second) = (lab.tasks[0].id.get_ref(), lab.tasks[1].id.get_ref());
        let stays = vec![of(second), of(first)];
        let text = text(("rtt", &lab), None, &Values::new(&[], None), &[], stays);
        let place = |task: &str| text.find(&format!("file = \"{task}.pcapng\""));
        assert!(
            place(first) < place(second) && place(first).is_some(),
            "{text}"
        );
    }
}
