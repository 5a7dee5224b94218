//! What skills are worth: goal weights, unlock values and readiness over the prerequisite graph.

use paceline_bank::Bank;
use paceline_core::ids::SkillIx;

use crate::{Goal, Objective, SkillColumns};

#[cfg(test)]
mod tests;

/// Largest unlock value.
const MOST: f32 = 6.0;

/// Writes the goal weight of every skill: 1 for goal skills, less for what leads to them, little for
/// the rest. Without a goal, `weights` is left empty: every skill weighs 1.
pub(crate) fn goal_weights(
    bank: &Bank,
    goal: Option<&Goal>,
    objective: &Objective,
    weights: &mut Vec<f32>,
) {
    weights.clear();
    let Some(goal) = goal.filter(|goal| !goal.skills.is_empty()) else {
        return;
    };
    weights.resize(bank.n_skills(), objective.beside_goal);
    let mut todo: Vec<SkillIx> = Vec::new();
    let known = |skill: &&SkillIx| skill.at() < bank.n_skills();
    for &skill in goal.skills.iter().filter(known) {
        weights[skill.at()] = 1.0;
        todo.push(skill);
    }
    while let Some(skill) = todo.pop() {
        for &before in bank.prerequisites().targets(skill.0) {
            let weight = &mut weights[before as usize];
            if *weight < objective.way_to_goal {
                *weight = objective.way_to_goal;
                todo.push(SkillIx(before));
            }
        }
    }
}

/// Writes the unlock value of every skill: what mastering it would open, 0 to 6.
///
/// `U_k = min(6, sum over unmastered dependants c of (1.2 max(0, .9 - P_c) + gamma U_c) / max(1,
/// unmet prerequisites of c))`, each dependant weighed by its goal weight. One pass from the end of
/// the graph to its beginning; a mastered dependant costs nothing.
///
/// Shape: `goal` is `[n_skills]` or empty, `unmet`, the prerequisites of each that are not mastered, `[n_skills]`.
pub(crate) fn unlock_values(
    bank: &Bank,
    columns: &SkillColumns,
    goal: &[f32],
    objective: &Objective,
    unmet: &[u32],
    values: &mut Vec<f32>,
) {
    let n = columns.len();
    values.clear();
    values.resize(n, 0.0);
    if columns.mastered.count() == n {
        return;
    }
    for &child in bank.topological_order().iter().rev() {
        if columns.mastered.has(child.at()) {
            continue;
        }
        let prerequisites = bank.prerequisites().targets(child.0);
        let lacking = 1.2 * (0.9 - columns.kappa[child.at()]).max(0.0);
        let weight = goal.get(child.at()).copied().unwrap_or(1.0);
        let unmet = unmet[child.at()].max(1) as f32;
        let share = weight * (lacking + objective.unlock_weight * values[child.at()]) / unmet;
        for &before in prerequisites {
            let value = &mut values[before as usize];
            *value = (*value + share).min(MOST);
        }
    }
}

/// Whether a skill is open: every hard prerequisite begun, or, behind a hard gate,
/// mastered.
#[inline]
pub(crate) fn is_open(bank: &Bank, columns: &SkillColumns, skill: usize, hard_gate: bool) -> bool {
    bank.prerequisites()
        .edges(skill as u32)
        .all(|(before, weight)| {
            weight < 1.0
                || columns.mastered.has(before as usize)
                || (!hard_gate && columns.has_begun(before as usize))
        })
}

/// Share in which a skill's prerequisites are in place, 0 to 1; 1 where there are none.
#[inline]
pub(crate) fn readiness(bank: &Bank, columns: &SkillColumns, skill: usize, ready_at: f32) -> f32 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for (before, weight) in bank.prerequisites().edges(skill as u32) {
        sum += weight * (columns.p_now[before as usize] / ready_at).min(1.0);
        weights += weight;
    }
    if weights == 0.0 { 1.0 } else { sum / weights }
}
