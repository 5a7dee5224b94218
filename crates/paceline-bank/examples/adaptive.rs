//! Measures adaptive tests on banks given as CSV (`a,b`, one item a line, no header), a JSON line for each bank:
//! `cargo run --release -p paceline-bank --example adaptive -- LEARNERS BANK.csv ...`
//!
//! Learners are drawn from N(0, 1); a test ends at a standard error below .3 or after 60 items.

use paceline_bank::irt::Curve;
use paceline_bank::session::{
    Control, Next, Purpose, Response, Settings, Stopping, Test, TestItem,
};
use paceline_core::math::wide::{ln, sqrt};
use paceline_core::stream::{ChaCha8Rng, stream};
use rand::Rng;
use std::error::Error;

mod measure;
use measure::cpu_seconds;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let learners: u64 = arguments.next().ok_or("LEARNERS is missing")?.parse()?;
    for path in arguments {
        let items = read(&std::fs::read_to_string(&path)?)?;
        let free = measure(&items, Control::Free, learners)?;
        let capped = measure(&items, Control::MaxRate(0.25), learners)?;
        let line = serde_json::json!({ "bank": path, "n_items": items.len(), "free": free, "capped": capped });
        println!("{line}");
    }
    Ok(())
}

fn read(text: &str) -> Result<Vec<TestItem>, Box<dyn Error>> {
    let item = |line: &str| {
        let (a, b) = line
            .split_once(',')
            .ok_or(format!("{line:?}: wanted a,b"))?;
        Ok(TestItem {
            curve: Curve::two(a.trim().parse()?, b.trim().parse()?),
            area: 0,
            purpose: Purpose::Measure,
        })
    };
    text.lines().map(item).collect()
}

fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

fn normal(random: &mut ChaCha8Rng) -> f64 {
    let radius = sqrt(-2.0 * ln(1.0 - uniform(random)));
    radius * libm::cos(std::f64::consts::TAU * uniform(random))
}

/// Items a learner, root mean square error, highest exposure, and processor nanoseconds a step: choice and update.
fn measure(
    items: &[TestItem],
    control: Control,
    learners: u64,
) -> Result<serde_json::Value, Box<dyn Error>> {
    let settings = Settings {
        control,
        stopping: Stopping {
            min_items: 1,
            max_items: 60,
            ..Stopping::default()
        },
        ..Settings::default()
    };
    let test = Test::new(items.to_vec(), settings)?;
    let mut exposure = test.exposure();
    let (mut steps, mut square) = (0.0, 0.0);
    let start = cpu_seconds()?;
    for seed in 0..learners {
        let mut random = stream("adaptive", seed, b"learner");
        let truth = normal(&mut random);
        let mut session = test.begin(seed);
        while let Next::Ask { item, .. } = session.next(&mut exposure) {
            let right = uniform(&mut random) < items[item as usize].curve.p(truth);
            session.answer(if right {
                Response::Right
            } else {
                Response::Wrong
            })?;
            steps += 1.0;
        }
        let error = session.ability().ability - truth;
        square += error * error;
    }
    let ns = 1e9 * (cpu_seconds()? - start);
    let rates = (0..items.len() as u32).map(|item| exposure.rate(item));
    Ok(serde_json::json!({
        "items": steps / learners as f64,
        "rmse": sqrt(square / learners as f64),
        "highest_rate": rates.fold(0.0, f64::max),
        "step_ns": ns / steps,
    }))
}
