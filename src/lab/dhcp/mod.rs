//! DHCP (RFC 2131): a server for a lab's network, and a client that releases, asks and renews.
//!
//! Relay agents are left out. Messages to and from a host without an address go as whole frames
//! through pnet's datalink channel, as real programs send them; between hosts that have addresses
//! they go through ordinary sockets, with the kernel's ARP.

pub mod client;
pub mod link;
pub mod message;
pub mod server;

/// The server's port.
pub const SERVER_PORT: u16 = 67;
/// The client's port.
pub const CLIENT_PORT: u16 = 68;
