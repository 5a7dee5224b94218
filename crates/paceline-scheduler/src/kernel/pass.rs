//! The skill pass over columns of its own, for a bench beside its floor.

use paceline_learner::memory::{Fsrs, MemoryState};

use super::branches::gain_of_skill;
use super::{BLOCK, Block, Weights, branches, gains, rates};
use crate::Objective;
use crate::value::{self, Branches, Horizon};

/// Made-up skills, all taught and none touched today, and what the pass needs beside them.
#[derive(Clone, Debug)]
pub struct SkillPass {
    fsrs: Fsrs,
    objective: Objective,
    horizon: Horizon,
    stability_days: Vec<f32>,
    difficulty: Vec<f32>,
    elapsed_days: Vec<f32>,
    kappa: Vec<f32>,
    unlock: Vec<f32>,
    mastered: Vec<u64>,
    /// 0 for the mastered, else 1: the floor is spared the bits.
    open: Vec<f32>,
    p_mastered: Vec<f32>,
    variance: Vec<f32>,
    p_now: Vec<f32>,
    minutes: Vec<f32>,
    block: Block,
    gains: Vec<f32>,
}

impl SkillPass {
    /// `n` skills.
    pub fn new(n: usize) -> Self {
        let column = |of: fn(usize) -> f32| (0..n).map(of).collect::<Vec<f32>>();
        let objective = Objective::default();
        let mastered: Vec<u64> = (0..n.div_ceil(64) as u64)
            .map(|word| word.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .collect();
        let is_open = |i: usize| 1.0 - (mastered[i / 64] >> (i % 64) & 1) as f32;
        let open = (0..n).map(is_open).collect();
        Self {
            open,
            mastered,
            fsrs: Fsrs::default(),
            horizon: Horizon::new(&objective, objective.horizon_days),
            objective,
            stability_days: column(|i| 0.5 + (i * 91 % 997) as f32 * 0.1),
            difficulty: column(|i| 1.0 + (i * 53 % 91) as f32 * 0.1),
            elapsed_days: column(|i| 1.0 + (i * 37 % 120) as f32),
            kappa: column(|i| 0.05 + (i * 29 % 90) as f32 * 0.01),
            unlock: column(|i| (i * 17 % 60) as f32 * 0.1),
            p_mastered: column(|i| 0.01 + (i * 31 % 98) as f32 * 0.01),
            variance: column(|i| 0.1 + (i * 41 % 50) as f32 * 0.01),
            p_now: column(|i| 0.05 + (i * 23 % 90) as f32 * 0.01),
            minutes: column(|i| 0.3 + (i * 13 % 17) as f32 * 0.1),
            block: Block::default(),
            gains: vec![0.0; n],
        }
    }

    /// Writes each skill's gain per minute as a plan computes it that keeps nothing from the one before. Shape: `[n]`.
    pub fn rates(&mut self, out: &mut [f32]) {
        let n = out.len().min(self.kappa.len());
        for start in (0..n).step_by(BLOCK) {
            let range = start..(start + BLOCK).min(n);
            branches(
                &self.fsrs,
                &self.horizon,
                &self.stability_days[range.clone()],
                &self.difficulty[range.clone()],
                &self.elapsed_days[range.clone()],
                &mut self.block,
            );
            let (kappa, own) = (&self.kappa[range.clone()], &mut self.gains[range.clone()]);
            gains(&self.objective, 1.0, &self.block, kappa, own);
            let weights = Weights {
                goal: &[],
                unlock: &self.unlock[range.clone()],
                mastered: &self.mastered[start / 64..range.end.div_ceil(64)],
                p_mastered: &self.p_mastered[range.clone()],
                variance: &self.variance[range.clone()],
                p_now: &self.p_now[range.clone()],
                minutes: &self.minutes[range.clone()],
            };
            rates(&self.objective, 1.0, weights, own, &mut out[range]);
        }
    }

    /// The floor: the same of each skill in one bare loop, as wide as the compiler was told. Shape: `[n]`.
    pub fn floor(&self, out: &mut [f32]) {
        let n = out.len().min(self.kappa.len());
        let (stability, difficulty) = (&self.stability_days[..n], &self.difficulty[..n]);
        let (elapsed, kappa) = (&self.elapsed_days[..n], &self.kappa[..n]);
        let (unlock, minutes) = (&self.unlock[..n], &self.minutes[..n]);
        let (p_mastered, variance) = (&self.p_mastered[..n], &self.variance[..n]);
        let (p_now, open, out) = (&self.p_now[..n], &self.open[..n], &mut out[..n]);
        let (fsrs, horizon, objective) = (&self.fsrs, &self.horizon, &self.objective);
        for i in 0..n {
            let memory = MemoryState {
                stability: stability[i],
                difficulty: difficulty[i],
            };
            let retained = fsrs.retrievability(elapsed[i], stability[i]);
            let stability_after = fsrs.success_stability(memory, retained);
            let branches = Branches {
                retained,
                before: horizon.memory(fsrs, stability[i], elapsed[i]),
                kept: horizon.memory(fsrs, stability[i], 0.0),
                grown: horizon.memory(fsrs, stability_after, 0.0),
                stability_after,
            };
            let gain = gain_of_skill(objective, 1.0, &branches, kappa[i]);
            let worth = 1.0 + objective.unlock_weight * open[i] * unlock[i];
            let told = value::information(p_mastered[i], variance[i], p_now[i]);
            out[i] = (gain * worth + objective.information_weight * told) / minutes[i];
        }
    }
}
