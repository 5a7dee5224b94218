//! The days ahead, levelled in minutes.
//!
//! On each day the skills stand in the order of their gain per minute on that day, the objective of a lesson, and are done
//! one after the other until the day's minutes are used; what does not fit waits. So the backlog of an absence melts down in
//! the order of its worth, in place of falling due all at once.

use paceline_bank::Bank;
use paceline_core::time::Timestamp;
use paceline_learner::{Learner, Params};

use crate::plan::Scratch;
use crate::prepare::{Inputs, Prepared};
use crate::search::Rules;
use crate::value::{self, Branches, SkillState};
use crate::{Cohort, Purpose, Request};

#[cfg(test)]
mod tests;

/// Recall below which a review left undone counts as waiting.
const DUE: f32 = 0.9;

/// What a day is expected to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DayAhead {
    /// Expected minutes; no more than the day has.
    pub minutes: f32,
    /// Skills reviewed or practised.
    pub reviews: u32,
    /// Skills taught.
    pub lessons: u32,
    /// Minutes of reviews that are due, recall being below nine in ten, and wait for a later day.
    pub waiting_minutes: f32,
}

/// The days ahead of a learner with so many minutes on each, the first being today; one activity a skill and day.
///
/// Takes time in proportion to skills times days. Shape: `minutes` `[n_days]`, as the result.
#[expect(
    clippy::too_many_arguments,
    reason = "a plan's seven without its seed, and the days"
)]
pub fn days_ahead(
    bank: &Bank,
    params: &Params,
    cohort: &Cohort,
    learner: &Learner,
    request: &Request,
    minutes: &[f32],
    now: Timestamp,
    scratch: &mut Scratch,
) -> Vec<DayAhead> {
    let columns = scratch.read(bank, params, learner, request, now);
    let inputs = Inputs {
        bank,
        fsrs: &params.fsrs,
        cohort,
        columns: &columns,
        request,
        now,
        seed: 0,
    };
    let days = levelled(&inputs, &mut scratch.prepared, minutes);
    scratch.columns = columns;
    days
}

/// [`days_ahead`] from columns.
fn levelled(inputs: &Inputs<'_>, prepared: &mut Prepared, minutes: &[f32]) -> Vec<DayAhead> {
    prepared.weigh(inputs);
    let rules = inputs.rules(inputs.request.price.unwrap_or(0.0));
    let states = (0..inputs.columns.len()).map(|skill| inputs.state(skill));
    let mut ahead = Ahead {
        inputs,
        prepared,
        rules: &rules,
        states: states.collect(),
        ranked: Vec::new(),
    };
    minutes.iter().map(|&minutes| ahead.day(minutes)).collect()
}

/// The skills on their way through the days.
struct Ahead<'a> {
    inputs: &'a Inputs<'a>,
    prepared: &'a Prepared,
    rules: &'a Rules,
    states: Vec<SkillState>,
    /// What could be done on the day: gain per minute, minutes, skill.
    ranked: Vec<(f32, f32, u32)>,
}

impl Ahead<'_> {
    fn day(&mut self, minutes: f32) -> DayAhead {
        self.rank();
        let mut day = DayAhead::default();
        let ranked = std::mem::take(&mut self.ranked);
        for &(_, cost, skill) in &ranked {
            let at = skill as usize;
            let is_review = self.states[at].taught;
            if day.minutes + cost <= minutes {
                day.minutes += cost;
                if is_review {
                    day.reviews += 1;
                } else {
                    day.lessons += 1;
                }
                self.perform(at);
            } else if is_review && self.branches(&self.states[at]).retained < DUE {
                day.waiting_minutes += cost;
            }
        }
        self.ranked = ranked;
        for state in &mut self.states {
            state.elapsed_days += 1.0;
            state.n_today = 0.0;
            state.touched_today = false;
        }
        day
    }

    /// Orders what pays by gain per minute as of the day; ties by skill.
    fn rank(&mut self) {
        let mut ranked = std::mem::take(&mut self.ranked);
        ranked.clear();
        for skill in 0..self.states.len() {
            if self.prepared.is_barred(skill) {
                continue;
            }
            if let Some((gain, minutes)) = self.next(skill)
                && 0.0 < minutes
                && self.rules.price.max(0.0) * minutes < gain
            {
                ranked.push((gain / minutes, minutes, skill as u32));
            }
        }
        ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.2.cmp(&b.2)));
        self.ranked = ranked;
    }

    /// Gain and minutes of the skill's next activity; none where it is locked.
    fn next(&self, skill: usize) -> Option<(f32, f32)> {
        let (state, objective) = (&self.states[skill], &self.rules.objective);
        let worth = self.prepared.worth(self.inputs, skill);
        let columns = &self.prepared.bank_columns;
        if state.taught {
            let gain = self.practice(state).gain * worth;
            let seconds = columns.typical_seconds[skill];
            return Some((gain, seconds * self.inputs.minutes_per_second()));
        }
        let ready = self.readiness(skill)?;
        let depth = value::lesson_depth(objective, state.kappa, ready);
        let memory = value::lesson_memory(objective, &self.rules.fsrs, &self.rules.horizon);
        let minutes = columns.lesson_minutes[skill] * self.inputs.pace();
        Some((ready * worth * depth * memory, minutes))
    }

    /// Share in which the prerequisites are in place by then; none while a hard one is not begun.
    fn readiness(&self, skill: usize) -> Option<f32> {
        if self.inputs.request.purpose != Purpose::Learn {
            return None;
        }
        let (mut sum, mut weights) = (0.0, 0.0);
        for (before, weight) in self.inputs.bank.prerequisites().edges(skill as u32) {
            let state = &self.states[before as usize];
            if 1.0 <= weight && !state.taught {
                return None;
            }
            sum += weight * (state.p_now / self.rules.objective.ready_at).min(1.0);
            weights += weight;
        }
        Some(if weights == 0.0 { 1.0 } else { sum / weights })
    }

    fn branches(&self, state: &SkillState) -> Branches {
        let rules = self.rules;
        Branches::of(&rules.objective, &rules.fsrs, &rules.horizon, state)
    }

    fn practice(&self, state: &SkillState) -> value::PracticeGain {
        let rate = self.rules.learning_rate;
        let branches = self.branches(state);
        value::practice_gain(&self.rules.objective, state, &branches, 1.0, rate)
    }

    fn perform(&mut self, skill: usize) {
        let state = self.states[skill];
        self.states[skill] = if state.taught {
            state.after_practice(&self.branches(&state), &self.practice(&state))
        } else {
            let ready = self.readiness(skill).unwrap_or(1.0);
            state.after_lesson(&self.rules.objective, &self.rules.fsrs, ready)
        };
    }
}
