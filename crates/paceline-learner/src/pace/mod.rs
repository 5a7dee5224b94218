//! Pace: how long this learner takes, and how many minutes a day they have.
//!
//! The time of an answer is lognormal: `ln seconds ~ normal(beta_item - tau, sigma^2)` (van der Linden 2007,
//! "A hierarchical framework for modeling speed and accuracy on test items"). `beta_item` comes from the item's
//! expected seconds, `tau` is the learner's speed, learnt by the conjugate update of a normal mean. Speeds drift,
//! so its variance never quite closes; times that no work explains (a tab left open, a click through) are
//! clipped and their pull bounded.
//!
//! What is kept is small: [`Pace`] is 12 bytes, [`Budget`] 52. Neither reads a clock.

use paceline_core::math::{self, wide};
use paceline_core::time::StudyDay;
use serde::{Deserialize, Serialize};

/// Standard deviation of ln seconds about what is expected of this learner on this item.
const SIGMA: f32 = 0.5;
/// Prior standard deviation of speed among learners.
const SPEED_SD: f32 = 0.35;
/// Variance that speed gains with each answer: it drifts by a tenth in ln over a hundred answers.
const DRIFT: f32 = 0.0001;
/// Residuals beyond this many standard deviations pull no harder (Huber 1964).
const BOUND_SD: f32 = 2.0;
/// Times are clipped to this range of the item's expected time, in ln.
const CLIP_LN: f32 = 3.0;
/// Seconds a click-through takes, whatever the item, and its spread in ln.
const GUESS_SHARE: f32 = 0.08;
const GUESS_SD: f32 = 0.5;
/// Weight of one more answer in the learner's rate of rapid guessing.
const GUESS_RATE_STEP: f32 = 0.05;
/// Rate of rapid guessing taken for a learner of whom nothing is known.
const GUESS_RATE: f32 = 0.02;

/// How fast one learner is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// Mean of tau: ln of how many times faster than expected.
    pub speed: f32,
    /// Variance of tau.
    pub variance: f32,
    /// Running share of answers that look like rapid guesses.
    pub guess_rate: f32,
}

/// One timed answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timed {
    /// Seconds it took; 0, negative, NaN and infinite mean unknown.
    pub seconds: f32,
    /// Seconds an average learner takes on the item, on average.
    pub expected_seconds: f32,
    /// Whether it was right.
    pub correct: bool,
    /// Predicted probability that this learner, working, is right.
    pub p_correct: f32,
    /// Probability that a guess is right: one over the number of choices, 0 where the answer is typed.
    pub p_guess: f32,
}

impl Timed {
    /// ln of the share of the expected time that was taken, None where a time is missing.
    fn ln_share(&self) -> Option<f32> {
        let share = self.seconds / self.expected_seconds;
        let known = self.seconds > 0.0 && share > 0.0 && share.is_finite();
        known.then(|| math::ln(share).clamp(-CLIP_LN, CLIP_LN))
    }
}

impl Default for Pace {
    /// The average learner: expected times are means over learners, so the factor is exactly 1.
    fn default() -> Self {
        Self {
            speed: 0.5 * SPEED_SD * SPEED_SD,
            variance: SPEED_SD * SPEED_SD,
            guess_rate: GUESS_RATE,
        }
    }
}

impl Pace {
    /// What to multiply an item's expected seconds by: `E[exp(-tau)] = exp(-mean + variance/2)`.
    #[must_use]
    pub fn factor(&self) -> f32 {
        math::exp(-self.speed + 0.5 * self.variance)
    }

    /// The probability that an answer was a rapid guess, from its time and whether it was right.
    ///
    /// Two explanations compete: work at this learner's speed, right with `p_correct`, and a click-through in
    /// some twelfth of the expected time, right by chance. A quick learner who is right is therefore not
    /// flagged. 0 where the time is unknown.
    #[must_use]
    pub fn p_rapid_guess(&self, timed: &Timed) -> f32 {
        let Some(x) = timed.ln_share() else {
            return 0.0;
        };
        let work_sd = (SIGMA * SIGMA + self.variance).sqrt();
        let right = |p: f32| if timed.correct { p } else { 1.0 - p }.max(0.01);
        let work = density(x, -0.5 * SIGMA * SIGMA - self.speed, work_sd) * right(timed.p_correct);
        // Nobody clicks through more slowly than the centre of the guesses, so below it they count in full.
        let guess = density(
            x.max(math::ln(GUESS_SHARE)),
            math::ln(GUESS_SHARE),
            GUESS_SD,
        );
        let guess = guess * right(timed.p_guess);
        let rate = self.guess_rate.clamp(0.005, 0.5);
        let p = rate * guess / (rate * guess + (1.0 - rate) * work);
        if p.is_finite() { p } else { 0.0 }
    }

    /// The pace after one more answer. An unknown time changes nothing.
    #[must_use]
    pub fn after(self, timed: &Timed) -> Self {
        let Some(x) = timed.ln_share() else {
            return self;
        };
        let p_guess = self.p_rapid_guess(timed);
        let predicted = self.variance + DRIFT;
        // ln share = -sigma^2/2 - tau + noise.
        let residual = -(x + 0.5 * SIGMA * SIGMA) - self.speed;
        let z = residual.abs() / (predicted + SIGMA * SIGMA).sqrt();
        // A guess says nothing of speed; a far residual is taken as noisier than it claims.
        let trust = (1.0 - p_guess) * (BOUND_SD / z.max(BOUND_SD));
        let gain = predicted * trust / (predicted * trust + SIGMA * SIGMA);
        Self {
            speed: self.speed + gain * residual,
            variance: (predicted * (1.0 - gain)).min(SPEED_SD * SPEED_SD),
            guess_rate: self.guess_rate + GUESS_RATE_STEP * (p_guess - self.guess_rate),
        }
    }
}

/// A normal density without its common factor 1/sqrt(2 pi).
fn density(x: f32, mean: f32, sd: f32) -> f32 {
    let z = (x - mean) / sd;
    math::exp(-0.5 * z * z) / sd
}

/// Half-life, in days, of what is remembered of days and minutes used.
const BUDGET_HALF_LIFE_DAYS: f64 = 14.0;
/// Minutes taken for a learner of whom nothing is known, and how many days that counts for.
const PRIOR_MINUTES: f32 = 20.0;
const PRIOR_DAYS: f32 = 2.0;
/// Share of days taken to be used, and how many days that counts for on each weekday.
const PRIOR_ACTIVE: f32 = 5.0 / 7.0;
/// A day's minutes are clipped to this: a tab left open is not study.
const DAY_MAX_MINUTES: f32 = 240.0;

/// The days and minutes a learner really uses: decaying sums, by weekday and for a day that is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// The last study day with minutes.
    last: Option<StudyDay>,
    /// Minutes on it so far.
    today_minutes: f32,
    /// Decayed minutes and days, over days that were used, today left out.
    minutes: f32,
    days: f32,
    /// Decayed days used and days passed, Monday first, as (used, passed).
    used: [f32; 7],
    passed: [f32; 7],
}

impl Budget {
    /// Adds minutes of work on a study day; a day before the last is counted with the last.
    #[must_use]
    pub fn after(mut self, day: StudyDay, minutes: f32) -> Self {
        let minutes = if minutes > 0.0 {
            minutes.min(DAY_MAX_MINUTES)
        } else {
            return self;
        };
        if self.last.is_none_or(|last| last < day) {
            self.close(day);
        }
        self.today_minutes = (self.today_minutes + minutes).min(DAY_MAX_MINUTES);
        self
    }

    /// Books the days up to `day`, which becomes the last.
    fn close(&mut self, day: StudyDay) {
        if let Some(last) = self.last {
            let gap = day.0.saturating_sub(last.0).max(1);
            let keep = decay(gap);
            self.minutes = (self.minutes + self.today_minutes) * keep;
            self.days = (self.days + 1.0) * keep;
            // After two months away a learner is as good as new; the weekdays in between are few enough.
            for passed in 0..gap.min(60) {
                let weekday = weekday(last.0 + passed);
                let weight = decay(gap - passed);
                self.passed[weekday] += weight / keep;
                if passed == 0 {
                    self.used[weekday] += weight / keep;
                }
            }
            for sum in self.used.iter_mut().chain(&mut self.passed) {
                *sum *= keep;
            }
        }
        self.last = Some(day);
        self.today_minutes = 0.0;
    }

    /// Minutes on a day that is used. Today's count only once they exceed it: the day is not over.
    #[must_use]
    pub fn minutes_when_used(&self) -> f32 {
        let usual = (self.minutes + PRIOR_MINUTES * PRIOR_DAYS) / (self.days + PRIOR_DAYS);
        if self.today_minutes > usual {
            (usual * (self.days + PRIOR_DAYS) + self.today_minutes) / (self.days + PRIOR_DAYS + 1.0)
        } else {
            usual
        }
    }

    /// Probability that a study day is used, by its weekday.
    #[must_use]
    pub fn p_used(&self, day: StudyDay) -> f32 {
        let i = weekday(day.0);
        // The learner's rate over all weekdays is the prior of each.
        let (used, passed): (f32, f32) = (self.used.iter().sum(), self.passed.iter().sum());
        let rate = (used + PRIOR_ACTIVE * 7.0) / (passed + 7.0);
        ((self.used[i] + rate) / (self.passed[i] + 1.0)).min(1.0)
    }

    /// Expected minutes on a study day.
    #[must_use]
    pub fn minutes_on(&self, day: StudyDay) -> f32 {
        self.p_used(day) * self.minutes_when_used()
    }

    /// Expected minutes on an average day of the `days` from `from` on; none of a learner who never worked.
    #[must_use]
    pub fn minutes_a_day(&self, from: StudyDay, days: i32) -> Option<f32> {
        self.last?;
        let days = days.max(1);
        let until = StudyDay(from.0.saturating_add(days));
        Some(self.minutes_between(from, until) / days as f32)
    }

    /// Expected minutes from `from` until before `until`.
    #[must_use]
    pub fn minutes_between(&self, from: StudyDay, until: StudyDay) -> f32 {
        let days = until.0.saturating_sub(from.0).max(0);
        let (weeks, rest) = (days / 7, days % 7);
        let sum = |n: i32| {
            (0..n)
                .map(|i| self.minutes_on(StudyDay(from.0.saturating_add(i))))
                .sum::<f32>()
        };
        weeks as f32 * sum(7) + sum(rest)
    }
}

fn decay(days: i32) -> f32 {
    wide::exp(-std::f64::consts::LN_2 * f64::from(days) / BUDGET_HALF_LIFE_DAYS) as f32
}

/// Day of the week, 0 = Monday; study day 0 is a Thursday.
fn weekday(day: i32) -> usize {
    (i64::from(day) + 3).rem_euclid(7) as usize
}

#[cfg(test)]
mod tests;
