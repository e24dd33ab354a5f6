//! What a student wrote, as lines and rows of cells, whatever the file's format.

use quick_xml::events::Event;
use regex::Regex;
use std::io::{Cursor, Read, Write};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// A piece of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A line of text; empty ones separate paragraphs.
    Line(String),
    /// A line that names no question, though it may begin like one that does.
    Text(String),
    /// An item of a list, in the place of that part of the question it stands under.
    Item(usize, String),
    /// A row of a table.
    Row(Vec<String>),
    /// An answer under its name: keys of TOML and JSON, rows of CSV.
    Keyed(String, String),
}

/// Most bytes of a report that are read.
pub const MOST: u64 = 16 << 20;
/// Most characters of text that a report may have.
const MOST_TEXT: usize = 1 << 17;
/// Most characters of one line or cell that are looked at.
const LONGEST: usize = 4000;

/// Whether a file of this name can be a report.
pub fn is_report(name: &str) -> bool {
    matches!(
        extension(name).as_str(),
        "md" | "markdown"
            | "txt"
            | "text"
            | "docx"
            | "pdf"
            | "csv"
            | "toml"
            | "json"
            | "tsv"
            | "html"
            | "htm"
    )
}

/// The name's last part in lower case.
pub fn extension(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.rsplit_once('.')
        .map_or(String::new(), |(_, e)| e.to_lowercase())
}

/// Reads a report. The error says what was wrong with the file.
pub fn read(name: &str, bytes: &[u8]) -> Result<Vec<Block>, String> {
    if bytes.starts_with(b"version https://git-lfs") {
        return Err(
            "it is a Git LFS pointer, not the file itself: fetch it with `git lfs pull`".into(),
        );
    }
    let blocks = match extension(name).as_str() {
        "docx" => docx(bytes)?,
        "pdf" => lines(&pdf(bytes)?),
        "csv" => csv(bytes, b',')?,
        "tsv" => csv(bytes, b'\t')?,
        "toml" => {
            let text = text(bytes);
            let table: toml::Table =
                toml::from_str(&text).map_err(|e| format!("it is not TOML: {}", e.message()))?;
            let mut blocks = Vec::new();
            for (key, value) in &table {
                from_toml(key, value, &mut blocks, 0);
            }
            blocks
        }
        "json" => {
            let value: serde_json::Value =
                serde_json::from_slice(bytes).map_err(|e| format!("it is not JSON: {e}"))?;
            let mut blocks = Vec::new();
            from_json("", &value, &mut blocks, 0);
            blocks
        }
        "html" | "htm" => lines(&html(&text(bytes))),
        _ => lines(&text(bytes)),
    };
    let size: usize = blocks.iter().map(length).sum();
    if size > MOST_TEXT {
        return Err(format!(
            "it has more than {MOST_TEXT} characters: a person has to read it"
        ));
    }
    Ok(blocks.into_iter().map(shorten).collect())
}

/// A text with the plain forms of apostrophes, spaces and minus signs, a colon for the dots that lead to
/// a value, and without what is struck out.
fn plain(mut text: String) -> String {
    static STRUCK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)\s?(?:~~[^~\n]+~~|<del\b[^>]*>.*?</del\s*>|<s>.*?</s\s*>|<strike>.*?</strike\s*>)\s?",
        )
        .expect("the pattern is right")
    });
    if text.contains("~~") || text.contains("</") {
        text = STRUCK.replace_all(&text, " ").into_owned();
    }
    static LEADERS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\s*\.{4,}\s*").expect("the pattern is right"));
    // `.... 0101 = Header Length` are bits, as Wireshark shows them.
    if text.contains("....") && !text.contains(" = ") {
        text = LEADERS.replace_all(&text, ": ").into_owned();
    }
    if text.is_ascii() {
        return text;
    }
    let plain = text.chars().filter_map(|c| match c {
        '’' | '‘' | '´' => Some('\''),
        '\u{a0}' | '\u{202f}' | '\u{2009}' => Some(' '),
        '−' => Some('-'),
        '\u{200b}' | '\u{feff}' => None,
        c => Some(c),
    });
    plain.collect()
}

/// A block in plain characters, without the ends of endless lines.
fn shorten(block: Block) -> Block {
    let cut = |text: String| {
        let mut text = plain(text);
        if text.len() > LONGEST {
            let mut at = LONGEST;
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            text.truncate(at);
        }
        text
    };
    match block {
        Block::Line(text) => Block::Line(cut(text)),
        Block::Text(text) => Block::Text(cut(text)),
        Block::Item(part, text) => Block::Item(part, cut(text)),
        Block::Row(cells) => Block::Row(cells.into_iter().take(20).map(cut).collect()),
        Block::Keyed(key, value) => Block::Keyed(cut(key), cut(value)),
    }
}

/// The lines of a report, in small letters, that point at pictures, in which answers may stand.
pub fn pointing(blocks: &[Block]) -> Vec<String> {
    static POINTS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"!\[[^\]]*\]\(|<img\b|\b(?:screenshots?|images?|pictures?|figures?|fig\.|abb\.|abbildung|bild|bildschirmfoto)\b")
            .expect("the pattern is right")
    });
    let line = |block: &Block| match block {
        Block::Line(text) | Block::Text(text) | Block::Item(_, text) => text.to_lowercase(),
        Block::Keyed(key, text) => format!("{key}: {text}").to_lowercase(),
        Block::Row(cells) => cells.join(" ").to_lowercase(),
    };
    let mut lines: Vec<String> = blocks.iter().map(line).collect();
    lines.retain(|line| POINTS.is_match(line));
    lines
}

fn length(block: &Block) -> usize {
    match block {
        Block::Line(text) | Block::Text(text) | Block::Item(_, text) => text.len(),
        Block::Row(cells) => cells.iter().map(String::len).sum(),
        Block::Keyed(key, value) => key.len() + value.len(),
    }
}

/// Text in UTF-8, UTF-16 with its mark, or Latin-1.
fn text(bytes: &[u8]) -> String {
    let wide = |rest: &[u8], join: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest
            .chunks_exact(2)
            .map(|pair| join([pair[0], pair[1]]))
            .collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        bytes => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
        },
    }
}

/// Lines of text; rows of Markdown tables are rows, with or without bars at their ends.
fn lines(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut open = false;
    for (at, line) in lines.iter().enumerate() {
        let inner = line.trim();
        // Tables are quoted, too.
        let inner = match inner.trim_start_matches(['>', ' ']) {
            row if row.starts_with('|') => row,
            _ => inner,
        };
        // Without bars at its ends a table is known by the rule below its headings.
        let headed = lines.get(at + 1).is_some_and(|next| is_rule(next));
        open = inner.contains('|') && (open || headed);
        if open || inner.starts_with('|') && inner.len() > 2 {
            let rule = inner.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '));
            if !rule {
                // An empty cell at an end is one, too.
                let cells = inner.strip_prefix('|').unwrap_or(inner);
                let cells = cells.strip_suffix('|').unwrap_or(cells).split('|');
                blocks.push(Block::Row(cells.map(|c| c.trim().to_owned()).collect()));
            }
        } else {
            blocks.push(Block::Line((*line).to_owned()));
        }
    }
    blocks
}

/// The line below a table's headings: `---|:--`.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.contains("--")
        && line.contains('|')
        && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

/// The text of a page without its markup: Moodle's online text is one. Rows of tables are rows, and
/// items of numbered lists have their numbers.
fn html(page: &str) -> String {
    static HIDDEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?is)<!--.*?-->|<(?:script|style|head)\b.*?</(?:script|style|head)\s*>")
            .expect("the pattern is right")
    });
    static TAG: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?is)<(?P<end>/?)(?P<name>[a-z][a-z0-9]*)\b[^>]*?(?:\bstart\s*=\W?(?P<from>\d{1,2})\b[^>]*)?>")
            .expect("the pattern is right")
    });
    static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"&(?:(?P<name>[a-zA-Z]+)|#(?P<code>\d{1,7})|#[xX](?P<hex>[0-9a-fA-F]{1,6}));")
            .expect("the pattern is right")
    });
    static STRUCK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?is)\s?(?:<del\b.*?</del\s*>|<s\b.*?</s\s*>|<strike\b.*?</strike\s*>)\s?")
            .expect("the pattern is right")
    });
    let page = HIDDEN.replace_all(page, " ");
    let page = STRUCK.replace_all(&page, " ");
    // A line's end says nothing in a page.
    let page = page.replace(['\r', '\n'], " ");
    // The lists that are open: the number of the next item where they are numbered.
    let mut lists: Vec<Option<usize>> = Vec::new();
    let text = TAG.replace_all(&page, |tag: &regex::Captures<'_>| {
        let end = !tag["end"].is_empty();
        let name = tag["name"].to_ascii_lowercase();
        match (name.as_str(), lists.last_mut()) {
            ("ol" | "ul", _) if end => drop(lists.pop()),
            ("ol", _) => {
                let from = tag.name("from").and_then(|f| f.as_str().parse().ok());
                lists.push(Some(from.unwrap_or(1)));
            }
            ("ul", _) => lists.push(None),
            ("li", Some(Some(next))) if !end => {
                *next += 1;
                return format!("\n{}. ", *next - 1);
            }
            _ => {}
        }
        match name.as_str() {
            "tr" if !end => "\n|",
            "td" | "th" if end => "|",
            "p" | "div" | "li" | "tr" | "table" | "ul" | "ol" | "pre" | "h1" | "h2" | "h3"
            | "h4" => "\n",
            "br" | "hr" => "\n",
            "img" => " [image] ",
            _ => "",
        }
        .to_owned()
    });
    let plain = REFERENCE.replace_all(&text, |found: &regex::Captures<'_>| {
        let number = |name, radix| u32::from_str_radix(found.name(name)?.as_str(), radix).ok();
        let code = number("code", 10).or_else(|| number("hex", 16));
        let named = match found.name("name").map(|n| n.as_str()) {
            Some("amp") => Some('&'),
            Some("lt") => Some('<'),
            Some("gt") => Some('>'),
            Some("quot") => Some('"'),
            Some("apos") => Some('\''),
            Some("nbsp") => Some(' '),
            Some("micro" | "mu") => Some('µ'),
            Some("rarr") => Some('→'),
            _ => None,
        };
        let c = code.and_then(char::from_u32).or(named);
        c.map_or_else(|| found[0].to_owned(), |c| c.to_string())
    });
    let lines = plain.lines().map(str::trim);
    lines.collect::<Vec<_>>().join("\n")
}

fn csv(bytes: &[u8], delimiter: u8) -> Result<Vec<Block>, String> {
    let text = text(bytes);
    // Between values of a list may be commas.
    let each = |c: char| -> Vec<usize> {
        let lines = text.lines().filter(|l| !l.trim().is_empty());
        lines.map(|l| l.matches(c).count()).collect()
    };
    let even = |c: char| {
        let all = each(c);
        all.first() > Some(&0) && all.iter().all(|n| Some(n) == all.first())
    };
    let first = text.lines().next().unwrap_or_default();
    let semicolons = first.contains(';') && !first.contains(',') || even(';') && !even(',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(if semicolons { b';' } else { delimiter })
        .from_reader(text.as_bytes());
    let mut blocks = Vec::new();
    let mut headed = false;
    for (nth, record) in reader.records().enumerate() {
        let record = record.map_err(|e| format!("it is not CSV: {e}"))?;
        let cells: Vec<String> = record.iter().map(|c| c.trim().to_owned()).collect();
        // With headings it is a table like any other.
        headed |= nth == 0 && cells.len() > 2 && cells.iter().any(|c| is_answer(c));
        match cells.as_slice() {
            _ if headed => blocks.push(Block::Row(cells)),
            [key, value] => blocks.push(Block::Keyed(key.clone(), value.clone())),
            [question, part, value] => {
                blocks.push(Block::Keyed(format!("{question} {part}"), value.clone()));
            }
            _ => blocks.push(Block::Row(cells)),
        }
    }
    Ok(blocks)
}

/// Whether a heading says that answers stand below it.
pub fn is_answer(heading: &str) -> bool {
    let heading = heading.to_lowercase();
    const WORDS: [&str; 18] = [
        "measure",
        "mesure",
        "observed",
        "ergebnis",
        "answer",
        "value",
        "result",
        "solution",
        "antwort",
        "réponse",
        "reponse",
        "respuesta",
        "risposta",
        "resposta",
        "antwoord",
        "odpowied",
        "vastaus",
        "cevap",
    ];
    WORDS.iter().any(|w| heading.contains(w))
}

fn from_toml(key: &str, value: &toml::Value, blocks: &mut Vec<Block>, depth: usize) {
    if depth > 16 {
        return;
    }
    match value {
        toml::Value::Table(table) => {
            for (name, value) in table {
                from_toml(&format!("{key} {name}"), value, blocks, depth + 1);
            }
        }
        toml::Value::Array(list) => {
            let parts: Vec<String> = list.iter().map(toml_text).collect();
            blocks.push(Block::Keyed(key.to_owned(), parts.join(", ")));
        }
        other => blocks.push(Block::Keyed(key.to_owned(), toml_text(other))),
    }
}

fn toml_text(value: &toml::Value) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    }
}

fn from_json(key: &str, value: &serde_json::Value, blocks: &mut Vec<Block>, depth: usize) {
    use serde_json::Value;
    if depth > 16 {
        return;
    }
    let plain = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    match value {
        Value::Object(map) => {
            // A list of records with names of their own.
            let name = ["part", "question", "id"].iter().find_map(|k| map.get(*k));
            let answer = ["answer", "value", "text"].iter().find_map(|k| map.get(*k));
            if let (Some(name), Some(answer)) = (name, answer) {
                from_json(&plain(name), answer, blocks, depth + 1);
                return;
            }
            for (name, value) in map {
                from_json(format!("{key} {name}").trim(), value, blocks, depth + 1);
            }
        }
        Value::Array(list) if list.iter().any(|v| v.is_object() || v.is_array()) => {
            for value in list {
                from_json(key, value, blocks, depth + 1);
            }
        }
        Value::Array(list) => {
            let parts: Vec<String> = list.iter().map(plain).collect();
            blocks.push(Block::Keyed(key.to_owned(), parts.join(", ")));
        }
        Value::Null => blocks.push(Block::Keyed(key.to_owned(), String::new())),
        other => blocks.push(Block::Keyed(key.to_owned(), plain(other))),
    }
}

/// The paragraphs and tables of a Word document.
fn docx(bytes: &[u8]) -> Result<Vec<Block>, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))
        .map_err(|e| format!("it is no Word document: {e}"))?;
    let file = archive
        .by_name("word/document.xml")
        .map_err(|_| "it is no Word document: it has no text".to_owned())?;
    let mut xml = Vec::new();
    file.take(MOST)
        .read_to_end(&mut xml)
        .map_err(|e| format!("its text cannot be unpacked: {e}"))?;
    let xml = String::from_utf8_lossy(&xml);
    let mut reader = quick_xml::Reader::from_str(&xml);
    let mut blocks = Vec::new();
    let mut text = String::new();
    let mut cells: Vec<String> = Vec::new();
    let (mut in_text, mut cell_depth, mut depth) = (false, 0usize, 0usize);
    let mut struck = false;
    loop {
        match reader.read_event() {
            Ok(Event::Start(e)) => {
                depth += 1;
                if depth > 256 {
                    return Err("its text is nested too deeply".into());
                }
                match e.local_name().as_ref() {
                    "t" => in_text = !struck,
                    "r" => struck = false,
                    "tc" => cell_depth += 1,
                    _ => {}
                }
            }
            Ok(Event::Empty(e)) => match e.local_name().as_ref() {
                "tab" => text.push(' '),
                "br" | "cr" => text.push('\n'),
                "strike" | "dstrike" => {
                    let mut values = e.attributes().flatten().map(|a| a.value);
                    struck = !values.any(|v| matches!(v.as_ref(), "0" | "false"));
                }
                _ => {}
            },
            Ok(Event::Text(t)) if in_text => {
                text.push_str(t.as_ref());
            }
            Ok(Event::GeneralRef(r)) if in_text => {
                let name = r.to_string();
                match name.as_str() {
                    "amp" => text.push('&'),
                    "lt" => text.push('<'),
                    "gt" => text.push('>'),
                    "quot" => text.push('"'),
                    "apos" => text.push('\''),
                    name => {
                        let code = name.strip_prefix("#x").map_or_else(
                            || name.strip_prefix('#').and_then(|d| d.parse().ok()),
                            |h| u32::from_str_radix(h, 16).ok(),
                        );
                        text.extend(code.and_then(char::from_u32));
                    }
                }
            }
            Ok(Event::End(e)) => {
                depth = depth.saturating_sub(1);
                match e.local_name().as_ref() {
                    "t" => in_text = false,
                    "p" if cell_depth == 0 => {
                        for line in text.split('\n') {
                            blocks.push(Block::Line(line.trim().to_owned()));
                        }
                        text.clear();
                    }
                    "p" => text.push('\n'),
                    "tc" => {
                        cell_depth = cell_depth.saturating_sub(1);
                        cells.push(text.trim().to_owned());
                        text.clear();
                    }
                    "tr" => blocks.push(Block::Row(std::mem::take(&mut cells))),
                    _ => {}
                }
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(e) => return Err(format!("its text is damaged: {e}")),
        }
        if text.len() > MOST_TEXT {
            return Err(format!("it has more than {MOST_TEXT} characters"));
        }
    }
    Ok(blocks)
}

/// The text of a PDF, from poppler's `pdftotext` in a process of its own with a time limit.
fn pdf(bytes: &[u8]) -> Result<String, String> {
    if !bytes.starts_with(b"%PDF") {
        return Err("it is no PDF".into());
    }
    let child = Command::new("pdftotext")
        .args(["-layout", "-nopgbrk", "-q", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.map_err(|_| {
        "PDF needs `pdftotext`, which is not installed (package poppler-utils)".to_owned()
    })?;
    let input = child.stdin.take();
    let output = child.stdout.take();
    let owned = bytes.to_vec();
    let writer = std::thread::spawn(move || {
        if let Some(mut input) = input {
            // A reader that ends early is told by its status.
            let _ = input.write_all(&owned);
        }
    });
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(output) = output {
            let _ = output.take(MOST).read_to_end(&mut text);
        }
        text
    });
    let end = Instant::now() + Duration::from_secs(10);
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(2)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
        }
    };
    let _ = writer.join();
    let text = reader.join().unwrap_or_default();
    match status {
        None => Err("reading the PDF took longer than 10 seconds".into()),
        Some(status) if !status.success() => Err("the PDF is damaged or locked".into()),
        Some(_) => {
            let text = String::from_utf8_lossy(&text).into_owned();
            if text.trim().is_empty() {
                return Err("the PDF holds no text, only pictures".into());
            }
            Ok(text)
        }
    }
}
