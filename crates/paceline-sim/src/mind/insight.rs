//! Family D, held out of development: insight comes at once or not at all, and skills are confused until told apart.
//!
//! 1. Insight comes when doses pass a threshold drawn once; without its hidden prerequisites, which no graph shows, a dose
//!    counts little.
//! 2. Insight stays; how readily it comes to mind fades and is restored whole by each practice, for longer each day.
//! 3. On a mixed test a skill must be told apart from others: that is learnt only by items that follow another skill's.

use super::{Moment, Prior, SkillState, Study, Work};
use crate::draws::Purpose;
use crate::math;
use crate::world::World;

/// One skill's threshold, readiness to mind and discrimination.
#[derive(Clone, Debug)]
pub(crate) struct Skill {
    brought: f64,
    learnt: f64,
    learnt_at: f64,
    days: u16,
    last_day: u16,
    told_apart: f64,
}

/// Logits with and without insight, on a test of one skill.
const INSIGHT: f64 = 2.2;
const NONE: f64 = -1.4;
/// What a fully faded insight and a fully confused one cost, logits.
const FADES: f64 = 1.6;
const CONFUSED: f64 = 1.2;
/// Doses to insight over the world's gain; to telling apart, of items that follow another skill.
const RATE: f64 = 2.0;
const APART_RATE: f64 = 0.35;
const BROUGHT: f64 = 0.7;

impl Skill {
    fn has_insight(&self) -> bool {
        self.learnt >= self.learnt_at
    }

    /// Learns to tell the skill from the one before it.
    fn contrast(&mut self, dose: f64) {
        self.told_apart += APART_RATE * dose;
    }

    fn confusion(&self) -> f64 {
        CONFUSED * math::exp(-self.told_apart)
    }
}

impl SkillState for Skill {
    fn new(world: &World, prior: Prior) -> Self {
        let [state, learn, ..] = prior.luck;
        let brought = prior.logit - world.initial;
        let knows = state < math::logistic(prior.logit);
        Self {
            brought: BROUGHT * brought,
            learnt: 0.0,
            learnt_at: if knows { 0.0 } else { -libm::log(1.0 - learn) },
            days: u16::from(knows),
            last_day: 0,
            told_apart: if knows { 0.5 } else { 0.0 },
        }
    }

    fn logit(&self, world: &World, at: Moment) -> f64 {
        let level = if self.has_insight() {
            let scale = 7.0 * f64::from(self.days.max(1));
            let age = f64::from(at.day.saturating_sub(self.last_day)) / scale;
            let ready = math::exp(-world.decay * math::ln(1.0 + age));
            INSIGHT - FADES * (1.0 - ready)
        } else {
            NONE
        };
        level + self.brought
    }

    fn study(&mut self, world: &World, dose: f64, _: Work, at: Moment) {
        self.learnt += RATE * world.gain * dose;
        if self.days == 0 || self.last_day != at.day {
            self.days = self.days.saturating_add(1);
        }
        self.last_day = at.day;
    }

    fn prospect(&self, world: &World, (dose, work, now): Study, then: Moment) -> f64 {
        let mut after = self.clone();
        after.study(world, dose, work, now);
        let today = self.success(world, 0.0, then);
        let gained = after.success(world, 0.0, then) - today;
        if self.has_insight() {
            return gained;
        }
        let step = (after.learnt - self.learnt).max(1e-9);
        let steps = ((self.learnt_at - self.learnt) / step).max(1.0);
        gained.max((math::logistic(INSIGHT + self.brought) - today) / steps)
    }
}

/// All skills of one pupil: what was worked on last tells the next one apart, and hidden prerequisites hold back.
#[derive(Clone, Debug)]
pub(crate) struct Skills {
    pub(super) skills: Vec<Skill>,
    /// For each skill an earlier one without which a dose counts little.
    hidden: Vec<Option<usize>>,
    last: Option<(usize, u16)>,
}

/// Share of skills with a hidden prerequisite, and what a dose counts without it.
const HIDDEN_SHARE: f64 = 0.3;
const HELD_BACK: f64 = 0.25;

impl Skills {
    pub(super) fn new(world: &World, skills: Vec<Skill>) -> Self {
        let before = |k: usize| {
            let n = k as u32;
            let has = k > 0 && world.draws.happens(Purpose::Hidden, n, 0, HIDDEN_SHARE);
            has.then(|| world.draws.below(Purpose::Hidden, n, 1, k))
        };
        Self {
            hidden: (0..skills.len()).map(before).collect(),
            skills,
            last: None,
        }
    }

    pub(super) fn study(&mut self, world: &World, skill: usize, (dose, work, at): Study) {
        let held_back = self.hidden[skill].is_some_and(|p| !self.skills[p].has_insight());
        let counts = if held_back { HELD_BACK } else { 1.0 };
        self.skills[skill].study(world, counts * dose, work, at);
        if work == Work::Item {
            let follows = |(last, day): (usize, u16)| last != skill && day == at.day;
            if self.last.is_some_and(follows) {
                self.skills[skill].contrast(dose);
            }
            self.last = Some((skill, at.day));
        }
    }

    /// Success on a mixed test, where the pupil must also see which skill is asked for.
    pub(super) fn tested(&self, world: &World, skill: usize, shift: f64, at: Moment) -> f64 {
        let it = &self.skills[skill];
        it.success(world, shift - it.confusion(), at)
    }
}
