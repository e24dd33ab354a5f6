//! A lab being performed: the network stands, programs run, captures are made.
//!
//! This runs inside the lab's own namespaces (see [`super::enter`]); nothing here cleans up after
//! itself, because everything ends with the first process.

use super::description::{Action, Lab, Placed, Step, Task, Wrong, capture_place};
use super::enter;
use super::fault::seconds;
use super::log::readable;
use super::parameters::Values;
use super::perform::perform;
use super::plan::{Do, Weather, capture_file, filled, network, on_host, shell};
use super::stop::{Stop, pause};
use crate::capture::live::{Live, Look, Refused};
use crate::capture::pcapng_write::{About, Counts, Recorded};
use crate::capture::record::Recording;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use thiserror::Error;

/// A program that does not end or does not get ready in this time is taken for broken.
const NEVER: Duration = Duration::from_secs(60);
/// What follows a step by itself (acknowledgments, closing frames) has come after this time.
const SETTLE: Duration = Duration::from_millis(120);
/// How often a condition without an event of its own is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Why a lab could not be performed to its end.
#[derive(Debug, Error)]
pub enum Failed {
    /// The file is wrong; it was checked before, so this is a step's words.
    #[error("{}", .0.what)]
    Wrong(Wrong),
    /// A command of the plan failed.
    #[error("building the network: {command}: {words}")]
    Network {
        /// The command.
        command: String,
        /// What it said.
        words: String,
    },
    /// A program of the lab ended otherwise than it should.
    #[error(
        "{task}: on {host}: {command}: ended with {ended} where status {expected} was expected; its last words: {words}"
    )]
    Program {
        /// The task.
        task: String,
        /// The host.
        host: String,
        /// The command.
        command: String,
        /// How it ended.
        ended: String,
        /// The status that the step states.
        expected: i32,
        /// Its output's end.
        words: String,
    },
    /// A program does not do what the step waits for.
    #[error(
        "{task}: {name} did not {what} within {}; its last words: {words}",
        seconds(NEVER)
    )]
    Stuck {
        /// The task.
        task: String,
        /// The program's name in the lab.
        name: String,
        /// What was waited for.
        what: String,
        /// Its output's end.
        words: String,
    },
    /// A program is not installed.
    #[error("{task}: the program {program} is not installed")]
    Missing {
        /// The task.
        task: String,
        /// The program.
        program: String,
    },
    /// Capturing failed.
    #[error("capturing: {0}")]
    Capture(#[from] Refused),
    /// The system failed.
    #[error("{doing}: {cause}")]
    System {
        /// What was tried.
        doing: String,
        /// What it said.
        cause: io::Error,
    },
    /// Somebody asked to end.
    #[error("ended before its end")]
    Stopped,
}

impl From<Wrong> for Failed {
    fn from(wrong: Wrong) -> Failed {
        Failed::Wrong(wrong)
    }
}

/// For `map_err`.
pub(super) fn system(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Failed {
    let doing = doing.into();
    move |cause| Failed::System { doing, cause }
}

/// A capture that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The file's name in the folder.
    pub file: String,
    /// The task.
    pub task: String,
    /// The questions it serves.
    pub questions: Vec<String>,
    /// The task's line.
    pub title: String,
    /// Where it was made.
    pub host: String,
    /// On which interface.
    pub interface: String,
    /// What was counted.
    pub counts: Counts,
}

/// Told what is going on; may wait, as for a lecture.
pub trait Audience {
    /// A task begins.
    fn task(&mut self, task: &Task);
    /// A step is about to be done; the line is what a student would type.
    fn step(&mut self, say: Option<&str>, line: &str);
}

/// A program that was started and goes on.
struct Running {
    child: Child,
    log: PathBuf,
}

/// A recording with what it is of.
struct Open {
    recording: Recording,
    made: Made,
}

/// The lab's stage.
pub struct Stage<'a> {
    lab: &'a Lab,
    values: &'a Values,
    out: &'a Path,
    stop: &'a Stop,
    services: Vec<Running>,
    /// Captures that are complete.
    pub made: Vec<Made>,
}

impl<'a> Stage<'a> {
    /// Builds the network and starts the services.
    pub fn build(
        lab: &'a Lab,
        values: &'a Values,
        weather: &Weather,
        out: &'a Path,
        stop: &'a Stop,
    ) -> Result<Stage<'a>, Failed> {
        enter::furnish().map_err(system("making /run and /etc the lab's own"))?;
        for step in network(lab, values, weather) {
            perform(&step)?;
        }
        let mut stage = Stage {
            lab,
            values,
            out,
            stop,
            services: Vec::new(),
            made: Vec::new(),
        };
        for host in &lab.hosts {
            for (number, service) in host.services.iter().enumerate() {
                let words = filled(service, values)?;
                let name = format!("{}.service{}", host.name.get_ref(), number + 1);
                let running = stage.start("services", host.name.get_ref(), &words, &name)?;
                stage.services.push(running);
                if let Some(service) = stage.services.last_mut() {
                    let ready = ready_words(&words);
                    wait_for_words(service, 0, ready, "services", &name, stop)?;
                }
            }
        }
        Ok(stage)
    }

    /// Does the steps that come before the first task.
    pub fn set_up(&mut self, audience: &mut dyn Audience) -> Result<(), Failed> {
        self.steps("setup", &self.lab.setup, &[], audience)
    }

    /// Performs a task and records it. What was recorded is kept also when a step fails.
    pub fn task(&mut self, task: &Task, audience: &mut dyn Audience) -> Result<(), Failed> {
        audience.task(task);
        for host in &self.lab.hosts {
            // Each capture stands by itself: it begins with nobody knowing anybody's address.
            let host = host.name.get_ref();
            perform(&Do::Run(
                format!("ip -n {host} neigh flush all")
                    .split(' ')
                    .map(str::to_owned)
                    .collect(),
            ))?;
        }
        let mut open = Vec::new();
        for (number, place) in task.capture.iter().enumerate() {
            let (host, interface) = capture_place(place.get_ref());
            let made = Made {
                file: capture_file(task, number),
                task: task.id.get_ref().clone(),
                questions: task.questions.clone(),
                title: self.values.fill(&task.title),
                host: host.to_owned(),
                interface: interface.to_owned(),
                counts: Counts::default(),
            };
            open.push(self.record(made)?);
        }
        let done = self.steps(task.id.get_ref(), &task.steps, &open, audience);
        pause(self.stop, SETTLE);
        for one in open {
            let counts = one
                .recording
                .stop()
                .map_err(system(format!("writing {}", one.made.file)))?;
            self.made.push(Made { counts, ..one.made });
        }
        done
    }

    /// Records a host's interface until the end of the recordings, for exercises by hand.
    pub fn record_beside(&mut self, host: &str) -> Result<Beside, Failed> {
        let made = Made {
            file: format!("shell-{host}.pcapng"),
            task: "shell".to_owned(),
            questions: Vec::new(),
            title: format!("by hand, seen by {host}"),
            host: host.to_owned(),
            interface: "eth0".to_owned(),
            counts: Counts::default(),
        };
        self.record(made).map(Beside)
    }

    /// Completes a recording.
    pub fn end(&mut self, beside: Beside) -> Result<(), Failed> {
        let Open { recording, made } = beside.0;
        let counts = recording
            .stop()
            .map_err(system(format!("writing {}", made.file)))?;
        self.made.push(Made { counts, ..made });
        Ok(())
    }

    fn record(&self, made: Made) -> Result<Open, Failed> {
        let look = Look {
            room: 4,
            ..Look::default()
        };
        let live = enter::on_host(&made.host, || Live::open(&made.interface, look))
            .map_err(system(format!("entering {}", made.host)))??;
        let about = About {
            comments: vec![format!(
                "{}; task {}: {}",
                self.values.fill(&self.lab.title),
                made.task,
                made.title
            )],
        };
        let what = Recorded {
            name: made.interface.clone(),
            description: Some(format!("host {}", made.host)),
            filter: None,
            link: live.link(),
            snapshot_length: look.snapshot_length,
        };
        let path = self.out.join(&made.file);
        let recording = Recording::start(live, &path, &about, &what)
            .map_err(system(format!("writing {}", path.display())))?;
        Ok(Open { recording, made })
    }

    fn steps(
        &mut self,
        task: &str,
        steps: &[Step],
        open: &[Open],
        audience: &mut dyn Audience,
    ) -> Result<(), Failed> {
        let mut running: BTreeMap<String, Running> = BTreeMap::new();
        for step in steps {
            if self.stop.asked() {
                return Err(Failed::Stopped);
            }
            let say = step.say.as_ref().map(|say| self.values.fill(say.get_ref()));
            let lines = super::plan::step_lines(step, self.values)?;
            audience.step(say.as_deref(), lines.last().map_or("", String::as_str));
            if let Some(say) = &say {
                for one in open {
                    one.recording.mark(say);
                }
            }
            self.step(task, step, &mut running)?;
        }
        // What a task leaves running ends with it, as with Ctrl-C.
        for (name, mut program) in running {
            end(&mut program.child, &name, self.stop);
        }
        Ok(())
    }

    fn step(
        &mut self,
        task: &str,
        step: &Step,
        running: &mut BTreeMap<String, Running>,
    ) -> Result<(), Failed> {
        let action = step.action()?;
        match action {
            Action::Run { at, command } => {
                let words = filled(command, self.values)?;
                self.run(task, at.get_ref(), &words, step.status)
            }
            Action::Start { at, command, name } => {
                let words = filled(command, self.values)?;
                let name = name.get_ref();
                let mut program =
                    self.start(task, at.get_ref(), &words, &format!("{task}.{name}"))?;
                let until = step
                    .until
                    .as_ref()
                    .map(|text| self.values.fill(text.get_ref()));
                let until = until.as_deref().or(ready_words(&words));
                wait_for_words(&mut program, 0, until, task, name, self.stop)?;
                running.insert(name.clone(), program);
                Ok(())
            }
            Action::Type { line, into } => {
                let program = known(running, into)?;
                let before = length(&program.log);
                let text = format!("{}\n", self.values.fill(line.get_ref()));
                let stdin = program.child.stdin.as_mut();
                let stdin = stdin.ok_or_else(|| closed(task, into))?;
                stdin
                    .write_all(text.as_bytes())
                    .and_then(|()| stdin.flush())
                    .map_err(system(format!("typing into {}", into.get_ref())))?;
                let until = step
                    .until
                    .as_ref()
                    .map(|text| self.values.fill(text.get_ref()));
                match until {
                    Some(until) => wait_for_words(
                        program,
                        before,
                        Some(&until),
                        task,
                        into.get_ref(),
                        self.stop,
                    ),
                    None => {
                        pause(self.stop, SETTLE);
                        Ok(())
                    }
                }
            }
            Action::Close(name) => {
                known(running, name)?.child.stdin = None;
                pause(self.stop, SETTLE);
                Ok(())
            }
            Action::Stop(name) => {
                if let Some(mut program) = running.remove(name.get_ref()) {
                    end(&mut program.child, name.get_ref(), self.stop);
                }
                Ok(())
            }
            Action::Await(name) => {
                let mut program = running
                    .remove(name.get_ref())
                    .ok_or_else(|| closed(task, name))?;
                match wait_for_end(&mut program.child, self.stop)? {
                    Some(_) => Ok(()),
                    None => Err(Failed::Stuck {
                        task: task.to_owned(),
                        name: name.get_ref().clone(),
                        what: "end".to_owned(),
                        words: last_words(&program.log),
                    }),
                }
            }
            Action::Wait(time) => {
                let time = self.values.fill(time.get_ref());
                let time = time
                    .parse()
                    .ok()
                    .and_then(|t| Duration::try_from_secs_f64(t).ok());
                pause(self.stop, time.unwrap_or_default());
                Ok(())
            }
        }
    }

    fn run(&self, task: &str, host: &str, words: &[String], status: i32) -> Result<(), Failed> {
        let log = self.out.join(format!("{task}.{host}.log"));
        let output = append(&log)?;
        let mut heading = output
            .try_clone()
            .map_err(system(log.display().to_string()))?;
        heading
            .write_all(format!("$ {}\n", shell(words)).as_bytes())
            .map_err(system(format!("writing {}", log.display())))?;
        let mut command = command(host, words, &output)?;
        let mut child = command
            .stdin(Stdio::null())
            .spawn()
            .map_err(system(format!("starting {}", shell(words))))?;
        let ended = wait_for_end(&mut child, self.stop)?;
        if ended.and_then(|ended| ended.code()) == Some(status) {
            return Ok(());
        }
        if ended.and_then(|ended| ended.code()) == Some(255)
            && last_words(&log).contains("No such file or directory")
        {
            return Err(Failed::Missing {
                task: task.to_owned(),
                program: words.first().cloned().unwrap_or_default(),
            });
        }
        Err(Failed::Program {
            task: task.to_owned(),
            host: host.to_owned(),
            command: shell(words),
            ended: ended.map_or("no end".to_owned(), |ended| ended.to_string()),
            expected: status,
            words: last_words(&log),
        })
    }

    fn start(
        &self,
        task: &str,
        host: &str,
        words: &[String],
        name: &str,
    ) -> Result<Running, Failed> {
        let log = self.out.join(format!("{name}.log"));
        let output = append(&log)?;
        let child = command(host, words, &output)?
            .stdin(Stdio::piped())
            .spawn()
            .map_err(system(format!("{task}: starting {}", shell(words))))?;
        Ok(Running { child, log })
    }

    /// A command that runs a person's shell on a host.
    pub fn shell_on(&self, host: &str, shell: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", host, shell]);
        command.env("PS1", format!("{host}:\\w\\$ "));
        command.env("WIRELAB_HOST", host);
        let own = Path::new("/run/wirelab/wirelab");
        let linked = std::env::current_exe().and_then(|program| {
            std::fs::create_dir_all("/run/wirelab")?;
            std::os::unix::fs::symlink(program, own)
        });
        if linked.is_ok() {
            // So that `wirelab` is this program in there too.
            let path = std::env::var("PATH").unwrap_or_default();
            command.env("PATH", format!("/run/wirelab:{path}"));
        }
        command
    }
}

/// A recording for exercises by hand.
pub struct Beside(Open);

/// The command for words on a host; `wirelab` is this program.
fn command(host: &str, words: &[String], output: &File) -> Result<Command, Failed> {
    let mut words = words.to_vec();
    if words.first().is_some_and(|word| word == "wirelab") {
        let own = std::env::current_exe().map_err(system("the path of this program"))?;
        words[0] = own.to_string_lossy().into_owned();
    }
    let all = on_host(host, &words);
    let mut command = Command::new(&all[0]);
    let clone = || output.try_clone().map_err(system("a log"));
    command.args(&all[1..]).stdout(clone()?).stderr(clone()?);
    Ok(command)
}

/// What our servers say once they can be asked.
fn ready_words(words: &[String]) -> Option<&'static str> {
    match words {
        [first, second, ..] if first == "wirelab" && second == "serve" => Some("listening"),
        _ => None,
    }
}

fn known<'r>(
    running: &'r mut BTreeMap<String, Running>,
    name: &Placed,
) -> Result<&'r mut Running, Failed> {
    running.get_mut(name.get_ref()).ok_or_else(|| {
        Failed::Wrong(Wrong {
            what: format!("{} has ended", name.get_ref()),
            place: name.span(),
            parameter: None,
        })
    })
}

fn closed(task: &str, name: &Placed) -> Failed {
    Failed::Wrong(Wrong {
        what: format!(
            "{task}: {} has ended or its input is closed",
            name.get_ref()
        ),
        place: name.span(),
        parameter: None,
    })
}

/// Waits until a program has printed `words` beyond the first `from` bytes of its log. Without
/// words, a moment is enough.
fn wait_for_words(
    program: &mut Running,
    from: usize,
    words: Option<&str>,
    task: &str,
    name: &str,
    stop: &Stop,
) -> Result<(), Failed> {
    let Some(words) = words else {
        pause(stop, SETTLE);
        return Ok(());
    };
    let begun = Instant::now();
    loop {
        let log = std::fs::read(&program.log).unwrap_or_default();
        if log
            .get(from..)
            .is_some_and(|new| String::from_utf8_lossy(new).contains(words))
        {
            return Ok(());
        }
        if stop.asked() {
            return Err(Failed::Stopped);
        }
        let ended = program.child.try_wait().map_err(system("waiting"))?;
        if ended.is_some() || begun.elapsed() > NEVER {
            return Err(Failed::Stuck {
                task: task.to_owned(),
                name: name.to_owned(),
                what: format!("say {words:?}"),
                words: last_words(&program.log),
            });
        }
        std::thread::sleep(LOOK);
    }
}

/// Waits for a program's end; `None` when it does not come.
fn wait_for_end(child: &mut Child, stop: &Stop) -> Result<Option<ExitStatus>, Failed> {
    let begun = Instant::now();
    let mut look = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait().map_err(system("waiting"))? {
            return Ok(Some(status));
        }
        if stop.asked() {
            return Err(Failed::Stopped);
        }
        if begun.elapsed() > NEVER * 5 {
            return Ok(None);
        }
        std::thread::sleep(look);
        look = LOOK.min(look * 2);
    }
}

/// Ends a program as Ctrl-C does; one that does not heed it is killed.
fn end(child: &mut Child, _name: &str, stop: &Stop) {
    let pid = i32::try_from(child.id()).ok();
    if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
        // It may have ended by itself.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
    }
    for _ in 0..100 {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        if stop.asked() {
            break;
        }
        std::thread::sleep(LOOK);
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn append(path: &Path) -> Result<File, Failed> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(system(format!("writing {}", path.display())))
}

fn length(path: &Path) -> usize {
    std::fs::metadata(path).map_or(0, |m| usize::try_from(m.len()).unwrap_or_default())
}

/// The end of a log, in a line.
fn last_words(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = readable(&bytes);
    let lines: Vec<&str> = text.lines().rev().take(3).collect();
    let lines: Vec<&str> = lines.into_iter().rev().collect();
    lines.join(" | ")
}
