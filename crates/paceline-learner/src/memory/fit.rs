//! Fitting the weights to review histories.
//!
//! Maximises the probability of every answer given on another day than the one before, with a normal
//! prior around the published defaults, so that few data change little. The gradient is exact (the
//! recurrence run backwards), the search a projected BFGS over 21 scaled weights: first on a sample,
//! to get near, then on everything. Sums are combined in a fixed order, so the result does not depend
//! on the number of threads.

use super::{DIFFICULTY_MAX, DIFFICULTY_MIN, STABILITY_MAX_DAYS, STABILITY_MIN_DAYS};
use super::{Fsrs, Grade, Review, Weights};
use paceline_core::math;
use rayon::prelude::*;

const N: usize = 21;
/// Histories per task: enough work to be worth a task, few enough to share out.
const CHUNK: usize = 256;
/// Predictions are kept this far from 0 and 1, so that one surprise costs at most ln 1e5.
const P_MARGIN: f32 = 1e-5;

/// How hard to search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitOptions {
    /// Most steps over the whole data.
    pub iterations: usize,
    /// Scored reviews in the sample that the search starts with.
    pub sample_reviews: usize,
    /// Stop when a step lowers the penalised loss by less than this share.
    pub tolerance: f64,
    /// Weight of the prior: 1 takes a quarter of a weight's range as its standard deviation.
    pub prior: f64,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            iterations: 12,
            sample_reviews: 20_000,
            tolerance: 2e-6,
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
    /// Steps taken over the whole data.
    pub iterations: usize,
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
    if n_scored > 2 * options.sample_reviews {
        // Every k-th history: the order of a log may go with time or learner.
        let sample: Vec<&[Review]> = all
            .iter()
            .step_by(n_scored.div_ceil(options.sample_reviews.max(1)))
            .copied()
            .collect();
        // The sample stands for all: its loss counts as often as the whole would.
        let stands_for =
            n_scored as f64 / sample.iter().map(|h| scored(h)).sum::<usize>().max(1) as f64;
        let objective = |w: &[f32; N]| penalised(w, &sample, options.prior / stands_for);
        w = search(w, objective, 40, options.tolerance * 5.0).0;
    }
    let objective = |w: &[f32; N]| penalised(w, &all, options.prior);
    let (w, iterations) = search(w, objective, options.iterations, options.tolerance);
    Ok(Fitted {
        weights: Weights::clipped(w),
        scored: n_scored,
        log_loss_default: loss_and_gradient(&start, &all).loss / n_scored as f64,
        log_loss: loss_and_gradient(&w, &all).loss / n_scored as f64,
        iterations,
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

fn penalised(w: &[f32; N], histories: &[&[Review]], prior: f64) -> Sum {
    let mut sum = loss_and_gradient(w, histories);
    for (i, (&value, default)) in w.iter().zip(Weights::DEFAULT.get()).enumerate() {
        let z = f64::from(value - default) / scale(i);
        sum.loss += 0.5 * prior * z * z;
        sum.gradient[i] += prior * z / scale(i);
    }
    sum
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
                r: math::exp(self.fsrs.decay * ln_x),
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
        let cut = step.s / math::exp(w[17] * w[18]);
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

/// Projected BFGS: weights at a bound that the gradient pushes against stay out of the step.
///
/// Returns the weights and the steps taken.
fn search(
    start: [f32; N],
    objective: impl Fn(&[f32; N]) -> Sum,
    iterations: usize,
    tolerance: f64,
) -> ([f32; N], usize) {
    let mut w = start;
    let mut at = objective(&w);
    let mut inverse = Inverse::new(&at);
    for taken in 0..iterations {
        let step = inverse.step(&w, &at);
        let Some((new_w, new)) = line(&w, &at, &step, &objective) else {
            if inverse.fresh {
                return (w, taken);
            }
            inverse = Inverse::new(&at);
            continue;
        };
        let gain = at.loss - new.loss;
        inverse.update(&w, &new_w, &at, &new);
        let done = gain < tolerance * at.loss.abs();
        (w, at) = (new_w, new);
        if done {
            return (w, taken + 1);
        }
    }
    (w, iterations)
}

/// Backtracks along a step until the loss falls enough (Armijo), None where it never does.
fn line(
    w: &[f32; N],
    at: &Sum,
    step: &[f64; N],
    objective: &impl Fn(&[f32; N]) -> Sum,
) -> Option<([f32; N], Sum)> {
    let mut length = 1.0;
    for _ in 0..12 {
        let mut new_w = *w;
        let mut promised = 0.0;
        for i in 0..N {
            let (low, high) = Weights::BOUNDS[i];
            new_w[i] = ((f64::from(w[i]) + length * step[i] * scale(i)) as f32).clamp(low, high);
            promised += at.gradient[i] * f64::from(new_w[i] - w[i]);
        }
        if promised >= 0.0 {
            return None;
        }
        let new = objective(&new_w);
        if new.loss <= at.loss + 1e-4 * promised {
            return Some((new_w, new));
        }
        length *= 0.3;
    }
    None
}

/// The inverse Hessian in scaled weights.
struct Inverse {
    h: [[f64; N]; N],
    fresh: bool,
}

impl Inverse {
    /// A first guess whose step is a twentieth of a scale long.
    fn new(at: &Sum) -> Self {
        let norm: f64 = (0..N)
            .map(|i| (at.gradient[i] * scale(i)).powi(2))
            .sum::<f64>()
            .sqrt();
        let mut h = [[0.0; N]; N];
        for (i, row) in h.iter_mut().enumerate() {
            row[i] = 0.05 / norm.max(1e-12);
        }
        Self { h, fresh: true }
    }

    fn step(&self, w: &[f32; N], at: &Sum) -> [f64; N] {
        let free = |i: usize| {
            let (low, high) = Weights::BOUNDS[i];
            !(w[i] <= low && at.gradient[i] > 0.0 || w[i] >= high && at.gradient[i] < 0.0)
        };
        let mut step = [0.0; N];
        for i in (0..N).filter(|&i| free(i)) {
            step[i] = -(0..N)
                .filter(|&j| free(j))
                .map(|j| self.h[i][j] * at.gradient[j] * scale(j))
                .sum::<f64>();
        }
        step
    }

    /// The BFGS update (Nocedal & Wright 2006, eq. 6.17), left out where curvature is not positive.
    fn update(&mut self, w: &[f32; N], new_w: &[f32; N], at: &Sum, new: &Sum) {
        let s: [f64; N] = std::array::from_fn(|i| f64::from(new_w[i] - w[i]) / scale(i));
        let y: [f64; N] = std::array::from_fn(|i| (new.gradient[i] - at.gradient[i]) * scale(i));
        let sy: f64 = (0..N).map(|i| s[i] * y[i]).sum();
        let yy: f64 = y.iter().map(|y| y * y).sum();
        if sy <= 1e-10 * yy.max(1e-300) {
            return;
        }
        if self.fresh {
            for (i, row) in self.h.iter_mut().enumerate() {
                row[i] = sy / yy;
            }
            self.fresh = false;
        }
        let hy: [f64; N] = std::array::from_fn(|i| (0..N).map(|j| self.h[i][j] * y[j]).sum());
        let yhy: f64 = (0..N).map(|i| y[i] * hy[i]).sum();
        for i in 0..N {
            for j in 0..N {
                self.h[i][j] +=
                    (1.0 + yhy / sy) * s[i] * s[j] / sy - (hy[i] * s[j] + s[i] * hy[j]) / sy;
            }
        }
    }
}
