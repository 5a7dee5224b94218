//! The search for the best ordered lesson of a [`Local`] problem.
//!
//! 1. A greedy lesson, by gain per minute, sets the price of time.
//! 2. A beam over ordered prefixes, scored by value plus what the minutes left would fetch at that
//!    price. A chain of lessons that opens a locked skill is one compound move, so that a poor
//!    prerequisite of a rich skill is not lost.
//! 3. Local search: each activity in turn is left out, or moved past one it is linked to, and the room
//!    filled again.
//!
//! Gains are carried along: a move changes the gain of the skill, of those that depend on it or are
//! practised along with it, and of nothing else.

use paceline_learner::memory::Fsrs;

use crate::Objective;
use crate::lesson::Constraint;
use crate::local::Local;
use crate::value::{self, Branches, Horizon, PracticeGain, SkillState};

#[cfg(test)]
mod tests;

/// Beam width of a full-sized problem.
pub(crate) const WIDTH: usize = 16;
/// Where there are few skills the beam is wider, at equal work: so many next activities a step.
const STEPS: usize = 1024;
/// Widest beam.
const WIDEST: usize = 128;
/// Share of the bound at which a greedy lesson is good enough to start from.
const GOOD_ENOUGH: f32 = 0.97;
/// Skills from which on a greedy lesson may be good enough.
const MANY_SKILLS: usize = 24;
/// Next activities considered of one prefix, best first.
const CONSIDERED: usize = 40;
/// Most activities that local search replays.
const MOST_REPLAYED: usize = 600;
/// Most activities of a lesson.
const MAX_ACTIVITIES: usize = 200;
/// Marks a skill that the prefix has not touched.
const UNTOUCHED: u16 = u16::MAX;
/// No skill.
const NONE: u16 = u16::MAX;

/// Everything about a lesson that is not about a skill.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) objective: Objective,
    pub(crate) fsrs: Fsrs,
    pub(crate) horizon: Horizon,
    pub(crate) learning_rate: f32,
    pub(crate) minutes: f32,
    /// Gain per minute below which nothing is done.
    pub(crate) price: f32,
    /// Other activities between two of the same skill, at most two.
    pub(crate) keep_apart: u8,
    /// Blocked practice: a skill that was left does not come back.
    pub(crate) blocked: bool,
    /// Syllabus order: readiness is not asked for, and what the syllabus says is done even where it
    /// gains nothing.
    pub(crate) syllabus: bool,
    /// New skills that may still be taught today.
    pub(crate) lessons_left: u16,
    /// Minutes that may go to anything but reviews.
    pub(crate) other_minutes: f32,
    /// Items that must follow a lesson at once.
    pub(crate) after_lesson: u16,
    /// Whether related skills are credited.
    pub(crate) credit: bool,
    /// The last two skills before the lesson, latest first.
    pub(crate) before: [u16; 2],
}

/// A skill that the prefix has touched.
#[derive(Clone, Copy, Debug)]
struct Touched {
    local: u16,
    used: u16,
    state: SkillState,
    branches: Branches,
}

/// A prefix of a lesson, with what it leaves to gain.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    /// Skills of the activities, in order.
    pub(crate) moves: Vec<u16>,
    /// Sum of gains.
    pub(crate) value: f32,
    /// Minutes left.
    pub(crate) left: f32,
    other_left: f32,
    lessons: u16,
    last: [u16; 2],
    /// Length of the run that began with the last skill's lesson; 0 where it was not a lesson.
    run: u8,
    /// Order-free fingerprint of the activities.
    key: u64,
    /// Gain of the next activity of each skill.
    pub(crate) gains: Vec<f32>,
    /// Minutes of it; infinite where there is none.
    pub(crate) minutes: Vec<f32>,
    slots: Vec<u16>,
    touched: Vec<Touched>,
    /// What may come next in time, by gain per minute, best first, and the sums up to each.
    ranked: Vec<Ranked>,
    /// Value, and what the minutes left would fetch from what is ranked, split at will.
    bound: f32,
}

/// A next activity in its rank.
#[derive(Clone, Copy, Debug, Default)]
struct Ranked {
    rate: f32,
    skill: u16,
    /// Minutes and gains of this and everything before it.
    minutes: f32,
    gains: f32,
}

impl Node {
    fn copy_from(&mut self, other: &Self) {
        self.clone_from(other);
    }

    /// The state of a skill after the prefix.
    pub(crate) fn state<'a>(&'a self, local: &'a Local, skill: usize) -> &'a SkillState {
        match self.slots[skill] {
            UNTOUCHED => &local.skills[skill].state,
            slot => &self.touched[usize::from(slot)].state,
        }
    }

    fn branches<'a>(&'a self, local: &'a Local, skill: usize) -> &'a Branches {
        match self.slots[skill] {
            UNTOUCHED => &local.skills[skill].branches,
            slot => &self.touched[usize::from(slot)].branches,
        }
    }

    /// Items of the skill that the prefix has used.
    pub(crate) fn used(&self, skill: usize) -> usize {
        match self.slots[skill] {
            UNTOUCHED => 0,
            slot => usize::from(self.touched[usize::from(slot)].used),
        }
    }
}

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

/// Buffers of the search, reused from lesson to lesson.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffers {
    nodes: Vec<Node>,
    next: Vec<Node>,
    steps: Vec<Step>,
    keys: Vec<(u64, u16)>,
    trial: Node,
    best: Node,
    trial_moves: Vec<u16>,
}

/// The problem together with its rules: what the search's steps are methods of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search<'a> {
    pub(crate) local: &'a Local,
    pub(crate) rules: &'a Rules,
}

impl Search<'_> {
    /// The empty lesson.
    pub(crate) fn root(&self, node: &mut Node) {
        let n = self.local.len();
        node.moves.clear();
        node.value = 0.0;
        node.left = self.rules.minutes;
        node.other_left = self.rules.other_minutes;
        node.lessons = 0;
        node.last = self.rules.before;
        node.run = 0;
        node.key = 0;
        node.slots.clear();
        node.slots.resize(n, UNTOUCHED);
        node.touched.clear();
        node.gains.clear();
        node.gains.resize(n, 0.0);
        node.minutes.clear();
        node.minutes.resize(n, f32::INFINITY);
        for skill in 0..n {
            self.refresh(node, skill);
        }
    }

    /// Share in which the skill's prerequisites are in place after the prefix, 0 to 1.
    pub(crate) fn readiness(&self, node: &Node, skill: usize) -> f32 {
        let it = &self.local.skills[skill];
        if it.ready_weight <= 0.0 || self.rules.syllabus {
            return 1.0;
        }
        let ready_at = self.rules.objective.ready_at;
        let mut sum = it.ready_outside;
        for edge in self.local.prerequisites(skill) {
            let p = node.state(self.local, usize::from(edge.to)).p_now;
            sum += edge.weight * (p / ready_at).min(1.0);
        }
        (sum / it.ready_weight).min(1.0)
    }

    /// Whether something hard stands before the skill's lesson.
    pub(crate) fn is_locked(&self, node: &Node, skill: usize) -> bool {
        self.local
            .prerequisites(skill)
            .iter()
            .any(|edge| edge.hard && !node.state(self.local, usize::from(edge.to)).taught)
    }

    /// Whether the syllabus has something else to be done with first.
    fn waits(&self, node: &Node, skill: usize) -> bool {
        self.local.skills[skill].after.is_some_and(|before| {
            let before = usize::from(before);
            let due = usize::from(self.local.skills[before].box_items);
            !node.state(self.local, before).taught || node.used(before) < due
        })
    }

    /// Gain of practising a taught skill next, its parts first.
    pub(crate) fn practice(&self, node: &Node, skill: usize) -> (PracticeGain, f32, f32) {
        let it = &self.local.skills[skill];
        let state = node.state(self.local, skill);
        let branches = node.branches(self.local, skill);
        let readiness = self.readiness(node, skill);
        let rules = self.rules;
        let practice = value::practice_gain(
            &rules.objective,
            state,
            branches,
            readiness,
            rules.learning_rate,
        );
        let own = practice.gain * it.worth * (1.0 - state.credit) + it.information;
        let mut related = 0.0;
        if rules.credit {
            for edge in self.local.credits(skill) {
                let to = usize::from(edge.to);
                let target = node.state(self.local, to);
                // Practised in this lesson already: a share more on the same day adds next to nothing.
                let fresh = target.elapsed_days != 0.0 || node.slots[to] == UNTOUCHED;
                let gain = if fresh { edge.base_gain } else { 0.0 };
                related += edge.weight * gain * self.local.skills[to].worth * (1.0 - target.credit);
            }
        }
        (practice, own, practice.recall * related)
    }

    /// Recomputes gain and minutes of the skill's next activity.
    fn refresh(&self, node: &mut Node, skill: usize) {
        let it = &self.local.skills[skill];
        node.minutes[skill] = f32::INFINITY;
        node.gains[skill] = 0.0;
        if self.waits(node, skill) {
            return;
        }
        if node.state(self.local, skill).taught {
            let Some(item) = self.local.items(skill).get(node.used(skill)) else {
                return;
            };
            if !it.practicable {
                return;
            }
            let (_, own, related) = self.practice(node, skill);
            node.minutes[skill] = item.minutes;
            node.gains[skill] = self.floored(own + related, item.minutes);
        } else if it.teachable && !self.is_locked(node, skill) {
            node.minutes[skill] = it.lesson_minutes;
            node.gains[skill] = self.floored(self.lesson_gain(node, skill), it.lesson_minutes);
        }
    }

    /// Gain of teaching the skill next.
    pub(crate) fn lesson_gain(&self, node: &Node, skill: usize) -> f32 {
        let readiness = self.readiness(node, skill);
        let kappa = node.state(self.local, skill).kappa;
        let depth = value::lesson_depth(&self.rules.objective, kappa, readiness);
        readiness * self.local.skills[skill].worth * depth * self.local.lesson_memory
    }

    /// In syllabus order what is next is done even where it gains nothing.
    fn floored(&self, gain: f32, minutes: f32) -> f32 {
        if self.rules.syllabus {
            gain.max((self.rules.price + 1e-4) * minutes)
        } else {
            gain
        }
    }

    /// Whether the skill may come next, and what forbids it if not.
    pub(crate) fn forbids(&self, node: &Node, skill: usize) -> Option<Constraint> {
        let minutes = node.minutes[skill];
        if minutes == f32::INFINITY {
            let taught = node.state(self.local, skill).taught;
            return Some(if taught {
                Constraint::Exposure
            } else {
                Constraint::Unlocking
            });
        }
        if node.left + 1e-4 < minutes {
            return Some(Constraint::Time);
        }
        if !self.is_apart(node, skill as u16) {
            return Some(Constraint::Spacing);
        }
        let lesson = !node.state(self.local, skill).taught;
        if !self.is_review(skill) && node.other_left + 1e-4 < minutes {
            return Some(Constraint::ReviewShare);
        }
        if lesson && self.rules.lessons_left <= node.lessons {
            return Some(Constraint::NewSkillCap);
        }
        None
    }

    /// Whether practising the skill is a review: it was learnt on an earlier day.
    pub(crate) fn is_review(&self, skill: usize) -> bool {
        let state = &self.local.skills[skill].state;
        state.taught && !state.touched_today
    }

    #[inline]
    fn is_apart(&self, node: &Node, skill: u16) -> bool {
        if node.run == 0 && !self.rules.blocked {
            let gap = usize::from(self.rules.keep_apart).min(2);
            return !node.last[..gap].contains(&skill);
        }
        let same = node.last[0] == skill;
        if 0 < node.run {
            if !same && usize::from(node.run) <= self.owed(node) {
                return false;
            }
            if same && node.run < 3 {
                return true;
            }
        }
        if self.rules.blocked {
            return same || !node.moves.contains(&skill);
        }
        let gap = usize::from(self.rules.keep_apart).min(2);
        !node.last[..gap].contains(&skill)
    }

    /// Items owed to the skill just taught.
    fn owed(&self, node: &Node) -> usize {
        let skill = usize::from(node.last[0]);
        match self.local.skills.get(skill) {
            Some(it) if it.practicable => {
                usize::from(self.rules.after_lesson).min(self.local.items(skill).len())
            }
            _ => 0,
        }
    }

    /// Whether the skill's next activity is allowed and worth its time.
    pub(crate) fn pays(&self, node: &Node, skill: usize) -> bool {
        let minutes = node.minutes[skill];
        self.rules.price * minutes < node.gains[skill]
            && minutes <= node.left + 1e-4
            && self.is_apart(node, skill as u16)
            && (minutes <= node.other_left + 1e-4 || self.is_review(skill))
            && (node.lessons < self.rules.lessons_left || node.state(self.local, skill).taught)
    }

    /// Appends the skill's next activity to the prefix; the caller has checked that it may come.
    pub(crate) fn apply(&self, node: &mut Node, skill: usize) {
        let rules = self.rules;
        let state = *node.state(self.local, skill);
        let lesson = !state.taught;
        let readiness = self.readiness(node, skill);
        node.value += node.gains[skill];
        node.left -= node.minutes[skill];
        if !self.is_review(skill) {
            node.other_left -= node.minutes[skill];
        }
        node.moves.push(skill as u16);
        node.key = node
            .key
            .wrapping_add(fingerprint(skill, node.used(skill), lesson));
        node.run = match (lesson, node.last[0] == skill as u16, node.run) {
            (true, _, _) => 1,
            (false, true, run) if 0 < run => run + 1,
            _ => 0,
        };
        node.last = [skill as u16, node.last[0]];
        if lesson {
            node.lessons += 1;
            let after = state.after_lesson(&rules.objective, &rules.fsrs, readiness);
            self.touch(node, skill, after, 0);
        } else {
            let branches = *node.branches(self.local, skill);
            let (practice, ..) = self.practice(node, skill);
            let after = state.after_practice(&branches, &practice);
            self.touch(node, skill, after, 1);
            if rules.credit {
                self.spread(node, skill, practice.recall);
            }
        }
        self.refresh(node, skill);
        for &other in self.local.dependants(skill) {
            self.refresh(node, usize::from(other));
        }
        for &other in self.local.creditors(skill) {
            self.refresh(node, usize::from(other));
        }
        if rules.syllabus {
            for other in 0..self.local.len() {
                if self.local.skills[other].after == Some(skill as u16) {
                    self.refresh(node, other);
                }
            }
        }
    }

    /// Writes the new state of a skill, its branches and items used.
    fn touch(&self, node: &mut Node, skill: usize, state: SkillState, used: u16) {
        let r = self.rules;
        let it = &self.local.skills[skill];
        let first = self.entry(node, skill).used == 0;
        let branches = match (used, first && it.state.taught) {
            (0, _) => self.local.after_lesson,
            (_, true) => it.branches_after,
            _ => Branches::of(&r.objective, &r.fsrs, &r.horizon, &state),
        };
        let entry = self.entry(node, skill);
        entry.state = state;
        entry.branches = branches;
        entry.used += used;
    }

    fn entry<'n>(&self, node: &'n mut Node, skill: usize) -> &'n mut Touched {
        if node.slots[skill] == UNTOUCHED {
            node.slots[skill] = node.touched.len() as u16;
            let it = &self.local.skills[skill];
            node.touched.push(Touched {
                local: skill as u16,
                used: 0,
                state: it.state,
                branches: it.branches,
            });
        }
        let slot = usize::from(node.slots[skill]);
        debug_assert_eq!(usize::from(node.touched[slot].local), skill);
        &mut node.touched[slot]
    }

    /// Credits related skills with their share of an expected success.
    fn spread(&self, node: &mut Node, skill: usize, recall: f32) {
        for edge in self.local.credits(skill) {
            let to = usize::from(edge.to);
            let credit = &mut self.entry(node, to).state.credit;
            *credit = 1.0 - (1.0 - *credit) * (1.0 - recall * edge.weight);
        }
        for edge in self.local.credits(skill) {
            let to = usize::from(edge.to);
            self.refresh(node, to);
            for &other in self.local.creditors(to) {
                self.refresh(node, usize::from(other));
            }
        }
    }

    /// Fills what time is left by gain per minute.
    pub(crate) fn fill(&self, node: &mut Node) {
        while node.moves.len() < MAX_ACTIVITIES {
            match self.best(node) {
                Some(skill) => self.apply(node, skill),
                None => return,
            }
        }
    }

    /// The skill whose next activity gains most per minute, of those that may come.
    pub(crate) fn best(&self, node: &Node) -> Option<usize> {
        let mut best = None;
        for skill in 0..self.local.len() {
            let rate = node.gains[skill] / node.minutes[skill];
            if best.is_none_or(|(top, _)| top < rate) && self.pays(node, skill) {
                best = Some((rate, skill));
            }
        }
        best.map(|(_, skill)| skill)
    }

    /// Teaches what a skill waits for, if all of it fits the time; whether anything was taught.
    pub(crate) fn open_up(&self, node: &mut Node, skill: usize) -> bool {
        let closures = self
            .local
            .closures
            .iter()
            .map(|span| &self.local.chains[span.range()]);
        let mut ending = closures.filter(|chain| chain.last() == Some(&(skill as u16)));
        let Some(chain) = ending.next() else {
            return false;
        };
        let needed: Vec<usize> = chain
            .iter()
            .map(|&before| usize::from(before))
            .filter(|&before| !node.state(self.local, before).taught)
            .collect();
        let minutes: f32 = needed
            .iter()
            .map(|&before| self.local.skills[before].lesson_minutes)
            .sum();
        if node.left + 1e-4 < minutes {
            return false;
        }
        let first = node.moves.len();
        for before in needed {
            if before != skill {
                self.apply(node, before);
            }
        }
        first < node.moves.len()
    }

    /// Gives a lesson that is locked: only where a teacher insists.
    pub(crate) fn force_lesson(&self, node: &mut Node, skill: usize) {
        node.minutes[skill] = self.local.skills[skill].lesson_minutes;
        node.gains[skill] = self.lesson_gain(node, skill);
        self.apply(node, skill);
    }

    /// Repeats an activity that was insisted on.
    pub(crate) fn force(&self, node: &mut Node, skill: usize) {
        if node.minutes[skill].is_finite() {
            self.apply(node, skill);
        } else {
            self.force_lesson(node, skill);
        }
    }

    /// Replays activities on top of `node`, dropping those that may not come there.
    pub(crate) fn replay(&self, node: &mut Node, moves: &[u16]) {
        for &skill in moves {
            if self.pays(node, usize::from(skill)) {
                self.apply(node, usize::from(skill));
            }
        }
    }

    /// Finds the best lesson that begins with `start`, and leaves it in the returned node.
    pub(crate) fn run<'b>(&self, start: &Node, width: usize, buffers: &'b mut Buffers) -> &'b Node {
        let steps = STEPS * width.min(WIDTH) / WIDTH;
        let replayed = MOST_REPLAYED * width.min(WIDTH) / WIDTH;
        let width = width.max((steps / self.local.len().max(1)).min(WIDEST));
        let Buffers { nodes, best, .. } = buffers;
        best.copy_from(start);
        self.fill(best);
        let used = start.left - best.left;
        let rate = if 0.0 < used {
            (best.value - start.value) / used
        } else {
            0.0
        };
        if best.moves.len() == start.moves.len() && self.local.closures.is_empty() {
            return &buffers.best;
        }
        if nodes.is_empty() {
            nodes.push(Node::default());
        }
        nodes[0].copy_from(start);
        nodes[0].ranked.clear();
        self.rank(&mut nodes[0]);
        if !self.greedy_suffices(&nodes[0], best.value - start.value) {
            self.beam(rate, width, buffers);
        }
        self.improve(start, replayed, buffers);
        &buffers.best
    }

    /// Whether the greedy lesson is so near what filling the time with the best first activities, split
    /// at will, would fetch that a beam could hardly add anything. Only where all there is to do is in
    /// view at the start: nothing is left to teach.
    fn greedy_suffices(&self, start: &Node, value: f32) -> bool {
        let n = self.local.len();
        let in_view = |skill: usize| {
            start.state(self.local, skill).taught || !self.local.skills[skill].teachable
        };
        if n < MANY_SKILLS || !(0..n).all(in_view) {
            return false;
        }
        GOOD_ENOUGH * (start.bound - start.value) <= value
    }

    /// Ranks what may come next and bounds what the node can come to.
    ///
    /// Starts from the order of the prefix that this one grew from: few rates have changed, so
    /// insertion costs little more than a pass.
    fn rank(&self, node: &mut Node) {
        let mut ranked = std::mem::take(&mut node.ranked);
        let mut seen = [0u64; 4];
        let eligible = |skill: usize| {
            let (gain, minutes) = (node.gains[skill], node.minutes[skill]);
            (self.rules.price * minutes < gain && minutes <= node.left + 1e-4).then(|| Ranked {
                rate: gain / minutes,
                skill: skill as u16,
                minutes,
                gains: gain,
            })
        };
        let mut kept = 0;
        for i in 0..ranked.len() {
            let skill = usize::from(ranked[i].skill);
            seen[(skill / 64) % 4] |= 1 << (skill % 64);
            if let Some(it) = eligible(skill) {
                ranked[kept] = it;
                kept += 1;
            }
        }
        ranked.truncate(kept);
        for skill in 0..self.local.len() {
            if seen[(skill / 64) % 4] >> (skill % 64) & 1 == 0 {
                ranked.extend(eligible(skill));
            }
        }
        insertion_sort(&mut ranked);
        let (mut minutes, mut gains) = (0.0, 0.0);
        for it in &mut ranked {
            minutes += it.minutes;
            gains += it.gains;
            (it.minutes, it.gains) = (minutes, gains);
        }
        node.ranked = ranked;
        node.bound = node.value + potential(&node.ranked, node.left);
    }

    /// Beam over prefixes, each scored by its value and what its minutes left would fetch; `rate` is
    /// what a minute fetches in the greedy lesson.
    ///
    /// A step's first score supposes that it changes nothing else. Of the best by that, twice as many as
    /// the beam is wide are carried out and scored again with all that they open and devalue.
    fn beam(&self, rate: f32, width: usize, buffers: &mut Buffers) {
        let Buffers {
            nodes,
            next,
            steps,
            keys,
            trial,
            best,
            ..
        } = buffers;
        let mut live = 1;
        while 0 < live {
            self.propose(&nodes[..live], rate, trial, steps);
            keys.clear();
            let keep = steps.len().min(6 * width);
            if keep < steps.len() {
                steps.select_nth_unstable_by(keep, order);
                steps.truncate(keep);
            }
            steps.sort_unstable_by(order);
            let mut grown = 0;
            for step in steps.iter() {
                if grown == 2 * width {
                    break;
                }
                if next.len() == grown {
                    next.push(Node::default());
                }
                let parent = &nodes[step.node as usize];
                if step.choice < Step::CHAIN && !is_new(keys, self.key_after(parent, step.choice)) {
                    continue;
                }
                let child = &mut next[grown];
                child.copy_from(parent);
                self.take(child, step.choice);
                let key = (child.key, child.last[0]);
                if !is_new(keys, key) {
                    continue;
                }
                keys.push(key);
                self.rank(child);
                if best.value < child.value {
                    best.copy_from(child);
                }
                if child.moves.len() < MAX_ACTIVITIES {
                    grown += 1;
                }
            }
            // Stable, so that ties stay in the order of the steps.
            next[..grown].sort_by(|a, b| b.bound.total_cmp(&a.bound));
            std::mem::swap(nodes, next);
            live = grown.min(width);
        }
    }

    /// The fingerprint of a prefix and its last skill, after one more activity.
    fn key_after(&self, node: &Node, skill: u32) -> (u64, u16) {
        let at = skill as usize;
        let lesson = !node.state(self.local, at).taught;
        let key = node
            .key
            .wrapping_add(fingerprint(at, node.used(at), lesson));
        (key, skill as u16)
    }

    /// Lists the ways to go on from all nodes.
    fn propose(&self, nodes: &[Node], rate: f32, trial: &mut Node, steps: &mut Vec<Step>) {
        steps.clear();
        for (i, node) in nodes.iter().enumerate() {
            for (place, it) in node.ranked.iter().enumerate().take(CONSIDERED) {
                let skill = usize::from(it.skill);
                if self.pays(node, skill) {
                    steps.push(Step {
                        score: node.value + with_first(&node.ranked, place, node.left),
                        node: i as u32,
                        choice: u32::from(it.skill),
                    });
                }
            }
            for closure in 0..self.local.closures.len() {
                if let Some(score) = self.try_chain(node, closure, rate, trial) {
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
    fn try_chain(&self, node: &Node, closure: usize, rate: f32, trial: &mut Node) -> Option<f32> {
        let chain = &self.local.chains[self.local.closures[closure].range()];
        let mut minutes = 0.0;
        let mut bound = 0.0;
        let mut lessons = 0;
        for &skill in chain {
            let it = &self.local.skills[usize::from(skill)];
            if !node.state(self.local, usize::from(skill)).taught {
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
        self.rank(trial);
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
            if !node.state(self.local, skill).taught && self.forbids(node, skill).is_none() {
                self.apply(node, skill);
            }
        }
    }

    /// Local search around the best lesson: each activity in turn is left out, or moved to another
    /// place, and the room filled again, while that helps and work is left.
    fn improve(&self, start: &Node, most_replayed: usize, buffers: &mut Buffers) {
        let fixed = start.moves.len();
        let mut left = most_replayed;
        let mut changed = true;
        while changed {
            changed = false;
            let mut i = fixed;
            while i < buffers.best.moves.len() {
                let better = self.try_change(start, i, None, &mut left, buffers);
                changed |= better;
                i = if better { fixed } else { i + 1 };
            }
            for i in fixed..buffers.best.moves.len() {
                for to in fixed..buffers.best.moves.len() {
                    // A change that helped may have left fewer activities.
                    if buffers.best.moves.len() <= i.max(to) {
                        continue;
                    }
                    let (from, at) = (buffers.best.moves[i], buffers.best.moves[to]);
                    if i != to && self.order_matters(from, at) {
                        changed |= self.try_change(start, i, Some(to), &mut left, buffers);
                    }
                }
            }
        }
    }

    /// Takes activity `i` out, puts it back at `to` if given, fills up; keeps the result if better.
    fn try_change(
        &self,
        start: &Node,
        i: usize,
        to: Option<usize>,
        replayed: &mut usize,
        buffers: &mut Buffers,
    ) -> bool {
        let Some(left) = replayed.checked_sub(buffers.best.moves.len() - start.moves.len()) else {
            return false;
        };
        *replayed = left;
        let Buffers {
            trial,
            best,
            trial_moves,
            ..
        } = buffers;
        trial_moves.clear();
        trial_moves.extend_from_slice(&best.moves[start.moves.len()..]);
        let skill = trial_moves.remove(i - start.moves.len());
        if let Some(to) = to {
            trial_moves.insert(to - start.moves.len(), skill);
        }
        trial.copy_from(start);
        self.replay(trial, trial_moves);
        self.fill(trial);
        let better = best.value * (1.0 + 1e-6) < trial.value;
        if better {
            std::mem::swap(best, trial);
        }
        better
    }

    /// Whether the order of two skills can change a gain: one builds on, or is credited by, the other.
    fn order_matters(&self, a: u16, b: u16) -> bool {
        let linked = |from: u16, to: u16| {
            self.local.dependants(usize::from(from)).contains(&to)
                || self.local.creditors(usize::from(from)).contains(&to)
        };
        linked(a, b) || linked(b, a)
    }
}

/// Sorts by rate, best first, ties by skill. For nearly sorted slices; far from sorted, it hands over.
fn insertion_sort(ranked: &mut [Ranked]) {
    let first = |a: &Ranked, b: &Ranked| {
        b.rate
            .total_cmp(&a.rate)
            .then(a.skill.cmp(&b.skill))
            .is_lt()
    };
    let mut shifts = 8 * ranked.len();
    for i in 1..ranked.len() {
        let it = ranked[i];
        let mut to = i;
        while 0 < to && first(&it, &ranked[to - 1]) {
            ranked[to] = ranked[to - 1];
            to -= 1;
        }
        ranked[to] = it;
        shifts = shifts.saturating_sub(i - to);
        if shifts == 0 {
            ranked.sort_unstable_by(|a, b| b.rate.total_cmp(&a.rate).then(a.skill.cmp(&b.skill)));
            return;
        }
    }
}

/// What `left` minutes fetch from what is ranked, the last activity split.
fn potential(ranked: &[Ranked], left: f32) -> f32 {
    let full = ranked.partition_point(|it| it.minutes <= left);
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

/// Whether a prefix is worth keeping beside those kept: at most two orders of the same activities, with
/// different ends.
fn is_new(keys: &[(u64, u16)], key: (u64, u16)) -> bool {
    let mut same = keys.iter().filter(|seen| seen.0 == key.0);
    match (same.next(), same.next()) {
        (None, _) => true,
        (Some(seen), None) => seen.1 != key.1,
        _ => false,
    }
}

/// Best score first; ties by node and choice, so that the order is total.
fn order(a: &Step, b: &Step) -> std::cmp::Ordering {
    b.score
        .total_cmp(&a.score)
        .then(a.node.cmp(&b.node))
        .then(a.choice.cmp(&b.choice))
}

/// A well-mixed number for one activity, so that sums of them identify sets.
fn fingerprint(skill: usize, used: usize, lesson: bool) -> u64 {
    let mut x = (skill as u64) << 16 | (used as u64) << 1 | u64::from(lesson);
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// The value of [`Rules::before`] where nothing came before.
pub(crate) const NOTHING_BEFORE: [u16; 2] = [NONE, NONE];
