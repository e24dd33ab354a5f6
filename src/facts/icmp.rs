//! ICMP: echoes, errors, and the traceroutes that they make.

use super::{Absent, Frames, Milliseconds, Moment};
use std::net::IpAddr;

const SHARED: &str =
    "several equal requests waited when the reply came; which of them it answers cannot be told";

fn unclear(p: &Ping) -> Option<String> {
    p.reply_shared.then(|| SHARED.to_owned())
}

fn no_span(p: &Ping) -> Absent {
    if p.reply_frame.is_none() {
        no_reply(p)
    } else if p.reply_shared {
        Absent::untold(SHARED)
    } else if p.reply_last_frame.is_none() {
        no_whole(p)
    } else if p.whole && p.time.is_some() {
        Absent::clock()
    } else if p.whole {
        Absent::untold("the frames have no time")
    } else {
        Absent::untold("not all fragments of the request and the reply are in the capture")
    }
}

fn no_whole(p: &Ping) -> Absent {
    match p.reply_frame {
        Some(_) => Absent::untold("only some fragments of the reply are in the capture"),
        None => no_reply(p),
    }
}

fn no_responders(p: &Ping) -> Absent {
    match p.reply_frame {
        Some(_) => Absent::inapplicable("one host was asked, and replied itself"),
        None => no_reply(p),
    }
}

fn no_reply(p: &Ping) -> Absent {
    match p.error_frame {
        _ if p.error_shared => Absent::untold(
            "an equal request was sent too, and an ICMP error came back that may be about either of them",
        ),
        Some(_) => Absent::never("an ICMP error came back instead of a reply"),
        None if p.reply_shared => Absent::untold(
            "an equal request was sent too, and a reply came that may answer either of them",
        ),
        None => Absent::untold("no reply is in the capture"),
    }
}

fn no_echo(p: &Ping) -> Absent {
    match p.reply_frame {
        Some(_) => Absent::untold("not all bytes of the request and the reply are in the capture"),
        None => no_reply(p),
    }
}

crate::states! {
    "Whether a reply brings back what its request carried, as it has to (RFC 792, RFC 4443 section 4.2)." Echoed {
        Same "same" "The same bytes.";
        Changed "changed" "As many bytes, but not the same.";
        Length "another-length" "Fewer or more bytes.";
    }
}

crate::fact! {
    "One echo request and its reply, or none."
    Ping "pings" "ping" by [frame] {
        frame: u32, "Frame of the request.";
        time: Option<Moment>, "When it was sent." absent |_| Absent::untold("the frame has no time");
        source: IpAddr, "Who asks.";
        destination: IpAddr, "Who is asked.";
        identifier: u16, "Identifier: tells one ping process from another.";
        sequence: u16, "Sequence number.";
        payload_bytes: Option<u32>, "Bytes after the eight of the ICMP header." absent |_| Absent::untold("its last fragment is not in the capture");
        ttl: u8, "TTL of the request as captured.";
        reply_frame: Option<u32>, "Frame of the reply; of the first, where several answer." absent no_reply;
        reply_ttl: Option<u8>, "TTL of that reply as captured." by [reply_frame] absent no_reply;
        reply_last_frame: Option<u32>, "Frame with which that reply was whole: the last of its fragments to come, where it came in several." absent no_whole;
        rtt_ms: Option<Milliseconds>, "From the request to that reply, all of it." by [frame, reply_last_frame] doubt unclear absent no_span;
        reply_shared: bool, "Several requests with the same addresses, identifier and number waited when a reply came; which of them it answers cannot be told." by [frame, reply_frame];
        echoed: Option<Echoed>, "Whether that reply brings back what the request carried." by [frame, reply_frame] absent no_echo;
        reply_frames: Frames, "Frames of all replies: where a group is asked, each member answers, and a host may answer twice (DUP! in ping's words)." by [reply_frames];
        responders: Option<Vec<IpAddr>>, "Who of the group that was asked replied, in order." by [reply_frames] absent no_responders;
        whole: bool, "Whether the request and the reply are there with all their fragments.";
        copy_frames: Frames, "Frames that hold the request or a reply once more: captured again, not sent again." by [frame, copy_frames];
        error_frame: Option<u32>, "Frame of an ICMP error about this request." absent |p: &Ping| if p.error_shared { no_reply(p) } else { Absent::untold("no ICMP error about it is in the capture") };
        error_shared: bool, "Several equal requests waited when an ICMP error came back; which of them it is about cannot be told: they are given their errors in the order they were sent in." by [frame, error_frame];
    }
}

crate::fact! {
    "One ICMP error, with the packet it is about."
    IcmpError "icmp_errors" "icmp_error" by [frame] {
        frame: u32, "Frame of the error.";
        time: Option<Moment>, "When it was seen." absent |_| Absent::untold("the frame has no time");
        sender: IpAddr, "Who reports it.";
        receiver: IpAddr, "Who is told.";
        kind: u8, "ICMP type.";
        code: u8, "ICMP code.";
        meaning: String, "The same in words.";
        gateway: Option<IpAddr>, "The better router that a redirect names, or the destination itself if it is on the link." absent |e: &IcmpError| if e.kind == 5 { Absent::untold("the message is cut before it") } else { Absent::inapplicable("it is no redirect") };
        mtu: Option<u32>, "The longest packet that can go on, where one was too big (RFC 1191, RFC 8201)." absent |e: &IcmpError| if matches!((e.kind, e.code), (3, 4) | (2, _)) { Absent::untold("the message does not say, or is cut before it") } else { Absent::inapplicable("it does not tell that a packet was too big") };
        about: String, "The packet it quotes: protocol, addresses and ports.";
        about_source: Option<IpAddr>, "Source address of that packet." absent |_| Absent::untold("the quoted packet is cut before it");
        about_destination: Option<IpAddr>, "Destination address of that packet." absent |_| Absent::untold("the quoted packet is cut before it");
        about_protocol: Option<u8>, "IP protocol of that packet, by number." absent |_| Absent::untold("the quoted packet is cut before it");
        about_length_bytes: Option<u32>, "Length of that packet, by its own header." absent |_| Absent::untold("the quoted packet is cut before it");
        about_dont_fragment: Option<bool>, "Whether that packet says that nobody may divide it on the way (DF)." absent |e: &IcmpError| if e.sender.is_ipv4() { Absent::untold("the quoted packet is cut before it") } else { Absent::inapplicable("in IPv6 nobody divides packets on the way") };
        copy_of_frame: Option<u32>, "Frame shortly before that holds the same error: captured twice, or doubled on its way." absent |_| Absent::never("no frame shortly before holds the same packet");
        about_frame: Option<u32>, "Frame of that packet, when it is in the capture." absent |_| Absent::untold("the packet it is about is not in the capture, cannot be told from others like it, or is none of TCP, UDP and ICMP, and others are not looked up");
        about_shared: bool, "Several packets that it may be about were sent, with nothing to tell them apart: they are given their errors in the order they were sent in." by [about_frame];
    }
}

impl IcmpError {
    /// Whether it says that a port cannot be reached (RFC 792, RFC 4443 section 3.1).
    pub(crate) fn is_port_unreachable(&self) -> bool {
        let own = if self.sender.is_ipv4() {
            (3, 3)
        } else {
            (1, 4)
        };
        (self.kind, self.code) == own
    }
}

crate::fact! {
    "One probe of a traceroute: its TTL, and the router that answered it."
    TraceProbe "traceroute" "trace" by [frame, answer_frame] {
        frame: u32, "Frame of the probe.";
        source: IpAddr, "Who traces.";
        destination: IpAddr, "Whom it traces.";
        ttl: u8, "TTL of the probe: the router that says that it ran out is so many hops away.";
        router: Option<IpAddr>, "Who answered." by [answer_frame] absent |_| Absent::untold("nothing that answers this probe is in the capture");
        answer_shared: bool, "Several equal probes waited when the answer came; which of them it answers cannot be told: they are given their answers in the order they were sent in." by [frame, answer_frame];
        answer_frame: Option<u32>, "Frame of the answer." absent |_| Absent::untold("nothing that answers this probe is in the capture");
        rtt_ms: Option<Milliseconds>, "From the probe to the answer." absent |t: &TraceProbe| if t.answer_shared { Absent::untold("several equal probes waited when the answer came; which of them it answers cannot be told") } else if t.answer_frame.is_some() { Absent::untold("the frames have no time, or the clock was set back between them") } else { Absent::untold("nothing that answers this probe is in the capture") };
        refusal: Option<String>, "What the answer says, where it is not that the TTL ran out, and not of the destination: who sent it does not pass the probe on (!H and the like of traceroute), however far away it is." by [answer_frame] absent |t: &TraceProbe| if t.answer_frame.is_some() { Absent::never("the answer says that the TTL ran out, or is of the destination") } else { Absent::untold("nothing that answers this probe is in the capture") };
        reached: Option<bool>, "Whether it was the destination itself that answered." by [answer_frame] absent |_| Absent::untold("nothing that answers this probe is in the capture: it may have come as far as the destination");
    }
}
