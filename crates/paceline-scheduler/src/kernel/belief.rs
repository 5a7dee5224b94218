//! What is believed of every skill, from log-odds and memories.

use paceline_core::{math, widest};
use paceline_learner::memory::Fsrs;

use super::BLOCK;

/// Probability of mastery at which a skill counts as mastered, as a standard normal quantile (.75).
pub(super) const MASTERED_QUANTILE: f32 = 0.674_49;
/// Slope of the logistic function nearest the normal distribution.
pub(super) const PROBIT_SLOPE: f32 = 1.702;

/// Log-odds of a right answer with their variance, and those that count as mastered. Shape: all `[n]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogOdds<'a> {
    pub(crate) logit: &'a [f32],
    pub(crate) variance: &'a [f32],
    pub(crate) threshold: &'a [f32],
}

/// Writes probability of a right answer, probability of mastery and which are mastered of up to [`BLOCK`] skills.
///
/// Shape: `kappa` and `p_mastered` `[n]`, `n <= BLOCK`; `mastered` one bit a skill, `[n / 64]` rounded up.
pub(crate) fn believe(
    odds: LogOdds<'_>,
    kappa: &mut [f32],
    p_mastered: &mut [f32],
    mastered: &mut [u64],
) {
    widest!(believe_of(odds: LogOdds<'_>, kappa: &mut [f32], p_mastered: &mut [f32], mastered: &mut [u64]));
}

#[inline(always)]
fn believe_of(odds: LogOdds<'_>, kappa: &mut [f32], p_mastered: &mut [f32], mastered: &mut [u64]) {
    let n = kappa.len().min(BLOCK);
    let (logit, variance, threshold) =
        (&odds.logit[..n], &odds.variance[..n], &odds.threshold[..n]);
    let (kappa, p_mastered) = (&mut kappa[..n], &mut p_mastered[..n]);
    let mut above = [f32::NEG_INFINITY; BLOCK];
    for i in 0..n {
        above[i] = (logit[i] - threshold[i]) / variance[i].sqrt();
        kappa[i] = math::logistic(logit[i]);
        p_mastered[i] = math::logistic(PROBIT_SLOPE * above[i]);
    }
    for (word, above) in mastered.iter_mut().zip(above.as_chunks::<64>().0) {
        *word = 0;
        for (i, &above) in above.iter().enumerate() {
            *word |= u64::from(MASTERED_QUANTILE <= above) << i;
        }
    }
}

/// Memories, and success without any practice. Shape: all `[n]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Practised<'a> {
    pub(crate) kappa: &'a [f32],
    pub(crate) easiness: &'a [f32],
    pub(crate) stability_days: &'a [f32],
    pub(crate) elapsed_days: &'a [f32],
}

/// Writes predicted success now of up to [`BLOCK`] skills: what practice has added fades with memory; what was there
/// without it, `logistic(base + slope easiness)`, stays.
///
/// Skills without a memory have a stability of 0. Shape: `p_now` `[n]`, `n <= BLOCK`.
pub(crate) fn fade(
    fsrs: &Fsrs,
    base: f32,
    slope: f32,
    practised: Practised<'_>,
    p_now: &mut [f32],
) {
    let mut recall = [0.0; BLOCK];
    let n = p_now.len().min(BLOCK);
    fsrs.retrievabilities(
        &practised.elapsed_days[..n],
        &practised.stability_days[..n],
        &mut recall,
    );
    let recall = &recall;
    widest!(fade_of(base: f32, slope: f32, practised: Practised<'_>, recall: &[f32; BLOCK], p_now: &mut [f32]));
}

#[inline(always)]
fn fade_of(
    base: f32,
    slope: f32,
    practised: Practised<'_>,
    recall: &[f32; BLOCK],
    p_now: &mut [f32],
) {
    let n = p_now.len().min(BLOCK);
    let (kappa, easiness) = (&practised.kappa[..n], &practised.easiness[..n]);
    let (stability, p_now) = (&practised.stability_days[..n], &mut p_now[..n]);
    for i in 0..n {
        let untouched = math::logistic(base + slope * easiness[i]);
        let gained = (kappa[i] - untouched).max(0.0);
        let lost = gained * (1.0 - recall[i]);
        p_now[i] = kappa[i] - if 0.0 < stability[i] { lost } else { 0.0 };
    }
}
