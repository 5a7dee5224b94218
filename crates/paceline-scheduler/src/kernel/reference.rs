//! The plain twins of the kernels.

use paceline_learner::memory::Fsrs;

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

/// [`super::memories`] for one memory.
pub(crate) fn memory(
    fsrs: &Fsrs,
    horizon: &Horizon,
    stability_days: f32,
    elapsed_days: f32,
) -> f32 {
    horizon.memory(fsrs, stability_days, elapsed_days)
}
