//! How fast the analysis is, on captures made here: `cargo bench`.

use std::io::Cursor;
use wirelab::analyze::{Wants, analyze};
use wirelab::capture::Reader;

fn main() {
    divan::main();
}

/// Frames of each capture.
const FRAMES: u32 = 100_000;

fn header() -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
    file.extend([0; 8]);
    file.extend(262_144u32.to_le_bytes());
    file.extend(1u32.to_le_bytes());
    file
}

fn record(file: &mut Vec<u8>, number: u32, frame: &[u8]) {
    let length = u32::try_from(frame.len()).expect("frames are short");
    for field in [
        1_700_000_000 + number / 1_000_000,
        number % 1_000_000,
        length,
        length,
    ] {
        file.extend(field.to_le_bytes());
    }
    file.extend(frame);
}

/// A TCP or UDP frame from 10.0.0.1 to 10.0.0.2.
fn frame(
    build: impl FnOnce(etherparse::PacketBuilderStep<etherparse::IpHeaders>, &mut Vec<u8>),
) -> Vec<u8> {
    let builder = etherparse::PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
        .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
    let mut bytes = Vec::new();
    build(builder, &mut bytes);
    bytes
}

/// A million datagrams would be a million flows; here each frame is a flow of its own.
fn one_frame_flows() -> Vec<u8> {
    let mut file = header();
    for number in 0..FRAMES {
        let source = u16::try_from(number % 60_000 + 1024).expect("a port");
        let destination = u16::try_from(number / 60_000 + 1).expect("a port");
        let bytes = frame(|b, out| {
            b.udp(source, destination)
                .write(out, b"hello")
                .expect("memory takes it")
        });
        record(&mut file, number, &bytes);
    }
    file
}

/// One connection whose one-byte segments come in reverse order.
fn reversed_segments() -> Vec<u8> {
    let mut file = header();
    for number in 0..FRAMES {
        let seq = 1_000_000 - number;
        let bytes = frame(|b, out| {
            b.tcp(40_000, 80, seq, 64_000)
                .ack(1)
                .write(out, b"x")
                .expect("memory takes it")
        });
        record(&mut file, number, &bytes);
    }
    file
}

#[divan::bench]
fn flows_of_one_frame(bencher: divan::Bencher<'_, '_>) {
    let file = one_frame_flows();
    bencher
        .counter(divan::counter::ItemsCount::new(FRAMES))
        .bench(|| {
            analyze(
                Reader::from_read("flows", Cursor::new(file.clone())),
                Wants::default(),
                None,
                |_| {},
            )
            .capture
            .frame_count
        });
}

#[divan::bench]
fn reversed_one_byte_segments(bencher: divan::Bencher<'_, '_>) {
    let file = reversed_segments();
    bencher
        .counter(divan::counter::ItemsCount::new(FRAMES))
        .bench(|| {
            analyze(
                Reader::from_read("reversed", Cursor::new(file.clone())),
                Wants::default(),
                None,
                |_| {},
            )
            .capture
            .frame_count
        });
}
