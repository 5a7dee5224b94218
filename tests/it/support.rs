//! A small bank, and learners on it.

use paceline::bank::{
    Bank, BankBuilder, CourseSpec, ItemSpec, Level, SkillSpec, ThemeSpec, ThemesSpec,
};
use paceline::event::{Attempt, Enrolled, Event, EventBody, Outcome};
use paceline::ids::{EventId, LearnerId};
use paceline::time::Timestamp;
use paceline::{Activity, Config, Engine, MemoryStore, Params};
use std::sync::Arc;

/// Noon of a day in autumn 2026, UTC.
pub(crate) const NOON: Timestamp = Timestamp(20_700 * 86_400 + 43_200);

/// Themes of the small bank.
pub(crate) const THEMES: [&str; 4] = ["space", "music", "animals", "cooking"];

/// A chain of `n` skills, each needing the one before, with six items at three levels.
pub(crate) fn chain(n: usize) -> Bank {
    let mut builder = BankBuilder::new();
    builder.course(CourseSpec {
        id: "c".into(),
        title: "Chain".into(),
        ..CourseSpec::default()
    });
    for theme in THEMES {
        let slots = vec![("title".into(), "en".into(), theme.to_uppercase())];
        builder.theme(ThemeSpec {
            course: "c".into(),
            id: theme.into(),
            slots,
        });
    }
    for skill in 0..n {
        let before = |share| (skill > 0).then(|| (format!("c/s{:02}", skill - 1), share));
        builder.skill(SkillSpec {
            id: format!("c/s{skill:02}"),
            title: format!("Skill {skill}"),
            lesson_minutes: 3.0,
            needs: before(1.0).into_iter().collect(),
            encompasses: before(0.4).into_iter().collect(),
            ..SkillSpec::default()
        });
        for item in 0..6 {
            let level = [Level::Easy, Level::Medium, Level::Hard][item % 3];
            builder.item(ItemSpec {
                id: format!("c/s{skill:02}-{item}"),
                skills: vec![format!("c/s{skill:02}")],
                easiness: level.easiness(),
                seconds: 40.0,
                themes: ThemesSpec::Any,
                ..ItemSpec::default()
            });
        }
    }
    builder.build().unwrap()
}

/// An engine on the chain, in memory, whose views never lag.
pub(crate) fn engine(n: usize) -> Engine {
    let store = Box::new(MemoryStore::new());
    let config = Config {
        view_lag: 0.0,
        ..Config::default()
    };
    Engine::open_with(Arc::new(chain(n)), store, Params::defaults(), config).unwrap()
}

pub(crate) fn id(learner: &str) -> LearnerId {
    learner.parse().unwrap()
}

pub(crate) fn enrol(engine: &Engine, learner: &str, enrolled: Enrolled) {
    let event: EventId = format!("enrol-{learner}").parse().unwrap();
    engine.enrol(&id(learner), enrolled, event, NOON).unwrap();
}

/// An event `seconds` after noon.
pub(crate) fn event(learner: &str, event_id: &str, seconds: i64, body: EventBody) -> Event {
    let at = NOON.plus_seconds(seconds);
    Event::new(event_id.parse().unwrap(), id(learner), at, body)
}

/// An answer to an item, right or wrong, in typical time.
pub(crate) fn attempt(item: &str, right: bool) -> EventBody {
    timed(item, right, 40.0)
}

pub(crate) fn timed(item: &str, right: bool, seconds: f32) -> EventBody {
    EventBody::Attempt(Attempt::new(item, Outcome::Score(right.into()), seconds))
}

/// The skills of a plan's activities, in order.
pub(crate) fn skills(activities: &[Activity]) -> Vec<&str> {
    activities.iter().map(Activity::skill).collect()
}
