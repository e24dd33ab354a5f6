//! The capture itself: its size, its times, and what it is made of.

use super::{Absent, Milliseconds, Moment};

crate::states! {
    "How a capture file ended." FileState {
        Clean "clean" "Read to its end.";
        Odd "odd" "Read to its end, with remarks.";
        Cut "cut" "It ends inside a record; what was whole is kept.";
        Corrupt "corrupt" "It cannot be followed further; what was whole before is kept.";
        NotACapture "not-a-capture" "No capture format known.";
        Empty "empty" "Zero bytes.";
    }
}

crate::states! {
    "What the times of the frames tell." Resolution {
        Fine "fine" "Parts of a second, or there are too few frames to say otherwise.";
        Seconds "seconds" "All are whole seconds: each may be up to a second more or less.";
        Still "still" "All frames have the same time: how long anything took cannot be told.";
    }
}

fn no_time(c: &Capture) -> Absent {
    if c.frame_count == 0 {
        Absent::inapplicable("the capture has no frames")
    } else if c.first_time.is_some() {
        Absent::clock()
    } else {
        Absent::untold("the frames have no time")
    }
}

crate::fact! {
    "The capture: its format, size and times."
    Capture "capture" "capture" by [] {
        file: String, "Name of the file.";
        format: String, "Its format.";
        verdict: FileState, "How the file ended.";
        stopped_at_byte: Option<u64>, "Where reading stopped." absent |_| Absent::inapplicable("it was read to its end");
        reason: Option<String>, "Why reading stopped." absent |_| Absent::inapplicable("it was read to its end");
        remarks: Vec<String>, "What is remarkable about the file, and which lists had to be cut short.";
        frame_count: u64, "How many frames it has.";
        filter: Option<String>, "The filter that restricts what is told." absent |_| Absent::inapplicable("nothing is filtered");
        passing_frames: Option<u64>, "How many frames the filter lets pass." absent |_| Absent::inapplicable("no filter of frames");
        bytes: u64, "Bytes of all frames, as they were on the wire.";
        first_time: Option<Moment>, "When the first frame was captured." absent no_time;
        last_time: Option<Moment>, "When the last frame was captured." absent no_time;
        duration_ms: Option<Milliseconds>, "From the first frame to the last." absent no_time;
        resolution: Resolution, "What the times of the frames tell.";
        frames_per_second: Option<f64>, "Frames per second, on average." absent no_time;
        bytes_per_second: Option<f64>, "Bytes per second, on average." absent no_time;
        snapped_frames: u64, "Frames of which the capture holds only the beginning.";
        malformed_frames: u64, "Frames with headers that contradict themselves.";
        undecoded_frames: u64, "Frames of link types that are not decoded.";
        host_count: u64, "How many IP addresses sent something.";
        connection_count: u64, "How many TCP connections there are.";
        udp_flow_count: u64, "How many UDP flows there are.";
    }
}

crate::fact! {
    "How many frames hold a protocol, and how many bytes these frames have: the protocol hierarchy."
    Traffic "protocols" "protocol" by [first_frame] {
        name: &'static str, "The protocol, by Wireshark's name.";
        frame_count: u64, "How many frames hold it.";
        bytes: u64, "Bytes of these frames, on the wire.";
        first_frame: u32, "The first of them.";
    }
}
