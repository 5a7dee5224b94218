//! Judging a model on a log it was not fitted to: every row is predicted from the same learner's
//! earlier rows only. The baselines that the model carries are judged on the same rows.

use std::io::BufRead;

use paceline_core::log::{AnswerLog, LogError, Order};
use paceline_core::math;
use rayon::prelude::*;
use serde::Serialize;

use crate::baselines::{Mapped, NAMES};
use crate::fit::Easiness;
use crate::knowledge::{Features, Rlkt, Row, State, Variant};
use crate::model::Model;

#[cfg(test)]
mod bars;
pub mod metrics;
#[cfg(test)]
mod tests;

pub use metrics::{Bin, Interval, Metrics};

/// How to judge.
#[derive(Clone, Copy, Debug)]
pub struct EvaluateOptions {
    /// What to do with times that go back.
    pub order: Order,
    /// Resamples of learners behind each interval.
    pub draws: usize,
    /// Seed of the resampling.
    pub seed: u64,
}

impl Default for EvaluateOptions {
    fn default() -> Self {
        Self {
            order: Order::Given,
            draws: 200,
            seed: 1,
        }
    }
}

/// One model's quality on the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// `rlkt-lite`, `rlkt-full`, or a baseline's name.
    pub model: String,
    /// Over all rows.
    pub metrics: Metrics,
    /// 95 % interval of the AUC, by learner.
    pub auc: Interval,
    /// 95 % interval of the log loss, by learner.
    pub log_loss: Interval,
    /// Median over learners (with both outcomes) of the AUC within one learner.
    pub median_learner_auc: f64,
}

/// Quality on a part of the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// Which part, in words.
    pub name: String,
    /// Rows in it.
    pub rows: usize,
    /// Of each model, in the order of [`Evaluation::results`].
    pub metrics: Vec<Metrics>,
}

/// Answers on a skill for the n-th time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CurvePoint {
    /// The n-th answer on the skill, from 1.
    pub opportunity: usize,
    /// Rows.
    pub rows: usize,
    /// Share right.
    pub right: f64,
    /// What the model expected.
    pub predicted: f64,
}

/// How well one skill is predicted.
#[derive(Clone, Debug, PartialEq)]
pub struct SkillError {
    /// Its id.
    pub skill: String,
    /// Rows with it.
    pub rows: usize,
    /// Share right.
    pub right: f64,
    /// Mean prediction.
    pub predicted: f64,
    /// Mean log loss.
    pub log_loss: f64,
}

/// What a log says about a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Rows.
    pub rows: usize,
    /// Learners.
    pub learners: usize,
    /// The model, then its baselines.
    pub results: Vec<Judged>,
    /// Reliability of each, in the same order.
    pub reliability: Vec<Vec<Bin>>,
    /// By number of the row in the learner's history.
    pub by_position: Vec<Slice>,
    /// First rows of new learners, items and skills never seen in fitting.
    pub cold_start: Vec<Slice>,
    /// Over all skills, by opportunity 1 to 20.
    pub learning_curve: Vec<CurvePoint>,
    /// Skills by number of rows, most first.
    pub by_skill: Vec<SkillError>,
}

/// The documented JSON form of an evaluation.
#[derive(Serialize)]
struct Json<'a> {
    format: u8,
    log: &'a str,
    rows: usize,
    learners: usize,
    results: Vec<JsonResult<'a>>,
}

#[derive(Serialize)]
struct JsonResult<'a> {
    model: &'a str,
    auc: f64,
    auc_low: f64,
    auc_high: f64,
    log_loss: f64,
    rmse: f64,
    ece: f64,
}

impl Evaluation {
    /// `{"format":1, "log", "rows", "learners", "results":[...]}`, the model first.
    pub fn to_json(&self, log: &str) -> serde_json::Value {
        let results = self.results.iter().map(|judged| JsonResult {
            model: &judged.model,
            auc: judged.metrics.auc,
            auc_low: judged.auc.low,
            auc_high: judged.auc.high,
            log_loss: judged.metrics.log_loss,
            rmse: judged.metrics.rmse,
            ece: judged.metrics.ece,
        });
        let json = Json {
            format: 1,
            log,
            rows: self.rows,
            learners: self.learners,
            results: results.collect(),
        };
        serde_json::to_value(json).unwrap_or_default()
    }
}

/// Judges a model on the log that `input` holds.
///
/// # Errors
/// The first thing that is wrong with the log.
pub fn evaluate(
    input: impl BufRead,
    model: &Model,
    options: &EvaluateOptions,
) -> Result<Evaluation, LogError> {
    Ok(evaluate_log(
        &AnswerLog::read(input, options.order)?,
        model,
        options,
    ))
}

/// Judges a model on a log in memory.
pub fn evaluate_log(log: &AnswerLog, model: &Model, options: &EvaluateOptions) -> Evaluation {
    let name = match model.variant {
        Variant::Lite => "rlkt-lite",
        Variant::Full => "rlkt-full",
    };
    let mut predictions = vec![(name.to_owned(), predict_log(log, model))];
    if let Some(baselines) = model.baselines() {
        let mapped = Mapped::new(log, model.skills(), model.items());
        let found = baselines.predict(&mapped, &model.easiness);
        predictions.extend(NAMES.map(str::to_owned).into_iter().zip(found));
    }
    let right = log.all().right;
    let n_learners = log.learners().len();
    let mut learner = Vec::with_capacity(log.rows());
    for who in 0..n_learners {
        learner.resize(learner.len() + log.answers(who).item.len(), who as u32);
    }
    let results = predictions
        .iter()
        .map(|(name, p)| {
            let (auc, log_loss) =
                metrics::bootstrap(p, right, &learner, n_learners, options.draws, options.seed);
            Judged {
                model: name.clone(),
                metrics: metrics::measure(p, right),
                auc,
                log_loss,
                median_learner_auc: median_learner_auc(log, p),
            }
        })
        .collect();
    let (by_position, cold_start) = slices(log, model, &predictions);
    let p = &predictions[0].1;
    Evaluation {
        rows: log.rows(),
        learners: n_learners,
        results,
        reliability: predictions
            .iter()
            .map(|(_, p)| metrics::calibration(p, right))
            .collect(),
        by_position,
        cold_start,
        learning_curve: learning_curve(log, p),
        by_skill: by_skill(log, p),
    }
}

/// The model's prediction for each row of a log, learner by learner as [`AnswerLog::all`] has them.
pub fn predict_log(log: &AnswerLog, model: &Model) -> Vec<f32> {
    let (n_skills, n_items) = (log.skills().all().len(), log.items().all().len());
    let skill_ix = |id: &str| log.skills().get(id);
    let item_ix = |id: &str| log.items().get(id);
    let (rlkt, _) = model.bind(n_skills, n_items, skill_ix, item_ix);
    let easiness = model.bind_easiness(n_skills, n_items, skill_ix, item_ix);
    predict_with(log, &rlkt, &easiness)
}

/// The predictions of weights and easiness that number skills and items as the log does.
pub fn predict_with(log: &AnswerLog, rlkt: &Rlkt, easiness: &Easiness) -> Vec<f32> {
    let dynamics = *rlkt.dynamics();
    let parts: Vec<Vec<f32>> = (0..log.learners().len())
        .into_par_iter()
        .with_min_len(16)
        .map_init(
            || {
                let state = State::new(rlkt.variant(), dynamics.v_g0);
                (state, Features::default())
            },
            |(state, features), who| {
                state.reset(dynamics.v_g0);
                let rows = log.answers(who);
                (0..rows.item.len())
                    .map(|i| {
                        let skills = &log.sets()[rows.set[i] as usize];
                        let row = Row {
                            skills,
                            item: rows.item[i],
                            easiness: rlkt.easiness(easiness.of(rows.item[i], skills)),
                            seconds: rows.seconds[i],
                        };
                        state.features(&row, dynamics.v_k0, features);
                        let p = math::logistic(rlkt.logit(features));
                        state.update(&dynamics, features, row.seconds, rows.right[i], 1.0);
                        p
                    })
                    .collect()
            },
        )
        .collect();
    parts.concat()
}

fn median_learner_auc(log: &AnswerLog, p: &[f32]) -> f64 {
    let mut aucs: Vec<f64> = (0..log.learners().len())
        .filter_map(|who| {
            let right = log.answers(who).right;
            let both = right.iter().any(|y| *y) && right.iter().any(|y| !*y);
            let at = log.start(who);
            both.then(|| metrics::measure(&p[at..at + right.len()], right).auc)
        })
        .collect();
    aucs.sort_by(f64::total_cmp);
    aucs.get(aucs.len() / 2).copied().unwrap_or(0.5)
}

/// First and last row, from 1, of each band of positions.
const BANDS: [(usize, usize); 7] = [
    (1, 5),
    (6, 10),
    (11, 20),
    (21, 50),
    (51, 100),
    (101, 200),
    (201, usize::MAX),
];

type Named = (String, Vec<f32>);

fn slices(log: &AnswerLog, model: &Model, predictions: &[Named]) -> (Vec<Slice>, Vec<Slice>) {
    let mut position = Vec::with_capacity(log.rows());
    for who in 0..log.learners().len() {
        position.extend(1..=log.answers(who).item.len());
    }
    let seen = |ids: &[String], names: &paceline_core::log::Names| {
        let mut seen = vec![false; names.all().len()];
        for at in ids.iter().filter_map(|id| names.get(id)) {
            seen[at as usize] = true;
        }
        seen
    };
    let items = seen(model.items(), log.items());
    let skills = seen(model.skills(), log.skills());
    let all = log.all();
    let slice = |name: String, keep: &dyn Fn(usize) -> bool| {
        let rows: Vec<usize> = (0..log.rows()).filter(|&row| keep(row)).collect();
        let right: Vec<bool> = rows.iter().map(|&row| all.right[row]).collect();
        let metrics = predictions.iter().map(|(_, p)| {
            let p: Vec<f32> = rows.iter().map(|&row| p[row]).collect();
            metrics::measure(&p, &right)
        });
        Slice {
            name,
            rows: rows.len(),
            metrics: metrics.collect(),
        }
    };
    let by_position = BANDS.iter().map(|&(from, to)| {
        let name = if to == usize::MAX {
            format!("rows {from} and later")
        } else {
            format!("rows {from} to {to}")
        };
        slice(name, &|row| (from..=to).contains(&position[row]))
    });
    let by_position: Vec<Slice> = by_position.filter(|slice| slice.rows > 0).collect();
    let cold_start = [
        slice("first five rows".to_owned(), &|row| position[row] <= 5),
        slice("first ten rows".to_owned(), &|row| position[row] <= 10),
        slice("items never seen".to_owned(), &|row| {
            !items[all.item[row] as usize]
        }),
        slice("skills never seen".to_owned(), &|row| {
            let set = &log.sets()[all.set[row] as usize];
            set.iter().any(|&skill| !skills[skill as usize])
        }),
    ];
    let cold_start = cold_start.into_iter().filter(|slice| slice.rows > 0);
    (by_position, cold_start.collect())
}

const OPPORTUNITIES: usize = 20;

fn learning_curve(log: &AnswerLog, p: &[f32]) -> Vec<CurvePoint> {
    let mut points: Vec<CurvePoint> = (1..=OPPORTUNITIES)
        .map(|opportunity| CurvePoint {
            opportunity,
            ..CurvePoint::default()
        })
        .collect();
    let n_skills = log.skills().all().len();
    let (mut counts, mut touched) = (vec![0_usize; n_skills], Vec::new());
    for who in 0..log.learners().len() {
        let rows = log.answers(who);
        for (i, (&set, &right)) in rows.set.iter().zip(rows.right).enumerate() {
            for &skill in log.sets()[set as usize].iter() {
                let count = &mut counts[skill as usize];
                touched.push(skill);
                if let Some(point) = points.get_mut(*count) {
                    point.rows += 1;
                    point.right += if right { 1.0 } else { 0.0 };
                    point.predicted += f64::from(p[log.start(who) + i]);
                }
                *count += 1;
            }
        }
        for skill in touched.drain(..) {
            counts[skill as usize] = 0;
        }
    }
    for point in &mut points {
        let n = point.rows.max(1) as f64;
        point.right /= n;
        point.predicted /= n;
    }
    points
}

fn by_skill(log: &AnswerLog, p: &[f32]) -> Vec<SkillError> {
    let names = log.skills().all();
    let mut errors: Vec<SkillError> = names
        .iter()
        .map(|id| SkillError {
            skill: id.to_string(),
            rows: 0,
            right: 0.0,
            predicted: 0.0,
            log_loss: 0.0,
        })
        .collect();
    let all = log.all();
    for (row, (&set, &right)) in all.set.iter().zip(all.right).enumerate() {
        for &skill in log.sets()[set as usize].iter() {
            let error = &mut errors[skill as usize];
            error.rows += 1;
            error.right += if right { 1.0 } else { 0.0 };
            error.predicted += f64::from(p[row]);
            error.log_loss += metrics::row_loss(f64::from(p[row]), right);
        }
    }
    for error in &mut errors {
        let n = error.rows.max(1) as f64;
        error.right /= n;
        error.predicted /= n;
        error.log_loss /= n;
    }
    errors.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.skill.cmp(&b.skill)));
    errors
}
