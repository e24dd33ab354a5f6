//! What a protocol's ends write, over a network and a capture in which something goes wrong: segments
//! that are not captured, come again, late or in another order, or are not kept whole.

use super::{Random, Writes, commands, exchanges, questions, records};

pub(super) fn http(seed: u64) -> String {
    several(seed, 80, exchanges, AGAIN)
}

pub(super) fn tls(seed: u64) -> String {
    several(seed, 443, records, AGAIN)
}

pub(super) fn dns(seed: u64) -> String {
    several(seed, 53, questions, AGAIN)
}

pub(super) fn lines(seed: u64) -> String {
    several(seed, 21, commands, ALL)
}

/// Connections to this port, one after another; in each, one kind of thing goes wrong.
fn several(seed: u64, port: usize, write: fn(&mut Random) -> Writes, mishaps: &[Mishap]) -> String {
    let random = &mut Random::new(seed);
    let mut out = String::new();
    for (number, mishap) in mishaps.iter().enumerate() {
        let writes = write(random);
        out += &carried(random, *mishap, number, port, &writes);
    }
    out
}

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mishap {
    /// It was not captured.
    Missing,
    /// It comes again, at once, or after a while.
    Again,
    Late,
    /// It comes again, together with the next one.
    Together,
    /// The next one comes first.
    Swapped,
    /// It is not kept whole.
    Cut,
    /// Whether the other end is still there is asked in between.
    Probed,
}

/// Messages longer than a line are not asked of with the others: behind a hole tshark reads on in the
/// middle of them, and so it does with what is cut or comes with more.
const AGAIN: &[Mishap] = &[Mishap::Again, Mishap::Late, Mishap::Late];

const ALL: &[Mishap] = &[
    Mishap::Missing,
    Mishap::Again,
    Mishap::Late,
    Mishap::Together,
    Mishap::Swapped,
    Mishap::Cut,
    Mishap::Probed,
];

fn carried(
    random: &mut Random,
    mishap: Mishap,
    number: usize,
    port: usize,
    writes: &Writes,
) -> String {
    let names = [format!("c:{}", 40_000 + number), format!("s:{port}")];
    let mut out = String::new();
    let mut time = u64::try_from(number).expect("small") * 60_000_000;
    let mut next = [1000u32, 5000];
    let mut tell = |time: u64, side: usize, what: &str| {
        let (from, to) = (&names[side], &names[1 - side]);
        let (seconds, micros) = (time / 1_000_000, time % 1_000_000);
        out += &format!("{seconds}.{micros:06} {from} > {to} tcp {what}\n");
    };
    tell(time, 0, "S seq=999");
    tell(time + 8000, 1, "SA seq=4999 ack=1000");
    tell(time + 8100, 0, "A seq=1000 ack=5000");
    for (side, bytes) in writes {
        let side = *side;
        let mut parts = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let end = (at + random.one(&[5, 20, 60, 100, 400])).min(bytes.len());
            parts.push(at..end);
            at = end;
        }
        let first = next[side];
        let ack = next[1 - side];
        let segment = |from: usize, to: usize| {
            let hex: String = bytes[from..to].iter().map(|b| format!("{b:02x}")).collect();
            let seq = first.wrapping_add(u32::try_from(from).expect("small"));
            format!("PA seq={seq} ack={ack} hex={hex}")
        };
        let mut order: Vec<usize> = (0..parts.len()).collect();
        if mishap == Mishap::Swapped && parts.len() > 1 && random.chance(60) {
            let at = random.below(parts.len() - 1);
            order.swap(at, at + 1);
        }
        for at in order {
            time += 10_000;
            let part = parts[at].clone();
            let own = segment(part.start, part.end);
            let wrong = random.chance(25);
            match mishap {
                Mishap::Missing if wrong => continue,
                Mishap::Cut if wrong => {
                    let cap = 54 + random.below(part.len());
                    tell(time, side, &format!("{own} cap={cap}"));
                    continue;
                }
                Mishap::Probed if wrong => {
                    let seq = first.wrapping_add(u32::try_from(part.start).expect("small"));
                    tell(
                        time - 5000,
                        side,
                        &format!("A seq={} ack={ack} hex=00", seq - 1),
                    );
                }
                _ => {}
            }
            tell(time, side, &own);
            let end = parts.get(at + 1).map_or(part.end, |next| next.end);
            match mishap {
                Mishap::Again if wrong => tell(time + 1000, side, &own),
                Mishap::Late if wrong => {
                    time += 400_000;
                    tell(time, side, &own);
                }
                Mishap::Together if wrong => {
                    time += 400_000;
                    tell(time, side, &segment(part.start, end));
                }
                _ => {}
            }
        }
        next[side] = first.wrapping_add(u32::try_from(bytes.len()).expect("small"));
        if random.chance(50) {
            time += 200;
            let [own, other] = [next[1 - side], next[side]];
            tell(time, 1 - side, &format!("A seq={own} ack={other}"));
        }
    }
    time += 100;
    tell(time, 1, &format!("FA seq={} ack={}", next[1], next[0]));
    tell(
        time + 100,
        0,
        &format!("FA seq={} ack={}", next[0], next[1] + 1),
    );
    tell(
        time + 200,
        1,
        &format!("A seq={} ack={}", next[1] + 1, next[0] + 1),
    );
    out
}
