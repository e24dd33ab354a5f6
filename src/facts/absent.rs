//! Why a field of a fact has no value.

use std::borrow::Cow;

/// Why a field has no value. The text completes "there is none, because …".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absent {
    /// The capture shows that it did not happen.
    Never(Cow<'static, str>),
    /// It may have happened; this capture cannot tell.
    Untold(Cow<'static, str>),
    /// The question does not apply here.
    Inapplicable(Cow<'static, str>),
}

impl Absent {
    /// What is said where a field declares no reason.
    pub const UNKNOWN: Absent = Absent::Untold(Cow::Borrowed("the capture does not show it"));

    /// It did not happen.
    pub const fn never(because: &'static str) -> Absent {
        Absent::Never(Cow::Borrowed(because))
    }

    /// It cannot be told.
    pub const fn untold(because: &'static str) -> Absent {
        Absent::Untold(Cow::Borrowed(because))
    }

    /// It does not apply.
    pub const fn inapplicable(because: &'static str) -> Absent {
        Absent::Inapplicable(Cow::Borrowed(because))
    }

    /// There are two frames with times, of which the later has the earlier one.
    pub(crate) fn clock() -> Absent {
        Absent::untold("the clock of the capture was set back between the frames")
    }

    /// Which of the three, in a word: `never`, `cannot-be-told` or `does-not-apply`.
    pub fn word(&self) -> &'static str {
        match self {
            Absent::Never(_) => "never",
            Absent::Untold(_) => "cannot-be-told",
            Absent::Inapplicable(_) => "does-not-apply",
        }
    }

    /// Why.
    pub fn because(&self) -> &str {
        match self {
            Absent::Never(text) | Absent::Untold(text) | Absent::Inapplicable(text) => text,
        }
    }
}
