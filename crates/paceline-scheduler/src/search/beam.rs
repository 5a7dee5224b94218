//! Beam over ordered prefixes.

use super::{Node, Ranked, Search, WIDTH, fingerprint};
use crate::local::Marks;

/// Skills times prefixes carried out in all, about, by a beam of production width.
const WORK: usize = 16_000;
/// Skills times width of the widest beam of production width, where that is not narrower than [`WIDTH`].
const STEPS: usize = 1024;
/// Skills up to which a problem without anything to teach gets a beam.
const FEW_SKILLS: usize = 24;
/// Next activities considered of one prefix, best first.
const CONSIDERED: usize = 40;

/// A way to go on from a node of the beam.
#[derive(Clone, Copy, Debug)]
struct Step {
    score: f32,
    node: u32,
    /// The skill, or, from [`Step::CHAIN`] on, the closure.
    choice: u32,
}

impl Step {
    const CHAIN: u32 = 1 << 16;
}

/// Buffers of the beam.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    nodes: Vec<Node>,
    next: Vec<Node>,
    steps: Vec<Step>,
    keys: Vec<(u64, u16)>,
    /// The next prefixes, best first.
    order: Vec<u32>,
    /// What is to be ranked anew.
    moved: Vec<Ranked>,
}

impl Search<'_> {
    /// Ranks what may come next and bounds what the node can come to.
    ///
    /// Starts from the order of the prefix that this one grew from: the few skills whose rate has changed are
    /// taken out, sorted by themselves and merged in again.
    pub(super) fn rank(&self, node: &mut Node, moved: &mut Vec<Ranked>) {
        let mut ranked = std::mem::take(&mut node.ranked);
        ranked.retain(|it| {
            !node.changed.has(it.skill) && node.minutes[usize::from(it.skill)] <= node.left + 1e-4
        });
        moved.clear();
        node.changed.each(|skill| {
            let (rate, minutes) = (node.rates[skill], node.minutes[skill]);
            if 0.0 < rate && minutes <= node.left + 1e-4 {
                moved.push(Ranked {
                    rate,
                    skill: skill as u16,
                    ..Ranked::default()
                });
            }
        });
        node.changed = Marks::default();
        moved.sort_unstable_by(best_first);
        merge(&mut ranked, moved);
        let (mut minutes, mut gains) = (0.0, 0.0);
        for it in &mut ranked {
            let skill = usize::from(it.skill);
            minutes += node.minutes[skill];
            gains += node.gains[skill];
            (it.minutes, it.gains) = (minutes, gains);
        }
        node.ranked = ranked;
        node.bound = node.value + potential(&node.ranked, node.left);
    }

    /// Beam over prefixes, each scored by its value and what its minutes left would fetch. Begins from the
    /// best lesson so far, and leaves a better one there.
    ///
    /// A step's first score supposes that it changes nothing else. Of the best by that, twice as many as
    /// the beam is wide are carried out and scored again with all that they open and devalue.
    pub(super) fn beam(&self, start: &Node, width: usize, buffers: &mut super::Buffers) {
        let super::Buffers {
            beam:
                Buffers {
                    nodes,
                    next,
                    steps,
                    keys,
                    order,
                    moved,
                },
            trial,
            best,
            ..
        } = buffers;
        let used = start.left - best.left;
        let rate = if 0.0 < used {
            (best.value - start.value) / used
        } else {
            0.0
        };
        if nodes.is_empty() {
            nodes.push(Node::default());
        }
        nodes[0].copy_from(start);
        self.rank(&mut nodes[0], moved);
        let mut live = width.min(1);
        while 0 < live {
            self.propose(&nodes[..live], rate, (trial, moved), steps);
            keys.clear();
            let keep = steps.len().min(6 * width);
            if keep < steps.len() {
                steps.select_nth_unstable_by(keep, first_step);
                steps.truncate(keep);
            }
            steps.sort_unstable_by(first_step);
            let mut grown = 0;
            for step in steps.iter() {
                if grown == 2 * width {
                    break;
                }
                if next.len() == grown {
                    next.push(Node::default());
                }
                let parent = &nodes[step.node as usize];
                // Orders of the same activities need different ends.
                if step.choice < Step::CHAIN && keys.contains(&self.key_after(parent, step.choice))
                {
                    continue;
                }
                let child = &mut next[grown];
                child.copy_from(parent);
                self.take(child, step.choice);
                let key = (child.key, child.last[0]);
                if keys.contains(&key) {
                    continue;
                }
                keys.push(key);
                self.rank(child, moved);
                if best.value < child.value {
                    best.copy_from(child);
                }
                if child.moves.len() < super::MAX_ACTIVITIES {
                    grown += 1;
                }
            }
            order.clear();
            order.extend(0..grown as u32);
            let bound = |&i: &u32| next[i as usize].bound;
            order.sort_unstable_by(|a, b| bound(b).total_cmp(&bound(a)).then(a.cmp(b)));
            live = grown.min(width);
            for (to, &from) in order[..live].iter().enumerate() {
                if nodes.len() == to {
                    nodes.push(Node::default());
                }
                std::mem::swap(&mut nodes[to], &mut next[from as usize]);
            }
        }
    }

    /// How wide the beam is to be; 0 for none.
    ///
    /// Equal work for all: the more skills and the longer the lesson, the narrower. A beam pays where lessons open
    /// each other, and where there are few skills, and so little to do.
    pub(super) fn breadth(&self, width: usize, start: &Node, greedy: &Node) -> usize {
        let n = self.local.len();
        let length = (greedy.moves.len() - start.moves.len()).max(1);
        let teaches =
            (0..n).any(|skill| !start.taught(skill) && self.local.skills[skill].teachable);
        if !teaches && FEW_SKILLS < n {
            return 0;
        }
        let widest = (STEPS / n.max(1)).clamp(WIDTH, 8 * WIDTH);
        (width * (WORK / (n.max(1) * length)).min(widest) / WIDTH).max(1)
    }

    /// The fingerprint of a prefix and its last skill, after one more activity.
    fn key_after(&self, node: &Node, skill: u32) -> (u64, u16) {
        let at = skill as usize;
        let lesson = !node.taught(at);
        let key = node
            .key
            .wrapping_add(fingerprint(at, node.used(at), lesson));
        (key, skill as u16)
    }

    /// Lists the ways to go on from all nodes.
    fn propose(
        &self,
        nodes: &[Node],
        rate: f32,
        (trial, moved): (&mut Node, &mut Vec<Ranked>),
        steps: &mut Vec<Step>,
    ) {
        steps.clear();
        for (i, node) in nodes.iter().enumerate() {
            let full = full(&node.ranked, node.left);
            for (place, it) in node.ranked.iter().enumerate().take(CONSIDERED) {
                let skill = usize::from(it.skill);
                if self.pays(node, skill) {
                    let score = if place < full {
                        node.bound
                    } else {
                        node.value + with_first(&node.ranked, place, node.left)
                    };
                    steps.push(Step {
                        score,
                        node: i as u32,
                        choice: u32::from(it.skill),
                    });
                }
            }
            for closure in 0..self.local.closures.len() {
                if let Some(score) = self.try_chain(node, closure, rate, (trial, moved)) {
                    steps.push(Step {
                        score,
                        node: i as u32,
                        choice: Step::CHAIN + closure as u32,
                    });
                }
            }
        }
    }

    /// Score after a chain of lessons, where it can be given and could be worth it.
    fn try_chain(
        &self,
        node: &Node,
        closure: usize,
        rate: f32,
        (trial, moved): (&mut Node, &mut Vec<Ranked>),
    ) -> Option<f32> {
        let chain = &self.local.chains[self.local.closures[closure].range()];
        let mut minutes = 0.0;
        let mut bound = 0.0;
        let mut lessons = 0;
        for &skill in chain {
            let it = &self.local.skills[usize::from(skill)];
            if !node.taught(usize::from(skill)) {
                minutes += it.lesson_minutes;
                bound += it.worth * self.local.lesson_memory;
                lessons += 1;
            }
        }
        // A chain of one is an ordinary move; one that cannot beat the going rate is not tried.
        if lessons < 2 || node.left < minutes || bound < 0.8 * rate * minutes {
            return None;
        }
        trial.copy_from(node);
        self.take(trial, Step::CHAIN + closure as u32);
        let taught = trial.lessons - node.lessons;
        if usize::from(taught) != lessons {
            return None;
        }
        self.rank(trial, moved);
        Some(trial.bound)
    }

    /// Carries out a step.
    fn take(&self, node: &mut Node, choice: u32) {
        if choice < Step::CHAIN {
            self.apply(node, choice as usize);
            return;
        }
        let closure = (choice - Step::CHAIN) as usize;
        let chain = &self.local.chains[self.local.closures[closure].range()];
        for &skill in chain {
            let skill = usize::from(skill);
            if !node.taught(skill) && self.forbids(node, skill).is_none() {
                self.apply(node, skill);
            }
        }
    }
}

/// Best rate first; ties by skill.
fn best_first(a: &Ranked, b: &Ranked) -> std::cmp::Ordering {
    b.rate.total_cmp(&a.rate).then(a.skill.cmp(&b.skill))
}

/// Merges what is sorted in `moved` into what is sorted in `ranked`, from the end.
fn merge(ranked: &mut Vec<Ranked>, moved: &[Ranked]) {
    let mut kept = ranked.len();
    ranked.extend_from_slice(moved);
    let mut to = ranked.len();
    for it in moved.iter().rev() {
        to -= 1;
        while 0 < kept && best_first(it, &ranked[kept - 1]).is_lt() {
            kept -= 1;
            ranked[to] = ranked[kept];
            to -= 1;
        }
        ranked[to] = *it;
    }
}

/// How many of what is ranked fit into `left` minutes, one after the other.
fn full(ranked: &[Ranked], left: f32) -> usize {
    ranked.partition_point(|it| it.minutes <= left)
}

/// What `left` minutes fetch from what is ranked, the last activity split.
fn potential(ranked: &[Ranked], left: f32) -> f32 {
    let full = full(ranked, left);
    let before = full
        .checked_sub(1)
        .map_or(Ranked::default(), |last| ranked[last]);
    let rest = ranked
        .get(full)
        .map_or(0.0, |it| it.rate * (left - before.minutes));
    before.gains + rest
}

/// [`potential`] with the activity at `place` taken whole, and first.
fn with_first(ranked: &[Ranked], place: usize, left: f32) -> f32 {
    let before = place
        .checked_sub(1)
        .map_or(Ranked::default(), |last| ranked[last]);
    let (minutes, gain) = (
        ranked[place].minutes - before.minutes,
        ranked[place].gains - before.gains,
    );
    if left - minutes < before.minutes {
        // Others fill what it leaves before its turn comes.
        gain + potential(&ranked[..place], left - minutes)
    } else {
        potential(ranked, left)
    }
}

/// Best score first; ties by node and choice, so that the order is total.
fn first_step(a: &Step, b: &Step) -> std::cmp::Ordering {
    b.score
        .total_cmp(&a.score)
        .then(a.node.cmp(&b.node))
        .then(a.choice.cmp(&b.choice))
}
