use paceline_core::ids::{ItemIx, SkillIx};
use paceline_core::strategy::Strategy;
use paceline_core::time::{Timestamp, UtcOffset};
use paceline_learner::memory::Answered;
use paceline_learner::{Learner, Observed, Params};

use crate::testing::generated;
use crate::{Cohort, Kind, Purpose, Request, Scratch, plan};

const NOW: Timestamp = Timestamp(1_700_000_000);

/// A learner who was taught the first `taught` skills ten days ago and answered five items on each.
fn taught(bank: &paceline_bank::Bank, params: &Params, taught: usize, right: bool) -> Learner {
    let mut learner = Learner::new(params);
    for &skill in bank.topological_order().iter().take(taught) {
        let at = NOW.plus_days(-10);
        learner.lesson(params, skill, at, UtcOffset::UTC);
        for &item in bank.items_of(skill) {
            observe(bank, params, &mut learner, (skill, item, right), at);
        }
    }
    learner
}

fn observe(
    bank: &paceline_bank::Bank,
    params: &Params,
    learner: &mut Learner,
    (skill, item, right): (SkillIx, ItemIx, bool),
    at: Timestamp,
) {
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
    learner.observe(params, &answer, &mut paceline_learner::Scratch::default());
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
    let mut request = Request::learn(20.0);
    for (compacting, kind) in [(true, Kind::Practice), (false, Kind::Lesson)] {
        if !compacting {
            request.strategies = request.strategies.without(Strategy::Compacting);
        }
        let planned = skills(&bank, &Learner::new(&params), &request);
        assert_eq!(planned[0].0, kind);
        let hard = bank.prerequisites().edges(planned[0].1.0);
        assert_eq!(hard.filter(|edge| 1.0 <= edge.1).count(), 0);
    }
}

#[test]
fn what_is_probably_known_is_tried_first_once_what_it_builds_on_was_answered() {
    let bank = generated(30, 5, 61);
    let params = Params::defaults();
    let request = Request::learn(60.0);
    let mut learner = Learner::new(&params);
    let tried = |learner: &Learner| -> Vec<SkillIx> {
        let mut new = skills(&bank, learner, &request);
        new.retain(|(kind, _)| *kind == Kind::Practice);
        new.into_iter().map(|(_, skill)| skill).collect()
    };
    let first = tried(&learner);
    let hard = |skill: SkillIx| {
        let edges = bank.prerequisites().edges(skill.0);
        edges
            .filter(|edge| 1.0 <= edge.1)
            .map(|edge| SkillIx(edge.0))
    };
    assert!(!first.is_empty() && first.iter().all(|&skill| hard(skill).next().is_none()));
    for &skill in &first {
        let item = bank.items_of(skill)[0];
        observe(
            &bank,
            &params,
            &mut learner,
            (skill, item, true),
            NOW.plus_days(-1),
        );
    }
    let next = tried(&learner);
    assert!(next.iter().any(|&skill| hard(skill).next().is_some()));
    assert!(
        next.iter()
            .all(|&skill| hard(skill).all(|before| first.contains(&before)))
    );
    let review = Request {
        purpose: Purpose::Review,
        ..request.clone()
    };
    assert_eq!(skills(&bank, &Learner::new(&params), &review), []);
    let mut off = request.clone();
    off.strategies = off.strategies.without(Strategy::Compacting);
    let lessons = skills(&bank, &Learner::new(&params), &off);
    assert_eq!(
        lessons[0].0,
        Kind::Lesson,
        "every skill begins with its lesson"
    );
}

#[test]
fn a_skill_tried_in_vain_gets_its_lesson() {
    let bank = generated(30, 5, 61);
    let params = Params::defaults();
    let request = Request::learn(20.0);
    let mut learner = Learner::new(&params);
    let first = skills(&bank, &learner, &request)[0].1;
    for n in 1..4 {
        let item = bank.items_of(first)[n];
        let at = NOW.plus_seconds(60 * n as i64 - 300);
        observe(&bank, &params, &mut learner, (first, item, false), at);
    }
    let again = Request {
        filter: Some(vec![first]),
        ..request
    };
    assert_eq!(skills(&bank, &learner, &again)[0], (Kind::Lesson, first));
}

#[test]
fn learners_who_differ_in_what_they_know_are_in_different_places() {
    let bank = generated(30, 5, 61);
    let params = Params::defaults();
    // All of either's answers were right, so that both would run ahead over what they probably know.
    let mut request = Request::learn(20.0);
    request.strategies = request.strategies.without(Strategy::Compacting);
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
