//! Abilities from a sparse log, with and without each answer.

use paceline_core::math::wide::{exp, ln};
use rayon::prelude::*;

use crate::irt::Curve;

/// Points of the ability grid on [-5, 5]: steps of a quarter, under half a posterior's usual deviation.
const NODES: usize = 41;
const BOUND: f64 = 5.0;

/// What one answer's learner looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Seen {
    /// Posterior mean from all the learner's answers.
    pub(super) ability: f64,
    /// Posterior mean from the others.
    pub(super) ability_without: f64,
    /// Probability of a right answer, from the others.
    pub(super) p_without: f64,
}

type Grid = [f64; NODES];

fn node(k: usize) -> f64 {
    BOUND * (2.0 * k as f64 / (NODES - 1) as f64 - 1.0)
}

/// Probability of a right answer at every node, by item.
pub(super) struct Tables(Vec<Grid>);

impl Tables {
    pub(super) fn new(curves: impl Iterator<Item = Curve>) -> Self {
        let grid = |curve: Curve| std::array::from_fn(|k| curve.p(node(k)).clamp(1e-9, 1.0 - 1e-9));
        Self(curves.map(grid).collect())
    }

    /// What each answer's learner looks like.
    ///
    /// `persons` are ranges of `answers`, each one learner's `(item, right)`; abilities are standard normal before.
    /// Shape: the result has one entry an answer.
    pub(super) fn see(
        &self,
        persons: &[std::ops::Range<usize>],
        answers: &[(u32, bool)],
    ) -> Vec<Seen> {
        let seen: Vec<Vec<Seen>> = persons
            .par_iter()
            .map(|range| self.person(&answers[range.clone()]))
            .collect();
        seen.into_iter().flatten().collect()
    }

    fn person(&self, answers: &[(u32, bool)]) -> Vec<Seen> {
        let mut logs: Grid = std::array::from_fn(|k| -0.5 * node(k) * node(k));
        for &(item, right) in answers {
            for (log, p) in logs.iter_mut().zip(&self.0[item as usize]) {
                *log += ln(if right { *p } else { 1.0 - p });
            }
        }
        let top = logs.iter().copied().fold(f64::MIN, f64::max);
        let weights = logs.map(|log| exp(log - top));
        let moment = |weight: &dyn Fn(usize) -> f64| {
            let (mut total, mut first) = (0.0, 0.0);
            for k in 0..NODES {
                total += weight(k);
                first += weight(k) * node(k);
            }
            (total, first / total)
        };
        let (_, ability) = moment(&|k| weights[k]);
        let without = |&(item, right): &(u32, bool)| {
            let p = &self.0[item as usize];
            let others = |k: usize| weights[k] / if right { p[k] } else { 1.0 - p[k] };
            let (total, ability_without) = moment(&others);
            let hits: f64 = (0..NODES).map(|k| others(k) * p[k]).sum();
            Seen {
                ability,
                ability_without,
                p_without: (hits / total).clamp(1e-6, 1.0 - 1e-6),
            }
        };
        answers.iter().map(without).collect()
    }
}
