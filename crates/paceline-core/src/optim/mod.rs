//! Minimisation of smooth functions: L-BFGS (Liu & Nocedal 1989) with a strong Wolfe line search
//! (Nocedal & Wright 2006, algorithms 3.5 and 3.6). Sums run in a fixed order, so the same input gives the same bits.

#[cfg(test)]
mod tests;

/// When to stop, and how much curvature to remember.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Pairs of steps and gradient changes kept.
    pub memory: usize,
    /// Iterations at most.
    pub iterations: usize,
    /// Stop when the largest gradient component is at most this.
    pub gradient: f64,
    /// Stop when an iteration lowers the value by less than this share of it.
    pub improvement: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            memory: 12,
            iterations: 150,
            gradient: 1e-6,
            improvement: 1e-9,
        }
    }
}

/// Why the minimisation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The gradient is small enough.
    Gradient,
    /// The value hardly falls any more.
    Improvement,
    /// The iterations are used up.
    Iterations,
    /// No step along the search direction lowers the value: as good as rounding allows.
    Precision,
    /// The value or gradient at the start is not finite.
    NotFinite,
}

/// Where the minimisation got to.
#[derive(Clone, Debug)]
pub struct Minimum {
    /// The best point found.
    pub x: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// Largest absolute gradient component there.
    pub gradient: f64,
    /// Iterations made.
    pub iterations: usize,
    /// Evaluations made.
    pub evaluations: usize,
    /// Why it ended.
    pub ended: Ended,
}

/// Minimises `evaluate`, which returns the value at `x` and writes the gradient.
///
/// `progress` is told the number of each finished iteration and the value there.
pub fn minimise(
    x: Vec<f64>,
    options: &Options,
    mut evaluate: impl FnMut(&[f64], &mut [f64]) -> f64,
    mut progress: impl FnMut(usize, f64),
) -> Minimum {
    let mut gradient = vec![0.0; x.len()];
    let value = evaluate(&x, &mut gradient);
    let mut at = Point { x, value, gradient };
    let mut search = Search {
        evaluations: 1,
        evaluate: &mut evaluate,
    };
    let mut history = History::new(options.memory);
    let mut direction = vec![0.0; at.x.len()];
    let mut iterations = 0;
    let ended = loop {
        if !at.value.is_finite() || !at.gradient.iter().all(|g| g.is_finite()) {
            break Ended::NotFinite;
        }
        if largest(&at.gradient) <= options.gradient {
            break Ended::Gradient;
        }
        if iterations == options.iterations {
            break Ended::Iterations;
        }
        history.direction(&at.gradient, &mut direction);
        let first = if history.pairs.is_empty() {
            (1.0 / dot(&at.gradient, &at.gradient).sqrt()).min(1.0)
        } else {
            1.0
        };
        let Some(next) = search.along(&at, &direction, first) else {
            // The remembered curvature may be stale: once more from steepest descent.
            if history.pairs.is_empty() {
                break Ended::Precision;
            }
            history.pairs.clear();
            continue;
        };
        history.push(&at, &next);
        let fall = at.value - next.value;
        at = next;
        iterations += 1;
        progress(iterations, at.value);
        if fall <= options.improvement * at.value.abs() {
            break Ended::Improvement;
        }
    };
    Minimum {
        value: at.value,
        gradient: largest(&at.gradient),
        x: at.x,
        iterations,
        evaluations: search.evaluations,
        ended,
    }
}

struct Point {
    x: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

/// Steps and gradient changes. Kept as `f32`: they only shape the direction, and half the memory
/// traffic is a third of the time of a large fit.
struct History {
    memory: usize,
    pairs: std::collections::VecDeque<Pair>,
}

struct Pair {
    step: Vec<f32>,
    change: Vec<f32>,
    /// 1 / (step . change).
    rho: f64,
    /// step . change / change . change.
    scale: f64,
}

impl History {
    fn new(memory: usize) -> Self {
        Self {
            memory: memory.max(1),
            pairs: std::collections::VecDeque::new(),
        }
    }

    /// The two-loop recursion (Nocedal & Wright, algorithm 7.4), negated.
    fn direction(&self, gradient: &[f64], out: &mut [f64]) {
        out.copy_from_slice(gradient);
        let mut alphas = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let alpha = pair.rho * dot32(&pair.step, out);
            add_scaled(out, -alpha, &pair.change);
            alphas.push(alpha);
        }
        let scale = self.pairs.back().map_or(1.0, |pair| pair.scale);
        out.iter_mut().for_each(|q| *q *= scale);
        for (pair, alpha) in self.pairs.iter().zip(alphas.iter().rev()) {
            let beta = pair.rho * dot32(&pair.change, out);
            add_scaled(out, alpha - beta, &pair.step);
        }
        out.iter_mut().for_each(|q| *q = -*q);
    }

    fn push(&mut self, from: &Point, to: &Point) {
        let mut pair = if self.pairs.len() == self.memory {
            self.pairs.pop_front()
        } else {
            None
        }
        .unwrap_or(Pair {
            step: vec![0.0; from.x.len()],
            change: vec![0.0; from.x.len()],
            rho: 0.0,
            scale: 0.0,
        });
        for (i, (step, change)) in pair.step.iter_mut().zip(&mut pair.change).enumerate() {
            *step = (to.x[i] - from.x[i]) as f32;
            *change = (to.gradient[i] - from.gradient[i]) as f32;
        }
        let (mut along, mut square) = (0.0, 0.0);
        for (&step, &change) in pair.step.iter().zip(&pair.change) {
            let (step, change) = (f64::from(step), f64::from(change));
            along += step * change;
            square += change * change;
        }
        // Positive by the curvature condition; a pair spoilt by rounding is left out.
        if along > 1e-14 * square {
            pair.rho = 1.0 / along;
            pair.scale = along / square;
            self.pairs.push_back(pair);
        }
    }
}

struct Search<'a, F> {
    evaluate: &'a mut F,
    evaluations: usize,
}

/// The line search's constants: sufficient decrease and curvature.
const ARMIJO: f64 = 1e-4;
const CURVATURE: f64 = 0.9;
const TRIALS: usize = 25;

/// A trial step: its length, the value and the slope there.
#[derive(Clone, Copy)]
struct Trial {
    length: f64,
    value: f64,
    slope: f64,
}

impl<F: FnMut(&[f64], &mut [f64]) -> f64> Search<'_, F> {
    /// A point along `direction` that satisfies the strong Wolfe conditions, or at least lowers the
    /// value; none if rounding hides every decrease.
    fn along(&mut self, from: &Point, direction: &[f64], first: f64) -> Option<Point> {
        let slope = dot(&from.gradient, direction);
        if slope.partial_cmp(&0.0) != Some(std::cmp::Ordering::Less) {
            return None;
        }
        let start = Trial {
            length: 0.0,
            value: from.value,
            slope,
        };
        let mut to = Point {
            x: vec![0.0; from.x.len()],
            value: 0.0,
            gradient: vec![0.0; from.x.len()],
        };
        let (mut low, mut high) = (start, None::<Trial>);
        let mut length = first;
        for _ in 0..TRIALS {
            let trial = self.trial(from, direction, length, &mut to);
            let high_enough = start.value + ARMIJO * length * slope;
            // A comparison with NaN is false: an overflowing trial counts as too long.
            let falls = trial.value <= high_enough && trial.value < low.value.max(start.value);
            if !falls || (low.length > 0.0 && trial.value >= low.value) {
                high = Some(trial);
            } else if trial.slope.abs() <= -CURVATURE * slope {
                return Some(to);
            } else {
                // The minimum is bracketed once the slope turns, or points away from `high`.
                let away = match high {
                    Some(high) => trial.slope * (high.length - trial.length) >= 0.0,
                    None => trial.slope >= 0.0,
                };
                if away {
                    high = Some(low);
                }
                low = trial;
            }
            length = match high {
                None => 2.0 * length,
                Some(high) => between(low, high),
            };
            if high.is_some_and(|high| (high.length - low.length).abs() < 1e-12) {
                break;
            }
        }
        if low.length > 0.0 {
            self.trial(from, direction, low.length, &mut to);
            return (to.value < from.value).then_some(to);
        }
        None
    }

    fn trial(&mut self, from: &Point, direction: &[f64], length: f64, to: &mut Point) -> Trial {
        for (i, x) in to.x.iter_mut().enumerate() {
            *x = from.x[i] + length * direction[i];
        }
        to.value = (self.evaluate)(&to.x, &mut to.gradient);
        self.evaluations += 1;
        Trial {
            length,
            value: to.value,
            slope: dot(&to.gradient, direction),
        }
    }
}

/// Minimiser of the cubic through two trials, kept off the ends of the interval.
fn between(low: Trial, high: Trial) -> f64 {
    let width = high.length - low.length;
    let middle = low.length + 0.5 * width;
    let d1 = low.slope + high.slope - 3.0 * (high.value - low.value) / width;
    let d2 = d1 * d1 - low.slope * high.slope;
    if !d2.is_finite() || d2 < 0.0 {
        return middle;
    }
    let d2 = d2.sqrt().copysign(width);
    let at = high.length - width * (high.slope + d2 - d1) / (high.slope - low.slope + 2.0 * d2);
    let (near, far) = (low.length + 0.1 * width, low.length + 0.9 * width);
    if at.is_finite() {
        at.clamp(near.min(far), near.max(far))
    } else {
        middle
    }
}

/// A sum of products in eight interleaved partial sums, which is what vector units add in.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    for (a, b) in a.chunks(8).zip(b.chunks(8)) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

fn dot32(a: &[f32], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    for (a, b) in a.chunks(8).zip(b.chunks(8)) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += f64::from(*a) * b;
        }
    }
    sums.iter().sum()
}

fn add_scaled(to: &mut [f64], factor: f64, what: &[f32]) {
    for (to, &what) in to.iter_mut().zip(what) {
        *to += factor * f64::from(what);
    }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, value| most.max(value.abs()))
}
