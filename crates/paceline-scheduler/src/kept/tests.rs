use paceline_core::time::{DAY_SECONDS, Timestamp, UtcOffset};
use paceline_learner::memory::Answered;
use paceline_learner::{self as learner, Learner, Observed, Params};
use proptest::prelude::*;

use super::Kept;
use crate::testing::{cases, generated};
use crate::{Cohort, Objective, Request, Scratch, plan};

/// Noon of some day.
const NOW: Timestamp = Timestamp(20_000 * DAY_SECONDS + DAY_SECONDS / 2);

fn answer(correct: bool) -> Answered {
    Answered {
        correct,
        revealed: false,
        hints: 0,
        tries: 1,
        seconds: 30.0,
        expected_seconds: 40.0,
        rapid_guess: false,
        earlier_today: false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(48)))]

    /// One scratch through a history of lessons, answers and idle days, shared with a second learner, plans as a new one
    /// does, and keeps the counts, frontier and unlock values that a new one computes.
    #[test]
    fn what_is_kept_is_what_would_be_rebuilt(
        seed in 0u64..1000,
        steps in prop::collection::vec((0u32..40, 0u8..6, prop::bool::weighted(0.7)), 1..12),
    ) {
        let bank = generated(40, 4, seed);
        let (params, cohort) = (Params::defaults(), Cohort::default());
        let mut learners = [Learner::new(&params), Learner::new(&params)];
        let mut buffers = learner::Scratch::default();
        let mut scratch = Scratch::default();
        let mut now = NOW;
        let mut request = Request::learn(8.0);
        request.width = 1;
        for (at, kind, right) in steps {
            let skill = bank.topological_order()[at as usize % bank.n_skills()];
            let learner = &mut learners[usize::from(kind == 5)];
            match kind {
                0 => now = now.plus_days(i64::from(at % 9)),
                1 => learner.lesson(&params, skill, now, UtcOffset::UTC),
                _ => {
                    let item = bank.items_of(skill)[at as usize % 4];
                    let observed = Observed {
                        skills: &[skill],
                        item,
                        easiness: bank.item_easiness()[item.at()],
                        right,
                        at: now,
                        offset: UtcOffset::UTC,
                        answered: answer(right),
                        credit: &[],
                    };
                    learner.observe(&params, &observed, &mut buffers);
                }
            }
            let rebuilt = &mut Scratch::default();
            let kept = plan(&bank, &params, &cohort, learner, &request, now, 7, &mut scratch);
            let anew = plan(&bank, &params, &cohort, learner, &request, now, 7, rebuilt);
            prop_assert_eq!(kept, anew);
            let (kept, anew): (&Kept, &Kept) = (&scratch.prepared.kept, &rebuilt.prepared.kept);
            prop_assert_eq!(&kept.unmastered, &anew.unmastered);
            prop_assert_eq!(&kept.shut, &anew.shut);
            prop_assert_eq!(&kept.unlock, &anew.unlock);
        }
    }
}

#[test]
fn the_frontier_moves_with_what_is_begun() {
    let bank = generated(40, 4, 1);
    let mut columns = crate::SkillColumns::blank(40, 0.5);
    let mut kept = Kept::default();
    for begun in 0..40 {
        kept.update(&bank, &columns, &[], &Objective::default(), false);
        for skill in 0..40 {
            let open = crate::unlock::is_open(&bank, &columns, skill, false);
            assert_eq!(kept.shut.is_open(skill), open, "{skill} of {begun}");
        }
        columns
            .taught
            .put(bank.topological_order()[begun].at(), true);
    }
}
