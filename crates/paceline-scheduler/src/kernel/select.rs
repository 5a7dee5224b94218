//! The best of many by threshold, without sorting them.

/// Rates that a guess of the threshold is made from.
const SAMPLE: usize = 512;
/// How many more than wanted the guess is to let through, so that it seldom lets through too few.
const TO_SPARE: f32 = 1.5;

/// Writes the places of the `most` largest of `rates` to `best`, in no order; of equals, those that come first. Places that
/// hold [`f32::NEG_INFINITY`] are never taken.
///
/// A sample tells a threshold, one pass collects what lies above it, and only of that the best are selected; where the guess
/// was too high, all are. Shape: `rates` `[n]`.
pub(crate) fn select_best(rates: &[f32], most: usize, best: &mut Vec<u32>) {
    let mut threshold = f32::NEG_INFINITY;
    if 2 * most < rates.len() && SAMPLE < rates.len() {
        threshold = guess(rates, most);
    }
    collect(rates, threshold, best);
    if best.len() < most && threshold != f32::NEG_INFINITY {
        collect(rates, f32::NEG_INFINITY, best);
    }
    if most < best.len() {
        let order = |a: &u32, b: &u32| {
            let (x, y) = (rates[*a as usize], rates[*b as usize]);
            y.total_cmp(&x).then(a.cmp(b))
        };
        best.select_nth_unstable_by(most, order);
        best.truncate(most);
    }
}

/// A rate that somewhat more than `most` exceed, going by every so many.
fn guess(rates: &[f32], most: usize) -> f32 {
    let mut sample = [f32::NEG_INFINITY; SAMPLE];
    let stride = rates.len() / SAMPLE;
    for (sample, &rate) in sample.iter_mut().zip(rates.iter().step_by(stride)) {
        *sample = rate;
    }
    let place = TO_SPARE * most as f32 * SAMPLE as f32 / rates.len() as f32;
    let place = (place as usize + 4).min(SAMPLE - 1);
    *sample
        .select_nth_unstable_by(place, |a, b| b.total_cmp(a))
        .1
}

/// Writes the places above the threshold, by words of 64: comparing vectorises, and few words have any.
fn collect(rates: &[f32], threshold: f32, places: &mut Vec<u32>) {
    places.clear();
    for (at, chunk) in rates.chunks(64).enumerate() {
        let mut word = 0u64;
        for (i, &rate) in chunk.iter().enumerate() {
            word |= u64::from(threshold < rate) << i;
        }
        while word != 0 {
            places.push(64 * at as u32 + word.trailing_zeros());
            word &= word - 1;
        }
    }
}
