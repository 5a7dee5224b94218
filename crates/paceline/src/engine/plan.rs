//! Planning and offering: the join of bank, parameters, cohort and state, in external ids.

use super::Engine;
use crate::error::Error;
use crate::plan::{
    Activity, Content, Ended, ItemRef, MadeFrom, Offer, Offered, Outlook, Plan, PlanRequest,
    Purpose, Reason, RunnerUp, SkillShare,
};
use crate::state::State;
use paceline_bank::{InstanceError, Rendered, closest};
use paceline_core::event::{
    self, ActivityKind, Candidate, Enrolled, Event, EventBody, Goal, Instance, OfferedActivity,
};
use paceline_core::ids::{EventId, ItemIx, LearnerId, SkillIx, ThemeIx};
use paceline_core::stream::keyed_u64;
use paceline_core::time::{Timestamp, study_day};
use paceline_core::units::{Minutes, Probability};
use paceline_scheduler::{
    self as scheduler, Ban, Cohort, Kind, Lesson, Pin, PlannedActivity, ProbeAnswer, RecentAnswer,
    Request,
};
use rayon::prelude::*;
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::{Arc, PoisonError};

/// Minutes of a lesson where neither the request nor the learner says.
const DEFAULT_MINUTES: f32 = 20.0;
/// The longest lesson that is planned, minutes.
const MAX_MINUTES: f32 = 600.0;
/// The success rate that items aim at where nobody set one (Wilson et al. 2019).
const DEFAULT_TARGET: f32 = 0.85;

thread_local! {
    /// The planner's buffers and what it keeps from plan to plan: they save time and change no plan.
    static SCRATCH: RefCell<scheduler::Scratch> = RefCell::default();
}

/// Calls `f` with this thread's buffers.
pub(super) fn with_scratch<T>(f: impl FnOnce(&mut scheduler::Scratch) -> T) -> T {
    SCRATCH.with_borrow_mut(f)
}

/// The seed of a learner's own draws.
pub(super) fn own_seed(learner: &LearnerId, seed: u64) -> u64 {
    keyed_u64("plan", seed, learner.as_str().as_bytes())
}

impl Engine {
    /// Plans a lesson: what to do next, in order, and why. Writes nothing.
    ///
    /// The plan is a function of the bank, the parameters, the cohort, the learner's state, `request`, `now` and `seed`, and of nothing
    /// else.
    ///
    /// # Errors
    /// [`Error::UnknownLearner`], or a skill, theme or number in the request that is not valid.
    pub fn plan(
        &self,
        learner: &LearnerId,
        request: &PlanRequest,
        now: Timestamp,
        seed: u64,
    ) -> Result<Plan, Error> {
        let _span = tracing::info_span!("plan").entered();
        self.plan_one(learner, request, now, seed)
    }

    /// Plans a lesson for each of many learners, on all cores, each the same as [`Engine::plan`] gives.
    ///
    /// Hands the plans to `take` as they are done, with the place of their learner: memory is bounded by what `take` keeps. The
    /// order of the calls is not defined.
    pub fn plan_many(
        &self,
        learners: &[LearnerId],
        request: &PlanRequest,
        now: Timestamp,
        seed: u64,
        take: impl Fn(usize, Result<Plan, Error>) + Sync,
    ) {
        let _span = tracing::info_span!("plan_many", learners = learners.len()).entered();
        learners.par_iter().enumerate().for_each(|(i, learner)| {
            take(i, self.plan_one(learner, request, now, seed));
        });
    }

    fn plan_one(
        &self,
        learner: &LearnerId,
        request: &PlanRequest,
        now: Timestamp,
        seed: u64,
    ) -> Result<Plan, Error> {
        let cohort = self.cohort();
        self.read(learner, |state, _| {
            let dense = self.request(state, request, now)?;
            let lesson = with_scratch(|scratch| {
                let (bank, params) = (&self.bank, &self.params);
                let own_seed = own_seed(learner, seed);
                let state = &state.learner;
                scheduler::plan(bank, params, &cohort, state, &dense, now, own_seed, scratch)
            });
            let made_from = self.made_from(state, &cohort, now, seed);
            Ok(self.external(learner, state, request, made_from, &dense, &lesson))
        })?
    }

    pub(super) fn made_from(
        &self,
        state: &State,
        cohort: &Cohort,
        now: Timestamp,
        seed: u64,
    ) -> MadeFrom {
        MadeFrom {
            bank: self.bank.version().to_string(),
            params: self.config.params_version.clone(),
            cohort: cohort.version,
            learner_version: state.version,
            now,
            seed,
        }
    }

    /// The cohort snapshot in force.
    pub(super) fn cohort(&self) -> Arc<Cohort> {
        self.cohort
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Shows a plan to the learner: journals it with its candidates and propensities, and returns its texts.
    ///
    /// Offering the same plan again changes nothing.
    ///
    /// # Errors
    /// [`Error::StalePlan`] if the plan was made from another bank, or whatever keeps the offer from being recorded.
    pub fn offer(&self, plan: &Plan) -> Result<Offer, Error> {
        let _span = tracing::info_span!("offer", activities = plan.activities.len()).entered();
        let bank = self.bank.version().to_string();
        if plan.made_from.bank != bank {
            let found = format!("bank {}", plan.made_from.bank);
            return Err(Error::StalePlan {
                plan: plan.id.clone(),
                found,
                wanted: bank,
            });
        }
        let shown = |activity: &Activity| -> Result<Offered, Error> {
            Ok(Offered {
                activity: activity.clone(),
                content: self.content(activity)?,
            })
        };
        let lesson = plan
            .activities
            .iter()
            .map(shown)
            .collect::<Result<Vec<_>, Error>>()?;
        let offered = event::Offered {
            plan: plan.id.clone(),
            bank,
            params: plan.made_from.params.clone(),
            learner_version: plan.made_from.learner_version,
            seed: plan.made_from.seed,
            strategies: plan.strategies,
            activities: plan.activities.iter().map(offered_activity).collect(),
        };
        let now = plan.made_from.now;
        // An id that a caller made up may be no event's.
        let event_id =
            EventId::new(format!("offer-{}", plan.id)).map_err(|_| Error::StalePlan {
                plan: plan.id.clone(),
                found: "elsewhere".to_owned(),
                wanted: "this engine".to_owned(),
            })?;
        let body = EventBody::Offered(offered);
        self.record(Event {
            utc_offset: self.read(&plan.learner, |state, _| state.profile.utc_offset)?,
            ..Event::new(event_id, plan.learner.clone(), now, body)
        })?;
        Ok(Offer {
            format: 1,
            plan: plan.id.clone(),
            lesson,
        })
    }

    /// What the learner sees of an activity; none for an item without text.
    ///
    /// # Errors
    /// [`Error::UnknownItem`], [`Error::UnknownSkill`] or [`Error::Instance`].
    pub fn content(&self, activity: &Activity) -> Result<Option<Content>, Error> {
        let Some(reference) = &activity.item else {
            let skill = self.skill(activity.skill())?;
            let language = activity.instance.language.as_deref().unwrap_or_default();
            return Ok(self
                .bank
                .lesson(skill, language)
                .map(|lesson| Content::Lesson {
                    title: lesson.title.clone(),
                    markdown: lesson.markdown.clone(),
                    language: lesson.language.clone(),
                }));
        };
        let item = self.item(&reference.id)?;
        if !self.bank.has_text(item) {
            return Ok(None);
        }
        let rendered = self.render(item, &activity.instance)?;
        Ok(Some(Content::Item(Box::new(rendered))))
    }

    /// An item as a learner sees it.
    pub(super) fn render(&self, item: ItemIx, instance: &Instance) -> Result<Rendered, Error> {
        if let Some(theme) = &instance.theme {
            self.theme(theme)?;
        }
        let rendered = self.bank.instantiate(item, instance);
        rendered.map_err(|error| self.no_instance(item, instance, &error))
    }

    pub(super) fn no_instance(
        &self,
        item: ItemIx,
        instance: &Instance,
        error: &InstanceError,
    ) -> Error {
        Error::Instance {
            item: self.bank.item_id(item).to_owned(),
            seed: instance.seed,
            why: error.to_string(),
        }
    }

    pub(super) fn item(&self, id: &str) -> Result<ItemIx, Error> {
        let unknown = || Error::UnknownItem {
            item: id.into(),
            bank: self.bank.version().to_string(),
        };
        self.bank.item_ix(id).ok_or_else(unknown)
    }

    pub(super) fn skill(&self, id: &str) -> Result<SkillIx, Error> {
        self.bank.skill_ix(id).ok_or_else(|| Error::UnknownSkill {
            skill: id.to_owned(),
            bank: self.bank.version().to_string(),
            suggestion: closest(id, self.bank.skills().iter().map(|skill| skill.id.as_str())),
        })
    }

    pub(super) fn theme(&self, id: &str) -> Result<ThemeIx, Error> {
        self.bank.theme_ix(id).ok_or_else(|| Error::UnknownTheme {
            theme: id.to_owned(),
            known: self.themes().map(|theme| theme.id.clone()).collect(),
        })
    }

    fn themes(&self) -> impl Iterator<Item = &paceline_bank::Theme> {
        (0..self.bank.n_themes() as u32).map(|theme| self.bank.theme(ThemeIx(theme)))
    }

    /// Skills by their ids, and all skills of a course by its id.
    pub(super) fn skills(&self, ids: &[String]) -> Result<Vec<SkillIx>, Error> {
        let mut skills = Vec::new();
        for id in ids {
            match self.bank.courses().iter().find(|course| course.id == *id) {
                Some(course) => skills.extend((course.skills.0..course.skills.1).map(SkillIx)),
                None => skills.push(self.skill(id)?),
            }
        }
        skills.sort_unstable();
        skills.dedup();
        Ok(skills)
    }

    /// The request on dense indexes, completed by what the learner and the teacher set.
    pub(super) fn request(
        &self,
        state: &State,
        request: &PlanRequest,
        now: Timestamp,
    ) -> Result<Request, Error> {
        let profile = &state.profile;
        let minutes = request
            .minutes
            .or(profile.minutes_a_day)
            .map_or(DEFAULT_MINUTES, Minutes::get);
        if minutes > MAX_MINUTES {
            let (field, found) = ("minutes", f64::from(minutes));
            return Err(Error::BadNumber {
                field,
                found,
                wanted: "at most 600 minutes a lesson",
            });
        }
        let goal = request.goal.as_ref().or(profile.goal.as_ref());
        let mut recent = Vec::with_capacity(profile.recent.len());
        recent.extend(profile.recent.iter().filter_map(|recent| {
            let item = recent.ix?;
            let (at, correct) = (recent.at, recent.correct);
            Some(RecentAnswer {
                skill: self.bank.primary_skill(item),
                item,
                at,
                correct,
            })
        }));
        let pin = |id: &String| match self.bank.item_ix(id) {
            Some(item) => Some(Pin::Item(item)),
            None => self.bank.skill_ix(id).map(Pin::Skill),
        };
        let ban = |id: &String| match self.bank.item_ix(id) {
            Some(item) => Some(Ban::Item(item)),
            None => self.bank.skill_ix(id).map(Ban::Skill),
        };
        let today = study_day(now, profile.utc_offset);
        let liking = |theme: &str| state.interests.affinity(theme, today).mean;
        Ok(Request {
            purpose: match request.purpose {
                Purpose::Learn => scheduler::Purpose::Learn,
                Purpose::Review => scheduler::Purpose::Review,
                Purpose::Place { max_questions } => scheduler::Purpose::Place { max_questions },
            },
            goal: goal
                .map(|goal| self.goal(goal, state.minutes_a_day(now, goal.date)))
                .transpose()?,
            filter: request
                .filter
                .as_ref()
                .map(|ids| self.skills(ids))
                .transpose()?,
            strategies: request.strategies,
            explore: request.explore.map_or(0.0, Probability::get),
            pins: profile.pins.iter().filter_map(pin).collect(),
            bans: profile.bans.iter().filter_map(ban).collect(),
            target_success: profile
                .target_success
                .map_or(DEFAULT_TARGET, Probability::get),
            recent,
            probes: self.probes(state),
            width: self.config.search_width,
            trial_share: self.config.trial_share.get(),
            utc_offset: profile.utc_offset,
            pace: state.pace.factor(),
            theme_affinity: self.themes().map(|theme| liking(&theme.id)).collect(),
            ..Request::learn(minutes)
        })
    }

    /// The answers to probes so far.
    fn probes(&self, state: &State) -> Vec<ProbeAnswer> {
        let probe = |(skill, correct): &(String, bool)| {
            Some(ProbeAnswer {
                skill: self.bank.skill_ix(skill)?,
                correct: *correct,
            })
        };
        state.profile.probes.iter().filter_map(probe).collect()
    }

    /// Ends a placement: the skills that the answers to its probes show to be known count as known from now on.
    ///
    /// # Errors
    /// [`Error::UnknownLearner`], or whatever keeps the event from being recorded.
    pub fn conclude_placement(
        &self,
        learner: &LearnerId,
        event_id: EventId,
        now: Timestamp,
    ) -> Result<Vec<String>, Error> {
        let probes = self.read(learner, |state, _| self.probes(state))?;
        let known = scheduler::placed(&self.bank, &probes);
        let known: Vec<_> = known
            .iter()
            .map(|&skill| self.bank.skill(skill).id.clone())
            .collect();
        let enrolled = Enrolled {
            known: known.clone(),
            ..Enrolled::default()
        };
        self.enrol(learner, enrolled, event_id, now)?;
        Ok(known)
    }

    fn goal(&self, goal: &Goal, minutes_a_day: Option<f32>) -> Result<scheduler::Goal, Error> {
        Ok(scheduler::Goal {
            skills: self.skills(&goal.skills)?,
            threshold: goal.threshold.get(),
            date: goal.date,
            minutes_a_day: minutes_a_day.unwrap_or(0.0),
        })
    }

    /// A lesson in external ids.
    pub(super) fn external(
        &self,
        learner: &LearnerId,
        state: &State,
        request: &PlanRequest,
        made_from: MadeFrom,
        dense: &Request,
        lesson: &Lesson,
    ) -> Plan {
        let name = serde_json::to_vec(&(learner, request, &made_from))
            .expect("a request has only string keys and finite numbers");
        let id = format!("{:016x}", keyed_u64("plan-id", made_from.seed, &name));
        let language = request
            .language
            .as_ref()
            .or(state.profile.language.as_ref());
        let activity = |(place, planned): (usize, &PlannedActivity)| {
            self.activity(format!("{id}-{}", place + 1), language, planned)
        };
        Plan {
            format: 1,
            learner: learner.clone(),
            strategies: dense.strategies,
            activities: lesson.activities.iter().enumerate().map(activity).collect(),
            ended: match &lesson.ended {
                scheduler::Ended::TimeUsed => Ended::TimeUsed,
                scheduler::Ended::NothingPays => Ended::NothingPays,
                scheduler::Ended::NothingUnlocked => Ended::NothingUnlocked,
                scheduler::Ended::Conflict(dropped) => {
                    Ended::Conflict(dropped.iter().map(ToString::to_string).collect())
                }
            },
            minutes: Minutes::clamped(lesson.minutes()),
            outlook: lesson.outlook.as_ref().map(|outlook| Outlook {
                days: outlook.days,
                expected_share: Probability::clamped(outlook.expected_share),
                p_goal: Probability::clamped(outlook.p_goal),
                expected: outlook
                    .expected
                    .iter()
                    .map(|&(skill, p)| {
                        let id = self.bank.skill(skill).id.to_string();
                        (id, Probability::clamped(p))
                    })
                    .collect(),
                minutes_a_day_needed: Minutes::clamped(outlook.minutes_a_day_needed),
                minutes_a_day: Minutes::clamped(outlook.minutes_a_day),
            }),
            made_from,
            id,
        }
    }

    pub(super) fn activity(
        &self,
        id: String,
        language: Option<&String>,
        planned: &PlannedActivity,
    ) -> Activity {
        let skill_id = |skill: SkillIx| self.bank.skill(skill).id.clone();
        let share = |&(skill, weight): &(SkillIx, f32)| SkillShare {
            skill: skill_id(skill),
            weight,
        };
        let candidate = |candidate: &scheduler::Candidate| Candidate {
            skill: skill_id(candidate.skill),
            item: candidate
                .item
                .map(|item| self.bank.item_id(item).to_owned()),
            propensity: Probability::clamped(candidate.propensity),
        };
        Activity {
            id,
            kind: kind(planned.kind),
            skills: planned.skills.iter().map(share).collect(),
            item: planned.item.map(|item| ItemRef {
                id: self.bank.item_id(item).to_owned(),
                version: self.bank.item_version(item).to_string(),
            }),
            instance: Instance {
                seed: planned.instance_seed,
                theme: planned.theme.map(|theme| self.bank.theme(theme).id.clone()),
                language: language.cloned(),
            },
            minutes: Minutes::clamped(planned.minutes),
            p_correct: Probability::clamped(planned.p_correct),
            propensity: Probability::clamped(planned.propensity * planned.theme_propensity),
            candidates: planned.candidates.iter().map(candidate).collect(),
            reasons: planned
                .reasons
                .iter()
                .map(|reason| self.reason(reason))
                .collect(),
            runner_up: planned.runner_up.map(|other| RunnerUp {
                skill: skill_id(other.skill),
                gain_per_minute: other.gain_per_minute,
            }),
            bound_by: planned.bound_by.map(|rule| rule.to_string()),
        }
    }

    /// A reason in words; one that names another skill says its title.
    fn reason(&self, reason: &scheduler::Reason) -> Reason {
        use scheduler::Reason as R;
        let (code, value) = match *reason {
            R::Ready { readiness } => ("ready", readiness),
            R::Due { recall, .. } => ("due", recall),
            R::Goal { weight } => ("goal", weight),
            R::Unlocks { value } => ("unlocks", value),
            R::Difficulty { p_correct, .. } => ("difficulty", p_correct),
            R::Interest { relative } => ("interest", relative),
            R::AlsoPractises { gain } => ("also_practises", gain),
            R::Exploration { choices } => ("exploration", f32::from(choices)),
            R::Remediation { p_prerequisite, .. } => ("remediation", p_prerequisite),
            R::Relearning => ("relearning", 1.0),
            R::ProbablyKnown { p_correct } => ("probably_known", p_correct),
            R::Pinned => ("pinned", 1.0),
            R::Syllabus => ("syllabus", 1.0),
            R::Information { value } => ("information", value),
            _ => ("other", 1.0),
        };
        let text = match *reason {
            R::Remediation { of, .. } => {
                Cow::Owned(format!("{} (for “{}”)", reason, self.bank.skill(of).title))
            }
            _ => reason.text(),
        };
        Reason {
            code: code.into(),
            text,
            value,
        }
    }
}

const fn kind(kind: Kind) -> ActivityKind {
    match kind {
        Kind::Lesson => ActivityKind::Lesson,
        Kind::Practice => ActivityKind::Practice,
        Kind::Review => ActivityKind::Review,
        Kind::Remedy => ActivityKind::Remedy,
        Kind::Probe => ActivityKind::Probe,
    }
}

fn offered_activity(activity: &Activity) -> OfferedActivity {
    OfferedActivity {
        id: activity.id.clone(),
        kind: activity.kind,
        skill: activity.skill().to_owned(),
        item: activity.item.as_ref().map(|item| item.id.clone()),
        theme: activity.instance.theme.clone(),
        propensity: activity.propensity,
        candidates: activity.candidates.clone(),
    }
}
