//! What courses ask about captures (`fixtures/questions.toml`), asked and answered.

use serde::Deserialize;
use std::path::{Path, PathBuf};
use wirelab::handout::{Found, Handout, Material, answers};

#[derive(Deserialize)]
struct Rows {
    ask: Vec<Ask>,
}

#[derive(Deserialize)]
struct Ask {
    row: u32,
    about: String,
    of: String,
    #[serde(rename = "let")]
    thing: String,
    which: Option<String>,
    part: String,
    answer: String,
}

impl Ask {
    fn told(&self) -> Result<String, String> {
        let which = match &self.which {
            Some(which) => format!(", which = \"{which}\""),
            None => String::new(),
        };
        let of = match self.part.contains("value = ") {
            true => "",
            false => "of = \"it\", ",
        };
        let text = format!(
            "id = \"q\"\ntitle = \"q\"\nlet = {{ it = {{ what = \"what is asked\", {}{which} }} }}\nquestion = [{{ id = \"1\", text = \"\", part = [{{ id = \"a\", {of}{} }}] }}]\n",
            self.thing, self.part
        );
        let handout = Handout::parse(&text).map_err(|p| format!("{p:?}"))?;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
        let files: Vec<PathBuf> = self.of.split(' ').map(|name| root.join(name)).collect();
        let material = Material::of_files(&handout, &files);
        assert!(material.unreadable.is_empty(), "{:?}", material.unreadable);
        let found = Found::new(&handout, &material);
        let answer = answers(&handout, &material, &found).remove(0);
        match answer.missing {
            Some(missing) => Err(missing),
            None => Ok(answer.text),
        }
    }
}

#[test]
fn what_courses_ask_can_be_asked() {
    let text = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/questions.toml"),
    )
    .expect("it is there");
    let rows: Rows = toml::from_str(&text).expect("it is well written");
    let mut wrong = Vec::new();
    for ask in &rows.ask {
        let told = ask.told();
        if told.as_ref() != Ok(&ask.answer) {
            wrong.push(format!(
                "{} {}: {told:?}, not {:?}",
                ask.row, ask.about, ask.answer
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let mut numbers: Vec<u32> = rows.ask.iter().map(|ask| ask.row).collect();
    numbers.dedup();
    assert!(numbers.len() >= 110, "{} rows of 120", numbers.len());
}
