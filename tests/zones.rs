//! Times in filters and of frames are those of the machine's zone, as Wireshark's are; what is told
//! of a capture is not.

use std::process::Command;

fn wirelab(zone: &str, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_wirelab"))
        .env("TZ", zone)
        .args(arguments)
        .output()
        .expect("wirelab runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

fn frames(zone: &str, filter: &str) -> usize {
    let arguments = [
        "fields",
        "captures/ping.pcap",
        "-Y",
        filter,
        "-e",
        "frame.number",
    ];
    wirelab(zone, &arguments).lines().count()
}

#[test]
fn a_moment_without_a_zone_is_one_of_the_machine() {
    let time = [
        "fields",
        "captures/ping.pcap",
        "-Y",
        "frame.number == 1",
        "-e",
        "frame.time",
    ];
    let first = |zone| wirelab(zone, &time);
    let (utc, india, new_york) = (
        first("UTC"),
        first("Asia/Kolkata"),
        first("America/New_York"),
    );
    assert!(
        utc.starts_with("Nov 21, 2026 03:27:49.") && utc.ends_with(" UTC\n"),
        "{utc}"
    );
    assert!(
        india.starts_with("Nov 21, 2026 08:57:49.") && india.ends_with(" IST\n"),
        "{india}"
    );
    assert!(
        new_york.starts_with("Nov 20, 2026 22:27:49.") && new_york.ends_with(" EST\n"),
        "{new_york}"
    );
    let all = frames("UTC", "frame");
    for (zone, before, after) in [
        ("UTC", "2026-11-21 03:27:00", "2026-11-21 03:29:00"),
        ("Asia/Kolkata", "2026-11-21 08:57:00", "2026-11-21 08:59:00"),
        (
            "America/New_York",
            "2026-11-20 22:27:00",
            "2026-11-20 22:29:00",
        ),
    ] {
        let filter = format!("frame.time >= \"{before}\" && frame.time < \"{after}\"");
        assert_eq!(frames(zone, &filter), all, "{zone}");
        assert_eq!(
            frames(zone, &format!("frame.time < \"{before}\"")),
            0,
            "{zone}"
        );
        // With a zone written behind it, it is the same everywhere.
        assert_eq!(
            frames(zone, "frame.time < \"2026-11-21 03:27:00Z\""),
            0,
            "{zone}"
        );
    }
}

#[test]
fn what_is_told_of_a_capture_does_not_depend_on_the_zone() {
    let told = |zone| wirelab(zone, &["analyze", "captures/ping.pcap", "--format", "json"]);
    assert_eq!(told("UTC"), told("Asia/Kolkata"));
}
