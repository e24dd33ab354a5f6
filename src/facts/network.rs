//! Facts about hosts, their neighbours and the way between them.

use super::{Frames, Mac, Milliseconds, Moment};
use std::net::IpAddr;

crate::fact! {
    "One address seen as a sender: its TTLs, and how many routers its packets have crossed."
    Host "ip_hosts" "host" {
        address: IpAddr, "The address.";
        first_frame: u32, "First frame it sent.";
        frames_sent: u64, "Frames with this source address.";
        frames_received: u64, "Frames with this destination address.";
        bytes_sent: u64, "Bytes of the frames it sent, on the wire.";
        ttls: String, "TTLs (hop limits) seen from it, lowest first.";
        likely_initial_ttl: Option<u8>, "Next of 32, 64, 128 and 255 above the lowest TTL: what the sender probably started with.";
        hops: Option<u8>, "Routers crossed, if that guess is right; unknown when several TTLs were seen.";
        fragments: u64, "Frames that were fragments.";
        mac: Option<Mac>, "Hardware address its frames came from, when it was always the same.";
    }
}

crate::fact! {
    "One ARP request, reply or announcement, with what came of it."
    Arp "arp" "arp" {
        frame: u32, "Frame of the request, or of the reply when it answers none in the capture.";
        time: Option<Moment>, "When it was seen.";
        kind: &'static str, "request, gratuitous (tells its own address), probe (asks before using one) or reply (unasked).";
        sender: IpAddr, "Address of the sender.";
        sender_mac: Mac, "Hardware address of the sender.";
        asked: IpAddr, "Address asked for.";
        reply_frame: Option<u32>, "Frame of the reply.";
        reply_mac: Option<Mac>, "Hardware address the reply gives.";
        reply_time_ms: Option<Milliseconds>, "From the request to the reply.";
        conflict_frame: Option<u32>, "Frame in which another hardware address claimed the same address.";
        frames: Frames, "The frames this rests on.";
    }
}

crate::fact! {
    "Which hardware address belongs to which address, as ARP and (for IPv6) neighbour discovery in the capture say: the table that results."
    Neighbour "arp_table" "neighbour" {
        address: IpAddr, "Protocol address.";
        mac: Mac, "Hardware address it was last bound to.";
        frame: u32, "Frame that said so first.";
        conflict: bool, "More than one hardware address claimed it.";
    }
}

crate::fact! {
    "For each pair of hosts: which hardware address the frames were sent to, and whose it is."
    Hop "next_hops" "hop" {
        source: IpAddr, "Sender of the packets.";
        destination: IpAddr, "Where the packets go.";
        mac: Mac, "Destination hardware address of the frames.";
        belongs_to: &'static str, "destination host, router, group (multicast or broadcast) or unknown.";
        router: Option<IpAddr>, "Address of the router, when it is known.";
        reason: String, "Why we say so.";
        first_frame: u32, "First frame.";
        frames: u64, "How many frames.";
    }
}

crate::fact! {
    "One echo request and its reply, or none."
    Ping "pings" "ping" {
        frame: u32, "Frame of the request.";
        time: Option<Moment>, "When it was sent.";
        source: IpAddr, "Who asks.";
        destination: IpAddr, "Who is asked.";
        identifier: u16, "Identifier: tells one ping process from another.";
        sequence: u16, "Sequence number.";
        payload_bytes: u32, "Bytes after the eight of the ICMP header.";
        ttl: u8, "TTL of the request as captured.";
        reply_frame: Option<u32>, "Frame of the reply.";
        reply_ttl: Option<u8>, "TTL of the reply as captured.";
        rtt_ms: Option<Milliseconds>, "From request to reply.";
        error_frame: Option<u32>, "Frame of an ICMP error about this request.";
    }
}

crate::fact! {
    "One ICMP error, with the packet it is about."
    IcmpError "icmp_errors" "icmp_error" {
        frame: u32, "Frame of the error.";
        time: Option<Moment>, "When it was seen.";
        sender: IpAddr, "Who reports it.";
        receiver: IpAddr, "Who is told.";
        kind: u8, "ICMP type.";
        code: u8, "ICMP code.";
        meaning: String, "The same in words.";
        about: String, "The packet it quotes: protocol, addresses and ports.";
        about_frame: Option<u32>, "Frame of that packet, when it is in the capture.";
    }
}

crate::fact! {
    "One UDP datagram: its size, whether it was answered, and the five ways in which it may be cut."
    Datagram "datagrams" "datagram" {
        frame: u32, "Frame in which it is complete.";
        time: Option<Moment>, "When it was seen.";
        stream: u32, "Number of the flow, as Wireshark's udp.stream.";
        source: IpAddr, "Sender.";
        source_port: u16, "Port of the sender.";
        destination: IpAddr, "Receiver.";
        destination_port: u16, "Port of the receiver.";
        sender: &'static str, "client (sent the first datagram of the flow) or server.";
        payload_bytes: u32, "Payload as the headers state it.";
        captured_bytes: u32, "Payload bytes in the capture.";
        cut_by_snapshot: bool, "The capture's snapshot length cut it; the receiver got all.";
        fragments: u32, "Frames it was sent in; more than 1 is IP fragmentation, nothing is lost.";
        length_mismatch: Option<String>, "The UDP length field and the IP payload disagree, and how.";
        answers_frame: Option<u32>, "Datagram of the other side that this one follows first; unknown when several had no answer yet.";
        answer_frame: Option<u32>, "First datagram back after it.";
        answer_shared: bool, "Several datagrams waited when that one came; which of them it answers, UDP does not tell.";
        answer_time_ms: Option<Milliseconds>, "From the datagram to that answer.";
        error_frame: Option<u32>, "ICMP error about it.";
        answers_elsewhere: bool, "Answers, if any, come over other flows: it went to several hosts, or is DHCP.";
        cut_by_receiver_bytes: Option<u32>, "Bytes that a receive buffer of the size given with --receive-buffer discards.";
    }
}

crate::fact! {
    "One UDP flow: all datagrams between two ports."
    Flow "udp_flows" "flow" {
        stream: u32, "Number of the flow, as Wireshark's udp.stream.";
        client: IpAddr, "Who sent the first datagram.";
        client_port: u16, "Its port.";
        server: IpAddr, "The other side.";
        server_port: u16, "Its port.";
        first_frame: u32, "First frame.";
        start_time: Option<Moment>, "When it began.";
        duration_ms: Option<Milliseconds>, "From the first datagram to the last.";
        client_datagrams: u64, "Datagrams from the client.";
        server_datagrams: u64, "Datagrams from the server.";
        client_bytes: u64, "Payload bytes from the client.";
        server_bytes: u64, "Payload bytes from the server.";
        largest_bytes: u32, "Largest payload.";
        answered: &'static str, "yes, no, refused (ICMP port unreachable), or unknown (to a group, or DHCP: answers come over other flows).";
        error_frame: Option<u32>, "First ICMP error about the flow, or the one that says that nothing listens.";
    }
}

crate::fact! {
    "A known situation of the labs, recognized, with the frames that show it."
    Situation "situations" "situation" {
        kind: &'static str, "nothing-listening, host-absent, host-silent, no-answer, half-open, second-client-waiting, captured-twice, checksum-wrong or checksum-offload.";
        protocol: &'static str, "arp, ip, tcp or udp.";
        client: Option<IpAddr>, "Who tried.";
        server: Option<IpAddr>, "Whom it tried to reach; unknown when there were many.";
        server_port: Option<u16>, "Which port.";
        frames: Frames, "The frames that show it.";
        sentence: String, "What happened, in one sentence.";
    }
}
