//! Lowest mastery first: the unlocked skill with the smallest share of right answers.

use super::Policy;
use super::ledger::{Ledger, Record};
use crate::calendar::Calendar;
use crate::curriculum::Curriculum;
use crate::draws::Draws;
use crate::observation::{Activity, Now, Observation};

pub(super) struct LowestMastery<'a> {
    ledger: Ledger<'a>,
    last: Option<u32>,
}

impl<'a> LowestMastery<'a> {
    pub(super) fn new(curriculum: &'a Curriculum, calendar: Calendar, draws: Draws) -> Self {
        Self {
            ledger: Ledger::new(curriculum, calendar, draws),
            last: None,
        }
    }
}

/// Share right with one success and one failure added.
fn mastery(record: &Record) -> f64 {
    f64::from(record.right + 1) / f64::from(record.tries + 2)
}

impl Policy for LowestMastery<'_> {
    fn next(&mut self, now: Now) -> Option<Activity> {
        let ledger = &self.ledger;
        let open = |&k: &usize| ledger.unlocked(k, |p| p.taught && p.recent >= 0.5);
        let skill = (0..ledger.year(now).end)
            .filter(open)
            .filter(|&k| self.last != Some(k as u32))
            .min_by(|&a, &b| mastery(&ledger.skills[a]).total_cmp(&mastery(&ledger.skills[b])))?;
        Some(ledger.teach(skill, now))
    }

    fn observe(&mut self, activity: Activity, seen: Observation, _: Now) {
        self.ledger.observe(activity, seen);
        // After its lesson a skill may come at once; after an item another takes its turn.
        self.last = seen.right.map(|_| activity.skill);
    }
}
