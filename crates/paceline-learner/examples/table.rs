//! Fits and judges both variants on the four public data sets and prints our figures beside the
//! reference's: `cargo run --release -p paceline-learner --example table [NAME...]`.
//!
//! The data is looked for in `PACELINE_DATA`, else in `../shared/data` beside the repository.

use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Instant;

use paceline_core::log::{AnswerLog, Order};
use paceline_learner::evaluate::{EvaluateOptions, evaluate_log, predict_log};
use paceline_learner::fit::{Baselining, FitOptions, fit_log};
use paceline_learner::knowledge::Variant;
use paceline_learner::model::Model;

/// Reference AUC and log loss of lite and full.
const SETS: [(&str, [(f64, f64); 2]); 4] = [
    ("assist09", [(0.7862, 0.5166), (0.7914, 0.5110)]),
    ("statics", [(0.8356, 0.3972), (0.8398, 0.3931)]),
    ("algebra05", [(0.8350, 0.4172), (0.8369, 0.4153)]),
    ("assist15", [(0.7261, 0.5168), (0.7281, 0.5157)]),
];

fn main() -> Result<(), Box<dyn Error>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("PACELINE_DATA").map_or(beside, PathBuf::from);
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    println!(
        "data       model          AUC (reference)   log loss (ref.)    RMSE    ECE   fit s  us/row"
    );
    for (name, reference) in SETS {
        if !chosen.is_empty() && !chosen.iter().any(|wanted| wanted == name) {
            continue;
        }
        let read = |part: &str| -> Result<AnswerLog, Box<dyn Error>> {
            let file = File::open(root.join(format!("answers/{name}/{part}.csv.gz")))?;
            Ok(AnswerLog::read(BufReader::new(file), Order::Given)?)
        };
        let (train, test) = (read("train")?, read("test")?);
        for (variant, (auc, log_loss)) in [Variant::Lite, Variant::Full].into_iter().zip(reference)
        {
            let options = FitOptions {
                variant,
                baselines: match variant {
                    Variant::Lite => Baselining::Skip,
                    Variant::Full => Baselining::Fit,
                },
                ..FitOptions::default()
            };
            let start = Instant::now();
            let model = fit_log(&train, &options, &mut |_| ());
            let seconds = start.elapsed().as_secs_f64();
            let micros = micros_per_row(&test, &model)?;
            let judged = evaluate_log(&test, &model, &EvaluateOptions::default());
            for (i, result) in judged.results.iter().enumerate() {
                let m = result.metrics;
                let (auc, log_loss) = match i {
                    0 => (format!("({auc:.4})"), format!("({log_loss:.4})")),
                    _ => (String::new(), String::new()),
                };
                println!(
                    "{name:<10} {:<12} {:.4} {auc:<10}  {:.4} {log_loss:<10} {:.4} {:.4}  {}",
                    result.model,
                    m.auc,
                    m.log_loss,
                    m.rmse,
                    m.ece,
                    if i == 0 {
                        format!("{seconds:5.1}  {micros:.2}")
                    } else {
                        String::new()
                    },
                );
            }
        }
    }
    Ok(())
}

/// Time to predict and update one row on one thread, the best of five passes over the log.
fn micros_per_row(log: &AnswerLog, model: &Model) -> Result<f64, Box<dyn Error>> {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let best = (0..5)
        .map(|_| {
            let start = Instant::now();
            one.install(|| std::hint::black_box(predict_log(log, model)));
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    Ok(best * 1e6 / log.rows() as f64)
}
