//! What is kept from plan to plan, so that a plan computes only what has changed since the last one.
//!
//! Nothing kept can change a plan: each part is compared with all that it follows from, and what differs is computed
//! anew. It pays where a learner is planned for again and again; for another learner it costs the comparison.

use std::ops::Range;

use paceline_bank::{Bank, BankVersion};
use paceline_learner::memory::Fsrs;

use crate::kernel::{self, BLOCK, Block};
use crate::value::Horizon;
use crate::{Objective, SkillColumns, unlock};

#[cfg(test)]
mod tests;

/// How many prerequisites of each skill are not met, and the skills where none is: the frontier.
///
/// A change of what is met costs the edges of the skills that changed, not of all.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Unmet {
    /// Skills that count as met, as last seen, one bit each.
    met: Vec<u64>,
    /// Shape: `[n_skills]`.
    counts: Vec<u32>,
    /// Skills without anything unmet, one bit each.
    open: Vec<u64>,
    /// Least weight of an edge that counts.
    least: f32,
}

impl Unmet {
    /// Starts with nothing met; edges from weight `least` on count.
    fn restart(&mut self, bank: &Bank, least: f32) {
        let n = bank.n_skills();
        self.least = least;
        self.met.clear();
        self.met.resize(n.div_ceil(64), 0);
        self.open.clear();
        self.open.resize(n.div_ceil(64), 0);
        self.counts.clear();
        let counted = |skill: u32| {
            let weights = bank.prerequisites().weights(skill).iter();
            weights.filter(|&&weight| least <= weight).count() as u32
        };
        self.counts.extend((0..n as u32).map(counted));
        for (skill, &count) in self.counts.iter().enumerate() {
            self.open[skill / 64] |= u64::from(count == 0) << (skill % 64);
        }
    }

    /// Brings counts and frontier up to date with the skills that are met now, 64 a word.
    fn follow(&mut self, bank: &Bank, met: impl Iterator<Item = u64>) {
        for (at, now) in met.enumerate().take(self.met.len()) {
            let mut changed = now ^ std::mem::replace(&mut self.met[at], now);
            while changed != 0 {
                let bit = changed.trailing_zeros();
                changed &= changed - 1;
                let is_met = now >> bit & 1 == 1;
                for (child, weight) in bank.dependants().edges(64 * at as u32 + bit) {
                    if weight < self.least {
                        continue;
                    }
                    let child = child as usize;
                    let count = &mut self.counts[child];
                    *count = if is_met { *count - 1 } else { *count + 1 };
                    let bit = 1 << (child % 64);
                    if *count == 0 {
                        self.open[child / 64] |= bit;
                    } else {
                        self.open[child / 64] &= !bit;
                    }
                }
            }
        }
    }

    /// Unmet prerequisites of every skill. Shape: `[n_skills]`.
    pub(crate) fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Whether nothing of a skill is unmet.
    #[inline]
    pub(crate) fn is_open(&self, skill: usize) -> bool {
        self.open[skill / 64] >> (skill % 64) & 1 == 1
    }
}

/// What unlock values follow from, beside the bank and what is mastered.
#[derive(Clone, Debug, Default)]
struct Unlocked {
    kappa: Vec<f32>,
    goal: Vec<f32>,
    weight: f32,
}

/// What branches follow from, and the branches. Shape: columns `[n_skills]`, blocks of [`BLOCK`] skills.
#[derive(Clone, Debug, Default)]
struct Memories {
    under: Option<(Fsrs, Horizon)>,
    stability_days: Vec<f32>,
    difficulty: Vec<f32>,
    elapsed_days: Vec<f32>,
    blocks: Vec<Block>,
}

/// What is kept; see the module's head.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    version: Option<BankVersion>,
    /// Prerequisites that are not mastered.
    unmastered: Unmet,
    /// Hard prerequisites that keep a skill's lesson shut.
    pub(crate) shut: Unmet,
    unlocked: Unlocked,
    /// Unlock values. Shape: `[n_skills]`.
    pub(crate) unlock: Vec<f32>,
    memories: Memories,
}

impl Kept {
    /// Brings counts, frontier and unlock values up to date. Shape: `goal` is `[n_skills]` or empty.
    pub(crate) fn update(
        &mut self,
        bank: &Bank,
        columns: &SkillColumns,
        goal: &[f32],
        objective: &Objective,
        hard_gate: bool,
    ) {
        let is_new = self.version != Some(bank.version());
        if is_new {
            self.version = Some(bank.version());
            self.unmastered.restart(bank, 0.0);
            self.shut.restart(bank, 1.0);
        }
        let c = columns;
        let words = c.mastered.words().iter().copied();
        let begun = c.taught.words().iter().zip(c.first_try.words());
        let begun = begun.map(|(taught, first_try)| taught & !first_try);
        let met = words.clone().zip(begun).map(|(mastered, begun)| {
            if hard_gate {
                mastered
            } else {
                mastered | begun
            }
        });
        self.shut.follow(bank, met);
        let stays = !is_new
            && self.unmastered.met == c.mastered.words()
            && self.unlocked.weight == objective.unlock_weight
            && self.unlocked.goal == goal
            && self.unlocked.kappa == c.kappa;
        if stays {
            return;
        }
        self.unmastered.follow(bank, words);
        self.unlocked.weight = objective.unlock_weight;
        self.unlocked.goal.clear();
        self.unlocked.goal.extend_from_slice(goal);
        self.unlocked.kappa.clone_from(&c.kappa);
        let unmet = self.unmastered.counts();
        unlock::unlock_values(bank, c, goal, objective, unmet, &mut self.unlock);
    }

    /// Makes room for the branches of `n` skills, and forgets those under another memory model or other days.
    pub(crate) fn begin(&mut self, fsrs: &Fsrs, horizon: &Horizon, n: usize) {
        let it = &mut self.memories;
        let same = |under: &(Fsrs, Horizon)| under.0 == *fsrs && under.1 == *horizon;
        if !it.under.as_ref().is_some_and(same) || it.stability_days.len() != n {
            it.under = Some((fsrs.clone(), *horizon));
            for column in [
                &mut it.stability_days,
                &mut it.difficulty,
                &mut it.elapsed_days,
            ] {
                // NaN is equal to nothing, so every block is computed.
                column.clear();
                column.resize(n, f32::NAN);
            }
            it.blocks.resize(n.div_ceil(BLOCK), Block::default());
        }
    }

    /// The branches of one block of skills, as far as they were not touched today.
    pub(crate) fn block(
        &mut self,
        fsrs: &Fsrs,
        horizon: &Horizon,
        columns: &SkillColumns,
        range: Range<usize>,
    ) -> &Block {
        let it = &mut self.memories;
        let block = &mut it.blocks[range.start / BLOCK];
        let stability = &columns.stability_days[range.clone()];
        let difficulty = &columns.difficulty[range.clone()];
        let elapsed = &columns.elapsed_days[range.clone()];
        let kept = (
            &mut it.stability_days[range.clone()],
            &mut it.difficulty[range.clone()],
            &mut it.elapsed_days[range],
        );
        if kept.0 != stability || kept.1 != difficulty || kept.2 != elapsed {
            kept.0.copy_from_slice(stability);
            kept.1.copy_from_slice(difficulty);
            kept.2.copy_from_slice(elapsed);
            kernel::branches(fsrs, horizon, stability, difficulty, elapsed, block);
        }
        block
    }
}
