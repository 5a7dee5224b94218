//! Tonight's lessons for a whole district.

use paceline_bank::Bank;
use paceline_core::time::Timestamp;
use paceline_learner::{Learner, Params};
use rayon::prelude::*;

use crate::plan::{Scratch, plan};
use crate::{Cohort, Lesson, Request};

#[cfg(test)]
mod tests;

/// One learner's lesson to plan.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The learner's state.
    pub learner: &'a Learner,
    /// What is asked for.
    pub request: &'a Request,
    /// The learner's seed.
    pub seed: u64,
}

/// Plans a lesson for every job, on all cores, each the same as [`plan`] gives alone.
///
/// Hands the lessons to `take` as they are done, with the place of their job: memory is bounded by
/// what `take` keeps. The order of the calls is not defined.
pub fn plan_many(
    bank: &Bank,
    params: &Params,
    cohort: &Cohort,
    jobs: &[Job<'_>],
    now: Timestamp,
    take: impl Fn(usize, Lesson) + Sync,
) {
    jobs.par_iter()
        .enumerate()
        .for_each_init(Scratch::default, |scratch, (i, job)| {
            let Job {
                learner,
                request,
                seed,
            } = *job;
            take(
                i,
                plan(bank, params, cohort, learner, request, now, seed, scratch),
            );
        });
}
