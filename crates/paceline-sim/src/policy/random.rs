//! Random choice over the whole scope.

use super::Policy;
use super::ledger::Ledger;
use crate::calendar::Calendar;
use crate::curriculum::Curriculum;
use crate::draws::Draws;
use crate::observation::{Activity, Now, Observation};

pub(super) struct Random<'a> {
    ledger: Ledger<'a>,
}

impl<'a> Random<'a> {
    pub(super) fn new(curriculum: &'a Curriculum, calendar: Calendar, draws: Draws) -> Self {
        Self {
            ledger: Ledger::new(curriculum, calendar, draws),
        }
    }
}

impl Policy for Random<'_> {
    fn next(&mut self, now: Now) -> Option<Activity> {
        let n = self.ledger.year(now).end;
        (n > 0).then(|| self.ledger.teach(self.ledger.below(0, now, n), now))
    }

    fn observe(&mut self, activity: Activity, seen: Observation, _: Now) {
        self.ledger.observe(activity, seen);
    }
}
