//! UDP: datagrams and the flows they make.

use super::{Absent, Milliseconds, Moment, Side};
use std::net::IpAddr;

fn no_answer(d: &Datagram) -> Absent {
    if d.error_shared {
        Absent::untold(
            "an equal datagram was sent too, and an ICMP error came back that may be about either of them",
        )
    } else if d.error_frame.is_some() {
        Absent::never("an ICMP error came back instead")
    } else if d.error_cut_frame.is_some() {
        Absent::untold(
            "an ICMP error to its sender came after it, and is cut before the ports of what it is about",
        )
    } else if matches!((d.source_port, d.destination_port), (67 | 68, 67 | 68)) {
        // Fixed part and magic cookie (RFC 2131 section 2): before them it is not known for DHCP.
        if d.captured_bytes < d.payload_bytes.min(240) {
            return Absent::untold("DHCP: the capture cuts the message before its options");
        }
        Absent::untold(
            "DHCP: nothing of its transaction came back in this flow; much of DHCP is broadcast, in other flows (the lease tells), and nothing answers a Release or Decline",
        )
    } else if d.destination_port == 69 && d.answers_elsewhere {
        Absent::inapplicable(
            "TFTP: the server answers from another port, in another flow (RFC 1350 section 4)",
        )
    } else if d.answers_elsewhere {
        Absent::inapplicable("it went to several hosts: answers, if any, come over other flows")
    } else {
        Absent::untold("nothing came back after it in this capture; UDP itself promises no answer")
    }
}

fn no_reply(d: &Datagram) -> Absent {
    if (d.source_port, d.destination_port) == (67, 68) {
        return Absent::inapplicable(
            "DHCP: it comes from a server, and what a client sends next is no reply to that but a message of its own",
        );
    }
    match d.answer_frame {
        Some(_) => Absent::untold(
            "what came back after it answers others, as its number, its name or its text tells, and no reply to this one is in the capture",
        ),
        None => no_answer(d),
    }
}

const SHARED: &str = "several datagrams may have waited when the reply came; which of them it answers, UDP does not tell";

fn unclear(d: &Datagram) -> Option<String> {
    d.answer_shared.then(|| SHARED.to_owned())
}

fn no_answer_time(d: &Datagram) -> Absent {
    if d.reply_frame.is_none() {
        no_reply(d)
    } else if d.answer_shared {
        Absent::untold(SHARED)
    } else {
        Absent::untold("the frames have no time, or the clock was set back between them")
    }
}

crate::fact! {
    "One UDP datagram: its size, whether it was answered, and the five ways in which it may be cut."
    Datagram "datagrams" "datagram" by [frame] {
        frame: u32, "Frame in which it is complete.";
        time: Option<Moment>, "When it was seen." absent |_| Absent::untold("the frame has no time");
        stream: u32, "Number of the flow, as Wireshark's udp.stream.";
        source: IpAddr, "Sender.";
        source_port: u16, "Port of the sender.";
        destination: IpAddr, "Receiver.";
        destination_port: u16, "Port of the receiver.";
        sender: Side, "Which side of the flow sent it.";
        sender_guessed: bool, "Nothing but who sent first in this capture says which side that is: what looks like question and answer may be the other way round.";
        payload_bytes: u32, "Payload as the headers state it.";
        captured_bytes: u32, "Payload bytes in the capture.";
        cut_by_snapshot: bool, "The capture's snapshot length cut it; the receiver got all.";
        fragments: u32, "How many fragments it was sent in; more than 1 is IP fragmentation, nothing is lost.";
        length_mismatch: Option<String>, "The UDP length field and the IP payload disagree, and how." absent |_| Absent::never("they agree");
        answers_frame: Option<u32>, "Datagram of the other side that this one is the reply to." absent |_| Absent::untold("none of the other side waited for an answer, or several did");
        answer_frame: Option<u32>, "First datagram back after it, whatever it answers; of a request of DHCP, the first of its transaction." absent no_answer;
        reply_frame: Option<u32>, "Its reply: in DHCP what a server says with its number, in DNS what has its number and name, elsewhere what brings back its text (in capitals or not), or what came while nothing else waited." absent no_reply;
        answer_shared: bool, "Several datagrams may have waited when the reply came; which of them it answers, UDP does not tell." by [frame, reply_frame];
        answer_time_ms: Option<Milliseconds>, "From the datagram to its reply." by [frame, reply_frame] doubt unclear absent no_answer_time;
        error_frame: Option<u32>, "ICMP error about it." absent |d: &Datagram| if d.error_shared || d.error_cut_frame.is_some() { no_answer(d) } else { Absent::untold("no ICMP error about it is in the capture") };
        error_cut_frame: Option<u32>, "ICMP error that came to its sender after it, and is cut before the ports of what it is about: it may be about this one." by [frame, error_cut_frame] absent |_| Absent::never("no such ICMP error is in the capture");
        error_shared: bool, "Several equal datagrams were sent before an ICMP error came back; which of them it is about cannot be told: they are given their errors in the order they were sent in." by [frame, error_frame];
        copy_of_frame: Option<u32>, "Frame shortly before that holds the same packet: captured twice, or doubled on its way." absent |_| Absent::never("no frame shortly before holds the same packet");
        answers_elsewhere: bool, "Answers, if any, come over other flows: it went to several hosts, or is DHCP or TFTP.";
        cut_by_receiver_bytes: Option<u32>, "Bytes that a receive buffer of the size given with --receive-buffer discards." absent |_| Absent::untold("the receiver's buffer does not show in a capture: give its size with --receive-buffer");
    }
}

crate::states! {
    "Whether something came back." Answered {
        Yes "yes" "A datagram of the server came after one of the client, or an ICMP error of the client quotes one.";
        No "no" "Nothing that came back is in the capture, though other packets to the asker are, and it goes on for a second at least.";
        Refused "refused" "An ICMP error says that the port cannot be reached: nothing listens, or a firewall rejects.";
        Expired "expired" "An ICMP error says that the TTL ran out on the way, as the probes of a traceroute want it.";
        Incomplete "incomplete" "An ICMP error says that not all of its fragments arrived in time.";
        TooBig "too-big" "An ICMP error says that it was too big for a link on its way.";
        Problem "parameter-problem" "An ICMP error says that a field of its header could not be used.";
        Unreachable "unreachable" "An ICMP error says for another reason that it was not delivered.";
        Unknown "unknown" "Answers come over other flows (to a group, DHCP, TFTP, or a server that answers from another port), the question is not in the capture, or stands behind all that the server sent, or nothing that went to the asker is; or the capture ends within a second, or an ICMP error that may be about it is cut before what it is about, or stands before it.";
    }
}

crate::states! {
    "What says which side of a UDP flow is the client: UDP has no call." FlowRoles {
        Port "port" "One port is that of a known service.";
        PortAlone "port-alone" "One port is that of a known service and the other one that systems give to clients, but what came first is nothing that the service says: a guess.";
        Transfer "transfer" "The flow serves a request of TFTP that is in the capture.";
        Asked "asked" "Over another flow of this capture one side had asked a group or everybody, from this port at the other's: what comes back answers that.";
        Moved "moved" "One side had just asked the other's address at another port, and nothing had come back from there: what comes from this one may be the answer.";
        Group "group" "One side is a group or everybody, which does not ask: the other one does.";
        Everybody "everybody" "A known service sends to everybody: the client is one of those who hear it, and the address does not tell which.";
        Ephemeral "ephemeral-port" "Who sent first did so from a port that systems give to clients (32768 and up), to one below.";
        EphemeralAlone "ephemeral-alone" "One port is one that systems give to clients (32768 and up) and the other one is not, though who has that one sent first: a guess, that the question is not in the capture.";
        FirstSender "first-sender" "Nothing but who sent first in this capture: a guess, which is wrong where the capture began later than the flow.";
    }
}

impl FlowRoles {
    /// Whether another history of the network may have left the same frames.
    pub fn is_guess(self) -> bool {
        matches!(
            self,
            FlowRoles::FirstSender
                | FlowRoles::Moved
                | FlowRoles::PortAlone
                | FlowRoles::EphemeralAlone
        )
    }
}

crate::fact! {
    "One UDP flow: all datagrams between two ports. A ? after the client marks guessed roles."
    Flow "udp_flows" "flow" by [first_frame] {
        stream: u32, "Number of the flow, as Wireshark's udp.stream.";
        client: IpAddr, "The side that asks: by well-known ports or a request of TFTP, else who sent the first datagram (see roles).";
        client_port: u16, "Its port.";
        server: IpAddr, "The other side.";
        server_port: u16, "Its port.";
        roles: FlowRoles, "What says which side is the client.";
        first_frame: u32, "First frame.";
        start_time: Option<Moment>, "When it began." absent |_| Absent::untold("the frames have no time");
        duration_ms: Option<Milliseconds>, "From the first datagram to the last." absent |f: &Flow| if f.start_time.is_some() { Absent::clock() } else { Absent::untold("the frames have no time") };
        client_datagrams: u64, "Datagrams from the client.";
        server_datagrams: u64, "Datagrams from the server.";
        client_bytes: u64, "Payload bytes from the client.";
        server_bytes: u64, "Payload bytes from the server.";
        copied_datagrams: u64, "How many of these datagrams an earlier frame held already: captured twice, or doubled on the way, and counted as they stand.";
        largest_bytes: u32, "Largest payload.";
        answered: Answered, "Whether something came back." by [first_frame, error_frame];
        error_frame: Option<u32>, "First ICMP error about the flow, or the one that says that the port cannot be reached." absent |_| Absent::untold("no ICMP error about the flow is in the capture");
    }
}
