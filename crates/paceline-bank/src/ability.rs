//! Estimates of one ability from right and wrong answers, with their standard errors.
//!
//! Four estimators on [-6, 6]; where the likelihood rises to the end of it, the end is the estimate.
//! With guessing a likelihood can have several peaks: the highest is taken, found on a grid first.

use paceline_core::math::wide::{exp, ln, sqrt};
use serde::{Deserialize, Serialize};

use crate::irt::Curve;

#[cfg(test)]
mod tests;

/// Estimates lie within this distance of 0.
pub const ABILITY_BOUND: f64 = 6.0;

/// Which estimate to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Estimator {
    /// Maximum likelihood; standard error `1 / sqrt(I)`.
    MaximumLikelihood,
    /// The posterior's peak; standard error `1 / sqrt(I + 1 / sd^2)`.
    MaximumPosterior,
    /// The posterior's mean; standard error its standard deviation.
    PosteriorMean,
    /// Weighted likelihood (Warm 1989), whose bias is of a smaller order; standard error `1 / sqrt(I)`.
    WeightedLikelihood,
}

/// What is believed of abilities before any answer: a normal distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// Its mean, in logits.
    pub mean: f64,
    /// Its standard deviation; positive.
    pub sd: f64,
}

impl Default for Prior {
    fn default() -> Self {
        Self { mean: 0.0, sd: 1.0 }
    }
}

/// An estimate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ability {
    /// The ability, in logits.
    pub ability: f64,
    /// Its standard error, as the estimator defines it.
    pub standard_error: f64,
}

/// Sums over the answered items at one ability.
struct Sums {
    log_likelihood: f64,
    score: f64,
    information: f64,
    /// Warm's J: `sum slope curvature / (p q)`.
    j: f64,
}

fn sums(answers: &[(Curve, bool)], ability: f64) -> Sums {
    let mut sums = Sums {
        log_likelihood: 0.0,
        score: 0.0,
        information: 0.0,
        j: 0.0,
    };
    for (curve, right) in answers {
        let point = curve.at(ability);
        let (p, q) = (point.p.max(1e-300), (1.0 - point.p).max(1e-300));
        sums.log_likelihood += ln(if *right { p } else { q });
        sums.score += if *right {
            point.slope / p
        } else {
            -point.slope / q
        };
        sums.information += point.slope * point.slope / (p * q);
        sums.j += point.slope * point.curvature / (p * q);
    }
    sums
}

/// The estimate from answers to items; with none, the prior, and infinite error without a prior.
///
/// The prior is used by the two posterior estimators only.
pub fn estimate(answers: &[(Curve, bool)], estimator: Estimator, prior: Prior) -> Ability {
    match estimator {
        Estimator::PosteriorMean => posterior_mean(answers, prior),
        Estimator::MaximumLikelihood => {
            let ability = peak(
                |x| sums(answers, x).log_likelihood,
                |x| sums(answers, x).score,
            );
            Ability {
                ability,
                standard_error: 1.0 / sqrt(sums(answers, ability).information),
            }
        }
        Estimator::MaximumPosterior => {
            let precision = 1.0 / (prior.sd * prior.sd);
            let ability = peak(
                |x| {
                    sums(answers, x).log_likelihood
                        - 0.5 * precision * (x - prior.mean) * (x - prior.mean)
                },
                |x| sums(answers, x).score - precision * (x - prior.mean),
            );
            Ability {
                ability,
                standard_error: 1.0 / sqrt(sums(answers, ability).information + precision),
            }
        }
        Estimator::WeightedLikelihood => {
            let weighted = |x: f64| {
                let sums = sums(answers, x);
                sums.score + sums.j / (2.0 * sums.information.max(1e-300))
            };
            let ability = weighted_root(answers, weighted);
            Ability {
                ability,
                standard_error: 1.0 / sqrt(sums(answers, ability).information),
            }
        }
    }
}

const GRID: usize = 121;

fn grid(i: usize) -> f64 {
    ABILITY_BOUND * (2.0 * i as f64 / (GRID - 1) as f64 - 1.0)
}

/// The highest point of a function, refined by halving where its slope changes sign.
fn peak(value: impl Fn(f64) -> f64, slope: impl Fn(f64) -> f64) -> f64 {
    let mut best = (0, f64::MIN);
    for i in 0..GRID {
        let here = value(grid(i));
        if here > best.1 {
            best = (i, here);
        }
    }
    let (low, high) = (
        grid(best.0.saturating_sub(1)),
        grid((best.0 + 1).min(GRID - 1)),
    );
    halve(low, high, slope)
}

/// Where a falling function crosses zero between two points; an end where it does not.
fn halve(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    if f(low) <= 0.0 {
        return low;
    }
    if f(high) >= 0.0 {
        return high;
    }
    // 60 halvings of a tenth leave less than an f64 can tell.
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if f(middle) > 0.0 {
            low = middle
        } else {
            high = middle
        }
    }
    0.5 * (low + high)
}

/// The falling root of Warm's equation with the highest weighted likelihood, or an end.
fn weighted_root(answers: &[(Curve, bool)], f: impl Fn(f64) -> f64) -> f64 {
    let values: Vec<f64> = (0..GRID).map(|i| f(grid(i))).collect();
    let worth = |x: f64| {
        let sums = sums(answers, x);
        sums.log_likelihood + 0.5 * ln(sums.information.max(1e-300))
    };
    let falls = (1..GRID).filter(|&i| values[i - 1] > 0.0 && values[i] <= 0.0);
    let roots = falls.map(|i| halve(grid(i - 1), grid(i), &f));
    let best = roots.max_by(|a, b| worth(*a).total_cmp(&worth(*b)));
    best.unwrap_or(if values[0] <= 0.0 {
        -ABILITY_BOUND
    } else {
        ABILITY_BOUND
    })
}

/// What is believed of one ability, over a grid: the posterior mean, an answer at a time.
///
/// The same as [`Estimator::PosteriorMean`] to 1e-9 at a cost that does not grow with the answers. Equal answers in equal
/// order give equal bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Posterior {
    /// Shape: `[POSTERIOR_NODES]`, sums to 1.
    weights: [f64; POSTERIOR_NODES],
}

/// Steps of a fifth on [-6, 6]: a posterior of standard deviation .15 is still integrated to 1e-9.
const POSTERIOR_NODES: usize = 61;

impl Posterior {
    /// The belief before any answer.
    pub fn new(prior: Prior) -> Self {
        let weight = |k| {
            let z = (Self::node(k) - prior.mean) / prior.sd;
            exp(-0.5 * z * z)
        };
        let mut posterior = Self {
            weights: std::array::from_fn(weight),
        };
        posterior.normalise();
        posterior
    }

    fn node(k: usize) -> f64 {
        ABILITY_BOUND * (2.0 * k as f64 / (POSTERIOR_NODES - 1) as f64 - 1.0)
    }

    /// Takes an answer.
    pub fn update(&mut self, curve: Curve, right: bool) {
        for (k, weight) in self.weights.iter_mut().enumerate() {
            let p = curve.p(Self::node(k));
            *weight *= if right { p } else { 1.0 - p };
        }
        self.normalise();
    }

    fn normalise(&mut self) {
        let total: f64 = self.weights.iter().sum();
        // A prior far outside the grid leaves nothing: all of it is then at the ends' mercy, as good as flat.
        if total > 0.0 {
            self.weights.iter_mut().for_each(|weight| *weight /= total);
        } else {
            self.weights = [1.0 / POSTERIOR_NODES as f64; POSTERIOR_NODES];
        }
    }

    /// Its mean and standard deviation.
    pub fn ability(&self) -> Ability {
        let (mut first, mut second) = (0.0, 0.0);
        for (k, weight) in self.weights.iter().enumerate() {
            let x = Self::node(k);
            first += weight * x;
            second += weight * x * x;
        }
        Ability {
            ability: first,
            standard_error: sqrt((second - first * first).max(0.0)),
        }
    }
}

/// Nodes of the posterior mean's quadrature: steps of a twentieth.
const N_NODES: usize = 241;

fn posterior_mean(answers: &[(Curve, bool)], prior: Prior) -> Ability {
    let node = |i: usize| ABILITY_BOUND * (2.0 * i as f64 / (N_NODES - 1) as f64 - 1.0);
    let log_weight = |x: f64| {
        let z = (x - prior.mean) / prior.sd;
        sums(answers, x).log_likelihood - 0.5 * z * z
    };
    let logs: Vec<f64> = (0..N_NODES).map(|i| log_weight(node(i))).collect();
    let top = logs.iter().copied().fold(f64::MIN, f64::max);
    let (mut total, mut first, mut second) = (0.0, 0.0, 0.0);
    for (i, log) in logs.iter().enumerate() {
        let (weight, x) = (exp(log - top), node(i));
        total += weight;
        first += weight * x;
        second += weight * x * x;
    }
    let mean = first / total;
    Ability {
        ability: mean,
        standard_error: sqrt((second / total - mean * mean).max(0.0)),
    }
}
