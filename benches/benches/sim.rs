//! The simulator: steps of a class by family without an engine, and decisions with the engine in the loop.
//!
//! A step is one activity chosen, worked on and seen; a decision is that with the plan and the record in memory. The cost of drawing a
//! world and of the tests is in it, as it is in a comparison. `crates/paceline-sim/docs/throughput.md` has what was measured, and what
//! stands in the way of more.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use paceline::strategy::Strategies;
use paceline_sim::{Baseline, Config, Curriculum, Family, PolicyKind, compare, generate};
use std::hint::black_box;
use std::sync::Arc;

/// The program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Sixty skills with six items each, as in the comparison's own tests.
fn course() -> Curriculum {
    generate::curriculum(60, 6, 1)
}

fn config(course: &Curriculum, family: Family, policies: Vec<PolicyKind>) -> Config {
    let bank = course.bank().expect("a generated course is valid");
    Config {
        bank: Some(Arc::new(bank)),
        classes: 1,
        families: vec![family],
        policies,
        ..Config::default()
    }
}

/// Activities of all pupils in one run, by policy.
fn activities(course: &Curriculum, config: &Config) -> Vec<u64> {
    let study = compare(course, config, &|_| ()).expect("the config is valid");
    let per_class = f64::from(config.pupils * config.classes);
    study
        .figures
        .iter()
        .map(|figure| (figure.activities * per_class).round() as u64)
        .collect()
}

fn step(c: &mut Criterion) {
    let course = course();
    let mut group = c.benchmark_group("sim/step");
    for family in Family::ALL {
        let config = config(&course, family, vec![PolicyKind::Baseline(Baseline::Fixed)]);
        group.throughput(Throughput::Elements(activities(&course, &config)[0]));
        group.bench_function(family.name(), |b| {
            b.iter(|| black_box(compare(&course, &config, &|_| ())));
        });
    }
    group.finish();
}

fn decide(c: &mut Criterion) {
    let course = course();
    let mut group = c.benchmark_group("sim/decide");
    group.sample_size(10);
    // The fixed pacing guide is always run: its steps, a hundredth of the time, count with neither.
    let engine = vec![PolicyKind::Engine(Strategies::default())];
    let config = config(&course, Family::Additive, engine);
    group.throughput(Throughput::Elements(activities(&course, &config)[1]));
    group.bench_function("engine", |b| {
        b.iter(|| black_box(compare(&course, &config, &|_| ())));
    });
    group.finish();
}

criterion_group!(benches, step, decide);
criterion_main!(benches);
