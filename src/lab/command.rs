//! The command server: who you are, what time it is, and the end of it all.

use super::conversation::{Conversation, Ended};
use super::fault::Fault;
use super::log::{Event, Log};
use super::serve::{self, After, Limits};
use super::stop::Stop;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// What a client can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The current time.
    Time,
    /// The end of the server.
    Exit,
    /// Anything else.
    Invalid,
}

/// The command in a line.
pub fn command(line: &[u8]) -> Command {
    match line.trim_ascii() {
        b"TIME" => Command::Time,
        b"EXIT" => Command::Exit,
        _ => Command::Invalid,
    }
}

/// What a client is told first: its own address and port, bare.
pub fn greeting(client: SocketAddr) -> String {
    format!("{client}\n")
}

/// The time as C's `ctime` writes it: `Sun Oct  1 13:33:03 2023`.
pub fn ctime(time: &jiff::Zoned) -> String {
    time.strftime("%a %b %e %H:%M:%S %Y").to_string()
}

/// Serves commands until `EXIT` or until asked to stop.
pub fn serve(listener: TcpListener, limits: Limits, stop: &Stop, log: &Log) -> Result<(), Fault> {
    serve::serve(listener, limits, stop, log, |conversation| {
        talk(conversation, log)
    })
}

fn talk(conversation: &mut Conversation, log: &Log) -> Result<After, Ended> {
    conversation.send(greeting(conversation.remote).as_bytes())?;
    while let Some(message) = conversation.message(pause)? {
        let command = command(&message.text);
        let answer = match command {
            Command::Time => Some(ctime(&jiff::Zoned::now())),
            Command::Invalid => Some("Invalid command!".to_owned()),
            Command::Exit => None,
        };
        if let Some(answer) = &answer {
            conversation.send(&message.answered_by(answer.as_bytes()))?;
        }
        log.record(
            &Event::new("command")
                .between("tcp", conversation.local, conversation.remote)
                .bytes("command", &message.text)
                .text("answer", answer.unwrap_or_default()),
        );
        if command == Command::Exit {
            return Ok(After::End);
        }
    }
    Ok(After::Serve)
}

/// A command without line end counts after a short silence; the beginning of one may have its
/// rest on the way.
fn pause(so_far: &[u8]) -> Duration {
    let begun = |whole: &[u8]| so_far.len() < whole.len() && whole.starts_with(so_far);
    match begun(b"TIME") || begun(b"EXIT") {
        true => Duration::from_secs(1),
        false => Duration::from_millis(150),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_written_as_ctime_writes_it() {
        let time = jiff::civil::date(2023, 10, 1)
            .at(13, 33, 3, 0)
            .in_tz("UTC")
            .unwrap();
        assert_eq!(ctime(&time), "Sun Oct  1 13:33:03 2023");
    }

    #[test]
    fn commands_are_whole_words_in_capitals() {
        assert_eq!(command(b"TIME"), Command::Time);
        assert_eq!(command(b" EXIT \r"), Command::Exit);
        for line in [&b"time"[..], b"TIMES", b"EXIT now", b"", b"\xff"] {
            assert_eq!(command(line), Command::Invalid);
        }
    }

    #[test]
    fn the_greeting_holds_address_and_port_bare() {
        assert_eq!(
            greeting("10.0.2.15:40312".parse().unwrap()),
            "10.0.2.15:40312\n"
        );
    }
}
