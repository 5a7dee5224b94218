//! The penalised logistic regression over rows of features.
//!
//! Rows are dense values (padded to a stride) and sparse terms (weight slot, value). They live in a fixed number of
//! shards whatever the number of threads; partial sums are combined in shard order, so the same log gives the same
//! bits on any machine.

use std::io;

use paceline_core::math;
use paceline_core::optim::{Minimum, Options, minimise};
use rayon::prelude::*;

use super::rows::{Block, Shard};

/// Shards of a design: the parallelism of a fit, and how often the gradient is held.
pub(crate) const SHARDS: usize = 4;

/// Rows between two flushes of the dense gradient from `f32` to `f64`.
const FLUSH: usize = 256;

/// A row's dense values and weights share this length: none, or padded for vector units.
const STRIDES: [usize; 3] = [0, 16, 48];

/// The least stride that holds `features`.
pub(crate) fn stride(features: usize) -> usize {
    STRIDES
        .into_iter()
        .find(|stride| features <= *stride)
        .unwrap_or(STRIDES[2])
}

/// Adds the gradient of a block's log loss to `gradient` (tables) and to `partial`.
fn accumulate<const STRIDE: usize>(
    block: &Block,
    weights: &Weights<'_>,
    gradient: &mut [f32],
    partial: &mut Partial,
) {
    let mut dense_weights = [0.0_f32; STRIDE];
    dense_weights[..weights.dense.len()].copy_from_slice(weights.dense);
    let (mut sums, mut start) = ([0.0_f32; STRIDE], 0);
    let mut dense = [0.0_f32; STRIDE];
    for (row, (&end, &right)) in block.ends.iter().zip(&block.right).enumerate() {
        for (to, from) in dense.iter_mut().zip(&block.dense[row * STRIDE..][..STRIDE]) {
            *to = f32::from(*from);
        }
        let end = end as usize;
        let (slots, values) = (&block.slots[start..end], &block.values[start..end]);
        start = end;
        let mut sum = dot::<STRIDE>(&dense, &dense_weights);
        for (&slot, &value) in slots.iter().zip(values) {
            sum += weights.tables[slot as usize] * f32::from(value);
        }
        let (loss, residual) = loss_and_residual(weights.bias + weights.quantum * sum, right);
        partial.loss += f64::from(loss);
        partial.bias += f64::from(residual);
        let step = residual * weights.quantum;
        for (sum, x) in sums.iter_mut().zip(dense) {
            *sum += step * x;
        }
        for (&slot, &value) in slots.iter().zip(values) {
            gradient[slot as usize] += step * f32::from(value);
        }
        if row % FLUSH == FLUSH - 1 {
            partial.flush(&mut sums);
        }
    }
    partial.flush(&mut sums);
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
    /// What one unit of a value stands for.
    quantum: f32,
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
pub(crate) struct Design<'a> {
    shards: Vec<Shard<'a>>,
    /// Dense weights there are.
    n_dense: usize,
    /// Means and standard deviations of the dense values; a deviation of 0 marks a feature that does not
    /// vary, whose weight is 0.
    means: Vec<f64>,
    deviations: Vec<f64>,
}

/// What a fit found: weights on the raw scale.
#[derive(Clone, Debug)]
pub(crate) struct Fitted {
    pub(crate) bias: f32,
    pub(crate) dense: Vec<f32>,
    pub(crate) tables: Vec<f32>,
    /// How the minimisation went; its point is all weights on the standardised scale, where another fit can start.
    pub(crate) minimum: Minimum,
}

impl<'a> Design<'a> {
    /// Ends the shards and sums up their dense values.
    ///
    /// # Errors
    /// A failure to write what overflows.
    pub(crate) fn new(mut shards: Vec<Shard<'a>>, n_dense: usize) -> io::Result<Self> {
        for shard in &mut shards {
            shard.end_block()?;
        }
        let (mut means, mut deviations) = (Vec::new(), Vec::new());
        for feature in 0..n_dense {
            let (mut n, mut mean, mut squares) = (0.0, 0.0, 0.0);
            for shard in shards.iter().filter(|shard| shard.rows() > 0) {
                // Moments of two parts make those of the whole (Chan et al. 1983).
                let (rows, of_shard, within) = shard.moments(feature);
                let (total, apart) = (n + rows, of_shard - mean);
                squares += within + apart * apart * n * rows / total;
                mean += apart * rows / total;
                n = total;
            }
            let deviation = (squares / f64::max(n, 1.0)).max(0.0).sqrt();
            means.push(mean);
            deviations.push(if deviation > 1e-6 { deviation } else { 0.0 });
        }
        Ok(Self {
            shards,
            n_dense,
            means,
            deviations,
        })
    }

    /// Standard deviations of the dense features; 0 for one that does not vary.
    pub(crate) fn spread(&self) -> Vec<f32> {
        self.deviations.iter().map(|d| *d as f32).collect()
    }

    /// The logit of the share right, kept from its ends, and the curvature of the loss there.
    fn base_rate(&self) -> (f64, f32) {
        let rows: usize = self.shards.iter().map(Shard::rows).sum();
        let right: usize = self.shards.iter().map(Shard::right).sum();
        let p = ((right as f64 + 0.5) / (rows as f64 + 1.0)).clamp(1e-3, 1.0 - 1e-3);
        (math::wide::ln(p / (1.0 - p)), (p * (1.0 - p)) as f32)
    }

    /// Sums of squared values of each table weight: times a typical `p (1 - p)`, the curvature of the loss.
    ///
    /// # Errors
    /// A failure to read what overflowed.
    pub(crate) fn squares(&mut self, n_tables: usize) -> io::Result<Vec<f32>> {
        let mut sums = vec![0.0_f32; n_tables];
        for shard in &mut self.shards {
            let unit = shard.quantum() * shard.quantum();
            shard.visit(|block| {
                for (&slot, &value) in block.slots.iter().zip(&block.values) {
                    sums[slot as usize] += unit * f32::from(value) * f32::from(value);
                }
            })?;
        }
        Ok(sums)
    }

    /// The scale of each variable: its posterior width, which makes the problem round.
    fn scales(&self, penalty: &[f32], squares: &[f32], curvature: f32) -> Vec<f64> {
        let rows: usize = self.shards.iter().map(Shard::rows).sum();
        let dense = 1.0 / (1.0 + rows as f64 * f64::from(curvature)).sqrt();
        let mut scale = vec![dense; 1 + self.n_dense];
        let tables = squares.iter().zip(penalty);
        scale.extend(
            tables.map(|(squares, penalty)| 1.0 / f64::from(curvature * squares + penalty).sqrt()),
        );
        scale
    }

    /// Minimises the sum of log losses plus `1/2 sum penalty w^2`; dense weights, of standardised
    /// values, have penalty 1, and the bias is free.
    ///
    /// `penalty`: one for each table weight; `squares`: what [`Design::squares`] says of them. Starts from
    /// the base rate, or where an earlier fit ended.
    ///
    /// # Errors
    /// A failure to read what overflowed.
    pub(crate) fn fit(
        &mut self,
        penalty: &[f32],
        squares: &[f32],
        from: Option<&Fitted>,
        options: &Options,
        progress: impl FnMut(usize, f64),
    ) -> io::Result<Fitted> {
        let (logit, curvature) = self.base_rate();
        let scale = self.scales(penalty, squares, curvature);
        let start = match from {
            Some(from) => from
                .minimum
                .x
                .iter()
                .zip(&scale)
                .map(|(w, s)| w / s)
                .collect(),
            None => {
                let mut start = vec![0.0; scale.len()];
                start[0] = logit / scale[0];
                start
            }
        };
        let mut gradients = vec![vec![0.0_f32; penalty.len()]; self.shards.len()];
        let mut failed = None;
        let evaluate = |x: &[f64], gradient: &mut [f64]| {
            self.evaluate(x, &scale, penalty, &mut gradients, gradient)
                .unwrap_or_else(|error| {
                    failed.get_or_insert(error);
                    f64::NAN
                })
        };
        let found = minimise(start, options, evaluate, progress);
        match failed {
            Some(error) => Err(error),
            None => Ok(self.fold(found, &scale)),
        }
    }

    /// The penalised loss at scaled weights `x`, and its gradient.
    fn evaluate(
        &mut self,
        x: &[f64],
        scale: &[f64],
        penalty: &[f32],
        gradients: &mut [Vec<f32>],
        gradient: &mut [f64],
    ) -> io::Result<f64> {
        let n = self.n_dense;
        let weights: Vec<f64> = x.iter().zip(scale).map(|(x, scale)| x * scale).collect();
        let tables: Vec<f32> = weights[1 + n..].iter().map(|w| *w as f32).collect();
        let (bias, dense) = self.raw(&weights);
        let of = Weights {
            quantum: 1.0,
            bias: bias as f32,
            dense: &dense.iter().map(|w| *w as f32).collect::<Vec<_>>(),
            tables: &tables,
        };
        let partials: Vec<Partial> = self
            .shards
            .par_iter_mut()
            .zip(gradients.par_iter_mut())
            .map(|(shard, gradient)| partial(shard, &of, gradient))
            .collect::<io::Result<_>>()?;
        let mut value = partials.iter().map(|partial| partial.loss).sum::<f64>();
        let residuals = partials.iter().map(|partial| partial.bias).sum::<f64>();
        gradient[0] = scale[0] * residuals;
        for i in 0..n {
            let w = weights[1 + i];
            value += 0.5 * w * w;
            let sum: f64 = partials.iter().map(|partial| partial.dense[i]).sum();
            let deviation = self.deviations[i];
            let standardised = if deviation > 0.0 {
                (sum - self.means[i] * residuals) / deviation
            } else {
                0.0
            };
            gradient[1 + i] = scale[1 + i] * (standardised + w);
        }
        const CHUNK: usize = 1 << 13;
        let penalties: Vec<f64> = gradient[1 + n..]
            .par_chunks_mut(CHUNK)
            .enumerate()
            .map(|(chunk, gradient)| {
                let at = chunk * CHUNK;
                let mut value = 0.0;
                for (i, g) in (at..).zip(gradient) {
                    let w = f64::from(tables[i]);
                    let penalty = f64::from(penalty[i]);
                    value += 0.5 * penalty * w * w;
                    let sum: f64 = gradients.iter().map(|part| f64::from(part[i])).sum();
                    *g = scale[1 + n + i] * (sum + penalty * w);
                }
                value
            })
            .collect();
        Ok(value + penalties.iter().sum::<f64>())
    }

    /// Bias and dense weights for values as they are, of those for standardised ones.
    fn raw(&self, weights: &[f64]) -> (f64, Vec<f64>) {
        let mut bias = weights[0];
        let moments = self.means.iter().zip(&self.deviations);
        let dense = moments.zip(&weights[1..]).map(|((mean, deviation), w)| {
            let raw = if *deviation > 0.0 { w / deviation } else { 0.0 };
            bias -= raw * mean;
            raw
        });
        let dense = dense.collect();
        (bias, dense)
    }

    /// Folds standardisation and scales into the weights.
    fn fold(&self, mut found: Minimum, scale: &[f64]) -> Fitted {
        for (x, scale) in found.x.iter_mut().zip(scale) {
            *x *= scale;
        }
        let narrow = |weights: &[f64]| weights.iter().map(|w| *w as f32).collect();
        let (bias, dense) = self.raw(&found.x);
        Fitted {
            bias: bias as f32,
            dense: narrow(&dense),
            tables: narrow(&found.x[1 + self.n_dense..]),
            minimum: found,
        }
    }
}

/// Loss and gradient of one shard.
fn partial(shard: &mut Shard<'_>, of: &Weights<'_>, gradient: &mut [f32]) -> io::Result<Partial> {
    gradient.fill(0.0);
    let mut partial = Partial {
        loss: 0.0,
        bias: 0.0,
        dense: vec![0.0; shard.stride],
    };
    let of = Weights {
        quantum: shard.quantum(),
        ..*of
    };
    let add = match shard.stride {
        0 => accumulate::<0>,
        16 => accumulate::<16>,
        _ => accumulate::<48>,
    };
    shard.visit(|block| add(block, &of, gradient, &mut partial))?;
    Ok(partial)
}
