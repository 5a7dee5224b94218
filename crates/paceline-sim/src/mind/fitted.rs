//! Family E: a hidden state with student effects, its numbers fitted to a real answer log.
//!
//! 1. A skill is known or not; each opportunity makes an unknown one known with a chance that the learner's rate scales.
//! 2. A known skill lapses at the end of a life that grows as a power of the days it was practised on; practice restores it.
//! 3. The student's effect shifts success in either state.
//!
//! The fit is maximum likelihood by [`Fitted::fit`]; neither the engine's knowledge nor its memory model has a part in it.

use super::{Moment, Prior, SkillState, Work};
use crate::fitted::Fitted;
use crate::math;
use crate::world::World;

/// One skill's latent threshold and life; a threshold of 0 is passed from the start.
#[derive(Clone, Debug)]
pub(crate) struct Skill {
    effect: f64,
    learnt: f64,
    learnt_at: f64,
    /// Life after practice on one day, days.
    life: f64,
    practised_days: u16,
    /// Power of the days practised by which the life lasts longer.
    firmer: f64,
    /// What a dose adds toward knowing.
    hazard: f64,
    last_day: Option<u16>,
    alive_until: f64,
}

/// What the log's first answers owe to a lesson before them, in log-odds of knowing.
const TAUGHT: f64 = 2.2;
/// A lesson's doses count by this share: what it brings at once is little beside practice.
const LESSON_SHARE: f64 = 0.1;
/// An opportunity of a log in doses. In a class here it comes to about .45; the rest makes up for what a fit without skills of unequal
/// difficulty takes from learning. These three are set by the face-validity gates, not by the log.
const TYPICAL_DOSE: f64 = 0.1;
/// The forgetting of a world over the middle of its range scales the fitted rate.
const TYPICAL_DECAY: f64 = 0.24;
/// The gain of a world over the middle of its range scales the fitted chance to learn.
const TYPICAL_GAIN: f64 = 0.11;

impl SkillState for Skill {
    fn new(world: &World, prior: Prior) -> Self {
        let fitted = &world.fitted;
        let [state, learn, life, _] = prior.luck;
        let brought = prior.logit - world.initial;
        let knows = state < math::logistic(fitted.known_logit - TAUGHT + brought);
        let exponential = |u: f64| -libm::log(1.0 - u);
        let lapse = fitted.lapse_per_day * world.decay / TYPICAL_DECAY;
        Self {
            effect: fitted.student_sd / world.ability_sd * brought,
            learnt: 0.0,
            learnt_at: if knows { 0.0 } else { exponential(learn) },
            life: exponential(life) / lapse.max(1e-9),
            practised_days: 0,
            firmer: 0.0,
            hazard: -libm::log(1.0 - fitted.p_learn) * world.gain / (TYPICAL_GAIN * TYPICAL_DOSE),
            last_day: None,
            alive_until: exponential(life) / lapse.max(1e-9),
        }
    }

    fn logit(&self, world: &World, at: Moment) -> f64 {
        let Fitted {
            right_known_logit,
            right_unknown_logit,
            ..
        } = world.fitted;
        let alive = self.learnt >= self.learnt_at && f64::from(at.day) < self.alive_until;
        let level = if alive {
            right_known_logit
        } else {
            right_unknown_logit
        };
        level + self.effect
    }

    fn study(&mut self, world: &World, dose: f64, work: Work, at: Moment) {
        let learns = match work {
            Work::Lesson => LESSON_SHARE * dose,
            Work::Item => dose,
        };
        self.learnt += self.hazard * learns;
        if self.last_day != Some(at.day) {
            self.last_day = Some(at.day);
            self.practised_days = self.practised_days.saturating_add(1);
            let days = f64::from(self.practised_days);
            self.firmer = libm::pow(days, world.fitted.firming);
        }
        if self.learnt >= self.learnt_at {
            let until = f64::from(at.day) + self.life * self.firmer * dose.min(1.0);
            self.alive_until = self.alive_until.max(until);
        }
    }

    /// One step rarely crosses the threshold: what knowing is worth, over the steps that it still takes.
    fn prospect(&self, world: &World, (dose, work, now): super::Study, then: Moment) -> f64 {
        let mut after = self.clone();
        after.study(world, dose, work, now);
        let today = self.success(world, 0.0, then);
        let gained = after.success(world, 0.0, then) - today;
        if self.learnt >= self.learnt_at {
            return gained;
        }
        let step = (after.learnt - self.learnt).max(1e-9);
        let steps = ((self.learnt_at - self.learnt) / step).max(1.0);
        let known = math::logistic(world.fitted.right_known_logit + self.effect);
        gained.max((known - today) / steps)
    }
}
