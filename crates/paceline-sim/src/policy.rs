//! Policies: what a pupil does next, decided from the calendar and from what could be observed, and from nothing else.

mod fixed;
mod frontier;
mod ledger;
mod lowest;
mod mastery;
mod random;
mod retention;
mod zpdes;

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::curriculum::Curriculum;
use crate::draws::Draws;
use crate::observation::{Activity, Now, Observation};

/// Decides for one pupil.
pub trait Policy {
    /// What to do next; none ends the lesson.
    fn next(&mut self, now: Now) -> Option<Activity>;

    /// What could be seen of the last activity, if the pupil finished it; called before the next [`Policy::next`].
    fn observe(&mut self, activity: Activity, seen: Observation, now: Now);
}

/// The policies that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Baseline {
    /// The traditional class: everyone at the pace of the syllabus, blocked practice, no going back.
    Fixed,
    /// The same with a quarter of all practice on skills taught before, drawn at random.
    FixedReview,
    /// Any skill of the scope at random, its lesson the first time.
    Random,
    /// Syllabus order, on to the next skill after four right in a row or forty tries; Leitner boxes for review.
    MasteryLeitner,
    /// A bandit on learning progress within the zone of proximal development (Clement et al. 2015).
    Zpdes,
    /// The unlocked skill with the lowest share of right answers.
    LowestMastery,
    /// The unlocked skill with the most to learn per second.
    GreedyFrontier,
    /// Syllabus order, reviews when FSRS expects a retention below .9.
    FixedRetention,
}

impl Baseline {
    /// Every baseline in its order of report.
    pub const ALL: [Baseline; 8] = [
        Baseline::Fixed,
        Baseline::FixedReview,
        Baseline::Random,
        Baseline::MasteryLeitner,
        Baseline::Zpdes,
        Baseline::LowestMastery,
        Baseline::GreedyFrontier,
        Baseline::FixedRetention,
    ];

    /// The name used in output and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Baseline::Fixed => "fixed",
            Baseline::FixedReview => "fixed-review",
            Baseline::Random => "random",
            Baseline::MasteryLeitner => "mastery-leitner",
            Baseline::Zpdes => "zpdes",
            Baseline::LowestMastery => "lowest-mastery",
            Baseline::GreedyFrontier => "greedy-frontier",
            Baseline::FixedRetention => "fsrs-retention",
        }
    }

    /// The policy for one pupil; `draws` are the pupil's.
    pub(crate) fn start<'a>(
        self,
        curriculum: &'a Curriculum,
        calendar: &Calendar,
        draws: Draws,
    ) -> Box<dyn Policy + 'a> {
        let calendar = *calendar;
        match self {
            Baseline::Fixed => Box::new(fixed::Fixed::new(curriculum, calendar, draws)),
            Baseline::FixedReview => {
                Box::new(fixed::Fixed::with_review(curriculum, calendar, draws))
            }
            Baseline::Random => Box::new(random::Random::new(curriculum, calendar, draws)),
            Baseline::MasteryLeitner => {
                Box::new(mastery::MasteryLeitner::new(curriculum, calendar, draws))
            }
            Baseline::Zpdes => Box::new(zpdes::Zpdes::new(curriculum, calendar, draws)),
            Baseline::LowestMastery => {
                Box::new(lowest::LowestMastery::new(curriculum, calendar, draws))
            }
            Baseline::GreedyFrontier => {
                Box::new(frontier::GreedyFrontier::new(curriculum, calendar, draws))
            }
            Baseline::FixedRetention => {
                Box::new(retention::FixedRetention::new(curriculum, calendar, draws))
            }
        }
    }
}

#[cfg(test)]
mod tests;
