//! Item health: does an item measure what its neighbours measure, for every group, and still?
//!
//! Pure statistics over answers; which items to mend first is the caller's sentence.

use paceline_core::math::wide::{ln, normal_cdf, sqrt};
use serde::{Deserialize, Serialize};

use crate::calibrate::ItemEstimate;

#[cfg(test)]
mod tests;

/// One answer to the item in question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Whether it was right.
    pub right: bool,
    /// The learner's score on the other items, as a share or a number right.
    pub rest_score: f64,
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

/// The correlation of right answers with the score on the other items; `None` where either is constant.
///
/// Below about .1 an item does not discriminate; below 0 the strong get it wrong more often.
pub fn point_biserial(answers: &[Judged]) -> Option<f64> {
    let n = answers.len() as f64;
    let mean = |value: &dyn Fn(&Judged) -> f64| answers.iter().map(value).sum::<f64>() / n;
    let right = |answer: &Judged| f64::from(u8::from(answer.right));
    let (share, score) = (mean(&right), mean(&|answer| answer.rest_score));
    let covariance = mean(&|answer| (right(answer) - share) * (answer.rest_score - score));
    let variance = mean(&|answer| (answer.rest_score - score) * (answer.rest_score - score));
    let spread = sqrt(share * (1.0 - share) * variance);
    (spread > 0.0).then(|| covariance / spread)
}

/// How much a group is at a disadvantage on an item, at equal scores (ETS classes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DifClass {
    /// Negligible, or not distinguishable from none.
    A,
    /// Moderate.
    B,
    /// Large: to be mended or retired.
    C,
}

/// Differential item functioning by Mantel & Haenszel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dif {
    /// `-2.35 ln(odds ratio)`: negative where the item is harder for the focal group.
    pub delta: f64,
    /// Its standard error (Robins, Breslow & Greenland 1986).
    pub standard_error: f64,
    /// P of a difference this large where there is none, two-sided.
    pub p_value: f64,
    /// The class.
    pub class: DifClass,
}

/// Compares groups within strata of equal rest score; `None` where no stratum has both groups and both
/// outcomes.
pub fn mantel_haenszel(answers: &[Judged]) -> Option<Dif> {
    let mut sorted: Vec<&Judged> = answers
        .iter()
        .filter(|answer| answer.rest_score.is_finite())
        .collect();
    sorted.sort_by(|a, b| a.rest_score.total_cmp(&b.rest_score));
    let (mut r_sum, mut s_sum, mut pr, mut ps_qr, mut qs) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for stratum in sorted.chunk_by(|a, b| a.rest_score == b.rest_score) {
        let count = |group, right| {
            stratum
                .iter()
                .filter(|answer| answer.group == group && answer.right == right)
                .count() as f64
        };
        let (a, b) = (
            count(Group::Reference, true),
            count(Group::Reference, false),
        );
        let (c, d) = (count(Group::Focal, true), count(Group::Focal, false));
        let n = stratum.len() as f64;
        let (r, s, p, q) = (a * d / n, b * c / n, (a + d) / n, (b + c) / n);
        r_sum += r;
        s_sum += s;
        pr += p * r;
        ps_qr += p * s + q * r;
        qs += q * s;
    }
    if r_sum <= 0.0 || s_sum <= 0.0 {
        return None;
    }
    let delta = -2.35 * ln(r_sum / s_sum);
    let variance =
        pr / (2.0 * r_sum * r_sum) + ps_qr / (2.0 * r_sum * s_sum) + qs / (2.0 * s_sum * s_sum);
    let standard_error = 2.35 * sqrt(variance);
    let z = delta.abs() / standard_error;
    let class = if delta.abs() < 1.0 || z < 1.96 {
        DifClass::A
    } else if delta.abs() >= 1.5 && delta.abs() - 1.645 * standard_error > 1.0 {
        DifClass::C
    } else {
        DifClass::B
    };
    Some(Dif {
        delta,
        standard_error,
        p_value: 2.0 * normal_cdf(-z),
        class,
    })
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
        p_value: 2.0 * normal_cdf(-shift.abs() / error),
    })
}
