//! What one more activity would truly bring: for the oracle alone, beside and not behind the policies' view.

use super::{Pupil, lesson_worth};
use crate::mind::{Moment, Work};
use crate::observation::{Activity, Kind, Now};

/// How much of what a skill's dependants still lack counts for it.
const UNLOCK: f64 = 0.5;

impl Pupil<'_> {
    /// What most raises the expected results of both tests per minute among the work on one skill, and by how much.
    ///
    /// `dependants` are the skills shown to need it: what they stand to gain from a better prerequisite counts too.
    pub(crate) fn best_on(
        &self,
        skill: usize,
        (items, dependants): (&[u32], &[u32]),
        now: Now,
        tests: [u16; 2],
    ) -> Option<(f64, Activity)> {
        let at = Moment {
            day: now.day,
            minute: now.minute,
        };
        let unlocks = 1.0 + UNLOCK * self.waiting(dependants, at);
        let rate = self.rate * self.readiness(skill, at);
        let share = lesson_worth(self.lessons[skill] + 1.0) - lesson_worth(self.lessons[skill]);
        let minutes = self.curriculum.skills[skill].lesson_minutes;
        let lesson = (minutes <= now.minutes_left).then(|| {
            let dose = (self.world.lesson_worth * share * rate, Work::Lesson);
            let value = unlocks * self.rise(skill, dose, at, tests) / minutes;
            (value, Kind::Lesson)
        });
        // The gain per second decides between the items of a skill.
        let per_second = |&item: &u32| {
            self.item_dose(skill, item as usize, at) / self.curriculum.items[item as usize].seconds
        };
        let item = items
            .iter()
            .max_by(|a, b| per_second(a).total_cmp(&per_second(b)));
        let practice = item.map(|&item| {
            let dose = (rate * self.item_dose(skill, item as usize, at), Work::Item);
            let value = unlocks * self.rise(skill, dose, at, tests) * 60.0
                / self.curriculum.items[item as usize].seconds;
            (value, Kind::Practice { item })
        });
        let best = lesson
            .into_iter()
            .chain(practice)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        best.map(|(value, kind)| {
            let skill = skill as u32;
            let theme = self.favourite();
            (value, Activity { skill, kind, theme })
        })
    }

    fn item_dose(&self, skill: usize, item: usize, at: Moment) -> f64 {
        let p = self.success(skill, self.world.item_shift[item], at);
        self.world.fit(p) * self.world.item_weight[item]
    }

    fn favourite(&self) -> u32 {
        let themes = 0..self.themes.len();
        themes
            .max_by(|&a, &b| self.themes[a].taste.total_cmp(&self.themes[b].taste))
            .unwrap_or(0) as u32
    }

    /// The rise of the probability of knowing `skill`, averaged over the two tests.
    fn rise(&self, skill: usize, (dose, work): (f64, Work), now: Moment, tests: [u16; 2]) -> f64 {
        let study = (dose, work, now);
        let rise = |day| {
            let then = Moment { day, minute: 0.0 };
            self.mind.prospect(self.world, skill, study, then)
        };
        tests.into_iter().map(rise).sum::<f64>() / 2.0
    }

    /// How much is still to be learnt of the skills that need this one.
    fn waiting(&self, dependants: &[u32], at: Moment) -> f64 {
        dependants
            .iter()
            .map(|&k| 1.0 - self.known(k as usize, at))
            .sum()
    }
}
