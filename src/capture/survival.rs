//! Whatever is done to a small capture, reading it ends, and what is read can be relied on.

use super::testing::{
    BIG, LITTLE, Seen, Trickle, read, read_all, see, small_pcap, small_pcapng, survive,
};
use super::{Batch, Reader, Verdict, read_beside};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{Cursor, Write};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn samples() -> Vec<Vec<u8>> {
    let mut samples = vec![small_pcapng()];
    for order in [LITTLE, BIG] {
        for magic in [0xa1b2_c3d4, 0xa1b2_3c4d, 0xa1b2_cd34] {
            samples.push(small_pcap(order, magic));
        }
    }
    let compressed = [gzip, lz4, zstd].map(|compress| compress(&small_pcapng()));
    samples.extend(compressed);
    samples
}

fn read_trickling(bytes: &[u8], size: usize) -> (Vec<Seen>, super::Ending) {
    let mut reader = Reader::from_read("pipe", Trickle(Cursor::new(bytes.to_vec()), size));
    let seen = read_all(&mut reader);
    (seen, reader.finish())
}

#[test]
fn every_prefix_keeps_the_whole_frames_and_is_never_corrupt() {
    for sample in samples()
        .into_iter()
        .filter(|sample| !sample.starts_with(&[0x34]))
    {
        let (whole, _) = read(&sample);
        for length in 0..sample.len() {
            let prefix = sample.get(..length).unwrap_or_default();
            let (seen, ending) = read(prefix);
            assert!(
                whole.starts_with(&seen),
                "{length} bytes of {whole:?}: {seen:?}"
            );
            assert_ne!(ending.verdict, Verdict::Corrupt, "{length}: {ending:?}");
            assert_eq!(ending.verdict == Verdict::Empty, length == 0);
            if ending.verdict == Verdict::Cut {
                assert!(ending.reason.is_some_and(|words| words.contains("byte")));
            }
        }
    }
}

#[test]
fn every_flipped_byte_is_survived() {
    let mut batch = Batch::new();
    for sample in samples() {
        let mut damaged = sample.clone();
        for (at, &good) in sample.iter().enumerate() {
            for flip in [1, 0x80, 0xff] {
                damaged[at] = good ^ flip;
                let ending = survive(&damaged, &mut batch);
                assert!(ending.frames <= 8, "{ending:?}");
            }
            damaged[at] = good;
        }
    }
}

#[test]
fn bytes_that_trickle_in_give_the_same_frames() {
    for sample in samples() {
        for length in [sample.len(), sample.len() - 3, sample.len() / 2] {
            let part = sample.get(..length).unwrap_or_default();
            for size in [1, 3, 16, 100] {
                assert_eq!(read(part), read_trickling(part, size));
            }
        }
    }
}

/// Found by `examples/fuzz`: which of two formats it is was guessed from the bytes at hand, and a
/// pipe had fewer of them.
#[test]
fn which_modified_format_it_is_does_not_depend_on_how_the_bytes_come() {
    let found = [
        0x34, 0xcd, 0xb2, 0xa1, 0x02, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x57, 0x36, 0x0b, 0x00, 0x62, 0x00, 0x00, 0x00, 0x62, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00, 0x45, 0x00, 0x00, 0x54, 0xd5, 0x44, 0x40, 0x00,
        0x40, 0x01, 0x4a, 0xb8, 0x0a, 0x9a, 0x00,
    ];
    for end in 24..=found.len() {
        let whole = read(&found[..end]);
        for size in [1, 5, 16, 17, 40] {
            let (seen, ending) = read_trickling(&found[..end], size);
            assert_eq!(seen, whole.0);
            assert_eq!(ending.verdict, whole.1.verdict, "{end} {size}");
            assert_eq!(ending.stopped_at_byte, whole.1.stopped_at_byte);
        }
    }
}

#[test]
fn reading_ahead_gives_the_same_frames() {
    let mut large = LITTLE.pcap(0xa1b2_c3d4);
    for second in 0..20_000 {
        large.extend(LITTLE.record(second, 7, 100, &[5; 90]));
    }
    large.pop();
    for sample in samples().into_iter().chain([large]) {
        let mut ahead = read_beside(Reader::from_read("pipe", Cursor::new(sample.clone())));
        let mut seen = Vec::new();
        while let Some(batch) = ahead.next() {
            see(batch, &mut seen);
        }
        assert!(ahead.next().is_none());
        assert_eq!(read(&sample), (seen, ahead.finish().finish()));
    }
}

#[test]
fn a_reader_ahead_can_be_stopped_early() {
    let mut large = LITTLE.pcap(0xa1b2_c3d4);
    for second in 0..50_000 {
        large.extend(LITTLE.record(second, 7, 100, &[5; 90]));
    }
    let mut ahead = read_beside(Reader::from_read("pipe", Cursor::new(large)));
    assert!(ahead.next().is_some());
    assert_eq!(ahead.finish().interfaces().len(), 1);
}

#[test]
fn several_compressed_pieces_are_one_capture() {
    let plain = small_pcap(LITTLE, 0xa1b2_c3d4);
    let (front, back) = plain.split_at(50);
    for compress in [gzip, lz4, zstd] {
        let mut pieces = compress(front);
        pieces.extend(compress(back));
        let (seen, ending) = read(&pieces);
        assert_eq!(
            (seen.len(), ending.verdict),
            (3, Verdict::Clean),
            "{ending:?}"
        );
        pieces.extend(b"rubbish");
        let (seen, ending) = read(&pieces);
        assert_eq!(
            (seen.len(), ending.verdict),
            (3, Verdict::Odd),
            "{ending:?}"
        );
    }
}

#[test]
fn a_wrong_checksum_is_corrupt_and_keeps_the_frames() {
    let plain = small_pcap(LITTLE, 0xa1b2_c3d4);
    // gzip ends with checksum and length, zstd and lz4 with the checksum.
    for (compress, from_end) in [(gzip as fn(&[u8]) -> Vec<u8>, 8), (zstd, 1)] {
        let mut damaged = compress(&plain);
        let at = damaged.len() - from_end;
        damaged[at] ^= 1;
        let (seen, ending) = read(&damaged);
        assert_eq!(
            (seen.len(), ending.verdict),
            (3, Verdict::Corrupt),
            "{ending:?}"
        );
    }
}

#[test]
fn a_bomb_is_read_in_constant_memory() {
    let mut capture = small_pcap(LITTLE, 0xa1b2_c3d4);
    capture.resize(capture.len() + 30_000_000, 0);
    for compress in [gzip, lz4, zstd] {
        let (seen, ending) = read(&compress(&capture));
        assert_eq!(
            (seen.len(), ending.verdict),
            (3, Verdict::Odd),
            "{ending:?}"
        );
    }
}

#[test]
fn a_block_too_large_to_hold_is_stepped_over_unless_it_matters() {
    let mut large = [0_u8; 8];
    large[..4].copy_from_slice(&77_u32.to_le_bytes());
    large[4..].copy_from_slice(&(20_u32 << 20).to_le_bytes());
    let begin = [LITTLE.section(&[]), LITTLE.interface(1, &[])].concat();
    let packet = LITTLE.packet(0, 1, &[0; 8], &[]);
    let mut bytes = [begin, large.to_vec()].concat();
    let cut = bytes.len();
    bytes.resize(cut - 8 + (20 << 20), 0);
    bytes.extend(&packet);
    let (seen, ending) = read(&bytes);
    assert_eq!(
        (seen.len(), ending.verdict),
        (1, Verdict::Clean),
        "{ending:?}"
    );
    let (seen, ending) = read(&bytes[..cut + 1000]);
    assert_eq!(
        (seen.len(), ending.verdict),
        (0, Verdict::Cut),
        "{ending:?}"
    );
    bytes[cut - 8] = 6;
    let (seen, ending) = read(&bytes);
    assert_eq!(
        (seen.len(), ending.verdict),
        (0, Verdict::Corrupt),
        "{ending:?}"
    );
    assert_eq!(ending.stopped_at_byte, Some(cut as u64 - 8));
}
