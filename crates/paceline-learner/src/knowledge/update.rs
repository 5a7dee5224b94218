//! What an answer does to the state: the one update path of fitting, replay and serving.

use paceline_core::math;

use super::features::Features;
use super::state::{Previous, State, Variant, halves, item_h, item_u, pack, skill_f, skill_u};

/// Prior variances and drifts of the Kalman abilities, and forgetting of the mastery information.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Dynamics {
    /// Prior variance of the general ability, in squared logits.
    pub v_g0: f32,
    /// Prior variance of a skill's own part.
    pub v_k0: f32,
    /// Added to the general variance with each answer.
    pub drift_g: f32,
    /// Added to a skill's variance with each answer on it.
    pub drift_k: f32,
}

impl Default for Dynamics {
    fn default() -> Self {
        Self {
            v_g0: 0.4,
            v_k0: 0.4,
            drift_g: 0.008,
            drift_k: 0.02,
        }
    }
}

/// What each answer leaves of the mastery information gathered before.
const KEEP_J_G: f32 = 0.998;
const KEEP_J_K: f32 = 0.98;

const GLOBAL_DECAY: [f32; 4] = [0.5, 0.8, 0.95, 0.99];

impl State {
    /// Folds the outcome of a row into the state.
    ///
    /// `features` are those of that row, read from this state. `weight` in (0, 1] says how much the
    /// answer tells about knowledge: a rapid guess tells little. A weight under one half leaves
    /// the counts of tries on the skill alone.
    pub(crate) fn update(
        &mut self,
        dynamics: &Dynamics,
        features: &Features,
        seconds: u32,
        right: bool,
        weight: f32,
    ) {
        let y = if right { 1.0 } else { 0.0 };
        let r = y - math::logistic(features.dense[0]);
        self.update_skills(dynamics, features, seconds, right, weight, r);
        self.update_item(features, seconds, right, weight, r);
        self.update_global(features, seconds, right, weight, r);
    }

    fn update_skills(
        &mut self,
        dynamics: &Dynamics,
        features: &Features,
        seconds: u32,
        right: bool,
        weight: f32,
        r: f32,
    ) {
        let y = if right { 1.0 } else { 0.0 };
        let share = 1.0 / features.skills.len() as f32;
        let q = math::logistic(features.logit);
        let h = (q * (1.0 - q)).max(0.02) * weight;
        let total = features.variance + 1.0 / h;
        let error = (y - q) * weight / h;
        let information = q * (1.0 - q) * weight;

        let global = &mut self.global;
        let gain = global.v / total;
        global.m += gain * error;
        global.v += dynamics.drift_g - gain * global.v;
        global.j = KEEP_J_G * global.j + information;

        let mut inserted = false;
        for term in &features.skills {
            let at = match term.row {
                // An insertion before it has moved the row.
                Ok(at) if !inserted => at,
                _ => {
                    inserted |= term.row.is_err();
                    self.touch_skill(term.skill, dynamics.v_k0)
                }
            };
            let v = self.skill_f.at(skill_f::V, at);
            let gain = v * share / total;
            *self.skill_f.at_mut(skill_f::M, at) += gain * error;
            *self.skill_f.at_mut(skill_f::V, at) = v - gain * v * share + dynamics.drift_k;
            let j = self.skill_f.at_mut(skill_f::J, at);
            *j = KEEP_J_K * *j + information * share * share;
            for (s, n, keep) in [
                (skill_f::S70, skill_f::N70, 0.7),
                (skill_f::S98, skill_f::N98, 0.98),
            ] {
                self.decay(s, at, keep, weight * r);
                self.decay(n, at, keep, weight);
            }
            if weight >= 0.5 {
                let (attempts, wrong) = halves(self.skill_u.at(skill_u::COUNTS, at));
                let wrong = wrong + u32::from(!right);
                *self.skill_u.at_mut(skill_u::COUNTS, at) = pack(attempts + 1, wrong);
                *self.skill_u.at_mut(skill_u::SECONDS, at) = seconds;
            }
            if self.variant == Variant::Full {
                self.update_full_skill(at, right, weight, r);
            }
        }
    }

    #[inline]
    fn decay(&mut self, column: usize, at: usize, keep: f32, add: f32) {
        let cell = self.skill_f.at_mut(column, at);
        *cell = keep * *cell + add;
    }

    fn update_full_skill(&mut self, at: usize, right: bool, weight: f32, r: f32) {
        let y = if right { weight } else { 0.0 };
        for (s, n, keep) in [
            (skill_f::S40, skill_f::N40, 0.4),
            (skill_f::S90, skill_f::N90, 0.9),
        ] {
            self.decay(s, at, keep, weight * r);
            self.decay(n, at, keep, weight);
        }
        for (w, keep) in [
            (skill_f::W40, 0.4),
            (skill_f::W70, 0.7),
            (skill_f::W90, 0.9),
            (skill_f::W98, 0.98),
        ] {
            self.decay(w, at, keep, y);
        }
        *self.skill_u.at_mut(skill_u::INDEX, at) = self.global.rows;
        let (code, streak) = halves(self.skill_u.at(skill_u::PATTERN, at));
        let streak = match (right, streak) {
            (true, 8..) => (streak + 1).min(13),
            (true, _) => 9,
            (false, ..=8) => (streak - 1).max(3),
            (false, _) => 7,
        };
        *self.skill_u.at_mut(skill_u::PATTERN, at) = pack(next_code(code, 6, right), streak);
    }

    fn update_item(&mut self, features: &Features, seconds: u32, right: bool, weight: f32, r: f32) {
        let at = match features.item_row {
            Ok(at) => at,
            Err(_) => self.touch_item(features.item),
        };
        *self.item_u.at_mut(item_u::SECONDS, at) = seconds;
        let tries = (features.item_tries + 1).min(0x7fff) as u16;
        *self.item_h.at_mut(item_h::TRIES, at) = (tries << 1) | u16::from(right);
        if self.variant == Variant::Full {
            let cell = self.item_h.at_mut(item_h::RIGHT, at);
            *cell = cell.saturating_add(u16::from(right)).min(0x7fff);
            let code = self.item_h.at_mut(item_h::CODE, at);
            *code = next_code(u32::from(*code), 6, right) as u16;
            *self.item_u.at_mut(item_u::INDEX, at) = self.global.rows;
            for (column, add) in [(item_u::S60, weight * r), (item_u::N60, weight)] {
                let cell = self.item_u.at_mut(column, at);
                *cell = (0.6 * f32::from_bits(*cell) + add).to_bits();
            }
        }
    }

    fn update_global(
        &mut self,
        features: &Features,
        seconds: u32,
        right: bool,
        weight: f32,
        r: f32,
    ) {
        let global = &mut self.global;
        for (i, keep) in GLOBAL_DECAY.into_iter().enumerate() {
            global.s[i] = keep * global.s[i] + weight * r;
            global.n[i] = keep * global.n[i] + weight;
        }
        global.sum_r += weight * r;
        global.last_r = r;
        global.code = next_code(u32::from(global.code), 7, right) as u16;
        global.item_run = if global.previous[0].item == features.item {
            global.item_run.saturating_add(1)
        } else {
            1
        };
        global.previous[1] = global.previous[0];
        global.previous[0] = Previous {
            item: features.item,
            set: features.set,
            right,
        };
        global.seconds = seconds;
        global.rows = global.rows.saturating_add(1);
    }
}

/// The last `length` outcomes as a number with a leading one, while it is shorter than that exact.
#[inline]
fn next_code(code: u32, length: u32, right: bool) -> u32 {
    let full = 1 << length;
    if code < full {
        2 * code + u32::from(right)
    } else {
        full | ((2 * code) & (full - 2)) | u32::from(right)
    }
}
