//! DHCP: how a host gets its address, keeps it and gives it back.

use super::{Absent, Frames, Mac, Moment};
use std::net::{IpAddr, Ipv4Addr};

/// Of what may be in what the capture does not have.
fn cut() -> Absent {
    Absent::untold("the capture cuts messages of this transaction before the end of their options")
}

/// The same of what is told otherwise where nothing is cut.
fn unless_cut(l: &Lease, absent: Absent) -> Absent {
    if l.options_cut { cut() } else { absent }
}

/// Of what only an offer or acknowledgment tells.
fn no_setting(l: &Lease) -> Absent {
    if l.options_cut {
        cut()
    } else if l.ack_frame.is_some() || l.offer_frame.is_some() {
        Absent::never("the server's message does not carry this option")
    } else {
        Absent::untold("no Offer or ACK of this transaction is in the capture")
    }
}

fn no_offer(l: &Lease) -> Absent {
    match (l.discover_frame, l.request_frame) {
        _ if l.options_cut => cut(),
        (Some(_), _) if l.other_servers.is_some() => {
            Absent::untold("no Offer of the server that was chosen is in the capture")
        }
        (Some(_), _) => Absent::untold("no Offer is in the capture"),
        (None, Some(_)) => Absent::inapplicable(
            "there was no Discover: the client asked for an address it knew already",
        ),
        _ => Absent::inapplicable("the client asked for no address"),
    }
}

fn no_ack(l: &Lease) -> Absent {
    if l.nak_frame.is_some() {
        Absent::never("the server refused the request")
    } else if l.options_cut {
        cut()
    } else if l.request_frame.is_some() {
        Absent::untold("no ACK of the request is in the capture")
    } else {
        Absent::inapplicable("nothing was requested in this transaction")
    }
}

crate::states! {
    "What a Request is for, by its fields (RFC 2131 section 4.3.2)." RequestKind {
        Selecting "selecting" "It takes one server's offer: it names that server and the address (options 54 and 50).";
        InitReboot "init-reboot" "It asks whether an address that the client had before is still right: it names that (option 50) and no server.";
        Renewing "renewing" "It asks one server alone to extend the lease of the address that the client has (ciaddr).";
        Rebinding "rebinding" "It asks all servers to extend the lease of the address that the client has (ciaddr).";
        Extending "extending" "It asks to extend the lease of the address that the client has (ciaddr); a relay passed it on, so that it does not show whether one server was asked or all.";
    }
}

crate::fact! {
    "One DHCP transaction: the messages, what was offered, asked for and acknowledged."
    Lease "leases" "lease" by [frames] {
        xid: u32, "Transaction number.";
        client_mac: Option<Mac>, "Hardware address of the client." absent |_| Absent::untold("the message is cut before it");
        messages: Vec<String>, "The messages in order, each with its frame.";
        frames: Frames, "Frames of the messages." by [frames];
        start_time: Option<Moment>, "When the first message was seen." absent |_| Absent::untold("the frames have no time");
        discover_frame: Option<u32>, "Frame of the first Discover." absent |l: &Lease| unless_cut(l, Absent::untold("no Discover of this transaction is in the capture"));
        offered: Option<IpAddr>, "Address that was offered (yiaddr), by the server that was chosen or else first." by [offer_frame] absent no_offer;
        offer_frame: Option<u32>, "Frame of that offer." absent no_offer;
        obtained_frame: Option<u32>, "Frame of another transaction's ACK that gives the client the address offered or declined here." absent |_| Absent::inapplicable("the address was acknowledged in this transaction, or in none");
        other_servers: Option<Vec<IpAddr>>, "Servers that offered an address as well and were not chosen." absent |l: &Lease| unless_cut(l, Absent::untold("no other server's Offer is in the capture"));
        requested: Option<IpAddr>, "Address the client asked for (option 50, or the one it has), in request_frame." by [request_frame] absent |l: &Lease| unless_cut(l, Absent::untold("no request that names an address is in the capture"));
        request_frame: Option<u32>, "Frame of the first request; where the client went on to ask for another address or another server before an answer came, of that." absent |l: &Lease| unless_cut(l, Absent::untold("no Request of this transaction is in the capture"));
        request_kind: Option<RequestKind>, "What that Request is for." by [request_frame] absent |l: &Lease| unless_cut(l, match l.request_frame { Some(_) => Absent::inapplicable("the fields of the Request fit none of the kinds of RFC 2131"), None => Absent::untold("no Request of this transaction is in the capture") });
        rebinding_frame: Option<u32>, "Frame of the first Request that asks all servers to extend the lease." absent |l: &Lease| unless_cut(l, Absent::untold("no such Request of this transaction is in the capture"));
        acknowledged: Option<IpAddr>, "Address that was acknowledged: the lease, or to a client that informs, the one it has." by [ack_frame] absent no_ack;
        ack_frame: Option<u32>, "Frame of the ACK, or of the reply of BOOTP." absent no_ack;
        other_acknowledged: Option<IpAddr>, "Address that another server acknowledged as well, in other_ack_frame." by [other_ack_frame] absent |l: &Lease| unless_cut(l, Absent::untold("no ACK of another server is in the capture"));
        other_ack_frame: Option<u32>, "Frame of the first ACK of a server beside the one that was chosen." absent |l: &Lease| unless_cut(l, Absent::untold("no ACK of another server is in the capture"));
        other_ack_server: Option<IpAddr>, "That server (option 54)." by [other_ack_frame] absent |l: &Lease| unless_cut(l, Absent::untold("no ACK of another server is in the capture"));
        inform_frame: Option<u32>, "Frame in which a client that has its address asks for the other settings only." absent |l: &Lease| unless_cut(l, Absent::inapplicable("the client did not inform"));
        own_address: Option<IpAddr>, "Address that a client which informs says it has (ciaddr)." by [inform_frame] absent |l: &Lease| match l.inform_frame { Some(_) => Absent::never("the Inform names no address"), None => Absent::inapplicable("the client did not inform") };
        nak_frame: Option<u32>, "Frame of a refusal (NAK)." absent |l: &Lease| unless_cut(l, Absent::untold("no NAK is in the capture"));
        nak_server: Option<IpAddr>, "Server that refused (option 54)." by [nak_frame] absent |l: &Lease| match l.nak_frame { Some(_) => Absent::never("the NAK names no server"), None => Absent::inapplicable("no NAK is in the capture") };
        released: Option<IpAddr>, "Address the client gave back; nothing answers a release." by [release_frame] absent |l: &Lease| unless_cut(l, Absent::inapplicable("this transaction has no Release; a Release has a number of its own"));
        release_frame: Option<u32>, "Frame of the release." absent |l: &Lease| unless_cut(l, Absent::inapplicable("this transaction has no Release; a Release has a number of its own"));
        decline_frame: Option<u32>, "Frame in which the client declined the address, because somebody else uses it; also on the transaction that gave it." absent |l: &Lease| unless_cut(l, Absent::untold("no Decline of it is in the capture"));
        declined: Option<IpAddr>, "Address that this message declines (option 50): obtained_frame is the ACK that gave it." by [decline_frame] absent |l: &Lease| unless_cut(l, Absent::inapplicable("this transaction has no Decline; a Decline is told by itself"));
        conflict_frame: Option<u32>, "Frame in which another hardware address says that it has the declined address." absent |l: &Lease| if l.decline_frame.is_some() { Absent::untold("nobody else says in this capture that it has the address") } else { Absent::inapplicable("the address was not declined") };
        conflict_mac: Option<Mac>, "That hardware address." by [conflict_frame] absent |_| Absent::inapplicable("there is no such frame");
        server: Option<IpAddr>, "Server identifier (option 54) of the server that was chosen." absent no_setting;
        earlier_server: Option<IpAddr>, "Server that had given the client the same address before, where another one acknowledges it here." absent |l: &Lease| match l.ack_frame { Some(_) => Absent::untold("no other server's ACK of the same address before this one is in the capture"), None => Absent::inapplicable("no address is acknowledged in this transaction") };
        relay: Option<IpAddr>, "Relay agent (giaddr), when there is one." absent |_| Absent::never("the messages name no relay agent");
        subnet_mask: Option<IpAddr>, "Subnet mask (option 1)." by [ack_frame, offer_frame] absent no_setting;
        router: Option<IpAddr>, "First router (option 3)." by [ack_frame, offer_frame] absent no_setting;
        dns_servers: Option<Vec<IpAddr>>, "DNS servers (option 6)." by [ack_frame, offer_frame] absent no_setting;
        domain: Option<String>, "Domain name (option 15)." by [ack_frame, offer_frame] absent no_setting;
        lease_seconds: Option<u32>, "Lease time (option 51)." by [ack_frame, offer_frame] absent no_setting;
        renewal_seconds: Option<u32>, "Renewal time T1 (option 58)." by [ack_frame, offer_frame] absent no_setting;
        rebinding_seconds: Option<u32>, "Rebinding time T2 (option 59)." by [ack_frame, offer_frame] absent no_setting;
        host_name: Option<String>, "Host name the client gave (option 12)." absent |l: &Lease| unless_cut(l, Absent::never("the client gave no host name"));
        client_options: String, "All options but padding of the client's last message before the first ACK or NAK, in one text: dhcp_messages has them as a list.";
        server_options: String, "All options of the ACK in ack_frame, or else of the Offer in offer_frame, in one text.";
        options_cut: bool, "The capture cuts a message before the end of its options." by [frames];
    }
}

crate::fact! {
    "One DHCP message: who sent it to whom, and what it says."
    DhcpMessage "dhcp_messages" "dhcp_message" by [frame] {
        frame: u32, "Its frame.";
        time: Option<Moment>, "When it was seen." absent |_| Absent::untold("the frame has no time");
        xid: u32, "Transaction number.";
        kind: String, "Discover, Offer, Request, ACK, NAK, Release and so on; BOOTP request or reply when it has no type, and whose message it is when the capture cuts it before.";
        request_kind: Option<RequestKind>, "What a Request is for." absent |m: &DhcpMessage| if m.kind == "Request" { Absent::untold("its fields fit none of the kinds of RFC 2131, or the capture cuts it") } else { Absent::inapplicable("it is no Request") };
        client_mac: Option<Mac>, "Hardware address of the client." absent |_| Absent::untold("the message is cut before it");
        address: Option<IpAddr>, "Address it gives (yiaddr), asks for (option 50) or is about (ciaddr)." absent |_| Absent::never("it names no address");
        server: Option<IpAddr>, "Server identifier (option 54)." absent |_| Absent::never("it names no server");
        options: Vec<String>, "Its options: number, name and value.";
    }
}

/// An address that was stated; 0.0.0.0 states none.
pub fn stated(bytes: Option<[u8; 4]>) -> Option<IpAddr> {
    bytes
        .map(Ipv4Addr::from)
        .filter(|a| !a.is_unspecified())
        .map(IpAddr::V4)
}
