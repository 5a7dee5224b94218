//! The scheduler's skill pass, gain per minute of every skill from its columns, beside its floor: the same in one bare loop.
//!
//! The floor knows the vectors it was built for; the engine's own loops pick the widest there are when they run. To see
//! both at their best: `RUSTFLAGS="-C target-cpu=native" cargo bench --bench pass`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use paceline_scheduler::SkillPass;
use std::hint::black_box;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn pass(c: &mut Criterion) {
    let mut group = c.benchmark_group("pass");
    for n in SIZES {
        let mut pass = SkillPass::new(n);
        let mut out = vec![0.0; n];
        group.throughput(Throughput::Elements(n as u64));
        group.bench_function(BenchmarkId::new("ours", n), |b| {
            b.iter(|| {
                black_box(&mut pass).rates(&mut out);
                black_box(&mut out);
            });
        });
        group.bench_function(BenchmarkId::new("floor", n), |b| {
            b.iter(|| {
                black_box(&pass).floor(&mut out);
                black_box(&mut out);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, pass);
criterion_main!(benches);
