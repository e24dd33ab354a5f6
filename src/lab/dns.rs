//! A DNS server for a lab's few names (RFC 1035): addresses, and their names.
//!
//! It answers with authority for what it knows and says NXDOMAIN to the rest; it asks nobody else.
//! Queries over TCP and EDNS are left out: a lab's answers are short.

use super::fault::Fault;
use super::log::{Event, Log, readable};
use super::stop::{Stop, Waited, wait};
use rustix::event::PollFlags;
use std::net::{Ipv4Addr, UdpSocket};

/// A name and its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The name, in lower case, without the last dot.
    pub name: String,
    /// Its address.
    pub address: Ipv4Addr,
}

impl std::str::FromStr for Record {
    type Err = String;

    fn from_str(text: &str) -> Result<Record, String> {
        let shape =
            || format!("{text:?}: a record is NAME=ADDRESS, as www.example.com=93.184.216.34");
        let (name, address) = text.split_once('=').ok_or_else(shape)?;
        let labels = name.trim_end_matches('.').split('.');
        if name.len() > 253
            || labels
                .clone()
                .any(|label| label.is_empty() || label.len() > 63)
        {
            return Err(shape());
        }
        Ok(Record {
            name: labels.collect::<Vec<_>>().join(".").to_lowercase(),
            address: address.parse().map_err(|_| shape())?,
        })
    }
}

const A: u16 = 1;
const PTR: u16 = 12;
const AAAA: u16 = 28;
const INTERNET: u16 = 1;
/// How long an answer may be kept, in seconds.
const TTL: u32 = 300;

/// A question, and where it ends in the message.
struct Question {
    name: String,
    kind: u16,
    end: usize,
}

/// The answer to a query; `None` to what is no query. Gives also what was asked, for the log.
pub fn answer(query: &[u8], records: &[Record]) -> Option<(Vec<u8>, String)> {
    let header = query.get(..12)?;
    let (flags, count) = (header[2], u16::from_be_bytes([header[4], header[5]]));
    // A response, or no ordinary query.
    if flags & 0xf8 != 0 || count != 1 {
        return None;
    }
    let question = question(query)?;
    let mut answers: Vec<Vec<u8>> = Vec::new();
    let mut known = false;
    for record in records {
        known |= record.name == question.name;
        if record.name == question.name && question.kind == A {
            answers.push(record.address.octets().to_vec());
        }
        if reverse(record.address) == question.name {
            known = true;
            if question.kind == PTR {
                answers.push(wire_name(&record.name));
            }
        }
    }
    // Recursion desired is copied, as every server does; authority, no recursion.
    let code = if known { 0 } else { 3 };
    let mut bytes = header[..2].to_vec();
    bytes.extend([0x84 | (flags & 1), code]);
    bytes.extend([0, 1, 0, answers.len() as u8, 0, 0, 0, 0]);
    bytes.extend(query.get(12..question.end)?);
    for data in answers {
        // The name is that of the question, at byte 12.
        bytes.extend([0xc0, 12]);
        bytes.extend(question.kind.to_be_bytes());
        bytes.extend(INTERNET.to_be_bytes());
        bytes.extend(TTL.to_be_bytes());
        bytes.extend((data.len() as u16).to_be_bytes());
        bytes.extend(data);
    }
    let kind = match question.kind {
        A => "A".to_owned(),
        PTR => "PTR".to_owned(),
        AAAA => "AAAA".to_owned(),
        other => format!("TYPE{other}"),
    };
    Some((bytes, format!("{kind} {}", question.name)))
}

fn question(query: &[u8]) -> Option<Question> {
    let mut labels = Vec::new();
    let mut at = 12;
    loop {
        let length = usize::from(*query.get(at)?);
        if length == 0 {
            break;
        }
        // A pointer has no place in the only name of a message.
        if length > 63 {
            return None;
        }
        let label = query.get(at + 1..at + 1 + length)?;
        labels.push(readable(label).to_lowercase());
        at += 1 + length;
    }
    let kind = query.get(at + 1..at + 3)?;
    query.get(at + 3..at + 5)?;
    Some(Question {
        name: labels.join("."),
        kind: u16::from_be_bytes([kind[0], kind[1]]),
        end: at + 5,
    })
}

fn reverse(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("{d}.{c}.{b}.{a}.in-addr.arpa")
}

fn wire_name(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.') {
        bytes.push(label.len() as u8);
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes
}

/// Answers queries until asked to stop.
pub fn serve(socket: &UdpSocket, records: &[Record], stop: &Stop, log: &Log) -> Result<(), Fault> {
    let local = socket.local_addr().map_err(Fault::system("the socket"))?;
    log.record(&Event::new("listening").at("udp", local));
    let mut buffer = [0; 4096];
    while wait(socket, PollFlags::IN, stop, None).map_err(Fault::system("waiting"))?
        == Waited::Ready
    {
        let Ok((count, remote)) = socket.recv_from(&mut buffer) else {
            continue;
        };
        let Some((bytes, asked)) = answer(&buffer[..count], records) else {
            continue;
        };
        // Whether it arrives is the client's concern; it asks again.
        let _ = socket.send_to(&bytes, remote);
        let code = if bytes[3] & 0xf == 0 {
            "NOERROR"
        } else {
            "NXDOMAIN"
        };
        log.record(
            &Event::new("answered")
                .between("udp", local, remote)
                .text("question", asked)
                .text("code", code)
                .number("answers", usize::from(bytes[7])),
        );
    }
    log.record(&Event::new("ended").at("udp", local));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str, kind: u16) -> Vec<u8> {
        let mut bytes = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        bytes.extend(wire_name(name));
        bytes.extend(kind.to_be_bytes());
        bytes.extend(INTERNET.to_be_bytes());
        bytes
    }

    #[test]
    fn known_names_have_addresses_and_addresses_names() {
        let records = ["www.Example.com=93.184.216.34".parse().unwrap()];
        let (bytes, asked) = answer(&query("WWW.example.com", A), &records).unwrap();
        assert_eq!(asked, "A www.example.com");
        assert_eq!(bytes[..8], [0x12, 0x34, 0x85, 0, 0, 1, 0, 1]);
        assert!(bytes.ends_with(&[0, 4, 93, 184, 216, 34]));
        let (bytes, _) = answer(&query("34.216.184.93.in-addr.arpa", PTR), &records).unwrap();
        assert!(bytes.ends_with(b"\x03www\x07example\x03com\0"));
        // The name is there, an IPv6 address is not: no error, no answer.
        let (bytes, _) = answer(&query("www.example.com", AAAA), &records).unwrap();
        assert_eq!(bytes[3..8], [0, 0, 1, 0, 0]);
        let (bytes, _) = answer(&query("example.com", A), &records).unwrap();
        assert_eq!(bytes[3], 3);
    }

    #[test]
    fn what_is_no_query_is_not_answered() {
        let good = query("a.b", A);
        for length in 0..good.len() {
            assert!(answer(&good[..length], &[]).is_none());
        }
        let mut response = good.clone();
        response[2] |= 0x80;
        assert!(answer(&response, &[]).is_none());
        let mut pointer = good;
        pointer[12] = 0xc0;
        assert!(answer(&pointer, &[]).is_none());
    }
}
