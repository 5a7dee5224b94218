//! When lessons and tests are: the same for every policy.

use serde::{Deserialize, Serialize};

/// A term: some weeks of equal lessons, a test after the last week and another a while later.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calendar {
    /// Weeks of lessons.
    pub weeks: u16,
    /// Lessons a week, at most 7.
    pub lessons_per_week: u16,
    /// Minutes of a lesson.
    pub lesson_minutes: f64,
    /// Days from the end of the term to the delayed test.
    pub delay_days: u16,
}

impl Default for Calendar {
    /// Twelve weeks of four lessons of twenty minutes; the delayed test thirty days after.
    fn default() -> Self {
        Self {
            weeks: 12,
            lessons_per_week: 4,
            lesson_minutes: 20.0,
            delay_days: 30,
        }
    }
}

impl Calendar {
    /// How many lessons the term has.
    pub fn n_lessons(&self) -> u16 {
        self.weeks * self.lessons_per_week
    }

    /// Days from the start of the term to lesson `lesson`, spread over the week.
    pub fn day_of(&self, lesson: u16) -> u16 {
        let (week, nth) = (
            lesson / self.lessons_per_week,
            lesson % self.lessons_per_week,
        );
        // Four lessons fall on Monday, Tuesday, Thursday and Friday.
        week * 7
            + nth * (if self.lessons_per_week > 5 { 7 } else { 5 }) / self.lessons_per_week
            + u16::from(self.lessons_per_week == 4 && nth >= 2)
    }

    /// The day of the test at the end of the term.
    pub fn end_day(&self) -> u16 {
        self.weeks * 7
    }
}
