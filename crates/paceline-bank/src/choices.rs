//! Distractor statistics: who chose what, by ability.

use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// The counts of an item's choices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChoiceTable {
    /// Learners by choice and ability group, weakest group first. Shape: `[n_choices, n_groups]`.
    pub counts: Vec<Vec<u32>>,
    /// The mean ability of those who chose it; `None` where nobody did. Shape: `[n_choices]`.
    pub mean_ability: Vec<Option<f64>>,
}

/// Counts choices in `n_groups` groups of about equal size by ability; choices beyond `n_choices` are left out.
///
/// A distractor that works is chosen less from group to group; one whose choosers are abler on average than
/// those of the right answer is suspect.
pub fn tabulate_choices(
    answers: &[(f64, usize)],
    n_choices: usize,
    n_groups: usize,
) -> ChoiceTable {
    let n_groups = n_groups.max(1);
    let mut sorted: Vec<(f64, usize)> = answers
        .iter()
        .copied()
        .filter(|&(ability, choice)| ability.is_finite() && choice < n_choices)
        .collect();
    sorted.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
    let mut counts = vec![vec![0; n_groups]; n_choices];
    let mut sums = vec![(0.0, 0.0); n_choices];
    for (place, &(ability, choice)) in sorted.iter().enumerate() {
        counts[choice][place * n_groups / sorted.len()] += 1;
        sums[choice].0 += ability;
        sums[choice].1 += 1.0;
    }
    let mean = |(sum, n): (f64, f64)| (n > 0.0).then(|| sum / n);
    ChoiceTable {
        counts,
        mean_ability: sums.into_iter().map(mean).collect(),
    }
}
