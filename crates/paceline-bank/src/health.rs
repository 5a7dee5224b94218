//! Item health: does an item measure what its neighbours measure, for every group, and still?
//!
//! - [`report()`] reads a log of answers and lists what to mend first, each [`Finding`] with one plain sentence.
//! - The statistics it rests on: [`point_biserial`], [`ItemFit`], differential functioning between groups by
//!   [`mantel_haenszel`] and by [`logistic_dif`], and [`drift`] between two calibrations.
//!
//! Logs are sparse and often adaptive, so learners are never compared by raw scores here but by abilities that are
//! estimated from all they answered. The module knows no content: items are curves, times and choices.

use paceline_core::math::wide::{normal_cdf, sqrt};
use serde::{Deserialize, Serialize};

use crate::calibrate::ItemEstimate;

mod dif;
mod distractor;
mod fit;
mod persons;
mod report;
mod seconds;

#[cfg(test)]
mod tests;

pub use dif::{Dif, DifClass, LogisticDif, logistic_dif, mantel_haenszel};
pub use distractor::{ChoiceUse, choices};
pub use fit::{ItemFit, Predicted};
pub use report::{Answer, Fault, Finding, Item, Log, Options, ReportError, Urgency, report};

/// One answer to the item in question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Whether it was right.
    pub right: bool,
    /// How able the learner is: a score, or an estimated ability.
    pub score: f64,
    /// The group whose answers are compared.
    pub group: Group,
}

/// Which side of a comparison a learner is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Group {
    /// Those compared with.
    Reference,
    /// Those who might be put at a disadvantage.
    Focal,
}

/// The correlation of right answers with scores that leave the item out; `None` where either is constant.
///
/// Below about .1 an item does not discriminate; below 0 the strong get it wrong more often.
pub fn point_biserial(answers: &[Judged]) -> Option<f64> {
    let n = answers.len() as f64;
    let mean = |value: &dyn Fn(&Judged) -> f64| answers.iter().map(value).sum::<f64>() / n;
    let right = |answer: &Judged| f64::from(u8::from(answer.right));
    let (share, score) = (mean(&right), mean(&|answer| answer.score));
    let covariance = mean(&|answer| (right(answer) - share) * (answer.score - score));
    let variance = mean(&|answer| (answer.score - score) * (answer.score - score));
    let spread = sqrt(share * (1.0 - share) * variance);
    (spread > 0.0).then(|| covariance / spread)
}

/// How an item's difficulty moved between two periods.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Later minus earlier difficulty, in logits.
    pub shift: f64,
    /// P of a shift this large where there is none, two-sided.
    pub p_value: f64,
}

/// Compares two calibrations on one scale; `None` without answers in one of them.
pub fn drift(earlier: &ItemEstimate, later: &ItemEstimate) -> Option<Drift> {
    let error = sqrt(earlier.se_b * earlier.se_b + later.se_b * later.se_b);
    let shift = later.b - earlier.b;
    let known = earlier.n > 0 && later.n > 0 && error.is_finite() && error > 0.0;
    known.then(|| Drift {
        shift,
        p_value: two_sided(shift / error),
    })
}

/// P of a standard normal at least this far from 0.
fn two_sided(z: f64) -> f64 {
    2.0 * normal_cdf(-z.abs())
}
