//! A lab as its file describes it: hosts and links, tasks with their steps and captures.
//!
//! Everything a file names is checked before anything is done, and an error shows the place.

use super::parameters::{self, Parameter};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use toml::Spanned;

/// A text with its place in the file.
pub type Placed = Spanned<String>;

/// A lab.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lab {
    /// What it is about, in a line.
    pub title: String,
    /// The handout it serves, if any.
    #[serde(default)]
    pub handout: Option<String>,
    /// What varies from student to student, in this order: a later one may use an earlier one.
    #[serde(default)]
    pub parameters: toml::Table,
    /// The machines.
    #[serde(rename = "host")]
    pub hosts: Vec<Host>,
    /// Steps before the first task; they are not recorded.
    #[serde(default)]
    pub setup: Vec<Step>,
    /// The tasks, in order.
    #[serde(rename = "task")]
    pub tasks: Vec<Task>,
}

/// A machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Its name, also that of its network namespace.
    pub name: Placed,
    /// Its interfaces: `eth0`, `eth1`, … in this order.
    #[serde(default)]
    pub interfaces: Vec<Port>,
    /// The router for everything that is not on a link.
    #[serde(default)]
    pub gateway: Option<Placed>,
    /// The address of its DNS server.
    #[serde(default)]
    pub resolver: Option<Placed>,
    /// Further routes.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// Whether it passes packets on.
    #[serde(default)]
    pub forward: bool,
    /// The interface behind which its networks hide (source NAT).
    #[serde(default)]
    pub nat: Option<Placed>,
    /// Addresses that get no answer from it beyond ARP: their packets arrive, and nothing goes
    /// back.
    #[serde(default)]
    pub silent_to: Vec<Placed>,
    /// Programs that run from the beginning to the end of the lab.
    #[serde(default)]
    pub services: Vec<Placed>,
}

/// One interface of a machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// The link it is on. A link with two ends is a cable, one with more a switch.
    pub link: Placed,
    /// Its address with the length of the prefix; without it, it has none at first.
    #[serde(default)]
    pub address: Option<Placed>,
    /// Its hardware address; without it, the system's choice.
    #[serde(default)]
    pub mac: Option<Placed>,
}

/// A route.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Where to.
    pub to: Placed,
    /// The next router.
    pub via: Placed,
}

/// A part of the lab, with its own recording.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Its name, also that of its files.
    pub id: Placed,
    /// The handout's questions that it serves.
    #[serde(default)]
    pub questions: Vec<String>,
    /// What it shows, in a line.
    pub title: String,
    /// Where it is recorded: `host` or `host:interface`, `eth0` when no interface is named. The
    /// first is called after the task, further ones `TASK-HOST`.
    #[serde(default)]
    pub capture: Vec<Placed>,
    /// What is done.
    pub steps: Vec<Step>,
    /// Whether its point is a long time-out, so that it runs only when asked for.
    #[serde(default)]
    pub slow: bool,
}

/// Something that is done. Exactly one of `run`, `start`, `type`, `close`, `stop`, `await`, `wait`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The machine on which `run` and `start` happen.
    #[serde(default)]
    pub at: Option<Placed>,
    /// A program that is waited for.
    #[serde(default)]
    pub run: Option<Placed>,
    /// A program that goes on beside the following steps.
    #[serde(default)]
    pub start: Option<Placed>,
    /// The name of what `start` starts, for later steps and its log.
    #[serde(default, rename = "as")]
    pub name: Option<Placed>,
    /// A line typed into the program named by `into`.
    #[serde(default, rename = "type")]
    pub typed: Option<Placed>,
    /// The program that gets the typed line.
    #[serde(default)]
    pub into: Option<Placed>,
    /// The end of the input of this program (Ctrl-D).
    #[serde(default)]
    pub close: Option<Placed>,
    /// Ends this program (Ctrl-C).
    #[serde(default)]
    pub stop: Option<Placed>,
    /// Waits until this program ends by itself.
    #[serde(default, rename = "await")]
    pub awaited: Option<Placed>,
    /// Waits for so many seconds; a number or a parameter in quotes.
    #[serde(default)]
    pub wait: Option<Placed>,
    /// Waits, after a `start` or `type`, until the program has printed this.
    #[serde(default)]
    pub until: Option<Placed>,
    /// What is done and what to look for, in a line; it becomes the comment of the first packet.
    #[serde(default)]
    pub say: Option<Placed>,
    /// The exit status of `run`; 0 unless it is the point that something fails.
    #[serde(default)]
    pub status: i32,
}

/// What is wrong in a lab's file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong and what would be right.
    pub what: String,
    /// The bytes of the file it is about.
    pub place: Range<usize>,
    /// The parameter it is about, if it is one.
    pub parameter: Option<String>,
}

/// Where a parameter is written: its table keeps no places.
fn parameter_place(text: &str, name: &str) -> Range<usize> {
    let mut at = text.find("[parameters]").unwrap_or_default();
    for line in text.get(at..).unwrap_or_default().split_inclusive('\n') {
        let key = line.split('=').next().unwrap_or_default().trim();
        if key.trim_matches(['"', '\'']) == name {
            return at..at + name.len();
        }
        at += line.len();
    }
    0..0
}

impl Wrong {
    fn at(self, place: Range<usize>) -> Wrong {
        Wrong { place, ..self }
    }

    /// The error as a compiler shows it: file, line and column, the line, a mark below.
    pub fn explain(&self, file: &str, text: &str) -> String {
        let start = self.place.start.min(text.len());
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let number = before.matches('\n').count() + 1;
        let column = text
            .get(line_start..start)
            .unwrap_or_default()
            .chars()
            .count();
        let line = text.get(line_start..).unwrap_or_default();
        let line = line.lines().next().unwrap_or_default();
        let left = line.chars().count().saturating_sub(column).max(1);
        let length = self.place.len().clamp(1, left);
        format!(
            "{file}:{number}:{}: {}\n  {line}\n  {}{}",
            column + 1,
            self.what,
            " ".repeat(column),
            "^".repeat(length)
        )
    }
}

impl Lab {
    /// Reads and checks a lab's file.
    pub fn parse(text: &str) -> Result<Lab, Wrong> {
        let lab: Lab = toml::from_str(text).map_err(|error| Wrong {
            what: error.message().to_owned(),
            place: error.span().unwrap_or(0..0),
            parameter: None,
        })?;
        lab.check().map_err(|wrong| match &wrong.parameter {
            Some(name) => wrong.clone().at(parameter_place(text, name)),
            None => wrong,
        })?;
        Ok(lab)
    }

    /// The parameters, in the order of the file.
    pub fn parameters(&self) -> Result<Vec<Parameter>, Wrong> {
        parameters::read(&self.parameters).map_err(|(name, what)| Wrong {
            what: format!("parameter {name}: {what}"),
            place: 0..0,
            parameter: Some(name),
        })
    }

    /// The host called `name`.
    pub fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.iter().find(|host| host.name.get_ref() == name)
    }

    /// Each link with its ends: host and interface.
    pub fn links(&self) -> BTreeMap<&str, Vec<(&Host, String)>> {
        let mut links: BTreeMap<&str, Vec<(&Host, String)>> = BTreeMap::new();
        for host in &self.hosts {
            for (number, port) in host.interfaces.iter().enumerate() {
                let ends = links.entry(port.link.get_ref()).or_default();
                ends.push((host, format!("eth{number}")));
            }
        }
        links
    }

    fn check(&self) -> Result<(), Wrong> {
        let known: BTreeSet<String> = self.parameters()?.into_iter().map(|p| p.name).collect();
        let mut names = BTreeSet::new();
        for host in &self.hosts {
            check_name(&host.name)?;
            if !names.insert(host.name.get_ref().clone()) {
                return wrong(&host.name, "there is another host of this name");
            }
            let texts = host
                .interfaces
                .iter()
                .flat_map(|port| [Some(&port.link), port.address.as_ref(), port.mac.as_ref()])
                .chain([host.gateway.as_ref(), host.resolver.as_ref()])
                .flatten()
                .chain(host.routes.iter().flat_map(|route| [&route.to, &route.via]))
                .chain(&host.silent_to)
                .chain(&host.services);
            for text in texts {
                check_parameters(text, &known)?;
            }
            for port in &host.interfaces {
                check_name(&port.link)?;
            }
            for service in &host.services {
                words(service)?;
            }
            if let Some(nat) = &host.nat {
                check_interface(host, nat.get_ref(), nat)?;
            }
        }
        for (link, ends) in self.links() {
            if ends.len() < 2 {
                let (host, _) = ends[0];
                return wrong(
                    &host.name,
                    format!("the link {link} has only this end; name it in another host too"),
                );
            }
            if names.contains(link) && ends.len() > 2 {
                let (host, _) = ends[0];
                return wrong(
                    &host.name,
                    format!("a switch and a host are both called {link}"),
                );
            }
        }
        let mut tasks = BTreeSet::new();
        self.check_steps(&self.setup, &known)?;
        for task in &self.tasks {
            check_name(&task.id)?;
            if !tasks.insert(task.id.get_ref()) {
                return wrong(&task.id, "there is another task of this name");
            }
            for place in &task.capture {
                let (host, interface) = capture_place(place.get_ref());
                let host = self.known_host(host, place)?;
                check_interface(host, interface, place)?;
            }
            self.check_steps(&task.steps, &known)?;
        }
        Ok(())
    }

    fn check_steps(&self, steps: &[Step], known: &BTreeSet<String>) -> Result<(), Wrong> {
        let mut running: BTreeSet<&str> = BTreeSet::new();
        for step in steps {
            let texts = [
                &step.run,
                &step.start,
                &step.typed,
                &step.wait,
                &step.until,
                &step.say,
            ];
            for text in texts.into_iter().flatten() {
                check_parameters(text, known)?;
            }
            let action = step.action()?;
            match action {
                Action::Run { at, command } => {
                    self.known_host(at.get_ref(), at)?;
                    words(command)?;
                }
                Action::Start { at, command, name } => {
                    self.known_host(at.get_ref(), at)?;
                    words(command)?;
                    check_name(name)?;
                    running.insert(name.get_ref());
                }
                Action::Type { into: name, .. }
                | Action::Close(name)
                | Action::Stop(name)
                | Action::Await(name) => {
                    if !running.contains(name.get_ref().as_str()) {
                        let what = match running.len() {
                            0 => "nothing was started in this task".to_owned(),
                            _ => {
                                let names: Vec<&str> = running.iter().copied().collect();
                                format!(
                                    "no program of this name was started; there are {}",
                                    names.join(", ")
                                )
                            }
                        };
                        return wrong(name, what);
                    }
                }
                Action::Wait(_) => {}
            }
        }
        Ok(())
    }

    fn known_host(&self, name: &str, place: &Placed) -> Result<&Host, Wrong> {
        self.host(name).ok_or_else(|| {
            let names: Vec<&str> = self
                .hosts
                .iter()
                .map(|h| h.name.get_ref().as_str())
                .collect();
            Wrong {
                what: format!("no host is called {name}; hosts are {}", names.join(", ")),
                place: place.span(),
                parameter: None,
            }
        })
    }
}

/// What a step does.
#[derive(Clone, Copy, Debug)]
pub enum Action<'a> {
    /// Runs a program to its end.
    Run {
        /// Where.
        at: &'a Placed,
        /// The command line.
        command: &'a Placed,
    },
    /// Starts a program.
    Start {
        /// Where.
        at: &'a Placed,
        /// The command line.
        command: &'a Placed,
        /// What it is called from then on.
        name: &'a Placed,
    },
    /// Types a line into a started program.
    Type {
        /// The line.
        line: &'a Placed,
        /// The program.
        into: &'a Placed,
    },
    /// Ends a program's input.
    Close(&'a Placed),
    /// Ends a program.
    Stop(&'a Placed),
    /// Waits for a program's own end.
    Await(&'a Placed),
    /// Waits.
    Wait(&'a Placed),
}

impl Step {
    /// The one thing this step does.
    pub fn action(&self) -> Result<Action<'_>, Wrong> {
        let mut actions = Vec::new();
        let needs = |what: &str, text: &Placed| Wrong {
            what: format!("this step needs `{what} = …`"),
            place: text.span(),
            parameter: None,
        };
        if let Some(command) = &self.run {
            let at = self.at.as_ref().ok_or_else(|| needs("at", command))?;
            actions.push((command, Action::Run { at, command }));
        }
        if let Some(command) = &self.start {
            let at = self.at.as_ref().ok_or_else(|| needs("at", command))?;
            let name = self.name.as_ref().ok_or_else(|| needs("as", command))?;
            actions.push((command, Action::Start { at, command, name }));
        }
        if let Some(line) = &self.typed {
            let into = self.into.as_ref().ok_or_else(|| needs("into", line))?;
            actions.push((line, Action::Type { line, into }));
        }
        actions.extend(self.close.iter().map(|name| (name, Action::Close(name))));
        actions.extend(self.stop.iter().map(|name| (name, Action::Stop(name))));
        actions.extend(self.awaited.iter().map(|name| (name, Action::Await(name))));
        actions.extend(self.wait.iter().map(|time| (time, Action::Wait(time))));
        match actions.as_slice() {
            [(_, action)] => Ok(*action),
            [] => Err(Wrong {
                what: "a step needs one of run, start, type, close, stop, await, wait".to_owned(),
                place: [&self.at, &self.name, &self.into, &self.until, &self.say]
                    .into_iter()
                    .flatten()
                    .next()
                    .map_or(0..0, Spanned::span),
                parameter: None,
            }),
            [_, (text, _), ..] => wrong(text, "a step does one thing; make it two steps"),
        }
    }
}

/// The host and interface of a place to capture at.
pub fn capture_place(place: &str) -> (&str, &str) {
    place.split_once(':').unwrap_or((place, "eth0"))
}

/// A command line's words: separated by blanks, quotes keep blanks together.
pub fn words(command: &Placed) -> Result<Vec<String>, Wrong> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in command.get_ref().chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(character),
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    match (quote, words.is_empty()) {
        (Some(_), _) => wrong(command, "a quote is not closed"),
        (_, true) => wrong(command, "a command is needed"),
        _ => Ok(words),
    }
}

fn check_parameters(text: &Placed, known: &BTreeSet<String>) -> Result<(), Wrong> {
    for name in parameters::names_in(text.get_ref()) {
        if !known.contains(name) {
            let names: Vec<&str> = known.iter().map(String::as_str).collect();
            return wrong(
                text,
                format!(
                    "no parameter is called {name}; parameters are {}",
                    names.join(", ")
                ),
            );
        }
    }
    Ok(())
}

/// Names become names of namespaces, interfaces and files.
fn check_name(name: &Placed) -> Result<(), Wrong> {
    let text = name.get_ref();
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let ok = (1..=40).contains(&text.len())
        && text.chars().all(fine)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric());
    match ok {
        true => Ok(()),
        false => wrong(
            name,
            "a name has up to 40 letters, digits, - . _ and begins with a letter or digit",
        ),
    }
}

fn check_interface(host: &Host, interface: &str, place: &Placed) -> Result<(), Wrong> {
    let number = interface
        .strip_prefix("eth")
        .and_then(|n| n.parse::<usize>().ok());
    let there =
        matches!(interface, "any" | "lo") || number.is_some_and(|n| n < host.interfaces.len());
    match there {
        true => Ok(()),
        false => wrong(
            place,
            format!(
                "{} has no interface {interface}; it has lo, any and eth0 to eth{}",
                host.name.get_ref(),
                host.interfaces.len().saturating_sub(1)
            ),
        ),
    }
}

fn wrong<T>(place: &Placed, what: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong {
        what: what.into(),
        place: place.span(),
        parameter: None,
    })
}
