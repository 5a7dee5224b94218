//! From a learner's state to columns over the bank: the only module that reads a [`Learner`].

use paceline_bank::Bank;
use paceline_core::math;
use paceline_core::strategy::Strategy;
use paceline_core::time::{Timestamp, study_day};
use paceline_learner::memory::Grade;
use paceline_learner::{Learner, Params};

use crate::prepare::BankColumns;
use crate::{Purpose, Request, SkillColumns, unlock};

#[cfg(test)]
mod tests;

/// Probability of mastery at which a skill counts as mastered, as a standard normal quantile (.75).
const MASTERED_QUANTILE: f32 = 0.674_49;
/// Slope of the logistic function nearest the normal distribution.
const PROBIT_SLOPE: f32 = 1.702;

/// Buffers of [`fill`].
#[derive(Clone, Debug, Default)]
pub(crate) struct ViewBuffers {
    learner: paceline_learner::Scratch,
    /// Log-odds of a right answer, and how many standard deviations they are above the threshold; then what
    /// would be recalled. Shape: `[n_skills]`.
    logit: Vec<f32>,
    above: Vec<f32>,
}

/// Fills `columns` with what is believed of `learner` at `now`.
///
/// A skill that is mastered without ever having been taught counts as known: it may be reviewed, and
/// its memory is supposed to be that of an easy first success, due about now. With [`Strategy::Compacting`], so does
/// one that is open and will probably be answered right, as long as the answers bear it out.
#[expect(
    clippy::too_many_arguments,
    reason = "what is read, and the two buffers it goes to"
)]
pub(crate) fn fill(
    bank: &Bank,
    bank_columns: &BankColumns,
    params: &Params,
    learner: &Learner,
    now: Timestamp,
    request: &Request,
    buffers: &mut ViewBuffers,
    columns: &mut SkillColumns,
) {
    let n = bank.n_skills();
    reset(columns, n);
    let ViewBuffers {
        learner: scratch,
        logit,
        above,
    } = buffers;
    logit.resize(n, 0.0);
    above.resize(n, 0.0);
    let c = columns;
    learner.fresh_all(
        params,
        &bank_columns.typical_easiness,
        logit,
        &mut c.logit_variance,
        scratch,
    );
    // Nobody's skill: what a learner like this would do on one never touched.
    let nobody = paceline_core::ids::SkillIx(u32::MAX);
    let base = learner.fresh_logit(params, nobody, 0.0, scratch);
    c.easiness_slope = (learner.fresh_logit(params, nobody, 1.0, scratch) - base).max(0.05);
    // Loops over whole columns without a branch: they vectorise.
    for (kappa, &logit) in c.kappa.iter_mut().zip(&*logit) {
        *kappa = math::logistic(logit);
    }
    let spread = bank_columns.threshold_logit.iter().zip(&c.logit_variance);
    for ((above, &logit), (&threshold, &variance)) in above.iter_mut().zip(&*logit).zip(spread) {
        *above = (logit - threshold) / variance.sqrt();
    }
    for (p, &above) in c.p_mastered.iter_mut().zip(&*above) {
        *p = math::logistic(PROBIT_SLOPE * above);
    }
    for (skill, &above) in above.iter().enumerate() {
        if MASTERED_QUANTILE <= above {
            c.mastered.put(skill, true);
        }
    }
    let today = study_day(now, request.utc_offset);
    for view in learner.skills() {
        let at = view.skill.at();
        if n <= at {
            continue;
        }
        let elapsed = today.days_since(view.last_day) as f32;
        c.elapsed_days[at] = elapsed;
        c.n_answers[at] = view.attempts;
        if elapsed == 0.0 {
            c.n_today[at] = view.attempts_today as f32;
            c.touched_today.put(at, true);
        }
        if let Some(memory) = view.memory {
            c.taught.put(at, view.taught);
            c.stability_days[at] = memory.stability;
            c.difficulty[at] = memory.difficulty;
        }
    }
    fade(bank_columns, params, base, above, c);
    suppose(bank, params, request, c);
}

/// Marks the skills that do without their lesson as taught, and supposes a memory where there is none.
fn suppose(bank: &Bank, params: &Params, request: &Request, c: &mut SkillColumns) {
    let compacting = request.strategies.has(Strategy::Compacting);
    let gate = request.strategies.has(Strategy::MasteryGate);
    let known = params.fsrs.first(Grade::Easy);
    for skill in bank.topological_order().iter().map(|skill| skill.at()) {
        if c.taught.has(skill) {
            continue;
        }
        let answered = 0 < c.n_answers[skill];
        let probable = compacting
            && request.objective.try_first_at <= c.kappa[skill]
            && (answered || request.purpose == Purpose::Learn)
            && unlock::is_open(bank, c, skill, gate);
        if !c.mastered.has(skill) && !probable {
            continue;
        }
        c.taught.put(skill, true);
        c.first_try.put(skill, !answered && !c.mastered.has(skill));
        if c.stability_days[skill] == 0.0 {
            c.stability_days[skill] = known.stability;
            c.difficulty[skill] = known.difficulty;
            if !c.touched_today.has(skill) {
                c.elapsed_days[skill] = known.stability;
            }
        }
    }
}

/// Writes predicted success now: what practice has added fades with memory; what was there without it stays.
fn fade(
    bank_columns: &BankColumns,
    params: &Params,
    base: f32,
    recall: &mut [f32],
    c: &mut SkillColumns,
) {
    params
        .fsrs
        .retrievabilities(&c.elapsed_days, &c.stability_days, recall);
    let slope = c.easiness_slope;
    let known = bank_columns.typical_easiness.iter().zip(&c.kappa);
    let memory = c.stability_days.iter().zip(&*recall);
    for ((p_now, (&easiness, &kappa)), (&stability, &recall)) in
        c.p_now.iter_mut().zip(known).zip(memory)
    {
        let untouched = math::logistic(base + slope * easiness);
        let gained = (kappa - untouched).max(0.0);
        let lost = gained * (1.0 - recall);
        *p_now = kappa - if 0.0 < stability { lost } else { 0.0 };
    }
}

fn reset(columns: &mut SkillColumns, n: usize) {
    let c = columns;
    for column in [
        &mut c.stability_days,
        &mut c.difficulty,
        &mut c.elapsed_days,
        &mut c.n_today,
        &mut c.kappa,
        &mut c.p_now,
        &mut c.p_mastered,
        &mut c.logit_variance,
    ] {
        column.clear();
        column.resize(n, 0.0);
    }
    c.n_answers.clear();
    c.n_answers.resize(n, 0);
    c.taught.reset(n);
    c.first_try.reset(n);
    c.mastered.reset(n);
    c.touched_today.reset(n);
    c.minutes_per_second = 1.0 / 60.0;
    c.pace = 1.0;
    c.learning_rate = 1.0;
    c.theme_affinity.clear();
}
