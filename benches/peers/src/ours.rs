//! The engine on the same library: a lesson of theirs is a skill of ours, and its first attempt follows a lesson text.

use crate::library::{Answer, Library, NOON, Right};
use paceline::bank::{BankBuilder, CourseSpec, ItemSpec, SkillSpec};
use paceline::event::{Attempt, Enrolled, Event, EventBody, Help, Instance, Outcome, Studied};
use paceline::ids::LearnerId;
use paceline::store::{Durability, JournalOptions, Store};
use paceline::time::{Timestamp, UtcOffset};
use paceline::units::Probability;
use paceline::{Bank, Engine, JournalStore, Plan, PlanRequest};
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

const BANK: &str = "bank.pack";
/// The minutes that fit an ordinary lesson.
pub const MINUTES: f32 = 20.0;

/// An engine and one learner.
pub struct Ours {
    engine: Engine,
    learner: LearnerId,
    /// Numbers the events.
    n: Cell<u64>,
}

/// Events after practice are numbered from here, so that no process gives a number that another gave.
fn after_practice() -> u64 {
    u64::from(std::process::id()) << 32
}

fn skill_id(skill: usize) -> String {
    format!("lib/s{skill}")
}

fn item_id(exercise: usize) -> String {
    format!("lib/e{exercise}")
}

/// The same graph: lessons need lessons of their course, first lessons the last lesson of each needed course.
pub fn bank(library: &Library) -> Bank {
    let mut builder = BankBuilder::new();
    builder.course(CourseSpec {
        id: "lib".to_owned(),
        title: "Library".to_owned(),
        ..CourseSpec::default()
    });
    for (c, course) in library.courses.iter().enumerate() {
        for (l, own) in course.lessons.iter().enumerate() {
            let skill = c * Library::LESSONS + l;
            let last = |d: &usize| d * Library::LESSONS + Library::LESSONS - 1;
            let needs: Vec<usize> = match own.as_slice() {
                [] => course.needs.iter().map(last).collect(),
                own => own.iter().map(|d| c * Library::LESSONS + d).collect(),
            };
            let share = |weight| move |&need: &usize| (skill_id(need), weight);
            builder.skill(SkillSpec {
                id: skill_id(skill),
                title: skill_id(skill),
                lesson_minutes: 4.0 + (skill % 5) as f32,
                needs: needs.iter().map(share(1.0)).collect(),
                encompasses: needs.iter().take(2).map(share(0.3)).collect(),
                ..SkillSpec::default()
            });
            for e in 0..Library::EXERCISES {
                let exercise = skill * Library::EXERCISES + e;
                builder.item(ItemSpec {
                    id: item_id(exercise),
                    skills: vec![skill_id(skill)],
                    easiness: 1.5 - 0.15 * e as f32,
                    seconds: 20.0 + (exercise * 7 % 55) as f32,
                    ..ItemSpec::default()
                });
            }
        }
    }
    builder.build().expect("needs point backward")
}

/// Writes the compiled bank into `dir`.
pub fn write(library: &Library, dir: &Path) {
    std::fs::write(dir.join(BANK), bank(library).to_bytes())
        .expect("a temporary directory takes files");
}

/// A store that answers before the disk has synced, as trane's databases do.
pub fn disk(dir: &Path) -> Box<dyn Store> {
    let options = JournalOptions {
        durability: Durability::Background,
        ..JournalOptions::default()
    };
    let store = JournalStore::open(dir.join("store"), options);
    Box::new(store.expect("a temporary directory is a disk"))
}

impl Ours {
    /// Opens the engine from the compiled bank in `dir`.
    pub fn open(dir: &Path, store: Box<dyn Store>) -> Self {
        let bytes = std::fs::read(dir.join(BANK)).expect("the bank was written");
        let bank = Bank::from_bytes(&bytes).expect("a bank's own bytes are valid");
        let engine = Engine::open(Arc::new(bank), store);
        Self {
            engine: engine.expect("the store can be read"),
            learner: "kim".parse().expect("a short id is valid"),
            n: Cell::new(after_practice()),
        }
    }

    fn event(&self, at: i64, body: EventBody) -> Event {
        self.n.set(self.n.get() + 1);
        Event {
            event_id: format!("e{}", self.n.get())
                .parse()
                .expect("a short id is valid"),
            learner: self.learner.clone(),
            at: Timestamp(at),
            received: Timestamp(at),
            utc_offset: UtcOffset::UTC,
            body,
        }
    }

    /// Enrols the learner, who then gives these answers; once a store.
    pub fn practise(&self, answers: &[Answer]) {
        self.n.set(0);
        let enrolled = self.event(
            NOON - 200 * 86_400,
            EventBody::Enrolled(Enrolled::default()),
        );
        self.record(vec![enrolled]);
        let mut taught = vec![];
        for chunk in answers.chunks(20_000) {
            let mut events = vec![];
            for answer in chunk {
                let skill = answer.exercise / Library::EXERCISES;
                if skill >= taught.len() {
                    taught.resize(skill + 1, false);
                }
                if !taught[skill] {
                    taught[skill] = true;
                    events.push(self.event(answer.at, studied(skill_id(skill))));
                }
                let item = item_id(answer.exercise);
                events.push(self.event(answer.at, attempt(item, answer.right)));
            }
            self.record(events);
        }
        self.n.set(after_practice());
    }

    fn record(&self, events: Vec<Event>) {
        for answer in self.engine.record_many(events) {
            answer.expect("the events are valid");
        }
    }

    /// A lesson of so many minutes.
    pub fn plan(&self, minutes: f32) -> Plan {
        let request = PlanRequest::minutes(minutes);
        let plan = self
            .engine
            .plan(&self.learner, &request, Timestamp(NOON), 1);
        plan.expect("the learner is enrolled")
    }

    /// Plans a lesson and records an event for each of its activities.
    pub fn turn(&self, at: i64) {
        for (n, activity) in self.plan(MINUTES).activities.into_iter().enumerate() {
            let body = match activity.item {
                Some(item) => attempt(item.id, Right::nth(n)),
                None => studied(activity.skill().to_owned()),
            };
            self.record(vec![self.event(at, body)]);
        }
    }

    /// Records one answer.
    pub fn score(&self, exercise: usize, right: Right, at: i64) {
        self.record(vec![self.event(at, attempt(item_id(exercise), right))]);
    }
}

fn studied(skill: String) -> EventBody {
    EventBody::Studied(Studied {
        activity: None,
        skill,
        seconds: 300.0,
    })
}

fn attempt(item: String, right: Right) -> EventBody {
    EventBody::Attempt(Attempt {
        activity: None,
        item,
        version: None,
        instance: Instance::default(),
        outcome: Outcome::Score(match right {
            Right::Yes => Probability::ONE,
            Right::No => Probability::ZERO,
        }),
        seconds: 40.0,
        hints: 0,
        tries: 1,
        help: Help::None,
    })
}
