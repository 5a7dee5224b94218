//! What calibration says of each item: parameters, standard errors and fit.

use paceline_core::math::wide::sqrt;
use serde::{Deserialize, Serialize};

use super::answers::Answers;
use super::maximise::inverse;
use super::shape::{Curves, Role, Shape};
use super::sweep::Table;
use super::{Beliefs, ItemCurve, Items};
use crate::irt::Curve;

/// An item's estimate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ItemEstimate {
    /// Discrimination.
    pub a: f64,
    /// Difficulty, in logits; of a graded item the mean of its thresholds.
    pub b: f64,
    /// The probability of guessing right.
    pub c: f64,
    /// The probability of not slipping.
    pub d: f64,
    /// Standard error of a; 0 where it is fixed, infinite without answers and priors.
    pub se_a: f64,
    /// Standard error of b.
    pub se_b: f64,
    /// Standard error of c.
    pub se_c: f64,
    /// Standard error of d.
    pub se_d: f64,
    /// Thresholds or steps of a graded item, empty for others.
    pub thresholds: Vec<f64>,
    /// Their standard errors.
    pub se_thresholds: Vec<f64>,
    /// How many answers it rests on.
    pub n: u32,
    /// Root of the mean square gap between the observed share of the full score and the curve's, over abilities;
    /// above .1 the curve does not describe the item (OECD 2017).
    pub rmsd: f64,
    /// Observed and expected by ability, for a plot; only where there are answers.
    pub fit: Vec<FitPoint>,
}

/// An item's answers by learners of about one ability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitPoint {
    /// The abilities' mean, in logits.
    pub ability: f64,
    /// Expected number of answers.
    pub n: f64,
    /// The share of the full score they reached.
    pub observed: f64,
    /// The share that the curve says.
    pub expected: f64,
}

impl ItemEstimate {
    /// The response curve of a right-or-wrong item.
    pub fn curve(&self) -> Curve {
        Curve {
            a: self.a,
            b: self.b,
            c: self.c,
            d: self.d,
        }
    }

    /// Easiness z as banks keep it, `-a b`.
    pub fn easiness(&self) -> f64 {
        -self.a * self.b
    }
}

/// An item's fit.
pub(super) struct Fit {
    rmsd: f64,
    points: Vec<FitPoint>,
}

/// Compares expected counts with curves.
pub(super) fn fits(items: &Items, answers: &Answers, counts: &Table, nodes: &[f64]) -> Vec<Fit> {
    let mut curves = Curves::default();
    let fit = |item: usize| {
        items.shape(item).fill(items.own(item), nodes, &mut curves);
        let rows = answers.first_rows()[item] as usize..answers.first_rows()[item + 1] as usize;
        let counts: Vec<f64> = rows
            .flat_map(|row| counts.row(row))
            .map(f64::from)
            .collect();
        fit_of(&counts, &curves.p, nodes)
    };
    (0..items.len()).map(fit).collect()
}

/// Groups of abilities are this wide.
const GROUP_LOGIT: f64 = 0.5;

fn fit_of(counts: &[f64], p: &[f64], nodes: &[f64]) -> Fit {
    let n = nodes.len();
    let full = (counts.len() / n - 1) as f64;
    let share = |values: &[f64], q: usize| {
        let scores = values.chunks_exact(n).enumerate();
        scores
            .map(|(score, row)| score as f64 * row[q])
            .sum::<f64>()
            / full
    };
    let (mut total, mut squares) = (0.0, 0.0);
    let mut points: Vec<(i64, FitPoint)> = Vec::new();
    for (q, &x) in nodes.iter().enumerate() {
        let seen: f64 = counts.chunks_exact(n).map(|row| row[q]).sum();
        let (right, expected) = (share(counts, q), share(p, q));
        if seen > 1e-6 {
            total += seen;
            squares += seen * (right / seen - expected) * (right / seen - expected);
        }
        let key = (x / GROUP_LOGIT).round() as i64;
        if points.last().is_none_or(|(last, _)| *last != key) {
            let empty = FitPoint {
                ability: 0.0,
                n: 0.0,
                observed: 0.0,
                expected: 0.0,
            };
            points.push((key, empty));
        }
        if let Some((_, point)) = points.last_mut() {
            point.n += seen;
            point.ability += seen * x;
            point.observed += right;
            point.expected += seen * expected;
        }
    }
    let means = points.into_iter().map(|(_, sums)| FitPoint {
        n: sums.n,
        ability: sums.ability / sums.n,
        observed: sums.observed / sums.n,
        expected: sums.expected / sums.n,
    });
    Fit {
        rmsd: if total > 0.0 {
            sqrt(squares / total)
        } else {
            0.0
        },
        points: means.filter(|point| point.n >= 1.0).collect(),
    }
}

/// Estimates with their standard errors, from the sums of outer products of the learners' scores.
pub(super) fn estimates(
    items: &Items,
    products: &[f64],
    beliefs: Option<&Beliefs>,
    fits: Vec<Fit>,
) -> Vec<ItemEstimate> {
    let each = fits.into_iter().enumerate();
    each.map(|(item, fit)| {
        let k = items.n_free(item);
        let own = &products[items.pairs_start(item)..][..k * (k + 1) / 2];
        let covariance = (k > 0).then(|| covariance(items, item, own, beliefs));
        let mut estimate = estimate(items.shape(item), items.own(item), covariance.as_deref());
        estimate.n = items.n_answers[item];
        (estimate.rmsd, estimate.fit) = (fit.rmsd, fit.points);
        estimate
    })
    .collect()
}

/// Shape: `[k, k]`; infinite on the diagonal where nothing is known.
fn covariance(items: &Items, item: usize, products: &[f64], beliefs: Option<&Beliefs>) -> Vec<f64> {
    let shape = items.shape(item);
    let k = shape.n_parameters();
    let mut information = vec![0.0; k * k];
    let mut rest = products.iter();
    for i in 0..k {
        for (j, sum) in (i..k).zip(&mut rest) {
            (information[i * k + j], information[j * k + i]) = (*sum, *sum);
        }
    }
    for (i, role) in shape.roles().enumerate() {
        let belief = items.belief(item, role, beliefs);
        information[i * k + i] += belief.map_or(0.0, |belief| 1.0 / (belief.sd * belief.sd));
    }
    let unknown = || {
        let cell = |at: usize| {
            if at.is_multiple_of(k + 1) {
                f64::INFINITY
            } else {
                0.0
            }
        };
        (0..k * k).map(cell).collect()
    };
    inverse(&information, k).unwrap_or_else(unknown)
}

fn estimate(shape: &Shape, own: &[f64], covariance: Option<&[f64]>) -> ItemEstimate {
    let k = own.len();
    let cell = |i: usize, j: usize| covariance.map_or(0.0, |cells| cells[i * k + j]);
    let error = |role: Role| {
        let at = shape.roles().position(|own| own == role);
        at.map_or(0.0, |i| sqrt(cell(i, i).max(0.0)))
    };
    let (a, c, d) = shape.asymptotes(own);
    let t = shape.n_thresholds;
    let pairs = (0..t).flat_map(|i| (0..t).map(move |j| (i, j)));
    let variance_b = pairs.map(|(i, j)| cell(i, j)).sum::<f64>() / (t * t) as f64;
    let (thresholds, se_thresholds) = match shape.curve(own) {
        ItemCurve::RightOrWrong(_) => (Vec::new(), Vec::new()),
        ItemCurve::Graded(curve) => {
            let errors = (0..t).map(|i| sqrt(cell(i, i).max(0.0)));
            (curve.b, errors.collect())
        }
    };
    ItemEstimate {
        a,
        b: own[..t].iter().sum::<f64>() / t as f64,
        c,
        d,
        // The delta method: the parameters are ln a, logit c and logit d.
        se_a: a * error(Role::LogDiscrimination),
        se_b: sqrt(variance_b.max(0.0)),
        se_c: c * (1.0 - c) * error(Role::GuessLogit),
        se_d: d * (1.0 - d) * error(Role::SlipLogit),
        thresholds,
        se_thresholds,
        ..ItemEstimate::default()
    }
}
