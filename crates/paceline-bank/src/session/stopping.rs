//! When a test has asked enough.

use paceline_core::math::wide::ln;
use serde::{Deserialize, Serialize};

use super::{Control, Session, Settings, TestError, blueprint};
use crate::irt::Curve;

/// When to stop: at the first reason met, but not before the shortest length and the blueprint.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stopping {
    /// Scored items at least.
    pub min_items: usize,
    /// Scored items at most.
    pub max_items: usize,
    /// Stops below this standard error, in logits.
    pub standard_error: Option<f64>,
    /// Stops when the estimate has come to rest.
    pub change: Option<Change>,
    /// Stops when the learner is surely on one side of a cut.
    pub classify: Option<Classify>,
}

impl Default for Stopping {
    fn default() -> Self {
        Self {
            min_items: 5,
            max_items: 40,
            standard_error: Some(0.3),
            change: None,
            classify: None,
        }
    }
}

/// The estimate has come to rest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// It moved by less than this, in logits,
    pub within: f64,
    /// at so many answers in a row.
    pub times: usize,
}

/// Wald's sequential test of two abilities around a cut (Wald 1947; Reckase 1983).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classify {
    /// The cut, in logits.
    pub cut: f64,
    /// Half the width of the zone in which either answer will do.
    pub indifference: f64,
    /// Share of learners below the zone that may be put above it.
    pub p_false_above: f64,
    /// Share of learners above the zone that may be put below it.
    pub p_false_below: f64,
}

/// A side of the cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Above.
    Above,
    /// Below.
    Below,
}

/// Which side of the cut a learner is on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    /// The likelier side.
    pub side: Side,
    /// Log likelihood ratio of the zone's upper end over its lower end.
    pub log_ratio: f64,
    /// Whether that is beyond the bound for the side, so that the error rates hold.
    pub is_sure: bool,
}

impl Classify {
    /// The side that answers speak for.
    pub fn decide(&self, answers: &[(Curve, bool)]) -> Classification {
        let (low, high) = (self.cut - self.indifference, self.cut + self.indifference);
        let log_ratio = answers.iter().map(|&(curve, right)| {
            let p = |ability| curve.p(ability).clamp(1e-12, 1.0 - 1e-12);
            let (above, below) = (p(high), p(low));
            if right {
                ln(above / below)
            } else {
                ln((1.0 - above) / (1.0 - below))
            }
        });
        let log_ratio: f64 = log_ratio.sum();
        let upper = ln((1.0 - self.p_false_below) / self.p_false_above);
        let lower = ln(self.p_false_below / (1.0 - self.p_false_above));
        Classification {
            side: if log_ratio > 0.0 {
                Side::Above
            } else {
                Side::Below
            },
            log_ratio,
            is_sure: upper <= log_ratio || log_ratio <= lower,
        }
    }
}

/// Why a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The standard error is small enough.
    StandardError,
    /// The estimate has come to rest.
    Change,
    /// The side of the cut is sure.
    Classified,
    /// The longest length is reached.
    Length,
    /// No item is left that may be shown.
    NoItemLeft,
}

impl Session<'_> {
    /// Why to stop here, if there is a reason.
    pub(super) fn ended(&self) -> Option<Ended> {
        let settings = &self.test.settings;
        let stopping = &settings.stopping;
        let n = self.scored.len();
        if stopping.max_items <= n {
            return Some(Ended::Length);
        }
        if n < stopping.min_items {
            return None;
        }
        let precise = stopping
            .standard_error
            .is_some_and(|wanted| self.ability.standard_error < wanted);
        let at_rest = stopping
            .change
            .is_some_and(|change| change.times <= self.steady);
        let classified = |classify: Classify| classify.decide(&self.scored).is_sure;
        let reason = if precise {
            Some(Ended::StandardError)
        } else if stopping.classify.is_some_and(classified) {
            Some(Ended::Classified)
        } else {
            at_rest.then_some(Ended::Change)
        };
        reason.filter(|_| blueprint::debts(&settings.blueprint, &self.in_areas()) == 0)
    }
}

/// Refuses settings that say nothing.
pub(super) fn check(settings: &Settings) -> Result<(), TestError> {
    let stopping = &settings.stopping;
    let positive = "a finite number above 0";
    let rate = "in (0, 0.5)";
    let mut wrong = None;
    let mut want = |setting, found: f64, wanted, holds: bool| {
        if !holds && wrong.is_none() {
            wrong = Some(TestError::Setting {
                setting,
                found,
                wanted,
            });
        }
    };
    let is_positive = |x: f64| x.is_finite() && x > 0.0;
    let Settings {
        prior, pilot_share, ..
    } = settings;
    want(
        "prior.mean",
        prior.mean,
        "a finite number",
        prior.mean.is_finite(),
    );
    want("prior.sd", prior.sd, positive, is_positive(prior.sd));
    want(
        "pilot_share",
        *pilot_share,
        "in 0..=0.5",
        (0.0..=0.5).contains(pilot_share),
    );
    let (least, most) = (stopping.min_items as f64, stopping.max_items as f64);
    want(
        "stopping.max_items",
        most,
        "at least 1 and min_items",
        1.0_f64.max(least) <= most,
    );
    if let Some(error) = stopping.standard_error {
        want(
            "stopping.standard_error",
            error,
            positive,
            is_positive(error),
        );
    }
    if let Some(change) = stopping.change {
        want(
            "stopping.change.within",
            change.within,
            positive,
            is_positive(change.within),
        );
        want(
            "stopping.change.times",
            change.times as f64,
            "at least 1",
            1 <= change.times,
        );
    }
    if let Some(classify) = stopping.classify {
        want(
            "stopping.classify.cut",
            classify.cut,
            "a finite number",
            classify.cut.is_finite(),
        );
        let half = classify.indifference;
        want(
            "stopping.classify.indifference",
            half,
            positive,
            is_positive(half),
        );
        for p in [classify.p_false_above, classify.p_false_below] {
            want("stopping.classify error rate", p, rate, 0.0 < p && p < 0.5);
        }
    }
    if let Control::MaxRate(max_rate) = settings.control {
        want(
            "control.max_rate",
            max_rate,
            "in (0, 1]",
            0.0 < max_rate && max_rate <= 1.0,
        );
    }
    wrong.map_or(Ok(()), Err)
}
