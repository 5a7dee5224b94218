//! Item response curves: probability, its derivatives and information, in f64.
//!
//! Ability and difficulty are logits; no scaling constant 1.7. The module estimates nothing.

use paceline_core::math::wide::{exp, logistic};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// A right-or-wrong item: `p = c + (d - c) sigma(a (ability - b))` (Barton & Lord 1981).
///
/// With `c = 0` and `d = 1` it is the 2PL, and with `a = 1` the 1PL.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Discrimination; positive.
    pub a: f64,
    /// Difficulty in logits.
    pub b: f64,
    /// The probability of guessing right, in [0, 1).
    pub c: f64,
    /// The probability of not slipping, in (c, 1].
    pub d: f64,
}

/// A curve's value and derivatives at one ability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The probability of a right answer.
    pub p: f64,
    /// Its first derivative by ability.
    pub slope: f64,
    /// Its second derivative.
    pub curvature: f64,
}

impl Point {
    /// Fisher information `slope^2 / (p (1 - p))` (Lord 1980, ch. 5).
    pub fn information(self) -> f64 {
        let spread = self.p * (1.0 - self.p);
        if spread > 0.0 {
            self.slope * self.slope / spread
        } else {
            0.0
        }
    }
}

impl Curve {
    /// The one-parameter curve.
    pub const fn one(b: f64) -> Self {
        Self {
            a: 1.0,
            b,
            c: 0.0,
            d: 1.0,
        }
    }

    /// The two-parameter curve.
    pub const fn two(a: f64, b: f64) -> Self {
        Self {
            a,
            b,
            c: 0.0,
            d: 1.0,
        }
    }

    /// The three-parameter curve.
    pub const fn three(a: f64, b: f64, c: f64) -> Self {
        Self { a, b, c, d: 1.0 }
    }

    /// The curve of an easiness z and a discrimination a, as banks keep them: `z = -a b`.
    pub fn of_easiness(easiness: f64, a: f64) -> Self {
        Self::two(a, -easiness / a)
    }

    /// Whether the parameters give probabilities: finite, `a > 0` and `0 <= c < d <= 1`.
    pub fn is_sound(&self) -> bool {
        let all = [self.a, self.b, self.c, self.d];
        let finite = all.iter().all(|x| x.is_finite());
        finite && self.a > 0.0 && (0.0..self.d).contains(&self.c) && self.d <= 1.0
    }

    /// The probability of a right answer.
    pub fn p(&self, ability: f64) -> f64 {
        self.c + (self.d - self.c) * logistic(self.a * (ability - self.b))
    }

    /// The probability and its derivatives.
    pub fn at(&self, ability: f64) -> Point {
        let s = logistic(self.a * (ability - self.b));
        let range = self.d - self.c;
        let slope = range * self.a * s * (1.0 - s);
        Point {
            p: self.c + range * s,
            slope,
            curvature: slope * self.a * (1.0 - 2.0 * s),
        }
    }

    /// Fisher information at an ability.
    pub fn information(&self, ability: f64) -> f64 {
        self.at(ability).information()
    }
}

/// Which family of curves a graded item follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GradedModel {
    /// Graded response (Samejima 1969): `P(score >= k) = sigma(a (ability - b_k))`, `b` rising.
    GradedResponse,
    /// Generalised partial credit (Muraki 1992): `P(k) ~ exp(sum_(j <= k) a (ability - b_j))`.
    PartialCredit,
}

/// An item with scores 0, 1, ..., `b.len()`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GradedCurve {
    /// The family.
    pub model: GradedModel,
    /// Discrimination; positive.
    pub a: f64,
    /// One threshold or step a score above 0, in logits.
    pub b: Vec<f64>,
}

impl GradedCurve {
    /// The probability and its derivatives of every score at an ability.
    ///
    /// Shape: `[b.len() + 1]`.
    pub fn at(&self, ability: f64) -> Vec<Point> {
        match self.model {
            GradedModel::GradedResponse => self.graded_response(ability),
            GradedModel::PartialCredit => self.partial_credit(ability),
        }
    }

    fn graded_response(&self, ability: f64) -> Vec<Point> {
        let certain = Point {
            p: 1.0,
            slope: 0.0,
            curvature: 0.0,
        };
        let never = Point { p: 0.0, ..certain };
        let above = self.b.iter().map(|&b| Curve::two(self.a, b).at(ability));
        let bounds: Vec<Point> = std::iter::once(certain)
            .chain(above)
            .chain([never])
            .collect();
        let between = |pair: &[Point]| Point {
            p: (pair[0].p - pair[1].p).max(0.0),
            slope: pair[0].slope - pair[1].slope,
            curvature: pair[0].curvature - pair[1].curvature,
        };
        bounds.windows(2).map(between).collect()
    }

    fn partial_credit(&self, ability: f64) -> Vec<Point> {
        let mut exponent = 0.0;
        let mut exponents = vec![0.0];
        for b in &self.b {
            exponent += self.a * (ability - b);
            exponents.push(exponent);
        }
        let top = exponents.iter().copied().fold(f64::MIN, f64::max);
        let weights: Vec<f64> = exponents.iter().map(|x| exp(x - top)).collect();
        let total: f64 = weights.iter().sum();
        let p: Vec<f64> = weights.iter().map(|w| w / total).collect();
        let mean: f64 = p.iter().zip(0..).map(|(p, k)| p * f64::from(k)).sum();
        let square: f64 = p.iter().zip(0..).map(|(p, k)| p * f64::from(k * k)).sum();
        let variance = square - mean * mean;
        let point = |(&p, k): (&f64, i32)| {
            let gap = f64::from(k) - mean;
            Point {
                p,
                slope: self.a * p * gap,
                curvature: self.a * self.a * p * (gap * gap - variance),
            }
        };
        p.iter().zip(0..).map(point).collect()
    }

    /// The expected score at an ability.
    pub fn expected_score(&self, ability: f64) -> f64 {
        self.at(ability)
            .iter()
            .zip(0..)
            .map(|(point, k)| point.p * f64::from(k))
            .sum()
    }

    /// Fisher information `sum_k slope_k^2 / p_k` at an ability.
    pub fn information(&self, ability: f64) -> f64 {
        let each = self.at(ability);
        each.iter()
            .filter(|point| point.p > 0.0)
            .map(|point| point.slope * point.slope / point.p)
            .sum()
    }
}
