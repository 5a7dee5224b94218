//! Whether answers to an item follow its curve.

use paceline_core::math::wide::{exp, sqrt};
use serde::{Deserialize, Serialize};

/// An answer and the probability with which it was expected to be right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predicted {
    /// Expected from the learner's other answers, strictly within (0, 1).
    pub p: f64,
    /// Whether it was right.
    pub right: bool,
}

/// How answers depart from what the learners' other answers led to expect.
///
/// Textbook fit statistics take residuals at estimated abilities, which have seen the very answer they judge. These
/// take them from predictions without it, so that a fitting item has expectation 1 however few answers a
/// learner gave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemFit {
    /// Mean square residual weighted by information (Wright & Masters 1982); 1 where the item fits, more where it is noisier.
    pub infit: f64,
    /// Plain mean of the standardised squares; sensitive to answers far from the learner's level.
    pub outfit: f64,
    /// Squared gaps between observed and expected rights over groups of like expectation (Yen 1981, Q1).
    pub chi_square: f64,
    /// The number of groups: exact for a curve known beforehand, on the safe side for one calibrated from these very answers.
    pub degrees: u32,
    /// P of a chi-square this large where the item fits.
    pub p_value: f64,
    /// Root mean square gap between observed and expected share right, less what chance adds.
    pub gap: f64,
}

/// Fewest answers in a group of like expectation.
const GROUP: usize = 40;

impl ItemFit {
    /// The fit of one item; `None` below 160 answers, four groups of 40.
    pub fn of(answers: &[Predicted]) -> Option<Self> {
        // An even number of groups gives the chi-square distribution a closed form.
        let groups = (answers.len() / GROUP).min(10) & !1;
        if groups < 4 {
            return None;
        }
        let mut sorted = answers.to_vec();
        sorted.sort_by(|a, b| a.p.total_cmp(&b.p));
        let (mut residual, mut information, mut outfit) = (0.0, 0.0, 0.0);
        for answer in &sorted {
            let (variance, gap) = (answer.p * (1.0 - answer.p), answer.residual());
            residual += gap * gap;
            information += variance;
            outfit += gap * gap / variance;
        }
        let (mut chi_square, mut square) = (0.0, 0.0);
        for group in 0..groups {
            let bounds = [group, group + 1].map(|g| g * sorted.len() / groups);
            let members = &sorted[bounds[0]..bounds[1]];
            let gap: f64 = members.iter().map(Predicted::residual).sum();
            let variance: f64 = members.iter().map(|a| a.p * (1.0 - a.p)).sum();
            chi_square += gap * gap / variance;
            square += (gap * gap - variance) / (members.len() * members.len()) as f64;
        }
        let degrees = groups as u32;
        Some(Self {
            infit: residual / information,
            outfit: outfit / answers.len() as f64,
            chi_square,
            degrees,
            p_value: chi_square_tail(chi_square, degrees),
            gap: sqrt((square / groups as f64).max(0.0)),
        })
    }
}

impl Predicted {
    fn residual(&self) -> f64 {
        f64::from(u8::from(self.right)) - self.p
    }
}

/// P of a chi-square of an even number of degrees above `x` (Abramowitz & Stegun 26.4.21).
fn chi_square_tail(x: f64, degrees: u32) -> f64 {
    let half = 0.5 * x;
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..degrees / 2 {
        term *= half / f64::from(k);
        sum += term;
    }
    exp(-half) * sum
}
