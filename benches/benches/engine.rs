//! The facade's calls - open, plan, plans of many learners, record - at 1k, 10k and 100k items, for new, half-way and
//! mature learners.
//!
//! `PACELINE_HUGE=1` adds 1M items, and 100k to the batches; their learners take minutes to make.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use paceline::event::{Attempt, Enrolled, Event, EventBody, Outcome, Studied};
use paceline::ids::{ItemIx, LearnerId, SkillIx};
use paceline::time::Timestamp;
use paceline::{Bank, Config, Engine, MemoryStore, Params, PlanRequest};
use paceline_sim::generate;
use std::hint::black_box;
use std::sync::Arc;

/// Items of each bank; ten a skill.
const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const ITEMS_PER_SKILL: usize = 10;
const NOON: Timestamp = Timestamp(20_700 * 86_400 + 43_200);

/// How much of the bank a learner has practised.
const LEARNERS: [(&str, f64); 3] = [("new", 0.0), ("half", 0.5), ("mature", 1.0)];

/// The sizes up to `usual`, or all that are asked for.
fn sizes(usual: usize) -> impl Iterator<Item = usize> {
    let huge = std::env::var_os("PACELINE_HUGE").is_some_and(|value| value == "1");
    SIZES
        .into_iter()
        .filter(move |&size| size <= if huge { 10 * usual } else { usual })
}

fn bank(items: usize) -> Bank {
    generate::bank(items / ITEMS_PER_SKILL, ITEMS_PER_SKILL, 1)
}

fn event(learner: &LearnerId, n: u64, at: Timestamp, body: EventBody) -> Event {
    let event_id = format!("e{n}").parse().expect("a short id is valid");
    Event::new(event_id, learner.clone(), at, body)
}

fn attempt(item: &str, right: bool) -> EventBody {
    EventBody::Attempt(Attempt::new(item, Outcome::Score(right.into()), 40.0))
}

/// An engine on an empty store in memory.
fn empty(bank: &Arc<Bank>) -> Engine {
    let config = Config {
        view_lag: f32::INFINITY,
        ..Config::default()
    };
    let store = Box::new(MemoryStore::new());
    Engine::open_with(bank.clone(), store, Params::defaults(), config)
        .expect("an empty store opens")
}

/// Enrols a learner who has practised `share` of the bank: each skill's lesson and four answers, over the last hundred
/// days; returns the number of events.
fn practise(engine: &Engine, learner: &LearnerId, share: f64) -> u64 {
    let bank = engine.bank();
    let start = NOON.plus_days(-100);
    let enrolled = EventBody::Enrolled(Enrolled::default());
    let mut events = vec![event(learner, 0, start, enrolled)];
    let skills = (bank.n_skills() as f64 * share) as u32;
    for skill in 0..skills {
        let at = start.plus_seconds(8_000_000 * i64::from(skill) / i64::from(skills));
        let studied = Studied {
            activity: None,
            skill: bank.skill(SkillIx(skill)).id.clone(),
            seconds: 300.0,
        };
        let n = events.len() as u64;
        events.push(event(learner, n, at, EventBody::Studied(studied)));
        for &item in bank.items_of(SkillIx(skill)).iter().take(4) {
            let n = events.len() as u64;
            let body = attempt(bank.item_id(item), !n.is_multiple_of(5));
            events.push(event(learner, n, at, body));
        }
    }
    let n = events.len() as u64;
    for answer in engine.record_many(events) {
        answer.expect("generated events are valid");
    }
    n
}

/// An engine with one learner, and the number of their events.
fn engine(bank: &Arc<Bank>, share: f64) -> (Engine, LearnerId, u64) {
    let engine = empty(bank);
    let kim: LearnerId = "kim".parse().expect("a short id is valid");
    let n = practise(&engine, &kim, share);
    (engine, kim, n)
}

fn plan(c: &mut Criterion) {
    let mut group = c.benchmark_group("engine/plan");
    for size in sizes(100_000) {
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

/// A lesson for each of many learners, on all cores; the time is that of all together.
fn batch(c: &mut Criterion) {
    let mut group = c.benchmark_group("engine/batch");
    group.sample_size(10);
    for size in sizes(10_000) {
        let bank = Arc::new(bank(size));
        let n = if size <= 10_000 { 64 } else { 4 };
        for (name, share) in LEARNERS {
            let engine = empty(&bank);
            let learners: Vec<LearnerId> = (0..n)
                .map(|i| format!("kim{i}").parse().expect("a short id is valid"))
                .collect();
            for learner in &learners {
                practise(&engine, learner, share);
            }
            group.throughput(Throughput::Elements(n));
            group.bench_function(BenchmarkId::new(name, size), |b| {
                b.iter(|| plan_all(&engine, &learners));
            });
        }
    }
    group.finish();
}

fn plan_all(engine: &Engine, learners: &[LearnerId]) {
    let request = PlanRequest::minutes(20.0);
    engine.plan_many(learners, &request, NOON, 1, |_, plan| {
        black_box(plan).expect("all are enrolled");
    });
}

fn record(c: &mut Criterion) {
    let mut group = c.benchmark_group("engine/record");
    for size in sizes(100_000) {
        let bank = Arc::new(bank(size));
        for (name, share) in LEARNERS {
            let (engine, kim, mut n) = engine(&bank, share);
            let item = bank.item_id(ItemIx(0)).to_owned();
            group.bench_function(BenchmarkId::new(name, size), |b| {
                b.iter(|| {
                    n += 1;
                    let at = NOON.plus_seconds(n as i64);
                    let body = attempt(&item, !n.is_multiple_of(3));
                    black_box(engine.record(event(&kim, n, at, body)))
                });
            });
        }
    }
    group.finish();
}

fn open(c: &mut Criterion) {
    let mut group = c.benchmark_group("engine/open");
    group.sample_size(10);
    for size in sizes(100_000) {
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

criterion_group!(benches, plan, batch, record, open);
criterion_main!(benches);
