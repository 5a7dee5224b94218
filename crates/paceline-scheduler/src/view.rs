//! From a learner's state to columns over the bank: the only module that reads a [`Learner`].

use paceline_bank::Bank;
use paceline_core::strategy::Strategy;
use paceline_core::time::{Timestamp, study_day};
use paceline_learner::memory::Grade;
use paceline_learner::{Learner, Params};

use crate::kernel::{self, BLOCK, LogOdds, Practised};
use crate::prepare::BankColumns;
use crate::{Purpose, Request, SkillColumns, unlock};

#[cfg(test)]
mod tests;

/// Buffers of [`fill`].
#[derive(Clone, Debug, Default)]
pub(crate) struct ViewBuffers {
    learner: paceline_learner::Scratch,
    /// Log-odds of a right answer. Shape: `[n_skills]`.
    logit: Vec<f32>,
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
    } = buffers;
    logit.resize(n, 0.0);
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
    for start in (0..n).step_by(BLOCK) {
        let range = start..(start + BLOCK).min(n);
        let odds = LogOdds {
            logit: &logit[range.clone()],
            variance: &c.logit_variance[range.clone()],
            threshold: &bank_columns.threshold_logit[range.clone()],
        };
        let mastered = &mut c.mastered.words_mut()[start / 64..range.end.div_ceil(64)];
        let (kappa, p_mastered) = (&mut c.kappa[range.clone()], &mut c.p_mastered[range]);
        kernel::believe(odds, kappa, p_mastered, mastered);
    }
    let today = study_day(now, request.utc_offset);
    let (stability_days, difficulty) = (&mut c.stability_days[..n], &mut c.difficulty[..n]);
    let (elapsed_days, n_answers) = (&mut c.elapsed_days[..n], &mut c.n_answers[..n]);
    let taught = c.taught.words_mut();
    // Skills rise, so bits are gathered until their word is whole.
    let (mut word, mut bits) = (0, 0);
    for it in learner.practised() {
        let at = it.skill.at();
        if n <= at {
            break;
        }
        let elapsed = today.days_since(it.last_day) as f32;
        elapsed_days[at] = elapsed;
        n_answers[at] = it.attempts;
        if elapsed == 0.0 {
            c.n_today[at] = it.attempts_today as f32;
            c.touched_today.put(at, true);
        }
        if 0.0 < it.memory.stability {
            stability_days[at] = it.memory.stability;
            difficulty[at] = it.memory.difficulty;
            if at / 64 != word {
                taught[word] = bits;
                (word, bits) = (at / 64, 0);
            }
            bits |= u64::from(it.taught) << (at % 64);
        }
    }
    if let Some(last) = taught.get_mut(word) {
        *last = bits;
    }
    for start in (0..n).step_by(BLOCK) {
        let range = start..(start + BLOCK).min(n);
        let practised = Practised {
            kappa: &c.kappa[range.clone()],
            easiness: &bank_columns.typical_easiness[range.clone()],
            stability_days: &c.stability_days[range.clone()],
            elapsed_days: &c.elapsed_days[range.clone()],
        };
        let p_now = &mut c.p_now[range];
        kernel::fade(&params.fsrs, base, c.easiness_slope, practised, p_now);
    }
    suppose(bank, params, request, c);
}

/// Marks the skills that do without their lesson as taught, and supposes a memory where there is none.
fn suppose(bank: &Bank, params: &Params, request: &Request, c: &mut SkillColumns) {
    if c.taught.count() == c.len() {
        return;
    }
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

fn reset(columns: &mut SkillColumns, n: usize) {
    let c = columns;
    for column in [
        &mut c.stability_days,
        &mut c.difficulty,
        &mut c.elapsed_days,
        &mut c.n_today,
    ] {
        column.clear();
        column.resize(n, 0.0);
    }
    // Written whole.
    for column in [
        &mut c.kappa,
        &mut c.p_now,
        &mut c.p_mastered,
        &mut c.logit_variance,
    ] {
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
