//! Choosing the next item of an adaptive measurement: maximum information from precomputed lists,
//! and control of how often items are shown.
//!
//! Plain maximum information shows the same few items to everybody, so a caller normally combines
//! [`Selector`] with [`Exposure`] or [`SympsonHetter`]. Nothing here draws: random numbers come in.

use serde::{Deserialize, Serialize};

use crate::irt::Curve;

#[cfg(test)]
mod tests;

/// Abilities between which lists are kept; beyond, the nearest list serves.
const GRID_BOUND: f64 = 4.0;
/// Lists a logit; the information of an item changes little over a twentieth.
const LISTS_PER_LOGIT: usize = 10;

/// The most informative items by ability, so that a choice does not look at the whole bank.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector {
    curves: Vec<Curve>,
    /// Items per list.
    depth: usize,
    /// Shape: `[n_lists, depth]`, each list by falling information, ties by index.
    lists: Vec<u32>,
}

impl Selector {
    /// Lists the `depth` most informative items at each ability of a grid.
    ///
    /// A depth of a few hundred leaves a choice after those already shown or closed; where a list runs
    /// out the whole bank is looked at, so depth decides speed alone.
    pub fn new(curves: Vec<Curve>, depth: usize) -> Self {
        let depth = depth.clamp(1, curves.len().max(1)).min(curves.len());
        let n_lists = (2.0 * GRID_BOUND) as usize * LISTS_PER_LOGIT + 1;
        let mut lists = Vec::with_capacity(n_lists * depth);
        for list in 0..n_lists {
            let ability = list as f64 / LISTS_PER_LOGIT as f64 - GRID_BOUND;
            let mut all: Vec<(f64, u32)> = curves
                .iter()
                .map(|curve| curve.information(ability))
                .zip(0..)
                .collect();
            let by_information =
                |a: &(f64, u32), b: &(f64, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
            if depth > 0 && depth < all.len() {
                all.select_nth_unstable_by(depth - 1, by_information);
                all.truncate(depth);
            }
            all.sort_unstable_by(by_information);
            lists.extend(all.iter().map(|&(_, item)| item));
        }
        Self {
            curves,
            depth,
            lists,
        }
    }

    /// The curves, by item index.
    pub fn curves(&self) -> &[Curve] {
        &self.curves
    }

    /// The `n` most informative open items at an ability, best first, ties by index.
    ///
    /// Among the items of the nearest list the order is exact; an item outside of it can be missed only
    /// if its information differs from a listed one's by less than it changes over half a step of the grid.
    pub fn most_informative(
        &self,
        ability: f64,
        n: usize,
        is_open: impl Fn(u32) -> bool,
    ) -> Vec<u32> {
        let at = ((ability.clamp(-GRID_BOUND, GRID_BOUND) + GRID_BOUND) * LISTS_PER_LOGIT as f64
            + 0.5) as usize;
        let list = self
            .lists
            .get(at * self.depth..(at + 1) * self.depth)
            .unwrap_or(&[]);
        // A list's order is off by at most what half a step changes: twice as many as asked, and a few.
        let near = list
            .iter()
            .copied()
            .filter(|&item| is_open(item))
            .take(2 * n + 8);
        let mut found: Vec<(f64, u32)> = near
            .map(|item| (self.curves[item as usize].information(ability), item))
            .collect();
        if found.len() < n {
            let all = (0..self.curves.len() as u32).filter(|&item| is_open(item));
            found = all
                .map(|item| (self.curves[item as usize].information(ability), item))
                .collect();
        }
        found.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        found.truncate(n);
        found.into_iter().map(|(_, item)| item).collect()
    }

    /// One of the `n` most informative open items, each as likely (randomesque, Kingsbury & Zara 1989).
    ///
    /// `random` is uniform over all of `u64`.
    pub fn randomesque(
        &self,
        ability: f64,
        n: usize,
        random: u64,
        is_open: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let best = self.most_informative(ability, n.max(1), is_open);
        let pick = ((u128::from(random) * best.len() as u128) >> 64) as usize;
        best.get(pick).copied()
    }
}

/// A cap on the share of tests that an item appears in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exposure {
    max_rate: f64,
    n_tests: u32,
    shown: Vec<u32>,
}

impl Exposure {
    /// A cap for items not shown yet; `max_rate` in (0, 1].
    pub fn new(n_items: usize, max_rate: f64) -> Self {
        Self {
            max_rate: max_rate.clamp(f64::MIN_POSITIVE, 1.0),
            n_tests: 0,
            shown: vec![0; n_items],
        }
    }

    /// Begins a test.
    pub fn begin_test(&mut self) {
        self.n_tests = self.n_tests.saturating_add(1);
    }

    /// Counts an item as shown in the present test.
    pub fn show(&mut self, item: u32) {
        if let Some(shown) = self.shown.get_mut(item as usize) {
            *shown = shown.saturating_add(1);
        }
    }

    /// Whether showing the item once more keeps its rate within the cap.
    ///
    /// In the first `1 / max_rate` tests every item may be shown once.
    pub fn is_open(&self, item: u32) -> bool {
        let shown = self
            .shown
            .get(item as usize)
            .map_or(u32::MAX, |&shown| shown);
        f64::from(shown) + 1.0 <= (self.max_rate * f64::from(self.n_tests)).max(1.0)
    }

    /// The share of tests that the item appeared in.
    pub fn rate(&self, item: u32) -> f64 {
        let shown = self.shown.get(item as usize).copied().unwrap_or(0);
        if self.n_tests == 0 {
            0.0
        } else {
            f64::from(shown) / f64::from(self.n_tests)
        }
    }
}

/// Probabilities of showing an item once it is selected (Sympson & Hetter 1985), found by simulating
/// tests and adjusting until no item is shown more often than wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SympsonHetter {
    max_rate: f64,
    /// P(shown | selected) by item.
    p_shown: Vec<f64>,
}

impl SympsonHetter {
    /// Shows whatever is selected, until adjusted.
    pub fn new(n_items: usize, max_rate: f64) -> Self {
        Self {
            max_rate: max_rate.clamp(f64::MIN_POSITIVE, 1.0),
            p_shown: vec![1.0; n_items],
        }
    }

    /// Whether a selected item is shown; `random` is uniform over all of `u64`.
    pub fn shows(&self, item: u32, random: u64) -> bool {
        let uniform = (random >> 11) as f64 / (1_u64 << 53) as f64;
        self.p_shown
            .get(item as usize)
            .is_some_and(|&p| uniform < p)
    }

    /// Takes in how many of `n_tests` simulated tests selected each item, shown or not.
    ///
    /// The `test_length` items with the highest probability keep 1, so that a test can always be filled.
    pub fn adjust(&mut self, selected: &[u32], n_tests: u32, test_length: usize) {
        for (p, &selected) in self.p_shown.iter_mut().zip(selected) {
            let rate = f64::from(selected) / f64::from(n_tests.max(1));
            *p = if rate > self.max_rate {
                self.max_rate / rate
            } else {
                1.0
            };
        }
        let mut order: Vec<usize> = (0..self.p_shown.len()).collect();
        order.sort_by(|&a, &b| self.p_shown[b].total_cmp(&self.p_shown[a]).then(a.cmp(&b)));
        for &item in order.iter().take(test_length) {
            self.p_shown[item] = 1.0;
        }
    }
}
