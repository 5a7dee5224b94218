use paceline_core::ids::SkillIx;
use paceline_core::time::{Timestamp, UtcOffset};
use paceline_learner::memory::Answered;
use paceline_learner::{Learner, Observed, Params};

use crate::testing::generated;
use crate::{Cohort, Kind, Request, Scratch, plan};

const NOW: Timestamp = Timestamp(1_700_000_000);

/// A learner who was taught the first `taught` skills ten days ago and answered five items on each.
fn taught(bank: &paceline_bank::Bank, params: &Params, taught: usize, right: bool) -> Learner {
    let mut learner = Learner::new(params);
    let mut scratch = paceline_learner::Scratch::default();
    for &skill in bank.topological_order().iter().take(taught) {
        let at = NOW.plus_days(-10);
        learner.lesson(params, skill, at, UtcOffset::UTC);
        for &item in bank.items_of(skill) {
            let answer = Observed {
                skills: &[skill],
                item,
                easiness: bank.item_easiness()[item.at()],
                right,
                at,
                offset: UtcOffset::UTC,
                answered: Answered {
                    correct: right,
                    ..Answered::default()
                },
                credit: &[],
            };
            learner.observe(params, &answer, &mut scratch);
        }
    }
    learner
}

fn skills(
    bank: &paceline_bank::Bank,
    learner: &Learner,
    request: &Request,
) -> Vec<(Kind, SkillIx)> {
    let (params, cohort, mut scratch) = (Params::defaults(), Cohort::default(), Scratch::default());
    let lesson = plan(
        bank,
        &params,
        &cohort,
        learner,
        request,
        NOW,
        1,
        &mut scratch,
    );
    lesson
        .activities
        .iter()
        .map(|activity| (activity.kind, activity.skill()))
        .collect()
}

#[test]
fn a_new_learner_starts_at_the_beginning() {
    let bank = generated(30, 5, 61);
    let params = Params::defaults();
    let planned = skills(&bank, &Learner::new(&params), &Request::learn(20.0));
    assert_eq!(planned[0].0, Kind::Lesson);
    let hard = bank
        .prerequisites()
        .edges(planned[0].1.0)
        .filter(|edge| 1.0 <= edge.1)
        .count();
    assert_eq!(hard, 0);
}

#[test]
fn learners_who_differ_in_what_they_know_are_in_different_places() {
    let bank = generated(30, 5, 61);
    let params = Params::defaults();
    let request = Request::learn(20.0);
    let novice = skills(&bank, &taught(&bank, &params, 3, true), &request);
    let expert = skills(&bank, &taught(&bank, &params, 18, true), &request);
    let furthest = |planned: &[(Kind, SkillIx)]| {
        let order = bank.topological_order();
        let places = planned
            .iter()
            .map(|(_, skill)| order.iter().position(|other| other == skill));
        places.max().unwrap()
    };
    assert!(furthest(&novice) < furthest(&expert));
    assert!(expert.iter().any(|(kind, _)| *kind == Kind::Review));
}

#[test]
fn answers_move_what_is_planned() {
    let bank = generated(30, 5, 62);
    let params = Params::defaults();
    let request = Request::learn(20.0);
    let right = skills(&bank, &taught(&bank, &params, 10, true), &request);
    let wrong = skills(&bank, &taught(&bank, &params, 10, false), &request);
    assert_ne!(right, wrong);
}
