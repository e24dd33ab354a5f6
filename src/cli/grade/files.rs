//! The folder of results: the gradebook, a page for the class, pages for each student.

use crate::grade::integrity::Findings;
use crate::grade::{Marks, lms, output};
use crate::handout::Handout;
use anyhow::Context;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes everything into a folder; each file appears whole or not at all.
pub(super) fn write(
    folder: &Path,
    handout: &Handout,
    all: &[Marks],
    found: &Findings,
) -> anyhow::Result<()> {
    let feedback = folder.join("feedback");
    std::fs::create_dir_all(&feedback)
        .with_context(|| format!("cannot make {}", feedback.display()))?;
    for (number, marks) in all.iter().enumerate() {
        let name = file_name(all, number);
        let page = output::feedback(handout, marks);
        whole(feedback.join(format!("{name}.md")), &page)?;
        let page = output::feedback_html(handout, marks);
        whole(feedback.join(format!("{name}.html")), &page)?;
        let json = serde_json::to_string_pretty(&lms::gradescope(marks))?;
        whole(feedback.join(format!("{name}.results.json")), &json)?;
        whole(
            feedback.join(format!("{name}.autolab")),
            &lms::autolab(marks),
        )?;
    }
    whole(folder.join("class.md"), &output::class(handout, all, found))?;
    let page = output::class_html(handout, all, found);
    whole(folder.join("class.html"), &page)?;
    if let Some(table) = lms::moodle(all) {
        whole(folder.join("moodle.csv"), &table)?;
    }
    if let Some(table) = lms::canvas(handout, all) {
        whole(folder.join("canvas.csv"), &table)?;
    }
    whole(folder.join("grades.csv"), &lms::gradebook(all))
}

/// A name that is safe in every file system, and no other student's.
fn file_name(all: &[Marks], number: usize) -> String {
    let student = &all[number].student;
    let tame: String = student
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .take(60)
        .collect();
    let twin = all
        .iter()
        .filter(|m| m.student != *student)
        .any(|m| m.student.len() == student.len() && m.student.eq_ignore_ascii_case(student));
    if tame == *student && !twin {
        tame
    } else {
        format!("{tame}-{}", number + 1)
    }
}

fn whole(path: PathBuf, text: &str) -> anyhow::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(parent)?;
    file.write_all(text.as_bytes())?;
    file.persist(&path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}
