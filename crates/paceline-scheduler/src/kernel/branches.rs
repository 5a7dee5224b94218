//! Where memories stand and where a success or a failure would take them, for a block of skills.

use paceline_core::widest;
use paceline_learner::memory::{Fsrs, MemoryState};

use crate::Objective;
use crate::value::{self, Branches, Horizon, SkillState};

/// Skills of a block: its columns fit the first-level cache.
pub(crate) const BLOCK: usize = 256;

/// Results and intermediate columns of one block. Shape: all `[BLOCK]`.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    retained: [f32; BLOCK],
    before: [f32; BLOCK],
    kept: [f32; BLOCK],
    grown: [f32; BLOCK],
    stability_after: [f32; BLOCK],
}

impl Default for Block {
    fn default() -> Self {
        let zero = [0.0; BLOCK];
        Self {
            retained: zero,
            before: zero,
            kept: zero,
            grown: zero,
            stability_after: zero,
        }
    }
}

impl Block {
    /// The branches of the block's `i`-th skill.
    #[inline]
    pub(crate) fn get(&self, i: usize) -> Branches {
        Branches {
            retained: self.retained[i],
            before: self.before[i],
            kept: self.kept[i],
            grown: self.grown[i],
            stability_after: self.stability_after[i],
        }
    }
}

/// Writes the branches of up to [`BLOCK`] skills, none touched today, into `out`.
///
/// Skills without a memory get the smallest stability: what is written for them means nothing.
///
/// Shape: the three columns `[n]`, `n <= BLOCK`.
pub(crate) fn branches(
    fsrs: &Fsrs,
    horizon: &Horizon,
    stability_days: &[f32],
    difficulty: &[f32],
    elapsed_days: &[f32],
    out: &mut Block,
) {
    widest!(branches_of(
        fsrs: &Fsrs,
        horizon: &Horizon,
        stability_days: &[f32],
        difficulty: &[f32],
        elapsed_days: &[f32],
        out: &mut Block,
    ));
}

#[inline(always)]
fn branches_of(
    fsrs: &Fsrs,
    horizon: &Horizon,
    stability_days: &[f32],
    difficulty: &[f32],
    elapsed_days: &[f32],
    out: &mut Block,
) {
    let n = stability_days
        .len()
        .min(difficulty.len())
        .min(elapsed_days.len())
        .min(BLOCK);
    let (stability, difficulty) = (&stability_days[..n], &difficulty[..n]);
    let elapsed = &elapsed_days[..n];
    let (retained, before) = (&mut out.retained[..n], &mut out.before[..n]);
    let (kept, grown) = (&mut out.kept[..n], &mut out.grown[..n]);
    let stability_after = &mut out.stability_after[..n];
    for i in 0..n {
        let state = MemoryState {
            stability: stability[i],
            difficulty: difficulty[i],
        };
        retained[i] = fsrs.retrievability(elapsed[i], stability[i]);
        stability_after[i] = fsrs.success_stability(state, retained[i]);
        before[i] = horizon.memory(fsrs, stability[i], elapsed[i]);
        kept[i] = horizon.memory(fsrs, stability[i], 0.0);
        grown[i] = horizon.memory(fsrs, stability_after[i], 0.0);
    }
}

/// Writes the gain of practising up to [`BLOCK`] skills, none touched today, at full readiness and weight 1.
///
/// Shape: `kappa` and `out` `[n]`, `n <= BLOCK`; the first `n` of `block` are those of the same skills.
pub(crate) fn gains(
    objective: &Objective,
    learning_rate: f32,
    block: &Block,
    kappa: &[f32],
    out: &mut [f32],
) {
    widest!(gains_of(
        objective: &Objective,
        learning_rate: f32,
        block: &Block,
        kappa: &[f32],
        out: &mut [f32],
    ));
}

#[inline(always)]
fn gains_of(
    objective: &Objective,
    learning_rate: f32,
    block: &Block,
    kappa: &[f32],
    out: &mut [f32],
) {
    let n = kappa.len().min(out.len()).min(BLOCK);
    let (kappa, out) = (&kappa[..n], &mut out[..n]);
    for i in 0..n {
        out[i] = gain_of_skill(objective, learning_rate, &block.get(i), kappa[i]);
    }
}

#[inline(always)]
pub(super) fn gain_of_skill(
    objective: &Objective,
    learning_rate: f32,
    branches: &Branches,
    kappa: f32,
) -> f32 {
    let state = SkillState {
        stability_days: 0.0,
        difficulty: 0.0,
        elapsed_days: 0.0,
        n_today: 0.0,
        kappa,
        p_now: 0.0,
        credit: 0.0,
        taught: true,
        touched_today: false,
    };
    value::practice_gain(objective, &state, branches, 1.0, learning_rate).gain
}

/// What the gain of practising each skill is weighed by. Shape: all `[n]`, `goal` `[n]` or empty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weights<'a> {
    /// Goal weights; empty where all are 1.
    pub(crate) goal: &'a [f32],
    /// Unlock values, which count until a skill is mastered: one bit a skill.
    pub(crate) unlock: &'a [f32],
    pub(crate) mastered: &'a [u64],
    /// What an answer would tell.
    pub(crate) p_mastered: &'a [f32],
    pub(crate) variance: &'a [f32],
    pub(crate) p_now: &'a [f32],
    pub(crate) minutes: &'a [f32],
}

/// Weighs the gains of practising up to [`BLOCK`] skills in place, and writes what each comes to a minute, with what the
/// answer would tell; [`f32::NEG_INFINITY`] where there is nothing to practise.
///
/// Shape: `gains` and `rates` `[n]`, `n <= BLOCK`.
pub(crate) fn rates(
    objective: &Objective,
    minutes_each: f32,
    weights: Weights<'_>,
    gains: &mut [f32],
    rates: &mut [f32],
) {
    widest!(rates_of(
        objective: &Objective,
        minutes_each: f32,
        weights: Weights<'_>,
        gains: &mut [f32],
        rates: &mut [f32],
    ));
}

#[inline(always)]
fn rates_of(
    objective: &Objective,
    minutes_each: f32,
    weights: Weights<'_>,
    gains: &mut [f32],
    rates: &mut [f32],
) {
    let n = gains.len().min(rates.len()).min(BLOCK);
    let (gains, rates) = (&mut gains[..n], &mut rates[..n]);
    let (minutes, unlock) = (&weights.minutes[..n], &weights.unlock[..n]);
    let (p_mastered, variance) = (&weights.p_mastered[..n], &weights.variance[..n]);
    let p_now = &weights.p_now[..n];
    let (mut goal, mut open) = ([1.0; BLOCK], [1.0; BLOCK]);
    for (goal, &weight) in goal.iter_mut().zip(weights.goal) {
        *goal = weight;
    }
    for (open, &word) in open.chunks_mut(64).zip(weights.mastered) {
        for (i, open) in open.iter_mut().enumerate() {
            *open = if word >> i & 1 == 1 { 0.0 } else { 1.0 };
        }
    }
    for i in 0..n {
        let worth = goal[i] * (1.0 + objective.unlock_weight * open[i] * unlock[i]);
        gains[i] *= worth;
        let told = value::information(p_mastered[i], variance[i], p_now[i]);
        let minutes = minutes[i] * minutes_each;
        let rate = (gains[i] + objective.information_weight * told) / minutes;
        rates[i] = if 0.0 < minutes {
            rate
        } else {
            f32::NEG_INFINITY
        };
    }
}

/// Writes the weighted retrievability of up to [`BLOCK`] memories on the days that count.
///
/// Shape: all slices `[n]`, `n <= BLOCK`.
pub(crate) fn memories(
    fsrs: &Fsrs,
    horizon: &Horizon,
    stability_days: &[f32],
    elapsed_days: &[f32],
    out: &mut [f32],
) {
    widest!(memories_of(
        fsrs: &Fsrs,
        horizon: &Horizon,
        stability_days: &[f32],
        elapsed_days: &[f32],
        out: &mut [f32],
    ));
}

#[inline(always)]
fn memories_of(
    fsrs: &Fsrs,
    horizon: &Horizon,
    stability_days: &[f32],
    elapsed_days: &[f32],
    out: &mut [f32],
) {
    let n = stability_days
        .len()
        .min(elapsed_days.len())
        .min(out.len())
        .min(BLOCK);
    let (stability, elapsed, out) = (&stability_days[..n], &elapsed_days[..n], &mut out[..n]);
    for i in 0..n {
        out[i] = horizon.memory(fsrs, stability[i], elapsed[i]);
    }
}
