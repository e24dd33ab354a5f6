//! The labs that come with the program: one file each, as a teacher would write it.

/// Name and file of each, in the order of the handouts.
pub const LABS: [(&str, &str); 5] = [
    ("client-server", include_str!("client-server.toml")),
    ("transport", include_str!("transport.toml")),
    ("ip-dhcp-arp", include_str!("ip-dhcp-arp.toml")),
    (
        "netcat-secret-file",
        include_str!("netcat-secret-file.toml"),
    ),
    ("rtt", include_str!("rtt.toml")),
];

/// The file of the lab called `name`.
pub fn text(name: &str) -> Option<&'static str> {
    LABS.iter()
        .find(|(own, _)| *own == name)
        .map(|(_, text)| *text)
}
