//! What a learner may ask: the best few to choose among, and what must come first for a skill.

use paceline_bank::Bank;
use paceline_core::ids::SkillIx;
use paceline_core::time::Timestamp;
use paceline_learner::{Learner, Params};

use crate::plan::{Scratch, plan};
use crate::{Cohort, Pin, PlannedActivity, Purpose, Request, SkillColumns};

#[cfg(test)]
mod tests;

/// The best `n` different skills to go on with, best first, each as the activity it would begin with.
///
/// Fewer where there are fewer. What the learner picks is a choice, not a draw: propensities are 1.
#[expect(clippy::too_many_arguments, reason = "a plan's seven, and how many")]
pub fn choices(
    bank: &Bank,
    params: &Params,
    cohort: &Cohort,
    learner: &Learner,
    request: &Request,
    now: Timestamp,
    seed: u64,
    n: usize,
    scratch: &mut Scratch,
) -> Vec<PlannedActivity> {
    let mut request = Request {
        explore: 0.0,
        ..request.clone()
    };
    let mut chosen: Vec<PlannedActivity> = Vec::new();
    while chosen.len() < n {
        let lesson = plan(bank, params, cohort, learner, &request, now, seed, scratch);
        let mut activities = lesson.activities.into_iter();
        let is_new = |activity: &PlannedActivity| {
            chosen.iter().all(|other| other.skill() != activity.skill())
        };
        let Some(next) = activities.find(is_new) else {
            break;
        };
        request.bans.push(crate::Ban::Skill(next.skill()));
        request.pins.retain(|pin| *pin != Pin::Skill(next.skill()));
        chosen.push(next);
    }
    chosen
}

/// What must be learnt first for `skill`, prerequisites before what builds on them, `skill` last; only
/// itself where nothing stands in the way, nothing where it is mastered.
///
/// A prerequisite counts while it has not been begun, or while it is so weak that the learner would
/// not be ready.
pub fn what_first(
    bank: &Bank,
    params: &Params,
    learner: &Learner,
    skill: SkillIx,
    request: &Request,
    now: Timestamp,
    scratch: &mut Scratch,
) -> Vec<SkillIx> {
    let columns = scratch.read(bank, params, learner, request, now);
    let path = path_to(bank, &columns, skill, request.objective.ready_at);
    scratch.columns = columns;
    path
}

/// [`what_first`] over columns.
pub(crate) fn path_to(
    bank: &Bank,
    columns: &SkillColumns,
    skill: SkillIx,
    ready_at: f32,
) -> Vec<SkillIx> {
    if columns.len() <= skill.at() || columns.mastered.has(skill.at()) {
        return Vec::new();
    }
    let mut needed = vec![false; columns.len()];
    let mut todo = vec![skill.0];
    while let Some(at) = todo.pop() {
        if std::mem::replace(&mut needed[at as usize], true) {
            continue;
        }
        for (before, weight) in bank.prerequisites().edges(at) {
            let b = before as usize;
            let in_place =
                columns.mastered.has(b) || (columns.has_begun(b) && ready_at <= columns.p_now[b]);
            if 1.0 <= weight && !in_place {
                todo.push(before);
            }
        }
    }
    bank.topological_order()
        .iter()
        .copied()
        .filter(|skill| needed[skill.at()])
        .collect()
}

impl Request {
    /// The request of a learner who found the last item too hard: an easier one next.
    #[must_use]
    pub fn easier(self) -> Self {
        Self {
            target_success: (self.target_success + TARGET_STEP).min(0.95),
            ..self
        }
    }

    /// The request of a learner who found the last item too easy: a harder one next.
    #[must_use]
    pub fn harder(self) -> Self {
        Self {
            target_success: (self.target_success - TARGET_STEP).max(0.5),
            ..self
        }
    }

    /// The request of a learner who only wants what was learnt before.
    #[must_use]
    pub fn review_only(self) -> Self {
        Self {
            purpose: Purpose::Review,
            ..self
        }
    }
}

/// How far one word of the learner moves the success aimed at.
const TARGET_STEP: f32 = 0.07;
