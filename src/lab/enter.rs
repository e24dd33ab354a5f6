//! Into namespaces of our own: network, mounts and processes that vanish together.
//!
//! The program starts itself again below `unshare` (util-linux), as the first process of a new
//! process namespace. When that ends, however it ends, the kernel ends every process in it, and
//! with the last process the networks are gone. Who started it holds a pipe, the lifeline: when
//! it closes, even because its holder was killed, the inside completes its captures and ends.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use thiserror::Error;

/// Why there can be no namespaces.
#[derive(Debug, Error)]
pub enum NoEntry {
    /// `unshare` is missing.
    #[error("a lab needs the program unshare, which is missing (Debian: util-linux)")]
    NoUnshare,
    /// The system forbids it.
    #[error(
        "this system lets neither root nor ordinary users make networks of their own: {words}\n\
         hint: run it as root; or allow user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=0, \
         kernel.unprivileged_userns_clone=1, user.max_user_namespaces above 0); in a container, \
         start it with --privileged or --cap-add SYS_ADMIN"
    )]
    Forbidden {
        /// What `unshare` said.
        words: String,
    },
    /// Something else failed.
    #[error("starting the inside of the lab: {0}")]
    System(#[from] io::Error),
}

const SPACES: [&str; 5] = ["--net", "--mount", "--pid", "--fork", "--kill-child"];
const AS_ROOT_INSIDE: [&str; 2] = ["--user", "--map-root-user"];

/// How `unshare` is allowed here: without a user namespace where we are root, else with one.
fn way() -> Result<Vec<&'static str>, NoEntry> {
    let mut words = String::new();
    for with_user in [false, true] {
        let user = if with_user { &AS_ROOT_INSIDE[..] } else { &[] };
        let options: Vec<&str> = user.iter().chain(&SPACES).copied().collect();
        let tried = Command::new("unshare")
            .args(&options)
            .args(["--", "ip", "link", "set", "lo", "up"])
            .stdin(Stdio::null())
            .output();
        match tried {
            Ok(output) if output.status.success() => return Ok(options),
            Ok(output) => words = String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(NoEntry::NoUnshare);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(NoEntry::Forbidden { words })
}

/// The inside, running, and the lifeline.
pub struct Inside {
    /// The process to wait for.
    pub child: Child,
    /// Dropping it asks the inside to end.
    pub lifeline: OwnedFd,
}

/// Starts this program inside, with `arguments` and the option that says so.
pub fn start(arguments: impl IntoIterator<Item = OsString>) -> Result<Inside, NoEntry> {
    let options = way()?;
    let (read, lifeline) =
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(io::Error::from)?;
    rustix::io::fcntl_setfd(&read, rustix::io::FdFlags::empty()).map_err(io::Error::from)?;
    let program = std::env::current_exe()?;
    let child = Command::new("unshare")
        .args(options)
        .arg("--")
        .arg(program)
        .args(arguments)
        .arg(format!("--inside={},{}", read.as_raw_fd(), outside()?))
        .spawn()?;
    Ok(Inside { child, lifeline })
}

/// What tells the outside's namespaces from others.
fn outside() -> io::Result<String> {
    let link = |name: &str| std::fs::read_link(format!("/proc/self/ns/{name}"));
    Ok(format!(
        "{}{}",
        link("net")?.display(),
        link("mnt")?.display()
    ))
}

/// Whether the option that says so is right: we are the first process, in namespaces other than
/// those of who started us. Gives the lifeline.
pub fn arrived(option: &str) -> io::Result<File> {
    let (lifeline, before) = option
        .split_once(',')
        .ok_or_else(|| io::Error::other("--inside is for the program itself"))?;
    let own = |name: &str| std::fs::read_link(format!("/proc/self/ns/{name}"));
    let still = before.contains(&*own("net")?.to_string_lossy())
        || before.contains(&*own("mnt")?.to_string_lossy());
    if still || std::process::id() != 1 {
        return Err(io::Error::other("--inside is for the program itself"));
    }
    File::open(format!(
        "/proc/self/fd/{}",
        lifeline.parse::<u32>().unwrap_or_default()
    ))
}

/// Waits for the lifeline's end, then calls `then`.
pub fn when_cut(mut lifeline: File, then: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new()
        .name("lifeline".to_owned())
        .spawn(move || {
            // Nothing is ever sent: any end of the wait is the end.
            let _ = lifeline.read(&mut [0]);
            then();
        })
        .map(drop)
}

/// Makes the places that the lab writes to its own: /run, and /etc with room for
/// /etc/netns and for a resolv.conf that `ip netns exec` can cover.
pub fn furnish() -> io::Result<()> {
    mount(&["-t", "tmpfs", "tmpfs", "/run"])?;
    if std::fs::canonicalize("/var/run")? != std::path::Path::new("/run") {
        mount(&["--bind", "/run", "/var/run"])?;
    }
    std::fs::create_dir_all("/run/etc/netns")?;
    std::fs::create_dir_all("/run/etc-outside")?;
    mount(&["--rbind", "/etc", "/run/etc-outside"])?;
    for entry in std::fs::read_dir("/etc")? {
        let name = entry?.file_name();
        if name != "netns" && name != "resolv.conf" && name != "hosts" {
            let target = std::path::Path::new("/run/etc-outside").join(&name);
            std::os::unix::fs::symlink(target, std::path::Path::new("/run/etc").join(&name))?;
        }
    }
    for name in ["resolv.conf", "hosts"] {
        File::create(std::path::Path::new("/run/etc").join(name))?;
    }
    mount(&["--bind", "/run/etc", "/etc"])?;
    // Processes by their numbers in here. Where a container forbids it, those of outside remain.
    let _ = mount(&["-t", "proc", "proc", "/proc"]);
    Ok(())
}

fn mount(options: &[&str]) -> io::Result<()> {
    let output = Command::new("mount")
        .args(options)
        .stdin(Stdio::null())
        .output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!(
            "mount {}: {}",
            options.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        ))),
    }
}

/// Does `work` in the network namespace of a host.
pub fn on_host<T: Send>(host: &str, work: impl FnOnce() -> T + Send) -> io::Result<T> {
    let space = File::open(format!("/run/netns/{host}"))?;
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // Only this thread moves.
            rustix::thread::move_into_link_name_space(
                std::os::fd::AsFd::as_fd(&space),
                Some(rustix::thread::LinkNameSpaceType::Network),
            )
            .map_err(io::Error::from)?;
            Ok(work())
        });
        thread
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the work on a host broke off")))
    })
}
