//! TLS hellos: who wants to talk securely with whom, and how.

use super::{Absent, Side};
use std::net::IpAddr;

/// Of what the part of a hello that is there does not have.
fn none(h: &Hello, never: &'static str) -> Absent {
    if h.complete {
        Absent::never(never)
    } else {
        CUT
    }
}

const CUT: Absent = Absent::untold("not all of the hello is in the capture");

crate::fact! {
    "One TLS hello: versions and names only, and whether an alert answered it; what follows is not looked at."
    Hello "hellos" "hello" by [frame] {
        frame: u32, "Frame in which the hello is complete, or its last bytes that were captured.";
        stream: u32, "TCP conversation, as tcp.stream.";
        sender: IpAddr, "Who says hello.";
        receiver: IpAddr, "To whom.";
        side: Side, "Whose hello it is.";
        complete: bool, "Whether all of it is in the capture.";
        version: Option<String>, "TLS version: the highest the client offers, or the one the server chose." absent |_| CUT;
        server_name: Option<Vec<u8>>, "Host the client asks for (SNI)." absent |h: &Hello| match h.side { Side::Server => Absent::inapplicable("the server's hello names no host"), _ => none(h, "the client names no host") };
        cipher: Option<String>, "Cipher suite the server chose." absent |h: &Hello| match h.side { Side::Server => CUT, _ => Absent::inapplicable("only the server's hello chooses one") };
        ciphers_offered: Option<u32>, "How many cipher suites the client offers." absent |h: &Hello| match h.side { Side::Server => Absent::inapplicable("only the client's hello offers them"), _ => CUT };
        retry: bool, "Whether the server asks for another hello with it, before it says its own (Hello Retry Request, RFC 8446 §4.1.4).";
        alert: Option<String>, "What the other side refused it with: the alert in the place of its own hello, or, of a server's hello or what came with it, a fatal one in the place of the client's next message." by [frame, alert_frame] absent |_| Absent::never("no alert that can be read came in the place of a hello, or of the client's next message");
        alert_frame: Option<u32>, "Frame of that alert." absent |_| Absent::never("no alert that can be read came in the place of a hello, or of the client's next message");
        application: Option<String>, "Protocols above TLS, offered or chosen (ALPN)." absent |h: &Hello| match (h.side, h.version.as_deref()) { (Side::Server, Some("TLS 1.3")) => Absent::untold("in TLS 1.3 the choice is encrypted (RFC 8446 section 4.3.1)"), _ => none(h, "the hello names none") };
    }
}
