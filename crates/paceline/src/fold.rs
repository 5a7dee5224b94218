//! What an event does to a learner's state: the one fold, the same live and on replay.
//!
//! The fold cannot fail. What was journalled under another bank and is not in this one (an item, a skill, a theme) changes nothing in the model,
//! and stays in the journal for a bank that has it.

use crate::engine::SkillChange;
use crate::journal::Entry;
use crate::state::State;
use paceline_bank::{Bank, ItemThemes};
use paceline_core::event::{ActivityKind, Attempt, Enrolled, EventBody, Help, SkipReason, Studied};
use paceline_core::ids::{EventId, ItemIx, SkillIx};
use paceline_core::math;
use paceline_core::time::{StudyDay, Timestamp, study_day};
use paceline_core::units::Probability;
use paceline_learner::mastery::Bar;
use paceline_learner::memory::Answered;
use paceline_learner::pace::Timed;
use paceline_learner::{Observation, Observed, Params, Scratch};
use std::collections::BTreeMap;

/// Nobody takes an answer for a click-through that took more than this share of the item's time.
const QUICK_SHARE: f32 = 0.5;

/// Scores judged anew, by the attempt's event id.
pub(crate) type Corrections = BTreeMap<EventId, Probability>;

/// What the fold reads.
pub(crate) struct Folder<'a> {
    pub(crate) bank: &'a Bank,
    pub(crate) params: &'a Params,
    pub(crate) corrections: &'a Corrections,
}

/// What an attempt did to the state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AttemptEffect {
    pub(crate) score: Probability,
    pub(crate) observation: Observation,
    pub(crate) changes: Vec<SkillChange>,
}

impl Folder<'_> {
    /// Folds one entry in, whose place in canonical order is at `at`.
    pub(crate) fn apply(
        &self,
        state: &mut State,
        entry: &Entry,
        at: Timestamp,
        scratch: &mut Scratch,
    ) -> Option<AttemptEffect> {
        state.profile.utc_offset = entry.utc_offset;
        state.profile.last_at = Some(at);
        let day = study_day(at, entry.utc_offset);
        match &entry.body {
            EventBody::Enrolled(enrolled) => self.enrolled(state, enrolled, at),
            EventBody::Offered(offered) => state.profile.offer(offered),
            EventBody::Studied(studied) => self.studied(state, studied, at),
            EventBody::Attempt(attempt) => return self.attempt(state, entry, attempt, at, scratch),
            EventBody::Skipped {
                activity,
                why: SkipReason::Boring,
            } => left(state, activity, day),
            EventBody::Abandoned { activity, seconds } => {
                worked(state, *seconds, at);
                left(state, activity, day);
            }
            EventBody::Rated { theme, rating } => {
                state.interests.rated(theme, *rating, day);
            }
            EventBody::Chose { theme, among } => {
                let among: Vec<_> = among.iter().map(String::as_str).collect();
                state.interests.chose(theme, &among, day);
            }
            EventBody::Control(control) => state.profile.control(&control.control),
            EventBody::Transferred { group } => state.profile.group = Some(group.clone()),
            // A correction acts where its attempt stands; see `Corrections`.
            _ => {}
        }
        None
    }

    fn enrolled(&self, state: &mut State, enrolled: &Enrolled, at: Timestamp) {
        state.profile.enrol(enrolled);
        for (theme, &interest) in &enrolled.interests {
            state
                .interests
                .declared(theme, interest, study_day(at, state.profile.utc_offset));
        }
        let offset = state.profile.utc_offset;
        for skill in enrolled
            .known
            .iter()
            .filter_map(|id| self.bank.skill_ix(id))
        {
            state.learner.declare_known(self.params, skill, at, offset);
        }
    }

    fn studied(&self, state: &mut State, studied: &Studied, at: Timestamp) {
        worked(state, studied.seconds, at);
        state.profile.done(&studied.skill);
        if let Some(skill) = self.bank.skill_ix(&studied.skill) {
            state
                .learner
                .lesson(self.params, skill, at, state.profile.utc_offset);
        }
    }

    fn attempt(
        &self,
        state: &mut State,
        entry: &Entry,
        attempt: &Attempt,
        at: Timestamp,
        scratch: &mut Scratch,
    ) -> Option<AttemptEffect> {
        let score = *self
            .corrections
            .get(&entry.event_id)
            .or(entry.judged.as_ref())?;
        let right = score.get() >= 1.0 && attempt.tries <= 1 && attempt.help <= Help::Hint;
        state.profile.attempts += 1;
        worked(state, attempt.seconds, at);
        let item = self.bank.item_ix(&attempt.item);
        state.profile.answered(&attempt.item, item, at, right);
        let item = item?;
        let skills = self.bank.item_skills(item);
        state.profile.done(&attempt.item);
        state.profile.done(&self.bank.skill(skills[0]).id);

        let easiness = self.bank.item_easiness()[item.at()];
        let p_correct = state
            .learner
            .predict(self.params, skills, item, easiness, at, scratch);
        let timed = Timed {
            seconds: attempt.seconds,
            expected_seconds: self.bank.item_seconds()[item.at()],
            correct: score.get() >= 1.0,
            p_correct: p_correct.get(),
            p_guess: self.p_guess(item, attempt),
        };
        let rapid_guess = state.pace.p_rapid_guess(&timed) > 0.5;
        let shown = attempt
            .activity
            .as_ref()
            .and_then(|id| state.profile.shown(id));
        if shown.is_some_and(|shown| shown.kind == ActivityKind::Probe) {
            state.profile.probed(&self.bank.skill(skills[0]).id, right);
        }
        let credit = self.credit(skills);
        let before: Vec<_> = skills
            .iter()
            .map(|&s| self.fresh(state, s, scratch).0)
            .collect();
        let observation = state.learner.observe(
            self.params,
            &Observed {
                skills,
                item,
                easiness,
                right,
                at,
                offset: state.profile.utc_offset,
                answered: Answered {
                    correct: score.get() >= 1.0,
                    revealed: attempt.help == Help::Revealed,
                    hints: u32::from(attempt.hints),
                    tries: u32::from(attempt.tries),
                    seconds: attempt.seconds,
                    expected_seconds: timed.expected_seconds * state.pace.factor(),
                    rapid_guess,
                    earlier_today: false,
                },
                credit: &credit,
            },
            scratch,
        );
        state.pace = state.pace.after(&timed);
        if let Some(theme) = self.theme(item, attempt) {
            state
                .interests
                .finished(theme, study_day(at, state.profile.utc_offset));
        }
        let changes = skills.iter().zip(before).map(|(&skill, before)| {
            let (after, mastered) = self.fresh(state, skill, scratch);
            SkillChange {
                skill: self.bank.skill(skill).id.clone(),
                before,
                after,
                mastered,
            }
        });
        let changes = changes.collect();
        Some(AttemptEffect {
            score,
            observation,
            changes,
        })
    }

    /// The chance that a guess is right; it matters in quick answers alone, so the others are spared the look.
    fn p_guess(&self, item: ItemIx, attempt: &Attempt) -> f32 {
        if attempt.seconds > QUICK_SHARE * self.bank.item_seconds()[item.at()] {
            0.0
        } else {
            self.bank.p_guess(item)
        }
    }

    /// What a success also practises: the skills that the item's skills encompass and that it does not name itself.
    fn credit(&self, skills: &[SkillIx]) -> Vec<(SkillIx, f32)> {
        let mut credit: BTreeMap<u32, f32> = BTreeMap::new();
        for skill in skills {
            for (part, share) in self.bank.encompasses().edges(skill.0) {
                let most = credit.entry(part).or_default();
                *most = most.max(share);
            }
        }
        credit.retain(|part, _| !skills.contains(&SkillIx(*part)));
        credit
            .into_iter()
            .map(|(part, share)| (SkillIx(part), share))
            .collect()
    }

    /// P(right) on a typical item, nothing forgotten, and whether that is mastery.
    fn fresh(&self, state: &State, skill: SkillIx, scratch: &mut Scratch) -> (Probability, bool) {
        let easiness = self.bank.typical_easiness(skill);
        let logit = state
            .learner
            .fresh_logit(self.params, skill, easiness, scratch);
        let variance = state.learner.fresh_variance(self.params, skill);
        let bar = Bar::at(self.bank.skill(skill).threshold);
        (
            Probability::clamped(math::logistic(logit)),
            bar.is_met(logit, variance),
        )
    }

    fn theme<'b>(&'b self, item: ItemIx, attempt: &'b Attempt) -> Option<&'b str> {
        match self.bank.item_themes(item) {
            ItemThemes::Fixed(theme) => Some(&self.bank.theme(theme).id),
            _ => attempt.instance.theme.as_deref(),
        }
    }
}

/// Seconds of work, counted in all and towards the minutes that the learner has a day.
fn worked(state: &mut State, seconds: f32, at: Timestamp) {
    let day = study_day(at, state.profile.utc_offset);
    state.profile.minutes += f64::from(seconds) / 60.0;
    state.budget = state.budget.after(day, seconds / 60.0);
}

/// An activity that was left tells against its theme.
fn left(state: &mut State, activity: &str, day: StudyDay) {
    if let Some(theme) = state
        .profile
        .shown(activity)
        .and_then(|shown| shown.theme.clone())
    {
        state.interests.left(&theme, day);
    }
}
