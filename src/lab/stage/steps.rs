//! The steps of a task, one after the other.

use super::failed::{Failed, system};
use super::program::{Running, end, last_words, length, ready_words, wait_for_end, wait_for_words};
use super::{Audience, Open, SETTLE, Stage};
use crate::lab::description::{Action, Placed, Step, Wrong};
use crate::lab::plan::{filled, step_lines};
use crate::lab::stop::pause;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

impl Stage<'_> {
    pub(super) fn steps(
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
            let lines = step_lines(step, self.values)?;
            audience.step(say.as_deref(), lines.last().map_or("", String::as_str));
            if let Some(say) = &say {
                for one in open {
                    one.recording.mark(say);
                }
            }
            self.step(task, step, &mut running)?;
        }
        // What a task leaves running ends with it, as with Ctrl-C.
        for mut program in running.into_values() {
            end(&mut program.child, self.stop);
        }
        Ok(())
    }

    fn step(
        &mut self,
        task: &str,
        step: &Step,
        running: &mut BTreeMap<String, Running>,
    ) -> Result<(), Failed> {
        let until = step.until.as_ref();
        let until = until.map(|text| self.values.fill(text.get_ref()));
        match step.action()? {
            Action::Run { at, command } => {
                let words = filled(command, self.values)?;
                self.run(task, at.get_ref(), &words, step.status)
            }
            Action::Start { at, command, name } => {
                let words = filled(command, self.values)?;
                let name = name.get_ref();
                let mut program =
                    self.start(task, at.get_ref(), &words, &format!("{task}.{name}"))?;
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
                    end(&mut program.child, self.stop);
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
                        ended: false,
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
