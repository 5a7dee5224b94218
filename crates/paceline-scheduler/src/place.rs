//! Placement: the fewest questions that tell what a new learner knows.
//!
//! The planner with nothing to gain but information: the belief over the graph is the learner crate's,
//! which probe comes next is decided here. Unlocking, spacing and pins do not apply; bans and the
//! filter do. A probe teaches nothing and gives no feedback.

use paceline_bank::Bank;
use paceline_core::ids::{ItemIx, SkillIx};
use paceline_core::stream::keyed_u64;
use paceline_learner::belief::{Belief, Correct, Curve};

use crate::lesson::{Candidate, Ended, Kind, Lesson, PlannedActivity, Reason, RunnerUp};
use crate::prepare::{Inputs, Prepared};
use crate::{ProbeAnswer, items::Picker};

#[cfg(test)]
mod tests;

/// Bits below which a question is not worth asking.
const FEWEST_BITS: f32 = 0.03;
/// Probes that are compared by looking one answer ahead.
const LOOKED_AHEAD: usize = 6;
/// Skills beyond which looking ahead is left out: it costs two answers over the whole graph.
const LOOKAHEAD_SKILLS: usize = 1500;

/// Plans up to `max_questions` probes, those already answered counted, within the minutes.
///
/// A later probe supposes the likelier answer to those before it; planning again after each answer is
/// better still.
pub(crate) fn probes(
    inputs: &Inputs<'_>,
    prepared: &Prepared,
    max_questions: u16,
    seed: u64,
) -> Lesson {
    let bank = inputs.bank;
    let mut belief = believe(bank, &inputs.request.probes);
    let left = usize::from(max_questions).saturating_sub(inputs.request.probes.len());
    let mut minutes = inputs.request.minutes;
    let mut activities: Vec<PlannedActivity> = Vec::new();
    let mut value = 0.0;
    let mut ended = Ended::TimeUsed;
    while activities.len() < left {
        let ranked = rank(inputs, prepared, &belief);
        let Some(&(bits, skill)) = ranked.first() else {
            ended = Ended::NothingUnlocked;
            break;
        };
        if bits < FEWEST_BITS {
            ended = Ended::NothingPays;
            break;
        }
        let (skill, bits) = look_ahead(&belief, &ranked).unwrap_or((skill, bits));
        let shown: Vec<ItemIx> = activities
            .iter()
            .filter_map(|activity| activity.item)
            .collect();
        let Some(item) = typical_item(inputs, prepared, skill, &shown) else {
            break;
        };
        let cost = bank.item_seconds()[item.at()] * inputs.minutes_per_second();
        if minutes < cost {
            break;
        }
        minutes -= cost;
        value += bits;
        let p = belief.p_known()[skill.at()];
        let runner_up = ranked.iter().find(|other| other.1 != skill);
        activities.push(PlannedActivity {
            kind: Kind::Probe,
            skills: vec![(skill, 1.0)],
            item: Some(item),
            theme: bank.theme_choices(item).first().copied(),
            theme_propensity: 1.0,
            instance_seed: keyed_u64(
                "probe",
                seed,
                &[skill.0, item.0].map(u32::to_le_bytes).concat(),
            ),
            minutes: cost,
            p_correct: Curve::default().p_right(p),
            gain: bits,
            propensity: 1.0,
            candidates: vec![Candidate {
                skill,
                item: Some(item),
                propensity: 1.0,
                gain_per_minute: bits / cost,
            }],
            reasons: vec![Reason::Information { value: bits }],
            runner_up: runner_up.map(|&(bits, skill)| RunnerUp {
                skill,
                gain_per_minute: bits / cost,
            }),
            bound_by: None,
        });
        let likelier = if 0.5 <= Curve::default().p_right(p) {
            Correct::Right
        } else {
            Correct::Wrong
        };
        belief.answer(skill, Curve::default(), likelier);
    }
    Lesson {
        activities,
        ended,
        value,
        outlook: None,
    }
}

/// The belief after these answers.
fn believe(bank: &Bank, answers: &[ProbeAnswer]) -> Belief {
    let mut belief = Belief::new(bank.prerequisites());
    for answer in answers {
        let correct = if answer.correct {
            Correct::Right
        } else {
            Correct::Wrong
        };
        belief.answer(answer.skill, Curve::default(), correct);
    }
    belief
}

/// The skills that placement finds known, given the answers to its probes: those above the cut that
/// weighs both errors alike, and at least likelier known than not.
pub fn placed(bank: &Bank, answers: &[ProbeAnswer]) -> Vec<SkillIx> {
    let belief = believe(bank, answers);
    let cut = belief.balanced_cut().max(0.5);
    let known = belief
        .p_known()
        .iter()
        .enumerate()
        .filter(|&(_, &p)| cut <= p);
    known.map(|(skill, _)| SkillIx(skill as u32)).collect()
}

/// Skills that may be asked about, by what an answer would tell.
fn rank(inputs: &Inputs<'_>, prepared: &Prepared, belief: &Belief) -> Vec<(f32, SkillIx)> {
    let curve = Curve::default();
    let mut ranked: Vec<(f32, SkillIx)> = (0..inputs.bank.n_skills() as u32)
        .map(SkillIx)
        .filter(|&skill| !prepared.is_barred(skill.at()) && has_live_item(inputs.bank, skill))
        .map(|skill| (curve.information(belief.p_known()[skill.at()]), skill))
        .collect();
    ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked
}

/// Whether a skill has items that placement may rest on: an item on trial decides nothing.
fn has_live_item(bank: &Bank, skill: SkillIx) -> bool {
    let first = bank.items_of(skill).first();
    first.is_some_and(|item| !bank.item_status()[item.at()].is_on_trial())
}

/// Of the probes that tell most about their own skill, the one after which fewest skills of the whole
/// graph are expected to be called wrongly.
fn look_ahead(belief: &Belief, ranked: &[(f32, SkillIx)]) -> Option<(SkillIx, f32)> {
    if LOOKAHEAD_SKILLS < belief.p_known().len() {
        return None;
    }
    let curve = Curve::default();
    let ahead = ranked.iter().take(LOOKED_AHEAD);
    let scored =
        ahead.map(|&(bits, skill)| (belief.expected_error_after(skill, curve), skill, bits));
    let best = scored.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))?;
    Some((best.1, best.2))
}

/// The item of medium difficulty nearest the skill's typical one that is not barred or shown already.
fn typical_item(
    inputs: &Inputs<'_>,
    prepared: &Prepared,
    skill: SkillIx,
    shown: &[ItemIx],
) -> Option<ItemIx> {
    let picker = Picker {
        target: Some(0.5),
        exposure: &[],
        trial_share: 0.0,
        ..inputs.picker(&prepared.barred_items)
    };
    let mut choices = Vec::new();
    picker.pick(skill, 0.0, 0, shown.len() + 1, &mut choices);
    choices
        .iter()
        .map(|choice| choice.item)
        .find(|item| !shown.contains(item))
}
