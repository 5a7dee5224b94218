//! The pass over all learners: posteriors on the ability grid, and what items gather from them.
//!
//! Learners are cut into ranges by the data alone; each range sums on its own and the sums are added in
//! order, so results have the same bits on any number of threads.

use paceline_core::math;
use paceline_core::math::wide::{exp, ln, sqrt};
use rayon::prelude::*;

use super::answers::Answers;
use super::shape::Curves;
use super::{Items, MAX_SCORE, Population};
use crate::ability::Ability;

/// Nodes come in blocks of this many, which the registers of any x86-64 or aarch64 hold at once.
pub(super) const LANES: usize = 24;
/// Values at one block of nodes.
pub(super) type Block = [f32; LANES];

/// The ability grid, evenly spaced.
pub(super) struct Grid {
    pub(super) nodes: Vec<f64>,
}

impl Grid {
    pub(super) fn new(n: usize, reach: f64) -> Self {
        let n = n.clamp(1, 400).next_multiple_of(LANES);
        let at = |i: usize| reach * (2.0 * i as f64 / (n - 1) as f64 - 1.0);
        Self {
            nodes: (0..n).map(at).collect(),
        }
    }

    pub(super) fn n_blocks(&self) -> usize {
        self.nodes.len() / LANES
    }

    /// Log weights of the normal distribution at the nodes.
    fn log_prior(&self, population: Population) -> Vec<Block> {
        let z = |x: f64| (x - population.mean) / population.sd;
        let weights = self.nodes.iter().map(|&x| exp(-0.5 * z(x) * z(x)));
        let log_total = ln(weights.sum::<f64>());
        let mut blocks = vec![[0.0; LANES]; self.n_blocks()];
        for (log, &x) in blocks.as_flattened_mut().iter_mut().zip(&self.nodes) {
            *log = (-0.5 * z(x) * z(x) - log_total).max(-1e4) as f32;
        }
        blocks
    }
}

/// A value of every row at every node. Shape: `[n_blocks, n_rows, LANES]`.
pub(super) struct Table {
    n_rows: usize,
    cells: Vec<Block>,
}

impl Table {
    pub(super) fn zero(n_rows: usize, grid: &Grid) -> Self {
        Self {
            n_rows,
            cells: vec![[0.0; LANES]; n_rows * grid.n_blocks()],
        }
    }

    fn blocks(&self) -> impl Iterator<Item = &[Block]> {
        self.cells.chunks_exact(self.n_rows.max(1))
    }

    /// The row's values, node by node.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = f32> + '_ {
        self.blocks().flat_map(move |block| block[row])
    }

    fn set(&mut self, row: usize, values: impl Iterator<Item = f32>) {
        for (q, value) in values.enumerate() {
            self.cells[q / LANES * self.n_rows + row][q % LANES] = value;
        }
    }

    fn add(&mut self, other: &Self) {
        let (own, other) = (self.cells.as_flattened_mut(), other.cells.as_flattened());
        own.iter_mut()
            .zip(other)
            .for_each(|(own, other)| *own += other);
    }

    fn clear(&mut self) {
        self.cells.fill([0.0; LANES]);
    }
}

/// What a range of learners sums up.
struct Partial {
    counts: Table,
    totals: Totals,
}

/// Sums over learners who answered anything.
#[derive(Clone, Copy, Default)]
struct Totals {
    log_likelihood: f64,
    ability: f64,
    square: f64,
    n: f64,
}

/// The passes' memory, kept between them.
pub(super) struct Sweeper<'a> {
    answers: &'a Answers,
    grid: &'a Grid,
    ranges: Vec<std::ops::Range<usize>>,
    partials: Vec<Partial>,
    /// Log probabilities, written in place.
    logs: Table,
}

/// What the E-step found; the expected counts stay with the [`Sweeper`].
pub(super) struct Swept {
    pub(super) log_likelihood: f64,
    /// Where the population's distribution would move.
    pub(super) population: Population,
}

/// The most ranges: a few for each core of a large machine.
const MAX_RANGES: usize = 32;

impl<'a> Sweeper<'a> {
    pub(super) fn new(answers: &'a Answers, grid: &'a Grid) -> Self {
        let n_rows = answers.first_rows().last().map_or(0, |&n| n as usize);
        // A range's own counts must stay small beside its answers, or memory grows with the items alone.
        let n_ranges = (answers.len() / (8 * n_rows).max(8192)).clamp(1, MAX_RANGES);
        let partials = (0..n_ranges).map(|_| Partial {
            counts: Table::zero(n_rows, grid),
            totals: Totals::default(),
        });
        Self {
            answers,
            grid,
            ranges: answers.ranges(n_ranges),
            partials: partials.collect(),
            logs: Table::zero(n_rows, grid),
        }
    }

    /// Expected answers by row and node.
    pub(super) fn counts(&self) -> &Table {
        &self.partials[0].counts
    }

    /// Computes all posteriors and gathers them into the counts of the rows that were answered.
    pub(super) fn expect(&mut self, items: &Items, population: Population) -> Swept {
        self.tabulate(items);
        let prior = self.grid.log_prior(population);
        let (answers, grid, logs) = (self.answers, self.grid, &self.logs);
        self.partials
            .par_iter_mut()
            .zip(&self.ranges)
            .for_each(|(partial, range)| {
                partial.counts.clear();
                partial.totals = Totals::default();
                let mut posterior = prior.clone();
                for learner in range.clone() {
                    let rows = answers.of_learner(learner);
                    if !rows.is_empty() {
                        let log = posterior_of(rows, logs, &prior, &mut posterior);
                        gather(rows, &posterior, &mut partial.counts);
                        partial.totals.add(log, moments(&posterior, &grid.nodes));
                    }
                }
            });
        let mut totals = Totals::default();
        let (first, rest) = self.partials.split_at_mut(1);
        for partial in rest {
            first[0].counts.add(&partial.counts);
        }
        for partial in &self.partials {
            totals.merge(partial.totals);
        }
        totals.swept()
    }

    /// Writes every row's log probability.
    fn tabulate(&mut self, items: &Items) {
        let mut curves = Curves::default();
        let n = self.grid.nodes.len();
        for item in 0..items.len() {
            items
                .shape(item)
                .fill(items.own(item), &self.grid.nodes, &mut curves);
            let first = self.answers.first_rows()[item] as usize;
            for (row, p) in curves.p.chunks_exact(n).enumerate() {
                self.logs
                    .set(first + row, p.iter().map(|&p| math::ln(p as f32)));
            }
        }
    }

    /// Every learner's posterior mean and deviation, and the sum of outer products of every item's scores.
    ///
    /// Shape of the sums: `[items.n_pairs()]`.
    pub(super) fn inform(
        &mut self,
        items: &Items,
        population: Population,
    ) -> (Vec<Ability>, Vec<f64>) {
        self.tabulate(items);
        let prior = self.grid.log_prior(population);
        let scores = Scores::new(items, self.answers, self.grid);
        let (answers, grid, logs) = (self.answers, self.grid, &self.logs);
        let parts: Vec<(Vec<Ability>, Vec<f64>)> = self
            .ranges
            .par_iter()
            .map(|range| {
                let mut sums = vec![0.0; items.n_pairs()];
                let mut posterior = prior.clone();
                let abilities = range.clone().map(|learner| {
                    let rows = answers.of_learner(learner);
                    posterior_of(rows, logs, &prior, &mut posterior);
                    for &row in rows {
                        scores.add_products(row as usize, &posterior, &mut sums);
                    }
                    let (mean, square) = moments(&posterior, &grid.nodes);
                    Ability {
                        ability: mean,
                        standard_error: sqrt((square - mean * mean).max(0.0)),
                    }
                });
                (abilities.collect(), sums)
            })
            .collect();
        let mut abilities = Vec::with_capacity(answers.n_learners());
        let mut sums = vec![0.0; items.n_pairs()];
        for (some, part) in parts {
            abilities.extend(some);
            sums.iter_mut()
                .zip(part)
                .for_each(|(sum, part)| *sum += part);
        }
        (abilities, sums)
    }
}

impl Totals {
    fn add(&mut self, log_likelihood: f64, (mean, square): (f64, f64)) {
        self.merge(Self {
            log_likelihood,
            ability: mean,
            square,
            n: 1.0,
        });
    }

    fn merge(&mut self, other: Self) {
        self.log_likelihood += other.log_likelihood;
        self.ability += other.ability;
        self.square += other.square;
        self.n += other.n;
    }

    fn swept(self) -> Swept {
        let n = self.n.max(1.0);
        let mean = self.ability / n;
        Swept {
            log_likelihood: self.log_likelihood,
            population: Population {
                mean,
                sd: sqrt((self.square / n - mean * mean).max(1e-3)),
            },
        }
    }
}

/// Writes a learner's posterior and returns the marginal log likelihood of the answers.
fn posterior_of(rows: &[u32], logs: &Table, prior: &[Block], posterior: &mut [Block]) -> f64 {
    for ((own, block), prior) in posterior.iter_mut().zip(logs.blocks()).zip(prior) {
        let mut sum = *prior;
        for &row in rows {
            let add = &block[row as usize];
            for lane in 0..LANES {
                sum[lane] += add[lane];
            }
        }
        *own = sum;
    }
    let flat = posterior.as_flattened_mut();
    let top = flat.iter().copied().fold(f32::MIN, f32::max);
    let mut total = 0.0_f32;
    for log in flat.iter_mut() {
        *log = math::exp(*log - top);
    }
    for weight in flat.iter() {
        total += weight;
    }
    let scale = 1.0 / total;
    flat.iter_mut().for_each(|weight| *weight *= scale);
    f64::from(top) + ln(f64::from(total))
}

/// Adds a posterior to the counts of the rows that were answered.
fn gather(rows: &[u32], posterior: &[Block], counts: &mut Table) {
    let n_rows = counts.n_rows;
    for (block, own) in counts.cells.chunks_exact_mut(n_rows).zip(posterior) {
        let own = *own;
        for &row in rows {
            let count = &mut block[row as usize];
            for lane in 0..LANES {
                count[lane] += own[lane];
            }
        }
    }
}

/// Mean and mean square of a posterior.
fn moments(posterior: &[Block], nodes: &[f64]) -> (f64, f64) {
    let mut sums = (0.0, 0.0);
    for (&p, x) in posterior.as_flattened().iter().zip(nodes) {
        let first = f64::from(p) * x;
        sums = (sums.0 + first, sums.1 + first * x);
    }
    sums
}

/// d ln p of every row by each of its item's free parameters, at every node.
struct Scores {
    /// Shape: `[n_rows]`; where the row's derivatives are, how many, and where its item's products are.
    places: Vec<(u32, u32, u32)>,
    /// Shape: `[n_derivatives, n_blocks, LANES]`.
    cells: Vec<Block>,
    n_blocks: usize,
}

impl Scores {
    fn new(items: &Items, answers: &Answers, grid: &Grid) -> Self {
        let (n, n_blocks) = (grid.nodes.len(), grid.n_blocks());
        let mut curves = Curves::default();
        let mut own = Self {
            places: Vec::with_capacity(answers.len()),
            cells: Vec::new(),
            n_blocks,
        };
        for item in 0..items.len() {
            let (shape, pairs) = (items.shape(item), items.pairs_start(item) as u32);
            let k = items.n_free(item);
            shape.fill(items.own(item), &grid.nodes, &mut curves);
            let (n_scores, start) = (shape.n_scores(), own.cells.len() / n_blocks);
            own.places
                .extend((0..n_scores).map(|row| ((start + row * k) as u32, k as u32, pairs)));
            for row in 0..n_scores {
                for j in 0..k {
                    let values = &curves.score[(j * n_scores + row) * n..][..n];
                    own.cells.extend(values.chunks_exact(LANES).map(|part| {
                        let mut block = [0.0; LANES];
                        block
                            .iter_mut()
                            .zip(part)
                            .for_each(|(to, from)| *to = *from as f32);
                        block
                    }));
                }
            }
        }
        own
    }

    /// Adds the outer product of the row's expected derivatives, upper triangle by rows.
    fn add_products(&self, row: usize, posterior: &[Block], sums: &mut [f64]) {
        let (start, k, pairs) = self.places[row];
        let mut gradient = [0.0; MAX_PARAMETERS];
        for (j, gradient) in (0..k).zip(&mut gradient) {
            let own = &self.cells[(start + j) as usize * self.n_blocks..][..self.n_blocks];
            *gradient = expectation(own, posterior);
        }
        let mut sums = sums[pairs as usize..].iter_mut();
        for i in 0..k as usize {
            for (other, sum) in gradient[i..k as usize].iter().zip(&mut sums) {
                *sum += gradient[i] * other;
            }
        }
    }
}

/// The most parameters of an item: thresholds and ln a, or the four of a right-or-wrong item.
const MAX_PARAMETERS: usize = MAX_SCORE as usize + 3;

/// The mean of a row's values under a posterior, in eight sums at a time.
fn expectation(values: &[Block], posterior: &[Block]) -> f64 {
    let mut lanes = [0.0_f32; 8];
    for (values, p) in values.iter().zip(posterior) {
        let parts = values.as_chunks::<8>().0.iter().zip(p.as_chunks::<8>().0);
        for (values, p) in parts {
            for lane in 0..8 {
                lanes[lane] += values[lane] * p[lane];
            }
        }
    }
    f64::from(lanes.iter().sum::<f32>())
}
