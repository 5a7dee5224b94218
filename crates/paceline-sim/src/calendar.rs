//! When lessons and tests are: the same for every policy.

use serde::{Deserialize, Serialize};

/// The longest simulation, days: three years.
pub(crate) const MOST_DAYS: u32 = 1_100;

/// One year of lessons or more: equal weeks, a test before and after each year, another a while after the last.
///
/// The syllabus is shared out evenly over the years; a year's tests ask for its part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Calendar {
    /// Years, at least 1.
    pub years: u16,
    /// Weeks between two years.
    pub break_weeks: u16,
    /// Weeks of lessons in a year.
    pub weeks: u16,
    /// Lessons a week, at most 7.
    pub lessons_per_week: u16,
    /// Minutes of a lesson.
    pub lesson_minutes: f64,
    /// Days from the end of the last year to the delayed test.
    pub delay_days: u16,
}

impl Default for Calendar {
    /// Twelve weeks of four lessons of twenty minutes; the delayed test thirty days after.
    fn default() -> Self {
        Self {
            years: 1,
            break_weeks: 0,
            weeks: 12,
            lessons_per_week: 4,
            lesson_minutes: 20.0,
            delay_days: 30,
        }
    }
}

impl Calendar {
    /// How many lessons there are in all years.
    pub fn n_lessons(&self) -> u16 {
        self.years * self.weeks * self.lessons_per_week
    }

    /// The week of lesson `lesson`, counting school weeks of all years.
    pub fn week_of(&self, lesson: u16) -> u16 {
        lesson / self.lessons_per_week
    }

    /// The year of lesson `lesson`, from 0.
    pub fn year_of(&self, lesson: u16) -> u16 {
        self.week_of(lesson) / self.weeks
    }

    /// The part of a syllabus of `n_skills` that year `year` teaches and tests.
    pub fn scope(&self, year: u16, n_skills: usize) -> std::ops::Range<usize> {
        let cut = |year: u16| n_skills * usize::from(year) / usize::from(self.years);
        cut(year)..cut(year + 1)
    }

    /// Days from the start of the first year to lesson `lesson`, spread over the week.
    pub fn day_of(&self, lesson: u16) -> u16 {
        let (year, nth) = (self.year_of(lesson), lesson % self.lessons_per_week);
        // Four lessons fall on Monday, Tuesday, Thursday and Friday.
        self.start_day(year)
            + (self.week_of(lesson) - year * self.weeks) * 7
            + nth * (if self.lessons_per_week > 5 { 7 } else { 5 }) / self.lessons_per_week
            + u16::from(self.lessons_per_week == 4 && nth >= 2)
    }

    /// The day on which year `year` begins.
    pub fn start_day(&self, year: u16) -> u16 {
        year * (self.weeks + self.break_weeks) * 7
    }

    /// The day of the test at the end of the last year.
    pub fn end_day(&self) -> u16 {
        self.start_day(self.years - 1) + self.weeks * 7
    }

    /// Whether there are lessons, and no day is beyond what a simulation counts.
    pub(crate) fn is_valid(&self) -> bool {
        let days = u32::from(self.years) * u32::from(self.weeks + self.break_weeks) * 7;
        self.years > 0
            && self.weeks > 0
            && (1..=7).contains(&self.lessons_per_week)
            && self.weeks < 500
            && self.break_weeks < 500
            && days + u32::from(self.delay_days) <= MOST_DAYS
            && (1.0..=600.0).contains(&self.lesson_minutes)
    }
}
