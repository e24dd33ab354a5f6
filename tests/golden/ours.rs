//! Where we say something else than tshark, and why.

/// Where we say something else: by capture, scenario or kept file, what the cells begin with, and why.
pub(crate) const OURS: &[(&str, &str, &str)] = &[
    (
        "ftp",
        "tcp.completeness=",
        "tshark opens the data connection before its SYN",
    ),
    (
        "snmp",
        "udp.",
        "tshark opens conversations that no packet belongs to",
    ),
    ("mail", "_ws.col.Protocol=", "mails are not decoded"),
    ("mail", "frame.protocols=", "mails are not decoded"),
    (
        "nbns",
        "_ws.col.Protocol=",
        "what browsers tell is not decoded",
    ),
    // These send in clear what would be encrypted.
    (
        "what follows AUTH TLS cannot be read",
        "",
        "TLS is expected",
    ),
    ("POP after STLS", "_ws.col.Protocol=", "TLS is expected"),
    (
        "a tunnel, and a change of protocol",
        "_ws.col.Info=",
        "the hello in it is none, and messages of WebSocket are not decoded",
    ),
    (
        "what comes again at once, of a record that is whole already",
        "_ws.col.Info=",
        "tshark's words for what cannot be put together",
    ),
    (
        "of two records that came in two segments each, either is known when its bytes come again",
        "_ws.col.Info=",
        "tshark's words for what cannot be put together",
    ),
    (
        "a packet of SSH that the capture cuts is not waited for",
        "_ws.col.Info=",
        "tshark notes that a packet is cut in the middle of what it says",
    ),
    (
        "what is only named: one message, two in a segment, one in two, one that is cut",
        "_ws.col.Info=",
        "what is only named has no line of its own",
    ),
    (
        "of a server whose callers are not captured, the answers on ports used again are told",
        "_ws.col.Info=",
        "tshark calls the ports used again in the line, and its second reading counts from the last answer",
    ),
    (
        "of a server whose callers are not captured, the answers on ports used again are told",
        "tcp.",
        "tshark's second reading counts from the last answer",
    ),
    (
        "an answer again after the end is another record only where the caller was never seen",
        "_ws.col.Info=",
        "tshark calls the ports used again in the line, and not in its field",
    ),
    (
        "SMTP after STARTTLS, and a mail that speaks of passwords",
        "",
        "mails are not decoded",
    ),
    (
        "a RST before the SYN belongs to an earlier connection",
        "tcp.analysis",
        "tshark has an analysis, and nothing in it, for the SYN",
    ),
    (
        "in chunks, with a trailer, and until the end",
        "http.response_for.uri=",
        "tshark adds the host of an earlier request",
    ),
    (
        "asked together, answered together, and an interim answer",
        "http.",
        "tshark's second reading numbers two requests of one frame alike",
    ),
    (
        "a hole in a body counts, a hole in a head does not",
        "http.",
        "tshark reads on in a head behind a hole",
    ),
    (
        "what is only named: one message, two in a segment, one in two, one that is cut",
        "tcp.pdu.size=",
        "what is only named is not measured",
    ),
    (
        "a change to HTTP/2",
        "tcp.pdu.size=",
        "what is only named is not measured",
    ),
    (
        "a change to HTTP/2",
        "_ws.col.Info=",
        "what is only named is not looked into",
    ),
    (
        "what is only named, with a name above it",
        "tcp.pdu.size=",
        "what is only named is not measured",
    ),
    (
        "what is only named, with a name above it",
        "_ws.col.Protocol=",
        "tshark calls Modbus by its transport",
    ),
    (
        "a refusal opens no tunnel",
        "frame.protocols=",
        "tshark takes it for one",
    ),
    (
        "a tunnel, and a change of protocol",
        "frame.protocols=",
        "messages of WebSocket are not decoded",
    ),
    ("POP after STLS", "frame.protocols=", "TLS is expected"),
    (
        "a tunnel, and a change of protocol",
        "_ws.col.Protocol=",
        "the hello in it is none",
    ),
    (
        "a tunnel, and a change of protocol",
        "tcp.pdu.size=",
        "messages of WebSocket are not decoded",
    ),
    (
        "a refusal opens no tunnel",
        "http.",
        "tshark takes it for one",
    ),
    (
        "pings of several",
        "icmp.",
        "tshark pairs the newest of equal requests, and nothing with what went to everybody",
    ),
    (
        "pieces that overlap, alike and not",
        "ip.fragment=",
        "tshark leaves out a piece that differs",
    ),
    (
        "fragments that overlap and disagree: neither is the checksum wrong, nor what was sent known",
        "ip.fragment=",
        "tshark leaves out a piece that differs",
    ),
    (
        "length and payload disagree",
        "udp.",
        "tshark stops at a length that cannot be",
    ),
    (
        "communities of SNMP",
        "udp.",
        "tshark opens conversations that no packet belongs to",
    ),
    (
        "who is there, by SSDP",
        "http.response_for.uri=",
        "tshark names what is only asked later",
    ),
    (
        "files by FTP, over the connections that are announced",
        "tcp.completeness=",
        "tshark opens the data connection before its SYN",
    ),
    (
        "holes in a chunk, in a body until the end, and in the line of a chunk",
        "http.",
        "tshark reads on behind holes",
    ),
    (
        "what was seen before was sent again, whatever it is called",
        "tcp.segment_data=",
        "tshark calls it out of order and waits for the rest of a message that it has seen",
    ),
    (
        "but what is sent again and overtaken is",
        "tcp.segment_data=",
        "tshark waits for the rest of a message that it has seen",
    ),
    (
        "what the receiver says it got twice was doubled by the network",
        "tcp.segment_data=",
        "tshark waits for the rest of a message that it has seen",
    ),
    (
        "a first line in drops",
        "",
        "for tshark a line that ends in the version is enough to begin HTTP",
    ),
    (
        "wrong",
        "udp.time",
        "tshark keeps no times of a datagram without payload",
    ),
    (
        "SMTP: AUTH PLAIN in its own line, and given up",
        "smtp.req.command=",
        "tshark takes the line that gives up for none",
    ),
    (
        "random-http",
        "http.response_for.uri=",
        "tshark's second reading begins with the last request of its first",
    ),
    (
        "random-mishaps-http",
        "http.response_for.uri=",
        "tshark's second reading begins with the last request of its first",
    ),
    (
        "random-pieces",
        "ip.fragment.overlap=",
        "tshark repeats it for each piece that overlaps",
    ),
    (
        "an answer again after the end is another record only where the caller was never seen",
        "tcp.",
        "tshark's second reading counts from the later answer",
    ),
    (
        "after its end, the same ports and the same number are called again: that is another connection",
        "tcp.",
        "tshark's second reading counts from the later answer",
    ),
    (
        "after its end, the same ports and the same number are called again: that is another connection",
        "_ws.col.Info=",
        "tshark's second reading counts from the later answer",
    ),
    (
        "and so after both FINs",
        "tcp.",
        "tshark's second reading counts from the later answer",
    ),
    (
        "and so after both FINs",
        "_ws.col.Info=",
        "tshark's second reading counts from the later answer",
    ),
    (
        "a SYN with another number begins another record, but not behind the answer it belongs to",
        "tcp.analysis",
        "tshark has a round trip for what came before its SYN",
    ),
    (
        "frames of a SYN and of its refusal that were swapped",
        "tcp.analysis",
        "tshark has a round trip for what came before its SYN",
    ),
    (
        "the refusal of another SYN is none of this one",
        "tcp.analysis",
        "tshark has a round trip for what came before its SYN",
    ),
    (
        "a refusal before a SYN that was answered is none either",
        "tcp.analysis",
        "tshark has a round trip for what came before its SYN",
    ),
    (
        "a SYN behind the answer to it, and in the wrong order",
        "tcp.analysis",
        "tshark has an analysis, and nothing in it, for the SYN",
    ),
    // Letters where a head of HTTP is to be.
    (
        "segments and their round trips",
        "tcp.reassembled_in=",
        "what is no head is not put together",
    ),
    (
        "a server that answers both in turn does not let anybody wait",
        "tcp.reassembled_in=",
        "what is no head is not put together",
    ),
    (
        "of two SYN+ACKs with different numbers the one counts that is acknowledged: the first",
        "_ws.col.Info=",
        "the second reading of tshark compares the first SYN+ACK with the number of the last",
    ),
    (
        "of two SYN+ACKs with different numbers the one counts that is acknowledged: the first",
        "tcp.analysis.flags=",
        "the second reading of tshark compares the first SYN+ACK with the number of the last",
    ),
    (
        "of two SYN+ACKs with different numbers the one counts that is acknowledged: the first",
        "tcp.analysis.reused_ports=",
        "the second reading of tshark compares the first SYN+ACK with the number of the last",
    ),
    (
        "or the second SYN+ACK",
        "_ws.col.Info=",
        "the second reading of tshark compares the first SYN+ACK with the number of the last",
    ),
    (
        "or the second SYN+ACK",
        "tcp.analysis.flags=",
        "the second reading of tshark compares the first SYN+ACK with the number of the last",
    ),
    (
        "or the second SYN+ACK",
        "tcp.analysis.reused_ports=",
        "the second reading of tshark compares the first SYN+ACK with the number of the last",
    ),
    (
        "dns-tcp 3",
        "frame.protocols=",
        "tshark names some messages that earlier segments have begun with those of their last one",
    ),
    (
        "dns-tcp 4",
        "frame.protocols=",
        "tshark names some messages that earlier segments have begun with those of their last one",
    ),
    (
        "of three the first, though both others came before its ACK",
        "_ws.col.Info=",
        "the second reading of tshark compares the first SYN+ACK with the number of the last",
    ),
    (
        "of three the first, though both others came before its ACK",
        "tcp.analysis.flags=",
        "the second reading of tshark compares the first SYN+ACK with the number of the last",
    ),
    (
        "of three the first, though both others came before its ACK",
        "tcp.analysis.reused_ports=",
        "the second reading of tshark compares the first SYN+ACK with the number of the last",
    ),
    (
        "another answer without a call: what came before has its own numbers",
        "_ws.col.Info=",
        "the second reading of tshark compares the first SYN+ACK with the number of the last",
    ),
    (
        "another answer without a call: what came before has its own numbers",
        "tcp.analysis.flags=",
        "the second reading of tshark compares the first SYN+ACK with the number of the last",
    ),
    (
        "another answer without a call: what came before has its own numbers",
        "tcp.analysis.reused_ports=",
        "the second reading of tshark compares the first SYN+ACK with the number of the last",
    ),
    (
        "an older connection's last ACK, refused, is none of the new one, of which nothing is missing",
        "",
        "after some SYNs that come again tshark no longer knows the highest number",
    ),
];
