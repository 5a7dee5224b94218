//! The planning problem of one lesson, cut down to the few skills that can matter in it.
//!
//! Indexes are local: `0..n` for the skills chosen from the bank, in the order of the bank. The
//! search (`search`) works on this alone and knows neither bank nor learner.

use paceline_core::ids::{ItemIx, SkillIx};

use paceline_learner::memory::Fsrs;

use crate::Objective;
use crate::kernel::{self, BLOCK, Block};
use crate::value::{self, Branches, Horizon, SkillState};

/// An edge to another local skill.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) to: u16,
    pub(crate) weight: f32,
    /// Prerequisites: whether the edge is hard. Credits: unused.
    pub(crate) hard: bool,
    /// Gain of the target from this share of a success while it is as it was at the start.
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

/// A skill whose practice another gets a share of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Creditor {
    pub(crate) from: u16,
    /// Worth of that share before anything is done.
    pub(crate) gain: f32,
}

/// A set of local skills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks([u64; MOST_LOCAL / 64]);

impl Marks {
    #[inline]
    pub(crate) fn put(&mut self, skill: u16) {
        self.0[usize::from(skill / 64) % (MOST_LOCAL / 64)] |= 1 << (skill % 64);
    }

    #[inline]
    pub(crate) fn has(&self, skill: u16) -> bool {
        self.0[usize::from(skill / 64) % (MOST_LOCAL / 64)] >> (skill % 64) & 1 == 1
    }

    /// The members that are not in `other`.
    #[inline]
    pub(crate) fn without(mut self, other: Self) -> Self {
        for (word, out) in self.0.iter_mut().zip(other.0) {
            *word &= !out;
        }
        self
    }

    /// Visits the members, ascending.
    #[inline]
    pub(crate) fn each(self, mut visit: impl FnMut(usize)) {
        for (i, mut word) in self.0.into_iter().enumerate() {
            while word != 0 {
                visit(64 * i + word.trailing_zeros() as usize);
                word &= word - 1;
            }
        }
    }
}

impl FromIterator<u16> for Marks {
    fn from_iter<I: IntoIterator<Item = u16>>(skills: I) -> Self {
        let mut marks = Self::default();
        skills.into_iter().for_each(|skill| marks.put(skill));
        marks
    }
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
    /// Whether its first item stands in place of its lesson.
    pub(crate) first_try: bool,
    /// Syllabus mode: the skill that must be done with before this one is taught.
    pub(crate) after: Option<u16>,
    pub(crate) items: Span,
    pub(crate) prerequisites: Span,
    pub(crate) dependants: Span,
    pub(crate) credits: Span,
    pub(crate) creditors: Span,
}

/// Columns for the kernels. Shape: all `[BLOCK]`.
#[derive(Clone, Debug)]
struct Columns {
    a: [f32; BLOCK],
    b: [f32; BLOCK],
    c: [f32; BLOCK],
    d: [f32; BLOCK],
}

impl Default for Columns {
    fn default() -> Self {
        let [a, b, c, d] = [[0.0; BLOCK]; 4];
        Self { a, b, c, d }
    }
}

/// The problem: skills, edges and items in flat pools, refilled for every lesson.
#[derive(Clone, Debug, Default)]
pub(crate) struct Local {
    pub(crate) skills: Vec<LocalSkill>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) links: Vec<u16>,
    pub(crate) creditor_pool: Vec<Creditor>,
    pub(crate) items: Vec<ItemChoice>,
    /// Chains of lessons that end in a skill which is locked at the start.
    pub(crate) closures: Vec<Span>,
    pub(crate) chains: Vec<u16>,
    /// The skills that each builds on, is built on by, credits or is credited by. Shape: `[n]`.
    linked: Vec<Marks>,
    /// The skills that each is easily confused with. Shape: `[n]`.
    pub(crate) confusable: Vec<Marks>,
    /// Where the row of each skill begins in the pool being filled. Shape: `[n + 1]`.
    degree: Vec<u32>,
    chain: Vec<u16>,
    columns: Columns,
    block: Block,
    /// Difficulty after any lesson.
    pub(crate) lesson_difficulty: f32,
    /// The branches after any lesson.
    pub(crate) after_lesson: Branches,
    /// Gain of a perfectly ready lesson, memory part: equal for all skills.
    pub(crate) lesson_memory: f32,
}

/// Most skills of a problem.
pub(crate) const MOST_LOCAL: usize = BLOCK;
/// Longest chain of lessons tried as one move.
const MAX_CHAIN: usize = 6;

impl Local {
    /// Empties the problem, keeping its memory.
    pub(crate) fn clear(&mut self) {
        self.skills.clear();
        self.edges.clear();
        self.links.clear();
        self.creditor_pool.clear();
        self.items.clear();
        self.confusable.clear();
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

    pub(crate) fn creditors(&self, skill: usize) -> &[Creditor] {
        &self.creditor_pool[self.skills[skill].creditors.range()]
    }

    /// The lessons that would open a skill which is locked at the start, its own last.
    pub(crate) fn closure(&self, skill: u16) -> Option<&[u16]> {
        let chains = self.closures.iter().map(|span| &self.chains[span.range()]);
        chains
            .into_iter()
            .find(|chain| chain.last() == Some(&skill))
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
        self.foresee(objective, fsrs, horizon);
        self.share_out(objective, fsrs, horizon);
        self.find_dependants();
        self.find_creditors();
        self.find_links();
        self.find_closures();
    }

    /// Whether the order of two skills can change a gain: one builds on, or is credited by, the other.
    #[inline]
    pub(crate) fn order_matters(&self, a: u16, b: u16) -> bool {
        self.linked[usize::from(a)].has(b)
    }

    /// Whether two skills are easily confused.
    #[inline]
    pub(crate) fn is_confusable(&self, a: u16, b: u16) -> bool {
        self.confusable[usize::from(a)].has(b)
    }

    fn find_links(&mut self) {
        let mut linked = std::mem::take(&mut self.linked);
        linked.clear();
        linked.resize(self.skills.len(), Marks::default());
        for (from, skill) in self.skills.iter().enumerate() {
            let row = &self.edges[skill.prerequisites.range()];
            for edge in row.iter().chain(&self.edges[skill.credits.range()]) {
                linked[from].put(edge.to);
                linked[usize::from(edge.to)].put(from as u16);
            }
        }
        self.linked = linked;
    }

    /// Writes the branches of every taught skill, now and after one answer.
    fn foresee(&mut self, objective: &Objective, fsrs: &Fsrs, horizon: &Horizon) {
        let n = self.skills.len().min(BLOCK);
        let Columns { a, b, c, d } = &mut self.columns;
        for (i, skill) in self.skills[..n].iter().enumerate() {
            let state = &skill.state;
            (a[i], b[i], c[i]) = (state.stability_days, state.difficulty, state.elapsed_days);
        }
        kernel::branches(fsrs, horizon, &a[..n], &b[..n], &c[..n], &mut self.block);
        for (i, skill) in self.skills.iter_mut().enumerate() {
            if !skill.state.taught {
                continue;
            }
            skill.branches = if i < n && objective.forgetting && !skill.state.touched_today {
                self.block.get(i)
            } else {
                Branches::of(objective, fsrs, horizon, &skill.state)
            };
            let practice = value::practice_gain(objective, &skill.state, &skill.branches, 1.0, 1.0);
            let after = skill.state.after_practice(&skill.branches, &practice);
            skill.branches_after = if i < n && objective.forgetting {
                Branches::today(fsrs, &after)
            } else {
                Branches::of(objective, fsrs, horizon, &after)
            };
            if i < n {
                (a[i], b[i]) = (after.stability_days, skill.branches_after.stability_after);
            }
        }
        if !objective.forgetting {
            return;
        }
        c[..n].fill(0.0);
        kernel::memories(fsrs, horizon, &a[..n], &c[..n], d);
        for (skill, &kept) in self.skills.iter_mut().zip(&d[..n]) {
            (skill.branches_after.before, skill.branches_after.kept) = (kept, kept);
        }
        kernel::memories(fsrs, horizon, &b[..n], &c[..n], d);
        for (skill, &grown) in self.skills.iter_mut().zip(&d[..n]) {
            skill.branches_after.grown = grown;
        }
    }

    /// Writes what each share of a success is worth to the skill that gets it.
    fn share_out(&mut self, objective: &Objective, fsrs: &Fsrs, horizon: &Horizon) {
        let Columns { a, b, d, .. } = &mut self.columns;
        for edges in self.edges.chunks_mut(BLOCK) {
            let n = edges.len();
            for (i, edge) in edges.iter().enumerate() {
                let target = &self.skills[usize::from(edge.to)];
                let (state, branches) = (&target.state, &target.branches);
                (a[i], b[i]) = value::after_share(state, branches, edge.weight);
            }
            kernel::memories(fsrs, horizon, &a[..n], &b[..n], d);
            for (edge, &after) in edges.iter_mut().zip(&d[..n]) {
                let target = &self.skills[usize::from(edge.to)];
                edge.base_gain =
                    value::credit_gain(objective, &target.state, &target.branches, after);
            }
        }
    }

    /// Writes, for every skill, which skills build on it.
    fn find_dependants(&mut self) {
        let mut skills = std::mem::take(&mut self.skills);
        let edges = &self.edges;
        reverse(
            &mut skills,
            &mut self.degree,
            |skill| &edges[skill.prerequisites.range()],
            |skill| &mut skill.dependants,
        );
        self.links
            .resize(self.degree.last().map_or(0, |&n| n as usize), 0);
        for from in 0..skills.len() {
            for edge in &edges[skills[from].prerequisites.range()] {
                let at = &mut self.degree[usize::from(edge.to)];
                self.links[*at as usize] = from as u16;
                *at += 1;
            }
        }
        self.skills = skills;
    }

    /// Writes, for every skill, whose practice it gets a share of.
    fn find_creditors(&mut self) {
        let mut skills = std::mem::take(&mut self.skills);
        let edges = &self.edges;
        reverse(
            &mut skills,
            &mut self.degree,
            |skill| &edges[skill.credits.range()],
            |skill| &mut skill.creditors,
        );
        let n = self.degree.last().map_or(0, |&n| n as usize);
        self.creditor_pool.resize(n, Creditor::default());
        for from in 0..skills.len() {
            for edge in &edges[skills[from].credits.range()] {
                let to = usize::from(edge.to);
                let at = &mut self.degree[to];
                self.creditor_pool[*at as usize] = Creditor {
                    from: from as u16,
                    gain: edge.weight * edge.base_gain * skills[to].worth,
                };
                *at += 1;
            }
        }
        self.skills = skills;
    }

    /// Finds the chains of lessons that would open each locked skill.
    fn find_closures(&mut self) {
        let mut chain = std::mem::take(&mut self.chain);
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
        self.chain = chain;
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

/// Makes room for the edges turned round: the span of each skill, and in `starts` where it begins, the total
/// last.
fn reverse<'e>(
    skills: &mut [LocalSkill],
    starts: &mut Vec<u32>,
    row: impl Fn(&LocalSkill) -> &'e [Edge],
    span: impl Fn(&mut LocalSkill) -> &mut Span,
) {
    let n = skills.len();
    starts.clear();
    starts.resize(n + 1, 0);
    for skill in skills.iter() {
        for edge in row(skill) {
            starts[usize::from(edge.to) + 1] += 1;
        }
    }
    for i in 0..n {
        starts[i + 1] += starts[i];
        *span(&mut skills[i]) = Span {
            start: starts[i],
            len: starts[i + 1] - starts[i],
        };
    }
}
