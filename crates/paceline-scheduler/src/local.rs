//! The planning problem of one lesson, cut down to the few skills that can matter in it.
//!
//! Indexes are local: `0..n` for the skills chosen from the bank, in the order of the bank. The
//! search (`search`) works on this alone and knows neither bank nor learner.

use paceline_core::ids::{ItemIx, SkillIx};

use paceline_learner::memory::Fsrs;

use crate::Objective;
use crate::value::{self, Branches, Horizon, SkillState};

/// An edge to another local skill.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) to: u16,
    pub(crate) weight: f32,
    /// Prerequisites: whether the edge is hard. Credits: unused.
    pub(crate) hard: bool,
    /// Credits: gain of the target from this share while it is as it was at the start.
    pub(crate) base_gain: f32,
}

/// An item that the lesson may use for a skill.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ItemChoice {
    pub(crate) item: ItemIx,
    pub(crate) minutes: f32,
    /// Log-odds of a right answer on it relative to a typical item of the skill.
    pub(crate) offset_logit: f32,
}

/// A half-open range into one of the pools of [`Local`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

impl Span {
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }
}

/// One skill of the problem.
#[derive(Clone, Debug)]
pub(crate) struct LocalSkill {
    pub(crate) skill: SkillIx,
    pub(crate) state: SkillState,
    pub(crate) branches: Branches,
    /// The branches after one answer: readiness does not enter memory, so they are the same in every
    /// lesson.
    pub(crate) branches_after: Branches,
    /// Goal weight and unlock value: `v_k`.
    pub(crate) worth: f32,
    /// Worth of what one answer tells about mastery.
    pub(crate) information: f32,
    /// Sum of `weight * min(1, P / ready_at)` over prerequisites outside the problem.
    pub(crate) ready_outside: f32,
    /// Sum of weights over all prerequisites; 0 where there are none.
    pub(crate) ready_weight: f32,
    /// Expected minutes of the lesson text.
    pub(crate) lesson_minutes: f32,
    /// Whether its lesson may be given at all.
    pub(crate) teachable: bool,
    /// Whether its items may be given.
    pub(crate) practicable: bool,
    /// Items to give after the lesson before the syllabus goes on.
    pub(crate) box_items: u16,
    /// Syllabus mode: the skill that must be done with before this one is taught.
    pub(crate) after: Option<u16>,
    pub(crate) items: Span,
    pub(crate) prerequisites: Span,
    pub(crate) dependants: Span,
    pub(crate) credits: Span,
    pub(crate) creditors: Span,
}

/// The problem: skills, edges and items in flat pools, refilled for every lesson.
#[derive(Clone, Debug, Default)]
pub(crate) struct Local {
    pub(crate) skills: Vec<LocalSkill>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) links: Vec<u16>,
    pub(crate) items: Vec<ItemChoice>,
    /// Chains of lessons that end in a skill which is locked at the start.
    pub(crate) closures: Vec<Span>,
    pub(crate) chains: Vec<u16>,
    /// Difficulty after any lesson.
    pub(crate) lesson_difficulty: f32,
    /// The branches after any lesson.
    pub(crate) after_lesson: Branches,
    /// Gain of a perfectly ready lesson, memory part: equal for all skills.
    pub(crate) lesson_memory: f32,
}

/// Most skills of a problem.
pub(crate) const MOST_LOCAL: usize = 256;
/// Longest chain of lessons tried as one move.
const MAX_CHAIN: usize = 6;

impl Local {
    /// Empties the problem, keeping its memory.
    pub(crate) fn clear(&mut self) {
        self.skills.clear();
        self.edges.clear();
        self.links.clear();
        self.items.clear();
        self.closures.clear();
        self.chains.clear();
    }

    /// Number of skills.
    pub(crate) fn len(&self) -> usize {
        self.skills.len()
    }

    pub(crate) fn prerequisites(&self, skill: usize) -> &[Edge] {
        &self.edges[self.skills[skill].prerequisites.range()]
    }

    pub(crate) fn credits(&self, skill: usize) -> &[Edge] {
        &self.edges[self.skills[skill].credits.range()]
    }

    pub(crate) fn dependants(&self, skill: usize) -> &[u16] {
        &self.links[self.skills[skill].dependants.range()]
    }

    pub(crate) fn creditors(&self, skill: usize) -> &[u16] {
        &self.links[self.skills[skill].creditors.range()]
    }

    pub(crate) fn items(&self, skill: usize) -> &[ItemChoice] {
        &self.items[self.skills[skill].items.range()]
    }

    /// Derives everything that follows from skills, prerequisites, credits and items.
    pub(crate) fn finish(&mut self, objective: &Objective, fsrs: &Fsrs, horizon: &Horizon) {
        self.lesson_memory = value::lesson_memory(objective, fsrs, horizon);
        if let Some(any) = self.skills.first() {
            let taught = any.state.after_lesson(objective, fsrs, 1.0);
            self.lesson_difficulty = taught.difficulty;
            self.after_lesson = Branches::of(objective, fsrs, horizon, &taught);
        }
        for skill in &mut self.skills {
            if skill.state.taught {
                let of = |state: &SkillState| Branches::of(objective, fsrs, horizon, state);
                skill.branches = of(&skill.state);
                let practice =
                    value::practice_gain(objective, &skill.state, &skill.branches, 1.0, 1.0);
                skill.branches_after = of(&skill.state.after_practice(&skill.branches, &practice));
            }
        }
        for from in 0..self.skills.len() {
            for edge in self.skills[from].credits.range() {
                let Edge { to, weight, .. } = self.edges[edge];
                let target = &self.skills[usize::from(to)];
                self.edges[edge].base_gain =
                    value::credit_gain(objective, fsrs, horizon, &target.state, weight);
            }
        }
        self.reverse(
            |skill| skill.prerequisites,
            |skill, span| skill.dependants = span,
        );
        self.reverse(|skill| skill.credits, |skill, span| skill.creditors = span);
        self.find_closures();
    }

    /// Writes, for every skill, which skills have an edge to it.
    fn reverse(&mut self, row: impl Fn(&LocalSkill) -> Span, put: impl Fn(&mut LocalSkill, Span)) {
        let n = self.skills.len();
        let start = self.links.len();
        let mut degree = vec![0u32; n + 1];
        for skill in &self.skills {
            for edge in &self.edges[row(skill).range()] {
                degree[usize::from(edge.to) + 1] += 1;
            }
        }
        for i in 0..n {
            degree[i + 1] += degree[i];
        }
        self.links.resize(start + degree[n] as usize, 0);
        for (i, skill) in self.skills.iter_mut().enumerate() {
            let span = Span {
                start: start as u32 + degree[i],
                len: degree[i + 1] - degree[i],
            };
            put(skill, span);
        }
        for from in 0..n {
            for edge in row(&self.skills[from]).range() {
                let to = usize::from(self.edges[edge].to);
                self.links[start + degree[to] as usize] = from as u16;
                degree[to] += 1;
            }
        }
    }

    /// Finds the chains of lessons that would open each locked skill.
    fn find_closures(&mut self) {
        let mut chain = Vec::new();
        for target in 0..self.skills.len() {
            let skill = &self.skills[target];
            if skill.state.taught || !skill.teachable || !self.is_locked(target) {
                continue;
            }
            chain.clear();
            if self.collect(target, &mut chain) && 1 < chain.len() {
                let span = Span {
                    start: self.chains.len() as u32,
                    len: chain.len() as u32,
                };
                self.chains.extend_from_slice(&chain);
                self.closures.push(span);
            }
        }
    }

    fn is_locked(&self, skill: usize) -> bool {
        self.prerequisites(skill)
            .iter()
            .any(|edge| edge.hard && !self.skills[usize::from(edge.to)].state.taught)
    }

    /// Appends the untaught closure of `skill`, prerequisites first; false if it is too long or
    /// cannot be taught.
    fn collect(&self, skill: usize, chain: &mut Vec<u16>) -> bool {
        if chain.contains(&(skill as u16)) {
            return true;
        }
        if !self.skills[skill].teachable || self.skills[skill].after.is_some() {
            return false;
        }
        for edge in self.prerequisites(skill) {
            let to = usize::from(edge.to);
            if edge.hard && !self.skills[to].state.taught && !self.collect(to, chain) {
                return false;
            }
        }
        chain.push(skill as u16);
        chain.len() <= MAX_CHAIN
    }
}
