//! The comparison: every policy on the same worlds, the same pupils and the same minutes.
//!
//! Gains are class means over the class's own result under the fixed pacing guide, in SD of all pupils' end test
//! under that guide; intervals come from the spread of those gains over classes (Student's t).

use paceline::Bank;
use paceline::strategy::{Strategies, Strategy};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::SimError;
use crate::calendar::Calendar;
use crate::curriculum::Curriculum;
use crate::draws::Purpose;
use crate::engine::EngineTeacher;
use crate::fitted::Fitted;
use crate::math;
use crate::policy::Baseline;
use crate::term::{self, Class, Oracle, Separately, Teacher};
use crate::world::{Family, Variant, World};

/// Who teaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PolicyKind {
    /// A policy without a model of the learner.
    Baseline(Baseline),
    /// The engine, with these strategies.
    Engine(Strategies),
    /// The engine, told a graph of which six in ten edges are wrong.
    EngineWrongGraph,
    /// Sees the true state; greedy, so not a bound.
    Oracle,
}

impl PolicyKind {
    /// The name used in output and on the command line.
    pub fn name(self) -> String {
        match self {
            PolicyKind::Baseline(baseline) => baseline.name().to_owned(),
            PolicyKind::Engine(strategies) => engine_name(strategies),
            PolicyKind::EngineWrongGraph => "engine-wrong-graph".to_owned(),
            PolicyKind::Oracle => "oracle".to_owned(),
        }
    }

    /// Every policy that has a name of its own: the engine, with each strategy turned, the baselines, the oracle.
    pub fn all() -> Vec<PolicyKind> {
        let standard = Strategies::default();
        let turned = Strategy::ALL.map(|strategy| {
            PolicyKind::Engine(if standard.has(strategy) {
                standard.without(strategy)
            } else {
                standard.with(strategy)
            })
        });
        std::iter::once(PolicyKind::Engine(standard))
            .chain(turned)
            .chain(Baseline::ALL.map(PolicyKind::Baseline))
            .chain([PolicyKind::EngineWrongGraph, PolicyKind::Oracle])
            .collect()
    }

    /// The teacher of a class under this policy.
    pub(crate) fn start<'a>(
        self,
        class: Class<'a>,
        bank: &Arc<Bank>,
    ) -> Result<Box<dyn Teacher + 'a>, SimError> {
        let Class {
            world,
            curriculum,
            calendar,
            ..
        } = class;
        let seed = world.draws.bits(Purpose::PolicyChoice, 1, 0);
        Ok(match self {
            PolicyKind::Baseline(baseline) => Box::new(Separately::new(move |pupil| {
                let draws = term::policy_draws(world, class.seat(pupil));
                baseline.start(curriculum, calendar, draws)
            })),
            PolicyKind::Engine(strategies) => {
                let bank = bank.clone();
                Box::new(EngineTeacher::new(
                    bank, curriculum, calendar, strategies, seed,
                )?)
            }
            PolicyKind::EngineWrongGraph => {
                let bank = Arc::new(curriculum.misdrawn(WRONG_GRAPH, seed).bank()?);
                let strategies = Strategies::default();
                Box::new(EngineTeacher::new(
                    bank, curriculum, calendar, strategies, seed,
                )?)
            }
            PolicyKind::Oracle => Box::new(Oracle::new(curriculum, calendar)),
        })
    }
}

/// `engine` by default; then what is off after a minus and what is on after a plus: `engine-spacing`.
fn engine_name(strategies: Strategies) -> String {
    let mut name = "engine".to_owned();
    for strategy in Strategy::ALL {
        match (
            Strategies::default().has(strategy),
            strategies.has(strategy),
        ) {
            (true, false) => name += &format!("-{}", strategy.name()),
            (false, true) => name += &format!("+{}", strategy.name()),
            _ => {}
        }
    }
    name
}

/// What to compare.
#[derive(Clone, Debug)]
pub struct Config {
    /// Every random number follows from this.
    pub seed: u64,
    /// Classes in each cell; each lives in a world of its own.
    pub classes: u32,
    /// Pupils in a class.
    pub pupils: u32,
    /// The term.
    pub calendar: Calendar,
    /// Families of students.
    pub families: Vec<Family>,
    /// Variants of each family's worlds.
    pub variants: Vec<Variant>,
    /// What the pupils of [`Family::Fitted`] are made from.
    pub fitted: Fitted,
    /// The bank that the engine teaches from; the curriculum's own where none is given.
    pub bank: Option<Arc<Bank>>,
    /// Policies; the fixed pacing guide is always run, since gains are counted from it.
    pub policies: Vec<PolicyKind>,
}

impl Default for Config {
    /// Twenty classes of thirty in each plain family: the engine, all baselines and the oracle.
    fn default() -> Self {
        let baselines = Baseline::ALL.map(PolicyKind::Baseline);
        Self {
            seed: 1,
            classes: 20,
            pupils: 30,
            calendar: Calendar::default(),
            families: Family::ALL.to_vec(),
            variants: vec![Variant::Plain],
            fitted: Fitted::default(),
            bank: None,
            policies: [PolicyKind::Engine(Strategies::default())]
                .into_iter()
                .chain(baselines)
                .chain([PolicyKind::Oracle])
                .collect(),
        }
    }
}

/// How far a comparison is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Classes taught so far, counting each policy.
    pub done: usize,
    /// Classes to teach in all.
    pub total: usize,
}

/// The comparison as it is printed in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Version of this format: 1.
    pub format: u32,
    /// The seed of every random number.
    pub seed: u64,
    /// Worlds in each family and variant: one a class.
    pub worlds: u32,
    /// One row a family, variant and policy.
    pub rows: Vec<Row>,
}

/// One policy in one family and variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Family of students.
    pub family: String,
    /// Variant of its worlds.
    pub variant: String,
    /// Who taught.
    pub policy: String,
    /// Gain over fixed pacing on the test at the end of the term, in SD of that test under fixed pacing.
    pub gain_sd: f64,
    /// Lower end of its 95 % interval.
    pub gain_sd_low: f64,
    /// Upper end of its 95 % interval.
    pub gain_sd_high: f64,
    /// The same on the delayed test.
    pub delayed_sd: f64,
    /// Lower end of its 95 % interval.
    pub delayed_sd_low: f64,
    /// Upper end of its 95 % interval.
    pub delayed_sd_high: f64,
    /// Minutes worked per pupil.
    pub minutes: f64,
}

/// What a report draws of one policy beside its row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Family of students.
    pub family: String,
    /// Variant of its worlds.
    pub variant: String,
    /// Who taught.
    pub policy: String,
    /// Mean probability of knowing a skill of the scope at each week's end, from the first.
    pub weekly_known: Vec<f64>,
    /// Gain over fixed pacing by fifth of the pre-test within the class, lowest first, in SD: mean, low, high.
    pub quintiles: Vec<(f64, f64, f64)>,
    /// Mean shares right: before, at the end, delayed.
    pub shares: [f64; 3],
    /// Activities per pupil.
    pub activities: f64,
    /// Gain of each class in SD, lowest first.
    pub classes: Vec<f64>,
}

/// A comparison with the figures of its report.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// The table.
    pub comparison: Comparison,
    /// One figure a row, in the same order.
    pub figures: Vec<Figure>,
    /// The engine beside each other policy but the oracle, in the order of the rows.
    pub leads: Vec<Lead>,
}

/// How far the engine is ahead of another policy, by the same classes under both: mean and 95 % interval, SD.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lead {
    /// Family of students.
    pub family: String,
    /// Variant of its worlds.
    pub variant: String,
    /// The other policy.
    pub policy: String,
    /// On the test at the end of the term.
    pub end: (f64, f64, f64),
    /// On the delayed test.
    pub delayed: (f64, f64, f64),
}

/// Share of wrong edges in the graph that [`PolicyKind::EngineWrongGraph`] is told.
const WRONG_GRAPH: f64 = 0.6;

/// One class under one policy.
#[derive(Clone, Copy)]
struct Job {
    family: Family,
    variant: Variant,
    policy: PolicyKind,
    class: u32,
}

/// Runs the comparison on all threads of the current rayon pool; `progress` may be called from any of them.
///
/// The same config gives the same result on any number of threads.
///
/// # Errors
///
/// [`SimError::Empty`] where there is nothing to compare.
pub fn compare(
    curriculum: &Curriculum,
    config: &Config,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Study, SimError> {
    check(curriculum, config)?;
    let fixed = PolicyKind::Baseline(Baseline::Fixed);
    let mut policies = vec![fixed];
    policies.extend(
        config
            .policies
            .iter()
            .copied()
            .filter(|&policy| policy != fixed),
    );
    let mut jobs = Vec::new();
    for &family in &config.families {
        for &variant in &config.variants {
            for &policy in &policies {
                jobs.extend((0..config.classes).map(|class| Job {
                    family,
                    variant,
                    policy,
                    class,
                }));
            }
        }
    }
    let bank = match &config.bank {
        Some(bank) => bank.clone(),
        None => Arc::new(curriculum.bank()?),
    };
    let done = AtomicUsize::new(0);
    let total = jobs.len();
    let results: Vec<Vec<term::Outcome>> = jobs
        .par_iter()
        .map(|&job| {
            let results = teach(curriculum, &bank, config, job)?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            progress(Progress { done, total });
            Ok(results)
        })
        .collect::<Result<_, SimError>>()?;

    let classes = config.classes as usize;
    let mut rows = Vec::new();
    let mut figures = Vec::new();
    let mut leads = Vec::new();
    let cells = jobs
        .chunks(classes * policies.len())
        .zip(results.chunks(classes * policies.len()));
    for (jobs, results) in cells {
        let control = &results[..classes];
        let sd = spread(control.iter().flatten().map(|result| result.post()));
        leads.extend(leads_of(jobs, results, classes, sd));
        for (jobs, results) in jobs.chunks(classes).zip(results.chunks(classes)) {
            let cell = Cell {
                control,
                results,
                sd,
            };
            rows.push(cell.row(jobs[0]));
            figures.push(cell.figure(jobs[0]));
        }
    }
    let comparison = Comparison {
        format: 1,
        seed: config.seed,
        worlds: config.classes,
        rows,
    };
    Ok(Study {
        comparison,
        figures,
        leads,
    })
}

/// The engine, all strategies at their defaults, beside each other policy of one cell but the oracle.
fn leads_of(jobs: &[Job], results: &[Vec<term::Outcome>], classes: usize, sd: f64) -> Vec<Lead> {
    let engine = PolicyKind::Engine(Strategies::default());
    let policies = || jobs.chunks(classes).zip(results.chunks(classes));
    let Some((_, taught)) = policies().find(|(jobs, _)| jobs[0].policy == engine) else {
        return Vec::new();
    };
    let lead = |(jobs, other): (&[Job], &[Vec<term::Outcome>])| {
        let beside = Cell {
            control: other,
            results: taught,
            sd,
        };
        Lead {
            family: jobs[0].family.name().to_owned(),
            variant: jobs[0].variant.name().to_owned(),
            policy: jobs[0].policy.name(),
            end: interval(&beside.gains(term::Outcome::post)),
            delayed: interval(&beside.gains(|result| result.delayed)),
        }
    };
    policies()
        .filter(|(jobs, _)| ![engine, PolicyKind::Oracle].contains(&jobs[0].policy))
        .map(lead)
        .collect()
}

fn check(curriculum: &Curriculum, config: &Config) -> Result<(), SimError> {
    let empty = [
        ("skills", curriculum.skills.is_empty()),
        ("themes", curriculum.themes.is_empty()),
        ("classes", config.classes == 0),
        ("pupils", config.pupils == 0),
        ("families", config.families.is_empty()),
        ("variants", config.variants.is_empty()),
    ];
    if !config.calendar.is_valid() {
        return Err(SimError::Calendar {
            found: config.calendar,
        });
    }
    match empty.iter().find(|(_, is_empty)| *is_empty) {
        Some(&(what, _)) => Err(SimError::Empty { what }),
        None => Ok(()),
    }
}

fn teach(
    curriculum: &Curriculum,
    bank: &Arc<Bank>,
    config: &Config,
    job: Job,
) -> Result<Vec<term::Outcome>, SimError> {
    let mut world = World::draw(job.family, job.variant, config.seed, job.class, curriculum);
    world.fitted = config.fitted;
    let class = Class {
        world: &world,
        curriculum,
        calendar: &config.calendar,
        school: job.class,
        class: job.class,
        pupils: config.pupils,
        log_pupils: 0,
    };
    class.run(job.policy.start(class, bank)?.as_mut())
}

/// One policy's classes beside the same classes under fixed pacing.
struct Cell<'a> {
    control: &'a [Vec<term::Outcome>],
    results: &'a [Vec<term::Outcome>],
    sd: f64,
}

impl Cell<'_> {
    fn row(&self, job: Job) -> Row {
        let gain = interval(&self.gains(|result| result.post()));
        let delayed = interval(&self.gains(|result| result.delayed));
        Row {
            family: job.family.name().to_owned(),
            variant: job.variant.name().to_owned(),
            policy: job.policy.name(),
            gain_sd: gain.0,
            gain_sd_low: gain.1,
            gain_sd_high: gain.2,
            delayed_sd: delayed.0,
            delayed_sd_low: delayed.1,
            delayed_sd_high: delayed.2,
            minutes: self.mean(|result| result.minutes),
        }
    }

    fn figure(&self, job: Job) -> Figure {
        let weeks = self.results[0][0].weekly.len();
        let mut classes = self.gains(|result| result.post());
        classes.sort_by(f64::total_cmp);
        Figure {
            family: job.family.name().to_owned(),
            variant: job.variant.name().to_owned(),
            policy: job.policy.name(),
            weekly_known: (0..weeks)
                .map(|week| self.mean(|result| result.weekly[week]))
                .collect(),
            quintiles: (0..5)
                .map(|fifth| interval(&self.gains_of_fifth(fifth)))
                .collect(),
            shares: [
                self.mean(|result| result.pre()),
                self.mean(|result| result.post()),
                self.mean(|result| result.delayed),
            ],
            activities: self.mean(|result| f64::from(result.activities)),
            classes,
        }
    }

    /// Each class's mean gain in SD.
    fn gains(&self, score: impl Fn(&term::Outcome) -> f64) -> Vec<f64> {
        let gain = |(class, control): (&Vec<term::Outcome>, &Vec<term::Outcome>)| {
            (mean(class.iter().map(&score)) - mean(control.iter().map(&score))) / self.sd
        };
        self.results.iter().zip(self.control).map(gain).collect()
    }

    /// Each class's mean gain in SD among the pupils of one fifth of the pre-test, ties by number.
    fn gains_of_fifth(&self, fifth: usize) -> Vec<f64> {
        let gain = |(class, control): (&Vec<term::Outcome>, &Vec<term::Outcome>)| {
            let mut order: Vec<usize> = (0..class.len()).collect();
            order.sort_by(|&a, &b| class[a].pre().total_cmp(&class[b].pre()));
            let n = order.len();
            let members = &order[fifth * n / 5..(fifth + 1) * n / 5];
            mean(members.iter().map(|&i| class[i].post() - control[i].post())) / self.sd
        };
        self.results.iter().zip(self.control).map(gain).collect()
    }

    fn mean(&self, value: impl Fn(&term::Outcome) -> f64) -> f64 {
        mean(self.results.iter().flatten().map(value))
    }
}

pub(crate) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for value in values {
        sum += value;
        n += 1.0;
    }
    if n > 0.0 { sum / n } else { 0.0 }
}

/// Sample SD; 1 where all values are equal, so that quotients stay finite.
pub(crate) fn spread(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let centre = mean(values.clone());
    let n = values.clone().count();
    let squares: f64 = values
        .map(|value| (value - centre) * (value - centre))
        .sum();
    if n > 1 && squares > 0.0 {
        libm::sqrt(squares / (n - 1) as f64)
    } else {
        1.0
    }
}

/// Mean and 95 % interval by Student's t; the interval is the mean itself where there is one value.
pub(crate) fn interval(values: &[f64]) -> (f64, f64, f64) {
    let centre = mean(values.iter().copied());
    if values.len() < 2 {
        return (centre, centre, centre);
    }
    let squares: f64 = values
        .iter()
        .map(|value| (value - centre) * (value - centre))
        .sum();
    let n = values.len();
    let half = math::t_95(n - 1) * libm::sqrt(squares / (n - 1) as f64 / n as f64);
    (centre, centre - half, centre + half)
}

#[cfg(test)]
mod tests;
