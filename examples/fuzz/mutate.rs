//! Inputs: what real captures hold, put together anew and damaged.

use std::io;
use std::path::PathBuf;
use wirelab::capture::{Batch, Reader};

/// Numbers that look random (xorshift64*), the same for the same seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..8 {
            random.next();
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    /// Less than `limit`, or 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(1).max(1);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<'t, T>(&mut self, list: &'t [T]) -> &'t T {
        &list[self.below(list.len())]
    }
}

/// A frame with what its record said.
#[derive(Clone)]
struct Frame {
    link: u16,
    time: u64,
    wire_length: u32,
    bytes: Vec<u8>,
}

/// What is damaged.
pub(crate) struct Corpus {
    files: Vec<Vec<u8>>,
    /// The frames of each file, the first few thousand.
    captures: Vec<Vec<Frame>>,
}

impl Corpus {
    /// Reads all captures of some folders.
    pub(crate) fn read(folders: &[PathBuf]) -> io::Result<Corpus> {
        let mut corpus = Corpus {
            files: Vec::new(),
            captures: Vec::new(),
        };
        let mut paths = Vec::new();
        let mut folders = folders.to_vec();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    paths.push(path);
                }
            }
        }
        paths.sort();
        for path in paths.iter().filter(|path| path.is_file()) {
            let bytes = std::fs::read(path)?;
            let mut reader = Reader::from_read("corpus", io::Cursor::new(bytes.clone()));
            let (mut batch, mut frames) = (Batch::new(), Vec::new());
            while frames.len() < 4000 && reader.next_batch(&mut batch) {
                frames.extend(batch.frames().map(|frame| Frame {
                    link: frame.link.0,
                    time: frame.time.map_or(0, |t| t.0.unsigned_abs()),
                    wire_length: frame.wire_length,
                    bytes: frame.bytes.to_vec(),
                }));
            }
            if frames.is_empty() {
                continue;
            }
            corpus.captures.push(frames);
            if bytes.len() < 20_000 {
                corpus.files.push(bytes);
            }
        }
        Ok(corpus)
    }

    pub(crate) fn len(&self) -> usize {
        self.captures.len()
    }

    /// A whole file, damaged anywhere: its framing is what suffers.
    pub(crate) fn file(&self, random: &mut Random) -> Vec<u8> {
        let mut bytes = if random.one_in(3) {
            self.capture(random)
        } else {
            random.pick(&self.files).clone()
        };
        if random.one_in(8) {
            let other = random.pick(&self.files);
            let cut = random.below(other.len());
            bytes.extend_from_slice(&other[cut..]);
        }
        damage(&mut bytes, random);
        bytes
    }

    /// One frame, damaged: a byte of its link type, then its bytes.
    pub(crate) fn frame(&self, random: &mut Random) -> Vec<u8> {
        let capture = random.pick(&self.captures);
        let mut frame = random.pick(capture).clone();
        if random.one_in(16) {
            frame.link = *random.pick(&[0, 1, 9, 10, 12, 101, 104, 108, 113, 129, 228, 229]);
        }
        let mut bytes = frame.bytes;
        bytes.truncate(2000);
        damage(&mut bytes, random);
        bytes.insert(0, u8::try_from(frame.link).unwrap_or(0));
        bytes
    }

    /// A few frames in a sound pcap or pcapng file, the frames damaged: what they carry suffers.
    pub(crate) fn capture(&self, random: &mut Random) -> Vec<u8> {
        let capture = random.pick(&self.captures);
        let count = 1 + random.below(24);
        let first = random.below(capture.len());
        let mut frames: Vec<Frame> = capture.iter().skip(first).take(count).cloned().collect();
        let link = frames[0].link;
        if random.one_in(6) {
            let other = random.pick(&self.captures);
            let first = random.below(other.len());
            frames.extend(other.iter().skip(first).take(6).cloned());
        }
        frames.retain(|frame| frame.link == link);
        for _ in 0..random.below(4) {
            let (a, b) = (random.below(frames.len()), random.below(frames.len()));
            match random.below(4) {
                0 => frames.swap(a, b),
                1 => {
                    let copy = frames[a].clone();
                    frames.insert(b, copy);
                }
                2 if frames.len() > 1 => {
                    frames.remove(a);
                }
                _ => frames[a].time = odd_time(random),
            }
        }
        for frame in &mut frames {
            frame.bytes.truncate(3000);
            if random.one_in(3) {
                damage(&mut frame.bytes, random);
            }
            if random.one_in(24) {
                frame.wire_length = u32::try_from(frame.bytes.len()).unwrap_or(0);
            }
        }
        if random.one_in(4) {
            pcapng(link, &frames)
        } else {
            pcap(link, &frames)
        }
    }
}

fn odd_time(random: &mut Random) -> u64 {
    match random.below(3) {
        0 => 0,
        1 => u64::from(u32::MAX) * 1_000_000_000,
        _ => random.next(),
    }
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(0)
}

fn pcap(link: u16, frames: &[Frame]) -> Vec<u8> {
    let mut file = vec![0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0];
    file.extend([0; 8]);
    file.extend(262_144u32.to_le_bytes());
    file.extend(u32::from(link).to_le_bytes());
    for frame in frames {
        let seconds = frame.time / 1_000_000_000;
        let fraction = frame.time % 1_000_000_000;
        for number in [seconds, fraction] {
            file.extend(u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
        }
        file.extend(length(&frame.bytes).to_le_bytes());
        file.extend(frame.wire_length.to_le_bytes());
        file.extend(&frame.bytes);
    }
    file
}

fn pcapng(link: u16, frames: &[Frame]) -> Vec<u8> {
    let words = |list: &[u32]| -> Vec<u8> { list.iter().flat_map(|n| n.to_le_bytes()).collect() };
    let mut file = words(&[0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28]);
    for _ in 0..2 {
        file.extend(words(&[1, 20, u32::from(link), 0, 20]));
    }
    for (place, frame) in (0u32..).zip(frames) {
        let captured = length(&frame.bytes);
        let padding = captured.next_multiple_of(4) - captured;
        let all = 32 + captured + padding;
        let ticks = frame.time / 1000;
        let high = u32::try_from(ticks >> 32).unwrap_or(0);
        let low = u32::try_from(ticks & 0xffff_ffff).unwrap_or(0);
        file.extend(words(&[
            6,
            all,
            place % 2,
            high,
            low,
            captured,
            frame.wire_length,
        ]));
        file.extend(&frame.bytes);
        file.extend(vec![0; usize::try_from(padding).unwrap_or(0)]);
        file.extend(words(&[all]));
    }
    file
}

/// Numbers at the edges of what fields hold.
const EDGES: &[u32] = &[
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    15,
    16,
    19,
    20,
    27,
    28,
    31,
    32,
    40,
    63,
    64,
    127,
    128,
    255,
    256,
    511,
    1023,
    1500,
    4095,
    4096,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
];

/// Changes a few bytes.
pub(crate) fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(6) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len());
        match random.below(9) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.byte(),
            2 => bytes[at] = *random.pick(&[0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff]),
            3 => put(bytes, at, &random.pick(EDGES).to_be_bytes()[2..]),
            4 => put(bytes, at, &random.pick(EDGES).to_be_bytes()),
            5 => put(bytes, at, &random.pick(EDGES).to_le_bytes()),
            6 if random.one_in(3) => bytes.truncate(at),
            7 if random.one_in(3) => {
                let end = (at + 1 + random.below(16)).min(bytes.len());
                bytes.drain(at..end);
            }
            8 if random.one_in(3) => {
                let end = (at + 1 + random.below(64)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, copy);
            }
            _ => {
                let from = random.below(bytes.len());
                let value = bytes[from];
                bytes[at] = value;
            }
        }
    }
}

fn put(bytes: &mut [u8], at: usize, new: &[u8]) {
    for (old, new) in bytes[at..].iter_mut().zip(new) {
        *old = *new;
    }
}
