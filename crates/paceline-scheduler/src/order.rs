//! The order pass: of lessons worth the same, the one that is nicer to sit through.
//!
//! Starts with something the learner can do, and keeps skills that are easily confused from following
//! each other. It never gives up value for that: the hard constraints and the search come first.

use crate::local::Local;
use crate::search::{Node, Search};

#[cfg(test)]
mod tests;

/// Most rearrangements tried.
const MOST_TRIALS: usize = 32;
/// Share of value that may be lost to rounding.
const SLACK: f32 = 1e-5;
/// Success at which a start counts as easy.
const EASY_START: f32 = 0.7;

/// Rearranges what follows `start` in `best` while that makes the lesson nicer at equal value.
pub(crate) fn tidy(
    search: &Search<'_>,
    start: &Node,
    confusable: impl Fn(u16, u16) -> bool,
    trial: &mut Node,
    best: &mut Node,
) {
    let fixed = start.moves.len();
    let mut moves = best.moves.clone();
    let mut roughness = rough(search.local, &moves, fixed, &confusable);
    let mut trials = 0;
    while roughness != 0 && trials < MOST_TRIALS {
        let before = roughness;
        for (from, to) in rearrangements(search.local, &moves, fixed, &confusable) {
            trials += 1;
            if MOST_TRIALS < trials {
                break;
            }
            let mut other = moves.clone();
            let skill = other.remove(from);
            other.insert(to, skill);
            let smoother = rough(search.local, &other, fixed, &confusable);
            if roughness <= smoother {
                continue;
            }
            trial.copy_from(start);
            search.replay(trial, &other[fixed..]);
            if trial.moves == other && best.value * (1.0 - SLACK) <= trial.value {
                std::mem::swap(best, trial);
                moves = other;
                roughness = smoother;
                break;
            }
        }
        if roughness == before {
            return;
        }
    }
}

/// What is wrong with an order: neighbours that are confusable, and a hard start.
fn rough(
    local: &Local,
    moves: &[u16],
    fixed: usize,
    confusable: &impl Fn(u16, u16) -> bool,
) -> usize {
    let near = moves
        .windows(2)
        .filter(|pair| confusable(pair[0], pair[1]))
        .count();
    near + usize::from(fixed == 0 && starts_hard(local, moves))
}

fn is_easy(local: &Local, skill: u16) -> bool {
    let state = &local.skills[usize::from(skill)].state;
    state.taught && EASY_START <= state.p_now
}

fn starts_hard(local: &Local, moves: &[u16]) -> bool {
    moves.first().is_some_and(|&first| !is_easy(local, first))
        && moves.iter().any(|&skill| is_easy(local, skill))
}

/// Moves of one activity from one place to another that may help.
fn rearrangements(
    local: &Local,
    moves: &[u16],
    fixed: usize,
    confusable: &impl Fn(u16, u16) -> bool,
) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    if fixed == 0 && starts_hard(local, moves) {
        out.extend(
            (1..moves.len())
                .filter(|&i| is_easy(local, moves[i]))
                .map(|i| (i, 0)),
        );
    }
    for i in fixed.max(1)..moves.len() {
        if confusable(moves[i - 1], moves[i]) {
            out.extend((fixed..moves.len()).filter(|&to| to != i).map(|to| (i, to)));
        }
    }
    out
}
