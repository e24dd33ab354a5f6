//! Handouts: sets of questions, and their answers from a student's captures, with evidence.
//!
//! A handout is a TOML file ([`mod@format`]). [`plan`] checks it and makes it ready; [`material`] reads
//! each capture; [`find`] looks for the things the questions are about ([`terms`] reads each text once); [`answer`] answers.
//!
//! **Invariant:** nothing about traffic is computed here. Values are fields of frames and of facts,
//! or calculations with them in the filter language; what no field gives becomes a field or a
//! fact. A file is known by what it holds, never by its name.

pub mod answer;
mod check;
pub mod draft;
pub mod find;
pub mod format;
pub mod material;
pub mod names;
pub mod pairs;
pub mod plan;
pub mod problem;
pub mod sheet;
pub mod slots;
pub mod template;
pub mod terms;
pub mod units;
pub mod value;
mod wording;

pub use answer::{Answer, Equal, Evidence, answers};
pub use find::Found;
pub use material::Material;
pub use plan::Handout;
pub use problem::Problem;
pub use value::Datum;

/// The handouts that come with the program: what they are called, and their text.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("client-server", include_str!("handouts/client-server.toml")),
    ("transport", include_str!("handouts/transport.toml")),
    ("ip-dhcp-arp", include_str!("handouts/ip-dhcp-arp.toml")),
    (
        "netcat-secret-file",
        include_str!("handouts/netcat-secret-file.toml"),
    ),
    ("rtt", include_str!("handouts/rtt.toml")),
    ("tcp-upload", include_str!("handouts/tcp-upload.toml")),
    ("ip-fragments", include_str!("handouts/ip-fragments.toml")),
    ("dns", include_str!("handouts/dns.toml")),
    ("http", include_str!("handouts/http.toml")),
    ("nat", include_str!("handouts/nat.toml")),
];

/// The text of a built-in handout.
pub fn built_in(id: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(name, _)| *name == id).map(|b| b.1)
}
