//! The learner model's features, prediction and update of one row after another, as fitting, evaluating and serving run them:
//! by the size of the bank and by the length of the history. Divide by the rows: criterion prints them a second.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use paceline::learner::evaluate::predict_with;
use paceline::learner::fit::{Baselining, FitOptions, fit_log};
use paceline::learner::knowledge::Variant;
use paceline::log::{AnswerLog, Order};
use std::fmt::Write;
use std::hint::black_box;

/// Items of each bank; ten a skill.
const BANKS: [u64; 3] = [100, 1_000, 10_000];
const ITEMS_PER_SKILL: u64 = 10;
const ROWS: u64 = 10_000;

/// Rows of one learner, over a bank of a thousand items.
const HISTORIES: [u64; 3] = [1_000, 10_000, 100_000];

/// The n-th of a fixed sequence of well-mixed numbers (SplitMix64, Steele et al. 2014).
fn mixed(n: u64) -> u64 {
    let x = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Learners who work on runs of one to four items of a skill, three quarters of them right.
fn log(learners: u64, rows: u64, items: u64) -> AnswerLog {
    let mut text = String::from("learner,item,skills,timestamp_s,correct\n");
    let skills = items / ITEMS_PER_SKILL;
    for who in 0..learners {
        let mut skill = 0;
        for row in 0..rows {
            let draw = mixed(who * 1_000_003 + row);
            if draw.is_multiple_of(4) {
                skill = mixed(draw) % skills;
            }
            let item = skill * ITEMS_PER_SKILL + (draw >> 8) % ITEMS_PER_SKILL;
            let right = u8::from(!(draw >> 16).is_multiple_of(4));
            writeln!(text, "l{who},i{item},s{skill},{},{right}", row * 60).expect("a string grows");
        }
    }
    AnswerLog::read(text.as_bytes(), Order::Given).expect("the log is well formed")
}

fn run(c: &mut Criterion, operation: &str, variant: Variant, size: u64, rows: u64, items: u64) {
    let options = FitOptions {
        variant,
        baselines: Baselining::Skip,
        iterations: 20,
        ..FitOptions::default()
    };
    let model = fit_log(&log(200, 200, items), &options, &mut |_| ());
    // One learner: one thread.
    let rows_log = log(1, rows, items);
    let (skills, items) = (rows_log.skills(), rows_log.items());
    let (n_skills, n_items) = (skills.all().len(), items.all().len());
    let (skill, item) = (|id: &str| skills.get(id), |id: &str| items.get(id));
    let (rlkt, _) = model.bind(n_skills, n_items, skill, item);
    let easiness = model.bind_easiness(n_skills, n_items, skill, item);
    let mut group = c.benchmark_group("learner");
    group.throughput(Throughput::Elements(rows));
    group.bench_function(BenchmarkId::new(operation, size), |b| {
        b.iter(|| black_box(predict_with(&rows_log, &rlkt, &easiness)));
    });
    group.finish();
}

fn learner(c: &mut Criterion) {
    for (variant, name) in [(Variant::Lite, "lite"), (Variant::Full, "full")] {
        for items in BANKS {
            run(
                c,
                &format!("predict_update_{name}"),
                variant,
                items,
                ROWS,
                items,
            );
        }
        for rows in HISTORIES {
            run(c, &format!("history_{name}"), variant, rows, rows, 1_000);
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = learner
}
criterion_main!(benches);
