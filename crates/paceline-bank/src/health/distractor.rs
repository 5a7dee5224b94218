//! Which wrong choices are chosen, and by whom.

use paceline_core::math::wide::sqrt;
use serde::{Deserialize, Serialize};

use super::two_sided;

/// How one choice of an item was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChoiceUse {
    /// How often it was chosen.
    pub n: u32,
    /// How often that counted as right.
    pub n_right: u32,
    /// Mean ability, without this answer, of those who chose it less that of those who chose another; 0 where either is empty.
    pub ability_gap: f64,
    /// P of a gap this large where choosers are like the others, two-sided; 1 below three on a side.
    pub p_value: f64,
}

/// The use of each of `n_choices` choices, from `(choice, right, ability without this answer)`.
///
/// Shape: the result is `[n_choices]`; answers that name another choice are left out.
pub fn choices(n_choices: usize, answers: &[(u16, bool, f64)]) -> Vec<ChoiceUse> {
    let mut sums = vec![[0.0; 4]; n_choices];
    let mut all = [0.0; 3];
    for &(choice, right, ability) in answers {
        let Some(sum) = sums.get_mut(usize::from(choice)) else {
            continue;
        };
        for (sum, term) in
            sum.iter_mut()
                .zip([1.0, ability, ability * ability, f64::from(u8::from(right))])
        {
            *sum += term;
        }
        for (sum, term) in all.iter_mut().zip([1.0, ability, ability * ability]) {
            *sum += term;
        }
    }
    sums.into_iter()
        .map(|chosen| compare(chosen, all))
        .collect()
}

/// Welch's comparison of those who chose with those who did not.
fn compare([n, first, second, right]: [f64; 4], all: [f64; 3]) -> ChoiceUse {
    let mut found = ChoiceUse {
        n: n as u32,
        n_right: right as u32,
        ability_gap: 0.0,
        p_value: 1.0,
    };
    let rest = [all[0] - n, all[1] - first, all[2] - second];
    if n > 0.0 && rest[0] > 0.0 {
        found.ability_gap = first / n - rest[1] / rest[0];
        let variance = |n: f64, first: f64, second: f64| {
            (second - first * first / n).max(0.0) / ((n - 1.0).max(1.0) * n)
        };
        let error = sqrt(variance(n, first, second) + variance(rest[0], rest[1], rest[2]));
        if n >= 3.0 && rest[0] >= 3.0 && error > 0.0 {
            found.p_value = two_sided(found.ability_gap / error);
        }
    }
    found
}
