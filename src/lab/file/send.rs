//! The sending side: a file's bytes, and nothing but them unless it shall carry its name.

use super::{Fingerprint, MAGIC, Progress};
use crate::lab::connect::connect;
use crate::lab::conversation::Conversation;
use crate::lab::fault::Fault;
use crate::lab::log::readable;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// What goes over the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// The bytes of the file.
    #[default]
    Plain,
    /// A line with length and name before them, and the receiver's word after them.
    Named,
}

/// What was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Length and hash of the bytes that were read and sent.
    pub fingerprint: Fingerprint,
    /// Length and hash that the receiver says it has; `None` when it was not asked.
    pub confirmed: Option<String>,
}

/// Sends the file at `path`, in `style`, under `name` where a name goes with it.
pub fn send(
    addresses: &[SocketAddr],
    path: &Path,
    name: Option<&str>,
    style: Style,
    patience: Duration,
    progress: Progress<'_>,
) -> Result<Sent, Fault> {
    let reading = || Fault::system(format!("reading {}", path.display()));
    let mut file = File::open(path).map_err(reading())?;
    let metadata = file.metadata().map_err(reading())?;
    let length = metadata.len();
    // A device or a pipe has no length to announce and cannot be wound back.
    let style = match style {
        Style::Plain if metadata.is_file() && begins_with_magic(&mut file).map_err(reading())? => {
            Style::Named
        }
        style => style,
    };
    let mut conversation = connect(addresses, patience)?.conversation;
    if style == Style::Named {
        let own = path.file_name().map(OsStrExt::as_bytes).unwrap_or_default();
        let name = name.map_or(own, str::as_bytes);
        if name.contains(&b'\n') {
            return Err(Fault::system(format!(
                "sending {}",
                readable(path.as_os_str().as_bytes())
            ))(std::io::Error::other(
                "its name has a line end, which the first line of a transfer cannot carry; hint: --name",
            )));
        }
        let header = [MAGIC, format!("{length} ").as_bytes(), name, b"\n"].concat();
        conversation.tell(&header)?;
        expect(&mut conversation, "GO")?;
    }
    let mut fingerprint = Fingerprint::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = file.read(&mut buffer).map_err(reading())?;
        if count == 0 {
            break;
        }
        conversation.tell(&buffer[..count])?;
        fingerprint.push(&buffer[..count]);
        progress(fingerprint.length(), Some(length));
    }
    let confirmed = match style {
        Style::Plain => {
            conversation
                .finish()
                .map_err(|error| conversation.fault(error.into(), "closing"))?;
            wait_for_close(&mut conversation)?;
            None
        }
        Style::Named => {
            let expected = format!("{} {}", fingerprint.length(), fingerprint.sha256());
            expect(&mut conversation, &format!("RECEIVED {expected}"))?;
            conversation.close();
            Some(expected)
        }
    };
    Ok(Sent {
        fingerprint,
        confirmed,
    })
}

fn begins_with_magic(file: &mut File) -> std::io::Result<bool> {
    let mut first = Vec::new();
    file.by_ref()
        .take(MAGIC.len() as u64)
        .read_to_end(&mut first)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(first == MAGIC)
}

/// The receiver closes when it has everything: only then is the transfer over. One that keeps
/// its own direction open (a netcat with a keyboard) has got our end all the same.
fn wait_for_close(conversation: &mut Conversation) -> Result<(), Fault> {
    let until = Instant::now() + Duration::from_secs(5).min(conversation.patience());
    loop {
        match conversation.chunk(until) {
            Ok(bytes) if bytes.is_empty() => return Ok(()),
            Ok(_) => {}
            Err(crate::lab::conversation::Ended::Idle(_)) => return Ok(()),
            Err(ended) => return Err(conversation.fault(ended, "the receiver's end")),
        }
    }
}

fn expect(conversation: &mut Conversation, words: &str) -> Result<(), Fault> {
    let answer = conversation.owed("its word on the file")?;
    if answer.text == words.as_bytes() {
        return Ok(());
    }
    Err(Fault::Declined {
        address: conversation.remote,
        words: readable(
            answer
                .text
                .strip_prefix(b"REFUSED ")
                .unwrap_or(&answer.text),
        ),
    })
}
