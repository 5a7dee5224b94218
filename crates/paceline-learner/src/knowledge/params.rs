//! The weights of the model over one bank version, and which of them a row uses.

use super::features::{Dense, Features, N_DENSE, SkillTerm, sign};
use super::state::{NONE, Variant, mix, set_key};
use super::update::Dynamics;

/// Where a prediction's term comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Source {
    /// The intercept.
    Bias,
    /// A dense feature.
    Dense(Dense),
    /// The item's own weight.
    Item,
    /// A skill's own weight.
    Skill(u32),
    /// The pattern of the last outcomes on a skill.
    SkillPattern(u32),
    /// The pattern of the last outcomes overall.
    Pattern,
    /// The pattern of the last outcomes on the item.
    ItemPattern,
    /// How this skill responds to results, tries or ability.
    SkillSlope(u32),
    /// How this item responds to results or ability.
    ItemSlope,
    /// The item that came one or two rows before.
    ItemAfter(u8),
    /// The skills that came one or two rows before.
    SkillsAfter(u8),
    /// A repeated try of this item.
    ItemRetry,
    /// A repeated try of an item of these skills.
    SkillsRetry,
}

/// Number of codes of `length` outcomes and fewer.
const fn codes(length: u32) -> u32 {
    2 << length
}

pub(crate) const SKILL_CODES: u32 = codes(6);
pub(crate) const CODES: u32 = codes(7);
pub(crate) const ITEM_CODES: u32 = codes(6);
pub(crate) const SKILL_SLOPES: u32 = 5;
pub(crate) const ITEM_SLOPES: u32 = 2;
pub(crate) const ITEM_RETRIES: u32 = 4;
pub(crate) const SET_RETRIES: u32 = 8;

/// Keys to weights: open addressing over keys that are mixed already.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    /// Zero is empty. Length a power of two, at most half full.
    keys: Vec<u64>,
    slots: Vec<u32>,
}

impl Slots {
    fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The table of these pairs; of equal keys the first counts.
    pub(crate) fn new(pairs: &[(u64, u32)]) -> Self {
        if pairs.is_empty() {
            return Self::default();
        }
        let size = (2 * pairs.len()).next_power_of_two();
        let mut table = Self {
            keys: vec![0; size],
            slots: vec![NONE; size],
        };
        for &(key, slot) in pairs {
            let at = table.find(key);
            if table.keys[at] == 0 {
                table.keys[at] = key;
                table.slots[at] = slot;
            }
        }
        table
    }

    #[inline]
    pub(crate) fn get(&self, key: u64) -> Option<u32> {
        if self.keys.is_empty() {
            return None;
        }
        let at = self.find(key);
        (self.keys[at] != 0).then(|| self.slots[at])
    }

    #[inline]
    fn find(&self, key: u64) -> usize {
        let mask = self.keys.len() - 1;
        let mut at = key as usize & mask;
        while self.keys[at] != 0 && self.keys[at] != key {
            at = (at + 1) & mask;
        }
        at
    }
}

/// The key of an item that follows another at `lag` 1 or 2; never zero.
#[inline]
pub(crate) fn item_pair(lag: u64, before: u32, item: u32) -> u64 {
    mix(((u64::from(before) << 32) | u64::from(item)) ^ (lag << 62)).max(1)
}

/// The key of a skill set that follows another at `lag` 1 or 2; never zero.
#[inline]
pub(crate) fn set_pair(lag: u64, before: u64, set: u64) -> u64 {
    mix(before.rotate_left(21).wrapping_mul(3) ^ set.wrapping_add(lag)).max(1)
}

/// Where each table begins in the weight vector. The dense weights come first.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) variant: Variant,
    pub(crate) n_skills: u32,
    pub(crate) n_items: u32,
    pub(crate) item: u32,
    pub(crate) skill: u32,
    pub(crate) retry_item: u32,
    pub(crate) code_skill: u32,
    pub(crate) code: u32,
    pub(crate) code_item: u32,
    pub(crate) slope_skill: u32,
    pub(crate) slope_item: u32,
    /// Two weights a pair: alpha, beta.
    pub(crate) pairs: Slots,
    /// [`SET_RETRIES`] weights a set.
    pub(crate) retry_sets: Slots,
    /// Where the pairs' weights begin.
    pub(crate) pair_weights: u32,
    pub(crate) set_weights: u32,
    pub(crate) len: u32,
}

impl Layout {
    /// The layout of a model over `n_skills` and `n_items` that has weights for the transitions
    /// `pairs` and for retries within `sets`, both by their keys.
    pub(crate) fn new(
        variant: Variant,
        n_skills: u32,
        n_items: u32,
        pairs: &[u64],
        sets: &[u64],
    ) -> Self {
        let mut next = N_DENSE as u32;
        let mut take = |n: u32| {
            let at = next;
            next += n;
            at
        };
        let full = |n: u32| if variant == Variant::Full { n } else { 0 };
        let item = take(n_items);
        let skill = take(n_skills);
        let retry_item = take(n_items * ITEM_RETRIES);
        let code_skill = take(full(SKILL_CODES));
        let code = take(full(CODES));
        let code_item = take(full(ITEM_CODES));
        let slope_skill = take(full(n_skills * SKILL_SLOPES));
        let slope_item = take(full(n_items * ITEM_SLOPES));
        let pair_weights = take(2 * pairs.len() as u32);
        let set_weights = take(SET_RETRIES * sets.len() as u32);
        let index = |keys: &[u64], start: u32, width: u32| {
            let pairs: Vec<_> = (0..).map(|i| start + width * i).zip(keys).collect();
            Slots::new(
                &pairs
                    .iter()
                    .map(|&(at, &key)| (key, at))
                    .collect::<Vec<_>>(),
            )
        };
        Self {
            variant,
            n_skills,
            n_items,
            item,
            skill,
            retry_item,
            code_skill,
            code,
            code_item,
            slope_skill,
            slope_item,
            pairs: index(pairs, pair_weights, 2),
            retry_sets: index(sets, set_weights, SET_RETRIES),
            pair_weights,
            set_weights,
            len: next,
        }
    }

    /// Calls `visit(source, slot, value)` for each table weight that a row uses.
    #[inline]
    pub(crate) fn terms(&self, row: &Features, mut visit: impl FnMut(Source, u32, f32)) {
        let full = self.variant == Variant::Full;
        let share = 1.0 / row.skills.len() as f32;
        for term in &row.skills {
            if full {
                visit(
                    Source::SkillPattern(term.skill),
                    self.code_skill + term.code,
                    share,
                );
            }
            if term.skill < self.n_skills {
                visit(Source::Skill(term.skill), self.skill + term.skill, share);
                if full {
                    self.skill_slopes(term, row, share, &mut visit);
                }
            }
        }
        if full {
            visit(Source::Pattern, self.code + row.code, 1.0);
            visit(Source::ItemPattern, self.code_item + row.item_code, 1.0);
        }
        let tries = row.item_tries.min(3);
        if row.item < self.n_items {
            visit(Source::Item, self.item + row.item, 1.0);
            if tries > 0 {
                let at = self.retry_item + row.item * ITEM_RETRIES + tries;
                visit(Source::ItemRetry, at, 1.0);
            }
            if full {
                let at = self.slope_item + row.item * ITEM_SLOPES;
                let ability = row.dense[Dense::KfG as usize] + row.dense[Dense::KfK as usize];
                visit(Source::ItemSlope, at, ability);
                visit(Source::ItemSlope, at + 1, row.dense[Dense::K70 as usize]);
            }
        }
        if let Some(at) = self.retry_sets.get(row.set) {
            let right = u32::from(tries > 0 && row.item_right);
            visit(Source::SkillsRetry, at + 2 * tries + right, 1.0);
        }
        for (lag, previous) in (1..).zip(&row.previous) {
            if previous.item != NONE {
                let after = sign(previous.right);
                if let Some(at) = self.pairs.get(item_pair(lag, previous.item, row.item)) {
                    visit(Source::ItemAfter(lag as u8), at, 1.0);
                    visit(Source::ItemAfter(lag as u8), at + 1, after);
                }
                if let Some(at) = self.pairs.get(set_pair(lag, previous.set, row.set)) {
                    visit(Source::SkillsAfter(lag as u8), at, 1.0);
                    visit(Source::SkillsAfter(lag as u8), at + 1, after);
                }
            }
        }
    }

    #[inline]
    fn skill_slopes(
        &self,
        term: &SkillTerm,
        row: &Features,
        share: f32,
        visit: &mut impl FnMut(Source, u32, f32),
    ) {
        let at = self.slope_skill + term.skill * SKILL_SLOPES;
        let m_g = row.dense[Dense::KfG as usize];
        for (i, value) in (0..).zip([term.k70, term.log_a, term.log_w, term.log_f, m_g]) {
            visit(Source::SkillSlope(term.skill), at + i, value * share);
        }
    }
}

/// What item easiness is fed with.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EasinessUse {
    /// The item's own value.
    Known,
    /// The same for every item: nothing is known of the bank.
    Constant(f32),
}

/// Residual logistic knowledge tracing over one bank version: weights, dynamics, tables.
///
/// A state must be read and updated with the dynamics it was made with; when they change, states
/// are rebuilt from the journal.
#[derive(Clone, Debug)]
pub struct Rlkt {
    pub(crate) dynamics: Dynamics,
    pub(crate) easiness: EasinessUse,
    pub(crate) bias: f32,
    pub(crate) weights: Vec<f32>,
    pub(crate) layout: Layout,
}

impl Rlkt {
    /// Defaults for a new platform whose items have an easiness: from data, or an author's level
    /// (easy 1.5, medium .8, hard 0). Lite, without tables, fitted over four public data sets.
    pub fn defaults() -> Self {
        Self::lite(
            EasinessUse::Known,
            -0.224,
            [
                0.459, 0.223, -0.071, 0.456, 0.368, -0.098, 0.862, 0.308, -0.314, 0.195, 0.107,
                0.022,
            ],
        )
    }

    /// Defaults for a platform that knows nothing of its items.
    pub fn defaults_without_easiness() -> Self {
        Self::lite(
            EasinessUse::Constant(0.9),
            0.678,
            [
                -0.577, 0.329, 0.171, 0.304, 0.673, -0.713, 0.614, 0.609, -0.684, 0.161, 0.210,
                0.027,
            ],
        )
    }

    fn lite(easiness: EasinessUse, bias: f32, dense: [f32; 12]) -> Self {
        let layout = Layout::new(Variant::Lite, 0, 0, &[], &[]);
        let mut weights = vec![0.0; layout.len as usize];
        for (&feature, weight) in Dense::LITE.iter().zip(dense) {
            weights[feature as usize] = weight;
        }
        Self {
            dynamics: Dynamics::default(),
            easiness,
            bias,
            weights,
            layout,
        }
    }

    /// The variant of states that this model reads.
    pub fn variant(&self) -> Variant {
        self.layout.variant
    }

    /// The constants of the state's update.
    pub fn dynamics(&self) -> &Dynamics {
        &self.dynamics
    }

    /// The weight of a dense feature, on its raw scale.
    pub fn dense_weight(&self, feature: Dense) -> f32 {
        self.weights[feature as usize]
    }

    /// The intercept.
    pub(crate) fn bias(&self) -> f32 {
        self.bias
    }

    /// Whether [`Rlkt::untouched_skill`] can be anything but 0.
    pub(crate) fn knows_skills(&self) -> bool {
        0 < self.layout.n_skills || !self.layout.retry_sets.is_empty()
    }

    /// What the tables say of a skill alone, whatever was answered on it, at general ability `m_g`
    /// (in the full variant: before any answer on it).
    #[inline]
    pub(crate) fn untouched_skill(&self, skill: u32, m_g: f32) -> f32 {
        let l = &self.layout;
        let weight = |slot: u32| self.weights[slot as usize];
        let mut sum = 0.0;
        if skill < l.n_skills {
            sum += weight(l.skill + skill);
            if l.variant == Variant::Full {
                let last = l.slope_skill + skill * SKILL_SLOPES + SKILL_SLOPES - 1;
                sum += m_g * weight(last);
            }
        }
        if let Some(slot) = l.retry_sets.get(set_key(&[skill])) {
            sum += weight(slot);
        }
        sum
    }

    /// The easiness that the model is to be fed for an item with easiness `z`.
    #[inline]
    pub(crate) fn easiness(&self, z: f32) -> f32 {
        match self.easiness {
            EasinessUse::Known => z,
            EasinessUse::Constant(z) => z,
        }
    }

    /// The logit of a right answer on a row with these features.
    #[inline]
    pub(crate) fn logit(&self, row: &Features) -> f32 {
        let mut sum = self.bias + self.dense_part(row);
        self.layout.terms(row, |_, slot, value| {
            sum += self.weights[slot as usize] * value;
        });
        sum
    }

    #[inline]
    fn dense_part(&self, row: &Features) -> f32 {
        match self.layout.variant {
            Variant::Lite => Dense::LITE
                .iter()
                .map(|&feature| self.weights[feature as usize] * row.dense[feature as usize])
                .sum(),
            Variant::Full => {
                // Eight partial sums: the compiler may not reorder a float sum on its own.
                let mut sums = [0.0_f32; 8];
                let (weights, _) = self.weights.split_at(N_DENSE);
                for (w, x) in weights.chunks(8).zip(row.dense.chunks(8)) {
                    for (sum, (w, x)) in sums.iter_mut().zip(w.iter().zip(x)) {
                        *sum += w * x;
                    }
                }
                sums.iter().sum()
            }
        }
    }

    /// Every term of the logit, in a fixed order; their sum is the logit but for rounding.
    pub(crate) fn explain(&self, row: &Features) -> Vec<(Source, f32)> {
        let mut terms = vec![(Source::Bias, self.bias)];
        terms.extend(Dense::of(self.layout.variant).iter().map(|&feature| {
            let i = feature as usize;
            (Source::Dense(feature), self.weights[i] * row.dense[i])
        }));
        self.layout.terms(row, |source, slot, value| {
            let value = self.weights[slot as usize] * value;
            match terms.iter_mut().find(|(found, _)| *found == source) {
                Some((_, sum)) => *sum += value,
                None => terms.push((source, value)),
            }
        });
        terms
    }
}
