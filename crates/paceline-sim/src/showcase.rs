//! Three students side by side, so that one sees strengths, interests and pace at work.
//!
//! The three are scripted, not drawn: what they answer follows from what each is said to know, so that a reader can check every choice
//! against it. They say nothing of the engine's worth; the comparison does.

use paceline::event::{Attempt, Enrolled, Event, EventBody, Help, Instance, Outcome, Studied};
use paceline::ids::{LearnerId, SkillIx};
use paceline::time::Timestamp;
use paceline::units::Probability;
use paceline::{Bank, Engine, MemoryStore, Plan, PlanRequest};
use serde::Serialize;
use std::sync::Arc;

use crate::SimError;

/// Monday, 5 October 2026, nine in the morning, UTC: the first lesson.
const START: Timestamp = Timestamp(20_731 * 86_400 + 9 * 3_600);
/// Minutes of a lesson.
const MINUTES: f32 = 20.0;
/// Lessons before the one that is shown, on consecutive days.
const LESSONS: i64 = 4;

/// A scripted student.
struct Script {
    name: &'static str,
    about: &'static str,
    theme: &'static str,
    /// Share of the course that is known from earlier years.
    known: f32,
    /// Seconds taken over those that are typical.
    pace: f32,
    /// Every so many answers one is wrong.
    wrong_every: u32,
}

const SCRIPTS: [Script; 3] = [
    Script {
        name: "ada",
        about: "ahead, quick, likes space",
        theme: "space",
        known: 0.4,
        pace: 0.7,
        wrong_every: 9,
    },
    Script {
        name: "ben",
        about: "new, takes time, likes music",
        theme: "music",
        known: 0.0,
        pace: 1.5,
        wrong_every: 3,
    },
    Script {
        name: "cem",
        about: "in between, likes animals",
        theme: "animals",
        known: 0.15,
        pace: 1.0,
        wrong_every: 5,
    },
];

/// One student's lesson, with what led to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// The student's id.
    pub learner: String,
    /// The student in a few words.
    pub about: String,
    /// Answers before this lesson, and how many were right.
    pub answers: (u32, u32),
    /// The lesson.
    pub plan: Plan,
}

/// Teaches three scripted students for some days and returns the lesson that each gets next.
///
/// # Errors
///
/// [`SimError::Engine`] if the engine refuses, [`SimError::UnknownCourse`].
pub fn showcase(bank: &Arc<Bank>, course: &str, seed: u64) -> Result<Vec<Shown>, SimError> {
    let engine =
        Engine::open(bank.clone(), Box::new(MemoryStore::new())).map_err(SimError::refused)?;
    SCRIPTS
        .iter()
        .map(|script| show(&engine, script, course, seed))
        .collect()
}

fn show(engine: &Engine, script: &Script, course: &str, seed: u64) -> Result<Shown, SimError> {
    let learner: LearnerId = script.name.parse().map_err(SimError::refused)?;
    let enrolled = EventBody::Enrolled(enrolled(engine.bank(), script, course)?);
    record(engine, &learner, "enrol".to_owned(), START, enrolled)?;
    let request = PlanRequest {
        filter: Some(vec![course.to_owned()]),
        ..PlanRequest::minutes(MINUTES)
    };
    let mut answers = (0, 0);
    for lesson in 0..LESSONS {
        let start = START.plus_days(lesson);
        let plan = engine
            .plan(&learner, &request, start, seed)
            .map_err(SimError::refused)?;
        let mut at = start;
        for (place, activity) in plan.activities.iter().enumerate() {
            let seconds = (activity.minutes.get() * 60.0).max(1.0);
            at = at.plus_seconds(seconds as i64);
            let body = match &activity.item {
                Some(item) => {
                    answers.0 += 1;
                    let right = answers.0 % script.wrong_every != 0;
                    answers.1 += u32::from(right);
                    answer(
                        &item.id,
                        &activity.instance,
                        right,
                        typical(engine.bank(), &item.id) * script.pace,
                    )
                }
                None => EventBody::Studied(Studied {
                    activity: None,
                    skill: activity.skill().to_owned(),
                    seconds,
                }),
            };
            record(engine, &learner, format!("{lesson}-{place}"), at, body)?;
        }
    }
    let plan = engine
        .plan(&learner, &request, START.plus_days(LESSONS), seed)
        .map_err(SimError::refused)?;
    let (learner, about) = (script.name.to_owned(), script.about.to_owned());
    Ok(Shown {
        learner,
        about,
        answers,
        plan,
    })
}

fn enrolled(bank: &Bank, script: &Script, course: &str) -> Result<Enrolled, SimError> {
    let (first, end) = crate::curriculum::course_skills(bank, course)?;
    let known = first + ((end - first) as f32 * script.known) as u32;
    Ok(Enrolled {
        interests: [(script.theme.to_owned(), Probability::ONE)]
            .into_iter()
            .filter(|(theme, _)| bank.theme_ix(theme).is_some())
            .collect(),
        known: (first..known)
            .map(|skill| bank.skill(SkillIx(skill)).id.clone())
            .collect(),
        ..Enrolled::default()
    })
}

fn typical(bank: &Bank, item: &str) -> f32 {
    bank.item_ix(item)
        .map_or(30.0, |item| bank.item_seconds()[item.at()])
}

fn answer(item: &str, instance: &Instance, right: bool, seconds: f32) -> EventBody {
    EventBody::Attempt(Attempt {
        activity: None,
        item: item.to_owned(),
        version: None,
        instance: instance.clone(),
        outcome: Outcome::Score(if right {
            Probability::ONE
        } else {
            Probability::ZERO
        }),
        seconds,
        hints: 0,
        tries: 1,
        help: Help::None,
    })
}

fn record(
    engine: &Engine,
    learner: &LearnerId,
    id: String,
    at: Timestamp,
    body: EventBody,
) -> Result<(), SimError> {
    let event_id = id.parse().map_err(SimError::refused)?;
    let (received, utc_offset) = (at, Default::default());
    let event = Event {
        event_id,
        learner: learner.clone(),
        at,
        received,
        utc_offset,
        body,
    };
    engine.record(event).map(drop).map_err(SimError::refused)
}
