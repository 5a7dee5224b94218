use paceline_core::time::Timestamp;
use paceline_learner::memory::Fsrs;

use crate::testing::{generated, learner};
use crate::{Cohort, Request, Scratch, plan_columns};

/// Over many courses, lessons start with something the learner can do wherever they contain it, unless
/// that would cost value, and confusable neighbours are rare.
#[test]
fn lessons_start_easy_and_keep_confusable_skills_apart() {
    let (mut hard_starts, mut neighbours, mut pairs) = (0, 0, 0);
    for seed in 0..40 {
        let bank = generated(40, 5, seed);
        let columns = learner(&bank, 30, seed);
        let (fsrs, cohort) = (Fsrs::default(), Cohort::default());
        let (request, now) = (Request::learn(20.0), Timestamp(1_700_000_000));
        let mut scratch = Scratch::default();
        let lesson = plan_columns(
            &bank,
            &fsrs,
            &cohort,
            &columns,
            &request,
            now,
            1,
            &mut scratch,
        );
        let easy = |at: usize| columns.taught.has(at) && 0.7 <= columns.p_now[at];
        let skills: Vec<_> = lesson
            .activities
            .iter()
            .map(|activity| activity.skill())
            .collect();
        let has_easy = skills.iter().any(|skill| easy(skill.at()));
        hard_starts += usize::from(has_easy && !easy(skills[0].at()));
        for pair in skills.windows(2) {
            pairs += 1;
            neighbours += usize::from(bank.confusable().targets(pair[0].0).contains(&pair[1].0));
        }
    }
    assert!(hard_starts <= 4, "{hard_starts} of 40 lessons start hard");
    assert!(
        neighbours * 100 <= pairs,
        "{neighbours} of {pairs} neighbours are confusable"
    );
}
