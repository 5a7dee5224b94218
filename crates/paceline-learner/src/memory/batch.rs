//! FSRS-6 over columns of states: the loops a scheduler runs over every skill of a learner, and replay of many
//! histories side by side.
//!
//! Slices in, no allocation, no branches on the data of a lane. Each does what its scalar twin in
//! [`step`](super::step) does, bit for bit, on every machine: the wide versions hold the same multiplications and
//! additions, none of them fused. What they gain is in the table at [`widest`].

use paceline_core::widest;

use super::step::{clip_difficulty, clip_stability};
use super::{Fsrs, MemoryState, Review};

/// Histories replayed side by side: one AVX-512 register, two of AVX2, four of SSE2.
const LANES: usize = 16;

impl Fsrs {
    /// Writes the retrievability of every state.
    ///
    /// Shape: all slices `[n]`; where they differ, the shortest counts.
    pub fn retrievabilities(&self, elapsed_days: &[f32], stability: &[f32], out: &mut [f32]) {
        let model = self;
        widest!(retrievabilities(model: &Fsrs, elapsed_days: &[f32], stability: &[f32], out: &mut [f32]));
    }

    /// Writes whether each state has fallen below `retention`: one multiplication and one comparison.
    ///
    /// Shape: all slices `[n]`; where they differ, the shortest counts.
    pub fn due(&self, retention: f32, elapsed_days: &[f32], stability: &[f32], due: &mut [bool]) {
        let factor = self.due_factor(retention);
        for ((due, &t), &s) in due.iter_mut().zip(elapsed_days).zip(stability) {
            *due = t > factor * s;
        }
    }

    /// Writes the stability each state would have after a good answer on another day, as
    /// [`Fsrs::success_stability`] does for one.
    ///
    /// Shape: all slices `[n]`; where they differ, the shortest counts.
    pub fn success_stabilities(
        &self,
        stability: &[f32],
        difficulty: &[f32],
        retrievability: &[f32],
        out: &mut [f32],
    ) {
        let model = self;
        widest!(success_stabilities(
            model: &Fsrs,
            stability: &[f32],
            difficulty: &[f32],
            retrievability: &[f32],
            out: &mut [f32],
        ));
    }

    /// Replays many histories, sixteen side by side: what [`Fsrs::replay`] gives for each.
    ///
    /// Quickest where neighbours are about equally long. Shape: both slices `[n]`; where they differ, the shorter
    /// counts.
    pub fn replay_many(&self, histories: &[&[Review]], out: &mut [Option<MemoryState>]) {
        let model = self;
        widest!(replay_many(model: &Fsrs, histories: &[&[Review]], out: &mut [Option<MemoryState>]));
    }
}

#[inline(always)]
fn retrievabilities(model: &Fsrs, elapsed_days: &[f32], stability: &[f32], out: &mut [f32]) {
    let n = out.len().min(elapsed_days.len()).min(stability.len());
    let (elapsed_days, stability, out) = (&elapsed_days[..n], &stability[..n], &mut out[..n]);
    for i in 0..n {
        out[i] = model.retrievability(elapsed_days[i], stability[i]);
    }
}

#[inline(always)]
fn success_stabilities(
    model: &Fsrs,
    stability: &[f32],
    difficulty: &[f32],
    retrievability: &[f32],
    out: &mut [f32],
) {
    let n = out
        .len()
        .min(stability.len())
        .min(difficulty.len())
        .min(retrievability.len());
    let (stability, difficulty) = (&stability[..n], &difficulty[..n]);
    let (retrievability, out) = (&retrievability[..n], &mut out[..n]);
    for i in 0..n {
        let state = MemoryState {
            stability: stability[i],
            difficulty: difficulty[i],
        };
        out[i] = model.success_stability(state, retrievability[i]);
    }
}

#[inline(always)]
fn replay_many(model: &Fsrs, histories: &[&[Review]], out: &mut [Option<MemoryState>]) {
    for (histories, out) in histories.chunks(LANES).zip(out.chunks_mut(LANES)) {
        let mut lanes = Lanes::EMPTY;
        let longest = histories.iter().map(|h| h.len()).max().unwrap_or(0);
        for (lane, history) in histories.iter().enumerate() {
            if let Some(first) = history.first() {
                let state = model.first(first.grade);
                (lanes.s[lane], lanes.d[lane]) = (state.stability, state.difficulty);
            }
        }
        for i in 1..longest {
            for (lane, history) in histories.iter().enumerate() {
                if let Some(review) = history.get(i) {
                    lanes.t[lane] = review.elapsed_days as f32;
                    lanes.grade[lane] = f32::from(review.grade.rating());
                } else {
                    lanes.grade[lane] = 0.0;
                }
            }
            lanes.step(model);
        }
        for (lane, (history, out)) in histories.iter().zip(out).enumerate() {
            let state = MemoryState {
                stability: lanes.s[lane],
                difficulty: lanes.d[lane],
            };
            *out = (!history.is_empty()).then_some(state);
        }
    }
}

/// Histories at the same review. Shape: `[LANES]` each.
struct Lanes {
    s: [f32; LANES],
    d: [f32; LANES],
    t: [f32; LANES],
    /// The rating 1 to 4, 0 for a lane that has ended.
    grade: [f32; LANES],
}

impl Lanes {
    const EMPTY: Self = Self {
        s: [1.0; LANES],
        d: [5.0; LANES],
        t: [1.0; LANES],
        grade: [0.0; LANES],
    };

    /// [`Fsrs::next`] in every lane: all three rules are computed, and one taken.
    #[inline(always)]
    fn step(&mut self, model: &Fsrs) {
        for i in 0..LANES {
            let (s, d, t, grade) = (self.s[i], self.d[i], self.t[i], self.grade[i]);
            let of_grade = |values: &[f32; 4]| {
                let low = if grade == 1.0 { values[0] } else { values[1] };
                let high = if grade == 3.0 { values[2] } else { values[3] };
                if grade <= 2.0 { low } else { high }
            };
            let r = model.retrievability(t, s);
            let growth = model.success_growth(s, d, of_grade(&model.success_bonus));
            let success = s * (1.0 + growth * model.success_step(r));
            let failure = model.failure(s, d, r);
            let change = of_grade(&model.same_day) * model.same_day_shrink(s);
            let same_day = s * if grade == 1.0 {
                change
            } else {
                change.max(1.0)
            };
            let later = if grade == 1.0 { failure } else { success };
            let new_s = clip_stability(if t == 0.0 { same_day } else { later });
            let new_d =
                clip_difficulty(model.moved_difficulty(d, of_grade(&model.difficulty_step)));
            self.s[i] = if grade == 0.0 { s } else { new_s };
            self.d[i] = if grade == 0.0 { d } else { new_d };
        }
    }
}
