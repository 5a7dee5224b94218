//! One step of an adaptive test, the choice of an item and the update by its answer, at 1k, 10k and 100k items.

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use paceline::bank::irt::Curve;
use paceline::bank::session::{
    Control, Next, Purpose, Response, Settings, Stopping, Test, TestItem,
};
use paceline::math::wide::exp;
use paceline::stream::keyed_u64;
use std::hint::black_box;

const SIZES: [u64; 3] = [1_000, 10_000, 100_000];

/// A draw of variance 1: twelve uniforms less 6.
fn draw(purpose: &str, key: u64) -> f64 {
    let uniform = |n: u64| {
        let bits = keyed_u64(purpose, n, &key.to_le_bytes());
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..12).map(uniform).sum::<f64>() - 6.0
}

/// Discriminations log-normal with deviation .3, difficulties of variance 1.
fn bank(n: u64) -> Vec<TestItem> {
    let item = |key| TestItem {
        curve: Curve::two(exp(0.3 * draw("a", key)), draw("b", key)),
        area: 0,
        purpose: Purpose::Measure,
    };
    (0..n).map(item).collect()
}

fn step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cat/step");
    for n in SIZES {
        for (name, control) in [("free", Control::Free), ("capped", Control::MaxRate(0.25))] {
            // By length alone: in a large bank eight answers can be precise enough to end a test.
            let stopping = Stopping {
                standard_error: None,
                ..Stopping::default()
            };
            let settings = Settings {
                control,
                stopping,
                ..Settings::default()
            };
            let test = Test::new(bank(n), settings).expect("the bank is sound");
            // Counters as they are after many tests, and sessions eight answers in.
            let mut exposure = test.exposure();
            let mut sessions = Vec::new();
            for seed in 0..500 {
                let mut session = test.begin(seed);
                for place in 0..8 {
                    let Next::Ask { .. } = session.next(&mut exposure) else {
                        break;
                    };
                    let right = (seed >> (place % 4)) & 1 == 0;
                    let answered = session.answer(if right {
                        Response::Right
                    } else {
                        Response::Wrong
                    });
                    answered.expect("an item was asked");
                }
                sessions.push(session);
            }
            let mut turn = 0;
            group.bench_function(BenchmarkId::new(name, n), |bencher| {
                // Counters of its own: shared ones would close every item after enough iterations.
                bencher.iter_batched_ref(
                    || {
                        turn += 1;
                        (sessions[turn % sessions.len()].clone(), exposure.clone())
                    },
                    |(session, exposure)| {
                        let next = session.next(exposure);
                        let answered = session.answer(Response::Right);
                        answered.expect("an item was asked");
                        black_box((next, session.ability()))
                    },
                    BatchSize::LargeInput,
                );
            });
        }
    }
}

criterion_group!(benches, step);
criterion_main!(benches);
