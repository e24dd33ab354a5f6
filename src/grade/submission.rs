//! What was handed in: a folder per student, flat files, or archives read as streams. Nothing is
//! unpacked to disk, and no link is followed out of the folder.

mod archive;
pub(super) mod kind;

use super::layout::{self, Source};
use super::report::{Block, extension};
use archive::{archive_kind, unpack};
use std::io::Read;
use std::path::{Path, PathBuf};

/// One student's hand-in.
#[derive(Clone, Debug, Default)]
pub struct Submission {
    /// The student.
    pub student: String,
    /// The number that a learning management system gave, and which system.
    pub owner: Option<(String, Source)>,
    /// The files.
    pub files: Vec<File>,
    /// Archives, read when the hand-in is graded: their names, and where they are.
    pub archives: Vec<(String, PathBuf)>,
    /// Answers that came in a table of the whole class.
    pub rows: Vec<Block>,
    /// What was refused or could not be read.
    pub remarks: Vec<String>,
}

/// A file handed in.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name within the hand-in.
    pub name: String,
    /// Where its bytes are.
    pub content: Content,
}

/// Where a file's bytes are.
#[derive(Clone, Debug)]
pub enum Content {
    /// On disk.
    Path(PathBuf),
    /// In memory, from an archive.
    Bytes(Vec<u8>),
}

impl Content {
    /// The bytes, if there are not too many.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        match self {
            Content::Bytes(bytes) => Ok(bytes.clone()),
            Content::Path(path) => {
                let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
                let mut bytes = Vec::new();
                file.take(super::report::MOST + 1)
                    .read_to_end(&mut bytes)
                    .map_err(|e| e.to_string())?;
                if bytes.len() as u64 > super::report::MOST {
                    return Err("it is larger than a report may be".into());
                }
                Ok(bytes)
            }
        }
    }

    fn head(&self) -> Vec<u8> {
        match self {
            Content::Bytes(bytes) => bytes[..bytes.len().min(64)].to_vec(),
            Content::Path(path) => {
                let mut head = Vec::new();
                if let Ok(file) = std::fs::File::open(path) {
                    // What cannot be read has no head.
                    let _ = file.take(64).read_to_end(&mut head);
                }
                head
            }
        }
    }
}

/// Most files of one hand-in.
const MOST_FILES: usize = 500;

/// Finds the hand-ins of a folder, in order of the students' names.
pub fn collect(root: &Path) -> Result<Vec<Submission>, String> {
    let meta =
        std::fs::metadata(root).map_err(|e| format!("cannot read {}: {e}", root.display()))?;
    let mut all: Vec<Submission> = Vec::new();
    if meta.is_file() {
        let name = file_name(root);
        match archive_kind(&name) {
            Some(kind) => {
                let mut files = Vec::new();
                let mut remarks = Vec::new();
                unpack(root, kind, &mut files, &mut remarks);
                all = by_folder(files);
                if let Some(first) = all.first_mut() {
                    first.remarks.extend(remarks);
                }
            }
            None if extension(&name) == "csv" => all = class_table(root)?,
            None => {
                return Err(format!(
                    "{} is neither a folder nor an archive",
                    root.display()
                ));
            }
        }
        return Ok(all);
    }
    let mut loose: Vec<PathBuf> = Vec::new();
    let paths = listing(root)?;
    let is_folder = |p: &&PathBuf| std::fs::symlink_metadata(p).is_ok_and(|m| m.is_dir());
    let names: Vec<String> = paths
        .iter()
        .filter(is_folder)
        .map(|p| file_name(p))
        .filter(|n| !n.starts_with('.'))
        .collect();
    let owners = layout::folders(root, &names);
    for path in paths {
        let name = file_name(&path);
        let Ok(meta) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        if name.starts_with('.') {
            continue;
        }
        if meta.is_dir() {
            let (student, owner) = match owners.get(&name) {
                Some(o) => (o.student.clone(), Some((o.id.clone(), o.source))),
                None => (name, None),
            };
            let at = of_student(&mut all, student, owner);
            walk(&path, "", 0, &mut all[at]);
        } else if meta.is_file() && archive_kind(&name).is_some() && layout::owner(&name).is_none()
        {
            let at = of_student(&mut all, stem(&name).to_owned(), None);
            all[at].archives.push((name, path));
        } else {
            loose.push(path);
        }
    }
    flat(loose, &mut all);
    all.sort_by(|a, b| a.student.cmp(&b.student));
    Ok(all)
}

/// The hand-in of a student; of two with the same name and different numbers, each has its own.
fn of_student(
    all: &mut Vec<Submission>,
    mut student: String,
    owner: Option<(String, Source)>,
) -> usize {
    let other = |s: &Submission| s.student == student && s.owner.is_some() && s.owner != owner;
    if let Some((id, _)) = &owner
        && all.iter().any(other)
    {
        student = format!("{student} ({id})");
    }
    match all.iter().position(|s| s.student == student) {
        Some(at) => at,
        None => {
            all.push(Submission {
                student,
                owner,
                ..Submission::default()
            });
            all.len() - 1
        }
    }
}

/// The files of a hand-in with those of its archives.
pub fn unpacked(submission: &Submission) -> (Vec<File>, Vec<String>) {
    let mut files = submission.files.clone();
    let mut remarks = Vec::new();
    for (name, path) in &submission.archives {
        if let Some(kind) = archive_kind(name) {
            unpack(path, kind, &mut files, &mut remarks);
        }
    }
    (files, remarks)
}

/// Files of several students side by side: `name_12345_report.md` as LMSs export them.
fn flat(loose: Vec<PathBuf>, all: &mut Vec<Submission>) {
    let plain = [
        "readme.md",
        "expected.tsv",
        "integrity.tsv",
        "grades.csv",
        "results.json",
        "submission_metadata.yml",
    ];
    for path in loose {
        let name = file_name(&path);
        if plain.contains(&name.to_lowercase().as_str()) {
            continue;
        }
        let Ok(meta) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        let (student, owner, own) = match layout::owner(&name) {
            Some(o) => (o.student, Some((o.id, o.source)), o.file),
            None => {
                let student = stem(&name).split(['_', '.', ' ']).next();
                (student.unwrap_or_default().to_owned(), None, name.clone())
            }
        };
        let at = of_student(all, student, owner);
        if meta.is_file() && archive_kind(&own).is_some() {
            all[at].archives.push((own, path));
            continue;
        }
        let name = own;
        if meta.is_file() {
            all[at].files.push(File {
                name,
                content: Content::Path(path),
            });
        } else {
            all[at].remarks.push(format!("{name}: {}", refused(&meta)));
        }
    }
}

fn too_many() -> String {
    format!("more than {MOST_FILES} files: the rest is not read")
}

fn refused(meta: &std::fs::Metadata) -> &'static str {
    if meta.file_type().is_symlink() {
        "a link; links are not followed"
    } else {
        "no regular file"
    }
}

fn walk(folder: &Path, prefix: &str, depth: usize, submission: &mut Submission) {
    if depth > 8 {
        submission
            .remarks
            .push(format!("{prefix}: folders nested too deeply"));
        return;
    }
    let entries = match listing(folder) {
        Ok(entries) => entries,
        Err(error) => return submission.remarks.push(error),
    };
    for path in entries {
        let own = file_name(&path);
        let name = if prefix.is_empty() {
            own.clone()
        } else {
            format!("{prefix}/{own}")
        };
        let Ok(meta) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        if submission.files.len() >= MOST_FILES {
            submission.remarks.push(too_many());
            return;
        }
        if meta.is_dir() {
            if own != "__MACOSX" && own != ".git" {
                walk(&path, &name, depth + 1, submission);
            }
        } else if !meta.is_file() {
            submission
                .remarks
                .push(format!("{name}: {}", refused(&meta)));
        } else if archive_kind(&own).is_some() {
            submission.archives.push((name, path));
        } else {
            submission.files.push(File {
                name,
                content: Content::Path(path),
            });
        }
    }
}

fn listing(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let read =
        std::fs::read_dir(folder).map_err(|e| format!("cannot read {}: {e}", folder.display()))?;
    let mut paths: Vec<PathBuf> = read.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or(String::new(), |n| n.to_string_lossy().into_owned())
}

fn stem(name: &str) -> &str {
    let name = name.strip_suffix(".tar.gz").unwrap_or(name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// An archive of the whole class: its first folders are the students.
fn by_folder(files: Vec<File>) -> Vec<Submission> {
    let mut all: Vec<Submission> = Vec::new();
    // A folder around everything says nothing.
    let first = |name: &str| {
        name.split_once('/')
            .map(|(f, r)| (f.to_owned(), r.to_owned()))
    };
    let tops: std::collections::BTreeSet<Option<String>> =
        files.iter().map(|f| first(&f.name).map(|f| f.0)).collect();
    let strip = tops.len() == 1 && files.iter().any(|f| f.name.matches('/').count() > 1);
    for mut file in files {
        if strip && let Some((_, rest)) = first(&file.name) {
            file.name = rest;
        }
        let (student, name) = match first(&file.name) {
            Some(split) => split,
            None => (
                stem(&file.name)
                    .split('_')
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                file.name.clone(),
            ),
        };
        file.name = name;
        let owner = layout::owner(&student).filter(|o| o.source == Source::Moodle);
        let (student, owner) = match owner {
            Some(o) => (o.student, Some((o.id, o.source))),
            None => (student, None),
        };
        let at = of_student(&mut all, student, owner);
        all[at].files.push(file);
    }
    all.sort_by(|a, b| a.student.cmp(&b.student));
    all
}

/// One CSV with a row per student: the first column is the student, the headings are questions.
fn class_table(path: &Path) -> Result<Vec<Submission>, String> {
    let bytes = Content::Path(path.to_owned()).bytes()?;
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(bytes.as_slice());
    let headings = reader.headers().map_err(|e| e.to_string())?.clone();
    let mut all = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| format!("{}: {e}", path.display()))?;
        let rows = headings
            .iter()
            .zip(record.iter())
            .skip(1)
            .map(|(key, value)| {
                let short = |text: &str| text.chars().take(4000).collect::<String>();
                Block::Keyed(short(key), short(value))
            })
            .collect();
        all.push(Submission {
            student: record.get(0).unwrap_or_default().to_owned(),
            rows,
            ..Submission::default()
        });
    }
    Ok(all)
}
