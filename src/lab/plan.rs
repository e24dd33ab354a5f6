//! From a lab's description to what is done, in commands that a student could type as root.
//!
//! The commands are what is run: `ip` makes namespaces, cables (veth pairs) and switches
//! (bridges). Only what would need another program is done directly: settings of the kernel
//! ([`Do::Setting`]) and small files ([`Do::File`]).

use super::description::{Action, Host, Lab, Step, Task, Wrong, capture_place, words};
use super::parameters::Values;
use std::fmt;

/// What the network shall do to packets beside carrying them.
#[derive(Clone, Debug, Default)]
pub struct Weather {
    /// Delay of each packet, in milliseconds.
    pub delay_ms: Option<f64>,
    /// Lost packets, in percent.
    pub loss_percent: Option<f64>,
}

/// One thing that is done to build the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Do {
    /// A program is run.
    Run(Vec<String>),
    /// A setting of the kernel, in a host's namespace.
    Setting {
        /// The host.
        host: String,
        /// As `sysctl` calls it.
        key: &'static str,
        /// Its value.
        value: &'static str,
    },
    /// A file is written.
    File {
        /// Where.
        path: String,
        /// What is in it.
        text: String,
    },
}

impl fmt::Display for Do {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Do::Run(words) => f.write_str(&shell(words)),
            Do::Setting { host, key, value } => {
                write!(f, "ip netns exec {host} sysctl -qw {key}={value}")
            }
            Do::File { path, text } => {
                let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
                write!(
                    f,
                    "mkdir -p {folder} && printf {} > {path}",
                    quoted(&text.replace('\n', "\\n"))
                )
            }
        }
    }
}

/// Words as a shell reads them.
pub fn shell(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// How the network of a lab is built.
pub fn network(lab: &Lab, values: &Values, weather: &Weather) -> Vec<Do> {
    let mut plan = Plan {
        values,
        steps: Vec::new(),
    };
    for host in &lab.hosts {
        plan.host(host);
    }
    for (link, ends) in lab.links() {
        match ends.as_slice() {
            [(a, a_port), (b, b_port)] => plan.cable((a, a_port), (b, b_port)),
            ends => plan.switch(link, ends),
        }
    }
    for host in &lab.hosts {
        plan.addresses(host);
        plan.routing(host);
        plan.weather(host, weather);
    }
    plan.names(lab);
    plan.steps
}

struct Plan<'a> {
    values: &'a Values,
    steps: Vec<Do>,
}

impl Plan<'_> {
    fn run(&mut self, command: &str) {
        let words = command.split(' ').map(str::to_owned).collect();
        self.steps.push(Do::Run(words));
    }

    fn set(&mut self, host: &str, key: &'static str, value: &'static str) {
        self.steps.push(Do::Setting {
            host: host.to_owned(),
            key,
            value,
        });
    }

    fn host(&mut self, host: &Host) {
        let name = host.name.get_ref();
        self.run(&format!("ip netns add {name}"));
        // The labs are about IPv4; its own IPv6 would only chatter in the captures.
        self.set(name, "net.ipv6.conf.all.disable_ipv6", "1");
        self.set(name, "net.ipv6.conf.default.disable_ipv6", "1");
        // SYNs again after 1, 2, 4 … s (RFC 6298), not four times after 1 s as Linux does since 6.5.
        self.set(name, "net.ipv4.tcp_syn_linear_timeouts", "0");
        if host.forward {
            self.set(name, "net.ipv4.ip_forward", "1");
        }
        if !host.silent_to.is_empty() {
            // Otherwise it would not even answer ARP for addresses it has no way back to.
            self.set(name, "net.ipv4.conf.all.rp_filter", "0");
            self.set(name, "net.ipv4.conf.default.rp_filter", "0");
        }
        self.run(&format!("ip -n {name} link set lo up"));
    }

    /// The hardware address of an interface: the lab's, or one that its place determines.
    fn mac(&self, host: &Host, port: &str) -> String {
        let number: usize = port.trim_start_matches("eth").parse().unwrap_or_default();
        let given = host.interfaces.get(number).and_then(|p| p.mac.as_ref());
        match given {
            Some(mac) => self.values.fill(mac.get_ref()),
            None => {
                let name = format!("{} {port}", host.name.get_ref());
                let mut hash = 0x811c_9dc5_u32;
                for byte in name.bytes() {
                    hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
                }
                let [_, a, b, c] = hash.to_be_bytes();
                format!("02:00:00:{a:02x}:{b:02x}:{c:02x}")
            }
        }
    }

    fn cable(&mut self, (a, a_port): (&Host, &String), (b, b_port): (&Host, &String)) {
        let (a_mac, b_mac) = (self.mac(a, a_port), self.mac(b, b_port));
        let (a, b) = (a.name.get_ref(), b.name.get_ref());
        self.run(&format!(
            "ip link add {a_port} netns {a} address {a_mac} type veth peer name {b_port} netns {b} address {b_mac}"
        ));
    }

    fn switch(&mut self, link: &str, ends: &[(&Host, String)]) {
        self.run(&format!("ip netns add {link}"));
        self.steps.push(Do::Setting {
            host: link.to_owned(),
            key: "net.ipv6.conf.default.disable_ipv6",
            value: "1",
        });
        self.run(&format!(
            "ip -n {link} link add br0 type bridge mcast_snooping 0"
        ));
        self.run(&format!("ip -n {link} link set br0 up"));
        for (number, (host, port)) in ends.iter().enumerate() {
            let mac = self.mac(host, port);
            let name = host.name.get_ref();
            self.run(&format!(
                "ip link add {port} netns {name} address {mac} type veth peer name port{number} netns {link}"
            ));
            self.run(&format!("ip -n {link} link set port{number} master br0 up"));
        }
    }

    fn addresses(&mut self, host: &Host) {
        let name = host.name.get_ref();
        for (number, port) in host.interfaces.iter().enumerate() {
            if let Some(address) = &port.address {
                let address = self.values.fill(address.get_ref());
                self.run(&format!(
                    "ip -n {name} address add {address} broadcast + dev eth{number}"
                ));
            }
            // Frames leave as they would go over a wire: no more than one segment each, their
            // checksums finished, also where an ICMP error quotes them.
            self.run(&format!(
                "ip -n {name} link set eth{number} up gso_max_segs 1"
            ));
            self.run(&format!(
                "ip netns exec {name} ethtool -K eth{number} tx off"
            ));
        }
    }

    fn routing(&mut self, host: &Host) {
        let name = host.name.get_ref();
        if let Some(gateway) = &host.gateway {
            let gateway = self.values.fill(gateway.get_ref());
            self.run(&format!("ip -n {name} route add default via {gateway}"));
        }
        for route in &host.routes {
            let (to, via) = (
                self.values.fill(route.to.get_ref()),
                self.values.fill(route.via.get_ref()),
            );
            self.run(&format!("ip -n {name} route add {to} via {via}"));
        }
        for address in &host.silent_to {
            let address = self.values.fill(address.get_ref());
            self.run(&format!("ip -n {name} route add blackhole {address}"));
        }
        if let Some(outside) = &host.nat {
            let outside = outside.get_ref();
            let nft = |words: &str| format!("ip netns exec {name} nft {words}");
            self.run(&nft("add table ip nat"));
            self.run(&nft(
                "add chain ip nat out { type nat hook postrouting priority 100 ; }",
            ));
            self.run(&nft(&format!(
                "add rule ip nat out oifname {outside} masquerade"
            )));
        }
    }

    fn weather(&mut self, host: &Host, weather: &Weather) {
        let mut netem = String::new();
        if let Some(delay) = weather.delay_ms {
            netem.push_str(&format!(" delay {delay}ms"));
        }
        if let Some(loss) = weather.loss_percent {
            netem.push_str(&format!(" loss {loss}%"));
        }
        if netem.is_empty() {
            return;
        }
        let name = host.name.get_ref();
        for number in 0..host.interfaces.len() {
            self.run(&format!(
                "tc -n {name} qdisc add dev eth{number} root netem{netem}"
            ));
        }
    }

    /// `ip netns exec` puts these files in place of those in /etc.
    fn names(&mut self, lab: &Lab) {
        let mut table = "127.0.0.1 localhost\n".to_owned();
        for host in &lab.hosts {
            let first = host
                .interfaces
                .iter()
                .find_map(|port| port.address.as_ref());
            if let Some(address) = first {
                let address = self.values.fill(address.get_ref());
                let bare = address.split('/').next().unwrap_or_default();
                table.push_str(&format!("{bare} {}\n", host.name.get_ref()));
            }
        }
        for host in &lab.hosts {
            let folder = format!("/etc/netns/{}", host.name.get_ref());
            self.steps.push(Do::File {
                path: format!("{folder}/hosts"),
                text: table.clone(),
            });
            let resolver = match &host.resolver {
                Some(address) => format!("nameserver {}\n", self.values.fill(address.get_ref())),
                // Nobody is asked, least of all the machine's own servers.
                None => "options attempts:1 timeout:1\n".to_owned(),
            };
            self.steps.push(Do::File {
                path: format!("{folder}/resolv.conf"),
                text: resolver,
            });
        }
    }
}

/// A command on a host, as it is typed.
pub fn on_host(host: &str, words: &[String]) -> Vec<String> {
    let mut all: Vec<String> = ["ip", "netns", "exec", host].map(str::to_owned).into();
    all.extend_from_slice(words);
    all
}

/// The words of a step's command, with the parameters' values; a value with blanks stays one
/// word.
pub fn filled(command: &super::description::Placed, values: &Values) -> Result<Vec<String>, Wrong> {
    let words = words(command)?;
    Ok(words.iter().map(|word| values.fill(word)).collect())
}

/// What a task does, as commands with remarks.
pub fn task_lines(task: &Task, values: &Values) -> Result<Vec<String>, Wrong> {
    let mut lines = Vec::new();
    for (number, place) in task.capture.iter().enumerate() {
        let (host, interface) = capture_place(place.get_ref());
        let file = capture_file(task, number);
        lines.push(format!(
            "ip netns exec {host} wirelab capture -i {interface} -w {file} &"
        ));
    }
    for step in &task.steps {
        lines.extend(step_lines(step, values)?);
    }
    Ok(lines)
}

/// The name of a task's capture: the task's, for further ones with the host's.
pub fn capture_file(task: &Task, number: usize) -> String {
    let id = task.id.get_ref();
    match (number, task.capture.get(number)) {
        (0, _) | (_, None) => format!("{id}.pcapng"),
        (_, Some(place)) => format!("{id}-{}.pcapng", place.get_ref().replace(':', "-")),
    }
}

/// A step as commands with remarks.
pub fn step_lines(step: &Step, values: &Values) -> Result<Vec<String>, Wrong> {
    let mut lines = Vec::new();
    if let Some(say) = &step.say {
        lines.push(format!("# {}", values.fill(say.get_ref())));
    }
    lines.push(match step.action()? {
        Action::Run { at, command } => {
            let line = shell(&on_host(at.get_ref(), &filled(command, values)?));
            match step.status {
                0 => line,
                status => format!("{line}    # ends with status {status}"),
            }
        }
        Action::Start { at, command, name } => format!(
            "{} &    # {}",
            shell(&on_host(at.get_ref(), &filled(command, values)?)),
            name.get_ref()
        ),
        Action::Type { line, into } => format!(
            "#   type into {}: {}",
            into.get_ref(),
            values.fill(line.get_ref())
        ),
        Action::Close(name) => format!("#   end the input of {} (Ctrl-D)", name.get_ref()),
        Action::Stop(name) => format!("#   end {} (Ctrl-C)", name.get_ref()),
        Action::Await(name) => format!("#   wait until {} ends", name.get_ref()),
        Action::Wait(time) => format!("sleep {}", values.fill(time.get_ref())),
    });
    Ok(lines)
}
