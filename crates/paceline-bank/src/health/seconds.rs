//! How long items take, whoever answers them.

use crate::response_time::{TimeLog, calibrate_times};

/// How an item's answers take time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pace {
    /// Answers with a known time.
    pub(super) n: u32,
    /// Seconds of a learner of middling speed: the median.
    pub(super) typical_seconds: f64,
    /// Share of answers below a tenth of that: too fast to have read it (Wise & Ma 2012, NT10).
    pub(super) rapid_share: f64,
}

/// Each item's pace from `(learner, item, seconds)`, by the response time model.
///
/// Shape: the result is `[n_items]`. Times that are not positive and finite are left out.
pub(super) fn paces(n_items: usize, times: &[(u32, u32, f32)]) -> Vec<Pace> {
    let mut log = TimeLog::default();
    let mut paces = vec![Pace::default(); n_items];
    let kept =
        |&&(learner, item, seconds): &&(u32, u32, f32)| log.push(learner, item, seconds).is_ok();
    let kept: Vec<_> = times.iter().filter(kept).collect();
    for (pace, item) in paces.iter_mut().zip(calibrate_times(&log).items) {
        (pace.n, pace.typical_seconds) = (item.n, item.median_seconds(0.0));
    }
    for &&(_, item, seconds) in &kept {
        let pace = &mut paces[item as usize];
        pace.rapid_share += f64::from(u8::from(f64::from(seconds) < 0.1 * pace.typical_seconds));
    }
    for pace in &mut paces {
        pace.rapid_share /= f64::from(pace.n.max(1));
    }
    paces
}
