//! A lab being performed: the network stands, programs run, captures are made.
//!
//! This runs inside the lab's own namespaces (see [`super::enter`]); nothing here cleans up after
//! itself, because everything ends with the first process. Here the stage and its recordings; the
//! steps of a task are in `stage/steps.rs`, the programs they run in `stage/program.rs`.

pub mod failed;
mod program;
mod steps;

use super::description::{Lab, Task, capture_place};
use super::enter;
use super::parameters::Values;
use super::perform::perform;
use super::plan::{Do, Weather, capture_file, filled, network};
use super::stop::{Stop, pause};
use crate::capture::live::{Live, Look};
use crate::capture::pcapng_write::{About, Counts, Recorded};
use crate::capture::record::Recording;
use failed::{Failed, system};
use program::{Running, ready_words, wait_for_words};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A program that does not end or does not get ready in this time is taken for broken.
const NEVER: Duration = Duration::from_secs(60);
/// What follows a step by itself (acknowledgments, closing frames) has come after this time.
const SETTLE: Duration = Duration::from_millis(120);
/// How often a condition without an event of its own is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// The file of what is done by hand on a host.
pub fn shell_file(host: &str) -> String {
    format!("shell-{host}.pcapng")
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
            file: shell_file(host),
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
