//! Differential item functioning: is an item harder for one group at equal ability?

use paceline_core::math::wide::{exp, ln, logistic, sqrt};
use serde::{Deserialize, Serialize};

use super::{Group, Judged, two_sided};

/// How much a group is at a disadvantage on an item, at equal scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DifClass {
    /// Negligible, or not distinguishable from none.
    A,
    /// Moderate.
    B,
    /// Large: to be mended or retired.
    C,
}

/// Differential item functioning by Mantel & Haenszel (1959), with the classes of ETS (Zieky 1993).
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

/// Compares groups within strata of equal score; `None` where no stratum has both groups and both
/// outcomes.
///
/// The score should count the item itself: only then do equal scores mean equal ability in both
/// groups where their distributions differ (Holland & Thayer 1988).
pub fn mantel_haenszel(answers: &[Judged]) -> Option<Dif> {
    let mut sorted: Vec<&Judged> = answers.iter().filter(|a| a.score.is_finite()).collect();
    sorted.sort_by(|a, b| a.score.total_cmp(&b.score));
    let (mut r_sum, mut s_sum, mut pr, mut ps_qr, mut qs) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for stratum in sorted.chunk_by(|a, b| a.score == b.score) {
        let [a, b, c, d] = counts(stratum);
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
        p_value: two_sided(z),
        class,
    })
}

/// Right and wrong of the reference group, right and wrong of the focal one.
fn counts(stratum: &[&Judged]) -> [f64; 4] {
    let mut counts = [0.0; 4];
    for answer in stratum {
        let focal = usize::from(answer.group == Group::Focal);
        counts[2 * focal + usize::from(!answer.right)] += 1.0;
    }
    counts
}

/// Differential item functioning by logistic regression (Swaminathan & Rogers 1990), with the classes of
/// Jodoin & Gierl (2001).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogisticDif {
    /// P of a group difference this large where there is none: the same at every score.
    pub p_uniform: f64,
    /// P of a difference in slope this large where there is none.
    pub p_non_uniform: f64,
    /// P of either.
    pub p_any: f64,
    /// Log odds of the focal group over the reference group at equal scores; negative where the item is harder for it.
    pub log_odds: f64,
    /// Nagelkerke's R squared gained by the group.
    pub r2_uniform: f64,
    /// And by its interaction with the score.
    pub r2_non_uniform: f64,
    /// The class, by both gains together: from .035 B, from .07 C, where either is significant at .05.
    pub class: DifClass,
}

/// Regresses right answers on the score, then the group, then their product; `None` where a group or an outcome
/// is missing or the scores are constant.
pub fn logistic_dif(answers: &[Judged]) -> Option<LogisticDif> {
    let rows: Vec<&Judged> = answers.iter().filter(|a| a.score.is_finite()).collect();
    let n = rows.len() as f64;
    let mean = rows.iter().map(|a| a.score).sum::<f64>() / n;
    let spread = sqrt(
        rows.iter()
            .map(|a| (a.score - mean) * (a.score - mean))
            .sum::<f64>()
            / n,
    );
    let focal = rows.iter().filter(|a| a.group == Group::Focal).count();
    let right = rows.iter().filter(|a| a.right).count();
    let both = |k: usize| 0 < k && k < rows.len();
    if !(both(focal) && both(right) && spread > 0.0) {
        return None;
    }
    let design: Vec<([f64; 4], bool)> = rows
        .iter()
        .map(|a| {
            let (x, g) = (
                (a.score - mean) / spread,
                f64::from(u8::from(a.group == Group::Focal)),
            );
            ([1.0, x, g, x * g], a.right)
        })
        .collect();
    let mut fits = [Logit::default(); 3];
    for (terms, fit) in (2..).zip(&mut fits) {
        *fit = Logit::fit(&design, terms);
    }
    let [alone, group, product] = fits.map(|fit| fit.log_likelihood);
    let share = right as f64 / n;
    let constant = n * (share * ln(share) + (1.0 - share) * ln(1.0 - share));
    let r2 = |log_likelihood: f64| {
        (1.0 - exp(2.0 * (constant - log_likelihood) / n)) / (1.0 - exp(2.0 * constant / n))
    };
    let statistic = |less: f64, more: f64| (2.0 * (more - less)).max(0.0);
    let one = |less, more| two_sided(sqrt(statistic(less, more)));
    let (p_uniform, p_non_uniform) = (one(alone, group), one(group, product));
    let p_any = exp(-0.5 * statistic(alone, product));
    let (r2_uniform, r2_non_uniform) = (r2(group) - r2(alone), r2(product) - r2(group));
    let gain = r2_uniform + r2_non_uniform;
    let class = match p_any.min(p_uniform) < 0.05 {
        true if gain >= 0.07 => DifClass::C,
        true if gain >= 0.035 => DifClass::B,
        _ => DifClass::A,
    };
    Some(LogisticDif {
        p_uniform,
        p_non_uniform,
        p_any,
        log_odds: fits[1].beta[2],
        r2_uniform,
        r2_non_uniform,
        class,
    })
}

/// A logistic regression on the first terms of a design.
#[derive(Clone, Copy, Default)]
struct Logit {
    beta: [f64; 4],
    log_likelihood: f64,
}

impl Logit {
    /// Newton's method; a ridge of 1e-6 keeps separated data finite.
    fn fit(design: &[([f64; 4], bool)], terms: usize) -> Self {
        let mut beta = [0.0; 4];
        let mut log_likelihood = f64::MIN;
        for _ in 0..25 {
            let (mut gradient, mut hessian, mut now) = ([0.0; 4], [[0.0; 4]; 4], 0.0);
            for &(x, right) in design {
                let eta: f64 = x.iter().zip(&beta).take(terms).map(|(x, b)| x * b).sum();
                let p = logistic(eta).clamp(1e-12, 1.0 - 1e-12);
                now += ln(if right { p } else { 1.0 - p });
                let (residual, weight) = (f64::from(u8::from(right)) - p, p * (1.0 - p));
                for i in 0..terms {
                    gradient[i] += x[i] * residual;
                    for j in 0..terms {
                        hessian[i][j] += weight * x[i] * x[j];
                    }
                }
            }
            let settled = (now - log_likelihood).abs() < 1e-9;
            log_likelihood = now;
            if settled {
                break;
            }
            let step = solve(hessian, gradient, terms);
            for (beta, step) in beta.iter_mut().zip(step).take(terms) {
                *beta = (*beta + step.clamp(-2.0, 2.0)).clamp(-20.0, 20.0);
            }
        }
        Self {
            beta,
            log_likelihood,
        }
    }
}

/// Solves a positive definite system of the first `n` unknowns by elimination.
fn solve(mut matrix: [[f64; 4]; 4], mut right: [f64; 4], n: usize) -> [f64; 4] {
    for i in 0..n {
        matrix[i][i] += 1e-6;
        for row in i + 1..n {
            let factor = matrix[row][i] / matrix[i][i];
            let above = matrix[i];
            for (entry, above) in matrix[row].iter_mut().zip(above) {
                *entry -= factor * above;
            }
            right[row] -= factor * right[i];
        }
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| matrix[i][j] * right[j]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    right
}
