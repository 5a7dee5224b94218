//! Response times: `ln seconds ~ N(intensity of the item - speed of the learner, spread of the item)`
//! (van der Linden 2006), by EM from a log.
//!
//! Two passes over the log a cycle, in its order; memory is 12 bytes an answer and a few numbers an item and a learner.

use paceline_core::math::wide::{exp, ln, sqrt};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// Why a time was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// Not a time.
    #[error("answer {row} took {seconds} s, wanted a positive finite time")]
    NotPositive {
        /// The answer's place.
        row: usize,
        /// What was found.
        seconds: f32,
    },
}

/// Response times as columns, 12 bytes each.
#[derive(Clone, Debug, Default)]
pub struct TimeLog {
    learners: Vec<u32>,
    items: Vec<u32>,
    log_seconds: Vec<f32>,
}

impl TimeLog {
    /// Adds a time.
    ///
    /// # Errors
    ///
    /// [`TimeError`] for a time that is not positive and finite.
    pub fn push(&mut self, learner: u32, item: u32, seconds: f32) -> Result<(), TimeError> {
        if !(seconds.is_finite() && seconds > 0.0) {
            return Err(TimeError::NotPositive {
                row: self.items.len(),
                seconds,
            });
        }
        self.learners.push(learner);
        self.items.push(item);
        self.log_seconds.push(ln(f64::from(seconds)) as f32);
        Ok(())
    }

    fn rows(&self) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
        let keys = self.learners.iter().zip(&self.items);
        keys.zip(&self.log_seconds)
            .map(|((&learner, &item), &log)| (learner as usize, item as usize, f64::from(log)))
    }
}

/// An item's time parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ItemTime {
    /// Time intensity: mean of ln seconds for a learner of speed 0.
    pub intensity: f64,
    /// Its standard error; infinite without times.
    pub se_intensity: f64,
    /// Standard deviation of ln seconds within a learner; the model's discrimination is its inverse.
    pub sd: f64,
    /// How many times it rests on.
    pub n: u32,
}

impl ItemTime {
    /// The median seconds of a learner of this speed.
    pub fn median_seconds(&self, speed: f64) -> f64 {
        exp(self.intensity - speed)
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimeCalibration {
    /// By item index.
    pub items: Vec<ItemTime>,
    /// Speed in ln seconds saved, by learner index; mean 0.
    pub speeds: Vec<f64>,
    /// Standard deviation of the speeds' distribution.
    pub speed_sd: f64,
    /// EM cycles taken.
    pub cycles: usize,
    /// Whether intensities had come to rest within 1e-4.
    pub converged: bool,
}

/// Items' spreads count as many times of the common spread besides their own.
const SPREAD_WEIGHT: f64 = 4.0;

/// Estimates time intensities, spreads and speeds.
pub fn calibrate_times(log: &TimeLog) -> TimeCalibration {
    let size = |keys: &[u32]| keys.iter().max().map_or(0, |&top| top as usize + 1);
    let (n_learners, n_items) = (size(&log.learners), size(&log.items));
    let mut state = State::new(log, n_learners, n_items);
    let (mut cycles, mut change) = (0, f64::INFINITY);
    while cycles < 500 && change > 1e-4 {
        cycles += 1;
        state.expect(log);
        change = state.maximise(log);
    }
    let each = state
        .intensities
        .iter()
        .zip(&state.variances)
        .zip(&state.errors)
        .zip(&state.ns);
    let items = each.map(|(((&intensity, &variance), &error), &n)| ItemTime {
        intensity,
        se_intensity: error,
        sd: sqrt(variance),
        n,
    });
    TimeCalibration {
        items: items.collect(),
        speeds: state.speeds,
        speed_sd: sqrt(state.speed_variance),
        cycles,
        converged: change <= 1e-4,
    }
}

struct State {
    intensities: Vec<f64>,
    variances: Vec<f64>,
    errors: Vec<f64>,
    ns: Vec<u32>,
    speeds: Vec<f64>,
    /// Variances of the speeds' posteriors.
    doubts: Vec<f64>,
    speed_variance: f64,
}

impl State {
    fn new(log: &TimeLog, n_learners: usize, n_items: usize) -> Self {
        let mut sums = vec![0.0; n_items];
        let mut ns = vec![0_u32; n_items];
        for (_, item, time) in log.rows() {
            sums[item] += time;
            ns[item] += 1;
        }
        let mean = |(sum, &n): (f64, &u32)| sum / f64::from(n.max(1));
        Self {
            intensities: sums.into_iter().zip(&ns).map(mean).collect(),
            variances: vec![0.25; n_items],
            errors: vec![f64::INFINITY; n_items],
            ns,
            speeds: vec![0.0; n_learners],
            doubts: vec![0.0; n_learners],
            speed_variance: 0.1,
        }
    }

    /// Speeds and their doubts from the items; the speeds' mean is taken out.
    fn expect(&mut self, log: &TimeLog) {
        let prior = 1.0 / self.speed_variance;
        let mut precisions = vec![0.0; self.speeds.len()];
        self.speeds.fill(0.0);
        for (learner, item, time) in log.rows() {
            precisions[learner] += 1.0 / self.variances[item];
            self.speeds[learner] += (self.intensities[item] - time) / self.variances[item];
        }
        let (mut total, mut squares, mut n) = (0.0, 0.0, 0.0);
        for (learner, &precision) in precisions.iter().enumerate() {
            self.doubts[learner] = 1.0 / (prior + precision);
            self.speeds[learner] *= self.doubts[learner];
            if precision > 0.0 {
                let speed = self.speeds[learner];
                total += speed;
                squares += speed * speed + self.doubts[learner];
                n += 1.0;
            }
        }
        let mean = total / f64::max(n, 1.0);
        self.speeds.iter_mut().for_each(|speed| *speed -= mean);
        self.intensities
            .iter_mut()
            .for_each(|intensity| *intensity -= mean);
        self.speed_variance = (squares / f64::max(n, 1.0) - mean * mean).max(1e-6);
    }

    /// Items from the speeds; the largest change of an intensity.
    fn maximise(&mut self, log: &TimeLog) -> f64 {
        let n_items = self.ns.len();
        let (mut sums, mut squares) = (vec![0.0; n_items], vec![0.0; n_items]);
        for (learner, item, time) in log.rows() {
            let gap = time + self.speeds[learner] - self.intensities[item];
            sums[item] += gap;
            squares[item] += gap * gap + self.doubts[learner];
        }
        let answers = f64::max(log.items.len() as f64, 1.0);
        let common = squares.iter().sum::<f64>() / answers;
        let mut change = 0.0;
        for item in 0..n_items {
            let n = f64::from(self.ns[item]);
            let shift = sums[item] / n.max(1.0);
            change = f64::max(change, shift.abs());
            self.intensities[item] += shift;
            let square = (squares[item] - n * shift * shift + SPREAD_WEIGHT * common).max(1e-9);
            self.variances[item] = square / (n + SPREAD_WEIGHT);
            // The doubt about speeds is in the squares already.
            self.errors[item] = sqrt(self.variances[item] / n);
        }
        change
    }
}
