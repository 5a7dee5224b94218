//! Family A: the logit of a skill is what was there plus gains, each decaying as a power of its age.
//!
//! `logit(t) = prior + sum_n g_n (1 + age_n / 7)^-d`. A gain is smaller the more was practised in the days
//! before and the more is still retained, so gaps pay; how long a gap pays best depends on the delay to the test and
//! is not put in. The whole sum is kept, not a mean age: with one mean age an old practice can lower a later
//! strength.

use super::{Moment, Prior, SkillState, Work};
use crate::math;
use crate::world::World;

/// Gains of one day share an age.
#[derive(Clone, Debug)]
pub(crate) struct Skill {
    prior: f64,
    gains: Vec<(u16, f32)>,
    /// The last day with items and the doses of items still fresh then.
    massed: (u16, f32),
}

/// A gain shrinks by up to this share of what is retained, `x / (1 + x)` of it.
const RETAINED_COST: f64 = 0.6;
/// Days in which practice loses its freshness, e-fold.
const FRESH_DAYS: f64 = 4.0;
/// A fresh item over the world's gain: what a fit finds in a log is what massing, inattention and guessing leave of it.
const ITEM_WORTH: f64 = 7.0;

impl Skill {
    fn retained(&self, world: &World, day: u16) -> f64 {
        let kept = |&(then, gain): &(u16, f32)| f64::from(gain) * world.kept(day - then);
        self.gains.iter().map(kept).sum()
    }
}

impl SkillState for Skill {
    fn new(_: &World, prior: Prior) -> Self {
        Self {
            prior: prior.logit,
            gains: Vec::new(),
            massed: (0, 0.0),
        }
    }

    fn success(&self, world: &World, shift: f64, at: Moment) -> f64 {
        math::logistic(self.prior + self.retained(world, at.day) + shift)
    }

    fn study(&mut self, world: &World, dose: f64, work: Work, at: Moment) {
        let dose = match work {
            Work::Lesson => dose,
            Work::Item => {
                let (last, doses) = self.massed;
                let gap_days = f64::from(at.day - last);
                let before = f64::from(doses) * math::exp(-gap_days / FRESH_DAYS);
                self.massed = (at.day, (before + dose) as f32);
                ITEM_WORTH * (massed(world, before + dose) - massed(world, before))
            }
        };
        let mut retained = self.retained(world, at.day);
        let start = retained;
        // A lesson is worth many opportunities: taken in small steps, so that its end sees what its beginning taught.
        let steps = libm::ceil(dose).max(1.0);
        for _ in 0..steps as u32 {
            let room = 1.0 - world.massing * RETAINED_COST * retained / (1.0 + retained);
            retained += world.gain * dose / steps * room;
        }
        let gain = (retained - start) as f32;
        match self.gains.last_mut() {
            Some((day, sum)) if *day == at.day => *sum += gain,
            _ => self.gains.push((at.day, gain)),
        }
    }
}

/// What `doses` in a row are worth: the marginal dose falls from 1 to .35 where massing costs fully.
fn massed(world: &World, doses: f64) -> f64 {
    const FALL: f64 = 0.65;
    const LN_KEEP: f64 = -0.223_143_551_314_209_7; // ln .8
    let fallen = doses + (math::exp(LN_KEEP * doses) - 1.0) / -LN_KEEP;
    doses - world.massing * FALL * fallen
}
