//! Interests: which themes a learner likes, and how sure one can be.
//!
//! A Bayesian linear model with one coefficient a theme. The affinity of a theme is normal, starts at 0 +- 1 in
//! the units of [`Affinity::mean`], and drifts: between two looks it relaxes to that prior with a half-life of
//! [`HALF_LIFE_DAYS`] (an Ornstein-Uhlenbeck process), so old evidence fades, its variance grows back, and no
//! theme is ever settled. Evidence comes from declaring, rating, choosing, finishing, abandoning, going on and
//! time on task; each is one Kalman step, choices and yes-or-no events through their local slope (as in a
//! generalised linear model; West, Harrison & Migon 1985).
//!
//! A declared interest is evidence like any other, worth some three answers: it leads at first and can
//! be unlearnt. The caller keeps one [`Affinity`] a touched theme, 12 bytes, and one [`Level`] a learner.

use paceline_core::math;
use paceline_core::time::StudyDay;
use serde::{Deserialize, Serialize};

/// Days after which half of what is known of an interest remains.
pub const HALF_LIFE_DAYS: f32 = 60.0;
/// Variance of affinity before anything is known.
const PRIOR_VARIANCE: f32 = 1.0;
/// Mean and variance that a declared interest is worth as an observation.
const DECLARED: f32 = 1.0;
const DECLARED_NOISE: f32 = 0.8;
/// Noise variance of a rating, in affinity.
const RATING_NOISE: f32 = 0.6;
/// Noise variance of time on task; it has many causes.
const TIME_NOISE: f32 = 6.0;
/// How strongly affinity shows in choices and in finishing, in logits per unit.
const CHOICE_SLOPE: f32 = 1.2;
const EVENT_SLOPE: f32 = 1.0;
/// Log odds that an activity of neutral theme is finished, and gone on with when that is free.
const FINISH_LOGIT: f32 = 2.2;
const CONTINUE_LOGIT: f32 = -0.8;
/// Standard deviations added to the mean in use: what is not known may yet be liked.
const OPTIMISM_SD: f32 = 0.3;
/// What a theme's appeal keeps for each time it was just used.
const REPEAT: f32 = 0.85;

/// How much one learner likes one theme: 12 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Affinity {
    /// Mean; 0 is neutral, 1 is what a learner who declares it feels, -1 is dislike.
    pub mean: f32,
    /// Variance.
    pub variance: f32,
    /// The study day both hold for.
    pub day: StudyDay,
}

/// What a learner did that shows interest in the theme of an activity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Evidence {
    /// Said that they like it.
    Declared,
    /// Gave it 1 to 5 stars; read against the learner's own [`Level`].
    Rated {
        /// Stars less the learner's level.
        above_level: f32,
    },
    /// Finished the activity.
    Finished,
    /// Left it unfinished.
    Abandoned,
    /// Went on with the theme when free to stop.
    Continued,
    /// Stopped when free to go on.
    Stopped,
    /// Spent time on it.
    TimeOnTask {
        /// Seconds over those expected of this learner.
        share: f32,
    },
}

impl Affinity {
    /// The affinity of a theme of which nothing is known.
    #[must_use]
    pub const fn new(day: StudyDay) -> Self {
        Self {
            mean: 0.0,
            variance: PRIOR_VARIANCE,
            day,
        }
    }

    /// What is left of it on a later day; on an earlier one it is as it was.
    #[must_use]
    pub fn on(self, day: StudyDay) -> Self {
        let days = day.0.saturating_sub(self.day.0);
        if days <= 0 {
            return self;
        }
        let keep = math::exp(-std::f32::consts::LN_2 / HALF_LIFE_DAYS * days as f32);
        Self {
            mean: self.mean * keep,
            variance: PRIOR_VARIANCE + (self.variance - PRIOR_VARIANCE) * keep * keep,
            day,
        }
    }

    /// The affinity after one piece of evidence on a study day.
    #[must_use]
    pub fn after(self, day: StudyDay, evidence: Evidence) -> Self {
        let now = self.on(day);
        match evidence {
            Evidence::Declared => now.observe(DECLARED, DECLARED_NOISE),
            Evidence::Rated { above_level } => {
                now.observe(above_level.clamp(-4.0, 4.0) * 0.75, RATING_NOISE)
            }
            Evidence::Finished => now.event(FINISH_LOGIT, 1.0),
            Evidence::Abandoned => now.event(FINISH_LOGIT, 0.0),
            Evidence::Continued => now.event(CONTINUE_LOGIT, 1.0),
            Evidence::Stopped => now.event(CONTINUE_LOGIT, 0.0),
            Evidence::TimeOnTask { share } => {
                now.observe(math::ln(share.clamp(0.25, 4.0)), TIME_NOISE)
            }
        }
    }

    /// How good the theme is to use now, in (0, 1): concave in affinity, and falling with each of the `repeats`
    /// that came just before. A theme little known counts as a little better than its mean.
    #[must_use]
    pub fn appeal(&self, repeats: u32) -> f32 {
        let hoped = self.mean + OPTIMISM_SD * self.variance.max(0.0).sqrt();
        let repeated = math::exp(math::ln(REPEAT) * repeats.min(64) as f32);
        math::logistic(hoped).sqrt() * repeated
    }

    /// The conjugate step of a normal mean; what is not a number changes nothing.
    fn observe(self, value: f32, noise: f32) -> Self {
        if !value.is_finite() {
            return self;
        }
        let gain = self.variance / (self.variance + noise);
        Self {
            mean: self.mean + gain * (value - self.mean),
            variance: self.variance * (1.0 - gain),
            day: self.day,
        }
    }

    fn event(self, base_logit: f32, happened: f32) -> Self {
        let p = math::logistic(base_logit + EVENT_SLOPE * self.mean);
        self.slope(
            EVENT_SLOPE * (happened - p),
            EVENT_SLOPE * EVENT_SLOPE * p * (1.0 - p),
        )
    }

    /// One step along the slope and curvature of a log likelihood.
    fn slope(self, slope: f32, information: f32) -> Self {
        let variance = 1.0 / (1.0 / self.variance + information);
        Self {
            mean: self.mean + variance * slope,
            variance,
            day: self.day,
        }
    }
}

/// Updates all themes offered when one of them was chosen (a multinomial logit).
///
/// Shape: `offered` has one affinity for each option, `chosen` is an index into it. Nothing happens where it
/// is out of range or there was no choice.
pub fn choose(day: StudyDay, offered: &mut [Affinity], chosen: usize) {
    if offered.len() < 2 || chosen >= offered.len() {
        return;
    }
    for affinity in offered.iter_mut() {
        *affinity = affinity.on(day);
    }
    let odds = |a: &Affinity| math::exp(CHOICE_SLOPE * a.mean);
    let total: f32 = offered.iter().map(odds).sum();
    for (i, affinity) in offered.iter_mut().enumerate() {
        let p = odds(affinity) / total;
        let happened = if i == chosen { 1.0 } else { 0.0 };
        *affinity = affinity.slope(
            CHOICE_SLOPE * (happened - p),
            CHOICE_SLOPE * CHOICE_SLOPE * p * (1.0 - p),
        );
    }
}

/// Writes with which probability each theme should be taken, from its appeal.
///
/// Themes near the best share, those far below get little, and each gets at least `explore / n`, so that none is
/// ever locked out. Shape: both slices `[n]`; the probabilities sum to 1. `explore` is clipped to 0..=1.
pub fn shares(appeal: &[f32], explore: f32, p: &mut [f32]) {
    /// At this power a theme of 0.7 of the best appeal is taken an eighth as often.
    const SHARPNESS: f32 = 6.0;
    let n = appeal.len().min(p.len());
    let best = appeal[..n]
        .iter()
        .copied()
        .fold(f32::MIN_POSITIVE, f32::max);
    let explore = explore.clamp(0.0, 1.0);
    let mut total = 0.0;
    for (p, &appeal) in p[..n].iter_mut().zip(appeal) {
        *p = math::powf((appeal / best).clamp(1e-3, 1.0), SHARPNESS);
        total += *p;
    }
    for p in &mut p[..n] {
        *p = (1.0 - explore) * *p / total + explore / n as f32;
    }
}

/// The stars a learner gives on average: some give five to everything. 8 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Level {
    stars: f32,
    n: f32,
}

impl Level {
    /// Ratings that the middle of the scale counts for.
    const PRIOR: f32 = 3.0;
    /// Share of earlier ratings that one more leaves.
    const KEEP: f32 = 0.98;

    /// The average so far.
    #[must_use]
    pub fn mean(&self) -> f32 {
        (self.stars + 3.0 * Self::PRIOR) / (self.n + Self::PRIOR)
    }

    /// Takes a rating of 1 to 5 stars; returns the level after it and what it says of the theme.
    #[must_use]
    pub fn rated(self, stars: u8) -> (Self, Evidence) {
        let stars = f32::from(stars.clamp(1, 5));
        let evidence = Evidence::Rated {
            above_level: stars - self.mean(),
        };
        (
            Self {
                stars: self.stars * Self::KEEP + stars,
                n: self.n * Self::KEEP + 1.0,
            },
            evidence,
        )
    }
}

#[cfg(test)]
mod tests;
