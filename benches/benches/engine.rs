//! Plan, record and open.

use criterion::{Criterion, criterion_group, criterion_main};

fn engine(_criterion: &mut Criterion) {}

criterion_group!(benches, engine);
criterion_main!(benches);
