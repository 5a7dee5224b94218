//! Local search around the best lesson.

use super::{Node, Search, WIDTH};
use crate::lesson::Constraint;
use crate::local::Marks;

/// Most activities that local search carries out.
const WORK: usize = 600;
/// Activities between two marks.
const STRIDE: usize = 8;

/// Share of the lesson's value that leaving an activity out must promise to be tried.
const PROMISE: f32 = 5e-4;

/// Buffers of the local search.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    moves: Vec<u16>,
    /// The best lesson after every eighth activity.
    marks: Vec<Node>,
    /// What could come in place of something, best rate first: rate and minutes.
    others: Vec<(f32, f32)>,
    /// What leaving out each activity promises, and its place, best first.
    promises: Vec<(f32, u16)>,
}

/// One change to try: what is taken out, and where it goes instead.
#[derive(Clone, Copy, Debug)]
struct Change {
    from: usize,
    to: Option<usize>,
}

impl Search<'_> {
    /// Activities are left out, what promises most first, or moved past one they are linked to, and the room
    /// filled again, while that helps and work is left.
    pub(super) fn improve(&self, start: &Node, width: usize, buffers: &mut super::Buffers) {
        let mut work = WORK * width.min(WIDTH) / WIDTH;
        self.settle_order(start, buffers);
        let mut changed = true;
        while changed && 0 < work {
            changed = self.insert(start, &mut work, buffers);
            self.promise(start, buffers);
            let mut marked = false;
            for i in 0..buffers.improve.promises.len() {
                if !marked {
                    self.mark(start, buffers);
                    marked = true;
                }
                let from = usize::from(buffers.improve.promises[i].1);
                let change = Change { from, to: None };
                if self.try_change(start, change, &mut work, buffers) {
                    changed = true;
                    break;
                }
            }
            changed = changed || self.reorder(start, &mut work, marked, buffers);
        }
    }

    /// Writes what leaving out each activity could gain at most: what the freed time would fetch, and what the
    /// activity takes from those it credits.
    fn promise(&self, start: &Node, buffers: &mut super::Buffers) {
        let super::Buffers {
            improve: Buffers {
                others, promises, ..
            },
            best,
            ..
        } = buffers;
        others.clear();
        for other in 0..self.local.len() {
            let (gain, minutes) = (best.gains[other], best.minutes[other]);
            if gain <= self.rules.price * minutes {
                continue;
            }
            let stopped = self.forbids(best, other);
            if matches!(stopped, None | Some(Constraint::Time | Constraint::Spacing)) {
                others.push((gain / minutes, minutes));
            }
        }
        others.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        promises.clear();
        let least = PROMISE * best.value;
        for (from, &skill) in best.moves[start.moves.len()..].iter().enumerate() {
            let (gain, minutes) = best.parts[start.moves.len() + from];
            let freed = best.left + minutes + 1e-4;
            let mut top = others
                .iter()
                .find(|other| other.1 <= freed)
                .map_or(0.0, |other| other.0);
            let mut taken = 0.0;
            for edge in self.local.credits(usize::from(skill)) {
                let to = usize::from(edge.to);
                if best.now[to].touched {
                    taken += edge.weight * start.gains[to].max(0.0);
                } else if start.minutes[to] <= freed {
                    top = start.rates[to].max(top);
                }
            }
            let promised = top * freed + taken - gain;
            if least < promised {
                promises.push((promised, from as u16));
            }
        }
        promises.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    }

    /// Tries each lesson that the best plan lacks, with those it waits for, then each skill that is linked to one of
    /// the plan, in place of what gains least a minute.
    fn insert(&self, start: &Node, work: &mut usize, buffers: &mut super::Buffers) -> bool {
        let mut changed = false;
        for teach in [true, false] {
            for skill in 0..self.local.len() as u16 {
                if *work == 0 {
                    return changed;
                }
                let best = &buffers.best;
                let it = &self.local.skills[usize::from(skill)];
                let now = &best.now[usize::from(skill)];
                let lacks = if teach {
                    !now.taught && it.teachable
                } else {
                    let planned = |&other: &u16| self.local.order_matters(skill, other);
                    let mut moves = best.moves[start.moves.len()..].iter();
                    now.taught && !now.touched && it.practicable && moves.any(planned)
                };
                if lacks {
                    changed |= self.try_in(start, skill, work, buffers);
                }
            }
        }
        changed
    }

    /// Takes a skill in as early as it can come, what it is linked to left in the plan or not; keeps the result if it
    /// is better.
    fn try_in(
        &self,
        start: &Node,
        skill: u16,
        work: &mut usize,
        buffers: &mut super::Buffers,
    ) -> bool {
        let alone = [skill];
        let chain = self.local.closure(skill).unwrap_or(&alone);
        for keep_linked in [true, false] {
            let Some(linked_goes) = self.make_room(start, chain, keep_linked, buffers) else {
                continue;
            };
            if !keep_linked && !linked_goes {
                // The same as before.
                break;
            }
            let super::Buffers {
                improve: Buffers { moves, .. },
                trial,
                best,
                ..
            } = buffers;
            *work = work.saturating_sub(moves.len());
            trial.copy_without_rank(start);
            self.replay(trial, moves);
            self.fill(trial);
            if best.value * (1.0 + 1e-6) < trial.value {
                std::mem::swap(best, trial);
                return true;
            }
        }
        false
    }

    /// Writes the moves of the plan with the chain's in place of those that gain least a minute, and says whether any
    /// that is linked to its last skill had to go; `None` where there is no room.
    fn make_room(
        &self,
        start: &Node,
        chain: &[u16],
        keep_linked: bool,
        buffers: &mut super::Buffers,
    ) -> Option<bool> {
        let super::Buffers {
            improve: Buffers {
                moves, promises, ..
            },
            best,
            ..
        } = buffers;
        let skill = *chain.last()?;
        let fixed = start.moves.len();
        let lacking = || {
            let waits = |it: &&u16| **it == skill || !best.taught(usize::from(**it));
            chain.iter().filter(waits)
        };
        let minutes = |&it: &u16| match start.minutes[usize::from(it)] {
            minutes if minutes.is_finite() => minutes,
            _ => self.local.skills[usize::from(it)].lesson_minutes,
        };
        let mut needed = lacking().map(minutes).sum::<f32>() - best.left - 1e-4;
        let linked = |i: usize| self.local.order_matters(best.moves[fixed + i], skill);
        promises.clear();
        for (i, &(gain, minutes)) in best.parts[fixed..].iter().enumerate() {
            if !(keep_linked && linked(i)) {
                promises.push((gain / minutes, i as u16));
            }
        }
        promises.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (mut dropped, mut linked_goes) = (Marks::default(), false);
        for &(_, i) in promises.iter() {
            if needed <= 0.0 {
                break;
            }
            needed -= best.parts[fixed + usize::from(i)].1;
            dropped.put(i);
            linked_goes |= linked(usize::from(i));
        }
        if 0.0 < needed {
            return None;
        }
        moves.clear();
        let kept = best.moves[fixed..].iter().enumerate();
        moves.extend(kept.filter(|(i, _)| !dropped.has(*i as u16)).map(|it| it.1));
        let place = self.place(start, skill, moves);
        for &it in lacking().rev() {
            moves.insert(place, it);
        }
        Some(linked_goes)
    }

    /// Where a skill comes best: behind what it builds on, but before what builds on it, and a practice first of all.
    fn place(&self, start: &Node, skill: u16, moves: &[u16]) -> usize {
        let builds = |on: u16, it: u16| self.local.dependants(usize::from(on)).contains(&it);
        let first = moves.iter().position(|&it| builds(skill, it));
        let first = first.unwrap_or(moves.len());
        if start.taught(usize::from(skill)) {
            return 0;
        }
        let last = |is: &dyn Fn(&u16) -> bool| moves.iter().rposition(is).map_or(0, |at| at + 1);
        let lesson = |it: &u16| builds(*it, skill) && !start.taught(usize::from(*it));
        last(&|it| builds(*it, skill)).min(first).max(last(&lesson))
    }

    /// Tries every place for every activity that is linked to the one there.
    fn reorder(
        &self,
        start: &Node,
        work: &mut usize,
        mut marked: bool,
        buffers: &mut super::Buffers,
    ) -> bool {
        let fixed = start.moves.len();
        let mut changed = false;
        let mut from = 0;
        while fixed + from < buffers.best.moves.len() {
            let mut to = 0;
            while fixed + from < buffers.best.moves.len() && fixed + to < buffers.best.moves.len() {
                let moves = &buffers.best.moves[fixed..];
                if from != to && self.local.order_matters(moves[from], moves[to]) {
                    if !marked {
                        self.mark(start, buffers);
                    }
                    let change = Change { from, to: Some(to) };
                    let better = self.try_change(start, change, work, buffers);
                    marked = !better;
                    changed |= better;
                    if *work == 0 {
                        return changed;
                    }
                }
                to += 1;
            }
            from += 1;
        }
        changed
    }

    /// The same activities in the order of the bank, prerequisites first, if that is worth more.
    pub(super) fn settle_order(&self, start: &Node, buffers: &mut super::Buffers) {
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

    /// Notes the best lesson's state after every eighth activity.
    fn mark(&self, start: &Node, buffers: &mut super::Buffers) {
        let super::Buffers {
            improve: Buffers { marks, .. },
            trial,
            best,
            ..
        } = buffers;
        trial.copy_without_rank(start);
        for (i, &skill) in best.moves[start.moves.len()..].iter().enumerate() {
            if i % STRIDE == 0 {
                if marks.len() <= i / STRIDE {
                    marks.push(Node::default());
                }
                marks[i / STRIDE].copy_without_rank(trial);
            }
            self.apply(trial, usize::from(skill));
        }
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
}
