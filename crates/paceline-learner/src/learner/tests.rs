use paceline_core::ids::{ItemIx, SkillIx};
use paceline_core::time::{StudyDay, Timestamp, UtcOffset};
use paceline_core::units::Probability;
use proptest::prelude::*;

use super::{Learner, Observed, Params, Scratch};
use crate::memory::{Answered, Grade};

const DAY: i64 = 86_400;

fn answer(skills: &[SkillIx], item: u32, right: bool, at: i64) -> Observed<'_> {
    Observed {
        skills,
        item: ItemIx(item),
        easiness: 0.8,
        right,
        at: Timestamp(at),
        offset: UtcOffset::UTC,
        answered: Answered {
            correct: right,
            ..Answered::default()
        },
        credit: &[],
    }
}

#[test]
fn an_answer_moves_knowledge_memory_and_counts() {
    let (params, mut scratch) = (Params::defaults(), Scratch::default());
    let mut learner = Learner::new(&params);
    let noon = 100 * DAY + DAY / 2;
    let seen = learner.observe(&params, &answer(&[SkillIx(4)], 9, true, noon), &mut scratch);
    assert_eq!(seen.grade, Some(Grade::Good));
    let skill = learner.skill(SkillIx(4)).unwrap();
    assert_eq!(
        (skill.attempts, skill.wrong, skill.attempts_today),
        (1, 0, 1)
    );
    assert_eq!(skill.last_day, StudyDay(100));
    assert!(skill.ability_logit > 0.0 && !skill.taught && skill.last_right);
    assert_eq!(learner.item(ItemIx(9)).unwrap().tries, 1);
    let next_day = answer(&[SkillIx(4)], 9, false, noon + DAY);
    learner.observe(&params, &next_day, &mut scratch);
    let lapsed = learner.skill(SkillIx(4)).unwrap();
    assert_eq!((lapsed.attempts, lapsed.attempts_today), (2, 1));
    assert!(lapsed.memory.unwrap().stability < skill.memory.unwrap().stability);
}

#[test]
fn a_lesson_starts_memory_and_a_later_one_takes_nothing_away() {
    let params = Params::defaults();
    let mut learner = Learner::new(&params);
    learner.lesson(&params, SkillIx(2), Timestamp(DAY), UtcOffset::UTC);
    let first = learner.skill(SkillIx(2)).unwrap();
    assert!(first.taught && first.attempts == 0);
    assert_eq!(first.memory.unwrap(), params.fsrs.first(Grade::Good));
    assert!((learner.retrievability(&params, SkillIx(2), first.last_day) - 1.0).abs() < 1e-6);
    learner.lesson(&params, SkillIx(2), Timestamp(9 * DAY), UtcOffset::UTC);
    assert_eq!(learner.skill(SkillIx(2)).unwrap().memory, first.memory);
}

#[test]
fn credit_renews_what_was_learned_and_nothing_else() {
    let (params, mut scratch) = (Params::defaults(), Scratch::default());
    let mut learner = Learner::new(&params);
    learner.lesson(&params, SkillIx(1), Timestamp(DAY), UtcOffset::UTC);
    let before = learner.skill(SkillIx(1)).unwrap().memory.unwrap().stability;
    let credited = Observed {
        credit: &[(SkillIx(1), 0.5), (SkillIx(8), 0.5)],
        ..answer(&[SkillIx(3)], 0, true, 10 * DAY)
    };
    learner.observe(&params, &credited, &mut scratch);
    let after = learner.skill(SkillIx(1)).unwrap();
    assert!(after.memory.unwrap().stability > before);
    assert!(after.last_day > StudyDay(3));
    assert!(learner.skill(SkillIx(8)).is_none());
}

#[test]
fn right_answers_lead_to_mastery_and_a_few_do_not() {
    let (params, mut scratch) = (Params::defaults(), Scratch::default());
    let mut learner = Learner::new(&params);
    let threshold = Probability::clamped(0.8);
    let mut last = Probability::ZERO;
    for n in 0..40 {
        learner.observe(
            &params,
            &answer(&[SkillIx(0)], n, true, 60 * i64::from(n)),
            &mut scratch,
        );
        last = learner.p_mastered(&params, SkillIx(0), 0.8, threshold, &mut scratch);
        assert!(n > 1 || last.get() < 0.75, "mastered after {n} answers");
    }
    assert!(
        last.get() > 0.75,
        "not mastered after forty right answers: {last}"
    );
}

#[test]
fn the_batch_equals_the_single_calls() {
    let (params, mut scratch) = (Params::defaults(), Scratch::default());
    let mut learner = Learner::new(&params);
    for n in 0..200_u32 {
        let skills = [SkillIx(n * 7 % 20)];
        learner.observe(
            &params,
            &answer(&skills, n % 50, n % 3 > 0, i64::from(n)),
            &mut scratch,
        );
    }
    let easiness: Vec<f32> = (0..30).map(|i| 0.1 * i as f32).collect();
    let (mut logit, mut variance) = (vec![0.0; 30], vec![0.0; 30]);
    learner.fresh_all(&params, &easiness, &mut logit, &mut variance, &mut scratch);
    for i in 0..30 {
        let skill = SkillIx(i as u32);
        let one = learner.fresh_logit(&params, skill, easiness[i], &mut scratch);
        assert!((one - logit[i]).abs() < 1e-5, "{i}: {one} {}", logit[i]);
        assert!((learner.fresh_variance(&params, skill) - variance[i]).abs() < 1e-6);
    }
}

#[test]
fn a_state_stays_small() {
    let (params, mut scratch) = (Params::defaults(), Scratch::default());
    let mut learner = Learner::new(&params);
    for n in 0..1000_u32 {
        let skills = [SkillIx(n % 100)];
        learner.observe(
            &params,
            &answer(&skills, n % 100, n % 3 > 0, i64::from(n)),
            &mut scratch,
        );
    }
    let with_growth_room = learner.bytes();
    assert!(with_growth_room <= 7000, "{with_growth_room} bytes");
    for n in 0..10_000_u32 {
        let skills = [SkillIx(n % 100)];
        learner.observe(
            &params,
            &answer(&skills, n % 100, n % 5 > 0, i64::from(n)),
            &mut scratch,
        );
    }
    assert_eq!(learner.bytes(), with_growth_room, "history costs nothing");
    learner.shrink();
    let empty = Learner::new(&params).bytes();
    assert!(learner.bytes() - empty <= 100 * 56 + 100 * 12);
}

#[test]
fn terms_sum_to_the_prediction() {
    let (params, mut scratch) = (Params::defaults(), Scratch::default());
    let mut learner = Learner::new(&params);
    for n in 0..20 {
        learner.observe(
            &params,
            &answer(&[SkillIx(n % 3)], n, n % 2 == 0, 100),
            &mut scratch,
        );
    }
    let ask = (&[SkillIx(1)][..], ItemIx(4), 0.3, Timestamp(9 * DAY));
    let p = learner.predict(&params, ask.0, ask.1, ask.2, ask.3, &mut scratch);
    let terms = learner.explain(&params, ask.0, ask.1, ask.2, ask.3, &mut scratch);
    let sum: f32 = terms.iter().map(|(_, value)| value).sum();
    assert!((paceline_core::math::logistic(sum) - p.get()).abs() < 1e-6);
}

proptest! {
    /// Whatever is answered whenever, every number stays finite and every probability one.
    #[test]
    fn any_history_leaves_a_sane_state(
        rows in prop::collection::vec(
            (0..9_u32, 0..30_u32, any::<bool>(), any::<i64>(), -9.0..9.0_f32, any::<bool>()),
            1..120,
        )
    ) {
        let (params, mut scratch) = (Params::defaults(), Scratch::default());
        let mut learner = Learner::new(&params);
        for (skill, item, right, at, easiness, rapid_guess) in rows {
            let skills = [SkillIx(skill), SkillIx(skill + 1)];
            let mut row = Observed { easiness, ..answer(&skills, item, right, at) };
            row.answered.rapid_guess = rapid_guess;
            let seen = learner.observe(&params, &row, &mut scratch);
            prop_assert!(seen.p_before.get() > 0.0 && seen.p_before.get() < 1.0);
        }
        for skill in learner.skills() {
            prop_assert!(skill.ability_logit.is_finite() && skill.ability_variance > 0.0);
            prop_assert!(skill.memory.is_none_or(|m| m.stability > 0.0));
        }
    }
}
