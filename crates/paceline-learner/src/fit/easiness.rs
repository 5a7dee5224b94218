//! Easiness of items, apart from who answered them: a Rasch-like model fitted by MAP.
//!
//! `logit P = b + theta_u + e_j + (1/m) sum_k s_k`, minimising the sum of log losses plus
//! `1/2 (1.0 sum theta^2 + 0.5 sum e^2 + 0.1 sum s^2)`.

use paceline_core::log::AnswerLog;
use paceline_core::optim::{Options, minimise};
use serde::{Deserialize, Serialize};

use super::design::loss_and_residual;

const PENALTY_LEARNER: f64 = 1.0;
const PENALTY_ITEM: f64 = 0.5;
const PENALTY_SKILL: f64 = 0.1;

/// Easiness of items and skills for the average learner, in logits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Easiness {
    /// Of an item of which nothing is known.
    pub base: f32,
    /// What each item adds.
    pub item: Vec<f32>,
    /// What each skill adds, averaged over an item's skills.
    pub skill: Vec<f32>,
}

impl Easiness {
    /// The easiness of an item with these skills; unknown ones add nothing.
    #[inline]
    pub fn of(&self, item: u32, skills: &[u32]) -> f32 {
        let at = |column: &[f32], i: u32| column.get(i as usize).copied().unwrap_or(0.0);
        let sum: f32 = skills.iter().map(|&skill| at(&self.skill, skill)).sum();
        self.base + at(&self.item, item) + sum / skills.len().max(1) as f32
    }
}

/// Fits easiness on the learners that `takes_part`; also returns the variance of their abilities.
pub(crate) fn fit(log: &AnswerLog, takes_part: impl Fn(usize) -> bool) -> (Easiness, f64) {
    let learners: Vec<usize> = (0..log.learners().len())
        .filter(|&who| takes_part(who))
        .collect();
    let (n_items, n_skills) = (log.items().all().len(), log.skills().all().len());
    // Order of variables: b, abilities, items, skills.
    let item_at = 1 + learners.len();
    let skill_at = item_at + n_items;
    let n = skill_at + n_skills;
    let mut penalty = vec![PENALTY_LEARNER; n];
    penalty[0] = 0.0;
    penalty[item_at..skill_at].fill(PENALTY_ITEM);
    penalty[skill_at..].fill(PENALTY_SKILL);
    let mut weight = vec![0.0_f64; n];
    for (u, &who) in learners.iter().enumerate() {
        let rows = log.answers(who);
        weight[0] += rows.item.len() as f64;
        weight[1 + u] = rows.item.len() as f64;
        for (&item, &set) in rows.item.iter().zip(rows.set) {
            weight[item_at + item as usize] += 1.0;
            let set = &log.sets()[set as usize];
            for &skill in set.iter() {
                weight[skill_at + skill as usize] += 1.0 / (set.len() * set.len()) as f64;
            }
        }
    }
    let scale: Vec<f64> = weight
        .iter()
        .zip(&penalty)
        .map(|(weight, penalty)| 1.0 / (0.18 * weight + penalty).max(1e-3).sqrt())
        .collect();
    let mut weights = vec![0.0_f32; n];
    let evaluate = |x: &[f64], gradient: &mut [f64]| {
        let mut value = 0.0;
        for i in 0..n {
            let w = x[i] * scale[i];
            weights[i] = w as f32;
            value += 0.5 * penalty[i] * w * w;
            gradient[i] = penalty[i] * w;
        }
        for (u, &who) in learners.iter().enumerate() {
            let rows = log.answers(who);
            let ability = weights[0] + weights[1 + u];
            let (mut loss_sum, mut residual_sum) = (0.0, 0.0);
            for ((&item, &set), &right) in rows.item.iter().zip(rows.set).zip(rows.right) {
                let set = &log.sets()[set as usize];
                let share = 1.0 / set.len() as f32;
                let skill: f32 = set.iter().map(|&k| weights[skill_at + k as usize]).sum();
                let logit = ability + weights[item_at + item as usize] + skill * share;
                let (loss, residual) = loss_and_residual(logit, right);
                loss_sum += f64::from(loss);
                let residual = f64::from(residual);
                residual_sum += residual;
                gradient[item_at + item as usize] += residual;
                for &k in set.iter() {
                    gradient[skill_at + k as usize] += residual * f64::from(share);
                }
            }
            value += loss_sum;
            gradient[0] += residual_sum;
            gradient[1 + u] += residual_sum;
        }
        for (g, scale) in gradient.iter_mut().zip(&scale) {
            *g *= scale;
        }
        value
    };
    let options = Options {
        iterations: 100,
        improvement: 1e-7,
        ..Options::default()
    };
    let found = minimise(vec![0.0; n], &options, evaluate, |_, _| ());
    let x: Vec<f64> = found.x.iter().zip(&scale).map(|(x, s)| x * s).collect();
    let abilities = &x[1..item_at];
    let count = abilities.len().max(1) as f64;
    let mean = abilities.iter().sum::<f64>() / count;
    let variance = abilities
        .iter()
        .map(|a| (a - mean) * (a - mean))
        .sum::<f64>()
        / count;
    let easiness = Easiness {
        base: (x[0] + mean) as f32,
        item: x[item_at..skill_at].iter().map(|e| *e as f32).collect(),
        skill: x[skill_at..].iter().map(|s| *s as f32).collect(),
    };
    (easiness, variance)
}
