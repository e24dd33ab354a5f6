//! DNS: what is asked, and what is answered.

use super::{Absent, Frames, Milliseconds, Moment};
use std::borrow::Cow;
use std::net::IpAddr;

crate::states! {
    "Which of the protocols that speak DNS." NameService {
        Dns "dns" "The domain name system (RFC 1035).";
        Mdns "mdns" "Multicast DNS (RFC 6762): a question to everybody on the link.";
        Llmnr "llmnr" "Link-local multicast name resolution (RFC 4795).";
    }
}

crate::states! {
    "What a DNS message asks a server to do: its operation code." Operation {
        Query "query" "Say what is known of a name (RFC 1035).";
        InverseQuery "inverse-query" "Say which name has this data (RFC 1035, withdrawn by RFC 3425).";
        Status "status" "Say how the server is (RFC 1035).";
        Notify "notify" "Take note that a zone has changed (RFC 1996).";
        Update "update" "Change a zone (RFC 2136).";
        Stateful "stateful" "Keep a session (RFC 8490).";
    }
}

crate::states! {
    "What carries a message." Carrier {
        Udp "udp" "UDP.";
        Tcp "tcp" "TCP.";
    }
}

crate::states! {
    "Part of a DNS message that a record stands in." Part {
        Answer "answer" "The answer to the question.";
        Authority "authority" "Name servers that are responsible.";
        Additional "additional" "What else may help, such as the addresses of those servers.";
    }
}

fn no_question(l: &Lookup) -> Absent {
    match l.response_cut {
        Some(false) => Absent::never("the message repeats no question, and has no answer"),
        _ => Absent::untold("the capture cuts the message before it"),
    }
}

fn no_query(l: &Lookup) -> Absent {
    match l.protocol {
        NameService::Mdns => Absent::untold(
            "an announcement to everybody needs no question, and several hosts may answer one, of which the first answer is told with it",
        ),
        _ => Absent::untold("the query is not in the capture"),
    }
}

fn no_response(l: &Lookup) -> Absent {
    match (l.protocol, l.query_frame) {
        (NameService::Mdns, _) => {
            Absent::untold("multicast questions need no answer, and none is in the capture")
        }
        _ if l.error_frame.is_some() => Absent::never("an ICMP error came back instead"),
        _ if l.stray_frames.is_some() => Absent::untold(
            "no response from the address that was asked is in the capture, only from another",
        ),
        _ => Absent::untold("no response to this query is in the capture"),
    }
}

crate::fact! {
    "One DNS question and its answer, or none."
    Lookup "lookups" "lookup" by [query_frame, response_frame] {
        query_frame: Option<u32>, "Frame of the query." absent no_query;
        response_frame: Option<u32>, "Frame of the response." absent no_response;
        time: Option<Moment>, "When the query, or else the response, was seen." absent |_| Absent::untold("the frame has no time");
        protocol: NameService, "Which protocol.";
        operation: Operation, "What is asked for: mostly to look a name up.";
        transport: Carrier, "What carries it.";
        client: Option<IpAddr>, "Who asks." absent |_| Absent::untold("it was told to everybody, and who asked, if anybody did, is not in the capture");
        server: IpAddr, "Who is asked.";
        id: u16, "Transaction number.";
        name: Option<String>, "Name asked for." absent no_question;
        kind: Option<Cow<'static, str>>, "Type asked for: A, AAAA, PTR and so on." absent no_question;
        status: Option<Cow<'static, str>>, "Response code in words: No error, No such name." by [response_frame] absent no_response;
        answers: Option<Vec<String>>, "Data of the answer records that can be read, in order." by [response_frame] absent no_response;
        answer_count: Option<u32>, "How many answer records its header promises." by [response_frame] absent no_response;
        authoritative: Option<bool>, "Whether the responding server is responsible for the name." by [response_frame] absent no_response;
        truncated: Option<bool>, "Whether the response is cut (TC): who asked is to ask again over TCP." by [response_frame] absent no_response;
        referral: Option<bool>, "Whether the server, not responsible and without an answer, names others to ask: they are records of the authority section." by [response_frame] absent |l: &Lookup| if l.response_cut.is_some() { Absent::untold("the capture cuts the response before it, or it is broken") } else { no_response(l) };
        response_cut: Option<bool>, "Whether not all of its questions and answers can be read: the capture cuts it, or it is broken." by [response_frame] absent no_response;
        error_frame: Option<u32>, "ICMP error about the query." by [query_frame, error_frame] absent |_| Absent::untold("no ICMP error about it is in the capture");
        repeats: u32, "How often the query came again before the answer: sent again, or as a copy.";
        stray_frames: Option<Box<Frames>>, "Frames of responses with its number, ports and question that came from an address which was not asked." by [query_frame, stray_frames] absent |_| Absent::never("no such response is in the capture");
        other_response_frame: Option<u32>, "Frame of a second response, that says something else though the question stands in this capture once." absent |_| Absent::never("no response that says something else is in the capture");
        time_ms: Option<Milliseconds>, "From query to response; of a query that was sent again, from the first: which of them the response answers cannot be told." absent |l: &Lookup| match (l.query_frame, l.response_frame) { (None, _) => no_query(l), (Some(_), Some(_)) => Absent::untold("the frames have no time, or the clock was set back between them"), _ => no_response(l) };
    }
}

crate::fact! {
    "One record of a DNS response, of whichever section."
    Record "dns_records" "record" by [frame] {
        frame: u32, "Frame of the response.";
        query_frame: Option<u32>, "Frame of the query it answers." absent |_| Absent::untold("the query is not in the capture");
        part: Part, "Which section of the response it is in.";
        number: u32, "Its place in that section, from 1.";
        name: String, "Whose record it is.";
        kind: Cow<'static, str>, "Its type: A, CNAME, NS, MX and so on.";
        ttl_seconds: u32, "How long it may be kept.";
        data: String, "What it says.";
    }
}
