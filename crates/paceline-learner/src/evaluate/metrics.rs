//! How good predicted probabilities are: AUC, log loss, RMSE, calibration, with intervals from
//! resampling learners.

use paceline_core::math::wide;
use paceline_core::stream::stream;
use rand::RngExt;
use rayon::prelude::*;

/// Bins of the calibration error.
pub const BINS: usize = 15;

/// Probabilities are kept this far from 0 and 1 in the log loss.
const P_MIN: f64 = 1e-6;

/// Quality of predictions, pooled over rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metrics {
    /// Area under the ROC curve; .5 where only one outcome occurs.
    pub auc: f64,
    /// Mean log loss, in nats.
    pub log_loss: f64,
    /// Root mean squared error.
    pub rmse: f64,
    /// Expected calibration error over [`BINS`] bins of equal width.
    pub ece: f64,
}

/// Measures predictions.
///
/// Shape: both `[n_rows]`, at least one row.
pub fn measure(p: &[f32], right: &[bool]) -> Metrics {
    let n = p.len().max(1) as f64;
    let (mut log_loss, mut square) = (0.0, 0.0);
    for (&p, &right) in p.iter().zip(right) {
        let p = f64::from(p);
        log_loss += row_loss(p, right);
        let y = if right { 1.0 } else { 0.0 };
        square += (y - p) * (y - p);
    }
    Metrics {
        auc: auc(&Ranked::new(p, right), None),
        log_loss: log_loss / n,
        rmse: wide::sqrt(square / n),
        ece: calibration(p, right)
            .iter()
            .map(|bin| bin.rows as f64 / n * (bin.p_mean - bin.right).abs())
            .sum(),
    }
}

pub(crate) fn row_loss(p: f64, right: bool) -> f64 {
    let p = p.clamp(P_MIN, 1.0 - P_MIN);
    -wide::ln(if right { p } else { 1.0 - p })
}

/// One bin of a reliability curve.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// Rows in it.
    pub rows: usize,
    /// Their mean prediction.
    pub p_mean: f64,
    /// The share right.
    pub right: f64,
}

/// The reliability curve: [`BINS`] bins of equal width.
pub fn calibration(p: &[f32], right: &[bool]) -> Vec<Bin> {
    let mut bins = vec![Bin::default(); BINS];
    for (&p, &right) in p.iter().zip(right) {
        let bin = &mut bins[((p * BINS as f32) as usize).min(BINS - 1)];
        bin.rows += 1;
        bin.p_mean += f64::from(p);
        bin.right += if right { 1.0 } else { 0.0 };
    }
    for bin in &mut bins {
        let n = bin.rows.max(1) as f64;
        bin.p_mean /= n;
        bin.right /= n;
    }
    bins
}

/// Rows in ascending order of prediction.
struct Ranked {
    order: Vec<u32>,
    p: Vec<f32>,
    right: Vec<bool>,
}

impl Ranked {
    fn new(p: &[f32], right: &[bool]) -> Self {
        let mut order: Vec<u32> = (0..p.len() as u32).collect();
        order.sort_by(|&a, &b| p[a as usize].total_cmp(&p[b as usize]).then(a.cmp(&b)));
        Self {
            p: order.iter().map(|&row| p[row as usize]).collect(),
            right: order.iter().map(|&row| right[row as usize]).collect(),
            order,
        }
    }
}

/// Probability that a right row was predicted higher than a wrong one, ties counting half.
///
/// `weights` counts each row that often, by original row index.
fn auc(ranked: &Ranked, weights: Option<&dyn Fn(u32) -> f64>) -> f64 {
    let (mut below, mut area, mut right_sum) = (0.0, 0.0, 0.0);
    let mut i = 0;
    while i < ranked.p.len() {
        let (mut right, mut wrong) = (0.0, 0.0);
        let p = ranked.p[i];
        while i < ranked.p.len() && ranked.p[i] == p {
            let weight = weights.map_or(1.0, |weights| weights(ranked.order[i]));
            if ranked.right[i] {
                right += weight;
            } else {
                wrong += weight;
            }
            i += 1;
        }
        area += right * (below + 0.5 * wrong);
        below += wrong;
        right_sum += right;
    }
    if below == 0.0 || right_sum == 0.0 {
        0.5
    } else {
        area / (below * right_sum)
    }
}

/// A 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Intervals of AUC and log loss from `draws` resamples of whole learners.
///
/// `learner`: whose each row is, from 0 to `n_learners - 1`. Shape: slices `[n_rows]`.
pub fn bootstrap(
    p: &[f32],
    right: &[bool],
    learner: &[u32],
    n_learners: usize,
    draws: usize,
    seed: u64,
) -> (Interval, Interval) {
    let ranked = Ranked::new(p, right);
    let mut losses = vec![(0.0, 0.0); n_learners];
    for ((&p, &right), &who) in p.iter().zip(right).zip(learner) {
        let (loss, rows) = &mut losses[who as usize];
        *loss += row_loss(f64::from(p), right);
        *rows += 1.0;
    }
    let drawn: Vec<(f64, f64)> = (0..draws)
        .into_par_iter()
        .map(|draw| {
            let mut rng = stream("evaluate-bootstrap", seed, &(draw as u64).to_le_bytes());
            let mut times = vec![0.0_f64; n_learners];
            for _ in 0..n_learners {
                times[rng.random_range(0..n_learners)] += 1.0;
            }
            let auc = auc(&ranked, Some(&|row| times[learner[row as usize] as usize]));
            let (mut loss, mut rows) = (0.0, 0.0);
            for ((l, n), times) in losses.iter().zip(&times) {
                loss += l * times;
                rows += n * times;
            }
            (auc, loss / f64::max(rows, 1.0))
        })
        .collect();
    let interval = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        let at = |q: f64| {
            let last = values.len().saturating_sub(1) as f64;
            values
                .get((q * last + 0.5) as usize)
                .copied()
                .unwrap_or(f64::NAN)
        };
        Interval {
            low: at(0.025),
            high: at(0.975),
        }
    };
    (
        interval(drawn.iter().map(|draw| draw.0).collect()),
        interval(drawn.iter().map(|draw| draw.1).collect()),
    )
}
