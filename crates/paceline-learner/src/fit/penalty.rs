//! How much each table is held back, learned from the table itself.
//!
//! A penalty is the precision of a normal prior on the weights. The evidence for it is largest where
//! `penalty = degrees of freedom / sum of squared weights` (MacKay 1992, eq. 4.9); one step of that from a first fit,
//! with the curvature taken as diagonal.

#[cfg(test)]
mod tests;

/// `p (1 - p)` of a typical prediction.
const CURVATURE: f32 = 0.17;

/// The diagonal counts freedom twice that correlated weights share, and so holds back too much; this share of
/// the step was chosen on train learners.
const SHARE: f64 = 0.75;

/// Bounds of a penalty.
const LEAST: f64 = 0.3;
const MOST: f64 = 400.0;

/// Sums over the weights of one group.
#[derive(Clone, Copy, Default)]
struct Group {
    penalty: f64,
    freedom: f64,
    squares: f64,
}

/// The penalty of each weight; those of a group share one.
///
/// Shape: all slices `[n weights]`. `penalty` is what `weights` were fitted with, alike within a group; `squares` are the sums of
/// squared values of each weight.
pub(super) fn tuned(groups: &[u8], penalty: &[f32], squares: &[f32], weights: &[f32]) -> Vec<f32> {
    let mut sums = [Group::default(); 1 + u8::MAX as usize];
    for (((&of, &penalty), &squares), &weight) in
        groups.iter().zip(penalty).zip(squares).zip(weights)
    {
        let information = f64::from(CURVATURE * squares);
        let sum = &mut sums[usize::from(of)];
        sum.penalty = f64::from(penalty);
        sum.freedom += information / (information + sum.penalty);
        sum.squares += f64::from(weight) * f64::from(weight);
    }
    // One pseudo-weight as wide as the penalty says keeps a group of few weights where it was.
    let tuned = sums.map(|sum| {
        let new = SHARE * (sum.freedom + 1.0) / (sum.squares + 1.0 / sum.penalty);
        new.clamp(LEAST, MOST) as f32
    });
    groups.iter().map(|&of| tuned[usize::from(of)]).collect()
}
