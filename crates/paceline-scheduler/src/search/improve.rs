//! Local search around the best lesson.

use super::{Node, Search, WIDTH};
use crate::lesson::Constraint;

/// Most activities that local search carries out.
const WORK: usize = 600;
/// Activities between two marks.
const STRIDE: usize = 8;

/// Buffers of the local search.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    moves: Vec<u16>,
    /// The best lesson after every eighth activity.
    marks: Vec<Node>,
    /// Gain and minutes of each of its activities.
    parts: Vec<(f32, f32)>,
}

/// One change to try: what is taken out, and where it goes instead.
#[derive(Clone, Copy, Debug)]
struct Change {
    from: usize,
    to: Option<usize>,
}

impl Search<'_> {
    /// Each activity in turn is left out, or moved past one it is linked to, and the room filled again,
    /// while that helps and work is left.
    pub(super) fn improve(&self, start: &Node, width: usize, buffers: &mut super::Buffers) {
        let mut work = WORK * width.min(WIDTH) / WIDTH;
        self.settle_order(start, buffers);
        let mut changed = true;
        while changed && 0 < work {
            changed = false;
            self.mark(start, buffers);
            let mut from = 0;
            while start.moves.len() + from < buffers.best.moves.len() {
                let promising = self.could_gain(start, from, buffers);
                let change = Change { from, to: None };
                if promising && self.try_change(start, change, &mut work, buffers) {
                    changed = true;
                    self.mark(start, buffers);
                    from = 0;
                } else {
                    from += 1;
                }
            }
            changed |= self.reorder(start, &mut work, buffers);
        }
    }

    /// Tries every place for every activity that is linked to the one there.
    fn reorder(&self, start: &Node, work: &mut usize, buffers: &mut super::Buffers) -> bool {
        let fixed = start.moves.len();
        let mut changed = false;
        let mut from = 0;
        while fixed + from < buffers.best.moves.len() {
            let mut to = 0;
            while fixed + from < buffers.best.moves.len() && fixed + to < buffers.best.moves.len() {
                let moves = &buffers.best.moves[fixed..];
                if from != to && self.order_matters(moves[from], moves[to]) {
                    let change = Change { from, to: Some(to) };
                    if self.try_change(start, change, work, buffers) {
                        changed = true;
                        self.mark(start, buffers);
                    }
                }
                to += 1;
            }
            from += 1;
        }
        changed
    }

    /// The same activities in the order of the bank, prerequisites first, if that is worth more.
    fn settle_order(&self, start: &Node, buffers: &mut super::Buffers) {
        let super::Buffers {
            improve: Buffers { moves, .. },
            trial,
            best,
            ..
        } = buffers;
        let fixed = start.moves.len();
        moves.clear();
        moves.extend_from_slice(&best.moves[fixed..]);
        moves.sort_unstable();
        // Repeats go behind the rest, so that they keep apart.
        let n = moves.len();
        let mut firsts = 0;
        for i in 0..n {
            let skill = moves[i];
            if 0 < firsts && moves[firsts - 1] == skill {
                moves.push(skill);
            } else {
                moves[firsts] = skill;
                firsts += 1;
            }
        }
        moves.drain(firsts..n);
        trial.copy_without_rank(start);
        self.replay(trial, moves);
        self.fill(trial);
        if best.value * (1.0 + 1e-6) < trial.value {
            std::mem::swap(best, trial);
        }
    }

    /// Notes the best lesson's parts, and its state after every eighth activity.
    fn mark(&self, start: &Node, buffers: &mut super::Buffers) {
        let super::Buffers {
            improve: Buffers { marks, parts, .. },
            trial,
            best,
            ..
        } = buffers;
        parts.clear();
        trial.copy_without_rank(start);
        for (i, &skill) in best.moves[start.moves.len()..].iter().enumerate() {
            if i % STRIDE == 0 {
                if marks.len() <= i / STRIDE {
                    marks.push(Node::default());
                }
                marks[i / STRIDE].copy_without_rank(trial);
            }
            let skill = usize::from(skill);
            parts.push((trial.gains[skill], trial.minutes[skill]));
            self.apply(trial, skill);
        }
    }

    /// Whether leaving out an activity could free time for something better: it is linked to others, or
    /// what is left over would fetch more than it did.
    fn could_gain(&self, start: &Node, from: usize, buffers: &super::Buffers) -> bool {
        let best = &buffers.best;
        let skill = best.moves[start.moves.len() + from];
        let (gain, minutes) = buffers.improve.parts[from];
        let freed = best.left + minutes + 1e-4;
        let mut top = 0.0f32;
        for other in 0..self.local.len() {
            let rate = best.gains[other] / best.minutes[other];
            if best.minutes[other] <= freed && self.rules.price < rate && top < rate {
                let stopped = self.forbids(best, other);
                if matches!(stopped, None | Some(Constraint::Time | Constraint::Spacing)) {
                    top = rate;
                }
            }
        }
        let credit = &self.local.credits(usize::from(skill));
        let taken: f32 = credit
            .iter()
            .map(|edge| {
                let to = usize::from(edge.to);
                edge.weight * self.first_gain(start, to)
            })
            .sum();
        gain < top * freed + taken
    }

    /// What the skill's first activity gains at the start.
    fn first_gain(&self, start: &Node, skill: usize) -> f32 {
        start.gains[skill].max(0.0)
    }

    /// Carries out a change and fills up; keeps the result if it is better.
    fn try_change(
        &self,
        start: &Node,
        change: Change,
        work: &mut usize,
        buffers: &mut super::Buffers,
    ) -> bool {
        let super::Buffers {
            improve: Buffers { moves, marks, .. },
            trial,
            best,
            ..
        } = buffers;
        let first = change.to.map_or(change.from, |to| to.min(change.from));
        let mark = first / STRIDE;
        moves.clear();
        moves.extend_from_slice(&best.moves[start.moves.len()..]);
        let Some(left) = work.checked_sub(moves.len() - mark * STRIDE) else {
            *work = 0;
            return false;
        };
        *work = left;
        let skill = moves.remove(change.from);
        if let Some(to) = change.to {
            moves.insert(to, skill);
        }
        trial.copy_without_rank(&marks[mark]);
        self.replay(trial, &moves[mark * STRIDE..]);
        self.fill(trial);
        let better = best.value * (1.0 + 1e-6) < trial.value;
        if better {
            std::mem::swap(best, trial);
        }
        better
    }

    /// Whether the order of two skills can change a gain: one builds on, or is credited by, the other.
    pub(crate) fn order_matters(&self, a: u16, b: u16) -> bool {
        let linked = |from: u16, to: u16| {
            self.local.dependants(usize::from(from)).contains(&to)
                || self
                    .local
                    .creditors(usize::from(from))
                    .iter()
                    .any(|other| other.from == to)
        };
        linked(a, b) || linked(b, a)
    }
}
