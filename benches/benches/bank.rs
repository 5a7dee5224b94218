//! Calibration from answer logs: 1,000 items, 50 answers a learner, 1k, 10k and 100k learners.

use criterion::{BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main};
use paceline::bank::calibrate::{Answer, AnswerLog, Answers, Options, calibrate};
use std::hint::black_box;
use std::time::Duration;

const N_ITEMS: u32 = 1_000;
const ANSWERS_EACH: u32 = 50;
const LEARNERS: [u32; 3] = [1_000, 10_000, 100_000];

/// SplitMix64, so that the log is the same on every run.
struct Draws(u64);

impl Draws {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// 2PL answers: a ~ LogN(0, .3), b and ability ~ N(0, 1).
fn answers(n_learners: u32) -> Vec<Answer> {
    let mut draws = Draws(7);
    let items: Vec<(f64, f64)> = (0..N_ITEMS)
        .map(|_| ((0.3 * draws.normal()).exp(), draws.normal()))
        .collect();
    let mut answers = Vec::with_capacity((n_learners * ANSWERS_EACH) as usize);
    for learner in 0..n_learners {
        let ability = draws.normal();
        for k in 0..ANSWERS_EACH {
            let item = (learner * 37 + k * (N_ITEMS / ANSWERS_EACH)) % N_ITEMS;
            let (a, b) = items[item as usize];
            let right = draws.uniform() < 1.0 / (1.0 + (-a * (ability - b)).exp());
            answers.push(Answer {
                learner,
                item,
                score: u8::from(right),
            });
        }
    }
    answers
}

fn lay_out(answers: &[Answer]) -> Answers {
    let mut log = AnswerLog::with_capacity(answers.len());
    for answer in answers {
        log.push(*answer).expect("the indexes are small");
    }
    log.finish(N_ITEMS as usize).expect("the log is small")
}

fn calibration(criterion: &mut Criterion) {
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("one thread can be had");
    let mut group = criterion.benchmark_group("bank/calibrate");
    group
        .sample_size(10)
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_millis(1));
    for n in LEARNERS {
        let answers = answers(n);
        group.bench_function(BenchmarkId::new("two-parameter/learners", n), |bencher| {
            bencher.iter(|| {
                let laid_out = lay_out(black_box(&answers));
                one.install(|| calibrate(&laid_out, &Options::default(), &mut |_| {}))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, calibration);
criterion_main!(benches);
