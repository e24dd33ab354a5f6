//! One frame into layers, one file per protocol, and where and why it stopped.
pub mod field;
