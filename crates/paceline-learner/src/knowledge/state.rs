//! What is kept of one learner between answers: a few global numbers, and columns for the skills
//! and items touched so far, sorted by index. Nothing grows with the length of the history.

use paceline_core::time::Timestamp;

use crate::block::Block;
use crate::learner::ItemView;

/// Which of the two forms of the model a state feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    /// Twelve dense features (fifteen with real times): 52 bytes a skill, 10 an item.
    Lite,
    /// Fifty-two dense features (fifty-seven with real times), history codes and slopes.
    Full,
}

/// An index that stands for nothing.
pub(crate) const NONE: u32 = u32::MAX;

/// `f32` columns of a skill. The first nine exist in both variants.
pub(crate) mod skill_f {
    pub(crate) const S70: usize = 0;
    pub(crate) const N70: usize = 1;
    pub(crate) const S98: usize = 2;
    pub(crate) const N98: usize = 3;
    pub(crate) const M: usize = 4;
    pub(crate) const V: usize = 5;
    pub(crate) const STABILITY: usize = 6;
    pub(crate) const DIFFICULTY: usize = 7;
    pub(crate) const J: usize = 8;
    pub(crate) const LITE: usize = 9;
    pub(crate) const S40: usize = 9;
    pub(crate) const N40: usize = 10;
    pub(crate) const S90: usize = 11;
    pub(crate) const N90: usize = 12;
    pub(crate) const W40: usize = 13;
    pub(crate) const W70: usize = 14;
    pub(crate) const W90: usize = 15;
    pub(crate) const W98: usize = 16;
    pub(crate) const FULL: usize = 17;
}

/// `u32` columns of a skill. The first four exist in both variants.
pub(crate) mod skill_u {
    pub(crate) const ID: usize = 0;
    pub(crate) const SECONDS: usize = 1;
    /// Attempts in the low half, wrong ones in the high half; both stop at 65,535.
    pub(crate) const COUNTS: usize = 2;
    /// Study day in the low half, then eight bits of attempts today, then eight of flags.
    pub(crate) const TODAY: usize = 3;
    pub(crate) const LITE: usize = 4;
    pub(crate) const INDEX: usize = 4;
    /// History code in the low half, streak + 8 in the high half.
    pub(crate) const PATTERN: usize = 5;
    pub(crate) const FULL: usize = 6;
}

/// `u32` columns of an item.
pub(crate) mod item_u {
    pub(crate) const ID: usize = 0;
    pub(crate) const SECONDS: usize = 1;
    pub(crate) const LITE: usize = 2;
    pub(crate) const INDEX: usize = 2;
    /// Decayed residual sum, as the bits of an `f32`.
    pub(crate) const S60: usize = 3;
    /// Its weight, likewise.
    pub(crate) const N60: usize = 4;
    pub(crate) const FULL: usize = 5;
}

/// `u16` columns of an item.
pub(crate) mod item_h {
    /// Attempts times two, plus the last outcome.
    pub(crate) const TRIES: usize = 0;
    pub(crate) const LITE: usize = 1;
    pub(crate) const RIGHT: usize = 1;
    pub(crate) const CODE: usize = 2;
    pub(crate) const FULL: usize = 3;
}

/// A row that came before: what transitions lead from.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Previous {
    pub(crate) item: u32,
    pub(crate) set: u64,
    pub(crate) right: bool,
}

impl Default for Previous {
    fn default() -> Self {
        Self {
            item: NONE,
            set: 0,
            right: false,
        }
    }
}

/// The part of the state that belongs to no skill and no item.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Global {
    pub(crate) rows: u32,
    pub(crate) seconds: u32,
    pub(crate) m: f32,
    pub(crate) v: f32,
    pub(crate) j: f32,
    /// Decayed residual sums at .5, .8, .95, .99, then their weights.
    pub(crate) s: [f32; 4],
    pub(crate) n: [f32; 4],
    pub(crate) sum_r: f32,
    pub(crate) last_r: f32,
    pub(crate) code: u16,
    pub(crate) item_run: u16,
    /// The last row, then the one before it.
    pub(crate) previous: [Previous; 2],
}

/// A learner's knowledge state, with the memory columns of the same skills beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub(crate) variant: Variant,
    pub(crate) global: Global,
    pub(crate) skill_f: Block<f32>,
    pub(crate) skill_u: Block<u32>,
    pub(crate) item_u: Block<u32>,
    pub(crate) item_h: Block<u16>,
}

impl State {
    /// The state of a learner of whom nothing is known, with prior ability variance `v_g0`.
    pub(crate) fn new(variant: Variant, v_g0: f32) -> Self {
        let full = variant == Variant::Full;
        let columns = |lite, all| if full { all } else { lite };
        let mut state = Self {
            variant,
            global: Global::default(),
            skill_f: Block::new(columns(skill_f::LITE, skill_f::FULL)),
            skill_u: Block::new(columns(skill_u::LITE, skill_u::FULL)),
            item_u: Block::new(columns(item_u::LITE, item_u::FULL)),
            item_h: Block::new(columns(item_h::LITE, item_h::FULL)),
        };
        state.reset(v_g0);
        state
    }

    /// Back to a learner of whom nothing is known; allocations are kept.
    pub(crate) fn reset(&mut self, v_g0: f32) {
        self.global = Global {
            v: v_g0,
            code: 1,
            ..Global::default()
        };
        self.skill_f.clear();
        self.skill_u.clear();
        self.item_u.clear();
        self.item_h.clear();
    }

    /// The row of a skill, or where it would be inserted.
    #[inline]
    pub(crate) fn find_skill(&self, skill: u32) -> Result<usize, usize> {
        self.skill_u.column(skill_u::ID).binary_search(&skill)
    }

    /// The row of an item, or where it would be inserted.
    #[inline]
    pub(crate) fn find_item(&self, item: u32) -> Result<usize, usize> {
        self.item_u.column(item_u::ID).binary_search(&item)
    }

    /// The row of a skill, made with nothing in it if there is none.
    pub(crate) fn touch_skill(&mut self, skill: u32, v_k0: f32) -> usize {
        self.find_skill(skill).unwrap_or_else(|row| {
            self.skill_f.insert(row);
            self.skill_u.insert(row);
            *self.skill_u.at_mut(skill_u::ID, row) = skill;
            *self.skill_f.at_mut(skill_f::V, row) = v_k0;
            if self.variant == Variant::Full {
                *self.skill_u.at_mut(skill_u::PATTERN, row) = pack(1, 8);
            }
            row
        })
    }

    /// The row of an item, made with nothing in it if there is none.
    pub(crate) fn touch_item(&mut self, item: u32) -> usize {
        self.find_item(item).unwrap_or_else(|row| {
            self.item_u.insert(row);
            self.item_h.insert(row);
            *self.item_u.at_mut(item_u::ID, row) = item;
            if self.variant == Variant::Full {
                *self.item_h.at_mut(item_h::CODE, row) = 1;
            }
            row
        })
    }

    /// What is known of an item; none if it was never answered.
    pub(crate) fn item_view(&self, item: u32) -> Option<ItemView> {
        let row = self.find_item(item).ok()?;
        let tries = u32::from(self.item_h.at(item_h::TRIES, row));
        Some(ItemView {
            tries: tries >> 1,
            last_right: tries & 1 == 1,
            last_at: Timestamp(i64::from(self.item_u.at(item_u::SECONDS, row))),
        })
    }

    /// Bytes held on the heap.
    pub(crate) fn bytes(&self) -> usize {
        self.skill_f.bytes() + self.skill_u.bytes() + self.item_u.bytes() + self.item_h.bytes()
    }

    /// Gives back what growth has reserved.
    pub(crate) fn shrink(&mut self) {
        self.skill_f.shrink();
        self.skill_u.shrink();
        self.item_u.shrink();
        self.item_h.shrink();
    }
}

/// Two halves in one word, each stopping at its largest value.
#[inline]
pub(crate) fn pack(low: u32, high: u32) -> u32 {
    low.min(0xffff) | (high.min(0xffff) << 16)
}

/// The low and the high half.
#[inline]
pub(crate) fn halves(word: u32) -> (u32, u32) {
    (word & 0xffff, word >> 16)
}

/// A number that identifies a skill set whatever the order in which its skills are listed.
///
/// Equal sets have equal keys; different sets collide with probability 2^-64.
pub(crate) fn set_key(skills: &[u32]) -> u64 {
    // A sum of well-mixed values does not depend on order. Zero is kept for "no row".
    skills
        .iter()
        .fold(0_u64, |sum, &skill| {
            sum.wrapping_add(mix(u64::from(skill) + 1))
        })
        .max(1)
}

/// A bijective scrambling of 64 bits (the finaliser of SplitMix64, Steele et al. 2014).
#[inline]
pub(crate) fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
