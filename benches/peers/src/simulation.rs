//! Simulated students: against the `fsrs` crate's `simulate`, and against EduSim's KSS environment where Python can install it.

use crate::timing::{Row, in_turns, median};
use paceline_sim::{Baseline, Calendar, Config, Family, PolicyKind, compare, generate};
use std::hint::black_box;
use std::process::Command;

/// Retention that the peer schedules for.
const RETENTION: f32 = 0.9;
/// Runs of EduSim; the median counts.
const EDUSIM_RUNS: usize = 3;

pub fn rows() -> Vec<Row> {
    // As it comes the peer stops a day after half an hour; without that, all cards are learnt evenly over the year and every review due is done.
    let all_due = fsrs::SimulatorConfig {
        learn_limit: 28,
        max_cost_perday: f32::INFINITY,
        ..fsrs::SimulatorConfig::default()
    };
    let mut rows = vec![
        against_fsrs("half an hour a day", &fsrs::SimulatorConfig::default()),
        against_fsrs("all that is due", &all_due),
    ];
    match edusim_ns() {
        Ok(peer_ns) => {
            let times = (rows[0].ours_ns, peer_ns);
            rows.push(Row::new("simulation/a step", "EduSim KSS", times, 50.0));
        }
        Err(why) => eprintln!("EduSim is left out: {why}"),
    }
    rows
}

/// A step of ours, and a learnt or reviewed card of the peer's: 10,000 items or cards, each day of a year.
///
/// Ours is a class of the additive family under the pacing guide: the world drawn, each activity chosen, worked on and seen, and the tests.
fn against_fsrs(name: &str, deck: &fsrs::SimulatorConfig) -> Row {
    let course = generate::curriculum(500, 20, 1);
    let config = Config {
        classes: 1,
        calendar: Calendar {
            weeks: 52,
            lessons_per_week: 7,
            ..Calendar::default()
        },
        families: vec![Family::Additive],
        policies: vec![PolicyKind::Baseline(Baseline::Fixed)],
        ..Config::default()
    };
    let ours = || compare(&course, &config, &|_| ()).expect("the config is valid");
    let steps = ours().figures[0].activities * f64::from(config.pupils);
    let peer = || {
        let weights = &fsrs::DEFAULT_PARAMETERS;
        fsrs::simulate(deck, weights, RETENTION, Some(1), None).expect("the configuration is valid")
    };
    let result = peer();
    let days = result
        .learn_cnt_per_day
        .iter()
        .chain(&result.review_cnt_per_day);
    let events: usize = days.sum();
    let (ours_ns, peer_ns) = in_turns(
        1,
        || {
            black_box(ours());
        },
        || {
            black_box(peer());
        },
    );
    println!("simulation, {name}: {steps:.0} steps of ours, {events} events of fsrs a run");
    let times = (ours_ns / steps, peer_ns / events as f64);
    Row::new(format!("simulation/{name}"), "fsrs", times, 5.0)
}

/// Nanoseconds a step of EduSim, the median of a few runs.
fn edusim_ns() -> Result<f64, String> {
    let times: Result<Vec<f64>, String> = (0..EDUSIM_RUNS).map(|_| edusim_once()).collect();
    Ok(median(times?))
}

fn edusim_once() -> Result<f64, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/simulation/edusim.py");
    let run = Command::new("python3")
        .arg(script)
        .output()
        .map_err(|error| format!("python3 cannot be run: {error}"))?;
    if !run.status.success() {
        return Err(String::from_utf8_lossy(&run.stderr).trim().to_owned());
    }
    let read: serde_json::Value =
        serde_json::from_slice(&run.stdout).map_err(|error| error.to_string())?;
    match (read["ns"].as_f64(), read["steps"].as_f64()) {
        (Some(ns), Some(steps)) => Ok(ns / steps),
        _ => Err(format!("it printed {read}")),
    }
}
