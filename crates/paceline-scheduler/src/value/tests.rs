use paceline_core::math;
use paceline_learner::memory::{Fsrs, Grade};
use proptest::prelude::*;

use super::*;

fn state() -> impl Strategy<Value = SkillState> {
    let memory = (0.01f32..2000.0, 1.0f32..10.0, 0u16..300);
    (memory, 0.0f32..1.0, 0.0f32..1.0, 0u8..6).prop_map(|((s, d, elapsed), kappa, p_now, n)| {
        let touched_today = elapsed == 0;
        SkillState {
            stability_days: s,
            difficulty: d,
            elapsed_days: f32::from(elapsed),
            n_today: if touched_today { f32::from(n) } else { 0.0 },
            kappa,
            p_now,
            credit: 0.0,
            taught: true,
            touched_today,
        }
    })
}

/// `V` by the definition, in double precision.
fn plain_value(state: &SkillState, stability: f64, elapsed: f64, kappa: f64, days: f64) -> f64 {
    let w20 = 0.1542f64;
    let factor = math::wide::powf(0.9, -1.0 / w20) - 1.0;
    let r = |t: f64| math::wide::powf(1.0 + factor * t / stability, -w20);
    let points = [(0.21, 0.25), (0.79, 0.25), (1.0, 1.0)];
    let memory: f64 = points
        .iter()
        .map(|(at, w)| w * r(elapsed + at * days))
        .sum();
    if state.taught {
        (1.0 - 0.25 + 0.25 * kappa) * memory
    } else {
        0.0
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(crate::testing::cases(256)))]

    #[test]
    fn the_value_is_the_definition(state in state(), days in 1.0f32..200.0) {
        let objective = Objective::default();
        let horizon = Horizon::new(&objective, days);
        let found = f64::from(value(&objective, &Fsrs::default(), &horizon, &state));
        let wanted = plain_value(
            &state,
            f64::from(state.stability_days),
            f64::from(state.elapsed_days),
            f64::from(state.kappa),
            f64::from(days),
        );
        prop_assert!((found - wanted).abs() < 1e-4, "{} for {}", found, wanted);
    }

    #[test]
    fn a_wrong_answer_is_never_worth_more_than_a_right_one(
        state in state(),
        days in 1.0f32..200.0,
        readiness in 0.0f32..1.0,
    ) {
        let objective = Objective::default();
        let horizon = Horizon::new(&objective, days);
        let branches = Branches::of(&objective, &Fsrs::default(), &horizon, &state);
        prop_assert!(branches.kept <= branches.grown + 1e-5);
        prop_assert!(branches.before <= branches.kept + 1e-5);
        let gain = practice_gain(&objective, &state, &branches, readiness, 1.0);
        prop_assert!(gain.gain.is_finite() && -1e-5 <= gain.gain);
        let after = state.after_practice(&branches, &gain);
        prop_assert!((0.0..=1.0).contains(&after.kappa) && after.kappa >= state.kappa);
        prop_assert!((0.0..=1.0 + 1e-5).contains(&after.p_now));
    }

    #[test]
    fn a_skill_never_practised_gains_where_the_learner_is_ready(
        kappa in 0.0f32..1.0,
        readiness in 0.01f32..1.0,
        days in 0.5f32..400.0,
    ) {
        let objective = Objective::default();
        let horizon = Horizon::new(&objective, days);
        let memory = lesson_memory(&objective, &Fsrs::default(), &horizon);
        let gain = readiness * lesson_depth(&objective, kappa, readiness) * memory;
        prop_assert!(gain.is_finite() && 0.0 < gain);
    }

    #[test]
    fn a_lesson_adds_its_log_odds(kappa in 0.01f32..0.99, readiness in 0.0f32..1.0) {
        let found = kappa_after_lesson(&Objective::default(), kappa, readiness);
        let wanted = math::logistic(math::logit(kappa) + readiness);
        prop_assert!((found - wanted).abs() < 1e-5);
    }

    #[test]
    fn credit_grows_with_its_share(state in state(), a in 0.0f32..1.0, b in 0.0f32..1.0) {
        let (objective, fsrs) = (Objective::default(), Fsrs::default());
        let horizon = Horizon::new(&objective, 60.0);
        let credit = |share| credit(&objective, &fsrs, &horizon, &state, share);
        prop_assert!(credit(a.min(b)) <= credit(a.max(b)) + 1e-5);
        prop_assert!(credit(0.0).abs() < 1e-5);
    }
}

fn credit(
    objective: &Objective,
    fsrs: &Fsrs,
    horizon: &Horizon,
    state: &SkillState,
    share: f32,
) -> f32 {
    let branches = Branches::of(objective, fsrs, horizon, state);
    let (stability, elapsed) = after_share(state, &branches, share);
    let after = horizon.memory(fsrs, stability, elapsed);
    credit_gain(objective, state, &branches, after)
}

#[test]
fn credit_is_what_recording_gives() {
    let (objective, fsrs) = (Objective::default(), Fsrs::default());
    let horizon = Horizon::new(&objective, 60.0);
    let first = fsrs.first(Grade::Good);
    let state = SkillState {
        stability_days: first.stability,
        difficulty: first.difficulty,
        elapsed_days: 5.0,
        n_today: 0.0,
        kappa: 1.0,
        p_now: 1.0,
        credit: 0.0,
        taught: true,
        touched_today: false,
    };
    let shared = fsrs.share_of_success(first, 5.0, 0.5);
    let after = horizon.memory(&fsrs, shared.state.stability, shared.elapsed_days);
    let before = horizon.memory(&fsrs, first.stability, 5.0);
    let found = credit(&objective, &fsrs, &horizon, &state, 0.5);
    assert!((found - (after - before)).abs() < 1e-4);
}

#[test]
fn the_difficulty_fit_peaks_at_the_target() {
    assert_eq!(difficulty_fit(0.85, 0.85), 1.0);
    assert!(difficulty_fit(0.6, 0.85) < difficulty_fit(0.8, 0.85));
    assert!(difficulty_fit(0.99, 0.85) < difficulty_fit(0.9, 0.85));
}

#[test]
fn an_answer_tells_most_where_mastery_is_undecided() {
    assert!(information(0.9, 0.5, 0.7) < information(0.5, 0.5, 0.7));
    assert!(information(0.5, 0.1, 0.7) < information(0.5, 0.5, 0.7));
    assert_eq!(information(1.0, 0.5, 0.7), 0.0);
}
