//! Fitting RLKT to an answer log.
//!
//! 1. Easiness of items by a Rasch-like model; training rows take it from the folds that do not hold
//!    their learner (`easiness`).
//! 2. Transitions that occur often enough get a weight each.
//! 3. One pass of the serving update over every learner lays down the features (`design`).
//! 4. L-BFGS on the penalised log loss, roughly; the spread of each table's weights then says how much that table
//!    is to be held back (`penalty`), and L-BFGS goes on from there.
//!
//! Memory: the parameters, 13 bytes a row for the log, and as much for the features as the [`Workspace`] allows.

use std::collections::HashMap;
use std::io::{self, BufRead};

use paceline_core::log::{AnswerLog, LogError, Order};
use paceline_core::optim::Options;
use rayon::prelude::*;

use crate::baselines::Baselines;
use crate::knowledge::{
    Dense, Dynamics, EasinessUse, Features, ITEM_SLOPES, Layout, NONE, Rlkt, Row, SET_RETRIES,
    SKILL_SLOPES, State, Variant, item_pair, set_key, set_pair,
};
use crate::model::{Model, Provenance, Transition};
use design::{Design, SHARDS, stride};
use rows::Shard;

pub(crate) mod design;
pub(crate) mod easiness;
mod penalty;
pub(crate) mod rows;
#[cfg(test)]
mod tests;

pub use easiness::Easiness;
pub use rows::{Open, Overflow, Workspace};

/// What to fit, and how.
#[derive(Clone, Copy, Debug)]
pub struct FitOptions {
    /// Which form of the model.
    pub variant: Variant,
    /// What to do with times that go back.
    pub order: Order,
    /// Iterations of the optimiser at most.
    pub iterations: usize,
    /// Whether the baselines are fitted too.
    pub baselines: Baselining,
}

/// Whether a fit also fits the models it is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baselining {
    /// They are fitted and kept in the model.
    Fit,
    /// They are left out.
    Skip,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            variant: Variant::Full,
            order: Order::Given,
            iterations: 150,
            baselines: Baselining::Fit,
        }
    }
}

/// How far a fit has come.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Progress {
    /// The log was read.
    Read {
        /// Rows found.
        rows: usize,
        /// Learners found.
        learners: usize,
    },
    /// Item easiness is known.
    Easiness,
    /// The features were laid down.
    Features {
        /// Weights to be fitted.
        weights: usize,
    },
    /// The baselines were fitted.
    Baselines,
    /// An iteration of the optimiser ended.
    Iteration {
        /// Which one, from 1.
        done: usize,
        /// At most.
        of: usize,
        /// Penalised log loss per row.
        loss: f64,
    },
}

const FOLDS: usize = 5;

/// The first fit gets this part of the iterations.
const ROUGHLY: usize = 3;

/// Features are kept as multiples of this while fitting: they reach from -16 to 16.
const QUANTUM: f32 = 1.0 / 2048.0;

/// A transition is kept with this many rows and learners.
const PAIR_ROWS: u32 = 4;
const PAIR_LEARNERS: u32 = 3;

/// Why a fit failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The log is not as it should be.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Rows that did not fit into memory could not be written or read back.
    #[error("could not keep the rows that do not fit into memory: {0}")]
    Overflow(#[from] io::Error),
}

/// Fits a model to the log that `input` holds.
///
/// # Errors
/// The first thing that is wrong with the log, or a failure of the workspace.
pub fn fit(
    input: impl BufRead,
    options: &FitOptions,
    workspace: &Workspace<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Model, FitError> {
    let log = AnswerLog::read(input, options.order)?;
    Ok(fit_within(&log, options, workspace, progress)?)
}

/// Fits a model to a log in memory, with all rows in memory.
pub fn fit_log(log: &AnswerLog, options: &FitOptions, progress: &mut dyn FnMut(Progress)) -> Model {
    fit_within(log, options, &Workspace::MEMORY, progress)
        .expect("memory neither fails to be written nor to be read")
}

/// Fits a model to a log in memory.
fn fit_within(
    log: &AnswerLog,
    options: &FitOptions,
    workspace: &Workspace<'_>,
    progress: &mut dyn FnMut(Progress),
) -> io::Result<Model> {
    progress(Progress::Read {
        rows: log.rows(),
        learners: log.learners().len(),
    });
    let folds = easiness_folds(log);
    let (easiness, variance) = &folds[FOLDS];
    let dynamics = Dynamics {
        v_g0: variance.max(0.1) as f32,
        ..Dynamics::default()
    };
    progress(Progress::Easiness);
    let transitions = frequent_transitions(log);
    let plan = Plan::new(log, options.variant, dynamics, &transitions);
    let mut design = plan.lay_down(log, &folds, workspace)?;
    progress(Progress::Features {
        weights: plan.layout.len as usize,
    });
    let learners = log.learners().len();
    let rows = log.rows() as f64;
    let mut done = 0;
    let mut tell = |_, value: f64| {
        done += 1;
        progress(Progress::Iteration {
            done,
            of: options.iterations.div_ceil(ROUGHLY) + options.iterations,
            loss: value / rows,
        });
    };
    let optimiser = |share: usize, improvement: f64| Options {
        iterations: options.iterations.div_ceil(share),
        improvement,
        gradient: 1e-3,
        ..Options::default()
    };
    let penalty = plan.penalties(learners);
    let squares = design.squares(penalty.len())?;
    let rough = design.fit(
        &penalty,
        &squares,
        None,
        &optimiser(ROUGHLY, 3e-5),
        &mut tell,
    )?;
    let penalty = penalty::tuned(
        &plan.groups(&transitions),
        &penalty,
        &squares,
        &rough.tables,
    );
    let from = Some(&rough);
    let fitted = design.fit(&penalty, &squares, from, &optimiser(1, 1e-6), &mut tell)?;
    let mut weights = vec![0.0; crate::knowledge::N_DENSE];
    for (feature, weight) in Dense::of(options.variant).iter().zip(&fitted.dense) {
        weights[*feature as usize] = *weight;
    }
    weights.extend(&fitted.tables);
    let rlkt = Rlkt {
        dynamics,
        easiness: EasinessUse::Known,
        bias: fitted.bias,
        weights,
        layout: plan.layout,
    };
    let (first, last) = log.span();
    let provenance = Provenance {
        rows: log.rows() as u64,
        learners: learners as u64,
        first_seconds: first,
        last_seconds: last,
        iterations: (rough.minimum.iterations + fitted.minimum.iterations) as u32,
        evaluations: (rough.minimum.evaluations + fitted.minimum.evaluations) as u32,
        loss_per_row: fitted.minimum.value / rows,
        gradient: fitted.minimum.gradient,
        ended: format!("{:?}", fitted.minimum.ended).to_lowercase(),
    };
    let mut model = Model::new(log, &rlkt, easiness.clone(), transitions, provenance);
    model.set_spread(&design.spread());
    // Its memory is wanted for the baselines.
    drop(design);
    if options.baselines == Baselining::Fit {
        model.set_baselines(Baselines::fit(log, dynamics.v_g0, workspace)?);
        progress(Progress::Baselines);
    }
    Ok(model)
}

/// Easiness without each fold's learners, then over all.
fn easiness_folds(log: &AnswerLog) -> Vec<(Easiness, f64)> {
    (0..=FOLDS)
        .into_par_iter()
        .map(|fold| easiness::fit(log, |who| fold == FOLDS || who % FOLDS != fold))
        .collect()
}

/// Transitions that are counted at a time; a log with more is gone through more than once.
const PAIRS_COUNTED: usize = 1 << 19;

/// How often a transition occurs.
#[derive(Default)]
struct Count {
    rows: u32,
    learners: u32,
    last: u32,
}

/// What follows what: of skill sets or items, the lag, before, after.
type Pair = (bool, u8, u32, u32);

/// Transitions with enough rows and learners, in a fixed order, weights still zero.
fn frequent_transitions(log: &AnswerLog) -> Vec<Transition> {
    let passes = (4 * log.rows()).div_ceil(PAIRS_COUNTED).max(1) as u64;
    let mut kept: Vec<Pair> = Vec::new();
    for pass in 0..passes {
        let mut counts = HashMap::<Pair, Count>::new();
        visit_pairs(log, |who, pair| {
            if item_pair(u64::from(pair.1), pair.2, pair.3) % passes == pass {
                let count = counts.entry(pair).or_default();
                count.rows += 1;
                if count.last != who + 1 {
                    count.last = who + 1;
                    count.learners += 1;
                }
            }
        });
        let frequent = counts
            .into_iter()
            .filter(|(_, count)| count.rows >= PAIR_ROWS && count.learners >= PAIR_LEARNERS);
        kept.extend(frequent.map(|(pair, _)| pair));
    }
    kept.sort_unstable();
    kept.into_iter()
        .map(|(of_sets, lag, before, after)| Transition {
            of_sets,
            lag,
            before,
            after,
            alpha: 0.0,
            beta: 0.0,
        })
        .collect()
}

/// Calls `visit(learner, pair)` for every transition of the log.
fn visit_pairs(log: &AnswerLog, mut visit: impl FnMut(u32, Pair)) {
    for who in 0..log.learners().len() {
        let rows = log.answers(who);
        for lag in 1..=2_usize {
            for now in lag..rows.item.len() {
                let before = now - lag;
                visit(
                    who as u32,
                    (false, lag as u8, rows.item[before], rows.item[now]),
                );
                visit(
                    who as u32,
                    (true, lag as u8, rows.set[before], rows.set[now]),
                );
            }
        }
    }
}

/// Keys of the skill sets of a log.
pub(crate) fn set_keys(sets: &[Box<[u32]>]) -> Vec<u64> {
    sets.iter().map(|set| set_key(set)).collect()
}

/// What a fit is over.
struct Plan {
    layout: Layout,
    dynamics: Dynamics,
}

impl Plan {
    fn new(
        log: &AnswerLog,
        variant: Variant,
        dynamics: Dynamics,
        transitions: &[Transition],
    ) -> Self {
        let sets = set_keys(log.sets());
        let pairs: Vec<u64> = transitions
            .iter()
            .map(|pair| pair.key(Some, |set| Some(sets[set as usize])))
            .map(|key| key.unwrap_or(1))
            .collect();
        let layout = Layout::new(
            variant,
            log.skills().all().len() as u32,
            log.items().all().len() as u32,
            &pairs,
            &sets,
        );
        Self { layout, dynamics }
    }

    /// Runs the serving update over every learner and keeps the features of every row.
    fn lay_down<'a>(
        &self,
        log: &AnswerLog,
        folds: &[(Easiness, f64)],
        workspace: &Workspace<'a>,
    ) -> io::Result<Design<'a>> {
        let variant = self.layout.variant;
        let features = Dense::of(variant);
        let shards: Vec<Shard<'a>> = shard_learners(log)
            .into_par_iter()
            .map(|learners| {
                let mut shard = workspace.shard(stride(features.len()), QUANTUM);
                let mut state = State::new(variant, self.dynamics.v_g0);
                let mut row_features = Features::default();
                for who in learners {
                    state.reset(self.dynamics.v_g0);
                    let easiness = &folds[who % FOLDS].0;
                    let rows = log.answers(who);
                    for i in 0..rows.item.len() {
                        let skills = &log.sets()[rows.set[i] as usize];
                        let row = Row {
                            skills,
                            item: rows.item[i],
                            easiness: easiness.of(rows.item[i], skills),
                            seconds: rows.seconds[i],
                        };
                        state.features(&row, self.dynamics.v_k0, &mut row_features);
                        let dense = row_features.dense();
                        shard.push_dense(features.iter().map(|&f| dense[f as usize]));
                        self.layout.terms(&row_features, |_, slot, value| {
                            shard.push_term(slot - crate::knowledge::N_DENSE as u32, value);
                        });
                        shard.end_row(rows.right[i])?;
                        let right = rows.right[i];
                        state.update(&self.dynamics, &row_features, row.seconds, right, 1.0);
                    }
                }
                Ok(shard)
            })
            .collect::<io::Result<_>>()?;
        Design::new(shards, features.len())
    }

    /// The L2 penalty that each table weight starts from; tables that few learners inform are held back more.
    fn penalties(&self, learners: usize) -> Vec<f32> {
        let kappa = (150.0 / learners as f32).clamp(1.0, 10.0);
        let l = &self.layout;
        let mut penalty = vec![0.0; l.len as usize];
        let ends = [
            (l.item, 2.0),
            (l.skill, 1.0),
            (l.retry_item, 8.0 * kappa),
            (l.code_skill, 4.0 * kappa),
            (l.code, 4.0 * kappa),
            (l.code_item, 4.0 * kappa),
            (l.slope_skill, 20.0 * kappa),
            (l.slope_item, 20.0 * kappa),
            (l.pair_weights, 12.0 * kappa),
            (l.set_weights, 8.0 * kappa),
        ];
        for (start, value) in ends {
            penalty[start as usize..].fill(value);
        }
        penalty.split_off(crate::knowledge::N_DENSE)
    }

    /// Which weights of the tables share a penalty: those that say the same of different items or skills.
    fn groups(&self, transitions: &[Transition]) -> Vec<u8> {
        let l = &self.layout;
        let mut group = vec![0; l.len as usize];
        let tables = [
            (l.item, 0),
            (l.skill, 1),
            (l.retry_item, 2),
            (l.code_skill, 3),
            (l.code, 4),
            (l.code_item, 5),
        ];
        for (start, of) in tables {
            group[start as usize..].fill(of);
        }
        let cycle = |group: &mut [u8], first: u8, width: u32| {
            for (i, of) in group.iter_mut().enumerate() {
                *of = first + (i as u32 % width) as u8;
            }
        };
        let (skills, items) = (l.slope_skill as usize, l.slope_item as usize);
        let pairs = l.pair_weights as usize;
        cycle(&mut group[skills..items], 6, SKILL_SLOPES);
        cycle(&mut group[items..pairs], 11, ITEM_SLOPES);
        for (pair, of) in transitions.iter().zip(group[pairs..].chunks_exact_mut(2)) {
            let first = 13 + 4 * u8::from(pair.of_sets) + 2 * (pair.lag - 1);
            of.copy_from_slice(&[first, first + 1]);
        }
        let sets = &mut group[l.set_weights as usize..];
        for of in sets.chunks_exact_mut(SET_RETRIES as usize) {
            // The first two are of items that were not tried before.
            of.fill(21);
            of[..2].fill(22);
        }
        group.split_off(crate::knowledge::N_DENSE)
    }
}

/// Learners in [`SHARDS`] runs of about equally many rows.
fn shard_learners(log: &AnswerLog) -> Vec<std::ops::Range<usize>> {
    let learners = log.learners().len();
    let mut ends: Vec<usize> = (1..=SHARDS)
        .map(|shard| {
            let rows = log.rows() * shard / SHARDS;
            (0..learners)
                .position(|who| log.start(who) >= rows)
                .unwrap_or(learners)
        })
        .collect();
    ends[SHARDS - 1] = learners;
    (0..SHARDS)
        .map(|shard| if shard == 0 { 0 } else { ends[shard - 1] }..ends[shard])
        .collect()
}

impl Transition {
    /// The key of its weights, with items and sets as another bank numbers them.
    pub(crate) fn key(
        &self,
        item: impl Fn(u32) -> Option<u32>,
        set: impl Fn(u32) -> Option<u64>,
    ) -> Option<u64> {
        let lag = u64::from(self.lag);
        if self.of_sets {
            Some(set_pair(lag, set(self.before)?, set(self.after)?))
        } else {
            let (before, after) = (item(self.before)?, item(self.after)?);
            debug_assert!(before != NONE);
            Some(item_pair(lag, before, after))
        }
    }
}
