//! Wirelab: the bench, the analyst and the examiner of a networking course.
//!
//! The tour, in reading order. A capture becomes frames ([`capture`]), a frame becomes layers
//! ([`dissect`]), packets over time (`track`) become flat records of what happened
//! ([`facts`]), which can be asked in Wireshark's language ([`query`]), put in order
//! ([`report`]) and written out ([`render`]). A [`handout`]'s questions are answered from them, and hand-ins held against
//! the answers ([`grade`]). The labs' programs are in [`lab`]. The
//! subcommands are in [`cli`].

pub mod analyze;
pub mod capture;
pub mod cli;
pub mod dissect;
pub mod facts;
pub mod grade;
pub mod handout;
pub mod lab;
pub mod query;
pub mod render;
pub mod report;
pub mod store;
mod track;
