//! Family A: the logit of a skill is what was there plus gains, each decaying as a power of its age.
//!
//! `logit(t) = prior + sum_n g_n (1 + age_n / 7)^-d`. A gain is smaller the more was practised in the days
//! before and the more is still retained, so gaps pay; how long a gap pays best depends on the delay to the test and
//! is not put in. The whole sum is kept, not a mean age: with one mean age an old practice can lower a later
//! strength.

use std::cell::Cell;

use super::{Moment, Prior, SkillState, Work};
use crate::math;
use crate::world::World;

/// Gains of one day share an age.
#[derive(Clone, Debug)]
pub(crate) struct Skill {
    prior: f64,
    gains: Vec<(u16, f32)>,
    /// A day that was looked at, and what is retained on it.
    retained: Cell<(u16, f64)>,
    massed: Massed,
}

/// How massed the items of the last day with any are.
#[derive(Clone, Copy, Debug)]
struct Massed {
    day: u16,
    /// Doses still fresh.
    doses: f64,
    /// `KEEP^doses`.
    kept: f64,
}

/// A gain shrinks by up to this share of what is retained, `x / (1 + x)` of it.
const RETAINED_COST: f64 = 0.6;
/// Days in which practice loses its freshness, e-fold.
const FRESH_DAYS: f64 = 4.0;
/// Most that is learnt in one step of the integration, logits.
const STEP: f64 = 0.5;
/// The worth of a dose falls by up to this share, by `KEEP` with each dose before it.
const FALL: f64 = 0.65;
const LN_KEEP: f64 = -0.223_143_551_314_209_7; // ln .8
/// A fresh item over the world's gain: what a fit finds in a log is what massing, inattention and guessing leave of it.
const ITEM_WORTH: f64 = 8.4;

impl Skill {
    fn retained(&self, world: &World, day: u16) -> f64 {
        let (seen, retained) = self.retained.get();
        if seen == day {
            return retained;
        }
        let kept = |&(then, gain): &(u16, f32)| f64::from(gain) * world.kept(day - then);
        let retained = self.gains.iter().map(kept).sum();
        self.retained.set((day, retained));
        retained
    }
}

impl SkillState for Skill {
    fn new(_: &World, prior: Prior) -> Self {
        Self {
            prior: prior.logit,
            gains: Vec::new(),
            retained: Cell::new((0, 0.0)),
            massed: Massed {
                day: 0,
                doses: 0.0,
                kept: 1.0,
            },
        }
    }

    fn logit(&self, world: &World, at: Moment) -> f64 {
        self.prior + self.retained(world, at.day)
    }

    fn study(&mut self, world: &World, dose: f64, work: Work, at: Moment) {
        let dose = match work {
            Work::Lesson => dose,
            Work::Item => ITEM_WORTH * self.massed.add(world, dose, at.day),
        };
        let start = self.retained(world, at.day);
        // A lesson is worth many opportunities: in small steps, so that its end sees what its beginning taught.
        let whole = world.gain * dose;
        let cost = world.massing * RETAINED_COST;
        let more = (whole / STEP) as u32;
        let step = if more == 0 {
            whole
        } else {
            whole / f64::from(1 + more)
        };
        let mut retained = start + grown(start, step, cost);
        for _ in 0..more {
            retained += grown(retained, step, cost);
        }
        let gain = (retained - start) as f32;
        match self.gains.last_mut() {
            Some((day, sum)) if *day == at.day => *sum += gain,
            _ => self.gains.push((at.day, gain)),
        }
        self.retained.set((at.day, start + f64::from(gain)));
    }
}

/// What a step of `h` adds to what is retained where a gain is `1 - cost x / (1 + x)`, by Taylor's series to the third order: one division
/// where the midpoint rule has two.
fn grown(retained: f64, h: f64, cost: f64) -> f64 {
    let u = 1.0 / (1.0 + retained);
    let rate = 1.0 - cost + cost * u;
    let first = -cost * u * u;
    let second = -2.0 * first * u;
    h * rate * (1.0 + h * (first * 0.5 + h * (first * first + rate * second) * (1.0 / 6.0)))
}

impl Massed {
    /// What a dose is worth after those before it: from all of it to .35 where massing costs fully.
    fn add(&mut self, world: &World, dose: f64, day: u16) -> f64 {
        if day != self.day {
            let gap_days = f64::from(day - self.day);
            self.doses *= math::exp(-gap_days / FRESH_DAYS);
            self.kept = math::exp(LN_KEEP * self.doses);
            self.day = day;
        }
        let keeps = math::exp(LN_KEEP * dose);
        let fallen = dose - self.kept * (1.0 - keeps) * (-1.0 / LN_KEEP);
        self.doses += dose;
        self.kept *= keeps;
        dose - world.massing * FALL * fallen
    }
}
