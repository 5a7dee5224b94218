//! The learner report: the state, read for a teacher.

use super::Engine;
use crate::error::Error;
use crate::report::{Explanation, GoalReport, InterestReport, LearnerReport, SkillReport, Term};
use crate::state::State;
use paceline_core::event::Goal;
use paceline_core::ids::{ItemIx, LearnerId, SkillIx, ThemeIx};
use paceline_core::math;
use paceline_core::time::{Timestamp, study_day};
use paceline_core::units::{Minutes, Probability};
use paceline_learner::knowledge::Source;
use paceline_learner::mastery::{self, Bar, Mastery, Standing};
use paceline_learner::{Scratch, SkillView};

/// How many strengths and weaknesses are named.
const NAMED: usize = 5;
/// A skill stands out from this far off the learner's own level, in logits.
const STANDS_OUT_LOGIT: f32 = 0.4;
/// A skill is due below this recall.
const DUE_BELOW: f32 = 0.9;
/// Answers that a skill takes from its lesson to mastery, as the simulator's gate G3 has it.
const ANSWERS_TO_MASTERY: f32 = 7.0;
/// Coverage of the interval that is shown.
const COVERAGE: f32 = 0.8;

/// What the model believes of one skill.
struct Belief {
    logit: f32,
    variance: f32,
    mastery: Mastery,
}

impl Engine {
    /// What is known of a learner: strengths and weaknesses by skill, due reviews, interests, pace, progress to the goal.
    ///
    /// # Errors
    /// [`Error::UnknownLearner`], or [`Error::Store`].
    pub fn learner(&self, learner: &LearnerId, now: Timestamp) -> Result<LearnerReport, Error> {
        let _span = tracing::info_span!("learner").entered();
        self.read(learner, |state, scratch| {
            self.report(learner, state, now, scratch)
        })
    }

    /// A prediction on a typical item of a skill, as the sum of its terms.
    ///
    /// # Errors
    /// [`Error::UnknownLearner`], [`Error::UnknownSkill`], or [`Error::Store`].
    pub fn explain(
        &self,
        learner: &LearnerId,
        skill: &str,
        now: Timestamp,
    ) -> Result<Explanation, Error> {
        let ix = self.skill(skill)?;
        let easiness = self.bank.typical_easiness(ix);
        // No item has this index: the prediction is for an item that was never seen.
        let unseen = ItemIx(u32::MAX);
        self.read(learner, |state, scratch| {
            let terms = state
                .learner
                .explain(&self.params, &[ix], unseen, easiness, now, scratch);
            let logit = terms.iter().map(|(_, value)| value).sum();
            let mut terms: Vec<Term> = terms
                .into_iter()
                .map(|(source, logit)| term(source, logit))
                .collect();
            terms.sort_by(|a, b| b.logit.abs().total_cmp(&a.logit.abs()));
            let p = Probability::clamped(math::logistic(logit));
            Explanation {
                format: 1,
                skill: skill.to_owned(),
                p,
                logit,
                terms,
            }
        })
    }

    fn report(
        &self,
        learner: &LearnerId,
        state: &State,
        now: Timestamp,
        scratch: &mut Scratch,
    ) -> LearnerReport {
        let profile = &state.profile;
        let views: Vec<SkillView> = state
            .learner
            .skills()
            .filter(|view| view.skill.at() < self.bank.n_skills())
            .collect();
        let skills: Vec<_> = views
            .iter()
            .map(|view| self.skill_report(state, view, now, scratch))
            .collect();
        let (strengths, weaknesses) = stand_out(&skills);
        let mut due: Vec<_> = skills
            .iter()
            .filter_map(|s| Some((s.recall?.get(), &s.skill)))
            .collect();
        due.retain(|&(recall, _)| recall < DUE_BELOW);
        due.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
        LearnerReport {
            format: 1,
            learner: learner.clone(),
            now,
            learner_version: state.version,
            group: profile.group.clone(),
            attempts: profile.attempts,
            minutes: profile.minutes as f32,
            pace: state.pace.factor(),
            strengths,
            weaknesses,
            due: due.into_iter().map(|(_, skill)| skill.clone()).collect(),
            skills,
            interests: self.interests(state, now),
            goal: profile
                .goal
                .as_ref()
                .map(|goal| self.goal_report(state, goal, now, scratch)),
            pins: profile.pins.iter().cloned().collect(),
            bans: profile.bans.iter().cloned().collect(),
        }
    }

    /// What the model believes of a skill on a typical item, nothing forgotten.
    fn belief(
        &self,
        state: &State,
        skill: SkillIx,
        threshold: f32,
        scratch: &mut Scratch,
    ) -> Belief {
        let easiness = self.bank.typical_easiness(skill);
        let logit = state
            .learner
            .fresh_logit(&self.params, skill, easiness, scratch);
        let variance = state.learner.fresh_variance(&self.params, skill);
        let bar = Bar::at(threshold);
        let mastery = if bar.is_met(logit, variance) {
            Mastery::Met
        } else {
            Mastery::Open
        };
        Belief {
            logit,
            variance,
            mastery,
        }
    }

    fn skill_report(
        &self,
        state: &State,
        view: &SkillView,
        now: Timestamp,
        scratch: &mut Scratch,
    ) -> SkillReport {
        let skill = self.bank.skill(view.skill);
        let belief = self.belief(state, view.skill, skill.threshold, scratch);
        let (low, high) = mastery::interval(belief.logit, belief.variance, COVERAGE);
        let today = study_day(now, state.profile.utc_offset);
        let recall = view.memory.map(|_| {
            state
                .learner
                .retrievability(&self.params, view.skill, today)
        });
        let easiness = self.bank.typical_easiness(view.skill);
        let unseen = ItemIx(u32::MAX);
        let p_now =
            state
                .learner
                .predict(&self.params, &[view.skill], unseen, easiness, now, scratch);
        let dependants = self.bank.dependants().targets(view.skill.0);
        let mut opens = |&dependant: &u32| {
            let dependant = SkillIx(dependant);
            let threshold = self.bank.skill(dependant).threshold;
            self.belief(state, dependant, threshold, scratch).mastery == Mastery::Open
        };
        let unlocks = dependants.iter().filter(|dependant| opens(dependant));
        SkillReport {
            skill: skill.id.clone(),
            title: skill.title.clone(),
            standing: Standing::of(belief.mastery, view.attempts, recall)
                .words()
                .to_owned(),
            p_now,
            p_fresh: Probability::clamped(math::logistic(belief.logit)),
            p_low: Probability::clamped(low),
            p_high: Probability::clamped(high),
            recall: recall.map(Probability::clamped),
            attempts: view.attempts,
            days_ago: view
                .memory
                .map(|_| today.days_since(view.last_day).unsigned_abs()),
            unlocks: unlocks
                .map(|&ix| self.bank.skill(SkillIx(ix)).id.clone())
                .collect(),
        }
    }

    fn interests(&self, state: &State, now: Timestamp) -> Vec<InterestReport> {
        let theme = |theme: u32| {
            let theme = self.bank.theme(ThemeIx(theme));
            let affinity = state
                .interests
                .affinity(&theme.id, study_day(now, state.profile.utc_offset));
            InterestReport {
                theme: theme.id.clone(),
                title: theme
                    .title(state.profile.language.as_deref().unwrap_or_default())
                    .to_owned(),
                affinity: affinity.mean,
                sd: affinity.variance.sqrt(),
            }
        };
        let mut interests: Vec<_> = (0..self.bank.n_themes() as u32).map(theme).collect();
        interests.sort_by(|a, b| {
            b.affinity
                .total_cmp(&a.affinity)
                .then(a.theme.cmp(&b.theme))
        });
        interests
    }

    fn goal_report(
        &self,
        state: &State,
        goal: &Goal,
        now: Timestamp,
        scratch: &mut Scratch,
    ) -> GoalReport {
        let skills = self.skills(&goal.skills).unwrap_or_default();
        let mut reached = 0;
        let mut minutes = 0.0;
        for &skill in &skills {
            let belief = self.belief(state, skill, goal.threshold.get(), scratch);
            if belief.mastery == Mastery::Met {
                reached += 1;
                continue;
            }
            let view = state.learner.skill(skill);
            let answered = view.map_or(0.0, |view| view.attempts as f32);
            if view.is_none_or(|view| !view.taught) {
                minutes += self.bank.skill(skill).lesson_minutes;
            }
            let items = self.bank.items_of(skill);
            let seconds: f32 = items
                .iter()
                .map(|item| self.bank.item_seconds()[item.at()])
                .sum();
            let each = seconds / 60.0 / items.len().max(1) as f32;
            minutes += each * (ANSWERS_TO_MASTERY - answered).max(1.0);
        }
        minutes *= state.pace.factor();
        let a_day = state.minutes_a_day(now, goal.date);
        GoalReport {
            goal: goal.clone(),
            skills: skills.len() as u32,
            reached,
            minutes_left: Minutes::clamped(minutes),
            estimated: a_day.map(|a_day| now.plus_days((minutes / a_day).ceil() as i64)),
        }
    }
}

/// A term of a prediction in words.
fn term(source: Source, logit: f32) -> Term {
    let (name, meaning) = match source {
        Source::Dense(feature) => (feature.name(), feature.meaning()),
        Source::Bias => ("bias", "where every prediction starts"),
        Source::Item => ("item", "how this item differs from its easiness"),
        Source::Skill(_) => ("skill", "how this skill differs from its items' easiness"),
        Source::SkillPattern(_) => ("skill_pattern", "the last outcomes on the skill"),
        Source::Pattern => ("pattern", "the last outcomes overall"),
        Source::ItemPattern => ("item_pattern", "the last outcomes on the item"),
        Source::SkillSlope(_) => (
            "skill_slope",
            "how this skill responds to results, tries and ability",
        ),
        Source::ItemSlope => (
            "item_slope",
            "how this item responds to results and ability",
        ),
        Source::ItemAfter(_) => ("item_after", "the item that came before"),
        Source::SkillsAfter(_) => ("skills_after", "the skill that came before"),
        Source::ItemRetry => ("item_retry", "a repeated try of the item"),
        Source::SkillsRetry => ("skills_retry", "a repeated try of an item of the skill"),
        _ => ("other", "a term of a newer model"),
    };
    Term {
        name: name.to_owned(),
        meaning: meaning.to_owned(),
        logit,
    }
}

/// The skills that stand out above and below the learner's own level, farthest first.
fn stand_out(skills: &[SkillReport]) -> (Vec<String>, Vec<String>) {
    let practised = skills.iter().filter(|skill| skill.attempts > 0);
    let logits: Vec<_> = practised
        .map(|s| (math::logit(s.p_fresh.get()), &s.skill))
        .collect();
    let level = logits.iter().map(|(logit, _)| logit).sum::<f32>() / logits.len().max(1) as f32;
    let named = |sign: f32| {
        let mut off: Vec<_> = logits
            .iter()
            .map(|(logit, skill)| (sign * (logit - level), *skill))
            .collect();
        off.retain(|&(distance, _)| distance >= STANDS_OUT_LOGIT);
        off.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        off.into_iter()
            .take(NAMED)
            .map(|(_, skill)| skill.clone())
            .collect()
    };
    (named(1.0), named(-1.0))
}
