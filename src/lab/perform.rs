//! One thing of a lab's plan, done: a command run, a setting of the kernel or a file written.

use super::enter;
use super::log::readable;
use super::plan::{Do, shell};
use super::stage::failed::{Failed, system};
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// Does one thing of the plan.
pub(super) fn perform(step: &Do) -> Result<(), Failed> {
    match step {
        Do::Run(words) => {
            let failed = |said: String| Failed::Network {
                command: shell(words),
                words: said,
            };
            let output = Command::new(&words[0])
                .args(&words[1..])
                .stdin(Stdio::null())
                .output()
                .map_err(|error| failed(error.to_string()))?;
            match output.status.success() {
                true => Ok(()),
                // Where it is not installed, checksums in quoted packets stay unfinished.
                false if words.iter().any(|word| word == "ethtool") => Ok(()),
                false => {
                    let mut said = readable(&output.stderr).trim().to_owned();
                    if words.iter().any(|word| word == "netem") {
                        said.push_str("\nhint: --delay and --loss need the kernel's netem (module sch_netem), which this system may not have");
                    }
                    Err(failed(said))
                }
            }
        }
        Do::Setting { host, key, value } => {
            let path = format!("/proc/sys/{}", key.replace('.', "/"));
            let written = enter::on_host(host, || std::fs::write(&path, value))
                .map_err(system(format!("entering {host}")))?;
            match written {
                // A kernel without IPv6 has no such setting, and nothing to be switched off.
                Err(error) if error.kind() == io::ErrorKind::NotFound && key.contains("ipv6") => {
                    Ok(())
                }
                written => written.map_err(system(format!("setting {key} on {host}"))),
            }
        }
        Do::File { path, text } => {
            let folder = Path::new(path).parent().unwrap_or(Path::new("/"));
            std::fs::create_dir_all(folder)
                .and_then(|()| std::fs::write(path, text))
                .map_err(system(format!("writing {path}")))
        }
    }
}
