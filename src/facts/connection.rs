//! A TCP connection from its first segment to its last.

use super::{Frames, Milliseconds, Moment};
use std::net::IpAddr;

crate::fact! {
    "One TCP connection: who opened it and how, what was carried (→ by the client, ← by the server), who closed it and how. A ? after the client marks guessed roles; open means that no end is in the capture."
    Connection "connections" "connection" {
        stream: u32, "Number of the conversation, as Wireshark's tcp.stream.";
        client: IpAddr, "Address of the side that opened the connection.";
        client_port: u16, "Port of the client.";
        server: IpAddr, "Address of the side that was called.";
        server_port: u16, "Port of the server.";
        roles: &'static str, "How client and server are known: syn (a SYN or SYN+ACK was seen) or guess (by port, then by who sent first).";
        start_time: Option<Moment>, "When the first segment was seen.";
        duration_ms: Option<Milliseconds>, "From the first segment to the last.";
        frames: u32, "Frames of the connection, both ways.";
        opened: &'static str, "handshake, refused (RST), unanswered, half-open (SYN+ACK, but no ACK of it), simultaneous, challenged (answered by an ACK of an older connection) or midstream (began before the capture).";
        syn_frame: Option<u32>, "Frame of the first SYN.";
        synack_frame: Option<u32>, "Frame of the SYN+ACK.";
        ack_frame: Option<u32>, "Frame of the ACK that completes the handshake, or that challenges it.";
        syn_attempts: u32, "How many SYNs the client sent with this sequence number.";
        handshake_rtt_ms: Option<Milliseconds>, "From the last SYN to the ACK that completes the handshake (Wireshark's initial RTT).";
        client_isn: Option<u32>, "Initial sequence number of the client, raw.";
        server_isn: Option<u32>, "Initial sequence number of the server, raw.";
        client_mss: Option<u16>, "Maximum segment size the client announced.";
        server_mss: Option<u16>, "Maximum segment size the server announced.";
        client_window_scale: Option<u8>, "Window scale (a shift) the client offered.";
        server_window_scale: Option<u8>, "Window scale (a shift) the server offered.";
        client_sack: Option<bool>, "Whether the client's SYN permitted selective acknowledgments.";
        server_sack: Option<bool>, "Whether the server's SYN+ACK permitted selective acknowledgments.";
        client_timestamps: Option<bool>, "Whether the client's SYN carried the time stamp option.";
        server_timestamps: Option<bool>, "Whether the server's SYN+ACK carried the time stamp option.";
        client_bytes: u64, "Payload bytes from the client, what was sent again not counted twice.";
        server_bytes: u64, "Payload bytes from the server, what was sent again not counted twice.";
        client_data_frames: u32, "Frames with payload from the client.";
        server_data_frames: u32, "Frames with payload from the server.";
        client_largest_segment_bytes: u32, "Largest payload of one frame from the client; more than the MSS means segmentation offload.";
        server_largest_segment_bytes: u32, "Largest payload of one frame from the server; more than the MSS means segmentation offload.";
        client_retransmissions: u32, "Segments the client sent again (fast and spurious ones not included).";
        server_retransmissions: u32, "Segments the server sent again (fast and spurious ones not included).";
        client_fast_retransmissions: u32, "Segments the client sent again after duplicate ACKs.";
        server_fast_retransmissions: u32, "Segments the server sent again after duplicate ACKs.";
        client_spurious_retransmissions: u32, "Segments the client sent again although they had been acknowledged.";
        server_spurious_retransmissions: u32, "Segments the server sent again although they had been acknowledged.";
        client_out_of_order: u32, "Segments of the client that came late.";
        server_out_of_order: u32, "Segments of the server that came late.";
        client_lost_segments: u32, "Holes in the client's sequence numbers: segments that are not in the capture.";
        server_lost_segments: u32, "Holes in the server's sequence numbers: segments that are not in the capture.";
        client_acked_unseen: u32, "ACKs of the client for data that is not in the capture.";
        server_acked_unseen: u32, "ACKs of the server for data that is not in the capture.";
        client_duplicate_acks: u32, "Duplicate ACKs from the client.";
        server_duplicate_acks: u32, "Duplicate ACKs from the server.";
        client_zero_windows: u32, "Segments in which the client said it has no room.";
        server_zero_windows: u32, "Segments in which the server said it has no room.";
        client_window_full: u32, "Segments of the client that filled the server's window.";
        server_window_full: u32, "Segments of the server that filled the client's window.";
        client_keep_alives: u32, "Keep-alive probes from the client.";
        server_keep_alives: u32, "Keep-alive probes from the server.";
        trouble_frames: Frames, "The first frames with a retransmission, a hole, a late segment, a duplicate ACK, a full or zero window or a keep-alive.";
        copied_frames: u32, "Frames that hold a segment which an earlier frame already held: captured twice, not sent twice.";
        copies_counted: u32, "How many of these are counted above, as Wireshark counts them, though nothing was sent again.";
        closed: &'static str, "fin (both sides), half-closed (one side), reset, or open (the end is not in the capture).";
        closed_by: Option<&'static str>, "Who ended it first: client, server, or both at the same time.";
        closing_frames: Frames, "Frames of the teardown: FINs and the ACKs that answer them, or the RST.";
        fins_acked: u8, "How many FINs were acknowledged, 0 to 2.";
        time_wait_at: Option<&'static str>, "Which end is left in TIME_WAIT: client, server or both.";
        rst_frame: Option<u32>, "Frame of the first RST.";
        rst_by: Option<&'static str>, "Who sent it: client or server.";
        port_reuse: bool, "The same addresses and ports were used by an earlier connection of this capture.";
        completeness: u8, "Wireshark's tcp.completeness.";
        completeness_text: &'static str, "The same in Wireshark's words; note that a single FIN already counts as complete there.";
        conn_state: String, "Zeek's conn_state; two, with a slash, where Zeek makes two records of one stream.";
        history: String, "Zeek's history letters, upper case for the originator; the first 23.";
    }
}
