//! Fits and judges the model on the four public data sets and prints our figures beside the reference's:
//! `cargo run --release -p paceline-learner --example table [NAME...]`.
//!
//! Both variants and the baselines, then what the shipped defaults predict on a platform's first day:
//! nothing known of the items, an author's three levels, or easiness fitted to earlier answers.
//!
//! The data is looked for in `PACELINE_DATA`, else in `../shared/data` beside the repository.

use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Instant;

use paceline_core::log::{AnswerLog, Order};
use paceline_core::math;
use paceline_core::stream::stream;
use paceline_learner::evaluate::metrics::{Metrics, measure};
use paceline_learner::evaluate::{EvaluateOptions, evaluate_log, predict_log, predict_with};
use paceline_learner::fit::{Baselining, Easiness, FitOptions, fit_log};
use paceline_learner::knowledge::{Rlkt, Variant};
use paceline_learner::model::Model;
use rand::RngExt;

/// AUC and log loss.
type Quality = (f64, f64);

/// A data set with the reference's figures.
struct Set {
    name: &'static str,
    lite: Quality,
    full: Quality,
    defaults_easiness: Quality,
    defaults_nothing: Quality,
}

const SETS: [Set; 4] = [
    Set {
        name: "assist09",
        lite: (0.7862, 0.5166),
        full: (0.7914, 0.5110),
        defaults_easiness: (0.7669, 0.5373),
        defaults_nothing: (0.7078, 0.5762),
    },
    Set {
        name: "statics",
        lite: (0.8356, 0.3972),
        full: (0.8398, 0.3931),
        defaults_easiness: (0.8251, 0.4098),
        defaults_nothing: (0.6758, 0.5059),
    },
    Set {
        name: "algebra05",
        lite: (0.8350, 0.4172),
        full: (0.8369, 0.4153),
        defaults_easiness: (0.8143, 0.4397),
        defaults_nothing: (0.7512, 0.4940),
    },
    Set {
        name: "assist15",
        lite: (0.7261, 0.5168),
        full: (0.7281, 0.5157),
        defaults_easiness: (0.7069, 0.5307),
        defaults_nothing: (0.6720, 0.5508),
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("PACELINE_DATA").map_or(beside, PathBuf::from);
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    println!(
        "data       model               AUC (reference)   log loss (ref.)    RMSE    ECE   fit s  us/row"
    );
    for set in SETS {
        if !chosen.is_empty() && !chosen.iter().any(|wanted| wanted == set.name) {
            continue;
        }
        let read = |part: &str| -> Result<AnswerLog, Box<dyn Error>> {
            let file = File::open(root.join(format!("answers/{}/{part}.csv.gz", set.name)))?;
            Ok(AnswerLog::read(BufReader::new(file), Order::Given)?)
        };
        let (train, test) = (read("train")?, read("test")?);
        fitted(&set, &train, &test, Variant::Lite)?;
        let model = fitted(&set, &train, &test, Variant::Full)?;
        defaults(&set, &train, &test, &model);
    }
    Ok(())
}

fn print(set: &Set, model: &str, m: &Metrics, reference: Option<Quality>, times: &str) {
    let shown = reference.map(|(auc, loss)| (format!("({auc:.4})"), format!("({loss:.4})")));
    let (auc, log_loss) = shown.unwrap_or_default();
    println!(
        "{:<10} {model:<17} {:.4} {auc:<10}  {:.4} {log_loss:<10} {:.4} {:.4}  {times}",
        set.name, m.auc, m.log_loss, m.rmse, m.ece,
    );
}

/// A variant fitted to the train learners; with the full one, the baselines too.
fn fitted(
    set: &Set,
    train: &AnswerLog,
    test: &AnswerLog,
    variant: Variant,
) -> Result<Model, Box<dyn Error>> {
    let (reference, baselines) = match variant {
        Variant::Lite => (set.lite, Baselining::Skip),
        Variant::Full => (set.full, Baselining::Fit),
    };
    let options = FitOptions {
        variant,
        baselines,
        ..FitOptions::default()
    };
    let start = Instant::now();
    let model = fit_log(train, &options, &mut |_| ());
    let seconds = start.elapsed().as_secs_f64();
    let micros = micros_per_row(test, &model)?;
    let judged = evaluate_log(test, &model, &EvaluateOptions::default());
    for (i, result) in judged.results.iter().enumerate() {
        let (reference, times) = match i {
            0 => (Some(reference), format!("{seconds:5.1}  {micros:.2}")),
            _ => (None, String::new()),
        };
        print(set, &result.model, &result.metrics, reference, &times);
    }
    Ok(model)
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

/// The shipped weights, with ever more knowledge of the items.
fn defaults(set: &Set, train: &AnswerLog, test: &AnswerLog, model: &Model) {
    let easiness = model.bind_easiness(
        test.skills().all().len(),
        test.items().all().len(),
        |id| test.skills().get(id),
        |id| test.items().get(id),
    );
    let nothing = Rlkt::defaults_without_easiness();
    let rows: [(&str, Rlkt, &Easiness, Option<Quality>); 3] = [
        (
            "defaults-nothing",
            nothing,
            &easiness,
            Some(set.defaults_nothing),
        ),
        (
            "defaults-levels",
            Rlkt::defaults(),
            &authored(train, test, model),
            None,
        ),
        (
            "defaults-easiness",
            Rlkt::defaults(),
            &easiness,
            Some(set.defaults_easiness),
        ),
    ];
    for (name, rlkt, easiness, reference) in rows {
        let p = predict_with(test, &rlkt, easiness);
        print(set, name, &measure(&p, test.all().right), reference, "");
    }
}

/// Easiness that an author's easy, medium and hard stand for.
const LEVELS: [f32; 3] = [1.5, 0.8, 0.0];

/// What an author would have written: each train item's fitted easiness, seen through noise as wide as the
/// easiness itself (a correlation of .71), cut into thirds. An item without train answers is medium.
fn authored(train: &AnswerLog, test: &AnswerLog, model: &Model) -> Easiness {
    let all = train.all();
    let mut z = vec![None; train.items().all().len()];
    for (&item, &set) in all.item.iter().zip(all.set) {
        z[item as usize] = Some(model.easiness.of(item, &train.sets()[set as usize]));
    }
    let z: Vec<f32> = z.into_iter().map(Option::unwrap_or_default).collect();
    let n = z.len() as f32;
    let mean = z.iter().sum::<f32>() / n;
    let deviation = (z.iter().map(|z| (z - mean) * (z - mean)).sum::<f32>() / n).sqrt();
    let mut rng = stream("author-levels", 1, b"");
    let mut seen: Vec<(f32, u32)> = (0..)
        .zip(&z)
        .map(|(item, z)| (z + deviation * normal(&mut rng), item))
        .collect();
    seen.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut levels = vec![0.0; test.items().all().len()];
    for (rank, &(_, item)) in seen.iter().enumerate() {
        if let Some(at) = test.items().get(&train.items().all()[item as usize]) {
            levels[at as usize] = LEVELS[3 * rank / seen.len()] - LEVELS[1];
        }
    }
    Easiness {
        base: LEVELS[1],
        item: levels,
        skill: Vec::new(),
    }
}

/// A standard normal draw (Box & Muller 1958).
fn normal(rng: &mut impl RngExt) -> f32 {
    let radius = (-2.0 * math::ln(1.0 - rng.random::<f32>())).sqrt();
    radius * (std::f32::consts::TAU * rng.random::<f32>()).cos()
}
