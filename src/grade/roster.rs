//! What is known of each student beforehand: addresses, hardware addresses and host names that the
//! captures should show, and when they should have been made.

use super::student::Marks;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What each student's captures should show: the column's name, and the value.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    rows: BTreeMap<String, Vec<(String, String)>>,
}

impl Roster {
    /// Reads a table with a row for each student: the first column is the student, each other one
    /// something that the captures should show. `more` says what a value of a column stands for, such
    /// as the addresses that a seed gives.
    pub fn read(
        text: &str,
        more: impl Fn(&str, &str) -> Option<Vec<(String, String)>>,
    ) -> Result<Roster, String> {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let headings = reader.headers().map_err(|e| e.to_string())?.clone();
        let mut rows: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for record in reader.records() {
            let record = record.map_err(|e| e.to_string())?;
            let student = record.get(0).unwrap_or_default().to_owned();
            let own = rows.entry(student).or_default();
            for (name, value) in headings.iter().zip(record.iter()).skip(1) {
                if value.is_empty() {
                    continue;
                }
                match more(name, value) {
                    Some(list) => own.extend(list),
                    None => own.push((name.to_owned(), normal(value))),
                }
            }
        }
        Ok(Roster { rows })
    }

    /// Notes what captures do not show though they should, and what is another student's. Values that
    /// several students share say nothing. Captures that show nothing of what they should earn no
    /// points, where they show others of the kind: they were not made by this student, or not on the
    /// machine that the list names. Of loopback, or of a host name alone, that cannot be told.
    pub fn check(&self, all: &mut [Marks]) {
        let mut owners: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (student, own) in &self.rows {
            for (_, value) in own {
                let list = owners.entry(value).or_default();
                if !list.contains(&student.as_str()) {
                    list.push(student);
                }
            }
        }
        for marks in all {
            let Some(own) = self.rows.get(&marks.student) else {
                marks
                    .evidence
                    .push("the list of students does not name this hand-in".to_owned());
                continue;
            };
            if marks.seen.is_empty() {
                continue;
            }
            // Captures that show others of the kind and none of the student's are not this student's.
            let theirs = |value: &String| marks.seen.contains(value);
            let other = |(_, value): &(_, String)| marks.seen.iter().any(|seen| alike(value, seen));
            if own.iter().any(other) && !own.iter().any(|(_, value)| theirs(value)) {
                for capture in marks.captures.iter_mut().filter(|c| c.file.is_some()) {
                    add(
                        &mut capture.missing,
                        "nothing in the captures is what the list gives for this student",
                    );
                    capture.points = 0.0;
                }
            }
            for (name, value) in own {
                if !marks.seen.contains(value) {
                    marks.evidence.push(format!(
                        "the captures do not show {value}, the {name} that the list gives for this student"
                    ));
                }
            }
            for value in &marks.seen {
                let Some([other]) = owners.get(value.as_str()).map(Vec::as_slice) else {
                    continue;
                };
                if *other != marks.student {
                    marks.evidence.push(format!(
                        "the captures show {value}, which the list gives for {other}"
                    ));
                }
            }
        }
    }
}

/// Whether both are hardware addresses, or IP addresses that tell machines apart: then one that is seen
/// speaks against the other. Loopback shows neither, and a host name is in few captures.
fn alike(listed: &str, seen: &str) -> bool {
    let hardware = |text: &str| text.len() == 17 && text.split(':').count() == 6;
    let address = |text: &str| text.parse::<IpAddr>().is_ok_and(|a| !a.is_loopback());
    hardware(listed) && hardware(seen) || address(listed) && address(seen)
}

/// One more reason.
fn add(reasons: &mut String, reason: &str) {
    if !reasons.is_empty() {
        reasons.push_str("; ");
    }
    reasons.push_str(reason);
}

/// An address or name in one notation.
fn normal(value: &str) -> String {
    match crate::handout::value::mac(value) {
        Some(mac) => crate::handout::Datum::Mac(mac).to_string(),
        None => value.to_lowercase(),
    }
}

/// Takes the points of captures that were not made in a time window, in nanoseconds.
pub fn window(all: &mut [Marks], since: Option<i64>, until: Option<i64>) {
    for capture in all.iter_mut().flat_map(|m| &mut m.captures) {
        let Some((first, last)) = capture.times else {
            continue;
        };
        let early = since.is_some_and(|since| first < since);
        let late = until.is_some_and(|until| last > until);
        if early || late {
            let when = if early { "before" } else { "after" };
            let told = format!("its frames were captured {when} the time given");
            add(&mut capture.missing, &told);
            capture.points = 0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(student: &str, seen: &[&str]) -> Marks {
        serde_json::from_value(serde_json::json!({
            "student": student, "parts": [], "remarks": [], "prints": [], "seen": seen,
            "owner": null, "evidence": [],
            "captures": [{
                "id": "ping", "file": "a.pcap", "times": null, "missing": "", "points": 2.0, "of": 2.0,
            }],
        }))
        .expect("marks")
    }

    #[test]
    fn captures_that_show_nothing_of_a_student_earn_nothing() {
        let text = "student,address,host\nada,10.0.2.15,ada-vm\ngrace,10.0.2.16,grace-vm\n";
        let roster = Roster::read(text, |_, _| None).expect("a table");
        let mut all = [
            marks("ada", &["10.0.2.15", "10.0.2.2"]),
            marks("grace", &["10.0.2.15", "10.0.2.2"]),
        ];
        roster.check(&mut all);
        // A host name is in few captures: the address is enough.
        assert_eq!(all[0].captures[0].points, 2.0);
        assert_eq!(all[1].captures[0].points, 0.0);
        assert!(
            all[1].captures[0]
                .missing
                .contains("nothing in the captures")
        );
        assert!(all[1].evidence.iter().any(|e| e.contains("gives for ada")));
    }

    #[test]
    fn captures_that_cannot_show_a_student_lose_nothing() {
        let text = "student,address,host\nada,10.0.2.15,ada-vm\ngrace,,grace-vm\n";
        let roster = Roster::read(text, |_, _| None).expect("a table");
        let mut all = [marks("ada", &["127.0.0.1"]), marks("grace", &["10.0.2.15"])];
        roster.check(&mut all);
        assert_eq!(all[0].captures[0].points, 2.0);
        assert_eq!(all[1].captures[0].points, 2.0);
    }
}
