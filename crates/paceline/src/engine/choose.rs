//! What a learner may ask, and what a teacher may ask for a class.

use super::Engine;
use super::plan::{own_seed, with_scratch};
use crate::error::Error;
use crate::plan::{Activity, ClassGroup, ClassMember, ClassPlan, DayAhead, MadeFrom, PlanRequest};
use paceline_core::ids::LearnerId;
use paceline_core::time::{StudyDay, Timestamp, study_day};
use paceline_core::units::Minutes;
use paceline_scheduler::{self as scheduler, Grouping, Student};

/// Most days that are looked ahead.
const MOST_DAYS: usize = 366;

impl Engine {
    /// The best `n` different skills to go on with, best first, each as the activity it would begin with: a student's choice.
    ///
    /// Fewer where there are fewer. Writes nothing; the answer to what was chosen is recorded without an activity, as
    /// self-chosen work.
    ///
    /// # Errors
    /// As [`Engine::plan`].
    pub fn choices(
        &self,
        learner: &LearnerId,
        request: &PlanRequest,
        n: usize,
        now: Timestamp,
        seed: u64,
    ) -> Result<Vec<Activity>, Error> {
        let _span = tracing::info_span!("choices").entered();
        let cohort = self.cohort();
        self.read(learner, |state, _| {
            let dense = self.request(state, request, now)?;
            let chosen = with_scratch(|scratch| {
                let (bank, params) = (&self.bank, &self.params);
                let seed = own_seed(learner, seed);
                let state = &state.learner;
                scheduler::choices(bank, params, &cohort, state, &dense, now, seed, n, scratch)
            });
            let language = request
                .language
                .as_ref()
                .or(state.profile.language.as_ref());
            let activity = |(place, planned)| {
                self.activity(format!("choice-{}", place + 1), language, planned)
            };
            Ok(chosen.iter().enumerate().map(activity).collect())
        })?
    }

    /// What must be learnt first for `skill`: skill ids, prerequisites before what builds on them, `skill` last. Only itself
    /// where nothing stands in the way, nothing where it is mastered.
    ///
    /// # Errors
    /// [`Error::UnknownLearner`] or [`Error::UnknownSkill`].
    pub fn what_first(
        &self,
        learner: &LearnerId,
        skill: &str,
        now: Timestamp,
    ) -> Result<Vec<String>, Error> {
        let _span = tracing::info_span!("what_first").entered();
        let skill = self.skill(skill)?;
        self.read(learner, |state, _| {
            let dense = self.request(state, &PlanRequest::default(), now)?;
            let (bank, params) = (&self.bank, &self.params);
            let path = with_scratch(|scratch| {
                scheduler::what_first(bank, params, &state.learner, skill, &dense, now, scratch)
            });
            Ok(path
                .into_iter()
                .map(|skill| bank.skill(skill).id.clone())
                .collect())
        })?
    }

    /// The days ahead with the request's minutes on each, the first being today: what is due and what is new, levelled so that no
    /// day holds more than it has. After an absence, this is how the backlog melts down.
    ///
    /// Writes nothing. Takes time in proportion to skills times days; 366 days at most.
    ///
    /// # Errors
    /// As [`Engine::plan`].
    pub fn days_ahead(
        &self,
        learner: &LearnerId,
        request: &PlanRequest,
        n_days: usize,
        now: Timestamp,
    ) -> Result<Vec<DayAhead>, Error> {
        let _span = tracing::info_span!("days_ahead", days = n_days).entered();
        let cohort = self.cohort();
        self.read(learner, |state, _| {
            let dense = self.request(state, request, now)?;
            let minutes = vec![dense.minutes; n_days.min(MOST_DAYS)];
            let days = with_scratch(|scratch| {
                let (bank, params, state) = (&self.bank, &self.params, &state.learner);
                scheduler::days_ahead(bank, params, &cohort, state, &dense, &minutes, now, scratch)
            });
            let today = study_day(now, dense.utc_offset).0;
            let day = |(day, ahead): (i32, scheduler::DayAhead)| DayAhead {
                day: StudyDay(day),
                minutes: Minutes::clamped(ahead.minutes),
                reviews: ahead.reviews,
                lessons: ahead.lessons,
                waiting_minutes: Minutes::clamped(ahead.waiting_minutes),
            };
            Ok((today..).zip(days).map(day).collect())
        })?
    }

    /// Splits a class into groups who do the same thing next, and plans for every student: with the group, or alone.
    ///
    /// What a group costs any of its students, against the student's own best lesson, stays within `grouping.most_cost`.
    /// Writes nothing.
    ///
    /// # Errors
    /// As [`Engine::plan`], for the first student it concerns.
    pub fn plan_class(
        &self,
        learners: &[LearnerId],
        request: &PlanRequest,
        grouping: &Grouping,
        now: Timestamp,
        seed: u64,
    ) -> Result<ClassPlan, Error> {
        let _span = tracing::info_span!("plan_class", learners = learners.len()).entered();
        let cohort = self.cohort();
        let student = |learner: &LearnerId| -> Result<(Student, MadeFrom), Error> {
            self.read(learner, |state, _| {
                let request = self.request(state, request, now)?;
                let columns = with_scratch(|scratch| {
                    scratch.read(&self.bank, &self.params, &state.learner, &request, now)
                });
                let seed_of = own_seed(learner, seed);
                let made_from = self.made_from(state, &cohort, now, seed);
                Ok((
                    Student {
                        columns,
                        request,
                        seed: seed_of,
                    },
                    made_from,
                ))
            })?
        };
        let students = learners
            .iter()
            .map(student)
            .collect::<Result<Vec<_>, Error>>()?;
        let (students, made_from): (Vec<Student>, Vec<MadeFrom>) = students.into_iter().unzip();
        let fsrs = &self.params.fsrs;
        let split = with_scratch(|scratch| {
            scheduler::plan_class(&self.bank, fsrs, &cohort, &students, grouping, now, scratch)
        });
        let member = |member: &scheduler::Member| -> Result<ClassMember, Error> {
            let (at, lesson) = (member.student, &member.lesson);
            let (learner, made_from) = (&learners[at], made_from[at].clone());
            self.read(learner, |state, _| ClassMember {
                plan: self.external(
                    learner,
                    state,
                    request,
                    made_from,
                    &students[at].request,
                    lesson,
                ),
                cost: member.cost,
            })
        };
        let members =
            |of: &[scheduler::Member]| of.iter().map(member).collect::<Result<_, Error>>();
        let group = |group: &scheduler::Group| -> Result<ClassGroup, Error> {
            let helpers = group.helpers.iter().map(|&at| learners[at].clone());
            Ok(ClassGroup {
                skill: self.bank.skill(group.skill).id.clone(),
                members: members(&group.members)?,
                helpers: helpers.collect(),
            })
        };
        Ok(ClassPlan {
            groups: split
                .groups
                .iter()
                .map(group)
                .collect::<Result<_, Error>>()?,
            alone: members(&split.alone)?,
        })
    }
}
