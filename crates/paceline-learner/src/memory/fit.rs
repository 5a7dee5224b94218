//! Fitting the weights to review histories.
//!
//! Maximises the probability of every answer given on another day than the one before, with a normal
//! prior around the published defaults, so that few data change little. The gradient is exact: the
//! recurrence run backwards; the search is a descent in small batches, whose time a review does not grow.
//! It runs on one thread and in a fixed order, so that a log gives the same weights everywhere.

use super::{DIFFICULTY_MAX, DIFFICULTY_MIN, STABILITY_MAX_DAYS, STABILITY_MIN_DAYS};
use super::{Fsrs, Grade, Review, Weights};
use paceline_core::math;
use rayon::prelude::*;

const N: usize = 21;
/// Histories per task: enough work to be worth a task, few enough to share out.
const CHUNK: usize = 256;
/// Scored reviews in a batch of the descent.
const BATCH_REVIEWS: usize = 512;
/// Predictions are kept this far from 0 and 1, so that one surprise costs at most ln 1e5.
const P_MARGIN: f32 = 1e-5;

/// How hard to search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitOptions {
    /// How often the descent goes through the histories.
    pub epochs: usize,
    /// The fewest steps it takes, however few the reviews.
    pub min_steps: usize,
    /// Weight of the prior: 1 takes a quarter of a weight's range as its standard deviation.
    pub prior: f64,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            epochs: 4,
            min_steps: 300,
            prior: 1.0,
        }
    }
}

/// Fitted weights and how well they do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fitted {
    /// The weights.
    pub weights: Weights,
    /// Answers that counted: those on a later day than the one before.
    pub scored: usize,
    /// Mean log loss of the defaults on them.
    pub log_loss_default: f64,
    /// Mean log loss of the fitted weights on them.
    pub log_loss: f64,
    /// Steps taken.
    pub steps: usize,
}

/// Why no weights were fitted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// No history has an answer on a later day than the one before.
    #[error("found no review on a later day among {histories} histories, wanted at least one")]
    NothingToFit {
        /// How many histories there were.
        histories: usize,
    },
}

/// Fits the 21 weights to histories, one of a learner's skill each, in order of time.
///
/// # Errors
/// [`FitError::NothingToFit`] where no answer tells anything about forgetting.
pub fn fit<H>(histories: &[H], options: &FitOptions) -> Result<Fitted, FitError>
where
    H: AsRef<[Review]> + Sync,
{
    let all: Vec<&[Review]> = histories
        .iter()
        .map(AsRef::as_ref)
        .filter(|h| scored(h) > 0)
        .collect();
    let n_scored: usize = all.iter().map(|h| scored(h)).sum();
    if n_scored == 0 {
        return Err(FitError::NothingToFit {
            histories: histories.len(),
        });
    }
    let start = *Weights::DEFAULT.get();
    let mut w = start;
    let steps = descend(&mut w, &all, n_scored, options);
    Ok(Fitted {
        weights: Weights::clipped(w),
        scored: n_scored,
        log_loss_default: loss_and_gradient(&start, &all).loss / n_scored as f64,
        log_loss: loss_and_gradient(&w, &all).loss / n_scored as f64,
        steps,
    })
}

/// Answers of a history that tell something about forgetting.
fn scored(history: &[Review]) -> usize {
    history
        .iter()
        .skip(1)
        .filter(|review| review.elapsed_days > 0)
        .count()
}

/// Loss and its gradient by weight.
#[derive(Clone)]
struct Sum {
    loss: f64,
    gradient: [f64; N],
}

impl Sum {
    const ZERO: Self = Self {
        loss: 0.0,
        gradient: [0.0; N],
    };

    fn add(mut self, other: &Self) -> Self {
        self.loss += other.loss;
        for (g, o) in self.gradient.iter_mut().zip(other.gradient) {
            *g += o;
        }
        self
    }
}

/// The unit a weight is searched in: a quarter of its range.
fn scale(i: usize) -> f64 {
    let (low, high) = Weights::BOUNDS[i];
    f64::from(high - low) / 4.0
}

fn loss_and_gradient(w: &[f32; N], histories: &[&[Review]]) -> Sum {
    let model = Backward::new(Weights::clipped(*w));
    let parts: Vec<Sum> = histories
        .par_chunks(CHUNK)
        .map(|chunk| {
            let mut tape = Vec::new();
            chunk.iter().fold(Sum::ZERO, |sum, history| {
                sum.add(&model.history(history, &mut tape))
            })
        })
        .collect();
    parts.iter().fold(Sum::ZERO, Sum::add)
}

/// The loss and its gradient at these weights, for the test that compares the two.
#[cfg(test)]
pub(super) fn loss_at(histories: &[Vec<Review>], w: &[f32; N]) -> (f64, [f64; N]) {
    let histories: Vec<&[Review]> = histories.iter().map(Vec::as_slice).collect();
    let sum = loss_and_gradient(w, &histories);
    (sum.loss, sum.gradient)
}

/// One review of the forward run, kept for the way back.
struct Step {
    s: f32,
    d: f32,
    r: f32,
    /// ln S and ln(1 + F t/S).
    ln_s: f32,
    ln_x: f32,
    new_s: f32,
    new_d: f32,
}

/// The recurrence with its derivatives.
struct Backward {
    w: [f32; N],
    fsrs: Fsrs,
    /// dF / dw20.
    factor_by_decay: f32,
    /// D0(easy), unclamped, and its derivative by w5.
    pull: (f32, f32),
}

impl Backward {
    fn new(weights: Weights) -> Self {
        let w = *weights.get();
        let fsrs = Fsrs::new(weights);
        let e = math::exp(3.0 * w[5]);
        Self {
            w,
            factor_by_decay: (fsrs.factor + 1.0) * math::ln(0.9) / (w[20] * w[20]),
            pull: (w[4] - e + 1.0, -3.0 * e),
            fsrs,
        }
    }

    fn history(&self, history: &[Review], tape: &mut Vec<Step>) -> Sum {
        tape.clear();
        let mut state = self.fsrs.first(history[0].grade);
        for review in &history[1..] {
            let t = review.elapsed_days as f32;
            let next = self.fsrs.next(state, t, review.grade);
            let ln_x = math::ln(1.0 + self.fsrs.factor * (t / state.stability));
            tape.push(Step {
                s: state.stability,
                d: state.difficulty,
                r: math::exp(-self.fsrs.decay * ln_x),
                ln_s: math::ln(state.stability),
                ln_x,
                new_s: next.stability,
                new_d: next.difficulty,
            });
            state = next;
        }
        let mut loss = 0.0f64;
        let mut g = [0.0f32; N];
        // Derivatives of the loss by the state after the review at hand.
        let (mut by_s, mut by_d) = (0.0f32, 0.0f32);
        for (step, review) in tape.iter().zip(&history[1..]).rev() {
            let (s, d) = self.review_back(step, review, by_s, by_d, &mut g);
            (by_s, by_d) = (s, d);
            if review.elapsed_days > 0 {
                let (l, by_r) = surprise(step.r, review.grade != Grade::Again);
                loss += f64::from(l);
                by_s += self.retrievability_back(step, review, by_r, &mut g);
            }
        }
        self.first_back(history[0].grade, by_s, by_d, &mut g);
        Sum {
            loss,
            gradient: g.map(f64::from),
        }
    }

    /// Back through R; returns the derivative by stability.
    fn retrievability_back(
        &self,
        step: &Step,
        review: &Review,
        by_r: f32,
        g: &mut [f32; N],
    ) -> f32 {
        let t_over_s = review.elapsed_days as f32 / step.s;
        let x = 1.0 + self.fsrs.factor * t_over_s;
        let slope = self.w[20] * step.r / x * t_over_s;
        g[20] += by_r * (-step.r * step.ln_x - slope * self.factor_by_decay);
        by_r * slope * self.fsrs.factor / step.s
    }

    /// Back through one review; returns the derivatives by the state before it.
    fn review_back(
        &self,
        step: &Step,
        review: &Review,
        by_s: f32,
        by_d: f32,
        g: &mut [f32; N],
    ) -> (f32, f32) {
        // A clipped value does not move.
        let by_s = if inside(step.new_s, STABILITY_MIN_DAYS, STABILITY_MAX_DAYS) {
            by_s
        } else {
            0.0
        };
        let by_d = if inside(step.new_d, DIFFICULTY_MIN, DIFFICULTY_MAX) {
            by_d
        } else {
            0.0
        };
        let before_d = self.difficulty_back(step, review.grade, by_d, g);
        let (before_s, more_d) = if review.elapsed_days == 0 {
            (self.same_day_back(step, review.grade, by_s, g), 0.0)
        } else if review.grade == Grade::Again {
            self.failure_back(step, review, by_s, g)
        } else {
            self.success_back(step, review, by_s, g)
        };
        (before_s, before_d + more_d)
    }

    fn difficulty_back(&self, step: &Step, grade: Grade, by_d: f32, g: &mut [f32; N]) -> f32 {
        let w = &self.w;
        let per_w6 = -(f32::from(grade.rating()) - 3.0) / 9.0;
        let moved = step.d + w[6] * per_w6 * (10.0 - step.d);
        g[4] += by_d * w[7];
        g[5] += by_d * w[7] * self.pull.1;
        g[6] += by_d * (1.0 - w[7]) * per_w6 * (10.0 - step.d);
        g[7] += by_d * (self.pull.0 - moved);
        by_d * (1.0 - w[7]) * (1.0 - w[6] * per_w6)
    }

    fn same_day_back(&self, step: &Step, grade: Grade, by_s: f32, g: &mut [f32; N]) -> f32 {
        let w = &self.w;
        let held = grade != Grade::Again && step.new_s <= step.s;
        if held {
            return by_s;
        }
        let away = f32::from(grade.rating()) - 3.0 + w[18];
        g[17] += by_s * step.new_s * away;
        g[18] += by_s * step.new_s * w[17];
        g[19] -= by_s * step.new_s * step.ln_s;
        by_s * step.new_s / step.s * (1.0 - w[19])
    }

    fn failure_back(
        &self,
        step: &Step,
        review: &Review,
        by_s: f32,
        g: &mut [f32; N],
    ) -> (f32, f32) {
        let w = &self.w;
        let f = step.new_s;
        let cut = step.s * self.fsrs.failure_cut;
        if f >= cut {
            g[17] -= by_s * w[18] * f;
            g[18] -= by_s * w[17] * f;
            return (by_s * f / step.s, 0.0);
        }
        let (ln_d, ln_s1) = (math::ln(step.d), math::ln(step.s + 1.0));
        let power = math::exp(w[13] * ln_s1);
        let by_f = by_s * f;
        g[11] += by_f / w[11];
        g[12] -= by_f * ln_d;
        g[13] += by_f / (power - 1.0) * power * ln_s1;
        g[14] += by_f * (1.0 - step.r);
        let direct = by_f / (power - 1.0) * power * w[13] / (step.s + 1.0);
        let through_r = self.retrievability_back(step, review, -w[14] * by_f, g);
        (direct + through_r, -w[12] * by_f / step.d)
    }

    fn success_back(
        &self,
        step: &Step,
        review: &Review,
        by_s: f32,
        g: &mut [f32; N],
    ) -> (f32, f32) {
        let w = &self.w;
        let gain = step.new_s - step.s;
        let bonus = match review.grade {
            Grade::Hard => w[15],
            Grade::Easy => w[16],
            _ => 1.0,
        };
        g[8] += by_s * gain;
        g[9] -= by_s * gain * step.ln_s;
        if bonus > 0.0 {
            match review.grade {
                Grade::Hard => g[15] += by_s * gain / bonus,
                Grade::Easy => g[16] += by_s * gain / bonus,
                _ => {}
            }
        }
        let e = math::exp(w[10] * (1.0 - step.r));
        let unit =
            step.s * bonus * self.fsrs.growth * (11.0 - step.d) * math::exp(-w[9] * step.ln_s) * e;
        g[10] += by_s * unit * (1.0 - step.r);
        let direct = by_s * (1.0 + gain / step.s * (1.0 - w[9]));
        let through_r = self.retrievability_back(step, review, -by_s * unit * w[10], g);
        (direct + through_r, -by_s * gain / (11.0 - step.d))
    }

    fn first_back(&self, grade: Grade, by_s: f32, by_d: f32, g: &mut [f32; N]) {
        let steps = f32::from(grade.rating()) - 1.0;
        g[usize::from(grade.rating()) - 1] += by_s;
        if inside(
            self.fsrs.first(grade).difficulty,
            DIFFICULTY_MIN,
            DIFFICULTY_MAX,
        ) {
            g[4] += by_d;
            g[5] -= by_d * steps * math::exp(self.w[5] * steps);
        }
    }
}

fn inside(value: f32, low: f32, high: f32) -> bool {
    low < value && value < high
}

/// Log loss of one answer and its derivative by the prediction.
fn surprise(r: f32, recalled: bool) -> (f32, f32) {
    let p = r.clamp(P_MARGIN, 1.0 - P_MARGIN);
    let inside = if p == r { 1.0 } else { 0.0 };
    if recalled {
        (-math::ln(p), -inside / p)
    } else {
        (-math::ln(1.0 - p), inside / (1.0 - p))
    }
}

/// Adam (Kingma & Ba 2015) over small batches with a step that falls like a cosine; returns the steps taken.
///
/// A batch is spread over the log by a stride, since neighbours are alike.
fn descend(
    w: &mut [f32; N],
    histories: &[&[Review]],
    scored: usize,
    options: &FitOptions,
) -> usize {
    const STEP: f64 = 0.1;
    const KEEP_MEAN: f64 = 0.9;
    const KEEP_SQUARE: f64 = 0.999;
    let batch = (histories.len() * BATCH_REVIEWS / scored).max(1);
    let n_batches = histories.len().div_ceil(batch);
    let total = (n_batches * options.epochs).max(options.min_steps);
    let (mut mean, mut square) = ([0.0f64; N], [0.0f64; N]);
    let mut tape = Vec::new();
    for step in 0..total {
        let model = Backward::new(Weights::clipped(*w));
        let mut sum = histories
            .iter()
            .skip(step % n_batches)
            .step_by(n_batches)
            .fold(Sum::ZERO, |sum, history| {
                sum.add(&model.history(history, &mut tape))
            });
        let rate =
            STEP * 0.5 * (1.0 + libm::cos(std::f64::consts::PI * step as f64 / total as f64));
        for i in 0..N {
            let away = f64::from(w[i] - Weights::DEFAULT.get()[i]) / scale(i);
            sum.gradient[i] += options.prior * away / scale(i) / n_batches as f64;
            mean[i] = KEEP_MEAN * mean[i] + (1.0 - KEEP_MEAN) * sum.gradient[i];
            square[i] = KEEP_SQUARE * square[i] + (1.0 - KEEP_SQUARE) * sum.gradient[i].powi(2);
            let unbias = |keep: f64| 1.0 - libm::pow(keep, (step + 1) as f64);
            let direction =
                mean[i] / unbias(KEEP_MEAN) / ((square[i] / unbias(KEEP_SQUARE)).sqrt() + 1e-9);
            let (low, high) = Weights::BOUNDS[i];
            let size = 0.25 * (f64::from(Weights::DEFAULT.get()[i]) + 0.05 * f64::from(high - low));
            w[i] = ((f64::from(w[i]) - rate * size * direction) as f32).clamp(low, high);
        }
    }
    total
}
