//! Colour on a terminal, for what matters; never the only carrier of meaning.

/// Whether colour is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// Plain text.
    #[default]
    Never,
    /// ANSI sequences.
    Always,
}

/// Words that stand out wherever they are told.
const STRIKING: &[&str] = &[
    "nothing-listening",
    "routing-loop",
    "host-absent",
    "host-silent",
    "no-answer",
    "half-open",
    "second-client-waiting",
    "address-conflict",
    "second-server",
    "captured-twice",
    "checksum-wrong",
    "checksum-offload",
    "refused",
    "unreachable",
    "unanswered",
    "reset",
    "stands out:",
];

impl Colour {
    /// A section's heading.
    pub fn heading(self, text: &str) -> String {
        match self {
            Colour::Never => text.to_owned(),
            Colour::Always => format!("\x1b[1m{text}\x1b[0m"),
        }
    }

    /// A line of text that is safe already.
    pub fn line(self, text: &str) -> String {
        if self == Colour::Never {
            return text.to_owned();
        }
        let found = STRIKING
            .iter()
            .filter_map(|word| Some((text.find(word)?, *word)));
        // The first of them, and of several there the longest.
        match found.min_by_key(|(place, word)| (*place, std::cmp::Reverse(word.len()))) {
            Some((place, word)) => {
                let (before, rest) = text.split_at(place);
                let after = rest.strip_prefix(word).unwrap_or_default();
                format!("{before}\x1b[33m{word}\x1b[0m{after}")
            }
            None => text.to_owned(),
        }
    }
}
