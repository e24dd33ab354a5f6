//! TLS hellos: who wants to talk securely with whom, and how.

use super::{Absent, Side};
use std::net::IpAddr;

crate::fact! {
    "One TLS hello: versions and names only; what follows is encrypted and is not looked at."
    Hello "hellos" "hello" by [frame] {
        frame: u32, "Frame in which the hello is complete.";
        stream: u32, "TCP conversation, as tcp.stream.";
        sender: IpAddr, "Who says hello.";
        receiver: IpAddr, "To whom.";
        side: Side, "Whose hello it is.";
        version: String, "TLS version: the highest the client offers, or the one the server chose.";
        server_name: Option<Vec<u8>>, "Host the client asks for (SNI)." absent |h: &Hello| match h.side { Side::Server => Absent::inapplicable("the server's hello names no host"), _ => Absent::never("the client names no host") };
        cipher: Option<String>, "Cipher suite the server chose." absent |_| Absent::inapplicable("only the server's hello chooses one");
        ciphers_offered: Option<u32>, "How many cipher suites the client offers." absent |_| Absent::inapplicable("only the client's hello offers them");
        application: Option<String>, "Protocols above TLS, offered or chosen (ALPN)." absent |_| Absent::never("the hello names none");
    }
}
