//! What a pupil truly knows of each skill, by family; only [`crate::pupil`] and the oracle see it.
//!
//! One law holds in every family: one more practice now never lowers any later strength. It is built into
//! the equations (gains are concave in what went before, clocks only ever move to later) and tested.

pub(crate) mod activation;
pub(crate) mod additive;
pub(crate) mod discrete;
pub(crate) mod fitted;
pub(crate) mod insight;

use crate::math;
use crate::world::{Family, World};

/// A point of simulated time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moment {
    /// Days since the term began.
    pub(crate) day: u16,
    /// Minutes since the lesson began.
    pub(crate) minute: f64,
}

/// How a skill is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Lesson,
    Item,
}

/// What a mind starts from, for one skill.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prior {
    /// Probability of knowing as a logit.
    pub(crate) logit: f64,
    /// Uniform draws that decide what the family leaves to luck.
    pub(crate) luck: [f64; 4],
}

/// The state of one skill in one family.
pub(crate) trait SkillState: Clone {
    fn new(world: &World, prior: Prior) -> Self;

    /// Success before guess and slip on a typical item, logit.
    fn logit(&self, world: &World, at: Moment) -> f64;

    /// Probability of success before guess and slip, on an item `shift` logits easier than a typical one.
    fn success(&self, world: &World, shift: f64, at: Moment) -> f64 {
        math::logistic(self.logit(world, at) + shift)
    }

    /// Works on the skill; `dose` is in opportunities of a typical, ready, attentive pupil.
    fn study(&mut self, world: &World, dose: f64, work: Work, at: Moment);

    /// How much studying now raises success at `then`, by the oracle's lights.
    fn prospect(&self, world: &World, (dose, work, now): Study, then: Moment) -> f64 {
        let mut after = self.clone();
        after.study(world, dose, work, now);
        after.success(world, 0.0, then) - self.success(world, 0.0, then)
    }
}

/// Dose, kind of work, and when.
pub(crate) type Study = (f64, Work, Moment);

/// All skills of one pupil.
#[derive(Clone, Debug)]
pub(crate) enum Mind {
    Additive(Vec<additive::Skill>),
    Discrete(Vec<discrete::Skill>),
    Activation(Vec<activation::Skill>),
    Insight(insight::Skills),
    Fitted(Vec<fitted::Skill>),
}

/// Runs `$body` with `$skills` bound to the family's skill states.
macro_rules! in_family {
    ($mind:expr, $skills:ident => $body:expr) => {
        match $mind {
            Mind::Additive($skills) => $body,
            Mind::Discrete($skills) => $body,
            Mind::Activation($skills) => $body,
            Mind::Insight(insight::Skills {
                skills: $skills, ..
            }) => $body,
            Mind::Fitted($skills) => $body,
        }
    };
}

impl Mind {
    pub(crate) fn new(world: &World, priors: impl Iterator<Item = Prior>) -> Self {
        match world.family {
            Family::Additive => Mind::Additive(build(world, priors)),
            Family::Discrete => Mind::Discrete(build(world, priors)),
            Family::Activation => Mind::Activation(build(world, priors)),
            Family::Insight => Mind::Insight(insight::Skills::new(world, build(world, priors))),
            Family::Fitted => Mind::Fitted(build(world, priors)),
        }
    }

    pub(crate) fn success(&self, world: &World, skill: usize, shift: f64, at: Moment) -> f64 {
        in_family!(self, skills => skills[skill].success(world, shift, at))
    }

    /// Mean success over all skills.
    pub(crate) fn mean_success(&self, world: &World, shift: f64, at: Moment) -> f64 {
        in_family!(self, skills => {
            let logits = skills.iter().map(|skill| skill.logit(world, at) + shift);
            math::mean_logistic(logits)
        })
    }

    /// Success on a test of many skills at once.
    pub(crate) fn tested(&self, world: &World, skill: usize, shift: f64, at: Moment) -> f64 {
        match self {
            Mind::Insight(mind) => mind.tested(world, skill, shift, at),
            _ => self.success(world, skill, shift, at),
        }
    }

    pub(crate) fn study(&mut self, world: &World, skill: usize, dose: f64, work: Work, at: Moment) {
        if dose <= 0.0 {
            return;
        }
        if let Mind::Insight(mind) = self {
            mind.study(world, skill, (dose, work, at));
        } else {
            in_family!(self, skills => skills[skill].study(world, dose, work, at));
        }
    }

    pub(crate) fn prospect(&self, world: &World, skill: usize, study: Study, then: Moment) -> f64 {
        in_family!(self, skills => skills[skill].prospect(world, study, then))
    }
}

fn build<S: SkillState>(world: &World, priors: impl Iterator<Item = Prior>) -> Vec<S> {
    priors.map(|prior| S::new(world, prior)).collect()
}

#[cfg(test)]
mod tests;
