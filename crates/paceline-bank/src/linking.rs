//! Linking: putting one calibration on another's scale through the items they share.
//!
//! Abilities move by `ability* = slope ability + intercept`, difficulties alike, discriminations by 1 / slope.

use paceline_core::math::wide::{exp, sqrt};
use serde::{Deserialize, Serialize};

use crate::irt::Curve;

#[cfg(test)]
mod tests;

/// The map from one ability scale to another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Positive.
    pub slope: f64,
    /// In logits of the scale linked to.
    pub intercept: f64,
}

/// An item on both scales.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shared {
    /// Its curve on the scale that is to be moved.
    pub from: Curve,
    /// Its curve on the scale that stays.
    pub to: Curve,
}

impl Link {
    /// The ability on the scale that stays.
    pub fn ability(&self, ability: f64) -> f64 {
        self.slope * ability + self.intercept
    }

    /// The curve on the scale that stays.
    pub fn curve(&self, curve: Curve) -> Curve {
        Curve {
            a: curve.a / self.slope,
            b: self.ability(curve.b),
            ..curve
        }
    }
}

/// The link that gives shared difficulties the same mean and spread (Marco 1977).
///
/// `None` with fewer than two different difficulties.
pub fn mean_sigma(shared: &[Shared]) -> Option<Link> {
    let n = shared.len() as f64;
    let moments = |b: &dyn Fn(&Shared) -> f64| {
        let mean = shared.iter().map(b).sum::<f64>() / n;
        let square = shared
            .iter()
            .map(|item| (b(item) - mean) * (b(item) - mean));
        (mean, sqrt(square.sum::<f64>() / n))
    };
    let (mean_from, sd_from) = moments(&|item| item.from.b);
    let (mean_to, sd_to) = moments(&|item| item.to.b);
    let slope = sd_to / sd_from;
    (slope.is_finite() && slope > 0.0).then_some(Link {
        slope,
        intercept: mean_to - slope * mean_from,
    })
}

/// The link under which the shared items' expected scores agree best over N(0, 1) abilities of the scale
/// that stays (Stocking & Lord 1983), by Gauss-Newton from [`mean_sigma`].
///
/// `None` where that has none.
pub fn stocking_lord(shared: &[Shared]) -> Option<Link> {
    let mut link = mean_sigma(shared)?;
    let mut loss = gaps(shared, link).loss;
    for _ in 0..100 {
        let now = gaps(shared, link);
        let [[ss, si], [_, ii]] = now.square;
        let determinant = ss * ii - si * si;
        if determinant <= 0.0 {
            break;
        }
        let mut step = [
            (ii * now.by[0] - si * now.by[1]) / determinant,
            (ss * now.by[1] - si * now.by[0]) / determinant,
        ];
        let moved = loop {
            let next = Link {
                slope: (link.slope + step[0]).max(0.1 * link.slope),
                intercept: link.intercept + step[1],
            };
            let found = gaps(shared, next).loss;
            let size = step[0].abs() + step[1].abs();
            if found <= loss {
                (link, loss) = (next, found);
                break size;
            }
            if size < 1e-12 {
                break 0.0;
            }
            step = step.map(|part| 0.5 * part);
        };
        if moved < 1e-10 {
            break;
        }
    }
    Some(link)
}

/// Weighted squares of the expected scores' gaps, and their normal equations.
struct Gaps {
    loss: f64,
    by: [f64; 2],
    square: [[f64; 2]; 2],
}

fn gaps(shared: &[Shared], link: Link) -> Gaps {
    let mut sums = Gaps {
        loss: 0.0,
        by: [0.0; 2],
        square: [[0.0; 2]; 2],
    };
    for q in -20..=20 {
        let ability = f64::from(q) * 0.2;
        let weight = exp(-0.5 * ability * ability);
        let (mut gap, mut by) = (0.0, [0.0; 2]);
        for item in shared {
            let moved = link.curve(item.from);
            let at = moved.at(ability);
            gap += item.to.p(ability) - at.p;
            // d p by the slope and the intercept, through z = a (ability - intercept) / slope - a b.
            by[0] -= at.slope * (ability - link.intercept) / link.slope;
            by[1] -= at.slope;
        }
        sums.loss += weight * gap * gap;
        for i in 0..2 {
            sums.by[i] += weight * gap * by[i];
            for j in 0..2 {
                sums.square[i][j] += weight * by[i] * by[j];
            }
        }
    }
    sums
}
