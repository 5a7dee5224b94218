//! Calibration: item parameters from a log of answers, by marginal maximum likelihood
//! (Bock & Aitkin 1981) with beliefs that the items themselves bear out (Mislevy 1986).
//!
//! 1. Answers are sparse triples, laid out once by learner: memory grows with the log, never with items
//!    times learners.
//! 2. The E-step computes each learner's posterior over a grid of abilities and adds it to the expected
//!    counts of the scores that the learner got, ranges of learners in parallel.
//! 3. The M-step moves each item by one scoring step on its counts, items in parallel.
//! 4. Every third cycle extrapolates. Every sum has a fixed order, so the result does not depend on the
//!    number of threads.
//! 5. Standard errors come from the outer products of each item's scores (its own block) and its beliefs.

use std::collections::BTreeMap;

use paceline_core::math::wide::{exp, ln, sqrt};
use serde::{Deserialize, Serialize};

use crate::ability::Ability;
use crate::irt::{Curve, GradedCurve, GradedModel};

mod answers;
mod maximise;
mod report;
mod shape;
mod sweep;
#[cfg(test)]
mod tests;

pub use answers::{Answer, AnswerLog, Answers};
pub use report::{FitPoint, ItemEstimate};

use maximise::{Pull, Step, learn, step_all};
use shape::{Role, Shape};
use sweep::{Grid, LANES, Sweeper};

/// The most items that a log may name.
pub const MAX_ITEMS: usize = 1 << 28;
/// The highest score of a graded item.
pub const MAX_SCORE: u8 = 15;

/// Why answers or options were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrateError {
    /// More than 32-bit indexes can count.
    #[error("{answers} answers to {items} items, wanted fewer than 2^32 and at most 2^28")]
    TooMany {
        /// How many answers.
        answers: usize,
        /// How many items.
        items: usize,
    },
    /// A learner, item or score beyond what can be packed.
    #[error("answer {row} names {what} {found}, wanted below {limit}")]
    OutOfRange {
        /// The answer's place.
        row: usize,
        /// `learner`, `item` or `score`.
        what: &'static str,
        /// What was found.
        found: usize,
        /// What it must stay below.
        limit: usize,
    },
    /// An anchor or a known item that is no item of the log.
    #[error("{what} {item}, wanted below {n_items}")]
    UnknownItem {
        /// `anchor for item` or `belief about item`.
        what: &'static str,
        /// The item.
        item: u32,
        /// How many items there are.
        n_items: usize,
    },
    /// An anchor whose curve does not fit its item's answers, or is no curve.
    #[error(
        "the anchor of item {item} is for scores up to {anchored} with finite parameters and a > 0, wanted up to {wanted}"
    )]
    BadAnchor {
        /// The anchor's item.
        item: u32,
        /// The highest score of the anchor's curve.
        anchored: usize,
        /// The highest score of the item in the log.
        wanted: usize,
    },
}

/// Which parameters of right-or-wrong items are estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Model {
    /// Difficulties, with discrimination 1 and the abilities' variance free (Rasch).
    OneParameter,
    /// Difficulties and discriminations, with the abilities' variance 1.
    TwoParameter,
    /// Guessing as well.
    ThreeParameter,
    /// Slipping as well.
    FourParameter,
}

/// A normal distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normal {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation; positive.
    pub sd: f64,
}

/// What is believed of items before any answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beliefs {
    /// Difficulties and thresholds, in logits.
    pub threshold: Normal,
    /// ln a.
    pub log_discrimination: Normal,
    /// logit c.
    pub guess_logit: Normal,
    /// logit d.
    pub slip_logit: Normal,
}

impl Default for Beliefs {
    /// Weak: difficulties within a few logits, a about a factor of 1.6 around 1, c near .2, d near .95.
    fn default() -> Self {
        let normal = |mean, sd| Normal { mean, sd };
        Self {
            threshold: normal(0.0, 2.0),
            log_discrimination: normal(0.0, 0.5),
            guess_logit: normal(-1.386, 0.5),
            slip_logit: normal(2.944, 0.5),
        }
    }
}

impl Beliefs {
    fn of(&self, role: Role) -> Normal {
        match role {
            Role::Threshold => self.threshold,
            Role::LogDiscrimination => self.log_discrimination,
            Role::GuessLogit => self.guess_logit,
            Role::SlipLogit => self.slip_logit,
        }
    }
}

/// What is known of one item from other answers than those to come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemBelief {
    /// Its difficulty, or each of its thresholds, in logits.
    pub threshold: Normal,
    /// Its ln a.
    pub log_discrimination: Normal,
}

impl ItemBelief {
    /// An earlier estimate as a belief, with errors of at least .01 and at most 10.
    ///
    /// The errors of a and b are taken as independent. `None` where it is no estimate of an item.
    pub fn of_estimate(estimate: &ItemEstimate) -> Option<Self> {
        let (a, b) = (estimate.a, estimate.b);
        let is_one = a > 0.0 && ln(a).is_finite() && b.is_finite();
        let sd = |error: f64| error.clamp(0.01, 10.0);
        let has_errors = !(estimate.se_a.is_nan() || estimate.se_b.is_nan());
        (is_one && has_errors).then(|| Self {
            threshold: Normal {
                mean: b,
                sd: sd(estimate.se_b),
            },
            log_discrimination: Normal {
                mean: ln(a),
                sd: sd(estimate.se_a / a),
            },
        })
    }
}

/// How items' estimates are held within reason.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Priors {
    /// Not at all: plain maximum likelihood.
    Off,
    /// By these beliefs.
    Fixed(Beliefs),
    /// By beliefs that start here and take the mean and spread of thresholds and ln a from the items.
    Learned(Beliefs),
}

impl Priors {
    fn start(&self) -> Option<Beliefs> {
        match self {
            Self::Off => None,
            Self::Fixed(beliefs) | Self::Learned(beliefs) => Some(*beliefs),
        }
    }
}

/// A known item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ItemCurve {
    /// Scores 0 and 1.
    RightOrWrong(Curve),
    /// Scores 0 and up.
    Graded(GradedCurve),
}

/// How to calibrate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// The model of items with scores 0 and 1.
    pub model: Model,
    /// The model of items with more scores.
    pub graded: GradedModel,
    /// What holds estimates within reason.
    pub priors: Priors,
    /// Items whose parameters are known and stay: the others, and the abilities' mean and variance, are put on their scale.
    pub anchors: BTreeMap<u32, ItemCurve>,
    /// Items of which something is known: it replaces what is believed of all, and answers move it. On the scale of
    /// the abilities, or of the anchors where there are some.
    pub known: BTreeMap<u32, ItemBelief>,
    /// Points of the ability grid, rounded up to a multiple of 24; `None` follows the answers a learner gave.
    pub nodes: Option<usize>,
    /// The most EM cycles.
    pub max_cycles: usize,
    /// Stops when no item moves by more, in its standard errors.
    pub tolerance: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            model: Model::TwoParameter,
            graded: GradedModel::GradedResponse,
            priors: Priors::Learned(Beliefs::default()),
            anchors: BTreeMap::new(),
            known: BTreeMap::new(),
            nodes: None,
            max_cycles: 500,
            tolerance: 0.01,
        }
    }
}

/// One EM cycle, as it is reported while calibration runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cycle {
    /// Its number, from 1.
    pub cycle: usize,
    /// The marginal log likelihood at its start, without priors.
    pub log_likelihood: f64,
    /// The largest move of an item, in its standard errors; calibration ends below the tolerance.
    pub last_change: f64,
}

/// The abilities' distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Population {
    /// Mean, in logits.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
}

impl Population {
    /// The population as it is found where beliefs do not pull at its scale.
    fn without(self, pull: Pull) -> Self {
        Self {
            mean: self.mean + pull.shift,
            sd: self.sd * exp(-pull.stretch),
        }
    }
}

/// What calibration found, and whether it had come to rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// By item index.
    pub items: Vec<ItemEstimate>,
    /// Posterior mean and standard deviation by learner index.
    pub abilities: Vec<Ability>,
    /// The abilities' distribution.
    pub population: Population,
    /// The beliefs in the end; `None` with priors off.
    pub beliefs: Option<Beliefs>,
    /// The marginal log likelihood, without priors.
    pub log_likelihood: f64,
    /// EM cycles taken.
    pub cycles: usize,
    /// The last cycle's largest move of an item, in its standard errors.
    pub last_change: f64,
    /// Whether that is within the tolerance.
    pub converged: bool,
}

/// Estimates item parameters; `report` hears of every cycle.
///
/// # Errors
///
/// [`CalibrateError`] for an anchor that does not fit the answers.
pub fn calibrate(
    answers: &Answers,
    options: &Options,
    report: &mut dyn FnMut(Cycle),
) -> Result<Calibration, CalibrateError> {
    let items = Items::new(answers, options)?;
    Ok(Run::new(answers, options, items).finish(report))
}

/// All items' parameters in one vector.
pub(crate) struct Items {
    shapes: Vec<Shape>,
    is_fixed: Vec<bool>,
    /// Shape: `[n_items + 1]` into `parameters`.
    starts: Vec<usize>,
    /// Shape: `[n_items + 1]`: pairs of free parameters before the item's.
    pairs: Vec<usize>,
    parameters: Vec<f64>,
    /// Shape: `[n_items]`.
    n_answers: Vec<u32>,
    known: BTreeMap<u32, ItemBelief>,
}

impl Items {
    fn new(answers: &Answers, options: &Options) -> Result<Self, CalibrateError> {
        let n_items = answers.n_items();
        let first = n_items as u32;
        let beyond = [
            (
                "anchor for item",
                options.anchors.range(first..).next().map(|(item, _)| *item),
            ),
            (
                "belief about item",
                options.known.range(first..).next().map(|(item, _)| *item),
            ),
        ];
        if let Some((what, item)) = beyond
            .into_iter()
            .find_map(|(what, item)| Some((what, item?)))
        {
            return Err(CalibrateError::UnknownItem {
                what,
                item,
                n_items,
            });
        }
        let by_row = answers.by_row();
        let mut items = Self {
            shapes: Vec::with_capacity(n_items),
            is_fixed: Vec::with_capacity(n_items),
            starts: vec![0],
            pairs: vec![0],
            parameters: Vec::new(),
            n_answers: Vec::with_capacity(n_items),
            known: options.known.clone(),
        };
        for (item, ends) in (0..).zip(answers.first_rows().windows(2)) {
            let counts = &by_row[ends[0] as usize..ends[1] as usize];
            items.n_answers.push(counts.iter().sum());
            match options.anchors.get(&item) {
                Some(curve) => items.push_anchor(item, curve, counts.len())?,
                None => {
                    let shape = Shape::new(options.model, options.graded, counts.len());
                    let first = shape.first_guess(counts);
                    items.push(shape, first, Hold::Free);
                }
            }
        }
        Ok(items)
    }

    fn push(&mut self, shape: Shape, parameters: Vec<f64>, hold: Hold) {
        let k = match hold {
            Hold::Free => shape.n_parameters(),
            Hold::Fixed => 0,
        };
        self.pairs
            .push(self.pairs[self.shapes.len()] + k * (k + 1) / 2);
        self.parameters.extend(parameters);
        self.starts.push(self.parameters.len());
        self.is_fixed.push(matches!(hold, Hold::Fixed));
        self.shapes.push(shape);
    }

    fn push_anchor(
        &mut self,
        item: u32,
        curve: &ItemCurve,
        n_scores: usize,
    ) -> Result<(), CalibrateError> {
        let (shape, parameters) = Shape::of_curve(curve);
        if shape.n_scores() != n_scores || parameters.iter().any(|x| !x.is_finite()) {
            return Err(CalibrateError::BadAnchor {
                item,
                anchored: shape.n_thresholds,
                wanted: n_scores - 1,
            });
        }
        self.push(shape, parameters, Hold::Fixed);
        Ok(())
    }

    /// Puts free items on the scale on which the population found is standard normal.
    ///
    /// Without it the scale is what EM finds last (parameter expansion, Liu, Rubin & Wu 1998).
    fn rescale(&mut self, found: Population) {
        for item in (0..self.len()).filter(|&item| !self.is_fixed[item]) {
            let own = &mut self.parameters[self.starts[item]..self.starts[item + 1]];
            for (x, role) in own.iter_mut().zip(self.shapes[item].roles()) {
                match role {
                    Role::Threshold => *x = (*x - found.mean) / found.sd,
                    Role::LogDiscrimination => *x += ln(found.sd),
                    Role::GuessLogit | Role::SlipLogit => {}
                }
                let (low, high, _) = role.bounds();
                *x = x.clamp(low, high);
            }
        }
    }

    /// The largest move of an item, in its standard errors.
    fn moved(&self, before: &[f64], steps: &[Step]) -> f64 {
        let moved = |(item, step): (usize, &Step)| {
            let own = self.starts[item]..self.starts[item + 1];
            let change = self.parameters[own.clone()].iter().zip(&before[own]);
            step.length(&change.map(|(to, from)| to - from).collect::<Vec<f64>>())
        };
        steps.iter().enumerate().map(moved).fold(0.0, f64::max)
    }

    fn len(&self) -> usize {
        self.shapes.len()
    }

    fn shape(&self, item: usize) -> &Shape {
        &self.shapes[item]
    }

    fn own(&self, item: usize) -> &[f64] {
        &self.parameters[self.starts[item]..self.starts[item + 1]]
    }

    fn n_free(&self, item: usize) -> usize {
        if self.is_fixed[item] {
            0
        } else {
            self.own(item).len()
        }
    }

    /// What is believed of an item's parameter; `None` where nothing is.
    fn belief(&self, item: usize, role: Role, of_all: Option<&Beliefs>) -> Option<Normal> {
        let own = self.known.get(&(item as u32)).and_then(|own| match role {
            Role::Threshold => Some(own.threshold),
            Role::LogDiscrimination => Some(own.log_discrimination),
            Role::GuessLogit | Role::SlipLogit => None,
        });
        own.or_else(|| Some(of_all?.of(role)))
    }

    fn pairs_start(&self, item: usize) -> usize {
        self.pairs[item]
    }

    fn n_pairs(&self) -> usize {
        self.pairs[self.len()]
    }
}

enum Hold {
    Free,
    Fixed,
}

/// A calibration under way.
struct Run<'a> {
    answers: &'a Answers,
    options: &'a Options,
    grid: Grid,
    items: Items,
    population: Population,
    beliefs: Option<Beliefs>,
    /// The last cycles' states, for extrapolation.
    history: Vec<Vec<f64>>,
    /// The state before a leap, and the log likelihood a cycle before it.
    footing: Option<(Vec<f64>, f64)>,
}

impl<'a> Run<'a> {
    fn new(answers: &'a Answers, options: &'a Options, items: Items) -> Self {
        let is_scaled = options.model == Model::OneParameter || !options.anchors.is_empty();
        // A free population may be wide, or lie off 0.
        let reach = if is_scaled { 8.0 } else { 5.0 };
        // Nodes 1.7 posterior deviations apart sum a normal density to 1e-3.
        let deviation = 1.0 / sqrt(1.0 + 0.2 * answers.usual_length());
        let nodes = options
            .nodes
            .unwrap_or((2.0 * reach / (1.7 * deviation)) as usize);
        Self {
            answers,
            options,
            grid: Grid::new(nodes.clamp(LANES, 10 * LANES), reach),
            items,
            population: Population { mean: 0.0, sd: 1.0 },
            beliefs: options.priors.start(),
            history: Vec::new(),
            footing: None,
        }
    }

    fn finish(mut self, report: &mut dyn FnMut(Cycle)) -> Calibration {
        let grid = Grid {
            nodes: self.grid.nodes.clone(),
        };
        let mut sweeper = Sweeper::new(self.answers, &grid);
        let (mut cycle, mut last_change) = (0, f64::INFINITY);
        while cycle < self.options.max_cycles && last_change > self.options.tolerance {
            cycle += 1;
            let log_likelihood;
            (log_likelihood, last_change) = self.cycle(&mut sweeper);
            report(Cycle {
                cycle,
                log_likelihood,
                last_change,
            });
        }
        let swept = sweeper.expect(&self.items, self.population);
        let fits = report::fits(&self.items, self.answers, sweeper.counts(), &grid.nodes);
        let (abilities, products) = sweeper.inform(&self.items, self.population);
        Calibration {
            items: report::estimates(&self.items, &products, self.beliefs.as_ref(), fits),
            abilities,
            population: self.population,
            beliefs: self.beliefs,
            log_likelihood: swept.log_likelihood,
            cycles: cycle,
            last_change,
            converged: last_change <= self.options.tolerance,
        }
    }

    /// One cycle; the log likelihood before it and the largest move.
    fn cycle(&mut self, sweeper: &mut Sweeper) -> (f64, f64) {
        let mut swept = sweeper.expect(&self.items, self.population);
        if let Some((state, floor)) = self.footing.take()
            && swept.log_likelihood < floor
        {
            self.put_state(&state);
            swept = sweeper.expect(&self.items, self.population);
        }
        let steps = step_all(
            &self.items,
            self.answers.first_rows(),
            sweeper.counts(),
            &self.grid.nodes,
            self.beliefs.as_ref(),
        );
        let before = self.items.parameters.clone();
        if let (Priors::Learned(start), Some(now)) = (&self.options.priors, &self.beliefs) {
            self.beliefs = Some(learn(&self.items, &steps, start, now));
        }
        self.take(&steps);
        let next = self.freed(swept.population);
        if !self.is_scaled() {
            self.items
                .rescale(swept.population.without(Pull::of(&steps)));
        }
        let mut change = self.items.moved(&before, &steps);
        let n = sqrt(self.answers.n_learners().max(1) as f64);
        change = change.max((next.mean - self.population.mean).abs() * n);
        change = change.max((next.sd - self.population.sd).abs() * n);
        self.population = next;
        self.extrapolate(swept.log_likelihood);
        (swept.log_likelihood, change)
    }

    fn take(&mut self, steps: &[Step]) {
        for (item, step) in steps.iter().enumerate() {
            if self.items.n_free(item) > 0 {
                let own = self.items.starts[item]..self.items.starts[item + 1];
                self.items.parameters[own].copy_from_slice(&step.parameters);
            }
        }
    }

    /// Whether anchors or a common discrimination fix the scale; otherwise the population does.
    fn is_scaled(&self) -> bool {
        self.options.model == Model::OneParameter || !self.options.anchors.is_empty()
    }

    /// The population's parts that the model and the anchors leave free.
    fn freed(&self, found: Population) -> Population {
        if !self.options.anchors.is_empty() {
            found
        } else if self.options.model == Model::OneParameter {
            // The mean is the difficulties'.
            let square = found.sd * found.sd + found.mean * found.mean;
            Population {
                mean: 0.0,
                sd: sqrt(square),
            }
        } else {
            self.population
        }
    }

    fn state(&self) -> Vec<f64> {
        let ends = [self.population.mean, ln(self.population.sd)];
        [&self.items.parameters[..], &ends].concat()
    }

    /// Takes what is plausible of a state.
    fn put_state(&mut self, state: &[f64]) {
        for item in 0..self.items.len() {
            let own = self.items.starts[item]..self.items.starts[item + 1];
            let next = &state[own.clone()];
            if self.items.n_free(item) > 0 && self.items.shape(item).is_plausible(next) {
                self.items.parameters[own].copy_from_slice(next);
            }
        }
        let n = self.items.parameters.len();
        self.population = Population {
            mean: state[n],
            sd: exp(state[n + 1].clamp(-3.0, 2.0)),
        };
    }

    /// Every third cycle leaps along the last three (SQUAREM, Varadhan & Roland 2008, scheme 3).
    fn extrapolate(&mut self, log_likelihood: f64) {
        self.history.push(self.state());
        let [first, second, third] = &self.history[..] else {
            return;
        };
        let (mut r_square, mut v_square) = (0.0, 0.0);
        for ((x, y), z) in first.iter().zip(second).zip(third) {
            let (r, v) = (y - x, z - 2.0 * y + x);
            r_square += r * r;
            v_square += v * v;
        }
        let length = sqrt(r_square / v_square.max(1e-300)).clamp(1.0, 16.0);
        let states = first.iter().zip(second).zip(third);
        let leap: Vec<f64> = states
            .map(|((x, y), z)| x + 2.0 * length * (y - x) + length * length * (z - 2.0 * y + x))
            .collect();
        self.footing = Some((third.clone(), log_likelihood));
        self.put_state(&leap);
        self.history.clear();
    }
}
