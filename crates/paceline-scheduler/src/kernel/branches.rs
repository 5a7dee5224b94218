//! Where memories stand and where a success or a failure would take them, for a block of skills.

use paceline_learner::memory::Fsrs;

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
    moved: [f32; BLOCK],
    power: [f32; BLOCK],
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
            moved: zero,
            power: zero,
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
    let n = stability_days
        .len()
        .min(difficulty.len())
        .min(elapsed_days.len())
        .min(BLOCK);
    let (stability, elapsed) = (&stability_days[..n], &elapsed_days[..n]);
    let Block {
        retained,
        before,
        kept,
        grown,
        stability_after,
        moved,
        power,
    } = out;
    fsrs.retrievabilities(elapsed, stability, &mut retained[..n]);
    let after = &mut stability_after[..n];
    fsrs.success_stabilities(stability, &difficulty[..n], &retained[..n], after);
    before[..n].fill(0.0);
    kept[..n].fill(0.0);
    grown[..n].fill(0.0);
    for (&offset, &weight) in horizon.offsets_days.iter().zip(&horizon.weights) {
        for (moved, &elapsed) in moved[..n].iter_mut().zip(elapsed) {
            *moved = elapsed + offset;
        }
        fsrs.retrievabilities(&moved[..n], stability, &mut power[..n]);
        add(weight, &power[..n], &mut before[..n]);
        moved[..n].fill(offset);
        fsrs.retrievabilities(&moved[..n], stability, &mut power[..n]);
        add(weight, &power[..n], &mut kept[..n]);
        fsrs.retrievabilities(&moved[..n], after, &mut power[..n]);
        add(weight, &power[..n], &mut grown[..n]);
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
    let n = kappa.len().min(out.len()).min(BLOCK);
    let memory = block.retained[..n].iter().zip(&block.before[..n]);
    let after = block.kept[..n].iter().zip(&block.grown[..n]);
    let rows = kappa[..n].iter().zip(memory.zip(after));
    for (gain, (&kappa, ((&retained, &before), (&kept, &grown)))) in out[..n].iter_mut().zip(rows) {
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
        let branches = Branches {
            retained,
            before,
            kept,
            grown,
            stability_after: 0.0,
        };
        *gain = value::practice_gain(objective, &state, &branches, 1.0, learning_rate).gain;
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
    let n = stability_days
        .len()
        .min(elapsed_days.len())
        .min(out.len())
        .min(BLOCK);
    let (stability, elapsed, out) = (&stability_days[..n], &elapsed_days[..n], &mut out[..n]);
    let (mut moved, mut power) = ([0.0; BLOCK], [0.0; BLOCK]);
    out.fill(0.0);
    for (&offset, &weight) in horizon.offsets_days.iter().zip(&horizon.weights) {
        for (moved, &elapsed) in moved[..n].iter_mut().zip(elapsed) {
            *moved = elapsed + offset;
        }
        fsrs.retrievabilities(&moved[..n], stability, &mut power[..n]);
        add(weight, &power[..n], out);
    }
}

fn add(weight: f32, column: &[f32], sum: &mut [f32]) {
    for (sum, &x) in sum.iter_mut().zip(column) {
        *sum += weight * x;
    }
}
