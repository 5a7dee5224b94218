//! Greedy on the frontier: among unlocked skills, the most uncertain answer per second.

use super::Policy;
use super::ledger::Ledger;
use crate::calendar::Calendar;
use crate::curriculum::Curriculum;
use crate::draws::Draws;
use crate::observation::{Activity, Kind, Now, Observation};

pub(super) struct GreedyFrontier<'a> {
    ledger: Ledger<'a>,
}

/// A skill is left alone while its recent share of right answers is at least this.
const MASTERED: f64 = 0.85;

impl<'a> GreedyFrontier<'a> {
    pub(super) fn new(curriculum: &'a Curriculum, calendar: Calendar, draws: Draws) -> Self {
        Self {
            ledger: Ledger::new(curriculum, calendar, draws),
        }
    }

    fn gain_per_second(&self, activity: Activity) -> f64 {
        let p = self.ledger.skills[activity.skill as usize].recent;
        let (worth, seconds) = match activity.kind {
            Kind::Lesson => {
                let shown = &self.ledger.curriculum.skills[activity.skill as usize];
                (8.0, shown.lesson_minutes * 60.0)
            }
            Kind::Practice { item } => (1.0, self.ledger.curriculum.items[item as usize].seconds),
        };
        worth * p * (1.0 - p) / seconds
    }
}

impl Policy for GreedyFrontier<'_> {
    fn next(&mut self, now: Now) -> Option<Activity> {
        let ledger = &self.ledger;
        let n = ledger.year(now).end;
        let open = |&k: &usize| ledger.unlocked(k, |p| p.taught && p.recent >= 0.65);
        let left = |&k: &usize| ledger.skills[k].recent < MASTERED;
        let offers = |k: usize| ledger.teach(k, now);
        let best = |skills: &mut dyn Iterator<Item = usize>| {
            skills.map(offers).max_by(|a, b| {
                let by_gain = self
                    .gain_per_second(*a)
                    .total_cmp(&self.gain_per_second(*b));
                by_gain.then(b.skill.cmp(&a.skill))
            })
        };
        best(&mut (0..n).filter(open).filter(left)).or_else(|| best(&mut (0..n).filter(open)))
    }

    fn observe(&mut self, activity: Activity, seen: Observation, _: Now) {
        self.ledger.observe(activity, seen);
    }
}
