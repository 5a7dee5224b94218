//! The order pass: of lessons worth the same, the one that is nicer to sit through.
//!
//! Starts with something the learner can do, and keeps skills that are easily confused from following
//! each other. It never gives up value for that: the hard constraints and the search come first.

use crate::local::Local;
use crate::search::{Node, Search};

#[cfg(test)]
mod tests;

/// Share of value that may be lost to rounding.
const SLACK: f32 = 1e-5;
/// Success at which a start counts as easy.
const EASY_START: f32 = 0.7;

/// Orders of activities, reused from lesson to lesson.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    moves: Vec<u16>,
    other: Vec<u16>,
}

/// Rearranges what follows `start` in `best` while that makes the lesson nicer at equal value.
///
/// Only past activities whose order does not matter, which no gain can notice: one replay at the end
/// confirms it, in place of one for each trial.
pub(crate) fn tidy(
    search: &Search<'_>,
    start: &Node,
    confusable: impl Fn(u16, u16) -> bool,
    buffers: &mut Buffers,
    trial: &mut Node,
    best: &mut Node,
) {
    let fixed = start.moves.len();
    let Buffers { moves, other } = buffers;
    moves.clone_from(&best.moves);
    let at_first = rough(search.local, moves, fixed, &confusable);
    let mut roughness = at_first;
    while roughness != 0 {
        let Some(smoother) = smoothen(search, fixed, roughness, &confusable, moves, other) else {
            break;
        };
        std::mem::swap(moves, other);
        roughness = smoother;
    }
    if roughness == at_first {
        return;
    }
    trial.copy_from(start);
    search.replay(trial, &moves[fixed..]);
    if trial.moves == *moves && best.value * (1.0 - SLACK) <= trial.value {
        std::mem::swap(best, trial);
    }
}

/// Writes the first smoother order into `other`, and says how rough it is.
fn smoothen(
    search: &Search<'_>,
    fixed: usize,
    roughness: usize,
    confusable: &impl Fn(u16, u16) -> bool,
    moves: &[u16],
    other: &mut Vec<u16>,
) -> Option<usize> {
    let local = search.local;
    let crowded = crowding(moves);
    let hard = fixed == 0 && starts_hard(local, moves);
    for from in fixed..moves.len() {
        let near = (0 < from && confusable(moves[from - 1], moves[from]))
            || (from + 1 < moves.len() && confusable(moves[from], moves[from + 1]));
        let easy = hard && 0 < from && is_easy(local, moves[from]);
        if !near && !easy {
            continue;
        }
        let bound = |other: &u16| local.order_matters(*other, moves[from]);
        let first = moves[..from].iter().rposition(bound).map_or(0, |at| at + 1);
        let last = moves[from + 1..].iter().position(bound);
        let last = last.map_or(moves.len(), |at| from + 1 + at);
        let places = if near {
            fixed.max(first)..last
        } else {
            first..1
        };
        for to in places.filter(|&to| to != from) {
            let change = neighbours(moves, from, to, confusable);
            // What cannot get smoother is not tried; see `rough` for the start.
            if roughness.saturating_add_signed(change) >= roughness + usize::from(hard) {
                continue;
            }
            other.clear();
            other.extend_from_slice(moves);
            let skill = other.remove(from);
            other.insert(to, skill);
            let smoother = rough(local, other, fixed, confusable);
            if smoother < roughness && crowding(other) <= crowded {
                return Some(smoother);
            }
        }
    }
    None
}

/// How many more confusable neighbours there are once the activity at `from` is at `to`.
fn neighbours(
    moves: &[u16],
    from: usize,
    to: usize,
    confusable: &impl Fn(u16, u16) -> bool,
) -> isize {
    let at = |i: Option<usize>| i.and_then(|i| moves.get(i).copied());
    let near = |a: Option<u16>, b: Option<u16>| match (a, b) {
        (Some(a), Some(b)) => isize::from(confusable(a, b)),
        _ => 0,
    };
    let it = at(Some(from));
    let (left, right) = (at(from.checked_sub(1)), at(Some(from + 1)));
    let (before, after) = if to < from {
        (at(to.checked_sub(1)), at(Some(to)))
    } else {
        (at(Some(to)), at(Some(to + 1)))
    };
    near(before, it) + near(it, after) + near(left, right)
        - near(left, it)
        - near(it, right)
        - near(before, after)
}

/// How often a skill comes again within two places.
fn crowding(moves: &[u16]) -> usize {
    let again = |i: &usize| moves[i.saturating_sub(2)..*i].contains(&moves[*i]);
    (1..moves.len()).filter(again).count()
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
