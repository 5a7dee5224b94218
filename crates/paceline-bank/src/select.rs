//! Choosing the next item of an adaptive measurement, and control of how often items are shown.
//!
//! - [`Selector`] keeps what the [`Rule`]s need ready, so that a choice does not look at the whole bank.
//! - [`Exposure`] caps the share of tests that show an item; [`SympsonHetter`] is the older way to the same end.
//!
//! Nothing here draws: random numbers come in. [`crate::session`] puts it together.

use paceline_core::math::wide::{ln, sqrt};
use serde::{Deserialize, Serialize};

use crate::irt::Curve;

mod exposure;
#[cfg(test)]
mod tests;

pub use exposure::{Exposure, SympsonHetter};

/// Abilities between which lists are kept; beyond, the nearest list serves.
const GRID_BOUND: f64 = 4.0;
/// Lists a logit; the information of an item changes little over a twentieth.
const LISTS_PER_LOGIT: usize = 10;
/// Items that the Kullback-Leibler rule compares: it costs twenty times the information at a point.
const KL_CANDIDATES: usize = 48;

/// How the next item is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The most Fisher information at the estimate (Lord 1980, ch. 10).
    #[default]
    MaximumInformation,
    /// The most Kullback-Leibler information around the estimate, within 3 over the root of the test's length so far
    /// (Chang & Ying 1996), among the 48 with most Fisher information.
    KullbackLeibler,
    /// Any of the most informative, each as likely (Kingsbury & Zara 1989).
    Randomesque {
        /// How many.
        among: u16,
    },
    /// The closest difficulty, from items of low discrimination at first and of high at last (Chang & Ying 1999).
    Stratified {
        /// In how many steps.
        strata: u16,
    },
    /// The closest difficulty (Urry 1970).
    ClosestDifficulty,
}

impl Rule {
    fn strata(self) -> usize {
        match self {
            Self::Stratified { strata } => usize::from(strata.max(1)),
            _ => 1,
        }
    }
}

/// Where a test stands when an item is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// The estimate so far.
    pub ability: f64,
    /// Items answered.
    pub answered: usize,
    /// Items at most.
    pub max_items: usize,
    /// Uniform over all of `u64`; the randomesque rule uses it.
    pub random: u64,
}

/// A bank made ready for one rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector {
    rule: Rule,
    curves: Vec<Curve>,
    /// Those that may be chosen.
    items: Vec<u32>,
    /// Items a list.
    depth: usize,
    /// The most informative items by ability, with their curves: a choice then reads memory in order, however
    /// large the bank. Shape: `[n_lists, depth]`, each list by falling information, ties by index.
    lists: Vec<(u32, Curve)>,
    /// By rising discrimination; each by rising difficulty.
    strata: Vec<Vec<u32>>,
}

impl Selector {
    /// Prepares a choice among `items`, indexes of `curves`; those out of range are left out.
    ///
    /// `depth` items are listed at each ability of a grid. A few hundred leave a choice after those already shown or
    /// closed; where a list runs out the whole bank is looked at, so depth decides speed alone.
    pub fn new(rule: Rule, curves: Vec<Curve>, items: Vec<u32>, depth: usize) -> Self {
        let mut items = items;
        items.retain(|&item| (item as usize) < curves.len());
        let mut selector = Self {
            rule,
            depth: depth.clamp(1, items.len().max(1)).min(items.len()),
            curves,
            items,
            lists: Vec::new(),
            strata: Vec::new(),
        };
        match rule {
            Rule::Stratified { .. } | Rule::ClosestDifficulty => selector.stratify(rule.strata()),
            _ => selector.list(),
        }
        selector
    }

    fn list(&mut self) {
        let n_lists = (2.0 * GRID_BOUND) as usize * LISTS_PER_LOGIT + 1;
        for list in 0..n_lists {
            let ability = list as f64 / LISTS_PER_LOGIT as f64 - GRID_BOUND;
            let information = |&item: &u32| (self.curves[item as usize].information(ability), item);
            let mut all: Vec<(f64, u32)> = self.items.iter().map(information).collect();
            if 0 < self.depth && self.depth < all.len() {
                all.select_nth_unstable_by(self.depth - 1, by_worth);
                all.truncate(self.depth);
            }
            all.sort_unstable_by(by_worth);
            let entries = all
                .iter()
                .map(|&(_, item)| (item, self.curves[item as usize]));
            self.lists.extend(entries);
        }
    }

    fn stratify(&mut self, strata: usize) {
        let curve = |item: u32| self.curves[item as usize];
        let mut order = self.items.clone();
        order.sort_by(|&x, &y| curve(x).a.total_cmp(&curve(y).a).then(x.cmp(&y)));
        let bound = |stratum: usize| stratum * order.len() / strata;
        let mut split: Vec<Vec<u32>> = (0..strata)
            .map(|s| order[bound(s)..bound(s + 1)].to_vec())
            .collect();
        for stratum in &mut split {
            stratum.sort_by(|&x, &y| curve(x).b.total_cmp(&curve(y).b).then(x.cmp(&y)));
        }
        self.strata = split;
    }

    /// The curves, by item index.
    pub fn curves(&self) -> &[Curve] {
        &self.curves
    }

    /// The item that the rule chooses among the open ones; `None` where none is open.
    ///
    /// `price` is information that showing an item costs, not below 0; see [`Exposure::price`].
    pub fn choose(
        &self,
        moment: &Moment,
        is_open: impl Fn(u32) -> bool,
        price: impl Fn(u32) -> f64,
    ) -> Option<u32> {
        match self.rule {
            Rule::MaximumInformation => self
                .best(moment.ability, 1, is_open, price)
                .first()
                .copied(),
            Rule::Randomesque { among } => {
                let best = self.best(moment.ability, usize::from(among.max(1)), is_open, price);
                let pick = ((u128::from(moment.random) * best.len() as u128) >> 64) as usize;
                best.get(pick).copied()
            }
            Rule::KullbackLeibler => self.most_divergent(moment, is_open),
            Rule::Stratified { .. } | Rule::ClosestDifficulty => self.closest(moment, is_open),
        }
    }

    /// The `n` open items with most information at an ability less their price, best first, ties by index.
    ///
    /// Among the items of the nearest list the order is exact; an item outside of it can be missed only
    /// if its information differs from a listed one's by less than it changes over half a step of the grid.
    pub fn best(
        &self,
        ability: f64,
        n: usize,
        is_open: impl Fn(u32) -> bool,
        price: impl Fn(u32) -> f64,
    ) -> Vec<u32> {
        let mut found: Vec<(f64, u32)> = Vec::with_capacity(2 * n + 9);
        let mut listed = 0;
        for &(item, curve) in self.list_at(ability) {
            if !is_open(item) {
                continue;
            }
            listed += 1;
            let information = curve.information(ability);
            let entry = (information - price(item), item);
            let at = found.partition_point(|other| by_worth(other, &entry).is_lt());
            if at < n {
                found.insert(at, entry);
                found.truncate(n);
            }
            // A list's order is off by at most what half a step changes: a few more than asked. Prices only take away.
            if found.len() == n && 2 * n + 8 <= listed && information <= found[n - 1].0 {
                break;
            }
        }
        if found.len() < n {
            let worth = |item: u32| self.curves[item as usize].information(ability) - price(item);
            let open = self.items.iter().filter(|&&item| is_open(item));
            found = open.map(|&item| (worth(item), item)).collect();
            found.sort_unstable_by(by_worth);
            found.truncate(n);
        }
        found.into_iter().map(|(_, item)| item).collect()
    }

    fn list_at(&self, ability: f64) -> &[(u32, Curve)] {
        let place = (ability.clamp(-GRID_BOUND, GRID_BOUND) + GRID_BOUND) * LISTS_PER_LOGIT as f64;
        let at = (place + 0.5) as usize;
        self.lists
            .get(at * self.depth..(at + 1) * self.depth)
            .unwrap_or(&[])
    }

    fn most_divergent(&self, moment: &Moment, is_open: impl Fn(u32) -> bool) -> Option<u32> {
        let candidates = self.best(moment.ability, KL_CANDIDATES, is_open, |_| 0.0);
        let reach = 3.0 / sqrt(moment.answered as f64 + 1.0);
        let divergence = |item: u32| divergence(self.curves[item as usize], moment.ability, reach);
        let scored = candidates.into_iter().map(|item| (divergence(item), item));
        scored.min_by(by_worth).map(|(_, item)| item)
    }

    fn closest(&self, moment: &Moment, is_open: impl Fn(u32) -> bool) -> Option<u32> {
        let n = self.strata.len();
        let stage = (moment.answered * n / moment.max_items.max(1)).min(n.saturating_sub(1));
        // Where a stratum is used up, the next ones serve, then those before it.
        let order = (stage..n).chain((0..stage).rev());
        let near =
            |stratum: usize| self.closest_in(&self.strata[stratum], moment.ability, &is_open);
        order.map(near).find_map(|found| found)
    }

    fn closest_in(
        &self,
        stratum: &[u32],
        ability: f64,
        is_open: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let b = |item: u32| self.curves[item as usize].b;
        let split = stratum.partition_point(|&item| b(item) < ability);
        let below = stratum[..split]
            .iter()
            .rev()
            .copied()
            .find(|&item| is_open(item));
        let above = stratum[split..].iter().copied().find(|&item| is_open(item));
        let gap = |item: u32| ((b(item) - ability).abs(), item);
        let nearer = |x: &u32, y: &u32| {
            let (x, y) = (gap(*x), gap(*y));
            x.0.total_cmp(&y.0).then(x.1.cmp(&y.1))
        };
        below.into_iter().chain(above).min_by(nearer)
    }
}

/// The larger worth first, then the lower index.
fn by_worth(a: &(f64, u32), b: &(f64, u32)) -> std::cmp::Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

/// Kullback-Leibler divergence of a response at an ability from one at others, integrated within `reach` (Simpson's rule).
fn divergence(curve: Curve, ability: f64, reach: f64) -> f64 {
    const STEPS: usize = 8;
    let p = curve.p(ability).clamp(1e-9, 1.0 - 1e-9);
    let at = |step: usize| {
        let x = ability + reach * (2.0 * step as f64 / STEPS as f64 - 1.0);
        let q = curve.p(x).clamp(1e-9, 1.0 - 1e-9);
        p * ln(p / q) + (1.0 - p) * ln((1.0 - p) / (1.0 - q))
    };
    let weight = |step: usize| match step {
        0 | STEPS => 1.0,
        _ if step % 2 == 1 => 4.0,
        _ => 2.0,
    };
    let sum: f64 = (0..=STEPS).map(|step| weight(step) * at(step)).sum();
    sum * 2.0 * reach / (3.0 * STEPS as f64)
}
