//! Measures calibration on logs given as CSV (`learner,item,right` as indexes, no header), a JSON line for each log:
//! `cargo run --release -p paceline-bank --example calibration -- LOG.csv ...`
//!
//! Processor seconds are one thread's, from the answers in memory as they came to the estimates. Memory is what the
//! process takes at most beyond what it had before it read the first answer, so one log a process tells it best.

use paceline_bank::calibrate::{Answer, AnswerLog, Options, calibrate};
use std::error::Error;
use std::fs::{File, read_to_string};
use std::io::{BufRead, BufReader};

mod measure;
use measure::cpu_seconds;

fn main() -> Result<(), Box<dyn Error>> {
    // The one thread of the pool is this one, whose processor time the system tells.
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build_global()?;
    for path in std::env::args().skip(1) {
        let before_kib = memory_kib("VmRSS:")?;
        let log = read(&path)?;
        let start = cpu_seconds()?;
        let answers = log.finish(0)?;
        let n = answers.len();
        let found = calibrate(&answers, &Options::default(), &mut |_| {})?;
        let cpu_s = cpu_seconds()? - start;
        let bytes = 1024.0 * (memory_kib("VmHWM:")? - before_kib) / n as f64;
        let a: Vec<f64> = found.items.iter().map(|item| item.a).collect();
        let b: Vec<f64> = found.items.iter().map(|item| item.b).collect();
        let line = serde_json::json!({
            "log": path, "answers": n, "cpu_s": cpu_s, "cycles": found.cycles,
            "bytes_an_answer": bytes, "a": a, "b": b,
        });
        println!("{line}");
    }
    Ok(())
}

fn read(path: &str) -> Result<AnswerLog, Box<dyn Error>> {
    let mut log = AnswerLog::default();
    for line in BufReader::new(File::open(path)?).lines() {
        let line = line?;
        let cells: Vec<&str> = line.split(',').collect();
        let [learner, item, right] = cells[..] else {
            return Err(format!("{line:?}: wanted learner,item,right").into());
        };
        log.push(Answer {
            learner: learner.parse()?,
            item: item.parse()?,
            score: right.parse()?,
        })?;
    }
    Ok(log)
}

fn memory_kib(field: &str) -> Result<f64, Box<dyn Error>> {
    let text = read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.ok_or("no such field")?.trim().trim_end_matches(" kB");
    Ok(kib.parse()?)
}
