//! What a situation tells, as data: what was recognized, one variant for each thing that is told.
//!
//! Whatever decides is here when it arrives: whether gaps grow, whether so many ports look like a
//! scan, whether the host is there after all.

use super::About;
use super::asked::Missing;
use super::leases::Sought;
use super::rejected::Flaw;
use crate::facts::Mac;
use std::net::IpAddr;

/// A port of a host.
pub type Service = (IpAddr, u16);

/// What did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lost {
    /// Segments of this stream.
    Segments(u32),
    /// Echo requests.
    Pings,
}

/// A frame that shows that a host is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alive {
    /// It sent this packet.
    Sent(u32),
    /// RSTs refuse calls in its name, from this frame on, and it is not seen to send anything else.
    Refuses(u32),
    /// ARP says here who has its address.
    Claimed(u32),
    /// An ICMP error to the caller, cut before what it is about: it may be about the call.
    Error(u32),
}

/// Why several SYNs without an answer say little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Soon {
    /// All came within so few nanoseconds: they may be one.
    AtOnce(i64),
    /// The capture ends so many after the first.
    Ends(i64),
}

/// Ports that answered a scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenPorts {
    /// The first of them.
    pub first: Vec<u16>,
    /// How many there are.
    pub count: usize,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Story {
    /// A RST answered the SYN to this port.
    Refused {
        /// The port.
        to: Service,
        /// TTL of the RST, and another one of packets in the same name, which crossed more or fewer
        /// routers.
        ttls: Option<(u8, u8)>,
    },
    /// The host itself answered the datagram to this port with ICMP port unreachable.
    PortUnreachable(Service),
    /// Somebody else did so for it.
    PortUnreachableFrom {
        /// Who.
        sender: IpAddr,
        /// What the datagram was sent to.
        to: Service,
    },
    /// An ICMP error answered a SYN.
    SynUndelivered {
        /// What the SYN was sent to.
        to: Service,
        /// Who sent the error, and what it says; nothing if it was not kept.
        error: Option<(IpAddr, String)>,
        /// It says that the port is unreachable, which TCP says itself, with RST.
        port: bool,
    },
    /// An ICMP error answered a datagram.
    DatagramUndelivered {
        /// What the datagram was sent to.
        to: Service,
        /// Who sent the error.
        sender: IpAddr,
        /// What it says.
        meaning: String,
    },
    /// ICMP errors answered segments of a connection, or pings.
    Undelivered {
        /// What they were.
        lost: Lost,
        /// From whom to whom they went.
        ends: (IpAddr, IpAddr),
        /// How many.
        count: u32,
        /// Who sent the errors.
        sender: IpAddr,
        /// Whether they quote what its sender never used, as far as the capture shows.
        unused: bool,
        /// What they say.
        meaning: String,
    },
    /// ICMP errors say what is wrong with packets.
    Rejected {
        /// What is.
        flaw: Flaw,
        /// From whom to whom they went.
        ends: (IpAddr, IpAddr),
        /// How many.
        count: u32,
        /// Who sent the errors.
        sender: IpAddr,
    },
    /// ARP asked for an address, and no answer is in the capture.
    Asked {
        /// Who asked.
        asker: IpAddr,
        /// For which address.
        asked: IpAddr,
        /// How often.
        times: usize,
        /// Most of them came at once.
        flood: bool,
        /// What is known of the answer.
        answer: Missing,
    },
    /// The one SYN to this port has no answer.
    SynUnanswered(Service),
    /// Several SYNs have none.
    SynsUnanswered {
        /// What they were sent to.
        to: Service,
        /// Nanoseconds between them.
        gaps: Vec<i64>,
        /// Whether these grow.
        growing: bool,
        /// A frame that shows that the host is there nevertheless.
        alive: Option<Alive>,
    },
    /// Several SYNs have none, and that says little.
    SynsTooSoon {
        /// What they were sent to.
        to: Service,
        /// How many.
        count: usize,
        /// Why.
        soon: Soon,
    },
    /// An ACK of an older connection answered the SYN to this port.
    Challenged(Service),
    /// A client's own system reset its call, and a program went on with it.
    ResetBySelf {
        /// Who called.
        client: IpAddr,
        /// Whom.
        to: Service,
        /// Frames of the SYN+ACK, of the RST, and of the ACK that came too late.
        frames: (u32, u32, u32),
        /// Frame of the first RST that refused that.
        refused: Option<u32>,
    },
    /// A side sent the same again and again, and nothing of the other one came any more.
    Unheard {
        /// Who.
        sender: IpAddr,
        /// To whom.
        to: Service,
        /// The frame from which on only it was captured.
        since: u32,
        /// The first and the last frame in which it sent again.
        frames: (u32, u32),
        /// How often.
        count: u32,
        /// Nanoseconds between these two.
        span: i64,
        /// It only asked whether the other is still there (keep-alive).
        probes: bool,
        /// Frame of the RST with which it gave up.
        gave_up: Option<u32>,
    },
    /// Many ports were sent what belongs to no connection.
    Probed {
        /// By whom.
        from: IpAddr,
        /// Whose ports.
        to: IpAddr,
        /// How many.
        ports: usize,
    },
    /// Calls of many hosts were answered and never completed.
    NeverCompleted {
        /// Whom they called.
        to: Service,
        /// How many calls.
        calls: usize,
        /// Of how many hosts.
        callers: usize,
    },
    /// What one client met so often that it is told once.
    Together {
        /// The client.
        client: IpAddr,
        /// How often.
        count: usize,
        /// The hosts it met it at.
        hosts: Several<IpAddr>,
        /// Their ports.
        ports: Several<u16>,
        /// What it looks like, when there are so many.
        scan: Option<Scanned>,
        /// Of a scanned host the ports that answered with SYN+ACK.
        open: OpenPorts,
        /// So many of the frames are named, if not all.
        named: Option<usize>,
        /// The first one.
        first: Box<Story>,
    },
    /// So many more, of hosts that are too many to be told apart.
    More(usize),
    /// A client waited for its turn.
    Waited {
        /// Who waited.
        client: Service,
        /// Frame that completed its connection.
        opened: u32,
        /// Frame with its first data.
        asked: u32,
        /// The connection that was served meanwhile.
        stream: usize,
        /// Frame in which that one began to close.
        ended: u32,
        /// Frame of the first answer to who waited.
        answer: u32,
        /// Nanoseconds between these two.
        after: i64,
        /// From a distance: the frame in which the server closed that one too, how long it had said
        /// nothing, and how long after that the answer came.
        closed: Option<(u32, i64, i64)>,
        /// How many clients waited so at this server.
        times: usize,
    },
    /// A DNS response came from an address that was not asked.
    StrayAnswer {
        /// Who asked.
        client: IpAddr,
        /// Whom.
        asked: IpAddr,
        /// For which name, in which frame.
        question: (String, u32),
        /// Who answered, in which frame.
        answer: (IpAddr, u32),
    },
    /// One DNS question got two answers that differ.
    TwoAnswers {
        /// Who answered, as it seems.
        server: IpAddr,
        /// The name asked for, and the frame.
        question: (String, u32),
        /// What was said in which frame.
        answers: [(String, u32); 2],
    },
    /// A RST that ended a connection with a TTL unlike its sender's others, or after which its
    /// sender went on.
    OddReset {
        /// In whose name it came.
        sender: IpAddr,
        /// Number of the connection.
        stream: usize,
        /// Its frame and TTL.
        reset: (u32, u8),
        /// Frame in which its sender went on.
        went_on: Option<u32>,
        /// Lowest and highest TTL of the others, and the frame of one of them.
        others: (u8, u8, u32),
        /// How many routers both have crossed, if each began with a usual TTL of its own.
        crossed: Option<u8>,
    },
    /// Several hardware addresses claim one IP address.
    Claimed {
        /// That address.
        address: IpAddr,
        /// Who claims it, in which frame.
        claims: Vec<(Mac, u32)>,
    },
    /// Somebody asked whether an IPv6 address is free, and somebody else has it.
    Taken {
        /// That address.
        address: IpAddr,
        /// Who asked, in which frame.
        wants: (Mac, u32),
        /// Who has it, and in which frame it says so.
        has: (Mac, u32),
    },
    /// Two asked at once whether an address is free.
    Wanted {
        /// That address.
        address: IpAddr,
        /// Who asked, each in which frame.
        askers: [(Mac, u32); 2],
    },
    /// A DHCP client declined the address it was given.
    Declined {
        /// The client's hardware address.
        client: Option<Mac>,
        /// The address.
        address: IpAddr,
        /// Frame of the Decline.
        frame: u32,
        /// Who gave it, and the frame of the ACK, if that is in the capture.
        given: (Option<IpAddr>, Option<u32>),
        /// Who else says that it has the address, and where.
        other: Option<(Mac, u32)>,
    },
    /// Several DHCP servers made an offer.
    Offered {
        /// Those beside the lease's own.
        others: Vec<IpAddr>,
        /// The other one, and the frame of its ACK.
        server: Option<(IpAddr, Option<u32>)>,
        /// The frame of its offer.
        offer: Option<u32>,
        /// In how many transactions these servers did.
        times: usize,
    },
    /// A DHCP client asked again and again, and no server answered.
    DhcpUnanswered {
        /// The client's hardware address.
        client: Option<Mac>,
        /// What it asked for.
        sought: Sought,
        /// How often.
        times: usize,
        /// Nanoseconds between the first time and the last.
        span: i64,
        /// So many nanoseconds later the capture ends.
        rest: Option<i64>,
        /// The first frame of a server to that client after that.
        answered: Option<u32>,
        /// An ICMP error about one of these.
        error: Option<u32>,
    },
    /// One DHCP server refused what another one acknowledged.
    Disagreed {
        /// The client's hardware address.
        client: Option<Mac>,
        /// The address it had asked for.
        address: Option<IpAddr>,
        /// Who refused, in which frame.
        refused: (IpAddr, u32),
        /// Who acknowledged, in which frame.
        acknowledged: (IpAddr, u32),
    },
    /// Two DHCP servers acknowledged what one client asked for.
    BothAcknowledged {
        /// The client's hardware address.
        client: Option<Mac>,
        /// Who acknowledged which address, in which frame: whose address the lease's is, and the other.
        acks: [(IpAddr, Option<IpAddr>, u32); 2],
    },
    /// DHCP gave an address to a second client while the first one's lease still ran.
    GivenTwice {
        /// The address.
        address: IpAddr,
        /// Who was given it by whom, in which frame.
        gifts: [(Mac, Option<IpAddr>, u32); 2],
        /// For how many seconds the first had it.
        seconds: u32,
        /// Nanoseconds from the one ACK to the other.
        after: i64,
    },
    /// A DHCP client was offered addresses and asked for none.
    OffersNotTaken {
        /// The client's hardware address.
        client: Option<Mac>,
        /// How often it looked for a server.
        times: usize,
        /// Nanoseconds between the first time and the last.
        span: i64,
        /// The first offer: what, by whom, in which frame.
        offer: (Option<IpAddr>, Option<IpAddr>, u32),
    },
    /// Frames were captured twice.
    Copied {
        /// How many.
        count: u64,
        /// Of how many IP frames.
        packets: u64,
        /// What most of them differ in from the first.
        difference: Difference,
        /// How many the receiver has acknowledged as received twice.
        doubled: u32,
        /// How often one packet came that differs in nothing, at most.
        most: u32,
        /// The frame at which time runs backwards, if all originals stand before it and all copies
        /// behind.
        joined: Option<u32>,
    },
    /// Packets were sent again and again by the same cards, each time with a lower TTL.
    WentRound {
        /// From whom, to whom.
        ends: (IpAddr, IpAddr),
        /// How many packets.
        packets: u64,
        /// In how many frames.
        count: u64,
        /// The TTLs of the first packet's first and last frame.
        ttls: (u8, u8),
        /// Who said that the TTL of one had run out, and where.
        error: Option<(IpAddr, u32)>,
    },
    /// The TTL ran out though it was high.
    RanOut {
        /// From whom, to whom.
        ends: (IpAddr, IpAddr),
        /// Who says so.
        sender: IpAddr,
        /// In which frame, and about which.
        frames: (u32, u32),
        /// The lowest TTL of these packets here.
        ttl: u8,
        /// How many errors say so.
        errors: usize,
    },
    /// A traceroute that did not arrive met a router twice, with another one between: TTL, who
    /// answered, and the frame of it.
    MetTwice {
        /// From whom, to whom.
        ends: (IpAddr, IpAddr),
        /// The router, the other one, and the router again.
        hops: [(u8, (IpAddr, u32)); 3],
    },
    /// TCP segments came again later, as the same packets.
    CameAgain {
        /// How many.
        count: u32,
        /// The TTL of most was another one.
        routed: bool,
        /// Other copies came at once, so that the clocks of all agree.
        at_once: bool,
        /// Most came at another place.
        elsewhere: bool,
        /// Most came at another interface of the recording.
        interfaces: bool,
        /// How many the receiver has acknowledged as received twice.
        doubled: u32,
    },
    /// TCP connections are in the capture before and after a translation of addresses.
    Translated {
        /// How many.
        count: usize,
        /// Which addresses became which, and whether there are more.
        changes: Vec<(IpAddr, IpAddr)>,
        /// Whether there are more of these.
        more: bool,
    },
    /// Checksums do not fit.
    Checksums {
        /// How many of which protocol.
        counts: Vec<(&'static str, u32)>,
        /// How many packets were looked at, if not all.
        among: Option<u32>,
        /// Whose.
        senders: Vec<IpAddr>,
        /// What is known of the reason.
        reason: Unfit,
    },
    /// A client logged in with a password that can be read.
    Password {
        /// Who.
        client: IpAddr,
        /// Where.
        server: IpAddr,
        /// By which protocol.
        protocol: About,
        /// Under which name.
        user: Option<String>,
        /// In base64.
        encoded: bool,
        /// First and last frame of the password.
        frames: (u32, u32),
        /// Whether the server took it, and in which frame it said so.
        accepted: Option<(bool, u32)>,
        /// Frame in which it took one that was sent later, after it had refused this one.
        later: Option<u32>,
    },
    /// A client sent a password to a web server with Basic authentication.
    BasicPassword {
        /// Who.
        client: IpAddr,
        /// To which server.
        server: IpAddr,
        /// Under which name.
        user: String,
        /// In which frame.
        frame: u32,
        /// Whether the server took it.
        accepted: Option<bool>,
        /// It is for a proxy, not for a web server.
        proxy: bool,
        /// The frame of a later one that was taken.
        later: Option<u32>,
    },
    /// A form was sent with a field that holds a password by its name.
    FormPassword {
        /// Who sent it.
        client: IpAddr,
        /// To whom.
        server: IpAddr,
        /// The name beside it.
        user: Option<String>,
        /// The name of the field.
        field: String,
        /// It stands in the query of the request's target, not in its body.
        query: bool,
        /// The frame with the password's beginning.
        frame: u32,
    },
    /// A client sent an SNMP community.
    Community {
        /// Who.
        client: IpAddr,
        /// To whom.
        server: IpAddr,
        /// The community.
        name: String,
        /// Frame of the first.
        frame: u32,
    },
    /// Overlapping fragments of a datagram bring different bytes.
    PiecesDisagree {
        /// Who sent it.
        source: IpAddr,
        /// To whom.
        destination: IpAddr,
        /// Its IP identification.
        identification: u32,
    },
    /// Two TCP segments with the same numbers bring different bytes.
    SegmentsDisagree {
        /// Who sent them.
        sender: IpAddr,
        /// Number of the connection.
        stream: u32,
        /// Their frames.
        frames: (u32, u32),
        /// Which of them has a wrong checksum.
        wrong: Option<u32>,
    },
    /// Packets were passed on by who claims another's address.
    Relayed {
        /// How many packets.
        count: u64,
        /// The address it claims.
        address: IpAddr,
        /// Its hardware address, and the frame in which it claims the other.
        relay: (Mac, u32),
        /// The other hardware address that claims it, and its frame.
        other: (Mac, u32),
    },
}

/// How many there were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Several<T> {
    /// None at all.
    Nothing,
    /// This one.
    One(T),
    /// So many.
    Many(usize),
    /// More than so many.
    MoreThan(usize),
}

/// What a scan tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// Many ports of one host.
    Ports,
    /// One port of many hosts.
    Hosts,
}

/// What differs between a frame and its copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The headers below IP have another length or another VLAN number.
    Tag,
    /// Another interface recorded it.
    Interface,
    /// A router was between.
    Hop,
    /// The TTL, and the later one comes from the card that the first was sent to.
    SameLink,
    /// The hardware addresses.
    Address,
    /// Nothing, and no IP identification tells whether it is the same packet: a TCP segment that takes
    /// numbers, which hosts do not send again so soon.
    Unnumbered,
    /// Nothing.
    None,
}

/// Why checksums do not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Not filled in, though some of the packets have been passed on.
    UnfilledPassedOn,
    /// Not filled in by either end.
    UnfilledBothWays,
    /// Not filled in by one host, or by two that do not talk to each other.
    UnfilledFew,
    /// Not filled in by many.
    UnfilledMany,
    /// Not filled in on loopback.
    Loopback,
    /// Of frames larger than a wire carries.
    Large,
    /// Wrong.
    Wrong,
}
