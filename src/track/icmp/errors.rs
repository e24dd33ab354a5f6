//! ICMP errors, with the packet they are about.

use super::pieces::{AboutEcho, AboutPiece, MOST as MOST_PIECES};
use super::{ALIKE, Alike, Echoes, Key, Quoted, Told, whose};
use crate::dissect::layer::Protocol;
use crate::dissect::{Ip, Message, Packet, Transport};
use crate::facts::Moment;
use crate::facts::icmp::{IcmpError, Ping};
use crate::track::redirects::gateway;
use crate::track::room::Room;

/// What is known of an error when it comes.
#[derive(Clone, Copy, Default)]
pub(crate) struct About<'q> {
    /// The packet that it quotes, as far as that was captured.
    pub quoted: Option<&'q Quoted>,
    /// The frame of it, if it is a datagram, and how surely.
    pub frame: Option<(u32, Told)>,
    /// Its conversation and its frame, if it is a TCP segment.
    pub stream: Option<(u32, Option<(u32, Told)>)>,
    /// The TTL that it probably had, if the error says that it ran out.
    pub ran_out: Option<u8>,
    /// The earlier frame that held the same error.
    pub copy_of: Option<u32>,
}

/// An error that quotes a TCP segment: which it is about is known when the conversation is.
pub(crate) struct AboutTcp {
    /// Its place among the errors.
    pub error: usize,
    /// Conversation of the quoted segment.
    pub stream: u32,
    /// Sequence number of the quoted segment.
    pub sequence: u32,
}

impl Echoes {
    /// Takes in an error message, with what is known of it.
    pub(crate) fn error(
        &mut self,
        packet: &Packet<'_>,
        ip: &Ip,
        message: &Message,
        about: About<'_>,
    ) {
        let About { quoted, .. } = about;
        let v6 = matches!(packet.transport, Transport::Icmpv6(_));
        let frame = packet.frame.number;
        let same = about.copy_of.and_then(|frame| self.told(frame));
        let mut told = about.frame.or(same);
        if let Some(quoted) = quoted
            && let Some((identifier, sequence)) = quoted.echo
            && told.is_none()
        {
            let key = (quoted.source, quoted.destination, identifier, sequence);
            told = self.about_request(&key, quoted.identification, about.ran_out, frame);
            if told.is_none() {
                self.about_echo.push(AboutEcho {
                    error: self.errors.len(),
                    key,
                    identification: quoted.identification,
                });
            }
        }
        if let Some((quoted, at)) = quoted.and_then(|q| Some((q, q.piece?)))
            && told.is_none()
            && self.about_pieces.has_room(MOST_PIECES)
        {
            self.about_pieces.push(AboutPiece {
                error: self.errors.len(),
                datagram: (quoted.source, quoted.destination, quoted.identification),
                at,
            });
        }
        let sequence = quoted.and_then(|quoted| quoted.sequence);
        if let (Some((stream, newest)), Some(sequence)) = (about.stream, sequence) {
            told = newest;
            self.about_tcp.push(AboutTcp {
                error: self.errors.len(),
                stream,
                sequence,
            });
        }
        let gateway = gateway(packet, ip, message);
        let itself = quoted.is_some_and(|quoted| gateway == Some(quoted.destination));
        self.errors.push(IcmpError {
            frame,
            time: packet.frame.time.map(|t| Moment(t.0)),
            sender: ip.source,
            receiver: ip.destination,
            kind: message.kind,
            code: message.code,
            meaning: match itself {
                true => "redirect: the destination is on the link itself",
                false => meaning(v6, message.kind, message.code),
            }
            .to_owned(),
            gateway,
            mtu: mtu(packet, message),
            about: quoted.map_or_else(
                || "a packet whose beginning was not captured".to_owned(),
                Quoted::to_string,
            ),
            about_source: quoted.map(|quoted| quoted.source),
            about_destination: quoted.map(|quoted| quoted.destination),
            about_protocol: quoted.map(|quoted| quoted.protocol),
            about_length_bytes: quoted.and_then(|quoted| quoted.length),
            about_dont_fragment: quoted.and_then(|quoted| quoted.undivided),
            copy_of_frame: about.copy_of,
            about_frame: told.map(|(frame, _)| frame),
            about_shared: told.is_some_and(|(_, told)| told == Told::Perhaps),
        });
    }

    /// What the error in a frame is about, and how surely.
    fn told(&self, frame: u32) -> Option<(u32, Told)> {
        let place = self.errors.binary_search_by_key(&frame, |e| e.frame);
        let error = self.errors.get(place.ok()?)?;
        let told = match error.about_shared {
            true => Told::Perhaps,
            false => Told::Yes,
        };
        error.about_frame.map(|frame| (frame, told))
    }

    /// Takes in an error about an echo request; gives the request's frame, and how surely it is
    /// that one. Requests with one number are told apart by the identification that is quoted.
    fn about_request(
        &mut self,
        key: &Key,
        identification: u32,
        ran_out: Option<u8>,
        frame: u32,
    ) -> Option<(u32, Told)> {
        let open = &self.open.get(key)?.places;
        let newest = open.range(open.len().saturating_sub(ALIKE)..);
        let own = |place: &&usize| self.asked[**place].identification == identification;
        let mut pings: Vec<usize> = newest
            .clone()
            .filter(own)
            .map(|at| self.asked[*at].ping)
            .collect();
        if pings.is_empty() {
            // It was changed on the way.
            pings = newest.map(|at| self.asked[*at].ping).collect();
        }
        pings.dedup();
        let alike: Vec<Alike> = pings.iter().map(|ping| self.pings[*ping].alike()).collect();
        let (at, told) = whose(&alike, ran_out)?;
        if told == Told::Perhaps {
            for ping in &pings {
                let ping = &mut self.pings[*ping];
                ping.error_shared |= ping.alike().told != Told::Yes;
            }
        }
        let ping = &mut self.pings[pings[at]];
        if told == Told::Yes && ping.error_shared {
            (ping.error_frame, ping.error_shared) = (None, false);
        }
        ping.error_frame.get_or_insert(frame);
        Some((ping.frame, told))
    }
}

impl Ping {
    /// What its errors tell.
    fn alike(&self) -> Alike {
        Alike {
            ttl: self.ttl,
            told: match (self.error_frame, self.error_shared) {
                (None, _) => Told::No,
                (Some(_), true) => Told::Perhaps,
                (Some(_), false) => Told::Yes,
            },
        }
    }
}

/// The longest packet that goes on from whoever found one too big; `None` also where it does not
/// say so, as before RFC 1191.
fn mtu(packet: &Packet<'_>, message: &Message) -> Option<u32> {
    match (packet.transport, message.kind, message.code) {
        (Transport::Icmp(_), 3, 4) => {
            let view = packet.view(packet.layers.find(Protocol::Icmp)?);
            view.u16(6).map(u32::from).filter(|mtu| *mtu != 0)
        }
        (Transport::Icmpv6(_), 2, _) => {
            let view = packet.view(packet.layers.find(Protocol::Icmpv6)?);
            view.u32(4).filter(|mtu| *mtu != 0)
        }
        _ => None,
    }
}

/// An ICMP error in words (RFC 792, RFC 1122 §3.2.2, RFC 4443).
pub(crate) fn meaning(v6: bool, kind: u8, code: u8) -> &'static str {
    match (v6, kind, code) {
        (false, 3, 0) => "network unreachable",
        (false, 3, 1) => "host unreachable",
        (false, 3, 2) => "protocol unreachable",
        (false, 3, 3) => "port unreachable",
        (false, 3, 4) => "fragmentation needed but not allowed",
        (false, 3, 5) => "source route failed",
        (false, 3, 6) => "network unknown",
        (false, 3, 7) => "host unknown",
        (false, 3, 9) => "network administratively prohibited",
        (false, 3, 10) => "host administratively prohibited",
        (false, 3, 11) => "network unreachable for this type of service",
        (false, 3, 12) => "host unreachable for this type of service",
        (false, 3, 13) => "communication administratively prohibited",
        (false, 3, _) => "destination unreachable",
        (false, 4, _) => "source quench",
        (false, 5, _) => "redirect to a better router",
        (false, 11, 0) => "time to live exceeded in transit",
        (false, 11, _) => "fragment reassembly time exceeded",
        (false, 12, _) => "parameter problem",
        (true, 1, 0) => "no route to destination",
        (true, 1, 1) => "communication administratively prohibited",
        (true, 1, 2) => "beyond the scope of the source address",
        (true, 1, 3) => "address unreachable",
        (true, 1, 4) => "port unreachable",
        (true, 1, 5) => "source address failed ingress/egress policy",
        (true, 1, 6) => "reject route to destination",
        (true, 1, _) => "destination unreachable",
        (true, 2, _) => "packet too big",
        (true, 3, 0) => "hop limit exceeded in transit",
        (true, 3, _) => "fragment reassembly time exceeded",
        (true, 4, _) => "parameter problem",
        _ => "error of an unknown kind",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_names_of_their_documents() {
        // RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1.
        let v4 = [
            (3, 0, "network unreachable"),
            (3, 1, "host unreachable"),
            (3, 2, "protocol unreachable"),
            (3, 3, "port unreachable"),
            (3, 4, "fragmentation needed but not allowed"),
            (3, 5, "source route failed"),
            (3, 6, "network unknown"),
            (3, 7, "host unknown"),
            (3, 8, "destination unreachable"),
            (3, 9, "network administratively prohibited"),
            (3, 10, "host administratively prohibited"),
            (3, 11, "network unreachable for this type of service"),
            (3, 12, "host unreachable for this type of service"),
            (3, 13, "communication administratively prohibited"),
            (4, 0, "source quench"),
            (5, 1, "redirect to a better router"),
            (11, 0, "time to live exceeded in transit"),
            (11, 1, "fragment reassembly time exceeded"),
            (12, 0, "parameter problem"),
            (13, 0, "error of an unknown kind"),
        ];
        // RFC 4443 section 3.
        let v6 = [
            (1, 0, "no route to destination"),
            (1, 1, "communication administratively prohibited"),
            (1, 2, "beyond the scope of the source address"),
            (1, 3, "address unreachable"),
            (1, 4, "port unreachable"),
            (1, 5, "source address failed ingress/egress policy"),
            (1, 6, "reject route to destination"),
            (1, 7, "destination unreachable"),
            (2, 0, "packet too big"),
            (3, 0, "hop limit exceeded in transit"),
            (3, 1, "fragment reassembly time exceeded"),
            (4, 0, "parameter problem"),
            (100, 0, "error of an unknown kind"),
        ];
        for (kind, code, name) in v4 {
            assert_eq!(meaning(false, kind, code), name);
        }
        for (kind, code, name) in v6 {
            assert_eq!(meaning(true, kind, code), name);
        }
    }
}
