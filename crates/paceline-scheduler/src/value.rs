//! What practising a skill is worth: memory and knowledge carried to the days that matter.
//!
//! Plain functions on bare numbers, the definition that the kernels are held to. They know nothing
//! of graphs, items or time budgets.

use paceline_core::math;
use paceline_learner::memory::{Fsrs, Grade, MemoryState};

use crate::Objective;

#[cfg(test)]
mod tests;

/// Stability in days after a success graded good, `recall` being retrievability at the time.
///
/// Planning leaves difficulty where it is: a good grade moves it by less than a thousandth.
#[inline]
fn stability_after_success(fsrs: &Fsrs, state: &SkillState, recall: f32) -> f32 {
    let memory = MemoryState {
        stability: state.stability_days,
        difficulty: state.difficulty,
    };
    if state.touched_today {
        fsrs.next(memory, 0.0, Grade::Good).stability
    } else {
        fsrs.success_stability(memory, recall)
    }
}

/// The days that count, seen from now, with their weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Horizon {
    /// Days from now; the last is the goal date.
    pub offsets_days: [f32; 3],
    /// Weights, the goal date's being 1.
    pub weights: [f32; 3],
}

impl Horizon {
    /// The horizon that ends `days` from now. The two points on the way stop plans that cram
    /// everything at the end from winning.
    pub fn new(objective: &Objective, days: f32) -> Self {
        let days = days.max(0.5);
        let way = 0.5 * objective.way_weight;
        Self {
            offsets_days: [0.21 * days, 0.79 * days, days],
            weights: [way, way, 1.0],
        }
    }

    /// Sum of weighted retrievabilities of a memory last touched `elapsed_days` ago.
    #[inline(always)]
    pub fn memory(&self, fsrs: &Fsrs, stability_days: f32, elapsed_days: f32) -> f32 {
        let mut sum = 0.0;
        for i in 0..3 {
            let at = elapsed_days + self.offsets_days[i];
            sum += self.weights[i] * fsrs.retrievability(at, stability_days);
        }
        sum
    }

    /// [`Horizon::memory`] of a state as it is, touched now, and touched now with `stability_after`: one
    /// loop over nine lanes, which vectorises.
    #[inline]
    fn three(&self, fsrs: &Fsrs, state: &SkillState, stability_after: f32) -> [f32; 3] {
        let (mut elapsed, mut stability) = ([0.0; 12], [1.0; 12]);
        for j in 0..3 {
            elapsed[j] = state.elapsed_days + self.offsets_days[j];
            elapsed[3 + j] = self.offsets_days[j];
            elapsed[6 + j] = self.offsets_days[j];
            stability[j] = state.stability_days;
            stability[3 + j] = state.stability_days;
            stability[6 + j] = stability_after;
        }
        let mut retained = [0.0; 12];
        for ((r, &t), &s) in retained.iter_mut().zip(&elapsed).zip(&stability) {
            *r = fsrs.retrievability(t, s);
        }
        [0, 3, 6].map(|from| (0..3).fold(0.0, |sum, j| sum + self.weights[j] * retained[from + j]))
    }

    /// What perfect memory would sum to.
    pub fn full(&self) -> f32 {
        self.weights[0] + self.weights[1] + self.weights[2]
    }
}

/// What the planner believes of one skill at one moment of a plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SkillState {
    /// FSRS stability in days; 0 for a skill never taught.
    pub stability_days: f32,
    /// FSRS difficulty, 1 to 10.
    pub difficulty: f32,
    /// Whole study days since the last practice; 0 on the same day.
    pub elapsed_days: f32,
    /// Answers given on this skill today.
    pub n_today: f32,
    /// Probability of a right answer on a typical item, nothing forgotten.
    pub kappa: f32,
    /// Probability of a right answer on a typical item now.
    pub p_now: f32,
    /// Share of the skill's gain that the lesson so far has already taken through other skills.
    pub credit: f32,
    /// Whether the skill has been taught (or is known).
    pub taught: bool,
    /// Whether it was touched on this study day.
    pub touched_today: bool,
}

/// Knowledge and memory in one factor: `(1 - omega + omega kappa)`.
#[inline(always)]
fn depth(objective: &Objective, kappa: f32) -> f32 {
    1.0 - objective.knowledge_share * (1.0 - kappa)
}

/// `V`: what the skill in this state is worth on the days that count, in expected right answers.
///
/// 0 for a skill never taught.
#[inline]
pub fn value(objective: &Objective, fsrs: &Fsrs, horizon: &Horizon, state: &SkillState) -> f32 {
    if !state.taught {
        return 0.0;
    }
    let memory = if objective.forgetting {
        horizon.memory(fsrs, state.stability_days, state.elapsed_days)
    } else {
        horizon.full()
    };
    depth(objective, state.kappa) * memory
}

/// Where a memory stands and where a success and a failure would take it.
///
/// It depends on the memory alone, so a planner computes it once for each state of a skill.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Branches {
    /// Probability of recall now.
    pub retained: f32,
    /// Weighted retrievability if nothing is done.
    pub before: f32,
    /// Weighted retrievability after a failure: same stability, touched now.
    pub kept: f32,
    /// Weighted retrievability after a success.
    pub grown: f32,
    /// Stability in days after a success.
    pub stability_after: f32,
}

impl Branches {
    /// What [`Branches::of`] gives for a skill touched on this day, its three sums left to the caller.
    #[inline]
    pub(crate) fn today(fsrs: &Fsrs, state: &SkillState) -> Self {
        let retained = fsrs.retrievability(0.0, state.stability_days);
        Self {
            retained,
            stability_after: stability_after_success(fsrs, state, retained),
            ..Self::default()
        }
    }

    /// The branches of a taught skill.
    #[inline]
    pub fn of(objective: &Objective, fsrs: &Fsrs, horizon: &Horizon, state: &SkillState) -> Self {
        let retained = fsrs.retrievability(state.elapsed_days, state.stability_days);
        let stability_after = stability_after_success(fsrs, state, retained);
        if !objective.forgetting {
            let full = horizon.full();
            return Self {
                retained,
                before: full,
                kept: full,
                grown: full,
                stability_after,
            };
        }
        let [before, kept, grown] = horizon.three(fsrs, state, stability_after);
        Self {
            retained,
            before,
            kept,
            grown,
            stability_after,
        }
    }
}

/// The gain of practising an item, with what goes into it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PracticeGain {
    /// Expected increase of the skill's `V`, before goal weight and credit.
    pub gain: f32,
    /// Probability that memory succeeds: the weight of the success branch.
    pub recall: f32,
    /// Increase of kappa on a success.
    pub kappa_step: f32,
}

/// Expected gain in `V` of practising an item of a taught skill.
///
/// Outcomes are weighted by memory, not by success on the item: the memory model's step is
/// calibrated for recall, and mixing in the item's difficulty would give weak learners a negative
/// gain on what they most need.
#[inline(always)]
pub fn practice_gain(
    objective: &Objective,
    state: &SkillState,
    branches: &Branches,
    readiness: f32,
    learning_rate: f32,
) -> PracticeGain {
    let recall = if state.touched_today {
        state.p_now.max(0.9 * branches.retained)
    } else {
        branches.retained
    };
    let novelty = if state.n_today == 0.0 {
        1.0
    } else {
        0.3 * (0.35 + 0.65 * fade(state.n_today))
    };
    let kappa_step =
        objective.practice_step * learning_rate * readiness * novelty * (1.0 - state.kappa);
    let success = depth(objective, state.kappa + kappa_step) * branches.grown;
    let failure = depth(objective, state.kappa + 0.8 * kappa_step) * branches.kept;
    let now = depth(objective, state.kappa) * branches.before;
    PracticeGain {
        gain: recall * (success - now) + (1.0 - recall) * (failure - now),
        recall,
        kappa_step,
    }
}

impl SkillState {
    /// The state after a lesson met at `readiness`.
    pub fn after_lesson(&self, objective: &Objective, fsrs: &Fsrs, readiness: f32) -> Self {
        Self {
            stability_days: fsrs.first(Grade::Good).stability,
            difficulty: fsrs.first(Grade::Good).difficulty,
            elapsed_days: 0.0,
            kappa: kappa_after_lesson(objective, self.kappa, readiness),
            p_now: kappa_after_lesson(objective, self.p_now, readiness),
            taught: true,
            touched_today: true,
            ..*self
        }
    }

    /// The state expected after an answer, its outcome unknown.
    pub fn after_practice(&self, branches: &Branches, gain: &PracticeGain) -> Self {
        let mean_step = gain.kappa_step * (0.8 + 0.2 * gain.recall);
        let grown = branches.stability_after - self.stability_days;
        Self {
            stability_days: self.stability_days + gain.recall * grown,
            elapsed_days: 0.0,
            n_today: self.n_today + 1.0,
            kappa: (self.kappa + mean_step).min(1.0),
            // The same share of what is missing is learnt of success now as of kappa.
            p_now: self.p_now
                + mean_step * (1.0 - self.p_now) / (1.0 - self.kappa).max(mean_step).max(1e-6),
            touched_today: true,
            ..*self
        }
    }
}

/// `.8^n`, for whole n, without a power.
#[inline]
fn fade(n: f32) -> f32 {
    let mut left = n as u32;
    let mut share = 1.0;
    while 0 < left && 0.01 < share {
        share *= 0.8;
        left -= 1;
    }
    share
}

/// What knowledge makes of a memory after a lesson met at `readiness`.
#[inline]
pub fn lesson_depth(objective: &Objective, kappa: f32, readiness: f32) -> f32 {
    depth(objective, kappa_after_lesson(objective, kappa, readiness))
}

/// Weighted retrievability of a memory that a lesson has just made: equal for all skills.
#[inline]
pub fn lesson_memory(objective: &Objective, fsrs: &Fsrs, horizon: &Horizon) -> f32 {
    if objective.forgetting {
        horizon.memory(fsrs, fsrs.first(Grade::Good).stability, 0.0)
    } else {
        horizon.full()
    }
}

/// Probability of a right answer on a typical item after a lesson met at `readiness`.
#[inline]
pub fn kappa_after_lesson(objective: &Objective, kappa: f32, readiness: f32) -> f32 {
    // logistic(logit k + x) = k e^x / (1 - k + k e^x): one exponential, and exact at 0 and 1.
    let odds = math::exp(objective.lesson_step_logit * readiness);
    kappa * odds / (1.0 - kappa + kappa * odds)
}

/// Stability and days since the last practice of a related skill after `share` of a success.
#[inline]
pub fn after_share(state: &SkillState, branches: &Branches, share: f32) -> (f32, f32) {
    let grown = branches.stability_after - state.stability_days;
    (
        state.stability_days + share * grown,
        state.elapsed_days * (1.0 - share),
    )
}

/// Gain in `V` of a related skill whose weighted retrievability becomes `after`.
#[inline]
pub fn credit_gain(
    objective: &Objective,
    state: &SkillState,
    branches: &Branches,
    after: f32,
) -> f32 {
    if !state.taught || !objective.forgetting {
        return 0.0;
    }
    depth(objective, state.kappa) * (after - branches.before)
}

/// How well an item's predicted success suits the target: `1 - 1.2 (p - target)^2`.
#[inline]
pub fn difficulty_fit(p: f32, target: f32) -> f32 {
    1.0 - 1.2 * (p - target) * (p - target)
}

/// What an answer would tell about whether the skill is mastered, 0 to 1.
///
/// The share of the skill's variance that one answer removes, times how undecided mastery is
/// (`4 p (1 - p)`).
#[inline(always)]
pub fn information(p_mastered: f32, logit_variance: f32, p_correct: f32) -> f32 {
    let fisher = p_correct * (1.0 - p_correct);
    let resolved = logit_variance * fisher / (1.0 + logit_variance * fisher);
    4.0 * p_mastered * (1.0 - p_mastered) * resolved
}
