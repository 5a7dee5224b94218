//! Mastery: how sure one can be that a fresh skill is good enough, and what to call it.
//!
//! The probability of a right answer on a typical item has a logit that is taken as normal: its mean and variance are
//! [`Learner::fresh_logit`](crate::Learner::fresh_logit)'s and [`Learner::fresh_variance`](crate::Learner::fresh_variance)'s.

use paceline_core::math::{self, wide};
use serde::{Deserialize, Serialize};

/// What counts as mastered: `P(p >= threshold) >= confidence`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "(f32, f32)", into = "(f32, f32)")]
pub struct Bar {
    threshold: f32,
    confidence: f32,
    threshold_logit: f32,
    /// Standard deviations that the mean must lie above the threshold.
    margin_sd: f32,
}

impl Default for Bar {
    /// At least 0.80 with probability 0.75.
    fn default() -> Self {
        Self::at(0.80)
    }
}

/// How sure of mastery one must be by default, and that probability's standard normal quantile.
const CONFIDENCE: f32 = 0.75;
const CONFIDENCE_QUANTILE: f32 = 0.674_489_74;

impl Bar {
    /// A bar at `threshold`, clipped to 0.01..=0.99, with the default confidence of 0.75. Costs one logarithm, where
    /// [`Bar::new`] looks the quantile up by bisection.
    #[must_use]
    pub fn at(threshold: f32) -> Self {
        let threshold = threshold.clamp(0.01, 0.99);
        Self {
            threshold,
            confidence: CONFIDENCE,
            threshold_logit: math::logit(threshold),
            margin_sd: CONFIDENCE_QUANTILE,
        }
    }

    /// A bar; both values are clipped to 0.01..=0.99.
    #[must_use]
    pub fn new(threshold: f32, confidence: f32) -> Self {
        let threshold = threshold.clamp(0.01, 0.99);
        let confidence = confidence.clamp(0.01, 0.99);
        Self {
            threshold,
            confidence,
            threshold_logit: math::logit(threshold),
            margin_sd: normal_quantile(f64::from(confidence)) as f32,
        }
    }

    /// The probability of a right answer that is wanted.
    #[must_use]
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// How sure of it one must be.
    #[must_use]
    pub fn confidence(&self) -> f32 {
        self.confidence
    }

    /// Whether a skill whose logit has this mean and variance is mastered. One square root, no power.
    #[inline]
    #[must_use]
    pub fn is_met(&self, logit: f32, variance: f32) -> bool {
        logit - self.threshold_logit >= self.margin_sd * variance.max(0.0).sqrt()
    }

    /// `P(p >= threshold)`.
    #[must_use]
    pub fn p_met(&self, logit: f32, variance: f32) -> f32 {
        let sd = f64::from(variance).max(1e-12).sqrt();
        wide::normal_cdf(f64::from(logit - self.threshold_logit) / sd) as f32
    }
}

impl From<(f32, f32)> for Bar {
    fn from((threshold, confidence): (f32, f32)) -> Self {
        Self::new(threshold, confidence)
    }
}

impl From<Bar> for (f32, f32) {
    fn from(bar: Bar) -> Self {
        (bar.threshold, bar.confidence)
    }
}

/// The central interval of p that holds it with probability `coverage`: what a teacher is shown.
#[must_use]
pub fn interval(logit: f32, variance: f32, coverage: f32) -> (f32, f32) {
    let coverage = f64::from(coverage.clamp(0.01, 0.999));
    let half = normal_quantile(0.5 + 0.5 * coverage) as f32 * variance.max(0.0).sqrt();
    (math::logistic(logit - half), math::logistic(logit + half))
}

/// What a skill is called in a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// No lesson and no answer yet.
    NotStarted,
    /// Begun and not mastered.
    Learning,
    /// Mastered on fewer than four answers.
    Fragile,
    /// Mastered, and still there with probability 0.9 or more.
    Secure,
    /// Mastered when fresh, and since forgotten with probability above 0.1.
    Fading,
}

impl Standing {
    /// Answers below which a mastered skill is fragile.
    pub const FRAGILE_BELOW: u32 = 4;
    /// Retrievability below which a mastered skill is fading.
    pub const FADING_BELOW: f32 = 0.9;

    /// The standing of a skill. `retrievability` is None for one never taught nor answered.
    #[must_use]
    pub fn of(mastery: Mastery, n_answers: u32, retrievability: Option<f32>) -> Self {
        match (retrievability, mastery) {
            (None, _) if n_answers == 0 => Self::NotStarted,
            (_, Mastery::Open) => Self::Learning,
            _ if n_answers < Self::FRAGILE_BELOW => Self::Fragile,
            (Some(r), _) if r < Self::FADING_BELOW => Self::Fading,
            _ => Self::Secure,
        }
    }

    /// The word or two for it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotStarted => "not started",
            Self::Learning => "learning",
            Self::Fragile => "fragile",
            Self::Secure => "secure",
            Self::Fading => "fading",
        }
    }
}

/// Whether the fresh skill meets its bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mastery {
    /// It does not, or one cannot be sure yet.
    Open,
    /// It does.
    Met,
}

/// The standard normal quantile, by bisection: exact to 1e-9, for work done once.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-9.0f64, 9.0f64);
    for _ in 0..60 {
        let mid = 0.5 * (low + high);
        if wide::normal_cdf(mid) < p {
            low = mid;
        } else {
            high = mid;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests;
