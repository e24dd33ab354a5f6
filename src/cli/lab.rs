//! `wirelab lab`: whole labs, each in a network of its own.

use super::Status;
use crate::lab::description::{Lab, Task, Wrong};
use crate::lab::enter::{self, NoEntry};
use crate::lab::labs;
use crate::lab::parameters::Values;
use crate::lab::plan::{self, Weather};
use crate::lab::record::{self as lab_record, Replaces};
use crate::lab::stage::{self, Audience, Beside, Made, Stage};
use crate::lab::stop::Stop;
use anyhow::{Context, bail};
use comfy_table::{Table, presets};
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

/// Arguments of `wirelab lab`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Lists the labs and their tasks.
    List {
        /// Only this lab, by name or file.
        lab: Option<String>,
    },
    /// Prints what a lab does, as commands to type.
    Plan {
        #[command(flatten)]
        which: Which,
    },
    /// Performs a lab and records it.
    Run {
        #[command(flatten)]
        which: Which,
        /// Wait for Enter before each step, and say what it is.
        #[arg(long)]
        step: bool,
        /// Folder for captures and logs.
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
        #[arg(long, hide = true)]
        inside: Option<String>,
    },
    /// Opens a shell on a host of a lab, with a capture running.
    Shell {
        #[command(flatten)]
        which: Which,
        /// The host; the first one of the lab without it.
        host: Option<String>,
        /// Folder for the capture.
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
        #[arg(long, hide = true)]
        inside: Option<String>,
    },
}

/// Which lab, and how it is varied.
#[derive(clap::Args)]
struct Which {
    /// The lab's name, or the file of one.
    lab: String,
    /// Only these tasks; can be repeated.
    #[arg(long, value_name = "TASK")]
    only: Vec<String>,
    /// A number that varies addresses, ports, names and texts; the same number, the same values.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// A parameter's value, instead of the lab's; can be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Delay each packet by so many milliseconds, on every interface.
    #[arg(long, value_name = "MILLISECONDS", value_parser = not_negative)]
    delay: Option<f64>,
    /// Lose so many percent of all packets, on every interface.
    #[arg(long, value_name = "PERCENT", value_parser = not_negative)]
    loss: Option<f64>,
}

/// A lab, ready to be planned or performed.
struct Chosen {
    name: String,
    lab: Lab,
    values: Values,
    weather: Weather,
    seed: Option<u64>,
    only: Vec<String>,
}

/// Does it.
pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    match &args.action {
        Action::List { lab } => list(lab.as_deref()),
        Action::Plan { which } => print_plan(&which.choose()?),
        Action::Run {
            which,
            step,
            out,
            inside,
        } => {
            let chosen = which.choose()?;
            let out = folder(&chosen, out.as_deref());
            match inside {
                None => outside(&chosen, Place::Run),
                Some(option) => perform(&chosen, *step, &out, option),
            }
        }
        Action::Shell {
            which,
            host,
            out,
            inside,
        } => {
            let chosen = which.choose()?;
            let first = chosen
                .lab
                .hosts
                .first()
                .map(|host| host.name.get_ref().clone());
            let host = host.clone().or(first).unwrap_or_default();
            if chosen.lab.host(&host).is_none() {
                let names: Vec<&str> = chosen
                    .lab
                    .hosts
                    .iter()
                    .map(|h| h.name.get_ref().as_str())
                    .collect();
                bail!(
                    "{} has no host {host}; hosts are {}",
                    chosen.name,
                    names.join(", ")
                );
            }
            let out = folder(&chosen, out.as_deref());
            match inside {
                None => outside(&chosen, Place::Shell),
                Some(option) => shell(&chosen, &host, &out, option),
            }
        }
    }
}

impl Which {
    fn choose(&self) -> anyhow::Result<Chosen> {
        let (lab, file, text) = read(&self.lab)?;
        let parameters = lab
            .parameters()
            .map_err(|wrong| explained(&wrong, &file, &text))?;
        let mut set = Vec::new();
        for setting in &self.set {
            let (name, value) = setting
                .split_once('=')
                .with_context(|| format!("--set {setting}: NAME=VALUE is needed"))?;
            if !parameters.iter().any(|parameter| parameter.name == name) {
                let names: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
                bail!(
                    "--set {setting}: {} has no parameter {name}; parameters are {}",
                    self.lab,
                    names.join(", ")
                );
            }
            set.push((name, value));
        }
        let values = Values::with(&parameters, self.seed, &set);
        for only in &self.only {
            if !lab.tasks.iter().any(|task| task.id.get_ref() == only) {
                let ids: Vec<&str> = lab.tasks.iter().map(|t| t.id.get_ref().as_str()).collect();
                bail!(
                    "{} has no task {only}; tasks are {}",
                    self.lab,
                    ids.join(", ")
                );
            }
        }
        Ok(Chosen {
            name: Path::new(&self.lab).file_stem().map_or_else(
                || self.lab.clone(),
                |stem| stem.to_string_lossy().into_owned(),
            ),
            lab,
            values,
            weather: Weather {
                delay_ms: self.delay,
                loss_percent: self.loss,
            },
            seed: self.seed,
            only: self.only.clone(),
        })
    }
}

impl Chosen {
    /// The tasks asked for; without a choice, all that are not slow.
    fn tasks(&self) -> Vec<&Task> {
        let chosen = |task: &&Task| match self.only.is_empty() {
            true => !task.slow,
            false => self.only.contains(task.id.get_ref()),
        };
        self.lab.tasks.iter().filter(chosen).collect()
    }
}

/// Reads a lab by its name or its file.
fn read(name: &str) -> anyhow::Result<(Lab, String, String)> {
    let (file, text) = match labs::text(name) {
        Some(text) => (format!("{name}.toml"), text.to_owned()),
        None if name.contains(['/', '.']) => {
            let text = std::fs::read_to_string(name).with_context(|| format!("reading {name}"))?;
            (name.to_owned(), text)
        }
        None => {
            let names: Vec<&str> = labs::LABS.iter().map(|(name, _)| *name).collect();
            bail!(
                "no lab is called {name}; labs are {}, or a file as ./{name}.toml",
                names.join(", ")
            );
        }
    };
    let lab = Lab::parse(&text).map_err(|wrong| explained(&wrong, &file, &text))?;
    Ok((lab, file, text))
}

fn explained(wrong: &Wrong, file: &str, text: &str) -> anyhow::Error {
    anyhow::anyhow!("{}", wrong.explain(file, text))
}

fn folder(chosen: &Chosen, out: Option<&Path>) -> PathBuf {
    out.map_or_else(
        || PathBuf::from(format!("lab-{}", chosen.name)),
        Path::to_path_buf,
    )
}

fn list(only: Option<&str>) -> anyhow::Result<Status> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["Lab", "Task", "Questions", "What it shows"]);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_width(super::terminal::width());
    let names: Vec<&str> = match only {
        Some(name) => vec![name],
        None => labs::LABS.iter().map(|(name, _)| *name).collect(),
    };
    for name in names {
        let (lab, ..) = read(name)?;
        let values = Values::new(&lab.parameters().unwrap_or_default(), None);
        table.add_row([name, "", "", &lab.title]);
        for task in &lab.tasks {
            let slow = if task.slow {
                " (takes long: only with --only)"
            } else {
                ""
            };
            table.add_row([
                "",
                task.id.get_ref(),
                &task.questions.join(" "),
                &format!("{}{slow}", values.fill(&task.title)),
            ]);
        }
    }
    writeln!(std::io::stdout(), "{}", table.trim_fmt())?;
    Ok(Status::Done)
}

fn print_plan(chosen: &Chosen) -> anyhow::Result<Status> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "# {}: {}",
        chosen.name,
        chosen.values.fill(&chosen.lab.title)
    )?;
    writeln!(
        out,
        "# To be typed as root, in a network of its own: unshare -nmpf --mount-proc bash"
    )?;
    writeln!(out, "\n# The network")?;
    for step in plan::network(&chosen.lab, &chosen.values, &chosen.weather) {
        writeln!(out, "{step}")?;
    }
    for host in &chosen.lab.hosts {
        for service in &host.services {
            let words =
                plan::filled(service, &chosen.values).map_err(|w| anyhow::anyhow!(w.what))?;
            writeln!(
                out,
                "{} &",
                plan::shell(&plan::on_host(host.name.get_ref(), &words))
            )?;
        }
    }
    for step in &chosen.lab.setup {
        for line in plan::step_lines(step, &chosen.values).map_err(|w| anyhow::anyhow!(w.what))? {
            writeln!(out, "{line}")?;
        }
    }
    for task in chosen.tasks() {
        let questions = task.questions.join(", ");
        let title = chosen.values.fill(&task.title);
        writeln!(out, "\n# {} ({questions}): {title}", task.id.get_ref())?;
        for line in plan::task_lines(task, &chosen.values).map_err(|w| anyhow::anyhow!(w.what))? {
            writeln!(out, "{line}")?;
        }
    }
    Ok(Status::Done)
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Run,
    Shell,
}

/// Starts this command again inside, waits for it, and passes on the wish to end.
fn outside(chosen: &Chosen, place: Place) -> anyhow::Result<Status> {
    let stop = Stop::on_signals().context("signals")?;
    let arguments = std::env::args_os().skip(1);
    let mut inside = match enter::start(arguments) {
        Ok(inside) => inside,
        Err(error @ NoEntry::Forbidden { .. }) => {
            let programs = by_hand(chosen)?;
            bail!(
                "{error}\nwithout a network of its own, this much of {} can be done by hand on loopback (127.0.0.1), with wirelab serve and wirelab client:\n{programs}",
                chosen.name
            );
        }
        Err(error) => return Err(error.into()),
    };
    let mut lifeline = Some(inside.lifeline);
    let status = loop {
        if let Some(status) = inside.child.try_wait().context("waiting for the lab")? {
            break status;
        }
        // In a shell Ctrl-C is for what runs in it; a hang-up or kill ends the shell anyway.
        if stop.asked() && place == Place::Run {
            lifeline = None;
        }
        if lifeline.is_some() && place == Place::Run {
            crate::lab::stop::pause(&stop, std::time::Duration::from_millis(20));
        } else {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    };
    drop(lifeline);
    match status.code() {
        Some(0) => Ok(Status::Done),
        Some(1) => Ok(Status::Unfavourable),
        Some(2) => Ok(Status::Failed),
        _ => bail!("the lab was killed; its captures are as far as they were written"),
    }
}

/// The programs of a lab on loopback, as commands.
fn by_hand(chosen: &Chosen) -> anyhow::Result<String> {
    let mut lines: Vec<String> = Vec::new();
    // What a network needs beside the labs' own programs is of no use on loopback.
    let of_network = |text: &str| {
        [
            "serve dhcp",
            "serve dns",
            "serve web",
            "client dhcp",
            "client ping",
            "client traceroute",
        ]
        .iter()
        .any(|program| text.contains(program))
    };
    let services = chosen.lab.hosts.iter().flat_map(|host| &host.services);
    let steps = chosen
        .tasks()
        .into_iter()
        .flat_map(|task| &task.steps)
        .flat_map(|step| [&step.start, &step.run].into_iter().flatten());
    for text in services.chain(steps) {
        if of_network(text.get_ref()) {
            continue;
        }
        let words = plan::filled(text, &chosen.values).map_err(|w| anyhow::anyhow!(w.what))?;
        let words: Vec<String> = words
            .into_iter()
            .map(|word| match word.parse::<std::net::Ipv4Addr>() {
                Ok(_) => "127.0.0.1".to_owned(),
                Err(_) => word,
            })
            .collect();
        let line = format!("  {}", plan::shell(&words));
        if words.first().is_some_and(|word| word == "wirelab") && !lines.contains(&line) {
            lines.push(line);
        }
    }
    Ok(lines.join("\n"))
}

/// Says on stderr what happens; with `step`, waits for Enter.
struct Narrator {
    step: bool,
    values: Values,
}

impl Audience for Narrator {
    fn task(&mut self, task: &Task) {
        let line = format!("{}: {}", task.id.get_ref(), self.values.fill(&task.title));
        // Who does not listen is no reason to stop.
        let _ = writeln!(std::io::stderr(), "{line}");
    }

    fn step(&mut self, say: Option<&str>, line: &str) {
        if !self.step {
            return;
        }
        let mut stderr = std::io::stderr();
        if let Some(say) = say {
            let _ = writeln!(stderr, "\n  {say}");
        }
        let _ = write!(stderr, "  {line}\n  [Enter] ");
        let _ = std::io::stdin().lock().read_line(&mut String::new());
    }
}

/// Performs a lab, inside.
fn perform(chosen: &Chosen, step: bool, out: &Path, inside: &str) -> anyhow::Result<Status> {
    let tasks: Vec<&str> = chosen
        .tasks()
        .iter()
        .map(|t| t.id.get_ref().as_str())
        .collect();
    let hosts = chosen.lab.hosts.iter().map(|h| h.name.get_ref().as_str());
    let replaces = Replaces {
        lab: &chosen.name,
        values: &chosen.values,
        capture: &|task, _| tasks.contains(&task),
        logs: tasks.iter().copied().chain(hosts).collect(),
    };
    let (stop, out, stays) = arrive(out, inside, &replaces)?;
    let mut narrator = Narrator {
        step,
        values: chosen.values.clone(),
    };
    let mut stage = Stage::build(&chosen.lab, &chosen.values, &chosen.weather, &out, &stop)?;
    let mut done = stage.set_up(&mut narrator);
    for task in chosen.tasks() {
        if done.is_ok() {
            done = stage.task(task, &mut narrator);
        }
    }
    let made = std::mem::take(&mut stage.made);
    finish(chosen, &made, stays, &out)?;
    done?;
    Ok(Status::Done)
}

/// A shell in a lab, inside.
fn shell(chosen: &Chosen, host: &str, out: &Path, inside: &str) -> anyhow::Result<Status> {
    let own = stage::shell_file(host);
    let hosts = chosen.lab.hosts.iter().map(|h| h.name.get_ref().as_str());
    let replaces = Replaces {
        lab: &chosen.name,
        values: &chosen.values,
        capture: &|_, file| file == own,
        logs: hosts.collect(),
    };
    let (stop, out, stays) = arrive(out, inside, &replaces)?;
    let mut narrator = Narrator {
        step: false,
        values: chosen.values.clone(),
    };
    let mut stage = Stage::build(&chosen.lab, &chosen.values, &chosen.weather, &out, &stop)?;
    stage.set_up(&mut narrator)?;
    let beside: Beside = stage.record_beside(host)?;
    let program = std::env::var("SHELL").unwrap_or_else(|_| "/bin/sh".to_owned());
    let hosts: Vec<&str> = chosen
        .lab
        .hosts
        .iter()
        .map(|h| h.name.get_ref().as_str())
        .collect();
    writeln!(
        std::io::stderr(),
        "a shell on {host}; what its eth0 carries is recorded. hosts: {}.\n\
         on another host: ip netns exec HOST COMMAND. exit ends the lab.",
        hosts.join(", ")
    )?;
    let mut shell = stage
        .shell_on(host, &program)
        .spawn()
        .with_context(|| format!("starting {program}"))?;
    let ended = loop {
        if let Some(status) = shell.try_wait().context("waiting for the shell")? {
            break Some(status);
        }
        if stop.asked() {
            break None;
        }
        crate::lab::stop::pause(&stop, std::time::Duration::from_millis(20));
    };
    if ended.is_none() {
        // Whatever it says to that: it ends with us.
        let _ = shell.kill();
    }
    stage.end(beside)?;
    let made = std::mem::take(&mut stage.made);
    finish(chosen, &made, stays, &out)?;
    Ok(Status::Done)
}

/// What comes first inside: the lifeline, the folder.
fn arrive(
    out: &Path,
    inside: &str,
    replaces: &Replaces<'_>,
) -> anyhow::Result<(Stop, PathBuf, Vec<toml::Table>)> {
    let lifeline = enter::arrived(inside)?;
    let stop = Stop::new().context("the wish to stop")?;
    let asked = stop.clone();
    // Ctrl-C reaches the outside, which cuts the lifeline; in a shell it is not for us.
    let ignored = Stop::on_signals().context("signals")?;
    std::mem::forget(ignored);
    enter::when_cut(lifeline, move || asked.ask()).context("the lifeline")?;
    let stays = lab_record::prepare(out, replaces)
        .with_context(|| format!("preparing the folder {}", out.display()))?;
    let out = out
        .canonicalize()
        .with_context(|| format!("opening the folder {}", out.display()))?;
    Ok((stop, out, stays))
}

/// The parameters' file, and the captures as a table.
fn finish(
    chosen: &Chosen,
    made: &[Made],
    stays: Vec<toml::Table>,
    out: &Path,
) -> anyhow::Result<()> {
    let lab = (chosen.name.as_str(), &chosen.lab);
    let text = lab_record::text(lab, chosen.seed, &chosen.values, made, stays);
    let path = out.join(lab_record::FILE);
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["Capture", "Frames", "Questions", "What it shows"]);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_width(super::terminal::width());
    for made in made {
        let lost = match made.counts.dropped {
            0 => String::new(),
            lost => format!(" ({lost} lost)"),
        };
        table.add_row([
            made.file.clone(),
            format!("{}{lost}", made.counts.written),
            made.questions.join(" "),
            made.title.clone(),
        ]);
    }
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", table.trim_fmt())?;
    writeln!(stdout, "in {}", out.display())?;
    Ok(())
}

fn not_negative(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && *number >= 0.0)
        .ok_or_else(|| "a number of 0 or more is needed".to_owned())
}
