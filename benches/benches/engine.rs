//! The facade's three calls - open, plan, record - at 1k, 10k and 100k items, for a new, a half-way and a mature learner.

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use paceline::event::{Attempt, Enrolled, Event, EventBody, Help, Instance, Outcome, Studied};
use paceline::ids::{ItemIx, LearnerId, SkillIx};
use paceline::time::{Timestamp, UtcOffset};
use paceline::units::Probability;
use paceline::{Bank, Config, Engine, MemoryStore, Params, PlanRequest};
use paceline_sim::generate;
use std::hint::black_box;
use std::sync::Arc;

/// Items of each bank; ten a skill.
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const ITEMS_PER_SKILL: usize = 10;
const NOON: Timestamp = Timestamp(20_700 * 86_400 + 43_200);

/// How much of the bank a learner has practised.
const LEARNERS: [(&str, f64); 3] = [("new", 0.0), ("half", 0.5), ("mature", 1.0)];

fn bank(items: usize) -> Bank {
    generate::bank(items / ITEMS_PER_SKILL, ITEMS_PER_SKILL, 1)
}

fn event(learner: &LearnerId, n: u64, at: Timestamp, body: EventBody) -> Event {
    Event {
        event_id: format!("e{n}").parse().expect("a short id is valid"),
        learner: learner.clone(),
        at,
        received: at,
        utc_offset: UtcOffset::UTC,
        body,
    }
}

fn attempt(item: &str, right: bool) -> EventBody {
    EventBody::Attempt(Attempt {
        activity: None,
        item: item.to_owned(),
        version: None,
        instance: Instance::default(),
        outcome: Outcome::Score(if right {
            Probability::ONE
        } else {
            Probability::ZERO
        }),
        seconds: 40.0,
        hints: 0,
        tries: 1,
        help: Help::None,
    })
}

/// An engine whose learner `kim` has practised `share` of the bank: each skill's lesson and four answers, over the last hundred days.
fn engine(bank: &Arc<Bank>, share: f64) -> (Engine, LearnerId, u64) {
    let config = Config {
        view_every: 1_000_000,
        ..Config::default()
    };
    let engine = Engine::open_with(
        bank.clone(),
        Box::new(MemoryStore::new()),
        Params::defaults(),
        config,
    )
    .expect("an empty store opens");
    let kim: LearnerId = "kim".parse().expect("a short id is valid");
    let start = NOON.plus_days(-100);
    let mut events = vec![event(
        &kim,
        0,
        start,
        EventBody::Enrolled(Enrolled::default()),
    )];
    let skills = (bank.n_skills() as f64 * share) as u32;
    for skill in 0..skills {
        let at = start.plus_seconds(8_000_000 * i64::from(skill) / i64::from(skills));
        let studied = Studied {
            activity: None,
            skill: bank.skill(SkillIx(skill)).id.clone(),
            seconds: 300.0,
        };
        events.push(event(
            &kim,
            events.len() as u64,
            at,
            EventBody::Studied(studied),
        ));
        for &item in bank.items_of(SkillIx(skill)).iter().take(4) {
            let n = events.len() as u64;
            events.push(event(
                &kim,
                n,
                at,
                attempt(bank.item_id(item), !n.is_multiple_of(5)),
            ));
        }
    }
    let n = events.len() as u64;
    for answer in engine.record_many(events) {
        answer.expect("generated events are valid");
    }
    (engine, kim, n)
}

fn plan(c: &mut Criterion) {
    let mut group = c.benchmark_group("engine/plan");
    for size in SIZES {
        let bank = Arc::new(bank(size));
        for (name, share) in LEARNERS {
            let (engine, kim, _) = engine(&bank, share);
            let request = PlanRequest::minutes(20.0);
            group.bench_function(BenchmarkId::new(name, size), |b| {
                b.iter(|| black_box(engine.plan(&kim, &request, NOON, 1)));
            });
        }
    }
    group.finish();
}

fn record(c: &mut Criterion) {
    let mut group = c.benchmark_group("engine/record");
    for size in SIZES {
        let bank = Arc::new(bank(size));
        let (engine, kim, mut n) = engine(&bank, 0.5);
        let item = bank.item_id(ItemIx(0)).to_owned();
        group.bench_function(BenchmarkId::new("memory", size), |b| {
            b.iter(|| {
                n += 1;
                let at = NOON.plus_seconds(n as i64);
                black_box(engine.record(event(&kim, n, at, attempt(&item, !n.is_multiple_of(3)))))
            });
        });
    }
    group.finish();
}

fn open(c: &mut Criterion) {
    let mut group = c.benchmark_group("engine/open");
    group.sample_size(10);
    for size in SIZES {
        let bytes = bank(size).to_bytes();
        group.bench_function(BenchmarkId::new("compiled", size), |b| {
            b.iter_batched(
                || Box::new(MemoryStore::new()),
                |store| {
                    let bank = Bank::from_bytes(&bytes).expect("a bank's own bytes are valid");
                    black_box(Engine::open(Arc::new(bank), store))
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, plan, record, open);
criterion_main!(benches);
