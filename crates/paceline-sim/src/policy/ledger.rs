//! What the plain policies keep of a pupil: counts per skill, which item is next, and a theme by lot.

use std::ops::Range;

use crate::calendar::Calendar;
use crate::curriculum::Curriculum;
use crate::draws::{Draws, Place, Purpose, Stream};
use crate::observation::{Activity, Kind, Now, Observation};

/// One skill's record.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Record {
    pub(super) taught: bool,
    pub(super) tries: u32,
    pub(super) right: u32,
    /// Right answers since the last wrong one.
    pub(super) run: u32,
    /// Share right, the newest counting a fifth; from one half.
    pub(super) recent: f64,
}

/// All skills' records of one pupil.
pub(super) struct Ledger<'a> {
    pub(super) curriculum: &'a Curriculum,
    pub(super) calendar: Calendar,
    choices: Stream,
    pub(super) skills: Vec<Record>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(curriculum: &'a Curriculum, calendar: Calendar, draws: Draws) -> Self {
        let start = Record {
            recent: 0.5,
            ..Record::default()
        };
        Self {
            curriculum,
            calendar,
            choices: draws.stream(Purpose::PolicyChoice),
            skills: vec![start; curriculum.n_skills()],
        }
    }

    /// The part of the syllabus that this year teaches: no policy goes beyond its end.
    pub(super) fn year(&self, now: Now) -> Range<usize> {
        let year = self.calendar.year_of(now.lesson);
        self.calendar.scope(year, self.curriculum.n_skills())
    }

    pub(super) fn observe(&mut self, activity: Activity, seen: Observation) {
        let record = &mut self.skills[activity.skill as usize];
        let Some(right) = seen.right else {
            record.taught = true;
            return;
        };
        record.tries += 1;
        record.right += u32::from(right);
        record.run = if right { record.run + 1 } else { 0 };
        record.recent += 0.2 * (f64::from(u8::from(right)) - record.recent);
    }

    /// The lesson of `skill` if it is still to come and fits, else an item of it in turn.
    pub(super) fn teach(&self, skill: usize, now: Now) -> Activity {
        let shown = &self.curriculum.skills[skill];
        let lesson = !self.skills[skill].taught && shown.lesson_minutes <= now.minutes_left;
        if lesson || shown.items.is_empty() {
            self.dress(skill, Kind::Lesson, now)
        } else {
            self.practise(skill, now)
        }
    }

    /// The next item of `skill` in syllabus order, easiest first and round again.
    pub(super) fn practise(&self, skill: usize, now: Now) -> Activity {
        let items = &self.curriculum.skills[skill].items;
        let turn = self.skills[skill].tries as usize;
        let kind = match items.get(turn % items.len().max(1)) {
            Some(&item) => Kind::Practice { item },
            None => Kind::Lesson,
        };
        self.dress(skill, kind, now)
    }

    /// A uniform draw for the choice at this moment.
    pub(super) fn uniform(&self, nth: u32, now: Now) -> f64 {
        self.choices.uniform(Place::new(moment(now), nth))
    }

    /// A whole number below `n` for the choice at this moment.
    pub(super) fn below(&self, nth: u32, now: Now, n: usize) -> usize {
        self.choices.below(Place::new(moment(now), nth), n)
    }

    /// Whether every prerequisite shown of `skill` satisfies `met`.
    pub(super) fn unlocked(&self, skill: usize, met: impl Fn(&Record) -> bool) -> bool {
        let needs = &self.curriculum.skills[skill].needs;
        needs.iter().all(|&(p, _)| met(&self.skills[p as usize]))
    }

    fn dress(&self, skill: usize, kind: Kind, now: Now) -> Activity {
        let n_themes = self.curriculum.themes.len();
        Activity {
            skill: skill as u32,
            kind,
            theme: self.below(9, now, n_themes) as u32,
        }
    }
}

fn moment(now: Now) -> u32 {
    u32::from(now.lesson) << 16 | u32::from(now.slot)
}
