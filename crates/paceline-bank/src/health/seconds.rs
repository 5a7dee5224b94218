//! How long items take, whoever answers them.

use paceline_core::math::wide::{exp, ln};

/// Rounds of items' and learners' means; the second decimal settles in three.
const ROUNDS: usize = 4;

/// How an item's answers take time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pace {
    /// Answers with a known time.
    pub(super) n: u32,
    /// Seconds of a learner of middling speed: the geometric mean.
    pub(super) typical_seconds: f64,
    /// Share of answers below a tenth of that: too fast to have read it (Wise & Ma 2012, NT10).
    pub(super) rapid_share: f64,
}

/// Each item's pace from `(learner, item, seconds)`: log time is item plus learner (van der Linden 2006, equal variances).
///
/// Shape: the result is `[n_items]`. Times that are not positive and finite are left out.
pub(super) fn paces(n_learners: usize, n_items: usize, times: &[(u32, u32, f32)]) -> Vec<Pace> {
    let logs: Vec<(usize, usize, f64)> = times
        .iter()
        .filter(|time| time.2.is_finite() && time.2 > 0.0)
        .map(|&(learner, item, seconds)| (learner as usize, item as usize, ln(f64::from(seconds))))
        .collect();
    let (mut learners, mut items) = (vec![0.0; n_learners], vec![0.0; n_items]);
    for _ in 0..ROUNDS {
        items = means(
            n_items,
            logs.iter().map(|&(l, i, log)| (i, log - learners[l])),
        );
        learners = means(
            n_learners,
            logs.iter().map(|&(l, i, log)| (l, log - items[i])),
        );
    }
    let mut paces: Vec<Pace> = items
        .iter()
        .map(|&log| Pace {
            typical_seconds: exp(log),
            ..Pace::default()
        })
        .collect();
    for &(_, item, log) in &logs {
        let pace = &mut paces[item];
        pace.n += 1;
        pace.rapid_share += f64::from(u8::from(log < items[item] - std::f64::consts::LN_10));
    }
    for pace in &mut paces {
        pace.rapid_share /= f64::from(pace.n.max(1));
    }
    paces
}

fn means(n: usize, values: impl Iterator<Item = (usize, f64)>) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); n];
    for (at, value) in values {
        sums[at].0 += value;
        sums[at].1 += 1.0;
    }
    sums.into_iter()
        .map(|(sum, n): (f64, f64)| sum / n.max(1.0))
        .collect()
}
