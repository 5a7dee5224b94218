//! The engine as a teacher: it enrols, plans, shows and records through the facade, as a platform would.
//!
//! A lesson is planned whole. It is planned again when it runs out before the bell, and when a pupil is wrong twice running on a skill, so
//! that what the answers showed can change what comes next.

use paceline::event::{Attempt, Enrolled, Event, EventBody, Help, Instance, Outcome, Studied};
use paceline::ids::LearnerId;
use paceline::strategy::Strategies;
use paceline::time::{Timestamp, UtcOffset};
use paceline::units::{Minutes, Probability};
use paceline::{Bank, Config, Engine, MemoryStore, Params, PlanRequest};
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::SimError;
use crate::calendar::Calendar;
use crate::curriculum::Curriculum;
use crate::observation::{Activity, Kind, Now, Observation};
use crate::term::{Desk, Teacher};

/// The first day of the term: Monday, 7 September 2026, nine in the morning, UTC.
pub(crate) const TERM_START: Timestamp = Timestamp(20_703 * 86_400 + 9 * 3_600);
/// The engine writes no view of a class that lives only as long as its term.
const NEVER: u64 = u64::MAX;
/// A class is planned greedily with some local search, in a third of the time of the production width; gains of two classes a family were
/// the same within their intervals at widths 1, 4 and 16.
const SEARCH_WIDTH: u16 = 1;
/// A declared taste of this many units, either way, is as strong as an interest can be stated.
const FULL_TASTE: f64 = 2.0;
/// Wrong answers in a row on a skill that call for another plan.
const WRONG_IN_A_ROW: u32 = 2;

/// One class taught by an engine of its own.
pub(crate) struct EngineTeacher<'a> {
    engine: Engine,
    curriculum: &'a Curriculum,
    strategies: Strategies,
    /// What may be planned in each year: its part of the syllabus and all before. The bank may hold more.
    filters: Vec<Vec<String>>,
    calendar: Calendar,
    seed: u64,
    learners: Vec<LearnerId>,
    skills: BTreeMap<&'a str, u32>,
    items: BTreeMap<&'a str, u32>,
    themes: BTreeMap<&'a str, u32>,
}

impl<'a> EngineTeacher<'a> {
    pub(crate) fn new(
        bank: Arc<Bank>,
        curriculum: &'a Curriculum,
        calendar: &Calendar,
        strategies: Strategies,
        seed: u64,
    ) -> Result<Self, SimError> {
        let config = Config {
            view_every: NEVER,
            search_width: SEARCH_WIDTH,
            ..Config::default()
        };
        let store = Box::new(MemoryStore::new());
        let engine = Engine::open_with(bank, store, Params::defaults(), config)
            .map_err(SimError::refused)?;
        Ok(Self {
            engine,
            curriculum,
            strategies,
            filters: filters(curriculum, calendar),
            calendar: *calendar,
            seed,
            learners: Vec::new(),
            skills: index(curriculum.skills.iter().map(|skill| skill.id.as_str())),
            items: index(curriculum.items.iter().map(|item| item.id.as_str())),
            themes: index(curriculum.themes.iter().map(String::as_str)),
        })
    }

    fn plan(&self, learner: &LearnerId, now: Now) -> Result<Vec<paceline::Activity>, SimError> {
        let request = PlanRequest {
            minutes: Some(Minutes::clamped(now.minutes_left as f32)),
            strategies: self.strategies,
            filter: Some(self.filters[usize::from(self.calendar.year_of(now.lesson))].clone()),
            ..PlanRequest::default()
        };
        let plan = self
            .engine
            .plan(learner, &request, moment(now), self.seed)
            .map_err(SimError::refused)?;
        Ok(plan.activities)
    }

    /// An activity of the engine's, as the pupil meets it.
    fn activity(&self, planned: &paceline::Activity) -> Option<Activity> {
        let skill = *self.skills.get(planned.skill())?;
        let kind = match &planned.item {
            Some(item) => Kind::Practice {
                item: *self.items.get(item.id.as_str())?,
            },
            None => Kind::Lesson,
        };
        let theme = planned
            .instance
            .theme
            .as_ref()
            .and_then(|id| self.themes.get(id.as_str()));
        Some(Activity {
            skill,
            kind,
            theme: theme.copied().unwrap_or(0),
        })
    }
}

impl Teacher for EngineTeacher<'_> {
    fn enrol(&mut self, pupil: u32, declared_tastes: &[f64]) -> Result<(), SimError> {
        let learner = LearnerId::new(format!("p{pupil}")).map_err(SimError::refused)?;
        let stated = |taste: f64| Probability::clamped((0.5 + taste / (2.0 * FULL_TASTE)) as f32);
        let interests = self.curriculum.themes.iter().cloned();
        let interests = interests
            .zip(declared_tastes.iter().map(|&taste| stated(taste)))
            .collect();
        let enrolled = Enrolled {
            interests,
            ..Enrolled::default()
        };
        let body = EventBody::Enrolled(enrolled);
        self.engine
            .record(event(&learner, "enrol", TERM_START, body)?)
            .map_err(SimError::refused)?;
        self.learners.push(learner);
        Ok(())
    }

    fn lesson(&mut self, pupil: u32, desk: &mut Desk<'_, '_>) -> Result<(), SimError> {
        let learner = &self.learners[pupil as usize];
        while let Some(now) = desk.now() {
            let plan = self.plan(learner, now)?;
            let mut events = Vec::with_capacity(plan.len());
            let mut wrong: (u32, u32) = (u32::MAX, 0);
            for planned in &plan {
                let (Some(now), Some(activity)) = (desk.now(), self.activity(planned)) else {
                    break;
                };
                let Some(seen) = desk.work(activity) else {
                    break;
                };
                events.push(seen_event(learner, planned, seen, now)?);
                let failed = seen.right == Some(false);
                let before = if wrong.0 == activity.skill {
                    wrong.1
                } else {
                    0
                };
                wrong = (activity.skill, if failed { before + 1 } else { 0 });
                if wrong.1 >= WRONG_IN_A_ROW {
                    break;
                }
            }
            if events.is_empty() {
                break;
            }
            for answer in self.engine.record_many(events) {
                answer.map_err(SimError::refused)?;
            }
        }
        Ok(())
    }
}

/// Whole courses where there is one year, else the skills up to the end of each.
fn filters(curriculum: &Curriculum, calendar: &Calendar) -> Vec<Vec<String>> {
    if calendar.years == 1 {
        return vec![curriculum.courses()];
    }
    let n = curriculum.n_skills();
    let until = |year| &curriculum.skills[..calendar.scope(year, n).end];
    let ids = |year| until(year).iter().map(|skill| skill.id.clone()).collect();
    (0..calendar.years).map(ids).collect()
}

/// What was seen, as the event a platform would send.
fn seen_event(
    learner: &LearnerId,
    planned: &paceline::Activity,
    seen: Observation,
    now: Now,
) -> Result<Event, SimError> {
    let seconds = seen.seconds as f32;
    let activity = Some(planned.id.clone());
    let body = match (&planned.item, seen.right) {
        (Some(item), Some(right)) => EventBody::Attempt(Attempt {
            activity,
            item: item.id.clone(),
            version: Some(item.version.clone()),
            instance: Instance {
                theme: planned.instance.theme.clone(),
                ..Instance::default()
            },
            outcome: Outcome::Score(if right {
                Probability::ONE
            } else {
                Probability::ZERO
            }),
            seconds,
            hints: u16::from(seen.hints),
            tries: 1,
            help: if seen.hints > 0 {
                Help::Hint
            } else {
                Help::None
            },
        }),
        _ => EventBody::Studied(Studied {
            activity,
            skill: planned.skill().to_owned(),
            seconds,
        }),
    };
    event(
        learner,
        &format!("{}-{}", now.lesson, now.slot),
        moment(now),
        body,
    )
}

fn event(learner: &LearnerId, id: &str, at: Timestamp, body: EventBody) -> Result<Event, SimError> {
    Ok(Event {
        event_id: id.parse().map_err(SimError::refused)?,
        learner: learner.clone(),
        at,
        received: at,
        utc_offset: UtcOffset::UTC,
        body,
    })
}

fn moment(now: Now) -> Timestamp {
    TERM_START
        .plus_days(i64::from(now.day))
        .plus_seconds((now.minute * 60.0) as i64)
}

fn index<'a>(ids: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, u32> {
    ids.zip(0..).collect()
}
