//! Protocols that are named and not decoded: what they carry is counted, not read.

use super::definition::{Definition, NOTHING};

/// Everything about them: their names.
pub const DEFINITION: Definition = Definition {
    layers: &[
        ("chdlc", "Cisco HDLC."),
        ("arcnet", "ARCNET."),
        ("cfp", "Cisco FabricPath."),
        ("fddi", "Fiber distributed data interface."),
        ("gre", "Generic routing encapsulation (named, not decoded)."),
        ("esp", "Encrypted IP payload (named, not decoded)."),
        ("ah", "Authenticated IP payload (named, not decoded)."),
        (
            "sctp",
            "Stream control transmission protocol (named, not decoded).",
        ),
        (
            "dccp",
            "Datagram congestion control protocol (named, not decoded).",
        ),
        (
            "eigrp",
            "Cisco's interior routing protocol (named, not decoded).",
        ),
        (
            "pim",
            "Protocol independent multicast (named, not decoded).",
        ),
        (
            "vrrp",
            "Virtual router redundancy protocol (named, not decoded).",
        ),
        (
            "rsvp",
            "Resource reservation protocol (named, not decoded).",
        ),
        (
            "l2tp",
            "Layer two tunnelling protocol (named, not decoded).",
        ),
        ("udplite", "Lightweight UDP (named, not decoded)."),
        (
            "pppoed",
            "PPP over Ethernet, discovery (named, not decoded).",
        ),
        ("pppoes", "PPP over Ethernet, session (named, not decoded)."),
        ("mpls", "Label switching (named, not decoded)."),
        ("eapol", "802.1X authentication (named, not decoded)."),
        ("macsec", "Encrypted Ethernet (named, not decoded)."),
        ("loop", "Ethernet configuration test (named, not decoded)."),
        (
            "slow",
            "802.3 slow protocols, such as link aggregation (named, not decoded).",
        ),
        ("ipx", "Novell's network layer (named, not decoded)."),
    ],
    ..NOTHING
};

// From `tshark -G decodes` of 4.0.17, without those that are decoded here.

/// Those that IP names by a number, and Wireshark's name of each.
#[rustfmt::skip]
const IP: &[(u8, &str)] = &[
    (9, "igrp"), (29, "cotp"), (33, "dccp"), (36, "xtp"), (46, "rsvp"), (48, "dsr"), (50, "esp"),
    (51, "ah"), (53, "swipe"), (54, "nhrp"), (62, "mipv6"), (80, "osi"), (83, "vines_frp"),
    (88, "eigrp"), (93, "ax25"), (97, "etherip"), (103, "pim"), (106, "lwl4"), (108, "ipcomp"),
    (112, "vrrp"), (113, "pgm"), (115, "l2tp"), (132, "sctp"), (134, "rsvp-e2ei"), (135, "mipv6"),
    (136, "udplite"), (139, "hip"), (140, "shim6"), (173, "ax4000"), (224, "ncs"),
];

/// Those that an EtherType names.
#[rustfmt::skip]
const ETHERNET: &[(u16, &str)] = &[
    (0x0600, "idp"), (0x0641, "roofnet"), (0x0643, "roofnet"), (0x0644, "roofnet"),
    (0x0645, "roofnet"), (0x0712, "mdp"), (0x0713, "mdp"), (0x0842, "wol"), (0x08f0, "m2m"),
    (0x08ff, "bpq"), (0x0bad, "vines_ip"), (0x0baf, "vines_echo"), (0x0c15, "c15hbeat"),
    (0x2001, "cgmp"), (0x2065, "crtp_cs"), (0x2067, "crtp_cudp16"), (0x22e5, "gmhdr"),
    (0x22ea, "mrp-msrp"), (0x22f0, "ieee1722"), (0x22f1, "rohc"), (0x22f3, "trill"),
    (0x22f4, "isis"), (0x2323, "dect"), (0x2452, "wlan_centrino"), (0x3e3f, "epl_v1"),
    (0x4305, "batadv"), (0x4742, "c15.ch"), (0x6000, "lapbether"), (0x6003, "dec_dna"),
    (0x6004, "lat"), (0x6558, "eth_bridge"), (0x8021, "ipcp"), (0x8023, "osinlcp"),
    (0x8038, "dec_stp"), (0x8057, "ipv6cp"), (0x8059, "pppmuxcp"), (0x809a, "wpan"),
    (0x809b, "llap"), (0x80d5, "snaeth"), (0x80e1, "dlr"), (0x80f3, "aarp"), (0x80fd, "ccp"),
    (0x80ff, "wcp"), (0x8102, "bofl"), (0x8103, "lacp"), (0x8133, "nsrp"), (0x8137, "ipx"),
    (0x814c, "snmp"), (0x8181, "stp"), (0x81fd, "ismp"), (0x8204, "lwl4"), (0x8207, "cdpcp"),
    (0x8281, "mplscp"), (0x872d, "wlccp"), (0x8783, "mint"), (0x8808, "macc"), (0x8809, "slow"),
    (0x8863, "pppoed"), (0x886c, "hpna"), (0x886d, "ans"), (0x886f, "msnlb"), (0x8870, "llc"),
    (0x8874, "brcm-tag"), (0x887b, "homeplug"), (0x888e, "eapol"), (0x8892, "pn_rt"),
    (0x8899, "realtek"), (0x889a, "hyperscsi"), (0x889b, "csm_encaps"), (0x88a1, "telkonet"),
    (0x88a2, "aoe"), (0x88a4, "ecatf"), (0x88a9, "extrememesh"), (0x88ab, "epl"),
    (0x88ae, "brdwlk"), (0x88b4, "wai"), (0x88b7, "ieee802a"), (0x88b8, "goose"), (0x88ba, "sv"),
    (0x88bb, "lwapp"), (0x88c7, "eapol"), (0x88ca, "tipc"), (0x88cd, "siii"), (0x88d8, "cesoeth"),
    (0x88d9, "lltd"), (0x88dc, "wsmp"), (0x88de, "vmlab"), (0x88e1, "homeplug-av"),
    (0x88e3, "pn_mrp"), (0x88e5, "macsec"), (0x88e7, "ieee8021ah"), (0x88ee, "elmi"),
    (0x88f5, "mrp-mvrp"), (0x88f6, "mrp-mmrp"), (0x88f7, "ptp"), (0x88f8, "ncsi"),
    (0x88fb, "hsr_prp_supervision"), (0x8901, "flip"), (0x8902, "cfm"), (0x8906, "fcoe"),
    (0x8909, "cmd"), (0x890d, "wlan"), (0x8911, "linx"), (0x8914, "fip"), (0x8915, "infiniband"),
    (0x8917, "mih"), (0x891d, "tte_pcf"), (0x892d, "bluecom"), (0x892f, "hsr"),
    (0x893a, "ieee1905"), (0x893f, "etag"), (0x8940, "ecp21"), (0x8942, "lldp"), (0x8947, "gnw"),
    (0x894f, "nsh"), (0x8988, "hbbak"), (0x8ffd, "aruba_iap"), (0x9000, "loop"),
    (0x9021, "rtmac"), (0x9022, "rtcfg"), (0x9104, "eero"), (0x99fe, "tecmp"),
    (0xa0ed, "6lowpan"), (0xabcd, "brdwlk"), (0xaefe, "ecpri"), (0xb4e3, "cl3"),
    (0xbbbb, "lwapp"), (0xc021, "lcp"), (0xc023, "pap"), (0xc029, "cbcp"), (0xc02b, "bacp"),
    (0xc02d, "bap"), (0xc0de, "xip"), (0xc0df, "nwp"), (0xc223, "chap"), (0xcafe, "llt"),
    (0xd00d, "tdmoe"), (0xd28b, "avsp"), (0xe555, "exeh"), (0xf052, "hcrt"),
    (0xf1c1, "ieee8021cb"), (0xfcfc, "mdshdr"),
];

/// Those that a service access point of LLC names.
#[rustfmt::skip]
const LLC: &[(u8, &str)] = &[
    (0x04, "sna"), (0x08, "sna"), (0x0c, "sna"), (0x10, "ipx"), (0x14, "osi"), (0x20, "osi"),
    (0x34, "osi"), (0x40, "sna"), (0x54, "osi"), (0x7e, "x25"), (0x80, "3comxns"),
    (0x82, "bacnet"), (0xbc, "vines_llc"), (0xc8, "sna"), (0xe0, "ipx"), (0xf8, "hpext"),
    (0xfc, "rpl"), (0xfe, "osi"),
];

/// Those that PPP names.
#[rustfmt::skip]
const PPP: &[(u16, &str)] = &[
    (0x0023, "osi"), (0x0027, "dec_dna"), (0x0029, "ddp"), (0x002b, "ipx"), (0x002d, "vjc"),
    (0x002f, "vjc"), (0x0031, "bcp_bpdu"), (0x0035, "vines_ip"), (0x003d, "mp"), (0x004b, "llc"),
    (0x004d, "sna"), (0x0059, "pppmux"), (0x005b, "vsnp"), (0x0061, "crtp"),
    (0x0065, "crtp_cntcp"), (0x0067, "crtp_cudp8"), (0x00fd, "comp_data"), (0x0205, "dec_stp"),
    (0x0207, "cdp"), (0x2065, "crtp_cs"), (0x2067, "crtp_cudp16"), (0x8021, "ipcp"),
    (0x8023, "osinlcp"), (0x8031, "bcp_ncp"), (0x8057, "ipv6cp"), (0x8059, "pppmuxcp"),
    (0x805b, "vsncp"), (0x80fd, "ccp"), (0x8207, "cdpcp"), (0x8281, "mplscp"), (0xc021, "lcp"),
    (0xc023, "pap"), (0xc029, "cbcp"), (0xc02b, "bacp"), (0xc02d, "bap"), (0xc223, "chap"),
    (0xc227, "eap"),
];

/// The name of what IP carries under this number.
pub(super) fn by_ip(number: u8) -> Option<&'static str> {
    let found = IP.iter().find(|(n, _)| *n == number)?;
    Some(found.1)
}

/// The name of what Ethernet carries under this number.
pub(super) fn by_ether_type(number: u16) -> Option<&'static str> {
    let found = ETHERNET.iter().find(|(n, _)| *n == number)?;
    Some(found.1)
}

/// The name of what LLC carries for this service access point.
pub(super) fn by_access_point(number: u8) -> Option<&'static str> {
    let found = LLC.iter().find(|(n, _)| *n == number)?;
    Some(found.1)
}

/// The name of what PPP carries under this number.
pub(super) fn by_ppp(number: u16) -> Option<&'static str> {
    let found = PPP.iter().find(|(n, _)| *n == number)?;
    Some(found.1)
}
