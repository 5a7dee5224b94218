//! Rows of features kept for fitting, and the penalised logistic regression over them.
//!
//! Rows are dense values (standardised, padded to a stride) and sparse terms (weight slot, value).
//! They live in a fixed number of shards whatever the number of threads; partial sums are combined in
//! shard order, so the same log gives the same bits on any machine.

use paceline_core::math;
use paceline_core::optim::{Minimum, Options, minimise};
use rayon::prelude::*;

/// Shards of a design: the parallelism of a fit, and how often the gradient is held.
pub(crate) const SHARDS: usize = 4;

/// Rows between two flushes of the dense gradient from `f32` to `f64`.
const BLOCK: usize = 256;

/// A part of the rows.
#[derive(Clone, Debug)]
pub(crate) struct Shard {
    stride: usize,
    dense: Vec<f32>,
    ends: Vec<usize>,
    slots: Vec<u32>,
    values: Vec<f32>,
    right: Vec<bool>,
}

impl Shard {
    /// No rows yet, of `stride` dense values each: 0, 16 or 48.
    pub(crate) fn new(stride: usize) -> Self {
        Self {
            stride,
            dense: Vec::new(),
            ends: Vec::new(),
            slots: Vec::new(),
            values: Vec::new(),
            right: Vec::new(),
        }
    }

    /// Adds a row's dense values; missing ones are zero.
    pub(crate) fn push_dense(&mut self, values: impl Iterator<Item = f32>) {
        let start = self.dense.len();
        self.dense.extend(values);
        self.dense.resize(start + self.stride, 0.0);
    }

    /// Adds a sparse term of the row that is being built.
    #[inline]
    pub(crate) fn push_term(&mut self, slot: u32, value: f32) {
        self.slots.push(slot);
        self.values.push(value);
    }

    /// Ends the row.
    pub(crate) fn end_row(&mut self, right: bool) {
        self.ends.push(self.slots.len());
        self.right.push(right);
    }

    fn rows(&self) -> usize {
        self.right.len()
    }

    /// Adds the gradient of the log loss to `gradient` (tables) and returns loss and the gradient of
    /// the bias and the dense weights.
    fn accumulate<const STRIDE: usize>(
        &self,
        weights: &Weights<'_>,
        gradient: &mut [f32],
    ) -> Partial {
        let mut dense_weights = [0.0_f32; STRIDE];
        dense_weights[..weights.dense.len()].copy_from_slice(weights.dense);
        let mut partial = Partial {
            loss: 0.0,
            bias: 0.0,
            dense: vec![0.0; STRIDE],
        };
        let (mut block, mut start) = ([0.0_f32; STRIDE], 0);
        for row in 0..self.rows() {
            let dense = &self.dense[row * STRIDE..][..STRIDE];
            let end = self.ends[row];
            let (slots, values) = (&self.slots[start..end], &self.values[start..end]);
            start = end;
            let mut logit = weights.bias + dot::<STRIDE>(dense, &dense_weights);
            for (&slot, &value) in slots.iter().zip(values) {
                logit += weights.tables[slot as usize] * value;
            }
            let (loss, residual) = loss_and_residual(logit, self.right[row]);
            partial.loss += f64::from(loss);
            partial.bias += f64::from(residual);
            for (sum, x) in block.iter_mut().zip(dense) {
                *sum += residual * x;
            }
            for (&slot, &value) in slots.iter().zip(values) {
                gradient[slot as usize] += residual * value;
            }
            if row % BLOCK == BLOCK - 1 {
                partial.flush(&mut block);
            }
        }
        partial.flush(&mut block);
        partial
    }

    /// Adds the curvature of each table weight at predictions of about the base rate.
    fn add_curvature(&self, curvature: f32, sums: &mut [f32]) {
        for (&slot, &value) in self.slots.iter().zip(&self.values) {
            sums[slot as usize] += curvature * value * value;
        }
    }
}

/// What one shard adds to value and gradient.
struct Partial {
    loss: f64,
    bias: f64,
    dense: Vec<f64>,
}

impl Partial {
    fn flush(&mut self, block: &mut [f32]) {
        for (sum, part) in self.dense.iter_mut().zip(block) {
            *sum += f64::from(*part);
            *part = 0.0;
        }
    }
}

struct Weights<'a> {
    bias: f32,
    dense: &'a [f32],
    tables: &'a [f32],
}

/// Eight interleaved sums, which is what vector units add in.
#[inline]
fn dot<const STRIDE: usize>(a: &[f32], b: &[f32; STRIDE]) -> f32 {
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}

/// Log loss of an outcome, and its derivative by the logit.
#[inline]
pub(crate) fn loss_and_residual(logit: f32, right: bool) -> (f32, f32) {
    let e = math::exp(-logit.abs());
    let p_far = e / (1.0 + e);
    let p = if logit >= 0.0 { 1.0 - p_far } else { p_far };
    let towards = if right { -logit } else { logit };
    let loss = towards.max(0.0) + math::ln(1.0 + e);
    (loss, if right { p - 1.0 } else { p })
}

/// All rows of a fit.
#[derive(Debug)]
pub(crate) struct Design {
    shards: Vec<Shard>,
    /// Dense weights there are.
    n_dense: usize,
    /// Means and standard deviations that dense values were standardised with; a deviation of 0 marks
    /// a feature that does not vary, whose weight is 0.
    means: Vec<f32>,
    deviations: Vec<f32>,
}

/// What a fit found: weights on the raw scale.
#[derive(Clone, Debug)]
pub(crate) struct Fitted {
    pub(crate) bias: f32,
    pub(crate) dense: Vec<f32>,
    pub(crate) tables: Vec<f32>,
    pub(crate) minimum: Summary,
}

/// How a minimisation went.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    pub(crate) value: f64,
    pub(crate) gradient: f64,
    pub(crate) iterations: usize,
    pub(crate) evaluations: usize,
    pub(crate) ended: paceline_core::optim::Ended,
}

impl Design {
    /// Standardises the dense values of these rows.
    pub(crate) fn new(mut shards: Vec<Shard>, n_dense: usize) -> Self {
        let rows: usize = shards.iter().map(Shard::rows).sum();
        let sums = |f: &(dyn Fn(usize, f32) -> f64 + Sync)| -> Vec<f64> {
            let parts: Vec<Vec<f64>> = shards
                .par_iter()
                .map(|shard| {
                    let mut sums = vec![0.0; n_dense];
                    for row in shard.dense.chunks_exact(shard.stride.max(1)) {
                        for (i, sum) in sums.iter_mut().enumerate() {
                            *sum += f(i, row[i]);
                        }
                    }
                    sums
                })
                .collect();
            (0..n_dense)
                .map(|i| parts.iter().map(|part| part[i]).sum::<f64>() / rows as f64)
                .collect()
        };
        let means = sums(&|_, x| f64::from(x));
        let squares = sums(&|i, x| (f64::from(x) - means[i]) * (f64::from(x) - means[i]));
        let deviations: Vec<f32> = squares.iter().map(|square| square.sqrt() as f32).collect();
        let deviations: Vec<f32> = deviations
            .into_iter()
            .map(|d| if d > 1e-6 { d } else { 0.0 })
            .collect();
        let means: Vec<f32> = means.into_iter().map(|mean| mean as f32).collect();
        shards.par_iter_mut().for_each(|shard| {
            let stride = shard.stride.max(1);
            for row in shard.dense.chunks_exact_mut(stride) {
                for (i, x) in row[..n_dense].iter_mut().enumerate() {
                    *x = if deviations[i] > 0.0 {
                        (*x - means[i]) / deviations[i]
                    } else {
                        0.0
                    };
                }
            }
        });
        Self {
            shards,
            n_dense,
            means,
            deviations,
        }
    }

    /// Standard deviations of the dense features; 0 for one that does not vary.
    pub(crate) fn spread(&self) -> &[f32] {
        &self.deviations
    }

    /// Minimises the sum of log losses plus `1/2 sum penalty w^2`; dense weights, of standardised
    /// values, have penalty 1, and the bias is free.
    ///
    /// `penalty`: one for each table weight.
    pub(crate) fn fit(
        &self,
        penalty: &[f32],
        options: &Options,
        progress: impl FnMut(usize, f64),
    ) -> Fitted {
        let rows: usize = self.shards.iter().map(Shard::rows).sum();
        let right: usize = self
            .shards
            .iter()
            .map(|shard| shard.right.iter().filter(|right| **right).count())
            .sum();
        let p = ((right as f64 + 0.5) / (rows as f64 + 1.0)).clamp(1e-3, 1.0 - 1e-3);
        let curvature = (p * (1.0 - p)) as f32;
        let n = self.n_dense;
        // A variable's scale is that of its posterior width: it makes the problem round.
        let mut sums = vec![0.0; penalty.len()];
        for shard in &self.shards {
            shard.add_curvature(curvature, &mut sums);
        }
        let dense_scale = 1.0 / (1.0 + rows as f64 * f64::from(curvature)).sqrt();
        let mut scale = vec![dense_scale; 1 + n];
        scale.extend(
            sums.iter()
                .zip(penalty)
                .map(|(sum, penalty)| 1.0 / f64::from(sum + penalty).sqrt()),
        );
        let mut start = vec![0.0; scale.len()];
        start[0] = math::wide::ln(p / (1.0 - p)) / scale[0];

        let mut gradients = vec![vec![0.0_f32; penalty.len()]; self.shards.len()];
        let mut weights = vec![0.0_f32; scale.len()];
        let evaluate = |x: &[f64], gradient: &mut [f64]| {
            for ((w, x), scale) in weights.iter_mut().zip(x).zip(&scale) {
                *w = (x * scale) as f32;
            }
            let of = Weights {
                bias: weights[0],
                dense: &weights[1..1 + n],
                tables: &weights[1 + n..],
            };
            let partials: Vec<Partial> = self
                .shards
                .par_iter()
                .zip(&mut gradients)
                .map(|(shard, gradient)| {
                    gradient.fill(0.0);
                    match shard.stride {
                        0 => shard.accumulate::<0>(&of, gradient),
                        16 => shard.accumulate::<16>(&of, gradient),
                        _ => shard.accumulate::<48>(&of, gradient),
                    }
                })
                .collect();
            let mut value = partials.iter().map(|partial| partial.loss).sum::<f64>();
            gradient[0] = scale[0] * partials.iter().map(|partial| partial.bias).sum::<f64>();
            for i in 0..n {
                let w = f64::from(of.dense[i]);
                value += 0.5 * w * w;
                let sum: f64 = partials.iter().map(|partial| partial.dense[i]).sum();
                gradient[1 + i] = scale[1 + i] * (sum + w);
            }
            const CHUNK: usize = 1 << 13;
            let penalties: Vec<f64> = gradient[1 + n..]
                .par_chunks_mut(CHUNK)
                .enumerate()
                .map(|(chunk, gradient)| {
                    let at = chunk * CHUNK;
                    let mut value = 0.0;
                    for (i, g) in (at..).zip(gradient) {
                        let w = f64::from(of.tables[i]);
                        let penalty = f64::from(penalty[i]);
                        value += 0.5 * penalty * w * w;
                        let sum: f64 = gradients.iter().map(|part| f64::from(part[i])).sum();
                        *g = scale[1 + n + i] * (sum + penalty * w);
                    }
                    value
                })
                .collect();
            value + penalties.iter().sum::<f64>()
        };
        let found = minimise(start, options, evaluate, progress);
        self.fold(&found, &scale)
    }

    /// Folds standardisation and scales into the weights.
    fn fold(&self, found: &Minimum, scale: &[f64]) -> Fitted {
        let weights: Vec<f64> = found.x.iter().zip(scale).map(|(x, s)| x * s).collect();
        let mut bias = weights[0];
        let mut dense = Vec::with_capacity(self.n_dense);
        for i in 0..self.n_dense {
            let deviation = f64::from(self.deviations[i]);
            let raw = if deviation > 0.0 {
                weights[1 + i] / deviation
            } else {
                0.0
            };
            bias -= raw * f64::from(self.means[i]);
            dense.push(raw as f32);
        }
        Fitted {
            bias: bias as f32,
            dense,
            tables: weights[1 + self.n_dense..]
                .iter()
                .map(|w| *w as f32)
                .collect(),
            minimum: Summary {
                value: found.value,
                gradient: found.gradient,
                iterations: found.iterations,
                evaluations: found.evaluations,
                ended: found.ended,
            },
        }
    }
}
