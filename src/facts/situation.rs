//! Situations that the labs ask about.

use super::{Absent, Frames};
use std::net::IpAddr;

crate::states! {
    "A known situation." SituationKind {
        NothingListening "nothing-listening" "A call was refused: nothing listens on that port, or a firewall rejects.";
        Unreachable "unreachable" "A router or host says with ICMP that the packet cannot be delivered.";
        HostAbsent "host-absent" "Nobody answers ARP for that address.";
        HostSilent "host-silent" "SYNs are sent again and again without an answer.";
        NoAnswer "no-answer" "A request without an answer.";
        HalfOpen "half-open" "A connection that was answered and never completed.";
        SecondClientWaiting "second-client-waiting" "A client of a server that serves one at a time waits for its turn.";
        Scan "scan" "One host tries many ports or addresses.";
        AddressConflict "address-conflict" "Two hardware addresses claim one IP address.";
        SecondServer "second-server" "More than one DHCP server answers.";
        CapturedTwice "captured-twice" "The same packets were captured more than once.";
        ChecksumWrong "checksum-wrong" "Checksums do not fit.";
        ChecksumOffload "checksum-offload" "Checksums were not filled in yet when the frames were captured.";
        PasswordInClear "password-in-clear" "A password, or what stands for one, crossed the network readable.";
        Detour "detour" "Packets pass through a host that stands between two others.";
    }
}

crate::states! {
    "The protocol a situation is about." About {
        Arp "arp" "ARP.";
        Ip "ip" "IP.";
        Icmp "icmp" "ICMP.";
        Tcp "tcp" "TCP.";
        Udp "udp" "UDP.";
        Dhcp "dhcp" "DHCP.";
        Ftp "ftp" "FTP.";
        Telnet "telnet" "Telnet.";
        Smtp "smtp" "SMTP.";
        Pop "pop" "POP.";
        Imap "imap" "IMAP.";
        Http "http" "HTTP.";
        Snmp "snmp" "SNMP.";
    }
}

crate::fact! {
    "A known situation of the labs, recognized, with the frames that show it."
    Situation "situations" "situation" by [frames] {
        kind: SituationKind, "Which one.";
        protocol: About, "What it is about.";
        client: Option<IpAddr>, "Who tried." absent |_| Absent::inapplicable("it is about several hosts, or about the capture as a whole");
        server: Option<IpAddr>, "Whom it tried to reach." absent |_| Absent::inapplicable("it is about several hosts, or about the capture as a whole");
        server_port: Option<u16>, "Which port." absent |_| Absent::inapplicable("it is about several ports, or about none");
        count: u32, "How often it happened: equal ones are told once.";
        frames: Frames, "The frames that show it." by [frames];
        sentence: String, "What happened, in one sentence.";
    }
}
