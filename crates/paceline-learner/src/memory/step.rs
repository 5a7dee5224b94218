//! FSRS-6, one state at a time.

use super::{
    DIFFICULTY_MAX, DIFFICULTY_MIN, Grade, STABILITY_MAX_DAYS, STABILITY_MIN_DAYS, Weights,
};
use paceline_core::math::{self, wide};
use serde::{Deserialize, Serialize};

/// What memory keeps of one skill: 8 bytes.
///
/// The day of the last practice is kept by the caller, beside it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemoryState {
    /// Days until retrievability falls to 0.9, in [`STABILITY_MIN_DAYS`]..=[`STABILITY_MAX_DAYS`].
    pub stability: f32,
    /// How hard the skill is to keep for this learner, 1 to 10.
    pub difficulty: f32,
}

impl MemoryState {
    /// The nearest valid state; NaN becomes the minimum.
    pub fn clipped(stability: f32, difficulty: f32) -> Self {
        Self {
            stability: clip_stability(stability),
            difficulty: clip_difficulty(difficulty),
        }
    }
}

/// One review of a history.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// Whole study days since the review before; of no meaning on the first.
    pub elapsed_days: u32,
    /// How it went.
    pub grade: Grade,
}

/// The state a grade would lead to, and when it would fall due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NextState {
    /// The state after the review.
    pub state: MemoryState,
    /// Days from then until retrievability reaches the retention asked for.
    pub interval_days: f32,
}

/// A state after a share of a success; see [`Fsrs::share_of_success`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shared {
    /// The state after it.
    pub state: MemoryState,
    /// Days by which the last practice now lies back.
    pub elapsed_days: f32,
}

/// The memory model: weights with everything that depends on them alone worked out.
///
/// Grades, states and days mean what they mean in FSRS-6 (Ye and others 2024, "The algorithm" of
/// open-spaced-repetition). Inputs outside their range are clipped, so every result is a valid state:
/// a negative or NaN gap counts as 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Fsrs {
    weights: Weights,
    /// F, the factor that makes retrievability 0.9 at one stability.
    pub(super) factor: f32,
    /// w20.
    pub(super) decay: f32,
    /// e^w8.
    pub(super) growth: f32,
    /// w10 and w14 by log2 e, for powers of two in place of e.
    by_forgotten: [f32; 2],
    first: [MemoryState; 4],
    /// D0(easy), unclamped: where difficulty reverts to.
    difficulty_pull: f32,
    /// -w6 (grade - 3) / 9.
    pub(super) difficulty_step: [f32; 4],
    /// 0, w15, 1, w16: what a success of each grade multiplies growth by.
    pub(super) success_bonus: [f32; 4],
    /// e^(w17 (grade - 3 + w18)).
    pub(super) same_day: [f32; 4],
    /// e^(-w17 w18): the most that a failure leaves of stability.
    pub(super) failure_cut: f32,
}

impl Default for Fsrs {
    fn default() -> Self {
        Self::new(Weights::DEFAULT)
    }
}

impl Fsrs {
    /// Prepares the model of these weights.
    pub fn new(weights: Weights) -> Self {
        let w = weights.get().map(f64::from);
        let first_difficulty = |steps: f64| w[4] - wide::exp(w[5] * steps) + 1.0;
        let steps = [0.0, 1.0, 2.0, 3.0];
        Self {
            weights,
            factor: (wide::powf(0.9, -1.0 / w[20]) - 1.0) as f32,
            decay: w[20] as f32,
            growth: wide::exp(w[8]) as f32,
            by_forgotten: [10, 14].map(|i: usize| (w[i] * std::f64::consts::LOG2_E) as f32),
            first: [0, 1, 2, 3].map(|i: usize| {
                MemoryState::clipped(weights.get()[i], first_difficulty(steps[i]) as f32)
            }),
            difficulty_pull: first_difficulty(3.0) as f32,
            difficulty_step: steps.map(|s| (-w[6] * (s - 2.0) / 9.0) as f32),
            success_bonus: [0.0, w[15] as f32, 1.0, w[16] as f32],
            same_day: steps.map(|s| wide::exp(w[17] * (s - 2.0 + w[18])) as f32),
            failure_cut: wide::exp(-w[17] * w[18]) as f32,
        }
    }

    /// The weights the model was prepared from.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Probability that the skill is still there `elapsed_days` after its last practice:
    /// `(1 + F t/S)^(-w20)`.
    #[inline(always)]
    pub fn retrievability(&self, elapsed_days: f32, stability: f32) -> f32 {
        // A negative gap and NaN count as none inside `decay`; no stability above the longest comes from a valid state.
        let s = stability.max(STABILITY_MIN_DAYS);
        math::decay(1.0 + self.factor * elapsed_days / s, self.decay)
    }

    /// Stabilities that pass until retrievability falls to `retention`: `(r^(-1/w20) - 1) / F`.
    ///
    /// The due test needs no power then: retrievability is below `retention` exactly when
    /// `elapsed_days > due_factor * stability`. Retention is clipped to 0.01..=0.9999.
    pub fn due_factor(&self, retention: f32) -> f32 {
        let r = retention.clamp(0.01, 0.9999);
        (math::powf(r, -1.0 / self.decay) - 1.0) / self.factor
    }

    /// Days until retrievability falls to `retention`.
    pub fn interval_days(&self, stability: f32, retention: f32) -> f32 {
        clip_stability(stability) * self.due_factor(retention)
    }

    /// The state after a skill's first attempt. A lesson counts as [`Grade::Good`].
    pub fn first(&self, grade: Grade) -> MemoryState {
        self.first[grade.index()]
    }

    /// The state after an attempt `elapsed_days` whole study days after the last one; 0 is the same
    /// day, which has its own, milder rule.
    #[inline]
    pub fn next(&self, state: MemoryState, elapsed_days: f32, grade: Grade) -> MemoryState {
        let MemoryState {
            stability: s,
            difficulty: d,
        } = MemoryState::clipped(state.stability, state.difficulty);
        let new_s = if same_study_day(elapsed_days) {
            self.same_day(s, self.same_day_shrink(s), grade)
        } else {
            let r = self.retrievability(elapsed_days, s);
            match grade {
                Grade::Again => self.failure(s, d, r),
                _ => {
                    s * (1.0
                        + self.success_growth(s, d, self.success_bonus[grade.index()])
                            * self.success_step(r))
                }
            }
        };
        MemoryState {
            stability: clip_stability(new_s),
            difficulty: self.next_difficulty(d, grade),
        }
    }

    /// The states after each grade, in the order of [`Grade::ALL`], with the interval to `retention`.
    ///
    /// `state` is None for a skill never attempted.
    pub fn next_states(
        &self,
        state: Option<MemoryState>,
        elapsed_days: f32,
        retention: f32,
    ) -> [NextState; 4] {
        let due = self.due_factor(retention);
        let states = state.map_or(self.first, |state| self.next_all(state, elapsed_days));
        states.map(|state| NextState {
            state,
            interval_days: state.stability * due,
        })
    }

    /// [`Fsrs::next`] for the four grades at once: what they share is computed once.
    pub fn next_all(&self, state: MemoryState, elapsed_days: f32) -> [MemoryState; 4] {
        let MemoryState {
            stability: s,
            difficulty: d,
        } = MemoryState::clipped(state.stability, state.difficulty);
        let stability = if same_study_day(elapsed_days) {
            let shrink = self.same_day_shrink(s);
            Grade::ALL.map(|grade| self.same_day(s, shrink, grade))
        } else {
            let r = self.retrievability(elapsed_days, s);
            let (shrink, step) = (self.growth_shrink(s), self.success_step(r));
            let [_, hard, good, easy] = self
                .success_bonus
                .map(|bonus| s * (1.0 + self.growth_of(d, shrink, bonus) * step));
            [self.failure(s, d, r), hard, good, easy]
        };
        Grade::ALL.map(|grade| MemoryState {
            stability: clip_stability(stability[grade.index()]),
            difficulty: self.next_difficulty(d, grade),
        })
    }

    /// The state after a whole history, None for an empty one.
    pub fn replay(&self, reviews: &[Review]) -> Option<MemoryState> {
        let (first, rest) = reviews.split_first()?;
        Some(rest.iter().fold(self.first(first.grade), |state, review| {
            self.next(state, review.elapsed_days as f32, review.grade)
        }))
    }

    /// The stability after a [`Grade::Good`] on another day, from a retrievability already at hand.
    ///
    /// The step a planner takes for every candidate: one logarithm and two exponentials. Difficulty is
    /// left as it is, which a good answer hardly moves.
    #[inline(always)]
    pub fn success_stability(&self, state: MemoryState, retrievability: f32) -> f32 {
        let s = state.stability;
        let growth = self.success_growth(s, state.difficulty, 1.0);
        clip_stability(s * (1.0 + growth * self.success_step(retrievability)))
    }

    /// The state after `share`, 0 to 1, of a success: what practising a skill does for one that it
    /// contains.
    ///
    /// Stability and difficulty move by that share of the way a [`Grade::Good`] would move them, and
    /// the last practice moves that share of the way to now. So 0 is nothing, 1 is a practice of
    /// the skill itself, and everything between is monotone.
    pub fn share_of_success(&self, state: MemoryState, elapsed_days: f32, share: f32) -> Shared {
        let share = if share.is_nan() {
            0.0
        } else {
            share.clamp(0.0, 1.0)
        };
        let elapsed_days = elapsed_days.max(0.0);
        let full = self.next(state, elapsed_days, Grade::Good);
        let part = |from: f32, to: f32| {
            if share == 1.0 {
                to
            } else {
                from + share * (to - from)
            }
        };
        Shared {
            state: MemoryState::clipped(
                part(state.stability, full.stability),
                part(state.difficulty, full.difficulty),
            ),
            elapsed_days: part(elapsed_days, 0.0),
        }
    }

    /// `e^w8 (11 - D) S^(-w9) bonus`: the relative growth of a success, but for [`Fsrs::success_step`].
    ///
    /// Apart from that, since all of this waits for nothing that retrievability waits for.
    #[inline(always)]
    pub(super) fn success_growth(&self, s: f32, d: f32, bonus: f32) -> f32 {
        self.growth_of(d, self.growth_shrink(s), bonus)
    }

    /// `S^(-w9)`.
    #[inline(always)]
    fn growth_shrink(&self, s: f32) -> f32 {
        math::exp2(-self.weights.get()[9] * math::log2(s))
    }

    #[inline(always)]
    fn growth_of(&self, d: f32, shrink: f32, bonus: f32) -> f32 {
        self.growth * bonus * (11.0 - d) * shrink
    }

    /// `e^(w10 (1 - R)) - 1`: how much more a success is worth the more was forgotten.
    #[inline(always)]
    pub(super) fn success_step(&self, r: f32) -> f32 {
        math::exp2(self.by_forgotten[0] * (1.0 - r)) - 1.0
    }

    /// `min(w11 D^(-w12) ((S+1)^w13 - 1) e^(w14 (1-R)), S / e^(w17 w18))`.
    #[inline(always)]
    pub(super) fn failure(&self, s: f32, d: f32, r: f32) -> f32 {
        let w = self.weights.get();
        let left = w[11]
            * (math::exp2(w[13] * math::log2(s + 1.0)) - 1.0)
            * math::exp2(self.by_forgotten[1] * (1.0 - r) - w[12] * math::log2(d));
        left.min(s * self.failure_cut)
    }

    /// `S^(-w19)`: how much less a second attempt on one day moves a stable memory.
    #[inline(always)]
    pub(super) fn same_day_shrink(&self, s: f32) -> f32 {
        math::exp2(-self.weights.get()[19] * math::log2(s))
    }

    #[inline]
    fn same_day(&self, s: f32, shrink: f32, grade: Grade) -> f32 {
        let change = self.same_day[grade.index()] * shrink;
        s * if grade == Grade::Again {
            change
        } else {
            change.max(1.0)
        }
    }

    #[inline]
    fn next_difficulty(&self, d: f32, grade: Grade) -> f32 {
        clip_difficulty(self.moved_difficulty(d, self.difficulty_step[grade.index()]))
    }

    /// `w7 (D0(easy) - D') + D'` with `D' = D + step (10 - D)`; the order of operations decides the last bits.
    #[inline(always)]
    pub(super) fn moved_difficulty(&self, d: f32, step: f32) -> f32 {
        let moved = d + (10.0 - d) * step;
        self.weights.get()[7] * (self.difficulty_pull - moved) + moved
    }
}

/// Whether a gap is none: zero, negative or NaN.
#[inline(always)]
fn same_study_day(elapsed_days: f32) -> bool {
    elapsed_days.max(0.0) == 0.0
}

/// Into the valid range; NaN becomes the minimum.
#[inline(always)]
#[expect(
    clippy::manual_clamp,
    reason = "clamp would keep NaN, max returns the other operand"
)]
pub(super) fn clip_stability(s: f32) -> f32 {
    s.max(STABILITY_MIN_DAYS).min(STABILITY_MAX_DAYS)
}

/// Into the valid range; NaN becomes the minimum.
#[inline(always)]
#[expect(
    clippy::manual_clamp,
    reason = "clamp would keep NaN, max returns the other operand"
)]
pub(super) fn clip_difficulty(d: f32) -> f32 {
    d.max(DIFFICULTY_MIN).min(DIFFICULTY_MAX)
}
