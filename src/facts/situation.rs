//! Situations that the labs ask about: `track` recognizes them and says what it found as data
//! (`story.rs`), and the sentence is made of that when somebody reads it (`words.rs`).

mod asked;
mod calls;
mod leases;
mod passwords;
mod rejected;
mod story;
mod together;
mod twice;
mod words;

pub use asked::{Here, Missing};
pub use leases::Sought;
pub use rejected::Flaw;
pub use story::{
    Alive, Difference, Lost, OpenPorts, Scanned, Service, Several, Soon, Story, Unfit,
};

use super::{Absent, AsValue, Frames};
use crate::dissect::field::{Kind, Value};
use std::borrow::Cow;
use std::net::IpAddr;

crate::states! {
    "A known situation." SituationKind {
        NothingListening "nothing-listening" "A call was refused: nothing listens on that port, or a firewall rejects.";
        Unreachable "unreachable" "A router or host says with ICMP that the packet cannot be delivered.";
        TooBig "packet-too-big" "A router or host says with ICMP that a packet is too big for the next link: path MTU discovery.";
        BadHeader "parameter-problem" "A router or host says with ICMP that it cannot use a field of a packet's header.";
        RoutingLoop "routing-loop" "Packets go round between routers until their TTL runs out.";
        HostAbsent "host-absent" "Nobody answers ARP, or the neighbour solicitations of IPv6, for that address.";
        HostSilent "host-silent" "SYNs are sent again and again without an answer.";
        NoAnswer "no-answer" "A request without an answer.";
        HalfOpen "half-open" "A connection that was answered and never completed.";
        SecondClientWaiting "second-client-waiting" "A client is first answered when another connection ends: a server that serves one client at a time would do so, but an answer that is slow looks the same.";
        Scan "scan" "One host tries many ports or addresses.";
        AddressConflict "address-conflict" "Two hardware addresses claim one IP address or are given it, or one wants what another has.";
        PiecesDisagree "pieces-disagree" "Overlapping fragments of an IP datagram, or TCP segments with the same numbers, bring different bytes.";
        PiecesMissing "pieces-missing" "A host says with ICMP that not all fragments of a datagram came in time.";
        AddressDeclined "address-declined" "A DHCP client declines the address it was given: somebody else uses it.";
        SecondServer "second-server" "More than one DHCP server answers, or one refuses what another gives.";
        OfferNotTaken "offer-not-taken" "A DHCP client is offered addresses again and again and asks for none of them.";
        CapturedTwice "captured-twice" "The same packets were captured more than once.";
        StrayAnswer "stray-answer" "A DNS response came from an address that was not asked.";
        TwoAnswers "two-answers" "One DNS question got two answers that differ.";
        OddReset "odd-reset" "A RST came with another TTL than everything else of its sender, or its sender went on after it.";
        ChecksumWrong "checksum-wrong" "Checksums do not fit.";
        ChecksumOffload "checksum-offload" "Checksums were not filled in yet when the frames were captured.";
        PasswordInClear "password-in-clear" "A password, or what stands for one, crossed the network readable.";
        Detour "detour" "Packets pass through a host that stands between two others.";
    }
}

crate::states! {
    "The protocol a situation is about." About {
        Arp "arp" "ARP.";
        Discovery "nd" "IPv6's neighbour discovery.";
        Ip "ip" "IP.";
        Icmp "icmp" "ICMP.";
        Tcp "tcp" "TCP.";
        Udp "udp" "UDP.";
        Dhcp "dhcp" "DHCP.";
        Dns "dns" "DNS.";
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
        client: Option<IpAddr>, "Who tried." absent |_| Absent::inapplicable("it is about several hosts, or one that has no address yet, or about the capture as a whole");
        server: Option<IpAddr>, "Whom it tried to reach." absent |_| Absent::inapplicable("it is about several hosts, or any that answers, or about the capture as a whole");
        server_port: Option<u16>, "Which port." absent |_| Absent::inapplicable("it is about several ports, or about none");
        count: u32, "How often it happened: equal ones are told once.";
        frames: Frames, "The frames that show it." by [frames];
        sentence: Story, "What happened, in one sentence.";
    }
}

impl Situation {
    /// One that happened once, between nobody in particular.
    pub(crate) fn new(
        kind: SituationKind,
        protocol: About,
        frames: Frames,
        sentence: Story,
    ) -> Situation {
        Situation {
            kind,
            protocol,
            client: None,
            server: None,
            server_port: None,
            count: 1,
            frames,
            sentence,
        }
    }
}

impl AsValue for Story {
    const KIND: Kind = Kind::Text;
    fn as_value(&self) -> Option<Value<'_>> {
        Some(Value::Text(Cow::Owned(self.to_string().into_bytes())))
    }
}

impl About {
    /// Its name as it is written.
    fn name(self) -> &'static str {
        self.sentence().trim_end_matches('.')
    }
}
