//! The search for the best ordered lesson of a [`Local`] problem.
//!
//! 1. A greedy lesson, by gain per minute.
//! 2. The same activities in the order of the bank, prerequisites first, if that is worth more. Where there is nothing to
//!    teach and much to do, that is all.
//! 3. Else a beam over ordered prefixes, scored by value plus what the minutes left would fetch. A chain of lessons that
//!    opens a locked skill is one compound move, so that a poor prerequisite of a rich skill is not lost. The longer the
//!    lesson and the more skills, the narrower the beam.
//! 4. Local search, from the greedy lesson and from the beam's, the better of both counting: lessons that the plan lacks,
//!    and skills linked to it, are taken in for what gains least a minute; activities are left out, or moved past one they
//!    are linked to, and the room filled again.
//!
//! Gains are carried along: a move changes the gain of the skill, of those that depend on it or are
//! practised along with it, and of nothing else. Only what a change can reach is computed again, and of a
//! skill that is merely credited, one product.
//!
//! Mean value of a lesson of 20 minutes, sixteen learners each (`examples/planning`): the shipped mathematics course, half
//! and wholly practised, and a learner who is new to a generated bank of 100 skills.
//!
//! | search | math, half | math, mature | 1,000 items, new |
//! |---|---|---|---|
//! | greedy, then order of the bank | | 15.014 | |
//! | the same, then local search, 80 activities carried out | | 15.015 | |
//! | the same, 600 | | 15.018 | |
//! | the same, 6,000 | | 15.027 | |
//! | beam, then local search without taking in, 600 | 10.574 | 15.018 | 6.112 |
//! | all of the above | 10.652 | | 6.218 |
//!
//! What did not help: taking what a move costs others from its rate (14.70 for the mature learner, where plain greedy has
//! 14.69); doing first what costs others least (14.44); a wider beam in place of taking in (four times the width found half
//! as much); a second search for a lesson a little shorter. What harmed: dropping prefixes whose bound is below the best
//! lesson, since a lesson can open more than the bound knows (worst of 2,990 small problems .77 of the optimum, in place
//! of .96).

use paceline_learner::memory::Fsrs;

use crate::Objective;
use crate::lesson::Constraint;
use crate::local::{Local, Marks};
use crate::value::{self, Branches, Horizon, PracticeGain};

mod beam;
mod improve;
mod node;
#[cfg(test)]
mod tests;

use node::{NEVER, Now, Ranked};
pub(crate) use node::{Node, best_rate};

/// Beam width of a full-sized problem.
pub(crate) const WIDTH: usize = 16;
/// Most activities of a lesson.
const MAX_ACTIVITIES: usize = 200;
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

/// Buffers of the search, reused from lesson to lesson.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    beam: beam::Buffers,
    improve: improve::Buffers,
    trial: Node,
    best: Node,
    /// What local search makes of the greedy lesson.
    other: Node,
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
        node.parts.clear();
        node.value = 0.0;
        node.left = self.rules.minutes;
        node.other_left = self.rules.other_minutes;
        node.lessons = 0;
        node.last = self.rules.before;
        node.run = 0;
        node.key = 0;
        node.ranked.clear();
        node.changed = Marks::default();
        node.now.clear();
        node.now.extend(self.local.skills.iter().map(|skill| Now {
            stability_days: skill.state.stability_days,
            n_today: skill.state.n_today,
            kappa: skill.state.kappa,
            p_now: skill.state.p_now,
            credit: skill.state.credit,
            branches: skill.branches,
            taught: skill.state.taught,
            touched_today: skill.state.touched_today,
            ..Now::default()
        }));
        node.gains.clear();
        node.gains.resize(n, 0.0);
        node.minutes.clear();
        node.minutes.resize(n, f32::INFINITY);
        node.rates.clear();
        node.rates.resize(n, NEVER);
        for skill in 0..n {
            node.now[skill].ready = self.ready_share(node, skill);
            node.now[skill].locked = self.is_locked(node, skill);
            node.now[skill].related = self.related(node, skill);
            self.refresh(node, skill);
        }
    }

    /// Share in which the skill's prerequisites are in place after the prefix, 0 to 1.
    pub(crate) fn readiness(&self, node: &Node, skill: usize) -> f32 {
        node.now[skill].ready
    }

    fn ready_share(&self, node: &Node, skill: usize) -> f32 {
        let it = &self.local.skills[skill];
        if it.ready_weight <= 0.0 || self.rules.syllabus {
            return 1.0;
        }
        let mut sum = it.ready_outside;
        for edge in self.local.prerequisites(skill) {
            sum += edge.weight * self.in_place(node.now[usize::from(edge.to)].p_now);
        }
        (sum / it.ready_weight).min(1.0)
    }

    #[inline]
    fn in_place(&self, p_now: f32) -> f32 {
        (p_now / self.rules.objective.ready_at).min(1.0)
    }

    fn is_locked(&self, node: &Node, skill: usize) -> bool {
        let mut edges = self.local.prerequisites(skill).iter();
        edges.any(|edge| edge.hard && !self.has_begun(node, usize::from(edge.to)))
    }

    /// Whether the skill was begun, before the lesson or by the prefix.
    fn has_begun(&self, node: &Node, skill: usize) -> bool {
        node.taught(skill) && (node.now[skill].touched || !self.local.skills[skill].first_try)
    }

    /// Whether the syllabus has something else to be done with first.
    fn waits(&self, node: &Node, skill: usize) -> bool {
        self.local.skills[skill].after.is_some_and(|before| {
            let before = usize::from(before);
            let due = usize::from(self.local.skills[before].box_items);
            !node.taught(before) || node.used(before) < due
        })
    }

    /// Parts of the gain of practising a taught skill next: recall, of the skill itself, of the skills
    /// practised along.
    pub(crate) fn parts(&self, node: &Node, skill: usize) -> (f32, f32, f32) {
        let (it, now) = (&self.local.skills[skill], &node.now[skill]);
        let own = now.base * (1.0 - now.credit) + it.information;
        (now.recall, own, now.recall * now.related)
    }

    /// What the skills practised along would gain from a sure success.
    ///
    /// Those practised in this lesson already gain nothing: a share more on the same day adds next to nothing.
    fn related(&self, node: &Node, skill: usize) -> f32 {
        if !self.rules.credit {
            return 0.0;
        }
        let shares = self.local.credits(skill).iter().map(|edge| {
            let to = usize::from(edge.to);
            edge.weight * edge.base_gain * self.local.skills[to].worth * (1.0 - node.now[to].credit)
        });
        shares.sum()
    }

    /// Recomputes gain, minutes and rate of the skill's next activity.
    fn refresh(&self, node: &mut Node, skill: usize) {
        let it = &self.local.skills[skill];
        node.minutes[skill] = f32::INFINITY;
        node.gains[skill] = 0.0;
        node.rates[skill] = NEVER;
        node.changed.put(skill as u16);
        if self.rules.syllabus && self.waits(node, skill) {
            return;
        }
        if node.taught(skill) {
            let item = self.local.items(skill).get(node.used(skill));
            if let Some(item) = item.filter(|_| it.practicable) {
                node.minutes[skill] = item.minutes;
                self.foresee(node, skill);
                self.settle(node, skill);
            }
        } else if it.teachable && !node.now[skill].locked {
            node.minutes[skill] = it.lesson_minutes;
            let gain = self.lesson_gain(node, skill);
            self.price(node, skill, gain);
        }
    }

    /// What the skill's own memory and knowledge would gain from an answer.
    fn foresee(&self, node: &mut Node, skill: usize) {
        let rules = self.rules;
        let practice = value::practice_gain(
            &rules.objective,
            &node.state(self.local, skill),
            &node.now[skill].branches,
            node.now[skill].ready,
            rules.learning_rate,
        );
        let now = &mut node.now[skill];
        now.recall = practice.recall;
        now.kappa_step = practice.kappa_step;
        now.base = practice.gain * self.local.skills[skill].worth;
    }

    /// Gain and rate of practising the skill next, after its own or a related skill's credit has changed.
    #[inline]
    fn settle(&self, node: &mut Node, skill: usize) {
        if node.minutes[skill] < f32::INFINITY && node.taught(skill) {
            let (_, own, related) = self.parts(node, skill);
            self.price(node, skill, own + related);
        }
    }

    #[inline]
    fn price(&self, node: &mut Node, skill: usize, gain: f32) {
        let minutes = node.minutes[skill];
        let floor = self.rules.price * minutes;
        // In syllabus order what is next is done even where it gains nothing.
        let gain = if self.rules.syllabus {
            gain.max(floor + 1e-4 * minutes)
        } else {
            gain
        };
        node.gains[skill] = gain;
        node.rates[skill] = if floor < gain { gain / minutes } else { NEVER };
        node.changed.put(skill as u16);
    }

    /// Gain of teaching the skill next.
    fn lesson_gain(&self, node: &Node, skill: usize) -> f32 {
        let now = &node.now[skill];
        let depth = value::lesson_depth(&self.rules.objective, now.kappa, now.ready);
        now.ready * self.local.skills[skill].worth * depth * self.local.lesson_memory
    }

    /// Where the skill's memory stands after the prefix, and where a success and a failure would take it.
    pub(crate) fn branches(&self, node: &Node, skill: usize) -> Branches {
        node.now[skill].branches
    }

    /// Whether the skill may come next, and what forbids it if not.
    pub(crate) fn forbids(&self, node: &Node, skill: usize) -> Option<Constraint> {
        let minutes = node.minutes[skill];
        if minutes == f32::INFINITY {
            return Some(if node.taught(skill) {
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
        if !self.is_review(skill) && node.other_left + 1e-4 < minutes {
            return Some(Constraint::ReviewShare);
        }
        if !node.taught(skill) && self.rules.lessons_left <= node.lessons {
            return Some(Constraint::NewSkillCap);
        }
        None
    }

    /// Parts what there is into what may come next and what something forbids: gains per minute, 0 or less where a skill is
    /// of the other kind. Shape: both `[n]`.
    pub(crate) fn part(&self, node: &Node, free: &mut [f32], bound: &mut [f32]) {
        let left = node.left + 1e-4;
        let next = node.gains.iter().zip(&node.minutes);
        for ((free, bound), (&gain, &minutes)) in free.iter_mut().zip(&mut *bound).zip(next) {
            let rate = gain / minutes;
            let fits = minutes <= left;
            *free = if fits { rate } else { 0.0 };
            *bound = if fits { 0.0 } else { rate };
        }
        let mut forbid = |skill: usize| {
            if free[skill] != 0.0 && self.forbids(node, skill).is_some() {
                bound[skill] = std::mem::take(&mut free[skill]);
            }
        };
        let rules = self.rules;
        if rules.blocked
            || 0 < node.run
            || rules.other_minutes.is_finite()
            || rules.lessons_left != u16::MAX
        {
            (0..self.local.len()).for_each(forbid);
        } else {
            // Time apart, only spacing is left, which keeps out what came last.
            let last = node.last.map(usize::from).into_iter();
            last.filter(|&skill| skill < self.local.len())
                .for_each(&mut forbid);
        }
    }

    /// Whether practising the skill is a review: it was learnt on an earlier day.
    pub(crate) fn is_review(&self, skill: usize) -> bool {
        let it = &self.local.skills[skill];
        it.state.taught && !it.state.touched_today && !it.first_try
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
            return same || !node.now[usize::from(skill)].touched;
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
        0.0 < node.rates[skill] && self.fits(node, skill) && self.is_apart(node, skill as u16)
    }

    /// Whether there is still time and quota for it. What does not fit a prefix fits none that begins
    /// with it.
    #[inline]
    fn fits(&self, node: &Node, skill: usize) -> bool {
        let minutes = node.minutes[skill];
        minutes <= node.left + 1e-4
            && (minutes <= node.other_left + 1e-4 || self.is_review(skill))
            && (node.lessons < self.rules.lessons_left || node.taught(skill))
    }

    /// Appends the skill's next activity to the prefix; the caller has checked that it may come.
    pub(crate) fn apply(&self, node: &mut Node, skill: usize) {
        let lesson = !node.taught(skill);
        let minutes = node.minutes[skill];
        node.value += node.gains[skill];
        node.left -= minutes;
        if !self.is_review(skill) {
            node.other_left -= minutes;
        }
        node.moves.push(skill as u16);
        node.parts.push((node.gains[skill], minutes));
        node.key = node
            .key
            .wrapping_add(fingerprint(skill, node.used(skill), lesson));
        node.run = match (lesson, node.last[0] == skill as u16, node.run) {
            (true, _, _) => 1,
            (false, true, run) if 0 < run => run + 1,
            _ => 0,
        };
        node.last = [skill as u16, node.last[0]];
        let (mut stale, mut credited) = (Marks::default(), Marks::default());
        if lesson {
            node.lessons += 1;
            self.teach(node, skill, &mut stale);
        } else {
            self.answer(node, skill, &mut stale, &mut credited);
        }
        stale.put(skill as u16);
        stale.each(|skill| self.refresh(node, skill));
        credited
            .without(stale)
            .each(|skill| self.settle(node, skill));
        if self.rules.syllabus {
            for other in 0..self.local.len() {
                if self.local.skills[other].after == Some(skill as u16) {
                    self.refresh(node, other);
                }
            }
        }
    }

    /// The skill after its lesson; marks the skills that it opens or makes ready.
    fn teach(&self, node: &mut Node, skill: usize, stale: &mut Marks) {
        let rules = self.rules;
        let before = node.state(self.local, skill);
        let ready = node.now[skill].ready;
        let after = before.after_lesson(&rules.objective, &rules.fsrs, ready);
        let now = &mut node.now[skill];
        now.stability_days = after.stability_days;
        now.kappa = after.kappa;
        now.p_now = after.p_now;
        now.taught = true;
        now.touched_today = true;
        now.touched = true;
        now.branches = self.local.after_lesson;
        self.prepare_dependants(node, skill, stale);
    }

    /// Readiness and locks of the skills that build on one, after it was taught or practised.
    fn prepare_dependants(&self, node: &mut Node, skill: usize, stale: &mut Marks) {
        for &other in self.local.dependants(skill) {
            let at = usize::from(other);
            node.now[at].ready = self.ready_share(node, at);
            node.now[at].locked = node.now[at].locked && self.is_locked(node, at);
            stale.put(other);
        }
    }

    /// The skill after an answer; marks the skills whose gain that changes.
    ///
    /// `stale` are those to be computed anew, `credited` those of which only a product changes.
    fn answer(&self, node: &mut Node, skill: usize, stale: &mut Marks, credited: &mut Marks) {
        let rules = self.rules;
        let state = node.state(self.local, skill);
        let it = &self.local.skills[skill];
        let Now {
            recall,
            kappa_step,
            branches,
            touched,
            used,
            ..
        } = node.now[skill];
        let practice = PracticeGain {
            gain: 0.0,
            recall,
            kappa_step,
        };
        let after = state.after_practice(&branches, &practice);
        let now = &mut node.now[skill];
        if usize::from(used) + 1 < self.local.items(skill).len() {
            now.branches = if used == 0 && it.state.taught {
                it.branches_after
            } else {
                Branches::of(&rules.objective, &rules.fsrs, &rules.horizon, &after)
            };
        }
        now.stability_days = after.stability_days;
        now.n_today = after.n_today;
        now.kappa = after.kappa;
        now.p_now = after.p_now;
        now.touched_today = true;
        now.touched = true;
        now.used += 1;
        let begins = it.first_try && !touched;
        if begins || self.in_place(state.p_now) != self.in_place(after.p_now) {
            self.prepare_dependants(node, skill, stale);
        }
        if rules.credit {
            if !touched {
                self.close(node, skill, 1.0 - state.credit, credited);
            }
            self.spread(node, skill, recall, credited);
        }
    }

    /// Takes `share` of what a skill would gain along with others from their gains.
    fn close(&self, node: &mut Node, skill: usize, share: f32, credited: &mut Marks) {
        for other in self.local.creditors(skill) {
            node.now[usize::from(other.from)].related -= share * other.gain;
            credited.put(other.from);
        }
    }

    /// Credits related skills with their share of an expected success.
    fn spread(&self, node: &mut Node, skill: usize, recall: f32, credited: &mut Marks) {
        for edge in self.local.credits(skill) {
            let to = usize::from(edge.to);
            let target = &mut node.now[to];
            let taken = (1.0 - target.credit) * recall * edge.weight;
            target.credit += taken;
            credited.put(edge.to);
            if !target.touched {
                self.close(node, to, taken, credited);
            }
        }
    }

    /// Fills what time is left by gain per minute.
    fn fill(&self, node: &mut Node) {
        while node.moves.len() < MAX_ACTIVITIES {
            match self.best(node) {
                Some(skill) => self.apply(node, skill),
                None => return,
            }
        }
    }

    /// The skill whose next activity gains most per minute, of those that may come.
    ///
    /// Strikes out what fits no more: `node` must not be given more time afterwards.
    pub(crate) fn best(&self, node: &mut Node) -> Option<usize> {
        if 0 < node.run && usize::from(node.run) <= self.owed(node) {
            let owed = usize::from(node.last[0]);
            return self.pays(node, owed).then_some(owed);
        }
        let mut aside = [(0, NEVER); 2];
        let mut n_aside = 0;
        let mut found = None;
        while let Some(skill) = best_rate(&node.rates) {
            if self.fits(node, skill) && self.is_apart(node, skill as u16) {
                found = Some(skill);
                break;
            }
            if !self.fits(node, skill) {
                self.strike(node);
            } else if !self.rules.blocked && n_aside < aside.len() {
                // Only what came last comes back; see `is_apart`.
                aside[n_aside] = (skill, node.rates[skill]);
                n_aside += 1;
            }
            node.rates[skill] = NEVER;
        }
        for &(skill, rate) in &aside[..n_aside] {
            node.rates[skill] = rate;
        }
        found
    }

    /// Strikes out all that take longer than what time is left.
    fn strike(&self, node: &mut Node) {
        let left = node.left + 1e-4;
        for (rate, &minutes) in node.rates.iter_mut().zip(&node.minutes) {
            *rate = if minutes <= left { *rate } else { NEVER };
        }
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
        let needed = || {
            let skills = chain.iter().map(|&before| usize::from(before));
            skills.filter(|&before| before != skill)
        };
        let lessons = needed().chain([skill]);
        let minutes: f32 = lessons
            .filter(|&before| !node.taught(before))
            .map(|before| self.local.skills[before].lesson_minutes)
            .sum();
        if node.left + 1e-4 < minutes {
            return false;
        }
        let first = node.moves.len();
        for before in needed() {
            if !node.taught(before) {
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
        buffers.best.copy_from(start);
        self.fill(&mut buffers.best);
        let greedy = buffers.best.moves.len() - start.moves.len();
        if greedy == 0 && self.local.closures.is_empty() {
            return &buffers.best;
        }
        let breadth = self.breadth(width, start, &buffers.best);
        if breadth == 0 {
            self.settle_order(start, buffers);
            return &buffers.best;
        }
        let mut other = std::mem::take(&mut buffers.other);
        other.copy_from(&buffers.best);
        self.improve(start, width, buffers);
        std::mem::swap(&mut other, &mut buffers.best);
        self.beam(start, breadth, buffers);
        self.improve(start, width, buffers);
        if buffers.best.value < other.value {
            std::mem::swap(&mut other, &mut buffers.best);
        }
        buffers.other = other;
        &buffers.best
    }
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
