//! The plain twins of the kernels.

use paceline_core::math;
use paceline_learner::memory::Fsrs;

use super::belief::{MASTERED_QUANTILE, PROBIT_SLOPE};
use crate::Objective;
use crate::value::{Branches, Horizon, SkillState};

/// [`super::branches`] for one skill that was not touched today.
pub(crate) fn branches(
    fsrs: &Fsrs,
    horizon: &Horizon,
    stability_days: f32,
    difficulty: f32,
    elapsed_days: f32,
) -> Branches {
    let state = SkillState {
        stability_days,
        difficulty,
        elapsed_days,
        n_today: 0.0,
        kappa: 0.5,
        p_now: 0.5,
        credit: 0.0,
        taught: true,
        touched_today: false,
    };
    Branches::of(&Objective::default(), fsrs, horizon, &state)
}

/// [`super::gains`] for one skill, term by term.
pub(crate) fn gain(
    objective: &Objective,
    learning_rate: f32,
    branches: &Branches,
    kappa: f32,
) -> f32 {
    let depth = |kappa: f32| 1.0 - objective.knowledge_share * (1.0 - kappa);
    let step = objective.practice_step * learning_rate * (1.0 - kappa);
    let now = depth(kappa) * branches.before;
    let right = depth(kappa + step) * branches.grown - now;
    let wrong = depth(kappa + 0.8 * step) * branches.kept - now;
    branches.retained * right + (1.0 - branches.retained) * wrong
}

/// [`super::memories`] for one memory.
pub(crate) fn memory(
    fsrs: &Fsrs,
    horizon: &Horizon,
    stability_days: f32,
    elapsed_days: f32,
) -> f32 {
    horizon.memory(fsrs, stability_days, elapsed_days)
}

/// [`super::believe`] for one skill: kappa, probability of mastery, whether it is mastered.
pub(crate) fn believe(logit: f32, variance: f32, threshold: f32) -> (f32, f32, bool) {
    let above = (logit - threshold) / variance.sqrt();
    (
        math::logistic(logit),
        math::logistic(PROBIT_SLOPE * above),
        MASTERED_QUANTILE <= above,
    )
}

/// [`super::fade`] for one skill.
pub(crate) fn fade(fsrs: &Fsrs, untouched: f32, kappa: f32, memory: Option<(f32, f32)>) -> f32 {
    let Some((stability_days, elapsed_days)) = memory else {
        return kappa;
    };
    let forgotten = 1.0 - fsrs.retrievability(elapsed_days, stability_days);
    kappa - (kappa - untouched).max(0.0) * forgotten
}

/// [`super::select_best`] by sorting everything; ascending.
pub(crate) fn select_best(rates: &[f32], most: usize) -> Vec<u32> {
    let mut places: Vec<u32> = (0..rates.len() as u32).collect();
    places.retain(|&at| f32::NEG_INFINITY < rates[at as usize]);
    places.sort_by(|&a, &b| rates[b as usize].total_cmp(&rates[a as usize]));
    places.truncate(most);
    places.sort_unstable();
    places
}
