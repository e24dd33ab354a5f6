//! What a file says of the interfaces and sections its frames come from.

use super::{LinkType, Time};
use std::fmt;

/// One interface, from the header of a pcap file or an interface description block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its section, from 1.
    pub section: u32,
    /// Its number within the section, from 0; what Wireshark shows as `frame.interface_id`.
    pub id: u32,
    /// Whether the file describes it in a block of its own (pcapng). Wireshark shows interface
    /// numbers of these only.
    pub described: bool,
    /// Its name, such as `eth0`; bytes that are not UTF-8 are replaced.
    pub name: Option<String>,
    /// Its description, such as the product name of the card.
    pub description: Option<String>,
    /// What the first header of its frames is.
    pub link: LinkType,
    /// Most bytes recorded of one frame; 0 when there is no limit.
    pub snapshot_length: u32,
    /// The unit of its time stamps.
    pub resolution: TimeResolution,
    /// Seconds to be added to its time stamps (already done in frames).
    pub offset_seconds: i64,
    /// Bytes of frame check sequence at the end of each frame; `None` when the file does not say.
    pub fcs_length: Option<u8>,
    /// The operating system it was recorded on.
    pub os: Option<String>,
    /// The hardware of the interface.
    pub hardware: Option<String>,
    /// The capture filter, when it is text.
    pub filter: Option<String>,
    /// Comments on the interface, in the order of the file.
    pub comments: Vec<String>,
    /// Frames the interface received, by the last statistics of the file.
    pub received: Option<u64>,
    /// Frames that were lost because the capture could not keep up, by the last statistics.
    pub dropped: Option<u64>,
}

impl Interface {
    /// The name that Wireshark shows as `frame.interface_name`.
    pub fn shown_name(&self) -> &str {
        let name = self.name.as_deref().or(self.description.as_deref());
        name.unwrap_or("unknown")
    }
}

/// What a pcapng section header says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The hardware the section was recorded on.
    pub hardware: Option<String>,
    /// The operating system it was recorded on.
    pub os: Option<String>,
    /// The program that wrote it.
    pub application: Option<String>,
    /// Comments on the section, in the order of the file.
    pub comments: Vec<String>,
}

/// The unit of an interface's time stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeResolution {
    /// 10 to the power of minus this many seconds: 6 is microseconds, 9 is nanoseconds.
    Decimal(u8),
    /// 2 to the power of minus this many seconds.
    Binary(u8),
}

impl TimeResolution {
    /// The resolution that the byte of `if_tsresol` means.
    pub(super) fn from_byte(byte: u8) -> TimeResolution {
        match byte & 0x80 {
            0 => TimeResolution::Decimal(byte),
            _ => TimeResolution::Binary(byte & 0x7f),
        }
    }

    /// Whether anybody can mean it: whether the whole of a 64-bit counter is a second at least.
    pub(super) fn is_meaningful(self) -> bool {
        match self {
            TimeResolution::Decimal(power) => power <= 19,
            TimeResolution::Binary(power) => power < 64,
        }
    }
}

impl Default for TimeResolution {
    fn default() -> TimeResolution {
        TimeResolution::Decimal(6)
    }
}

impl fmt::Display for TimeResolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TimeResolution::Decimal(0) | TimeResolution::Binary(0) => f.write_str("seconds"),
            TimeResolution::Decimal(3) => f.write_str("milliseconds"),
            TimeResolution::Decimal(6) => f.write_str("microseconds"),
            TimeResolution::Decimal(9) => f.write_str("nanoseconds"),
            TimeResolution::Decimal(12) => f.write_str("picoseconds"),
            TimeResolution::Decimal(power) => write!(f, "10^-{power} seconds"),
            TimeResolution::Binary(power) => write!(f, "2^-{power} seconds"),
        }
    }
}

/// Turns an interface's time stamps into time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Clock {
    /// Nanoseconds a tick, and nanoseconds to add.
    Whole { nanoseconds: u64, offset: i64 },
    /// Ticks a second, and nanoseconds to add.
    Parts { per_second: u128, offset: i128 },
    /// Nobody can say what a tick is.
    Unknown,
}

const SECOND: i64 = 1_000_000_000;

impl Clock {
    /// The clock that counts in `resolution` and runs `offset_seconds` behind.
    pub(super) fn new(resolution: TimeResolution, offset_seconds: i64) -> Clock {
        if !resolution.is_meaningful() {
            return Clock::Unknown;
        }
        let per_second = match resolution {
            TimeResolution::Decimal(power) => 10_u128.pow(u32::from(power)),
            TimeResolution::Binary(power) => 1_u128 << power,
        };
        let whole = u64::try_from(per_second)
            .ok()
            .and_then(|per_second| SECOND.unsigned_abs().checked_div(per_second))
            .filter(|&nanoseconds| u128::from(nanoseconds) * per_second == 1_000_000_000);
        match (whole, offset_seconds.checked_mul(SECOND)) {
            (Some(nanoseconds), Some(offset)) => Clock::Whole {
                nanoseconds,
                offset,
            },
            _ => Clock::Parts {
                per_second,
                offset: i128::from(offset_seconds) * i128::from(SECOND),
            },
        }
    }

    /// The time of a stamp; `None` when it cannot be told or is out of the range of [`Time`].
    #[inline]
    pub(super) fn time(&self, ticks: u64) -> Option<Time> {
        match *self {
            Clock::Whole {
                nanoseconds,
                offset,
            } => {
                let time = i64::try_from(ticks.checked_mul(nanoseconds)?).ok()?;
                time.checked_add(offset).map(Time)
            }
            Clock::Parts { per_second, offset } => {
                let nanoseconds = u128::from(ticks) * 1_000_000_000 / per_second;
                let time = i128::try_from(nanoseconds).ok()?.checked_add(offset)?;
                i64::try_from(time).ok().map(Time)
            }
            Clock::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(byte: u8, offset: i64, ticks: u64) -> Option<i64> {
        Clock::new(TimeResolution::from_byte(byte), offset)
            .time(ticks)
            .map(|time| time.0)
    }

    #[test]
    fn decimal_and_binary_resolutions_become_nanoseconds() {
        assert_eq!(
            time(6, 0, 1_700_000_000_000_001),
            Some(1_700_000_000_000_001_000)
        );
        assert_eq!(
            time(9, 0, 1_700_000_000_000_000_001),
            Some(1_700_000_000_000_000_001)
        );
        assert_eq!(time(12, 0, 1_234_567_891_999), Some(1_234_567_891));
        assert_eq!(time(0, 0, 5), Some(5_000_000_000));
        assert_eq!(time(0x80 | 10, 0, 1536), Some(1_500_000_000));
        assert_eq!(time(0x80 | 63, 0, 1 << 62), Some(500_000_000));
    }

    #[test]
    fn an_offset_may_be_negative() {
        assert_eq!(time(6, -3600, 0), Some(-3_600_000_000_000));
        assert_eq!(time(0x80 | 10, 2, 512), Some(2_500_000_000));
    }

    #[test]
    fn what_cannot_be_told_is_unknown() {
        assert_eq!(time(0xff, 0, 0), None);
        assert_eq!(time(20, 0, 0), None);
        assert_eq!(time(6, 0, u64::MAX), None);
        assert_eq!(time(6, i64::MAX, 1), None);
        assert_eq!(time(0, i64::MIN, u64::MAX), None);
    }
}
