//! The models a platform would otherwise use, fitted to the same log, so that it sees on its own data
//! what it gains: the global mean, a 1PL with online ability, Elo (Pelanek 2016), PFA (Pavlik et al.
//! 2009), BKT (Corbett & Anderson 1995, by EM) and Best-LR (Gervet et al. 2020).

use std::io;

use paceline_core::log::AnswerLog;
use paceline_core::math;
use paceline_core::optim::Options;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::fit::Easiness;
use crate::fit::Workspace;
use crate::fit::design::{Design, Fitted, SHARDS};
use crate::fit::rows::Shard;
use crate::knowledge::PROBIT;

mod bkt;
#[cfg(test)]
mod tests;

use bkt::Bkt;

/// The fitted baselines, by the indexes of the model they are kept in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baselines {
    mean: f32,
    v_g0: f32,
    elo: Elo,
    pfa: Additive,
    best_lr: Additive,
    bkt: Bkt,
}

/// Names of the baselines, in the order of `Baselines::predict`.
pub const NAMES: [&str; 6] = ["global-mean", "1pl-online", "elo", "pfa", "bkt", "best-lr"];

/// A log with skills and items as the model numbers them; what the model lacks is numbered after.
pub(crate) struct Mapped<'a> {
    log: &'a AnswerLog,
    item: Vec<u32>,
    sets: Vec<Vec<u32>>,
    n_skills: usize,
}

impl<'a> Mapped<'a> {
    pub(crate) fn new(log: &'a AnswerLog, skills: &[String], items: &[String]) -> Self {
        let map = |model: &[String], names: &paceline_core::log::Names| {
            let mut to = vec![u32::MAX; names.all().len()];
            for (at, id) in (0..).zip(model) {
                if let Some(found) = names.get(id) {
                    to[found as usize] = at;
                }
            }
            let mut next = model.len() as u32;
            for cell in to.iter_mut().filter(|cell| **cell == u32::MAX) {
                *cell = next;
                next += 1;
            }
            (to, next as usize)
        };
        let (skill, n_skills) = map(skills, log.skills());
        let (item, _) = map(items, log.items());
        let sets = log.sets().iter();
        Self {
            log,
            item,
            sets: sets
                .map(|set| set.iter().map(|&k| skill[k as usize]).collect())
                .collect(),
            n_skills,
        }
    }

    fn learners(&self) -> usize {
        self.log.learners().len()
    }

    /// Calls `visit(item, skills, right)` for a learner's rows in order.
    fn rows(&self, who: usize, mut visit: impl FnMut(u32, &[u32], bool)) {
        let rows = self.log.answers(who);
        for ((&item, &set), &right) in rows.item.iter().zip(rows.set).zip(rows.right) {
            visit(self.item[item as usize], &self.sets[set as usize], right);
        }
    }

    /// A prediction for each row, learner by learner; `run` gets a fresh state for each.
    fn predict<S: Send, R>(
        &self,
        state: impl Fn() -> S + Sync + Send,
        reset: impl Fn(&mut S) + Sync,
        run: R,
    ) -> Vec<f32>
    where
        R: Fn(&mut S, u32, &[u32], bool) -> f32 + Sync,
    {
        let parts: Vec<Vec<f32>> = (0..self.learners())
            .into_par_iter()
            .with_min_len(16)
            .map_init(&state, |state, who| {
                reset(state);
                let mut p = Vec::new();
                self.rows(who, |item, skills, right| {
                    p.push(run(state, item, skills, right));
                });
                p
            })
            .collect();
        parts.concat()
    }
}

impl Baselines {
    /// Fits all of them.
    pub(crate) fn fit(log: &AnswerLog, v_g0: f32, workspace: &Workspace<'_>) -> io::Result<Self> {
        let strings = |names: &[Box<str>]| names.iter().map(|id| id.to_string()).collect();
        let skills: Vec<String> = strings(log.skills().all());
        let items: Vec<String> = strings(log.items().all());
        let mapped = Mapped::new(log, &skills, &items);
        let right = log.all().right.iter().filter(|right| **right).count();
        let mean = right as f32 / log.rows().max(1) as f32;
        Ok(Self {
            mean,
            v_g0,
            elo: Elo::fit(&mapped, items.len(), mean),
            pfa: Additive::fit(Kind::Pfa, &mapped, skills.len(), items.len(), workspace)?,
            best_lr: Additive::fit(Kind::BestLr, &mapped, skills.len(), items.len(), workspace)?,
            bkt: Bkt::fit(&mapped, skills.len()),
        })
    }

    /// Predictions of each baseline for each row, in the order of [`NAMES`].
    pub(crate) fn predict(&self, log: &Mapped<'_>, easiness: &Easiness) -> [Vec<f32>; 6] {
        let one_pl = log.predict(
            || (0.0, 0.0),
            |state| *state = (0.0, self.v_g0),
            |state, item, skills, right| online_1pl(state, easiness.of(item, skills), right),
        );
        let additive = |model: &Additive| {
            log.predict(
                || Counts::new(log.n_skills),
                Counts::reset,
                |counts, item, skills, right| {
                    let p = math::logistic(model.logit(counts, item, skills));
                    counts.add(skills, right);
                    p
                },
            )
        };
        [
            log.predict(|| (), |_| (), |_, _, _, _| self.mean),
            one_pl,
            self.elo.predict(log),
            additive(&self.pfa),
            self.bkt.predict(log),
            additive(&self.best_lr),
        ]
    }

    /// Whether the tables fit so many skills and items, and hold numbers only.
    pub(crate) fn fits(&self, skills: usize, items: usize) -> bool {
        self.elo.item.len() == items
            && self.bkt.skills() == skills
            && self.pfa.tables.len() == Kind::Pfa.slots(skills, items)
            && self.best_lr.tables.len() == Kind::BestLr.slots(skills, items)
            && self.pfa.kind == Kind::Pfa
            && self.best_lr.kind == Kind::BestLr
    }
}

/// One step of the 1PL: Kalman ability against fixed easiness.
fn online_1pl((m, v): &mut (f32, f32), z: f32, right: bool) -> f32 {
    let p = math::logistic((z + *m) / (1.0 + PROBIT * *v).sqrt());
    let q = math::logistic(z + *m);
    let h = (q * (1.0 - q)).max(0.02);
    let gain = *v / (*v + 1.0 / h);
    let y = if right { 1.0 } else { 0.0 };
    *m += gain * (y - q) / h;
    *v += 0.008 - gain * *v;
    p
}

/// Elo with steps `1 / (1 + .05 n)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Elo {
    base: f32,
    item: Vec<f32>,
}

fn elo_step(n: f32) -> f32 {
    1.0 / (1.0 + 0.05 * n)
}

impl Elo {
    fn fit(log: &Mapped<'_>, n_items: usize, mean: f32) -> Self {
        let base = math::logit(mean);
        let mut item_count = vec![(0.0_f32, 0.0_f32); n_items];
        for who in 0..log.learners() {
            let (mut ability, mut n) = (0.0, 0.0);
            log.rows(who, |item, _, right| {
                let (difficulty, seen) = &mut item_count[item as usize];
                let p = math::logistic(base + ability - *difficulty);
                let error = if right { 1.0 - p } else { -p };
                *difficulty -= elo_step(*seen) * error;
                *seen += 1.0;
                ability += elo_step(n) * error;
                n += 1.0;
            });
        }
        Self {
            base,
            item: item_count
                .into_iter()
                .map(|(difficulty, _)| difficulty)
                .collect(),
        }
    }

    fn predict(&self, log: &Mapped<'_>) -> Vec<f32> {
        log.predict(
            || (0.0, 0.0),
            |state| *state = (0.0, 0.0),
            |(ability, n), item, _, right| {
                let difficulty = self.item.get(item as usize).copied().unwrap_or(0.0);
                let p = math::logistic(self.base + *ability - difficulty);
                *ability += elo_step(*n) * if right { 1.0 - p } else { -p };
                *n += 1.0;
                p
            },
        )
    }
}

/// A learner's counts of right and wrong answers.
struct Counts {
    skill: Vec<(u32, u32)>,
    touched: Vec<u32>,
    total: (u32, u32),
}

impl Counts {
    fn new(n_skills: usize) -> Self {
        Self {
            skill: vec![(0, 0); n_skills],
            touched: Vec::new(),
            total: (0, 0),
        }
    }

    fn reset(&mut self) {
        for skill in self.touched.drain(..) {
            self.skill[skill as usize] = (0, 0);
        }
        self.total = (0, 0);
    }

    fn add(&mut self, skills: &[u32], right: bool) {
        let add = |count: &mut (u32, u32)| {
            if right {
                count.0 += 1;
            } else {
                count.1 += 1;
            }
        };
        for &skill in skills {
            let count = &mut self.skill[skill as usize];
            if *count == (0, 0) {
                self.touched.push(skill);
            }
            add(count);
        }
        add(&mut self.total);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    Pfa,
    BestLr,
}

impl Kind {
    /// What values are whole multiples of: PFA's are counts, Best-LR's their logarithms.
    fn quantum(self) -> f32 {
        match self {
            Self::Pfa => 1.0,
            Self::BestLr => 1.0 / 2048.0,
        }
    }

    fn slots(self, skills: usize, items: usize) -> usize {
        match self {
            Self::Pfa => 3 * skills,
            Self::BestLr => 3 * skills + items + 2,
        }
    }
}

/// A logistic regression on counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Additive {
    kind: Kind,
    skills: u32,
    bias: f32,
    /// Three weights a skill; Best-LR then has two for the totals and one an item.
    tables: Vec<f32>,
}

impl Additive {
    fn fit(
        kind: Kind,
        log: &Mapped<'_>,
        skills: usize,
        items: usize,
        workspace: &Workspace<'_>,
    ) -> io::Result<Self> {
        let n = log.learners();
        let shards: Vec<Shard<'_>> = (0..SHARDS)
            .into_par_iter()
            .map(|shard| {
                let mut rows = workspace.shard(0, kind.quantum());
                let mut written = Ok(());
                let mut counts = Counts::new(log.n_skills);
                for who in n * shard / SHARDS..n * (shard + 1) / SHARDS {
                    counts.reset();
                    log.rows(who, |item, set, right| {
                        terms(kind, skills as u32, &counts, item, set, |slot, value| {
                            rows.push_term(slot, value);
                        });
                        if written.is_ok() {
                            written = rows.end_row(right);
                        }
                        counts.add(set, right);
                    });
                }
                written.map(|()| rows)
            })
            .collect::<io::Result<_>>()?;
        let options = Options {
            iterations: 150,
            improvement: 1e-7,
            gradient: 1e-3,
            ..Options::default()
        };
        let penalty = vec![1.0; kind.slots(skills, items)];
        let mut design = Design::new(shards, 0)?;
        let squares = design.squares(penalty.len())?;
        let Fitted { bias, tables, .. } =
            design.fit(&penalty, &squares, None, &options, |_, _| ())?;
        Ok(Self {
            kind,
            skills: skills as u32,
            bias,
            tables,
        })
    }

    fn logit(&self, counts: &Counts, item: u32, skills: &[u32]) -> f32 {
        let mut sum = self.bias;
        terms(
            self.kind,
            self.skills,
            counts,
            item,
            skills,
            |slot, value| {
                sum += self.tables.get(slot as usize).map_or(0.0, |w| w * value);
            },
        );
        sum
    }
}

fn terms(
    kind: Kind,
    n_skills: u32,
    counts: &Counts,
    item: u32,
    skills: &[u32],
    mut visit: impl FnMut(u32, f32),
) {
    let log1p = |n: u32| math::ln((1 + n) as f32);
    for &skill in skills.iter().filter(|&&skill| skill < n_skills) {
        let (right, wrong) = counts.skill[skill as usize];
        visit(3 * skill, 1.0);
        match kind {
            Kind::Pfa => {
                visit(3 * skill + 1, right as f32);
                visit(3 * skill + 2, wrong as f32);
            }
            Kind::BestLr => {
                visit(3 * skill + 1, log1p(right + wrong));
                visit(3 * skill + 2, log1p(right));
            }
        }
    }
    if kind == Kind::BestLr {
        let (right, wrong) = counts.total;
        visit(3 * n_skills, log1p(right + wrong));
        visit(3 * n_skills + 1, log1p(right));
        visit((3 * n_skills + 2).saturating_add(item), 1.0);
    }
}
