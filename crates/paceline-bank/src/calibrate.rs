//! Calibration: item parameters from a log of right and wrong answers, by marginal maximum likelihood
//! (Bock & Aitkin 1981) with weak priors.
//!
//! 1. Answers are sparse triples, laid out once by learner and once by item: memory grows with the log,
//!    never with items times learners.
//! 2. The E-step computes each learner's posterior over a grid of abilities, learners in parallel.
//! 3. Items gather expected counts from their own learners, block by block, and the M-step takes Newton
//!    steps, items in parallel. Every sum has a fixed order, so the result does not depend on the number of threads.
//! 4. Standard errors come from the outer products of each item's scores (its own block).

use paceline_core::math::wide::{exp, ln, logistic, sqrt};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::irt::Curve;

#[cfg(test)]
mod tests;

/// One answer, 9 bytes in columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    n_learners: usize,
    n_items: usize,
    /// Shape: `[n_learners + 1]` into `items`.
    learner_starts: Vec<u32>,
    /// Item index, doubled, plus 1 where the answer was right; by learner.
    items: Vec<u32>,
    /// Shape: `[n_items + 1]` into `learners`.
    item_starts: Vec<u32>,
    /// Learner index, doubled, plus 1 where the answer was right; by item.
    learners: Vec<u32>,
}

/// Why answers were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrateError {
    /// More than the index type can count.
    #[error("{found} {what}, wanted fewer than 2^31")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many.
        found: usize,
    },
    /// A learner or item index beyond the given count.
    #[error("answer {row} names {what} {index}, wanted below {n}")]
    OutOfRange {
        /// The answer's place.
        row: usize,
        /// `learner` or `item`.
        what: &'static str,
        /// The index found.
        index: u32,
        /// How many there are.
        n: usize,
    },
}

impl Answers {
    /// Lays out `(learner, item, right)` triples; their order does not matter to the result.
    ///
    /// # Errors
    ///
    /// [`CalibrateError`] for an index out of range or more than 2^31 of anything.
    pub fn new(
        n_learners: usize,
        n_items: usize,
        triples: &[(u32, u32, bool)],
    ) -> Result<Self, CalibrateError> {
        for (what, found) in [
            ("learners", n_learners),
            ("items", n_items),
            ("answers", triples.len()),
        ] {
            if found >= 1 << 31 {
                return Err(CalibrateError::TooMany { what, found });
            }
        }
        for (row, &(learner, item, _)) in triples.iter().enumerate() {
            for (what, index, n) in [("learner", learner, n_learners), ("item", item, n_items)] {
                if index as usize >= n {
                    return Err(CalibrateError::OutOfRange {
                        row,
                        what,
                        index,
                        n,
                    });
                }
            }
        }
        let (learner_starts, items) = group(n_learners, triples, |&(learner, item, right)| {
            (learner, item, right)
        });
        let (item_starts, learners) = group(n_items, triples, |&(learner, item, right)| {
            (item, learner, right)
        });
        Ok(Self {
            n_learners,
            n_items,
            learner_starts,
            items,
            item_starts,
            learners,
        })
    }

    /// How many answers there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    fn of_learner(&self, learner: usize) -> &[u32] {
        &self.items
            [self.learner_starts[learner] as usize..self.learner_starts[learner + 1] as usize]
    }

    fn of_item(&self, item: usize) -> &[u32] {
        &self.learners[self.item_starts[item] as usize..self.item_starts[item + 1] as usize]
    }
}

/// Groups triples by a key with a counting sort; each group ends up sorted, so input order is forgotten.
fn group(
    n: usize,
    triples: &[(u32, u32, bool)],
    split: impl Fn(&(u32, u32, bool)) -> (u32, u32, bool),
) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0_u32; n + 1];
    for triple in triples {
        starts[split(triple).0 as usize + 1] += 1;
    }
    for i in 0..n {
        starts[i + 1] += starts[i];
    }
    let mut next = starts.clone();
    let mut values = vec![0; triples.len()];
    for triple in triples {
        let (key, other, right) = split(triple);
        values[next[key as usize] as usize] = other * 2 + u32::from(right);
        next[key as usize] += 1;
    }
    for i in 0..n {
        values[starts[i] as usize..starts[i + 1] as usize].sort_unstable();
    }
    (starts, values)
}

/// Which parameters are estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Model {
    /// Difficulties, with discrimination 1 and the abilities' variance free (Rasch).
    OneParameter,
    /// Difficulties and discriminations, with the abilities' variance 1.
    TwoParameter,
}

/// Weak beliefs that keep rarely answered items within reason.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Priors {
    /// Standard deviation of `ln a` around 0.
    pub log_discrimination_sd: f64,
    /// Standard deviation of the intercept `-a b` around 0.
    pub intercept_sd: f64,
}

impl Default for Priors {
    fn default() -> Self {
        Self {
            log_discrimination_sd: 0.5,
            intercept_sd: 3.0,
        }
    }
}

/// How to calibrate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// The model.
    pub model: Model,
    /// Priors; `None` is plain maximum likelihood.
    pub priors: Option<Priors>,
    /// Points of the ability grid on [-6, 6].
    pub nodes: usize,
    /// The most EM cycles.
    pub max_cycles: usize,
    /// Stops when no parameter moves by more.
    pub tolerance: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            model: Model::TwoParameter,
            priors: Some(Priors::default()),
            nodes: 31,
            max_cycles: 200,
            tolerance: 1e-3,
        }
    }
}

/// An item's estimate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemEstimate {
    /// Discrimination.
    pub a: f64,
    /// Difficulty, in logits.
    pub b: f64,
    /// Standard error of a; 0 where it is fixed, infinite without answers and priors.
    pub se_a: f64,
    /// Standard error of b.
    pub se_b: f64,
    /// How many answers it rests on.
    pub n: u32,
}

impl ItemEstimate {
    /// The response curve.
    pub fn curve(&self) -> Curve {
        Curve::two(self.a, self.b)
    }

    /// Easiness z as banks keep it, `-a b`.
    pub fn easiness(&self) -> f64 {
        -self.a * self.b
    }
}

/// What calibration found, and whether it had come to rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// By item index.
    pub items: Vec<ItemEstimate>,
    /// Variance of the abilities.
    pub ability_variance: f64,
    /// The marginal log likelihood, without priors.
    pub log_likelihood: f64,
    /// EM cycles taken.
    pub cycles: usize,
    /// The last cycle's largest change of a parameter.
    pub last_change: f64,
    /// Whether that is within the tolerance.
    pub converged: bool,
}

/// Slope and intercept of one item: `p = sigma(slope ability + intercept)`.
type Line = [f64; 2];

/// Estimates item parameters.
pub fn calibrate(answers: &Answers, options: &Options) -> Calibration {
    let nodes: Vec<f64> = grid(options.nodes.clamp(5, 401));
    let mut lines: Vec<Line> = (0..answers.n_items)
        .into_par_iter()
        .map(|item| first_line(answers, item))
        .collect();
    let mut variance = 1.0;
    let mut cycles = 0;
    let mut last_change = f64::INFINITY;
    let mut history: Vec<Vec<f64>> = Vec::new();
    while cycles < options.max_cycles && last_change > options.tolerance {
        cycles += 1;
        let mut counts: Vec<Counts> = vec![Counts::zero(nodes.len()); answers.n_items];
        let swept = sweep(answers, &lines, &nodes, variance, &mut counts, Counts::add);
        let next: Vec<Line> = counts
            .par_iter()
            .zip(&lines)
            .map(|(counts, line)| maximise(counts, *line, &nodes, options))
            .collect();
        let next_variance = match options.model {
            Model::TwoParameter => 1.0,
            Model::OneParameter => swept.variance,
        };
        let moved = lines
            .iter()
            .zip(&next)
            .flat_map(|(a, b)| [(a[0] - b[0]).abs(), (a[1] - b[1]).abs()]);
        last_change = moved.fold((variance - next_variance).abs(), f64::max);
        (lines, variance) = (next, next_variance);
        accelerate(&mut history, &mut lines, &mut variance, options.model);
    }
    let mut information: Vec<Information> = lines
        .iter()
        .map(|line| Information {
            p: nodes
                .iter()
                .map(|x| logistic(line[0] * x + line[1]))
                .collect(),
            sums: prior_terms(*line, options).1,
        })
        .collect();
    let add =
        |own: &mut Information, posterior: &[f32], right: bool| own.add(&nodes, posterior, right);
    let log_likelihood =
        sweep(answers, &lines, &nodes, variance, &mut information, add).log_likelihood;
    let items = (0..answers.n_items)
        .map(|item| {
            with_errors(
                answers.of_item(item).len(),
                lines[item],
                &information[item].sums,
                options,
            )
        })
        .collect();
    let converged = last_change <= options.tolerance;
    Calibration {
        items,
        ability_variance: variance,
        log_likelihood,
        cycles,
        last_change,
        converged,
    }
}

fn grid(n: usize) -> Vec<f64> {
    (0..n)
        .map(|i| 6.0 * (2.0 * i as f64 / (n - 1) as f64 - 1.0))
        .collect()
}

/// The intercept that the share right alone suggests, shrunk so that all-right is finite.
fn first_line(answers: &Answers, item: usize) -> Line {
    let own = answers.of_item(item);
    let right = own.iter().filter(|&&answer| answer & 1 == 1).count() as f64;
    let share = (right + 0.5) / (own.len() as f64 + 1.0);
    [1.0, 1.2 * ln(share / (1.0 - share))]
}

/// Learners whose posteriors are held at once: few enough to stay in a core's cache while the items
/// gather from them.
const BLOCK: usize = 2048;

/// What a pass over all learners sums up beside the items.
struct Swept {
    log_likelihood: f64,
    /// Mean square of the abilities.
    variance: f64,
}

/// The E-step: every learner's posterior over the nodes, handed to each item that the learner answered,
/// in the order of learners.
fn sweep<S: Send>(
    answers: &Answers,
    lines: &[Line],
    nodes: &[f64],
    variance: f64,
    states: &mut [S],
    add: impl Fn(&mut S, &[f32], bool) + Sync,
) -> Swept {
    let n = nodes.len();
    let table = log_table(lines, nodes);
    let weights: Vec<f64> = nodes.iter().map(|x| exp(-0.5 * x * x / variance)).collect();
    let total: f64 = weights.iter().sum();
    let prior: Vec<f32> = weights
        .iter()
        .map(|w| ln(w / total).max(-1e4) as f32)
        .collect();
    let mut cursors = vec![0_usize; answers.n_items];
    let mut posteriors = vec![0.0_f32; BLOCK.min(answers.n_learners) * n];
    let (mut log_likelihood, mut squares, mut seen) = (0.0, 0.0, 0.0);
    for start in (0..answers.n_learners).step_by(BLOCK) {
        let end = (start + BLOCK).min(answers.n_learners);
        let block = &mut posteriors[..(end - start) * n];
        let each: Vec<(f64, f64)> = block
            .par_chunks_mut(n)
            .zip(start..end)
            .map(|(logs, learner)| {
                let log_likelihood = posterior(answers.of_learner(learner), &table, &prior, logs);
                let square = logs
                    .iter()
                    .zip(nodes)
                    .map(|(&p, x)| f64::from(p) * x * x)
                    .sum();
                (log_likelihood, square)
            })
            .collect();
        for ((log, square), learner) in each.into_iter().zip(start..end) {
            if !answers.of_learner(learner).is_empty() {
                log_likelihood += log;
                squares += square;
                seen += 1.0;
            }
        }
        let block = &posteriors;
        states
            .par_iter_mut()
            .zip(&mut cursors)
            .enumerate()
            .for_each(|(item, (state, cursor))| {
                let rest = &answers.of_item(item)[*cursor..];
                let own = rest
                    .iter()
                    .take_while(|&&answer| ((answer >> 1) as usize) < end);
                for answer in own {
                    let at = (*answer >> 1) as usize - start;
                    add(state, &block[at * n..][..n], answer & 1 == 1);
                    *cursor += 1;
                }
            });
    }
    Swept {
        log_likelihood,
        variance: if seen > 0.0 {
            f64::max(squares / seen, 1e-3)
        } else {
            1.0
        },
    }
}

/// ln q and ln p of every item at every node. Shape: `[n_items, 2, n_nodes]`, wrong first.
fn log_table(lines: &[Line], nodes: &[f64]) -> Vec<f32> {
    let n = nodes.len();
    let mut table = vec![0.0_f32; lines.len() * 2 * n];
    table
        .par_chunks_mut(2 * n)
        .zip(lines)
        .for_each(|(rows, line)| {
            let (wrong, right) = rows.split_at_mut(n);
            for (q, node) in nodes.iter().enumerate() {
                let x = line[0] * node + line[1];
                right[q] = -softplus(-x) as f32;
                wrong[q] = -softplus(x) as f32;
            }
        });
    table
}

/// Writes one learner's posterior and returns the marginal log likelihood of the answers.
fn posterior(answers: &[u32], table: &[f32], prior: &[f32], logs: &mut [f32]) -> f64 {
    let n = prior.len();
    logs.copy_from_slice(prior);
    for &answer in answers {
        // 2 item + right is the row of the table.
        let row = &table[answer as usize * n..][..n];
        for (log, add) in logs.iter_mut().zip(row) {
            *log += add;
        }
    }
    let top = logs.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0_f32;
    for log in logs.iter_mut() {
        *log = paceline_core::math::exp(*log - top);
        sum += *log;
    }
    logs.iter_mut().for_each(|weight| *weight /= sum);
    f64::from(top) + ln(f64::from(sum))
}

/// Expected answers of one item by node.
#[derive(Clone)]
struct Counts {
    wrong: Vec<f32>,
    right: Vec<f32>,
}

impl Counts {
    fn zero(n: usize) -> Self {
        Self {
            wrong: vec![0.0; n],
            right: vec![0.0; n],
        }
    }

    fn add(&mut self, posterior: &[f32], right: bool) {
        let counts = if right {
            &mut self.right
        } else {
            &mut self.wrong
        };
        for (count, p) in counts.iter_mut().zip(posterior) {
            *count += p;
        }
    }
}

/// The sum of outer products of one item's scores, begun with its priors' precision.
struct Information {
    p: Vec<f64>,
    sums: [f64; 3],
}

impl Information {
    fn add(&mut self, nodes: &[f64], posterior: &[f32], right: bool) {
        let right = f64::from(u8::from(right));
        let (mut slope, mut intercept) = (0.0, 0.0);
        for ((weight, x), p) in posterior.iter().zip(nodes).zip(&self.p) {
            let residual = f64::from(*weight) * (right - p);
            slope += residual * x;
            intercept += residual;
        }
        let [aa, ad, dd] = self.sums;
        self.sums = [
            aa + slope * slope,
            ad + slope * intercept,
            dd + intercept * intercept,
        ];
    }
}

/// `ln(1 + e^x)` without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + paceline_core::math::wide::ln_1p(exp(-x.abs()))
}

/// Newton steps on one item's expected log likelihood plus its priors.
fn maximise(counts: &Counts, start: Line, nodes: &[f64], options: &Options) -> Line {
    let mut line = start;
    for _ in 0..8 {
        let (mut gradient, mut hessian) = prior_terms(line, options);
        for (q, x) in nodes.iter().enumerate() {
            let p = logistic(line[0] * x + line[1]);
            let right = f64::from(counts.right[q]);
            let seen = right + f64::from(counts.wrong[q]);
            let residual = right - seen * p;
            let weight = seen * p * (1.0 - p);
            gradient = [gradient[0] + residual * x, gradient[1] + residual];
            hessian = [
                hessian[0] + weight * x * x,
                hessian[1] + weight * x,
                hessian[2] + weight,
            ];
        }
        let step = match options.model {
            Model::OneParameter => [0.0, gradient[1] / hessian[2].max(1e-9)],
            Model::TwoParameter => {
                let determinant = (hessian[0] * hessian[2] - hessian[1] * hessian[1]).max(1e-9);
                [
                    (hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant,
                    (hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant,
                ]
            }
        };
        // A step is bounded so that an item all got right walks off slowly and not at once.
        let next = [
            (line[0] + step[0].clamp(-1.0, 1.0)).clamp(0.02, 20.0),
            (line[1] + step[1].clamp(-2.0, 2.0)).clamp(-40.0, 40.0),
        ];
        let moved = (next[0] - line[0]).abs() + (next[1] - line[1]).abs();
        line = next;
        if moved < 1e-8 {
            break;
        }
    }
    line
}

/// Gradient and negative Hessian (aa, ad, dd) of the log priors.
fn prior_terms(line: Line, options: &Options) -> ([f64; 2], [f64; 3]) {
    let Some(priors) = options.priors else {
        return ([0.0; 2], [0.0; 3]);
    };
    let precision = 1.0 / (priors.intercept_sd * priors.intercept_sd);
    let (d_gradient, d_hessian) = (-line[1] * precision, precision);
    if options.model == Model::OneParameter {
        return ([0.0, d_gradient], [0.0, 0.0, d_hessian]);
    }
    // The density of ln a, so its mode does not depend on the scale of a.
    let tau = 1.0 / (priors.log_discrimination_sd * priors.log_discrimination_sd);
    let (a, log_a) = (line[0], ln(line[0]));
    let curvature = tau * (1.0 - log_a) / (a * a);
    (
        [-tau * log_a / a, d_gradient],
        [curvature.max(0.0), 0.0, d_hessian],
    )
}

/// Every third cycle extrapolates along the last three (SQUAREM, Varadhan & Roland 2008, scheme 3).
fn accelerate(history: &mut Vec<Vec<f64>>, lines: &mut [Line], variance: &mut f64, model: Model) {
    history.push(lines.iter().flatten().copied().chain([*variance]).collect());
    let [first, second, third] = &history[..] else {
        return;
    };
    let r: Vec<f64> = second.iter().zip(first).map(|(b, a)| b - a).collect();
    let v: Vec<f64> = third
        .iter()
        .zip(second)
        .zip(&r)
        .map(|((c, b), r)| c - b - r)
        .collect();
    let norm = |x: &[f64]| sqrt(x.iter().map(|x| x * x).sum());
    let length = (norm(&r) / norm(&v).max(1e-12)).clamp(1.0, 6.0);
    let leap = |i: usize| first[i] + 2.0 * length * r[i] + length * length * v[i];
    for (i, line) in lines.iter_mut().enumerate() {
        // Only where the leap keeps a slope plausible; elsewhere the plain cycle stands.
        let (slope, intercept) = (leap(2 * i), leap(2 * i + 1));
        if (0.05..10.0).contains(&slope) && intercept.abs() < 20.0 {
            *line = [slope, intercept];
        }
    }
    if model == Model::OneParameter {
        *variance = leap(first.len() - 1).clamp(0.05, 20.0);
    }
    history.clear();
}

/// The estimate with its standard errors, from the sum of outer products of the learners' scores.
fn with_errors(n: usize, line: Line, information: &[f64; 3], options: &Options) -> ItemEstimate {
    let [a, d] = line;
    let n = n as u32;
    let (se_a, se_b) = match options.model {
        Model::OneParameter => (0.0, 1.0 / sqrt(information[2])),
        Model::TwoParameter => {
            let determinant = information[0] * information[2] - information[1] * information[1];
            let (va, vd, cov) = (
                information[2] / determinant,
                information[0] / determinant,
                -information[1] / determinant,
            );
            // b = -d / a, by the delta method.
            let vb = (vd + d * d / (a * a) * va - 2.0 * d / a * cov) / (a * a);
            if determinant > 0.0 {
                (sqrt(va), sqrt(vb.max(0.0)))
            } else {
                (f64::INFINITY, f64::INFINITY)
            }
        }
    };
    ItemEstimate {
        a,
        b: -d / a,
        se_a,
        se_b,
        n,
    }
}
