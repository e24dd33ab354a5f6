//! The labs' programs: servers, clients, and the machine's socket table.
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
