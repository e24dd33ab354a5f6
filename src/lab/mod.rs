//! The labs: programs (servers, clients, the machine's socket table), networks, whole labs.
//!
//! A whole lab is a TOML file ([`description`], the built-in ones in [`labs`]) with [`parameters`]
//! that a seed varies. [`plan`] turns it into commands, [`enter`] makes namespaces that vanish with
//! their first process, [`stage`] performs and records it there, [`record`] documents and writes
//! the file that states the parameters. [`dhcp`], [`dns`], [`web`], [`ping`] and [`nagle`] are
//! what a network needs beside the handouts' programs.
//!
//! Every program of the handouts is here, each in the file of its name: [`upper`], [`rtt`],
//! [`chat`], [`udp_chat`], [`command`], [`secret`], [`mod@file`], [`netcat`], [`proxy`]; and
//! [`sockets`], which shows what they have open. A program is a pure answer (`upper::upper`,
//! `secret::answer`, …) plus a short socket loop. What the loops share is beside them:
//! [`listen`] and [`serve`] for servers, [`connect`] for clients, [`conversation`] for both ends
//! of a TCP connection, [`stop`] for ending, [`log`] for the record of what happened.
//!
//! **Invariant:** nothing of the analysis is imported. What these programs do is told by their
//! own log and by a capture of their packets; the two are joined by address, port and time.
//!
//! Decisions:
//!
//! * Threads and `poll`, no asynchronous runtime: a student can read the loop, and `--mode
//!   fork|select` are about the alternatives. Every wait is a `poll` on the socket *and* on the
//!   [`stop::Stop`], so Ctrl-C ends any number of threads at once.
//! * An answer ends as its request did: after a line comes a line; a program that sends bare
//!   bytes and waits (the handouts' own clients do) gets bare bytes.
//! * A lab's commands run below `ip netns exec`, as a student would type them: `lab plan` prints
//!   what `lab run` does. Only settings of the kernel and small files are written directly.
//! * A lab leaves nothing behind because everything in it lives in a process namespace: when its
//!   first process ends, the kernel ends the rest. Nothing is cleaned up by hand.
//! * A full server lets the client go that has been silent longest, if it has been for a second.
//! * Everything from the network is bounded: message length, clients, time.

pub mod chat;
pub mod chat_fork;
pub mod chat_select;
pub mod command;
pub mod connect;
pub mod conversation;
pub mod description;
pub mod dhcp;
pub mod dns;
pub mod enter;
pub mod fault;
pub mod file;
pub mod labs;
pub mod listen;
pub mod log;
pub mod nagle;
pub mod netcat;
pub mod parameters;
mod perform;
pub mod ping;
pub mod plan;
pub mod proxy;
pub mod record;
pub mod rtt;
pub mod secret;
pub mod serve;
pub mod sockets;
pub mod stage;
pub mod stop;
pub mod udp;
pub mod udp_chat;
pub mod upper;
pub mod web;
