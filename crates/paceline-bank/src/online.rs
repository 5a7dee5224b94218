//! The online estimator: an item's ln a and b as a normal belief that each answer moves, in one pass; a learner's
//! ability likewise, where nothing else tells it.
//!
//! An answer costs a few dozen flops and nothing is kept of it. The belief starts from an author's or an
//! earlier calibration's estimate, and [`OnlineItem::estimate`] hands over to the batch in its own terms.
//! It knows neither logs nor guessing.

use paceline_core::math::wide::{exp, ln, logistic, sqrt};
use serde::{Deserialize, Serialize};

use crate::ability::Ability;
use crate::calibrate::{Beliefs, ItemEstimate};

#[cfg(test)]
mod tests;

/// What is believed of an item.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OnlineItem {
    log_a: f64,
    b: f64,
    /// Precision of (ln a, b): aa, ab, bb.
    precision: [f64; 3],
    n: u32,
}

/// Estimates are kept within a in 0.05 to 7 and b within 12.
const LOG_A_BOUND: (f64, f64) = (-3.0, 2.0);
const B_BOUND: f64 = 12.0;

impl OnlineItem {
    /// A new item of which only what is believed of all items is known.
    pub fn new(beliefs: &Beliefs) -> Self {
        let (log_a, b) = (beliefs.log_discrimination, beliefs.threshold);
        Self {
            log_a: log_a.mean,
            b: b.mean,
            precision: [1.0 / (log_a.sd * log_a.sd), 0.0, 1.0 / (b.sd * b.sd)],
            n: 0,
        }
    }

    /// An item that was estimated before, with errors at most those of `beliefs`.
    ///
    /// Widen the errors of an edited item before handing it in.
    pub fn resume(estimate: &ItemEstimate, beliefs: &Beliefs) -> Self {
        let fresh = Self::new(beliefs);
        if estimate.a.is_nan() || estimate.a <= 0.0 || !estimate.b.is_finite() {
            return fresh;
        }
        let precision = |error: f64, least: f64| {
            let known = 1.0 / (error * error);
            if known.is_finite() {
                known.max(least)
            } else {
                least
            }
        };
        Self {
            log_a: ln(estimate.a).clamp(LOG_A_BOUND.0, LOG_A_BOUND.1),
            b: estimate.b.clamp(-B_BOUND, B_BOUND),
            precision: [
                precision(estimate.se_a / estimate.a, fresh.precision[0]),
                0.0,
                precision(estimate.se_b, fresh.precision[2]),
            ],
            n: estimate.n,
        }
    }

    /// Takes one answer by a learner whose ability before it is known with some error.
    ///
    /// One scoring step on the answer, the probability flattened by the ability's error (MacKay 1992).
    pub fn answer(&mut self, ability: Ability, right: bool) {
        let a = exp(self.log_a);
        let error = if ability.standard_error.is_finite() {
            ability.standard_error
        } else {
            10.0
        };
        let spread = std::f64::consts::FRAC_PI_8 * a * a * error * error;
        let flat = 1.0 / sqrt(1.0 + spread);
        let z = a * (ability.ability.clamp(-10.0, 10.0) - self.b);
        let p = logistic(flat * z);
        let residual = f64::from(u8::from(right)) - p;
        let (by_a, by_b) = (flat * z, -flat * a);
        let weight = p * (1.0 - p);
        let [aa, ab, bb] = self.precision;
        self.precision = [
            aa + weight * by_a * by_a,
            ab + weight * by_a * by_b,
            bb + weight * by_b * by_b,
        ];
        let [aa, ab, bb] = self.precision;
        let determinant = aa * bb - ab * ab;
        let (da, db) = (
            (bb * by_a - ab * by_b) / determinant * residual,
            (aa * by_b - ab * by_a) / determinant * residual,
        );
        self.log_a = (self.log_a + da.clamp(-0.5, 0.5)).clamp(LOG_A_BOUND.0, LOG_A_BOUND.1);
        self.b = (self.b + db.clamp(-1.5, 1.5)).clamp(-B_BOUND, B_BOUND);
        self.n = self.n.saturating_add(1);
    }

    /// What the answer of a learner tells of the ability, given what is believed of both before it.
    ///
    /// One scoring step, the probability flattened by the item's error. Hand the ability *before* the answer to
    /// [`OnlineItem::answer`], so that neither takes the other's news for its own.
    pub fn ability_after(&self, before: Ability, right: bool) -> Ability {
        let a = exp(self.log_a);
        let [aa, ab, bb] = self.precision;
        let variance_b = aa / (aa * bb - ab * ab);
        let flat = 1.0 / sqrt(1.0 + std::f64::consts::FRAC_PI_8 * a * a * variance_b);
        let p = logistic(flat * a * (before.ability - self.b));
        let by = flat * a;
        let precision =
            1.0 / (before.standard_error * before.standard_error) + p * (1.0 - p) * by * by;
        let residual = f64::from(u8::from(right)) - p;
        Ability {
            ability: (before.ability + by * residual / precision).clamp(-10.0, 10.0),
            standard_error: 1.0 / sqrt(precision),
        }
    }

    /// The estimate in the batch calibration's terms.
    pub fn estimate(&self) -> ItemEstimate {
        let [aa, ab, bb] = self.precision;
        let determinant = aa * bb - ab * ab;
        let a = exp(self.log_a);
        ItemEstimate {
            a,
            b: self.b,
            d: 1.0,
            se_a: a * sqrt(bb / determinant),
            se_b: sqrt(aa / determinant),
            n: self.n,
            ..ItemEstimate::default()
        }
    }
}
