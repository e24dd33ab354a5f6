//! Remote procedure calls (RFC 5531), and the programs that are called.

use super::{Memory, Names, Outline, Taken, u32_at};
use crate::dissect::as_usize;

/// Calls over TCP, in records.
pub(super) const OUTLINE: Outline = Outline {
    name: "rpc",
    tcp: &[111],
    begins: |bytes| {
        let mark = u32_at(bytes, 0).unwrap_or(0);
        mark & 0x8000_0000 != 0 && mark & 0x7fff_ffff >= 24 && is_call(&bytes[4..])
    },
    divide: |bytes, _| {
        let Some(mark) = u32_at(bytes, 0) else {
            return Some(Taken::OneMore);
        };
        let length = 4 + as_usize(mark & 0x7fff_ffff);
        // A record in several fragments is not put together here.
        Some(super::length(bytes, length))
    },
    above: |message, memory, names| carried(message.get(4..).unwrap_or_default(), memory, names),
};

/// Whether these bytes call a procedure by version 2.
pub(super) fn is_call(bytes: &[u8]) -> bool {
    u32_at(bytes, 4) == Some(0)
        && u32_at(bytes, 8) == Some(2)
        && u32_at(bytes, 12).is_some_and(|program| program >= 100_000)
}

/// Programs and Wireshark's names of them.
const PROGRAMS: &[(u32, &str)] = &[
    (100_000, "portmap"),
    (100_001, "rstat"),
    (100_003, "nfs"),
    (100_004, "ypserv"),
    (100_005, "mount"),
    (100_007, "ypbind"),
    (100_008, "rwall"),
    (100_011, "rquota"),
    (100_012, "spray"),
    (100_020, "klm"),
    (100_021, "nlm"),
    (100_024, "stat"),
    (100_227, "nfsacl"),
];

/// The program that a message calls, or answers for; a procedure without arguments has nothing
/// of its own.
pub(super) fn carried(bytes: &[u8], memory: &mut Memory, names: &mut Names) {
    let (Some(number), Some(kind)) = (u32_at(bytes, 0), u32_at(bytes, 4)) else {
        return;
    };
    let program = match kind {
        0 if is_call(bytes) => {
            let Some(program) = u32_at(bytes, 12).filter(|_| u32_at(bytes, 20) != Some(0)) else {
                return;
            };
            memory.call(number, program);
            Some(program)
        }
        1 => memory.called(number),
        _ => None,
    };
    names.extend(program.and_then(self::program));
}

/// Wireshark's name of a program.
pub(crate) fn program(number: u32) -> Option<&'static str> {
    let named = PROGRAMS.iter().find(|row| row.0 == number)?;
    Some(named.1)
}
