//! Time as the platform gives it: UTC seconds and the learner's offset. Nothing here reads a clock.

use serde::{Deserialize, Serialize};

/// Seconds in a day.
pub const DAY_SECONDS: i64 = 86_400;
/// A study day begins at this hour, local time: late work belongs to the evening before.
pub const STUDY_DAY_START_HOUR: i64 = 4;
/// A learner's clock may run this far ahead of receipt before receipt is believed instead.
pub const CLOCK_TOLERANCE_SECONDS: i64 = 600;

/// A moment: seconds since 1970-01-01 UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment `seconds` later (saturating).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// The moment `days` later (saturating).
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        self.plus_seconds(days.saturating_mul(DAY_SECONDS))
    }

    /// Days from `earlier` to here, 0 where `earlier` is later.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> f32 {
        (self.0.saturating_sub(earlier.0).max(0) as f64 / DAY_SECONDS as f64) as f32
    }
}

/// The learner's offset from UTC, in seconds east; beyond a day it is clamped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "i32", into = "i32")]
pub struct UtcOffset(i32);

impl UtcOffset {
    /// No offset.
    pub const UTC: Self = Self(0);

    /// An offset of `seconds` east of UTC, clamped to one day.
    #[must_use]
    pub fn new(seconds: i32) -> Self {
        Self(seconds.clamp(-(DAY_SECONDS as i32), DAY_SECONDS as i32))
    }

    /// Seconds east of UTC.
    #[must_use]
    pub const fn seconds(self) -> i32 {
        self.0
    }
}

impl From<i32> for UtcOffset {
    fn from(seconds: i32) -> Self {
        Self::new(seconds)
    }
}

impl From<UtcOffset> for i32 {
    fn from(offset: UtcOffset) -> i32 {
        offset.0
    }
}

/// A study day: days since 1970-01-01 local, each beginning at 04:00.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct StudyDay(pub i32);

impl StudyDay {
    /// Whole study days from `earlier` to here; 0 on the same day and where `earlier` is later.
    #[must_use]
    pub const fn days_since(self, earlier: Self) -> i32 {
        let days = self.0.saturating_sub(earlier.0);
        if days < 0 { 0 } else { days }
    }
}

/// The study day of a moment, for a learner at `offset`.
#[must_use]
pub fn study_day(at: Timestamp, offset: UtcOffset) -> StudyDay {
    let local =
        at.0.saturating_add(i64::from(offset.0))
            .saturating_sub(STUDY_DAY_START_HOUR * 3600);
    let day = local.div_euclid(DAY_SECONDS);
    StudyDay(day.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32)
}

/// The time by which an event is ordered, and whether the learner's clock was overruled.
///
/// A time more than [`CLOCK_TOLERANCE_SECONDS`] after receipt is ordered by receipt.
#[must_use]
pub fn ordering_time(at: Timestamp, received: Timestamp) -> (Timestamp, bool) {
    if at.0 > received.0.saturating_add(CLOCK_TOLERANCE_SECONDS) {
        (received, true)
    } else {
        (at, false)
    }
}

#[cfg(test)]
mod tests;
