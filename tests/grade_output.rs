//! What `wirelab grade` writes: tables for learning management systems, pages, decisions; and nothing
//! in it that a browser, a spreadsheet or a terminal would execute.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const HOSTILE: &str = "=1+1\n1B: <script>alert(1)</script><img src=x onerror=alert(1)> ICMP
1A: source =HYPERLINK(\"http://evil\",\"10.0.2.15\") \u{1b}[31m\u{202e} [click](javascript:alert(1))
1C: +20 bytes\n1E: @SUM(A1) 64 </td></table><h1>you won</h1>\n";

mod class;

fn capture(name: &str) -> Vec<u8> {
    class::run("ip-dhcp-arp-1")
        .captures
        .remove(name)
        .expect("it is in the run")
}

fn put(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, bytes).expect("a file");
}

fn grade(class: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelab"));
    command
        .arg("grade")
        .arg("ip-dhcp-arp")
        .arg(class)
        .args(arguments);
    command.env("USER", "teacher").stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let mut pipe = child.stdin.take().expect("a pipe");
    // It may have ended without reading.
    let _ = pipe.write_all(input.as_bytes());
    drop(pipe);
    child.wait_with_output().expect("it ends")
}

fn json(class: &Path, arguments: &[&str]) -> serde_json::Value {
    let mut all = vec!["--format", "json"];
    all.extend(arguments);
    let out = grade(class, &all, "");
    let told = String::from_utf8_lossy(&out.stderr);
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {told}"))
}

fn names(told: &serde_json::Value) -> Vec<String> {
    let students = told["students"].as_array().expect("students").iter();
    let name = |s: &serde_json::Value| s["student"].as_str().expect("a name").to_owned();
    students.map(name).collect()
}

/// Reads a table strictly: every row as long as the first, no cell a formula.
fn strict(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_path(path)
        .expect("a table");
    let rows: Vec<Vec<String>> = reader
        .records()
        .map(|r| {
            r.expect("a row as long as the first")
                .iter()
                .map(str::to_owned)
                .collect()
        })
        .collect();
    for cell in rows.iter().flatten() {
        let number = cell.parse::<f64>().is_ok();
        assert!(
            number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
            "{cell:?}"
        );
    }
    rows
}

#[test]
fn exports_of_learning_management_systems_are_recognised() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    put(
        &place("moodle"),
        "Ada Lovelace_11_assignsubmission_file_/report.md",
        b"1B: ICMP",
    );
    put(
        &place("moodle"),
        "Ada Lovelace_11_assignsubmission_file_/1.pcapng",
        &capture("1.pcapng"),
    );
    put(
        &place("moodle"),
        "=Grace Hopper_12_assignsubmission_file_/report.md",
        b"1B: TCP",
    );
    let told = json(
        &place("moodle"),
        &["--out", place("m").to_str().expect("text")],
    );
    assert_eq!(names(&told), ["=Grace Hopper", "Ada Lovelace"]);
    let rows = strict(&place("m/moodle.csv"));
    assert_eq!(rows[0][..3], ["Identifier", "Full name", "Grade"]);
    let ada = rows.iter().find(|r| r[1] == "Ada Lovelace").expect("a row");
    assert_eq!(ada[0], "Participant 11");
    assert!(ada[2].parse::<f64>().expect("a number") >= 1.0, "{ada:?}");
    assert!(!place("m/canvas.csv").exists());

    put(
        &place("canvas"),
        "lovelaceada_101_5001_report.md",
        b"1B: ICMP",
    );
    put(
        &place("canvas"),
        "lovelaceada_101_5002_1.pcapng",
        &capture("1.pcapng"),
    );
    put(
        &place("canvas"),
        "hoppergrace_LATE_102_5003_report.md",
        b"1B: TCP",
    );
    let told = json(
        &place("canvas"),
        &["--out", place("c").to_str().expect("text")],
    );
    assert_eq!(names(&told), ["hoppergrace", "lovelaceada"]);
    let rows = strict(&place("c/canvas.csv"));
    assert_eq!(
        rows[0][..5],
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    );
    assert!(rows[1][0].contains("Points Possible"));
    assert!(rows.iter().any(|r| r[1] == "102"));

    put(&place("gradescope"), "submission_7/report.md", b"1B: ICMP");
    put(&place("gradescope"), "submission_8/report.md", b"1B: ICMP");
    put(
        &place("gradescope"),
        "submission_metadata.yml",
        b"submission_7:\n  :submitters:\n  - :name: Ada Lovelace\nsubmission_8:\n  :submitters:\n  - :name: Grace Hopper\n",
    );
    let told = json(
        &place("gradescope"),
        &["--out", place("g").to_str().expect("text")],
    );
    assert_eq!(names(&told), ["Ada Lovelace", "Grace Hopper"]);
    let results = std::fs::read_to_string(place("g/feedback/Ada_Lovelace-1.results.json"));
    let results: serde_json::Value = serde_json::from_str(&results.expect("a file")).expect("JSON");
    assert_eq!(results["tests"].as_array().expect("tests").len(), 30);
    let line = std::fs::read_to_string(place("g/feedback/Ada_Lovelace-1.autolab")).expect("a file");
    let line: serde_json::Value = serde_json::from_str(line.trim()).expect("one line of JSON");
    assert!(line["scores"]["1B"].is_number(), "{line}");

    for student in ["ada", "grace"] {
        put(
            &place("classroom"),
            &format!("lab3-{student}/report.md"),
            b"1B: ICMP",
        );
        put(
            &place("classroom"),
            &format!("lab3-{student}/.git/HEAD"),
            b"ref",
        );
    }
    assert_eq!(names(&json(&place("classroom"), &[])), ["ada", "grace"]);
}

#[test]
fn nothing_of_a_hand_in_becomes_markup_or_a_formula() {
    let folder = tempfile::tempdir().expect("a folder");
    let class = folder.path().join("class");
    let student = "<b>=cmd|' ; evil";
    put(&class, &format!("{student}/report.md"), HOSTILE.as_bytes());
    put(&class, &format!("{student}/1.pcapng"), &capture("1.pcapng"));
    put(&class, "<i>.png", b"\x89PNG");
    let out = folder.path().join("out");
    let told = grade(&class, &["--out", out.to_str().expect("text")], "");
    assert_eq!(
        told.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    for bytes in [&told.stdout, &told.stderr] {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
    strict(&out.join("grades.csv"));
    let mut pages = 0;
    let feedback = std::fs::read_dir(out.join("feedback")).expect("pages");
    let feedback = feedback.map(|entry| entry.expect("an entry").path());
    for path in feedback.chain([out.join("class.html")]) {
        let text = std::fs::read_to_string(&path).expect("a page");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{}", path.display());
        if path.extension().is_none_or(|e| e != "html") {
            continue;
        }
        pages += 1;
        let page = scraper::Html::parse_document(&text);
        let known = [
            "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "ul", "li",
            "table", "tbody", "tr", "th", "td", "code",
        ];
        let all = scraper::Selector::parse("*").expect("a selector");
        for element in page.select(&all) {
            let name = element.value().name();
            assert!(known.contains(&name), "{}: <{name}>", path.display());
            for (attribute, _) in element.value().attrs() {
                let known = ["lang", "charset", "http-equiv", "content"];
                assert!(
                    known.contains(&attribute),
                    "{}: {attribute}",
                    path.display()
                );
            }
        }
        let cells = scraper::Selector::parse("td").expect("a selector");
        let written = page
            .select(&cells)
            .any(|c| c.text().any(|t| t.contains("<script>alert(1)")));
        assert!(
            written || !text.contains("alert"),
            "the answer is quoted as text"
        );
        let heading = scraper::Selector::parse("h1").expect("a selector");
        assert_eq!(page.select(&heading).count(), 1);
    }
    assert_eq!(pages, 3);
    let class_page = std::fs::read_to_string(out.join("class.md")).expect("a page");
    assert!(class_page.contains("| part | success |"));
    assert!(!class_page.contains("<b>=cmd"));
}

#[test]
fn one_decision_settles_equal_answers_and_can_be_undone() {
    let folder = tempfile::tempdir().expect("a folder");
    let class = folder.path().join("class");
    for student in ["a", "b", "c"] {
        let text = if student == "c" {
            "It is the hops left."
        } else {
            "Hops that remain"
        };
        put(
            &class,
            &format!("{student}/report.md"),
            format!("1E: 64. {text}").as_bytes(),
        );
        put(&class, &format!("{student}/1.pcapng"), &capture("1.pcapng"));
    }
    let file = folder.path().join("class.decisions.toml");
    let verdict = |student: usize| {
        let told = json(&class, &[]);
        let parts = told["students"][student]["parts"]
            .as_array()
            .expect("parts")
            .clone();
        let part = parts
            .iter()
            .find(|p| p["part"] == "1E.meaning")
            .expect("it is asked");
        (
            part["verdict"].as_str().expect("a word").to_owned(),
            part["reason"].to_string(),
        )
    };
    assert_eq!(verdict(0).0, "review");
    // The largest group comes first: full points, taken back, given again; the next is skipped.
    let out = grade(&class, &["--review", "--grader", "Kim"], "f\nu\nf\nk\n");
    let shown = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(0), "{shown}");
    assert!(shown.contains("1 of 2  1E.meaning  2 hand-ins"), "{shown}");
    assert!(
        shown.contains("Hops that remain") && shown.contains("How many hops are left"),
        "{shown}"
    );
    assert!(
        shown.contains("changes     a ") && shown.contains("undone: 1E.meaning"),
        "{shown}"
    );
    let text = std::fs::read_to_string(&file).expect("the decisions");
    assert_eq!(text.matches("[[decision]]").count(), 1, "{text}");
    assert!(
        text.contains("grader = \"Kim\"") && text.contains("time = \"20"),
        "{text}"
    );
    assert_eq!(verdict(0).0, "right");
    assert_eq!(verdict(1).0, "right");
    assert!(verdict(0).1.contains("decided by Kim"));
    assert_eq!(verdict(2).0, "review");
    // A late hand-in with an equal answer is settled as well.
    put(&class, "d/report.md", b"1E: 64. hops  that remain");
    put(&class, "d/1.pcapng", &capture("1.pcapng"));
    assert_eq!(verdict(3).0, "right");
    // Points that the part cannot have are an error of typing, with its line.
    std::fs::write(&file, text.replace("points = 1", "points = 7")).expect("a file");
    let out = grade(&class, &[], "");
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2), "{told}");
    assert!(
        told.contains(", line ") && told.contains("7 points are given for 1E.meaning"),
        "{told}"
    );
    // Under another key it is told, and not used.
    let other = text.replace("key = \"How many", "key = \"As many");
    std::fs::write(&file, other).expect("a file");
    let (now, reason) = verdict(0);
    assert_eq!(now, "review");
    assert!(reason.contains("decided under the old key"), "{reason}");
}

#[test]
fn names_can_be_hidden_and_other_things_expected() {
    let folder = tempfile::tempdir().expect("a folder");
    let class = folder.path().join("class");
    for student in ["ada", "grace"] {
        put(&class, &format!("{student}/report.md"), b"1B: ICMP");
        put(&class, &format!("{student}/1.pcapng"), &capture("1.pcapng"));
    }
    let out = grade(&class, &["--anonymous"], "");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(
        text.contains("hand-in 001") && !text.contains("ada") && !text.contains("grace"),
        "{text}"
    );
    // The run was made with seed 1.
    let roster = folder.path().join("roster.csv");
    std::fs::write(&roster, "student,seed\nada,1\ngrace,2\n").expect("a file");
    let told = json(&class, &["--roster", roster.to_str().expect("text")]);
    assert_eq!(told["students"][0]["evidence"], serde_json::json!([]));
    let grace = told["students"][1]["evidence"].to_string();
    assert!(
        grace.contains("gives for ada") && grace.contains("do not show"),
        "{grace}"
    );
    // Captures that show nothing of the student are not done by this student: hers show another's.
    let why = |student: usize| told["students"][student]["captures"].to_string();
    let nothing = "nothing in the captures is what the list gives";
    assert!(
        why(1).contains(nothing) && !why(0).contains(nothing),
        "{told}"
    );
    // The run was made on the day the project was; a window before it takes the capture's points.
    let before = json(&class, &["--until", "2020-01-01"]);
    assert!(
        before["students"][0]["captures"]
            .to_string()
            .contains("after the time given")
    );
    let within = json(&class, &["--since", "2020-01-01"]);
    assert!(
        !within["students"][0]["captures"]
            .to_string()
            .contains("time given")
    );
    let wrong = grade(&class, &["--since", "yesterday"], "");
    assert_eq!(wrong.status.code(), Some(2));
    let view = json(&class, &["--student-view"]);
    assert!(
        view["students"][0]["parts"]
            .as_array()
            .expect("parts")
            .iter()
            .all(|p| p["key"].is_null())
    );
}

#[test]
fn an_interrupted_run_goes_on_where_it_stopped() {
    use wirelab::grade::{self, progress};
    let folder = tempfile::tempdir().expect("a folder");
    let (class, out) = (folder.path().join("class"), folder.path().join("out"));
    for student in ["a", "b"] {
        put(&class, &format!("{student}/report.md"), b"1B: ICMP");
        put(&class, &format!("{student}/1.pcapng"), &capture("1.pcapng"));
    }
    let whole = json(&class, &[]);
    // What an interrupted run leaves: the row of the first hand-in, and half a line.
    let text = wirelab::handout::built_in("ip-dhcp-arp").expect("it is built in");
    let handout = wirelab::handout::Handout::parse(text).unwrap_or_else(|p| panic!("{p:?}"));
    let submissions = grade::collect(&class).expect("the class can be read");
    let numbering = grade::Numbering::new(&handout);
    let mut marks = grade::student::grade(&handout, &numbering, &submissions[0]);
    marks.remarks.push("from the interrupted run".into());
    let line = progress::line(&progress::key(text, &submissions[0]), &marks);
    put(
        &out,
        "unfinished.jsonl",
        format!("{line}{}", &line[..40]).as_bytes(),
    );
    let told = json(&class, &["--out", out.to_str().expect("text")]);
    let remarks = told["students"][0]["remarks"].to_string();
    assert!(remarks.contains("from the interrupted run"), "{remarks}");
    assert_eq!(told["students"][1], whole["students"][1]);
    assert!(!out.join("unfinished.jsonl").exists());
    // Another file in the hand-in, and it is graded anew.
    put(&out, "unfinished.jsonl", line.as_bytes());
    put(&class, "a/more.txt", b"1C: 20 bytes");
    let told = json(&class, &["--out", out.to_str().expect("text")]);
    assert!(
        !told["students"][0]["remarks"]
            .to_string()
            .contains("interrupted")
    );
}

/// The commands of the teacher's guide run, and the options it names exist.
#[test]
fn the_guide_is_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = std::fs::read_to_string(root.join("docs/grading.md")).expect("the guide");
    let help = Command::new(env!("CARGO_BIN_EXE_wirelab"))
        .args(["grade", "--help"])
        .output()
        .expect("it runs");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let mut options = 0;
    for word in guide.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
        if word.starts_with("--") && word.len() > 3 && word != "--seed" {
            options += 1;
            assert!(help.contains(word), "{word}");
        }
    }
    assert!(options > 8);
    let commands: Vec<&str> = guide
        .lines()
        .filter_map(|l| l.strip_prefix("    $ wirelab "))
        .collect();
    assert!(!commands.is_empty());
    for command in commands {
        let out = Command::new(env!("CARGO_BIN_EXE_wirelab"))
            .args(command.split_whitespace())
            .current_dir(root)
            .output()
            .expect("it runs");
        assert_eq!(out.status.code(), Some(0), "{command}");
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        for row in [
            "ada,1A,1A.source,",
            "ada,1C,1C.header-length,20 bytes,,right,1,1",
            "grace,1A,1A.destination,",
            "grace,1B,1B.protocol,I think it is TCP,,review",
            "grace,1C,1C.header-length,5,,wrong,0,1",
        ] {
            let unquoted = text.replace('"', "");
            assert!(unquoted.contains(row), "{row}\n{text}");
        }
    }
}
