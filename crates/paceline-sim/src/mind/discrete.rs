//! Family B: a skill is absent, fragile or secure, and a misconception gives systematic wrong answers.
//!
//! 1. Absent becomes fragile when accumulated doses pass a threshold drawn once (exponential), which is the
//!    same as independent all-or-none chances and makes luck common to all policies.
//! 2. Fragile lapses at the end of a life that every practice extends and none shortens; practice restores it.
//! 3. Fragile becomes secure, for good, by doses weighted with how far the last one has faded: gaps pay.
//! 4. What a pupil brings beyond the typical one shifts success in every state.
//! 5. A misconception halves learning until enough feedback has worn it off; until then answers are wrong.

use super::{Moment, Prior, SkillState, Study, Work};
use crate::math;
use crate::world::World;

/// One skill's latent thresholds and progress; a threshold of 0 is passed from the start.
#[derive(Clone, Debug)]
pub(crate) struct Skill {
    /// Logits above a typical pupil in every state.
    brought: f64,
    learnt: f64,
    learnt_at: f64,
    firm: f64,
    firm_at: f64,
    worn: f64,
    worn_at: f64,
    /// How much of the last consolidation is still fresh, at `fresh_time`.
    fresh: f64,
    fresh_time: f64,
    /// Life of a fragile skill after one practice, days.
    life: f64,
    alive_until: f64,
}

/// Logits of the four states; misled is below absent.
const SECURE: f64 = 3.0;
const FRAGILE: f64 = 2.0;
const LAPSED: f64 = -0.8;
const ABSENT: f64 = -1.7;
const MISLED: f64 = -3.5;
/// Share of a pupil's advantage that shows in every state.
const BROUGHT: f64 = 0.7;

/// Chances to learn, to secure and to wear off a misconception per dose, over the world's gain per opportunity.
const LEARN_RATE: f64 = 4.0;
const SECURE_RATE: f64 = 2.5;
const WEAR_RATE: f64 = 2.0;
/// A lesson's doses count by this share toward learning.
const LESSON_SHARE: f64 = 0.2;
/// How likely an absent skill comes with a misconception.
const MISLED_SHARE: f64 = 0.3;

fn days(at: Moment) -> f64 {
    f64::from(at.day) + at.minute / 1440.0
}

impl Skill {
    fn is_learnt(&self) -> bool {
        self.learnt >= self.learnt_at
    }

    fn is_misled(&self) -> bool {
        self.worn < self.worn_at
    }

    fn fresh_at(&self, world: &World, now_days: f64) -> f64 {
        self.fresh * math::exp(-(now_days - self.fresh_time) * world.decay / 0.7)
    }
}

impl SkillState for Skill {
    fn new(world: &World, prior: Prior) -> Self {
        let [state, learn, secure, misled] = prior.luck;
        // The shares make the expected success equal the prior's where it is near one half.
        let starts_secure = state < math::logistic(prior.logit - 1.0);
        let starts_learnt = state < math::logistic(prior.logit + 0.3);
        let exponential = |u: f64| -libm::log(1.0 - u);
        let threshold = |passed: bool, u: f64| if passed { 0.0 } else { exponential(u) };
        let life = exponential((state * 7.31 + learn * 3.17) % 1.0) * 4.0 / world.decay.max(1e-9);
        let has_misconception = !starts_learnt && misled < MISLED_SHARE;
        Self {
            brought: BROUGHT * (prior.logit - world.initial),
            learnt: 0.0,
            learnt_at: threshold(starts_learnt, learn),
            firm: 0.0,
            firm_at: threshold(starts_secure, secure),
            worn: 0.0,
            worn_at: threshold(!has_misconception, misled / MISLED_SHARE),
            fresh: 0.0,
            fresh_time: 0.0,
            life,
            alive_until: 2.0 * life,
        }
    }

    fn logit(&self, _: &World, at: Moment) -> f64 {
        let level = if self.is_misled() {
            MISLED
        } else if !self.is_learnt() {
            ABSENT
        } else if self.firm >= self.firm_at {
            SECURE
        } else if days(at) < self.alive_until {
            FRAGILE
        } else {
            LAPSED
        };
        level + self.brought
    }

    fn study(&mut self, world: &World, dose: f64, work: Work, at: Moment) {
        let now = days(at);
        let learns = match work {
            Work::Lesson => LESSON_SHARE * dose,
            Work::Item => dose,
        };
        if self.is_misled() {
            self.worn += WEAR_RATE * world.gain * dose;
            self.learnt += 0.5 * LEARN_RATE * world.gain * learns;
        } else {
            self.learnt += LEARN_RATE * world.gain * learns;
        }
        if !self.is_learnt() {
            return;
        }
        let touch = dose.min(1.0);
        if work == Work::Item && now < self.alive_until {
            let fresh = self.fresh_at(world, now);
            let news = touch * (1.0 - fresh);
            self.firm += SECURE_RATE * world.gain * touch * (1.0 - world.massing * fresh);
            (self.fresh, self.fresh_time) = (fresh + news, now);
        }
        let life = self.life * touch * (1.0 + self.firm);
        self.alive_until = self.alive_until.max(now + life);
    }

    /// One step rarely crosses a threshold: what the next state is worth, over the steps that it still takes.
    fn prospect(&self, world: &World, (dose, work, now): Study, then: Moment) -> f64 {
        let steps = |left: f64, step: f64| (left / step.max(1e-9)).max(1.0);
        let secure = math::logistic(SECURE + self.brought);
        let today = self.success(world, 0.0, then);
        if !self.is_learnt() {
            let slowed = if self.is_misled() { 0.5 } else { 1.0 };
            let share = match work {
                Work::Lesson => LESSON_SHARE,
                Work::Item => 1.0,
            };
            let step = slowed * LEARN_RATE * world.gain * share * dose;
            let next = 0.5 * (math::logistic(FRAGILE + self.brought) + secure);
            return (next - today) / steps(self.learnt_at - self.learnt, step);
        }
        let mut after = self.clone();
        after.study(world, dose, work, now);
        let kept = after.success(world, 0.0, then) - today;
        let moment = days(now);
        let lapsed = moment >= self.alive_until;
        let fresh = if lapsed {
            0.0
        } else {
            self.fresh_at(world, moment)
        };
        let step = SECURE_RATE * world.gain * dose.min(1.0) * (1.0 - world.massing * fresh);
        // A lapsed skill is restored first, and a lesson restores but does not secure.
        let first = if lapsed || work == Work::Lesson {
            1.0
        } else {
            0.0
        };
        let toward = (secure - today) / (first + steps(self.firm_at - self.firm, step));
        kept.max(toward)
    }
}
