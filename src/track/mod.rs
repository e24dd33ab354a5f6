//! Packets over time into facts.
//!
//! **Invariant:** no output, no clock; time comes from frames. Hash tables only find things:
//! what is reported is in the order of first appearance.

pub mod tcp;
