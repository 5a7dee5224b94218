use std::sync::Mutex;

use paceline_core::time::{Timestamp, UtcOffset};
use paceline_learner::{Learner, Params};

use super::{Job, plan_many};
use crate::testing::generated;
use crate::{Cohort, Request, Scratch, plan};

#[test]
fn a_batch_plans_what_each_would_get_alone() {
    let bank = generated(40, 5, 41);
    let (params, cohort) = (Params::defaults(), Cohort::default());
    let now = Timestamp(1_700_000_000);
    let learners: Vec<Learner> = (0..12)
        .map(|i| {
            let mut learner = Learner::new(&params);
            for &skill in bank.topological_order().iter().take(3 * i) {
                learner.lesson(&params, skill, now.plus_days(-9), UtcOffset::UTC);
            }
            learner
        })
        .collect();
    let request = Request::learn(15.0);
    let jobs: Vec<Job<'_>> = learners
        .iter()
        .map(|learner| Job {
            learner,
            request: &request,
            seed: 5,
        })
        .collect();
    let lessons = Mutex::new(vec![None; jobs.len()]);
    plan_many(&bank, &params, &cohort, &jobs, now, |i, lesson| {
        lessons.lock().unwrap()[i] = Some(lesson)
    });
    let mut scratch = Scratch::default();
    for (learner, lesson) in learners.iter().zip(lessons.into_inner().unwrap()) {
        let alone = plan(
            &bank,
            &params,
            &cohort,
            learner,
            &request,
            now,
            5,
            &mut scratch,
        );
        assert_eq!(lesson, Some(alone));
    }
}
