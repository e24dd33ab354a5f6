//! What hosts ask before they talk: an address (DHCP) and a name (DNS).

use super::{Frames, Mac, Milliseconds, Moment};
use std::net::{IpAddr, Ipv4Addr};

crate::fact! {
    "One DHCP transaction: the messages, what was offered, asked for and acknowledged."
    Lease "leases" "lease" {
        xid: u32, "Transaction number.";
        client_mac: Option<Mac>, "Hardware address of the client.";
        messages: String, "The messages in order, each with its frame.";
        frames: Frames, "Frames of the messages.";
        start_time: Option<Moment>, "When the first message was seen.";
        offered: Option<IpAddr>, "Address in the first offer (yiaddr).";
        offer_frame: Option<u32>, "Frame of that offer.";
        requested: Option<IpAddr>, "Address the client asked for (option 50, or the one it has).";
        request_frame: Option<u32>, "Frame of the first request.";
        acknowledged: Option<IpAddr>, "Address that was acknowledged.";
        ack_frame: Option<u32>, "Frame of the ACK.";
        nak_frame: Option<u32>, "Frame of a refusal (NAK).";
        released: Option<IpAddr>, "Address the client gave back; nothing answers a release.";
        release_frame: Option<u32>, "Frame of the release.";
        decline_frame: Option<u32>, "Frame in which the client declined the address.";
        server: Option<IpAddr>, "Server identifier (option 54).";
        relay: Option<IpAddr>, "Relay agent (giaddr), when there is one.";
        subnet_mask: Option<IpAddr>, "Subnet mask (option 1).";
        router: Option<IpAddr>, "First router (option 3).";
        dns_servers: Option<String>, "DNS servers (option 6).";
        domain: Option<String>, "Domain name (option 15).";
        lease_seconds: Option<u32>, "Lease time (option 51).";
        renewal_seconds: Option<u32>, "Renewal time T1 (option 58).";
        rebinding_seconds: Option<u32>, "Rebinding time T2 (option 59).";
        host_name: Option<String>, "Host name the client gave (option 12).";
        client_options: String, "All options of the client's last message but padding: number, name and value.";
        server_options: String, "All options of the server's last message.";
    }
}

crate::fact! {
    "One DNS question and its answer, or none."
    Lookup "lookups" "lookup" {
        query_frame: Option<u32>, "Frame of the query.";
        response_frame: Option<u32>, "Frame of the response.";
        time: Option<Moment>, "When the query, or else the response, was seen.";
        protocol: &'static str, "dns, mdns or llmnr.";
        transport: &'static str, "udp or tcp.";
        client: IpAddr, "Who asks.";
        server: IpAddr, "Who is asked.";
        id: u16, "Transaction number.";
        name: String, "Name asked for.";
        kind: String, "Type asked for: A, AAAA, PTR and so on.";
        status: Option<String>, "Response code in words: No error, No such name.";
        answers: Option<String>, "Data of the answer records, in order.";
        answer_count: Option<u32>, "How many answer records there are.";
        repeats: u32, "How often the query was sent again before the answer.";
        time_ms: Option<Milliseconds>, "From query to response.";
    }
}

/// An address that was stated; 0.0.0.0 states none.
pub fn stated(bytes: Option<[u8; 4]>) -> Option<IpAddr> {
    bytes
        .map(Ipv4Addr::from)
        .filter(|a| !a.is_unspecified())
        .map(IpAddr::V4)
}
