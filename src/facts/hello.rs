//! TLS hellos: who wants to talk securely with whom, and how.

use std::net::IpAddr;

crate::fact! {
    "One TLS hello: versions and names only; what follows is encrypted and is not looked at."
    Hello "hellos" "hello" {
        frame: u32, "Frame in which the hello is complete.";
        stream: u32, "TCP conversation, as tcp.stream.";
        sender: IpAddr, "Who says hello.";
        receiver: IpAddr, "To whom.";
        side: &'static str, "client or server.";
        version: String, "TLS version: the highest the client offers, or the one the server chose.";
        server_name: Option<Vec<u8>>, "Host the client asks for (SNI).";
        cipher: Option<String>, "Cipher suite the server chose.";
        ciphers_offered: Option<u32>, "How many cipher suites the client offers.";
        application: Option<String>, "Protocols above TLS, offered or chosen (ALPN).";
    }
}
