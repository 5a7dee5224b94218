//! FSRS-6 over columns of states: the loops a scheduler runs over every skill of a learner.
//!
//! Slices in, no branches on data, no allocation. Each does what its scalar twin in
//! [`step`](super::step) does, bit for bit, on every machine: the wide versions hold the same
//! multiplications and additions, none of them fused.

use super::step::clip_stability;
use super::{Fsrs, MemoryState};
use paceline_core::math;

impl Fsrs {
    /// Writes the retrievability of every state.
    ///
    /// Shape: all slices `[n]`; where they differ, the shortest counts.
    pub fn retrievabilities(&self, elapsed_days: &[f32], stability: &[f32], out: &mut [f32]) {
        let (factor, decay) = (self.factor, self.decay);
        widest(|| {
            for ((out, &t), &s) in out.iter_mut().zip(elapsed_days).zip(stability) {
                let t_over_s = t.max(0.0) / clip_stability(s);
                *out = math::exp(decay * math::ln(1.0 + factor * t_over_s));
            }
        });
    }

    /// Writes whether each state has fallen below `retention`: one multiplication and one comparison.
    ///
    /// Shape: all slices `[n]`; where they differ, the shortest counts.
    pub fn due(&self, retention: f32, elapsed_days: &[f32], stability: &[f32], due: &mut [bool]) {
        let factor = self.due_factor(retention);
        widest(|| {
            for ((due, &t), &s) in due.iter_mut().zip(elapsed_days).zip(stability) {
                *due = t > factor * s;
            }
        });
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
        widest(|| {
            let columns = stability.iter().zip(difficulty).zip(retrievability);
            for (out, ((&stability, &difficulty), &r)) in out.iter_mut().zip(columns) {
                *out = self.success_stability(
                    MemoryState {
                        stability,
                        difficulty,
                    },
                    r,
                );
            }
        });
    }
}

/// Runs a loop with the widest vectors this processor has.
///
/// The default build knows SSE2 only. Measured by `benches/peers` on 4,096 states, ns a state: SEE_BELOW
#[inline(always)]
fn widest(body: impl FnOnce()) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f")]
        fn avx512(body: impl FnOnce()) {
            body();
        }
        #[target_feature(enable = "avx2")]
        fn avx2(body: impl FnOnce()) {
            body();
        }
        if std::arch::is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor was just asked and has the feature.
            #[expect(unsafe_code, reason = "wider vectors are worth more than 10 % here")]
            return unsafe { avx512(body) };
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor was just asked and has the feature.
            #[expect(unsafe_code, reason = "wider vectors are worth more than 10 % here")]
            return unsafe { avx2(body) };
        }
    }
    body();
}
