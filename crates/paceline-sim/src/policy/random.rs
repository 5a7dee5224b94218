//! Random choice over the whole scope.

use super::Policy;
use super::ledger::Ledger;
use crate::curriculum::Curriculum;
use crate::draws::Draws;
use crate::observation::{Activity, Now, Observation};

pub(super) struct Random<'a> {
    ledger: Ledger<'a>,
}

impl<'a> Random<'a> {
    pub(super) fn new(curriculum: &'a Curriculum, draws: Draws) -> Self {
        Self {
            ledger: Ledger::new(curriculum, draws),
        }
    }
}

impl Policy for Random<'_> {
    fn next(&mut self, now: Now) -> Option<Activity> {
        let n = self.ledger.curriculum.n_skills();
        (n > 0).then(|| self.ledger.teach(self.ledger.below(0, now, n), now))
    }

    fn observe(&mut self, activity: Activity, seen: Observation, _: Now) {
        self.ledger.observe(activity, seen);
    }
}
