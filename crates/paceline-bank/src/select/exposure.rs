//! How often items are shown.

use paceline_core::math::wide::sqrt;
use serde::{Deserialize, Serialize};

/// The share of the cap that prices aim at, so that the cap itself seldom binds.
const AIM: f64 = 0.95;

/// A cap on the share of tests that an item appears in.
///
/// Closing an item once its share is used up gives it to whoever comes first. Prices give it to whom it tells most: each
/// showing raises an item's price, each test lowers it (a stochastic dual ascent on the capped choice), and an item is
/// chosen by its information less its price. The cap holds all the same, from the first test on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exposure {
    max_rate: f64,
    n_tests: u32,
    shown: Vec<u32>,
    /// In information.
    price: Vec<f64>,
    /// Those whose price is not 0.
    priced: Vec<u32>,
}

impl Exposure {
    /// A cap for items not shown yet; `max_rate` in (0, 1], and 1 is none.
    pub fn new(n_items: usize, max_rate: f64) -> Self {
        Self {
            max_rate: max_rate.clamp(f64::MIN_POSITIVE, 1.0),
            n_tests: 0,
            shown: vec![0; n_items],
            price: vec![0.0; n_items],
            priced: Vec::new(),
        }
    }

    /// How many items it counts.
    pub fn n_items(&self) -> usize {
        self.shown.len()
    }

    /// Begins a test.
    pub fn begin_test(&mut self) {
        self.n_tests = self.n_tests.saturating_add(1);
        let fall = AIM * self.max_rate * self.step();
        let price = &mut self.price;
        self.priced.retain(|&item| {
            let price = &mut price[item as usize];
            *price = (*price - fall).max(0.0);
            *price > 0.0
        });
    }

    /// Steps shrink with the root of the number of tests, as dual ascent asks for.
    fn step(&self) -> f64 {
        1.0 / sqrt(f64::from(self.n_tests.max(1)))
    }

    /// Counts an item as shown in the present test.
    pub fn show(&mut self, item: u32) {
        let step = self.step();
        let Some(shown) = self.shown.get_mut(item as usize) else {
            return;
        };
        *shown = shown.saturating_add(1);
        if self.max_rate < 1.0 {
            let price = &mut self.price[item as usize];
            if *price == 0.0 {
                self.priced.push(item);
            }
            *price += step;
        }
    }

    /// Whether showing the item once more keeps its rate within the cap.
    ///
    /// In the first `1 / max_rate` tests every item may be shown once.
    pub fn is_open(&self, item: u32) -> bool {
        let shown = self.shown(item).unwrap_or(u32::MAX);
        f64::from(shown) + 1.0 <= (self.max_rate * f64::from(self.n_tests)).max(1.0)
    }

    /// What showing the item costs the tests to come, in information.
    pub fn price(&self, item: u32) -> f64 {
        self.price.get(item as usize).copied().unwrap_or(0.0)
    }

    /// How often the item was shown; `None` for a stranger.
    pub fn shown(&self, item: u32) -> Option<u32> {
        self.shown.get(item as usize).copied()
    }

    /// The share of tests that the item appeared in.
    pub fn rate(&self, item: u32) -> f64 {
        f64::from(self.shown(item).unwrap_or(0)) / f64::from(self.n_tests.max(1))
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

    /// P(shown | selected) by item.
    pub fn p_shown(&self) -> &[f64] {
        &self.p_shown
    }

    /// Whether a selected item is shown; `random` is uniform over all of `u64`.
    pub fn shows(&self, item: u32, random: u64) -> bool {
        let uniform = (random >> 11) as f64 / (1_u64 << 53) as f64;
        let p_shown = self.p_shown.get(item as usize);
        p_shown.is_some_and(|&p| uniform < p)
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
