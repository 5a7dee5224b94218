//! The engine as a teacher: it enrols, plans, shows and records through the facade, as a platform would.
//!
//! A lesson is planned whole. It is planned again when it runs out before the bell, and when a pupil is wrong twice running on a skill, so
//! that what the answers showed can change what comes next.

use paceline::event::{
    Attempt, Enrolled, Event, EventBody, Goal, Help, Instance, Outcome, Studied,
};
use paceline::ids::LearnerId;
use paceline::strategy::Strategies;
use paceline::time::{Timestamp, UtcOffset};
use paceline::units::{Minutes, Probability};
use paceline::{Bank, Config, Engine, MemoryStore, Params, PlanRequest};
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::SimError;
use crate::calendar::Calendar;
use crate::curriculum::{Curriculum, Skill};
use crate::observation::{Activity, Kind, Now, Observation};
use crate::term::{Desk, Done, Teacher};

/// The first day of the term: Monday, 7 September 2026, nine in the morning, UTC.
pub(crate) const TERM_START: Timestamp = Timestamp(20_703 * 86_400 + 9 * 3_600);
/// A class is planned greedily with some local search, in a third of the time of the production width; gains of two classes a family were
/// the same within their intervals at widths 1, 4 and 16.
const SEARCH_WIDTH: u16 = 1;
/// A declared taste of this many units, either way, is as strong as an interest can be stated.
const FULL_TASTE: f64 = 2.0;
/// Success on a typical item that a year's goal asks for, the usual one.
const THRESHOLD: f32 = 0.8;
/// Wrong answers in a row on a skill that call for another plan.
const WRONG_IN_A_ROW: u32 = 2;

/// One class taught by an engine of its own.
pub(crate) struct EngineTeacher<'a> {
    engine: Engine,
    curriculum: &'a Curriculum,
    strategies: Strategies,
    years: Vec<Year>,
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
            // A class lives only as long as its term.
            view_lag: f32::INFINITY,
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
            years: years(curriculum, calendar),
            calendar: *calendar,
            seed,
            learners: Vec::new(),
            skills: index(curriculum.skills.iter().map(|skill| skill.id.as_str())),
            items: index(curriculum.items.iter().map(|item| item.id.as_str())),
            themes: index(curriculum.themes.iter().map(String::as_str)),
        })
    }

    fn plan(&self, learner: &LearnerId, now: Now) -> Result<Vec<paceline::Activity>, SimError> {
        let year = &self.years[usize::from(self.calendar.year_of(now.lesson))];
        let request = PlanRequest {
            minutes: Some(Minutes::clamped(now.minutes_left as f32)),
            strategies: self.strategies,
            filter: Some(year.filter.clone()),
            goal: year.goal.clone(),
            ..PlanRequest::default()
        };
        let plan = self
            .engine
            .plan(learner, &request, moment(now), self.seed)
            .map_err(SimError::refused)?;
        Ok(plan.activities)
    }

    fn record(&self, events: Vec<Event>) -> Result<(), SimError> {
        for answer in self.engine.record_many(events) {
            answer.map_err(SimError::refused)?;
        }
        Ok(())
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
                events.push(seen_event(learner, Named::planned(planned), seen, now)?);
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
            self.record(events)?;
        }
        Ok(())
    }

    fn hear(&mut self, pupil: u32, done: &[Done]) -> Result<(), SimError> {
        let learner = &self.learners[pupil as usize];
        let event = |&(activity, seen, now): &Done| {
            let shown = Named::unplanned(self.curriculum, activity);
            seen_event(learner, shown, seen, now)
        };
        self.record(done.iter().map(event).collect::<Result<_, _>>()?)
    }
}

/// What a school tells the engine of a year.
struct Year {
    /// What may be planned: the year's part of the syllabus and all before. The bank may hold more.
    filter: Vec<String>,
    /// The year's part, where there is another.
    goal: Option<Goal>,
}

/// The years of a calendar; one alone is its whole courses.
fn years(curriculum: &Curriculum, calendar: &Calendar) -> Vec<Year> {
    if calendar.years == 1 {
        let filter = curriculum.courses();
        return vec![Year { filter, goal: None }];
    }
    let ids = |skills: &[Skill]| skills.iter().map(|skill| skill.id.clone()).collect();
    let year = |year| {
        let scope = calendar.scope(year, curriculum.n_skills());
        let goal = Goal {
            skills: ids(&curriculum.skills[scope.clone()]),
            threshold: Probability::clamped(THRESHOLD),
            date: None,
        };
        Year {
            filter: ids(&curriculum.skills[..scope.end]),
            goal: Some(goal),
        }
    };
    (0..calendar.years).map(year).collect()
}

/// Which activity was worked on, by the ids that a platform knows.
struct Named<'a> {
    /// The plan's, where it was planned.
    activity: Option<String>,
    skill: &'a str,
    /// An item with its version where it is known; none for a lesson.
    item: Option<(&'a str, Option<String>)>,
    theme: Option<String>,
}

impl<'a> Named<'a> {
    fn planned(planned: &'a paceline::Activity) -> Self {
        let item = planned.item.as_ref();
        Self {
            activity: Some(planned.id.clone()),
            skill: planned.skill(),
            item: item.map(|item| (item.id.as_str(), Some(item.version.clone()))),
            theme: planned.instance.theme.clone(),
        }
    }

    fn unplanned(curriculum: &'a Curriculum, activity: Activity) -> Self {
        let item = match activity.kind {
            Kind::Practice { item } => Some((curriculum.items[item as usize].id.as_str(), None)),
            Kind::Lesson => None,
        };
        Self {
            activity: None,
            skill: &curriculum.skills[activity.skill as usize].id,
            item,
            theme: curriculum.themes.get(activity.theme as usize).cloned(),
        }
    }
}

/// What was seen, as the event a platform would send.
fn seen_event(
    learner: &LearnerId,
    shown: Named<'_>,
    seen: Observation,
    now: Now,
) -> Result<Event, SimError> {
    let seconds = seen.seconds as f32;
    let Named { activity, .. } = shown;
    let body = match (shown.item, seen.right) {
        (Some((item, version)), Some(right)) => EventBody::Attempt(Attempt {
            activity,
            item: item.to_owned(),
            version,
            instance: Instance {
                theme: shown.theme,
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
            skill: shown.skill.to_owned(),
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

#[cfg(test)]
mod tests;
