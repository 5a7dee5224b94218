//! Memory over columns of skills beside floors: a bare loop over the same columns that answers nothing but valid input.
//!
//! The floor knows the vectors it was built for; the engine's own loops pick the widest there are when they run. To see
//! both at their best: `RUSTFLAGS="-C target-cpu=native" cargo bench --bench memory`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use paceline::learner::memory::{Fsrs, Weights};
use paceline::math;
use std::hint::black_box;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// Days since the last practice and stabilities, in days.
fn columns(n: usize) -> (Vec<f32>, Vec<f32>) {
    let elapsed_days = (0..n).map(|i| 1.0 + (i * 37 % 120) as f32).collect();
    let stability = (0..n).map(|i| 0.5 + (i * 91 % 997) as f32 * 0.1).collect();
    (elapsed_days, stability)
}

/// Benches a function of the columns elapsed days and stability, beside the floor: the same of each pair in one plain loop.
fn beside_floor<T: Clone + Default>(
    c: &mut Criterion,
    name: &str,
    ours: impl Fn(&[f32], &[f32], &mut [T]),
    floor: impl Fn(f32, f32) -> T,
) {
    let mut group = c.benchmark_group(name);
    for n in SIZES {
        let (elapsed_days, stability) = columns(n);
        let mut out = vec![T::default(); n];
        group.throughput(Throughput::Elements(n as u64));
        group.bench_function(BenchmarkId::new("ours", n), |b| {
            b.iter(|| {
                ours(black_box(&elapsed_days), &stability, &mut out);
                black_box(&mut out);
            });
        });
        group.bench_function(BenchmarkId::new("floor", n), |b| {
            b.iter(|| {
                let columns = black_box(&elapsed_days).iter().zip(&stability);
                for (out, (&t, &s)) in out.iter_mut().zip(columns) {
                    *out = floor(t, s);
                }
                black_box(&mut out);
            });
        });
    }
    group.finish();
}

fn retrievability(c: &mut Criterion) {
    let model = Fsrs::default();
    let w20 = Weights::DEFAULT.get()[20];
    let factor = math::powf(0.9, -1.0 / w20) - 1.0;
    let ours = |t: &[f32], s: &[f32], out: &mut [f32]| model.retrievabilities(t, s, out);
    let floor = move |t: f32, s: f32| math::exp2(-w20 * math::log2(1.0 + factor * t / s));
    beside_floor(c, "memory/retrievability", ours, floor);
}

fn due(c: &mut Criterion) {
    let model = Fsrs::default();
    let factor = model.due_factor(0.9);
    let ours = |t: &[f32], s: &[f32], out: &mut [bool]| model.due(0.9, t, s, out);
    beside_floor(c, "memory/due", ours, move |t, s| t > factor * s);
}

criterion_group!(benches, retrievability, due);
criterion_main!(benches);
