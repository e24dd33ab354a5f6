//! The secret-code server: digits and their count, for those who know the word.

use super::conversation::Conversation;
use super::fault::Fault;
use super::log::{Event, Log};
use super::serve::{self, After, Limits};
use super::stop::Stop;
use std::net::TcpListener;
use std::time::Duration;

/// The word that opens.
const CODE: &[u8] = b"SECRET";

/// A string without line end is taken as it is after this silence.
const PAUSE: Duration = Duration::from_millis(250);

/// `Digits: 12332343 Count: 8` when the code is in `string`, else that it is not.
pub fn answer(string: &[u8]) -> String {
    if !string.windows(CODE.len()).any(|window| window == CODE) {
        return "Secret code not found.".to_owned();
    }
    let digits: String = string
        .iter()
        .filter(|byte| byte.is_ascii_digit())
        .map(|&byte| char::from(byte))
        .collect();
    match digits.as_str() {
        "" => "Digits: Count: 0".to_owned(),
        digits => format!("Digits: {digits} Count: {}", digits.len()),
    }
}

/// Answers one string a connection until asked to stop.
pub fn serve(listener: TcpListener, limits: Limits, stop: &Stop, log: &Log) -> Result<(), Fault> {
    serve::serve(
        listener,
        limits,
        stop,
        log,
        |conversation: &mut Conversation| {
            let Some(message) = conversation.message(|_| PAUSE)? else {
                return Ok(After::Serve);
            };
            let answer = answer(&message.text);
            // The reply is the handout's text and nothing else: no echo of the line end.
            conversation.send(answer.as_bytes())?;
            log.record(
                &Event::new("answered")
                    .between("tcp", conversation.local, conversation.remote)
                    .bytes("string", &message.text)
                    .text("answer", answer),
            );
            Ok(After::Serve)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handouts_dialogue_is_answered_word_for_word() {
        for (string, expected) in [
            ("sfdsd Ted is cool23432", "Secret code not found."),
            ("Ted is SECRET cool", "Digits: Count: 0"),
            ("123Ted 32is 343SECRET cool", "Digits: 12332343 Count: 8"),
            ("SECRET٣1", "Digits: 1 Count: 1"),
            ("secret 1", "Secret code not found."),
            ("", "Secret code not found."),
        ] {
            assert_eq!(answer(string.as_bytes()), expected);
        }
    }
}
