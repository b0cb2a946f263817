//! Units of epochs.

use datafusion::common::{Result, exec_err};

/// A unit in which an epoch counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Millis,
    Micros,
}

impl Unit {
    /// Reads a unit's name.
    pub fn parse(name: &str) -> Result<Self> {
        const NAMES: [(&str, Unit); 3] =
            [("SECONDS", Unit::Seconds), ("MILLIS", Unit::Millis), ("MICROS", Unit::Micros)];
        match NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)) {
            Some((_, unit)) => Ok(*unit),
            None => exec_err!("unknown unit {name:?} of an epoch, expected SECONDS, MILLIS or MICROS"),
        }
    }

    /// The unit an epoch without one is most likely in: seconds reach 1e11 in the year 5138 only.
    pub fn guess(epoch: i64) -> Self {
        match epoch.unsigned_abs() {
            0..100_000_000_000 => Self::Seconds,
            100_000_000_000..100_000_000_000_000 => Self::Millis,
            _ => Self::Micros,
        }
    }

    fn micros(self) -> i64 {
        match self {
            Self::Seconds => 1_000_000,
            Self::Millis => 1_000,
            Self::Micros => 1,
        }
    }

    /// Microseconds of an epoch; none outside the years 0001 to 9999, where the calendar functions end.
    pub fn to_micros(self, epoch: i64) -> Option<i64> {
        const FIRST: i64 = -62_135_596_800_000_000;
        const LAST: i64 = 253_402_300_799_999_999;
        epoch.checked_mul(self.micros()).filter(|micros| (FIRST..=LAST).contains(micros))
    }

    /// The epoch of microseconds, rounded down.
    pub fn of_micros(self, micros: i64) -> i64 {
        micros.div_euclid(self.micros())
    }
}
