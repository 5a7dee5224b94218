//! The fixed pacing guide: the term's minutes are shared out over the syllabus in advance.

use super::Policy;
use super::ledger::Ledger;
use crate::calendar::Calendar;
use crate::curriculum::Curriculum;
use crate::draws::Draws;
use crate::observation::{Activity, Kind, Now, Observation};

/// Everyone works on what the guide has for this minute of the term: first its lesson, then its items.
pub(super) struct Fixed<'a> {
    ledger: Ledger<'a>,
    /// Share of practice that goes to skills of earlier in the guide.
    review: f64,
}

impl<'a> Fixed<'a> {
    pub(super) fn new(curriculum: &'a Curriculum, calendar: Calendar, draws: Draws) -> Self {
        Self {
            ledger: Ledger::new(curriculum, calendar, draws),
            review: 0.0,
        }
    }

    pub(super) fn with_review(
        curriculum: &'a Curriculum,
        calendar: Calendar,
        draws: Draws,
    ) -> Self {
        Self {
            review: 0.25,
            ..Self::new(curriculum, calendar, draws)
        }
    }

    /// The skill that the guide has for this minute.
    fn scheduled(&self, now: Now) -> usize {
        let n = self.ledger.curriculum.n_skills();
        let lesson_minutes = now.minute + now.minutes_left;
        let all_minutes = lesson_minutes * f64::from(self.ledger.calendar.n_lessons());
        let done = lesson_minutes * f64::from(now.lesson) + now.minute;
        ((done / all_minutes.max(1e-9) * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// One of the skills before `skill` that were taught, by lot.
    fn taught_before(&self, skill: usize, now: Now) -> Option<usize> {
        let taught = || (0..skill).filter(|&k| self.ledger.skills[k].taught);
        let n = taught().count();
        taught().nth(self.ledger.below(1, now, n))
    }
}

impl Policy for Fixed<'_> {
    fn next(&mut self, now: Now) -> Option<Activity> {
        if self.ledger.curriculum.n_skills() == 0 {
            return None;
        }
        let skill = self.scheduled(now);
        let activity = self.ledger.teach(skill, now);
        let reviews = self.review > 0.0
            && activity.kind != Kind::Lesson
            && self.ledger.uniform(0, now) < self.review;
        let back = if reviews {
            self.taught_before(skill, now)
        } else {
            None
        };
        Some(back.map_or(activity, |back| self.ledger.practise(back, now)))
    }

    fn observe(&mut self, activity: Activity, seen: Observation, _: Now) {
        self.ledger.observe(activity, seen);
    }
}
